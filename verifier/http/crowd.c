/* SPDX-License-Identifier: Apache-2.0 */
#include "http/crowd.h"

#include <stdlib.h>

#include <pawl/crypto.h>

bool crowd_init(struct crowd *c)
{
    uint8_t         b[8];
    struct pawl_err err;

    if (!pawl_is_ok(pawl_random(b, sizeof(b), &err)))
        return false;
    for (size_t i = 0; i < sizeof(b); i++)
        c->odd = c->odd << 8 | b[i];
    c->odd |= 1;
    pthread_mutex_init(&c->lock, NULL);
    return true;
}

void crowd_done(struct crowd *c)
{
    pthread_mutex_destroy(&c->lock);
}

static struct crowd_row *row_of(struct crowd *c, uint64_t net)
{
    return &c->row[(net * c->odd >> 32) % CROWD_ROWS];
}

static struct crowd_net *find(struct crowd_row *row, uint64_t net)
{
    struct crowd_net *of;

    for (of = LIST_FIRST(row); of; of = LIST_NEXT(of, link))
        if (of->net == net)
            return of;
    of = calloc(1, sizeof(*of));
    if (of) {
        of->net = net;
        LIST_INSERT_HEAD(row, of, link);
    }
    return of;
}

struct crowd_net *crowd_join(struct crowd *c, uint64_t net)
{
    pthread_mutex_lock(&c->lock);
    struct crowd_net *of = find(row_of(c, net), net);
    if (of)
        atomic_fetch_add(&of->n, 1);
    pthread_mutex_unlock(&c->lock);
    return of;
}

void crowd_leave(struct crowd *c, struct crowd_net *of)
{
    pthread_mutex_lock(&c->lock);
    if (atomic_fetch_sub(&of->n, 1) == 1) {
        LIST_REMOVE(of, link);
        free(of);
    }
    pthread_mutex_unlock(&c->lock);
}
