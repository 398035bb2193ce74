/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proof in software, opened and checked: what it says, with which strength, or why it is refused.
 */
#ifndef VERIFIER_PROOF_FIXTURE_H
#define VERIFIER_PROOF_FIXTURE_H

#include "soft_proof.h"
#include "t.h"

#define NO_LEAF pawl_view(NULL, 0)

enum { EPOCH = 3, GEN = 2 };

pawl_status proof_checks(const struct soft_proof *s, struct proof_said *ret, struct pawl_err *err);

/* The proof is as strong as that, and says so with these words. */
void proof_says(struct soft_proof *s, enum proof_strength strength, const char *words);
void proof_quotes_both(struct soft_proof *s);

/* A small one, so that each bit of it can be tried. */
void proof_make_small(struct soft_proof *s);

/* Slots 1 to 5 are listed; somebody else's message came for slot 4. */
void proof_make_e3(struct soft_proof *s);
void proof_make_e4(struct soft_proof *s, uint64_t verdict);

#endif
