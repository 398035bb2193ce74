/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One application's connection: frames in and out of a socket that never blocks us.
 *
 * Invariant: a request is read only while the socket can take an answer, so that somebody who asks
 * and does not read holds up nobody but himself. (A socket is writable while a quarter of its
 * buffer is used, which leaves room for the answers to a whole group of messages.)
 */
#ifndef AGENT_LOCAL_CONNECTION_H
#define AGENT_LOCAL_CONNECTION_H

#include <pawl/local.h>

enum conn_mode {
    CONN_ASKS = 0,
    CONN_WAITS,  /* for one message, and reads no other request before it has an answer */
    CONN_FOLLOWS /* gets each message as it comes */
};

struct conn {
    int            fd; /* -1: nobody is here */
    enum conn_mode mode;
    uint64_t       after;    /* the message that it got last */
    int64_t        until_ms; /* WAITS */
    bool           slow;     /* its reader is: it has to catch up first */
    bool           refused;  /* its last send was not queued */
    bool           watches;  /* incidents, and gets this one next */
    uint64_t       event;
};

/* One of these serves all connections. */
struct conn_room {
    uint8_t in[PAWL_LOCAL_FRAME_MAX + 1]; /* one more, to see what is longer */
    uint8_t out[PAWL_LOCAL_FRAME_MAX];
};

void conn_close(struct conn *c);

/* Notes it where it cannot. */
bool conn_can_write(struct conn *c);

/* Sends an answer; a connection that does not take it is closed. */
void conn_put(struct conn *c, struct conn_room *room, const struct pawl_local_ans *a);
/* The same for a failure. */
void conn_refuse(struct conn *c, struct conn_room *room, const struct pawl_err *err);

/* The next request: true, and either it or what is wrong with its frame. False: there is none now,
 * or the peer is gone and the connection closed. */
bool conn_get(struct conn *c, struct conn_room *room, struct pawl_local_req *ret,
              pawl_status *ret_status, struct pawl_err *err);

#endif
