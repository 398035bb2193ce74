#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: an operator's day with pawlctl on a real verifier and a real (software) TPM: policies,
# tokens, devices; what is refused says why, in one line and an exit code; --json is JSON.
#
# Usage: pawlctl_operator.sh PAWLCTL PAWL-VERIFIER PAWL-AGENT. Exit code 77: no swtpm here.
set -euo pipefail
pawlctl=$(realpath "$1") verifier=$(realpath "$2") agent=$(realpath "$3")
e2e=$(cd "$(dirname "$0")" && pwd)
config=$(cd "$e2e/../../swtpm-config" && pwd)
for tool in swtpm tpm2_pcrextend jq; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d /tmp/pawl-ctl-XXXXXX)
verifier_pid=''
finish() {
    local code=$?
    [ -z "$verifier_pid" ] || kill "$verifier_pid" 2>/dev/null || true
    "$config/stop" "$work/device" >/dev/null 2>&1 || true
    [ $code = 0 ] || tail -n 12 "$work"/*.log "$work/out" "$work/err" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
cd "$work"

fail() {
    echo "FAILED: $*"
    exit 1
}

ctl() { # ARGUMENT..: good
    "$pawlctl" "$@" >out 2>err || fail "pawlctl $*: exit code $?"
    echo "ok: $*"
}

refuses() { # EXIT-CODE FIELD ARGUMENT..
    local code=$1 field=$2 got=0
    shift 2
    "$pawlctl" "$@" >out 2>err || got=$?
    [ "$got" = "$code" ] || fail "pawlctl $*: exit code $got, not $code"
    grep -q "^pawlctl: $field: " err || fail "pawlctl $*: not for $field"
    [ "$(wc -l <err)" = 1 ] || fail "pawlctl $*: more than one line"
    echo "ok: $(sed 's/^pawlctl: //' err)"
}

usage() { # ARGUMENT..
    local got=0
    "$pawlctl" "$@" >out 2>err || got=$?
    [ "$got" = 2 ] || fail "pawlctl $*: exit code $got, not 2"
    [ ! -s out ] && [ -s err ] || fail "pawlctl $*: usage belongs on standard error"
}

says() { # TEXT
    grep -qE -- "$1" out || fail "the answer lacks: $1"
}

# ---- the command line -----------------------------------------------------------------------
usage
usage device
usage device burn
usage device show
usage device show a b
usage device list extra
usage device list --nonce 00
usage policy learn p
usage policy assign p
usage policy assign p --device 1234 --default
usage token create --uses
usage --nonsense
"$pawlctl" --help >out
says 'Exit codes: 0 good, 1 refused'
"$pawlctl" token --help >out
says 'pawlctl token create'
! grep -q 'pawlctl device list' out || fail "help of one noun shows others"
"$pawlctl" --version >out
says '^pawlctl [0-9]'
export PAWL_SOCKET=$work/verifier/operator.sock
refuses 3 verifier device list
grep -q 'No such file or directory' err || fail "the reason is missing"

# ---- a verifier and a device ----------------------------------------------------------------
"$config/ca" ca >/dev/null
"$config/fresh" device --ca ca --start >/dev/null
tcti=$(cat device/tcti)
for pcr in 0 4 7; do
    tpm2_pcrextend -T "$tcti" "$pcr:sha256=$(printf '%064d' "$pcr")"
done
port=$("$e2e/free_port.py")
"$verifier" init verifier --address "127.0.0.1:$port" --listen "127.0.0.1:$port" \
    --lab-roots ca/roots --intermediates ca/intermediates >join 2>init.log
"$verifier" serve verifier >ready 2>verifier.log &
verifier_pid=$!
until grep -q ready ready; do
    kill -0 "$verifier_pid"
    sleep 0.05
done

ctl device list
[ "$(wc -l <out)" = 1 ] || fail "a device before any enrolled"
ctl device list --json
[ "$(jq -c . out)" = '{"devices":[]}' ] || fail "no empty list"

# ---- tokens ---------------------------------------------------------------------------------
ctl token create --uses 2 --ttl 3600
grep -q '^pawl://' out && [ "$(wc -l <out)" = 1 ] || fail "not the join string alone"
grep -q 'shown once' err || fail "no word about the secret"
join=$(cat out)
ctl token list --json
[ "$(jq '.tokens[0].uses_left' out)" = 2 ] || fail "another number of uses"
! grep -qF -e "${join##*.}" out || fail "the secret is shown again"
ctl token list
says 'USES LEFT'
refuses 1 uses token create --uses many
refuses 1 uses token create --uses 0
refuses 1 device token create --device xyz

"$agent" --config agent.ini join "$join" 2>agent.log
sed -i "s|^#tcti *=.*|tcti = $tcti|; s|^#state *=.*|state = $work/agent|" agent.ini
"$agent" --config agent.ini enroll >agent.log 2>&1 || true

# ---- devices --------------------------------------------------------------------------------
ctl device list --json
id=$(jq -r '.devices[0].id' out)
[ ${#id} = 64 ] || fail "no device enrolled"
[ "$(jq -r '.devices[0].state' out)" = active ] || fail "a token admits"
ctl device list
says "^${id:0:16} +active +none +none +affirming +20"
[ "$(wc -L <out)" -le 100 ] || fail "wider than 100 columns"
ctl device show "${id:0:16}"
says "^id  *$id\$"
says '^roots  *lab$'
says '^  lab-tpm  *The TPM is trusted by the lab'
says '^  20[0-9-]* [0-9:]*Z  enrolled \(1\), active, '
says '^  sha256:7  *[0-9a-f]{64}$'
! grep -q 'sha256:9 ' out || fail "a PCR that nobody extended is shown"
says '^  [0-9]* others are all zero or all one; --json shows them$'
[ "$(wc -L <out)" -le 100 ] || fail "wider than 100 columns"
ctl device show "$id" --json
[ "$(jq -r .id out)" = "$id" ] || fail "another device"
[ "$(jq '.pcrs.sha256 | length' out)" = 24 ] || fail "JSON has not all PCRs"
refuses 1 device device show "$(printf 'f%.0s' {1..64})"
refuses 1 device device show zz
ctl device approve "$id"
[ "$(cat out)" = "${id:0:16}: active, may enrol again once" ] || fail "not one line"
refuses 1 tenant device list --tenant nobody

# ---- policies -------------------------------------------------------------------------------
ctl policy learn draft --device "$id"
says '^policy draft version 1 stored, with rules for [0-9]+ PCRs$'
[ "$(wc -l <out)" = 1 ] || fail "not one line"
ctl policy learn golden --device "$id" --json
[ "$(jq -r .name out)" = golden ] || fail "no policy was learned"
jq '.version = 2 | .pcrs.sha256["7"] = ["'"$(printf '%064d' 7)"'"]' out >edited.json
ctl policy add edited.json
says '^policy golden version 2 stored'
ctl policy list
says '^golden  *2 '
ctl policy show golden --policy-version 1
[ "$(jq -r .version out)" = 1 ] || fail "another version"
ctl policy show golden
[ "$(jq -r .version out)" = 2 ] || fail "not the newest version"
{
    printf '// by hand\n{"name": "large", "version": 1, "ima": {"files": {\n'
    awk 'BEGIN { for (; i < 100000; i++) printf "\"/usr/lib/%06d.so\": [\"sha256:%064d\"],\n", i, i }'
    printf '"/z": ["sha256:%064d"]}}} /* the end */' 0
} >large.json
ctl policy add large.json
ctl policy show large
cat large.json <(echo) | cmp - out || fail "a policy of 100000 files is not shown as it was stored"
refuses 1 version policy add edited.json
grep -q '2 of policy golden is taken' err || fail "it does not say that the version is taken"
refuses 1 version policy learn golden --device "$id" --policy-version 2
printf '{\n"name": "x",\n"version": 1,,\n}' >bad.json
refuses 1 policy policy add bad.json
grep -q 'in line 3' err || fail "the line is not named"
refuses 3 missing policy add missing
refuses 1 policy policy show nothing
refuses 1 policy policy assign nothing --default
ctl policy assign golden --default
[ "$(cat out)" = "default policy: golden" ] || fail "not one line"
ctl policy assign golden --device "$id"
[ "$(cat out)" = "${id:0:16}: policy golden" ] || fail "not one line"
refuses 1 name policy learn Golden --device "$id"

"$agent" --config agent.ini attest >agent.log 2>&1 && fail "the edited policy affirms"
ctl device list
says "^${id:0:16} +active +contraindicated +contraindicated +affirming +20[0-9-]* [0-9:]*Z"
ctl device show "$id"
says '^  pcr-differs  *A PCR has a value'
says '^  *sha256:7 is [0-9a-f.]*, policy golden:2 allows 0000'
says '^  20[0-9-]* [0-9:]*Z  attempt [0-9]*: contraindicated; '
[ "$(wc -L <out)" -le 100 ] || fail "wider than 100 columns"

# ---- the end --------------------------------------------------------------------------------
ctl device revoke "$id"
[ "$(cat out)" = "${id:0:16}: revoked" ] || fail "not one line"
ctl device list
says "^${id:0:16}  revoked "
refuses 1 device.state device approve "$id"
ctl device list --socket "$PAWL_SOCKET" --tenant default
grep -q 'route=/v1/policies/learn status=200 .*outcome=done' verifier.log || fail "learn names a device"
grep -q "route=/v1/devices/\* status=200 .*device=$id .*outcome=done" verifier.log || fail "no device"
echo "all passed"
