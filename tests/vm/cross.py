# SPDX-License-Identifier: Apache-2.0
"""Programs for a board of another architecture: Debian's packages for it, unpacked below one root, and
the agent compiled against these. Imported, never run."""
import os
import re
import subprocess

from world import HERE, Skip, need, run

TREE = os.path.join(HERE, "..", "..")
ARCHITECTURES = {"arm64": "aarch64"}  # as Debian says, and as the compiler does
# Only what finds programs: flags of the build that runs this test are not for this one.
ENVIRONMENT = {x: os.environ[x] for x in ("HOME", "LANG", "PATH") if x in os.environ}


class Cross:
    """The same members as image.Native."""

    def __init__(self, cache, arch):
        cpu = ARCHITECTURES[arch]
        self.cpu, self.triplet = cpu, f"{cpu}-linux-gnu"
        self.strip = f"{self.triplet}-strip"
        need(f"{self.triplet}-gcc", self.strip, "meson", "ninja", "pkg-config")
        self.root = os.path.join(cache, f"sysroot-{arch}")
        self.build = os.path.join(cache, f"agent-{arch}")
        made = subprocess.run([os.path.join(HERE, "sysroot"), arch, self.root],
                              capture_output=True, text=True)
        if made.returncode:
            raise Skip(f"no packages for {arch}: {made.stdout.strip()[-300:]}")
        self.busybox = self.file("/bin/busybox")

    def file(self, name):
        return self.root + name

    def find(self, library):
        """The name that the board's dynamic linker would take."""
        for folder in (f"/lib/{self.triplet}", f"/usr/lib/{self.triplet}", "/lib"):
            if os.path.exists(self.file(f"{folder}/{library}")):
                return f"{folder}/{library}"
        raise AssertionError(f"{library} is nowhere below {self.root}")

    def libraries(self, program):
        """Nothing of it can run here, so what the files themselves ask for is followed."""
        found, left = set(), [program]
        while left:
            said = run(f"{self.triplet}-readelf", "--dynamic", "--program-headers", left.pop())
            asked = {self.find(x) for x in re.findall(r"\(NEEDED\).*\[(.*)\]", said)}
            asked.update(re.findall(r"interpreter: (.*)\]", said))
            left += [self.file(x) for x in asked - found]
            found |= asked
        return found

    def cross_file(self):
        """For meson: the compiler, and where the other architecture's headers and libraries are."""
        path = f"{self.build}.ini"
        with open(path, "w") as f:
            f.write(f"""[binaries]
c = '{self.triplet}-gcc'
ar = '{self.triplet}-gcc-ar'
strip = '{self.strip}'
pkgconfig = 'pkg-config'
[built-in options]
c_args = ['--sysroot={self.root}']
c_link_args = ['--sysroot={self.root}']
[properties]
sys_root = '{self.root}'
pkg_config_libdir = '{self.root}/usr/lib/{self.triplet}/pkgconfig'
[host_machine]
system = 'linux'
cpu_family = '{self.cpu}'
cpu = '{self.cpu}'
endian = 'little'
""")
        return path

    def agent(self):
        """Built; later runs build what has changed."""
        if not os.path.exists(f"{self.build}/build.ninja"):
            run("meson", "setup", self.build, TREE, "--cross-file", self.cross_file(),
                "-Dtests=false", "-Dthief=disabled", "-Dverifier=disabled", "-Ddebug=false",
                env=ENVIRONMENT)
        run("ninja", "-C", self.build, "agent/pawl-agent", env=ENVIRONMENT)
        return f"{self.build}/agent/pawl-agent"
