/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quote_verify: one quote of a P-256 AK, from bytes to believed PCR values, as the verifier does it
 * for each attestation: TPMS_ATTEST, TPMT_SIGNATURE, the AK's TPMT_PUBLIC and Qualified Name as a
 * store row holds them, PCR values as they travel. Nonce, selection, signer, signature and values
 * are all checked. Every piece is of another device, and nothing of a key is kept between pieces.
 *
 * Floor: EVP_PKEY_verify on contexts that were made before, one for each device's key, over digests
 * and DER signatures that lie ready: the elliptic curve and nothing else.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>

#include "appraise/quote.h"
#include "bench.h"
#include "soft_tpm.h"
#include "t.h"

enum { DEVICES = 64, PCRS = 8 };

struct device {
    /* ours: bytes off the wire and out of the store */
    struct pawl_view attest, signature, ak_public, qualified_signer;
    struct pawl_view value[PCRS];
    uint8_t          nonce[32];
    /* the floor's */
    EVP_PKEY     *key;
    EVP_PKEY_CTX *ctx;
    uint8_t       digest[32];
    uint8_t       der[80];
    size_t        der_n;
};

struct bench {
    struct pawl_p256_verifier *v;
    struct pawl_pcr_selection  asked;
    struct device              device[DEVICES];
};

static void must(pawl_status s, const struct pawl_err *err)
{
    if (pawl_is_ok(s))
        return;
    fprintf(stderr, "quote_verify: %s: %s: %s\n", pawl_code_name(s.code), err->where, err->why);
    exit(1);
}

static void believe_quote(void *arg, size_t i)
{
    struct bench          *b = arg;
    const struct device   *d = &b->device[i % DEVICES];
    struct quote_expect    want = { .nonce = PAWL_VIEW_OF(d->nonce),
                                    .ak_public = d->ak_public,
                                    .qualified_signer = d->qualified_signer,
                                    .asked = b->asked };
    struct believed        believed;
    struct pawl_pcr_values values;
    struct pawl_err        err;

    must(quote_check(b->v, &want, d->attest, d->signature, &believed, &err), &err);
    values.n = PCRS;
    for (size_t k = 0; k < PCRS; k++) {
        values.value[k].n = d->value[k].n;
        memcpy(values.value[k].b, d->value[k].p, d->value[k].n);
    }
    must(quote_values_check(&believed, &values, &err), &err);
}

static void verify_raw(void *arg, size_t i)
{
    struct bench  *b = arg;
    struct device *d = &b->device[i % DEVICES];

    if (EVP_PKEY_verify(d->ctx, d->der, d->der_n, d->digest, sizeof(d->digest)) == 1)
        return;
    fprintf(stderr, "quote_verify: the floor does not verify\n");
    exit(1);
}

/* The digest over this device's values, which differ from those of every other. */
static struct pawl_digest measure(struct device *d, const struct pawl_pcr_selection *s,
                                  unsigned number)
{
    struct pawl_pcr_values values = { .n = PCRS };
    struct pawl_digest     digest;
    struct pawl_err        err;

    for (size_t k = 0; k < PCRS; k++) {
        values.value[k].n = 32;
        memset(values.value[k].b, (int)(number + k), 32);
        d->value[k] = t_copy(pawl_digest_view(&values.value[k]));
    }
    must(pawl_pcr_digest(PAWL_SHA256, s, &values, &digest, &err), &err);
    return digest;
}

static struct pawl_view signer_of(struct pawl_view ek, struct pawl_view ak)
{
    const struct pawl_name chain[] = { soft_name(ek), soft_name(ak) };
    struct pawl_name       signer;
    struct pawl_err        err;

    must(pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, chain, 2, &signer, &err), &err);
    return t_copy(pawl_name_view(&signer));
}

/* What the floor starts from: a ready context, the digest, and the signature in DER. */
static void make_ready(struct device *d)
{
    struct pawl_tpm_signature sig;
    struct pawl_err           err;
    uint8_t                  *der = d->der;

    must(pawl_tpm_signature_parse(d->signature, &sig, &err), &err);
    must(pawl_sha256(d->attest, d->digest, &err), &err);
    ECDSA_SIG *rs = ECDSA_SIG_new();
    d->ctx = EVP_PKEY_CTX_new_from_pkey(NULL, d->key, NULL);
    if (!rs || !d->ctx || EVP_PKEY_verify_init(d->ctx) != 1 ||
        ECDSA_SIG_set0(rs, BN_bin2bn(sig.b, 32, NULL), BN_bin2bn(sig.b + 32, 32, NULL)) != 1)
        exit(1);
    d->der_n = (size_t)i2d_ECDSA_SIG(rs, &der);
    ECDSA_SIG_free(rs);
}

static void make_device(struct bench *b, unsigned number)
{
    struct device     *d = &b->device[number];
    struct pawl_digest digest = measure(d, &b->asked, number);

    d->key = EVP_EC_gen("P-256");
    memset(d->nonce, (int)number, sizeof(d->nonce));
    d->ak_public = soft_template(PAWL_AK_P256, d->key);
    d->qualified_signer = signer_of(soft_template(PAWL_EK_P256, soft_key(PAWL_KEY_P256, 0)),
                                    d->ak_public);
    d->attest = soft_attest(&(struct soft_attest){
        .magic = PAWL_TPM_GENERATED,
        .type = PAWL_TPM_ST_QUOTE,
        .signer = d->qualified_signer,
        .nonce = PAWL_VIEW_OF(d->nonce),
        .clock = { .clock_ms = 1000, .resets = 1, .safe = true },
        .body = soft_quote_body(soft_selection(&b->asked), pawl_digest_view(&digest)) });
    d->signature = soft_sign(d->key, PAWL_TPM_ALG_ECDSA, PAWL_SHA256, d->attest);
    make_ready(d);
}

void bench_quote_verify(struct bench_result *ret)
{
    static struct bench b = { .asked = { 1, { { PAWL_SHA256, (1u << PCRS) - 1 } } } };
    struct pawl_err     err;

    must(pawl_p256_verifier_make(&b.v, &err), &err);
    for (unsigned number = 0; number < DEVICES; number++)
        make_device(&b, number);
    bench_pair(believe_quote, verify_raw, &b, ret);
    for (unsigned number = 0; number < DEVICES; number++) {
        EVP_PKEY_CTX_free(b.device[number].ctx);
        EVP_PKEY_free(b.device[number].key);
    }
    pawl_p256_verifier_free(&b.v);
}
