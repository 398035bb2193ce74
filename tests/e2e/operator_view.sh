#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: an operator from afar sees what he asks for and nothing else: by a token, by a certificate,
# of a verifier that he knows by its key or its authority; labels and filters find devices; and the
# stream, cut by a verifier that is killed, goes on with nothing missed and nothing twice.
#
#   operator_view.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

socket() { # PATH [BODY]: of whoever has the socket
    curl -sS --unix-socket "$work/v/operator.sock" "http://verifier/v1$1" \
        ${2:+-H "Content-Type: application/json" -d "$2"}
}
afar() { # ARGUMENT..: without the socket
    env -u PAWL_SOCKET "$ctl_program" --url "$url" "$@"
}
say() { # TEXT..: a message for each
    printf '%s\n' "$@" | agent d send
}
streamed() { # TEXT: for wait_for
    jq -r '.messages[].text' "$work/stream.ready" | grep -qxF -- "$1"
}
ids() { # LABEL
    afar --token-file "$work/token" --json device list --label "$1" | jq -r '.devices[].id'
}

verifier_make v
verifier_set v admission open
port=$(free_port)
sed -i "s|^\[verifier\]|&\noperator_listen = 127.0.0.1:$port|" "$work/v/verifier.ini"
url=https://127.0.0.1:$port
pin=$(sed 's/.*[?&]tls=\([^&]*\).*/\1/' "$work/v.join")
verifier_start v
tpm_make d
agent_make d "$(cat "$work/v.join")" jitter_s=0
expect 0 agent d enroll
id=$(agent_id d)

check "who is not known sees nothing, and says so in one line"
expect 1 afar --pin "$pin" device list
has err "pawlctl: "
same "$(wc -l <"$work/err")" 1
lacks err "$id"

check "a token opens the door, whose key is pinned"
socket /credentials '{"name": "ann", "role": "operator"}' | jq -r .secret >"$work/token"
chmod 600 "$work/token"
expect 0 afar --pin "$pin" --token-file "$work/token" device list
has out "${id:0:16}"
printf 'a b\n' >"$work/two"
chmod 600 "$work/two"
expect 1 afar --pin "$pin" --token-file "$work/two" device list
has err "holds more than one token"
expect 1 afar --pin "$(printf 'A%.0s' {1..43})" --token-file "$work/token" device list
has err "pin: the verifier's TLS key is not the pinned one"

check "so does a client certificate, and an authority knows the verifier"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=bob \
    -keyout "$work/bob.key" -out "$work/bob.crt" 2>/dev/null
spki=$(openssl x509 -in "$work/bob.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)
socket /credentials "{\"name\": \"bob\", \"role\": \"read\", \"spki\": \"$spki\"}" >"$work/answer"
expect 0 afar --pin "$pin" --cert "$work/bob.crt" --key "$work/bob.key" device show "$id"
expect 1 afar --pin "$pin" --cert "$work/bob.crt" --key "$work/bob.key" device revoke "$id"
expect 1 afar --token-file "$work/token" device list # the system does not know it
has err "pawlctl: verifier: "

check "what is not given stands in the environment, and contradictions are usage"
export PAWL_PIN=$pin PAWL_TOKEN_FILE=$work/token
expect 0 env -u PAWL_SOCKET PAWL_URL="$url" "$ctl_program" device show "$id"
expect 1 afar --url "${url/https/http}" device list
has err "url: does not begin with https://"
expect 2 afar --socket "$work/v/operator.sock" device list
expect 2 afar --cert "$work/bob.crt" device list

check "labels are given, shown, found and taken"
expect 0 afar device label "$id" site=berlin lab
has out "site=berlin"
same "$(ids site=berlin)" "$id"
same "$(ids lab)" "$id"
same "$(ids site=paris)" ""
expect 0 afar device label "$id" site=paris
same "$(ids site=berlin)" ""
expect 0 afar device label "$id" --remove site
same "$(device_field "$id" '.labels | join(",")')" lab
has out ": lab"
expect 1 afar device label "$id" 'No Label'
has err "pawlctl: add: "

check "filters narrow the list, and counts are of all"
for filter in "--state active" "--begins ${id:0:1}" "--label lab --state active"; do
    # shellcheck disable=SC2086  # options
    same "$(afar --json device list $filter | jq '.devices | length')" 1
done
for filter in "--state pending" "--overdue" "--group kiosks" "--release none"; do
    # shellcheck disable=SC2086
    same "$(afar --json device list $filter | jq '.devices | length')" 0
done
expect 1 afar device list --state gone
has err "state: is none of"
expect 1 afar device list --begins xyz
has err "begins: "
same "$(afar --json fleet | jq -c '[.devices, .state.active, .group[""]]')" "[1,1,1]"

check "a stream that is cut goes on where it was"
expect 0 ctl policy learn d --device "$id"
expect 0 ctl policy assign d --device "$id"
say first second
start_process stream env -u PAWL_SOCKET "$ctl_program" --url "$url" --json stream
wait_for streamed second
kill_process v
wait_for says stream.log "the stream was cut"
verifier_start v
say third
wait_for streamed third
stop_process v # in order: it ends the stream
verifier_start v
say fourth fifth
wait_for streamed fifth
jq -r '.messages[] | select(.type == "message").text' "$work/stream.ready" |
    grep . >"$work/texts" # each ends with the line end of its line
same "$(tr '\n' ' ' <"$work/texts")" "first second third fourth fifth "
same "$(jq -r '.messages[].cursor' "$work/stream.ready" | sort | uniq -d)" ""
ctl --json message list | jq -r '.messages[].cursor' >"$work/feed"
jq -r '.messages[].cursor' "$work/stream.ready" >"$work/seen"
same "$(cat "$work/seen")" "$(cat "$work/feed")"
kill_process stream

check "what comes goes out as it comes, and does not wait until a sign of life is due"
arrived() { # WHAT FILE
    grep -q -- "$1" "$2"
}
start_process raw curl -sSN --unix-socket "$work/v/operator.sock" "http://verifier/v1/stream?after=$(tail -n 1 "$work/feed")"
wait_for arrived ^: "$work/raw.ready" # it is open, and there is nothing yet
say sixth
wait_for arrived '^event: message' "$work/raw.ready"
same "$(sed '/^event:/q' "$work/raw.ready" | grep -c ^:)" 1
kill_process raw
ctl --json message list | jq -r '.messages[].cursor' >"$work/feed"

check "as browsers do it: the header goes before the address"
last=$(sed -n 2p "$work/feed")
start_process events curl -sSN --unix-socket "$work/v/operator.sock" -H "Last-Event-ID: $last" \
    "http://verifier/v1/stream?after=0"
wait_for arrived "^id: $(tail -n 1 "$work/feed")" "$work/events.ready"
same "$(sed -n 's/^id: //p' "$work/events.ready" | tr '\n' ' ')" "$(tail -n +3 "$work/feed" | tr '\n' ' ')"
kill_process events
same "$(socket '/stream?type=x' | jq -r .field)" type
all_passed
