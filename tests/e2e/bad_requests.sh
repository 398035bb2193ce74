#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: what no honest device would send, and what a man in the middle can make of what one does.
# The world for bad_requests.py: one verifier, two devices, and agents told to go through a proxy.
#
#   bad_requests.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL [NAME-OF-A-CHECK..]
. "$(dirname "$0")/world.sh"

verifier_make v
verifier_start v
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/proxy.key" \
    -subj /CN=proxy -out "$work/proxy.crt" -days 2 2>/dev/null
pin=$(openssl x509 -in "$work/proxy.crt" -noout -pubkey | openssl pkey -pubin -outform DER |
    openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =)
free_port >"$work/proxy.port"
for d in a b; do
    tpm_make $d --ek p256
    agent_make $d "$(ctl token create 2>/dev/null)" \
        "server=127.0.0.1:$(cat "$work/proxy.port")" "tls=pin:$pin"
done
check "bad_requests.py"
python3 -B "$e2e/bad_requests.py" "$work" "$agent_program" "$ctl_program" "${@:4}" ||
    fail "a check failed"
all_passed
