/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection over TLS 1.3 that carries requests and answers of HTTP, one after the other,
 * without ever waiting. Called by load.c alone, on one thread; what the bytes mean, it does not
 * know.
 */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include <netdb.h>

#include <openssl/ssl.h>

#include <pawl/wire.h>

/* What all connections share. */
struct dialer {
    SSL_CTX         *tls;
    struct addrinfo *to;
    int              epoll; /* its events' data.ptr is the line's owner */
    unsigned         dialed;
};

PAWL_MUST_USE pawl_status dialer_make(struct dialer *d, const char *address, struct pawl_err *err);
void                      dialer_done(struct dialer *d);

enum line_next { LINE_IDLE, LINE_HANDSHAKE, LINE_WRITE, LINE_READ };

struct line {
    void          *owner;
    enum line_next next;
    int            fd; /* -1: no connection; the next request makes one */
    SSL           *ssl;
    uint32_t       watched;
    size_t         out_n, out_at, in_n;
    uint8_t       *out, in[PAWL_RESULT_MAX + 4096];
};

void line_begin(struct line *c, void *owner);
void line_hang_up(struct line *c);
void line_done(struct line *c);

/* The next request; line_work carries it. */
void line_say(struct line *c, const char *path, struct pawl_view body);

/* An answer. Its body lies in the line until the next request. */
struct heard {
    int              status;
    bool             closes;
    uint64_t         retry_after_s;
    struct pawl_view body;
};

/* CUT: whoever asked has no answer, and the connection is gone. */
enum line_state { LINE_WAITS, LINE_HEARD, LINE_CUT };

enum line_state line_work(struct dialer *d, struct line *c, struct heard *ret);

#endif
