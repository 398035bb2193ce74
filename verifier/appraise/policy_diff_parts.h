/* SPDX-License-Identifier: Apache-2.0 */
/* What policy_diff of policy_learn.h is made of: rules (policy_diff.c), IMA's (policy_diff_ima.c).
 */
#ifndef VERIFIER_APPRAISE_POLICY_DIFF_PARTS_H
#define VERIFIER_APPRAISE_POLICY_DIFF_PARTS_H

#include "appraise/policy_learn.h"

struct changes {
    policy_change_fn *each;
    void             *arg;
    char              of[RELEASE_NAME_MAX + 16]; /* "release 6.1.0-55: ", or empty */
};

/* One line. */
PAWL_MUST_USE pawl_status change(const struct changes *c, struct pawl_err *err, const char *fmt,
                                 ...) PAWL_PRINTF(3, 4);

/* A flag that differs, in the words for true or for false. */
PAWL_MUST_USE pawl_status change_flag(const struct changes *c, bool from, bool to,
                                      const char *when_true, const char *when_false,
                                      struct pawl_err *err);

/* "PCR 7 (sha256): 1 value more, 2 values less"; nothing for 0 and 0. */
PAWL_MUST_USE pawl_status change_count(const struct changes *c, const char *what, const char *unit,
                                       size_t more, size_t less, struct pawl_err *err);

PAWL_MUST_USE pawl_status change_ima(const struct changes *c, const struct policy_ima *from,
                                     const struct policy_ima *to, struct pawl_err *err);

#endif
