/* SPDX-License-Identifier: Apache-2.0 */
/* A generation as a row. */

#include "ratchet/row_parts.h"

#include <string.h>

enum { GENERATION_N = 15 };

static void put_leaves(struct pawl_wr *w, const struct generation *g)
{
    uint8_t        b[PAWL_GEN_MESSAGES * PAWL_LEAF];
    struct pawl_wr leaves = pawl_wr_to(b, sizeof(b));

    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++)
        if ((g->have | g->known) >> i & 1)
            pawl_wr_bytes(&leaves, PAWL_VIEW_OF(g->leaf[i]));
    pawl_cbor_wr_bytes(w, pawl_view(leaves.p, leaves.n));
}

/* One for each slot that was received or is attested, in order. */
static void get_leaves(struct pawl_cbor_rd *r, struct generation *ret)
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, "leaves", 0, sizeof(ret->leaf));
    struct pawl_rd   leaves = pawl_rd_from(v);

    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++) {
        if (!((ret->have | ret->known) >> i & 1))
            continue;
        struct pawl_view leaf = pawl_rd_bytes(&leaves, "leaves", PAWL_LEAF);
        if (leaf.n)
            memcpy(ret->leaf[i], leaf.p, leaf.n);
    }
    if (leaves.bad || leaves.left)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "leaves");
}

static void put_generation(struct pawl_wr *w, const struct generation *g)
{
    pawl_cbor_wr_array(w, GENERATION_N);
    pawl_cbor_wr_uint(w, ROW_FORM);
    pawl_cbor_wr_uint(w, g->dir);
    pawl_cbor_wr_uint(w, g->epoch);
    pawl_cbor_wr_uint(w, g->gen);
    pawl_cbor_wr_uint(w, g->first_seq);
    pawl_cbor_wr_uint(w, g->have);
    pawl_cbor_wr_uint(w, g->known);
    pawl_cbor_wr_uint(w, g->named);
    put_leaves(w, g);
    pawl_cbor_wr_bool(w, g->attested);
    pawl_cbor_wr_uint(w, g->last_seq);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(g->digest));
    pawl_cbor_wr_bool(w, g->clean);
    row_put_ms(w, g->seen_ms);
    if (!g->use.uk.n) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, 2);
    pawl_cbor_wr_uint(w, g->use.suite);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(g->use.kid));
}

static pawl_status get_generation(struct pawl_view clear, struct generation *ret,
                                  unsigned *ret_form, bool *ret_use, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(clear);

    pawl_cbor_rd_array_of(&r, "generation", GENERATION_N);
    *ret_form = row_get_form(&r);
    ret->dir = (enum pawl_dir)pawl_cbor_rd_uint(&r, "dir", PAWL_DOWN);
    ret->epoch = row_get_u64(&r, "epoch");
    ret->gen = (uint32_t)pawl_cbor_rd_uint(&r, "gen", UINT32_MAX);
    ret->first_seq = row_get_u64(&r, "first_seq");
    ret->have = row_get_u64(&r, "have");
    ret->known = row_get_u64(&r, "known");
    ret->named = row_get_u64(&r, "named");
    get_leaves(&r, ret);
    ret->attested = pawl_cbor_rd_bool(&r, "attested");
    ret->last_seq = row_get_u64(&r, "last_seq");
    pawl_cbor_rd_bytes_to(&r, "digest", ret->digest, sizeof(ret->digest));
    ret->clean = pawl_cbor_rd_bool(&r, "clean");
    ret->seen_ms = row_get_ms(&r, "seen_ms");
    *ret_use = row_get_present(&r, "use", 2);
    if (*ret_use) {
        ret->use.dir = ret->dir;
        ret->use.epoch = ret->epoch;
        ret->use.gen = ret->gen;
        ret->use.suite = (uint16_t)pawl_cbor_rd_uint(&r, "use.suite", UINT16_MAX);
        pawl_cbor_rd_bytes_to(&r, "use.kid", ret->use.kid, sizeof(ret->use.kid));
        pawl_cbor_rd_leave(&r, "use");
    }
    pawl_cbor_rd_leave(&r, "generation");
    return pawl_under(err, "generation", pawl_cbor_rd_end(&r, err));
}

pawl_status generation_write(const struct keys *k, struct pawl_view tenant,
                             const uint8_t device_id[PAWL_DEVICE_ID], const struct generation *g,
                             uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    const struct row_owner o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "generation",
                                 g->epoch };
    ROW_SEALED             room = { 0 };
    uint8_t                b[GENERATION_ROW_MAX];
    struct pawl_wr         w = pawl_wr_to(b, sizeof(b));
    struct pawl_view       clear;

    put_generation(&w, g);
    PAWL_TRY(pawl_wr_end(&w, o.field, &clear, err));
    PAWL_TRY(row_begin(clear, &room, &w, err));
    if (g->use.uk.n)
        row_put_key(&w, &g->use.uk);
    return row_end(&o, clear, &w, ret, cap, ret_n, err);
}

pawl_status generation_read(const struct keys *k, struct pawl_view tenant,
                            const uint8_t device_id[PAWL_DEVICE_ID], struct pawl_view in,
                            struct generation *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(generation_wipe) struct generation g = { 0 };
    struct row_owner o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "generation", 0 };
    ROW_SEALED       room = { 0 };
    struct pawl_view clear, sealed;
    struct pawl_rd   rd;
    unsigned         form;
    bool             use;

    PAWL_TRY(row_split(o.field, in, &clear, &sealed, err));
    PAWL_TRY(get_generation(clear, &g, &form, &use, err));
    o.epoch = g.epoch;
    PAWL_TRY(row_open(&o, form, clear, sealed, &room, &rd, err));
    if (use)
        row_get_use_key(&rd, "use.uk", &g.use.uk);
    PAWL_TRY(pawl_under(err, o.field, pawl_rd_end(&rd, err)));
    *ret = g;
    return pawl_ok();
}

pawl_status generation_rewrap(const struct keys *k, struct pawl_view tenant,
                              const uint8_t device_id[PAWL_DEVICE_ID], struct pawl_view in,
                              uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(generation_wipe) struct generation g = { 0 };
    struct row_owner o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "generation", 0 };
    struct pawl_view clear, sealed;
    unsigned         form;
    bool             use;

    PAWL_TRY(row_split(o.field, in, &clear, &sealed, err));
    PAWL_TRY(get_generation(clear, &g, &form, &use, err));
    o.epoch = g.epoch;
    return row_rewrap(&o, clear, sealed, ret, cap, ret_n, err);
}
