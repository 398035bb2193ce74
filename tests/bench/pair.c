/* SPDX-License-Identifier: Apache-2.0 */
/* Times two kinds of work in turns, on the clock of this thread: other programs' time is not ours.
 */

#include "bench.h"

#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 401, PIECES = 16, WARM_UP = 20 };

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t round_ns(bench_work *work, void *arg, size_t first)
{
    uint64_t begin = now_ns();

    for (size_t i = 0; i < PIECES; i++)
        work(arg, first + i);
    return now_ns() - begin;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t median(uint64_t *v)
{
    qsort(v, ROUNDS, sizeof(v[0]), compare);
    return v[ROUNDS / 2];
}

void bench_pair(bench_work *ours, bench_work *floor, void *arg, struct bench_result *ret)
{
    static uint64_t our_ns[ROUNDS], floor_ns[ROUNDS], ratio[ROUNDS];

    for (size_t i = 0; i < WARM_UP; i++) {
        round_ns(ours, arg, i * PIECES);
        round_ns(floor, arg, i * PIECES);
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        /* Each round begins with the other side. */
        if (i % 2)
            floor_ns[i] = round_ns(floor, arg, i * PIECES);
        our_ns[i] = round_ns(ours, arg, i * PIECES);
        if (i % 2 == 0)
            floor_ns[i] = round_ns(floor, arg, i * PIECES);
        ratio[i] = 1000000 * floor_ns[i] / our_ns[i];
    }
    ret->ratio_milli = (unsigned)((median(ratio) + 500) / 1000);
    ret->value_ns = median(our_ns) / PIECES;
    ret->floor_ns = median(floor_ns) / PIECES;
}
