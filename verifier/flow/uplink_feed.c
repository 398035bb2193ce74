/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the messages of a request add to the feed: each once, with the mark that it has now, and
 * held back where the tenant wants that while somebody else may have the key.
 *
 * Invariants
 *  1. A message is a copy only of one with its id and its body that is not known to be forged:
 *     whoever sends ids ahead of the device keeps nothing of it from its consumers.
 *  2. Marks are given when all messages of the request were judged, for the last one may accuse.
 */

#include "flow/uplink.h"

#include <string.h>

#include "flow/incident.h"
#include "flow/marks.h"
#include "ratchet/plan.h"

/* Segments that are looked at for the earlier body of one id. */
enum { EARLIER_MAX = 8 };

static pawl_status mark_now(struct uplink *u, const struct inbox_head *h, enum mark *ret,
                            struct pawl_err *err)
{
    struct held_generation *one = NULL;
    pawl_status             s = held_generation(u->h, PAWL_UP, h->epoch, h->gen, false, &one, err);

    if (s.code != PAWL_E_ABSENT)
        PAWL_TRY(s);
    *ret = marks_arrival(&u->h->r, pawl_is_ok(s) ? &one->g : NULL, h->epoch, h->seq, h->leaf);
    return pawl_ok();
}

/* ---- copies --------------------------------------------------------------------------------- */

struct earlier {
    struct uplink   *u;
    uint64_t         id;
    struct pawl_view body;
    bool             found;
};

/* inv. 1 */
static pawl_status compare(struct earlier *e, const struct inbox_message *m, struct pawl_err *err)
{
    enum mark mark;

    if (e->found || m->head.id != e->id || !pawl_view_equal(m->body, e->body))
        return pawl_ok();
    PAWL_TRY(mark_now(e->u, &m->head, &mark, err));
    e->found = mark != MARK_FORGED;
    return pawl_ok();
}

/* A segment that does not open says nothing: rather twice than never. */
static pawl_status compare_segment(const struct segment_row *row, void *arg, struct pawl_err *err)
{
    PAWL_CLEANUP(inbox_segment_done) struct inbox_segment s = { 0 };
    struct earlier                                       *e = arg;

    if (e->found ||
        !pawl_is_ok(inbox_open(e->u->h->flow->keys, pawl_view_str(e->u->h->tenant), row, &s, err)))
        return pawl_ok();
    for (size_t i = 0; i < s.n; i++)
        PAWL_TRY(compare(e, &s.message[i], err));
    return pawl_ok();
}

/* P-VMSG-4: what came before under this id is held against it, as far as it is still there. */
static pawl_status is_copy(struct uplink *u, uint64_t id, struct pawl_view body, bool *ret,
                           struct pawl_err *err)
{
    const struct store *store = u->h->flow->store;
    struct earlier      e = { .u = u, .id = id, .body = body };

    for (size_t i = 0; i < u->app_n; i++)
        PAWL_TRY(compare(&e, &u->app[i], err));
    if (!e.found)
        PAWL_TRY(store->segments_with(store->self, pawl_view_str(u->h->tenant),
                                      PAWL_VIEW_OF(u->h->device_id), id, EARLIER_MAX,
                                      compare_segment, &e, err));
    *ret = e.found;
    return pawl_ok();
}

pawl_status uplink_hand_on(struct uplink *u, const struct inbox_head *head, struct pawl_view body,
                           struct pawl_err *err)
{
    struct inbox_message m = { .head = *head, .body = body };
    enum mark            mark;
    bool                 copy = false;

    PAWL_TRY(mark_now(u, head, &mark, err));
    if (mark != MARK_FORGED && ratchet_id_seen(&u->h->r, head->id)) /* inv. 1 */
        PAWL_TRY(is_copy(u, head->id, body, &copy, err));
    m.head.flags = copy ? INBOX_COPY : 0;
    u->app[u->app_n++] = m;
    return pawl_ok();
}

/* ---- marks ---------------------------------------------------------------------------------- */

/* What came while a window was open counts in its incident. */
static bool is_of_incident(const struct incident *i, const struct inbox_head *h)
{
    return h->mark == MARK_FORGED ||
           (i->tainted && h->mark > MARK_TAINTED && h->epoch <= i->epoch && h->seq >= i->taint_lo);
}

static pawl_status mark_all(struct uplink *u, struct pawl_err *err)
{
    const struct incident *i = &u->h->r.incident;
    struct inbox_mark      final[PAWL_MESSAGES_N_MAX];
    size_t                 n = 0;

    for (size_t k = 0; k < u->app_n; k++) {
        struct inbox_head *h = &u->app[k].head;

        PAWL_TRY(mark_now(u, h, &h->mark, err));
        if (u->tenant->hold_messages && (h->mark == MARK_TAINTED || h->mark == MARK_FORGED))
            h->flags |= INBOX_HELD;
        if (is_of_incident(i, h))
            final[n++] = (struct inbox_mark){ .epoch = h->epoch,
                                              .gen = h->gen,
                                              .seq = h->seq,
                                              .id = h->id,
                                              .mark = h->mark,
                                              .incident = i->epoch };
    }
    return n ? incident_marked(u->h, u->step, u->now_ms, final, n, err) : pawl_ok();
}

pawl_status uplink_plan(struct uplink *u, struct pawl_err *err)
{
    PAWL_CLEANUP(segment_row_done) struct segment_row row = { .time_ms = u->now_ms };

    if (u->facts[0] && !u->step->event[0])
        memcpy(u->step->event, u->facts, sizeof(u->step->event));
    if (!u->app_n)
        return pawl_ok();
    PAWL_TRY(mark_all(u, err));
    memcpy(row.device, u->h->device_id, sizeof(row.device));
    PAWL_TRY(inbox_seal(u->h->flow->keys, pawl_view_str(u->h->tenant), u->h->device_id,
                        u->d->status, u->app, u->app_n, &row, err));
    return inbox_plan(u->step, &row, err);
}
