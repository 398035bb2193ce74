/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One device's ratchet in the hands of one request. A row is read once: who asks for a generation
 * twice gets the same one, with what was done to it; and what is not there is not looked for again.
 */

#include "flow/held.h"

#include <stdlib.h>
#include <string.h>

#include "ratchet/row.h"

static struct pawl_view tenant_of(const struct held *h)
{
    return pawl_view_str(h->tenant);
}

void held_done(struct held *h)
{
    for (size_t i = 0; i < h->n; i++) {
        generation_wipe(&h->gen[i]->g);
        free(h->gen[i]);
    }
    free(h->gen);
    ratchet_wipe(&h->r);
    *h = (struct held){ 0 };
}

pawl_status held_take(struct flow *f, const struct device *d, const struct blob *row,
                      struct held *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { .flow = f };

    memcpy(h.tenant, d->tenant, sizeof(h.tenant));
    memcpy(h.device_id, d->id, sizeof(h.device_id));
    if (row->n)
        PAWL_TRY(ratchet_read(f->keys, tenant_of(&h), h.device_id, pawl_view(row->p, row->n), &h.r,
                              err));
    *ret = h;
    h = (struct held){ 0 };
    return pawl_ok();
}

pawl_status held_open(struct flow *f, const struct device *d, struct held *ret,
                      struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob row = { 0 };

    pawl_status s = f->store->ratchet(f->store->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                                      &row, err);
    if (s.code != PAWL_E_ABSENT) {
        PAWL_TRY(s);
        if (row.n == 0)
            return pawl_fail(err, PAWL_E_SHORT, "ratchet", "its row is empty");
    }
    return held_take(f, d, &row, ret, err);
}

/* ---- generations ---------------------------------------------------------------------------- */

/* Among the first n. */
static struct held_generation *find(const struct held *h, size_t n, enum pawl_dir dir,
                                    uint64_t epoch, uint32_t gen)
{
    for (size_t i = 0; i < n; i++) {
        struct generation *g = &h->gen[i]->g;

        if (g->dir == dir && g->epoch == epoch && g->gen == gen)
            return h->gen[i];
    }
    return NULL;
}

/* A copy of g that stays where it is. */
static pawl_status keep(struct held *h, const struct generation *g, struct held_generation **ret,
                        struct pawl_err *err)
{
    if (h->n == h->cap) {
        size_t                   cap = h->cap ? 2 * h->cap : 8;
        struct held_generation **gen = realloc(h->gen, cap * sizeof(*gen));

        if (!gen)
            return pawl_fail(err, PAWL_E_MEMORY, "held", "out of memory");
        h->gen = gen;
        h->cap = cap;
    }
    struct held_generation *made = calloc(1, sizeof(*made));
    if (!made)
        return pawl_fail(err, PAWL_E_MEMORY, "held", "out of memory");
    made->g = *g;
    h->gen[h->n++] = made;
    *ret = made;
    return pawl_ok();
}

/* What stands in a row is what its key says: rows do not change places. */
static pawl_status read_row(const struct held *h, struct pawl_view bytes, enum pawl_dir dir,
                            uint64_t epoch, uint32_t gen, struct generation *ret,
                            struct pawl_err *err)
{
    PAWL_TRY(generation_read(h->flow->keys, tenant_of(h), h->device_id, bytes, ret, err));
    if (ret->dir != dir || ret->epoch != epoch || ret->gen != gen)
        return pawl_fail(err, PAWL_E_FORGED, "generation", "the row is another generation's");
    return pawl_ok();
}

static pawl_status fetch(struct held *h, enum pawl_dir dir, uint64_t epoch, uint32_t gen,
                         struct held_generation **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(generation_wipe) struct generation g = { 0 };
    PAWL_CLEANUP(blob_done) struct blob             row = { 0 };
    const struct store                             *store = h->flow->store;

    pawl_status s = store->generation(store->self, tenant_of(h), PAWL_VIEW_OF(h->device_id), dir,
                                      epoch, gen, &row, err);
    if (s.code == PAWL_E_ABSENT) {
        g = (struct generation){ .dir = dir, .epoch = epoch, .gen = gen };
        PAWL_TRY(keep(h, &g, ret, err));
        (*ret)->absent = true;
        return pawl_ok();
    }
    PAWL_TRY(s);
    PAWL_TRY(read_row(h, pawl_view(row.p, row.n), dir, epoch, gen, &g, err));
    return keep(h, &g, ret, err);
}

pawl_status held_generation(struct held *h, enum pawl_dir dir, uint64_t epoch, uint32_t gen,
                            bool make, struct held_generation **ret, struct pawl_err *err)
{
    struct held_generation *one = find(h, h->n, dir, epoch, gen);

    if (!one)
        PAWL_TRY(fetch(h, dir, epoch, gen, &one, err));
    if (one->absent && !make)
        return pawl_fail(err, PAWL_E_ABSENT, "generation", "there is no row of it");
    one->absent = false;
    *ret = one;
    return pawl_ok();
}

/* The stored ones in order, for the calls that come when the store's list is read to its end. */
struct listing {
    struct held             *h;
    size_t                   held_n; /* before it began: the store lists none twice */
    size_t                   n, cap;
    struct held_generation **gen;
};

static void listing_done(struct listing *l)
{
    free(l->gen);
}

static pawl_status list_one(const struct generation_row *row, void *arg, struct pawl_err *err)
{
    PAWL_CLEANUP(generation_wipe) struct generation g = { 0 };
    struct listing                                 *l = arg;
    enum pawl_dir                                   dir = row->dir == PAWL_UP ? PAWL_UP : PAWL_DOWN;
    struct held_generation *one = find(l->h, l->held_n, dir, row->epoch, row->gen);

    if (!one || one->absent) {
        PAWL_TRY(read_row(l->h, pawl_view(row->bytes.p, row->bytes.n), dir, row->epoch, row->gen,
                          &g, err));
        if (!one)
            PAWL_TRY(keep(l->h, &g, &one, err));
        one->g = g;
        one->absent = false;
    }
    if (l->n == l->cap) {
        size_t                   cap = l->cap ? 2 * l->cap : 64;
        struct held_generation **gen = realloc(l->gen, cap * sizeof(*gen));

        if (!gen)
            return pawl_fail(err, PAWL_E_MEMORY, "held", "out of memory");
        l->gen = gen;
        l->cap = cap;
    }
    l->gen[l->n++] = one;
    return pawl_ok();
}

pawl_status held_each(struct held *h, enum pawl_dir dir, held_each_fn *each, void *arg,
                      struct pawl_err *err)
{
    PAWL_CLEANUP(listing_done) struct listing l = { .h = h, .held_n = h->n };
    const struct store                       *store = h->flow->store;

    PAWL_TRY(store->generations(store->self, tenant_of(h), PAWL_VIEW_OF(h->device_id), dir,
                                list_one, &l, err));
    for (size_t i = 0; i < l.n; i++)
        if (!l.gen[i]->gone)
            PAWL_TRY(each(h, l.gen[i], arg, err));
    return pawl_ok();
}

uint64_t held_highest(const struct held *h)
{
    uint64_t highest = 0;

    for (size_t i = 0; i < h->n; i++) {
        const struct generation *g = &h->gen[i]->g;

        for (unsigned k = 0; g->dir == PAWL_UP && k < PAWL_GEN_MESSAGES; k++)
            if ((g->have >> k & 1) && g->first_seq + k > highest)
                highest = g->first_seq + k;
    }
    return highest;
}

/* ---- the step ------------------------------------------------------------------------------- */

static pawl_status plan_generation(const struct held *h, const struct held_generation *one,
                                   struct step *step, struct pawl_err *err)
{
    struct generation_row *row = &step->generation[step->generation_n];
    uint8_t                b[GENERATION_ROW_MAX];
    size_t                 n;

    *row = (struct generation_row){
        .dir = one->g.dir, .epoch = one->g.epoch, .gen = one->g.gen, .gone = one->gone
    };
    if (!one->gone) {
        PAWL_TRY(generation_write(h->flow->keys, tenant_of(h), h->device_id, &one->g, b, sizeof(b),
                                  &n, err));
        PAWL_TRY(blob_from(pawl_view(b, n), &row->bytes, err));
    }
    step->generation_n++;
    return pawl_ok();
}

pawl_status held_plan(const struct held *h, struct step *step, struct pawl_err *err)
{
    uint8_t b[RATCHET_ROW_MAX];
    size_t  n;

    PAWL_TRY(
        ratchet_write(h->flow->keys, tenant_of(h), h->device_id, &h->r, b, sizeof(b), &n, err));
    PAWL_TRY(blob_from(pawl_view(b, n), &step->ratchet, err));
    step->generation = calloc(h->n ? h->n : 1, sizeof(*step->generation));
    if (!step->generation)
        return pawl_fail(err, PAWL_E_MEMORY, "held", "out of memory");
    for (size_t i = 0; i < h->n; i++)
        if (h->gen[i]->changed || h->gen[i]->gone)
            PAWL_TRY(plan_generation(h, h->gen[i], step, err));
    return pawl_ok();
}
