/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/steps.h"

#include <string.h>

enum {
    A1_MAX = 2048,         /* without logs and messages */
    VALUES_MAX = 8 * 1024, /* 96 PCR values */
    REQUEST_MAX = A1_MAX + PAWL_ATTEST_MAX + PAWL_TPM_SIG_MAX + VALUES_MAX + PAWL_COOKIE_MAX + 256
};

/* What was quoted, and over what. */
struct quoted {
    size_t            a1_n;
    uint8_t           a1[A1_MAX];
    uint8_t           th1[32];
    struct tpm_quote  quote;
    struct pawl_quote parsed; /* points into quote */
    bool              all;
};

/* A disk that takes nothing is no lack of contact. */
static pawl_status take_number(struct flow *f, uint64_t *ret, struct pawl_err *err)
{
    struct pawl_err why = { 0 };
    pawl_status     s = attempts_take(f->dir.fd, &f->attempts, ret, &why);

    if (pawl_is_ok(s))
        return s;
    return pawl_fail(err, PAWL_E_STATE, "state.attempts", "%s", why.why);
}

/* No root yet: base (0, zeros), no ephemeral key, empty positions. */
static pawl_status write_a1(const struct evidence *e, struct quoted *q, struct pawl_err *err)
{
    static const uint8_t no_kid[PAWL_KID];
    struct flow         *f = e->flow;
    struct pawl_view     all;
    struct pawl_a1       a1 = {
              .label = e->label,
              .suite = pawl_suite_choose(&e->suites, &f->config->suites),
              .tenant = pawl_view_str(f->config->tenant),
              .verifier_id = PAWL_VIEW_OF(e->verifier->id),
              .device_id = PAWL_VIEW_OF(e->device->ek.device_id),
              .ak_name = pawl_name_view(&e->device->keys.ak.name),
              .td_name = pawl_name_view(&e->device->keys.td.name),
              .nonce = e->nonce,
              .base_kid = PAWL_VIEW_OF(no_kid),
              .boot_id = PAWL_VIEW_OF(f->boot_id),
              .os_boot = PAWL_VIEW_OF(f->os_boot),
              .reason = e->reason,
    };

    if (!a1.suite)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "suites", "the verifier offers none of ours");
    PAWL_TRY(take_number(f, &a1.attempt, err));
    struct pawl_wr w = pawl_wr_to(q->a1, sizeof(q->a1));
    PAWL_TRY(pawl_a1_write(&a1, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "A1", &all, err));
    q->a1_n = all.n;
    return pawl_sha256(all, q->th1, err);
}

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

    q->all = e->all || !r->has_resets;
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

/* Whether the verifier had these values from this process before. */
static bool values_known(const struct flow_pcrs *known, const struct quoted *q)
{
    return known->known && pawl_pcr_selection_equal(&known->selection, &q->parsed.pcrs) &&
           pawl_view_equal(pawl_digest_view(&known->digest), q->parsed.digest);
}

static pawl_status write_request(const struct evidence *e, const struct quoted *q,
                                 struct pawl_wr *w, struct pawl_view *ret, struct pawl_err *err)
{
    const struct pawl_pcr_values *v = &q->quote.values;
    uint8_t                       mac[32];
    struct pawl_evidence          m = {
                 .a1 = pawl_view(q->a1, q->a1_n),
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
    PAWL_TRY(pawl_evidence_write(&m, w, err));
    return pawl_wr_end(w, "evidence", ret, err);
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

pawl_status evidence_send(const struct evidence *e, struct flow_answer *ret, struct pawl_err *err)
{
    uint8_t            request[REQUEST_MAX];
    struct pawl_wr     w = pawl_wr_to(request, sizeof(request));
    struct quoted      q = { 0 };
    struct pawl_view   body;
    struct net_answer  got;
    struct flow_answer a;

    PAWL_TRY(write_a1(e, &q, err));
    PAWL_TRY(take_quote(e, &q, err));
    PAWL_TRY(write_request(e, &q, &w, &body, err));
    PAWL_TRY(answer_post(e->flow, PAWL_ROUTE_EVIDENCE, body, &got, err));
    PAWL_TRY(answer_judge(&got, &e->verifier->key, q.th1, &a, err));
    state_dir_contact_now(&e->flow->dir);
    if (a.kind == FLOW_RESULT)
        note_believed(e->flow, &q, &a);
    *ret = a;
    return pawl_ok();
}
