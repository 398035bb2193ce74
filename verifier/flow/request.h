/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a request is, and whether it is meant for this verifier. */
#ifndef VERIFIER_FLOW_REQUEST_H
#define VERIFIER_FLOW_REQUEST_H

#include "flow/flow.h"

/* DENIED if there is no such tenant here; err->where is field. */
PAWL_MUST_USE pawl_status request_tenant(const struct flow *f, struct pawl_view name,
                                         const char *field, const struct tenant_config **ret,
                                         struct pawl_err *err);

/* DENIED if the id is not that of a signing key of ours. */
PAWL_MUST_USE pawl_status request_is_for_us(const struct flow *f, struct pawl_view verifier_id,
                                            const char *field, struct pawl_err *err);

struct pawl_view tenant_view(const struct tenant_config *t);

/* Whom this tenant trusts to vouch for an EK. */
const struct ek_trust *tenant_trust(const struct flow *f, const struct tenant_config *t);

#endif
