/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPMS_ATTEST (Part 2, 10.12.12) of the two types that Pawl uses.
 *
 * magic and type are judged before the union behind them is read: another type's union is never
 * read as this one's. What is parsed here is not yet believed: signature, nonce and values are
 * judged by the caller.
 */

#include "tpm/selection.h"

struct head {
    struct pawl_view  signer;
    struct pawl_view  nonce;
    struct pawl_clock clock;
};

/* Everything before the union. */
static pawl_status rd_head(struct pawl_rd *r, uint16_t type, struct head *ret, struct pawl_err *err)
{
    uint32_t magic = pawl_rd_u32(r, "magic");
    uint16_t got = pawl_rd_u16(r, "type");

    if (r->bad)
        return pawl_rd_end(r, err);
    if (magic != PAWL_TPM_GENERATED)
        return pawl_fail(err, PAWL_E_FORGED, "magic", "0x%08x was not made inside a TPM",
                         (unsigned)magic);
    if (got != type)
        return pawl_fail(err, PAWL_E_FORGED, "type", "0x%04x is not %s", (unsigned)got,
                         type == PAWL_TPM_ST_QUOTE ? "a quote" : "a certification");
    ret->signer = pawl_rd_tpm2b(r, "qualifiedSigner", PAWL_NAME_MAX);
    ret->nonce = pawl_rd_tpm2b(r, "extraData", PAWL_EXTRA_DATA_MAX);
    ret->clock.clock_ms = pawl_rd_u64(r, "clockInfo.clock");
    ret->clock.resets = pawl_rd_u32(r, "clockInfo.resetCount");
    ret->clock.restarts = pawl_rd_u32(r, "clockInfo.restartCount");
    ret->clock.safe = pawl_rd_bool(r, "clockInfo.safe");
    ret->clock.firmware = pawl_rd_u64(r, "firmwareVersion");
    return pawl_ok();
}

pawl_status pawl_quote_parse(struct pawl_view in, struct pawl_quote *ret, struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(in);
    struct head    head = { 0 };

    PAWL_TRY(rd_head(&r, PAWL_TPM_ST_QUOTE, &head, err));
    struct pawl_quote q = { .signer = head.signer, .nonce = head.nonce, .clock = head.clock };
    q.pcrs = pawl_rd_selection(&r);
    q.digest = pawl_rd_tpm2b(&r, "pcrDigest", PAWL_HASH_MAX);
    PAWL_TRY(pawl_rd_end(&r, err));
    *ret = q;
    return pawl_ok();
}

pawl_status pawl_certify_parse(struct pawl_view in, struct pawl_certify *ret, struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(in);
    struct head    head = { 0 };

    PAWL_TRY(rd_head(&r, PAWL_TPM_ST_CERTIFY, &head, err));
    struct pawl_certify c = { .signer = head.signer, .nonce = head.nonce, .clock = head.clock };
    c.name = pawl_rd_tpm2b(&r, "name", PAWL_NAME_MAX);
    c.qualified_name = pawl_rd_tpm2b(&r, "qualifiedName", PAWL_NAME_MAX);
    PAWL_TRY(pawl_rd_end(&r, err));
    *ret = c;
    return pawl_ok();
}
