/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that appraise software: appraise_software.c and appraise_list.c. */
#ifndef VERIFIER_APPRAISE_APPRAISE_PARTS_H
#define VERIFIER_APPRAISE_APPRAISE_PARTS_H

#include "appraise/appraise.h"

/* One appraisal under way. */
struct work {
    const struct software  *s;
    struct judging         *j;
    struct known_boot      *next; /* what is to be kept */
    struct appraise_want    want;
    bool                    not_reset; /* the system booted, and the TPM goes on from before */
    enum reason             no_ima;    /* why next.ima is no evidence */
    const struct ima_state *before;    /* of this boot, attested earlier by the same rules */
};

/* The list that is known and the piece that came, replayed into the quote and judged: next.ima,
 * no_ima, before, and what is wanted of it. */
PAWL_MUST_USE pawl_status appraise_bring_list(struct work *w, struct pawl_err *err);

#endif
