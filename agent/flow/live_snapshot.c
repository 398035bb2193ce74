/* SPDX-License-Identifier: Apache-2.0 */
/* What a quote says of our messages, and what the answer to it settles. */
#include "flow/live.h"

#include <string.h>

#include "flow/flow.h"

enum { VERDICT_FITS = 1 }; /* above it: the receipt claims what we never sent */

static const uint8_t no_kid[PAWL_KID];

static void name_base(const struct live *l, struct pawl_a1 *a1)
{
    bool base = l->open && a1->label != PAWL_LABEL_ENROL;

    a1->base_epoch = base ? l->slot.epoch : 0;
    a1->base_kid = base ? PAWL_VIEW_OF(l->slot.kid) : PAWL_VIEW_OF(no_kid);
    a1->nv_counter = l->open ? l->slot.counter : 0;
}

static pawl_status say_sent(struct flow *f, struct pawl_snd *s, struct pawl_err *err)
{
    const struct live *l = &f->live;

    if (l->open)
        PAWL_TRY(sentlog_snd(l->sent, s, err));
    s->seq_hi = live_seq_hi(f);
    s->reserved_hi = f->reserved.seq_reserved;
    if (!l->open)
        return pawl_ok();
    s->epoch = l->slot.epoch;
    s->gen = l->up_use.uk.n ? l->up_use.gen : l->up.gen;
    s->gen_start_seq = l->gen_start_seq;
    s->epoch_start_seq = l->epoch_start_seq;
    return pawl_ok();
}

pawl_status live_snapshot(struct flow *f, struct pawl_a1 *a1, struct pawl_err *err)
{
    struct live *l = &f->live;

    name_base(l, a1);
    if (!f->config->messages)
        return pawl_ok();
    PAWL_TRY(say_sent(f, &a1->snd, err));
    if (!l->open)
        return pawl_ok();
    PAWL_TRY(rcvlog_rcv(l->received, &a1->rcv, err));
    a1->receipt = l->verdict;
    return pawl_ok();
}

void live_recall(struct live *l)
{
    l->verdict = (struct pawl_receipt_verdict){ 0 };
    if (!sentlog_pruned_by(l->sent, l->verdict_hash))
        return;
    l->verdict.receipt = PAWL_VIEW_OF(l->verdict_hash);
    l->verdict.verdict = VERDICT_FITS; /* or it had not pruned */
}

bool live_has_finding(const struct live *l)
{
    return l->verdict.verdict > VERDICT_FITS;
}

static pawl_status judge_receipt(struct flow *f, struct pawl_view bytes, struct pawl_err *err)
{
    struct live                *l = &f->live;
    struct pawl_receipt         r;
    struct pawl_receipt_verdict v = { 0 };
    uint8_t                     hash[32];

    PAWL_TRY(pawl_receipt_parse(bytes, &r, err));
    PAWL_TRY(pawl_sha256(bytes, hash, err));
    PAWL_TRY(sentlog_receipt(l->sent, &r, hash, live_seq_hi(f), 0, &v, err));
    memcpy(l->verdict_hash, hash, sizeof(hash));
    v.receipt = PAWL_VIEW_OF(l->verdict_hash);
    l->verdict = v;
    if (live_has_finding(l))
        incident_find(&f->record.incident, l->slot.epoch, l->wall_s());
    return pawl_ok();
}

pawl_status live_answered(struct flow *f, const struct pawl_a1 *a1, struct pawl_view receipt,
                          struct pawl_err *err)
{
    struct live *l = &f->live;

    if (!l->open)
        return pawl_ok();
    if (a1->base_epoch == l->slot.epoch && pawl_view_equal(a1->base_kid, PAWL_VIEW_OF(l->slot.kid)))
        live_confirmed(l);
    if (!f->config->messages)
        return pawl_ok();
    l->answered_hi = a1->snd.seq_hi;
    PAWL_TRY(sentlog_known(l->sent, &a1->snd, err));
    PAWL_TRY(rcvlog_answered(l->received, a1->rcv.seq_hi, err));
    /* Said once: a finding that was repeated in a later epoch would be one about it (P-DEV-16). */
    if (a1->receipt.verdict > VERDICT_FITS)
        live_recall(l);
    return receipt.n ? judge_receipt(f, receipt, err) : pawl_ok();
}

pawl_status live_floors(struct flow *f, const struct pawl_refusal *r, struct pawl_err *err)
{
    struct live *l = &f->live;

    if (l->open)
        return pawl_ok();
    if (l->floor_down < r->seq_floor_down)
        l->floor_down = r->seq_floor_down;
    return reservation_floor(f->dir.fd, &f->reserved, r->seq_floor_up, err);
}
