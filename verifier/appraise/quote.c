/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quote, from bytes to believed values.
 *
 * Invariants
 *  1. *ret is set in one place, after every check; a failure leaves it alone.
 *  2. Whatever decides is the verifier's own: key, nonce and selection come from *want, algorithm
 *     and hash from the key. The evidence only has to agree.
 *  3. The comparisons come before the signature: they cost nothing beside it. What they let through
 *     is not believed before the signature verified.
 *  4. No allocation: this runs once for each attestation of each device.
 *
 * Not here: whether the values are good (policy.c), whether the nonce is fresh (the flows).
 */
#include "appraise/quote.h"

#include <string.h>

/*
 * A device's AK was compared with its template when it enrolled, so what the store holds is nearly
 * always the P-256 template around a point, which is then taken as it lies there: the point is
 * validated where the signature's check imports it. The comparison of the whole structure is what
 * makes this safe: anything else takes the general parser.
 */
static bool is_stored_p256(struct pawl_view bytes, struct pawl_tpm_public *ret)
{
    enum { COORDINATE = 32, SIZED = 2 + COORDINATE };
    uint8_t         expected[PAWL_PUBLIC_MAX];
    struct pawl_wr  w = pawl_wr_to(expected, sizeof(expected));
    struct pawl_err ignored;

    if (bytes.n < 2 * SIZED)
        return false;
    const uint8_t     *end = bytes.p + bytes.n;
    struct pawl_public key = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };
    key.b[0] = 0x04;
    memcpy(key.b + 1, end - SIZED - COORDINATE, COORDINATE);
    memcpy(key.b + 1 + COORDINATE, end - COORDINATE, COORDINATE);
    if (!pawl_is_ok(pawl_template_write(PAWL_AK_P256, &key, &w, &ignored)) || w.full ||
        !pawl_view_equal(pawl_view(expected, w.n), bytes))
        return false;
    *ret = (struct pawl_tpm_public){ .bytes = bytes,
                                     .type = PAWL_TPM_ALG_ECC,
                                     .name_alg = PAWL_SHA256,
                                     .sym = PAWL_TPM_ALG_NULL,
                                     .scheme = PAWL_TPM_ALG_ECDSA,
                                     .scheme_hash = PAWL_SHA256,
                                     .key = key };
    return true;
}

/* A restricted key signs by the scheme in its public area; one without is none (Q5). */
static pawl_status check_ak_scheme(const struct pawl_tpm_public *ak, struct pawl_err *err)
{
    if (ak->scheme == PAWL_TPM_ALG_NULL)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "ak_public.parameters.scheme.scheme",
                         "is TPM_ALG_NULL: the evidence would choose the algorithm");
    return pawl_ok();
}

/* A key that signs whatever it is given says nothing about a TPM (Q1, K1), one that can be moved
 * nothing about this TPM (K2). */
static pawl_status check_ak_attributes(uint32_t attributes, struct pawl_err *err)
{
    static const struct {
        uint32_t    bit;
        const char *why;
    } needed[] = {
        { PAWL_TPMA_RESTRICTED, "restricted is not set: the key signs any bytes" },
        { PAWL_TPMA_SIGN, "sign is not set" },
        { PAWL_TPMA_FIXED_TPM, "fixedTPM is not set: the key may exist elsewhere" },
        { PAWL_TPMA_FIXED_PARENT, "fixedParent is not set: the key may exist elsewhere" },
        { PAWL_TPMA_ORIGIN, "sensitiveDataOrigin is not set: the key was imported" },
    };

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!(attributes & needed[i].bit))
            return pawl_fail(err, PAWL_E_DENIED, "ak_public.objectAttributes", "%s", needed[i].why);
    if (attributes & PAWL_TPMA_DECRYPT)
        return pawl_fail(err, PAWL_E_DENIED, "ak_public.objectAttributes",
                         "decrypt is set on a signing key");
    return pawl_ok();
}

static pawl_status read_ak(struct pawl_view bytes, struct pawl_tpm_public *ret,
                           struct pawl_err *err)
{
    if (is_stored_p256(bytes, ret))
        return pawl_ok();
    PAWL_TRY(pawl_under(err, "ak_public", pawl_tpm_public_parse(bytes, ret, err)));
    PAWL_TRY(check_ak_attributes(ret->attributes, err));
    return check_ak_scheme(ret, err);
}

/* The signed selection is the asked one, bank by bank in its order (Q15, Q17). A bank without bits
 * is how a TPM says that it has no such bank (Q22): whether that may be is the caller's to say. */
static pawl_status check_selection(const struct pawl_pcr_selection *asked, bool may_lack_banks,
                                   const struct pawl_pcr_selection *got, struct pawl_err *err)
{
    static const char field[] = "quote.pcrSelect";

    if (pawl_pcr_selection_count(got) == 0)
        return pawl_fail(err, PAWL_E_FORGED, field, "selects no PCR at all");
    if (got->n != asked->n)
        return pawl_fail(err, PAWL_E_FORGED, field, "has %zu banks, %zu were asked", got->n,
                         asked->n);
    for (size_t i = 0; i < got->n; i++) {
        const struct pawl_pcr_bank *g = &got->bank[i], *a = &asked->bank[i];
        if (g->hash != a->hash)
            return pawl_fail(err, PAWL_E_FORGED, field, "bank %zu is %s, %s was asked", i,
                             pawl_hash_name(g->hash), pawl_hash_name(a->hash));
        if (g->bits == a->bits || (may_lack_banks && g->bits == 0))
            continue;
        return pawl_fail(err, PAWL_E_FORGED, field, "%s selects 0x%06x, 0x%06x was asked",
                         pawl_hash_name(g->hash), (unsigned)g->bits, (unsigned)a->bits);
    }
    return pawl_ok();
}

static pawl_status check_nonce(struct pawl_view want, struct pawl_view got, struct pawl_err *err)
{
    if (want.n == 0)
        return pawl_fail(err, PAWL_E_BUG, "nonce", "an empty nonce proves no freshness");
    if (got.n != want.n)
        return pawl_fail(err, PAWL_E_FORGED, "quote.extraData", "has %zu bytes, not %zu", got.n,
                         want.n);
    if (!pawl_view_equal(got, want))
        return pawl_fail(err, PAWL_E_FORGED, "quote.extraData", "is not the expected nonce");
    return pawl_ok();
}

/* Q14: the signed field proves the hierarchy and the parent of the AK from the quote alone. */
static pawl_status check_signer(struct pawl_view want, struct pawl_view got, struct pawl_err *err)
{
    if (want.n == 0 || pawl_view_equal(got, want))
        return pawl_ok();
    return pawl_fail(err, PAWL_E_FORGED, "quote.qualifiedSigner",
                     "is not that of this AK below this EK");
}

pawl_status quote_check(struct pawl_p256_verifier *v, const struct quote_expect *want,
                        struct pawl_view attest, struct pawl_view signature, struct believed *ret,
                        struct pawl_err *err)
{
    struct pawl_quote         q;
    struct pawl_tpm_public    ak;
    struct pawl_tpm_signature sig;

    PAWL_TRY(pawl_under(err, "quote", pawl_quote_parse(attest, &q, err)));
    PAWL_TRY(check_nonce(want->nonce, q.nonce, err));
    if (!want->any_pcrs)
        PAWL_TRY(check_selection(&want->asked, want->may_lack_banks, &q.pcrs, err));
    PAWL_TRY(check_signer(want->qualified_signer, q.signer, err));

    PAWL_TRY(read_ak(want->ak_public, &ak, err));
    if (q.digest.n != pawl_hash_n(ak.scheme_hash)) /* Q19 */
        return pawl_fail(err, PAWL_E_FORGED, "quote.pcrDigest", "has %zu bytes, %s has %zu",
                         q.digest.n, pawl_hash_name(ak.scheme_hash), pawl_hash_n(ak.scheme_hash));
    PAWL_TRY(pawl_under(err, "signature", pawl_tpm_signature_parse(signature, &sig, err)));
    PAWL_TRY(pawl_under(err, "signature", pawl_tpm_verify(v, &ak, attest, &sig, err)));

    *ret = (struct believed){ .clock = q.clock, .pcrs = q.pcrs, .hash = ak.scheme_hash };
    ret->digest.n = q.digest.n;
    memcpy(ret->digest.b, q.digest.p, q.digest.n);
    return pawl_ok();
}

pawl_status quote_values_check(const struct believed *b, const struct pawl_pcr_values *values,
                               struct pawl_err *err)
{
    struct pawl_digest d;

    PAWL_TRY(pawl_under(err, "pcrs", pawl_pcr_digest(b->hash, &b->pcrs, values, &d, err)));
    if (!pawl_view_equal(pawl_digest_view(&d), pawl_digest_view(&b->digest)))
        return pawl_fail(err, PAWL_E_FORGED, "pcrs", "the values are not those that were quoted");
    return pawl_ok();
}

bool clock_went_back(const struct pawl_clock *before, const struct pawl_clock *now)
{
    if (now->resets != before->resets)
        return now->resets < before->resets;
    if (now->restarts != before->restarts)
        return now->restarts < before->restarts;
    /* Within one run of the TPM its clock only rises; across a reset it may ordinarily fall. */
    return now->clock_ms < before->clock_ms;
}
