#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measurement lists as a kernel writes them, and what they lead to; by the kernel's source and
nothing of Pawl's.

As a program it writes the vectors beside it: lists, and pcr10.txt with a line for each list, bank
and way to extend. Tests import it to make lists of chance and to recompute real ones.
"""
import hashlib
import pathlib
import struct

SIZE = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
TEMPLATES = {
    "ima": "d|n",
    "ima-ng": "d-ng|n-ng",
    "ima-sig": "d-ng|n-ng|sig",
    "ima-ngv2": "d-ngv2|n-ng",
    "ima-sigv2": "d-ngv2|n-ng|sig",
    "ima-buf": "d-ng|n-ng|buf",
    "ima-modsig": "d-ng|n-ng|sig|d-modsig|modsig",
    "evm-sig": "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode",
}


def le32(n):
    return struct.pack("<I", n)


def string(text):
    """ima_write_template_field_data: no spaces, a NUL behind."""
    return text.replace(b" ", b"_") + b"\0"


def digest_ng(alg, digest, kind=None):
    return (kind.encode() + b":" if kind else b"") + alg.encode() + b":\0" + digest


class Entry:
    """fields: by name, as the kernel measures them."""

    def __init__(self, template, fields, pcr=10, violation=False):
        self.template, self.fields, self.pcr, self.violation = template, fields, pcr, violation
        self.legacy = template == "ima"
        self.order = TEMPLATES.get(template, template).split("|")

    def measured(self):
        """What ima_calc_field_array_hash_tfm hashes."""
        if self.legacy:
            return self.fields["d"] + self.fields["n"].ljust(256, b"\0")
        return b"".join(le32(len(self.fields[f])) + self.fields[f] for f in self.order)

    def digest(self, alg):
        return b"\xff" * SIZE[alg] if self.violation else hashlib.new(alg, self.measured()).digest()

    def claimed(self):
        return bytes(20) if self.violation else self.digest("sha1")

    def binary(self):
        """ima_measurements_show"""
        name = self.template.encode()
        if self.legacy:
            data = self.fields["d"] + le32(len(self.fields["n"])) + self.fields["n"]
        else:
            data = self.measured()
            data = le32(len(data)) + data
        return le32(self.pcr) + self.claimed() + le32(len(name)) + name + data

    def ascii(self):
        """ima_ascii_measurements_show"""
        words = [b"%2d" % self.pcr, self.claimed().hex().encode(), self.template.encode()]
        for f in self.order:
            v = self.fields[f]
            if f in ("d-ng", "d-ngv2", "d-modsig"):
                name, _, digest = v.partition(b":\0")
                words.append(name + b":" + digest.hex().encode() if v else b"")
            elif f in ("n", "n-ng", "xattrnames"):
                words.append(v.rstrip(b"\0"))
            elif f in ("iuid", "igid", "imode"):
                words.append(b"%d" % int.from_bytes(v, "little"))
            else:
                words.append(v.hex().encode())
        return b" ".join(words) + b"\n"


def extended(entry, bank, padded):
    return entry.digest("sha1").ljust(SIZE[bank], b"\0") if padded else entry.digest(bank)


def pcr10(entries, bank, padded=False, pcr=10):
    value = bytes(SIZE[bank])
    for e in entries:
        if e.pcr == pcr:
            value = hashlib.new(bank, value + extended(e, bank, padded)).digest()
    return value


def read(binary):
    """Entries of a list, to recompute what others made."""
    at = 0

    def take(n):
        nonlocal at
        assert at + n <= len(binary)
        at += n
        return binary[at - n:at]

    def counted():
        return take(int.from_bytes(take(4), "little"))

    entries = []
    while at < len(binary):
        pcr, claimed, template = int.from_bytes(take(4), "little"), take(20), counted().decode()
        fields = {}
        if template == "ima":
            fields = {"d": take(20), "n": counted()}
        else:
            end = int.from_bytes(take(4), "little") + at
            for f in TEMPLATES.get(template, template).split("|"):
                fields[f] = counted()
            assert at == end
        e = Entry(template, fields, pcr, claimed == bytes(20))
        assert e.claimed() == claimed
        entries.append(e)
    return entries


def read_ascii(text):
    """Of templates ima-ng and ima only."""
    entries = []
    for line in text.splitlines():
        pcr, claimed, template, rest = line.decode().split(" ", 3)
        digest, path = rest.split(" ", 1)
        if template == "ima-ng":
            alg, digest = digest.split(":")
            fields = {"d-ng": digest_ng(alg, bytes.fromhex(digest)), "n-ng": string(path.encode())}
        else:
            fields = {"d": bytes.fromhex(digest), "n": path.encode()}
        e = Entry(template, fields, int(pcr), claimed == "0" * 40)
        assert e.claimed().hex() == claimed, line
        entries.append(e)
    return entries


def ng(path, content=b"x", alg="sha256", pcr=10, violation=False):
    digest = bytes(SIZE[alg]) if violation else hashlib.new(alg, content).digest()
    return Entry("ima-ng", {"d-ng": digest_ng(alg, digest), "n-ng": string(path)}, pcr, violation)


def of_every_template():
    sha256 = hashlib.sha256(b"content").digest()
    file = {"d-ng": digest_ng("sha256", sha256), "n-ng": string(b"/usr/bin/a tool")}
    v2 = {"d-ngv2": digest_ng("sha256", sha256, "verity"), "n-ng": file["n-ng"]}
    evm = {"evmsig": bytes(range(40)), "xattrnames": string(b"security.ima|security.selinux"),
           "xattrlengths": le32(3) + le32(5), "xattrvalues": bytes(8), "iuid": le32(1000),
           "igid": le32(100), "imode": struct.pack("<H", 0o100755)}
    return [
        ng(b"boot_aggregate", b"pcrs"),
        Entry("ima", {"d": hashlib.sha1(b"content").digest(), "n": b"/bin/sh"}),
        Entry("ima-sig", {**file, "sig": b""}),
        Entry("ima-sig", {**file, "sig": b"\3\2\4" + bytes(range(50))}),
        Entry("ima-ngv2", v2),
        Entry("ima-sigv2", {**v2, "d-ngv2": digest_ng("sha256", sha256, "ima"), "sig": b"\6\3"}),
        Entry("ima-buf", {"d-ng": digest_ng("sha256", hashlib.sha256(b"cert").digest()),
                          "n-ng": string(b".ima"), "buf": b"cert"}),
        Entry("ima-modsig", {**file, "sig": b"", "d-modsig": digest_ng("sha256", sha256),
                             "modsig": bytes(range(30))}),
        Entry("ima-modsig", {**file, "sig": b"", "d-modsig": b"", "modsig": b""}),
        Entry("evm-sig", {**file, **evm}),
        Entry("n-ng|d-ng|iuid", {**file, "iuid": le32(0)}),
        ng(b"/etc/old", alg="sha1"),
    ]


LISTS = {
    "templates": of_every_template(),
    "violation": [ng(b"boot_aggregate"), ng(b"/var/log/x", violation=True), ng(b"/bin/sh")],
    "legacy": [Entry("ima", {"d": hashlib.sha1(n).digest(), "n": n})
               for n in (b"boot_aggregate", b"/bin/sh", b"/" + b"n" * 254)],
    "other_pcr": [ng(b"boot_aggregate"), ng(b"/boot/vmlinuz", pcr=11), ng(b"/bin/sh")],
}


def main():
    here = pathlib.Path(__file__).resolve().parent
    lines = []
    for name, entries in LISTS.items():
        (here / f"{name}.bin").write_bytes(b"".join(e.binary() for e in entries))
        (here / f"{name}.ascii").write_bytes(b"".join(e.ascii() for e in entries))
        for bank in SIZE:
            lines.append(f"{name} {bank} own {pcr10(entries, bank).hex()}")
            if bank != "sha1":
                lines.append(f"{name} {bank} padded {pcr10(entries, bank, True).hex()}")
    (here / "pcr10.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
