/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the measurement list of a boot was judged, and with what result: what the verifier keeps
 * for each device, and what rides in a ticket while a list comes in pieces.
 */
#ifndef VERIFIER_APPRAISE_IMA_STATE_H
#define VERIFIER_APPRAISE_IMA_STATE_H

#include "appraise/ima_rules.h"

#define IMA_STATE_MAX      2048 /* in its form for the store */
#define IMA_STATE_FAILURES 4    /* that are kept; the others are counted */
#define IMA_RULES_ID       8

struct ima_state {
    uint8_t          rules[IMA_RULES_ID]; /* whose judgement this is: begin anew with others */
    struct ima_place at;
    /* Nobody knows yet how this kernel extends (at.extends is NONE, and entries were passed): then
     * at.value is by its bank's own hash, and this is by the other rule; n 0: that cannot be. */
    struct pawl_digest padded;
    struct ima_judged  judged;
    struct failures    failures;
    /* Whether `at` gave a quoted value. Until then nothing of it is evidence: it is kept in a
     * ticket only, never in the store. */
    bool attested;
};

/* The start of a boot, judged by these rules. */
struct ima_state ima_state_start(uint32_t resets, enum pawl_hash bank,
                                 const uint8_t rules[IMA_RULES_ID]);

/* What came: a piece of a list, and the quote that it is held against. */
struct ima_piece {
    struct pawl_view                 list; /* may be empty: nothing new */
    uint64_t                         first;
    uint32_t                         resets;
    const struct pawl_digest        *quoted; /* PCR 10, in the bank of the state */
    const struct pawl_pcr_selection *select;
    const struct pawl_pcr_values    *values;
};

/* Goes on from *s through a piece. Where some part of it gives the quoted value: *ret is judged up
 * to there and attested; no entries at all attest nothing. Where none does: *ret stands behind the
 * piece and is not; a later piece may complete it. Entries that are no list, of another boot, or do
 * not continue: FORM, STATE ..: begin anew. rules were checked (ima_rules_check). *ret_pending:
 * entries behind the attested place. */
PAWL_MUST_USE pawl_status ima_state_go_on(const struct ima_state *s, const struct ima_rules *rules,
                                          const struct ima_piece *piece, struct ima_state *ret,
                                          uint64_t *ret_pending, struct pawl_err *err);

/* Deterministic CBOR. */
PAWL_MUST_USE pawl_status ima_state_write(const struct ima_state *s, struct pawl_wr *w,
                                          struct pawl_err *err);
PAWL_MUST_USE pawl_status ima_state_parse(struct pawl_view in, struct ima_state *ret,
                                          struct pawl_err *err);

#endif
