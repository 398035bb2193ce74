/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/challenge: a device asks for a nonce.
 *
 *     {1: tenant, 2: device_id, 3: label} -> {1: nonce, 2: pcrs, 3: suites}
 *
 * Spec: docs/protocol.md, section "Exchanges". Not here: what makes a nonce good.
 */

#include "wire/field.h"

/* ---- request -------------------------------------------------------------------------------- */

pawl_status pawl_challenge_req_parse(struct pawl_view in, struct pawl_challenge_req *ret,
                                     struct pawl_err *err)
{
    struct pawl_cbor_rd       r = wire_rd_from(in, PAWL_CHALLENGE_MAX);
    struct pawl_challenge_req m = { 0 };

    pawl_cbor_rd_map(&r, "map", 3);
    pawl_cbor_rd_need(&r, 1, "tenant");
    m.tenant = wire_rd_tenant(&r, "tenant");
    pawl_cbor_rd_need(&r, 2, "device_id");
    m.device_id = pawl_cbor_rd_bytes(&r, "device_id", PAWL_DEVICE_ID, PAWL_DEVICE_ID);
    pawl_cbor_rd_need(&r, 3, "label");
    m.label = wire_rd_label(&r, "label");
    if (m.label == PAWL_LABEL_ENROL) /* its nonce comes with the answer to enrol */
        pawl_cbor_rd_fail(&r, PAWL_E_FORM, "label");
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "challenge", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_challenge_req_write(const struct pawl_challenge_req *m, struct pawl_wr *w,
                                     struct pawl_err *err)
{
    struct pawl_wr            out = *w;
    struct pawl_challenge_req back;
    struct pawl_view          written;

    pawl_cbor_wr_map(&out, 3);
    pawl_cbor_wr_uint(&out, 1);
    pawl_cbor_wr_text_n(&out, m->tenant);
    pawl_cbor_wr_uint(&out, 2);
    pawl_cbor_wr_bytes(&out, m->device_id);
    pawl_cbor_wr_uint(&out, 3);
    pawl_cbor_wr_text(&out, pawl_label_text(m->label));
    PAWL_TRY(wire_written(w, &out, "challenge", &written, err));
    return wire_commit(pawl_challenge_req_parse(written, &back, err), &out, w, err);
}

/* ---- answer --------------------------------------------------------------------------------- */

pawl_status pawl_challenge_ans_parse(struct pawl_view in, struct pawl_challenge_ans *ret,
                                     struct pawl_err *err)
{
    struct pawl_cbor_rd       r = wire_rd_from(in, PAWL_CHALLENGE_MAX);
    struct pawl_challenge_ans m = { 0 };

    pawl_cbor_rd_map(&r, "map", 3);
    pawl_cbor_rd_need(&r, 1, "nonce");
    m.nonce = pawl_cbor_rd_bytes(&r, "nonce", PAWL_NONCE, PAWL_NONCE);
    pawl_cbor_rd_need(&r, 2, "pcrs");
    struct pawl_view pcrs = wire_rd_pcrs(&r, "pcrs");
    pawl_cbor_rd_need(&r, 3, "suites");
    m.suites = wire_rd_suites(&r, "suites");
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "challenge", pawl_cbor_rd_end(&r, err)));
    PAWL_TRY(pawl_under(err, "challenge.pcrs", pawl_pcr_selection_parse(pcrs, &m.pcrs, err)));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_challenge_ans_write(const struct pawl_challenge_ans *m, struct pawl_wr *w,
                                     struct pawl_err *err)
{
    struct pawl_wr            out = *w;
    struct pawl_challenge_ans back;
    struct pawl_view          written;

    pawl_cbor_wr_map(&out, 3);
    pawl_cbor_wr_uint(&out, 1);
    pawl_cbor_wr_bytes(&out, m->nonce);
    pawl_cbor_wr_uint(&out, 2);
    wire_wr_pcrs(&out, &m->pcrs);
    pawl_cbor_wr_uint(&out, 3);
    wire_wr_suites(&out, &m->suites);
    PAWL_TRY(wire_written(w, &out, "challenge", &written, err));
    return wire_commit(pawl_challenge_ans_parse(written, &back, err), &out, w, err);
}
