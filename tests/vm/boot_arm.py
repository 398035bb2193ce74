#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves, on an ARM board with U-Boot, a real kernel and a TPM: started by bootefi, its log is read
and explains what was quoted, and another command line is refused; started by booti, the same board
has measured nothing, is never affirmed, and nothing can be learned from it.

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

# kpti: with it an emulated boot takes four times as long.
COMMAND_LINE = "console=ttyAMA0 panic=-1 kpti=off rootfstype=ramfs ima_policy=tcb"


class Board:
    """One TPM, one disk, one agent."""

    def __init__(self, world, cache):
        cross = Cross(cache, "arm64")
        agent = cross.agent()
        self.world, self.kernel = world, Kernel(cache, "arm64")
        self.initramfs = world.path("initramfs")
        make_initramfs(world.path("root"), self.initramfs, self.kernel, arm.PORT,
                       {"pawl-agent": agent}, [tcti_library(agent, cross)], cross)
        self.tpm = Tpm(world, "board")
        self.disk = make_disk(world, "board", {"agent.ini": SETTINGS}, [])
        self.device = Device(world)
        self.machine = None

    def power_on(self, name, script):
        disk = self.world.path(f"{name}.boot")
        arm.make_boot_disk(disk, self.kernel.image, self.initramfs, script)
        self.machine = self.device.machine = arm.boot(self.world, name, self.tpm, self.disk, disk)
        return self.device


def teaches_nothing(device, policy):
    try:
        device.learn(policy)
    except AssertionError as why:
        assert "nothing is measured" in str(why), why
    else:
        raise AssertionError("it was learned from")


LOGGED = ("identity", "boot-log")


def scenarios(board):
    check("started by bootefi, it enrols, teaches what is good, and is good")
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

    check("started by booti, it has measured nothing: it is refused, and teaches nothing")
    board.power_on("booti", arm.BOOTI % COMMAND_LINE)
    shown = device.attest()
    refused(shown, "contraindicated", "pcr-bank-empty",
            but_not=("event-log-differs", "tpm-not-reset", "tpm-went-back"))
    found = reasons(shown)
    assert "no-event-log" in found and "sha256:0 is 00" in found["pcr-differs"], shown["reasons"]
    assert shown["coverage"]["boot-log"] == "pcr-bank-empty", shown["coverage"]
    teaches_nothing(device, "booti")
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


def main():
    verifier, ctl, cache = sys.argv[1:]
    return play(arm, scenarios, verifier, ctl, lambda world: Board(world, cache))


sys.exit(main())
