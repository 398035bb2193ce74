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
 */

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "store/sqlite.h"

struct job {
    struct job        *next;
    const struct step *step;
    store_done_fn     *done;
    void              *arg;
    pawl_status        status;
    struct pawl_err    err;
};

struct writer {
    struct connection c;
    pthread_t         thread;
    pthread_mutex_t   lock; /* of what follows */
    pthread_cond_t    wake;
    struct job       *first, **last;
    bool              stop;
};

static pawl_status run(struct connection *c, enum statement which, struct pawl_err *err)
{
    QUERY q = query_on(c, which, "commit");

    return query_run(&q, err);
}

static bool in_transaction(const struct connection *c)
{
    return sqlite3_get_autocommit(c->sql) == 0;
}

/* The step's own result stands in *j; what is returned is the batch's. */
static pawl_status apply_one(struct connection *c, struct job *j, int64_t now_s,
                             struct pawl_err *err)
{
    PAWL_TRY(run(c, SQL_SAVEPOINT, err));
    j->status = step_apply(c, j->step, now_s, &j->err);
    /* A full disk may have ended the transaction, and the savepoint with it. */
    if (!in_transaction(c)) {
        *err = j->err;
        return j->status;
    }
    if (!pawl_is_ok(j->status))
        PAWL_TRY(run(c, SQL_ROLLBACK_TO, err));
    return run(c, SQL_RELEASE, err);
}

static pawl_status apply_all(struct connection *c, struct job *batch, struct pawl_err *err)
{
    int64_t now_s = (int64_t)time(NULL);

    PAWL_TRY(run(c, SQL_BEGIN, err));
    for (struct job *j = batch; j; j = j->next)
        PAWL_TRY(apply_one(c, j, now_s, err));
    return run(c, SQL_COMMIT, err);
}

static void commit_batch(struct connection *c, struct job *batch)
{
    struct pawl_err err;
    pawl_status     s = apply_all(c, batch, &err);

    if (in_transaction(c))
        sqlite3_exec(c->sql, "ROLLBACK", NULL, NULL, NULL);
    while (batch) {
        struct job *j = batch;
        batch = j->next;
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
        commit_batch(&w->c, batch);
    }
}

pawl_status writer_start(struct connection *c, struct writer **ret, struct pawl_err *err)
{
    struct writer *w = calloc(1, sizeof(*w));

    if (!w)
        return pawl_fail(err, PAWL_E_MEMORY, "store.writer", "out of memory");
    w->c = *c;
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
    *c = (struct connection){ 0 };
    *ret = w;
    return pawl_ok();
}

void writer_commit(struct writer *w, const struct step *s, store_done_fn *done, void *arg)
{
    struct job     *j = calloc(1, sizeof(*j));
    struct pawl_err err;

    if (!j) {
        done(pawl_fail(&err, PAWL_E_MEMORY, "store.commit", "out of memory"), &err, arg);
        return;
    }
    *j = (struct job){ .step = s, .done = done, .arg = arg };
    pthread_mutex_lock(&w->lock);
    *w->last = j;
    w->last = &j->next;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
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
    free(old);
    *w = NULL;
}
