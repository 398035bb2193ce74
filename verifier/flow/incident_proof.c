/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of an incident, from what the finder and the store have: quotes, the receipt that the
 * device had before, and leaves that belong to digests of the newest quote.
 */
#include <stdlib.h>
#include <string.h>

#include "flow/incident_parts.h"

/* What a proof's views point into. */
struct proving {
    struct proof  p;
    struct signer by;
    struct blob   last; /* evidence from the store */
    uint8_t       leaf[PROOF_GENS_MAX][PAWL_GEN_MESSAGES * PAWL_LEAF];
    uint8_t       b[PROOF_MAX];
};

static void proving_free(struct proving **v)
{
    if (*v)
        blob_done(&(*v)->last);
    free(*v);
    *v = NULL;
}

/* ---- quotes ---------------------------------------------------------------------------------- */

/* The key that this request named; false if it is none of ours any more. */
static bool find_signer(const struct held *h, struct pawl_view a1, struct signer *ret)
{
    struct pawl_a1  m;
    struct pawl_err ignored;

    return pawl_is_ok(pawl_a1_parse(a1, &m, &ignored)) &&
           pawl_is_ok(keys_signer(h->flow->keys, m.verifier_id, ret, &ignored));
}

static pawl_status add_last(struct held *h, struct proving *v, struct pawl_err *err)
{
    const struct store *store = h->flow->store;
    struct pawl_view    tenant = pawl_view_str(h->tenant);
    struct proof_quote  last;
    struct pawl_view    receipt;
    struct signer       by;

    pawl_status s = store->evidence(store->self, tenant, PAWL_VIEW_OF(h->device_id), &v->last, err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(s);
    PAWL_TRY(proof_evidence_parse(pawl_view(v->last.p, v->last.n), &last, &receipt, err));
    if (!find_signer(h, last.a1, &by))
        return pawl_ok();
    v->p.quote[v->p.quote_n++] = last;
    v->p.receipt = receipt;
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

/* A proof is checked under one key of ours: the one that its newest quote names. An older quote may
 * name the key before it, and is left out then. */
static void choose_signer(const struct held *h, struct proving *v)
{
    struct signer older;

    keys_present(h->flow->keys, &v->by);
    if (v->p.quote_n == 0 || !find_signer(h, v->p.quote[v->p.quote_n - 1].a1, &v->by))
        return;
    if (v->p.quote_n == 2 &&
        !(find_signer(h, v->p.quote[0].a1, &older) && older.key == v->by.key)) {
        v->p.quote[0] = v->p.quote[1];
        v->p.quote_n = 1;
    }
}

/* ---- leaves ---------------------------------------------------------------------------------- */

/* The slots of g that A1 has a digest over, first to last of them in order of their numbers. */
struct listed {
    uint64_t first;
    uint64_t bits; /* of g's 64 slots */
};

static bool find_sent(const struct pawl_a1 *a1, const struct generation *g, struct listed *ret)
{
    for (size_t i = 0; i < a1->snd.gen_n; i++) {
        const struct pawl_snd_gen *s = &a1->snd.gens[i];
        uint64_t                   at = s->first_seq - g->first_seq;
        uint64_t                   n = s->last_seq - s->first_seq + 1;

        if (s->epoch != g->epoch || s->gen != g->gen)
            continue;
        if (s->count != n || n - 1 >= PAWL_GEN_MESSAGES || at > PAWL_GEN_MESSAGES - n)
            return false;
        *ret = (struct listed){ s->first_seq, UINT64_MAX >> (PAWL_GEN_MESSAGES - n) << at };
        return true;
    }
    return false;
}

static bool find_received(const struct pawl_a1 *a1, const struct generation *g, struct listed *ret)
{
    for (size_t i = 0; i < a1->rcv.gen_n; i++) {
        const struct pawl_rcv_gen *r = &a1->rcv.gens[i];
        uint64_t                   at = r->first_seq - g->first_seq;
        uint64_t                   bits = pawl_bits_read(r->bitmap);

        if (r->epoch != g->epoch || r->gen != g->gen)
            continue;
        if (!bits || at >= PAWL_GEN_MESSAGES || bits << at >> at != bits)
            return false;
        *ret = (struct listed){ r->first_seq, bits << at };
        return true;
    }
    return false;
}

static bool has_leaves(const struct proof *p, const struct generation *g)
{
    for (size_t i = 0; i < p->leaves_n; i++)
        if (p->leaves[i].dir == g->dir && p->leaves[i].epoch == g->epoch &&
            p->leaves[i].gen == g->gen)
            return true;
    return false;
}

static void put_leaves(struct proving *v, const struct generation *g, const struct listed *l)
{
    struct proof *p = &v->p;
    uint8_t      *room = v->leaf[p->leaves_n];
    size_t        n = 0;

    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++)
        if (l->bits >> i & 1)
            memcpy(room + PAWL_LEAF * n++, g->leaf[i], PAWL_LEAF);
    p->leaves[p->leaves_n++] = (struct proof_leaves){ .dir = g->dir,
                                                      .epoch = g->epoch,
                                                      .gen = g->gen,
                                                      .first_seq = l->first,
                                                      .leaves = pawl_view(room, n * PAWL_LEAF) };
}

/*
 * What the generation of a finding holds: the attested leaves, which name what was forged; or, of a
 * digest that differs, what came (E3) or was sent (E7), which shows that it does.
 */
static void add_leaves(struct proving *v, const struct pawl_a1 *a1, const struct finding_slot *s,
                       const struct generation *g)
{
    struct listed l;
    bool          up = g->dir == PAWL_UP;

    if (has_leaves(&v->p, g) || v->p.leaves_n == PROOF_GENS_MAX ||
        !(up ? find_sent(a1, g, &l) : find_received(a1, g, &l)))
        return;
    if (up && g->clean && !(l.bits & ~g->known))
        put_leaves(v, g, &l);
    else if (s->seq == 0 && !(l.bits & ~(g->have | g->known)))
        put_leaves(v, g, &l);
}

static pawl_status add_all_leaves(struct held *h, struct proving *v, struct pawl_err *err)
{
    const struct proof     *p = &v->p;
    struct held_generation *one;
    struct pawl_a1          a1;

    if (p->quote_n == 0)
        return pawl_ok();
    PAWL_TRY(pawl_a1_parse(p->quote[p->quote_n - 1].a1, &a1, err));
    for (size_t i = 0; i < p->found.n; i++) {
        const struct finding_slot *s = &p->found.at[i];
        if (s->rule != RULE_E1 && s->rule != RULE_E3 && s->rule != RULE_E7)
            continue;
        pawl_status got = held_generation(h, s->rule == RULE_E7 ? PAWL_DOWN : PAWL_UP, s->epoch,
                                          s->gen, false, &one, err);
        if (got.code == PAWL_E_ABSENT)
            continue;
        PAWL_TRY(got);
        add_leaves(v, &a1, s, &one->g);
    }
    return pawl_ok();
}

/* ---- the file -------------------------------------------------------------------------------- */

/* What is too long goes without leaves, then without the receipt. *ret_n 0: it does not fit. */
static pawl_status write_it(struct proving *v, size_t *ret_n, struct pawl_err *err)
{
    for (unsigned left_out = 0; left_out < 3; left_out++) {
        struct pawl_wr w = pawl_wr_to(v->b, sizeof(v->b));

        if (left_out > 0)
            v->p.leaves_n = 0;
        if (left_out > 1)
            v->p.receipt = pawl_view(NULL, 0);
        pawl_status s = proof_write(&v->p, v->by.key, v->by.id, &w, err);
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

    if (h->r.incident.proofs >= (c ? INCIDENT_PROOFS_MAX : INCIDENT_PROOFS_OF_MESSAGES) ||
        found->n == 0)
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
    choose_signer(h, v);
    PAWL_TRY(add_all_leaves(h, v, err));
    PAWL_TRY(write_it(v, &n, err));
    return n ? add_row(h, v, n, step, err) : pawl_ok();
}
