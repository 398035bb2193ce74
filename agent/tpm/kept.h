/* SPDX-License-Identifier: Apache-2.0 */
/* Inside agent/tpm: children of the SRK that live in a file, loaded when they are used. */
#ifndef AGENT_TPM_KEPT_H
#define AGENT_TPM_KEPT_H

#include "tpm/object.h"
#include "tpm/session.h"

/* Bytes of a file, taken apart; views point into them. */
struct kept {
    struct pawl_view private;
    struct pawl_view      area; /* TPMT_PUBLIC */
    struct pawl_keyedhash pub;
};

/* TPM2B_PRIVATE and TPM2B_PUBLIC, one after the other. FORM if they are not. */
PAWL_MUST_USE pawl_status kept_parse(const struct tpm_sealed *in, struct kept *ret,
                                     struct pawl_err *err);
PAWL_MUST_USE pawl_status kept_write(struct pawl_view private, struct pawl_view area,
                                     struct tpm_sealed *ret, struct pawl_err *err);

/* TPM2_Load below the SRK. FORGED if this TPM did not make it, or its bytes were changed. *ret must
 * be zero. */
PAWL_MUST_USE pawl_status kept_load(struct session *s, const struct kept *k, struct loaded *ret,
                                    struct pawl_err *err);

#endif
