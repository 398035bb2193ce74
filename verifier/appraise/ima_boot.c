/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/ima_boot.h"

bool ima_is_boot_aggregate(const struct ima_fields *f)
{
    return pawl_view_equal(f->path, pawl_view_str("boot_aggregate"));
}

static bool is_zero(struct pawl_view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i])
            return false;
    return true;
}

/* UNQUOTED, SAME or DIFFERS of the hash over the first `pcrs` of its bank. */
static pawl_status compare(const struct ima_digest *aggregate, unsigned pcrs,
                           const struct pawl_pcr_selection *select,
                           const struct pawl_pcr_values *values, enum ima_boot *ret,
                           struct pawl_err *err)
{
    struct pawl_view   parts[PAWL_PCRS];
    struct pawl_digest d;

    *ret = IMA_BOOT_UNQUOTED;
    for (unsigned pcr = 0; pcr < pcrs; pcr++) {
        const struct pawl_digest *v = pawl_pcr_value(select, values, aggregate->alg, pcr);
        if (!v)
            return pawl_ok();
        parts[pcr] = pawl_digest_view(v);
    }
    PAWL_TRY(pawl_hash(aggregate->alg, parts, pcrs, &d, err));
    *ret = pawl_view_equal(pawl_digest_view(&d), aggregate->bytes) ? IMA_BOOT_SAME
                                                                   : IMA_BOOT_DIFFERS;
    return pawl_ok();
}

pawl_status ima_boot_check(const struct ima_digest         *aggregate,
                           const struct pawl_pcr_selection *select,
                           const struct pawl_pcr_values *values, enum ima_boot *ret,
                           struct pawl_err *err)
{
    enum ima_boot newer = IMA_BOOT_UNQUOTED, older;

    if (is_zero(aggregate->bytes)) {
        *ret = IMA_BOOT_NO_TPM;
        return pawl_ok();
    }
    PAWL_TRY(compare(aggregate, 8, select, values, &older, err));
    if (aggregate->alg == PAWL_SHA1 || older != IMA_BOOT_DIFFERS) {
        *ret = older;
        return pawl_ok();
    }
    PAWL_TRY(compare(aggregate, 10, select, values, &newer, err));
    *ret = newer;
    return pawl_ok();
}
