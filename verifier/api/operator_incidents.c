/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong and who did what: incidents, why something was refused, the audit log. */
#include "api/operator.h"

pawl_status api_incidents(struct operator_exchange *o, struct pawl_err *err)
{
    char              device[2 * PAWL_DEVICE_ID + 1] = "";
    struct list_query q = { 0 };
    uint64_t          open;
    bool              there;

    PAWL_TRY(query_page(o->x.r, &q, err));
    PAWL_TRY(http_query(o->x.r, "device", device, sizeof(device), &there, err));
    PAWL_TRY(query_number(o->x.r, "open", 1, &open, err));
    return operator_incidents(o->flow, o->tenant, device, open, &q, &o->json, err);
}

pawl_status api_incident(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_incident(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

pawl_status api_incident_close(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_incident_close(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                   &o->json, &o->x.step, err);
}

pawl_status api_why(struct operator_exchange *o, struct pawl_err *err)
{
    struct why_query q = { 0 };
    bool             there;

    PAWL_TRY(http_query(o->x.r, "device", q.device, sizeof(q.device), &there, err));
    PAWL_TRY(http_query(o->x.r, "request", q.request, sizeof(q.request), &there, err));
    PAWL_TRY(http_query(o->x.r, "serial", q.serial, sizeof(q.serial), &there, err));
    return operator_why(o->flow, o->tenant, &q, &o->json, err);
}

pawl_status api_audit(struct operator_exchange *o, struct pawl_err *err)
{
    uint64_t after, limit;

    PAWL_TRY(query_number(o->x.r, "after", INT64_MAX, &after, err));
    PAWL_TRY(query_number(o->x.r, "limit", OPERATOR_AUDIT_MAX, &limit, err));
    return operator_audit(o->flow, o->tenant, after, limit, &o->json, err);
}
