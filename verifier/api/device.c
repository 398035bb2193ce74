/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's face: CBOR in, a flow of flow/flow.h, CBOR out.
 *
 * Until a quote verified, a device learns nothing but a status: the reason stands in the log, under
 * the id that the answer carries.
 */
#include "api/exchange.h"
#include "api/refused.h"
#include "api/results.h"
#include "flow/answer.h"
#include "metrics.h"
#include "point.h"

#include <stdlib.h>

typedef pawl_status flow_fn(struct flow *f, struct pawl_view body, struct answer *ret,
                            struct step *step, struct pawl_err *err);

struct device_exchange {
    struct exchange x;
    flow_fn        *flow;
    struct answer   answer;
    struct blob     body; /* of the answer */
};

/* Where a flow writes. What waits for the store is a copy, no larger than the answer. */
static _Thread_local uint8_t room[PAWL_RESULT_MAX];

static pawl_status plan(struct exchange *x, struct pawl_err *err)
{
    struct device_exchange *d = (struct device_exchange *)x;
    struct api             *api = http_context(x->r);
    const struct store     *store = api->flow.store;

    blob_done(&d->body);
    answer_begin(&d->answer);
    d->answer.body = room;
    api->flow.net = http_net(x->r);
    store->reads_begin(store->self);
    pawl_status s = d->flow(&api->flow, http_body(x->r), &d->answer, &x->step, err);
    store->reads_end(store->self);
    PAWL_TRY(s);
    return blob_from(pawl_view(room, d->answer.n), &d->body, err);
}

static struct http_answer failure(const struct device_exchange *d)
{
    switch (d->x.status.code) {
    case PAWL_E_IO:
    case PAWL_E_MEMORY:
    case PAWL_E_CRYPTO: /* on good input */
    case PAWL_E_CONFLICT:
        return (struct http_answer){ .status = 503, .retry_after_s = HTTP_RETRY_AFTER_S };
    default:
        if (d->answer.http == 429)
            return (struct http_answer){ .status = 429, .retry_after_s = d->answer.retry_after_s };
        return (struct http_answer){ .status = d->answer.http == 400 ? 400 : 403 };
    }
}

/* A signed refusal stands in the outcome, as the log has it. */
static void note_refusal(const struct device_exchange *d, int status)
{
    const struct answer *a = &d->answer;

    if (!pawl_is_ok(d->x.status))
        refused_note(d->x.r, &(struct refused_request){ .status = status,
                                                        .is = refused_by(status, &d->x.err),
                                                        .a = a,
                                                        .err = &d->x.err });
    else if (a->refused)
        refused_note(d->x.r, &(struct refused_request){
                                 .status = status, .is = a->refused, .a = a, .why = a->outcome });
    else if (status >= 400) /* an accused sender gets no more than others */
        refused_note(d->x.r,
                     &(struct refused_request){
                         .status = status, .is = REFUSED_NOTHING_NEW, .a = a, .why = a->outcome });
}

static void count(const struct answer *a)
{
    if (a->judged)
        metric_add(METRIC_VERDICTS, a->tier, 1);
    if (a->new_root)
        metric_add(METRIC_ROOTS, 0, 1);
    if (a->rekey_overdue)
        metric_add(METRIC_REKEY_OVERDUE, 0, 1);
}

static void finish(struct exchange *x)
{
    struct device_exchange *d = (struct device_exchange *)x;
    struct http_answer      a;

    if (pawl_is_ok(x->status))
        count(&d->answer);
    if (pawl_is_ok(x->status))
        a = (struct http_answer){ .status = d->answer.http,
                                  .type = d->answer.n ? PAWL_MEDIA_TYPE : NULL,
                                  .body = pawl_view(d->body.p, d->body.n) };
    else
        a = failure(d);
    exchange_log(x, a.status, d->answer.device, d->answer.outcome);
    note_refusal(d, a.status);
    point("answer.sending");
    http_answer(x->r, &a);
    blob_done(&d->body);
    free(d);
}

static void handle(struct http_request *r, const void *arg)
{
    struct device_exchange *d = malloc(sizeof(*d));

    if (!d) {
        device_refuse(r,
                      &(struct http_answer){ .status = 503, .retry_after_s = HTTP_RETRY_AFTER_S },
                      "no memory");
        return;
    }
    exchange_begin(&d->x, r);
    d->x.plan = plan;
    d->x.finish = finish;
    d->flow = *(flow_fn *const *)arg;
    d->body = (struct blob){ 0 };
    exchange_run(&d->x);
}

void device_refuse(struct http_request *r, const struct http_answer *a, const char *why)
{
    api_refused(r, a, why);
    refused_note(r, &(struct refused_request){
                        .status = a->status, .is = refused_by_http(a->status), .why = why });
    http_answer(r, a);
}

void device_unread(const char *request, int status, const char *why)
{
    api_unread(request, status, why);
    refused_unread(request, status, why);
}

/* A function is no object to point to; a constant that holds its address is. */
#define FLOW(flow) (&(flow_fn *const){ flow })

const struct http_route device_routes[] = {
    { HTTP_POST, PAWL_ROUTE_ENROL, PAWL_MEDIA_TYPE, PAWL_ENROL_MAX, handle, FLOW(flow_enrol) },
    { HTTP_POST, PAWL_ROUTE_CHALLENGE, PAWL_MEDIA_TYPE, PAWL_CHALLENGE_MAX, handle,
      FLOW(flow_challenge) },
    { HTTP_POST, PAWL_ROUTE_EVIDENCE, PAWL_MEDIA_TYPE, PAWL_EVIDENCE_MAX, handle,
      FLOW(flow_evidence) },
    { HTTP_POST, PAWL_ROUTE_SUPPLY, PAWL_MEDIA_TYPE, PAWL_EVIDENCE_MAX, handle, FLOW(flow_supply) },
    { HTTP_POST, PAWL_ROUTE_MESSAGES, PAWL_MEDIA_TYPE, PAWL_MESSAGES_MAX, handle,
      FLOW(flow_messages) },
    { HTTP_GET, "/.well-known/jwks.json", NULL, 0, results_jwks, NULL },
    { HTTP_GET, "/health", NULL, 0, results_health, NULL },
    { HTTP_GET, "/ready", NULL, 0, results_ready, NULL },
    { 0 },
};
