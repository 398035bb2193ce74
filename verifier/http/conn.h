/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: what evhttp does not do for one. See conn.c. */
#ifndef VERIFIER_HTTP_CONN_H
#define VERIFIER_HTTP_CONN_H

#include <event2/bufferevent.h>
#include <openssl/ssl.h>

#include "http/peer.h"
#include "http/worker.h"

struct conn {
    LIST_ENTRY(conn) link;
    struct worker            *worker;
    struct bufferevent       *bev; /* evhttp's */
    struct evhttp_connection *ev;  /* evhttp's; NULL until its first turn of the loop */
    SSL                      *ssl; /* bev's; NULL: plain */
    struct event             *timer;
    struct peer               peer;
    struct gate              *gate;      /* a PROXY header has still to come; NULL: none has */
    struct crowd_net         *net;       /* its peer's; NULL before it is known */
    struct http_request      *request;   /* with its handler; NULL otherwise */
    size_t                    held;      /* bytes that this connection has in memory */
    unsigned                  lines;     /* of its request, as far as they count */
    bool                      refused;   /* over the process's limit of held bytes */
    bool                      packing;   /* its input is being put in order */
    bool                      closing;   /* after the answer that is being sent */
    bool                      entered;   /* counted among the connections */
    bool                      paid;      /* its first request was counted when it came */
    bool                      idle;      /* between two requests */
    bool                      streaming; /* the request's answer has begun and has no end yet */
    bool                      cut;       /* such a reader is too slow: it is about to be closed */
    bool                      answering; /* what goes to the output now is our answer */
    char                      page[256]; /* in place of what evhttp answers; empty: nothing */
};

/* evhttp's factory of bufferevents; arg is the worker. */
struct bufferevent *conn_open(struct event_base *base, void *arg);

/* NULL for a connection that could not be set up. */
struct conn *conn_of(struct worker *w, struct evhttp_request *ev);

/* Hands the answer to evhttp. Once it was sent the connection waits for the next request, or ends.
 */
void conn_send(struct conn *c, struct evhttp_request *ev, int status, bool close);

/* An answer in pieces: its headers, a piece, its end, which closes the connection. */
void conn_stream(struct conn *c, struct evhttp_request *ev);
void conn_stream_send(struct conn *c, struct evhttp_request *ev, struct pawl_view bytes);
void conn_stream_end(struct conn *c, struct evhttp_request *ev);
/* Bytes that the reader has not taken yet. */
size_t conn_stream_waits(const struct conn *c);

/* The worker ends: a connection without a request may send one in this moment, and gets its answer;
 * then, or after a short while, it is closed. */
void conn_drain(struct conn *c);

/* Ends the connection now. */
void conn_close(struct conn *c);

/* Releases what is ours of a connection that evhttp has released. */
void conn_forget(struct conn *c);

/* 16 random hex characters. */
void http_make_id(struct worker *w, char ret[HTTP_ID + 1]);

#endif
