#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A measured boot without a machine: writes the event log and the measurement list that a firmware,
a boot loader and a kernel would have written, and extends the TPM by them, so that both replay.

    measured_boot.py TCTI LOG boot COMMAND-LINE          a boot with secure boot on, into LOG
    measured_boot.py TCTI LIST files IMA.PY FROM COUNT   files FROM .. FROM + COUNT, added to LIST
    measured_boot.py - FILE policy COUNT COMMAND-LINE..  what a policy says of such boots and files

The TPM has a bank of SHA-256. Nothing here is Pawl's code.
"""
import hashlib
import importlib.util
import json
import pathlib
import struct
import subprocess
import sys
import uuid

EV_NO_ACTION, EV_SEPARATOR, EV_S_CRTM_VERSION, EV_IPL = 3, 4, 8, 13
EV_VARIABLE, EV_APPLICATION, EV_ACTION = 0x80000001, 0x80000003, 0x80000007
GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")
SECURITY = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")


def extend(tcti, measured):
    """measured: PCR and digest, in their order; many of them for one start of the tool."""
    for at in range(0, len(measured), 64):
        specs = [f"{pcr}:sha256={digest.hex()}" for pcr, digest in measured[at:at + 64]]
        subprocess.run(["tpm2_pcrextend", "-T", tcti, *specs], check=True)


# ---- the event log -----------------------------------------------------------------------------


def header():
    data = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, 1)
    data += struct.pack("<HHB", 0x000B, 32, 0)
    return struct.pack("<II20sI", 0, EV_NO_ACTION, bytes(20), len(data)) + data


def event(pcr, kind, data, measured=None):
    """Its bytes, and what the TPM gets."""
    digest = hashlib.sha256(data if measured is None else measured).digest()
    head = struct.pack("<III", pcr, kind, 1) + struct.pack("<H", 0x000B) + digest
    return head + struct.pack("<I", len(data)) + data, (pcr, digest)


def variable(guid, name, data):
    return event(7, EV_VARIABLE, guid.bytes_le + struct.pack("<QQ", len(name), len(data)) +
                 name.encode("utf-16-le") + data)


def keys(owner, certificate):
    signature = bytes([owner]) * 16 + certificate
    return X509.bytes_le + struct.pack("<III", 28 + len(signature), 0, len(signature)) + signature


def image(path, content):
    """UEFI_IMAGE_LOAD_EVENT; the digest is of the image."""
    node = path.encode("utf-16-le") + bytes(2)
    device = struct.pack("<BBH", 4, 4, 4 + len(node)) + node + struct.pack("<BBH", 0x7F, 0xFF, 4)
    head = struct.pack("<QQQQ", 0x7E000000, len(content), 0, len(device))
    return event(4, EV_APPLICATION, head + device, content)


def line(words, text):
    return event(8, EV_IPL, words + text + b"\0", text)


def boot_events(command_line):
    yield event(0, EV_S_CRTM_VERSION, "1.0\0".encode("utf-16-le"))
    yield variable(GLOBAL, "SecureBoot", b"\1")
    for guid, name in ((GLOBAL, "PK"), (GLOBAL, "KEK"), (SECURITY, "db"), (SECURITY, "dbx")):
        yield variable(guid, name, keys(len(name), name.encode() * 40))
    for pcr in range(8):
        yield event(pcr, EV_SEPARATOR, bytes(4))
    yield image("\\EFI\\BOOT\\grubx64.efi", b"a boot loader")
    yield line(b"grub_cmd: ", b"linux " + command_line)
    yield image("\\vmlinuz", b"a kernel")
    yield line(b"kernel_cmdline: ", command_line)
    yield event(5, EV_ACTION, b"Exit Boot Services Invocation")
    yield event(5, EV_ACTION, b"Exit Boot Services Returned with Success")


def boot(tcti, path, command_line):
    events = list(boot_events(command_line.encode()))
    path.write_bytes(header() + b"".join(e for e, _ in events))
    extend(tcti, [m for _, m in events])


# ---- the measurement list ----------------------------------------------------------------------


def boot_aggregate(tcti):
    """As kernels make it since 5.8: of PCRs 0 to 9, once more."""
    values = subprocess.run(["tpm2_pcrread", "-T", tcti, "-o", "/dev/stdout", "-Q",
                             "sha256:0,1,2,3,4,5,6,7,8,9"], check=True, capture_output=True).stdout
    assert len(values) == 10 * 32, len(values)
    return b"boot_aggregate", hashlib.sha256(values).digest()


def file(i):
    return b"/usr/bin/tool-%05d" % i, hashlib.sha256(b"file %d" % i).digest()


def files(tcti, path, ima_py, first, count):
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("ima", ima_py)
    ima = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ima)
    entries = []
    for i in range(first, first + count):
        name, digest = file(i) if i else boot_aggregate(tcti)
        entries.append(ima.Entry("ima-ng", {"d-ng": ima.digest_ng("sha256", digest),
                                            "n-ng": ima.string(name)}))
    extend(tcti, [(10, e.digest("sha256")) for e in entries])
    with path.open("ab") as out: # as the kernel does: the list grows after the PCR
        out.write(b"".join(e.binary() for e in entries))


def policy(path, count, command_lines):
    images = [hashlib.sha256(i).hexdigest() for i in (b"a boot loader", b"a kernel")]
    path.write_text(json.dumps({
        "name": "measured", "version": 1,
        "secure_boot": {"on": True}, "event_log": {"needed": True},
        "releases": [{"name": line.split()[0].removeprefix("/vmlinuz-"),
                      "boot": {"images": images, "command_lines": [line]}}
                     for line in command_lines],
        "ima": {"files": {name.decode(): ["sha256:" + digest.hex()]
                          for name, digest in map(file, range(1, count))}}}))


def main():
    tcti, path, what = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    if what == "boot":
        boot(tcti, path, sys.argv[4])
    elif what == "files":
        files(tcti, path, sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))
    else:
        policy(path, int(sys.argv[4]), sys.argv[5:])


main()
