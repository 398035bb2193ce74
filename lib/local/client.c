/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of the application socket: one request, one answer; for many messages up to 64
 * requests ahead of their answers, so that the agent makes them durable together.
 */
#include <pawl/local.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define AHEAD_MAX  64
#define SILENCE_MS 30000 /* beside what the agent was asked to wait */

struct pawl_local {
    int     fd;
    bool    broken;                          /* answers are not where they should be any more */
    uint8_t frame[PAWL_LOCAL_FRAME_MAX + 1]; /* one more than there may be, to see what is longer */
};

void pawl_local_close(struct pawl_local **c)
{
    if (!*c)
        return;
    if ((*c)->fd >= 0)
        close((*c)->fd);
    pawl_wipe(*c, sizeof(**c)); /* it may have held a key */
    free(*c);
    *c = NULL;
}

/* ---- one frame ------------------------------------------------------------------------------ */

static pawl_status gone(struct pawl_local *c, struct pawl_err *err, const char *why)
{
    c->broken = true;
    return pawl_fail(err, PAWL_E_IO, "agent", "%s", why);
}

static pawl_status wait_for(struct pawl_local *c, short events, int ms, struct pawl_err *err)
{
    struct pollfd p = { .fd = c->fd, .events = events };
    int           n;

    do
        n = poll(&p, 1, ms);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return gone(c, err, strerror(errno));
    return n ? pawl_ok() : gone(c, err, "does not answer");
}

static pawl_status put(struct pawl_local *c, const struct pawl_local_req *m, struct pawl_err *err)
{
    struct pawl_wr   w = pawl_wr_to(c->frame, PAWL_LOCAL_FRAME_MAX);
    struct pawl_view frame;

    if (c->broken)
        return gone(c, err, "the connection is broken");
    PAWL_TRY(pawl_local_req_write(m, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "request", &frame, err));
    PAWL_TRY(wait_for(c, POLLOUT, SILENCE_MS, err));
    while (send(c->fd, frame.p, frame.n, MSG_NOSIGNAL) < 0) {
        if (errno == EAGAIN)
            PAWL_TRY(wait_for(c, POLLOUT, SILENCE_MS, err));
        else if (errno == EPIPE || errno == ECONNRESET)
            return pawl_ok(); /* it may have said why: that is still to be read */
        else if (errno != EINTR)
            return gone(c, err, strerror(errno));
    }
    return pawl_ok();
}

/* The next answer. The agent's refusal becomes a failure with its code and its words. */
static pawl_status get(struct pawl_local *c, enum pawl_local_say want, int wait_ms,
                       struct pawl_local_ans *ret, struct pawl_err *err)
{
    struct pawl_local_ans a;
    ssize_t               n;

    PAWL_TRY(wait_for(c, POLLIN, SILENCE_MS + wait_ms, err));
    do
        n = recv(c->fd, c->frame, sizeof(c->frame), 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return gone(c, err, strerror(errno));
    if (n == 0)
        return gone(c, err, "closed the connection");
    if (!pawl_is_ok(pawl_local_ans_parse(pawl_view(c->frame, (size_t)n), &a, err)))
        return gone(c, err, "says what is no answer");
    if (a.say == PAWL_LOCAL_ERROR)
        return pawl_fail(err, a.code, "agent", "%.*s", (int)a.text.n, (const char *)a.text.p);
    if (a.say != want && !(want == PAWL_LOCAL_MESSAGE && a.say == PAWL_LOCAL_NOTHING))
        return gone(c, err, "answers something else");
    *ret = a;
    return pawl_ok();
}

static pawl_status ask(struct pawl_local *c, const struct pawl_local_req *m,
                       enum pawl_local_say want, struct pawl_local_ans *ret, struct pawl_err *err)
{
    PAWL_TRY(put(c, m, err));
    return get(c, want, (int)m->wait_ms, ret, err);
}

/* ---- opening -------------------------------------------------------------------------------- */

static pawl_status connect_to(int fd, const char *path, struct pawl_err *err)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(a.sun_path))
        return pawl_fail(err, PAWL_E_RANGE, "socket", "a path of at most %zu characters",
                         sizeof(a.sun_path) - 1);
    memcpy(a.sun_path, path, strlen(path) + 1);
    if (!connect(fd, (const struct sockaddr *)&a, sizeof(a)))
        return pawl_ok();
    enum pawl_code code = errno == ENOENT || errno == ECONNREFUSED ? PAWL_E_ABSENT
                          : errno == EACCES                        ? PAWL_E_DENIED
                                                                   : PAWL_E_IO;
    return pawl_fail(err, code, "socket", "%.60s: %s", path, strerror(errno));
}

pawl_status pawl_local_open(const char *path, struct pawl_local **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_local_close) struct pawl_local *c = calloc(1, sizeof(*c));
    struct pawl_local_facts                           ignored;

    if (!c)
        return pawl_fail(err, PAWL_E_MEMORY, "socket", "out of memory");
    c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return pawl_fail(err, PAWL_E_IO, "socket", "%s", strerror(errno));
    PAWL_TRY(connect_to(c->fd, path ? path : PAWL_LOCAL_SOCKET, err));
    PAWL_TRY(pawl_local_status(c, &ignored, err)); /* says whether it admits us */
    *ret = c;
    c = NULL;
    return pawl_ok();
}

/* ---- sending -------------------------------------------------------------------------------- */

/* Requests under way, and what is known of them. */
struct burst {
    const struct pawl_view *body;
    size_t                  n, asked, told, good; /* good: from the front */
    uint64_t                last_id;
};

static pawl_status ask_ahead(struct pawl_local *c, struct burst *b, struct pawl_err *err)
{
    for (; b->asked < b->n && b->asked - b->told < AHEAD_MAX; b->asked++) {
        const struct pawl_local_req m = { .ask = PAWL_LOCAL_SEND,
                                          .body = b->body[b->asked],
                                          .chained = b->asked > 0 };
        PAWL_TRY(put(c, &m, err));
    }
    return pawl_ok();
}

static pawl_status next_told(struct pawl_local *c, struct burst *b, struct pawl_err *err)
{
    struct pawl_local_ans a;

    PAWL_TRY(get(c, PAWL_LOCAL_QUEUED, 0, &a, err));
    b->told++;
    b->good++;
    b->last_id = a.id;
    return pawl_ok();
}

/* Behind one that was refused: all of them are chained to it. Their answers are still to come. */
static void drain(struct pawl_local *c, struct burst *b)
{
    struct pawl_local_ans a;
    struct pawl_err       ignored;

    while (!c->broken && ++b->told < b->asked)
        (void)pawl_is_ok(get(c, PAWL_LOCAL_QUEUED, 0, &a, &ignored));
}

static pawl_status send_burst(struct pawl_local *c, struct burst *b, struct pawl_err *err)
{
    while (b->told < b->n) {
        PAWL_TRY(ask_ahead(c, b, err));
        pawl_status s = next_told(c, b, err);
        if (!pawl_is_ok(s))
            drain(c, b);
        PAWL_TRY(s);
    }
    return pawl_ok();
}

pawl_status pawl_local_send_all(struct pawl_local *c, const struct pawl_view *body, size_t n,
                                size_t *ret_n, uint64_t *ret_id, struct pawl_err *err)
{
    struct burst b = { .body = body };

    while (b.n < n && body[b.n].n <= PAWL_BODY_MAX) /* a longer one is in no frame */
        b.n++;
    pawl_status s = send_burst(c, &b, err);
    *ret_n = b.good;
    if (b.good)
        *ret_id = b.last_id;
    PAWL_TRY(s);
    if (b.n < n)
        return pawl_fail(err, PAWL_E_RANGE, "message", "%zu bytes, 1 to %d are taken", body[b.n].n,
                         PAWL_BODY_MAX);
    return pawl_ok();
}

pawl_status pawl_local_send(struct pawl_local *c, struct pawl_view body, uint64_t *ret_id,
                            struct pawl_err *err)
{
    size_t n;

    return pawl_local_send_all(c, &body, 1, &n, ret_id, err);
}

pawl_status pawl_local_acknowledged(struct pawl_local *c, uint64_t *ret_id, struct pawl_err *err)
{
    const struct pawl_local_req m = { .ask = PAWL_LOCAL_SENT };
    struct pawl_local_ans       a;

    PAWL_TRY(ask(c, &m, PAWL_LOCAL_ACKNOWLEDGED, &a, err));
    *ret_id = a.id;
    return pawl_ok();
}

/* ---- receiving ------------------------------------------------------------------------------ */

/* Of the time that is left, as much as one request may take. */
static uint64_t one_wait(int wait_ms)
{
    return wait_ms < 0 || wait_ms > PAWL_LOCAL_WAIT_MAX_MS ? PAWL_LOCAL_WAIT_MAX_MS
                                                           : (uint64_t)wait_ms;
}

pawl_status pawl_local_receive(struct pawl_local *c, uint64_t after, int wait_ms, uint64_t *ret_id,
                               uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    struct pawl_local_ans a;

    for (;;) {
        const struct pawl_local_req m = { .ask = PAWL_LOCAL_RECEIVE,
                                          .id = after,
                                          .wait_ms = one_wait(wait_ms) };
        PAWL_TRY(ask(c, &m, PAWL_LOCAL_MESSAGE, &a, err));
        if (a.say == PAWL_LOCAL_MESSAGE)
            break;
        if (wait_ms >= 0)
            wait_ms -= (int)m.wait_ms;
        if (!wait_ms)
            return pawl_fail(err, PAWL_E_ABSENT, "inbox", "nothing waits");
    }
    if (a.body.n > cap)
        return pawl_fail(err, PAWL_E_FULL, "message", "%zu bytes, room for %zu", a.body.n, cap);
    memcpy(ret, a.body.p, a.body.n);
    *ret_n = a.body.n;
    *ret_id = a.id;
    return pawl_ok();
}

pawl_status pawl_local_taken(struct pawl_local *c, uint64_t id, struct pawl_err *err)
{
    const struct pawl_local_req m = { .ask = PAWL_LOCAL_TAKEN, .id = id };
    struct pawl_local_ans       a;

    return ask(c, &m, PAWL_LOCAL_DONE, &a, err);
}

/* ---- incidents ------------------------------------------------------------------------------ */

pawl_status pawl_local_watch(struct pawl_local *c, struct pawl_err *err)
{
    const struct pawl_local_req m = { .ask = PAWL_LOCAL_WATCH };
    struct pawl_local_ans       a;

    return ask(c, &m, PAWL_LOCAL_DONE, &a, err);
}

static void copy_text(struct pawl_view text, char *ret)
{
    memcpy(ret, text.p, text.n); /* the frame's limit is the room's */
    ret[text.n] = 0;
}

pawl_status pawl_local_next_event(struct pawl_local *c, int wait_ms, struct pawl_local_event *ret,
                                  struct pawl_err *err)
{
    struct pollfd         p = { .fd = c->fd, .events = POLLIN };
    struct pawl_local_ans a;
    int                   n;

    if (c->broken)
        return gone(c, err, "the connection is broken");
    do
        n = poll(&p, 1, wait_ms);
    while (n < 0 && errno == EINTR);
    if (!n)
        return pawl_fail(err, PAWL_E_ABSENT, "agent", "no event came");
    PAWL_TRY(get(c, PAWL_LOCAL_EVENT, 0, &a, err));
    ret->begin = a.begin;
    copy_text(a.kind, ret->kind);
    copy_text(a.text, ret->text);
    return pawl_ok();
}

/* ---- the rest ------------------------------------------------------------------------------- */

pawl_status pawl_local_key(struct pawl_local *c, const char *label, struct pawl_view context,
                           size_t n, uint64_t *epoch, struct pawl_secret *ret, struct pawl_err *err)
{
    const struct pawl_local_req m = { .ask = PAWL_LOCAL_KEY,
                                      .label = pawl_view_str(label),
                                      .context = context,
                                      .n = n,
                                      .epoch = *epoch };
    struct pawl_local_ans       a;

    PAWL_TRY(ask(c, &m, PAWL_LOCAL_A_KEY, &a, err));
    pawl_status s = a.body.n == n ? pawl_secret_from(a.body, "key", ret, err)
                                  : pawl_fail(err, PAWL_E_FORM, "agent", "a key of another length");
    if (pawl_is_ok(s))
        *epoch = a.epoch;
    pawl_wipe(c->frame, sizeof(c->frame));
    return s;
}

pawl_status pawl_local_status(struct pawl_local *c, struct pawl_local_facts *ret,
                              struct pawl_err *err)
{
    const struct pawl_local_req m = { .ask = PAWL_LOCAL_STATUS };
    struct pawl_local_ans       a;

    PAWL_TRY(ask(c, &m, PAWL_LOCAL_FACTS, &a, err));
    *ret = a.facts;
    return pawl_ok();
}
