/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps 5 and 6: what is refused by name, in this order: revoked, attempt (E5), base (E5), resync,
 * suite, too soon, evidence too narrow.
 *
 * Invariant: a refused request changes nothing but an incident, and that is durable before the
 * refusal leaves (P-ERR-4, V4).
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/attest.h"
#include "flow/incident.h"

static void say(struct refusal *no, enum pawl_refusal_code code)
{
    no->code = code;
}

/* ---- step 5 --------------------------------------------------------------------------------- */

static void judge_attempt(const struct attestation *a, struct refusal *no)
{
    const struct pawl_a1 *a1 = &a->ev->a1;

    if (evidence_attempt_is_next(a->ev, a->d.attempt))
        return;
    say(no, PAWL_REFUSAL_ATTEMPT);
    if (!ratchet_is_fork(&a->h.r, a1->attempt, a->d.attempt, a1->base_epoch, a1->base_kid,
                         a->ev->th1))
        return;
    say(no, PAWL_REFUSAL_FORKED);
    snprintf(no->fork, sizeof(no->fork),
             "attempt %" PRIu64 " on the base of epoch %" PRIu64 " was used for another request",
             a1->attempt, a1->base_epoch);
}

/* ---- step 6 --------------------------------------------------------------------------------- */

static void judge_used(const struct attestation *a, struct refusal *no)
{
    say(no, PAWL_REFUSAL_FORKED);
    snprintf(no->fork, sizeof(no->fork),
             "the base of epoch %" PRIu64 " was given up, epoch %" PRIu64 " is current",
             a->ev->a1.base_epoch, a->h.r.current.epoch);
}

/* P-RESYNC-1..3: a person's leave, or the rule's, and an epoch that nobody used. */
static void judge_resync(struct attestation *a, struct refusal *no)
{
    const struct pawl_a1 *a1 = &a->ev->a1;

    a->leave = ratchet_resync(&a->h.r, a->base, a1->base_epoch,
                              verdict_tier(&a->j.v) == TIER_AFFIRMING, a->ev->tenant->resync_auto,
                              a->ev->now_ms);
    if (a->leave == RESYNC_DENIED)
        a->base == BASE_USED ? judge_used(a, no) : say(no, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    else if (!ratchet_takes_epoch(&a->h.r, a1->new_epoch))
        say(no, PAWL_REFUSAL_UNKNOWN_BASE);
}

static void judge_base(struct attestation *a, struct refusal *no)
{
    if (a->ev->a1.label == PAWL_LABEL_RESYNC)
        judge_resync(a, no);
    else if (a->base == BASE_USED)
        judge_used(a, no);
    else if (!ratchet_root(&a->h.r, a->base))
        say(no, PAWL_REFUSAL_UNKNOWN_BASE);
}

/* ---- suite, pace, width --------------------------------------------------------------------- */

/* P-SUITE-2: one that the tenant allows; with the imported key only if there is one. What an attest
 * says decides nothing: its epoch has its suite. */
static void judge_suite(const struct attestation *a, struct refusal *no)
{
    uint16_t                  suite = a->ev->a1.suite;
    const struct pawl_suites *allowed = &a->ev->tenant->suites;

    if (a->ev->a1.label == PAWL_LABEL_ATTEST && suite == a->d.suite)
        return;
    bool hedged = suite & PAWL_SUITE_HMAC_KEY;
    for (size_t i = 0; i < allowed->n && (!hedged || a->h.r.hedge.n); i++)
        if (allowed->suite[i] == (suite & ~PAWL_SUITE_HMAC_KEY))
            return;
    say(no, PAWL_REFUSAL_SUITE);
}

static void judge_pace(const struct attestation *a, struct refusal *no)
{
    if (a->ev->a1.label != PAWL_LABEL_REKEY)
        return;
    int64_t wait_ms = ratchet_rekey_wait(&a->h.r, a->base, a->ev->now_ms);
    if (wait_ms == 0)
        return;
    say(no, PAWL_REFUSAL_REKEY_TOO_SOON);
    no->retry_after_s = (uint64_t)(wait_ms + 999) / 1000;
}

/* P-ATT-3: after a reset everything is new: banks, boot, values. */
static void judge_width(const struct attestation *a, struct refusal *no)
{
    if (a->q.b.clock.resets != a->d.clock.resets && !a->q.all)
        say(no, PAWL_REFUSAL_FULL_EVIDENCE_WANTED);
}

void refuse_by_rule(struct attestation *a, struct refusal *ret)
{
    *ret = (struct refusal){ 0 };
    if (a->d.state == DEVICE_REVOKED)
        say(ret, PAWL_REFUSAL_REVOKED);
    else
        judge_attempt(a, ret);
    if (!ret->code)
        judge_base(a, ret);
    if (!ret->code)
        judge_suite(a, ret);
    if (!ret->code)
        judge_pace(a, ret);
    if (!ret->code)
        judge_width(a, ret);
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* V4, once for each epoch: the same proof again adds nothing. The proof is two quotes of one AK:
 * the last accepted and this one. */
static pawl_status plan_incident(struct attestation *a, enum rule rule, const char *why,
                                 struct step *step, struct pawl_err *err)
{
    const struct incident_case c = { .quote_n = 1,
                                     .quote = { evidence_quoted(a->ev) },
                                     .with_last = true };

    PAWL_TRY(incident_open(&a->h, &a->d, step, a->ev->now_ms, rule, &c, err, "%s", why));
    if (step->incident_n == 0)
        return pawl_ok();
    memcpy(step->tenant, a->d.tenant, sizeof(step->tenant));
    device_copy(&step->device, &a->d);
    step->touches_device = true;
    incident_light(&a->h.r, step);
    return held_plan(&a->h, step, err);
}

/* E6: a TPM that was put back has lost its base, as a rule, and gets no further than here. A late
 * request has an older clock too, and a lower attempt. */
static bool shows_older_tpm(const struct attestation *a, const struct refusal *no)
{
    return a->j.found.went_back && no->code != PAWL_REFUSAL_ATTEMPT &&
           no->code != PAWL_REFUSAL_REVOKED;
}

pawl_status refuse(struct attestation *a, const struct refusal *no, struct answer *ret,
                   struct step *step, struct pawl_err *err)
{
    if (no->code == PAWL_REFUSAL_FORKED)
        PAWL_TRY(plan_incident(a, RULE_E5, no->fork, step, err));
    else if (shows_older_tpm(a, no))
        PAWL_TRY(plan_incident(a, RULE_E6, "the TPM's clock went back", step, err));
    return answer_refusal(a->f, a->ev, no, a->d.attempt, &a->h.r, ret, err);
}
