/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "own.h"
#include "report.h"
#include "state/file.h"

enum {
    MANY = 64,                /* messages handed in together */
    ROOM = 4 * PAWL_BODY_MAX, /* bytes of input that are looked at together */
    LOOK_MS = 100             /* between two looks at what was acknowledged, or at a full queue */
};

struct sender {
    bool               wait;
    struct pawl_local *agent; /* NULL: none runs */
    struct rounds      own;   /* then */
    uint64_t           n;     /* messages that are durable */
    uint64_t           last_id;
    size_t             room_n;
    uint8_t            room[ROOM];
};

static void sender_free(struct sender **s)
{
    if (!*s)
        return;
    pawl_local_close(&(*s)->agent);
    flow_close(&(*s)->own.flow);
    pawl_wipe((*s)->room, sizeof((*s)->room));
    free(*s);
    *s = NULL;
}

pawl_status message_agent(const struct config *c, struct pawl_local **ret, struct pawl_err *err)
{
    if (!c->socket[0])
        return pawl_ok();
    pawl_status s = pawl_local_open(c->socket, ret, err);
    if (s.code == PAWL_E_ABSENT && c->closed)
        return pawl_fail(err, PAWL_E_IO, c->socket,
                         "no agent is there; " CONFIG_PATH
                         ", which may name another socket, is not ours to read");
    return s.code == PAWL_E_ABSENT ? pawl_ok() : s;
}

static pawl_status sender_make(const struct cli *cli, const struct config *c, struct sender **ret,
                               struct pawl_err *err)
{
    PAWL_CLEANUP(sender_free) struct sender *s = calloc(1, sizeof(*s));

    if (!s)
        return pawl_fail(err, PAWL_E_MEMORY, "message", "out of memory");
    s->own.flow.dir = (struct state_dir){ -1, -1 };
    s->wait = cli->wait;
    PAWL_TRY(message_agent(c, &s->agent, err));
    if (!s->agent)
        PAWL_TRY(own_open(c, &s->own, err));
    *ret = s;
    s = NULL;
    return pawl_ok();
}

/* ---- into the queue ------------------------------------------------------------------------- */

/* What was put before one that had no room is durable too. */
static pawl_status put_own(struct sender *s, const struct pawl_view *body, size_t n, size_t *ret_n,
                           uint64_t *ret_id, struct pawl_err *err)
{
    struct spool *queue = s->own.flow.live.queue;
    pawl_status   put = pawl_ok();
    uint64_t      id = 0;
    size_t        i = 0;

    if (!queue)
        return pawl_fail(err, PAWL_E_STATE, "state", "was lost");
    while (i < n && pawl_is_ok(put = spool_put(queue, 0, body[i], &id, err)))
        i++;
    struct pawl_err of_sync;
    pawl_status     synced = i ? spool_sync(queue, &of_sync) : pawl_ok();
    if (!pawl_is_ok(synced)) {
        *err = of_sync;
        return synced;
    }
    *ret_n = i;
    if (i)
        *ret_id = id;
    return put;
}

static void look_again_soon(void)
{
    const struct timespec t = { .tv_nsec = LOOK_MS * 1000000 };

    nanosleep(&t, NULL);
}

/* The queue is full. Without an agent we are who empties it. True: try again. */
static bool wait_for_room(struct sender *s)
{
    struct pawl_err ignored;

    if (s->agent) {
        if (s->wait)
            look_again_soon();
        return s->wait;
    }
    uint64_t before = spool_facts(s->own.flow.live.queue).n;
    (void)pawl_is_ok(own_exchange(&s->own, s->wait, &ignored));
    return !s->own.flow.live.queue || spool_facts(s->own.flow.live.queue).n < before;
}

static pawl_status hand_in(struct sender *s, const struct pawl_view *body, size_t n,
                           struct pawl_err *err)
{
    for (;;) {
        size_t      done = 0;
        pawl_status one = s->agent ? pawl_local_send_all(s->agent, body, n, &done, &s->last_id, err)
                                   : put_own(s, body, n, &done, &s->last_id, err);
        s->n += done;
        body += done;
        n -= done;
        if (pawl_is_ok(one) || one.code != PAWL_E_FULL || !wait_for_room(s))
            return one;
    }
}

/* ---- out of a file -------------------------------------------------------------------------- */

/* *ret_end: there is no more. */
static pawl_status read_more(struct sender *s, int fd, bool *ret_end, struct pawl_err *err)
{
    ssize_t n;

    do
        n = read(fd, s->room + s->room_n, sizeof(s->room) - s->room_n);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return pawl_fail(err, PAWL_E_RANGE, "message", "cannot be read: %s", strerror(errno));
    s->room_n += (size_t)n;
    *ret_end = n == 0;
    return pawl_ok();
}

static pawl_status too_long(const struct sender *s, struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_RANGE, "message",
                     "more than %d bytes, behind %llu that are queued", PAWL_BODY_MAX,
                     (unsigned long long)s->n);
}

static pawl_status send_whole(struct sender *s, int fd, struct pawl_err *err)
{
    bool end = false;

    while (!end && s->room_n <= PAWL_BODY_MAX)
        PAWL_TRY(read_more(s, fd, &end, err));
    if (s->room_n > PAWL_BODY_MAX)
        return too_long(s, err);
    const struct pawl_view body = pawl_view(s->room, s->room_n);
    return hand_in(s, &body, 1, err);
}

/* The lines that are whole, all of them at the end. *ret_n: how many; *ret_used: bytes of them. */
static void cut_lines(const struct sender *s, bool end, struct pawl_view line[MANY], size_t *ret_n,
                      size_t *ret_used)
{
    size_t at = 0, n = 0;

    while (n < MANY && at < s->room_n) {
        const uint8_t *from = s->room + at;
        const uint8_t *stop = memchr(from, '\n', s->room_n - at);
        if (!stop && !end)
            break;
        size_t len = stop ? (size_t)(stop - from) : s->room_n - at;
        if (len)
            line[n++] = pawl_view(from, len);
        at += len + (stop != NULL);
    }
    *ret_n = n;
    *ret_used = at;
}

/* What has come is handed in before more is read: somebody may write a line a day. */
static pawl_status send_lines(struct sender *s, int fd, struct pawl_err *err)
{
    struct pawl_view line[MANY];
    size_t           n, used;
    bool             end = false;

    while (!end || s->room_n) {
        if (!end)
            PAWL_TRY(read_more(s, fd, &end, err));
        do {
            cut_lines(s, end, line, &n, &used);
            if (n)
                PAWL_TRY(hand_in(s, line, n, err));
            s->room_n -= used;
            memmove(s->room, s->room + used, s->room_n);
        } while (used);
        if (s->room_n > PAWL_BODY_MAX)
            return too_long(s, err);
    }
    return pawl_ok();
}

/* ---- until the verifier has them ------------------------------------------------------------ */

static pawl_status await_agent(struct sender *s, struct pawl_err *err)
{
    for (;;) {
        uint64_t id;
        PAWL_TRY(pawl_local_acknowledged(s->agent, &id, err));
        if (id >> 32 != s->last_id >> 32)
            return pawl_fail(err, PAWL_E_STATE, "queue", "was lost, and what was in it");
        if (id >= s->last_id)
            return pawl_ok();
        look_again_soon();
    }
}

static pawl_status await(struct sender *s, bool *ret_queued, struct pawl_err *err)
{
    *ret_queued = false;
    if (!s->n || (s->agent && !s->wait)) /* a running agent's queue is enough */
        return pawl_ok();
    if (s->agent) {
        pawl_status done = await_agent(s, err);
        *ret_queued = !pawl_is_ok(done);
        return done;
    }
    pawl_status done = own_exchange(&s->own, s->wait, err);
    *ret_queued = own_has_queued(&s->own);
    return *ret_queued ? done : pawl_ok();
}

/* ---- the command ---------------------------------------------------------------------------- */

static enum cli_exit failed(pawl_status s, const struct pawl_err *err)
{
    report_failure(err);
    switch (s.code) {
    case PAWL_E_FULL:
        return CLI_FULL;
    case PAWL_E_RANGE:
    case PAWL_E_CONFLICT:
        return CLI_USAGE;
    default:
        return report_failure_exit(s.code);
    }
}

static enum cli_exit send_from(const struct cli *cli, const struct config *c, int fd)
{
    PAWL_CLEANUP(sender_free) struct sender *s = NULL;
    struct pawl_err                          err;
    bool                                     queued;

    pawl_status done = sender_make(cli, c, &s, &err);
    if (pawl_is_ok(done))
        done = cli->lines ? send_lines(s, fd, &err) : send_whole(s, fd, &err);
    if (!pawl_is_ok(done)) {
        if (s && s->n)
            fprintf(stderr, "pawl-agent: %llu messages are queued, no more\n",
                    (unsigned long long)s->n);
        return failed(done, &err);
    }
    done = await(s, &queued, &err);
    if (!pawl_is_ok(done))
        report_failure(&err);
    if (queued)
        fputs("pawl-agent: queued, and not acknowledged yet\n", stderr);
    return queued ? CLI_QUEUED : CLI_GOOD;
}

enum cli_exit message_send(const struct cli *cli, const struct config *c)
{
    bool piped = !cli->argument || !strcmp(cli->argument, "-");
    PAWL_CLEANUP(file_close)
    int fd = piped ? dup(STDIN_FILENO) : open(cli->argument, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        fprintf(stderr, "pawl-agent: %s: %s\n", piped ? "standard input" : cli->argument,
                strerror(errno));
        return CLI_USAGE;
    }
    return send_from(cli, c, fd);
}
