#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a COSE_Sign1 of a refusal by cbor2 and the Python package cryptography, as RFC 9052 section
4.4 says, and keeps it with the keys: ECDSA draws random numbers, so a run makes new files.

    make_cose.py            (Debian: python3-cbor2, python3-cryptography)
    make_cose.py FILE       verifies another one against public.pem, by the same two packages
"""
import pathlib
import sys

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

HERE = pathlib.Path(__file__).resolve().parent
AAD = b"pawl/1 refusal"
PAYLOAD = (HERE.parent / "wire" / "refusal_full.cbor").read_bytes()
PROTECTED = cbor2.dumps({1: -7})


def to_be_signed(protected, payload):
    return cbor2.dumps(["Signature1", protected, AAD, payload])


def sign1(key, payload, protected=PROTECTED, unprotected=None):
    r, s = utils.decode_dss_signature(
        key.sign(to_be_signed(protected, payload), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    header = {4: bytes(range(32))} if unprotected is None else unprotected
    return cbor2.dumps(cbor2.CBORTag(18, [protected, header, payload, signature]))


def verify(key, message):
    tag = cbor2.loads(message)
    protected, unprotected, payload, signature = tag.value
    assert tag.tag == 18 and cbor2.loads(protected) == {1: -7} and list(unprotected) == [4]
    key.verify(utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                          int.from_bytes(signature[32:], "big")),
               to_be_signed(protected, payload), ec.ECDSA(hashes.SHA256()))
    return payload


def main():
    if len(sys.argv) > 1:
        key = serialization.load_pem_public_key((HERE / "public.pem").read_bytes())
        print(verify(key, pathlib.Path(sys.argv[1]).read_bytes()).hex())
        return
    key = ec.generate_private_key(ec.SECP256R1())
    (HERE / "private.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    (HERE / "public.pem").write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    (HERE / "sign1.cbor").write_bytes(sign1(key, PAYLOAD))
    # Signed well, and not the one form.
    (HERE / "sign1_long_header.cbor").write_bytes(sign1(key, PAYLOAD, cbor2.dumps({1: -7, 4: b"x"})))
    (HERE / "sign1_es384.cbor").write_bytes(sign1(key, PAYLOAD, cbor2.dumps({1: -35})))
    (HERE / "sign1_no_kid.cbor").write_bytes(sign1(key, PAYLOAD, unprotected={}))
    (HERE / "sign1_other_header.cbor").write_bytes(sign1(key, PAYLOAD, unprotected={4: b"x", 5: b""}))
    (HERE / "sign1_empty.cbor").write_bytes(sign1(key, b""))


main()
