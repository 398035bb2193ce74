/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two contexts of OpenSSL that each thread keeps: one for SHA-256, and one for the AEAD of nearly
 * every message. To make one costs as much as a short hash, and a message takes five hashes.
 *
 * Invariants
 *  1. A kept context holds no key and no plaintext. The hash stands at its beginning, which
 *     overwrites its state; the cipher was given a key of zeros. Who gives back sees to that.
 *  2. A context is taken out while it is used, so nobody meets it half way.
 */

#include <pthread.h>
#include <stdlib.h>

#include "crypto/ossl.h"

struct kept {
    EVP_MD_CTX     *sha256;
    EVP_CIPHER_CTX *ccm;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t  key;
static bool           has_key;

static void forget(void *arg)
{
    struct kept *k = arg;

    EVP_MD_CTX_free(k->sha256);
    EVP_CIPHER_CTX_free(k->ccm);
    free(k);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, forget) == 0;
}

/* This thread's; NULL if there is no memory to keep anything. */
static struct kept *mine(void)
{
    struct kept *k;

    pthread_once(&once, make_key);
    if (!has_key)
        return NULL;
    k = pthread_getspecific(key);
    if (k)
        return k;
    k = calloc(1, sizeof(*k));
    if (k && pthread_setspecific(key, k) == 0)
        return k;
    free(k);
    return NULL;
}

EVP_MD_CTX *crypto_sha256_take(void)
{
    struct kept *k = mine();
    EVP_MD_CTX  *ctx = k ? k->sha256 : NULL;

    if (ctx)
        k->sha256 = NULL;
    return ctx;
}

void crypto_sha256_keep(EVP_MD_CTX *ctx)
{
    struct kept *k = mine();

    if (k && !k->sha256)
        k->sha256 = ctx;
    else
        EVP_MD_CTX_free(ctx);
}

EVP_CIPHER_CTX *crypto_ccm_take(void)
{
    struct kept    *k = mine();
    EVP_CIPHER_CTX *ctx = k ? k->ccm : NULL;

    if (ctx)
        k->ccm = NULL;
    return ctx;
}

void crypto_ccm_keep(EVP_CIPHER_CTX *ctx)
{
    struct kept *k = mine();

    if (k && !k->ccm)
        k->ccm = ctx;
    else
        EVP_CIPHER_CTX_free(ctx);
}
