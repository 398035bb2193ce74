/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices whose entries the receiver refuses: as the store has them, in memory. Bounded: where it
 * is full, the feed waits instead.
 */
#ifndef VERIFIER_HOOK_PARKING_H
#define VERIFIER_HOOK_PARKING_H

#include "store/store.h"

enum { PARKED_MAX = 256 };

struct parked {
    struct parked_row row;
    uint64_t          limit; /* entries of its next page */
};

struct parking {
    size_t        n;
    struct parked at[PARKED_MAX];
};

/* What the store has. FULL: more than PARKED_MAX. */
PAWL_MUST_USE pawl_status parking_read(const struct store *store, struct pawl_view tenant,
                                       const char *consumer, struct parking *ret,
                                       struct pawl_err *err);
/* After a step with this row became durable. */
void parking_follow(struct parking *p, const struct parked_row *row);

bool parking_is_full(const struct parking *p);
/* arg: a parking. For a page's filter. */
bool parking_has(const uint8_t device[PAWL_DEVICE_ID], const void *arg);
/* The one that is due for the longest time; NULL: none is due. */
struct parked *parking_due(struct parking *p, int64_t now_s);

#endif
