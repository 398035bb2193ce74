/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: when a call returns, none of the memory that OpenSSL ever had holds a key, a derived key
 * or a plaintext of it, though a thread keeps contexts. The allocator of OpenSSL is ours here: it
 * never gives a byte back, so that what was freed is looked at too. Where it has none left, nothing
 * is called forged. */
#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>

#include <pawl/crypto.h>

#include "t.h"

enum { ARENA = 8 << 20, HEAD = 16, PIECE = 8 };

static _Alignas(HEAD) uint8_t arena[ARENA];
static size_t used;
static bool   is_full;
static size_t left = SIZE_MAX; /* pieces, until one is refused */

static void *take(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    size_t whole = HEAD + (n + HEAD - 1) / HEAD * HEAD;

    if (left != SIZE_MAX && left-- == 0)
        return NULL;
    if (n == 0 || is_full || whole > ARENA - used)
        return NULL;
    memcpy(arena + used, &n, sizeof(n));
    used += whole;
    return arena + used - whole + HEAD;
}

static void *take_more(void *p, size_t n, const char *file, int line)
{
    uint8_t *more = take(n, file, line);
    size_t   old = 0;

    if (p)
        memcpy(&old, (uint8_t *)p - HEAD, sizeof(old));
    if (more && p)
        memcpy(more, p, old < n ? old : n);
    return more;
}

static void keep(void *p, const char *file, int line)
{
    (void)p;
    (void)file;
    (void)line;
}

/* No eight bytes of it, as they are or in words the other way round, as a hash has its state. */
static void nowhere(struct pawl_view v)
{
    for (size_t at = 0; at + PIECE <= v.n; at += PIECE) {
        uint8_t words[PIECE];
        for (size_t i = 0; i < PIECE; i++)
            words[i] = v.p[at + (i ^ 3)];
        assert_null(memmem(arena, used, v.p + at, PIECE));
        assert_null(memmem(arena, used, words, PIECE));
    }
}

static struct pawl_secret secret(size_t n, uint8_t seed)
{
    struct pawl_secret s = { .n = n };

    for (size_t i = 0; i < n; i++)
        s.b[i] = (uint8_t)(seed + 37 * i * i);
    return s;
}

static void no_key_of_a_message_stays(void **state)
{
    (void)state;
    static const enum pawl_aead algs[] = { PAWL_AES_CCM_16_128_128, PAWL_AES_CCM_16_64_128 };
    static const uint8_t        nonce[13] = { 1 };
    struct pawl_secret          plain = secret(32, 99);
    uint8_t                     out[64], back[32];
    struct pawl_err             err;
    size_t                      n, m;

    for (size_t i = 0; i < 2 * sizeof(algs) / sizeof(algs[0]); i++) {
        enum pawl_aead     alg = algs[i / 2];
        struct pawl_secret key = secret(16, (uint8_t)i);
        T_OK(pawl_aead_seal(alg, &key, PAWL_VIEW_OF(nonce), PAWL_VIEW_OF(nonce),
                            pawl_secret_view(&plain), out, sizeof(out), &n, &err),
             &err);
        nowhere(pawl_secret_view(&key));
        T_OK(pawl_aead_open(alg, &key, PAWL_VIEW_OF(nonce), PAWL_VIEW_OF(nonce), pawl_view(out, n),
                            back, sizeof(back), &m, &err),
             &err);
        nowhere(pawl_secret_view(&key));
        out[0] ^= 1;
        T_FAILS(pawl_aead_open(alg, &key, PAWL_VIEW_OF(nonce), PAWL_VIEW_OF(nonce),
                               pawl_view(out, n), back, sizeof(back), &m, &err),
                &err, PAWL_E_FORGED);
        nowhere(pawl_secret_view(&key));
        nowhere(pawl_secret_view(&plain));
    }
}

/* What a key that is ready was copied to goes with each row, and all of it with the key. Nor stays
 * what is added to the plaintext, which beside the ciphertext is as good. */
static void no_key_of_a_row_stays(void **state)
{
    (void)state;
    const struct pawl_view aad = pawl_view_str("pawl/1 row");
    struct pawl_secret     key = secret(64, 11), plain = secret(62, 55), stream = plain;
    struct pawl_siv_key   *k;
    uint8_t                out[78], back[62];
    struct pawl_err        err;
    size_t                 n, m;

    T_OK(pawl_siv_key_make(&key, &k, &err), &err);
    T_OK(pawl_siv_seal(k, aad, pawl_secret_view(&plain), out, sizeof(out), &n, &err), &err);
    T_OK(pawl_siv_open(k, aad, pawl_view(out, n), back, sizeof(back), &m, &err), &err);
    for (size_t i = 0; i < plain.n; i++)
        stream.b[i] = plain.b[i] ^ out[16 + i];
    nowhere(pawl_secret_view(&plain));
    nowhere(pawl_secret_view(&stream));
    pawl_siv_key_free(&k);
    nowhere(pawl_secret_view(&key));
}

static void no_key_of_a_derivation_stays(void **state)
{
    (void)state;
    struct pawl_secret prk = secret(32, 7), inner = prk, outer = prk, okm;
    struct pawl_err    err;

    for (size_t i = 0; i < prk.n; i++) {
        inner.b[i] ^= 0x36;
        outer.b[i] ^= 0x5c;
    }
    T_OK(pawl_hkdf_expand(&prk, pawl_view_str("info"), 64, &okm, &err), &err);
    nowhere(pawl_secret_view(&prk));
    nowhere(pawl_secret_view(&inner));
    nowhere(pawl_secret_view(&outer));
    nowhere(pawl_secret_view(&okm));
}

static void nothing_that_was_hashed_stays(void **state)
{
    (void)state;
    struct pawl_secret s = secret(60, 3);
    struct pawl_err    err;
    uint8_t            digest[32];

    T_OK(pawl_sha256(pawl_secret_view(&s), digest, &err), &err);
    nowhere(pawl_secret_view(&s));
    nowhere(PAWL_VIEW_OF(digest));
}

/* In a thread that keeps nothing yet. */
static void *open_without_memory(void *arg)
{
    const struct pawl_secret key = secret(64, 5);
    struct pawl_view        *row = arg;
    struct pawl_err          err;
    uint8_t                  out[64];
    size_t                   n;

    is_full = true;
    T_FAILS(pawl_aead_open(PAWL_AES_256_SIV, &key, pawl_view(NULL, 0), pawl_view(NULL, 0), *row,
                           out, sizeof(out), &n, &err),
            &err, PAWL_E_CRYPTO);
    is_full = false;
    return NULL;
}

/* A row that is called so is refused to its device for good, and not until there is memory. */
static void a_row_is_not_forged_for_want_of_memory(void **state)
{
    (void)state;
    const struct pawl_secret key = secret(64, 5);
    struct pawl_err          err;
    struct pawl_view         row;
    uint8_t                  b[64];
    size_t                   n;
    pthread_t                thread;

    T_OK(pawl_aead_seal(PAWL_AES_256_SIV, &key, pawl_view(NULL, 0), pawl_view(NULL, 0),
                        pawl_view_str("a row"), b, sizeof(b), &n, &err),
         &err);
    row = pawl_view(b, n);
    assert_int_equal(pthread_create(&thread, NULL, open_without_memory, &row), 0);
    pthread_join(thread, NULL);
}

/* Whichever piece it is that there is no memory for, once: a row opens, or that is not told of the
 * row. Returns how many were refused. */
static size_t opens_with_a_piece_missing(const struct pawl_secret  *key,
                                         const struct pawl_siv_key *k, struct pawl_view row,
                                         const struct pawl_secret *plain)
{
    const struct pawl_view none = pawl_view(NULL, 0);
    uint8_t                out[64], zeros[64] = { 0 };
    size_t                 n = 0;
    struct pawl_err        err;

    for (size_t refused = 0;; refused++) {
        memset(out, 0, sizeof(out));
        left = refused;
        pawl_status s = k ? pawl_siv_open(k, none, row, out, sizeof(out), &n, &err)
                          : pawl_aead_open(PAWL_AES_256_SIV, key, none, none, row, out, sizeof(out),
                                           &n, &err);
        bool        was_refused = left == SIZE_MAX;
        left = SIZE_MAX;
        if (pawl_is_ok(s)) { /* some pieces OpenSSL can do without */
            assert_memory_equal(out, plain->b, plain->n);
        } else {
            assert_true(s.code == PAWL_E_CRYPTO || s.code == PAWL_E_MEMORY);
            assert_memory_equal(out, zeros, sizeof(out));
        }
        if (!was_refused) {
            T_OK(s, &err);
            return refused;
        }
    }
}

static void no_piece_that_is_missing_makes_a_row_forged(void **state)
{
    (void)state;
    const struct pawl_secret key = secret(64, 21), plain = secret(60, 1);
    struct pawl_siv_key     *k;
    uint8_t                  row[76];
    size_t                   n;
    struct pawl_err          err;

    T_OK(pawl_siv_key_make(&key, &k, &err), &err);
    T_OK(pawl_siv_seal(k, pawl_view(NULL, 0), pawl_secret_view(&plain), row, sizeof(row), &n, &err),
         &err);
    assert_true(opens_with_a_piece_missing(&key, k, pawl_view(row, n), &plain) > 10);
    assert_true(opens_with_a_piece_missing(&key, NULL, pawl_view(row, n), &plain) > 10);
    pawl_siv_key_free(&k);
}

/* The search itself would find something. */
static void what_is_there_is_found(void **state)
{
    (void)state;
    struct pawl_secret s = secret(16, 77);
    uint8_t           *p = OPENSSL_malloc(16);

    assert_non_null(p);
    assert_in_range((uintptr_t)p, (uintptr_t)arena, (uintptr_t)arena + ARENA);
    memcpy(p, s.b, 16);
    assert_non_null(memmem(arena, used, s.b, PIECE));
    OPENSSL_free(p);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("what is there is found", what_is_there_is_found),
        T_CASE("no key of a message stays", no_key_of_a_message_stays),
        T_CASE("no key of a row stays", no_key_of_a_row_stays),
        T_CASE("no key of a derivation stays", no_key_of_a_derivation_stays),
        T_CASE("nothing that was hashed stays", nothing_that_was_hashed_stays),
        T_CASE("a row is not forged for want of memory", a_row_is_not_forged_for_want_of_memory),
        T_CASE("no piece that is missing makes a row forged",
               no_piece_that_is_missing_makes_a_row_forged),
    };

    if (CRYPTO_set_mem_functions(take, take_more, keep) != 1)
        return 1;
    return cmocka_run_group_tests(cases, NULL, NULL);
}
