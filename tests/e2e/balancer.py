#!/usr/bin/env python3
"""Proves: behind a real HAProxy in tcp mode a verifier knows and limits each device by its own
address, with both versions of the PROXY protocol, and HAProxy's probe of GET /ready passes.

    balancer.py PAWL_VERIFIER       skipped where haproxy is missing
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

PATIENCE = 60
BALANCER, A, B = "127.0.4.1", "127.0.5.1", "127.0.5.2"
# Both as docs/operations.md has them; `bind` takes sockets that this test opened.
CONFIG = """
global
    stats socket {dir}/stats
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout check 30s
frontend binary
    bind fd@{binary}
    default_backend binary
backend binary
    option httpchk GET /ready
    default-server check check-ssl verify none inter 200 source {balancer}
    server one 127.0.0.1:{port} send-proxy-v2
frontend text
    bind fd@{text}
    default_backend text
backend text
    option httpchk GET /ready
    default-server check check-ssl verify none inter 200 source {balancer}
    server one 127.0.0.1:{port} send-proxy
"""


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.02)


def end(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE)


class Verifier:
    def __init__(self, directory):
        state, root = directory + "/state", directory + "/root.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-out", root,
                        "-subj", "/CN=root", "-days", "30"], check=True, capture_output=True)
        subprocess.run([PROGRAM, "init", state, "--address", "127.0.0.1:1", "--listen",
                        "127.0.0.1:0", "--roots", root], check=True, capture_output=True)
        with open(state + "/verifier.ini", "r+", encoding="ascii") as f:
            text = f.read()
            f.seek(0)
            f.write(text.replace("[verifier]\n", "[verifier]\naddress_connections = 3\n"
                                 "proxy_protocol = %s\n" % BALANCER))
        self.log = open(directory + "/log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([PROGRAM, "serve", state], stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.match(r"ready https://127\.0\.0\.1:(\d+)", line)[1])
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.load_verify_locations(state + "/tls.crt")

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def connect(self, port, source):
        return self.context.wrap_socket(
            socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0)))

    def is_served(self, port, source):
        """Whether a new connection is; what it asks is refused, and so stands in the log."""
        try:
            with self.connect(port, source) as s:
                s.sendall(b"POST /pawl/1/challenge HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                          b"Content-Type: application/vnd.pawl+cbor\r\n\r\nx")
                return s.recv(1000).startswith(b"HTTP/1.1 4")
        except (ConnectionError, ssl.SSLError):
            return False

    def is_limited(self, port, source):
        """Three of it are let in, and no fourth; not, while one that has left still counts."""
        try:
            with contextlib.ExitStack() as stack:
                for _ in range(3):
                    stack.enter_context(self.connect(port, source))
                return not self.is_served(port, source)
        except (ConnectionError, ssl.SSLError):
            return False


def probes_pass(stats):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(stats)
        s.sendall(b"show stat\n")
        rows = b"".join(iter(lambda: s.recv(65536), b"")).decode().split("\n")
    names = rows[0].split(",")
    servers = [dict(zip(names, row.split(","))) for row in rows if ",one," in row]
    assert len(servers) == 2
    return all((s["status"], s["check_status"], s["check_code"]) == ("UP", "L7OK", "200")
               for s in servers)


def main():
    directory = tempfile.mkdtemp(prefix="pawl-balancer-")
    verifier = Verifier(directory)
    fronts = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    with open(directory + "/haproxy.cfg", "w", encoding="ascii") as f:
        f.write(CONFIG.format(dir=directory, port=verifier.port, balancer=BALANCER,
                              binary=fronts[0].fileno(), text=fronts[1].fileno()))
    haproxy = subprocess.Popen([HAPROXY, "-db", "-f", directory + "/haproxy.cfg"],
                               pass_fds=[f.fileno() for f in fronts])
    try:
        until(lambda: os.path.exists(directory + "/stats"), "haproxy runs")
        until(lambda: probes_pass(directory + "/stats"), "both servers are ready to haproxy")
        for front in fronts:
            port = front.getsockname()[1]
            for source in (A, B):
                before = verifier.said().count("peer=%s " % source)
                assert verifier.is_served(port, source)
                until(lambda n=before, s=source: verifier.said().count("peer=%s " % s) > n,
                      "the log has the device's address")
                until(lambda p=port, s=source: verifier.is_limited(p, s), "it has three places")
                until(lambda p=port, s=source: verifier.is_served(p, s), "its places are free")
        said = verifier.said()
        assert "%s: has too many connections" % A in said, said
        assert "%s: has too many connections" % B in said, said
        assert "peer=" + BALANCER not in said and "PROXY" not in said, said
        print("[       OK ] devices behind haproxy are themselves, and it may probe")
    finally:
        ended = end(haproxy), end(verifier.process)
        print(verifier.said()[-3000:])
        shutil.rmtree(directory)
    assert ended[1] == 0, ended


PROGRAM = sys.argv[1]
HAPROXY = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")
if not HAPROXY:
    print("haproxy is missing")
    sys.exit(77)
main()
