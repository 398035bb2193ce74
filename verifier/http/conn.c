/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What evhttp does not do for a connection: a deadline for a whole request, the count of held
 * bytes, and our header in answers that evhttp makes by itself.
 *
 * evhttp shows a connection only with its first whole request. So a connection is followed from its
 * bufferevent on, which evhttp lets us make: hooks on its two buffers see every byte, and evhttp's
 * connection is the argument of the callbacks that it sets on it.
 *
 * Invariants
 *  1. The timer is armed from conn_open to the end; on a stream it looks whether the reader stands
 *     still.
 *  2. held is bounded, and what input and request have in memory is less than twice that, in what
 *     pieces soever they come; the sum over all connections, and over requests that outlive theirs,
 *     is shared->held.
 *  3. The input buffer holds no more than one request, whatever state evhttp is in: by itself it
 *     would read on while an answer waits to be read.
 *
 * Not here: routes and answers (request.c), who is let in (gate.c, room.c).
 */
#include "http/conn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/bufferevent_ssl.h>
#include <event2/buffer.h>

#include <pawl/crypto.h>

#include "http/gate.h"
#include "http/request.h"
#include "http/room.h"
#include "http/tls.h"

#define INPUT_SPARE (16 * 1024) /* room beside the largest body: headers, chunk sizes */
#define READ_MAX    4096        /* at once: libevent has a chain of twice that ready for it */
#define SMALL_READ  2048        /* bytes: less than that does not keep such a chain */
#define CHAIN_MIN   1024        /* the least that a chain takes */
#define LINE_COST   128         /* of a header in memory, at least */
#define LINES_MAX   (PAWL_HEADERS_MAX / 3) /* headers of a name, a colon and a line's end */
#define RECORD_MAX  (15 * 1000)            /* what libevent hands to TLS at once */
#define HANDSHAKE_S 10
#define DRAIN_MS    300 /* in which a request that was on its way still arrives */

void http_make_id(struct worker *w, char ret[HTTP_ID + 1])
{
    uint8_t         b[HTTP_ID / 2] = { 0 };
    struct pawl_err err;

    /* To draw a few bytes costs as much as to draw many. */
    if (w->random_n < sizeof(b) && pawl_is_ok(pawl_random(w->random, sizeof(w->random), &err)))
        w->random_n = sizeof(w->random);
    /* An id of zeros when the generator fails: the request itself then fails by other means. */
    if (w->random_n >= sizeof(b)) {
        w->random_n -= sizeof(b);
        memcpy(b, w->random + w->random_n, sizeof(b));
    }
    pawl_status written = pawl_hex_write(PAWL_VIEW_OF(b), ret, HTTP_ID + 1, &err);
    (void)written;
}

/* ---- deadlines and held bytes ---------------------------------------------------------------- */

static void arm_ms(struct conn *c, unsigned ms)
{
    struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

    event_add(c->timer, &tv);
}

static void arm(struct conn *c, uint64_t seconds)
{
    struct timeval tv = { .tv_sec = (time_t)seconds };

    event_add(c->timer, &tv);
}

static size_t input_n(const struct conn *c)
{
    return evbuffer_get_length(bufferevent_get_input(c->bev));
}

static size_t output_n(const struct conn *c)
{
    return evbuffer_get_length(bufferevent_get_output(c->bev));
}

static void begin_request(struct conn *c)
{
    c->idle = false;
    LIST_REMOVE(c, link);
    LIST_INSERT_HEAD(&c->worker->conns, c, link);
    arm(c, c->worker->shared->config.request_timeout_s);
}

static void await_request(struct conn *c)
{
    c->idle = true;
    if (c->worker->draining)
        arm_ms(c, DRAIN_MS);
    else
        arm(c, c->worker->shared->config.idle_timeout_s);
}

/* A PROXY header, TLS's handshake, and the first byte behind them. */
static void await_first(struct conn *c)
{
    uint64_t request_s = c->worker->shared->config.request_timeout_s;

    c->idle = true;
    if (c->worker->draining)
        arm_ms(c, DRAIN_MS);
    else
        arm(c, request_s < HANDSHAKE_S ? request_s : HANDSHAKE_S);
}

/* What a connection counts for at most: one body, and what its headers, its chunks and its input
 * buffer take besides. */
static size_t held_max(const struct conn *c)
{
    return 2 * (size_t)c->worker->shared->config.body_max + INPUT_SPARE + LINES_MAX * LINE_COST;
}

static void limit(struct conn *c, size_t body_max, size_t headers_max)
{
    evhttp_connection_set_max_body_size(c->ev, (ev_ssize_t)body_max);
    evhttp_connection_set_max_headers_size(c->ev, (ev_ssize_t)headers_max);
}

static void hold(struct conn *c, size_t n)
{
    if (n >= held_max(c) - c->held) {
        /* Either evhttp reads and drops it already, however long it goes on, or it does so from
         * here on: a request that is not too long does not come in so many pieces. */
        n = held_max(c) - c->held;
        limit(c, 0, 0);
    }
    c->held += n;
    size_t before = atomic_fetch_add(&c->worker->shared->held, n);
    if (before + n <= HTTP_HELD_MAX || c->refused || room_for_bytes(c))
        return;
    c->refused = true;
    /* The rest of this body is read and dropped, then evhttp refuses it; of its headers it takes no
     * further one. on_output says 503. */
    limit(c, 0, 0);
}

static void release(struct conn *c, size_t keep)
{
    keep = keep < c->held ? keep : c->held;
    atomic_fetch_sub(&c->worker->shared->held, c->held - keep);
    c->held = keep;
}

/* What stands in the input behind `at`, and what evhttp makes of it: of each header three pieces of
 * memory, however short it is. Lines of a body are taken for headers, which end a chunked one too.
 */
static size_t weigh(struct conn *c, size_t at)
{
    struct evbuffer      *b = bufferevent_get_input(c->bev);
    size_t                n = evbuffer_get_length(b) - at;
    struct evbuffer_iovec piece;
    struct evbuffer_ptr   from;

    while (c->lines < LINES_MAX && evbuffer_ptr_set(b, &from, at, EVBUFFER_PTR_SET) == 0 &&
           evbuffer_peek(b, -1, &from, &piece, 1) > 0) {
        const char *p = piece.iov_base, *end = p + piece.iov_len;
        for (; c->lines < LINES_MAX && (p = memchr(p, '\n', (size_t)(end - p))); p++, c->lines++)
            n += LINE_COST;
        at += piece.iov_len;
    }
    return n;
}

/* A chunk's data is put aside together with the chain that it was read into, however little of that
 * it fills: so what is little gets a chain of its size. */
static void pack(struct conn *c, struct evbuffer *b)
{
    uint8_t          bytes[2 * SMALL_READ];
    size_t           n = evbuffer_get_length(b);
    struct evbuffer *packed = n <= sizeof(bytes) ? evbuffer_new() : NULL;

    if (!packed) /* much waits already, or there is no memory */
        return;
    c->packing = true;
    if (evbuffer_copyout(b, bytes, n) == (ev_ssize_t)n && evbuffer_add(packed, bytes, n) == 0 &&
        evbuffer_drain(b, n) == 0)
        evbuffer_add_buffer(b, packed);
    c->packing = false;
    evbuffer_free(packed);
}

static void on_input(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *c = arg;

    if (!info->n_added || c->packing)
        return;
    if (c->idle)
        begin_request(c);
    size_t n = weigh(c, info->orig_size);
    if (info->n_added < SMALL_READ) {
        pack(c, b);
        n += CHAIN_MIN;
    }
    hold(c, n);
}

/* ---- evhttp's own answers -------------------------------------------------------------------- */

/* The status in "HTTP/1.1 400 Bad Request" behind the first `at` bytes; 0 if there is none. */
static int status_at(struct evbuffer *b, size_t at)
{
    char                line[16] = "";
    struct evbuffer_ptr pos;
    int                 status = 0;

    if (evbuffer_ptr_set(b, &pos, at, EVBUFFER_PTR_SET) != 0)
        return 0;
    evbuffer_copyout_from(b, &pos, line, sizeof(line) - 1);
    return sscanf(line, "HTTP/%*1d.%*1d %3d", &status) == 1 ? status : 0;
}

static void make_page(struct conn *c, int status)
{
    const struct http_config *config = &c->worker->shared->config;
    char                      id[HTTP_ID + 1];
    char                      retry[32] = "";

    http_make_id(c->worker, id);
    if (c->refused) {
        status = 503;
        snprintf(retry, sizeof(retry), "Retry-After: %d\r\n", HTTP_RETRY_AFTER_S);
    }
    snprintf(c->page, sizeof(c->page),
             "HTTP/1.1 %d %s\r\nPawl-Request: %s\r\n%sContent-Length: 0\r\n"
             "Connection: close\r\n\r\n",
             status, http_reason(status), id, retry);
    config->refused(id, status,
                    status == 503   ? "too many bytes of requests in memory"
                    : status == 413 ? "the body is too long"
                                    : "is no HTTP request, or its headers are too long");
}

/* evhttp answers by itself what it cannot read: in HTML, without our header, and then closes. Such
 * an answer is written in pieces, and ours takes the place of each. */
static void on_output(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *c = arg;

    if (c->streaming && info->n_deleted)
        arm(c, c->worker->shared->config.idle_timeout_s);
    if (!info->n_added || c->answering)
        return;
    evbuffer_unfreeze(b, 1); /* a plain socket's is frozen from its first answer on */
    if (!c->page[0]) {
        int status = status_at(b, info->orig_size);
        if (status < 200)
            return; /* 100 Continue */
        make_page(c, status);
    }
    c->answering = true;
    evbuffer_drain(b, evbuffer_get_length(b));
    evbuffer_add(b, c->page, strlen(c->page));
    c->answering = false;
}

/* ---- from open to closed --------------------------------------------------------------------- */

void conn_forget(struct conn *c)
{
    struct worker *w = c->worker;

    if (!c->ev)
        bufferevent_decref(c->bev);
    release(c, 0);
    room_leave(c);
    LIST_REMOVE(c, link);
    event_free(c->timer);
    free(c);
    worker_conn_closed(w);
}

/* evhttp is about to release the connection. */
static void on_close(struct evhttp_connection *ev, void *arg)
{
    struct conn *c = arg;

    (void)ev;
    evbuffer_remove_cb(bufferevent_get_input(c->bev), on_input, c);
    evbuffer_remove_cb(bufferevent_get_output(c->bev), on_output, c);
    c->worker->by_fd[bufferevent_getfd(c->bev)] = NULL;
    if (c->request) {
        request_lost(c->request, c->held);
        c->held = 0;
    }
    gate_leave(c);
    if (c->ssl)
        http_tls_goodbye(c->ssl);
    conn_forget(c);
}

static bool index_fd(struct worker *w, struct conn *c)
{
    size_t fd = (size_t)bufferevent_getfd(c->bev);

    if (fd >= w->by_fd_n) {
        size_t        n = 2 * fd + 64;
        struct conn **grown = realloc(w->by_fd, n * sizeof(*grown));
        if (!grown)
            return false;
        memset(grown + w->by_fd_n, 0, (n - w->by_fd_n) * sizeof(*grown));
        w->by_fd = grown;
        w->by_fd_n = n;
    }
    w->by_fd[fd] = c;
    return true;
}

/* The first turn of the loop, before any byte was read. */
static void bind_to_evhttp(struct conn *c)
{
    void *ev = NULL;

    bufferevent_getcb(c->bev, NULL, NULL, NULL, &ev);
    if (!ev) { /* evhttp gave it up at once */
        conn_forget(c);
        return;
    }
    c->ev = ev;
    bufferevent_decref(c->bev);
    c->peer = peer_of(bufferevent_getfd(c->bev));
    assert(evhttp_connection_get_bufferevent(c->ev) == c->bev);
    if (!index_fd(c->worker, c)) {
        evhttp_connection_free(c->ev);
        conn_forget(c);
        return;
    }
    evhttp_connection_set_closecb(c->ev, on_close, c);
    if ((c->worker->shared->config.tls && !c->ssl) || !gate_enter(c))
        conn_close(c);
    else
        await_first(c);
}

/* Not at once: evhttp may be at work on it. */
static void cut_off(struct conn *c)
{
    c->worker->shared->config.refused("", 0, "a stream's reader is too slow; it was cut off");
    c->cut = true;
    arm(c, 0);
}

/* It has its time anew with each piece that it takes (on_output). */
static void watch_reader(struct conn *c)
{
    if (output_n(c))
        cut_off(c);
    else
        arm(c, c->worker->shared->config.idle_timeout_s);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    if (!c->ev) {
        bind_to_evhttp(c);
        return;
    }
    if (c->streaming && !c->cut) {
        watch_reader(c);
        return;
    }
    if (c->gate && !c->worker->draining)
        room_tell(c, "sent no whole PROXY header in time");
    if (!c->idle && !c->closing && !c->cut && c->held)
        c->worker->shared->config.refused("", 0, "a request took too long; the connection was cut");
    conn_close(c);
}

void conn_drain(struct conn *c)
{
    if (!c->request && !c->closing && c->held == 0)
        await_request(c);
}

void conn_close(struct conn *c)
{
    evhttp_connection_free(c->ev); /* calls on_close */
}

static struct bufferevent *make_bufferevent(struct event_base *base, struct http_tls *tls,
                                            SSL **ret_ssl)
{
    SSL *ssl = tls ? http_tls_accept(tls) : NULL;

    if (!ssl)
        return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    *ret_ssl = ssl;
    return bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                          BEV_OPT_CLOSE_ON_FREE);
}

struct bufferevent *conn_open(struct event_base *base, void *arg)
{
    struct worker            *w = arg;
    const struct http_config *config = &w->shared->config;
    struct conn              *c = calloc(1, sizeof(*c));

    /* Without memory for c evhttp makes a plain bufferevent of its own; on_request drops it. */
    if (!c)
        return NULL;
    c->worker = w;
    c->timer = evtimer_new(base, on_timer, c);
    c->bev = c->timer ? make_bufferevent(base, config->tls, &c->ssl) : NULL;
    if (!c->bev) {
        if (c->timer)
            event_free(c->timer);
        free(c);
        return NULL;
    }
    bufferevent_incref(c->bev); /* until it is bound */
    bufferevent_set_max_single_read(c->bev, READ_MAX);
    bufferevent_setwatermark(c->bev, EV_READ, 0, (size_t)config->body_max + INPUT_SPARE);
    evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c);
    evbuffer_add_cb(bufferevent_get_output(c->bev), on_output, c);
    LIST_INSERT_HEAD(&w->conns, c, link);
    event_active(c->timer, EV_TIMEOUT, 0);
    worker_conn_opened(w);
    return c->bev;
}

struct conn *conn_of(struct worker *w, struct evhttp_request *ev)
{
    struct evhttp_connection *con = evhttp_request_get_connection(ev);
    evutil_socket_t           fd = bufferevent_getfd(evhttp_connection_get_bufferevent(con));

    return fd >= 0 && (size_t)fd < w->by_fd_n ? w->by_fd[fd] : NULL;
}

/* ---- the end of a request -------------------------------------------------------------------- */

static void on_sent(struct evhttp_request *ev, void *arg)
{
    struct conn *c = arg;

    (void)ev;
    if (c->held == held_max(c))
        limit(c, c->worker->shared->config.body_max, PAWL_HEADERS_MAX);
    c->lines = 0;
    release(c, weigh(c, 0));
    if (c->closing) {
        /* evhttp does it for most; what looks like a proxy's request it would keep. Not at once:
         * evhttp is still at work on it. */
        arm(c, 0);
    } else if (input_n(c)) {
        begin_request(c); /* it came behind the one before, without waiting for the answer */
    } else {
        await_request(c);
    }
}

/* All of an answer in one piece of memory goes out as one TLS record, in one packet. */
static void join_output(struct conn *c)
{
    struct evbuffer *out = bufferevent_get_output(c->bev);

    if (evbuffer_get_length(out) <= RECORD_MAX)
        evbuffer_pullup(out, -1); /* without memory it goes out in pieces */
}

void conn_send(struct conn *c, struct evhttp_request *ev, int status, bool close)
{
    c->request = NULL;
    c->closing = close;
    evhttp_request_set_on_complete_cb(ev, on_sent, c);
    c->answering = true;
    evhttp_send_reply(ev, status, http_reason(status), NULL);
    join_output(c);
    /* Its socket takes an answer, but for a slow reader's: it is tried in this turn of the loop,
     * before the kernel is asked to tell when. */
    event_base_active_by_fd(bufferevent_get_base(c->bev), bufferevent_getfd(c->bev), EV_WRITE);
    c->answering = false;
}

/* ---- an answer in pieces --------------------------------------------------------------------- */

void conn_stream(struct conn *c, struct evhttp_request *ev)
{
    c->streaming = true;
    arm(c, c->worker->shared->config.idle_timeout_s);
    c->answering = true;
    evhttp_send_reply_start(ev, 200, http_reason(200));
    c->answering = false;
}

void conn_stream_send(struct conn *c, struct evhttp_request *ev, struct pawl_view bytes)
{
    struct evbuffer *piece = evbuffer_new();
    size_t           waits = output_n(c);

    if (!piece || evbuffer_add(piece, bytes.p, bytes.n) != 0 || waits > HTTP_STREAM_BACKLOG ||
        bytes.n > HTTP_STREAM_BACKLOG - waits) {
        cut_off(c);
    } else {
        if (waits == 0)
            arm(c, c->worker->shared->config.idle_timeout_s);
        c->answering = true;
        evhttp_send_reply_chunk(ev, piece);
        c->answering = false;
    }
    if (piece)
        evbuffer_free(piece);
}

size_t conn_stream_waits(const struct conn *c)
{
    return output_n(c);
}

void conn_stream_end(struct conn *c, struct evhttp_request *ev)
{
    bool cut = c->cut;

    c->request = NULL;
    c->streaming = c->cut = false;
    c->closing = true;
    arm(c, cut ? 0 : c->worker->shared->config.request_timeout_s);
    evhttp_request_set_on_complete_cb(ev, on_sent, c);
    c->answering = true;
    evhttp_send_reply_end(ev);
    c->answering = false;
}
