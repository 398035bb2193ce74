/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/steps.h"

#include <string.h>

#include <pawl/cose.h>

pawl_status answer_post(struct flow *f, const char *route, struct pawl_view body,
                        struct net_answer *ret, struct pawl_err *err)
{
    PAWL_TRY(net_post(f->net, route, body, ret, err));
    f->told_s = ret->status == 429 || ret->status == 503 ? ret->retry_after_s : 0;
    return pawl_ok();
}

/* An answer that nobody signed: it says when to ask again, at most. */
static pawl_status unsigned_answer(const struct net_answer *a, struct pawl_err *err)
{
    const char *id = a->request[0] ? a->request : "-";

    switch (a->status) {
    case 403:
        return pawl_fail(err, PAWL_E_DENIED, "verifier",
                         FLOW_REFUSED_US "; its log has the reason" FLOW_REQUEST "%s)", id);
    case 429:
    case 503:
        return pawl_fail(err, PAWL_E_IO, "verifier", "is busy (%d)" FLOW_REQUEST "%s)", a->status,
                         id);
    default:
        return pawl_fail(err, a->status >= 500 ? PAWL_E_IO : PAWL_E_DENIED, "verifier",
                         "answers %d" FLOW_REQUEST "%s)", a->status, id);
    }
}

pawl_status answer_is_ok(const struct net_answer *a, struct pawl_err *err)
{
    return a->status == 200 ? pawl_ok() : unsigned_answer(a, err);
}

static pawl_status judge_refusal(struct pawl_view body, const struct pawl_public *key,
                                 const uint8_t th1[32], struct pawl_refusal *ret,
                                 struct pawl_err *err)
{
    struct pawl_view    payload;
    struct pawl_refusal r;

    PAWL_TRY(pawl_cose_sign1_open(key, pawl_view_str(PAWL_COSE_REFUSAL), body, &payload, err));
    PAWL_TRY(pawl_refusal_parse(payload, &r, err));
    if (!pawl_view_equal(PAWL_VIEW_OF(r.th1), pawl_view(th1, 32)))
        return pawl_fail(err, PAWL_E_FORGED, "th1", "answers another request");
    *ret = r;
    return pawl_ok();
}

static pawl_status judge_result(struct pawl_view body, const struct pawl_public *key,
                                const uint8_t th1[32], struct flow_answer *ret,
                                struct pawl_err *err)
{
    struct pawl_result r;

    PAWL_TRY(pawl_under(err, "result", pawl_result_parse(body, &r, err)));
    PAWL_TRY(ear_check(r.ear, key, th1, &ret->ear, err));
    ret->want = r.want;
    memcpy(ret->token, r.ear.p, r.ear.n); /* at most PAWL_EAR_MAX, ear_check saw to it */
    ret->token[r.ear.n] = 0;
    return pawl_ok();
}

pawl_status answer_judge(const struct net_answer *a, const struct pawl_public *key,
                         const uint8_t th1[32], struct flow_answer *ret, struct pawl_err *err)
{
    struct flow_answer answer = { 0 };

    if (!a->body.n)
        return unsigned_answer(a, err);
    memcpy(answer.request, a->request, sizeof(answer.request));
    if (pawl_is_refusal(a->body)) {
        PAWL_TRY(
            pawl_under(err, "refusal", judge_refusal(a->body, key, th1, &answer.refusal, err)));
        answer.kind = FLOW_REFUSED;
    } else {
        PAWL_TRY(judge_result(a->body, key, th1, &answer, err));
        answer.kind = FLOW_RESULT;
    }
    *ret = answer;
    return pawl_ok();
}

pawl_status answer_asks(struct flow *f, const struct flow_answer *a, struct ask *ask, bool *ret,
                        struct pawl_err *err)
{
    bool lost = false;

    *ret = false;
    if (a->kind == FLOW_RESULT) {
        /* evidence.c has forgotten what it believed to be known. */
        *ret = a->want.pcr_values;
        return pawl_ok();
    }
    if (a->refusal.code == PAWL_REFUSAL_FULL_EVIDENCE_WANTED) {
        *ret = !ask->all;
        ask->all = true;
    } else if (a->refusal.code == PAWL_REFUSAL_ATTEMPT) {
        PAWL_TRY(attempts_above(&f->attempts, a->refusal.last_attempt, &lost, err));
        if (lost)
            ask->reason = PAWL_REASON_STATE_LOST;
        *ret = true;
    }
    return pawl_ok();
}
