/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies: what is good. JSON with comments, versioned, immutable once stored. docs/policy.md and
 * docs/policy.schema.json say which members there are and what each may be.
 *
 * Rules stand at the top, where they hold for every device, and in releases, one of which must hold
 * whole: so a device may run the old image or the new one during an update, and never parts of
 * both.
 *
 * Not here: how a policy judges (policy_judge.h), how one is made (policy_learn.h).
 */
#ifndef VERIFIER_APPRAISE_POLICY_H
#define VERIFIER_APPRAISE_POLICY_H

#include <pawl/tpm.h>

#include "appraise/boot.h"
#include "appraise/ima_rules.h"
#include "appraise/verdict.h"

#define POLICY_JSON_MAX     (16 * 1024 * 1024) /* with allow lists */
#define POLICY_NOTE_MAX     512
#define POLICY_VERSION_MAX  999999999
#define POLICY_VALUES_MAX   64 /* accepted values of one PCR, or of one fact */
#define POLICY_RULES_MAX    PAWL_PCR_VALUES_MAX
#define POLICY_RELEASES_MAX 32
#define POLICY_LINES_MAX    64
#define POLICY_LINE_MAX     4096
#define POLICY_SBAT_N       10
#define POLICY_FIRMWARE_MAX 32
#define POLICY_FILES_MAX    500000 /* digests in an allow list */
#define POLICY_PATH_MAX     4096
/* What the kernel measures as its policy where "policies" is a list: systemd loads it from here. */
#define POLICY_IMA_POLICY   "/etc/ima/ima-policy"
#define POLICY_EXCLUDES_MAX 1024
#define POLICY_KEYS_MAX     64
#define POLICY_KERNEL_MAX   64

struct policy_rule {
    enum pawl_hash      hash;
    unsigned            pcr;
    bool                unmeasured; /* it must be as a reset leaves it; then no values */
    size_t              value_n;    /* otherwise at least 1 */
    struct pawl_digest *value;      /* the policy's */
};

/* Accepted digests, of any length each. */
struct policy_digests {
    bool                present; /* there is a rule; n may be 0: nothing is accepted */
    size_t              n;
    struct pawl_digest *digest; /* the policy's */
};

struct policy_lines {
    bool              present;
    size_t            n;
    struct pawl_view *line; /* the policy's, as the texts are */
};

/* What holds together. */
struct policy_rules {
    size_t                rule_n;
    struct policy_rule    rule[POLICY_RULES_MAX]; /* by bank, then by PCR */
    enum fact             secure_boot;            /* wanted; UNKNOWN: no rule */
    struct policy_digests list[KEY_LIST_COUNT];   /* SHA-256, as boot_list has it */
    char                  sbat[BOOT_SBAT_MAX];    /* at least this one; empty: no rule */
    struct policy_digests authorities, images, mok;
    struct policy_lines   lines;
};

struct policy_release {
    char                name[RELEASE_NAME_MAX + 1];
    char                kernel[POLICY_KERNEL_MAX]; /* for people; or empty */
    int64_t             until_s;                   /* INT64_MAX: no end */
    struct policy_rules rules;
};

struct policy_log {
    bool     needed;  /* no verdict is affirming without a log */
    bool     legacy;  /* SHA-1 logs are taken (L14) */
    uint32_t ignored; /* PCRs that the log need not explain (L16) */
};

struct policy_ima {
    bool             present; /* the device is asked for its list */
    struct ima_rules rules;   /* checked; views into the policy's own memory */
};

struct policy_firmware {
    char     manufacturer[16]; /* "id:53544D20" */
    uint64_t floor;
};

struct policy_memory; /* what all pointers and views of a policy point into */

struct policy {
    char                   name[PAWL_TENANT_MAX + 1];
    uint64_t               version;
    uint8_t                sha256[32]; /* of the text: what two of one name differ by */
    struct policy_rules    all;
    size_t                 release_n;
    struct policy_release *release; /* in the order of the text */
    struct policy_log      log;
    struct policy_ima      ima;
    bool                   physical_access;  /* strangers may hold the device (K20) */
    uint64_t               answer_within_ms; /* from challenge to evidence (T9); 0: no rule */
    bool                   may_not_reset;    /* a boot without a reset of the TPM is only noted */
    size_t                 firmware_n;
    struct policy_firmware firmware[POLICY_FIRMWARE_MAX];
    struct policy_memory  *memory; /* owned */
};

/* Strict: comments are taken, as in C; unknown or repeated keys, wrong types, hex of another length
 * than the bank's digest, no rule at all, a SHA-1 rule for a PCR that no other bank has a rule for:
 * refused. err->where is the member by its path ("pcrs.sha256.7[1]"), err->why ends in its line
 * (".., in line 12"). Release with policy_done, which may be called on zeros. */
PAWL_MUST_USE pawl_status policy_parse(struct pawl_view json, struct policy *ret,
                                       struct pawl_err *err);
void                      policy_done(struct policy *p);

#endif
