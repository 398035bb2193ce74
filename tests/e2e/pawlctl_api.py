#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: pawlctl asks the operator API as it is documented, follows every page, goes on behind what it
printed when a stream is cut, and survives what no good verifier answers.

Usage: pawlctl_api.py PAWLCTL
"""
import hashlib
import http.server
import json
import os
import signal
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading

PAWLCTL = os.path.abspath(sys.argv[1])
asked = []
GIVEN = ["--author", "ann", "--note", "a b", "--until", "2026-12-31"]
resumed = []  # the header Last-Event-ID of each, or None
answer = None  # (status, body), None (the connection ends), or a function of the path; a body may write itself


def body_of(body):
    """JSON, or text that is none."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def reply(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked.append((self.command, self.path, body_of(body)))
        resumed.append(self.headers.get("Last-Event-ID"))
        got = answer(self.path) if callable(answer) else answer
        if got is None:
            return
        status, text = got
        self.send_response(status)
        if not callable(text):
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        try:
            text(self.wfile) if callable(text) else self.wfile.write(text.encode())
        except BrokenPipeError:
            pass  # pawlctl had enough: a 204 has no body

    do_GET = do_POST = reply

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


def run(*args, given=None, cwd=None):
    """Exit code, standard output, standard error, and what was asked meanwhile."""
    asked.clear()
    p = subprocess.run([PAWLCTL, *args], capture_output=True, text=True, timeout=60, input=given, cwd=cwd)
    assert "Sanitizer" not in p.stderr, p.stderr
    return p.returncode, p.stdout, p.stderr, list(asked)


def expect(want, got, what):
    assert want == got, f"{what}: {got!r}, not {want!r}"
    print(f"ok: {what}")


def requests():
    """Each command is one request."""
    device = "/v1/devices/ab12"
    for args, method, path, body in (
        (["device", "show", "ab12"], "GET", device, None),
        (["device", "show", "../x y"], "GET", "/v1/devices/..%2Fx%20y", None),
        (["device", "approve", "ab12"], "POST", device + "/approve", {}),
        (["device", "revoke", "ab12", "--tenant", "t&x"], "POST", device + "/revoke?tenant=t%26x", {}),
        (["device", "rekey", "ab12"], "POST", device + "/rekey", {}),
        (["device", "hedge", "ab12"], "POST", device + "/hedge", {}),
        (["device", "label", "ab12", "site=berlin", "lab"], "POST", device + "/labels", {"add": ["site=berlin", "lab"]}),
        (["device", "label", "ab12", "--remove", "lab"], "POST", device + "/labels", {"remove": ["lab"]}),
        (["device", "label", "ab12"], "GET", device, None),
        (["fleet"], "GET", "/v1/fleet", None),
        (["device", "key", "ab12", "a label"], "POST", device + "/key", {"label": "a label"}),
        (["message", "send", "ab12", "hello"], "POST", device + "/messages", {"body_b64": "aGVsbG8="}),
        (["message", "send", "ab12", ""], "POST", device + "/messages", {"body_b64": ""}),
        (["incident", "list"], "GET", "/v1/incidents?limit=1000", None),
        (["incident", "list", "--open", "--device", "ab 12"], "GET",
         "/v1/incidents?limit=1000&open=1&device=ab%2012", None),
        (["incident", "show", "ab12.7"], "GET", "/v1/incidents/ab12.7", None),
        (["incident", "close", "ab12.7"], "POST", "/v1/incidents/ab12.7/close", {}),
        (["incident", "close", "ab12.7", "--note", "a b", "--tenant", "t"], "POST",
         "/v1/incidents/ab12.7/close?tenant=t", {"note": "a b"}),
        (["policy", "list"], "GET", "/v1/policies?limit=1000", None),
        (["policy", "show", "p", "--policy-version", "3", "--tenant", "t"], "GET",
         "/v1/policies/p?version=3&tenant=t", None),
        (["policy", "learn", "p", "--device", "ab12"], "POST", "/v1/policies/learn",
         {"name": "p", "device": "ab12"}),
        (["policy", "learn", "p", "--device", "ab12", "--policy-version", "7"], "POST",
         "/v1/policies/learn", {"name": "p", "device": "ab12", "version": 7}),
        (["policy", "learn", "p", "--device", "ab12", "--release", "r 1", "--literal", "--base", "3"], "POST",
         "/v1/policies/learn", {"name": "p", "device": "ab12", "release": "r 1", "literal": True, "base": 3}),
        (["device", "group", "ab12", "kiosks"], "POST", device + "/group", {"group": "kiosks"}),
        (["device", "group", "ab12", ""], "POST", device + "/group", {"group": ""}),
        (["group", "list"], "GET", "/v1/groups?limit=1000", None),
        (["group", "set", "g", "--mode", "watch"], "POST", "/v1/groups", {"name": "g", "mode": "watch"}),
        (["group", "set", "g", "--mode", "enforce", "--policy", "p", "--note", "a b", "--tenant", "t"], "POST",
         "/v1/groups?tenant=t", {"name": "g", "mode": "enforce", "policy": "p", "note": "a b"}),
        (["group", "show", "g"], "GET", "/v1/groups/g", None),
        (["group", "drop", "g/x"], "POST", "/v1/groups/g%2Fx/delete", {}),
        (["exception", "list"], "GET", "/v1/exceptions?limit=1000", None),
        (["exception", "add", "pcr-differs", "--all", *GIVEN], "POST", "/v1/exceptions",
         {"code": "pcr-differs", "author": "ann", "note": "a b", "until": "2026-12-31"}),
        (["exception", "add", "pcr-differs", "--what", "sha256:7", "--group", "g", *GIVEN], "POST", "/v1/exceptions",
         {"code": "pcr-differs", "what": "sha256:7", "group": "g", "author": "ann", "note": "a b", "until": "2026-12-31"}),
        (["exception", "add", "file-unknown", "--device", "ab12", *GIVEN], "POST", "/v1/exceptions",
         {"code": "file-unknown", "device": "ab12", "author": "ann", "note": "a b", "until": "2026-12-31"}),
        (["exception", "end", "7"], "POST", "/v1/exceptions/7/end", {}),
        (["policy", "assign", "p", "--device", "ab12"], "POST", device + "/policy", {"policy": "p"}),
        (["policy", "assign", "", "--device", "ab12"], "POST", device + "/policy", {"policy": ""}),
        (["policy", "assign", "p", "--default"], "POST", "/v1/default-policy", {"policy": "p"}),
        (["token", "create"], "POST", "/v1/tokens", {}),
        (["token", "create", "--uses", "5", "--ttl", "60", "--device", "ab12"], "POST", "/v1/tokens",
         {"uses": 5, "ttl_s": 60, "device": "ab12"}),
        (["token", "list"], "GET", "/v1/tokens?limit=1000", None),
    ):
        code, _, err, got = run(*args)
        expect((0, [(method, path, body)]), (code, got), " ".join(args) + err)


def policies():
    """A policy goes to the verifier, and comes back, as it stands in its file."""
    global answer
    text = '{ // one of ours\n  "name": "p", "version": 3, /* since\n March */\n' \
           '  "secure_boot": {"on": true}\n}\n'
    answer = (200, text)
    code, out, err, got = run("policy", "add", "-", given=text)
    expect((0, [("POST", "/v1/policies", text)], "policy p version 3 stored\n"), (code, got, out),
           "a policy is sent with its comments" + err)
    code, out, err, _ = run("policy", "add", "-", "--json", given=text)
    expect((0, 3), (code, json.loads(out)["version"]), "the answer as JSON has no comments" + err)
    code, out, err, _ = run("policy", "show", "p")
    expect((0, text + "\n"), (code, out), "a policy is shown as it was stored" + err)
    code, out, err, _ = run("policy", "show", "p", "--json")
    expect((0, {"on": True}), (code, json.loads(out)["secure_boot"]), "and as JSON" + err)
    code, _, err, got = run("policy", "add", "-", given=text.replace("true", '"on"'))
    expect((1, [], "pawlctl: secure_boot.on: is neither true nor false, in line 4\n"), (code, got, err),
           "a mistake is named before anything is sent")
    large = text.replace("March", 3 * 1024 * 1024 * "March")
    code, _, err, got = run("policy", "add", "-", given=large)
    expect((0, True), (code, got == [("POST", "/v1/policies", large)]), "16 MiB are sent" + err)


def trial_pages(path):
    """Two pages of devices: all is well with the first, and less with each that follows."""
    after = path.partition("after=")[2].partition("&")[0]
    at = int(after or "0", 16)
    now, then, reasons = [("affirming", "affirming", ["lab-tpm"]), ("none", "contraindicated", ["pcr-differs"] * 2),
                          ("affirming", "warning", ["lab-tpm", "pcr-differs", "no-event-log"])][at]
    row = {"id": f"{at + 1:064x}", "now": now, "then": then, "passes": then == "affirming",
           "worse": now == "affirming" != then, "runtime_tested": at != 0,
           "reasons": [{"code": c, "text": "It is so.", "detail": "\x1b[31m" + 120 * "x "} for c in reasons]}
    return 200, json.dumps({"policy": "p:3", "devices": [row], "next": row["id"] if at < 2 else None})


def refused_filters():
    global answer
    answer = (400, '{"field": "q", "detail": "is no hex digit"}')
    code, _, err, _ = run("device", "list", "--begins", "xyz")
    expect((1, "pawlctl: begins: is no hex digit\n"), (code, err), "a filter is named as it was typed")


def trials():
    """Every page of a tried policy is asked for, and summed up."""
    global answer
    answer = trial_pages
    code, out, err, got = run("policy", "test", "p:3", "--group", "a b")
    path = "/v1/policies/test?limit=200&after="
    expect((1, [("POST", f"{path}{after}&group=a%20b", {"policy": "p", "version": 3})
                for after in ("", f"{1:064x}", f"{2:064x}")]), (code, got), "a policy is tried page by page" + err)
    lines = out.split("\n")
    expect("p:3 on 3 devices: 1 would pass, 2 would not, 1 worse than now", lines[0], "it is summed up")
    expect(["pcr-differs 2", "no-event-log 1"], [" ".join(x.split()) for x in lines[1:3]], "each device counts once")
    expect((False, True, True), ("\x1b" in out, "on 1 of them is left open" in out, max(map(len, lines)) <= 100),
           "what is shown draws nothing, and fits")
    expect((2, False), (sum("would be" in x for x in lines), f"{1:016x}" in out), "those that would fail are shown")
    code, out, _, _ = run("policy", "test", "p:3", "--all", "--json")
    expect((1, [3, 1, 2, 1, 1], {"pcr-differs": 2, "no-event-log": 1}),
           (code, [json.loads(out)[k] for k in ("tested", "would_pass", "would_fail", "worse", "runtime_untested")],
            json.loads(out)["reasons"]), "the summary as JSON")
    text = '{ /* mine */ "name": "p", "version": 3, "secure_boot": {"on": true}}'
    _, _, err, got = run("policy", "test", "-", "--device", "ab12", given=text)
    expect(("POST", path + "&device=ab12", text), got[0], "a file is sent as it stands" + err)
    code, _, err, got = run("policy", "test", "-", "--all", given=text.replace("true", "7"))
    expect((1, [], 1), (code, got, err.count("\n")), "a mistake in it is named before")
    for args in (["--all", "--group", "g"], ["--device", "ab", "--group", "g"], []):
        expect((2, []), (lambda r: (r[0], r[3]))(run("policy", "test", "p", *args)), f"test {args} is no command")
    expect((1, []), (lambda r: (r[0], r[3]))(run("policy", "test", 40 * "p", "--all")), "a name that is too long")
    for text in ('{"policy": "p", "devices": [], "next": "00"}', '{"policy": "p", "next": 7, "devices": [7, {"reasons": 7}]}',
                 '{"policy": "p", "devices": [], "next": "' + 64 * "0" + '"}', "7", "{}"):
        answer = (200, text)
        code, _, err, _ = run("policy", "test", "p", "--all")
        expect(True, code in (0, 1, 3) and err.count("\n") <= 1, f"an odd page {text[:40]}")


def evidence(work):
    """Saved evidence goes into a new file only."""
    global answer
    answer = (200, '{"bundle": "AAEC"}')
    out = work + "/bundle"
    code, said, err, got = run("device", "evidence", "ab12", "--out", out)
    expect((0, [("GET", "/v1/devices/ab12/evidence", None)], b"\x00\x01\x02", f"{out}: 3 bytes\n"),
           (code, got, open(out, "rb").read(), said), "evidence is saved" + err)
    code, _, err, _ = run("device", "evidence", "ab12", "--out", out)
    expect((3, f"pawlctl: {out}: File exists\n"), (code, err), "never over another file")
    for text in ('{"bundle": "A*"}', "{}", '{"bundle": 7}'):
        answer = (200, text)
        code, _, err, _ = run("device", "evidence", "ab12", "--out", work + "/none")
        expect((True, 1, False), (code in (1, 3), err.count("\n"), os.path.exists(work + "/none")), f"none of {text}")


def pages(path):
    at = int(path.partition("after=")[2] or "0", 16)
    rows = [{"id": f"{i:064x}", "state": "active"} for i in range(at + 1, at + 4)]
    return 200, json.dumps({"devices": rows, "next": rows[-1]["id"] if at < 6 else None})


def inbox(path):
    """Two pages, then none."""
    after = 0 if "after=0.1" not in path else 1
    rows = [{"cursor": f"{after}.{i}", "device": 64 * "a", "time": 1795326164, "body_b64": "G1tB", "id": "9"}
            for i in (1, 2)]
    rows[1]["text"] = "two\x1b\n"
    if "after=2" in path or "after=3" in path:
        return 200, json.dumps({"messages": [], "next": "3"})
    return 200, json.dumps({"messages": rows, "next": "2" if after else "0.1"})


def messages():
    global answer
    answer = (200, "{}")
    for operand in ([], ["-"]):
        code, _, err, got = run("message", "send", "ab12", *operand, given="\x00 a line\n")
        expect((0, [("POST", "/v1/devices/ab12/messages", {"body_b64": "ACBhIGxpbmUK"})]), (code, got),
               "standard input is sent as it is" + err)
    code, _, err, got = run("message", "send", "ab12", given=32705 * "x")
    expect((1, [], 1), (code, got, err.count("\n")), "a body that is too long is not sent")

    answer = inbox
    code, out, err, got = run("message", "list", "--after", "0", "--device", "ab 12")
    expect((0, ["/v1/messages?limit=1000&after=0&device=ab%2012", "/v1/messages?limit=1000&after=0.1&device=ab%2012",
                "/v1/messages?limit=1000&after=2&device=ab%2012"]), (code, [path for _, path, _ in got]),
           "every page of messages is followed" + err)
    expect((4, False, True, True), (out.count("\n"), "\x1b" in out, "base64:G1tB" in out, "two??" in out),
           "a line for each message")
    code, out, err, got = run("message", "list", "--json")
    expect(["0.1", "2", "3"], [p["next"] for p in json.loads("[" + out.replace("}\n{", "},{") + "]")],
           "pages as JSON")
    answer = (200, '{"messages": [{"cursor": "1"}]}')
    expect(3, run("message", "list")[0], "a page that leads nowhere ends it")

    device = "d1abb4ea" + 56 * "0"
    at = {"device": device, "time": 1795326164}
    feed = [{"type": "message", "cursor": "17.1", "mark": "new", "text": "21.5 C", **at},
            {"type": "message", "cursor": "17", "mark": "new", "text": "8 C", **at},
            {"type": "incident", "cursor": "18", "incident": device + ".3", "kind": "message-forged", "severity": "high",
             "state": "open", **at},
            {"type": "mark", "cursor": "19.1", "of": "17.1", "seq": 412, "mark": "tainted", "incident": device + ".3", **at},
            {"type": "mark", "cursor": "19", "of": "17.1", "seq": 412, "mark": "forged", "incident": device + ".3", **at},
            {"type": "mark", "cursor": "20", "of": "20", "seq": 7, "mark": "forged\x1b", "incident": None, **at},
            {"type": "overdue", "cursor": "21", "due": 1795326000, "state": "overdue", **at},
            {"type": "overdue", "cursor": "22", "due": 1795326000, "state": "back", **at},
            {"type": "new\x1btype", "cursor": "23", **at}, 7, {}]
    rest = [(200, json.dumps({"messages": feed, "next": "23"})), (200, '{"messages": [], "next": "9", "more": true}'),
            (200, '{"messages": [], "next": "9"}')]
    answer = lambda path: rest.pop(0)
    code, out, err, got = run("message", "list")
    expect((0, 3, False), (code, len(got), "\x1b" in out), "a search that is long is gone on with" + err)
    lines = [line[32:] for line in out.splitlines()]
    expect(["d1abb4ea00000000 forged      21.5 C", "d1abb4ea00000000 new         8 C",
            "incident d1abb4ea.3: message-forged, high, open", "slot 412 of d1abb4ea: tainted (incident d1abb4ea.3)",
            "slot 412 of d1abb4ea: forged (incident d1abb4ea.3)", "slot 7 of d1abb4ea: forged?",
            "device d1abb4ea: overdue since 2026-11-22 05:40:00Z", "device d1abb4ea: back, was due 2026-11-22 05:40:00Z"],
           lines[:8], "what became of messages, incidents and alerts in words")


def event(cursor):
    entry = {"type": "message", "cursor": cursor, "device": 64 * "a", "time": 1795326164, "text": "t"}
    return f"id: {cursor}\nevent: message\ndata: {json.dumps(entry)}\n\n"


def follower():
    return subprocess.Popen([PAWLCTL, "message", "list", "--follow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def followed():
    global answer
    resumed.clear()
    steps = [(200, event("0.1") + event("1") + event("2")[:40]), None, None, (503, "{}"), (200, event("2") + event("3")),
             (404, "{}")]
    answer = lambda path: steps.pop(0)
    code, out, err, got = run("message", "list", "--follow", "--after", "0", "--device", "ab 12", "--json")
    printed = json.loads("[" + out.replace("}\n{", "},{") + "]")
    expect((1, ["0.1", "1", "2", "3"]), (code, [e["cursor"] for p in printed for e in p.get("messages", [])]),
           "who follows misses nothing and gets nothing twice" + err)
    expect({"/v1/stream?after=0&device=ab%2012"}, {path for _, path, _ in got}, "it is the stream that he follows")
    expect([None, "1", "1", "1", "1", "3"], resumed, "he goes on behind what was printed")
    expect(1, err.count("the stream was cut"), "that the verifier is away is said once")

    released = threading.Event()

    def held(to):
        to.write(event("1").encode())
        to.flush()
        released.wait(60)

    answer = (200, held)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so its children
    with follower() as p:
        p.stdout.readline()
        p.send_signal(signal.SIGINT)
        expect(-signal.SIGINT, p.wait(20), "Ctrl-C ends who follows")
    with follower() as p:
        p.stdout.readline()
        p.stdout.close()
        expect(-signal.SIGPIPE, p.wait(20), "and so does a pipe that nobody reads, though nothing comes")
    released.set()
    steps = [(200, event("1"))]
    answer = lambda path: steps.pop(0) if steps else None
    with follower() as p:
        p.stderr.readline()
        p.send_signal(signal.SIGINT)
        expect(-signal.SIGINT, p.wait(20), "also while the verifier is away")
    answer = None
    expect(3, run("message", "list", "--follow")[0], "a verifier that was never there is not waited for")


def chain(path):
    """Two pages of the audit chain, then none."""
    at = int(path.partition("after=")[2])
    rows = [{"number": n, "time_ms": 1795326164123, "device": 64 * "a", "hash": 64 * "0",
             "line": '{"what": "opened\\u001b", "detail": "' + 30 * "word " + '"}'}
            for n in (at + 1, at + 2)] if at < 4 else []
    return 200, json.dumps({"entries": rows, "head": {"number": 4, "hash": 64 * "0"},
                            "next": rows[-1]["number"] if rows else at})


def audit():
    global answer
    answer = chain
    code, out, err, got = run("audit", "list", "--json")
    whole = json.loads(out)
    expect((0, 4, [1, 2, 3, 4], ["0", "2", "4"]),
           (code, whole["head"]["number"], [e["number"] for e in whole["entries"]],
            [path.partition("after=")[2] for _, path, _ in got]),
           "every page of the chain is one answer" + err)
    code, out, err, got = run("audit", "list", "--after", "2")
    expect((0, "/v1/audit?limit=1000&after=2", False, True),
           (code, got[0][1], "\x1b" in out, max(map(len, out.splitlines())) <= 100),
           "people read what comes behind an entry" + err)
    code, out, err, _ = run("audit", "verify")
    expect((1, "pawlctl: audit: entry 1 was changed\n"), (code, err), "hashes that are none are seen")
    for text, want in (("{}", 3), ("[]", 3), ('{"entries": [], "head": 5}', 3),
                       ('{"entries": [7], "head": {}, "next": 0}', 3),
                       ('{"entries": [{}], "head": {"number": 1}}', 3)):
        answer = (200, text)
        code, _, err, _ = run("audit", "verify")
        expect((want, 1), (code, err.count("\n")), f"a chain that is {text} is none")
    answer = (200, '{"entries": [], "head": {"number": -1}, "next": 0}')
    expect(1, run("audit", "verify")[0], "nor one with another head")


def exported(*lines):
    """A chain whose hashes are right, as a file has it."""
    head, entries = bytes(32), []
    for n, line in enumerate(lines, 1):
        head = hashlib.sha256(b"pawl/1 audit" + head + struct.pack(">QQ", n, 1795326164123) + bytes(32) +
                              struct.pack(">I", len(line)) + line.encode()).digest()
        entries.append({"number": n, "time_ms": 1795326164123, "device": 64 * "0", "line": line, "hash": head.hex()})
    return json.dumps({"entries": entries, "head": {"number": len(lines), "hash": head.hex()}})


def exports():
    """What is not hashed, or is read in two ways, is not vouched for."""
    good = exported('{"what": "opened"}', '{"what": "closed"}')
    with tempfile.NamedTemporaryFile("w") as f:
        def verified(text):
            f.seek(0)
            f.truncate()
            f.write(text)
            f.flush()
            code, _, err, got = run("audit", "verify", "--file", f.name)
            assert not got, got
            return code, err
        expect((0, ""), verified(good), "an export whose hashes are right is whole")
        for what, text in (("a name given twice", good.replace('"hash"', '"line": "nothing happened", "hash"', 1)),
                           ("a text that goes on behind a zero", good.replace('"}",', '"}\\u0000, and well",', 1)),
                           ("a member that no hash covers", good.replace('"hash"', '"detail": "all is well", "hash"', 1)),
                           ("something behind its end", good + ' {"entries": []}')):
            assert text != good
            code, err = verified(text)
            expect((1, 1), (code, err.count("\n")), f"an export with {what} is refused: {err.strip()}")


def proofs():
    global answer
    with tempfile.TemporaryDirectory() as work:
        for text, want in (("{}", 1), ('{"proofs": 5}', 1), ('{"proofs": []}', 1),
                           ('{"proofs": [{}]}', 3), ('{"proofs": [{"b64": "?"}]}', 1)):
            answer = (200, text)
            code, _, err, _ = run("incident", "export", "ab12.7", "--out", work + "/proof")
            expect((want, 1, []), (code, err.count("\n"), os.listdir(work)),
                   f"an incident with {text} gives no file")
        answer = (200, '{"proofs": [{"b64": "AAAA", "number": 3}]}')
        code, out, _, _ = run("incident", "export", "ab12.7", "--out", work + "/proof", "--all")
        expect((0, ["proof.3"], True), (code, os.listdir(work), "proves nothing" in out),
               "what is no proof is written, and said to be none")
        for device in ("../../../../x", "/" + 20 * "x", "..", 20 * "é", 16 * "A"):
            answer = (200, json.dumps({"device": device, "epoch": 7, "proofs": [{"b64": "AAAA", "number": 3}]}))
            os.makedirs(work + "/1/2/3/4", exist_ok=True)
            code, _, err, _ = run("incident", "export", "ab12.7", cwd=work + "/1/2/3/4")
            expect((0, ["incident.7.proof"]), (code, os.listdir(work + "/1/2/3/4")),
                   f"a device {device!r} names no file" + err)
            os.remove(work + "/1/2/3/4/incident.7.proof")


def main():
    global answer
    with tempfile.TemporaryDirectory() as work:
        os.environ["PAWL_SOCKET"] = work + "/sock"
        server = socketserver.ThreadingUnixStreamServer(work + "/sock", Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

        answer = (200, "{}")
        requests()
        policies()
        messages()
        followed()
        refused_filters()
        trials()
        evidence(work)
        audit()
        exports()
        proofs()
        answer = pages
        code, out, _, got = run("device", "list", "--json")
        expect((0, 9, 3), (code, len(json.loads(out)["devices"]), len(got)), "every page is followed")

        problem = {"title": "Conflict", "status": 409, "detail": "it is revoked", "field": "state"}
        answer = (409, json.dumps(problem))
        code, out, err, _ = run("device", "approve", "ab12", "--json")
        expect((1, "pawlctl: state: it is revoked\n"), (code, err), "a refusal is one line")
        expect({"good": False, "code": "conflict", "field": "state", "why": "it is revoked"},
               json.loads(out), "a refusal in JSON")

        for status, text, want in ((500, "", 3), (503, "{}", 3), (404, "<html>", 1), (404, "{}", 1), (204, "", 3),
                                   (200, "no json", 3), (200, "", 3), (302, "{}", 1)):
            answer = (status, text)
            code, out, err, _ = run("device", "list")
            expect((want, "", 1), (code, out, err.count("\n")), f"{status} with {text!r}")
        answer = (200, '{"devices": [{"id": 7, "state": "a\\u001b[31m\\nb", "seen": 1e300}, 5, []]}')
        code, out, _, _ = run("device", "list")
        expect((0, False, 4), (code, "\x1b" in out, out.count("\n")), "odd rows draw no control codes")
        answer = (200, json.dumps({"devices": [{"id": "\u009b31m", "state": "\u0085\u00a0\u00e9\u007f"}]}))
        code, out, _, _ = run("device", "list")
        expect((0, ["??31m", "??\u00a0\u00e9?"]), (code, [x for x in out.split("\n")[1].split(" ") if x][:2]),
               "nor those of eight bits; letters stay")
        answer = (409, json.dumps({"detail": "it is \x1b]0;\u009b red\n", "field": "st\rate"}))
        code, out, err, _ = run("device", "approve", "ab12")
        expect((1, "pawlctl: st?ate: it is ?]0;?? red?\n"), (code, err), "nor does a refusal")
        for text in ('{"keys": 5, "pcrs": {"a": ["00", 3, {}]}, "reasons": {"x": 1}, "events": [7]}', "[1, [2]]",
                     '{"reasons": [{"code": "a\\u001bb", "text": "' + 300 * "x" + '"}], "id": [[]]}', "7"):
            answer = (200, text)
            for args in (["device", "show"], ["device", "revoke"], ["policy", "assign", "--default"],
                         ["policy", "learn", "--device", "ab12"], ["device", "rekey"], ["device", "hedge"],
                         ["message", "send", "ab12"], ["device", "key", "ab12"], ["incident", "show"],
                         ["incident", "close"], ["group", "set", "--mode", "watch"], ["group", "drop"],
                         ["exception", "end"], ["exception", "add", "--all", *GIVEN]):
                code, out, err, _ = run(*args, "ab12")
                expect((0, False, ""), (code, "\x1b" in out, err), f"{args[:2]} takes {text[:30]}")
        for text in ('{"groups": [7, {"name": 7}], "exceptions": [[], {"number": "x", "until": {}, "device": "\\u001b"}]}', "7"):
            answer = (200, text)
            for noun in ("group", "exception"):
                code, out, err, _ = run(noun, "list")
                expect((0, False, ""), (code, "\x1b" in out, err), f"{noun} list takes {text[:30]}")
        answer = (200, '{"devices": {"id": 7}, "next": 7}')
        expect(0, run("device", "list")[0], "a page of another shape ends the list")
        for args in (["device", "key", "ab12"], ["message", "send"], ["message", "send", "a", "b", "c"],
                     ["message", "list", "x"], ["incident", "verify"], ["incident", "list", "x"],
                     ["audit", "verify", "x"], ["audit", "list", "--jwks", "f"]):
            expect((2, []), (run(*args)[0], list(asked)), " ".join(args) + " is no command")
        server.shutdown()
    print("all passed")


main()
