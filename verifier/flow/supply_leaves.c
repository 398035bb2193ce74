/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves: each generation by its attested digest -> what they prove -> incident and marks.
 *
 * What is known already is only compared once more.
 */

#include <stdlib.h>

#include "flow/incident.h"
#include "flow/marks.h"
#include "flow/supply_parts.h"
#include "ratchet/plan.h"

_Static_assert(FINDINGS_MAX >= PAWL_GEN_MESSAGES, "each slot of a generation is named");

/* Of each generation its own, or what a thief did to many would not all be named. */
struct supplied {
    size_t          n;
    struct findings of[PAWL_SND_GENS_MAX];
};

void supplied_free(struct supplied **s)
{
    free(*s);
    *s = NULL;
}

pawl_status supply_take_leaves(struct supplying *s, struct pawl_err *err)
{
    struct supplied          *found = s->found = calloc(1, sizeof(*found));
    const struct pawl_supply *m = s->m;
    struct held_generation   *one;

    if (!found)
        return pawl_fail(err, PAWL_E_MEMORY, "supply", "out of memory");
    for (size_t i = 0; i < m->leaves_n; i++) {
        if (m->leaves[i].dir != PAWL_UP)
            return pawl_fail(err, PAWL_E_DENIED, "supply.leaves.dir", "was not asked for");
        PAWL_TRY(held_generation(&s->h, PAWL_UP, m->leaves[i].epoch, m->leaves[i].gen, false, &one,
                                 err));
        PAWL_TRY(detect_leaves(&s->h.r, m->leaves[i].leaves, &one->g, &found->of[found->n++], err));
        one->g.seen_ms = s->now_ms;
        one->changed = true;
    }
    return pawl_ok();
}

/* Nothing was found, and nothing is missing any more: what the snapshot is about is clean. */
struct leftover {
    bool any;
};

static pawl_status look_for_missing(struct held *h, struct held_generation *one, void *arg,
                                    struct pawl_err *err)
{
    struct leftover *l = arg;

    (void)h;
    (void)err;
    l->any |= one->g.attested && !one->g.clean;
    return pawl_ok();
}

static pawl_status judge_cleanness(struct held *h, bool found, int64_t now_ms, struct pawl_err *err)
{
    struct leftover l = { .any = found };

    PAWL_TRY(held_each(h, PAWL_UP, look_for_missing, &l, err));
    if (!l.any)
        ratchet_clean(&h->r, held_highest(h), now_ms);
    return pawl_ok();
}

pawl_status supply_reckon_leaves(struct supplying *s, struct step *step, struct pawl_err *err)
{
    const struct incident_case c = { 0 }; /* its digests are in the last accepted evidence */
    const struct supplied     *found = s->found;
    bool                       any = false;

    for (size_t i = 0; i < found->n; i++) {
        PAWL_TRY(incident_of(&s->h, &step->device, step, s->now_ms, &found->of[i], &c, NULL, err));
        any |= found->of[i].n > 0;
    }
    PAWL_TRY(judge_cleanness(&s->h, any, s->now_ms, err));
    PAWL_TRY(marks_resolve(&s->h, step, s->now_ms, err));
    return incident_healed(&s->h, s->tenant, step, s->now_ms, err);
}
