/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_Certify of our other keys, and what all attesting commands have in common.
 */

#include <string.h>

#include <tss2/tss2_mu.h>

#include "tpm/attest.h"
#include "tpm/session.h"

pawl_status attest_nonce(struct pawl_view nonce, TPM2B_DATA *ret, struct pawl_err *err)
{
    if (nonce.n == 0 || nonce.n > PAWL_EXTRA_DATA_MAX || nonce.n > sizeof(ret->buffer))
        return pawl_fail(err, PAWL_E_RANGE, "qualifyingData", "%zu bytes", nonce.n);
    ret->size = (UINT16)nonce.n;
    memcpy(ret->buffer, nonce.p, nonce.n);
    return pawl_ok();
}

pawl_status attest_take(const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *sig,
                        struct tpm_signed *ret, struct pawl_err *err)
{
    struct tpm_signed         s = { 0 };
    struct pawl_tpm_signature parsed;

    if (attest->size > sizeof(s.attest))
        return pawl_fail(err, PAWL_E_RANGE, "attestationData", "%u bytes", attest->size);
    memcpy(s.attest, attest->attestationData, attest->size);
    s.attest_n = attest->size;
    PAWL_TRY(tpm_rc(Tss2_MU_TPMT_SIGNATURE_Marshal(sig, s.sig, sizeof(s.sig), &s.sig_n),
                    "Tss2_MU_TPMT_SIGNATURE_Marshal", err));
    PAWL_TRY(pawl_under(err, "signature",
                        pawl_tpm_signature_parse(pawl_view(s.sig, s.sig_n), &parsed, err)));
    *ret = s;
    return pawl_ok();
}

/* Nonce and object are what we asked for: a TPM, or a chip in front of it, that answers something
 * else is reported here and not by the verifier. */
static pawl_status check_certify(const struct tpm_signed *s, struct pawl_view nonce, ESYS_TR object,
                                 struct tpm *t, struct pawl_err *err)
{
    TPM_OWNED TPM2B_NAME *name = NULL;
    struct pawl_certify   c;

    PAWL_TRY(pawl_certify_parse(pawl_view(s->attest, s->attest_n), &c, err));
    PAWL_TRY(tpm_rc(Esys_TR_GetName(t->esys, object, &name), "Esys_TR_GetName", err));
    if (!pawl_view_equal(c.nonce, nonce))
        return pawl_fail(err, PAWL_E_FORGED, "extraData", "is not the qualifying data");
    if (!pawl_view_equal(c.name, pawl_view(name->name, name->size)))
        return pawl_fail(err, PAWL_E_FORGED, "attested.name", "is not that of the key");
    return pawl_ok();
}

/* Of this key, by the AK. */
static pawl_status certify(struct tpm *t, ESYS_TR key, struct pawl_view nonce,
                           struct tpm_signed *ret, struct pawl_err *err)
{
    static const TPMT_SIG_SCHEME of_the_key = { .scheme = TPM2_ALG_NULL };
    TPM_OWNED TPM2B_ATTEST      *attest = NULL;
    TPM_OWNED TPMT_SIGNATURE    *sig = NULL;
    TPM_SESSION                  of_key = { 0 };
    TPM_SESSION                  of_ak = { 0 };
    TPM2B_DATA                   data = { 0 };
    struct tpm_signed            s;

    PAWL_TRY(attest_nonce(nonce, &data, err));
    PAWL_TRY(session_hmac(t, SESSION_PLAIN, &of_key, err));
    PAWL_TRY(session_hmac(t, SESSION_PLAIN, &of_ak, err));
    PAWL_TRY(tpm_rc(Esys_Certify(t->esys, key, t->ak, of_key.tr, of_ak.tr, ESYS_TR_NONE, &data,
                                 &of_the_key, &attest, &sig),
                    "TPM2_Certify", err));
    PAWL_TRY(pawl_under(err, "TPM2_Certify", attest_take(attest, sig, &s, err)));
    PAWL_TRY(pawl_under(err, "TPM2_Certify", check_certify(&s, nonce, key, t, err)));
    *ret = s;
    return pawl_ok();
}

pawl_status tpm_certify_td(struct tpm *t, struct pawl_view nonce, struct tpm_signed *ret,
                           struct pawl_err *err)
{
    return certify(t, t->td, nonce, ret, err);
}

pawl_status tpm_certify_app(struct tpm *t, struct pawl_view nonce, struct tpm_signed *ret,
                            struct pawl_err *err)
{
    if (t->app == ESYS_TR_NONE)
        return pawl_fail(err, PAWL_E_STATE, "app_key", "there is none");
    return certify(t, t->app, nonce, ret, err);
}
