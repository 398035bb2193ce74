# SPDX-License-Identifier: Apache-2.0
"""The world of a chaos run: a real verifier, and devices each of which is a real agent with a real
software TPM. What may be done to them as a whole: start, stop, kill, take the power away. Imported,
never run.

A device whose power was cut and whose agent was killed is the same device afterwards, and nobody's
incident: that is what the run is about.
"""
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from free_port import free_port
from survival_world import LAB, OperatorSocket, make_authority

LIMIT_S = 120  # for whatever is waited for
KILLED = -signal.SIGKILL


GIVEN_UP = threading.Event()  # nobody waits any longer


class Failed(Exception):
    """What must hold does not."""


def until(what, true, every_s=0.05, limit_s=LIMIT_S):
    """Asks until it is so."""
    end = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > end:
            raise Failed(f"never came true: {what}")
        if GIVEN_UP.is_set():
            raise Failed("given up")
        time.sleep(every_s)


# ---- the verifier ----------------------------------------------------------------------------

class Verifier:
    def __init__(self, program, path, ca, environment):
        self.program, self.dir, self.environment = program, path, environment
        self.said = path + ".said"
        self.lock = threading.RLock()
        self.up = threading.Event()
        self.process, self.kills, self.stops = None, 0, 0
        self.port = free_port()
        address = f"127.0.0.1:{self.port}"
        with open(self.said, "w") as said:
            subprocess.run([program, "init", path, "--address", address, "--listen", address,
                            "--lab-roots", f"{ca}/roots", "--intermediates",
                            f"{ca}/intermediates", "--admission", "token"], check=True,
                           stdout=said, stderr=said, env=environment)
        self.set(workers=2, attests_per_minute=0)

    def set(self, **settings):
        path = os.path.join(self.dir, "verifier.ini")
        with open(path) as f:
            lines = f.read().splitlines()
        for key, value in settings.items():
            at, = [i for i, x in enumerate(lines) if x.lstrip(";").split("=")[0].strip() == key]
            lines[at] = f"{key} = {value}"
        with open(path, "w") as f:
            f.write("\n".join(lines) + "\n")

    def start(self):
        with self.lock, open(self.said, "a") as said:
            self.process = subprocess.Popen([self.program, "serve", self.dir], text=True,
                                            stdout=subprocess.PIPE, stderr=said,
                                            env=self.environment)
            line = self.process.stdout.readline()
            if not line.startswith("ready"):
                raise Failed(f"the verifier does not start: {line!r}, see {self.said}")
            self.up.set()

    def kill(self):
        with self.lock:
            self.expect_alive()
            self.up.clear()
            self.process.kill()
            self.process.wait()
            self.kills += 1

    def stop(self):
        with self.lock:
            self.expect_alive()
            self.up.clear()
            self.process.terminate()
            code = self.process.wait(LIMIT_S)
            if code:
                raise Failed(f"the verifier ended with {code}, see {self.said}")
            self.stops += 1

    def expect_alive(self):
        if self.process.poll() is not None:
            raise Failed(f"the verifier ended by itself with {self.process.poll()}")

    def is_up(self):
        return self.up.is_set()

    def wait_until_up(self):
        self.up.wait(LIMIT_S)

    # Its operator.

    def ask(self, method, path, body=None):
        """OSError: it went away, perhaps after it did what was asked."""
        c = OperatorSocket(os.path.join(self.dir, "operator.sock"))
        try:
            c.request(method, "/v1/" + path, json.dumps(body) if body is not None else None,
                      {"Content-Type": "application/json"} if body is not None else {})
            r = c.getresponse()
            said = r.read()
        finally:
            c.close()
        if r.status // 100 != 2:
            raise Failed(f"{method} {path}: {r.status} {said.decode()}")
        return json.loads(said) if said else None

    def ask_again(self, method, path):
        """Until it answers: for what may be done twice."""
        while True:
            try:
                return self.ask(method, path)
            except OSError:
                self.wait_until_up()

    def get(self, path):
        return self.ask_again("GET", path)

    def each(self, what, path):
        """All entries of a list that comes in pages."""
        after, found = "", []
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit=1000&after={after}")
            found += page[what]
            if not page[what] or page["next"] in (None, after):
                return found
            after = page["next"]


# ---- a device --------------------------------------------------------------------------------

class Device:
    """Its memory is the directory; its wire is the only way to the verifier."""

    def __init__(self, program, path, ca, wire, environment):
        self.program, self.dir, self.ca, self.wire = program, path, ca, wire
        self.environment = environment
        self.name = os.path.basename(path)
        self.lock = threading.RLock()
        self.process = None
        self.expected = True    # that it does not run
        self.powered = False
        self.counts = {"kill": 0, "power": 0, "tpm": 0, "stop": 0, "start": 0}
        self.id = None

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def socket(self):
        return self.path("app.sock")

    def tcti(self):
        return f"swtpm:path={self.path('tpm', 'sock')}"

    # Its TPM.

    def tpm2(self, tool, *arguments):
        subprocess.run([f"tpm2_{tool}", "-T", self.tcti(), *arguments], check=True,
                       env=self.environment)

    def lab(self, what, *arguments):
        subprocess.run([f"{LAB}/{what}", self.path("tpm"), *arguments], check=True,
                       stdout=subprocess.DEVNULL, env=self.environment)

    def make_tpm(self):
        os.mkdir(self.dir)
        self.lab("fresh", "--ca", self.ca, "--ek", "p256", "--start")
        self.powered = True
        self.boot()

    def boot(self):
        """What a firmware would measure, the same at each start."""
        self.tpm2("pcrextend", *(f"{n}:sha256={n + 1:064x}" for n in (0, 2, 4, 7)))

    def flush_tpm(self):
        """What the kernel's resource manager does when a process has ended: its objects go."""
        for what in ("--transient-object", "--loaded-session", "--saved-session"):
            self.tpm2("flushcontext", what)

    def cut_tpm(self):
        """Without TPM2_Shutdown."""
        with open(self.path("tpm", "pid")) as f:
            pid = int(f.read())
        os.kill(pid, signal.SIGKILL)
        while is_running(pid):
            time.sleep(0.002)
        self.powered = False

    def start_tpm(self):
        self.lab("start")
        self.powered = True
        self.boot()

    def lockouts(self):
        said = subprocess.run(["tpm2_getcap", "-T", self.tcti(), "properties-variable"],
                              capture_output=True, text=True, check=True,
                              env=self.environment).stdout
        lines = dict(x.split(":", 1) for x in said.splitlines() if ":" in x)
        fields = {k.strip(): v.strip() for k, v in lines.items()}
        return fields["TPM2_PT_LOCKOUT_COUNTER"], fields["inLockout"]

    # Its agent.

    def configure(self, join, **settings):
        path = self.path("agent.ini")
        subprocess.run([self.program, "--config", path, "join", join], check=True,
                       env=self.environment, stdout=subprocess.DEVNULL)
        with open(f"{self.ca}/proxy.pin") as f:
            pin = f.read().strip()
        settings = dict(settings, tcti=self.tcti(), state=self.path("state"), tls=f"pin:{pin}",
                        server=f"127.0.0.1:{self.wire.port}", socket=self.socket())
        with open(path) as f:
            kept = [x for x in f.read().splitlines() if x.split("=")[0].strip() not in settings]
        with open(path, "w") as f:
            f.write("\n".join([f"{k} = {v}" for k, v in settings.items()] + kept) + "\n")

    def start(self):
        with self.lock:
            if not self.powered:
                self.start_tpm()
            with open(self.path("agent.said"), "a") as said:
                self.process = subprocess.Popen(
                    [self.program, "--config", self.path("agent.ini"), "run"], stderr=said,
                    stdin=subprocess.DEVNULL, env=self.environment)
            self.expected = False
            self.counts["start"] += 1

    def runs(self):
        """Failed: it ended, and nobody asked it to."""
        with self.lock:
            if self.process is None:
                return False
            code = self.process.poll()
            if code is not None and not self.expected:
                raise Failed(f"{self.name}: the agent ended by itself with {code}, see "
                             f"{self.path('agent.said')}")
            return code is None

    def stop(self):
        """In order."""
        with self.lock:
            if not self.runs():
                return
            self.expected = True
            self.process.terminate()
            code = self.process.wait(LIMIT_S)
            if code:
                raise Failed(f"{self.name}: ended with {code} when it was told to stop")
            self.counts["stop"] += 1

    def kill(self):
        with self.lock:
            if not self.runs():
                return
            self.expected = True
            self.process.kill()
            self.process.wait()
            self.flush_tpm()
            self.counts["kill"] += 1

    def power(self):
        """All of it loses its power at once."""
        with self.lock:
            if not self.runs():
                return
            self.expected = True
            self.cut_tpm()
            self.process.kill()
            self.process.wait()
            self.counts["power"] += 1

    def tpm(self):
        """The TPM alone is reset; the agent lives and sees that it went away."""
        with self.lock:
            if not self.runs():
                return
            self.cut_tpm()
            self.start_tpm()
            self.counts["tpm"] += 1

    def record(self):
        """What the agent wrote down of itself."""
        try:
            with open(self.path("state", "agent.json")) as f:
                return json.load(f)
        except FileNotFoundError:
            return {"enrolled": False}

    def is_enrolled(self):
        self.runs()
        return self.record()["enrolled"]

    def close(self):
        with self.lock:
            self.expected = True
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.powered:
                self.cut_tpm()
        self.wire.close()


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# ---- all of it -------------------------------------------------------------------------------

class World:
    """Nothing of it is left behind; with PAWL_KEEP set, its files are."""

    def __init__(self, programs):
        self.agent_program, self.verifier_program = programs
        self.dir = tempfile.mkdtemp(prefix="pawl-chaos-")
        self.devices = []
        self.ca = self.path("ca")
        make_authority(self.ca)
        # A TPM that goes away while tpm2-tss connects costs a few bytes there.
        asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))
        self.environment = dict(os.environ, TSS2_LOG="all+none", ASAN_OPTIONS=asan)
        self.verifier = Verifier(self.verifier_program, self.path("v"), self.ca, self.environment)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for d in self.devices:
            d.close()
        if self.verifier.process and self.verifier.process.poll() is None:
            self.verifier.process.kill()
            self.verifier.process.wait()
        if "PAWL_KEEP" in os.environ:
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir)

    def make_devices(self, wires):
        """One for each wire; several TPMs are made at a time."""
        self.devices = [Device(self.agent_program, self.path(f"d{i:02}"), self.ca, wire,
                               self.environment) for i, wire in enumerate(wires)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(Device.make_tpm, self.devices))

    def enrol(self, **settings):
        """All at once, by one token; the first one shows what is good."""
        self.verifier.start()
        token = self.verifier.ask("POST", "tokens", {"uses": len(self.devices)})
        for d in self.devices:
            d.configure(token["join"], **settings)
            d.start()
        for d in self.devices:
            until(f"{d.name} is enrolled", d.is_enrolled)
            d.id = d.record()["device_id"]
        self.verifier.ask("POST", "policies/learn", {"name": "good", "device": self.devices[0].id})
        self.verifier.ask("POST", "default-policy", {"policy": "good"})

    def sanitizers_said(self):
        """What they found, in any log."""
        found = []
        for path in [self.verifier.said, *(d.path("agent.said") for d in self.devices)]:
            with open(path, errors="replace") as f:
                found += [f"{path}: {x.strip()}" for x in f
                          if "Sanitizer" in x or "runtime error" in x]
        return found
