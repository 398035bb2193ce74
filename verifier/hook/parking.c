/* SPDX-License-Identifier: Apache-2.0 */
#include "hook/parking.h"

#include <string.h>

static struct parked *find(struct parking *p, const uint8_t device[PAWL_DEVICE_ID])
{
    for (size_t i = 0; i < p->n; i++)
        if (memcmp(p->at[i].row.device, device, PAWL_DEVICE_ID) == 0)
            return &p->at[i];
    return NULL;
}

static pawl_status add(const struct parked_row *row, void *arg, struct pawl_err *err)
{
    struct parking *p = arg;

    if (parking_is_full(p))
        return pawl_fail(err, PAWL_E_FULL, "webhook", "more than %d devices wait", PARKED_MAX);
    p->at[p->n++] = (struct parked){ .row = *row, .limit = 1 };
    return pawl_ok();
}

pawl_status parking_read(const struct store *store, struct pawl_view tenant, const char *consumer,
                         struct parking *ret, struct pawl_err *err)
{
    ret->n = 0;
    return store->parked(store->self, tenant, consumer, add, ret, err);
}

/* Whoever plans one more asks for room first. */
void parking_follow(struct parking *p, const struct parked_row *row)
{
    struct parked *one = find(p, row->device);

    if (row->gone && one)
        *one = p->at[--p->n];
    else if (one)
        one->row = *row;
    else if (!row->gone && !parking_is_full(p))
        p->at[p->n++] = (struct parked){ .row = *row, .limit = 1 };
}

bool parking_is_full(const struct parking *p)
{
    return p->n == PARKED_MAX;
}

bool parking_has(const uint8_t device[PAWL_DEVICE_ID], const void *arg)
{
    const struct parking *p = arg;

    for (size_t i = 0; i < p->n; i++)
        if (memcmp(p->at[i].row.device, device, PAWL_DEVICE_ID) == 0)
            return true;
    return false;
}

struct parked *parking_due(struct parking *p, int64_t now_s)
{
    struct parked *due = NULL;

    for (size_t i = 0; i < p->n; i++)
        if (p->at[i].row.next_s <= now_s && (!due || p->at[i].row.next_s < due->row.next_s))
            due = &p->at[i];
    return due;
}
