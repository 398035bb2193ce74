# SPDX-License-Identifier: Apache-2.0
"""The world of survival.py: a real TPM, verifier and agent in one directory, and between the two a
wire that loses, repeats and delays what it is told to, and that keeps what ever passed. Imported,
never run.

What must hold whatever happens is checked here, from the outside: Recorder.check and World.check.
"""
import collections
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import tempfile
import threading
import time

from free_port import free_port
from middle import TYPE, Answer, decode

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(HERE, "..", "..", "swtpm-config")
LIMIT_S = 180  # for whatever is waited for


class Skip(Exception):
    """Why this case cannot be tried here."""


def until(what, true):
    """Asks until it is so."""
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.02)


# ---- what passed -----------------------------------------------------------------------------

class Recorder:
    """Every message that left either side, and every request with evidence."""

    UP, DOWN = 0, 1

    def __init__(self):
        self.lock = threading.Lock()
        self.sealed = collections.defaultdict(set)    # (dir, kid || gen, seq, IV): what it carried
        self.slots = collections.defaultdict(set)     # (dir, seq)
        self.attempts = collections.defaultdict(set)  # number: A1

    def message(self, way, cose):
        protected, unprotected, ciphertext, *recipients = cose
        where = recipients[0][0][1] if recipients else unprotected
        seq = where[-22] if recipients else where[-70003]
        sealed = (protected, ciphertext)
        with self.lock:
            self.sealed[way, where[4], seq, unprotected[5]].add(sealed)
            self.slots[way, seq].add(sealed)

    def request(self, path, body):
        if path == "messages":
            for cose in decode(body)[3]:
                self.message(self.UP, cose)
        if path == "evidence":
            a1 = decode(body)[1]
            with self.lock:
                self.attempts[decode(a1)[8]].add(a1)

    def answer(self, path, answer):
        if path == "messages" and answer.status == 200:
            for cose in decode(answer.body)[3]:
                self.message(self.DOWN, cose)

    def messages(self, way):
        return sum(1 for where in self.slots if where[0] == way)

    def check(self, attempts_again, slots_again):
        """A key and an IV never come twice together."""
        with self.lock:
            for where, carried in self.sealed.items():
                assert len(carried) == 1, ("a key and IV were used twice", where)
            for where, carried in () if slots_again else self.slots.items():
                assert len(carried) == 1, ("a slot was used twice", where)
            for number, requests in () if attempts_again else self.attempts.items():
                assert len(requests) == 1, ("an attempt was used twice", number)


# ---- the wire --------------------------------------------------------------------------------

class Wire:
    """A TLS proxy that the agent was told to trust as a pipe. once[path] is a list of what happens
    to the next requests there: each a function (body, forward) -> Answer, or None to hang up."""

    def __init__(self, cert, key, verifier_port):
        self.verifier_port = verifier_port
        self.recorder = Recorder()
        self.once = collections.defaultdict(list)
        self.late = []      # (path, body): requests that the verifier has not seen yet
        self.answers = {}   # path: the last answer
        self.said = []      # what went by, and how connections ended
        self.upstream = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.upstream.check_hostname = False
        self.upstream.verify_mode = ssl.CERT_NONE
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(cert, key)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        """Not while somebody waits in it: the number of its socket is another's soon."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def serve(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connection, args=(s,), daemon=True).start()

    def connection(self, s):
        try:
            with self.context.wrap_socket(s, server_side=True) as tls:
                stream = tls.makefile("rb")
                while self.exchange(tls, stream):
                    pass
        except (OSError, http.client.HTTPException) as e:  # either side went away
            self.said.append(repr(e))

    def ask(self, method, target, body):
        c = http.client.HTTPSConnection("127.0.0.1", self.verifier_port, timeout=LIMIT_S,
                                        context=self.upstream)
        try:
            c.request(method, target, body, {"Content-Type": TYPE} if body is not None else {})
            r = c.getresponse()
            return Answer(r.status, dict(r.getheaders()), r.read())
        finally:
            c.close()

    def request(self, path, body):
        self.recorder.request(path, body)

    def bend(self, path):
        return self.once[path].pop(0) if self.once[path] else None

    def forward(self, path, body):
        answer = self.ask("POST", "/pawl/1/" + path, body)
        self.recorder.answer(path, answer)
        self.answers[path] = answer
        return answer

    def deliver_late(self):
        """What was held back arrives now, behind all that came since."""
        late, self.late = self.late, []
        return [self.forward(path, body) for path, body in late]

    def exchange(self, tls, stream):
        line = stream.readline().decode()
        if not line:
            return False
        method, target, _ = line.split()
        headers = http.client.parse_headers(stream)
        body = stream.read(int(headers.get("Content-Length", 0)))
        path = target.removeprefix("/pawl/1/")
        if method == "GET":
            answer = self.ask("GET", target, None)
        else:
            self.request(path, body)
            forward = lambda b: self.forward(path, b)
            bend = self.bend(path)
            answer = bend(body, forward) if bend else forward(body)
        self.said.append(f"{path}: {answer.status if answer else 'hung up'}")
        if answer is None:
            return False
        kept = "".join(f"{k}: {answer.headers[k]}\r\n" for k in
                       ("Content-Type", "Retry-After", "Pawl-Request") if k in answer.headers)
        tls.sendall(f"HTTP/1.1 {answer.status} x\r\nContent-Length: {len(answer.body)}\r\n{kept}\r\n"
                    .encode() + answer.body)
        return True

    # What may happen to a request, once. An HTTP client sends again by itself what went into a
    # connection that was kept and ends without an answer, so that end comes twice.

    def hang_up(self, path, do):
        lost = []

        def first(body, forward):
            lost.append(body)
            do(body, forward)

        def second(body, forward):
            return None if body in lost else forward(body)
        self.once[path] += [first, second]

    def lose_request(self, path):
        self.hang_up(path, lambda body, forward: None)

    def lose_answer(self, path):
        self.hang_up(path, lambda body, forward: forward(body))

    def delay_request(self, path):
        self.hang_up(path, lambda body, forward: self.late.append((path, body)))

    def repeat_request(self, path, which):
        """It arrives twice; the sender gets the first answer (0) or the second (1)."""
        self.once[path].append(lambda body, forward: [forward(body), forward(body)][which])

    def repeat_answer(self, path):
        """The answer to the request before this one comes, instead of its own."""
        old = self.answers[path]
        self.once[path].append(lambda body, forward: forward(body) and old)


# ---- messages --------------------------------------------------------------------------------

class Messages:
    """What applications and operators sent, and what came out at the other end. Each has a text of
    its own. safe: its sender was told so; otherwise nobody knows."""

    def __init__(self):
        self.n = 0
        self.safe = {"up": set(), "down": set()}
        self.unsure = {"up": set(), "down": set()}
        self.gone = set()  # safe, at the side whose memory was then replaced by an older one
        self.received = collections.Counter()  # by a `recv` that ended well
        self.seen = set()                      # by any

    def make(self, n):
        self.n += n
        return [f"message {i}" for i in range(self.n - n, self.n)]

    def note(self, way, texts, safe):
        (self.safe if safe else self.unsure)[way].update(texts)

    def all_safe_arrived(self, way, arrived):
        return self.safe[way] - self.gone <= set(arrived)

    def check(self, way, arrived):
        """arrived: a Counter."""
        lost = self.safe[way] - self.gone - set(arrived)
        assert not lost, (way, "lost", lost)
        unknown = set(arrived) - self.safe[way] - self.unsure[way]
        assert not unknown, (way, "from nowhere", unknown)
        again = [x for x in arrived if arrived[x] != 1]
        assert not again, (way, "more than once", again)


# ---- processes -------------------------------------------------------------------------------

Done = collections.namedtuple("Done", "code out err")
KILLED = -signal.SIGKILL
CLONED, WENT_BACK = 3, 5  # kinds of incidents
CLOSED = 3  # their state


class OperatorSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("operator", timeout=LIMIT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect(self.path)


class World:
    """One TPM, one verifier, one agent. Nothing of it is left behind."""

    wire_class = Wire

    def __init__(self, programs, **settings):
        self.agent_program, self.verifier_program, self.ctl_program = programs
        self.dir = tempfile.mkdtemp(prefix="pawl-survival-")
        self.verifier_process = self.agent_process = None
        # What is expected: a copy of the state was at work.
        self.attempts_again = self.slots_again = self.incidents = False
        self.messages = Messages()
        self.make_clocks()
        self.make_verifier(**settings)
        self.make_tpm()
        self.make_agent()

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for p in (self.agent_process, self.verifier_process):
            if p and p.poll() is None:
                p.kill()
                p.wait()
        self.wire.close()
        self.cut_tpm()
        for mounted in ("state", "v"):
            if os.path.ismount(self.path(mounted)):
                subprocess.run(["umount", self.path(mounted)], check=True)
        if kind:
            print("-- wire:", self.wire.said[-8:])
            for name in ("agent.said", "verifier.said"):
                with open(self.path(name), errors="replace") as f:
                    print(f"-- {name}:\n   " + "   ".join(f.readlines()[-16:]))
        if kind and "PAWL_KEEP" in os.environ:
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir)

    def environment(self, inject):
        e = dict(os.environ, PAWL_CLOCKS=self.path("clocks"), TSS2_LOG="all+none")
        e["PAWL_POINT_LOG"] = inject.get("log", "/dev/null")
        if "at" in inject:
            e["PAWL_POINT"] = str(inject["at"])
            if inject.get("kill", True):
                e["PAWL_POINT_KILL"] = "1"
            if "run" in inject:
                e["PAWL_POINT_RUN"] = inject["run"]
        return e

    # The clocks of both programs.

    def make_clocks(self):
        self.wall_s = self.boot_s = 0
        with open(self.path("clocks"), "wb") as f:
            f.write(bytes(16))

    def jump(self, wall_s, boot_s):
        """How far the clocks are off from now on."""
        self.wall_s, self.boot_s = wall_s, boot_s
        with open(self.path("clocks"), "r+b") as f:
            f.write(struct.pack("=qq", wall_s * 1000, boot_s * 1000))

    def pass_time(self, seconds):
        self.jump(self.wall_s + seconds, self.boot_s + seconds)

    # The TPM.

    def make_tpm(self):
        ca = os.environ["PAWL_SURVIVAL_CA"]
        subprocess.run([f"{LAB}/fresh", self.path("tpm"), "--ca", ca, "--ek", "p256", "--start"],
                       check=True, stdout=subprocess.DEVNULL)
        self.boot()

    def boot(self):
        """What a firmware would measure, the same at each start."""
        subprocess.run(["tpm2_pcrextend", "-T", self.tcti(),
                        *(f"{n}:sha256={n + 1:064x}" for n in (0, 2, 4, 7))], check=True)

    def tpm_pid(self):
        try:
            with open(self.path("tpm", "pid")) as f:
                return int(f.read())
        except (FileNotFoundError, ValueError):
            return None

    def cut_command(self):
        """For a shell: the TPM loses its power, without TPM2_Shutdown."""
        pid = self.tpm_pid()
        return (f"kill -9 {pid}; while [ -e /proc/{pid} ] && "
                f"! grep -qs '^State:.Z' /proc/{pid}/status; do :; done")

    def cut_tpm(self):
        if self.tpm_pid():
            subprocess.run(["sh", "-c", self.cut_command()], stderr=subprocess.DEVNULL)

    def start_tpm(self):
        subprocess.run([f"{LAB}/start", self.path("tpm")], check=True, stdout=subprocess.DEVNULL)
        self.boot()

    def flush_tpm(self):
        """What the kernel's resource manager does when a process has ended: its objects go."""
        for what in ("--transient-object", "--loaded-session", "--saved-session"):
            subprocess.run(["tpm2_flushcontext", "-T", self.tcti(), what], check=True)

    def tcti(self):
        return f"swtpm:path={self.path('tpm', 'sock')}"

    def lockouts(self):
        said = subprocess.run(["tpm2_getcap", "-T", self.tcti(), "properties-variable"],
                              capture_output=True, text=True, check=True).stdout
        lines = dict(x.split(":", 1) for x in said.splitlines() if ":" in x)
        fields = {k.strip(): v.strip() for k, v in lines.items()}
        return fields["TPM2_PT_LOCKOUT_COUNTER"], fields["inLockout"]

    # The verifier.

    def make_verifier(self, **settings):
        ca = os.environ["PAWL_SURVIVAL_CA"]
        port = free_port()
        address = f"127.0.0.1:{port}"
        self.join = subprocess.run(
            [self.verifier_program, "init", self.path("v"), "--address", address, "--listen",
             address, "--lab-roots", f"{ca}/roots", "--intermediates", f"{ca}/intermediates",
             "--admission", "open"], check=True, capture_output=True, text=True,
            env=self.environment({})).stdout.strip()
        self.set_ini(self.path("v", "verifier.ini"), ";",
                     **{"workers": 2, "reenrol": "auto", "attests_per_minute": 0, **settings})
        self.wire = self.wire_class(f"{ca}/proxy.crt", f"{ca}/proxy.key", port)

    def set_ini(self, path, comment, **settings):
        with open(path) as f:
            lines = f.read().splitlines()
        for key, value in settings.items():
            at = [i for i, x in enumerate(lines) if x.lstrip(comment).split("=")[0].strip() == key]
            assert at or comment == "#", (path, key)
            if at:
                lines[at[0]] = f"{key} = {value}"
            else:
                lines.insert(0, f"{key} = {value}")
        with open(path, "w") as f:
            f.write("\n".join(lines) + "\n")

    def start_verifier(self, limits=None, **inject):
        said = open(self.path("verifier.said"), "a")
        self.verifier_process = p = subprocess.Popen(
            [self.verifier_program, "serve", self.path("v")], stdout=subprocess.PIPE, stderr=said,
            env=self.environment(inject), text=True, preexec_fn=limits)
        line = p.stdout.readline()
        if not line.startswith("ready"):
            assert p.wait() == KILLED and "at" in inject, ("no verifier", line)

    def stop_verifier(self):
        self.verifier_process.terminate()
        assert self.verifier_process.wait(LIMIT_S) == 0, "the verifier did not end in order"

    def kill_verifier(self):
        self.verifier_process.kill()
        self.verifier_process.wait()

    def verifier_was_killed(self):
        return self.verifier_process.poll() == KILLED

    def operator(self, method, path, body=None):
        c = OperatorSocket(self.path("v", "operator.sock"))
        try:
            c.request(method, "/v1/" + path, json.dumps(body) if body is not None else None,
                      {"Content-Type": "application/json"} if body is not None else {})
            r = c.getresponse()
            said = r.read()
            assert r.status // 100 == 2, (path, r.status, said)
            return json.loads(said) if said else None
        finally:
            c.close()

    def rows(self, query):
        db = sqlite3.connect(f"file:{self.path('v', 'pawl.db')}?mode=ro", uri=True)
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()

    # The agent.

    def make_agent(self):
        ca = os.environ["PAWL_SURVIVAL_CA"]
        assert self.agent("join", self.join).code == 0
        with open(f"{ca}/proxy.pin") as f:
            pin = f.read().strip()
        self.set_ini(self.path("agent.ini"), "#", tcti=self.tcti(), state=self.path("state"),
                     server=f"127.0.0.1:{self.wire.port}", tls=f"pin:{pin}", timeout_s=20,
                     interval_s=1, jitter_s=0, socket=self.path("app.sock"), poll_s=1, batch_ms=0)

    def agent(self, *arguments, said="", limits=None, **inject):
        p = subprocess.run([self.agent_program, "--config", self.path("agent.ini"), *arguments],
                           input=said, capture_output=True, text=True, timeout=2 * LIMIT_S,
                           env=self.environment(inject), preexec_fn=limits)
        with open(self.path("agent.said"), "a") as f:
            f.write(f"$ {' '.join(arguments)}: {p.returncode}\n{p.stdout}{p.stderr}")
        assert "Sanitizer" not in p.stderr and "runtime error" not in p.stderr, p.stderr
        if p.returncode == KILLED and "run" not in inject:
            self.flush_tpm()
        return Done(p.returncode, p.stdout, p.stderr)

    def run_agent(self, **inject):
        with open(self.path("agent.said"), "a") as said:
            self.agent_process = subprocess.Popen(
                [self.agent_program, "--config", self.path("agent.ini"), "run"], stderr=said,
                stdin=subprocess.DEVNULL, env=self.environment(inject))
        return self.agent_process

    def listens(self):
        """Whether an application may come; a killed agent leaves its socket behind."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            return s.connect_ex(self.path("app.sock")) == 0

    def stop_agent(self):
        self.agent_process.terminate()
        assert self.agent_process.wait(LIMIT_S) == 0, "the agent did not end in order"

    def record(self):
        """What the agent wrote down of itself."""
        try:
            with open(self.path("state", "agent.json")) as f:
                return json.load(f)
        except FileNotFoundError:
            return {"enrolled": False}

    def device(self):
        return self.operator("GET", "devices/" + self.record()["device_id"])

    # What people do.

    def enrol(self):
        """A device that is known to be good from now on."""
        done = self.agent("enroll")
        assert done.code == 0, done
        self.trust()

    def trust(self):
        """Its state now is what the policy wants."""
        assert self.agent("attest").code in (0, 1)
        device = self.record()["device_id"]
        self.operator("POST", "policies/learn", {"name": "good", "device": device})
        self.operator("POST", "default-policy", {"policy": "good"})
        done = self.agent("attest")
        assert done.code == 0, done

    def demand(self):
        """So that the next rekey is not too soon; the epoch that it ends."""
        return self.operator("POST", f"devices/{self.record()['device_id']}/rekey")["epoch"]

    def rekey(self, **inject):
        self.demand()
        return self.agent("rekey", **inject)

    def send(self, n=1, **inject):
        """From an application on the device. 4: queued, and safe."""
        texts = self.messages.make(n)
        done = self.agent("send", "--lines", "-", said="\n".join(texts), **inject)
        self.messages.note("up", texts, done.code in (0, 4))
        return done

    def push(self):
        """From an operator."""
        texts, safe = self.messages.make(1), False
        try:
            self.operator("POST", f"devices/{self.record()['device_id']}/messages",
                          {"text": texts[0]})
            safe = True
        finally:
            self.messages.note("down", texts, safe)

    def receive(self, **inject):
        done = self.agent("recv", "--lines", **inject)
        texts = done.out.splitlines()
        self.messages.seen.update(texts)
        if done.code == 0:
            self.messages.received.update(texts)
        return done

    def inbox(self):
        """What a consumer at the verifier sees."""
        found, after = collections.Counter(), ""
        while True:
            page = self.operator("GET", f"messages?limit=1000&after={after}&type=message")
            found.update(x["text"] for x in page["messages"])
            if not page["messages"]:
                return found
            after = page["next"]

    # What must hold.

    def answered(self, command):
        """The verifier has answered, and took it."""
        done = self.agent(command)
        assert done.code in (0, 1) and "refused" not in done.out + done.err, (command, done)

    def in_step(self):
        """It finds back by itself, as its next rounds would: enrolled before if it was not, and with
        one attest more where the first ended in a resync, whose root is current when it is used."""
        if not self.record()["enrolled"]:
            self.answered("enroll")
        self.answered("attest")
        mine, theirs = int(self.record()["epoch"]), self.device()["ratchet"]
        if mine == theirs["pending"]:
            self.answered("attest")
            theirs = self.device()["ratchet"]
        assert (mine, None) == (theirs["epoch"], theirs["pending"]), ("not in step", mine, theirs)
        assert self.lockouts() == ("0x0", "0"), self.lockouts()
        self.check_past()
        return mine

    def check(self):
        """And goes on from there."""
        before = self.in_step()
        self.demand()
        self.answered("rekey")
        assert self.in_step() == before + 1
        self.exchange()

    def exchange(self):
        """Messages go both ways, and all that were safe before have arrived."""
        m = self.messages
        self.push()
        for _ in range(3):  # an epoch that is not confirmed, an attest that has to come first
            if self.send().code == 0 and m.all_safe_arrived("up", self.inbox()):
                break
        m.check("up", self.inbox())
        for _ in range(3):
            self.receive()
            if m.all_safe_arrived("down", m.seen):
                break
            self.pass_time(31)  # after which what was not acknowledged goes again
        # What a `recv` that was stopped had printed comes again if it was not taken.
        m.check("down", m.received + collections.Counter(m.seen - set(m.received)))

    def resynced(self, n):
        """So often, and whoever looks at the device sees it."""
        events = [x["line"] for x in self.device()["events"]]
        found = [x for x in events if "resync to epoch" in x]
        assert len(found) == n, events

    def check_past(self):
        """Nothing was done that must never be."""
        self.wire.recorder.check(self.attempts_again, self.slots_again)
        if not self.incidents:
            # But for a store that says of itself that it was put back.
            found = self.rows(f"SELECT kind, epoch, rules FROM incident WHERE kind != {WENT_BACK}")
            assert not found, ("incidents without a thief", found)
        with open(self.path("verifier.said"), errors="replace") as f:
            said = f.read()
        assert "Sanitizer" not in said and "runtime error" not in said, said[-4000:]


def make_authority(path):
    """The lab's, and a key for the wire."""
    subprocess.run([f"{LAB}/ca", path], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{path}/proxy.key", "-subj",
                    "/CN=wire", "-out", f"{path}/proxy.crt", "-days", "2"], check=True,
                   stderr=subprocess.DEVNULL)
    pin = (f"openssl x509 -in {path}/proxy.crt -noout -pubkey | openssl pkey -pubin -outform DER |"
           f" openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d = >{path}/proxy.pin")
    subprocess.run(["sh", "-c", pin], check=True)
    os.environ["PAWL_SURVIVAL_CA"] = path


def no_file_grows_beyond(n):
    """For limits: writes fail as on a full disk (EFBIG for ENOSPC)."""
    def set_limits():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n, n))
    return set_limits
