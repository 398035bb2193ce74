#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves: whatever dies, at whatever point, and whatever the network does, agent and verifier find
back in step by themselves. No key and IV is used twice, nothing acknowledged is lost, nobody is
locked out, the TPM counts no attack, and nobody is accused who did nothing.

    survival.py AGENT VERIFIER PAWLCTL [--all] [GROUP | CASE..]

AGENT and VERIFIER are the product's objects with injected.c. Each case is a function, named for what
it proves; groups are agent, verifier, network and state. Without --all every point is tried, those
of steps that others contain are not; with it, all are, and after each the device must rekey too.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
from survival_world import (CLONED, CLOSED, KILLED, WENT_BACK, Skip, World, make_authority,
                            no_file_grows_beyond, until)

CASES, GROUPS = {}, {}
ALL = "--all" in sys.argv
PROGRAMS, WANTED = sys.argv[1:4], [x for x in sys.argv[4:] if x != "--all"]


def case(group, short=True):
    """short: without --all, too."""
    def add(f):
        CASES[f.__name__] = f
        if short or ALL:
            GROUPS.setdefault(group, []).append(f.__name__)
        return f
    return add


def enrolled(**settings):
    """A world whose device is known to be good."""
    w = World(PROGRAMS, **settings)
    try:
        w.start_verifier()
        w.enrol()
    except BaseException as e:
        w.__exit__(type(e))
        raise
    return w


# ---- who dies ---------------------------------------------------------------------------------

def agent_dies(w):
    return dict(kill=True)


def tpm_dies(w):
    """The agent lives, and sees a TPM that answers no more."""
    return dict(kill=False, run=w.cut_command())


def both_die(w):
    return dict(kill=True, run=w.cut_command())


def recover(w, what):
    """After each point."""
    try:
        w.check() if ALL else w.in_step()
    except BaseException:
        print("--", what)
        raise


def at_each_point(w, how, do):
    """do(inject) reaches some points, and is stopped at each of them in turn."""
    n = 1
    while True:
        log = w.path("points")
        open(log, "w").close()
        inject = how(w)
        done = do(dict(inject, at=n, log=log))
        with open(log) as f:
            reached = f.read().split()
        if len(reached) < n:
            w.check()
            return n - 1
        if inject["kill"]:
            assert done.code == KILLED, (n, reached, done)
        if "run" in inject:
            w.start_tpm()
        recover(w, f"stopped by {how.__name__} at point {n}: {reached[n - 1]}")
        n += 1


def each_first_enrolment(how):
    """A new world for each point: there is one first enrolment."""
    n = 0
    while True:
        n += 1
        with World(PROGRAMS) as w:
            w.start_verifier()
            log, inject = w.path("points"), how(w)
            w.agent("enroll", at=n, log=log, **inject)
            with open(log) as f:
                reached = f.read().split()
            if len(reached) < n:
                return n - 1
            if "run" in inject:
                w.start_tpm()
            recover(w, f"stopped by {how.__name__} at point {n}: {reached[n - 1]}")


@case("agent")
def agent_killed_at_each_point_of_a_first_enrolment():
    return each_first_enrolment(agent_dies)


@case("agent", short=False)
def power_cut_at_each_point_of_a_first_enrolment():
    return each_first_enrolment(both_die) + each_first_enrolment(tpm_dies)


def ordinary(how, *command):
    with enrolled() as w:
        def do(inject):
            w.demand()
            return w.agent(*command, **inject)
        return at_each_point(w, how, do)


@case("agent")
def agent_killed_at_each_point_of_a_rekey():
    return ordinary(agent_dies, "rekey")


@case("agent")
def power_cut_at_each_point_of_a_rekey():
    return ordinary(both_die, "rekey")


@case("agent", short=False)
def tpm_gone_at_each_point_of_a_rekey():
    return ordinary(tpm_dies, "rekey")


@case("agent", short=False)
def agent_killed_at_each_point_of_an_attest():
    return ordinary(agent_dies, "attest")


@case("agent", short=False)
def power_cut_at_each_point_of_an_attest():
    return ordinary(both_die, "attest") + ordinary(tpm_dies, "attest")


@case("agent", short=False)
def agent_killed_at_each_point_of_an_enrolment_again():
    return ordinary(agent_dies, "enroll") + ordinary(both_die, "enroll")


def messages(how):
    """One `send` that takes what waits with it, one `recv`; both stopped at each of their points."""
    with enrolled() as w:
        w.exchange()

        def send(inject):
            return w.send(3, **inject)

        def receive(inject):
            w.push()
            return w.receive(**inject)
        n = at_each_point(w, how, send)
        return n + at_each_point(w, how, receive)


@case("agent")
def agent_killed_at_each_point_of_messages():
    return messages(agent_dies)


@case("agent", short=False)
def power_cut_at_each_point_of_messages():
    return messages(both_die) + messages(tpm_dies)


def a_life(w, p):
    """Messages both ways and a rekey, while the agent runs; until all is done or it is dead."""
    epoch = int(w.record()["epoch"])
    until("it listens", lambda: p.poll() is not None or w.listens())
    w.send(2)
    w.push()
    w.demand()

    def is_over():
        w.receive()
        return p.poll() is not None or (
            int(w.record()["epoch"]) > epoch and
            w.messages.all_safe_arrived("up", w.inbox()) and
            w.messages.all_safe_arrived("down", w.messages.seen))
    until("messages arrived and an epoch ended", is_over)


@case("agent", short=False)
def running_agent_killed_at_each_point_of_its_life():
    with enrolled() as w:
        log, n = w.path("points"), 0
        while True:
            n += 1
            open(log, "w").close()
            p = w.run_agent(at=n, log=log)
            a_life(w, p)
            if p.poll() is None:
                w.stop_agent()
                w.check()
                return n - 1
            assert p.poll() == KILLED, p.poll()
            w.flush_tpm()
            w.pass_time(61)
            a_life(w, w.run_agent())
            w.stop_agent()
            recover(w, f"run killed at point {n}")


# ---- the verifier dies -------------------------------------------------------------------------

def verifier_at_each_point(w, act):
    """act() makes the verifier reach points; it is killed at each of them."""
    n = 0
    while True:
        n += 1
        w.stop_verifier()
        log = w.path("points")
        open(log, "w").close()
        w.start_verifier(at=n, log=log)
        act()
        with open(log) as f:
            reached = f.read().split()
        if len(reached) < n:
            w.kill_verifier()
            w.start_verifier()
            w.check()
            return n - 1
        until("the verifier is dead", w.verifier_was_killed)
        w.start_verifier()
        recover(w, f"verifier killed at point {n}: {reached[n - 1]}")


@case("verifier")
def verifier_killed_at_each_point_of_a_first_enrolment():
    n = 0
    while True:
        n += 1
        with World(PROGRAMS) as w:
            log = w.path("points")
            w.start_verifier(at=n, log=log)
            w.agent("enroll")
            with open(log) as f:
                reached = f.read().split()
            if len(reached) < n:
                return n - 1
            until("the verifier is dead", w.verifier_was_killed)
            w.start_verifier()
            recover(w, f"verifier killed at point {n}")


def verifier_dies_in(command):
    with enrolled() as w:
        def act():
            try:
                w.demand()
            except OSError:
                return
            w.agent(command)
        return verifier_at_each_point(w, act)


@case("verifier", short=False)
def verifier_killed_at_each_point_of_an_attest():
    return verifier_dies_in("attest")


@case("verifier")
def verifier_killed_at_each_point_of_a_rekey():
    return verifier_dies_in("rekey")


@case("verifier", short=False)
def verifier_killed_at_each_point_of_an_enrolment_again():
    return verifier_dies_in("enroll")


@case("verifier", short=False)
def verifier_killed_at_each_point_of_an_operators_demand():
    with enrolled() as w:
        def act():
            try:
                w.demand()
            except OSError:
                pass
        return verifier_at_each_point(w, act)


@case("verifier")
def verifier_killed_at_each_point_of_messages():
    with enrolled() as w:
        w.exchange()

        def act():
            try:
                w.push()
            except OSError:
                return
            w.send(3)
            w.receive()
        return verifier_at_each_point(w, act)


# ---- the network -------------------------------------------------------------------------------

def bends(wire, path):
    yield "its request is lost", lambda: wire.lose_request(path)
    yield "its answer is lost", lambda: wire.lose_answer(path)
    yield "its request comes twice, first answer", lambda: wire.repeat_request(path, 0)
    yield "its request comes twice, second answer", lambda: wire.repeat_request(path, 1)
    yield "its request comes late", lambda: wire.delay_request(path)
    if path in wire.answers:
        yield "an older answer comes instead", lambda: wire.repeat_answer(path)


def bent_in_each_way(do, *paths):
    with enrolled() as w:
        w.exchange()
        n = 0
        for path in paths:
            for what, bend in bends(w.wire, path):
                w.demand()
                bend()
                do(w)
                if w.wire.late:
                    w.agent("attest")
                    w.wire.deliver_late()  # behind what came since
                recover(w, f"{path}: {what}")
                n += 1
        w.check()
        return n


@case("network", short=False)
def requests_and_answers_of_an_attest_lost_repeated_and_late():
    return bent_in_each_way(lambda w: w.agent("attest"), "challenge", "evidence")


@case("network")
def requests_and_answers_of_a_rekey_lost_repeated_and_late():
    return bent_in_each_way(lambda w: w.agent("rekey"), "challenge", "evidence")


@case("network", short=False)
def requests_and_answers_of_an_enrolment_lost_repeated_and_late():
    return bent_in_each_way(lambda w: w.agent("enroll"), "enrol", "evidence")


@case("network")
def requests_and_answers_of_messages_lost_repeated_and_late():
    def do(w):
        w.push()
        w.send(3)
        w.receive()
    return bent_in_each_way(do, "messages")


@case("network")
def requests_come_in_another_order():
    """Two rekeys, of which the first arrives behind the second."""
    with enrolled() as w:
        w.demand()
        w.wire.delay_request("evidence")
        assert w.agent("rekey").code != 0
        assert w.agent("rekey").code == 0
        late = w.wire.deliver_late()
        assert len(late) == 1
        w.check()
        return 1


# ---- yesterday ---------------------------------------------------------------------------------

def a_day(w):
    """What happens between a copy and the day on which it is put back."""
    for _ in range(2):
        w.check()


def verifier_of_yesterday(prefix, note):
    """Of its files those that begin so come from a copy."""
    with enrolled() as w:
        w.check()
        w.stop_verifier()
        shutil.copytree(w.path("v"), w.path("v.yesterday"))
        w.start_verifier()
        kept = set(w.messages.safe["up"])
        a_day(w)
        w.messages.gone = w.messages.safe["up"] - kept  # the verifier had them, and no more
        w.stop_verifier()
        for old in glob.glob(w.path("v", prefix + "*")):
            if os.path.isfile(old):
                os.remove(old)
        for copy in glob.glob(w.path("v.yesterday", prefix + "*")):
            if os.path.isfile(copy):
                shutil.copy2(copy, w.path("v"))
        if note:
            subprocess.run([w.verifier_program, "restored", w.path("v")], check=True,
                           stderr=subprocess.DEVNULL)
        w.start_verifier()
        w.check()
        w.resynced(1)
        w.check()
        found = w.rows("SELECT DISTINCT kind, state FROM incident")
        assert found == [(WENT_BACK, CLOSED)], found  # told as our own fault, and over
        return 1


@case("state")
def verifiers_database_of_yesterday_put_back():
    return verifier_of_yesterday("pawl.db", False)


@case("state")
def verifiers_directory_of_yesterday_put_back_and_noted():
    return verifier_of_yesterday("", True)


@case("state", short=False)
def verifiers_directory_of_yesterday_put_back_unnoticed():
    return verifier_of_yesterday("", False)


def put_back(w, copy):
    shutil.rmtree(w.path("state"))
    shutil.copytree(w.path(copy), w.path("state"))


@case("state")
def devices_directory_of_yesterday_put_back():
    """Older than the last slot: the counter refuses it, and the device says that its state is
    lost. That is a resync and no accusation."""
    with enrolled() as w:
        shutil.copytree(w.path("state"), w.path("yesterday"))
        a_day(w)
        put_back(w, "yesterday")
        w.attempts_again = True  # the file that counts them is yesterday's too
        w.in_step()
        w.resynced(1)
        w.check()
        return 1


@case("state")
def devices_directory_younger_than_the_last_slot_is_a_fork():
    """The counter cannot tell this copy; the verifier can, and says so."""
    with enrolled() as w:
        w.attempts_again = w.slots_again = w.incidents = True
        # Starts write slots, up to eight for each epoch: behind these a copy stays current.
        for _ in range(9):
            assert w.agent("attest").code == 0
        shutil.copytree(w.path("state"), w.path("copy"))
        assert w.agent("attest").code == 0
        put_back(w, "copy")
        w.agent("attest")
        found = w.rows("SELECT kind, rules FROM incident")
        assert found == [(CLONED, 1 << 5)], found  # E5
        w.operator("POST", f"devices/{w.record()['device_id']}/approve")
        w.check()
        return 1


# ---- two agents --------------------------------------------------------------------------------

@case("state")
def two_agents_on_one_state():
    with enrolled() as w:
        w.run_agent()
        until("it listens", w.listens)
        os.symlink(w.path("state"), w.path("other"))
        w.set_ini(w.path("agent.ini"), "#", state=w.path("other"))
        for command in ("attest", "rekey", "enroll"):
            done = w.agent(command)
            assert done.code == 2 and "another agent" in done.err, done
        w.stop_agent()
        # At once, and at the same moment: one of them does it.
        many = [subprocess.Popen([w.agent_program, "--config", w.path("agent.ini"), "attest"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env=w.environment({})) for _ in range(4)]
        codes = []
        for p in many:
            out, err = p.communicate(timeout=60)
            codes.append(p.returncode)
            assert p.returncode in (0, 2) and (p.returncode == 0 or "another agent" in err), err
        assert 0 in codes, codes
        w.check()
        return 1


# ---- no room -----------------------------------------------------------------------------------

def small_disk(w, name, kib):
    """What stands there moves onto a disk of this size."""
    path = w.path(name)
    shutil.move(path, path + ".was")
    os.mkdir(path, 0o700)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0700", "none", path],
                          capture_output=True, text=True)
    if done.returncode:
        raise Skip(done.stderr.strip())
    shutil.copytree(path + ".was", path, dirs_exist_ok=True)
    os.chmod(path, 0o700)


def fill_disk(w, name):
    """Not a byte is left."""
    with open(w.path(name, "filler"), "ab", buffering=0) as f:
        for block in (65536, 4096, 1):
            try:
                while f.write(bytes(block)):
                    pass
            except OSError:
                pass


def agent_without_room(w, *arguments):
    done = w.agent(*arguments)
    assert done.code in (0, 1, 2, 3), done
    return done


@case("state")
def full_disk_of_the_agent():
    with enrolled() as w:
        small_disk(w, "state", 1024)
        for command in ("attest", "rekey", "enroll", "rekey"):
            w.demand()
            fill_disk(w, "state")
            agent_without_room(w, command)
            agent_without_room(w, "attest")
            os.remove(w.path("state", "filler"))
            w.check()
        return 4


@case("state")
def files_of_the_agent_cannot_grow():
    """A write fails, or comes short, wherever in a file the limit is."""
    with enrolled() as w:
        n = 0
        for limit in (0, 1, 40, 100, 200, 300, 500, 800, 1200, 2000) if ALL else (0, 60, 300, 1000):
            w.demand()
            done = w.agent("rekey", limits=no_file_grows_beyond(limit))
            assert done.code in (0, 1, 2, 3), done
            w.check()
            n += 1
        return n


@case("state")
def full_disk_of_the_verifier():
    with enrolled() as w:
        w.stop_verifier()
        small_disk(w, "v", 4096)
        w.start_verifier()
        for command in ("attest", "rekey", "enroll", "rekey"):
            w.demand()
            fill_disk(w, "v")
            done = w.agent(command)
            assert done.code in (0, 3), done
            os.remove(w.path("v", "filler"))
            w.check()
        # The same, and it dies with it.
        fill_disk(w, "v")
        w.agent("attest")
        w.kill_verifier()
        os.remove(w.path("v", "filler"))
        w.start_verifier()
        w.check()
        return 5


# ---- clocks ------------------------------------------------------------------------------------

@case("state")
def clocks_of_both_jump():
    """Ahead and back, the verifier's by years; and then time goes on from there. What counts since
    the machine started leaps while it sleeps, and begins anew with it."""
    day = 86400
    with enrolled(message_keep_days=3650) as w:
        n = 0
        for wall, boot in ((day, 0), (-day, 0), (1000 * day, 0), (0, 0), (-9000 * day, 0),
                           (0, 3 * day), (3 * day, 3 * day), (0, 0)):
            if boot < w.boot_s:
                w.stop_verifier()
            w.jump(wall, boot)
            if w.verifier_process.poll() is not None:
                w.start_verifier()
            try:
                w.check()
                w.stop_verifier()
                w.start_verifier()
                w.check()
                w.pass_time(120)  # nothing is too soon now
                w.answered("rekey")
            except BaseException:
                print(f"-- wall clock {wall:+} s, since boot {boot:+} s")
                raise
            n += 1
        return n


# ---- running them ------------------------------------------------------------------------------

def main():
    failed = skipped = 0
    for tool in ("swtpm", "tpm2_getcap", "openssl"):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            return 77
    home = tempfile.mkdtemp(prefix="pawl-survival-")
    try:
        make_authority(os.path.join(home, "ca"))
        wanted = [case for name in WANTED or GROUPS for case in GROUPS.get(name, [name])]
        for name in wanted:
            start = time.monotonic()
            try:
                n = CASES[name]()
                print(f"ok: {name.replace('_', ' ')} ({n}, {time.monotonic() - start:.1f} s)",
                      flush=True)
            except Skip as why:
                skipped += 1
                print(f"skipped: {name.replace('_', ' ')}: {why}", flush=True)
            except Exception:
                failed += 1
                traceback.print_exc()
                print(f"FAILED: {name.replace('_', ' ')}", flush=True)
    finally:
        shutil.rmtree(home)
    return 1 if failed else 77 if skipped == len(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
