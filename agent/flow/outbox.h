/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went out under this epoch and was not acknowledged: as encrypted, to go again byte for byte
 * (a slot is encrypted once). In memory alone: the next process, and the next epoch, take the
 * messages from the queue again, into new slots under the same ids.
 */
#ifndef AGENT_FLOW_OUTBOX_H
#define AGENT_FLOW_OUTBOX_H

#include <pawl/ratchet.h>

#define OUTBOX_MAX   512           /* messages */
#define OUTBOX_BYTES (1024 * 1024) /* of them together */

struct outbox_message {
    uint64_t seq;
    uint64_t id; /* in the queue; 0: no application's message */
    size_t   n;
    uint8_t *cose; /* owned */
};

struct outbox {
    uint8_t               kid[PAWL_KID]; /* of the epoch */
    uint64_t              last_id;       /* of the queue, that went into a slot last; 0: none */
    size_t                n, bytes;
    struct outbox_message m[OUTBOX_MAX]; /* in order of seq */
};

/* Empty, unless it is of this epoch. */
void                      outbox_of(struct outbox *o, const uint8_t kid[PAWL_KID]);
PAWL_MUST_USE pawl_status outbox_make(struct outbox **ret, struct pawl_err *err);
void                      outbox_free(struct outbox **o); /* also of NULL */

/* Everything is forgotten: what the queue still holds goes into new slots. */
void outbox_forget(struct outbox *o);

bool outbox_has_room(const struct outbox *o, size_t n);
bool outbox_has(const struct outbox *o, uint64_t id);

/* Copies the message. FULL without room. */
PAWL_MUST_USE pawl_status outbox_add(struct outbox *o, uint64_t seq, uint64_t id,
                                     struct pawl_view cose, struct pawl_err *err);

/* The slots that the verifier acknowledges leave it; their ids are given to each. */
typedef pawl_status       outbox_done_fn(uint64_t id, void *arg, struct pawl_err *err);
PAWL_MUST_USE pawl_status outbox_acknowledge(struct outbox *o, const struct pawl_content *ack,
                                             outbox_done_fn *each, void *arg, struct pawl_err *err);

#endif
