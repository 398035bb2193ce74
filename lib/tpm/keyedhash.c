/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPMT_PUBLIC (Part 2, 12.2.4) of type KEYEDHASH with nameAlg SHA-256: sealed data and HMAC keys.
 *
 * There is nothing to hold such an area against but itself: unique is a hash over a secret. So who
 * uses one compares attributes, policy and scheme with what the object is to be.
 */

#include <pawl/tpm.h>

enum { SHA256_N = 32 };

pawl_status pawl_keyedhash_parse(struct pawl_view in, struct pawl_keyedhash *ret,
                                 struct pawl_err *err)
{
    struct pawl_rd        r = pawl_rd_from(in);
    struct pawl_keyedhash k = { 0 };

    if (pawl_rd_u16(&r, "type") != PAWL_TPM_ALG_KEYEDHASH)
        pawl_rd_fail(&r, PAWL_E_UNSUPPORTED, "type");
    if (pawl_rd_u16(&r, "nameAlg") != PAWL_TPM_ALG_SHA256)
        pawl_rd_fail(&r, PAWL_E_UNSUPPORTED, "nameAlg");
    k.attributes = pawl_rd_u32(&r, "objectAttributes");
    k.policy = pawl_rd_tpm2b(&r, "authPolicy", SHA256_N);
    if (k.policy.n != 0 && k.policy.n != SHA256_N)
        pawl_rd_fail(&r, PAWL_E_RANGE, "authPolicy");
    uint16_t scheme = pawl_rd_u16(&r, "parameters.keyedHashDetail.scheme");
    k.hmac = scheme == PAWL_TPM_ALG_HMAC;
    if (!k.hmac && scheme != PAWL_TPM_ALG_NULL)
        pawl_rd_fail(&r, PAWL_E_UNSUPPORTED, "parameters.keyedHashDetail.scheme");
    if (k.hmac && pawl_rd_u16(&r, "parameters.keyedHashDetail.hashAlg") != PAWL_TPM_ALG_SHA256)
        pawl_rd_fail(&r, PAWL_E_UNSUPPORTED, "parameters.keyedHashDetail.hashAlg");
    k.unique = pawl_rd_tpm2b(&r, "unique.keyedHash", SHA256_N);
    if (k.unique.n != SHA256_N)
        pawl_rd_fail(&r, PAWL_E_RANGE, "unique.keyedHash");
    PAWL_TRY(pawl_rd_end(&r, err));

    *ret = k;
    return pawl_ok();
}

pawl_status pawl_keyedhash_write(const struct pawl_keyedhash *k, struct pawl_wr *w,
                                 struct pawl_err *err)
{
    if (k->policy.n != 0 && k->policy.n != SHA256_N)
        return pawl_fail(err, PAWL_E_RANGE, "authPolicy", "%zu bytes", k->policy.n);
    if (k->unique.n != SHA256_N)
        return pawl_fail(err, PAWL_E_RANGE, "unique.keyedHash", "%zu bytes", k->unique.n);
    pawl_wr_u16(w, PAWL_TPM_ALG_KEYEDHASH);
    pawl_wr_u16(w, PAWL_TPM_ALG_SHA256);
    pawl_wr_u32(w, k->attributes);
    pawl_wr_tpm2b(w, k->policy);
    pawl_wr_u16(w, k->hmac ? PAWL_TPM_ALG_HMAC : PAWL_TPM_ALG_NULL);
    if (k->hmac)
        pawl_wr_u16(w, PAWL_TPM_ALG_SHA256);
    pawl_wr_tpm2b(w, k->unique);
    if (w->full)
        return pawl_fail(err, PAWL_E_FULL, "publicArea", "does not fit into %zu bytes", w->cap);
    return pawl_ok();
}
