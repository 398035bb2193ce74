/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages, one exchange:
 *
 *     what waits again, [confirm], new ones, a fresh ack -> log -> POST -> downlink -> inbox, acks
 *
 * Invariants
 *  1. Leaves are on the disk before the request leaves (D2), downlink slots before their messages
 *     are handed on or acknowledged (D7: receipt.c).
 *  2. A message leaves the queue only when the verifier acknowledged its slot, under its keys.
 *  3. What the verifier dropped goes again in another slot, after an attest: it says nothing about
 *     why it drops, and an attest with its floors and snapshot settles every reason there is.
 *
 * Spec: docs/protocol.md, section "Messages".
 */
#include <stdlib.h>
#include <string.h>

#include "flow/inbox.h"
#include "flow/steps.h"

/* Around the messages of a request: tenant, device id, heads. */
enum { REQUEST_HEADS = 256 };

/* A request on its way. Too large for a stack. */
struct batch {
    struct pawl_messages_req m;
    uint64_t                 seq[PAWL_MESSAGES_N_MAX];
    struct pawl_wr           cose;                    /* what was encrypted for this request .. */
    uint8_t                  room[PAWL_MESSAGES_MAX]; /* .. lies here */
    size_t                   bytes;                   /* of all messages in it */
    uint8_t                  body[PAWL_BODY_MAX];     /* of the queue's next */
    uint8_t                  request[PAWL_MESSAGES_MAX];
};

static void batch_free(struct batch **b)
{
    if (*b)
        pawl_wipe((*b)->body, sizeof((*b)->body));
    free(*b);
    *b = NULL;
}

static bool has_room(const struct batch *b, size_t n)
{
    size_t left = PAWL_MESSAGES_MAX - REQUEST_HEADS - b->bytes;

    /* One place is kept for the ack. */
    return b->m.n < PAWL_MESSAGES_N_MAX - 1 && left > 2 * REQUEST_HEADS &&
           n <= left - 2 * REQUEST_HEADS;
}

static void put(struct batch *b, struct pawl_view cose, uint64_t seq)
{
    b->seq[b->m.n] = seq;
    b->m.cose[b->m.n++] = cose;
    b->bytes += cose.n;
}

/* ---- what goes out -------------------------------------------------------------------------- */

static pawl_status seal(struct flow *f, const struct pawl_content *c, struct batch *b,
                        uint64_t *ret_seq, struct pawl_view *ret, struct pawl_err *err)
{
    size_t at = b->cose.n;

    PAWL_TRY(live_seal(f, c, &b->cose, ret_seq, err));
    *ret = pawl_view(b->room + at, b->cose.n - at);
    put(b, *ret, *ret_seq);
    return pawl_ok();
}

static void add_waiting(const struct flow *f, struct batch *b)
{
    for (size_t i = 0; i < f->outbox->n && has_room(b, f->outbox->m[i].n); i++)
        put(b, pawl_view(f->outbox->m[i].cose, f->outbox->m[i].n), f->outbox->m[i].seq);
}

/* Sent at once after D4, and until the verifier answered something under the epoch. */
static pawl_status add_confirm(struct flow *f, struct batch *b, struct pawl_err *err)
{
    const struct pawl_content c = { .type = PAWL_CONTENT_CONFIRM };
    struct pawl_view          cose;
    uint64_t                  seq;

    return f->live.confirmed ? pawl_ok() : seal(f, &c, b, &seq, &cose, err);
}

/* The queue's next that is in no slot of this epoch. ABSENT if there is none. */
static pawl_status next_queued(struct flow *f, struct batch *b, struct pawl_content *ret,
                               struct pawl_err *err)
{
    uint64_t id = f->outbox->last_id;
    size_t   n;

    do
        PAWL_TRY(spool_next(f->live.queue, id, &id, b->body, sizeof(b->body), &n, err));
    while (outbox_has(f->outbox, id));
    *ret = (struct pawl_content){ .type = PAWL_CONTENT_APP, .id = id };
    ret->body = pawl_view(b->body, n);
    return pawl_ok();
}

static pawl_status add_queued(struct flow *f, struct batch *b, bool *ret_more, struct pawl_err *err)
{
    struct pawl_content c;
    struct pawl_view    cose;
    uint64_t            seq;

    *ret_more = false;
    while (live_bar(f) == LIVE_FREE) {
        pawl_status s = next_queued(f, b, &c, err);
        if (s.code == PAWL_E_ABSENT)
            return pawl_ok();
        PAWL_TRY(s);
        if (!has_room(b, c.body.n) ||
            !outbox_has_room(f->outbox, c.body.n + PAWL_MESSAGE_MAX - PAWL_BODY_MAX)) {
            *ret_more = true;
            return pawl_ok();
        }
        PAWL_TRY(seal(f, &c, b, &seq, &cose, err));
        PAWL_TRY(outbox_add(f->outbox, seq, c.id, cose, err));
    }
    return pawl_ok();
}

/* Always, and always fresh: it makes the request new to the verifier, and polls. */
static pawl_status add_ack(struct flow *f, struct batch *b, struct pawl_err *err)
{
    uint8_t             bitmap[PAWL_ACK_BITMAP_MAX];
    struct pawl_content c = { .type = PAWL_CONTENT_ACK };
    struct pawl_view    cose;
    uint64_t            seq;
    size_t              n;

    rcvlog_ack(f->live.received, &c.ack.seq_hi, &c.ack.first_seq, bitmap, &n);
    c.ack.bitmap = pawl_view(bitmap, n);
    return seal(f, &c, b, &seq, &cose, err);
}

static pawl_status fill(struct flow *f, struct batch *b, bool *ret_more, struct pawl_err *err)
{
    b->cose = pawl_wr_to(b->room, sizeof(b->room));
    b->m.tenant = pawl_view_str(f->config->tenant);
    b->m.device_id = PAWL_VIEW_OF(f->live.slot.device_id);
    outbox_of(f->outbox, f->live.slot.kid);
    add_waiting(f, b);
    PAWL_TRY(add_confirm(f, b, err));
    PAWL_TRY(add_queued(f, b, ret_more, err));
    PAWL_TRY(add_ack(f, b, err));
    return live_flush(f, err); /* inv. 1 */
}

static pawl_status post(struct flow *f, struct batch *b, struct net_answer *ret,
                        struct pawl_err *err)
{
    struct pawl_wr   w = pawl_wr_to(b->request, sizeof(b->request));
    struct pawl_view body;

    PAWL_TRY(pawl_messages_req_write(&b->m, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "messages", &body, err));
    return answer_post(f, PAWL_ROUTE_MESSAGES, body, ret, err);
}

/* ---- what it led to ------------------------------------------------------------------------- */

static bool is_in_outbox(const struct outbox *o, uint64_t seq)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->m[i].seq == seq)
            return true;
    return false;
}

/* inv. 3. The verifier answered and acknowledged none of these; or nothing at all under this epoch,
 * so the confirmation is not with it, and who wants it sent at once would send it for ever. */
static bool was_dropped(const struct flow *f, const struct batch *b)
{
    if (!f->live.confirmed)
        return true;
    for (size_t i = 0; i < b->m.n; i++)
        if (is_in_outbox(f->outbox, b->seq[i]))
            return true;
    return false;
}

static const char *bar_text(enum live_bar bar)
{
    switch (bar) {
    case LIVE_OFF:
        return "messages = off";
    case LIVE_WAITS:
        return "the operator has not approved this device";
    case LIVE_CEILING:
        return "attest first";
    default:
        return "there is no epoch: enrol or resync first";
    }
}

/* Bars that leave nothing to send at all: an ack needs a slot too. */
static pawl_status check_open(const struct flow *f, struct pawl_err *err)
{
    enum live_bar bar = live_bar(f);

    if (bar == LIVE_FREE || bar == LIVE_HARD || bar == LIVE_LOG_FULL)
        return pawl_ok();
    return pawl_fail(err, PAWL_E_STATE, "messages", "%s", bar_text(bar));
}

pawl_status flow_messages(struct flow *f, bool attest_near, struct flow_messages *ret,
                          struct pawl_err *err)
{
    PAWL_CLEANUP(batch_free) struct batch *b = NULL;
    struct flow_messages                   done = { 0 };
    struct net_answer                      got;

    PAWL_TRY(flow_live(f, err));
    PAWL_TRY(check_open(f, err));
    if (!f->outbox)
        PAWL_TRY(outbox_make(&f->outbox, err));
    b = calloc(1, sizeof(*b));
    if (!b)
        return pawl_fail(err, PAWL_E_MEMORY, "messages", "out of memory");
    PAWL_TRY(fill(f, b, &done.more, err));
    b->m.want_nonce = ahead_ask(f, attest_near);
    PAWL_TRY(post(f, b, &got, err));
    done.sent = b->m.n;
    if (got.status == 403) {
        done.refused = true;
        *ret = done;
        return pawl_ok();
    }
    PAWL_TRY(answer_is_ok(&got, err));
    PAWL_TRY(inbox_take(f, got.body, &done, err));
    if (was_dropped(f, b)) {
        outbox_forget(f->outbox);
        done.refused = true;
    }
    *ret = done;
    return pawl_ok();
}
