/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that were not served and come again, when an agent would (agent/schedule.h). */
#ifndef BENCH_WAITING_H
#define BENCH_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One device that wants something: the place'th that the load began with. */
struct want {
    size_t   place;
    uint64_t begin_us; /* since when */
    uint64_t at_us;    /* not before */
    unsigned tries;    /* that failed */
};

struct waiting {
    size_t       n, cap;
    struct want *want; /* a heap: none is due before the first */
};

/* It failed once more; the verifier asked for so much time, 0 without. */
void waiting_put(struct waiting *w, struct want want, uint64_t told_s, uint64_t now_us);
/* False: none is due. */
bool waiting_take(struct waiting *w, uint64_t now_us, struct want *ret);
void waiting_done(struct waiting *w);

#endif
