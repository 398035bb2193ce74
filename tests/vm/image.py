# SPDX-License-Identifier: Apache-2.0
"""What a machine boots: Debian's kernel and an initramfs of busybox, the agent with its libraries,
the modules that it needs and guest/. The same for every board. Imported, never run.

The same content is the same bytes: times are zero and the owner is root, so that an image which is
made again measures the same.
"""
import glob
import gzip
import os
import re
import shutil
import subprocess

from world import HERE, Skip

# In the order in which they are loaded. What a board's kernel has built in is not among its files.
MODULES = ("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci",
           "virtio_mmio", "virtio_blk", "failover", "net_failover", "virtio_net", "tpm_tis_core",
           "tpm_tis")


class Kernel:
    """Debian's cloud kernel, unpacked below the cache directory; made there once."""

    def __init__(self, cache, arch):
        self.root = os.path.join(cache, f"kernel-{arch}")
        made = subprocess.run([os.path.join(HERE, "kernel"), arch, self.root],
                              capture_output=True, text=True)
        if made.returncode:
            raise Skip(f"no kernel for {arch}: {made.stdout.strip()[-300:]}")
        self.image, = glob.glob(f"{self.root}/boot/vmlinuz-*")

    def module(self, name):
        found = glob.glob(f"{self.root}/lib/modules/*/kernel/**/{name}.ko", recursive=True)
        return found[0] if found else None


class Native:
    """Where programs and libraries come from: this machine, as it is. cross.py has another one."""
    strip = "strip"

    def __init__(self):
        self.busybox = shutil.which("busybox")

    def file(self, name):
        """The file that the image has as this name."""
        return name

    def libraries(self, program):
        """The names that the dynamic linker would take for it, itself among them."""
        said = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
        return set(re.findall(r"(/\S+) \(0x", said))


def tcti_library(agent, source=Native()):
    """What the agent's TSS loads by name to reach the kernel's TPM: it stands beside the TSS."""
    tss, = (x for x in source.libraries(agent) if "libtss2-tctildr" in x)
    return os.path.join(os.path.dirname(tss), "libtss2-tcti-device.so.0")


def install(source, root, name, mode=0o755):
    target = root + name
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, mode)
    return target


def pack(root, archive):
    """The tree as the kernel unpacks it: cpio ("newc"), compressed as the firmware hashes it all."""
    names = []
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in [folder] + [os.path.join(folder, x) for x in sorted(files)]:
            os.utime(name, (0, 0), follow_symlinks=False)
            names.append(os.path.relpath(name, root))
    tree = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0", "--reproducible"],
                          check=True, cwd=root, input="\n".join(sorted(names)).encode(),
                          stdout=subprocess.PIPE).stdout
    with open(archive, "wb") as out:
        out.write(gzip.compress(tree, compresslevel=1, mtime=0))


def make_initramfs(root, archive, kernel, port, programs, libs, source=Native()):
    """programs: name below /bin and file; libs: what a program loads by name. port: the device of
    the serial port that guest/init listens to."""
    for folder in ("bin", "data", "dev", "modules", "proc", "run", "sys", "tmp"):
        os.makedirs(f"{root}/{folder}")
    install(source.busybox, root, "/bin/busybox")
    said = subprocess.run(["busybox", "--list"], check=True, capture_output=True, text=True).stdout
    for applet in said.split():
        if not os.path.lexists(f"{root}/bin/{applet}"):
            os.symlink("busybox", f"{root}/bin/{applet}")
    needed = set(libs)
    for name, program in programs.items():
        target = install(program, root, f"/bin/{name}")
        subprocess.run([source.strip, "-o", target, program], check=True)
        needed.update(source.libraries(program))
    for lib in libs:
        needed.update(source.libraries(source.file(lib)))
    for lib in needed:
        install(source.file(lib), root, lib)
    order = [x for x in MODULES if kernel.module(x)]
    for name in order:
        install(kernel.module(name), root, f"/modules/{name}.ko", 0o644)
    for name, text in {"modules/order": "".join(f"{x}.ko\n" for x in order),
                       "port": port + "\n"}.items():
        with open(f"{root}/{name}", "w") as f:
            f.write(text)
    install(f"{HERE}/guest/init", root, "/init")
    install(f"{HERE}/guest/ima-policy", root, "/etc/ima/ima-policy", 0o644)
    pack(root, archive)
