/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at TPMS_ATTEST: a read beyond the input, bytes that are a quote and a certification at once,
 * a structure that tss2-mu reads otherwise.
 */

#include "fuzz.h"
#include "tss_agrees.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_view    in = pawl_view(p, n);
    struct pawl_quote   q;
    struct pawl_certify c;
    struct pawl_err     err;
    bool                is_quote = pawl_is_ok(pawl_quote_parse(in, &q, &err));
    bool                is_certify = pawl_is_ok(pawl_certify_parse(in, &c, &err));

    FUZZ_HOLDS(!is_quote || !is_certify);
    FUZZ_HOLDS(tss_agrees_attest(in));
    return 0;
}
