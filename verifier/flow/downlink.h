/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes back with an answer to messages: exactly one acknowledgement, a demand, and what waits
 * for the device. Each gets a slot of its own in the step that carries it, and no slot twice: the
 * answer leaves only when the step is durable, and the eight bytes of the IV are drawn anew for
 * each answer.
 */
#ifndef VERIFIER_FLOW_DOWNLINK_H
#define VERIFIER_FLOW_DOWNLINK_H

#include "flow/held.h"

/* Body of a message that waits, as bytes of its row. */
PAWL_MUST_USE pawl_status downlink_wrap(const struct keys *k, struct pawl_view tenant,
                                        const uint8_t device_id[PAWL_DEVICE_ID], uint64_t id,
                                        struct pawl_view body, struct blob *ret,
                                        struct pawl_err *err);
/* The row's body under the present master key, owned by the caller; n == 0: the old one is not
 * needed for it. FORGED. */
PAWL_MUST_USE pawl_status downlink_rewrap(const struct keys *k, struct pawl_view tenant,
                                          const struct downlink_row *row, struct blob *ret,
                                          struct pawl_err *err);
PAWL_MUST_USE pawl_status downlink_unwrap(const struct keys *k, struct pawl_view tenant,
                                          const struct downlink_row *row, struct blob *ret,
                                          struct pawl_err *err);

struct downlink {
    struct held        *h;
    struct step        *step;
    enum pawl_msg_form  form;
    int64_t             now_ms;
    uint8_t             boot_id[PAWL_BOOT_ID];
    uint8_t            *room; /* of the messages; released by downlink_done */
    struct pawl_wr      w;
    size_t              n;
    struct pawl_view    cose[PAWL_MESSAGES_N_MAX];
    struct downlink_row row[PAWL_MESSAGES_N_MAX]; /* that go into the step */
    size_t              row_n;
};

void downlink_done(struct downlink *d);

/* P-VMSG-11. A store that was put back sends nothing before an A1 was accepted: its slots may be
 * used. */
bool downlink_is_silent(const struct held *h);

/* d: h, step, form and now_ms are set, the rest is zero. Before the others. */
PAWL_MUST_USE pawl_status downlink_begin(struct downlink *d, struct pawl_err *err);
/* What the device received is delivered: its rows go. One that speaks of slots that were never sent
 * is ignored. */
PAWL_MUST_USE pawl_status downlink_heed(struct downlink *d, const struct pawl_content *ack,
                                        struct pawl_err *err);
/* One message of ours: an acknowledgement, a demand. */
PAWL_MUST_USE pawl_status downlink_say(struct downlink *d, const struct pawl_content *c,
                                       struct pawl_err *err);
/* What waits, the oldest first, as far as there is room: what is new, and what was sent 30 s ago
 * and not acknowledged, in another slot under the same id. */
PAWL_MUST_USE pawl_status downlink_fill(struct downlink *d, struct pawl_err *err);
/* The rows, into the step. */
PAWL_MUST_USE pawl_status downlink_plan(struct downlink *d, struct pawl_err *err);

#endif
