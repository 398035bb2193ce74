/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at TPMT_SIGNATURE: a read beyond the input, an algorithm outside the three, lengths that do
 * not fit the algorithm, a structure that tss2-mu reads otherwise.
 */

#include "fuzz.h"
#include "tss_agrees.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_tpm_signature sig;
    struct pawl_err           err;

    if (!pawl_is_ok(pawl_tpm_signature_parse(pawl_view(p, n), &sig, &err)))
        return 0;
    FUZZ_HOLDS(sig.alg > PAWL_SIG_NONE && sig.alg < PAWL_SIG_COUNT);
    FUZZ_HOLDS(sig.hash >= PAWL_SHA256 && sig.hash < PAWL_HASH_COUNT);
    FUZZ_HOLDS(sig.n <= sizeof(sig.b));
    FUZZ_HOLDS(sig.alg != PAWL_SIG_ECDSA || sig.n == 64 || sig.n == 96);
    FUZZ_HOLDS(tss_agrees_signature(pawl_view(p, n)));
    return 0;
}
