/* SPDX-License-Identifier: Apache-2.0 */
#include "api/results.h"

#include <stdio.h>

#include "api/exchange.h"
#include "flow/material.h"
#include "log.h"
#include "metrics.h"

void results_jwks(struct http_request *r, const void *arg)
{
    struct api *api = http_context(r);

    (void)arg;
    material_follow(&api->flow);
    metric_request(http_route(r), 200, 0);
    http_answer(r, &(struct http_answer){ .status = 200,
                                          .type = "application/jwk-set+json",
                                          .body = pawl_view_str(api->flow.material->jwks),
                                          .max_age_s = 300 });
}

/* Good when the store answers a read; a balancer then sends requests here. */
void results_health(struct http_request *r, const void *arg)
{
    const struct api   *api = http_context(r);
    const struct store *store = api->flow.store;
    const char         *tenant = api->flow.config->tenant[0].name;
    char                name[PAWL_TENANT_MAX + 1];
    struct pawl_err     err;

    (void)arg;
    bool good = pawl_is_ok(store->default_policy(store->self, pawl_view_str(tenant), name, &err));
    if (!good)
        log_failure("health", &err);
    http_answer(
        r, &(struct http_answer){ .status = good ? 200 : 503,
                                  .type = "application/json",
                                  .body = pawl_view_str(good ? "{\"status\":\"ok\"}\n"
                                                             : "{\"status\":\"failing\"}\n") });
}

/* ---- readiness ------------------------------------------------------------------------------ */

#define READY_FOR_US 1000000 /* how long an answer holds: asking often costs nothing */

static bool store_answers(const struct flow *f)
{
    const struct store *store = f->store;
    struct pawl_view    tenant = pawl_view_str(f->config->tenant[0].name);
    char                name[PAWL_TENANT_MAX + 1];
    struct pawl_err     err;

    return pawl_is_ok(store->default_policy(store->self, tenant, name, &err));
}

/* Some tenant can tell a TPM's maker. */
static bool has_trust(const struct flow *f)
{
    for (size_t i = 0; i < f->config->tenant_n; i++)
        if (f->trust[i].vendor || f->trust[i].lab)
            return true;
    return false;
}

static const char *not_ready(const struct flow *f)
{
    if (!has_trust(f))
        return "no-roots";
    if (!store_answers(f))
        return f->store->is_behind && f->store->is_behind(f->store->self) ? "store-is-older"
                                                                          : "store-fails";
    return exchange_commits() ? NULL : "commits-fail";
}

void results_ready(struct http_request *r, const void *arg)
{
    static _Thread_local int64_t     asked_us;
    static _Thread_local const char *why;
    struct api                      *api = http_context(r);
    char                             text[64] = "{\"status\":\"ready\"}\n";

    (void)arg;
    material_follow(&api->flow);
    if (http_is_stopping(r)) {
        why = "stopping";
    } else if (!asked_us || metric_clock_us() - asked_us > READY_FOR_US) {
        why = not_ready(&api->flow);
        asked_us = metric_clock_us();
    }
    if (why)
        snprintf(text, sizeof(text), "{\"status\":\"%s\"}\n", why);
    metric_request(http_route(r), why ? 503 : 200, 0);
    http_answer(r, &(struct http_answer){ .status = why ? 503 : 200,
                                          .type = "application/json",
                                          .body = pawl_view_str(text) });
}
