/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's face: JSON in, a function of flow/operator.h, JSON out; problem+json (problem.h)
 * for what is refused. What each operation takes and gives is in operator_*.c.
 *
 * The query parameter tenant names the tenant. Without it that of the credential is meant, and the
 * first one of the configuration where a credential is of all.
 */
#include "api/operator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/problem.h"
#include "metrics.h"

#define METRICS_TYPE "text/plain; version=0.0.4"
#define JSON_TYPE    "application/json"

/* A body as text: six characters for a byte at worst (\\u00XX). */
#define MESSAGE_BODY_MAX (6 * PAWL_BODY_MAX + 64)

/* What a route of the table does, and for whom. */
struct operator_route {
    unsigned   roles;
    operation *run;
};

/* ---- queries --------------------------------------------------------------------------------- */

pawl_status query_number(const struct http_request *r, const char *name, uint64_t max,
                         uint64_t *ret, struct pawl_err *err)
{
    char text[24];
    bool there;

    *ret = 0;
    PAWL_TRY(http_query(r, name, text, sizeof(text), &there, err));
    return there ? pawl_u64_parse(text, name, max, ret, err) : pawl_ok();
}

pawl_status query_page(const struct http_request *r, struct list_query *ret, struct pawl_err *err)
{
    bool there;

    PAWL_TRY(http_query(r, "after", ret->after, sizeof(ret->after), &there, err));
    return query_number(r, "limit", INT32_MAX, &ret->limit, err);
}

/* ---- what the verifier says of itself -------------------------------------------------------- */

static const char openapi_text[] =
#include "openapi.inc"
    ;

static pawl_status openapi(struct operator_exchange *o, struct pawl_err *err)
{
    o->json = strdup(openapi_text);
    return o->json ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "openapi", "out of memory");
}

/* Of the whole process: what other tenants do is in them. */
static pawl_status metrics(struct operator_exchange *o, struct pawl_err *err)
{
    if (o->asker.tenant[0] && o->flow->config->tenant_n > 1)
        return pawl_fail(err, PAWL_E_DENIED, "tenant",
                         "%s is of one tenant, and these are numbers of all", o->asker.name);
    o->is_metrics = true;
    o->x.reads_nothing = true;
    o->json = metrics_text();
    return o->json ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "metrics", "out of memory");
}

/* ---- answers --------------------------------------------------------------------------------- */

static int status_of(const struct exchange *x)
{
    if (wait_is_over_share(x->status, &x->err))
        return 429;
    switch (x->status.code) {
    case PAWL_OK:
        return 200;
    case PAWL_E_DENIED:
        return 403;
    case PAWL_E_ABSENT:
        return 404;
    case PAWL_E_IO: /* of the store: it may be back in a moment */
    case PAWL_E_MEMORY:
        return 503;
    case PAWL_E_STATE:
    case PAWL_E_CONFLICT:
        return 409;
    default:
        return exchange_failed(x) ? 500 : 400;
    }
}

void operator_refuse(struct http_request *r, const struct http_answer *a, const char *why)
{
    api_refused(r, a, why);
    problem_answer(r, *a, &(struct problem){ .code = "http", .detail = why });
}

/* ---- exchange -------------------------------------------------------------------------------- */

static pawl_status find_tenant(struct operator_exchange *o, struct pawl_err *err)
{
    const struct verifier_config *config = o->flow->config;
    char                          name[PAWL_TENANT_MAX + 1];
    bool                          there;

    PAWL_TRY(http_query(o->x.r, "tenant", name, sizeof(name), &there, err));
    if (!there && o->asker.tenant[0])
        snprintf(name, sizeof(name), "%s", o->asker.tenant);
    else if (!there)
        snprintf(name, sizeof(name), "%s", config->tenant[0].name);
    if (o->asker.tenant[0] && strcmp(name, o->asker.tenant) != 0)
        return pawl_fail(err, PAWL_E_DENIED, "tenant", "%s is of another tenant", o->asker.name);
    o->tenant = config_tenant(config, pawl_view_str(name));
    if (!o->tenant)
        return pawl_fail(err, PAWL_E_ABSENT, "tenant", "there is no such tenant");
    return pawl_ok();
}

static pawl_status plan(struct exchange *x, struct pawl_err *err)
{
    struct operator_exchange *o = (struct operator_exchange *)x;

    free(o->json); /* of a plan that came too late */
    o->json = NULL;
    stream_free(&o->stream);
    if (o->until_ms) /* it waited */
        PAWL_TRY(access_holds(o->flow, &o->asker, err));
    PAWL_TRY(find_tenant(o, err));
    o->flow->asker = &o->asker;
    pawl_status s = o->run(o, err);
    o->flow->asker = NULL;
    return s;
}

/* The device that the path names, for the log: as many digits as the operator gave. */
static const char *device_of(const struct http_request *r)
{
    static const char of_devices[] = "/v1/devices/";
    const char       *segment = http_segment(r);
    bool              is_id = segment[strspn(segment, "0123456789abcdefABCDEF")] == 0;

    return is_id && strncmp(http_route(r), of_devices, sizeof(of_devices) - 1) == 0 ? segment
                                                                                    : NULL;
}

/* Who has it already gets no body. */
static void answer_good(const struct operator_exchange *o)
{
    const char        *known = http_header(o->x.r, "If-None-Match");
    bool               same = o->etag[0] && known && strstr(known, o->etag);
    struct http_answer a = { .status = same ? 304 : 200, .etag = o->etag[0] ? o->etag : NULL };

    if (!same && o->json) {
        a.type = o->is_metrics ? METRICS_TYPE : JSON_TYPE;
        a.body = pawl_view_str(o->json);
    }
    http_answer(o->x.r, &a);
}

static void finish(struct exchange *x)
{
    struct operator_exchange *o = (struct operator_exchange *)x;
    int                       status = status_of(x);
    char                      outcome[16 + PAWL_TENANT_MAX];
    bool                      come_again = status == 503 || status == 429;

    wait_leave(&o->wait);
    snprintf(outcome, sizeof(outcome), "done%s%s", o->asker.name[0] ? " by " : "", o->asker.name);
    exchange_log(x, status, device_of(x->r), outcome);
    if (status == 200 && o->stream)
        stream_run(o->stream, x->r);
    else if (status == 200)
        answer_good(o);
    else
        problem_answer(x->r,
                       (struct http_answer){ .status = status,
                                             .retry_after_s = come_again ? HTTP_RETRY_AFTER_S : 0 },
                       &(struct problem){ .code = pawl_code_name(x->err.code),
                                          .detail = x->err.why,
                                          .field = x->err.where });
    if (status != 200)
        stream_free(&o->stream);
    free(o->json);
    free(o);
}

static void handle(struct http_request *r, const void *arg)
{
    const struct operator_route *route = arg;
    struct api                  *api = http_context(r);
    struct credential            asker;

    if (!access_allows(r, route->roles, &asker))
        return;
    struct operator_exchange *o = calloc(1, sizeof(*o));
    if (!o) {
        operator_refuse(r, &(struct http_answer){ .status = 503 }, "no memory");
        return;
    }
    exchange_begin(&o->x, r);
    o->x.plan = plan;
    o->x.finish = finish;
    o->run = route->run;
    o->asker = asker;
    o->flow = &api->flow;
    exchange_run(&o->x);
}

/* "{}", as some clients say nothing. */
#define NO_BODY 2

/* Who may, and what is done. */
#define RUN(roles, run) (&(const struct operator_route){ (roles), (run) })

const struct http_route operator_routes[] = {
    { HTTP_GET, "/v1/devices", NULL, 0, handle, RUN(ROLES_READ, api_devices) },
    { HTTP_GET, "/v1/devices/*", NULL, 0, handle, RUN(ROLES_READ, api_device) },
    { HTTP_POST, "/v1/devices/*/approve", NULL, NO_BODY, handle, RUN(ROLES_OPERATOR, api_approve) },
    { HTTP_POST, "/v1/devices/*/revoke", NULL, NO_BODY, handle, RUN(ROLES_OPERATOR, api_revoke) },
    { HTTP_POST, "/v1/devices/*/policy", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, api_device_policy) },
    { HTTP_POST, "/v1/devices/*/group", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, api_device_group) },
    { HTTP_POST, "/v1/devices/*/labels", JSON_TYPE, 8192, handle,
      RUN(ROLES_OPERATOR, api_device_labels) },
    { HTTP_GET, "/v1/devices/*/evidence", NULL, 0, handle, RUN(ROLES_READ, api_evidence) },
    { HTTP_GET, "/v1/devices/*/ear", NULL, 0, handle, RUN(ROLES_ALL, api_ear) },
    { HTTP_GET, "/v1/revoked", NULL, 0, handle, RUN(ROLES_ALL, api_revoked) },
    { HTTP_GET, "/v1/messages", NULL, 0, handle, RUN(ROLES_READ, api_messages) },
    { HTTP_GET, "/v1/stream", NULL, 0, handle, RUN(ROLES_READ, api_stream) },
    { HTTP_GET, "/v1/fleet", NULL, 0, handle, RUN(ROLES_READ, api_fleet) },
    { HTTP_GET, "/v1/devices/*/messages", NULL, 0, handle, RUN(ROLES_READ, api_downlink) },
    { HTTP_POST, "/v1/devices/*/messages", JSON_TYPE, MESSAGE_BODY_MAX, handle,
      RUN(ROLES_OPERATOR, api_message_send) },
    { HTTP_POST, "/v1/devices/*/rekey", NULL, NO_BODY, handle, RUN(ROLES_OPERATOR, api_rekey) },
    { HTTP_POST, "/v1/devices/*/key", JSON_TYPE, 4096, handle, RUN(ROLES_KEYS, api_device_key) },
    { HTTP_POST, "/v1/devices/*/hedge", NULL, NO_BODY, handle, RUN(ROLES_ADMIN, api_hedge) },
    { HTTP_GET, "/v1/incidents", NULL, 0, handle, RUN(ROLES_READ, api_incidents) },
    { HTTP_GET, "/v1/incidents/*", NULL, 0, handle, RUN(ROLES_READ, api_incident) },
    { HTTP_POST, "/v1/incidents/*/close", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, api_incident_close) },
    { HTTP_GET, "/v1/audit", NULL, 0, handle, RUN(ROLES_READ, api_audit) },
    { HTTP_GET, "/v1/why", NULL, 0, handle, RUN(ROLES_READ, api_why) },
    { HTTP_GET, "/v1/groups", NULL, 0, handle, RUN(ROLES_READ, api_groups) },
    { HTTP_POST, "/v1/groups", JSON_TYPE, 4096, handle, RUN(ROLES_OPERATOR, api_group_set) },
    { HTTP_GET, "/v1/groups/*", NULL, 0, handle, RUN(ROLES_READ, api_group) },
    { HTTP_POST, "/v1/groups/*/delete", NULL, NO_BODY, handle,
      RUN(ROLES_OPERATOR, api_group_drop) },
    { HTTP_GET, "/v1/exceptions", NULL, 0, handle, RUN(ROLES_READ, api_exceptions) },
    { HTTP_POST, "/v1/exceptions", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, api_exception_add) },
    { HTTP_POST, "/v1/exceptions/*/end", NULL, NO_BODY, handle,
      RUN(ROLES_OPERATOR, api_exception_end) },
    { HTTP_POST, "/v1/default-policy", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, api_default_policy) },
    { HTTP_GET, "/v1/policies", NULL, 0, handle, RUN(ROLES_READ, api_policies) },
    { HTTP_GET, "/v1/policies/*", NULL, 0, handle, RUN(ROLES_READ, api_policy) },
    { HTTP_POST, "/v1/policies", JSON_TYPE, OPERATOR_BODY_MAX, handle,
      RUN(ROLES_OPERATOR, api_policy_add) },
    { HTTP_POST, "/v1/policies/learn", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, api_policy_learn) },
    { HTTP_POST, "/v1/policies/test", JSON_TYPE, OPERATOR_BODY_MAX, handle,
      RUN(ROLES_OPERATOR, api_policy_test) },
    { HTTP_GET, "/v1/tokens", NULL, 0, handle, RUN(ROLES_READ, api_tokens) },
    { HTTP_POST, "/v1/tokens", JSON_TYPE, 4096, handle, RUN(ROLES_OPERATOR, api_token_make) },
    { HTTP_POST, "/v1/tokens/*/drop", NULL, NO_BODY, handle, RUN(ROLES_OPERATOR, api_token_drop) },
    { HTTP_GET, "/metrics", NULL, 0, handle, RUN(ROLES_READ, metrics) },
    { HTTP_GET, "/v1/whoami", NULL, 0, handle, RUN(ROLES_ALL, api_whoami) },
    { HTTP_GET, "/v1/openapi.json", NULL, 0, handle, RUN(ROLES_ALL, openapi) },
    { HTTP_GET, "/v1/credentials", NULL, 0, handle, RUN(ROLES_ADMIN, api_credentials) },
    { HTTP_POST, "/v1/credentials", JSON_TYPE, 4096, handle, RUN(ROLES_ADMIN, api_credential_add) },
    { HTTP_POST, "/v1/credentials/*/drop", NULL, NO_BODY, handle,
      RUN(ROLES_ADMIN, api_credential_drop) },
    { 0 },
};
