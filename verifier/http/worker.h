/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: one thread, one event loop, one listener of its own on the shared port. */
#ifndef VERIFIER_HTTP_WORKER_H
#define VERIFIER_HTTP_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/http.h>

#include "http/crowd.h"
#include "http/http.h"
#include "pace.h"

struct conn;

/* What all workers of a server share. */
struct http_shared {
    struct http_config config;
    atomic_size_t      held;  /* bytes of requests in memory */
    atomic_size_t      conns; /* that were let in */
    struct crowd       crowd;
    struct pace       *requests; /* of each network */
    struct pace       *told;     /* how often the log speaks of one */
};

LIST_HEAD(conn_list, conn);
TAILQ_HEAD(gate_queue, gate);
STAILQ_HEAD(later_queue, http_request);
LIST_HEAD(waiting_list, http_request);

struct worker {
    struct http_shared *shared;
    void               *context;

    /* The thread's own. */
    struct event_base          *base;
    struct evhttp              *http;
    struct evhttp_bound_socket *bound; /* NULL once it takes no more connections */
    struct event               *wake, *limit;
    struct event               *rest;  /* until it tries to accept again */
    struct conn_list            conns; /* the last that stirred is the first */
    struct gate_queue           gates; /* the first has waited for the longest time */
    unsigned                    gate_n;
    struct waiting_list         waiting; /* requests that http_after holds */
    struct later_queue          turn;    /* those that http_after_turn holds */
    struct event               *turn_end;
    struct conn               **by_fd; /* finds the connection of a request */
    size_t                      by_fd_n;
    uint8_t                     random[64 * HTTP_ID / 2]; /* for ids; the first random_n are new */
    size_t                      random_n;
    time_t                      date_s; /* when date was written */
    char                        date[32];
    bool                        draining;
    unsigned                    accepted;      /* since it last looked at what it has */
    bool                        short_of_room; /* and said so; until a connection ends */

    /* Between threads, under lock. */
    pthread_mutex_t    lock;
    struct later_queue later;
    bool               stop;
    uint64_t           grace_s;
    int                wake_fd;

    pthread_t thread;
    bool      running;
};

/* Takes over listen_fd. */
PAWL_MUST_USE pawl_status worker_start(struct worker *w, struct http_shared *shared, void *context,
                                       int listen_fd, struct pawl_err *err);
void                      worker_stop(struct worker *w, uint64_t grace_s); /* does not wait */
void                      worker_join(struct worker *w);
/* Runs what was still to be run later, and releases everything. */
void worker_done(struct worker *w);

/* A connection was taken, and will be looked at in this turn of the loop. */
void worker_conn_opened(struct worker *w);

/* A connection ended; the last one ends a draining worker. */
void worker_conn_closed(struct worker *w);

#endif
