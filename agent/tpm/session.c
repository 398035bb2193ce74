/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions.
 *
 * The salt goes to the EK because its Name is the only one with an anchor outside the TPM, its
 * certificate. The EK is authorised by policy and never by password or HMAC: see inv. 1 of tpm.h.
 * TCG EK Credential Profile 2.6, B.6.
 */

#include <string.h>

#include "tpm/session.h"

static const uint8_t policy_a_sha256[] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
};
static const uint8_t policy_c_sha256[] = {
    0x37, 0x67, 0xe2, 0xed, 0xd4, 0x3f, 0xf4, 0x5a, 0x3a, 0x7e, 0x1e, 0xae, 0xfc, 0xef, 0x78, 0x64,
    0x3d, 0xca, 0x96, 0x46, 0x32, 0xe7, 0xaa, 0xd8, 0x2c, 0x67, 0x3a, 0x30, 0xd8, 0x63, 0x3f, 0xde,
};
static const uint8_t policy_a_sha384[] = {
    0x8b, 0xbf, 0x22, 0x66, 0x53, 0x7c, 0x17, 0x1c, 0xb5, 0x6e, 0x40, 0x3c, 0x4d, 0xc1, 0xd4, 0xb6,
    0x4f, 0x43, 0x26, 0x11, 0xdc, 0x38, 0x6e, 0x6f, 0x53, 0x20, 0x50, 0xc3, 0x27, 0x8c, 0x93, 0x0e,
    0x14, 0x3e, 0x8b, 0xb1, 0x13, 0x38, 0x24, 0xcc, 0xb4, 0x31, 0x05, 0x38, 0x71, 0xc6, 0xdb, 0x53,
};
static const uint8_t policy_c_sha384[] = {
    0xd6, 0x03, 0x2c, 0xe6, 0x1f, 0x2f, 0xb3, 0xc2, 0x40, 0xeb, 0x3c, 0xf6, 0xa3, 0x32, 0x37, 0xef,
    0x2b, 0x6a, 0x16, 0xf4, 0x29, 0x3c, 0x22, 0xb4, 0x55, 0xe2, 0x61, 0xcf, 0xfd, 0x21, 0x7a, 0xd5,
    0xb4, 0x94, 0x7c, 0x2d, 0x73, 0xe6, 0x30, 0x05, 0xee, 0xd2, 0xdc, 0x2b, 0x35, 0x93, 0xd1, 0x65,
};

void session_end(struct session *s)
{
    /* Nothing can be done about a failure: the TPM is gone, and the session with it. */
    if (s->t && s->tr != ESYS_TR_NONE && Esys_FlushContext(s->t->esys, s->tr) != TSS2_RC_SUCCESS)
        Esys_TR_Close(s->t->esys, &s->tr);
    s->t = NULL;
    s->tr = ESYS_TR_NONE;
}

static pawl_status start(struct tpm *t, TPM2_SE type, TPMI_ALG_HASH hash,
                         enum session_secrecy secrecy, struct session *ret, struct pawl_err *err)
{
    static const TPMT_SYM_DEF aes_128_cfb = {
        .algorithm = TPM2_ALG_AES,
        .keyBits.aes = 128,
        .mode.aes = TPM2_ALG_CFB,
    };
    TPM_SESSION  s = { .t = t, .tr = ESYS_TR_NONE };
    TPMA_SESSION flags = TPMA_SESSION_CONTINUESESSION;

    if (secrecy == SESSION_ENCRYPTS_COMMAND)
        flags |= TPMA_SESSION_DECRYPT; /* named from the TPM's side */
    if (secrecy == SESSION_ENCRYPTS_RESPONSE)
        flags |= TPMA_SESSION_ENCRYPT;
    if (t->ek == ESYS_TR_NONE)
        return pawl_fail(err, PAWL_E_STATE, "tpm", "the keys are not open yet");
    PAWL_TRY(tpm_rc(Esys_StartAuthSession(t->esys, t->ek, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                          ESYS_TR_NONE, NULL, type, &aes_128_cfb, hash, &s.tr),
                    "TPM2_StartAuthSession", err));
    PAWL_TRY(tpm_rc(Esys_TRSess_SetAttributes(t->esys, s.tr, flags, 0xff),
                    "Esys_TRSess_SetAttributes", err));
    *ret = s;
    s.t = NULL; /* handed over */
    return pawl_ok();
}

pawl_status session_hmac(struct tpm *t, enum session_secrecy secrecy, struct session *ret,
                         struct pawl_err *err)
{
    return start(t, TPM2_SE_HMAC, TPM2_ALG_SHA256, secrecy, ret, err);
}

pawl_status session_policy(struct tpm *t, enum session_secrecy secrecy, struct session *ret,
                           struct pawl_err *err)
{
    return start(t, TPM2_SE_POLICY, TPM2_ALG_SHA256, secrecy, ret, err);
}

/* A policy digest is as long as the EK's Name: the session's hash is the EK's nameAlg. */
pawl_status session_policy_of_ek(struct tpm *t, enum session_secrecy secrecy, struct session *ret,
                                 struct pawl_err *err)
{
    TPMI_ALG_HASH hash = t->ek_template == PAWL_EK_P384 ? TPM2_ALG_SHA384 : TPM2_ALG_SHA256;

    return start(t, TPM2_SE_POLICY, hash, secrecy, ret, err);
}

static void put_digest(TPML_DIGEST *list, const uint8_t *digest, size_t n)
{
    TPM2B_DIGEST *d = &list->digests[list->count++];

    d->size = (UINT16)n;
    memcpy(d->buffer, digest, n);
}

static pawl_status policy_or(struct session *s, struct pawl_err *err)
{
    TPML_DIGEST branches = { 0 };

    if (s->t->ek_template == PAWL_EK_P384) {
        put_digest(&branches, policy_a_sha384, sizeof(policy_a_sha384));
        put_digest(&branches, policy_c_sha384, sizeof(policy_c_sha384));
    } else {
        put_digest(&branches, policy_a_sha256, sizeof(policy_a_sha256));
        put_digest(&branches, policy_c_sha256, sizeof(policy_c_sha256));
    }
    return tpm_rc(
        Esys_PolicyOR(s->t->esys, s->tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &branches),
        "TPM2_PolicyOR", err);
}

static bool is_high_range(enum pawl_template t)
{
    return t == PAWL_EK_P384 || t == PAWL_EK_RSA2048_H || t == PAWL_EK_P256_H;
}

pawl_status session_authorise_ek(struct session *s, struct pawl_err *err)
{
    /* The password here is the endorsement hierarchy's, which is empty and outside
     * dictionary-attack accounting. */
    TSS2_RC rc = Esys_PolicySecret(s->t->esys, ESYS_TR_RH_ENDORSEMENT, s->tr, ESYS_TR_PASSWORD,
                                   ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);

    PAWL_TRY(tpm_rc_of_hierarchy(rc, "TPM2_PolicySecret", "endorsement", err));
    return is_high_range(s->t->ek_template) ? policy_or(s, err) : pawl_ok();
}
