/* SPDX-License-Identifier: Apache-2.0 */
/* What devices have to be like: policies, the groups that have one, exceptions from them. */
#include "api/operator.h"

pawl_status api_groups(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(query_page(o->x.r, &q, err));
    return operator_groups(o->flow, o->tenant, &q, &o->json, err);
}

pawl_status api_group(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_group(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

pawl_status api_group_set(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_group_set(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

pawl_status api_group_drop(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_group_drop(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step, err);
}

pawl_status api_exceptions(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(query_page(o->x.r, &q, err));
    return operator_exceptions(o->flow, o->tenant, &q, &o->json, err);
}

pawl_status api_exception_add(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_exception_add(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

pawl_status api_exception_end(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_exception_end(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step,
                                  err);
}

pawl_status api_default_policy(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_default_policy(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step,
                                   err);
}

pawl_status api_policies(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(query_page(o->x.r, &q, err));
    return operator_policies(o->flow, o->tenant, &q, &o->json, err);
}

pawl_status api_policy(struct operator_exchange *o, struct pawl_err *err)
{
    uint64_t version;

    PAWL_TRY(query_number(o->x.r, "version", INT64_MAX, &version, err));
    return operator_policy(o->flow, o->tenant, http_segment(o->x.r), version, &o->json, err);
}

pawl_status api_policy_add(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_policy_add(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

pawl_status api_policy_learn(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_policy_learn(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

pawl_status api_policy_test(struct operator_exchange *o, struct pawl_err *err)
{
    struct trial_query q = { 0 };
    bool               there;

    PAWL_TRY(http_query(o->x.r, "group", q.group, sizeof(q.group), &there, err));
    PAWL_TRY(http_query(o->x.r, "device", q.device, sizeof(q.device), &there, err));
    PAWL_TRY(http_query(o->x.r, "after", q.after, sizeof(q.after), &there, err));
    PAWL_TRY(query_number(o->x.r, "limit", OPERATOR_TRIALS_MAX, &q.limit, err));
    return operator_policy_test(o->flow, o->tenant, &q, http_body(o->x.r), &o->json, err);
}
