/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the text of tpm2_pcrread: banks and PCRs out of their order, more values than there is
 * room for, lines that are no lines.
 */

#include "ctl/tpm2_tools.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
    struct pawl_digest        digest;
    struct pawl_err           err = { 0 };

    FUZZ_POISON(&select);
    FUZZ_POISON(&values);
    pawl_status s = tpm2_pcrs_text_read(pawl_view(p, n), &select, &values, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &select);
        FUZZ_REFUSED(s, &err, &values);
        return 0;
    }
    /* One value of its bank's length for each PCR. */
    FUZZ_HOLDS(select.n <= PAWL_PCR_BANKS_MAX && values.n == pawl_pcr_selection_count(&select));
    FUZZ_HOLDS(pawl_is_ok(pawl_pcr_digest(PAWL_SHA256, &select, &values, &digest, &err)));
    return 0;
}
