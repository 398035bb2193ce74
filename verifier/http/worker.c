/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's thread and loop. Other threads reach it by the queue `later` and an eventfd, so
 * libevent itself needs no locks. What one turn of the loop leaves to be done together waits in the
 * queue `turn` for its end.
 */
#include "http/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/listener.h>

#include "http/conn.h"
#include "http/request.h"

/* ---- later ----------------------------------------------------------------------------------- */

static void run_all(struct later_queue *due)
{
    struct http_request *r;

    while ((r = STAILQ_FIRST(due))) {
        STAILQ_REMOVE_HEAD(due, link);
        r->fn(r, r->arg);
    }
}

static void run_later(struct worker *w)
{
    struct later_queue due = STAILQ_HEAD_INITIALIZER(due);

    pthread_mutex_lock(&w->lock);
    STAILQ_CONCAT(&due, &w->later);
    pthread_mutex_unlock(&w->lock);
    run_all(&due);
}

static void on_turn_end(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;

    (void)fd;
    (void)what;
    run_all(&w->turn);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;

    (void)fd;
    (void)what;
    event_base_loopbreak(w->base);
}

static void drain(struct worker *w, uint64_t grace_s)
{
    struct timeval tv = { .tv_sec = (time_t)grace_s };
    struct conn   *c, *next;

    w->draining = true;
    evhttp_del_accept_socket(w->http, w->bound);
    w->bound = NULL;
    event_add(w->limit, &tv);
    while (!LIST_EMPTY(&w->waiting))
        request_due(LIST_FIRST(&w->waiting));
    for (c = LIST_FIRST(&w->conns); c; c = next) {
        next = LIST_NEXT(c, link);
        if (c->ev)
            conn_drain(c);
    }
    if (LIST_EMPTY(&w->conns))
        event_base_loopbreak(w->base);
}

void worker_conn_closed(struct worker *w)
{
    w->short_of_room = false;
    if (w->draining && LIST_EMPTY(&w->conns))
        event_base_loopbreak(w->base);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    uint64_t       wakes;

    (void)what;
    ssize_t n = read(fd, &wakes, sizeof(wakes));
    (void)n;
    run_later(w);
    pthread_mutex_lock(&w->lock);
    bool     stop = w->stop;
    uint64_t grace_s = w->grace_s;
    pthread_mutex_unlock(&w->lock);
    if (stop && !w->draining)
        drain(w, grace_s);
}

/* ---- no room for another connection -----------------------------------------------------------
 */

#define REST_MS    100
#define ACCEPT_MAX 64 /* new connections in a row */

/* evhttp keeps the argument of its listener's callbacks for itself. */
static _Thread_local struct worker *this_worker;

/* No file or no memory is left. The connection waits in the kernel: trying again at once, and
 * saying so each time, would fill the log and keep the processor busy. */
static void on_accept_failed(struct evconnlistener *listener, void *arg)
{
    const struct timeval tv = { .tv_usec = REST_MS * 1000 };
    struct worker       *w = this_worker;

    (void)arg;
    evconnlistener_disable(listener);
    event_add(w->rest, &tv);
    if (!w->short_of_room)
        w->shared->config.refused("", 0, "no file or memory for another connection: it waits");
    w->short_of_room = true;
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;

    (void)fd;
    (void)what;
    if (w->bound)
        evconnlistener_enable(evhttp_bound_socket_get_listener(w->bound));
}

/* libevent takes connections as long as any come, and a crowd that keeps coming would all be let in
 * before the first of them is looked at. */
void worker_conn_opened(struct worker *w)
{
    if (++w->accepted < ACCEPT_MAX || !w->bound)
        return;
    w->accepted = 0;
    evconnlistener_disable(evhttp_bound_socket_get_listener(w->bound));
    event_active(w->rest, EV_TIMEOUT, 0);
}

/* ---- start ----------------------------------------------------------------------------------- */

static bool make_http(struct worker *w, int listen_fd)
{
    const struct http_config *config = &w->shared->config;

    struct evconnlistener *listener = evconnlistener_new(
        w->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listen_fd);
    if (!listener) {
        close(listen_fd);
        return false;
    }
    w->http = evhttp_new(w->base);
    w->bound = w->http ? evhttp_bind_listener(w->http, listener) : NULL;
    if (!w->bound) {
        evconnlistener_free(listener);
        return false;
    }
    evconnlistener_set_error_cb(listener, on_accept_failed);
    evhttp_set_default_content_type(w->http, NULL);
    evhttp_set_max_headers_size(w->http, PAWL_HEADERS_MAX);
    evhttp_set_max_body_size(w->http, (ev_ssize_t)config->body_max);
    /* A body that is too long is read to its end and dropped, so that the answer arrives. */
    evhttp_set_flags(w->http, EVHTTP_SERVER_LINGERING_CLOSE);
    /* Every method, unknown ones too: the route table refuses them. */
    evhttp_set_allowed_methods(w->http, 0xffff);
    evhttp_set_bevcb(w->http, conn_open, w);
    evhttp_set_gencb(w->http, request_arrived, w);
    return true;
}

static struct event_base *make_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base   *base = NULL;

    if (!config)
        return NULL;
    /* A connection turns from reading to writing and back with each answer: one call of the kernel
     * each time, not three. */
    if (event_config_set_flag(config,
                              EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static void *run(void *arg)
{
    struct worker *w = arg;

    pthread_setname_np(pthread_self(), "worker");
    this_worker = w;
    event_base_loop(w->base, EVLOOP_NO_EXIT_ON_EMPTY);
    run_all(&w->turn); /* the loop may have been broken off in the middle of a turn */
    return NULL;
}

static pawl_status start_thread(struct worker *w, struct pawl_err *err)
{
    sigset_t all, before;

    /* Signals are for the main thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return pawl_fail(err, PAWL_E_IO, "worker", "pthread_create: %s", strerror(failed));
    w->running = true;
    return pawl_ok();
}

pawl_status worker_start(struct worker *w, struct http_shared *shared, void *context, int listen_fd,
                         struct pawl_err *err)
{
    w->shared = shared;
    w->context = context;
    STAILQ_INIT(&w->later);
    STAILQ_INIT(&w->turn);
    LIST_INIT(&w->conns);
    TAILQ_INIT(&w->gates);
    LIST_INIT(&w->waiting);
    pthread_mutex_init(&w->lock, NULL);
    w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->base = make_base();
    if (w->wake_fd < 0 || !w->base || !make_http(w, listen_fd))
        return pawl_fail(err, PAWL_E_MEMORY, "worker", "libevent could not be set up");
    w->wake = event_new(w->base, w->wake_fd, EV_READ | EV_PERSIST, on_wake, w);
    w->limit = evtimer_new(w->base, on_limit, w);
    w->rest = evtimer_new(w->base, on_rested, w);
    w->turn_end = evtimer_new(w->base, on_turn_end, w);
    if (!w->wake || !w->limit || !w->rest || !w->turn_end || event_add(w->wake, NULL) != 0)
        return pawl_fail(err, PAWL_E_MEMORY, "worker", "no memory");
    return start_thread(w, err);
}

void worker_stop(struct worker *w, uint64_t grace_s)
{
    uint64_t one = 1;

    pthread_mutex_lock(&w->lock);
    w->stop = true;
    w->grace_s = grace_s;
    ssize_t woken = write(w->wake_fd, &one, sizeof(one));
    pthread_mutex_unlock(&w->lock);
    (void)woken;
}

void worker_join(struct worker *w)
{
    if (w->running)
        pthread_join(w->thread, NULL);
    w->running = false;
}

void worker_done(struct worker *w)
{
    /* A worker that was never started is all zero. */
    if (!w->shared)
        return;
    w->draining = true;
    if (w->http)
        evhttp_free(w->http);
    while (!LIST_EMPTY(&w->conns)) /* those that the loop never came to */
        conn_forget(LIST_FIRST(&w->conns));
    run_later(w);
    if (w->wake)
        event_free(w->wake);
    if (w->limit)
        event_free(w->limit);
    if (w->rest)
        event_free(w->rest);
    if (w->turn_end)
        event_free(w->turn_end);
    if (w->base)
        event_base_free(w->base);
    if (w->wake_fd >= 0)
        close(w->wake_fd);
    free(w->by_fd);
    pthread_mutex_destroy(&w->lock);
}
