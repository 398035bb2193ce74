/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for the threads that write: steps, and segments that are to be forgotten. An engine's
 * writer takes a group of them, applies each, makes them durable together, and says how it went.
 *
 * Invariants
 *  1. `done` is called once for each job, outside of the lock.
 *  2. What is handed over together is taken together: of a row of steps only the last wakes a
 *     thread, which would else make a transaction of the first alone.
 *  3. To forget is a job of many small transactions: after each piece it goes to the end of the
 *     queue again, until none is left or the writers stop.
 */
#ifndef VERIFIER_STORE_QUEUE_H
#define VERIFIER_STORE_QUEUE_H

#include <pthread.h>

#include "store/sql.h"

/* How a job ended. */
struct outcome {
    bool            failed;
    struct pawl_err err; /* with its code */
};

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

struct queue {
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t  wake; /* by CLOCK_MONOTONIC */
    struct job     *first, **last;
    bool            stop;      /* takes what is there, and nothing begins again */
    bool            wakes_all; /* who is woken may be one that cannot take anything now */
};

void queue_make(struct queue *q);
void queue_done(struct queue *q);
/* As the port has them: never block. */
void queue_commit(struct queue *q, const struct step *s, store_done_fn *done, void *arg);
void queue_forget(struct queue *q, struct pawl_view tenant, int64_t before_ms, store_done_fn *done,
                  void *arg);
void queue_stop(struct queue *q);

/* With the lock held: the first `most` of those that wait, or NULL. */
struct job *queue_take(struct queue *q, size_t most);
/* Nothing was done with them: they are the first again. */
void queue_put_back(struct queue *q, struct job *group);
/* Calls `done` of each, but for those that go on. why: all have failed; NULL: each has its own
 * outcome. */
void queue_finish(struct queue *q, struct job *group, const struct pawl_err *why);

size_t group_length(const struct job *group);
/* The newest time in what did not fail. */
int64_t group_newest_ms(const struct job *group, int64_t now_s);

/* Inside a transaction. The outcome is the caller's. */
PAWL_MUST_USE pawl_status job_apply(struct connection *c, struct job *j, int64_t now_s,
                                    struct pawl_err *err);
/* For events, which carry the clock of the store: like every other time, it never goes back. */
int64_t store_clock_s(int64_t newest_ms);

#endif
