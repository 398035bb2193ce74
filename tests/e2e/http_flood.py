#!/usr/bin/env python3
"""Proves: one network, however greedy, takes neither the connections nor the time nor the memory
that others need. Greedy and honest clients come from addresses of their own, 127.x.

    http_flood.py HTTP_SERVER [NAME..]      each test has a server of its own
"""
import contextlib
import os
import resource
import socket
import ssl
import sys
import threading
import time

from http_limits import LONG, TYPE, Client, Server, get, is_served, post, run, serves, until

HONEST, GREEDY, OTHER = "127.0.1.1", "127.0.2.1", "127.0.3.1"


def is_open(c):
    c.s.setblocking(False)
    try:
        return c.s.recv(1) != b""
    except (ssl.SSLWantReadError, BlockingIOError):
        return True
    except OSError:
        return False
    finally:
        c.s.settimeout(30)


def hold(server, source, n, body=b"x"):
    """So many connections with a request that waits for its answer."""
    clients = []
    for _ in range(n):  # each sends at once: for its first request it has a handshake's time
        clients.append(Client(server, source=source))
        clients[-1].send(post(b"/hold", body))
    return clients


# ---- connections -------------------------------------------------------------------------------

def a_network_has_its_number_of_connections_and_others_have_theirs():
    with Server(2, LONG, LONG, 100, 0, 3) as server:
        greedy = [Client(server, source=GREEDY) for _ in range(3)]
        assert all(c.ask(post(b"/echo", b"x")).status == 200 for c in greedy)
        assert not is_served(server, GREEDY)
        assert all(is_open(c) for c in greedy)
        others = [Client(server, source=HONEST) for _ in range(3)]
        assert all(c.ask(post(b"/echo", b"x")).status == 200 for c in others)
        greedy.pop().close()
        until(lambda: is_served(server, GREEDY), "its place is free again")
        assert server.said().count(GREEDY + ": has too many connections") == 1, server.said()


def the_greediest_makes_room_beginning_with_who_was_still_for_longest():
    with Server(1, LONG, LONG, 6) as server:
        honest = Client(server, source=HONEST)
        greedy = [Client(server, source=GREEDY) for _ in range(5)]
        for c in [honest, *greedy, greedy[0]]:
            assert c.ask(post(b"/echo", b"x")).status == 200
        new = Client(server, source=OTHER)
        assert new.ask(post(b"/echo", b"x")).status == 200
        assert [is_open(c) for c in greedy] == [True, False, True, True, True]
        assert is_open(honest)
        assert is_served(server, GREEDY)  # in place of another one of its own
        assert is_open(honest) and is_open(new)


def handshakes_without_end_make_room():
    with Server(1, LONG, LONG, 20) as server:
        half = [Client(server, raw=True, source=GREEDY) for _ in range(40)]
        for c in half[20:]:
            with contextlib.suppress(OSError):
                c.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # a ClientHello's beginning
        for _ in range(5):
            serves_from(server, HONEST)


def half_requests_make_room():
    with Server(1, LONG, LONG, 20) as server:
        for _ in range(30):
            with contextlib.suppress(OSError):
                Client(server, source=GREEDY).send(post(b"/echo", b"x" * 1000)[:-500])
        for _ in range(5):
            serves_from(server, HONEST)


def requests_at_work_and_streams_make_room_for_nobody():
    with Server(1, LONG, LONG, 6) as server:
        busy = hold(server, GREEDY, 3)
        streams = [Client(server, source=GREEDY) for _ in range(3)]
        for c in streams:
            c.send(get(b"/stream"))
            assert c.more()
        assert not is_served(server, HONEST)
        with Client(server, plain=True) as c:
            assert c.ask(post(b"/release", kind=b"")).status == 200
        for c in busy:
            assert c.answer().status == 200
        serves_from(server, HONEST)
        for c in streams:
            got = len(c.got)
            assert c.more() and len(c.got) > got


def where_all_are_alike_the_stillest_goes_and_half_a_request_stays():
    with Server(1, LONG, LONG, 3) as server:
        half = Client(server, source="127.0.4.1")
        half.send(post(b"/echo", b"12345")[:-1])
        still = [Client(server, source="127.0.4.%d" % i) for i in (2, 3)]
        for c in still:
            assert c.ask(post(b"/echo", b"x")).status == 200
        serves_from(server, HONEST)
        assert [is_open(c) for c in still] == [False, True]
        assert half.ask(b"5").body == b"12345"


def who_has_more_takes_nobodys_place():
    """Neither one of a network that has fewer, nor half a request of one that has as many."""
    with Server(1, 60, 60, 6) as server:
        greedy = hold(server, GREEDY, 4)
        until(lambda: held_plain(server) == 4, "they are at work")
        honest = [Client(server, source=HONEST) for _ in range(2)]
        assert all(c.ask(post(b"/echo", b"x")).status == 200 for c in honest)
        assert not is_served(server, GREEDY)
        assert all(is_open(c) for c in honest + greedy)
    with Server(1, 60, 60, 2) as server:
        halves = [Client(server, source=s) for s in (GREEDY, HONEST)]
        for c in halves:
            assert c.ask(post(b"/echo", b"x")).status == 200
            c.send(post(b"/echo", b"half")[:-1])
        assert not is_served(server, OTHER)
        assert [c.ask(b"f").status for c in halves] == [200, 200]


def serves_from(server, source):
    with Client(server, source=source) as c:
        assert c.ask(post(b"/echo", b"x")).status == 200


def a_crowd_that_comes_at_once_is_not_let_in_before_it_is_looked_at():
    with Server(1, LONG, LONG, 20) as server:
        with Client(server) as busy:
            busy.send(post(b"/stall", kind=b""))
            crowd = [Client(server, raw=True, source=GREEDY) for _ in range(500)]
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (150, 150))
            with open(server.dir.name + "/go", "w"):
                pass
            assert busy.answer().body == b"gone on"
        serves_from(server, HONEST)
        assert "no file or memory" not in server.said()
        for c in crowd:
            c.close()


# ---- bytes -------------------------------------------------------------------------------------

BODY = b"a" * 256 * 1024  # the longest, and 256 of them are all the memory
PIECE = BODY[:len(BODY) // 8]


def half(server, body):
    """A connection with a request that lacks a byte."""
    c = Client(server, source=GREEDY)
    with contextlib.suppress(OSError):
        c.send(post(b"/echo", body)[:-1])
    return c


def half_requests_make_room_for_the_bytes_of_others():
    with Server(1) as server:
        greedy = [half(server, BODY) for _ in range(240)]
        for _ in range(3):
            while is_served(server, GREEDY, PIECE):  # until its own network's make no room for it
                greedy.append(half(server, PIECE))
            assert " 503 too many bytes" in server.said()
            assert is_served(server, HONEST, PIECE)


def headers_count_as_the_memory_that_they_take():
    head = b"POST /echo HTTP/1.1\r\nContent-Length: 9\r\n" + b":\r\n" * 2600 + b"\r\n"
    with Server(1) as server:
        greedy = []
        for _ in range(270):
            greedy.append(Client(server, source=GREEDY))
            greedy[-1].send(head)
        # Which of them is the one too many is the order in which the server came to read them.
        until(lambda: " 503 too many bytes" in server.said(), "one is refused")
        serves_from(server, HONEST)


def bytes_of_who_was_cut_count_until_the_handler_is_done():
    with Server(1, 4, LONG) as server:
        for n in range(20, 241, 20):  # 60 MiB in the end
            cut = hold(server, GREEDY, 20, BODY)
            until(lambda: held_plain(server) == n, "they are held")
        assert all(c.is_closed() for c in cut)
        assert " 503 " not in server.said()
        hold(server, HONEST, 30, BODY)
        until(lambda: " 503 too many bytes" in server.said(), "one is refused")
        with Client(server, plain=True) as c:
            assert c.ask(post(b"/release", kind=b"")).status == 200
        until(lambda: is_served(server, HONEST), "the memory is free again")


def crumbs_take_no_more_memory_than_they_are_counted_for():
    crumb = b"\r\n1\r\na"
    counted = 1024 + 2 * 128 + len(crumb)  # a chain, two lines, itself (conn.c)
    with Server(1) as server, Client(server) as probe:
        greedy = [Client(server, source=GREEDY) for _ in range(8)]
        for c in greedy:
            c.send(b"POST /echo HTTP/1.1\r\nContent-Type: %s\r\n"
                   b"Transfer-Encoding: chunked\r\n\r\n1\r\na" % TYPE)
        before = server.resident()
        for _ in range(600):  # short of where they are refused
            for c in greedy:
                c.send(crumb)
            # Answered behind them, so that each was read by itself: in a chain of its own.
            assert probe.ask(get(b"/held")).status == 200
        grown = server.resident() - before
        assert grown < 2 * 8 * 600 * counted // 1024, grown
        assert " 413 " not in server.said() and all(is_open(c) for c in greedy)


def crumbs_without_end_take_no_memory_without_end():
    for head, crumb in ((b"Transfer-Encoding: chunked\r\n\r\n1\r\na", b"\r\n1\r\na"),
                        (b"Content-Length: 200000\r\n\r\n", b"a")):
        with Server(1) as server:
            with Client(server) as c:
                c.send(b"POST /echo HTTP/1.1\r\nContent-Type: %s\r\n" % TYPE + head)
                before = server.resident()
                with contextlib.suppress(OSError):  # it is refused
                    for _ in range(20000):  # each in a TLS record of its own
                        c.send(crumb)
                grown = server.resident() - before
                assert grown < 8 * 1024, grown
            serves(server)


def held_plain(server):
    with Client(server, plain=True) as c:
        return int(c.ask(get(b"/held")).body.split()[0])


# ---- rates -------------------------------------------------------------------------------------

def a_network_has_its_rate_and_is_told_when_to_come_again():
    with Server(2, LONG, LONG, 100, 2) as server, Client(server, source=GREEDY) as c:
        honest = Client(server, source=HONEST)
        begin = time.monotonic()
        c.send(post(b"/echo", b"x") * 30)
        statuses = []
        while len(statuses) < 300 and (not statuses or statuses[-1] == 200):
            answer = c.answer()
            statuses.append(answer.status)
            if answer.status == 200 and len(statuses) >= 30:  # a slow machine: its time came
                c.send(post(b"/echo", b"x"))
        assert 20 <= statuses.count(200) <= 22 + 2 * (time.monotonic() - begin), statuses
        assert (answer.status, answer.body) == (429, b"")
        assert 1 <= int(answer.headers[b"retry-after"]) <= 2
        assert answer.headers[b"connection"] == b"close" and c.is_closed()
        assert honest.ask(post(b"/echo", b"x")).status == 200
        serves_from(server, HONEST)
        until(lambda: is_served(server, GREEDY), "its time has come")


def connections_beyond_the_rate_are_closed_before_their_handshake():
    with Server(1, LONG, LONG, 100, 1) as server:
        crowd = [Client(server, raw=True, source=GREEDY) for _ in range(40)]
        serves_from(server, HONEST)  # the worker has seen all of them before
        refused = sum(not is_open(c) for c in crowd)
        assert refused >= 20, refused
        assert server.said().count("too many requests") == 1, server.said()


def the_local_socket_has_no_rate():
    with Server(2, LONG, LONG, 100, 1, 1) as server, Client(server, plain=True) as c:
        for _ in range(50):
            assert c.ask(post(b"/echo", b"x")).status == 200
        with Client(server, plain=True) as other:
            assert other.ask(post(b"/echo", b"x")).status == 200


if __name__ == "__main__":
    sys.exit(run(globals(), __name__))
