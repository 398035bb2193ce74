/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes. It takes everything that is queued and commits it in one transaction:
 * a thousand steps share one fsync, and while it waits for the disk the next batch gathers.
 *
 * Invariants
 *  1. Each step has a savepoint: one that fails takes nothing of the others with it.
 *  2. `done` is called once for each step, after COMMIT returned (queue.h).
 *  3. When COMMIT fails, or a failure ended the whole transaction, every step of the batch fails:
 *     none of them is durable.
 *  4. The log is begun anew after MERGE_PAGES to twice as many, however many read: see merge.
 */

#include <stdatomic.h>
#include <stdlib.h>

#include "metrics.h"
#include "point.h"
#include "store/queue.h"
#include "store/sqlite/sqlite.h"

#define MERGE_PAGES 4000 /* 16 MB: a page that many batches change is merged once */
#define WAIT_MS     100

struct writer {
    struct sqlite_connection c;
    struct history           history;
    struct merger           *merger;
    int                      merged;    /* pages of the log when it was last tried */
    atomic_llong             newest_ms; /* what history says, for every thread */
    pthread_t                thread;
    struct queue             queue;
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

/* The job's own result stands in *j; what is returned is the batch's. */
static pawl_status apply_one(struct sqlite_connection *c, struct job *j, int64_t now_s,
                             struct pawl_err *err)
{
    PAWL_TRY(run(c, OWN_SAVEPOINT, err));
    pawl_status s = job_apply(&c->base, j, now_s, &j->outcome.err);
    j->outcome.failed = !pawl_is_ok(s);
    /* A full disk may have ended the transaction, and the savepoint with it. */
    if (!in_transaction(c)) {
        *err = j->outcome.err;
        return s;
    }
    if (j->outcome.failed)
        PAWL_TRY(run(c, OWN_ROLLBACK_TO, err));
    return run(c, OWN_RELEASE, err);
}

static pawl_status apply_all(struct writer *w, struct job *batch, struct history *ret,
                             struct pawl_err *err)
{
    struct sqlite_connection *c = &w->c;
    int64_t                   now_s = store_clock_s(w->history.newest_ms);

    PAWL_TRY(run(c, OWN_BEGIN, err));
    for (struct job *j = batch; j; j = j->next)
        PAWL_TRY(apply_one(c, j, now_s, err));
    PAWL_TRY(history_count(c, group_newest_ms(batch, now_s), ret, err));
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

static void commit_batch(struct writer *w, struct job *batch)
{
    struct pawl_err err;
    struct history  h = w->history;
    pawl_status     s = apply_all(w, batch, &h, &err);

    if (in_transaction(&w->c))
        sqlite3_exec(w->c.sql, "ROLLBACK", NULL, NULL, NULL);
    if (pawl_is_ok(s)) {
        take_history(w, &h);
        metric_observe(HISTOGRAM_GROUP, 0, group_length(batch));
    }
    queue_finish(&w->queue, batch, pawl_is_ok(s) ? NULL : &err);
}

/* After each commit. SQLite by itself begins the log anew only when it happens to meet no reader,
 * and where requests come one after the other there always is one: the log grew with them. So those
 * who read are waited for: a request is through in about a millisecond. Whoever takes longer than
 * WAIT_MS, to make a copy, is not waited for, and for him the log grows. Before that the merger did
 * most of the work beside us; only where the log is twice as long by then we wait for it. */
static int merge(void *arg, sqlite3 *sql, const char *database, int pages)
{
    struct writer *w = arg;

    if (pages < w->merged) /* it began anew meanwhile */
        w->merged = 0;
    if (pages - w->merged < MERGE_PAGES)
        return SQLITE_OK;
    merger_ask(w->merger);
    if (!merger_take(w->merger, pages - w->merged >= 2 * MERGE_PAGES))
        return SQLITE_OK;
    sqlite3_busy_timeout(sql, WAIT_MS);
    int rc = sqlite3_wal_checkpoint_v2(sql, database, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    sqlite3_busy_timeout(sql, BUSY_TIMEOUT_MS);
    w->merged = rc == SQLITE_OK ? 0 : pages;
    return SQLITE_OK; /* what was committed is durable, merged or not */
}

static struct job *take_all(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (!q->first && !q->stop)
        pthread_cond_wait(&q->wake, &q->lock);
    struct job *batch = queue_take(q, SIZE_MAX);
    pthread_mutex_unlock(&q->lock);
    return batch;
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct job    *batch;

    pthread_setname_np(pthread_self(), "writer");
    while ((batch = take_all(&w->queue)))
        commit_batch(w, batch);
    return NULL;
}

pawl_status writer_start(const char *file, struct sqlite_connection *c, struct history *h,
                         struct writer **ret, struct pawl_err *err)
{
    struct writer *w = calloc(1, sizeof(*w));

    if (!w)
        return pawl_fail(err, PAWL_E_MEMORY, "store.writer", "out of memory");
    pawl_status merging = merger_start(file, &w->merger, err);
    if (!pawl_is_ok(merging)) {
        free(w);
        return merging;
    }
    w->c = *c;
    w->history = *h;
    w->newest_ms = h->newest_ms;
    sqlite3_wal_hook(w->c.sql, merge, w);
    queue_make(&w->queue);
    int rc = pthread_create(&w->thread, NULL, writer_main, w);
    if (rc) {
        merger_stop(&w->merger);
        queue_done(&w->queue);
        free(w);
        return pawl_fail(err, PAWL_E_IO, "store.writer", "no thread (%d)", rc);
    }
    *c = (struct sqlite_connection){ 0 };
    h->file = -1;
    *ret = w;
    return pawl_ok();
}

struct queue *writer_queue(struct writer *w)
{
    return &w->queue;
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
    queue_stop(&old->queue);
    pthread_join(old->thread, NULL);
    queue_done(&old->queue);
    merger_stop(&old->merger);
    connection_close(&old->c);
    history_close(&old->history);
    free(old);
    *w = NULL;
}
