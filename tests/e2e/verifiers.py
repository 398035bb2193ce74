#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves of several verifiers on one PostgreSQL, with real devices in front: requests of one device
go to any verifier in any order while one of them is killed, the database fails over to its
synchronous standby and the master key changes, and nothing that was acknowledged is lost; what an
operator changes at one counts at the others with the next request; a webhook's receiver gets every
entry at least once and in order, though who posted was killed; one whose clock is behind follows
the others; programs of two versions share one schema, and one that is too old is refused; a standby
that was behind is noticed, refused over HTTP, and served when the operator says so.

    verifiers.py AGENT VERIFIER PAWLCTL NEXT

as for survival.py; NEXT is a verifier whose schema is one newer. Exit code 77 where no PostgreSQL
or no swtpm is."""
import collections
import contextlib
import http.client
import http.server
import json
import os
import random
import re
import shutil
import signal
import ssl
import struct
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
from free_port import free_port
from postgres_server import Server, conninfo, remove_all
from survival_world import LIMIT_S, OperatorSocket, Wire, World, make_authority, until

PROGRAMS, NEXT = sys.argv[1:4], sys.argv[4]
LATE_S = 10  # one verifier's clock
KEY = "a key that the receiver has as well, of one line"


def ok(what):
    print(f"ok: {what}", flush=True)


# ---- verifiers ---------------------------------------------------------------------------------

class Verifier:
    """One of several on a database; `first` made the keys."""
    all = []

    def __init__(self, home, name, settings, first=None):
        self.name, self.dir = name, os.path.join(home, name)
        self.port, self.operators = free_port(), free_port()
        self.log, self.program, self.process = f"{self.dir}.said", PROGRAMS[1], None
        self.clocks = f"{self.dir}.clocks"
        self.jump(0)
        if first:
            shutil.copytree(first.dir, self.dir, ignore=shutil.ignore_patterns(
                "pawl.verifier", "postgres.count", "*.sock"))
        else:
            self.make(settings)
        with open(self.path("verifier.ini")) as f:
            ini = f.read().splitlines()
        own = {"listen": self.port, "operator_listen": self.operators}
        ini = [f"{x.split(' =')[0]} = 127.0.0.1:{own[x.split(' =')[0]]}"
               if x.split(" =")[0] in own else x for x in ini]
        with open(self.path("verifier.ini"), "w") as f:
            f.write("\n".join(ini) + "\n")
        Verifier.all.append(self)

    def path(self, name):
        return os.path.join(self.dir, name)

    def make(self, settings):
        ca = os.environ["PAWL_SURVIVAL_CA"]
        self.join = self.run("init", self.dir, "--address", "127.0.0.1:1", "--listen",
                             "127.0.0.1:1", "--lab-roots", f"{ca}/roots", "--intermediates",
                             f"{ca}/intermediates", "--admission", "open")
        with open(self.path("hook.key"), "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(KEY + "\n")
        with open(self.path("verifier.ini")) as f:
            text = f.read()
        for section, lines in settings.items():
            text = text.replace(f"[{section}]\n", f"[{section}]\n{lines}\n", 1)
        with open(self.path("verifier.ini"), "w") as f:
            f.write(text)

    def run(self, *command):
        done = subprocess.run([PROGRAMS[1], *command], capture_output=True, text=True, check=False,
                              env=self.environment())
        assert done.returncode == 0, (command, done)
        return done.stdout.strip()

    def environment(self):
        return dict(os.environ, PAWL_CLOCKS=self.clocks)

    def jump(self, seconds):
        """How far its clock is off from now on."""
        with open(self.clocks, "wb") as f:
            f.write(struct.pack("=qq", seconds * 1000, 0))

    def start(self, ready=True):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([self.program, "serve", self.dir], text=True,
                                            stdout=subprocess.PIPE, stderr=log,
                                            env=self.environment())
        line = self.process.stdout.readline()
        assert line.startswith("ready") == ready, (self.name, line, self.said()[-500:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(LIMIT_S) == 0, "it did not end in order"

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def said(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def get(self, port, path, headers=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        c = http.client.HTTPSConnection("127.0.0.1", port, timeout=LIMIT_S, context=context)
        try:
            c.request("GET", path, headers=headers or {})
            r = c.getresponse()
            return r.status, json.loads(r.read())
        finally:
            c.close()

    def ready(self):
        """What a balancer is told."""
        status, said = self.get(self.port, "/ready")
        return status, said["status"]

    def operator(self, method, path, body=None):
        c = OperatorSocket(self.path("operator.sock"))
        try:
            c.request(method, "/v1/" + path, json.dumps(body) if body is not None else None,
                      {"Content-Type": "application/json"} if body is not None else {})
            r = c.getresponse()
            said = r.read()
            assert r.status // 100 == 2, (self.name, path, r.status, said)
            return json.loads(said) if said else None
        finally:
            c.close()

    def metric(self, name):
        c = OperatorSocket(self.path("operator.sock"))
        try:
            c.request("GET", "/metrics")
            said = c.getresponse().read().decode()
        finally:
            c.close()
        return float([x for x in said.splitlines() if x.startswith(name + " ")][0].split()[1])

    def is_instance(self):
        with open(self.path("pawl.verifier")) as f:
            return f.read().strip()


class Balancer(Wire):
    """Each request goes to any verifier that listens; only: to this one alone."""
    only = None

    def ask(self, method, target, body):
        last = None
        for v in [self.only] if self.only else random.sample(Verifier.all, len(Verifier.all)):
            self.verifier_port = v.port
            try:
                return super().ask(method, target, body)
            except ConnectionRefusedError as e:
                last = e
        raise last


# ---- devices -----------------------------------------------------------------------------------

class Device(World):
    """A TPM and an agent in front of verifiers that others use too."""
    wire_class = Balancer

    def make_verifier(self):
        ca = os.environ["PAWL_SURVIVAL_CA"]
        self.join, self.incidents = Verifier.all[0].join, True
        self.wire = self.wire_class(f"{ca}/proxy.crt", f"{ca}/proxy.key", None)
        open(self.path("verifier.said"), "w").close()

    def operator(self, method, path, body=None):
        alive = [v for v in Verifier.all if v.process and v.process.poll() is None]
        return (self.wire.only or random.choice(alive)).operator(method, path, body)

    def check_past(self):
        super().check_past()
        found = self.operator("GET", "incidents")["incidents"]
        assert not found, found

    def inbox(self):
        """Its own part of the feed."""
        found, after = collections.Counter(), ""
        me = self.record()["device_id"]
        while True:
            page = self.operator("GET", f"messages?limit=1000&after={after}&type=message")
            found.update(x["text"] for x in page["messages"] if x["device"] == me)
            if not page["messages"]:
                return found
            after = page["next"]


def is_refused(done):
    """For good: what was too early for a clock that is late is not."""
    said = done.out + done.err
    request = re.search(r"\(request ([0-9a-f]{16})\)", said)
    return "refused" in said and not (request and any(
        f"request={request[1]} " in line and "ahead of our clock" in line
        for v in Verifier.all for line in v.said().splitlines()))


class Load(threading.Thread):
    """A device that does all that one does, again and again, and bears that it fails."""

    def __init__(self, device):
        super().__init__(daemon=True)
        self.device, self.good, self.mark, self.over = device, 0, 0, False
        self.failure = None
        self.in_doubt = False  # something failed since it last met a demand
        self.start()

    def run(self):
        d = self.device
        try:
            while not self.over:
                for step in (lambda: d.send(3), self.rekey, d.receive):
                    done = step()
                    if self.in_doubt and "rekey too soon" in done.err:
                        # What said that a demand was met was lost, now or rounds ago, and it tried
                        # once more. No other refusal of a rekey is to be expected here, and
                        # settles() sees that it ends.
                        done = done._replace(err="")
                    self.in_doubt |= done.code != 0
                    assert not is_refused(done), done
                    self.good += done.code == 0
                with contextlib.suppress(AssertionError, OSError):  # it is noted as unsure
                    d.push()
        except BaseException as e:
            self.failure = e

    def rekey(self):
        try:
            ends = self.device.demand()
        except (AssertionError, OSError):  # nobody asked for one, and it may be too soon
            return self.device.agent("attest")
        done = self.device.agent("rekey")
        if "rekey too soon" not in done.out:
            self.in_doubt = done.code != 0
            return done
        # The demand was for an end that had come already: new keys were granted and waited for their
        # first use, since what said so was lost, and that use was the end. No other is too soon.
        until("its keys", lambda: self.epoch_in_use() > ends)
        return done._replace(out="")

    def epoch_in_use(self):
        try:
            return self.device.device()["ratchet"]["epoch"]
        except (AssertionError, OSError):
            return 0

    def goes_on(self, good):
        until("a round", lambda: self.failure or self.good >= self.mark + good)
        self.check()

    def check(self):
        if self.failure:
            raise self.failure


@contextlib.contextmanager
def under_load(*devices):
    """goes_on(): from here on each of them got something through."""
    loads = [Load(d) for d in devices]

    def goes_on(good=3):
        for load in loads:
            load.mark = load.good
        for load in loads:
            load.goes_on(good)
    try:
        goes_on()
        yield goes_on
    finally:
        for load in loads:
            load.over = True
        for load in loads:
            load.join()
    for load in loads:
        load.check()


# ---- a webhook's receiver ----------------------------------------------------------------------

class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.entries = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # who posted was killed

    def check(self, feed):
        """Every entry; the first time that each came, those of a device came in their order."""
        first = {}
        for at, entry in enumerate(list(self.entries)):
            first.setdefault(entry["cursor"], (at, entry))
        for device in {x["device"] for x in feed}:
            times = [first[x["cursor"]][0] for x in feed if x["device"] == device]
            assert times == sorted(times), ("out of order", device)
        return len(first)

    def has(self, feed):
        return {x["cursor"] for x in feed} <= {x["cursor"] for x in list(self.entries)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        page = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.entries.extend(page["messages"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


def feed():
    found, after = [], ""
    while True:
        page = Verifier.all[0].operator("GET", f"messages?limit=1000&after={after}")
        if not page["messages"]:
            return found
        found += page["messages"]
        after = page["next"]


# ---- what is proved ----------------------------------------------------------------------------

def settles(devices):
    """Both sides of each agree, what was acknowledged is in the inbox once, and no incident is."""
    for d in devices:
        until("a device gets through", lambda: d.agent("attest").code == 0)
        d.check()


def one_is_killed(a, devices, goes_on):
    a.kill()
    goes_on()
    a.start()
    goes_on()
    ok("a verifier that is killed under load is missed by nobody")


def the_database_fails_over(first, second, goes_on):
    first.crash()
    second.promote()
    goes_on()
    ok("nor is a database that fails over to its synchronous standby")


def the_master_key_changes(goes_on):
    a, *others = Verifier.all

    def give(name):
        for v in others:
            shutil.copy(a.path(name), v.path(name))

    def reload_all():
        for v in Verifier.all:
            v.reload()
    a.run("key", "new", "master", a.dir)
    give("master.next.key")
    reload_all()
    goes_on()
    for v in Verifier.all:
        v.run("key", "switch", "master", v.dir)
    reload_all()
    goes_on()
    for v in Verifier.all:
        until("it is wrapped anew", lambda: "it can be retired" in v.said())
        v.run("key", "retire", "master", "--force", v.dir)
    reload_all()
    goes_on()
    ok("a master key changes under all of them")


def asked_of(v, secret):
    """What whoever has this secret gets from its face for operators afar."""
    status, _ = v.get(v.operators, "/v1/whoami", {"Authorization": f"Bearer {secret}"})
    return status


def what_one_changes_all_know(a, b, device, receiver):
    """With the very next request; and a revocation is told by whoever of them tells."""
    me = device.record()["device_id"]
    device.wire.only = b
    a.operator("POST", "default-policy", {"policy": ""})
    assert device.agent("attest").code == 1
    a.operator("POST", "groups", {"name": "kiosks", "mode": "enforce", "policy": "good"})
    a.operator("POST", f"devices/{me}/group", {"group": "kiosks"})
    assert b.operator("GET", f"devices/{me}")["group"] == "kiosks"
    assert device.agent("attest").code == 0
    a.operator("POST", "default-policy", {"policy": "good"})
    secret = a.operator("POST", "credentials", {"name": "ann", "role": "read"})["secret"]
    assert asked_of(b, secret) == 200
    a.operator("POST", "credentials/ann/drop")
    assert asked_of(b, secret) == 401
    a.operator("POST", f"devices/{me}/revoke")
    done = device.agent("attest")
    assert done.out == "refused: revoked\n", done
    device.wire.only = None
    told = [x["device"] for x in b.operator("GET", "messages?type=revoked")["messages"]]
    assert told == [me], told
    until("the receiver is told", lambda: ("revoked", me) in
          [(x["type"], x["device"]) for x in list(receiver.entries)])
    last = b.operator("GET", "audit?limit=1000")["entries"][-1]
    assert last["device"] == me and '"what":"revoked"' in last["line"], last
    ok("what an operator changes at one counts at another with the next request")


def one_follows_the_others_time(late):
    until("it is told", lambda: late.metric("pawl_clock_behind_seconds") >= LATE_S - 4)
    assert "this machine's clock is behind" in late.said()
    ok("a clock that is behind hinders nobody, and its verifier says so")


def a_release_is_rolled_out(server, goes_on, next_one, *before):
    """The first of the next release migrates; those of the one before go on, and start again."""
    known = int(server.ask("SELECT number FROM schema_version"))
    next_one.stop()
    next_one.program = NEXT
    next_one.start()
    assert server.ask("SELECT number, oldest FROM schema_version") == f"{known + 1}|1"
    goes_on()
    before[0].stop()
    before[0].start()
    goes_on()
    # .. until one comes that takes away what they need.
    server.ask("UPDATE schema_version SET oldest = number")
    for v in before:
        until("it is refused", lambda: v.ready() == (503, "store-fails"))
        until("it says why", lambda: "the database needs a newer program than this one" in v.said())
    goes_on()
    before[0].stop()
    before[0].start(ready=False)
    assert f"was written by a newer program, this one knows {known}" in before[0].said()
    server.ask("UPDATE schema_version SET oldest = 1")
    before[0].start()
    until("the others are back", lambda: all(v.ready()[0] == 200 for v in before))
    goes_on()
    ok("programs of two versions share a schema, until one is too old, which says so")


def an_older_copy_takes_over(second, third, device):
    third.copy_of(second)
    with under_load(device) as goes_on:
        goes_on(6)  # the copy lacks this
    for v in Verifier.all:  # each committed something that it lacks
        v.operator("POST", "groups", {"name": v.name, "mode": "watch"})
    second.crash()
    third.start()
    third.promote()
    for v in Verifier.all:
        until("it is noticed", lambda: v.ready() == (503, "store-is-older") and
              "the database is an older copy" in v.said())
        status, said = v.get(v.operators, "/v1/whoami", {"Authorization": "Bearer nobody"})
        assert status == 503 and said["detail"] == "credentials cannot be looked up", said
    for command in ("attest", "rekey"):
        done = device.agent(command)
        assert done.code not in (0, 1) and "refused" not in done.out + done.err, done
    ok("a standby that was behind is noticed and not served: 503 for balancers and devices")
    first, *others = Verifier.all
    first.stop()
    first.run("restored", first.dir)
    first.start()
    for v in others:
        until("the word holds for all", lambda: v.ready() == (200, "ready"))
    until("the device finds back", lambda: device.agent("attest").code == 0)
    kinds = {x["kind"] for x in device.operator("GET", "incidents")["incidents"]}
    assert kinds == {"server-went-back"}, kinds
    assert device.rekey().code in (0, 1)
    assert device.send().code == 0
    until("messages arrive again", lambda: f"message {device.messages.n - 1}" in device.inbox())
    ok("when the operator says that it is the one, all serve it, and the device finds back")


def main_scenario(home, first, second, third):
    receiver = Receiver()
    hook = f"webhook = http://127.0.0.1:{receiver.server_address[1]}/\nwebhook_key = hook.key"
    a = Verifier(home, "a", {
        "verifier": f"workers = 1\noperator_listen = 127.0.0.1:1\nstore = postgres\npostgres = {conninfo(first, second, third)}",
        "tenant default": f"attests_per_minute = 0\nreenrol = auto\n{hook}"})
    b, c = (Verifier(home, name, None, a) for name in ("b", "c"))
    a.start()
    b.start()
    with Device(PROGRAMS) as d, Device(PROGRAMS) as e:
        d.enrol()
        e.answered("enroll")
        e.answered("attest")
        c.jump(-LATE_S)
        c.start()
        for v in Verifier.all:
            assert v.ready() == (200, "ready")
        with under_load(d, e) as goes_on:
            one_is_killed(holder(first), (d, e), goes_on)
            the_database_fails_over(first, second, goes_on)
            the_master_key_changes(goes_on)
            one_follows_the_others_time(c)
            a_release_is_rolled_out(second, goes_on, b, c, a)
        settles((d, e))
        ok("all that was acknowledged is there once, and both sides agree")
        for v in Verifier.all:
            v.jump(70)  # the time of who was killed is over
        until("all entries came", lambda: receiver.has(feed()))
        receiver.check(feed())
        ok("so are the receiver's entries, in each device's order")
        what_one_changes_all_know(a, b, e, receiver)
        an_older_copy_takes_over(second, third, d)


def holder(server):
    """Who has the right to post, once somebody has."""
    until("somebody posts", lambda: server.ask("SELECT holder FROM consumer"))
    name = server.ask("SELECT holder FROM consumer")
    return [v for v in Verifier.all if v.is_instance() == name][0]


def main():
    for tool in ("swtpm", "tpm2_getcap", "openssl"):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            return 77
    home = tempfile.mkdtemp(prefix="pawl-e2e-verifiers-")
    first, second, third = Server(5511), Server(5512), Server(5513)
    try:
        make_authority(os.path.join(home, "ca"))
        first.make()
        second.copy_of(first)
        second.start()
        first.wait_for_standby(second)
        until("the standby is synchronous", first.is_synchronous)
        main_scenario(home, first, second, third)
    except BaseException:
        for v in Verifier.all:
            said = v.said().splitlines()
            found = [x for x in said[:-8] if " warn " in x or " error " in x]
            print(f"-- {v.name}:\n   " + "\n   ".join(found[-30:] + ["..", *said[-8:]]))
        raise
    finally:
        for v in Verifier.all:
            if v.process:
                v.kill()
        remove_all()
        if "PAWL_KEEP" in os.environ:
            print("kept:", home)
        else:
            shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
