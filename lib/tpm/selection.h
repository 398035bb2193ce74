/* SPDX-License-Identifier: Apache-2.0 */
/* A TPML_PCR_SELECTION inside another structure. */
#ifndef PAWL_TPM_SELECTION_H
#define PAWL_TPM_SELECTION_H

#include <pawl/tpm.h>

/* Reads a TPML_PCR_SELECTION where the cursor stands; good only after pawl_rd_end. */
struct pawl_pcr_selection pawl_rd_selection(struct pawl_rd *r);

#endif
