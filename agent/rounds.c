/* SPDX-License-Identifier: Apache-2.0 */
#include "rounds.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report.h"

void rounds_say(struct rounds *r, const char *line)
{
    if (r->quiet || !strcmp(r->last, line))
        return;
    snprintf(r->last, sizeof(r->last), "%s", line);
    fprintf(stderr, "pawl-agent: %s\n", line);
}

static void say_failure(struct rounds *r, const struct pawl_err *err)
{
    char line[sizeof(r->last)];

    snprintf(line, sizeof(line), "%s: %s", err->where, err->why);
    rounds_say(r, line);
}

static uint32_t any_random(void)
{
    uint32_t        n = 0;
    struct pawl_err ignored;

    /* Jitter alone: a failure costs nothing. */
    if (!pawl_is_ok(pawl_random((uint8_t *)&n, sizeof(n), &ignored)))
        n = (uint32_t)time(NULL);
    return n;
}

int64_t rounds_now_ms(const struct rounds *r)
{
    return r->flow.live.boot_ms();
}

void rounds_begin(struct rounds *r, bool calm)
{
    const struct config *c = r->flow.config;
    struct pawl_err      ignored;

    r->flow.next_s = calm ? 0 : c->interval_s + c->jitter_s;
    if (r->flow.record.enrolled)
        (void)pawl_is_ok(flow_live(&r->flow, &ignored));
    schedule_begin(&r->schedule, c, rounds_now_ms(r), calm);
}

struct schedule_next rounds_next(struct rounds *r)
{
    const struct flow         *f = &r->flow;
    const struct live         *l = &f->live;
    const struct schedule_seen seen = {
        .enrolled = f->record.enrolled,
        .may_enroll = f->config->enroll,
        .lost = l->lost,
        .wants_rekey = live_wants_rekey(f),
        .unconfirmed = l->open && !l->confirmed,
        .finding = live_has_finding(l),
        .inbox_log_full = l->received && rcvlog_is_full(l->received),
        .bar = live_bar(f),
        .queue_n = l->queue ? spool_facts(l->queue).n : 0,
    };

    return schedule_next(&r->schedule, &seen, rounds_now_ms(r));
}

/* We gave up ourselves: that says nothing about the verifier. */
static bool was_stopped(const struct flow *f, pawl_status s)
{
    return !pawl_is_ok(s) && f->config->net.stop && f->config->net.stop();
}

/* Seconds: what an overloaded server says is believed less than what is signed. */
static void note_told(const struct flow *f, const struct flow_answer *a, struct schedule_done *d)
{
    d->busy = a->kind == FLOW_NONE && f->told_s;
    if (d->busy)
        d->told_s = f->told_s < ROUNDS_BUSY_MAX_S ? f->told_s : ROUNDS_BUSY_MAX_S;
    else if (a->kind == FLOW_REFUSED && a->refusal.has_retry)
        d->told_s = a->refusal.retry_after_s;
}

/* ---- a round -------------------------------------------------------------------------------- */

static pawl_status ask(struct flow *f, const struct schedule_next *n, struct flow_answer *a,
                       struct pawl_err *err)
{
    switch (n->what) {
    case SCHEDULE_ENROLL:
        return flow_enroll(f, n->reason, a, err);
    case SCHEDULE_REKEY:
        return flow_rekey(f, n->reason, a, err);
    default:
        return flow_attest(f, n->reason, a, err);
    }
}

static void say_answer(struct rounds *r, pawl_status s, const struct flow_answer *a,
                       const struct pawl_err *err)
{
    char line[sizeof(r->last)];

    if (!pawl_is_ok(s)) {
        say_failure(r, err);
        return;
    }
    report_answer_line(a, line, sizeof(line));
    rounds_say(r, line);
}

/* The keys under way are somebody else's too. The answer to a supply says so without a demand; that
 * comes with the next messages, or the next attest. */
static bool keys_are_lost(const struct flow *f, const struct flow_answer *a)
{
    const struct incident *i = &f->record.incident;

    return a->ear.keys == EAR_CONTRAINDICATED && i->kind && f->live.open &&
           i->epoch >= f->live.slot.epoch;
}

static pawl_status one_round(struct rounds *r, const struct schedule_next *n, struct pawl_err *err)
{
    struct flow         *f = &r->flow;
    struct flow_answer   a = { 0 };
    struct schedule_done d = { .what = n->what };

    pawl_status s = ask(f, n, &a, err);
    if (was_stopped(f, s))
        return s;
    report_lost(f);
    report_missing(f);
    flow_note(f, s, &a, time(NULL), err);
    say_answer(r, s, &a, err);
    note_told(f, &a, &d);
    d.answered = a.kind == FLOW_RESULT;
    d.rekey_now = d.answered && (a.want.rekey_now || keys_are_lost(f, &a));
    d.rekeyed = d.answered && a.rekeyed;
    d.keys_red = d.answered && a.ear.keys == EAR_CONTRAINDICATED;
    d.too_soon = a.kind == FLOW_REFUSED && a.refusal.code == PAWL_REFUSAL_REKEY_TOO_SOON;
    schedule_note(&r->schedule, &d, rounds_now_ms(r), any_random());
    if (a.kind == FLOW_REFUSED)
        return pawl_fail(err, PAWL_E_DENIED, "verifier", "refused: %s",
                         pawl_refusal_text(a.refusal.code));
    return s;
}

/* ---- messages ------------------------------------------------------------------------------- */

static pawl_status exchange(struct rounds *r, const struct schedule_next *n, struct pawl_err *err)
{
    struct flow             *f = &r->flow;
    const struct flow_answer nothing = { 0 };
    struct flow_messages     m = { 0 };
    struct schedule_done     d = { .what = SCHEDULE_MESSAGES };

    pawl_status s = flow_messages(f, n->attest_near, &m, err);
    if (was_stopped(f, s))
        return s;
    report_lost(f);
    if (!pawl_is_ok(s))
        say_failure(r, err);
    else if (m.refused)
        rounds_say(r, "messages: not taken; attesting first");
    note_told(f, &nothing, &d);
    d.answered = pawl_is_ok(s) && !m.refused;
    d.refused = m.refused;
    d.more = m.more;
    d.demand = m.demand;
    schedule_note(&r->schedule, &d, rounds_now_ms(r), any_random());
    if (r->server && m.received)
        server_tell(r->server);
    return s;
}

pawl_status rounds_do(struct rounds *r, const struct schedule_next *n, struct pawl_err *err)
{
    r->flow.told_s = 0;
    return n->what == SCHEDULE_MESSAGES ? exchange(r, n, err) : one_round(r, n, err);
}
