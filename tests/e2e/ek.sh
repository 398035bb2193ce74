# SPDX-License-Identifier: Apache-2.0
# Endorsement Keys of every template with tpm2-tools, for scripts that prove our structures on a
# real TPM. Sourced, never run. Needs TPM2TOOLS_TCTI and $work, a directory for its files.

# PolicyC of the TCG EK Credential Profile: TPM2_PolicyAuthorizeNV on the profile's policy indices.
policy_c_sha256=3767e2edd43ff45a3a7e1eaefcef78643dca964632e7aad82c673a30d8633fde
policy_c_sha384=d6032ce61f2fb3c240eb3cf6a33237ef2b6a16f4293c22b455e261cffd217ad5
policy_c_sha384=${policy_c_sha384}b4947c2d73e63005eed2dc2b3593d165

unhex() {
    for octet in $(echo "$1" | sed 's/../& /g'); do
        printf "\\$(printf %o "0x$octet")"
    done
}

# nameAlg of an EK template.
ek_hash() {
    case $1 in
    h3) echo sha384 ;;
    *) echo sha256 ;;
    esac
}

# Satisfies the policy of an EK in a fresh session, $work/session: PolicyA, and for the H templates
# PolicyOR(PolicyA, PolicyC), which is PolicyB.
ek_session() { # TEMPLATE
    tpm2_startauthsession --policy-session -g "$(ek_hash "$1")" -S "$work/session"
    tpm2_policysecret -Q -S "$work/session" -c e -L "$work/policy_a"
    case $1 in
    h*)
        eval "unhex \$policy_c_$(ek_hash "$1")" >"$work/policy_c"
        tpm2_policyor -Q -S "$work/session" -L "$work/policy_b" \
            "$(ek_hash "$1"):$work/policy_a,$work/policy_c"
        ;;
    esac
}

# Creates the EK as $work/ek.ctx and its TPM2B_PUBLIC as $work/ek.pub.
ek_make() { # TEMPLATE
    case $1 in
    l1) tpm2_createek -G rsa -c "$work/ek.ctx" -u "$work/ek.pub" -f tss ;;
    l2) tpm2_createek -G ecc -c "$work/ek.ctx" -u "$work/ek.pub" -f tss ;;
    h3) tpm2_createek -G ecc384 -c "$work/ek.ctx" -u "$work/ek.pub" -f tss ;;
    h1) ek_make_h rsa2048:aes128cfb ;;
    h2) ek_make_h ecc256:aes128cfb ;;
    esac
    tpm2_flushcontext -t
}

# tpm2_createek does not know these two: their policy comes from a trial of the same commands.
ek_make_h() { # ALGORITHM
    ek_session h1
    tpm2_flushcontext "$work/session"
    tpm2_createprimary -Q -C e -G "$1" -g sha256 -L "$work/policy_b" -c "$work/ek.ctx" \
        -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|adminwithpolicy|restricted|decrypt'
    tpm2_flushcontext -t
    tpm2_readpublic -Q -c "$work/ek.ctx" -f tss -o "$work/ek.pub"
}

# Creates a signing key of our AK's attributes under the EK: $work/$3.ctx, $work/$3.pub.
ek_create() { # TEMPLATE ALGORITHM NAME
    ek_session "$1"
    tpm2_create -Q -C "$work/ek.ctx" -P "session:$work/session" -G "$2" -g sha256 \
        -u "$work/$3.pub" -r "$work/$3.priv" \
        -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign'
    tpm2_flushcontext "$work/session"
    tpm2_flushcontext -t
    ek_session "$1"
    tpm2_load -Q -C "$work/ek.ctx" -P "session:$work/session" \
        -u "$work/$3.pub" -r "$work/$3.priv" -c "$work/$3.ctx"
    tpm2_flushcontext "$work/session"
    tpm2_flushcontext -t
}
