/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another thread than the flows' may use of the open state: queue, inbox, and the exporter of
 * the epoch.
 *
 * Invariants
 *  1. The flows' thread lends them once the state is open, and again when an epoch is adopted; it
 *     takes them back before it closes any of them, and waits for whoever is using them.
 *  2. The other thread uses them between shared_use and shared_done alone, for a disk's time at
 *     most. The flows' thread never holds the lock while network or TPM work.
 */
#ifndef AGENT_FLOW_SHARED_H
#define AGENT_FLOW_SHARED_H

#include "state/spool.h"

struct live;
struct shared;

/* What is lent. */
struct shared_things {
    struct spool             *queue, *inbox; /* NULL with messages = off */
    uint64_t                  epoch;
    const struct pawl_secret *exporter;
    uint64_t                  opened; /* how often the state was opened: other spools, other ids */
};

PAWL_MUST_USE pawl_status shared_make(struct shared **ret, struct pawl_err *err);
void                      shared_free(struct shared **s); /* nothing is lent any more */

/* By the flows' thread; s may be NULL, where nobody else is. */
void shared_lend(struct shared *s, const struct live *l);
void shared_take_back(struct shared *s);

/* By the other thread. STATE, and why, while nothing is lent; otherwise *ret holds until
 * shared_done, which has to come on every path. */
PAWL_MUST_USE pawl_status shared_use(struct shared *s, struct shared_things *ret,
                                     struct pawl_err *err);
void                      shared_done(struct shared *s);

#endif
