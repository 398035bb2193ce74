#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves, on an ARM board with U-Boot, a real kernel and a TPM: started by bootefi, its log is read
and explains what was quoted, and another command line is refused; started by booti, the same board
and another one have measured nothing, are never affirmed, and nothing can be learned from them.

    boot_arm.py PAWL-VERIFIER PAWLCTL CACHE

CACHE keeps Debian's kernel and libraries for the board, and the agent built with them. Ends with 77
and a word where something is missing. README.md says what such a boot measures where.
"""
import sys

sys.dont_write_bytecode = True
import arm
from cross import Cross
from device import SETTINGS, Device, affirmed, reasons, refused
from image import Kernel, make_initramfs, tcti_library
from machine import make_disk
from scenario import check, play
from world import Tpm

COMMAND_LINE = "console=ttyAMA0 panic=-1 rootfstype=ramfs ima_policy=tcb"


class Board:
    """One at a time, each with its own TPM, disk and agent; all start the same image."""

    def __init__(self, world, cache):
        cross = Cross(cache, "arm64")
        agent = cross.agent()
        self.world, self.kernel = world, Kernel(cache, "arm64")
        self.initramfs = world.path("initramfs")
        make_initramfs(world.path("root"), self.initramfs, self.kernel, arm.PORT,
                       {"pawl-agent": agent}, [tcti_library(agent, cross)], cross)
        self.machine = None

    def new(self, name):
        self.tpm = Tpm(self.world, name)
        self.disk = make_disk(self.world, name, {"agent.ini": SETTINGS}, [])
        self.device = Device(self.world)

    def power_on(self, name, script):
        disk = self.world.path(f"{name}.boot")
        arm.make_boot_disk(disk, self.kernel.image, self.initramfs, script)
        self.machine = self.device.machine = arm.boot(self.world, name, self.tpm, self.disk, disk)
        return self.device


def measured_nothing(shown):
    """Refused for that, by a policy of a board that measures, and for nothing that it is not."""
    refused(shown, "contraindicated", "pcr-bank-empty",
            but_not=("event-log-differs", "tpm-not-reset", "tpm-went-back"))
    found = reasons(shown)
    assert "no-event-log" in found and "sha256:0 is 00" in found["pcr-differs"], shown["reasons"]
    assert shown["coverage"]["boot-log"] == "pcr-bank-empty", shown["coverage"]


def teaches_nothing(device, why):
    try:
        device.learn("nothing")
    except AssertionError as refusal:
        assert why in str(refusal), refusal
    else:
        raise AssertionError("it was learned from")


LOGGED = ("identity", "boot-log")


def scenarios(board):
    check("started by bootefi, it enrols, teaches what is good, and is good")
    board.new("first")
    device = board.power_on("bootefi", arm.BOOTEFI % COMMAND_LINE)
    device.enrol()
    device.attest()
    device.learn("board")
    affirmed(device.attest(), LOGGED)
    board.machine.off()

    check("another command line is refused by the PCR that it went into")
    board.power_on("line", arm.BOOTEFI % (COMMAND_LINE + " another"))
    shown = device.attest()
    refused(shown, "contraindicated", "pcr-differs", but_not=(
        "no-event-log", "event-log-differs", "boot-image-unknown", "pcr-bank-empty", "pcr0-empty"))
    assert reasons(shown)["pcr-differs"].startswith("sha256:9 "), shown["reasons"]
    assert shown["coverage"]["boot-log"] == "covered", shown["coverage"]
    board.machine.off()

    check("started by booti, it has measured nothing any more: it is refused, and teaches nothing")
    board.power_on("booti", arm.BOOTI % COMMAND_LINE)
    shown = device.attest()
    measured_nothing(shown)
    assert "pcr0-empty" in reasons(shown), shown["reasons"]
    teaches_nothing(device, "nothing is measured into its PCR 0 any more")
    board.machine.off()

    check("started by bootefi again, it is as good as before")
    board.power_on("again", arm.BOOTEFI % COMMAND_LINE)
    affirmed(device.attest(), LOGGED)

    check("its kernel loads the TPM's driver when IMA has begun, so what ran is nobody's word")
    device.allow_programs("board", board.world.path("root"), {})
    shown = device.attest()
    refused(shown, "warning", "ima-without-tpm",
            but_not=("file-unknown", "no-ima-list", "pcr-differs"))
    assert shown["coverage"]["runtime"] == "ima-without-tpm", shown["coverage"]
    board.machine.off()

    check("a board that never measured anything is no attack, and no better")
    board.new("second")
    device = board.power_on("bare", arm.BOOTI % COMMAND_LINE)
    device.enrol()
    shown = device.attest()
    assert shown["status"] == "none", (shown["status"], shown["reasons"])
    teaches_nothing(device, "nothing was measured into any quoted PCR")
    board.world.ctl("policy", "assign", "board", "--device", device.id)
    shown = device.attest()
    measured_nothing(shown)
    assert "pcr0-empty" not in reasons(shown), shown["reasons"]
    board.machine.off()


def main():
    verifier, ctl, cache = sys.argv[1:]
    return play(arm, scenarios, verifier, ctl, lambda world: Board(world, cache))


sys.exit(main())
