/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that merges the log into the file while the writer goes on: it copies the pages that
 * were committed and waits until the disk has them. The log is begun anew by the writer (merge, in
 * writer.c), who finds nearly all of it merged, and is held up for the little that is left.
 *
 * Invariant: it begins only where a commit is not merged yet: it is asked behind one, and until it
 * is done nobody else merges. SQLite before 3.51.3 loses commits where a merge begins on a log that
 * is merged whole, while the writer begins that log anew ("WAL-reset bug").
 */

#include <pthread.h>
#include <stdlib.h>

#include "store/sqlite/sqlite.h"

/* The writer asks and takes, the merger merges. */
enum state { IDLE, ASKED, MERGED, STOPPED };

struct merger {
    struct sqlite_connection c;
    pthread_t                thread;
    pthread_mutex_t          lock;
    pthread_cond_t           wake;
    enum state               state;
};

/* With the lock held. */
static void set_state(struct merger *m, enum state s)
{
    m->state = s;
    pthread_cond_broadcast(&m->wake);
}

static bool wait_for_work(struct merger *m)
{
    pthread_mutex_lock(&m->lock);
    while (m->state == IDLE || m->state == MERGED)
        pthread_cond_wait(&m->wake, &m->lock);
    bool work = m->state == ASKED;
    pthread_mutex_unlock(&m->lock);
    return work;
}

static void say_merged(struct merger *m)
{
    pthread_mutex_lock(&m->lock);
    if (m->state == ASKED)
        set_state(m, MERGED);
    pthread_mutex_unlock(&m->lock);
}

static void *merger_main(void *arg)
{
    struct merger *m = arg;

    pthread_setname_np(pthread_self(), "merger");
    while (wait_for_work(m)) {
        /* What it could not merge is left to the writer, or to the next time: the log has it. */
        sqlite3_wal_checkpoint_v2(m->c.sql, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        say_merged(m);
    }
    return NULL;
}

pawl_status merger_start(const char *file, struct merger **ret, struct pawl_err *err)
{
    struct merger *m = calloc(1, sizeof(*m));

    if (!m)
        return pawl_fail(err, PAWL_E_MEMORY, "store.merger", "out of memory");
    pawl_status opened = connection_open(file, &m->c, err);
    if (!pawl_is_ok(opened)) {
        free(m);
        return opened;
    }
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->wake, NULL);
    int rc = pthread_create(&m->thread, NULL, merger_main, m);
    if (rc) {
        pthread_cond_destroy(&m->wake);
        pthread_mutex_destroy(&m->lock);
        connection_close(&m->c);
        free(m);
        return pawl_fail(err, PAWL_E_IO, "store.merger", "no thread (%d)", rc);
    }
    *ret = m;
    return pawl_ok();
}

void merger_ask(struct merger *m)
{
    pthread_mutex_lock(&m->lock);
    if (m->state == IDLE)
        set_state(m, ASKED);
    pthread_mutex_unlock(&m->lock);
}

bool merger_take(struct merger *m, bool wait)
{
    pthread_mutex_lock(&m->lock);
    while (wait && m->state == ASKED)
        pthread_cond_wait(&m->wake, &m->lock);
    bool merged = m->state == MERGED;
    if (merged)
        set_state(m, IDLE);
    pthread_mutex_unlock(&m->lock);
    return merged;
}

void merger_stop(struct merger **m)
{
    struct merger *old = *m;

    if (!old)
        return;
    pthread_mutex_lock(&old->lock);
    set_state(old, STOPPED);
    pthread_mutex_unlock(&old->lock);
    pthread_join(old->thread, NULL);
    connection_close(&old->c);
    pthread_cond_destroy(&old->wake);
    pthread_mutex_destroy(&old->lock);
    free(old);
    *m = NULL;
}
