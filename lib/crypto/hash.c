/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes and HMAC over parts. Parts spare the caller a buffer: what stands in a specification as
 * A || B || C is passed as three views.
 *
 * HMAC is made of two hashes on one context, as its standard says. OpenSSL's EVP_MAC keeps three
 * contexts and fetches the hash for each key: for the short inputs of key derivation, which every
 * message needs, that is three times the work.
 */

#include <stdatomic.h>
#include <string.h>

#include "crypto/ossl.h"

enum { BLOCK_MAX = 128 }; /* bytes that SHA-384 and SHA-512 take at a time */

static const struct {
    const char *name; /* ours, and an alias that OpenSSL knows */
    size_t      n;
    size_t      block_n;
} hashes[PAWL_HASH_COUNT] = {
    [PAWL_HASH_NONE] = { "none", 0, 0 },         [PAWL_SHA1] = { "sha1", 20, 64 },
    [PAWL_SHA256] = { "sha256", 32, 64 },        [PAWL_SHA384] = { "sha384", 48, BLOCK_MAX },
    [PAWL_SHA512] = { "sha512", 64, BLOCK_MAX },
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
    static _Atomic(EVP_MD *) fetched[PAWL_HASH_COUNT];

    if (!known(alg))
        return NULL;
    EVP_MD *md = atomic_load(&fetched[alg]);
    if (md)
        return md;
    EVP_MD *mine = EVP_MD_fetch(NULL, hashes[alg].name, NULL);
    if (!mine || atomic_compare_exchange_strong(&fetched[alg], &md, mine))
        return mine;
    EVP_MD_free(mine); /* another thread was first */
    return md;
}

struct pawl_view pawl_digest_view(const struct pawl_digest *d)
{
    return pawl_view(d->b, d->n);
}

static pawl_status unknown_hash(enum pawl_hash alg, struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_UNSUPPORTED, "hash", "%d is no hash that we know", (int)alg);
}

/* ---- contexts -------------------------------------------------------------------------------- */

/* A context at the beginning of a hash of one kind. */
struct hashing {
    EVP_MD_CTX *ctx;
    bool        keep; /* it may be used again: it hashes SHA-256 and never failed */
};

static void hashing_done(struct hashing *h)
{
    if (h->keep)
        crypto_sha256_keep(h->ctx);
    else
        EVP_MD_CTX_free(h->ctx);
}

static pawl_status hashing_begin(enum pawl_hash alg, const char *where, struct hashing *ret,
                                 struct pawl_err *err)
{
    if (!known(alg))
        return unknown_hash(alg, err);
    ret->keep = alg == PAWL_SHA256;
    ret->ctx = ret->keep ? crypto_sha256_take() : NULL;
    if (ret->ctx)
        return pawl_ok();
    ret->ctx = EVP_MD_CTX_new();
    if (ret->ctx && EVP_DigestInit_ex2(ret->ctx, crypto_md(alg), NULL) == 1)
        return pawl_ok();
    ret->keep = false;
    return ret->ctx ? crypto_fail(err, where, pawl_hash_name(alg)) : crypto_no_memory(err, where);
}

/* One hash over block and parts. The context begins anew behind it, which overwrites its state; to
 * name the hash again would cost as much as a short one. */
static bool hash_on(struct hashing *h, struct pawl_view block, const struct pawl_view *parts,
                    size_t parts_n, uint8_t *ret)
{
    bool good = EVP_DigestUpdate(h->ctx, block.p, block.n) == 1;

    for (size_t i = 0; good && i < parts_n; i++)
        good = EVP_DigestUpdate(h->ctx, parts[i].p, parts[i].n) == 1;
    good = good && EVP_DigestFinal_ex(h->ctx, ret, NULL) == 1 &&
           EVP_DigestInit_ex2(h->ctx, NULL, NULL) == 1;
    h->keep = h->keep && good;
    return good;
}

/* ---- hashes ---------------------------------------------------------------------------------- */

pawl_status pawl_hash(enum pawl_hash alg, const struct pawl_view *parts, size_t parts_n,
                      struct pawl_digest *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(hashing_done) struct hashing h = { 0 };
    struct pawl_digest                        d = { .n = pawl_hash_n(alg) };

    PAWL_TRY(hashing_begin(alg, "hash", &h, err));
    if (!hash_on(&h, pawl_view(NULL, 0), parts, parts_n, d.b))
        return crypto_fail(err, "hash", pawl_hash_name(alg));
    *ret = d;
    return pawl_ok();
}

pawl_status pawl_hash_blocks(enum pawl_hash alg, pawl_block_fn *next, void *arg,
                             struct pawl_digest *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(hashing_done) struct hashing h = { 0 };
    struct pawl_digest                        d = { .n = pawl_hash_n(alg) };
    struct pawl_view                          block;

    PAWL_TRY(hashing_begin(alg, "hash", &h, err));
    bool keep = h.keep;
    h.keep = false; /* no more at its beginning */
    do {
        PAWL_TRY(next(arg, &block, err));
        if (EVP_DigestUpdate(h.ctx, block.p, block.n) != 1)
            return crypto_fail(err, "hash", pawl_hash_name(alg));
    } while (block.n);
    h.keep = keep;
    if (!hash_on(&h, block, NULL, 0, d.b))
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

pawl_status pawl_sha256_of_hashes(struct pawl_view prefix, struct pawl_view a, struct pawl_view b,
                                  uint8_t ret[32], struct pawl_err *err)
{
    PAWL_CLEANUP(hashing_done) struct hashing h = { 0 };
    uint8_t                                   d[2][32], all[32];
    const struct pawl_view                    both = PAWL_VIEW_OF(d);

    PAWL_TRY(hashing_begin(PAWL_SHA256, "hash", &h, err));
    if (!hash_on(&h, a, NULL, 0, d[0]) || !hash_on(&h, b, NULL, 0, d[1]) ||
        !hash_on(&h, prefix, &both, 1, all))
        return crypto_fail(err, "hash", "sha256");
    memcpy(ret, all, 32);
    return pawl_ok();
}

/* ---- HMAC ------------------------------------------------------------------------------------ */

/* The key as a block of the hash: padded with zeros, or hashed first if it is longer. */
struct key_block {
    size_t  n;
    uint8_t b[BLOCK_MAX];
};

static void key_block_wipe(struct key_block *k)
{
    pawl_wipe(k, sizeof(*k));
}

static bool key_block_make(struct hashing *h, enum pawl_hash alg, struct pawl_view key,
                           struct key_block *ret)
{
    ret->n = hashes[alg].block_n;
    if (key.n > ret->n)
        return hash_on(h, key, NULL, 0, ret->b);
    if (key.n)
        memcpy(ret->b, key.p, key.n);
    return true;
}

static struct pawl_view key_block_xor(struct key_block *k, uint8_t pad)
{
    for (size_t i = 0; i < k->n; i++)
        k->b[i] ^= pad;
    return pawl_view(k->b, k->n);
}

/* H(K ^ opad || H(K ^ ipad || parts)) */
pawl_status crypto_hmac(enum pawl_hash alg, struct pawl_view key, const struct pawl_view *parts,
                        size_t parts_n, struct pawl_digest *ret, struct pawl_err *err)
{
    enum { IPAD = 0x36, OPAD = 0x5c };
    PAWL_CLEANUP(hashing_done) struct hashing     h = { 0 };
    PAWL_CLEANUP(key_block_wipe) struct key_block k = { 0 };
    struct pawl_digest                            d = { .n = pawl_hash_n(alg) };
    const struct pawl_view                        inner = pawl_digest_view(&d);

    PAWL_TRY(hashing_begin(alg, "hmac", &h, err));
    bool good = key_block_make(&h, alg, key, &k) &&
                hash_on(&h, key_block_xor(&k, IPAD), parts, parts_n, d.b) &&
                hash_on(&h, key_block_xor(&k, IPAD ^ OPAD), &inner, 1, d.b);
    if (good)
        *ret = d;
    pawl_wipe(&d, sizeof(d)); /* some HMACs are keys */
    return good ? pawl_ok() : crypto_fail(err, "hmac", pawl_hash_name(alg));
}

pawl_status pawl_hmac(enum pawl_hash alg, const struct pawl_secret *key,
                      const struct pawl_view *parts, size_t parts_n, struct pawl_digest *ret,
                      struct pawl_err *err)
{
    if (!known(alg))
        return unknown_hash(alg, err);
    /* A key that nobody set must not make a MAC that anybody can make. */
    if (key->n == 0)
        return pawl_fail(err, PAWL_E_BUG, "hmac", "the key has no bytes");
    return crypto_hmac(alg, pawl_secret_view(key), parts, parts_n, ret, err);
}
