/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receipt: which of the device's messages the verifier received. It travels beside the EAR,
 * whose claim pawl.rcpt is its SHA-256, so the verifier's signature covers it.
 *
 *     receipt = [ "pawl/1 receipt", device_id, TH1, seq_hi,
 *                 [* [epoch, gen, first_seq, bitmap, digest]] ]
 *
 * Spec: docs/protocol.md, section "Transcript". Not here: which generations may stand in one, and
 * what the device concludes from it.
 */

#include "wire/field.h"

#define TITLE "pawl/1 receipt"

static const struct wire_rcv_fields FIELDS = {
    "generations",          "generation",        "generation.epoch",  "generation.gen",
    "generation.first_seq", "generation.bitmap", "generation.digest",
};

/* P-TR-7 */
pawl_status pawl_receipt_parse(struct pawl_view in, struct pawl_receipt *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = wire_rd_from(in, PAWL_RESULT_MAX);
    struct pawl_receipt m = { 0 };

    pawl_cbor_rd_array_of(&r, "array", 5);
    if (!pawl_view_equal(pawl_cbor_rd_text(&r, "title", sizeof(TITLE) - 1), pawl_view_str(TITLE)))
        pawl_cbor_rd_fail(&r, PAWL_E_FORM, "title");
    m.device_id = pawl_cbor_rd_bytes(&r, "device_id", PAWL_DEVICE_ID, PAWL_DEVICE_ID);
    m.th1 = pawl_cbor_rd_bytes(&r, "TH1", 32, 32);
    m.seq_hi = pawl_cbor_rd_uint(&r, "seq_hi", UINT64_MAX);
    m.gen_n = wire_rd_rcv_gens(&r, &FIELDS, m.gens, PAWL_RECEIPT_MAX);
    pawl_cbor_rd_leave(&r, "array");
    PAWL_TRY(pawl_under(err, "receipt", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_receipt_write(const struct pawl_receipt *m, struct pawl_wr *w,
                               struct pawl_err *err)
{
    struct pawl_wr      out = *w;
    struct pawl_receipt back;
    struct pawl_view    written;

    pawl_cbor_wr_array(&out, 5);
    pawl_cbor_wr_text(&out, TITLE);
    pawl_cbor_wr_bytes(&out, m->device_id);
    pawl_cbor_wr_bytes(&out, m->th1);
    pawl_cbor_wr_uint(&out, m->seq_hi);
    wire_wr_rcv_gens(&out, m->gens, m->gen_n, PAWL_RECEIPT_MAX);
    PAWL_TRY(wire_written(w, &out, "receipt", &written, err));
    return wire_commit(pawl_receipt_parse(written, &back, err), &out, w, err);
}
