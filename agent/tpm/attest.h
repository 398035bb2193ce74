/* SPDX-License-Identifier: Apache-2.0 */
/* Inside agent/tpm: what an attesting command answers. */
#ifndef AGENT_TPM_ATTEST_H
#define AGENT_TPM_ATTEST_H

#include "tpm/context.h"

/* Our bytes as the TPM's qualifying data. RANGE if they are too long. */
PAWL_MUST_USE pawl_status attest_nonce(struct pawl_view nonce, TPM2B_DATA *ret,
                                       struct pawl_err *err);

/* TPMS_ATTEST and TPMT_SIGNATURE as they travel; both parse by libpawl's rules. */
PAWL_MUST_USE pawl_status attest_take(const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *sig,
                                      struct tpm_signed *ret, struct pawl_err *err);

#endif
