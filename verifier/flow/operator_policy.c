/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, as an operator stores and assigns them. A stored version never changes. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/policy.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"

_Static_assert(OPERATOR_BODY_MAX >= POLICY_JSON_MAX, "a policy comes as one body");

pawl_status operator_check_policy_name(struct flow *f, const struct tenant_config *tenant,
                                       const char *name, struct pawl_err *err)
{
    uint64_t version;

    if (!name[0])
        return pawl_ok();
    if (!pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "policy", "no name of a policy");
    pawl_status s = f->store->policy_version(f->store->self, tenant_view(tenant), name, &version,
                                             err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "policy", "no policy has this name");
    return s;
}

pawl_status operator_read_policy_name(struct flow *f, const struct tenant_config *tenant,
                                      struct pawl_view body, char ret[PAWL_TENANT_MAX + 1],
                                      struct pawl_err *err)
{
    static const char *const known[] = { "policy", NULL };
    JSON                     j = { 0 };
    const char              *name;

    PAWL_TRY(json_parse(body, known, &j, err));
    PAWL_TRY(json_get_text(&j, "policy", true, &name, err));
    PAWL_TRY(operator_check_policy_name(f, tenant, name, err));
    snprintf(ret, PAWL_TENANT_MAX + 1, "%s", name);
    return pawl_ok();
}

/* ---- showing -------------------------------------------------------------------------------- */

/* "NAME!VERSION", which no name can be part of. */
static pawl_status add_row(const struct policy_row *row, void *arg, struct pawl_err *err)
{
    struct list_page *p = arg;
    char              key[OPERATOR_AFTER_MAX];

    (void)err;
    snprintf(key, sizeof(key), "%s!%" PRIu64, row->name, row->version);
    cJSON *o = list_page_row(p, key);
    if (!o)
        return pawl_ok();
    json_text(p->j, o, "name", row->name);
    json_u64(p->j, o, "version", row->version);
    json_i64(p->j, o, "created", row->created_s);
    return pawl_ok();
}

/* Empty: before all. */
static pawl_status after_policy(const char *after, char ret[OPERATOR_AFTER_MAX],
                                uint64_t *ret_version, struct pawl_err *err)
{
    char *mark;

    *ret_version = 0;
    snprintf(ret, OPERATOR_AFTER_MAX, "%s", after);
    if (!*ret)
        return pawl_ok();
    mark = strchr(ret, '!');
    if (!mark)
        return pawl_fail(err, PAWL_E_FORM, "after", "is no \"next\" of this list");
    *mark = 0;
    if (!pawl_is_name(pawl_view_str(ret)))
        return pawl_fail(err, PAWL_E_FORM, "after", "is no \"next\" of this list");
    return pawl_u64_parse(mark + 1, "after", INT64_MAX, ret_version, err);
}

pawl_status operator_policies(struct flow *f, const struct tenant_config *tenant,
                              const struct list_query *q, char **ret, struct pawl_err *err)
{
    JSON             j = json_begin();
    struct list_page p;
    char             name[PAWL_TENANT_MAX + 1], after[OPERATOR_AFTER_MAX];
    uint64_t         version;

    PAWL_TRY(list_page_begin(&j, "policies", q, &p, err));
    PAWL_TRY(after_policy(q->after, after, &version, err));
    PAWL_TRY(f->store->policies(f->store->self, tenant_view(tenant), after, version, p.limit + 1,
                                add_row, &p, err));
    PAWL_TRY(f->store->default_policy(f->store->self, tenant_view(tenant), name, err));
    if (name[0])
        json_text(&j, j.root, "default", name);
    else
        json_null(&j, j.root, "default");
    list_page_end(&p);
    return json_end(&j, ret, err);
}

pawl_status operator_policy(struct flow *f, const struct tenant_config *tenant, const char *name,
                            uint64_t version, char **ret, struct pawl_err *err)
{
    struct policy_row row;
    pawl_status s = f->store->policy(f->store->self, tenant_view(tenant), name, version, &row, err);

    if (s.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "policy", "no such policy or version");
    PAWL_TRY(s);
    *ret = row.json;
    return pawl_ok();
}

/* ---- storing -------------------------------------------------------------------------------- */

/* A stored version never changes. Of two who come at once the second is told so by its next plan.
 */
static pawl_status check_is_new(struct flow *f, const struct tenant_config *tenant,
                                const struct policy *p, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_row_done) struct policy_row row = { 0 };
    pawl_status s = f->store->policy(f->store->self, tenant_view(tenant), p->name, p->version, &row,
                                     err);

    if (pawl_is_ok(s))
        return pawl_fail(err, PAWL_E_CONFLICT, "version", "%" PRIu64 " of policy %s is taken",
                         p->version, p->name);
    return s.code == PAWL_E_ABSENT ? pawl_ok() : s;
}

/* The text is stored as it was read: what an operator signed off is what is kept. */
pawl_status operator_plan_policy(struct flow *f, const struct tenant_config *tenant,
                                 struct pawl_view json, const char *how, char **ret,
                                 struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };

    PAWL_TRY(policy_parse(json, &p, err));
    PAWL_TRY(check_is_new(f, tenant, &p, err));
    step->policy.json = strndup((const char *)json.p, json.n);
    *ret = strndup((const char *)json.p, json.n);
    if (!step->policy.json || !*ret) {
        free(*ret);
        *ret = NULL; /* who asked frees what he got */
        return pawl_fail(err, PAWL_E_MEMORY, "policy", "out of memory");
    }
    step->has_policy = true;
    memcpy(step->tenant, tenant->name, sizeof(step->tenant));
    memcpy(step->policy.tenant, tenant->name, sizeof(step->policy.tenant));
    memcpy(step->policy.name, p.name, sizeof(step->policy.name));
    step->policy.version = p.version;
    step->policy.created_s = f->now_ms(f->now_arg) / 1000;
    snprintf(step->event, sizeof(step->event), "policy %s:%" PRIu64 " %s by %s", p.name, p.version,
             how, asker_name(f->asker));
    return pawl_ok();
}

pawl_status operator_policy_add(struct flow *f, const struct tenant_config *tenant,
                                struct pawl_view body, char **ret, struct step *step,
                                struct pawl_err *err)
{
    return operator_plan_policy(f, tenant, body, "added", ret, step, err);
}

pawl_status operator_default_policy(struct flow *f, const struct tenant_config *tenant,
                                    struct pawl_view body, char **ret, struct step *step,
                                    struct pawl_err *err)
{
    JSON j = json_begin();

    PAWL_TRY(operator_read_policy_name(f, tenant, body, step->default_policy, err));
    json_text(&j, j.root, "policy", step->default_policy);
    PAWL_TRY(json_end(&j, ret, err));
    memcpy(step->tenant, tenant->name, sizeof(step->tenant));
    step->has_default_policy = true;
    snprintf(step->event, sizeof(step->event), "default policy by %s: %s", asker_name(f->asker),
             step->default_policy[0] ? step->default_policy : "none");
    return pawl_ok();
}
