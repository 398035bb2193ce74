/* SPDX-License-Identifier: Apache-2.0 */
/* Inside agent/tpm: reading NV indices that the TPM's maker wrote. */
#ifndef AGENT_TPM_NV_H
#define AGENT_TPM_NV_H

#include "tpm/context.h"

/* Reads a whole index, at most cap bytes. ABSENT if there is no such index, or it was never
 * written; RANGE if it is longer; DENIED if neither the owner nor the empty value may read it. */
PAWL_MUST_USE pawl_status nv_read(struct tpm *t, TPM2_HANDLE index, uint8_t *ret, size_t cap,
                                  size_t *ret_n, struct pawl_err *err);

#endif
