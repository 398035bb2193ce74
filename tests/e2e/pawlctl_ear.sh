#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves (S4): `pawlctl ear verify` ends with 0 only for a result that this key signed, that has the right
# form, and whose time has come and not passed.
#
# Usage: pawlctl_ear.sh PAWLCTL EAR_TOKEN
set -eu
pawlctl=$(realpath "$1") ear_token=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$ear_token" "$work"
cd "$work"

fail() {
    echo "FAILED: $*"
    cat out err 2>/dev/null || true
    exit 1
}

takes() { # ARGUMENT..
    "$pawlctl" ear verify "$@" >out 2>err || fail "$* is refused"
}

refuses() { # EXIT-CODE FIELD ARGUMENT..
    code=$1 field=$2
    shift 2
    got=0
    "$pawlctl" ear verify "$@" >out 2>err </dev/null || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code"
    grep -q "^pawlctl: $field: " err || fail "$*: not for $field"
    echo "ok: $(sed 's/^pawlctl: //' err)"
}

b64url() {
    openssl base64 -A | tr '+/' '-_' | tr -d =
}

# The good token with another header, still signed text for text.
with_header() { # JSON
    echo "$(printf %s "$1" | b64url).$(cut -d. -f2,3 good.jwt)"
}

good=$(cat good.jwt)
takes --jwks jwks.json "$good"
grep -q '^device *affirming$' out || fail "no status"
for line in 'identity *2 (affirming)' 'configuration *2 (affirming)' 'executables *3 (affirming)' \
    'hardware *2 (affirming)' 'policy *gateway:3' 'tenant *default' 'attempt *7' 'why *-' \
    'expires *20[0-9-]* [0-9:]*Z'; do
    grep -q "^$line\$" out || fail "no line: $line"
done
[ "$(wc -L <out)" -le 100 ] || fail "wider than 100 columns"
takes --jwks jwks.json @good.jwt
takes --jwks jwks.json --require affirming - <good.jwt
takes --jwks jwks.json --tenant default @good.jwt
refuses 1 aud --jwks jwks.json --tenant other @good.jwt
takes --jwks jwks.json @none.jwt
grep -q '^identity *97 (contraindicated)$' out || fail "no word for the value"
grep -q '^executables *no claim$' out || fail "no word for a claim that is not there"
grep -q '^why *awaits-approval$' out || fail "no reasons"
takes --jwks jwks.json --json @none.jwt
grep -q '"ear.status":.*"none"' out || fail "no status in JSON"
echo "ok: takes good results"

refuses 1 ear.status --jwks jwks.json --require affirming @none.jwt
refuses 1 exp --jwks jwks.json @expired.jwt
refuses 1 iat --jwks jwks.json @future.jwt
refuses 1 header.kid --jwks other.json @good.jwt
refuses 1 signature --jwks swapped.json @good.jwt
refuses 1 signature --jwks jwks.json \
    "$(cut -d. -f1 good.jwt).$(cut -d. -f2 none.jwt).$(cut -d. -f3 good.jwt)"
kid="\"kid\":\"$(sed 's/.*"kid":"\([0-9a-f]*\)".*/\1/' jwks.json)\""
refuses 1 header.alg --jwks jwks.json \
    "$(with_header "{\"alg\":\"none\",\"typ\":\"eat+jwt\",$kid}")"
refuses 1 header.alg --jwks jwks.json \
    "$(with_header "{\"alg\":\"HS256\",\"typ\":\"eat+jwt\",$kid}")"
refuses 1 header.typ --jwks jwks.json \
    "$(with_header "{\"alg\":\"ES256\",\"typ\":\"JWT\",$kid}")"
refuses 1 header.kid --jwks jwks.json "$(with_header '{"alg":"ES256","typ":"eat+jwt"}')"
refuses 1 signature --jwks jwks.json \
    "$(with_header "{\"alg\":\"ES256\",\"typ\":\"eat+jwt\",$kid,\"x\":1}")"
refuses 1 header.crit --jwks jwks.json \
    "$(with_header "{\"alg\":\"ES256\",\"typ\":\"eat+jwt\",$kid,\"crit\":[\"b64\"],\"b64\":false}")"
refuses 1 header --jwks jwks.json "$(with_header "{\"alg\":\"ES256\",\"alg\":\"none\",$kid}")"
refuses 1 header --jwks jwks.json "$(with_header "{\"alg\":\"ES256\",\"a\":[{\"b\":1,\"b\":2}]}")"
refuses 1 header --jwks jwks.json "$(with_header "{\"alg\":\"ES256\",\"typ\":\"eat+jwt\",$kid}{}")"
refuses 1 header --jwks jwks.json "$(with_header '[]')"
refuses 1 token --jwks jwks.json "${good%.*}"
refuses 1 token --jwks jwks.json "$good.x"
refuses 1 signature --jwks jwks.json "${good%?}"
refuses 1 token --jwks jwks.json -
refuses 3 missing --jwks jwks.json @missing
refuses 3 jwks.missing --jwks missing "$good"
echo '{"keys":{}}' >bad.json
refuses 1 jwks --jwks bad.json "$good"
echo "all passed"
