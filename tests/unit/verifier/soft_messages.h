/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's end of messages in software: a root that both sides hold without an exchange, slots
 * that a test places as it likes, and what came back opened.
 */
#ifndef VERIFIER_SOFT_MESSAGES_H
#define VERIFIER_SOFT_MESSAGES_H

#include <pawl/ratchet.h>

#include "flow_fixture.h"
#include "ratchet/ratchet.h"

/* What the device holds of one epoch. */
struct soft_epoch {
    struct pawl_root   root;
    uint16_t           suite;
    uint8_t            verifier_id[PAWL_VERIFIER_ID];
    const char        *tenant;
    uint8_t            device_id[PAWL_DEVICE_ID];
    enum pawl_msg_form form;
    uint8_t            boot_id[PAWL_BOOT_ID];
    struct pawl_use    use; /* of the generation under way */
    uint64_t           seq; /* of the next slot */
    uint64_t           gen_start, epoch_start;
};

/* A root of random terms, known to the device only; its first slot will be seq. */
void soft_epoch_make(const struct soft_device *d, uint64_t epoch, uint64_t seq,
                     struct soft_epoch *ret);
/* The verifier grants it, then takes it into use. */
void world_grants(struct world *w, const struct soft_device *d, const struct soft_epoch *e);
void world_promotes(struct world *w, const struct soft_device *d);
/* An enrolled, active device and its epoch 1, which is current. */
void world_talks(struct world *w, struct soft_device *d, struct soft_epoch *e);

/* The ratchet as the store has it; and written back, changed. */
struct ratchet world_ratchet(struct world *w, const struct soft_device *d);
void           world_puts(struct world *w, const struct soft_device *d, const struct ratchet *r);

/* ---- messages ------------------------------------------------------------------------------- */

/* Opens generation gen at the next slot; those before it stay without messages. */
void soft_generation(struct soft_epoch *e, uint32_t gen);
/* Seals into the next slot. The view lives as long as the test. */
struct pawl_view soft_say(struct soft_epoch *e, const struct pawl_content *c);
struct pawl_view soft_app(struct soft_epoch *e, uint64_t id, const char *text);
/* An acknowledgement without bits: what every request carries. */
struct pawl_view soft_poll(struct soft_epoch *e);

struct pawl_view soft_request(const struct soft_device *d, const struct pawl_view *cose, size_t n,
                              bool want_nonce);

/* ---- answers -------------------------------------------------------------------------------- */

/* One message of an answer, opened. */
struct soft_heard {
    struct pawl_msg     m;
    struct pawl_content content;
};

struct soft_answer {
    size_t            n;
    struct soft_heard heard[PAWL_MESSAGES_N_MAX];
    size_t            ack_n; /* acknowledgements in it .. */
    size_t            ack;   /* .. and the index of the last one */
    struct pawl_view  nonce;
};

/* Sends, and opens what came back with the keys of e; every message of it must open. */
void world_says(struct world *w, const struct soft_device *d, const struct soft_epoch *e,
                const struct pawl_view *cose, size_t n, struct soft_answer *ret);
/* Whether the acknowledgement names this slot. */
bool soft_is_acked(const struct soft_answer *a, uint64_t seq);

/* Application messages that the inbox holds of this device, as "epoch/gen/seq/id:text ". */
const char *world_inbox(struct world *w, const struct soft_device *d);

#endif
