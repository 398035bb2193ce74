/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading cursor.
 *
 * Invariants
 *  1. p .. p + left lies inside the input that the caller lent.
 *  2. Once bad is set it stays, and every read yields zero.
 *  3. Lengths are compared with what is left; they are never added.
 */

#include <pawl/base.h>

struct pawl_rd pawl_rd_from(struct pawl_view in)
{
    return (struct pawl_rd){ .p = in.p, .left = in.n };
}

void pawl_rd_fail(struct pawl_rd *r, enum pawl_code code, const char *field)
{
    if (r->bad)
        return;
    r->bad = field;
    r->code = code;
}

static const uint8_t *take(struct pawl_rd *r, size_t n, const char *field)
{
    if (r->bad)
        return NULL;
    if (n > r->left) {
        pawl_rd_fail(r, PAWL_E_SHORT, field);
        return NULL;
    }
    const uint8_t *p = r->p;
    if (n == 0)
        return p;
    r->p += n;
    r->at += n;
    r->left -= n;
    return p;
}

static uint64_t take_be(struct pawl_rd *r, size_t n, const char *field)
{
    const uint8_t *p = take(r, n, field);
    uint64_t       v = 0;

    for (size_t i = 0; p && i < n; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t pawl_rd_u8(struct pawl_rd *r, const char *field)
{
    return (uint8_t)take_be(r, 1, field);
}

uint16_t pawl_rd_u16(struct pawl_rd *r, const char *field)
{
    return (uint16_t)take_be(r, 2, field);
}

uint32_t pawl_rd_u32(struct pawl_rd *r, const char *field)
{
    return (uint32_t)take_be(r, 4, field);
}

uint64_t pawl_rd_u64(struct pawl_rd *r, const char *field)
{
    return take_be(r, 8, field);
}

static uint64_t take_le(struct pawl_rd *r, size_t n, const char *field)
{
    const uint8_t *p = take(r, n, field);
    uint64_t       v = 0;

    for (size_t i = n; p && i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

uint16_t pawl_rd_u16_le(struct pawl_rd *r, const char *field)
{
    return (uint16_t)take_le(r, 2, field);
}

uint32_t pawl_rd_u32_le(struct pawl_rd *r, const char *field)
{
    return (uint32_t)take_le(r, 4, field);
}

uint64_t pawl_rd_u64_le(struct pawl_rd *r, const char *field)
{
    return take_le(r, 8, field);
}

bool pawl_rd_bool(struct pawl_rd *r, const char *field)
{
    uint8_t v = pawl_rd_u8(r, field);

    if (v > 1)
        pawl_rd_fail(r, PAWL_E_RANGE, field);
    return v == 1;
}

struct pawl_view pawl_rd_bytes(struct pawl_rd *r, const char *field, size_t n)
{
    const uint8_t *p = take(r, n, field);

    return r->bad ? pawl_view(NULL, 0) : pawl_view(p, n);
}

struct pawl_view pawl_rd_tpm2b(struct pawl_rd *r, const char *field, size_t max)
{
    uint16_t n = pawl_rd_u16(r, field);

    if (n > max)
        pawl_rd_fail(r, PAWL_E_RANGE, field);
    return pawl_rd_bytes(r, field, n);
}

uint32_t pawl_rd_count(struct pawl_rd *r, const char *field, uint32_t max)
{
    uint32_t n = pawl_rd_u32(r, field);

    if (n > max)
        pawl_rd_fail(r, PAWL_E_RANGE, field);
    return r->bad ? 0 : n;
}

pawl_status pawl_rd_end(const struct pawl_rd *r, struct pawl_err *err)
{
    if (r->bad)
        return pawl_fail(err, r->code, r->bad, "stopped at byte %zu, %zu left", r->at, r->left);
    if (r->left)
        return pawl_fail(err, PAWL_E_TRAILING, "end", "%zu bytes left over", r->left);
    return pawl_ok();
}
