/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the embedded store share: a connection with its prepared statements, columns,
 * rows. Private to store/.
 *
 *   sqlite.c      the port: opens, reads, closes; the pool of readers
 *   connection.c  a connection, its statements, SQLite's failures in our words
 *   schema.c      migrations
 *   column.c      one value in or out, sticky like the cursors of libpawl
 *   rows.c        our structs as columns
 *   step.c        one step inside a transaction
 *   writer.c      the thread that commits many steps at once
 */
#ifndef VERIFIER_STORE_SQLITE_H
#define VERIFIER_STORE_SQLITE_H

#include <sqlite3.h>

#include "store/store.h"

#define STORE_FILE "pawl.db"

/* ---- connection.c --------------------------------------------------------------------------- */

enum statement {
    SQL_NONE = 0,
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_SAVEPOINT,
    SQL_RELEASE,
    SQL_ROLLBACK_TO,
    SQL_DEVICE,
    SQL_DEVICE_BY_AK,
    SQL_DEVICES,
    SQL_DEVICE_INSERT,
    SQL_DEVICE_UPDATE,
    SQL_SNAPSHOT,
    SQL_SNAPSHOT_PUT,
    SQL_PAPERS,
    SQL_PAPERS_PUT,
    SQL_TOKEN,
    SQL_TOKENS,
    SQL_TOKEN_INSERT,
    SQL_TOKEN_USED_BY,
    SQL_TOKEN_USE_INSERT,
    SQL_TOKEN_COUNT_DOWN,
    SQL_POLICY,
    SQL_POLICY_NEWEST,
    SQL_POLICIES,
    SQL_POLICY_INSERT,
    SQL_DEFAULT_POLICY,
    SQL_DEFAULT_POLICY_PUT,
    SQL_EVENTS,
    SQL_EVENT_INSERT,
    SQL_COUNT
};

/* Used by one thread at a time. */
struct connection {
    sqlite3      *sql;
    sqlite3_stmt *prepared[SQL_COUNT]; /* made at first use, kept */
};

PAWL_MUST_USE pawl_status connection_open(const char *file, struct connection *ret,
                                          struct pawl_err *err);
void                      connection_close(struct connection *c);

/* SQLite's result as ours: CONFLICT for a taken key, IO for disk and locks, FORM for a damaged
 * file. what: the table or the act. */
pawl_status connection_fail(const struct connection *c, int rc, const char *what,
                            struct pawl_err *err);

/* Runs a text without parameters: pragmas and migrations only. */
PAWL_MUST_USE pawl_status connection_exec(struct connection *c, const char *sql, const char *what,
                                          struct pawl_err *err);
PAWL_MUST_USE pawl_status connection_number(struct connection *c, const char *sql, const char *what,
                                            int64_t *ret, struct pawl_err *err);

/* ---- schema.c ------------------------------------------------------------------------------- */

/* Brings the file to this program's schema; UNSUPPORTED if a newer program wrote it. */
PAWL_MUST_USE pawl_status schema_migrate(struct connection *c, struct pawl_err *err);

/* ---- column.c ------------------------------------------------------------------------------- */

/* One run of a prepared statement: parameters go in and columns come out in order. After a failure
 * everything is a no-op, and query_step or query_end says what happened. Declare it with QUERY, so
 * that the statement is free for its next use when the variable goes out of scope. */
struct query {
    struct connection *c;
    sqlite3_stmt      *s;
    const char        *table; /* for the report */
    int                in, out;
    int                rc;
    const char        *bad; /* the first column that does not hold what it should */
};

#define QUERY PAWL_CLEANUP(query_reset) struct query

struct query query_on(struct connection *c, enum statement which, const char *table);
void         query_reset(struct query *q);

void query_text(struct query *q, const char *s);
void query_text_n(struct query *q, struct pawl_view s);
void query_bytes(struct query *q, struct pawl_view v);
void query_u64(struct query *q, uint64_t v);
void query_null(struct query *q);

/* True while there is a row. */
bool query_row(struct query *q);
/* Runs a statement without rows. Good only if everything was. */
PAWL_MUST_USE pawl_status query_run(struct query *q, struct pawl_err *err);
/* After the last row: good only if everything was. */
PAWL_MUST_USE pawl_status query_end(const struct query *q, struct pawl_err *err);

uint64_t get_u64(struct query *q);
uint64_t get_max(struct query *q, const char *column, uint64_t max);
void     get_exact(struct query *q, const char *column, uint8_t *ret, size_t n);
size_t   get_bytes(struct query *q, const char *column, uint8_t *ret, size_t cap);
void     get_text(struct query *q, const char *column, char *ret, size_t cap);
char    *get_text_copy(struct query *q, const char *column); /* NULL after a failure */
bool     get_is_null(struct query *q);                       /* looks, does not move on */
void     get_skip(struct query *q);

/* ---- rows.c --------------------------------------------------------------------------------- */

void put_device(struct query *q, const struct device *d);
void get_device(struct query *q, struct device *ret);
void put_snapshot(struct query *q, const struct snapshot *s);
void get_snapshot(struct query *q, struct snapshot *ret);
void put_token(struct query *q, const struct token *t);
void get_token(struct query *q, struct token *ret);
void put_policy(struct query *q, const struct policy_row *p);
void get_policy(struct query *q, struct policy_row *ret); /* ret->json is the caller's */
void get_event(struct query *q, struct event_row *ret);

/* ---- step.c --------------------------------------------------------------------------------- */

/* Inside a transaction. On failure the caller rolls back. */
PAWL_MUST_USE pawl_status step_apply(struct connection *c, const struct step *s, int64_t now_s,
                                     struct pawl_err *err);

/* ---- writer.c ------------------------------------------------------------------------------- */

struct writer;

/* Takes over *c on success. */
PAWL_MUST_USE pawl_status writer_start(struct connection *c, struct writer **ret,
                                       struct pawl_err *err);
void writer_commit(struct writer *w, const struct step *s, store_done_fn *done, void *arg);
/* Commits what was handed over, stops the thread, closes the connection. */
void writer_stop(struct writer **w);

#endif
