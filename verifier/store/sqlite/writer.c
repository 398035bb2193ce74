/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes. It takes everything that is queued and commits it in one transaction:
 * a thousand steps share one fsync, and while it waits for the disk the next batch gathers.
 *
 * Invariants
 *  1. Each step has a savepoint: one that fails takes nothing of the others with it.
 *  2. `done` is called once for each step, after COMMIT returned, outside of the lock.
 *  3. When COMMIT fails, or a failure ended the whole transaction, every step of the batch fails:
 *     none of them is durable.
 *  4. To forget is a job of many small transactions: after each piece it goes to the end of the
 *     queue again.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "metrics.h"
#include "point.h"
#include "store/sqlite/sqlite.h"

#define FORGET_PIECE 200 /* segments, of 256 KiB at most */

struct job {
    struct job        *next;
    const struct step *step;                        /* NULL: to forget segments .. */
    char               tenant[PAWL_TENANT_MAX + 1]; /* .. of this tenant .. */
    int64_t            before_ms;                   /* .. older than this .. */
    bool               again;                       /* .. and there are more */
    store_done_fn     *done;
    void              *arg;
    pawl_status        status;
    struct pawl_err    err;
};

struct writer {
    struct sqlite_connection c;
    struct history           history;
    atomic_llong             newest_ms; /* what history says, for every thread */
    pthread_t                thread;
    pthread_mutex_t          lock; /* of what follows */
    pthread_cond_t           wake;
    struct job              *first, **last;
    bool                     stop;
};

static pawl_status run(struct sqlite_connection *c, unsigned which, struct pawl_err *err)
{
    QUERY q = query_on(&c->base, which, "commit");

    return query_run(&q, err);
}

static bool in_transaction(const struct sqlite_connection *c)
{
    return sqlite3_get_autocommit(c->sql) == 0;
}

static pawl_status forget_piece(struct sqlite_connection *c, struct job *j, struct pawl_err *err)
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

/* The step's own result stands in *j; what is returned is the batch's. */
static pawl_status apply_one(struct sqlite_connection *c, struct job *j, int64_t now_s,
                             struct pawl_err *err)
{
    PAWL_TRY(run(c, OWN_SAVEPOINT, err));
    j->status = j->step ? step_apply(&c->base, j->step, now_s, &j->err)
                        : forget_piece(c, j, &j->err);
    /* A full disk may have ended the transaction, and the savepoint with it. */
    if (!in_transaction(c)) {
        *err = j->err;
        return j->status;
    }
    if (!pawl_is_ok(j->status))
        PAWL_TRY(run(c, OWN_ROLLBACK_TO, err));
    return run(c, OWN_RELEASE, err);
}

/* Events carry the clock of the store: like every other time, it never goes back. */
static int64_t clock_s(const struct writer *w)
{
    int64_t now_s = (int64_t)time(NULL), newest_s = w->history.newest_ms / 1000;

    return now_s > newest_s ? now_s : newest_s;
}

static pawl_status apply_all(struct writer *w, struct job *batch, struct history *ret,
                             struct pawl_err *err)
{
    struct sqlite_connection *c = &w->c;
    int64_t                   now_s = clock_s(w), newest_ms = 0;

    PAWL_TRY(run(c, OWN_BEGIN, err));
    for (struct job *j = batch; j; j = j->next) {
        PAWL_TRY(apply_one(c, j, now_s, err));
        int64_t ms = j->step && pawl_is_ok(j->status) ? step_newest_ms(j->step, now_s) : 0;
        newest_ms = ms > newest_ms ? ms : newest_ms;
    }
    PAWL_TRY(history_count(c, newest_ms, ret, err));
    point("store.committing");
    PAWL_TRY(run(c, OWN_COMMIT, err));
    point("store.committed");
    return pawl_ok();
}

static void take_history(struct writer *w, const struct history *h)
{
    w->history = *h;
    atomic_store(&w->newest_ms, h->newest_ms);
    history_follow(h);
}

/* With the lock held. */
static void put_last(struct writer *w, struct job *j)
{
    j->next = NULL;
    *w->last = j;
    w->last = &j->next;
    pthread_cond_signal(&w->wake);
}

/* True if it goes to the end of the queue once more. */
static bool put_again(struct writer *w, struct job *j)
{
    pthread_mutex_lock(&w->lock);
    bool again = j->again && !w->stop;
    if (again)
        put_last(w, j);
    pthread_mutex_unlock(&w->lock);
    return again;
}

static size_t length(const struct job *batch)
{
    size_t n = 0;

    for (; batch; batch = batch->next)
        n++;
    return n;
}

static void commit_batch(struct writer *w, struct job *batch)
{
    struct pawl_err err;
    struct history  h = w->history;
    pawl_status     s = apply_all(w, batch, &h, &err);

    if (in_transaction(&w->c))
        sqlite3_exec(w->c.sql, "ROLLBACK", NULL, NULL, NULL);
    if (pawl_is_ok(s)) {
        take_history(w, &h);
        metric_observe(HISTOGRAM_GROUP, 0, length(batch));
    }
    while (batch) {
        struct job *j = batch;
        batch = j->next;
        if (pawl_is_ok(s) && put_again(w, j))
            continue;
        if (pawl_is_ok(s))
            j->done(j->status, &j->err, j->arg);
        else
            j->done(s, &err, j->arg);
        free(j);
    }
}

static struct job *take_all(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->first && !w->stop)
        pthread_cond_wait(&w->wake, &w->lock);
    struct job *batch = w->first;
    w->first = NULL;
    w->last = &w->first;
    pthread_mutex_unlock(&w->lock);
    return batch;
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;

    for (;;) {
        struct job *batch = take_all(w);
        if (!batch)
            return NULL;
        commit_batch(w, batch);
    }
}

pawl_status writer_start(struct sqlite_connection *c, struct history *h, struct writer **ret,
                         struct pawl_err *err)
{
    struct writer *w = calloc(1, sizeof(*w));

    if (!w)
        return pawl_fail(err, PAWL_E_MEMORY, "store.writer", "out of memory");
    w->c = *c;
    w->history = *h;
    w->newest_ms = h->newest_ms;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    int rc = pthread_create(&w->thread, NULL, writer_main, w);
    if (rc) {
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->wake);
        free(w);
        return pawl_fail(err, PAWL_E_IO, "store.writer", "no thread (%d)", rc);
    }
    *c = (struct sqlite_connection){ 0 };
    h->file = -1;
    *ret = w;
    return pawl_ok();
}

static void hand_over(struct writer *w, const struct job *job)
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

void writer_commit(struct writer *w, const struct step *s, store_done_fn *done, void *arg)
{
    hand_over(w, &(struct job){ .step = s, .done = done, .arg = arg });
}

void writer_forget(struct writer *w, struct pawl_view tenant, int64_t before_ms,
                   store_done_fn *done, void *arg)
{
    struct job j = { .before_ms = before_ms, .done = done, .arg = arg };

    if (tenant.n < sizeof(j.tenant) && tenant.n)
        memcpy(j.tenant, tenant.p, tenant.n);
    hand_over(w, &j);
}

int64_t writer_newest_ms(struct writer *w)
{
    return atomic_load(&w->newest_ms);
}

void writer_stop(struct writer **w)
{
    struct writer *old = *w;

    if (!old)
        return;
    pthread_mutex_lock(&old->lock);
    old->stop = true;
    pthread_cond_signal(&old->wake);
    pthread_mutex_unlock(&old->lock);
    pthread_join(old->thread, NULL);
    pthread_mutex_destroy(&old->lock);
    pthread_cond_destroy(&old->wake);
    connection_close(&old->c);
    history_close(&old->history);
    free(old);
    *w = NULL;
}
