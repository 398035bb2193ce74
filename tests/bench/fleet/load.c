/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load over TLS 1.3: one thread, epoll, as many connections as asked for, each of which carries one
 * exchange after the other. What the client computes runs beside the verifier; it is the verifier's
 * processor time that is compared (--pid), with a floor that this thread does in turns with its own
 * work, so that whatever the machine does meanwhile meets both.
 *
 * Prepared, all evidence is made and signed before the clock runs, and posted then: the client
 * hardly takes part any more, and the verifier may have the processors. Nonces live for a minute.
 *
 * Devices come from all over the fleet, not in the order in which they enrolled: whoever has a
 * neighbour in the database shares its pages.
 */
#include "fleet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../floor.h"
#include "line.h"
#include "waiting.h"

enum { LOOK_MS = 50, ERRORS_SHOWN = 5, SILENT_S = 300 };

#define STRIDE UINT64_C(2654435761) /* a prime that no fleet is as large as */

/* A connection, and the device that it serves. */
struct seat {
    struct line       line;
    bool              busy;
    struct want       want;
    struct fleet_talk talk;
};

/* Evidence that was made before. */
struct ready {
    struct fleet_talk talk;
    size_t            n;
    uint8_t          *body;
};

struct load {
    struct fleet            *fleet;
    const struct fleet_load *o;
    struct dialer            dialer;
    struct seat             *seat;
    struct waiting           waiting;
    struct ready            *ready; /* NULL: not prepared */
    bool                     preparing;
    size_t                   from;        /* the first device's place in the fleet */
    size_t                   begun, busy; /* exchanges begun; seats at work */
    uint64_t                 begin_us, end_us;
    struct fleet_times       times;
    uint64_t                 done, requests, failed, refused;
    struct floor             floor;
};

/* ---- who comes ------------------------------------------------------------------------------ */

static size_t index_of(const struct load *l, size_t place)
{
    return l->o->first + (size_t)((l->from + (place % l->o->n) * STRIDE) % l->o->n);
}

static bool may_begin(const struct load *l, uint64_t now_us)
{
    if (l->o->seconds)
        return now_us < l->begin_us + l->o->seconds * UINT64_C(1000000);
    return l->begun < l->o->some;
}

static bool take_want(struct load *l, struct want *ret)
{
    uint64_t now = fleet_now_us();

    if (waiting_take(&l->waiting, now, ret))
        return true;
    if (!may_begin(l, now))
        return false;
    *ret = (struct want){ .place = l->begun++, .begin_us = l->o->at_once ? l->begin_us : now };
    return true;
}

/* Those who still wait when the time is over are let go; otherwise everybody is served. */
static bool goes_on(const struct load *l)
{
    uint64_t now = fleet_now_us();

    return (l->busy || may_begin(l, now) || (l->waiting.n && !l->o->seconds)) &&
           now < l->end_us + SILENT_S * UINT64_C(1000000);
}

/* ---- exchanges ------------------------------------------------------------------------------ */

static void tell(struct load *l, const struct seat *s, const struct pawl_err *err)
{
    if (l->failed++ < ERRORS_SHOWN)
        fprintf(stderr, "fleet: device %zu: %s: %s\n", s->talk.index, err->where, err->why);
}

static void keep(struct load *l, const struct seat *s, struct pawl_view body)
{
    struct ready *r = &l->ready[s->want.place];

    *r = (struct ready){ .talk = s->talk, .n = body.n, .body = malloc(body.n) };
    if (!r->body)
        abort();
    memcpy(r->body, body.p, body.n);
}

static pawl_status say(struct load *l, struct seat *s, int http, struct pawl_view answer,
                       bool *ret_over, struct pawl_err *err)
{
    static uint8_t body[PAWL_MESSAGES_MAX];
    struct pawl_wr w = pawl_wr_to(body, sizeof(body));
    const char    *path;

    PAWL_TRY(fleet_talk_turn(l->fleet, &s->talk, http, answer, &w, &path, err));
    *ret_over = !path || (l->preparing && s->talk.turn == 2);
    if (!path)
        return pawl_ok();
    if (*ret_over) {
        keep(l, s, pawl_view(body, w.n));
        return pawl_ok();
    }
    line_say(&s->line, path, pawl_view(body, w.n));
    l->requests++;
    return pawl_ok();
}

/* Whoever comes again asks for another challenge. */
static pawl_status say_first(struct load *l, struct seat *s, struct pawl_err *err)
{
    bool over;

    if (l->ready && !l->preparing && !s->want.tries) {
        const struct ready *r = &l->ready[s->want.place];
        s->talk = r->talk;
        line_say(&s->line, PAWL_ROUTE_EVIDENCE, pawl_view(r->body, r->n));
        l->requests++;
        return pawl_ok();
    }
    fleet_talk_begin(&s->talk, l->o->job, index_of(l, s->want.place));
    return say(l, s, 0, pawl_view(NULL, 0), &over, err);
}

/* The next device's turn, if there is one. */
static void begin(struct load *l, struct seat *s)
{
    struct pawl_err err;

    if (l->o->fresh)
        line_hang_up(&s->line);
    l->busy -= s->busy;
    s->busy = false;
    while (!s->busy && take_want(l, &s->want)) {
        s->busy = pawl_is_ok(say_first(l, s, &err));
        if (!s->busy)
            tell(l, s, &err);
    }
    l->busy += s->busy;
}

static void end(struct load *l, struct seat *s)
{
    l->end_us = fleet_now_us();
    l->done++;
    fleet_times_add(&l->times, l->end_us - s->want.begin_us);
    if (l->floor.piece && l->done % l->floor.every == 0)
        floor_time(&l->floor);
    begin(l, s);
}

/* Cut off, or asked to come again: from the beginning, as an agent does. */
static void come_again(struct load *l, struct seat *s, uint64_t told_s)
{
    if (!l->refused++)
        fprintf(stderr, "fleet: device %zu comes again later\n", s->talk.index);
    waiting_put(&l->waiting, s->want, told_s, fleet_now_us());
    begin(l, s);
}

static void heard(struct load *l, struct seat *s, const struct heard *h)
{
    struct pawl_err err;
    bool            over;

    if (h->closes)
        line_hang_up(&s->line);
    if (h->status == 429 || h->status == 503) {
        come_again(l, s, h->retry_after_s);
    } else if (!pawl_is_ok(say(l, s, h->status, h->body, &over, &err))) {
        tell(l, s, &err);
        begin(l, s);
    } else if (over) {
        end(l, s);
    }
}

static void drive(struct load *l, struct seat *s)
{
    struct heard h;

    if (!s->busy) /* nobody asked: the verifier hangs up */
        line_hang_up(&s->line);
    while (s->busy) {
        switch (line_work(&l->dialer, &s->line, &h)) {
        case LINE_WAITS:
            return;
        case LINE_HEARD:
            heard(l, s, &h);
            break;
        default:
            come_again(l, s, 0);
        }
    }
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void begin_idle(struct load *l)
{
    for (unsigned i = 0; i < l->o->connections; i++) {
        struct seat *s = &l->seat[i];
        if (s->busy)
            continue;
        begin(l, s);
        if (s->busy)
            drive(l, s);
    }
}

static void run(struct load *l)
{
    struct epoll_event e[256];
    uint64_t           looked_us;

    l->begin_us = l->end_us = looked_us = fleet_now_us();
    begin_idle(l);
    while (goes_on(l)) {
        int n = epoll_wait(l->dialer.epoll, e, 256, LOOK_MS);
        for (int i = 0; i < n; i++)
            drive(l, e[i].data.ptr);
        if (fleet_now_us() - looked_us > LOOK_MS * 1000) {
            begin_idle(l);
            looked_us = fleet_now_us();
        }
    }
}

/* Makes the evidence of all; the clock of what is printed runs from the end of it. */
static pawl_status prepare(struct load *l, struct pawl_err *err)
{
    l->ready = calloc(l->o->some, sizeof(l->ready[0]));
    if (!l->ready)
        return pawl_fail(err, PAWL_E_MEMORY, "--prepared", "no memory");
    l->preparing = true;
    run(l);
    l->preparing = false;
    if (l->done < l->o->some)
        return pawl_fail(err, PAWL_E_DENIED, "--prepared", "%" PRIu64 " of %zu have a nonce",
                         l->done, l->o->some);
    fleet_times_done(&l->times);
    l->begun = l->done = l->requests = l->refused = 0;
    return pawl_ok();
}

/* ---- what is told --------------------------------------------------------------------------- */

/* Processor times, in us. */
struct used {
    uint64_t server, writer, client;
};

static struct used used_by_now(const struct load *l)
{
    return (struct used){ fleet_cpu_us(l->o->pid), fleet_thread_us(l->o->pid, "writer"),
                          fleet_cpu_us(getpid()) };
}

static void print(struct load *l, const struct used *before)
{
    const struct used now = used_by_now(l);
    uint64_t          us = l->end_us - l->begin_us, n = l->done ? l->done : 1;

    printf("{\"job\": \"%s\", \"done\": %" PRIu64 ", \"requests\": %" PRIu64
           ", \"failed\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"us\": %" PRIu64
           ", \"per_second\": %" PRIu64,
           fleet_job_name(l->o->job), l->done, l->requests, l->failed, l->refused, us,
           l->done * 1000000 / (us ? us : 1));
    printf(", \"p50_us\": %" PRIu64 ", \"p99_us\": %" PRIu64 ", \"p999_us\": %" PRIu64
           ", \"max_us\": %" PRIu64 ", \"client_cpu_ns\": %" PRIu64,
           fleet_times_share(&l->times, 500000), fleet_times_share(&l->times, 990000),
           fleet_times_share(&l->times, 999000), fleet_times_share(&l->times, 1000000),
           (now.client - before->client) * 1000 / n);
    if (l->o->pid)
        printf(", \"server_cpu_ns\": %" PRIu64 ", \"writer_cpu_ns\": %" PRIu64
               ", \"server_kib\": %" PRIu64 ", \"server_peak_kib\": %" PRIu64,
               (now.server - before->server) * 1000 / n, (now.writer - before->writer) * 1000 / n,
               fleet_memory_kib(l->o->pid), fleet_peak_kib(l->o->pid));
    if (l->floor.piece)
        printf(", \"floor_ns\": %" PRIu64, floor_median(&l->floor));
    printf("}\n");
}

static pawl_status make(struct load *l, struct pawl_err *err)
{
    PAWL_TRY(dialer_make(&l->dialer, l->o->address, err));
    if (l->o->floor && !floor_make(&l->floor, l->o->floor))
        return pawl_fail(err, PAWL_E_FORM, "--floor", "is not attest, rekey or message");
    if (l->o->prepared &&
        (l->o->job == FLEET_MESSAGES || l->o->job == FLEET_ENROL || l->o->seconds))
        return pawl_fail(err, PAWL_E_FORM, "--prepared",
                         "is for attest and rekey, each device once");
    l->seat = calloc(l->o->connections, sizeof(l->seat[0]));
    if (!l->seat)
        return pawl_fail(err, PAWL_E_MEMORY, "load", "no memory");
    for (unsigned i = 0; i < l->o->connections; i++)
        line_begin(&l->seat[i].line, &l->seat[i]);
    l->from = (size_t)(fleet_now_us() % l->o->n);
    return l->o->prepared ? prepare(l, err) : pawl_ok();
}

static void load_done(struct load *l)
{
    for (unsigned i = 0; l->seat && i < l->o->connections; i++)
        line_done(&l->seat[i].line);
    free(l->seat);
    for (size_t i = 0; l->ready && i < l->o->some; i++)
        free(l->ready[i].body);
    free(l->ready);
    waiting_done(&l->waiting);
    fleet_times_done(&l->times);
    floor_done(&l->floor);
    dialer_done(&l->dialer);
}

static pawl_status check_all_served(const struct load *l, struct pawl_err *err)
{
    const char *job = fleet_job_name(l->o->job);

    if (l->failed)
        return pawl_fail(err, PAWL_E_DENIED, job, "%" PRIu64 " failed", l->failed);
    if (!l->o->seconds && l->done != l->o->some)
        return pawl_fail(err, PAWL_E_DENIED, job, "%" PRIu64 " of %zu were served", l->done,
                         l->o->some);
    return pawl_ok();
}

pawl_status fleet_load(struct fleet *f, const struct fleet_load *o, struct pawl_err *err)
{
    struct load l = { .fleet = f, .o = o, .dialer.epoll = -1 };
    pawl_status s = make(&l, err);

    if (pawl_is_ok(s)) {
        const struct used before = used_by_now(&l);
        run(&l);
        print(&l, &before);
        s = check_all_served(&l, err);
    }
    load_done(&l);
    return s;
}
