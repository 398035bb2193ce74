/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a quote is believed only whole, signed by this AK, over this nonce and this selection,
 * and its values only when they are the quoted ones. One test for each row of docs/appraisal.md. */
#include "appraise/quote.h"

#include <string.h>

#include "soft_tpm.h"
#include "t.h"

#define NONCE "01234567890123456789012345678901"

/* A quote in the making: spoil one thing, then check(). */
struct quote {
    EVP_PKEY              *key;
    uint16_t               scheme;
    enum pawl_hash         hash;
    struct soft_attest     a;
    struct pawl_view       select, digest; /* of the body */
    struct pawl_pcr_values values;
    struct quote_expect    want;
};

static struct pawl_p256_verifier *p256;

static struct pawl_pcr_selection selection(const char *text)
{
    struct pawl_pcr_selection s;
    struct pawl_err           err;

    T_OK(pawl_pcr_selection_from_text(text, &s, &err), &err);
    return s;
}

static struct pawl_pcr_values some_values(const struct pawl_pcr_selection *s)
{
    struct pawl_pcr_values v = { 0 };

    for (size_t i = 0; i < s->n; i++)
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            if (s->bank[i].bits >> pcr & 1) {
                v.value[v.n].n = pawl_hash_n(s->bank[i].hash);
                memset(v.value[v.n].b, (int)(0x10 * i + pcr + 1), v.value[v.n].n);
                v.n++;
            }
    return v;
}

/* Lets the quote be about this selection, asked and signed. */
static void select_pcrs(struct quote *q, const char *text)
{
    struct pawl_digest d;
    struct pawl_err    err;

    q->want.asked = selection(text);
    q->values = some_values(&q->want.asked);
    q->select = soft_selection(&q->want.asked);
    T_OK(pawl_pcr_digest(q->hash, &q->want.asked, &q->values, &d, &err), &err);
    q->digest = t_copy(pawl_digest_view(&d));
}

static struct quote quote_by(EVP_PKEY *key, uint16_t scheme, enum pawl_hash hash,
                             struct pawl_view ak_public)
{
    struct quote q = { .key = key, .scheme = scheme, .hash = hash };
    uint8_t      signer[34] = { 0x00, 0x0b, 0x77 };

    q.a = (struct soft_attest){ .magic = PAWL_TPM_GENERATED,
                                .type = PAWL_TPM_ST_QUOTE,
                                .signer = t_copy(PAWL_VIEW_OF(signer)),
                                .nonce = pawl_view_str(NONCE),
                                .clock = { .clock_ms = 5000,
                                           .resets = 7,
                                           .restarts = 1,
                                           .safe = true,
                                           .firmware = 0x0049000800000001 } };
    q.want = (struct quote_expect){ .nonce = pawl_view_str(NONCE),
                                    .ak_public = ak_public,
                                    .qualified_signer = q.a.signer };
    select_pcrs(&q, "sha256:0,4,7");
    return q;
}

static struct quote good(void)
{
    EVP_PKEY *key = soft_key(PAWL_KEY_P256, 0);

    return quote_by(key, PAWL_TPM_ALG_ECDSA, PAWL_SHA256, soft_template(PAWL_AK_P256, key));
}

static struct quote good_rsa(void)
{
    EVP_PKEY *key = soft_key(PAWL_KEY_RSA, 0);

    return quote_by(key, PAWL_TPM_ALG_RSASSA, PAWL_SHA256, soft_template(PAWL_AK_RSA2048, key));
}

static struct pawl_view attest_of(const struct quote *q)
{
    struct soft_attest a = q->a;

    if (!a.body.p)
        a.body = soft_quote_body(q->select, q->digest);
    return soft_attest(&a);
}

static pawl_status check(const struct quote *q, struct believed *ret, struct pawl_err *err)
{
    struct pawl_view attest = attest_of(q);

    return quote_check(p256, &q->want, attest, soft_sign(q->key, q->scheme, q->hash, attest), ret,
                       err);
}

/* The quote fails, names the field, and leaves the facts alone. */
static void refused(const struct quote *q, enum pawl_code code, const char *where)
{
    struct believed b;
    struct pawl_err err;

    t_poison(&b, sizeof(b));
    T_FAILS(check(q, &b, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&b, sizeof(b));
}

static void takes(const struct quote *q)
{
    struct believed b;
    struct pawl_err err;

    T_OK(check(q, &b, &err), &err);
    T_OK(quote_values_check(&b, &q->values, &err), &err);
    assert_true(b.clock.clock_ms == 5000 && b.clock.resets == 7 && b.clock.restarts == 1);
    assert_true(b.clock.safe && b.clock.firmware == 0x0049000800000001);
    assert_int_equal(b.hash, q->hash);
}

/* A TPMT_PUBLIC that no template of ours has: signing key, AK attributes, this scheme. */
static struct pawl_view other_public(EVP_PKEY *key, uint16_t scheme, enum pawl_hash hash,
                                     uint32_t exponent)
{
    uint8_t            b[PAWL_PUBLIC_MAX];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_public k = soft_public(key);

    pawl_wr_u16(&w, k.kind == PAWL_KEY_RSA ? PAWL_TPM_ALG_RSA : PAWL_TPM_ALG_ECC);
    pawl_wr_u16(&w, PAWL_TPM_ALG_SHA256);
    pawl_wr_u32(&w, 0x00050072);
    pawl_wr_u16(&w, 0);
    pawl_wr_u16(&w, PAWL_TPM_ALG_NULL);
    pawl_wr_u16(&w, scheme);
    if (scheme != PAWL_TPM_ALG_NULL)
        pawl_wr_u16(&w, pawl_tpm_hash_id(hash));
    if (k.kind == PAWL_KEY_RSA) {
        pawl_wr_u16(&w, (uint16_t)(8 * k.n));
        pawl_wr_u32(&w, exponent);
        pawl_wr_tpm2b(&w, pawl_view(k.b, k.n));
    } else {
        size_t field = (k.n - 1) / 2;
        pawl_wr_u16(&w, k.kind == PAWL_KEY_P256 ? PAWL_TPM_ECC_P256 : PAWL_TPM_ECC_P384);
        pawl_wr_u16(&w, PAWL_TPM_ALG_NULL);
        pawl_wr_tpm2b(&w, pawl_view(k.b + 1, field));
        pawl_wr_tpm2b(&w, pawl_view(k.b + 1 + field, field));
    }
    return t_copy(pawl_view(b, w.n));
}

/* ---- accepts -------------------------------------------------------------------------------- */

static void takes_a_p256_quote(void **state)
{
    (void)state;
    struct quote q = good();

    takes(&q);
}

static void takes_rsa_and_larger_keys(void **state)
{
    (void)state;
    EVP_PKEY    *rsa = soft_key(PAWL_KEY_RSA, 0), *p384 = soft_key(PAWL_KEY_P384, 0);
    struct quote q = good_rsa();

    takes(&q);
    q = quote_by(rsa, PAWL_TPM_ALG_RSAPSS, PAWL_SHA256,
                 other_public(rsa, PAWL_TPM_ALG_RSAPSS, PAWL_SHA256, 0));
    takes(&q);
    q = quote_by(p384, PAWL_TPM_ALG_ECDSA, PAWL_SHA384,
                 other_public(p384, PAWL_TPM_ALG_ECDSA, PAWL_SHA384, 0));
    takes(&q);
}

static void takes_without_a_verifier_at_hand(void **state)
{
    (void)state;
    struct quote               q = good();
    struct pawl_p256_verifier *kept = p256;

    p256 = NULL;
    takes(&q);
    p256 = kept;
}

static void takes_several_banks(void **state)
{
    (void)state;
    struct quote q = good();

    select_pcrs(&q, "sha1:0,7+sha256:0,7+sha384:23+sha512:1");
    takes(&q);
}

/* ---- structure and signature ---------------------------------------------------------------- */

static void q1_magic(void **state)
{
    (void)state;
    struct quote q = good();

    q.a.magic = 0xff544346;
    refused(&q, PAWL_E_FORGED, "quote.magic");
}

static void k1_unrestricted(void **state)
{
    (void)state;
    struct quote q = good();

    q.want.ak_public = soft_attributes(q.want.ak_public, 0x00040472);
    refused(&q, PAWL_E_DENIED, "ak_public.objectAttributes");
    q.want.ak_public = soft_attributes(q.want.ak_public, 0x00070472);
    refused(&q, PAWL_E_DENIED, "ak_public.objectAttributes");
}

static void k2_movable(void **state)
{
    (void)state;
    static const uint32_t bits[] = { PAWL_TPMA_FIXED_TPM, PAWL_TPMA_FIXED_PARENT,
                                     PAWL_TPMA_ORIGIN };

    for (size_t i = 0; i < 3; i++) {
        struct quote q = good();
        q.want.ak_public = soft_attributes(q.want.ak_public, 0x00050472 & ~bits[i]);
        refused(&q, PAWL_E_DENIED, "ak_public.objectAttributes");
    }
}

static void q2_other_types(void **state)
{
    (void)state;
    static const uint16_t types[] = { 0x8014, 0x8015, 0x8016, 0x8017, 0x8019, 0x801a, 0x801c };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct quote q = good();
        q.a.type = types[i];
        refused(&q, PAWL_E_FORGED, "quote.type");
    }
}

static void signed_prefix_fails(struct pawl_view prefix, void *arg)
{
    struct quote   *q = arg;
    struct believed b;
    struct pawl_err err;

    T_FAILS(quote_check(p256, &q->want, prefix, soft_sign(q->key, q->scheme, q->hash, prefix), &b,
                        &err),
            &err, PAWL_E_SHORT);
}

static void q3_short_and_trailing(void **state)
{
    (void)state;
    struct quote q = good();

    t_each_truncation(attest_of(&q), signed_prefix_fails, &q);
    uint8_t          body[PAWL_ATTEST_MAX];
    struct pawl_view right = soft_quote_body(q.select, q.digest);
    memcpy(body, right.p, right.n);
    body[right.n] = 0;
    q.a.body = t_copy(pawl_view(body, right.n + 1));
    refused(&q, PAWL_E_TRAILING, "quote.end");
}

/* Checks with these bytes as TPMT_SIGNATURE. */
static void signature_refused(const struct quote *q, struct pawl_view sig, enum pawl_code code,
                              const char *where)
{
    struct believed b;
    struct pawl_err err;

    t_poison(&b, sizeof(b));
    T_FAILS(quote_check(p256, &q->want, attest_of(q), sig, &b, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&b, sizeof(b));
}

static void q4_no_algorithm(void **state)
{
    (void)state;
    static const char *const none[] = { "0010", "0010 000b", "0005 000b 0000", "001a 000b 0000",
                                        "0000" };
    struct quote             q = good();

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        signature_refused(&q, t_hex(none[i]), PAWL_E_UNSUPPORTED, "signature.sigAlg");
}

static void q5_scheme_of_the_key(void **state)
{
    (void)state;
    struct quote q = good();

    q.hash = PAWL_SHA384;
    refused(&q, PAWL_E_FORGED, "signature.hash");
    q.hash = PAWL_SHA1;
    refused(&q, PAWL_E_UNSUPPORTED, "signature.hash");
    q = good_rsa();
    q.scheme = PAWL_TPM_ALG_RSAPSS;
    refused(&q, PAWL_E_FORGED, "signature.sigAlg");
}

static void q5_key_without_scheme(void **state)
{
    (void)state;
    struct quote q = good();

    q.want.ak_public = other_public(q.key, PAWL_TPM_ALG_NULL, PAWL_SHA256, 0);
    refused(&q, PAWL_E_UNSUPPORTED, "ak_public.parameters.scheme.scheme");
}

static void q5_sha1_key(void **state)
{
    (void)state;
    struct quote q = good();

    q.want.ak_public = other_public(q.key, PAWL_TPM_ALG_ECDSA, PAWL_SHA1, 0);
    refused(&q, PAWL_E_UNSUPPORTED, "ak_public.parameters.scheme.details.hashAlg");
}

static void q6_type_of_the_key(void **state)
{
    (void)state;
    struct quote q = good(), r = good_rsa();

    q.key = r.key;
    q.scheme = r.scheme;
    refused(&q, PAWL_E_FORGED, "signature.sigAlg");
    q = good();
    r.key = q.key;
    r.scheme = q.scheme;
    refused(&r, PAWL_E_FORGED, "signature.sigAlg");
}

static void q7_point_off_the_curve(void **state)
{
    (void)state;
    struct quote     q = good();
    struct pawl_view ak = t_copy(q.want.ak_public);
    struct believed  b;
    struct pawl_err  err;

    ((uint8_t *)ak.p)[ak.n - 1] ^= 1;
    q.want.ak_public = ak;
    assert_false(pawl_is_ok(check(&q, &b, &err)));
    assert_int_not_equal(err.code, PAWL_E_CRYPTO);
    memset((uint8_t *)ak.p + ak.n - 32, 0, 32);
    memset((uint8_t *)ak.p + ak.n - 66, 0, 32);
    assert_false(pawl_is_ok(check(&q, &b, &err)));
    assert_int_not_equal(err.code, PAWL_E_CRYPTO);
    /* The general parser sees it too. */
    q.want.ak_public = soft_attributes(ak, 0x00050072);
    assert_false(pawl_is_ok(check(&q, &b, &err)));
    assert_int_equal(strncmp(err.where, "ak_public.unique.", 17), 0);
}

static void q7_r_and_s_in_range(void **state)
{
    (void)state;
    static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    static const char one[] = "0000000000000000000000000000000000000000000000000000000000000001";
    static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const char       *pairs[][2] = { { zero, one }, { one, zero }, { order, one }, { one, order } };
    struct quote      q = good();

    for (size_t i = 0; i < 4; i++) {
        char hex[160];
        snprintf(hex, sizeof(hex), "0018 000b 0020 %s 0020 %s", pairs[i][0], pairs[i][1]);
        signature_refused(&q, t_hex(hex), PAWL_E_RANGE,
                          i % 2 ? "signature.signature.s" : "signature.signature.r");
    }
}

static void q8_der_is_no_tpmt(void **state)
{
    (void)state;
    struct quote q = good();

    signature_refused(&q, t_hex("3006 020101 020101"), PAWL_E_UNSUPPORTED, "signature.sigAlg");
}

static void q9_exponents(void **state)
{
    (void)state;
    struct quote q = good_rsa();

    q.want.ak_public = other_public(q.key, PAWL_TPM_ALG_RSASSA, PAWL_SHA256, 65537);
    takes(&q);
    q.want.ak_public = other_public(q.key, PAWL_TPM_ALG_RSASSA, PAWL_SHA256, 3);
    refused(&q, PAWL_E_RANGE, "ak_public.parameters.rsaDetail.exponent");
}

static void q10_nonce(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "0123456789012345678901234567890", NONCE "2",
                                         "11234567890123456789012345678901" };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct quote q = good();
        q.a.nonce = pawl_view_str(wrong[i]);
        refused(&q, PAWL_E_FORGED, "quote.extraData");
    }
    struct quote q = good();
    q.want.nonce = q.a.nonce = pawl_view(NULL, 0);
    refused(&q, PAWL_E_BUG, "nonce");
}

static void q13_other_key(void **state)
{
    (void)state;
    struct quote q = good();

    q.key = soft_key(PAWL_KEY_P256, 1);
    refused(&q, PAWL_E_FORGED, "signature.signature");
    q = good_rsa();
    q.key = soft_key(PAWL_KEY_RSA, 1);
    refused(&q, PAWL_E_FORGED, "signature.signature");
}

static void q14_signer(void **state)
{
    (void)state;
    struct quote q = good();
    uint8_t      other[34] = { 0x00, 0x0b, 0x78 };

    q.a.signer = t_copy(PAWL_VIEW_OF(other));
    refused(&q, PAWL_E_FORGED, "quote.qualifiedSigner");
    q.a.signer = pawl_view(NULL, 0);
    refused(&q, PAWL_E_FORGED, "quote.qualifiedSigner");
    q.want.qualified_signer = pawl_view(NULL, 0); /* nobody knows the EK */
    takes(&q);
}

/* ---- selection ------------------------------------------------------------------------------ */

static void selection_refused(const char *select, enum pawl_code code, const char *where)
{
    struct quote q = good();

    q.select = t_hex(select);
    refused(&q, code, where);
}

static void q15_selection_form(void **state)
{
    (void)state;
    selection_refused("00000002 000b 03 910000 000b 03 910000", PAWL_E_FORM,
                      "quote.pcrSelect.hash");
    selection_refused("00000001 0012 03 910000", PAWL_E_UNSUPPORTED, "quote.pcrSelect.hash");
    selection_refused("00000001 000b 02 9100", PAWL_E_RANGE, "quote.pcrSelect.sizeofSelect");
    selection_refused("00000001 000b 04 91000000", PAWL_E_RANGE, "quote.pcrSelect.sizeofSelect");
    selection_refused("00000005 000b 03 910000", PAWL_E_RANGE, "quote.pcrSelect.count");
}

static void q15_selection_order(void **state)
{
    (void)state;
    struct quote q = good();

    select_pcrs(&q, "sha1:0+sha256:0");
    q.want.asked = selection("sha256:0+sha1:0");
    refused(&q, PAWL_E_FORGED, "quote.pcrSelect");
}

static void q16_empty_selection(void **state)
{
    (void)state;
    struct quote q = good();

    select_pcrs(&q, "sha256:0");
    q.want.may_lack_banks = true;
    q.select = t_hex("00000001 000b 03 000000");
    refused(&q, PAWL_E_FORGED, "quote.pcrSelect");
    q.want.asked.n = 0;
    q.select = t_hex("00000000");
    refused(&q, PAWL_E_FORGED, "quote.pcrSelect");
}

static void q17_other_selection(void **state)
{
    (void)state;
    static const char *const others[] = { "sha256:0,4", "sha256:0,4,7,16", "sha256:0,4,16",
                                          "sha384:0,4,7", "sha256:0,4,7+sha1:0" };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct quote              q = good();
        struct pawl_pcr_selection asked = q.want.asked;
        select_pcrs(&q, others[i]);
        q.want.asked = asked;
        q.want.may_lack_banks = true; /* does not help */
        refused(&q, PAWL_E_FORGED, "quote.pcrSelect");
    }
    struct quote q = good();
    q.want.asked = selection("sha256:0,4,7+sha384:0"); /* a bank is missing altogether */
    q.want.may_lack_banks = true;
    refused(&q, PAWL_E_FORGED, "quote.pcrSelect");
}

static void q17b_splice(void **state)
{
    (void)state;
    struct quote q = good();

    /* 24 values in a row, where those of 4 and 7 come from resettable PCRs. */
    q.want.asked = (struct pawl_pcr_selection){ 1, { { PAWL_SHA256, 0xffffff } } };
    q.select = t_hex("00000003 000b 03 0f0000 000b 03 000001 000b 03 600000");
    refused(&q, PAWL_E_FORM, "quote.pcrSelect.hash");
}

static void q18_outside_the_selection(void **state)
{
    (void)state;
    struct quote    q = good();
    struct believed b;
    struct pawl_err err;

    T_OK(check(&q, &b, &err), &err);
    assert_non_null(pawl_pcr_value(&b.pcrs, &q.values, PAWL_SHA256, 7));
    assert_null(pawl_pcr_value(&b.pcrs, &q.values, PAWL_SHA256, 1));
    assert_null(pawl_pcr_value(&b.pcrs, &q.values, PAWL_SHA384, 7));
    q.values.value[q.values.n++] = q.values.value[0]; /* one more than was selected */
    T_FAILS(quote_values_check(&b, &q.values, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "pcrs.pcrValues");
}

static void q22_unallocated_banks(void **state)
{
    (void)state;
    struct quote q = good();

    select_pcrs(&q, "sha256:0,7");
    q.want.asked = selection("sha1:0,7+sha256:0,7");
    q.select = t_hex("00000002 0004 03 000000 000b 03 810000");
    refused(&q, PAWL_E_FORGED, "quote.pcrSelect");
    q.want.may_lack_banks = true;
    takes(&q);
    q.select = t_hex("00000002 0004 03 010000 000b 03 810000"); /* half a bank is no bank */
    refused(&q, PAWL_E_FORGED, "quote.pcrSelect");
}

/* ---- values --------------------------------------------------------------------------------- */

static void q19_digest_hash(void **state)
{
    (void)state;
    struct quote q = good();

    select_pcrs(&q, "sha384:0,7"); /* digest by SHA-256, the AK's, over a SHA-384 bank */
    takes(&q);
    struct pawl_digest d;
    struct pawl_err    err;
    T_OK(pawl_pcr_digest(PAWL_SHA384, &q.want.asked, &q.values, &d, &err), &err);
    q.digest = t_copy(pawl_digest_view(&d));
    refused(&q, PAWL_E_FORGED, "quote.pcrDigest");
    q.digest = pawl_view(NULL, 0);
    refused(&q, PAWL_E_FORGED, "quote.pcrDigest");
}

static struct believed believe(const struct quote *q)
{
    struct believed b;
    struct pawl_err err;

    T_OK(check(q, &b, &err), &err);
    return b;
}

static void swap_values(struct pawl_pcr_values *v, size_t i, size_t j)
{
    struct pawl_digest d = v->value[i];

    v->value[i] = v->value[j];
    v->value[j] = d;
}

static void q20_order(void **state)
{
    (void)state;
    struct quote    q = good();
    struct pawl_err err;

    select_pcrs(&q, "sha256:0,7+sha512:0");
    struct believed b = believe(&q);
    swap_values(&q.values, 0, 1);
    T_FAILS(quote_values_check(&b, &q.values, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "pcrs");
    swap_values(&q.values, 0, 1);
    swap_values(&q.values, 1, 2);
    T_FAILS(quote_values_check(&b, &q.values, &err), &err, PAWL_E_RANGE);
}

static void q21_value_length(void **state)
{
    (void)state;
    struct quote    q = good();
    struct believed b = believe(&q);
    struct pawl_err err;

    /* The same bytes in a row, cut elsewhere. */
    struct pawl_digest *v = q.values.value;
    v[0].b[32] = v[1].b[0];
    v[0].n = 33;
    memmove(v[1].b, v[1].b + 1, 31);
    v[1].n = 31;
    T_FAILS(quote_values_check(&b, &q.values, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "pcrs.pcrValues");
}

static void q23_other_values(void **state)
{
    (void)state;
    struct quote    q = good();
    struct believed b = believe(&q);
    struct pawl_err err;

    for (size_t i = 0; i < q.values.n; i++) {
        q.values.value[i].b[31] ^= 1;
        T_FAILS(quote_values_check(&b, &q.values, &err), &err, PAWL_E_FORGED);
        q.values.value[i].b[31] ^= 1;
    }
    T_OK(quote_values_check(&b, &q.values, &err), &err);
}

/* ---- every flip ----------------------------------------------------------------------------- */

struct flip {
    struct quote_expect want;
    struct pawl_view    attest, signature;
};

static void flipped_attest_fails(struct pawl_view attest, void *arg)
{
    struct flip    *f = arg;
    struct believed b;
    struct pawl_err err;

    assert_false(pawl_is_ok(quote_check(p256, &f->want, attest, f->signature, &b, &err)));
}

static void flipped_signature_fails(struct pawl_view signature, void *arg)
{
    struct flip    *f = arg;
    struct believed b;
    struct pawl_err err;

    assert_false(pawl_is_ok(quote_check(p256, &f->want, f->attest, signature, &b, &err)));
}

static void no_flip_is_believed(void **state)
{
    (void)state;
    struct quote     q = good();
    struct pawl_view attest = attest_of(&q);
    struct pawl_view sig = soft_sign(q.key, q.scheme, q.hash, attest);
    /* Each loop sees only what it may flip beside what it needs. */
    struct flip a = { .want = q.want, .signature = sig }, s = { .want = q.want, .attest = attest };

    t_each_flip(attest, flipped_attest_fails, &a);
    t_each_flip(sig, flipped_signature_fails, &s);
}

/* ---- clock ---------------------------------------------------------------------------------- */

static bool back(uint32_t resets, uint32_t restarts, uint64_t clock_ms)
{
    const struct pawl_clock before = { .clock_ms = 1000, .resets = 5, .restarts = 2 };
    const struct pawl_clock now = { .clock_ms = clock_ms, .resets = resets, .restarts = restarts };

    return clock_went_back(&before, &now);
}

static void t1_counts(void **state)
{
    (void)state;
    assert_true(back(4, 9, 9000));
    assert_true(back(5, 1, 9000));
    assert_false(back(5, 2, 1001));
    assert_false(back(5, 3, 1));
}

static void t2_clock_across_a_reset(void **state)
{
    (void)state;
    assert_false(back(6, 0, 1)); /* ordinary: an unorderly reset loses up to some minutes */
    assert_true(back(5, 2, 999));
}

static void t3_snapshot(void **state)
{
    (void)state;
    assert_false(back(5, 2, 1000)); /* the same instant is no proof; attempt numbers decide */
    assert_true(back(5, 2, 0));
}

static int setup(void **state)
{
    (void)state;
    struct pawl_err err;

    T_OK(pawl_p256_verifier_make(&p256, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pawl_p256_verifier_free(&p256);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("takes a P-256 quote", takes_a_p256_quote),
        T_CASE("takes RSA and larger keys", takes_rsa_and_larger_keys),
        T_CASE("takes a quote without a verifier at hand", takes_without_a_verifier_at_hand),
        T_CASE("takes several banks", takes_several_banks),
        T_CASE("Q1: what no TPM generated is refused", q1_magic),
        T_CASE("K1: a key that signs any bytes is no AK", k1_unrestricted),
        T_CASE("K2: a key that may exist elsewhere is no AK", k2_movable),
        T_CASE("Q2: an attestation of another type is no quote", q2_other_types),
        T_CASE("Q3: a signed prefix or surplus is no quote", q3_short_and_trailing),
        T_CASE("Q4: a signature of no algorithm is refused", q4_no_algorithm),
        T_CASE("Q5: the key decides scheme and hash", q5_scheme_of_the_key),
        T_CASE("Q5: a key without scheme is refused", q5_key_without_scheme),
        T_CASE("Q5: a key that signs with SHA-1 is refused", q5_sha1_key),
        T_CASE("Q6: the key's type decides the signature's", q6_type_of_the_key),
        T_CASE("Q7: a point off the curve is refused", q7_point_off_the_curve),
        T_CASE("Q7: r and s lie between 0 and the order", q7_r_and_s_in_range),
        T_CASE("Q8: a DER signature is no TPMT_SIGNATURE", q8_der_is_no_tpmt),
        T_CASE("Q9: exponents 0 and 65537 are one, others none", q9_exponents),
        T_CASE("Q10: the nonce is compared whole", q10_nonce),
        T_CASE("Q13: a quote of another TPM's key is refused", q13_other_key),
        T_CASE("Q14: the qualified signer is that of AK below EK", q14_signer),
        T_CASE("Q15: a selection names each known bank once, with 3 octets", q15_selection_form),
        T_CASE("Q15: the order of banks is the asked one", q15_selection_order),
        T_CASE("Q16: an empty selection is refused", q16_empty_selection),
        T_CASE("Q17: another selection is refused", q17_other_selection),
        T_CASE("Q17b: a spliced selection is refused", q17b_splice),
        T_CASE("Q18: what was not selected has no value", q18_outside_the_selection),
        T_CASE("Q19: the digest's hash is the AK's", q19_digest_hash),
        T_CASE("Q20: values stand in the quote's order", q20_order),
        T_CASE("Q21: each value is as long as its bank's digest", q21_value_length),
        T_CASE("Q22: an empty bank is taken only where allowed", q22_unallocated_banks),
        T_CASE("Q23: values of another moment are refused", q23_other_values),
        T_CASE("T8, Q3: no flipped bit is believed", no_flip_is_believed),
        T_CASE("T1: a lower reset or restart count went back", t1_counts),
        T_CASE("T2: the clock may fall only across a reset", t2_clock_across_a_reset),
        T_CASE("T3: an older state of the TPM went back", t3_snapshot),
    };
    return cmocka_run_group_tests(cases, setup, teardown);
}
