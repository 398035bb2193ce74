#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: who has the network and no key raises no incident with anything he repeats, reorders, holds
back, cuts, mixes or makes up, towards verifier and device, and both go on. docs/threat-model.md, f."""
import os
import random
import sys

from attack_world import a1_of, attacked, main, messages_in, place, scenario

from middle import Answer, Client, decode, encode, head

TENANT, DEVICE, MESSAGES = 1, 2, 3


def request_of(device_id, messages):
    """By hand, so that a message stays byte for byte."""
    return (head(5, 3) + encode(TENANT) + encode("default") + encode(DEVICE) + encode(device_id) +
            encode(MESSAGES) + head(4, len(messages)) + b"".join(messages))


def goes_on(w):
    """Nobody is accused, and everything works."""
    w.said(2)
    w.told(1)
    w.turn()
    w.said(1)
    w.attested()
    w.no_incident()
    assert w.device()["status"] == "affirming"


@scenario
def messages_repeated_reordered_and_mixed():
    with attacked() as w:
        w.works()
        texts = w.said(5)
        w.told(2)
        w.turn()
        texts += w.said(3)
        network, device = Client(w.wire.verifier_port), bytes.fromhex(w.record()["device_id"])
        bodies = [b for path, b in w.wire.sent if path == "messages"]
        for body in bodies + bodies[::-1] + [b for b in bodies for _ in range(2)]:
            assert network.post("messages", body).status == 403
        up = w.wire.up()
        random.Random(1).shuffle(up)
        for some in (up[:100], up[:3], up[:1] * 5):
            assert network.post("messages", request_of(device, some)).status == 403
        # What goes down comes back up.
        for m in w.wire.down():
            assert network.post("messages", request_of(device, [m])).status == 403
        goes_on(w)
        assert sorted(w.texts()) == sorted(set(w.texts()))


def disguises(cose):
    """The same message in other bytes: F14."""
    protected, unprotected, ciphertext, recipients = decode(cose)
    boot = unprotected[5]
    tag, body = cose[:2], cose[2:]
    yield body                                             # without its tag
    yield tag + tag + body
    yield tag + b"\x98\x04" + body[1:]                     # a longer head
    yield tag + b"\x9f" + body[1:] + b"\xff"               # of no definite length
    for change in ({5: boot, 6: b""}, {5: bytes(8) + boot[8:]}, {5: boot, 4: b"x"}):
        yield tag + encode([protected, change, ciphertext, recipients])
    yield tag + encode([protected, unprotected, ciphertext + b"\0", recipients])
    yield tag + encode([protected, unprotected, ciphertext[:-1], recipients])
    yield tag + encode([protected, unprotected, ciphertext, recipients * 2])
    where = recipients[0][1]
    for change in ({-22: where[-22] + 1}, {4: where[4][:8] + b"\0\0\0\x05"}, {4: bytes(12)}):
        again = [[recipients[0][0], where | change, recipients[0][2]]]
        yield tag + encode([protected, unprotected, ciphertext, again])


@scenario
def messages_in_other_bytes():
    """Of a message that arrived, and of one that is still under way."""
    with attacked() as w:
        w.works()
        w.said(2)
        network, device = Client(w.wire.verifier_port), bytes.fromhex(w.record()["device_id"])
        held = []
        w.wire.hang_up("messages", lambda body, forward: held.extend(messages_in(body)))
        w.say(2)
        w.attested()
        assert held
        for cose in w.wire.up() + held:
            for disguised in disguises(cose):
                assert network.post("messages", request_of(device, [disguised])).status in (400, 403)
        goes_on(w)


@scenario
def floods_of_junk_in_its_name():
    with attacked() as w:
        w.works()
        w.said(1)
        network, device = Client(w.wire.verifier_port), bytes.fromhex(w.record()["device_id"])
        r = random.Random(2)
        real = w.wire.up()[-1]
        for _ in range(60):
            at = r.randrange(len(real))
            flipped = real[:at] + bytes([real[at] ^ 1 << r.randrange(8)]) + real[at + 1:]
            cut = real[:r.randrange(1, len(real))]
            for junk in (flipped, cut, os.urandom(r.randrange(1, 200))):
                status = network.post("messages", request_of(device, [junk])).status
                assert status in (400, 403, 429), status
        for path in ("challenge", "evidence", "supply", "enrol", "messages"):
            for n in (0, 1, 40, 400):
                assert network.post(path, os.urandom(n)).status in (400, 403, 413, 429)
        goes_on(w)


@scenario
def messages_held_back_behind_a_crash_and_a_rekey():
    """F12, F13, F15: they come late, in another order, from an agent that is dead, under an epoch
    that is over; and while the rekey is under way."""
    with attacked() as w:
        p = w.works()
        w.said(1)
        held = []
        w.wire.always["messages"] = lambda body, forward: held.append(body)
        texts = w.say(3)
        w.attested()
        p.kill()
        p.wait()
        w.flush_tpm()
        of_the_dead = list(held)
        w.works()
        w.say(2)
        w.attested()
        of_the_living = held[len(of_the_dead):]
        assert of_the_dead and of_the_living

        def in_flight(body, forward):
            """Messages arrive between the snapshot and its answer."""
            for one in of_the_living[::-1]:
                w.wire.forward("messages", one)
            return forward(body)
        before = w.epoch()
        w.demand()
        w.wire.once["evidence"] += [in_flight] * 3
        w.turned(before)
        assert 200 in [w.wire.forward("messages", one).status for one in of_the_dead], "none was late"
        del w.wire.always["messages"]
        texts += w.said(2)
        assert set(texts) <= set(w.texts())
        goes_on(w)
        assert sorted(w.texts()) == sorted(set(w.texts()))


@scenario
def evidence_repeated_changed_and_late():
    with attacked() as w:
        w.works()
        w.said(1)
        w.wire.delay_request("evidence")
        w.turn()
        w.attested()
        w.wire.deliver_late()
        network = Client(w.wire.verifier_port)
        for body in [b for path, b in w.wire.sent if path == "evidence"]:
            assert network.post("evidence", body).status in (403, 409)
            e = decode(body)
            for field in (2, 3, 4) if e[4] else (2, 3):
                flipped = e | {field: e[field][:-1] + bytes([e[field][-1] ^ 1])}
                status = network.post("evidence", encode(flipped)).status
                # Without a base that counts nobody looks at its MAC: a signed refusal.
                assert status in (400, 403) or (field, status) == (4, 409), (field, status)
            a1 = decode(e[1])
            for field, value in ((8, a1[8] + 1), (9, a1[9] + 1), (10, bytes(8)), (13, bytes(8))):
                if a1[field] == value:
                    continue
                forged = a1[:field] + [value] + a1[field + 1:]
                status = network.post("evidence", encode(e | {1: encode(forged)})).status
                assert status in (400, 403), (field, status)
        goes_on(w)


@scenario
def answers_stripped_swapped_and_forged():
    """The device believes none of them, and says nothing of them that accuses anybody."""
    with attacked() as w:
        w.works()
        w.said(1)
        w.told(1)
        old = {path: answer for path, _, answer in w.wire.got}
        kind = {"Content-Type": "application/vnd.pawl+cbor"}
        refusal = b"\xd2" + encode([encode({1: -6}), {4: bytes(32)},
                                    encode({1: bytes(32), 2: 3, 3: 2 ** 40, 4: 99, 5: 1, 6: 1}),
                                    bytes(64)])
        w.stop_agent()

        def stripped(body, forward):
            answer = forward(body)
            fields = decode(answer.body)
            fields[3] = fields[3][-1:]
            return Answer(200, answer.headers, encode(fields))
        for command, path, bend in (
                ("rekey", "challenge", stripped),
                ("rekey", "challenge", lambda body, forward: old["challenge"]),
                ("attest", "evidence", lambda body, forward: old["evidence"]),
                ("rekey", "evidence", lambda body, forward: forward(body) and old["evidence"]),
                ("attest", "evidence", lambda body, forward: Answer(409, kind, refusal)),
                ("rekey", "evidence", lambda body, forward: Answer(403, {}, b"")),
                ("recv", "messages", lambda body, forward: forward(body) and old["messages"]),
                ("recv", "messages", lambda body, forward: Answer(200, kind, os.urandom(99)))):
            if command == "rekey":
                w.demand()
            w.wire.once[path].append(bend)
            w.agent(command)
            assert not w.wire.once[path], (command, path)
            w.wire.once.clear()
        w.works()
        goes_on(w)
        assert w.record()["enrolled"]


@scenario
def devices_mixed_up():
    """What one sends, quotes and gets is put into another's name."""
    with attacked() as w:
        w.works()
        w.said(3)
        other = w.another("other")
        assert other.agent("enroll").returncode == 0
        assert other.agent("attest").returncode == 0
        assert other.agent("send", "--wait", "-", said="of the other").returncode == 0
        w.told(1)
        ids = [bytes.fromhex(x) for x in (w.record()["device_id"], other.record()["device_id"])]
        network = Client(w.wire.verifier_port)
        for path, body in list(w.wire.sent):
            if path == "messages":
                fields = decode(body)
                whose = fields[DEVICE]
                swapped = request_of(ids[1 - ids.index(whose)], messages_in(body))
                assert network.post("messages", swapped).status == 403
            elif path == "evidence":
                a1 = decode(decode(body)[1])
                if a1_of(body)["device_id"] not in ids:
                    continue
                a1[4] = ids[1 - ids.index(a1[4])]
                crossed = encode(decode(body) | {1: encode(a1)})
                assert network.post("evidence", crossed).status == 403
        # One device gets what was meant for the other.
        theirs = [answer for path, body, answer in w.wire.got
                  if path == "messages" and decode(body)[DEVICE] == ids[1]]
        w.wire.once["messages"] += [lambda body, forward: theirs[-1]] * 2
        goes_on(w)
        assert other.agent("attest").returncode == 0
        assert other.agent("send", "--wait", "-", said="of the other again").returncode == 0
        w.no_incident()
        assert place(w.wire.up()[-1])


if __name__ == "__main__":
    sys.exit(main())
