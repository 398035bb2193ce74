#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves what a verifier does beside requests. A webhook's receiver gets every entry of the feed,
in order and at least once, whatever it answers and whenever the verifier dies; each post is signed,
by two keys while one replaces the other; what it refuses waits;
the verifier ends at once even while a receiver keeps it waiting. A device that stays away is told
to be overdue, and to be back, and is not accused of the time in which the verifier was down.

    beside.py AGENT VERIFIER PAWLCTL [CASE..]

AGENT and VERIFIER are the product's objects with injected.c, for its clocks.
"""
import http.server
import json
import os
import queue
import re
import shutil
import signal
import ssl
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True
from survival_world import World, make_authority, until

PROGRAMS, WANTED = sys.argv[1:4], sys.argv[4:]
KEY = "a key that the receiver has as well, of one line"
CASES = {}

# What the documentation tells receivers to do.
with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "api.md")) as page:
    exec(re.search(r"```python\n(import hashlib.*?)```", page.read(), re.S)[1])


def case(f):
    CASES[f.__name__] = f
    return f


# ---- the receiver ------------------------------------------------------------------------------

class Receiver(http.server.ThreadingHTTPServer):
    """Answers the next posts as `plan` says, and all others with 200. Keeps every post; `taken` are
    those that it said 2xx to."""
    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.plan, self.posts, self.taken = queue.SimpleQueue(), [], []
        self.holds = threading.Event()   # a post is being held ..
        self.go_on = threading.Event()   # .. until then
        self.body_max = 1 << 30
        self.tampered = []
        self.key, self.bodies = KEY, {}  # what came under each id
        self.refuses = ""                # a post with this in it
        self.signatures = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, scheme="http"):
        return f"{scheme}://127.0.0.1:{self.server_address[1]}/hook?from=pawl"

    def handle_error(self, request, client_address):
        pass  # the other side went away, as some cases want it

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.check(body)
        page = json.loads(body)
        self.server.posts.append(page)
        try:
            todo = self.server.plan.get_nowait()
        except queue.Empty:
            todo = "200" if len(body) <= self.server.body_max else "413"
            if self.server.refuses and self.server.refuses.encode() in body:
                todo = "422"
        getattr(self, "do_" + todo.replace(" ", "_"), lambda: self.answer(int(todo)))()
        if todo[0] == "2":
            self.server.taken.append(page)

    def check(self, body):
        try:
            assert is_ours(self.server.key.encode(), self.headers, body), "of somebody else"
            assert not is_ours(self.server.key.encode(), self.headers, body + b" "), "not checked"
            assert not is_ours(self.server.key.encode()[1:], self.headers, body), "not checked"
            self.server.signatures.append(self.headers["Webhook-Signature"])
            name = self.headers["Webhook-Id"]
            assert self.server.bodies.setdefault(name, body) == body, "another body of this id"
            assert self.headers["Content-Type"] == "application/json"
            assert self.headers["Pawl-Tenant"] == "default"
            assert self.path == "/hook?from=pawl"
        except Exception as e:
            self.server.tampered.append(repr(e))

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_hang_up(self):
        self.close_connection = True

    def do_nonsense(self):
        self.wfile.write(b"220 mail.example ESMTP\r\n")
        self.close_connection = True

    def do_redirect(self):
        self.answer(302, Location="/elsewhere")

    def do_again_later(self):
        self.answer(503, Retry_After="1")

    def do_200_and_more_than_anybody_reads(self):
        self.answer(200, bytes(1 << 20))

    def do_hold(self):
        self.server.holds.set()
        self.server.go_on.wait()
        self.close_connection = True


# ---- what must hold ----------------------------------------------------------------------------

def feed(w, kind=""):
    found, after = [], ""
    while True:
        page = w.operator("GET", f"messages?limit=1000&after={after}&type={kind}")
        if not page["messages"]:
            return found
        found += page["messages"]
        after = page["next"]


def check_order(feed, pages):
    """Each page goes on where one before it ended, or repeats; nothing is left out."""
    done = 0
    for page in pages:
        cursors = [x["cursor"] for x in page["messages"]]
        first = [x["cursor"] for x in feed].index(cursors[0])
        assert first <= done, ("left out", done, first)
        assert page["messages"] == feed[first:first + len(cursors)], "not as it is in the feed"
        done = max(done, first + len(cursors))
    return done


def has_all(w, r):
    return check_order(feed(w), r.taken) == len(feed(w))


def world(receiver, scheme="http", **settings):
    w = World(PROGRAMS, webhook=receiver.url(scheme), webhook_key="hook.key", **settings)
    with open(w.path("v", "hook.key"), "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(KEY + "\n")
    return w


def said(w):
    with open(w.path("verifier.said")) as f:
        return f.read()


def send(w, n=1):
    done = w.send(n)
    assert done.code == 0, done


# ---- webhooks ----------------------------------------------------------------------------------

@case
def every_entry_arrives_in_order_whatever_the_receiver_says():
    with Receiver() as r, world(r) as w:
        w.start_verifier()
        w.enrol()
        for todo in ("500", "hang up", "redirect", "nonsense", "again later", "404"):
            before = len(r.taken), len(r.posts)
            r.plan.put(todo)
            send(w, 2)
            until(f"it is taken after {todo}", lambda: has_all(w, r))
            first = feed(w)[-2]["cursor"]
            repeated = r.posts[before[1]:]
            assert len(repeated) > len(r.taken) - before[0], (todo, "was no failure")
            assert repeated[0]["messages"][0]["cursor"] == first, "it goes on where it was"
            assert repeated[1]["messages"][0]["cursor"] == first, "and again with the same"
        before = len(r.posts) - len(r.taken)
        r.plan.put("200 and more than anybody reads")
        send(w, 2)
        until("all are there", lambda: has_all(w, r))
        assert len(r.posts) - len(r.taken) == before, "what was taken came again"
        for _ in range(3):
            send(w, 150)
            r.plan.put("500")
        until("all are there", lambda: has_all(w, r))
        assert not r.tampered, r.tampered
        me = w.record()["device_id"]
        r.plan.put("500")
        w.operator("POST", f"devices/{me}/revoke")
        until("so is its revocation", lambda: has_all(w, r))
        last = r.taken[-1]["messages"][-1]
        assert (last["type"], last["device"], last["by"]) == ("revoked", me, "an operator"), last
        for way in ("the receiver said 500", "the receiver said 302", "taken, after"):
            assert way in said(w), way
        assert "message 0" not in said(w) and "from=pawl" not in said(w)


@case
def a_verifier_that_comes_back_goes_on_behind_what_was_taken():
    with Receiver() as r, world(r) as w:
        w.start_verifier()
        w.enrol()
        send(w, 5)
        until("all are there", lambda: has_all(w, r))
        until("that is durable", lambda: w.rows("SELECT cursor FROM consumer") ==
              [(feed(w)[-1]["cursor"],)])
        for end in (w.stop_verifier, w.kill_verifier):
            before = len(r.posts)
            end()
            w.start_verifier()
            send(w, 2)
            until("all are there", lambda: has_all(w, r))
            assert check_order(feed(w)[-2:], r.posts[before:]) == 2, "it began anew"
        assert not r.tampered, r.tampered


@case
def a_receiver_that_keeps_it_waiting_holds_up_nothing():
    """Neither devices nor the end of the verifier; and the page comes again."""
    for end in ("stop_verifier", "kill_verifier"):
        with Receiver() as r, world(r) as w:
            w.start_verifier()
            w.enrol()
            r.plan.put("hold")
            send(w, 2)
            until("the receiver holds it", r.holds.is_set)
            held = time.monotonic()
            send(w, 2)
            getattr(w, end)()
            assert time.monotonic() - held < 25, "the end waited for the post's own"  # 30 s
            r.go_on.set()
            w.start_verifier()
            until("all are there", lambda: has_all(w, r))
            assert r.taken[0]["messages"][0] == feed(w)[0]
            assert not r.tampered, r.tampered


@case
def a_receiver_that_takes_only_short_bodies_gets_all_of_it():
    with Receiver() as r, world(r) as w:
        r.body_max = 1000
        w.start_verifier()
        w.enrol()
        send(w, 7)
        until("all are there", lambda: has_all(w, r))
        assert "the receiver said 413" in said(w)


@case
def entries_of_a_device_that_are_refused_wait_and_come_later():
    """Those of others go on; nothing is lost when the verifier dies meanwhile, and nothing comes out
    of order. (There is one device here: tests/unit/verifier/test_hook_turns.c has several.)"""
    with Receiver() as r, world(r) as w:
        w.start_verifier()
        w.enrol()
        send(w, 3)
        until("they are there", lambda: has_all(w, r))
        before = len(r.taken)
        r.refuses = w.record()["device_id"]
        send(w, 5)
        until("it waits", lambda: w.rows("SELECT count(*) FROM parked") == [(1,)])
        waits = feed(w)[-5]["cursor"]
        until("it stands where it was refused",
              lambda: w.rows("SELECT first FROM parked") == [(waits,)])
        w.kill_verifier()
        w.start_verifier()
        send(w, 5)
        tried = len(r.posts)
        w.pass_time(60)
        until("it is tried again", lambda: len(r.posts) > tried)
        assert len(r.taken) == before, "it was taken"
        r.refuses = ""
        w.pass_time(60)
        until("all are there", lambda: has_all(w, r))
        until("nothing waits", lambda: w.rows("SELECT count(*) FROM parked") == [(0,)])
        assert "the receiver said 422" in said(w) and not r.tampered, r.tampered


@case
def posts_are_signed_by_both_keys_while_there_is_an_old_one():
    with Receiver() as r, world(r) as w:
        w.start_verifier()
        w.enrol()
        send(w)
        until("it is there", lambda: has_all(w, r))
        new = "another key, which the receiver does not have yet"
        os.rename(w.path("v", "hook.key"), w.path("v", "hook.key.old"))
        with open(w.path("v", "hook.key"), "w",
                  opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(new + "\n")
        w.verifier_process.send_signal(signal.SIGHUP)
        send(w)
        until("it is there", lambda: has_all(w, r))
        until("two sign", lambda: send(w) or signs(r) == 2)
        until("the log says so", lambda: "signed by another key" in said(w)
              and "signed by an old key too" in said(w))
        r.key = new
        send(w)
        until("it is there", lambda: has_all(w, r))
        os.remove(w.path("v", "hook.key.old"))
        w.verifier_process.send_signal(signal.SIGHUP)
        until("one signs", lambda: send(w) or signs(r) == 1)
        assert "no old key signs any more" in said(w)
        until("all are there", lambda: has_all(w, r))
        assert not r.tampered, r.tampered


def signs(r):
    """How many keys the last post was signed with."""
    return len(r.signatures[-1].split()) if r.signatures else 0


@case
def a_receiver_that_was_away_for_long_gets_all_of_it():
    with Receiver() as r:
        with world(r) as w:
            address = r.server_address
            r.shutdown()
            r.server_close()
            w.start_verifier()
            w.enrol()
            send(w, 120)
            until("it is noticed", lambda: "webhook of tenant default: again in" in said(w))
            w.stop_verifier()
            with Receiver() as back:
                w.set_ini(w.path("v", "verifier.ini"), ";", webhook=back.url())
                w.start_verifier()
                until("all are there", lambda: has_all(w, back))
                assert address != back.server_address


@case
def no_post_goes_to_a_receiver_whose_certificate_nobody_vouches_for():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca = os.environ["PAWL_SURVIVAL_CA"]
    context.load_cert_chain(f"{ca}/proxy.crt", f"{ca}/proxy.key")
    with Receiver(context) as r, world(r, "https") as w:
        w.start_verifier()
        w.enrol()
        send(w)
        until("it is refused", lambda: "certificate" in said(w))
        assert not r.posts


@case
def a_key_that_is_missing_or_open_to_others_is_refused_at_the_start():
    with Receiver() as r, world(r) as w:
        key = w.path("v", "hook.key")
        for spoil, why in ((lambda: os.chmod(key, 0o640), "chmod 600"),
                           (lambda: os.truncate(key, 31), "32 to 64 are due"),
                           (lambda: os.remove(key), "default.webhook_key")):
            spoil()
            try:
                w.start_verifier()
                assert False, "it started"
            except AssertionError as e:
                assert "no verifier" in str(e), e
            w.verifier_process.wait()
            assert why in said(w), (why, said(w))
            if os.path.exists(key):
                os.chmod(key, 0o600)


# ---- overdue -----------------------------------------------------------------------------------

def overdue(w):
    return [x["state"] for x in feed(w, "overdue")]


def attests(w, attested=lambda w: True):
    """A running agent, until it has attested."""
    w.set_ini(w.path("agent.ini"), "#", interval_s=50, jitter_s=0)
    before = int(w.device()["attempt"])
    w.run_agent()
    until("it attested", lambda: int(w.device()["attempt"]) > before and attested(w))
    w.stop_agent()


@case
def a_device_that_stays_away_is_overdue_and_comes_back():
    with World(PROGRAMS, overdue_after=2) as w:
        w.start_verifier()
        w.enrol()
        for n in (1, 2):
            attests(w, lambda w: overdue(w) == (n - 1) * ["overdue", "back"])
            w.pass_time(60)
            w.operator("GET", "devices")  # it lives, and says nothing
            assert overdue(w) == (n - 1) * ["overdue", "back"], "too early"
            w.pass_time(50)  # in all less than what would count as a break
            until("it is told", lambda: overdue(w) == (n - 1) * ["overdue", "back"] + ["overdue"])
            attests(w, lambda w: overdue(w) == n * ["overdue", "back"])
        away, back = feed(w, "overdue")[:2]
        assert away["device"] == back["device"] == w.record()["device_id"]
        assert away["due"] == back["due"] < away["time"] <= back["time"]
        lines = [x["line"] for x in w.device()["events"]]
        assert sum(x.startswith("overdue: no attestation since 20") for x in lines) == 2, lines
        assert sum("back: it was overdue" in x for x in lines) == 2, lines
        assert w.operator("GET", "incidents")["incidents"] == []


@case
def a_verifier_that_was_down_does_not_cry_wolf():
    with World(PROGRAMS, overdue_after=1) as w:
        w.start_verifier()
        w.enrol()
        attests(w)
        w.stop_verifier()
        w.pass_time(100000)
        w.start_verifier()  # which sweeps before it does anything else
        attests(w)
        assert overdue(w) == []


# ---- running them ------------------------------------------------------------------------------

def main():
    failed = 0
    for tool in ("swtpm", "tpm2_getcap", "openssl"):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            return 77
    home = tempfile.mkdtemp(prefix="pawl-beside-")
    try:
        make_authority(os.path.join(home, "ca"))
        for name in WANTED or CASES:
            start = time.monotonic()
            try:
                CASES[name]()
                print(f"ok: {name.replace('_', ' ')} ({time.monotonic() - start:.1f} s)",
                      flush=True)
            except Exception:
                failed += 1
                traceback.print_exc()
                print(f"FAILED: {name.replace('_', ' ')}", flush=True)
    finally:
        shutil.rmtree(home)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
