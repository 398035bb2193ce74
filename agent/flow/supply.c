/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a result asks for and the evidence did not hold: leaves, then the firmware's event log, then
 * the kernel's measurements piece by piece, each in a request of its own, so that one that fails
 * costs the others nothing. By then everything else of the round is done: reconciliation never
 * delays a rekey (P-DEV-13, P-DEV-21).
 *
 * Each answer says what is wanted next, with a ticket for it. Invariant: no kind is sent again
 * unless an answer names a later entry, and there are at most SUPPLIES_MAX requests, whatever the
 * answers say.
 */
#include "flow/steps.h"

#include <string.h>

/* What is still to be sent, and with what. */
struct supplying {
    struct flow           *f;
    const struct verifier *v;
    struct quoted         *q;
    struct judged         *j;
    struct pawl_want       want;
    size_t                 ticket_n;
    uint8_t                ticket[PAWL_TICKET_MAX]; /* an answer's bytes last until the next */
};

/* Generations that our log still lists. A view into it holds until its next change: there is none
 * before the request is written. */
static pawl_status collect(struct flow *f, const struct pawl_want *w, struct pawl_supply *m,
                           struct pawl_err *err)
{
    for (size_t i = 0; i < w->gen_n; i++) {
        struct pawl_view leaves;
        if (w->gen[i].dir != PAWL_UP)
            continue;
        pawl_status s = sentlog_leaves(f->live.sent, w->gen[i].epoch, w->gen[i].gen, &leaves, err);
        if (s.code == PAWL_E_ABSENT)
            continue; /* pruned under a receipt, or never ours */
        PAWL_TRY(s);
        m->leaves[m->leaves_n].dir = PAWL_UP;
        m->leaves[m->leaves_n].epoch = w->gen[i].epoch;
        m->leaves[m->leaves_n].gen = w->gen[i].gen;
        m->leaves[m->leaves_n++].leaves = leaves;
    }
    return pawl_ok();
}

/* ---- one request ---------------------------------------------------------------------------- */

static void take_ticket(struct supplying *s, struct pawl_view ticket, const struct pawl_want *want)
{
    s->want = *want;
    s->ticket_n = ticket.n; /* at most PAWL_TICKET_MAX, the parser saw to it */
    memcpy(s->ticket, ticket.p, ticket.n);
}

/* A demand of the first answer stays one: this one speaks of what was supplied. Without a ticket
 * what it wants is for the next evidence. */
static void take_want(struct supplying *s, const struct pawl_result *r)
{
    evidence_note_want(&s->f->logs, &r->want);
    if (r->ticket.n)
        take_ticket(s, r->ticket, &r->want);
    else
        s->want = (struct pawl_want){ 0 };
}

static pawl_status judge(struct supplying *s, const struct net_answer *got, struct pawl_err *err)
{
    struct flow_answer *shown = &s->j->shown;
    struct pawl_result  r;
    struct ear          e;

    PAWL_TRY(answer_is_ok(got, err));
    PAWL_TRY(pawl_result_parse(got->body, &r, err));
    PAWL_TRY(ear_check(r.ear, &s->v->key, s->q->th1, &e, err));
    shown->ear = e;
    memcpy(shown->token, r.ear.p, r.ear.n);
    shown->token[r.ear.n] = 0;
    memcpy(shown->request, got->request, sizeof(shown->request));
    answer_note_keys(s->f, &s->q->a1, shown);
    take_want(s, &r);
    return pawl_ok();
}

static pawl_status send(struct supplying *s, const struct pawl_supply *m, struct pawl_err *err)
{
    struct pawl_wr    w = pawl_wr_to(s->q->request, sizeof(s->q->request));
    struct pawl_view  body;
    struct net_answer got;

    PAWL_TRY(pawl_supply_write(m, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "supply", &body, err));
    PAWL_TRY(answer_post(s->f, PAWL_ROUTE_SUPPLY, body, &got, err));
    return judge(s, &got, err);
}

static struct pawl_supply with_ticket(const struct supplying *s)
{
    return (struct pawl_supply){ .ticket = pawl_view(s->ticket, s->ticket_n) };
}

/* ---- what is wanted ------------------------------------------------------------------------- */

static pawl_status send_leaves(struct supplying *s, struct pawl_err *err)
{
    struct pawl_supply m = with_ticket(s);

    if (!s->want.gen_n || !s->f->live.sent)
        return pawl_ok();
    PAWL_TRY(collect(s->f, &s->want, &m, err));
    return m.leaves_n ? send(s, &m, err) : pawl_ok();
}

static pawl_status send_log(struct supplying *s, struct pawl_err *err)
{
    struct pawl_supply m = with_ticket(s);

    if (!evidence_wants_log(&s->want) || !s->q->log.n)
        return pawl_ok();
    m.log[0] = (struct pawl_log){ LOG_FIRMWARE, pawl_view(s->q->log.bytes, s->q->log.n) };
    m.log_n = 1;
    return send(s, &m, err);
}

/* One piece. *ret_more: something was sent, and its answer names an entry behind it. */
static pawl_status send_piece(struct supplying *s, bool *ret_more, struct pawl_err *err)
{
    enum { HEAD = 8 }; /* the map, the ticket's key and length */
    struct pawl_supply m = with_ticket(s);

    *ret_more = false;
    if (!s->want.has_ima)
        return pawl_ok();
    m.ima_first = s->want.first_ima_entry;
    m.ima = evidence_ima(s->f, s->q, m.ima_first,
                         PAWL_EVIDENCE_MAX - HEAD - s->ticket_n - IMA_FIELD_HEAD);
    if (!m.ima.n)
        return pawl_ok();
    PAWL_TRY(send(s, &m, err));
    *ret_more = s->want.has_ima && s->want.first_ima_entry > m.ima_first;
    return pawl_ok();
}

static pawl_status send_list(struct supplying *s, unsigned sent, struct pawl_err *err)
{
    bool more = true;

    while (more && sent++ < SUPPLIES_MAX)
        PAWL_TRY(send_piece(s, &more, err));
    return pawl_ok();
}

void supply(struct flow *f, const struct verifier *v, struct quoted *q, struct judged *j)
{
    struct supplying s = { .f = f, .v = v, .q = q, .j = j };
    struct pawl_err  ignored;

    if (!j->ticket.n)
        return;
    take_ticket(&s, j->ticket, &j->shown.want);
    (void)pawl_is_ok(send_leaves(&s, &ignored));
    (void)pawl_is_ok(send_log(&s, &ignored));
    (void)pawl_is_ok(send_list(&s, 2, &ignored));
}
