/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/steps.h"

#include <stdlib.h>
#include <string.h>

/* What the enrolment request's views point to. */
struct papers {
    struct tpm_signed  certify;
    struct config      config; /* with the token, which may stand in a file of its own */
    uint8_t            token_mac[PAWL_TOKEN_MAC];
    struct pawl_secret secret; /* out of the credential */
    struct pawl_secret k_auth, term;
    uint8_t            request[PAWL_ENROL_MAX];
};

static void papers_done(struct papers *p)
{
    config_done(&p->config);
    pawl_secret_wipe(&p->secret);
    pawl_secret_wipe(&p->k_auth);
    pawl_secret_wipe(&p->term);
}

/* The AK vouches for t_D, towards this verifier and tenant alone (P-ENROL-3). */
static pawl_status certify(const struct flow *f, const struct device *d, const struct verifier *v,
                           struct papers *p, struct pawl_err *err)
{
    uint8_t nonce[32];

    PAWL_TRY(pawl_certify_nonce(pawl_view_str(f->config->tenant), PAWL_VIEW_OF(v->id), &d->ek.name,
                                &d->keys.ak.name, nonce, err));
    return tpm_certify_td(d->tpm, PAWL_VIEW_OF(nonce), &p->certify, err);
}

/* The secret is never sent: it signs the rest of the request (P-ENROL-2). */
static pawl_status add_token(struct papers *p, struct pawl_enrol_req *m, struct pawl_err *err)
{
    PAWL_TRY(config_read_token(&p->config, err));
    if (!p->config.has_token)
        return pawl_ok();
    PAWL_TRY(pawl_enrol_token_mac(m, &p->config.token, p->token_mac, err));
    m->token_id = PAWL_VIEW_OF(p->config.token_id);
    m->token_mac = PAWL_VIEW_OF(p->token_mac);
    return pawl_ok();
}

static pawl_status write_request(const struct flow *f, const struct device *d,
                                 const struct verifier *v, struct papers *p, struct pawl_view *ret,
                                 struct pawl_err *err)
{
    const struct config  *c = f->config;
    struct pawl_wr        w = pawl_wr_to(p->request, sizeof(p->request));
    struct pawl_enrol_req m = {
        .tenant = pawl_view_str(c->tenant),
        .suites = c->suites,
        .ek_public = pawl_view(d->ek.public, d->ek.public_n),
        .cert_n = d->ek.cert_n ? 1 : 0,
        .cert = { pawl_view(d->ek.cert, d->ek.cert_n) },
        .ak_public = pawl_view(d->keys.ak.bytes, d->keys.ak.n),
        .td_public = pawl_view(d->keys.td.bytes, d->keys.td.n),
        .certify_attest = pawl_view(p->certify.attest, p->certify.attest_n),
        .certify_sig = pawl_view(p->certify.sig, p->certify.sig_n),
        .verifier_id = PAWL_VIEW_OF(v->id),
        .fact_n = c->fact_n,
    };

    for (size_t i = 0; i < c->fact_n; i++)
        m.fact[i] = (struct pawl_fact){ pawl_view_str(c->fact[i].key),
                                        pawl_view_str(c->fact[i].value) };
    PAWL_TRY(add_token(p, &m, err));
    PAWL_TRY(pawl_under(err, "enrol", pawl_enrol_req_write(&m, &w, err)));
    return pawl_wr_end(&w, "enrol", ret, err);
}

/* Opens the credential: only the TPM of this EK, and only for this AK. */
static pawl_status activate(const struct device *d, const struct pawl_enrol_ans *ans,
                            struct papers *p, struct pawl_err *err)
{
    PAWL_TRY(tpm_activate(d->tpm, ans->id_object, ans->enc_secret, &p->secret, err));
    PAWL_TRY(pawl_enrol_auth(&p->secret, &p->k_auth, err));
    return pawl_enrol_term(&p->secret, &p->term, err);
}

/* The verifier's signed result makes us enrolled; an approval may still be missing. After a refusal
 * the operator needs to know at least who asked. */
static void note_device(struct flow *f, const struct device *d, enum flow_kind kind)
{
    struct record *r = &f->record;

    if (kind != FLOW_RESULT && r->enrolled)
        return;
    device_note(d, r);
    r->enrolled = kind == FLOW_RESULT;
    memcpy(r->server, f->config->net.server, sizeof(r->server));
    memcpy(r->tenant, f->config->tenant, sizeof(r->tenant));
}

/* What was opened and written on the way: too large for a stack. */
static void papers_free(struct papers **p)
{
    if (*p)
        papers_done(*p);
    free(*p);
}

/* certify -> e_D -> request -> credential -> activate -> evidence of all banks -> answer -> root */
static pawl_status enroll_once(struct rekey_context *c, const struct ask *ask, struct papers *p,
                               struct quoted *q, struct judged *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(rekey_end) struct rekey r = { 0 };
    struct flow                         *f = c->flow;
    struct pawl_view                     request;
    struct net_answer                    got;
    struct pawl_enrol_ans                ans;

    PAWL_TRY(certify(f, c->device, c->verifier, p, err));
    PAWL_TRY(rekey_begin(c->device, &r, err));
    PAWL_TRY(write_request(f, c->device, c->verifier, p, &request, err));
    PAWL_TRY(answer_post(f, PAWL_ROUTE_ENROL, request, &got, err));
    PAWL_TRY(answer_is_ok(&got, err));
    PAWL_TRY(pawl_under(err, "enrol answer", pawl_enrol_ans_parse(got.body, &ans, err)));
    PAWL_TRY(activate(c->device, &ans, p, err));
    c->enrol_term = &p->term;

    const struct evidence e = {
        .flow = f,
        .device = c->device,
        .verifier = c->verifier,
        .ask = ask,
        .nonce = ans.nonce,
        .suites = ans.suites,
        .cookie = ans.cookie,
        .k_auth = &p->k_auth,
        .e_d = rekey_point(&r),
    };
    PAWL_TRY(evidence_send(&e, q, ret, err));
    if (ret->shown.kind == FLOW_RESULT)
        PAWL_TRY(rekey_take(c, &r, q, ret, err));
    note_device(f, c->device, ret->shown.kind);
    return pawl_ok();
}

static pawl_status enroll_fresh(struct rekey_context *c, const struct ask *ask, struct quoted *q,
                                struct judged *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(papers_free) struct papers *p = calloc(1, sizeof(*p));

    if (!p)
        return pawl_fail(err, PAWL_E_MEMORY, "enrol", "no memory for a request");
    p->config = *c->flow->config;
    return enroll_once(c, ask, p, q, ret, err);
}

pawl_status flow_enroll(struct flow *f, enum pawl_reason reason, struct flow_answer *ret,
                        struct pawl_err *err)
{
    PAWL_CLEANUP(device_close) struct device d = { 0 };
    PAWL_CLEANUP(quoted_free) struct quoted *q = NULL;
    struct verifier                          v;
    struct rekey_context                     c = { .flow = f, .device = &d, .verifier = &v };
    struct ask    ask = { .wanted = PAWL_LABEL_ENROL, .reason = reason, .all = true };
    struct judged j = { 0 };
    bool          again = true;

    PAWL_TRY(quoted_make(&q, err));
    PAWL_TRY(verifier_find(f, &v, err));
    PAWL_TRY(device_open(f, true, &d, err));
    PAWL_TRY(live_open(f, &d, err));
    for (unsigned n = 0; again && n < FLOW_TRIES_MAX; n++) {
        PAWL_TRY(enroll_fresh(&c, &ask, q, &j, err));
        if (j.shown.kind == FLOW_RESULT) {
            flow_note(f, pawl_ok(), &j.shown, f->live.wall_s(), err); /* a supply takes its time */
            supply(f, &v, q, &j);
        }
        PAWL_TRY(ask_next(f, q, &j.shown, &ask, &again, err));
        again = again && j.shown.kind == FLOW_REFUSED; /* all values were sent */
    }
    j.shown.rekeyed = j.shown.kind == FLOW_RESULT;
    *ret = j.shown;
    return pawl_ok();
}
