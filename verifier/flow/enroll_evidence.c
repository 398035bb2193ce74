/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of an enrolment: cookie -> activation proved -> quote -> lifecycle -> record -> root.
 *
 * Invariants
 *  1. The record is made from what the cookie says, never from what the evidence claims; A1 only
 * has to agree.
 *  2. Until a re-enrolment is accepted nothing of the old record changes (P-ENROL-7); accepted, it
 *     keeps attempt, beginning, policy, incidents, tombstones and slot floors, and counts one more
 *     enrolment. Its root is pending: the old one stays current until the device shows the new one.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/app_key.h"
#include "flow/answer.h"
#include "flow/cookie.h"
#include "flow/evidence.h"
#include "flow/judge.h"
#include "flow/kept.h"
#include "flow/lifecycle.h"
#include "flow/held.h"
#include "flow/incident.h"
#include "flow/overdue.h"
#include "flow/papers.h"
#include "flow/rekey.h"
#include "flow/request.h"
#include "flow/ticket.h"
#include "flow/token.h"
#include "flow/why.h"
#include "ratchet/plan.h"

/* What the verifier knows of an EK before this enrolment, and what becomes of it. */
struct enrolling {
    struct flow           *f;
    const struct evidence *ev;
    struct cookie_room     room;
    struct cookie          c;
    struct given_quote     q;
    struct booted          boot; /* what is known of the boot that was quoted */
    struct judgement       j;
    struct device          old;     /* all zero: there was no record */
    struct held            h;       /* its ratchet */
    enum device_state      state;   /* that the record gets */
    bool                   by_auto; /* let back in by the tenant's rule alone */
};

static void enrolling_done(struct enrolling *e)
{
    held_done(&e->h);
    booted_done(&e->boot);
    cookie_wipe(&e->c);
    cookie_room_wipe(&e->room);
}

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
    return pawl_ok();
}

/* P-ENROL-6: only the TPM that holds EK and AK could read the secret. */
static pawl_status check_activation(const struct evidence *ev, const struct cookie *c,
                                    struct pawl_err *err)
{
    PAWL_SECRET k_auth = { 0 };
    uint8_t     want[32];

    PAWL_TRY(pawl_enrol_auth(&c->secret, &k_auth, err));
    PAWL_TRY(pawl_mac_base(&k_auth, ev->th1, ev->m.ima_field, want, err));
    if (!pawl_mac_equal(PAWL_VIEW_OF(want), ev->m.mac_base))
        return pawl_fail(err, PAWL_E_FORGED, "evidence.mac_base",
                         "is not made with the activated secret");
    return pawl_ok();
}

static pawl_status check_quote(struct flow *f, const struct evidence *ev, const struct cookie *c,
                               struct given_quote *ret, struct pawl_err *err)
{
    PAWL_TRY(evidence_quote(f, ev, c->ak_public, &c->id.qualified_signer, false, NULL, ret, err));
    if (!ret->has_values)
        return pawl_fail(err, PAWL_E_ABSENT, "evidence.pcrs", "enrolment needs the values");
    return pawl_ok();
}

/* ---- the old record ------------------------------------------------------------------------- */

/* Fills old and h. An AK of another record is refused (K8). */
static pawl_status find_record(struct enrolling *e, struct pawl_err *err)
{
    const struct store    *store = e->f->store;
    const struct identity *id = &e->c.id;
    struct pawl_view       tenant = tenant_view(e->ev->tenant);
    struct device          d = { 0 };

    pawl_status s = store->device_by_ak(store->self, tenant, &id->ak_name, &d, err);
    if (pawl_is_ok(s) && !pawl_view_equal(PAWL_VIEW_OF(d.id), PAWL_VIEW_OF(id->device_id)))
        return pawl_fail(err, PAWL_E_DENIED, "A1.ak_name", "belongs to another device");
    if (s.code != PAWL_E_ABSENT)
        PAWL_TRY(s);
    s = store->device(store->self, tenant, PAWL_VIEW_OF(id->device_id), &d, err);
    if (s.code != PAWL_E_ABSENT) {
        PAWL_TRY(s);
        e->old = d;
    }
    snprintf(d.tenant, sizeof(d.tenant), "%s", e->ev->tenant->name);
    memcpy(d.id, id->device_id, sizeof(d.id));
    return held_open(e->f, &d, &e->h, err);
}

/*
 * Whether somebody's word lets the device in at once. A new device: a token, or an open tenant. One
 * that is active and whose first root was never seen in use: nobody's, it only asks again. One that
 * is in use: an operator's leave, a token made for it alone, or the tenant's rule for re-enrolments
 * (P-ENROL-7).
 */
static pawl_status who_admits(struct enrolling *e, enum device_event *ret, struct pawl_err *err)
{
    const struct evidence *ev = e->ev;
    bool                   bound = false, token = e->c.token_id.n > 0;
    bool                   admitted = token || ev->tenant->admission == ADMISSION_OPEN;

    if (token)
        PAWL_TRY(token_admits(e->f, ev->tenant, e->c.token_id, PAWL_VIEW_OF(e->c.id.device_id),
                              ev->now_ms / 1000, &bound, err));
    e->by_auto = !e->h.r.may_resync && !bound;
    if (e->old.state == DEVICE_ACTIVE)
        admitted = !e->h.r.current.present || !e->by_auto || ev->tenant->reenrol_auto;
    *ret = admitted ? DEVICE_EVENT_ADMIT : DEVICE_EVENT_ENROL;
    return pawl_ok();
}

/* code NONE: go on with e->state. */
static pawl_status refuse_by_rule(struct enrolling *e, struct refusal *no, struct pawl_err *err)
{
    enum device_event on;
    struct pawl_err   refused;

    *no = (struct refusal){ .code = PAWL_REFUSAL_REVOKED };
    if (e->old.state == DEVICE_REVOKED)
        return pawl_ok();
    no->code = PAWL_REFUSAL_ATTEMPT;
    if (!evidence_attempt_is_next(e->ev, e->old.attempt))
        return pawl_ok();
    PAWL_TRY(who_admits(e, &on, err));
    no->code = PAWL_REFUSAL_WAIT_FOR_APPROVAL;
    if (!pawl_is_ok(device_next(e->old.state, on, &e->state, &refused)))
        return pawl_ok();
    no->code = PAWL_REFUSAL_UNKNOWN_BASE; /* P-RESYNC-4: it says which epochs are known */
    if (ratchet_takes_epoch(&e->h.r, e->ev->a1.new_epoch))
        no->code = PAWL_REFUSAL_NONE;
    return pawl_ok();
}

/* ---- the new record ------------------------------------------------------------------------- */

static void plan_record(const struct enrolling *e, struct device *d)
{
    const struct identity *id = &e->c.id;
    const struct evidence *ev = e->ev;

    *d = e->old; /* version, attempt, policy and beginning, or nothing */
    snprintf(d->tenant, sizeof(d->tenant), "%s", ev->tenant->name);
    memcpy(d->id, id->device_id, sizeof(d->id));
    d->state = e->state;
    d->roots = id->roots;
    d->ek_name = id->ek_name;
    d->ak_name = id->ak_name;
    d->td_name = id->td_name;
    d->qualified_signer = id->qualified_signer;
    d->ak_public_n = e->c.ak_public.n;
    memcpy(d->ak_public, e->c.ak_public.p, e->c.ak_public.n);
    memcpy(d->td_point, id->td.b, sizeof(d->td_point));
    d->has_app_point = false; /* of the keys before; with this evidence another one may come */
    d->suite = e->c.suite;
    d->enrolments = e->old.enrolments + 1;
    d->attempt = ev->a1.attempt;
    d->clock = e->q.b.clock;
    memcpy(d->boot_id, ev->a1.boot_id.p, sizeof(d->boot_id));
    memcpy(d->os_boot, ev->a1.os_boot.p, sizeof(d->os_boot));
    memcpy(d->manufacturer, id->cert.manufacturer, sizeof(d->manufacturer));
    memcpy(d->firmware_cert, id->cert.version, sizeof(d->firmware_cert));
    d->banks = e->q.b.pcrs;
    d->pcr_digest = e->q.b.digest;
    d->seen_s = ev->now_ms / 1000;
    if (!e->old.version)
        d->created_s = d->seen_s;
}

static pawl_status plan_step(struct enrolling *e, const struct device *d, struct step *step,
                             struct pawl_err *err)
{
    struct pawl_view token = e->c.token_id;

    memcpy(step->tenant, d->tenant, sizeof(step->tenant));
    step->has_device = true;
    step->device = *d;
    step->has_snapshot = true;
    step->snapshot = (struct snapshot){ .select = e->q.b.pcrs, .values = e->q.values };
    step->takes_token = token.n > 0;
    if (step->takes_token)
        memcpy(step->token_taken, token.p, sizeof(step->token_taken));
    snprintf(step->event, sizeof(step->event),
             "enrolled (%" PRIu64 "), %s, roots %s, attempt %" PRIu64 ": %s", d->enrolments,
             device_state_name(d->state), roots_name(d->roots), d->attempt, d->status);
    why_append(d->why, step->event, sizeof(step->event));
    PAWL_TRY(held_plan(&e->h, step, err));
    return papers_write(&e->c, &step->papers, err);
}

static pawl_status plan_logs(const struct enrolling *e, struct step *step, struct pawl_err *err)
{
    const struct kept_case k = {
        .ev = e->ev, .q = &e->q, .j = &e->j, .is_new = !e->boot.known.present
    };

    PAWL_TRY(booted_plan(&e->boot, e->q.b.clock.resets, &e->j.boot, step, err));
    return kept_plan(e->f->store, &k, step, err);
}

/* ---- the verdict ---------------------------------------------------------------------------- */

/* Of the boot nothing is known, unless the AK says that the TPM is as it was: one that was cleared
 * counts its resets anew. */
static pawl_status find_boot(struct enrolling *e, struct pawl_err *err)
{
    bool is_as_it_was = e->old.version && pawl_view_equal(pawl_name_view(&e->old.ak_name),
                                                          pawl_name_view(&e->c.id.ak_name));

    return is_as_it_was ? booted_read(e->f->store, &e->old, e->q.b.clock.resets, &e->boot, err)
                        : pawl_ok();
}

static pawl_status judge_all(struct enrolling *e, const struct device *d, struct pawl_err *err)
{
    const struct evidence  *ev = e->ev;
    const struct judge_case c = { .f = e->f,
                                  .d = d,
                                  .manufacturer = e->c.id.cert.manufacturer,
                                  .q = &e->q,
                                  .boot = &e->boot.known,
                                  .log = evidence_log(&ev->a1, ev->m.log, ev->m.log_n),
                                  .list = evidence_list(ev->m.ima_first, ev->m.ima),
                                  .now_ms = ev->now_ms };

    PAWL_TRY(find_boot(e, err));
    return judge(&c, NULL, &e->j, err);
}

static pawl_status make_wants(const struct enrolling *e, struct result *r, struct pawl_err *err)
{
    const struct ticket t = ticket_of(e->ev, &e->boot.known, &e->j);

    answer_wants(&e->j.want, r);
    if (!e->j.asks)
        return pawl_ok();
    return ticket_seal(e->f->keys, &t, e->ev->a1.tenant, e->ev->now_ms, r->ticket, &r->ticket_n,
                       err);
}

/* The first root of the record, or the next one. What was sent before is nobody's business any
 * more: no log speaks of it (P-REC-3). */
static pawl_status make_root(struct enrolling *e, const struct device *d, const struct verdict *v,
                             struct result *ret, struct pawl_err *err)
{
    PAWL_SECRET     rk = { 0 }, h = { 0 };
    struct ratchet *r = &e->h.r;
    struct grant    g = { .rk = &rk, .h = &h, .reset = r->current.present, .by_auto = e->by_auto };

    PAWL_TRY(pawl_rk_enrol(&rk, err));
    PAWL_TRY(pawl_enrol_term(&e->c.secret, &h, err));
    ratchet_accept(r, BASE_NONE, &e->ev->a1, e->ev->th1, e->ev->now_ms);
    ratchet_attested(r, &e->ev->a1);
    ratchet_drop_pending(r);
    return rekey_grant(e->f, e->ev, d, v, &g, r, ret, err);
}

static pawl_status accept(struct enrolling *e, struct answer *ret, struct step *step,
                          struct pawl_err *err)
{
    struct result result = { 0 };
    struct device d;

    plan_record(e, &d);
    PAWL_TRY(app_key_take(e->f, e->ev, &d, err));
    PAWL_TRY(judge_all(e, &d, err));
    PAWL_TRY(make_wants(e, &result, err));
    incident_judge(&e->h.r, &e->j.v);
    judge_record(&e->j.v, false, &d);
    PAWL_TRY(make_root(e, &d, &e->j.v, &result, err));
    PAWL_TRY(plan_step(e, &d, step, err));
    PAWL_TRY(plan_logs(e, step, err));
    PAWL_TRY(overdue_back(e->ev->tenant, e->ev->a1.next_s, e->ev->now_ms, step, err));
    PAWL_TRY(evidence_keep(e->ev, pawl_view(NULL, 0), &step->evidence, err));
    return answer_result(&d, &e->j.v, &result, ret, err);
}

pawl_status enrol_evidence(struct flow *f, const struct evidence *ev, struct answer *ret,
                           struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(enrolling_done) struct enrolling e = { .f = f, .ev = ev };
    struct refusal                                no;

    PAWL_TRY(cookie_open(f->keys, ev->a1.tenant, ev->now_ms, ev->m.cookie, &e.room, &e.c, err));
    answer_names_serial(ret, &e.c.id.cert);
    PAWL_TRY(check_cookie_is_its(ev, &e.c, err));
    PAWL_TRY(check_activation(ev, &e.c, err));
    PAWL_TRY(check_quote(f, ev, &e.c, &e.q, err));
    PAWL_TRY(find_record(&e, err));
    PAWL_TRY(refuse_by_rule(&e, &no, err));
    return no.code ? answer_refusal(f, ev, &no, e.old.attempt, &e.h.r, ret, err)
                   : accept(&e, ret, step, err);
}
