#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes symmetric.txt: vectors for libpawl's key derivation and encryption.

Nothing here calls OpenSSL: ciphers are PyCryptodome's (Debian: python3-pycryptodome), derivations
are written out from their standards over Python's own hmac. Run it to see that it still prints the
file beside it: ./make_symmetric.py | diff - symmetric.txt
"""
import hashlib
import hmac

from Cryptodome.Cipher import AES, ChaCha20_Poly1305


def count(n, first=0):
    return bytes((first + i) & 0xFF for i in range(n))


def put(name, value):
    print(name, value.hex() if value else "-")


def expand(prk, info, n):
    """RFC 5869 2.3 with SHA-256."""
    out, t, i = b"", b"", 1
    while len(out) < n:
        t = hmac.new(prk, t + info + bytes([i]), hashlib.sha256).digest()
        out, i = out + t, i + 1
    return out[:n]


def expand_label(sec, label, ctx, n):
    """X() of docs/protocol.md, "Key schedule"."""
    name = b"pawl1 " + label
    return expand(sec, n.to_bytes(2, "big") + bytes([len(name)]) + name + bytes([len(ctx)]) + ctx, n)


def kdfa(alg, key, label, u, v, bits):
    """TPM 2.0 Library Part 1, 11.4.10.2."""
    out, i = b"", 1
    while len(out) < bits // 8:
        block = i.to_bytes(4, "big") + label + b"\0" + u + v + bits.to_bytes(4, "big")
        out, i = out + hmac.new(key, block, alg).digest(), i + 1
    return out[: bits // 8]


def kdfe(alg, z, label, u, v, bits):
    """TPM 2.0 Library Part 1, 11.4.10.3."""
    out, i = b"", 1
    while len(out) < bits // 8:
        out += hashlib.new(alg, i.to_bytes(4, "big") + z + label + b"\0" + u + v).digest()
        i += 1
    return out[: bits // 8]


SEC = count(32, 0x40)
put("label.enrol-auth.32", expand_label(SEC, b"enrol auth", b"", 32))
put("label.kid.8", expand_label(SEC, b"kid", b"", 8))
put("label.wrap.64", expand_label(SEC, b"wrap", b"default", 64))
put("label.longest.64", expand_label(SEC, b"l" * 64, count(255), 64))

for alg in ("sha256", "sha384", "sha512"):
    n = hashlib.new(alg).digest_size
    name = count(2 + n, 0x30)
    put(f"kdfa.{alg}.storage.128", kdfa(alg, count(n), b"STORAGE", name, b"", 128))
    put(f"kdfa.{alg}.integrity.{8 * n}", kdfa(alg, count(n), b"INTEGRITY", b"", b"", 8 * n))
    put(f"kdfa.{alg}.two.512", kdfa(alg, count(16), b"X", name, count(66), 512))
    put(f"kdfe.{alg}.identity.{8 * n}", kdfe(alg, count(48), b"IDENTITY", count(48, 1), count(48, 2), 8 * n))
    put(f"kdfe.{alg}.two.512", kdfe(alg, count(32), b"DUPLICATE", count(32, 1), count(32, 2), 512))

PLAIN = b"a pawl lets a ratchet turn one way only"


def cipher(alg):
    if alg == "ccm":
        return AES.new(count(16), AES.MODE_CCM, nonce=count(13, 0x80), mac_len=16)
    if alg == "gcm":
        return AES.new(count(16), AES.MODE_GCM, nonce=count(12, 0x80))
    return ChaCha20_Poly1305.new(key=count(32), nonce=count(12, 0x80))


for alg in ("ccm", "gcm", "chacha"):
    for what, aad, plain in (("usual", b"pawl/1 msg", PLAIN), ("no-aad", b"", PLAIN), ("no-plain", b"aad", b""), ("nothing", b"", b"")):
        c = cipher(alg)
        if aad:
            c.update(aad)
        body, tag = c.encrypt_and_digest(plain)
        put(f"aead.{alg}.{what}", body + tag)

for nonce_n, tag_n, key_n in ((13, 8, 16), (13, 8, 32), (7, 8, 16), (7, 8, 32), (13, 16, 32), (7, 16, 16), (7, 16, 32)):
    c = AES.new(count(key_n), AES.MODE_CCM, nonce=count(nonce_n, 0x80), mac_len=tag_n)
    c.update(b"pawl/1 msg")
    body, tag = c.encrypt_and_digest(PLAIN)
    put(f"aead.ccm-{8 * (15 - nonce_n)}-{8 * tag_n}-{8 * key_n}.usual", body + tag)
for key_n in (24, 32):
    c = AES.new(count(key_n), AES.MODE_GCM, nonce=count(12, 0x80))
    c.update(b"pawl/1 msg")
    body, tag = c.encrypt_and_digest(PLAIN)
    put(f"aead.gcm-{8 * key_n}.usual", body + tag)

for what, components in (
    ("usual", [b"pawl/1 msg"]),
    ("no-aad", [b""]),
    ("nonce", [b"pawl/1 msg", count(12, 0x80)]),
    ("nonce-no-aad", [b"", count(12, 0x80)]),
):
    c = AES.new(count(64), AES.MODE_SIV)
    for part in components:
        c.update(part)
    body, tag = c.encrypt_and_digest(PLAIN)
    put(f"aead.siv.{what}", tag + body)

put("cfb.16", AES.new(count(16), AES.MODE_CFB, iv=bytes(16), segment_size=128).encrypt(PLAIN))
put("cfb.32", AES.new(count(32), AES.MODE_CFB, iv=bytes(16), segment_size=128).encrypt(PLAIN))
