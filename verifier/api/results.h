/* SPDX-License-Identifier: Apache-2.0 */
/* For those who use results: the key that verifies them, and whether this verifier works. */
#ifndef VERIFIER_API_RESULTS_H
#define VERIFIER_API_RESULTS_H

#include "api/api.h"

void results_jwks(struct http_request *r, const void *arg);
void results_health(struct http_request *r, const void *arg);
/* Whether a balancer should send requests here. */
void results_ready(struct http_request *r, const void *arg);

#endif
