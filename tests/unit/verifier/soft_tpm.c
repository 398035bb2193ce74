/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_tpm.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "t.h"

enum { KEYS_MAX = 6 };
static EVP_PKEY *keys[PAWL_KEY_COUNT][KEYS_MAX];

static void free_keys(void)
{
    for (size_t i = 0; i < PAWL_KEY_COUNT * KEYS_MAX; i++)
        EVP_PKEY_free(keys[i / KEYS_MAX][i % KEYS_MAX]);
}

EVP_PKEY *soft_key(enum pawl_key_kind kind, unsigned number)
{
    static bool registered;
    EVP_PKEY  **slot = &keys[kind][number];

    assert_true(number < KEYS_MAX);
    if (!*slot)
        *slot = kind == PAWL_KEY_RSA    ? EVP_RSA_gen(2048)
                : kind == PAWL_KEY_P384 ? EVP_EC_gen("P-384")
                                        : EVP_EC_gen("P-256");
    assert_non_null(*slot);
    /* Behind OpenSSL's own registration, so that the keys go first. */
    if (!registered)
        registered = atexit(free_keys) == 0;
    return *slot;
}

struct pawl_public soft_public(EVP_PKEY *key)
{
    struct pawl_public p = { 0 };

    if (EVP_PKEY_is_a(key, "RSA")) {
        BIGNUM *n = NULL;
        assert_true(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n));
        p.kind = PAWL_KEY_RSA;
        p.n = (size_t)BN_bn2bin(n, p.b);
        BN_free(n);
        return p;
    }
    p.kind = EVP_PKEY_get_bits(key) == 256 ? PAWL_KEY_P256 : PAWL_KEY_P384;
    assert_true(
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, p.b, sizeof(p.b), &p.n));
    return p;
}

struct pawl_view soft_template(enum pawl_template t, EVP_PKEY *key)
{
    uint8_t            b[PAWL_PUBLIC_MAX];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_public pub = soft_public(key);
    struct pawl_err    err;

    T_OK(pawl_template_write(t, &pub, &w, &err), &err);
    return t_copy(pawl_view(b, w.n));
}

struct pawl_view soft_attributes(struct pawl_view tpmt_public, uint32_t attributes)
{
    enum { AT = 4 }; /* behind type and nameAlg */
    struct pawl_view copy = t_copy(tpmt_public);
    struct pawl_wr   w = pawl_wr_to((uint8_t *)copy.p + AT, 4);

    pawl_wr_u32(&w, attributes);
    return copy;
}

struct pawl_name soft_name(struct pawl_view tpmt_public)
{
    struct pawl_tpm_public pub;
    struct pawl_name       name;
    struct pawl_err        err;

    T_OK(pawl_tpm_public_parse(tpmt_public, &pub, &err), &err);
    T_OK(pawl_tpm_name(&pub, &name, &err), &err);
    return name;
}

struct pawl_view soft_attest(const struct soft_attest *a)
{
    uint8_t        b[2 * PAWL_ATTEST_MAX];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_wr_u32(&w, a->magic);
    pawl_wr_u16(&w, a->type);
    pawl_wr_tpm2b(&w, a->signer);
    pawl_wr_tpm2b(&w, a->nonce);
    pawl_wr_u64(&w, a->clock.clock_ms);
    pawl_wr_u32(&w, a->clock.resets);
    pawl_wr_u32(&w, a->clock.restarts);
    pawl_wr_u8(&w, a->clock.safe);
    pawl_wr_u64(&w, a->clock.firmware);
    pawl_wr_bytes(&w, a->body);
    assert_false(w.full);
    return t_copy(pawl_view(b, w.n));
}

struct pawl_view soft_quote_body(struct pawl_view select, struct pawl_view digest)
{
    uint8_t        b[PAWL_ATTEST_MAX];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_wr_bytes(&w, select);
    pawl_wr_tpm2b(&w, digest);
    assert_false(w.full);
    return t_copy(pawl_view(b, w.n));
}

struct pawl_view soft_certify_body(struct pawl_view name, struct pawl_view qualified_name)
{
    uint8_t        b[PAWL_ATTEST_MAX];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_wr_tpm2b(&w, name);
    pawl_wr_tpm2b(&w, qualified_name);
    assert_false(w.full);
    return t_copy(pawl_view(b, w.n));
}

struct pawl_view soft_selection(const struct pawl_pcr_selection *s)
{
    uint8_t        b[PAWL_PCR_SELECT_MAX];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_pcr_selection_write(s, &w);
    assert_false(w.full);
    return t_copy(pawl_view(b, w.n));
}

static struct pawl_view sign(EVP_PKEY *key, uint16_t scheme, enum pawl_hash hash,
                             struct pawl_view in)
{
    uint8_t       b[PAWL_SIGNATURE_MAX];
    size_t        n = sizeof(b);
    EVP_MD_CTX   *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;

    assert_non_null(md);
    assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, pawl_hash_name(hash), NULL, NULL, key, NULL),
                     1);
    if (scheme == PAWL_TPM_ALG_RSAPSS)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_DigestSign(md, b, &n, in.p, in.n), 1);
    EVP_MD_CTX_free(md);
    return t_copy(pawl_view(b, n));
}

static void write_ecdsa(struct pawl_wr *w, struct pawl_view der, size_t field)
{
    const uint8_t *at = der.p;
    uint8_t        half[48];
    ECDSA_SIG     *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.n);

    assert_non_null(sig);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), half, (int)field);
    pawl_wr_tpm2b(w, pawl_view(half, field));
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), half, (int)field);
    pawl_wr_tpm2b(w, pawl_view(half, field));
    ECDSA_SIG_free(sig);
}

struct pawl_view soft_sign(EVP_PKEY *key, uint16_t scheme, enum pawl_hash hash, struct pawl_view in)
{
    uint8_t          b[PAWL_TPM_SIG_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view raw = sign(key, scheme, hash, in);

    pawl_wr_u16(&w, scheme);
    pawl_wr_u16(&w, pawl_tpm_hash_id(hash));
    if (scheme == PAWL_TPM_ALG_ECDSA)
        write_ecdsa(&w, raw, (size_t)EVP_PKEY_get_bits(key) / 8);
    else
        pawl_wr_tpm2b(&w, raw);
    assert_false(w.full);
    return t_copy(pawl_view(b, w.n));
}
