/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hedge against a break of elliptic curves: an HMAC key that the verifier has too, and that
 * never was on the network. It comes into the TPM by TPM2_Import, wrapped here for the SRK, so that
 * the bus does not see it either (P-KEY-13).
 */

#include <string.h>

#include "tpm/kept.h"

static const uint32_t attributes = PAWL_TPMA_USER_AUTH | PAWL_TPMA_NO_DA | PAWL_TPMA_SIGN;

static pawl_status need_hmac(struct tpm *t, struct pawl_err *err)
{
    bool has = false;

    PAWL_TRY(tpm_has_command(t, TPM2_CC_HMAC, &has, err));
    if (!has)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "TPM2_HMAC", "the TPM does not have it");
    return pawl_ok();
}

/* ---- import --------------------------------------------------------------------------------- */

struct input {
    TPM2B_PUBLIC public;
    TPM2B_PRIVATE          duplicate;
    TPM2B_ENCRYPTED_SECRET seed;
};

static pawl_status make_input(const struct pawl_import *i, struct input *ret, struct pawl_err *err)
{
    if (i->duplicate_n > sizeof(ret->duplicate.buffer) || i->enc_seed_n > sizeof(ret->seed.secret))
        return pawl_fail(err, PAWL_E_RANGE, "inSymSeed", "%zu bytes", i->enc_seed_n);
    ret->duplicate.size = (UINT16)i->duplicate_n;
    memcpy(ret->duplicate.buffer, i->duplicate, i->duplicate_n);
    ret->seed.size = (UINT16)i->enc_seed_n;
    memcpy(ret->seed.secret, i->enc_seed, i->enc_seed_n);
    return object_public(pawl_view(i->public, i->public_n), &ret->public, err);
}

static pawl_status take_answer(struct tpm *t, const struct pawl_import *i, struct tpm_sealed *ret,
                               struct pawl_err *err)
{
    struct pawl_view response = { 0 };

    PAWL_TRY(tpm_last_response(t, &response, err));
    struct pawl_rd r = pawl_rd_from(response);
    struct pawl_view private = pawl_rd_tpm2b(&r, "outPrivate", sizeof(ret->b));
    PAWL_TRY(pawl_rd_end(&r, err));
    return kept_write(private, pawl_view(i->public, i->public_n), ret, err);
}

static pawl_status wrap(struct tpm *t, const struct pawl_secret *key, struct pawl_import *ret,
                        struct pawl_err *err)
{
    struct pawl_tpm_public srk;

    PAWL_TRY(pawl_tpm_public_parse(pawl_view(t->srk_key.bytes, t->srk_key.n), &srk, err));
    return pawl_make_import(&srk, key, ret, err);
}

pawl_status tpm_hmac_import(struct tpm *t, const struct pawl_secret *key, struct tpm_sealed *ret,
                            struct pawl_err *err)
{
    static const TPM2B_DATA          no_inner_key;
    static const TPMT_SYM_DEF_OBJECT no_inner_wrap = { .algorithm = TPM2_ALG_NULL };
    TPM_SESSION                      s = { 0 };
    struct pawl_import               wrapped;
    struct input                     in = { 0 };

    PAWL_TRY(session_hmac(t, SESSION_PLAIN, &s, err));
    PAWL_TRY(need_hmac(t, err));
    PAWL_TRY(wrap(t, key, &wrapped, err));
    PAWL_TRY(make_input(&wrapped, &in, err));
    PAWL_TRY(tpm_rc(Esys_Import(t->esys, t->srk, s.tr, ESYS_TR_NONE, ESYS_TR_NONE, &no_inner_key,
                                &in.public, &in.duplicate, &in.seed, &no_inner_wrap, NULL),
                    "TPM2_Import", err));
    return pawl_under(err, "TPM2_Import", take_answer(t, &wrapped, ret, err));
}

/* ---- use ------------------------------------------------------------------------------------ */

pawl_status tpm_hmac(struct tpm *t, const struct tpm_sealed *key, const uint8_t in[32],
                     struct pawl_secret *ret, struct pawl_err *err)
{
    TPM_SESSION      s = { 0 };
    TPM_LOADED       l = { 0 };
    TPM2B_MAX_BUFFER buffer = { .size = 32 };
    PAWL_SECRET      mac = { 0 };
    struct kept      k;

    PAWL_TRY(kept_parse(key, &k, err));
    if (k.pub.attributes != attributes || k.pub.policy.n || !k.pub.hmac)
        return pawl_fail(err, PAWL_E_FORGED, "sealed.public", "is not what tpm_hmac_import makes");
    PAWL_TRY(session_hmac(t, SESSION_ENCRYPTS_RESPONSE, &s, err));
    PAWL_TRY(need_hmac(t, err));
    PAWL_TRY(kept_load(&s, &k, &l, err));
    memcpy(buffer.buffer, in, 32);
    PAWL_TRY(tpm_rc(
        Esys_HMAC(t->esys, l.tr, s.tr, ESYS_TR_NONE, ESYS_TR_NONE, &buffer, TPM2_ALG_SHA256, NULL),
        "TPM2_HMAC", err));
    PAWL_TRY(tpm_take_secret(t, "TPM2_HMAC.outHMAC", &mac, err));
    if (mac.n != 32)
        return pawl_fail(err, PAWL_E_RANGE, "TPM2_HMAC.outHMAC", "%zu bytes", mac.n);
    *ret = mac;
    return pawl_ok();
}
