/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes, with the PCR values that belong to them.
 *
 * Quote and values are two commands, and a PCR may change in between. The values are therefore held
 * against the signed digest here, and both are taken again when they do not meet; several quotes
 * are never mixed.
 */

#include <string.h>

#include "tpm/attest.h"
#include "tpm/pcr.h"
#include "tpm/session.h"

/* More changes in a row than this are a system that measures without end. */
#define TRIES 5

/* sha512, sha384 and sha1 may be left out, never sha256. */
#define DROPPED_MAX 3

/* The whole selection, or for a bank that is not allocated none of its PCRs. */
static bool is_as_asked(const struct pawl_pcr_selection *asked, const struct pawl_pcr_selection *is)
{
    if (asked->n != is->n)
        return false;
    for (size_t i = 0; i < is->n; i++)
        if (is->bank[i].hash != asked->bank[i].hash ||
            (is->bank[i].bits != asked->bank[i].bits && is->bank[i].bits != 0))
            return false;
    return true;
}

static pawl_status check_quote(const struct pawl_pcr_selection *asked, const uint8_t nonce[32],
                               const struct pawl_quote *q, struct pawl_err *err)
{
    if (!pawl_view_equal(q->nonce, pawl_view(nonce, 32)))
        return pawl_fail(err, PAWL_E_FORGED, "extraData", "is not the qualifying data");
    if (!is_as_asked(asked, &q->pcrs))
        return pawl_fail(err, PAWL_E_FORGED, "pcrSelect", "is not the selection that was asked");
    if (pawl_pcr_selection_count(&q->pcrs) == 0)
        return pawl_fail(err, PAWL_E_RANGE, "pcrSelect", "none of these banks is allocated");
    return pawl_ok();
}

static pawl_status sign(struct tpm *t, const struct pawl_pcr_selection *pcrs,
                        const uint8_t nonce[32], struct tpm_signed *ret, struct pawl_err *err)
{
    static const TPMT_SIG_SCHEME of_the_key = { .scheme = TPM2_ALG_NULL };
    TPM_OWNED TPM2B_ATTEST      *attest = NULL;
    TPM_OWNED TPMT_SIGNATURE    *sig = NULL;
    TPM_SESSION                  of_ak = { 0 };
    TPML_PCR_SELECTION           in = pcr_selection_to_tss(pcrs);
    TPM2B_DATA                   data = { 0 };

    PAWL_TRY(attest_nonce(pawl_view(nonce, 32), &data, err));
    PAWL_TRY(session_hmac(t, SESSION_PLAIN, &of_ak, err));
    TSS2_RC rc = Esys_Quote(t->esys, t->ak, of_ak.tr, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                            &of_the_key, &in, &attest, &sig);
    if (tpm_rc_is(rc, TPM2_RC_HASH))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "TPM2_Quote.PCRselect",
                         "the TPM lacks one of the hashes (0x%x)", rc);
    PAWL_TRY(tpm_rc(rc, "TPM2_Quote", err));
    return pawl_under(err, "TPM2_Quote", attest_take(attest, sig, ret, err));
}

static pawl_status values_meet(const struct tpm_quote *q, struct pawl_view digest, bool *ret,
                               struct pawl_err *err)
{
    struct pawl_tpm_signature sig;
    struct pawl_digest        d;

    PAWL_TRY(pawl_tpm_signature_parse(pawl_view(q->sign.sig, q->sign.sig_n), &sig, err));
    PAWL_TRY(pawl_pcr_digest(sig.hash, &q->pcrs, &q->values, &d, err));
    *ret = pawl_view_equal(pawl_digest_view(&d), digest);
    return pawl_ok();
}

/* One quote and one reading; *ret_meet says whether they belong together. */
static pawl_status quote_once(struct tpm *t, const struct pawl_pcr_selection *pcrs,
                              const uint8_t nonce[32], struct tpm_quote *ret, bool *ret_meet,
                              struct pawl_err *err)
{
    struct pawl_quote parsed;

    PAWL_TRY(sign(t, pcrs, nonce, &ret->sign, err));
    struct pawl_view attest = pawl_view(ret->sign.attest, ret->sign.attest_n);
    PAWL_TRY(pawl_under(err, "TPM2_Quote", pawl_quote_parse(attest, &parsed, err)));
    PAWL_TRY(pawl_under(err, "TPM2_Quote", check_quote(pcrs, nonce, &parsed, err)));
    ret->pcrs = parsed.pcrs;
    PAWL_TRY(tpm_pcr_read(t, &ret->pcrs, &ret->values, err));
    return values_meet(ret, parsed.digest, ret_meet, err);
}

pawl_status tpm_quote(struct tpm *t, const struct pawl_pcr_selection *pcrs, const uint8_t nonce[32],
                      struct tpm_quote *ret, struct pawl_err *err)
{
    for (int i = 0; i < TRIES; i++) {
        struct tpm_quote q = { 0 };
        bool             meet = false;

        PAWL_TRY(quote_once(t, pcrs, nonce, &q, &meet, err));
        if (meet) {
            *ret = q;
            return pawl_ok();
        }
    }
    return pawl_fail(err, PAWL_E_STATE, "TPM2_Quote",
                     "PCRs changed between quote and reading, %d times in a row", TRIES);
}

pawl_status tpm_quote_all(struct tpm *t, const uint8_t nonce[32], struct tpm_quote *ret,
                          struct pawl_err *err)
{
    for (unsigned dropped = 0;; dropped++) {
        struct pawl_pcr_selection all = pawl_pcr_selection_all(dropped);
        struct tpm_quote          q = { 0 };
        struct pawl_err           lacking;
        pawl_status               s = tpm_quote(t, &all, nonce, &q, &lacking);

        if (pawl_is_ok(s)) {
            q.dropped = dropped;
            *ret = q;
            return s;
        }
        if (s.code != PAWL_E_UNSUPPORTED || dropped == DROPPED_MAX) {
            *err = lacking;
            return s;
        }
    }
}
