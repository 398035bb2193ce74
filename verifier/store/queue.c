/* SPDX-License-Identifier: Apache-2.0 */
#include "store/queue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FORGET_PIECE 200 /* segments, of 256 KiB at most */

void queue_make(struct queue *q)
{
    pthread_condattr_t a;

    *q = (struct queue){ .last = &q->first };
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&q->wake, &a);
    pthread_condattr_destroy(&a);
}

void queue_done(struct queue *q)
{
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->wake);
}

void queue_stop(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->stop = true;
    pthread_cond_broadcast(&q->wake);
    pthread_mutex_unlock(&q->lock);
}

/* ---- in -------------------------------------------------------------------------------------- */

/* With the lock held. */
static void put_last(struct queue *q, struct job *j)
{
    j->next = NULL;
    *q->last = j;
    q->last = &j->next;
}

/* With the lock held. */
static void wake(struct queue *q)
{
    if (q->wakes_all)
        pthread_cond_broadcast(&q->wake);
    else
        pthread_cond_signal(&q->wake);
}

static void hand_over(struct queue *q, const struct job *job)
{
    struct job     *j = malloc(sizeof(*j));
    bool            goes_on = job->step && job->step->goes_on;
    struct pawl_err err;

    pthread_mutex_lock(&q->lock);
    if (j) {
        *j = *job;
        put_last(q, j);
    }
    if (!goes_on)
        wake(q);
    pthread_mutex_unlock(&q->lock);
    if (!j)
        job->done(pawl_fail(&err, PAWL_E_MEMORY, "store.commit", "out of memory"), &err, job->arg);
}

void queue_commit(struct queue *q, const struct step *s, store_done_fn *done, void *arg)
{
    hand_over(q, &(struct job){ .step = s, .done = done, .arg = arg });
}

void queue_forget(struct queue *q, struct pawl_view tenant, int64_t before_ms, store_done_fn *done,
                  void *arg)
{
    struct job j = { .before_ms = before_ms, .done = done, .arg = arg };

    if (tenant.n < sizeof(j.tenant) && tenant.n)
        memcpy(j.tenant, tenant.p, tenant.n);
    hand_over(q, &j);
}

/* ---- out ------------------------------------------------------------------------------------- */

struct job *queue_take(struct queue *q, size_t most)
{
    struct job *first = q->first, *j = first;

    if (!first)
        return NULL;
    for (size_t n = 1; n < most && j->next; n++)
        j = j->next;
    q->first = j->next;
    j->next = NULL;
    if (!q->first)
        q->last = &q->first;
    else
        pthread_cond_signal(&q->wake);
    return first;
}

void queue_put_back(struct queue *q, struct job *group)
{
    struct job *last = group;

    while (last->next)
        last = last->next;
    pthread_mutex_lock(&q->lock);
    if (!q->first)
        q->last = &last->next;
    last->next = q->first;
    q->first = group;
    pthread_cond_broadcast(&q->wake);
    pthread_mutex_unlock(&q->lock);
}

/* True if it goes to the end of the queue once more. */
static bool put_again(struct queue *q, struct job *j)
{
    if (!j->again || j->outcome.failed)
        return false;
    pthread_mutex_lock(&q->lock);
    bool again = !q->stop;
    if (again) {
        put_last(q, j);
        wake(q);
    }
    pthread_mutex_unlock(&q->lock);
    return again;
}

void queue_finish(struct queue *q, struct job *group, const struct pawl_err *why)
{
    while (group) {
        struct job *j = group;
        group = j->next;
        if (!why && put_again(q, j))
            continue;
        const struct pawl_err *err = why ? why : &j->outcome.err;
        pawl_status s = why || j->outcome.failed ? (pawl_status){ err->code } : pawl_ok();
        j->done(s, err, j->arg);
        free(j);
    }
}

/* ---- a group, a job -------------------------------------------------------------------------- */

size_t group_length(const struct job *group)
{
    size_t n = 0;

    for (; group; group = group->next)
        n++;
    return n;
}

int64_t group_newest_ms(const struct job *group, int64_t now_s)
{
    int64_t newest_ms = 0;

    for (const struct job *j = group; j; j = j->next) {
        int64_t ms = j->step && !j->outcome.failed ? step_newest_ms(j->step, now_s) : 0;
        newest_ms = ms > newest_ms ? ms : newest_ms;
    }
    return newest_ms;
}

static pawl_status forget_piece(struct connection *c, struct job *j, struct pawl_err *err)
{
    QUERY    q = query_on(c, SQL_SEGMENTS_FORGET, "segment");
    uint64_t n;

    query_text(&q, j->tenant);
    query_u64(&q, FORGET_PIECE);
    query_u64(&q, (uint64_t)j->before_ms);
    PAWL_TRY(query_run_count(&q, &n, err));
    j->again = n == FORGET_PIECE;
    return pawl_ok();
}

pawl_status job_apply(struct connection *c, struct job *j, int64_t now_s, struct pawl_err *err)
{
    return j->step ? step_apply(c, j->step, now_s, err) : forget_piece(c, j, err);
}

int64_t store_clock_s(int64_t newest_ms)
{
    int64_t now_s = (int64_t)time(NULL), newest_s = newest_ms / 1000;

    return now_s > newest_s ? now_s : newest_s;
}
