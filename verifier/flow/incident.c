/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incidents in a step: each finding is added to the ratchet's incident; what is news goes into the
 * row, and when all findings are in, everybody is told at once.
 *
 * Not here: when one opens, joins and ends (ratchet/incident.h), the texts (incident_tell.c), the
 * proof (incident_proof.c), the marks (flow/marks.h).
 */
#include "flow/incident.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "flow/event.h"
#include "flow/incident_parts.h"
#include "flow/judge.h"
#include "flow/marks.h"
#include "ratchet/plan.h"

/* What one step adds to one incident. */
struct telling {
    struct held                *h;
    const struct device        *d;
    struct step                *step;
    int64_t                     now_ms;
    const struct incident_case *c;
    const char                 *detail; /* of the finding that is no slot's; NULL: by meaning */

    bool                 begun;
    bool                 opened, joined, tainted; /* it; a rule; a window */
    bool                 news;                    /* there was something to tell */
    enum severity        severity_was;
    enum incident_kind   kind_was;
    struct findings      found; /* what is news */
    size_t               slot_n;
    struct incident_slot slot[INCIDENT_SLOTS_MAX];
};

/* ---- words ---------------------------------------------------------------------------------- */

/* What each rule of detection means; the others bring sentences of their own. */
static const char *meaning(enum rule rule)
{
    switch (rule) {
    case RULE_E1:
        return "one slot holds two authentic messages";
    case RULE_E2:
        return "an authentic message lies behind the end of its epoch or generation";
    case RULE_E3:
        return "a received message is not in the attested log, or is another one there";
    case RULE_E4:
        return "the device denies what our receipt says that it sent";
    case RULE_E7:
        return "the device attests a message that we never sent";
    default:
        return rule_name(rule);
    }
}

static void say_what(const struct telling *t, char ret[EVENT_LINE_MAX])
{
    const struct finding_slot *s = &t->found.at[0];

    if (t->detail)
        snprintf(ret, EVENT_LINE_MAX, "%s", t->detail);
    else if (s->seq)
        snprintf(ret, EVENT_LINE_MAX,
                 "%s: epoch %" PRIu64 ", generation %" PRIu32 ", slot %" PRIu64 " (%zu findings)",
                 meaning(s->rule), s->epoch, s->gen, s->seq, t->found.n);
    else
        snprintf(ret, EVENT_LINE_MAX, "%s: epoch %" PRIu64 ", generation %" PRIu32,
                 meaning(s->rule), s->epoch, s->gen);
}

/* ---- is it news? ---------------------------------------------------------------------------- */

static bool has_slot(const struct telling *t, const struct finding_slot *s)
{
    for (size_t i = 0; i < t->slot_n; i++)
        if (t->slot[i].rule == s->rule && t->slot[i].epoch == s->epoch &&
            t->slot[i].gen == s->gen && t->slot[i].seq == s->seq)
            return true;
    return false;
}

/* Whoever holds a key of an epoch that is over may go on for ever: that is told once. */
static bool is_tripwire(const struct telling *t, const struct finding_slot *s)
{
    return s->rule == RULE_E2 && s->epoch < t->h->r.current.epoch;
}

static bool names_slot(const struct telling *t, const struct finding_slot *s)
{
    return s->seq && !is_tripwire(t, s);
}

static void note(struct telling *t, const struct finding_slot *s)
{
    t->found.at[t->found.n++] = *s;
    if (s->seq && t->slot_n < INCIDENT_SLOTS_MAX && !has_slot(t, s))
        t->slot[t->slot_n++] = (struct incident_slot){ s->rule, s->epoch, s->gen, s->seq };
}

/* ---- its end -------------------------------------------------------------------------------- */

static bool needs_person(const struct held *h)
{
    const struct tenant_config *t = config_tenant(h->flow->config, pawl_view_str(h->tenant));

    return t && t->heal_by_operator;
}

/* What the root in use makes of the incident. */
static bool heal(struct held *h, bool by_operator)
{
    const struct epoch_root *c = &h->r.current;
    struct incident         *i = &h->r.incident;

    if (!c->present || c->epoch <= i->epoch || !incident_is_open(i))
        return false;
    if (c->resync) /* a person's leave is a person's word; the rule's own is not */
        return !c->by_auto && incident_close(i);
    return incident_rekeyed(i, c->epoch, by_operator);
}

/* ---- telling -------------------------------------------------------------------------------- */

/* The row as the ratchet has it now, and an entry about it. */
static pawl_status put(struct held *h, struct step *step, int64_t now_ms, const char *what,
                       const char *detail, struct pawl_err *err)
{
    struct incident_row *row;

    PAWL_TRY(incident_row_in(h, step, h->r.incident.epoch, &row, err));
    incident_row_follow(h, now_ms, row);
    return incident_audit(h, step, now_ms, what, row, detail, err);
}

static pawl_status notify(struct held *h, struct step *step, int64_t now_ms, struct pawl_err *err)
{
    struct incident_row *row;

    PAWL_TRY(incident_row_in(h, step, h->r.incident.epoch, &row, err));
    return incident_notice(h, step, now_ms, row, err);
}

/* The state is another one, and no finding did it. */
static pawl_status tell_end(struct held *h, struct step *step, int64_t now_ms, const char *how,
                            struct pawl_err *err)
{
    const struct incident *i = &h->r.incident;
    const char            *state = incident_state_name(i->state);

    PAWL_TRY(put(h, step, now_ms, state, how, err));
    PAWL_TRY(notify(h, step, now_ms, err));
    event_note(step, "incident %s in epoch %" PRIu64 " %s: %s", incident_kind_name(i->kind),
               i->epoch, state, how);
    return pawl_ok();
}

static const char *what_of(const struct telling *t)
{
    if (t->opened)
        return "opened";
    return t->joined ? "joined" : "named";
}

static pawl_status put_slots(struct telling *t, const char *detail, struct pawl_err *err)
{
    struct incident_row *row;

    PAWL_TRY(incident_row_in(t->h, t->step, t->h->r.incident.epoch, &row, err));
    blob_done(&row->slots);
    if (t->slot_n)
        PAWL_TRY(incident_slots_write(t->slot, t->slot_n, &row->slots, err));
    if (t->opened) {
        snprintf(row->detail, sizeof(row->detail), "%s", detail);
        row->note[0] = 0;
    }
    return pawl_ok();
}

/* Everything that came together since the incident is the same. */
static pawl_status tell(struct telling *t, struct pawl_err *err)
{
    struct held           *h = t->h;
    const struct incident *i = &h->r.incident;
    char                   detail[EVENT_LINE_MAX];

    if (t->found.n == 0)
        return pawl_ok();
    t->news = true;
    say_what(t, detail);
    PAWL_TRY(put_slots(t, detail, err));
    PAWL_TRY(incident_prove(h, t->d, t->step, t->now_ms, &t->found, detail, t->c, err));
    PAWL_TRY(put(h, t->step, t->now_ms, what_of(t), detail, err));
    if (t->opened || t->joined)
        event_note(t->step, "incident %s %s in epoch %" PRIu64 " (%s): %.500s",
                   incident_kind_name(i->kind), what_of(t), i->epoch,
                   rule_name(t->found.at[0].rule), detail);
    if (t->opened || i->severity != t->severity_was || i->kind != t->kind_was)
        PAWL_TRY(notify(h, t->step, t->now_ms, err));
    if (t->tainted)
        PAWL_TRY(marks_taint(h, t->step, t->now_ms, err));
    /* Of an epoch that is over: its keys are dead already. */
    if (t->opened && heal(h, needs_person(h)))
        PAWL_TRY(tell_end(h, t->step, t->now_ms, "its epoch had ended by a rekey", err));
    return pawl_ok();
}

/* ---- findings ------------------------------------------------------------------------------- */

/* inv. 3 */
static pawl_status close_older(struct telling *t, const struct incident *was, struct pawl_err *err)
{
    struct incident_row *row;

    if (!incident_is_open(was) || was->epoch == t->h->r.incident.epoch)
        return pawl_ok();
    PAWL_TRY(incident_row_in(t->h, t->step, was->epoch, &row, err));
    row->state = INCIDENT_CLOSED;
    row->changed_ms = t->now_ms;
    snprintf(row->note, sizeof(row->note), "goes on in epoch %" PRIu64, t->h->r.incident.epoch);
    return incident_audit(t->h, t->step, t->now_ms, "closed", row, row->note, err);
}

static pawl_status begin(struct telling *t, struct pawl_err *err)
{
    t->begun = true;
    t->opened = t->joined = t->tainted = false;
    t->severity_was = t->h->r.incident.severity;
    t->kind_was = t->h->r.incident.kind;
    t->found.n = 0;
    return incident_slots_of(t->h, t->step, t->h->r.incident.epoch, t->slot, &t->slot_n, err);
}

/* What was found so far is the older one's, and told first. */
static pawl_status open_one(struct telling *t, const struct finding_slot *s, struct pawl_err *err)
{
    if (t->begun)
        PAWL_TRY(tell(t, err));
    const struct incident was = t->h->r.incident;
    ratchet_incident(&t->h->r, s->rule, s->epoch, t->now_ms);
    PAWL_TRY(begin(t, err));
    t->opened = true;
    t->tainted = t->h->r.incident.tainted && !was.tainted;
    note(t, s);
    return close_older(t, &was, err);
}

static pawl_status join_one(struct telling *t, const struct finding_slot *s, struct pawl_err *err)
{
    struct incident *i = &t->h->r.incident;
    const bool       tainted = i->tainted, joins = !incident_has(i, s->rule);

    if (!joins && !names_slot(t, s))
        return pawl_ok();
    if (!t->begun)
        PAWL_TRY(begin(t, err));
    if (!joins && (t->slot_n == INCIDENT_SLOTS_MAX || has_slot(t, s)))
        return pawl_ok();
    ratchet_incident(&t->h->r, s->rule, s->epoch, t->now_ms);
    t->joined |= joins;
    t->tainted |= i->tainted && !tainted;
    note(t, s);
    return pawl_ok();
}

static pawl_status find(struct telling *t, const struct findings *found, struct pawl_err *err)
{
    for (size_t i = 0; i < found->n; i++) {
        const struct finding_slot *s = &found->at[i];
        PAWL_TRY(ratchet_opens(&t->h->r, s->rule, s->epoch) ? open_one(t, s, err)
                                                            : join_one(t, s, err));
    }
    return tell(t, err);
}

/* What is about an older epoch first, or it would join the incident of a newer one. */
static void sort_by_epoch(const struct ratchet *r, struct findings *f)
{
    for (size_t i = 1; i < f->n; i++) {
        const struct finding_slot s = f->at[i];
        size_t                    k = i;
        for (; k && ratchet_epoch_of(r, f->at[k - 1].epoch) > ratchet_epoch_of(r, s.epoch); k--)
            f->at[k] = f->at[k - 1];
        f->at[k] = s;
    }
}

pawl_status incident_of(struct held *h, const struct device *d, struct step *step, int64_t now_ms,
                        const struct findings *found, const struct incident_case *c, bool *ret_news,
                        struct pawl_err *err)
{
    if (ret_news)
        *ret_news = false;
    if (found->n == 0) /* what nearly every message comes to */
        return pawl_ok();
    struct telling  t = { .h = h, .d = d, .step = step, .now_ms = now_ms, .c = c };
    struct findings sorted = *found;
    sort_by_epoch(&h->r, &sorted);
    PAWL_TRY(find(&t, &sorted, err));
    if (ret_news)
        *ret_news = t.news;
    return pawl_ok();
}

pawl_status incident_open(struct held *h, const struct device *d, struct step *step, int64_t now_ms,
                          enum rule rule, const struct incident_case *c, struct pawl_err *err,
                          const char *fmt, ...)
{
    char            detail[EVENT_LINE_MAX];
    struct telling  t = { .h = h, .d = d, .step = step, .now_ms = now_ms, .c = c };
    struct findings found = { 0 };
    va_list         args;

    va_start(args, fmt);
    vsnprintf(detail, sizeof(detail), fmt, args);
    va_end(args);
    t.detail = detail;
    findings_add(&found, rule, 0, 0, 0);
    return find(&t, &found, err);
}

/* ---- marks ---------------------------------------------------------------------------------- */

pawl_status incident_marked(struct held *h, struct step *step, int64_t now_ms,
                            const struct inbox_mark *mark, size_t n, struct pawl_err *err)
{
    struct incident     *i = &h->r.incident;
    struct incident_row *row;
    bool                 final = false;

    for (size_t k = 0; k < n; k++) {
        i->forged += mark[k].mark == MARK_FORGED;
        i->genuine += mark[k].mark == MARK_GENUINE;
        i->unattested += mark[k].mark == MARK_UNATTESTED;
        final |= mark[k].mark > MARK_TAINTED;
    }
    if (final)
        return put(h, step, now_ms, "marked", "", err);
    if (i->tainted)
        return pawl_ok();
    PAWL_TRY(incident_row_in(h, step, i->epoch, &row, err));
    incident_row_follow(h, now_ms, row);
    return pawl_ok();
}

/* ---- its end -------------------------------------------------------------------------------- */

pawl_status incident_healed(struct held *h, const struct tenant_config *t, struct step *step,
                            int64_t now_ms, struct pawl_err *err)
{
    if (!heal(h, t->heal_by_operator))
        return pawl_ok();
    return tell_end(h, step, now_ms,
                    h->r.current.resync ? "let back by a person" : "a rekey came behind it", err);
}

pawl_status incident_is_back(struct held *h, struct step *step, int64_t now_ms,
                             struct pawl_err *err)
{
    if (!incident_came_back(&h->r.incident))
        return pawl_ok();
    return tell_end(h, step, now_ms, "the device is back under a root of this store", err);
}

pawl_status incident_close_by(struct held *h, struct step *step, int64_t now_ms, const char *note,
                              struct pawl_err *err)
{
    struct incident_row *row;

    if (h->r.incident.state == INCIDENT_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "incident", "there is none");
    if (!incident_close(&h->r.incident))
        return pawl_fail(err, PAWL_E_STATE, "incident", "was closed by a person already");
    PAWL_TRY(incident_row_in(h, step, h->r.incident.epoch, &row, err));
    snprintf(row->note, sizeof(row->note), "%s", note);
    return tell_end(h, step, now_ms, note[0] ? note : "by an operator", err);
}

/* ---- the light ------------------------------------------------------------------------------ */

static enum reason reason_of(enum incident_kind kind)
{
    switch (kind) {
    case INCIDENT_MESSAGE_FORGED:
        return REASON_MESSAGE_FORGED;
    case INCIDENT_KEY_USED_ELSEWHERE:
        return REASON_KEY_USED_ELSEWHERE;
    case INCIDENT_DEVICE_CLONED:
        return REASON_DEVICE_CLONED;
    case INCIDENT_TPM_WENT_BACK:
        return REASON_TPM_WENT_BACK;
    default:
        return REASON_NONE;
    }
}

void incident_judge(const struct ratchet *r, struct verdict *v)
{
    const struct incident *i = &r->incident;

    if (!incident_is_red(i)) {
        verdict_worsen(&v->keys, AR4SI_RECOGNISED);
        return;
    }
    verdict_worsen(&v->keys, AR4SI_CONTRAINDICATED);
    if (v->finding_n == VERDICT_REASONS_MAX) /* whatever else there is to say: this is said */
        v->finding_n--;
    verdict_find(v, reason_of(i->kind), "incident of epoch %" PRIu64 ", %s, is %s%s", i->epoch,
                 severity_name(i->severity), incident_state_name(i->state),
                 i->state == INCIDENT_HEALED ? " and waits for an operator" : "");
}

void incident_light(const struct ratchet *r, struct step *step)
{
    struct device *d = &step->device;
    struct verdict v = { .approved = d->state == DEVICE_ACTIVE };

    incident_judge(r, &v);
    if (strcmp(d->keys_status, tier_name(verdict_keys(&v))) == 0)
        return;
    judge_record_keys(&v, d);
    step->has_device = true;
}
