/* SPDX-License-Identifier: Apache-2.0 */
/* A request: from evhttp to its handler and back. See request.c. */
#ifndef VERIFIER_HTTP_REQUEST_H
#define VERIFIER_HTTP_REQUEST_H

#include "http/conn.h"

struct http_request {
    STAILQ_ENTRY(http_request) link; /* in worker->later or turn */
    LIST_ENTRY(http_request) waits;  /* in worker->waiting, while there is a timer */
    struct event            *timer;
    struct worker           *worker;
    struct conn             *conn;  /* NULL: the client is gone */
    struct evhttp_request   *ev;    /* evhttp's, or ours when the client is gone; may be NULL */
    const struct http_route *route; /* NULL: none */
    struct evbuffer         *bytes; /* the body, ours */
    struct pawl_view         body;  /* in bytes */
    struct peer              peer;
    char                     id[HTTP_ID + 1];
    char                     segment[HTTP_SEGMENT_MAX + 1];
    char                    *query; /* NULL: none */
    size_t                   held;  /* once the client is gone: what its connection held */
    void (*fn)(struct http_request *r, void *arg);
    void *arg;
};

/* evhttp's callback for a whole request; arg is the worker. */
void request_arrived(struct evhttp_request *ev, void *arg);

/* The connection ends while the handler has the request, which holds its bytes from here on. */
void request_lost(struct http_request *r, size_t held);

/* What waits for its time has it now. */
void request_due(struct http_request *r);

/* How often the header stands in the request. */
size_t request_header_n(struct evhttp_request *ev, const char *name);

/* Writes the headers of an answer to r. */
void request_headers(struct http_request *r, const struct http_answer *a);

/* After its answer. */
void request_free(struct http_request *r);

/* "Bad Request"; never NULL. */
const char *http_reason(int status);

#endif
