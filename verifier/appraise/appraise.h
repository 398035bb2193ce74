/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole appraisal behind a believed quote, pure: what was known of a device, what came, by
 * whose rules -> a verdict, and what is to be kept for the next one. The service and `pawlctl
 * appraise` call the same, so that a verdict can be repeated from saved evidence.
 *
 * Two halves: the device and its TPM are judged once, with the request; software again whenever
 * more of a log or list came, or the policy is another.
 */
#ifndef VERIFIER_APPRAISE_APPRAISE_H
#define VERIFIER_APPRAISE_APPRAISE_H

#include "appraise/policy_judge.h"
#include "appraise/quote.h"

/* ---- the device ------------------------------------------------------------------------------ */

/* Of the record, before this quote. */
struct known_device {
    bool                             approved;
    char                             state[16];       /* "pending", for people */
    bool                             lab;             /* trusted by the lab's roots only */
    bool                             has_certificate; /* false: REASON_NO_EK_CERT; offline only */
    struct pawl_clock                clock;           /* of the last accepted quote .. */
    bool                             has_clock;       /* .. if there is one */
    uint8_t                          os_boot[PAWL_OS_BOOT];
    char                             firmware_cert[16];
    char                             manufacturer[16]; /* of the EK certificate; or empty */
    struct pawl_pcr_selection        banks;            /* pinned */
    const struct pawl_pcr_selection *select;           /* the last believed values, or NULL */
    const struct pawl_pcr_values    *values;
};

/* What was quoted, believed, and said in A1. */
struct given_quote {
    struct believed        b;
    bool                   all; /* one of the "all" selections */
    bool                   has_values;
    struct pawl_pcr_values values;
    struct pawl_view       os_boot; /* of A1 */
    uint64_t               took_ms; /* from challenge to evidence; 0: unknown */
};

/* A nonce begins with the time at which it was given, so that nobody has to remember it. 0 for one
 * that is none of ours, or from the future. */
uint64_t appraise_took_ms(struct pawl_view nonce, int64_t came_ms);

struct device_findings {
    bool went_back; /* T1..T3 */
    bool pcr0_lost; /* T6 */
};

/* Identity, clock, PCR 0, banks, firmware, roots, T4; coverage of the identity. A boot without a
 * reset is left to appraise_software. */
void appraise_device(const struct known_device *k, const struct given_quote *q, struct judging *j,
                     struct device_findings *ret);

/* ---- the software ---------------------------------------------------------------------------- */

struct appraise_log {      /* the firmware's event log */
    bool             said; /* A1 names one .. */
    uint64_t         length;
    struct pawl_view sha256; /* .. with this digest (L19) */
    bool             came;   /* with this request */
    struct pawl_view bytes;
};

struct appraise_list { /* IMA's, or a piece of it */
    bool             came;
    uint64_t         first;
    struct pawl_view bytes;
};

/* What is kept of a boot. */
struct known_boot {
    bool             present;               /* of the boot (resetCount) that was quoted */
    uint32_t         restarts;              /* restartCount of the last accepted quote */
    uint8_t          os_boot[PAWL_OS_BOOT]; /* of the system that ran first after the reset */
    bool             has_boot;
    struct boot      boot;
    bool             has_ima;
    struct ima_state ima; /* attested in the store; in a ticket maybe not */
};

struct software {
    const struct given_quote *q;
    const struct known_boot  *known;
    struct appraise_log       log;
    struct appraise_list      list;
    const char               *manufacturer;
    /* What the store has of the list, where known is of a ticket: it may be further on. Or NULL. */
    const struct ima_state *attested;
    /* By whose rules. policy NULL: why says why there is none (NO_POLICY). */
    const struct policy *policy;
    const char          *why;
    bool                 watch;
};

/* What the device should send next. */
struct appraise_want {
    bool     log;
    bool     ima;
    uint64_t first;    /* of the list */
    bool     ima_more; /* the list began to come and does not lead to the quoted value yet */
};

/* Judges software on top of *j->v, which appraise_device (or a ticket) filled; j->watch is set
 * here. *ret: what is to be kept, in place: not that of s; boot and ima are there where has_boot
 * and has_ima say so. ret->ima without attested goes into a ticket alone. Fails with MEMORY, CRYPTO
 * only, and then *ret is worth nothing.
 *
 * Another os_boot in the same resetCount is a boot that did not reset the TPM (tpm-not-reset), and
 * stays one until the next reset; what was known of the boot is kept and not believed. With another
 * restartCount it is a new boot (TPM Restart), if its log leads to the quoted PCR 0, or if there is
 * none: a suspend counts restarts too. */
PAWL_MUST_USE pawl_status appraise_software(const struct software *s, struct judging *j,
                                            struct known_boot *ret, struct appraise_want *want,
                                            struct pawl_err *err);

/* Whose judgement of a list this is: of the policy's text and of the exceptions that hold. */
PAWL_MUST_USE pawl_status appraise_rules_id(const struct policy *p, const struct judging *j,
                                            uint8_t ret[IMA_RULES_ID], struct pawl_err *err);

#endif
