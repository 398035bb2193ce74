#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A terminating proxy between an agent and its verifier that writes down, a JSON line for each
evidence and supply, which logs are in it and what the answer wants.

    measured_wire.py PORT CERT KEY VERIFIER-PORT OUT
"""
import json
import signal
import sys

sys.dont_write_bytecode = True
from middle import Middle, decode

LABEL, LOG = 0, 17 # in A1


def logs_of(path, m, a):
    said = {"path": path, "log": len(m[6][1]) if 6 in m else None,
            "ima": [m[7][0], len(m[7][1])] if 7 in m else None}
    if path == "evidence":
        a1 = decode(m[1])
        said |= {"label": a1[LABEL], "named": [[t, n, h.hex()] for t, n, h in a1[LOG]]}
    if a.status == 200:
        r = decode(a.body)
        want = r.get(4, {})
        said |= {"want_log": 1 in want, "want_ima": want.get(2), "ticket": 5 in r}
    return said | {"status": a.status}


def main():
    port, cert, key, verifier, out = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    proxy = Middle(int(port), cert, key, int(verifier))
    wire = open(out, "a", buffering=1) # a line is there at once

    def on_answer(path, answer):
        if path in ("evidence", "supply"):
            wire.write(json.dumps(logs_of(path, decode(proxy.seen[-1][1]), answer)) + "\n")
        return answer

    proxy.on_answer = on_answer
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})


main()
