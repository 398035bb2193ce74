/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what the base has too by a table of where each of its groups of DELTA_COPY_MIN bytes stood
 * last, and by going on where it was. */

#include "store/delta.h"

#include <stdlib.h>
#include <string.h>

enum {
    RUN_MAX = 0x80,
    COPY = 0x80,
    LONG_COPY = 0xff,
    SHORT_MAX = 0x7e,
    PLACES = 4096,
    FILL = 0xff
};

struct places {
    uint16_t at[PLACES]; /* and one more; 0: nowhere */
};

static unsigned slot_of(const uint8_t *p)
{
    uint32_t four;

    memcpy(&four, p, sizeof(four));
    return ((four ^ p[DELTA_COPY_MIN - 1]) * UINT32_C(2654435769) >> 16) % PLACES;
}

static void note_places(struct pawl_view base, struct places *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i + DELTA_COPY_MIN <= base.n; i++)
        ret->at[slot_of(base.p + i)] = (uint16_t)(i + 1);
}

/* How many bytes both have in common. */
static size_t alike(struct pawl_view a, struct pawl_view b)
{
    size_t n = 0, max = a.n < b.n ? a.n : b.n;

    while (n < max && a.p[n] == b.p[n])
        n++;
    return n;
}

static struct pawl_view from(struct pawl_view v, size_t at)
{
    return pawl_view(v.p + at, v.n - at);
}

static void write_run(struct pawl_wr *w, struct pawl_view v)
{
    while (v.n) {
        size_t n = v.n < RUN_MAX ? v.n : RUN_MAX;

        pawl_wr_u8(w, (uint8_t)(n - 1));
        pawl_wr_bytes(w, pawl_view(v.p, n));
        v = from(v, n);
    }
}

static void write_copy(struct pawl_wr *w, size_t at, size_t n)
{
    bool is_short = n - DELTA_COPY_MIN <= SHORT_MAX;

    pawl_wr_u8(w, is_short ? (uint8_t)(COPY + n - DELTA_COPY_MIN) : LONG_COPY);
    pawl_wr_u16(w, (uint16_t)at);
    if (!is_short)
        pawl_wr_u16(w, (uint16_t)n);
}

/* The longer of two: what follows where the last copy ended and as many bytes were no copy, for
 * most of what differs is as long as what it stands for; and the place that the table knows. */
static size_t find(struct pawl_view base, const struct places *places, struct pawl_view rest,
                   size_t expected, size_t *ret_at)
{
    size_t n = expected <= base.n ? alike(from(base, expected), rest) : 0;
    size_t at = places->at[slot_of(rest.p)];
    size_t other = at ? alike(from(base, at - 1), rest) : 0;

    *ret_at = n >= other ? expected : at - 1;
    return n >= other ? n : other;
}

static void write_all(struct pawl_view base, struct pawl_view in, struct pawl_wr *w)
{
    struct places places;
    size_t        run = 0, i = 0, expected = 0, at;

    note_places(base, &places);
    while (i + DELTA_COPY_MIN <= in.n) {
        size_t n = find(base, &places, from(in, i), expected, &at);

        if (n < DELTA_COPY_MIN) {
            i++;
            expected++;
            continue;
        }
        /* The table forgets places: what stands before it may be alike too. */
        while (i > run && at > 0 && base.p[at - 1] == in.p[i - 1]) {
            i--;
            at--;
            n++;
        }
        write_run(w, pawl_view(in.p + run, i - run));
        write_copy(w, at, n);
        expected = at + n;
        run = i += n;
    }
    write_run(w, from(in, run));
}

static pawl_status room(size_t n, struct blob *ret, struct pawl_err *err)
{
    *ret = (struct blob){ .n = n, .p = malloc(n ? n : 1) };
    return ret->p ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "store.delta", "out of memory");
}

pawl_status delta_write(struct pawl_view base, struct pawl_view in, struct blob *ret,
                        struct pawl_err *err)
{
    struct blob b;

    if (base.n > DELTA_BASE_MAX)
        base.n = DELTA_BASE_MAX;
    /* A head for each run between two copies, and no copy takes more than it stands for. */
    PAWL_TRY(room(in.n + in.n / DELTA_COPY_MIN + 2, &b, err));
    struct pawl_wr w = pawl_wr_to(b.p, b.n);
    write_all(base, in, &w);
    b.n = w.n;
    *ret = b;
    return pawl_ok();
}

pawl_status delta_fill(struct blob *d, size_t least, struct pawl_err *err)
{
    struct blob b;

    if (d->n >= least)
        return pawl_ok();
    PAWL_TRY(room(least, &b, err));
    memset(b.p, FILL, b.n);
    if (d->n)
        memcpy(b.p, d->p, d->n);
    blob_done(d);
    *d = b;
    return pawl_ok();
}

/* ---- reading -------------------------------------------------------------------------------- */

/* What the next piece stands for: a view into base or into what r reads. */
static struct pawl_view read_piece(struct pawl_view base, struct pawl_rd *r)
{
    uint8_t op = pawl_rd_u8(r, "delta");

    if (op < COPY)
        return pawl_rd_bytes(r, "delta", op + 1u);
    size_t at = pawl_rd_u16(r, "delta");
    size_t n = op == LONG_COPY ? pawl_rd_u16(r, "delta") : op - COPY + DELTA_COPY_MIN;
    if (at <= base.n && n <= base.n - at)
        return pawl_view(base.p + at, n);
    pawl_rd_fail(r, PAWL_E_RANGE, "delta");
    return pawl_view(NULL, 0);
}

/* A base has no place that begins with FILL. */
static bool is_more(const struct pawl_rd *r)
{
    return r->left && !(r->p[0] == FILL && (r->left == 1 || r->p[1] == FILL));
}

static pawl_status length(struct pawl_view base, struct pawl_view in, size_t max, size_t *ret,
                          struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(in);
    size_t         n = 0;

    while (is_more(&r) && !r.bad) {
        size_t more = read_piece(base, &r).n;
        if (more > max - n)
            return pawl_fail(err, PAWL_E_FORM, "store.delta", "makes more than %zu bytes", max);
        n += more;
    }
    if (r.bad)
        return pawl_fail(err, PAWL_E_FORM, "store.delta", "is none from this base");
    *ret = n;
    return pawl_ok();
}

pawl_status delta_read(struct pawl_view base, struct pawl_view in, size_t max, struct blob *ret,
                       struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(in);
    struct blob    b;
    size_t         n;

    PAWL_TRY(length(base, in, max, &n, err));
    PAWL_TRY(room(n, &b, err));
    struct pawl_wr w = pawl_wr_to(b.p, n);
    while (is_more(&r))
        pawl_wr_bytes(&w, read_piece(base, &r));
    *ret = b;
    return pawl_ok();
}
