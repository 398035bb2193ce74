/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the key of a certificate is read with the identifier that the certificate gives it, and
 * from one whole certificate only. */
#include <pawl/crypto.h>

#include "crypto_ca.h"

static struct ca make(const char *curve, const char *ext)
{
    return ca_make((struct ca_spec){ .subject = "ima",
                                     .curve = curve,
                                     .ext = ext,
                                     .from_s = CA_NOW - CA_DAY,
                                     .to_s = CA_NOW + CA_DAY });
}

static void reads_key_and_identifier(void **state)
{
    (void)state;
    static const uint8_t id[] = { 0x00, 0x11, 0x22, 0x33, 0x44 };
    struct ca            ca = make(NULL, CA_EXT "subjectKeyIdentifier=0011223344\n");
    struct pawl_cert_key k;
    struct pawl_public   want;
    struct pawl_err      err;
    uint8_t             *spki = NULL;
    int                  n = i2d_PUBKEY(ca.key, &spki);

    assert_true(n > 0);
    T_OK(pawl_public_from_spki(pawl_view(spki, (size_t)n), &want, &err), &err);
    T_OK(pawl_cert_key(ca_der(&ca), &k, &err), &err);
    assert_true(pawl_public_equal(&k.key, &want));
    assert_int_equal(k.id_n, sizeof(id));
    assert_memory_equal(k.id, id, sizeof(id));
    OPENSSL_free(spki);
    ca_free(&ca);
}

static void a_certificate_may_give_no_identifier(void **state)
{
    (void)state;
    struct ca            ca = make("RSA:2048", CA_EXT);
    struct pawl_cert_key k;
    struct pawl_err      err;

    T_OK(pawl_cert_key(ca_der(&ca), &k, &err), &err);
    assert_int_equal(k.key.kind, PAWL_KEY_RSA);
    assert_int_equal(k.id_n, 0);
    ca_free(&ca);
}

static void an_identifier_has_64_bytes_at_most(void **state)
{
    (void)state;
    char                 ext[256];
    struct pawl_cert_key k;
    struct pawl_err      err;

    snprintf(ext, sizeof(ext), CA_EXT "subjectKeyIdentifier=%0128d\n", 0);
    struct ca ca = make(NULL, ext);
    T_OK(pawl_cert_key(ca_der(&ca), &k, &err), &err);
    assert_int_equal(k.id_n, PAWL_CERT_KEY_ID_MAX);
    ca_free(&ca);

    snprintf(ext, sizeof(ext), CA_EXT "subjectKeyIdentifier=%0130d\n", 0);
    ca = make(NULL, ext);
    t_poison(&k, sizeof(k));
    T_FAILS(pawl_cert_key(ca_der(&ca), &k, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "subjectKeyIdentifier");
    t_still_poisoned(&k, sizeof(k));
    ca_free(&ca);
}

static void another_key_is_unsupported(void **state)
{
    (void)state;
    struct ca            ca = make("P-521", CA_EXT);
    struct pawl_cert_key k;
    struct pawl_err      err;

    t_poison(&k, sizeof(k));
    T_FAILS(pawl_cert_key(ca_der(&ca), &k, &err), &err, PAWL_E_UNSUPPORTED);
    t_still_poisoned(&k, sizeof(k));
    ca_free(&ca);
}

static void is_no_certificate(struct pawl_view der, void *arg)
{
    (void)arg;
    struct pawl_cert_key k;
    struct pawl_err      err;

    T_FAILS(pawl_cert_key(der, &k, &err), &err, PAWL_E_FORM);
}

static void takes_one_whole_certificate(void **state)
{
    (void)state;
    struct ca        ca = make(NULL, CA_EXT);
    struct pawl_view der = ca_der(&ca);
    uint8_t          more[2048] = { 0 };

    t_each_truncation(der, is_no_certificate, NULL);
    assert_true(der.n < sizeof(more));
    memcpy(more, der.p, der.n);
    is_no_certificate(pawl_view(more, der.n + 1), NULL);
    ca_free(&ca);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads key and identifier", reads_key_and_identifier),
        T_CASE("a certificate may give no identifier", a_certificate_may_give_no_identifier),
        T_CASE("another key is unsupported", another_key_is_unsupported),
        T_CASE("takes one whole certificate", takes_one_whole_certificate),
        T_CASE("an identifier has 64 bytes at most", an_identifier_has_64_bytes_at_most),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
