/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature verification over a digest. The key of a device, so everything here is hostile input:
 * lengths and ranges are judged before OpenSSL sees a byte.
 */

#include <openssl/rsa.h>

#include "crypto/ossl.h"

static pawl_status check_alg(const struct pawl_public *key, enum pawl_sig_alg alg,
                             enum pawl_hash hash, struct pawl_view digest, struct pawl_err *err)
{
    bool ec = crypto_curve(key->kind) != NULL;
    bool rsa = key->kind == PAWL_KEY_RSA;

    if (hash == PAWL_SHA1 || pawl_hash_n(hash) == 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "signature.hash", "%s is not taken",
                         pawl_hash_name(hash));
    if (!(ec && alg == PAWL_SIG_ECDSA) &&
        !(rsa && (alg == PAWL_SIG_RSASSA || alg == PAWL_SIG_RSAPSS)))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "signature.alg", "%d does not go with %s",
                         (int)alg, pawl_public_name(key));
    if (digest.n != pawl_hash_n(hash))
        return pawl_fail(err, PAWL_E_RANGE, "signature.digest", "%zu bytes where %s has %zu",
                         digest.n, pawl_hash_name(hash), pawl_hash_n(hash));
    return pawl_ok();
}

static pawl_status forged(struct pawl_err *err)
{
    ERR_clear_error();
    return pawl_fail(err, PAWL_E_FORGED, "signature", "does not verify under this key");
}

static EVP_PKEY_CTX *start(EVP_PKEY *pkey, enum pawl_hash hash)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

    if (ctx && EVP_PKEY_verify_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_signature_md(ctx, crypto_md(hash)) == 1)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

static pawl_status verify_ecdsa(const struct pawl_public *key, enum pawl_hash hash,
                                struct pawl_view digest, struct pawl_view sig, struct pawl_err *err)
{
    const struct crypto_curve *c = crypto_curve(key->kind);
    uint8_t                    der[CRYPTO_ECDSA_DER_MAX];
    size_t                     n;

    if (sig.n != 2 * c->n)
        return pawl_fail(err, PAWL_E_RANGE, "signature", "%zu bytes where %s has %zu", sig.n,
                         c->name, 2 * c->n);
    PAWL_TRY(crypto_ecdsa_to_der(c, sig.p, der, &n, err));
    PAWL_CLEANUP(release_pkey) EVP_PKEY *pkey = NULL;
    PAWL_TRY(crypto_import(key, &pkey, err));
    PAWL_CLEANUP(release_pkey_ctx) EVP_PKEY_CTX *ctx = start(pkey, hash);
    if (!ctx)
        return crypto_fail(err, "signature", "cannot start");
    return EVP_PKEY_verify(ctx, der, n, digest.p, digest.n) == 1 ? pawl_ok() : forged(err);
}

static pawl_status verify_rsa(const struct pawl_public *key, enum pawl_sig_alg alg,
                              enum pawl_hash hash, struct pawl_view digest, struct pawl_view sig,
                              struct pawl_err *err)
{
    /* A TPM fills the modulus with salt unless it runs in FIPS mode (Part 1, B.7). */
    static const int salts[] = { RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX };
    bool             pss = alg == PAWL_SIG_RSAPSS;

    if (sig.n != key->n)
        return pawl_fail(err, PAWL_E_RANGE, "signature", "%zu bytes where %s has %zu", sig.n,
                         pawl_public_name(key), key->n);
    PAWL_CLEANUP(release_pkey) EVP_PKEY *pkey = NULL;
    PAWL_TRY(crypto_import(key, &pkey, err));
    PAWL_CLEANUP(release_pkey_ctx) EVP_PKEY_CTX *ctx = start(pkey, hash);
    int padding = pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    if (!ctx || EVP_PKEY_CTX_set_rsa_padding(ctx, padding) != 1)
        return crypto_fail(err, "signature", "cannot start");
    for (size_t i = 0; i < (pss ? 2 : 1); i++) {
        if (pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salts[i]) != 1)
            return crypto_fail(err, "signature", "cannot set the salt's length");
        if (EVP_PKEY_verify(ctx, sig.p, sig.n, digest.p, digest.n) == 1) {
            ERR_clear_error();
            return pawl_ok();
        }
    }
    return forged(err);
}

pawl_status pawl_verify(const struct pawl_public *key, enum pawl_sig_alg alg, enum pawl_hash hash,
                        struct pawl_view digest, struct pawl_view sig, struct pawl_err *err)
{
    PAWL_TRY(check_alg(key, alg, hash, digest, err));
    if (alg == PAWL_SIG_ECDSA)
        return verify_ecdsa(key, hash, digest, sig, err);
    return verify_rsa(key, alg, hash, digest, sig, err);
}

pawl_status pawl_es256_verify_parts(const struct pawl_public *k, const struct pawl_view *parts,
                                    size_t parts_n, const uint8_t sig[64], struct pawl_err *err)
{
    struct pawl_digest d;

    if (k->kind != PAWL_KEY_P256)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "signature.alg", "ES256 does not go with %s",
                         pawl_public_name(k));
    PAWL_TRY(pawl_hash(PAWL_SHA256, parts, parts_n, &d, err));
    return pawl_verify(k, PAWL_SIG_ECDSA, PAWL_SHA256, pawl_digest_view(&d), pawl_view(sig, 64),
                       err);
}

pawl_status pawl_es256_verify(const struct pawl_public *k, struct pawl_view in,
                              const uint8_t sig[64], struct pawl_err *err)
{
    return pawl_es256_verify_parts(k, &in, 1, sig, err);
}
