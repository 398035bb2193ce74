/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/steps.h"

#include <string.h>

#include <pawl/cose.h>

pawl_status answer_post(struct flow *f, const char *route, struct pawl_view body,
                        struct net_answer *ret, struct pawl_err *err)
{
    PAWL_TRY(net_post(f->net, route, body, ret, err));
    f->told_s = ret->status == 429 || ret->status == 503 ? ret->retry_after_s : 0;
    return pawl_ok();
}

/* An answer that nobody signed: it says when to ask again, at most. */
static pawl_status unsigned_answer(const struct net_answer *a, struct pawl_err *err)
{
    const char *id = a->request[0] ? a->request : "-";

    switch (a->status) {
    case 403:
        return pawl_fail(err, PAWL_E_DENIED, "verifier",
                         FLOW_REFUSED_US "; its log has the reason" FLOW_REQUEST "%s)", id);
    case 429:
    case 503:
        return pawl_fail(err, PAWL_E_IO, "verifier", "is busy (%d)" FLOW_REQUEST "%s)", a->status,
                         id);
    default:
        return pawl_fail(err, a->status >= 500 ? PAWL_E_IO : PAWL_E_DENIED, "verifier",
                         "answers %d" FLOW_REQUEST "%s)", a->status, id);
    }
}

pawl_status answer_is_ok(const struct net_answer *a, struct pawl_err *err)
{
    return a->status == 200 ? pawl_ok() : unsigned_answer(a, err);
}

static pawl_status judge_refusal(struct pawl_view body, const struct pawl_public *key,
                                 const uint8_t th1[32], struct pawl_refusal *ret,
                                 struct pawl_err *err)
{
    struct pawl_view    payload;
    struct pawl_refusal r;

    PAWL_TRY(pawl_cose_sign1_open(key, pawl_view_str(PAWL_COSE_REFUSAL), body, &payload, err));
    PAWL_TRY(pawl_refusal_parse(payload, &r, err));
    if (!pawl_view_equal(PAWL_VIEW_OF(r.th1), pawl_view(th1, 32)))
        return pawl_fail(err, PAWL_E_FORGED, "th1", "answers another request");
    *ret = r;
    return pawl_ok();
}

/* ---- a result ------------------------------------------------------------------------------- */

/* The receipt stands beside the EAR, which signs its hash alone. */
static pawl_status check_receipt(const struct ear *e, struct pawl_view receipt,
                                 const struct quoted *q, struct pawl_err *err)
{
    struct pawl_receipt r;
    uint8_t             hash[32];

    if (e->has_rcpt != (receipt.n > 0))
        return pawl_fail(err, PAWL_E_FORGED, "receipt", "it and pawl.rcpt go together");
    if (!e->has_rcpt)
        return pawl_ok();
    PAWL_TRY(pawl_sha256(receipt, hash, err));
    if (!pawl_view_equal(PAWL_VIEW_OF(hash), PAWL_VIEW_OF(e->rcpt)))
        return pawl_fail(err, PAWL_E_FORGED, "receipt", "is not the one that pawl.rcpt names");
    PAWL_TRY(pawl_receipt_parse(receipt, &r, err));
    if (!pawl_view_equal(r.device_id, q->a1.device_id) ||
        !pawl_view_equal(r.th1, PAWL_VIEW_OF(q->th1)))
        return pawl_fail(err, PAWL_E_FORGED, "receipt", "is about another device or request");
    return pawl_ok();
}

/* A request that makes a root is answered by one; an attestation is not (P-DEV-3). */
static pawl_status check_root(const struct ear *e, struct pawl_view conf_v, const struct quoted *q,
                              struct pawl_err *err)
{
    bool wanted = q->a1.e_d.n > 0;

    if (e->has_e_v != wanted)
        return pawl_fail(err, PAWL_E_FORGED, "ear.ev", "%s",
                         wanted ? "is missing" : "nobody asked for a root");
    if ((conf_v.n > 0) != wanted)
        return pawl_fail(err, PAWL_E_FORGED, "result.conf_V", "%s",
                         wanted ? "is missing" : "nobody asked for a root");
    return pawl_ok(); /* whether E_V is a point is found before the TPM gets it (P-KEY-9) */
}

static pawl_status judge_result(struct pawl_view body, const struct pawl_public *key,
                                const struct quoted *q, struct judged *ret, struct pawl_err *err)
{
    struct flow_answer *shown = &ret->shown;
    struct pawl_result  r;

    PAWL_TRY(pawl_result_parse(body, &r, err));
    PAWL_TRY(ear_check(r.ear, key, q->th1, &shown->ear, err));
    PAWL_TRY(ear_is_for(&shown->ear, &q->a1, err));
    PAWL_TRY(check_root(&shown->ear, r.conf_v, q, err));
    PAWL_TRY(pawl_under(err, "result", check_receipt(&shown->ear, r.receipt, q, err)));
    shown->want = r.want;
    memcpy(shown->token, r.ear.p, r.ear.n); /* at most PAWL_EAR_MAX, ear_check saw to it */
    shown->token[r.ear.n] = 0;
    ret->ear = r.ear;
    ret->conf_v = r.conf_v;
    ret->receipt = r.receipt;
    ret->ticket = r.ticket;
    return pawl_ok();
}

pawl_status answer_judge(const struct net_answer *a, const struct pawl_public *key,
                         const struct quoted *q, struct judged *ret, struct pawl_err *err)
{
    struct judged j = { 0 };

    if (!a->body.n)
        return unsigned_answer(a, err);
    memcpy(j.shown.request, a->request, sizeof(j.shown.request));
    if (pawl_is_refusal(a->body)) {
        PAWL_TRY(
            pawl_under(err, "refusal", judge_refusal(a->body, key, q->th1, &j.shown.refusal, err)));
        j.shown.kind = FLOW_REFUSED;
    } else {
        PAWL_TRY(judge_result(a->body, key, q, &j, err));
        j.shown.kind = FLOW_RESULT;
    }
    *ret = j;
    return pawl_ok();
}

/* ---- the keys' light (P-DEV-17) ------------------------------------------------------------- */

void answer_note_keys(struct flow *f, const struct pawl_a1 *a1, const struct flow_answer *a)
{
    bool               forked = a->kind == FLOW_REFUSED && a->refusal.code == PAWL_REFUSAL_FORKED;
    enum incident_kind kind = forked            ? INCIDENT_DEVICE_CLONED
                              : a->ear.incident ? a->ear.incident
                                                : INCIDENT_OTHER;
    enum incident_word word = INCIDENT_NO_WORD;

    if (forked || (a->kind == FLOW_RESULT && a->ear.keys == EAR_CONTRAINDICATED))
        word = INCIDENT_KEYS_RED;
    else if (a->kind == FLOW_RESULT && a->ear.keys == EAR_AFFIRMING)
        word = INCIDENT_KEYS_GOOD;
    incident_hear(&f->record.incident, word, kind, a1->base_epoch, a1->receipt.verdict > 1,
                  f->live.wall_s());
}
