/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at TPMT_PUBLIC: a read beyond the input, a key that is none, a structure that tss2-mu reads
 * otherwise, a template that passes for more than its own bytes.
 */

#include "fuzz.h"
#include "tss_agrees.h"

static void template_is_these_bytes(const struct pawl_tpm_public *pub, enum pawl_template t)
{
    uint8_t         b[PAWL_PUBLIC_MAX];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));
    struct pawl_err err;

    if (!pawl_is_ok(pawl_template_check(t, pub, &err)))
        return;
    FUZZ_HOLDS(pawl_is_ok(pawl_template_write(t, &pub->key, &w, &err)));
    FUZZ_HOLDS(pawl_view_equal(pawl_view(w.p, w.n), pub->bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_view       in = pawl_view(p, n);
    struct pawl_tpm_public pub;
    struct pawl_name       name;
    struct pawl_err        err;

    if (!pawl_is_ok(pawl_tpm_public_parse(in, &pub, &err)))
        return 0;
    FUZZ_HOLDS(pawl_view_equal(pub.bytes, in));
    FUZZ_HOLDS(pawl_is_ok(pawl_public_check(&pub.key, &err)));
    FUZZ_HOLDS(pawl_is_ok(pawl_tpm_name(&pub, &name, &err)));
    for (int t = PAWL_TEMPLATE_NONE + 1; t < PAWL_TEMPLATE_COUNT; t++)
        template_is_these_bytes(&pub, (enum pawl_template)t);
    FUZZ_HOLDS(tss_agrees_public(in));
    return 0;
}
