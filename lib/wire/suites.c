/* SPDX-License-Identifier: Apache-2.0 */
/* Suites: which content encryption, and whether the imported HMAC key takes part. docs/protocol.md,
 * section "Key schedule". */

#include <pawl/wire.h>

bool pawl_suite_known(uint64_t suite)
{
    uint64_t content = suite & ~(uint64_t)PAWL_SUITE_HMAC_KEY;

    return content >= PAWL_SUITE_CCM && content <= PAWL_SUITE_SIV;
}

static bool allows(const struct pawl_suites *s, uint16_t suite)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->suite[i] == suite)
            return true;
    return false;
}

uint16_t pawl_suite_choose(const struct pawl_suites *theirs, const struct pawl_suites *ours)
{
    for (size_t i = 0; i < theirs->n; i++)
        if (pawl_suite_known(theirs->suite[i]) && allows(ours, theirs->suite[i]))
            return theirs->suite[i];
    return 0;
}
