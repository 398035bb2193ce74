/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NV counter: a number in the TPM that only grows.
 *
 * Invariants
 *  1. Never ORDERLY: such a counter lives in RAM and jumps at a power cut, and what is sealed to
 *     its value would be lost with it (P-KEY-10).
 *  2. NO_DA: a power cut in the middle of a use is not counted as a failed authorisation.
 *  3. An index that differs from ours in one bit is not used and not touched (P-KEY-10).
 *
 * A TPM gives a new counter a first value above that of every counter it ever had (Part 3,
 * TPM2_NV_Increment), so removing and defining it again brings no old value back.
 */

#include <inttypes.h>
#include <string.h>

#include "tpm/counter.h"
#include "tpm/session.h"

static const TPMA_NV attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA |
                                  TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT;

/* ---- public area ---------------------------------------------------------------------------- */

/* TPMS_NV_PUBLIC of our counter, whole (Part 2, 13.6), and its Name. */
struct shape {
    size_t           n;
    uint8_t          area[32];
    struct pawl_name name;
};

static pawl_status expect(uint32_t index, bool written, struct shape *ret, struct pawl_err *err)
{
    struct pawl_wr   w = pawl_wr_to(ret->area, sizeof(ret->area));
    struct pawl_view area;

    pawl_wr_u32(&w, index);
    pawl_wr_u16(&w, PAWL_TPM_ALG_SHA256);
    pawl_wr_u32(&w, attributes | (written ? TPMA_NV_WRITTEN : 0));
    pawl_wr_tpm2b(&w, pawl_view(NULL, 0)); /* authPolicy */
    pawl_wr_u16(&w, COUNTER_N);
    PAWL_TRY(pawl_wr_end(&w, "nvPublic", &area, err));
    ret->n = area.n;
    return pawl_name_of(PAWL_SHA256, area, &ret->name, err);
}

/* Holds the answer of TPM2_NV_ReadPublic against the two areas that the counter may have. */
static pawl_status judge(struct pawl_view response, uint32_t index, bool *ret_written,
                         struct pawl_err *err)
{
    struct pawl_rd   r = pawl_rd_from(response);
    struct pawl_view area = pawl_rd_tpm2b(&r, "nvPublic", sizeof(TPMS_NV_PUBLIC));
    struct pawl_view name = pawl_rd_tpm2b(&r, "nvName", PAWL_NAME_MAX);
    struct shape     s;

    PAWL_TRY(pawl_under(err, "TPM2_NV_ReadPublic", pawl_rd_end(&r, err)));
    for (int written = 0; written <= 1; written++) {
        PAWL_TRY(expect(index, written, &s, err));
        if (!pawl_view_equal(area, pawl_view(s.area, s.n)))
            continue;
        if (!pawl_view_equal(name, pawl_name_view(&s.name)))
            return pawl_fail(err, PAWL_E_FORGED, "TPM2_NV_ReadPublic.nvName",
                             "is not that of the public area");
        *ret_written = written;
        return pawl_ok();
    }
    return pawl_fail(err, PAWL_E_CONFLICT, "counter",
                     "0x%08x is an NV index of another kind: configure another one, or remove it",
                     index);
}

void counter_close(struct counter *c)
{
    if (c->t && c->tr != ESYS_TR_NONE)
        Esys_TR_Close(c->t->esys, &c->tr);
    c->t = NULL;
}

pawl_status counter_find(struct tpm *t, uint32_t index, struct counter *ret, struct pawl_err *err)
{
    TPM_COUNTER      c = { .t = t, .tr = ESYS_TR_NONE };
    bool             there = false;
    struct pawl_view response = { 0 };

    if (index >> TPM2_HR_SHIFT != TPM2_HT_NV_INDEX)
        return pawl_fail(err, PAWL_E_RANGE, "counter", "0x%08x is no NV index", index);
    PAWL_TRY(tpm_has_handle(t, index, &there, err));
    if (!there)
        return pawl_fail(err, PAWL_E_ABSENT, "counter", "no NV index 0x%08x", index);
    PAWL_TRY(tpm_rc(
        Esys_TR_FromTPMPublic(t->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &c.tr),
        "TPM2_NV_ReadPublic", err));
    PAWL_TRY(tpm_last_response(t, &response, err));
    PAWL_TRY(judge(response, index, &c.written, err));
    *ret = c;
    c.t = NULL; /* handed over */
    return pawl_ok();
}

/* ---- policy --------------------------------------------------------------------------------- */

/* Part 3, 23.9, from an empty policy:
 *   args   = H(operandB || offset || operation)
 *   policy = H(0..0 || TPM_CC_PolicyNV || args || Name of the index)
 * The index has a value, so its Name is that of a written one. */
pawl_status counter_policy(uint32_t index, uint64_t value, uint8_t ret[32], struct pawl_err *err)
{
    uint8_t            compared[COUNTER_N + 4], args[32], start[32 + 4] = { 0 };
    struct pawl_wr     c = pawl_wr_to(compared, sizeof(compared));
    struct pawl_wr     cc = pawl_wr_to(start + 32, 4);
    struct shape       s;
    struct pawl_view   written;
    struct pawl_digest digest;

    pawl_wr_u64(&c, value);
    pawl_wr_u16(&c, 0); /* offset */
    pawl_wr_u16(&c, TPM2_EO_EQ);
    PAWL_TRY(pawl_wr_end(&c, "args", &written, err));
    PAWL_TRY(pawl_sha256(written, args, err));
    PAWL_TRY(expect(index, true, &s, err));
    pawl_wr_u32(&cc, TPM2_CC_PolicyNV);
    const struct pawl_view parts[] = { PAWL_VIEW_OF(start), PAWL_VIEW_OF(args),
                                       pawl_name_view(&s.name) };
    PAWL_TRY(pawl_hash(PAWL_SHA256, parts, 3, &digest, err));
    memcpy(ret, digest.b, 32);
    return pawl_ok();
}

/* ---- commands ------------------------------------------------------------------------------- */

/* An index of our shape may still have a password that is not ours. NO_DA: the try costs nothing.
 */
pawl_status counter_rc(TSS2_RC rc, const char *command, struct pawl_err *err)
{
    if (tpm_rc_is(rc, TPM2_RC_BAD_AUTH) || tpm_rc_is(rc, TPM2_RC_AUTH_FAIL))
        return pawl_fail(err, PAWL_E_CONFLICT, "counter",
                         "the index has a password, so it is another program's");
    return tpm_rc(rc, command, err);
}

static pawl_status define(struct session *s, uint32_t index, struct pawl_err *err)
{
    static const TPM2B_AUTH no_auth;
    const TPM2B_NV_PUBLIC   area = { .nvPublic = { .nvIndex = index,
                                                   .nameAlg = TPM2_ALG_SHA256,
                                                   .attributes = attributes,
                                                   .dataSize = COUNTER_N } };
    ESYS_TR                 tr = ESYS_TR_NONE;

    TSS2_RC rc = Esys_NV_DefineSpace(s->t->esys, ESYS_TR_RH_OWNER, s->tr, ESYS_TR_NONE,
                                     ESYS_TR_NONE, &no_auth, &area, &tr);
    if (tpm_rc_is(rc, TPM2_RC_NV_SPACE))
        return pawl_fail(err, PAWL_E_FULL, "TPM2_NV_DefineSpace",
                         "the TPM has no room for a counter: remove an NV index (tpm2_nvundefine)");
    if (tpm_rc_is(rc, TPM2_RC_NV_DEFINED))
        return pawl_fail(err, PAWL_E_CONFLICT, "counter",
                         "another program took 0x%08x in the meantime", index);
    PAWL_TRY(tpm_rc_of_hierarchy(rc, "TPM2_NV_DefineSpace", "owner", err));
    Esys_TR_Close(s->t->esys, &tr);
    return pawl_ok();
}

static pawl_status increment(struct session *s, struct counter *c, struct pawl_err *err)
{
    return counter_rc(
        Esys_NV_Increment(c->t->esys, c->tr, c->tr, s->tr, ESYS_TR_NONE, ESYS_TR_NONE),
        "TPM2_NV_Increment", err);
}

/* The session's HMAC says that this value is the TPM's, and of now. */
static pawl_status read_value(struct session *s, struct counter *c, uint64_t *ret,
                              struct pawl_err *err)
{
    struct pawl_view response = { 0 };

    PAWL_TRY(counter_rc(Esys_NV_Read(c->t->esys, c->tr, c->tr, s->tr, ESYS_TR_NONE, ESYS_TR_NONE,
                                     COUNTER_N, 0, NULL),
                        "TPM2_NV_Read", err));
    PAWL_TRY(tpm_last_response(c->t, &response, err));
    struct pawl_rd   r = pawl_rd_from(response);
    struct pawl_view data = pawl_rd_tpm2b(&r, "data", COUNTER_N);
    PAWL_TRY(pawl_under(err, "TPM2_NV_Read", pawl_rd_end(&r, err)));
    r = pawl_rd_from(data);
    uint64_t value = pawl_rd_u64(&r, "data");
    PAWL_TRY(pawl_under(err, "TPM2_NV_Read", pawl_rd_end(&r, err)));
    *ret = value;
    return pawl_ok();
}

static pawl_status find_or_make(struct session *s, uint32_t index, bool make, struct counter *ret,
                                struct pawl_err *err)
{
    pawl_status found = counter_find(s->t, index, ret, err);

    if (found.code != PAWL_E_ABSENT || !make)
        return found;
    PAWL_TRY(define(s, index, err));
    return counter_find(s->t, index, ret, err);
}

pawl_status tpm_counter_open(struct tpm *t, uint32_t index, bool make, uint64_t *ret_value,
                             struct pawl_err *err)
{
    TPM_SESSION s = { 0 };
    TPM_COUNTER c = { 0 };

    PAWL_TRY(session_hmac(t, SESSION_PLAIN, &s, err));
    PAWL_TRY(find_or_make(&s, index, make, &c, err));
    /* A power cut may have come between the two steps of making it. */
    if (!c.written && !make)
        return pawl_fail(err, PAWL_E_ABSENT, "counter", "0x%08x never had a value", index);
    if (!c.written)
        PAWL_TRY(increment(&s, &c, err));
    return read_value(&s, &c, ret_value, err);
}

pawl_status tpm_counter_increment(struct tpm *t, uint32_t index, uint64_t *ret_value,
                                  struct pawl_err *err)
{
    TPM_SESSION s = { 0 };
    TPM_COUNTER c = { 0 };

    PAWL_TRY(session_hmac(t, SESSION_PLAIN, &s, err));
    PAWL_TRY(counter_find(t, index, &c, err));
    PAWL_TRY(increment(&s, &c, err));
    return read_value(&s, &c, ret_value, err);
}
