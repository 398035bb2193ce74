#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes keys.txt: keys, signatures and encodings for libpawl's public-key code.

Nothing here calls OpenSSL: all is PyCryptodome's (Debian: python3-pycryptodome), with a generator
that starts from a fixed seed. Run it to see that it still prints the file beside it:
./make_keys.py | diff - keys.txt
The private keys are published here: never use them for anything else.
"""
import hashlib

from Cryptodome.Hash import SHA256, SHA384
from Cryptodome.PublicKey import ECC, RSA
from Cryptodome.Signature import DSS, pkcs1_15, pss


class Seeded:
    def __init__(self, seed):
        self.seed, self.i = seed, 0

    def __call__(self, n):
        out = b""
        while len(out) < n:
            out += hashlib.sha256(self.seed + self.i.to_bytes(8, "big")).digest()
            self.i += 1
        return out[:n]


def put(name, value):
    if isinstance(value, str):
        value = value.encode()
    print(name, value.hex())


MESSAGE = b"a pawl lets a ratchet turn one way only"
put("message", MESSAGE)

# RFC 5903, 8.1 and 8.2: the initiator's keys; RFC 6979, A.2.5: the signing key.
for name, curve, d in (
    ("p256.i", "P-256", 0xC88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433),
    ("p256.r", "P-256", 0xC6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53),
    ("p256.sample", "P-256", 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721),
    ("p384.i", "P-384", 0x099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655E35B538041E649EE3FAEF896783AB194),
    ("p384.r", "P-384", 0x41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942E0308312916B8ED2960E4BD55A7448FC),
    ("p521", "P-521", 12345678901234567890),
):
    key = ECC.construct(curve=curve, d=d)
    put(f"{name}.private.pem", key.export_key(format="PEM", use_pkcs8=True))
    public = key.public_key()
    put(f"{name}.spki", public.export_key(format="DER"))
    put(f"{name}.spki.compressed", public.export_key(format="DER", compress=True))
    put(f"{name}.public.pem", public.export_key(format="PEM"))

key = ECC.construct(curve="P-256", d=0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721)
put("es256", DSS.new(key, "deterministic-rfc6979").sign(SHA256.new(MESSAGE)))

for bits, e in ((2048, 65537), (3072, 65537), (4096, 65537), (1024, 65537), (2048, 3)):
    name = f"rsa{bits}" if e == 65537 else f"rsa{bits}.e{e}"
    key = RSA.generate(bits, randfunc=Seeded(name.encode()), e=e)
    put(f"{name}.spki", key.public_key().export_key(format="DER"))
    if bits == 1024 or e != 65537:
        continue
    put(f"{name}.public.pem", key.public_key().export_key(format="PEM"))
    put(f"{name}.modulus", key.n.to_bytes(bits // 8, "big"))
    put(f"{name}.rsassa.sha256", pkcs1_15.new(key).sign(SHA256.new(MESSAGE)))
    put(f"{name}.rsassa.sha384", pkcs1_15.new(key).sign(SHA384.new(MESSAGE)))
    longest = bits // 8 - 32 - 2
    for salt in (32, longest, 20, 0):
        how = {32: "digest", longest: "longest"}.get(salt, str(salt))
        signer = pss.new(key, salt_bytes=salt, rand_func=Seeded(b"salt"))
        put(f"{name}.rsapss.{how}", signer.sign(SHA256.new(MESSAGE)))
    if bits == 2048:
        put(f"{name}.private.pem", key.export_key(format="PEM", pkcs=8))
