/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/evidence: parse -> whose and for whom -> nonce -> by label; and what both labels ask
 * of base and attempt. The quote is judged in evidence_quote.c.
 */

#include "flow/evidence.h"

#include "flow/answer.h"
#include "flow/nonce.h"
#include "flow/request.h"

pawl_status flow_evidence(struct flow *f, struct pawl_view body, struct answer *ret,
                          struct step *step, struct pawl_err *err)
{
    struct evidence ev = { .now_ms = f->now_ms(f->now_arg) };

    answer_begin(ret);
    PAWL_TRY(pawl_evidence_parse(body, &ev.m, err));
    PAWL_TRY(pawl_under(err, "evidence", pawl_a1_parse(ev.m.a1, &ev.a1, err)));
    answer_parsed(ret);
    answer_names_device(ret, ev.a1.device_id);
    PAWL_TRY(pawl_sha256(ev.m.a1, ev.th1, err));
    PAWL_TRY(request_tenant(f, ev.a1.tenant, "A1.tenant", &ev.tenant, err));
    PAWL_TRY(request_is_for_us(f, ev.a1.verifier_id, "A1.verifier_id", err));

    const struct nonce_scope scope = { ev.a1.tenant, ev.a1.device_id, ev.a1.label };
    PAWL_TRY(nonce_check(f->keys, &scope, ev.now_ms, ev.a1.nonce, err));
    if (ev.a1.label == PAWL_LABEL_ENROL)
        return enrol_evidence(f, &ev, ret, step, err);
    if (ev.m.cookie.n)
        return pawl_fail(err, PAWL_E_FORM, "evidence.cookie", "belongs to an enrolment");
    return attest(f, &ev, ret, step, err);
}

/* ---- the base ------------------------------------------------------------------------------- */

bool evidence_has_base(const struct evidence *ev)
{
    static const uint8_t none[PAWL_KID];

    return ev->a1.base_epoch != 0 || !pawl_view_equal(ev->a1.base_kid, PAWL_VIEW_OF(none));
}

pawl_status evidence_is_rootless(const struct evidence *ev, struct pawl_err *err)
{
    const struct pawl_a1 *a1 = &ev->a1;

    if (evidence_has_base(ev))
        return pawl_fail(err, PAWL_E_STATE, "A1.base_epoch", "there is no root yet");
    if (a1->new_epoch)
        return pawl_fail(err, PAWL_E_STATE, "A1.new_epoch", "there is no root yet");
    if (a1->e_d.n)
        return pawl_fail(err, PAWL_E_STATE, "A1.E_D", "%s makes no root",
                         pawl_label_text(a1->label));
    if (a1->nv_counter)
        return pawl_fail(err, PAWL_E_STATE, "A1.nv_counter", "there is no root yet");
    if (a1->snd.gen_n || a1->snd.unknown_n || a1->snd.seq_hi)
        return pawl_fail(err, PAWL_E_STATE, "A1.SND", "nothing was sent without a root");
    if (a1->rcv.gen_n || a1->rcv.seq_hi)
        return pawl_fail(err, PAWL_E_STATE, "A1.RCV", "nothing was received without a root");
    if (a1->receipt.verdict || a1->receipt.pair_n)
        return pawl_fail(err, PAWL_E_STATE, "A1.receipt_verdict", "there is no receipt yet");
    return pawl_ok();
}

/* ---- the attempt ---------------------------------------------------------------------------- */

bool evidence_attempt_is_next(const struct evidence *ev, uint64_t last)
{
    uint64_t attempt = ev->a1.attempt;

    if (attempt <= last)
        return false;
    return last ? attempt - last <= PAWL_ATTEMPT_SKIP_MAX : attempt <= PAWL_ATTEMPT_FIRST_MAX;
}
