# SPDX-License-Identifier: Apache-2.0
"""A PC: q35 with OVMF and a TPM at the TIS address, and systemd's loader before the kernel (what
QEMU loads by -kernel it changes first, so that no signature holds). Imported, never run.

Debian's OVMF has a second set of variables with a "snakeoil" key in PK, KEK and db, whose private
half comes with it: with these Secure Boot is on and takes what was signed with that key.
"""
import os
import shutil
import subprocess

from machine import Machine
from world import need, need_files, run

OVMF = "/usr/share/OVMF"
CODE = f"{OVMF}/OVMF_CODE_4M.secboot.fd"
VARS = {True: f"{OVMF}/OVMF_VARS_4M.snakeoil.fd", False: f"{OVMF}/OVMF_VARS_4M.fd"}
KEY = "/usr/share/ovmf/PkKek-1-snakeoil.key"
CERTIFICATE = "/usr/share/ovmf/PkKek-1-snakeoil.pem"
LOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
PORT = "/dev/ttyS1"
HOST = "10.0.2.2"  # as QEMU's own network calls this machine


def check():
    need("qemu-system-x86_64", "busybox", "cpio", "sbsign", "swtpm", "mke2fs", "strip", "openssl")
    need_files(CODE, *VARS.values(), KEY, CERTIFICATE, LOADER)


def sign(image, signed):
    """For Secure Boot with the snakeoil key, whose pass phrase is no secret. Debian's own signature
    goes: kexec asks for the first one, and Debian's key comes with a shim, which is not here."""
    plain, key = signed + ".plain", signed + ".key"
    shutil.copyfile(image, plain)
    subprocess.run(["sbattach", "--remove", plain], capture_output=True)  # fails if there is none
    run("openssl", "pkey", "-in", KEY, "-passin", "pass:snakeoil", "-out", key)
    run("sbsign", "--key", key, "--cert", CERTIFICATE, "--output", signed, plain)
    os.unlink(plain)
    os.unlink(key)


def make_esp(root, loader, kernel, initramfs, command_line):
    """An EFI system partition: systemd's loader, and one entry for the kernel. Only what is signed
    is bound by Secure Boot; who may write here may write the command line."""
    for name, text in {
            "loader/loader.conf": "timeout 0\neditor no\nrandom-seed-mode off\n",
            "loader/entries/pawl.conf": f"title Pawl\nlinux /kernel\ninitrd /initramfs\n"
                                        f"options {command_line}\n"}.items():
        os.makedirs(os.path.dirname(f"{root}/{name}"), exist_ok=True)
        with open(f"{root}/{name}", "w") as f:
            f.write(text)
    os.makedirs(f"{root}/EFI/BOOT")
    shutil.copyfile(loader, f"{root}/EFI/BOOT/BOOTX64.EFI")
    shutil.copyfile(kernel, f"{root}/kernel")
    shutil.copyfile(initramfs, f"{root}/initramfs")


def boot(world, name, tpm, disk, esp, secure_boot=True):
    """Switches it on. The firmware's variables are as the maker delivers them."""
    variables = world.path(f"{name}.vars")
    shutil.copyfile(VARS[secure_boot], variables)
    return Machine(world, name, tpm, [
        "qemu-system-x86_64", "-machine", "q35,smm=on", "-accel", "tcg", "-cpu", "qemu64,+rdrand",
        "-m", "1G", "-nodefaults", "-no-user-config",
        "-global", "driver=cfi.pflash01,property=secure,value=on",
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={CODE}",
        "-drive", f"if=pflash,format=raw,unit=1,file={variables}",
        "-chardev", f"socket,id=tpm,path={tpm.socket}", "-tpmdev", "emulator,id=tpm0,chardev=tpm",
        "-device", "tpm-tis,tpmdev=tpm0",
        "-drive", f"if=none,id=data,format=raw,file={disk}",
        "-device", "virtio-blk-pci,drive=data",
        "-drive", f"if=none,id=esp,format=raw,readonly=on,file=fat:{esp}",
        "-device", "virtio-blk-pci,drive=esp,bootindex=0",
        "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="])
