/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at TPM2B_ECC_POINT: a read beyond the input, a Z of another length, or of no point.
 */

#include "fuzz.h"

#include <pawl/tpm.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_secret z;
    struct pawl_err    err;

    FUZZ_POISON(&z);
    pawl_status s = pawl_tpm_z_parse(pawl_view(p, n), &z, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &z);
        return 0;
    }
    FUZZ_HOLDS(z.n == 32);
    FUZZ_HOLDS(n >= 6 && n <= 70);
    return 0;
}
