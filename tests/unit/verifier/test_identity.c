/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a device enrols only with a genuine EK, an AK of our template below it and a t_D that
 * this AK certified for this enrolment; every broken link is named. One test for each row of
 * docs/appraisal.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "enroll/ek.h"
#include "soft_pki.h"
#include "soft_tpm.h"
#include "t.h"

enum { NOW = 1790000000, YEAR = 31536000 };

/* ---- authorities ---------------------------------------------------------------------------- */

static struct pawl_view vendor_root, vendor_sub, lab_root;

static EVP_PKEY *root_key(void)
{
    return soft_key(PAWL_KEY_P384, 0);
}

static EVP_PKEY *sub_key(void)
{
    return soft_key(PAWL_KEY_P256, 3);
}

static EVP_PKEY *lab_key(void)
{
    return soft_key(PAWL_KEY_P256, 4);
}

static struct pawl_view make_ca(const char *subject, EVP_PKEY *key, const char *issuer,
                                EVP_PKEY *by)
{
    return soft_cert_make(&(struct soft_cert){ .subject = subject,
                                               .issuer = issuer,
                                               .key = key,
                                               .by = by,
                                               .is_ca = true,
                                               .usage = "critical,keyCertSign",
                                               .not_before_s = NOW - 9 * YEAR,
                                               .not_after_s = NOW + 9 * YEAR });
}

static struct soft_cert ek_spec(EVP_PKEY *ek)
{
    bool rsa = EVP_PKEY_is_a(ek, "RSA");

    return (struct soft_cert){ .issuer = "Vendor EK Sub CA",
                               .key = ek,
                               .by = sub_key(),
                               .usage = rsa ? "critical,keyEncipherment" : "critical,keyAgreement",
                               .manufacturer = "id:53544D20",
                               .model = "ST33HTPHAHD4",
                               .version = "id:00490008",
                               .not_before_s = NOW - YEAR,
                               .not_after_s = NOW + 9 * YEAR };
}

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

static int make_authorities(void **state)
{
    (void)state;
    vendor_root = make_ca("Vendor EK Root CA", root_key(), "Vendor EK Root CA", root_key());
    vendor_sub = make_ca("Vendor EK Sub CA", sub_key(), "Vendor EK Root CA", root_key());
    lab_root = make_ca("swtpm-localca", lab_key(), "swtpm-localca", lab_key());
    return 0;
}

static struct pawl_certs *certs(struct pawl_view der)
{
    struct pawl_certs *c = NULL;
    size_t             n;
    struct pawl_err    err;

    T_OK(pawl_certs_add(&c, der, &n, &err), &err);
    return c;
}

static struct ek_trust production(void)
{
    return (struct ek_trust){ .vendor = certs(vendor_root), .intermediates = certs(vendor_sub) };
}

static struct ek_trust with_lab(void)
{
    struct ek_trust t = production();

    t.lab = certs(lab_root);
    return t;
}

/* ---- an enrolment in the making ------------------------------------------------------------- */

struct enrolment {
    EVP_PKEY             *ek, *ak, *td, *signer; /* signer: of the certification */
    struct pawl_enrol_req req;
    struct soft_attest    certify;
    struct pawl_view      certified, qualified; /* its body */
    struct ek_trust       trust;
    int64_t               now_s;
};

static struct pawl_view name_bytes(struct pawl_name n)
{
    return t_copy(pawl_name_view(&n));
}

static struct pawl_name qualified(uint32_t hierarchy, const struct pawl_enrol_req *req)
{
    const struct pawl_name chain[] = { soft_name(req->ek_public), soft_name(req->ak_public) };
    struct pawl_name       q;
    struct pawl_err        err;

    T_OK(pawl_tpm_qualified_name(hierarchy, chain, 2, &q, &err), &err);
    return q;
}

static struct pawl_view certify_nonce(const struct pawl_enrol_req *req)
{
    struct pawl_name ek = soft_name(req->ek_public), ak = soft_name(req->ak_public);
    uint8_t          nonce[32];
    struct pawl_err  err;

    T_OK(pawl_certify_nonce(req->tenant, req->verifier_id, &ek, &ak, nonce, &err), &err);
    return t_copy(PAWL_VIEW_OF(nonce));
}

/* Fills in the certification that the keys of e deserve. */
static void certify(struct enrolment *e)
{
    e->signer = e->ak;
    e->certify = (struct soft_attest){ .magic = PAWL_TPM_GENERATED,
                                       .type = PAWL_TPM_ST_CERTIFY,
                                       .signer = name_bytes(
                                           qualified(PAWL_TPM_RH_ENDORSEMENT, &e->req)),
                                       .nonce = certify_nonce(&e->req) };
    e->certified = name_bytes(soft_name(e->req.td_public));
    e->qualified = e->certified;
}

static struct enrolment enrolment_of(enum pawl_template ek_template, EVP_PKEY *ek, EVP_PKEY *ak)
{
    static const uint8_t verifier[32] = { 0x55 };
    struct enrolment     e = { .ek = ek, .ak = ak, .td = soft_key(PAWL_KEY_P256, 2) };
    struct soft_cert     c = ek_spec(ek);
    bool                 rsa_ak = EVP_PKEY_is_a(ak, "RSA");

    e.req.tenant = pawl_view_str("default");
    e.req.verifier_id = PAWL_VIEW_OF(verifier);
    e.req.ek_public = soft_template(ek_template, ek);
    e.req.cert[e.req.cert_n++] = soft_cert_make(&c);
    e.req.ak_public = soft_template(rsa_ak ? PAWL_AK_RSA2048 : PAWL_AK_P256, ak);
    e.req.td_public = soft_template(PAWL_TD_P256, e.td);
    e.trust = production();
    certify(&e);
    return e;
}

static struct enrolment good(void)
{
    return enrolment_of(PAWL_EK_P256, soft_key(PAWL_KEY_P256, 0), soft_key(PAWL_KEY_P256, 1));
}

static void certificate(struct enrolment *e, const struct soft_cert *c)
{
    e->req.cert[0] = soft_cert_make(c);
}

/* Signs what was put together, and asks. */
static pawl_status ask(struct enrolment *e, struct identity *ret, struct pawl_err *err)
{
    uint16_t scheme = EVP_PKEY_is_a(e->signer, "RSA") ? PAWL_TPM_ALG_RSASSA : PAWL_TPM_ALG_ECDSA;

    e->certify.body = soft_certify_body(e->certified, e->qualified);
    e->req.certify_attest = soft_attest(&e->certify);
    e->req.certify_sig = soft_sign(e->signer, scheme, PAWL_SHA256, e->req.certify_attest);
    return identity_check(&e->trust, &e->req, e->now_s, ret, err);
}

static void takes_as(struct enrolment *e, enum roots roots, struct identity *ret)
{
    struct pawl_err err;

    T_OK(ask(e, ret, &err), &err);
    assert_int_equal(ret->roots, roots);
    ek_trust_done(&e->trust);
}

static void refused(struct enrolment *e, enum pawl_code code, const char *where)
{
    struct identity id;
    struct pawl_err err;

    t_poison(&id, sizeof(id));
    T_FAILS(ask(e, &id, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&id, sizeof(id));
    ek_trust_done(&e->trust);
}

/* ---- accepts -------------------------------------------------------------------------------- */

static void takes_a_genuine_device(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct identity  id;
    uint8_t          device_id[32];
    struct pawl_err  err;

    takes_as(&e, ROOTS_VENDOR, &id);
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
        takes_as(&e, ROOTS_VENDOR, &id);
        assert_int_equal(id.ek_template, eks[i].t);
    }
}

static void takes_an_rsa_ak(void **state)
{
    (void)state;
    struct enrolment e = enrolment_of(PAWL_EK_P256, soft_key(PAWL_KEY_P256, 0),
                                      soft_key(PAWL_KEY_RSA, 0));
    struct identity  id;

    takes_as(&e, ROOTS_VENDOR, &id);
}

static void takes_intermediates_that_the_device_sends(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct identity  id;

    pawl_certs_free(&e.trust.intermediates);
    e.req.cert[e.req.cert_n++] = vendor_sub;
    takes_as(&e, ROOTS_VENDOR, &id);
}

/* ---- the EK --------------------------------------------------------------------------------- */

static void k9_other_key_in_the_certificate(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert c = ek_spec(soft_key(PAWL_KEY_P256, 5));

    certificate(&e, &c);
    refused(&e, PAWL_E_DENIED, "ek_cert.subjectPublicKeyInfo");
}

static void k10_other_template(void **state)
{
    (void)state;
    struct enrolment e = good();

    e.req.ek_public = soft_template(PAWL_SRK_P256, e.ek);
    certify(&e);
    refused(&e, PAWL_E_DENIED, "ek_public");
    e = good();
    e.req.ek_public = soft_attributes(e.req.ek_public, 0x000300b0); /* not fixedTPM */
    certify(&e);
    refused(&e, PAWL_E_DENIED, "ek_public");
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

    refused(&e, PAWL_E_DENIED, "ek_public.unique.rsa");
    EVP_PKEY_free(weak);
}

static void k17_weak_rsa_ak(void **state)
{
    (void)state;
    EVP_PKEY        *weak = roca_key();
    struct enrolment e = enrolment_of(PAWL_EK_P256, soft_key(PAWL_KEY_P256, 0), weak);

    e.signer = soft_key(PAWL_KEY_RSA, 0);
    refused(&e, PAWL_E_DENIED, "ak_public.unique.rsa");
    EVP_PKEY_free(weak);
}

static void k13_no_certificate(void **state)
{
    (void)state;
    struct enrolment e = good();

    e.req.cert_n = 0;
    refused(&e, PAWL_E_DENIED, "ek_cert");
}

static void k13_unknown_root(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert c = ek_spec(e.ek);

    c.by = soft_key(PAWL_KEY_P256, 5); /* the same name, another key */
    certificate(&e, &c);
    refused(&e, PAWL_E_FORGED, "ek_cert.chain");
    e = good();
    c.issuer = "Nobody";
    certificate(&e, &c);
    refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void k13_software_ek(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert c = ek_spec(e.ek);

    c.by = e.ek; /* signs for itself */
    certificate(&e, &c);
    e.req.cert[e.req.cert_n++] = make_ca("Vendor EK Sub CA", e.ek, "Vendor EK Sub CA", e.ek);
    refused(&e, PAWL_E_FORGED, "ek_cert.chain");
}

static void k13_no_roots(void **state)
{
    (void)state;
    struct enrolment e = good();

    ek_trust_done(&e.trust);
    refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void k14_lab_under_production_roots(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert c = swtpm_spec(e.ek);

    certificate(&e, &c);
    refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void k14_swtpm_ca_among_the_vendors(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert c = swtpm_spec(e.ek);
    size_t           n;
    struct pawl_err  err;

    certificate(&e, &c);
    T_OK(pawl_certs_add(&e.trust.vendor, lab_root, &n, &err), &err);
    refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void k14_lab_roots_are_named(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert c = swtpm_spec(e.ek);
    struct identity  id;

    certificate(&e, &c);
    ek_trust_done(&e.trust);
    e.trust = with_lab();
    takes_as(&e, ROOTS_LAB, &id);
    assert_string_equal(roots_name(id.roots), "lab");
    /* A vendor's device stays a vendor's beside a lab. */
    e = good();
    ek_trust_done(&e.trust);
    e.trust = with_lab();
    takes_as(&e, ROOTS_VENDOR, &id);
}

/* ---- certificates --------------------------------------------------------------------------- */

static void c2_usage(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert c = ek_spec(e.ek);

    c.usage = "critical,digitalSignature";
    certificate(&e, &c);
    refused(&e, PAWL_E_DENIED, "ek_cert.keyUsage");
}

static void c4_prefix_and_padding(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct identity  id;
    uint8_t          nv[2048];
    struct pawl_view der = e.req.cert[0];
    struct pawl_wr   w = pawl_wr_to(nv, sizeof(nv));

    pawl_wr_bytes(&w, t_hex("10 01 00"));
    pawl_wr_u16(&w, (uint16_t)(der.n + 2));
    pawl_wr_bytes(&w, t_hex("10 02"));
    pawl_wr_bytes(&w, der);
    pawl_wr_bytes(&w, t_hex("ffffffffffffffff"));
    e.req.cert[0] = t_copy(pawl_view(nv, w.n));
    takes_as(&e, ROOTS_VENDOR, &id);
    assert_int_equal(id.cert.der_n, der.n);
}

static void c7_missing_intermediate(void **state)
{
    (void)state;
    struct enrolment e = good();

    pawl_certs_free(&e.trust.intermediates);
    refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void c13_a_revoked_ek(void **state)
{
    (void)state;
    struct enrolment e = good();

    e.trust.revoked = certs(e.req.cert[0]);
    refused(&e, PAWL_E_DENIED, "ek_cert.revoked");
}

/* The same key below another name, by another issuer: what is revoked is the key. */
static void c13_a_revoked_intermediate(void **state)
{
    (void)state;
    struct enrolment e = good();

    pawl_certs_free(&e.trust.intermediates);
    e.req.cert[e.req.cert_n++] = vendor_sub;
    e.trust.revoked = certs(make_ca("Another", sub_key(), "Another", sub_key()));
    refused(&e, PAWL_E_DENIED, "ek_cert.revoked");
}

static void c13_what_is_not_revoked_is_taken(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct identity  id;

    e.trust.revoked = certs(lab_root);
    takes_as(&e, ROOTS_VENDOR, &id);
}

static void c10_dates(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert c = ek_spec(e.ek);
    struct identity  id;

    c.not_after_s = NOW - 1000;
    certificate(&e, &c);
    takes_as(&e, ROOTS_VENDOR, &id); /* policy: dates are not judged */
    e.trust = production();
    e.now_s = NOW;
    refused(&e, PAWL_E_EXPIRED, "ek_cert.chain");
}

static void c11_ca_as_leaf(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert c = ek_spec(e.ek);

    c.is_ca = true;
    c.usage = "critical,keyAgreement,keyCertSign";
    certificate(&e, &c);
    refused(&e, PAWL_E_DENIED, "ek_cert.basicConstraints");
}

static void c11_leaf_as_ca(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct soft_cert between = ek_spec(soft_key(PAWL_KEY_P256, 5)), c = ek_spec(e.ek);

    between.subject = c.issuer = "A device";
    c.by = between.key;
    certificate(&e, &c);
    e.req.cert[e.req.cert_n++] = soft_cert_make(&between);
    refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void c12_an_intermediate_is_no_root(void **state)
{
    (void)state;
    struct enrolment e = good();

    pawl_certs_free(&e.trust.vendor);
    e.trust.vendor = certs(vendor_sub);
    refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

/* ---- the AK --------------------------------------------------------------------------------- */

static void ak_refused(uint32_t attributes)
{
    struct enrolment e = good();

    e.req.ak_public = soft_attributes(e.req.ak_public, attributes);
    certify(&e);
    refused(&e, PAWL_E_DENIED, "ak_public.objectAttributes");
}

static void k1_unrestricted(void **state)
{
    (void)state;
    ak_refused(0x00040472);
    ak_refused(0x00070472);
    ak_refused(0x00030472);
}

static void k2_software(void **state)
{
    (void)state;
    ak_refused(0x00050472 & ~PAWL_TPMA_FIXED_TPM);
    ak_refused(0x00050472 & ~PAWL_TPMA_FIXED_PARENT);
    ak_refused(0x00050472 & ~PAWL_TPMA_ORIGIN);
    ak_refused(0x00050472 | 0x00000800); /* encryptedDuplication */
}

static void k5_template(void **state)
{
    (void)state;
    ak_refused(0x00050472 | PAWL_TPMA_ADMIN_POLICY);
    ak_refused(0x00050472 & ~PAWL_TPMA_NO_DA);
    struct enrolment e = good();
    e.req.ak_public = soft_template(PAWL_TD_P256, e.ak);
    certify(&e);
    refused(&e, PAWL_E_DENIED, "ak_public.objectAttributes");
    e = enrolment_of(PAWL_EK_P256, soft_key(PAWL_KEY_P256, 0), soft_key(PAWL_KEY_P256, 1));
    e.req.ak_public = t_hex("0008");
    refused(&e, PAWL_E_UNSUPPORTED, "ak_public.type");
}

static void k16_stclear(void **state)
{
    (void)state;
    ak_refused(0x00050472 | PAWL_TPMA_ST_CLEAR);
}

/* ---- t_D and its certification -------------------------------------------------------------- */

static void td_refused(uint32_t attributes)
{
    struct enrolment e = good();

    e.req.td_public = soft_attributes(e.req.td_public, attributes);
    certify(&e);
    refused(&e, PAWL_E_DENIED, "td_public.objectAttributes");
}

static void td_template(void **state)
{
    (void)state;
    td_refused(0x00020472 | PAWL_TPMA_SIGN);
    td_refused(0x00020472 | PAWL_TPMA_RESTRICTED);
    td_refused(0x00020472 & ~PAWL_TPMA_DECRYPT);
    td_refused(0x00020472 & ~PAWL_TPMA_FIXED_TPM);
    td_refused(0x00020472 & ~PAWL_TPMA_ORIGIN);
    td_refused(0x00020472 | PAWL_TPMA_ST_CLEAR);
}

static void q1_q2_k6_no_certification(void **state)
{
    (void)state;
    struct enrolment e = good();

    e.certify.magic = 0;
    refused(&e, PAWL_E_FORGED, "certify_attest.magic");
    e = good();
    e.certify.type = 0x801a; /* a creation says what was made, not what is loaded */
    refused(&e, PAWL_E_FORGED, "certify_attest.type");
    e = good();
    e.certify.type = PAWL_TPM_ST_QUOTE;
    refused(&e, PAWL_E_FORGED, "certify_attest.type");
}

static void k4_q14_other_hierarchy(void **state)
{
    (void)state;
    struct enrolment e = good();

    e.certify.signer = name_bytes(qualified(PAWL_TPM_RH_OWNER, &e.req));
    refused(&e, PAWL_E_FORGED, "certify_attest.qualifiedSigner");
    e = good();
    e.certify.signer = name_bytes(soft_name(e.req.ak_public));
    refused(&e, PAWL_E_FORGED, "certify_attest.qualifiedSigner");
}

static void k7_certifies_another_key(void **state)
{
    (void)state;
    struct enrolment e = good();

    e.certified = name_bytes(soft_name(e.req.ak_public));
    refused(&e, PAWL_E_FORGED, "certify_attest.name");
}

static void k7_certified_by_another_key(void **state)
{
    (void)state;
    struct enrolment e = good();

    e.signer = soft_key(PAWL_KEY_P256, 5);
    refused(&e, PAWL_E_FORGED, "certify_sig.signature");
}

static void k7_certified_for_another_enrolment(void **state)
{
    (void)state;
    static const uint8_t  other[32] = { 0x56 };
    struct enrolment      e = good();
    struct pawl_enrol_req req = e.req;

    req.tenant = pawl_view_str("other");
    e.certify.nonce = certify_nonce(&req);
    refused(&e, PAWL_E_FORGED, "certify_attest.extraData");
    e = good();
    req = e.req;
    req.verifier_id = PAWL_VIEW_OF(other);
    e.certify.nonce = certify_nonce(&req);
    refused(&e, PAWL_E_FORGED, "certify_attest.extraData");
    e = good();
    e.certify.nonce = pawl_view(NULL, 0);
    refused(&e, PAWL_E_FORGED, "certify_attest.extraData");
}

/* ---- every truncation, every flip ------------------------------------------------------------ */

struct loop {
    struct pawl_enrol_req req;
    struct ek_trust       trust;
    struct pawl_view     *field; /* of req */
};

static void mutation_fails(struct pawl_view v, void *arg)
{
    struct loop    *l = arg;
    struct identity id;
    struct pawl_err err;

    *l->field = v;
    assert_false(pawl_is_ok(identity_check(&l->trust, &l->req, 0, &id, &err)));
}

static void no_prefix_and_no_flip_enrols(void **state)
{
    (void)state;
    struct enrolment e = good();
    struct identity  id;
    struct pawl_err  err;

    T_OK(ask(&e, &id, &err), &err);
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

/* ---- directories ---------------------------------------------------------------------------- */

static char dir[sizeof("/tmp/pawl-roots-XXXXXX")];

static void make_dir(void)
{
    snprintf(dir, sizeof(dir), "/tmp/pawl-roots-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static void put(const char *name, struct pawl_view bytes)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    fclose(f);
}

static void drop(const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
}

static void c13_stores_lose_revoked_keys(void **state)
{
    (void)state;
    struct ek_trust t;
    struct pawl_err err;

    make_dir();
    put("vendor.pem", soft_cert_pem(vendor_root));
    put("lab.DER", lab_root);
    T_OK(ek_trust_load(dir, dir, dir, dir, &t, &err), &err);
    assert_int_equal(pawl_certs_count(t.vendor), 0);
    assert_int_equal(pawl_certs_count(t.lab), 0);
    assert_int_equal(pawl_certs_count(t.intermediates), 0);
    assert_int_equal(pawl_certs_count(t.revoked), 2);
    ek_trust_done(&t);
    drop("vendor.pem");
    drop("lab.DER");
    assert_int_equal(rmdir(dir), 0);
}

static void loads_directories(void **state)
{
    (void)state;
    struct ek_trust t;
    struct pawl_err err;

    make_dir();
    T_OK(ek_trust_load(dir, "", NULL, "", &t, &err), &err);
    assert_null(t.vendor); /* an empty directory trusts nobody */

    put("vendor.pem", soft_cert_pem(vendor_root));
    put("lab.DER", lab_root);
    put("notes.txt", pawl_view_str("no certificate"));
    put(".hidden.pem", pawl_view_str("no certificate"));
    T_OK(ek_trust_load(dir, NULL, dir, NULL, &t, &err), &err);
    assert_int_equal(pawl_certs_count(t.vendor), 2);
    assert_int_equal(pawl_certs_count(t.intermediates), 2);
    assert_null(t.lab);
    ek_trust_done(&t);

    put("bad.crt", pawl_view_str("no certificate"));
    t_poison(&t, sizeof(t));
    T_FAILS(ek_trust_load(dir, NULL, NULL, NULL, &t, &err), &err, PAWL_E_FORM);
    assert_int_equal(strncmp(err.where, "roots.bad.crt", 13), 0);
    t_still_poisoned(&t, sizeof(t));
    T_FAILS(ek_trust_load("/nonexistent/roots", NULL, NULL, NULL, &t, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "roots.roots");

    drop("vendor.pem");
    drop("lab.DER");
    drop("notes.txt");
    drop(".hidden.pem");
    drop("bad.crt");
    assert_int_equal(rmdir(dir), 0);
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
        T_CASE("C2: a key that may only sign is no EK", c2_usage),
        T_CASE("C4: NV prefix and padding are cut off", c4_prefix_and_padding),
        T_CASE("C7: a missing intermediate is no chain", c7_missing_intermediate),
        T_CASE("C10: dates are judged only where a time is given", c10_dates),
        T_CASE("C11: a CA is no EK", c11_ca_as_leaf),
        T_CASE("C11: an EK is no CA", c11_leaf_as_ca),
        T_CASE("C12: an intermediate is no root", c12_an_intermediate_is_no_root),
        T_CASE("C13: an EK whose key is revoked is refused", c13_a_revoked_ek),
        T_CASE("C13: an intermediate whose key is revoked is refused, whoever signed it",
               c13_a_revoked_intermediate),
        T_CASE("C13: no store holds a revoked key", c13_stores_lose_revoked_keys),
        T_CASE("C13: what is not revoked is taken", c13_what_is_not_revoked_is_taken),
        T_CASE("K1: an AK that is not restricted is refused", k1_unrestricted),
        T_CASE("K2: a software AK is refused", k2_software),
        T_CASE("K5: an AK of another template is refused", k5_template),
        T_CASE("K16: an AK that dies with each reset is refused", k16_stclear),
        T_CASE("K7: a t_D of another template is refused", td_template),
        T_CASE("K6: what is no certification is refused", q1_q2_k6_no_certification),
        T_CASE("K4: an AK in another hierarchy is refused", k4_q14_other_hierarchy),
        T_CASE("K7: a certification of another key is refused", k7_certifies_another_key),
        T_CASE("K7: a certification by another key is refused", k7_certified_by_another_key),
        T_CASE("K7: a certification for another enrolment is refused",
               k7_certified_for_another_enrolment),
        T_CASE("no prefix and no flip enrols", no_prefix_and_no_flip_enrols),
        T_CASE("loads directories, naming the file that is bad", loads_directories),
    };
    return cmocka_run_group_tests(cases, make_authorities, NULL);
}
