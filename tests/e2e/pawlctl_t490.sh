#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves: the quote and the EK certificate of a real laptop's TPM, saved by other people's tools,
# verify with pawlctl; and do not with another nonce, other PCRs, or without their roots.
#
# Usage: pawlctl_t490.sh PAWLCTL TESTDATA. Exit code 77: the data is not here.
set -eu
pawlctl=$(realpath "$1") data=$(realpath -m "$2")
[ -f "$data/quotes/t490.tgz" ] || { echo "skipped: no $data/quotes/t490.tgz"; exit 77; }
roots=$data/roots/tpm-vendor-roots.pem intermediates=$data/roots/tpm-vendor-intermediates.pem
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
tar xzf "$data/quotes/t490.tgz"

fail() {
    echo "FAILED: $*"
    cat out err 2>/dev/null || true
    exit 1
}

refuses() { # EXIT-CODE FIELD ARGUMENT..
    code=$1 field=$2
    shift 2
    got=0
    "$pawlctl" "$@" >out 2>err || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code"
    grep -q "^pawlctl: $field: " err || fail "$*: not for $field"
    echo "ok: $(sed 's/^pawlctl: //' err)"
}

quote="--ak ak.pub --attest quote.out --signature quote.sig --pcrs quote.pcr"
# shellcheck disable=SC2086  # one word for each
"$pawlctl" quote verify $quote --nonce abcdef --json >out 2>err || fail "the quote is refused"
python3 - "$data/quotes/t490-pcrs.txt" <<'PYTHON'
import json, re, sys
answer = json.load(open("out"))
clock = answer["clock"]
assert (clock["resets"], clock["restarts"], clock["safe"]) == (35, 4, True), clock
assert answer["firmware"].startswith("00490008"), answer  # as its EK certificate says
said = {n: v.lower() for n, v in re.findall(r"(\d+) *: *0x([0-9A-F]{64})", open(sys.argv[1]).read())}
quoted = answer["pcrs"]["sha256"]
assert set(quoted) == {"0", "1", "2", "4"}, quoted
assert all(said[n] == v for n, v in quoted.items()), (said, quoted)
PYTHON
echo "ok: the quote verifies, and says what the laptop's own tools said"
# shellcheck disable=SC2086
refuses 1 quote.extraData quote verify $quote --nonce abcdee
# shellcheck disable=SC2086
refuses 1 quote.pcrSelect quote verify $quote --nonce abcdef --select sha256:0,1,2,3
sed 's/\x3f\xbf/\x3f\xbe/' quote.pcr >other.pcr
refuses 1 pcrs quote verify --ak ak.pub --attest quote.out --signature quote.sig --pcrs other.pcr \
    --nonce abcdef

"$pawlctl" ekcert verify --roots "$data/roots" ek.crt >out 2>err || fail "the EK is refused"
grep -q '^version  *id:00490008$' out || fail "another TPMVersion"
grep -q '^software_tpm  *no$' out || fail "is said to be software"
grep -q 'CVE-2019-16863' out || fail "K19: its firmware's advisory is not named"
"$pawlctl" ekcert verify --roots "$roots" --intermediates "$intermediates" ek.crt >out 2>err ||
    fail "the EK is refused with its intermediates apart"
openssl x509 -inform DER -in ek.crt -out ek.pem
"$pawlctl" ekcert verify --roots "$data/roots" ek.pem >out 2>err || fail "PEM is refused"
{ # as it lies in NV: length, tag, certificate, padding
    printf '\020\001\000'
    size=$(($(wc -c <ek.crt) + 2))
    printf "$(printf '\\%o\\%o' $((size / 256)) $((size % 256)))\\020\\002"
    cat ek.crt
    printf '\377\377\377\377'
} >ek.nv
"$pawlctl" ekcert verify --roots "$data/roots" ek.nv >out 2>err || fail "the NV dump is refused"
echo "ok: the EK certificate verifies as DER, PEM and NV dump"
refuses 1 ek_cert.chain ekcert verify --roots "$roots" ek.crt
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key \
    -subj /CN=Other -out other.pem 2>/dev/null
refuses 1 ek_cert.chain ekcert verify --roots other.pem --intermediates "$intermediates" ek.crt
mkdir empty
refuses 3 roots ekcert verify --roots empty ek.crt
refuses 3 roots.missing ekcert verify --roots missing ek.crt
refuses 3 missing ekcert verify --roots "$roots" missing
head -c 700 ek.crt >short.crt
refuses 1 ek_cert.der ekcert verify --roots "$roots" short.crt
echo "all passed"
