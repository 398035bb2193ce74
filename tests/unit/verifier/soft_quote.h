/* SPDX-License-Identifier: Apache-2.0 */
/* What a TPM says after a boot: the PCRs that an event log leads to, quoted. */
#ifndef SOFT_QUOTE_H
#define SOFT_QUOTE_H

#include <pawl/tpm.h>

#include "soft_eventlog.h"

struct soft_quote {
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
};

/* All PCRs in every bank of the log. */
struct soft_quote soft_quote_of(struct pawl_view log);

/* The value of one, to be changed. */
struct pawl_digest *soft_quote_pcr(struct soft_quote *q, enum pawl_hash hash, unsigned pcr);

/* What the kernel's EFI stub measures of its load options: the words go with every byte of
 * `measured`. */
struct soft_event soft_load_options(struct pawl_view measured);

/* ASCII as UTF-16LE, with this many zero bytes behind. */
struct pawl_view soft_wide(const char *text, size_t zeros);

#endif
