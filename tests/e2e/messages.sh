#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: messages go both ways between real programs, whatever is running and whatever is away; the
# queue pushes back when it is full and loses nothing; who may not use the socket does not; and each
# message arrives once, through rekeys and kills too.
#
#   messages.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

app() { # ARGUMENT..: of an application
    /usr/bin/python3 "$e2e/app.py" "$@"
}
texts() { # of all messages that the verifier has
    ctl --json message list | jq -r '.messages[].text'
}
arrived() { # TEXT..: each of them once
    local text
    texts >"$work/texts"
    for text in "$@"; do
        same "$(grep -cxF -- "$text" "$work/texts")" 1
    done
}
has_arrived() { # TEXT: for wait_for
    texts | grep -qxF -- "$1"
}
all_arrived() { # PREFIX N: PREFIX 1 to PREFIX N, each once
    texts | grep -E "^$1 [0-9]+\$" | sort -u | wc -l >"$work/n"
    [ "$(cat "$work/n")" = "$2" ]
}
each_once() { # PREFIX N
    wait_for all_arrived "$1" "$2"
    same "$(texts | grep -cE "^$1 [0-9]+\$")" "$2"
}
numbered() { # PREFIX N
    seq -f "$1 %g" "$2"
}
run_agent() {
    start_process run "$agent_program" --config "$work/d.ini" run
    wait_for agent_answers
}
agent_answers() {
    [ "$(app "$work/d.sock" ask '["status"]' | jq '.[1].epoch')" -gt 0 ]
}
queue_is() { # N: for wait_for
    [ "$(app "$work/d.sock" ask '["status"]' | jq '.[1].queue')" = "$1" ]
}
epoch() {
    { agent d status --json || true; } | jq -r .epoch
}

verifier_make v
verifier_set v admission open
verifier_start v
tpm_make d
agent_make d "$(cat "$work/v.join")" poll_s=1 jitter_s=0

check "without an enrolment nothing is queued"
expect 2 agent d send <<<early
has err "not enrolled"
expect 2 agent d recv
expect 0 agent d enroll
id=$(agent_id d)
expect 0 ctl policy learn d --device "$id"
expect 0 ctl policy assign d --device "$id"

check "without a running agent send and recv are one themselves"
expect 0 agent d send - < <(printf 'hello alone')
same "$(cat "$work/out" "$work/err")" ""
arrived "hello alone"
printf 'from a file' >"$work/file"
expect 0 agent d send "$work/file"
arrived "from a file"
expect 0 agent d recv
same "$(cat "$work/out" "$work/err")" ""
expect 0 ctl message send "$id" "down to nobody"
expect 0 ctl message send "$id" "and again"
expect 0 agent d recv --lines
same "$(cat "$work/out")" $'down to nobody\nand again'
expect 0 agent d recv --lines
same "$(cat "$work/out")" ""
expect 2 agent d recv --follow
has err "none runs"

check "a message has 1 to 32704 bytes"
head -c 32704 /dev/urandom >"$work/big"
expect 0 agent d send "$work/big"
ctl --json message list | jq -rs '[.[].messages[]][-1].body_b64' | base64 -d | cmp - "$work/big"
cat "$work/big" "$work/file" >"$work/bigger"
expect 2 agent d send "$work/bigger"
has err "more than 32704 bytes"
expect 2 agent d send /dev/null
has err "0 bytes"
expect 2 agent d send "$work/nothing"
expect 2 agent d send "$work"

check "many lines are many messages"
numbered alone 300 >"$work/lines"
expect 0 agent d send --lines "$work/lines"
each_once alone 300
printf '\n\nlast, without an end' >"$work/lines"
expect 0 agent d send --lines "$work/lines"
arrived "last, without an end"

check "what cannot go stays, and goes with the next"
stop_process v
expect 4 agent d send - < <(printf 'kept one')
has err "not acknowledged yet"
expect 4 agent d send - < <(printf 'kept two')
expect 3 agent d recv
verifier_start v
expect 0 agent d send - < <(printf 'third')
same "$(texts | tail -n 3 | tr '\n' ' ')" "kept one kept two third "

check "a running agent takes messages and sends them"
run_agent
expect 0 agent d send - < <(printf 'by the agent')
same "$(cat "$work/out" "$work/err")" ""
wait_for has_arrived "by the agent"
expect 0 agent d send --wait - < <(printf 'and waits')
arrived "and waits"
numbered running 1000 >"$work/lines"
expect 0 agent d send --lines --wait "$work/lines"
each_once running 1000
{ agent d status || true; } >"$work/out"
has out "queue:        empty"
expect 2 agent d send "$work/bigger"
expect 2 agent d send /dev/null
expect 2 agent d attest
has err "another agent"

check "send takes a line when it is written, not when the file ends"
mkfifo "$work/slow"
start_process slow "$agent_program" --config "$work/d.ini" send --lines "$work/slow"
exec 3>"$work/slow"
echo "line a day" >&3
wait_for has_arrived "line a day"
echo "the day after" >&3
exec 3>&-
stop_process slow 0 CONT
wait_for has_arrived "the day after"

check "the downlink comes, is followed, and comes again until it is taken"
expect 0 ctl message send "$id" "first down"
expect 0 ctl message send "$id" "second down"
expect 0 agent d recv --follow --count 1
same "$(cat "$work/out")" "first down"
app "$work/d.sock" ask '["receive", 0, 60000]' '["receive", 0, 0]' >"$work/out"
same "$(cut -d, -f1,3 "$work/out" | sort -u | wc -l)" 1
has out "$(printf 'second down' | od -An -tx1 | tr -d ' \n')"
start_process follow /usr/bin/python3 "$e2e/app.py" "$work/d.sock" follow 3
wait_for says follow.ready "second down"
expect 0 ctl message send "$id" "third down"
wait_for says follow.ready "third down"
printf 'fourth down' | expect 0 ctl message send "$id" -
wait_for says follow.ready "fourth down"
stop_process follow 0 CONT
expect 0 agent d recv
same "$(cat "$work/out")" ""
app "$work/d.sock" ask '["receive", 0, 10]' >"$work/out"
has out none
down() {
    [ "$(device_field "$id" .downlink)" = "$1" ]
}
wait_for down 0

check "the page's example in another language works, and both sides have the same key"
sed -n '/^```python$/,/^```$/p' "$e2e/../../docs/application-socket.md" | sed '1d;$d' >"$work/example.py"
expect 0 ctl message send "$id" "for the example"
expect 0 /usr/bin/python3 "$work/example.py" "$work/d.sock"
has out "queued as" "received for the example"
wait_for has_arrived "21.5 C"
now=$(epoch)
key=$(ctl --json device key "$id" telemetry | jq -r .key)
app "$work/d.sock" ask '["key", "telemetry", {"hex": ""}, 32, 0]' \
    "[\"key\", \"telemetry\", {\"hex\": \"\"}, 32, $now]" '["key", "telemetry", {"hex": ""}, 16, 0]' \
    '["key", "other", {"hex": ""}, 32, 0]' '["key", "telemetry", {"hex": ""}, 32, 999]' \
    '["key", "telemetry", {"hex": ""}, 15, 0]' '["key", "", {"hex": ""}, 32, 0]' >"$work/out"
same "$(sed -n 1p "$work/out")" "[\"key\", $now, \"$key\"]"
same "$(sed -n 2p "$work/out")" "[\"key\", $now, \"$key\"]"
same "$(grep -c "$key" "$work/out")" 2
same "$(sed -n '5,7p' "$work/out" | jq -r '.[0] + .[1]' | tr '\n' ' ')" "errorabsent errorrange errorrange "
lacks run.log "$key"

check "answers keep the order of requests, and what is no frame is told so and cut off"
app "$work/d.sock" ahead 64 >"$work/out"
same "$(jq -r '.[0]' "$work/out" | sort | uniq -c | tr -s ' ')" " 64 queued"
jq -r '.[1]' "$work/out" | sort -n -c
for hex in 00 ff 8164 "8164 73696e67" "8265 74616b656e 1801" "83 64 73656e64 4161 f4"; do
    app "$work/d.sock" raw "${hex// /}" >"$work/out"
    same "$(head -n 1 "$work/out" | jq -r '.[0] + .[1]')" errorform
    same "$(tail -n 1 "$work/out")" null
done
app "$work/d.sock" raw "$(printf '00%.0s' $(seq 40000))" >"$work/out"
same "$(head -n 1 "$work/out" | jq -r '.[0] + .[1]')" errorform

check "who asks and does not read holds up nobody else"
start_process lazy /usr/bin/python3 "$e2e/app.py" "$work/d.sock" lazy
wait_for says lazy.ready full
expect 0 agent d send --wait - < <(printf 'beside the lazy one')
kill_process lazy
expect 0 agent d send --wait - < <(printf 'and without')
arrived "beside the lazy one" "and without"

if [ "$(id -u)" = 0 ]; then
    check "who may not use the socket does not"
    chmod 711 "$work"
    same "$(app --as nobody "$work/d.sock" ask '["status"]')" '"no permission"'
    stop_process run
    agent_set d socket_users=daemon
    run_agent
    same "$(app --as nobody "$work/d.sock" ask '["status"]' | jq -r '.[0] + .[1]')" errordenied
    same "$(app --as daemon "$work/d.sock" ask '["status"]' | jq -r '.[0]')" status
    stop_process run
    agent_set d "socket_users=daemon, nobody" socket_groups=12345
    run_agent
    same "$(app --as nobody "$work/d.sock" ask '["status"]' | jq -r '.[0]')" status
    same "$(app --as games "$work/d.sock" ask '["status"]' | jq -r '.[1]')" denied
    same "$(app --as games --group 12345 "$work/d.sock" ask '["status"]' | jq -r '.[0]')" status
    stop_process run
    agent_set d socket_users=nobody-knows-them
    expect 2 agent d run
    has err "socket_users"
    agent_set d socket_users=root socket_groups=0
    run_agent
    chmod 700 "$work"
fi

check "a socket that cannot be made is said at the start"
cp "$work/d.ini" "$work/e.ini"
agent_set e "state=$work/e.state"
expect 2 agent e run
has err "is in use"
agent_set e "socket=$work/no/such/place"
expect 2 agent e run
has err "socket = off"
expect 2 agent e send <<<x
has err "not enrolled"

check "days without the verifier: a full queue says so and loses nothing"
stop_process run
agent_set d queue_max=65536 interval_s=300
run_agent
stop_process v
head -c 20000 /dev/zero | tr '\0' x >"$work/filler"
n=0
while agent d send - < <(printf 'filler %d ' $((n + 1)); cat "$work/filler") 2>"$work/err"; do
    n=$((n + 1))
    [ $n -lt 10 ] || fail "the queue takes everything"
done
same $n 3
has err "at most 65536"
expect 5 agent d send - <"$work/filler"
numbered small 200 >"$work/lines"
expect 5 agent d send --lines "$work/lines"
taken=$(sed -n 's/^pawl-agent: \([0-9]*\) messages are queued, no more$/\1/p' "$work/err")
[ "$taken" -gt 0 ] && [ "$taken" -lt 200 ] || fail "$taken lines were taken"
queue_is $((3 + taken))
{ agent d status || true; } >"$work/out"
has out "$((3 + taken)) to send"
tail -n +$((taken + 1)) "$work/lines" >"$work/rest"
start_process patient "$agent_program" --config "$work/d.ini" send --lines --wait "$work/rest"
verifier_start v
wait_for queue_is 0
each_once small 200
stop_process patient 0 CONT
same "$(texts | grep -c '^filler [123] x')" 3

check "the same with the agent killed meanwhile"
stop_process v
numbered killed 50 >"$work/lines"
expect 0 agent d send --lines "$work/lines"
kill_process run
run_agent
queue_is 50
numbered after 50 >"$work/lines"
expect 0 agent d send --lines "$work/lines"
verifier_start v
each_once killed 50
each_once after 50

check "keys turn over while messages flow both ways"
before=$(epoch)
stop_process run
agent_set d queue_max=16777216
run_agent
mkfifo "$work/flow"
start_process flow "$agent_program" --config "$work/d.ini" send --lines --wait "$work/flow"
exec 3>"$work/flow"
n=0
turned=$(grep -cF "(epoch" "$work/run.log" || true) # in its runs before
for turn in 1 2 3; do
    expect 0 ctl device rekey "$id"
    expect 0 ctl message send "$id" "turn $turn"
    until says_more $((turned + turn - 1)) run.log "(epoch"; do
        n=$((n + 1))
        echo "flow $n" >&3
        [ $n -lt 100000 ] || fail "no rekey"
        sleep 0.01
    done
done
exec 3>&-
stop_process flow 0 CONT
each_once flow $n
[ "$(epoch)" -ge $((before + 3)) ] || fail "epoch $(epoch) after $before"
same "$(ctl --json message list | jq -r '.messages[] | select(.text // "" | startswith("flow")) | .epoch' |
    sort -u | wc -l | awk '{ print ($1 > 1) }')" 1
expect 0 agent d recv --lines --follow --count 3
same "$(cat "$work/out")" $'turn 1\nturn 2\nturn 3'
key=$(ctl --json device key "$id" telemetry | jq -r .key)
same "$(app "$work/d.sock" ask '["key", "telemetry", {"hex": ""}, 32, 0]' | jq -r '.[2]')" "$key"

check "the compact form carries the same"
stop_process run
[ ! -e "$work/d.sock" ] || fail "the socket is still there"
agent_set d message_form=compact
run_agent
expect 0 agent d send --wait - < <(printf 'compact')
arrived compact
stop_process run

check "an attest behind messages needs no challenge"
unchallenged() { # how much evidence came without a challenge
    curl -sS --unix-socket "$work/v/operator.sock" http://verifier/metrics |
        awk -F'[" ]' '/^pawl_requests_total.*class="2xx"/ { n[$2] = $NF }
                      END { print n["evidence"] - n["challenge"] }'
}
more_unchallenged_than() {
    [ "$(unchallenged)" -gt "$1" ]
}
before=$(unchallenged)
agent_set d interval_s=2
run_agent
wait_for more_unchallenged_than $((before + 1))
stop_process run
agent_set d interval_s=300

check "messages = off: attestation, rekeys and keys alone"
agent_set d messages=off
run_agent
expect 2 agent d send <<<x
has err "messages: are off"
expect 2 agent d recv
app "$work/d.sock" ask '["key", "telemetry", {"hex": ""}, 32, 0]' >"$work/out"
same "$(jq -r '.[0]' "$work/out")" key
expect 0 ctl device rekey "$id"
stop_process run
expect 2 agent d send <<<x
has err off
expect 0 agent d rekey
agent_set d socket=off
start_process off "$agent_program" --config "$work/d.ini" run
wait_for says off.log affirming
[ ! -e "$work/d.sock" ] || fail "the socket is there"
stop_process off

all_passed
