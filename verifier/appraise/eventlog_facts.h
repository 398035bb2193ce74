/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event log tells about a boot, as far as it was measured: rows L3 to L6, L9 to L15, L17 of
 * docs/appraisal.md. Facts are as good as the PCRs that agreed with a quote (eventlog_replay.h):
 * those of secure_boot need PCR 7, images PCR 4, and so on.
 *
 * Device paths, and all data that was not measured, stay opaque: they decide nothing.
 */
#ifndef VERIFIER_APPRAISE_EVENTLOG_FACTS_H
#define VERIFIER_APPRAISE_EVENTLOG_FACTS_H

#include "appraise/eventlog_data.h"
#include "appraise/failure.h"

#define FACTS_AUTHORITIES_MAX 32
#define FACTS_IMAGES_MAX      64
#define FACTS_MOK_MAX         16

enum fact { FACT_UNKNOWN = 0, FACT_NO, FACT_YES };

/* PK, KEK, db, dbx. */
enum key_list { KEY_LIST_PK, KEY_LIST_KEK, KEY_LIST_DB, KEY_LIST_DBX, KEY_LIST_COUNT };

/* "db"; never NULL. */
const char *key_list_name(enum key_list l);

struct key_list_fact {
    bool             present; /* it was measured, maybe as empty */
    size_t           n;       /* signatures */
    struct pawl_view bytes;   /* EFI_SIGNATURE_LISTs, good ones */
};

/* Who vouched for an image. */
struct authority {
    size_t           event;
    bool             by_shim; /* shim's own keys or the owner's (MOK); otherwise an entry of db */
    struct pawl_view name;    /* of the variable, UTF-16 */
    struct pawl_view bytes;   /* EFI_SIGNATURE_DATA of db, or shim's certificate */
};

/* PCR 7. Where it broke a rule, on is FACT_UNKNOWN. */
struct secure_boot_facts {
    enum fact            on, setup_mode;
    bool                 debug_mode, dma_unprotected;
    struct key_list_fact list[KEY_LIST_COUNT];
    struct pawl_view     sbat_level; /* of shim: "sbat,1,2021030218\n.."; empty if it says none */
    size_t               authority_n;
    struct authority     authority[FACTS_AUTHORITIES_MAX];
};

enum ebs {
    EBS_MISSING = 0, /* some firmware does not hand it out */
    EBS_BEGUN,       /* invoked, and nothing says that it returned */
    EBS_DONE,
    EBS_REPEATED /* some systems add it to a log that has it */
};

struct eventlog_facts {
    struct eventlog_measured *measured; /* owned: of each event */
    struct secure_boot_facts  secure_boot;
    size_t   image_n; /* boot loaders and kernels, PCR 4 in its order: the digest .. */
    size_t   image[FACTS_IMAGES_MAX]; /* .. of the event is the Authenticode hash */
    size_t   mok_n; /* PCR 14, all of it: digests of what the owner enrolled into shim */
    size_t   mok[FACTS_MOK_MAX];
    enum ebs ebs;
};

/* Reads the facts, and adds what is wrong to f. Release with eventlog_facts_done, which may be
 * called on zeros. log must outlive *ret. */
PAWL_MUST_USE pawl_status eventlog_facts(const struct eventlog *log, struct eventlog_facts *ret,
                                         struct failures *f, struct pawl_err *err);
void                      eventlog_facts_done(struct eventlog_facts *facts);

/* Whether an event tells a line that a loader was given or ran: of GRUB (PCR 8), of systemd's stub
 * or loader (PCRs 8 and 12). The words are measured[event].bytes; which of them are the kernel's is
 * not measured, and nothing in them separates anything (L17). Nor is the event's type. */
bool eventlog_is_line(const struct eventlog *log, const struct eventlog_facts *facts, size_t event);

/* Whether an event of those PCRs measured what does not stand in the log: it may be a line. */
bool eventlog_hides_line(const struct eventlog *log, const struct eventlog_facts *facts,
                         size_t event);

#endif
