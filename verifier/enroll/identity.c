/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An enrolment request, from bytes to a device whose three keys hang together:
 *
 *   a root --certifies--> EK --parent of--> AK --certifies--> t_D
 *
 * What is shown here is that the AK is *said* to be below the EK; that it lies in the TPM of this
 * EK is shown by ActivateCredential afterwards, and that it lies below the EK by the qualified
 * signer of every quote.
 *
 * Invariants
 *  1. Names are computed from the public areas, never taken from the request (K3).
 *  2. The EK's certificate and its public area hold one key (K9); templates are compared whole.
 *  3. *ret is set in one place, after every check.
 *
 * Not here: whether EK or AK belong to another device (K8), admission, tokens: flow/enrol.c.
 */
#include "enroll/ek.h"

#include <string.h>

/* A public area, its Name, and the template that it must be. A key that anybody can factor would
 * let anybody be its TPM (K17). */
static pawl_status read_key(struct pawl_view bytes, struct pawl_tpm_public *pub,
                            struct pawl_name *name, struct pawl_err *err)
{
    PAWL_TRY(pawl_tpm_public_parse(bytes, pub, err));
    if (pawl_rsa_is_roca(&pub->key))
        return pawl_fail(err, PAWL_E_DENIED, "unique.rsa",
                         "a weak key of CVE-2017-15361: update the TPM's firmware");
    return pawl_tpm_name(pub, name, err);
}

static pawl_status check_ek(const struct pawl_enrol_req *req, struct pawl_tpm_public *ek,
                            struct identity *id, struct pawl_err *err)
{
    PAWL_TRY(pawl_under(err, "ek_public", read_key(req->ek_public, ek, &id->ek_name, err)));
    id->ek_template = pawl_template_of_ek(ek);
    if (id->ek_template == PAWL_TEMPLATE_NONE)
        return pawl_fail(err, PAWL_E_DENIED, "ek_public",
                         "is none of the EK templates L-1, L-2, H-1, H-2, H-3");
    return pawl_sha256(pawl_name_view(&id->ek_name), id->device_id, err);
}

static pawl_status check_cert(const struct ek_trust *trust, const struct pawl_enrol_req *req,
                              int64_t now_s, const struct pawl_public *ek, struct identity *id,
                              struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_ek_free) struct pawl_ek *cert = NULL;
    uint8_t                                    root[32];

    if (req->cert_n == 0)
        return pawl_fail(err, PAWL_E_DENIED, "ek_cert",
                         "none was sent: nothing vouches for the EK");
    if (req->cert_n > PAWL_CERTS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "ek_cert", "%zu were sent, %d are taken", req->cert_n,
                         PAWL_CERTS_MAX);
    PAWL_TRY(pawl_under(err, "ek_cert", pawl_ek_read(req->cert[0], &cert, err)));
    id->cert = *pawl_ek_says(cert);
    if (!pawl_public_equal(&id->cert.key, ek)) /* K9 */
        return pawl_fail(err, PAWL_E_DENIED, "ek_cert.subjectPublicKeyInfo",
                         "holds another key than ek_public");
    return ek_chain_judge(trust, cert, req->cert + 1, req->cert_n - 1, now_s, &id->roots, root,
                          err);
}

static pawl_status check_ak(const struct pawl_enrol_req *req, struct pawl_tpm_public *ak,
                            struct identity *id, struct pawl_err *err)
{
    PAWL_TRY(pawl_under(err, "ak_public", read_key(req->ak_public, ak, &id->ak_name, err)));
    enum pawl_template t = ak->type == PAWL_TPM_ALG_RSA ? PAWL_AK_RSA2048 : PAWL_AK_P256;
    PAWL_TRY(pawl_under(err, "ak_public", pawl_template_check(t, ak, err)));

    const struct pawl_name chain[] = { id->ek_name, id->ak_name };
    return pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, chain, 2, &id->qualified_signer, err);
}

static pawl_status check_td(const struct pawl_enrol_req *req, struct identity *id,
                            struct pawl_err *err)
{
    struct pawl_tpm_public td;

    PAWL_TRY(pawl_under(err, "td_public", read_key(req->td_public, &td, &id->td_name, err)));
    PAWL_TRY(pawl_under(err, "td_public", pawl_template_check(PAWL_TD_P256, &td, err)));
    id->td = td.key;
    return pawl_ok();
}

static pawl_status same(struct pawl_view got, struct pawl_view want, const char *where,
                        const char *why, struct pawl_err *err)
{
    return pawl_view_equal(got, want) ? pawl_ok() : pawl_fail(err, PAWL_E_FORGED, where, "%s", why);
}

/* K7: this AK, in this TPM, says for this enrolment that t_D is a key of the same TPM. */
static pawl_status check_certification(const struct pawl_enrol_req  *req,
                                       const struct pawl_tpm_public *ak, const struct identity *id,
                                       struct pawl_err *err)
{
    struct pawl_certify       c;
    struct pawl_tpm_signature sig;
    uint8_t                   nonce[32];

    PAWL_TRY(pawl_under(err, "certify_attest", pawl_certify_parse(req->certify_attest, &c, err)));
    PAWL_TRY(
        pawl_certify_nonce(req->tenant, req->verifier_id, &id->ek_name, &id->ak_name, nonce, err));
    PAWL_TRY(same(c.nonce, PAWL_VIEW_OF(nonce), "certify_attest.extraData",
                  "is not made for this tenant, verifier, EK and AK", err));
    PAWL_TRY(same(c.name, pawl_name_view(&id->td_name), "certify_attest.name",
                  "certifies another key than td_public", err));
    PAWL_TRY(same(c.signer, pawl_name_view(&id->qualified_signer), "certify_attest.qualifiedSigner",
                  "is not that of this AK below this EK", err));
    PAWL_TRY(pawl_under(err, "certify_sig", pawl_tpm_signature_parse(req->certify_sig, &sig, err)));
    return pawl_under(err, "certify_sig",
                      pawl_tpm_verify(NULL, ak, req->certify_attest, &sig, err));
}

void identity_says(const struct pawl_enrol_req *req, struct pawl_ek_cert *ret)
{
    struct pawl_err ignored;

    *ret = (struct pawl_ek_cert){ 0 };
    if (req->cert_n)
        (void)pawl_is_ok(pawl_ek_cert_parse(req->cert[0], ret, &ignored));
}

pawl_status identity_check(const struct ek_trust *trust, const struct pawl_enrol_req *req,
                           int64_t now_s, struct pawl_ek_cert *ret_cert, struct identity *ret,
                           struct pawl_err *err)
{
    struct pawl_tpm_public ek, ak;
    struct identity        id = { 0 };

    pawl_status s = check_ek(req, &ek, &id, err);
    if (!pawl_is_ok(s)) {
        identity_says(req, ret_cert);
        return s;
    }
    s = check_cert(trust, req, now_s, &ek.key, &id, err);
    *ret_cert = id.cert;
    PAWL_TRY(s);
    PAWL_TRY(check_ak(req, &ak, &id, err));
    PAWL_TRY(check_td(req, &id, err));
    PAWL_TRY(check_certification(req, &ak, &id, err));
    *ret = id;
    return pawl_ok();
}
