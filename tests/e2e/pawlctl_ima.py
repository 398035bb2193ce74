#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: pawlctl reads measurement lists of real machines and lists of chance, binary and as text,
as an independent program does: entries, violations and PCR 10 of every bank, and how much of a list
leads to a value. A quoted PCR 10 of another list is refused.

Usage: pawlctl_ima.py PAWLCTL IMA.PY TESTDATA
"""
import importlib.util
import json
import pathlib
import random
import re
import subprocess
import sys
import tarfile
import tempfile

sys.dont_write_bytecode = True
PAWLCTL, TESTDATA = sys.argv[1], pathlib.Path(sys.argv[3])
spec = importlib.util.spec_from_file_location("ima", sys.argv[2])
ima = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ima)
BANKS = list(ima.SIZE)


def run(data, *args):
    """Exit code and answer."""
    p = subprocess.run([PAWLCTL, "ima", "--json", *args, "-"], input=data, capture_output=True,
                       timeout=60)
    assert b"Sanitizer" not in p.stderr, p.stderr
    return p.returncode, json.loads(p.stdout)


def compare(data, entries):
    code, got = run(data)
    assert code == 0, got
    assert len(got["entries"]) == len(entries)
    for e, want in zip(got["entries"], entries):
        assert (e["pcr"], e["template"]) == (want.pcr, want.template), e
        assert e["digest"] == want.claimed().hex(), e
        assert e.get("violation", False) == want.violation, e
        assert "unreadable" not in e, e
    assert got["violations"] == sum(e.violation for e in entries if e.pcr == 10)
    assert got["others"] == sum(e.pcr != 10 for e in entries)
    for bank in BANKS:
        assert got["pcrs"][bank]["10"] == ima.pcr10(entries, bank).hex(), bank
        if bank != "sha1":
            assert got["pcrs_padded"][bank]["10"] == ima.pcr10(entries, bank, True).hex(), bank
    return got


# ---- lists of chance ---------------------------------------------------------------------------


def of_chance(r):
    kinds = ima.of_every_template()
    entries = []
    for i in range(r.randrange(1, 12)):
        e = r.choice(kinds)
        fields = dict(e.fields)
        name = "n" if e.legacy else "n-ng"
        fields[name] += bytes(r.choices(b"abc/._-", k=r.randrange(40))) if e.legacy else b""
        if not e.legacy:
            fields[name] = ima.string(b"/" + bytes(r.choices(b"abc/ ._-\xc3\xa9", k=r.randrange(99))))
        violation = r.random() < 0.1 and not e.legacy
        entries.append(ima.Entry(e.template, fields, r.choice([10] * 9 + [11]), violation))
    return entries


def chance():
    for seed in range(25):
        entries = of_chance(random.Random(seed))
        data = b"".join(e.binary() for e in entries)
        compare(data, entries)
        compare(b"".join(e.ascii() for e in entries), entries)
        n = random.Random(-seed).randrange(len(entries) + 1)
        bank = BANKS[seed % len(BANKS)]
        padded = bank != "sha1" and seed % 3 == 0
        code, got = run(data, "--pcr10", ima.pcr10(entries[:n], bank, padded).hex())
        # The first part that gives the value: entries of other PCRs and an empty list add nothing.
        while n and entries[n - 1].pcr != 10:
            n -= 1
        assert code == 0, got
        quoted = got["quoted"]
        assert (quoted["bank"], quoted["entries"]) == (bank, n), (seed, quoted)
        assert quoted["pending"] == len(entries) - n
    print("ok: 25 lists of chance, binary and as text")


# ---- refused -----------------------------------------------------------------------------------


def refused():
    entries = ima.of_every_template()
    data = b"".join(e.binary() for e in entries)
    code, got = run(data, "--pcr10", "00" * 31 + "01")
    assert (code, got["quoted"]) == (1, False), got
    for bad, field in ((data[:-1], "template_data"), (b"\0\0\0\x0a" + data[4:], "pcr"),
                       (data[:5] + bytes([data[5] ^ 1]) + data[6:], "template_digest")):
        code, got = run(bad)
        assert (code, got["field"]) == (1, field), got
    for hex, field in (("0g", "pcr10"), ("00", "pcr10")):
        code, got = run(data, "--pcr10", hex)
        assert (code, got["field"]) == (1, field), got
    evil = ima.ng(b"/tmp/\x1b[2J\xff\\").binary()
    code, got = run(evil)
    assert got["entries"][0]["path"] == "/tmp/\\x1b[2J\\xff\\\\", got
    p = subprocess.run([PAWLCTL, "ima", "-"], input=evil, capture_output=True, timeout=60)
    assert p.returncode == 0 and b"\x1b" not in p.stdout and b"/tmp/" in p.stdout
    print("ok: lists that are cut, changed or of another machine are refused")


# ---- real machines -----------------------------------------------------------------------------


def real():
    if not (TESTDATA / "ima").is_dir():
        print(f"skipped: no {TESTDATA}/ima")
        return
    own = (TESTDATA / "ima/own-debian12-binary.bin").read_bytes()
    got = compare(own, ima.read(own))
    pcrs = (TESTDATA / "eventlogs/own-ovmf-debian12.pcrs-sha256.txt").read_text()
    pcr10 = re.search(r"PCR 10 (\w+)", pcrs)[1].lower()
    assert got["pcrs"]["sha256"]["10"] == pcr10
    code, got = run(own, "--pcr10", pcr10)
    assert code == 0 and got["quoted"] == {"bank": "sha256", "extends": "own", "entries": 1,
                                           "pending": 0}, got
    text = (TESTDATA / "ima/kl-ascii_runtime_measurements").read_bytes()
    entries = ima.read_ascii(text)
    assert compare(text, entries)["list"] == "ascii" and len(entries) == 826
    code, got = run(text, "--pcr10", ima.pcr10(entries[:800], "sha1").hex())
    assert code == 0 and got["quoted"]["pending"] == 26, got["quoted"]
    with tarfile.open(TESTDATA / "quotes/t490.tgz") as tar:
        t490 = next(tar.extractfile(m).read() for m in tar if pathlib.Path(m.name).name == "ima")
    compare(t490, ima.read_ascii(t490))
    print("ok: lists of real machines")


chance()
refused()
real()
print("all passed")
