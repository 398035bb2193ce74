/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/limit.h"

#include <stdlib.h>

#include "pace.h"

#define MINUTE_S 60
#define SHARES   4 /* of a tenant's enrolments; one network has one */

struct tenant_limits {
    struct pace *enrol, *share, *attest;
};

struct limits {
    struct tenant_limits tenant[CONFIG_TENANTS_MAX]; /* in the order of the configuration */
};

static pawl_status make_pace(uint64_t per_minute, struct pace **ret, struct pawl_err *err)
{
    return pace_make(per_minute, MINUTE_S, per_minute, ret, err);
}

static pawl_status make_tenant(const struct tenant_config *t, struct tenant_limits *ret,
                               struct pawl_err *err)
{
    PAWL_TRY(make_pace(t->enrolments_per_minute, &ret->enrol, err));
    PAWL_TRY(make_pace((t->enrolments_per_minute + SHARES - 1) / SHARES, &ret->share, err));
    return make_pace(t->attests_per_minute, &ret->attest, err);
}

pawl_status limits_make(const struct verifier_config *config, struct limits **ret,
                        struct pawl_err *err)
{
    PAWL_CLEANUP(limits_free) struct limits *l = calloc(1, sizeof(*l));

    if (!l)
        return pawl_fail(err, PAWL_E_MEMORY, "limits", "no memory");
    for (size_t i = 0; i < config->tenant_n; i++)
        PAWL_TRY(make_tenant(&config->tenant[i], &l->tenant[i], err));
    *ret = l;
    l = NULL;
    return pawl_ok();
}

void limits_free(struct limits **l)
{
    if (!*l)
        return;
    for (size_t i = 0; i < CONFIG_TENANTS_MAX; i++) {
        pace_free(&(*l)->tenant[i].enrol);
        pace_free(&(*l)->tenant[i].share);
        pace_free(&(*l)->tenant[i].attest);
    }
    free(*l);
    *l = NULL;
}

static const struct tenant_limits *limits_of(const struct flow *f, const struct tenant_config *t)
{
    static const struct tenant_limits none;

    return f->limits ? &f->limits->tenant[t - f->config->tenant] : &none;
}

static pawl_status may_come(unsigned wait_s, const char *where, const char *why, struct answer *ret,
                            struct pawl_err *err)
{
    if (wait_s == 0)
        return pawl_ok();
    ret->http = 429;
    ret->retry_after_s = wait_s;
    return pawl_fail(err, PAWL_E_DENIED, where, "%s; again in %u s", why, wait_s);
}

pawl_status limit_enrol_share(const struct flow *f, const struct tenant_config *tenant,
                              int64_t now_ms, struct answer *ret, struct pawl_err *err)
{
    return may_come(pace_wait(limits_of(f, tenant)->share, f->net, now_ms), "rate.enrolments",
                    "too many from this address", ret, err);
}

pawl_status limit_enrol(const struct flow *f, const struct tenant_config *tenant, int64_t now_ms,
                        struct answer *ret, struct pawl_err *err)
{
    return may_come(pace_wait(limits_of(f, tenant)->enrol, 0, now_ms), "rate.enrolments",
                    "too many of this tenant", ret, err);
}

pawl_status limit_attest(const struct flow *f, const struct tenant_config *tenant,
                         const uint8_t device_id[PAWL_DEVICE_ID], int64_t now_ms,
                         struct answer *ret, struct pawl_err *err)
{
    return may_come(pace_wait(limits_of(f, tenant)->attest, pace_who(device_id), now_ms),
                    "rate.attests", "the device attests too often", ret, err);
}
