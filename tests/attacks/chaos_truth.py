# SPDX-License-Identifier: Apache-2.0
"""The truth of a chaos run, kept beside the verifier: what applications and operators sent, what the
devices put on the wire, what thieves got taken. And the judgement: the verifier's feed held against
it. Imported, never run."""
import base64
import collections
import threading

# What a thief made, and whether the verifier answered 200 to the request that it was in.
Forgery = collections.namedtuple("Forgery", "epoch gen seq leaf how")


class Account:
    """One device's. safe: who sent it was told that it is; unsure: he was told nothing."""

    def __init__(self, name):
        self.name, self.id = name, None
        self.lock = threading.Lock()
        self.own = {}               # leaf: Message, all that ever left the device
        self.queued = {}            # id: body, safe
        self.unsure = set()         # bodies
        self.pushed = {}            # id: body, for the device; safe
        self.push_unsure = set()    # bodies
        self.handed = {}            # id: body, as its application saw it
        self.taken = set()          # ids whose end the agent has confirmed
        self.forged = {}            # leaf: Forgery, that were taken
        self.problems = []

    def on_wire(self, messages):
        with self.lock:
            self.own.update((m.leaf, m) for m in messages)

    def seen(self, number, body):
        """By the application: again only if the agent died before it confirmed the end."""
        if number in self.taken:
            self.problems.append(f"{self.name}: downlink {number} came again after it was taken")
        if self.handed.setdefault(number, body) != body:
            self.problems.append(f"{self.name}: downlink {number} came with two bodies")

    def all_handed(self):
        return set(self.pushed) <= self.taken

    # The judgement.

    def judge_downlink(self):
        for number, body in self.pushed.items():
            if self.handed.get(number) != body:
                yield f"{self.name}: downlink {number} never came as it was sent"
        for number, body in self.handed.items():
            if number not in self.pushed and body not in self.push_unsure:
                yield f"{self.name}: downlink {number} came from nowhere"
        again = [b for b, n in collections.Counter(self.handed.values()).items() if n > 1]
        if again:
            yield f"{self.name}: downlink under two ids: {again}"

    def judge_uplink(self, entries):
        """entries: of the feed, this device's, without what a thief made."""
        ids = collections.Counter(e.number for e in entries)
        bodies = collections.Counter(e.body for e in entries)
        found = {e.number: e.body for e in entries}
        for number, n in ids.items():
            if n > 1:
                yield f"{self.name}: message {number} came {n} times"
        for body, n in bodies.items():
            if n > 1:
                yield f"{self.name}: {body[:40]} came {n} times"
        for number, body in self.queued.items():
            if number not in found:
                yield f"{self.name}: message {number} ({body[:40]}) is lost"
            elif found[number] != body:
                yield f"{self.name}: message {number} came as {found[number][:40]}, not {body[:40]}"
        for e in entries:
            if e.leaf is not None and e.leaf not in self.own:
                yield f"{self.name}: slot {e.seq} holds what neither the device nor a thief made"
            if e.number not in self.queued and e.body not in self.unsure:
                yield f"{self.name}: message {e.number} ({e.body[:40]}) comes from nowhere"


# ---- the feed --------------------------------------------------------------------------------

class Entry:
    """A message, and what became of it."""

    def __init__(self, x):
        self.cursor, self.device = x["cursor"], x["device"]
        self.epoch, self.gen, self.seq = x["epoch"], x["gen"], x["seq"]
        self.number = int(x["id"])
        self.body = base64.b64decode(x["body_b64"])
        self.leaf = bytes.fromhex(x["leaf"]) if "leaf" in x else None
        self.mark = x.get("mark", "new")

    def __str__(self):
        return f"epoch {self.epoch} gen {self.gen} seq {self.seq} ({self.mark})"


class Feed:
    def __init__(self, rows):
        self.messages, self.incidents = {}, []
        for x in rows:
            kind = x.get("type", "message")
            if kind == "message":
                self.messages[x["cursor"]] = Entry(x)
            elif kind == "mark":
                self.messages[x["of"]].mark = x["mark"]
            elif kind == "incident":
                self.incidents.append(x)

    def of(self, device):
        return [e for e in self.messages.values() if e.device == device]


Judgement = collections.namedtuple("Judgement", "forged named missed wrong problems")


def judge(accounts, feed, incidents, attested):
    """incidents: {device id: how many}; attested: {device id: the last slot that a quote covers}."""
    forged = named = wrong = 0
    problems = []
    for a in accounts:
        entries = feed.of(a.id)
        honest = [e for e in entries if e.leaf not in a.forged]
        problems += a.problems + list(a.judge_downlink()) + list(a.judge_uplink(honest))
        for e in entries:
            if e.leaf in a.forged and e.seq <= attested[a.id]:
                forged += 1
                named += e.mark == "forged"
                if e.mark != "forged":
                    problems.append(f"{a.name}: missed: {a.forged[e.leaf].how}, {e}")
        for e in honest:
            if e.mark == "forged":
                wrong += 1
                problems.append(f"{a.name}: wrongly named: {e}")
            elif e.mark == "tainted":
                problems.append(f"{a.name}: nobody ever said what it is: {e}")
        if incidents.get(a.id) and not a.forged:
            wrong += incidents[a.id]
            problems.append(f"{a.name}: {incidents[a.id]} incidents, and no thief was there")
        if a.forged and not incidents.get(a.id):
            problems.append(f"{a.name}: {len(a.forged)} forgeries were taken, and no incident")
    return Judgement(forged, named, forged - named, wrong, problems)
