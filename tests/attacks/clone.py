#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: of a device and a clone of its virtual TPM and disk the second to rekey is caught,
whichever it is, by two quotes of one AK that anybody can check; two cold copies that only attest are
caught at their second alternation. docs/threat-model.md, e."""
import sys

from attack_world import attacked, main, scenario


def cloned(w):
    """The device at rest, copied and on again."""
    w.works()
    w.said(2)
    w.told(1)
    w.stop_agent()
    w.cut_tpm()
    other = w.clone("clone")
    w.start_tpm()
    return other


def is_told(w):
    found = w.incident("device-cloned", "E5")
    assert found["severity"] == "critical" and found["state"] == "open", found
    w.proves(found)
    device = w.device()
    assert device["status"] != "affirming" or w.agent("attest").code != 0
    return found


@scenario
def the_original_rekeys_first_and_the_clone_is_caught():
    with attacked() as w:
        clone = cloned(w)
        assert w.rekey().code == 0 and w.send().code == 0
        clone.agent("attest")
        is_told(w)
        clone.agent("rekey")
        clone.agent("enroll")
        assert len(w.all_incidents()) == 1


@scenario
def the_clone_rekeys_first_and_the_original_is_caught():
    """Nobody can tell which of them is which; that there are two is certain."""
    with attacked() as w:
        clone = cloned(w)
        w.demand()
        assert clone.agent("rekey").returncode == 0
        assert clone.agent("send", "--wait", "-", said="of the clone").returncode == 0
        w.agent("attest")
        is_told(w)


@scenario
def of_two_that_are_far_apart_one_goes_on_and_the_other_waits_for_a_person():
    """Who sees numbers used up that it never reached takes its state for lost. The tenant's rule lets
    one of them come back by itself, and everybody sees that; not the other one too."""
    with attacked() as w:
        clone = cloned(w)
        w.demand()
        assert clone.agent("rekey").returncode == clone.agent("attest").returncode == 0
        assert w.agent("attest").code == w.agent("attest").code == 0
        w.resynced(1)
        for _ in range(2): # more than that within 10 s, and nobody listens to it any more
            assert "wait for approval" in clone.agent("attest").stdout
        w.resynced(1)


@scenario
def two_cold_copies_are_caught_at_their_second_alternation():
    with attacked() as w:
        clone = cloned(w)
        for _ in range(2):
            w.agent("attest")
            clone.agent("attest")
        is_told(w)


if __name__ == "__main__":
    sys.exit(main())
