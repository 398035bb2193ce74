/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policy_learn.h is made of: PCRs and facts (policy_learn.c), IMA's list (policy_learn_ima.c),
 * a release for a policy that is there already (policy_join.c).
 */
#ifndef VERIFIER_APPRAISE_POLICY_LEARN_PARTS_H
#define VERIFIER_APPRAISE_POLICY_LEARN_PARTS_H

#include <cjson/cJSON.h>

#include "appraise/policy_learn.h"

void        learn_json_free(cJSON **j);
pawl_status learn_no_memory(struct pawl_err *err);

/* Adds an "ima" that takes what is in the list, as far as PCR 10 was quoted. DENIED if it was not,
 * FORGED for another list. */
PAWL_MUST_USE pawl_status learn_ima(const struct policy_golden *g, cJSON *all,
                                    struct pawl_err *err);

/* *learned, a policy with one release or none, becomes part of the base: its release is added, in
 * place of one of its name. Rules that hold for all take its values as well, where the base has
 * such a rule; what the base says nothing about it goes on saying nothing about. DENIED where both
 * cannot hold. */
PAWL_MUST_USE pawl_status learn_join(struct pawl_view base, cJSON **learned, struct pawl_err *err);

/* Whether all of a joined policy takes the boot it was learned from, IMA's list and the TPM's
 * firmware aside. DENIED at the rule that does not. */
PAWL_MUST_USE pawl_status learn_check_taken(const struct policy_golden *g, const struct policy *p,
                                            struct pawl_err *err);

#endif
