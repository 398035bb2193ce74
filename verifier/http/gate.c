/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a connection is. One from a balancer that the configuration names begins with a PROXY
 * header, and is let in, counted and limited as the address's that stands there. As a rule the
 * header is there with the connection; otherwise TLS reads through a BIO that looks for it first.
 *
 * Invariants
 *  1. No byte of a header reaches TLS, and no byte of TLS is taken for a header's: just what
 *     belongs to it is read.
 *  2. Nobody else's connection is looked at: a header there is TLS's to refuse.
 *  3. A connection without its header has no room (room.c) and counts for no address. A worker has
 *     HTTP_NAMELESS_MAX of them: the one that waited for the longest time makes room. A balancer
 *     may hold its header back until its client speaks, so strangers can cause them.
 *
 * Not here: what a header looks like (proxy.c), how long one may take (conn.c).
 */
#include "http/gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <openssl/bio.h>

#include "http/proxy.h"
#include "http/room.h"

enum came { CAME_NONE = 0, CAME_WHOLE, CAME_PART };

struct gate {
    TAILQ_ENTRY(gate) link;
    struct conn *conn;
    bool         waits; /* in the worker's queue */
    size_t       n;
    uint8_t      b[PROXY_HEADER_MAX];
};

/* ---- a header from the socket ---------------------------------------------------------------- */

/* Peeks, and then reads no more than is the header's. */
static pawl_status receive(int fd, struct gate *g, bool *ret_whole, struct pawl_err *err)
{
    size_t size = 0;

    *ret_whole = false;
    while (size == 0 || g->n < size) {
        ssize_t got = recv(fd, g->b + g->n, sizeof(g->b) - g->n, MSG_PEEK | MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return pawl_ok();
        if (got <= 0)
            return pawl_fail(err, g->n ? PAWL_E_SHORT : PAWL_E_ABSENT, "header",
                             "the connection ends after %zu bytes", g->n);
        size_t here = g->n + (size_t)got;
        PAWL_TRY(proxy_size(pawl_view(g->b, here), &size, err));
        size_t its = size && size < here ? size : here;
        if (recv(fd, g->b + g->n, its - g->n, MSG_DONTWAIT) != (ssize_t)(its - g->n))
            return pawl_fail(err, PAWL_E_IO, "header", "cannot be read");
        g->n = its;
    }
    *ret_whole = true;
    return pawl_ok();
}

static pawl_status look(struct conn *c, enum came *ret, struct pawl_err *err)
{
    struct proxy_header h;
    bool                whole;

    PAWL_TRY(receive(bufferevent_getfd(c->bev), c->gate, &whole, err));
    *ret = CAME_PART;
    if (!whole)
        return pawl_ok();
    PAWL_TRY(proxy_parse(pawl_view(c->gate->b, c->gate->n), &h, err));
    if (h.has_source)
        c->peer = h.source;
    *ret = CAME_WHOLE;
    return pawl_ok();
}

/* CAME_NONE: the connection is to be closed. */
static enum came pass(struct conn *c)
{
    enum came       came = CAME_NONE;
    struct pawl_err err;
    char            why[sizeof(err.where) + sizeof(err.why) + 32];

    if (!pawl_is_ok(look(c, &came, &err))) {
        /* A probe that only connects is no news. */
        if (err.code != PAWL_E_ABSENT) {
            snprintf(why, sizeof(why), "sent a bad PROXY header: %s: %s", err.where, err.why);
            room_tell(c, why);
        }
        return CAME_NONE;
    }
    if (came == CAME_WHOLE) {
        gate_leave(c);
        if (!room_enter(c))
            return CAME_NONE;
    }
    return came;
}

/* ---- before TLS ------------------------------------------------------------------------------ */

/* The connection is the BIO's data as long as its header is awaited. */
static int read_behind_header(BIO *b, char *to, int n)
{
    struct conn *c = BIO_get_data(b);
    enum came    came = c ? pass(c) : CAME_WHOLE;

    BIO_clear_retry_flags(b);
    if (came == CAME_PART)
        BIO_set_retry_read(b);
    if (came != CAME_WHOLE)
        return -1;
    n = BIO_read(BIO_next(b), to, n);
    BIO_copy_next_retry(b);
    return n;
}

static long control(BIO *b, int command, long n, void *p)
{
    return BIO_ctrl(BIO_next(b), command, n, p);
}

static BIO_METHOD *method; /* of the process, as its kinds of BIO are */

static void make_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "PROXY header");

    if (m && BIO_meth_set_read(m, read_behind_header) && BIO_meth_set_ctrl(m, control))
        method = m;
    else
        BIO_meth_free(m);
}

static bool put_before_tls(struct conn *c)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    BIO                  *below = SSL_get_rbio(c->ssl);

    pthread_once(&once, make_method);
    BIO *b = method ? BIO_new(method) : NULL;
    if (!b)
        return false;
    BIO_set_data(b, c);
    BIO_set_init(b, 1);
    BIO_up_ref(below);
    BIO_push(b, below);
    SSL_set0_rbio(c->ssl, b);
    return true;
}

/* ---- enter and leave ------------------------------------------------------------------------- */

static bool is_balancer(const struct conn *c)
{
    const struct http_config *config = &c->worker->shared->config;

    for (size_t i = 0; c->ssl && i < config->proxy_n; i++)
        if (network_has(&config->proxies[i], c->peer.address.s6_addr))
            return true;
    return false;
}

static bool wait_for_header(struct conn *c)
{
    struct worker *w = c->worker;

    if (!put_before_tls(c))
        return false;
    if (w->gate_n == HTTP_NAMELESS_MAX) {
        struct conn *oldest = TAILQ_FIRST(&w->gates)->conn;
        room_tell(oldest, "has too many connections whose PROXY header does not come");
        conn_close(oldest);
    }
    TAILQ_INSERT_TAIL(&w->gates, c->gate, link);
    w->gate_n++;
    c->gate->waits = true;
    return true;
}

bool gate_enter(struct conn *c)
{
    if (!is_balancer(c))
        return room_enter(c);
    c->gate = calloc(1, sizeof(*c->gate));
    if (!c->gate)
        return false;
    c->gate->conn = c;
    enum came came = pass(c);
    return came == CAME_WHOLE || (came == CAME_PART && wait_for_header(c));
}

void gate_leave(struct conn *c)
{
    struct gate *g = c->gate;

    if (!g)
        return;
    if (g->waits) {
        BIO_set_data(SSL_get_rbio(c->ssl), NULL);
        TAILQ_REMOVE(&c->worker->gates, g, link);
        c->worker->gate_n--;
    }
    c->gate = NULL;
    free(g);
}
