# SPDX-License-Identifier: Apache-2.0
"""An ARM board: QEMU's virt with U-Boot and a TPM on its bus. U-Boot does what boot.scr says, on the
first disk where it finds one. Imported, never run.

A board like most: U-Boot is the firmware, nothing below it is measured, and it has no keys. Whether
anything is measured at all depends on the command that starts the kernel.
"""
import os
import shutil

from machine import Machine
from world import need, need_files, run

UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
PORT = "/dev/ttyS0"
HOST = "10.0.2.2"  # as QEMU's own network calls this machine
KERNEL = "load ${devtype} ${devnum}:${distro_bootpart} ${kernel_addr_r} kernel\n"

# As a program of EFI: U-Boot measures it, and the kernel's first part what it was told.
BOOTEFI = (f"{KERNEL}"
           "setenv bootargs '%s initrd=initramfs'\n"
           "bootefi ${kernel_addr_r} ${fdtcontroladdr}\n")
# As Linux's own boot protocol has it: nobody measures, and the kernel starts the TPM.
BOOTI = (f"{KERNEL}"
         "load ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} initramfs\n"
         "setenv bootargs '%s'\n"
         "booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}\n")


def check():
    need("qemu-system-aarch64", "busybox", "cpio", "mkimage", "swtpm", "mke2fs")
    need_files(UBOOT)


def make_boot_disk(root, kernel, initramfs, script):
    os.makedirs(root)
    shutil.copyfile(kernel, f"{root}/kernel")
    shutil.copyfile(initramfs, f"{root}/initramfs")
    with open(f"{root}/boot.txt", "w") as f:
        f.write(script)
    run("mkimage", "-T", "script", "-d", f"{root}/boot.txt", f"{root}/boot.scr")


def boot(world, name, tpm, disk, boot_disk):
    """Switches it on. The board has one serial port, the console; the second is a card. U-Boot sees
    the disk on the board's own bus first, and Linux the other one: guest/init has its driver first."""
    return Machine(world, name, tpm, [
        "qemu-system-aarch64", "-machine", "virt", "-accel", "tcg", "-cpu", "cortex-a57",
        "-m", "1G", "-nodefaults", "-no-user-config", "-bios", UBOOT,
        "-chardev", f"socket,id=tpm,path={tpm.socket}", "-tpmdev", "emulator,id=tpm0,chardev=tpm",
        "-device", "tpm-tis-device,tpmdev=tpm0",
        "-drive", f"if=none,id=data,format=raw,file={disk}",
        "-device", "virtio-blk-pci,drive=data",
        "-drive", f"if=none,id=boot,format=raw,readonly=on,file=fat:{boot_disk}",
        "-device", "virtio-blk-device,drive=boot",
        "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
        "-device", "pci-serial,chardev=serial1"])
