#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: pawlctl asks the operator API as it is documented, follows every page, and survives what no
good verifier answers.

Usage: pawlctl_api.py PAWLCTL
"""
import hashlib
import http.server
import json
import os
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading

PAWLCTL = os.path.abspath(sys.argv[1])
asked = []
answer = None  # (status, body) or a function of the path


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
        status, text = answer(self.path) if callable(answer) else answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        try:
            self.wfile.write(text.encode())
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
        (["policy", "list"], "GET", "/v1/policies", None),
        (["policy", "show", "p", "--policy-version", "3", "--tenant", "t"], "GET",
         "/v1/policies/p?version=3&tenant=t", None),
        (["policy", "learn", "p", "--device", "ab12"], "POST", "/v1/policies/learn",
         {"name": "p", "device": "ab12"}),
        (["policy", "learn", "p", "--device", "ab12", "--policy-version", "7"], "POST",
         "/v1/policies/learn", {"name": "p", "device": "ab12", "version": 7}),
        (["policy", "assign", "p", "--device", "ab12"], "POST", device + "/policy", {"policy": "p"}),
        (["policy", "assign", "", "--device", "ab12"], "POST", device + "/policy", {"policy": ""}),
        (["policy", "assign", "p", "--default"], "POST", "/v1/default-policy", {"policy": "p"}),
        (["token", "create"], "POST", "/v1/tokens", {}),
        (["token", "create", "--uses", "5", "--ttl", "60", "--device", "ab12"], "POST", "/v1/tokens",
         {"uses": 5, "ttl_s": 60, "device": "ab12"}),
        (["token", "list"], "GET", "/v1/tokens", None),
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


def pages(path):
    at = int(path.partition("after=")[2] or "0", 16)
    rows = [{"id": f"{i:064x}", "state": "active"} for i in range(at + 1, at + 4)]
    return 200, json.dumps({"devices": rows, "next": rows[-1]["id"] if at < 6 else None})


def inbox(path):
    """Two pages, then none; and the verifier goes away from who follows."""
    if "after=3" in path and "wait_s" in path:
        return 503, "{}"
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
    code, out, err, got = run("message", "list", "--follow")
    expect((1, 4, 4, True), (code, out.count("\n"), len(got), all("&wait_s=20" in path for _, path, _ in got)),
           "who follows asks on until the verifier refuses")
    answer = (200, '{"messages": [{"cursor": "1"}]}')
    expect(3, run("message", "list", "--follow")[0], "a page that leads nowhere ends it")

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

        for status, text, want in ((500, "", 1), (404, "<html>", 1), (404, "{}", 1), (204, "", 3),
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
                         ["incident", "close"]):
                code, out, err, _ = run(*args, "ab12")
                expect((0, False, ""), (code, "\x1b" in out, err), f"{args[:2]} takes {text[:30]}")
        answer = (200, '{"devices": {"id": 7}, "next": 7}')
        expect(0, run("device", "list")[0], "a page of another shape ends the list")
        for args in (["device", "key", "ab12"], ["message", "send"], ["message", "send", "a", "b", "c"],
                     ["message", "list", "x"], ["incident", "verify"], ["incident", "list", "x"],
                     ["audit", "verify", "x"], ["audit", "list", "--jwks", "f"]):
            expect((2, []), (run(*args)[0], list(asked)), " ".join(args) + " is no command")
        server.shutdown()
    print("all passed")


main()
