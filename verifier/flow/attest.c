/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation, in the verifier's order (P-ATT-1): 1 nonce (evidence.c); 2 device, AK Name; 3 base;
 * 4 quote; 5 attempt; 6 base; 7 clock, 8 appraisal (judge.c); then the record.
 *
 * Invariants
 *  1. Before the quote verified every failure is an error, behind it a result or a signed refusal:
 *     nobody without the AK can tell one reason from another.
 *  2. A refusal changes nothing: its attempt is not accepted and may be repeated, which gets the
 *     same refusal. Only a result writes, and it writes the attempt (P-NONCE-3).
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/answer.h"
#include "flow/evidence.h"
#include "flow/judge.h"
#include "flow/memory.h"
#include "flow/request.h"
#include "flow/why.h"

/* Step 2. Another tenant's device is not there at all. */
static pawl_status find_device(struct flow *f, const struct evidence *ev, struct device *ret,
                               struct pawl_err *err)
{
    const struct pawl_a1 *a1 = &ev->a1;
    pawl_status           s = f->store->device(f->store->self, a1->tenant, a1->device_id, ret, err);

    if (s.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "A1.device_id", "no such device");
    PAWL_TRY(s);
    if (!pawl_view_equal(a1->ak_name, pawl_name_view(&ret->ak_name)))
        return pawl_fail(err, PAWL_E_DENIED, "A1.ak_name", "is not the AK of this device");
    if (!pawl_view_equal(a1->td_name, pawl_name_view(&ret->td_name)))
        return pawl_fail(err, PAWL_E_DENIED, "A1.td_name", "is not the t_D of this device");
    return pawl_ok();
}

/* Step 3. No record has a root yet, so every base that is named is an unknown one; checking its
 * signature is worth one look in 10 s (P-ATT-7). */
static pawl_status check_base(struct flow *f, const struct evidence *ev, const struct device *d,
                              struct pawl_err *err)
{
    if (evidence_has_base(ev)) {
        if (!memory_may_try_base(f->memory, d->id, ev->now_ms))
            return pawl_fail(err, PAWL_E_DENIED, "A1.base_epoch",
                             "an unknown base, again within 10 s");
        return pawl_ok();
    }
    if (ev->m.mac_base.n)
        return pawl_fail(err, PAWL_E_FORGED, "evidence.mac_base", "there is no base to prove");
    return ev->a1.label == PAWL_LABEL_ATTEST ? evidence_is_rootless(ev, err) : pawl_ok();
}

static pawl_status find_snapshot(struct flow *f, const struct device *d, struct snapshot *room,
                                 const struct snapshot **ret, struct pawl_err *err)
{
    pawl_status s = f->store->snapshot(f->store->self, pawl_view_str(d->tenant),
                                       PAWL_VIEW_OF(d->id), room, err);

    *ret = pawl_is_ok(s) ? room : NULL;
    return s.code == PAWL_E_ABSENT ? pawl_ok() : s;
}

static bool suite_is_allowed(const struct evidence *ev, const struct device *d)
{
    if (ev->a1.suite == d->suite)
        return true;
    for (size_t i = 0; i < ev->tenant->suites.n; i++)
        if (ev->tenant->suites.suite[i] == ev->a1.suite)
            return true;
    return false;
}

/* Steps 5 and 6, and what else is refused by name. NONE: go on. */
static enum pawl_refusal_code refusal_of(const struct evidence *ev, const struct device *d,
                                         const struct quoted *q)
{
    if (d->state == DEVICE_REVOKED)
        return PAWL_REFUSAL_REVOKED;
    if (!evidence_attempt_is_next(ev, d->attempt))
        return PAWL_REFUSAL_ATTEMPT;
    if (ev->a1.label != PAWL_LABEL_ATTEST || evidence_has_base(ev))
        return PAWL_REFUSAL_UNKNOWN_BASE;
    if (!suite_is_allowed(ev, d))
        return PAWL_REFUSAL_SUITE;
    /* After a reset everything is new: banks, boot, values (P-ATT-3). */
    if (q->b.clock.resets != d->clock.resets && !q->all)
        return PAWL_REFUSAL_FULL_EVIDENCE_WANTED;
    return PAWL_REFUSAL_NONE;
}

static void plan_record(const struct evidence *ev, const struct quoted *q,
                        const struct judgement *j, struct device *d)
{
    d->attempt = ev->a1.attempt;
    d->suite = ev->a1.suite;
    d->seen_s = ev->now_ms / 1000;
    if (!j->went_back)
        d->clock = q->b.clock;
    if (q->has_values)
        d->pcr_digest = q->b.digest;
    memcpy(d->boot_id, ev->a1.boot_id.p, sizeof(d->boot_id));
    memcpy(d->os_boot, ev->a1.os_boot.p, sizeof(d->os_boot));
    /* Who leaves out the values that spoke against him is not cleared of them. */
    if (!q->has_values && strcmp(d->status, tier_name(TIER_CONTRAINDICATED)) == 0)
        return;
    snprintf(d->status, sizeof(d->status), "%s", tier_name(verdict_tier(&j->v)));
    why_write(&j->v, d->why);
}

static bool is_same_snapshot(const struct snapshot *a, const struct snapshot *b)
{
    if (!pawl_pcr_selection_equal(&a->select, &b->select) || a->values.n != b->values.n)
        return false;
    for (size_t i = 0; i < a->values.n; i++)
        if (!pawl_view_equal(pawl_digest_view(&a->values.value[i]),
                             pawl_digest_view(&b->values.value[i])))
            return false;
    return true;
}

static void plan_snapshot(const struct snapshot *before, const struct quoted *q,
                          const struct judgement *j, struct step *step)
{
    if (!q->has_values || j->pcr0_lost)
        return;
    step->snapshot = (struct snapshot){ .select = q->b.pcrs, .values = q->values };
    step->has_snapshot = !before || !is_same_snapshot(before, &step->snapshot);
}

/* The event log gets what changed, not every heartbeat. */
static void plan_event(const struct device *before, struct step *step)
{
    const struct device *d = &step->device;

    if (strcmp(before->status, d->status) == 0 && why_is_same(before->why, d->why))
        return;
    snprintf(step->event, sizeof(step->event), "attempt %" PRIu64 ": %s", d->attempt, d->status);
    why_append(d->why, step->event, sizeof(step->event));
}

pawl_status attest(struct flow *f, const struct evidence *ev, struct answer *ret, struct step *step,
                   struct pawl_err *err)
{
    struct device          d;
    struct snapshot        room;
    const struct snapshot *before;
    struct quoted          q;
    struct judgement       j;

    PAWL_TRY(find_device(f, ev, &d, err));
    PAWL_TRY(check_base(f, ev, &d, err));
    PAWL_TRY(find_snapshot(f, &d, &room, &before, err));
    PAWL_TRY(evidence_quote(f, ev, pawl_view(d.ak_public, d.ak_public_n), &d.qualified_signer, true,
                            before, &q, err));

    enum pawl_refusal_code no = refusal_of(ev, &d, &q);
    if (no != PAWL_REFUSAL_NONE)
        return answer_refusal(f, ev, no, d.attempt, ret, err);

    PAWL_TRY(judge(f, ev, &d, before, &q, &j, err));
    memcpy(step->tenant, d.tenant, sizeof(step->tenant));
    step->has_device = true;
    step->device = d;
    plan_record(ev, &q, &j, &step->device);
    plan_snapshot(before, &q, &j, step);
    plan_event(&d, step);
    return answer_result(f, ev, &step->device, &j.v, !q.has_values, ret, err);
}
