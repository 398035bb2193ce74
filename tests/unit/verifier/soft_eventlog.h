/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs made by hand: a list of events that a test edits, and its bytes. Digests are made
 * when the bytes are, so an edited log is one that replays to something.
 */
#ifndef TEST_SOFT_EVENTLOG_H
#define TEST_SOFT_EVENTLOG_H

#include "appraise/eventlog_facts.h"
#include "appraise/eventlog_replay.h"
#include "t.h"

enum { SOFT_EVENTS_MAX = 256 };

struct soft_event {
    uint32_t         pcr, type;
    struct pawl_view data;
    struct pawl_view measured; /* what the digests are of .. */
    bool             zeros;    /* .. or nothing */
};

struct soft_eventlog {
    bool              legacy; /* SHA-1, without a header */
    size_t            bank_n;
    enum pawl_hash    bank[PAWL_PCR_BANKS_MAX];
    size_t            n;
    struct soft_event event[SOFT_EVENTS_MAX]; /* without the header */
};

/* A boot of shim, GRUB and a kernel with secure boot, in this one bank. */
struct soft_eventlog soft_eventlog_good(enum pawl_hash bank);

struct soft_event soft_event(uint32_t pcr, uint32_t type, struct pawl_view data);
struct soft_event soft_event_text(uint32_t pcr, uint32_t type, const char *text);
/* What a loader logs: words in front, and the digest of what comes behind them. */
struct soft_event soft_event_line(uint32_t pcr, const char *words, const char *line);

/* The nth event of this PCR and type; the test fails if there is none. */
size_t soft_eventlog_find(const struct soft_eventlog *log, uint32_t pcr, uint32_t type, size_t nth);
void   soft_eventlog_insert(struct soft_eventlog *log, size_t at, struct soft_event e);
void   soft_eventlog_remove(struct soft_eventlog *log, size_t at);

struct pawl_view soft_eventlog_bytes(const struct soft_eventlog *log);

/* Where the header's event ends, and so the first one begins. */
size_t soft_eventlog_header_n(const struct soft_eventlog *log);

/* UEFI_VARIABLE_DATA; an EFI_SIGNATURE_DATA; an EFI_SIGNATURE_LIST of n of them. */
struct pawl_view soft_variable(const uint8_t guid[EFI_GUID], const char *name,
                               struct pawl_view data);
struct pawl_view soft_signature(uint8_t owner, struct pawl_view data);
struct pawl_view soft_signature_list(const struct pawl_view *signature, size_t n);

#endif
