# SPDX-License-Identifier: Apache-2.0
"""The checks of bad_requests.sh, which made the world: bad_requests.py WORK AGENT CTL [NAME..]

Each function is one check, named for what it proves. S10: a refused request has an empty body, one line
in the verifier's log with its id, field and reason, and leaves the database as it was.
"""
import base64
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import traceback

from middle import Answer, Client, Middle, decode, decode_at, encode

WORK, AGENT, CTL = sys.argv[1:4]
VECTORS = f"{os.path.dirname(os.path.abspath(__file__))}/../vectors/wire"


def read(name):
    with open(f"{WORK}/{name}") as f:
        return f.read()


VERIFIER = Client(int(read("v.port")))
PROXY = Middle(int(read("proxy.port")), f"{WORK}/proxy.crt", f"{WORK}/proxy.key",
               int(read("v.port")))
CHECKS = []
LABEL, SUITE, TENANT, ID, DEVICE, AK, TD, NONCE, ATTEMPT = range(9)


def check(f):
    CHECKS.append(f)
    return f


# ---- the world -------------------------------------------------------------------------------

def agent(name, code, *arguments):
    done = subprocess.run([AGENT, "--config", f"{WORK}/{name}.ini", *arguments],
                          capture_output=True, text=True, timeout=120)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    assert done.returncode == code, (arguments, done)
    return done.stdout + done.stderr


def dump():
    with sqlite3.connect(f"file:{WORK}/v/pawl.db?mode=ro", uri=True) as db:
        told = ('INSERT INTO "refusal"', 'INSERT INTO "history"')  # for `why`, with its commit
        return "\n".join(line for line in db.iterdump() if not line.startswith(told))


def lines(request):
    return [x for x in read("v.log").splitlines() if f"request={request}" in x]


def said(answer, where=None, why=None):
    """The one line of the log about a refused request."""
    found = lines(answer.request)
    assert len(found) == 1, (answer.request, found)
    line = found[0]
    assert f" status={answer.status} " in line, line
    field = re.search(r' where=(\S+) why=(".+"|\S+)$', line)
    assert field, line
    assert where is None or field[1] == where, line
    assert why is None or why in field[2], line


def refused(answer, status, where=None, why=None):
    wanted = status if isinstance(status, tuple) else (status,)
    assert answer.status in wanted and answer.body == b"", (answer.status, answer.body)
    said(answer, where, why)


class Unchanged:
    def __enter__(self):
        self.before = dump()

    def __exit__(self, kind, *_):
        assert kind or dump() == self.before, "the database has changed"


def withhold(name, path="evidence", command="attest"):
    """What the agent would have sent: nobody has seen it yet, and its nonce is fresh."""
    kept = []

    def keep(at, body):
        if at != path:
            return body
        kept.append(body)
        return Answer(403, {}, b"")
    PROXY.on_request = keep
    agent(name, 1, command)
    PROXY.passes()
    assert len(kept) == 1, kept
    return kept[0]


def flips(b):
    """One bit of each byte, another one each time."""
    for i in range(len(b)):
        yield b[:i] + bytes([b[i] ^ 1 << i % 8]) + b[i + 1:]


def a1_of(evidence):
    return decode(decode(evidence)[1])


def changed(evidence, **fields):
    m = decode(evidence)
    for key, v in fields.items():
        m[int(key[1:])] = v
    return encode(m)


def result_body(ear):
    return encode({1: ear})


# ---- enrolment -------------------------------------------------------------------------------

@check
def token_secrets_are_never_sent():
    for name in "ab":
        secret = re.search(r"^token = \S+\.(\S+)$", read(name + ".ini"), re.M)[1]
        agent(name, 0, "enroll")
        bytes_ = base64.urlsafe_b64decode(secret + "=")
        for _, request, answer in PROXY.seen:
            for form in (bytes_, bytes_.hex().encode(), secret.encode()):
                assert form not in request and form not in answer.body
    agent("a", 1, "attest")
    for name in "ab":
        device = json.loads(agent(name, 1, "status", "--json"))["device"]
        if name == "a":
            for command in (("learn", "good", "--device", device), ("assign", "good", "--default")):
                subprocess.run([CTL, "policy", *command], check=True, capture_output=True)
        agent(name, 0, "attest")


@check
def swapped_enrolment_cookies_are_refused():
    evidence = {name: withhold(name, command="enroll") for name in "ab"}
    with Unchanged():
        for name, other in ("ab", "ba"):
            mixed = changed(evidence[name], _8=decode(evidence[other])[8])
            refused(VERIFIER.post("evidence", mixed), 403, "A1.device_id")


@check
def no_flipped_bit_of_a_cookie_opens():
    good = withhold("a", command="enroll")
    cookie = decode(good)[8]
    with Unchanged():
        for bad in flips(cookie):
            refused(VERIFIER.post("evidence", changed(good, _8=bad)), 403, "evidence.cookie")
        for n in (1, 16, len(cookie) - 1):
            refused(VERIFIER.post("evidence", changed(good, _8=cookie[:n])), 403, "evidence.cookie")
        m = decode(good)
        del m[8]
        refused(VERIFIER.post("evidence", encode(m)), (400, 403))


@check
def a_credential_that_was_not_opened_enrols_nobody():
    good = withhold("a", command="enroll")
    with Unchanged():
        for bad in flips(decode(good)[4]):
            refused(VERIFIER.post("evidence", changed(good, _4=bad)), 403, "evidence.mac_base")
        refused(VERIFIER.post("evidence", changed(good, _4=b"")), 403, "evidence.mac_base")


@check
def another_devices_credential_is_not_opened():
    agent("b", 1, "enroll")  # refused as known, after its credential was made
    other = decode(PROXY.last("enrol")[2].body)

    def swap(path, answer):
        if path == "enrol":
            m = decode(answer.body)
            m[5], m[6] = other[5], other[6]
            return Answer(200, answer.headers, encode(m))
        return answer
    PROXY.on_answer = swap
    with Unchanged():
        said_ = agent("a", 1, "enroll")
    assert "TPM2_ActivateCredential: the credential was not made for this EK" in said_, said_
    PROXY.passes()
    agent("a", 0, "attest")


@check
def a_replayed_enrolment_changes_nothing():
    enrolments = [x for x in PROXY.seen if x[0] == "evidence" and 8 in decode(x[1])]
    with Unchanged():
        for _, body, answer in enrolments[:4]:
            again = VERIFIER.post("evidence", body)
            assert again.status in (403, 409), again.status
            assert len(lines(again.request)) == 1


# ---- challenges ------------------------------------------------------------------------------

@check
def a_challenge_for_an_unknown_device_looks_like_any_other():  # P-NONCE-4
    known = bytes.fromhex(json.loads(agent("a", 0, "status", "--json"))["device"])

    def shape(device):
        a = VERIFIER.post("challenge", encode({1: "default", 2: device, 3: "pawl/1 attest"}))
        m = decode(a.body)
        nonce = m.pop(1)
        headers = {k: v for k, v in a.headers.items() if k not in ("Pawl-Request", "Date")}
        return a.status, len(a.body), len(nonce), m, headers, sorted(a.headers)
    want = shape(known)
    assert want[0] == 200
    with Unchanged():
        for _ in range(20):
            assert shape(os.urandom(32)) == want == shape(known)


@check
def a_nonce_of_another_device_or_label_is_foreign():
    nonces = {
        "device": decode(VERIFIER.post("challenge", encode(
            {1: "default", 2: os.urandom(32), 3: "pawl/1 attest"})).body)[1],
        "label": decode(VERIFIER.post("challenge", encode(
            {1: "default", 2: a1_of(PROXY.last("evidence")[1])[DEVICE],
             3: "pawl/1 rekey"})).body)[1],
        "nobody": os.urandom(32),
    }
    for what, nonce in nonces.items():
        def give(path, answer):
            if path != "challenge":
                return answer
            m = decode(answer.body)
            m[1] = nonce
            return Answer(200, answer.headers, encode(m))
        PROXY.on_answer = give
        with Unchanged():
            agent("a", 1, "attest")
            _, body, answer = PROXY.last("evidence")
            assert a1_of(body)[NONCE] == nonce, what
            refused(answer, 403, "A1.nonce", "was not made for this tenant, device and label")
    PROXY.passes()
    agent("a", 0, "attest")


# ---- form ------------------------------------------------------------------------------------

@check
def truncated_at_each_length_is_no_message():
    agent("a", 1, "enroll")
    with Unchanged():
        for path in ("challenge", "enrol", "evidence"):
            body = PROXY.last(path)[1]
            for n in range(len(body)):
                refused(VERIFIER.post(path, body[:n]), 400)


@check
def garbage_is_no_message():
    rng = random.Random(1)
    with Unchanged():
        for path in ("challenge", "enrol", "evidence", "supply", "messages"):
            for n in (0, 1, 2, 17, 200, 512):
                refused(VERIFIER.post(path, rng.randbytes(n)), 400)


@check
def cbor_that_is_not_deterministic_is_refused():
    good = PROXY.last("challenge")[1]
    m = decode(good)
    tenant = encode(1) + encode(m[1])
    rest = encode(2) + encode(m[2]) + encode(3) + encode(m[3])
    cases = {
        "trailing byte": good + b"\x00",
        "indefinite map": b"\xbf" + good[1:] + b"\xff",
        "longer head": b"\xb8\x03" + good[1:],
        "longer integer": b"\xa3\x18\x01" + good[2:],
        "unsorted": b"\xa3" + rest + tenant,
        "a key twice": b"\xa4" + tenant + tenant + rest,
        "an unknown key": b"\xa4" + tenant + rest + b"\x09\x00",
        "a missing key": b"\xa2" + rest,
        "indefinite text": b"\xa3\x01\x7f" + encode(m[1]) + b"\xff" + rest,
        "a tag": b"\xc1" + good,
        "deep": b"\x81" * 400,
        "a float": b"\xa3\x01\xf9\x00\x00" + rest,
        "many": b"\xbb" + b"\xff" * 8,
    }
    with Unchanged():
        assert VERIFIER.post("challenge", b"\xa3" + tenant + rest).status == 200
        for what, body in cases.items():
            try:
                refused(VERIFIER.post("challenge", body), 400)
            except AssertionError as e:
                raise AssertionError(what) from e


@check
def oversized_bodies_are_refused():
    with Unchanged():
        for path, most in (("challenge", 512), ("enrol", 24 * 1024), ("evidence", 256 * 1024),
                           ("supply", 256 * 1024), ("messages", 256 * 1024)):
            refused(VERIFIER.post(path, bytes(most + 1)), 413)
            refused(VERIFIER.post(path, bytes(most)), 400)


def others_body(path):
    """A good one, of a device that this verifier does not know."""
    name = {"supply": "supply_full", "messages": "messages_req_full"}[path]
    with open(f"{VECTORS}/{name}.cbor", "rb") as f:
        return f.read()


@check
def a_member_of_another_type_is_refused():
    others = [encode(7), encode(-1), encode(b"x"), encode("'; DROP TABLE device; --"), encode([]),
              encode({}), encode(True), b"\xf6", b"\xfb" + bytes(8)]
    bodies = {path: PROXY.last(path)[1] for path in ("challenge", "enrol", "evidence")}
    bodies |= {path: others_body(path) for path in ("supply", "messages")}
    with Unchanged():
        for path, body in bodies.items():
            at = 1
            while at < len(body):
                _, begin = decode_at(body, at)
                _, at = decode_at(body, begin)
                for other in others:
                    if other[0] >> 5 != body[begin] >> 5:
                        refused(VERIFIER.post(path, body[:begin] + other + body[at:]), 400)


@check
def what_only_a_device_may_ask_is_refused_to_others():
    with Unchanged():
        for path in ("supply", "messages"):
            refused(VERIFIER.post(path, others_body(path)), 403)


# ---- evidence --------------------------------------------------------------------------------

@check
def replayed_evidence_is_refused():
    agent("a", 0, "attest")
    _, body, answer = PROXY.last("evidence")
    assert answer.status == 200
    with Unchanged():
        for _ in range(3):
            again = VERIFIER.post("evidence", body)
            assert again.status == 409
            payload = decode(decode(again.body)[2])
            assert payload[2] == 1 and payload[3] == a1_of(body)[ATTEMPT], payload
            found = lines(again.request)
            assert len(found) == 1 and "refused: attempt" in found[0], found
    agent("a", 0, "attest")
    with Unchanged():
        assert VERIFIER.post("evidence", body).status == 409


@check
def changed_evidence_is_refused_and_the_original_still_counts():
    good = withhold("a")
    m = decode(good)
    with Unchanged():
        for key, where in ((1, None), (2, None), (3, None)):
            for bad in flips(m[key]):
                answer = VERIFIER.post("evidence", changed(good, **{f"_{key}": bad}))
                refused(answer, (400, 403) if key == 1 else 403, where)
        refused(VERIFIER.post("evidence", changed(good, _4=bytes(32))), 403, "evidence.mac_base")
        refused(VERIFIER.post("evidence", changed(good, _4=bytes(31))), 400)
        refused(VERIFIER.post("evidence", changed(good, _8=b"cookie")), 403, "evidence.cookie")
    assert VERIFIER.post("evidence", good).status == 200


@check
def each_field_of_a1_is_bound():
    good = withhold("a")
    a1 = a1_of(good)
    others = {LABEL: "pawl/1 rekey", SUITE: 2, TENANT: "other", ID: bytes(32), DEVICE: bytes(32),
              AK: a1[AK][:-1] + b"\0", TD: a1[TD][:-1] + b"\0", NONCE: bytes(32),
              ATTEMPT: a1[ATTEMPT] + 1, 9: a1[9] + 1, 10: b"12345678", 11: a1[11] + 1, 12: bytes(65),
              13: bytes(8), 14: bytes(8), 15: a1[15] + 1, 16: (a1[16] + 1) % 7,
              21: a1[21] + 1}
    with Unchanged():
        for i, v in others.items():
            changed_a1 = a1[:i] + [v] + a1[i + 1:]
            answer = VERIFIER.post("evidence", changed(good, _1=encode(changed_a1)))
            refused(answer, (400, 403))
    assert VERIFIER.post("evidence", good).status == 200


@check
def changed_pcr_values_are_refused():
    subprocess.run(["tpm2_pcrextend", "-T", read("a.tpm/tcti").strip(), "16:sha256=" + "11" * 32],
                   check=True)
    good = withhold("a")
    values = decode(good)[5]
    assert len(values) == 15 and len(set(values)) > 2
    distinct = next(i for i in range(13) if values[i] != values[i + 1])
    swapped = list(values)
    swapped[distinct], swapped[distinct + 1] = swapped[distinct + 1], swapped[distinct]
    cases = [swapped, values[:-1], values + [bytes(32)], [], values[:-1] + [bytes(20)],
             values[::-1]]
    for i in range(len(values)):
        cases.append(values[:i] + [bytes([values[i][0] ^ 1]) + values[i][1:]] + values[i + 1:])
    with Unchanged():
        for case in cases:
            refused(VERIFIER.post("evidence", changed(good, _5=case)), (400, 403))
    assert VERIFIER.post("evidence", good).status == 200


@check
def one_devices_quote_is_not_anothers():
    evidence = {name: decode(withhold(name)) for name in "ab"}
    with Unchanged():
        for name, other in ("ab", "ba"):
            for keys in ((2, 3), (2,), (3,), (1,)):
                m = dict(evidence[name])
                for k in keys:
                    m[k] = evidence[other][k]
                refused(VERIFIER.post("evidence", encode(m)), 403)
    for name in "ab":
        assert VERIFIER.post("evidence", encode(evidence[name])).status == 200


@check
def a_device_of_nobody_is_refused_like_any_other():
    good = withhold("a")
    a1 = a1_of(good)
    a1[DEVICE] = os.urandom(32)
    a1[NONCE] = decode(VERIFIER.post("challenge", encode(
        {1: "default", 2: a1[DEVICE], 3: "pawl/1 attest"})).body)[1]
    with Unchanged():
        unknown = VERIFIER.post("evidence", changed(good, _1=encode(a1)))
        refused(unknown, 403, "A1.device_id")
        known = VERIFIER.post("evidence", changed(good, _2=decode(good)[2][:-1] + b"\0"))
        refused(known, 403)
    names = [{k: v for k, v in a.headers.items() if k not in ("Pawl-Request", "Date")}
             for a in (unknown, known)]
    assert names[0] == names[1], names


# ---- answers, as the agent judges them -------------------------------------------------------

def hand(make):
    """The agent gets make(the verifier's answer) to its evidence."""
    PROXY.on_answer = lambda path, answer: make(answer) if path == "evidence" else answer


@check
def an_answer_to_another_device_is_refused():
    agent("b", 0, "attest")
    other = PROXY.last("evidence")[2]
    hand(lambda answer: other)
    said_ = agent("a", 1, "attest")
    assert "eat_nonce" in said_, said_
    assert json.loads(agent("a", 1, "status", "--json"))["failure"]
    PROXY.passes()
    agent("a", 0, "attest")


@check
def an_old_answer_to_the_same_device_is_refused():
    old = PROXY.last("evidence")[2]
    assert old.status == 200
    hand(lambda answer: old)
    said_ = agent("a", 1, "attest")
    assert "eat_nonce" in said_, said_
    PROXY.passes()
    agent("a", 0, "attest")


@check
def an_old_refusal_is_refused():
    old = VERIFIER.post("evidence", PROXY.last("evidence")[1])
    assert old.status == 409
    hand(lambda answer: old)
    said_ = agent("a", 1, "attest")
    assert "refusal.th1" in said_, said_
    PROXY.passes()
    agent("a", 0, "attest")


@check
def no_changed_answer_is_believed():
    agent("a", 0, "attest")
    length = len(PROXY.last("evidence")[2].body)
    for at in [0, 1, 2, 3, *range(4, length, 29), length - 1]:
        def flip(answer):
            i = min(at, len(answer.body) - 1)
            b = bytearray(answer.body)
            b[i] ^= 4
            return Answer(answer.status, answer.headers, bytes(b))
        hand(flip)
        agent("a", 1, "attest", "--token", f"{WORK}/never")
        assert not os.path.exists(f"{WORK}/never"), at
    PROXY.passes()
    agent("a", 0, "attest")


@check
def a_status_alone_is_never_believed():
    before = json.loads(agent("a", 0, "status", "--json"))["result"]
    for status, body, code in ((200, b"", 1), (409, b"", 1), (200, b"{}", 1), (409, b"\xd2\x80", 1),
                               (500, b"", 3), (503, b"", 3), (429, b"", 3), (403, b"", 1),
                               (302, b"", 1), (200, bytes(65 * 1024), None)):
        hand(lambda answer: Answer(status, answer.headers | {
            "Content-Type": "application/vnd.pawl+cbor"}, body))
        if code is None:
            done = subprocess.run([AGENT, "--config", f"{WORK}/a.ini", "attest"],
                                  capture_output=True, text=True)
            assert done.returncode in (1, 2, 3) and "answer: more than" in done.stderr, done
        else:
            agent("a", code, "attest")
        told = json.loads(agent("a", 1, "status", "--json"))
        assert told["result"] == before and told["failure"], (status, told)
        assert told["enrolled"] is True
    PROXY.passes()
    agent("a", 0, "attest")


@check
def a_forged_result_of_an_own_key_is_refused():
    def forged(answer):
        header, _, signature = decode(answer.body)[1].split(".")
        claims = json.loads(base64.urlsafe_b64decode(
            decode(answer.body)[1].split(".")[1] + "=="))
        claims["submods"]["device"]["ear.status"] = "affirming"
        claims["aud"] = "other"
        text = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return Answer(200, answer.headers, result_body(f"{header}.{text}.{signature}"))
    hand(forged)
    agent("a", 1, "attest")
    PROXY.passes()
    agent("a", 0, "attest")


@check
def a_lost_answer_is_another_attempt():
    def attempt():
        return a1_of(PROXY.last("evidence")[1])[ATTEMPT]
    hand(lambda answer: None)
    before = len(PROXY.seen)
    agent("a", 3, "attest")
    lost = attempt()
    # The first was accepted; libcurl may have sent it once more on a new connection.
    statuses = [x[2].status for x in PROXY.seen[before:] if x[0] == "evidence"]
    assert statuses[0] == 200 and set(statuses[1:]) <= {409}, statuses
    PROXY.passes()
    agent("a", 0, "attest")
    assert attempt() > lost


@check
def a_lost_request_is_another_attempt():
    with Unchanged():
        withhold("a")
    agent("a", 0, "attest")


@check
def a_doubled_request_counts_once():
    twice = []

    def double(path, body):
        if path == "evidence":
            twice.append(VERIFIER.post(path, body))
        return body
    PROXY.on_request = double
    # The agent sees the refusal of the second copy, and asks again with a higher attempt; that is
    # doubled too, so this attest fails, but nothing is harmed.
    before = len(PROXY.seen)
    said_ = agent("a", 1, "attest")
    assert "attempt" in said_, said_
    assert len(PROXY.seen) - before == 12, PROXY.seen[before:]
    assert [a.status for a in twice] == [200] * 6
    PROXY.on_request = lambda path, body: double(path, body) if len(twice) < 7 else body
    agent("a", 0, "attest")
    PROXY.passes()
    agent("a", 0, "attest")


def main():
    failed = 0
    for f in CHECKS:
        if sys.argv[4:] and f.__name__ not in sys.argv[4:] and f is not CHECKS[0]:
            continue
        name = f.__name__.replace("_", " ")
        try:
            f()
            print(f"ok: {name}", flush=True)
        except Exception as why:  # a check fails with whatever went wrong
            traceback.print_exc()
            print(f"FAILED: {name}: {why!r}", flush=True)
            failed += 1
            PROXY.passes()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
