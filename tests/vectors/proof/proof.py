#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A proof of an incident by cbor2 and the Python package cryptography, from docs/api.md alone: made
here for the vectors, and checked as a third party would.

    proof.py make               writes the vectors and the seeds of the fuzz target; the keys of the
                                TPM are new each time
    proof.py check FILE PIN     checks one against the pin of the verifier's key (base64url) and
                                prints nothing, verifier or device-tpm

Debian: python3-cbor2, python3-cryptography.
"""
import base64
import hashlib
import pathlib
import struct
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE.parent.parent / "fuzz" / "corpus" / "proof"
AAD = b"pawl/1 proof"
PROTECTED = bytes.fromhex("a10126")
E1, E2, E3, E4, E5, E6, E7, S1 = range(1, 9)
NOTHING, VERIFIER, DEVICE_TPM = range(3)
STRENGTH = ["nothing", "verifier", "device-tpm"]


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def digest(leaves):
    return sha256(b"\x01", leaves)


# ---- keys and signatures ------------------------------------------------------------------------

def verify_rs(key, rs, data):
    key.verify(utils.encode_dss_signature(int.from_bytes(rs[:32], "big"),
                                          int.from_bytes(rs[32:], "big")),
               data, ec.ECDSA(hashes.SHA256()))


def sign_rs(key, data):
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def point(key):
    return key.public_bytes(serialization.Encoding.X962,
                            serialization.PublicFormat.UncompressedPoint)


def pin(key):
    return sha256(key.public_bytes(serialization.Encoding.DER,
                                   serialization.PublicFormat.SubjectPublicKeyInfo))


def key_of(point_bytes):
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point_bytes)


# TPMT_PUBLIC of the AK: ECC, SHA-256, restricted signing key, ECDSA-SHA-256, P-256, no KDF.
AK_HEAD = struct.pack(">HHIHHHHHH", 0x0023, 0x000B, 0x00050472, 0, 0x0010, 0x0018, 0x000B, 0x0003,
                      0x0010)


def ak_public(key):
    p = point(key)
    return AK_HEAD + struct.pack(">H", 32) + p[1:33] + struct.pack(">H", 32) + p[33:]


def ak_key(public):
    assert public[:len(AK_HEAD)] == AK_HEAD and len(public) == len(AK_HEAD) + 68, "AK's template"
    return key_of(b"\x04" + public[len(AK_HEAD) + 2:len(AK_HEAD) + 34] + public[-32:])


def name_of(public):
    return b"\x00\x0b" + sha256(public)


# ---- quotes -------------------------------------------------------------------------------------

def attest_of(nonce, clock):
    """TPMS_ATTEST of type QUOTE over the PCRs 0 to 23 of SHA-256; clock: ms, resets, restarts."""
    return (struct.pack(">IH", 0xFF544347, 0x8018) + struct.pack(">H", 34) + name_of(b"signer") +
            struct.pack(">H", 32) + nonce + struct.pack(">QIIB", *clock, 1) +
            struct.pack(">Q", 1) + struct.pack(">IHB", 1, 0x000B, 3) + b"\xff\xff\xff" +
            struct.pack(">H", 32) + sha256(b"pcrs"))


def read_attest(data):
    magic, kind = struct.unpack_from(">IH", data)
    assert (magic, kind) == (0xFF544347, 0x8018), "a quote of a TPM"
    at = 6
    (n,) = struct.unpack_from(">H", data, at)
    at += 2 + n
    (n,) = struct.unpack_from(">H", data, at)
    extra, at = data[at + 2:at + 2 + n], at + 2 + n
    ms, resets, restarts, _ = struct.unpack_from(">QIIB", data, at)
    return extra, (resets, restarts, ms)


def quote(key, a1, clock):
    attest = attest_of(sha256(a1), clock)
    rs = sign_rs(key, attest)
    return [a1, attest, struct.pack(">HHH", 0x0018, 0x000B, 32) + rs[:32] + struct.pack(">H", 32) +
            rs[32:]]


def read_signature(data):
    assert struct.unpack_from(">HH", data) == (0x0018, 0x000B), "ECDSA-SHA-256"
    at, halves = 4, []
    for _ in range(2):
        (n,) = struct.unpack_from(">H", data, at)
        halves.append(data[at + 2:at + 2 + n].rjust(32, b"\0"))
        at += 2 + n
    assert at == len(data)
    return b"".join(halves)


class Quoted:
    """An A1 that the AK signed, about this device, tenant and verifier."""
    def __init__(self, p, parts):
        a1, attest, signature = parts
        verify_rs(ak_key(p["ak_public"]), read_signature(signature), attest)
        extra, self.clock = read_attest(attest)
        self.th1 = sha256(a1)
        assert extra == self.th1, "extraData is SHA-256(A1)"
        (_, _, tenant, verifier, device, ak, _, _, self.attempt, base_epoch, base_kid, *_,
         snd, rcv, verdict, _) = cbor2.loads(a1)
        assert (tenant, device, ak) == (p["tenant"], p["device_id"], name_of(p["ak_public"]))
        assert verifier == p["verifier_id"]
        self.base = (base_epoch, base_kid)
        self.seq_hi, self.sent, self.unknown = snd[0], snd[6], snd[7]
        self.received_hi, self.received = rcv
        self.receipt, self.verdict, self.pairs, self.ahead = verdict


# ---- a proof ------------------------------------------------------------------------------------

FIELDS = ["title", "verifier_key", "tenant", "device_id", "ak_public", "rule", "kind", "epoch",
          "time_ms", "detail", "findings", "quotes", "leaves", "receipt"]


def sign1(key, payload):
    tbs = cbor2.dumps(["Signature1", PROTECTED, AAD, payload])
    return cbor2.dumps(cbor2.CBORTag(18, [PROTECTED, {4: pin(key.public_key())}, payload,
                                          sign_rs(key, tbs)]))


def open_proof(file, want_pin):
    tag = cbor2.loads(file)
    protected, unprotected, payload, rs = tag.value
    assert tag.tag == 18 and protected == PROTECTED and list(unprotected) == [4]
    p = dict(zip(FIELDS, cbor2.loads(payload), strict=True))
    assert p["title"] == "pawl/1 proof"
    key = key_of(p["verifier_key"])
    p["verifier_id"] = unprotected[4]
    assert pin(key) == want_pin == unprotected[4], "signed by the verifier that was named"
    verify_rs(key, rs, cbor2.dumps(["Signature1", protected, AAD, payload]))
    return p


def bits(bitmap, first):
    return [first + i for i in range(8 * len(bitmap)) if bitmap[i // 8] >> i % 8 & 1]


def listed(q, direction, epoch, gen):
    """First slot, number of slots and digest of a generation that A1 lists; None."""
    if direction == 0:
        return next(((s[2], s[4], s[5]) for s in q.sent if s[:2] == [epoch, gen]), None)
    return next(((r[2], len(bits(r[3], r[2])), r[4]) for r in q.received if r[:2] == [epoch, gen]),
                None)


def attested_leaves(p, quotes):
    """(dir, epoch, gen) => (first, leaves, attested or not)."""
    said = {(0 if rule == E3 else 1, epoch, gen)
            for rule, epoch, gen, seq, _, _ in p["findings"] if seq == 0 and rule in (E3, E7)}
    found = {}
    for direction, epoch, gen, first, leaves in p["leaves"]:
        place = (direction, epoch, gen)
        lists = [at for q in quotes if (at := listed(q, *place)) and
                 at[:2] == (first, len(leaves) // 16)]
        fits = any(at[2] == digest(leaves) for at in lists)
        assert fits or (lists and place in said), "leaves have the attested digest"
        found[place] = (first, leaves, fits)
    return found


def judge_e3(finding, q, leaves):
    _, epoch, gen, seq, received, _ = finding
    first, own, fits = leaves.get((0, epoch, gen), (0, b"", False))
    if seq == 0:
        return DEVICE_TPM if own and not fits else VERIFIER
    if fits and first <= seq < first + len(own) // 16:
        leaf = own[16 * (seq - first):16 * (seq - first) + 16]
        assert received != leaf, "what came is not what is attested"
        return DEVICE_TPM if received else VERIFIER
    if q is None:
        return VERIFIER
    at = next((s for s in q.sent if s[2] <= seq <= s[3]), None)
    mine = next((s for s in q.sent if s[:2] == [epoch, gen]), None)
    if at:
        return VERIFIER if at is mine else DEVICE_TPM
    if seq > q.seq_hi and (mine is None or mine[2] <= seq < mine[2] + 64):
        return NOTHING
    if any(lo <= seq <= hi for lo, hi in q.unknown):
        return NOTHING
    if mine or (not q.receipt and any(s[2] <= seq for s in q.sent)):
        return DEVICE_TPM
    return VERIFIER


def judge_e4(finding, q, receipt):
    _, epoch, gen, seq, _, _ = finding
    if q is None:
        return VERIFIER
    if q.verdict < 2:
        return NOTHING
    if not receipt or sha256(receipt) != q.receipt:
        return VERIFIER
    _, _, _, seq_hi, gens = cbor2.loads(receipt)
    ahead = q.verdict == 3 and seq and q.ahead == seq_hi
    denied = [epoch, gen] in q.pairs and any(g[:2] == [epoch, gen] for g in gens)
    return DEVICE_TPM if ahead or denied or (q.verdict == 2 and not q.pairs) else NOTHING


def judge_e5(quotes):
    if len(quotes) < 2:
        return VERIFIER
    a, b = quotes
    if a.th1 == b.th1:
        return NOTHING
    if a.base[0] and a.base == b.base and a.attempt == b.attempt:
        return DEVICE_TPM
    if a.base[0] and a.base[0] == b.base[0] and a.base != b.base:
        return DEVICE_TPM
    early, late = sorted(quotes, key=lambda q: q.clock)
    return DEVICE_TPM if early.clock < late.clock and 0 < late.base[0] < early.base[0] else VERIFIER


def judge_e6(quotes):
    if len(quotes) < 2:
        return VERIFIER
    a, b = quotes
    if not b.clock < a.clock:
        return NOTHING
    in_order = b.attempt > a.attempt and a.base[0] and not 0 < b.base[0] < a.base[0]
    return DEVICE_TPM if in_order else VERIFIER


def judge_e7(finding, q, leaves):
    _, epoch, gen, seq, _, _ = finding
    if q is None:
        return VERIFIER
    mine = next((r for r in q.received if r[:2] == [epoch, gen]), None)
    if seq:
        named = mine and seq in bits(mine[3], mine[2])
        return DEVICE_TPM if named or seq <= q.received_hi else NOTHING
    if (1, epoch, gen) in leaves and not leaves[1, epoch, gen][2]:
        return DEVICE_TPM
    return VERIFIER if mine else NOTHING


def check(p):
    quotes = [Quoted(p, parts) for parts in p["quotes"]]
    leaves = attested_leaves(p, quotes)
    if p["receipt"]:
        title, device, *_ = cbor2.loads(p["receipt"])
        assert (title, device) == ("pawl/1 receipt", p["device_id"])
    last = quotes[-1] if quotes else None
    strength = {E5: judge_e5, E6: judge_e6, S1: lambda _: VERIFIER}.get(
        p["rule"], lambda _: NOTHING)(quotes)
    for finding in p["findings"]:
        rule, _, _, _, received, attested = finding
        assert not received or received != attested
        one = {E3: lambda: judge_e3(finding, last, leaves),
               E4: lambda: judge_e4(finding, last, p["receipt"]),
               E7: lambda: judge_e7(finding, last, leaves)}.get(
                   rule, lambda: VERIFIER if rule in (E1, E2) else NOTHING)()
        if p["rule"] not in (E5, E6, S1):
            strength = max(strength, one)
    return strength


# ---- vectors ------------------------------------------------------------------------------------

class World:
    """One device and one verifier."""
    def __init__(self):
        self.ak = ec.generate_private_key(ec.SECP256R1())
        self.verifier = serialization.load_pem_private_key(
            (HERE.parent / "cose" / "private.pem").read_bytes(), None)
        self.public = ak_public(self.ak.public_key())
        self.device = bytes(range(32))

    def a1(self, attempt, base=(3, b"K" * 8), snd=None, rcv=(0, []), verdict=(b"", 0, [], 0)):
        return cbor2.dumps([
            "pawl/1 attest", 1, "acme", pin(self.verifier.public_key()), self.device,
            name_of(self.public), name_of(b"td"), bytes([attempt]) * 32, attempt, *base, base[0],
            b"", b"B" * 8, b"O" * 8, 5, 0, [], snd or [0, 3, 0, 1, 1, 256, [], []], list(rcv),
            list(verdict), 1800], canonical=True)

    def proof(self, rule, kind, findings, quotes, leaves=(), receipt=b""):
        return cbor2.dumps([
            "pawl/1 proof", point(self.verifier.public_key()), "acme", self.device, self.public,
            rule, kind, 3, 1795326164123, "found", findings, quotes, [list(l) for l in leaves],
            receipt], canonical=True)


def leaf(seq):
    return sha256(b"leaf", bytes([seq]))[:16]


def vectors(w):
    """Name => payload, strength."""
    leaves = b"".join(leaf(i) for i in range(1, 6))
    snd = [40, 3, 2, 1, 1, 256, [[3, 2, 1, 5, 5, digest(leaves)]], [[21, 36]]]
    clock = (5000, 7, 1)
    attest = quote(w.ak, w.a1(7, snd=snd), clock)
    receipt = cbor2.dumps(["pawl/1 receipt", w.device, b"T" * 32, 9,
                           [[3, 2, 1, b"\x07", digest(leaves[:48])]]])
    denial = quote(w.ak, w.a1(8, snd=snd, verdict=(sha256(receipt), 2, [[3, 2]], 0)), clock)
    ahead = quote(w.ak, w.a1(8, snd=snd, verdict=(sha256(receipt), 3, [], 9)), clock)
    again = quote(w.ak, w.a1(7, snd=[41] + snd[1:]), (6000, 7, 1))
    older = quote(w.ak, w.a1(9, base=(2, b"J" * 8)), (6000, 7, 1))
    back = quote(w.ak, w.a1(9, snd=snd), (9000, 6, 1))
    rcv = quote(w.ak, w.a1(7, rcv=(104, [[3, 2, 100, b"\x1f", digest(leaves)]])), clock)
    other = leaf(99)
    return {
        "e1": (w.proof(E1, 1, [[E1, 3, 2, 4, other, leaf(4)]], []), VERIFIER),
        "e2": (w.proof(E2, 2, [[E2, 3, 2, 4, other, b""]], [attest]), VERIFIER),
        "e3_leaf": (w.proof(E3, 1, [[E3, 3, 2, 4, other, leaf(4)]], [attest],
                            [(0, 3, 2, 1, leaves)]), DEVICE_TPM),
        "e3_never": (w.proof(E3, 1, [[E3, 3, 3, 38, other, b""]], [attest]), DEVICE_TPM),
        "e3_other_generation": (w.proof(E3, 1, [[E3, 3, 3, 4, other, b""]], [attest]), DEVICE_TPM),
        "e3_unknown": (w.proof(E3, 1, [[E3, 3, 2, 21, other, b""]], [attest]), NOTHING),
        "e3_above": (w.proof(E3, 1, [[E3, 3, 2, 41, other, b""]], [attest]), NOTHING),
        "e3_covered": (w.proof(E3, 1, [[E3, 3, 3, 38, other, b""]], [denial]), VERIFIER),
        "e3_digest": (w.proof(E3, 1, [[E3, 3, 2, 0, b"", b""]], [attest],
                              [(0, 3, 2, 1, leaves[16:] + other)]), DEVICE_TPM),
        "e4_generation": (w.proof(E4, 2, [[E4, 3, 2, 0, b"", b""]], [attest, denial], (), receipt),
                          DEVICE_TPM),
        "e4_ahead": (w.proof(E4, 2, [[E4, 0, 0, 9, b"", b""]], [attest, ahead], (), receipt),
                     DEVICE_TPM),
        "e4_no_receipt": (w.proof(E4, 2, [[E4, 3, 2, 0, b"", b""]], [denial]), VERIFIER),
        "e5_attempt": (w.proof(E5, 3, [[E5, 0, 0, 0, b"", b""]], [attest, again]), DEVICE_TPM),
        "e5_older": (w.proof(E5, 3, [], [attest, older]), DEVICE_TPM),
        "e5_word": (w.proof(E5, 3, [], [attest, denial]), VERIFIER),
        "e6": (w.proof(E6, 4, [], [attest, back]), DEVICE_TPM),
        "e7": (w.proof(E7, 1, [[E7, 3, 2, 104, b"", b""]], [rcv]), DEVICE_TPM),
        "e7_digest": (w.proof(E7, 1, [[E7, 3, 2, 0, b"", b""]], [rcv],
                              [(1, 3, 2, 100, leaves[16:] + other)]), DEVICE_TPM),
        "s1": (w.proof(S1, 5, [], [attest]), VERIFIER),
    }


def make():
    w = World()
    CORPUS.mkdir(parents=True, exist_ok=True)
    with open(HERE / "strengths.txt", "w") as out:
        for name, (payload, strength) in vectors(w).items():
            file = sign1(w.verifier, payload)
            assert check(open_proof(file, pin(w.verifier.public_key()))) == strength, name
            (HERE / f"{name}.proof").write_bytes(file)
            (CORPUS / name).write_bytes(payload)
            out.write(f"{name} {STRENGTH[strength]}\n")


def main():
    if sys.argv[1:] == ["make"]:
        make()
        return 0
    _, _, file, want = sys.argv
    try:
        want_pin = base64.urlsafe_b64decode(want + "=")
        print(STRENGTH[check(open_proof(pathlib.Path(file).read_bytes(), want_pin))])
    except (AssertionError, InvalidSignature, ValueError) as why:
        print("refused:", why or type(why).__name__)
        return 1
    return 0


sys.exit(main())
