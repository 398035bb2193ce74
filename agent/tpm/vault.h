/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM as the sealed slot sees it. */
#ifndef AGENT_TPM_VAULT_H
#define AGENT_TPM_VAULT_H

#include "state/slot.h"
#include "tpm/tpm.h"

/* Fills *ret with calls on this TPM and this NV index. It is good while t is open, and until
 * tpm_vault is called again. */
void tpm_vault(struct tpm *t, uint32_t index, struct slot_vault *ret);

#endif
