#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: what a firmware and a kernel measured reaches the verdict. Every quote names the event log;
# it goes with the enrolment, after a reboot, and where the verifier asks for it; the measurement list
# from the entry that a result names, in pieces where it is long. Coverage says what was looked at;
# a log that is gone is said once and costs its coverage alone.
#
#   measured.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL IMA.PY
. "$(dirname "$0")/world.sh"
ima_py=$(realpath "$4")
line_55="/vmlinuz-6.1.0-55 root=/dev/sda1 ro"
line_56="/vmlinuz-6.1.0-56 root=/dev/sda1 ro"
command_line=$line_55
listed=0

tpm_boot() { # NAME: a boot of this command line, and five files
    "$e2e/measured_boot.py" "$(tpm_tcti "$1")" "$work/$1.log.bin" boot "$command_line"
    : >"$work/$1.list.bin"
    listed=0
    files "$1" 5
}
files() { # NAME COUNT: the kernel measures more of them
    "$e2e/measured_boot.py" "$(tpm_tcti "$1")" "$work/$1.list.bin" files "$ima_py" $listed "$2"
    listed=$((listed + $2))
}
size() {
    stat -c %s "$work/$1"
}
seen=0
passes() { # JQ-CONDITION: for wait_for; a request that passed since the last mark is such a one
    tail -n "+$((seen + 1))" "$work/wire" | jq -es "any(.[]; $1)"
}
mark() {
    seen=$(wc -l <"$work/wire")
}
happened() { # JQ-CONDITION: one since the mark
    passes "$1" >/dev/null || fail "there was none: $1"
}
never() { # JQ-CONDITION: none since the mark
    ! passes "$1" >/dev/null || fail "there was one: $1"
}
is_first() { # JQ-CONDITION: of the first since the mark
    same "$(tail -n "+$((seen + 1))" "$work/wire" | head -n 1 | jq "$1")" true
}
pieces() {
    tail -n "+$((seen + 1))" "$work/wire" | jq -s 'map(select(.ima))'
}
list_passed() { # whole, since the mark
    [ "$(pieces | jq 'map(.ima[1]) | add')" = "$(size d.list.bin)" ]
}
is_covered() { # STATUS COVERAGE RELEASE: what the device was told
    agent d status --json >"$work/status" || true
    [ "$(jq -r '[.result, (.coverage | to_entries | map(.key + "=" + .value) | join(",")), .release]
        | join(" ")' "$work/status" | sed 's/=covered//g')" = "$*" ]
}
named() { # of the event log as it is
    echo ".named == [[1, $(size d.log.bin), \"$(sha256sum "$work/d.log.bin" | cut -c-64)\"]]"
}

check "an enrolment names and carries the event log"
verifier_make v
verifier_set v admission open
verifier_start v
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/proxy.key" \
    -subj /CN=proxy -out "$work/proxy.crt" -days 2 2>/dev/null
pin=$(openssl x509 -in "$work/proxy.crt" -noout -pubkey | openssl pkey -pubin -outform DER |
    openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =)
port=$(free_port)
start_process wire "$e2e/measured_wire.py" "$port" "$work/proxy.crt" "$work/proxy.key" \
    "$(cat "$work/v.port")" "$work/wire"
wait_for says wire.ready ready
tpm_make d --ek p256 --banks sha256
agent_make d "$(cat "$work/v.join")" "server=127.0.0.1:$port" "tls=pin:$pin" interval_s=1 \
    "event_log=$work/d.log.bin" "ima_list=$work/d.list.bin"
agent_run() {
    start_process d.agent "$agent_program" --config "$work/d.ini" run
}
touch "$work/wire"
agent_run
wait_for passes '.label == "pawl/1 enrol"'
wait_for passes "$(named) and .log == $(size d.log.bin) and .status == 200 and .ima == null"


check "with a policy about both, boot and files are covered and affirmed"
expect 0 "$e2e/measured_boot.py" - "$work/policy.json" policy 7000 "$line_55" "$line_56"
expect 0 ctl policy add "$work/policy.json"
knows_its_id() { # it writes that down behind the verifier
    id=$(agent_id d)
    [ "$id" != null ]
}
wait_for knows_its_id
mark
expect 0 ctl policy assign measured --device "$id"
wait_for is_covered affirming identity,boot-log,runtime 6.1.0-55
same "$(device_field "$id" .coverage)" "$(jq .coverage "$work/status")"
happened '.want_ima == 0 and .ticket and .status == 200'
happened ".path == \"supply\" and .ima == [0, $(size d.list.bin)] and .status == 200"
never '.log != null' # the verifier knows this boot since the enrolment

check "what follows is named and left out, and new entries go alone"
mark
wait_for passes "$(named) and .log == null and .ima == null and .status == 200"
never '.log != null or .ima != null'
first=$(size d.list.bin)
files d 7
wait_for passes ".ima == [5, $(($(size d.list.bin) - first))] and .status == 200"
wait_for is_covered affirming identity,boot-log,runtime 6.1.0-55

check "a new process sends the list from where the verifier stands, and not before it says so"
stop_process d.agent
mark
agent_run
wait_for passes "$(named) and .want_ima == 12 and .status == 200"
is_first '.ima == null and .log == null'
first=$(size d.list.bin)
files d 2
wait_for passes ".ima == [12, $(($(size d.list.bin) - first))] and .status == 200"

check "after a reboot log and list go once more, and the other release is found"
stop_process d.agent
command_line=$line_56
tpm_restart d
mark
agent_run
wait_for is_covered affirming identity,boot-log,runtime 6.1.0-56
happened "$(named) and .log == $(size d.log.bin)"
happened ".ima == [0, $(size d.list.bin)]"

check "a long list goes in pieces"
stop_process d.agent
tpm_restart d
files d 6000
mark
agent_run
wait_for list_passed
is_first '.log != null and .ima[0] == 0 and .ticket'
same "$(pieces | jq 'length >= 3 and all(.[1:][]; .path == "supply" and .status == 200)')" true
wait_for is_covered affirming identity,boot-log,runtime 6.1.0-56

check "a file that nobody knows is contraindicated"
listed=8000
files d 1
wait_for is_covered contraindicated identity,boot-log,runtime 6.1.0-56

check "logs that are gone are said once and cost their coverage alone"
stop_process d.agent
lacks d.agent.log "attesting without it"
tpm_restart d
rm "$work/d.log.bin" "$work/d.list.bin"
mark
agent_run
wait_for is_covered warning identity,boot-log=no-event-log,runtime=no-ima-list ""
wait_for says d.agent.log "ima_list: cannot open it: No such file or directory; attesting without it"
mark
wait_for passes '.named == [] and .status == 200'
never '.log != null or .ima != null'
same "$(grep -c "event_log: .*; attesting without it" "$work/d.agent.log")" 1
same "$(grep -c "ima_list: .*; attesting without it" "$work/d.agent.log")" 1
all_passed
