/* SPDX-License-Identifier: Apache-2.0 */
#include "local/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "local/answer.h"
#include "local/events.h"
#include "local/group.h"
#include "local/listen.h"
#include "local/peer.h"
#include "state/file.h"

enum { TURN = 16 }; /* requests of one connection before the next one's */

struct server {
    char             path[PAWL_LOCAL_PATH_MAX + 1];
    struct peers     peers;
    struct shared   *shared;
    int              queued_fd, tell_fd, listen_fd;
    bool             runs;
    atomic_bool      over;
    pthread_t        thread;
    struct conn      conn[SERVER_CONNECTIONS];
    struct group     group;
    struct events    events;
    struct conn_room room;
    uint8_t          body[PAWL_BODY_MAX];
};

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void commit(struct server *s)
{
    if (group_commit(&s->group, s->shared, &s->room))
        (void)!eventfd_write(s->queued_fd, 1);
}

/* ---- one request ---------------------------------------------------------------------------- */

static void take_message(struct server *s, struct conn *c, const struct pawl_local_req *m)
{
    pawl_status     done;
    struct pawl_err err;

    if (m->chained && c->refused)
        done = pawl_fail(&err, PAWL_E_STATE, "message", "the one before it was not queued");
    else
        done = group_add(&s->group, s->shared, c, m->body, clock_ms(), &err);
    if (pawl_is_ok(done)) {
        c->refused = false;
        if (group_is_full(&s->group))
            commit(s);
        return;
    }
    if (group_has(&s->group, c)) /* answers keep the order of the requests */
        commit(s);
    if (c->fd < 0)
        return;
    c->refused = true;
    conn_refuse(c, &s->room, &err);
}

/* Also before the device has an epoch, and with messages = off. */
static void begin_watch(struct server *s, struct conn *c)
{
    const struct pawl_local_ans done = { .say = PAWL_LOCAL_DONE };

    if (!c->watches)
        c->event = events_first(&s->events);
    c->watches = true;
    conn_put(c, &s->room, &done);
}

static void answer(struct server *s, struct conn *c, const struct pawl_local_req *m)
{
    struct pawl_local_ans a = { 0 };
    struct pawl_err       err;

    pawl_status done = answer_request(s->shared, m, s->body, &a, &err);
    if (done.code == PAWL_E_ABSENT && m->ask == PAWL_LOCAL_RECEIVE) {
        c->mode = CONN_WAITS;
        c->after = m->id;
        c->until_ms = clock_ms() + (int64_t)m->wait_ms;
        return;
    }
    if (!pawl_is_ok(done)) {
        conn_refuse(c, &s->room, &err);
        return;
    }
    if (m->ask == PAWL_LOCAL_FOLLOW) {
        c->mode = CONN_FOLLOWS;
        c->after = 0;
    }
    conn_put(c, &s->room, &a);
    if (m->ask == PAWL_LOCAL_KEY) {
        pawl_wipe(s->room.out, sizeof(s->room.out));
        pawl_wipe(s->body, sizeof(s->body));
    }
}

static void take_request(struct server *s, struct conn *c, pawl_status parsed,
                         const struct pawl_local_req *m, const struct pawl_err *err)
{
    if (pawl_is_ok(parsed) && m->ask == PAWL_LOCAL_SEND) {
        take_message(s, c, m);
        return;
    }
    if (group_has(&s->group, c))
        commit(s);
    if (c->fd < 0)
        return;
    if (pawl_is_ok(parsed)) {
        if (m->ask == PAWL_LOCAL_WATCH)
            begin_watch(s, c);
        else
            answer(s, c, m);
        return;
    }
    struct pawl_err form = *err;
    form.code = PAWL_E_FORM; /* whatever part of it was wrong */
    conn_refuse(c, &s->room, &form);
    if (c->fd >= 0)
        conn_close(c);
}

/* ---- one connection ------------------------------------------------------------------------- */

static void deliver_events(struct server *s, struct conn *c)
{
    struct pawl_local_event e;

    while (c->fd >= 0 && c->watches && conn_can_write(c) &&
           events_next(&s->events, &c->event, &e)) {
        const struct pawl_local_ans a = { .say = PAWL_LOCAL_EVENT,
                                          .kind = pawl_view_str(e.kind),
                                          .begin = e.begin,
                                          .text = pawl_view_str(e.text) };
        conn_put(c, &s->room, &a);
    }
}

/* Incidents to those who watch, messages to those who wait for them or follow. */
static void deliver(struct server *s, struct conn *c)
{
    struct pawl_local_ans a = { 0 };
    struct pawl_err       ignored;

    deliver_events(s, c);

    while (c->fd >= 0 && c->mode != CONN_ASKS && conn_can_write(c) &&
           pawl_is_ok(answer_message(s->shared, c->after, s->body, &a, &ignored))) {
        c->after = a.id;
        if (c->mode == CONN_WAITS)
            c->mode = CONN_ASKS;
        conn_put(c, &s->room, &a);
    }
}

static void serve(struct server *s, struct conn *c)
{
    struct pawl_local_req m;
    struct pawl_err       err;
    pawl_status           parsed;

    for (int i = 0; i < TURN && c->fd >= 0 && c->mode != CONN_WAITS; i++) {
        if (!conn_can_write(c) || !conn_get(c, &s->room, &m, &parsed, &err))
            return;
        take_request(s, c, parsed, &m, &err);
        if (c->fd >= 0)
            deliver(s, c);
    }
}

static void end_wait(struct server *s, struct conn *c)
{
    const struct pawl_local_ans nothing = { .say = PAWL_LOCAL_NOTHING };

    c->mode = CONN_ASKS;
    conn_put(c, &s->room, &nothing);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static struct conn *free_place(struct server *s)
{
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        if (s->conn[i].fd < 0)
            return &s->conn[i];
    return NULL;
}

static void refuse_at_once(struct server *s, int fd, const struct pawl_err *err)
{
    struct conn c = { .fd = fd };

    conn_refuse(&c, &s->room, err);
    if (c.fd >= 0)
        conn_close(&c);
}

static void let_in(struct server *s)
{
    int             fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct conn    *place = free_place(s);
    struct pawl_err err;

    if (fd < 0) /* gone again; or no descriptor is left: some other time */
        return;
    pawl_status may = peers_admit(&s->peers, fd, &err);
    if (pawl_is_ok(may) && !place)
        may = pawl_fail(&err, PAWL_E_FULL, "socket", "%d connections are open", SERVER_CONNECTIONS);
    if (!pawl_is_ok(may)) {
        refuse_at_once(s, fd, &err);
        return;
    }
    group_leave(&s->group, place); /* answers to who was here before are nobody's */
    *place = (struct conn){ .fd = fd };
}

static short events_of(const struct conn *c)
{
    return c->slow ? POLLOUT : c->mode == CONN_WAITS ? 0 : POLLIN;
}

static int time_left(const struct server *s)
{
    int64_t until = s->group.n ? s->group.until_ms : INT64_MAX, now = clock_ms();

    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        if (s->conn[i].fd >= 0 && s->conn[i].mode == CONN_WAITS && s->conn[i].until_ms < until)
            until = s->conn[i].until_ms;
    return until == INT64_MAX ? -1 : until <= now ? 0 : (int)(until - now);
}

static void do_what_is_due(struct server *s)
{
    int64_t now = clock_ms();

    if (s->group.n && s->group.until_ms <= now)
        commit(s);
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
        struct conn *c = &s->conn[i];
        if (c->fd >= 0 && c->mode == CONN_WAITS && c->until_ms <= now)
            end_wait(s, c);
    }
}

/* A peer that closed may have left requests behind: they are read to their end. */
static void look_at(struct server *s, struct conn *c, short events)
{
    if (c->mode == CONN_WAITS && events & (POLLHUP | POLLERR)) {
        conn_close(c);
        return;
    }
    if (events & POLLOUT)
        deliver(s, c);
    if (events && c->fd >= 0)
        serve(s, c);
}

static void hear_news(struct server *s)
{
    eventfd_t n;

    (void)!eventfd_read(s->tell_fd, &n);
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        if (s->conn[i].fd >= 0)
            deliver(s, &s->conn[i]);
}

static void one_turn(struct server *s)
{
    enum { TELL, LISTEN, FIRST };
    struct pollfd p[FIRST + SERVER_CONNECTIONS] = {
        [TELL] = { .fd = s->tell_fd, .events = POLLIN },
        [LISTEN] = { .fd = s->listen_fd, .events = POLLIN },
    };

    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        p[FIRST + i] = (struct pollfd){ .fd = s->conn[i].fd, .events = events_of(&s->conn[i]) };
    if (poll(p, FIRST + SERVER_CONNECTIONS, time_left(s)) < 0)
        return;
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        if (p[FIRST + i].revents && s->conn[i].fd >= 0)
            look_at(s, &s->conn[i], p[FIRST + i].revents);
    if (p[TELL].revents)
        hear_news(s);
    if (p[LISTEN].revents)
        let_in(s);
    do_what_is_due(s);
}

static void *run(void *arg)
{
    struct server *s = arg;

    while (!atomic_load(&s->over))
        one_turn(s);
    commit(s); /* who is waiting for it gets an answer */
    return NULL;
}

/* ---- from outside --------------------------------------------------------------------------- */

pawl_status server_open(const struct server_config *c, struct server **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(server_close) struct server *s = calloc(1, sizeof(*s));

    if (!s)
        return pawl_fail(err, PAWL_E_MEMORY, "socket", "out of memory");
    if (pthread_mutex_init(&s->events.lock, NULL))
        return pawl_fail(err, PAWL_E_MEMORY, "socket", "out of memory");
    s->shared = c->shared;
    s->queued_fd = c->queued_fd;
    s->listen_fd = -1;
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        s->conn[i].fd = -1;
    snprintf(s->path, sizeof(s->path), "%s", c->path);
    s->tell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->tell_fd < 0)
        return pawl_fail(err, PAWL_E_IO, "socket", "%s", strerror(errno));
    PAWL_TRY(peers_read(c->users, c->groups, &s->peers, err));
    PAWL_TRY(listen_open(c->path, s->peers.user_n || s->peers.group_n, &s->listen_fd, err));
    *ret = s;
    s = NULL;
    return pawl_ok();
}

/* Signals are the loop's. */
pawl_status server_start(struct server *s, struct pawl_err *err)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = pthread_create(&s->thread, NULL, run, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e)
        return pawl_fail(err, PAWL_E_MEMORY, "socket", "%s", strerror(e));
    s->runs = true;
    return pawl_ok();
}

void server_tell(struct server *s)
{
    (void)!eventfd_write(s->tell_fd, 1);
}

void server_event(struct server *s, const char *kind, bool begin, const char *text)
{
    events_put(&s->events, kind, begin, text);
    server_tell(s);
}

void server_close(struct server **s)
{
    if (!*s)
        return;
    if ((*s)->runs) {
        atomic_store(&(*s)->over, true);
        server_tell(*s);
        pthread_join((*s)->thread, NULL);
    }
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        if ((*s)->conn[i].fd >= 0)
            conn_close(&(*s)->conn[i]);
    listen_close((*s)->path, &(*s)->listen_fd);
    file_close(&(*s)->tell_fd);
    pawl_wipe(*s, sizeof(**s));
    free(*s);
    *s = NULL;
}
