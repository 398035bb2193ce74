/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load over TLS 1.3: one thread, epoll, as many connections as asked for, each of which carries one
 * exchange after the other. What the client computes runs beside the verifier; it is the verifier's
 * processor time that is compared (--pid), with a floor that this thread does in turns with its own
 * work, so that whatever the machine does meanwhile meets both.
 */
#include "fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "../floor.h"

enum {
    SOURCES = 32,
    ANSWER = PAWL_RESULT_MAX + 4096,
    AGAIN_MS = 50,
    FLOOR_EVERY = 2,
    ERRORS_SHOWN = 5
};

enum what_next { REST, CONNECT, HANDSHAKE, WRITE, READ };

struct line {
    enum what_next    next;
    int               fd;
    SSL              *ssl;
    struct fleet_talk talk;
    uint64_t          begin_us, again_us;
    unsigned          tries;
    size_t            out_n, out_at, in_n;
    uint8_t          *out, in[ANSWER];
};

struct load {
    struct fleet            *fleet;
    const struct fleet_load *o;
    SSL_CTX                 *tls;
    struct addrinfo         *to;
    int                      epoll;
    struct line             *line;
    unsigned                 dialed;
    size_t                   begun, open; /* exchanges begun; lines at work */
    uint64_t                 begin_us, end_us;
    struct fleet_times       times;
    uint64_t                 done, requests, failed, refused;
    struct floor             floor;
};

/* ---- HTTP ----------------------------------------------------------------------------------- */

static pawl_status say(struct load *l, struct line *c, int http, struct pawl_view answer,
                       bool *ret_over, struct pawl_err *err)
{
    static uint8_t body[PAWL_MESSAGES_MAX];
    struct pawl_wr w = pawl_wr_to(body, sizeof(body));
    const char    *path;

    PAWL_TRY(fleet_talk_turn(l->fleet, &c->talk, http, answer, &w, &path, err));
    *ret_over = !path;
    if (!path)
        return pawl_ok();
    char head[256];
    int  n = snprintf(head, sizeof(head),
                      "POST %s HTTP/1.1\r\nHost: fleet\r\nContent-Type: " PAWL_MEDIA_TYPE
                      "\r\nContent-Length: %zu\r\n\r\n",
                      path, w.n);
    c->out = realloc(c->out, (size_t)n + w.n);
    if (!c->out)
        abort();
    memcpy(c->out, head, (size_t)n);
    memcpy(c->out + n, body, w.n);
    c->out_n = (size_t)n + w.n;
    c->out_at = 0;
    c->in_n = 0;
    l->requests++;
    return pawl_ok();
}

struct heard {
    int              status;
    bool             closes;
    struct pawl_view body;
};

/* True once the whole answer is there. */
static bool hear(const struct line *c, struct heard *ret)
{
    const char *in = (const char *)c->in, *end = memmem(in, c->in_n, "\r\n\r\n", 4);
    size_t      n = 0;

    if (!end)
        return false;
    size_t      head = (size_t)(end - in) + 4;
    const char *length = memmem(in, head, "Content-Length: ", 16);
    if (length)
        n = strtoul(length + 16, NULL, 10);
    if (c->in_n - head < n)
        return false;
    ret->status = c->in_n > 12 ? atoi(in + 9) : 0;
    ret->closes = memmem(in, head, "Connection: close", 17) != NULL;
    ret->body = pawl_view(in + head, n);
    return true;
}

/* ---- connections ---------------------------------------------------------------------------- */

static void hang_up(struct line *c)
{
    if (c->ssl)
        SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
}

static void watch(struct load *l, struct line *c, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = c };

    if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &e) != 0)
        epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e);
}

/* Whoever finds no place tries again a little later, as a device does. */
static void later(struct line *c)
{
    hang_up(c);
    c->next = CONNECT;
    c->again_us = fleet_now_us() + AGAIN_MS * 1000;
    c->tries++;
}

/* A device that came holds its port for a minute, and one address has some thousands of them: on
 * this machine the fleet comes from many. */
static void leave_from(struct load *l, int fd)
{
    const int           one = 1;
    struct sockaddr_in *to = (struct sockaddr_in *)l->to->ai_addr;
    struct sockaddr_in  from = { .sin_family = AF_INET };

    if (l->to->ai_family != AF_INET || ntohl(to->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
        return;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + l->dialed++ % SOURCES);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)
        abort();
}

static void dial(struct load *l, struct line *c)
{
    const int one = 1;

    c->fd = socket(l->to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd >= 0)
        leave_from(l, c->fd);
    if (c->fd < 0 ||
        (connect(c->fd, l->to->ai_addr, l->to->ai_addrlen) != 0 && errno != EINPROGRESS)) {
        later(c);
        return;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    c->ssl = SSL_new(l->tls);
    if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
        abort();
    SSL_set_connect_state(c->ssl);
    c->again_us = 0;
    c->next = HANDSHAKE;
    watch(l, c, EPOLLOUT);
}

/* ---- exchanges ------------------------------------------------------------------------------ */

static bool more(const struct load *l)
{
    if (l->o->seconds)
        return fleet_now_us() < l->begin_us + l->o->seconds * UINT64_C(1000000);
    return l->begun < l->o->n;
}

static void tell(struct load *l, const struct line *c, const struct pawl_err *err)
{
    if (l->failed++ < ERRORS_SHOWN)
        fprintf(stderr, "fleet: device %zu: %s: %s\n", c->talk.index, err->where, err->why);
}

/* The next device's turn, if there is one. */
static void begin(struct load *l, struct line *c)
{
    struct pawl_err err;
    bool            over;

    while (more(l)) {
        fleet_talk_begin(&c->talk, l->o->job, l->o->first + l->begun++ % l->o->n);
        c->begin_us = l->o->at_once ? l->begin_us : fleet_now_us();
        c->tries = 0;
        if (!pawl_is_ok(say(l, c, 0, pawl_view(NULL, 0), &over, &err))) {
            tell(l, c, &err);
            continue;
        }
        if (l->o->fresh)
            hang_up(c);
        if (c->fd < 0) {
            dial(l, c);
        } else {
            c->next = WRITE;
            watch(l, c, EPOLLIN | EPOLLOUT);
        }
        return;
    }
    hang_up(c);
    c->next = REST;
    l->open--;
}

static void end(struct load *l, struct line *c)
{
    l->end_us = fleet_now_us();
    l->done++;
    fleet_times_add(&l->times, l->end_us - c->begin_us);
    if (l->floor.piece && l->done % FLOOR_EVERY == 0)
        floor_time(&l->floor);
    begin(l, c);
}

static void heard(struct load *l, struct line *c, const struct heard *h)
{
    struct pawl_err err;
    bool            over;

    if (h->status == 429 || h->status == 503) { /* asked to come again */
        l->refused++;
        c->talk.turn = 0;
        if (!pawl_is_ok(say(l, c, 0, pawl_view(NULL, 0), &over, &err)))
            tell(l, c, &err);
        later(c);
        return;
    }
    if (!pawl_is_ok(say(l, c, h->status, h->body, &over, &err))) {
        tell(l, c, &err);
        begin(l, c);
        return;
    }
    if (h->closes)
        hang_up(c);
    if (over) {
        end(l, c);
        return;
    }
    if (c->fd < 0) {
        dial(l, c);
        return;
    }
    c->next = WRITE;
    watch(l, c, EPOLLIN | EPOLLOUT);
}

/* True if OpenSSL waits for the socket; else the connection is gone. */
static bool waits(struct load *l, struct line *c, int r)
{
    int why = SSL_get_error(c->ssl, r);

    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        watch(l, c, why == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
        return true;
    }
    ERR_clear_error();
    return false;
}

/* Cut off: what was asked is asked again, from its beginning. */
static void cut_off(struct load *l, struct line *c)
{
    struct pawl_err err;
    bool            over;

    l->refused++;
    c->talk.turn = 0;
    if (!pawl_is_ok(say(l, c, 0, pawl_view(NULL, 0), &over, &err)))
        tell(l, c, &err);
    later(c);
}

static void work(struct load *l, struct line *c)
{
    struct heard h;
    int          r;

    if (c->next == HANDSHAKE) {
        r = SSL_do_handshake(c->ssl);
        if (r != 1) {
            if (!waits(l, c, r))
                later(c);
            return;
        }
        c->next = WRITE;
    }
    while (c->next == WRITE) {
        r = SSL_write(c->ssl, c->out + c->out_at, (int)(c->out_n - c->out_at));
        if (r <= 0) {
            if (!waits(l, c, r))
                cut_off(l, c);
            return;
        }
        c->out_at += (size_t)r;
        if (c->out_at == c->out_n)
            c->next = READ;
    }
    while (c->next == READ) {
        r = SSL_read(c->ssl, c->in + c->in_n, (int)(sizeof(c->in) - c->in_n));
        if (r <= 0) {
            if (!waits(l, c, r))
                cut_off(l, c);
            return;
        }
        c->in_n += (size_t)r;
        if (hear(c, &h)) {
            heard(l, c, &h);
            return;
        }
    }
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void redial(struct load *l)
{
    uint64_t now = fleet_now_us();

    for (unsigned i = 0; i < l->o->connections; i++)
        if (l->line[i].next == CONNECT && l->line[i].again_us <= now)
            dial(l, &l->line[i]);
}

static void run(struct load *l)
{
    struct epoll_event e[256];

    l->begin_us = l->end_us = fleet_now_us();
    l->open = l->o->connections;
    for (unsigned i = 0; i < l->o->connections; i++)
        begin(l, &l->line[i]);
    for (uint64_t swept = 0; l->open;) {
        int n = epoll_wait(l->epoll, e, 256, AGAIN_MS);
        for (int i = 0; i < n; i++) {
            struct line *c = e[i].data.ptr;
            if (c->fd >= 0)
                work(l, c);
        }
        if (fleet_now_us() - swept > AGAIN_MS * 1000) {
            redial(l);
            swept = fleet_now_us();
        }
    }
}

static void print(struct load *l, uint64_t cpu_us)
{
    uint64_t us = l->end_us - l->begin_us, n = l->done ? l->done : 1;

    printf("{\"job\": \"%s\", \"done\": %" PRIu64 ", \"requests\": %" PRIu64
           ", \"failed\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"us\": %" PRIu64
           ", \"per_second\": %" PRIu64,
           fleet_job_name(l->o->job), l->done, l->requests, l->failed, l->refused, us,
           l->done * 1000000 / (us ? us : 1));
    printf(", \"p50_us\": %" PRIu64 ", \"p99_us\": %" PRIu64 ", \"p999_us\": %" PRIu64
           ", \"max_us\": %" PRIu64,
           fleet_times_share(&l->times, 500000), fleet_times_share(&l->times, 990000),
           fleet_times_share(&l->times, 999000), fleet_times_share(&l->times, 1000000));
    if (l->o->pid)
        printf(", \"server_cpu_ns\": %" PRIu64 ", \"server_kib\": %" PRIu64
               ", \"server_peak_kib\": %" PRIu64,
               cpu_us * 1000 / n, fleet_memory_kib(l->o->pid), fleet_peak_kib(l->o->pid));
    if (l->floor.piece)
        printf(", \"floor_ns\": %" PRIu64, floor_median(&l->floor));
    printf("}\n");
}

static pawl_status look_up(struct load *l, struct pawl_err *err)
{
    const struct addrinfo hint = { .ai_socktype = SOCK_STREAM };
    char                  host[300];
    char                 *colon;

    snprintf(host, sizeof(host), "%s", l->o->address);
    colon = strrchr(host, ':');
    if (!colon)
        return pawl_fail(err, PAWL_E_FORM, "--join", "has no port");
    *colon = 0;
    if (getaddrinfo(host, colon + 1, &hint, &l->to) != 0)
        return pawl_fail(err, PAWL_E_ABSENT, "--join", "the verifier's address is not found");
    return pawl_ok();
}

static pawl_status prepare(struct load *l, struct pawl_err *err)
{
    PAWL_TRY(look_up(l, err));
    if (l->o->floor && !floor_make(&l->floor, l->o->floor))
        return pawl_fail(err, PAWL_E_FORM, "--floor", "is not attest, rekey or message");
    l->tls = SSL_CTX_new(TLS_client_method());
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->line = calloc(l->o->connections, sizeof(l->line[0]));
    if (!l->tls || l->epoll < 0 || !l->line)
        return pawl_fail(err, PAWL_E_MEMORY, "load", "no memory");
    SSL_CTX_set_verify(l->tls, SSL_VERIFY_NONE, NULL); /* the lab's own */
    SSL_CTX_set_mode(l->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (unsigned i = 0; i < l->o->connections; i++)
        l->line[i].fd = -1;
    return pawl_ok();
}

pawl_status fleet_load(struct fleet *f, const struct fleet_load *o, struct pawl_err *err)
{
    struct load l = { .fleet = f, .o = o, .epoll = -1 };
    uint64_t    cpu_us = fleet_cpu_us(o->pid);

    pawl_status s = prepare(&l, err);
    if (pawl_is_ok(s)) {
        run(&l);
        print(&l, fleet_cpu_us(o->pid) - cpu_us);
        if (l.failed)
            s = pawl_fail(err, PAWL_E_DENIED, fleet_job_name(o->job), "%" PRIu64 " failed",
                          l.failed);
    }
    for (unsigned i = 0; l.line && i < o->connections; i++)
        free(l.line[i].out);
    free(l.line);
    fleet_times_done(&l.times);
    floor_done(&l.floor);
    if (l.to)
        freeaddrinfo(l.to);
    SSL_CTX_free(l.tls);
    if (l.epoll >= 0)
        close(l.epoll);
    return s;
}
