#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: keys are turned over between real programs, a TPM and files: by hand, on demand, with the
# imported key; and whatever part of the state is lost or old, on either side, the two come back
# into step by themselves or by a resync that shows, and the TPM counts no failed authorisation.
#
#   rekey.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

epoch() { # DEVICE: as the agent has it
    { agent "$1" status --json || true; } | jq -r .epoch
}
seen() { # ID JQ-PATH: of the verifier's half
    device_field "$1" ".ratchet$2"
}
rekey() { # DEVICE ID EPOCH: demanded, since the last one may be younger than a minute
    expect 0 ctl device rekey "$2"
    expect 0 agent "$1" rekey
    has out "(epoch $3)"
    same "$(epoch "$1")" "$3"
    same "$(seen "$2" .pending)" "$3"
}
in_step() { # DEVICE ID EPOCH: an attestation under that epoch makes it the verifier's current one
    expect 0 agent "$1" attest
    lacks out "(epoch"
    same "$(epoch "$1")" "$3"
    same "$(seen "$2" .epoch)" "$3"
}
new_device() { # NAME [KEY=VALUE..]: enrolled, affirmed, at epoch 1; its id is in $id
    local d=$1
    shift
    tpm_make "$d" --ek p256
    agent_make "$d" "$(cat "$work/v.join")" "$@"
    expect 0 agent "$d" enroll
    has out "(epoch 1)"
    id=$(agent_id "$d")
    expect 0 ctl policy learn "$d" --device "$id"
    expect 0 ctl policy assign "$d" --device "$id"
    in_step "$d" "$id" 1
}
locked_out() { # NAME: failed authorisations that the TPM counts
    tpm2_getcap -T "$(tpm_tcti "$1")" properties-variable |
        sed -n 's/^TPM2_PT_LOCKOUT_COUNTER: *//p'
}

verifier_make v
verifier_set v admission open
verifier_start v

check "an enrolment makes the first root"
new_device d1
d1=$id
expect 0 agent d1 status
has out ", epoch 1 begun " "queue:"
same "$(wc -l <"$work/out")" 7

check "a rekey that nobody asked for has to wait a minute"
expect 1 agent d1 rekey
has out "refused: rekey too soon (again in "
expect 0 agent d1 status # it is as well as it was
has out ", affirming"
same "$(epoch d1)" 1

check "on demand the keys are turned over, again and again"
rekey d1 "$d1" 2
in_step d1 "$d1" 2
rekey d1 "$d1" 3
rekey d1 "$d1" 4
in_step d1 "$d1" 4

check "a reboot changes nothing"
tpm_restart d1
in_step d1 "$d1" 4
rekey d1 "$d1" 5

check "nor does a power cut"
tpm_cut d1
in_step d1 "$d1" 5

check "run rekeys when the verifier asks"
agent_set d1 interval_s=1 jitter_s=0
start_process run "$agent_program" --config "$work/d1.ini" run
wait_for says run.log affirming
expect 0 ctl device rekey "$d1"
wait_for says run.log "(epoch 6)"
stop_process run
agent_set d1 interval_s=300
in_step d1 "$d1" 6

check "the imported key is part of every new root"
expect 2 agent d1 hedge - <<<"not hex"
has err "64 hex digits"
expect 0 ctl device hedge "$d1"
cp "$work/out" "$work/hedge"
expect 0 agent d1 hedge - <"$work/hedge"
rekey d1 "$d1" 7
same "$(seen "$d1" .hedged)" true
in_step d1 "$d1" 7
expect 0 agent d1 hedge - <<<"$(printf '%064d' 5)"
expect 0 ctl device rekey "$d1"
expect 1 agent d1 rekey
has err conf_V "hedge"
in_step d1 "$d1" 7
expect 0 agent d1 hedge - <"$work/hedge"
rekey d1 "$d1" 8
in_step d1 "$d1" 8
grep -qF "$(cat "$work/hedge")" -r "$work/d1.state" "$work"/*.log && fail "the key lies about"

check "a state that is lost comes back by a resync, once a day without being asked"
new_device d2
d2=$id
rm "$work/d2.state"/slot.*
expect 0 agent d2 attest
has err "taken as lost"
has out "affirming" "(epoch 2)"
in_step d2 "$d2" 2
rekey d2 "$d2" 3
in_step d2 "$d2" 3
expect 0 ctl device show "$d2"
has out "resync to epoch 2, by the tenant's rule"
rm "$work/d2.state"/slot.*
expect 1 agent d2 rekey
has out "refused: wait for approval"
expect 1 agent d2 status
has out "next step:    the operator approves this device"
expect 0 ctl device approve "$d2"
wait_for agent d2 rekey # an unknown base is looked at four times in ten seconds
in_step d2 "$d2" 4

check "an older copy of the state is not used"
new_device d3
d3=$id
cp -a "$work/d3.state" "$work/d3.older"
rekey d3 "$d3" 2
in_step d3 "$d3" 2
rm -r "$work/d3.state"
mv "$work/d3.older" "$work/d3.state"
expect 0 agent d3 attest
has err "an older copy" "taken as lost"
has out "(epoch 3)"
in_step d3 "$d3" 3

check "numbers that are lost come back, too"
new_device d4
d4=$id
echo spoilt >"$work/d4.state/reservation.json"
expect 0 agent d4 rekey
has out "(epoch 2)"
in_step d4 "$d4" 2
[ "$(device_field "$d4" .attempt)" -gt 4294967296 ] || fail "no leap of the attempts"

check "a verifier restored from a copy finds the device by itself"
new_device d5
d5=$id
stop_process v
cp -a "$work/v" "$work/v.copy"
verifier_start v
rekey d5 "$d5" 2
in_step d5 "$d5" 2
stop_process v
rm -r "$work/v"
mv "$work/v.copy" "$work/v"
verifier_start v
expect 0 agent d5 attest
has out "affirming" "(epoch 3)"
in_step d5 "$d5" 3

check "without messages there is no log of them"
new_device d6 messages=off
rekey d6 "$id" 2
in_step d6 "$id" 2
[ ! -e "$work/d6.state/sent.log" ] || fail "there is a log"

check "another enrolment goes on above the epochs that are known"
expect 1 agent d4 enroll
has out "wait for approval"
expect 0 ctl device approve "$d4"
expect 0 agent d4 enroll
has out "(epoch 3)"
in_step d4 "$d4" 3

check "no TPM counts a failed authorisation"
for d in d1 d2 d3 d4 d5 d6; do
    same "$(locked_out "$d")" 0x0
done
all_passed
