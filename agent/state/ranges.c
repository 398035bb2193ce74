/* SPDX-License-Identifier: Apache-2.0 */
#include "state/ranges.h"

#include <string.h>

bool ranges_have(const struct ranges *r, uint64_t slot)
{
    for (size_t i = 0; i < r->n; i++)
        if (slot >= r->at[i].lo && slot <= r->at[i].hi)
            return true;
    return false;
}

static bool apart(struct pawl_range low, struct pawl_range high)
{
    return low.hi < high.lo && high.lo - low.hi > 1;
}

static void remove_at(struct ranges *r, size_t i)
{
    memmove(&r->at[i], &r->at[i + 1], (r->n - i - 1) * sizeof(*r->at));
    r->n--;
}

void ranges_add(struct ranges *r, uint64_t lo, uint64_t hi)
{
    struct pawl_range add = { lo, hi };
    size_t            i = 0;

    while (i < r->n) {
        if (apart(r->at[i], add)) {
            i++;
            continue;
        }
        if (apart(add, r->at[i]))
            break;
        if (r->at[i].lo < add.lo)
            add.lo = r->at[i].lo;
        if (r->at[i].hi > add.hi)
            add.hi = r->at[i].hi;
        remove_at(r, i);
    }
    memmove(&r->at[i + 1], &r->at[i], (r->n - i) * sizeof(*r->at));
    r->at[i] = add;
    r->n++;
    if (r->n > RANGES_MAX) {
        r->at[1].lo = r->at[0].lo;
        remove_at(r, 0);
    }
}
