/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tainted window: what was delivered in it, what each of that turned out to be, and what is
 * listed late.
 *
 *   taint      heads since the last clean snapshot -> those of the window -> marks
 *   resolve    does an attested generation of it miss leaves? -> final marks -> held messages and
 *              copies that are listed now -> the rest of the window
 *
 * Invariants
 *  1. A window holds slots from taint_lo on of the incident's epoch and older ones: whoever had a
 *     key of those had none of a newer one.
 *  2. Final marks are told for everything below the snapshot at once, or for nothing: while a leaf
 *     is missing a message may still be either. Only what is stored again is bounded for one step;
 *     then the window stays where it is, and the next step goes on.
 *  3. A final mark is told once.
 */

#include "flow/marks.h"

#include <stdlib.h>
#include <string.h>

#include "flow/incident.h"
#include "flow/window.h"
#include "ratchet/plan.h"

enum {
    LIST_BYTES = 4 * 1024 * 1024, /* of bodies that are stored again in one step */
    BEFORE_MAX = 64, /* segments that are looked at for an earlier message of one id .. */
    BEFORE_IDS = 256 /* .. of so many: who forged more ids makes some come twice */
};

static bool is_of_window(const struct incident *i, uint64_t epoch, uint64_t seq)
{
    return i->tainted && epoch <= i->epoch && seq >= i->taint_lo;
}

static bool is_final(enum mark m)
{
    return m > MARK_TAINTED;
}

enum mark marks_arrival(const struct ratchet *r, const struct generation *g, uint64_t epoch,
                        uint64_t seq, const uint8_t leaf[PAWL_LEAF])
{
    enum mark m = detect_mark(r, g, epoch, seq, leaf);

    if (is_final(m))
        return m;
    return is_of_window(&r->incident, epoch, seq) ? MARK_TAINTED : MARK_NEW;
}

/* ---- telling -------------------------------------------------------------------------------- */

struct told {
    size_t             n, cap;
    struct inbox_mark *mark;
};

static void told_done(struct told *t)
{
    free(t->mark);
}

static pawl_status tell(struct told *t, const struct window_entry *e, enum mark mark,
                        uint64_t incident, struct pawl_err *err)
{
    if (t->n == t->cap) {
        size_t             cap = t->cap ? 2 * t->cap : 64;
        struct inbox_mark *all = realloc(t->mark, cap * sizeof(*all));

        if (!all)
            return pawl_fail(err, PAWL_E_MEMORY, "marks", "out of memory");
        t->mark = all;
        t->cap = cap;
    }
    t->mark[t->n++] = (struct inbox_mark){ .segment = e->segment,
                                           .index = e->index,
                                           .epoch = e->head.epoch,
                                           .gen = e->head.gen,
                                           .seq = e->head.seq,
                                           .id = e->head.id,
                                           .mark = mark,
                                           .incident = incident };
    return pawl_ok();
}

static struct segment_row row_of(const struct held *h, enum segment_kind kind, int64_t now_ms)
{
    struct segment_row row = { .kind = kind, .time_ms = now_ms };

    memcpy(row.device, h->device_id, sizeof(row.device));
    return row;
}

static pawl_status plan_marks(const struct held *h, const struct told *t, int64_t now_ms,
                              struct step *step, struct pawl_err *err)
{
    for (size_t at = 0; at < t->n; at += INBOX_MARKS_MAX) {
        PAWL_CLEANUP(segment_row_done) struct segment_row row = row_of(h, SEGMENT_MARKS, now_ms);
        size_t n = t->n - at < INBOX_MARKS_MAX ? t->n - at : INBOX_MARKS_MAX;

        row.n = (uint32_t)n;
        PAWL_TRY(inbox_marks_write(t->mark + at, n, &row.heads, err));
        PAWL_TRY(inbox_plan(step, &row, err));
    }
    return pawl_ok();
}

/* ---- taint ---------------------------------------------------------------------------------- */

pawl_status marks_taint(struct held *h, struct step *step, int64_t now_ms, struct pawl_err *err)
{
    PAWL_CLEANUP(window_done) struct window w = { 0 };
    PAWL_CLEANUP(told_done) struct told     told = { 0 };
    const struct incident                  *i = &h->r.incident;

    if (!i->tainted)
        return pawl_ok();
    PAWL_TRY(window_read(h, i->taint_ms, &w, err));
    for (size_t k = 0; k < w.n; k++) {
        const struct inbox_head *m = &w.entry[k].head;
        if (m->mark == MARK_NEW && is_of_window(i, m->epoch, m->seq))
            PAWL_TRY(tell(&told, &w.entry[k], MARK_TAINTED, i->epoch, err));
    }
    return plan_marks(h, &told, now_ms, step, err);
}

/* ---- resolve: may it be said? --------------------------------------------------------------- */

struct resolving {
    struct held *h;
    struct step *step;
    int64_t      now_ms;
    bool         given_up; /* what cannot be said now never will be */
    size_t       open;     /* messages of the window that wait for a snapshot */
    uint64_t     first;    /* segment of the window */
    unsigned     looked;   /* ids that were looked for before it */
    struct told  told;
};

static void resolving_done(struct resolving *r)
{
    told_done(&r->told);
}

static bool is_epoch_over(const struct ratchet *r)
{
    return r->last_base_epoch > r->incident.epoch;
}

/* The log is gone, or its device sends no leaves: late_window_s behind the rekey, or behind the
 * incident where one rekey follows the other. */
static bool is_given_up(const struct held *h, int64_t now_ms)
{
    const struct tenant_config *t = config_tenant(h->flow->config, pawl_view_str(h->tenant));
    const struct ratchet       *r = &h->r;
    int64_t                     wait_ms = t ? (int64_t)t->late_window_s * 1000 : 0;

    if (!is_epoch_over(r) || r->current.epoch <= r->incident.epoch)
        return false;
    return now_ms - r->promoted_ms > wait_ms ||
           (r->current.epoch - r->incident.epoch > 1 && now_ms - r->incident.opened_ms > wait_ms);
}

static pawl_status skip(struct held *h, struct held_generation *one, void *arg,
                        struct pawl_err *err)
{
    (void)h;
    (void)one;
    (void)arg;
    (void)err;
    return pawl_ok();
}

/* Leaves of the window are missing. Generations that this request made are not in the store yet. */
static pawl_status misses_leaves(struct held *h, bool *ret, struct pawl_err *err)
{
    PAWL_TRY(held_each(h, PAWL_UP, skip, NULL, err));
    *ret = false;
    for (size_t k = 0; k < h->n; k++) {
        const struct generation *g = &h->gen[k]->g;

        *ret |= g->dir == PAWL_UP && g->attested && !g->clean &&
                is_of_window(&h->r.incident, g->epoch, g->last_seq);
    }
    return pawl_ok();
}

/* ---- resolve: marks ------------------------------------------------------------------------- */

static pawl_status mark_of(struct resolving *r, const struct inbox_head *m, enum mark *ret,
                           struct pawl_err *err)
{
    struct held_generation *one = NULL;
    pawl_status             s = held_generation(r->h, PAWL_UP, m->epoch, m->gen, false, &one, err);

    if (s.code != PAWL_E_ABSENT)
        PAWL_TRY(s);
    *ret = detect_mark(&r->h->r, pawl_is_ok(s) ? &one->g : NULL, m->epoch, m->seq, m->leaf);
    if (*ret == MARK_TAINTED && r->given_up)
        *ret = MARK_UNATTESTED;
    return pawl_ok();
}

static pawl_status judge(struct resolving *r, struct window *w, struct pawl_err *err)
{
    for (size_t k = 0; k < w->n; k++) {
        struct window_entry *e = &w->entry[k];

        e->now = e->head.mark;
        if (is_final(e->now) || !is_of_window(&r->h->r.incident, e->head.epoch, e->head.seq))
            continue;
        PAWL_TRY(mark_of(r, &e->head, &e->now, err));
        if (!is_final(e->now)) {
            e->now = e->head.mark;
            r->open++;
        }
    }
    return pawl_ok();
}

/* ---- resolve: what is listed now ------------------------------------------------------------ */

/* Nothing speaks against it, and nothing that is still to come will. */
static bool stands(const struct incident *i, const struct window_entry *e)
{
    return e->now != MARK_FORGED && (is_final(e->now) || e->head.epoch > i->epoch);
}

/* A message of this id that came before the window was listed, and is no forgery. */
struct before {
    struct resolving *r;
    uint64_t          id;
    uint64_t          segment; /* where the window begins */
    bool              found;
};

static pawl_status look_before(const struct segment_row *row, void *arg, struct pawl_err *err)
{
    struct inbox_segment s;
    struct before       *b = arg;
    enum mark            mark;

    if (b->found || row->number >= b->segment)
        return pawl_ok();
    PAWL_TRY(inbox_heads(row, &s, err));
    for (size_t i = 0; i < s.n && !b->found; i++) {
        const struct inbox_head *m = &s.message[i].head;
        if (m->id != b->id || m->flags)
            continue;
        PAWL_TRY(mark_of(b->r, m, &mark, err));
        b->found = mark != MARK_FORGED;
    }
    return pawl_ok();
}

static pawl_status was_listed(struct resolving *r, uint64_t id, bool *ret, struct pawl_err *err)
{
    const struct store *store = r->h->flow->store;
    struct before       b = { .r = r, .id = id, .segment = r->first };

    PAWL_TRY(store->segments_with(store->self, pawl_view_str(r->h->tenant),
                                  pawl_view(r->h->device_id, PAWL_DEVICE_ID), id, BEFORE_MAX,
                                  look_before, &b, err));
    *ret = b.found;
    return pawl_ok();
}

/* One id: what was held and is no forgery is listed; of its copies the first that stands, if all
 * that was listed under this id is forged. An id of which nothing is left may come again. */
static pawl_status judge_id(struct window_entry **group, size_t n, void *arg, struct pawl_err *err)
{
    struct resolving      *r = arg;
    const struct incident *i = &r->h->r.incident;
    struct window_entry   *copy = NULL;
    bool                   forged = false, fresh = false, listed = false;

    for (size_t k = 0; k < n; k++) {
        struct window_entry *e = group[k];
        bool                 is_copy = e->head.flags & INBOX_COPY;

        fresh |= e->now == MARK_FORGED && e->head.mark != MARK_FORGED;
        forged |= !is_copy && e->now == MARK_FORGED;
        listed |= !is_copy && e->now != MARK_FORGED;
        e->list = !is_copy && e->head.flags & INBOX_HELD && !is_final(e->head.mark) && stands(i, e);
        if (is_copy && !copy && stands(i, e))
            copy = e;
    }
    if (!forged || listed || (!copy && !fresh))
        return pawl_ok();
    if (r->looked++ < BEFORE_IDS)
        PAWL_TRY(was_listed(r, group[0]->head.id, &listed, err));
    if (listed)
        return pawl_ok();
    if (copy)
        copy->list = true;
    else
        ratchet_id_forget(&r->h->r, group[0]->head.id);
    return pawl_ok();
}

struct listing {
    struct resolving          *r;
    const struct window_entry *entry; /* of one segment, n of them */
    size_t                     n;
    size_t                    *bytes;
};

/* The messages that are listed now, as a row of their own. What does not open any more is not. */
static pawl_status list_again(const struct segment_row *row, void *arg, struct pawl_err *err)
{
    PAWL_CLEANUP(inbox_segment_done) struct inbox_segment s = { 0 };
    struct listing                                       *l = arg;
    struct held                                          *h = l->r->h;
    struct inbox_message                                  again[PAWL_MESSAGES_N_MAX];
    size_t                                                n = 0;
    struct pawl_view                                      tenant = pawl_view_str(h->tenant);

    if (!pawl_is_ok(inbox_open(h->flow->keys, tenant, row, &s, err)))
        return pawl_ok();
    for (size_t k = 0; k < l->n; k++) {
        const struct window_entry *e = &l->entry[k];
        if (!e->list || e->at >= s.n)
            continue;
        again[n] = s.message[e->at];
        again[n].head.mark = e->now;
        again[n].head.flags = 0;
        *l->bytes += again[n++].body.n;
    }
    if (!n)
        return pawl_ok();
    PAWL_CLEANUP(segment_row_done)
    struct segment_row made = row_of(h, SEGMENT_MESSAGES, l->r->now_ms);
    PAWL_TRY(inbox_seal(h->flow->keys, tenant, h->device_id, s.status, again, n, &made, err));
    return inbox_plan(l->r->step, &made, err);
}

static pawl_status list_segment(struct resolving *r, const struct window_entry *entry, size_t n,
                                size_t *bytes, struct pawl_err *err)
{
    const struct store *store = r->h->flow->store;
    struct listing      l = { .r = r, .entry = entry, .n = n, .bytes = bytes };
    bool                any = false;

    for (size_t k = 0; k < n; k++)
        any |= entry[k].list;
    if (!any)
        return pawl_ok();
    pawl_status s = store->segment(store->self, pawl_view_str(r->h->tenant), entry[0].segment,
                                   list_again, &l, err);
    return s.code == PAWL_E_ABSENT ? pawl_ok() : s; /* forgotten (message_keep_days) */
}

/* Segment by segment: its marks, and what is listed of it. *ret_n: as far as it got. */
static pawl_status tell_all(struct resolving *r, const struct window *w, size_t *ret_n,
                            struct pawl_err *err)
{
    size_t from, to, bytes = 0;

    for (from = 0; from < w->n && bytes < LIST_BYTES; from = to) {
        for (to = from; to < w->n && w->entry[to].segment == w->entry[from].segment; to++) {
            const struct window_entry *e = &w->entry[to];
            if (is_final(e->now) && !is_final(e->head.mark))
                PAWL_TRY(tell(&r->told, e, e->now, r->h->r.incident.epoch, err));
        }
        PAWL_TRY(list_segment(r, w->entry + from, to - from, &bytes, err));
    }
    *ret_n = from;
    return pawl_ok();
}

/* What is left of the window when all below the snapshot was told. */
static void move_window(const struct resolving *r, struct ratchet *ratchet)
{
    struct incident *i = &ratchet->incident;

    if (r->given_up || (is_epoch_over(ratchet) && !r->open))
        i->tainted = false;
    else if (ratchet->attested_hi >= i->taint_lo)
        i->taint_lo = ratchet->attested_hi + 1;
}

static pawl_status resolve(struct resolving *r, struct pawl_err *err)
{
    PAWL_CLEANUP(window_done) struct window w = { 0 };
    size_t                                  done = 0;

    PAWL_TRY(window_read(r->h, r->h->r.incident.taint_ms, &w, err));
    r->first = w.n ? w.entry[0].segment : 0;
    PAWL_TRY(judge(r, &w, err));
    PAWL_TRY(window_by_id(&w, judge_id, r, err));
    PAWL_TRY(tell_all(r, &w, &done, err));
    PAWL_TRY(plan_marks(r->h, &r->told, r->now_ms, r->step, err));
    if (done == w.n)
        move_window(r, &r->h->r);
    return incident_marked(r->h, r->step, r->now_ms, r->told.mark, r->told.n, err);
}

pawl_status marks_resolve(struct held *h, struct step *step, int64_t now_ms, struct pawl_err *err)
{
    PAWL_CLEANUP(resolving_done)
    struct resolving       r = { .h = h, .step = step, .now_ms = now_ms };
    const struct incident *i = &h->r.incident;
    bool                   misses = false;

    if (!i->tainted || (h->r.attested_hi < i->taint_lo && !is_epoch_over(&h->r)))
        return pawl_ok();
    r.given_up = is_given_up(h, now_ms);
    if (!r.given_up)
        PAWL_TRY(misses_leaves(h, &misses, err));
    return misses ? pawl_ok() : resolve(&r, err); /* inv. 2 */
}
