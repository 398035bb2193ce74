/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attest, rekey and resync: one exchange, of which the latter two make a new epoch.
 *
 *     [e_D] -> challenge, or what is ahead of it -> A1 -> quote -> evidence -> answer [-> root ->
 * D4]
 *
 * e_D is there before the nonce is fetched, so nobody can have asked for its point (P-DEV-1).
 */
#include "flow/steps.h"

static pawl_status challenge(struct flow *f, const struct device *d, enum pawl_label label,
                             struct pawl_challenge_ans *ret, struct pawl_err *err)
{
    uint8_t                   bytes[PAWL_CHALLENGE_MAX];
    struct pawl_wr            w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_view          request;
    struct net_answer         got;
    struct pawl_challenge_req m = {
        .tenant = pawl_view_str(f->config->tenant),
        .device_id = PAWL_VIEW_OF(d->ek.device_id),
        .label = label,
    };

    PAWL_TRY(pawl_challenge_req_write(&m, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "challenge", &request, err));
    PAWL_TRY(answer_post(f, PAWL_ROUTE_CHALLENGE, request, &got, err));
    PAWL_TRY(answer_is_ok(&got, err));
    return pawl_under(err, "challenge answer", pawl_challenge_ans_parse(got.body, ret, err));
}

static pawl_status answer_challenge(const struct rekey_context *c, const struct ask *ask,
                                    const struct pawl_challenge_ans *ans, struct rekey *r,
                                    struct quoted *q, struct judged *ret, struct pawl_err *err)
{
    struct flow          *f = c->flow;
    const struct evidence e = {
        .flow = f,
        .device = c->device,
        .verifier = c->verifier,
        .ask = ask,
        .nonce = ans->nonce,
        .suites = ans->suites,
        .pcrs = ans->pcrs,
        .k_auth = f->live.open ? &f->live.slot.k_auth : NULL,
        .e_d = rekey_point(r),
    };

    PAWL_TRY(evidence_send(&e, q, ret, err));
    if (ret->shown.kind != FLOW_RESULT)
        return pawl_ok();
    return r->tpm ? rekey_take(c, r, q, ret, err) : live_answered(f, &q->a1, ret->receipt, err);
}

/* What came of a nonce and of constants that were fetched earlier: another challenge may do. */
static bool is_out_of_date(pawl_status s, const struct judged *j)
{
    if (!pawl_is_ok(s))
        return s.code == PAWL_E_DENIED;
    return j->shown.kind == FLOW_REFUSED && j->shown.refusal.code == PAWL_REFUSAL_SUITE;
}

static pawl_status once(const struct rekey_context *c, const struct ask *ask, struct quoted *q,
                        struct judged *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(rekey_end) struct rekey r = { 0 };
    struct flow                         *f = c->flow;
    bool                                 root = ask_label(ask) != PAWL_LABEL_ATTEST;
    struct pawl_challenge_ans            ans;

    if (!root && ahead_use(f, &ans)) {
        pawl_status s = answer_challenge(c, ask, &ans, &r, q, ret, err);
        if (!is_out_of_date(s, ret))
            return s;
    }
    if (root)
        PAWL_TRY(rekey_begin(c->device, &r, err));
    PAWL_TRY(challenge(f, c->device, ask_label(ask), &ans, err));
    if (!root)
        ahead_note(f, &ans);
    return answer_challenge(c, ask, &ans, &r, q, ret, err);
}

static pawl_status exchange(struct flow *f, enum pawl_label wanted, enum pawl_reason reason,
                            struct flow_answer *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(device_close) struct device d = { 0 };
    PAWL_CLEANUP(quoted_free) struct quoted *q = NULL;
    struct verifier                          v;
    const struct rekey_context               c = { .flow = f, .device = &d, .verifier = &v };
    struct ask                               ask = { .wanted = wanted, .reason = reason };
    struct judged                            j = { 0 };
    bool                                     again = true, rekeyed = false;

    if (!f->record.enrolled)
        return pawl_fail(err, PAWL_E_STATE, "device", FLOW_NOT_ENROLLED);
    PAWL_TRY(quoted_make(&q, err));
    PAWL_TRY(verifier_find(f, &v, err));
    PAWL_TRY(device_open(f, false, &d, err));
    PAWL_TRY(live_open(f, &d, err));
    for (unsigned n = 0; again && n < FLOW_TRIES_MAX; n++) {
        PAWL_TRY(once(&c, &ask, q, &j, err));
        if (j.shown.kind == FLOW_RESULT) {
            rekeyed = rekeyed || q->a1.e_d.n;
            supply(f, &v, q, &j);
        }
        PAWL_TRY(ask_next(f, q, &j.shown, &ask, &again, err));
    }
    j.shown.rekeyed = rekeyed;
    *ret = j.shown;
    return pawl_ok();
}

pawl_status flow_attest(struct flow *f, enum pawl_reason reason, struct flow_answer *ret,
                        struct pawl_err *err)
{
    return exchange(f, PAWL_LABEL_ATTEST, reason, ret, err);
}

pawl_status flow_rekey(struct flow *f, enum pawl_reason reason, struct flow_answer *ret,
                       struct pawl_err *err)
{
    return exchange(f, PAWL_LABEL_REKEY, reason, ret, err);
}

pawl_status flow_live(struct flow *f, struct pawl_err *err)
{
    PAWL_CLEANUP(device_close) struct device d = { 0 };

    if (f->live.open || f->live.lost)
        return pawl_ok();
    if (!f->record.enrolled)
        return pawl_fail(err, PAWL_E_STATE, "device", FLOW_NOT_ENROLLED);
    PAWL_TRY(device_open(f, false, &d, err));
    return live_open(f, &d, err);
}
