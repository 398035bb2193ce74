/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signed answer asks the next request to be: other numbers, more evidence, another suite, or
 * a resync. A resync takes one permission, which a signed unknown_base or forked gives; whatever
 * comes back to it, the request after it is an ordinary one on our base again, so that a verifier
 * whose fresh store comes back finds us where it left us (P-DEV-6).
 */
#include "flow/steps.h"

enum pawl_label ask_label(const struct ask *a)
{
    return a->resync ? PAWL_LABEL_RESYNC : a->wanted;
}

uint64_t ask_epoch(const struct ask *a, const struct live *l)
{
    uint64_t own = l->open ? l->slot.epoch : 0;

    switch (ask_label(a)) {
    case PAWL_LABEL_ATTEST:
        return own;
    case PAWL_LABEL_REKEY:
        return own + 1;
    default: /* P-DEV-2 */
        return (a->known_epoch > own ? a->known_epoch : own) + 1;
    }
}

/* Numbers continue above the verifier's. One that is above all that we ever reserved was used by
 * another state than ours, which is therefore not the last one: it is given up (P-DEV-5). After
 * a loss nobody knows what else was sent, so the numbers go on far above (P-ATT-2), once
 * (P-DEV-7). */
static pawl_status take_numbers(struct flow *f, const struct pawl_refusal *r, struct pawl_err *err)
{
    struct live        *l = &f->live;
    struct reservation *n = &f->reserved;
    bool                lost = false;

    PAWL_TRY(reservation_above(n, r->last_attempt, &lost, err));
    if (lost && !l->lost) {
        struct pawl_err why;
        (void)pawl_fail(&why, PAWL_E_STATE, "state",
                        "the verifier knows attempts that this state never made");
        flow_note_lost(f, &why);
        PAWL_TRY(live_lose(f, err));
    }
    if (l->lost && !l->leapt) {
        if (n->attempt_next < r->last_attempt + RESERVATION_LOST)
            n->attempt_next = r->last_attempt + RESERVATION_LOST;
        l->leapt = true;
    }
    return live_floors(f, r, err);
}

/* Our base is not the verifier's: a resync, or an enrolment with another epoch. The refusal of such
 * a one permits another only when it tells us an epoch that we did not know (P-DEV-6). */
static bool ask_behind(const struct live *l, const struct pawl_a1 *asked,
                       const struct pawl_refusal *r, struct ask *ask)
{
    bool fresh = asked->label == PAWL_LABEL_RESYNC || asked->label == PAWL_LABEL_ENROL;

    if (fresh && (r->code != PAWL_REFUSAL_UNKNOWN_BASE || r->known_epoch < asked->new_epoch))
        return false;
    ask->known_epoch = r->known_epoch;
    ask->resync = ask->wanted != PAWL_LABEL_ENROL;
    if (l->open && l->slot.epoch > r->known_epoch)
        ask->reason = PAWL_REASON_VERIFIER_BEHIND;
    return true;
}

static bool ask_after_refusal(const struct live *l, const struct pawl_a1 *asked,
                              const struct pawl_refusal *r, struct ask *ask)
{
    bool was = ask->all;

    ask->resync = false;
    switch (r->code) {
    case PAWL_REFUSAL_ATTEMPT:
        return true;
    case PAWL_REFUSAL_UNKNOWN_BASE:
    case PAWL_REFUSAL_FORKED:
        return ask_behind(l, asked, r, ask);
    case PAWL_REFUSAL_FULL_EVIDENCE_WANTED:
        ask->all = true;
        return !was;
    case PAWL_REFUSAL_SUITE: /* perhaps it does not have our imported key (P-DEV-14) */
        ask->no_hedge = true;
        return asked->suite & PAWL_SUITE_HMAC_KEY;
    default:
        return false;
    }
}

pawl_status ask_next(struct flow *f, const struct quoted *q, const struct flow_answer *a,
                     struct ask *ask, bool *ret_again, struct pawl_err *err)
{
    if (a->kind == FLOW_REFUSED) {
        PAWL_TRY(take_numbers(f, &a->refusal, err));
        *ret_again = ask_after_refusal(&f->live, &q->a1, &a->refusal, ask);
        return pawl_ok();
    }
    /* evidence.c has forgotten what it believed to be known. A root that came is ours already. */
    *ret_again = a->want.pcr_values;
    *ask = (struct ask){ .wanted = PAWL_LABEL_ATTEST, .reason = ask->reason, .all = ask->all };
    return pawl_ok();
}
