/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/evidence: parse -> whose and for whom -> nonce -> by label; and what a label and
 * an attempt may be. The quote is judged in evidence_quote.c.
 */

#include "flow/evidence.h"

#include <inttypes.h>
#include <stdlib.h>

#include "flow/answer.h"
#include "flow/nonce.h"
#include "flow/request.h"

static void evidence_free(struct evidence **ev)
{
    free(*ev);
}

/* On the heap and not cleared: it is large, and all of it is set. */
static pawl_status evidence_read(struct flow *f, struct pawl_view body, struct answer *ret,
                                 struct evidence *ev, struct pawl_err *err)
{
    ev->now_ms = f->now_ms(f->now_arg);
    PAWL_TRY(pawl_evidence_parse(body, &ev->m, err));
    PAWL_TRY(pawl_under(err, "evidence", pawl_a1_parse(ev->m.a1, &ev->a1, err)));
    answer_parsed(ret);
    answer_names_device(ret, ev->a1.device_id);
    PAWL_TRY(pawl_sha256(ev->m.a1, ev->th1, err));
    PAWL_TRY(request_tenant(f, ev->a1.tenant, "A1.tenant", &ev->tenant, err));
    answer_names_tenant(ret, ev->tenant);
    return request_is_for_us(f, ev->a1.verifier_id, "A1.verifier_id", err);
}

pawl_status flow_evidence(struct flow *f, struct pawl_view body, struct answer *ret,
                          struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(evidence_free) struct evidence *ev = malloc(sizeof(*ev));

    answer_begin(ret);
    if (!ev)
        return pawl_fail(err, PAWL_E_MEMORY, "evidence", "out of memory");
    PAWL_TRY(evidence_read(f, body, ret, ev, err));
    const struct nonce_scope scope = { ev->a1.tenant, ev->a1.device_id, ev->a1.label };
    PAWL_TRY(nonce_check(f->keys, &scope, ev->now_ms, ev->a1.nonce, err));
    PAWL_TRY(evidence_suits_label(ev, err));
    return ev->a1.label == PAWL_LABEL_ENROL ? enrol_evidence(f, ev, ret, step, err)
                                            : attest(f, ev, ret, step, err);
}

/* ---- the label ------------------------------------------------------------------------------ */

static pawl_status check_epochs(const struct pawl_a1 *a1, struct pawl_err *err)
{
    static const uint8_t no_kid[PAWL_KID];
    bool                 fits = a1->new_epoch != 0;

    if (a1->label == PAWL_LABEL_ATTEST)
        fits = a1->new_epoch == a1->base_epoch;
    else if (a1->label == PAWL_LABEL_REKEY)
        fits = a1->base_epoch < UINT64_MAX && a1->new_epoch == a1->base_epoch + 1;
    if (!fits)
        return pawl_fail(err, PAWL_E_FORM, "A1.new_epoch", "%" PRIu64 " on %" PRIu64 " for %s",
                         a1->new_epoch, a1->base_epoch, pawl_label_text(a1->label));
    if (a1->label == PAWL_LABEL_ENROL && a1->base_epoch)
        return pawl_fail(err, PAWL_E_FORM, "A1.base_epoch", "an enrolment has no base");
    if (a1->base_epoch == 0 && !pawl_view_equal(a1->base_kid, PAWL_VIEW_OF(no_kid)))
        return pawl_fail(err, PAWL_E_FORM, "A1.base_kid", "without a base it is zero");
    return pawl_ok();
}

pawl_status evidence_suits_label(const struct evidence *ev, struct pawl_err *err)
{
    const struct pawl_a1 *a1 = &ev->a1;

    PAWL_TRY(check_epochs(a1, err));
    if ((a1->label == PAWL_LABEL_ATTEST) != (a1->e_d.n == 0))
        return pawl_fail(err, PAWL_E_FORM, "A1.E_D", "%zu bytes for %s", a1->e_d.n,
                         pawl_label_text(a1->label));
    if (a1->label != PAWL_LABEL_ENROL && ev->m.cookie.n)
        return pawl_fail(err, PAWL_E_FORM, "evidence.cookie", "belongs to an enrolment");
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

/* ---- logs ----------------------------------------------------------------------------------- */

struct appraise_log evidence_log(const struct pawl_a1 *a1, const struct pawl_log *log, size_t n)
{
    struct appraise_log r = { 0 };

    for (size_t i = 0; i < a1->log_n; i++)
        if (a1->log[i].type == EVIDENCE_FIRMWARE_LOG) {
            r.said = true;
            r.length = a1->log[i].length;
            r.sha256 = a1->log[i].sha256;
        }
    for (size_t i = 0; i < n; i++)
        if (log[i].type == EVIDENCE_FIRMWARE_LOG) {
            r.came = true;
            r.bytes = log[i].bytes;
        }
    return r;
}

struct appraise_list evidence_list(uint64_t first, struct pawl_view ima)
{
    return (struct appraise_list){ .came = ima.n > 0, .first = first, .bytes = ima };
}

/* ---- what is kept --------------------------------------------------------------------------- */

struct proof_quote evidence_quoted(const struct evidence *ev)
{
    return (struct proof_quote){ ev->m.a1, ev->m.attest, ev->m.signature };
}

pawl_status evidence_keep(const struct evidence *ev, struct pawl_view receipt, struct blob *ret,
                          struct pawl_err *err)
{
    enum { HEADS = 32 };
    PAWL_CLEANUP(blob_done) struct blob b = { 0 };
    const struct proof_quote            q = evidence_quoted(ev);

    b.n = HEADS + q.a1.n + q.attest.n + q.signature.n + receipt.n;
    b.p = malloc(b.n);
    if (!b.p)
        return pawl_fail(err, PAWL_E_MEMORY, "evidence", "out of memory");
    struct pawl_wr w = pawl_wr_to(b.p, b.n);
    PAWL_TRY(proof_evidence_write(&q, receipt, &w, err));
    *ret = (struct blob){ .n = w.n, .p = b.p };
    b.p = NULL;
    return pawl_ok();
}

pawl_status evidence_recall(struct flow *f, const struct device *d,
                            const struct tenant_config *tenant, struct blob *room,
                            struct evidence *ret, struct pawl_err *err)
{
    const struct store *store = f->store;
    struct evidence     ev = { .tenant = tenant, .now_ms = f->now_ms(f->now_arg) };
    struct proof_quote  q;
    struct pawl_view    receipt;

    PAWL_TRY(
        store->evidence(store->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), room, err));
    PAWL_TRY(proof_evidence_parse(pawl_view(room->p, room->n), &q, &receipt, err));
    ev.m.a1 = q.a1;
    ev.m.attest = q.attest;
    ev.m.signature = q.signature;
    PAWL_TRY(pawl_a1_parse(q.a1, &ev.a1, err));
    PAWL_TRY(pawl_sha256(q.a1, ev.th1, err));
    *ret = ev;
    return pawl_ok();
}
