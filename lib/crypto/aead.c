/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticated encryption, one call per message, and the bare AES-CFB of the TPM.
 *
 * Invariants
 *  1. A key or nonce of another length than the algorithm's is refused before OpenSSL sees it.
 *  2. Plaintext that did not authenticate is wiped before open returns.
 *  3. A key of SIV that was made ready is only copied: OpenSSL lets one message through a context,
 *     and what it reads for a copy does not change, so that several threads may do so at a time.
 *  4. FORGED is said of a message alone, never of what failed here while it was looked at.
 */

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/ossl.h"

enum { LONG = INT_MAX - PAWL_AEAD_TAG };

/* What differs between the modes in the way OpenSSL wants them driven. */
enum mode { MODE_USUAL, MODE_CCM, MODE_SIV };

static const struct aead {
    const char *name; /* OpenSSL's */
    enum mode   mode;
    size_t      key_n;
    size_t      nonce_n;
    size_t      tag_n;
    size_t      least; /* bytes of plaintext: OpenSSL 3.0 cannot do SIV over nothing */
    size_t      most;  /* RFC 9053 4.2: a nonce of 13 bytes leaves two for the length */
} aeads[PAWL_AEAD_COUNT] = {
    [PAWL_AES_CCM_16_128_128] = { "AES-128-CCM", MODE_CCM, 16, 13, 16, 0, 0xffff },
    [PAWL_CHACHA20_POLY1305] = { "ChaCha20-Poly1305", MODE_USUAL, 32, 12, 16, 0, LONG },
    [PAWL_A128GCM] = { "AES-128-GCM", MODE_USUAL, 16, 12, 16, 0, LONG },
    [PAWL_AES_256_SIV] = { "AES-256-SIV", MODE_SIV, 64, 0, 16, 1, LONG },
    [PAWL_AES_CCM_16_64_128] = { "AES-128-CCM", MODE_CCM, 16, 13, 8, 0, 0xffff },
    [PAWL_AES_CCM_16_64_256] = { "AES-256-CCM", MODE_CCM, 32, 13, 8, 0, 0xffff },
    [PAWL_AES_CCM_64_64_128] = { "AES-128-CCM", MODE_CCM, 16, 7, 8, 0, LONG },
    [PAWL_AES_CCM_64_64_256] = { "AES-256-CCM", MODE_CCM, 32, 7, 8, 0, LONG },
    [PAWL_AES_CCM_16_128_256] = { "AES-256-CCM", MODE_CCM, 32, 13, 16, 0, 0xffff },
    [PAWL_AES_CCM_64_128_128] = { "AES-128-CCM", MODE_CCM, 16, 7, 16, 0, LONG },
    [PAWL_AES_CCM_64_128_256] = { "AES-256-CCM", MODE_CCM, 32, 7, 16, 0, LONG },
    [PAWL_A192GCM] = { "AES-192-GCM", MODE_USUAL, 24, 12, 16, 0, LONG },
    [PAWL_A256GCM] = { "AES-256-GCM", MODE_USUAL, 32, 12, 16, 0, LONG },
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

size_t pawl_aead_tag_n(enum pawl_aead alg)
{
    return aead_of(alg)->tag_n;
}

/* Fetched once for the process, like crypto_md. NULL where OpenSSL does not have it. */
static const EVP_CIPHER *cipher_of(const struct aead *a)
{
    static _Atomic(EVP_CIPHER *) fetched[PAWL_AEAD_COUNT];
    _Atomic(EVP_CIPHER *)       *place = &fetched[a - aeads];

    EVP_CIPHER *cipher = atomic_load(place);
    if (cipher)
        return cipher;
    EVP_CIPHER *mine = EVP_CIPHER_fetch(NULL, a->name, NULL);
    if (!mine || atomic_compare_exchange_strong(place, &cipher, mine))
        return mine;
    EVP_CIPHER_free(mine); /* another thread was first */
    return cipher;
}

struct pawl_siv_key {
    EVP_CIPHER_CTX *ctx;
    EVP_CIPHER_CTX *ctr; /* its second half alone: see siv_decrypt */
};

/* One message on its way through OpenSSL. */
struct message {
    const struct aead         *a;
    const struct pawl_secret  *key; /* NULL: made ready */
    const struct pawl_siv_key *ready;
    struct pawl_view           nonce;
    struct pawl_view           aad;
    struct pawl_view           in;  /* without the tag */
    uint8_t                   *out; /* without the tag */
    uint8_t                   *tag;
    bool                       seal;
};

static pawl_status check(const struct message *m, size_t cap, size_t need, struct pawl_err *err)
{
    const struct aead *a = m->a;

    if (a->key_n == 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "aead.alg", "not known");
    if (m->key && m->key->n != a->key_n)
        return pawl_fail(err, PAWL_E_RANGE, "aead.key", "%zu bytes, %s takes %zu", m->key->n,
                         a->name, a->key_n);
    /* SIV takes any nonce: it is one more piece of associated data. */
    if (m->nonce.n != a->nonce_n && a->mode != MODE_SIV)
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

/* What belongs to the algorithm alone: the cipher, and in CCM both lengths, which it must know
 * before the key. */
static bool set_up(EVP_CIPHER_CTX *ctx, const struct message *m)
{
    const struct aead *a = m->a;

    if (m->ready) /* inv. 3; the direction, too, for the tag is taken only to open */
        return EVP_CIPHER_CTX_copy(ctx, m->ready->ctx) == 1 &&
               EVP_CipherInit_ex2(ctx, NULL, NULL, NULL, m->seal, NULL) == 1;
    if (EVP_CipherInit_ex2(ctx, cipher_of(a), NULL, NULL, m->seal, NULL) != 1)
        return false;
    return a->mode != MODE_CCM ||
           (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)a->nonce_n, NULL) == 1 &&
            EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)a->tag_n, NULL) == 1);
}

static bool begin(EVP_CIPHER_CTX *ctx, const struct message *m)
{
    const uint8_t *nonce = m->a->mode == MODE_SIV ? NULL : m->nonce.p;
    int            n;

    /* Every mode takes the tag before it decrypts. */
    if (!m->seal && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)m->a->tag_n, m->tag) != 1)
        return false;
    if (m->key && EVP_CipherInit_ex2(ctx, NULL, m->key->b, nonce, m->seal, NULL) != 1)
        return false;
    return m->a->mode != MODE_CCM || EVP_CipherUpdate(ctx, NULL, &n, NULL, (int)m->in.n) == 1;
}

/* True if the message went through; on open that means: it is authentic. */
static bool run(EVP_CIPHER_CTX *ctx, const struct message *m)
{
    uint8_t nowhere[1]; /* OpenSSL wants an address even where it writes nothing */
    uint8_t rest[PAWL_AEAD_TAG];
    int     n = 0;
    bool    siv = m->a->mode == MODE_SIV;
    bool    ccm = m->a->mode == MODE_CCM;

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
    return !m->seal ||
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)m->a->tag_n, m->tag) == 1;
}

static bool is_kept(const struct message *m)
{
    return m->a == &aeads[PAWL_AES_CCM_16_128_128];
}

static void done(EVP_CIPHER_CTX *ctx, const struct message *m, bool good)
{
    static const uint8_t zeros[PAWL_SECRET_MAX];

    /* All that a key leaves in CCM is its schedule, and the next one overwrites it. To open, for
     * OpenSSL takes a tag only then, and before the next key. */
    if (good && is_kept(m) && EVP_CipherInit_ex2(ctx, NULL, zeros, NULL, false, NULL) == 1)
        crypto_ccm_keep(ctx);
    else
        EVP_CIPHER_CTX_free(ctx);
}

/* Without a look at the tag, RFC 5297 2.7: the key's second half counts from the tag on. */
static bool siv_decrypt(const struct message *m)
{
    PAWL_CLEANUP(release_cipher_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t                                          from[PAWL_AEAD_TAG];

    memcpy(from, m->tag, sizeof(from));
    from[8] &= 0x7f;
    from[12] &= 0x7f;
    if (!ctx)
        return false;
    if (m->ready)
        return EVP_CIPHER_CTX_copy(ctx, m->ready->ctr) == 1 &&
               EVP_DecryptInit_ex2(ctx, NULL, NULL, from, NULL) == 1 && feed(ctx, m->out, m->in);
    return EVP_DecryptInit_ex2(ctx, EVP_aes_256_ctr(), m->key->b + m->key->n / 2, from, NULL) ==
               1 &&
           feed(ctx, m->out, m->in);
}

/* Inv. 4: OpenSSL's SIV takes memory for each piece, and says no more than that a message does not
 * open. What this one decrypts to, sealed once more, has its tag or another one. */
static pawl_status siv_judge(const struct message *m, struct pawl_err *err)
{
    PAWL_CLEANUP(release_cipher_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t                                          tag[PAWL_AEAD_TAG];
    struct message                                   again = *m;

    again.seal = true;
    again.in.p = m->out;
    again.tag = tag;
    bool made = ctx && siv_decrypt(m) && set_up(ctx, &again) && begin(ctx, &again) &&
                run(ctx, &again);
    pawl_wipe(m->out, m->in.n); /* inv. 2 */
    if (!made || pawl_mac_equal(PAWL_VIEW_OF(tag), pawl_view(m->tag, sizeof(tag))))
        return crypto_fail(err, "aead", m->a->name);
    return pawl_ok();
}

static pawl_status pass(const struct message *m, struct pawl_err *err)
{
    EVP_CIPHER_CTX *ctx = is_kept(m) ? crypto_ccm_take() : NULL;
    bool            ready = ctx != NULL;

    if (!ready) {
        ctx = EVP_CIPHER_CTX_new();
        ready = ctx && set_up(ctx, m);
    }
    ready = ready && begin(ctx, m);
    bool good = ready && run(ctx, m);
    done(ctx, m, good);
    if (good)
        return pawl_ok();
    if (!ready)
        return crypto_fail(err, "aead", m->a->name);
    pawl_wipe(m->out, m->in.n); /* inv. 2 */
    if (m->seal)
        return crypto_fail(err, "aead", m->a->name);
    if (m->a->mode == MODE_SIV)
        PAWL_TRY(siv_judge(m, err));
    ERR_clear_error();
    return pawl_fail(err, PAWL_E_FORGED, "aead", "does not open under this key and data");
}

static pawl_status seal(struct message m, uint8_t *ret, size_t cap, size_t *ret_n,
                        struct pawl_err *err)
{
    const struct aead *a = m.a;

    if (m.in.n < a->least)
        return pawl_fail(err, PAWL_E_RANGE, "aead.in", "%s takes at least %zu byte", a->name,
                         a->least);
    /* in.n may be anything up to SIZE_MAX until check has held it against the maximum. */
    PAWL_TRY(check(&m, cap < a->tag_n ? 0 : cap - a->tag_n, m.in.n, err));
    if (cap < a->tag_n)
        return pawl_fail(err, PAWL_E_FULL, "aead.out", "no room for the tag");
    m.seal = true;
    m.out = a->mode == MODE_SIV ? ret + a->tag_n : ret;
    m.tag = a->mode == MODE_SIV ? ret : ret + m.in.n;
    PAWL_TRY(pass(&m, err));
    *ret_n = m.in.n + a->tag_n;
    return pawl_ok();
}

/* m.in: with the tag. */
static pawl_status unseal(struct message m, uint8_t *ret, size_t cap, size_t *ret_n,
                          struct pawl_err *err)
{
    const struct aead *a = m.a;
    struct pawl_view   in = m.in;
    uint8_t            tag[PAWL_AEAD_TAG];

    if (in.n < a->tag_n + a->least)
        return pawl_fail(err, PAWL_E_FORGED, "aead", "%zu bytes cannot hold a message", in.n);
    size_t n = in.n - a->tag_n;
    m.in = pawl_view(a->mode == MODE_SIV ? in.p + a->tag_n : in.p, n);
    m.out = ret;
    m.tag = tag;
    PAWL_TRY(check(&m, cap, n, err));
    memcpy(tag, a->mode == MODE_SIV ? in.p : in.p + n, a->tag_n);
    PAWL_TRY(pass(&m, err));
    *ret_n = n;
    return pawl_ok();
}

pawl_status pawl_aead_seal(enum pawl_aead alg, const struct pawl_secret *key,
                           struct pawl_view nonce, struct pawl_view aad, struct pawl_view in,
                           uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    struct message m = { .a = aead_of(alg), .key = key, .nonce = nonce, .aad = aad, .in = in };

    return seal(m, ret, cap, ret_n, err);
}

pawl_status pawl_aead_open(enum pawl_aead alg, const struct pawl_secret *key,
                           struct pawl_view nonce, struct pawl_view aad, struct pawl_view in,
                           uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    struct message m = { .a = aead_of(alg), .key = key, .nonce = nonce, .aad = aad, .in = in };

    return unseal(m, ret, cap, ret_n, err);
}

/* ---- a key that is ready --------------------------------------------------------------------- */

pawl_status pawl_siv_key_make(const struct pawl_secret *key, struct pawl_siv_key **ret,
                              struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_siv_key_free) struct pawl_siv_key *k = NULL;
    const struct aead                                   *a = &aeads[PAWL_AES_256_SIV];

    if (key->n != a->key_n)
        return pawl_fail(err, PAWL_E_RANGE, "aead.key", "%zu bytes, %s takes %zu", key->n, a->name,
                         a->key_n);
    k = calloc(1, sizeof(*k));
    if (!k || !(k->ctx = EVP_CIPHER_CTX_new()) || !(k->ctr = EVP_CIPHER_CTX_new()))
        return crypto_no_memory(err, "aead");
    if (EVP_CipherInit_ex2(k->ctx, cipher_of(a), key->b, NULL, true, NULL) != 1 ||
        EVP_DecryptInit_ex2(k->ctr, EVP_aes_256_ctr(), key->b + key->n / 2, NULL, NULL) != 1)
        return crypto_fail(err, "aead", a->name);
    *ret = k;
    k = NULL;
    return pawl_ok();
}

void pawl_siv_key_free(struct pawl_siv_key **k)
{
    if (*k) {
        EVP_CIPHER_CTX_free((*k)->ctx); /* which wipes what is in it */
        EVP_CIPHER_CTX_free((*k)->ctr);
    }
    free(*k);
    *k = NULL;
}

pawl_status pawl_siv_seal(const struct pawl_siv_key *key, struct pawl_view aad, struct pawl_view in,
                          uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    struct message m = { .a = &aeads[PAWL_AES_256_SIV], .ready = key, .aad = aad, .in = in };

    return seal(m, ret, cap, ret_n, err);
}

pawl_status pawl_siv_open(const struct pawl_siv_key *key, struct pawl_view aad, struct pawl_view in,
                          uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    struct message m = { .a = &aeads[PAWL_AES_256_SIV], .ready = key, .aad = aad, .in = in };

    return unseal(m, ret, cap, ret_n, err);
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
