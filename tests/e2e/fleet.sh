#!/usr/bin/env bash
# Proves: several devices with TPMs of their own join one running verifier with tokens, enrol and
# attest at the same time, are judged one by one, and the service ends in order.
#
#   fleet.sh PAWL_AGENT PAWL_VERIFIER PAWLCTL SWTPM_CONFIG
set -euo pipefail
agent=$1 verifier=$2 ctl=$3 tpms=$4
devices=3
for tool in swtpm swtpm_setup tpm2_pcrextend jq openssl; do
    command -v "$tool" >/dev/null || exit 77
done

work=$(mktemp -d)
pid=
finish() {
    code=$?
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    for d in "$work"/fleet/*/; do "$tpms/stop" "$d" >/dev/null 2>&1 || true; done
    [ $code = 0 ] || tail -n 30 "$work"/*.log "$work"/fleet/*/*.log >&2 || true
    rm -rf "$work"
}
trap finish EXIT

"$tpms/ca" "$work/ca"
"$tpms/fleet" $devices "$work/fleet" --ca "$work/ca"
"$verifier" init "$work/state" --address 127.0.0.1:1 --listen 127.0.0.1:0 --admission token \
    --lab-roots "$work/ca/roots" --intermediates "$work/ca/intermediates" >"$work/join" 2>"$work/init.log"
"$verifier" serve "$work/state" >"$work/ready" 2>"$work/verifier.log" &
pid=$!
until grep -q ^ready "$work/ready"; do
    kill -0 "$pid"
    sleep 0.05
done
port=$(sed -n 's|^ready https://127.0.0.1:\([0-9]*\) .*|\1|p' "$work/ready")
export PAWL_SOCKET=$work/state/operator.sock

run() { # DEVICE COMMAND..: the agent of one device
    local dir=$work/fleet/$1
    shift
    "$agent" --config "$dir/agent.ini" "$@"
}
join() { # DEVICE STRING
    local dir=$work/fleet/$1
    "$agent" --config "$dir/agent.ini" join "${2/127.0.0.1:1\//127.0.0.1:$port/}" \
        >"$dir/join.log" 2>&1
    sed -i "s|^[;#]\? *tcti *=.*|tcti = $(cat "$dir/tcti")|; s|^[;#]\? *state *=.*|state = $dir/agent|" \
        "$dir/agent.ini"
}
each() { # COMMAND..: on every device at once; fails if one does
    local jobs=() job name failed=0
    for name in $names; do
        run "$name" "$@" >"$work/fleet/$name/$1.log" 2>&1 &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || failed=1; done
    return $failed
}
names=$(cd "$work/fleet" && ls)

echo "without a token nobody enrols"
for name in $names; do
    "$tpms/start" "$work/fleet/$name" >/dev/null 2>&1 || true
    tpm2_pcrextend -T "$(cat "$work/fleet/$name/tcti")" "7:sha256=$(printf '%064d' 7)"
    join "$name" "$(cat "$work/join")"
done
if each enroll; then
    exit 1
fi
[ "$("$ctl" --json device list | jq '.devices | length')" = 0 ]

echo "with tokens all enrol at once"
for name in $names; do
    rm "$work/fleet/$name/agent.ini"
    join "$name" "$(curl -sS --unix-socket "$PAWL_SOCKET" -H 'content-type: application/json' \
        -d '{"uses":1}' http://x/v1/tokens | jq -r .join)"
done
each enroll
[ "$("$ctl" --json device list | jq '[.devices[] | select(.state == "active")] | length')" = $devices ]
[ "$(curl -sS --unix-socket "$PAWL_SOCKET" http://x/v1/tokens | jq '[.tokens[].uses_left] | add')" = 0 ]

echo "all attest at once and are trusted, and again"
"$ctl" policy learn boot --device "$("$ctl" --json device list | jq -r '.devices[0].id')" >/dev/null
"$ctl" policy assign boot --default >/dev/null
for _ in 1 2 3; do each attest; done
[ "$("$ctl" --json device list | jq '[.devices[].attempt | select(. >= 4)] | length')" = $devices ]

echo "one device is revoked, the others are not"
id=$("$ctl" --json device list | jq -r '.devices[0].id')
"$ctl" device revoke "$id" >/dev/null
refused=0
for name in $names; do
    run "$name" attest >"$work/fleet/$name/revoked.log" 2>&1 || refused=$((refused + 1))
done
[ $refused = 1 ]

echo "the service ends in order"
kill -TERM "$pid"
wait "$pid"
pid=
echo "[  PASSED  ] 5 test(s)."
