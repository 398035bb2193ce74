#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/openapi.json, OpenAPI 3.1: every route of the operator API and every public one, with
parameters, bodies, answers and who may use it.

    docs/openapi.py >docs/openapi.json

`.ci/docs` holds it against the tables of routes in verifier/api, and docs/openapi.json against it.
"""
import json
import re
import sys

# ---- words for schemas: JSON Schema in short ---------------------------------------------------


def ref(name):
    return {"$ref": "#/components/schemas/" + name}


def text(**more):
    return {"type": "string", **more}


def number(**more):
    return {"type": "integer", "minimum": 0, **more}


def one_of(*words):
    return text(enum=list(words))


def list_of(what):
    return {"type": "array", "items": what}


def map_of(what):
    return {"type": "object", "additionalProperties": what}


def or_null(what):
    return {"oneOf": [what, {"type": "null"}]} if "$ref" in what or "enum" in what else \
        {**what, "type": [what["type"], "null"]}


def record(*optional, **members):
    """What an answer holds; optional: names of members that may be missing."""
    return {"type": "object", "required": [m for m in members if m not in optional],
            "properties": members}


def wish(*optional, **members):
    """What a body holds: the verifier refuses any other member."""
    return {**record(*optional, **members), "additionalProperties": False}


FLAG = {"type": "boolean"}
TIME, DEVICE_ID, HASH, HEX = ref("Time"), ref("DeviceId"), ref("Hash"), ref("Hex")
BASE64, NAME, NAME_OR_NONE, STATUS = ref("Base64"), ref("Name"), ref("NameOrNone"), ref("Status")
DEVICE = ref("DevicePrefix")

# ---- schemas -----------------------------------------------------------------------------------

PLAIN = {
    "Time": number(description="Seconds since 1970"),
    "Hash": text(pattern="^[0-9a-f]{64}$"),
    "Hex": text(pattern="^([0-9a-f]{2})*$"),
    "Base64": text(contentEncoding="base64"),
    "Day": text(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$",
                description="a day, the whole of it, or a second of it in UTC"),
    "DeviceId": text(pattern="^[0-9a-f]{64}$"),
    "DevicePrefix": text(pattern="^[0-9a-fA-F]{4,64}$",
                         description="64 hex digits, or at least 4 that begin one device only"),
    "Name": text(pattern="^[a-z0-9][a-z0-9._-]{0,31}$"),
    "NameOrNone": text(pattern="^([a-z0-9][a-z0-9._-]{0,31})?$", description="empty: none"),
    "Status": one_of("none", "affirming", "warning", "contraindicated"),
    "Label": text(pattern="^[a-z0-9][a-z0-9._/-]{0,31}(=[a-z0-9][a-z0-9._/-]{0,31})?$"),
    "Role": one_of("service", "read", "operator", "admin"),
    "Mode": one_of("enforce", "watch"),
    "Mark": one_of("new", "tainted", "genuine", "forged", "unattested"),
    "Kind": one_of("message-forged", "key-used-elsewhere", "device-cloned", "tpm-went-back",
                   "server-went-back"),
    "Severity": one_of("notice", "high", "critical"),
    "IncidentState": one_of("open", "healed", "closed"),
    "Problem": record(
        "field", type=text(pattern="^urn:pawl:problem:[a-z]+$"), title=text(), status=number(),
        detail=text(), field=text(description="what of the request is wrong"),
        request=text(pattern="^[0-9a-f]{16}$", description="its id in the verifier's log")),
    "Reason": record(code=text(), text=text(), detail=text(), next=text()),
    "Policy": {"type": "object", "description": "see docs/policy.schema.json",
               "required": ["name", "version"],
               "properties": {"name": NAME, "version": number(minimum=1)}},
}

SUMMARY = dict(
    id=DEVICE_ID, state=one_of("pending", "active", "revoked"), status=STATUS,
    software_status=STATUS, keys_status=STATUS, why=list_of(text()),
    roots=one_of("none", "vendor", "lab"), policy=or_null(NAME), group=or_null(NAME),
    release=or_null(text()), coverage=map_of(text()), created=TIME, seen=TIME, due=or_null(TIME),
    overdue=FLAG, rekey_overdue=FLAG, attempt=number(), enrolments=number(), labels=list_of(ref("Label")))

EVENTS = list_of(record(time=TIME, line=text()))

DEVICES = {
    "DeviceSummary": record("damaged", **SUMMARY, damaged=text()),
    "Device": record(
        "events", **SUMMARY, mode=ref("Mode"), incident=or_null(text()), may_reenrol=FLAG,
        ratchet=record(epoch=or_null(number()), pending=or_null(number()), promoted=TIME,
                       attested_slot=number(), received_slot=number(), hedged=FLAG),
        downlink=number(), reasons=list_of(ref("Reason")),
        keys=record(ek_name=HEX, ak_name=HEX, td_name=HEX, ak_public=HEX),
        clock=record(ms=number(), resets=number(), restarts=number(), safe=FLAG, firmware=text()),
        boot_id=HEX, os_boot=HEX, firmware_cert=text(), suite=number(), banks=list_of(text()),
        papers={"type": ["object", "null"]},
        pcrs={"type": ["object", "null"], "additionalProperties": map_of(HEX)},
        events=EVENTS),
    "DamagedDevice": record("events", **SUMMARY, damaged=text(), reasons=list_of(ref("Reason")),
                            events=EVENTS),
    "Waiting": record(
        "text", id=text(), created=TIME, state=one_of("queued", "sent"), slot=or_null(number()),
        sent=or_null(TIME), body_b64=BASE64, text=text()),
}


def entry(type_, *optional, **members):
    return record(*optional, type={"const": type_}, cursor=text(), device=DEVICE_ID, time=TIME,
                  **members)


FEED_TYPE = one_of("message", "mark", "incident", "overdue", "rekey-overdue", "revoked")

SLOT = dict(epoch=number(), gen=number(), seq=number(), id=text(), mark=ref("Mark"))

FEED = {
    "MessageEntry": entry("message", "text", **SLOT, status=text(), leaf=HEX, body_b64=BASE64,
                          text=text()),
    "MarkEntry": entry("mark", **SLOT, of=text(), incident=or_null(text())),
    "IncidentEntry": entry("incident", incident=text(), kind=ref("Kind"),
                           severity=ref("Severity"), state=ref("IncidentState")),
    "OverdueEntry": entry("overdue", due=TIME, state=one_of("overdue", "back")),
    "RekeyOverdueEntry": entry("rekey-overdue", due=TIME, state=one_of("overdue", "back")),
    "RevokedEntry": entry("revoked", by=text(description="name of the credential")),
    "Entry": {"oneOf": [ref("MessageEntry"), ref("MarkEntry"), ref("IncidentEntry"),
                        ref("OverdueEntry"), ref("RekeyOverdueEntry"), ref("RevokedEntry")]},
}

INCIDENT = dict(
    id=text(), device=DEVICE_ID, epoch=number(), kind=ref("Kind"), severity=ref("Severity"),
    state=ref("IncidentState"), opened=TIME, changed=TIME,
    rules=list_of(text(pattern="^(E[1-7]|S1)$")),
    window=or_null(record(**{"from": number(), "to": or_null(number())})), forged=number(),
    genuine=number(), unattested=number(), detail=text(), note=text())

OTHERS = {
    "IncidentSummary": record(**INCIDENT),
    "Incident": record(
        **INCIDENT, slots=list_of(record(rule=text(), epoch=number(), gen=number(), seq=number())),
        proofs=list_of(record(number=number(), time=TIME, b64=BASE64))),
    "Group": record(name=NAME, policy=or_null(NAME), mode=ref("Mode"), note=text(), created=TIME,
                    changed=TIME),
    "Exception": record(
        "number", number=number(), code=text(), what=or_null(text()), device=or_null(DEVICE_ID),
        group=or_null(NAME), author=text(), note=text(), until=TIME, holds=FLAG, created=TIME),
    "Trial": record(
        id=DEVICE_ID, group=or_null(NAME), now=STATUS, then=STATUS, passes=FLAG, worse=FLAG,
        release=or_null(text()), runtime_tested=FLAG,
        reasons=list_of(record(code=text(), text=text(), what=text(), detail=text(), next=text()))),
    "Token": record(id=text(pattern="^[0-9a-f]{16}$"), uses_left=number(), expires=or_null(TIME),
                    device=or_null(DEVICE_ID), created=TIME),
    "Credential": record(
        "secret", name=NAME, role=ref("Role"), tenant=or_null(NAME), labels=list_of(text()),
        kind=one_of("bearer", "certificate"), author=or_null(NAME), created=TIME,
        expires=or_null(TIME), secret=text(description="in the answer that makes it, once")),
}

SCHEMAS = {**PLAIN, **DEVICES, **FEED, **OTHERS}

# ---- routes ------------------------------------------------------------------------------------

# As in verifier/credential.h.
ADMIN = ["admin"]
OPERATOR = ["operator"] + ADMIN
READ = ["read"] + OPERATOR
KEYS = ["service"] + ADMIN
ALL = ["service"] + READ

# What stands in a path, and in many queries.
SEGMENTS = {
    "device": DEVICE,
    "incident": text(pattern="^[0-9a-fA-F]{4,64}\\.[0-9]+$", description="DEVICE.EPOCH"),
    "name": NAME,
    "number": number(minimum=1),
    "token": text(pattern="^[0-9a-fA-F]{16}$"),
}
TENANT = ("tenant", NAME, "without it that of the credential, or the first one configured")


def limit(most):
    return "limit", number(maximum=most), "at most so many; 0: 100"


AFTER = ("after", text(), "`next` of the page before")
DEVICE_OR_DAMAGED = {"anyOf": [ref("Device"), ref("DamagedDevice")]}
OF_DEVICE = ("device", DEVICE, "of this one alone")

# Method, path, name, who may, summary, answer, and what else there is: body, query, type (of the
# answer), optional (the body may be missing), tenant (False: the route knows none).
ROUTES = [
    ("GET", "/v1/devices", "listDevices", READ, "Devices, in the order of their ids",
     record(devices=list_of(ref("DeviceSummary")), next=or_null(text())),
     dict(query=[limit(1000), AFTER,
                 ("state", one_of("pending", "active", "revoked"), "in this one alone"),
                 ("group", NAME, "in this one alone"), ("label", ref("Label"), "with this very one"),
                 ("status", STATUS, "of the last result"), ("release", text(), "that it runs"),
                 ("overdue", number(maximum=1), "1: those of which that was told"),
                 ("rekey_overdue", number(maximum=1), "1: those of whose rekey that was told"),
                 ("q", text(pattern="^[0-9a-fA-F]{1,64}$"), "hex digits that its id begins with")])),
    ("GET", "/v1/fleet", "countDevices", READ, "How many devices there are, counted a while ago",
     record(devices=number(), as_of=TIME, state=map_of(number()), status=map_of(number()),
            group=map_of(number())), {}),
    ("GET", "/v1/devices/{device}", "showDevice", READ, "All that is known of a device",
     DEVICE_OR_DAMAGED, {}),
    ("POST", "/v1/devices/{device}/approve", "approveDevice", OPERATOR,
     "Admits a device that waits, or lets an active one enrol again once", ref("Device"), {}),
    ("POST", "/v1/devices/{device}/revoke", "revokeDevice", OPERATOR,
     "Turns a device away for good, also one whose row is damaged", DEVICE_OR_DAMAGED, {}),
    ("POST", "/v1/devices/{device}/policy", "assignPolicy", OPERATOR,
     "Judges a device by a policy of its own", ref("Device"),
     dict(body=wish(policy=NAME_OR_NONE))),
    ("POST", "/v1/devices/{device}/group", "moveDevice", OPERATOR, "Puts a device into a group",
     ref("Device"), dict(body=wish(group=NAME_OR_NONE))),
    ("POST", "/v1/devices/{device}/labels", "labelDevice", OPERATOR,
     "Gives a device labels and takes others off", record(id=DEVICE_ID, labels=list_of(ref("Label"))),
     dict(body=wish("add", "remove", add=list_of(ref("Label")), remove=list_of(ref("Label"))))),
    ("GET", "/v1/devices/{device}/evidence", "showEvidence", READ,
     "What the last verdict was made of", record(bundle=BASE64), {}),
    ("GET", "/v1/devices/{device}/ear", "showEar", ALL,
     "The device's last result once more", record(ear=text(description="JWS of type eat+jwt")), {}),
    ("GET", "/v1/revoked", "listRevoked", ALL, "All devices that are revoked",
     record(revoked=text(description="JWS of type pawl-revoked+jwt")), {}),
    ("POST", "/v1/devices/{device}/rekey", "demandRekey", OPERATOR,
     "Demands a rekey at the next contact", record(epoch=number()), {}),
    ("POST", "/v1/devices/{device}/key", "exportKey", KEYS,
     "A key that the device derives too; a service gets those of its labels",
     record(epoch=number(), key=HEX),
     dict(body=wish("context_b64", "n", "epoch", label=text(), context_b64=BASE64,
                    n=number(minimum=16, maximum=64), epoch=number()))),
    ("POST", "/v1/devices/{device}/hedge", "makeHedge", ADMIN,
     "Makes the key that is mixed into each rekey; it is shown this once", record(hedge=HEX), {}),
    ("POST", "/v1/devices/{device}/messages", "sendMessage", OPERATOR,
     "A message that waits for the device's next contact: one of text and body_b64",
     record(id=text()),
     dict(body=wish("text", "body_b64", text=text(maxLength=32704), body_b64=BASE64))),
    ("GET", "/v1/devices/{device}/messages", "listWaiting", READ,
     "What the device has not acknowledged",
     record(messages=list_of(ref("Waiting")), next=or_null(text())), dict(query=[limit(1000), AFTER])),
    ("GET", "/v1/messages", "listFeed", READ,
     "Messages, marks, incidents and overdue devices, in the order in which they became durable",
     record("more", messages=list_of(ref("Entry")), next=text(), more={"const": True}),
     dict(query=[AFTER, limit(1000), OF_DEVICE,
                 ("type", FEED_TYPE, "of this one alone"),
                 ("wait_s", number(maximum=30), "an empty page is held back that long")])),
    ("GET", "/v1/stream", "followFeed", READ,
     "The same as server-sent events, without an end; the header Last-Event-ID goes before `after`",
     ref("Entry"),
     dict(type="text/event-stream",
          query=[AFTER, OF_DEVICE,
                 ("type", FEED_TYPE, "of this one alone")])),
    ("GET", "/v1/incidents", "listIncidents", READ,
     "What detection found, the one that changed last first",
     record(incidents=list_of(ref("IncidentSummary")), next=or_null(text())),
     dict(query=[OF_DEVICE, ("open", number(maximum=1), "1: those that are not closed"),
                 limit(1000), AFTER])),
    ("GET", "/v1/incidents/{incident}", "showIncident", READ,
     "One of them, with what it names and its proofs", ref("Incident"), {}),
    ("POST", "/v1/incidents/{incident}/close", "closeIncident", OPERATOR,
     "Somebody's word that it is over", ref("IncidentSummary"),
     dict(body=wish("note", note=text(maxLength=511)), optional=True)),
    ("GET", "/v1/audit", "listAudit", READ,
     "The hash chain of what was written about incidents and what operators did",
     record(entries=list_of(record(number=number(), time_ms=number(), device=HASH, line=text(),
                                   hash=HASH)),
            head=record(number=number(), hash=HASH), next=number()),
     dict(query=[("after", number(), "a number"), limit(1000)])),
    ("GET", "/metrics", "metrics", READ, "Numbers for Prometheus: see metrics.md", text(),
     dict(type="text/plain; version=0.0.4")),
    ("GET", "/v1/why", "why", READ,
     "What is wrong with a device, or became of a request, in one sentence",
     record(sentence=text(), code=or_null(text()), text=or_null(text()), cause=or_null(text()),
            next=or_null(text()), detail=or_null(text()), refused=FLAG, proved=FLAG,
            since=or_null(number()), last=or_null(number()), count=or_null(number()), http=or_null(number()),
            others=number(), others_more=FLAG, device=or_null(text()), serial=or_null(text()),
            address=or_null(text()), requests=or_null(text())),
     dict(query=[OF_DEVICE, ("request", text(pattern="^[0-9a-f]{16}$"), "a header Pawl-Request"),
                 ("serial", text(), "of an EK certificate, hex")])),
    ("GET", "/v1/groups", "listGroups", READ, "Groups",
     record(groups=list_of(ref("Group")), next=or_null(text())), dict(query=[limit(1000), AFTER])),
    ("POST", "/v1/groups", "putGroup", OPERATOR,
     "Makes a group or takes the place of what it was", ref("Group"),
     dict(body=wish("policy", "note", name=NAME, policy=NAME_OR_NONE, mode=ref("Mode"),
                    note=text(maxLength=255)))),
    ("GET", "/v1/groups/{name}", "showGroup", READ, "One of them", ref("Group"), {}),
    ("POST", "/v1/groups/{name}/delete", "deleteGroup", OPERATOR,
     "Drops a group without devices, and its exceptions", ref("Group"), {}),
    ("GET", "/v1/exceptions", "listExceptions", READ, "Exceptions that nobody ended",
     record(exceptions=list_of(ref("Exception")), next=or_null(text())),
     dict(query=[limit(1000), AFTER])),
    ("POST", "/v1/exceptions", "addException", OPERATOR, "Takes a fault until a day",
     ref("Exception"),
     dict(body=wish("what", "device", "group", code=text(), what=text(), device=DEVICE, group=NAME,
                    author=text(maxLength=63), note=text(maxLength=255), until=ref("Day")))),
    ("POST", "/v1/exceptions/{number}/end", "endException", OPERATOR, "Takes it no longer",
     ref("Exception"), {}),
    ("POST", "/v1/default-policy", "setDefaultPolicy", OPERATOR,
     "Judges all devices that have no policy of their own", record(policy=NAME_OR_NONE),
     dict(body=wish(policy=NAME_OR_NONE))),
    ("GET", "/v1/policies", "listPolicies", READ, "Policies",
     record(policies=list_of(record(name=NAME, version=number(), created=TIME)),
            default=or_null(NAME), next=or_null(text())), dict(query=[limit(1000), AFTER])),
    ("GET", "/v1/policies/{name}", "showPolicy", READ,
     "A policy as it was stored, with its comments", ref("Policy"),
     dict(query=[("version", number(), "without it, and for 0, the newest")])),
    ("POST", "/v1/policies", "addPolicy", OPERATOR, "Stores a version of a policy", ref("Policy"),
     dict(body=ref("Policy"))),
    ("POST", "/v1/policies/learn", "learnPolicy", OPERATOR, "Makes a policy of a device",
     ref("Policy"),
     dict(body=wish("version", "release", "literal", "base", name=NAME, device=DEVICE,
                    version=number(minimum=1), release=text(), literal=FLAG,
                    base=number(minimum=1)))),
    ("POST", "/v1/policies/test", "testPolicy", OPERATOR,
     "What would become of devices under a policy: itself, or the name of a stored one",
     record(policy=text(), devices=list_of(ref("Trial")), next=or_null(DEVICE_ID)),
     dict(body={"oneOf": [ref("Policy"),
                          wish("version", policy=NAME, version=number(minimum=1))]},
          query=[("group", NAME, "of this one alone"), OF_DEVICE, AFTER, limit(200)])),
    ("GET", "/v1/tokens", "listTokens", READ, "Enrolment tokens",
     record(tokens=list_of(ref("Token")), next=or_null(text())),
     dict(query=[limit(1000), AFTER])),
    ("POST", "/v1/tokens", "makeToken", OPERATOR,
     "Makes an enrolment token; its secret is shown this once",
     record(id=text(), join=text(pattern="^pawl://")),
     dict(body=wish("uses", "ttl_s", "device", uses=number(minimum=1, maximum=1000000),
                    ttl_s=number(maximum=316224000), device=DEVICE))),
    ("POST", "/v1/tokens/{token}/drop", "dropToken", OPERATOR, "No device enrols by it any more",
     ref("Token"), {}),
    ("GET", "/v1/whoami", "whoAmI", ALL, "Who asks; name null: whoever has the socket",
     record(name=or_null(NAME), role=ref("Role"), tenant=or_null(NAME), labels=list_of(text())),
     {}),
    ("GET", "/v1/credentials", "listCredentials", ADMIN, "Who may use this API",
     record(credentials=list_of(ref("Credential"))), {}),
    ("POST", "/v1/credentials", "addCredential", ADMIN,
     "Makes a credential: of a certificate's key, or with a secret that is shown this once",
     ref("Credential"),
     dict(body=wish("labels", "expires", "all_tenants", "spki", name=NAME, role=ref("Role"),
                    labels=list_of(text(minLength=1)), expires=ref("Day"), all_tenants=FLAG,
                    spki=HASH))),
    ("POST", "/v1/credentials/{name}/drop", "dropCredential", ADMIN,
     "Nobody asks by it any more", ref("Credential"), {}),
    ("GET", "/v1/openapi.json", "showOpenApi", ALL, "This document",
     {"type": "object", "required": ["openapi", "paths"]}, dict(tenant=False)),
]

PUBLIC = [
    ("GET", "/.well-known/jwks.json", "showJwks", None, "The keys that sign results",
     record(keys=list_of({"type": "object", "required": ["kty", "kid", "alg"]})),
     dict(type="application/jwk-set+json")),
    ("GET", "/health", "showHealth", None, "Whether the store answers",
     record(status=one_of("ok", "failing")), dict(failing=True)),
    ("GET", "/ready", "showReady", None, "Whether a balancer should send requests here",
     record(status=one_of("ready", "store-fails", "store-is-older", "commits-fail", "no-roots",
                          "stopping")),
     dict(failing=True)),
]

# ---- the document ------------------------------------------------------------------------------


def content(schema, type_="application/json"):
    return {"content": {type_: {"schema": schema}}}


def operation(path, name, who, summary, answer, more):
    """who None: everybody, on the devices' side."""
    op = {"operationId": name, "summary": summary}
    if who:
        op["x-roles"] = who
    else:
        op["security"] = []
        op["servers"] = [{"url": "https://verifier.example:8443", "description": "`listen`"}]
    query = ([TENANT] if who and more.get("tenant", True) else []) + more.get("query", [])
    segments = re.findall(r"\{(\w+)\}", path)
    parameters = [{"name": s, "in": "path", "required": True, "schema": SEGMENTS[s]}
                  for s in segments]
    parameters += [{"name": n, "in": "query", "schema": schema, "description": why}
                   for n, schema, why in query]
    if parameters:
        op["parameters"] = parameters
    if "body" in more:
        op["requestBody"] = {"required": not more.get("optional"), **content(more["body"])}
    op["responses"] = {
        "200": {"description": "done", **content(answer, more.get("type", "application/json"))}}
    if who:
        op["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    if more.get("failing"):
        op["responses"]["503"] = {"description": "failing", **content(answer)}
    return op


def document():
    paths = {}
    for method, path, *rest in ROUTES + PUBLIC:
        paths.setdefault(path, {})[method.lower()] = operation(path, *rest)
    why = ("400: bad input; 401: no good credential; 403: not allowed; 404: no such thing; 405, "
           "413, 415: not by this method, a body that is too long or of another type; 409: refused "
           "in the present state; 429: too many requests; 500, 503: the verifier's own failure")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pawl verifier", "version": "1",
                 "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
                 "description": "The operator API of pawl-verifier and its public routes, as "
                                "docs/api.md tells them. `x-roles` says who may use a route. "
                                "Numbers may use all 64 bits."},
        "servers": [{"url": "https://verifier.example:9443",
                     "description": "`operator_listen`; or HTTP on the socket `operator_socket`"}],
        "security": [{"bearer": []}, {"certificate": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"},
                                "certificate": {"type": "mutualTLS"}},
            "responses": {"Problem": {"description": why, **content(
                ref("Problem"), "application/problem+json")}},
            "schemas": SCHEMAS,
        },
    }


def written(value, indent=0, room=100):
    """JSON that people read: what fits stands in one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) <= room or not isinstance(value, (dict, list)):
        return line
    pad = "\n" + " " * (indent + 1)
    if isinstance(value, list):
        inner, ends = [written(v, indent + 1, 99 - indent) for v in value], "[]"
    else:
        inner, ends = [f"{json.dumps(k)}: " + written(v, indent + 1, 96 - indent - len(k))
                       for k, v in value.items()], "{}"
    return ends[0] + pad + ("," + pad).join(inner) + "\n" + " " * indent + ends[1]


if __name__ == "__main__":
    sys.stdout.write(written(document()) + "\n")
