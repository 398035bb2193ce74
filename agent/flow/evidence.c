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
    if (*q)
        eventlog_done(&(*q)->log);
    free(*q);
    *q = NULL;
}

/* ---- logs ----------------------------------------------------------------------------------- */

/* A log travels in one piece, at the least beside a ticket. */
static pawl_status check_fits(const struct eventlog *l, struct pawl_err *err)
{
    size_t max = PAWL_EVIDENCE_MAX - PAWL_TICKET_MAX - EVENTLOG_FIELD_HEAD - 8;

    if (l->n > max)
        return pawl_fail(err, PAWL_E_RANGE, EVENTLOG_KEY, "%zu bytes, a request holds %zu", l->n,
                         max);
    return pawl_ok();
}

/* Read once for each request: what A1 names is what is sent. */
static void read_log(struct flow *f, struct quoted *q)
{
    struct pawl_err why;

    eventlog_done(&q->log);
    if (!f->config->event_log[0])
        return;
    pawl_status s = eventlog_read(f->config->event_log, &q->log, &why);
    if (pawl_is_ok(s))
        s = check_fits(&q->log, &why);
    if (!pawl_is_ok(s))
        flow_note_missing(f, &why);
}

static void name_log(const struct quoted *q, struct pawl_a1 *a1)
{
    if (!q->log.n)
        return;
    a1->log[0] = (struct pawl_log_ref){ LOG_FIRMWARE, q->log.n, PAWL_VIEW_OF(q->log.sha256) };
    a1->log_n = 1;
}

bool evidence_wants_log(const struct pawl_want *w)
{
    for (size_t i = 0; i < w->log_n; i++)
        if (w->log[i] == LOG_FIRMWARE)
            return true;
    return false;
}

void evidence_note_want(struct flow_logs *l, const struct pawl_want *w)
{
    l->wants_event_log = evidence_wants_log(w);
    l->wants_ima = w->has_ima;
    l->ima_first = w->first_ima_entry;
}

struct pawl_view evidence_ima(struct flow *f, struct quoted *q, uint64_t first, size_t cap)
{
    struct pawl_err why;
    size_t          n = 0;

    if (!f->config->ima_list[0])
        return pawl_view(NULL, 0);
    pawl_status s = ima_read(f->config->ima_list, &f->logs.ima_places, first, q->ima, cap, &n,
                             &why);
    if (!pawl_is_ok(s) && s.code != PAWL_E_FULL)
        flow_note_missing(f, &why);
    return pawl_view(q->ima, pawl_is_ok(s) ? n : 0);
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
    read_log(f, q);
    name_log(q, a1);
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

/* The verifier believed no quote of this boot yet. */
static bool is_new_boot(const struct evidence *e, const struct quoted *q)
{
    const struct record *r = &e->flow->record;

    return !r->has_resets || r->resets != q->parsed.clock.resets ||
           !pawl_view_equal(PAWL_VIEW_OF(r->os_boot), PAWL_VIEW_OF(e->flow->os_boot));
}

/* The verifier cannot know this boot's log, or wants to see it again (P-DEV-19). */
static bool wants_log(const struct evidence *e, const struct quoted *q)
{
    return e->ask->all || is_new_boot(e, q) || e->flow->logs.wants_event_log;
}

/* From which entry the list goes along (P-DEV-20): the one that the last result of this process
 * named; the very first after a boot, if the verifier wanted lists before it, and with a resync,
 * whose appraisal decides whether it is granted. */
static bool wants_list(const struct evidence *e, const struct quoted *q, uint64_t *first)
{
    const struct flow_logs *l = &e->flow->logs;
    bool                    whole = ask_label(e->ask) == PAWL_LABEL_RESYNC ||
                 (e->flow->record.wants_list && is_new_boot(e, q));

    *first = whole ? 0 : l->ima_first;
    return whole || l->wants_ima;
}

/* What fits beside the rest; the list is read after the quote, or it would end before it
 * (P-DEV-20). */
static void add_logs(const struct evidence *e, struct quoted *q, size_t left,
                     struct pawl_evidence *m)
{
    uint64_t first;

    if (wants_log(e, q) && q->log.n && left > EVENTLOG_FIELD_HEAD &&
        q->log.n <= left - EVENTLOG_FIELD_HEAD) {
        m->log[0] = (struct pawl_log){ LOG_FIRMWARE, pawl_view(q->log.bytes, q->log.n) };
        m->log_n = 1;
        left -= EVENTLOG_FIELD_HEAD + q->log.n;
    }
    if (!wants_list(e, q, &first) || left <= IMA_FIELD_HEAD)
        return;
    m->ima_first = first;
    m->ima = evidence_ima(e->flow, q, first, left - IMA_FIELD_HEAD);
}

static pawl_status write_evidence(const struct pawl_evidence *m, struct quoted *q,
                                  struct pawl_view *ret, struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(q->request, sizeof(q->request));

    PAWL_TRY(pawl_evidence_write(m, &w, err));
    return pawl_wr_end(&w, "evidence", ret, err);
}

/* P-TR-3: over field 7 as it is sent, so the request is written before its MAC is known. */
static pawl_status make_mac(const struct pawl_secret *k_auth, const struct pawl_evidence *m,
                            struct quoted *q, uint8_t ret[32], struct pawl_err *err)
{
    struct pawl_view     draft;
    struct pawl_evidence sent;

    PAWL_TRY(write_evidence(m, q, &draft, err));
    PAWL_TRY(pawl_evidence_parse(draft, &sent, err));
    return pawl_mac_base(k_auth, q->th1, sent.ima_field, ret, err);
}

static pawl_status write_request(const struct evidence *e, struct quoted *q, struct pawl_view *ret,
                                 struct pawl_err *err)
{
    const struct pawl_pcr_values *v = &q->quote.values;
    uint8_t                       mac[32] = { 0 };
    struct pawl_evidence          m = {
                 .a1 = pawl_view(q->a1_bytes, q->a1_n),
                 .attest = pawl_view(q->quote.sign.attest, q->quote.sign.attest_n),
                 .signature = pawl_view(q->quote.sign.sig, q->quote.sign.sig_n),
                 .cookie = e->cookie,
                 .has_pcrs = q->all || !values_known(&e->flow->pcrs, q),
    };

    if (e->k_auth)
        m.mac_base = PAWL_VIEW_OF(mac);
    if (m.has_pcrs) {
        m.pcr_n = v->n;
        for (size_t i = 0; i < v->n; i++)
            m.pcr[i] = pawl_digest_view(&v->value[i]);
    }
    PAWL_TRY(app_key_add(e, q, &m, err));
    PAWL_TRY(write_evidence(&m, q, ret, err));
    add_logs(e, q, sizeof(q->request) - ret->n, &m);
    if (e->k_auth)
        PAWL_TRY(make_mac(e->k_auth, &m, q, mac, err));
    return write_evidence(&m, q, ret, err);
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
    f->record.has_os_boot = true;
    memcpy(f->record.os_boot, f->os_boot, sizeof(f->record.os_boot));
    f->record.wants_list = a->want.has_ima;
    evidence_note_want(&f->logs, &a->want);
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
    if (j.shown.kind == FLOW_RESULT) {
        note_believed(e->flow, q, &j.shown);
        app_key_note(e, &j.shown.ear);
    }
    answer_note_keys(e->flow, &q->a1, &j.shown);
    *ret = j;
    return pawl_ok();
}
