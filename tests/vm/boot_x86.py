#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves, with real firmware, a real kernel and a TPM: a PC that boots what it should is affirmed
in all parts, again and again; another command line, a changed program, Secure Boot switched off and
a system that was started without a reset of the TPM are each told for what they are.

    boot_x86.py PAWL-AGENT PAWL-VERIFIER PAWLCTL RELOAD CACHE

CACHE keeps Debian's kernel between runs. Ends with 77 and a word where something is missing.
README.md says what such a boot measures where.
"""
import sys

sys.dont_write_bytecode = True
import x86
from device import SETTINGS, Device, affirmed, reasons, refused
from image import Kernel, make_initramfs, tcti_library
from machine import make_disk
from scenario import check, play
from world import Tpm

# rootfstype: IMA's built-in policy passes over tmpfs, which the initramfs would be in otherwise.
COMMAND_LINE = "console=ttyS0 panic=-1 rootfstype=ramfs ima_policy=tcb ima_hash=sha256"
APP = "#!/bin/sh\necho one\n"


class Pc:
    """The computer of all scenarios: one TPM, one disk, one agent."""

    def __init__(self, world, agent, reload, cache):
        kernel = Kernel(cache, "amd64")
        self.world = world
        self.kernel, self.loader = world.path("kernel"), world.path("loader")
        self.initramfs = world.path("initramfs")
        x86.sign(kernel.image, self.kernel)
        x86.sign(x86.LOADER, self.loader)
        make_initramfs(world.path("root"), self.initramfs, kernel, x86.PORT,
                       {"pawl-agent": agent, "reload": reload}, [tcti_library(agent)])
        self.tpm = Tpm(world, "pc")
        self.disk = make_disk(world, "pc", {"agent.ini": SETTINGS, "app": APP},
                              [self.kernel, self.initramfs])
        self.device = Device(world)
        self.machine = None

    def power_on(self, name, command_line=COMMAND_LINE, secure_boot=True):
        esp = self.world.path(f"{name}.esp")
        x86.make_esp(esp, self.loader, self.kernel, self.initramfs, command_line)
        self.machine = self.device.machine = x86.boot(self.world, name, self.tpm, self.disk, esp,
                                                      secure_boot)
        assert self.machine.good("/data/app")
        return self.device

    def reload(self, command_line):
        """The running kernel starts another one, and the firmware does not run."""
        self.machine.good("cp /data/kernel /data/initramfs /run/")
        self.machine.leave(f"reload /run/kernel /run/initramfs '{command_line}'")
        self.machine.wait_ready()
        self.machine.good("/data/app")


def scenarios(pc):
    check("a new machine enrols, teaches what is good, and is good")
    device = pc.power_on("first")
    device.enrol()
    device.attest()
    device.learn("pc")
    device.allow_programs("pc", pc.world.path("root"), {"/data/app": APP})
    affirmed(device.attest())

    check("a system that another one started, past the firmware, is told from a reboot")
    pc.reload(COMMAND_LINE + " another")
    shown = device.attest()
    refused(shown, "warning", "tpm-not-reset", but_not=("os-boot-differs", "tpm-went-back"))
    assert shown["coverage"]["boot-log"] == "tpm-not-reset", shown["coverage"]

    check("a plain reboot is no failure, and heals: all parts are looked at, and good")
    pc.machine.reboot()
    pc.machine.good("/data/app")
    affirmed(device.attest())
    affirmed(device.attest())

    check("a changed program is named")
    pc.machine.good("sed -i s/one/two/ /data/app && /data/app")
    shown = device.attest()
    refused(shown, "contraindicated", "file-unknown",
            but_not=("pcr-differs", "command-line-differs", "event-log-differs"))
    assert "/data/app" in reasons(shown)["file-unknown"], shown["reasons"]
    pc.machine.good("sed -i s/two/one/ /data/app")
    pc.machine.off()

    check("another command line is refused, and what stands in it is shown")
    pc.power_on("line", COMMAND_LINE + " another")
    shown = device.attest()
    refused(shown, "contraindicated", "command-line-differs",
            but_not=("secure-boot-off", "boot-image-unknown", "file-unknown", "tpm-not-reset"))
    assert " another" in reasons(shown)["command-line-differs"], shown["reasons"]
    pc.machine.off()

    check("Secure Boot switched off is refused")
    pc.power_on("insecure", secure_boot=False)
    shown = device.attest()
    refused(shown, "contraindicated", "secure-boot-off",
            but_not=("command-line-differs", "boot-image-unknown", "file-unknown"))
    pc.machine.off()


def main():
    agent, verifier, ctl, reload, cache = sys.argv[1:]
    return play(x86, scenarios, verifier, ctl, lambda world: Pc(world, agent, reload, cache))


sys.exit(main())
