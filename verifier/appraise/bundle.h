/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved evidence of one device: all that a verdict was made of, so that anybody can make it again
 * (`pawlctl appraise`). One file, deterministic CBOR:
 *
 *   [ "pawl/1 bundle", head, log | h'', list | h'' ]
 *
 * head says what was known of the device and what it sent last; log is its firmware's event log,
 * list IMA's measurement list of this boot from its first entry.
 *
 * A bundle is nobody's signed word: what it proves is what the AK in it signed.
 */
#ifndef VERIFIER_APPRAISE_BUNDLE_H
#define VERIFIER_APPRAISE_BUNDLE_H

#include <pawl/wire.h>

#include "appraise/appraise.h"

#define BUNDLE_HEAD_MAX       (64 * 1024)
#define BUNDLE_EXCEPTIONS_MAX 64

struct bundle_head {
    struct pawl_view       tenant, device_id;
    struct known_device    known; /* known.select and .values: in the room below when parsed */
    uint8_t                first_os_boot[PAWL_OS_BOOT]; /* known_boot.os_boot */
    struct pawl_view       ak_public, qualified_signer; /* the latter may be empty */
    struct pawl_view       a1, attest, signature;
    bool                   has_values;
    struct pawl_pcr_values values;
    /* How it was judged: repeated unless another time or policy is asked for. */
    int64_t                   time_ms; /* of the request, which its nonce precedes (T9) */
    bool                      watch;
    char                      policy[PAWL_TENANT_MAX + 16]; /* "gateway:3" */
    char                      status[20];                   /* what the verifier said */
    size_t                    exception_n;
    struct exception          exception[BUNDLE_EXCEPTIONS_MAX];
    struct pawl_pcr_selection select_room;
    struct pawl_pcr_values    values_room;
};

/* The views point into the input. FORM, RANGE, .. by field. */
PAWL_MUST_USE pawl_status bundle_head_write(const struct bundle_head *h, struct pawl_wr *w,
                                            struct pawl_err *err);
PAWL_MUST_USE pawl_status bundle_head_parse(struct pawl_view in, struct bundle_head *ret,
                                            struct pawl_err *err);

struct bundle {
    struct pawl_view   head_bytes; /* as written, for bundle_write */
    struct bundle_head head;
    struct pawl_view   log, list; /* empty: none was kept */
};

PAWL_MUST_USE pawl_status bundle_write(struct pawl_view head, struct pawl_view log,
                                       struct pawl_view list, struct pawl_wr *w,
                                       struct pawl_err *err);
PAWL_MUST_USE pawl_status bundle_parse(struct pawl_view in, struct bundle *ret,
                                       struct pawl_err *err);

/* The verdict made again: the quote's signature over TH1 = SHA-256(A1) first, then appraise_device
 * and appraise_software from nothing known of the boot. policy NULL: NO_POLICY. now_s 0: the time
 * in the head. FORGED, .. where the quote itself does not hold. */
PAWL_MUST_USE pawl_status bundle_appraise(const struct bundle *b, const struct policy *policy,
                                          int64_t now_s, struct verdict *ret, struct pawl_err *err);

#endif
