/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the TLS certificate is one that a strict OpenSSL client takes for each of its names and
 * for no other, within its dates; names, days and keys out of range are refused. */
#include <pawl/crypto.h>

#include "crypto_ca.h"

static const char *const names[] = { "pawl.example.org", "127.0.0.1", "::1", "*.fleet.example" };

static struct pawl_private *key_make(enum pawl_key_kind kind)
{
    struct pawl_private *k = NULL;
    struct pawl_err      err;

    T_OK(pawl_private_make(kind, &k, &err), &err);
    return k;
}

static X509 *cert_of(const struct pawl_private *k, const char *const *list, size_t n, unsigned days)
{
    struct pawl_err err;
    uint8_t         pem[4096];
    size_t          pem_n = 0;

    T_OK(pawl_tls_cert_make(k, list, n, CA_NOW, days, pem, sizeof(pem), &pem_n, &err), &err);
    BIO  *bio = BIO_new_mem_buf(pem, (int)pem_n);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

/* As a TLS client with the strictest flags judges it, the certificate being its own root. */
static int client_verifies(X509 *cert, int64_t now_s)
{
    X509_STORE     *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    X509_STORE_add_cert(store, cert);
    X509_STORE_CTX_init(ctx, store, cert, NULL);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_auth_level(param, 3);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CHECK_SS_SIGNATURE | X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
    int good = X509_verify_cert(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return good;
}

static void a_strict_client_takes_it(void **state)
{
    (void)state;
    struct pawl_private *k = key_make(PAWL_KEY_P256);
    X509                *cert = cert_of(k, names, 4, 30);

    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    assert_int_equal(client_verifies(cert, CA_NOW), 1);
    assert_int_equal(X509_check_host(cert, "pawl.example.org", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "a.fleet.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "other.example.org", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "127.0.0.2", 0), 0);
    assert_int_equal(X509_check_ca(cert), 0);
    assert_true(X509_get_extension_flags(cert) & EXFLAG_BCONS);
    assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_SERVER);
    X509_free(cert);
    pawl_private_free(&k);
}

static void it_is_good_for_its_days(void **state)
{
    (void)state;
    struct pawl_private *k = key_make(PAWL_KEY_P256);
    X509                *cert = cert_of(k, names, 1, 30);

    assert_int_equal(client_verifies(cert, CA_NOW - CA_DAY), 1);
    assert_int_equal(client_verifies(cert, CA_NOW + 29 * CA_DAY - 1), 1);
    assert_int_equal(client_verifies(cert, CA_NOW - CA_DAY - 1), 0);
    assert_int_equal(client_verifies(cert, CA_NOW + 29 * CA_DAY + 1), 0);
    X509_free(cert);
    pawl_private_free(&k);
}

static void its_key_is_the_one_that_is_pinned(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *k = key_make(PAWL_KEY_P256);
    X509                *cert = cert_of(k, names, 1, 30);
    unsigned char       *spki = NULL;
    int                  n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    uint8_t              pin[32], sum[32];

    T_OK(pawl_sha256(pawl_view(spki, (size_t)n), sum, &err), &err);
    T_OK(pawl_spki_pin(pawl_private_public(k), pin, &err), &err);
    assert_memory_equal(pin, sum, 32);
    OPENSSL_free(spki);
    X509_free(cert);
    pawl_private_free(&k);
}

static void two_certificates_have_two_serials(void **state)
{
    (void)state;
    struct pawl_private *k = key_make(PAWL_KEY_P256);
    X509                *a = cert_of(k, names, 1, 30), *b = cert_of(k, names, 1, 30);

    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)), 0);
    assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(a)), 16);
    X509_free(a);
    X509_free(b);
    pawl_private_free(&k);
}

static void a_long_name_is_cut_in_the_subject_only(void **state)
{
    (void)state;
    struct pawl_private *k = key_make(PAWL_KEY_P256);
    char                 name[101] = { 0 };
    const char          *list[] = { name };

    memset(name, 'a', 100);
    name[50] = '.';
    X509 *cert = cert_of(k, list, 1, 30);
    assert_int_equal(X509_check_host(cert, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL), 1);
    X509_free(cert);
    pawl_private_free(&k);
}

static void what_cannot_be_a_certificate_is_refused(void **state)
{
    (void)state;
    static const char *const bad_names[] = { "", "a b", "a/b", "a:b", "\xc3\xa9", "1.2.3.4,DNS:x" };
    struct pawl_err          err;
    struct pawl_private     *k = key_make(PAWL_KEY_P256), *big = key_make(PAWL_KEY_P384);
    uint8_t                  pem[4096];
    size_t                   n = 77;

    t_poison(pem, sizeof(pem));
    for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
        const char *list[] = { "good", bad_names[i] };
        T_FAILS(pawl_tls_cert_make(k, list, 2, CA_NOW, 30, pem, sizeof(pem), &n, &err), &err,
                PAWL_E_FORM);
        T_WHERE(&err, "tls.names");
    }
    T_FAILS(pawl_tls_cert_make(k, names, 0, CA_NOW, 30, pem, sizeof(pem), &n, &err), &err,
            PAWL_E_RANGE);
    T_FAILS(pawl_tls_cert_make(k, names, 1, CA_NOW, 0, pem, sizeof(pem), &n, &err), &err,
            PAWL_E_RANGE);
    T_FAILS(pawl_tls_cert_make(k, names, 1, CA_NOW, 36501, pem, sizeof(pem), &n, &err), &err,
            PAWL_E_RANGE);
    T_WHERE(&err, "tls.days");
    T_FAILS(pawl_tls_cert_make(big, names, 1, CA_NOW, 30, pem, sizeof(pem), &n, &err), &err,
            PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_tls_cert_make(k, names, 1, CA_NOW, 30, pem, 100, &n, &err), &err, PAWL_E_FULL);
    t_still_poisoned(pem, sizeof(pem));
    assert_int_equal(n, 77);
    pawl_private_free(&k);
    pawl_private_free(&big);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("a strict client takes it", a_strict_client_takes_it),
        T_CASE("it is good for its days", it_is_good_for_its_days),
        T_CASE("its key is the one that is pinned", its_key_is_the_one_that_is_pinned),
        T_CASE("two certificates have two serials", two_certificates_have_two_serials),
        T_CASE("a long name is cut in the subject only", a_long_name_is_cut_in_the_subject_only),
        T_CASE("what cannot be a certificate is refused", what_cannot_be_a_certificate_is_refused),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
