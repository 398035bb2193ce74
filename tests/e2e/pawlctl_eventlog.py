#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: pawlctl reads the event logs of real machines as tpm2_eventlog does, event by event, and
replays them to the same PCRs in all banks; a log that is refused is refused for the reason given
here; what a quote of a real laptop or our own boot read out of its PCRs is what their logs lead to.

Usage: pawlctl_eventlog.py PAWLCTL TESTDATA. Exit code 77: the data or tpm2_eventlog is not here.
"""
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

PAWLCTL, DATA = sys.argv[1], pathlib.Path(sys.argv[2])
LOGS = DATA / "eventlogs"
# What we refuse, and why. The file is made by hand: each event lacks two banks of its header (L7).
REFUSED = {"t2t-event-uefivar.bin": "events[1].digests.count"}
# tpm2_eventlog has no answer: it refuses the one and dies of the other (5.4).
ALONE = {"ga-short_no_action_eventlog.bin", "ga-option_rom_eventlog.bin"}
# tpm2_eventlog 5.4 extends PCR 0 by the zeros that stand in an EV_NO_ACTION event behind the header,
# and passes over the locality that one of them tells. The standard wants neither, and no TPM does so.
# These logs have such events; where PCR 0 begins:
LOCALITY = {"gtt-eventlogwithsp800155.bin": 0, "gtt-gdc-host.bin": 3}

# Real boots with secure boot on; and what is wrong with the others, by row. Logs of SHA-1 only are
# wrong by L14, two that were cut by hand have no separators (L6).
SECURE = {"ga-option_rom_eventlog.bin", "ga-sb_cert_eventlog.bin", "gtt-debian-10.bin",
          "gtt-eventlogwithsp800155.bin", "gtt-rhel8-uefi.bin", "t2t-event-moklisttrusted.bin",
          "t2t-event-postcode.bin"}
WRONG = {"ga-sb_cert_eventlog.bin": {"L6"}, "ga-short_no_action_eventlog.bin": {"L6"}}


def ask(*args):
    done = subprocess.run([PAWLCTL, "eventlog", "--json", *map(str, args)], text=True,
                          capture_output=True, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout), done.stderr


def pcrs_of(text):
    """The last part of tpm2_eventlog's YAML."""
    banks, bank = {}, None
    for line in text[text.index("\npcrs:") + 1:].splitlines()[1:]:
        if name := re.fullmatch(r"  (\w+):", line):
            bank = banks.setdefault(name[1], {})
        elif value := re.fullmatch(r"    (\d+) *: 0x([0-9a-f]+)", line):
            bank[value[1]] = value[2]
    return banks


def events_of(text):
    """PCR, type and digests of each event."""
    found = []
    for part in re.split(r"^  PCRIndex: ", text[:text.index("\npcrs:")], flags=re.M)[1:]:
        kind = re.search(r"^  EventType: (\S+)$", part, re.M)[1]
        digests = re.findall(r'^ *- AlgorithmId: (\w+)\n *Digest: "(\w+)"$', part, re.M)
        found.append((int(part.split()[0]), kind, dict(digests)))
    return found


def replay(events, locality, extends_no_action):
    """Once more and on its own, from the digests."""
    banks = {}
    for event in events:
        for bank, digest in event["digests"].items():
            pcrs, n = banks.setdefault(bank, {}), hashlib.new(bank).digest_size
            if event["type"] == "EV_NO_ACTION" and not (extends_no_action and event["pcr"] == 0):
                continue
            pcr = str(event["pcr"])
            value = pcrs.get(pcr, bytes(n - 1) + bytes([locality if pcr == "0" else 0]))
            pcrs[pcr] = hashlib.new(bank, value + bytes.fromhex(digest)).digest()
    return {bank: {pcr: v.hex() for pcr, v in pcrs.items()} for bank, pcrs in banks.items()}


def check_facts(name, ours):
    facts = ours["facts"]
    assert (facts["secure_boot"]["on"] is True) == (name in SECURE), (name, facts["secure_boot"])
    wrong = {f["row"] for f in ours["failures"] if not f["warning"]}
    assert wrong == WRONG.get(name, set()) | ({"L14"} if facts["legacy"] else set()), (name, wrong)
    for line in facts["lines"]:
        assert line["text"].isprintable() or not line["text"], (name, line)


def check_log(path):
    code, ours, err = ask(path)
    if path.name in REFUSED:
        assert code == 1 and ours["field"] == REFUSED[path.name], (path, ours)
        assert err.startswith(f"pawlctl: {REFUSED[path.name]}: "), err
        return f"refused for {ours['field']}"
    assert code == 0, (path, ours)
    once_more = replay(ours["events"], LOCALITY.get(path.name, 0), False)
    assert ours["pcrs"] == once_more, (path, ours["pcrs"])
    check_facts(path.name, ours)
    theirs = subprocess.run(["tpm2_eventlog", path], capture_output=True, timeout=60, check=False)
    text = theirs.stdout.decode(errors="replace")
    if path.name in ALONE:
        assert theirs.returncode, f"{path}: tpm2_eventlog has learned to read it"
        return "ours alone"
    pcrs = replay(ours["events"], 0, True) if path.name in LOCALITY else ours["pcrs"]
    assert theirs.returncode == 0 and pcrs == pcrs_of(text), (path, pcrs)
    beside = path.with_suffix(".yaml")
    if beside.exists():
        assert ours["pcrs"] == pcrs_of(beside.read_text(errors="replace")), (path, ours["pcrs"])
    known = [(e["pcr"], e["type"], e["digests"]) for e in ours["events"]]
    said = events_of(text)
    assert len(known) == len(said), (path, len(known), len(said))
    for mine, other in zip(known, said):
        assert mine[0] == other[0] and mine[2] == other[2], (path, mine, other)
        assert mine[1] == other[1] or mine[1].startswith("0x"), (path, mine, other)
    return f"{len(said)} events"


def check_quoted(work):
    """Against PCRs as others read them, and against one that is not as they read it."""
    with tarfile.open(DATA / "quotes" / "t490.tgz") as bundle:
        (work / "t490").write_bytes(bundle.extractfile("eventlog").read())
    laptop = (DATA / "quotes" / "t490-pcrs.txt").read_text()
    running = (LOGS / "own-ovmf-debian12.pcrs-sha256.txt").read_text()
    own = "sha256:\n" + re.sub(r"(?m)^PCR (\d+) (\w+)$", r"  \1 : 0x\2", running)
    assert own.count("0x") == 12, own
    for log, text in (work / "t490", laptop), (LOGS / "own-ovmf-debian12.bin", own):
        (work / "pcrs").write_text(text)
        code, answer, _ = ask("--pcrs", work / "pcrs", log)
        assert code == 0 and answer["replays"] is True, (log, answer["failures"])
        at = text.index("0x") + 2
        (work / "pcrs").write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:])
        code, answer, _ = ask("--pcrs", work / "pcrs", log)
        rows = [f["row"] for f in answer["failures"] if not f["warning"]]
        assert code == 1 and answer["replays"] is False and "L1" in rows, (log, answer["failures"])
    code, answer, _ = ask("--pcrs", work / "pcrs", LOGS / "gtt-debian-10.bin")
    assert code == 1 and "L14" in [f["row"] for f in answer["failures"]], answer["failures"]
    for args, code, word in (([], 2, "an argument is missing"), ([work / "none"], 3, "none"),
                             ([work / "pcrs"], 1, "events[")):
        done = subprocess.run([PAWLCTL, "eventlog", *map(str, args)], text=True,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == code and word in done.stderr and not done.stdout, done
    (work / "pcrs").write_text("sha256:\n  0 : 0x00\n")
    code, answer, _ = ask("--pcrs", work / "pcrs", work / "t490")
    assert code == 1 and answer["field"] == "pcrs.line 2.value", answer


def main():
    if not LOGS.is_dir() or not shutil.which("tpm2_eventlog"):
        print(f"skipped: {LOGS} or tpm2_eventlog is not here")
        return 77
    logs = sorted(LOGS.glob("*.bin"))
    assert len(logs) >= 20, logs
    for path in logs:
        print(f"ok: {path.name}: {check_log(path)}")
    with tempfile.TemporaryDirectory() as work:
        check_quoted(pathlib.Path(work))
    print("ok: a laptop's quote and our own boot agree with their logs, and other PCRs do not")
    return 0


sys.exit(main())
