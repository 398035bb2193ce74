/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/messages: a batch of encrypted messages, and a place for those of the other side.
 *
 *     {1: tenant, 2: device_id, 3: [* COSE], ?4: true} -> {3: [* COSE], ?4: nonce}
 *
 * Spec: docs/protocol.md, section "Exchanges". Not here: what a COSE message holds.
 */

#include "wire/field.h"

static size_t rd_cose(struct pawl_cbor_rd *r, struct pawl_view cose[PAWL_MESSAGES_N_MAX])
{
    size_t n = pawl_cbor_rd_array(r, "COSE", PAWL_MESSAGES_N_MAX);

    for (size_t i = 0; i < n; i++) {
        if (pawl_cbor_rd_peek(r) != PAWL_CBOR_TAG)
            pawl_cbor_rd_fail(r, PAWL_E_FORM, "COSE");
        cose[i] = pawl_cbor_rd_raw(r, "COSE");
    }
    pawl_cbor_rd_leave(r, "COSE");
    return n;
}

static void wr_cose(struct pawl_wr *w, const struct pawl_view cose[PAWL_MESSAGES_N_MAX], size_t n)
{
    pawl_cbor_wr_array(w, n);
    for (size_t i = 0; i < wire_at_most(n, PAWL_MESSAGES_N_MAX); i++)
        pawl_wr_bytes(w, cose[i]);
}

pawl_status pawl_messages_req_parse(struct pawl_view in, struct pawl_messages_req *ret,
                                    struct pawl_err *err)
{
    struct pawl_cbor_rd      r = wire_rd_from(in, PAWL_MESSAGES_MAX);
    struct pawl_messages_req m = { 0 };

    pawl_cbor_rd_map(&r, "map", 4);
    pawl_cbor_rd_need(&r, 1, "tenant");
    m.tenant = wire_rd_tenant(&r, "tenant");
    pawl_cbor_rd_need(&r, 2, "device_id");
    m.device_id = pawl_cbor_rd_bytes(&r, "device_id", PAWL_DEVICE_ID, PAWL_DEVICE_ID);
    pawl_cbor_rd_need(&r, 3, "COSE");
    m.n = rd_cose(&r, m.cose);
    m.want_nonce = pawl_cbor_rd_key(&r, 4);
    if (m.want_nonce && !pawl_cbor_rd_bool(&r, "want_nonce")) /* there and true, or absent */
        pawl_cbor_rd_fail(&r, PAWL_E_FORM, "want_nonce");
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "messages", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_messages_req_write(const struct pawl_messages_req *m, struct pawl_wr *w,
                                    struct pawl_err *err)
{
    struct pawl_wr           out = *w;
    struct pawl_messages_req back;
    struct pawl_view         written;

    pawl_cbor_wr_map(&out, 3u + m->want_nonce);
    pawl_cbor_wr_uint(&out, 1);
    pawl_cbor_wr_text_n(&out, m->tenant);
    pawl_cbor_wr_uint(&out, 2);
    pawl_cbor_wr_bytes(&out, m->device_id);
    pawl_cbor_wr_uint(&out, 3);
    wr_cose(&out, m->cose, m->n);
    if (m->want_nonce) {
        pawl_cbor_wr_uint(&out, 4);
        pawl_cbor_wr_bool(&out, true);
    }
    PAWL_TRY(wire_written(w, &out, "messages", &written, err));
    return wire_commit(pawl_messages_req_parse(written, &back, err), &out, w, err);
}

pawl_status pawl_messages_ans_parse(struct pawl_view in, struct pawl_messages_ans *ret,
                                    struct pawl_err *err)
{
    struct pawl_cbor_rd      r = wire_rd_from(in, PAWL_MESSAGES_MAX);
    struct pawl_messages_ans m = { 0 };

    pawl_cbor_rd_map(&r, "map", 2);
    pawl_cbor_rd_need(&r, 3, "COSE");
    m.n = rd_cose(&r, m.cose);
    if (pawl_cbor_rd_key(&r, 4))
        m.nonce = pawl_cbor_rd_bytes(&r, "nonce", PAWL_NONCE, PAWL_NONCE);
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "messages_ans", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_messages_ans_write(const struct pawl_messages_ans *m, struct pawl_wr *w,
                                    struct pawl_err *err)
{
    struct pawl_wr           out = *w;
    struct pawl_messages_ans back;
    struct pawl_view         written;

    pawl_cbor_wr_map(&out, 1u + (m->nonce.n > 0));
    pawl_cbor_wr_uint(&out, 3);
    wr_cose(&out, m->cose, m->n);
    if (m->nonce.n) {
        pawl_cbor_wr_uint(&out, 4);
        pawl_cbor_wr_bytes(&out, m->nonce);
    }
    PAWL_TRY(wire_written(w, &out, "messages_ans", &written, err));
    return wire_commit(pawl_messages_ans_parse(written, &back, err), &out, w, err);
}
