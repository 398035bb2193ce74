#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: the verifier's database holds its secrets wrapped. Who has a copy of it and not the
verifier's keys finds no key, token or message in it, cannot serve from it, and signs nothing.
docs/threat-model.md, g."""
import glob
import os
import shutil
import subprocess
import sys

from attack_world import Thief, attacked, files_with, main, scenario


def steal_database(w, where):
    os.mkdir(where)
    for path in glob.glob(w.path("v", "pawl.db*")) + glob.glob(w.path("v", "pawl.count*")):
        shutil.copy(path, where)


def raw_private_keys(w):
    """Of the files beside the database: as they lie there, and the numbers in them."""
    found = []
    for path in glob.glob(w.path("v", "*")):
        if not os.path.isfile(path) or "pawl." in os.path.basename(path) or path.endswith(".ini"):
            continue
        with open(path, "rb") as f:
            content = f.read()
        if b"PRIVATE" in content:
            der = subprocess.run(["openssl", "pkey", "-in", path, "-outform", "DER"],
                                 capture_output=True, check=True).stdout
            found.append(der[der.index(b"\x02\x01\x01\x04\x20") + 5:][:32])
        elif len(content) == 32:
            found.append(content)
    return found


@scenario
def the_database_holds_wrapped_secrets_only():
    with attacked() as w:
        p = w.works()
        texts = w.said(3)
        thief = Thief(w).steal(p)
        w.wire.always["messages"] = lambda body, forward: None
        w.push()  # waits in the database for the device
        w.stop_agent()
        key = w.operator("POST", f"devices/{w.record()['device_id']}/key",
                         {"label": "a service"})["key"]
        join = w.ctl("token", "create")
        token = join.split("token=")[1].split(".")[1].split('"')[0].encode()
        steal_database(w, w.path("stolen"))

        keys = raw_private_keys(w)
        assert len(keys) >= 2, keys
        secrets = keys + thief.secrets() + [bytes.fromhex(key), key.encode(), token]
        secrets += [x.encode() for x in texts + list(w.messages.safe["down"])]
        assert files_with(w.path("stolen"), secrets) == []
        device = w.record()["device_id"]
        assert files_with(w.path("stolen"), [bytes.fromhex(device), device.encode()]) != []


@scenario
def another_verifier_with_that_database_opens_nothing_and_is_not_believed():
    with attacked() as w:
        w.works()
        w.said(2)
        w.stop_agent()
        steal_database(w, w.path("stolen"))
        w.stop_verifier()
        # The thief's own keys at the verifier's address.
        os.rename(w.path("v"), w.path("v.true"))
        address = f"127.0.0.1:{w.wire.verifier_port}"
        ca = os.environ["PAWL_SURVIVAL_CA"]
        subprocess.run([w.verifier_program, "init", w.path("v"), "--address", address, "--listen",
                        address, "--lab-roots", f"{ca}/roots", "--intermediates",
                        f"{ca}/intermediates", "--admission", "open"], check=True,
                       capture_output=True)
        for old in glob.glob(w.path("v", "pawl.*")):
            os.remove(old)
        for path in glob.glob(w.path("stolen", "*")):
            shutil.copy(path, w.path("v"))
        w.start_verifier()
        done = w.agent("attest")
        assert done.code and not done.out, done  # no result
        assert w.operator("GET", "devices")["devices"]  # it does serve that database
        try:
            texts = w.texts()
        except AssertionError:
            texts = []  # they do not open
        assert not set(texts) & w.messages.safe["up"], texts
        w.kill_verifier()
        shutil.rmtree(w.path("v"))
        os.rename(w.path("v.true"), w.path("v"))
        w.start_verifier()
        w.works()
        w.said(1)
        w.no_incident()


if __name__ == "__main__":
    sys.exit(main())
