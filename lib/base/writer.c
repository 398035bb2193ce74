/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing cursor.
 *
 * Invariant: n <= cap; once full is set nothing more is written.
 */

#include <pawl/base.h>

struct pawl_wr pawl_wr_to(uint8_t *p, size_t cap)
{
    return (struct pawl_wr){ .p = p, .cap = cap };
}

static void put_be(struct pawl_wr *w, uint64_t v, size_t n)
{
    uint8_t b[8];

    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)(v >> 8 * (n - 1 - i));
    pawl_wr_bytes(w, pawl_view(b, n));
}

void pawl_wr_u8(struct pawl_wr *w, uint8_t v)
{
    put_be(w, v, 1);
}

void pawl_wr_u16(struct pawl_wr *w, uint16_t v)
{
    put_be(w, v, 2);
}

void pawl_wr_u32(struct pawl_wr *w, uint32_t v)
{
    put_be(w, v, 4);
}

void pawl_wr_u64(struct pawl_wr *w, uint64_t v)
{
    put_be(w, v, 8);
}

void pawl_wr_tpm2b(struct pawl_wr *w, struct pawl_view v)
{
    if (v.n > UINT16_MAX) {
        w->full = true;
        return;
    }
    pawl_wr_u16(w, (uint16_t)v.n);
    pawl_wr_bytes(w, v);
}

pawl_status pawl_wr_end(const struct pawl_wr *w, const char *what, struct pawl_view *ret,
                        struct pawl_err *err)
{
    if (w->full)
        return pawl_fail(err, PAWL_E_FULL, what, "does not fit into %zu bytes", w->cap);
    *ret = pawl_view(w->p, w->n);
    return pawl_ok();
}
