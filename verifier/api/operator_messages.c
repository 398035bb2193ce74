/* SPDX-License-Identifier: Apache-2.0 */
/* Messages for the operator's consumers (a list that may wait, a stream) and to devices. */
#include "api/operator.h"

#include <string.h>

/* How often a request that waits for messages looks. */
#define LOOK_MS 200

/* A list without messages waits for wait_s, though never as long as a request may take. */
static pawl_status wait_for_messages(struct operator_exchange *o, uint64_t wait_s,
                                     struct pawl_err *err)
{
    const struct verifier_config *config = o->flow->config;
    int64_t                       now_ms = o->flow->now_ms(o->flow->now_arg);

    if (!o->until_ms) {
        if (wait_s > config->request_timeout_s / 2)
            wait_s = config->request_timeout_s / 2;
        o->until_ms = now_ms + (int64_t)wait_s * 1000;
    }
    if (now_ms >= o->until_ms)
        return pawl_ok();
    PAWL_TRY(wait_hold(&o->wait, &o->asker, err));
    o->x.again_ms = LOOK_MS;
    return pawl_ok();
}

static pawl_status feed_in_query(const struct http_request *r, struct message_query *ret,
                                 struct pawl_err *err)
{
    bool there;

    PAWL_TRY(http_query(r, "after", ret->after, sizeof(ret->after), &there, err));
    PAWL_TRY(http_query(r, "device", ret->device, sizeof(ret->device), &there, err));
    return http_query(r, "type", ret->type, sizeof(ret->type), &there, err);
}

pawl_status api_messages(struct operator_exchange *o, struct pawl_err *err)
{
    struct message_query q = { 0 };
    uint64_t             wait_s;
    bool                 any;

    PAWL_TRY(query_number(o->x.r, "wait_s", OPERATOR_WAIT_MAX_S, &wait_s, err));
    PAWL_TRY(feed_in_query(o->x.r, &q, err));
    PAWL_TRY(query_number(o->x.r, "limit", OPERATOR_MESSAGES_MAX, &q.limit, err));
    PAWL_TRY(operator_messages(o->flow, o->tenant, &q, &o->json, &any, err));
    return any ? pawl_ok() : wait_for_messages(o, wait_s, err);
}

/* A reader that comes again names the last event that it has, as browsers do; that goes before what
 * its address says. */
pawl_status api_stream(struct operator_exchange *o, struct pawl_err *err)
{
    struct message_query q = { 0 };
    const char          *last = http_header(o->x.r, "Last-Event-ID");

    PAWL_TRY(feed_in_query(o->x.r, &q, err));
    if (last && *last) {
        if (strlen(last) >= sizeof(q.after))
            return pawl_fail(err, PAWL_E_RANGE, "Last-Event-ID", "is no cursor");
        memcpy(q.after, last, strlen(last) + 1);
    }
    return stream_open(o->flow, o->tenant, &o->asker, &q, &o->stream, err);
}

pawl_status api_message_send(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_message_send(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                 &o->json, &o->x.step, err);
}

pawl_status api_downlink(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(query_page(o->x.r, &q, err));
    return operator_downlink(o->flow, o->tenant, http_segment(o->x.r), &q, &o->json, err);
}
