/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy tried before it goes live: what would become of each device at its next attest, if it
 * quotes then what it quoted last.
 *
 * The verdict is made by what makes all others (judge.h, appraise/appraise.h), from what the store
 * has of a device. Nothing is changed by it.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise.h"
#include "flow/booted.h"
#include "flow/judge.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"

enum { PAGE = 100, LISTS_MAX = 16 * 1024 * 1024 /* bytes of lists judged for one page */ };

/* ---- one device ----------------------------------------------------------------------------- */

struct trial {
    struct flow                *f;
    const struct tenant_config *tenant;
    const struct device        *d;
    const struct policy        *policy;
    struct given_quote          q; /* as it would be, all as it was */
    struct known_boot           boot;
    struct blob                 list;

    struct judgement now; /* by the rules that hold, for its first half and its exceptions */
    struct verdict   then;
    bool             no_runtime; /* the list is not here, so that part of `then` is left open */
};

static void trial_done(struct trial *t)
{
    blob_done(&t->list);
}

static pawl_status find_quote(struct trial *t, struct snapshot *room, struct pawl_err *err)
{
    const struct device *d = t->d;
    pawl_status          s = operator_find_values(t->f, t->tenant, d, room, err);

    t->q = (struct given_quote){ .b.clock = d->clock, .os_boot = PAWL_VIEW_OF(d->os_boot) };
    if (s.code == PAWL_E_ABSENT) /* then nothing was quoted */
        return pawl_ok();
    PAWL_TRY(s);
    t->q.b.pcrs = room->select;
    t->q.values = room->values;
    t->q.has_values = true;
    return pawl_ok();
}

static pawl_status find_boot(struct trial *t, struct pawl_err *err)
{
    PAWL_CLEANUP(booted_done) struct booted b = { 0 };

    PAWL_TRY(booted_read(t->f->store, t->d, t->d->clock.resets, &b, err));
    t->boot = b.known;
    return operator_find_list(t->f, t->d, &t->list, err);
}

static bool measures_files(const struct given_quote *q)
{
    for (size_t i = 0; i < q->b.pcrs.n; i++) {
        const struct pawl_digest *v = pawl_pcr_value(&q->b.pcrs, &q->values, q->b.pcrs.bank[i].hash,
                                                     IMA_PCR);
        if (v && !policy_is_unmeasured(IMA_PCR, v))
            return true;
    }
    return false;
}

/* The device would send its list if it was asked; here it is only if it was kept. */
static bool lacks_list(const struct trial *t)
{
    const struct covered *runtime = &t->then.cover[COVER_RUNTIME];

    return t->policy->ima.present && measures_files(&t->q) && !runtime->is &&
           (runtime->why == REASON_NO_IMA_LIST || runtime->why == REASON_IMA_LIST_DIFFERS);
}

static pawl_status judge_then(struct trial *t, const struct policy *p, struct pawl_err *err)
{
    struct known_boot     next;
    struct appraise_want  want;
    const struct software s = { .q = &t->q,
                                .known = &t->boot,
                                .list = { .came = t->list.n > 0,
                                          .bytes = pawl_view(t->list.p, t->list.n) },
                                .manufacturer = t->d->manufacturer,
                                .policy = p,
                                .watch = t->now.rules.watch };
    struct judging        j = { .v = &t->then,
                                .now_s = t->f->now_ms(t->f->now_arg) / 1000,
                                .exception_n = t->now.rules.exception_n,
                                .exception = t->now.rules.exception };

    t->then = t->now.device;
    return appraise_software(&s, &j, &next, &want, err);
}

/* Without the list the rest is judged as if the policy did not ask for it. */
static pawl_status judge_without_list(struct trial *t, struct pawl_err *err)
{
    struct policy rest = *t->policy;

    t->no_runtime = true;
    rest.ima.present = false;
    return judge_then(t, &rest, err);
}

static pawl_status try_device(struct trial *t, struct pawl_err *err)
{
    struct snapshot         s;
    const struct judge_case c = { .f = t->f,
                                  .d = t->d,
                                  .manufacturer = t->d->manufacturer,
                                  .q = &t->q,
                                  .boot = &t->boot,
                                  .now_ms = t->f->now_ms(t->f->now_arg) };

    PAWL_TRY(find_quote(t, &s, err));
    PAWL_TRY(find_boot(t, err));
    PAWL_TRY(judge(&c, t->q.has_values ? &s : NULL, &t->now, err));
    PAWL_TRY(judge_then(t, t->policy, err));
    return lacks_list(t) ? judge_without_list(t, err) : pawl_ok();
}

/* ---- showing -------------------------------------------------------------------------------- */

static void add_text_or_null(struct json *j, cJSON *o, const char *name, const char *text)
{
    if (text[0])
        json_text(j, o, name, text);
    else
        json_null(j, o, name);
}

static void add_findings(struct json *j, cJSON *o, const struct verdict *v)
{
    cJSON *reasons = json_array(j, o, "reasons");

    for (size_t i = 0; i < v->finding_n; i++) {
        const struct finding      *f = &v->finding[i];
        const struct reason_entry *e = reason_entry(f->reason);
        cJSON                     *r = json_object(j, reasons, NULL);
        json_text(j, r, "code", e->code);
        json_text(j, r, "text", e->sentence);
        json_text(j, r, "what", f->what);
        json_text(j, r, "detail", f->detail);
        json_text(j, r, "next", e->next);
    }
}

/* None is no trust: there is nothing to lose. */
static bool is_worse(const char *now, enum trust_tier then)
{
    bool affirming = strcmp(now, tier_name(TIER_AFFIRMING)) == 0;
    bool warning = strcmp(now, tier_name(TIER_WARNING)) == 0;

    return (affirming && then != TIER_AFFIRMING) ||
           (warning && (then == TIER_CONTRAINDICATED || then == TIER_NONE));
}

static void show_trial(struct json *j, cJSON *o, const struct trial *t)
{
    enum trust_tier then = verdict_software(&t->then);

    json_hex(j, o, "id", PAWL_VIEW_OF(t->d->id));
    add_text_or_null(j, o, "group", t->d->group);
    json_text(j, o, "now", t->d->software_status);
    json_text(j, o, "then", tier_name(then));
    json_bool(j, o, "passes", then == TIER_AFFIRMING);
    json_bool(j, o, "worse", is_worse(t->d->software_status, then));
    add_text_or_null(j, o, "release", t->then.release);
    json_bool(j, o, "runtime_tested", !t->no_runtime);
    add_findings(j, o, &t->then);
}

/* ---- which devices -------------------------------------------------------------------------- */

struct page {
    size_t  n, limit; /* ids; more than the limit: there is another page */
    uint8_t id[OPERATOR_TRIALS_MAX + 1][PAWL_DEVICE_ID];
};

static pawl_status add_id(const struct device *d, void *arg, struct pawl_err *err)
{
    struct page *p = arg;

    (void)err;
    if (p->n <= p->limit)
        memcpy(p->id[p->n++], d->id, PAWL_DEVICE_ID);
    return pawl_ok();
}

static pawl_status find_devices(struct flow *f, const struct tenant_config *tenant,
                                const struct trial_query *q, struct page *ret, struct pawl_err *err)
{
    uint8_t          id[PAWL_DEVICE_ID];
    struct pawl_view behind = pawl_view(NULL, 0);
    struct device    d;
    struct group_row g;

    ret->limit = q->limit ? q->limit : PAGE;
    if (ret->limit > OPERATOR_TRIALS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "limit", "at most %d", OPERATOR_TRIALS_MAX);
    if (q->device[0] && q->group[0])
        return pawl_fail(err, PAWL_E_FORM, "group", "a device is named too: give one of them");
    if (q->device[0]) {
        PAWL_TRY(operator_find_device(f, tenant, q->device, &d, err));
        return add_id(&d, ret, err);
    }
    if (q->group[0])
        PAWL_TRY(operator_find_group(f, tenant, q->group, &g, err));
    if (q->after[0]) {
        PAWL_TRY(pawl_hex_parse_exact(q->after, "after", id, sizeof(id), err));
        behind = PAWL_VIEW_OF(id);
    }
    const struct device_filter along = { .group = q->group[0] ? q->group : NULL };
    return f->store->devices(f->store->self, tenant_view(tenant), &along, behind, ret->limit + 1,
                             add_id, ret, err);
}

/* A device that was turned away is judged no more. */
static bool is_asked(const struct trial_query *q, const struct device *d)
{
    return d->state != DEVICE_REVOKED && (!q->group[0] || strcmp(q->group, d->group) == 0);
}

struct trials {
    struct flow                *f;
    const struct tenant_config *tenant;
    const struct trial_query   *q;
    const struct policy        *policy;
    struct json                *j;
    cJSON                      *list;
    size_t                      bytes; /* of lists, so far */
};

static void trial_free(struct trial **t)
{
    if (*t)
        trial_done(*t);
    free(*t);
}

static pawl_status add_trial(struct trials *all, const uint8_t id[PAWL_DEVICE_ID],
                             struct pawl_err *err)
{
    PAWL_CLEANUP(trial_free) struct trial *t = calloc(1, sizeof(*t));
    struct device                          d;

    if (!t)
        return pawl_fail(err, PAWL_E_MEMORY, "device", "out of memory");
    pawl_status read = all->f->store->device(all->f->store->self, tenant_view(all->tenant),
                                             pawl_view(id, PAWL_DEVICE_ID), &d, err);
    if (read.code == PAWL_E_FORM) /* its row is damaged: the list of devices says so */
        return pawl_ok();
    PAWL_TRY(read);
    if (!is_asked(all->q, &d))
        return pawl_ok();
    *t = (struct trial){ .f = all->f, .tenant = all->tenant, .d = &d, .policy = all->policy };
    PAWL_TRY(try_device(t, err));
    show_trial(all->j, json_object(all->j, all->list, NULL), t);
    all->bytes += t->list.n;
    return pawl_ok();
}

/* A page ends early where much was read for it: a worker has others to serve. */
static pawl_status add_trials(struct trials *all, const struct page *p, struct pawl_err *err)
{
    size_t i = 0;

    while (i < p->n && i < p->limit && all->bytes < LISTS_MAX)
        PAWL_TRY(add_trial(all, p->id[i++], err));
    if (i < p->n)
        json_hex(all->j, all->j->root, "next", pawl_view(p->id[i - 1], PAWL_DEVICE_ID));
    else
        json_null(all->j, all->j->root, "next");
    return pawl_ok();
}

/* ---- which policy --------------------------------------------------------------------------- */

/* {"policy": name[, "version"]}, or the text of one: which has other members. */
static pawl_status find_policy(struct flow *f, const struct tenant_config *tenant,
                               struct pawl_view body, struct policy *ret, struct pawl_err *err)
{
    static const char *const                        known[] = { "policy", "version", NULL };
    PAWL_CLEANUP(policy_row_done) struct policy_row row = { 0 };
    JSON                                            j = { 0 };
    struct pawl_err                                 ignored;
    const char                                     *name;
    uint64_t                                        version = 0;

    if (!pawl_is_ok(json_parse(body, known, &j, &ignored)))
        return policy_parse(body, ret, err);
    PAWL_TRY(json_get_text(&j, "policy", true, &name, err));
    PAWL_TRY(json_get_u64(&j, "version", POLICY_VERSION_MAX, &version, err));
    if (!pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "policy", "no name of a policy");
    pawl_status s = f->store->policy(f->store->self, tenant_view(tenant), name, version, &row, err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "policy", "no such policy or version");
    PAWL_TRY(s);
    return policy_parse(pawl_view_str(row.json), ret, err);
}

static void page_free(struct page **p)
{
    free(*p);
}

pawl_status operator_policy_test(struct flow *f, const struct tenant_config *tenant,
                                 const struct trial_query *q, struct pawl_view body, char **ret,
                                 struct pawl_err *err)
{
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };
    PAWL_CLEANUP(page_free) struct page    *page = calloc(1, sizeof(*page));
    char                                    id[PAWL_TENANT_MAX + 24];
    JSON                                    j = json_begin();

    if (!page)
        return pawl_fail(err, PAWL_E_MEMORY, "device", "out of memory");
    PAWL_TRY(find_devices(f, tenant, q, page, err));
    PAWL_TRY(find_policy(f, tenant, body, &p, err));
    snprintf(id, sizeof(id), "%s:%" PRIu64, p.name, p.version);
    json_text(&j, j.root, "policy", id);
    struct trials all = { .f = f,
                          .tenant = tenant,
                          .q = q,
                          .policy = &p,
                          .j = &j,
                          .list = json_array(&j, j.root, "devices") };
    PAWL_TRY(add_trials(&all, page, err));
    return json_end(&j, ret, err);
}
