#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pawl-agent against pawl-verifier on a fresh software TPM, as an engineer would meet them: join,
# enroll, approve, attest, reboot, change, restart, outage, revoke; exit codes and what status says.
#
#   agent_verifier.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
set -euo pipefail
umask 077 # copies of the agent's configuration hold a token
agent_program=$1 verifier_program=$2 ctl_program=$3
config=$(cd "$(dirname "$0")/../../swtpm-config" && pwd)
command -v swtpm >/dev/null && command -v tpm2_pcrextend >/dev/null || exit 77

work=$(mktemp -d /tmp/pawl-e2e-XXXXXX)
verifier_pid='' agent_pid='' step=start
finish() {
    local code=$?
    kill -CONT "$(cat "$work/device/pid")" 2>/dev/null || true
    [ -z "$agent_pid" ] || kill "$agent_pid" 2>/dev/null || true
    [ -z "$verifier_pid" ] || kill "$verifier_pid" 2>/dev/null || true
    "$config/stop" "$work/device" >/dev/null 2>&1 || true
    "$config/stop" "$work/other" >/dev/null 2>&1 || true
    if [ $code != 0 ]; then
        echo "FAILED at: $step" >&2
        tail -n 15 "$work"/*.log "$work/out" "$work/err" >&2 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT

boot() { # extends what a firmware would, always the same
    local n
    for n in 0 1 2 3 4 7; do
        tpm2_pcrextend -T "$tcti" "$n:sha256=$(printf "%064d" "$n")"
    done
}

step() {
    step=$*
    echo "-- $step"
}
agent() { # EXIT-CODE COMMAND..: stdout and stderr are kept in $work/out and $work/err
    local want=$1 code=0
    shift
    "$agent_program" --config "$work/agent.ini" "$@" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = "$want" ] || { echo "pawl-agent $*: exit code $code, not $want" >&2; return 1; }
}
ctl() { "$ctl_program" "$@" >"$work/ctl.log" 2>&1; }
has() { # FILE TEXT
    grep -qF -- "$2" "$work/$1" || { echo "$1 lacks: $2" >&2; return 1; }
}
lacks() {
    ! grep -qF -- "$2" "$work/$1" || { echo "$1 has: $2" >&2; return 1; }
}
until_true() { # COMMAND..: within a minute
    local end=$((SECONDS + 60))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { echo "never came true: $*" >&2; return 1; }
        sleep 0.05
    done
}
serve() {
    : >"$work/ready"
    "$verifier_program" serve "$work/verifier" >"$work/ready" 2>>"$work/verifier.log" &
    verifier_pid=$!
    until_true grep -q ready "$work/ready"
}
stop_verifier() {
    kill "$verifier_pid"
    wait "$verifier_pid" || true
    verifier_pid=
}
device_field() { # JQ-EXPRESSION
    "$ctl_program" --json device list 2>>"$work/ctl.log" | jq -r ".devices[0].$1"
}

step "a device, a verifier, and the string that brings them together"
"$config/ca" "$work/ca" >/dev/null
"$config/fresh" "$work/device" --ca "$work/ca" --banks sha1,sha256 --start >/dev/null
tcti=$(cat "$work/device/tcti")
boot
port=$("$(dirname "$0")/free_port.py")
join=$("$verifier_program" init "$work/verifier" --address "127.0.0.1:$port" \
    --listen "127.0.0.1:$port" --lab-roots "$work/ca/roots" \
    --intermediates "$work/ca/intermediates" 2>"$work/init.log")
export PAWL_SOCKET=$work/verifier/operator.sock
serve
agent 0 join "$join"
sed -i "s|^#tcti *=.*|tcti = $tcti|; s|^#state *=.*|state = $work/agent|" "$work/agent.ini"
[ "$(stat -c %a "$work/agent.ini")" = 600 ]

step "identity names the device before it ever spoke to anybody"
agent 0 identity --json
identity=$(jq -r '[.[] | select(.key_matches)][0].device_id' "$work/out")
agent 0 identity --csv
has out "$identity"
agent 1 status
has out "next step:    run \`pawl-agent enroll\`"
agent 2 attest
has err "not enrolled"

step "it enrolls, and waits for the operator"
agent 0 enroll
has out awaits-approval
[ "$(device_field id)" = "$identity" ]
[ "$(device_field state)" = pending ]
agent 1 attest
has out awaits-approval
agent 1 status
has out "the operator approves this device"

step "approved and with a policy it is trusted"
ctl device approve "$identity"
agent 1 attest --json
[ "$(jq -r .verdict "$work/out")" = none ]
[ "$(jq -r .waits "$work/out")" = false ]
ctl policy learn gateway --device "$identity"
ctl policy assign gateway --default
agent 0 attest --token "$work/token"
has out affirming
[ "$(tr -dc . <"$work/token" | wc -c)" = 2 ]
agent 0 status
has out "next step:    none"
agent 0 status --json
[ "$(jq -r .well "$work/out")" = true ]

step "a device in good order does not write its record again"
before=$(stat -c '%i %y' "$work/agent/agent.json")
agent 0 attest
[ "$before" = "$(stat -c '%i %y' "$work/agent/agent.json")" ]

step "after a reboot all banks are quoted, and the device is trusted again"
"$config/stop" "$work/device"
agent 3 attest
"$config/start" "$work/device" >/dev/null
boot
agent 0 attest
agent 0 attest

step "a changed boot is told from a good one"
tpm2_pcrextend -T "$tcti" 7:sha256="$(printf '%064d' 7)"
agent 1 attest
has out "contraindicated: "
has out pcr-differs
agent 1 status
has out pcr-differs
grep "device=$identity outcome=\"attempt" "$work/verifier.log" >"$work/changes"
has changes "contraindicated; lab-tpm: "
has changes "; pcr-differs: sha256:7 is "
"$ctl_program" --json device show "$identity" >"$work/out"
[ "$(jq -r '.reasons[-1].code' "$work/out")" = pcr-differs ]
[ "$(jq -r '.events[0].line | test("pcr-differs: sha256:7 is ")' "$work/out")" = true ]
"$config/stop" "$work/device"
"$config/start" "$work/device" >/dev/null
boot
agent 0 attest

step "an outage is waited for, and does not end the agent"
printf 'interval_s = 1\nsocket = %s\n' "$work/app.sock" >"$work/fast.ini"
cat "$work/agent.ini" >>"$work/fast.ini"
"$agent_program" --config "$work/fast.ini" run 2>"$work/run.log" &
agent_pid=$!
until_true grep -q affirming "$work/run.log"
agent 2 attest
has err "another agent (pid $agent_pid)"
until_true agent 0 status # the rekey of a start that comes so soon may be refused behind it
has out "running (pid $agent_pid)"
stop_verifier
until_true grep -q "cannot connect" "$work/run.log"
agent 1 status
has out "cannot connect"
serve
until_true agent 0 status
is_news() { # only after it: what says so is written behind the agent's record
    [ "$(grep -c affirming "$work/run.log")" -ge 2 ]
}
until_true is_news
[ "$(grep -c affirming "$work/run.log")" = 2 ]
kill "$agent_pid"
wait "$agent_pid"
agent_pid=
has run.log stopped

step "run goes on when nobody reads its log"
mkfifo "$work/unread"
head -c 1 <"$work/unread" >/dev/null &
touch "$work/before"
"$agent_program" --config "$work/fast.ini" run 2>"$work/unread" &
agent_pid=$!
until_true test "$work/agent/contact" -nt "$work/before"
kill "$agent_pid"
wait "$agent_pid"
agent_pid=

step "a TPM that hangs keeps nobody from stopping the agent"
is_in_the_tpm() { # its first connection
    [[ "$(ls -l "/proc/$agent_pid/fd")" == *socket:* ]]
}
is_over() {
    ! kill -0 "$agent_pid" 2>/dev/null || grep -q '^State:.Z' "/proc/$agent_pid/status"
}
is_told_again() {
    kill "$agent_pid" 2>/dev/null
    is_over
}
for patience in is_over is_told_again; do
    kill -STOP "$(cat "$work/device/pid")"
    "$agent_program" --config "$work/fast.ini" run 2>"$work/hung.log" &
    agent_pid=$!
    until_true is_in_the_tpm
    began=$SECONDS
    kill "$agent_pid"
    until_true $patience
    [ $patience = is_over ] || [ $((SECONDS - began)) -lt 5 ]
    code=0
    wait "$agent_pid" || code=$?
    agent_pid=
    [ $code = 3 ]
    has hung.log "ended by force"
    kill -CONT "$(cat "$work/device/pid")"
done
agent 0 attest

step "a device that lost its state enrolls again only with leave, and keeps its id"
rm -rf "$work/agent"
agent 1 enroll
has out "refused: wait for approval"
[ "$(device_field id)" = "$identity" ]
agent 1 status
has out "\`pawlctl device approve\`, or a token"
ctl device approve "$identity"
agent 0 enroll
[ "$(device_field id)" = "$identity" ]
agent 0 attest
rm -rf "$work/agent"
agent 1 enroll
has out "refused: wait for approval"
agent 2 join - </dev/null
has err "standard input"
"$ctl_program" --json token create --device "$identity" | jq -r .join >"$work/join"
agent 0 join - <"$work/join"
agent 0 enroll
[ "$(device_field id)" = "$identity" ]
agent 0 attest
has out affirming

step "a revoked device is told so, and nothing else"
ctl device revoke "$identity"
agent 1 attest
has out "refused: revoked"
agent 1 status
has out "ask the verifier's operator"
agent 1 enroll

step "what is not the verifier's is not believed"
pin=$(sed -n 's/^verifier_key = //p' "$work/agent.ini")
other=$(printf 'A%.0s' $(seq 43))
sed "s|^verifier_key = .*|verifier_key = $other|; s|^state = .*|state = $work/agent2|" \
    "$work/agent.ini" >"$work/other.ini"
code=0
"$agent_program" --config "$work/other.ini" enroll 2>"$work/err" || code=$?
[ $code = 1 ]
has err "verifier_key: "
sed "s|^tls = .*|tls = pin:$pin|; s|^state = .*|state = $work/agent2|" \
    "$work/agent.ini" >"$work/other.ini"
code=0
"$agent_program" --config "$work/other.ini" enroll 2>"$work/err" || code=$?
[ $code = 1 ]
has err "tls.pin: "

step "every kind of EK and AK enrolls, with whatever banks there are"
for kind in rsa2048:p256:sha256 rsa2048:rsa2048:sha256 p384:p256:sha384,sha256 \
    p384:rsa2048:sha1,sha256,sha384,sha512 p256:rsa2048:sha256; do
    IFS=: read -r ek ak banks <<<"$kind"
    "$config/fresh" "$work/other" --ca "$work/ca" --ek "$ek" --banks "$banks" --start >/dev/null
    sed "s|^tcti = .*|tcti = $(cat "$work/other/tcti")|; s|^state = .*|state = $work/agent3|
         s|^#ak = .*|ak = $ak|; /^token = /d" "$work/agent.ini" >"$work/other.ini"
    "$agent_program" --config "$work/other.ini" enroll >"$work/out" 2>"$work/err"
    has out awaits-approval
    code=0
    "$agent_program" --config "$work/other.ini" attest >"$work/out" 2>"$work/err" || code=$?
    [ $code = 1 ]
    has out awaits-approval
    "$config/stop" "$work/other"
    rm -rf "$work/other" "$work/agent3"
done

step "no secret is in any log"
secret=$(sed -n 's/^token = .*\.//p' "$work/agent.ini")
[ ${#secret} = 43 ]
lacks verifier.log "$secret"
lacks agent/agent.json "$secret"
echo "agent_verifier: all passed"
