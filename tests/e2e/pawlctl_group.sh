#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: a policy tried before it goes live says which device would fail and why, and changes
# nothing; a group that watches only warns, and enforced it condemns; an exception makes a device
# pass until it is ended, or its time is over; and what a verdict was made of can be taken away and
# judged again. On two devices that booted with different command lines.
#
#   pawlctl_group.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

tpm_boot() { # NAME: a boot with secure boot on; device b has another command line
    local line="/vmlinuz-6.1.0-55-amd64 root=/dev/sda1 ro"
    [ "$1" = a ] || line="$line init=/bin/sh"
    "$e2e/measured_boot.py" "$(tpm_tcti "$1")" "$work/$1.log.bin" boot "$line"
}
narrow() {
    [ "$(wc -L <"$work/out")" -le 100 ] || fail "wider than 100 columns"
}
refuses() { # EXIT-CODE FIELD ARGUMENT..
    local code=$1 field=$2
    shift 2
    expect "$code" ctl "$@"
    grep -q "^pawlctl: $field: " "$work/err" || fail "pawlctl $*: not for $field"
    same "$(wc -l <"$work/err")" 1
}
attests() { # EXIT-CODE NAME TEXT..
    local code=$1 name=$2
    shift 2
    expect "$code" agent "$name" attest --token "$work/$name.token"
    has out "$@"
}
claim() { # NAME JQ-PATH
    claims "$work/$1.token" | jq -r "$2"
}
dump() { # what the verifier holds of devices and rules, in a form to compare
    verifier_dump v | grep -E 'INSERT INTO (device|device_group|boot|policy|exception|event|audit)'
}

check "two devices enrol, and a policy is learned from one of them"
verifier_make v
verifier_set v admission open
verifier_set v keep_evidence last
verifier_start v
for d in a b; do
    tpm_make $d --ek p256 --banks sha256
    agent_make $d "$(cat "$work/v.join")" "event_log=$work/$d.log.bin" "ima_list=$work/none"
    expect 0 agent $d enroll
    expect 1 agent $d attest
done
a=$(agent_id a) b=$(agent_id b)
expect 0 ctl policy learn gateway --device "$a" --release first
expect 0 ctl policy show gateway
jq -e '.releases[0].name == "first" and (.releases[0].boot.command_lines | length) == 1' \
    "$work/out" >/dev/null || fail "the policy has no release with a command line"

check "tried on all, it names the one that would fail and why, and nothing is changed"
dump >"$work/before"
expect 0 ctl policy test gateway --all
has out "gateway:1 on 2 devices: 1 would pass, 1 would not, 0 worse than now" \
    command-line-differs "${b:0:16}: none now, would be contraindicated" "init=/bin/sh"
lacks out "${a:0:16}:"
narrow
expect 0 ctl --json policy test gateway:1 --device "$b"
same "$(jq -c '[.tested, .would_pass, .would_fail, .worse, .devices[0].release]' "$work/out")" \
    '[1,0,1,0,null]'
expect 0 ctl --json policy test gateway --device "$a"
same "$(jq -r '.devices[0] | .then, .release' "$work/out" | paste -sd,)" affirming,first
dump | diff "$work/before" - || fail "trying a policy changed something"
refuses 1 policy policy test nobody --all
refuses 1 policy policy test gateway:7 --all
refuses 1 version policy test gateway:x --all
refuses 1 group policy test gateway --group nobody
expect 2 ctl policy test gateway

check "a group: made, listed, filled"
refuses 1 policy group set kiosks --mode watch --policy nobody
refuses 1 mode group set kiosks --mode wach
refuses 1 name group set Kiosks --mode watch
expect 0 ctl group set kiosks --mode watch --policy gateway --note "in the lobby"
has out "group kiosks: mode watch, policy gateway"
refuses 1 group device group "$a" nobody
for id in "$a" "$b"; do
    expect 0 ctl device group "$id" kiosks
    has out "${id:0:16}: group kiosks, mode watch"
done
expect 0 ctl group list
has out kiosks watch gateway "in the lobby"
narrow
expect 0 ctl --json device list --group kiosks
same "$(jq '.devices | length' "$work/out")" 2
expect 0 ctl --json device list --group others
same "$(jq '.devices | length' "$work/out")" 0

check "a group that watches warns, and says that it only watches"
attests 0 a affirming
attests 0 b warning command-line-differs
same "$(claim b '.submods.device["ear.status"]')" warning
same "$(claim b .pawl.watch)" true
same "$(claim a '.pawl.watch, .pawl.rel' | paste -sd,)" true,first
expect 0 ctl device show "$b"
has out watched command-line-differs "Next: "
grep -qE '^mode  *watch$' "$work/out" || fail "the mode is missing"
grep -qE '^coverage boot-log  *covered$' "$work/out" || fail "the coverage is missing"
narrow

check "enforced, it condemns the one and not the other"
expect 0 ctl group set kiosks --mode enforce --policy gateway
attests 0 a affirming
attests 1 b contraindicated command-line-differs
same "$(claim b .pawl.watch)" null
verifier_dump v | grep -F 'group kiosks by an operator: policy gateway, mode enforce, was watch' \
    >/dev/null ||
    fail "no event tells of the change"

check "a stricter policy names who passes now and would not any more"
jq '.version = 2 | .secure_boot.sbat = "2099010100"' <(ctl --json policy show gateway) \
    >"$work/strict.json"
expect 1 ctl policy test "$work/strict.json" --group kiosks
has out "gateway:2 on 2 devices: 0 would pass, 2 would not, 1 worse than now" sbat-too-old \
    "${a:0:16}: affirming now, would be contraindicated"
expect 1 ctl policy test - --device "$a" <"$work/strict.json"
refuses 1 secure_boot.sbat policy test - --all \
    < <(jq '.secure_boot.sbat = 7' "$work/strict.json")
attests 0 a affirming

check "what makes no sense is no exception"
add() { # OPTION..: an exception of device b
    ctl exception add "$@" --device "$b" --author ann --note "ticket 4711"
}
refuses 1 code exception add tpm-went-back --all --author ann --note x --until 2099-01-01
has err "is an incident"
refuses 1 code exception add lab-tpm --all --author ann --note x --until 2099-01-01
refuses 1 code exception add nonsense --all --author ann --note x --until 2099-01-01
refuses 1 until exception add pcr-differs --all --author ann --note x --until 2099-01-01
refuses 1 until exception add pcr-differs --all --author ann --note x --until 2001-01-01
refuses 1 until exception add pcr-differs --all --author ann --note x --until tomorrow
refuses 1 author exception add pcr-differs --all --author "" --note x --until 2099-01-01
refuses 1 group exception add pcr-differs --group nobody --author ann --note x \
    --until "$(date -u -d tomorrow +%F)"
expect 2 ctl exception add pcr-differs --all --author ann --note x
expect 2 ctl exception add pcr-differs --author ann --note x --until 2099-01-01
expect 0 ctl exception list
same "$(wc -l <"$work/out")" 1

check "an exception for each fault makes it pass, and says so"
codes=$(ctl --json policy test gateway --device "$b" |
    jq -r '.devices[0].reasons[].code' | grep -vx lab-tpm | sort -u)
[ -n "$codes" ] || fail "device b has no fault"
tomorrow=$(date -u -d tomorrow +%F)
for code in $codes; do
    expect 0 add "$code" --until "$tomorrow"
    has out "$code of ${b:0:16}: excepted until"
done
attests 0 b affirming excepted
expect 0 ctl device show "$b"
has out "by ann until" "ticket 4711"
expect 0 ctl exception list
has out "command-line-differs" "ann: ticket 4711" "${b:0:16}"
narrow

check "its end, by hand, condemns it again, and both stand in the audit chain"
number=$(ctl --json exception list | jq '[.exceptions[].number] | min')
expect 0 ctl exception end "$number"
refuses 1 exception exception end "$number"
refuses 1 exception exception end x
attests 1 b contraindicated
expect 0 ctl audit list
has out excepted ended "of ${b:0:8}, by ann: ticket 4711"
narrow
expect 0 ctl audit verify

check "its end, by its time, does too"
code=$(ctl --json policy test gateway --device "$b" |
    jq -r '.devices[0].reasons[].code' | grep -vxE 'lab-tpm|excepted')
until=$(date -u -d '+15 seconds' +%FT%TZ)
expect 0 add "$code" --until "$until"
attests 0 b affirming
is_condemned() {
    ! agent b attest
}
wait_for is_condemned
attests 1 b contraindicated "$code"

check "what the last verdict was made of goes into a new file and is judged again"
expect 0 ctl device evidence "$a" --out "$work/a.bundle"
expect 0 ctl policy show gateway
cp "$work/out" "$work/gateway.json"
expect 0 ctl appraise --policy "$work/gateway.json" "$work/a.bundle"
has out "The verifier said the same."
refuses 3 "$work/a.bundle" device evidence "$a" --out "$work/a.bundle"

check "a group is dropped once it is empty, and its exceptions go with it"
expect 0 ctl exception add pcr-differs --group kiosks --author ann --note x --until "$tomorrow"
refuses 1 store.group group drop kiosks
for id in "$a" "$b"; do
    expect 0 ctl device group "$id" ''
    has out "${id:0:16}: group none, mode enforce"
done
expect 0 ctl group drop kiosks
refuses 1 group group drop kiosks
expect 0 ctl --json exception list
same "$(jq '[.exceptions[] | select(.group)] | length' "$work/out")" 0
all_passed
