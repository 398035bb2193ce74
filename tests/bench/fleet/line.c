/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#define SOURCES 32

/* ---- what all share ------------------------------------------------------------------------- */

static pawl_status look_up(struct dialer *d, const char *address, struct pawl_err *err)
{
    const struct addrinfo hint = { .ai_socktype = SOCK_STREAM };
    char                  host[300];
    char                 *colon;

    snprintf(host, sizeof(host), "%s", address);
    colon = strrchr(host, ':');
    if (!colon)
        return pawl_fail(err, PAWL_E_FORM, "--join", "has no port");
    *colon = 0;
    if (getaddrinfo(host, colon + 1, &hint, &d->to) != 0)
        return pawl_fail(err, PAWL_E_ABSENT, "--join", "the verifier's address is not found");
    return pawl_ok();
}

pawl_status dialer_make(struct dialer *d, const char *address, struct pawl_err *err)
{
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    d->tls = SSL_CTX_new(TLS_client_method());
    if (!d->tls || d->epoll < 0)
        return pawl_fail(err, PAWL_E_MEMORY, "load", "no memory");
    SSL_CTX_set_verify(d->tls, SSL_VERIFY_NONE, NULL); /* the lab's own */
    SSL_CTX_set_mode(d->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(d->tls, 1); /* one call of the kernel for each record */
    return look_up(d, address, err);
}

void dialer_done(struct dialer *d)
{
    if (d->to)
        freeaddrinfo(d->to);
    SSL_CTX_free(d->tls);
    if (d->epoll >= 0)
        close(d->epoll);
}

/* ---- connections ---------------------------------------------------------------------------- */

void line_begin(struct line *c, void *owner)
{
    c->owner = owner;
    c->fd = -1;
}

void line_hang_up(struct line *c)
{
    SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
    c->watched = 0;
    c->next = LINE_IDLE;
}

void line_done(struct line *c)
{
    line_hang_up(c);
    free(c->out);
    c->out = NULL;
}

static void watch(const struct dialer *d, struct line *c, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.ptr = c->owner };

    if (c->watched != events &&
        epoll_ctl(d->epoll, c->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &e) != 0)
        abort();
    c->watched = events;
}

/* A device that came holds its port for a minute, and one address has some thousands of them: on
 * this machine the fleet comes from many. */
static void leave_from(struct dialer *d, int fd)
{
    const int           one = 1;
    struct sockaddr_in *to = (struct sockaddr_in *)d->to->ai_addr;
    struct sockaddr_in  from = { .sin_family = AF_INET };

    if (d->to->ai_family != AF_INET || ntohl(to->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
        return;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + d->dialed++ % SOURCES);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)
        abort();
}

static bool dial(struct dialer *d, struct line *c)
{
    const int one = 1;

    c->fd = socket(d->to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    leave_from(d, c->fd);
    if (connect(c->fd, d->to->ai_addr, d->to->ai_addrlen) != 0 && errno != EINPROGRESS)
        return false;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    c->ssl = SSL_new(d->tls);
    if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
        abort();
    SSL_set_connect_state(c->ssl);
    c->next = LINE_HANDSHAKE;
    return true;
}

/* ---- HTTP ----------------------------------------------------------------------------------- */

void line_say(struct line *c, const char *path, struct pawl_view body)
{
    char head[256];
    int  n = snprintf(head, sizeof(head),
                      "POST %s HTTP/1.1\r\nHost: fleet\r\nContent-Type: " PAWL_MEDIA_TYPE
                      "\r\nContent-Length: %zu\r\n\r\n",
                      path, body.n);

    c->out = realloc(c->out, (size_t)n + body.n);
    if (!c->out)
        abort();
    memcpy(c->out, head, (size_t)n);
    memcpy(c->out + n, body.p, body.n);
    c->out_n = (size_t)n + body.n;
    c->out_at = 0;
    c->in_n = 0;
    c->next = LINE_WRITE;
}

static size_t number_at(const char *head, size_t n, const char *name)
{
    const char *at = memmem(head, n, name, strlen(name));

    return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

/* True once the whole answer is there. */
static bool hear(const struct line *c, struct heard *ret)
{
    const char *in = (const char *)c->in, *end = memmem(in, c->in_n, "\r\n\r\n", 4);

    if (!end)
        return false;
    size_t head = (size_t)(end - in) + 4, n = number_at(in, head, "Content-Length: ");
    if (c->in_n - head < n)
        return false;
    ret->status = c->in_n > 12 ? atoi(in + 9) : 0;
    ret->closes = memmem(in, head, "Connection: close", 17) != NULL;
    ret->retry_after_s = number_at(in, head, "Retry-After: ");
    ret->body = pawl_view(in + head, n);
    return true;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static enum line_state cut(struct line *c)
{
    ERR_clear_error();
    line_hang_up(c);
    return LINE_CUT;
}

/* OpenSSL waits for the socket; else the connection is gone. */
static enum line_state stopped(const struct dialer *d, struct line *c, int r)
{
    int why = SSL_get_error(c->ssl, r);

    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
        return cut(c);
    watch(d, c, why == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
    return LINE_WAITS;
}

static enum line_state write_request(const struct dialer *d, struct line *c)
{
    while (c->out_at < c->out_n) {
        int r = SSL_write(c->ssl, c->out + c->out_at, (int)(c->out_n - c->out_at));
        if (r <= 0)
            return stopped(d, c, r);
        c->out_at += (size_t)r;
    }
    c->next = LINE_READ;
    watch(d, c, EPOLLIN);
    return LINE_WAITS;
}

static enum line_state read_answer(const struct dialer *d, struct line *c, struct heard *ret)
{
    for (;;) {
        int r = SSL_read(c->ssl, c->in + c->in_n, (int)(sizeof(c->in) - c->in_n));
        if (r <= 0)
            return stopped(d, c, r);
        c->in_n += (size_t)r;
        if (!hear(c, ret))
            continue;
        c->next = LINE_IDLE;
        return LINE_HEARD;
    }
}

enum line_state line_work(struct dialer *d, struct line *c, struct heard *ret)
{
    if (c->next == LINE_IDLE) /* nobody asked: the verifier hangs up */
        return cut(c);
    if (c->fd < 0 && !dial(d, c))
        return cut(c);
    if (c->next == LINE_HANDSHAKE) {
        int r = SSL_do_handshake(c->ssl);
        if (r != 1)
            return stopped(d, c, r);
        c->next = LINE_WRITE;
    }
    return c->next == LINE_WRITE ? write_request(d, c) : read_answer(d, c, ret);
}
