/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in an event, and whether it may be believed. A PCR holds digests; type and data of an
 * event are the word of whoever wrote the log, unless the data is what was hashed (L3).
 *
 * Spec: TCG PC Client Platform Firmware Profile 1.06, section 10.4; UEFI 2.10, section 32.4.
 */
#ifndef VERIFIER_APPRAISE_EVENTLOG_DATA_H
#define VERIFIER_APPRAISE_EVENTLOG_DATA_H

#include "appraise/eventlog.h"

/* ---- what was measured ---------------------------------------------------------------------- */

enum eventlog_belief {
    BELIEF_NONE = 0, /* the digest is of something else: the data is somebody's word */
    BELIEF_PART,     /* it is of `bytes`, which is a part of the data */
    BELIEF_WHOLE     /* it is of the data */
};

struct eventlog_measured {
    enum eventlog_belief belief;
    struct pawl_view     bytes; /* empty for BELIEF_NONE */
};

/* By the event type's own rule, and only if it holds in every bank of the log. Whether the digests
 * themselves are good is for eventlog_replay.h to say. */
PAWL_MUST_USE pawl_status eventlog_measured(const struct eventlog       *log,
                                            const struct eventlog_event *e,
                                            struct eventlog_measured *ret, struct pawl_err *err);

/* Bytes as text for people: ASCII, or UTF-16 where every other byte is zero at the beginning;
 * whatever is not printable ASCII becomes '?', zeros at the end go, and a text that does not fit is
 * cut (L18). */
void eventlog_text(struct pawl_view bytes, char *ret, size_t cap);

/* ---- EFI variables -------------------------------------------------------------------------- */

enum { EFI_GUID = 16 };

/* EFI_GLOBAL_VARIABLE, EFI_IMAGE_SECURITY_DATABASE_GUID, and shim's own. */
extern const uint8_t efi_global[EFI_GUID], efi_security[EFI_GUID], efi_shim[EFI_GUID];

/* UEFI_VARIABLE_DATA. */
struct efi_variable {
    struct pawl_view guid;
    struct pawl_view name; /* UTF-16LE, no end */
    struct pawl_view data;
};

/* Exactly one. SHORT, TRAILING. */
PAWL_MUST_USE pawl_status efi_variable_parse(struct pawl_view in, struct efi_variable *ret,
                                             struct pawl_err *err);
bool                      efi_variable_is_named(const struct efi_variable *v, const char *ascii);

/* ---- EFI signature lists -------------------------------------------------------------------- */

struct efi_signature {
    struct pawl_view type;  /* SignatureType, a GUID */
    struct pawl_view entry; /* EFI_SIGNATURE_DATA: SignatureOwner, a GUID, and the data */
};

/* Walks the EFI_SIGNATURE_LISTs of a variable. */
struct efi_signatures {
    struct pawl_rd   all, list;
    struct pawl_view type;
    size_t           size; /* SignatureSize of the present list */
};

struct efi_signatures efi_signatures_from(struct pawl_view in);

/* False behind the last signature, and where the bytes are no list: efi_signatures_end tells. */
bool efi_signatures_next(struct efi_signatures *s, struct efi_signature *ret);

/* Good only if all was walked. SHORT, RANGE (L9). */
PAWL_MUST_USE pawl_status efi_signatures_end(const struct efi_signatures *s, struct pawl_err *err);

/* Whether lists that are good hold this EFI_SIGNATURE_DATA. */
bool efi_signatures_hold(struct pawl_view lists, struct pawl_view entry);

#endif
