#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: manual pages render without a warning and hold every command and every key; completion
offers every noun, verb and option, in bash as a shell would ask.

Usage: pawlctl_pages.py PAWLCTL DIRECTORY-OF-PAGES CONFIGURATION.MD   Exit code 77: no groff here.
"""
import pathlib
import re
import shutil
import subprocess
import sys

PAWLCTL, PAGES, CONFIGURATION = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
if not shutil.which("groff"):
    print("skipped: no groff")
    sys.exit(77)


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def rendered(name):
    """As a terminal of 120 columns shows it."""
    p = run("groff", "-man", "-ww", "-Tascii", "-P-cbou", "-rLL=120n", str(PAGES / name))
    assert (p.returncode, p.stderr) == (0, ""), f"{name}: {p.stderr}"
    return p.stdout


def commands():
    """[[noun, verb]] of --help, verb empty where the noun is all."""
    usage = re.findall(r"^  pawlctl (\S+)(?: ([a-z]+)\b)?(?!\|)", run(PAWLCTL, "--help").stdout, re.M)
    return [(noun, verb) for noun, verb in usage]


def pages():
    text = rendered("pawlctl.1")
    for noun, verb in commands():
        assert f"pawlctl {noun}" + (f" {verb}" if verb else "") in text, f"no {noun} {verb}"
    for name, keys in (("verifier.ini.5", ("listen", "operator_listen", "admission", "webhook_key")),
                       ("agent.ini.5", ("server", "tls", "on_incident", "ima_list"))):
        if not (PAGES / name).exists():
            continue
        text = rendered(name)
        for key in keys:
            assert re.search(r"^ +%s\b" % key, text, re.M), f"{name} has no {key}"
    known = set(re.findall(r"^\| `(\w+)` \|", CONFIGURATION.read_text(), re.M))
    shown = {key for name in ("agent.ini.5", "verifier.ini.5") if (PAGES / name).exists()
             for key in re.findall(r"^\.B (\w+)$", (PAGES / name).read_text(), re.M)}
    assert not shown - known, shown - known
    if len(list(PAGES.glob("*.ini.5"))) == 2:
        assert len(shown) > 50 and not known - shown, known - shown
    for name in ("pawl-verifier.1", "pawl-agent.1"):
        assert not (PAGES / name).exists() or "--help" in rendered(name)
    print("ok: pages")


def completed(*words):
    """What bash offers for the last word."""
    script = run(PAWLCTL, "completion", "bash").stdout
    ask = ('COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pawlctl; printf "%s\\n" "${COMPREPLY[@]}"')
    p = run("bash", "-c", script + ask, "bash", "pawlctl", *words)
    assert p.stderr == "", p.stderr
    return p.stdout.split()


def completion():
    nouns = {noun for noun, _ in commands()}
    assert set(completed("")) == nouns | {"--help", "--version"}
    assert completed("exc") == ["exception"]
    for noun in nouns:
        verbs = {verb for n, verb in commands() if n == noun and verb}
        assert set(completed(noun, "")) == verbs or not verbs, noun
    assert {"--label", "--state", "--url", "--json"} <= set(completed("device", "list", "--"))
    assert "--label" not in completed("device", "show", "--")
    assert "--type" in completed("stream", "--")
    for shell, first in (("zsh", "#compdef pawlctl"), ("fish", "# Made by: pawlctl completion fish")):
        text = run(PAWLCTL, "completion", shell).stdout
        assert text.splitlines()[0] == first
        assert all(noun in text for noun in nouns)
    p = run(PAWLCTL, "completion", "csh")
    assert (p.returncode, p.stdout) == (2, "")
    print("ok: completion")


pages()
completion()
print("all passed")
