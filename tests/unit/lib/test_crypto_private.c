/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: private keys come back from PEM as they were, and from others' PEM; ES256 verifies under
 * the key's own public half only; ECDH agrees with RFC 5903 and refuses other curves and points. */
#include <pthread.h>
#include <string.h>

#include <openssl/pem.h>

#include <pawl/crypto.h>

#include "crypto_vector.h"

static struct pawl_view vector(const char *key, const char *what)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.%s", key, what);
    return crypto_vector("crypto/keys.txt", name);
}

static struct pawl_private *private_of(const char *name)
{
    struct pawl_private *k = NULL;
    struct pawl_err      err;

    T_OK(pawl_private_from_pem(vector(name, "private.pem"), &k, &err), &err);
    return k;
}

static void keys_come_back_from_pem(void **state)
{
    (void)state;
    struct pawl_err    err;
    enum pawl_key_kind kinds[] = { PAWL_KEY_P256, PAWL_KEY_P384 };
    uint8_t            pem[512], again[512];

    for (size_t i = 0; i < 2; i++) {
        struct pawl_private *k = NULL, *back = NULL;
        size_t               n = 0, again_n = 0;
        T_OK(pawl_private_make(kinds[i], &k, &err), &err);
        assert_int_equal(pawl_private_public(k)->kind, kinds[i]);
        T_OK(pawl_public_check(pawl_private_public(k), &err), &err);
        T_OK(pawl_private_to_pem(k, pem, sizeof(pem), &n, &err), &err);
        assert_memory_equal(pem, "-----BEGIN PRIVATE KEY-----", 27);
        T_OK(pawl_private_from_pem(t_copy(pawl_view(pem, n)), &back, &err), &err);
        assert_true(pawl_public_equal(pawl_private_public(k), pawl_private_public(back)));
        T_OK(pawl_private_to_pem(back, again, n, &again_n, &err), &err);
        assert_true(pawl_view_equal(pawl_view(pem, n), pawl_view(again, again_n)));
        t_poison(again, sizeof(again));
        T_FAILS(pawl_private_to_pem(back, again, n - 1, &again_n, &err), &err, PAWL_E_FULL);
        t_still_poisoned(again, sizeof(again));
        pawl_private_free(&k);
        assert_null(k);
        pawl_private_free(&k);
        pawl_private_free(&back);
    }
}

static void two_made_keys_differ(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *a = NULL, *b = NULL;

    T_OK(pawl_private_make(PAWL_KEY_P256, &a, &err), &err);
    T_OK(pawl_private_make(PAWL_KEY_P256, &b, &err), &err);
    assert_false(pawl_public_equal(pawl_private_public(a), pawl_private_public(b)));
    pawl_private_free(&a);
    pawl_private_free(&b);
}

static void keys_of_others_are_read(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_public pub;
    const char *const  names[] = { "p256.i", "p256.sample", "p384.r" };

    for (size_t i = 0; i < 3; i++) {
        struct pawl_private *k = private_of(names[i]);
        T_OK(pawl_public_from_spki(vector(names[i], "spki"), &pub, &err), &err);
        assert_true(pawl_public_equal(pawl_private_public(k), &pub));
        pawl_private_free(&k);
    }
}

static void must_not_load(struct pawl_view pem, enum pawl_code code)
{
    struct pawl_err      err;
    struct pawl_private *k = NULL;

    T_FAILS(pawl_private_from_pem(pem, &k, &err), &err, code);
    assert_null(k);
}

static void other_pems_are_refused(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *k = NULL;

    must_not_load(pawl_view(NULL, 0), PAWL_E_FORM);
    must_not_load(pawl_view_str("no PEM at all"), PAWL_E_FORM);
    must_not_load(vector("p256.i", "public.pem"), PAWL_E_FORM);
    must_not_load(vector("rsa2048", "private.pem"), PAWL_E_UNSUPPORTED);
    must_not_load(vector("p521", "private.pem"), PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_private_make(PAWL_KEY_RSA, &k, &err), &err, PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_private_make(PAWL_KEY_NONE, &k, &err), &err, PAWL_E_UNSUPPORTED);
    assert_null(k);
}

/* Would wait at the terminal if OpenSSL's own question were asked. */
static void a_key_under_a_password_is_refused_without_asking(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    BIO      *bio = BIO_new(BIO_s_mem());
    char     *p;

    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, pkey, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
    long n = BIO_get_mem_data(bio, &p);
    must_not_load(pawl_view(p, (size_t)n), PAWL_E_FORM);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

/* The public half of one key in the file of another. */
static void halves_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_view pem = vector("p256.i", "private.pem");
    BIO             *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    unsigned char   *der = NULL;
    long             n = 0;

    assert_int_equal(PEM_bytes_read_bio(&der, &n, NULL, "PRIVATE KEY", in, NULL, NULL), 1);
    struct pawl_public other;
    T_OK(pawl_public_from_spki(vector("p256.r", "spki"), &other, &err), &err);
    memcpy(der + n - 65, other.b, 65); /* PKCS #8 of an EC key ends with its point */
    BIO *out = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio(out, "PRIVATE KEY", "", der, n) > 0);
    char *p;
    long  pem_n = BIO_get_mem_data(out, &p);
    must_not_load(pawl_view(p, (size_t)pem_n), PAWL_E_FORM);
    BIO_free(in);
    BIO_free(out);
    OPENSSL_free(der);
}

/* ---- ES256 ---------------------------------------------------------------------------------- */

static void es256_verifies_under_its_own_key_only(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *k = private_of("p256.sample");
    struct pawl_private *other = private_of("p256.i");
    struct pawl_view     in = crypto_vector("crypto/keys.txt", "message");
    uint8_t              sig[64];

    T_OK(pawl_es256_verify(pawl_private_public(k), in, crypto_vector("crypto/keys.txt", "es256").p,
                           &err),
         &err);
    T_OK(pawl_es256_sign(k, in, sig, &err), &err);
    T_OK(pawl_es256_verify(pawl_private_public(k), in, sig, &err), &err);
    T_FAILS(pawl_es256_verify(pawl_private_public(other), in, sig, &err), &err, PAWL_E_FORGED);
    T_FAILS(pawl_es256_verify(pawl_private_public(k), pawl_view(in.p, in.n - 1), sig, &err), &err,
            PAWL_E_FORGED);
    sig[0] ^= 0x80;
    assert_false(pawl_is_ok(pawl_es256_verify(pawl_private_public(k), in, sig, &err)));
    T_OK(pawl_es256_sign(k, pawl_view(NULL, 0), sig, &err), &err);
    T_OK(pawl_es256_verify(pawl_private_public(k), pawl_view(NULL, 0), sig, &err), &err);
    pawl_private_free(&k);
    pawl_private_free(&other);
}

static void es256_is_for_p256(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *k = private_of("p384.i");
    uint8_t              sig[64];

    t_poison(sig, sizeof(sig));
    T_FAILS(pawl_es256_sign(k, pawl_view_str("x"), sig, &err), &err, PAWL_E_UNSUPPORTED);
    t_still_poisoned(sig, sizeof(sig));
    T_FAILS(pawl_es256_verify(pawl_private_public(k), pawl_view_str("x"), sig, &err), &err,
            PAWL_E_UNSUPPORTED);
    pawl_private_free(&k);
}

static void *sign_many(void *arg)
{
    const struct pawl_private *k = arg;
    struct pawl_err            err;
    uint8_t                    sig[64];

    for (int i = 0; i < 200; i++) {
        struct pawl_view in = pawl_view(&i, sizeof(i));
        if (!pawl_is_ok(pawl_es256_sign(k, in, sig, &err)) ||
            !pawl_is_ok(pawl_es256_verify(pawl_private_public(k), in, sig, &err)))
            return arg;
    }
    return NULL;
}

static void threads_share_a_key(void **state)
{
    (void)state;
    struct pawl_private *k = private_of("p256.sample");
    pthread_t            t[4];

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, sign_many, k), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed = k;
        pthread_join(t[i], &failed);
        assert_null(failed);
    }
    pawl_private_free(&k);
}

/* ---- ECDH ----------------------------------------------------------------------------------- */

/* RFC 5903, 8.1 and 8.2. */
static const struct {
    const char *i, *r, *z;
} agreements[] = {
    { "p256.i", "p256.r", "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de" },
    { "p384.i", "p384.r",
      "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
      "d603135569b9e9d09cf5d4a270f59746" },
};

static void ecdh_agrees_with_rfc_5903(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret z = { 0 };

    for (size_t n = 0; n < 2; n++) {
        struct pawl_private *i = private_of(agreements[n].i);
        struct pawl_private *r = private_of(agreements[n].r);
        T_OK(pawl_ecdh(i, pawl_private_public(r), &z, &err), &err);
        assert_true(pawl_view_equal(pawl_secret_view(&z), t_hex(agreements[n].z)));
        T_OK(pawl_ecdh(r, pawl_private_public(i), &z, &err), &err);
        assert_true(pawl_view_equal(pawl_secret_view(&z), t_hex(agreements[n].z)));
        pawl_private_free(&i);
        pawl_private_free(&r);
    }
}

/* Of 2000 agreements about eight have a leading zero; all have 32 bytes. */
static void the_shared_coordinate_is_padded(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *own = private_of("p256.i");
    unsigned             padded = 0;

    for (int i = 0; i < 20000 && padded < 2; i++) {
        struct pawl_private *peer = NULL;
        struct pawl_secret   z = { 0 };
        T_OK(pawl_private_make(PAWL_KEY_P256, &peer, &err), &err);
        T_OK(pawl_ecdh(own, pawl_private_public(peer), &z, &err), &err);
        assert_int_equal(z.n, 32);
        if (z.b[0] == 0) {
            struct pawl_secret back = { 0 };
            T_OK(pawl_ecdh(peer, pawl_private_public(own), &back, &err), &err);
            assert_true(pawl_secret_equal(&z, &back));
            padded++;
        }
        pawl_private_free(&peer);
    }
    assert_int_equal(padded, 2);
    pawl_private_free(&own);
}

static void ecdh_refuses_other_curves_and_points(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *k = private_of("p256.i");
    struct pawl_private *big = private_of("p384.i");
    struct pawl_public   peer = *pawl_private_public(k);
    struct pawl_secret   z;

    t_poison(&z, sizeof(z));
    T_FAILS(pawl_ecdh(k, pawl_private_public(big), &z, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "ecdh.peer");
    peer.b[40] ^= 4;
    T_FAILS(pawl_ecdh(k, &peer, &z, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "ecdh.public.point");
    memset(peer.b + 1, 0, 64);
    T_FAILS(pawl_ecdh(k, &peer, &z, &err), &err, PAWL_E_RANGE);
    peer.b[0] = 0;
    peer.n = 1;
    T_FAILS(pawl_ecdh(k, &peer, &z, &err), &err, PAWL_E_FORM);
    t_still_poisoned(&z, sizeof(z));
    pawl_private_free(&k);
    pawl_private_free(&big);
}

/* In turns with what else the verifier does, which leaves another point in its key object. */
static void a_key_for_one_agreement_agrees_with_each_point(void **state)
{
    (void)state;
    struct pawl_err            err;
    struct pawl_p256_verifier *v = NULL;
    struct pawl_private       *a = private_of("p256.i"), *b = NULL;
    struct pawl_secret         z[2] = { 0 }, other = { 0 };
    struct pawl_public         made = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 }, last = made;
    uint8_t                    digest[32], sig[64];

    T_OK(pawl_p256_verifier_make(&v, &err), &err);
    T_OK(pawl_private_make(PAWL_KEY_P256, &b, &err), &err);
    const struct pawl_agreement with[] = { { "a", pawl_private_public(a)->b, &z[0] },
                                           { "b", pawl_private_public(b)->b, &z[1] } };
    T_OK(pawl_sha256(pawl_view_str("in"), digest, &err), &err);
    T_OK(pawl_es256_sign(b, pawl_view_str("in"), sig, &err), &err);
    for (unsigned again = 0; again < 3; again++) {
        T_OK(pawl_p256_agree(v, with, 2, made.b, &err), &err);
        T_OK(pawl_public_check(&made, &err), &err);
        assert_false(pawl_public_equal(&made, &last));
        last = made;
        T_OK(pawl_ecdh(a, &made, &other, &err), &err);
        assert_true(pawl_secret_equal(&z[0], &other));
        T_OK(pawl_ecdh(b, &made, &other, &err), &err);
        assert_true(pawl_secret_equal(&z[1], &other));
        T_OK(pawl_p256_verify(v, with[1].point, digest, sig, &err), &err);
        T_FAILS(pawl_p256_verify(v, with[0].point, digest, sig, &err), &err, PAWL_E_FORGED);
    }
    pawl_private_free(&a);
    pawl_private_free(&b);
    pawl_p256_verifier_free(&v);
}

static void a_key_for_one_agreement_names_the_bad_point(void **state)
{
    (void)state;
    struct pawl_err            err;
    struct pawl_p256_verifier *v = NULL;
    struct pawl_private       *k = private_of("p256.i");
    struct pawl_public         good = *pawl_private_public(k), bad = good;
    struct pawl_secret         z[2];
    uint8_t                    made[PAWL_POINT_P256];

    T_OK(pawl_p256_verifier_make(&v, &err), &err);
    t_poison(z, sizeof(z));
    t_poison(made, sizeof(made));
    const struct pawl_agreement first[] = { { "a", bad.b, &z[0] }, { "b", good.b, &z[1] } };
    bad.b[40] ^= 4;
    T_FAILS(pawl_p256_agree(v, first, 2, made, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "a.public.point");
    memset(bad.b + 1, 0, 64);
    T_FAILS(pawl_p256_agree(v, first, 2, made, &err), &err, PAWL_E_RANGE);
    bad = good;
    for (unsigned form = 0; form < 256; form++) {
        bad.b[0] = (uint8_t)form;
        if (form != 4)
            T_FAILS(pawl_p256_agree(v, first, 1, made, &err), &err, PAWL_E_FORM);
    }
    t_still_poisoned(z, sizeof(z));
    const struct pawl_agreement second[] = { { "b", good.b, &z[1] }, { "a", bad.b, &z[0] } };
    T_FAILS(pawl_p256_agree(v, second, 2, made, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "a.public.point");
    t_still_poisoned(&z[0], sizeof(z[0]));
    t_still_poisoned(made, sizeof(made));
    pawl_private_free(&k);
    pawl_p256_verifier_free(&v);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("keys come back from PEM", keys_come_back_from_pem),
        T_CASE("two made keys differ", two_made_keys_differ),
        T_CASE("keys of others are read", keys_of_others_are_read),
        T_CASE("other PEMs are refused", other_pems_are_refused),
        T_CASE("a key under a password is refused without asking",
               a_key_under_a_password_is_refused_without_asking),
        T_CASE("halves that do not fit are refused", halves_that_do_not_fit_are_refused),
        T_CASE("ES256 verifies under its own key only", es256_verifies_under_its_own_key_only),
        T_CASE("ES256 is for P-256", es256_is_for_p256),
        T_CASE("threads share a key", threads_share_a_key),
        T_CASE("ECDH agrees with RFC 5903", ecdh_agrees_with_rfc_5903),
        T_CASE("the shared coordinate is padded", the_shared_coordinate_is_padded),
        T_CASE("ECDH refuses other curves and points", ecdh_refuses_other_curves_and_points),
        T_CASE("a key for one agreement agrees with each point",
               a_key_for_one_agreement_agrees_with_each_point),
        T_CASE("a key for one agreement names the bad point",
               a_key_for_one_agreement_names_the_bad_point),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
