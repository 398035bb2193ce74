/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/steps.h"

#include <string.h>

static pawl_status challenge(struct flow *f, const struct device *d, struct pawl_challenge_ans *ret,
                             struct pawl_err *err)
{
    uint8_t                   bytes[PAWL_CHALLENGE_MAX];
    struct pawl_wr            w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_view          request;
    struct net_answer         got;
    struct pawl_challenge_req m = {
        .tenant = pawl_view_str(f->config->tenant),
        .device_id = PAWL_VIEW_OF(d->ek.device_id),
        .label = PAWL_LABEL_ATTEST,
    };

    PAWL_TRY(pawl_challenge_req_write(&m, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "challenge", &request, err));
    PAWL_TRY(answer_post(f, PAWL_ROUTE_CHALLENGE, request, &got, err));
    PAWL_TRY(answer_is_ok(&got, err));
    return pawl_under(err, "challenge answer", pawl_challenge_ans_parse(got.body, ret, err));
}

/* challenge -> A1 -> quote -> evidence -> answer */
static pawl_status attest_once(struct flow *f, struct device *d, const struct verifier *v,
                               const struct ask *ask, struct flow_answer *ret, struct pawl_err *err)
{
    struct pawl_challenge_ans ans;

    PAWL_TRY(challenge(f, d, &ans, err));

    const struct evidence e = {
        .flow = f,
        .device = d,
        .verifier = v,
        .label = PAWL_LABEL_ATTEST,
        .reason = ask->reason,
        .nonce = ans.nonce,
        .suites = ans.suites,
        .pcrs = ans.pcrs,
        .all = ask->all,
    };
    return evidence_send(&e, ret, err);
}

pawl_status flow_attest(struct flow *f, enum pawl_reason reason, struct flow_answer *ret,
                        struct pawl_err *err)
{
    PAWL_CLEANUP(device_close) struct device d = { 0 };
    struct verifier                          v;
    struct ask                               ask = { .reason = reason };
    struct flow_answer                       a = { 0 };
    bool                                     again = true;

    if (!f->record.enrolled)
        return pawl_fail(err, PAWL_E_STATE, "device",
                         "not enrolled with this verifier: run `pawl-agent enroll`");
    PAWL_TRY(verifier_find(f, &v, err));
    PAWL_TRY(device_open(f, false, &d, err));
    for (unsigned n = 0; again && n < FLOW_TRIES_MAX; n++) {
        PAWL_TRY(attest_once(f, &d, &v, &ask, &a, err));
        PAWL_TRY(answer_asks(f, &a, &ask, &again, err));
    }
    *ret = a;
    return pawl_ok();
}
