/* SPDX-License-Identifier: Apache-2.0 */
/* Inside agent/tpm: the NV counter that the sealed state hangs on. */
#ifndef AGENT_TPM_COUNTER_H
#define AGENT_TPM_COUNTER_H

#include "tpm/context.h"

enum { COUNTER_N = 8 }; /* bytes of the value */

struct counter {
    struct tpm *t;
    ESYS_TR     tr;
    bool        written; /* incremented at least once: it has a value */
};

void counter_close(struct counter *c);
#define TPM_COUNTER PAWL_CLEANUP(counter_close) struct counter

/* Finds the index; its public area is ours to the last bit. ABSENT, CONFLICT. *ret must be zero. */
PAWL_MUST_USE pawl_status counter_find(struct tpm *t, uint32_t index, struct counter *ret,
                                       struct pawl_err *err);

/* The policy "this counter stands at value" and nothing else, as TPM2_PolicyNV builds it. */
PAWL_MUST_USE pawl_status counter_policy(uint32_t index, uint64_t value, uint8_t ret[32],
                                         struct pawl_err *err);

/* What a failed command on the index becomes: CONFLICT if it has a password. */
PAWL_MUST_USE pawl_status counter_rc(TSS2_RC rc, const char *command, struct pawl_err *err);

#endif
