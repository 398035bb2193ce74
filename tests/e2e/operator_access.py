# SPDX-License-Identifier: Apache-2.0
"""The checks of operator_access.sh, which made the world: operator_access.py WORK DEVICE [NAME..]

Who may do what, and that every route answers as docs/openapi.json says; operator_bad_input.py has the
checks of what is refused. Each check is named for what it proves.
"""
import hashlib
import http.client
import select
import sqlite3
import subprocess
import sys
import time
import traceback

import jsonschema

from operator_world import (ADMIN, API, CHECKS, DEVICE, OF_ALL_TENANTS, OWNER, PATIENCE, ROLES,
                            ROUTES, STRANGER, STREAMS, WISHES, WORK, Answer, Client, afar, check,
                            closed, credential, database, read, refused)

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


# What the rest of this world cannot show.
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


def spki_of(certificate):
    der = subprocess.run(f"openssl x509 -in {WORK}/{certificate}.crt -noout -pubkey |"
                         " openssl pkey -pubin -outform DER", shell=True, check=True,
                         capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


@check
def a_stream_ends_with_its_credential():
    end = ADMIN.get("/v1/messages?limit=1000").json()["next"]
    leaver, stays = Client(credential("leaver", "read")), ROLES["read"]
    waits = afar(read("operators.port"))
    waits.connect()
    connections = [afar(read("operators.port")) for _ in range(2)]
    for c, who in zip(connections, (leaver, stays)):
        c.request("GET", f"/v1/stream?after={end}", headers=who.headers)
    ended, goes_on = [c.getresponse() for c in connections]
    assert (ended.status, goes_on.status) == (200, 200)
    assert ended.read1() == goes_on.read1() == b":\n\n"
    waits.request("GET", f"/v1/messages?after={end}&wait_s=30", headers=leaver.headers)
    OWNER.post("/v1/credentials/leaver/drop")
    until = time.monotonic() + PATIENCE
    while ended.read1():  # b"": whole
        assert time.monotonic() < until, "it goes on"
    assert not select.select([goes_on], [], [], 1.5)[0], "another's ended too"
    goes_on.close()
    assert waits.getresponse().status == 403  # and so does a list that waits


@check
def a_stream_ends_when_its_credential_is_of_another_tenant():
    spki = spki_of("client")
    credential("mover", "read", spki=spki)
    c = afar(read("operators.port"), certificate="client")
    c.request("GET", "/v1/stream")
    stream = c.getresponse()
    assert stream.status == 200 and stream.read1()
    OWNER.post("/v1/credentials/mover/drop")
    credential("mover", "read", "other", spki=spki)
    until = time.monotonic() + PATIENCE
    while stream.read1():
        assert time.monotonic() < until, "it goes on"
    OWNER.post("/v1/credentials/mover/drop?tenant=other")


@check
def a_page_of_the_web_does_nothing_with_its_reader_s_certificate():
    """A browser shows a certificate to whoever it is sent to, and says in Origin who sent it."""
    credential("surfer", "admin", spki=spki_of("client"))
    surfer = Client(connection=afar(read("operators.port"), certificate="client"))
    for origin in ("https://evil.example", "null"):
        surfer.headers = {"Origin": origin}
        for route in ROUTES:
            if route.name not in STREAMS:
                refused(route.ask(surfer), 403)
    surfer.headers = {}
    assert surfer.get("/v1/whoami").json()["name"] == "surfer"
    assert ADMIN.get(f"/v1/devices/{DEVICE}").json()["state"] == "active"
    # A page that was given a secret was given it by somebody.
    ADMIN.headers["Origin"] = "https://console.example"
    assert ADMIN.get("/v1/whoami").status == 200
    del ADMIN.headers["Origin"]
    OWNER.post("/v1/credentials/surfer/drop")


@check
def a_client_certificate_needs_a_credential():
    with_certificate = Client(connection=afar(read("operators.port"), certificate="client"))
    refused(with_certificate.get("/v1/whoami"), 401, 429)
    credential("bob", "read", spki=spki_of("client"))
    assert with_certificate.get("/v1/whoami").json()["name"] == "bob"
    refused(OWNER.post("/v1/credentials", {"name": "bob", "role": "read"}), 409)
    refused(OWNER.post("/v1/credentials", {"name": "eve", "role": "read",
                                           "spki": spki_of("client")}), 409)
    # operator_clients has the one, and not the other.
    stranger = afar(read("operators.port"), certificate="stranger")
    try:
        stranger.request("GET", "/v1/whoami")
        raise AssertionError(f"let in: {stranger.getresponse().status}")
    except (OSError, http.client.HTTPException):
        pass
    # The hash of a key is no secret.
    refused(Client(spki_of("client")).get("/v1/whoami"), 401, 429)


@check
def what_is_over_counts_no_more():
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
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


def main():
    import operator_bad_input  # noqa: F401  its checks come behind these
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
