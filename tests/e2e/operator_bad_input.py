# SPDX-License-Identifier: Apache-2.0
"""Whatever a route of docs/openapi.json is sent, it answers by a clear 4xx, nothing of it reaches a
statement, a header, a path or the log, and the verifier serves on. Imported, never run."""
import http.client
import json
import re
import time
import urllib.parse

import jsonschema

from operator_world import (ADMIN, API, DEVICE, JSON, PATIENCE, POLICY, ROLES, ROUTES, STREAMS,
                            WISHES, Answer, Socket, afar, check, closed, database, read, refused,
                            resolved)

# Whatever stands in them is kept as it is, unless it is too long or no line of text.
FREE = {"note", "author", "what", "release", "text", "label"}
HOSTILE = ["' OR 1=1 --", "'; DROP TABLE device; --", "\" UNION SELECT * FROM credential", "..",
           "../../etc/passwd", "%2e%2e%2f", "%00", "a\0b", "x\r\nX-Injected: 1", "\ud800", "{{7*7}}",
           "$(id)", "%s%n%s", "x" * 3000]

# ---- bad input ---------------------------------------------------------------------------------

@check
def a_bad_method_is_refused():
    taken = {(r.method, r.path) for r in ROUTES}
    for route in ROUTES:
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            named = method == "GET" and route.path in ("/v1/policies/learn", "/v1/policies/test")
            if (method, route.path) not in taken and not named:  # a policy of that name
                refused(ADMIN.ask(method, route.target()), 405)


@check
def a_bad_segment_is_refused():
    for route in ROUTES:
        if "{" not in route.path:
            continue
        for bad in HOSTILE:
            quoted = urllib.parse.quote(bad.encode(errors="surrogatepass"), safe="")
            refused(route.ask(ADMIN, quoted), 400, 404)
        for raw in ("..", ".", "%2e%2e", "%00", "a/b", "..%2f..%2fetc", "%", "%zz", "a;b", "-1",
                    "0" * 64, "f" * 129):
            refused(route.ask(ADMIN, raw), 400, 404)


def as_bytes(route, header, connection=None):
    """The head of the answer to a request, on the socket or there, with this header as it is here."""
    connection = connection or Socket("operator")
    connection.connect()
    connection.sock.sendall(f"{route.method} {route.target()} HTTP/1.1\r\n".encode() + header +
                            b"\r\nConnection: close\r\n\r\n{}")
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.sock.recv(65536)
        if not more:
            break
        got += more
    connection.close()
    head = got.split(b"\r\n\r\n")[0]
    assert b"\nX-Injected" not in head and b"\rX-Injected" not in head, head
    return head


@check
def a_bad_query_is_refused():
    for route in ROUTES:
        for p in route.query:
            schema = resolved(p["schema"])
            for bad in HOSTILE + (["-1", "1.5", "1e3", "0x10", "18446744073709551616", " 1", "abc"]
                                  if schema["type"] == "integer" else []):
                quoted = urllib.parse.quote(bad.encode(errors="surrogatepass"))
                answer = route.ask(ADMIN, query=f"?{p['name']}={quoted}")
                if p["name"] not in ("after", "release") or answer.status != 200:  # any text
                    refused(answer, 400, 403, 404)
        for bad in ("limit", "=", "&&", "tenant=default&limit", "limit=%00"):
            refused(route.ask(ADMIN, query=f"?{bad}"), 400)
        assert route.ask(ADMIN, query="?" + "x" * 9000).status == 400  # no request was read


@check
def a_bad_header_is_refused():
    """As bytes on the socket: no client library sends these."""
    length = b"Content-Length: "
    for route in ROUTES:
        for bad in (b"X: " + b"a" * 9000, b"X: y\r\n" * 2500, b"no colon", length + b"-1",
                    length + b"x", length + b"1\r\n" + length + b"2",
                    b"Transfer-Encoding: gzip", length + b"2\r\nTransfer-Encoding: chunked",
                    b"X: x\rX-Injected: 1"):
            head = as_bytes(route, bad)
            assert head.startswith(b"HTTP/1.1 4"), (route, bad[:40], head)


@check
def a_hostile_header_changes_nothing():
    hostile = [bad.encode(errors="surrogatepass") for bad in HOSTILE if "\n" not in bad]
    names = [b"Host", b"User-Agent", b"Cookie", b"X-Forwarded-For", b"X-Original-URL",
             b"X-HTTP-Method-Override", b"Pawl-Request", b"If-None-Match", b"Accept"]
    values = hostile[:-1] + [b"DELETE", b"/v1/credentials"]
    for n, route in enumerate(ROUTES):
        if route.method != "GET" or route.name in STREAMS:
            continue
        want = as_bytes(route, b"X: y").split(b"\r\n")[0]
        for i, name in enumerate(names):  # each value comes with each name at some route
            head = as_bytes(route, name + b": " + values[(n + i) % len(values)])
            assert head.split(b"\r\n")[0] == want, (route, name, head)
    for bad in hostile + [b"-1", b"0.0"]:
        head = as_bytes(next(r for r in ROUTES if r.name in STREAMS), b"Last-Event-ID: " + bad)
        assert head.startswith(b"HTTP/1.1 400 "), (bad, head)
    for bad in hostile:  # who asks
        head = as_bytes(ROUTES[0], b"Authorization: Bearer " + bad, afar(read("operators.port")))
        assert re.match(rb"HTTP/1\.1 4(00|01|29) ", head), (bad, head)


@check
def a_bad_body_is_refused():
    garbage = [b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"\0", b"{}{}", b"{} x", b"{'a': 1}",
               b"[" * 4000, b'{"a":' * 700, b'{"\\ud800": 1}', b"<a/>", b"name=good"]
    for route in ROUTES:
        target = route.target()
        if not route.body:
            refused(ADMIN.ask(route.method, target, b"{" * 5000), 413)
            refused(ADMIN.ask(route.method, target, b'{"a": 1}'), 413)
            continue
        good = route.good_body()
        for body in garbage + ([] if route.optional else [b""]):
            refused(ADMIN.ask("POST", target, body), 400)
        refused(ADMIN.ask("POST", target, good, {"Content-Type": "text/plain"}), 415)
        refused(ADMIN.ask("POST", target, good, {"Content-Type": "x\ty"}), 415)
        refused(ADMIN.ask("POST", target, b'{"unknown":1,' + good[1:]), 400)
        name = next(iter(route.wish()))
        refused(ADMIN.ask("POST", target, good[:-1] + b', "%s": 1}' % name.encode()), 400)
        if route.name not in ("addPolicy", "testPolicy"):  # up to 16 MiB
            refused(ADMIN.ask("POST", target, b" " * 300000 + good), 413)


@check
def a_bad_member_is_refused():
    for route in ROUTES:
        if not route.body or route.name in ("addPolicy", "testPolicy"):
            continue
        schema = resolved(route.body)
        wish = route.wish()
        for member in schema.get("required", []):
            less = {k: v for k, v in wish.items() if k != member}
            assert refused(ADMIN.post(route.target(), less), 400).json()["field"] == member
        for member, value in schema["properties"].items():
            kind = resolved(value)["type"]
            wrong = {"string": 7, "integer": "7", "boolean": 1, "array": "x"}[kind]
            for bad in (wrong, None, {}, [[]], {"a": 1}):
                refused(ADMIN.post(route.target(), wish | {member: bad}), 400)
            for bad in (-1, 1.5, 1e300, 2**64) if kind == "integer" else ():
                refused(ADMIN.post(route.target(), wish | {member: bad}), 400)
            for bad in HOSTILE + [7, None, {}, [], ""] if kind == "array" else ():
                refused(ADMIN.post(route.target(), wish | {member: [bad]}), 400, 403)
            for bad in HOSTILE if kind == "string" else ():
                answer = ADMIN.post(route.target(), wish | {member: bad})
                if answer.status != 200 or member not in FREE:
                    refused(answer, 400, 403, 404, 409)


@check
def a_policy_with_anything_wrong_is_refused():
    for path in ("/v1/policies", "/v1/policies/test"):
        for bad in ({}, {"name": "good"}, POLICY | {"version": "1"}, POLICY | {"name": "../x"},
                    POLICY | {"name": 7}, POLICY | {"pcrs": []}, POLICY | {"version": -1},
                    POLICY | {"name": "'; DROP TABLE policy; --"},
                    POLICY | {"pcrs": {"sha256": {"0": "11"}}}, {"policy": 7}, {"policy": "nobody"},
                    {"policy": "good", "version": "1"}, {"policy": "good", "version": -1}):
            refused(ADMIN.post(path, bad), 400, 404)


@check
def public_routes_refuse_what_they_do_not_take():
    public = afar(read("v.port"))

    def ask(method, target, body=None):
        nonlocal public
        public.close()
        public = afar(read("v.port"))
        public.request(method, target, body, JSON if body else {})
        answer = Answer(public.getresponse())
        assert "X-Injected" not in answer.headers
        return answer.status
    paths = [path for path, methods in API["paths"].items()
             if all("x-roles" not in op for op in methods.values())]
    assert len(paths) == 3, paths
    for path in paths:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
            assert ask(method, path) == 405, (method, path)
        assert ask("GET", path, b"{}") == 413
        for bad in ("/..", "/../v1/devices", "%00", "%0d%0aX-Injected:%201", "/%2e%2e", "'", "/"):
            assert ask("GET", path + bad) == 404, (path, bad)
        for bad in ("%00", "x=%0d%0aX-Injected:%201", "'%20OR%201=1"):
            assert ask("GET", f"{path}?{bad}") == 200, (path, bad)  # it takes none


@check
def devices_routes_refuse_garbage():
    port = read("v.port")
    kind = {"Content-Type": "application/vnd.pawl+cbor"}
    device = afar(port)

    def ask(method, path, body=None, headers=kind):
        nonlocal device
        try:
            device.request(method, path, body, headers)
            return Answer(device.getresponse())
        except (http.client.HTTPException, OSError):
            device = afar(port)
            device.request(method, path, body, headers)
            return Answer(device.getresponse())
    for route in ("challenge", "enrol", "evidence", "supply", "messages"):
        path = f"/pawl/1/{route}"
        for body in (b"", b"{}", b"\xa1", b"\xff" * 64, b"\xbf" * 400, b"\xa1\x01\x78\x1f" +
                     b"'; DROP TABLE device; --aaaaaaa", b"\x9b" + b"\xff" * 8, b"\0" * 500):
            answer = ask("POST", path, body)
            assert 400 <= answer.status < 500 and not answer.body, (path, body, answer.status)
        assert ask("POST", path, b"{}", JSON).status == 415
        assert ask("GET", path).status == 405
        assert ask("POST", path + "/..", b"{}").status == 404
    for path in ("/v1/devices", "/v1/whoami", "/metrics", "/..", "/%2e%2e/x", "/%00", "//health"):
        assert ask("GET", path).status == 404, path


@check
def a_revoked_device_is_shown_and_gets_nothing():
    """And who listens is told, in the chain too."""
    end = ADMIN.get("/v1/messages?limit=1000").json()["next"]
    listens = afar(read("operators.port"))
    listens.request("GET", f"/v1/stream?after={end}&type=revoked", headers=ADMIN.headers)
    stream = listens.getresponse()
    assert stream.status == 200
    device = ADMIN.post(f"/v1/devices/{DEVICE}/revoke")
    jsonschema.validate(device.json(), closed("#/components/schemas/Device"))
    assert device.json()["state"] == "revoked"
    refused(ADMIN.post(f"/v1/devices/{DEVICE}/messages", WISHES["sendMessage"]), 409)
    until, line = time.monotonic() + PATIENCE, b""
    while line != b"event: revoked\n":
        assert time.monotonic() < until, "the stream does not tell"
        line = stream.readline()
        assert line in (b":\n", b"\n") or line.startswith((b"id: ", b"event: revoked")), line
    entry = json.loads(stream.readline().removeprefix(b"data: "))
    jsonschema.validate(entry, closed("#/components/schemas/Entry"))
    assert (entry["device"], entry["by"]) == (DEVICE, "admin"), entry
    listens.close()
    head = ADMIN.get("/v1/audit?limit=1").json()["head"]["number"]
    last = ADMIN.get(f"/v1/audit?after={head - 1}").json()["entries"][-1]
    assert last["device"] == DEVICE and json.loads(last["line"]) == {
        "what": "revoked", "kind": "device", "by": "admin",
        "detail": "revoke by admin: revoked, was active"}, last


@check
def everything_is_as_it_was():
    """No table is gone, no line of the log was forged, and it serves on."""
    tables = {row[0] for row in database("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert {"device", "credential", "policy", "token", "event"} <= tables
    assert database("SELECT count(*) FROM device") == [(1,)]
    for line in read("v.log").splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info|warn|error) ", line), line
    assert not re.search(r" status=5\d\d ", read("v.log"))
    for role, who in ROLES.items():
        assert who.get("/v1/whoami").json()["role"] == role
