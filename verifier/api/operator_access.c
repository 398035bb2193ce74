/* SPDX-License-Identifier: Apache-2.0 */
/* Who may: tokens that devices enrol with, credentials of those who ask here. */
#include "api/operator.h"

pawl_status api_tokens(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(query_page(o->x.r, &q, err));
    return operator_tokens(o->flow, o->tenant, &q, &o->json, err);
}

pawl_status api_token_make(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_token_make(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

pawl_status api_token_drop(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_token_drop(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step, err);
}

pawl_status api_whoami(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_whoami(o->flow, &o->json, err);
}

pawl_status api_credentials(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_credentials(o->flow, o->tenant, &o->json, err);
}

pawl_status api_credential_add(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_credential_add(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step,
                                   err);
}

pawl_status api_credential_drop(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_credential_drop(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step,
                                    err);
}
