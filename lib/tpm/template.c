/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public areas that Pawl makes and accepts, whole: TCG EK Credential Profile 2.6, templates
 * L-1, L-2, H-1, H-2 and H-3, and our own AK, t_D, application key and SRK.
 *
 * A key is accepted by building the one structure that may hold it and comparing all bytes, so no
 * attribute, policy or scheme can slip through because nobody looked at it. Two spellings of one
 * key (an exponent written out, a coordinate without its leading zero) would have two Names: only
 * the spelling that a TPM gives is taken.
 */

#include <string.h>

#include <pawl/tpm.h>

/* PolicyA: TPM2_PolicySecret(TPM_RH_ENDORSEMENT), SHA-256. */
static const uint8_t policy_a_sha256[] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
};

/* PolicyB: TPM2_PolicyOR(PolicyA, PolicyC), where PolicyC is TPM2_PolicyAuthorizeNV. */
static const uint8_t policy_b_sha256[] = {
    0xca, 0x3d, 0x0a, 0x99, 0xa2, 0xb9, 0x39, 0x06, 0xf7, 0xa3, 0x34, 0x24, 0x14, 0xef, 0xcf, 0xb3,
    0xa3, 0x85, 0xd4, 0x4c, 0xd1, 0xfd, 0x45, 0x90, 0x89, 0xd1, 0x9b, 0x50, 0x71, 0xc0, 0xb7, 0xa0,
};
static const uint8_t policy_b_sha384[] = {
    0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc, 0xf5, 0xfd, 0x3a, 0x1a,
    0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4, 0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca,
    0xcb, 0x47, 0xba, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12,
};

#define OURS                                                                                       \
    (PAWL_TPMA_FIXED_TPM | PAWL_TPMA_FIXED_PARENT | PAWL_TPMA_ORIGIN | PAWL_TPMA_USER_AUTH |       \
     PAWL_TPMA_NO_DA)
#define EK_L                                                                                       \
    (PAWL_TPMA_FIXED_TPM | PAWL_TPMA_FIXED_PARENT | PAWL_TPMA_ORIGIN | PAWL_TPMA_ADMIN_POLICY |    \
     PAWL_TPMA_RESTRICTED | PAWL_TPMA_DECRYPT)
#define EK_H (EK_L | PAWL_TPMA_USER_AUTH)
#define AK   (OURS | PAWL_TPMA_RESTRICTED | PAWL_TPMA_SIGN)
#define TD   (OURS | PAWL_TPMA_DECRYPT)
#define APP  (OURS | PAWL_TPMA_SIGN)
#define SRK  (OURS | PAWL_TPMA_RESTRICTED | PAWL_TPMA_DECRYPT)

enum unique_input { UNIQUE_EMPTY, UNIQUE_ZEROS };

struct shape {
    const char        *name;
    enum pawl_key_kind kind;
    size_t             n; /* of pawl_public */
    enum pawl_hash     name_alg;
    uint32_t           attributes;
    const uint8_t     *policy; /* of name_alg's length, or NULL */
    uint16_t           sym_bits;
    uint16_t           scheme; /* 0: TPM_ALG_NULL; otherwise with SHA-256 */
    enum unique_input  unique;
};

static const struct shape shapes[PAWL_TEMPLATE_COUNT] = {
    [PAWL_EK_RSA2048] = { "EK RSA-2048 (L-1)", PAWL_KEY_RSA, 256, PAWL_SHA256, EK_L,
                          policy_a_sha256, 128, 0, UNIQUE_ZEROS },
    [PAWL_EK_P256] = { "EK P-256 (L-2)", PAWL_KEY_P256, PAWL_POINT_P256, PAWL_SHA256, EK_L,
                       policy_a_sha256, 128, 0, UNIQUE_ZEROS },
    [PAWL_EK_P384] = { "EK P-384 (H-3)", PAWL_KEY_P384, PAWL_POINT_MAX, PAWL_SHA384, EK_H,
                       policy_b_sha384, 256, 0, UNIQUE_EMPTY },
    [PAWL_EK_RSA2048_H] = { "EK RSA-2048 (H-1)", PAWL_KEY_RSA, 256, PAWL_SHA256, EK_H,
                            policy_b_sha256, 128, 0, UNIQUE_EMPTY },
    [PAWL_EK_P256_H] = { "EK P-256 (H-2)", PAWL_KEY_P256, PAWL_POINT_P256, PAWL_SHA256, EK_H,
                         policy_b_sha256, 128, 0, UNIQUE_EMPTY },
    [PAWL_AK_P256] = { "AK P-256", PAWL_KEY_P256, PAWL_POINT_P256, PAWL_SHA256, AK, NULL, 0,
                       PAWL_TPM_ALG_ECDSA, UNIQUE_EMPTY },
    [PAWL_AK_RSA2048] = { "AK RSA-2048", PAWL_KEY_RSA, 256, PAWL_SHA256, AK, NULL, 0,
                          PAWL_TPM_ALG_RSASSA, UNIQUE_EMPTY },
    [PAWL_TD_P256] = { "t_D P-256", PAWL_KEY_P256, PAWL_POINT_P256, PAWL_SHA256, TD, NULL, 0, 0,
                       UNIQUE_EMPTY },
    [PAWL_APP_P256] = { "application P-256", PAWL_KEY_P256, PAWL_POINT_P256, PAWL_SHA256, APP, NULL,
                        0, 0, UNIQUE_EMPTY },
    [PAWL_SRK_P256] = { "SRK P-256", PAWL_KEY_P256, PAWL_POINT_P256, PAWL_SHA256, SRK, NULL, 128, 0,
                        UNIQUE_EMPTY },
};

static const struct shape *shape_of(enum pawl_template t)
{
    if ((unsigned)t >= PAWL_TEMPLATE_COUNT || !shapes[t].name)
        return NULL;
    return &shapes[t];
}

const char *pawl_template_name(enum pawl_template t)
{
    const struct shape *s = shape_of(t);

    return s ? s->name : "no template";
}

static uint16_t type_of(const struct shape *s)
{
    return s->kind == PAWL_KEY_RSA ? PAWL_TPM_ALG_RSA : PAWL_TPM_ALG_ECC;
}

static struct pawl_view policy_of(const struct shape *s)
{
    return pawl_view(s->policy, s->policy ? pawl_hash_n(s->name_alg) : 0);
}

static void wr_parameters(struct pawl_wr *w, const struct shape *s)
{
    if (s->sym_bits) {
        pawl_wr_u16(w, PAWL_TPM_ALG_AES);
        pawl_wr_u16(w, s->sym_bits);
        pawl_wr_u16(w, PAWL_TPM_ALG_CFB);
    } else {
        pawl_wr_u16(w, PAWL_TPM_ALG_NULL);
    }
    if (s->scheme) {
        pawl_wr_u16(w, s->scheme);
        pawl_wr_u16(w, PAWL_TPM_ALG_SHA256);
    } else {
        pawl_wr_u16(w, PAWL_TPM_ALG_NULL);
    }
    if (s->kind == PAWL_KEY_RSA) {
        pawl_wr_u16(w, (uint16_t)(8 * s->n)); /* keyBits */
        pawl_wr_u32(w, 0);                    /* exponent: the default, 65537 */
    } else {
        pawl_wr_u16(w, s->kind == PAWL_KEY_P256 ? PAWL_TPM_ECC_P256 : PAWL_TPM_ECC_P384);
        pawl_wr_u16(w, PAWL_TPM_ALG_NULL); /* kdf */
    }
}

/* unique of an existing key, or what a template puts there. */
static void wr_unique(struct pawl_wr *w, const struct shape *s, const struct pawl_public *key)
{
    static const uint8_t zeros[PAWL_RSA_MODULUS_MAX];
    bool                 rsa = s->kind == PAWL_KEY_RSA;
    size_t               part = rsa ? s->n : (s->n - 1) / 2;
    const uint8_t       *from = key ? key->b + !rsa : zeros; /* a point begins with 0x04 */

    if (!key && s->unique == UNIQUE_EMPTY)
        part = 0;
    pawl_wr_tpm2b(w, pawl_view(from, part));
    if (!rsa)
        pawl_wr_tpm2b(w, pawl_view(from + part, part));
}

pawl_status pawl_template_write(enum pawl_template t, const struct pawl_public *key,
                                struct pawl_wr *w, struct pawl_err *err)
{
    const struct shape *s = shape_of(t);

    if (!s)
        return pawl_fail(err, PAWL_E_BUG, "template", "number %d", (int)t);
    if (key && (key->kind != s->kind || key->n != s->n))
        return pawl_fail(err, PAWL_E_RANGE, "unique", "a key of %s does not fit %s",
                         pawl_public_name(key), s->name);
    pawl_wr_u16(w, type_of(s));
    pawl_wr_u16(w, pawl_tpm_hash_id(s->name_alg));
    pawl_wr_u32(w, s->attributes);
    pawl_wr_tpm2b(w, policy_of(s));
    wr_parameters(w, s);
    wr_unique(w, s, key);
    return pawl_ok();
}

/* For the report only: the decision has been taken on the bytes. */
static const char *first_difference(const struct shape *s, const struct pawl_tpm_public *pub)
{
    bool rsa = s->kind == PAWL_KEY_RSA;

    if (pub->type != type_of(s))
        return "type";
    if (pub->name_alg != s->name_alg)
        return "nameAlg";
    if (pub->attributes != s->attributes)
        return "objectAttributes";
    if (!pawl_view_equal(pub->policy, policy_of(s)))
        return "authPolicy";
    if (pub->sym != (s->sym_bits ? PAWL_TPM_ALG_AES : PAWL_TPM_ALG_NULL))
        return "parameters.symmetric.algorithm";
    if (pub->sym_bits != s->sym_bits)
        return "parameters.symmetric.keyBits";
    if (pub->scheme != (s->scheme ? s->scheme : PAWL_TPM_ALG_NULL))
        return "parameters.scheme.scheme";
    if (s->scheme && pub->scheme_hash != PAWL_SHA256)
        return "parameters.scheme.details.hashAlg";
    if (pub->key.kind != s->kind || pub->key.n != s->n)
        return rsa ? "parameters.rsaDetail.keyBits" : "parameters.eccDetail.curveID";
    /* What is left are other spellings of the same values. */
    return rsa ? "parameters.rsaDetail.exponent" : "unique.ecc";
}

pawl_status pawl_template_check(enum pawl_template t, const struct pawl_tpm_public *pub,
                                struct pawl_err *err)
{
    const struct shape *s = shape_of(t);
    uint8_t             expected[PAWL_PUBLIC_MAX];
    struct pawl_wr      w = pawl_wr_to(expected, sizeof(expected));
    struct pawl_view    built = { 0 };

    if (!s)
        return pawl_fail(err, PAWL_E_BUG, "template", "number %d", (int)t);
    if (pub->key.kind == s->kind && pub->key.n == s->n) {
        PAWL_TRY(pawl_template_write(t, &pub->key, &w, err));
        PAWL_TRY(pawl_wr_end(&w, "template", &built, err));
    }
    if (built.n == 0 || !pawl_view_equal(built, pub->bytes))
        return pawl_fail(err, PAWL_E_DENIED, first_difference(s, pub), "not as in %s", s->name);
    return pawl_ok();
}

enum pawl_template pawl_template_of_ek(const struct pawl_tpm_public *pub)
{
    static const enum pawl_template eks[] = { PAWL_EK_RSA2048, PAWL_EK_P256, PAWL_EK_P384,
                                              PAWL_EK_RSA2048_H, PAWL_EK_P256_H };
    struct pawl_err                 err;

    for (size_t i = 0; i < sizeof(eks) / sizeof(eks[0]); i++)
        if (pawl_is_ok(pawl_template_check(eks[i], pub, &err)))
            return eks[i];
    return PAWL_TEMPLATE_NONE;
}
