/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "flow/flow.h"
#include "report.h"

/* ---- signals -------------------------------------------------------------------------------- */

/* They stay blocked and are asked for: between rounds by waiting for them, inside one by looking.
 */
static sigset_t stop_signals(void)
{
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, SIGTERM);
    sigaddset(&s, SIGINT);
    return s;
}

static bool stop_pending(void)
{
    sigset_t pending;

    return !sigpending(&pending) &&
           (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT));
}

/* True if a signal came. */
static bool wait_for_stop(uint64_t ms)
{
    const sigset_t  stop = stop_signals();
    struct timespec end, now, left;

    clock_gettime(CLOCK_BOOTTIME, &end);
    end.tv_sec += (time_t)(ms / 1000);
    end.tv_nsec += (long)(ms % 1000) * 1000000;
    for (;;) {
        clock_gettime(CLOCK_BOOTTIME, &now);
        int64_t ns = (int64_t)(end.tv_sec - now.tv_sec) * 1000000000 + (end.tv_nsec - now.tv_nsec);
        if (ns < 0)
            ns = 0;
        left = (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
        if (sigtimedwait(&stop, NULL, &left) > 0)
            return true;
        if (errno == EAGAIN)
            return false;
    }
}

/* ---- waiting -------------------------------------------------------------------------------- */

uint64_t loop_wait_ms(const struct config *c, unsigned failures, uint64_t told_s, uint32_t random)
{
    uint64_t ms;

    if (!failures) {
        uint64_t spread = 2000 * c->jitter_s + 1;
        ms = 1000 * (c->interval_s - c->jitter_s) + random % spread;
    } else {
        ms = LOOP_RETRY_MIN_MS;
        for (unsigned n = 1; n < failures && ms < LOOP_RETRY_MAX_MS; n++)
            ms *= 2;
        if (ms > LOOP_RETRY_MAX_MS)
            ms = LOOP_RETRY_MAX_MS;
        /* A fleet that lost its verifier at once must not come back at once. */
        ms = ms / 2 + random % (ms / 2 + 1);
    }
    if (told_s > LOOP_RETRY_TOLD_MAX)
        told_s = LOOP_RETRY_TOLD_MAX;
    return ms < 1000 * told_s ? 1000 * told_s + random % 1000 : ms;
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

/* ---- rounds --------------------------------------------------------------------------------- */

struct loop {
    struct flow flow;
    unsigned    rounds, failures;
    uint64_t    told_s;
    char        last[400]; /* what was logged last: the same again is not news */
};

static void say(struct loop *l, const char *line)
{
    if (!strcmp(l->last, line))
        return;
    snprintf(l->last, sizeof(l->last), "%s", line);
    fprintf(stderr, "pawl-agent: %s\n", line);
}

static pawl_status round_once(struct loop *l, struct flow_answer *a, struct pawl_err *err)
{
    struct flow     *f = &l->flow;
    enum pawl_reason why = l->rounds++ ? PAWL_REASON_SCHEDULE : PAWL_REASON_START;

    if (!f->record.enrolled && f->config->enroll)
        return flow_enroll(f, why, a, err);
    return flow_attest(f, why, a, err);
}

/* Seconds: what a signed refusal says, or an overloaded server, which is believed less. */
static uint64_t told(const struct flow *f, const struct flow_answer *a)
{
    if (a->kind == FLOW_REFUSED && a->refusal.has_retry)
        return a->refusal.retry_after_s;
    if (a->kind != FLOW_NONE)
        return 0;
    return f->told_s < LOOP_RETRY_BUSY_MAX ? f->told_s : LOOP_RETRY_BUSY_MAX;
}

static void one_round(struct loop *l)
{
    struct flow_answer a = { 0 };
    struct pawl_err    err = { 0 };
    char               line[400];

    l->flow.told_s = 0;
    pawl_status s = round_once(l, &a, &err);
    if (!pawl_is_ok(s) && stop_pending())
        return; /* we gave up ourselves */
    flow_note(&l->flow, s, &a, time(NULL), &err);
    if (pawl_is_ok(s))
        report_answer_line(&a, line, sizeof(line));
    else
        snprintf(line, sizeof(line), "%s: %s", err.where, err.why);
    say(l, line);
    l->told_s = told(&l->flow, &a);
    l->failures = a.kind == FLOW_RESULT ? 0 : l->failures + 1;
}

/* Another agent has the lock, a disk is full or read-only for a while: all that passes. */
static bool may_pass(pawl_status s)
{
    return s.code == PAWL_E_IO || s.code == PAWL_E_CONFLICT || s.code == PAWL_E_FULL;
}

/* *ret_stopped: a signal came first. */
static pawl_status open_patiently(struct loop *l, const struct config *c, bool *ret_stopped,
                                  struct pawl_err *err)
{
    char line[400];

    *ret_stopped = false;
    for (unsigned failures = 1; !*ret_stopped; failures++) {
        pawl_status s = flow_open(c, &l->flow, err);
        if (pawl_is_ok(s))
            report_lost(&l->flow);
        if (!may_pass(s))
            return s;
        snprintf(line, sizeof(line), "%s: %s; waiting for it", err->where, err->why);
        say(l, line);
        *ret_stopped = wait_for_stop(loop_wait_ms(c, failures, 0, any_random()));
    }
    return pawl_ok();
}

pawl_status loop_run(struct config *c, struct pawl_err *err)
{
    const sigset_t stop = stop_signals();
    struct loop    l = { .flow = { .dir = { -1, -1 } } };
    bool           stopped;

    if (sigprocmask(SIG_BLOCK, &stop, NULL))
        return pawl_fail(err, PAWL_E_IO, "signals", "%s", strerror(errno));
    c->net.stop = stop_pending;
    PAWL_TRY(open_patiently(&l, c, &stopped, err));
    if (stopped)
        return pawl_ok();
    fprintf(stderr, "pawl-agent: " PAWL_VERSION ", server %s, every %" PRIu64 " s\n", c->net.server,
            c->interval_s);
    do
        one_round(&l);
    while (!wait_for_stop(loop_wait_ms(c, l.failures, l.told_s, any_random())));
    fprintf(stderr, "pawl-agent: stopped\n");
    flow_close(&l.flow);
    return pawl_ok();
}
