/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the device is told to be done with: the slots whose messages were taken.
 *
 * Invariants
 *  1. A slot that is acknowledged holds the device's own message, as far as the verifier can know.
 *     Where two authentic messages came into one slot (E1) it cannot, until the leaf is attested:
 *     such a slot is not acknowledged, and the device sends what it put there again, in another
 * one. Whoever has the key and fills a slot ahead of the device makes no message of it vanish.
 */

#include <string.h>

#include "flow/incident.h"
#include "flow/uplink.h"

/* Slots that more than one message came into. */
struct disputes {
    bool                 all; /* more of them than are written down: it may be any */
    size_t               n;
    struct incident_slot slot[INCIDENT_SLOTS_MAX];
};

static bool is_disputed(const struct disputes *d, const struct generation *g, uint64_t seq)
{
    if (d->all)
        return true;
    for (size_t i = 0; i < d->n; i++)
        if (d->slot[i].rule == RULE_E1 && d->slot[i].epoch == g->epoch &&
            d->slot[i].gen == g->gen && d->slot[i].seq == seq)
            return true;
    return false;
}

/* Only an incident that is not closed has any: what came of it was judged when it was. */
static pawl_status find_disputes(const struct uplink *u, struct disputes *ret, struct pawl_err *err)
{
    const struct incident *i = &u->h->r.incident;

    ret->all = false;
    ret->n = 0;
    if (!incident_is_open(i) || !incident_has(i, RULE_E1))
        return pawl_ok();
    PAWL_TRY(incident_slots_of(u->h, u->step, i->epoch, ret->slot, &ret->n, err));
    ret->all = ret->n == INCIDENT_SLOTS_MAX;
    return pawl_ok();
}

/* inv. 1 */
static bool is_taken(const struct disputes *d, const struct generation *g, unsigned i)
{
    if (!(g->have >> i & 1))
        return false;
    return g->known >> i & 1 || !is_disputed(d, g, g->first_seq + i);
}

pawl_status uplink_bitmap(const struct uplink *u, uint64_t *ret_first,
                          uint8_t ret[PAWL_ACK_BITMAP_MAX], size_t *ret_n, struct pawl_err *err)
{
    struct disputes disputes;

    PAWL_TRY(find_disputes(u, &disputes, err));
    memset(ret, 0, PAWL_ACK_BITMAP_MAX);
    *ret_first = u->lowest ? u->lowest : u->h->r.received_hi;
    *ret_n = 0;
    for (size_t i = 0; u->lowest && i < u->h->n; i++) {
        const struct generation *g = &u->h->gen[i]->g;

        for (unsigned k = 0; g->dir == PAWL_UP && k < PAWL_GEN_MESSAGES; k++) {
            uint64_t seq = g->first_seq + k, at = seq - u->lowest;
            if (!is_taken(&disputes, g, k) || seq < u->lowest || at >= PAWL_ACK_BITMAP_MAX * 8 ||
                seq > u->h->r.received_hi) /* the device denied it (P-REC-4) */
                continue;
            ret[at / 8] |= (uint8_t)(1u << at % 8);
            if (at / 8 >= *ret_n)
                *ret_n = at / 8 + 1;
        }
    }
    return pawl_ok();
}
