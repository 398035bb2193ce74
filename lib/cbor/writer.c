/* SPDX-License-Identifier: Apache-2.0 */
/* The CBOR writer: each head in its shortest form, straight into a pawl_wr. */

#include <pawl/cbor.h>

enum major {
    MAJOR_UINT,
    MAJOR_NEGINT,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE,
};

enum simple { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };

static void put_head(struct pawl_wr *w, enum major major, uint64_t v)
{
    /* The bytes behind the initial one that the argument takes, and what the initial one then says
     * in its low five bits. */
    size_t  n = v < 24 ? 0 : v <= UINT8_MAX ? 1 : v <= UINT16_MAX ? 2 : v <= UINT32_MAX ? 4 : 8;
    uint8_t low = n == 0 ? (uint8_t)v : n == 1 ? 24 : n == 2 ? 25 : n == 4 ? 26 : 27;

    if (w->full || 1 + n > w->cap - w->n) {
        w->full = true;
        return;
    }
    w->p[w->n++] = (uint8_t)(major << 5 | low);
    while (n)
        w->p[w->n++] = (uint8_t)(v >> 8 * --n);
}

void pawl_cbor_wr_uint(struct pawl_wr *w, uint64_t v)
{
    put_head(w, MAJOR_UINT, v);
}

void pawl_cbor_wr_int(struct pawl_wr *w, int64_t v)
{
    if (v < 0)
        put_head(w, MAJOR_NEGINT, (uint64_t)(-1 - v));
    else
        put_head(w, MAJOR_UINT, (uint64_t)v);
}

void pawl_cbor_wr_bytes_head(struct pawl_wr *w, size_t n)
{
    put_head(w, MAJOR_BYTES, n);
}

void pawl_cbor_wr_bytes(struct pawl_wr *w, struct pawl_view v)
{
    pawl_cbor_wr_bytes_head(w, v.n);
    pawl_wr_bytes(w, v);
}

void pawl_cbor_wr_text(struct pawl_wr *w, const char *s)
{
    pawl_cbor_wr_text_n(w, pawl_view_str(s));
}

void pawl_cbor_wr_text_n(struct pawl_wr *w, struct pawl_view s)
{
    put_head(w, MAJOR_TEXT, s.n);
    pawl_wr_bytes(w, s);
}

void pawl_cbor_wr_array(struct pawl_wr *w, size_t n)
{
    put_head(w, MAJOR_ARRAY, n);
}

void pawl_cbor_wr_map(struct pawl_wr *w, size_t n)
{
    put_head(w, MAJOR_MAP, n);
}

void pawl_cbor_wr_tag(struct pawl_wr *w, uint64_t tag)
{
    put_head(w, MAJOR_TAG, tag);
}

void pawl_cbor_wr_bool(struct pawl_wr *w, bool v)
{
    put_head(w, MAJOR_SIMPLE, v ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void pawl_cbor_wr_null(struct pawl_wr *w)
{
    put_head(w, MAJOR_SIMPLE, SIMPLE_NULL);
}
