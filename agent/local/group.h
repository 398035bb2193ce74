/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that become durable together: those that came within GROUP_MS, or GROUP_MAX of them,
 * share one fsync, and only then is each of them answered "queued".
 *
 * Invariants
 *  1. Nobody is told "queued" before the sync returned.
 *  2. Who is told of a failure can send again: what was put then is taken off again.
 */
#ifndef AGENT_LOCAL_GROUP_H
#define AGENT_LOCAL_GROUP_H

#include "flow/shared.h"
#include "local/connection.h"

#define GROUP_MS  200
#define GROUP_MAX 16

struct group {
    size_t   n;
    int64_t  until_ms; /* of the first one's time */
    uint64_t opened;   /* of which state (flow/shared.h) */
    struct {
        struct conn *from; /* NULL: gone since */
        uint64_t     id;
    } message[GROUP_MAX];
};

bool group_is_full(const struct group *g);
bool group_has(const struct group *g, const struct conn *c);
void group_leave(struct group *g, const struct conn *c); /* the connection is closed */

/* Puts one message into the queue. On failure it is in no group. */
PAWL_MUST_USE pawl_status group_add(struct group *g, struct shared *s, struct conn *from,
                                    struct pawl_view body, int64_t now_ms, struct pawl_err *err);

/* Makes all of them durable and answers them; the group is empty then. True: something is in the
 * queue that was not. */
bool group_commit(struct group *g, struct shared *s, struct conn_room *room);

#endif
