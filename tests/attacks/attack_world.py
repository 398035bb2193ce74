# SPDX-License-Identifier: Apache-2.0
"""The world of the attacks: survival_world's TPM, verifier, agent and terminating wire, a thief, and
further devices. Imported, never run.

A scenario is a function, named for what it shows, in a file named for its attacker; main() runs them.
What is true is known from outside: texts of the thief begin with "forged", all others are the
device's or the operator's.
"""
import base64
import collections
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

E2E = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e")
sys.path.insert(0, E2E)
sys.dont_write_bytecode = True
from middle import Client, decode, decode_at
from survival_world import LAB, Wire, World, make_authority, until

# ---- bytes on the wire ------------------------------------------------------------------------

Place = collections.namedtuple("Place", "kid gen seq gen_start epoch_start boot_id")


def head_at(b, at):
    """Behind an array's or map's head, and how much it holds."""
    n, size = b[at] & 31, 0
    if n > 23:
        size = 1 << n - 24
        n = int.from_bytes(b[at + 1:at + 1 + size], "big")
    return n, at + 1 + size


def messages_in(body):
    """The encoding of each message of a request or an answer, tag and all."""
    n, at = head_at(body, 0)
    for _ in range(n):
        key, at = decode_at(body, at)
        if key != 3:
            _, at = decode_at(body, at)
            continue
        found, (count, at) = [], head_at(body, at)
        for _ in range(count):
            begin = at
            _, at = decode_at(body, at)
            found.append(body[begin:at])
        return found
    return []


def place(cose):
    protected, unprotected, _, *recipients = decode(cose)
    where = recipients[0][0][1] if recipients else unprotected
    gen_start, epoch_start = decode(protected)[-70001]
    return Place(where[4][:8], int.from_bytes(where[4][8:], "big"),
                 where[-22] if recipients else where[-70003], gen_start, epoch_start,
                 unprotected[5][:8])


def a1_of(evidence):
    """By the names of docs/protocol.md, section 4."""
    names = ("label", "suite", "tenant", "verifier_id", "device_id", "ak_name", "td_name", "nonce",
             "attempt", "base_epoch", "base_kid", "new_epoch", "e_d", "boot_id", "os_boot",
             "nv_counter", "reason", "log", "snd", "rcv", "receipt_verdict")
    return dict(zip(names, decode(decode(evidence)[1])))


def claims(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


class Tap(Wire):
    """A wire that keeps all that passes. always[path] is what happens to every request there, where
    nothing stands in once[path]."""

    def __init__(self, *arguments):
        self.always = {}
        self.sent = []  # (path, body): what the device sent, whether or not it arrived
        self.got = []   # (path, body, answer): what the verifier answered
        super().__init__(*arguments)

    def bend(self, path):
        return super().bend(path) or self.always.get(path)

    def forward(self, path, body):
        answer = super().forward(path, body)
        self.got.append((path, body, answer))
        return answer

    def request(self, path, body):
        super().request(path, body)
        self.sent.append((path, body))

    def up(self):
        """Each message of the device once, in the order of its slots."""
        found = {m: place(m).seq for path, body in list(self.sent) if path == "messages"
                 for m in messages_in(body)}
        return sorted(found, key=found.get)

    def down(self):
        return [m for path, _, answer in list(self.got)
                if path == "messages" and answer.status == 200 for m in messages_in(answer.body)]


# ---- the thief --------------------------------------------------------------------------------

class Thief:
    """thief.c and tpm_thief.c, and one file of stolen keys."""

    def __init__(self, w, keys="keys"):
        self.w, self.keys = w, w.path(keys)
        self.ids = 10 ** 6  # of forged messages: nobody else's

    def run(self, program, *arguments, said=""):
        done = subprocess.run([program, *arguments], input=said, capture_output=True, text=True,
                              timeout=120)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done

    def steal(self, process, state="state"):
        """Out of the memory of a running agent."""
        done = self.run(self.w.thief_program, "steal", "--pid", str(process.pid), "--state",
                        self.w.path(state), "--out", self.keys)
        assert done.returncode == 0, done
        return self

    def unseal(self, ini="agent.ini"):
        """By the TPM. True if it gave anything out."""
        done = self.run(self.w.tpm_thief_program, self.w.path(ini), self.keys)
        return done.returncode == 0

    def secrets(self):
        """The stolen keys as bytes, to look for them elsewhere."""
        with open(self.keys) as f:
            return [bytes.fromhex(x.split()[-1]) for x in f if x.startswith(("use", "chain"))]

    def open(self, messages):
        """What he can read: {"dir", "epoch", "gen", "seq", "type", "id", "leaf", "text"} of each, or
        None."""
        done = self.run(self.w.thief_program, "open", "--keys", self.keys,
                        said="".join(m.hex() + "\n" for m in messages))
        assert done.returncode in (0, 1), done
        found = [None if x.startswith("closed") else fields(x) for x in done.stdout.splitlines()]
        assert len(found) == len(messages), (len(messages), done)
        return found

    def texts(self, messages):
        return [x["text"] for x in self.open(messages) if x and x["type"] == "0"]

    def make(self, command, seq, text, **options):
        self.ids += 1
        options = dict({"id": self.ids}, **options)
        words = [y for k, v in options.items() for y in ("--" + k.replace("_", "-"), str(v))]
        done = self.run(self.w.thief_program, command, "--keys", self.keys, "--seq", str(seq),
                        "--text", text, *words)
        assert done.returncode in (0, 1), done
        return fields(" ".join(done.stdout.splitlines()))

    def seal(self, seq, text, **options):
        return self.make("seal", seq, text, **options)

    def send(self, seq, text, **options):
        """To the verifier, past the wire. http: how it was answered."""
        verifier = f"https://127.0.0.1:{self.w.wire.verifier_port}"
        return self.make("send", seq, text, verifier=verifier, **options)

    def send_like(self, message, text, **options):
        """In the slot of a message that he saw."""
        p = place(message)
        return self.send(p.seq, text, gen=p.gen, gen_start=p.gen_start, epoch_start=p.epoch_start,
                         boot_id=p.boot_id.hex(), **options)


def fields(line):
    words = line.split(" text=")
    found = dict(x.split("=", 1) for x in words[0].split() if "=" in x)
    return dict(found, text=words[1]) if len(words) > 1 else found


# ---- the world --------------------------------------------------------------------------------

class AttackWorld(World):
    wire_class = Tap

    def __init__(self, programs, **settings):
        self.thief_program, self.tpm_thief_program = programs[3:]
        self.more = []  # devices beside the first
        super().__init__(programs[:3], **settings)

    def __exit__(self, kind, *rest):
        for d in self.more:
            d.end()
        super().__exit__(kind, *rest)

    def check_past(self):
        """Whom each scenario accuses it says itself."""
        self.incidents = True
        super().check_past()

    # The device as it works.

    def works(self):
        """The agent runs and has sent something."""
        p = self.run_agent()
        until("it listens", lambda: p.poll() is not None or self.listens())
        assert p.poll() is None, "the agent ended"
        return p

    def say(self, n=1):
        """Messages of the device's applications, and they arrived."""
        texts = self.messages.make(n)
        done = self.agent("send", "--lines", "-", said="\n".join(texts))
        assert done.code in (0, 4), done
        self.messages.note("up", texts, True)
        return texts

    def said(self, n=1):
        texts = self.say(n)
        until("messages arrived", lambda: set(texts) <= set(self.texts()))
        return texts

    def told(self, n=1):
        """Messages of an operator, and an application has them."""
        for _ in range(n):
            self.push()
        until("messages arrived at the device", self.took_all)

    def took_all(self):
        self.receive()
        return self.messages.all_safe_arrived("down", self.messages.seen)

    def epoch(self):
        return int(self.record()["epoch"])

    def turned(self, before):
        """Both sides are in a later epoch."""
        until("a rekey", lambda: self.epoch() > before and
              self.device()["ratchet"]["epoch"] == self.epoch())

    def turn(self):
        """The running agent rekeys, and the new epoch is in use."""
        before = self.epoch()
        self.demand()
        self.turned(before)

    def attested(self):
        """A snapshot that was taken from now on was accepted: that of the first may be older, and
        what the device had to say is sent between the two."""
        n = len(self.wire.got)
        until("two attests", lambda: sum(path == "evidence" and answer.status == 200
                                         for path, _, answer in self.wire.got[n:]) > 1)

    # The verifier.

    def ctl(self, *arguments, code=0):
        done = subprocess.run([self.ctl_program, "--json", *arguments], capture_output=True,
                              text=True, timeout=60,
                              env=dict(os.environ, PAWL_SOCKET=self.path("v", "operator.sock")))
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert done.returncode == code, (arguments, done)
        return done.stdout

    def jwks(self):
        """A file with the verifier's public key."""
        with open(self.path("jwks.json"), "wb") as f:
            f.write(Client(self.wire.verifier_port).ask("GET", "/.well-known/jwks.json").body)
        return f.name

    def tokens(self):
        """The results that went by."""
        return [decode(answer.body)[1] for path, _, answer in list(self.wire.got)
                if path == "evidence" and answer.status == 200]

    def feed(self, kind=None):
        """All that a consumer sees, in order."""
        found, after = [], ""
        while True:
            page = self.operator("GET", f"messages?limit=1000&after={after}" +
                                 (f"&type={kind}" if kind else ""))
            found += page["messages"]
            if not page["messages"]:
                return found
            after = page["next"]

    def texts(self):
        return [x["text"] for x in self.feed("message")]

    def marks(self):
        """What a consumer knows of each message in the end: {text: [mark, ..]}, one for each time it
        was handed on."""
        entries = self.feed()
        last = {x["cursor"]: [x["text"], x["mark"]] for x in entries if x["type"] == "message"}
        for x in entries:
            if x["type"] == "mark" and x["of"] in last:  # otherwise it was never listed
                last[x["of"]][1] = x["mark"]
        found = collections.defaultdict(list)
        for text, mark in last.values():
            found[text].append(mark)
        return dict(found)

    def all_incidents(self):
        return self.operator("GET", "incidents?limit=1000")["incidents"]

    def incident(self, kind=None, rule=None):
        """The newest one, when it is of that kind and rests on that rule."""
        def is_it():
            all_of_them = self.all_incidents()
            found[:] = [x for x in all_of_them if kind in (None, x["kind"]) and
                        (rule is None or rule in x["rules"])]
            return found
        found = []
        until(f"an incident {kind or ''} {rule or ''}", is_it)
        return self.operator("GET", "incidents/" + max(found, key=lambda x: x["epoch"])["id"])

    def no_incident(self):
        assert self.all_incidents() == [], self.all_incidents()

    def named(self, *forged):
        """Each of these and nothing else was found forged, and all that came in the window has its
        last mark."""
        def is_told():
            return all("forged" in self.marks().get(x, []) for x in forged)
        until(f"marks of {forged}", is_told)
        for text, marks in self.marks().items():
            if text.startswith("forged"):
                assert marks == ["forged"], (text, marks)
            else:
                assert set(marks) <= {"new", "genuine"}, (text, marks)

    def healed(self):
        """The keys' light was red and is green again, in the device's tokens too; that of the software
        was not touched; and the chain of what was said about it is whole."""
        def said():
            return [claims(x)["pawl"] for x in self.tokens()[3:]]  # the first ones had no policy
        until("a good result", lambda: self.device()["status"] == "affirming")
        until("a good token", lambda: said()[-1]["keys"] == "affirming")
        assert all(x["state"] == "closed" for x in self.all_incidents()), self.all_incidents()
        said = said()
        assert "contraindicated" in [x["keys"] for x in said], said
        assert {x["sw"] for x in said} == {"affirming"}, said
        self.ctl("audit", "verify", "--ear", self.tokens()[-1], "--jwks", self.jwks())

    def proves(self, incident, who="device-tpm"):
        """What a stranger finds in the exported proof, with the verifier's public key alone, and by
        whose word."""
        proof = self.path("proof")
        self.ctl("incident", "export", incident["id"], "--out", proof)
        said = json.loads(self.ctl("incident", "verify", proof, "--jwks", self.jwks()))
        assert said["good"] and said["strength"] == who, said
        return said["says"]

    # More devices.

    def clone(self, name):
        """The TPM's state and the disk as they are now, when nothing of the device runs."""
        shutil.copytree(self.path("tpm"), self.path(name + ".tpm"),
                        ignore=shutil.ignore_patterns("sock*", "pid"))
        return Device(self, name, copy_of="")

    def another(self, name):
        """A device of its own, with a TPM of the same maker."""
        subprocess.run([f"{LAB}/fresh", self.path(name + ".tpm"), "--ca",
                        os.environ["PAWL_SURVIVAL_CA"], "--ek", "p256"], check=True,
                       stdout=subprocess.DEVNULL)
        return Device(self, name)


class Device:
    """A device beside the world's first: NAME.tpm, NAME.state, NAME.ini. The same wire."""

    def __init__(self, w, name, copy_of=None):
        self.w, self.name, self.process = w, name, None
        w.more.append(self)
        self.sock = w.path(name + ".sock")
        self.ini = w.path(name + ".ini")
        shutil.copy(w.path("agent.ini"), self.ini)
        if copy_of is not None:
            shutil.copytree(w.path("state"), w.path(name + ".state"))
        self.tcti = f"swtpm:path={w.path(name + '.tpm', 'sock')}"
        w.set_ini(self.ini, "#", tcti=self.tcti, state=w.path(name + ".state"), socket=self.sock)
        self.start_tpm()

    def start_tpm(self):
        subprocess.run([f"{LAB}/start", self.w.path(self.name + ".tpm")], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run(["tpm2_pcrextend", "-T", self.tcti,
                        *(f"{n}:sha256={n + 1:064x}" for n in (0, 2, 4, 7))], check=True)

    def agent(self, *arguments, said=""):
        done = subprocess.run([self.w.agent_program, "--config", self.ini, *arguments], input=said,
                              capture_output=True, text=True, timeout=120,
                              env=self.w.environment({}))
        with open(self.w.path("agent.said"), "a") as f:
            f.write(f"{self.name}$ {' '.join(arguments)}: {done.returncode}\n"
                    f"{done.stdout}{done.stderr}")
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done

    def record(self):
        with open(self.w.path(self.name + ".state", "agent.json")) as f:
            return json.load(f)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        subprocess.run([f"{LAB}/stop", self.w.path(self.name + ".tpm")], stdout=subprocess.DEVNULL)


# ---- looking for bytes ------------------------------------------------------------------------

def files_with(where, needles):
    """Which files under a directory, or which of these, hold any of these bytes."""
    paths = [where] if os.path.isfile(where) else [
        os.path.join(d, f) for d, _, names in os.walk(where) for f in names]
    found = []
    for path in paths:
        with open(path, "rb") as f:
            content = f.read()
        found += [path for x in needles if x in content]
    return found


# ---- running them -----------------------------------------------------------------------------

PROGRAMS = sys.argv[1:6]
SCENARIOS = []


def scenario(f):
    SCENARIOS.append(f)
    return f


@contextlib.contextmanager
def attacked(**settings):
    """A world whose device is known to be good."""
    with AttackWorld(PROGRAMS, **settings) as w:
        w.start_verifier()
        w.enrol()
        yield w


def main():
    """SCENARIO.py AGENT VERIFIER PAWLCTL THIEF TPM-THIEF [FUNCTION..]"""
    wanted, failed = sys.argv[6:], 0
    for tool in ("swtpm", "tpm2_getcap", "openssl"):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            return 77
    home = tempfile.mkdtemp(prefix="pawl-attacks-")
    try:
        make_authority(os.path.join(home, "ca"))
        for f in [x for x in SCENARIOS if not wanted or x.__name__ in wanted]:
            start, name = time.monotonic(), f.__name__.replace("_", " ")
            try:
                f()
                print(f"ok: {name} ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception:
                failed += 1
                traceback.print_exc()
                print(f"FAILED: {name}", flush=True)
    finally:
        shutil.rmtree(home)
    return 1 if failed else 0
