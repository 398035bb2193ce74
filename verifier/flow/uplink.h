/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of one request, taken one by one into a held ratchet. Nothing is durable before the
 * step is.
 *
 * A message counts when its slot is new, or when it raises an incident (then once, and nothing is
 * kept from it). Everything else is counted and changes nothing: what does not open, what came
 * before, what is too late, beyond the ceiling, or application data past the epoch's hard limit.
 */
#ifndef VERIFIER_FLOW_UPLINK_H
#define VERIFIER_FLOW_UPLINK_H

#include "flow/held.h"
#include "flow/inbox.h"
#include "ratchet/detect.h"

/* What became of the messages, for the log. */
struct uplink_counts {
    unsigned taken, again, late, over; /* over: the ceiling, the hard limit, too many generations */
    unsigned failed, unknown;          /* did not open; no key for it */
    unsigned bad;                      /* no message, or nothing that may be said in one */
};

struct uplink {
    struct held                *h;
    const struct device        *d;
    const struct tenant_config *tenant;
    int64_t                     now_ms;
    struct step                *step; /* gets incidents, and the marks that follow from them */

    bool                 fresh;   /* one counts: the request gets an answer */
    bool                 accused; /* one raised an incident of an epoch that is over */
    enum pawl_msg_form   form;    /* of the last one that counts */
    uint64_t             lowest;  /* of the slots that came, now or before; 0: none */
    uint32_t             skipped; /* generations, by all messages of the request */
    struct uplink_counts count;
    struct findings      found;   /* of the message under way, and .. */
    struct pawl_content  content; /* .. what it says, in room */
    uint64_t             ack_at;  /* slot of the newest acknowledgement; 0: none came */
    struct pawl_content  ack;     /* in room, too */
    char                 facts[EVENT_LINE_MAX];

    size_t               app_n;
    struct inbox_message app[PAWL_MESSAGES_N_MAX];
    size_t               room_n, used;
    uint8_t             *room; /* plaintexts, wiped by uplink_done */
};

void uplink_done(struct uplink *u);

/* All messages of a request. u: h, d, tenant, now_ms and step are set, the rest is zero. Failures
 * are ours; what is wrong with a message is counted. */
PAWL_MUST_USE pawl_status uplink_take(struct uplink *u, const struct pawl_messages_req *req,
                                      struct pawl_err *err);
/* The segment of the application's messages with their marks, and the event line of facts. */
PAWL_MUST_USE pawl_status uplink_plan(struct uplink *u, struct pawl_err *err);
/* One message of an application, into app: body lives in room. A copy, if its id came before with
 * the same body. */
PAWL_MUST_USE pawl_status uplink_hand_on(struct uplink *u, const struct inbox_head *head,
                                         struct pawl_view body, struct pawl_err *err);
/* What the device is told in the acknowledgement: bit i of *ret, *ret_n bytes, is slot *ret_first +
 * i. Those that came with this request, and that no two messages claim (uplink_ack.c); silence
 * about others says nothing. Behind uplink_take. */
PAWL_MUST_USE pawl_status uplink_bitmap(const struct uplink *u, uint64_t *ret_first,
                                        uint8_t ret[PAWL_ACK_BITMAP_MAX], size_t *ret_n,
                                        struct pawl_err *err);

/* "taken 3, again 1" */
void uplink_say(const struct uplink *u, char *ret, size_t cap);

#endif
