/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: what evhttp does not do for one. See conn.c. */
#ifndef VERIFIER_HTTP_CONN_H
#define VERIFIER_HTTP_CONN_H

#include <event2/bufferevent.h>
#include <openssl/ssl.h>

#include "http/worker.h"

struct conn {
    LIST_ENTRY(conn) link;
    struct worker            *worker;
    struct bufferevent       *bev; /* evhttp's */
    struct evhttp_connection *ev;  /* evhttp's; NULL until its first turn of the loop */
    SSL                      *ssl; /* bev's; NULL: plain */
    struct event             *timer;
    struct http_request      *request;   /* with its handler; NULL otherwise */
    size_t                    held;      /* bytes that this connection has in memory */
    bool                      closing;   /* after the answer that is being sent */
    bool                      idle;      /* between two requests */
    bool                      refused;   /* over the process's limit of held bytes */
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

/* Ends the connection now. */
void conn_close(struct conn *c);

/* Releases what is ours of a connection that evhttp has released. */
void conn_forget(struct conn *c);

/* 16 random hex characters. */
void http_make_id(char ret[HTTP_ID + 1]);

#endif
