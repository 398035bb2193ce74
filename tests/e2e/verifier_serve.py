#!/usr/bin/env python3
"""Proves: init makes a state directory whole or not at all, serve starts from it with nothing else,
both faces answer as documented, and a signal ends it in order.

    verifier_serve.py PAWL_VERIFIER [NAME..]
"""
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time

TYPE = "application/vnd.pawl+cbor"
PATIENCE = 60
JOIN = re.compile(r"pawl://127\.0\.0\.1:7443/(\w+)\?key=[\w-]{43}&tls=[\w-]{43}"
                  r"(&token=[\w-]{11}\.[\w-]{43})?\n")


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE)


class Dir:
    """A scratch directory with a certificate in it."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="pawl-serve-")
        self.state = self.path + "/state"
        self.root = self.path + "/root.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-out",
                        self.root, "-subj", "/CN=root", "-days", "30"], check=True,
                       capture_output=True)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def init(self, *options):
        return run("init", self.state, "--address", "127.0.0.1:7443", "--listen", "127.0.0.1:0",
                   *options)


class Service:
    def __init__(self, state, **how):
        self.state = state
        self.log = open(state + "/../log", "a+")
        self.process = subprocess.Popen([PROGRAM, "serve", state], stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, **how)
        line = self.process.stdout.readline()
        assert line.startswith("ready https://127.0.0.1:"), self.said()
        self.port = int(re.match(r"ready https://127\.0\.0\.1:(\d+)", line)[1])

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def __enter__(self):
        return self

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return code

    def __exit__(self, kind, *_):
        code = self.end()
        said = self.said()
        self.log.close()
        assert kind or code == 0, f"{code}\n{said}"

    def device(self, method, path, body=None, kind=TYPE):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.state + "/tls.crt")
        c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=context)
        return answer(c, method, path, body, kind)

    def operator(self, method, path, body=None):
        c = http.client.HTTPConnection("x")
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.settimeout(PATIENCE)
        c.sock.connect(self.state + "/operator.sock")
        data = json.dumps(body).encode() if body is not None else None
        status, headers, text = answer(c, method, path, data, "application/json")
        kind = "application/json" if status == 200 else "application/problem+json"
        assert headers["Content-Type"] == kind, headers
        return status, json.loads(text)


def answer(connection, method, path, body, kind):
    connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
    r = connection.getresponse()
    text = r.read()
    headers = dict(r.getheaders())
    connection.close()
    assert re.fullmatch("[0-9a-f]{16}", headers["Pawl-Request"]), headers
    return r.status, headers, text


def cbor_text(s):
    return bytes([0x60 + len(s)]) + s.encode()


def challenge(tenant="default", label="pawl/1 attest"):
    return (b"\xa3\x01" + cbor_text(tenant) + b"\x02\x58\x20" + bytes(32) + b"\x03"
            + cbor_text(label))


# ---- init --------------------------------------------------------------------------------------

def init_makes_everything_for_its_owner_alone():
    with Dir() as d:
        made = d.init("--roots", d.root)
        assert made.returncode == 0, made.stderr
        assert JOIN.fullmatch(made.stdout)[1] == "default", made.stdout
        names = {"signing.key", "master.key", "tls.key", "tls.crt", "pawl.db", "verifier.ini",
                 "pawl.count", "roots", "lab-roots", "intermediates"}
        assert set(os.listdir(d.state)) == names, os.listdir(d.state)
        assert stat.S_IMODE(os.stat(d.state).st_mode) == 0o700
        for folder, _, files in os.walk(d.state):
            for name in files:
                assert stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode) == 0o600, name
        assert os.listdir(d.state + "/roots") == ["root.pem"]
        assert os.listdir(d.path + "/state/lab-roots") == []


def init_takes_directories_and_names_files_by_their_kind():
    with Dir() as d:
        os.mkdir(d.path + "/more")
        subprocess.run(["openssl", "x509", "-in", d.root, "-outform", "der", "-out",
                        d.path + "/other"], check=True)
        shutil.copy(d.root, d.path + "/more/a.crt")
        with open(d.path + "/more/README", "w") as f:
            f.write("passed over")
        made = d.init("--roots", d.path + "/more", "--roots", d.path + "/other",
                      "--intermediates", d.root)
        assert made.returncode == 0, made.stderr
        assert sorted(os.listdir(d.state + "/roots")) == ["a.crt", "other.der"]
        assert os.listdir(d.state + "/intermediates") == ["root.pem"]
        assert ";lab_roots" in open(d.state + "/verifier.ini").read()


def a_token_stands_in_the_join_string_and_in_the_store_once():
    with Dir() as d:
        made = d.init("--token", "--tenant", "plant")
        assert JOIN.fullmatch(made.stdout)[2], made.stdout
        assert JOIN.fullmatch(made.stdout)[1] == "plant"
        again = run("join", d.state)
        assert again.stdout == made.stdout.split("&token=")[0] + "\n", again.stderr
        more = run("join", d.state, "--token", "--tenant", "plant")
        assert JOIN.fullmatch(more.stdout)[2] and more.stdout != made.stdout
        rows = sqlite3.connect(f"file:{d.state}/pawl.db?mode=ro", uri=True).execute(
            "select count(*) from token").fetchone()
        assert rows == (2,)
        secret = made.stdout.strip().rsplit(".", 1)[1].encode()
        assert secret not in open(d.state + "/pawl.db", "rb").read()


def init_touches_nothing_that_is_there():
    with Dir() as d:
        assert d.init().returncode == 0
        before = open(d.state + "/signing.key").read()
        again = d.init()
        assert again.returncode == 1 and "already holds a verifier" in again.stderr
        assert again.stdout == "" and open(d.state + "/signing.key").read() == before
        os.mkdir(d.path + "/full")
        open(d.path + "/full/x", "w").close()
        other = run("init", d.path + "/full")
        assert other.returncode == 1 and "not empty" in other.stderr
        os.mkdir(d.path + "/empty")
        assert run("init", d.path + "/empty/", "--address", "a:1").returncode == 0


def a_failed_init_leaves_nothing():
    with Dir() as d:
        with open(d.path + "/bad.pem", "w") as f:
            f.write("no certificate\n")
        with open(d.path + "/broken.pem", "w") as f:
            f.write(open(d.root).read().replace("M", "N", 3))
        for options, said in [
                (["--admission", "yes"], "admission"), (["--tenant", "Lab"], "tenant"),
                (["--roots", d.path + "/absent"], "absent"),
                (["--roots", d.path + "/bad.pem"], "bad.pem"),
                (["--lab-roots", d.path + "/broken.pem"], "broken.pem"),
                (["--roots", d.root, "--roots", d.root], "root.pem"),
                (["--listen", "nonsense"], "listen"), (["--address", "a b"], "address"),
                (["--tenant", "x\nroots = /"], "--tenant")]:
            made = d.init(*options)
            assert made.returncode == 1 and made.stdout == "", (options, made)
            assert said in made.stderr, (options, made.stderr)
            assert sorted(os.listdir(d.path)) == ["bad.pem", "broken.pem", "root.pem"], options


def wrong_usage_says_so():
    for arguments in [(), ("init",), ("serve",), ("init", "a", "b"), ("fly", "x"),
                      ("serve", "x", "--token"), ("init", "x", "--colour")]:
        done = run(*arguments)
        assert done.returncode == 2 and done.stdout == "" and done.stderr, arguments
    assert run("--version").stdout.startswith("pawl-verifier ")
    assert "--lab-roots" in run("--help").stdout
    assert "--lab-roots" in run("init", "--help").stdout


# ---- serve -------------------------------------------------------------------------------------

def serves_both_faces_from_what_init_made():
    with Dir() as d:
        assert d.init().returncode == 0
        with Service(d.state) as s:
            assert s.device("GET", "/health")[0] == 200
            status, headers, text = s.device("GET", "/.well-known/jwks.json")
            assert status == 200 and headers["Content-Type"] == "application/jwk-set+json"
            key = json.loads(text)["keys"][0]
            assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")
            assert s.operator("GET", "/v1/devices") == (200, {"devices": [], "next": None})
            assert stat.S_IMODE(os.stat(d.state + "/operator.sock").st_mode) == 0o600
            limits = open(f"/proc/{s.process.pid}/limits").read()
            assert re.search(r"Max core file size +0 +0", limits)
        assert "operator.sock" not in os.listdir(d.state)


def a_state_has_one_service():
    with Dir() as d:
        assert d.init().returncode == 0
        with Service(d.state) as s:
            other = run("serve", d.state)
            assert other.returncode == 1 and "serves it already" in other.stderr
            assert s.device("GET", "/health")[0] == 200
            assert run("join", d.state, "--token").returncode == 0
        with Service(d.state) as s:
            assert s.device("GET", "/health")[0] == 200


def a_port_has_one_service():
    """Its workers share it; another verifier, and its own operators, have to take another one."""
    with Dir() as d, Dir() as e:
        assert d.init().returncode == 0 and e.init().returncode == 0
        with Service(d.state) as s:
            for listen in f"127.0.0.1:{s.port}", f"*:{s.port}":
                set_listen(e.state, listen)
                other = run("serve", e.state)
                why = f"listen.{listen}: Address already in use"
                assert other.returncode == 1 and why in other.stderr, other
            set_listen(e.state, f"127.0.0.1:0\noperator_listen = 127.0.0.1:{s.port}")
            other = run("serve", e.state)
            why = f"operator_listen.127.0.0.1:{s.port}: Address already in use"
            assert other.returncode == 1 and why in other.stderr, other
        set_listen(e.state, f"127.0.0.1:{s.port}")
        with Service(e.state) as s:
            assert s.device("GET", "/health")[0] == 200


def set_listen(state, listen):
    with open(state + "/verifier.ini") as f:
        lines = [x for x in f.read().split("\n") if not re.match("(operator_)?listen =", x)]
    lines.insert(lines.index("[verifier]") + 1, "listen = " + listen)
    with open(state + "/verifier.ini", "w") as f:
        f.write("\n".join(lines))


def a_killed_service_starts_again():
    with Dir() as d:
        assert d.init().returncode == 0
        s = Service(d.state)
        assert s.operator("POST", "/v1/tokens", {"uses": 3})[0] == 200
        s.process.kill()
        s.process.wait()
        s.process.stdout.close()
        s.log.close()
        with Service(d.state) as s:
            assert s.operator("GET", "/v1/tokens")[1]["tokens"][0]["uses_left"] == 3


def a_database_from_yesterday_is_seen_and_a_directory_from_yesterday_is_told():
    def token(state):
        with Service(state) as s:
            assert s.operator("POST", "/v1/tokens", {"uses": 3})[0] == 200
            return s.said()
    with Dir() as d:
        assert d.init().returncode == 0
        token(d.state)
        shutil.copytree(d.state, d.path + "/yesterday")
        assert "older copy" not in token(d.state)
        shutil.copy(d.path + "/yesterday/pawl.db", d.state)
        assert "put back from an older copy" in token(d.state)
        shutil.rmtree(d.state)
        shutil.copytree(d.path + "/yesterday", d.state)
        os.truncate(d.path + "/log", 0)
        assert "older copy" not in token(d.state)
        with Service(d.state):
            told = run("restored", d.state)
            assert told.returncode == 1 and "serves it already" in told.stderr, told
        told = run("restored", d.state)
        assert told.returncode == 0 and "was put back from an older copy" in told.stderr, told
        assert "put back from an older copy" in token(d.state)


def old_messages_are_forgotten_at_the_start():
    with Dir() as d:
        assert d.init().returncode == 0
        old, young = (int((time.time() - days * 86400) * 1000) for days in (31, 29))
        db = sqlite3.connect(d.state + "/pawl.db")
        db.executemany("insert into segment (tenant, kind, device, time_ms, n, id_lo, id_hi, heads,"
                       " bytes) values ('default', 2, x'00', ?, 1, zeroblob(8), zeroblob(8),"
                       " x'7b7d', x'')", [(old,), (young,)])
        db.commit()
        with Service(d.state):
            pass
        assert db.execute("select time_ms from segment").fetchall() == [(young,)]
        db.close()


def few_files_make_few_connections():
    with Dir() as d:
        assert d.init().returncode == 0
        with Service(d.state, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                                    (600, 600))) as service:
            assert "only 600 files may be open: connections_max is 344" in service.said()


def serve_names_what_is_wrong():
    with Dir() as d:
        assert d.init().returncode == 0
        ini = open(d.state + "/verifier.ini").read()

        def refused(said):
            done = run("serve", d.state)
            assert done.returncode == 1 and said in done.stderr, done.stderr
        with open(d.state + "/verifier.ini", "w") as f:
            f.write(ini + "colour = red\n")
        refused("colour")
        with open(d.state + "/verifier.ini", "w") as f:
            f.write(ini.replace("127.0.0.1:0", "192.0.2.1:0"))
        refused("192.0.2.1:0")
        with open(d.state + "/verifier.ini", "w") as f:
            f.write(ini)
        os.chmod(d.state + "/master.key", 0o644)
        refused("master.key")
        os.chmod(d.state + "/master.key", 0o600)
        with open(d.state + "/roots/bad.pem", "w") as f:
            f.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        refused("bad.pem")
        os.unlink(d.state + "/roots/bad.pem")
        os.unlink(d.state + "/tls.crt")
        refused("tls.crt")
        assert run("serve", d.path + "/nowhere").returncode == 1


def a_device_learns_nothing_but_a_status_and_the_log_says_why():
    with Dir() as d:
        assert d.init().returncode == 0
        with Service(d.state) as s:
            cases = [("enrol", b"x", 400), ("challenge", b"", 400), ("evidence", b"\xa0", 400),
                     ("challenge", challenge()[:-1], 400), ("challenge", challenge("nobody"), 403),
                     ("challenge", challenge(label="pawl/1 enrol"), 400),
                     ("evidence", b"a" * (256 * 1024 + 1), 413),
                     ("enrol", b"a" * (24 * 1024 + 1), 413), ("challenge", b"a" * 513, 413)]
            for route, body, status in cases:
                got = s.device("POST", "/pawl/1/" + route, body)
                assert got[0] == status and got[2] == b"", (route, got)
                line = [x for x in s.said().splitlines() if got[1]["Pawl-Request"] in x]
                assert len(line) == 1 and " where=" in line[0] and " why=" in line[0], line
                assert f" status={status}" in line[0]
            assert s.device("GET", "/pawl/1/enrol")[0] == 405
            assert s.device("POST", "/pawl/1/enrol", b"x", "application/cbor")[0] == 415
            assert s.device("POST", "/pawl/2/enrol", b"x")[0] == 404


def a_challenge_looks_the_same_for_every_device():
    with Dir() as d:
        assert d.init().returncode == 0
        with Service(d.state) as s:
            a = s.device("POST", "/pawl/1/challenge", challenge())
            b = s.device("POST", "/pawl/1/challenge", challenge())
            assert a[0] == b[0] == 200 and a[1]["Content-Type"] == TYPE
            assert len(a[2]) == len(b[2]) and a[2] != b[2]


def operators_get_problems_that_name_the_field():
    with Dir() as d:
        assert d.init().returncode == 0
        with Service(d.state) as s:
            cases = [("GET", "/v1/devices/abcd", None, 404, "device"),
                     ("POST", "/v1/devices/abcd/approve", None, 404, "device"),
                     ("POST", "/v1/devices/abcd/revoke", {}, 404, "device"),
                     ("GET", "/v1/policies/none", None, 404, None),
                     ("POST", "/v1/policies", {"name": "x"}, 400, None),
                     ("POST", "/v1/policies/learn", {"name": "x"}, 400, None),
                     ("POST", "/v1/tokens", {"uses": 0}, 400, "uses"),
                     ("POST", "/v1/tokens", {"colour": 1}, 400, None),
                     ("POST", "/v1/tokens/01/drop", None, 400, "token"),
                     ("POST", "/v1/tokens/0123456789abcdef/drop", None, 404, "token"),
                     ("GET", "/v1/devices?limit=x", None, 400, "limit"),
                     ("GET", "/v1/devices?limit=" + "1" * 40, None, 400, "limit"),
                     ("GET", "/v1/devices?tenant=nobody", None, 404, "tenant"),
                     ("GET", "/v1/messages?wait_s=31", None, 400, "wait_s"),
                     ("GET", "/v1/messages?limit=1001", None, 400, "limit"),
                     ("GET", "/v1/messages?after=x", None, 400, "after"),
                     ("GET", "/v1/messages?after=7.0", None, 400, "after"),
                     ("GET", "/v1/messages?after=7.4097", None, 400, "after"),
                     ("GET", "/v1/messages?after=" + "1" * 48, None, 400, "after"),
                     ("GET", "/v1/messages?device=abcd", None, 404, "device"),
                     ("GET", "/v1/messages?type=letter", None, 400, "type"),
                     ("GET", "/v1/devices/abcd/messages", None, 404, "device"),
                     ("POST", "/v1/devices/abcd/messages", {"text": "x"}, 404, "device"),
                     ("POST", "/v1/devices/abcd/rekey", None, 404, "device"),
                     ("POST", "/v1/devices/abcd/hedge", None, 404, "device"),
                     ("POST", "/v1/devices/abcd/key", {"label": "x"}, 404, "device"),
                     ("POST", "/v1/devices/abcd/group", {"group": "x"}, 404, "device"),
                     ("GET", "/v1/devices/abcd/evidence", None, 404, "device"),
                     ("GET", "/v1/groups/none", None, 404, "group"),
                     ("GET", "/v1/groups/None", None, 400, "group"),
                     ("POST", "/v1/groups", {"name": "x"}, 400, "mode"),
                     ("POST", "/v1/groups", {"name": "x", "mode": "watch", "policy": "none"}, 404, "policy"),
                     ("POST", "/v1/groups/none/delete", {}, 404, "group"),
                     ("POST", "/v1/exceptions", {}, 400, "code"),
                     ("POST", "/v1/exceptions", {"code": "device-cloned"}, 400, "code"),
                     ("POST", "/v1/exceptions/7/end", None, 404, "exception"),
                     ("POST", "/v1/exceptions/x/end", None, 400, "exception"),
                     ("POST", "/v1/exceptions/" + "9" * 30 + "/end", None, 400, "exception"),
                     ("POST", "/v1/policies/test", {"policy": "none"}, 404, "policy"),
                     ("POST", "/v1/policies/test", {"policy": []}, 400, "policy"),
                     ("POST", "/v1/policies/test?limit=201", {"policy": "x"}, 400, "limit"),
                     ("POST", "/v1/policies/test?group=none", {"policy": "x"}, 404, "group"),
                     ("POST", "/v1/policies/test?device=" + "a" * 65, {"policy": "x"}, 400, "device"),
                     ("GET", "/v1/devices?tenant=", None, 404, "tenant"),
                     ("GET", "/v1/devices?tenant=" + "a" * 33, None, 400, "tenant")]
            for method, path, body, status, field in cases:
                got = s.operator(method, path, body)
                assert got[0] == status == got[1]["status"], (path, got)
                assert got[1]["title"] and got[1]["detail"], got
                assert field is None or got[1]["field"] == field, got
            assert s.operator("GET", "/v2/devices")[0] == 404
            assert s.operator("POST", "/v1/devices", {})[0] == 405


def policies_and_tokens_are_kept():
    zero = "00" * 32
    with Dir() as d:
        assert d.init().returncode == 0
        with Service(d.state) as s:
            policy = {"name": "gw", "version": 1, "pcrs": {"sha256": {"7": [zero]}}}
            assert s.operator("POST", "/v1/policies", policy)[0] == 200
            assert s.operator("POST", "/v1/policies", policy)[0] == 409
            assert s.operator("POST", "/v1/default-policy", {"policy": "gw"})[0] == 200
            status, token = s.operator("POST", "/v1/tokens", {"uses": 2, "ttl_s": 60})
            assert status == 200 and JOIN.fullmatch(token["join"] + "\n")[2]
            assert token["join"].split("&token=")[1] not in s.said()
        with Service(d.state) as s:
            status, kept = s.operator("GET", "/v1/policies/gw")
            assert status == 200 and kept["pcrs"] == policy["pcrs"], kept
            assert s.operator("GET", "/v1/policies")[1]["default"] == "gw"
            assert s.operator("GET", "/v1/tokens")[1]["tokens"][0]["id"] == token["id"]


def a_list_of_messages_is_waited_for_beside_other_requests():
    with Dir() as d:
        assert d.init().returncode == 0
        with Service(d.state) as s:
            assert s.operator("GET", "/v1/messages") == (200, {"messages": [], "next": "0"})
            got = []
            waits = threading.Thread(
                target=lambda: got.append(s.operator("GET", "/v1/messages?wait_s=2&after=17.3")))
            started = time.monotonic()
            waits.start()
            while waits.is_alive():  # on the one worker that waits
                assert s.operator("GET", "/v1/devices")[0] == 200
            assert 1.9 <= time.monotonic() - started < PATIENCE
            assert got == [(200, {"messages": [], "next": "17.3"})], got
            # Who goes away meanwhile is forgotten.
            u = socket.socket(socket.AF_UNIX)
            u.connect(d.state + "/operator.sock")
            u.sendall(b"GET /v1/messages?wait_s=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            u.close()
            assert s.operator("GET", "/v1/messages?wait_s=1")[0] == 200


def who_waits_for_messages_does_not_hold_up_the_end():
    with Dir() as d:
        assert d.init().returncode == 0
        s = Service(d.state)
        u = socket.socket(socket.AF_UNIX)
        u.settimeout(PATIENCE)
        u.connect(d.state + "/operator.sock")
        u.sendall(b"GET /v1/messages?wait_s=30 HTTP/1.1\r\nHost: x\r\n\r\n")
        asked = time.monotonic()
        assert s.operator("GET", "/v1/devices")[0] == 200
        assert s.end() == 0
        assert time.monotonic() - asked < 29
        assert b'{"messages":[],"next":"0"}' in u.recv(65536)
        s.log.close()
        u.close()


def an_idle_client_does_not_hold_up_the_end():
    with Dir() as d:
        assert d.init().returncode == 0
        s = Service(d.state)
        c = socket.create_connection(("127.0.0.1", s.port))
        u = socket.socket(socket.AF_UNIX)
        u.connect(d.state + "/operator.sock")
        assert s.device("GET", "/health")[0] == 200
        started = time.monotonic()
        assert s.end() == 0
        assert time.monotonic() - started < 10  # which the service gives those that are at work
        s.log.close()
        c.close()
        u.close()


HELPERS = {"run", "answer", "cbor_text", "challenge", "set_listen", "main"}


def who_looks_whether_it_is_ready_hears_that_it_stops():
    with Dir() as d:
        d.init("--roots", d.root)
        with Service(d.state) as service:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.load_verify_locations(d.state + "/tls.crt")
            c = http.client.HTTPSConnection("127.0.0.1", service.port, timeout=PATIENCE,
                                            context=context)
            c.connect()
            c.auto_open = 0  # this connection, or none

            def ready():
                c.request("GET", "/ready")
                r = c.getresponse()
                return r.status, json.loads(r.read())["status"]

            assert ready() == (200, "ready")
            service.process.send_signal(signal.SIGTERM)
            while (got := ready()) == (200, "ready"):
                pass
            assert got == (503, "stopping"), got
            c.close()


def who_looks_whether_it_is_ready_hears_what_is_wrong():
    def says(s, path):
        status, headers, text = s.device("GET", path)
        assert headers["Content-Type"] == "application/json", headers
        return status, json.loads(text)["status"]

    def becomes(s, path, status, word, meanwhile=lambda: time.sleep(0.05)):
        end = time.monotonic() + PATIENCE
        while (got := says(s, path)) != (status, word):
            assert time.monotonic() < end, (got, word)
            meanwhile()

    def makes_token(s, status):
        assert s.operator("POST", "/v1/tokens", {"uses": 1})[0] == status

    with Dir() as d:
        assert d.init().returncode == 0
        with Service(d.state) as s:
            assert says(s, "/ready") == (503, "no-roots")
            assert says(s, "/health") == (200, "ok")
    with Dir() as d:
        assert d.init("--roots", d.root).returncode == 0
        with Service(d.state) as s:
            assert says(s, "/ready") == (200, "ready")
            db = sqlite3.connect(d.state + "/pawl.db", isolation_level=None)
            db.execute("BEGIN IMMEDIATE")  # it reads, and cannot write
            makes_token(s, 503)
            becomes(s, "/ready", 503, "commits-fail", lambda: makes_token(s, 503))
            assert says(s, "/health") == (200, "ok")
            db.execute("ROLLBACK")
            makes_token(s, 200)
            becomes(s, "/ready", 200, "ready")
            db.execute("ALTER TABLE tenant RENAME TO gone")
            becomes(s, "/ready", 503, "store-fails")
            assert says(s, "/health") == (503, "failing")
            db.execute("ALTER TABLE gone RENAME TO tenant")
            db.close()
            becomes(s, "/ready", 200, "ready")
            assert says(s, "/health") == (200, "ok")


def keys_and_certificate_may_come_as_credentials_alone():
    """As systemd gives them: in another directory, with the group's bits as an access list has."""
    names = ["signing.key", "master.key", "tls.key", "tls.crt"]
    with Dir() as d:
        assert d.init().returncode == 0
        of_files = open(d.state + "/tls.crt").read()
        credentials = d.path + "/credentials"
        os.mkdir(credentials)
        for name in names:
            os.rename(f"{d.state}/{name}", f"{credentials}/{name}")
            os.chmod(f"{credentials}/{name}", 0o440)

        def given():
            return Service(d.state, env=dict(os.environ, CREDENTIALS_DIRECTORY=credentials))

        def shown(s):
            return ssl.get_server_certificate(("127.0.0.1", s.port), timeout=PATIENCE)

        told = run("serve", d.state)
        assert told.returncode == 1 and "signing.key" in told.stderr, told
        with given() as s:
            assert shown(s) == of_files
        # They go before files, which only lie about.
        with Dir() as other:
            assert other.init().returncode == 0
            for name in names:
                shutil.copy(f"{other.state}/{name}", d.state)
        with given() as s:
            assert shown(s) == of_files
        os.chmod(credentials + "/master.key", 0o444)
        told = subprocess.run([PROGRAM, "serve", d.state], capture_output=True, text=True,
                              timeout=PATIENCE, env=dict(os.environ,
                                                         CREDENTIALS_DIRECTORY=credentials))
        assert told.returncode == 1 and "master.key: mode 444" in told.stderr, told


ON_ITS_WAY_S = 0.2  # as http_service.py has it


def a_stop_under_load_answers_every_request_and_keeps_what_it_said():
    made = [0] * 8
    lost = []

    def ask_on(i, path):
        """Each one is a commit; until an answer says that it is the last one. Who lets a verifier
        that stops wait for a request, as a busy machine may make it, is one that asks no more: of
        what was not answered nothing may be in the store."""
        c = http.client.HTTPConnection("x")
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.settimeout(PATIENCE)
        c.sock.connect(path)
        sent = time.monotonic()
        try:
            while True:
                before = sent  # and later than that was the answer, from which the verifier counts
                try:
                    c.request("POST", "/v1/tokens", b"{}", {"Content-Type": "application/json"})
                finally:
                    sent = time.monotonic()
                r = c.getresponse()
                assert r.status == 200, (r.status, r.read())
                r.read()
                made[i] += 1
                if r.getheader("Connection") == "close":
                    break
        except Exception as why:
            if sent - before < ON_ITS_WAY_S or not isinstance(why, (OSError,
                                                                      http.client.HTTPException)):
                lost.append((i, made[i], repr(why)))
        c.close()

    with Dir() as d:
        d.init("--roots", d.root)
        with Service(d.state) as service:
            threads = [threading.Thread(target=ask_on, args=(i, d.state + "/operator.sock"))
                       for i in range(len(made))]
            for t in threads:
                t.start()
            end = time.monotonic() + PATIENCE
            while min(made) < 20:
                assert time.monotonic() < end and not lost, (made, lost)
                time.sleep(0.01)
        for t in threads:
            t.join(PATIENCE)
        assert not lost, lost
        db = sqlite3.connect(d.state + "/pawl.db")
        assert db.execute("SELECT count(*) FROM token").fetchone()[0] == sum(made)
        db.close()


def main():
    tests = [f for name, f in globals().items() if callable(f) and f.__module__ == "__main__"
             and name not in HELPERS and name[0].islower()]
    passed, failed = 0, 0
    for test in tests:
        if sys.argv[2:] and test.__name__ not in sys.argv[2:]:
            continue
        name = test.__name__.replace("_", " ")
        try:
            test()
            passed += 1
            print(f"[       OK ] {name}", flush=True)
        except Exception as why:  # a test fails with whatever went wrong
            import traceback
            traceback.print_exc()
            failed += 1
            print(f"[   FAILED ] {name}: {why!r}", flush=True)
    print(f"[  PASSED  ] {passed} test(s).")
    if failed:
        print(f"[  FAILED  ] {failed} test(s)")
    return 1 if failed or not passed else 0


PROGRAM = sys.argv[1]
if __name__ == "__main__":
    if not shutil.which("openssl"):
        sys.exit(77)
    sys.exit(main())
