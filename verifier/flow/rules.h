/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By whose rules a device is judged: the mode of its group, the policy (its own, else the group's,
 * else the tenant's default), and the exceptions that hold now.
 */
#ifndef VERIFIER_FLOW_RULES_H
#define VERIFIER_FLOW_RULES_H

#include "appraise/judging.h"
#include "appraise/policy.h"
#include "flow/flow.h"

#define RULES_EXCEPTIONS_MAX 64 /* for one device; later ones do not count */

struct rules {
    bool                 watch;    /* the group only watches */
    const struct policy *policy;   /* lives as memory_policy says; NULL: there is none .. */
    char                 why[192]; /* .. and why */
    size_t               exception_n;
    struct exception     exception[RULES_EXCEPTIONS_MAX];
};

/* A policy that is missing or cannot be read is no failure: it trusts nobody (S5). */
PAWL_MUST_USE pawl_status rules_of(struct flow *f, const struct device *d, int64_t now_s,
                                   struct rules *ret, struct pawl_err *err);

#endif
