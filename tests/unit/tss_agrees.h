/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our parsers of TPM structures held against tss2-mu: whatever we take, it takes too, reads to the
 * same length and to the same values. The other way round does not hold: we take less.
 *
 * For tests and fuzz targets only; libpawl knows no tss2. Without tss2-mu everything agrees.
 */
#ifndef PAWL_TSS_AGREES_H
#define PAWL_TSS_AGREES_H

#include <string.h>

#include <pawl/tpm.h>

#ifdef PAWL_HAVE_TSS2_MU
#include <tss2/tss2_mu.h>

static inline bool tss_same(struct pawl_view ours, const uint8_t *p, size_t n)
{
    return pawl_view_equal(ours, pawl_view(p, n));
}

/* A number that tss2 holds in p[0..n-1] is the one in ours, which may have more leading zeros. */
static inline bool tss_same_padded(struct pawl_view ours, const uint8_t *p, size_t n)
{
    if (n > ours.n)
        return false;
    for (size_t i = 0; i < ours.n - n; i++)
        if (ours.p[i])
            return false;
    return pawl_view_equal(pawl_view(ours.p + ours.n - n, n), pawl_view(p, n));
}

static inline bool tss_same_selection(const struct pawl_pcr_selection *ours,
                                      const TPML_PCR_SELECTION        *tss)
{
    if (ours->n != tss->count)
        return false;
    for (size_t i = 0; i < ours->n; i++) {
        const TPMS_PCR_SELECTION *t = &tss->pcrSelections[i];
        uint32_t                  bits = t->pcrSelect[0] | (uint32_t)t->pcrSelect[1] << 8 |
                        (uint32_t)t->pcrSelect[2] << 16;
        if (pawl_tpm_hash_id(ours->bank[i].hash) != t->hash || t->sizeofSelect != 3 ||
            ours->bank[i].bits != bits)
            return false;
    }
    return true;
}

static inline bool tss_agrees_selection(struct pawl_view in)
{
    struct pawl_err           err;
    struct pawl_pcr_selection s;
    TPML_PCR_SELECTION        t = { 0 };
    size_t                    at = 0;

    if (!pawl_is_ok(pawl_pcr_selection_parse(in, &s, &err)))
        return true;
    return Tss2_MU_TPML_PCR_SELECTION_Unmarshal(in.p, in.n, &at, &t) == TSS2_RC_SUCCESS &&
           at == in.n && tss_same_selection(&s, &t);
}

static inline bool tss_same_clock(const struct pawl_clock *ours, const TPMS_ATTEST *t)
{
    return ours->clock_ms == t->clockInfo.clock && ours->resets == t->clockInfo.resetCount &&
           ours->restarts == t->clockInfo.restartCount && ours->safe == t->clockInfo.safe &&
           ours->firmware == t->firmwareVersion;
}

static inline bool tss_agrees_attest(struct pawl_view in)
{
    struct pawl_err     err;
    struct pawl_quote   q;
    struct pawl_certify c;
    TPMS_ATTEST         t = { 0 };
    size_t              at = 0;
    bool                is_quote = pawl_is_ok(pawl_quote_parse(in, &q, &err));
    bool                is_certify = pawl_is_ok(pawl_certify_parse(in, &c, &err));

    if (!is_quote && !is_certify)
        return true;
    if (is_quote == is_certify ||
        Tss2_MU_TPMS_ATTEST_Unmarshal(in.p, in.n, &at, &t) != TSS2_RC_SUCCESS || at != in.n ||
        t.magic != PAWL_TPM_GENERATED)
        return false;
    if (is_quote)
        return t.type == TPM2_ST_ATTEST_QUOTE && tss_same_clock(&q.clock, &t) &&
               tss_same(q.signer, t.qualifiedSigner.name, t.qualifiedSigner.size) &&
               tss_same(q.nonce, t.extraData.buffer, t.extraData.size) &&
               tss_same_selection(&q.pcrs, &t.attested.quote.pcrSelect) &&
               tss_same(q.digest, t.attested.quote.pcrDigest.buffer,
                        t.attested.quote.pcrDigest.size);
    return t.type == TPM2_ST_ATTEST_CERTIFY && tss_same_clock(&c.clock, &t) &&
           tss_same(c.signer, t.qualifiedSigner.name, t.qualifiedSigner.size) &&
           tss_same(c.nonce, t.extraData.buffer, t.extraData.size) &&
           tss_same(c.name, t.attested.certify.name.name, t.attested.certify.name.size) &&
           tss_same(c.qualified_name, t.attested.certify.qualifiedName.name,
                    t.attested.certify.qualifiedName.size);
}

static inline bool tss_agrees_signature(struct pawl_view in)
{
    struct pawl_err           err;
    struct pawl_tpm_signature s;
    TPMT_SIGNATURE            t = { 0 };
    size_t                    at = 0;

    if (!pawl_is_ok(pawl_tpm_signature_parse(in, &s, &err)))
        return true;
    if (Tss2_MU_TPMT_SIGNATURE_Unmarshal(in.p, in.n, &at, &t) != TSS2_RC_SUCCESS || at != in.n)
        return false;
    switch (s.alg) {
    case PAWL_SIG_RSASSA:
        return t.sigAlg == TPM2_ALG_RSASSA && t.signature.rsassa.hash == pawl_tpm_hash_id(s.hash) &&
               tss_same(pawl_view(s.b, s.n), t.signature.rsassa.sig.buffer,
                        t.signature.rsassa.sig.size);
    case PAWL_SIG_RSAPSS:
        return t.sigAlg == TPM2_ALG_RSAPSS && t.signature.rsapss.hash == pawl_tpm_hash_id(s.hash) &&
               tss_same(pawl_view(s.b, s.n), t.signature.rsapss.sig.buffer,
                        t.signature.rsapss.sig.size);
    case PAWL_SIG_ECDSA:
        return t.sigAlg == TPM2_ALG_ECDSA && t.signature.ecdsa.hash == pawl_tpm_hash_id(s.hash) &&
               tss_same_padded(pawl_view(s.b, s.n / 2), t.signature.ecdsa.signatureR.buffer,
                               t.signature.ecdsa.signatureR.size) &&
               tss_same_padded(pawl_view(s.b + s.n / 2, s.n / 2),
                               t.signature.ecdsa.signatureS.buffer,
                               t.signature.ecdsa.signatureS.size);
    default:
        return false;
    }
}

static inline bool tss_same_rsa(const struct pawl_tpm_public *p, const TPMT_PUBLIC *t)
{
    const TPMS_RSA_PARMS *d = &t->parameters.rsaDetail;

    return p->sym == d->symmetric.algorithm &&
           (p->sym == PAWL_TPM_ALG_NULL || p->sym_bits == d->symmetric.keyBits.aes) &&
           p->scheme == d->scheme.scheme &&
           (p->scheme == PAWL_TPM_ALG_NULL ||
            pawl_tpm_hash_id(p->scheme_hash) == d->scheme.details.anySig.hashAlg) &&
           p->key.kind == PAWL_KEY_RSA && 8 * p->key.n == d->keyBits &&
           (d->exponent == 0 || d->exponent == 65537) &&
           tss_same(pawl_view(p->key.b, p->key.n), t->unique.rsa.buffer, t->unique.rsa.size);
}

static inline bool tss_same_ecc(const struct pawl_tpm_public *p, const TPMT_PUBLIC *t)
{
    const TPMS_ECC_PARMS *d = &t->parameters.eccDetail;
    size_t                half = (p->key.n - 1) / 2;

    return p->sym == d->symmetric.algorithm &&
           (p->sym == PAWL_TPM_ALG_NULL || p->sym_bits == d->symmetric.keyBits.aes) &&
           p->scheme == d->scheme.scheme &&
           (p->scheme == PAWL_TPM_ALG_NULL ||
            pawl_tpm_hash_id(p->scheme_hash) == d->scheme.details.anySig.hashAlg) &&
           d->curveID == (p->key.kind == PAWL_KEY_P256 ? TPM2_ECC_NIST_P256 : TPM2_ECC_NIST_P384) &&
           d->kdf.scheme == TPM2_ALG_NULL &&
           tss_same_padded(pawl_view(p->key.b + 1, half), t->unique.ecc.x.buffer,
                           t->unique.ecc.x.size) &&
           tss_same_padded(pawl_view(p->key.b + 1 + half, half), t->unique.ecc.y.buffer,
                           t->unique.ecc.y.size);
}

static inline bool tss_agrees_public(struct pawl_view in)
{
    struct pawl_err        err;
    struct pawl_tpm_public p;
    TPMT_PUBLIC            t = { 0 };
    size_t                 at = 0;

    if (!pawl_is_ok(pawl_tpm_public_parse(in, &p, &err)))
        return true;
    return Tss2_MU_TPMT_PUBLIC_Unmarshal(in.p, in.n, &at, &t) == TSS2_RC_SUCCESS && at == in.n &&
           p.type == t.type && pawl_tpm_hash_id(p.name_alg) == t.nameAlg &&
           p.attributes == t.objectAttributes &&
           tss_same(p.policy, t.authPolicy.buffer, t.authPolicy.size) &&
           (p.type == PAWL_TPM_ALG_RSA ? tss_same_rsa(&p, &t) : tss_same_ecc(&p, &t));
}

static inline bool tss_agrees_keyedhash(struct pawl_view in)
{
    struct pawl_err       err;
    struct pawl_keyedhash k;
    TPMT_PUBLIC           t = { 0 };
    size_t                at = 0;

    if (!pawl_is_ok(pawl_keyedhash_parse(in, &k, &err)))
        return true;
    return Tss2_MU_TPMT_PUBLIC_Unmarshal(in.p, in.n, &at, &t) == TSS2_RC_SUCCESS && at == in.n &&
           t.type == TPM2_ALG_KEYEDHASH && t.nameAlg == TPM2_ALG_SHA256 &&
           k.attributes == t.objectAttributes &&
           tss_same(k.policy, t.authPolicy.buffer, t.authPolicy.size) &&
           t.parameters.keyedHashDetail.scheme.scheme == (k.hmac ? TPM2_ALG_HMAC : TPM2_ALG_NULL) &&
           (!k.hmac ||
            t.parameters.keyedHashDetail.scheme.details.hmac.hashAlg == TPM2_ALG_SHA256) &&
           tss_same(k.unique, t.unique.keyedHash.buffer, t.unique.keyedHash.size);
}

#else

static inline bool tss_agrees_selection(struct pawl_view in)
{
    (void)in;
    return true;
}

static inline bool tss_agrees_attest(struct pawl_view in)
{
    (void)in;
    return true;
}

static inline bool tss_agrees_signature(struct pawl_view in)
{
    (void)in;
    return true;
}

static inline bool tss_agrees_public(struct pawl_view in)
{
    (void)in;
    return true;
}

static inline bool tss_agrees_keyedhash(struct pawl_view in)
{
    (void)in;
    return true;
}

#endif
#endif
