/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator's flows share. */
#ifndef VERIFIER_FLOW_OPERATOR_FIND_H
#define VERIFIER_FLOW_OPERATOR_FIND_H

#include "flow/operator.h"

/* id: 64 hex digits, or an unambiguous prefix. ABSENT, RANGE, FORM at "device". */
PAWL_MUST_USE pawl_status operator_find_device(struct flow *f, const struct tenant_config *tenant,
                                               const char *id, struct device *ret,
                                               struct pawl_err *err);

/* {"policy": name}: empty, or the name of a policy that is stored (otherwise ABSENT). */
PAWL_MUST_USE pawl_status operator_read_policy_name(struct flow                *f,
                                                    const struct tenant_config *tenant,
                                                    struct pawl_view            body,
                                                    char             ret[PAWL_TENANT_MAX + 1],
                                                    struct pawl_err *err);

#endif
