/* SPDX-License-Identifier: Apache-2.0 */
/* A supply on its way, and what is done with each kind of thing in it. */
#ifndef VERIFIER_FLOW_SUPPLY_PARTS_H
#define VERIFIER_FLOW_SUPPLY_PARTS_H

#include "flow/answer.h"
#include "flow/held.h"
#include "flow/judge.h"
#include "flow/ticket.h"

struct supplied; /* what leaves proved */

struct supplying {
    struct flow                *f;
    const struct tenant_config *tenant;
    const struct pawl_supply   *m;
    struct ticket               t;
    struct device               d; /* as it is stored */
    struct held                 h; /* its ratchet */
    struct supplied            *found;
    struct blob                 room;
    struct evidence             ev;   /* the request that the ticket goes with */
    struct given_quote          q;    /* .. its quote .. */
    struct booted               boot; /* .. and what is known of its boot */
    bool                        has_attested;
    struct ima_state            attested; /* of the list, in the store */
    struct judgement            j;
    int64_t                     now_ms;
};

/* supply_leaves.c: what the leaves prove, into s->found. Leaves without the attested digest are
 * refused whole. */
PAWL_MUST_USE pawl_status supply_take_leaves(struct supplying *s, struct pawl_err *err);
/* What follows from it, into ratchet and step. */
PAWL_MUST_USE pawl_status supply_reckon_leaves(struct supplying *s, struct step *step,
                                               struct pawl_err *err);
void                      supplied_free(struct supplied **s);

/* supply_software.c: software judged again with the logs that came, into s->j. Fills s->ev, s->q
 * and s->boot. Logs that nobody asked for are refused. */
PAWL_MUST_USE pawl_status supply_judge(struct supplying *s, struct pawl_err *err);
/* The boot, and what is kept of the evidence. step->device is the record as it will be. */
PAWL_MUST_USE pawl_status supply_plan_logs(struct supplying *s, struct step *step,
                                           struct pawl_err *err);

#endif
