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
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <pawl/crypto.h>

/* ---- releasing by scope ---------------------------------------------------------------------- */

#define CRYPTO_RELEASE(name, type, release)                                                        \
    static inline void name(type **p)                                                              \
    {                                                                                              \
        release(*p);                                                                               \
    }

CRYPTO_RELEASE(release_md_ctx, EVP_MD_CTX, EVP_MD_CTX_free)
CRYPTO_RELEASE(release_mac, EVP_MAC, EVP_MAC_free)
CRYPTO_RELEASE(release_mac_ctx, EVP_MAC_CTX, EVP_MAC_CTX_free)
CRYPTO_RELEASE(release_kdf, EVP_KDF, EVP_KDF_free)
CRYPTO_RELEASE(release_kdf_ctx, EVP_KDF_CTX, EVP_KDF_CTX_free)
CRYPTO_RELEASE(release_cipher, EVP_CIPHER, EVP_CIPHER_free)
CRYPTO_RELEASE(release_cipher_ctx, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
CRYPTO_RELEASE(release_pkey, EVP_PKEY, EVP_PKEY_free)
CRYPTO_RELEASE(release_pkey_ctx, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
CRYPTO_RELEASE(release_bn, BIGNUM, BN_free)
CRYPTO_RELEASE(release_bio, BIO, BIO_free_all)
CRYPTO_RELEASE(release_x509, X509, X509_free)

/* ---- failure --------------------------------------------------------------------------------- */

/* CRYPTO with OpenSSL's own reason behind ours; MEMORY if that was the reason. Empties the queue.
 */
pawl_status crypto_fail(struct pawl_err *err, const char *where, const char *why);

pawl_status crypto_no_memory(struct pawl_err *err, const char *where);

/* ---- hash ------------------------------------------------------------------------------------ */

/* NULL for an unknown hash. Static inside OpenSSL, nothing to free. */
const EVP_MD *crypto_md(enum pawl_hash alg);

#endif
