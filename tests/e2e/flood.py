#!/usr/bin/env python3
"""Proves: a flood of bad requests leaves honest devices served, and the verifier's memory bounded.

From three addresses come, all at once and as fast as they can: what is no TLS, handshakes that stop
half way, messages that are none, bodies that are too long or come in crumbs, headers that are as
many as fit, requests that drip, answers that nobody reads or waits for, connections by the
thousand. An honest device asks for challenges all the while, from an address of its own.

    flood.py PAWL_VERIFIER SECONDS
"""
import itertools
import os
import random
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

TYPE = b"application/vnd.pawl+cbor"
PATIENCE = 30  # seconds: nothing that is served takes longer
ROUNDS = 10
BODY_MAX = 256 * 1024
GREEDY = ["127.0.2.%d" % i for i in (1, 2, 3)]
HONEST = "127.0.1.1"
# KiB: the bytes of requests (HTTP_HELD_MAX), and TLS of 400 connections and of those that are looked
# at before they are closed. Seen, under a release build and under the sanitizers: 20 to 45 MiB.
GROWTH_MAX = 96 * 1024


class Verifier:
    def __init__(self, directory):
        state = directory + "/state"
        subprocess.run([PROGRAM, "init", state, "--address", "127.0.0.1:1", "--listen",
                        "127.0.0.1:0"], check=True, capture_output=True)
        with open(state + "/verifier.ini", encoding="ascii") as f:
            text = f.read()
        for line in ("workers = 2", "connections_max = 400", "address_connections = 300",
                     "address_rate = 100", "request_timeout_s = 5"):
            text = text.replace("[verifier]\n", "[verifier]\n%s\n" % line)
        with open(state + "/verifier.ini", "w", encoding="ascii") as f:
            f.write(text)
        self.log = open(directory + "/log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([PROGRAM, "serve", state], stdout=subprocess.PIPE,
                                        stderr=self.log, text=True,
                                        env=dict(os.environ, ASAN_OPTIONS="quarantine_size_mb=1"))
        line = self.process.stdout.readline()
        self.port = int(re.match(r"ready https://127\.0\.0\.1:(\d+)", line)[1])
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.load_verify_locations(state + "/tls.crt")

    def resident(self):
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1])

    def tcp(self, source, timeout=5):
        return socket.create_connection(("127.0.0.1", self.port), timeout, (source, 0))

    def tls(self, source, timeout=5):
        return self.context.wrap_socket(self.tcp(source, timeout))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.log.seek(0)
        said = self.log.read()
        self.log.close()
        self.process.stdout.close()
        assert code == 0, f"{code}\n{said[-5000:]}"
        return said


def post(path, body):
    return (b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            % (path, TYPE, len(body))) + body


CHALLENGE = post(b"/pawl/1/challenge",
                 b"\xa3\x01\x67default\x02\x58\x20" + bytes(32) + b"\x03\x6dpawl/1 attest")


# ---- the flood: each of these does one thing to the verifier, and may fail at any point ----------

def no_tls(v, source, _):
    with v.tcp(source) as s:
        s.sendall(random.randbytes(2000))
        s.recv(100)


def half_a_handshake(v, source, kept):
    s = v.tcp(source)
    s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    kept.append(s)


def nothing_at_all(v, source, kept):
    kept.append(v.tcp(source))


def no_message(v, source, _):
    with v.tls(source) as s:
        for path in (b"challenge", b"enrol", b"evidence", b"messages", b"supply"):
            s.sendall(post(b"/pawl/1/" + path, random.randbytes(3000)))
        while s.recv(65536):
            pass


def too_long(v, source, _):
    with v.tls(source) as s:
        s.sendall(post(b"/pawl/1/evidence", bytes(2 * 1024 * 1024)))
        s.recv(1000)


def without_end(v, source, kept):
    s = v.tls(source)
    s.sendall(b"POST /pawl/1/evidence HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + bytes(50000))
    kept.append(s)


def whole_but_one(v, source, kept):
    s = v.tls(source)
    kept.append(s)
    s.sendall(b"POST /pawl/1/evidence HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % BODY_MAX +
              bytes(BODY_MAX - 1))


def crumbs(v, source, kept):
    s = v.tls(source)
    kept.append(s)
    s.sendall(b"POST /pawl/1/evidence HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na")
    for _ in range(3000):
        s.sendall(b"\r\n1\r\na")


def headers_that_fit(v, source, kept):
    s = v.tls(source)
    kept.append(s)
    s.sendall(b"POST /pawl/1/evidence HTTP/1.1\r\nContent-Length: 9\r\n" + b":\r\n" * 2600 +
              b"\r\n")


def headers(v, source, _):
    with v.tls(source) as s:
        s.sendall(b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 20000)
        s.recv(1000)


def pipeline(v, source, _):
    with v.tls(source) as s:
        s.sendall(CHALLENGE * 500)
        while s.recv(65536):
            pass


def nobody_reads(v, source, kept):
    s = v.tls(source)
    kept.append(s)
    s.setblocking(False)
    while True:
        s.sendall(CHALLENGE * 100)


def nobody_waits(v, source, _):
    with v.tls(source) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.sendall(post(b"/pawl/1/evidence", bytes(BODY_MAX)))


FLOOD = [no_tls, half_a_handshake, nothing_at_all, no_message, too_long, without_end, headers,
         pipeline, whole_but_one, crumbs, headers_that_fit, nobody_reads, nobody_waits]


def flood(v, source, acts, over, done):
    kept = []
    for act in itertools.cycle(acts):
        if over.is_set():
            break
        try:
            act(v, source, kept)
        except OSError:
            pass
        done[act.__name__] = done.get(act.__name__, 0) + 1
        while len(kept) > 400:
            kept.pop(0).close()
    for s in kept:
        s.close()


# ---- the honest device ---------------------------------------------------------------------------

def ask(s):
    s.sendall(CHALLENGE)
    got = b""
    while b"\r\n\r\n" not in got:
        more = s.recv(65536)
        assert more, "closed without an answer"
        got += more
    head, body = got.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 "), head
    while len(body) < int(re.search(rb"Content-Length: (\d+)", head)[1]):
        body += s.recv(65536)
    return b"Connection: close" in head


def honest(v, seconds, rounds=0, seen_all=lambda: True):
    """New connections and one that stays, so many at least and until it has seen all of the flood;
    the longest that an answer took."""
    begun = time.monotonic()
    longest = 0.0
    served = again = 0
    stays = v.tls(HONEST, PATIENCE)
    while time.monotonic() < begun + seconds or served < rounds or not seen_all():
        assert time.monotonic() < begun + 4 * PATIENCE, served
        begin = time.monotonic()
        with v.tls(HONEST, PATIENCE) as s:
            ask(s)
        try:
            ask(stays)
        except (AssertionError, OSError):  # it was still for too long, and made room
            again += 1
            stays = v.tls(HONEST, PATIENCE)
            ask(stays)
        longest = max(longest, time.monotonic() - begin)
        served += 1
        time.sleep(0.02)
    stays.close()
    return served, again, longest


def main():
    seconds = int(sys.argv[2])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with tempfile.TemporaryDirectory(prefix="pawl-flood-") as directory:
        v = Verifier(directory)
        begun = time.monotonic()
        honest(v, 0.5)
        before = v.resident()
        over = threading.Event()
        done = {}
        threads = [threading.Thread(target=flood, args=(v, source, acts, over, done))
                   for source in GREEDY for acts in (FLOOD, [half_a_handshake, nothing_at_all])]
        for t in threads:
            t.start()
        try:
            served, again, longest = honest(v, seconds, ROUNDS,
                                            lambda: all(act.__name__ in done for act in FLOOD))
        finally:
            over.set()
            for t in threads:
                t.join()
        grown = v.resident() - before
        said = v.end()
    minutes = (time.monotonic() - begun) // 60
    print("flood: %s" % done)
    print("honest: %d rounds, %d connections made anew, the longest %.2f s; %d KiB and %d more; "
          "%d lines of log" % (served, again, longest, before, grown, said.count("\n")))
    assert grown < GROWTH_MAX, "the verifier grew by %d KiB" % grown
    assert all(done.get(act.__name__) for act in FLOOD), done
    for source in GREEDY:  # told, and not each time
        assert 1 <= said.count(source + ": ") <= 2 + minutes, said.count(source + ": ")
    print("[  PASSED  ] 1 test(s).")


PROGRAM = sys.argv[1]
if __name__ == "__main__":
    main()
