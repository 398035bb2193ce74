/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One device's ratchet in the hands of one request: read from the store, changed in memory, written
 * into the step. Whatever is not planned is forgotten.
 */
#ifndef VERIFIER_FLOW_HELD_H
#define VERIFIER_FLOW_HELD_H

#include "flow/flow.h"
#include "ratchet/ratchet.h"

struct held_generation {
    struct generation g;
    bool              changed, gone;
    bool              absent; /* the store has no row of it, and nobody made one */
};

struct held {
    struct flow             *flow;
    char                     tenant[PAWL_TENANT_MAX + 1];
    uint8_t                  device_id[PAWL_DEVICE_ID];
    struct ratchet           r;
    size_t                   n, cap;
    struct held_generation **gen; /* each stays where it is until held_done */
};

/* The ratchet of this device; an empty one if it never had a root. Release with held_done, which
 * wipes. */
PAWL_MUST_USE pawl_status held_open(struct flow *f, const struct device *d, struct held *ret,
                                    struct pawl_err *err);
/* As held_open, of the row that came with the device. */
PAWL_MUST_USE pawl_status held_take(struct flow *f, const struct device *d, const struct blob *row,
                                    struct held *ret, struct pawl_err *err);
void                      held_done(struct held *h);

/* The generation, from the store at its first use. make: a new one if there is none; else ABSENT.
 */
PAWL_MUST_USE pawl_status held_generation(struct held *h, enum pawl_dir dir, uint64_t epoch,
                                          uint32_t gen, bool make, struct held_generation **ret,
                                          struct pawl_err *err);
/* All of a direction that the store holds, oldest first. */
typedef pawl_status       held_each_fn(struct held *h, struct held_generation *g, void *arg,
                                       struct pawl_err *err);
PAWL_MUST_USE pawl_status held_each(struct held *h, enum pawl_dir dir, held_each_fn *each,
                                    void *arg, struct pawl_err *err);

/* The highest uplink slot that came, among the generations in hand: of all, behind held_each. */
uint64_t held_highest(const struct held *h);

/* Writes ratchet and changed generations into the step. */
PAWL_MUST_USE pawl_status held_plan(const struct held *h, struct step *step, struct pawl_err *err);

#endif
