# SPDX-License-Identifier: Apache-2.0
"""The network of a chaos run: between each device and the verifier a TLS proxy that the device takes
for its pipe. It loses, repeats, delays, reorders, cuts short and replays requests and answers, and
the messages inside of them; at moments that it is told it lets somebody lose his power. Without keys
it can do no more, and that never makes an incident. Imported, never run.

What happens to a request is drawn from the wire's own generator, once for each request: the n-th
request of a device meets the same fate in each run of a seed.
"""
import collections
import hashlib
import http.client
import socket
import ssl
import struct
import threading

from middle import TYPE, Answer, decode, decode_at, head

SLOW_S = 2        # a slow network is never slower; the device waits longer
UPSTREAM_S = 60


# ---- the messages of a request or answer -----------------------------------------------------

def split(body):
    """What stands before the messages, the messages, what stands behind them; as bytes."""
    at = 1
    for _ in range(body[0] & 31):
        key, at = decode_at(body, at)
        begin = at
        _, at = decode_at(body, at)
        if key == 3:
            break
    inside = begin + {24: 2, 25: 3}.get(body[begin] & 31, 1)
    found = []
    while inside < at:
        _, end = decode_at(body, inside)
        found.append(body[inside:end])
        inside = end
    return body[:begin], found, body[at:]


def join(before, messages, behind):
    return before + head(4, len(messages)) + b"".join(messages) + behind


Message = collections.namedtuple("Message", "kid gen seq gen_start epoch_start leaf")


def message_of(cose):
    """Where it stands, and its leaf: protocol.md, section 10."""
    protected, unprotected, ciphertext, *recipients = decode(cose)
    where = recipients[0][0][1] if recipients else unprotected
    seq = where[-22] if recipients else where[-70003]
    hashed = [hashlib.sha256(x).digest() for x in (protected, ciphertext)]
    leaf = hashlib.sha256(b"\0" + struct.pack(">Q", seq) + b"".join(hashed)).digest()[:16]
    return Message(where[4][:8], int.from_bytes(where[4][8:], "big"), seq,
                   *decode(protected)[-70001], leaf)


def unknown_of(evidence):
    """The slots of which the device says, in A1, that it does not know what it sent in them."""
    return decode(decode(evidence)[1])[18][7]


# ---- all wires together ----------------------------------------------------------------------

class Traffic:
    """Requests of the whole fleet, counted. At counts that come from rng, on_count is called with
    what stands between the request and its answer: whoever it kills dies there."""

    def __init__(self, rng, every):
        self.rng, self.every = rng, every
        self.moved = threading.Condition()
        self.requests = 0
        self.happened = collections.Counter()
        self.on_count = None
        self.next = rng.randint(*every)

    def one_more(self):
        """The place in the exchange where on_count is due, or None."""
        with self.moved:
            self.requests += 1
            self.moved.notify_all()
            if self.on_count is None or self.requests < self.next:
                return None
            self.next = self.requests + self.rng.randint(*self.every)
            return self.rng.choice(("before", "inside", "behind"))

    def note(self, what):
        with self.moved:
            self.happened[what] += 1

    def wait_for_others(self, n):
        with self.moved:
            end = self.requests + n
            self.moved.wait_for(lambda: self.requests >= end, SLOW_S)


class Lost(Exception):
    """The device gets no answer to this request."""


# ---- one wire --------------------------------------------------------------------------------

class Wire:
    """account: hears what the device itself sent. While it is not rough nothing happens to what
    passes."""

    def __init__(self, context, traffic, verifier, rng, rate, account):
        self.context, self.traffic, self.verifier = context, traffic, verifier
        self.rng, self.rate, self.account = rng, rate, account
        self.rough = False
        self.lock = threading.Lock()
        self.trap = None                        # [requests to go, place, action]
        self.late = []                          # [requests to go, path, body]
        self.lost = None                        # a body that stays lost when it is sent again
        self.seen = collections.deque(maxlen=24)     # (path, body): what may be replayed
        self.before = {}                        # path: the last answer
        self.idle = []                          # connections to the verifier that wait for use
        self.upstream = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.upstream.check_hostname = False
        self.upstream.verify_mode = ssl.CERT_NONE
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def arm(self, requests, place, action):
        """action() at that place of that request from now on; in the place of an earlier one."""
        with self.lock:
            self.trap = [requests, place, action]

    def disarm(self):
        with self.lock:
            self.trap = None

    def serve(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connection, args=(s,), daemon=True).start()

    def connection(self, s):
        try:
            with s, self.context.wrap_socket(s, server_side=True) as tls, \
                    tls.makefile("rb") as stream:
                while self.exchange(tls, stream):
                    pass
        except (OSError, ValueError, http.client.HTTPException, Lost):
            pass  # somebody went away, or lost it

    # From here to the verifier.

    def ask(self, path, body, due=None):
        """due: the verifier goes there."""
        with self.lock:
            patient = self.rng.random() < 0.5
        if due == "before":
            self.traffic.on_count()
        if not self.verifier.is_up() and patient:
            self.verifier.wait_until_up()
        answer = self.kept(path, body, due) or self.fresh(path, body, due)
        if due == "behind":
            self.traffic.on_count()
        return answer

    def fresh(self, path, body, due):
        c = http.client.HTTPSConnection("127.0.0.1", self.verifier.port, timeout=UPSTREAM_S,
                                        context=self.upstream)
        return self.over(c, path, body, due)

    def kept(self, path, body, due):
        """Over a connection of an earlier request, if one lives."""
        try:
            c = self.idle.pop()
        except IndexError:
            return None
        try:
            return self.over(c, path, body, due)
        except (ConnectionError, http.client.RemoteDisconnected):
            return None

    def over(self, c, path, body, due):
        try:
            if path.startswith("/"):
                c.request("GET", path)
            else:
                c.request("POST", "/pawl/1/" + path, body, {"Content-Type": TYPE})
            if due == "inside":
                self.traffic.on_count()
            r = c.getresponse()
            answer = Answer(r.status, dict(r.getheaders()), r.read())
        except BaseException:
            c.close()
            raise
        self.idle.append(c)
        return answer

    # From the device, and back.

    def exchange(self, tls, stream):
        line = stream.readline().decode()
        if not line:
            return False
        headers = http.client.parse_headers(stream)
        body = stream.read(int(headers.get("Content-Length", 0)))
        path = line.split()[1].removeprefix("/pawl/1/")
        if path == "messages":
            self.account.on_messages([message_of(x) for x in split(body)[1]])
        if path == "evidence":
            self.account.on_quote(unknown_of(body))
        due, place = self.traffic.one_more(), self.trapped()
        self.spring(place, "before")
        answer = self.pass_on(path, body, due)
        self.spring(place, "inside")
        kept = "".join(f"{k}: {answer.headers[k]}\r\n" for k in
                       ("Content-Type", "Retry-After", "Pawl-Request") if k in answer.headers)
        said = (f"HTTP/1.1 {answer.status} x\r\nContent-Length: {len(answer.body)}\r\n{kept}\r\n"
                .encode() + answer.body)
        if answer.short:
            said = said[:-1 - len(answer.body) // 2]
        tls.sendall(said)
        self.spring(place, "behind")
        return not answer.short

    def trapped(self):
        with self.lock:
            if self.trap is None:
                return None
            self.trap[0] -= 1
            if self.trap[0] > 0:
                return None
            place, self.trap = self.trap[1:], None
            return place

    @staticmethod
    def spring(trap, here):
        if trap and trap[0] == here:
            trap[1]()

    def pass_on(self, path, body, due):
        """The answer that the device gets."""
        with self.lock:
            fate = self.draw(path, body)
            self.seen.append((path, body))
            late = self.due_late()
        if fate:
            self.traffic.note(fate)
        for old in late:
            self.ask(*old)
        answer = getattr(self, fate or "plain")(path, body, due)
        answer.short = fate == "cut_short"
        with self.lock:
            self.before[path] = answer
        return answer

    def draw(self, path, body):
        if self.lost == body:
            return "lose"
        self.lost = None
        x, fate = self.rng.random(), self.rng.choice(FATES_OF.get(path, FATES))
        return fate if self.rough and x < self.rate else None

    def due_late(self):
        for x in self.late:
            x[0] -= 1
        due = [x[1:] for x in self.late if x[0] <= 0 or not self.rough]
        self.late = [x for x in self.late if x[0] > 0 and self.rough]
        return due

    # What may happen.

    def plain(self, path, body, due):
        return self.ask(path, body, due)

    cut_short = plain

    def lose(self, path, body, due):
        """And again, where the HTTP client sends it a second time by itself."""
        self.lost = None if self.lost == body else body
        raise Lost

    def lose_once(self, path, body, due):
        raise Lost

    def lose_answer(self, path, body, due):
        self.ask(path, body, due)
        self.lost = body
        raise Lost

    def delay(self, path, body, due):
        """It arrives behind later ones; the device has given it up."""
        with self.lock:
            self.late.append([self.rng.randint(1, 6), path, body])
            self.lost = body
        raise Lost

    def slow(self, path, body, due):
        self.traffic.wait_for_others(1 + len(body) % 16)
        return self.ask(path, body, due)

    def repeat(self, path, body, due):
        answers = [self.ask(path, body), self.ask(path, body, due)]
        return answers[len(body) % 2]

    def replay(self, path, body, due):
        with self.lock:
            old = self.rng.choice(list(self.seen))
        self.ask(*old)
        return self.ask(path, body, due)

    def older_answer(self, path, body, due):
        answer = self.ask(path, body, due)
        old = self.before.get(path, answer)
        return Answer(old.status, old.headers, old.body)

    # What may happen to messages inside.

    def mix(self, messages, others):
        """Others between them, some lost, some twice, in another order."""
        with self.lock:
            how, rng = self.rng.choice(("drop", "double", "shuffle", "mix")), self.rng
            if how == "drop" and len(messages) > 1:
                messages = rng.sample(messages, rng.randint(1, len(messages) - 1))
            elif how == "double":
                messages = messages + [rng.choice(messages)]
            elif how == "mix" and others:
                messages = messages + rng.sample(others, min(len(others), 8))
            return rng.sample(messages, len(messages))[:255]

    def bend_request(self, path, body, due):
        before, messages, behind = split(body)
        with self.lock:
            others = [x for p, b in self.seen if p == path for x in split(b)[1]]
        return self.ask(path, join(before, self.mix(messages, others), behind), due)

    def bend_answer(self, path, body, due):
        answer = self.ask(path, body, due)
        if answer.status != 200:
            return answer
        before, messages, behind = split(answer.body)
        old = self.before.get(path)
        others = split(old.body)[1] if old and old.status == 200 else []
        return Answer(200, answer.headers, join(before, self.mix(messages, others), behind))


FATES = ("lose", "lose_once", "lose_answer", "delay", "slow", "repeat", "replay", "older_answer",
         "cut_short")
FATES_OF = {"messages": FATES + ("bend_request", "bend_answer") * 2}


def listening(cert, key):
    """The TLS side that all wires share."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(cert, key)
    return context
