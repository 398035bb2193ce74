/* SPDX-License-Identifier: Apache-2.0 */
#include "state/sentlog_book.h"

#include <string.h>

enum { HEAD = 1, LEAVES, END };
enum {
    ENTRY = 8 + 4 + 8 + 1,
    BODY_MAX = 2 + 8 + 8 + 32 + 2 + 16 * (RANGES_MAX + PAWL_SND_UNKNOWN_MAX),
};

_Static_assert(1 + SENTLOG_BATCH * (ENTRY + PAWL_LEAF) <= BODY_MAX, "a batch fits in a frame");

struct sentlog_gen *sentlog_find(struct sentlog *l, uint64_t epoch, uint32_t gen)
{
    for (size_t i = l->gen_n; i > 0; i--)
        if (l->gen[i - 1].epoch == epoch && l->gen[i - 1].gen == gen)
            return &l->gen[i - 1];
    return NULL;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void rd_ranges(struct pawl_rd *r, const char *field, size_t max, struct ranges *ret)
{
    size_t n = pawl_rd_u8(r, field);

    if (n > max) {
        pawl_rd_fail(r, PAWL_E_RANGE, field);
        return;
    }
    for (size_t i = 0; i < n && !r->bad; i++) {
        struct pawl_range at = { .lo = pawl_rd_u64(r, field) };
        at.hi = pawl_rd_u64(r, field);
        if (at.lo > at.hi || (i && at.lo <= ret->at[i - 1].hi))
            pawl_rd_fail(r, PAWL_E_RANGE, field);
        ret->at[i] = at;
        ret->n = i + 1;
    }
}

static pawl_status rd_head(struct pawl_rd *r, struct sentlog *l, struct pawl_err *err)
{
    struct sentlog_head h = { .lost = pawl_rd_bool(r, "lost") };

    h.ended = pawl_rd_u64(r, "ended");
    h.hi = pawl_rd_u64(r, "hi");
    struct pawl_view receipt = pawl_rd_bytes(r, "receipt", sizeof(h.receipt));
    if (receipt.n)
        memcpy(h.receipt, receipt.p, sizeof(h.receipt));
    rd_ranges(r, "settled", RANGES_MAX, &h.settled);
    rd_ranges(r, "unknown", PAWL_SND_UNKNOWN_MAX, &h.unknown);
    if (h.hi == UINT64_MAX)
        pawl_rd_fail(r, PAWL_E_RANGE, "hi");
    PAWL_TRY(pawl_rd_end(r, err));
    l->head = h;
    l->has_head = true;
    return pawl_ok();
}

/* A generation goes on, or the next one begins (inv. 2). */
static bool take_entry(struct sentlog *l, const struct sentlog_gen *e)
{
    struct sentlog_gen *g = l->gen_n ? &l->gen[l->gen_n - 1] : NULL;

    if (!e->n || e->n > PAWL_GEN_MESSAGES || !e->first || e->first > UINT64_MAX - e->n)
        return false;
    if (g && e->first <= sentlog_last(g))
        return false;
    if (!g || g->epoch != e->epoch || g->gen != e->gen) {
        if (l->gen_n == PAWL_SND_GENS_MAX || sentlog_find(l, e->epoch, e->gen))
            return false;
        g = &l->gen[l->gen_n++];
        *g = (struct sentlog_gen){ .epoch = e->epoch, .gen = e->gen, .first = e->first };
    } else if (e->first != sentlog_last(g) + 1 || e->n > PAWL_GEN_MESSAGES - g->n) {
        return false;
    }
    memcpy(g->leaf[g->n], e->leaf, e->n * sizeof(*e->leaf));
    g->n += e->n;
    g->logged_n = g->n;
    if (sentlog_last(g) > l->head.hi)
        l->head.hi = sentlog_last(g);
    return true;
}

static pawl_status rd_leaves(struct pawl_rd *r, struct sentlog *l, struct pawl_err *err)
{
    do {
        struct sentlog_gen e = { .epoch = pawl_rd_u64(r, "epoch") };
        e.gen = pawl_rd_u32(r, "gen");
        e.first = pawl_rd_u64(r, "first_seq");
        e.n = pawl_rd_u8(r, "count");
        if (e.n > PAWL_GEN_MESSAGES)
            pawl_rd_fail(r, PAWL_E_RANGE, "count");
        struct pawl_view leaves = pawl_rd_bytes(r, "leaves", (size_t)e.n * PAWL_LEAF);
        if (r->bad)
            break;
        if (leaves.n)
            memcpy(e.leaf, leaves.p, leaves.n);
        if (!take_entry(l, &e))
            pawl_rd_fail(r, PAWL_E_RANGE, "first_seq");
    } while (!r->bad && r->left);
    return pawl_rd_end(r, err);
}

static pawl_status visit(void *arg, uint64_t at, struct pawl_view body, struct pawl_err *err)
{
    struct sentlog *l = arg;
    struct pawl_rd  r = pawl_rd_from(body);
    unsigned        kind = pawl_rd_u8(&r, "kind");

    (void)at;
    if (!l->has_head && kind == HEAD)
        return rd_head(&r, l, err);
    if (l->has_head && kind == LEAVES)
        return rd_leaves(&r, l, err);
    if (l->has_head && kind == END) {
        uint64_t run_first = pawl_rd_u64(&r, "run_first");
        PAWL_TRY(pawl_rd_end(&r, err));
        l->head.ended = run_first;
        return pawl_ok();
    }
    return pawl_fail(err, PAWL_E_FORM, "kind", "%u is not expected here", kind);
}

pawl_status sentlog_load(int dir, struct sentlog *l, struct pawl_err *err)
{
    PAWL_TRY(journal_open(dir, SENTLOG_FILE, BODY_MAX, visit, l, &l->file, err));
    if (l->has_head && !l->file.damaged)
        return pawl_ok();
    journal_close(&l->file);
    return pawl_fail(err, PAWL_E_FORM, SENTLOG_FILE, "%s",
                     l->file.damaged ? "spoilt in its middle" : "its beginning is missing");
}

/* ---- writing -------------------------------------------------------------------------------- */

static void wr_ranges(struct pawl_wr *w, const struct ranges *r)
{
    pawl_wr_u8(w, (uint8_t)r->n);
    for (size_t i = 0; i < r->n; i++) {
        pawl_wr_u64(w, r->at[i].lo);
        pawl_wr_u64(w, r->at[i].hi);
    }
}

static void wr_entry(struct pawl_wr *w, const struct sentlog_gen *g, unsigned from, unsigned n)
{
    pawl_wr_u64(w, g->epoch);
    pawl_wr_u32(w, g->gen);
    pawl_wr_u64(w, g->first + from);
    pawl_wr_u8(w, (uint8_t)n);
    pawl_wr_bytes(w, pawl_view(g->leaf[from], (size_t)n * PAWL_LEAF));
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void mark_logged(struct sentlog *l, unsigned room)
{
    for (size_t i = 0; i < l->gen_n && room; i++) {
        unsigned n = least(l->gen[i].n - l->gen[i].logged_n, room);
        l->gen[i].logged_n += n;
        room -= n;
    }
}

pawl_status sentlog_append(struct sentlog *l, struct pawl_err *err)
{
    for (;;) {
        uint8_t          b[BODY_MAX];
        struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
        struct pawl_view body;
        unsigned         room = SENTLOG_BATCH;

        pawl_wr_u8(&w, LEAVES);
        for (size_t i = 0; i < l->gen_n && room; i++) {
            const struct sentlog_gen *g = &l->gen[i];
            unsigned                  n = least(g->n - g->logged_n, room);
            if (n)
                wr_entry(&w, g, g->logged_n, n);
            room -= n;
        }
        if (room == SENTLOG_BATCH)
            return pawl_ok();
        PAWL_TRY(pawl_wr_end(&w, SENTLOG_FILE, &body, err));
        PAWL_TRY(journal_append(&l->file, body, err));
        mark_logged(l, SENTLOG_BATCH - room);
    }
}

pawl_status sentlog_append_end(struct sentlog *l, struct pawl_err *err)
{
    uint8_t          b[9];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view body;

    pawl_wr_u8(&w, END);
    pawl_wr_u64(&w, l->run_first);
    PAWL_TRY(pawl_wr_end(&w, SENTLOG_FILE, &body, err));
    return journal_append(&l->file, body, err);
}

static pawl_status write_gen(struct journal *j, const struct sentlog_gen *g, struct pawl_err *err)
{
    for (unsigned from = 0; from < g->n; from += SENTLOG_BATCH) {
        uint8_t          b[BODY_MAX];
        struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
        struct pawl_view body;

        pawl_wr_u8(&w, LEAVES);
        wr_entry(&w, g, from, least(g->n - from, SENTLOG_BATCH));
        PAWL_TRY(pawl_wr_end(&w, SENTLOG_FILE, &body, err));
        PAWL_TRY(journal_write(j, body, err));
    }
    return pawl_ok();
}

static pawl_status write_head(struct journal *j, const struct sentlog_head *h, struct pawl_err *err)
{
    uint8_t          b[BODY_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view body;

    pawl_wr_u8(&w, HEAD);
    pawl_wr_u8(&w, h->lost);
    pawl_wr_u64(&w, h->ended);
    pawl_wr_u64(&w, h->hi);
    pawl_wr_bytes(&w, PAWL_VIEW_OF(h->receipt));
    wr_ranges(&w, &h->settled);
    wr_ranges(&w, &h->unknown);
    PAWL_TRY(pawl_wr_end(&w, SENTLOG_FILE, &body, err));
    return journal_write(j, body, err);
}

pawl_status sentlog_rewrite(int dir, struct sentlog *l, const struct sentlog_head *head,
                            const bool *drop, struct pawl_err *err)
{
    PAWL_CLEANUP(journal_close) struct journal next = { .fd = -1 };

    PAWL_TRY(journal_begin(dir, SENTLOG_FILE, BODY_MAX, &next, err));
    PAWL_TRY(write_head(&next, head, err));
    for (size_t i = 0; i < l->gen_n; i++)
        if (!drop || !drop[i])
            PAWL_TRY(write_gen(&next, &l->gen[i], err));
    PAWL_TRY(journal_install(&next, &l->file, err));

    size_t kept = 0;
    for (size_t i = 0; i < l->gen_n; i++) {
        if (drop && drop[i])
            continue;
        if (kept != i)
            l->gen[kept] = l->gen[i];
        l->gen[kept].logged_n = l->gen[kept].n;
        kept++;
    }
    l->gen_n = kept;
    l->head = *head;
    return pawl_ok();
}
