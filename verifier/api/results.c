/* SPDX-License-Identifier: Apache-2.0 */
#include "api/results.h"

#include "flow/material.h"
#include "log.h"

void results_jwks(struct http_request *r, const void *arg)
{
    struct api *api = http_context(r);

    (void)arg;
    material_follow(&api->flow);
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
