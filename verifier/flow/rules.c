/* SPDX-License-Identifier: Apache-2.0 */
/* By whose rules a device is judged. */

#include "flow/rules.h"

#include <stdio.h>
#include <string.h>

#include "flow/memory.h"

/* A device without a group, or whose group is gone, is judged in earnest. */
static pawl_status find_group(const struct store *s, const struct device *d, struct group_row *ret,
                              struct pawl_err *err)
{
    *ret = (struct group_row){ .enforce = true };
    if (!d->group[0])
        return pawl_ok();
    pawl_status found = s->group(s->self, pawl_view_str(d->tenant), d->group, ret, err);
    return found.code == PAWL_E_ABSENT ? pawl_ok() : found;
}

static pawl_status find_name(const struct store *s, const struct device *d,
                             const struct group_row *g, char ret[PAWL_TENANT_MAX + 1],
                             struct pawl_err *err)
{
    const char *name = d->policy[0] ? d->policy : g->policy;

    if (!name[0])
        return s->default_policy(s->self, pawl_view_str(d->tenant), ret, err);
    snprintf(ret, PAWL_TENANT_MAX + 1, "%s", name);
    return pawl_ok();
}

static pawl_status find_policy(struct flow *f, const struct device *d, const struct group_row *g,
                               struct rules *r, struct pawl_err *err)
{
    char            name[PAWL_TENANT_MAX + 1];
    struct pawl_err why;

    PAWL_TRY(find_name(f->store, d, g, name, err));
    if (!name[0]) {
        snprintf(r->why, sizeof(r->why), "policy: none is assigned");
        return pawl_ok();
    }
    pawl_status s = memory_policy(f->memory, f->store, d->tenant, name, &r->policy, &why);
    if (s.code == PAWL_E_IO || s.code == PAWL_E_MEMORY || s.code == PAWL_E_BUG) {
        *err = why;
        return s;
    }
    if (!pawl_is_ok(s))
        snprintf(r->why, sizeof(r->why), "%s: %s: %s", name, why.where, why.why);
    return pawl_ok();
}

struct gathering {
    struct rules *rules;
    int64_t       now_s;
};

static pawl_status gather(const struct exception_row *x, void *arg, struct pawl_err *err)
{
    struct gathering *g = arg;

    (void)err;
    if (x->x.reason && x->x.until_s > g->now_s && g->rules->exception_n < RULES_EXCEPTIONS_MAX)
        g->rules->exception[g->rules->exception_n++] = x->x;
    return pawl_ok();
}

pawl_status rules_of(struct flow *f, const struct device *d, int64_t now_s, struct rules *ret,
                     struct pawl_err *err)
{
    const struct store *s = f->store;
    struct gathering    g = { .rules = ret, .now_s = now_s };
    struct group_row    group;

    PAWL_TRY(find_group(s, d, &group, err));
    /* Not the whole of it: the exceptions are large, and exception_n says what of them counts. */
    ret->policy = NULL;
    ret->why[0] = 0;
    ret->exception_n = 0;
    ret->watch = !group.enforce;
    PAWL_TRY(find_policy(f, d, &group, ret, err));
    return s->exceptions(s->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), d->group, gather,
                         &g, err);
}
