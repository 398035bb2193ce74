/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server on libevent: TLS 1.3, routes as a table, limits, answers that may come later. It
 * knows nothing of attestation.
 *
 * Invariants
 *  1. A request and everything below it belongs to its worker's thread. The one call for other
 *     threads is http_later.
 *  2. Each handler's request is answered exactly once, by http_answer, which also releases it; a
 *     client that went away meanwhile changes nothing about that.
 *  3. Every answer carries the header Pawl-Request, those that libevent makes by itself too.
 *  4. A connection has a deadline at any time: one request, however slowly it comes and however
 *     slowly its answer is read, has request_timeout_s; between two requests idle_timeout_s; a new
 *     one 10 s to begin.
 *  5. Memory and work that one network can cause are bounded (room.c).
 *  6. A PROXY header is believed of nobody but of the configured balancers (gate.c).
 */
#ifndef VERIFIER_HTTP_HTTP_H
#define VERIFIER_HTTP_HTTP_H

#include <pawl/base.h>
#include <pawl/limits.h>

#include "network.h"

#define HTTP_WORKERS_MAX   64
#define HTTP_HELD_MAX      (64u * 1024 * 1024) /* bytes of requests in a server's memory */
#define HTTP_NAMELESS_MAX  256 /* a worker's connections whose PROXY header has not come */
#define HTTP_RETRY_AFTER_S 2
#define HTTP_ID            16 /* hex characters in the header Pawl-Request */
#define HTTP_SEGMENT_MAX   128

struct http_request;
struct http_server;

typedef void http_handler(struct http_request *r, const void *arg);

enum http_method { HTTP_NONE = 0, HTTP_GET, HTTP_POST, HTTP_METHOD_COUNT };

/* A table of these ends with path NULL. One '*' may stand for one segment of the path. */
struct http_route {
    enum http_method method;
    const char      *path;
    const char      *type; /* media type of the body that is taken; NULL: no body is expected */
    size_t           body_max;
    http_handler    *handle;
    const void      *arg;
};

/* What is sent. A body needs a type. */
struct http_answer {
    int              status;
    const char      *type;
    struct pawl_view body;
    unsigned         retry_after_s; /* 0: no such header */
    const char      *challenge;     /* of a 401: WWW-Authenticate */
    const char      *allow;         /* of a 405 */
    const char      *etag;          /* with its quotes; NULL: none */
    unsigned         max_age_s;     /* 0: no cache keeps it */
    bool             close;         /* no further request on this connection */
};

struct http_tls; /* certificate and key; see http_tls_make */

struct http_config {
    const char              *listen; /* "ADDRESS:PORT", "*:PORT", or the path of a Unix socket */
    struct http_tls         *tls;    /* NULL: plain */
    const struct http_route *routes;
    unsigned                 workers;
    void *const             *context; /* one for each worker, for its handlers */
    uint64_t                 request_timeout_s, idle_timeout_s;
    uint64_t                 connections_max; /* of all workers */
    /* Of one network, an IPv4 address or a /64 of IPv6. 0: no limit. */
    uint64_t address_rate; /* requests in a second; ten times that at once */
    uint64_t address_connections;
    /* Balancers: their connections begin with a PROXY header, which says whose they are. With tls
     * alone. */
    const struct network *proxies;
    size_t                proxy_n;
    uint64_t              body_max; /* the largest of the routes */
    /* Answers a request that no route takes (404, 405, 413, 415, 503 ..) as the API words it. */
    void (*refuse)(struct http_request *r, const struct http_answer *a, const char *why);
    /* Told of what libevent refused before there was a request, and of cut connections. */
    void (*refused)(const char *request, int status, const char *why);
};

/* Binds and starts the workers' threads. config's members must outlive the server. */
PAWL_MUST_USE pawl_status http_server_start(const struct http_config *config,
                                            struct http_server **ret, struct pawl_err *err);
/* The address it listens on, with the port that the system chose for port 0. */
const char *http_server_address(const struct http_server *s);
/* Connections and bytes of requests in memory, now. */
void http_server_load(const struct http_server *s, uint64_t *ret_connections, uint64_t *ret_held);
/* Takes no more connections, lets requests in flight end for at most grace_s, ends the threads. */
void http_server_stop(struct http_server *s, uint64_t grace_s);
/* After http_server_stop, and when nobody will call http_later any more. */
void http_server_free(struct http_server **s);

/* ---- a request, on its worker's thread ------------------------------------------------------- */

struct pawl_view http_body(const struct http_request *r);
const char      *http_id(const struct http_request *r);      /* 16 hex characters */
const char      *http_route(const struct http_request *r);   /* its path in the table, or empty */
void            *http_context(const struct http_request *r); /* of the worker */
bool             http_is_gone(const struct http_request *r); /* nobody will read the answer */
bool http_is_stopping(const struct http_request *r);         /* this is one of the last answers */
/* What stood in the path for '*': a-z A-Z 0-9 - _ . only, not empty. */
const char *http_segment(const struct http_request *r);
/* A parameter of the query, decoded. *ret_there false: there is none, and ret is left alone. Fails
 * with RANGE, naming it, if it does not fit. */
PAWL_MUST_USE pawl_status http_query(const struct http_request *r, const char *name, char *ret,
                                     size_t cap, bool *ret_there, struct pawl_err *err);

/* Sends the answer, and releases r. */
void http_answer(struct http_request *r, const struct http_answer *a);

/* ---- who asks -------------------------------------------------------------------------------- */

/* The other end's address, or what a balancer's PROXY header gives for it, as text ("192.0.2.1",
 * "2001:db8::1"); "local" on a Unix socket. */
const char *http_peer(const struct http_request *r);

/* One number for all whose addresses count as one: an IPv4 address, a /64 of IPv6. */
uint64_t http_net(const struct http_request *r);

/* These three only until the handler first returns: what they tell is gone with the client. */

/* A header of the request; NULL if it is not there. */
const char *http_header(const struct http_request *r, const char *name);
/* What stands behind "Bearer " in the header Authorization; empty without one, and for a header
 * that is none, or stands twice. Never logged. */
struct pawl_view http_bearer(const struct http_request *r);
/* SHA-256 of the SubjectPublicKeyInfo of the client's certificate, whose key TLS proved; false
 * without one. Its chain and its dates were looked at only if http_tls_files.clients is set, its
 * name never. */
bool http_client_spki(const struct http_request *r, uint8_t ret[PAWL_SPKI_PIN]);

/* ---- an answer without an end ---------------------------------------------------------------- */

#define HTTP_STREAM_BACKLOG (1024u * 1024)

/* 200, and the request stays: more follows by http_stream_send until http_stream_end, which
 * releases it and closes the connection. It has no deadline; a reader that takes nothing of what
 * waits for it in idle_timeout_s, or lets more than HTTP_STREAM_BACKLOG bytes gather, is cut off:
 * http_is_gone says so. Between two pieces it waits by http_after: a server that stops runs that at
 * once, and takes no further one, which is the time for http_stream_end. */
void http_stream_begin(struct http_request *r, const char *type);
void http_stream_send(struct http_request *r, struct pawl_view bytes);
void http_stream_end(struct http_request *r);
/* The reader has not taken all of what was sent. */
bool http_stream_waits(const struct http_request *r);

/* From any thread, once at a time: runs fn on the request's worker. After http_server_stop it runs
 * in http_server_free. */
void http_later(struct http_request *r, void (*fn)(struct http_request *r, void *arg), void *arg);

/* On the request's worker: runs fn when everything that arrived together was handled, for all such
 * requests in a row. Always, whatever becomes of the client and the server. */
void http_after_turn(struct http_request *r, void (*fn)(struct http_request *r, void *arg),
                     void                *arg);

/* Inside of such an fn: another one is next. */
bool http_turn_goes_on(const struct http_request *r);

/* Runs fn on the request's worker after that time, or earlier when the server stops. False, and fn
 * is not called, when it stops already: then the request is to be answered now. */
PAWL_MUST_USE bool http_after(struct http_request *r, unsigned                     ms,
                              void (*fn)(struct http_request *r, void *arg), void *arg);

/* ---- TLS ------------------------------------------------------------------------------------- */

/* PEM files. */
struct http_tls_files {
    const char *certificate, *key;
    bool        ask_client; /* for a certificate; one that has none may connect too */
    const char *clients;    /* CA certificates: no client's certificate but below one of them is
                             * taken. NULL: any is, and who trusts it goes by its key */
};

/* TLS 1.3 only; no tickets, no resumption, no early data. */
PAWL_MUST_USE pawl_status http_tls_make(const struct http_tls_files *files, struct http_tls **ret,
                                        struct pawl_err *err);
/* From any thread: new connections get these files, those that are there go on. When it fails
 * nothing changed. */
PAWL_MUST_USE pawl_status http_tls_renew(struct http_tls *t, const struct http_tls_files *files,
                                         struct pawl_err *err);
/* When the certificate in use ends, Unix time; 0: not known. */
int64_t http_tls_expires_s(struct http_tls *t);
void    http_tls_free(struct http_tls **t);

#endif
