/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "flow/flow.h"
#include "report.h"
#include "state/file.h"

/* ---- signals -------------------------------------------------------------------------------- */

/* They are blocked, so that none interrupts a command that the TPM is at, and a thread of their own
 * takes them. The first one asks: between rounds and inside them by this descriptor, readable from
 * then on. */
static int         stop_fd = -1;
static atomic_bool over; /* the rounds have ended: the thread goes too */

static sigset_t stop_signals(void)
{
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, SIGTERM);
    sigaddset(&s, SIGINT);
    return s;
}

/* A TPM knows no timeout, and a round can hang in it for ever: the second signal, or some time
 * after the first one, ends the process. Files are whole at any moment (state/file.h). */
static void *take_signals(void *arg)
{
    static const char last_words[] =
        "pawl-agent: ended by force, inside a round that does not end\n";
    const struct timespec grace = { .tv_sec = LOOP_STOP_GRACE_S };
    const sigset_t        stop = stop_signals();
    struct pollfd         log = { .fd = STDERR_FILENO, .events = POLLOUT };
    int                   n;

    (void)arg;
    while (sigwait(&stop, &n))
        ;
    if (atomic_load(&over))
        return NULL;
    (void)!eventfd_write(stop_fd, 1);
    while (sigtimedwait(&stop, NULL, &grace) < 0 && errno == EINTR)
        ;
    if (atomic_load(&over))
        return NULL;
    if (poll(&log, 1, 0) > 0)
        (void)!write(STDERR_FILENO, last_words, sizeof(last_words) - 1);
    _exit(CLI_NO_CONTACT);
}

static pawl_status signals_open(pthread_t *ret, struct pawl_err *err)
{
    const sigset_t stop = stop_signals();

    atomic_store(&over, false);
    stop_fd = eventfd(0, EFD_CLOEXEC);
    int e = stop_fd < 0 ? errno : pthread_sigmask(SIG_BLOCK, &stop, NULL);
    if (!e)
        e = pthread_create(ret, NULL, take_signals, NULL);
    if (!e)
        return pawl_ok();
    file_close(&stop_fd);
    return pawl_fail(err, PAWL_E_MEMORY, "signals", "%s", strerror(e));
}

static void signals_close(pthread_t thread)
{
    atomic_store(&over, true);
    pthread_kill(thread, SIGTERM);
    pthread_join(thread, NULL);
    file_close(&stop_fd);
}

/* True if a signal came. */
static bool wait_for_stop(uint64_t ms)
{
    struct pollfd   p = { .fd = stop_fd, .events = POLLIN };
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    int64_t end = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + (int64_t)ms;
    for (;;) {
        clock_gettime(CLOCK_BOOTTIME, &t);
        int64_t left = end - ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
        int     n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n >= 0)
            return n > 0;
    }
}

static bool stop_pending(void)
{
    return wait_for_stop(0);
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
    if (live_wants_rekey(f))
        return flow_rekey(f, why, a, err);
    PAWL_TRY(flow_attest(f, why, a, err));
    if (a->kind != FLOW_RESULT || !a->want.rekey_now)
        return pawl_ok();
    return flow_rekey(f, PAWL_REASON_DEMAND, a, err);
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
    report_lost(&l->flow);
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

static pawl_status run_rounds(struct config *c, struct pawl_err *err)
{
    struct loop l = { .flow = { .dir = { -1, -1 } } };
    bool        stopped;

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

pawl_status loop_run(struct config *c, struct pawl_err *err)
{
    pthread_t signals;

    PAWL_TRY(signals_open(&signals, err));
    c->net.stop = stop_pending;
    pawl_status s = run_rounds(c, err);
    signals_close(signals);
    return s;
}
