/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy leaves open though it looks strict: for who writes one, before it judges anybody.
 */
#ifndef VERIFIER_APPRAISE_POLICY_DOUBTS_H
#define VERIFIER_APPRAISE_POLICY_DOUBTS_H

#include "appraise/policy_learn.h"

/* One line for each doubt; none for a policy that pins what it relies on. */
PAWL_MUST_USE pawl_status policy_doubts(const struct policy *p, policy_change_fn *each, void *arg,
                                        struct pawl_err *err);

#endif
