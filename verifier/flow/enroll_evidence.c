/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of an enrolment: cookie -> activation proved -> quote -> lifecycle -> record.
 *
 * Invariants
 *  1. The record is made from what the cookie says, never from what the evidence claims; A1 only
 * has to agree.
 *  2. Until a re-enrolment is accepted nothing of the old record changes (P-ENROL-7); accepted, it
 *     keeps the attempt counter, its beginning and its policy, and counts one more enrolment.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/answer.h"
#include "flow/cookie.h"
#include "flow/evidence.h"
#include "flow/judge.h"
#include "flow/lifecycle.h"
#include "flow/papers.h"
#include "flow/request.h"
#include "flow/token.h"
#include "flow/why.h"

static pawl_status same(struct pawl_view got, struct pawl_view want, const char *field,
                        struct pawl_err *err)
{
    if (!pawl_view_equal(got, want))
        return pawl_fail(err, PAWL_E_DENIED, field, "is not the one that the cookie was made for");
    return pawl_ok();
}

static pawl_status check_cookie_is_its(const struct evidence *ev, const struct cookie *c,
                                       struct pawl_err *err)
{
    const struct pawl_a1 *a1 = &ev->a1;

    PAWL_TRY(same(a1->device_id, PAWL_VIEW_OF(c->id.device_id), "A1.device_id", err));
    PAWL_TRY(same(a1->ak_name, pawl_name_view(&c->id.ak_name), "A1.ak_name", err));
    PAWL_TRY(same(a1->td_name, pawl_name_view(&c->id.td_name), "A1.td_name", err));
    PAWL_TRY(same(a1->nonce, PAWL_VIEW_OF(c->nonce), "A1.nonce", err));
    if (a1->suite != c->suite)
        return pawl_fail(err, PAWL_E_DENIED, "A1.suite", "0x%04x, 0x%04x was chosen",
                         (unsigned)a1->suite, (unsigned)c->suite);
    return evidence_is_rootless(ev, err);
}

/* P-ENROL-6: only the TPM that holds EK and AK could read the secret. */
static pawl_status check_activation(const struct evidence *ev, const struct cookie *c,
                                    struct pawl_err *err)
{
    PAWL_SECRET k_auth = { 0 };
    uint8_t     want[32];

    PAWL_TRY(pawl_expand_label(&c->secret, "enrol auth", pawl_view(NULL, 0), 32, &k_auth, err));
    PAWL_TRY(pawl_mac_base(&k_auth, ev->th1, ev->m.ima_field, want, err));
    if (!pawl_mac_equal(PAWL_VIEW_OF(want), ev->m.mac_base))
        return pawl_fail(err, PAWL_E_FORGED, "evidence.mac_base",
                         "is not made with the activated secret");
    return pawl_ok();
}

static pawl_status check_quote(struct flow *f, const struct evidence *ev, const struct cookie *c,
                               struct quoted *ret, struct pawl_err *err)
{
    PAWL_TRY(evidence_quote(f, ev, c->ak_public, &c->id.qualified_signer, false, NULL, ret, err));
    if (!ret->has_values)
        return pawl_fail(err, PAWL_E_ABSENT, "evidence.pcrs", "enrolment needs the values");
    return pawl_ok();
}

/* ---- the old record ------------------------------------------------------------------------- */

/* *ret: the record of this EK, all zero if there is none. An AK of another record is refused (K8).
 */
static pawl_status find_record(struct flow *f, const struct evidence *ev, const struct cookie *c,
                               struct device *ret, struct pawl_err *err)
{
    struct pawl_view tenant = tenant_view(ev->tenant);
    struct device    d = { 0 };

    *ret = d;
    pawl_status s = f->store->device_by_ak(f->store->self, tenant, &c->id.ak_name, &d, err);
    if (pawl_is_ok(s) && !pawl_view_equal(PAWL_VIEW_OF(d.id), PAWL_VIEW_OF(c->id.device_id)))
        return pawl_fail(err, PAWL_E_DENIED, "A1.ak_name", "belongs to another device");
    if (s.code != PAWL_E_ABSENT)
        PAWL_TRY(s);
    s = f->store->device(f->store->self, tenant, PAWL_VIEW_OF(c->id.device_id), &d, err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(s);
    *ret = d;
    return pawl_ok();
}

/*
 * Whether somebody's word lets the device in at once. A new device: a token, or an open tenant. One
 * that is active already: an operator's leave, a token made for it alone, or the tenant's rule for
 * re-enrolments (P-ENROL-7).
 */
static pawl_status who_admits(struct flow *f, const struct evidence *ev, const struct cookie *c,
                              const struct device *old, enum device_event *ret,
                              struct pawl_err *err)
{
    bool bound = false, token = c->token_id.n > 0;

    if (token)
        PAWL_TRY(token_admits(f, ev->tenant, c->token_id, PAWL_VIEW_OF(c->id.device_id),
                              ev->now_ms / 1000, &bound, err));
    bool admitted = old->state == DEVICE_ACTIVE
                        ? old->may_reenrol || bound || ev->tenant->reenrol_auto
                        : token || ev->tenant->admission == ADMISSION_OPEN;
    *ret = admitted ? DEVICE_EVENT_ADMIT : DEVICE_EVENT_ENROL;
    return pawl_ok();
}

/* NONE: go on, and *ret is the state that the record gets. */
static pawl_status next_state(struct flow *f, const struct evidence *ev, const struct cookie *c,
                              const struct device *old, enum device_state *ret,
                              enum pawl_refusal_code *no, struct pawl_err *err)
{
    enum device_event on;
    struct pawl_err   refused;

    *no = PAWL_REFUSAL_NONE;
    if (old->state == DEVICE_REVOKED) {
        *no = PAWL_REFUSAL_REVOKED;
        return pawl_ok();
    }
    if (!evidence_attempt_is_next(ev, old->attempt)) {
        *no = PAWL_REFUSAL_ATTEMPT;
        return pawl_ok();
    }
    PAWL_TRY(who_admits(f, ev, c, old, &on, err));
    if (!pawl_is_ok(device_next(old->state, on, ret, &refused)))
        *no = PAWL_REFUSAL_WAIT_FOR_APPROVAL;
    return pawl_ok();
}

/* ---- the new record ------------------------------------------------------------------------- */

static void plan_record(const struct evidence *ev, const struct cookie *c, const struct quoted *q,
                        enum device_state state, const struct device *old, struct device *d)
{
    const struct identity *id = &c->id;

    *d = *old; /* version, attempt, policy and beginning, or nothing */
    snprintf(d->tenant, sizeof(d->tenant), "%s", ev->tenant->name);
    memcpy(d->id, id->device_id, sizeof(d->id));
    d->state = state;
    d->roots = id->roots;
    d->ek_name = id->ek_name;
    d->ak_name = id->ak_name;
    d->td_name = id->td_name;
    d->qualified_signer = id->qualified_signer;
    d->ak_public_n = c->ak_public.n;
    memcpy(d->ak_public, c->ak_public.p, c->ak_public.n);
    memcpy(d->td_point, id->td.b, sizeof(d->td_point));
    d->suite = c->suite;
    d->enrolments = old->enrolments + 1;
    d->may_reenrol = false; /* leave is for once */
    d->attempt = ev->a1.attempt;
    d->clock = q->b.clock;
    memcpy(d->boot_id, ev->a1.boot_id.p, sizeof(d->boot_id));
    memcpy(d->os_boot, ev->a1.os_boot.p, sizeof(d->os_boot));
    memcpy(d->firmware_cert, id->cert.version, sizeof(d->firmware_cert));
    d->banks = q->b.pcrs;
    d->pcr_digest = q->b.digest;
    d->seen_s = ev->now_ms / 1000;
    if (!old->version)
        d->created_s = d->seen_s;
}

static pawl_status plan_step(const struct evidence *ev, const struct cookie *c,
                             const struct quoted *q, const struct device *d, struct step *step,
                             struct pawl_err *err)
{
    memcpy(step->tenant, d->tenant, sizeof(step->tenant));
    step->has_device = true;
    step->device = *d;
    step->has_snapshot = true;
    step->snapshot = (struct snapshot){ .select = q->b.pcrs, .values = q->values };
    step->takes_token = c->token_id.n > 0;
    if (step->takes_token)
        memcpy(step->token_taken, c->token_id.p, sizeof(step->token_taken));
    snprintf(step->event, sizeof(step->event),
             "enrolled (%" PRIu64 "), %s, roots %s, attempt %" PRIu64 ": %s", d->enrolments,
             device_state_name(d->state), roots_name(d->roots), ev->a1.attempt, d->status);
    why_append(d->why, step->event, sizeof(step->event));
    return papers_write(c, &step->papers, err);
}

pawl_status enrol_evidence(struct flow *f, const struct evidence *ev, struct answer *ret,
                           struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(cookie_room_wipe) struct cookie_room room;
    PAWL_CLEANUP(cookie_wipe) struct cookie           c = { 0 };
    struct quoted                                     q;
    struct device                                     old, d;
    struct judgement                                  j;
    enum device_state                                 state = DEVICE_NONE;
    enum pawl_refusal_code                            no;

    PAWL_TRY(cookie_open(f->keys, ev->a1.tenant, ev->now_ms, ev->m.cookie, &room, &c, err));
    PAWL_TRY(check_cookie_is_its(ev, &c, err));
    PAWL_TRY(check_activation(ev, &c, err));
    PAWL_TRY(check_quote(f, ev, &c, &q, err));

    PAWL_TRY(find_record(f, ev, &c, &old, err));
    PAWL_TRY(next_state(f, ev, &c, &old, &state, &no, err));
    if (no != PAWL_REFUSAL_NONE)
        return answer_refusal(f, ev, no, old.attempt, ret, err);

    plan_record(ev, &c, &q, state, &old, &d);
    PAWL_TRY(judge(f, ev, &d, NULL, &q, &j, err));
    snprintf(d.status, sizeof(d.status), "%s", tier_name(verdict_tier(&j.v)));
    why_write(&j.v, d.why);
    PAWL_TRY(plan_step(ev, &c, &q, &d, step, err));
    return answer_result(f, ev, &d, &j.v, false, ret, err);
}
