/* SPDX-License-Identifier: Apache-2.0 */
#include "identity_fixture.h"

#include "enroll/ek.h"
#include "soft_pki.h"
#include "soft_tpm.h"
#include "t.h"

struct pawl_view vendor_root, vendor_sub, lab_root;

static EVP_PKEY *root_key(void)
{
    return soft_key(PAWL_KEY_P384, 0);
}

EVP_PKEY *sub_key(void)
{
    return soft_key(PAWL_KEY_P256, 3);
}

EVP_PKEY *lab_key(void)
{
    return soft_key(PAWL_KEY_P256, 4);
}

struct pawl_view make_ca(const char *subject, EVP_PKEY *key, const char *issuer, EVP_PKEY *by)
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

struct soft_cert ek_spec(EVP_PKEY *ek)
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

int make_authorities(void **state)
{
    (void)state;
    vendor_root = make_ca("Vendor EK Root CA", root_key(), "Vendor EK Root CA", root_key());
    vendor_sub = make_ca("Vendor EK Sub CA", sub_key(), "Vendor EK Root CA", root_key());
    lab_root = make_ca("swtpm-localca", lab_key(), "swtpm-localca", lab_key());
    return 0;
}

struct pawl_certs *certs_of(struct pawl_view der)
{
    struct pawl_certs *c = NULL;
    size_t             n;
    struct pawl_err    err;

    T_OK(pawl_certs_add(&c, der, &n, &err), &err);
    return c;
}

struct ek_trust production(void)
{
    return (struct ek_trust){ .vendor = certs_of(vendor_root),
                              .intermediates = certs_of(vendor_sub) };
}

struct pawl_view name_bytes(struct pawl_name n)
{
    return t_copy(pawl_name_view(&n));
}

struct pawl_name qualified(uint32_t hierarchy, const struct pawl_enrol_req *req)
{
    const struct pawl_name chain[] = { soft_name(req->ek_public), soft_name(req->ak_public) };
    struct pawl_name       q;
    struct pawl_err        err;

    T_OK(pawl_tpm_qualified_name(hierarchy, chain, 2, &q, &err), &err);
    return q;
}

struct pawl_view certify_nonce(const struct pawl_enrol_req *req)
{
    struct pawl_name ek = soft_name(req->ek_public), ak = soft_name(req->ak_public);
    uint8_t          nonce[32];
    struct pawl_err  err;

    T_OK(pawl_certify_nonce(req->tenant, req->verifier_id, &ek, &ak, nonce, &err), &err);
    return t_copy(PAWL_VIEW_OF(nonce));
}

void enrolment_certify(struct enrolment *e)
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

struct enrolment enrolment_of(enum pawl_template ek_template, EVP_PKEY *ek, EVP_PKEY *ak)
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
    enrolment_certify(&e);
    return e;
}

struct enrolment enrolment_good(void)
{
    return enrolment_of(PAWL_EK_P256, soft_key(PAWL_KEY_P256, 0), soft_key(PAWL_KEY_P256, 1));
}

void enrolment_certificate(struct enrolment *e, const struct soft_cert *c)
{
    e->req.cert[0] = soft_cert_make(c);
}

pawl_status enrolment_ask(struct enrolment *e, struct identity *ret, struct pawl_err *err)
{
    struct pawl_ek_cert cert;
    uint16_t scheme = EVP_PKEY_is_a(e->signer, "RSA") ? PAWL_TPM_ALG_RSASSA : PAWL_TPM_ALG_ECDSA;

    e->certify.body = soft_certify_body(e->certified, e->qualified);
    e->req.certify_attest = soft_attest(&e->certify);
    e->req.certify_sig = soft_sign(e->signer, scheme, PAWL_SHA256, e->req.certify_attest);
    return identity_check(&e->trust, &e->req, e->now_s, &cert, ret, err);
}

void enrolment_taken_as(struct enrolment *e, enum roots roots, struct identity *ret)
{
    struct pawl_err err;

    T_OK(enrolment_ask(e, ret, &err), &err);
    assert_int_equal(ret->roots, roots);
    ek_trust_done(&e->trust);
}

void enrolment_refused(struct enrolment *e, enum pawl_code code, const char *where)
{
    struct identity id;
    struct pawl_err err;

    t_poison(&id, sizeof(id));
    T_FAILS(enrolment_ask(e, &id, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&id, sizeof(id));
    ek_trust_done(&e->trust);
}
