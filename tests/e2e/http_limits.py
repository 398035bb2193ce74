#!/usr/bin/env python3
"""Proves: the HTTP layer answers good requests, refuses the rest clearly, cuts the slow and the
greedy, and serves on. Every answer carries Pawl-Request, those to garbage too.

    http_limits.py HTTP_SERVER [NAME..]     each test has a server of its own
"""
import concurrent.futures
import contextlib
import inspect
import os
import random
import re
import resource
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

TYPE = b"application/vnd.pawl+cbor"
PATIENCE = 60  # seconds that any wait may take before a test fails
LONG = 3600  # a deadline of the server's that no test meets, however busy the machine is


def with_small_quarantine():
    """The address sanitizer gives freed memory back, as the C library does."""
    given = os.environ.get("ASAN_OPTIONS", "halt_on_error=1")
    return dict(os.environ, ASAN_OPTIONS=f"{given}:quarantine_size_mb=1")


class Server:
    """http_server with its options; ends well, or the test fails: sanitizers report there."""

    def __init__(self, *options, directory=None):
        self.dir = tempfile.TemporaryDirectory(prefix="pawl-http-")
        if directory:
            shutil.copytree(directory, self.dir.name, dirs_exist_ok=True)
        self.log = open(self.dir.name + "/log", "w+")
        self.process = subprocess.Popen([PROGRAM, self.dir.name, *map(str, options)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, env=with_small_quarantine())
        line = self.process.stdout.readline()
        assert line.startswith("ready "), self.said()
        self.port = int(line.split()[1])
        self.socket = self.dir.name + "/socket"

    def said(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def resident(self):
        """KiB"""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1])

    def stop(self, wait=True, grace_s=1):
        """It ends now; __exit__ still looks how."""
        self.process.stdin.write("." * (grace_s - 1))
        self.process.stdin.close()
        assert self.process.stdout.readline() == "stopping\n"
        if wait:
            self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        try:
            ended = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            ended = "killed: it did not stop"
        if kind is None:
            assert ended == 0, f"{ended}\n{self.said()}"
            assert self.process.stdout.read().endswith("stopped\n")
        elif ended != 0:
            print(self.said())
        self.process.stdout.close()
        self.log.close()
        self.dir.cleanup()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        if status >= 200:
            assert re.fullmatch(rb"[0-9a-f]{16}", headers.get(b"pawl-request", b"")), headers


class Client:
    """A connection that sends any bytes."""

    def __init__(self, server, plain=False, version=None, raw=False, source=None):
        if plain:
            self.s = socket.socket(socket.AF_UNIX)
            self.s.settimeout(PATIENCE)
            self.s.connect(server.socket)
        else:
            self.s = socket.create_connection(("127.0.0.1", server.port), PATIENCE,
                                              source and (source, 0))
            self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not plain and not raw:
            self.wrap(server, version)
        self.got = b""

    def wrap(self, server, version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(server.dir.name + "/cert.pem")
        if version:
            context.maximum_version = version
        self.s = context.wrap_socket(self.s)

    def send(self, data):
        self.s.sendall(data)

    def try_send(self, data):
        """Who is refused by its first bytes is not read to the end. Its answer came before."""
        with contextlib.suppress(OSError):
            self.send(data)

    def ask(self, data):
        self.try_send(data)
        return self.answer()

    def more(self):
        try:
            data = self.s.recv(65536)
        except (ConnectionError, ssl.SSLError):
            data = b""
        self.got += data
        return bool(data)

    def answer(self):
        while b"\r\n\r\n" not in self.got:
            assert self.more(), f"closed before an answer: {self.got!r}"
        head, self.got = self.got.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        # Whoever asks in version 1.11 is answered in it: the minor one is the client's.
        status = int(re.match(rb"HTTP/1\.\d+ (\d{3}) [A-Z]", lines[0])[1])
        headers = {k.lower(): v for k, v in (line.split(b": ", 1) for line in lines[1:])}
        n = int(headers.get(b"content-length", 0))
        while len(self.got) < n:
            assert self.more(), "closed within an answer"
        body, self.got = self.got[:n], self.got[n:]
        return Answer(status, headers, body)

    def is_closed(self):
        """Waits until the server closes; anything but an answer's rest is a failure."""
        while self.more():
            pass
        return self.got == b""

    def close(self):
        self.s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def post(path, body=b"", kind=TYPE, extra=b""):
    return (b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
            % (path, kind, len(body), extra)) + body


def get(path, method=b"GET"):
    return b"%s %s HTTP/1.1\r\nHost: x\r\n\r\n" % (method, path)


def serves(server, plain=False):
    with Client(server, plain) as c:
        answer = c.ask(post(b"/echo", b"still here"))
        assert answer.status == 200 and answer.body == b"still here"


def is_served(server, source=None, body=b"x"):
    """Whether a new connection from there is."""
    try:
        with Client(server, source=source) as c:
            return c.ask(post(b"/echo", body)).status == 200
    except (AssertionError, ConnectionError, ssl.SSLError):
        return False


def serves_on(server):
    """Where requests have a second or two, which a busy machine may not give each of them."""
    until(lambda: is_served(server), "it serves on")


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.01)


def held(server):
    with Client(server, plain=True) as c:
        return tuple(map(int, c.ask(get(b"/held")).body.split()))


# ---- accepts -----------------------------------------------------------------------------------

def good_requests_are_answered_on_one_connection():
    with Server() as server, Client(server) as c:
        ids = set()
        for n in (0, 1, 511, 4096, 65536, 256 * 1024):
            body = random.randbytes(n)
            answer = c.ask(post(b"/echo", body))
            assert (answer.status, answer.body) == (200, body), (n, answer.status)
            assert answer.headers[b"content-type"] == TYPE
            assert answer.headers[b"cache-control"] == b"no-store"
            ids.add(answer.headers[b"pawl-request"])
        assert len(ids) == 6
        assert c.ask(get(b"/items/a-B_1.x?n=7")).body == b"a-B_1.x 7"
        assert c.ask(get(b"/items/y")).body == b"y none"
        assert c.ask(get(b"/items/y?m=1&n=%37%20&o=2")).body == b"y 7 "
        assert c.ask(get(b"/items/y?n=12345678")).body == b"y long"
        assert c.ask(get(b"/items/y?" + b"&" * 50)).status == 200
        assert c.ask(post(b"/items/z/take", kind=b"")).body == b"z none"


def bytes_are_given_back_with_each_answer():
    body = bytes(256 * 1024)
    with Server(1) as server, Client(server) as c:
        for _ in range(300):  # 75 MiB in all, where 64 may be in memory at once
            assert c.ask(post(b"/echo", body)).status == 200


def a_media_type_may_have_parameters_and_any_case():
    with Server() as server, Client(server) as c:
        assert c.ask(post(b"/echo", b"x", b"Application/VND.pawl+cbor; v=1")).status == 200


def pipelined_requests_are_answered_in_order():
    with Server() as server, Client(server) as c:
        c.send(b"".join(post(b"/echo", b"%d" % i) for i in range(100)))
        for i in range(100):
            assert c.answer().body == b"%d" % i


def what_comes_in_many_pieces_behind_an_answer_that_waits_is_answered():
    """They use up all that a connection may hold; with the answer it is there again."""
    first, second = random.randbytes(256 * 1024), random.randbytes(200 * 1024)
    with Server() as server, Client(server, plain=True) as c, Client(server, plain=True) as probe:
        c.send(post(b"/echo", first))  # its answer is more than a local socket takes
        request = post(b"/echo", second)
        for at in range(0, len(request), 256):
            c.send(request[at:at + 256])
            assert probe.ask(get(b"/held")).status == 200  # each is read by itself
        assert c.answer().body == first
        answer = c.answer()
        assert (answer.status, answer.body) == (200, second), answer.status


def requests_in_small_pieces_are_put_together():
    with Server() as server, Client(server) as c:
        for byte in post(b"/echo", b"piece by piece"):
            c.send(bytes([byte]))
        assert c.answer().body == b"piece by piece"


def chunked_bodies_are_taken():
    with Server() as server, Client(server) as c:
        head = (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n" % TYPE)
        assert c.ask(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body == b"abcde"


def a_client_that_expects_continue_gets_it():
    with Server() as server, Client(server) as c:
        request = post(b"/echo", b"body", extra=b"Expect: 100-continue\r\n")
        c.send(request[:-4])
        assert c.answer().status == 100
        assert c.ask(b"body").body == b"body"


def the_local_socket_serves_its_owner_alone():
    with Server() as server:
        assert os.stat(server.socket).st_mode & 0o777 == 0o600
        serves(server, plain=True)
        for before in range(3):  # good ones on the same connection
            with Client(server, plain=True) as c:
                for _ in range(before):
                    assert c.ask(post(b"/echo", b"x")).status == 200
                answer = c.ask(b"garbage that is long enough\r\n\r\n")
                assert (answer.status, answer.body) == (400, b"")
        assert server.said().count(" 400 is no HTTP request") == 3, server.said()
        serves(server, plain=True)


def answers_come_later_from_another_thread():
    with Server() as server:
        clients = [Client(server) for _ in range(20)]
        for i, c in enumerate(clients):
            c.send(post(b"/hold", b"%d" % i))
        until(lambda: held(server)[0] == 20, "20 are held")
        with Client(server) as c:
            c.ask(post(b"/release", kind=b""))
        for i, c in enumerate(clients):
            assert c.answer().body == b"%d" % i
            c.close()


def many_connections_at_once():
    with Server() as server:
        clients = []
        for _ in range(300):  # each asks at once: for its first request it has a handshake's time
            clients.append(Client(server))
            assert clients[-1].ask(post(b"/echo", b"first")).body == b"first"
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            def talk(c):
                return all(c.ask(post(b"/echo", b"%d" % i)).body == b"%d" % i for i in range(5))
            assert all(pool.map(talk, clients))
        for c in clients:
            c.close()
        serves(server)


# ---- refuses -----------------------------------------------------------------------------------

def wrong_path_method_and_type_have_their_status():
    cases = [
        (get(b"/"), 404), (get(b"/echo/"), 404), (get(b"/items/"), 404), (get(b"/items/a/b"), 404),
        (get(b"/items/a%2fb"), 404), (get(b"/../echo"), 404), (get(b"*"), 404),
        (get(b"/items/" + b"a" * 200), 404),
        (get(b"/echo"), 405), (get(b"/echo", b"HEAD"), 405), (get(b"/echo", b"DELETE"), 405),
        (get(b"/echo", b"OPTIONS"), 405), (get(b"/echo", b"TRACE"), 405),
        (get(b"/echo", b"PATCH"), 405), (get(b"/echo", b"BREW"), 405),
        (post(b"/items/a"), 405), (get(b"echo.example:443", b"CONNECT"), 404),
        (post(b"/echo", b"x", b"application/json"), 415), (post(b"/echo", b"x", b""), 415),
        (post(b"/echo", b"x", TYPE + b"2"), 415),
    ]
    with Server() as server:  # closed because of the answer
        for request, status in cases:
            with Client(server) as c:
                answer = c.ask(request)
                assert answer.status == status, (request, answer.status)
                assert answer.body == b""
                if status == 405:
                    assert answer.headers[b"allow"] in (b"GET", b"POST"), request
                assert c.is_closed()
        serves(server)


def a_route_has_its_own_body_limit():
    with Server() as server:
        with Client(server) as c:
            assert c.ask(post(b"/small", b"a" * 512)).status == 200
            assert c.ask(post(b"/small", b"a" * 513)).status == 413
            assert c.is_closed()


def a_body_above_the_limit_is_refused_unread():
    with Server() as server:
        for size in (256 * 1024 + 1, 16 * 1024 * 1024):
            with Client(server) as c:
                answer = c.ask(post(b"/echo", b"a" * size))
                assert (answer.status, answer.body) == (413, b""), answer.status
                assert c.is_closed()
        with Client(server) as c:
            c.send(b"POST /echo HTTP/1.1\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"fffffff\r\nabc" % TYPE)
            assert c.answer().status == 413
        serves(server)


def headers_above_the_limit_are_refused():
    with Server() as server:
        for head in (b"X: " + b"a" * 9000 + b"\r\n", b"X: y\r\n" * 2500):
            with Client(server) as c:
                answer = c.ask(post(b"/echo", b"", extra=head))
                assert (answer.status, answer.body) == (400, b"")
                assert c.is_closed()
        with Client(server) as c:
            assert c.ask(get(b"/" + b"a" * 9000)).status == 400
        with Client(server) as c:
            assert c.ask(post(b"/echo", b"fits", extra=b"X: " + b"a" * 7000 + b"\r\n")).status == 200
        serves(server)


def garbage_is_answered_or_cut_and_nothing_else():
    random.seed(7)
    whole = post(b"/echo", b"body")
    texts = [b"\r\n\r\n", b"\0" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
             b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b" GET / HTTP/1.1\r\n\r\n",
             b"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
             b"POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
             b"POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n",
             b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
             b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc",
             b"POST /echo HTTP/1.1\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\nx",
             b"GET http://[::1/ HTTP/1.1\r\n\r\n", b"GET //// HTTP/1.1\r\n\r\n",
             b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    texts += [random.randbytes(random.randrange(1, 600)) for _ in range(150)]
    for _ in range(400):
        mutated = bytearray(whole)
        for _ in range(random.randrange(1, 4)):
            mutated[random.randrange(len(mutated))] = random.randrange(256)
        texts.append(bytes(mutated))
    with Server() as server:
        def offer(text):
            with Client(server) as c:
                c.send(text)
                socket.socket.shutdown(c.s, socket.SHUT_WR)  # the end of TCP; TLS still reads
                while c.more():
                    pass
                if c.got:
                    assert c.answer().status in (100, 200, 400, 404, 405, 413, 415, 417, 501)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(offer, texts))
        with Client(server, raw=True) as c:
            c.send(b"GET / HTTP/1.1\r\n\r\n")  # no TLS at all
            c.is_closed()
        serves(server)


def a_length_that_two_readers_could_read_differently_is_refused():
    with Server() as server:
        for extra in (b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n",
                      b"Transfer-Encoding: gzip\r\n"):
            with Client(server) as c:
                c.send(post(b"/echo", b"0\r\n\r\n", extra=extra))
                assert c.answer().status == 400, extra
                assert c.is_closed()
        serves(server)


def nothing_below_tls_1_3_and_no_tickets():
    with Server() as server:
        try:
            Client(server, version=ssl.TLSVersion.TLSv1_2)
            raise AssertionError("TLS 1.2 was taken")
        except (ssl.SSLError, ConnectionError):
            pass
        with Client(server) as c:
            assert c.s.version() == "TLSv1.3"
            assert c.ask(post(b"/echo", b"x")).status == 200
            assert not c.s.session.has_ticket
        serves(server)


# ---- slow and greedy ---------------------------------------------------------------------------

def a_request_that_drips_is_cut():
    with Server(1, 2, LONG) as server, Client(server) as c:
        started = time.monotonic()
        cut = False
        for byte in post(b"/echo", b"a" * 4000):
            try:
                c.send(bytes([byte]))
            except (ConnectionError, ssl.SSLError, BrokenPipeError):
                cut = True
                break
            if select.select([c.s], [], [], 0.02)[0]:
                cut = c.is_closed()
                break
        assert cut
        assert 1.9 < time.monotonic() - started < PATIENCE
        serves_on(server)


def a_connection_without_a_handshake_or_a_request_is_cut():
    with Server(1, 2, LONG) as server:
        with Client(server, raw=True) as a, Client(server) as b:
            assert a.is_closed() and b.is_closed()
        serves_on(server)


def an_idle_connection_is_closed_after_its_time_and_not_before():
    with Server(1, LONG, 1) as server, Client(server) as c:
        started = time.monotonic()  # not later: the server counts from its answer on
        assert c.ask(post(b"/echo", b"x")).status == 200
        assert c.is_closed()
        assert 0.9 < time.monotonic() - started < PATIENCE


def a_client_that_does_not_read_its_answer_is_cut():
    with Server(1, 2, LONG) as server:
        with Client(server) as c:
            c.s.setblocking(False)
            data = post(b"/echo", b"a" * 256 * 1024) * 64
            sent = 0
            end = time.monotonic() + PATIENCE
            cut = False
            while not cut:
                assert time.monotonic() < end, "never cut"
                try:
                    sent += c.s.send(data[sent % len(data):])
                except (ssl.SSLWantWriteError, BlockingIOError):
                    select.select([], [c.s], [], 0.2)
                except (ConnectionError, ssl.SSLError):
                    cut = True
        assert sent < 32 * 1024 * 1024, sent  # what the kernels hold, and one request
        serves_on(server)


def half_a_request_and_then_the_end():
    with Server() as server:
        whole = post(b"/echo", b"body")
        for n in range(0, len(whole), 3):
            with Client(server) as c:
                c.send(whole[:n])
        serves(server)


def a_client_that_sends_no_more_gets_its_answer():
    with Server() as server:
        for _ in range(20):
            with Client(server) as c:
                c.send(post(b"/echo", b"body"))
                socket.socket.shutdown(c.s, socket.SHUT_WR)
                assert c.answer().body == b"body"


def a_client_that_left_before_its_answer_changes_nothing():
    with Server() as server:
        for _ in range(3):
            clients = [Client(server) for _ in range(10)]
            for c in clients:
                c.send(post(b"/hold", b"x" * 1000))
            until(lambda: held(server)[0] == 10, "10 are held")
            for i, c in enumerate(clients):
                if i % 2:  # a reset, not a polite end
                    c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                c.close()
            with Client(server) as c:
                c.ask(post(b"/release", kind=b""))
            until(lambda: held(server)[0] == 0, "none is held")
        serves(server)


def an_answer_that_comes_after_the_deadline_finds_nobody():
    with Server(1, 2, LONG) as server:
        with Client(server) as c:
            c.send(post(b"/hold", b"x"))
            assert c.is_closed()
        with Client(server, plain=True) as c:
            c.ask(post(b"/release", kind=b""))
        until(lambda: held(server) == (0, 1), "the handler was told")
        serves_on(server)


def without_files_for_more_connections_they_wait_and_the_log_stays_short():
    with Server(1) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (64, 64))
        clients = [Client(server, raw=True) for _ in range(100)]
        until(lambda: "no file or memory" in server.said(), "the files are used up")
        time.sleep(1)  # a server that only tried again would fill the log meanwhile
        assert len(server.said()) < 1000, len(server.said())
        for c in clients:
            c.close()
        serves(server)


def too_many_bytes_in_memory_are_refused_with_retry_after():
    body = b"a" * 256 * 1024
    with Server() as server:
        clients = []
        refused = 0
        for i in range(270):
            c = Client(server)
            c.try_send(post(b"/hold", body))
            clients.append(c)
        until(lambda: held_or_refused(server) >= 250, "the memory is full")
        with Client(server) as c:
            answer = c.ask(post(b"/echo", body))
            assert answer.status == 503, answer.status
            assert int(answer.headers[b"retry-after"]) > 0
            assert c.is_closed()
        with Client(server, plain=True) as c:  # the count is the device side's own
            c.ask(post(b"/release", kind=b""))
        for c in clients:
            status = c.answer().status
            assert status in (200, 503)
            refused += status == 503
            c.close()
        assert 0 < refused < 30, refused
        until(lambda: no_longer_full(server, body), "the memory is free again")


def a_body_without_end_takes_no_memory_from_others():
    with Server(1) as server, Client(server) as greedy:
        greedy.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n")
        for _ in range(80):  # MiB, where 64 may be in memory at once
            greedy.send(bytes(1024 * 1024))
        serves(server)


def held_or_refused(server):
    with Client(server, plain=True) as c:
        return int(c.ask(get(b"/held")).body.split()[0])


def no_longer_full(server, body):
    with Client(server) as c:
        return c.ask(post(b"/echo", body)).status == 200


# ---- the end -----------------------------------------------------------------------------------

def stopping_waits_for_requests_in_flight_no_longer_than_its_grace():
    server = Server(1)
    idle, busy = Client(server), Client(server)
    assert idle.ask(post(b"/echo", b"x")).status == 200
    busy.send(post(b"/hold", b"x"))
    until(lambda: held(server)[0] == 1, "one is held")
    with server:
        pass  # ends it: the held request is never answered in time
    assert idle.is_closed() and busy.is_closed()


def run(names, module):
    """The tests of a program: its functions without arguments whose names are sentences."""
    tests = [f for name, f in names.items() if callable(f) and f.__module__ == module
             and name.count("_") >= 3 and not inspect.signature(f).parameters]
    wanted = sys.argv[2:]
    passed = 0
    failed = []
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        name = test.__name__.replace("_", " ")
        started = time.monotonic()
        try:
            test()
            passed += 1
            print(f"[       OK ] {name} ({time.monotonic() - started:.1f} s)", flush=True)
        except Exception as why:  # a test fails with whatever went wrong
            import traceback
            traceback.print_exc()
            failed.append(name)
            print(f"[   FAILED ] {name}: {why!r}", flush=True)
    print(f"[  PASSED  ] {passed} test(s).")
    if failed:
        print(f"[  FAILED  ] {len(failed)} test(s)")
    return 1 if failed or not passed else 0


PROGRAM = sys.argv[1]
if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    sys.exit(run(globals(), __name__))
