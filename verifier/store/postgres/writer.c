/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that write, each with a connection and a row in `verifier`. One takes what is queued
 * and sends it without waiting: each step a transaction of its own, which does not wait for the
 * disk, and behind them one that does. WAL reaches the disk in order: when the last is durable, all
 * are.
 *
 * Invariants
 *  1. `done` is called once for each step, after the last transaction of its group returned
 *     (queue.h).
 *  2. When that fails, or the connection does, every step of the group fails: whether it is durable
 *     is not known. Whoever plans again sees what came of it.
 *  3. While no thread has a connection and the last that tried got none, steps fail at once. One
 *     thread at a time tries.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "metrics.h"
#include "point.h"
#include "store/postgres/postgres.h"

#define GROUP_MAX      128
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000

struct writer {
    struct pg_writers    *all;
    unsigned              slot;
    pthread_t             thread;
    struct pg_connection *c; /* NULL: away */
    int64_t               backoff_ms, try_ms;
};

struct pg_writers {
    const char        *conninfo;
    struct pg_history *history;
    struct queue       queue; /* its lock is of what follows, too */
    unsigned           connected;
    bool               connecting;
    bool               refused; /* the last that tried to connect could not: .. */
    struct pawl_err    why;     /* .. for this reason */
    unsigned           started;
    struct writer      writer[PG_WRITERS];
};

/* ---- one group ------------------------------------------------------------------------------- */

/* A transaction that ends without one of its statements having failed would commit. */
static void give_up(struct pg_connection *c, struct outcome *o, const struct pawl_err *why)
{
    struct pawl_err ignored;

    if (o->failed || c->base.broken) /* then it ends by itself */
        return;
    QUERY q = query_on(&c->base, OWN_ABORT, "commit");
    if (!pawl_is_ok(query_run(&q, &ignored)))
        pg_lost(c, "the transaction cannot be ended"); /* nothing of it commits */
    o->failed = true;
    o->err = *why;
}

static void send_job(struct pg_connection *c, struct job *j, int64_t now_s)
{
    struct pawl_err err;
    pawl_status     s;

    j->outcome = (struct outcome){ 0 };
    c->outcome = &j->outcome;
    s = job_apply(&c->base, j, now_s, &err);
    if (!pawl_is_ok(s))
        give_up(c, &j->outcome, &err);
    pg_sync(c);
}

/* False: nothing is known of the group; c->failure says why. */
static bool commit_group(struct writer *w, struct job *group)
{
    struct pg_connection *c = w->c;
    struct pg_history    *h = w->all->history;
    struct outcome        last = { 0 };
    struct pawl_err       err;
    PGresult             *r;
    int64_t               now_s = store_clock_s(atomic_load(&h->newest_ms)), commits = 0;

    for (struct job *j = group; j; j = j->next)
        send_job(c, j, now_s);
    pg_settle(c, &r);
    PQclear(r);
    int64_t newest_ms = group_newest_ms(group, now_s);
    point("store.committing");
    c->outcome = &last;
    pawl_status s = pg_history_count(h, c, w->slot, newest_ms, &commits, &err);
    if (!pawl_is_ok(s))
        give_up(c, &last, &err);
    pg_sync(c);
    pg_settle(c, &r);
    PQclear(r);
    c->outcome = NULL;
    if (last.failed && !c->base.broken)
        pg_lost(c, last.err.why);
    if (c->base.broken)
        return false;
    point("store.committed");
    pg_history_follow(h, w->slot, commits, newest_ms);
    metric_observe(HISTOGRAM_GROUP, 0, group_length(group));
    return true;
}

/* ---- connections ----------------------------------------------------------------------------- */

static pawl_status connect_to(struct writer *w, struct pg_connection **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pg_done) struct pg_connection *c = NULL;

    PAWL_TRY(pg_open(w->all->conninfo, &c, err));
    if (w->slot == 0)
        PAWL_TRY(pg_migrate(c, err));
    PAWL_TRY(pg_history_check(w->all->history, c, err));
    PAWL_TRY(pg_history_join(w->all->history, c, w->slot, err));
    PAWL_TRY(pg_exec(c, "SET synchronous_commit = off", "open", err));
    PAWL_TRY(pg_pipeline(c, err));
    *ret = c;
    c = NULL;
    return pawl_ok();
}

/* With the lock held. A thread without a connection would take the signal, and not the job. */
static void count_connected(struct pg_writers *w, int by)
{
    w->connected += (unsigned)by;
    w->queue.wakes_all = w->connected < PG_WRITERS;
}

/* With the lock held, which is free while it tries. */
static void try_to_connect(struct writer *w)
{
    struct pg_writers    *all = w->all;
    struct pg_connection *c = NULL;
    struct pawl_err       err;

    all->connecting = true;
    pthread_mutex_unlock(&all->queue.lock);
    pawl_status s = connect_to(w, &c, &err);
    pthread_mutex_lock(&all->queue.lock);
    all->connecting = false;
    if (pawl_is_ok(s)) {
        w->c = c;
        w->backoff_ms = BACKOFF_MIN_MS;
        count_connected(all, 1);
        all->refused = false;
    } else {
        all->refused = true;
        all->why = err;
        w->backoff_ms = 2 * w->backoff_ms < BACKOFF_MAX_MS ? 2 * w->backoff_ms : BACKOFF_MAX_MS;
        w->try_ms = pg_clock_ms() + w->backoff_ms;
    }
    pthread_cond_broadcast(&all->queue.wake);
}

static void lose(struct writer *w)
{
    pthread_mutex_lock(&w->all->queue.lock);
    count_connected(w->all, -1);
    w->try_ms = 0; /* at once, and then less and less often */
    pthread_cond_broadcast(&w->all->queue.wake);
    pthread_mutex_unlock(&w->all->queue.lock);
    pg_close(&w->c);
}

/* With the lock held. */
static void wait_until(struct pg_writers *w, int64_t ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    (void)pthread_cond_timedwait(&w->queue.wake, &w->queue.lock, &t);
}

/* What is to be done next; *ret_why: it has failed already. NULL: stop. */
static struct job *next_group(struct writer *w, bool *ret_failed, struct pawl_err *ret_why)
{
    struct pg_writers *all = w->all;
    struct job        *group = NULL;

    *ret_failed = false;
    pthread_mutex_lock(&all->queue.lock);
    while (!group && !(all->queue.stop && !all->queue.first)) {
        if (all->queue.first && (w->c || (!all->connected && (all->refused || all->queue.stop)))) {
            *ret_failed = !w->c;
            *ret_why = all->why;
            group = queue_take(&all->queue, GROUP_MAX);
        } else if (w->c) {
            pthread_cond_wait(&all->queue.wake, &all->queue.lock);
        } else if (all->queue.stop || all->connecting || pg_clock_ms() < w->try_ms) {
            int64_t soon_ms = pg_clock_ms() + BACKOFF_MIN_MS;
            wait_until(all, w->try_ms > soon_ms && !all->queue.stop ? w->try_ms : soon_ms);
        } else {
            try_to_connect(w);
        }
    }
    pthread_mutex_unlock(&all->queue.lock);
    return group;
}

static void *writer_main(void *arg)
{
    struct writer  *w = arg;
    struct job     *group;
    struct pawl_err why;
    bool            failed;

    pthread_setname_np(pthread_self(), "writer");
    while ((group = next_group(w, &failed, &why))) {
        if (failed) {
            queue_finish(&w->all->queue, group, &why);
        } else if (!pg_is_there(w->c)) {
            lose(w);
            queue_put_back(&w->all->queue, group); /* another thread, or this one, takes it */
        } else if (commit_group(w, group)) {
            queue_finish(&w->all->queue, group, NULL);
        } else {
            why = w->c->failure;
            lose(w);
            queue_finish(&w->all->queue, group, &why);
        }
    }
    if (w->c) /* whoever put something back does not wait for a thread that has gone */
        lose(w);
    return NULL;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static pawl_status start_threads(struct pg_writers *w, struct pawl_err *err)
{
    for (; w->started < PG_WRITERS; w->started++) {
        struct writer *one = &w->writer[w->started];
        if (pthread_create(&one->thread, NULL, writer_main, one) != 0)
            return pawl_fail(err, PAWL_E_IO, "store.writer", "no thread");
    }
    return pawl_ok();
}

pawl_status pg_writers_start(const char *conninfo, struct pg_history *h, struct pg_writers **ret,
                             struct pawl_err *err)
{
    struct pg_writers *w = calloc(1, sizeof(*w));

    if (!w)
        return pawl_fail(err, PAWL_E_MEMORY, "store.writer", "out of memory");
    w->conninfo = conninfo;
    w->history = h;
    (void)pawl_fail(&w->why, PAWL_E_IO, "store.postgres", "the connection was lost");
    queue_make(&w->queue);
    for (unsigned i = 0; i < PG_WRITERS; i++)
        w->writer[i] = (struct writer){ .all = w, .slot = i, .backoff_ms = BACKOFF_MIN_MS };
    /* The first one here: who starts hears at once that there is no database. */
    pawl_status s = connect_to(&w->writer[0], &w->writer[0].c, err);
    count_connected(w, pawl_is_ok(s));
    w->refused = !pawl_is_ok(s);
    if (pawl_is_ok(s))
        s = start_threads(w, err);
    if (!pawl_is_ok(s)) {
        pg_writers_stop(&w);
        return s;
    }
    *ret = w;
    return pawl_ok();
}

bool pg_writers_away(struct pg_writers *w, struct pawl_err *err)
{
    pthread_mutex_lock(&w->queue.lock);
    bool away = w->connected == 0 && w->refused;
    if (away)
        *err = w->why;
    pthread_mutex_unlock(&w->queue.lock);
    return away;
}

struct queue *pg_writers_queue(struct pg_writers *w)
{
    return &w->queue;
}

void pg_writers_stop(struct pg_writers **w)
{
    struct pg_writers *old = *w;

    if (!old)
        return;
    queue_stop(&old->queue);
    for (unsigned i = 0; i < old->started; i++)
        pthread_join(old->writer[i].thread, NULL);
    for (unsigned i = 0; i < PG_WRITERS; i++)
        pg_close(&old->writer[i].c);
    queue_done(&old->queue);
    free(old);
    *w = NULL;
}
