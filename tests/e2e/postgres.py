#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves, on real servers of PostgreSQL with their disks: two verifiers move the same devices on in
any order; what was acknowledged survives a verifier that is killed, and a failover to a synchronous
standby; a standby that was behind is noticed and not served.

postgres.py LOAD, a program like postgres_load.c. Exit code 77 where no PostgreSQL is installed."""
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from postgres_server import ROOT, Server, conninfo, remove_all

DEVICES = 4
LOAD = sys.argv[1]
failed = 0


def check(what, good):
    global failed
    failed += not good
    print("ok  " if good else "FAIL", what, flush=True)


def wait_for(what, condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"gave up waiting: {what}")
        time.sleep(0.02)


class Verifier:
    """A postgres_load with what it said."""
    all = []

    def __init__(self, name, conninfo):
        self.dir, self.conninfo = ROOT / name, conninfo
        self.dir.mkdir()
        self.acknowledged, self.said = {}, []
        Verifier.all.append(self)
        self.start()

    def start(self):
        self.process = subprocess.Popen([LOAD, str(self.dir), self.conninfo, str(DEVICES)],
                                        stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, args=(self.process,))
        self.reader.start()

    def read(self, process):
        for line in process.stdout:
            words = line.split()
            self.said.append(line.strip())
            if words[0] == "ok" and line.endswith("\n"):
                self.acknowledged[int(words[1])] = int(words[2])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def count(self, what="ok"):
        return sum(line.startswith(what) for line in list(self.said))

    def moves_on(self, more=40):
        so_far = self.count()
        wait_for(f"{self.dir.name} commits", lambda: self.count() >= so_far + more)


def holds(server, *acknowledged):
    """Every version that was acknowledged by now, or a later one."""
    acknowledged = [dict(a) for a in acknowledged]
    rows = server.ask("SELECT get_byte(id, 0) - 1, version FROM device JOIN ratchet"
                      " ON ratchet.device = device.number")
    version = dict(map(int, row.split("|")) for row in rows.splitlines())
    return all(version.get(device, 0) >= at for a in acknowledged for device, at in a.items())


def run():
    first, second, third = Server(5501), Server(5502), Server(5503)
    every = conninfo(first, second, third)
    first.make()
    second.copy_of(first)
    second.start()
    first.wait_for_standby(second)
    wait_for("the standby is synchronous", first.is_synchronous)

    a, b = Verifier("a", every), Verifier("b", every)
    a.moves_on()
    b.moves_on()
    check("two verifiers move the same devices on in any order",
          set(a.acknowledged) == set(b.acknowledged) == set(range(DEVICES)))

    a.kill()
    check("a verifier that is killed under load loses nothing that it acknowledged",
          holds(first, a.acknowledged, b.acknowledged))
    b.moves_on()
    a.start()
    a.moves_on()

    first.crash()
    acknowledged = dict(a.acknowledged), dict(b.acknowledged)
    second.promote()
    check("a failover to a synchronous standby loses nothing that was acknowledged",
          holds(second, *acknowledged))
    a.moves_on()
    b.moves_on()
    check("both go on with the new primary", holds(second, a.acknowledged, b.acknowledged))

    third.copy_of(second)
    a.moves_on()  # the copy lacks this
    b.moves_on()
    before = a.count("away"), b.count("away")
    second.crash()
    wait_for("both notice", lambda: a.count("away") > before[0] and b.count("away") > before[1])
    time_of_crash = a.count(), b.count()
    third.start()
    third.promote()
    wait_for("the older copy is noticed", lambda: a.count("older copy") and b.count("older copy"))
    check("a standby that was behind is noticed, and not served",
          (a.count(), b.count()) == time_of_crash)


def stop():
    for verifier in Verifier.all:
        verifier.kill()
    remove_all()


try:
    run()
finally:
    stop()
sys.exit(1 if failed else 0)
