/* SPDX-License-Identifier: Apache-2.0 */
/* Inside agent/tpm: the storage key above t_D. */
#ifndef AGENT_TPM_SRK_H
#define AGENT_TPM_SRK_H

#include "tpm/context.h"

/* Our own SRK if it is there; else the TCG's if it fits; else our own is made. *ret_tr is to be
 * closed. */
PAWL_MUST_USE pawl_status srk_open(struct tpm *t, const struct tpm_keys_config *cfg,
                                   ESYS_TR *ret_tr, struct tpm_key *ret, struct pawl_err *err);

#endif
