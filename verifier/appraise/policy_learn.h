/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy from a device, or files, that are known to be good; and what two policies differ by, in
 * words for people.
 */
#ifndef VERIFIER_APPRAISE_POLICY_LEARN_H
#define VERIFIER_APPRAISE_POLICY_LEARN_H

#include "appraise/policy.h"

struct policy_golden {
    const char                      *name;
    uint64_t                         version;
    const char                      *release; /* its name; NULL: by the kernel, or "learned" */
    const struct pawl_pcr_selection *select;  /* what an ordinary attest quotes */
    const struct pawl_pcr_values    *values;
    const struct boot               *boot;    /* NULL: literal values only */
    bool                             literal; /* all PCRs as they are, no facts */
    struct pawl_view                 list;    /* IMA's, an allow list is made of; or empty */
    /* The release is added to this policy's text, replacing one of its name; or empty. */
    struct pawl_view base;
};

/* JSON, owned by the caller (free). The SHA-1 bank is left out. A PCR that nothing was measured
 * into is never learned as a value: it becomes "unmeasured", which holds only beside PCRs that were
 * measured. RANGE if there are none. PCR 11 is learned with the values of all boot phases
 * (systemd-pcrphase) where the boot's log explains where they begin. PCR 10 is IMA's, and not
 * learned. DENIED for a log or list that the values do not confirm, and for a base that refuses the
 * device whatever is added to it. */
PAWL_MUST_USE pawl_status policy_golden(const struct policy_golden *g, char **ret,
                                        struct pawl_err *err);

/* One line for each difference: "kernel 6.1.0-55-amd64 to 6.1.0-56-amd64". */
typedef pawl_status       policy_change_fn(const char *line, void *arg, struct pawl_err *err);
PAWL_MUST_USE pawl_status policy_diff(const struct policy *from, const struct policy *to,
                                      policy_change_fn *each, void *arg, struct pawl_err *err);

#endif
