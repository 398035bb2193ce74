/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the feed as bytes of a row.
 *
 *   messages   heads = CBOR[status, [+ [epoch, gen, seq, id, leaf, mark, flags]]]
 *              bytes = SHA-256(heads) || [+ body] in AES-256-SIV under K_wrap, field "inbox"
 *   marks      heads = CBOR[+ [of_segment, of_index, epoch, gen, seq, id, mark, incident epoch]]
 *   notice     heads = JSON: the entry as it is listed, but for its cursor
 *
 * status: of the device's last verdict when they came. Bodies are never in the clear at rest
 * (P-VMSG-13); heads say where a message stands and what became of it, and nothing of what it says.
 */
#ifndef VERIFIER_FLOW_INBOX_H
#define VERIFIER_FLOW_INBOX_H

#include "keys.h"
#include "ratchet/detect.h"
#include "store/store.h"

#define INBOX_COPY 1u /* its id came before with the same body: not listed */
#define INBOX_HELD 2u /* held back while its window was open: not listed */

struct inbox_head {
    uint64_t  epoch;
    uint32_t  gen;
    uint64_t  seq, id;
    uint8_t   leaf[PAWL_LEAF];
    enum mark mark; /* when it was stored; later ones come as marks */
    unsigned  flags;
};

struct inbox_message {
    struct inbox_head head;
    struct pawl_view  body;
};

struct inbox_segment {
    char                 status[20];
    size_t               n;
    struct inbox_message message[PAWL_MESSAGES_N_MAX];
    struct blob          plain; /* what the bodies point into; release with inbox_segment_done */
};

void inbox_segment_done(struct inbox_segment *s);

#define INBOX_MARKS_MAX 4096 /* of one row */

struct inbox_mark {
    uint64_t  segment; /* where the message stands .. */
    uint32_t  index;   /* .. as its cursor has it: messages up to it, 0 for the last one */
    uint64_t  epoch;
    uint32_t  gen;
    uint64_t  seq, id;
    enum mark mark;
    uint64_t  incident; /* epoch of the incident that it is about */
};

/* n: 1 to PAWL_MESSAGES_N_MAX. Sets kind, n, ids, heads and bytes of *ret, owned by the caller. */
PAWL_MUST_USE pawl_status inbox_seal(const struct keys *k, struct pawl_view tenant,
                                     const uint8_t device_id[PAWL_DEVICE_ID], const char *status,
                                     const struct inbox_message *message, size_t n,
                                     struct segment_row *ret, struct pawl_err *err);
/* FORGED if the row is not what was written for this tenant and device. */
PAWL_MUST_USE pawl_status inbox_open(const struct keys *k, struct pawl_view tenant,
                                     const struct segment_row *row, struct inbox_segment *ret,
                                     struct pawl_err *err);

/* The row's bytes under the present master key, owned by the caller; n == 0: the old one is not
 * needed for them. FORGED. */
PAWL_MUST_USE pawl_status inbox_rewrap(const struct keys *k, struct pawl_view tenant,
                                       const struct segment_row *row, struct blob *ret,
                                       struct pawl_err *err);

/* Heads alone, without a key: message[].body is empty, plain is not used. FORM. */
PAWL_MUST_USE pawl_status inbox_heads(const struct segment_row *row, struct inbox_segment *ret,
                                      struct pawl_err *err);

/* Appends the row to the step, which owns its bytes from then on: *row is left without. */
PAWL_MUST_USE pawl_status inbox_plan(struct step *step, struct segment_row *row,
                                     struct pawl_err *err);

/* n: 1 to INBOX_MARKS_MAX. *ret: the heads of the row, owned by the caller. */
PAWL_MUST_USE pawl_status inbox_marks_write(const struct inbox_mark *mark, size_t n,
                                            struct blob *ret, struct pawl_err *err);
/* ret: room for row->n. */
PAWL_MUST_USE pawl_status inbox_marks_read(const struct segment_row *row, struct inbox_mark *ret,
                                           size_t cap, size_t *ret_n, struct pawl_err *err);

#endif
