/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: HKDF agrees with RFC 5869, the labelled form and the TPM's KDFs with an independent
 * program (tests/vectors/crypto/make_symmetric.py); each input counts; bad lengths name themselves.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <pawl/crypto.h>

#include "crypto_vector.h"

static bool holds(const struct pawl_secret *s, struct pawl_view want)
{
    return pawl_view_equal(pawl_secret_view(s), want);
}

static struct pawl_view vector(const char *name)
{
    return crypto_vector("crypto/symmetric.txt", name);
}

static void hkdf_agrees_with_rfc_5869(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret ikm = crypto_secret(t_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
    struct pawl_secret prk, okm;

    /* A.1 */
    T_OK(pawl_hkdf_extract(t_hex("000102030405060708090a0b0c"), &ikm, &prk, &err), &err);
    assert_true(
        holds(&prk, t_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")));
    T_OK(pawl_hkdf_expand(&prk, t_hex("f0f1f2f3f4f5f6f7f8f9"), 42, &okm, &err), &err);
    assert_true(holds(&okm, t_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                                  "34007208d5b887185865")));
    /* A.3: no salt, no info */
    T_OK(pawl_hkdf_extract(pawl_view(NULL, 0), &ikm, &prk, &err), &err);
    assert_true(
        holds(&prk, t_hex("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04")));
    T_OK(pawl_hkdf_expand(&prk, pawl_view(NULL, 0), 42, &okm, &err), &err);
    assert_true(holds(&okm, t_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                                  "9d201395faa4b61a96c8")));
}

/* OpenSSL's own HKDF, which ours takes the place of. */
static struct pawl_view openssl_hkdf(struct pawl_view key, struct pawl_view salt,
                                     struct pawl_view info, size_t len)
{
    uint8_t      out[PAWL_SECRET_MAX];
    EVP_KDF     *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM   params[] = {
          OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 0),
          OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key.p, key.n),
          OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt.p, salt.n),
          OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.p, info.n),
          OSSL_PARAM_construct_end(),
    };

    assert_int_equal(EVP_KDF_derive(ctx, out, len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return t_copy(pawl_view(out, len));
}

/* A salt longer than a block of the hash, and every number of blocks that may come out. */
static void hkdf_agrees_with_openssl_at_every_length(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret prk, okm;

    for (size_t n = 1; n <= PAWL_SECRET_MAX; n++) {
        struct pawl_view   key = crypto_count(n, 1);
        struct pawl_view   salt = crypto_count(2 * n, 2), info = crypto_count(3 * n, 3);
        struct pawl_secret ikm = crypto_secret(key);
        T_OK(pawl_hkdf_extract(salt, &ikm, &prk, &err), &err);
        T_OK(pawl_hkdf_expand(&prk, info, n, &okm, &err), &err);
        assert_true(holds(&okm, openssl_hkdf(key, salt, info, n)));
    }
}

static void hkdf_refuses_lengths_and_empty_keys(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret key = crypto_secret(crypto_count(32, 0));
    struct pawl_secret none = { 0 };
    struct pawl_secret ret;
    struct pawl_view   empty = pawl_view(NULL, 0);

    t_poison(&ret, sizeof(ret));
    T_FAILS(pawl_hkdf_expand(&key, empty, 0, &ret, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_hkdf_expand(&key, empty, PAWL_SECRET_MAX + 1, &ret, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "hkdf.length");
    T_FAILS(pawl_hkdf_expand(&none, empty, 32, &ret, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "hkdf.prk");
    T_FAILS(pawl_hkdf_extract(empty, &none, &ret, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "hkdf.ikm");
    t_still_poisoned(&ret, sizeof(ret));
}

static void labels_agree_with_the_protocol(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret sec = crypto_secret(crypto_count(32, 0x40));
    struct pawl_secret ret;
    char               longest[65] = { 0 };

    T_OK(pawl_expand_label(&sec, "enrol auth", pawl_view(NULL, 0), 32, &ret, &err), &err);
    assert_true(holds(&ret, vector("label.enrol-auth.32")));
    T_OK(pawl_expand_label(&sec, "kid", pawl_view(NULL, 0), 8, &ret, &err), &err);
    assert_true(holds(&ret, vector("label.kid.8")));
    T_OK(pawl_expand_label(&sec, "wrap", pawl_view_str("default"), 64, &ret, &err), &err);
    assert_true(holds(&ret, vector("label.wrap.64")));
    memset(longest, 'l', 64);
    T_OK(pawl_expand_label(&sec, longest, crypto_count(255, 0), 64, &ret, &err), &err);
    assert_true(holds(&ret, vector("label.longest.64")));
}

static void a_label_may_derive_in_place(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret sec = crypto_secret(crypto_count(32, 0x40));

    T_OK(pawl_expand_label(&sec, "enrol auth", pawl_view(NULL, 0), 32, &sec, &err), &err);
    assert_true(holds(&sec, vector("label.enrol-auth.32")));
}

static void labels_refuse_what_does_not_fit_their_length_byte(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret sec = crypto_secret(crypto_count(32, 0));
    struct pawl_secret ret;
    char               too_long[66] = { 0 };

    t_poison(&ret, sizeof(ret));
    memset(too_long, 'l', 65);
    T_FAILS(pawl_expand_label(&sec, too_long, pawl_view(NULL, 0), 32, &ret, &err), &err,
            PAWL_E_RANGE);
    T_WHERE(&err, "expand_label.label");
    T_FAILS(pawl_expand_label(&sec, "x", crypto_count(256, 0), 32, &ret, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "expand_label.ctx");
    T_FAILS(pawl_expand_label(&sec, "x", pawl_view(NULL, 0), 65536 + 32, &ret, &err), &err,
            PAWL_E_RANGE);
    T_WHERE(&err, "expand_label.length");
    t_still_poisoned(&ret, sizeof(ret));
}

static const struct {
    enum pawl_hash alg;
    const char    *name;
} algs[] = { { PAWL_SHA256, "sha256" }, { PAWL_SHA384, "sha384" }, { PAWL_SHA512, "sha512" } };

static struct pawl_view kdf_vector(const char *kdf, const char *alg, const char *what, size_t bits)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.%s.%s.%zu", kdf, alg, what, bits);
    return vector(name);
}

static void kdfa_agrees_with_the_tpm_library(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret ret;
    struct pawl_view   none = pawl_view(NULL, 0);

    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        enum pawl_hash     alg = algs[i].alg;
        size_t             n = pawl_hash_n(alg);
        struct pawl_view   name = crypto_count(2 + n, 0x30);
        struct pawl_secret key = crypto_secret(crypto_count(n, 0));
        struct pawl_secret short_key = crypto_secret(crypto_count(16, 0));
        T_OK(pawl_kdfa(alg, &key, "STORAGE", name, none, 128, &ret, &err), &err);
        assert_true(holds(&ret, kdf_vector("kdfa", algs[i].name, "storage", 128)));
        T_OK(pawl_kdfa(alg, &key, "INTEGRITY", none, none, 8 * n, &ret, &err), &err);
        assert_true(holds(&ret, kdf_vector("kdfa", algs[i].name, "integrity", 8 * n)));
        T_OK(pawl_kdfa(alg, &short_key, "X", name, crypto_count(66, 0), 512, &ret, &err), &err);
        assert_true(holds(&ret, kdf_vector("kdfa", algs[i].name, "two", 512)));
    }
}

static void kdfe_agrees_with_the_tpm_library(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret ret;
    struct pawl_secret z = crypto_secret(crypto_count(48, 0));
    struct pawl_secret z32 = crypto_secret(crypto_count(32, 0));

    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        enum pawl_hash alg = algs[i].alg;
        size_t         n = pawl_hash_n(alg);
        T_OK(pawl_kdfe(alg, &z, "IDENTITY", crypto_count(48, 1), crypto_count(48, 2), 8 * n, &ret,
                       &err),
             &err);
        assert_true(holds(&ret, kdf_vector("kdfe", algs[i].name, "identity", 8 * n)));
        T_OK(pawl_kdfe(alg, &z32, "DUPLICATE", crypto_count(32, 1), crypto_count(32, 2), 512, &ret,
                       &err),
             &err);
        assert_true(holds(&ret, kdf_vector("kdfe", algs[i].name, "two", 512)));
    }
}

static void the_tpm_kdfs_refuse_bad_inputs(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret key = crypto_secret(crypto_count(32, 0));
    struct pawl_secret empty = { 0 };
    struct pawl_secret ret;
    struct pawl_view   none = pawl_view(NULL, 0);
    struct pawl_view   big = crypto_count(PAWL_NAME_MAX + 1, 0);

    t_poison(&ret, sizeof(ret));
    T_FAILS(pawl_kdfa(PAWL_SHA256, &key, "X", none, none, 0, &ret, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_kdfa(PAWL_SHA256, &key, "X", none, none, 129, &ret, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_kdfa(PAWL_SHA256, &key, "X", none, none, 520, &ret, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_kdfa(PAWL_SHA256, &key, "X", big, none, 128, &ret, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_kdfa(PAWL_HASH_NONE, &key, "X", none, none, 128, &ret, &err), &err,
            PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_kdfa(PAWL_SHA256, &empty, "X", none, none, 128, &ret, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "kdfa");
    T_FAILS(pawl_kdfe(PAWL_SHA256, &key, "X", none, big, 128, &ret, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_kdfe(PAWL_SHA256, &key, "X", none, none, 7, &ret, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "kdfe");
    t_still_poisoned(&ret, sizeof(ret));
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("hkdf agrees with RFC 5869", hkdf_agrees_with_rfc_5869),
        T_CASE("hkdf agrees with OpenSSL at every length",
               hkdf_agrees_with_openssl_at_every_length),
        T_CASE("hkdf refuses lengths and empty keys", hkdf_refuses_lengths_and_empty_keys),
        T_CASE("labels agree with the protocol", labels_agree_with_the_protocol),
        T_CASE("a label may derive in place", a_label_may_derive_in_place),
        T_CASE("labels refuse what does not fit their length byte",
               labels_refuse_what_does_not_fit_their_length_byte),
        T_CASE("kdfa agrees with the TPM library", kdfa_agrees_with_the_tpm_library),
        T_CASE("kdfe agrees with the TPM library", kdfe_agrees_with_the_tpm_library),
        T_CASE("the TPM's KDFs refuse bad inputs", the_tpm_kdfs_refuse_bad_inputs),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
