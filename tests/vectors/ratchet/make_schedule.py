#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes schedule.txt: vectors for the key schedule, the transcript hashes and one whole rekey.

Written from docs/protocol.md, sections "Transcript" and "Key schedule", over Python's hashlib and
hmac, cbor2 and cryptography (Debian: python3-cbor2, python3-cryptography). Keys and inputs are
fixed, so a run changes nothing: ./make_schedule.py | diff - schedule.txt
"""
import base64
import hashlib
import hmac
import json
import struct

import cbor2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def count(n, first=0):
    return bytes((first + i) & 0xFF for i in range(n))


def put(name, value):
    print(name, value.hex() if value else "-")


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def cbor(item):
    return cbor2.dumps(item, canonical=True)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# ---- Key schedule --------------------------------------------------------------------------------

def extract(salt, ikm):
    """RFC 5869 2.2."""
    return mac(salt, ikm)


def expand(prk, info, n):
    """RFC 5869 2.3."""
    out, t, i = b"", b"", 1
    while len(out) < n:
        t = mac(prk, t + info + bytes([i]))
        out, i = out + t, i + 1
    return out[:n]


def X(sec, label, ctx, n):
    name = b"pawl1 " + label
    return expand(sec, struct.pack(">HB", n, len(name)) + name + bytes([len(ctx)]) + ctx, n)


UP, DOWN = 0, 1


class Root:
    def __init__(self, rk, z_ee, z_se, h, th2, epoch):
        s1 = extract(rk, z_ee)
        s2 = extract(X(s1, b"derived", b"", 32), z_se)
        s3 = extract(X(s2, b"derived", b"", 32), h)
        k_conf = X(s3, b"confirm", th2, 32)
        root = X(s3, b"root", th2, 32)
        self.inner = {"s1": s1, "s2": s2, "s3": s3, "k_conf": k_conf, "root": root}
        self.epoch = epoch
        self.conf_v = mac(k_conf, b"V" + th2)
        self.rk = X(root, b"rk", b"", 32)
        self.k_auth = X(root, b"auth", b"", 32)
        self.kid = X(root, b"kid", b"", 8)
        self.exporter = X(root, b"exporter", b"", 32)
        self.gk = [X(root, b"up", b"", 32), X(root, b"down", b"", 32)]

    def put(self, name):
        for field in ["conf_v", "rk", "k_auth", "kid", "exporter"]:
            put(f"{name}.{field}", getattr(self, field))
        for direction, word in [(UP, "up"), (DOWN, "down")]:
            put(f"{name}.{word}.gk", self.gk[direction])


def use_key(gk, direction, epoch, gen):
    return X(gk, b"use", struct.pack(">BQI", direction, epoch, gen), 32)


def put_use(name, gk, direction, epoch, gen):
    uk = use_key(gk, direction, epoch, gen)
    put(f"{name}.uk", uk)
    put(f"{name}.prk", extract(b"", uk))


def app_key(exporter, label, context, n):
    return X(exporter, b"app", sha256(cbor([label, context, n])), n)


SECRET = count(32, 0xA0)
TH1 = count(32, 0x10)
RK_ENROL = extract(bytes(32), b"pawl/1 enrol")
RK_RESYNC = X(bytes(32), b"resync", TH1, 32)
H_ENROL = X(SECRET, b"enrol term", b"", 32)
put("rk.enrol", RK_ENROL)
put("rk.resync", RK_RESYNC)
put("enrol.auth", X(SECRET, b"enrol auth", b"", 32))
put("enrol.term", H_ENROL)

Z_EE, Z_SE, TH2 = count(32, 0x20), count(32, 0x40), count(32, 0x60)
PLAIN = Root(count(32, 1), Z_EE, Z_SE, bytes(32), TH2, 8)
PLAIN.put("plain")
for name, value in PLAIN.inner.items():  # what no call may leave behind
    put(f"plain.inner.{name}", value)
Root(count(32, 1), Z_EE, Z_SE, count(32, 0x80), TH2, 8).put("hedged")
Root(RK_ENROL, Z_EE, Z_SE, H_ENROL, TH2, 1).put("enrolled")
Root(RK_RESYNC, Z_EE, Z_SE, bytes(32), TH2, 2**40 + 5).put("resynced")

for direction, word in [(UP, "up"), (DOWN, "down")]:
    gk = PLAIN.gk[direction]
    for gen in range(321):
        if gen in (0, 1, 2, 3, 64, 320):
            put(f"plain.{word}.{gen}.gk", gk)
            put_use(f"plain.{word}.{gen}", gk, direction, PLAIN.epoch, gen)
        gk = X(gk, b"next", b"", 32)
# Every byte of the place counts.
put_use("far", count(32, 0xC0), DOWN, 0x0102030405060708, 0x090A0B0C)

put("app.least", app_key(PLAIN.exporter, "m", b"", 16))
put("app.mqtt", app_key(PLAIN.exporter, "mqtt über tls", b"broker 7", 32))
put("app.most", app_key(PLAIN.exporter, "l" * 64, count(255), 64))

# ---- Transcript ----------------------------------------------------------------------------------


def th2(th1, attest, e_v, signing_input):
    return sha256(cbor(["pawl/1 th2", th1, sha256(attest), e_v, sha256(signing_input)]))


def leaf(seq, protected, ciphertext):
    return sha256(b"\0" + struct.pack(">Q", seq) + sha256(protected) + sha256(ciphertext))[:16]


def digest(leaves):
    return sha256(b"\1" + b"".join(leaves))


put("th2", th2(TH1, count(120, 0x31), b"\4" + count(64, 0x41), b"e30.e30"))

# ---- One whole rekey: epoch 8, whose root is "plain", to epoch 9 ---------------------------------


def key(scalar):
    return ec.derive_private_key(scalar, ec.SECP256R1())


def point(private):
    return private.public_key().public_bytes(serialization.Encoding.X962,
                                             serialization.PublicFormat.UncompressedPoint)


def pem(private):
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                 serialization.NoEncryption())


def ecdh(private, other):
    """The x coordinate, 32 bytes."""
    return private.exchange(ec.ECDH(), other.public_key())


E_D = key(int.from_bytes(sha256(b"e_D"), "big") >> 1)
T_D = key(int.from_bytes(sha256(b"t_D"), "big") >> 1)
E_V = key(int.from_bytes(sha256(b"E_V"), "big") >> 1)
for name, private in [("e_d", E_D), ("t_d", T_D), ("e_v", E_V)]:
    put(f"rekey.{name}.pem", pem(private))
    put(f"rekey.{name}", point(private))

RECEIPT_BEFORE = sha256(b"the receipt before")
LEAVES_UP = [leaf(833 + i, b"up", bytes([i])) for i in range(12)]
LEAVES_DOWN = [leaf(501 + i, b"down", bytes([i])) for i in range(3)]
A1 = cbor([
    "pawl/1 rekey", 1, "factory-7", count(32, 1), count(32, 2), b"\x00\x0b" + count(32, 3),
    b"\x00\x0b" + count(32, 4), count(32, 5), 66, PLAIN.epoch, PLAIN.kid, PLAIN.epoch + 1, point(E_D),
    count(8, 6), count(8, 7), 99, 0, [[1, 65000, count(32, 10)]],
    [844, 8, 3, 833, 700, 1024, [[8, 3, 833, 844, 12, digest(LEAVES_UP)]], [[845, 845]]],
    [503, [[8, 0, 501, b"\x05", digest([LEAVES_DOWN[0], LEAVES_DOWN[2]])]]],
    [RECEIPT_BEFORE, 1, [], 0], 330])
TH1 = sha256(A1)
IMA_FIELD = cbor([300, count(50, 10)])
ATTEST = (b"\xffTCG" + struct.pack(">HH", 0x8018, 34) + b"\x00\x0b" + count(32, 3)
          + struct.pack(">H", 32) + TH1
          + struct.pack(">QIIB", 123456789, 5, 1, 1) + struct.pack(">Q", 0x2019_1023_0016_3636)
          + struct.pack(">IHB", 1, 0x000B, 3) + b"\xff\x03\x00"
          + struct.pack(">H", 32) + sha256(b"the PCR values"))
RECEIPT = cbor(["pawl/1 receipt", count(32, 2), TH1, 844,
                [[8, 3, 833, b"\xff\x0f", digest(LEAVES_UP)]]])


def part(claims):
    return b64url(json.dumps(claims, separators=(",", ":")).encode())


SIGNING_INPUT = (part({"alg": "ES256", "typ": "eat+jwt", "kid": count(32, 1).hex()}) + "." + part({
    "eat_profile": "tag:github.com,2023:veraison/ear", "iat": 1790000000, "exp": 1790003600,
    "eat_nonce": b64url(TH1), "sub": count(32, 2).hex(), "aud": "factory-7",
    "submods": {"device": {"ear.status": "affirming",
                           "ear.trustworthiness-vector": {"instance-identity": 2}}},
    "pawl": {"ev": b64url(point(E_V)), "rcpt": b64url(sha256(RECEIPT)), "v": 1,
             "lbl": "pawl/1 rekey", "att": 66, "base": 8, "new": 9, "inc": 0, "enr": 1, "rsn": 0,
             "roots": "vendor", "why": []}})).encode()
REKEY_TH2 = th2(TH1, ATTEST, point(E_V), SIGNING_INPUT)
Z_EE, Z_SE = ecdh(E_D, E_V), ecdh(T_D, E_V)
assert Z_EE == ecdh(E_V, E_D) and Z_SE == ecdh(E_V, T_D)

put("rekey.a1", A1)
put("rekey.th1", TH1)
put("rekey.ima_field", IMA_FIELD)
put("rekey.mac_base", mac(PLAIN.k_auth, TH1 + sha256(IMA_FIELD)))
put("rekey.attest", ATTEST)
put("rekey.receipt", RECEIPT)
put("rekey.rcpt", sha256(RECEIPT))
put("rekey.signing_input", SIGNING_INPUT)
put("rekey.th2", REKEY_TH2)
put("rekey.z_ee", Z_EE)
put("rekey.z_se", Z_SE)
NEXT = Root(PLAIN.rk, Z_EE, Z_SE, bytes(32), REKEY_TH2, PLAIN.epoch + 1)
NEXT.put("rekey")
for direction, word in [(UP, "up"), (DOWN, "down")]:
    put_use(f"rekey.{word}.0", NEXT.gk[direction], direction, NEXT.epoch, 0)
