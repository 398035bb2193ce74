/* SPDX-License-Identifier: Apache-2.0 */
/* Inside agent/tpm: PCR selections in ESAPI's form. */
#ifndef AGENT_TPM_PCR_H
#define AGENT_TPM_PCR_H

#include "tpm/context.h"

TPML_PCR_SELECTION pcr_selection_to_tss(const struct pawl_pcr_selection *s);

#endif
