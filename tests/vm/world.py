# SPDX-License-Identifier: Apache-2.0
"""What stands around a machine: the verifier with its operator, the TPM, and how the test waits.
The same for every board. Imported, never run."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(HERE, "..", "..", "swtpm-config")
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from free_port import free_port
os.environ["PATH"] += ":/usr/sbin:/sbin"  # mke2fs, for who is not root
LIMIT_S = 300  # for whatever is waited for: an emulated machine on a busy processor is slow


class Skip(Exception):
    """Why this cannot be tried here."""


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Skip(f"no {tool}")


def need_files(*files):
    for name in files:
        if not os.path.exists(name):
            raise Skip(f"no {name}")


def until(what, true):
    """Asks until it is so."""
    end = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.05)


def run(*command, **options):
    done = subprocess.run([str(x) for x in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout


class World:
    """One directory with a lab's authority and a verifier that trusts it."""

    def __init__(self, verifier_program, ctl_program):
        self.dir = tempfile.mkdtemp(prefix="pawl-vm-", dir="/tmp")
        self.ctl_program = ctl_program
        self.verifier_program = verifier_program
        self.ca = self.path("ca")
        self.verifier = None
        self.devices = set()

    def prepare(self, address):
        """address: this host as a machine sees it."""
        run(f"{LAB}/ca", self.ca)
        port = free_port()
        self.join = run(self.verifier_program, "init", self.path("v"), "--address",
                        f"{address}:{port}", "--listen", f"127.0.0.1:{port}", "--lab-roots",
                        f"{self.ca}/roots", "--intermediates", f"{self.ca}/intermediates").strip()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def start_verifier(self):
        with open(self.path("verifier.log"), "a") as said:
            self.verifier = subprocess.Popen([self.verifier_program, "serve", self.path("v")],
                                             stdout=subprocess.PIPE, stderr=said, text=True)
        line = self.verifier.stdout.readline()
        assert line.startswith("ready"), f"no verifier: {line}"

    def done(self, keep):
        if self.verifier:
            self.verifier.terminate()
            code = self.verifier.wait(LIMIT_S)
            with open(self.path("verifier.log"), errors="replace") as f:
                said = f.read()
            bad = [x for x in ("Sanitizer", "runtime error:") if x in said]
            assert code == 0 and not bad, (code, said[-2000:])
        if keep:
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir)

    def ctl(self, *arguments):
        return run(self.ctl_program, *arguments,
                   env=dict(os.environ, PAWL_SOCKET=self.path("v", "operator.sock")))

    def device(self, identity):
        return json.loads(self.ctl("--json", "device", "show", identity))

    def new_device(self):
        """The one that has come since this was asked before."""
        shown = json.loads(self.ctl("--json", "device", "list"))["devices"]
        new, = {x["id"] for x in shown} - self.devices
        self.devices.add(new)
        return new


class Tpm:
    """A TPM with the lab's EK certificate, for a machine that gives and takes its power."""

    def __init__(self, world, name):
        self.dir = world.path(f"{name}.tpm")
        self.socket = f"{self.dir}/machine"
        run(f"{LAB}/fresh", self.dir, "--ca", world.ca, "--banks", "sha256,sha384", "--ek", "p256")

    def serve(self):
        """Until the machine's emulator goes."""
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.dir}/state", "--ctrl",
             f"type=unixio,path={self.socket}", "--log", f"file={self.dir}/log", "--terminate"])
        until("swtpm listens", lambda: os.path.exists(self.socket))

    def gone(self):
        self.process.wait(LIMIT_S)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
