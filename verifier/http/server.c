/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server: its listening sockets and its workers. Each worker has a socket of its own on the same
 * port (SO_REUSEPORT): the kernel spreads connections, and no two threads wait for the same one.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/worker.h"

#define BACKLOG      1024
#define BURST_S      10 /* of its rate that a network has at once after a pause */
#define TOLD_EVERY_S 60

struct http_server {
    struct http_shared shared;
    char               address[128];
    char               socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    unsigned           worker_n;
    struct worker      worker[HTTP_WORKERS_MAX];
};

/* ---- listening ------------------------------------------------------------------------------- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int give(int *fd)
{
    int given = *fd;

    *fd = -1;
    return given;
}

static bool set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* Accepted sockets inherit TCP_NODELAY: without it each answer waits for the other side's delayed
 * acknowledgement. */
static bool bind_to(const struct addrinfo *a, bool shared, int *ret)
{
    PAWL_CLEANUP(close_fd)
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
        (shared && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) ||
        !set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) ||
        (a->ai_family == AF_INET6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) ||
        bind(fd, a->ai_addr, a->ai_addrlen) != 0)
        return false;
    *ret = give(&fd);
    return true;
}

/* A server's workers share its port, and nobody else does: SO_REUSEPORT alone would give another
 * verifier of the same user part of the connections. So before the first worker's socket one that
 * shares with nobody has to be let in. */
static bool listen_on(const struct addrinfo *a, bool first, int *ret)
{
    PAWL_CLEANUP(close_fd) int alone = -1;
    PAWL_CLEANUP(close_fd) int fd = -1;

    if (first && !bind_to(a, false, &alone))
        return false;
    if (first)
        close(give(&alone));
    if (!bind_to(a, true, &fd) || listen(fd, BACKLOG) != 0)
        return false;
    *ret = give(&fd);
    return true;
}

static void free_addresses(struct addrinfo **a)
{
    if (*a)
        freeaddrinfo(*a);
}

/* "ADDRESS:PORT" or "[ADDRESS]:PORT"; "*:PORT" is every address of both families. */
static pawl_status listen_tcp(const char *where, bool first, int *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(free_addresses) struct addrinfo *found = NULL;
    const struct addrinfo                         hints = { .ai_socktype = SOCK_STREAM,
                                                            .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
    char                                          host[128];
    const char                                   *colon = strrchr(where, ':');

    if (!colon || (size_t)(colon - where) >= sizeof(host))
        return pawl_fail(err, PAWL_E_FORM, where, "is not ADDRESS:PORT");
    size_t brackets = where[0] == '[' && colon[-1] == ']';
    snprintf(host, sizeof(host), "%.*s", (int)((size_t)(colon - where) - 2 * brackets),
             where + brackets);
    bool every = strcmp(host, "*") == 0;
    int  bad = getaddrinfo(every ? "::" : host, colon + 1, &hints, &found);
    if (bad)
        return pawl_fail(err, PAWL_E_FORM, where, "%s", gai_strerror(bad));
    if (listen_on(found, first, ret))
        return pawl_ok();
    if (every && errno != EADDRINUSE) { /* a kernel without IPv6 */
        freeaddrinfo(found);
        found = NULL;
        if (getaddrinfo("0.0.0.0", colon + 1, &hints, &found) == 0 && listen_on(found, first, ret))
            return pawl_ok();
    }
    return pawl_fail(err, PAWL_E_IO, where, "%s", strerror(errno));
}

/* The socket is its owner's alone, from its first moment on: bind takes the mode of fd. One left
 * behind by a verifier that was killed is replaced; the caller made sure that none is running on
 * it. */
static pawl_status listen_unix(struct http_server *s, const char *path, int *ret,
                               struct pawl_err *err)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(a.sun_path))
        return pawl_fail(err, PAWL_E_RANGE, "socket", "the path is longer than %zu bytes: %s",
                         sizeof(a.sun_path) - 1, path);
    memcpy(a.sun_path, path, strlen(path) + 1);
    PAWL_CLEANUP(close_fd)
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (unlink(path) != 0 && errno != ENOENT) || fchmod(fd, 0600) != 0 ||
        bind(fd, (const struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, BACKLOG) != 0)
        return pawl_fail(err, PAWL_E_IO, "socket", "%s: %s", path, strerror(errno));
    memcpy(s->socket_path, path, strlen(path) + 1);
    *ret = give(&fd);
    return pawl_ok();
}

/* The port that the system chose takes the place of 0, for the further workers too. */
static pawl_status learn_address(struct http_server *s, int fd, struct pawl_err *err)
{
    struct sockaddr_storage a;
    socklen_t               n = sizeof(a);
    char                    port[NI_MAXSERV];
    const char             *listen = s->shared.config.listen;

    if (s->socket_path[0]) {
        snprintf(s->address, sizeof(s->address), "%s", listen);
        return pawl_ok();
    }
    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0 ||
        getnameinfo((struct sockaddr *)&a, n, NULL, 0, port, sizeof(port), NI_NUMERICSERV) != 0)
        return pawl_fail(err, PAWL_E_IO, "listen", "no name for the socket");
    snprintf(s->address, sizeof(s->address), "%.*s:%s", (int)(strrchr(listen, ':') - listen),
             listen, port);
    return pawl_ok();
}

/* ---- start and stop -------------------------------------------------------------------------- */

static pawl_status start_workers(struct http_server *s, struct pawl_err *err)
{
    const struct http_config *config = &s->shared.config;

    for (unsigned i = 0; i < config->workers; i++) {
        int fd = -1;
        if (config->listen[0] == '/')
            PAWL_TRY(listen_unix(s, config->listen, &fd, err));
        else
            PAWL_TRY(listen_tcp(i ? s->address : config->listen, i == 0, &fd, err));
        if (i == 0) {
            pawl_status named = learn_address(s, fd, err);
            if (!pawl_is_ok(named)) {
                close(fd);
                return named;
            }
        }
        s->worker_n++;
        PAWL_TRY(worker_start(&s->worker[i], &s->shared, config->context[i], fd, err));
    }
    return pawl_ok();
}

static pawl_status start(struct http_server *s, struct pawl_err *err)
{
    uint64_t rate = s->shared.config.address_rate;

    if (!crowd_init(&s->shared.crowd))
        return pawl_fail(err, PAWL_E_CRYPTO, "server", "no random bytes");
    PAWL_TRY(pace_make(rate, 1, rate * BURST_S, &s->shared.requests, err));
    PAWL_TRY(pace_make(1, TOLD_EVERY_S, 1, &s->shared.told, err));
    return start_workers(s, err);
}

pawl_status http_server_start(const struct http_config *config, struct http_server **ret,
                              struct pawl_err *err)
{
    if (config->workers == 0 || config->workers > HTTP_WORKERS_MAX ||
        (config->listen[0] == '/' && config->workers > 1))
        return pawl_fail(err, PAWL_E_RANGE, "workers", "%u", config->workers);
    struct http_server *s = calloc(1, sizeof(*s));
    if (!s)
        return pawl_fail(err, PAWL_E_MEMORY, "server", "no memory");
    s->shared.config = *config;
    pawl_status started = start(s, err);
    if (!pawl_is_ok(started)) {
        http_server_stop(s, 0);
        http_server_free(&s);
        return started;
    }
    *ret = s;
    return started;
}

void http_server_load(const struct http_server *s, uint64_t *ret_connections, uint64_t *ret_held)
{
    *ret_connections = atomic_load(&s->shared.conns);
    *ret_held = atomic_load(&s->shared.held);
}

const char *http_server_address(const struct http_server *s)
{
    return s->address;
}

void http_server_stop(struct http_server *s, uint64_t grace_s)
{
    for (unsigned i = 0; i < s->worker_n; i++)
        if (s->worker[i].running)
            worker_stop(&s->worker[i], grace_s);
    for (unsigned i = 0; i < s->worker_n; i++)
        worker_join(&s->worker[i]);
    if (s->socket_path[0])
        unlink(s->socket_path);
}

void http_server_free(struct http_server **s)
{
    if (!*s)
        return;
    for (unsigned i = 0; i < (*s)->worker_n; i++)
        worker_done(&(*s)->worker[i]);
    pace_free(&(*s)->shared.requests);
    pace_free(&(*s)->shared.told);
    crowd_done(&(*s)->shared.crowd);
    free(*s);
    *s = NULL;
}
