/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals on their way to the store, and the last ones by request: one for the whole process.
 *
 * Invariants
 *  1. Bounded: GATHER_ROWS rows between two writes, GATHER_SHARE of them of one network,
 * GATHER_LAST requests; what does not fit is counted and dropped. A flood costs memory once, and
 * never a row for each request.
 *  2. Safe from every thread. Only a refusal takes the lock, never a good request.
 *  3. Lost with the process: what was not written yet tells nothing that a device relies on.
 */
#ifndef VERIFIER_REFUSAL_GATHER_H
#define VERIFIER_REFUSAL_GATHER_H

#include <pawl/base.h>

#include "store/refusal_row.h"

#define GATHER_ROWS  512
#define GATHER_SHARE 64
#define GATHER_LAST  2048

struct gather;

PAWL_MUST_USE pawl_status gather_make(struct gather **ret, struct pawl_err *err);
void                      gather_free(struct gather **g);

/* One refusal: count 1, first_s == last_s, requests the one id (or empty). */
void gather_add(struct gather *g, const struct refusal_row *one);

typedef pawl_status gather_fn(const struct refusal_row *r, void *arg, struct pawl_err *err);

/* What was not written yet. Calls each under the lock. */
PAWL_MUST_USE pawl_status gather_find(struct gather *g, const char *tenant,
                                      const struct refusal_query *q, gather_fn *each, void *arg,
                                      struct pawl_err *err);
/* The refusal of this request as it was; false: it is not among the last. */
bool gather_request(struct gather *g, const char *tenant, const char *request,
                    struct refusal_row *ret);
/* Moves up to cap rows of this tenant out, to be written; how many. Sorted: of two verifiers that
 * write the same rows at once one waits for the other, and not each for each. */
size_t gather_take(struct gather *g, const char *tenant, struct refusal_row *ret, size_t cap);
/* Refusals that found no room since the start. */
uint64_t gather_dropped(struct gather *g);

/* Whether r is one that q asks for. */
bool refusal_fits(const struct refusal_row *r, const struct refusal_query *q);
/* Adds what came later to a row of the same subject and code. */
void refusal_join(struct refusal_row *r, const struct refusal_row *later);

#endif
