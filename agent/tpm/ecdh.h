/* SPDX-License-Identifier: Apache-2.0 */
/* Inside agent/tpm: Diffie-Hellman by the TPM. */
#ifndef AGENT_TPM_ECDH_H
#define AGENT_TPM_ECDH_H

#include "tpm/context.h"

/* TPM2_ECDH_ZGen with a P-256 key: the x coordinate, 32 bytes. RANGE or FORM if peer is no point of
 * the curve: the TPM never sees it then. */
PAWL_MUST_USE pawl_status ecdh_zgen(struct tpm *t, ESYS_TR key, const uint8_t peer[PAWL_POINT_P256],
                                    struct pawl_secret *ret, struct pawl_err *err);

#endif
