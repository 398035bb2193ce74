/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: a device enrols only with a genuine EK below a root that the tenant trusts; every broken
 * link is named. One test for each row of docs/appraisal.md. Certificates are tested in
 * test_identity_certificate.c, the keys below the EK in test_identity_key.c.
 */
#include <openssl/x509.h>

#include "enroll/ek.h"
#include "identity_fixture.h"
#include "soft_pki.h"
#include "soft_tpm.h"
#include "t.h"

/* ---- authorities ---------------------------------------------------------------------------- */

/* A software TPM's, by the lab. */
static struct soft_cert swtpm_spec(EVP_PKEY *ek)
{
    struct soft_cert c = ek_spec(ek);

    c.issuer = "swtpm-localca";
    c.by = lab_key();
    c.manufacturer = "id:00001014";
    c.model = "swtpm";
    c.version = "id:20191023";
    return c;
}

static struct ek_trust with_lab(void)
{
    struct ek_trust t = production();

    t.lab = certs_of(lab_root);
    return t;
}

/* ---- accepts -------------------------------------------------------------------------------- */

static void takes_a_genuine_device(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct identity  id;
    uint8_t          device_id[32];
    struct pawl_err  err;

    enrolment_taken_as(&e, ROOTS_VENDOR, &id);
    struct pawl_name   ek = soft_name(e.req.ek_public), ak = soft_name(e.req.ak_public);
    struct pawl_name   td = soft_name(e.req.td_public);
    struct pawl_name   qn = qualified(PAWL_TPM_RH_ENDORSEMENT, &e.req);
    struct pawl_public td_key = soft_public(e.td);
    assert_int_equal(id.ek_template, PAWL_EK_P256);
    assert_true(pawl_name_equal(&id.ek_name, &ek) && pawl_name_equal(&id.ak_name, &ak));
    assert_true(pawl_name_equal(&id.td_name, &td) && pawl_name_equal(&id.qualified_signer, &qn));
    assert_true(pawl_public_equal(&id.td, &td_key));
    T_OK(pawl_sha256(pawl_name_view(&ek), device_id, &err), &err);
    assert_memory_equal(id.device_id, device_id, 32);
    assert_string_equal(id.cert.manufacturer, "id:53544D20");
    assert_string_equal(id.cert.model, "ST33HTPHAHD4");
    assert_string_equal(id.cert.version, "id:00490008");
}

static void takes_each_template_of_an_ek(void **state)
{
    (void)state;
    static const struct {
        enum pawl_template t;
        enum pawl_key_kind kind;
    } eks[] = { { PAWL_EK_RSA2048, PAWL_KEY_RSA },
                { PAWL_EK_RSA2048_H, PAWL_KEY_RSA },
                { PAWL_EK_P256_H, PAWL_KEY_P256 },
                { PAWL_EK_P384, PAWL_KEY_P384 } };

    for (size_t i = 0; i < sizeof(eks) / sizeof(eks[0]); i++) {
        struct enrolment e = enrolment_of(eks[i].t, soft_key(eks[i].kind, 1),
                                          soft_key(PAWL_KEY_P256, 1));
        struct identity  id;
        enrolment_taken_as(&e, ROOTS_VENDOR, &id);
        assert_int_equal(id.ek_template, eks[i].t);
    }
}

static void takes_an_rsa_ak(void **state)
{
    (void)state;
    struct enrolment e = enrolment_of(PAWL_EK_P256, soft_key(PAWL_KEY_P256, 0),
                                      soft_key(PAWL_KEY_RSA, 0));
    struct identity  id;

    enrolment_taken_as(&e, ROOTS_VENDOR, &id);
}

static void takes_intermediates_that_the_device_sends(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct identity  id;

    pawl_certs_free(&e.trust.intermediates);
    e.req.cert[e.req.cert_n++] = vendor_sub;
    enrolment_taken_as(&e, ROOTS_VENDOR, &id);
}

/* ---- the EK --------------------------------------------------------------------------------- */

static void k9_other_key_in_the_certificate(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert c = ek_spec(soft_key(PAWL_KEY_P256, 5));

    enrolment_certificate(&e, &c);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.subjectPublicKeyInfo");
}

static void k10_other_template(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    e.req.ek_public = soft_template(PAWL_SRK_P256, e.ek);
    enrolment_certify(&e);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_public");
    e = enrolment_good();
    e.req.ek_public = soft_attributes(e.req.ek_public, 0x000300b0); /* not fixedTPM */
    enrolment_certify(&e);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_public");
}

/* What Infineon's library made: a power of 65537 modulo the product of the primes up to 167.
 * Without its private key: nobody needs one to send a certificate and a public area. */
static EVP_PKEY *roca_key(void)
{
    BIGNUM            *product = BN_new(), *n = BN_new(), *power = BN_new(), *rest = BN_new();
    BN_CTX            *ctx = BN_CTX_new();
    struct pawl_public k = { .kind = PAWL_KEY_RSA, .n = 256 };
    uint8_t            der[512];
    const uint8_t     *p = der;
    size_t             der_n;
    struct pawl_err    err;

    assert_true(BN_one(product));
    for (BN_ULONG v = 2; v <= 167; v++) {
        bool prime = true;
        for (BN_ULONG d = 2; d < v; d++)
            prime = prime && v % d;
        assert_true(!prime || BN_mul_word(product, v));
    }
    assert_true(BN_set_word(power, 65537) && BN_set_word(n, 24301) &&
                BN_mod_exp(power, power, n, product, ctx));
    /* The multiple of the product next to 3 * 2^2046, and the power. */
    BN_zero(n);
    assert_true(BN_set_bit(n, 2047) && BN_set_bit(n, 2046) && BN_mod(rest, n, product, ctx) &&
                BN_sub(n, n, rest) && BN_add(n, n, power));
    assert_int_equal(BN_bn2binpad(n, k.b, 256), 256);
    BN_CTX_free(ctx);
    BN_free(product);
    BN_free(power);
    BN_free(rest);
    BN_free(n);
    T_OK(pawl_public_to_spki(&k, der, sizeof(der), &der_n, &err), &err);
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der_n);
    assert_non_null(key);
    return key;
}

static void k17_weak_rsa_ek(void **state)
{
    (void)state;
    EVP_PKEY        *weak = roca_key();
    struct enrolment e = enrolment_of(PAWL_EK_RSA2048, weak, soft_key(PAWL_KEY_P256, 1));

    enrolment_refused(&e, PAWL_E_DENIED, "ek_public.unique.rsa");
    EVP_PKEY_free(weak);
}

static void k17_weak_rsa_ak(void **state)
{
    (void)state;
    EVP_PKEY        *weak = roca_key();
    struct enrolment e = enrolment_of(PAWL_EK_P256, soft_key(PAWL_KEY_P256, 0), weak);

    e.signer = soft_key(PAWL_KEY_RSA, 0);
    enrolment_refused(&e, PAWL_E_DENIED, "ak_public.unique.rsa");
    EVP_PKEY_free(weak);
}

static void k13_no_certificate(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    e.req.cert_n = 0;
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert");
}

static void k13_unknown_root(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert c = ek_spec(e.ek);

    c.by = soft_key(PAWL_KEY_P256, 5); /* the same name, another key */
    enrolment_certificate(&e, &c);
    enrolment_refused(&e, PAWL_E_FORGED, "ek_cert.chain");
    e = enrolment_good();
    c.issuer = "Nobody";
    enrolment_certificate(&e, &c);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void k13_software_ek(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert c = ek_spec(e.ek);

    c.by = e.ek; /* signs for itself */
    enrolment_certificate(&e, &c);
    e.req.cert[e.req.cert_n++] = make_ca("Vendor EK Sub CA", e.ek, "Vendor EK Sub CA", e.ek);
    enrolment_refused(&e, PAWL_E_FORGED, "ek_cert.chain");
}

static void k13_no_roots(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    ek_trust_done(&e.trust);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void k14_lab_under_production_roots(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert c = swtpm_spec(e.ek);

    enrolment_certificate(&e, &c);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void k14_swtpm_ca_among_the_vendors(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert c = swtpm_spec(e.ek);
    size_t           n;
    struct pawl_err  err;

    enrolment_certificate(&e, &c);
    T_OK(pawl_certs_add(&e.trust.vendor, lab_root, &n, &err), &err);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void k14_lab_roots_are_named(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert c = swtpm_spec(e.ek);
    struct identity  id;

    enrolment_certificate(&e, &c);
    ek_trust_done(&e.trust);
    e.trust = with_lab();
    enrolment_taken_as(&e, ROOTS_LAB, &id);
    assert_string_equal(roots_name(id.roots), "lab");
    /* A vendor's device stays a vendor's beside a lab. */
    e = enrolment_good();
    ek_trust_done(&e.trust);
    e.trust = with_lab();
    enrolment_taken_as(&e, ROOTS_VENDOR, &id);
}

/* ---- every truncation, every flip ------------------------------------------------------------ */

struct loop {
    struct pawl_enrol_req req;
    struct ek_trust       trust;
    struct pawl_view     *field; /* of req */
};

static void mutation_fails(struct pawl_view v, void *arg)
{
    struct loop        *l = arg;
    struct pawl_ek_cert cert;
    struct identity     id;
    struct pawl_err     err;

    *l->field = v;
    assert_false(pawl_is_ok(identity_check(&l->trust, &l->req, 0, &cert, &id, &err)));
}

static void no_prefix_and_no_flip_enrols(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct identity  id;
    struct pawl_err  err;

    T_OK(enrolment_ask(&e, &id, &err), &err);
    struct loop       l = { .req = e.req, .trust = e.trust };
    struct pawl_view *fields[] = { &l.req.ek_public, &l.req.ak_public, &l.req.td_public,
                                   &l.req.certify_attest, &l.req.certify_sig };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct pawl_view original = *fields[i];
        l.field = fields[i];
        t_each_truncation(original, mutation_fails, &l);
        t_each_flip(original, mutation_fails, &l);
        *fields[i] = original;
    }
    l.field = &l.req.cert[0];
    t_each_truncation(e.req.cert[0], mutation_fails, &l);
    ek_trust_done(&e.trust);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("K3: takes a genuine device and computes its Names", takes_a_genuine_device),
        T_CASE("takes each template of an EK", takes_each_template_of_an_ek),
        T_CASE("takes an RSA AK", takes_an_rsa_ak),
        T_CASE("takes intermediates that the device sends",
               takes_intermediates_that_the_device_sends),
        T_CASE("K9: the certificate holds the EK", k9_other_key_in_the_certificate),
        T_CASE("K10: an EK of another template is refused", k10_other_template),
        T_CASE("K17: an RSA EK that anybody can factor is refused", k17_weak_rsa_ek),
        T_CASE("K17: an RSA AK that anybody can factor is refused", k17_weak_rsa_ak),
        T_CASE("K13: no certificate, no enrolment", k13_no_certificate),
        T_CASE("K13: an unknown root is refused", k13_unknown_root),
        T_CASE("K13: an EK that signs for itself is refused", k13_software_ek),
        T_CASE("K13: without roots nobody is trusted", k13_no_roots),
        T_CASE("K14: a lab EK under production roots is refused", k14_lab_under_production_roots),
        T_CASE("K14: swtpm's CA among the vendors vouches for nothing",
               k14_swtpm_ca_among_the_vendors),
        T_CASE("K14: lab roots are named in the result", k14_lab_roots_are_named),
        T_CASE("no prefix and no flip enrols", no_prefix_and_no_flip_enrols),
    };
    return cmocka_run_group_tests(cases, make_authorities, NULL);
}
