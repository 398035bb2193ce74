/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attest, rekey and resync in the verifier's order (P-ATT-1): 1 nonce (evidence.c); 2 device, AK
 * Name; 3 base (base.c); 4 quote (evidence_quote.c); 5 attempt, 6 base (refuse.c); 7 clock, 8
 * appraisal (judge.c); 9 reconciliation (reconcile.c), with what it makes of incidents and marks;
 * then the light of the keys, the record, E_V (rekey.c).
 *
 * Invariants
 *  1. Before the quote verified every failure is an error, behind it a result or a signed refusal:
 *     nobody without the AK can tell one reason from another.
 *  2. A refusal accepts nothing: its attempt may be repeated, which gets the same refusal.
 *  3. What an accepted request changes is one step, durable before the answer leaves (V1).
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/app_key.h"
#include "flow/attest.h"
#include "flow/event.h"
#include "flow/incident.h"
#include "flow/kept.h"
#include "flow/limit.h"
#include "flow/marks.h"
#include "flow/overdue.h"
#include "flow/rekey.h"
#include "flow/ticket.h"
#include "flow/why.h"
#include "ratchet/plan.h"

/* On the heap, and cleared where it has to be: large as it is, to clear the whole would cost as
 * much as two of its steps. */
static pawl_status attestation_make(struct flow *f, const struct evidence *ev,
                                    struct attestation **ret, struct pawl_err *err)
{
    struct attestation *a = malloc(sizeof(*a));

    if (!a)
        return pawl_fail(err, PAWL_E_MEMORY, "attest", "out of memory");
    a->f = f;
    a->ev = ev;
    a->h = (struct held){ 0 };
    a->base = BASE_UNKNOWN;
    a->before = NULL;
    a->past.boot = (struct boot_row){ 0 };
    booted_begin(&a->boot);
    a->leave = RESYNC_DENIED;
    a->first_since_restored = false;
    *ret = a;
    return pawl_ok();
}

static void attestation_free(struct attestation **a)
{
    if (!*a)
        return;
    held_done(&(*a)->h);
    boot_row_done(&(*a)->past.boot);
    booted_done(&(*a)->boot);
    free(*a);
}

static void result_free(struct result **r)
{
    free(*r);
}

/* Step 2. Another tenant's device is not there at all. */
static pawl_status find_device(struct attestation *a, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob ratchet = { 0 };
    const struct store                 *store = a->f->store;
    const struct pawl_a1               *a1 = &a->ev->a1;
    pawl_status s = store->device_whole(store->self, a1->tenant, a1->device_id, &a->d, &ratchet,
                                        &a->past, err);

    if (s.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "A1.device_id", "no such device");
    PAWL_TRY(s);
    if (!pawl_view_equal(a1->ak_name, pawl_name_view(&a->d.ak_name)))
        return pawl_fail(err, PAWL_E_DENIED, "A1.ak_name", "is not the AK of this device");
    if (!pawl_view_equal(a1->td_name, pawl_name_view(&a->d.td_name)))
        return pawl_fail(err, PAWL_E_DENIED, "A1.td_name", "is not the t_D of this device");
    a->before = a->past.has_snapshot ? &a->past.snapshot : NULL;
    return held_take(a->f, &a->d, &ratchet, &a->h, err);
}

/* ---- the record ----------------------------------------------------------------------------- */

static void plan_record(const struct attestation *a, struct device *d)
{
    const struct evidence    *ev = a->ev;
    const struct given_quote *q = &a->q;
    const struct judgement   *j = &a->j;

    d->attempt = ev->a1.attempt;
    if (a->h.r.current.present)
        d->suite = a->h.r.current.suite;
    d->seen_s = ev->now_ms / 1000;
    if (!j->found.went_back)
        d->clock = q->b.clock;
    if (q->has_values)
        d->pcr_digest = q->b.digest;
    memcpy(d->boot_id, ev->a1.boot_id.p, sizeof(d->boot_id));
    memcpy(d->os_boot, ev->a1.os_boot.p, sizeof(d->os_boot));
    judge_record(&j->v, !q->has_values, d);
}

static bool is_known(const struct given_quote *q, const struct snapshot *before)
{
    if (!before || !pawl_pcr_selection_equal(&q->b.pcrs, &before->select) ||
        q->values.n != before->values.n)
        return false;
    for (size_t i = 0; i < q->values.n; i++)
        if (!pawl_view_equal(pawl_digest_view(&q->values.value[i]),
                             pawl_digest_view(&before->values.value[i])))
            return false;
    return true;
}

static void plan_snapshot(const struct attestation *a, struct step *step)
{
    if (!a->q.has_values || a->j.found.pcr0_lost || is_known(&a->q, a->before))
        return;
    step->snapshot = (struct snapshot){ .select = a->q.b.pcrs, .values = a->q.values };
    step->has_snapshot = true;
}

/* A TPM that went back speaks of a boot that is over. */
static pawl_status plan_logs(const struct attestation *a, struct step *step, struct pawl_err *err)
{
    const struct kept_case k = {
        .ev = a->ev, .q = &a->q, .j = &a->j, .is_new = !a->boot.known.present
    };

    if (a->j.found.went_back)
        return pawl_ok();
    PAWL_TRY(booted_plan(&a->boot, a->q.b.clock.resets, &a->j.boot, step, err));
    return kept_plan(a->f->store, &k, step, err);
}

/* The event log gets what changed, not every heartbeat. A resync is always told. Behind what an
 * incident said already. */
static void plan_event(const struct attestation *a, struct step *step)
{
    if (a->leave == RESYNC_DENIED) {
        judge_event(&a->d, step);
        return;
    }
    event_note(step, "resync to epoch %" PRIu64 ", by %s: %s", a->ev->a1.new_epoch,
               a->leave == RESYNC_BY_RULE ? "the tenant's rule" : "an operator's leave",
               step->device.status);
}

/* P-REC-6: what this store sent and received in the epoch under way is not all in it. */
static bool was_restored(const struct attestation *a)
{
    const struct store *s = a->f->store;

    return s->restored_ms(s->self) >= a->h.r.current.made_ms && s->restored_ms(s->self) != 0;
}

/* The store was put back, and this is the first that it hears of the device. Late answers of the
 * other store share no slot with ours: a device would take one for the other. */
static bool is_first_since_restored(const struct attestation *a)
{
    const struct store *s = a->f->store;

    return s->restored_ms(s->self) > a->h.r.accepted_ms;
}

/* ---- incidents ------------------------------------------------------------------------------ */

/* A base above all that we know, believed: it was granted by a store that was ahead of this one. */
static bool shows_that_we_went_back(const struct attestation *a)
{
    return a->ev->a1.label == PAWL_LABEL_RESYNC && a->base == BASE_UNKNOWN &&
           a->ev->a1.base_epoch > a->h.r.current.epoch;
}

/* E5 without a refusal, E6, and what we lost ourselves. Behind ratchet_accept: they belong to the
 * epoch that it leaves. */
static pawl_status plan_incidents(struct attestation *a, bool boot_returns, bool went_back,
                                  struct step *step, struct pawl_err *err)
{
    const struct incident_case c = { .quote_n = 1,
                                     .quote = { evidence_quoted(a->ev) },
                                     .with_last = true };
    int64_t                    now_ms = a->ev->now_ms;

    if (boot_returns)
        PAWL_TRY(incident_open(&a->h, &a->d, step, now_ms, RULE_E5, &c, err,
                               "a start of the agent that another one had replaced is back"));
    if (a->j.found.went_back)
        PAWL_TRY(incident_open(&a->h, &a->d, step, now_ms, RULE_E6, &c, err,
                               "the TPM's clock went back"));
    if (went_back)
        PAWL_TRY(incident_open(&a->h, &a->d, step, now_ms, RULE_BACK, &c, err,
                               "the device names epoch %" PRIu64 ", this store knows %" PRIu64,
                               a->ev->a1.base_epoch, ratchet_known_epoch(&a->h.r)));
    return pawl_ok();
}

/* Everything that the request says about keys, in this order: what its base ended, what it shows,
 * what its logs show, what is known of messages by now. */
static pawl_status reckon(struct attestation *a, bool boot_returns, bool went_back,
                          struct step *step, struct result *ret, struct pawl_err *err)
{
    int64_t now_ms = a->ev->now_ms;

    PAWL_TRY(incident_healed(&a->h, a->ev->tenant, step, now_ms, err));
    if (a->base == BASE_CURRENT || a->base == BASE_PENDING)
        PAWL_TRY(incident_is_back(&a->h, step, now_ms, err));
    PAWL_TRY(plan_incidents(a, boot_returns, went_back, step, err));
    PAWL_TRY(reconcile(a, was_restored(a), step, ret, err)); /* 9 */
    return marks_resolve(&a->h, step, now_ms, err);
}

/* ---- accepted ------------------------------------------------------------------------------- */

/* Label rekey mixes the base, which is current by now; a resync has none and is bound to TH1. */
static pawl_status make_root(struct attestation *a, const struct device *d, struct result *ret,
                             struct pawl_err *err)
{
    PAWL_SECRET  rk = { 0 };
    struct grant g = { .rk = &rk,
                       .reset = a->ev->a1.label == PAWL_LABEL_RESYNC,
                       .by_auto = a->leave == RESYNC_BY_RULE };

    if (g.reset)
        PAWL_TRY(pawl_rk_resync(a->ev->th1, &rk, err));
    else
        rk = a->h.r.current.rk;
    return rekey_grant(a->f, a->ev, d, &a->j.v, &g, &a->h.r, ret, err);
}

/* For what is wanted at once: leaves, and of logs what the quote speaks of. */
static pawl_status make_ticket(const struct attestation *a, struct result *r, struct pawl_err *err)
{
    if (!r->want.gen_n && !a->j.asks)
        return pawl_ok();
    const struct ticket t = ticket_of(a->ev, &a->boot.known, &a->j);
    return ticket_seal(a->f->keys, &t, a->ev->a1.tenant, a->ev->now_ms, r->ticket, &r->ticket_n,
                       err);
}

static pawl_status make_result(struct attestation *a, const struct device *d, struct result *ret,
                               struct pawl_err *err)
{
    bool attests = a->ev->a1.label == PAWL_LABEL_ATTEST;

    ret->want.pcr_values = !a->q.has_values;
    ret->want.rekey_now = attests && (a->h.r.rekey_demanded ||
                                      ratchet_is_over(&a->h.r.current, a->ev->now_ms));
    if (!attests)
        return make_root(a, d, ret, err);
    return answer_ear(a->f, a->ev, d, &a->j.v, incident_is_red(&a->h.r.incident), ret, err);
}

static pawl_status accept(struct attestation *a, struct answer *ret, struct step *step,
                          struct pawl_err *err)
{
    PAWL_CLEANUP(result_free) struct result *r = malloc(sizeof(*r));
    bool boot_returns = ratchet_boot_returns(&a->h.r, a->ev->a1.boot_id);
    bool went_back = shows_that_we_went_back(a);

    if (!r)
        return pawl_fail(err, PAWL_E_MEMORY, "attest", "out of memory");
    result_begin(r);
    a->first_since_restored = is_first_since_restored(a);
    memcpy(step->tenant, a->d.tenant, sizeof(step->tenant));
    step->has_device = true;
    device_copy(&step->device, &a->d);
    ratchet_accept(&a->h.r, a->base, &a->ev->a1, a->ev->th1, a->ev->now_ms);
    PAWL_TRY(reckon(a, boot_returns, went_back, step, r, err));
    answer_wants(&a->j.want, r);
    PAWL_TRY(make_ticket(a, r, err));
    incident_judge(&a->h.r, &a->j.v);
    plan_record(a, &step->device);
    plan_snapshot(a, step);
    PAWL_TRY(plan_logs(a, step, err));
    plan_event(a, step);
    PAWL_TRY(overdue_rekey(a->ev->tenant, a->h.r.current.made_ms, a->ev->now_ms, step, err));
    ret->rekey_overdue = step->device.rekey_due_s && !a->d.rekey_due_s;
    PAWL_TRY(overdue_back(a->ev->tenant, a->ev->a1.next_s, a->ev->now_ms, step, err));
    if (a->first_since_restored)
        a->h.r.down_next += PAWL_SLOT_WINDOW;
    PAWL_TRY(make_result(a, &step->device, r, err)); /* E_V */
    PAWL_TRY(evidence_keep(a->ev, pawl_view(r->receipt, r->receipt_n), &step->evidence, err));
    PAWL_TRY(held_plan(&a->h, step, err)); /* V1 */
    return answer_result(&step->device, &a->j.v, r, ret, err);
}

static pawl_status judge_all(struct attestation *a, struct pawl_err *err)
{
    const struct evidence  *ev = a->ev;
    const struct judge_case c = { .f = a->f,
                                  .d = &a->d,
                                  .manufacturer = a->d.manufacturer,
                                  .q = &a->q,
                                  .boot = &a->boot.known,
                                  .log = evidence_log(&ev->a1, ev->m.log, ev->m.log_n),
                                  .list = evidence_list(ev->m.ima_first, ev->m.ima),
                                  .now_ms = ev->now_ms };

    booted_take(&a->past, &a->d, a->q.b.clock.resets, &a->boot);
    return judge(&c, a->before, &a->j, err);
}

pawl_status attest(struct flow *f, const struct evidence *ev, struct answer *ret, struct step *step,
                   struct pawl_err *err)
{
    PAWL_CLEANUP(attestation_free) struct attestation *a = NULL;
    struct refusal                                     no;

    PAWL_TRY(attestation_make(f, ev, &a, err));
    PAWL_TRY(find_device(a, err)); /* 2 */
    PAWL_TRY(base_check(a, err));  /* 3 */
    PAWL_TRY(evidence_quote(f, ev, pawl_view(a->d.ak_public, a->d.ak_public_n),
                            &a->d.qualified_signer, true, a->before, &a->q, err)); /* 4 */
    PAWL_TRY(limit_attest(f, ev->tenant, a->d.id, ev->now_ms, ret, err));
    PAWL_TRY(app_key_take(f, ev, &a->d, err));
    /* 7, 8: before 6, which asks of a resync how well it was appraised. */
    PAWL_TRY(judge_all(a, err));
    refuse_by_rule(a, &no); /* 5, 6 */
    return no.code ? refuse(a, &no, ret, step, err) : accept(a, ret, step, err);
}
