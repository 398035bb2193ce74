#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The fleet against a real verifier: a few devices enrol in process and over TLS, attest and speak;
# all are served, what a device remembers holds from one command to the next, and one that never
# enrolled is refused and said to be. Whoever is asked to come again does, and nobody is left out.
#
#   smoke.sh FLEET VERIFIER
set -eu
fleet=$1 verifier=$2
work=$(mktemp -d /tmp/pawl-e2e-XXXXXX)
pid='' early=''
finish() {
    code=$?
    trap - EXIT
    for one in $pid $early; do
        kill "$one" 2>/dev/null || true
    done
    [ $code = 0 ] || tail -n 20 "$work/out" "$work/log" >&2 || true
    rm -rf "$work"
    exit $code
}
trap finish EXIT

port=$("$(dirname "$0")/../../e2e/free_port.py")
mkdir "$work/roots"
"$fleet" ca --fleet "$work/fleet" --devices 12 >"$work/roots/ca.pem"
join=$("$verifier" init "$work/v" --address "127.0.0.1:$port" --listen "127.0.0.1:$port" \
    --lab-roots "$work/roots" --admission open 2>"$work/log")

run() { # JOB DONE [OPTION..]: all of them are served
    job=$1 want=$2
    shift 2
    "$fleet" "$job" --fleet "$work/fleet" --join "$join" --pid "$pid" "$@" >"$work/out" 2>&1
    grep -q "\"job\": \"$job\", \"done\": $want, .*\"failed\": 0," "$work/out"
    echo "ok: $job $*"
}

until_says() { # FILE TEXT PID
    n=0
    until grep -qs "$2" "$1"; do
        n=$((n + 1))
        [ $n -lt 2400 ] && kill -0 "$3"
        sleep 0.05
    done
}

"$fleet" grow --fleet "$work/fleet" --state "$work/v" --devices 6 --learn >"$work/out" 2>&1
grep -q '"devices": 6' "$work/out"
echo "ok: grow"
"$fleet" attest --fleet "$work/fleet" --join "$join" --devices 6 --connections 6 \
    >"$work/early" 2>&1 &
early=$!
until_says "$work/early" "comes again" $early
"$verifier" serve "$work/v" >"$work/ready" 2>>"$work/log" &
pid=$!
until_says "$work/ready" ready $pid

wait $early || tail "$work/early" >&2
early=''
grep -q '"done": 6, .*"failed": 0, "refused": [1-9]' "$work/early"
echo "ok: who came too early"
if "$fleet" attest --fleet "$work/fleet" --join "$join" --first 6 >"$work/out" 2>&1; then
    echo "devices that never enrolled attest" >&2
    exit 1
fi
grep -q 'turn 2 is answered by 403' "$work/out"
echo "ok: strangers are refused"
run enrol 6 --first 6 --connections 2
run attest 12 --connections 3
run attest 12 --connections 2 --fresh --at-once
run attest 5 --some 5 --fresh --at-once --connections 2
run attest 12 --prepared --connections 3
run messages 12 --batch 70 --connections 2
run messages 12 --batch 70 --connections 2 --floor message
kill $pid
wait $pid
pid=
! grep -E 'Sanitizer|runtime error:' "$work/log" "$work/out"
