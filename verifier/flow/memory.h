/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker remembers between requests. Bounded; what falls out is only computed again. */
#ifndef VERIFIER_FLOW_MEMORY_H
#define VERIFIER_FLOW_MEMORY_H

#include "appraise/policy.h"
#include "flow/flow.h"

/* The newest version of a policy, parsed; ABSENT if there is none. One version never changes once
 * it is stored, so its text is read once; again after the store was put back. *ret lives until the
 * next call. Fails as policy_parse does. */
PAWL_MUST_USE pawl_status memory_policy(struct flow_memory *m, const struct store *store,
                                        const char *tenant, const char *name,
                                        const struct policy **ret, struct pawl_err *err);

/* P-ATT-7: may this device come with a base that nobody knows? Four times in 10 s: the refusal, the
 * resync that follows it, and one more of each. Devices that share a slot push each other out,
 * which lets one through too many and never one too few. */
bool memory_may_try_base(struct flow_memory *m, const uint8_t device_id[PAWL_DEVICE_ID],
                         int64_t now_ms);

/* P-VMSG-6: may messages of this device be opened? Not when 16 failed within a minute, until an
 * attest was accepted (accepted_ms) after that. Neighbours as above. */
bool memory_may_open(struct flow_memory *m, const uint8_t device_id[PAWL_DEVICE_ID],
                     int64_t accepted_ms, int64_t now_ms);
void memory_open_failed(struct flow_memory *m, const uint8_t device_id[PAWL_DEVICE_ID],
                        int64_t now_ms);

/* The head of the tenant's audit chain, at most 1 s old. */
PAWL_MUST_USE pawl_status memory_audit(struct flow_memory *m, const struct store *store,
                                       struct pawl_view tenant, int64_t now_ms,
                                       struct audit_head *ret, struct pawl_err *err);

/* The counts of this tenant's devices: flow/fleet.h. */
struct fleet **memory_fleet(struct flow_memory *m, const struct flow *f,
                            const struct tenant_config *tenant);

/* Its list of revoked devices: flow/revoked.h. */
struct revoked **memory_revoked(struct flow_memory *m, const struct flow *f,
                                const struct tenant_config *tenant);

#endif
