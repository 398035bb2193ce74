/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/enrol: parse -> token -> identity -> admission -> suite -> credential and cookie.
 *
 * Invariant: writes nothing. What was found travels in the cookie; the record is made when the
 * evidence proves that the TPM holds all these keys (enroll_evidence.c).
 */

#include <string.h>

#include "flow/answer.h"
#include "flow/cookie.h"
#include "flow/limit.h"
#include "flow/request.h"
#include "flow/token.h"

/* The id that the request's EK would have; what else is claimed is judged later. */
static pawl_status claimed_device_id(struct pawl_view ek_public, uint8_t ret[PAWL_DEVICE_ID],
                                     struct pawl_tpm_public *ek, struct pawl_err *err)
{
    struct pawl_name name;

    PAWL_TRY(pawl_tpm_public_parse(ek_public, ek, err));
    PAWL_TRY(pawl_tpm_name(ek, &name, err));
    return pawl_sha256(pawl_name_view(&name), ret, err);
}

static pawl_status check_token(struct flow *f, const struct tenant_config *tenant,
                               const struct pawl_enrol_req *req, struct pawl_view device_id,
                               int64_t now_s, struct pawl_err *err)
{
    if (req->token_id.n)
        return token_check(f, tenant, req, device_id, now_s, err);
    if (tenant->admission == ADMISSION_TOKEN)
        return pawl_fail(err, PAWL_E_DENIED, "enrol.token", "this tenant takes no device without");
    return pawl_ok();
}

/* K8: an AK of another record, in whatever state that is. */
static pawl_status check_ak_is_free(struct flow *f, const struct tenant_config *tenant,
                                    const struct identity *id, struct pawl_err *err)
{
    struct device d;
    pawl_status   s = f->store->device_by_ak(f->store->self, tenant_view(tenant), &id->ak_name, &d,
                                             err);

    if (s.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(s);
    if (!pawl_view_equal(PAWL_VIEW_OF(d.id), PAWL_VIEW_OF(id->device_id)))
        return pawl_fail(err, PAWL_E_DENIED, "enrol.ak_public", "belongs to another device");
    return pawl_ok();
}

static void fill_cookie(const struct pawl_enrol_req *req, const struct identity *id,
                        struct cookie *ret)
{
    ret->tenant = req->tenant;
    ret->id = *id;
    ret->ak_public = req->ak_public;
    ret->token_id = req->token_id;
    ret->fact_n = req->fact_n;
    memcpy(ret->fact, req->fact, sizeof(ret->fact));
}

static pawl_status write_answer(struct flow *f, const struct tenant_config *tenant,
                                const struct cookie *c, const struct pawl_tpm_public *ek,
                                int64_t now_ms, struct answer *ret, struct pawl_err *err)
{
    struct pawl_credential credential;
    uint8_t                sealed[PAWL_COOKIE_MAX];
    size_t                 sealed_n;
    struct pawl_wr         w = answer_writer(ret);

    PAWL_TRY(pawl_make_credential(ek, &c->id.ak_name, &c->secret, &credential, err));
    PAWL_TRY(cookie_seal(f->keys, c, now_ms, sealed, sizeof(sealed), &sealed_n, err));
    const struct pawl_enrol_ans ans = {
        .nonce = PAWL_VIEW_OF(c->nonce),
        .pcrs = pawl_pcr_selection_all(0),
        .suites = tenant->suites,
        .cookie = pawl_view(sealed, sealed_n),
        .id_object = pawl_view(credential.id_object, credential.id_object_n),
        .enc_secret = pawl_view(credential.enc_secret, credential.enc_secret_n),
    };
    PAWL_TRY(pawl_enrol_ans_write(&ans, &w, err));
    answer_good(ret, &w);
    return pawl_ok();
}

/* What comes before the certificate is looked at. */
static pawl_status admit(struct flow *f, const struct pawl_enrol_req *req, int64_t now_ms,
                         const struct tenant_config **ret_tenant, struct pawl_tpm_public *ret_ek,
                         struct answer *ret, struct pawl_err *err)
{
    const struct tenant_config *tenant;
    uint8_t                     device_id[PAWL_DEVICE_ID];

    PAWL_TRY(request_tenant(f, req->tenant, "enrol.tenant", &tenant, err));
    answer_names_tenant(ret, tenant);
    PAWL_TRY(request_is_for_us(f, req->verifier_id, "enrol.verifier_id", err));
    PAWL_TRY(pawl_under(err, "enrol.ek_public",
                        claimed_device_id(req->ek_public, device_id, ret_ek, err)));
    answer_names_device(ret, PAWL_VIEW_OF(device_id));
    PAWL_TRY(check_token(f, tenant, req, PAWL_VIEW_OF(device_id), now_ms / 1000, err));
    /* A token is leave enough, and what it may be used for is counted already. */
    if (!req->token_id.n)
        PAWL_TRY(limit_enrol_share(f, tenant, now_ms, ret, err));
    *ret_tenant = tenant;
    return pawl_ok();
}

/* Everything behind the parse: req is form, and now gets meaning. */
static pawl_status enrol(struct flow *f, struct pawl_view body, const struct pawl_enrol_req *req,
                         struct answer *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(cookie_wipe) struct cookie c = { 0 };
    const struct tenant_config             *tenant;
    struct pawl_tpm_public                  ek;
    struct pawl_ek_cert                     cert;
    struct identity                         id;
    int64_t                                 now_ms = f->now_ms(f->now_arg);

    pawl_status s = admit(f, req, now_ms, &tenant, &ek, ret, err);
    if (pawl_is_ok(s))
        s = pawl_under(
            err, "enrol",
            identity_check(tenant_trust(f, tenant), req, now_ms / 1000, &cert, &id, err));
    else
        identity_says(req, &cert);
    /* A device that could never enrol has no id that anybody knows: its papers have a number. */
    answer_names_serial(ret, &cert);
    PAWL_TRY(s);
    if (!req->token_id.n)
        PAWL_TRY(limit_enrol(f, tenant, now_ms, ret, err));
    PAWL_TRY(check_ak_is_free(f, tenant, &id, err));

    fill_cookie(req, &id, &c);
    c.suite = pawl_suite_choose(&tenant->suites, &req->suites);
    if (!c.suite)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "enrol.suites", "none that this tenant allows");
    const struct nonce_scope scope = { req->tenant, PAWL_VIEW_OF(id.device_id), PAWL_LABEL_ENROL };
    PAWL_TRY(nonce_make(f->keys, &scope, now_ms, c.nonce, err));
    PAWL_TRY(pawl_secret_random(32, &c.secret, err));
    PAWL_TRY(pawl_sha256(body, c.request, err));
    return write_answer(f, tenant, &c, &ek, now_ms, ret, err);
}

pawl_status flow_enrol(struct flow *f, struct pawl_view body, struct answer *ret, struct step *step,
                       struct pawl_err *err)
{
    struct pawl_enrol_req req;

    (void)step;
    answer_begin(ret);
    PAWL_TRY(pawl_enrol_req_parse(body, &req, err));
    answer_parsed(ret);
    return enrol(f, body, &req, ret, err);
}
