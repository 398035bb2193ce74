/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to the file, how a statement runs on it, and SQLite's failures in our words. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/sqlite.h"

#define NOT_ONE (-1) /* no result of SQLite's: rows were changed, but not one */

/* ---- statements ------------------------------------------------------------------------------ */

/* Beside those that both engines share. */
static const char *const own[] = {
    [OWN_BEGIN - SQL_COUNT] = "BEGIN IMMEDIATE",
    [OWN_BEGIN_READS - SQL_COUNT] = "BEGIN",
    [OWN_COMMIT - SQL_COUNT] = "COMMIT",
    [OWN_SAVEPOINT - SQL_COUNT] = "SAVEPOINT step",
    [OWN_RELEASE - SQL_COUNT] = "RELEASE step",
    [OWN_ROLLBACK_TO - SQL_COUNT] = "ROLLBACK TO step",
    [OWN_HISTORY - SQL_COUNT] = "SELECT commits, newest_ms, restored_ms FROM history",
    [OWN_HISTORY_COUNT -
        SQL_COUNT] = "UPDATE history SET commits = commits + 1, newest_ms = max(newest_ms, $1)"
                     " RETURNING commits, newest_ms",
    [OWN_HISTORY_RESTORED - SQL_COUNT] =
        "UPDATE history SET commits = max(commits, $1) + 1, newest_ms = max(newest_ms, $2),"
        " restored_ms = max(newest_ms, $2)",
    [OWN_SEGMENT_SKIP -
        SQL_COUNT] = "UPDATE sqlite_sequence SET seq = max(seq, $1) WHERE name = 'segment'",
};

static sqlite3 *sql_of(const struct query *q)
{
    return ((const struct sqlite_connection *)(const void *)q->c)->sql;
}

static void set(struct query *q, int rc)
{
    q->rc = rc;
    q->failed = rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE;
}

/* $1 is a name to SQLite, and ?1 a number. */
static int prepare_text(sqlite3 *sql, const char *text, sqlite3_stmt **ret)
{
    char *numbered = strdup(text);
    int   rc = SQLITE_NOMEM;

    for (char *p = numbered; p && (p = strchr(p, '$'));)
        *p = '?';
    if (numbered)
        rc = sqlite3_prepare_v3(sql, numbered, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
    free(numbered);
    return rc;
}

static void prepare(struct query *q, unsigned which)
{
    struct sqlite_connection *c = sqlite_connection(q->c);
    const char *text = which < SQL_COUNT ? statement_text(which) : own[which - SQL_COUNT];

    if (!c->prepared[which])
        set(q, prepare_text(c->sql, text, &c->prepared[which]));
    q->s = c->prepared[which];
}

static void reset(struct query *q)
{
    sqlite3_reset(q->s);
    sqlite3_clear_bindings(q->s);
}

static void bind_text(struct query *q, int i, struct pawl_view v)
{
    set(q, sqlite3_bind_text(q->s, i, v.n ? (const char *)v.p : "", (int)v.n, SQLITE_STATIC));
}

static void bind_bytes(struct query *q, int i, struct pawl_view v, bool copied)
{
    /* A NULL pointer would bind NULL, which is not the same as no bytes. */
    set(q, sqlite3_bind_blob(q->s, i, v.n ? (const void *)v.p : "", (int)v.n,
                             copied ? SQLITE_TRANSIENT : SQLITE_STATIC));
}

static void bind_int(struct query *q, int i, int64_t v)
{
    set(q, sqlite3_bind_int64(q->s, i, v));
}

static void bind_null(struct query *q, int i)
{
    set(q, sqlite3_bind_null(q->s, i));
}

static bool row(struct query *q)
{
    set(q, sqlite3_step(q->s));
    return q->rc == SQLITE_ROW;
}

static uint64_t run_count(struct query *q)
{
    row(q);
    return q->failed ? 0 : (uint64_t)sqlite3_changes(sql_of(q));
}

static void run(struct query *q, bool one)
{
    if (run_count(q) != 1 && one && !q->failed) {
        q->rc = NOT_ONE;
        q->failed = true;
    }
}

static int64_t column_int(struct query *q, int i)
{
    return sqlite3_column_int64(q->s, i);
}

static struct pawl_view column_bytes(struct query *q, int i)
{
    int         type = sqlite3_column_type(q->s, i);
    const void *p = type == SQLITE_TEXT ? sqlite3_column_text(q->s, i)
                                        : sqlite3_column_blob(q->s, i);

    /* No bytes are a NULL pointer here, which is not the same as NULL. */
    if (!p && type != SQLITE_NULL)
        p = "";
    return pawl_view(p, (size_t)sqlite3_column_bytes(q->s, i));
}

static pawl_status fail(const struct query *q, struct pawl_err *err)
{
    const struct sqlite_connection *c = (const struct sqlite_connection *)(const void *)q->c;
    char                            where[sizeof(err->where)];

    if (!q->why || (q->rc != NOT_ONE && q->rc != SQLITE_CONSTRAINT_NOTNULL))
        return connection_fail(c, q->rc, q->table, err);
    snprintf(where, sizeof(where), "store.%s", q->table);
    return pawl_fail(err, PAWL_E_CONFLICT, where, "%s", q->why);
}

static const struct sql_engine engine = {
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

/* ---- connection ------------------------------------------------------------------------------ */

pawl_status connection_fail(const struct sqlite_connection *c, int rc, const char *what,
                            struct pawl_err *err)
{
    char where[sizeof(err->where)];

    snprintf(where, sizeof(where), "store.%s", what);
    if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
        rc == SQLITE_CONSTRAINT_TRIGGER)
        return pawl_fail(err, PAWL_E_CONFLICT, where, "there is one already");
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return pawl_fail(err, PAWL_E_IO, where, "the disk is full");
    case SQLITE_READONLY:
        return pawl_fail(err, PAWL_E_IO, where, STORE_FILE " cannot be written");
    case SQLITE_CANTOPEN:
        return pawl_fail(err, PAWL_E_IO, where, STORE_FILE " cannot be opened");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return pawl_fail(err, PAWL_E_IO, where, "another process holds " STORE_FILE);
    case SQLITE_IOERR:
        return pawl_fail(err, PAWL_E_IO, where, "reading or writing " STORE_FILE " failed (%d)",
                         rc);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return pawl_fail(err, PAWL_E_FORM, where,
                         STORE_FILE " is damaged or no database: restore a copy");
    case SQLITE_NOMEM:
        return pawl_fail(err, PAWL_E_MEMORY, where, "out of memory");
    default:
        return pawl_fail(err, PAWL_E_BUG, where, "SQLite: %s (%d)", sqlite3_errmsg(c->sql), rc);
    }
}

pawl_status connection_exec(struct sqlite_connection *c, const char *sql, const char *what,
                            struct pawl_err *err)
{
    int rc = sqlite3_exec(c->sql, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? pawl_ok() : connection_fail(c, rc, what, err);
}

pawl_status connection_number(struct sqlite_connection *c, const char *sql, const char *what,
                              int64_t *ret, struct pawl_err *err)
{
    sqlite3_stmt *s = NULL;
    int           rc = sqlite3_prepare_v2(c->sql, sql, -1, &s, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? pawl_ok() : connection_fail(c, rc, what, err);
}

static pawl_status set_up(struct sqlite_connection *c, struct pawl_err *err)
{
    int64_t synchronous, foreign_keys;

    sqlite3_extended_result_codes(c->sql, 1);
    sqlite3_busy_timeout(c->sql, BUSY_TIMEOUT_MS);
    PAWL_TRY(connection_exec(c, "PRAGMA journal_mode = WAL", "open", err));
    PAWL_TRY(connection_exec(c, "PRAGMA synchronous = FULL", "open", err));
    PAWL_TRY(connection_exec(c, "PRAGMA foreign_keys = ON", "open", err));
    /* KiB of each connection: what the system caches is not ours. */
    PAWL_TRY(connection_exec(c, "PRAGMA cache_size = -2000", "open", err));
    /* SQLite passes silently over a pragma that it cannot honour. */
    PAWL_TRY(connection_number(c, "PRAGMA synchronous", "open", &synchronous, err));
    PAWL_TRY(connection_number(c, "PRAGMA foreign_keys", "open", &foreign_keys, err));
    if (synchronous != 2 || foreign_keys != 1)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "store.open",
                         "SQLite was built without synchronous or foreign_keys");
    return pawl_ok();
}

/* Nobody asks how much memory SQLite has. To know it all threads share one lock, and take it with
 * each allocation. It can be said only before the first connection of a process. */
static void count_no_memory(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

pawl_status connection_open(const char *file, struct sqlite_connection *ret, struct pawl_err *err)
{
    static pthread_once_t    once = PTHREAD_ONCE_INIT;
    struct sqlite_connection c = { .base.engine = &engine };

    pthread_once(&once, count_no_memory);
    /* The file exists by then: its mode was chosen by the caller, not by the umask. */
    int rc = sqlite3_open_v2(file, &c.sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    pawl_status s = rc == SQLITE_OK ? set_up(&c, err) : connection_fail(&c, rc, "open", err);

    if (!pawl_is_ok(s)) {
        connection_close(&c);
        return s;
    }
    *ret = c;
    return pawl_ok();
}

struct sqlite_connection *sqlite_connection(struct connection *c)
{
    return (struct sqlite_connection *)(void *)c;
}

void connection_close(struct sqlite_connection *c)
{
    for (size_t i = 0; i < OWN_COUNT; i++)
        sqlite3_finalize(c->prepared[i]);
    sqlite3_close(c->sql);
    *c = (struct sqlite_connection){ 0 };
}
