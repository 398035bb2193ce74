/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry boot_aggregate, with which a kernel begins its list: a hash over the PCRs that the
 * firmware and the boot loader extended. Recomputed over quoted values it ties the list to the boot
 * that was quoted (I6).
 */
#ifndef VERIFIER_APPRAISE_IMA_BOOT_H
#define VERIFIER_APPRAISE_IMA_BOOT_H

#include <pawl/tpm.h>

#include "appraise/ima.h"

enum ima_boot {
    IMA_BOOT_NONE = 0,
    IMA_BOOT_SAME,
    IMA_BOOT_UNQUOTED, /* its PCRs were not quoted: nobody can tell */
    IMA_BOOT_NO_TPM,   /* zeros: the kernel's IMA began before it had a TPM */
    IMA_BOOT_DIFFERS,
    IMA_BOOT_COUNT
};

bool ima_is_boot_aggregate(const struct ima_fields *f);

/* SHA-1 is over PCRs 0 to 7 of its bank; any other hash over 0 to 9 of its own, or 0 to 7 as
 * kernels before 5.8 did. */
PAWL_MUST_USE pawl_status ima_boot_check(const struct ima_digest         *aggregate,
                                         const struct pawl_pcr_selection *select,
                                         const struct pawl_pcr_values *values, enum ima_boot *ret,
                                         struct pawl_err *err);

#endif
