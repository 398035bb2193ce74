#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: a device makes a signing key for its applications in its TPM, results vouch for it (cnf),
# and whoever holds a result checks with it, offline, that it is this device that speaks; turned on
# after the enrolment too, and off again without harm; and whoever does not talk to the device has the
# same result from the operator API, until the device is revoked.
#
#   app_key.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"
handle=0x81005058

cnf_pem() { # TOKEN-FILE: the key that it names, as PEM
    claims "$1" | python3 -c '
import base64, json, sys
jwk = json.load(sys.stdin)["cnf"]["jwk"]
assert (jwk["kty"], jwk["crv"]) == ("EC", "P-256")
point = b"\x04" + b"".join(base64.urlsafe_b64decode(jwk[c] + "==") for c in "xy")
spki = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + point
print("-----BEGIN PUBLIC KEY-----", base64.b64encode(spki).decode(), "-----END PUBLIC KEY-----", sep="\n")'
}
signs() { # NAME FILE: an application does, with nothing of ours
    tpm2_sign -Q -T "$(tpm_tcti "$1")" -c $handle -g sha256 -f plain -o "$2.sig" "$2"
}

check "without the key nothing is named"
verifier_make v --admission open
verifier_start v
tpm_make d --ek p256 --banks sha256
agent_make d "$(cat "$work/v.join")"
expect 0 agent d enroll --token "$work/d.token"
same "$(claims "$work/d.token" | jq .cnf)" null

check "turned on, the key is made, and results vouch for it"
agent_set d "app_key=$handle"
expect 1 agent d attest --token "$work/d.token"
cnf_pem "$work/d.token" >"$work/cnf.pem"
tpm2_readpublic -Q -T "$(tpm_tcti d)" -c $handle -f pem -o "$work/tpm.pem"
same "$(openssl pkey -pubin -in "$work/cnf.pem" -outform DER | sha256sum)" \
    "$(openssl pkey -pubin -in "$work/tpm.pem" -outform DER | sha256sum)"

check "the operator has the same result for others, and none of a device that is revoked"
curl -sS --insecure "https://127.0.0.1:$(cat "$work/v.port")/.well-known/jwks.json" >"$work/jwks.json"
ctl device ear "$(agent_id d)" >"$work/again.token"
same "$(claims "$work/again.token" | jq -c '[.cnf, .iat, .exp, .eat_nonce, .submods]')" \
    "$(claims "$work/d.token" | jq -c '[.cnf, .iat, .exp, .eat_nonce, .submods]')"
expect 0 ctl ear verify --jwks "$work/jwks.json" "@$work/again.token"
ctl device revoked >"$work/revoked.token"
same "$(claims "$work/revoked.token" | jq -c .revoked)" "[]"

check "who shows the result proves that it is this device"
echo "a challenge of a service" >"$work/challenge"
signs d "$work/challenge"
expect 0 openssl dgst -sha256 -verify "$work/cnf.pem" -signature "$work/challenge.sig" \
    "$work/challenge"
echo "another challenge" >"$work/other"
expect 1 openssl dgst -sha256 -verify "$work/cnf.pem" -signature "$work/challenge.sig" "$work/other"

check "it stays, through a reboot and a new start of the agent"
tpm_restart d
expect 1 agent d attest --token "$work/d.token"
cnf_pem "$work/d.token" >"$work/again.pem"
cmp "$work/cnf.pem" "$work/again.pem" || fail "another key"

check "another object at its handle is named and left alone, and the device attests without the key"
tpm2_evictcontrol -Q -T "$(tpm_tcti d)" -C o -c $handle
tpm2_createprimary -Q -T "$(tpm_tcti d)" -C o -c "$work/theirs.ctx"
tpm2_flushcontext -T "$(tpm_tcti d)" -t
tpm2_evictcontrol -Q -T "$(tpm_tcti d)" -C o -c "$work/theirs.ctx" $handle
tpm2_flushcontext -T "$(tpm_tcti d)" -t
agent_set d interval_s=1 jitter_s=0
start_process d.agent "$agent_program" --config "$work/d.ini" run
wait_for says d.agent.log "app_key: $handle holds another object"
has d.agent.log "attesting without it"
attempt=$(device_field "$(agent_id d)" .attempt)
has_attested() {
    [ "$(device_field "$(agent_id d)" .attempt)" -gt "$attempt" ]
}
wait_for has_attested
stop_process d.agent
tpm2_evictcontrol -Q -T "$(tpm_tcti d)" -C o -c $handle

check "turned off, the device attests as before"
agent_set d app_key=off
expect 1 agent d attest --token "$work/d.token"

check "a device that is revoked has no result any more, and is in the list"
expect 0 ctl device revoke "$(agent_id d)"
expect 1 ctl device ear "$(agent_id d)"
has err "is revoked"
ctl device revoked >"$work/revoked.token"
same "$(claims "$work/revoked.token" | jq -r '.revoked | join(",")')" "$(agent_id d)"
all_passed
