/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict deterministic CBOR (RFC 8949, section 4.2.1): a pull reader over libcbor's streaming
 * decoder, and a writer. Definite lengths, shortest integers, map keys sorted and unique (who
 * writes a map writes its keys in that order), depth at most PAWL_CBOR_DEPTH, UTF-8 text, no
 * floats, no undefined, simple values true, false and null only.
 *
 * The reader is sticky like pawl_rd: after a failure every read yields nothing, so a parser reads
 * on and asks pawl_cbor_rd_end before it acts on any value.
 */
#ifndef PAWL_CBOR_H
#define PAWL_CBOR_H

#include <pawl/base.h>

struct pawl_cbor_level {
    uint64_t left; /* items (array) or pairs (map) still to come */
    bool     map;
    bool     value;  /* in a map: the key was read, its value comes next */
    size_t   key_at; /* in a map: where the last key's encoding begins .. */
    size_t   key_n;  /* .. and its length; 0 before the first */
};

struct pawl_cbor_rd {
    struct pawl_view       in;
    size_t                 at;
    size_t                 depth;
    struct pawl_cbor_level level[PAWL_CBOR_DEPTH];
    const char            *bad;
    enum pawl_code         code;
    const char            *why; /* the reason for the report */
};

static inline struct pawl_cbor_rd pawl_cbor_rd_from(struct pawl_view in)
{
    return (struct pawl_cbor_rd){ .in = in };
}

enum pawl_cbor_type {
    PAWL_CBOR_NONE = 0, /* after a failure, or nothing left here */
    PAWL_CBOR_UINT,
    PAWL_CBOR_NEGINT,
    PAWL_CBOR_BYTES,
    PAWL_CBOR_TEXT,
    PAWL_CBOR_ARRAY,
    PAWL_CBOR_MAP,
    PAWL_CBOR_TAG,
    PAWL_CBOR_BOOL,
    PAWL_CBOR_NULL,
    PAWL_CBOR_TYPE_COUNT
};

/* The next item's type, without reading it. */
enum pawl_cbor_type pawl_cbor_rd_peek(const struct pawl_cbor_rd *r);

uint64_t         pawl_cbor_rd_uint(struct pawl_cbor_rd *r, const char *field, uint64_t max);
int64_t          pawl_cbor_rd_int(struct pawl_cbor_rd *r, const char *field);
bool             pawl_cbor_rd_bool(struct pawl_cbor_rd *r, const char *field);
void             pawl_cbor_rd_null(struct pawl_cbor_rd *r, const char *field);
struct pawl_view pawl_cbor_rd_bytes(struct pawl_cbor_rd *r, const char *field, size_t min,
                                    size_t max);
struct pawl_view pawl_cbor_rd_text(struct pawl_cbor_rd *r, const char *field, size_t max);
/* Into the caller's array, which a failure leaves as it was: n bytes and no others; at most cap - 1
 * characters and a 0. */
void pawl_cbor_rd_bytes_to(struct pawl_cbor_rd *r, const char *field, uint8_t *ret, size_t n);
void pawl_cbor_rd_text_to(struct pawl_cbor_rd *r, const char *field, char *ret, size_t cap);
/* The tag must be exactly this one. */
void pawl_cbor_rd_tag(struct pawl_cbor_rd *r, const char *field, uint64_t tag);

/* Opens an array of at most max items and says how many; 0 after a failure. Close it with
 * pawl_cbor_rd_leave, which fails with TRAILING if items are left. */
size_t pawl_cbor_rd_array(struct pawl_cbor_rd *r, const char *field, size_t max);
/* Opens an array of exactly n items. */
void   pawl_cbor_rd_array_of(struct pawl_cbor_rd *r, const char *field, size_t n);
size_t pawl_cbor_rd_map(struct pawl_cbor_rd *r, const char *field, size_t max_pairs);
void   pawl_cbor_rd_leave(struct pawl_cbor_rd *r, const char *field);

/* In a map with unsigned keys: reads the next key if it is this one and says whether it was. A key
 * that a parser never asks for makes pawl_cbor_rd_leave fail: unknown fields are refused. */
bool pawl_cbor_rd_key(struct pawl_cbor_rd *r, uint64_t key);
/* The same, and its absence is a failure at field. */
void pawl_cbor_rd_need(struct pawl_cbor_rd *r, uint64_t key, const char *field);

/* The encoding of the next whole item, checked like everything else, as a view into the input. */
struct pawl_view pawl_cbor_rd_raw(struct pawl_cbor_rd *r, const char *field);

void pawl_cbor_rd_fail(struct pawl_cbor_rd *r, enum pawl_code code, const char *field);

/* Good only if every read was, every array and map was left, and no byte is left over. */
PAWL_MUST_USE pawl_status pawl_cbor_rd_end(const struct pawl_cbor_rd *r, struct pawl_err *err);

/* ---- writing: straight into a pawl_wr ------------------------------------------------------- */

void pawl_cbor_wr_uint(struct pawl_wr *w, uint64_t v);
void pawl_cbor_wr_int(struct pawl_wr *w, int64_t v);
void pawl_cbor_wr_bytes(struct pawl_wr *w, struct pawl_view v);
/* The head of a byte string: the caller puts its n bytes behind it. */
void pawl_cbor_wr_bytes_head(struct pawl_wr *w, size_t n);
void pawl_cbor_wr_text(struct pawl_wr *w, const char *s);
void pawl_cbor_wr_text_n(struct pawl_wr *w, struct pawl_view s);
void pawl_cbor_wr_array(struct pawl_wr *w, size_t n);
/* The caller writes n pairs with keys in the order of RFC 8949 4.2.1. */
void pawl_cbor_wr_map(struct pawl_wr *w, size_t n);
void pawl_cbor_wr_tag(struct pawl_wr *w, uint64_t tag);
void pawl_cbor_wr_bool(struct pawl_wr *w, bool v);
void pawl_cbor_wr_null(struct pawl_wr *w);

#endif
