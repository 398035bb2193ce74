/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: an EK certificate is found in NV under a TCG header and before padding (C4), what it says
 * is read and escaped, odd serials are read (C5), keys marked rsaesOaep are read (C3), others
 * refused by name, no truncated or flipped input does harm; bags of certificates take PEM and DER.
 */
#include <pawl/crypto.h>

#include "crypto_ca.h"

static const char full_ext[] = CA_LEAF CA_EKU CA_SAN
    "[tpm]\n0.2.23.133.2.1=id:53544D20\n1.2.23.133.2.2=ST33HTPHAHC0\n2.2.23.133.2.3=id:00490008\n";

static const struct ca_spec full_spec = { .ext = full_ext, .serial = "00A1B2" };

static struct pawl_view der_of(struct ca_spec spec)
{
    struct ca        ca = ca_make(spec);
    struct pawl_view der = ca_der(&ca);

    ca_free(&ca);
    return der;
}

/* What an NV index holds: header bytes, the certificate, padding. */
static struct pawl_view nv_of(struct pawl_view der, bool header, uint8_t fill, size_t padding)
{
    uint8_t        nv[4096];
    struct pawl_wr w = pawl_wr_to(nv, sizeof(nv));

    if (header) {
        pawl_wr_u16(&w, 0x1001);
        pawl_wr_u8(&w, 0);
        pawl_wr_u16(&w, (uint16_t)(der.n + 2));
        pawl_wr_u16(&w, 0x1002);
    }
    pawl_wr_bytes(&w, der);
    for (size_t i = 0; i < padding; i++)
        pawl_wr_u8(&w, fill);
    assert_false(w.full);
    return t_copy(pawl_view(nv, w.n));
}

static void reads_what_a_certificate_says(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_ek_cert c;
    struct ca_spec      root_spec = { .subject = "Vendor Root", .ext = CA_EXT };
    struct ca           root = ca_make(root_spec);
    struct ca_spec      spec = full_spec;

    spec.issuer = &root;
    struct ca          ek = ca_make(spec);
    struct pawl_view   der = ca_der(&ek);
    struct pawl_public key;
    unsigned char     *spki = NULL;
    int                spki_n = i2d_PUBKEY(ek.key, &spki);
    T_OK(pawl_public_from_spki(pawl_view(spki, (size_t)spki_n), &key, &err), &err);
    OPENSSL_free(spki);

    T_OK(pawl_ek_cert_parse(der, &c, &err), &err);
    assert_true(pawl_public_equal(&c.key, &key));
    assert_string_equal(c.manufacturer, "id:53544D20");
    assert_string_equal(c.model, "ST33HTPHAHC0");
    assert_string_equal(c.version, "id:00490008");
    assert_string_equal(c.subject, "");
    assert_string_equal(c.issuer, "CN=Vendor Root");
    assert_string_equal(c.serial, "a1b2");
    assert_true(c.not_before_s == CA_NOW - CA_DAY);
    assert_true(c.not_after_s == CA_NOW + CA_DAY);
    assert_false(c.is_ca);
    assert_true(c.has_ek_usage);
    assert_true(c.has_usage);
    assert_true(c.may_encipher);
    assert_int_equal(c.der_n, der.n);
    ca_free(&ek);
    ca_free(&root);
}

static void what_is_absent_is_empty(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_ek_cert c;
    struct ca_spec      spec = { .subject = "EK", .curve = "RSA:2048" };

    T_OK(pawl_ek_cert_parse(der_of(spec), &c, &err), &err);
    assert_string_equal(c.manufacturer, "");
    assert_string_equal(c.model, "");
    assert_string_equal(c.version, "");
    assert_string_equal(c.subject, "CN=EK");
    assert_int_equal(c.key.kind, PAWL_KEY_RSA);
    assert_false(c.has_ek_usage);
    assert_false(c.has_usage);
    assert_false(c.may_encipher);
    spec.ext = "[e]\nkeyUsage=digitalSignature\n";
    T_OK(pawl_ek_cert_parse(der_of(spec), &c, &err), &err);
    assert_true(c.has_usage);
    assert_false(c.may_encipher);
    spec.ext = CA_EXT;
    T_OK(pawl_ek_cert_parse(der_of(spec), &c, &err), &err);
    assert_true(c.is_ca);
}

/* Dates before 1970 and the one that means "never". */
static void dates_reach_far(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_ek_cert c;
    struct ca_spec      spec = full_spec;

    spec.from_s = -86400;
    spec.to_s = 253402300799; /* 9999-12-31 23:59:59 */
    T_OK(pawl_ek_cert_parse(der_of(spec), &c, &err), &err);
    assert_true(c.not_before_s == -86400);
    assert_true(c.not_after_s == 253402300799);
}

static void header_and_padding_are_cut(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_view     der = der_of(full_spec), got = { 0 };
    struct pawl_ek_cert  c;
    static const uint8_t fills[] = { 0x00, 0xff, 0x11, 0x30 };

    for (int header = 0; header < 2; header++)
        for (size_t i = 0; i < 4; i++)
            for (size_t padding = 0; padding < 300; padding += 99) {
                struct pawl_view nv = nv_of(der, header, fills[i], padding);
                T_OK(pawl_ek_cert_der(nv, &got, &err), &err);
                assert_true(pawl_view_equal(got, der));
                assert_ptr_equal(got.p, nv.p + (header ? 7 : 0));
                T_OK(pawl_ek_cert_parse(nv, &c, &err), &err);
                assert_int_equal(c.der_n, der.n);
            }
}

static void what_is_no_certificate_names_its_field(void **state)
{
    (void)state;
    static const struct {
        const char    *hex, *where;
        enum pawl_code code;
    } bad[] = {
        { "", "der.tag", PAWL_E_SHORT },
        { "30", "der.length", PAWL_E_SHORT },
        { "ffffffffffffffff", "der.tag", PAWL_E_FORM },
        { "0000000000000000", "der.tag", PAWL_E_FORM },
        { "3080 0000", "der.length", PAWL_E_FORM },
        { "3083 000001 00", "der.length", PAWL_E_FORM },
        { "3082 1001 00", "der.length", PAWL_E_RANGE },
        { "3082 0400 00", "der", PAWL_E_SHORT },
        { "1001 00 0005 1002", "der.tag", PAWL_E_SHORT },
        { "1001 01 0005 1002 3003020101", "certType", PAWL_E_UNSUPPORTED },
        { "1001 00 0005 1003 3003020101", "certType", PAWL_E_UNSUPPORTED },
        { "1001 00 00", "certSize", PAWL_E_SHORT },
    };
    struct pawl_err  err;
    struct pawl_view got;

    t_poison(&got, sizeof(got));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(pawl_ek_cert_der(t_hex(bad[i].hex), &got, &err), &err, bad[i].code);
        T_WHERE(&err, bad[i].where);
    }
    t_still_poisoned(&got, sizeof(got));
    struct pawl_ek_cert c;
    t_poison(&c, sizeof(c));
    T_FAILS(pawl_ek_cert_parse(t_hex("3003020101"), &c, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "certificate");
    t_still_poisoned(&c, sizeof(c));
}

/* C5. */
static void odd_serials_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *serial, *text;
    } serials[] = { { "-7F", "-7f" },
                    { "0", "00" },
                    { "0102030405060708090a0b0c0d0e0f101112131415161718191a",
                      "0102030405060708090a0b0c0d0e0f1011121314151617" } };
    struct pawl_err     err;
    struct pawl_ek_cert c;

    for (size_t i = 0; i < 3; i++) {
        struct ca_spec spec = full_spec;
        spec.serial = serials[i].serial;
        T_OK(pawl_ek_cert_parse(der_of(spec), &c, &err), &err);
        assert_string_equal(c.serial, serials[i].text);
    }
}

/* C5: X.690 8.3.2 has one form for a number, and OpenSSL reads no other. Serial 7f as 00 00 7f. */
static void a_serial_that_is_longer_than_it_must_is_refused(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_ek_cert c;
    struct ca_spec      spec = full_spec;
    uint8_t             b[4096];

    spec.serial = "01007F";
    struct pawl_view der = der_of(spec);
    memcpy(b, der.p, der.n);
    uint8_t *serial = memmem(b, der.n, "\x02\x03\x01\x00\x7f", 5);
    assert_non_null(serial);
    T_OK(pawl_ek_cert_parse(pawl_view(b, der.n), &c, &err), &err);
    assert_string_equal(c.serial, "01007f");
    serial[2] = 0;
    t_poison(&c, sizeof(c));
    T_FAILS(pawl_ek_cert_parse(pawl_view(b, der.n), &c, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "certificate");
    t_still_poisoned(&c, sizeof(c));
}

static void texts_are_printable_and_cut_to_fit(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_ek_cert c;
    char                ext[1024], model[201] = { 0 };
    struct ca_spec      spec = full_spec;

    memset(model, 'm', 200);
    snprintf(ext, sizeof(ext), CA_LEAF CA_SAN CA_ATTRS, model);
    spec.ext = ext;
    spec.subject = "a\x1b[31m\xc3\xa9\x7f,\"<b>\nz";
    T_OK(pawl_ek_cert_parse(der_of(spec), &c, &err), &err);
    assert_int_equal(strlen(c.model), sizeof(c.model) - 1);
    for (const char *p = c.subject; *p; p++)
        assert_in_range(*p, 0x20, 0x7e);
    assert_string_equal(c.subject, "CN=a\\1B[31m\\C3\\A9\\7F\\,\\\"\\<b\\>\\0Az");
}

static void other_keys_are_refused_by_name(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_ek_cert c;
    struct ca_spec      spec = full_spec;

    t_poison(&c, sizeof(c));
    spec.curve = "P-521";
    T_FAILS(pawl_ek_cert_parse(der_of(spec), &c, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "subjectPublicKeyInfo.public.kind");
    spec.curve = "RSA:1024";
    T_FAILS(pawl_ek_cert_parse(der_of(spec), &c, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "subjectPublicKeyInfo.public.modulus");
    t_still_poisoned(&c, sizeof(c));
}

static void truncated(struct pawl_view nv, void *arg)
{
    (void)arg;
    struct pawl_ek_cert c;
    struct pawl_err     err;

    assert_false(pawl_is_ok(pawl_ek_cert_parse(nv, &c, &err)));
}

/* Not signed data: a flip may be read, but it must not be more than what stands there. */
static void flipped(struct pawl_view nv, void *arg)
{
    (void)arg;
    struct pawl_ek_cert c;
    struct pawl_err     err;

    if (!pawl_is_ok(pawl_ek_cert_parse(nv, &c, &err)))
        return;
    assert_true(c.der_n <= nv.n);
    T_OK(pawl_public_check(&c.key, &err), &err);
    const char *texts[] = { c.manufacturer, c.model, c.version, c.subject, c.issuer, c.serial };
    for (size_t i = 0; i < 6; i++)
        for (const char *p = texts[i]; *p; p++)
            assert_in_range(*p, 0x20, 0x7e);
}

static void no_mutated_certificate_does_harm(void **state)
{
    (void)state;
    struct pawl_view nv = nv_of(der_of(full_spec), true, 0, 0);

    t_each_truncation(nv, truncated, NULL);
    t_each_flip(nv, flipped, NULL);
}

/* ---- real ones (PAWL_TESTDATA) -------------------------------------------------------------- */

static void real_nv_contents_are_cut_to_their_certificate(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t      n;
        const char *manufacturer;
    } real[] = { { "ekcerts/nuc-1-ek_cert_untouched.cer", 1122, "id:53544D20" },
                 { "ekcerts/nuc-1-ek_cert_7_byte_header_removed.cer", 1122, "id:53544D20" },
                 { "ekcerts/ek_cert_with_padded_bytes.cer", 908, "id:4E544300" },
                 { "ekcerts/ek_cert_with_security_assertions.cer", 1397, "id:49465800" } };
    struct pawl_err     err;
    struct pawl_view    der;
    struct pawl_ek_cert c;

    for (size_t i = 0; i < 4; i++) {
        struct pawl_view nv = t_testdata(real[i].file);
        T_OK(pawl_ek_cert_der(nv, &der, &err), &err);
        assert_int_equal(der.n, real[i].n);
        /* C3: rsaesOaep, all of them. */
        T_OK(pawl_ek_cert_parse(nv, &c, &err), &err);
        assert_int_equal(c.key.kind, PAWL_KEY_RSA);
        assert_int_equal(c.key.n, 256);
        assert_string_equal(c.manufacturer, real[i].manufacturer);
    }
}

/* ---- bags of certificates ------------------------------------------------------------------- */

static void bags_take_pem_and_der(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_certs *bag = NULL;
    struct ca          ca = ca_make(full_spec);
    struct pawl_view   pem = ca_pem(&ca);
    char               text[8192];
    size_t             n = 0;

    T_OK(pawl_certs_add(&bag, pem, &n, &err), &err);
    assert_int_equal(n, 1);
    T_OK(pawl_certs_add(&bag, ca_der(&ca), &n, &err), &err);
    assert_int_equal(n, 1);
    snprintf(text, sizeof(text), "0. a comment\n%.*s\nbetween\n%.*sbehind", (int)pem.n,
             (const char *)pem.p, (int)pem.n, (const char *)pem.p);
    T_OK(pawl_certs_add(&bag, t_copy(pawl_view_str(text)), &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(pawl_certs_count(bag), 4);
    pawl_certs_free(&bag);
    assert_null(bag);
    pawl_certs_free(&bag);
    ca_free(&ca);
}

static void bags_refuse_what_is_no_certificate(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_certs *bag = NULL;
    struct ca          ca = ca_make(full_spec);
    struct pawl_view   pem = ca_pem(&ca), der = ca_der(&ca);
    char               text[8192];
    uint8_t            longer[4096];
    size_t             n = 77;

    T_FAILS(pawl_certs_add(&bag, pawl_view(NULL, 0), &n, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_certs_add(&bag, pawl_view_str("README"), &n, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_certs_add(&bag, pawl_view(der.p, der.n - 1), &n, &err), &err, PAWL_E_FORM);
    memcpy(longer, der.p, der.n);
    longer[der.n] = 0;
    T_FAILS(pawl_certs_add(&bag, pawl_view(longer, der.n + 1), &n, &err), &err, PAWL_E_FORM);
    assert_null(bag);
    /* The one before the broken one stays. */
    snprintf(text, sizeof(text),
             "%.*s-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n", (int)pem.n,
             (const char *)pem.p);
    T_FAILS(pawl_certs_add(&bag, pawl_view_str(text), &n, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "certificates");
    assert_int_equal(n, 77);
    assert_int_equal(pawl_certs_count(bag), 1);
    pawl_certs_free(&bag);
    ca_free(&ca);
}

static void bags_have_a_bottom(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_certs *bag = NULL;
    struct pawl_view   der = der_of(full_spec);
    size_t             n;

    for (size_t i = 0; i < PAWL_CERT_LIST_MAX; i++)
        T_OK(pawl_certs_add(&bag, der, &n, &err), &err);
    T_FAILS(pawl_certs_add(&bag, der, &n, &err), &err, PAWL_E_FULL);
    assert_int_equal(pawl_certs_count(bag), PAWL_CERT_LIST_MAX);
    pawl_certs_free(&bag);
}

static void bags_know_and_lose_keys(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_certs *bag = NULL, *other = NULL;
    struct pawl_view   a = der_of(full_spec), b = der_of(full_spec);
    size_t             n;

    T_OK(pawl_certs_add(&bag, a, &n, &err), &err);
    T_OK(pawl_certs_add(&bag, b, &n, &err), &err);
    T_OK(pawl_certs_add(&other, a, &n, &err), &err);
    assert_true(pawl_certs_hold_key(bag, a));
    assert_true(pawl_certs_hold_key(bag, b));
    assert_false(pawl_certs_hold_key(bag, der_of(full_spec)));
    assert_false(pawl_certs_hold_key(bag, pawl_view(a.p, a.n - 1)));
    pawl_certs_take_out(bag, other);
    assert_int_equal(pawl_certs_count(bag), 1);
    assert_false(pawl_certs_hold_key(bag, a));
    assert_true(pawl_certs_hold_key(bag, b));
    assert_int_equal(pawl_certs_count(other), 1);
    pawl_certs_free(&bag);
    pawl_certs_free(&other);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads what a certificate says", reads_what_a_certificate_says),
        T_CASE("what is absent is empty", what_is_absent_is_empty),
        T_CASE("dates reach far", dates_reach_far),
        T_CASE("C4: header and padding are cut", header_and_padding_are_cut),
        T_CASE("what is no certificate names its field", what_is_no_certificate_names_its_field),
        T_CASE("C5: odd serials are read", odd_serials_are_read),
        T_CASE("C5: a serial that is longer than it must is refused",
               a_serial_that_is_longer_than_it_must_is_refused),
        T_CASE("texts are printable and cut to fit", texts_are_printable_and_cut_to_fit),
        T_CASE("other keys are refused by name", other_keys_are_refused_by_name),
        T_CASE("no mutated certificate does harm", no_mutated_certificate_does_harm),
        T_CASE("C3, C4: real NV contents are cut to their certificate, and their keys read",
               real_nv_contents_are_cut_to_their_certificate),
        T_CASE("bags take PEM and DER", bags_take_pem_and_der),
        T_CASE("bags refuse what is no certificate", bags_refuse_what_is_no_certificate),
        T_CASE("bags have a bottom", bags_have_a_bottom),
        T_CASE("C13: bags know keys and lose them", bags_know_and_lose_keys),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
