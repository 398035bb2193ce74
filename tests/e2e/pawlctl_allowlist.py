#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: pawlctl makes allow lists of what is in a directory tree, in real Debian packages however
they are compressed, and in a runtime policy as Keylime writes it, with the digests that another
program computes; what it makes is taken as a policy's; what cannot be said in a policy is named and
left out; what is no package or list is refused, and nothing is printed.

Usage: pawlctl_allowlist.py PAWLCTL. Exit code 77: there is no dpkg-deb here.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PAWLCTL = sys.argv[1]


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def run(*args):
    return subprocess.run([PAWLCTL, *map(str, args)], text=True, capture_output=True, timeout=60,
                          check=False)


def made(*args):
    done = run("allowlist", *args)
    assert done.returncode == 0, done
    return json.loads(done.stdout), done.stderr


def refused(code, word, *args):
    done = run("allowlist", *args)
    assert done.returncode == code and word in done.stderr and not done.stdout, done


FILES = {"usr/bin/tool": b"a tool\n", "usr/share/doc/a page": b"words\n", "etc/empty": b"",
         "usr/lib/big": os.urandom(3 << 20)}


def fill(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def listed(files, root=""):
    """As a kernel writes paths: spaces are underscores."""
    return {f"{root}/{name}".replace(" ", "_"): [sha256(data)] for name, data in files.items()}


def check_tree(work):
    tree = work / "tree"
    fill(tree, FILES)
    (tree / "usr/bin/link").symlink_to("tool")
    (tree / "usr/bin/away").symlink_to("/etc/passwd")
    os.mkfifo(tree / "pipe")
    (work / "tree-link").symlink_to(tree)
    (tree / "usr/loop").symlink_to("..")
    for given in (tree, f"{tree}/", work / "tree-link"):
        answer, _ = made("--tree", given)
        assert answer == {"files": listed(FILES), "exclude": []}, answer
    answer, _ = made("--tree", tree, "--root", "/opt/app/")
    assert answer["files"] == listed(FILES, "/opt/app"), answer
    (tree / "etc/empty").unlink()
    (tree / os.fsdecode(b"caf\xe9")).write_bytes(b"latin")
    refused(1, "no UTF-8", "--tree", tree)
    (tree / os.fsdecode(b"caf\xe9")).rename(tree / "bell\x9b31m")
    refused(1, "control character", "--tree", tree)
    (work / "nothing").mkdir()
    refused(3, "there is none", "--tree", work / "nothing")
    refused(3, "is no directory", "--tree", work / "none")


def package(work, name, how, files):
    folder = work / name
    fill(folder, files)
    (folder / "DEBIAN").mkdir()
    (folder / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\n"
        "Description: a test\n")
    if "usr/bin/tool" in files:
        os.link(folder / "usr/bin/tool", folder / "usr/bin/tool-again")
        (folder / "usr/bin/link").symlink_to("tool")
    deb = work / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", f"-Z{how}", "-b", folder, deb], check=True,
                   capture_output=True, timeout=60)
    return deb


def check_deb(work):
    files = FILES | {"bin/old": b"before the merge of /usr\n"}
    expected = listed(files) | listed({"usr/bin/old": files["bin/old"],
                                       "usr/bin/tool-again": files["usr/bin/tool"]})
    for how in ("xz", "gzip", "none", "zstd"):
        deb = package(work, f"p-{how}", how, files)
        answer, _ = made("--deb", deb)
        assert answer["files"] == expected, (how, answer)
    other = package(work, "other", "xz", {"usr/bin/tool": b"another tool\n"})
    answer, _ = made("--deb", deb, other)
    both = sorted([sha256(b"a tool\n"), sha256(b"another tool\n")])
    assert answer["files"]["/usr/bin/tool"] == both, answer
    answer, _ = made("--deb", other, "--root", "/srv")
    assert "/srv/usr/bin/tool" in answer["files"], answer
    whole = deb.read_bytes()
    (work / "cut.deb").write_bytes(whole[:len(whole) // 2])
    refused(1, "cut.deb", "--deb", work / "cut.deb")
    (work / "text.deb").write_text("no package")
    refused(1, "text.deb", "--deb", work / "text.deb")
    refused(3, "none.deb", "--deb", work / "none.deb")
    refused(3, "none.deb", "--deb", deb, work / "none.deb")


def check_hostile_deb(work):
    """No other program is run to unpack one."""
    programs, ran = work / "programs", work / "ran"
    programs.mkdir()
    for name in ("lrzip", "grzip", "lzop", "uudecode", "gzip"):
        (programs / name).write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
        (programs / name).chmod(0o755)
    for magic in (b"LRZI\x00\x06", b"GRZipII\x00\x02\x04:)", b"\x89LZO\x00\r\n\x1a\n"):
        inner = magic + bytes(512)
        deb = work / "packed.deb"
        deb.write_bytes(b"!<arch>\n" + b"".join(
            f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(data):<10}`\n".encode() + data
            for name, data in (("debian-binary", b"2.0\n"), ("data.tar.lrz", inner))))
        done = subprocess.run([PAWLCTL, "allowlist", "--deb", deb], text=True, capture_output=True,
                              timeout=60, check=False, env={"PATH": f"{programs}:/usr/bin:/bin"})
        assert done.returncode == 1 and not done.stdout, done
        assert not ran.exists(), magic


def check_keylime(work):
    bash = hashlib.sha256(b"bash").hexdigest()
    longer = hashlib.sha512(b"bash").hexdigest()
    taken = {"^/var/log/.*$": "/var/log/", "/tmp/": "/tmp/", "/run/(.*)?": "/run/",
             "^/etc/mtab$": "/etc/mtab", r"/root/\.cache/.*": "/root/.cache/"}
    left_out = ["boot_aggregate", "/usr/.*/locale/.*", "/home", "/var/lib/[a-z]+/", ".*", "/../etc/",
                "/a|/b", "/root/.cache/.*", "", "/", "^/opt.*"]
    policy = {"meta": {"version": 1}, "release": 0, "excludes": list(taken) + left_out,
              "digests": {"/usr/bin/bash": [bash, longer], "boot_aggregate": ["00" * 32]},
              "keyrings": {}, "ima": {"ignored_keyrings": []}, "ima-buf": {}}
    path = work / "keylime.json"
    path.write_text(json.dumps(policy))
    answer, err = made("--keylime", path)
    assert answer["files"] == {"/usr/bin/bash": [f"sha256:{bash}", f"sha512:{longer}"]}, answer
    assert answer["exclude"] == list(taken.values()), answer
    assert err.count("not taken") == len(left_out), err
    for expression in left_out:
        assert f"exclude {expression}\n" in err, (expression, err)
    for digests, code, word in (({"/a": ["00" * 20]}, 1, "SHA-256 or longer"),
                                ({"/a": ["xy"]}, 1, "digests"), ({"/a": [7]}, 1, "not a text"),
                                ([], 1, "not an object"), ({}, 3, "there is none")):
        path.write_text(json.dumps({"digests": digests}))
        refused(code, word, "--keylime", path)
    path.write_text("{")
    refused(1, "no JSON", "--keylime", path)


def check_use(work):
    """What was made is a policy's, and the arguments are one kind of source."""
    answer, _ = made("--deb", work / "other.deb")
    path = work / "policy.json"
    path.write_text(json.dumps({"name": "files", "version": 1, "ima": answer}))
    done = run("policy", "check", "--json", path)
    assert done.returncode == 0 and json.loads(done.stdout)["files"] == 2, done
    for args in ([], ["--tree", work, "--deb", path], ["--tree", work, path],
                 ["--tree", work, "--root", "etc"], ["--keylime", path, "--root", "/a"]):
        refused(2, "usage", *args)


def main():
    if not shutil.which("dpkg-deb"):
        print("skipped: dpkg-deb is not here")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for check in (check_tree, check_deb, check_hostile_deb, check_keylime, check_use):
            check(work)
            print(f"ok: {check.__name__}")
    return 0


sys.exit(main())
