#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: whom the agent believes. Wrong pins, another verifier at the same address, servers that
# speak old TLS, no TLS, nonsense, too much or too slowly: each time it says clearly why, ends with
# the documented exit code, and keeps its state; and is well again once the right one is back.
#
#   trust.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

verifier_make v
verifier_start v
tpm_make d --ek p256
agent_make d "$(cat "$work/v.join")"
expect 0 agent d enroll
id=$(agent_id d)
expect 0 ctl device approve "$id"
expect 0 ctl policy learn good --device "$id"
expect 0 ctl policy assign good --default
expect 0 agent d attest
cp "$work/d.ini" "$work/good.ini"
port=$(cat "$work/v.port")

pin_of() { # CERTIFICATE
    openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER |
        openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =
}
keeps_its_state() { # it still is who it was, and well with the right configuration
    cat "$work/good.ini" >"$work/d.ini"
    same "$(agent_id d)" "$id"
    expect 0 agent d attest
    has out affirming
    expect 0 agent d status
}
not_trusted() { # EXIT-CODE TEXT: attest and a first enrolment end like this; status tells it
    expect "$1" agent d attest
    has err "pawl-agent: $2"
    same "$(wc -l <"$work/err")" 1
    expect 1 agent d status
    has out "next step:    " "$2"
    rm -rf "$work/new.state"
    sed "s|^state = .*|state = $work/new.state|" "$work/d.ini" >"$work/fresh.ini"
    expect "$1" agent fresh enroll
    has err "pawl-agent: $2"
    echo "    $(cat "$work/err")"
}
wrong_pin=$(printf 'A%.0s' $(seq 43))

check "a wrong TLS pin"
agent_set d "tls=pin:$wrong_pin"
not_trusted 1 "tls.pin: the server's TLS key is not the pinned one"
keeps_its_state

check "one of two TLS pins is enough"
agent_set d "tls=pin:$wrong_pin,$(pin_of "$work/v/tls.crt")"
expect 0 agent d attest
keeps_its_state

check "a wrong verifier_key: nobody is believed, however good the TLS"
agent_set d "verifier_key=$wrong_pin"
expect 2 agent d attest
has err "not enrolled with this verifier"
expect 1 agent d enroll
has err "verifier_key: the verifier has no signing key with a pinned hash"
expect 1 agent d status
keeps_its_state

check "the system's roots, or a CA that did not issue: its certificate is not good"
agent_set d tls=system
not_trusted 1 "tls.system: "
agent_set d "tls=ca:$work/ca/roots/pawl-lab-root.pem"
not_trusted 1 "tls.ca: "
keeps_its_state

check "by its own certificate as the CA it is"
agent_set d "tls=ca:$work/v/tls.crt"
expect 0 agent d attest
keeps_its_state

check "another verifier of the same name at the same address is not ours"
stop_process v
cp "$work/v.port" "$work/w.port"
verifier_make w
verifier_start w
not_trusted 1 "tls.pin: "
agent_set d "tls=pin:$(pin_of "$work/w/tls.crt")"
rm -rf "$work/new.state"
sed "s|^state = .*|state = $work/new.state|" "$work/d.ini" >"$work/fresh.ini"
expect 1 agent fresh enroll
has err "verifier_key: "
expect 1 agent d attest
has err "verifier: refused us (403)"
expect 2 agent d join "$(cat "$work/w.join")"
has err "verifier_key: " "--force"
stop_process w
verifier_start v
keeps_its_state

check "nobody listens"
stop_process v
not_trusted 3 "server: cannot connect to 127.0.0.1:$port: Connection refused"
agent_set d server=no-such-host.invalid:1
not_trusted 3 "server: "

# From here on other servers stand at the verifier's address.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/bad.key" \
    -subj /CN=bad -out "$work/bad.crt" -days 2 2>/dev/null
cat "$work/good.ini" >"$work/d.ini"
agent_set d "tls=pin:$(pin_of "$work/bad.crt")"
cp "$work/d.ini" "$work/pinned.ini"

check "a server that speaks TLS 1.2 at most"
port=$(free_port)
start_process old openssl s_server -accept "127.0.0.1:$port" -cert "$work/bad.crt" \
    -key "$work/bad.key" -tls1_2 -quiet
accepts() {
    python3 -c "import socket; socket.create_connection(('127.0.0.1', $port)).close()"
}
wait_for accepts
agent_set d "server=127.0.0.1:$port"
not_trusted 3 "server: no TLS 1.3 with it: "
kill_process old

bad() { # MODE EXIT-CODE TEXT
    check "a server that is $1: $3"
    port=$(free_port)
    cp "$work/pinned.ini" "$work/d.ini"
    agent_set d "server=127.0.0.1:$port"
    case $1 in mute | silent | slow) agent_set d timeout_s=3 ;; esac # the others answer
    start_process bad python3 -B "$e2e/bad_server.py" "$port" "$work/bad.crt" "$work/bad.key" "$1"
    wait_for says bad.ready ready
    began=$SECONDS
    sed "s|^state = .*|state = $work/new.state|" "$work/d.ini" >"$work/fresh.ini"
    rm -rf "$work/new.state"
    expect "$2" agent fresh enroll
    has err "pawl-agent: $3"
    echo "    $(cat "$work/err")"
    [ $((SECONDS - began)) -lt 60 ] || fail "it took $((SECONDS - began)) s"
    [ "$1" = jwks ] || expect "$2" agent d attest
    kill_process bad
}
bad http 3 "server: no TLS 1.3 with it: "
bad mute 3 "server: no answer from 127.0.0.1"
bad silent 3 "server: no answer from 127.0.0.1"
bad slow 3 "server: no answer from 127.0.0.1"
bad garbage 3 "server: "
bad oversize 1 "answer"
bad headers 1 "answer.headers: more than 8192 bytes"
bad html 1 "answer.Content-Type: not application/"
bad redirect 1 "verifier: answers 302"
bad jwks 1 "verifier_key: the verifier has no signing key with a pinned hash"

check "after all of them the right one is believed as before"
verifier_start v
keeps_its_state
same "$(device_field "$id" .enrolments)" 1
all_passed
