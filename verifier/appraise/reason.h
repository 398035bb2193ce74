/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one catalogue of reasons: why a verdict is not better than it is, and why something was not
 * looked at. The command line, the API, EAR (pawl.why) and metrics use the codes; docs/reasons.md
 * is the same table for people, and a test holds both together.
 */
#ifndef VERIFIER_APPRAISE_REASON_H
#define VERIFIER_APPRAISE_REASON_H

#include <pawl/base.h>

/* In the order of the pipeline. */
enum reason {
    REASON_NONE = 0,
    /* the device and its TPM */
    REASON_AWAITS_APPROVAL,
    REASON_NO_EK_CERT,        /* K13: only in what is judged offline */
    REASON_TPM_WENT_BACK,     /* T1..T3: resetCount, restartCount or clock less than before */
    REASON_PCR0_EMPTY,        /* T6: PCR 0 all zero although measured before */
    REASON_BANKS_CHANGED,     /* Q22: another PCR allocation than the pinned one */
    REASON_FIRMWARE_DIFFERS,  /* K21: quote's firmwareVersion is not the EK certificate's; a note */
    REASON_FIRMWARE_ADVISORY, /* K17..K19: an advisory names the TPM's firmware */
    REASON_FIRMWARE_TOO_OLD, /* K19: below the floor of the policy, or of a maker it has none for */
    REASON_TPM_IN_REACH,     /* K20: its secrets fall to who holds the device */
    REASON_SLOW_ANSWER,      /* T9: more time than the policy gives */
    REASON_OS_BOOT_DIFFERS,  /* T4: the TPM was reset under a running system */
    REASON_TPM_NOT_RESET,    /* the system booted and the TPM was not reset */
    REASON_LAB_TPM,          /* K14: trusted by the lab's roots only; a note */
    /* the policy */
    REASON_NO_POLICY,
    REASON_RELEASE_OVER, /* a release whose time is over */
    REASON_MIXED_IMAGE,  /* each part is of some release, all together are of none */
    REASON_WATCHED,      /* a note: the group only watches; enforced it would be contraindicated */
    REASON_EXCEPTED,     /* a note: somebody made an exception */
    /* PCR values */
    REASON_PCR_MISSING, /* the policy names a PCR that was not quoted */
    REASON_PCR_DIFFERS,
    REASON_PCR_BANK_EMPTY, /* nothing was measured into PCRs 0 to 7 of a bank (Q22) */
    /* the firmware's event log */
    REASON_NO_EVENT_LOG,
    REASON_EVENT_LOG_DIFFERS, /* L1, L2: it does not lead to the quoted values; L19 */
    REASON_EVENT_LOG_BROKEN,  /* another row L */
    REASON_SECURE_BOOT_OFF,
    REASON_SECURE_BOOT_KEYS, /* PK, KEK, db, dbx are not those of the policy */
    REASON_SBAT_TOO_OLD,
    REASON_BOOT_AUTHORITY_UNKNOWN,
    REASON_BOOT_IMAGE_UNKNOWN,
    REASON_COMMAND_LINE_DIFFERS,
    REASON_MOK_UNKNOWN,
    /* IMA's measurement list */
    REASON_NO_IMA_LIST,
    REASON_IMA_WITHOUT_TPM,  /* the kernel measured before it had the TPM */
    REASON_IMA_LIST_DIFFERS, /* as far as it came, it does not lead to the quoted value (I8) */
    REASON_IMA_LIST_BROKEN,  /* bytes that are no list, or another row I */
    REASON_FILE_UNKNOWN,     /* I0 */
    REASON_FILES_EXCLUDED,   /* I12; a note */
    REASON_IMA_VIOLATION,
    REASON_IMA_POLICY_UNKNOWN,
    REASON_IMA_KEY_UNKNOWN,
    REASON_IMA_MORE_WRONG, /* found in the list, and not told one by one: any row I */
    /* the keys: an incident is not closed, by its kind; tpm-went-back is above */
    REASON_MESSAGE_FORGED,
    REASON_KEY_USED_ELSEWHERE,
    REASON_DEVICE_CLONED,
    REASON_COUNT
};

struct reason_entry {
    const char *code;     /* "pcr-differs" */
    const char *sentence; /* what is so */
    const char *cause;    /* what it usually comes from */
    const char *next;     /* what to do */
};

/* Never NULL, nor is any of its members. */
const struct reason_entry *reason_entry(enum reason r);
const char                *reason_code(enum reason r);
/* The sentence. */
const char *reason_text(enum reason r);
/* The reason of a code; NONE if no reason has it. */
enum reason reason_of_code(struct pawl_view code);

#endif
