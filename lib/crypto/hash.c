/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes and HMAC over parts. Parts spare the caller a buffer: what stands in a specification as
 * A || B || C is passed as three views.
 */

#include <string.h>

#include <openssl/core_names.h>

#include "crypto/ossl.h"

static const struct {
    const char *name; /* ours, and an alias that OpenSSL knows */
    size_t      n;
    const EVP_MD *(*md)(void);
} hashes[PAWL_HASH_COUNT] = {
    [PAWL_HASH_NONE] = { "none", 0, NULL },       [PAWL_SHA1] = { "sha1", 20, EVP_sha1 },
    [PAWL_SHA256] = { "sha256", 32, EVP_sha256 }, [PAWL_SHA384] = { "sha384", 48, EVP_sha384 },
    [PAWL_SHA512] = { "sha512", 64, EVP_sha512 },
};

static bool known(enum pawl_hash alg)
{
    return alg > PAWL_HASH_NONE && alg < PAWL_HASH_COUNT;
}

size_t pawl_hash_n(enum pawl_hash alg)
{
    return known(alg) ? hashes[alg].n : 0;
}

const char *pawl_hash_name(enum pawl_hash alg)
{
    return hashes[known(alg) ? alg : PAWL_HASH_NONE].name;
}

enum pawl_hash pawl_hash_by_name(const char *name)
{
    for (int alg = PAWL_SHA1; alg < PAWL_HASH_COUNT; alg++)
        if (strcmp(name, hashes[alg].name) == 0)
            return (enum pawl_hash)alg;
    return PAWL_HASH_NONE;
}

const EVP_MD *crypto_md(enum pawl_hash alg)
{
    return known(alg) ? hashes[alg].md() : NULL;
}

struct pawl_view pawl_digest_view(const struct pawl_digest *d)
{
    return pawl_view(d->b, d->n);
}

static pawl_status unknown_hash(enum pawl_hash alg, struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_UNSUPPORTED, "hash", "%d is no hash that we know", (int)alg);
}

pawl_status pawl_hash(enum pawl_hash alg, const struct pawl_view *parts, size_t parts_n,
                      struct pawl_digest *ret, struct pawl_err *err)
{
    struct pawl_digest d = { .n = pawl_hash_n(alg) };

    if (!known(alg))
        return unknown_hash(alg, err);
    PAWL_CLEANUP(release_md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx)
        return crypto_no_memory(err, "hash");
    bool good = EVP_DigestInit_ex(ctx, crypto_md(alg), NULL) == 1;
    for (size_t i = 0; good && i < parts_n; i++)
        good = EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1;
    if (!good || EVP_DigestFinal_ex(ctx, d.b, NULL) != 1)
        return crypto_fail(err, "hash", pawl_hash_name(alg));
    *ret = d;
    return pawl_ok();
}

pawl_status pawl_sha256(struct pawl_view in, uint8_t ret[32], struct pawl_err *err)
{
    struct pawl_digest d;

    PAWL_TRY(pawl_hash(PAWL_SHA256, &in, 1, &d, err));
    memcpy(ret, d.b, 32);
    return pawl_ok();
}

pawl_status pawl_hmac(enum pawl_hash alg, const struct pawl_secret *key,
                      const struct pawl_view *parts, size_t parts_n, struct pawl_digest *ret,
                      struct pawl_err *err)
{
    struct pawl_digest d = { .n = pawl_hash_n(alg) };

    if (!known(alg))
        return unknown_hash(alg, err);
    /* A key that nobody set must not make a MAC that anybody can make. */
    if (key->n == 0)
        return pawl_fail(err, PAWL_E_BUG, "hmac", "the key has no bytes");
    PAWL_CLEANUP(release_mac) EVP_MAC         *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    PAWL_CLEANUP(release_mac_ctx) EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    if (!ctx)
        return crypto_fail(err, "hmac", "cannot start");
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)hashes[alg].name, 0),
        OSSL_PARAM_construct_end(),
    };
    bool good = EVP_MAC_init(ctx, key->b, key->n, params) == 1;
    for (size_t i = 0; good && i < parts_n; i++)
        good = EVP_MAC_update(ctx, parts[i].p, parts[i].n) == 1;
    if (!good || EVP_MAC_final(ctx, d.b, NULL, sizeof(d.b)) != 1) {
        pawl_wipe(&d, sizeof(d));
        return crypto_fail(err, "hmac", pawl_hash_name(alg));
    }
    *ret = d;
    pawl_wipe(&d, sizeof(d)); /* some HMACs are keys */
    return pawl_ok();
}
