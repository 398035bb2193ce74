#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: who has a copy of the device's disk and not its TPM reads nothing of it and restores
nothing with it. docs/threat-model.md, a."""
import os
import shutil
import sys

from attack_world import Thief, attacked, files_with, main, scenario


def put_back(w, copy):
    shutil.rmtree(w.path("state"))
    shutil.copytree(w.path(copy), w.path("state"))


@scenario
def a_copied_disk_tells_nothing():
    with attacked() as w:
        p = w.works()
        texts = w.said(2)
        w.told(1)
        true = Thief(w).steal(p)
        w.wire.always["messages"] = lambda body, forward: None
        texts += w.say(2)  # these wait on the disk
        w.push()
        w.stop_agent()
        shutil.copytree(w.path("state"), w.path("copy"))

        secrets = true.secrets() + [x.encode() for x in texts + list(w.messages.safe["down"])]
        assert len(secrets) > 8
        assert files_with(w.path("copy"), secrets) == []
        assert files_with(w.path("copy"), [w.record()["device_id"].encode()]) != []  # it can find

        # His own TPM, of the same maker, opens none of it, wherever he turns its counter.
        his = w.another("his")
        shutil.copytree(w.path("copy"), w.path("his.state"))
        assert not Thief(w, "loot").unseal("his.ini")
        his.end()
        assert not Thief(w, "loot").unseal("his.ini")  # nor does none at all
        # The device's own would.
        robber = Thief(w, "loot")
        assert robber.unseal()
        assert set(texts[:2]) <= set(robber.texts(w.wire.up()))


@scenario
def an_older_copy_opens_no_more_and_restores_nothing():
    """Its keys do not come back, with the device's own TPM either."""
    with attacked() as w:
        w.works()
        w.said(1)
        w.stop_agent()
        shutil.copytree(w.path("state"), w.path("copy"))
        assert Thief(w, "loot").unseal()
        w.works()
        w.turn()
        w.stop_agent()
        put_back(w, "copy")
        assert not Thief(w, "loot").unseal()
        w.attempts_again = True  # the file that counts them is the copy's too
        w.in_step()
        w.resynced(1)
        w.no_incident()
        w.works()
        w.said(1)


@scenario
def a_copy_that_is_still_current_put_back_is_reported_as_a_clone():
    with attacked() as w:
        for _ in range(9):  # behind these a start writes no slot
            assert w.agent("attest").code == 0
        shutil.copytree(w.path("state"), w.path("copy"))
        assert w.agent("attest").code == 0
        put_back(w, "copy")
        w.agent("attest")
        found = w.incident("device-cloned", "E5")
        w.proves(found)
        w.operator("POST", f"devices/{w.record()['device_id']}/approve")
        w.works()
        w.said(1)


if __name__ == "__main__":
    assert os.geteuid() == 0
    sys.exit(main())
