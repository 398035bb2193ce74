#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: signing key, master key and TLS key change while devices attest and send messages, and no
# request is refused and no incident opened; results verify against the JWKS of their time and of
# later; when an old master key is retired, nothing needs it; what a key file is bad leaves the old
# in use. A backup made under load restores to a verifier with which devices get in step by
# themselves, and who was revoked meanwhile stays so by the signed list; half of one is none.
#
#   keys.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL
. "$(dirname "$0")/world.sh"

key() { "$verifier_program" key "$@"; }
jwks() { # FILE: what relying parties get
    curl -ks "https://127.0.0.1:$(cat "$work/v.port")/.well-known/jwks.json" >"$work/$1"
}
kids() { jq -r '.keys | length' "$work/$1"; }
reload() { # the verifier takes it without a stop
    local seen
    seen=$(grep -c 'reload: tenant' "$work/v.log" || true)
    kill -HUP "$(cat "$work/v.pid")"
    wait_for says_more "$seen" v.log 'reload: tenant'
}
good() { # FILE: the token of an attestation, which succeeds
    expect 0 agent d attest --token "$work/$1"
}
verifies() { # TOKEN JWKS
    expect 0 ctl ear verify --jwks "$work/$2" "@$work/$1"
}
kid() { # FILE
    python3 -c 'import base64, json, sys
print(json.loads(base64.urlsafe_b64decode(open(sys.argv[1]).read().split(".")[0] + "=="))["kid"])' \
        "$work/$1"
}
sends() { # TEXT: acknowledged
    printf %s "$1" >"$work/text"
    expect 0 agent d send --wait "$work/text"
}
believes() { # whom the device names
    jq -r .verifier_id "$work/d.state/agent.json"
}

verifier_make v
verifier_start v
tpm_make d --ek p256
agent_make d "$(cat "$work/v.join")" timeout_s=10
expect 0 agent d enroll
id=$(agent_id d)
expect 0 ctl device approve "$id"
expect 0 ctl policy learn good --device "$id"
expect 0 ctl policy assign good --default
rekeys() {
    expect 0 ctl device rekey "$id"
    expect 0 agent d rekey
}
good first.token
rekeys
good before.token
jwks before.jwks
same "$(kids before.jwks)" 1
first=$(believes)

check "the next signing key is announced before it signs"
expect 0 key new signing "$work/v"
next=$(cat "$work/out")
expect 1 key new signing "$work/v"
has err signing.next.key "is there already"
expect 1 key retire signing "$work/v"
has err "there is no old key"
reload
jwks during.jwks
same "$(kids during.jwks)" 2
good announced.token
same "$(kid announced.token)" "$first"
agent_set d "verifier_key=$(sed -n 's/^verifier_key = //p' "$work/d.ini"),$next"

check "a switch refuses nobody, and a device that knows the next key goes on with it"
expect 0 key switch signing "$work/v"
reload
good switched.token
same "$(kid switched.token)" "$first"
good moved.token
[ "$(kid moved.token)" != "$first" ] || fail "it still names the old key"
same "$(believes)" "$(kid moved.token)"
rekeys
sends "under the new key"
jwks after.jwks
same "$(jq -r '.keys[0].kid' "$work/after.jwks")" "$(believes)"
for token in before announced switched moved; do
    verifies $token.token after.jwks
done
has v/verifier.ini listen
expect 0 "$verifier_program" join "$work/v"
has out "$next"

check "an old key stays until what it signed has expired"
expect 1 key retire signing "$work/v"
has err signing.old.key --force
expect 1 key switch signing "$work/v"
has err signing.next.key
expect 0 key retire signing --force "$work/v"
reload
jwks retired.jwks
same "$(kids retired.jwks)" 1
good retired.token
verifies retired.token retired.jwks
expect 1 ctl ear verify --jwks "$work/retired.jwks" "@$work/before.token"

check "a bad key file leaves the old in use, and says so"
cp "$work/v/signing.key" "$work/kept.key"
echo nonsense >"$work/v/signing.key"
kill -HUP "$(cat "$work/v.pid")"
wait_for says v.log "stay as they were"
has v.log signing.key
good still.token
cat "$work/kept.key" >"$work/v/signing.key"

check "a root that was added is trusted without a stop"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null \
    -subj /CN=another -out "$work/v/lab-roots/another.pem" -days 2 2>/dev/null
reload
has v.log "tenant default trusts 0 roots, 2 lab roots"
good root.token

check "master keys change under a device's ratchet, and devices under way see nothing of it"
expect 0 ctl message send "$id" "down through it"
ctl token create >"$work/token" 2>/dev/null
expect 0 key new master "$work/v"
same "$(cat "$work/out")" ""
reload
good m1.token
expect 0 key switch master "$work/v"
expect 1 key retire master "$work/v"
has err master.old.key "rows still need it"

check "what it wrapped is wrapped anew, through a kill too; then it can be retired"
kill -HUP "$(cat "$work/v.pid")"
kill_process v
verifier_start v
kill_process v
verifier_start v
wait_for says v.log "it can be retired"
good m2.token
rekeys
expect 0 key retire master --force "$work/v"
stop_process v
verifier_start v
good m3.token
ctl --json message list | jq -r '.messages[].text' >"$work/listed"
has listed "under the new key"
expect 0 agent d recv --lines
has out "down through it"
sends "under another master key"
rekeys
tpm_make e --ek p256
agent_make e "$(cat "$work/token")" timeout_s=10
expect 0 agent e enroll

check "the TLS key changes; a device that pins both sees nothing of it"
expect 0 key new tls "$work/v"
pin=$(cat "$work/out")
agent_set d "tls=$(sed -n 's/^tls = //p' "$work/d.ini"),$pin"
good t1.token
expect 0 key switch tls "$work/v"
reload
has v.log "the pin of the TLS key is $pin"
good t2.token
ctl --json incident list >"$work/out"
same "$(jq ".incidents | length" "$work/out")" 0

check "a backup under load is one moment of it"
attesting() {
    local n
    for n in $(seq 10); do
        agent d attest --token "$work/load.token" >/dev/null 2>&1 || echo bad >>"$work/load.bad"
    done
}
attesting &
load=$!
expect 0 "$verifier_program" backup "$work/v" "$work/copy"
wait $load
[ ! -e "$work/load.bad" ] || fail "requests failed while the backup was made"
[ "$(find "$work/copy" -name '*.key' -perm /077 | wc -l)" = 0 ] || fail "keys are open to others"
expect 1 "$verifier_program" backup "$work/v" "$work/copy"
has err "already holds"
expect 1 "$verifier_program" backup "$work/v" "$work/v/copy"
has err "is inside"
cp "$work/v/verifier.ini" "$work/ini"
printf 'webhook = https://receiver.example/\nwebhook_key = hook.secret\n' >>"$work/v/verifier.ini"
touch "$work/v/hook.secret" "$work/v/hook.secret.old" "$work/v/pawl.verifier" "$work/v/postgres.count"
expect 0 "$verifier_program" backup --without-keys "$work/v" "$work/open"
# Who is restored from it elsewhere is not held for this one.
same "$(find "$work/open" -name '*.key' -o -name 'hook.secret*' -o -name pawl.verifier \
    -o -name postgres.count | wc -l)" 0
cp "$work/ini" "$work/v/verifier.ini"
rm "$work/v/hook.secret" "$work/v/hook.secret.old" "$work/v/pawl.verifier" "$work/v/postgres.count"

check "a backup that was cut off is none"
cp -r "$work/copy" "$work/half"
rm "$work/half/backup.json"
expect 1 "$verifier_program" restore "$work/half" "$work/w"
has err backup.json "no whole backup"
cp -r "$work/copy" "$work/changed"
printf 'x' | dd of="$work/changed/pawl.db" bs=1 seek=5000 conv=notrunc 2>/dev/null
expect 1 "$verifier_program" restore "$work/changed" "$work/w"
has err pawl.db "not what was backed up"
[ ! -e "$work/w" ] || fail "half of a verifier is there"
for delay in 0.005 0.02 0.05; do
    "$verifier_program" backup "$work/v" "$work/killed" 2>/dev/null &
    pid=$!
    sleep $delay
    kill -9 $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    if [ -e "$work/killed" ]; then
        expect 0 "$verifier_program" restore "$work/killed" "$work/from-killed"
        rm -rf "$work/killed" "$work/from-killed"
    fi
done

check "who was revoked since a backup is forgotten without the list, and a restore says so"
tpm_make f --ek p256
agent_make f "$(ctl token create 2>/dev/null)" timeout_s=10
expect 0 agent f enroll
for name in e f; do
    expect 0 ctl device revoke "$(agent_id $name)"
done
listed() { # FILE: the ids
    claims "$work/$1" | jq -r ".revoked[]" | sort
}
ctl device revoked >"$work/revoked.jwt"
same "$(listed revoked.jwt | wc -l)" 2
expect 0 "$verifier_program" restore "$work/copy" "$work/forgetful"
has err warning: "is active again" --revoked
rm -r "$work/forgetful"

check "a list that is not this verifier's, or that was changed, restores nothing"
sed 's/\./.x/' "$work/revoked.jwt" >"$work/changed.jwt"
expect 1 "$verifier_program" restore "$work/copy" "$work/w" --revoked "$work/changed.jwt"
has err changed.jwt.
expect 1 "$verifier_program" restore "$work/copy" "$work/w" --revoked "$work/t2.token"
has err t2.token.header.typ
[ ! -e "$work/w" ] || fail "half of a verifier is there"

check "what is restored gets in step with its devices by itself"
rekeys
sends "after the backup"
stop_process v
mv "$work/v" "$work/lost"
expect 1 "$verifier_program" restore "$work/copy" "$work/lost"
expect 0 "$verifier_program" restore "$work/copy" "$work/v" --revoked "$work/revoked.jwt"
has err "2 revoked, 1 of them unknown"
lacks err warning:
verifier_start v
has v.log "older copy"
in_step() { agent d attest; }
wait_for in_step
sends "after the restore"
same "$(device_field "$id" .state)" active
ctl --json incident list >"$work/out" # it tells that it went back, and suspects nobody
same "$(jq -c '[.incidents[] | [.kind, .severity]]' "$work/out")" '[["server-went-back","notice"]]'

check "whom the list named is revoked, also whom the backup did not know"
ctl device revoked >"$work/again.jwt"
same "$(listed again.jwt)" "$(listed revoked.jwt)"
agent_set e "tls=$(sed -n 's/^tls = //p' "$work/d.ini")" # which changed under it
expect 1 agent e attest
has out "refused: "
expect 0 ctl audit verify
unknown=$(agent_id f)
rm -r "$work/f.state" "$work/f.ini"
agent_make f "$(ctl token create 2>/dev/null)" timeout_s=10
expect 1 agent f enroll
has out "refused: "
same "$(device_field "$unknown" .state)" revoked

all_passed
