/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's own keys: made, read, written; signing and agreement.
 *
 * The object is not changed after it is made, and each operation has a context of its own: several
 * threads may use one key. To make a context costs a fifth of a signature, for OpenSSL goes through
 * all names of the algorithm; a copy of one costs little, so a key that was read keeps one.
 */

#include <stdlib.h>

#include <openssl/pem.h>

#include "crypto/private.h"

void pawl_private_free(struct pawl_private **k)
{
    if (!*k)
        return;
    EVP_PKEY_CTX_free((*k)->sign);
    EVP_PKEY_free((*k)->pkey); /* wipes the private value */
    free(*k);
    *k = NULL;
}

const struct pawl_public *pawl_private_public(const struct pawl_private *k)
{
    return &k->pub;
}

/* Takes pkey over, on failure too. UNSUPPORTED for other curves than ours. */
static pawl_status private_of(EVP_PKEY *pkey, struct pawl_private **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *k = calloc(1, sizeof(*k));

    if (!k) {
        EVP_PKEY_free(pkey);
        return crypto_no_memory(err, "private key");
    }
    k->pkey = pkey;
    PAWL_TRY(crypto_export(pkey, &k->pub, err));
    if (!crypto_curve(k->pub.kind))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "private key", "%s: P-256 and P-384 are taken",
                         pawl_public_name(&k->pub));
    *ret = k;
    k = NULL;
    return pawl_ok();
}

pawl_status pawl_private_make(enum pawl_key_kind kind, struct pawl_private **ret,
                              struct pawl_err *err)
{
    const struct crypto_curve *c = crypto_curve(kind);

    if (!c)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "private key", "kind %d is not made", (int)kind);
    EVP_PKEY *pkey = EVP_EC_gen(c->name);
    if (!pkey)
        return crypto_fail(err, "private key", "cannot make one");
    return private_of(pkey, ret, err);
}

/* A context that signs once. */
static EVP_PKEY_CTX *signing(const struct pawl_private *k)
{
    if (k->sign)
        return EVP_PKEY_CTX_dup(k->sign);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
    if (ctx && EVP_PKEY_sign_init(ctx) == 1)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

/* ---- PEM ------------------------------------------------------------------------------------- */

/* A file that was damaged or put together by hand would sign what nobody can verify. */
static pawl_status check_pair(const struct pawl_private *k, struct pawl_err *err)
{
    PAWL_CLEANUP(release_pkey_ctx)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);

    if (!ctx)
        return crypto_no_memory(err, "private key");
    if (EVP_PKEY_private_check(ctx) == 1 && EVP_PKEY_pairwise_check(ctx) == 1)
        return pawl_ok();
    ERR_clear_error();
    return pawl_fail(err, PAWL_E_FORM, "private key", "its private and public part do not fit");
}

pawl_status pawl_private_from_pem(struct pawl_view pem, struct pawl_private **ret,
                                  struct pawl_err *err)
{
    PAWL_CLEANUP(release_bio) BIO                       *bio = NULL;
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *k = NULL;

    PAWL_TRY(crypto_bio_from(pem, "private key", &bio, err));
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, crypto_no_password, NULL);
    ERR_clear_error();
    if (!pkey)
        return pawl_fail(err, PAWL_E_FORM, "private key",
                         "holds no PEM block PRIVATE KEY without a password");
    PAWL_TRY(private_of(pkey, &k, err));
    PAWL_TRY(check_pair(k, err));
    k->sign = signing(k);
    if (!k->sign)
        return crypto_fail(err, "private key", "cannot sign");
    *ret = k;
    k = NULL;
    return pawl_ok();
}

pawl_status pawl_private_to_pem(const struct pawl_private *k, uint8_t *ret, size_t cap,
                                size_t *ret_n, struct pawl_err *err)
{
    /* Memory BIOs wipe what they give back. */
    PAWL_CLEANUP(release_bio) BIO *bio = BIO_new(BIO_s_mem());

    if (!bio)
        return crypto_no_memory(err, "private key");
    if (PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL) != 1)
        return crypto_fail(err, "private key", "cannot encode");
    return crypto_bio_copy(bio, "private key", ret, cap, ret_n, err);
}

/* ---- signing and agreement ------------------------------------------------------------------- */

static pawl_status sign_der(const struct pawl_private *k, const struct pawl_view *parts,
                            size_t parts_n, uint8_t ret[CRYPTO_ECDSA_DER_MAX], size_t *ret_n,
                            struct pawl_err *err)
{
    struct pawl_digest d;
    size_t             n = CRYPTO_ECDSA_DER_MAX;

    PAWL_TRY(pawl_hash(PAWL_SHA256, parts, parts_n, &d, err));
    PAWL_CLEANUP(release_pkey_ctx)
    EVP_PKEY_CTX *ctx = signing(k);
    if (!ctx || EVP_PKEY_sign(ctx, ret, &n, d.b, d.n) != 1)
        return crypto_fail(err, "es256", "cannot sign");
    *ret_n = n;
    return pawl_ok();
}

pawl_status pawl_es256_sign_parts(const struct pawl_private *k, const struct pawl_view *parts,
                                  size_t parts_n, uint8_t ret[64], struct pawl_err *err)
{
    uint8_t        der[CRYPTO_ECDSA_DER_MAX];
    size_t         n;
    const uint8_t *p = der;

    if (k->pub.kind != PAWL_KEY_P256)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "es256", "a %s key cannot",
                         pawl_public_name(&k->pub));
    PAWL_TRY(sign_der(k, parts, parts_n, der, &n, err));
    PAWL_CLEANUP(release_ecdsa_sig) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, 32) != 32 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + 32, 32) != 32)
        return crypto_fail(err, "es256", "cannot read OpenSSL's own signature");
    return pawl_ok();
}

pawl_status pawl_es256_sign(const struct pawl_private *k, struct pawl_view in, uint8_t ret[64],
                            struct pawl_err *err)
{
    return pawl_es256_sign_parts(k, &in, 1, ret, err);
}

pawl_status crypto_agreeing(EVP_PKEY *own, EVP_PKEY_CTX **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(release_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);

    if (!ctx || EVP_PKEY_derive_init(ctx) != 1)
        return crypto_fail(err, "ecdh", "cannot start");
    *ret = ctx;
    ctx = NULL;
    return pawl_ok();
}

pawl_status crypto_agree(EVP_PKEY_CTX *own, EVP_PKEY *peer, const struct crypto_curve *c,
                         struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_SECRET z = { .n = c->n };

    /* No second check of the peer: the import was full validation, the cofactor being 1. */
    if (EVP_PKEY_derive_set_peer_ex(own, peer, 0) != 1 || EVP_PKEY_derive(own, z.b, &z.n) != 1 ||
        z.n != c->n)
        return crypto_fail(err, "ecdh", "cannot agree");
    *ret = z;
    return pawl_ok();
}

pawl_status pawl_ecdh(const struct pawl_private *k, const struct pawl_public *peer,
                      struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(release_pkey) EVP_PKEY         *theirs = NULL;
    PAWL_CLEANUP(release_pkey_ctx) EVP_PKEY_CTX *own = NULL;

    if (peer->kind != k->pub.kind)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "ecdh.peer", "%s where the own key is %s",
                         pawl_public_name(peer), pawl_public_name(&k->pub));
    PAWL_TRY(pawl_under(err, "ecdh", crypto_import_like(k->pkey, peer, &theirs, err)));
    PAWL_TRY(crypto_agreeing(k->pkey, &own, err));
    return crypto_agree(own, theirs, crypto_curve(k->pub.kind), ret, err);
}
