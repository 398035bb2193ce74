/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/outbox.h"

#include <stdlib.h>
#include <string.h>

pawl_status outbox_make(struct outbox **ret, struct pawl_err *err)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "outbox", "out of memory");
}

void outbox_free(struct outbox **o)
{
    if (*o)
        outbox_forget(*o);
    free(*o);
    *o = NULL;
}

void outbox_forget(struct outbox *o)
{
    for (size_t i = 0; i < o->n; i++)
        free(o->m[i].cose);
    o->n = o->bytes = 0;
    o->last_id = 0;
}

void outbox_of(struct outbox *o, const uint8_t kid[PAWL_KID])
{
    if (memcmp(o->kid, kid, PAWL_KID) == 0)
        return;
    outbox_forget(o);
    memcpy(o->kid, kid, PAWL_KID);
}

bool outbox_has_room(const struct outbox *o, size_t n)
{
    return o->n < OUTBOX_MAX && n <= OUTBOX_BYTES - o->bytes;
}

bool outbox_has(const struct outbox *o, uint64_t id)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->m[i].id == id)
            return true;
    return false;
}

pawl_status outbox_add(struct outbox *o, uint64_t seq, uint64_t id, struct pawl_view cose,
                       struct pawl_err *err)
{
    if (!outbox_has_room(o, cose.n))
        return pawl_fail(err, PAWL_E_FULL, "outbox", "%zu messages wait for an answer", o->n);
    uint8_t *copy = malloc(cose.n);
    if (!copy)
        return pawl_fail(err, PAWL_E_MEMORY, "outbox", "out of memory");
    memcpy(copy, cose.p, cose.n);
    o->m[o->n++] = (struct outbox_message){ .seq = seq, .id = id, .n = cose.n, .cose = copy };
    o->bytes += cose.n;
    if (id)
        o->last_id = id;
    return pawl_ok();
}

static bool has_arrived(const struct pawl_content *ack, uint64_t seq)
{
    uint64_t i = seq - ack->ack.first_seq;

    return seq >= ack->ack.first_seq && i / 8 < ack->ack.bitmap.n &&
           (ack->ack.bitmap.p[i / 8] >> i % 8 & 1);
}

pawl_status outbox_acknowledge(struct outbox *o, const struct pawl_content *ack,
                               outbox_done_fn *each, void *arg, struct pawl_err *err)
{
    size_t kept = 0;

    /* First tell all, then forget: after a failure the same ack does it again. */
    for (size_t i = 0; i < o->n; i++)
        if (o->m[i].id && has_arrived(ack, o->m[i].seq))
            PAWL_TRY(each(o->m[i].id, arg, err));
    for (size_t i = 0; i < o->n; i++) {
        if (!has_arrived(ack, o->m[i].seq)) {
            o->m[kept++] = o->m[i];
            continue;
        }
        o->bytes -= o->m[i].n;
        free(o->m[i].cose);
    }
    o->n = kept;
    return pawl_ok();
}
