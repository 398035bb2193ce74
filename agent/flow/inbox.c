/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/inbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "flow/steps.h"

/* Held from the first put until the slots are logged: nothing is handed on in between. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void open_gate(pthread_mutex_t **g)
{
    pthread_mutex_unlock(*g);
}

#define CLOSE_GATE()                                                                               \
    PAWL_CLEANUP(open_gate) pthread_mutex_t *closed = &gate;                                       \
    pthread_mutex_lock(closed)

/* One answer on its way in. Too large for a stack. */
struct arrivals {
    struct pawl_messages_ans ans;
    size_t                   slot_n;
    struct rcvlog_slot       slot[PAWL_MESSAGES_N_MAX];
    uint8_t                  plain[PAWL_PLAINTEXT_MAX];
};

static void arrivals_free(struct arrivals **a)
{
    if (*a)
        pawl_wipe((*a)->plain, sizeof((*a)->plain));
    free(*a);
    *a = NULL;
}

static bool came_just_now(const struct arrivals *a, const struct rcvlog_slot *s)
{
    for (size_t i = 0; i < a->slot_n; i++)
        if (a->slot[i].seq == s->seq)
            return true;
    return false;
}

static bool id_came_just_now(const struct arrivals *a, uint64_t id)
{
    for (size_t i = 0; i < a->slot_n; i++)
        if (a->slot[i].has_id && a->slot[i].id == id)
            return true;
    return false;
}

/* ---- by type -------------------------------------------------------------------------------- */

static pawl_status keep(struct flow *f, const struct arrivals *a, const struct pawl_content *c,
                        struct flow_messages *done, struct pawl_err *err)
{
    uint64_t id;

    if (rcvlog_has_id(f->live.received, c->id) || id_came_just_now(a, c->id))
        return pawl_ok(); /* handed on before, in another slot */
    PAWL_TRY(spool_put(f->live.inbox, c->id, c->body, &id, err));
    done->received++;
    return pawl_ok();
}

static pawl_status leaves_queue(uint64_t id, void *arg, struct pawl_err *err)
{
    struct flow *f = arg;

    return spool_take(f->live.queue, id, err);
}

/* The outbox is of the current epoch, which a key that was stolen before the rekey says nothing of.
 */
static pawl_status acknowledged(struct flow *f, uint64_t epoch, const struct pawl_content *c,
                                struct pawl_err *err)
{
    if (epoch != f->live.slot.epoch)
        return pawl_ok();
    return outbox_acknowledge(f->outbox, c, leaves_queue, f, err);
}

static pawl_status heed(struct flow *f, const struct arrivals *a, uint64_t epoch,
                        const struct pawl_content *c, struct flow_messages *done,
                        struct pawl_err *err)
{
    switch (c->type) {
    case PAWL_CONTENT_APP:
        return keep(f, a, c, done, err);
    case PAWL_CONTENT_ACK:
        return acknowledged(f, epoch, c, err);
    case PAWL_CONTENT_DEMAND:
        done->demand |= c->demand;
        return pawl_ok();
    default:
        return pawl_ok(); /* a verifier confirms nothing and has no facts */
    }
}

static pawl_status take_one(struct flow *f, struct pawl_view cose, struct arrivals *a,
                            struct flow_messages *done, struct pawl_err *err)
{
    struct pawl_content c;
    struct rcvlog_slot  slot;
    struct pawl_err     ignored;

    pawl_status s = live_receive(f, cose, a->plain, sizeof(a->plain), &c, &slot, &ignored);
    if (!pawl_is_ok(s) || came_just_now(a, &slot))
        return pawl_ok();
    a->slot[a->slot_n] = slot;
    if (!rcvlog_has_room(f->live.received, a->slot, a->slot_n + 1)) /* an attest comes first */
        return pawl_ok();
    s = heed(f, a, slot.epoch, &c, done, err);
    if (s.code == PAWL_E_FULL) /* the inbox: not taken, so it comes again */
        return pawl_ok();
    PAWL_TRY(s);
    a->slot_n++;
    return pawl_ok();
}

/* ---- the answer ----------------------------------------------------------------------------- */

static pawl_status take_all(struct flow *f, struct arrivals *a, struct flow_messages *done,
                            struct pawl_err *err)
{
    CLOSE_GATE();
    for (size_t i = 0; i < a->ans.n && !rcvlog_is_full(f->live.received); i++)
        PAWL_TRY(take_one(f, a->ans.cose[i], a, done, err));
    PAWL_TRY(spool_sync(f->live.inbox, err));
    if (a->slot_n)
        PAWL_TRY(rcvlog_add(f->live.received, a->slot, a->slot_n, err));
    return spool_sync(f->live.queue, err);
}

pawl_status inbox_take(struct flow *f, struct pawl_view body, struct flow_messages *done,
                       struct pawl_err *err)
{
    PAWL_CLEANUP(arrivals_free) struct arrivals *a = calloc(1, sizeof(*a));
    struct flow_messages                         d = *done;

    if (!a)
        return pawl_fail(err, PAWL_E_MEMORY, "messages", "out of memory");
    PAWL_TRY(pawl_under(err, "messages answer", pawl_messages_ans_parse(body, &a->ans, err)));
    ahead_came(f, a->ans.nonce);
    PAWL_TRY(take_all(f, a, &d, err));
    d.more = d.more ||
             d.received > 0; /* what came is acknowledged at once, and there may be more */
    *done = d;
    return pawl_ok();
}

/* ---- out of it ------------------------------------------------------------------------------ */

pawl_status inbox_next(struct spool *inbox, uint64_t after, uint64_t *ret_id, uint8_t *ret,
                       size_t cap, size_t *ret_n, struct pawl_err *err)
{
    CLOSE_GATE();
    return spool_next(inbox, after, ret_id, ret, cap, ret_n, err);
}

/* What lies behind the last one that was logged. Where no id in the inbox is remembered any more
 * nothing can be told apart, and all of it stays. */
static pawl_status first_unlogged(struct live *l, uint8_t *room, uint64_t *ret_after,
                                  bool *ret_known, struct pawl_err *err)
{
    uint64_t id = 0;
    size_t   n;

    *ret_after = 0;
    *ret_known = rcvlog_remembers_all(l->received);
    for (;;) {
        pawl_status s = spool_next(l->inbox, id, &id, room, PAWL_BODY_MAX, &n, err);
        if (s.code == PAWL_E_ABSENT)
            return pawl_ok();
        PAWL_TRY(s);
        if (!rcvlog_has_id(l->received, id))
            continue;
        *ret_after = id;
        *ret_known = true;
    }
}

static void room_free(uint8_t **p)
{
    if (*p)
        pawl_wipe(*p, PAWL_BODY_MAX);
    free(*p);
}

pawl_status inbox_open(struct live *l, struct pawl_err *err)
{
    PAWL_CLEANUP(room_free) uint8_t *room = malloc(PAWL_BODY_MAX);
    uint64_t                         after, id;
    bool                             known;
    size_t                           n;

    if (!room)
        return pawl_fail(err, PAWL_E_MEMORY, "inbox", "out of memory");
    PAWL_TRY(first_unlogged(l, room, &after, &known, err));
    while (known) {
        pawl_status s = spool_next(l->inbox, after, &id, room, PAWL_BODY_MAX, &n, err);
        if (s.code == PAWL_E_ABSENT)
            break;
        PAWL_TRY(s);
        PAWL_TRY(spool_take(l->inbox, id, err));
    }
    return spool_sync(l->inbox, err);
}
