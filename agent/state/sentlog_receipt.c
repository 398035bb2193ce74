/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E4, the device's half (P-DUR-10): a receipt that the verifier signed, held against what we sent.
 * A slot in it that we never sent, or that held something else, was filled by somebody with our
 * keys.
 */
#include <string.h>

#include "state/point.h"
#include "state/sentlog_book.h"

enum { NONE = 0, FITS, MISMATCH, AHEAD };

/* Nobody can say what was in this slot, or the receipt that settled it is long past. */
static bool is_unjudged(const struct sentlog *l, uint64_t slot, uint64_t nolog)
{
    return slot <= nolog || ranges_have(&l->head.unknown, slot) ||
           ranges_have(&l->head.settled, slot);
}

static bool holds(const struct sentlog_gen *g, uint64_t slot)
{
    return g && slot >= g->first && slot <= sentlog_last(g);
}

static bool is_sent(const struct sentlog *l, uint64_t slot)
{
    for (size_t i = 0; i < l->gen_n; i++)
        if (holds(&l->gen[i], slot))
            return true;
    return false;
}

/* *ret: every slot that the bitmap names is ours and has our leaf, or is not judged. */
static pawl_status judge(struct sentlog *l, const struct pawl_rcv_gen *r, uint64_t nolog, bool *ret,
                         struct pawl_err *err)
{
    const struct sentlog_gen *g = sentlog_find(l, r->epoch, r->gen);
    uint64_t                  bits = pawl_bits_read(r->bitmap);
    uint8_t                   leaf[PAWL_GEN_MESSAGES][PAWL_LEAF] = { 0 };
    uint8_t                   digest[32];
    bool                      all_ours = true;

    *ret = false;
    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++) {
        if (!(bits >> i & 1))
            continue;
        if (r->first_seq > UINT64_MAX - i)
            return pawl_ok();
        uint64_t slot = r->first_seq + i;
        if (is_unjudged(l, slot, nolog))
            all_ours = false;
        else if (holds(g, slot))
            memcpy(leaf[i], g->leaf[slot - g->first], PAWL_LEAF);
        else
            return pawl_ok();
    }
    *ret = true;
    if (!all_ours) /* without the leaf of one slot the digest says nothing of the others */
        return pawl_ok();
    PAWL_TRY(pawl_leaves_digest_of((const uint8_t(*)[PAWL_LEAF])leaf, bits, digest, err));
    *ret = pawl_view_equal(PAWL_VIEW_OF(digest), r->digest);
    return pawl_ok();
}

static pawl_status judge_all(struct sentlog *l, const struct pawl_receipt *r, uint64_t sent_hi,
                             uint64_t nolog, struct pawl_receipt_verdict *v, struct pawl_err *err)
{
    uint64_t top = sent_hi > l->head.hi ? sent_hi : l->head.hi;
    bool     fits;

    v->verdict = FITS;
    for (size_t i = 0; i < r->gen_n; i++) {
        PAWL_TRY(judge(l, &r->gens[i], nolog, &fits, err));
        if (fits)
            continue;
        v->verdict = MISMATCH;
        if (v->pair_n < PAWL_VERDICT_PAIRS_MAX) {
            v->pair[v->pair_n].epoch = r->gens[i].epoch;
            v->pair[v->pair_n++].gen = r->gens[i].gen;
        }
    }
    if (is_unjudged(l, r->seq_hi, nolog) || is_sent(l, r->seq_hi))
        return pawl_ok();
    /* The slot says in which epoch somebody used our keys, which need not be this one. */
    v->verdict = r->seq_hi > top ? AHEAD : MISMATCH;
    v->ahead_seq = r->seq_hi;
    return pawl_ok();
}

/* P-DUR-6: what the verifier has, or holds the attested leaf of. A generation that more slots may
 * be added to, or got some since the snapshot, stays whole: the receipt is about its beginning
 * only, and a later one will list it again. */
static bool is_covered(const struct sentlog *l, size_t i, const struct pawl_receipt *r)
{
    const struct sentlog_gen *g = &l->gen[i];

    if (g->snd_n != g->n || (i + 1 == l->gen_n && g->ours && g->n < PAWL_GEN_MESSAGES))
        return false;
    for (size_t k = 0; k < r->gen_n; k++)
        if (r->gens[k].epoch == g->epoch && r->gens[k].gen == g->gen)
            return true;
    return false;
}

static pawl_status prune(struct sentlog *l, const struct pawl_receipt *r, const uint8_t hash[32],
                         struct pawl_err *err)
{
    struct sentlog_head head = l->head;
    bool                drop[PAWL_SND_GENS_MAX];
    size_t              n = 0;

    for (size_t i = 0; i < l->gen_n; i++) {
        drop[i] = is_covered(l, i, r);
        if (!drop[i])
            continue;
        ranges_add(&head.settled, l->gen[i].first, sentlog_last(&l->gen[i]));
        n++;
    }
    if (!n)
        return pawl_ok();
    memcpy(head.receipt, hash, sizeof(head.receipt));
    PAWL_TRY(sentlog_rewrite(l->file.dir, l, &head, drop, err));
    point("sentlog.pruned");
    return pawl_ok();
}

pawl_status sentlog_receipt(struct sentlog *l, const struct pawl_receipt *r, const uint8_t hash[32],
                            uint64_t sent_hi, uint64_t nolog, struct pawl_receipt_verdict *ret,
                            struct pawl_err *err)
{
    struct pawl_receipt_verdict v = { .receipt = pawl_view(hash, 32) };
    struct pawl_err             ignored;

    PAWL_TRY(judge_all(l, r, sent_hi, nolog, &v, err));
    /* A full disk must not keep the verdict from the next quote; the next receipt prunes. */
    if (v.verdict == FITS)
        (void)!pawl_is_ok(prune(l, r, hash, &ignored));
    *ret = v;
    return pawl_ok();
}

bool sentlog_pruned_by(const struct sentlog *l, uint8_t ret[32])
{
    static const uint8_t none[sizeof(l->head.receipt)];

    memcpy(ret, l->head.receipt, sizeof(l->head.receipt));
    return !pawl_view_equal(PAWL_VIEW_OF(l->head.receipt), PAWL_VIEW_OF(none));
}
