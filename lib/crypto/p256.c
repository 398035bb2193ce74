/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA-P256-SHA256 and ECDH at full speed, for keys that are others with every call.
 *
 * Making an EVP_PKEY of a point costs a quarter of a verification, and a context for it some more.
 * So one key and one context live as long as the verifier, and only the point inside the key is
 * replaced, which costs a hundredth and still checks range and curve. The context holds a reference
 * to the very key object, so it sees the new point (tested: alternating keys).
 *
 * Invariant: a point that OpenSSL refuses ends the call before anything is verified, whatever the
 * refusal left inside the key; the next call replaces it.
 */

#include <stdlib.h>

#include <openssl/core_names.h>

#include "crypto/private.h"

struct pawl_p256_verifier {
    EVP_PKEY     *key;
    EVP_PKEY_CTX *ctx;  /* of key, ready to verify */
    EVP_PKEY_CTX *make; /* of key's curve, ready to make others */
};

/* A point to begin with: the generator (SP 800-186, 3.2.1.3). */
static const struct pawl_public generator = {
    .kind = PAWL_KEY_P256,
    .n = PAWL_POINT_P256,
    .b = { 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
           0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
           0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
           0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
           0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5 },
};

void pawl_p256_verifier_free(struct pawl_p256_verifier **v)
{
    if (!*v)
        return;
    EVP_PKEY_CTX_free((*v)->ctx);
    EVP_PKEY_CTX_free((*v)->make);
    EVP_PKEY_free((*v)->key);
    free(*v);
    *v = NULL;
}

pawl_status pawl_p256_verifier_make(struct pawl_p256_verifier **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_p256_verifier_free)
    struct pawl_p256_verifier *v = calloc(1, sizeof(*v));

    if (!v)
        return crypto_no_memory(err, "p256 verifier");
    PAWL_TRY(crypto_import(&generator, &v->key, err));
    v->ctx = EVP_PKEY_CTX_new_from_pkey(NULL, v->key, NULL);
    v->make = EVP_PKEY_CTX_new_from_pkey(NULL, v->key, NULL);
    if (!v->ctx || EVP_PKEY_verify_init(v->ctx) != 1 || !v->make ||
        EVP_PKEY_keygen_init(v->make) != 1)
        return crypto_fail(err, "p256 verifier", "cannot start");
    *ret = v;
    v = NULL;
    return pawl_ok();
}

/* The point that v->key holds from here on. */
static pawl_status set_point(struct pawl_p256_verifier *v, const uint8_t point[PAWL_POINT_P256],
                             struct pawl_err *err)
{
    /* OpenSSL would take hybrid points too. */
    if (point[0] != generator.b[0])
        return pawl_fail(err, PAWL_E_FORM, "public.point", "not an uncompressed point");
    if (EVP_PKEY_set1_encoded_public_key(v->key, point, PAWL_POINT_P256) != 1) {
        ERR_clear_error();
        return pawl_fail(err, PAWL_E_RANGE, "public.point", "is no point of P-256");
    }
    return pawl_ok();
}

pawl_status pawl_p256_verify(struct pawl_p256_verifier *v, const uint8_t point[PAWL_POINT_P256],
                             const uint8_t digest[32], const uint8_t rs[64], struct pawl_err *err)
{
    uint8_t der[CRYPTO_ECDSA_DER_MAX];
    size_t  n;

    PAWL_TRY(crypto_ecdsa_to_der(crypto_curve(PAWL_KEY_P256), rs, der, &n, err));
    PAWL_TRY(set_point(v, point, err));
    if (EVP_PKEY_verify(v->ctx, der, n, digest, 32) != 1) {
        ERR_clear_error();
        return pawl_fail(err, PAWL_E_FORGED, "signature", "does not verify under this key");
    }
    return pawl_ok();
}

/* ---- a key for one agreement ---------------------------------------------------------------- */

static pawl_status point_of(const EVP_PKEY *k, uint8_t ret[PAWL_POINT_P256], struct pawl_err *err)
{
    size_t n = 0;

    if (EVP_PKEY_get_octet_string_param(k, OSSL_PKEY_PARAM_PUB_KEY, ret, PAWL_POINT_P256, &n) !=
            1 ||
        n != PAWL_POINT_P256 || ret[0] != generator.b[0])
        return crypto_fail(err, "p256 agreement", "cannot export the point");
    return pawl_ok();
}

static pawl_status agree(struct pawl_p256_verifier *v, EVP_PKEY_CTX *own,
                         const uint8_t point[PAWL_POINT_P256], struct pawl_secret *ret,
                         struct pawl_err *err)
{
    PAWL_TRY(set_point(v, point, err));
    return crypto_agree(own, v->key, crypto_curve(PAWL_KEY_P256), ret, err);
}

pawl_status pawl_p256_agree(struct pawl_p256_verifier *v, const struct pawl_agreement with[],
                            size_t n, uint8_t ret[PAWL_POINT_P256], struct pawl_err *err)
{
    PAWL_CLEANUP(release_pkey) EVP_PKEY         *key = NULL;
    PAWL_CLEANUP(release_pkey_ctx) EVP_PKEY_CTX *own = NULL;

    if (EVP_PKEY_keygen(v->make, &key) != 1)
        return crypto_fail(err, "p256 agreement", "cannot make a key");
    PAWL_TRY(crypto_agreeing(key, &own, err));
    for (size_t i = 0; i < n; i++)
        PAWL_TRY(pawl_under(err, with[i].field, agree(v, own, with[i].point, with[i].z, err)));
    return point_of(key, ret, err);
}
