#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: from nothing to a verdict and to a device that changed, for one kind of Endorsement Key,
# both kinds of AK and several sets of PCR banks; and what people are told at each stage.
#
#   first_light.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL p256|p384|rsa2048
. "$(dirname "$0")/world.sh"
ek=$4

seven_lines() { # NAME EXIT-CODE NEXT-STEP: what status says, to people and to programs
    expect "$2" agent "$1" status
    same "$(wc -l <"$work/out")" 7
    same "$(sed 's/:.*//' "$work/out" | paste -sd,)" \
        "server,software,coverage,keys,queue,last contact,next step"
    has out "next step:    $3"
    expect "$2" agent "$1" status --json
    same "$(jq -r .well "$work/out")" "$([ "$2" = 0 ] && echo true || echo false)"
    [[ "$(jq -r .next_step "$work/out")" == "$3"* ]] || fail "--json has another next step"
}
ak_name() {
    [ "$1" = p256 ] && echo "AK P-256" || echo "AK RSA-2048"
}
claim() { # NAME JQ-PATH: of the token that the agent was given
    claims "$work/$1.token" | jq -r "$2"
}

check "a verifier starts from what init made"
verifier_make v
verifier_start v
join=$(cat "$work/v.join")

one_device() { # NAME AK BANKS
    local d=$1 ak=$2 banks=$3 id why
    check "$d: it joins, and says that it is not enrolled"
    tpm_make "$d" --ek "$ek" --banks "$banks"
    agent_make "$d" "$join" "ak=$ak"
    seven_lines "$d" 1 "run \`pawl-agent enroll\`"
    has out '"enrolled":'
    expect 2 agent "$d" attest
    has err "not enrolled"
    expect 0 agent "$d" identity --json
    id=$(jq -r '[.[] | select(.key_matches)][0].device_id' "$work/out")

    check "$d: it enrols and is pending, without trust"
    expect 0 agent "$d" enroll --token "$work/$d.token"
    has out "none: awaits-approval"
    same "$(agent_id "$d")" "$id"
    same "$(claim "$d" '.submods.device["ear.status"]')" none
    same "$(claim "$d" '.submods.device["ear.trustworthiness-vector"]["instance-identity"]')" 97
    same "$(claim "$d" .sub)" "$id"
    same "$(device_field "$id" .state)" pending
    seven_lines "$d" 1 "the operator approves this device"
    has out "\"ak\":	\"$(ak_name "$ak")\"" "$id"

    check "$d: approved, it still has no policy"
    expect 0 ctl device approve "$id"
    same "$(device_field "$id" .state)" active
    expect 1 agent "$d" attest
    has out "none: " no-policy
    seven_lines "$d" 1 "the operator gives this device a policy"

    check "$d: learned from and assigned, it is affirmed"
    expect 0 ctl policy learn "$d" --device "$id"
    expect 0 ctl policy assign "$d" --device "$id"
    expect 0 agent "$d" attest --token "$work/$d.token"
    has out affirming
    same "$(claim "$d" '.submods.device["ear.status"]')" affirming
    same "$(claim "$d" '.submods.device["ear.appraisal-policy-id"]')" "$d:1"
    same "$(claim "$d" '.submods.device["ear.trustworthiness-vector"] | .executables, .configuration,
        .["instance-identity"], .hardware' | paste -sd,)" 3,2,2,null
    same "$(claim "$d" .pawl.roots)" lab
    curl -sS --insecure "https://127.0.0.1:$(cat "$work/v.port")/.well-known/jwks.json" \
        >"$work/jwks.json"
    expect 0 ctl ear verify --jwks "$work/jwks.json" --require affirming "@$work/$d.token"
    seven_lines "$d" 0 none
    same "$(device_field "$id" .status)" affirming
    same "$(device_field "$id" '.banks | join(",")')" "$banks"

    check "$d: a measured PCR is extended, and it is contraindicated with the reason"
    tpm_extend "$d" 7 99
    expect 1 agent "$d" attest --token "$work/$d.token"
    has out "contraindicated: " pcr-differs
    same "$(claim "$d" '.submods.device["ear.trustworthiness-vector"].executables')" 96
    expect 1 ctl ear verify --jwks "$work/jwks.json" --require affirming "@$work/$d.token"
    seven_lines "$d" 1 "find out why the verdict is contraindicated"
    has out pcr-differs
    expect 0 ctl device show "$id"
    has out contraindicated pcr-differs

    check "$d: what a policy does not name may change, and a reboot heals"
    tpm_restart "$d"
    expect 0 agent "$d" attest
    tpm_extend "$d" 16 1
    expect 0 agent "$d" attest
    has out affirming
    "$lab/stop" "$work/$d.tpm"
}

one_device e1 p256 sha256
one_device e2 p256 sha1,sha256
one_device e3 rsa2048 sha256,sha384
one_device e4 rsa2048 sha256

check "the list shows all of them"
expect 0 ctl --json device list
same "$(jq '.devices | length' "$work/out")" 4
same "$(jq -r '[.devices[].state] | unique | join(",")' "$work/out")" active
all_passed
