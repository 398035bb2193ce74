/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to evidence whose quote verified and that was not accepted. It travels as the payload
 * of a COSE_Sign1 (pawl/cose.h); the device acts on nothing less.
 *
 *     {1: TH1, 2: code, 3: last_attempt, 4: known_epoch, 5: seq_floor_up, 6: seq_floor_down,
 *      ?7: retry_after_s}
 *
 * Spec: docs/protocol.md, section "Exchanges".
 */

#include <string.h>

#include "wire/field.h"

static const char *const text[PAWL_REFUSAL_COUNT] = {
    [PAWL_REFUSAL_NONE] = "none",
    [PAWL_REFUSAL_ATTEMPT] = "attempt",
    [PAWL_REFUSAL_UNKNOWN_BASE] = "unknown base",
    [PAWL_REFUSAL_FORKED] = "forked",
    [PAWL_REFUSAL_WAIT_FOR_APPROVAL] = "wait for approval",
    [PAWL_REFUSAL_REVOKED] = "revoked",
    [PAWL_REFUSAL_SUITE] = "suite",
    [PAWL_REFUSAL_REKEY_TOO_SOON] = "rekey too soon",
    [PAWL_REFUSAL_FULL_EVIDENCE_WANTED] = "full evidence wanted",
};

const char *pawl_refusal_text(enum pawl_refusal_code c)
{
    return text[(unsigned)c < PAWL_REFUSAL_COUNT ? c : PAWL_REFUSAL_NONE];
}

pawl_status pawl_refusal_parse(struct pawl_view in, struct pawl_refusal *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = wire_rd_from(in, PAWL_REFUSAL_MAX);
    struct pawl_refusal m = { 0 };

    pawl_cbor_rd_map(&r, "map", 7);
    pawl_cbor_rd_need(&r, 1, "TH1");
    struct pawl_view th1 = pawl_cbor_rd_bytes(&r, "TH1", sizeof(m.th1), sizeof(m.th1));
    pawl_cbor_rd_need(&r, 2, "code");
    m.code = (enum pawl_refusal_code)pawl_cbor_rd_uint(&r, "code", PAWL_REFUSAL_COUNT - 1);
    if (m.code == PAWL_REFUSAL_NONE)
        pawl_cbor_rd_fail(&r, PAWL_E_RANGE, "code");
    pawl_cbor_rd_need(&r, 3, "last_attempt");
    m.last_attempt = pawl_cbor_rd_uint(&r, "last_attempt", UINT64_MAX);
    pawl_cbor_rd_need(&r, 4, "known_epoch");
    m.known_epoch = pawl_cbor_rd_uint(&r, "known_epoch", UINT64_MAX);
    pawl_cbor_rd_need(&r, 5, "seq_floor_up");
    m.seq_floor_up = pawl_cbor_rd_uint(&r, "seq_floor_up", UINT64_MAX);
    pawl_cbor_rd_need(&r, 6, "seq_floor_down");
    m.seq_floor_down = pawl_cbor_rd_uint(&r, "seq_floor_down", UINT64_MAX);
    m.has_retry = pawl_cbor_rd_key(&r, 7);
    if (m.has_retry)
        m.retry_after_s = pawl_cbor_rd_uint(&r, "retry_after_s", UINT64_MAX);
    pawl_cbor_rd_leave(&r, "map");
    PAWL_TRY(pawl_under(err, "refusal", pawl_cbor_rd_end(&r, err)));
    memcpy(m.th1, th1.p, sizeof(m.th1));
    *ret = m;
    return pawl_ok();
}

pawl_status pawl_refusal_write(const struct pawl_refusal *m, struct pawl_wr *w,
                               struct pawl_err *err)
{
    struct pawl_wr      out = *w;
    struct pawl_refusal back;
    struct pawl_view    written;

    pawl_cbor_wr_map(&out, 6u + m->has_retry);
    pawl_cbor_wr_uint(&out, 1);
    pawl_cbor_wr_bytes(&out, PAWL_VIEW_OF(m->th1));
    pawl_cbor_wr_uint(&out, 2);
    pawl_cbor_wr_uint(&out, (uint64_t)m->code);
    pawl_cbor_wr_uint(&out, 3);
    pawl_cbor_wr_uint(&out, m->last_attempt);
    pawl_cbor_wr_uint(&out, 4);
    pawl_cbor_wr_uint(&out, m->known_epoch);
    pawl_cbor_wr_uint(&out, 5);
    pawl_cbor_wr_uint(&out, m->seq_floor_up);
    pawl_cbor_wr_uint(&out, 6);
    pawl_cbor_wr_uint(&out, m->seq_floor_down);
    if (m->has_retry) {
        pawl_cbor_wr_uint(&out, 7);
        pawl_cbor_wr_uint(&out, m->retry_after_s);
    }
    PAWL_TRY(wire_written(w, &out, "refusal", &written, err));
    return wire_commit(pawl_refusal_parse(written, &back, err), &out, w, err);
}

bool pawl_is_refusal(struct pawl_view answer)
{
    enum { TAG_18 = 0xd2 };

    return answer.n > 0 && answer.p[0] == TAG_18;
}
