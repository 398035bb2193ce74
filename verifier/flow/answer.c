/* SPDX-License-Identifier: Apache-2.0 */
/* What goes back to a device. */

#include "flow/answer.h"

#include <stdio.h>
#include <string.h>

#include <pawl/cose.h>

#include "appraise/ear.h"
#include "flow/memory.h"
#include "flow/request.h"
#include "ratchet/plan.h"

void answer_begin(struct answer *ret)
{
    ret->http = 400;
    ret->n = 0;
    ret->device[0] = 0;
    ret->outcome[0] = 0;
    ret->tenant[0] = 0;
    ret->serial[0] = 0;
    ret->refused = REFUSED_NONE;
    ret->judged = ret->new_root = ret->rekey_overdue = false;
}

void answer_parsed(struct answer *ret)
{
    ret->http = 403;
}

void answer_names_device(struct answer *ret, struct pawl_view id)
{
    struct pawl_err ignored;

    if (!pawl_is_ok(pawl_hex_write(id, ret->device, sizeof(ret->device), &ignored)))
        ret->device[0] = 0;
}

void answer_names_tenant(struct answer *ret, const struct tenant_config *t)
{
    snprintf(ret->tenant, sizeof(ret->tenant), "%s", t->name);
}

void answer_names_serial(struct answer *ret, const struct pawl_ek_cert *cert)
{
    snprintf(ret->serial, sizeof(ret->serial), "%s", cert->serial);
}

struct pawl_wr answer_writer(struct answer *ret)
{
    return pawl_wr_to(ret->body, PAWL_RESULT_MAX);
}

void answer_good(struct answer *ret, const struct pawl_wr *w)
{
    ret->n = w->n;
    ret->http = 200;
}

/* ---- result --------------------------------------------------------------------------------- */

void result_begin(struct result *r)
{
    r->has_root = false;
    memset(r->e_v, 0, sizeof(r->e_v));
    r->receipt_n = 0;
    r->want = (struct pawl_want){ 0 };
    r->ticket_n = 0;
    r->ear[0] = 0;
}

pawl_status answer_ear(const struct flow *f, const struct evidence *ev, const struct device *d,
                       const struct verdict *v, bool incident, struct result *r,
                       struct pawl_err *err)
{
    struct ear_claims c = {
        .label = ev->a1.label,
        .tenant = tenant_view(ev->tenant),
        .attempt = ev->a1.attempt,
        .base_epoch = ev->a1.base_epoch,
        .new_epoch = ev->a1.new_epoch,
        .enrolments = d->enrolments,
        .incident = incident,
        .reason = ev->a1.reason,
        .has_e_v = r->has_root,
        .app_point = d->has_app_point ? d->app_point : NULL,
        .has_rcpt = r->receipt_n > 0,
        .lab = d->roots == ROOTS_LAB,
        .iat_s = ev->now_ms / 1000,
        .ttl_s = ev->tenant->ear_ttl_s,
    };
    struct audit_head head;
    struct signer     by;

    PAWL_TRY(keys_signer(f->keys, ev->a1.verifier_id, &by, err));
    if (by.key == f->keys->other_signing[KEYS_OLD].key) /* P-TRUST-4 */
        c.next_key = f->keys->verifier_id;
    PAWL_TRY(memory_audit(f->memory, f->store, c.tenant, ev->now_ms, &head, err));
    c.audit = head.number;
    memcpy(c.audit_hash, head.hash, sizeof(c.audit_hash));
    memcpy(c.th1, ev->th1, sizeof(c.th1));
    memcpy(c.device_id, d->id, sizeof(c.device_id));
    memcpy(c.e_v, r->e_v, sizeof(c.e_v));
    if (c.has_rcpt)
        PAWL_TRY(pawl_sha256(pawl_view(r->receipt, r->receipt_n), c.rcpt, err));
    return ear_write(by.key, by.id, &c, v, r->ear, sizeof(r->ear), err);
}

void answer_wants(const struct appraise_want *want, struct result *r)
{
    r->want.log_n = want->log;
    r->want.log[0] = EVIDENCE_FIRMWARE_LOG;
    r->want.has_ima = want->ima;
    r->want.first_ima_entry = want->first;
}

static void say_outcome(struct answer *ret, const struct device *d, const struct verdict *v)
{
    int n = snprintf(ret->outcome, sizeof(ret->outcome), "%s, %s", device_state_name(d->state),
                     tier_name(verdict_tier(v)));

    for (size_t i = 0; i < v->finding_n && n > 0 && (size_t)n < sizeof(ret->outcome); i++)
        n += snprintf(ret->outcome + n, sizeof(ret->outcome) - (size_t)n, "%s%s", i ? ", " : ": ",
                      reason_code(v->finding[i].reason));
}

pawl_status answer_result(const struct device *d, const struct verdict *v, const struct result *r,
                          struct answer *ret, struct pawl_err *err)
{
    struct pawl_wr     w = answer_writer(ret);
    struct pawl_result m = { .ear = pawl_view_str(r->ear),
                             .conf_v = pawl_view(r->conf_v, r->has_root ? sizeof(r->conf_v) : 0),
                             .receipt = pawl_view(r->receipt, r->receipt_n),
                             .want = r->want,
                             .ticket = pawl_view(r->ticket, r->ticket_n) };

    m.want.present = m.want.log_n || m.want.has_ima || m.want.gen_n || m.want.rekey_now ||
                     m.want.pcr_values;
    PAWL_TRY(pawl_result_write(&m, &w, err));
    say_outcome(ret, d, v);
    ret->judged = true;
    ret->tier = verdict_tier(v);
    ret->new_root = r->has_root;
    answer_good(ret, &w);
    return pawl_ok();
}

/* ---- refusal -------------------------------------------------------------------------------- */

pawl_status answer_refusal(const struct flow *f, const struct evidence *ev,
                           const struct refusal *no, uint64_t last_attempt, const struct ratchet *r,
                           struct answer *ret, struct pawl_err *err)
{
    uint8_t             b[PAWL_REFUSAL_MAX];
    struct pawl_wr      payload = pawl_wr_to(b, sizeof(b));
    struct pawl_wr      w = answer_writer(ret);
    struct signer       by;
    struct pawl_refusal m = { .code = no->code,
                              .last_attempt = last_attempt,
                              .known_epoch = ratchet_known_epoch(r),
                              .seq_floor_up = ratchet_floor_up(r),
                              .seq_floor_down = ratchet_floor_down(r),
                              .has_retry = no->retry_after_s > 0,
                              .retry_after_s = no->retry_after_s };

    memcpy(m.th1, ev->th1, sizeof(m.th1));
    PAWL_TRY(pawl_refusal_write(&m, &payload, err));
    PAWL_TRY(keys_signer(f->keys, ev->a1.verifier_id, &by, err));
    PAWL_TRY(pawl_cose_sign1_write(by.key, pawl_view(by.id, PAWL_VERIFIER_ID),
                                   pawl_view_str(PAWL_COSE_REFUSAL), pawl_view(b, payload.n), &w,
                                   err));
    snprintf(ret->outcome, sizeof(ret->outcome), "refused: %s%s%s", pawl_refusal_text(no->code),
             no->fork[0] ? ": " : "", no->fork);
    ret->refused = refused_by_name(no->code);
    ret->n = w.n;
    ret->http = 409;
    return pawl_ok();
}
