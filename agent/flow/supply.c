/* SPDX-License-Identifier: Apache-2.0 */
/* The leaves that a result asks for. By then everything else of the round is done: reconciliation
 * never delays a rekey (P-DEV-13). */
#include "flow/steps.h"

#include <string.h>

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

static pawl_status judge(struct flow *f, const struct net_answer *got, const struct verifier *v,
                         const struct quoted *q, struct flow_answer *shown, struct pawl_err *err)
{
    struct pawl_result r;
    struct ear         e;

    PAWL_TRY(answer_is_ok(got, err));
    PAWL_TRY(pawl_result_parse(got->body, &r, err));
    PAWL_TRY(ear_check(r.ear, &v->key, q->th1, &e, err));
    shown->ear = e;
    memcpy(shown->token, r.ear.p, r.ear.n);
    shown->token[r.ear.n] = 0;
    memcpy(shown->request, got->request, sizeof(shown->request));
    answer_note_keys(f, &q->a1, shown);
    return pawl_ok();
}

static pawl_status send_leaves(struct flow *f, const struct verifier *v, struct quoted *q,
                               struct judged *j, struct pawl_err *err)
{
    struct pawl_supply m = { .ticket = j->ticket };
    struct pawl_wr     w = pawl_wr_to(q->request, sizeof(q->request));
    struct pawl_view   body;
    struct net_answer  got;

    PAWL_TRY(collect(f, &j->shown.want, &m, err));
    if (!m.leaves_n)
        return pawl_ok();
    PAWL_TRY(pawl_supply_write(&m, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "supply", &body, err));
    PAWL_TRY(answer_post(f, PAWL_ROUTE_SUPPLY, body, &got, err));
    return judge(f, &got, v, q, &j->shown, err);
}

void supply(struct flow *f, const struct verifier *v, struct quoted *q, struct judged *j)
{
    struct pawl_err ignored;

    if (j->ticket.n && j->shown.want.gen_n && f->live.sent)
        (void)pawl_is_ok(send_leaves(f, v, q, j, &ignored));
}
