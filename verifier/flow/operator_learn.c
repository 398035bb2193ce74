/* SPDX-License-Identifier: Apache-2.0 */
/* A policy from a device that is known to be good, by what the verifier believed of it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/policy_learn.h"
#include "flow/booted.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"
#include "flow/why.h"

/* ---- what is known of the device ------------------------------------------------------------ */

/* As far as this device has it: a rule for any other PCR would find it missing in every later
 * quote. */
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

pawl_status operator_find_values(struct flow *f, const struct tenant_config *tenant,
                                 const struct device *d, struct snapshot *ret, struct pawl_err *err)
{
    struct snapshot s;
    pawl_status read = f->store->snapshot(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d->id),
                                          &s, err);

    if (read.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "device", "no PCR value of it was believed yet");
    PAWL_TRY(read);
    ordinary_values(tenant, &s, ret);
    return pawl_ok();
}

struct golden {
    struct snapshot s;
    struct booted   b;
    struct blob     list;
};

static void golden_done(struct golden *g)
{
    booted_done(&g->b);
    blob_done(&g->list);
}

/* Once a list of this boot was attested; of what is kept only the part that the last quote covers
 * is learned (policy_learn.h). */
static struct pawl_view list_of(const struct golden *g)
{
    bool attested = g->b.known.has_ima && g->b.known.ima.attested;

    return attested ? pawl_view(g->list.p, g->list.n) : pawl_view(NULL, 0);
}

/* T6: then the values that are kept are those of a boot before, to be missed from now on. */
static bool has_lost_pcr0(const struct device *d)
{
    struct why_line line;

    for (const char *at = d->why; why_next(&at, &line);)
        if (line.reason == REASON_PCR0_EMPTY)
            return true;
    return false;
}

/* What two systems measured in turn is nobody's golden value. */
static pawl_status find_golden(struct flow *f, const struct tenant_config *tenant,
                               const struct device *d, struct golden *ret, struct pawl_err *err)
{
    const struct known_boot *k = &ret->b.known;

    if (has_lost_pcr0(d))
        return pawl_fail(err, PAWL_E_STATE, "device",
                         "nothing is measured into its PCR 0 any more, and older values are over");
    PAWL_TRY(operator_find_values(f, tenant, d, &ret->s, err));
    PAWL_TRY(booted_read(f->store, d, d->clock.resets, &ret->b, err));
    if (k->present && memcmp(k->os_boot, d->os_boot, sizeof(k->os_boot)) != 0)
        return pawl_fail(err, PAWL_E_STATE, "device",
                         "its system started without a reset of the TPM: restart it first");
    return operator_find_list(f, d, &ret->list, err);
}

/* ---- the request ---------------------------------------------------------------------------- */

struct wish {
    struct json j; /* the texts below are its own */
    const char *name, *id, *release;
    uint64_t    version, base; /* 0: the next one; none */
    bool        literal;
};

static void wish_done(struct wish *w)
{
    json_done(&w->j);
}

static pawl_status read_wish(struct pawl_view body, struct wish *ret, struct pawl_err *err)
{
    static const char *const known[] = { "name",    "device", "version", "release",
                                         "literal", "base",   NULL };

    PAWL_TRY(json_parse(body, known, &ret->j, err));
    PAWL_TRY(json_get_text(&ret->j, "name", true, &ret->name, err));
    PAWL_TRY(json_get_text(&ret->j, "device", true, &ret->id, err));
    PAWL_TRY(json_get_u64(&ret->j, "version", POLICY_VERSION_MAX, &ret->version, err));
    PAWL_TRY(json_get_text(&ret->j, "release", false, &ret->release, err));
    PAWL_TRY(json_get_bool(&ret->j, "literal", &ret->literal, err));
    PAWL_TRY(json_get_u64(&ret->j, "base", POLICY_VERSION_MAX, &ret->base, err));
    if (!pawl_is_name(pawl_view_str(ret->name)))
        return pawl_fail(err, PAWL_E_FORM, "name", "no name of a policy");
    return pawl_ok();
}

static pawl_status next_version(struct flow *f, const struct tenant_config *tenant,
                                const char *name, uint64_t *ret, struct pawl_err *err)
{
    uint64_t    last = 0;
    pawl_status s = f->store->policy_version(f->store->self, tenant_view(tenant), name, &last, err);

    if (s.code != PAWL_E_ABSENT)
        PAWL_TRY(s);
    *ret = last + 1;
    return pawl_ok();
}

static pawl_status find_base(struct flow *f, const struct tenant_config *tenant,
                             const struct wish *w, struct policy_row *ret, struct pawl_err *err)
{
    if (!w->base)
        return pawl_ok();
    pawl_status s = f->store->policy(f->store->self, tenant_view(tenant), w->name, w->base, ret,
                                     err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "base", "no such version of policy %s", w->name);
    return s;
}

static void text_free(char **s)
{
    free(*s);
}

pawl_status operator_policy_learn(struct flow *f, const struct tenant_config *tenant,
                                  struct pawl_view body, char **ret, struct step *step,
                                  struct pawl_err *err)
{
    PAWL_CLEANUP(wish_done) struct wish             w = { 0 };
    PAWL_CLEANUP(golden_done) struct golden         golden = { 0 };
    PAWL_CLEANUP(policy_row_done) struct policy_row base = { 0 };
    PAWL_CLEANUP(text_free) char                   *json = NULL;
    struct device                                   d;
    char                                            how[64];

    PAWL_TRY(read_wish(body, &w, err));
    PAWL_TRY(operator_find_device(f, tenant, w.id, &d, err));
    PAWL_TRY(find_golden(f, tenant, &d, &golden, err));
    PAWL_TRY(find_base(f, tenant, &w, &base, err));
    if (!w.version)
        PAWL_TRY(next_version(f, tenant, w.name, &w.version, err));
    const struct known_boot   *k = &golden.b.known;
    const struct policy_golden g = { .name = w.name,
                                     .version = w.version,
                                     .release = w.release,
                                     .select = &golden.s.select,
                                     .values = &golden.s.values,
                                     .boot = k->present && k->has_boot ? &k->boot : NULL,
                                     .literal = w.literal,
                                     .list = list_of(&golden),
                                     .base = base.json ? pawl_view_str(base.json)
                                                       : pawl_view(NULL, 0) };
    PAWL_TRY(policy_golden(&g, &json, err));
    snprintf(how, sizeof(how), "learned from %02x%02x%02x%02x", d.id[0], d.id[1], d.id[2], d.id[3]);
    return operator_plan_policy(f, tenant, pawl_view_str(json), how, ret, step, err);
}
