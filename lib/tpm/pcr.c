/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCR values beside a selection, and the digest that a quote signs over them.
 *
 * Values stand bank by bank in selection order, ascending inside a bank (Part 3, 18.4), each
 * exactly as long as its bank's hash: so the concatenation splits one way only.
 */

#include <pawl/tpm.h>

const struct pawl_digest *pawl_pcr_value(const struct pawl_pcr_selection *s,
                                         const struct pawl_pcr_values *v, enum pawl_hash hash,
                                         unsigned pcr)
{
    size_t at = 0;

    if (pcr >= PAWL_PCRS)
        return NULL;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t bits = s->bank[i].bits;

        if (s->bank[i].hash == hash) {
            uint32_t below = bits & ((1u << pcr) - 1);
            at += (size_t)__builtin_popcount(below);
            return bits >> pcr & 1 && at < v->n ? &v->value[at] : NULL;
        }
        at += (size_t)__builtin_popcount(bits);
    }
    return NULL;
}

pawl_status pawl_pcr_digest(enum pawl_hash alg, const struct pawl_pcr_selection *s,
                            const struct pawl_pcr_values *v, struct pawl_digest *ret,
                            struct pawl_err *err)
{
    struct pawl_view parts[PAWL_PCR_VALUES_MAX];
    size_t           at = 0, selected = pawl_pcr_selection_count(s);

    if (v->n != selected || v->n > PAWL_PCR_VALUES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "pcrValues", "%zu values for %zu selected PCRs", v->n,
                         selected);
    for (size_t i = 0; i < s->n; i++) {
        size_t n = pawl_hash_n(s->bank[i].hash);

        for (uint32_t left = s->bank[i].bits; left; left &= left - 1, at++) {
            if (v->value[at].n != n)
                return pawl_fail(err, PAWL_E_RANGE, "pcrValues", "value %zu has %zu bytes, not %zu",
                                 at, v->value[at].n, n);
            parts[at] = pawl_digest_view(&v->value[at]);
        }
    }
    return pawl_hash(alg, parts, at, ret, err);
}
