/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signed answer asks the next request to be: other numbers, more evidence, another suite, or
 * a resync. A resync takes one permission, which a signed unknown_base or forked gives; whatever
 * comes back to it, the request after it is an ordinary one on our base again, so that a verifier
 * whose fresh store comes back finds us where it left us (P-RESYNC-2).
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
    default: /* P-RESYNC-3 */
        return (a->known_epoch > own ? a->known_epoch : own) + 1;
    }
}

/* Numbers continue above the verifier's. One that is above all that we ever reserved was used by
 * another state than ours, which is therefore not the last one: it is given up (P-RESYNC-5). After
 * a loss nobody knows what else was sent, so the numbers go on far above (P-ATT-2), once. */
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

/* Our base is not the verifier's: a resync, or an enrolment with another epoch. */
static bool ask_behind(struct ask *ask, const struct live *l, const struct pawl_refusal *r)
{
    bool first = ask_label(ask) == ask->wanted && ask->wanted != PAWL_LABEL_ENROL;
    bool news = r->code == PAWL_REFUSAL_UNKNOWN_BASE && r->known_epoch > ask->known_epoch;

    if (!first && !news)
        return false;
    ask->known_epoch = r->known_epoch;
    ask->resync = ask->wanted != PAWL_LABEL_ENROL;
    if (l->open && l->slot.epoch > r->known_epoch)
        ask->reason = PAWL_REASON_VERIFIER_BEHIND;
    return true;
}

static bool ask_after_refusal(struct ask *ask, const struct live *l, const struct pawl_refusal *r)
{
    bool was;

    switch (r->code) {
    case PAWL_REFUSAL_UNKNOWN_BASE:
    case PAWL_REFUSAL_FORKED:
        return ask_behind(ask, l, r);
    case PAWL_REFUSAL_ATTEMPT:
        ask->resync = false;
        return true;
    case PAWL_REFUSAL_FULL_EVIDENCE_WANTED:
        was = ask->all;
        ask->resync = false;
        ask->all = true;
        return !was;
    case PAWL_REFUSAL_SUITE: /* perhaps it does not have our imported key */
        was = ask->no_hedge;
        ask->resync = false;
        ask->no_hedge = true;
        return !was;
    default:
        return false;
    }
}

pawl_status ask_next(struct flow *f, const struct flow_answer *a, struct ask *ask, bool *ret_again,
                     struct pawl_err *err)
{
    if (a->kind == FLOW_REFUSED) {
        PAWL_TRY(take_numbers(f, &a->refusal, err));
        *ret_again = ask_after_refusal(ask, &f->live, &a->refusal);
        return pawl_ok();
    }
    /* evidence.c has forgotten what it believed to be known. The root is ours already. */
    *ret_again = a->want.pcr_values;
    *ask = (struct ask){ .wanted = PAWL_LABEL_ATTEST, .reason = ask->reason, .all = ask->all };
    return pawl_ok();
}
