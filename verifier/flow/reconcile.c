/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 9: SND, RCV and receipt_verdict of an accepted request, held against our generations.
 *
 *   positions -> each listed generation -> those that are not listed -> the verdict on our receipt
 *   -> the downlink -> incident -> receipt -> leaves that are wanted
 *
 * Invariants
 *  1. It never delays a rekey (P-REC-1): what is missing is asked for and judged when it comes.
 *  2. A receipt lists a generation only if each of its attested slots came or its attested leaf is
 *     in our rows, which the same step writes (P-REC-4).
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "flow/attest.h"
#include "flow/incident.h"

struct reconciling {
    const struct pawl_a1 *a1;
    int64_t               now_ms;
    struct findings       found;
    struct pawl_want     *want;
    struct receipt_room  *room; /* NULL: nothing is listed, and no receipt is due */
};

struct receipt_room {
    struct pawl_receipt receipt;
    uint8_t             bits[PAWL_RECEIPT_MAX][8];
    uint8_t             digest[PAWL_RECEIPT_MAX][32];
};

static void receipt_room_free(struct receipt_room **r)
{
    free(*r);
}

/* ---- the uplink ----------------------------------------------------------------------------- */

/* Leaves of what did not all arrive: as many as fit, the others with the next snapshot. */
static void want_leaves(struct pawl_want *want, const struct generation *g)
{
    if (want->gen_n == PAWL_VERDICT_PAIRS_MAX)
        return;
    want->present = true;
    want->gen[want->gen_n].dir = PAWL_UP;
    want->gen[want->gen_n].epoch = g->epoch;
    want->gen[want->gen_n++].gen = g->gen;
}

/* P-REC-4. What the list covers, and of that what came. */
static pawl_status add_to_receipt(struct reconciling *rc, const struct generation *g,
                                  const struct pawl_snd_gen *snd, struct pawl_err *err)
{
    struct receipt_room *room = rc->room;
    struct pawl_receipt *receipt = &room->receipt;
    size_t               n = receipt->gen_n;

    if (!g->attested || snd->first_seq < g->first_seq || g->last_seq != snd->last_seq)
        return pawl_ok();
    unsigned lo = (unsigned)(snd->first_seq - g->first_seq);
    unsigned hi = (unsigned)(snd->last_seq - g->first_seq);
    uint64_t listed = UINT64_MAX >> (PAWL_GEN_MESSAGES - 1 - hi) & UINT64_MAX << lo;
    if (listed & ~(g->have | g->known))
        return pawl_ok();
    PAWL_TRY(pawl_leaves_digest_of(g->leaf, g->have & listed, room->digest[n], err));
    size_t bits_n = pawl_bits_write((g->have & listed) >> lo, room->bits[n]);
    receipt->gens[n] = (struct pawl_rcv_gen){ .epoch = g->epoch,
                                              .gen = g->gen,
                                              .first_seq = snd->first_seq,
                                              .bitmap = pawl_view(room->bits[n], bits_n),
                                              .digest = PAWL_VIEW_OF(room->digest[n]) };
    receipt->gen_n++;
    return pawl_ok();
}

static pawl_status take_listed(struct held *h, const struct pawl_snd_gen *snd,
                               struct reconciling *rc, struct pawl_err *err)
{
    struct held_generation *one;
    bool                    want;

    PAWL_TRY(held_generation(h, PAWL_UP, snd->epoch, snd->gen, true, &one, err));
    detect_attested(&h->r, snd, &one->g, &rc->found, &want);
    one->g.seen_ms = rc->now_ms;
    one->changed = true;
    if (want)
        want_leaves(rc->want, &one->g);
    return add_to_receipt(rc, &one->g, snd, err);
}

static bool is_listed(const struct pawl_snd *snd, const struct generation *g)
{
    for (size_t i = 0; i < snd->gen_n; i++)
        if (snd->gens[i].epoch == g->epoch && snd->gens[i].gen == g->gen)
            return true;
    return false;
}

/* All that came of it was held against a snapshot. */
static bool is_judged_whole(const struct ratchet *r, const struct generation *g)
{
    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++)
        if ((g->have >> i & 1) && !detect_speaks_of(r, g->epoch, g->first_seq + i))
            return false;
    return true;
}

/* The chain was not turned past it: whatever comes of it opens, however late, and without its row
 * an honest message would be one that no log has. */
static bool may_be_opened(const struct ratchet *r, const struct generation *g)
{
    const struct epoch_root *root = g->epoch == r->old.epoch ? &r->old : &r->current;

    return root->present && g->epoch == root->epoch && g->gen >= root->up.gen;
}

/* Once nothing of it can be late any more, an unlisted generation is done with. */
static pawl_status take_unlisted(struct held *h, struct held_generation *one, void *arg,
                                 struct pawl_err *err)
{
    struct reconciling *rc = arg;
    uint64_t            named = one->g.named;

    (void)err;
    if (is_listed(&rc->a1->snd, &one->g))
        return pawl_ok();
    detect_unlisted(&h->r, &rc->a1->snd, &one->g, &rc->found);
    one->changed |= one->g.named != named;
    one->gone = is_judged_whole(&h->r, &one->g) && !may_be_opened(&h->r, &one->g) &&
                !h->r.incident.tainted && rc->now_ms - one->g.seen_ms > PAWL_LATE_MS;
    return pawl_ok();
}

/* E4 ahead names a slot alone: it belongs to the generation in which somebody used it. */
static void place_ahead(const struct held *h, struct findings *found)
{
    for (size_t i = 0; i < found->n; i++) {
        struct finding_slot *s = &found->at[i];
        for (size_t k = 0; s->rule == RULE_E4 && !s->epoch && k < h->n; k++) {
            const struct generation *g = &h->gen[k]->g;
            uint64_t                 at = s->seq - g->first_seq;
            if (g->dir != PAWL_UP || !g->first_seq || at >= PAWL_GEN_MESSAGES ||
                !(g->have >> at & 1))
                continue;
            s->epoch = g->epoch;
            s->gen = g->gen;
        }
    }
}

static pawl_status take_uplink(struct held *h, struct reconciling *rc, struct pawl_err *err)
{
    const struct pawl_snd *snd = &rc->a1->snd;

    for (size_t i = 0; i < snd->gen_n; i++)
        PAWL_TRY(take_listed(h, &snd->gens[i], rc, err));
    PAWL_TRY(held_each(h, PAWL_UP, take_unlisted, rc, err));
    detect_verdict(&rc->a1->receipt, &rc->found);
    place_ahead(h, &rc->found);
    /* Our receipts do not claim the same slot for good, or the device could never drop a leaf: they
     * go back to what it lists. Its seq_hi may be a slot that a restart skipped. What came above
     * the position that it denies was in no receipt yet, and is not denied. */
    uint64_t listed = snd->gen_n ? snd->gens[snd->gen_n - 1].last_seq : snd->seq_hi;
    if (h->r.received_hi > listed && h->r.received_hi <= rc->a1->receipt.ahead_seq)
        h->r.received_hi = listed;
    return pawl_ok();
}

/* ---- the downlink --------------------------------------------------------------------------- */

/* P-REC-5: what the device attests from here on begins behind these. */
static pawl_status drop_sent(struct held *h, struct held_generation *one, void *arg,
                             struct pawl_err *err)
{
    const struct reconciling  *rc = arg;
    const struct pawl_rcv_gen *first = &rc->a1->rcv.gens[0];

    (void)h;
    (void)err;
    one->gone = one->g.epoch < first->epoch ||
                (one->g.epoch == first->epoch && one->g.gen < first->gen);
    return pawl_ok();
}

/* ahead: slots are claimed that we never sent. A store that was put back does not know what it
 * sent, which it is told by the way; a device without its log does not know what it got. */
static pawl_status take_downlink(struct held *h, bool ahead, bool judged, struct reconciling *rc,
                                 struct pawl_err *err)
{
    const struct pawl_rcv  *rcv = &rc->a1->rcv;
    struct held_generation *one;

    if (judged && ahead)
        findings_add(&rc->found, RULE_E7, h->r.current.epoch, 0, rcv->seq_hi);
    for (size_t i = 0; judged && i < rcv->gen_n; i++) {
        pawl_status s = held_generation(h, PAWL_DOWN, rcv->gens[i].epoch, rcv->gens[i].gen, false,
                                        &one, err);
        if (s.code != PAWL_E_ABSENT)
            PAWL_TRY(s);
        detect_received(&rcv->gens[i], s.code == PAWL_E_ABSENT ? NULL : &one->g, &rc->found);
    }
    return rcv->gen_n ? held_each(h, PAWL_DOWN, drop_sent, rc, err) : pawl_ok();
}

/* ---- the receipt ---------------------------------------------------------------------------- */

/* Ours from now on: the device names it in its next verdict. */
static pawl_status note_receipt(struct ratchet *r, struct pawl_view receipt, struct pawl_err *err)
{
    uint8_t hash[32];

    PAWL_TRY(pawl_sha256(receipt, hash, err));
    memmove(r->receipt + 1, r->receipt, sizeof(r->receipt) - sizeof(r->receipt[0]));
    memcpy(r->receipt[0], hash, sizeof(hash));
    if (r->receipt_n < RATCHET_RECEIPTS)
        r->receipt_n++;
    return pawl_ok();
}

static pawl_status write_receipt(struct attestation *a, struct reconciling *rc, struct result *ret,
                                 struct pawl_err *err)
{
    struct pawl_wr   w = pawl_wr_to(ret->receipt, sizeof(ret->receipt));
    struct pawl_view receipt;

    if (!rc->room)
        return pawl_ok();
    rc->room->receipt.device_id = PAWL_VIEW_OF(a->d.id);
    rc->room->receipt.th1 = PAWL_VIEW_OF(a->ev->th1);
    rc->room->receipt.seq_hi = a->h.r.received_hi;
    PAWL_TRY(pawl_receipt_write(&rc->room->receipt, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "receipt", &receipt, err));
    ret->receipt_n = receipt.n;
    return note_receipt(&a->h.r, receipt, err);
}

/* What was found goes into the incident, with this quote as its proof. E4 is about the receipt that
 * answered the evidence before. */
static pawl_status plan_findings(struct attestation *a, struct reconciling *rc, struct step *step,
                                 struct pawl_err *err)
{
    struct incident_case c = { .quote_n = 1, .quote = { evidence_quoted(a->ev) } };

    for (size_t i = 0; i < rc->found.n; i++) {
        struct finding_slot *s = &rc->found.at[i];
        if (s->epoch > a->h.r.current.epoch) /* nobody used a slot of it yet */
            s->epoch = 0;
        c.with_last |= s->rule == RULE_E4;
    }
    return incident_of(&a->h, &a->d, step, rc->now_ms, &rc->found, &c, NULL, err);
}

/* The device knows slots of ours that a store which was put back does not. */
static pawl_status plan_went_back(struct attestation *a, const struct reconciling *rc,
                                  struct step *step, struct pawl_err *err)
{
    const struct incident_case c = { .quote_n = 1, .quote = { evidence_quoted(a->ev) } };

    return incident_open(&a->h, &a->d, step, rc->now_ms, RULE_BACK, &c, err,
                         "the device attests downlink slot %" PRIu64
                         ", which this store does not know",
                         rc->a1->rcv.seq_hi);
}

pawl_status reconcile(struct attestation *a, bool restored, struct step *step, struct result *ret,
                      struct pawl_err *err)
{
    struct reconciling rc = { .a1 = &a->ev->a1, .now_ms = a->ev->now_ms, .want = &ret->want };
    struct held       *h = &a->h;
    PAWL_CLEANUP(receipt_room_free) struct receipt_room *room = NULL;

    if (rc.a1->snd.gen_n) {
        room = calloc(1, sizeof(*room));
        if (!room)
            return pawl_fail(err, PAWL_E_MEMORY, "receipt", "out of memory");
    }
    rc.room = room;
    bool ahead = ratchet_attested(&h->r, rc.a1);
    if (a->first_since_restored)
        ratchet_forgot(&h->r, rc.a1);
    PAWL_TRY(take_uplink(h, &rc, err));
    PAWL_TRY(take_downlink(h, ahead, !restored && rc.a1->label != PAWL_LABEL_RESYNC, &rc, err));
    PAWL_TRY(plan_findings(a, &rc, step, err));
    if (ahead && restored)
        PAWL_TRY(plan_went_back(a, &rc, step, err));
    if (rc.found.n == 0 && rc.want->gen_n == 0)
        ratchet_clean(&h->r, held_highest(h), rc.now_ms);
    return write_receipt(a, &rc, ret, err);
}
