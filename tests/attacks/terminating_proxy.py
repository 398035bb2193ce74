#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: a proxy that ends TLS, with the verifier's own TLS key, sees evidence and results go by,
opens no message, gets no token for anything of its own, changes nothing unnoticed and enrols
nothing. docs/threat-model.md, h."""
import base64
import json
import sys

from attack_world import a1_of, attacked, claims, main, scenario

from middle import Client, decode, encode


def unpadded(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def verify(w, token, code):
    w.ctl("ear", "verify", "--jwks", w.jwks(), "--require", "affirming", token, code=code)


def with_the_verifiers_tls_key(w):
    """From now on the wire is the verifier, as far as TLS can tell."""
    w.wire.context.load_cert_chain(w.path("v", "tls.crt"), w.path("v", "tls.key"))
    pin = w.join.split("tls=")[1].split("&")[0]
    w.set_ini(w.path("agent.ini"), "#", tls=f"pin:{pin}")


@scenario
def it_sees_evidence_and_opens_no_message():
    with attacked() as w:
        with_the_verifiers_tls_key(w)
        w.works()
        texts = w.said(3)
        w.told(2)
        w.turn()
        passed = b"".join(body for _, body in w.wire.sent)
        passed += b"".join(answer.body for _, _, answer in w.wire.got)
        assert bytes.fromhex(w.record()["device_id"]) in passed  # it does see
        for secret in texts + list(w.messages.safe["down"]):
            assert secret.encode() not in passed, secret
        w.no_incident()


@scenario
def it_gets_no_token_of_its_own_and_changes_none():
    with attacked() as w:
        with_the_verifiers_tls_key(w)
        w.works()
        w.attested()
        w.stop_agent()
        token = w.tokens()[-1]
        verify(w, token, 0)
        head, _, signature = token.split(".")
        said = claims(token)
        for change in ({"sub": "00" * 32}, {"exp": said["exp"] + 10 ** 6},
                       {"eat_nonce": unpadded(bytes(32))}):
            false = unpadded(json.dumps(dict(said, **change), separators=(",", ":")).encode())
            verify(w, f"{head}.{false}.{signature}", 1)
        # Evidence that went by, as it was, with another nonce, and as another device's.
        verifier = Client(w.wire.verifier_port)
        body = [b for path, b in w.wire.sent if path == "evidence"][-1]
        fresh = decode(verifier.post("challenge", encode(
            {1: decode(decode(body)[1])[2], 2: a1_of(body)["device_id"],
             3: "pawl/1 attest"})).body)[1]
        for field, value in ((None, None), (7, fresh), (4, bytes(32)), (8, 2 ** 20)):
            a1 = decode(decode(body)[1])
            if field is not None:
                a1[field] = value
            answer = verifier.post("evidence", encode(decode(body) | {1: encode(a1)}))
            assert answer.status in (403, 409), (field, answer.status)
        w.works()
        w.said(1)
        w.no_incident()


@scenario
def it_changes_no_byte_of_a_result_unnoticed():
    """Of a rekey's: the device keeps its epoch, and the next one passes."""
    with attacked() as w:
        with_the_verifiers_tls_key(w)
        before = w.epoch()

        def change(body, forward):
            answer = forward(body)
            result = decode(answer.body)
            result[2] = bytes(32)  # conf_V
            answer.body = encode(result)
            return answer
        w.demand()
        w.wire.once["evidence"].append(change)
        assert "conf_V" in w.agent("rekey").err
        assert w.epoch() == before
        assert w.rekey().code == 0 and w.epoch() == before + 1
        w.no_incident()


@scenario
def it_enrols_nothing():
    """An enrolment that went by begins again for whoever repeats it, and ends nowhere without the
    TPM; with another key in it it does not begin."""
    with attacked() as w:
        with_the_verifiers_tls_key(w)
        assert w.agent("enroll").code == 0
        verifier, before = Client(w.wire.verifier_port), w.device()
        request = [b for path, b in w.wire.sent if path == "enrol"][-1]
        evidence = [b for path, b in w.wire.sent
                    if path == "evidence" and a1_of(b)["label"] == "pawl/1 enrol"][-1]
        assert verifier.post("evidence", evidence).status in (403, 409)
        begun = verifier.post("enrol", request)
        assert begun.status == 200
        fields = decode(begun.body)
        for nonce in (a1_of(evidence)["nonce"], fields[1]):
            a1 = decode(decode(evidence)[1])
            a1[7] = nonce
            again = decode(evidence) | {1: encode(a1), 8: fields[4]}
            assert verifier.post("evidence", encode(again)).status in (403, 409)
        for field in (3, 5, 6, 9):
            changed = decode(request)
            changed[field] = changed[field][:-1] + bytes([changed[field][-1] ^ 1])
            assert verifier.post("enrol", encode(changed)).status == 403, field
        after = w.device()
        for name in ("keys", "attempt", "enrolments"):
            assert after[name] == before[name], name
        w.works()
        w.said(1)
        w.no_incident()


if __name__ == "__main__":
    sys.exit(main())
