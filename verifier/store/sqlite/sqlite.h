/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite under the layer of sql.h. One file, pawl.db, mode 0600, and beside it what SQLite keeps
 * while it is open (pawl.db-wal, pawl.db-shm), and pawl.count. Private to this folder.
 *
 *   store.c       the port: opens, commits, closes
 *   connection.c  a connection, how a statement runs on it, SQLite's failures in our words
 *   schema.c      migrations
 *   writer.c      the thread that commits many steps at once
 *   merger.c      the thread that merges the log into the file
 *   history.c     whether this is an older copy of the store
 *   source.c      all of its rows, for another store (move.h)
 */
#ifndef VERIFIER_STORE_SQLITE_SQLITE_H
#define VERIFIER_STORE_SQLITE_SQLITE_H

#include <sqlite3.h>

#include "store/sql.h"

#define STORE_FILE "pawl.db"

#define BUSY_TIMEOUT_MS 2000

/* ---- connection.c --------------------------------------------------------------------------- */

enum {
    OWN_BEGIN = SQL_COUNT,
    OWN_BEGIN_READS,
    OWN_COMMIT,
    OWN_SAVEPOINT,
    OWN_RELEASE,
    OWN_ROLLBACK_TO,
    OWN_HISTORY,
    OWN_HISTORY_COUNT,
    OWN_HISTORY_RESTORED,
    OWN_SEGMENT_SKIP,
    OWN_COUNT
};

struct sqlite_connection {
    struct connection base;
    sqlite3          *sql;
    sqlite3_stmt     *prepared[OWN_COUNT]; /* made at first use, kept */
};

struct sqlite_connection *sqlite_connection(struct connection *c);

PAWL_MUST_USE pawl_status connection_open(const char *file, struct sqlite_connection *ret,
                                          struct pawl_err *err);
void                      connection_close(struct sqlite_connection *c);

/* SQLite's result as ours: CONFLICT for a taken key, IO for disk and locks, FORM for a damaged
 * file. what: the table or the act. */
pawl_status connection_fail(const struct sqlite_connection *c, int rc, const char *what,
                            struct pawl_err *err);

/* Runs a text without parameters: pragmas and migrations only. */
PAWL_MUST_USE pawl_status connection_exec(struct sqlite_connection *c, const char *sql,
                                          const char *what, struct pawl_err *err);
PAWL_MUST_USE pawl_status connection_number(struct sqlite_connection *c, const char *sql,
                                            const char *what, int64_t *ret, struct pawl_err *err);

/* ---- schema.c ------------------------------------------------------------------------------- */

/* Brings the file to this program's schema; UNSUPPORTED if a newer program wrote it. */
PAWL_MUST_USE pawl_status schema_migrate(struct sqlite_connection *c, struct pawl_err *err);

/* ---- history.c ------------------------------------------------------------------------------ */

#define COUNT_FILE "pawl.count"

struct history {
    uint64_t commits;
    int64_t  newest_ms, restored_ms;
    int      file; /* pawl.count, open; -1 */
};

void history_close(struct history *h);

/* Reads both counts, pawl.count in the same directory as file, and notes in the database when the
 * one in the file is ahead. c may write. */
PAWL_MUST_USE pawl_status history_open(const char *file, struct sqlite_connection *c,
                                       struct history *ret, struct pawl_err *err);
/* Inside a transaction that changes something: counts it. newest_ms: of its rows. */
PAWL_MUST_USE pawl_status history_count(struct sqlite_connection *c, int64_t newest_ms,
                                        struct history *ret, struct pawl_err *err);
/* After COMMIT: the file follows. */
void history_follow(const struct history *h);

/* ---- source.c ------------------------------------------------------------------------------- */

/* CONFLICT when the file has gone because its fleet moved. */
PAWL_MUST_USE pawl_status moved_check(const char *file, struct pawl_err *err);

/* ---- writer.c ------------------------------------------------------------------------------- */

struct writer;

/* Takes over *c and *h on success. */
PAWL_MUST_USE pawl_status writer_start(const char *file, struct sqlite_connection *c,
                                       struct history *h, struct writer **ret,
                                       struct pawl_err *err);
struct queue             *writer_queue(struct writer *w);
int64_t                   writer_newest_ms(struct writer *w);
/* Commits what was handed over, stops the thread, closes the connection. */
void writer_stop(struct writer **w);

/* ---- merger.c ------------------------------------------------------------------------------- */

struct merger;

PAWL_MUST_USE pawl_status merger_start(const char *file, struct merger **ret, struct pawl_err *err);
/* Merge what is there; nothing if it was asked for before and not taken. Both for one thread. */
void merger_ask(struct merger *m);
/* Whether it has done what it was asked for; true once for each time. wait: until it has. */
bool merger_take(struct merger *m, bool wait);
void merger_stop(struct merger **m);

#endif
