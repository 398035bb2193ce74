/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the PCR files of tpm2_quote: counts and sizes that lead out of their arrays, values that
 * stand beside another PCR than the quoted one. The first byte says which PCRs were quoted.
 */

#include "ctl/tpm2_tools.h"
#include "fuzz.h"

static const struct pawl_pcr_selection quoted[] = {
    { 1, { { PAWL_SHA256, 0x0000ff } } },
    { 2, { { PAWL_SHA1, 0x000010 }, { PAWL_SHA256, 0x8001ff } } },
    { 4,
      { { PAWL_SHA1, 0xffffff },
        { PAWL_SHA256, 0xffffff },
        { PAWL_SHA384, 0xffffff },
        { PAWL_SHA512, 0xffffff } } },
    { 2, { { PAWL_SHA384, 0 }, { PAWL_SHA512, 1 } } },
    { 0 },
};
enum { SELECTIONS = sizeof(quoted) / sizeof(quoted[0]) };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_pcr_values v;
    struct pawl_digest     digest;
    struct pawl_err        err = { 0 };

    if (n == 0)
        return 0;
    const struct pawl_pcr_selection *q = &quoted[p[0] % SELECTIONS];
    FUZZ_POISON(&v);
    pawl_status s = tpm2_pcrs_read(pawl_view(p + 1, n - 1), q, &v, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &v);
        return 0;
    }
    FUZZ_HOLDS(v.n <= PAWL_PCR_VALUES_MAX);
    for (size_t i = 0; i < v.n; i++)
        FUZZ_HOLDS(v.value[i].n <= PAWL_HASH_MAX);
    /* What has a digest is one value of its bank's length for each quoted PCR. */
    if (!pawl_is_ok(pawl_pcr_digest(PAWL_SHA256, q, &v, &digest, &err)))
        return 0;
    FUZZ_HOLDS(v.n == pawl_pcr_selection_count(q));
    for (size_t i = 0; i < q->n; i++)
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            const struct pawl_digest *d = pawl_pcr_value(q, &v, q->bank[i].hash, pcr);
            FUZZ_HOLDS(!d == !(q->bank[i].bits >> pcr & 1));
            FUZZ_HOLDS(!d || d->n == pawl_hash_n(q->bank[i].hash));
        }
    return 0;
}
