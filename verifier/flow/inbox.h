/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment of the inbox: the application messages of one request as the bytes of one row,
 *
 *     CBOR[status, [+ [epoch, gen, seq, id, body]]]     in AES-256-SIV under K_wrap, field "inbox"
 *
 * status: of the device's last verdict when they came. Bodies are never in the clear at rest
 * (P-VMSG-13).
 */
#ifndef VERIFIER_FLOW_INBOX_H
#define VERIFIER_FLOW_INBOX_H

#include "keys.h"
#include "store/store.h"

struct inbox_message {
    uint64_t         epoch;
    uint32_t         gen;
    uint64_t         seq, id;
    struct pawl_view body;
};

struct inbox_segment {
    char                 status[20];
    size_t               n;
    struct inbox_message message[PAWL_MESSAGES_N_MAX];
    struct blob          plain; /* what the bodies point into; release with inbox_segment_done */
};

void inbox_segment_done(struct inbox_segment *s);

/* n: 1 to PAWL_MESSAGES_N_MAX. *ret: owned by the caller (blob_done). */
PAWL_MUST_USE pawl_status inbox_seal(const struct keys *k, struct pawl_view tenant,
                                     const uint8_t device_id[PAWL_DEVICE_ID], const char *status,
                                     const struct inbox_message *message, size_t n,
                                     struct blob *ret, struct pawl_err *err);
/* FORGED if the row is not what was written for this tenant and device. */
PAWL_MUST_USE pawl_status inbox_open(const struct keys *k, struct pawl_view tenant,
                                     const struct segment_row *row, struct inbox_segment *ret,
                                     struct pawl_err *err);

#endif
