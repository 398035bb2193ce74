/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One item head of deterministic CBOR: initial byte, argument and, for a string, its bytes. Knows
 * nothing of nesting. Inside lib/cbor only.
 */
#ifndef CBOR_HEAD_H
#define CBOR_HEAD_H

#include <pawl/cbor.h>

struct cbor_head {
    enum pawl_cbor_type type; /* PAWL_CBOR_NONE: refused, see code and why */
    uint64_t            v;    /* the argument: value, -1 - value, count of items or pairs, tag */
    struct pawl_view    body; /* of a byte or text string: a view into the input */
    size_t              n;    /* bytes of the head and the body */
    enum pawl_code      code;
    const char         *why;
};

/* Decodes the head that begins in. Refuses indefinite lengths, second spellings, floats, undefined,
 * other simple values, text that is not UTF-8 and lengths beyond the input. */
void cbor_head_from(struct pawl_view in, struct cbor_head *ret);

#endif
