/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of one boot of a device: its firmware's event log, replayed into a quote and read
 * for facts. The log itself is not kept: a boot is by value, and has a form for the store.
 *
 * The log is sent once after a reset. Later quotes of the same boot are held against the values
 * that it explained (boot_changed).
 */
#ifndef VERIFIER_APPRAISE_BOOT_H
#define VERIFIER_APPRAISE_BOOT_H

#include <pawl/tpm.h>

#include "appraise/eventlog_facts.h"
#include "appraise/failure.h"

#define BOOT_LINES_MAX    8
#define BOOT_LINE_MAX     512         /* with its 0 */
#define BOOT_WORDS_MAX    4096        /* as no kernel takes more */
#define BOOT_SBAT_MAX     64          /* with its 0 */
#define BOOT_MAX          (16 * 1024) /* in its form for the store */
#define BOOT_FAILURES_MAX 8           /* that are kept */

/* A line that a kernel was given: of GRUB (PCR 8) one whose first word names a file, which tells it
 * from GRUB's own commands by what was measured; of systemd's stub and loader (PCRs 8, 12) each;
 * and what the kernel's EFI stub measured as its load options (PCR 9). Where the words do not stand
 * in the log, or are too long, only the digest is known: who thinks to know the words computes it
 * (boot_line_is). */
struct boot_line {
    unsigned           pcr;
    char               text[BOOT_LINE_MAX]; /* printable; empty: only the digest is known */
    struct pawl_digest digest;              /* of the event, in the bank `bank` */
};

struct boot_list { /* PK, KEK, db, dbx */
    bool     present;
    uint32_t n;          /* signatures */
    uint8_t  sha256[32]; /* of the EFI_SIGNATURE_LISTs */
};

struct boot {
    uint8_t  log_sha256[32];
    bool     legacy;   /* SHA-1 only: row L14 fails unless a policy takes it */
    uint32_t agree;    /* PCRs that the log leads to, in every quoted bank; a legacy one in SHA-1 */
    uint32_t compared; /* those of EVENTLOG_PCRS that were quoted when the log came */
    /* Quoted values of those of EVENTLOG_PCRS that agree. */
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
    /* Rows L and T7; of eventlog_compare with EVENTLOG_PCRS too (L1, L2), the last of all. At most
     * BOOT_FAILURES_MAX; dropped counts none of L1 and L2, which agree tells. */
    struct failures failures;

    /* Facts, as good as the PCRs that agree. bank: of all digests below, the strongest that log and
     * quote have. */
    enum pawl_hash   bank;
    enum fact        secure_boot;
    struct boot_list list[KEY_LIST_COUNT];
    char             sbat[BOOT_SBAT_MAX]; /* "2023012900", the date in shim's SbatLevel; or empty */
    size_t           authority_n;
    struct {
        bool    by_shim;
        uint8_t sha256[32]; /* of the certificate, or of what stands there instead */
    } authority[FACTS_AUTHORITIES_MAX];
    size_t             image_n; /* PCR 4 in its order: Authenticode digests */
    struct pawl_digest image[FACTS_IMAGES_MAX];
    size_t             mok_n;
    struct pawl_digest mok[FACTS_MOK_MAX];
    size_t             line_n;
    size_t             lines_left_out; /* beyond BOOT_LINES_MAX */
    struct boot_line   line[BOOT_LINES_MAX];
    /* PCR 11 by its bank, as the log leads to it: systemd-pcrphase goes on from there, so what is
     * quoted depends on when. n 0: no such bank was quoted, or the log has none. */
    struct pawl_digest phases[PAWL_HASH_COUNT];
};

/* A log of this boot, against the quoted values. A log that cannot be parsed is a boot too: agree
 * 0, and the failure says why. Fails with MEMORY, CRYPTO only. */
PAWL_MUST_USE pawl_status boot_read(struct pawl_view log, const struct pawl_pcr_selection *select,
                                    const struct pawl_pcr_values *values, struct boot *ret,
                                    struct pawl_err *err);

/* For the store: the same boot has the same bytes. RANGE, FORM, .. for what boot_write would not
 * write. */
PAWL_MUST_USE pawl_status boot_write(const struct boot *b, struct pawl_wr *w, struct pawl_err *err);
PAWL_MUST_USE pawl_status boot_parse(struct pawl_view in, struct boot *ret, struct pawl_err *err);

/* Whether the log was held against all that a quote has of EVENTLOG_PCRS. It was not if the
 * tenant's selection grew meanwhile: then the log has to come again. */
bool boot_is_compared(const struct boot *b, const struct pawl_pcr_selection *select);

/* PCRs that agreed once and have other quoted values now: somebody measured into them behind the
 * log. */
uint32_t boot_changed(const struct boot *b, const struct pawl_pcr_selection *select,
                      const struct pawl_pcr_values *values);

/* For a TPM that was restarted, which may have begun its PCRs anew: takes back what is known of
 * those that this quote does not have, as if they had never been quoted; and those that changed
 * agree no more, whatever is quoted later. */
void boot_forget(struct boot *b, const struct pawl_pcr_selection *select, uint32_t changed);

/* Whether these words have the digest of a line: as they are or in UTF-16 (systemd's stub, and the
 * kernel's EFI stub for its load options), with a NUL behind or none, and with or without the
 * BOOT_IMAGE= that GRUB puts in front of what it hands over (/proc/cmdline has it). Words that are
 * not ASCII or longer than BOOT_WORDS_MAX are no line's. */
bool boot_line_is(const struct boot_line *l, struct pawl_view words);

/* The kernel that the lines name ("6.1.0-32-cloud-amd64", of BOOT_IMAGE or a loader's path), for
 * people; empty if none does. */
void boot_kernel(const struct boot *b, char ret[64]);

#endif
