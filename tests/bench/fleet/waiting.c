/* SPDX-License-Identifier: Apache-2.0 */
#include "waiting.h"

#include <stdlib.h>

#include "schedule.h"

static void swap(struct want *a, struct want *b)
{
    struct want was = *a;

    *a = *b;
    *b = was;
}

static void rise(struct waiting *w, size_t i)
{
    for (; i && w->want[i].at_us < w->want[(i - 1) / 2].at_us; i = (i - 1) / 2)
        swap(&w->want[i], &w->want[(i - 1) / 2]);
}

static void sink(struct waiting *w)
{
    for (size_t i = 0, least = 0;; i = least) {
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < w->n; child++)
            if (w->want[child].at_us < w->want[least].at_us)
                least = child;
        if (least == i)
            return;
        swap(&w->want[i], &w->want[least]);
    }
}

void waiting_put(struct waiting *w, struct want want, uint64_t told_s, uint64_t now_us)
{
    if (w->n == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 1024;
        w->want = realloc(w->want, w->cap * sizeof(w->want[0]));
        if (!w->want)
            abort();
    }
    want.tries++;
    want.at_us = now_us + 1000 * schedule_retry_ms(want.tries, told_s, (uint32_t)random());
    w->want[w->n] = want;
    rise(w, w->n++);
}

bool waiting_take(struct waiting *w, uint64_t now_us, struct want *ret)
{
    if (!w->n || w->want[0].at_us > now_us)
        return false;
    *ret = w->want[0];
    w->want[0] = w->want[--w->n];
    sink(w);
    return true;
}

void waiting_done(struct waiting *w)
{
    free(w->want);
    *w = (struct waiting){ 0 };
}
