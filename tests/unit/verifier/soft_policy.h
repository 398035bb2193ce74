/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy and a device to hold it against, made in software: sha256 PCRs 0 to 14 with a value
 * each, a boot log that explains those of its writers, and rules that all hold.
 */
#ifndef TESTS_SOFT_POLICY_H
#define TESTS_SOFT_POLICY_H

#include "appraise/policy_judge.h"

#define SOFT_POLICY_NOW 1790000000

/* The digest of one byte again and again. */
struct pawl_digest soft_digest(uint8_t byte, size_t n);

/* Not to be copied: its parts point at each other. */
struct soft_policy {
    struct policy             p;
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values; /* PCR i: bytes 0x10 + i */
    struct boot               boot;
    struct ima_state          ima;
    struct policy_subject     s; /* of the above; boot and ima are NULL until a test sets them */
    struct verdict            v;
    struct judging            j;
    struct pawl_digest        digest[64]; /* what rules accept */
    size_t                    digest_n;
};

/* A policy "gateway:3" without rules, and a device that is approved. */
void soft_policy_begin(struct soft_policy *w);

/* Space for one accepted digest that is the byte again and again. */
struct pawl_digest *soft_policy_digest(struct soft_policy *w, uint8_t byte);

/* Accepts this byte for a PCR of sha256; called again for the same PCR at once, one more. */
void soft_policy_rule(struct soft_policy *w, struct policy_rules *r, unsigned pcr, uint8_t byte);

/* Accepts one digest for a fact; called again at once, one more. */
void soft_policy_accept(struct soft_policy *w, struct policy_digests *d, uint8_t byte);

/* The quote leaves this PCR of sha256 out. */
void soft_policy_unquote(struct soft_policy *w, unsigned pcr);

/* A log that explains all of EVENTLOG_PCRS comes with the quote. */
void soft_policy_boots(struct soft_policy *w);

/* The verdict of now, from the beginning. */
enum trust_tier soft_policy_judge(struct soft_policy *w);

/* How many findings have this reason; how many are about this, too. */
size_t soft_policy_found(const struct soft_policy *w, enum reason r);
size_t soft_policy_found_at(const struct soft_policy *w, enum reason r, const char *what);

#endif
