# SPDX-License-Identifier: Apache-2.0
"""The clients of why.sh: why.py WORK PAWLCTL strangers|numbers|again"""
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys

from middle import TYPE, encode

WORK, CTL, WHAT = sys.argv[1:4]
PORT = int(open(f"{WORK}/v.port").read())
KEPT = f"{WORK}/requests.json"


def ask(*what):
    done = subprocess.run([CTL, "--json", "why", *what], capture_output=True, text=True)
    assert done.returncode == 0, (what, done)
    return json.loads(done.stdout)


def raw(*lines, body=b""):
    """Status and Pawl-Request of what the verifier answers to these bytes."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(("127.0.0.1", PORT))) as s:
        s.sendall("\r\n".join((*lines, "", "")).encode() + body)
        head = s.makefile("rb").read1(4096).decode()
    fields = dict(f.split(": ", 1) for f in head.split("\r\n")[1:] if ": " in f)
    return int(head.split()[1]), fields["Pawl-Request"]


def post(path, body, kind=TYPE):
    return raw(f"POST {path} HTTP/1.1", "Host: v", f"Content-Type: {kind}",
               f"Content-Length: {len(body)}", body=body)


def cases():
    """(status, code, what was answered)"""
    device = bytes(32)
    yield 404, "no-such-route", raw("GET /nothing HTTP/1.1", "Host: v")
    yield 405, "no-such-route", raw("GET /pawl/1/enrol HTTP/1.1", "Host: v")
    yield 415, "wrong-media-type", post("/pawl/1/enrol", b"{}", "application/json")
    yield 413, "too-long", post("/pawl/1/challenge", bytes(9000))
    yield 400, "not-http", raw("nonsense")
    for path in ("enrol", "challenge", "evidence", "supply", "messages"):
        yield 400, "not-understood", post(f"/pawl/1/{path}", b"\xff")
    yield 403, "unknown-tenant", post("/pawl/1/challenge",
                                      encode({1: "nobody", 2: device, 3: "pawl/1 attest"}))


def strangers():
    kept = {}
    for status, code, (got, request) in cases():
        assert got == status, (code, status, got)
        why = ask("--request", request)
        assert why["code"] == code and why["http"] == status, (code, why)
        assert why["next"].endswith(".") and why["sentence"].startswith(code + ": "), why
        assert why["refused"] and why["count"] == 1 and why["since"] > 0, why
        kept[request] = code
    with open(KEPT, "w") as f:
        json.dump(kept, f)


class Local(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(f"{WORK}/v/operator.sock")


def numbers():
    """GET /metrics: each line in Prometheus' format; what happened here was counted. GET /ready."""
    c = Local("v")
    c.request("GET", "/metrics")
    answer = c.getresponse()
    text = answer.read().decode()
    assert answer.getheader("Content-Type") == "text/plain; version=0.0.4"
    series = {}
    for line in text.splitlines():
        if not line.startswith(("# HELP pawl_", "# TYPE pawl_")):
            name, value = re.fullmatch(
                r'(pawl_[a-z_]+(?:\{(?:[a-z]+="[^"]*",?)+\})?) (-?[0-9.]+)', line).groups()
            assert name not in series, name
            series[name] = float(value)
    for code in json.load(open(KEPT)).values():
        assert series[f'pawl_refusals_total{{code="{code}"}}'] >= 1, code
    assert series['pawl_requests_total{route="none",class="4xx"}'] >= 2
    assert series['pawl_requests_total{route="evidence",class="2xx"}'] >= 2, text
    assert series['pawl_request_duration_seconds_count{route="evidence"}'] >= 2
    assert series['pawl_verdicts_total{status="affirming"}'] == 1
    assert series["pawl_roots_total"] >= 1 and series["pawl_commit_steps_count"] >= 2
    assert series["pawl_tls_certificate_expiry_seconds"] > series["pawl_start_time_seconds"] > 1e9
    assert raw("GET /ready HTTP/1.1", "Host: v")[0] == 200


def again():
    kept = json.load(open(KEPT))
    last = {code: request for request, code in kept.items()}  # a row keeps the last ones
    for code, request in last.items():
        assert ask("--request", request)["code"] == code, code


{"strangers": strangers, "numbers": numbers, "again": again}[WHAT]()
