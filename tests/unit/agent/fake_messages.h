/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake verifier's half of /messages, with the real keys: opens what comes under its roots,
 * remembers everything, acknowledges, and sends down what waits, in new slots until the device
 * acknowledges it.
 */
#ifndef TESTS_AGENT_FAKE_MESSAGES_H
#define TESTS_AGENT_FAKE_MESSAGES_H

#include <pawl/ratchet.h>

#include "net/client.h"

enum { FAKE_HEARD_MAX = 2048, FAKE_DOWN_MAX = 64 };

/* One message as it came; views are good until the world ends. */
struct fake_heard {
    unsigned            post; /* of which request, from 1 */
    struct pawl_view    cose;
    uint64_t            epoch, seq;
    uint32_t            gen;
    struct pawl_content c;
    enum pawl_msg_form  form;
};

struct fake_down {
    uint64_t         id;
    struct pawl_view body;
    uint64_t         seq; /* of its last slot; 0: in none */
    bool             acked;
};

struct fake_messages {
    /* how it answers */
    bool                    away;    /* nothing arrives */
    bool                    loses;   /* it arrives, the answer does not */
    bool                    refuses; /* 403 */
    bool                    drops;   /* takes and acknowledges nothing */
    bool                    garbles; /* one bit of each downlink message is another */
    bool                    foreign; /* bytes that are no message of ours among them */
    uint64_t                demand;  /* bits, in each answer */
    bool                    mute;    /* gives no nonce to who asks */
    bool                    unasked; /* gives one to who does not */
    const struct pawl_root *thief;   /* answers in the verifier's place; NULL: nobody does */
    void (*arrived)(void);           /* a request is here; NULL: nobody asks */

    /* what came */
    unsigned          posts, nonces; /* requests, and those that asked for a nonce */
    size_t            heard_n;
    struct fake_heard heard[FAKE_HEARD_MAX];
    /* what goes down */
    size_t           down_n;
    struct fake_down down[FAKE_DOWN_MAX];
    uint64_t         down_seq, down_start, down_epoch;
};

extern struct fake_messages fake_messages;

/* What it gives to who asks. */
extern const uint8_t fake_ahead[PAWL_NONCE];

void fake_messages_new(void);

/* Something for the device. */
void fake_send(uint64_t id, struct pawl_view body);

pawl_status fake_take_messages(struct pawl_view body, struct net_answer *ret, struct pawl_err *err);

#endif
