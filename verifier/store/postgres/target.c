/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database that gets a whole fleet, in one transaction. Rows go by COPY in binary, and what is
 * read back has that form too, so that both are compared byte by byte.
 *
 * Nobody waits for an answer here as devices do: a statement may take as long as it does.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/move.h"
#include "store/postgres/postgres.h"

#define HOURS_MS INT64_C(86400000)

/* Signature, flags, length of an extension. */
#define HEADER   "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"
#define HEADER_N (sizeof(HEADER))
#define TRAILER  "\377\377"

_Static_assert(HEADER_N == 19, "as the manual has it");

struct move_target {
    struct pg_connection *c;
    char                  table[64]; /* that is being filled */
};

void move_target_free(struct move_target **t)
{
    if (!*t)
        return;
    pg_close(&(*t)->c);
    free(*t);
    *t = NULL;
}

pawl_status move_target_open(const char *conninfo, struct move_target **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(move_target_free) struct move_target *t = calloc(1, sizeof(*t));

    if (!t)
        return pawl_fail(err, PAWL_E_MEMORY, "store.postgres", "out of memory");
    PAWL_TRY(pg_open(conninfo, &t->c, err));
    PAWL_TRY(pg_migrate(t->c, err));
    t->c->wait_ms = HOURS_MS;
    PAWL_TRY(pg_exec(t->c,
                     "BEGIN; SET LOCAL statement_timeout = 0;"
                     " SET LOCAL idle_in_transaction_session_timeout = 0",
                     "move", err));
    *ret = t;
    t = NULL;
    return pawl_ok();
}

/* ---- empty ----------------------------------------------------------------------------------- */

static pawl_status claim_one(struct move_target *t, const char *table, struct pawl_err *err)
{
    char    sql[256];
    int64_t there;

    snprintf(sql, sizeof(sql), "LOCK TABLE \"%s\" IN ACCESS EXCLUSIVE MODE", table);
    PAWL_TRY(pg_exec(t->c, sql, table, err));
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM (SELECT 1 FROM \"%s\" LIMIT 1) AS t", table);
    PAWL_TRY(pg_number(t->c, sql, table, &there, err));
    if (there)
        return pawl_fail(err, PAWL_E_CONFLICT, "store.postgres",
                         "the database is not empty: there is a row in %s", table);
    return pawl_ok();
}

pawl_status move_target_claim(struct move_target *t, const struct move_table *tables, size_t n,
                              struct pawl_err *err)
{
    PAWL_TRY(claim_one(t, "verifier", err)); /* of each that ever served from it */
    PAWL_TRY(claim_one(t, "feed_number", err));
    for (size_t i = 0; i < n; i++)
        PAWL_TRY(claim_one(t, tables[i].name, err));
    return pawl_ok();
}

/* ---- rows ------------------------------------------------------------------------------------ */

static pawl_status failure(const struct move_target *t, struct pawl_err *err)
{
    *err = t->c->failure;
    return (pawl_status){ t->c->failure.code };
}

static pawl_status send_bytes(struct move_target *t, const void *p, size_t n, struct pawl_err *err)
{
    if (n > INT32_MAX || PQputCopyData(t->c->pg, p, (int)n) != 1)
        return pawl_fail(err, PAWL_E_IO, "store.postgres", "the connection was lost");
    return pawl_ok();
}

/* COPY answers first that it is ready, and at its end how it went. */
static pawl_status start_copy(struct move_target *t, const char *sql, ExecStatusType ready,
                              struct pawl_err *err)
{
    PGresult   *r = PQexec(t->c->pg, sql);
    bool        good = PQresultStatus(r) == ready;
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

    if (!good)
        (void)pawl_fail(err, PAWL_E_IO, "store.postgres", "COPY of %s: %s", t->table,
                        state ? state : "the connection was lost");
    PQclear(r);
    return good ? pawl_ok() : (pawl_status){ err->code };
}

static pawl_status end_copy(struct move_target *t, struct pawl_err *err)
{
    PGresult *r = pg_answer(t->c, t->table, NULL);

    PQclear(r);
    return r ? pawl_ok() : failure(t, err);
}

pawl_status move_target_begin(struct move_target *t, const struct move_table *table,
                              struct pawl_err *err)
{
    char sql[sizeof(*table) + 64];

    snprintf(t->table, sizeof(t->table), "%s", table->name);
    snprintf(sql, sizeof(sql), "COPY \"%s\" (%s) FROM STDIN (FORMAT binary)", table->name,
             table->columns);
    PAWL_TRY(start_copy(t, sql, PGRES_COPY_IN, err));
    return send_bytes(t, HEADER, HEADER_N, err);
}

pawl_status move_target_row(struct pawl_view row, void *arg, struct pawl_err *err)
{
    return send_bytes(arg, row.p, row.n, err);
}

pawl_status move_target_end(struct move_target *t, struct pawl_err *err)
{
    PAWL_TRY(send_bytes(t, TRAILER, 2, err));
    if (PQputCopyEnd(t->c->pg, NULL) != 1)
        return pawl_fail(err, PAWL_E_IO, "store.postgres", "the connection was lost");
    return end_copy(t, err);
}

/* The server sends a row at a time, the first one behind the header. */
static pawl_status take_row(struct pawl_view v, bool first, move_row_fn *fn, void *arg,
                            struct pawl_err *err)
{
    if (first && (v.n < HEADER_N || memcmp(v.p, HEADER, HEADER_N) != 0))
        return pawl_fail(err, PAWL_E_FORM, "store.postgres", "COPY answers in an unknown form");
    if (first)
        v = pawl_view(v.p + HEADER_N, v.n - HEADER_N);
    if (v.n == 0 || (v.n == 2 && memcmp(v.p, TRAILER, 2) == 0))
        return pawl_ok();
    return fn(v, arg, err);
}

pawl_status move_target_rows(struct move_target *t, const struct move_table *table, move_row_fn *fn,
                             void *arg, struct pawl_err *err)
{
    char sql[sizeof(*table) + 64], *row;
    int  n;

    snprintf(t->table, sizeof(t->table), "%s", table->name);
    snprintf(sql, sizeof(sql), "COPY (SELECT %s FROM \"%s\") TO STDOUT (FORMAT binary)",
             table->columns, table->name);
    PAWL_TRY(start_copy(t, sql, PGRES_COPY_OUT, err));
    for (bool first = true; (n = PQgetCopyData(t->c->pg, &row, 0)) > 0; first = false) {
        pawl_status s = take_row(pawl_view(row, (size_t)n), first, fn, arg, err);
        PQfreemem(row);
        PAWL_TRY(s);
    }
    return end_copy(t, err);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Whatever gives numbers goes on above those that were moved. */
static const char numbers_sql[] =
    "DO $$ DECLARE c RECORD; BEGIN FOR c IN SELECT table_name AS t, column_name AS n"
    " FROM information_schema.columns WHERE table_schema = current_schema()"
    " AND is_identity = 'YES' LOOP"
    " EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L),"
    " (SELECT coalesce(max(%I), 0) + 1 FROM %I), false)', c.t, c.n, c.n, c.t);"
    " END LOOP; END $$;"
    "SELECT setval('device_number', (SELECT coalesce(max(number), 0) + 1 FROM device), false)";

pawl_status move_target_commit(struct move_target *t, const struct move_history *h,
                               struct pawl_err *err)
{
    char sql[256];

    PAWL_TRY(pg_exec(t->c, numbers_sql, "numbers", err));
    snprintf(sql, sizeof(sql),
             "UPDATE history SET newest_ms = %" PRId64 ", restored_ms = %" PRId64
             ", feed_base = %" PRId64,
             h->newest_ms, h->restored_ms, h->last_segment);
    PAWL_TRY(pg_exec(t->c, sql, "history", err));
    return pg_exec(t->c, "COMMIT", "move", err);
}
