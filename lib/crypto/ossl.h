/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of lib/crypto share of OpenSSL: releasing by scope, one way to report a failure,
 * and keys as EVP_PKEY. No other folder includes this.
 *
 * OpenSSL keeps a queue of errors per thread. Whoever calls OpenSSL here and does not succeed ends
 * with crypto_fail or ERR_clear_error, so that nothing stale is left for the TLS glue to find.
 */
#ifndef PAWL_CRYPTO_OSSL_H
#define PAWL_CRYPTO_OSSL_H

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <pawl/crypto.h>

/* ---- releasing by scope ---------------------------------------------------------------------- */

#define CRYPTO_RELEASE(name, type, release)                                                        \
    static inline void name(type **p)                                                              \
    {                                                                                              \
        release(*p);                                                                               \
    }

CRYPTO_RELEASE(release_kdf, EVP_KDF, EVP_KDF_free)
CRYPTO_RELEASE(release_kdf_ctx, EVP_KDF_CTX, EVP_KDF_CTX_free)
CRYPTO_RELEASE(release_cipher_ctx, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
CRYPTO_RELEASE(release_pkey, EVP_PKEY, EVP_PKEY_free)
CRYPTO_RELEASE(release_pkey_ctx, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
CRYPTO_RELEASE(release_bn, BIGNUM, BN_free)
CRYPTO_RELEASE(release_params, OSSL_PARAM, OSSL_PARAM_free)
CRYPTO_RELEASE(release_params_bld, OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
CRYPTO_RELEASE(release_ecdsa_sig, ECDSA_SIG, ECDSA_SIG_free)
CRYPTO_RELEASE(release_bio, BIO, BIO_free_all)
CRYPTO_RELEASE(release_x509, X509, X509_free)
CRYPTO_RELEASE(release_general_names, GENERAL_NAMES, GENERAL_NAMES_free)
CRYPTO_RELEASE(release_ext_usage, EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free)

/* ---- failure --------------------------------------------------------------------------------- */

/* CRYPTO with OpenSSL's own reason behind ours; MEMORY if that was the reason. Empties the queue.
 */
pawl_status crypto_fail(struct pawl_err *err, const char *where, const char *why);

pawl_status crypto_no_memory(struct pawl_err *err, const char *where);

/* ---- hash ------------------------------------------------------------------------------------ */

/* NULL for an unknown hash, and where OpenSSL does not have it. Fetched once for the process, for a
 * fetch costs more than to hash a message; it never changes then and is not to be freed. */
const EVP_MD *crypto_md(enum pawl_hash alg);

/* pawl_hmac with a key of any length, none too. */
PAWL_MUST_USE pawl_status crypto_hmac(enum pawl_hash alg, struct pawl_view key,
                                      const struct pawl_view *parts, size_t parts_n,
                                      struct pawl_digest *ret, struct pawl_err *err);

/* ---- contexts that a thread keeps ------------------------------------------------------------ */

/* Taken, a context is the caller's; NULL if none is kept. It is given back as invariant 1 of
 * thread.c wants it, or freed. */

/* At the beginning of a SHA-256. */
EVP_MD_CTX *crypto_sha256_take(void);
void        crypto_sha256_keep(EVP_MD_CTX *ctx);

/* AES-CCM-16-128-128: cipher and lengths of nonce and tag are set. */
EVP_CIPHER_CTX *crypto_ccm_take(void);
void            crypto_ccm_keep(EVP_CIPHER_CTX *ctx);

/* ---- keys ------------------------------------------------------------------------------------ */

struct crypto_curve {
    const char *name;      /* "P-256" */
    size_t      n;         /* bytes of a coordinate, and of the order */
    uint8_t     order[48]; /* the first n bytes */
};

/* NULL if kind is no elliptic curve's. */
const struct crypto_curve *crypto_curve(enum pawl_key_kind kind);

/* Imports a key and checks it as pawl_public_check says. The caller releases *ret. */
PAWL_MUST_USE pawl_status crypto_import(const struct pawl_public *k, EVP_PKEY **ret,
                                        struct pawl_err *err);

/* The same for a point on the curve of another key, at a quarter of the cost. */
PAWL_MUST_USE pawl_status crypto_import_like(const EVP_PKEY *like, const struct pawl_public *k,
                                             EVP_PKEY **ret, struct pawl_err *err);

/* The public part by value. UNSUPPORTED for other kinds, sizes and exponents than pawl_public
 * holds. */
PAWL_MUST_USE pawl_status crypto_export(const EVP_PKEY *pkey, struct pawl_public *ret,
                                        struct pawl_err *err);

/* A memory BIO that reads in. NULL in *ret never comes with success. */
PAWL_MUST_USE pawl_status crypto_bio_from(struct pawl_view in, const char *where, BIO **ret,
                                          struct pawl_err *err);

/* Copies what was written to a memory BIO. FULL if it does not fit. */
PAWL_MUST_USE pawl_status crypto_bio_copy(BIO *bio, const char *where, uint8_t *ret, size_t cap,
                                          size_t *ret_n, struct pawl_err *err);

/* For OpenSSL's PEM readers: gives no password, where their own would ask at the terminal. */
int crypto_no_password(char *buf, int size, int rwflag, void *arg);

/* ---- ECDSA signatures ------------------------------------------------------------------------ */

enum { CRYPTO_ECDSA_DER_MAX = 2 + 2 * (2 + 1 + 48) };

/* r || s as the DER that OpenSSL takes. RANGE if r or s is 0 or not below the curve's order. */
PAWL_MUST_USE pawl_status crypto_ecdsa_to_der(const struct crypto_curve *c, const uint8_t *rs,
                                              uint8_t ret[CRYPTO_ECDSA_DER_MAX], size_t *ret_n,
                                              struct pawl_err *err);

#endif
