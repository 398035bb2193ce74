/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a statement of the shared layer runs on PostgreSQL: prepared at its first use, values and
 * answers in binary.
 *
 * A reader asks one thing at a time. A writer is in pipeline mode: what needs no answer is only
 * sent, and c->outcome hears of its failure later; what needs one waits for all that was sent
 * before it too.
 */

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/postgres/postgres.h"

/* Of pg_type: they never change. */
enum { TYPE_BYTES = 17, TYPE_INT8 = 20, TYPE_TEXT = 25 };
enum { BINARY = 1 };

/* ---- texts ----------------------------------------------------------------------------------- */

/* Beside those that both engines share. */
static const char *const own[] = {
    [OWN_COMMITS - SQL_COUNT] = "SELECT slot, commits FROM verifier WHERE id = $1 ORDER BY slot",
    [OWN_COUNT_UP -
        SQL_COUNT] = "UPDATE verifier SET commits = $3 + 1, newest_ms = greatest(newest_ms, $4)"
                     " WHERE id = $1 AND slot = $2 AND commits = $3",
    [OWN_JOIN -
        SQL_COUNT] = "INSERT INTO verifier (id, slot, commits, newest_ms) VALUES ($1, $2, $3, 0)"
                     " ON CONFLICT (id, slot) DO UPDATE"
                     " SET commits = greatest(verifier.commits, excluded.commits)",
    [OWN_HISTORY - SQL_COUNT] = "SELECT restored_ms, greatest(newest_ms,"
                                " (SELECT coalesce(max(newest_ms), 0) FROM verifier)),"
                                " (SELECT oldest FROM schema_version),"
                                " (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
                                " FROM history",
    [OWN_DURABLE - SQL_COUNT] = "SELECT set_config('synchronous_commit', $1, true)",
    [OWN_ABORT - SQL_COUNT] = "SELECT pawl_one(0)",
    /* A transaction that wrote something returns when all before it is durable too. */
    [OWN_SETTLE - SQL_COUNT] = "SELECT 1 FROM pg_logical_emit_message(true, 'pawl', '')",
};

/* INDEXED BY is for SQLite's planner. */
static void put_without_hints(const char *text, FILE *out)
{
    static const char hint[] = " INDEXED BY ";
    const char       *at;

    while ((at = strstr(text, hint))) {
        fprintf(out, "%.*s", (int)(at - text), text);
        text = at + strlen(hint);
        text += strcspn(text, " )");
    }
    fputs(text, out);
}

/* The caller frees it; NULL: out of memory. */
static char *text_of(unsigned which, bool one)
{
    const char *text = which < SQL_COUNT ? statement_text_postgres(which) : own[which - SQL_COUNT];
    char       *ret = NULL;
    size_t      n;
    FILE       *out = open_memstream(&ret, &n);

    if (!out)
        return NULL;
    fputs(one ? "WITH changed AS (" : "", out);
    put_without_hints(text, out);
    fputs(one ? " RETURNING 1) SELECT pawl_one(count(*)) FROM changed" : "", out);
    return fclose(out) == 0 ? ret : NULL;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void fail_query(struct query *q)
{
    q->failed = true;
}

static void clear(struct pg_statement *s)
{
    PQclear(s->result);
    s->result = NULL;
    s->row = -1;
    for (int i = 0; i < s->n; i++) {
        free(s->copy[i]);
        s->copy[i] = NULL;
        s->value[i] = NULL;
    }
    s->n = 0;
}

void pg_statement_free(struct pg_statement *s)
{
    if (s)
        clear(s);
    free(s);
}

static void prepare(struct query *q, unsigned which)
{
    struct pg_connection *c = pg_connection(q->c);
    struct pg_statement  *s = c->statement[which];

    if (!s)
        s = c->statement[which] = calloc(1, sizeof(*s));
    if (!s) {
        pg_lost(c, "out of memory");
        fail_query(q);
        return;
    }
    s->which = which;
    clear(s);
    q->s = s;
    if (c->base.broken)
        fail_query(q);
}

static void reset(struct query *q)
{
    clear(q->s);
}

static void bind(struct query *q, int i, Oid type, const void *p, size_t n)
{
    struct pg_statement *s = q->s;

    if (i > PARAMETERS_MAX || n > INT32_MAX) {
        (void)pawl_fail(&pg_connection(q->c)->failure, PAWL_E_BUG, "store.postgres", "parameter %d",
                        i);
        fail_query(q);
        return;
    }
    s->n = i;
    if (type)
        s->type[i - 1] = type;
    s->value[i - 1] = p;
    s->length[i - 1] = (int)n;
    s->format[i - 1] = BINARY;
}

/* Its copy, which the statement then owns; NULL: it failed. */
static uint8_t *bind_copy(struct query *q, int i, Oid type, struct pawl_view v)
{
    struct pg_statement *s = q->s;
    uint8_t             *copy = malloc(v.n);

    if (!copy) {
        pg_lost(pg_connection(q->c), "out of memory");
        fail_query(q);
        return NULL;
    }
    memcpy(copy, v.p, v.n);
    bind(q, i, type, copy, v.n);
    if (q->failed) {
        free(copy);
        return NULL;
    }
    s->copy[i - 1] = copy;
    return copy;
}

/* What is asked for and is no text there names nothing, and fails nobody's step. */
static void bind_text(struct query *q, int i, struct pawl_view v)
{
    if (text_is_whole(v)) {
        bind(q, i, TYPE_TEXT, v.n ? (const void *)v.p : "", v.n);
        return;
    }
    uint8_t *copy = bind_copy(q, i, TYPE_TEXT, v);
    if (copy)
        text_mend(copy, v.n);
}

static void bind_bytes(struct query *q, int i, struct pawl_view v, bool copied)
{
    if (copied && v.n)
        (void)bind_copy(q, i, TYPE_BYTES, v);
    else
        bind(q, i, TYPE_BYTES, v.n ? (const void *)v.p : "", v.n);
}

static void bind_int(struct query *q, int i, int64_t v)
{
    struct pg_statement *s = q->s;
    uint64_t             b = htobe64((uint64_t)v);

    if (i <= PARAMETERS_MAX)
        memcpy(s->number[i - 1], &b, sizeof(b));
    bind(q, i, TYPE_INT8, i <= PARAMETERS_MAX ? s->number[i - 1] : NULL, sizeof(b));
}

static void bind_null(struct query *q, int i)
{
    bind(q, i, 0, NULL, 0);
}

/* ---- sending --------------------------------------------------------------------------------- */

static bool in_pipeline(const struct pg_connection *c)
{
    return PQpipelineStatus(c->pg) != PQ_PIPELINE_OFF;
}

static void take_failure(struct query *q)
{
    struct pg_connection *c = pg_connection(q->c);

    fail_query(q);
    if (in_pipeline(c) && c->outcome && c->outcome->failed)
        c->failure = c->outcome->err;
}

/* The answer to what was sent last, and in a pipeline to all before it; NULL: q has failed. */
static PGresult *answer(struct query *q)
{
    struct pg_connection *c = pg_connection(q->c);
    PGresult             *r = NULL;

    if (!c->base.broken && !in_pipeline(c)) {
        r = pg_answer(c, q->table, q->why);
    } else if (!c->base.broken) {
        if (!PQsendFlushRequest(c->pg))
            pg_lost(c, "the connection was lost");
        pg_settle(c, &r);
        if (c->base.broken || c->outcome->failed) {
            PQclear(r);
            r = NULL;
        }
    }
    if (!r)
        take_failure(q);
    return r;
}

static void sent(struct query *q, int ok)
{
    struct pg_connection *c = pg_connection(q->c);

    if (!ok)
        pg_lost(c, "the connection was lost");
    else if (in_pipeline(c))
        (void)pg_sent(c, q->table, q->why);
    if (c->base.broken)
        take_failure(q);
}

/* At once, in a pipeline too: should it fail, nothing must believe that it is there. */
static bool is_prepared(struct query *q, bool one)
{
    struct pg_connection *c = pg_connection(q->c);
    struct pg_statement  *s = q->s;
    char                  name[16];

    if (s->prepared[one])
        return true;
    char *text = text_of(s->which, one);
    if (!text) {
        pg_lost(c, "out of memory");
        take_failure(q);
        return false;
    }
    snprintf(name, sizeof(name), "%c%u", one ? 'o' : 's', s->which);
    sent(q, PQsendPrepare(c->pg, name, text, s->n, s->type));
    free(text);
    PGresult *r = q->failed ? NULL : answer(q);
    s->prepared[one] = r != NULL;
    PQclear(r);
    return s->prepared[one];
}

static void send_statement(struct query *q, bool one)
{
    struct pg_connection *c = pg_connection(q->c);
    struct pg_statement  *s = q->s;
    char                  name[16];

    if (c->outcome && c->outcome->failed) {
        take_failure(q);
        return;
    }
    if (q->failed || !is_prepared(q, one))
        return;
    snprintf(name, sizeof(name), "%c%u", one ? 'o' : 's', s->which);
    sent(q, PQsendQueryPrepared(c->pg, name, s->n, s->value, s->length, s->format, BINARY));
}

/* Rows of these are told to others, who count on them. What a reader sees may be a moment ahead of
 * what is durable, since a group commits as one. */
static bool is_told(unsigned which)
{
    switch (which) {
    case SQL_SEGMENTS:
    case SQL_SEGMENTS_OF:
    case SQL_SEGMENTS_SINCE:
    case SQL_SEGMENTS_WITH:
    case SQL_SEGMENT:
    case SQL_AUDIT:
    case SQL_AUDIT_HEAD:
        return true;
    default:
        return false;
    }
}

static bool is_durable(struct query *q)
{
    QUERY settle = query_on(q->c, OWN_SETTLE, q->table);

    send_statement(&settle, false);
    PGresult *r = settle.failed ? NULL : answer(&settle);
    PQclear(r);
    return r != NULL;
}

static void ask(struct query *q)
{
    struct pg_statement *s = q->s;
    bool                 reads = !in_pipeline(pg_connection(q->c));

    send_statement(q, false);
    PGresult *r = q->failed ? NULL : answer(q);
    if (r && reads && is_told(s->which) && PQntuples(r) && !is_durable(q)) {
        PQclear(r);
        r = NULL;
        fail_query(q);
    }
    s->result = r;
    s->row = -1;
}

/* ---- the engine ------------------------------------------------------------------------------ */

static bool row(struct query *q)
{
    struct pg_statement *s = q->s;

    if (!s->result)
        ask(q);
    return !q->failed && ++s->row < PQntuples(s->result);
}

static void run(struct query *q, bool one)
{
    send_statement(q, one);
    if (!q->failed && !in_pipeline(pg_connection(q->c)))
        PQclear(answer(q));
}

static uint64_t run_count(struct query *q)
{
    struct pg_statement *s = q->s;

    ask(q);
    return q->failed ? 0 : strtoull(PQcmdTuples(s->result), NULL, 10);
}

/* count() is a bigint, a literal an integer. */
static int64_t column_int(struct query *q, int i)
{
    const struct pg_statement *s = q->s;
    uint64_t                   v = 0;
    int                        n = PQgetlength(s->result, s->row, i);
    bool                       negative;

    if (n != 4 && n != 8)
        return 0;
    const uint8_t *p = (const uint8_t *)PQgetvalue(s->result, s->row, i);
    negative = n == 4 && p[0] & 0x80;
    for (int k = 0; k < n; k++)
        v = v << 8 | p[k];
    return (int64_t)(negative ? v | 0xffffffff00000000u : v);
}

static struct pawl_view column_bytes(struct query *q, int i)
{
    const struct pg_statement *s = q->s;

    if (PQgetisnull(s->result, s->row, i))
        return (struct pawl_view){ 0 };
    return pawl_view(PQgetvalue(s->result, s->row, i), (size_t)PQgetlength(s->result, s->row, i));
}

static pawl_status fail(const struct query *q, struct pawl_err *err)
{
    const struct pg_connection *c = (const struct pg_connection *)(const void *)q->c;

    *err = c->failure;
    return (pawl_status){ c->failure.code };
}

const struct sql_engine pg_engine = {
    .prepare = prepare,
    .reset = reset,
    .bind_text = bind_text,
    .bind_bytes = bind_bytes,
    .bind_int = bind_int,
    .bind_null = bind_null,
    .row = row,
    .run = run,
    .run_count = run_count,
    .column_int = column_int,
    .column_bytes = column_bytes,
    .fail = fail,
};
