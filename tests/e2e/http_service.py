#!/usr/bin/env python3
"""Proves: the HTTP layer tells who asks, and nothing that was not proved; an answer without an end
is bounded and ends with the server; another certificate comes without a stop; a stop answers what
was accepted.

    http_service.py HTTP_SERVER [NAME..]    each test has a server of its own
"""
import concurrent.futures
import datetime
import hashlib
import pathlib
import socket
import ssl
import sys
import tempfile
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from http_limits import LONG, PATIENCE, Client, Server, get, post, run, serves, serves_on, until


# ---- certificates ------------------------------------------------------------------------------

class Named:
    """A key and its certificate, in files; below another one, or its own root."""

    def __init__(self, name, issuer=None, ended=False):
        self.key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime(2030, 1, 1) if not ended else datetime.datetime(2020, 1, 1)
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.cert = (x509.CertificateBuilder().subject_name(self.name)
                     .issuer_name(issuer.name if issuer else self.name)
                     .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                     .not_valid_before(now - datetime.timedelta(3650 if not ended else 1))
                     .not_valid_after(now)
                     .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
                     .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
                     .sign((issuer or self).key, hashes.SHA256()))
        self.spki = hashlib.sha256(self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()
        self.pem = self.cert.public_bytes(serialization.Encoding.PEM)
        self.key_pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())

    def write(self, directory, cert, key):
        pathlib.Path(directory, cert).write_bytes(self.pem)
        pathlib.Path(directory, key).write_bytes(self.key_pem)


class TlsClient(Client):
    """With a certificate of its own, and no opinion of the server's."""

    def __init__(self, server, named=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if named:
            with tempfile.TemporaryDirectory() as directory:
                named.write(directory, "cert", "key")
                context.load_cert_chain(directory + "/cert", directory + "/key")
        self.s = context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), 30))
        self.got = b""

    def server_certificate(self):
        return self.s.getpeercert(binary_form=True)


def who(client, headers=b""):
    return client.ask(b"GET /who HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n").body.decode()


def refuses(server, named):
    """TLS 1.3: the client hears of it after its own part of the handshake."""
    try:
        with TlsClient(server, named) as c:
            c.send(get(b"/who"))
            return c.is_closed()
    except (ConnectionError, ssl.SSLError):
        return True


# ---- who asks ----------------------------------------------------------------------------------

def the_address_and_headers_are_told():
    with Server() as server:
        with Client(server) as c:
            assert who(c) == "127.0.0.1 none none "
            assert who(c, b"USER-Agent: me\r\n") == "127.0.0.1 none me "
        with Client(server, plain=True) as c:
            assert who(c) == "local none none "


def a_bearer_is_one_token_in_one_header():
    good = [(b"Bearer abc", "abc"), (b"bearer  a.B-1_~+/==", "a.B-1_~+/==")]
    bad = [b"Bearer", b"Bearer ", b"Bearer =", b"Bearer a b", b"Bearer a=b", b"Basic YTpi", b"Bearerabc", b"Bearer \xc3\xa4", b"Bearer a\r\nAuthorization: Bearer b"]
    with Server() as server, Client(server) as c:
        for header, token in good:
            assert who(c, b"Authorization: %s\r\n" % header) == "127.0.0.1 none none " + token
        for header in bad:
            with Client(server) as other:
                other.send(b"GET /who HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n" % header)
                answer = other.answer()
                assert answer.status == 400 or answer.body == b"127.0.0.1 none none ", header


def a_stranger_is_told_what_is_wanted():
    with Server() as server, Client(server) as c:
        answer = c.ask(get(b"/stranger"))
        assert (answer.status, answer.headers[b"www-authenticate"]) == (401, b"Bearer")


def any_client_certificate_is_known_by_its_key():
    one, ended = Named("one"), Named("ended", ended=True)
    with Server() as server:
        for named in (one, ended, Named("below", issuer=one)):
            with TlsClient(server, named) as c:
                for _ in range(2):
                    assert who(c).split()[1] == named.spki
        serves(server)


def with_a_root_only_certificates_below_it_are_taken():
    root, other = Named("root"), Named("root")
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory, "clients.pem").write_bytes(root.pem)
        with Server(directory=directory) as server:
            good = Named("good", issuer=root)
            with TlsClient(server, good) as c:
                assert who(c).split()[1] == good.spki
            with TlsClient(server) as c:
                assert who(c).split()[1] == "none"
            for bad in (Named("x"), Named("x", issuer=other),
                        Named("x", issuer=root, ended=True)):
                assert refuses(server, bad)
            serves(server)


# ---- answers without an end --------------------------------------------------------------------

def chunks(client):
    """Those that are there whole, and whether the last one has come."""
    head, _, rest = client.got.partition(b"\r\n\r\n")
    pieces = []
    while b"\r\n" in rest:
        size, _, after = rest.partition(b"\r\n")
        n = int(size, 16)
        if len(after) < n + 2:
            break
        if n == 0:
            return head, pieces, True
        pieces.append(after[:n])
        rest = after[n + 2:]
    return head, pieces, False


def ended(server):
    with Client(server) as c:
        return int(c.ask(get(b"/ended")).body)


def a_stream_goes_on_beyond_every_deadline():
    with Server(1, 1, 1) as server, Client(server) as c:
        c.send(get(b"/stream"))
        while len(chunks(c)[1]) < 200:  # more than two seconds
            assert c.more()
        head, pieces, over = chunks(c)
        assert b"200 OK" in head and b"Content-Type: text/event-stream" in head
        assert b"Pawl-Request: " in head and b"Cache-Control: no-store" in head and not over
        assert b"".join(pieces).split(b"\n")[:3] == [b"0", b"1", b"2"]
        serves_on(server)


def a_stream_with_nothing_to_say_goes_on():
    with Server(1, 1, 1) as server, Client(server) as c:
        c.send(get(b"/quiet"))
        while c.more():
            pass
        assert chunks(c)[1:] == ([b"begin\n", b"end\n"], True), server.said()


def a_stream_ends_when_its_reader_leaves():
    with Server() as server:
        for rude in (False, True):
            c = Client(server)
            c.send(get(b"/stream"))
            assert c.more()
            if rude:
                c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            c.close()
        until(lambda: ended(server) == 2, "the streams have ended")


def a_reader_that_lets_too_much_gather_is_cut_off():
    with Server(1) as server, Client(server) as c:
        c.send(get(b"/torrent"))
        until(lambda: ended(server) == 1, "it was cut off")
        assert "too slow" in server.said()
        while c.more():
            pass
        assert not chunks(c)[2], "a cut stream looks like a whole one"


def a_reader_that_stands_still_is_cut_off():
    with Server(1, LONG, 1) as server, Client(server, plain=True) as c:
        c.send(get(b"/pool"))
        assert c.more()
        until(lambda: ended(server) == 1, "it was cut off")
        assert "too slow" in server.said()


RATE = 200_000  # bytes in a second: much less than waits, and more than a kernel's buffer in two


def is_served_slowly(c, idle_s):
    """Whether it is, for longer than anybody may stand still; None where this machine stood still."""
    taken = 0
    began = last = time.monotonic()
    while last - began < 2 * idle_s:
        time.sleep(0.02)
        now = time.monotonic()
        if now - last > idle_s / 4:
            return None
        last = now
        while taken < RATE * (now - began):
            got = len(c.s.recv(4096))
            if not got:
                return False
            taken += got
    return True


def a_slow_reader_is_not_cut_off():
    with Server(1, LONG, 2) as server:
        def tried():
            with Client(server, plain=True) as c:
                c.send(get(b"/pool"))
                served = is_served_slowly(c, 2)
                assert served is not False, server.said()
                return served
        until(tried, "the reader was slow all the time, and not too slow")


def streams_end_whole_when_the_server_stops():
    with Server() as server:
        clients = [Client(server) for _ in range(5)]
        for c in clients:
            c.send(get(b"/stream"))
            assert c.more()
        server.stop(grace_s=30)
        for c in clients:
            while c.more():
                pass
            pieces, over = chunks(c)[1:]
            assert over and pieces[-1] == b"end\n"


# ---- another certificate -----------------------------------------------------------------------

def another_certificate_is_for_new_connections_and_old_ones_go_on():
    new = Named("127.0.0.1")
    with Server() as server, TlsClient(server) as old:
        before = old.server_certificate()
        new.write(server.dir.name, "cert.pem", "key.pem")
        assert old.ask(post(b"/renew", kind=b"")).body == b"renewed"
        assert old.ask(post(b"/echo", b"x")).status == 200
        with TlsClient(server) as c:
            assert c.server_certificate() != before
            assert c.server_certificate() == new.cert.public_bytes(serialization.Encoding.DER)
            assert c.ask(post(b"/echo", b"x")).status == 200


def a_bad_file_leaves_the_certificate_as_it_was():
    with Server() as server, TlsClient(server) as c:
        before = c.server_certificate()
        directory = pathlib.Path(server.dir.name)
        key = (directory / "key.pem").read_bytes()
        for where, file, text in (
                (b"tls.certificate", "cert.pem", b"no certificate"),
                (b"tls.certificate", "cert.pem", b""),
                (b"tls.key", "cert.pem", Named("127.0.0.1").pem),  # of another key
                (b"tls.key", "key.pem", key[:60])):
            kept = (directory / file).read_bytes()
            (directory / file).write_bytes(text)
            assert c.ask(post(b"/renew", kind=b"")).body == where, (file, text)
            (directory / file).write_bytes(kept)
            with TlsClient(server) as other:
                assert other.server_certificate() == before
        assert c.ask(post(b"/renew", kind=b"")).body == b"renewed"


# ---- a stop ------------------------------------------------------------------------------------

# A request that was on its way when the server stopped has DRAIN_MS to arrive (conn.c); what comes
# within this time is answered for certain, also by a server that is slow itself.
ON_ITS_WAY_S = 0.2


def a_stop_under_load_leaves_no_request_unanswered():
    answered = [0] * 12
    lost = []

    def ask_on(i, c):
        """Until an answer says that it is the last one. Who lets a server that stops wait for a
        request, as a busy machine may make it, is one that asks no more."""
        sent = time.monotonic()
        try:
            while True:
                before = sent  # and later than that was the answer, from which the server counts
                try:
                    c.send(post(b"/echo", b"%d" % answered[i]))
                finally:
                    sent = time.monotonic()
                answer = c.answer()
                assert answer.status == 200 and answer.body == b"%d" % answered[i]
                answered[i] += 1
                if answer.headers.get(b"connection") == b"close":
                    assert c.is_closed()
                    return
        except Exception as why:
            if sent - before < ON_ITS_WAY_S or not isinstance(why, (AssertionError, OSError)):
                lost.append((i, answered[i], repr(why)))

    with Server() as server:
        clients = [Client(server) for _ in answered]
        threads = [threading.Thread(target=ask_on, args=pair) for pair in enumerate(clients)]
        for t in threads:
            t.start()
        until(lambda: min(answered) > 20 or lost, "all are at work")
        server.stop(grace_s=30)
        for t in threads:
            t.join(30)
        assert not lost, lost


def who_stands_at_the_door_of_a_server_that_stops_is_let_in():
    """Connected before the stop, as far as the kernel goes: the worker was busy. A machine that is
    as busy itself makes them too slow for it, and then they stand there once more."""
    for _ in range(PATIENCE):
        came, took_s = at_the_door()
        if all(came):
            return
        assert took_s > ON_ITS_WAY_S, (came, took_s)
    raise AssertionError("never quick enough")


def at_the_door():
    """Who was let in, and what the slowest needed to ask once the worker was there."""
    with Server(1) as server, Client(server) as busy:
        busy.send(post(b"/stall", kind=b""))
        waiting = [Client(server, raw=True) for _ in range(5)]
        asked = [0.0] * len(waiting)

        def comes_in(i, c):
            try:
                c.wrap(server)
                c.send(post(b"/echo", b"x"))
                asked[i] = time.monotonic()
                return c.answer().body == b"x" and c.is_closed()
            except (AssertionError, OSError):
                asked[i] = asked[i] or time.monotonic()
                return False
        with concurrent.futures.ThreadPoolExecutor(len(waiting)) as all_at_once:
            came = [all_at_once.submit(comes_in, i, c) for i, c in enumerate(waiting)]
            server.stop(wait=False, grace_s=30)
            began = time.monotonic()
            pathlib.Path(server.dir.name, "go").touch()
            came = [c.result() for c in came]
        assert busy.answer().body == b"gone on"
        return came, max(asked) - began


if __name__ == "__main__":
    sys.exit(run(globals(), __name__))
