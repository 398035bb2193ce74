/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one message turned out to be, from its slot alone.
 *
 * Invariants
 *  1. Only an attested leaf makes a message genuine, and only another attested leaf, or the silence
 *     of a log that speaks of its slot, makes it forged.
 *  2. A log that lists a slot without its leaf being here decides nothing yet.
 *  3. Under every later snapshot of an honest device genuine stays genuine, and forged never
 *     becomes it; a range that is unknown later may excuse a slot, so marks are told when known.
 */

#include <string.h>

#include "ratchet/detect.h"

static const char *const names[MARK_COUNT] = { [MARK_NEW] = "new",
                                               [MARK_TAINTED] = "tainted",
                                               [MARK_GENUINE] = "genuine",
                                               [MARK_FORGED] = "forged",
                                               [MARK_UNATTESTED] = "unattested" };

const char *mark_name(enum mark m)
{
    return names[(unsigned)m < MARK_COUNT ? m : MARK_NEW];
}

/* Its attested leaf; NULL: not here. */
static const uint8_t *attested_leaf(const struct generation *g, uint64_t seq)
{
    uint64_t i = seq - g->first_seq;

    if (!g->first_seq || seq < g->first_seq || i >= PAWL_GEN_MESSAGES || !(g->known >> i & 1))
        return NULL;
    return g->leaf[i];
}

/* inv. 2. Where the list begins is not kept, so a slot before it waits for the leaves, too. */
static bool awaits_leaves(const struct generation *g, uint64_t seq)
{
    return g->attested && !g->clean && seq >= g->first_seq && seq <= g->last_seq;
}

enum mark detect_mark(const struct ratchet *r, const struct generation *g, uint64_t epoch,
                      uint64_t seq, const uint8_t leaf[PAWL_LEAF])
{
    const uint8_t *attested = g ? attested_leaf(g, seq) : NULL;

    if (attested)
        return memcmp(attested, leaf, PAWL_LEAF) == 0 ? MARK_GENUINE : MARK_FORGED;
    if (!detect_speaks_of(r, epoch, seq) || (g && awaits_leaves(g, seq)))
        return MARK_TAINTED;
    if (!g || detect_excuses(r, epoch, seq)) /* no row: its log is as long gone */
        return MARK_UNATTESTED;
    return MARK_FORGED;
}
