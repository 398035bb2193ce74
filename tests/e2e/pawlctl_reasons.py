#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: `pawlctl reasons` prints the table of docs/reasons.md, one row of it for a code, and
refuses what is no code.

Usage: pawlctl_reasons.py PAWLCTL REASONS.MD"""
import json
import pathlib
import re
import subprocess
import sys

PAWLCTL, PAGE = sys.argv[1:]


def run(*arguments):
    done = subprocess.run([PAWLCTL, "reasons", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


rows = re.findall(r"^\| `([\w-]+)` \| (.*) \| (.*) \| (.*) \|$", pathlib.Path(PAGE).read_text(), re.M)
code, out, _ = run("--json")
printed = [(r["code"], r["text"], r["cause"], r["next"]) for r in json.loads(out)["reasons"]]
assert code == 0 and printed == rows and len(rows) > 30, (code, printed)

code, out, _ = run()
assert code == 0 and re.findall(r"^([a-z][\w-]+)", out, re.M) == [row[0] for row in rows], out

for name, *texts in rows:
    code, out, _ = run(name)
    words = out.split()
    for text in texts:
        assert " ".join(words).find(" ".join(text.split())) >= 0, (name, out)
    assert code == 0 and words[0] == name, out

code, out, err = run("pcr-differ")
assert (code, out) == (1, "") and err.startswith("pawlctl: code: "), (code, err)
assert run("none")[0] == 1
print("all passed")
