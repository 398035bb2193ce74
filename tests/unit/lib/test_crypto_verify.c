/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: signatures of an independent program and of RFC 6979 verify; no flipped bit of signature
 * or digest does; algorithms, hashes, lengths and ranges that do not fit are named; the P-256
 * verifier, which replaces the point inside one key, never answers for the key before. */
#include <string.h>

#include <pawl/crypto.h>

#include "crypto_vector.h"

static struct pawl_view vector(const char *key, const char *what)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.%s", key, what);
    return crypto_vector("crypto/keys.txt", name);
}

static struct pawl_public key_of(const char *name)
{
    struct pawl_public k;
    struct pawl_err    err;

    T_OK(pawl_public_from_spki(vector(name, "spki"), &k, &err), &err);
    return k;
}

static struct pawl_view digest_of(enum pawl_hash alg, struct pawl_view in)
{
    struct pawl_digest d;
    struct pawl_err    err;

    T_OK(pawl_hash(alg, &in, 1, &d, &err), &err);
    return t_copy(pawl_digest_view(&d));
}

/* One signature that is good. */
struct signed_digest {
    struct pawl_public key;
    enum pawl_sig_alg  alg;
    enum pawl_hash     hash;
    struct pawl_view   digest, sig;
};

/* RFC 6979, A.2.5 and A.2.6, message "sample". */
static struct signed_digest sample_p256(void)
{
    return (struct signed_digest){
        key_of("p256.sample"), PAWL_SIG_ECDSA, PAWL_SHA256,
        digest_of(PAWL_SHA256, pawl_view_str("sample")),
        t_hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
              "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")
    };
}

static struct signed_digest sample_p384(void)
{
    struct pawl_public k = { .kind = PAWL_KEY_P384, .n = 97 };
    struct pawl_view   point = t_hex(
          "04 ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
            "def8f0ea9055866064a254515480bc13"
            "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
            "288b231c3ae0d4fe7344fd2533264720");
    memcpy(k.b, point.p, 97);
    return (struct signed_digest){
        k, PAWL_SIG_ECDSA, PAWL_SHA384, digest_of(PAWL_SHA384, pawl_view_str("sample")),
        t_hex("94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
              "81a648152e44acf96e36dd1e80fabe46"
              "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
              "a329c145786e679e7b82c71a38628ac8")
    };
}

static struct signed_digest signed_rsa(const char *key, enum pawl_sig_alg alg, enum pawl_hash hash,
                                       const char *sig)
{
    return (struct signed_digest){ key_of(key), alg, hash,
                                   digest_of(hash, crypto_vector("crypto/keys.txt", "message")),
                                   vector(key, sig) };
}

static pawl_status verify(const struct signed_digest *s, struct pawl_err *err)
{
    return pawl_verify(&s->key, s->alg, s->hash, s->digest, s->sig, err);
}

static void good_signatures_verify(void **state)
{
    (void)state;
    static const char *const rsa[] = { "rsa2048", "rsa3072", "rsa4096" };
    struct pawl_err          err;
    struct signed_digest     s = sample_p256();

    T_OK(verify(&s, &err), &err);
    s = sample_p384();
    T_OK(verify(&s, &err), &err);
    for (size_t i = 0; i < 3; i++) {
        s = signed_rsa(rsa[i], PAWL_SIG_RSASSA, PAWL_SHA256, "rsassa.sha256");
        T_OK(verify(&s, &err), &err);
        s = signed_rsa(rsa[i], PAWL_SIG_RSASSA, PAWL_SHA384, "rsassa.sha384");
        T_OK(verify(&s, &err), &err);
        s = signed_rsa(rsa[i], PAWL_SIG_RSAPSS, PAWL_SHA256, "rsapss.digest");
        T_OK(verify(&s, &err), &err);
        s = signed_rsa(rsa[i], PAWL_SIG_RSAPSS, PAWL_SHA256, "rsapss.longest");
        T_OK(verify(&s, &err), &err);
    }
}

static void salts_of_other_lengths_do_not_verify(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct signed_digest s = signed_rsa("rsa2048", PAWL_SIG_RSAPSS, PAWL_SHA256, "rsapss.20");

    T_FAILS(verify(&s, &err), &err, PAWL_E_FORGED);
    s = signed_rsa("rsa2048", PAWL_SIG_RSAPSS, PAWL_SHA256, "rsapss.0");
    T_FAILS(verify(&s, &err), &err, PAWL_E_FORGED);
}

static void one_scheme_is_not_taken_for_the_other(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct signed_digest s = signed_rsa("rsa2048", PAWL_SIG_RSAPSS, PAWL_SHA256, "rsassa.sha256");

    T_FAILS(verify(&s, &err), &err, PAWL_E_FORGED);
    s = signed_rsa("rsa2048", PAWL_SIG_RSASSA, PAWL_SHA256, "rsapss.digest");
    T_FAILS(verify(&s, &err), &err, PAWL_E_FORGED);
    s = signed_rsa("rsa2048", PAWL_SIG_RSASSA, PAWL_SHA384, "rsassa.sha256");
    T_FAILS(verify(&s, &err), &err, PAWL_E_FORGED);
}

static void must_not_verify(const struct signed_digest *s)
{
    struct pawl_err err;
    pawl_status     st = verify(s, &err);

    assert_true(st.code == PAWL_E_FORGED || st.code == PAWL_E_RANGE);
}

static void flipped_sig(struct pawl_view sig, void *arg)
{
    struct signed_digest s = *(struct signed_digest *)arg;

    s.sig = sig;
    must_not_verify(&s);
}

static void flipped_digest(struct pawl_view digest, void *arg)
{
    struct signed_digest s = *(struct signed_digest *)arg;

    s.digest = digest;
    must_not_verify(&s);
}

static void no_flipped_bit_verifies(void **state)
{
    (void)state;
    struct signed_digest all[] = {
        sample_p256(), sample_p384(),
        signed_rsa("rsa2048", PAWL_SIG_RSASSA, PAWL_SHA256, "rsassa.sha256"),
        signed_rsa("rsa2048", PAWL_SIG_RSAPSS, PAWL_SHA256, "rsapss.longest")
    };
    for (size_t i = 0; i < 4; i++) {
        t_each_flip(all[i].sig, flipped_sig, &all[i]);
        t_each_flip(all[i].digest, flipped_digest, &all[i]);
    }
}

static void truncated(struct pawl_view sig, void *arg)
{
    struct signed_digest s = *(struct signed_digest *)arg;
    struct pawl_err      err;

    s.sig = sig;
    T_FAILS(verify(&s, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "signature");
}

static void signatures_have_one_length(void **state)
{
    (void)state;
    struct signed_digest ec = sample_p256();
    struct signed_digest rsa = signed_rsa("rsa2048", PAWL_SIG_RSASSA, PAWL_SHA256, "rsassa.sha256");
    uint8_t              longer[300] = { 0 };

    t_each_truncation(ec.sig, truncated, &ec);
    t_each_truncation(rsa.sig, truncated, &rsa);
    memcpy(longer, ec.sig.p, 64);
    truncated(pawl_view(longer, 65), &ec);
    memcpy(longer + 1, rsa.sig.p, 256);
    longer[0] = 0;
    truncated(pawl_view(longer, 257), &rsa);
}

static void what_does_not_go_together_is_unsupported(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct signed_digest ec = sample_p256();
    struct signed_digest rsa = signed_rsa("rsa2048", PAWL_SIG_RSASSA, PAWL_SHA256, "rsassa.sha256");

    for (int alg = -1; alg <= PAWL_SIG_COUNT; alg++) {
        struct signed_digest s = ec;
        s.alg = (enum pawl_sig_alg)alg;
        if (alg != PAWL_SIG_ECDSA)
            T_FAILS(verify(&s, &err), &err, PAWL_E_UNSUPPORTED);
        s = rsa;
        s.alg = (enum pawl_sig_alg)alg;
        if (alg != PAWL_SIG_RSASSA && alg != PAWL_SIG_RSAPSS)
            T_FAILS(verify(&s, &err), &err, PAWL_E_UNSUPPORTED);
    }
    ec.hash = PAWL_SHA1;
    ec.digest = digest_of(PAWL_SHA1, pawl_view_str("sample"));
    T_FAILS(verify(&ec, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "signature.hash");
    rsa.hash = PAWL_HASH_NONE;
    T_FAILS(verify(&rsa, &err), &err, PAWL_E_UNSUPPORTED);
    rsa.hash = PAWL_SHA384;
    T_FAILS(verify(&rsa, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "signature.digest");
}

static void bad_keys_are_refused(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct signed_digest s = sample_p256();

    s.key.b[64] ^= 1;
    T_FAILS(verify(&s, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "public.point");
    s.key.kind = PAWL_KEY_NONE;
    T_FAILS(verify(&s, &err), &err, PAWL_E_UNSUPPORTED);
}

static const char p256_order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char p384_order[] = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
                                 "581a0db248b0a77aecec196accc52973";

/* Puts each out-of-range value in the place of r and of s. */
static void check_ranges(struct signed_digest s, const char *order, size_t n)
{
    struct pawl_err err;
    uint8_t         sig[96], bad[3][48] = { { 0 } };

    memcpy(bad[1], t_hex(order).p, n);
    memset(bad[2], 0xff, n);
    for (size_t i = 0; i < 3; i++)
        for (size_t half = 0; half < 2; half++) {
            memcpy(sig, s.sig.p, 2 * n);
            memcpy(sig + half * n, bad[i], n);
            struct signed_digest t = s;
            t.sig = pawl_view(sig, 2 * n);
            T_FAILS(verify(&t, &err), &err, PAWL_E_RANGE);
            T_WHERE(&err, half ? "signature.s" : "signature.r");
        }
    /* The order less one is in range, only wrong. */
    memcpy(sig, s.sig.p, 2 * n);
    memcpy(sig, bad[1], n);
    sig[n - 1]--;
    s.sig = pawl_view(sig, 2 * n);
    T_FAILS(verify(&s, &err), &err, PAWL_E_FORGED);
}

static void r_and_s_lie_between_0_and_the_order(void **state)
{
    (void)state;
    check_ranges(sample_p256(), p256_order, 32);
    check_ranges(sample_p384(), p384_order, 48);
}

/* Signatures with leading zeros: one in 128 has an integer shorter than its field. */
static void short_integers_verify(void **state)
{
    (void)state;
    struct pawl_err            err;
    struct pawl_private       *k = NULL;
    struct pawl_p256_verifier *v = NULL;
    unsigned                   short_ones = 0;

    T_OK(pawl_private_make(PAWL_KEY_P256, &k, &err), &err);
    T_OK(pawl_p256_verifier_make(&v, &err), &err);
    for (uint32_t i = 0; i < 20000 && short_ones < 8; i++) {
        uint8_t          sig[64];
        struct pawl_view in = pawl_view(&i, sizeof(i));
        T_OK(pawl_es256_sign(k, in, sig, &err), &err);
        if (sig[0] && sig[32])
            continue;
        short_ones++;
        T_OK(pawl_es256_verify(pawl_private_public(k), in, sig, &err), &err);
        T_OK(
            pawl_p256_verify(v, pawl_private_public(k)->b, digest_of(PAWL_SHA256, in).p, sig, &err),
            &err);
    }
    assert_int_equal(short_ones, 8);
    pawl_p256_verifier_free(&v);
    pawl_private_free(&k);
}

/* ---- the P-256 verifier --------------------------------------------------------------------- */

static void the_verifier_answers_for_the_key_of_this_call(void **state)
{
    (void)state;
    enum { KEYS = 4 };
    struct pawl_err            err;
    struct pawl_p256_verifier *v = NULL;
    struct pawl_private       *k[KEYS] = { NULL };
    uint8_t                    sig[KEYS][64];
    struct pawl_view           in = pawl_view_str("quote");
    struct pawl_view           digest = digest_of(PAWL_SHA256, in);

    T_OK(pawl_p256_verifier_make(&v, &err), &err);
    for (size_t i = 0; i < KEYS; i++) {
        T_OK(pawl_private_make(PAWL_KEY_P256, &k[i], &err), &err);
        T_OK(pawl_es256_sign(k[i], in, sig[i], &err), &err);
    }
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < KEYS; i++)
            for (size_t j = 0; j < KEYS; j++) {
                const uint8_t *point = pawl_private_public(k[i])->b;
                if (i == j)
                    T_OK(pawl_p256_verify(v, point, digest.p, sig[j], &err), &err);
                else
                    T_FAILS(pawl_p256_verify(v, point, digest.p, sig[j], &err), &err,
                            PAWL_E_FORGED);
            }
    for (size_t i = 0; i < KEYS; i++)
        pawl_private_free(&k[i]);
    pawl_p256_verifier_free(&v);
    assert_null(v);
    pawl_p256_verifier_free(&v);
}

static void a_refused_point_leaves_no_key_behind(void **state)
{
    (void)state;
    struct pawl_err            err;
    struct pawl_p256_verifier *v = NULL;
    struct signed_digest       s = sample_p256();
    uint8_t                    bad[65];

    T_OK(pawl_p256_verifier_make(&v, &err), &err);
    for (int round = 0; round < 3; round++) {
        T_OK(pawl_p256_verify(v, s.key.b, s.digest.p, s.sig.p, &err), &err);
        memcpy(bad, s.key.b, 65);
        bad[64] ^= 1;
        T_FAILS(pawl_p256_verify(v, bad, s.digest.p, s.sig.p, &err), &err, PAWL_E_RANGE);
        T_WHERE(&err, "public.point");
        memset(bad, 0xff, 65);
        bad[0] = 4;
        T_FAILS(pawl_p256_verify(v, bad, s.digest.p, s.sig.p, &err), &err, PAWL_E_RANGE);
        for (unsigned first = 0; first < 8; first++) {
            memcpy(bad, s.key.b, 65);
            bad[0] = (uint8_t)first;
            if (first != 4)
                T_FAILS(pawl_p256_verify(v, bad, s.digest.p, s.sig.p, &err), &err, PAWL_E_FORM);
        }
    }
    pawl_p256_verifier_free(&v);
}

struct flip_of {
    struct pawl_p256_verifier *v;
    struct signed_digest       s;
};

static void p256_flipped_sig(struct pawl_view sig, void *arg)
{
    struct flip_of *f = arg;
    struct pawl_err err;
    pawl_status     st = pawl_p256_verify(f->v, f->s.key.b, f->s.digest.p, sig.p, &err);

    assert_true(st.code == PAWL_E_FORGED || st.code == PAWL_E_RANGE);
}

static void p256_flipped_point(struct pawl_view point, void *arg)
{
    struct flip_of *f = arg;
    struct pawl_err err;
    pawl_status     st = pawl_p256_verify(f->v, point.p, f->s.digest.p, f->s.sig.p, &err);

    assert_true(st.code == PAWL_E_FORGED || st.code == PAWL_E_RANGE || st.code == PAWL_E_FORM);
}

static void p256_flipped_digest(struct pawl_view digest, void *arg)
{
    struct flip_of *f = arg;
    struct pawl_err err;

    T_FAILS(pawl_p256_verify(f->v, f->s.key.b, digest.p, f->s.sig.p, &err), &err, PAWL_E_FORGED);
}

static void nothing_flipped_passes_the_verifier(void **state)
{
    (void)state;
    struct pawl_err err;
    struct flip_of  f = { NULL, sample_p256() };

    T_OK(pawl_p256_verifier_make(&f.v, &err), &err);
    t_each_flip(f.s.sig, p256_flipped_sig, &f);
    t_each_flip(pawl_view(f.s.key.b, 65), p256_flipped_point, &f);
    t_each_flip(f.s.digest, p256_flipped_digest, &f);
    T_OK(pawl_p256_verify(f.v, f.s.key.b, f.s.digest.p, f.s.sig.p, &err), &err);
    pawl_p256_verifier_free(&f.v);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("good signatures verify", good_signatures_verify),
        T_CASE("salts of other lengths do not verify", salts_of_other_lengths_do_not_verify),
        T_CASE("one scheme is not taken for the other", one_scheme_is_not_taken_for_the_other),
        T_CASE("no flipped bit verifies", no_flipped_bit_verifies),
        T_CASE("signatures have one length", signatures_have_one_length),
        T_CASE("what does not go together is unsupported",
               what_does_not_go_together_is_unsupported),
        T_CASE("bad keys are refused", bad_keys_are_refused),
        T_CASE("r and s lie between 0 and the order", r_and_s_lie_between_0_and_the_order),
        T_CASE("short integers verify", short_integers_verify),
        T_CASE("the verifier answers for the key of this call",
               the_verifier_answers_for_the_key_of_this_call),
        T_CASE("a refused point leaves no key behind", a_refused_point_leaves_no_key_behind),
        T_CASE("nothing flipped passes the verifier", nothing_flipped_passes_the_verifier),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
