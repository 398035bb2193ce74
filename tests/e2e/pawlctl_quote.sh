#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves: what tpm2_quote writes verifies with `pawlctl quote verify`, in each of its formats, by ECC
# and RSA keys; and each single thing that is tampered with is refused for its own reason.
#
# Usage: pawlctl_quote.sh PAWLCTL. Exit code 77: no swtpm or tpm2-tools here.
set -eu
pawlctl=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
for tool in swtpm tpm2_quote openssl; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap '"$root/swtpm-config/stop" "$work/device" || true; rm -rf "$work"' EXIT
. "$here/ek.sh"
TPM2TOOLS_TCTI=$("$root/swtpm-config/fresh" "$work/device" --ek none --banks sha1,sha256 --start)
export TPM2TOOLS_TCTI
cd "$work"
nonce=00112233445566778899aabbccddeeff

fail() {
    echo "FAILED: $*"
    cat out err 2>/dev/null || true
    exit 1
}

verify() { # AK ATTEST SIGNATURE PCRS [OPTION..]
    ak=$1 attest=$2 signature=$3 pcrs=$4
    shift 4
    "$pawlctl" quote verify --ak "$ak" --attest "$attest" --signature "$signature" \
        --pcrs "$pcrs" --nonce "$nonce" "$@" >out 2>err
}

takes() { # WHAT, then as verify
    what=$1
    shift
    verify "$@" || fail "$what is refused"
    echo "ok: takes $what"
}

refuses() { # EXIT-CODE FIELD WHAT, then as verify
    code=$1 field=$2 what=$3
    shift 3
    got=0
    verify "$@" || got=$?
    [ $got = "$code" ] || fail "$what: exit code $got, not $code"
    grep -q "^pawlctl: $field: " err || fail "$what: not for $field"
    [ "$(wc -l <err)" = 1 ] || fail "$what: more than one line"
    echo "ok: refuses $what: $(sed 's/^pawlctl: //' err)"
}

quote() { # NAME AK SELECTION [OPTION..]
    name=$1 ak=$2 selection=$3
    shift 3
    [ "$ak" != pss ] || set -- "$@" --scheme rsapss
    tpm2_quote -Q -c "$ak.ctx" -l "$selection" -q $nonce -m "$name.attest" -s "$name.sig" \
        -o "$name.pcr" "$@"
    tpm2_flushcontext -t
}

flip() { # FILE OFFSET: a copy of FILE with one bit changed, in ./flipped
    cp "$1" flipped
    chmod u+w flipped
    octet=$(od -An -tu1 -j "$2" -N1 "$1")
    printf "$(printf '\\%o' $((octet ^ 1)))" |
        dd of=flipped bs=1 seek="$2" conv=notrunc status=none
}

tpm2_pcrextend 0:sha256=$(printf '%064d' 1),sha1=$(printf '%040d' 1) \
    7:sha256=$(printf '%064d' 7) 16:sha1=$(printf '%040d' 16)
ek_make l2
ek_create l2 ecc256:ecdsa-sha256:null ecc
ek_create l2 rsa2048:rsassa-sha256:null rsa
ek_create l2 rsa2048:rsapss-sha256:null pss
for key in ecc rsa pss; do
    tpm2_readpublic -Q -c $key.ctx -f pem -o $key.pem
    tpm2_readpublic -Q -c $key.ctx -f tss -o $key.tss
    tpm2_flushcontext -t
    tail -c +3 $key.tss >$key.tpmt
done

# ---- every format ---------------------------------------------------------------------------
for key in ecc rsa pss; do
    quote $key-tss $key sha256:0,1,7
    quote $key-plain $key sha256:0,1,7 -f plain -F values
    for public in tss tpmt; do
        takes "$key.$public, TPMT_SIGNATURE, serialized PCRs" \
            $key.$public $key-tss.attest $key-tss.sig $key-tss.pcr --ek ek.pub
        takes "$key.$public, plain signature, PCR values" \
            $key.$public $key-plain.attest $key-plain.sig $key-plain.pcr --select sha256:0,1,7
    done
done
for key in ecc rsa; do
    takes "$key.pem" $key.pem $key-tss.attest $key-tss.sig $key-tss.pcr
    takes "$key.pem, plain" $key.pem $key-plain.attest $key-plain.sig $key-plain.pcr
done
for selection in sha256:all+sha1:all sha1:16+sha256:0,7 sha1:0 sha256:0+sha384:0; do
    quote banks ecc $selection
    takes "$selection" ecc.tss banks.attest banks.sig banks.pcr
    quote banks ecc $selection -F values
    takes "$selection as values" ecc.tss banks.attest banks.sig banks.pcr
done

# ---- what it says ---------------------------------------------------------------------------
takes "a quote, and answers in JSON" ecc.tss ecc-tss.attest ecc-tss.sig ecc-tss.pcr --json
tpm2_pcrread -Q sha256:7 -o pcr7
python3 - "$(od -An -tx1 pcr7 | tr -d ' \n')" <<'PYTHON'
import json, sys
answer = json.load(open("out"))
assert answer["good"] is True, answer
assert answer["pcrs"]["sha256"]["7"] == sys.argv[1], answer
assert set(answer["pcrs"]["sha256"]) == {"0", "1", "7"}, answer
assert answer["clock"]["safe"] is True, answer
PYTHON
policy() { # PCR VALUE
    echo "{\"name\":\"p\",\"version\":1,\"pcrs\":{\"sha256\":{\"$1\":[\"$2\"]}}}" >policy.json
}
tpm2_pcrread -Q sha256:0 -o pcr0
policy 0 "$(od -An -tx1 pcr0 | tr -d ' \n')"
takes "a quote that satisfies a policy" ecc.tss ecc-tss.attest ecc-tss.sig ecc-tss.pcr \
    --policy policy.json
policy 0 "$(printf '%064d' 7)"
refuses 1 policy.pcr-differs "a quote that does not" \
    ecc.tss ecc-tss.attest ecc-tss.sig ecc-tss.pcr --policy policy.json
policy 7 "$(od -An -tx1 pcr7 | tr -d ' \n')"
refuses 1 policy.boot-image-unknown "L10a: a policy that knows who signs, and not what starts" \
    ecc.tss ecc-tss.attest ecc-tss.sig ecc-tss.pcr --policy policy.json

# ---- each thing tampered with ---------------------------------------------------------------
set -- ecc-tss.attest ecc-tss.sig ecc-tss.pcr
nonce=00112233445566778899aabbccddeefe
refuses 1 quote.extraData "another nonce" ecc.tss "$@"
nonce=00112233
refuses 1 quote.extraData "the beginning of the nonce" ecc.tss "$@"
nonce=xyz
refuses 1 nonce "a nonce that is no hex" ecc.tss "$@"
nonce=00112233445566778899aabbccddeeff
flip ecc-tss.attest 0
refuses 1 quote.magic "what no TPM made" ecc.tss flipped ecc-tss.sig ecc-tss.pcr
flip ecc-tss.attest 5
refuses 1 quote.type "another type" ecc.tss flipped ecc-tss.sig ecc-tss.pcr
flip ecc-tss.attest 71
refuses 1 signature.signature "a changed clock" ecc.tss flipped ecc-tss.sig ecc-tss.pcr
flip ecc-tss.sig 71
refuses 1 signature.signature "a changed signature" ecc.tss ecc-tss.attest flipped \
    ecc-tss.pcr
flip ecc-tss.pcr 142
refuses 1 pcrs "a changed PCR value" ecc.tss ecc-tss.attest ecc-tss.sig flipped
flip ecc-plain.pcr 3
refuses 1 pcrs "a changed PCR value of values" ecc.tss ecc-plain.attest ecc-plain.sig flipped
head -c -1 ecc-plain.pcr >short
refuses 1 pcrs.values "a PCR value too few" ecc.tss ecc-plain.attest ecc-plain.sig short
head -c -1 ecc-tss.attest >short
refuses 1 quote.pcrDigest "a shortened quote" ecc.tss short ecc-tss.sig ecc-tss.pcr
head -c -1 ecc-plain.sig >short
refuses 1 signature.signature "a shortened plain signature" ecc.tss ecc-plain.attest short \
    ecc-plain.pcr
refuses 1 quote.pcrSelect "another selection" ecc.tss "$@" --select sha256:0,1,8
refuses 1 signature.sigAlg "an RSA key for an ECDSA signature" rsa.tss "$@"
refuses 1 signature.signature "another AK" rsa.tss pss-plain.attest rsa-tss.sig \
    pss-plain.pcr
refuses 1 signature.sigAlg "PSS by a key of PKCS 1" rsa.tss pss-tss.attest pss-tss.sig pss-tss.pcr
refuses 1 quote.qualifiedSigner "another EK" ecc.tss "$@" --ek rsa.tss
refuses 3 ak.missing "an AK that is not there" missing "$@"
refuses 3 pcrs.missing "PCRs that are not there" ecc.tss ecc-tss.attest ecc-tss.sig missing


# ---- keys that prove nothing ----------------------------------------------------------------
tpm2_createprimary -Q -C e -G ecc256:ecdsa-sha256:null -c free.ctx \
    -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'
tpm2_flushcontext -t
tpm2_readpublic -Q -c free.ctx -f tss -o free.tss
tpm2_flushcontext -t
quote free free sha256:0
refuses 1 ak_public.objectAttributes "a key that signs any bytes" free.tss free.attest free.sig \
    free.pcr
echo "all passed"
