/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application socket inside `run`: a thread of its own, because a round with the TPM takes
 * seconds and an application must not wait for it.
 *
 * Invariants
 *  1. It touches the open state only through flow/shared.h.
 *  2. No peer holds up another: nothing here waits for a peer, and each is read a few requests at a
 *     time.
 *
 * Format: include/pawl/local.h. Not here: who may (peer.h), fsync (group.h), one connection
 * (connection.h), what is answered (answer.h), which events there are (events.h).
 */
#ifndef AGENT_LOCAL_SERVER_H
#define AGENT_LOCAL_SERVER_H

#include "flow/shared.h"

#define SERVER_CONNECTIONS 64

struct server_config {
    const char    *path;
    const char    *users, *groups; /* as in peer.h */
    struct shared *shared;
    int            queued_fd; /* an eventfd: written when something is in the queue that was not */
};

struct server;

/* Makes the socket; who connects waits until server_start. ABSENT, RANGE, CONFLICT, IO as
 * peers_read and listen_open. */
PAWL_MUST_USE pawl_status server_open(const struct server_config *c, struct server **ret,
                                      struct pawl_err *err);
PAWL_MUST_USE pawl_status server_start(struct server *s, struct pawl_err *err);

/* Something may be in the inbox that was not. From any thread. */
void server_tell(struct server *s);

/* An incident began or is over, for those who watch. From any thread. */
void server_event(struct server *s, const char *kind, bool begin, const char *text);

/* Ends the thread and removes the socket. Also of NULL, for PAWL_CLEANUP. */
void server_close(struct server **s);

#endif
