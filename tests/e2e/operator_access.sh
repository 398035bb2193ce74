#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: the operator API answers as docs/openapi.json says, to those who may ask and to nobody else,
# and whatever it is sent it answers by a clear 4xx and serves on. The world for operator_access.py:
# a verifier that is reached from afar too, with two tenants and one device.
#
#   operator_access.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL [NAME-OF-A-CHECK..]
. "$(dirname "$0")/world.sh"

verifier_make v
for name in client stranger; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \
        "$work/$name.key" -subj /CN=$name -out "$work/$name.crt" -days 2 2>/dev/null
done
verifier_set v admission open
verifier_set v keep_evidence last
free_port >"$work/operators.port"
afar="operator_listen = 127.0.0.1:$(cat "$work/operators.port")"
sed -i "s|^address = .*|&\n$afar\noperator_clients = $work/client.crt|" "$work/v/verifier.ini"
sed 's/^\[tenant default\]/[tenant other]/; /^\[verifier\]/,/^\[tenant/{/^\[tenant/!d}' \
    "$work/v/verifier.ini" >"$work/other"
cat "$work/other" >>"$work/v/verifier.ini"
verifier_start v
tpm_make d
agent_make d "$(cat "$work/v.join")"
expect 0 agent d enroll
expect 1 agent d attest
expect 0 ctl policy learn good --device "$(agent_id d)"
expect 0 ctl policy assign good --default
expect 0 agent d attest
echo hello | agent d send
expect 0 agent d attest

check "pawlctl makes, lists and drops credentials, and asks from afar by them"
expect 0 ctl credential add carol --role operator --until 2099-12-31
cp "$work/out" "$work/carol.secret"
same "$(ctl --json credential list | jq -r '.credentials[0] | .name + " " + .role')" "carol operator"
from_afar() { # COMMAND..
    ctl "$@" --url "https://127.0.0.1:$(cat "$work/operators.port")" --ca "$work/v/tls.crt"
}
chmod 640 "$work/carol.secret" "$work/client.key"
expect 3 from_afar whoami --token-file "$work/carol.secret"
has err "carol.secret: mode 640 opens it to others: chmod 600"
expect 3 from_afar whoami --cert "$work/client.crt" --key "$work/client.key"
has err "client.key: mode 640 opens it to others"
chmod 600 "$work/carol.secret" "$work/client.key"
same "$(from_afar --json whoami --token-file "$work/carol.secret" | jq -r .name)" carol
same "$(from_afar --json whoami --token-file <(cat "$work/carol.secret") | jq -r .name)" carol
expect 1 from_afar credential list --token-file "$work/carol.secret"
has err "may not do this"
expect 0 ctl credential add dave --role service --label tunnel,disk --all \
    --certificate "$work/client.crt"
same "$(from_afar --json whoami --cert "$work/client.crt" --key "$work/client.key" | jq -c .)" \
    '{"name":"dave","role":"service","tenant":null,"labels":["tunnel","disk"]}'
expect 0 ctl credential drop dave
expect 0 ctl credential drop carol
expect 1 from_afar whoami --token-file "$work/carol.secret"
has err "no credential is this one"
expect 1 ctl credential add eve --role king
has err role

check "operator_access.py"
python3 -B "$e2e/operator_access.py" "$work" "$(agent_id d)" "${@:4}" || fail "a check failed"
all_passed
