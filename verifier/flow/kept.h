/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the last verdict on a device was made of, where its tenant keeps that (keep_evidence): the
 * head of a bundle (appraise/bundle.h), the event log of the boot, and IMA's list in the pieces in
 * which it came. Begins anew with each boot, and the list when it comes from its first entry.
 */
#ifndef VERIFIER_FLOW_KEPT_H
#define VERIFIER_FLOW_KEPT_H

#include "flow/evidence.h"
#include "flow/judge.h"

struct kept_case {
    const struct evidence    *ev; /* of an accepted request */
    const struct given_quote *q;
    const struct judgement   *j;
    bool                      is_new; /* nothing was known of the boot that was quoted */
};

/* step->device is the record as it will be; step->has_boot is planned. A head that is too long to
 * be kept is not. */
PAWL_MUST_USE pawl_status kept_plan(const struct store *s, const struct kept_case *k,
                                    struct step *step, struct pawl_err *err);

/* More came of the same request (flow/supply.c). */
struct kept_more {
    const struct tenant_config *tenant;
    const struct judgement     *j;
    struct appraise_log         log;
    struct appraise_list        list;
    int64_t                     now_ms;
};
PAWL_MUST_USE pawl_status kept_plan_more(const struct store *s, const struct kept_more *m,
                                         struct step *step, struct pawl_err *err);

#endif
