# SPDX-License-Identifier: Apache-2.0
"""The truth of a chaos run, kept beside the verifier: what applications and operators sent, what the
devices put on the wire, what thieves got taken. And the judgement: the verifier's feed held against
it. Imported, never run."""
import base64
import collections
import threading

# What a thief made, and whether the verifier answered 200 to the request that it was in.
Forgery = collections.namedtuple("Forgery", "epoch gen seq how taken")


class Account:
    """One device's. safe: who sent it was told that it is; unsure: he was told nothing."""

    def __init__(self, name):
        self.name, self.id = name, None
        self.lock = threading.Lock()
        self.own = {}               # leaf: Message, all that ever left the device
        self.slots = {}             # seq: leaf
        self.queued = {}            # id: body, safe
        self.unsure = set()         # bodies
        self.pushed = {}            # id: body, for the device; safe
        self.push_unsure = set()    # bodies
        self.handed = {}            # id: body, as its application saw it
        self.taken = set()          # ids whose end the agent has confirmed
        self.unknown = set()        # slots of which a quote said so
        self.forged = {}            # leaf: Forgery
        self.problems = []

    def on_messages(self, messages):
        with self.lock:
            for m in messages:
                self.own[m.leaf] = m
                if self.slots.setdefault(m.seq, m.leaf) != m.leaf:
                    self.problems.append(f"{self.name}: slot {m.seq} was used twice")

    def on_quote(self, ranges):
        with self.lock:
            for lo, hi in ranges:
                self.unknown.update(range(lo, hi + 1))

    def highest(self):
        """The last slot that the device used, and the last that anybody did."""
        with self.lock:
            own = max((m.seq for m in self.own.values()), default=0)
        return own, max([own, *(f.seq for f in self.forged.values())])

    def seen(self, number, body):
        """By the application: again only if the agent died before it confirmed the end."""
        if number in self.taken:
            self.problems.append(f"{self.name}: downlink {number} came again after it was taken")
        if self.handed.setdefault(number, body) != body:
            self.problems.append(f"{self.name}: downlink {number} came with two bodies")

    def all_handed(self):
        """Not `taken`: an agent that dies over that answer may have noted the end."""
        return self.pushed.keys() <= self.handed.keys()

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
            if e.leaf not in self.own:
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
        self.leaf, self.mark = bytes.fromhex(x["leaf"]), x["mark"]

    def __str__(self):
        return f"epoch {self.epoch} gen {self.gen} seq {self.seq} ({self.mark})"


class Feed:
    def __init__(self, rows):
        self.messages = {}
        self.unlisted = []  # marks of copies, which are not listed themselves
        for x in rows:
            if x["type"] == "message":
                self.messages[x["cursor"]] = Entry(x)
            elif x["type"] == "mark" and x["of"] in self.messages:
                self.messages[x["of"]].mark = x["mark"]
            elif x["type"] == "mark":
                self.unlisted.append(x)

    def of(self, device):
        return [e for e in self.messages.values() if e.device == device]


class Judgement:
    """incidents: {device id: how many}; attested: {device id: the last slot that a quote covers}.

    A forged message counts when the verifier handed it on, in a slot that a quote covers. Where the
    device itself says that it does not know (it was killed between two writes of its log), nobody
    can tell: such a message must not be called genuine, and is counted apart."""

    def __init__(self, accounts, feed, incidents, attested):
        self.forged = self.named = self.wrong = self.unknown = 0
        self.problems = []
        for a in accounts:
            entries = feed.of(a.id)
            own = [e for e in entries if e.leaf not in a.forged]
            theirs = [e for e in entries if e.leaf in a.forged and e.seq <= attested[a.id]]
            self.problems += [*a.problems, *a.judge_downlink(), *a.judge_uplink(own)]
            for e in theirs:
                self.judge_forged(a, e)
            for e in own:
                self.judge_own(a, e)
            self.judge_copies(a, [x for x in feed.unlisted if x["device"] == a.id])
            self.judge_incidents(a, incidents[a.id], theirs)

    @property
    def missed(self):
        return self.forged - self.named

    def judge_forged(self, a, e):
        if e.seq in a.unknown and e.mark in ("new", "unattested"):
            self.unknown += 1
            return
        self.forged += 1
        self.named += e.mark == "forged"
        if e.mark != "forged":
            self.problems.append(f"{a.name}: missed: {a.forged[e.leaf].how}, {e}")

    def judge_own(self, a, e):
        if e.mark == "forged":
            self.wrong += 1
            self.problems.append(f"{a.name}: wrongly named: {e}")
        elif e.mark == "tainted":
            self.problems.append(f"{a.name}: nobody ever said what it is: {e}")

    def judge_copies(self, a, marks):
        slots = {(f.epoch, f.gen, f.seq) for f in a.forged.values()}
        for x in marks:
            if x["mark"] == "forged" and (x["epoch"], x["gen"], x["seq"]) not in slots:
                self.wrong += 1
                self.problems.append(f"{a.name}: wrongly named, a copy: {x}")

    def judge_incidents(self, a, incidents, theirs):
        if incidents and not a.forged:
            self.wrong += incidents
            self.problems.append(f"{a.name}: {incidents} incidents, and no thief was there")
        named = [e for e in theirs if e.mark == "forged"]
        if named and not incidents:
            self.problems.append(f"{a.name}: {len(named)} forged messages, and no incident")
