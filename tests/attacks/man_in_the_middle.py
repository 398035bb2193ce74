#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: who has the keys of the epoch and the network forges, replaces, drops, delays and runs
ahead, and each slot that he forged is named once a snapshot lies above it; no message of the device
is. Who goes ahead of the device is seen by the verifier and by the device. He cannot rekey.
docs/threat-model.md, c."""
import sys

from attack_world import Thief, a1_of, attacked, main, place, scenario, until

from middle import Client


def the_device_says(w, verdict):
    """In A1, which its TPM signs: 2, our receipt is not what was sent; 3, it is ahead of it."""
    return any(path == "evidence" and a1_of(body)["receipt_verdict"][1] == verdict
               for path, body in list(w.wire.sent))


def robbed(w):
    """A device that works, its thief, and the last slot that it used."""
    p = w.works()
    w.said(3)
    return Thief(w).steal(p), place(w.wire.up()[-1])


def in_generation(p):
    return {"gen": p.gen, "gen_start": p.gen_start, "epoch_start": p.epoch_start}


def swallow(w):
    """The device's messages reach nobody. Returns those that he holds."""
    held = []
    w.wire.always["messages"] = lambda body, forward: held.append(body)
    return held


@scenario
def who_forges_ahead_of_the_device_is_seen_by_both_sides():
    with attacked() as w:
        thief, p = robbed(w)
        before = w.epoch()
        assert thief.send(p.seq + 40, "forged ahead", **in_generation(p))["http"] == "200"
        # The device, of the verifier's signed receipt, in its own quote.
        found = w.incident("key-used-elsewhere", "E4")
        assert the_device_says(w, 3)
        w.turned(before)
        # The verifier, of what comes under keys that are over, at a slot that is another's now.
        thief.send(p.seq + 41, "forged behind the end", **in_generation(p))
        w.incident("key-used-elsewhere", "E2")
        assert "forged behind the end" not in w.texts()
        w.said(50)  # the device comes to that slot
        w.named("forged ahead")
        assert len(w.all_incidents()) == 1 and w.all_incidents()[0]["epoch"] == before
        w.healed()
        w.proves(found)


@scenario
def who_is_in_a_slot_first_is_named_when_the_devices_message_comes():
    """Two authentic messages in one slot."""
    with attacked() as w:
        thief, p = robbed(w)
        before = w.epoch()
        held = swallow(w)
        texts = w.say(1)
        until("it is on its way", lambda: texts[0] in thief.texts(w.wire.up()))
        mine = [m for m in w.wire.up() if texts[0] in thief.texts([m])][0]
        assert thief.send_like(mine, "forged and first")["http"] == "200"
        del w.wire.always["messages"]
        Client(w.wire.verifier_port).post("messages", held[-1])  # or the device itself is faster
        until("the device's own", lambda: texts[0] in w.texts())
        found = w.incident("message-forged")
        assert {"E1", "E3"} & set(found["rules"]), found  # E3 where a quote was faster
        w.turned(before)
        w.named("forged and first")
        assert texts[0] in w.texts()
        w.healed()


@scenario
def who_replaces_a_message_is_named_and_the_message_arrives():
    with attacked() as w:
        thief, p = robbed(w)
        before = w.epoch()
        swallow(w)
        # No snapshot has that slot before he does: the verifier then finds him by a leaf that it has
        # from one, and where a newer one came since, its quote does not show that leaf to others.
        w.wire.always["evidence"] = lambda body, forward: None
        texts = w.say(1)
        until("it is on its way", lambda: texts[0] in thief.texts(w.wire.up()))
        mine = [m for m in w.wire.up() if texts[0] in thief.texts([m])][0]
        its_id = thief.open([mine])[0]["id"]
        sent = thief.send_like(mine, "forged in its place", id=its_id)
        assert sent["http"] == "200"
        assert "forged in its place" in w.texts() and texts[0] not in w.texts()
        del w.wire.always["evidence"]
        found = w.incident("message-forged", "E3")  # by the next snapshot, before the device's came
        until("its slot", lambda: ("E3", place(mine).seq) in [
            (x["rule"], x["seq"]) for x in w.incident("message-forged", "E3")["slots"]])
        del w.wire.always["messages"]
        until("the device's own", lambda: texts[0] in w.texts())
        w.turned(before)
        w.named("forged in its place")
        w.healed()
        w.proves(found)


@scenario
def who_forges_in_slots_that_the_device_left_out_is_named():
    with attacked() as w:
        thief, p = robbed(w)
        w.stop_agent()
        w.works()  # beyond its reservation
        w.said(1)
        w.attested()
        before = w.epoch()
        assert place(w.wire.up()[-1]).seq > p.seq + 60
        thief.send(p.seq + 9, "forged below", **in_generation(p))
        found = w.incident("message-forged", "E3")
        assert [x["seq"] for x in found["slots"]] == [p.seq + 9]
        w.turned(before)
        if "forged below" in w.texts():
            w.named("forged below")
        w.healed()


@scenario
def who_drops_and_delays_accuses_nobody():
    with attacked() as w:
        thief, _ = robbed(w)
        texts = []
        for _ in range(3):
            w.wire.delay_request("messages")
            texts += w.say(2)
            w.attested()
            w.wire.deliver_late()
        w.wire.lose_request("messages")
        texts += w.say(1)
        w.wire.lose_answer("messages")
        texts += w.say(1)
        w.wire.delay_request("messages")
        texts += w.say(1)
        w.turn()
        w.wire.deliver_late()  # behind a rekey
        until("all arrived", lambda: set(texts) <= set(w.texts()))
        w.said(1)
        w.attested()
        w.no_incident()
        assert sorted(w.texts()) == sorted(set(w.texts())), "one came twice"
        assert thief.texts(w.wire.up())  # he had the keys for all that


@scenario
def who_runs_ahead_through_generations_is_named():
    """And the generations of the device that he jumped over are still taken."""
    with attacked() as w:
        thief, p = robbed(w)
        before = w.epoch()
        ahead = p.seq + 100
        for i in range(3):
            sent = thief.send(ahead + i, f"forged {i} far ahead", gen=p.gen + 5, gen_start=ahead,
                              epoch_start=p.epoch_start, form=("full", "compact")[i % 2])
            assert sent["http"] == "200"
        mine = w.say(4)
        found = w.incident("key-used-elsewhere", "E4")
        assert the_device_says(w, 3)
        w.turned(before)
        mine += w.said(120)
        w.named(*(f"forged {i} far ahead" for i in range(3)))
        assert set(mine) <= set(w.texts())
        w.healed()
        w.proves(found)


@scenario
def who_blocks_the_rekey_is_not_heard_where_messages_are_held():
    """As long as he keeps the device from healing; what is the device's is listed when it is known."""
    with attacked(on_incident="hold-messages") as w:
        thief, p = robbed(w)
        before = w.epoch()
        w.wire.always["evidence"] = lambda body, forward: (
            None if a1_of(body)["label"] == "pawl/1 rekey" else forward(body))
        assert thief.send(p.seq + 40, "forged and not yet known", **in_generation(p))["http"] == "200"
        w.incident("key-used-elsewhere", "E4")
        assert thief.send(p.seq + 41, "forged and held", **in_generation(p))["http"] == "200"
        mine = w.say(1)
        w.attested()
        assert w.epoch() == before and "forged and held" not in w.texts()
        del w.wire.always["evidence"]
        w.turned(before)
        until("the device's message is listed", lambda: set(mine) <= set(w.texts()))
        w.said(50)
        w.named("forged and not yet known")
        assert "forged and held" not in w.texts()
        assert {x["mark"] for x in w.feed("mark") if x["seq"] == p.seq + 41} == {"forged"}
        w.healed()


@scenario
def his_keys_do_not_rekey():
    """Evidence that he saw is refused, and he has none of his own."""
    with attacked() as w:
        thief, p = robbed(w)
        w.turn()
        epoch = w.epoch()
        verifier = Client(w.wire.verifier_port)
        seen = [body for path, body in w.wire.sent if path == "evidence"]
        assert any(a1_of(x)["new_epoch"] > a1_of(x)["base_epoch"] for x in seen)
        for body in seen:
            assert verifier.post("evidence", body).status in (403, 409)
        w.said(1)
        thief.send(place(w.wire.up()[-1]).seq + 5, "forged old", **in_generation(p))
        assert w.epoch() == epoch == w.device()["ratchet"]["epoch"]
        w.incident("key-used-elsewhere", "E2")
        assert "forged old" not in w.texts()
        new = [m for m in w.wire.up() + w.wire.down() if place(m).kid != p.kid]
        assert new and set(thief.open(new)) == {None}


if __name__ == "__main__":
    sys.exit(main())
