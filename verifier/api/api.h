/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two faces of the verifier as tables of routes: what devices and consumers of results reach
 * over TLS, and what operators reach over the local socket. Bytes in, a flow decides, bytes out.
 */
#ifndef VERIFIER_API_API_H
#define VERIFIER_API_API_H

#include "api/access.h"
#include "flow/flow.h"
#include "http/http.h"

/* The context of an HTTP worker. */
struct api {
    struct flow              flow;
    const struct credential *owner; /* who asks whatever comes; NULL: each request says who asks */
    struct access_tries     *tries; /* of those */
};

extern const struct http_route device_routes[];
extern const struct http_route operator_routes[];

/* The largest body that a route of the table takes. */
uint64_t api_body_max(const struct http_route *table);

/* For http_config: what HTTP itself refuses, in the words of each face. */
void device_refuse(struct http_request *r, const struct http_answer *a, const char *why);
void operator_refuse(struct http_request *r, const struct http_answer *a, const char *why);
/* What never became a request. */
void api_unread(const char *request, int status, const char *why);
void device_unread(const char *request, int status, const char *why);

#endif
