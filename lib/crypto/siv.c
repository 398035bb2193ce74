/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-SIV (RFC 5297), made of AES-CBC and AES-CTR as its standard says. OpenSSL's own looks up
 * its parts for each key and takes one block at a time: for a row of the verifier, some hundred
 * bytes, that is four times the work.
 *
 * Names are the standard's: S2V, dbl, xorend, V, Q; of CMAC (RFC 4493) L, K1, K2.
 *
 * Not here: which lengths are possible, and that plaintext which is not authentic is wiped
 * (aead.c).
 */

#include <string.h>

#include "crypto/ossl.h"

enum { BLOCK = 16, KEY = 32, PIECE = 1024 };

static const uint8_t zeros[KEY];

struct siv {
    EVP_CIPHER_CTX *cbc, *ctr;
    uint8_t         k1[BLOCK], k2[BLOCK];
};

/* ---- blocks ---------------------------------------------------------------------------------- */

static void xor_block(uint8_t b[BLOCK], const uint8_t with[BLOCK])
{
    for (size_t i = 0; i < BLOCK; i++)
        b[i] ^= with[i];
}

/* Twice b in GF(2^128), without a branch on what is secret. */
static void dbl(const uint8_t b[BLOCK], uint8_t ret[BLOCK])
{
    uint8_t carry = b[0] >> 7;

    for (size_t i = 0; i < BLOCK - 1; i++)
        ret[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
    ret[BLOCK - 1] = (uint8_t)(b[BLOCK - 1] << 1 ^ 0x87 * carry);
}

/* ---- CMAC ------------------------------------------------------------------------------------ */

/* One more chaining of whole blocks; ret is left with the last one of it. */
static bool chain(struct siv *s, struct pawl_view in, uint8_t ret[BLOCK])
{
    uint8_t out[PIECE];

    for (size_t at = 0; at < in.n; at += PIECE) {
        int n = in.n - at < PIECE ? (int)(in.n - at) : PIECE, done = 0;

        if (EVP_EncryptUpdate(s->cbc, out, &done, in.p + at, n) != 1 || done != n)
            return false;
        memcpy(ret, out + n - BLOCK, BLOCK);
    }
    return true;
}

/* CMAC over in, whose last block is xored with end, too, if there is one: then in is no shorter. */
static bool cmac(struct siv *s, struct pawl_view in, const uint8_t *end, uint8_t ret[BLOCK])
{
    uint8_t last[2 * BLOCK] = { 0 }; /* what end reaches into, padded to whole blocks */
    size_t  tail = in.n % BLOCK || in.n == 0 ? in.n % BLOCK : BLOCK;
    size_t  n = end && tail < BLOCK ? tail + BLOCK : tail;
    size_t  whole = n - tail + BLOCK;

    if (n)
        memcpy(last, in.p + in.n - n, n);
    if (end)
        xor_block(last + n - BLOCK, end);
    if (tail < BLOCK)
        last[n] = 0x80;
    xor_block(last + whole - BLOCK, tail < BLOCK ? s->k2 : s->k1);
    bool good = EVP_EncryptInit_ex2(s->cbc, NULL, NULL, zeros, NULL) == 1 &&
                chain(s, pawl_view(in.p, in.n - n), ret) && chain(s, pawl_view(last, whole), ret);
    pawl_wipe(last, sizeof(last));
    return good;
}

/* ---- S2V ------------------------------------------------------------------------------------- */

static bool s2v(struct siv *s, const struct pawl_view *part, size_t part_n, struct pawl_view plain,
                uint8_t ret[BLOCK])
{
    uint8_t d[BLOCK], mac[BLOCK], last[BLOCK] = { 0 };
    bool    good = cmac(s, pawl_view(zeros, BLOCK), NULL, d);

    for (size_t i = 0; good && i < part_n; i++) {
        good = cmac(s, part[i], NULL, mac);
        dbl(d, d);
        xor_block(d, mac);
    }
    if (!good)
        return false;
    if (plain.n >= BLOCK)
        return cmac(s, plain, d, ret);
    if (plain.n)
        memcpy(last, plain.p, plain.n);
    last[plain.n] = 0x80;
    dbl(d, d);
    xor_block(last, d);
    good = cmac(s, PAWL_VIEW_OF(last), NULL, ret);
    pawl_wipe(last, sizeof(last));
    return good;
}

/* ---- both ways ------------------------------------------------------------------------------- */

/* Counts from V without the bits that a sum could carry out of. */
static bool count(struct siv *s, const uint8_t v[BLOCK], struct pawl_view in, uint8_t *ret)
{
    uint8_t q[BLOCK];
    int     n = 0;

    memcpy(q, v, BLOCK);
    q[8] &= 0x7f;
    q[12] &= 0x7f;
    return EVP_EncryptInit_ex2(s->ctr, NULL, NULL, q, NULL) == 1 &&
           EVP_EncryptUpdate(s->ctr, ret, &n, in.p, (int)in.n) == 1 && n == (int)in.n;
}

/* A context of this cipher under this key. */
static EVP_CIPHER_CTX *begin(enum crypto_kept which, const char *name, const uint8_t *key)
{
    EVP_CIPHER_CTX *ctx = crypto_cipher_take(which);
    bool            good = ctx && EVP_EncryptInit_ex2(ctx, NULL, key, zeros, NULL) == 1;

    if (!ctx) {
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
        ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;
        good = ctx && EVP_EncryptInit_ex2(ctx, cipher, key, zeros, NULL) == 1 &&
               EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
        EVP_CIPHER_free(cipher);
    }
    if (good)
        return ctx;
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

/* All that a key leaves is its schedule, and of CTR a block of its stream: a byte under zeros
 * overwrites both (a block, where CBC takes nothing less). */
static void end(enum crypto_kept which, EVP_CIPHER_CTX *ctx, int n)
{
    uint8_t out[BLOCK];

    if (ctx && EVP_EncryptInit_ex2(ctx, NULL, zeros, zeros, NULL) == 1 &&
        EVP_EncryptUpdate(ctx, out, &n, zeros, n) == 1)
        crypto_cipher_keep(which, ctx);
    else
        EVP_CIPHER_CTX_free(ctx);
}

static void siv_done(struct siv *s)
{
    end(CRYPTO_KEPT_CBC, s->cbc, BLOCK);
    end(CRYPTO_KEPT_CTR, s->ctr, 1);
    pawl_wipe(s, sizeof(*s));
}

static bool siv_begin(const struct pawl_secret *key, struct siv *ret)
{
    uint8_t l[BLOCK];

    ret->cbc = begin(CRYPTO_KEPT_CBC, "AES-256-CBC", key->b);
    ret->ctr = begin(CRYPTO_KEPT_CTR, "AES-256-CTR", key->b + KEY);
    if (!ret->cbc || !ret->ctr || !chain(ret, pawl_view(zeros, BLOCK), l))
        return false;
    dbl(l, ret->k1);
    dbl(ret->k1, ret->k2);
    pawl_wipe(l, sizeof(l));
    return true;
}

bool crypto_siv_seal(const struct pawl_secret *key, const struct pawl_view *part, size_t part_n,
                     struct pawl_view in, uint8_t *ret, uint8_t ret_v[BLOCK], bool *ret_ready)
{
    PAWL_CLEANUP(siv_done) struct siv s = { 0 };

    *ret_ready = siv_begin(key, &s);
    return *ret_ready && s2v(&s, part, part_n, in, ret_v) && count(&s, ret_v, in, ret);
}

bool crypto_siv_open(const struct pawl_secret *key, const struct pawl_view *part, size_t part_n,
                     struct pawl_view in, const uint8_t v[BLOCK], uint8_t *ret, bool *ret_ready)
{
    PAWL_CLEANUP(siv_done) struct siv s = { 0 };
    uint8_t                           own[BLOCK];

    *ret_ready = siv_begin(key, &s);
    return *ret_ready && count(&s, v, in, ret) &&
           s2v(&s, part, part_n, pawl_view(ret, in.n), own) &&
           pawl_mac_equal(PAWL_VIEW_OF(own), pawl_view(v, BLOCK));
}
