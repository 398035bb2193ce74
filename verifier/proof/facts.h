/* SPDX-License-Identifier: Apache-2.0 */
/* A proof whose parts were held against each other, and what it then says. Inside proof/. */
#ifndef VERIFIER_PROOF_FACTS_H
#define VERIFIER_PROOF_FACTS_H

#include "proof/proof.h"

struct proof_facts {
    const struct proof *p;
    struct pawl_a1      a1[PROOF_QUOTES_MAX]; /* each signed by the AK */
    struct pawl_clock   clock[PROOF_QUOTES_MAX];
    uint8_t             th1[PROOF_QUOTES_MAX][32];
    bool                attested[PROOF_GENS_MAX]; /* these leaves have the digest that A1 names */
    struct pawl_receipt receipt;                  /* without bytes: gen_n and seq_hi are 0 */
    uint8_t             receipt_hash[32];
};

/* What A1 lists of a generation; NULL. */
const struct pawl_snd_gen *proof_sent(const struct pawl_a1 *a1, uint64_t epoch, uint32_t gen);
const struct pawl_rcv_gen *proof_received(const struct pawl_a1 *a1, uint64_t epoch, uint32_t gen);

/* Adds one sentence; the proof is at least as strong as it. */
void proof_say(struct proof_said *s, enum proof_strength strength, const char *fmt, ...)
    PAWL_PRINTF(3, 4);

/* One finding of E3. FORGED as below. */
PAWL_MUST_USE pawl_status proof_judge_sent(const struct proof_facts  *f,
                                           const struct finding_slot *s, struct proof_said *ret,
                                           struct pawl_err *err);

/* What all of it proves, in sentences. FORGED if a finding contradicts the leaves. */
PAWL_MUST_USE pawl_status proof_judge(const struct proof_facts *f, struct proof_said *ret,
                                      struct pawl_err *err);

#endif
