/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ratchet and generations as rows. A row is CBOR[clear, sealed]: clear is an array of what is no
 * secret, sealed holds SHA-256(clear), its first half, and then the secrets, each with its length.
 * There is a row for every device, so it says nothing twice: roots that the verifier of the current
 * one made do not name it again, and a pending root stands for its five keys. Rows of a ratchet are
 * filled up with zeros inside of sealed, so that most keep their size and are written where they
 * stood: what grows splits a page of the database, and leaves two that are half empty.
 *
 * Forms 1 and 2 are read and not written. In both a pending root is gone and its keys stand there,
 * and nothing is filled up; in form 1 all roots name their verifier, and the hash is whole.
 *
 * Invariants
 *  1. P-VMSG-13. A row is whole or refused: nobody without the master key changes a position or a
 * leaf.
 *  2. Which secrets follow is said by clear, and by a pending root that is there in place of its
 *     keys; none is left over.
 *
 * prk of a use key is not kept: pawl_use_ready makes it where a message is opened.
 */

#include "ratchet/row_parts.h"

#include <string.h>

static size_t digest_n(unsigned form)
{
    return form == ROW_FORM_1 ? 32 : 16;
}

void row_sealed_wipe(struct row_sealed *s)
{
    pawl_wipe(s, sizeof(*s));
}

pawl_status row_begin(struct pawl_view clear, struct row_sealed *room, struct pawl_wr *ret,
                      struct pawl_err *err)
{
    uint8_t digest[32];

    PAWL_TRY(pawl_sha256(clear, digest, err));
    *ret = pawl_wr_to(room->b, ROW_SEALED_MAX);
    pawl_wr_bytes(ret, pawl_view(digest, digest_n(ROW_FORM)));
    return pawl_ok();
}

static pawl_status row_join(const char *field, struct pawl_view clear, struct pawl_view sealed,
                            uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    struct pawl_wr   w = pawl_wr_to(ret, cap);
    struct pawl_view row;

    pawl_cbor_wr_array(&w, 2);
    pawl_wr_bytes(&w, clear);
    pawl_cbor_wr_bytes(&w, sealed);
    PAWL_TRY(pawl_wr_end(&w, field, &row, err));
    *ret_n = row.n;
    return pawl_ok();
}

pawl_status row_end(const struct row_owner *o, struct pawl_view clear, const struct pawl_wr *in,
                    uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    ROW_SEALED       out = { 0 };
    struct pawl_view plain;

    PAWL_TRY(pawl_wr_end(in, o->field, &plain, err));
    PAWL_TRY(keys_seal(o->keys, o->tenant, o->device_id, o->field, o->epoch, plain, out.b,
                       sizeof(out.b), &out.n, err));
    return row_join(o->field, clear, pawl_view(out.b, out.n), ret, cap, ret_n, err);
}

pawl_status row_rewrap(const struct row_owner *o, struct pawl_view clear, struct pawl_view sealed,
                       uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    ROW_SEALED out = { 0 };

    PAWL_TRY(keys_rewrap(o->keys, o->tenant, o->device_id, o->field, o->epoch, sealed, out.b,
                         sizeof(out.b), &out.n, err));
    *ret_n = 0;
    return out.n ? row_join(o->field, clear, pawl_view(out.b, out.n), ret, cap, ret_n, err)
                 : pawl_ok();
}

pawl_status row_split(const char *field, struct pawl_view in, struct pawl_view *ret_clear,
                      struct pawl_view *ret_sealed, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);

    pawl_cbor_rd_array_of(&r, field, 2);
    struct pawl_view clear = pawl_cbor_rd_raw(&r, field);
    struct pawl_view sealed = pawl_cbor_rd_bytes(&r, field, PAWL_AEAD_TAG + digest_n(ROW_FORM),
                                                 ROW_SEALED_MAX + PAWL_AEAD_TAG);
    pawl_cbor_rd_leave(&r, field);
    PAWL_TRY(pawl_cbor_rd_end(&r, err));
    *ret_clear = clear;
    *ret_sealed = sealed;
    return pawl_ok();
}

/* inv. 1 */
pawl_status row_open(const struct row_owner *o, unsigned form, struct pawl_view clear,
                     struct pawl_view sealed, struct row_sealed *ret, struct pawl_rd *ret_rd,
                     struct pawl_err *err)
{
    size_t  n = digest_n(form);
    uint8_t digest[32];

    PAWL_TRY(keys_open(o->keys, o->tenant, o->device_id, o->field, o->epoch, sealed, ret->b,
                       sizeof(ret->b), &ret->n, err));
    PAWL_TRY(pawl_sha256(clear, digest, err));
    *ret_rd = pawl_rd_from(pawl_view(ret->b, ret->n));
    if (!pawl_mac_equal(pawl_rd_bytes(ret_rd, "digest", n), pawl_view(digest, n)))
        return pawl_fail(err, PAWL_E_FORGED, o->field, "is not what was written");
    return pawl_ok();
}

bool row_is_damaged(pawl_status read)
{
    switch (read.code) {
    case PAWL_OK:
    case PAWL_E_IO:
    case PAWL_E_MEMORY:
    case PAWL_E_CRYPTO:
    case PAWL_E_FULL:
    case PAWL_E_BUG:
        return false;
    default:
        return true;
    }
}

void row_put_key(struct pawl_wr *w, const struct pawl_secret *s)
{
    if (s->n != 0 && s->n != ROW_KEY)
        w->full = true;
    pawl_wr_u8(w, (uint8_t)s->n);
    pawl_wr_bytes(w, pawl_secret_view(s));
}

void row_get_key(struct pawl_rd *r, const char *field, struct pawl_secret *ret)
{
    size_t n = pawl_rd_u8(r, field);

    if (n != 0 && n != ROW_KEY)
        pawl_rd_fail(r, PAWL_E_RANGE, field);
    struct pawl_view v = pawl_rd_bytes(r, field, r->bad ? 0 : n);
    ret->n = v.n;
    if (v.n)
        memcpy(ret->b, v.p, v.n);
}

void row_get_use_key(struct pawl_rd *r, const char *field, struct pawl_secret *ret)
{
    row_get_key(r, field, ret);
    if (ret->n == 0)
        pawl_rd_fail(r, PAWL_E_RANGE, field);
}

void row_put_ms(struct pawl_wr *w, int64_t ms)
{
    pawl_cbor_wr_uint(w, (uint64_t)ms);
}

int64_t row_get_ms(struct pawl_cbor_rd *r, const char *field)
{
    return (int64_t)pawl_cbor_rd_uint(r, field, INT64_MAX);
}

uint64_t row_get_u64(struct pawl_cbor_rd *r, const char *field)
{
    return pawl_cbor_rd_uint(r, field, UINT64_MAX);
}

unsigned row_get_form(struct pawl_cbor_rd *r)
{
    unsigned form = (unsigned)pawl_cbor_rd_uint(r, "form", UINT8_MAX);

    if (form < ROW_FORM_1 || form > ROW_FORM)
        pawl_cbor_rd_fail(r, PAWL_E_UNSUPPORTED, "form");
    return form;
}

bool row_get_present(struct pawl_cbor_rd *r, const char *field, size_t n)
{
    if (pawl_cbor_rd_peek(r) == PAWL_CBOR_NULL) {
        pawl_cbor_rd_null(r, field);
        return false;
    }
    pawl_cbor_rd_array_of(r, field, n);
    return !r->bad;
}
