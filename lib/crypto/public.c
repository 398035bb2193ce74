/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys by value, and their way into and out of OpenSSL.
 *
 * Invariants
 *  1. No EVP_PKEY is made of a struct pawl_public that pawl_public_check would refuse.
 *  2. A SubjectPublicKeyInfo is taken only in the one encoding that we write: its hash is an
 *     identity, and one key must not have two.
 */

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "crypto/ossl.h"

enum {
    UNCOMPRESSED = 0x04, /* SEC 1, 2.3.3 */
    SPKI_MAX = PAWL_RSA_MODULUS_MAX + 64,
    RSA_EXPONENT = 65537,
};

/* Orders from SP 800-186, 3.2.1.3 and 3.2.1.4. */
static const struct crypto_curve p256 = {
    "P-256", 32, { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                   0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                   0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 }
};
static const struct crypto_curve p384 = {
    "P-384", 48, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                   0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
                   0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73 }
};

const struct crypto_curve *crypto_curve(enum pawl_key_kind kind)
{
    switch (kind) {
    case PAWL_KEY_P256:
        return &p256;
    case PAWL_KEY_P384:
        return &p384;
    default:
        return NULL;
    }
}

bool pawl_public_equal(const struct pawl_public *a, const struct pawl_public *b)
{
    return a->kind != PAWL_KEY_NONE && a->kind == b->kind &&
           pawl_view_equal(pawl_view(a->b, a->n), pawl_view(b->b, b->n));
}

const char *pawl_public_name(const struct pawl_public *k)
{
    const struct crypto_curve *c = crypto_curve(k->kind);

    if (c)
        return c->name;
    if (k->kind != PAWL_KEY_RSA)
        return "none";
    switch (k->n) {
    case 256:
        return "RSA-2048";
    case 384:
        return "RSA-3072";
    case 512:
        return "RSA-4096";
    default:
        return "RSA";
    }
}

/* ---- import ---------------------------------------------------------------------------------- */

static pawl_status check_form(const struct crypto_curve *c, const struct pawl_public *k,
                              struct pawl_err *err)
{
    if (k->n != 2 * c->n + 1 || k->b[0] != UNCOMPRESSED)
        return pawl_fail(err, PAWL_E_FORM, "public.point",
                         "not an uncompressed point of %s: %zu bytes where %zu are due", c->name,
                         k->n, 2 * c->n + 1);
    return pawl_ok();
}

static pawl_status import_point(const struct crypto_curve *c, const struct pawl_public *k,
                                EVP_PKEY **ret, struct pawl_err *err)
{
    PAWL_TRY(check_form(c, k, err));
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)c->name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)k->b, k->n),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *pkey = NULL;

    PAWL_CLEANUP(release_pkey_ctx)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1)
        return crypto_fail(err, "public.point", "cannot import");
    /* OpenSSL checks range and curve equation here. */
    if (EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) != 1) {
        ERR_clear_error();
        return pawl_fail(err, PAWL_E_RANGE, "public.point", "is no point of %s", c->name);
    }
    *ret = pkey;
    return pawl_ok();
}

pawl_status crypto_import_like(const EVP_PKEY *like, const struct pawl_public *k, EVP_PKEY **ret,
                               struct pawl_err *err)
{
    const struct crypto_curve *c = crypto_curve(k->kind);

    if (!c)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "public.kind", "%d is no curve's", (int)k->kind);
    PAWL_TRY(check_form(c, k, err));
    PAWL_CLEANUP(release_pkey) EVP_PKEY *pkey = EVP_PKEY_new();
    if (!pkey || EVP_PKEY_copy_parameters(pkey, like) != 1)
        return crypto_fail(err, "public.point", "cannot import");
    /* OpenSSL checks range and curve equation here. */
    if (EVP_PKEY_set1_encoded_public_key(pkey, k->b, k->n) != 1) {
        ERR_clear_error();
        return pawl_fail(err, PAWL_E_RANGE, "public.point", "is no point of %s", c->name);
    }
    *ret = pkey;
    pkey = NULL;
    return pawl_ok();
}

static pawl_status check_modulus(const struct pawl_public *k, struct pawl_err *err)
{
    if (k->n != 256 && k->n != 384 && k->n != 512)
        return pawl_fail(err, PAWL_E_RANGE, "public.modulus",
                         "%zu bytes: 2048, 3072 and 4096 bits are taken", k->n);
    if (!(k->b[0] & 0x80))
        return pawl_fail(err, PAWL_E_RANGE, "public.modulus", "its highest bit is 0");
    if (!(k->b[k->n - 1] & 1))
        return pawl_fail(err, PAWL_E_RANGE, "public.modulus", "is even");
    return pawl_ok();
}

static pawl_status import_modulus(const struct pawl_public *k, EVP_PKEY **ret, struct pawl_err *err)
{
    EVP_PKEY *pkey = NULL;

    PAWL_TRY(check_modulus(k, err));
    PAWL_CLEANUP(release_params_bld) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    PAWL_CLEANUP(release_bn) BIGNUM                 *n = BN_bin2bn(k->b, (int)k->n, NULL);
    if (!bld || !n || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_uint32(bld, OSSL_PKEY_PARAM_RSA_E, RSA_EXPONENT) != 1)
        return crypto_no_memory(err, "public.modulus");
    PAWL_CLEANUP(release_params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    PAWL_CLEANUP(release_pkey_ctx)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return crypto_fail(err, "public.modulus", "cannot import");
    *ret = pkey;
    return pawl_ok();
}

pawl_status crypto_import(const struct pawl_public *k, EVP_PKEY **ret, struct pawl_err *err)
{
    const struct crypto_curve *c = crypto_curve(k->kind);

    if (c)
        return import_point(c, k, ret, err);
    if (k->kind == PAWL_KEY_RSA)
        return import_modulus(k, ret, err);
    return pawl_fail(err, PAWL_E_UNSUPPORTED, "public.kind", "%d is not known", (int)k->kind);
}

pawl_status pawl_public_check(const struct pawl_public *k, struct pawl_err *err)
{
    PAWL_CLEANUP(release_pkey) EVP_PKEY *pkey = NULL;

    return crypto_import(k, &pkey, err);
}

/* ---- export ---------------------------------------------------------------------------------- */

/* The point comes as a whole in the form the key happens to prefer: in the wrong one it is taken by
 * its coordinates, which costs three times as much. */
static bool export_octets(const EVP_PKEY *pkey, const struct crypto_curve *c,
                          struct pawl_public *ret)
{
    size_t n = 0;

    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, ret->b, sizeof(ret->b),
                                        &n) == 1 &&
        n == 2 * c->n + 1 && ret->b[0] == UNCOMPRESSED) {
        ret->n = n;
        return true;
    }
    ERR_clear_error();
    return false;
}

static pawl_status export_coordinates(const EVP_PKEY *pkey, const struct crypto_curve *c,
                                      struct pawl_public *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(release_bn) BIGNUM *x = NULL;
    PAWL_CLEANUP(release_bn) BIGNUM *y = NULL;

    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) != 1 ||
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) != 1 ||
        BN_bn2binpad(x, ret->b + 1, (int)c->n) < 0 ||
        BN_bn2binpad(y, ret->b + 1 + c->n, (int)c->n) < 0)
        return crypto_fail(err, "public.point", "cannot export");
    ret->n = 2 * c->n + 1;
    ret->b[0] = UNCOMPRESSED;
    return pawl_ok();
}

static pawl_status export_point(const EVP_PKEY *pkey, struct pawl_public *ret, struct pawl_err *err)
{
    struct pawl_public k = { 0 };
    char               group[32];

    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                       NULL) != 1) {
        ERR_clear_error();
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "public.kind", "a curve without a name");
    }
    if (OBJ_sn2nid(group) == NID_X9_62_prime256v1)
        k.kind = PAWL_KEY_P256;
    else if (OBJ_sn2nid(group) == NID_secp384r1)
        k.kind = PAWL_KEY_P384;
    else
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "public.kind",
                         "curve %s: P-256 and P-384 are taken", group);
    const struct crypto_curve *c = crypto_curve(k.kind);
    if (!export_octets(pkey, c, &k))
        PAWL_TRY(export_coordinates(pkey, c, &k, err));
    *ret = k;
    return pawl_ok();
}

static pawl_status export_modulus(const EVP_PKEY *pkey, struct pawl_public *ret,
                                  struct pawl_err *err)
{
    struct pawl_public               k = { .kind = PAWL_KEY_RSA };
    PAWL_CLEANUP(release_bn) BIGNUM *n = NULL;
    PAWL_CLEANUP(release_bn) BIGNUM *e = NULL;

    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        return crypto_fail(err, "public.modulus", "cannot export");
    if (!BN_is_word(e, RSA_EXPONENT))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "public.exponent", "only 65537 is taken");
    int bits = BN_num_bits(n);
    if (bits != 2048 && bits != 3072 && bits != 4096)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "public.modulus",
                         "%d bits: 2048, 3072 and 4096 are taken", bits);
    k.n = (size_t)BN_bn2bin(n, k.b);
    PAWL_TRY(check_modulus(&k, err));
    *ret = k;
    return pawl_ok();
}

pawl_status crypto_export(const EVP_PKEY *pkey, struct pawl_public *ret, struct pawl_err *err)
{
    if (EVP_PKEY_is_a(pkey, "EC"))
        return export_point(pkey, ret, err);
    if (EVP_PKEY_is_a(pkey, "RSA"))
        return export_modulus(pkey, ret, err);
    const char *name = EVP_PKEY_get0_type_name(pkey);
    return pawl_fail(err, PAWL_E_UNSUPPORTED, "public.kind", "%s: EC and RSA are taken",
                     name ? name : "unknown");
}

/* ---- SubjectPublicKeyInfo -------------------------------------------------------------------- */

pawl_status pawl_public_to_spki(const struct pawl_public *k, uint8_t *ret, size_t cap,
                                size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(release_pkey) EVP_PKEY *pkey = NULL;

    PAWL_TRY(crypto_import(k, &pkey, err));
    int n = i2d_PUBKEY(pkey, NULL);
    if (n <= 0)
        return crypto_fail(err, "spki", "cannot encode");
    if ((size_t)n > cap)
        return pawl_fail(err, PAWL_E_FULL, "spki", "%d bytes do not fit into %zu", n, cap);
    uint8_t *p = ret;
    if (i2d_PUBKEY(pkey, &p) != n)
        return crypto_fail(err, "spki", "cannot encode");
    *ret_n = (size_t)n;
    return pawl_ok();
}

pawl_status pawl_public_from_spki(struct pawl_view der, struct pawl_public *ret,
                                  struct pawl_err *err)
{
    struct pawl_public k;
    uint8_t            again[SPKI_MAX];
    size_t             n;

    if (der.n == 0 || der.n > SPKI_MAX)
        return pawl_fail(err, PAWL_E_FORM, "spki", "%zu bytes are no key of ours", der.n);
    const uint8_t                       *p = der.p;
    PAWL_CLEANUP(release_pkey) EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)der.n);
    if (!pkey) {
        ERR_clear_error();
        return pawl_fail(err, PAWL_E_FORM, "spki", "is no SubjectPublicKeyInfo");
    }
    ERR_clear_error(); /* a decoder that succeeds leaves behind what others said */
    PAWL_TRY(crypto_export(pkey, &k, err));
    PAWL_TRY(pawl_public_to_spki(&k, again, sizeof(again), &n, err));
    if (!pawl_view_equal(der, pawl_view(again, n))) /* inv. 2 */
        return pawl_fail(err, PAWL_E_FORM, "spki", "is not in the usual DER encoding");
    *ret = k;
    return pawl_ok();
}

pawl_status pawl_public_from_pem(struct pawl_view pem, struct pawl_public *ret,
                                 struct pawl_err *err)
{
    unsigned char *der = NULL;
    long           n = 0;

    PAWL_CLEANUP(release_bio) BIO *bio = NULL;
    PAWL_TRY(crypto_bio_from(pem, "public key", &bio, err));
    int found = PEM_bytes_read_bio(&der, &n, NULL, PEM_STRING_PUBLIC, bio, crypto_no_password,
                                   NULL);
    ERR_clear_error();
    if (found != 1)
        return pawl_fail(err, PAWL_E_FORM, "public key", "holds no PEM block PUBLIC KEY");
    pawl_status s = pawl_public_from_spki(pawl_view(der, (size_t)n), ret, err);
    OPENSSL_free(der);
    return s;
}

pawl_status pawl_spki_pin(const struct pawl_public *k, uint8_t ret[PAWL_SPKI_PIN],
                          struct pawl_err *err)
{
    uint8_t der[SPKI_MAX];
    size_t  n;

    PAWL_TRY(pawl_public_to_spki(k, der, sizeof(der), &n, err));
    return pawl_sha256(pawl_view(der, n), ret, err);
}

/* ---- RSA-OAEP -------------------------------------------------------------------------------- */

pawl_status pawl_rsa_oaep(const struct pawl_public *key, enum pawl_hash hash,
                          struct pawl_view label, const struct pawl_secret *in, uint8_t *ret,
                          size_t cap, size_t *ret_n, struct pawl_err *err)
{
    char  *md = (char *)pawl_hash_name(hash);
    size_t n = cap;

    if (key->kind != PAWL_KEY_RSA)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "oaep.key", "%s is no RSA key",
                         pawl_public_name(key));
    if (pawl_hash_n(hash) == 0 || hash == PAWL_SHA1)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "oaep.hash", "%s is not taken", md);
    if (key->n > cap)
        return pawl_fail(err, PAWL_E_FULL, "oaep.out", "%zu bytes do not fit into %zu", key->n,
                         cap);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE,
                                         OSSL_PKEY_RSA_PAD_MODE_OAEP, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, md, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, md, 0),
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
                                          label.n ? (void *)label.p : "", label.n),
        OSSL_PARAM_construct_end(),
    };
    PAWL_CLEANUP(release_pkey) EVP_PKEY *pkey = NULL;
    PAWL_TRY(crypto_import(key, &pkey, err));
    PAWL_CLEANUP(release_pkey_ctx)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (!ctx || EVP_PKEY_encrypt_init_ex(ctx, params) != 1 ||
        EVP_PKEY_encrypt(ctx, ret, &n, in->b, in->n) != 1)
        return crypto_fail(err, "oaep", "cannot encrypt");
    *ret_n = n;
    return pawl_ok();
}
