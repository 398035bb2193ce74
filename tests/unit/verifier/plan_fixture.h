/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ratchet of the verifier and requests to it: roots and boots are told apart by a number.
 */
#ifndef VERIFIER_PLAN_FIXTURE_H
#define VERIFIER_PLAN_FIXTURE_H

#include "ratchet/plan.h"
#include "t.h"

enum { NOW = 1000000 };

extern const uint8_t VERIFIER[PAWL_VERIFIER_ID];

/* A root that is told apart by its number. */
struct pawl_root root_of(uint64_t epoch, uint8_t number);
struct pawl_view kid_of(uint8_t number);
void             grant(struct ratchet *r, uint64_t epoch, uint8_t number, int64_t now_ms);
void             grant_reset(struct ratchet *r, uint64_t epoch, uint8_t number, bool by_auto);

/* Current: epoch 5, number 5. */
struct ratchet settled(void);
struct pawl_a1 request(uint64_t base_epoch, uint8_t base, uint8_t boot);

#endif
