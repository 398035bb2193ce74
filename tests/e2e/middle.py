# SPDX-License-Identifier: Apache-2.0
"""The man in the middle: a TLS proxy that an agent was told to trust as a pipe, which reads, keeps,
changes, drops and repeats what passes. And as much CBOR as that needs. Imported, never run."""
import http.client
import socket
import ssl
import threading


# ---- CBOR, deterministic ---------------------------------------------------------------------

def head(major, n):
    for size, code in ((0, n), (1, 24), (2, 25), (4, 26), (8, 27)):
        if n < (24 if size == 0 else 1 << 8 * size):
            return bytes([major << 5 | code]) + (n.to_bytes(size, "big") if size else b"")
    raise ValueError(n)


def encode(v):
    if isinstance(v, bool):
        return head(7, 21 if v else 20)
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(encode(x) for x in v)
    pairs = sorted((encode(k), encode(x)) for k, x in v.items())
    return head(5, len(pairs)) + b"".join(k + x for k, x in pairs)


def decode_at(b, at):
    major, n = b[at] >> 5, b[at] & 31
    at += 1
    if n > 23:
        size = 1 << n - 24
        n, at = int.from_bytes(b[at:at + size], "big"), at + size
    if major in (0, 1):
        return (n if major == 0 else -1 - n), at
    if major in (2, 3):
        v = b[at:at + n]
        return (v if major == 2 else v.decode()), at + n
    if major == 6:
        return decode_at(b, at)
    if major == 7:
        return {20: False, 21: True, 22: None}[n], at
    items = []
    for _ in range(n if major == 4 else 2 * n):
        v, at = decode_at(b, at)
        items.append(v)
    return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at


def decode(b):
    v, at = decode_at(b, 0)
    assert at == len(b), (at, len(b))
    return v


# ---- the verifier, asked directly ------------------------------------------------------------

TYPE = "application/vnd.pawl+cbor"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.request = headers.get("Pawl-Request")


class Client:
    """One connection, kept and made again where the other side ends it."""

    def __init__(self, port):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.port, self.c = port, None

    def ask(self, method, path, body=None, kind=TYPE):
        for again in (True, False):
            if self.c is None:
                self.c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60,
                                                     context=self.context)
            try:
                self.c.request(method, path, body, {"Content-Type": kind} if body is not None else {})
                r = self.c.getresponse()
                return Answer(r.status, dict(r.getheaders()), r.read())
            except (http.client.RemoteDisconnected, ConnectionError):
                self.c.close()
                self.c = None
                if not again:
                    raise

    def post(self, path, body):
        return self.ask("POST", "/pawl/1/" + path, body)


# ---- the proxy -------------------------------------------------------------------------------

class Middle:
    """on_request(path, body) gives the body to send on, or an Answer in place of the verifier's;
    on_answer(path, answer) gives the Answer to hand back, or None to hang up."""

    def __init__(self, port, cert, key, verifier_port):
        self.verifier_port = verifier_port
        self.seen = []  # (path, request body, Answer of the verifier)
        self.passes()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(cert, key)
        self.listener = socket.create_server(("127.0.0.1", port), backlog=16)
        threading.Thread(target=self.serve, daemon=True).start()

    def passes(self):
        self.on_request = lambda path, body: body
        self.on_answer = lambda path, answer: answer

    def last(self, path):
        return [x for x in self.seen if x[0] == path][-1]

    def serve(self):
        while True:
            s, _ = self.listener.accept()
            threading.Thread(target=self.connection, args=(s,), daemon=True).start()

    def connection(self, s):
        try:
            with self.context.wrap_socket(s, server_side=True) as tls:
                stream, client = tls.makefile("rb"), Client(self.verifier_port)
                while self.exchange(tls, stream, client):
                    pass
        except (OSError, ssl.SSLError):
            pass

    def exchange(self, tls, stream, client):
        line = stream.readline().decode()
        if not line:
            return False
        method, target, _ = line.split()
        headers = http.client.parse_headers(stream)
        body = stream.read(int(headers.get("Content-Length", 0)))
        path = target.removeprefix("/pawl/1/")
        if method == "GET":
            answer = client.ask("GET", target)
        else:
            sent = self.on_request(path, body)
            answer = sent if isinstance(sent, Answer) else client.post(path, sent)
            self.seen.append((path, body, answer))
            answer = self.on_answer(path, answer)
        if answer is None:
            return False
        kind = answer.headers.get("Content-Type")
        tls.sendall(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\nPawl-Request: %s\r\n%s\r\n"
                    % (answer.status, len(answer.body), (answer.request or "none").encode(),
                       b"Content-Type: %s\r\n" % kind.encode() if kind else b"") + answer.body)
        return True
