/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment tokens, as devices use them. Operators make them in operator_token.c. */

#include "flow/token.h"

#include <string.h>

#include "flow/request.h"

static const char field[] = "enrol.token";

static pawl_status find_token(struct flow *f, const struct tenant_config *tenant,
                              struct pawl_view id, struct token *ret, struct pawl_err *err)
{
    pawl_status s = f->store->token(f->store->self, tenant_view(tenant), id, ret, err);

    return s.code == PAWL_E_ABSENT ? pawl_fail(err, PAWL_E_DENIED, field, "no such token") : s;
}

static pawl_status check_mac(struct flow *f, const struct tenant_config *tenant,
                             const struct token *t, const struct pawl_enrol_req *req,
                             struct pawl_err *err)
{
    PAWL_SECRET secret = { 0 };
    uint8_t     want[PAWL_TOKEN_MAC];

    PAWL_TRY(keys_unwrap(f->keys, tenant_view(tenant), PAWL_VIEW_OF(t->id), TOKEN_FIELD, 0,
                         pawl_view(t->wrapped, t->wrapped_n), &secret, err));
    PAWL_TRY(pawl_enrol_token_mac(req, &secret, want, err));
    if (!pawl_mac_equal(PAWL_VIEW_OF(want), req->token_mac))
        return pawl_fail(err, PAWL_E_FORGED, field, "its MAC is not made with the token's secret");
    return pawl_ok();
}

static pawl_status check_uses(struct flow *f, const struct tenant_config *tenant,
                              const struct token *t, struct pawl_view device_id,
                              struct pawl_err *err)
{
    bool counted;

    if (t->uses_left)
        return pawl_ok();
    PAWL_TRY(f->store->token_used_by(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(t->id),
                                     device_id, &counted, err));
    return counted ? pawl_ok() : pawl_fail(err, PAWL_E_DENIED, field, "no use of it is left");
}

static pawl_status check_row(struct flow *f, const struct tenant_config *tenant,
                             const struct token *t, struct pawl_view device_id, int64_t now_s,
                             struct pawl_err *err)
{
    if (t->expires_s && now_s >= t->expires_s)
        return pawl_fail(err, PAWL_E_EXPIRED, field, "it expired");
    if (t->has_device && !pawl_view_equal(device_id, PAWL_VIEW_OF(t->device_id)))
        return pawl_fail(err, PAWL_E_DENIED, field, "it was made for another device");
    return check_uses(f, tenant, t, device_id, err);
}

pawl_status token_check(struct flow *f, const struct tenant_config *tenant,
                        const struct pawl_enrol_req *req, struct pawl_view device_id, int64_t now_s,
                        struct pawl_err *err)
{
    struct token t;

    PAWL_TRY(find_token(f, tenant, req->token_id, &t, err));
    PAWL_TRY(check_mac(f, tenant, &t, req, err));
    return check_row(f, tenant, &t, device_id, now_s, err);
}

pawl_status token_admits(struct flow *f, const struct tenant_config *tenant,
                         struct pawl_view token_id, struct pawl_view device_id, int64_t now_s,
                         bool *ret_bound, struct pawl_err *err)
{
    struct token t;

    PAWL_TRY(find_token(f, tenant, token_id, &t, err));
    PAWL_TRY(check_row(f, tenant, &t, device_id, now_s, err));
    *ret_bound = t.has_device;
    return pawl_ok();
}
