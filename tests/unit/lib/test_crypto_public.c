/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: public keys are taken only on their curve, of the sizes we allow and in one encoding;
 * what we write is what an independent program writes (tests/vectors/crypto/make_keys.py);
 * RSA-OAEP opens with the private key under the same label and hash only. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

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

static const struct {
    const char        *vector, *name;
    enum pawl_key_kind kind;
    size_t             n;
} keys[] = {
    { "p256.sample", "P-256", PAWL_KEY_P256, 65 }, { "p384.i", "P-384", PAWL_KEY_P384, 97 },
    { "rsa2048", "RSA-2048", PAWL_KEY_RSA, 256 },  { "rsa3072", "RSA-3072", PAWL_KEY_RSA, 384 },
    { "rsa4096", "RSA-4096", PAWL_KEY_RSA, 512 },
};

static void reads_and_writes_what_others_write(void **state)
{
    (void)state;
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct pawl_view   spki = vector(keys[i].vector, "spki");
        struct pawl_public k = { 0 }, pem = { 0 };
        uint8_t            der[600];
        uint8_t            pin[32], sum[32];
        size_t             n = 0;
        T_OK(pawl_public_from_spki(spki, &k, &err), &err);
        assert_int_equal(k.kind, keys[i].kind);
        assert_int_equal(k.n, keys[i].n);
        assert_string_equal(pawl_public_name(&k), keys[i].name);
        T_OK(pawl_public_check(&k, &err), &err);
        T_OK(pawl_public_to_spki(&k, der, spki.n, &n, &err), &err);
        assert_true(pawl_view_equal(pawl_view(der, n), spki));
        T_OK(pawl_public_from_pem(vector(keys[i].vector, "public.pem"), &pem, &err), &err);
        assert_true(pawl_public_equal(&k, &pem));
        T_OK(pawl_spki_pin(&k, pin, &err), &err);
        T_OK(pawl_sha256(spki, sum, &err), &err);
        assert_memory_equal(pin, sum, 32);
    }
}

/* RFC 6979, A.2.5. */
static void a_point_is_its_coordinates(void **state)
{
    (void)state;
    struct pawl_public k = key_of("p256.sample");

    assert_true(
        pawl_view_equal(pawl_view(k.b, k.n),
                        t_hex("04 60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                              "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")));
    struct pawl_public r = key_of("rsa2048");
    assert_true(pawl_view_equal(pawl_view(r.b, r.n), vector("rsa2048", "modulus")));
}

static void equal_keys_are_equal_and_no_others(void **state)
{
    (void)state;
    struct pawl_public a = key_of("p256.i"), b = key_of("p256.r"), none = { 0 };

    assert_true(pawl_public_equal(&a, &a));
    assert_false(pawl_public_equal(&a, &b));
    assert_false(pawl_public_equal(&none, &none));
    b = a;
    b.kind = PAWL_KEY_RSA;
    assert_false(pawl_public_equal(&a, &b));
    b = a;
    b.b[64] ^= 1;
    assert_false(pawl_public_equal(&a, &b));
}

static void other_keys_are_refused(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_public k;

    t_poison(&k, sizeof(k));
    T_FAILS(pawl_public_from_spki(vector("p521", "spki"), &k, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "public.kind");
    T_FAILS(pawl_public_from_spki(vector("rsa1024", "spki"), &k, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "public.modulus");
    T_FAILS(pawl_public_from_spki(vector("rsa2048.e3", "spki"), &k, &err), &err,
            PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "public.exponent");
    t_still_poisoned(&k, sizeof(k));
}

static void explicit_curve_parameters_are_refused(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_public k;
    EVP_PKEY          *pkey = EVP_EC_gen("P-256");
    unsigned char     *der = NULL;

    t_poison(&k, sizeof(k));
    assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
                     1);
    int n = i2d_PUBKEY(pkey, &der);
    assert_true(n > 200);
    pawl_status s = pawl_public_from_spki(pawl_view(der, (size_t)n), &k, &err);
    assert_true(s.code == PAWL_E_FORM || s.code == PAWL_E_UNSUPPORTED);
    t_still_poisoned(&k, sizeof(k));
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
}

static void a_key_has_one_encoding(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_public k;
    struct pawl_view   spki = vector("p256.i", "spki");
    uint8_t            longer[200];

    t_poison(&k, sizeof(k));
    T_FAILS(pawl_public_from_spki(vector("p256.i", "spki.compressed"), &k, &err), &err,
            PAWL_E_FORM);
    memcpy(longer, spki.p, spki.n);
    longer[spki.n] = 0;
    T_FAILS(pawl_public_from_spki(pawl_view(longer, spki.n + 1), &k, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_public_from_pem(spki, &k, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_public_from_pem(vector("p256.i", "private.pem"), &k, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_public_from_pem(pawl_view(NULL, 0), &k, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "public key");
    t_still_poisoned(&k, sizeof(k));
}

/* Whatever a mutated key says, it is refused or it is another key in its own one encoding. */
static void spki_holds(struct pawl_view der, void *arg)
{
    (void)arg;
    struct pawl_public k;
    struct pawl_err    err;
    uint8_t            again[600];
    size_t             n;

    if (!pawl_is_ok(pawl_public_from_spki(der, &k, &err)))
        return;
    T_OK(pawl_public_to_spki(&k, again, sizeof(again), &n, &err), &err);
    assert_true(pawl_view_equal(der, pawl_view(again, n)));
}

static void spki_refused(struct pawl_view der, void *arg)
{
    (void)arg;
    struct pawl_public k;
    struct pawl_err    err;

    T_FAILS(pawl_public_from_spki(der, &k, &err), &err, PAWL_E_FORM);
}

static void no_mutated_spki_is_taken_for_another_form(void **state)
{
    (void)state;
    t_each_truncation(vector("p256.i", "spki"), spki_refused, NULL);
    t_each_truncation(vector("rsa2048", "spki"), spki_refused, NULL);
    t_each_flip(vector("p384.i", "spki"), spki_holds, NULL);
    t_each_flip(vector("rsa2048", "spki"), spki_holds, NULL);
    /* On P-256 a flip of any bit of y leaves the curve, and one of x nearly always. */
    struct pawl_view y = vector("p256.i", "spki");
    for (size_t bit = 0; bit < 256; bit++) {
        uint8_t der[91];
        memcpy(der, y.p, sizeof(der));
        der[59 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct pawl_public k;
        struct pawl_err    err;
        T_FAILS(pawl_public_from_spki(PAWL_VIEW_OF(der), &k, &err), &err, PAWL_E_FORM);
    }
}

static void points_off_the_curve_are_refused(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_public k = key_of("p256.i");
    struct pawl_public bad = k;

    bad.b[64] ^= 1;
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "public.point");
    memset(bad.b + 1, 0xff, 64); /* not below p */
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_RANGE);
    memset(bad.b, 0, 65);
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_FORM);
    bad.b[0] = 4;
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_RANGE);
    for (unsigned first = 0; first < 8; first++) { /* infinity, compressed, hybrid */
        bad = k;
        bad.b[0] = (uint8_t)first;
        if (first != 4)
            T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_FORM);
    }
    bad = k;
    bad.n = 64;
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_FORM);
    bad = k;
    bad.kind = PAWL_KEY_P384;
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_FORM);
    bad.kind = PAWL_KEY_NONE;
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_UNSUPPORTED);
    bad.kind = PAWL_KEY_COUNT;
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_UNSUPPORTED);
    assert_string_equal(pawl_public_name(&bad), "none");
}

/* x and x + p are the same number modulo p; only the first may be written. Needs an x below
 * 2^256 - p: x = 5 is on P-256. */
static void a_coordinate_above_the_field_is_refused(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_public k = { .kind = PAWL_KEY_P256, .n = 65 };
    struct pawl_view   x5 = t_hex("04"
                                    "0000000000000000000000000000000000000000000000000000000000000005"
                                    "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc");
    struct pawl_view   x5p = t_hex(
          "ffffffff00000001000000000000000000000001000000000000000000000004");

    memcpy(k.b, x5.p, 65);
    T_OK(pawl_public_check(&k, &err), &err);
    memcpy(k.b + 1, x5p.p, 32);
    T_FAILS(pawl_public_check(&k, &err), &err, PAWL_E_RANGE);
}

static void moduli_out_of_shape_are_refused(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_public k = key_of("rsa2048");
    struct pawl_public bad = k;

    bad.b[255] &= 0xfe;
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "public.modulus");
    bad = k;
    bad.b[0] &= 0x7f;
    T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_RANGE);
    static const size_t lengths[] = { 0, 1, 128, 255, 257, 511 };
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        bad = k;
        bad.n = lengths[i];
        T_FAILS(pawl_public_check(&bad, &err), &err, PAWL_E_RANGE);
    }
}

static void room_for_spki_is_counted(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_public k = key_of("p256.i");
    uint8_t            out[91];
    size_t             n = 77;

    t_poison(out, sizeof(out));
    T_FAILS(pawl_public_to_spki(&k, out, 90, &n, &err), &err, PAWL_E_FULL);
    t_still_poisoned(out, sizeof(out));
    assert_int_equal(n, 77);
    T_OK(pawl_public_to_spki(&k, out, 91, &n, &err), &err);
}

/* ---- RSA-OAEP ------------------------------------------------------------------------------- */

static int oaep_open(const char *md, const char *label, struct pawl_view in, uint8_t *out,
                     size_t *out_n)
{
    struct pawl_view pem = vector("rsa2048", "private.pem");
    BIO             *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY        *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_PKEY_CTX    *ctx = EVP_PKEY_CTX_new(pkey, NULL);

    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, md, NULL), 1);
    if (*label)
        assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_memdup(label, strlen(label)),
                                                          (int)strlen(label)),
                         1);
    int good = EVP_PKEY_decrypt(ctx, out, out_n, in.p, in.n);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    return good;
}

static void oaep_opens_under_its_hash_and_label_only(void **state)
{
    (void)state;
    static const char *const labels[] = { "DUPLICATE", "" };
    struct pawl_err          err;
    struct pawl_public       k = key_of("rsa2048");
    struct pawl_secret       in = crypto_secret(crypto_count(64, 0));
    uint8_t                  out[256], plain[256];
    size_t                   n = 0;

    for (int h = PAWL_SHA256; h < PAWL_HASH_COUNT; h++)
        for (size_t i = 0; i < 2; i++) {
            const char *md = pawl_hash_name((enum pawl_hash)h);
            size_t      plain_n = sizeof(plain);
            T_OK(pawl_rsa_oaep(&k, (enum pawl_hash)h, pawl_view_str(labels[i]), &in, out, 256, &n,
                               &err),
                 &err);
            assert_int_equal(n, 256);
            assert_int_equal(oaep_open(md, labels[i], PAWL_VIEW_OF(out), plain, &plain_n), 1);
            assert_true(pawl_view_equal(pawl_view(plain, plain_n), pawl_secret_view(&in)));
            plain_n = sizeof(plain);
            assert_int_not_equal(oaep_open(md, "OTHER", PAWL_VIEW_OF(out), plain, &plain_n), 1);
        }
}

static void oaep_refuses_other_keys_hashes_and_rooms(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_public rsa = key_of("rsa2048"), ec = key_of("p256.i");
    struct pawl_secret in = crypto_secret(crypto_count(32, 0));
    struct pawl_view   label = pawl_view_str("X");
    uint8_t            out[256];
    size_t             n = 77;

    t_poison(out, sizeof(out));
    T_FAILS(pawl_rsa_oaep(&ec, PAWL_SHA256, label, &in, out, 256, &n, &err), &err,
            PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_rsa_oaep(&rsa, PAWL_SHA1, label, &in, out, 256, &n, &err), &err,
            PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_rsa_oaep(&rsa, PAWL_HASH_NONE, label, &in, out, 256, &n, &err), &err,
            PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_rsa_oaep(&rsa, PAWL_SHA256, label, &in, out, 255, &n, &err), &err, PAWL_E_FULL);
    t_still_poisoned(out, sizeof(out));
    assert_int_equal(n, 77);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads and writes what others write", reads_and_writes_what_others_write),
        T_CASE("a point is its coordinates", a_point_is_its_coordinates),
        T_CASE("equal keys are equal and no others", equal_keys_are_equal_and_no_others),
        T_CASE("other keys are refused", other_keys_are_refused),
        T_CASE("explicit curve parameters are refused", explicit_curve_parameters_are_refused),
        T_CASE("a key has one encoding", a_key_has_one_encoding),
        T_CASE("no mutated SPKI is taken for another form",
               no_mutated_spki_is_taken_for_another_form),
        T_CASE("points off the curve are refused", points_off_the_curve_are_refused),
        T_CASE("a coordinate above the field is refused", a_coordinate_above_the_field_is_refused),
        T_CASE("moduli out of shape are refused", moduli_out_of_shape_are_refused),
        T_CASE("room for SPKI is counted", room_for_spki_is_counted),
        T_CASE("OAEP opens under its hash and label only",
               oaep_opens_under_its_hash_and_label_only),
        T_CASE("OAEP refuses other keys, hashes and rooms",
               oaep_refuses_other_keys_hashes_and_rooms),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
