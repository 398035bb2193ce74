/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs of firmware: crypto-agile ones (TCG_PCR_EVENT2 behind a Spec ID header) and SHA-1
 * legacy ones, as the kernel hands them out (binary_bios_measurements).
 *
 * A parsed log says what somebody wrote down. What it is worth is said by its neighbours:
 * eventlog_replay.h compares it with a quote, eventlog_data.h says which bytes were measured,
 * eventlog_facts.h what they mean.
 *
 * Spec: TCG PC Client Platform Firmware Profile 1.06, section 10.
 */
#ifndef VERIFIER_APPRAISE_EVENTLOG_H
#define VERIFIER_APPRAISE_EVENTLOG_H

#include <pawl/tpm.h>

#define EVENTLOG_MAX        (1024 * 1024)
#define EVENTLOG_EVENTS_MAX 4096
#define EVENTLOG_ALGS_MAX   8           /* in the header, unknown ones too */
#define EVENTLOG_NO_PCR     0xffffffffu /* PCRIndex of an event that belongs to none */

/* EventType: only what is looked at; the rest is named by eventlog_type_name. */
#define EV_NO_ACTION                     0x00000003u
#define EV_SEPARATOR                     0x00000004u
#define EV_ACTION                        0x00000005u
#define EV_IPL                           0x0000000du
#define EV_EFI_VARIABLE_DRIVER_CONFIG    0x80000001u
#define EV_EFI_VARIABLE_BOOT             0x80000002u
#define EV_EFI_BOOT_SERVICES_APPLICATION 0x80000003u
#define EV_EFI_BOOT_SERVICES_DRIVER      0x80000004u
#define EV_EFI_RUNTIME_SERVICES_DRIVER   0x80000005u
#define EV_EFI_ACTION                    0x80000007u
#define EV_EFI_VARIABLE_BOOT2            0x8000000cu
#define EV_EFI_VARIABLE_AUTHORITY        0x800000e0u
#define EV_EFI_SPDM_DEVICE_POLICY        0x800000e3u
#define EV_EFI_SPDM_DEVICE_AUTHORITY     0x800000e4u

struct eventlog_event {
    uint32_t         pcr; /* below PAWL_PCRS, or EVENTLOG_NO_PCR if the type is EV_NO_ACTION */
    uint32_t         type;
    const uint8_t   *digest[PAWL_PCR_BANKS_MAX]; /* as eventlog.bank; NULL: the header itself */
    struct pawl_view data;
};

/* Views point into the bytes that were parsed. */
struct eventlog {
    bool                   legacy; /* SHA-1 only, the format before TPM 2.0 */
    size_t                 bank_n; /* of hashes that we know; a log may have others beside */
    enum pawl_hash         bank[PAWL_PCR_BANKS_MAX];
    size_t                 event_n;
    struct eventlog_event *event; /* owned */
};

/* Parses exactly one log, L7, L8 and L14. err->where is the event and the field in the standard's
 * words, "events[12].digests.hashAlg". SHORT, RANGE, FORM; UNSUPPORTED if no bank is of a hash that
 * we know. Release with eventlog_done, which may be called on zeros. */
PAWL_MUST_USE pawl_status eventlog_parse(struct pawl_view in, struct eventlog *ret,
                                         struct pawl_err *err);
void                      eventlog_done(struct eventlog *log);

/* The digest of an event in one bank, by index; empty for the header. */
struct pawl_view eventlog_digest(const struct eventlog *log, const struct eventlog_event *e,
                                 size_t bank);

/* "EV_SEPARATOR"; NULL for a type that we do not know. */
const char *eventlog_type_name(uint32_t type);

#endif
