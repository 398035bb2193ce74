# SPDX-License-Identifier: Apache-2.0
"""The checks of operator_access.sh, which made the world: operator_access.py WORK DEVICE [NAME..]

What a route is, what it takes, answers, and who may use it comes from docs/openapi.json. Each check is
named for what it proves.
"""
import hashlib
import http.client
import json
import os
import re
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import traceback
import urllib.parse

import jsonschema

WORK, DEVICE = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 30
JSON = {"Content-Type": "application/json"}
with open(f"{HERE}/../../docs/openapi.json", encoding="utf-8") as f:
    API = json.load(f)
CHECKS = []


def check(f):
    CHECKS.append(f)
    return f


def read(name):
    with open(f"{WORK}/{name}", encoding="utf-8") as file:
        return file.read()


def database(statement):
    with sqlite3.connect(f"{WORK}/v/pawl.db", timeout=PATIENCE) as db:
        return db.execute(statement).fetchall()


# ---- asking ------------------------------------------------------------------------------------

class Socket(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(f"{WORK}/v/operator.sock")


def afar(port, certificate=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.load_verify_locations(f"{WORK}/v/tls.crt")
    if certificate:
        context.load_cert_chain(f"{WORK}/{certificate}.crt", f"{WORK}/{certificate}.key")
    return http.client.HTTPSConnection("127.0.0.1", int(port), timeout=PATIENCE, context=context)


class Answer:
    def __init__(self, response, asked=""):
        self.asked = asked
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class Client:
    """Somebody who asks, on one connection as long as it lasts."""

    def __init__(self, secret=None, connection=None):
        self.connection = connection or afar(read("operators.port"))
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def ask(self, method, target, body=None, headers=JSON):
        headers = self.headers | (headers if body is not None else {})
        for last in (False, True):
            try:
                self.connection.request(method, target, body, headers)
                answer = Answer(self.connection.getresponse(), f"{method} {target}")
                break
            except (http.client.HTTPException, OSError):  # it was closed meanwhile
                self.connection.close()
                if last:
                    raise
        assert answer.status < 500, (method, target, body and body[:80], answer.body)
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["Pawl-Request"])
        assert "X-Injected" not in answer.headers
        return answer

    def get(self, target):
        return self.ask("GET", target)

    def post(self, target, wish=None):
        return self.ask("POST", target, None if wish is None else json.dumps(wish).encode())


def refused(answer, *statuses):
    """A clear 4xx."""
    assert answer.status in (statuses or range(400, 500)), (
        answer.asked, answer.status, answer.body)
    assert answer.headers["Content-Type"] == "application/problem+json", answer.headers
    problem = answer.json()
    jsonschema.validate(problem, closed("#/components/schemas/Problem"))
    assert problem["status"] == answer.status
    assert problem["request"] == answer.headers["Pawl-Request"]
    return answer


OWNER = Client(connection=Socket("operator"))


def credential(name, role, tenant="default", **more):
    if role == "service":
        more["labels"] = ["tunnel"]
    answer = OWNER.post(f"/v1/credentials?tenant={tenant}", {"name": name, "role": role} | more)
    assert answer.status == 200, answer.body
    return answer.json().get("secret")


ROLES = {role: Client(credential(role, role)) for role in ("service", "read", "operator", "admin")}
ADMIN = ROLES["admin"]
STRANGER = Client(credential("stranger", "admin", "other"))

# ---- the document ------------------------------------------------------------------------------


def closed(at):
    """The schema at this place, where objects have no member but those that it names."""
    def close(value):
        if isinstance(value, dict):
            value = {k: close(v) for k, v in value.items()}
            if "properties" in value and value.get("description") != API["components"]["schemas"][
                    "Policy"]["description"] and "openapi" not in value.get("required", []):
                value.setdefault("additionalProperties", False)
        return [close(v) for v in value] if isinstance(value, list) else value
    return {"$ref": at, "components": close(API["components"])} if isinstance(at, str) else \
        close(at) | {"components": close(API["components"])}


def resolved(schema):
    while "$ref" in schema:
        schema = API["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


class Route:
    def __init__(self, path, method, op):
        self.path, self.method, self.op = path, method.upper(), op
        self.name = op["operationId"]
        self.roles = op.get("x-roles")
        content = op.get("requestBody", {}).get("content", {})
        self.body = content["application/json"]["schema"] if content else None
        self.optional = not op.get("requestBody", {}).get("required")
        self.query = [p for p in op.get("parameters", []) if p["in"] == "query"]
        self.answer = op["responses"]["200"]["content"]

    def target(self, segment=None):
        """segment: in place of a good one."""
        good = {"device": DEVICE, "incident": f"{DEVICE}.1", "name": "good", "number": "1"}
        return re.sub(r"\{(\w+)\}", lambda m: good[m[1]] if segment is None else segment,
                      self.path)

    def wish(self):
        return WISHES.get(self.name)

    def good_body(self):
        return json.dumps(self.wish()).encode() if self.body else None

    def ask(self, who, segment=None, query=""):
        return who.ask(self.method, self.target(segment) + query, self.good_body())

    def __repr__(self):
        return f"{self.method} {self.path}"


ROUTES = [Route(path, method, op) for path, methods in API["paths"].items()
          for method, op in methods.items() if "x-roles" in op]
SOON = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
POLICY = {"name": "second", "version": 1, "pcrs": {"sha256": {"0": ["11" * 32]}}}
# A good body for every route that takes one.
WISHES = {
    "assignPolicy": {"policy": "good"},
    "moveDevice": {"group": "good"},
    "labelDevice": {"add": ["site=berlin", "lab"], "remove": ["old"]},
    "exportKey": {"label": "tunnel", "context_b64": "aWYw", "n": 32},
    "sendMessage": {"text": "hello"},
    "closeIncident": {"note": "looked at"},
    "putGroup": {"name": "good", "policy": "good", "mode": "watch", "note": "lobby"},
    "addException": {"code": "pcr-differs", "what": "sha256:8", "device": DEVICE, "author": "ann",
                     "note": "known", "until": SOON},
    "setDefaultPolicy": {"policy": "good"},
    "addPolicy": POLICY,
    "learnPolicy": {"name": "third", "device": DEVICE, "release": "one", "literal": False},
    "testPolicy": {"policy": "good", "version": 1},
    "makeToken": {"uses": 2, "ttl_s": 60, "device": DEVICE},
    "addCredential": {"name": "ann", "role": "service", "labels": ["tunnel"], "expires": SOON,
                      "all_tenants": True, "spki": "ab" * 32},
}
# Whatever stands in them is kept as it is, unless it is too long or no line of text.
FREE = {"note", "author", "what", "release", "text", "label"}
HOSTILE = ["' OR 1=1 --", "'; DROP TABLE device; --", "\" UNION SELECT * FROM credential", "..",
           "../../etc/passwd", "%2e%2e%2f", "%00", "a\0b", "x\r\nX-Injected: 1", "\ud800", "{{7*7}}",
           "$(id)", "%s%n%s", "x" * 3000]


# ---- with a device that is active --------------------------------------------------------------

@check
def a_service_gets_keys_of_its_labels():
    key = f"/v1/devices/{DEVICE}/key"
    assert ROLES["service"].post(key, {"label": "tunnel"}).status == 200
    assert refused(ROLES["service"].post(key, {"label": "disk"}), 403).json()["field"] == "label"
    assert ADMIN.post(key, {"label": "disk"}).status == 200


@check
def who_did_it_is_written_down():
    assert ROLES["operator"].post(f"/v1/devices/{DEVICE}/group", {"group": ""}).status == 200
    assert ROLES["operator"].post("/v1/exceptions", WISHES["addException"]).status == 200
    events = [row[0] for row in database("SELECT line FROM event")]
    assert "group by operator: none" in events, events
    entries = ADMIN.get("/v1/audit").json()["entries"]
    assert '"by":"operator"' in entries[-1]["line"], entries[-1]
    assert "credential admin (admin, default) made by an operator" in events


# ---- as documented -----------------------------------------------------------------------------

@check
def every_route_answers_as_its_schema_says():
    database("INSERT INTO incident (tenant, device, epoch, kind, severity, state, rules, opened_ms,"
             " changed_ms, slot_lo, slot_hi, forged, genuine, unattested, detail, note, slots)"
             f" VALUES ('default', x'{DEVICE}', 1, 1, 2, 1, 8, 1, 1, 3, 4, 0, 0, 0, 'seen', '',"
             " x'')")
    # What others need is made before them; what ends things comes last.
    first = ["putGroup", "addException", "sendMessage", "makeToken", "addPolicy", "addCredential"]
    last = ["endException", "dropCredential", "deleteGroup"]
    names = [r.name for r in ROUTES if r.name != "revokeDevice"]  # for good: see the end
    order = first + [n for n in names if n not in first + last] + last
    segments = {"dropCredential": "ann"}
    queries = {"why": f"?device={DEVICE}"}
    by_name = {r.name: r for r in ROUTES}
    for name in order:
        route = by_name[name]
        assert not route.body or name in WISHES, f"{name} has no good body here"
        if name == "deleteGroup":
            ADMIN.post(f"/v1/devices/{DEVICE}/group", {"group": ""})
        if name in STREAMS:
            continue
        who = OWNER if name in OF_ALL_TENANTS else ADMIN
        answer = route.ask(who, segments.get(name),
                           queries.get(name, ""))
        if name in MAY_REFUSE and answer.status in MAY_REFUSE[name]:
            refused(answer)
            continue
        assert answer.status == 200, (route, answer.status, answer.body)
        kind, content = next(iter(route.answer.items()))
        assert answer.headers["Content-Type"] == kind, (route, answer.headers)
        if kind != "application/json":
            continue
        try:
            jsonschema.validate(answer.json(), closed(content["schema"]))
        except jsonschema.ValidationError as e:
            raise AssertionError(f"{route}: {e.message} at {list(e.absolute_path)}") from None


OF_ALL_TENANTS = {"addCredential", "dropCredential", "metrics"}
# Without an end; what the rest of this world cannot show.
STREAMS = {"followFeed"}
MAY_REFUSE = {"closeIncident": (409, 404)}


@check
def the_document_is_served_as_it_stands_in_docs():
    assert ROLES["service"].get("/v1/openapi.json").json() == API


@check
def public_routes_answer_as_documented():
    public = afar(read("v.port"))
    for path, methods in API["paths"].items():
        if "x-roles" in methods.get("get", {"x-roles": []}):
            continue
        public.request("GET", path)
        answer = Answer(public.getresponse())
        kind, content = next(iter(methods["get"]["responses"]["200"]["content"].items()))
        assert answer.status == 200 and answer.headers["Content-Type"] == kind
        if "json" in kind:
            jsonschema.validate(answer.json(), closed(content["schema"]))


@check
def who_has_the_list_of_revoked_devices_is_told_that_it_is_the_same():
    first = ADMIN.get("/v1/revoked")
    tag = first.headers["ETag"]
    same = ADMIN.ask("GET", "/v1/revoked", headers={"If-None-Match": tag}, body=b"")
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag), same.body
    other = ADMIN.ask("GET", "/v1/revoked", headers={"If-None-Match": '"0"'}, body=b"")
    assert other.status == 200 and other.body == first.body


# ---- who asks ----------------------------------------------------------------------------------

@check
def a_role_may_what_it_may_and_nothing_else():
    for route in ROUTES:
        for role, who in ROLES.items():
            if role not in route.roles:
                refused(route.ask(who), 403)
            elif route.method == "GET" and route.name not in STREAMS | OF_ALL_TENANTS:
                assert route.ask(who).status != 403, (route, role)


@check
def numbers_of_all_tenants_are_for_who_is_of_all():
    refused(ADMIN.get("/metrics"), 403)
    everywhere = Client(credential("scraper", "read", all_tenants=True))
    assert b"pawl_requests_total" in everywhere.get("/metrics").body
    OWNER.post("/v1/credentials/scraper/drop")


@check
def a_credential_has_its_share_of_what_waits():
    greedy = credential("greedy", "read")
    held = []
    while len(held) < 16:
        who = afar(read("operators.port"))
        who.request("GET", "/v1/stream", headers={"Authorization": f"Bearer {greedy}"})
        held.append((who, who.getresponse()))
        assert held[-1][1].status == 200
    answer = refused(Client(greedy).get("/v1/stream"), 429)
    assert answer.json()["field"] == "share" and "greedy" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    end = Client(greedy).get("/v1/messages?limit=1000").json()["next"]
    refused(Client(greedy).get(f"/v1/messages?wait_s=9&after={end}"), 429)
    # Others are served, and it is when one of its own is over.
    assert ROLES["read"].get(f"/v1/messages?wait_s=1&after={end}").status == 200
    for who, response in held:
        response.close()
        who.close()
    until = time.monotonic() + PATIENCE
    while Client(greedy).get(f"/v1/messages?wait_s=1&after={end}").status != 200:
        assert time.monotonic() < until, "no place is free again"
    OWNER.post("/v1/credentials/greedy/drop")


@check
def another_tenant_is_nobodys_business():
    for route in ROUTES:
        if any(p["name"] == "tenant" for p in route.query):
            refused(route.ask(STRANGER, query="?tenant=default"), 403)
    assert STRANGER.get("/v1/devices").json()["devices"] == []
    refused(STRANGER.get(f"/v1/devices/{DEVICE}"), 404)
    refused(STRANGER.post("/v1/credentials/admin/drop"), 404)
    names = [c["name"] for c in STRANGER.get("/v1/credentials").json()["credentials"]]
    assert names == ["stranger"], names
    refused(STRANGER.post("/v1/credentials", {"name": "x", "role": "admin", "all_tenants": True}),
            403)
    everywhere = Client(credential("everywhere", "admin", all_tenants=True))
    assert everywhere.get("/v1/whoami").json()["tenant"] is None
    for tenant in ("default", "other"):
        assert everywhere.get(f"/v1/devices?tenant={tenant}").status == 200
    OWNER.post("/v1/credentials/everywhere/drop")
    refused(everywhere.get("/v1/whoami"), 401, 429)


@check
def a_client_certificate_needs_a_credential():
    with_certificate = Client(connection=afar(read("operators.port"), certificate="client"))
    refused(with_certificate.get("/v1/whoami"), 401, 429)
    der = subprocess.run(f"openssl x509 -in {WORK}/client.crt -noout -pubkey |"
                         " openssl pkey -pubin -outform DER", shell=True, check=True,
                         capture_output=True).stdout
    credential("bob", "read", spki=hashlib.sha256(der).hexdigest())
    assert with_certificate.get("/v1/whoami").json()["name"] == "bob"
    refused(OWNER.post("/v1/credentials", {"name": "bob", "role": "read"}), 409)
    refused(OWNER.post("/v1/credentials", {"name": "eve", "role": "read",
                                           "spki": hashlib.sha256(der).hexdigest()}), 409)
    # operator_clients has the one, and not the other.
    stranger = afar(read("operators.port"), certificate="stranger")
    try:
        stranger.request("GET", "/v1/whoami")
        raise AssertionError(f"let in: {stranger.getresponse().status}")
    except (OSError, http.client.HTTPException):
        pass
    # The hash of a key is no secret.
    refused(Client(hashlib.sha256(der).hexdigest()).get("/v1/whoami"), 401, 429)


@check
def what_is_over_counts_no_more():
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    brief = Client(credential("brief", "read", expires=end))
    deadline = time.time() + PATIENCE
    while brief.get("/v1/whoami").status == 200:
        assert time.time() < deadline
        time.sleep(0.05)
    refused(brief.get("/v1/whoami"), 401, 429)


@check
def nobody_gets_anything():
    """And who tries often is told to wait, while others are served."""
    nobody = [Client(), Client("pawl-secret-" + "0" * 64), Client("' OR 1=1 --"),
              Client("x" * 4000)]
    nobody[0].headers = {"Authorization": "Basic YWRtaW46YWRtaW4="}
    statuses = [refused(route.ask(who), 401, 429).status for route in ROUTES for who in nobody]
    assert 401 in statuses or 429 in statuses
    assert statuses[-1] == 429
    assert ADMIN.get("/v1/whoami").status == 200
    first = Client().get("/v1/whoami")
    assert "Retry-After" in first.headers or "WWW-Authenticate" in first.headers


@check
def secrets_are_kept_as_hashes_alone():
    secret = ROLES["read"].headers["Authorization"].split()[1]
    dump = "\n".join(sqlite3.connect(f"{WORK}/v/pawl.db").iterdump())
    assert secret not in dump and secret.split("-")[-1] not in dump
    assert hashlib.sha256(secret.encode()).hexdigest().upper() in dump.upper()
    assert secret not in read("v.log")


# ---- bad input ---------------------------------------------------------------------------------

@check
def a_bad_method_is_refused():
    taken = {(r.method, r.path) for r in ROUTES}
    for route in ROUTES:
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            if (method, route.path) not in taken and route.target() != "/v1/policies/learn" \
                    and route.target() != "/v1/policies/test":
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


@check
def a_bad_query_is_refused():
    for route in ROUTES:
        for p in route.query:
            schema = resolved(p["schema"])
            for bad in HOSTILE + (["-1", "1.5", "1e3", "0x10", "18446744073709551616", " 1", "abc"]
                                  if schema["type"] == "integer" else []):
                quoted = urllib.parse.quote(bad.encode(errors="surrogatepass"))
                if p["name"] in ("after", "cursor") and route.name in STREAMS:
                    continue
                answer = route.ask(ADMIN, query=f"?{p['name']}={quoted}")
                if p["name"] not in ("after", "release") or answer.status != 200:  # any text
                    refused(answer, 400, 403, 404)


@check
def a_bad_body_is_refused():
    garbage = [b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"\0", b"{}{}", b"{} x", b"{'a': 1}",
               b"[" * 4000, b'{"a":' * 700, b'{"\\ud800": 1}', b"<a/>", b"name=good"]
    for route in ROUTES:
        target = route.target()
        if not route.body:
            if route.method == "POST":
                refused(ADMIN.ask("POST", target, b"{" * 5000), 413)
                refused(ADMIN.ask("POST", target, b'{"a": 1}'), 413)
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
    device = ADMIN.post(f"/v1/devices/{DEVICE}/revoke")
    jsonschema.validate(device.json(), closed("#/components/schemas/Device"))
    assert device.json()["state"] == "revoked"
    refused(ADMIN.post(f"/v1/devices/{DEVICE}/messages", WISHES["sendMessage"]), 409)


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


def main():
    failed = 0
    for f in CHECKS:
        if sys.argv[3:] and f.__name__ not in sys.argv[3:]:
            continue
        name = f.__name__.replace("_", " ")
        try:
            f()
            print(f"ok: {name}", flush=True)
        except Exception as why:  # a check fails with whatever went wrong
            traceback.print_exc()
            print(f"FAILED: {name}: {why!r}", flush=True)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
