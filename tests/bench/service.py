#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rows of the benchmark that need a running verifier: a real one, as it ships, with a fleet of
software devices (fleet/) that load it over TLS beside it. What is compared is the processor time of
the verifier's process, all its threads and the kernel's work for it, with a floor that the load's
thread measured in turns with its own work.

    service.py BENCH FLEET VERIFIER [NAME..] [--json] [--seconds N] [--devices N]
        [--outage N] [--world DIR]

Names that are none of these rows are BENCH's. The last three are fleet_scale's: how many are
enrolled, how many of them come back at once, and where they are kept for the next run.
"""
import argparse
import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SMALL = 1000
BATCH = 100
CONNECTIONS = 64
AT_ONCE = 2000  # connections of devices that all come back
PREPARED = 10000  # attests that are made before the clock runs: nonces live for a minute
REKEY_MIN_S = 61
TURNS = 4


class Table:
    """Rows as bench prints them: floor by value is the ratio, 1 is as fast as the floor."""

    def __init__(self, as_json):
        self.as_json, self.rows, self.said = as_json, [], False

    def add(self, name, value, unit, floor, ratio=None):
        if ratio is None:
            ratio = floor / value if value else 0
        self.rows.append({"name": name, "value": value, "unit": unit, "floor": floor,
                          "ratio": round(ratio, 3)})
        if self.as_json:
            return
        if not self.said:
            print("%-32s %10s %-6s %10s %10s" % ("name", "value", "unit", "floor", "ratio"))
        self.said = True
        print("%-32s %10g %-6s %10g %10.3f" % (name, value, unit, floor, ratio), flush=True)


class World:
    """A verifier's directory, and the fleet that is enrolled there."""

    def __init__(self, tools, where, devices):
        self.fleet_program, self.verifier_program = tools
        self.devices = devices
        self.state, self.file = where + "/verifier", where + "/fleet"
        self.roots, self.join, self.process = where + "/roots", where + "/join", None
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
        if not os.path.exists(self.join):
            self.make(devices)
        with open(self.join, encoding="ascii") as f:
            self.address(f.read())

    def make(self, devices):
        os.makedirs(self.roots)
        with open(self.roots + "/ca.pem", "w", encoding="ascii") as f:
            subprocess.run([self.fleet_program, "ca", "--fleet", self.file, "--devices",
                            str(devices)], check=True, stdout=f)
        join = subprocess.run(
            [self.verifier_program, "init", self.state, "--address", "127.0.0.1:1", "--listen",
             "127.0.0.1:1", "--lab-roots", self.roots, "--admission", "open"],
            check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        self.lift_limits()
        subprocess.run([self.fleet_program, "grow", "--fleet", self.file, "--state", self.state,
                        "--devices", str(devices), "--threads", "2", "--learn"], check=True,
                       stdout=subprocess.DEVNULL)
        self.settle(join.strip())
        with open(self.join, "w", encoding="ascii") as f: # last: the world is whole
            f.write(join.strip())

    def settle(self, join):
        """Each device attests once. The first time it writes more than ever after, and how many of
        a fleet are at their first time while it is loaded would depend on its size."""
        self.address(join)
        self.start(2)
        self.load("attest", connections=4 * CONNECTIONS)
        self.stop()

    def address(self, join):
        self.set("address", "127.0.0.1:%d" % self.port)
        self.set("listen", "127.0.0.1:%d" % self.port)
        scheme, rest = join.split("//", 1)
        self.string = "%s//127.0.0.1:%d/%s" % (scheme, self.port, rest.split("/", 1)[1])

    def set(self, key, value, section="[verifier]"):
        path = self.state + "/verifier.ini"
        with open(path, encoding="utf-8") as f:
            lines = [l for l in f if l.split("=")[0].strip(" ;") != key]
        lines.insert(lines.index(section + "\n") + 1, "%s = %s\n" % (key, value))
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(lines)

    def lift_limits(self):
        """The load has one address, and little patience."""
        for key in ("address_rate", "address_connections"):
            self.set(key, 0)
        for key in ("enrolments_per_minute", "attests_per_minute"):
            self.set(key, 0, "[tenant default]")

    def start(self, workers=1, cores=None):
        """How long it took until it served, in seconds."""
        self.set("workers", workers)
        with open(self.state + ".log", "ab") as log:
            begin = time.monotonic()
            self.process = subprocess.Popen(
                [self.verifier_program, "serve", self.state], stdout=subprocess.PIPE, stderr=log,
                text=True, preexec_fn=lambda: cores and os.sched_setaffinity(0, cores))
        if "ready" not in self.process.stdout.readline():
            sys.exit("the verifier did not start: see %s.log" % self.state)
        return time.monotonic() - begin

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        self.process = None

    def load(self, job, **options):
        words = [self.fleet_program, job, "--fleet", self.file, "--join", self.string, "--pid",
                 str(self.process.pid)]
        options.setdefault("connections", CONNECTIONS)
        for name, value in options.items():
            words.append("--" + name.replace("_", "-"))
            if value is not True:
                words.append(str(value))
        done = subprocess.run(words, text=True, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            sys.exit("%s failed (%d): %s" % (job, done.returncode, done.stdout))
        return json.loads(done.stdout)


@contextlib.contextmanager
def world(tools, devices, where=None):
    kept = where is not None
    where = where or tempfile.mkdtemp(prefix="pawl-bench-")
    w = None
    try:
        w = World(tools, where, devices)
        yield w
    finally:
        if w:
            w.stop()
        if not kept:
            shutil.rmtree(where)


def cost(table, name, run, pieces=1):
    table.add(name, round(run["server_cpu_ns"] / pieces / 1000, 2), "us",
              round(run["floor_ns"] / 1000, 2))


# ---- rows ---------------------------------------------------------------------------------------

def attest_service(tools, table, options):
    """One attest: challenge and evidence, two requests; over connections that stay."""
    with world(tools, SMALL) as w:
        w.start()
        w.load("attest", seconds=1)
        cost(table, "attest_service",
             w.load("attest", seconds=options.seconds, floor="attest"))


def rekey_service(tools, table, options):
    """One attested rekey: challenge and evidence, two requests."""
    with world(tools, 6 * SMALL) as w: # so many that the connections' beginning hardly counts
        w.start()
        w.load("attest", devices=SMALL)  # warm; the root in use is proved
        time.sleep(REKEY_MIN_S)
        cost(table, "rekey_service", w.load("rekey", floor="rekey"))


def message_service(tools, table, options):
    """One message of 256 bytes, in requests of 100."""
    with world(tools, SMALL) as w:
        w.start()
        w.load("messages", batch=BATCH)
        cost(table, "message_service",
             w.load("messages", batch=BATCH, seconds=options.seconds, floor="message"), BATCH)


def in_turns(worlds, seconds):
    """The same load on each, in turns, so that what the machine does meanwhile meets all: for each
    the exchanges in a second, and the processor time of one in us."""
    for w in worlds:
        w.load("attest", seconds=1)
    sums = [[0, 0, 0] for _ in worlds]
    for _ in range(TURNS):
        for w, total in zip(worlds, sums):
            run = w.load("attest", seconds=max(1, seconds // TURNS))
            total[0] += run["done"]
            total[1] += run["us"]
            total[2] += run["done"] * run["server_cpu_ns"] / 1000
    return [(round(1e6 * done / us), round(cpu / done, 2)) for done, us, cpu in sums]


def outage(w, table, devices):
    """So many of the fleet come back at the same moment, each over a connection of its own. Whoever
    is refused comes again as an agent does; the load fails if one is not served."""
    before = w.load("attest", seconds=1)
    table.add("scale_memory", round(before["server_kib"] / 1024, 1), "MiB", 200)
    back = w.load("attest", some=devices, at_once=True, fresh=True, connections=AT_ONCE)
    table.add("scale_outage_served", back["done"], "", devices, back["done"] / devices)
    table.add("scale_outage_refused", back["refused"], "", 0)
    for name, key in (("p50", "p50_us"), ("p99", "p99_us"), ("quiet", "us")):
        table.add("scale_outage_" + name, round(back[key] / 1e6, 2), "s", 0)
    table.add("scale_connection",
              round((back["server_peak_kib"] - before["server_kib"]) / AT_ONCE, 1), "KiB", 0)


def with_workers(w, workers, cores):
    """Attests that were prepared, by a verifier that has these cores: a second's, and what one
    takes of all its threads, of the one that writes, and of the client, in us."""
    w.start(workers, cores)
    w.load("attest", seconds=1)
    run = w.load("attest", some=min(PREPARED, w.devices), prepared=True,
                 connections=4 * CONNECTIONS)  # so that nobody waits for the disk alone
    w.stop()
    return [run["us"] / run["done"]] + [run[key] / 1000 for key in
                                        ("server_cpu_ns", "writer_cpu_ns", "client_cpu_ns")]


def second_worker(w, table):
    """One worker with a core to itself, and two with two, in turns."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("a second worker needs a second core")
    sums = {1: [0] * 4, 2: [0] * 4}
    for _ in range(TURNS):
        for workers, total in sums.items():
            run = with_workers(w, workers, set(cores[:workers]))
            sums[workers] = [a + b / TURNS for a, b in zip(total, run)]
    (one_us, one_cpu, *_), (two_us, two_cpu, writer, client) = sums[1], sums[2]
    table.add("scale_second_worker", round(1e6 / two_us), "1/s", round(1e6 / one_us),
              one_us / two_us)
    table.add("scale_worker_cpu", round(two_cpu, 1), "us", round(one_cpu, 1))
    table.add("scale_writer", round(writer, 1), "us", round(two_cpu - writer, 1))
    table.add("scale_client", round(client, 1), "us", round(two_cpu, 1))


def fleet_scale(tools, table, options):
    n = options.devices
    with world(tools, SMALL) as small, world(tools, n, options.world) as w:
        small.start()
        table.add("scale_start", round(1000 * w.start()), "ms", 2000)
        few, many = in_turns([small, w], 4 * options.seconds)
        table.add("scale_throughput", many[0], "1/s", few[0], many[0] / few[0])
        table.add("scale_cpu", many[1], "us", few[1])
        table.add("scale_bytes", round(os.path.getsize(w.state + "/pawl.db") / n), "bytes", 1536)
        outage(w, table, min(n, options.outage))
        w.stop()
        small.stop()
        second_worker(w, table)


ROWS = {f.__name__: f for f in (attest_service, rekey_service, message_service, fleet_scale)}


def bench(program, names, table):
    """Rows without a verifier."""
    out = subprocess.run([program, *names] + ["--json"] * table.as_json, check=True,
                         stdout=subprocess.PIPE if table.as_json else None).stdout
    table.said = True
    if table.as_json:
        table.rows += json.loads(out)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bench")
    p.add_argument("fleet")
    p.add_argument("verifier")
    p.add_argument("name", nargs="*")
    p.add_argument("--json", action="store_true")
    p.add_argument("--seconds", type=int, default=8)
    p.add_argument("--devices", type=int, default=10000)
    p.add_argument("--outage", type=int, default=200000)
    p.add_argument("--world")
    o = p.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)) # 2,000 connections at once
    table = Table(o.json)
    others = [n for n in o.name if n not in ROWS]
    if others or not o.name:
        bench(o.bench, others, table)
    for name, row in ROWS.items():
        if name in o.name or (not o.name and row is not fleet_scale):
            row((o.fleet, o.verifier), table, o)
    if o.json:
        print(json.dumps(table.rows, indent=2))


main()
