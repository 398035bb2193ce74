/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of slots as sorted ranges that do not touch.
 */
#ifndef AGENT_STATE_RANGES_H
#define AGENT_STATE_RANGES_H

#include <pawl/wire.h>

#define RANGES_MAX 64

struct ranges {
    size_t            n;
    struct pawl_range at[RANGES_MAX + 1]; /* one more while adding */
};

bool ranges_have(const struct ranges *r, uint64_t slot);

/* Adds lo to hi. With no room for one range more the two lowest become one, and what lay between
 * them is in the set from then on. */
void ranges_add(struct ranges *r, uint64_t lo, uint64_t hi);

#endif
