#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves (K12): a real TPM2_ActivateCredential opens what our MakeCredential makes, for EKs of every
# template; and refuses it for another key's Name and for a flipped bit. The sessions satisfy the
# EK's own policy, which proves the policies of the templates as well.
#
# Usage: activate_credential.sh MAKE_CREDENTIAL. Exit code 77: no swtpm or tpm2-tools here.
set -eu
make_credential=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
for tool in swtpm tpm2_activatecredential; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap '"$root/swtpm-config/stop" "$work/device" || true; rm -rf "$work"' EXIT
. "$here/ek.sh"
TPM2TOOLS_TCTI=$("$root/swtpm-config/fresh" "$work/device" --ek none --start)
export TPM2TOOLS_TCTI

activate() { # TEMPLATE: what the TPM gives back stands in $work/got
    rm -f "$work/got"
    ek_session "$1"
    result=0
    tpm2_activatecredential -Q -c "$work/ak.ctx" -C "$work/ek.ctx" -P "session:$work/session" \
        -i "$work/credential" -o "$work/got" 2>"$work/log" || result=1
    tpm2_flushcontext "$work/session"
    tpm2_flushcontext -t
    return $result
}

fail() {
    echo "FAILED: $*"
    cat "$work/log"
    exit 1
}

must_refuse() { # TEMPLATE WHAT: the integrity check says so, not something else
    activate "$1" && fail "$1: the TPM took $2"
    grep -q 'integrity check failed' "$work/log" || fail "$1: $2 was refused for another reason"
    echo "ok: $1 refuses $2"
}

for ek in l1 l2 h1 h2 h3; do
    ek_make $ek
    for key in ak other; do
        ek_create $ek ecc256:ecdsa-sha256:null $key
        tpm2_readpublic -Q -c "$work/$key.ctx" -n "$work/$key.name"
        tpm2_flushcontext -t
    done
    for n in 1 16 32; do
        head -c $n /dev/urandom >"$work/secret"
        "$make_credential" "$work/ek.pub" "$work/ak.name" "$work/secret" "$work/credential"
        activate $ek || fail "$ek: the TPM refused a secret of $n bytes"
        cmp "$work/secret" "$work/got" || fail "$ek: another secret came out"
        echo "ok: $ek activates a secret of $n bytes"
    done
    "$make_credential" "$work/ek.pub" "$work/other.name" "$work/secret" "$work/credential"
    must_refuse $ek "a credential for another key's Name"
    "$make_credential" --spoil "$work/ek.pub" "$work/ak.name" "$work/secret" "$work/credential"
    must_refuse $ek "a flipped bit of id_object"
done
