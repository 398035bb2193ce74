#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: what a firmware and a kernel measured reaches the verifier. Every quote names the event
# log; it goes with the enrolment, and after a reboot once; the measurement list goes when a result
# asks for it, from the entry that it names; a log that is gone is said once and stops nothing.
#
#   measured.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL IMA.PY
. "$(dirname "$0")/world.sh"
ima_py=$(realpath "$4")
command_line="/vmlinuz-6.1.0-55-amd64 root=/dev/sda1 ro"
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
never() { # JQ-CONDITION: none since the mark
    ! passes "$1" >/dev/null || fail "there was one: $1"
}
is_first() { # JQ-CONDITION: of the first since the mark
    same "$(tail -n "+$((seen + 1))" "$work/wire" | head -n 1 | jq "$1")" true
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
    "$(cat "$work/v.port")" "$work/wire" "$work/want"
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

check "later quotes name it and leave it out"
mark
wait_for passes "$(named) and .status == 200"
never '.log != null'

check "the list goes from the entry that a result names, and its MAC holds"
echo '{"2": 0}' >"$work/want"
wait_for passes ".ima == [0, $(size d.list.bin)] and .status == 200"
first=$(size d.list.bin)
files d 7
echo '{"2": 5}' >"$work/want"
wait_for passes ".ima == [5, $(($(size d.list.bin) - first))] and .status == 200"

check "a process that nobody asked yet sends none of it"
stop_process d.agent
rm "$work/want"
mark
agent_run
wait_for passes "$(named) and .status == 200"
is_first '.ima == null'

check "after a reboot the log goes once more"
stop_process d.agent
command_line="/vmlinuz-6.1.0-56-amd64 root=/dev/sda1 ro"
tpm_restart d
mark
agent_run
wait_for passes "$(named) and .log == $(size d.log.bin) and .status == 200"
mark
wait_for passes "$(named) and .log == null and .status == 200"

check "a log that is wanted again goes again"
echo '{"1": [1]}' >"$work/want"
wait_for passes ".log == $(size d.log.bin) and .status == 200"
rm "$work/want"

check "a log that is gone is said once and stops nothing"
lacks d.agent.log "attesting without it"
rm "$work/d.log.bin" "$work/d.list.bin"
echo '{"2": 0}' >"$work/want"
mark
wait_for passes '.named == [] and .status == 200'
wait_for says d.agent.log "ima_list: cannot open it: No such file or directory; attesting without it"
mark
wait_for passes '.named == [] and .status == 200'
never '.log != null or .ima != null'
same "$(grep -c "event_log: .*; attesting without it" "$work/d.agent.log")" 1
same "$(grep -c "ima_list: .*; attesting without it" "$work/d.agent.log")" 1
all_passed
