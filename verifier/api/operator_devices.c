/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's devices: lists and counts of them, what one is and shows, what is decided of one.
 */
#include "api/operator.h"

pawl_status api_devices(struct operator_exchange *o, struct pawl_err *err)
{
    struct device_query q = { 0 };
    uint64_t            overdue, rekey_overdue;
    bool                there;

    PAWL_TRY(query_page(o->x.r, &q.page, err));
    PAWL_TRY(http_query(o->x.r, "state", q.state, sizeof(q.state), &there, err));
    PAWL_TRY(http_query(o->x.r, "group", q.group, sizeof(q.group), &there, err));
    PAWL_TRY(http_query(o->x.r, "label", q.label, sizeof(q.label), &there, err));
    PAWL_TRY(http_query(o->x.r, "status", q.status, sizeof(q.status), &there, err));
    PAWL_TRY(http_query(o->x.r, "release", q.release, sizeof(q.release), &there, err));
    PAWL_TRY(http_query(o->x.r, "q", q.begins, sizeof(q.begins), &there, err));
    PAWL_TRY(query_number(o->x.r, "overdue", 1, &overdue, err));
    q.overdue = overdue;
    PAWL_TRY(query_number(o->x.r, "rekey_overdue", 1, &rekey_overdue, err));
    q.rekey_overdue = rekey_overdue;
    return operator_devices(o->flow, o->tenant, &q, &o->json, err);
}

/* How often a count that is not ready goes on: others' requests come between. */
#define COUNT_ON_MS 5

pawl_status api_fleet(struct operator_exchange *o, struct pawl_err *err)
{
    PAWL_TRY(operator_fleet(o->flow, o->tenant, &o->json, err));
    if (!o->json)
        o->x.again_ms = COUNT_ON_MS;
    return pawl_ok();
}

pawl_status api_device(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

pawl_status api_approve(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_move(o->flow, o->tenant, http_segment(o->x.r), DEVICE_EVENT_APPROVE,
                                &o->json, &o->x.step, err);
}

pawl_status api_revoke(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_move(o->flow, o->tenant, http_segment(o->x.r), DEVICE_EVENT_REVOKE,
                                &o->json, &o->x.step, err);
}

pawl_status api_device_policy(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_policy(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                  &o->json, &o->x.step, err);
}

pawl_status api_device_group(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_group(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                 &o->json, &o->x.step, err);
}

pawl_status api_device_labels(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_labels(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                  &o->json, &o->x.step, err);
}

pawl_status api_evidence(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_evidence(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

pawl_status api_ear(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_ear(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

pawl_status api_revoked(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_revoked(o->flow, o->tenant, &o->json, o->etag, err);
}

pawl_status api_rekey(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_rekey(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step,
                                 err);
}

pawl_status api_device_key(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_key(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                               &o->json, err);
}

pawl_status api_hedge(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_hedge(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step,
                                 err);
}
