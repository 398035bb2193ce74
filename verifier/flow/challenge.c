/* SPDX-License-Identifier: Apache-2.0 */
/* POST /pawl/1/challenge: a nonce and the tenant's constants. Touches no store, and looks the same
 * for a device that does not exist (P-NONCE-4). */

#include "flow/answer.h"
#include "flow/nonce.h"
#include "flow/request.h"

/* P-SUITE-1: each with the imported key first; whoever has none does not choose it. An attest makes
 * no epoch. The list is the tenant's and says nothing about the device (P-NONCE-4). */
static struct pawl_suites offer(const struct tenant_config *tenant, enum pawl_label label)
{
    const struct pawl_suites *plain = &tenant->suites;
    struct pawl_suites        all = { 0 };

    if (label == PAWL_LABEL_ATTEST || 2 * plain->n > PAWL_SUITES_MAX)
        return *plain;
    for (size_t i = 0; i < plain->n; i++)
        all.suite[all.n++] = plain->suite[i] | PAWL_SUITE_HMAC_KEY;
    for (size_t i = 0; i < plain->n; i++)
        all.suite[all.n++] = plain->suite[i];
    return all;
}

pawl_status flow_challenge(struct flow *f, struct pawl_view body, struct answer *ret,
                           struct step *step, struct pawl_err *err)
{
    struct pawl_challenge_req   req;
    const struct tenant_config *tenant;
    uint8_t                     nonce[PAWL_NONCE];
    struct pawl_wr              w = answer_writer(ret);

    (void)step;
    answer_begin(ret);
    PAWL_TRY(pawl_challenge_req_parse(body, &req, err));
    answer_parsed(ret);
    answer_names_device(ret, req.device_id);
    PAWL_TRY(request_tenant(f, req.tenant, "challenge.tenant", &tenant, err));
    answer_names_tenant(ret, tenant);

    const struct nonce_scope scope = { req.tenant, req.device_id, req.label };
    PAWL_TRY(nonce_make(f->keys, &scope, f->now_ms(f->now_arg), nonce, err));
    const struct pawl_challenge_ans ans = { .nonce = PAWL_VIEW_OF(nonce),
                                            .pcrs = tenant->pcrs,
                                            .suites = offer(tenant, req.label) };
    PAWL_TRY(pawl_challenge_ans_write(&ans, &w, err));
    answer_good(ret, &w);
    return pawl_ok();
}
