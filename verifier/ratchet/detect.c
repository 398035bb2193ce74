/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was received held against what was attested.
 *
 * Invariants
 *  1. Silence is no accusation: slots in an unknown range, up to unattested_hi, or of an epoch that
 *     a resync ended are never judged (detect_excuses is the one place that says so).
 *  2. An attested leaf wins: where it differs from the one that was received, the slot counts as
 *     forged and not as received, so that the device's own message may still come.
 *  3. A slot is named once: what a later snapshot denies again is nothing new (generation.named).
 */

#include "ratchet/detect.h"

#include <string.h>

void findings_add(struct findings *f, enum rule rule, uint64_t epoch, uint32_t gen, uint64_t seq)
{
    if (f->n < FINDINGS_MAX)
        f->at[f->n++] = (struct finding_slot){
            .rule = rule, .epoch = epoch, .gen = gen, .seq = seq
        };
}

/* The same about one slot of g; false if there is no room for it. attested: NULL where it is not
 * known. */
static bool find_slot(struct findings *f, enum rule rule, const struct generation *g, uint64_t seq,
                      const uint8_t *received, const uint8_t *attested)
{
    size_t at = f->n;

    findings_add(f, rule, g->epoch, g->gen, seq);
    if (f->n == at)
        return false;
    struct finding_slot *s = &f->at[at];
    s->has_received = true;
    memcpy(s->received, received, PAWL_LEAF);
    s->has_attested = attested != NULL;
    if (attested)
        memcpy(s->attested, attested, PAWL_LEAF);
    return true;
}

/* ---- slots of a generation ------------------------------------------------------------------ */

/* Bits lo to hi, both included and below 64. */
static uint64_t bits_between(unsigned lo, unsigned hi)
{
    return UINT64_MAX >> (PAWL_GEN_MESSAGES - 1 - hi) & UINT64_MAX << lo;
}

static bool is_set(uint64_t bits, uint64_t i)
{
    return i < PAWL_GEN_MESSAGES && bits >> i & 1;
}

static bool is_unknown(const struct ratchet *r, uint64_t seq)
{
    for (size_t i = 0; i < r->unknown_n; i++)
        if (seq >= r->unknown[i].lo && seq <= r->unknown[i].hi)
            return true;
    return false;
}

bool detect_excuses(const struct ratchet *r, uint64_t epoch, uint64_t seq)
{
    return seq <= r->unattested_hi || is_unknown(r, seq) ||
           (r->current.resync && epoch < r->current.epoch);
}

bool detect_speaks_of(const struct ratchet *r, uint64_t epoch, uint64_t seq)
{
    return seq <= r->attested_hi || epoch < r->last_base_epoch;
}

static bool is_judged(const struct ratchet *r, uint64_t epoch, uint64_t seq)
{
    return detect_speaks_of(r, epoch, seq) && !detect_excuses(r, epoch, seq);
}

/* The attested leaf of slot i, if it is here. */
static const uint8_t *attested_leaf(const struct generation *g, uint64_t i)
{
    return is_set(g->known, i) ? g->leaf[i] : NULL;
}

/* ---- E1, E2, E3: one message ---------------------------------------------------------------- */

/* The first slot of the epoch or of the generation that came after this one; 0: not known. */
static uint64_t end_of(const struct ratchet *r, const struct generation *g,
                       const struct generation *newer)
{
    if (g->epoch < r->current.epoch)
        return r->current.epoch_start_seq;
    return newer ? newer->first_seq : 0;
}

/* Below the snapshot and not as attested. What its log lists without its leaves being here is not
 * judged yet: the next snapshot brings it up again. */
static bool is_absent(const struct generation *g, uint64_t seq, const uint8_t leaf[PAWL_LEAF])
{
    uint64_t i = seq - g->first_seq;

    if (g->first_seq && seq >= g->first_seq && is_set(g->known, i))
        return memcmp(g->leaf[i], leaf, PAWL_LEAF) != 0;
    return !g->attested || seq < g->first_seq || seq > g->last_seq;
}

void detect_message(const struct ratchet *r, const struct generation *g,
                    const struct generation *newer, uint64_t seq, const uint8_t leaf[PAWL_LEAF],
                    struct findings *ret, bool *ret_new)
{
    uint64_t i = seq - g->first_seq;

    *ret_new = !g->first_seq || seq < g->first_seq || !is_set(g->have, i);
    if (!*ret_new) {
        if (memcmp(g->leaf[i], leaf, PAWL_LEAF) != 0)
            find_slot(ret, RULE_E1, g, seq, leaf, attested_leaf(g, i));
        return;
    }
    uint64_t end = end_of(r, g, newer);
    bool     behind = end && seq >= end;
    if (behind)
        find_slot(ret, RULE_E2, g, seq, leaf, NULL);
    /* Behind the end of its epoch no log ever speaks of it. */
    if (behind && g->epoch < r->current.epoch)
        return;
    if (is_absent(g, seq, leaf) && is_judged(r, g->epoch, seq))
        find_slot(ret, RULE_E3, g, seq, leaf, attested_leaf(g, i));
}

/* ---- E3: a snapshot ------------------------------------------------------------------------- */

/* Makes first the first slot of g where it was later: a message with a false gen_start_seq may have
 * come before the log that tells. What falls out of the 64 slots is none of the device's, however
 * far the snapshot goes: no later one speaks of it again. */
static void move_first(const struct ratchet *r, uint64_t first, struct generation *g,
                       struct findings *ret)
{
    PAWL_CLEANUP(generation_wipe) struct generation next = *g;

    next.first_seq = first;
    next.have = next.known = next.named = 0;
    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++) {
        uint64_t to = g->first_seq + i - first;
        if (!is_set(g->have | g->known, i))
            continue;
        if (to >= PAWL_GEN_MESSAGES) {
            if (is_set(g->have, i) && !is_set(g->named, i) &&
                !detect_excuses(r, g->epoch, g->first_seq + i))
                find_slot(ret, RULE_E3, g, g->first_seq + i, g->leaf[i], NULL);
            continue;
        }
        next.have |= (g->have >> i & 1) << to;
        next.known |= (g->known >> i & 1) << to;
        next.named |= (g->named >> i & 1) << to;
        memcpy(next.leaf[to], g->leaf[i], PAWL_LEAF);
    }
    *g = next;
}

/* Consecutive slots with a leaf each, at most 64: what a log lists. */
static bool is_run(const struct pawl_snd_gen *snd)
{
    return snd->first_seq && snd->last_seq >= snd->first_seq &&
           snd->last_seq - snd->first_seq < PAWL_GEN_MESSAGES &&
           snd->count == snd->last_seq - snd->first_seq + 1 && snd->digest.n == 32;
}

/* Received slots that are neither in the list nor known from an earlier one. */
static void judge_absent(const struct ratchet *r, struct generation *g, uint64_t listed,
                         struct findings *ret)
{
    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++) {
        if (!is_set(g->have & ~g->known & ~listed & ~g->named, i) ||
            !is_judged(r, g->epoch, g->first_seq + i))
            continue;
        if (find_slot(ret, RULE_E3, g, g->first_seq + i, g->leaf[i], NULL))
            g->named |= UINT64_C(1) << i; /* inv. 3 */
    }
}

/* All of these slots are here: are they what was attested? */
static bool has_digest(const struct generation *g, uint64_t bits)
{
    uint8_t         digest[32];
    struct pawl_err ignored;

    return pawl_is_ok(pawl_leaves_digest_of(g->leaf, bits, digest, &ignored)) &&
           memcmp(digest, g->digest, sizeof(digest)) == 0;
}

void detect_attested(const struct ratchet *r, const struct pawl_snd_gen *snd, struct generation *g,
                     struct findings *ret, bool *ret_want)
{
    *ret_want = false;
    if (!is_run(snd)) {
        judge_absent(r, g, 0, ret);
        return;
    }
    if (!g->first_seq)
        g->first_seq = snd->first_seq;
    if (snd->first_seq < g->first_seq || snd->last_seq - g->first_seq >= PAWL_GEN_MESSAGES)
        move_first(r, snd->first_seq, g, ret);
    g->attested = true;
    g->last_seq = snd->last_seq;
    memcpy(g->digest, snd->digest.p, sizeof(g->digest));

    uint64_t listed = bits_between((unsigned)(snd->first_seq - g->first_seq),
                                   (unsigned)(snd->last_seq - g->first_seq));
    judge_absent(r, g, listed, ret);
    bool complete = !(listed & ~(g->have | g->known));
    g->clean = complete && has_digest(g, listed);
    if (g->clean)
        g->known |= listed;
    else if (complete && is_judged(r, g->epoch, snd->last_seq))
        findings_add(ret, RULE_E3, g->epoch, g->gen, 0);
    *ret_want = !g->clean;
}

void detect_unlisted(const struct ratchet *r, const struct pawl_snd *snd, struct generation *g,
                     struct findings *ret)
{
    for (size_t i = 0; i < snd->gen_n; i++)
        if (snd->gens[i].epoch == g->epoch && snd->gens[i].gen == g->gen)
            return;
    judge_absent(r, g, 0, ret);
}

pawl_status detect_leaves(const struct ratchet *r, struct pawl_view leaves, struct generation *g,
                          struct findings *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(generation_wipe) struct generation next = *g;
    size_t                                          n = leaves.n / PAWL_LEAF;

    if (!g->attested || leaves.n % PAWL_LEAF || n == 0 || n > g->last_seq - g->first_seq + 1)
        return pawl_fail(err, PAWL_E_FORGED, "supply.leaves", "%zu leaves that nothing attests", n);
    unsigned hi = (unsigned)(g->last_seq - g->first_seq);
    unsigned lo = hi + 1 - (unsigned)n;
    memcpy(next.leaf[lo], leaves.p, leaves.n);
    if (!has_digest(&next, bits_between(lo, hi)))
        return pawl_fail(err, PAWL_E_FORGED, "supply.leaves", "do not have the attested digest");
    for (unsigned i = lo; i <= hi; i++) {
        uint64_t seq = g->first_seq + i;
        if (!is_set(g->have, i) || memcmp(next.leaf[i], g->leaf[i], PAWL_LEAF) == 0)
            continue;
        if (is_judged(r, g->epoch, seq))
            find_slot(ret, RULE_E3, g, seq, g->leaf[i], next.leaf[i]);
        next.have &= ~(UINT64_C(1) << i); /* inv. 2 */
    }
    next.known |= bits_between(lo, hi);
    next.clean = true;
    *g = next;
    return pawl_ok();
}

/* ---- E4, E7 --------------------------------------------------------------------------------- */

void detect_verdict(const struct pawl_receipt_verdict *v, struct findings *ret)
{
    if (v->verdict < 2)
        return;
    if (v->verdict == 3 || v->pair_n == 0)
        findings_add(ret, RULE_E4, 0, 0, v->ahead_seq);
    for (size_t i = 0; i < v->pair_n; i++)
        findings_add(ret, RULE_E4, v->pair[i].epoch, v->pair[i].gen, 0);
}

void detect_received(const struct pawl_rcv_gen *rcv, const struct generation *g,
                     struct findings *ret)
{
    uint64_t bits = pawl_bits_read(rcv->bitmap), ours = 0;

    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++) {
        uint64_t seq = rcv->first_seq + i;
        if (!is_set(bits, i))
            continue;
        if (!g || seq < g->first_seq || !is_set(g->have, seq - g->first_seq)) {
            findings_add(ret, RULE_E7, rcv->epoch, rcv->gen, seq);
            return;
        }
        ours |= UINT64_C(1) << (seq - g->first_seq);
    }
    if (!ours)
        return;
    uint8_t         digest[32];
    struct pawl_err ignored;
    if (!pawl_is_ok(pawl_leaves_digest_of(g->leaf, ours, digest, &ignored)) ||
        !pawl_view_equal(PAWL_VIEW_OF(digest), rcv->digest))
        findings_add(ret, RULE_E7, rcv->epoch, rcv->gen, 0);
}
