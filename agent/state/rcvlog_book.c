/* SPDX-License-Identifier: Apache-2.0 */
#include "state/rcvlog_book.h"

#include <string.h>

/* ---- slots ---------------------------------------------------------------------------------- */

static uint64_t *window_word(struct rcvlog_book *b, uint64_t seq)
{
    return &b->window[seq % PAWL_SLOT_WINDOW / 64];
}

bool rcvlog_book_took(const struct rcvlog_book *b, uint64_t seq)
{
    return seq <= b->hi && b->hi - seq < PAWL_SLOT_WINDOW &&
           (b->window[seq % PAWL_SLOT_WINDOW / 64] >> seq % 64 & 1);
}

bool rcvlog_book_has(const struct rcvlog_book *b, uint64_t seq)
{
    if (!seq || seq < b->floor)
        return true;
    if (seq > b->hi)
        return false;
    return b->hi - seq >= PAWL_SLOT_WINDOW || rcvlog_book_took(b, seq);
}

static void mark(struct rcvlog_book *b, uint64_t seq)
{
    if (seq > b->hi) {
        uint64_t from = seq - b->hi < PAWL_SLOT_WINDOW ? b->hi + 1 : seq - PAWL_SLOT_WINDOW + 1;
        for (uint64_t s = from; s < seq; s++)
            *window_word(b, s) &= ~(UINT64_C(1) << s % 64);
        b->hi = seq;
    }
    *window_word(b, seq) |= UINT64_C(1) << seq % 64;
}

static uint64_t ids_kept(const struct rcvlog_book *b)
{
    return b->id_all < RCVLOG_IDS ? b->id_all : RCVLOG_IDS;
}

bool rcvlog_book_has_id(const struct rcvlog_book *b, uint64_t id)
{
    for (uint64_t i = 0; i < ids_kept(b); i++)
        if (b->id[i] == id)
            return true;
    return false;
}

/* ---- generations ---------------------------------------------------------------------------- */

/* gen_n if it is not there. */
static size_t place(const struct rcvlog_book *b, uint64_t epoch, uint32_t gen)
{
    size_t i = 0;

    while (i < b->gen_n && (b->gen[i].epoch != epoch || b->gen[i].gen != gen))
        i++;
    return i;
}

static struct rcvlog_gen *find(struct rcvlog_book *b, uint64_t epoch, uint32_t gen)
{
    size_t i = place(b, epoch, gen);

    return i < b->gen_n ? &b->gen[i] : NULL;
}

bool rcvlog_book_has_gen(const struct rcvlog_book *b, uint64_t epoch, uint32_t gen)
{
    return place(b, epoch, gen) < b->gen_n;
}

static pawl_status begin(struct rcvlog_book *b, uint64_t epoch, uint32_t gen, uint64_t first,
                         struct rcvlog_gen **ret, struct pawl_err *err)
{
    size_t at = b->gen_n;

    if (b->gen_n == PAWL_RCV_GENS_MAX)
        return pawl_fail(err, PAWL_E_FULL, "rcvlog", "%d generations wait for an attest",
                         PAWL_RCV_GENS_MAX);
    while (at > 0 && b->gen[at - 1].first > first)
        at--;
    memmove(&b->gen[at + 1], &b->gen[at], (b->gen_n - at) * sizeof(*b->gen));
    b->gen_n++;
    b->gen[at] = (struct rcvlog_gen){ .epoch = epoch, .gen = gen, .first = first };
    *ret = &b->gen[at];
    return pawl_ok();
}

pawl_status rcvlog_book_take(struct rcvlog_book *b, const struct rcvlog_slot *s,
                             struct pawl_err *err)
{
    struct rcvlog_gen *g = find(b, s->epoch, s->gen);

    if (!s->gen_start_seq || s->seq < s->gen_start_seq || s->seq == UINT64_MAX ||
        s->seq - s->gen_start_seq >= PAWL_GEN_MESSAGES)
        return pawl_fail(err, PAWL_E_RANGE, "rcvlog.seq", "not a slot of its generation");
    if (rcvlog_book_has(b, s->seq))
        return pawl_fail(err, PAWL_E_CONFLICT, "rcvlog.seq", "was taken before");
    if (!g)
        PAWL_TRY(begin(b, s->epoch, s->gen, s->gen_start_seq, &g, err));
    if (g->first != s->gen_start_seq)
        return pawl_fail(err, PAWL_E_FORM, "rcvlog.gen_start_seq", "it had another one");
    unsigned i = (unsigned)(s->seq - g->first);
    g->bits |= UINT64_C(1) << i;
    memcpy(g->leaf[i], s->leaf, PAWL_LEAF);
    mark(b, s->seq);
    if (s->has_id)
        b->id[b->id_all++ % RCVLOG_IDS] = s->id;
    return pawl_ok();
}

void rcvlog_book_settle(struct rcvlog_book *b, uint64_t epoch, uint32_t gen, uint64_t bits)
{
    struct rcvlog_gen *g = find(b, epoch, gen);

    if (!g)
        return;
    g->bits &= ~bits;
    g->snap &= ~bits;
    if (g->bits)
        return;
    memmove(g, g + 1, (size_t)(&b->gen[b->gen_n] - (g + 1)) * sizeof(*g));
    b->gen_n--;
}

/* ---- frames --------------------------------------------------------------------------------- */

void rcvlog_book_write(const struct rcvlog_book *b, struct pawl_wr *w)
{
    pawl_wr_u8(w, RCVLOG_HEAD);
    pawl_wr_u8(w, b->lost);
    pawl_wr_u64(w, b->floor);
    pawl_wr_u64(w, b->hi);
    for (size_t i = 0; i < PAWL_SLOT_WINDOW / 64; i++)
        pawl_wr_u64(w, b->window[i]);
    pawl_wr_u16(w, (uint16_t)ids_kept(b));
    for (uint64_t i = b->id_all - ids_kept(b); i < b->id_all; i++)
        pawl_wr_u64(w, b->id[i % RCVLOG_IDS]);
    pawl_wr_u8(w, (uint8_t)b->gen_n);
    for (size_t i = 0; i < b->gen_n; i++) {
        const struct rcvlog_gen *g = &b->gen[i];
        pawl_wr_u64(w, g->epoch);
        pawl_wr_u32(w, g->gen);
        pawl_wr_u64(w, g->first);
        pawl_wr_u64(w, g->bits);
        for (unsigned k = 0; k < PAWL_GEN_MESSAGES; k++)
            if (g->bits >> k & 1)
                pawl_wr_bytes(w, PAWL_VIEW_OF(g->leaf[k]));
    }
}

static void rd_gen(struct pawl_rd *r, struct rcvlog_book *b)
{
    struct rcvlog_gen *g = &b->gen[b->gen_n];

    *g = (struct rcvlog_gen){ .epoch = pawl_rd_u64(r, "epoch") };
    g->gen = pawl_rd_u32(r, "gen");
    g->first = pawl_rd_u64(r, "first_seq");
    g->bits = pawl_rd_u64(r, "bits");
    if (!g->bits || !g->first || g->first > UINT64_MAX - PAWL_GEN_MESSAGES ||
        (b->gen_n && g->first < g[-1].first) || find(b, g->epoch, g->gen))
        pawl_rd_fail(r, PAWL_E_RANGE, "first_seq");
    for (unsigned k = 0; k < PAWL_GEN_MESSAGES; k++) {
        if (!(g->bits >> k & 1))
            continue;
        struct pawl_view leaf = pawl_rd_bytes(r, "leaf", PAWL_LEAF);
        if (!r->bad)
            memcpy(g->leaf[k], leaf.p, PAWL_LEAF);
    }
    b->gen_n++;
}

static void rd_head(struct pawl_rd *r, struct rcvlog_book *b)
{
    memset(b, 0, sizeof(*b));
    b->lost = pawl_rd_bool(r, "lost");
    b->floor = pawl_rd_u64(r, "floor");
    b->hi = pawl_rd_u64(r, "hi");
    if (b->hi == UINT64_MAX)
        pawl_rd_fail(r, PAWL_E_RANGE, "hi");
    for (size_t i = 0; i < PAWL_SLOT_WINDOW / 64; i++)
        b->window[i] = pawl_rd_u64(r, "window");
    b->id_all = pawl_rd_u16(r, "ids");
    if (b->id_all > RCVLOG_IDS) {
        pawl_rd_fail(r, PAWL_E_RANGE, "ids");
        return;
    }
    for (size_t i = 0; i < b->id_all; i++)
        b->id[i] = pawl_rd_u64(r, "id");
    unsigned n = pawl_rd_u8(r, "generations");
    if (n > PAWL_RCV_GENS_MAX)
        pawl_rd_fail(r, PAWL_E_RANGE, "generations");
    for (unsigned i = 0; i < n && !r->bad; i++)
        rd_gen(r, b);
}

static pawl_status rd_slots(struct pawl_rd *r, struct rcvlog_book *b, struct pawl_err *err)
{
    do {
        struct rcvlog_slot s = { .epoch = pawl_rd_u64(r, "epoch") };
        s.gen = pawl_rd_u32(r, "gen");
        s.gen_start_seq = pawl_rd_u64(r, "first_seq");
        s.seq = pawl_rd_u64(r, "seq");
        struct pawl_view leaf = pawl_rd_bytes(r, "leaf", PAWL_LEAF);
        s.has_id = pawl_rd_bool(r, "has_id");
        s.id = pawl_rd_u64(r, "id");
        if (r->bad)
            break;
        memcpy(s.leaf, leaf.p, PAWL_LEAF);
        PAWL_TRY(rcvlog_book_take(b, &s, err));
    } while (r->left);
    return pawl_ok();
}

void rcvlog_slots_write(const struct rcvlog_slot *slot, size_t n, struct pawl_wr *w)
{
    pawl_wr_u8(w, RCVLOG_SLOTS);
    for (size_t i = 0; i < n; i++) {
        pawl_wr_u64(w, slot[i].epoch);
        pawl_wr_u32(w, slot[i].gen);
        pawl_wr_u64(w, slot[i].gen_start_seq);
        pawl_wr_u64(w, slot[i].seq);
        pawl_wr_bytes(w, PAWL_VIEW_OF(slot[i].leaf));
        pawl_wr_u8(w, slot[i].has_id);
        pawl_wr_u64(w, slot[i].has_id ? slot[i].id : 0);
    }
}

static void rd_answered(struct pawl_rd *r, struct rcvlog_book *b)
{
    do {
        uint64_t epoch = pawl_rd_u64(r, "epoch");
        uint32_t gen = pawl_rd_u32(r, "gen");
        uint64_t bits = pawl_rd_u64(r, "bits");
        if (!r->bad)
            rcvlog_book_settle(b, epoch, gen, bits);
    } while (!r->bad && r->left);
}

pawl_status rcvlog_book_read(struct rcvlog_book *b, bool *has_head, struct pawl_view body,
                             struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(body);
    unsigned       kind = pawl_rd_u8(&r, "kind");

    if (*has_head != (kind != RCVLOG_HEAD))
        return pawl_fail(err, PAWL_E_FORM, "kind", "%u is not expected here", kind);
    *has_head = true;
    switch (kind) {
    case RCVLOG_HEAD:
        rd_head(&r, b);
        break;
    case RCVLOG_SLOTS:
        PAWL_TRY(rd_slots(&r, b, err));
        break;
    case RCVLOG_ANSWERED:
        rd_answered(&r, b);
        break;
    default:
        return pawl_fail(err, PAWL_E_FORM, "kind", "%u is none", kind);
    }
    return pawl_rd_end(&r, err);
}
