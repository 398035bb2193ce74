/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/steps.h"

#include <stdlib.h>
#include <string.h>

pawl_status quoted_make(struct quoted **ret, struct pawl_err *err)
{
    struct quoted *q = calloc(1, sizeof(*q));

    if (!q)
        return pawl_fail(err, PAWL_E_MEMORY, "evidence", "no memory for a request");
    *ret = q;
    return pawl_ok();
}

void quoted_free(struct quoted **q)
{
    free(*q);
    *q = NULL;
}

/* ---- A1 ------------------------------------------------------------------------------------- */

/* A disk that takes nothing is no lack of contact. */
static pawl_status take_number(struct flow *f, uint64_t *ret, struct pawl_err *err)
{
    struct pawl_err why = { 0 };
    pawl_status     s = reservation_attempt(f->dir.fd, &f->reserved, ret, &why);

    if (pawl_is_ok(s))
        return s;
    return pawl_fail(err, PAWL_E_STATE, "state.reservation", "%s", why.why);
}

static pawl_status write_a1(const struct evidence *e, struct quoted *q, struct pawl_err *err)
{
    struct flow     *f = e->flow;
    struct pawl_view all;
    struct pawl_a1  *a1 = &q->a1;

    *a1 = (struct pawl_a1){
        .label = ask_label(e->ask),
        .tenant = pawl_view_str(f->config->tenant),
        .verifier_id = PAWL_VIEW_OF(e->verifier->id),
        .device_id = PAWL_VIEW_OF(e->device->ek.device_id),
        .ak_name = pawl_name_view(&e->device->keys.ak.name),
        .td_name = pawl_name_view(&e->device->keys.td.name),
        .nonce = e->nonce,
        .new_epoch = ask_epoch(e->ask, &f->live),
        .e_d = e->e_d,
        .boot_id = PAWL_VIEW_OF(f->boot_id),
        .os_boot = PAWL_VIEW_OF(f->os_boot),
        .reason = f->live.lost ? PAWL_REASON_STATE_LOST : e->ask->reason,
        .next_s = f->next_s,
    };
    bool no_hedge = e->ask->no_hedge || a1->label == PAWL_LABEL_ENROL ||
                    a1->label == PAWL_LABEL_ATTEST; /* it makes no root */
    PAWL_TRY(hedge_choose(f, &e->suites, no_hedge, &a1->suite, err));
    PAWL_TRY(live_snapshot(f, a1, err));
    PAWL_TRY(take_number(f, &a1->attempt, err));
    struct pawl_wr w = pawl_wr_to(q->a1_bytes, sizeof(q->a1_bytes));
    PAWL_TRY(pawl_a1_write(a1, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "A1", &all, err));
    q->a1_n = all.n;
    return pawl_sha256(all, q->th1, err);
}

/* ---- the quote ------------------------------------------------------------------------------ */

static pawl_status parse_quote(struct quoted *q, struct pawl_err *err)
{
    struct pawl_view attest = pawl_view(q->quote.sign.attest, q->quote.sign.attest_n);

    return pawl_under(err, "TPM2_Quote", pawl_quote_parse(attest, &q->parsed, err));
}

/* The verifier's selection; all banks when it asks for that, and when the TPM was reset since the
 * last quote of all banks that it believed (P-ATT-3). Both are over the same TH1 and one is sent.
 */
static pawl_status take_quote(const struct evidence *e, struct quoted *q, struct pawl_err *err)
{
    const struct record *r = &e->flow->record;

    q->all = e->ask->all || !r->has_resets;
    if (!q->all) {
        pawl_status s = tpm_quote(e->device->tpm, &e->pcrs, q->th1, &q->quote, err);
        q->all = s.code == PAWL_E_UNSUPPORTED; /* the TPM lacks a hash of that selection */
        if (!q->all) {
            PAWL_TRY(s);
            PAWL_TRY(parse_quote(q, err));
            q->all = q->parsed.clock.resets != r->resets;
        }
    }
    if (!q->all)
        return pawl_ok();
    PAWL_TRY(tpm_quote_all(e->device->tpm, q->th1, &q->quote, err));
    return parse_quote(q, err);
}

/* ---- the request ---------------------------------------------------------------------------- */

/* Whether the verifier had these values from this process before. */
static bool values_known(const struct flow_pcrs *known, const struct quoted *q)
{
    return known->known && pawl_pcr_selection_equal(&known->selection, &q->parsed.pcrs) &&
           pawl_view_equal(pawl_digest_view(&known->digest), q->parsed.digest);
}

static pawl_status write_request(const struct evidence *e, struct quoted *q, struct pawl_view *ret,
                                 struct pawl_err *err)
{
    const struct pawl_pcr_values *v = &q->quote.values;
    struct pawl_wr                w = pawl_wr_to(q->request, sizeof(q->request));
    uint8_t                       mac[32];
    struct pawl_evidence          m = {
                 .a1 = pawl_view(q->a1_bytes, q->a1_n),
                 .attest = pawl_view(q->quote.sign.attest, q->quote.sign.attest_n),
                 .signature = pawl_view(q->quote.sign.sig, q->quote.sign.sig_n),
                 .cookie = e->cookie,
                 .has_pcrs = q->all || !values_known(&e->flow->pcrs, q),
    };

    if (e->k_auth) {
        PAWL_TRY(pawl_mac_base(e->k_auth, q->th1, pawl_view(NULL, 0), mac, err));
        m.mac_base = PAWL_VIEW_OF(mac);
    }
    if (m.has_pcrs) {
        m.pcr_n = v->n;
        for (size_t i = 0; i < v->n; i++)
            m.pcr[i] = pawl_digest_view(&v->value[i]);
    }
    PAWL_TRY(pawl_evidence_write(&m, &w, err));
    return pawl_wr_end(&w, "evidence", ret, err);
}

/* The verifier signed a result for this quote. */
static void note_believed(struct flow *f, const struct quoted *q, const struct flow_answer *a)
{
    f->pcrs.known = !a->want.pcr_values && q->parsed.digest.n <= sizeof(f->pcrs.digest.b);
    if (f->pcrs.known) {
        f->pcrs.selection = q->parsed.pcrs;
        f->pcrs.digest.n = q->parsed.digest.n;
        memcpy(f->pcrs.digest.b, q->parsed.digest.p, q->parsed.digest.n);
    }
    if (q->all) {
        f->record.has_resets = true;
        f->record.resets = q->parsed.clock.resets;
    }
}

pawl_status evidence_send(const struct evidence *e, struct quoted *q, struct judged *ret,
                          struct pawl_err *err)
{
    struct pawl_view  body;
    struct net_answer got;
    struct judged     j;

    PAWL_TRY(write_a1(e, q, err));
    PAWL_TRY(take_quote(e, q, err));
    PAWL_TRY(write_request(e, q, &body, err));
    PAWL_TRY(answer_post(e->flow, PAWL_ROUTE_EVIDENCE, body, &got, err));
    PAWL_TRY(answer_judge(&got, &e->verifier->key, q, &j, err));
    state_dir_contact_now(&e->flow->dir);
    if (j.shown.kind == FLOW_RESULT)
        note_believed(e->flow, q, &j.shown);
    answer_note_keys(e->flow, &q->a1, &j.shown);
    *ret = j;
    return pawl_ok();
}
