/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that write, each with a connection and a row in `verifier`. One takes what is queued
 * and sends it without waiting: each step a transaction of its own, which does not wait for the
 * disk, and behind them one that does. WAL reaches the disk in order: when the last is durable, all
 * are.
 *
 * Invariants
 *  1. `done` is called once for each step, after the last transaction of its group returned.
 *  2. When that fails, or the connection does, every step of the group fails: whether it is durable
 *     is not known. Whoever plans again sees what came of it.
 *  3. While no thread has a connection and the last that tried got none, steps fail at once. One
 *     thread at a time tries.
 *  4. To forget is a job of many small transactions, between which others go.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "point.h"
#include "store/postgres/postgres.h"

#define GROUP_MAX      128
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
#define FORGET_PIECE   200 /* segments, of 256 KiB at most */

struct job {
    struct job        *next;
    const struct step *step;                        /* NULL: to forget segments .. */
    char               tenant[PAWL_TENANT_MAX + 1]; /* .. of this tenant .. */
    int64_t            before_ms;                   /* .. older than this .. */
    bool               again;                       /* .. and there are more */
    store_done_fn     *done;
    void              *arg;
    struct outcome     outcome;
};

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
    pthread_mutex_t    lock; /* of what follows */
    pthread_cond_t     wake;
    struct job        *first, **last;
    unsigned           connected;
    bool               connecting, stop;
    bool               refused; /* the last that tried to connect could not: .. */
    struct pawl_err    why;     /* .. for this reason */
    unsigned           started;
    struct writer      writer[PG_WRITERS];
};

static int64_t monotonic_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one group ------------------------------------------------------------------------------- */

static pawl_status forget_piece(struct pg_connection *c, struct job *j, struct pawl_err *err)
{
    QUERY    q = query_on(&c->base, SQL_SEGMENTS_FORGET, "segment");
    uint64_t n;

    query_text(&q, j->tenant);
    query_u64(&q, FORGET_PIECE);
    query_u64(&q, (uint64_t)j->before_ms);
    PAWL_TRY(query_run_count(&q, &n, err));
    j->again = n == FORGET_PIECE;
    return pawl_ok();
}

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
    s = j->step ? step_apply(&c->base, j->step, now_s, &err) : forget_piece(c, j, &err);
    if (!pawl_is_ok(s))
        give_up(c, &j->outcome, &err);
    pg_sync(c);
}

/* Events carry the clock of the store: like every other time, it never goes back. */
static int64_t clock_s(struct pg_history *h)
{
    int64_t now_s = (int64_t)time(NULL), newest_s = atomic_load(&h->newest_ms) / 1000;

    return now_s > newest_s ? now_s : newest_s;
}

/* False: nothing is known of the group; c->failure says why. */
static bool commit_group(struct writer *w, struct job *group)
{
    struct pg_connection *c = w->c;
    struct pg_history    *h = w->all->history;
    struct outcome        last = { 0 };
    struct pawl_err       err;
    PGresult             *r;
    int64_t               now_s = clock_s(h), newest_ms = 0, commits = 0;

    for (struct job *j = group; j; j = j->next)
        send_job(c, j, now_s);
    pg_settle(c, &r);
    PQclear(r);
    for (struct job *j = group; j; j = j->next) {
        int64_t ms = j->step && !j->outcome.failed ? step_newest_ms(j->step, now_s) : 0;
        newest_ms = ms > newest_ms ? ms : newest_ms;
    }
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
    return true;
}

/* ---- the queue ------------------------------------------------------------------------------- */

/* With the lock held. */
static void put_last(struct pg_writers *w, struct job *j)
{
    j->next = NULL;
    *w->last = j;
    w->last = &j->next;
    /* A thread without a connection would take the signal, and not the job. */
    if (w->connected == PG_WRITERS)
        pthread_cond_signal(&w->wake);
    else
        pthread_cond_broadcast(&w->wake);
}

static struct job *take_some(struct pg_writers *w)
{
    struct job *first = w->first, *j = first;

    for (unsigned n = 1; j && n < GROUP_MAX && j->next; n++)
        j = j->next;
    if (!j)
        return NULL;
    w->first = j->next;
    j->next = NULL;
    if (!w->first)
        w->last = &w->first;
    else
        pthread_cond_signal(&w->wake);
    return first;
}

/* True if it goes to the end of the queue once more. */
static bool put_again(struct pg_writers *w, struct job *j)
{
    pthread_mutex_lock(&w->lock);
    bool again = j->again && !j->outcome.failed && !w->stop;
    if (again)
        put_last(w, j);
    pthread_mutex_unlock(&w->lock);
    return again;
}

/* why: of the whole group; NULL: each has its own outcome. */
static void finish(struct pg_writers *w, struct job *group, const struct pawl_err *why)
{
    while (group) {
        struct job *j = group;
        group = j->next;
        if (!why && put_again(w, j))
            continue;
        const struct pawl_err *err = why ? why : &j->outcome.err;
        pawl_status s = why || j->outcome.failed ? (pawl_status){ err->code } : pawl_ok();
        j->done(s, err, j->arg);
        free(j);
    }
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

/* With the lock held, which is free while it tries. */
static void try_to_connect(struct writer *w)
{
    struct pg_writers    *all = w->all;
    struct pg_connection *c = NULL;
    struct pawl_err       err;

    all->connecting = true;
    pthread_mutex_unlock(&all->lock);
    pawl_status s = connect_to(w, &c, &err);
    pthread_mutex_lock(&all->lock);
    all->connecting = false;
    if (pawl_is_ok(s)) {
        w->c = c;
        w->backoff_ms = BACKOFF_MIN_MS;
        all->connected++;
        all->refused = false;
    } else {
        all->refused = true;
        all->why = err;
        w->backoff_ms = 2 * w->backoff_ms < BACKOFF_MAX_MS ? 2 * w->backoff_ms : BACKOFF_MAX_MS;
        w->try_ms = monotonic_ms() + w->backoff_ms;
    }
    pthread_cond_broadcast(&all->wake);
}

static void lose(struct writer *w)
{
    pthread_mutex_lock(&w->all->lock);
    w->all->connected--;
    w->try_ms = 0; /* at once, and then less and less often */
    pthread_cond_broadcast(&w->all->wake);
    pthread_mutex_unlock(&w->all->lock);
    pg_close(&w->c);
}

/* With the lock held. */
static void wait_until(struct pg_writers *w, int64_t ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    (void)pthread_cond_timedwait(&w->wake, &w->lock, &t);
}

/* What is to be done next; *ret_why: it has failed already. NULL: stop. */
static struct job *next_group(struct writer *w, bool *ret_failed, struct pawl_err *ret_why)
{
    struct pg_writers *all = w->all;
    struct job        *group = NULL;

    *ret_failed = false;
    pthread_mutex_lock(&all->lock);
    while (!group && !(all->stop && !all->first)) {
        if (all->first && (w->c || (!all->connected && (all->refused || all->stop)))) {
            *ret_failed = !w->c;
            *ret_why = all->why;
            group = take_some(all);
        } else if (w->c) {
            pthread_cond_wait(&all->wake, &all->lock);
        } else if (all->stop || all->connecting || monotonic_ms() < w->try_ms) {
            int64_t soon_ms = monotonic_ms() + BACKOFF_MIN_MS;
            wait_until(all, w->try_ms > soon_ms && !all->stop ? w->try_ms : soon_ms);
        } else {
            try_to_connect(w);
        }
    }
    pthread_mutex_unlock(&all->lock);
    return group;
}

/* Nothing of it was sent: another thread, or this one when it is back, takes it. */
static void put_back(struct pg_writers *w, struct job *group)
{
    struct job *last = group;

    while (last->next)
        last = last->next;
    pthread_mutex_lock(&w->lock);
    if (!w->first)
        w->last = &last->next;
    last->next = w->first;
    w->first = group;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

static void *writer_main(void *arg)
{
    struct writer  *w = arg;
    struct job     *group;
    struct pawl_err why;
    bool            failed;

    while ((group = next_group(w, &failed, &why))) {
        if (failed) {
            finish(w->all, group, &why);
        } else if (!pg_is_there(w->c)) {
            lose(w);
            put_back(w->all, group);
        } else if (commit_group(w, group)) {
            finish(w->all, group, NULL);
        } else {
            why = w->c->failure;
            lose(w);
            finish(w->all, group, &why);
        }
    }
    if (w->c) /* whoever put something back does not wait for a thread that has gone */
        lose(w);
    return NULL;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static void make_queue(struct pg_writers *w)
{
    pthread_condattr_t a;

    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &a);
    pthread_condattr_destroy(&a);
}

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
    make_queue(w);
    for (unsigned i = 0; i < PG_WRITERS; i++)
        w->writer[i] = (struct writer){ .all = w, .slot = i, .backoff_ms = BACKOFF_MIN_MS };
    /* The first one here: who starts hears at once that there is no database. */
    pawl_status s = connect_to(&w->writer[0], &w->writer[0].c, err);
    w->connected = pawl_is_ok(s) ? 1 : 0;
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
    pthread_mutex_lock(&w->lock);
    bool away = w->connected == 0 && w->refused;
    if (away)
        *err = w->why;
    pthread_mutex_unlock(&w->lock);
    return away;
}

static void hand_over(struct pg_writers *w, const struct job *job)
{
    struct job     *j = malloc(sizeof(*j));
    struct pawl_err err;

    if (!j) {
        job->done(pawl_fail(&err, PAWL_E_MEMORY, "store.commit", "out of memory"), &err, job->arg);
        return;
    }
    *j = *job;
    pthread_mutex_lock(&w->lock);
    put_last(w, j);
    pthread_mutex_unlock(&w->lock);
}

void pg_writers_commit(struct pg_writers *w, const struct step *s, store_done_fn *done, void *arg)
{
    hand_over(w, &(struct job){ .step = s, .done = done, .arg = arg });
}

void pg_writers_forget(struct pg_writers *w, struct pawl_view tenant, int64_t before_ms,
                       store_done_fn *done, void *arg)
{
    struct job j = { .before_ms = before_ms, .done = done, .arg = arg };

    if (tenant.n < sizeof(j.tenant) && tenant.n)
        memcpy(j.tenant, tenant.p, tenant.n);
    hand_over(w, &j);
}

void pg_writers_stop(struct pg_writers **w)
{
    struct pg_writers *old = *w;

    if (!old)
        return;
    pthread_mutex_lock(&old->lock);
    old->stop = true;
    pthread_cond_broadcast(&old->wake);
    pthread_mutex_unlock(&old->lock);
    for (unsigned i = 0; i < old->started; i++)
        pthread_join(old->writer[i].thread, NULL);
    for (unsigned i = 0; i < PG_WRITERS; i++)
        pg_close(&old->writer[i].c);
    pthread_mutex_destroy(&old->lock);
    pthread_cond_destroy(&old->wake);
    free(old);
    *w = NULL;
}
