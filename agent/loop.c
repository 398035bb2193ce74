/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "command.h"
#include "report.h"
#include "rounds.h"
#include "signals.h"
#include "state/file.h"
#include "tell.h"

/* What time alone changes, as the age of an epoch, or what happened while the device slept, is
 * looked at so often. */
#define LOOK_MS 60000

/* Whether somebody has joined the device by now is looked at so often. */
#define JOIN_LOOK_MS 5000

struct loop {
    struct rounds  rounds;
    struct tell    tell;
    struct shared *shared;
    struct server *server;    /* NULL: socket = off */
    int            queued_fd; /* readable when the server queued something */
};

static void loop_end(struct loop *l)
{
    tell_stop(&l->tell);
    server_close(&l->server);
    flow_close(&l->rounds.flow);
    shared_free(&l->shared);
    file_close(&l->queued_fd);
}

/* ---- beginning ------------------------------------------------------------------------------ */

/* A device may be switched on long before somebody joins it. *ret_stopped: a signal came first. */
static pawl_status wait_until_joined(struct loop *l, const char *path, struct config *c,
                                     bool *ret_stopped, struct pawl_err *err)
{
    char line[400];

    *ret_stopped = false;
    while (!*ret_stopped) {
        config_done(c);
        config_default(c);
        pawl_status s = config_load(path, c, err);
        if (s.code != PAWL_E_ABSENT)
            PAWL_TRY(s);
        if (pawl_is_ok(config_has_server(c, err)))
            return pawl_ok();
        snprintf(line, sizeof(line), "%.200s: %s: %s; waiting for it", path, err->where, err->why);
        rounds_say(&l->rounds, line);
        *ret_stopped = signals_wait(JOIN_LOOK_MS, -1);
    }
    return pawl_ok();
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
        pawl_status s = flow_open(c, &l->rounds.flow, err);
        if (pawl_is_ok(s))
            report_lost(&l->rounds.flow);
        if (!may_pass(s))
            return s;
        snprintf(line, sizeof(line), "%s: %s; waiting for it", err->where, err->why);
        rounds_say(&l->rounds, line);
        *ret_stopped = signals_wait(schedule_retry_ms(failures, 0, 0), -1);
    }
    return pawl_ok();
}

static pawl_status open_socket(struct loop *l, const struct config *c, struct pawl_err *err)
{
    if (!c->socket[0])
        return pawl_ok();
    l->queued_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->queued_fd < 0)
        return pawl_fail(err, PAWL_E_IO, "socket", "%s", strerror(errno));
    PAWL_TRY(shared_make(&l->shared, err));
    const struct server_config s = { .path = c->socket,
                                     .users = c->socket_users,
                                     .groups = c->socket_groups,
                                     .shared = l->shared,
                                     .queued_fd = l->queued_fd };
    PAWL_TRY(server_open(&s, &l->server, err));
    l->rounds.flow.live.shared = l->shared;
    l->rounds.server = l->server;
    return pawl_ok();
}

/* ---- going on ------------------------------------------------------------------------------- */

static uint64_t time_until(const struct loop *l, int64_t at_ms)
{
    int64_t now = rounds_now_ms(&l->rounds);

    return at_ms <= now ? 0 : at_ms - now < LOOK_MS ? (uint64_t)(at_ms - now) : LOOK_MS;
}

static void run_rounds(struct loop *l)
{
    struct pawl_err logged;
    eventfd_t       queued;

    for (;;) {
        tell_look(&l->tell, &l->rounds);
        struct schedule_next next = rounds_next(&l->rounds);
        uint64_t             wait_ms = time_until(l, next.at_ms);
        if (signals_wait(tell_wait_ms(&l->tell, wait_ms), wait_ms ? l->queued_fd : -1))
            return;
        if (l->queued_fd >= 0)
            (void)!eventfd_read(l->queued_fd, &queued);
        if (!wait_ms)
            (void)pawl_is_ok(rounds_do(&l->rounds, &next, &logged));
    }
}

/* It may come later: a word of warning, no more. */
static void look_for_command(const struct config *c)
{
    struct pawl_err err;

    if (c->on_incident[0] && !pawl_is_ok(command_check(c->on_incident, &err)))
        report_failure(&err);
}

static pawl_status run(const char *path, struct pawl_err *err)
{
    PAWL_CLEANUP(config_done) struct config c = { 0 };
    PAWL_CLEANUP(loop_end)
    struct loop l = { .rounds.flow.dir = { -1, -1 }, .queued_fd = -1 };
    bool        stopped;

    PAWL_TRY(wait_until_joined(&l, path, &c, &stopped, err));
    c.net.stop = signals_came;
    if (!stopped)
        PAWL_TRY(open_patiently(&l, &c, &stopped, err));
    if (stopped)
        return pawl_ok();
    PAWL_TRY(open_socket(&l, &c, err));
    fprintf(stderr, "pawl-agent: " PAWL_VERSION ", server %s, every %" PRIu64 " s\n", c.net.server,
            c.interval_s);
    look_for_command(&c);
    rounds_begin(&l.rounds, false);
    if (l.server)
        PAWL_TRY(server_start(l.server, err));
    run_rounds(&l);
    fprintf(stderr, "pawl-agent: stopped\n");
    return pawl_ok();
}

pawl_status loop_run(const char *path, struct pawl_err *err)
{
    pthread_t signals;

    PAWL_TRY(signals_open(SIGNALS_GRACE_MS, &signals, err));
    pawl_status s = run(path, err);
    signals_close(signals);
    return s;
}
