/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to evidence that was judged.
 *
 *     result = {1: EAR, ?2: conf_V, ?3: receipt, ?4: want, ?5: ticket}
 *     want   = {?1: [* log type], ?2: first_ima_entry, ?3: [* [dir, epoch, gen]], ?4: rekey_now,
 *               ?5: pcr values}
 *
 * Spec: docs/protocol.md, section "Exchanges". Not here: whether the EAR is signed and by whom.
 */

#include "wire/field.h"

/* ---- want ----------------------------------------------------------------------------------- */

static void rd_want_logs(struct pawl_cbor_rd *r, struct pawl_want *m)
{
    m->log_n = pawl_cbor_rd_array(r, "want.logs", PAWL_LOGS_MAX);
    if (m->log_n == 0)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "want.logs");
    for (size_t i = 0; i < m->log_n; i++) {
        m->log[i] = pawl_cbor_rd_uint(r, "want.logs", UINT64_MAX);
        if (i > 0 && m->log[i] <= m->log[i - 1]) /* each once */
            pawl_cbor_rd_fail(r, PAWL_E_FORM, "want.logs");
    }
    pawl_cbor_rd_leave(r, "want.logs");
}

static void rd_want_gens(struct pawl_cbor_rd *r, struct pawl_want *m)
{
    m->gen_n = pawl_cbor_rd_array(r, "want.generations", PAWL_VERDICT_PAIRS_MAX);
    if (m->gen_n == 0)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "want.generations");
    for (size_t i = 0; i < m->gen_n; i++) {
        pawl_cbor_rd_array_of(r, "want.generation", 3);
        m->gen[i].dir = (uint8_t)pawl_cbor_rd_uint(r, "want.generation.dir", 1);
        m->gen[i].epoch = pawl_cbor_rd_uint(r, "want.generation.epoch", UINT64_MAX);
        m->gen[i].gen = (uint32_t)pawl_cbor_rd_uint(r, "want.generation.gen", UINT32_MAX);
        pawl_cbor_rd_leave(r, "want.generation");
    }
    pawl_cbor_rd_leave(r, "want.generations");
}

/* A flag is there and true, or absent. */
static bool rd_flag(struct pawl_cbor_rd *r, uint64_t key, const char *field)
{
    if (!pawl_cbor_rd_key(r, key))
        return false;
    if (!pawl_cbor_rd_bool(r, field))
        pawl_cbor_rd_fail(r, PAWL_E_FORM, field);
    return true;
}

static struct pawl_want rd_want(struct pawl_cbor_rd *r)
{
    struct pawl_want m = { .present = true };

    if (pawl_cbor_rd_map(r, "want", 5) == 0)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "want");
    if (pawl_cbor_rd_key(r, 1))
        rd_want_logs(r, &m);
    m.has_ima = pawl_cbor_rd_key(r, 2);
    if (m.has_ima)
        m.first_ima_entry = pawl_cbor_rd_uint(r, "want.first_ima_entry", UINT64_MAX);
    if (pawl_cbor_rd_key(r, 3))
        rd_want_gens(r, &m);
    m.rekey_now = rd_flag(r, 4, "want.rekey_now");
    m.pcr_values = rd_flag(r, 5, "want.pcr_values");
    pawl_cbor_rd_leave(r, "want");
    return m;
}

static void wr_want(struct pawl_wr *w, const struct pawl_want *m)
{
    pawl_cbor_wr_map(w, (size_t)(m->log_n > 0) + m->has_ima + (m->gen_n > 0) + m->rekey_now +
                            m->pcr_values);
    if (m->log_n) {
        pawl_cbor_wr_uint(w, 1);
        pawl_cbor_wr_array(w, m->log_n);
        for (size_t i = 0; i < wire_at_most(m->log_n, PAWL_LOGS_MAX); i++)
            pawl_cbor_wr_uint(w, m->log[i]);
    }
    if (m->has_ima) {
        pawl_cbor_wr_uint(w, 2);
        pawl_cbor_wr_uint(w, m->first_ima_entry);
    }
    if (m->gen_n) {
        pawl_cbor_wr_uint(w, 3);
        pawl_cbor_wr_array(w, m->gen_n);
        for (size_t i = 0; i < wire_at_most(m->gen_n, PAWL_VERDICT_PAIRS_MAX); i++) {
            pawl_cbor_wr_array(w, 3);
            pawl_cbor_wr_uint(w, m->gen[i].dir);
            pawl_cbor_wr_uint(w, m->gen[i].epoch);
            pawl_cbor_wr_uint(w, m->gen[i].gen);
        }
    }
    if (m->rekey_now) {
        pawl_cbor_wr_uint(w, 4);
        pawl_cbor_wr_bool(w, true);
    }
    if (m->pcr_values) {
        pawl_cbor_wr_uint(w, 5);
        pawl_cbor_wr_bool(w, true);
    }
}

/* ---- result --------------------------------------------------------------------------------- */

pawl_status pawl_result_parse(struct pawl_view in, struct pawl_result *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = wire_rd_from(in, PAWL_RESULT_MAX);
    struct pawl_result  m = { 0 };

    pawl_cbor_rd_map(&r, "map", 5);
    pawl_cbor_rd_need(&r, 1, "EAR");
    m.ear = pawl_cbor_rd_text(&r, "EAR", PAWL_EAR_MAX);
    if (m.ear.n == 0)
        pawl_cbor_rd_fail(&r, PAWL_E_RANGE, "EAR");
    if (pawl_cbor_rd_key(&r, 2))
        m.conf_v = pawl_cbor_rd_bytes(&r, "conf_V", 32, 32);
    if (pawl_cbor_rd_key(&r, 3)) {
        if (pawl_cbor_rd_peek(&r) != PAWL_CBOR_ARRAY)
            pawl_cbor_rd_fail(&r, PAWL_E_FORM, "receipt");
        m.receipt = pawl_cbor_rd_raw(&r, "receipt");
    }
    if (pawl_cbor_rd_key(&r, 4))
        m.want = rd_want(&r);
    if (pawl_cbor_rd_key(&r, 5))
        m.ticket = pawl_cbor_rd_bytes(&r, "ticket", 1, PAWL_TICKET_MAX);
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "result", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_result_write(const struct pawl_result *m, struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_wr     out = *w;
    struct pawl_result back;
    struct pawl_view   written;

    pawl_cbor_wr_map(&out, 1u + (m->conf_v.n > 0) + (m->receipt.n > 0) + m->want.present +
                               (m->ticket.n > 0));
    pawl_cbor_wr_uint(&out, 1);
    pawl_cbor_wr_text_n(&out, m->ear);
    if (m->conf_v.n) {
        pawl_cbor_wr_uint(&out, 2);
        pawl_cbor_wr_bytes(&out, m->conf_v);
    }
    if (m->receipt.n) {
        pawl_cbor_wr_uint(&out, 3);
        pawl_wr_bytes(&out, m->receipt);
    }
    if (m->want.present) {
        pawl_cbor_wr_uint(&out, 4);
        wr_want(&out, &m->want);
    }
    if (m->ticket.n) {
        pawl_cbor_wr_uint(&out, 5);
        pawl_cbor_wr_bytes(&out, m->ticket);
    }
    PAWL_TRY(wire_written(w, &out, "result", &written, err));
    return wire_commit(pawl_result_parse(written, &back, err), &out, w, err);
}
