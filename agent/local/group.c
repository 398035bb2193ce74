/* SPDX-License-Identifier: Apache-2.0 */
#include "local/group.h"

bool group_is_full(const struct group *g)
{
    return g->n == GROUP_MAX;
}

bool group_has(const struct group *g, const struct conn *c)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->message[i].from == c)
            return true;
    return false;
}

void group_leave(struct group *g, const struct conn *c)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->message[i].from == c)
            g->message[i].from = NULL;
}

static pawl_status check_queue(const struct shared_things *t, struct pawl_err *err)
{
    return t->queue ? pawl_ok() : pawl_fail(err, PAWL_E_STATE, "messages", "are off");
}

/* With the things in hand. */
static pawl_status put(struct group *g, const struct shared_things *t, struct pawl_view body,
                       uint64_t *ret_id, struct pawl_err *err)
{
    PAWL_TRY(check_queue(t, err));
    if (g->n && g->opened != t->opened)
        return pawl_fail(err, PAWL_E_STATE, "queue", "was lost just now");
    g->opened = t->opened;
    return spool_put(t->queue, 0, body, ret_id, err);
}

pawl_status group_add(struct group *g, struct shared *s, struct conn *from, struct pawl_view body,
                      int64_t now_ms, struct pawl_err *err)
{
    struct shared_things t;
    uint64_t             id = 0;

    PAWL_TRY(shared_use(s, &t, err));
    pawl_status done = put(g, &t, body, &id, err);
    shared_done(s);
    PAWL_TRY(done);
    if (!g->n)
        g->until_ms = now_ms + GROUP_MS;
    g->message[g->n].from = from;
    g->message[g->n++].id = id;
    return pawl_ok();
}

/* inv. 2 */
static void take_back(const struct group *g, const struct shared_things *t)
{
    struct pawl_err ignored;

    for (size_t i = 0; i < g->n; i++)
        (void)pawl_is_ok(spool_take(t->queue, g->message[i].id, &ignored));
}

static pawl_status make_durable(const struct group *g, struct shared *s, struct pawl_err *err)
{
    struct shared_things t;

    PAWL_TRY(shared_use(s, &t, err));
    pawl_status done = g->opened == t.opened
                           ? spool_sync(t.queue, err)
                           : pawl_fail(err, PAWL_E_STATE, "queue", "was lost just now");
    if (!pawl_is_ok(done) && g->opened == t.opened)
        take_back(g, &t);
    shared_done(s);
    return done;
}

bool group_commit(struct group *g, struct shared *s, struct conn_room *room)
{
    struct group    all = *g;
    struct pawl_err err;

    if (!all.n)
        return false;
    pawl_status done = make_durable(&all, s, &err);
    g->n = 0;
    for (size_t i = 0; i < all.n; i++) {
        const struct pawl_local_ans a = { .say = PAWL_LOCAL_QUEUED, .id = all.message[i].id };
        struct conn                *c = all.message[i].from;
        if (!c || c->fd < 0)
            continue;
        c->refused = !pawl_is_ok(done);
        if (pawl_is_ok(done))
            conn_put(c, room, &a);
        else
            conn_refuse(c, room, &err);
    }
    return pawl_is_ok(done);
}
