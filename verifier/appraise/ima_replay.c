/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay: PCR = H(PCR || digest), entry by entry, until the value is the quoted one. The list
 * is read where it lies, and nothing grows with it.
 */
#include "appraise/ima_replay.h"

#include <inttypes.h>
#include <string.h>

static const char *const names[IMA_EXTENDS_COUNT] = {
    [IMA_EXTENDS_NONE] = "none",
    [IMA_EXTENDS_OWN] = "own",
    [IMA_EXTENDS_PADDED] = "padded",
};

const char *ima_extends_name(enum ima_extends e)
{
    return names[(unsigned)e < IMA_EXTENDS_COUNT ? e : IMA_EXTENDS_NONE];
}

struct ima_place ima_start(uint32_t resets, uint32_t pcr, enum pawl_hash bank)
{
    return (struct ima_place){
        .resets = resets, .pcr = pcr, .bank = bank, .value = { .n = pawl_hash_n(bank) }
    };
}

/* ---- one entry ------------------------------------------------------------------------------ */

/* Where the digest of the list is what counts, it must be that of the data (I2). */
static pawl_status check_claimed(const struct ima_entry *e, uint64_t index, struct pawl_err *err)
{
    struct pawl_digest d;

    PAWL_TRY(ima_template_digest(e, PAWL_SHA1, &d, err));
    if (!pawl_view_equal(pawl_digest_view(&d), e->digest))
        return pawl_fail(err, PAWL_E_FORGED, "template_digest",
                         "of entry %" PRIu64 " is not that of its data", index);
    return pawl_ok();
}

/* As long as the bank's digests: zeros stand behind one of SHA-1. */
static pawl_status digest_to_extend(const struct ima_place *p, const struct ima_entry *e,
                                    struct pawl_digest *ret, struct pawl_err *err)
{
    bool               sha1 = p->extends == IMA_EXTENDS_PADDED || p->bank == PAWL_SHA1;
    struct pawl_digest d = { .n = p->value.n };

    if (!sha1 && !e->violation)
        return ima_template_digest(e, p->bank, ret, err);
    if (e->violation) { /* I1 */
        memset(d.b, 0xff, sha1 ? IMA_DIGEST : d.n);
    } else {
        PAWL_TRY(check_claimed(e, p->entries, err));
        memcpy(d.b, e->digest.p, IMA_DIGEST);
    }
    *ret = d;
    return pawl_ok();
}

pawl_status ima_extend(struct ima_place *place, const struct ima_entry *e, struct pawl_err *err)
{
    struct pawl_digest d, value;

    if (e->pcr == place->pcr) {
        PAWL_TRY(digest_to_extend(place, e, &d, err));
        const struct pawl_view parts[] = { pawl_digest_view(&place->value), pawl_digest_view(&d) };
        PAWL_TRY(pawl_hash(place->bank, parts, 2, &value, err));
        place->value = value;
        place->violations += e->violation;
    }
    place->others += e->pcr != place->pcr;
    place->entries++;
    return pawl_ok();
}

/* ---- to the quoted value -------------------------------------------------------------------- */

static bool is_there(const struct ima_place *p, const struct pawl_digest *quoted)
{
    return pawl_view_equal(pawl_digest_view(&p->value), pawl_digest_view(quoted));
}

/* Entries are counted, and not looked at beyond their frame. */
static pawl_status count_pending(struct ima_list l, uint64_t *ret, struct pawl_err *err)
{
    struct ima_entry e;
    uint64_t         begin = l.index;

    while (ima_more(&l))
        PAWL_TRY(ima_next(&l, &e, err));
    *ret = l.index - begin;
    return pawl_ok();
}

/* By the one rule that p->extends says. *ret_found only tells whether the value was met. */
static pawl_status replay_by(struct ima_place p, struct pawl_view list,
                             const struct pawl_digest *quoted, bool *ret_found,
                             struct ima_covered *ret, struct pawl_err *err)
{
    struct ima_list  l = ima_list_from(list, p.entries);
    struct ima_entry e;
    uint64_t         pending;

    *ret_found = is_there(&p, quoted);
    while (!*ret_found && ima_more(&l)) {
        PAWL_TRY(ima_next(&l, &e, err));
        PAWL_TRY(ima_extend(&p, &e, err));
        *ret_found = is_there(&p, quoted);
    }
    if (!*ret_found)
        return pawl_ok();
    PAWL_TRY(count_pending(l, &pending, err));
    *ret = (struct ima_covered){ .at = p,
                                 .bytes = pawl_view(list.p, list.n - l.rd.left),
                                 .pending = pending };
    return pawl_ok();
}

static pawl_status check_continues(const struct ima_place *from, uint64_t first, uint32_t resets,
                                   const struct pawl_digest *quoted, struct pawl_err *err)
{
    if (from->resets != resets)
        return pawl_fail(err, PAWL_E_STATE, "resetCount",
                         "is %" PRIu32 ", the list was followed in %" PRIu32, resets, from->resets);
    if (from->entries != first)
        return pawl_fail(err, PAWL_E_STATE, "first",
                         "the list begins at entry %" PRIu64 ", %" PRIu64 " is next", first,
                         from->entries);
    if (quoted->n != pawl_hash_n(from->bank))
        return pawl_fail(err, PAWL_E_RANGE, "pcr", "the quoted value has %zu bytes, %s has %zu",
                         quoted->n, pawl_hash_name(from->bank), pawl_hash_n(from->bank));
    return pawl_ok();
}

/* How this kernel extends is found out once: the better rule first, so that no list is taken for
 * a padded one that is none. */
pawl_status ima_replay(const struct ima_place *from, struct pawl_view list, uint64_t first,
                       uint32_t resets, const struct pawl_digest *quoted, struct ima_covered *ret,
                       struct pawl_err *err)
{
    struct ima_place p = *from;
    bool             found, known = from->extends != IMA_EXTENDS_NONE;

    PAWL_TRY(check_continues(from, first, resets, quoted, err));
    if (!known)
        p.extends = IMA_EXTENDS_OWN;
    PAWL_TRY(replay_by(p, list, quoted, &found, ret, err));
    if (!found && !known && p.bank != PAWL_SHA1) {
        p.extends = IMA_EXTENDS_PADDED;
        PAWL_TRY(replay_by(p, list, quoted, &found, ret, err));
    }
    if (!found)
        return pawl_fail(err, PAWL_E_FORGED, "pcr",
                         "no part of the list gives the quoted value of PCR %" PRIu32, from->pcr);
    if (ret->at.entries == first)
        ret->at.extends = from->extends; /* nothing was extended that could tell */
    return pawl_ok();
}
