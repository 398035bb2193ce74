/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a policy judges a device: PCR values, facts of the boot log, releases, firmware floors, what
 * IMA found. Pure; every fault goes through judging.h.
 */
#ifndef VERIFIER_APPRAISE_POLICY_JUDGE_H
#define VERIFIER_APPRAISE_POLICY_JUDGE_H

#include "appraise/ima_state.h"
#include "appraise/judging.h"
#include "appraise/policy.h"

/* What is known of the device. All believed. */
struct policy_subject {
    const struct pawl_pcr_selection *select;
    const struct pawl_pcr_values    *values;
    const struct boot               *boot; /* NULL: no log of this boot */
    enum reason             no_boot;       /* why there is none: NO_EVENT_LOG, TPM_NOT_RESET .. */
    const struct ima_state *ima;           /* attested, by this policy's rules; NULL: none */
    enum reason             no_ima;
    /* Attested by an earlier quote of this boot, by the same rules: what was wrong then stays
     * wrong, whether or not the list goes on. Or NULL. */
    const struct ima_state *ima_before;
    const char             *manufacturer; /* "id:53544D20"; empty: unknown */
    uint64_t                firmware;
    uint64_t                took_ms; /* from challenge to evidence; 0: unknown */
};

/* Whether a PCR is as a reset leaves it: zeros, or all ones in 17 to 22. */
bool policy_is_unmeasured(unsigned pcr, const struct pawl_digest *value);

/* Sets executables, configuration, policy, release, and the coverage of boot log and runtime; adds
 * findings. Everything holds: executables BOOT_ONLY, or RECOGNISED where IMA's list was judged too;
 * configuration RECOGNISED. */
void policy_appraise(const struct policy *p, const struct policy_subject *s, struct judging *j);

#endif
