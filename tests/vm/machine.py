# SPDX-License-Identifier: Apache-2.0
"""A machine in QEMU, told over a serial port what to do. The same for every board: how one is put
together is the board's own file. Imported, never run.

guest/init is the other end. It says "#ready" once per boot; then each line is a command, answered
by what it prints and "#exit CODE".
"""
import os
import shlex
import shutil
import socket
import subprocess

from world import LIMIT_S, run, until


class Done:
    def __init__(self, code, out):
        self.code, self.out = code, out

    def __repr__(self):
        return f"exit {self.code}: {self.out}"


def make_disk(world, name, texts, copies):
    """A file system for the machine: what changes, and what it keeps. texts: content by name."""
    root, disk = world.path(f"{name}.data"), world.path(f"{name}.disk")
    os.makedirs(root)
    for path, text in texts.items():
        with open(os.path.join(root, path), "w") as f:
            f.write(text)
        os.chmod(os.path.join(root, path), 0o755)
    for source in copies:
        shutil.copy(source, root)
    run("mke2fs", "-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", root, disk, "128M")
    return disk


class Machine:
    """One process of QEMU: from power on to power off, with any number of boots between."""

    def __init__(self, world, name, tpm, command):
        """command: of QEMU, for the board, without the serial ports and what is named below."""
        self.console = world.path(f"{name}.console")
        self.port_path = world.path(f"{name}.port")
        self.world, self.tpm, self.boots = world, tpm, 0
        tpm.serve()
        with open(world.path(f"{name}.qemu"), "a") as said:
            said.write(shlex.join(command) + "\n")
            said.flush()
            self.process = subprocess.Popen(
                command + ["-display", "none", "-monitor", "none", "-serial",
                           f"file:{self.console}", "-serial",
                           f"unix:{self.port_path},server=on,wait=off"],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            self.connect()
            self.wait_ready()
        except BaseException:
            self.kill()
            raise

    def connect(self):
        until("QEMU listens",
              lambda: os.path.exists(self.port_path) or self.process.poll() is not None)
        self.port = socket.socket(socket.AF_UNIX)
        self.port.settimeout(LIMIT_S)
        self.port.connect(self.port_path)
        self.stream = self.port.makefile("rb")

    def line(self):
        line = self.stream.readline().decode(errors="replace")
        assert line, "the machine has gone"
        return line.rstrip("\r\n")

    def wait_ready(self):
        """The system has booted, once more."""
        said = []
        while not (line := self.line()).endswith("#ready"):
            said.append(line)
            assert not line.startswith("#exit "), f"it did not leave: {said}"
        self.boots += 1

    def sh(self, command):
        self.port.sendall(command.encode() + b"\n")
        lines = []
        while not (line := self.line()).startswith("#exit "):
            lines.append(line)
        return Done(int(line.split()[1]), "\n".join(lines))

    def good(self, command):
        done = self.sh(command)
        assert done.code == 0, (command, done)
        return done.out

    def leave(self, command):
        """One that does not come back, from a system that has stopped writing."""
        self.good("sync; umount /data")
        self.port.sendall(command.encode() + b"\n")

    def reboot(self):
        """Through the firmware, as `reboot` on any machine."""
        self.leave("reboot -f")
        self.wait_ready()

    def off(self):
        self.leave("poweroff -f")
        assert self.process.wait(LIMIT_S) == 0
        self.port.close()
        self.tpm.gone()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.tpm.kill()  # it waits for an emulator that may never have come
