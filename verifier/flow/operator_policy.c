/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, as an operator makes, learns and assigns them. A stored version never changes. */

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

static pawl_status newest(struct flow *f, const struct tenant_config *tenant, const char *name,
                          struct policy_row *ret, struct pawl_err *err)
{
    return f->store->policy(f->store->self, tenant_view(tenant), name, 0, ret, err);
}

pawl_status operator_read_policy_name(struct flow *f, const struct tenant_config *tenant,
                                      struct pawl_view body, char ret[PAWL_TENANT_MAX + 1],
                                      struct pawl_err *err)
{
    static const char *const                        known[] = { "policy", NULL };
    PAWL_CLEANUP(policy_row_done) struct policy_row row = { 0 };
    JSON                                            j = { 0 };
    const char                                     *name;

    PAWL_TRY(json_parse(body, known, &j, err));
    PAWL_TRY(json_get_text(&j, "policy", true, &name, err));
    if (name[0] && !pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "policy", "no name of a policy");
    if (name[0]) {
        pawl_status s = newest(f, tenant, name, &row, err);
        if (s.code == PAWL_E_ABSENT)
            return pawl_fail(err, PAWL_E_ABSENT, "policy", "no policy has this name");
        PAWL_TRY(s);
    }
    snprintf(ret, PAWL_TENANT_MAX + 1, "%s", name);
    return pawl_ok();
}

/* ---- showing -------------------------------------------------------------------------------- */

struct list {
    struct json *j;
    cJSON       *list;
};

static pawl_status add_row(const struct policy_row *p, void *arg, struct pawl_err *err)
{
    struct list *l = arg;
    cJSON       *o = json_object(l->j, l->list, NULL);

    (void)err;
    json_text(l->j, o, "name", p->name);
    json_u64(l->j, o, "version", p->version);
    json_i64(l->j, o, "created", p->created_s);
    return pawl_ok();
}

pawl_status operator_policies(struct flow *f, const struct tenant_config *tenant, char **ret,
                              struct pawl_err *err)
{
    JSON        j = json_begin();
    struct list l = { .j = &j, .list = json_array(&j, j.root, "policies") };
    char        name[PAWL_TENANT_MAX + 1];

    PAWL_TRY(f->store->policies(f->store->self, tenant_view(tenant), add_row, &l, err));
    PAWL_TRY(f->store->default_policy(f->store->self, tenant_view(tenant), name, err));
    if (name[0])
        json_text(&j, j.root, "default", name);
    else
        json_null(&j, j.root, "default");
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
static pawl_status plan_policy(struct flow *f, const struct tenant_config *tenant,
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
        return pawl_fail(err, PAWL_E_MEMORY, "policy", "out of memory");
    }
    step->has_policy = true;
    memcpy(step->tenant, tenant->name, sizeof(step->tenant));
    memcpy(step->policy.tenant, tenant->name, sizeof(step->policy.tenant));
    memcpy(step->policy.name, p.name, sizeof(step->policy.name));
    step->policy.version = p.version;
    step->policy.created_s = f->now_ms(f->now_arg) / 1000;
    snprintf(step->event, sizeof(step->event), "policy %s:%" PRIu64 " %s", p.name, p.version, how);
    return pawl_ok();
}

pawl_status operator_policy_add(struct flow *f, const struct tenant_config *tenant,
                                struct pawl_view body, char **ret, struct step *step,
                                struct pawl_err *err)
{
    return plan_policy(f, tenant, body, "added", ret, step, err);
}

/* What an ordinary attest quotes, as far as this device has it: a rule for any other PCR would find
 * it missing in every later quote. */
static void ordinary_values(const struct tenant_config *tenant, const struct snapshot *s,
                            struct snapshot *ret)
{
    *ret = (struct snapshot){ .select.n = tenant->pcrs.n };
    for (size_t i = 0; i < tenant->pcrs.n; i++) {
        const struct pawl_pcr_bank *asked = &tenant->pcrs.bank[i];
        struct pawl_pcr_bank       *b = &ret->select.bank[i];
        b->hash = asked->hash;
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            const struct pawl_digest *v = pawl_pcr_value(&s->select, &s->values, b->hash, pcr);
            if (!v || !(asked->bits >> pcr & 1))
                continue;
            b->bits |= 1u << pcr;
            ret->values.value[ret->values.n++] = *v;
        }
    }
}

static pawl_status next_version(struct flow *f, const struct tenant_config *tenant,
                                const char *name, uint64_t *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_row_done) struct policy_row row = { 0 };
    pawl_status                                     s = newest(f, tenant, name, &row, err);

    if (s.code != PAWL_E_ABSENT)
        PAWL_TRY(s);
    *ret = row.version + 1;
    return pawl_ok();
}

static pawl_status learn(const struct tenant_config *tenant, const char *name, uint64_t version,
                         const struct snapshot *s, char **ret, struct pawl_err *err)
{
    struct snapshot ordinary;

    *ret = malloc(POLICY_JSON_MAX);
    if (!*ret)
        return pawl_fail(err, PAWL_E_MEMORY, "policy", "out of memory");
    ordinary_values(tenant, s, &ordinary);
    return policy_learn(name, version, &ordinary.select, &ordinary.values, *ret, POLICY_JSON_MAX,
                        err);
}

static void text_free(char **s)
{
    free(*s);
}

pawl_status operator_policy_learn(struct flow *f, const struct tenant_config *tenant,
                                  struct pawl_view body, char **ret, struct step *step,
                                  struct pawl_err *err)
{
    static const char *const      known[] = { "name", "device", "version", NULL };
    PAWL_CLEANUP(text_free) char *json = NULL;
    JSON                          j = { 0 };
    const char                   *name, *id;
    uint64_t                      version = 0;
    struct device                 d;
    struct snapshot               s;
    char                          how[64];

    PAWL_TRY(json_parse(body, known, &j, err));
    PAWL_TRY(json_get_text(&j, "name", true, &name, err));
    PAWL_TRY(json_get_text(&j, "device", true, &id, err));
    PAWL_TRY(json_get_u64(&j, "version", UINT32_MAX, &version, err));
    if (!pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "name", "no name of a policy");
    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    PAWL_TRY(f->store->snapshot(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), &s, err));
    if (!version)
        PAWL_TRY(next_version(f, tenant, name, &version, err));
    PAWL_TRY(learn(tenant, name, version, &s, &json, err));
    snprintf(how, sizeof(how), "learned from %02x%02x%02x%02x", d.id[0], d.id[1], d.id[2], d.id[3]);
    return plan_policy(f, tenant, pawl_view_str(json), how, ret, step, err);
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
    snprintf(step->event, sizeof(step->event), "default policy by an operator: %s",
             step->default_policy[0] ? step->default_policy : "none");
    return pawl_ok();
}
