/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number of each request that a quote covers: one u64 for all labels, used once.
 *
 * Invariants
 *  1. A number is inside a reservation on disk before it is used (D3), so a power cut or a kill can
 *     waste numbers and never repeat one.
 *  2. After a start the first number is past the last reservation. 0 is never used.
 *
 * Spec: docs/protocol.md, section "Attestation", P-ATT-2.
 */
#ifndef AGENT_STATE_ATTEMPTS_H
#define AGENT_STATE_ATTEMPTS_H

#include <pawl/base.h>

#define ATTEMPTS_FILE  "attempts.json"
#define ATTEMPTS_BLOCK 64
#define ATTEMPTS_LOST  (1ull << 32) /* skipped after a loss: what was sent and never accepted */

struct attempts {
    uint64_t next;     /* to be used */
    uint64_t reserved; /* all numbers up to and with this one are reserved on disk */
};

/* Reads the reservation; without a file the first number is 1. FORM, RANGE, TRAILING or ABSENT for
 * a file that is no reservation, with the member's name in err->where. */
PAWL_MUST_USE pawl_status attempts_open(int dir, struct attempts *ret, struct pawl_err *err);

/* *ret gets the next number, reserved. RANGE at the end of the numbers; on failure nothing is
 * used. */
PAWL_MUST_USE pawl_status attempts_take(int dir, struct attempts *a, uint64_t *ret,
                                        struct pawl_err *err);

/* Continues above last, which the verifier has signed. *ret_lost: last is above all that we ever
 * reserved, so this state is not the one that used it, and nobody knows what else that one sent: it
 * goes on ATTEMPTS_LOST higher. RANGE if there is no number above. */
PAWL_MUST_USE pawl_status attempts_above(struct attempts *a, uint64_t last, bool *ret_lost,
                                         struct pawl_err *err);

#endif
