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
void cbor_head_decode(struct pawl_view in, struct cbor_head *ret);

/* The same for a number, a tag, a count, and bytes, in their shortest form, without libcbor and its
 * callbacks: nearly all heads are such. (libcbor before 0.11 also calls tags 6 to 20 malformed,
 * COSE_Sign1's 18 among them.) False for every other head, whatever is wrong with it:
 * cbor_head_decode says what it is. */
static inline bool cbor_head_of_number(struct pawl_view in, struct cbor_head *ret)
{
    static const enum pawl_cbor_type majors[8] = {
        PAWL_CBOR_UINT,  PAWL_CBOR_NEGINT, PAWL_CBOR_BYTES, PAWL_CBOR_NONE, /* text */
        PAWL_CBOR_ARRAY, PAWL_CBOR_MAP,    PAWL_CBOR_TAG,   PAWL_CBOR_NONE, /* simple values */
    };
    enum pawl_cbor_type type = in.n ? majors[in.p[0] >> 5] : PAWL_CBOR_NONE;
    uint8_t             low = in.n ? in.p[0] & 0x1fu : 0;
    size_t              n = low < 24 ? 1 : low < 28 ? 1 + ((size_t)1 << (low - 24)) : SIZE_MAX;
    uint64_t            v = low;

    if (type == PAWL_CBOR_NONE || n > in.n)
        return false;
    if (n > 1) {
        v = 0;
        for (size_t i = 1; i < n; i++)
            v = v << 8 | in.p[i];
        if (v < 24 || (n > 2 && v >> 4 * (n - 1) == 0))
            return false;
    }
    bool bytes = type == PAWL_CBOR_BYTES;
    if (bytes && v > in.n - n)
        return false;
    *ret = (struct cbor_head){
        .type = type,
        .v = v,
        .body = bytes ? pawl_view(in.p + n, v) : pawl_view(NULL, 0),
        .n = bytes ? n + v : n,
    };
    return true;
}

#endif
