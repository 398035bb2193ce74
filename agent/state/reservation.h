/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that are used once: attempts of requests, slots (seq) and generations of the uplink. One
 * small file holds how far each is reserved.
 *
 * Invariants
 *  1. A number is inside a reservation on disk before it is used (D1, D3), so a power cut or a kill
 *     can waste numbers and never repeat one.
 *  2. After a start all three continue past the reservation. Attempt 0, seq 0 are never used.
 *  3. The first slot of the present run stands in the file before the slot is used: with it the
 *     sent log knows where an unlogged tail can begin (D2).
 *
 * Spec: docs/protocol.md, sections "Attestation" (P-ATT-2) and "Durable before sent".
 */
#ifndef AGENT_STATE_RESERVATION_H
#define AGENT_STATE_RESERVATION_H

#include <pawl/base.h>

#define RESERVATION_FILE     "reservation.json"
#define RESERVATION_ATTEMPTS 64
#define RESERVATION_SLOTS    256
#define RESERVATION_GENS     8            /* a block of slots fills at least four */
#define RESERVATION_LOST     (1ull << 32) /* attempts skipped after a loss of state */

struct reservation {
    uint64_t attempt_next, attempt_reserved; /* reserved: up to and with it, on disk */
    uint64_t seq_next, seq_reserved;
    uint64_t run_first;    /* first slot that this run may use */
    uint64_t epoch;        /* that gens are reserved for */
    uint32_t gen_reserved; /* generations below it may have been used in that epoch */
    uint64_t before_first; /* of the last run that reserved slots, as the file had it .. */
    uint64_t before_hi;    /* .. and how far it had; both 0: there was none */
};

/* Reads the file; without one everything begins at 1 (gens at 0). FORM, RANGE, TRAILING or ABSENT
 * for a file that is none, with the member's name in err->where. Writes nothing. */
PAWL_MUST_USE pawl_status reservation_open(int dir, struct reservation *ret, struct pawl_err *err);

/* Each gets the next number, reserved. RANGE at the end of the numbers; on failure nothing is used.
 */
PAWL_MUST_USE pawl_status reservation_attempt(int dir, struct reservation *r, uint64_t *ret,
                                              struct pawl_err *err);
PAWL_MUST_USE pawl_status reservation_seq(int dir, struct reservation *r, uint64_t *ret,
                                          struct pawl_err *err);
/* Generation gen of this epoch is about to be used. Another epoch than the file's begins anew, and
 * so does generation 0: it is that of another root. */
PAWL_MUST_USE pawl_status reservation_gen(int dir, struct reservation *r, uint64_t epoch,
                                          uint32_t gen, struct pawl_err *err);
/* The first generation of this epoch that no run can have used. */
uint32_t reservation_gen_first(const struct reservation *r, uint64_t epoch);

/* Continues above last, which the verifier has signed. *ret_lost: last is above all that we ever
 * reserved, so this state is not the one that used it, and nobody knows what else that one sent: it
 * goes on RESERVATION_LOST higher. RANGE if there is no number above. */
PAWL_MUST_USE pawl_status reservation_above(struct reservation *r, uint64_t last, bool *ret_lost,
                                            struct pawl_err *err);
/* Slots continue at floor, if that is further: durable when it returns. The sent log was flushed or
 * forgotten before: run_first is floor now. */
PAWL_MUST_USE pawl_status reservation_floor(int dir, struct reservation *r, uint64_t floor,
                                            struct pawl_err *err);

#endif
