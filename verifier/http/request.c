/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request: refused here for what HTTP alone can tell, or handed to its route's handler; and its
 * answer.
 *
 * evhttp's request lives as long as its connection. So the body is taken out of it at once, and
 * when the connection ends first the handler keeps ours and never sees evhttp's again.
 */
#include "http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include <pawl/wire.h>

#include "http/room.h"
#include "http/route.h"

const char *http_reason(int status)
{
    static const struct {
        int         status;
        const char *reason;
    } reasons[] = {
        { 200, "OK" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 413, "Content Too Large" },
        { 415, "Unsupported Media Type" },
        { 417, "Expectation Failed" },
        { 429, "Too Many Requests" },
        { 503, "Service Unavailable" },
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return status < 500 ? "Error" : "Internal Server Error";
}

/* ---- from evhttp to us ----------------------------------------------------------------------- */

void request_free(struct http_request *r)
{
    if (r->bytes)
        evbuffer_free(r->bytes);
    free(r->query);
    if (r->held)
        atomic_fetch_sub(&r->worker->shared->held, r->held);
    free(r);
}

static struct http_request *request_make(struct worker *w, struct conn *c,
                                         struct evhttp_request *ev)
{
    struct http_request     *r = calloc(1, sizeof(*r));
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(ev);
    const char              *query = uri ? evhttp_uri_get_query(uri) : NULL;

    if (!r)
        return NULL;
    r->worker = w;
    r->conn = c;
    r->ev = ev;
    r->bytes = evbuffer_new();
    r->query = query ? strdup(query) : NULL;
    if (!r->bytes || (query && !r->query) ||
        evbuffer_add_buffer(r->bytes, evhttp_request_get_input_buffer(ev)) != 0) {
        request_free(r);
        return NULL;
    }
    size_t n = evbuffer_get_length(r->bytes);
    r->body = pawl_view(n ? evbuffer_pullup(r->bytes, -1) : NULL, n);
    if (n && !r->body.p) {
        request_free(r);
        return NULL;
    }
    r->peer = c->peer;
    http_make_id(w, r->id);
    c->request = r;
    return r;
}

void request_lost(struct http_request *r, size_t held)
{
    r->conn = NULL;
    r->held = held;
    /* evhttp keeps the request on the connection, and releases both; only when the connection broke
     * under it does it leave the request to whoever is to answer it. */
    if (evhttp_request_get_connection(r->ev))
        r->ev = NULL;
}

/* ---- what HTTP alone can tell ---------------------------------------------------------------- */

size_t request_header_n(struct evhttp_request *ev, const char *name)
{
    struct evkeyval *h;
    size_t           n = 0;

    for (h = evhttp_request_get_input_headers(ev)->tqh_first; h; h = h->next.tqe_next)
        n += strcasecmp(h->key, name) == 0;
    return n;
}

/* Two readers of such a request, a proxy and we, could disagree on where it ends. */
static bool is_ambiguous(struct evhttp_request *ev)
{
    const char *coding = evhttp_find_header(evhttp_request_get_input_headers(ev),
                                            "Transfer-Encoding");
    size_t      lengths = request_header_n(ev, "Content-Length");
    size_t      codings = request_header_n(ev, "Transfer-Encoding");

    return lengths + codings > 1 || (coding && strcasecmp(coding, "chunked") != 0);
}

static enum http_method method_of(struct evhttp_request *ev)
{
    switch (evhttp_request_get_command(ev)) {
    case EVHTTP_REQ_GET:
        return HTTP_GET;
    case EVHTTP_REQ_POST:
        return HTTP_POST;
    default:
        return HTTP_NONE;
    }
}

static void refuse(struct http_request *r, struct http_answer a, const char *why)
{
    /* Whatever is wrong with it, what follows on this connection may be wrong too. */
    a.close = true;
    r->worker->shared->config.refuse(r, &a, why);
}

static bool fits(struct http_request *r, const struct http_route *route)
{
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(r->ev), "Content-Type");

    if (r->body.n > route->body_max) {
        refuse(r, (struct http_answer){ .status = 413 }, "the body is too long");
        return false;
    }
    if (route->type && !route_type_is(type, route->type)) {
        refuse(r, (struct http_answer){ .status = 415 }, "the body's Content-Type is another");
        return false;
    }
    return true;
}

static void dispatch(struct http_request *r)
{
    const struct http_config *config = &r->worker->shared->config;
    const struct evhttp_uri  *uri = evhttp_request_get_evhttp_uri(r->ev);
    const char               *path = uri ? evhttp_uri_get_path(uri) : NULL;
    struct route_match        m = route_find(config->routes, method_of(r->ev), path ? path : "");

    unsigned wait_s = room_wait(r->conn);

    r->route = m.route;
    if (wait_s) {
        refuse(r, (struct http_answer){ .status = 429, .retry_after_s = wait_s },
               "its network sends too many requests");
    } else if (r->conn->refused) {
        refuse(r, (struct http_answer){ .status = 503, .retry_after_s = HTTP_RETRY_AFTER_S },
               "too many bytes of requests in memory");
    } else if (is_ambiguous(r->ev)) {
        refuse(r, (struct http_answer){ .status = 400 }, "the body's length is ambiguous");
    } else if (m.status == 404) {
        refuse(r, (struct http_answer){ .status = 404 }, "there is no such route");
    } else if (m.status == 405) {
        refuse(r, (struct http_answer){ .status = 405, .allow = m.allow },
               "the route takes another method");
    } else if (fits(r, m.route)) {
        memcpy(r->segment, m.segment, sizeof(r->segment));
        m.route->handle(r, m.route->arg);
    }
}

void request_arrived(struct evhttp_request *ev, void *arg)
{
    struct worker       *w = arg;
    struct conn         *c = conn_of(w, ev);
    struct http_request *r = c ? request_make(w, c, ev) : NULL;

    if (!r) {
        evhttp_connection_free(evhttp_request_get_connection(ev));
        return;
    }
    dispatch(r);
}

/* ---- what a handler may ask ------------------------------------------------------------------ */

struct pawl_view http_body(const struct http_request *r)
{
    return r->body;
}

const char *http_id(const struct http_request *r)
{
    return r->id;
}

const char *http_route(const struct http_request *r)
{
    return r->route ? r->route->path : "";
}

void *http_context(const struct http_request *r)
{
    return r->worker->context;
}

bool http_is_gone(const struct http_request *r)
{
    return !r->conn || r->conn->cut;
}

bool http_is_stopping(const struct http_request *r)
{
    return r->worker->draining;
}

const char *http_segment(const struct http_request *r)
{
    return r->segment;
}

pawl_status http_query(const struct http_request *r, const char *name, char *ret, size_t cap,
                       bool *ret_there, struct pawl_err *err)
{
    struct evkeyvalq pairs;
    pawl_status      s = pawl_ok();

    *ret_there = false;
    if (!r->query)
        return s;
    if (strstr(r->query, "%00")) /* it would end a value */
        return pawl_fail(err, PAWL_E_FORM, "query", "holds a NUL");
    if (evhttp_parse_query_str(r->query, &pairs) != 0)
        return pawl_fail(err, PAWL_E_FORM, "query", "is not NAME=VALUE, joined by &");
    const char *value = evhttp_find_header(&pairs, name);
    if (value && strlen(value) >= cap)
        s = pawl_fail(err, PAWL_E_RANGE, name, "has more than %zu characters", cap - 1);
    else if (value)
        memcpy(ret, value, strlen(value) + 1);
    *ret_there = value && pawl_is_ok(s);
    evhttp_clear_headers(&pairs);
    return s;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void put_number(struct evkeyvalq *headers, const char *name, const char *prefix, unsigned n)
{
    char text[32];

    snprintf(text, sizeof(text), "%s%u", prefix, n);
    evhttp_add_header(headers, name, text);
}

/* evhttp would write the second anew for each answer. */
static void put_date(struct worker *w, struct evkeyvalq *headers)
{
    time_t    now = time(NULL);
    struct tm utc;

    if (now != w->date_s && gmtime_r(&now, &utc)) {
        evutil_date_rfc1123(w->date, sizeof(w->date), &utc);
        w->date_s = now;
    }
    evhttp_add_header(headers, "Date", w->date);
}

void request_headers(struct http_request *r, const struct http_answer *a)
{
    struct evkeyvalq *h = evhttp_request_get_output_headers(r->ev);

    put_date(r->worker, h);
    evhttp_add_header(h, PAWL_REQUEST_HEADER, r->id);
    if (a->type)
        evhttp_add_header(h, "Content-Type", a->type);
    if (a->max_age_s)
        put_number(h, "Cache-Control", "max-age=", a->max_age_s);
    else
        evhttp_add_header(h, "Cache-Control", "no-store");
    if (a->retry_after_s)
        put_number(h, "Retry-After", "", a->retry_after_s);
    if (a->challenge)
        evhttp_add_header(h, "WWW-Authenticate", a->challenge);
    if (a->allow)
        evhttp_add_header(h, "Allow", a->allow);
    if (a->etag)
        evhttp_add_header(h, "ETag", a->etag);
    if (a->close)
        evhttp_add_header(h, "Connection", "close");
}

void http_answer(struct http_request *r, const struct http_answer *a)
{
    if (r->conn) {
        struct evbuffer   *out = evhttp_request_get_output_buffer(r->ev);
        bool               added = evbuffer_add(out, a->body.p, a->body.n) == 0;
        struct http_answer answer = *a;
        answer.close |= r->worker->draining;
        request_headers(r, &answer);
        conn_send(r->conn, r->ev, added ? a->status : 503, answer.close);
    } else if (r->ev) {
        evhttp_request_free(r->ev);
    }
    request_free(r);
}

void http_later(struct http_request *r, void (*fn)(struct http_request *r, void *arg), void *arg)
{
    struct worker *w = r->worker;
    uint64_t       one = 1;
    ssize_t        woken = 0;

    r->fn = fn;
    r->arg = arg;
    pthread_mutex_lock(&w->lock);
    bool first = STAILQ_EMPTY(&w->later); /* what stands in front woke the worker already */
    STAILQ_INSERT_TAIL(&w->later, r, link);
    /* Under the lock: the worker must not go away between the two. */
    if (first)
        woken = write(w->wake_fd, &one, sizeof(one));
    pthread_mutex_unlock(&w->lock);
    (void)woken; /* fails only when a wake-up is pending already */
}

void http_after_turn(struct http_request *r, void (*fn)(struct http_request *r, void *arg),
                     void                *arg)
{
    struct worker *w = r->worker;

    r->fn = fn;
    r->arg = arg;
    /* What is made active stands behind everything that is, so it ends this turn of the loop. */
    if (STAILQ_EMPTY(&w->turn))
        event_active(w->turn_end, EV_TIMEOUT, 0);
    STAILQ_INSERT_TAIL(&w->turn, r, link);
}

bool http_turn_goes_on(const struct http_request *r)
{
    return !STAILQ_EMPTY(&r->worker->turn);
}

/* ---- an answer that waits -------------------------------------------------------------------- */

void request_due(struct http_request *r)
{
    LIST_REMOVE(r, waits);
    event_free(r->timer);
    r->timer = NULL;
    r->fn(r, r->arg);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    request_due(arg);
}

bool http_after(struct http_request *r, unsigned ms, void (*fn)(struct http_request *r, void *arg),
                void *arg)
{
    const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
    struct worker       *w = r->worker;

    if (w->draining)
        return false;
    r->timer = evtimer_new(w->base, on_due, r);
    if (!r->timer || event_add(r->timer, &tv) != 0) {
        if (r->timer)
            event_free(r->timer);
        r->timer = NULL;
        return false;
    }
    r->fn = fn;
    r->arg = arg;
    LIST_INSERT_HEAD(&w->waiting, r, waits);
    return true;
}
