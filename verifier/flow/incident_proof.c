/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of an incident, from what the finder and the store have: quotes, the receipt that the
 * device had before, and the leaves that digests of the newest quote are over.
 */
#include <stdlib.h>
#include <string.h>

#include "flow/incident_parts.h"

/* What a proof's views point into. */
struct proving {
    struct proof p;
    struct blob  last; /* evidence from the store */
    uint8_t      b[PROOF_MAX];
};

static void proving_free(struct proving **v)
{
    if (*v)
        blob_done(&(*v)->last);
    free(*v);
    *v = NULL;
}

/* ---- quotes ---------------------------------------------------------------------------------- */

static pawl_status add_last(struct held *h, struct proving *v, struct pawl_err *err)
{
    const struct store *store = h->flow->store;
    struct pawl_view    tenant = pawl_view_str(h->tenant);

    pawl_status s = store->evidence(store->self, tenant, PAWL_VIEW_OF(h->device_id), &v->last, err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(s);
    PAWL_TRY(
        proof_evidence_parse(pawl_view(v->last.p, v->last.n), &v->p.quote[0], &v->p.receipt, err));
    v->p.quote_n = 1;
    return pawl_ok();
}

/* Older first. */
static pawl_status add_quotes(struct held *h, const struct incident_case *c, struct proving *v,
                              struct pawl_err *err)
{
    size_t n = c ? c->quote_n : 0;

    if (n == 0 || c->with_last)
        PAWL_TRY(add_last(h, v, err));
    for (size_t i = 0; i < n && v->p.quote_n < PROOF_QUOTES_MAX; i++)
        v->p.quote[v->p.quote_n++] = c->quote[i];
    return pawl_ok();
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static bool has_leaves(const struct proof *p, const struct generation *g)
{
    for (size_t i = 0; i < p->leaves_n; i++)
        if (p->leaves[i].epoch == g->epoch && p->leaves[i].gen == g->gen)
            return true;
    return false;
}

/* The attested leaves of g, if they are all here and the quote is about them. */
static void add_leaves(struct proof *p, const struct pawl_snd *snd, const struct generation *g)
{
    if (!g->attested || !g->clean || has_leaves(p, g) || p->leaves_n == PROOF_GENS_MAX)
        return;
    for (size_t i = 0; i < snd->gen_n; i++) {
        const struct pawl_snd_gen *s = &snd->gens[i];
        if (s->epoch != g->epoch || s->gen != g->gen || s->first_seq < g->first_seq ||
            s->last_seq != g->last_seq || !pawl_view_equal(s->digest, PAWL_VIEW_OF(g->digest)))
            continue;
        uint64_t at = s->first_seq - g->first_seq;
        p->leaves[p->leaves_n++] = (struct proof_leaves){
            .dir = PAWL_UP,
            .epoch = g->epoch,
            .gen = g->gen,
            .first_seq = s->first_seq,
            .leaves = pawl_view(g->leaf[at], (size_t)(g->last_seq - s->first_seq + 1) * PAWL_LEAF),
        };
        return;
    }
}

/* What the generations of the findings hold, where the request has them at hand. */
static pawl_status add_all_leaves(struct held *h, struct proof *p, struct pawl_err *err)
{
    struct held_generation *one;
    struct pawl_a1          a1;

    if (p->quote_n == 0)
        return pawl_ok();
    PAWL_TRY(pawl_a1_parse(p->quote[p->quote_n - 1].a1, &a1, err));
    for (size_t i = 0; i < p->found.n; i++) {
        const struct finding_slot *s = &p->found.at[i];
        if (s->rule != RULE_E1 && s->rule != RULE_E3)
            continue;
        pawl_status got = held_generation(h, PAWL_UP, s->epoch, s->gen, false, &one, err);
        if (got.code == PAWL_E_ABSENT)
            continue;
        PAWL_TRY(got);
        add_leaves(p, &a1.snd, &one->g);
    }
    return pawl_ok();
}

/* ---- the file -------------------------------------------------------------------------------- */

/* What is too long goes without leaves, then without the receipt. *ret_n 0: it does not fit. */
static pawl_status write_it(const struct held *h, struct proving *v, size_t *ret_n,
                            struct pawl_err *err)
{
    const struct keys *k = h->flow->keys;

    for (unsigned left_out = 0; left_out < 3; left_out++) {
        struct pawl_wr w = pawl_wr_to(v->b, sizeof(v->b));

        if (left_out > 0)
            v->p.leaves_n = 0;
        if (left_out > 1)
            v->p.receipt = pawl_view(NULL, 0);
        pawl_status s = proof_write(&v->p, k->signing, k->verifier_id, &w, err);
        *ret_n = pawl_is_ok(s) ? w.n : 0;
        if (s.code != PAWL_E_FULL)
            return s;
    }
    return pawl_ok();
}

static pawl_status add_row(struct held *h, const struct proving *v, size_t n, struct step *step,
                           struct pawl_err *err)
{
    struct proof_row  row = { .epoch = v->p.epoch, .time_ms = v->p.time_ms };
    struct proof_row *rows = realloc(step->proof, (step->proof_n + 1) * sizeof(*rows));

    if (!rows)
        return pawl_fail(err, PAWL_E_MEMORY, "proof", "out of memory");
    step->proof = rows;
    memcpy(row.device, h->device_id, sizeof(row.device));
    PAWL_TRY(blob_from(pawl_view(v->b, n), &row.bytes, err));
    rows[step->proof_n++] = row;
    h->r.incident.proofs++;
    return pawl_ok();
}

pawl_status incident_prove(struct held *h, const struct device *d, struct step *step,
                           int64_t now_ms, const struct findings *found, const char *detail,
                           const struct incident_case *c, struct pawl_err *err)
{
    PAWL_CLEANUP(proving_free) struct proving *v = NULL;
    size_t                                     n;

    if (h->r.incident.proofs >= INCIDENT_PROOFS_MAX || found->n == 0)
        return pawl_ok();
    v = calloc(1, sizeof(*v));
    if (!v)
        return pawl_fail(err, PAWL_E_MEMORY, "proof", "out of memory");
    v->p = (struct proof){ .tenant = pawl_view_str(h->tenant),
                           .device_id = PAWL_VIEW_OF(h->device_id),
                           .ak_public = pawl_view(d->ak_public, d->ak_public_n),
                           .rule = found->at[0].rule,
                           .kind = h->r.incident.kind,
                           .epoch = h->r.incident.epoch,
                           .time_ms = now_ms,
                           .detail = pawl_view_str(detail),
                           .found = *found };
    PAWL_TRY(add_quotes(h, c, v, err));
    PAWL_TRY(add_all_leaves(h, &v->p, err));
    PAWL_TRY(write_it(h, v, &n, err));
    return n ? add_row(h, v, n, step, err) : pawl_ok();
}
