#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes messages.txt: one message of each suite, form and direction, with its leaf, by cbor2 and the
Python package cryptography (Debian: python3-cbor2, python3-cryptography), from docs/protocol.md,
section "Messages", RFC 9052 section 5.3 and RFC 9053 sections 5.1 and 5.2. Inputs are fixed, so a run
changes nothing: ./make_messages.py | diff - messages.txt

    make_messages.py open UK_HEX VERIFIER_ID_HEX TENANT DEVICE_ID_HEX DIR EPOCH FILE
        opens what somebody else wrote, in either form, and prints its plaintext in hex
"""
import hashlib
import pathlib
import sys

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import aead
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# COSE algorithm, bytes of key and of nonce, by suite.
SUITES = {1: (30, 16, 13), 2: (24, 32, 12), 3: (1, 16, 12), 4: (-70002, 64, 12)}
STARTS, SEQ = -70001, -70003


def count(n, first=0):
    return bytes((first + i) & 0xFF for i in range(n))


def cbor(item):
    return cbor2.dumps(item, canonical=True)


def content_key(uk, alg, key_n, sender, receiver, direction, epoch, gen, seq):
    other = cbor(["pawl/1 msg", direction, epoch, gen])
    context = cbor([alg, [sender, seq, None], [receiver, None, None],
                    [8 * key_n, cbor({1: -10}), other]])
    return HKDF(hashes.SHA256(), key_n, salt=None, info=context).derive(uk)


def cipher(alg, key):
    """Two functions (nonce, aad, text) -> text."""
    if alg == -70002:
        siv = aead.AESSIV(key)
        return (lambda n, a, p: siv.encrypt(p, [a, n])), (lambda n, a, c: siv.decrypt(c, [a, n]))
    box = {30: aead.AESCCM, 24: aead.ChaCha20Poly1305, 1: aead.AESGCM}[alg](key)
    return (lambda n, a, p: box.encrypt(n, p, a)), (lambda n, a, c: box.decrypt(n, c, a))


def enc_structure(context, protected, scope, direction, epoch, gen, seq, boot_id):
    name = cbor(["pawl/1 msg", scope["tenant"], scope["device_id"], direction, epoch, gen, seq,
                 boot_id])
    return cbor([context, protected, name])


def parties(scope, direction):
    both = [scope["device_id"], scope["verifier_id"]]
    return both if direction == 0 else both[::-1]


def seal(form, suite, uk, kid, scope, direction, epoch, gen, seq, starts, boot_id, plain):
    alg, key_n, nonce_n = SUITES[suite]
    key_id = kid + gen.to_bytes(4, "big")
    protected = cbor({1: alg, STARTS: list(starts)})
    iv = boot_id.ljust(nonce_n, b"\0")
    key = content_key(uk, alg, key_n, *parties(scope, direction), direction, epoch, gen, seq)
    aad = enc_structure("Encrypt" if form == "full" else "Encrypt0", protected, scope, direction,
                        epoch, gen, seq, boot_id)
    ciphertext = cipher(alg, key)[0](iv, aad, plain)
    if form == "full":
        recipient = [cbor({1: -10}), {4: key_id, -22: seq}, b""]
        message = cbor2.CBORTag(96, [protected, {5: iv}, ciphertext, [recipient]])
    else:
        message = cbor2.CBORTag(16, [protected, {4: key_id, 5: iv, SEQ: seq}, ciphertext])
    leaf = hashlib.sha256(b"\0" + seq.to_bytes(8, "big") + hashlib.sha256(protected).digest() +
                          hashlib.sha256(ciphertext).digest()).digest()[:16]
    return key, cbor(message), leaf


def unseal(uk, scope, direction, epoch, message):
    """What a receiver has beside the message: the generation's key, who talks to whom, the epoch."""
    tag = cbor2.loads(message)
    if tag.tag == 96:
        protected, unprotected, ciphertext, [recipient] = tag.value
        assert cbor2.loads(recipient[0]) == {1: -10} and recipient[2] == b""
        context, key_id, seq = "Encrypt", recipient[1][4], recipient[1][-22]
    else:
        assert tag.tag == 16
        protected, unprotected, ciphertext = tag.value
        context, key_id, seq = "Encrypt0", unprotected[4], unprotected[SEQ]
    alg, iv = cbor2.loads(protected)[1], unprotected[5]
    key_n = {a: n for a, n, _ in SUITES.values()}[alg]
    gen = int.from_bytes(key_id[8:], "big")
    key = content_key(uk, alg, key_n, *parties(scope, direction), direction, epoch, gen, seq)
    aad = enc_structure(context, protected, scope, direction, epoch, gen, seq, iv[:8])
    return cipher(alg, key)[1](iv, aad, ciphertext)


def main():
    scope = {"tenant": "default", "device_id": count(32, 0x10), "verifier_id": count(32, 0x30)}
    for suite in SUITES:
        for form in ("full", "compact"):
            for direction in (0, 1):
                plain = cbor([0, 7, b"a pawl lets a ratchet turn one way only"])
                key, message, leaf = seal(form, suite, count(32, suite), count(8, 0x80), scope,
                                          direction, 5, 2, 1000, (990, 700), count(8, 0xb0), plain)
                name = f"{suite}.{form}.{('up', 'down')[direction]}"
                print(f"key.{name}", key.hex())
                print(f"msg.{name}", message.hex())
                print(f"leaf.{name}", leaf.hex())
    # The longest numbers, and a plaintext of one byte.
    key, message, leaf = seal("full", 1, count(32, 9), count(8, 0x80), scope, 0, 2**64 - 1,
                              2**32 - 1, 2**64 - 1, (2**64 - 64, 1), count(8, 0xb0), b"\0")
    print("msg.longest", message.hex())
    print("leaf.longest", leaf.hex())
    # Digests over leaves that count up, and over those whose bit is set.
    leaves = [count(16, i) for i in range(64)]
    for name, which in (("none", []), ("one", [0]), ("some", [0, 3, 5, 63]), ("all", range(64))):
        digest = hashlib.sha256(b"\1" + b"".join(leaves[i] for i in which)).hexdigest()
        print(f"digest.{name}", digest)


if len(sys.argv) > 1:
    uk, verifier_id, tenant, device_id, direction, epoch, file = sys.argv[2:]
    print(unseal(bytes.fromhex(uk),
                 {"tenant": tenant, "device_id": bytes.fromhex(device_id),
                  "verifier_id": bytes.fromhex(verifier_id)},
                 int(direction), int(epoch), pathlib.Path(file).read_bytes()).hex())
else:
    main()
