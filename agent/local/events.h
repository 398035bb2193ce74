/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incidents on their way from the rounds to the applications that watch: the last few, each with a
 * number. Two threads.
 *
 * Invariant: who begins to watch gets the last event if that is a begin, since then the incident is
 * open, and every later one in order; who falls more than EVENTS_MAX behind misses the oldest.
 */
#ifndef AGENT_LOCAL_EVENTS_H
#define AGENT_LOCAL_EVENTS_H

#include <pthread.h>

#include <pawl/local.h>

enum { EVENTS_MAX = 8 };

struct events {                   /* zeros, but for .. */
    pthread_mutex_t         lock; /* .. pthread_mutex_init */
    uint64_t                n;    /* that ever were */
    struct pawl_local_event at[EVENTS_MAX];
};

void events_put(struct events *e, const char *kind, bool begin, const char *text);

/* The number that a watcher begins with. */
uint64_t events_first(struct events *e);

/* The next one: true, and *next is behind it. False: there is none yet. */
bool events_next(struct events *e, uint64_t *next, struct pawl_local_event *ret);

#endif
