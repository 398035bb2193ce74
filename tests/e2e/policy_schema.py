#!/usr/bin/python3
"""policy_schema.py PAWLCTL SCHEMA PAGE CORPUS

Proves: docs/policy.schema.json and pawlctl take and refuse the same policies, but for what the
schema's page says that no schema can say; and the page's own example is one."""
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    sys.exit(77)

PAWLCTL, SCHEMA, PAGE, CORPUS = sys.argv[1:]
H20, H32, H48, H64 = 20 * "a1", 32 * "b2", 48 * "c3", 64 * "d4"
KEY = ("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAER8Of83kOzg/v4AYYJdq8NARCcezyCGlT1AWULwJWikPX"
       "faWuk83CYVFNlza8myqEE/Aj5jsknSA+n5Qxf1X99g==")

# Has every member.
WHOLE = {
    "name": "gateway", "version": 3, "note": "after the kernel update",
    "pcrs": {"sha1": {"0": [H20]}, "sha256": {"0": [H32, H32.upper()], "12": "unmeasured"},
             "sha384": {"23": [H48]}, "sha512": {"9": [H64]}},
    "secure_boot": {"on": True, "pk": [H32], "kek": [H32], "db": [H32], "dbx": [], "sbat": "2023012900",
                    "authorities": [H32], "mok": [H32, H48]},
    "boot": {"images": [H32, H20], "command_lines": ["root=/dev/vda1 ro", "quiet"]},
    "event_log": {"needed": True, "legacy": False, "ignore": [8, 9]},
    "releases": [
        {"name": "6.1.0-55", "kernel": "6.1.0-55-amd64", "until": "2026-12-31", "pcrs": {"sha256": {"4": [H32]}}},
        {"name": "6.1.0-56+rt_A:1~b", "until": "2026-12-31T23:59:59Z", "secure_boot": {"on": True}},
        {"name": "next", "boot": {"images": []}}],
    "ima": {"files": {"/usr/bin/bash": ["sha256:" + H32, "verity:sha512:" + H64], "/opt/a b": ["sha384:" + H48]},
            "exclude": ["/var/log/", "/run/x.y"], "keys": [KEY], "policies": ["sha256:" + H32],
            "buffers": {".ima": ["sha256:" + H32]}, "violations": False, "sha1": False, "kexec": False},
    "firmware": {"id:53544D20": "74.20", "id:49465800": "7.85.4555.0"},
    "physical_access": True,
    "answer_within_ms": 900,
    "tpm_not_reset": "warn",
}

TAKEN, REFUSED = "taken", "refused"
UNSAID = "refused, and no schema can say so"
LEFT_OUT = object()

# What happens to the whole policy with one member changed.
CHANGES = [
    ("name", LEFT_OUT, REFUSED), ("name", "A", REFUSED), ("name", "", REFUSED), ("name", 7, REFUSED),
    ("name", 33 * "a", REFUSED), ("name", 32 * "a", TAKEN), ("name", ".a", REFUSED),
    ("version", LEFT_OUT, REFUSED), ("version", 0, REFUSED), ("version", 1.5, REFUSED), ("version", "3", REFUSED),
    ("version", 999999999, TAKEN), ("version", 1000000000, REFUSED), ("version", 1.0, TAKEN), ("version", None, REFUSED),
    ("note", LEFT_OUT, TAKEN), ("note", 512 * "n", TAKEN), ("note", 513 * "n", REFUSED), ("note", 512 * "ü", UNSAID),
    ("note", 7, REFUSED), ("nota", "", REFUSED),
    ("pcrs", LEFT_OUT, TAKEN), ("pcrs", {}, REFUSED), ("pcrs", [], REFUSED), ("pcrs.md5", {"0": [H32]}, REFUSED),
    ("pcrs.sha256", {}, REFUSED), ("pcrs.sha256", LEFT_OUT, UNSAID), ("pcrs.sha256.24", [H32], REFUSED),
    ("pcrs.sha256.07", [H32], REFUSED), ("pcrs.sha256.23", [H32], TAKEN), ("pcrs.sha256.7", [], REFUSED),
    ("pcrs.sha256.7", "measured", REFUSED), ("pcrs.sha256.7", H32, REFUSED), ("pcrs.sha256.7", [H20], REFUSED),
    ("pcrs.sha256.7", [H32, 7], REFUSED), ("pcrs.sha256.7", 64 * [H32], TAKEN), ("pcrs.sha256.7", 65 * [H32], REFUSED),
    ("pcrs.sha1.8", [H20], UNSAID), ("pcrs.sha384.7", [H32], REFUSED), ("pcrs.sha512.7", "unmeasured", TAKEN),
    ("secure_boot", LEFT_OUT, TAKEN), ("secure_boot", {}, REFUSED), ("secure_boot", True, REFUSED),
    ("secure_boot.on", False, TAKEN), ("secure_boot.on", 1, REFUSED), ("secure_boot.pk", H32, REFUSED),
    ("secure_boot.pk", [H48], REFUSED), ("secure_boot.kek", 65 * [H32], REFUSED), ("secure_boot.db", [], TAKEN),
    ("secure_boot.dbx", [H20], REFUSED), ("secure_boot.sbat", "2023", REFUSED), ("secure_boot.sbat", "20230129xx", REFUSED),
    ("secure_boot.sbat", 2023012900, REFUSED), ("secure_boot.authorities", [""], REFUSED),
    ("secure_boot.mok", ["00"], REFUSED), ("secure_boot.mok", [H64], TAKEN), ("secure_boot.mokx", [], REFUSED),
    ("boot", LEFT_OUT, TAKEN), ("boot", {}, REFUSED), ("boot.images", [7], REFUSED), ("boot.images", [], TAKEN),
    ("boot.images", ["x" * 64], REFUSED), ("boot.command_lines", [""], REFUSED), ("boot.command_lines", "quiet", REFUSED),
    ("boot.command_lines", [4096 * "x"], TAKEN), ("boot.command_lines", [4097 * "x"], REFUSED),
    ("boot.command_lines", [4096 * "ü"], UNSAID), ("boot.command_lines", 65 * ["x"], REFUSED), ("boot.lines", [], REFUSED),
    ("event_log", LEFT_OUT, TAKEN), ("event_log", {}, REFUSED), ("event_log.needed", "yes", REFUSED),
    ("event_log.ignore", [], TAKEN), ("event_log.ignore", [24], REFUSED), ("event_log.ignore", [-1], REFUSED),
    ("event_log.ignore", [1.5], REFUSED), ("event_log.ignore", ["8"], REFUSED), ("event_log.ignore", 8, REFUSED),
    ("releases", LEFT_OUT, TAKEN), ("releases", [], REFUSED), ("releases", {}, REFUSED),
    ("releases", [{"name": "a", "boot": {"images": []}}, {"name": "a", "boot": {"images": []}}], UNSAID),
    ("releases", [{"name": str(i), "boot": {"images": []}} for i in range(32)], TAKEN),
    ("releases", [{"name": str(i), "boot": {"images": []}} for i in range(33)], REFUSED),
    ("releases", [{"name": "a"}], REFUSED), ("releases", [{"boot": {"images": []}}], REFUSED), ("releases", [7], REFUSED),
    ("releases.0.name", "a b", REFUSED), ("releases.0.name", "-a", REFUSED), ("releases.0.name", 33 * "a", REFUSED),
    ("releases.0.kernel", "", REFUSED), ("releases.0.kernel", 64 * "k", REFUSED), ("releases.0.kernel", "a b", REFUSED),
    ("releases.0.until", "31.12.2026", REFUSED), ("releases.0.until", "2026-13-31", UNSAID), ("releases.0.until", 2026, REFUSED),
    ("releases.0.until", "2026-12-31T24:00:00Z", UNSAID), ("releases.0.until", "2026-12-31T00:00:00", REFUSED),
    ("releases.0.ima", {"kexec": True}, REFUSED), ("releases.0.pcrs", {}, REFUSED),
    ("releases.1.secure_boot.on", "yes", REFUSED), ("releases.2.boot.images", [H32 + "b"], REFUSED),
    ("ima", LEFT_OUT, TAKEN), ("ima", {}, REFUSED), ("ima.file", {}, REFUSED), ("ima.files", {}, TAKEN),
    ("ima.files", [], REFUSED), ("ima.files./bin/sh", [], REFUSED), ("ima.files./bin/sh", "sha256:" + H32, REFUSED),
    ("ima.files./bin/sh", [H32], REFUSED), ("ima.files./bin/sh", ["sha256:" + H20], REFUSED),
    ("ima.files./bin/sh", ["md5:" + 32 * "a"], REFUSED), ("ima.files./bin/sh", ["sha256"], REFUSED),
    ("ima.files./bin/sh", ["sha1:" + H20], UNSAID), ("ima.files./bin/sh", ["verity:" + H32], REFUSED),
    ("ima.files", {"": ["sha256:" + H32]}, REFUSED), ("ima.files", {4097 * "p": ["sha256:" + H32]}, REFUSED),
    ("ima.exclude", [""], REFUSED), ("ima.exclude", ["/"], REFUSED), ("ima.exclude", ["var"], REFUSED),
    ("ima.exclude", ["/var/../etc"], REFUSED), ("ima.exclude", ["/var//x"], REFUSED), ("ima.exclude", ["/./x"], REFUSED),
    ("ima.exclude", ["/var/.."], REFUSED), ("ima.exclude", ["/var/..x", "/.a/b./"], TAKEN), ("ima.exclude", [7], REFUSED),
    ("ima.keys", ["none"], UNSAID), ("ima.keys", [""], REFUSED), ("ima.keys", KEY, REFUSED), ("ima.keys", [], TAKEN),
    ("ima.keys", 65 * [KEY], REFUSED), ("ima.policies", [H32], REFUSED), ("ima.policies", [], TAKEN),
    ("ima.policies", {"/etc/ima/other": ["sha256:" + H32]}, TAKEN), ("ima.policies", 7, REFUSED),
    ("ima.buffers", {".ima": ["sha512:" + H32]}, REFUSED), ("ima.violations", 0, REFUSED), ("ima.sha1", "no", REFUSED),
    ("ima", {"sha1": True, "policies": ["sha1:" + H20]}, TAKEN), ("ima", {"policies": ["sha1:" + H20]}, UNSAID),
    ("firmware", LEFT_OUT, TAKEN), ("firmware", {}, REFUSED), ("firmware", "74.20", REFUSED),
    ("firmware.id:53544d20", "74", REFUSED), ("firmware.STM", "74", REFUSED), ("firmware.id:00000000", 74, REFUSED),
    ("firmware.id:00000000", "", REFUSED), ("firmware.id:00000000", "1.2.3.4.5", REFUSED),
    ("firmware.id:00000000", "01", REFUSED), ("firmware.id:00000000", "1.", REFUSED),
    ("firmware.id:00000000", "65535.65535.65535.65535", TAKEN), ("firmware.id:00000000", "65536", UNSAID),
    ("firmware", {f"id:{i:08X}": "1" for i in range(32)}, TAKEN),
    ("firmware", {f"id:{i:08X}": "1" for i in range(33)}, REFUSED),
    ("physical_access", LEFT_OUT, TAKEN), ("physical_access", 1, REFUSED),
    ("answer_within_ms", LEFT_OUT, TAKEN), ("answer_within_ms", 0, REFUSED), ("answer_within_ms", 60000, TAKEN),
    ("answer_within_ms", 60001, REFUSED), ("answer_within_ms", 1.5, REFUSED), ("answer_within_ms", "9", REFUSED),
    ("tpm_not_reset", LEFT_OUT, TAKEN), ("tpm_not_reset", "accept", TAKEN), ("tpm_not_reset", "note", REFUSED),
    ("tpm_not_reset", False, REFUSED),
]

# Texts of the corpus that a JSON parser takes, and pawlctl does not: named _refused as all others.
UNSAID_TEXTS = {"lone_sha1_refused", "twice_refused", "release_twice_refused", "path_twice_refused",
                "ima_sha1_refused"}


def changed(path, value):
    """The whole policy with another value there. Paths of files have no point in these tests."""
    policy = copy.deepcopy(WHOLE)
    *above, last = path.split(".") if not path.startswith("ima.files./") else path.split(".", 2)
    at = policy
    for step in above:
        at = at[int(step) if isinstance(at, list) else step]
    if value is LEFT_OUT:
        del at[last]
    else:
        at[last] = value
    return policy


def without_comments(text):
    """Of the texts here: none has two slashes, or a slash and a star, in a string."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.S)


class Judges:
    def __init__(self, folder):
        schema = json.loads(pathlib.Path(SCHEMA).read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)
        self.file = pathlib.Path(folder) / "policy.json"

    def schema(self, text):
        try:
            return self.validator.is_valid(json.loads(without_comments(text)))
        except ValueError:
            return False

    def parser(self, text):
        self.file.write_text(text)
        p = subprocess.run([PAWLCTL, "policy", "check", self.file], capture_output=True, text=True, timeout=60)
        assert p.returncode in (0, 1) and "Sanitizer" not in p.stderr, p.stderr
        return p.returncode == 0, p.stderr

    def expect(self, what, text, want):
        by_schema, (by_parser, said) = self.schema(text), self.parser(text)
        assert by_schema == (want != REFUSED), f"{what}: the schema {'takes' if by_schema else 'refuses'} it"
        assert by_parser == (want == TAKEN), f"{what}: pawlctl {'takes' if by_parser else 'refuses'} it: {said}"
        if want != TAKEN:
            assert re.search(r", in line \d+\n$", said) or "has 0 bytes" in said, f"{what}: {said!r} names no line"


def main():
    with tempfile.TemporaryDirectory() as folder:
        judges = Judges(folder)
        judges.expect("a whole policy", json.dumps(WHOLE), TAKEN)
        for path, value, want in CHANGES:
            what = f"{path}: {'left out' if value is LEFT_OUT else json.dumps(value)[:60]}"
            judges.expect(what, json.dumps(changed(path, value), indent=1), want)
        none = {k: v for k, v in WHOLE.items() if k not in ("pcrs", "secure_boot", "boot", "releases", "ima")}
        judges.expect("a policy without a rule", json.dumps(none), REFUSED)
        for text in ("", "[]", "7", "{}", "{", "null"):
            judges.expect(repr(text), text, REFUSED)
        for file in sorted(pathlib.Path(CORPUS).iterdir()):
            want = TAKEN if not file.name.endswith("_refused") else UNSAID if file.name in UNSAID_TEXTS else REFUSED
            judges.expect(file.name, file.read_text(), want)
        page = pathlib.Path(PAGE).read_text()
        example = re.search(r"^    \{.*?^    \}$", page, re.S | re.M)[0]
        judges.expect("the page's example", example, TAKEN)
    print(f"ok: {len(CHANGES)} changes, the corpus and the page")


main()
