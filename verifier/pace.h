/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often each of many may come: so many times in a period, and some more at once after a pause.
 *
 * Memory is bounded, whoever comes: many at once push out those who used the least of their rate,
 * which then begin anew. That lets some through too many, and never one too few.
 *
 * For any thread.
 */
#ifndef VERIFIER_PACE_H
#define VERIFIER_PACE_H

#include <pawl/base.h>

struct pace;

/* n times in period_s, and up to burst at once. n 0: without a limit, and *ret is NULL, which the
 * calls below take. n at most 10^9, burst at least 1 and no more than the rate allows in a day. */
PAWL_MUST_USE pawl_status pace_make(uint64_t n, uint64_t period_s, uint64_t burst,
                                    struct pace **ret, struct pawl_err *err);
void                      pace_free(struct pace **p);

/* 0: may come, and that is counted. Otherwise the seconds after which it may. who: any number that
 * is its own. */
unsigned pace_wait(struct pace *p, uint64_t who, int64_t now_ms);

/* The number of who has 32 bytes of hash for a name. */
uint64_t pace_who(const uint8_t hash[32]);

#endif
