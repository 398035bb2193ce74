/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's face: JSON in, a function of flow/operator.h, JSON out; problem+json (problem.h)
 * for what is refused.
 *
 * The query parameter tenant names the tenant. Without it that of the credential is meant, and the
 * first one of the configuration where a credential is of all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/exchange.h"
#include "api/stream.h"
#include "api/problem.h"
#include "flow/operator.h"
#include "metrics.h"

#define METRICS_TYPE "text/plain; version=0.0.4"
#define JSON_TYPE    "application/json"

/* A body as text: six characters for a byte at worst (\\u00XX). */
#define MESSAGE_BODY_MAX (6 * PAWL_BODY_MAX + 64)

struct operator_exchange;
typedef pawl_status operation(struct operator_exchange *o, struct pawl_err *err);

/* What a route of the table does, and for whom. */
struct operator_route {
    unsigned   roles;
    operation *run;
};

struct operator_exchange {
    struct exchange             x;
    operation                  *run;
    struct credential           asker;
    struct flow                *flow;
    const struct tenant_config *tenant;
    char                       *json;       /* the answer */
    bool                        is_metrics; /* and no JSON */
    struct stream              *stream;     /* or this is */
    int64_t                     until_ms;   /* a list of messages is waited for; 0: not yet known */
};

/* ---- operations ------------------------------------------------------------------------------ */

static pawl_status number_in_query(const struct http_request *r, const char *name, uint64_t max,
                                   uint64_t *ret, struct pawl_err *err)
{
    char text[24];
    bool there;

    *ret = 0;
    PAWL_TRY(http_query(r, name, text, sizeof(text), &there, err));
    return there ? pawl_u64_parse(text, name, max, ret, err) : pawl_ok();
}

static pawl_status page_in_query(const struct http_request *r, struct list_query *ret,
                                 struct pawl_err *err)
{
    bool there;

    PAWL_TRY(http_query(r, "after", ret->after, sizeof(ret->after), &there, err));
    return number_in_query(r, "limit", INT32_MAX, &ret->limit, err);
}

static pawl_status devices(struct operator_exchange *o, struct pawl_err *err)
{
    struct device_query q = { 0 };
    uint64_t            overdue;
    bool                there;

    PAWL_TRY(page_in_query(o->x.r, &q.page, err));
    PAWL_TRY(http_query(o->x.r, "state", q.state, sizeof(q.state), &there, err));
    PAWL_TRY(http_query(o->x.r, "group", q.group, sizeof(q.group), &there, err));
    PAWL_TRY(http_query(o->x.r, "label", q.label, sizeof(q.label), &there, err));
    PAWL_TRY(http_query(o->x.r, "status", q.status, sizeof(q.status), &there, err));
    PAWL_TRY(http_query(o->x.r, "release", q.release, sizeof(q.release), &there, err));
    PAWL_TRY(http_query(o->x.r, "q", q.begins, sizeof(q.begins), &there, err));
    PAWL_TRY(number_in_query(o->x.r, "overdue", 1, &overdue, err));
    q.overdue = overdue;
    return operator_devices(o->flow, o->tenant, &q, &o->json, err);
}

/* How often a count that is not ready goes on: others' requests come between. */
#define COUNT_ON_MS 5

static pawl_status fleet(struct operator_exchange *o, struct pawl_err *err)
{
    PAWL_TRY(operator_fleet(o->flow, o->tenant, &o->json, err));
    if (!o->json)
        o->x.again_ms = COUNT_ON_MS;
    return pawl_ok();
}

static pawl_status device(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

static pawl_status approve(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_move(o->flow, o->tenant, http_segment(o->x.r), DEVICE_EVENT_APPROVE,
                                &o->json, &o->x.step, err);
}

static pawl_status revoke(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_move(o->flow, o->tenant, http_segment(o->x.r), DEVICE_EVENT_REVOKE,
                                &o->json, &o->x.step, err);
}

static pawl_status device_policy(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_policy(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                  &o->json, &o->x.step, err);
}

static pawl_status device_group(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_group(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                 &o->json, &o->x.step, err);
}

static pawl_status device_labels(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_labels(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                  &o->json, &o->x.step, err);
}

static pawl_status evidence(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_evidence(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

static pawl_status ear(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_ear(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

static pawl_status revoked(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_revoked(o->flow, o->tenant, &o->json, err);
}

static pawl_status groups(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(page_in_query(o->x.r, &q, err));
    return operator_groups(o->flow, o->tenant, &q, &o->json, err);
}

static pawl_status group(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_group(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

static pawl_status group_set(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_group_set(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

static pawl_status group_drop(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_group_drop(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step, err);
}

static pawl_status exceptions(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(page_in_query(o->x.r, &q, err));
    return operator_exceptions(o->flow, o->tenant, &q, &o->json, err);
}

static pawl_status exception_add(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_exception_add(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

static pawl_status exception_end(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_exception_end(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step,
                                  err);
}

static pawl_status default_policy(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_default_policy(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step,
                                   err);
}

static pawl_status policies(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(page_in_query(o->x.r, &q, err));
    return operator_policies(o->flow, o->tenant, &q, &o->json, err);
}

static pawl_status policy(struct operator_exchange *o, struct pawl_err *err)
{
    uint64_t version;

    PAWL_TRY(number_in_query(o->x.r, "version", INT64_MAX, &version, err));
    return operator_policy(o->flow, o->tenant, http_segment(o->x.r), version, &o->json, err);
}

static pawl_status policy_add(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_policy_add(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

static pawl_status policy_learn(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_policy_learn(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

static pawl_status policy_test(struct operator_exchange *o, struct pawl_err *err)
{
    struct trial_query q = { 0 };
    bool               there;

    PAWL_TRY(http_query(o->x.r, "group", q.group, sizeof(q.group), &there, err));
    PAWL_TRY(http_query(o->x.r, "device", q.device, sizeof(q.device), &there, err));
    PAWL_TRY(http_query(o->x.r, "after", q.after, sizeof(q.after), &there, err));
    PAWL_TRY(number_in_query(o->x.r, "limit", OPERATOR_TRIALS_MAX, &q.limit, err));
    return operator_policy_test(o->flow, o->tenant, &q, http_body(o->x.r), &o->json, err);
}

static pawl_status tokens(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(page_in_query(o->x.r, &q, err));
    return operator_tokens(o->flow, o->tenant, &q, &o->json, err);
}

static pawl_status token_make(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_token_make(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step, err);
}

static pawl_status whoami(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_whoami(o->flow, &o->json, err);
}

static const char openapi_text[] =
#include "openapi.inc"
    ;

static pawl_status openapi(struct operator_exchange *o, struct pawl_err *err)
{
    o->json = strdup(openapi_text);
    return o->json ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "openapi", "out of memory");
}

static pawl_status metrics(struct operator_exchange *o, struct pawl_err *err)
{
    o->is_metrics = true;
    o->x.reads_nothing = true;
    o->json = metrics_text();
    return o->json ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "metrics", "out of memory");
}

static pawl_status credentials(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_credentials(o->flow, o->tenant, &o->json, err);
}

static pawl_status credential_add(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_credential_add(o->flow, o->tenant, http_body(o->x.r), &o->json, &o->x.step,
                                   err);
}

static pawl_status credential_drop(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_credential_drop(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step,
                                    err);
}

/* How often a request that waits for messages looks. */
#define LOOK_MS 200

/* A list without messages waits for wait_s, though never as long as a request may take. */
static void wait_for_messages(struct operator_exchange *o, uint64_t wait_s)
{
    const struct verifier_config *config = o->flow->config;
    int64_t                       now_ms = o->flow->now_ms(o->flow->now_arg);

    if (!o->until_ms) {
        if (wait_s > config->request_timeout_s / 2)
            wait_s = config->request_timeout_s / 2;
        o->until_ms = now_ms + (int64_t)wait_s * 1000;
    }
    if (now_ms < o->until_ms)
        o->x.again_ms = LOOK_MS;
}

static pawl_status feed_in_query(const struct http_request *r, struct message_query *ret,
                                 struct pawl_err *err)
{
    bool there;

    PAWL_TRY(http_query(r, "after", ret->after, sizeof(ret->after), &there, err));
    PAWL_TRY(http_query(r, "device", ret->device, sizeof(ret->device), &there, err));
    return http_query(r, "type", ret->type, sizeof(ret->type), &there, err);
}

static pawl_status messages(struct operator_exchange *o, struct pawl_err *err)
{
    struct message_query q = { 0 };
    uint64_t             wait_s;
    bool                 any;

    PAWL_TRY(number_in_query(o->x.r, "wait_s", OPERATOR_WAIT_MAX_S, &wait_s, err));
    PAWL_TRY(feed_in_query(o->x.r, &q, err));
    PAWL_TRY(number_in_query(o->x.r, "limit", OPERATOR_MESSAGES_MAX, &q.limit, err));
    PAWL_TRY(operator_messages(o->flow, o->tenant, &q, &o->json, &any, err));
    if (!any)
        wait_for_messages(o, wait_s);
    return pawl_ok();
}

/* A reader that comes again names the last event that it has, as browsers do; that goes before what
 * its address says. */
static pawl_status stream(struct operator_exchange *o, struct pawl_err *err)
{
    struct message_query q = { 0 };
    const char          *last = http_header(o->x.r, "Last-Event-ID");

    PAWL_TRY(feed_in_query(o->x.r, &q, err));
    if (last && *last) {
        if (strlen(last) >= sizeof(q.after))
            return pawl_fail(err, PAWL_E_RANGE, "Last-Event-ID", "is no cursor");
        memcpy(q.after, last, strlen(last) + 1);
    }
    return stream_open(o->flow, o->tenant, &q, &o->stream, err);
}

static pawl_status message_send(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_message_send(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                 &o->json, &o->x.step, err);
}

static pawl_status downlink(struct operator_exchange *o, struct pawl_err *err)
{
    struct list_query q = { 0 };

    PAWL_TRY(page_in_query(o->x.r, &q, err));
    return operator_downlink(o->flow, o->tenant, http_segment(o->x.r), &q, &o->json, err);
}

static pawl_status rekey(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_rekey(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step,
                                 err);
}

static pawl_status device_key(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_key(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                               &o->json, err);
}

static pawl_status hedge(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_device_hedge(o->flow, o->tenant, http_segment(o->x.r), &o->json, &o->x.step,
                                 err);
}

static pawl_status incidents(struct operator_exchange *o, struct pawl_err *err)
{
    char              device[2 * PAWL_DEVICE_ID + 1] = "";
    struct list_query q = { 0 };
    uint64_t          open;
    bool              there;

    PAWL_TRY(page_in_query(o->x.r, &q, err));
    PAWL_TRY(http_query(o->x.r, "device", device, sizeof(device), &there, err));
    PAWL_TRY(number_in_query(o->x.r, "open", 1, &open, err));
    return operator_incidents(o->flow, o->tenant, device, open, &q, &o->json, err);
}

static pawl_status incident(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_incident(o->flow, o->tenant, http_segment(o->x.r), &o->json, err);
}

static pawl_status incident_close(struct operator_exchange *o, struct pawl_err *err)
{
    return operator_incident_close(o->flow, o->tenant, http_segment(o->x.r), http_body(o->x.r),
                                   &o->json, &o->x.step, err);
}

static pawl_status why(struct operator_exchange *o, struct pawl_err *err)
{
    struct why_query q = { 0 };
    bool             there;

    PAWL_TRY(http_query(o->x.r, "device", q.device, sizeof(q.device), &there, err));
    PAWL_TRY(http_query(o->x.r, "request", q.request, sizeof(q.request), &there, err));
    PAWL_TRY(http_query(o->x.r, "serial", q.serial, sizeof(q.serial), &there, err));
    return operator_why(o->flow, o->tenant, &q, &o->json, err);
}

static pawl_status audit(struct operator_exchange *o, struct pawl_err *err)
{
    uint64_t after, limit;

    PAWL_TRY(number_in_query(o->x.r, "after", INT64_MAX, &after, err));
    PAWL_TRY(number_in_query(o->x.r, "limit", OPERATOR_AUDIT_MAX, &limit, err));
    return operator_audit(o->flow, o->tenant, after, limit, &o->json, err);
}

/* ---- answers --------------------------------------------------------------------------------- */

static int status_of(const struct exchange *x)
{
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

static void finish(struct exchange *x)
{
    struct operator_exchange *o = (struct operator_exchange *)x;
    const char               *type = o->is_metrics ? METRICS_TYPE : JSON_TYPE;
    int                       status = status_of(x);
    char                      outcome[16 + PAWL_TENANT_MAX];

    snprintf(outcome, sizeof(outcome), "done%s%s", o->asker.name[0] ? " by " : "", o->asker.name);
    exchange_log(x, status, device_of(x->r), outcome);
    if (status == 200 && o->stream)
        stream_run(o->stream, x->r);
    else if (status == 200)
        http_answer(x->r, &(struct http_answer){ .status = 200,
                                                 .type = o->json ? type : NULL,
                                                 .body = pawl_view_str(o->json ? o->json : "") });
    else
        problem_answer(
            x->r,
            (struct http_answer){ .status = status,
                                  .retry_after_s = status == 503 ? HTTP_RETRY_AFTER_S : 0 },
            &(struct problem){
                .code = pawl_code_name(x->err.code), .detail = x->err.why, .field = x->err.where });
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
    o->x = (struct exchange){ .r = r, .plan = plan, .finish = finish };
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
    { HTTP_GET, "/v1/devices", NULL, 0, handle, RUN(ROLES_READ, devices) },
    { HTTP_GET, "/v1/devices/*", NULL, 0, handle, RUN(ROLES_READ, device) },
    { HTTP_POST, "/v1/devices/*/approve", NULL, NO_BODY, handle, RUN(ROLES_OPERATOR, approve) },
    { HTTP_POST, "/v1/devices/*/revoke", NULL, NO_BODY, handle, RUN(ROLES_OPERATOR, revoke) },
    { HTTP_POST, "/v1/devices/*/policy", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, device_policy) },
    { HTTP_POST, "/v1/devices/*/group", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, device_group) },
    { HTTP_POST, "/v1/devices/*/labels", JSON_TYPE, 8192, handle,
      RUN(ROLES_OPERATOR, device_labels) },
    { HTTP_GET, "/v1/devices/*/evidence", NULL, 0, handle, RUN(ROLES_READ, evidence) },
    { HTTP_GET, "/v1/devices/*/ear", NULL, 0, handle, RUN(ROLES_ALL, ear) },
    { HTTP_GET, "/v1/revoked", NULL, 0, handle, RUN(ROLES_ALL, revoked) },
    { HTTP_GET, "/v1/messages", NULL, 0, handle, RUN(ROLES_READ, messages) },
    { HTTP_GET, "/v1/stream", NULL, 0, handle, RUN(ROLES_READ, stream) },
    { HTTP_GET, "/v1/fleet", NULL, 0, handle, RUN(ROLES_READ, fleet) },
    { HTTP_GET, "/v1/devices/*/messages", NULL, 0, handle, RUN(ROLES_READ, downlink) },
    { HTTP_POST, "/v1/devices/*/messages", JSON_TYPE, MESSAGE_BODY_MAX, handle,
      RUN(ROLES_OPERATOR, message_send) },
    { HTTP_POST, "/v1/devices/*/rekey", NULL, NO_BODY, handle, RUN(ROLES_OPERATOR, rekey) },
    { HTTP_POST, "/v1/devices/*/key", JSON_TYPE, 4096, handle, RUN(ROLES_KEYS, device_key) },
    { HTTP_POST, "/v1/devices/*/hedge", NULL, NO_BODY, handle, RUN(ROLES_ADMIN, hedge) },
    { HTTP_GET, "/v1/incidents", NULL, 0, handle, RUN(ROLES_READ, incidents) },
    { HTTP_GET, "/v1/incidents/*", NULL, 0, handle, RUN(ROLES_READ, incident) },
    { HTTP_POST, "/v1/incidents/*/close", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, incident_close) },
    { HTTP_GET, "/v1/audit", NULL, 0, handle, RUN(ROLES_READ, audit) },
    { HTTP_GET, "/v1/why", NULL, 0, handle, RUN(ROLES_READ, why) },
    { HTTP_GET, "/v1/groups", NULL, 0, handle, RUN(ROLES_READ, groups) },
    { HTTP_POST, "/v1/groups", JSON_TYPE, 4096, handle, RUN(ROLES_OPERATOR, group_set) },
    { HTTP_GET, "/v1/groups/*", NULL, 0, handle, RUN(ROLES_READ, group) },
    { HTTP_POST, "/v1/groups/*/delete", NULL, NO_BODY, handle, RUN(ROLES_OPERATOR, group_drop) },
    { HTTP_GET, "/v1/exceptions", NULL, 0, handle, RUN(ROLES_READ, exceptions) },
    { HTTP_POST, "/v1/exceptions", JSON_TYPE, 4096, handle, RUN(ROLES_OPERATOR, exception_add) },
    { HTTP_POST, "/v1/exceptions/*/end", NULL, NO_BODY, handle,
      RUN(ROLES_OPERATOR, exception_end) },
    { HTTP_POST, "/v1/default-policy", JSON_TYPE, 4096, handle,
      RUN(ROLES_OPERATOR, default_policy) },
    { HTTP_GET, "/v1/policies", NULL, 0, handle, RUN(ROLES_READ, policies) },
    { HTTP_GET, "/v1/policies/*", NULL, 0, handle, RUN(ROLES_READ, policy) },
    { HTTP_POST, "/v1/policies", JSON_TYPE, OPERATOR_BODY_MAX, handle,
      RUN(ROLES_OPERATOR, policy_add) },
    { HTTP_POST, "/v1/policies/learn", JSON_TYPE, 4096, handle, RUN(ROLES_OPERATOR, policy_learn) },
    { HTTP_POST, "/v1/policies/test", JSON_TYPE, OPERATOR_BODY_MAX, handle,
      RUN(ROLES_OPERATOR, policy_test) },
    { HTTP_GET, "/v1/tokens", NULL, 0, handle, RUN(ROLES_READ, tokens) },
    { HTTP_POST, "/v1/tokens", JSON_TYPE, 4096, handle, RUN(ROLES_OPERATOR, token_make) },
    { HTTP_GET, "/metrics", NULL, 0, handle, RUN(ROLES_READ, metrics) },
    { HTTP_GET, "/v1/whoami", NULL, 0, handle, RUN(ROLES_ALL, whoami) },
    { HTTP_GET, "/v1/openapi.json", NULL, 0, handle, RUN(ROLES_ALL, openapi) },
    { HTTP_GET, "/v1/credentials", NULL, 0, handle, RUN(ROLES_ADMIN, credentials) },
    { HTTP_POST, "/v1/credentials", JSON_TYPE, 4096, handle, RUN(ROLES_ADMIN, credential_add) },
    { HTTP_POST, "/v1/credentials/*/drop", NULL, NO_BODY, handle,
      RUN(ROLES_ADMIN, credential_drop) },
    { 0 },
};
