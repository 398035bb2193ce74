/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/messages: whose -> what came (uplink.c) -> incidents, inbox -> what the device
 * acknowledges -> what goes back (downlink.c).
 *
 * Invariants
 *  1. A request without a message that counts gets the 403: who only repeats learns nothing and
 *     moves nothing (P-VMSG-1).
 *  2. The answer is under the current root, and what came under a pending one made it current
 *     before (V3): nothing is ever sent under a root that the device may not hold.
 *  3. Slots, leaves, segment, incidents and positions are one step, durable before the answer (V2,
 *     V4).
 */

#include <string.h>

#include "flow/answer.h"
#include "flow/downlink.h"
#include "flow/incident.h"
#include "flow/nonce.h"
#include "flow/request.h"
#include "flow/uplink.h"
#include "ratchet/plan.h"

/* A device that waits for approval attests and rekeys; its messages are refused (P-VMSG-2). */
static pawl_status find_device(struct flow *f, const struct pawl_messages_req *req,
                               const struct tenant_config *tenant, struct device *ret,
                               struct blob *ret_ratchet, struct pawl_err *err)
{
    const struct store *store = f->store;

    if (!tenant->messages)
        return pawl_fail(err, PAWL_E_DENIED, "messages.tenant", "takes no messages");
    PAWL_TRY(pawl_under(err, "messages",
                        store->device_whole(store->self, req->tenant, req->device_id, ret,
                                            ret_ratchet, NULL, err)));
    if (ret->state != DEVICE_ACTIVE)
        return pawl_fail(err, PAWL_E_DENIED, "messages.device_id", "the device is %s",
                         device_state_name(ret->state));
    return pawl_ok();
}

/* P-VMSG-8: exactly one, for what came. */
static pawl_status acknowledge(const struct uplink *u, struct downlink *d, struct pawl_err *err)
{
    uint8_t             b[PAWL_ACK_BITMAP_MAX];
    size_t              n;
    struct pawl_content c = { .type = PAWL_CONTENT_ACK, .ack.seq_hi = u->h->r.received_hi };

    PAWL_TRY(uplink_bitmap(u, &c.ack.first_seq, b, &n, err));
    c.ack.bitmap = pawl_view(b, n);
    return downlink_say(d, &c, err);
}

static pawl_status demand(const struct held *h, struct downlink *d, struct pawl_err *err)
{
    const struct pawl_content c = { .type = PAWL_CONTENT_DEMAND, .demand = PAWL_DEMAND_REKEY };

    if (!h->r.rekey_demanded && !ratchet_is_over(&h->r.current, d->now_ms))
        return pawl_ok();
    return downlink_say(d, &c, err);
}

static pawl_status send(const struct uplink *u, struct downlink *d, struct pawl_err *err)
{
    if (downlink_is_silent(d->h))
        return pawl_ok();
    PAWL_TRY(downlink_begin(d, err));
    if (u->ack_at)
        PAWL_TRY(downlink_heed(d, &u->ack, err));
    PAWL_TRY(acknowledge(u, d, err));
    PAWL_TRY(demand(d->h, d, err));
    PAWL_TRY(downlink_fill(d, err));
    return downlink_plan(d, err);
}

static void touch(const struct device *d, int64_t now_ms, struct step *step)
{
    memcpy(step->tenant, d->tenant, sizeof(step->tenant));
    step->touches_device = true;
    device_copy(&step->device, d);
    step->device.seen_s = now_ms / 1000;
}

static pawl_status answer(const struct uplink *u, const struct pawl_messages_req *req,
                          const struct downlink *d, struct answer *ret, struct pawl_err *err)
{
    const struct nonce_scope scope = { req->tenant, req->device_id, PAWL_LABEL_ATTEST };
    struct pawl_messages_ans ans = { .n = d->n };
    uint8_t                  nonce[PAWL_NONCE];
    struct pawl_wr           w = answer_writer(ret);

    memcpy(ans.cose, d->cose, d->n * sizeof(d->cose[0]));
    if (req->want_nonce) {
        PAWL_TRY(nonce_make(u->h->flow->keys, &scope, u->now_ms, nonce, err));
        ans.nonce = PAWL_VIEW_OF(nonce);
    }
    PAWL_TRY(pawl_messages_ans_write(&ans, &w, err));
    uplink_say(u, ret->outcome, sizeof(ret->outcome));
    answer_good(ret, &w);
    return pawl_ok();
}

/* inv. 1. Who has a key of an epoch that is over leaves an incident behind, and is told no more
 * than anybody else who is not the device. */
static pawl_status turn_away(struct uplink *u, struct answer *ret, struct pawl_err *err)
{
    uplink_say(u, ret->outcome, sizeof(ret->outcome));
    if (!u->accused)
        return pawl_fail(err, PAWL_E_DENIED, "messages.COSE", "nothing new: %s",
                         ret->outcome[0] ? ret->outcome : "no message");
    touch(u->d, u->now_ms, u->step);
    incident_light(&u->h->r, u->step);
    return held_plan(u->h, u->step, err);
}

/* What a device's request does, in order. */
static pawl_status exchange(struct flow *f, const struct pawl_messages_req *req,
                            const struct device *d, const struct blob *ratchet,
                            const struct tenant_config *tenant, struct answer *ret,
                            struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    PAWL_CLEANUP(uplink_done)
    struct uplink up = {
        .h = &h, .d = d, .tenant = tenant, .now_ms = f->now_ms(f->now_arg), .step = step
    };
    PAWL_CLEANUP(downlink_done) struct downlink down = { .h = &h, .step = step };

    PAWL_TRY(held_take(f, d, ratchet, &h, err));
    PAWL_TRY(uplink_take(&up, req, err));
    if (!up.fresh)
        return turn_away(&up, ret, err);
    touch(d, up.now_ms, step);
    incident_light(&h.r, step);
    PAWL_TRY(uplink_plan(&up, err));
    down.form = up.form;
    down.now_ms = up.now_ms;
    PAWL_TRY(send(&up, &down, err));
    PAWL_TRY(held_plan(&h, step, err));
    return answer(&up, req, &down, ret, err);
}

pawl_status flow_messages(struct flow *f, struct pawl_view body, struct answer *ret,
                          struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob ratchet = { 0 };
    struct pawl_messages_req            req;
    const struct tenant_config         *tenant;
    struct device                       d;

    answer_begin(ret);
    PAWL_TRY(pawl_messages_req_parse(body, &req, err));
    answer_parsed(ret);
    answer_names_device(ret, req.device_id);
    PAWL_TRY(request_tenant(f, req.tenant, "messages.tenant", &tenant, err));
    answer_names_tenant(ret, tenant);
    PAWL_TRY(find_device(f, &req, tenant, &d, &ratchet, err));
    pawl_status s = exchange(f, &req, &d, &ratchet, tenant, ret, step, err);
    if (!pawl_is_ok(s))
        step_done(step);
    return s;
}
