/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/supply: what a result wanted and the evidence did not hold.
 *
 *     {1: ticket, ?6: {* type => log}, ?7: [first_entry, ima_bytes],
 *      ?8: [* [dir, epoch, gen, leaves]]} -> result
 *
 * Spec: docs/protocol.md, section "Exchanges".
 */

#include "wire/field.h"

enum { LEAVES_MAX = PAWL_GEN_MESSAGES * PAWL_LEAF };

static void rd_leaves(struct pawl_cbor_rd *r, struct pawl_supply *m)
{
    m->leaves_n = pawl_cbor_rd_array(r, "leaves", PAWL_SND_GENS_MAX);
    if (m->leaves_n == 0)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "leaves");
    for (size_t i = 0; i < m->leaves_n; i++) {
        pawl_cbor_rd_array_of(r, "leaves", 4);
        m->leaves[i].dir = (uint8_t)pawl_cbor_rd_uint(r, "leaves.dir", 1);
        m->leaves[i].epoch = pawl_cbor_rd_uint(r, "leaves.epoch", UINT64_MAX);
        m->leaves[i].gen = (uint32_t)pawl_cbor_rd_uint(r, "leaves.gen", UINT32_MAX);
        m->leaves[i].leaves = pawl_cbor_rd_bytes(r, "leaves.leaves", PAWL_LEAF, LEAVES_MAX);
        if (m->leaves[i].leaves.n % PAWL_LEAF)
            pawl_cbor_rd_fail(r, PAWL_E_RANGE, "leaves.leaves");
        pawl_cbor_rd_leave(r, "leaves");
    }
    pawl_cbor_rd_leave(r, "leaves");
}

pawl_status pawl_supply_parse(struct pawl_view in, struct pawl_supply *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = wire_rd_from(in, PAWL_EVIDENCE_MAX);
    struct pawl_supply  m = { 0 };

    pawl_cbor_rd_map(&r, "map", 4);
    pawl_cbor_rd_need(&r, 1, "ticket");
    m.ticket = pawl_cbor_rd_bytes(&r, "ticket", 1, PAWL_TICKET_MAX);
    if (pawl_cbor_rd_key(&r, 6))
        m.log_n = wire_rd_logs(&r, "logs", m.log);
    if (pawl_cbor_rd_key(&r, 7))
        m.ima = wire_rd_ima(&r, "ima", &m.ima_first);
    if (pawl_cbor_rd_key(&r, 8))
        rd_leaves(&r, &m);
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "supply", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

static void wr_leaves(struct pawl_wr *w, const struct pawl_supply *m)
{
    pawl_cbor_wr_array(w, m->leaves_n);
    for (size_t i = 0; i < wire_at_most(m->leaves_n, PAWL_SND_GENS_MAX); i++) {
        pawl_cbor_wr_array(w, 4);
        pawl_cbor_wr_uint(w, m->leaves[i].dir);
        pawl_cbor_wr_uint(w, m->leaves[i].epoch);
        pawl_cbor_wr_uint(w, m->leaves[i].gen);
        pawl_cbor_wr_bytes(w, m->leaves[i].leaves);
    }
}

pawl_status pawl_supply_write(const struct pawl_supply *m, struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_wr     out = *w;
    struct pawl_supply back;
    struct pawl_view   written;

    pawl_cbor_wr_map(&out, 1u + (m->log_n > 0) + (m->ima.n > 0) + (m->leaves_n > 0));
    pawl_cbor_wr_uint(&out, 1);
    pawl_cbor_wr_bytes(&out, m->ticket);
    if (m->log_n) {
        pawl_cbor_wr_uint(&out, 6);
        wire_wr_logs(&out, m->log, m->log_n);
    }
    if (m->ima.n) {
        pawl_cbor_wr_uint(&out, 7);
        wire_wr_ima(&out, m->ima_first, m->ima);
    }
    if (m->leaves_n) {
        pawl_cbor_wr_uint(&out, 8);
        wr_leaves(&out, m);
    }
    PAWL_TRY(wire_written(w, &out, "supply", &written, err));
    return wire_commit(pawl_supply_parse(written, &back, err), &out, w, err);
}
