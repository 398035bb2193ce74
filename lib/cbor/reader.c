/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict pull reader: nesting, the order of map keys, and limits, on top of one head at a time.
 *
 * Invariants
 *  1. at <= in.n, and every view handed out lies inside in.
 *  2. level[0 .. depth) are the open arrays and maps, the innermost last; an item that was read or
 *     opened is no longer in its level's `left`.
 *  3. In a map, the encodings of the keys read so far ascend strictly (RFC 8949 4.2.1): level's
 *     key_at and key_n are those of the last.
 *  4. Once bad is set it stays, nothing moves, and every read yields nothing.
 *
 * Not here: what one head may look like (head.c), what fields mean (lib/wire, lib/cose).
 */

#include <string.h>

#include "cbor/head.h"

static void fail(struct pawl_cbor_rd *r, enum pawl_code code, const char *field, const char *why)
{
    if (r->bad)
        return;
    r->bad = field;
    r->code = code;
    r->why = why;
}

void pawl_cbor_rd_fail(struct pawl_cbor_rd *r, enum pawl_code code, const char *field)
{
    fail(r, code, field,
         code == PAWL_E_RANGE ? "outside what the field may hold" : "not what the field may hold");
}

/* ---- one item ------------------------------------------------------------------------------- */

static struct pawl_cbor_level *innermost(struct pawl_cbor_rd *r)
{
    return r->depth ? &r->level[r->depth - 1] : NULL;
}

static void head_here(const struct pawl_cbor_rd *r, struct cbor_head *ret)
{
    struct pawl_view rest = pawl_view(NULL, 0);

    if (r->at < r->in.n)
        rest = pawl_view(r->in.p + r->at, r->in.n - r->at);
    if (!cbor_head_of_number(rest, ret))
        cbor_head_decode(rest, ret);
}

/* The bytewise order of RFC 8949 4.2.1. No encoding of a key is the beginning of another's. */
static bool ascends(const struct pawl_cbor_rd *r, const struct pawl_cbor_level *l, size_t n)
{
    if (l->key_n == 0)
        return true;
    return memcmp(r->in.p + l->key_at, r->in.p + r->at, l->key_n < n ? l->key_n : n) < 0;
}

static bool may_be_key(enum pawl_cbor_type type)
{
    return type == PAWL_CBOR_UINT || type == PAWL_CBOR_NEGINT || type == PAWL_CBOR_BYTES ||
           type == PAWL_CBOR_TEXT;
}

static bool at_key(const struct pawl_cbor_level *l)
{
    return l && l->map && !l->value;
}

/* Takes h, the head at r, and counts it in its level. */
static bool take_head(struct pawl_cbor_rd *r, const char *field, const struct cbor_head *h)
{
    struct pawl_cbor_level *l = innermost(r);

    if (r->bad)
        return false;
    if (l && l->left == 0) {
        fail(r, PAWL_E_SHORT, field, "its array or map ends before it");
        return false;
    }
    if (h->type == PAWL_CBOR_NONE) {
        fail(r, h->code, field, h->why);
        return false;
    }
    if (at_key(l)) {
        if (!may_be_key(h->type)) {
            fail(r, PAWL_E_FORM, field, "a map key that is no number and no string");
            return false;
        }
        if (!ascends(r, l, h->n)) {
            fail(r, PAWL_E_FORM, field, "a map key out of order or twice");
            return false;
        }
        l->key_at = r->at;
        l->key_n = h->n;
        l->value = true;
    } else if (l && h->type != PAWL_CBOR_TAG) { /* a tag belongs to the item that follows */
        l->value = false;
        l->left--;
    }
    r->at += h->n;
    return true;
}

/* Takes the next head, whatever it is. */
static bool take_any(struct pawl_cbor_rd *r, const char *field, struct cbor_head *ret)
{
    head_here(r, ret);
    return take_head(r, field, ret);
}

/* Takes the next head, of this type only. */
static bool take(struct pawl_cbor_rd *r, const char *field, enum pawl_cbor_type type,
                 struct cbor_head *ret)
{
    head_here(r, ret);
    if (ret->type != PAWL_CBOR_NONE && ret->type != type)
        fail(r, PAWL_E_FORM, field, "an item of another type");
    return take_head(r, field, ret);
}

/* Enters the array or map whose head was just taken. */
static void enter(struct pawl_cbor_rd *r, const char *field, const struct cbor_head *h)
{
    bool   map = h->type == PAWL_CBOR_MAP;
    size_t left = r->in.n - r->at;

    if (r->depth == PAWL_CBOR_DEPTH)
        fail(r, PAWL_E_RANGE, field, "nested too deep");
    else if (h->v > (map ? left / 2 : left))
        fail(r, PAWL_E_SHORT, field, "more items than the input has bytes left");
    else
        r->level[r->depth++] = (struct pawl_cbor_level){ .left = h->v, .map = map };
}

enum pawl_cbor_type pawl_cbor_rd_peek(const struct pawl_cbor_rd *r)
{
    struct cbor_head h;

    if (r->bad || (r->depth && r->level[r->depth - 1].left == 0))
        return PAWL_CBOR_NONE;
    head_here(r, &h);
    return h.type;
}

/* ---- values --------------------------------------------------------------------------------- */

uint64_t pawl_cbor_rd_uint(struct pawl_cbor_rd *r, const char *field, uint64_t max)
{
    struct cbor_head h;

    if (take(r, field, PAWL_CBOR_UINT, &h) && h.v > max)
        fail(r, PAWL_E_RANGE, field, "a number above its limit");
    return r->bad ? 0 : h.v;
}

int64_t pawl_cbor_rd_int(struct pawl_cbor_rd *r, const char *field)
{
    struct cbor_head h;

    head_here(r, &h);
    bool negative = h.type == PAWL_CBOR_NEGINT;
    if (h.type != PAWL_CBOR_NONE && h.type != PAWL_CBOR_UINT && !negative)
        fail(r, PAWL_E_FORM, field, "an item of another type");
    if (take_head(r, field, &h) && h.v > INT64_MAX)
        fail(r, PAWL_E_RANGE, field, "a number that needs more than 64 bits");
    if (r->bad)
        return 0;
    return negative ? -1 - (int64_t)h.v : (int64_t)h.v; /* a negative number travels as -1 - v */
}

bool pawl_cbor_rd_bool(struct pawl_cbor_rd *r, const char *field)
{
    struct cbor_head h;

    return take(r, field, PAWL_CBOR_BOOL, &h) && h.v == 1;
}

void pawl_cbor_rd_null(struct pawl_cbor_rd *r, const char *field)
{
    struct cbor_head h;

    take(r, field, PAWL_CBOR_NULL, &h);
}

static struct pawl_view take_string(struct pawl_cbor_rd *r, const char *field,
                                    enum pawl_cbor_type type, size_t min, size_t max)
{
    struct cbor_head h;

    if (!take(r, field, type, &h))
        return pawl_view(NULL, 0);
    if (h.body.n > max)
        fail(r, PAWL_E_RANGE, field, "a string longer than its limit");
    else if (h.body.n < min)
        fail(r, PAWL_E_RANGE, field, "a string shorter than its least length");
    return r->bad ? pawl_view(NULL, 0) : h.body;
}

struct pawl_view pawl_cbor_rd_bytes(struct pawl_cbor_rd *r, const char *field, size_t min,
                                    size_t max)
{
    return take_string(r, field, PAWL_CBOR_BYTES, min, max);
}

struct pawl_view pawl_cbor_rd_text(struct pawl_cbor_rd *r, const char *field, size_t max)
{
    return take_string(r, field, PAWL_CBOR_TEXT, 0, max);
}

void pawl_cbor_rd_bytes_to(struct pawl_cbor_rd *r, const char *field, uint8_t *ret, size_t n)
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, field, n, n);

    if (!r->bad && n)
        memcpy(ret, v.p, n);
}

void pawl_cbor_rd_text_to(struct pawl_cbor_rd *r, const char *field, char *ret, size_t cap)
{
    struct pawl_view v = pawl_cbor_rd_text(r, field, cap - 1);

    if (r->bad)
        return;
    if (v.n)
        memcpy(ret, v.p, v.n);
    ret[v.n] = 0;
}

void pawl_cbor_rd_tag(struct pawl_cbor_rd *r, const char *field, uint64_t tag)
{
    struct cbor_head h;

    if (take(r, field, PAWL_CBOR_TAG, &h) && h.v != tag)
        fail(r, PAWL_E_FORM, field, "another tag");
}

struct pawl_view pawl_cbor_rd_raw(struct pawl_cbor_rd *r, const char *field)
{
    const size_t from = r->at;
    const size_t depth = r->depth;
    bool         whole = false;

    while (!r->bad && !whole) {
        struct cbor_head h;
        if (take_any(r, field, &h) && (h.type == PAWL_CBOR_ARRAY || h.type == PAWL_CBOR_MAP))
            enter(r, field, &h);
        while (!r->bad && r->depth > depth && innermost(r)->left == 0)
            r->depth--;
        whole = r->depth == depth && h.type != PAWL_CBOR_TAG;
    }
    return r->bad ? pawl_view(NULL, 0) : pawl_view(r->in.p + from, r->at - from);
}

/* ---- arrays and maps ------------------------------------------------------------------------ */

static size_t open_counted(struct pawl_cbor_rd *r, const char *field, enum pawl_cbor_type type,
                           size_t min, size_t max)
{
    struct cbor_head h;

    if (!take(r, field, type, &h))
        return 0;
    if (h.v > max)
        fail(r, PAWL_E_RANGE, field, "more items than its limit");
    else if (h.v < min)
        fail(r, PAWL_E_RANGE, field, "fewer items than it has fields");
    else
        enter(r, field, &h);
    return r->bad ? 0 : (size_t)h.v;
}

size_t pawl_cbor_rd_array(struct pawl_cbor_rd *r, const char *field, size_t max)
{
    return open_counted(r, field, PAWL_CBOR_ARRAY, 0, max);
}

void pawl_cbor_rd_array_of(struct pawl_cbor_rd *r, const char *field, size_t n)
{
    open_counted(r, field, PAWL_CBOR_ARRAY, n, n);
}

size_t pawl_cbor_rd_map(struct pawl_cbor_rd *r, const char *field, size_t max_pairs)
{
    return open_counted(r, field, PAWL_CBOR_MAP, 0, max_pairs);
}

void pawl_cbor_rd_leave(struct pawl_cbor_rd *r, const char *field)
{
    struct pawl_cbor_level *l = innermost(r);
    struct cbor_head        h;

    if (r->bad)
        return;
    if (!l) {
        fail(r, PAWL_E_BUG, field, "no array or map is open");
        return;
    }
    if (l->left == 0) {
        r->depth--;
        return;
    }
    /* A malformed item is named as such before it is called unknown. */
    take_any(r, field, &h);
    fail(r, PAWL_E_TRAILING, field, "an unknown field, or one too many");
}

bool pawl_cbor_rd_key(struct pawl_cbor_rd *r, uint64_t key)
{
    struct cbor_head h;

    if (r->bad || !at_key(innermost(r)) || innermost(r)->left == 0)
        return false;
    head_here(r, &h);
    if (h.type != PAWL_CBOR_UINT || h.v != key)
        return false;
    return take_head(r, "key", &h);
}

void pawl_cbor_rd_need(struct pawl_cbor_rd *r, uint64_t key, const char *field)
{
    struct cbor_head h;

    if (r->bad || pawl_cbor_rd_key(r, key))
        return;
    if (innermost(r) && innermost(r)->left)
        take_any(r, field, &h); /* names a malformed key, or one out of order, as such */
    fail(r, PAWL_E_FORM, field, "missing, or an unknown field stands in its place");
}

pawl_status pawl_cbor_rd_end(const struct pawl_cbor_rd *r, struct pawl_err *err)
{
    if (r->bad)
        return pawl_fail(err, r->code, r->bad, "%s (at byte %zu)", r->why, r->at);
    if (r->depth)
        return pawl_fail(err, PAWL_E_BUG, "end", "%zu arrays or maps are still open", r->depth);
    if (r->at < r->in.n)
        return pawl_fail(err, PAWL_E_TRAILING, "end", "%zu bytes left over", r->in.n - r->at);
    return pawl_ok();
}
