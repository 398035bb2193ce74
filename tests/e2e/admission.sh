#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: who is let in. A token is required, good, used up, expired, another device's, forged;
# admission open and approve. A refused device learns nothing but 403; the log has the reason.
#
#   admission.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

token() { # OPTION-OF-TOKEN-CREATE..: a join string
    ctl token create "$@" 2>"$work/token.err"
}
join() { # NAME JOIN-STRING: an agent that starts from nothing on NAME's TPM
    rm -rf "$work/$1.state" "$work/$1.ini"
    agent_make "$1" "$2"
}
refused() { # NAME WHERE WHY: the agent is told 403, the log's one line says why
    local request
    expect 1 agent "$1" enroll
    has err "refused us (403)"
    request=$(sed -n 's/.*(request \([0-9a-f]*\)).*/\1/p' "$work/err")
    same "$(grep -c "request=$request" "$work/v.log")" 1
    grep "request=$request" "$work/v.log" >"$work/line"
    has line "status=403" "where=$2 why=\"$3\""
    expect 1 agent "$1" status
    has out "enrolment fails: verifier: refused us (403); its log has the reason"
    lacks out request
}
uses_left() { # TOKEN-ID
    ctl --json token list | jq -r ".tokens[] | select(.id == \"$1\") | .uses_left"
}

verifier_make v --admission token
verifier_start v
for d in a b c; do
    tpm_make "$d" --ek p256
done
nothing=$(cat "$work/v.join")

check "without a token nobody gets in where one is required"
before=$(verifier_dump v)
join a "$nothing"
refused a enrol.token "this tenant takes no device without"
same "$(verifier_dump v)" "$before"

check "a token that was never made does not help"
fake=$(python3 -c 'print("A" * 10 + "A." + "A" * 42 + "A")')
join a "$nothing&token=$fake"
refused a enrol.token "no such token"

check "a good token lets one device in at once, and is used once"
one=$(token --uses 1)
id=$(sed -n 's/^token \([0-9a-f]*\):.*/\1/p' "$work/token.err")
same "$(uses_left "$id")" 1
join a "$one"
expect 0 agent a enroll
lacks out awaits-approval
same "$(device_field "$(agent_id a)" .state)" active
same "$(uses_left "$id")" 0

check "a used up token is refused, and changes nothing"
before=$(verifier_dump v)
join b "$one"
refused b enrol.token "no use of it is left"
same "$(verifier_dump v)" "$before"

check "a token of two uses takes two devices, and each of them once"
two=$(token --uses 2)
id=$(sed -n 's/^token \([0-9a-f]*\):.*/\1/p' "$work/token.err")
join b "$two"
expect 0 agent b enroll
same "$(uses_left "$id")" 1
b=$(agent_id b)

check "a dropped token takes nobody any more"
ctl token drop "$id" >/dev/null
same "$(uses_left "$id")" 0
join c "$two"
refused c enrol.token "it expired"

check "a token made for another device is refused"
join c "$nothing"
expect 0 agent c identity --json
c=$(jq -r '[.[] | select(.key_matches)][0].device_id' "$work/out")
bound=$(token --device "$c")
join a "$bound"
refused a enrol.token "it was made for another device"
join c "$bound"
expect 0 agent c enroll
same "$(device_field "$c" .state)" active

check "an expired token is refused"
brief=$(token --ttl 1 --uses 1000)
made=$(date +%s)
is_over() { # before that it would let b in
    [ "$(date +%s)" -gt $((made + 1)) ]
}
wait_for is_over
join b "$brief"
expired() {
    agent b enroll 2>"$work/err" || true
    tail -n 1 "$work/v.log" >"$work/line"
    grep -qF 'why="it expired"' "$work/line"
}
wait_for expired
refused b enrol.token "it expired"
same "$(device_field "$b" .state)" active

check "a token with one bit changed in its secret is refused"
good=$(token)
bad=$(python3 - "$good" <<'PYTHON'
import base64, sys
head, secret = sys.argv[1].rsplit(".", 1)
b = bytearray(base64.urlsafe_b64decode(secret + "="))
b[31] ^= 1
print(head + "." + base64.urlsafe_b64encode(bytes(b)).decode().rstrip("="))
PYTHON
)
join b "$bad"
refused b enrol.token "its MAC is not made with the token's secret"

check "no secret of a token stands in a log, in the database or in the agent's state"
for secret in "${one##*.}" "${two##*.}" "${good##*.}"; do
    ! grep -rqF -- "$secret" "$work/v" "$work/v.log" "$work/a.state" "$work/b.state" ||
        fail "a secret is written down"
done
stop_process v

check "open: whoever has a good EK certificate is in at once"
tpm_make o --ek p256
verifier_make open --admission open
verifier_start open
agent_make o "$(cat "$work/open.join")"
expect 0 agent o enroll
has out no-policy
lacks out awaits-approval
same "$(device_field "$(agent_id o)" .state)" active

check "open: but not a TPM of an authority that nobody trusts"
mkdir "$work/foreign"
"$lab/ca" "$work/foreign/ca" >/dev/null
"$lab/fresh" "$work/f.tpm" --ca "$work/foreign/ca" --ek p256 --start >/dev/null
tpms+=(f)
agent_make f "$(cat "$work/open.join")"
before=$(verifier_dump open)
expect 1 agent f enroll
tail -n 1 "$work/open.log" >"$work/line"
has line status=403 "where=enrol.ek_cert.chain"
same "$(verifier_dump open)" "$before"
stop_process open

check "a lab's TPM is refused where only vendors' roots stand"
sed -i '/^lab_roots/d' "$work/open/verifier.ini"
verifier_start open
agent_set o "state=$work/o2.state"
expect 1 agent o enroll
tail -n 1 "$work/open.log" >"$work/line"
has line status=403 "where=enrol.ek_cert.chain"
stop_process open

check "approve: pending until the operator says so; and a token spares the wait"
verifier_make approve
verifier_start approve
rm -rf "$work/o.ini" "$work/f.ini"
agent_make o "$(cat "$work/approve.join")" "state=$work/o3.state"
expect 0 agent o enroll
has out awaits-approval
same "$(device_field "$(agent_id o)" .state)" pending
expect 1 agent o attest
has out awaits-approval
expect 0 ctl device approve "$(agent_id o)"
expect 1 agent o attest
has out no-policy
lacks out awaits-approval
tpm_make p --ek p256
agent_make p "$(token)"
expect 0 agent p enroll
lacks out awaits-approval
same "$(device_field "$(agent_id p)" .state)" active
all_passed
