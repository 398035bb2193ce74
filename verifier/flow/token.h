/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment tokens (P-ENROL-2): whoever knows the secret may let a device in, so often, so long,
 * and perhaps only this one. */
#ifndef VERIFIER_FLOW_TOKEN_H
#define VERIFIER_FLOW_TOKEN_H

#include "flow/flow.h"

/* The field name that its secret is wrapped under. */
#define TOKEN_FIELD "token"

/* Whether the token of a request lets this device in: known, its MAC over the request, then what
 * token_admits says. DENIED, FORGED, EXPIRED; err->where is "enrol.token". */
PAWL_MUST_USE pawl_status token_check(struct flow *f, const struct tenant_config *tenant,
                                      const struct pawl_enrol_req *req, struct pawl_view device_id,
                                      int64_t now_s, struct pawl_err *err);

/* Whether the token still lets this device in. *ret_bound: it was made for this device alone. */
PAWL_MUST_USE pawl_status token_admits(struct flow *f, const struct tenant_config *tenant,
                                       struct pawl_view token_id, struct pawl_view device_id,
                                       int64_t now_s, bool *ret_bound, struct pawl_err *err);

#endif
