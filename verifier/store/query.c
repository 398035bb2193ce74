/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a statement, one value into it or out of a row. Sticky: the first failure stays. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sql.h"

struct query query_on(struct connection *c, unsigned which, const char *table)
{
    struct query q = { .c = c, .table = table };

    c->engine->prepare(&q, which);
    return q;
}

void query_reset(struct query *q)
{
    if (q->s)
        q->c->engine->reset(q);
}

/* ---- texts ---------------------------------------------------------------------------------- */

bool text_is_whole(struct pawl_view text)
{
    return text.n == 0 || (pawl_is_utf8(text) && !memchr(text.p, 0, text.n));
}

void text_mend(uint8_t *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == 0 || text[i] > 0x7f)
            text[i] = '?';
}

/* ---- in ------------------------------------------------------------------------------------- */

/* The number of the next parameter, or 0 after a failure. */
static int next_in(struct query *q)
{
    return q->failed ? 0 : ++q->in;
}

void query_text_n(struct query *q, struct pawl_view s)
{
    int i = next_in(q);

    if (i)
        q->c->engine->bind_text(q, i, s);
}

void query_text(struct query *q, const char *s)
{
    query_text_n(q, pawl_view_str(s));
}

void query_bytes(struct query *q, struct pawl_view v)
{
    int i = next_in(q);

    if (i)
        q->c->engine->bind_bytes(q, i, v, false);
}

void query_bytes_copy(struct query *q, struct pawl_view v)
{
    int i = next_in(q);

    if (i)
        q->c->engine->bind_bytes(q, i, v, true);
}

void query_u64(struct query *q, uint64_t v)
{
    int i = next_in(q);

    if (i)
        q->c->engine->bind_int(q, i, (int64_t)v);
}

void query_limit(struct query *q, size_t n)
{
    query_u64(q, n < INT64_MAX ? n : INT64_MAX);
}

void query_order(struct query *q, uint64_t v)
{
    uint8_t        b[8];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_wr_u64(&w, v);
    query_bytes_copy(q, PAWL_VIEW_OF(b));
}

void query_null(struct query *q)
{
    int i = next_in(q);

    if (i)
        q->c->engine->bind_null(q, i);
}

/* ---- running -------------------------------------------------------------------------------- */

bool query_row(struct query *q)
{
    if (q->failed || q->bad)
        return false;
    q->out = 0;
    return q->c->engine->row(q);
}

pawl_status query_end(const struct query *q, struct pawl_err *err)
{
    char where[sizeof(err->where)];

    if (q->bad) {
        snprintf(where, sizeof(where), "store.%s.%s", q->table, q->bad);
        return pawl_fail(err, PAWL_E_FORM, where, "the row holds something else than was stored");
    }
    return q->failed ? q->c->engine->fail(q, err) : pawl_ok();
}

pawl_status query_run(struct query *q, struct pawl_err *err)
{
    if (!q->failed && !q->bad)
        q->c->engine->run(q, false);
    return query_end(q, err);
}

pawl_status query_run_one(struct query *q, const char *why, struct pawl_err *err)
{
    q->why = why;
    if (!q->failed && !q->bad)
        q->c->engine->run(q, true);
    return query_end(q, err);
}

pawl_status query_run_count(struct query *q, uint64_t *ret, struct pawl_err *err)
{
    uint64_t n = q->failed || q->bad ? 0 : q->c->engine->run_count(q);

    PAWL_TRY(query_end(q, err));
    *ret = n;
    return pawl_ok();
}

pawl_status row_absent(const struct query *q, struct pawl_err *err)
{
    char where[sizeof(err->where)];

    PAWL_TRY(query_end(q, err));
    snprintf(where, sizeof(where), "store.%s", q->table);
    return pawl_fail(err, PAWL_E_ABSENT, where, "no such row");
}

/* ---- out ------------------------------------------------------------------------------------ */

static void fail(struct query *q, const char *column)
{
    if (!q->bad)
        q->bad = column;
}

uint64_t get_u64(struct query *q)
{
    return (uint64_t)q->c->engine->column_int(q, q->out++);
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

static struct pawl_view next_bytes(struct query *q)
{
    return q->c->engine->column_bytes(q, q->out++);
}

size_t get_bytes(struct query *q, const char *column, uint8_t *ret, size_t cap)
{
    struct pawl_view v = next_bytes(q);

    if (v.n > cap)
        fail(q, column);
    if (q->bad || v.n == 0)
        return 0;
    memcpy(ret, v.p, v.n);
    return v.n;
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

const char *get_text_view(struct query *q, const char *column)
{
    struct pawl_view v = next_bytes(q);

    if (!v.p)
        fail(q, column);
    return q->bad ? NULL : (const char *)v.p;
}

char *get_text_copy(struct query *q, const char *column)
{
    const char *text = get_text_view(q, column);
    char       *copy = text ? strdup(text) : NULL;

    if (!copy)
        fail(q, column);
    return copy;
}

void get_blob(struct query *q, const char *column, struct blob *ret)
{
    struct pawl_view v = next_bytes(q);
    struct pawl_err  err;

    if (!q->bad && !pawl_is_ok(blob_from(v, ret, &err)))
        fail(q, column);
}

bool get_is_null(struct query *q)
{
    return !q->c->engine->column_bytes(q, q->out).p;
}

void get_skip(struct query *q)
{
    q->out++;
}
