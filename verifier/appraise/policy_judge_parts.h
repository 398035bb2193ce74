/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of policy_judge.h share: PCR rules and releases (policy_judge.c), the boot log
 * (policy_judge_boot.c), IMA's list (policy_judge_ima.c).
 */
#ifndef VERIFIER_APPRAISE_POLICY_JUDGE_PARTS_H
#define VERIFIER_APPRAISE_POLICY_JUDGE_PARTS_H

#include "appraise/policy_judge.h"

/* One look at a device. */
struct look {
    const struct policy         *p;
    const struct policy_subject *s;
    struct judging              *j;
    char     who[80]; /* whose rules, for people: "policy gateway:3, release 6.1.0-55" */
    uint32_t agree;   /* PCRs that the boot log explains, as they are quoted now */
    size_t   asked;   /* rules that were looked at */
    size_t   faults;  /* that no exception took */
};

/* Rules of which each value may satisfy any: one set of rules, or all releases together. */
struct rule_set {
    size_t                     n;
    const struct policy_rules *one[POLICY_RELEASES_MAX];
};

/* judging_fault, counted. */
void look_fault(struct look *x, int8_t *claim, enum ar4si value, enum reason r, const char *what,
                const char *fmt, ...) PAWL_PRINTF(6, 7);

#define LOOK_DIGEST 20 /* "3fbf0a12c8d9e4f7.." */
void look_digest(struct pawl_view digest, char ret[LOOK_DIGEST]);

/* PCRs that were quoted, in any bank. */
uint32_t look_quoted(const struct look *x);

/* ---- policy_judge_boot.c --------------------------------------------------------------------- */

/* The log itself: is it there where it must be, is it well-formed, does it lead to the quoted
 * values. Sets x->agree and coverage. */
void look_at_log(struct look *x);

/* Whether the policy is content with whoever signed what was booted (L10a). */
void look_at_signers(struct look *x);

/* The facts of the log. */
void look_at_facts(struct look *x, const struct rule_set *set);

/* ---- policy_judge_ima.c ---------------------------------------------------------------------- */

/* IMA's list, if the policy asks for it. Sets coverage. */
void look_at_ima(struct look *x);

#endif
