/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's exchange, and the operations that its routes name: each reads what it needs of
 * the request, calls one function of flow/operator.h, and leaves the answer in the exchange.
 */
#ifndef VERIFIER_API_OPERATOR_H
#define VERIFIER_API_OPERATOR_H

#include "api/api.h"
#include "api/exchange.h"
#include "api/stream.h"
#include "api/waits.h"
#include "flow/operator.h"

struct operator_exchange;
typedef pawl_status operation(struct operator_exchange *o, struct pawl_err *err);

struct operator_exchange {
    struct exchange             x;
    operation                  *run;
    struct credential           asker;
    struct flow                *flow;
    const struct tenant_config *tenant;
    char                       *json;                  /* the answer */
    bool                        is_metrics;            /* and no JSON */
    char                        etag[REVOKED_TAG_MAX]; /* empty: none */
    struct stream              *stream;                /* or this is */
    int64_t                     until_ms; /* a list of messages is waited for; 0: not yet known */
    struct wait                 wait;     /* .. and has this place */
};

/* Of the request's query. What is not there is 0 or empty. */
PAWL_MUST_USE pawl_status query_number(const struct http_request *r, const char *name, uint64_t max,
                                       uint64_t *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status query_page(const struct http_request *r, struct list_query *ret,
                                     struct pawl_err *err);

/* operator_devices.c */
operation api_devices, api_fleet, api_device, api_approve, api_revoke, api_device_policy,
    api_device_group, api_device_labels, api_evidence, api_ear, api_revoked, api_rekey,
    api_device_key, api_hedge;

/* operator_policies.c */
operation api_groups, api_group, api_group_set, api_group_drop, api_exceptions, api_exception_add,
    api_exception_end, api_default_policy, api_policies, api_policy, api_policy_add,
    api_policy_learn, api_policy_test;

/* operator_messages.c */
operation api_messages, api_stream, api_message_send, api_downlink;

/* operator_incidents.c */
operation api_incidents, api_incident, api_incident_close, api_why, api_audit;

/* operator_access.c */
operation api_tokens, api_token_make, api_token_drop, api_whoami, api_credentials,
    api_credential_add, api_credential_drop;

#endif
