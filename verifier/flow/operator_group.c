/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups: devices that one policy judges, in earnest or to see what it would find. A group's rules
 * hold from the next evidence on.
 */

#include <stdio.h>
#include <string.h>

#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"

const char *operator_mode_name(bool enforce)
{
    return enforce ? "enforce" : "watch";
}

pawl_status operator_find_group(struct flow *f, const struct tenant_config *tenant,
                                const char *name, struct group_row *ret, struct pawl_err *err)
{
    if (!pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "group", "no name of a group");
    pawl_status s = f->store->group(f->store->self, tenant_view(tenant), name, ret, err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "group", "no group has this name");
    return s;
}

pawl_status operator_check_text(const char *text, const char *where, size_t cap,
                                struct pawl_err *err)
{
    size_t n = strlen(text);

    if (n >= cap)
        return pawl_fail(err, PAWL_E_RANGE, where, "has %zu bytes, at most %zu", n, cap - 1);
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return pawl_fail(err, PAWL_E_FORM, where, "has a control character");
    return pawl_ok();
}

/* ---- showing -------------------------------------------------------------------------------- */

static void show_group(struct json *j, cJSON *o, const struct group_row *g)
{
    json_text(j, o, "name", g->name);
    if (g->policy[0])
        json_text(j, o, "policy", g->policy);
    else
        json_null(j, o, "policy");
    json_text(j, o, "mode", operator_mode_name(g->enforce));
    json_text(j, o, "note", g->note);
    json_i64(j, o, "created", g->created_s);
    json_i64(j, o, "changed", g->changed_s);
}

static pawl_status answer(const struct group_row *g, char **ret, struct pawl_err *err)
{
    JSON j = json_begin();

    show_group(&j, j.root, g);
    return json_end(&j, ret, err);
}

static pawl_status add_row(const struct group_row *g, void *arg, struct pawl_err *err)
{
    struct list_page *p = arg;
    cJSON            *o = list_page_row(p, g->name);

    (void)err;
    if (o)
        show_group(p->j, o, g);
    return pawl_ok();
}

pawl_status operator_groups(struct flow *f, const struct tenant_config *tenant,
                            const struct list_query *q, char **ret, struct pawl_err *err)
{
    JSON             j = json_begin();
    struct list_page p;

    PAWL_TRY(list_page_begin(&j, "groups", q, &p, err));
    if (q->after[0] && !pawl_is_name(pawl_view_str(q->after)))
        return pawl_fail(err, PAWL_E_FORM, "after", "is no \"next\" of this list");
    PAWL_TRY(f->store->groups(f->store->self, tenant_view(tenant), q->after, p.limit + 1, add_row,
                              &p, err));
    list_page_end(&p);
    return json_end(&j, ret, err);
}

pawl_status operator_group(struct flow *f, const struct tenant_config *tenant, const char *name,
                           char **ret, struct pawl_err *err)
{
    struct group_row g;

    PAWL_TRY(operator_find_group(f, tenant, name, &g, err));
    return answer(&g, ret, err);
}

/* ---- changing ------------------------------------------------------------------------------- */

static pawl_status read_mode(const char *text, bool *ret, struct pawl_err *err)
{
    bool enforce = strcmp(text, operator_mode_name(true)) == 0;

    if (!enforce && strcmp(text, operator_mode_name(false)) != 0)
        return pawl_fail(err, PAWL_E_FORM, "mode", "is neither watch nor enforce");
    *ret = enforce;
    return pawl_ok();
}

static pawl_status read_group(struct flow *f, const struct tenant_config *tenant,
                              struct pawl_view body, struct group_row *ret, struct pawl_err *err)
{
    static const char *const known[] = { "name", "policy", "mode", "note", NULL };
    JSON                     j = { 0 };
    const char              *name, *policy = "", *mode, *note = "";

    PAWL_TRY(json_parse(body, known, &j, err));
    PAWL_TRY(json_get_text(&j, "name", true, &name, err));
    PAWL_TRY(json_get_text(&j, "policy", false, &policy, err));
    PAWL_TRY(json_get_text(&j, "mode", true, &mode, err));
    PAWL_TRY(json_get_text(&j, "note", false, &note, err));
    if (!pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "name", "no name of a group");
    PAWL_TRY(operator_check_policy_name(f, tenant, policy, err));
    PAWL_TRY(read_mode(mode, &ret->enforce, err));
    PAWL_TRY(operator_check_text(note, "note", sizeof(ret->note), err));
    snprintf(ret->name, sizeof(ret->name), "%s", name);
    snprintf(ret->policy, sizeof(ret->policy), "%s", policy);
    snprintf(ret->note, sizeof(ret->note), "%s", note);
    return pawl_ok();
}

/* was: NULL for a new one. */
static void tell(const struct flow *f, const struct group_row *was, const struct group_row *g,
                 struct step *step)
{
    size_t cap = sizeof(step->event);
    int    n = snprintf(step->event, cap, "group %s by %s: policy %s, mode %s", g->name,
                        asker_name(f->asker), g->policy[0] ? g->policy : "the tenant's default",
                        operator_mode_name(g->enforce));

    if (was && was->enforce != g->enforce)
        snprintf(step->event + n, cap - (size_t)n, ", was %s", operator_mode_name(was->enforce));
}

pawl_status operator_group_set(struct flow *f, const struct tenant_config *tenant,
                               struct pawl_view body, char **ret, struct step *step,
                               struct pawl_err *err)
{
    struct group_row g = { 0 }, was = { 0 };

    PAWL_TRY(read_group(f, tenant, body, &g, err));
    pawl_status s = operator_find_group(f, tenant, g.name, &was, err);
    if (s.code != PAWL_E_ABSENT)
        PAWL_TRY(s);
    bool is_new = !pawl_is_ok(s);
    g.changed_s = f->now_ms(f->now_arg) / 1000;
    g.created_s = is_new ? g.changed_s : was.created_s;
    PAWL_TRY(answer(&g, ret, err));
    memcpy(step->tenant, tenant->name, sizeof(step->tenant));
    step->has_group = true;
    step->group = g;
    tell(f, is_new ? NULL : &was, &g, step);
    return pawl_ok();
}

/* The store refuses while a device is in it. */
pawl_status operator_group_drop(struct flow *f, const struct tenant_config *tenant,
                                const char *name, char **ret, struct step *step,
                                struct pawl_err *err)
{
    struct group_row g;

    PAWL_TRY(operator_find_group(f, tenant, name, &g, err));
    PAWL_TRY(answer(&g, ret, err));
    memcpy(step->tenant, tenant->name, sizeof(step->tenant));
    step->drops_group = true;
    step->group = g;
    snprintf(step->event, sizeof(step->event), "group %s dropped by %s", g.name,
             asker_name(f->asker));
    return pawl_ok();
}
