#!/usr/bin/env python3
"""Proves: a balancer's PROXY header says whose a connection is, and limits by address hold each
address behind it alone; nobody else can claim an address; a bad, slow or missing header ends the
connection and says why; those without one take nobody's place. Balancers are 127.0.2.x.

    http_proxy.py HTTP_SERVER [NAME..]      each test has a server of its own
"""
import socket
import ssl
import struct
import sys
import time

from http_flood import is_open
from http_limits import LONG, PATIENCE, Client, Server, get, post, run, serves, until

BALANCER, BALANCERS, ELSEWHERE = "127.0.2.1", "127.0.2.0/24", "127.0.1.1"
A, B = "192.0.2.1", "192.0.2.2"
NAMELESS_MAX = 256  # HTTP_NAMELESS_MAX of a worker
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v2(command=0x21, family=0x11, block=b""):
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(block)) + block


def claim(source, destination="198.51.100.1", tlvs=b""):
    """The header of a balancer whose client is there."""
    kind, family = (socket.AF_INET6, 0x21) if ":" in source else (socket.AF_INET, 0x11)
    if kind == socket.AF_INET6:
        destination = "2001:db8:ffff::1"
    return v2(0x21, family, socket.inet_pton(kind, source) + socket.inet_pton(kind, destination)
              + struct.pack(">HH", 40000, 8443) + tlvs)


class Behind(Client):
    """Through a balancer, which sends this header. Together: one segment holds it, and what TLS
    begins with."""

    def __init__(self, server, header, balancer=BALANCER, together=False):
        super().__init__(server, raw=True, source=balancer)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, together)
        self.send(header)
        self.wrap(server)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    def who(self):
        return self.ask(get(b"/who")).body.decode().split()[0]


def proxied(*options, networks=BALANCERS):
    """workers, request timeout, idle timeout, connections, rate, connections of an address"""
    defaults = (2, LONG, LONG, 1000, 0, 0)
    return Server(*options, *defaults[len(options):], networks)


def is_let_in(server, header, balancer=BALANCER):
    try:
        with Behind(server, header, balancer) as c:
            return c.ask(post(b"/echo", b"x")).status == 200
    except (AssertionError, ConnectionError, ssl.SSLError):
        return False


# ---- accepts -----------------------------------------------------------------------------------

def the_header_says_who_asks():
    with proxied() as server:
        for header, told in (
                (claim(A), A),
                (claim("2001:db8::1"), "2001:db8::1"),
                (claim("::ffff:192.0.2.9"), "192.0.2.9"),
                (claim(A, tlvs=b"\x05\0\x03abc\xea\0\0"), A),
                (b"PROXY TCP4 192.0.2.1 198.51.100.1 40000 8443\r\n", A),
                (b"PROXY TCP6 2001:db8::1 2001:db8::2 40000 8443\r\n", "2001:db8::1")):
            for together in (False, True):
                with Behind(server, header, together=together) as c:
                    assert c.who() == told, header
                    assert c.who() == told, header


def a_balancer_that_claims_nobody_is_itself():
    with proxied() as server:
        for header in (v2(0x20, 0, b""), v2(0x20, 0x11, b"no matter"), v2(0x21, 0, b"what"),
                       b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN whatever is there\r\n"):
            with Behind(server, header) as c:
                assert c.who() == BALANCER, header


def a_header_may_come_in_pieces():
    with proxied() as server:
        for header in (claim(A), b"PROXY TCP4 192.0.2.1 198.51.100.1 40000 8443\r\n"):
            with Client(server, raw=True, source=BALANCER) as c:
                for byte in header:
                    c.send(bytes([byte]))
                    time.sleep(0.002)
                c.wrap(server)
                assert c.ask(get(b"/who")).body.decode().startswith(A + " ")


def nobody_else_needs_a_header():
    with proxied() as server, Client(server, source=ELSEWHERE) as c:
        assert c.ask(get(b"/who")).body.decode().startswith(ELSEWHERE + " ")
        serves(server, plain=True)


# ---- refuses -----------------------------------------------------------------------------------

def nobody_else_can_claim_an_address():
    with proxied() as server:
        for source in (ELSEWHERE, "127.0.3.1"):
            for header in (claim(A), b"PROXY TCP4 192.0.2.1 198.51.100.1 40000 8443\r\n"):
                assert not is_let_in(server, header, source)
        assert "PROXY" not in server.said()
        serves(server)
    with Server() as server:  # where no balancer is configured
        assert not is_let_in(server, claim(A))


def a_second_header_through_the_balancer_is_refused():
    """The balancer's comes first: its client cannot put another one there."""
    with proxied() as server:
        assert not is_let_in(server, claim(A) + claim(B))


def a_bad_header_closes_the_connection_and_the_log_says_why():
    good = claim(A)
    cases = [
        (v2(0x11, 0x11, bytes(12)), "ver_cmd: version 1"),
        (v2(0x22, 0x11, bytes(12)), "ver_cmd: command 2"),
        (v2(0x21, 0x31, bytes(216)), "fam: 0x31"),
        (v2(0x21, 0x12, bytes(12)), "fam: 0x12"),
        (v2(0x21, 0x11, bytes(11)), "dst_port: "),
        (v2(0x21, 0x21, bytes(12)), "src_addr: "),
        (claim(A, tlvs=b"\x05\0\x04abc"), "tlv.value: "),
        (SIGNATURE + b"\x21\x11" + struct.pack(">H", 521) + bytes(521), "len: 521"),
        (b"PROXY TCP4 192.0.2.1\r\n", "line: "),
        (b"PROXY TCP4 " + b"1" * 100, "line: has more than 107"),
        (b"GET / HTTP/1.1\r\n", "signature: "),
        (b"\x16\x03\x01\x02\0\x01\0\1\xfc", "signature: "),  # TLS at once
    ]
    with proxied() as server:
        for i, (header, why) in enumerate(cases):
            balancer = "127.0.2.%d" % (i + 10)
            with Client(server, raw=True, source=balancer) as c:
                c.send(header)
                assert c.is_closed()
            line = "%s: sent a bad PROXY header: %s" % (balancer, why)
            until(lambda: line in server.said(), line)
        with Client(server, raw=True, source="127.0.2.9") as c:  # half of one, and then the end
            c.send(good[:20])
            c.s.shutdown(socket.SHUT_WR)
            assert c.is_closed()
        until(lambda: "127.0.2.9: sent a bad PROXY header: header: " in server.said(), "is told")
        assert is_let_in(server, good)


def a_probe_that_only_connects_is_not_in_the_log():
    with proxied() as server:
        with Client(server, raw=True, source=BALANCER) as c:
            c.s.shutdown(socket.SHUT_WR)
            assert c.is_closed()
        assert is_let_in(server, claim(A))
        assert server.said() == "", server.said()


def a_header_that_does_not_come_or_is_slow_is_cut_off():
    with proxied(1, 1) as server:
        started = time.monotonic()
        none = Client(server, raw=True, source=BALANCER)
        drips = Client(server, raw=True, source=BALANCER)
        with drips, none:
            for byte in claim(A)[:-1]:
                if not is_open(drips):
                    break
                drips.s.send(bytes([byte]))
                time.sleep(0.1)
            assert drips.is_closed() and none.is_closed()
            assert 0.9 < time.monotonic() - started < PATIENCE
        assert server.said().count(BALANCER + ": sent no whole PROXY header in time") == 1
        until(lambda: is_let_in(server, claim(A)), "who has one is let in")  # it has a second


def a_server_that_stops_blames_nobody_whose_header_has_not_come():
    with proxied(1) as server, Client(server, raw=True, source=BALANCER) as none:
        none.send(claim(A)[:20])
        assert is_let_in(server, claim(A))  # the worker has taken both
        server.stop()
        assert none.is_closed()
        assert server.said() == "", server.said()


# ---- limits ------------------------------------------------------------------------------------

def each_address_behind_a_balancer_has_its_own_connections():
    with proxied(2, LONG, LONG, 100, 0, 2) as server:
        for source in (A, B):
            mine = [Behind(server, claim(source)) for _ in range(2)]
            assert all(c.who() == source for c in mine)
            assert not is_let_in(server, claim(source))
            assert is_let_in(server, claim("192.0.2.3"))  # and leaves again
            assert all(is_open(c) for c in mine)
            mine.pop().close()
            until(lambda s=source: is_let_in(server, claim(s)), "its place is free again")
            assert source + ": has too many connections" in server.said()
        assert BALANCER not in server.said()


def each_address_behind_a_balancer_has_its_own_rate():
    with proxied(2, LONG, LONG, 100, 1) as server:
        for source in (A, B):
            with Behind(server, claim(source)) as c:
                c.send(post(b"/echo", b"x") * 15)
                statuses = [c.answer().status for _ in range(11)]
                assert statuses[:10] == [200] * 10, statuses
                while statuses[-1] == 200 and len(statuses) < 150:
                    if len(statuses) >= 15:  # a slow machine: its time came
                        c.send(post(b"/echo", b"x"))
                    statuses.append(c.answer().status)
                assert statuses[-1] == 429, statuses
            # A second later there is time for one, and then for none again.
            until(lambda s=source: not is_let_in(server, claim(s)), "it is refused")
        assert is_let_in(server, claim("192.0.2.3"))


def a_balancers_own_connections_are_limited_as_its_own():
    with proxied(2, LONG, LONG, 100, 0, 1) as server:
        with Behind(server, v2(0x20, 0)) as c:
            assert c.who() == BALANCER
            assert not is_let_in(server, v2(0x20, 0))
            assert is_let_in(server, claim(A))


def who_has_no_header_yet_takes_nobodys_place_and_the_oldest_goes():
    """More than there may be, beside as many connections as there may be. Those without a header
    are no address's: not the balancer's, which has one only."""
    with proxied(1, LONG, LONG, 4, 0, 4) as server:
        served = [Behind(server, claim(s)) for s in (A, A, B, B)]
        assert all(c.ask(post(b"/echo", b"x")).status == 200 for c in served)
        nameless = [Client(server, raw=True, source=BALANCER) for _ in range(NAMELESS_MAX)]
        assert served[0].who() == A  # the worker has taken all of them
        assert all(is_open(c) for c in nameless)
        for i in range(3):
            nameless.append(Client(server, raw=True, source=BALANCER))
            assert nameless[i].is_closed()
        assert all(is_open(c) for c in nameless[3:])
        assert all(c.who() == s for c, s in zip(served, (A, A, B, B)))
        assert "too many connections whose PROXY header does not come" in server.said()
        nameless[-1].send(claim("192.0.2.3"))
        nameless[-1].wrap(server)  # and now it makes room for itself, as any other
        assert nameless[-1].ask(post(b"/echo", b"x")).status == 200
        assert sum(is_open(c) for c in served) == 3
        # The server stops with the others still there.


if __name__ == "__main__":
    sys.exit(run(globals(), __name__))
