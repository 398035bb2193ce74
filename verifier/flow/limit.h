/* SPDX-License-Identifier: Apache-2.0 */
/* How often devices may come: what costs the verifier more than the one who asks. */
#ifndef VERIFIER_FLOW_LIMIT_H
#define VERIFIER_FLOW_LIMIT_H

#include "flow/flow.h"

/* For all workers; counts nothing that was before. config must outlive it. */
PAWL_MUST_USE pawl_status limits_make(const struct verifier_config *config, struct limits **ret,
                                      struct pawl_err *err);
void                      limits_free(struct limits **l);

/* An enrolment without a token, in two steps. Before its papers are looked at: what one network may
 * cost, a quarter of the tenant's quota. Behind that the quota itself, for those alone that show a
 * TPM: whoever has none locks nobody out, from however many addresses he comes.
 * DENIED: ret is 429 with the time to come again. */
PAWL_MUST_USE pawl_status limit_enrol_share(const struct flow          *f,
                                            const struct tenant_config *tenant, int64_t now_ms,
                                            struct answer *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status limit_enrol(const struct flow *f, const struct tenant_config *tenant,
                                      int64_t now_ms, struct answer *ret, struct pawl_err *err);

/* Evidence of a device whose quote verified, so nobody else can use up what it has. As above. */
PAWL_MUST_USE pawl_status limit_attest(const struct flow *f, const struct tenant_config *tenant,
                                       const uint8_t device_id[PAWL_DEVICE_ID], int64_t now_ms,
                                       struct answer *ret, struct pawl_err *err);

#endif
