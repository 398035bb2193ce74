#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: whatever a real client is refused with an empty answer is explained by `pawlctl why
# --request`, at once and after a restart; a device by its id, one that could never enrol by the
# serial number of its EK certificate; others who share it are counted. The world for why.py.
#
#   why.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

verifier_make v --admission approve
verifier_start v
tpm_make a --ek p256
agent_make a "$(cat "$work/v.join")"

why() { # ..: the sentence, as one line in out
    expect 0 ctl why "$@"
    tr '\n' ' ' <"$work/out" >"$work/line"
    mv "$work/line" "$work/out"
}

check "each kind of refusal has a code and a next step"
python3 -B "$e2e/why.py" "$work" "$ctl_program" strangers || fail "strangers"

check "a device that waits, one that is good to go, one that was revoked"
expect 0 agent a enroll
id=$(agent_id a)
why "$id"
has out "awaits-approval: The device is enrolled and waits for an operator's approval, since" \
    "no other device shares it. Next: Compare its id"
expect 0 ctl device approve "$id"
agent a attest >/dev/null 2>&1 || true
why "${id:0:8}"
has out "no-policy: No policy says what is good, since" "Next: pawlctl policy learn"
expect 0 ctl policy learn good --device "$id"
expect 0 ctl policy assign good --default
expect 0 agent a attest
why "$id"
has out "Nothing is wrong: its last evidence was accepted as affirming."
expect 0 ctl device revoke "$id"
why "$id"
has out "revoked: The device was revoked, for good"
expect 1 agent a attest
expect 0 ctl --json why "$id"
same "$(jq -r '.code, .http' "$work/out" | paste -sd' ')" "revoked 409"

check "a TPM whose maker nobody trusts is known by the serial number of its certificate"
rm -rf "$work/other-ca"
"$lab/ca" "$work/other-ca" >/dev/null
"$lab/fresh" "$work/b.tpm" --ca "$work/other-ca" --ek p256 --start >/dev/null
tpms+=(b)
agent_make b "$(cat "$work/v.join")"
expect 1 agent b enroll
serial=$(tpm2_nvread -T "$(tpm_tcti b)" 0x01c0000a 2>/dev/null | openssl x509 -inform DER -noout -serial |
    cut -d= -f2)
why --serial "$serial"
has out "ek-cert-no-root: The EK certificate leads to no root that the tenant trusts, at" \
    "pawlctl ekcert verify"

check "what happened was counted, and the log can be read by programs"
python3 -B "$e2e/why.py" "$work" "$ctl_program" numbers || fail "numbers"
stop_process v
sed -i '/^\[verifier\]/a log = json' "$work/v/verifier.ini"
cp "$work/v.log" "$work/v.text"
: >"$work/v.log"
verifier_start v
expect 0 ctl device list
same "$(jq -r 'select(.route == "/v1/devices") | "\(.status) \(.peer)"' "$work/v.log")" "200 local"

check "what was refused outlives the verifier"
stop_process v
verifier_start v
why --serial "$serial"
has out "ek-cert-no-root"
python3 -B "$e2e/why.py" "$work" "$ctl_program" again || fail "after a restart"

check "what is no question is refused"
expect 2 ctl why
expect 2 ctl why "$id" --serial 00
expect 1 ctl why --request 00
has err "request: "
expect 1 ctl why --serial "x"
expect 1 ctl why --serial "0102030405"
expect 1 ctl why "$(printf '%064d' 7)"
all_passed
