/* SPDX-License-Identifier: Apache-2.0 */
/* One value into a statement or out of a row. Sticky: the first failure stays. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite.h"

void query_reset(struct query *q)
{
    if (!q->s)
        return;
    sqlite3_reset(q->s);
    sqlite3_clear_bindings(q->s);
}

/* ---- in ------------------------------------------------------------------------------------- */

/* The number of the next parameter, or 0 after a failure. */
static int next_in(struct query *q)
{
    return q->rc == SQLITE_OK ? ++q->in : 0;
}

void query_text_n(struct query *q, struct pawl_view s)
{
    int i = next_in(q);

    if (i)
        q->rc = sqlite3_bind_text(q->s, i, s.n ? (const char *)s.p : "", (int)s.n, SQLITE_STATIC);
}

void query_text(struct query *q, const char *s)
{
    query_text_n(q, pawl_view_str(s));
}

void query_bytes(struct query *q, struct pawl_view v)
{
    int i = next_in(q);

    /* A NULL pointer would bind NULL, which is not the same as no bytes. */
    if (i)
        q->rc = sqlite3_bind_blob(q->s, i, v.n ? (const void *)v.p : "", (int)v.n, SQLITE_STATIC);
}

void query_u64(struct query *q, uint64_t v)
{
    int i = next_in(q);

    if (i)
        q->rc = sqlite3_bind_int64(q->s, i, (sqlite3_int64)v);
}

void query_order(struct query *q, uint64_t v)
{
    uint8_t        b[8];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));
    int            i = next_in(q);

    pawl_wr_u64(&w, v);
    if (i)
        q->rc = sqlite3_bind_blob(q->s, i, b, sizeof(b), SQLITE_TRANSIENT);
}

void query_null(struct query *q)
{
    int i = next_in(q);

    if (i)
        q->rc = sqlite3_bind_null(q->s, i);
}

/* ---- running -------------------------------------------------------------------------------- */

bool query_row(struct query *q)
{
    if ((q->rc != SQLITE_OK && q->rc != SQLITE_ROW) || q->bad)
        return false;
    q->out = 0;
    q->rc = sqlite3_step(q->s);
    return q->rc == SQLITE_ROW;
}

pawl_status query_end(const struct query *q, struct pawl_err *err)
{
    char where[sizeof(err->where)];

    if (q->bad) {
        snprintf(where, sizeof(where), "store.%s.%s", q->table, q->bad);
        return pawl_fail(err, PAWL_E_FORM, where, "the row holds something else than was stored");
    }
    if (q->rc != SQLITE_DONE && q->rc != SQLITE_ROW)
        return connection_fail(q->c, q->rc, q->table, err);
    return pawl_ok();
}

pawl_status query_run(struct query *q, struct pawl_err *err)
{
    query_row(q);
    return query_end(q, err);
}

/* ---- out ------------------------------------------------------------------------------------ */

static void fail(struct query *q, const char *column)
{
    if (!q->bad)
        q->bad = column;
}

uint64_t get_u64(struct query *q)
{
    return (uint64_t)sqlite3_column_int64(q->s, q->out++);
}

uint64_t get_max(struct query *q, const char *column, uint64_t max)
{
    uint64_t v = get_u64(q);

    if (v > max)
        fail(q, column);
    return q->bad ? 0 : v;
}

uint64_t get_order(struct query *q, const char *column)
{
    uint8_t b[8] = { 0 };

    get_exact(q, column, b, sizeof(b));
    struct pawl_rd r = pawl_rd_from(PAWL_VIEW_OF(b));
    return pawl_rd_u64(&r, column);
}

size_t get_bytes(struct query *q, const char *column, uint8_t *ret, size_t cap)
{
    int         i = q->out++;
    const void *p = sqlite3_column_blob(q->s, i);
    size_t      n = (size_t)sqlite3_column_bytes(q->s, i);

    if (n > cap)
        fail(q, column);
    if (q->bad || n == 0)
        return 0;
    memcpy(ret, p, n);
    return n;
}

void get_exact(struct query *q, const char *column, uint8_t *ret, size_t n)
{
    if (get_bytes(q, column, ret, n) != n)
        fail(q, column);
}

void get_text(struct query *q, const char *column, char *ret, size_t cap)
{
    size_t n = get_bytes(q, column, (uint8_t *)ret, cap - 1);

    ret[n] = 0;
}

char *get_text_copy(struct query *q, const char *column)
{
    const unsigned char *s = sqlite3_column_text(q->s, q->out++);
    char                *copy = s ? strdup((const char *)s) : NULL;

    if (!copy)
        fail(q, column);
    return copy;
}

void get_blob(struct query *q, const char *column, struct blob *ret)
{
    int             i = q->out++;
    const void     *p = sqlite3_column_blob(q->s, i);
    size_t          n = (size_t)sqlite3_column_bytes(q->s, i);
    struct pawl_err err;

    if (!q->bad && !pawl_is_ok(blob_from(pawl_view(p, n), ret, &err)))
        fail(q, column);
}

bool get_is_null(struct query *q)
{
    return sqlite3_column_type(q->s, q->out) == SQLITE_NULL;
}

void get_skip(struct query *q)
{
    q->out++;
}
