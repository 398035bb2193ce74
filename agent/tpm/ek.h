/* SPDX-License-Identifier: Apache-2.0 */
/* Inside agent/tpm: where the TCG puts Endorsement Keys and their certificates. */
#ifndef AGENT_TPM_EK_H
#define AGENT_TPM_EK_H

#include "tpm/context.h"

/* The TCG's persistent handle of an EK of this template. */
TPM2_HANDLE ek_handle(enum pawl_template template);

#endif
