/* SPDX-License-Identifier: Apache-2.0 */
#include "state/rcvlog.h"

#include <stdlib.h>
#include <string.h>

#include "state/file.h"
#include "state/journal.h"
#include "state/point.h"
#include "state/rcvlog_book.h"

enum { FILE_SOFT = 256 * 1024 }; /* then it is written anew */

#define REACH (UINT64_C(1) << 31) /* slots above the last quote */

struct rcvlog {
    struct journal     file;
    struct rcvlog_book now;
    struct rcvlog_book next;    /* being made; becomes `now` when it is on the disk */
    uint64_t           snap_hi; /* of the last snapshot */
    uint64_t           closed;  /* nothing up to it is new any more (inv. 2) */
    bool               has_head;
    uint8_t            body[RCVLOG_BODY_MAX];
};

/* ---- the file ------------------------------------------------------------------------------- */

static pawl_status rewrite(int dir, struct rcvlog *l, const struct rcvlog_book *b,
                           struct pawl_err *err)
{
    PAWL_CLEANUP(journal_close) struct journal next = { .fd = -1 };
    struct pawl_wr                             w = pawl_wr_to(l->body, sizeof(l->body));
    struct pawl_view                           body;

    rcvlog_book_write(b, &w);
    PAWL_TRY(pawl_wr_end(&w, RCVLOG_FILE, &body, err));
    PAWL_TRY(journal_begin(dir, RCVLOG_FILE, RCVLOG_BODY_MAX, &next, err));
    PAWL_TRY(journal_write(&next, body, err));
    return journal_install(&next, &l->file, err);
}

/* What next says is true now, and on the disk. */
static pawl_status commit(struct rcvlog *l, const struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_view body;
    struct pawl_err  ignored;

    PAWL_TRY(pawl_wr_end(w, RCVLOG_FILE, &body, err));
    PAWL_TRY(journal_append(&l->file, body, err)); /* P-DUR-7 */
    l->now = l->next;
    /* A disk that has no room for it lets the file grow a little more. */
    if (l->file.end > FILE_SOFT)
        (void)!pawl_is_ok(rewrite(l->file.dir, l, &l->now, &ignored));
    point("rcvlog.flushed");
    return pawl_ok();
}

static pawl_status visit(void *arg, uint64_t at, struct pawl_view body, struct pawl_err *err)
{
    struct rcvlog *l = arg;

    (void)at;
    return rcvlog_book_read(&l->now, &l->has_head, body, err);
}

static pawl_status load(int dir, struct rcvlog *l, struct pawl_err *err)
{
    PAWL_TRY(journal_open(dir, RCVLOG_FILE, RCVLOG_BODY_MAX, visit, l, &l->file, err));
    if (l->has_head && !l->file.damaged)
        return pawl_ok();
    journal_close(&l->file);
    return pawl_fail(err, PAWL_E_FORM, RCVLOG_FILE, "%s",
                     l->has_head ? "spoilt in its middle" : "its beginning is missing");
}

static pawl_status open_log(int dir, struct rcvlog *l, struct pawl_err *err)
{
    pawl_status s = load(dir, l, err);

    if (pawl_is_ok(s) || s.code == PAWL_E_IO || s.code == PAWL_E_MEMORY || s.code == PAWL_E_CRYPTO)
        return s;
    memset(&l->now, 0, sizeof(l->now));
    l->now.lost = s.code != PAWL_E_ABSENT;
    if (l->now.lost)
        PAWL_TRY(file_set_aside(dir, RCVLOG_FILE, err));
    return rewrite(dir, l, &l->now, err);
}

pawl_status rcvlog_open(int dir, struct rcvlog **ret, bool *ret_lost, struct pawl_err *err)
{
    PAWL_CLEANUP(rcvlog_close) struct rcvlog *l = calloc(1, sizeof(*l));

    if (!l)
        return pawl_fail(err, PAWL_E_MEMORY, RCVLOG_FILE, "out of memory");
    l->file.fd = -1;
    PAWL_TRY(open_log(dir, l, err));
    l->closed = l->now.hi; /* a quote may have been made of all of it */
    point("rcvlog.opened");
    *ret_lost = l->now.lost;
    *ret = l;
    l = NULL;
    return pawl_ok();
}

void rcvlog_close(struct rcvlog **l)
{
    if (!*l)
        return;
    journal_close(&(*l)->file);
    free(*l);
    *l = NULL;
}

/* ---- slots ---------------------------------------------------------------------------------- */

bool rcvlog_has(const struct rcvlog *l, uint64_t seq)
{
    return seq <= l->closed || rcvlog_book_has(&l->now, seq);
}

bool rcvlog_is_beyond(const struct rcvlog *l, uint64_t seq)
{
    uint64_t from = l->closed > l->now.floor ? l->closed : l->now.floor;

    if (!from)
        from = l->now.hi;
    /* Where nothing came yet the verifier's first slot may be any. */
    return from && seq > from && seq - from > REACH;
}

bool rcvlog_has_id(const struct rcvlog *l, uint64_t id)
{
    return rcvlog_book_has_id(&l->now, id);
}

bool rcvlog_remembers_all(const struct rcvlog *l)
{
    return l->now.id_all < RCVLOG_IDS;
}

uint64_t rcvlog_seq_hi(const struct rcvlog *l)
{
    return l->now.hi;
}

bool rcvlog_is_full(const struct rcvlog *l)
{
    return l->now.gen_n == PAWL_RCV_GENS_MAX;
}

bool rcvlog_has_room(const struct rcvlog *l, const struct rcvlog_slot *slot, size_t n)
{
    size_t gens = l->now.gen_n;

    for (size_t i = 0; i < n; i++) {
        bool known = rcvlog_book_has_gen(&l->now, slot[i].epoch, slot[i].gen);
        for (size_t k = 0; k < i && !known; k++)
            known = slot[k].epoch == slot[i].epoch && slot[k].gen == slot[i].gen;
        gens += !known;
    }
    return gens <= PAWL_RCV_GENS_MAX;
}

pawl_status rcvlog_add(struct rcvlog *l, const struct rcvlog_slot *slot, size_t n,
                       struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(l->body, sizeof(l->body));

    if (!n)
        return pawl_ok();
    l->next = l->now;
    for (size_t i = 0; i < n; i++) {
        if (slot[i].seq <= l->closed)
            return pawl_fail(err, PAWL_E_CONFLICT, "rcvlog.seq", "below what a quote has said");
        PAWL_TRY(rcvlog_book_take(&l->next, &slot[i], err));
    }
    rcvlog_slots_write(slot, n, &w);
    return commit(l, &w, err);
}

void rcvlog_ack(const struct rcvlog *l, uint64_t *seq_hi, uint64_t *first_seq,
                uint8_t bitmap[PAWL_ACK_BITMAP_MAX], size_t *ret_n)
{
    const uint64_t reach = 8 * PAWL_ACK_BITMAP_MAX;
    uint64_t       hi = l->now.hi, first = hi > reach ? hi - reach + 1 : 1;

    while (first < hi && !rcvlog_book_took(&l->now, first))
        first++;
    memset(bitmap, 0, PAWL_ACK_BITMAP_MAX);
    for (uint64_t s = first; s <= hi; s++)
        if (rcvlog_book_took(&l->now, s))
            bitmap[(s - first) / 8] |= (uint8_t)(1u << (s - first) % 8);
    *seq_hi = hi;
    *first_seq = first;
    *ret_n = hi ? (size_t)((hi - first) / 8 + 1) : 0;
}

/* ---- what is attested ----------------------------------------------------------------------- */

pawl_status rcvlog_rcv(struct rcvlog *l, struct pawl_rcv *ret, struct pawl_err *err)
{
    for (size_t i = 0; i < l->now.gen_n; i++) {
        struct rcvlog_gen *g = &l->now.gen[i];
        PAWL_TRY(
            pawl_leaves_digest_of((const uint8_t(*)[PAWL_LEAF])g->leaf, g->bits, g->digest, err));
        g->snap = g->bits;
        ret->gens[i] = (struct pawl_rcv_gen){
            .epoch = g->epoch,
            .gen = g->gen,
            .first_seq = g->first,
            .bitmap = pawl_view(g->bitmap, pawl_bits_write(g->bits, g->bitmap)),
            .digest = PAWL_VIEW_OF(g->digest),
        };
    }
    ret->gen_n = l->now.gen_n;
    ret->seq_hi = l->snap_hi = l->closed = l->now.hi;
    return pawl_ok();
}

/* What came after the snapshot is still to be attested: what that held is told by its bits. */
pawl_status rcvlog_answered(struct rcvlog *l, uint64_t seq_hi, struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(l->body, sizeof(l->body));

    if (seq_hi != l->snap_hi)
        return pawl_ok();
    l->next = l->now;
    pawl_wr_u8(&w, RCVLOG_ANSWERED);
    for (size_t i = 0; i < l->now.gen_n; i++) {
        const struct rcvlog_gen *g = &l->now.gen[i];
        if (!g->snap)
            continue;
        pawl_wr_u64(&w, g->epoch);
        pawl_wr_u32(&w, g->gen);
        pawl_wr_u64(&w, g->snap);
        rcvlog_book_settle(&l->next, g->epoch, g->gen, g->snap);
    }
    return w.n > 1 ? commit(l, &w, err) : pawl_ok();
}

pawl_status rcvlog_forget(struct rcvlog *l, uint64_t floor, struct pawl_err *err)
{
    memset(&l->next, 0, sizeof(l->next));
    l->next.floor = floor;
    l->next.id_all = l->now.id_all;
    memcpy(l->next.id, l->now.id, sizeof(l->next.id));
    PAWL_TRY(rewrite(l->file.dir, l, &l->next, err));
    l->now = l->next;
    l->closed = 0;
    point("rcvlog.forgotten");
    return pawl_ok();
}
