#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: power cuts, and things that go away and come back. The TPM loses its power between and
# during attests, and is never locked; `run` outlives the verifier, the network and the TPM, comes
# back by itself, and ends cleanly; one state directory has one agent.
#
#   power.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

property() { # NAME: one of TPM2_PT_VAR
    tpm2_getcap -T "$(tpm_tcti d)" properties-variable | sed -n "s/^$1: *//p"
}
not_locked() {
    same "$(property TPM2_PT_LOCKOUT_COUNTER)" 0x0
    tpm2_getcap -T "$(tpm_tcti d)" properties-variable >"$work/properties"
    grep -q 'inLockout: *0' "$work/properties" || fail "the TPM is locked"
}
trusted_again() { # the system did not boot while the TPM was reset: noted once
    expect 0 agent d attest
    grep -qE '^(affirming|warning): ' "$work/out" || fail "$(cat "$work/out")"
    expect 0 agent d attest
    has out affirming
}
resets() {
    device_field "$id" .clock.resets
}

waits_for_an_answer() { # something unread stands in a connection of the verifier
    awk -v local="$(printf ':%04X$' "$(cat "$work/v.port")")" \
        '$2 ~ local && $4 == "01" && $5 !~ /:00000000$/ { found = 1 } END { exit !found }' \
        /proc/net/tcp
}

verifier_make v
verifier_start v
tpm_make d --ek p256
agent_make d "$(cat "$work/v.join")"
expect 0 agent d enroll
id=$(agent_id d)
expect 0 ctl device approve "$id"
expect 0 ctl policy learn good --device "$id"
expect 0 ctl policy assign good --default
expect 0 agent d attest
not_locked

check "a power cut between attests is a counted reset, with all banks quoted, and no accusation"
for _ in 1 2 3 4 5; do
    before=$(resets)
    names=$(device_field "$id" '.keys | tostring')
    tpm_cut d
    trusted_again
    same "$(resets)" $((before + 1))
    same "$(device_field "$id" '.keys | tostring')" "$names"
    same "$(device_field "$id" '.pcrs.sha256 | length')" 15
    not_locked
done
lacks v.log "full evidence wanted"

check "a reset that the agent does not know of: the verifier asks for all banks, signed"
tpm_cut d
python3 - "$work/d.state/agent.json" "$(($(resets) + 1))" <<'PYTHON'
import json, sys
path, resets = sys.argv[1:]
record = json.load(open(path))
assert "resets" in record, record
record["resets"] = type(record["resets"])(resets)
text = json.dumps(record)
open(path, "w").write(text)
PYTHON
trusted_again
grep -q 'status=409.*full evidence' "$work/v.log" || fail "full evidence was not asked for"

check "a power cut in the middle of an attest, while it waits for the verifier"
kill -STOP "$(cat "$work/v.pid")"
agent d attest >"$work/during.out" 2>"$work/during.err" &
pid=$!
wait_for waits_for_an_answer
tpm_cut d
kill -CONT "$(cat "$work/v.pid")"
code=0
wait $pid || code=$?
same $code 0
not_locked
trusted_again

check "writing to what has gone away is an error, not the agent's death"
python3 - "$agent_program" "$work/d.ini" <<'PYTHON' || fail "it died by SIGPIPE"
import os, signal, subprocess, sys
r, w = os.pipe()
os.close(r)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
code = subprocess.run([sys.argv[1], "--config", sys.argv[2], "attest"], stdout=w).returncode
sys.exit(code < 0)
PYTHON

tpm_kill() { # and nothing of it is left: what starts it again refuses where one runs
    local pid
    pid=$(cat "$work/d.tpm/pid")
    kill -9 "$pid"
    wait_for is_gone "$pid"
}
is_gone() { # PID, or its parent has not looked yet
    ! kill -0 "$1" || grep -q '^State:.Z' "/proc/$1/status"
}

# A TPM that goes away while tpm2-tss connects costs a few bytes there: what is ours is proved elsewhere.
cut_short() { # COMMAND..
    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" agent "$@" \
        >"$work/during.out" 2>"$work/during.err"
}

check "power cuts while an attest is under way"
cut=0
for n in $(seq 12); do
    cut_short d attest &
    pid=$!
    # The moment moves through the whole exchange: a few more steps of the agent each time.
    for _ in $(seq $((n * 3))); do
        kill -0 $pid 2>/dev/null || break
        cat /proc/$pid/stat >/dev/null 2>&1 || true
    done
    tpm_kill
    code=0
    wait $pid || code=$?
    case $code in
    0 | 1 | 3) ;;
    *) fail "exit code $code: $(cat "$work/during.err")" ;;
    esac
    [ $code != 3 ] || cut=$((cut + 1))
    lab_start=0
    "$lab/start" "$work/d.tpm" >/dev/null || lab_start=$?
    same $lab_start 0
    tpm_boot d
    not_locked
done
[ $cut -gt 0 ] || fail "no attest was cut"
trusted_again

check "power cuts while it enrols leave no half made device"
stop_process v
verifier_set v reenrol auto
verifier_start v
for n in 2 8 20 40; do
    cut_short d enroll &
    pid=$!
    for _ in $(seq $n); do
        cat /proc/$pid/stat >/dev/null 2>&1 || break
    done
    tpm_kill
    wait $pid || true
    "$lab/start" "$work/d.tpm" >/dev/null
    tpm_boot d
    not_locked
done
expect 0 agent d enroll
expect 0 agent d attest
has out affirming
same "$(ctl --json device list | jq '.devices | length')" 1

check "run attests again and again, and says only what is news"
agent_set d interval_s=1 jitter_s=0 timeout_s=10
start_process run "$agent_program" --config "$work/d.ini" run
wait_for says run.log affirming
first=$(device_field "$id" .attempt)
moved() {
    [ "$(device_field "$id" .attempt)" -gt "$1" ]
}
wait_for moved "$((first + 1))"
same "$(grep -c affirming "$work/run.log")" 1

check "a second agent on one state directory is refused, and harms nothing"
expect 2 agent d attest
has err "another agent (pid $(cat "$work/run.pid"))"
expect 2 agent d enroll
start_process second "$agent_program" --config "$work/d.ini" run
wait_for says second.log "another agent (pid $(cat "$work/run.pid")) uses"
is_running second || fail "it does not wait for the lock"
stop_process second 0
expect 0 agent d status
has out "running (pid $(cat "$work/run.pid"))"
wait_for moved "$(device_field "$id" .attempt)"

check "the verifier goes away, and comes back"
kill_process v
wait_for says run.log "cannot connect to 127.0.0.1"
expect 1 agent d status
has out "cannot connect"
expect 1 agent d status --json
[ "$(jq .failing_since "$work/out")" -gt 0 ] || fail "it does not say since when"
verifier_start v
last=$(device_field "$id" .attempt)
wait_for moved "$last"
wait_for agent d status
wait_for says_more 1 run.log affirming
same "$(grep -c affirming "$work/run.log")" 2

check "the network swallows everything, and comes back"
stopped=$(cat "$work/v.pid")
kill -STOP "$stopped"
wait_for says run.log "no answer from"
kill -CONT "$stopped"
wait_for agent d status
wait_for says_more 2 run.log affirming
same "$(grep -c affirming "$work/run.log")" 3

check "the TPM goes away, and comes back"
fails_by_tpm() {
    agent d status --json >"$work/status" || true
    jq -r .failure "$work/status" | grep -qi tpm
}
"$lab/stop" "$work/d.tpm"
wait_for fails_by_tpm
is_running run || fail "it gave up"
"$lab/start" "$work/d.tpm" >/dev/null
tpm_boot d
wait_for agent d status
not_locked

check "SIGTERM ends it at once and cleanly, also while it waits for an answer"
stop_process run 0
has run.log "pawl-agent: stopped"
agent_set d timeout_s=600
for signal in TERM INT; do
    kill -STOP "$stopped" # not later: with its request read and half done nothing would be unread
    start_process run "$agent_program" --config "$work/d.ini" run
    wait_for waits_for_an_answer
    began=$SECONDS
    stop_process run 0 $signal
    [ $((SECONDS - began)) -lt 60 ] || fail "it took $((SECONDS - began)) s to end"
    kill -CONT "$stopped"
    expect 0 agent d attest
done
all_passed
