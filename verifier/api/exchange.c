/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"

#include <stdatomic.h>
#include <string.h>

#include "flow/material.h"
#include "log.h"
#include "metrics.h"
#include "ratchet/incident.h"

/* Another request of the same device came first that often: it is the device that should wait. */
#define PLANS_MAX 4

static struct api *api_of(const struct exchange *x)
{
    return http_context(x->r);
}

/* What the event log got, with all details, beside the line of the request. */
static void log_event(const struct exchange *x)
{
    char            device[2 * PAWL_DEVICE_ID + 1] = "";
    struct pawl_err ignored;

    if (!x->step.event[0])
        return;
    if (step_names_device(&x->step) &&
        !pawl_is_ok(
            pawl_hex_write(PAWL_VIEW_OF(x->step.device.id), device, sizeof(device), &ignored)))
        device[0] = 0;
    log_line(&(struct log_line){
        .level = LOG_INFO, .request = http_id(x->r), .device = device, .outcome = x->step.event });
}

/* What became durable. */
static void count_step(const struct step *s)
{
    for (size_t i = 0; i < s->segment_n; i++)
        if (s->segment[i].kind == SEGMENT_MESSAGES)
            metric_add(METRIC_MESSAGES, 0, s->segment[i].n);
    metric_add(METRIC_DELIVERED, 0, s->delivered_n);
    for (size_t i = 0; i < s->incident_n; i++)
        if (s->incident[i].opened_ms == s->incident[i].changed_ms &&
            s->incident[i].state == INCIDENT_OPEN)
            metric_add(METRIC_INCIDENTS, s->incident[i].kind, 1);
}

static void after_commit(struct http_request *r, void *arg)
{
    struct exchange *x = arg;

    (void)r;
    metric_observe(HISTOGRAM_DURABLE, 0, (uint64_t)(metric_clock_us() - x->given_us));
    if (x->status.code == PAWL_E_CONFLICT)
        metric_add(METRIC_CONFLICTS, 0, 1);
    if (x->status.code == PAWL_E_CONFLICT && x->plans < PLANS_MAX && !http_is_gone(x->r)) {
        step_done(&x->step);
        exchange_run(x);
        return;
    }
    if (pawl_is_ok(x->status)) {
        log_event(x);
        count_step(&x->step);
    }
    step_done(&x->step);
    x->finish(x);
}

/* ---- whether the store commits -------------------------------------------------------------- */

#define FAILS_FOR_US 10000000 /* a balancer that sends nothing would else never see it mend */

static atomic_int_fast64_t failed_us; /* when a commit failed for the store's sake; 0: none since */

static void note_commit(pawl_status status)
{
    if (status.code == PAWL_E_IO)
        atomic_store_explicit(&failed_us, metric_clock_us(), memory_order_relaxed);
    else if (atomic_load_explicit(&failed_us, memory_order_relaxed))
        atomic_store_explicit(&failed_us, 0, memory_order_relaxed);
}

bool exchange_commits(void)
{
    int64_t failed = atomic_load_explicit(&failed_us, memory_order_relaxed);

    return failed == 0 || metric_clock_us() - failed > FAILS_FOR_US;
}

/* ---- one exchange --------------------------------------------------------------------------- */

/* On the store's thread. */
static void on_committed(pawl_status status, const struct pawl_err *err, void *arg)
{
    struct exchange *x = arg;

    x->status = status;
    if (!pawl_is_ok(status))
        x->err = *err;
    metric_move(METRIC_COMMITTING, -1);
    note_commit(status);
    http_later(x->r, after_commit, x);
}

/* What one turn of the loop planned is handed over together: the store wakes once, and makes one
 * transaction of it. */
static void hand_over(struct http_request *r, void *arg)
{
    struct exchange    *x = arg;
    const struct store *store = api_of(x)->flow.store;

    x->step.goes_on = http_turn_goes_on(r);
    store->commit(store->self, &x->step, on_committed, x);
}

static void after_waiting(struct http_request *r, void *arg)
{
    (void)r;
    exchange_run(arg);
}

void exchange_begin(struct exchange *x, struct http_request *r)
{
    memset(x, 0, offsetof(struct exchange, step));
    step_begin(&x->step);
    x->r = r;
}

void exchange_run(struct exchange *x)
{
    const struct store *store = api_of(x)->flow.store;

    if (x->plans++ == 0)
        x->began_us = metric_clock_us();
    x->again_ms = 0;
    material_follow(&api_of(x)->flow);
    x->status = x->plan(x, &x->err);
    if (pawl_is_ok(x->status) && (!step_is_empty(&x->step) ||
                                  (store->reads_ahead && x->again_ms == 0 && !x->reads_nothing))) {
        x->given_us = metric_clock_us();
        metric_move(METRIC_COMMITTING, 1);
        http_after_turn(x->r, hand_over, x);
        return;
    }
    step_done(&x->step);
    if (pawl_is_ok(x->status) && x->again_ms && !http_is_gone(x->r) &&
        http_after(x->r, x->again_ms, after_waiting, x))
        return;
    x->finish(x);
}

bool exchange_failed(const struct exchange *x)
{
    switch (x->status.code) {
    case PAWL_E_NONE:
    case PAWL_E_IO:
    case PAWL_E_MEMORY:
    case PAWL_E_CRYPTO:
    case PAWL_E_BUG:
        return true;
    default:
        return false;
    }
}

void exchange_log(const struct exchange *x, int http, const char *device, const char *outcome)
{
    bool    good = pawl_is_ok(x->status);
    int64_t took_us = metric_clock_us() - x->began_us;

    metric_request(http_route(x->r), http, took_us);
    log_line(&(struct log_line){
        .level = good                 ? LOG_INFO
                 : exchange_failed(x) ? LOG_ERROR
                                      : LOG_WARN,
        .request = http_id(x->r),
        .route = http_route(x->r),
        .status = http,
        .device = device,
        .peer = http_peer(x->r),
        .took_us = took_us,
        .outcome = good ? outcome : NULL,
        .where = good ? NULL : x->err.where,
        .why = good ? NULL : x->err.why,
    });
}

void api_refused(const struct http_request *r, const struct http_answer *a, const char *why)
{
    metric_request(http_route(r), a->status, 0);
    log_line(&(struct log_line){ .level = LOG_WARN,
                                 .request = http_id(r),
                                 .route = http_route(r),
                                 .status = a->status,
                                 .peer = http_peer(r),
                                 .where = "http",
                                 .why = why });
}

void api_unread(const char *request, int status, const char *why)
{
    metric_request("", status, 0);
    log_line(&(struct log_line){
        .level = LOG_WARN, .request = request, .status = status, .where = "http", .why = why });
}

uint64_t api_body_max(const struct http_route *table)
{
    uint64_t max = 0;

    for (const struct http_route *r = table; r->path; r++)
        if (r->body_max > max)
            max = r->body_max;
    return max;
}
