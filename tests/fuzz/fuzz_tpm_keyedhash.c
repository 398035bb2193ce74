/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at TPMT_PUBLIC of keyed-hash objects: a read beyond the input, a second encoding of one
 * object, a structure that tss2-mu reads otherwise or our other parser takes as well.
 */

#include "fuzz.h"
#include "tss_agrees.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_view       in = pawl_view(p, n);
    uint8_t                b[PAWL_PUBLIC_MAX];
    struct pawl_wr         w = pawl_wr_to(b, sizeof(b));
    struct pawl_keyedhash  k;
    struct pawl_tpm_public key;
    struct pawl_err        err;

    FUZZ_POISON(&k);
    pawl_status s = pawl_keyedhash_parse(in, &k, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &k);
        return 0;
    }
    FUZZ_HOLDS(pawl_is_ok(pawl_keyedhash_write(&k, &w, &err)));
    FUZZ_HOLDS(pawl_view_equal(pawl_view(w.p, w.n), in));
    FUZZ_HOLDS(!pawl_is_ok(pawl_tpm_public_parse(in, &key, &err)));
    FUZZ_HOLDS(tss_agrees_keyedhash(in));
    return 0;
}
