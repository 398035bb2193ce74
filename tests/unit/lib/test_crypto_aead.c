/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: each AEAD agrees with an independent program (tests/vectors/crypto/make_symmetric.py) and
 * with a published vector; no flipped bit, truncation, other key, nonce or data opens; what does
 * not open leaves no plaintext; wrong lengths are refused; what a thread keeps of OpenSSL between
 * calls changes nothing; a key of SIV that is ready does as the key does, in several threads too.
 */
#include <pthread.h>
#include <string.h>

#include <pawl/crypto.h>

#include "crypto_vector.h"

static const char plain_text[] = "a pawl lets a ratchet turn one way only";

static struct pawl_view vector(const char *name)
{
    return crypto_vector("crypto/symmetric.txt", name);
}

/* Everything that seal and open take, with the inputs of the vectors. */
struct sealed {
    enum pawl_aead     alg;
    struct pawl_secret key;
    struct pawl_view   nonce, aad, plain;
};

static struct sealed inputs(enum pawl_aead alg, const char *aad, const char *plain)
{
    return (struct sealed){
        .alg = alg,
        .key = crypto_secret(crypto_count(pawl_aead_key_n(alg), 0)),
        .nonce = crypto_count(pawl_aead_nonce_n(alg), 0x80),
        .aad = t_copy(pawl_view_str(aad)),
        .plain = t_copy(pawl_view_str(plain)),
    };
}

static void both_ways(const struct sealed *s, struct pawl_view want)
{
    struct pawl_err err;
    uint8_t         out[128];
    size_t          n = 0;

    T_OK(pawl_aead_seal(s->alg, &s->key, s->nonce, s->aad, s->plain, out, want.n, &n, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out, n), want));
    t_poison(out, sizeof(out));
    T_OK(pawl_aead_open(s->alg, &s->key, s->nonce, s->aad, want, out, s->plain.n, &n, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out, n), s->plain));
    t_still_poisoned(out + n, sizeof(out) - n);
}

static void agree_with_an_independent_program(void **state)
{
    (void)state;
    static const struct {
        enum pawl_aead alg;
        const char    *name;
    } algs[] = { { PAWL_AES_CCM_16_128_128, "ccm" },
                 { PAWL_A128GCM, "gcm" },
                 { PAWL_CHACHA20_POLY1305, "chacha" } };
    static const struct {
        const char *name, *aad, *plain;
    } cases[] = { { "usual", "pawl/1 msg", plain_text },
                  { "no-aad", "", plain_text },
                  { "no-plain", "aad", "" },
                  { "nothing", "", "" } };

    for (size_t a = 0; a < 3; a++)
        for (size_t c = 0; c < 4; c++) {
            char          name[32];
            struct sealed s = inputs(algs[a].alg, cases[c].aad, cases[c].plain);
            snprintf(name, sizeof(name), "aead.%s.%s", algs[a].name, cases[c].name);
            both_ways(&s, vector(name));
        }
}

static void the_other_lengths_of_ccm_and_gcm_agree_too(void **state)
{
    (void)state;
    static const struct {
        enum pawl_aead alg;
        const char    *name;
    } algs[] = {
        { PAWL_AES_CCM_16_64_128, "ccm-16-64-128" },
        { PAWL_AES_CCM_16_64_256, "ccm-16-64-256" },
        { PAWL_AES_CCM_64_64_128, "ccm-64-64-128" },
        { PAWL_AES_CCM_64_64_256, "ccm-64-64-256" },
        { PAWL_AES_CCM_16_128_256, "ccm-16-128-256" },
        { PAWL_AES_CCM_64_128_128, "ccm-64-128-128" },
        { PAWL_AES_CCM_64_128_256, "ccm-64-128-256" },
        { PAWL_A192GCM, "gcm-192" },
        { PAWL_A256GCM, "gcm-256" },
    };

    for (size_t a = 0; a < sizeof(algs) / sizeof(algs[0]); a++) {
        char          name[32];
        struct sealed s = inputs(algs[a].alg, "pawl/1 msg", plain_text);
        snprintf(name, sizeof(name), "aead.%s.usual", algs[a].name);
        both_ways(&s, vector(name));
    }
}

static void siv_takes_its_nonce_as_one_more_component(void **state)
{
    (void)state;
    struct sealed s = inputs(PAWL_AES_256_SIV, "pawl/1 msg", plain_text);

    both_ways(&s, vector("aead.siv.usual"));
    s.nonce = crypto_count(12, 0x80);
    both_ways(&s, vector("aead.siv.nonce"));
    s.aad = pawl_view(NULL, 0);
    both_ways(&s, vector("aead.siv.nonce-no-aad"));
    s.nonce = pawl_view(NULL, 0);
    both_ways(&s, vector("aead.siv.no-aad"));
}

/* ---- a key of SIV that is ready -------------------------------------------------------------- */

static struct pawl_siv_key *ready(const struct pawl_secret *key)
{
    struct pawl_siv_key *k;
    struct pawl_err      err;

    T_OK(pawl_siv_key_make(key, &k, &err), &err);
    return k;
}

static void a_key_that_is_ready_does_what_the_key_does(void **state)
{
    (void)state;
    static uint8_t       bytes[1100], want[sizeof(bytes) + 16], out[sizeof(bytes) + 16];
    struct sealed        s = inputs(PAWL_AES_256_SIV, "pawl/1 msg", plain_text);
    struct pawl_siv_key *k = ready(&s.key);
    struct pawl_view     v = vector("aead.siv.usual");
    struct pawl_err      err;
    size_t               m;

    T_OK(pawl_siv_seal(k, s.aad, s.plain, out, sizeof(out), &m, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out, m), v));
    for (size_t n = 1; n <= sizeof(bytes); n += n < 40 ? 1 : 53) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(n * i + i / 7);
        s.plain = pawl_view(bytes, n);
        s.aad = pawl_view(bytes, n % 67);
        T_OK(pawl_aead_seal(s.alg, &s.key, s.nonce, s.aad, s.plain, want, sizeof(want), &m, &err),
             &err);
        T_OK(pawl_siv_seal(k, s.aad, s.plain, out, n + 16, &m, &err), &err);
        assert_int_equal(m, n + 16);
        assert_memory_equal(out, want, m);
        T_OK(pawl_siv_open(k, s.aad, pawl_view(want, m), out, n, &m, &err), &err);
        assert_int_equal(m, n);
        assert_memory_equal(out, bytes, n);
    }
    pawl_siv_key_free(&k);
    assert_null(k);
}

static void no_key_is_ready_that_has_another_length(void **state)
{
    (void)state;
    struct pawl_siv_key *k, *was;
    struct pawl_err      err;

    t_poison(&k, sizeof(k));
    was = k;
    for (size_t n = 0; n <= PAWL_SECRET_MAX; n++) {
        struct pawl_secret key = crypto_secret(crypto_count(n, 0));
        if (n == 64)
            continue;
        T_FAILS(pawl_siv_key_make(&key, &k, &err), &err, PAWL_E_RANGE);
        T_WHERE(&err, "aead.key");
        assert_ptr_equal(k, was);
    }
}

struct shut {
    struct pawl_siv_key *key;
    struct pawl_view     aad;
};

static void must_stay_shut(struct pawl_view in, void *arg)
{
    const struct shut *s = arg;
    struct pawl_err    err;
    uint8_t            out[128];
    size_t             n = 77;

    t_poison(out, sizeof(out));
    T_FAILS(pawl_siv_open(s->key, s->aad, in, out, sizeof(out), &n, &err), &err, PAWL_E_FORGED);
    assert_int_equal(n, 77);
    for (size_t i = 0; i + 1 < sizeof(plain_text); i++)
        assert_true(out[i] == 0 || out[i] == 0xa5);
}

static void a_key_that_is_ready_opens_nothing_else(void **state)
{
    (void)state;
    struct sealed    s = inputs(PAWL_AES_256_SIV, "pawl/1 msg", plain_text);
    struct pawl_view in = t_copy(vector("aead.siv.usual"));
    struct shut      shut = { ready(&s.key), s.aad };
    struct pawl_err  err;
    uint8_t          out[128];
    size_t           n;

    t_each_flip(in, must_stay_shut, &shut);
    t_each_truncation(in, must_stay_shut, &shut);
    shut.aad = pawl_view(NULL, 0);
    must_stay_shut(in, &shut);
    T_FAILS(pawl_siv_open(shut.key, s.aad, in, out, s.plain.n - 1, &n, &err), &err, PAWL_E_FULL);
    T_FAILS(pawl_siv_seal(shut.key, s.aad, s.plain, out, s.plain.n + 15, &n, &err), &err,
            PAWL_E_FULL);
    T_FAILS(pawl_siv_seal(shut.key, s.aad, pawl_view(NULL, 0), out, sizeof(out), &n, &err), &err,
            PAWL_E_RANGE);
    T_OK(pawl_siv_open(shut.key, s.aad, in, out, s.plain.n, &n, &err), &err);
    pawl_siv_key_free(&shut.key);
}

/* RFC 8439, 2.8.2. */
static void chacha_agrees_with_rfc_8439(void **state)
{
    (void)state;
    struct sealed s = inputs(PAWL_CHACHA20_POLY1305, "",
                             "Ladies and Gentlemen of the class of '99: If I could offer you only "
                             "one tip for the future, sunscreen would be it.");

    s.key = crypto_secret(crypto_count(32, 0x80));
    s.nonce = t_hex("07000000 4041424344454647");
    s.aad = t_hex("50515253c0c1c2c3c4c5c6c7");
    struct pawl_view want = t_hex(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
        "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
        "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
        "3ff4def08e4b7a9de576d26586cec64b6116 1ae10b594f09e26a7e902ecbd0600691");
    struct pawl_err err;
    uint8_t         out[200];
    size_t          n;
    T_OK(pawl_aead_seal(s.alg, &s.key, s.nonce, s.aad, s.plain, out, sizeof(out), &n, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out, n), want));
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test case 4. */
static void gcm_agrees_with_its_paper(void **state)
{
    (void)state;
    struct sealed s = inputs(PAWL_A128GCM, "", "");

    s.key = crypto_secret(t_hex("feffe9928665731c6d6a8f9467308308"));
    s.nonce = t_hex("cafebabefacedbaddecaf888");
    s.aad = t_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    s.plain = t_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    both_ways(&s, t_hex("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
                        "5bc94fbc3221a5db94fae95ae7121a47"));
}

/* Refused as forged, and nothing of the plaintext is left. */
static void must_not_open(const struct sealed *s, struct pawl_view in)
{
    struct pawl_err err;
    uint8_t         out[128];
    size_t          n = 77;

    t_poison(out, sizeof(out));
    T_FAILS(pawl_aead_open(s->alg, &s->key, s->nonce, s->aad, in, out, sizeof(out), &n, &err), &err,
            PAWL_E_FORGED);
    assert_int_equal(n, 77);
    for (size_t i = 0; i + 1 < sizeof(plain_text); i++)
        assert_true(out[i] == 0 || out[i] == 0xa5);
}

static void must_not_open_mutated(struct pawl_view in, void *arg)
{
    must_not_open(arg, in);
}

static struct pawl_view sealed_bytes(const struct sealed *s)
{
    struct pawl_err err;
    uint8_t         out[128];
    size_t          n;

    T_OK(pawl_aead_seal(s->alg, &s->key, s->nonce, s->aad, s->plain, out, sizeof(out), &n, &err),
         &err);
    return t_copy(pawl_view(out, n));
}

static void nothing_that_was_changed_opens(void **state)
{
    (void)state;
    for (int alg = 1; alg < PAWL_AEAD_COUNT; alg++) {
        struct sealed    s = inputs((enum pawl_aead)alg, "pawl/1 msg", plain_text);
        struct pawl_view sealed = sealed_bytes(&s);
        t_each_flip(sealed, must_not_open_mutated, &s);
        t_each_truncation(sealed, must_not_open_mutated, &s);
    }
}

static void nothing_opens_under_other_inputs(void **state)
{
    (void)state;
    for (int alg = 1; alg < PAWL_AEAD_COUNT; alg++) {
        struct sealed    s = inputs((enum pawl_aead)alg, "pawl/1 msg", plain_text);
        struct pawl_view sealed = sealed_bytes(&s);
        struct sealed    other = s;
        other.key.b[s.key.n - 1] ^= 1;
        must_not_open(&other, sealed);
        other = s;
        other.aad = pawl_view_str("pawl/1 msh");
        must_not_open(&other, sealed);
        other.aad = pawl_view(NULL, 0);
        must_not_open(&other, sealed);
        other = s;
        other.nonce = crypto_count(alg == PAWL_AES_256_SIV ? 12 : s.nonce.n, 0x81);
        must_not_open(&other, sealed);
    }
}

static void wrong_lengths_are_refused(void **state)
{
    (void)state;
    struct pawl_err  err;
    uint8_t          out[128];
    size_t           n = 77;
    struct pawl_view in = crypto_count(40, 0);

    t_poison(out, sizeof(out));
    for (int i = 1; i < PAWL_AEAD_COUNT; i++) {
        enum pawl_aead alg = (enum pawl_aead)i;
        struct sealed  s = inputs(alg, "", plain_text);
        for (int by = -1; by <= 1; by += 2) {
            s.key.n = pawl_aead_key_n(alg) + (size_t)by;
            T_FAILS(pawl_aead_seal(alg, &s.key, s.nonce, s.aad, in, out, 128, &n, &err), &err,
                    PAWL_E_RANGE);
            T_WHERE(&err, "aead.key");
            T_FAILS(pawl_aead_open(alg, &s.key, s.nonce, s.aad, in, out, 128, &n, &err), &err,
                    PAWL_E_RANGE);
            s.key.n = pawl_aead_key_n(alg);
            if (alg == PAWL_AES_256_SIV)
                continue;
            struct pawl_view nonce = crypto_count(s.nonce.n + (size_t)by, 0);
            T_FAILS(pawl_aead_seal(alg, &s.key, nonce, s.aad, in, out, 128, &n, &err), &err,
                    PAWL_E_RANGE);
            T_WHERE(&err, "aead.nonce");
            T_FAILS(pawl_aead_open(alg, &s.key, nonce, s.aad, in, out, 128, &n, &err), &err,
                    PAWL_E_RANGE);
        }
        size_t tag_n = pawl_aead_tag_n(alg);
        T_FAILS(pawl_aead_seal(alg, &s.key, s.nonce, s.aad, in, out, 39 + tag_n, &n, &err), &err,
                PAWL_E_FULL);
        T_FAILS(pawl_aead_seal(alg, &s.key, s.nonce, s.aad, in, out, tag_n - 1, &n, &err), &err,
                PAWL_E_FULL);
        T_FAILS(pawl_aead_open(alg, &s.key, s.nonce, s.aad, in, out, 39 - tag_n, &n, &err), &err,
                PAWL_E_FULL);
    }
    t_still_poisoned(out, sizeof(out));
    assert_int_equal(n, 77);
}

static void limits_of_the_modes(void **state)
{
    (void)state;
    struct pawl_err err;
    static uint8_t  in[0x10000], out[0x10000 + PAWL_AEAD_TAG];
    size_t          n;
    struct sealed   s = inputs(PAWL_AES_CCM_16_128_128, "", "");

    T_OK(pawl_aead_seal(s.alg, &s.key, s.nonce, s.aad, pawl_view(in, 0xffff), out, sizeof(out), &n,
                        &err),
         &err);
    T_FAILS(pawl_aead_seal(s.alg, &s.key, s.nonce, s.aad, pawl_view(in, 0x10000), out, sizeof(out),
                           &n, &err),
            &err, PAWL_E_RANGE);
    T_WHERE(&err, "aead.in");
    s = inputs(PAWL_AES_256_SIV, "", "");
    T_FAILS(pawl_aead_seal(s.alg, &s.key, s.nonce, s.aad, s.plain, out, sizeof(out), &n, &err),
            &err, PAWL_E_RANGE);
    s = inputs(PAWL_A128GCM, "", "");
    T_FAILS(
        pawl_aead_seal(PAWL_AEAD_NONE, &s.key, s.nonce, s.aad, s.plain, out, sizeof(out), &n, &err),
        &err, PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_aead_seal(PAWL_AEAD_COUNT, &s.key, s.nonce, s.aad, s.plain, out, sizeof(out), &n,
                           &err),
            &err, PAWL_E_UNSUPPORTED);
    assert_int_equal(pawl_aead_key_n(PAWL_AEAD_COUNT), 0);
    assert_int_equal(pawl_aead_tag_n(PAWL_AEAD_COUNT), 0);
    assert_int_equal(pawl_aead_nonce_n(PAWL_AES_CCM_16_128_128), 13);
}

/* ---- what a thread keeps --------------------------------------------------------------------- */

/* Opens and seals in every order, each time with other inputs; NULL, or what went wrong. */
static void *many_in_turns(void *arg)
{
    uint64_t        seed = *(uint64_t *)arg;
    struct pawl_err err;

    for (uint64_t i = 0; i < 400; i++) {
        enum pawl_aead     alg = i % 5 ? PAWL_AES_CCM_16_128_128 : PAWL_AES_CCM_16_64_128;
        uint8_t            nonce[13] = { (uint8_t)i, (uint8_t)(i >> 8) };
        struct pawl_secret key = { .n = 16, .b = { (uint8_t)(seed + i) } };
        struct pawl_view   iv = PAWL_VIEW_OF(nonce);
        struct pawl_view   aad = pawl_view(nonce, i % 14);
        struct pawl_view   plain = pawl_view(plain_text, i % sizeof(plain_text));
        uint8_t            sealed[64], out[64];
        size_t             n, m;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        if (!pawl_is_ok(
                pawl_aead_seal(alg, &key, iv, aad, plain, sealed, sizeof(sealed), &n, &err)))
            return "seal";
        sealed[0] ^= (uint8_t)(seed >> 63);
        pawl_status s = pawl_aead_open(alg, &key, iv, aad, pawl_view(sealed, n), out, sizeof(out),
                                       &m, &err);
        if (s.code != (seed >> 63 ? PAWL_E_FORGED : PAWL_OK))
            return "open";
        if (pawl_is_ok(s) && (m != plain.n || memcmp(out, plain_text, m) != 0))
            return "plain";
        if (seed >> 62 & 1 && !pawl_is_ok(pawl_aead_seal(alg, &key, iv, aad, plain, sealed,
                                                         sizeof(sealed), &n, &err)))
            return "seal again";
    }
    return NULL;
}

enum { THREADS = 4 };

/* NULL of each. arg: what one gets, step bytes behind the one before. */
static void at_the_same_time(void *(*what)(void *), void *arg, size_t step)
{
    pthread_t t[THREADS];
    void     *wrong;

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, what, (uint8_t *)arg + i * step), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(t[i], &wrong), 0);
        assert_null(wrong);
    }
}

static void nothing_of_a_message_meets_the_next(void **state)
{
    (void)state;
    uint64_t seed[THREADS] = { 1, 2, 3, 4 };

    assert_null(many_in_turns(&seed[0]));
    at_the_same_time(many_in_turns, seed, sizeof(seed[0]));
}

static void *with_one_key(void *arg)
{
    struct pawl_err err;

    for (size_t i = 1; i < 2000; i++) {
        uint8_t          sealed[64], out[64];
        struct pawl_view plain = pawl_view(plain_text, 1 + i % (sizeof(plain_text) - 1));
        struct pawl_view aad = pawl_view(&i, sizeof(i));
        size_t           n, m;

        if (!pawl_is_ok(pawl_siv_seal(arg, aad, plain, sealed, sizeof(sealed), &n, &err)))
            return "seal";
        if (!pawl_is_ok(pawl_siv_open(arg, aad, pawl_view(sealed, n), out, sizeof(out), &m, &err)))
            return "open";
        if (m != plain.n || memcmp(out, plain_text, m) != 0)
            return "plain";
    }
    return NULL;
}

static void several_threads_use_one_key_that_is_ready(void **state)
{
    (void)state;
    struct pawl_secret   key = crypto_secret(crypto_count(64, 0));
    struct pawl_siv_key *k = ready(&key);

    at_the_same_time(with_one_key, k, 0);
    pawl_siv_key_free(&k);
}

static void cfb_agrees_with_an_independent_program(void **state)
{
    (void)state;
    struct pawl_err  err;
    uint8_t          out[64];
    struct pawl_view in = t_copy(pawl_view_str(plain_text));

    t_poison(out, sizeof(out));
    for (size_t key_n = 0; key_n <= PAWL_SECRET_MAX; key_n++) {
        struct pawl_secret key = crypto_secret(crypto_count(key_n, 0));
        if (key_n == 16 || key_n == 32)
            continue;
        T_FAILS(pawl_aes_cfb(&key, in, out, sizeof(out), &err), &err, PAWL_E_RANGE);
    }
    struct pawl_secret k16 = crypto_secret(crypto_count(16, 0));
    struct pawl_secret k32 = crypto_secret(crypto_count(32, 0));
    T_FAILS(pawl_aes_cfb(&k16, in, out, in.n - 1, &err), &err, PAWL_E_FULL);
    t_still_poisoned(out, sizeof(out));
    T_OK(pawl_aes_cfb(&k16, in, out, in.n, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out, in.n), vector("cfb.16")));
    T_OK(pawl_aes_cfb(&k32, in, out, in.n, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out, in.n), vector("cfb.32")));
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("agree with an independent program", agree_with_an_independent_program),
        T_CASE("the other lengths of CCM and GCM agree too",
               the_other_lengths_of_ccm_and_gcm_agree_too),
        T_CASE("siv takes its nonce as one more component",
               siv_takes_its_nonce_as_one_more_component),
        T_CASE("a key that is ready does what the key does",
               a_key_that_is_ready_does_what_the_key_does),
        T_CASE("no key is ready that has another length", no_key_is_ready_that_has_another_length),
        T_CASE("a key that is ready opens nothing else", a_key_that_is_ready_opens_nothing_else),
        T_CASE("several threads use one key that is ready",
               several_threads_use_one_key_that_is_ready),
        T_CASE("chacha agrees with RFC 8439", chacha_agrees_with_rfc_8439),
        T_CASE("gcm agrees with its paper", gcm_agrees_with_its_paper),
        T_CASE("nothing that was changed opens", nothing_that_was_changed_opens),
        T_CASE("nothing opens under other inputs", nothing_opens_under_other_inputs),
        T_CASE("wrong lengths are refused", wrong_lengths_are_refused),
        T_CASE("limits of the modes", limits_of_the_modes),
        T_CASE("nothing of a message meets the next", nothing_of_a_message_meets_the_next),
        T_CASE("cfb agrees with an independent program", cfb_agrees_with_an_independent_program),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
