#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: whoever stands at the device whose keys were stolen sees it too: the log, `status` and its
exit code, the operator's command and an application that watches, each once when it begins and once
when it is over. The software's light is not touched by it, and the device promises its next attest.
docs/threat-model.md, c."""
import json
import os
import subprocess
import threading

from attack_world import E2E, Thief, attacked, decode, main, place, scenario, until


class Watcher(threading.Thread):
    """An application that watches, by another CBOR library than ours."""

    def __init__(self, path, n):
        super().__init__(daemon=True)
        self.path, self.n, self.events = path, n, None
        self.start()

    def run(self):
        done = subprocess.run(["/usr/bin/python3", f"{E2E}/app.py", self.path, "watch", str(self.n)],
                              capture_output=True, text=True)
        self.events = [json.loads(x) for x in done.stdout.splitlines()]

    def heard(self):
        until("all events", lambda: self.events is not None)
        assert self.events[0] == ["ok"], self.events
        return [x[:3] for x in self.events[1:]]


def hooked(w):
    """The operator's command: a line for each time."""
    with open(w.path("hook"), "w") as f:
        f.write("#!/bin/sh\necho \"$1 $PAWL_INCIDENT $PAWL_INCIDENT_KIND $PAWL_DEVICE\" >> "
                f"{w.path('told')}\n")
    os.chmod(w.path("hook"), 0o755)
    w.set_ini(w.path("agent.ini"), "#", on_incident=f"{w.path('hook')} --now")


def told(w):
    if not os.path.exists(w.path("told")):
        return []
    with open(w.path("told")) as f:
        return [x.split() for x in f.read().splitlines()]


def status(w, code):
    done = w.agent("status", "--json")
    assert done.code == code, done
    return json.loads(done.out), w.agent("status").out


def forged_ahead(w, p):
    thief, last = Thief(w).steal(p), place(w.wire.up()[-1])
    sent = thief.send(last.seq + 40, "forged ahead", gen=last.gen, gen_start=last.gen_start,
                      epoch_start=last.epoch_start)
    assert sent["http"] == "200", sent


@scenario
def an_incident_is_shown_and_so_is_its_end():
    with attacked(heal="operator") as w:
        hooked(w)
        p = w.works()
        watcher = Watcher(w.path("app.sock"), 2)
        w.said(3)
        shown, lines = status(w, 0)
        assert shown["software_status"] == shown["keys_status"] == "affirming", shown
        assert shown["incident"] is None and "affirming; pawl-agent " in lines
        before = w.epoch()
        forged_ahead(w, p)
        w.turned(before)  # and a person has to say more
        until("the begin is told", lambda: told(w))
        until("the verifier's word", lambda: w.record().get("incident_by") == "verifier")
        shown, lines = status(w, 1)
        assert shown["software_status"] == "affirming", shown
        assert shown["keys_status"] == "contraindicated", shown
        assert shown["incident"]["kind"] == "key-used-elsewhere" and not shown["well"], shown
        assert "INCIDENT since " in lines and "(told by the verifier)" in lines, lines
        assert "pawlctl incident show" in lines, lines
        w.ctl("incident", "close", w.incident()["id"], "--note", "looked at")
        w.healed()
        until("the end is told", lambda: len(told(w)) == 2)
        device = w.record()["device_id"]
        assert told(w) == [["--now", "begin", "key-used-elsewhere", device],
                           ["--now", "end", "key-used-elsewhere", device]], told(w)
        assert watcher.heard() == [["event", "key-used-elsewhere", True],
                                   ["event", "key-used-elsewhere", False]], watcher.events
        shown, _ = status(w, 0)
        assert shown["incident"] is None and shown["keys_status"] == "affirming"
        with open(w.path("agent.said")) as f:
            said = f.read()
        assert said.count("pawl-agent: INCIDENT: ") == said.count("pawl-agent: incident over: ") == 1


@scenario
def one_that_was_open_is_shown_again_after_a_start():
    with attacked(heal="operator") as w:
        hooked(w)
        p = w.works()
        w.said(3)
        before = w.epoch()
        forged_ahead(w, p)
        w.turned(before)
        until("the begin is told", lambda: told(w))
        until("it is on the disk", lambda: w.record().get("told"))
        w.stop_agent()
        w.works()
        watcher = Watcher(w.path("app.sock"), 2)  # who comes late hears of it at once
        w.attested()
        w.ctl("incident", "close", w.incident()["id"])
        assert watcher.heard() == [["event", "key-used-elsewhere", True],
                                   ["event", "key-used-elsewhere", False]], watcher.events
        until("the end is told", lambda: len(told(w)) == 2)
        assert [x[1] for x in told(w)] == ["begin", "end"], told(w)


@scenario
def a_rekey_by_hand_heals():
    with attacked() as w:
        p = w.works()
        w.said(3)
        forged_ahead(w, p)
        p.kill()
        p.wait()
        w.agent("attest")
        shown, lines = status(w, 1)
        assert shown["incident"] and "pawl-agent rekey" in lines, lines
        done = w.agent("rekey")  # its own result is red: the root is not in use yet
        assert done.code == 0 and done.out.startswith("affirming") and "(epoch 2)" in done.out, done
        assert "the incident is over" in done.err, done
        status(w, 0)


@scenario
def the_device_promises_its_next_attest():
    with attacked() as w:
        w.agent("attest")
        w.works()
        w.attested()
        promised = [decode(decode(body)[1])[21] for path, body in list(w.wire.sent)
                    if path == "evidence"]
        assert promised[0] == 0 and promised[-1] == 1, promised  # a command; the agent that runs


if __name__ == "__main__":
    raise SystemExit(main())
