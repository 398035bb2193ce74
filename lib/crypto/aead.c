/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticated encryption, one call per message, and the bare AES-CFB of the TPM.
 *
 * Invariants
 *  1. A key or nonce of another length than the algorithm's is refused before OpenSSL sees it.
 *  2. Plaintext that did not authenticate is wiped before open returns.
 */

#include <limits.h>
#include <string.h>

#include "crypto/ossl.h"

static const struct aead {
    const char *name; /* OpenSSL's */
    size_t      key_n;
    size_t      nonce_n;
    size_t      least; /* bytes of plaintext: OpenSSL 3.0 cannot do SIV over nothing */
    size_t      most;
} aeads[PAWL_AEAD_COUNT] = {
    [PAWL_AES_CCM_16_128_128] = { "AES-128-CCM", 16, 13, 0, 0xffff }, /* RFC 9053 4.2: L = 2 */
    [PAWL_CHACHA20_POLY1305] = { "ChaCha20-Poly1305", 32, 12, 0, INT_MAX - PAWL_AEAD_TAG },
    [PAWL_A128GCM] = { "AES-128-GCM", 16, 12, 0, INT_MAX - PAWL_AEAD_TAG },
    [PAWL_AES_256_SIV] = { "AES-256-SIV", 64, 0, 1, INT_MAX - PAWL_AEAD_TAG },
};

static const struct aead *aead_of(enum pawl_aead alg)
{
    return alg > PAWL_AEAD_NONE && alg < PAWL_AEAD_COUNT ? &aeads[alg] : &aeads[PAWL_AEAD_NONE];
}

size_t pawl_aead_key_n(enum pawl_aead alg)
{
    return aead_of(alg)->key_n;
}

size_t pawl_aead_nonce_n(enum pawl_aead alg)
{
    return aead_of(alg)->nonce_n;
}

/* One message on its way through OpenSSL. */
struct message {
    enum pawl_aead            alg;
    const struct pawl_secret *key;
    struct pawl_view          nonce;
    struct pawl_view          aad;
    struct pawl_view          in;  /* without the tag */
    uint8_t                  *out; /* without the tag */
    uint8_t                  *tag;
    bool                      seal;
};

static pawl_status check(const struct message *m, size_t cap, size_t need, struct pawl_err *err)
{
    const struct aead *a = aead_of(m->alg);

    if (a->key_n == 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "aead.alg", "%d is not known", (int)m->alg);
    if (m->key->n != a->key_n)
        return pawl_fail(err, PAWL_E_RANGE, "aead.key", "%zu bytes, %s takes %zu", m->key->n,
                         a->name, a->key_n);
    /* SIV takes any nonce: it is one more piece of associated data. */
    if (m->nonce.n != a->nonce_n && m->alg != PAWL_AES_256_SIV)
        return pawl_fail(err, PAWL_E_RANGE, "aead.nonce", "%zu bytes, %s takes %zu", m->nonce.n,
                         a->name, a->nonce_n);
    if (m->aad.n > INT_MAX || m->nonce.n > INT_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "aead.aad", "%zu bytes are too many", m->aad.n);
    if (m->in.n > a->most)
        return pawl_fail(err, PAWL_E_RANGE, "aead.in", "%zu bytes, %s takes at most %zu", m->in.n,
                         a->name, a->most);
    if (need > cap)
        return pawl_fail(err, PAWL_E_FULL, "aead.out", "%zu bytes do not fit into %zu", need, cap);
    return pawl_ok();
}

/* Feeds bytes that OpenSSL takes even if there are none: it tells "no more" by a NULL. */
static bool feed(EVP_CIPHER_CTX *ctx, uint8_t *out, struct pawl_view v)
{
    static const uint8_t none[1];
    int                  n;

    return EVP_CipherUpdate(ctx, out, &n, v.n ? v.p : none, (int)v.n) == 1;
}

static bool set_up(EVP_CIPHER_CTX *ctx, const struct message *m)
{
    bool ccm = m->alg == PAWL_AES_CCM_16_128_128;
    bool siv = m->alg == PAWL_AES_256_SIV;
    int  n;

    if (ccm && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)m->nonce.n, NULL) != 1)
        return false;
    /* CCM must know the tag's length before the key, and every mode the tag before it decrypts. */
    if ((ccm || !m->seal) && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, PAWL_AEAD_TAG,
                                                 m->seal ? NULL : m->tag) != 1)
        return false;
    if (EVP_CipherInit_ex2(ctx, NULL, m->key->b, siv ? NULL : m->nonce.p, m->seal, NULL) != 1)
        return false;
    return !ccm || EVP_CipherUpdate(ctx, NULL, &n, NULL, (int)m->in.n) == 1;
}

/* True if the message went through; on open that means: it is authentic. */
static bool run(EVP_CIPHER_CTX *ctx, const struct message *m)
{
    uint8_t nowhere[1]; /* OpenSSL wants an address even where it writes nothing */
    uint8_t rest[PAWL_AEAD_TAG];
    int     n = 0;
    bool    siv = m->alg == PAWL_AES_256_SIV;
    bool    ccm = m->alg == PAWL_AES_CCM_16_128_128;

    /* In SIV each piece is a component of its own, an empty one too (RFC 5297 2.4). */
    if ((siv || m->aad.n) && !feed(ctx, NULL, m->aad))
        return false;
    if (siv && m->nonce.n && !feed(ctx, NULL, m->nonce))
        return false;
    if ((ccm || m->in.n) && !feed(ctx, m->in.n ? m->out : nowhere, m->in))
        return false;
    if (ccm && !m->seal)
        return true; /* CCM judges the tag with the bytes and has no final step */
    if (EVP_CipherFinal_ex(ctx, rest, &n) != 1 || n != 0)
        return false;
    return !m->seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, PAWL_AEAD_TAG, m->tag) == 1;
}

static pawl_status pass(const struct message *m, struct pawl_err *err)
{
    const char *name = aead_of(m->alg)->name;
    PAWL_CLEANUP(release_cipher)
    EVP_CIPHER                                      *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    PAWL_CLEANUP(release_cipher_ctx) EVP_CIPHER_CTX *ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;

    if (!ctx || EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, m->seal, NULL) != 1 || !set_up(ctx, m))
        return crypto_fail(err, "aead", name);
    if (run(ctx, m))
        return pawl_ok();
    pawl_wipe(m->out, m->in.n); /* inv. 2 */
    if (m->seal)
        return crypto_fail(err, "aead", name);
    ERR_clear_error();
    return pawl_fail(err, PAWL_E_FORGED, "aead", "does not open under this key and data");
}

pawl_status pawl_aead_seal(enum pawl_aead alg, const struct pawl_secret *key,
                           struct pawl_view nonce, struct pawl_view aad, struct pawl_view in,
                           uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    bool           siv = alg == PAWL_AES_256_SIV;
    struct message m = { alg, key, nonce, aad, in, NULL, NULL, true };

    if (in.n < aead_of(alg)->least)
        return pawl_fail(err, PAWL_E_RANGE, "aead.in", "%s takes at least %zu byte",
                         aead_of(alg)->name, aead_of(alg)->least);
    /* in.n may be anything up to SIZE_MAX until check has held it against the maximum. */
    PAWL_TRY(check(&m, cap < PAWL_AEAD_TAG ? 0 : cap - PAWL_AEAD_TAG, in.n, err));
    if (cap < PAWL_AEAD_TAG)
        return pawl_fail(err, PAWL_E_FULL, "aead.out", "no room for the tag");
    m.out = siv ? ret + PAWL_AEAD_TAG : ret;
    m.tag = siv ? ret : ret + in.n;
    PAWL_TRY(pass(&m, err));
    *ret_n = in.n + PAWL_AEAD_TAG;
    return pawl_ok();
}

pawl_status pawl_aead_open(enum pawl_aead alg, const struct pawl_secret *key,
                           struct pawl_view nonce, struct pawl_view aad, struct pawl_view in,
                           uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    bool    siv = alg == PAWL_AES_256_SIV;
    uint8_t tag[PAWL_AEAD_TAG];

    if (in.n < PAWL_AEAD_TAG + aead_of(alg)->least)
        return pawl_fail(err, PAWL_E_FORGED, "aead", "%zu bytes cannot hold a message", in.n);
    size_t           n = in.n - PAWL_AEAD_TAG;
    struct pawl_view body = pawl_view(siv ? in.p + PAWL_AEAD_TAG : in.p, n);
    struct message   m = { alg, key, nonce, aad, body, ret, tag, false };
    PAWL_TRY(check(&m, cap, n, err));
    memcpy(tag, siv ? in.p : in.p + n, sizeof(tag));
    PAWL_TRY(pass(&m, err));
    *ret_n = n;
    return pawl_ok();
}

/* ---- AES-CFB --------------------------------------------------------------------------------- */

pawl_status pawl_aes_cfb(const struct pawl_secret *key, struct pawl_view in, uint8_t *ret,
                         size_t cap, struct pawl_err *err)
{
    static const uint8_t zero_iv[16];
    int                  n = 0;
    int                  rest = 0;

    if (key->n != 16 && key->n != 32)
        return pawl_fail(err, PAWL_E_RANGE, "cfb.key", "%zu bytes, 16 or 32 are due", key->n);
    if (in.n > INT_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "cfb.in", "%zu bytes are too many", in.n);
    if (in.n > cap)
        return pawl_fail(err, PAWL_E_FULL, "cfb.out", "%zu bytes do not fit into %zu", in.n, cap);
    PAWL_CLEANUP(release_cipher_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        return crypto_no_memory(err, "cfb");
    const EVP_CIPHER *cipher = key->n == 16 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128();
    if (EVP_EncryptInit_ex2(ctx, cipher, key->b, zero_iv, NULL) != 1 ||
        EVP_EncryptUpdate(ctx, ret, &n, in.p, (int)in.n) != 1 ||
        EVP_EncryptFinal_ex(ctx, ret + n, &rest) != 1)
        return crypto_fail(err, "cfb", "cannot encrypt");
    return pawl_ok();
}
