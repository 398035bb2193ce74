# SPDX-License-Identifier: Apache-2.0
"""What the checks of operator_access.sh share: who asks, what there is to ask by docs/openapi.json, and
a good body for each route. Imported, never run."""
import http.client
import json
import os
import re
import socket
import sqlite3
import ssl
import sys
import time

import jsonschema

WORK, DEVICE = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 60
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
TOKEN = OWNER.post("/v1/tokens", {}).json()["id"]

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
        good = {"device": DEVICE, "incident": f"{DEVICE}.1", "name": "good", "number": "1",
                "token": TOKEN}
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
OF_ALL_TENANTS = {"addCredential", "dropCredential", "metrics"}
STREAMS = {"followFeed"}  # without an end
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
