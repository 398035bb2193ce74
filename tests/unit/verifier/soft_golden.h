/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that is known to be good: a log of shim, GRUB and a kernel, a measurement list, and the
 * quote that both lead to. A test changes what it is about and says so again.
 */
#ifndef VERIFIER_SOFT_GOLDEN_H
#define VERIFIER_SOFT_GOLDEN_H

#include "appraise/policy_judge.h"
#include "soft_eventlog.h"
#include "soft_ima.h"

struct soft_golden {
    struct soft_eventlog      log;
    struct soft_ima           ima;
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values; /* sha256, PCRs 0 to 14 */
    struct boot               boot;
    struct verdict            v; /* of the last judgement */
};

/* With this kernel, whose file is `image`. */
void soft_golden_make(struct soft_golden *g, const char *kernel, const char *image);
/* After the log was changed: PCRs, boot and list as they follow. */
void soft_golden_boots(struct soft_golden *g);

struct pawl_digest *soft_golden_pcr(struct soft_golden *g, unsigned pcr);
/* PCR 11 goes on as systemd-pcrphase does. */
void soft_golden_phase(struct soft_golden *g, const char *word);
/* Another kernel begins, without a reset. */
void             soft_golden_kexec(struct soft_golden *g);
struct pawl_view soft_golden_list(const struct soft_golden *g);

/* The verdict on it as it stands now, by a policy's text. */
enum trust_tier soft_golden_judge(struct soft_golden *g, const char *policy);
bool            soft_golden_found(const struct soft_golden *g, enum reason r);

#endif
