/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A measurement list, judged piece by piece.
 *
 * Invariants
 *  1. What is attested was judged up to there, and no further (I8).
 *  2. What one entry did wrong stays in the failures until the next boot; what is asked of the list
 *     as a whole is asked anew each time.
 *
 * Not here: the form for the store (ima_row.c), replay and rules themselves.
 */
#include "appraise/ima_state.h"

#include <string.h>

struct ima_state ima_state_start(uint32_t resets, enum pawl_hash bank,
                                 const uint8_t rules[IMA_RULES_ID])
{
    struct ima_state s = { .at = ima_start(resets, IMA_PCR, bank) };

    memcpy(s.rules, rules, IMA_RULES_ID);
    return s;
}

/* ---- judging -------------------------------------------------------------------------------- */

/* inv. 2. That something was wrong earlier (I7) is said by the failure itself. */
static void keep_failures(const struct failures *before, const struct failures *fresh,
                          struct failures *ret)
{
    struct failures kept = { .dropped = before->dropped + fresh->dropped };

    for (size_t i = 0; i < before->n; i++)
        if (before->list[i].entry != FAILURE_WHOLE)
            kept.list[kept.n++] = before->list[i];
    for (size_t i = 0; i < fresh->n; i++) {
        bool is_old = fresh->list[i].entry == FAILURE_WHOLE &&
                      strcmp(fresh->list[i].row, "I7") == 0;
        if (is_old)
            continue;
        if (kept.n < FAILURES_MAX)
            kept.list[kept.n++] = fresh->list[i];
        else
            kept.dropped += !fresh->list[i].warning;
    }
    failures_keep(&kept, IMA_STATE_FAILURES);
    *ret = kept;
}

static pawl_status judge(const struct ima_state *s, const struct ima_rules *rules,
                         const struct ima_piece *piece, const struct ima_covered *covered,
                         struct ima_state *ret, struct pawl_err *err)
{
    const struct ima_evidence e = { covered, piece->first, piece->select, piece->values };
    struct ima_state          next = *s;
    struct failures           fresh = { 0 };

    PAWL_TRY(ima_judge(rules, &e, &next.judged, &fresh, err));
    keep_failures(&s->failures, &fresh, &next.failures);
    next.at = covered->at;
    *ret = next;
    return pawl_ok();
}

/* ---- replay --------------------------------------------------------------------------------- */

/* Where *s stands by one of the rules by which kernels extend; false if it cannot be that one. */
static bool place_by(const struct ima_state *s, enum ima_extends rule, struct ima_place *ret)
{
    bool known = s->at.extends != IMA_EXTENDS_NONE;

    *ret = s->at;
    ret->extends = rule;
    if (known || rule == IMA_EXTENDS_OWN)
        return !known || s->at.extends == rule;
    if (s->at.bank == PAWL_SHA1 || (s->at.entries && !s->padded.n))
        return false;
    if (s->at.entries)
        ret->value = s->padded;
    return true;
}

/* *ret_found only tells whether the value was met, by an entry at least. The better rule comes
 * first, so that no list is taken for a padded one that is none. */
static pawl_status find(const struct ima_state *s, const struct ima_piece *piece, bool *ret_found,
                        struct ima_covered *ret, struct pawl_err *err)
{
    struct ima_place from;

    *ret_found = false;
    for (int rule = IMA_EXTENDS_OWN; rule < IMA_EXTENDS_COUNT && !*ret_found; rule++) {
        if (!place_by(s, (enum ima_extends)rule, &from))
            continue;
        pawl_status r = ima_replay(&from, piece->list, piece->first, piece->resets, piece->quoted,
                                   ret, err);
        if (!pawl_is_ok(r) && r.code != PAWL_E_FORGED)
            return r;
        *ret_found = pawl_is_ok(r) && ret->at.entries > 0;
    }
    return pawl_ok();
}

/* Behind the whole piece by one rule. */
static pawl_status pass(struct ima_place *at, struct pawl_view list, struct pawl_err *err)
{
    struct ima_list  l = ima_list_from(list, at->entries);
    struct ima_entry e;

    while (ima_more(&l)) {
        PAWL_TRY(ima_next(&l, &e, err));
        PAWL_TRY(ima_extend(at, &e, err));
    }
    return pawl_ok();
}

static pawl_status pass_by_all(const struct ima_state *s, const struct ima_piece *piece,
                               struct ima_place *ret, struct pawl_digest *ret_padded,
                               struct pawl_err *err)
{
    bool             known = s->at.extends != IMA_EXTENDS_NONE;
    struct ima_place at = s->at, padded;
    struct pawl_err  why;

    *ret_padded = (struct pawl_digest){ 0 };
    if (!known)
        at.extends = IMA_EXTENDS_OWN;
    PAWL_TRY(pass(&at, piece->list, err));
    if (!known && place_by(s, IMA_EXTENDS_PADDED, &padded) &&
        pawl_is_ok(pass(&padded, piece->list, &why)))
        *ret_padded = padded.value;
    at.extends = s->at.extends;
    *ret = at;
    return pawl_ok();
}

pawl_status ima_state_go_on(const struct ima_state *s, const struct ima_rules *rules,
                            const struct ima_piece *piece, struct ima_state *ret,
                            uint64_t *ret_pending, struct pawl_err *err)
{
    struct ima_covered covered = { 0 };
    struct ima_state   next;
    bool               found;

    PAWL_TRY(find(s, piece, &found, &covered, err));
    if (!found) {
        struct pawl_digest padded;
        covered = (struct ima_covered){ .bytes = piece->list };
        PAWL_TRY(pass_by_all(s, piece, &covered.at, &padded, err));
        PAWL_TRY(judge(s, rules, piece, &covered, &next, err));
        next.padded = padded;
    } else {
        PAWL_TRY(judge(s, rules, piece, &covered, &next, err));
        next.padded = (struct pawl_digest){ 0 };
    }
    next.attested = found;
    *ret_pending = covered.pending;
    *ret = next;
    return pawl_ok();
}
