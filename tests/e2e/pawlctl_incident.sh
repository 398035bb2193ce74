#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves: a snapshot of a device's disk and TPM that is put back becomes an incident that an operator
# reads, hands to others as a file, and closes; the file convinces who has the verifier's key, by
# pawlctl and by an independent program, and nobody who has another; and whoever edits the chain of
# what was said about it, in the database or in an export, is told at which entry.
#
#   pawlctl_incident.sh PAWL-AGENT PAWL-VERIFIER PAWLCTL PROOF-PY
. "$(dirname "$0")/world.sh"
proof_py=$(realpath "$4")

refuses() { # TEXT ARGUMENT..: pawlctl says no, for this reason, in one line
    local text=$1
    shift
    expect 1 ctl "$@"
    has err "$text"
    same "$(wc -l <"$work/err")" 1
}
incident_field() { # JQ-PATH
    ctl --json incident show "$id" | jq -r "$1"
}
tamper() { # SQL: by somebody who can write the database
    stop_process v
    sqlite3 "$work/v/pawl.db" "$1"
    verifier_start v
}

verifier_make v
verifier_set v admission open
verifier_start v
tpm_make d
agent_make d "$(cat "$work/v.join")"
agent d enroll >/dev/null || true
device=$(agent_id d)
expect 0 ctl policy learn p --device "$device"
expect 0 ctl policy assign p --default
curl -sk "https://127.0.0.1:$(cat "$work/v.port")/.well-known/jwks.json" >"$work/jwks.json"
pin=$(sed -n 's/^verifier_key = //p' "$work/d.ini")

check "before anything happened there is nothing to show, and the chain is whole"
expect 0 ctl incident list
same "$(wc -l <"$work/out")" 1
expect 0 ctl audit verify
has out "the chain of 0 entries is whole"
expect 0 agent d attest --token "$work/before"
expect 0 ctl audit verify --ear "@$work/before" --jwks "$work/jwks.json"
has out "the token is older than all of it"

check "a snapshot that was put back is one incident"
"$lab/stop" "$work/d.tpm"
cp -a "$work/d.tpm" "$work/old.tpm"
cp -a "$work/d.state" "$work/old.state"
"$lab/start" "$work/d.tpm" >/dev/null
tpm_boot d
expect 0 agent d attest
"$lab/stop" "$work/d.tpm"
rm -r "$work/d.tpm" "$work/d.state"
mv "$work/old.tpm" "$work/d.tpm"
mv "$work/old.state" "$work/d.state"
"$lab/start" "$work/d.tpm" >/dev/null
tpm_boot d
agent d attest >/dev/null 2>&1 || true
expect 0 ctl incident list --open --json
same "$(jq '.incidents | length' "$work/out")" 1
same "$(jq -r '.incidents[0] | [.kind, .severity, .state] | join(" ")' "$work/out")" \
    "device-cloned critical open"
id=$(jq -r '.incidents[0].id' "$work/out")
same "$id" "$device.1"

check "people read it, by a beginning of its name, in lines of at most 100 columns"
expect 0 ctl incident list
has out "${device:0:16}.1" device-cloned critical
[ "$(wc -L <"$work/out")" -le 100 ] || fail "wider than 100 columns"
expect 0 ctl incident list --device "${device:0:8}"
has out device-cloned
expect 0 ctl incident show "${device:0:8}.1"
has out "$id" "Two copies of this device's state" "Find the second copy" "for others: pawlctl incident export" E5
[ "$(wc -L <"$work/out")" -le 100 ] || fail "wider than 100 columns"
same "$(incident_field .window.from)" 1
refuses "incident: is not DEVICE.EPOCH" incident show "$device"
refuses "device: no such device" incident show ffffffff.1
refuses "no such" incident show "${device:0:8}.9"

check "its proof convinces who has the verifier's key"
cd "$work"
expect 0 ctl incident export "$id"
proof=${device:0:16}.1.proof
has out "$proof: the device's own TPM proves it"
cd /
expect 0 ctl incident verify "$work/$proof" --jwks "$work/jwks.json"
has out "signed two requests under one number" "PROVED by the device's own TPM"
grep -Eq '^found +20[0-9]{2}-[0-9]{2}-[0-9]{2} ' "$work/out" || fail "no date"
[ "$(wc -L <"$work/out")" -le 100 ] || fail "wider than 100 columns"
expect 0 ctl --json incident verify "$work/$proof" --key "$pin"
same "$(jq -r '[.good, .strength, .rule, .device] | join(" ")' "$work/out")" \
    "true device-tpm E5 $device"
if /usr/bin/python3 -c 'import cbor2, cryptography' 2>/dev/null; then
    same "$("$proof_py" check "$work/$proof" "$pin")" device-tpm
fi

check "and nobody else"
expect 1 ctl incident verify "$work/$proof"
has out "NOT VOUCHED FOR" "was not checked"
same "$(ctl --json incident verify "$work/$proof" | jq -r .good)" false
refuses "key: is not the one that signed" incident verify "$work/$proof" \
    --key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
jq '.keys[0].kid = "00"' "$work/jwks.json" >"$work/other.json"
refuses "proof.kid: names a key that the JWKS does not have" incident verify "$work/$proof" \
    --jwks "$work/other.json"
openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout -outform DER 2>/dev/null |
    tail -c 64 >"$work/point"
b64url() {
    base64 -w0 | tr '+/' '-_' | tr -d '='
}
jq --arg x "$(head -c 32 "$work/point" | b64url)" --arg y "$(tail -c 32 "$work/point" | b64url)" \
    '.keys[0] |= (.x = $x | .y = $y)' "$work/jwks.json" >"$work/other.json"
refuses "COSE_Sign1.signature" incident verify "$work/$proof" --jwks "$work/other.json"
python3 - "$work/$proof" "$work/bent" <<'PY'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[len(b) // 2] ^= 1
open(sys.argv[2], "wb").write(b)
PY
refuses "COSE_Sign1" incident verify "$work/bent" --key "$pin"
head -c 100 "$work/$proof" >"$work/bent"
refuses "COSE_Sign1" incident verify "$work/bent" --key "$pin"
expect 2 ctl incident verify "$work/$proof" --key "$pin" --jwks "$work/jwks.json"
expect 3 ctl incident verify "$work/nothing" --key "$pin"

check "a file is not written over another one"
expect 3 ctl incident export "$id" --out "$work/$proof"
has err "File exists"
expect 0 ctl incident export "$id" --out "$work/each" --all
cmp "$work/each.1" "$work/$proof"

check "an operator closes it once, with a note, and the device comes back with his leave"
expect 0 ctl incident close "${device:0:8}.1" --note "snapshot of the host put back"
has out "${device:0:16}.1: device-cloned is closed"
same "$(incident_field '[.state, .note] | join(": ")')" "closed: snapshot of the host put back"
refuses "incident: was closed" incident close "$id"
expect 0 ctl incident list --open
same "$(wc -l <"$work/out")" 1
expect 0 ctl device approve "$device"
expect 0 agent d attest --token "$work/after"
same "$(claims "$work/after" | jq '.pawl.audit[0] >= 2')" true

check "everything said about it is a chain, and a token knows how far"
expect 0 ctl audit list
has out opened closed "snapshot of the host put back"
[ "$(wc -L <"$work/out")" -le 100 ] || fail "wider than 100 columns"
ctl --json audit list >"$work/chain.json"
n=$(jq .head.number "$work/chain.json")
at=$(claims "$work/after" | jq '.pawl.audit[0]')
expect 0 ctl audit verify --ear "@$work/after" --jwks "$work/jwks.json"
has out "the chain of $n entries is whole; the token's head is entry $at"
expect 0 ctl audit verify --file "$work/chain.json" --ear "@$work/after" --jwks "$work/jwks.json"
expect 2 ctl audit verify --ear "@$work/after"
expect 1 ctl audit verify --ear "@$work/after" --jwks "$work/other.json"

check "an export that somebody edited is named at the entry"
edited() { # TEXT JQ-FILTER
    jq "$2" "$work/chain.json" >"$work/edited.json"
    refuses "$1" audit verify --file "$work/edited.json"
}
edited "entry 1 was changed" '.entries[0].line |= sub("opened"; "marked")'
edited "entry 2 was changed" '.entries[1].time_ms += 1'
edited "entry 2 was changed" '.entries[1].hash = .entries[0].hash'
edited "entry 1 was changed" '.entries[0].device |= sub("^.."; "00")'
edited "entry 1 is missing" 'del(.entries[0])'
edited "entry $n is missing" 'del(.entries[-1])'
edited "missing" '.entries |= reverse'
edited "entry 1 stands behind entry 1" '.entries |= [.[0]] + .'
edited "audit.head: is not that of entry $n" '.head.hash = .entries[0].hash'
edited "an entry without" '.entries[0] |= del(.line)'

check "so is a database that somebody edited"
tamper "UPDATE audit SET line = replace(line, 'opened', 'marked') WHERE number = 1"
refuses "audit: entry 1 was changed" audit verify
tamper "UPDATE audit SET line = replace(line, 'marked', 'opened') WHERE number = 1"
expect 0 ctl audit verify
tamper "DELETE FROM audit WHERE number = 1"
refuses "audit: entry 1 is missing" audit verify
tamper "DELETE FROM audit"
expect 0 ctl audit verify # nothing of it is left to tell
refuses "entries 1 to $at are missing" audit verify --ear "@$work/after" --jwks "$work/jwks.json"

check "and one who makes all hashes anew is caught by the token"
/usr/bin/python3 - "$work/chain.json" >"$work/edited.json" <<'PY'
import hashlib
import json
import struct
import sys

chain = json.load(open(sys.argv[1]))
before = bytes(32)
for e in chain["entries"]:
    e["line"] = e["line"].replace("device-cloned", "nothing")
    line = e["line"].encode()
    before = hashlib.sha256(b"pawl/1 audit" + before + struct.pack(">QQ", e["number"], e["time_ms"]) +
                            bytes.fromhex(e["device"]) + struct.pack(">I", len(line)) +
                            line).digest()
    e["hash"] = before.hex()
chain["head"]["hash"] = before.hex()
json.dump(chain, sys.stdout)
PY
expect 0 ctl audit verify --file "$work/edited.json"
refuses "entry $at is not the one that the token names" audit verify --file "$work/edited.json" \
    --ear "@$work/after" --jwks "$work/jwks.json"
all_passed
