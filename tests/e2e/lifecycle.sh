#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: what happens to an enrolled device later. Revoked for good; enrolled again with approval,
# by a token of its own, or by itself; its state lost; the verifier restarted, and killed while it
# answers: no attempt that was acknowledged is ever taken back or taken twice.
#
#   lifecycle.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

verifier_make v
verifier_start v
join=$(cat "$work/v.join")
tpm_make d --ek p256
agent_make d "$join"
expect 0 agent d enroll
id=$(agent_id d)
expect 0 ctl device approve "$id"
expect 0 ctl policy learn good --device "$id"
expect 0 ctl policy assign good --default
expect 0 agent d attest

attempt() {
    device_field "$id" .attempt
}

check "a restarted verifier knows its devices, and the attempt goes on"
before=$(attempt)
stop_process v
expect 3 agent d attest
has err "cannot connect"
verifier_start v
same "$(attempt)" "$before"
expect 0 agent d attest
[ "$(attempt)" -gt "$before" ] || fail "the attempt stands still"

check "killed while it answers, it forgets nothing that it acknowledged"
for round in 1 2 3 4 5; do
    rm -f "$work"/acknowledged.*
    for n in $(seq 200); do
        agent d attest --token "$work/acknowledged.$n" >/dev/null 2>&1 || break
    done &
    loop=$!
    wait_for test -f "$work/acknowledged.$((round + 1))"
    kill_process v
    wait "$loop"
    verifier_start v
    after=$(attempt)
    for token in "$work"/acknowledged.*; do
        told=$(claims "$token" | jq .pawl.att)
        [ "$after" -ge "$told" ] || fail "round $round: attempt $after, $told was acknowledged"
    done
    same "$(sqlite3 -readonly "$work/v/pawl.db" 'PRAGMA integrity_check')" ok
    expect 0 agent d attest
    [ "$(attempt)" -gt "$after" ] || fail "round $round: an attempt was taken twice"
done

check "a device that lost its state waits for the operator, and is not shut out"
last=$(attempt)
rm -rf "$work/d.state"
expect 1 agent d enroll
has out "refused: "
expect 1 agent d status
has out "the operator lets it enroll again: \`pawlctl device approve\`, or a token"
same "$(attempt)" "$last"
same "$(device_field "$id" .enrolments)" 1

check "a token made for it alone lets it in again, with its old id, policy and attempts"
rm "$work/d.ini"
agent_make d "$(ctl token create --device "$id" 2>/dev/null)"
expect 0 agent d enroll
has out affirming
same "$(agent_id d)" "$id"
same "$(device_field "$id" .enrolments)" 2
[ "$(attempt)" -gt "$last" ] || fail "the attempt went back"
expect 0 agent d attest

check "a token for any device does not replace one that is active"
rm -rf "$work/d.state" "$work/d.ini"
agent_make d "$(ctl token create --uses 5 2>/dev/null)"
before=$(verifier_dump v)
expect 1 agent d enroll
has out "refused: "
same "$(verifier_dump v)" "$before"

check "the operator's approval lets it in again, once"
before=$(device_field "$id" .enrolments)
expect 0 ctl device approve "$id"
same "$(device_field "$id" .may_reenrol)" true
expect 0 agent d enroll
has out affirming
same "$(agent_id d)" "$id"
same "$(device_field "$id" .enrolments)" $((before + 1))
expect 0 agent d attest # under the new root: that spends the leave
same "$(device_field "$id" .may_reenrol)" false
rm -rf "$work/d.state"
expect 1 agent d enroll
has out "refused: "

check "reenrol = auto: it comes back by itself, with new keys too"
stop_process v
verifier_set v reenrol auto
verifier_start v
rm -rf "$work/d.state"
for handle in 0x81015057 0x81005057; do
    tpm2_evictcontrol -T "$(tpm_tcti d)" -Q -C o -c $handle
done
before=$(device_field "$id" .keys.ak_name)
expect 0 agent d enroll
has out affirming
same "$(agent_id d)" "$id"
[ "$(device_field "$id" .keys.ak_name)" != "$before" ] || fail "the AK is the old one"
expect 0 agent d attest

check "keys that vanish from the TPM are named, and enrolment makes new ones"
tpm2_evictcontrol -T "$(tpm_tcti d)" -Q -C o -c 0x81015057
code=0
agent d attest 2>"$work/err" || code=$?
[ $code != 0 ] || fail "it attested without its key"
has err "0x81015057"
expect 0 agent d enroll
expect 0 agent d attest

check "set up anew at the same address, with a new key: join --force, and it enrols again"
stop_process v
cp "$work/v.port" "$work/anew.port"
verifier_make anew --admission open
verifier_start anew
expect 2 agent d join "$(cat "$work/anew.join")"
expect 0 agent d join --force "$(cat "$work/anew.join")"
expect 1 agent d status
has out "run \`pawl-agent enroll\`"
expect 2 agent d attest
has err "not enrolled"
expect 0 agent d enroll
same "$(agent_id d)" "$id"
expect 1 agent d attest
has out no-policy

check "an enrolled device that the verifier does not know is told what to try"
stop_process anew
rm -rf "$work/anew/pawl.db"*
verifier_start anew
agent_set d interval_s=1 jitter_s=0
expect 1 agent d attest
has err "refused us (403)"
names_enroll() {
    agent d status >"$work/status" || true
    grep -q 'refused us (403).*pawl-agent enroll' "$work/status"
}
wait_for names_enroll
expect 0 agent d enroll
expect 1 agent d attest
has out no-policy
stop_process anew
verifier_start v
expect 0 agent d join --force "$join"
expect 0 agent d enroll
expect 0 agent d attest

check "revoked: the device is told by a signed refusal"
expect 0 ctl device revoke "$id"
last=$(attempt)
expect 1 agent d attest
has out "refused: "
grep -qi revoked "$work/out" || fail "it does not say revoked"
tail -n 1 "$work/v.log" >"$work/line"
has line status=409
expect 1 agent d status
has out "refused: " "ask the verifier's operator"
same "$(attempt)" "$last"

check "revoked is final: no approval, no token, no new enrolment"
expect 1 ctl device approve "$id"
has err "device.state"
expect 1 agent d enroll
has out "refused: "
rm -rf "$work/d.state" "$work/d.ini"
agent_make d "$(ctl token create --device "$id" 2>/dev/null)"
expect 1 agent d enroll
same "$(device_field "$id" .state)" revoked
all_passed
