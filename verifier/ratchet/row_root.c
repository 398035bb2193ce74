/* SPDX-License-Identifier: Apache-2.0 */
/* A root in a row of a ratchet: names in the clear part, keys in the sealed one. */

#include "ratchet/row_parts.h"

#include <string.h>

enum { ROOT_N = 12, TRIPWIRE_N = 5 };

/* As it is in the row of its device's current root: null. */
static void put_verifier(struct pawl_wr *w, const struct epoch_root *e,
                         const struct epoch_root *current)
{
    if (current && current->present &&
        memcmp(e->verifier_id, current->verifier_id, sizeof(e->verifier_id)) == 0)
        pawl_cbor_wr_null(w);
    else
        pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(e->verifier_id));
}

static void get_verifier(struct pawl_cbor_rd *r, struct epoch_root *ret,
                         const struct epoch_root *current)
{
    if (current && current->present && pawl_cbor_rd_peek(r) == PAWL_CBOR_NULL) {
        pawl_cbor_rd_null(r, "verifier_id");
        memcpy(ret->verifier_id, current->verifier_id, sizeof(ret->verifier_id));
    } else {
        pawl_cbor_rd_bytes_to(r, "verifier_id", ret->verifier_id, sizeof(ret->verifier_id));
    }
}

void row_put_root(struct pawl_wr *w, const struct epoch_root *e, const struct epoch_root *current)
{
    if (!e->present) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, ROOT_N);
    pawl_cbor_wr_uint(w, e->epoch);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(e->kid));
    pawl_cbor_wr_uint(w, e->suite);
    put_verifier(w, e, current);
    pawl_cbor_wr_uint(w, e->up.gen);
    pawl_cbor_wr_uint(w, e->down.gen);
    pawl_cbor_wr_uint(w, e->attempt);
    row_put_ms(w, e->made_ms);
    pawl_cbor_wr_bool(w, e->resync);
    pawl_cbor_wr_bool(w, e->by_auto);
    pawl_cbor_wr_uint(w, e->epoch_start_seq);
    pawl_cbor_wr_uint(w, e->slots);
}

/* What every root has, the tripwire too. */
static void get_names(struct pawl_cbor_rd *r, struct epoch_root *ret,
                      const struct epoch_root *current)
{
    ret->present = true;
    ret->epoch = row_get_u64(r, "epoch");
    pawl_cbor_rd_bytes_to(r, "kid", ret->kid, sizeof(ret->kid));
    ret->suite = (uint16_t)pawl_cbor_rd_uint(r, "suite", UINT16_MAX);
    get_verifier(r, ret, current);
    ret->up = (struct pawl_chain){ .dir = PAWL_UP, .epoch = ret->epoch };
    ret->up.gen = (uint32_t)pawl_cbor_rd_uint(r, "up.gen", UINT32_MAX);
}

void row_get_root(struct pawl_cbor_rd *r, const char *field, struct epoch_root *ret,
                  const struct epoch_root *current)
{
    if (!row_get_present(r, field, ROOT_N))
        return;
    get_names(r, ret, current);
    ret->down = (struct pawl_chain){ .dir = PAWL_DOWN, .epoch = ret->epoch };
    ret->down.gen = (uint32_t)pawl_cbor_rd_uint(r, "down.gen", UINT32_MAX);
    ret->attempt = row_get_u64(r, "attempt");
    ret->made_ms = row_get_ms(r, "made_ms");
    ret->resync = pawl_cbor_rd_bool(r, "resync");
    ret->by_auto = pawl_cbor_rd_bool(r, "by_auto");
    ret->epoch_start_seq = row_get_u64(r, "epoch_start_seq");
    ret->slots = row_get_u64(r, "slots");
    pawl_cbor_rd_leave(r, field);
}

void row_put_root_keys(struct pawl_wr *w, const struct epoch_root *e)
{
    if (!e->present)
        return;
    row_put_key(w, &e->rk);
    row_put_key(w, &e->k_auth);
    row_put_key(w, &e->exporter);
    row_put_key(w, &e->up.gk);
    row_put_key(w, &e->down.gk);
}

void row_get_root_keys(struct pawl_rd *r, struct epoch_root *e)
{
    if (!e->present)
        return;
    row_get_key(r, "rk", &e->rk);
    row_get_key(r, "k_auth", &e->k_auth);
    row_get_key(r, "exporter", &e->exporter);
    row_get_key(r, "up.gk", &e->up.gk);
    row_get_key(r, "down.gk", &e->down.gk);
}

/* Nothing has moved since it was made. */
static bool is_at_start(const struct epoch_root *e)
{
    return e->root.n != 0 && e->up.gen == 0 && e->down.gen == 0;
}

void row_put_pending_keys(struct pawl_wr *w, const struct epoch_root *e)
{
    static const struct pawl_secret gone = { .n = 0 };

    if (!e->present)
        return;
    row_put_key(w, is_at_start(e) ? &e->root : &gone);
    if (!is_at_start(e))
        row_put_root_keys(w, e);
}

static pawl_status spread_root(struct epoch_root *e, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_root_wipe) struct pawl_root r = { 0 };

    PAWL_TRY(pawl_root_spread(&e->root, e->epoch, &r, err));
    e->rk = r.rk;
    e->k_auth = r.k_auth;
    e->exporter = r.exporter;
    e->up = r.up;
    e->down = r.down;
    return pawl_ok();
}

pawl_status row_get_pending_keys(struct pawl_rd *r, unsigned form, struct epoch_root *e,
                                 struct pawl_err *err)
{
    if (e->present && form > ROW_FORM_2)
        row_get_key(r, "root", &e->root);
    if (e->root.n)
        return spread_root(e, err);
    row_get_root_keys(r, e);
    return pawl_ok();
}

void row_put_tripwire(struct pawl_wr *w, const struct epoch_root *e,
                      const struct epoch_root *current)
{
    if (!e->present) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, TRIPWIRE_N);
    pawl_cbor_wr_uint(w, e->epoch);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(e->kid));
    pawl_cbor_wr_uint(w, e->suite);
    put_verifier(w, e, current);
    pawl_cbor_wr_uint(w, e->up.gen);
}

void row_get_tripwire(struct pawl_cbor_rd *r, struct epoch_root *ret,
                      const struct epoch_root *current)
{
    if (!row_get_present(r, "old", TRIPWIRE_N))
        return;
    get_names(r, ret, current);
    pawl_cbor_rd_leave(r, "old");
}
