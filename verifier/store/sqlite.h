/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the embedded store share: a connection with its prepared statements, columns,
 * rows. Private to store/.
 *
 *   sqlite.c      the port: opens, reads, closes
 *   ratchet.c     the port: reads the rows of the ratchet
 *   feed.c        the port: reads the feed
 *   incident.c    the port: reads incidents and what goes with them
 *   appraisal.c   the port: reads boots, groups, exceptions, kept evidence
 *   reader.c      the pool of connections that read
 *   connection.c  a connection, its statements, SQLite's failures in our words
 *   schema.c      migrations
 *   column.c      one value in or out, sticky like the cursors of libpawl
 *   rows.c        our structs as columns
 *   rows_appraisal.c .. those of appraisal.c
 *   step.c        one step inside a transaction
 *   step_ratchet.c  .. its rows of the ratchet and of the feed
 *   step_incident.c .. its incidents, proofs, entries of the audit chain
 *   step_appraisal.c .. its boot, groups, exceptions, kept evidence
 *   writer.c      the thread that commits many steps at once
 *   history.c     whether this is an older copy of the store
 */
#ifndef VERIFIER_STORE_SQLITE_H
#define VERIFIER_STORE_SQLITE_H

#include <pthread.h>

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
    SQL_DEVICES_OVERDUE,
    SQL_DEVICE_INSERT,
    SQL_DEVICE_UPDATE,
    SQL_DEVICE_GROUP,
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
    SQL_POLICY_VERSION,
    SQL_POLICIES,
    SQL_POLICY_INSERT,
    SQL_DEFAULT_POLICY,
    SQL_DEFAULT_POLICY_PUT,
    SQL_EVENTS,
    SQL_EVENT_INSERT,
    SQL_RATCHET,
    SQL_RATCHET_INSERT,
    SQL_RATCHET_UPDATE,
    SQL_GENERATION,
    SQL_GENERATIONS,
    SQL_GENERATION_PUT,
    SQL_GENERATION_DELETE,
    SQL_SEGMENTS,
    SQL_SEGMENTS_OF,
    SQL_SEGMENTS_SINCE,
    SQL_SEGMENTS_WITH,
    SQL_SEGMENT,
    SQL_SEGMENT_INSERT,
    SQL_SEGMENTS_FORGET,
    SQL_DOWNLINKS,
    SQL_DOWNLINK_QUEUE,
    SQL_DOWNLINK_PUT,
    SQL_DOWNLINK_DELETE,
    SQL_INCIDENT,
    SQL_INCIDENTS,
    SQL_INCIDENTS_OF,
    SQL_INCIDENTS_OPEN,
    SQL_INCIDENTS_OPEN_OF,
    SQL_INCIDENT_PUT,
    SQL_PROOFS,
    SQL_PROOF_INSERT,
    SQL_EVIDENCE,
    SQL_EVIDENCE_PUT,
    SQL_AUDIT,
    SQL_AUDIT_HEAD,
    SQL_AUDIT_INSERT,
    SQL_BOOT,
    SQL_BOOT_FACTS,
    SQL_BOOT_PUT,
    SQL_BOOT_UPDATE,
    SQL_FACTS_NUMBER,
    SQL_FACTS_PUT,
    SQL_FACTS_FORGET,
    SQL_KEPT,
    SQL_KEPT_PUT,
    SQL_KEPT_SIZE,
    SQL_KEPT_FORGET,
    SQL_GROUP,
    SQL_GROUPS,
    SQL_GROUP_PUT,
    SQL_GROUP_DELETE,
    SQL_GROUP_IN_USE,
    SQL_EXCEPTIONS,
    SQL_EXCEPTIONS_FOR,
    SQL_EXCEPTION_NUMBER,
    SQL_EXCEPTION_INSERT,
    SQL_EXCEPTION_DELETE,
    SQL_CURSOR,
    SQL_CURSOR_PUT,
    SQL_HISTORY,
    SQL_HISTORY_COUNT,
    SQL_HISTORY_RESTORED,
    SQL_SEGMENT_SKIP,
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
void query_order(struct query *q, uint64_t v); /* as bytes that sort like the number */
void query_null(struct query *q);

/* True while there is a row. */
bool query_row(struct query *q);
/* Runs a statement without rows. Good only if everything was. */
PAWL_MUST_USE pawl_status query_run(struct query *q, struct pawl_err *err);
/* After the last row: good only if everything was. */
PAWL_MUST_USE pawl_status query_end(const struct query *q, struct pawl_err *err);

uint64_t get_u64(struct query *q);
uint64_t get_max(struct query *q, const char *column, uint64_t max);
uint64_t get_order(struct query *q, const char *column);
void     get_exact(struct query *q, const char *column, uint8_t *ret, size_t n);
size_t   get_bytes(struct query *q, const char *column, uint8_t *ret, size_t cap);
void     get_text(struct query *q, const char *column, char *ret, size_t cap);
char    *get_text_copy(struct query *q, const char *column);              /* NULL after a failure */
void     get_blob(struct query *q, const char *column, struct blob *ret); /* owned by the caller */
bool     get_is_null(struct query *q); /* looks, does not move on */
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
void put_segment(struct query *q, const struct segment_row *s);
void put_incident(struct query *q, const struct incident_row *i);
void get_audit(struct query *q, struct audit_row *ret);
/* *ret is zero or was got before: its bytes are released. */
void get_generation(struct query *q, struct generation_row *ret);
void get_segment(struct query *q, struct segment_row *ret);
void get_proof(struct query *q, struct proof_row *ret);
void get_downlink(struct query *q, struct downlink_row *ret);
void get_incident(struct query *q, struct incident_row *ret);

/* ---- rows_appraisal.c ----------------------------------------------------------------------- */

void put_boot(struct query *q, const struct boot_row *b, uint64_t facts); /* facts 0: none */
void get_boot(struct query *q, struct boot_row *ret);
void put_group(struct query *q, const struct group_row *g);
void get_group(struct query *q, struct group_row *ret);
void put_exception(struct query *q, const struct exception_row *x); /* without its number */
void get_exception(struct query *q, struct exception_row *ret);
void put_kept(struct query *q, const struct kept_row *k);
void get_kept(struct query *q, struct kept_row *ret);

/* ---- reader.c ------------------------------------------------------------------------------- */

struct writer;
struct reader;

struct sqlite_store {
    char           *file;
    struct writer  *writer;
    int64_t         restored_ms;
    pthread_mutex_t lock; /* of idle */
    struct reader  *idle;
};

/* A reader in use, given back when it goes out of scope. */
struct lease {
    struct sqlite_store *store;
    struct reader       *reader;
    struct connection   *c;
};

#define LEASE PAWL_CLEANUP(lease_end) struct lease

PAWL_MUST_USE pawl_status lease_reader(struct sqlite_store *s, struct lease *ret,
                                       struct pawl_err *err);
void                      lease_end(struct lease *l);
void                      readers_close(struct sqlite_store *s);

/* The statement gave no row: ABSENT, unless it failed. */
PAWL_MUST_USE pawl_status row_absent(const struct query *q, struct pawl_err *err);

/* ---- ratchet.c ------------------------------------------------------------------------------ */

/* Fills in the reads of the ratchet's rows. */
void ratchet_reads(struct store *ret);
/* The one BLOB of the row that q finds; ABSENT. */
PAWL_MUST_USE pawl_status one_blob(struct query *q, struct blob *ret, struct pawl_err *err);

/* ---- feed.c, incident.c, appraisal.c -------------------------------------------------------- */

/* Fill in the reads of the feed, of incidents and what goes with them, and of appraisal. */
void feed_reads(struct store *ret);
void incident_reads(struct store *ret);
void appraisal_reads(struct store *ret);
/* The last entry of the tenant's chain, or zero. */
PAWL_MUST_USE pawl_status audit_last(struct connection *c, struct pawl_view tenant,
                                     struct audit_head *ret, struct pawl_err *err);

/* ---- step.c --------------------------------------------------------------------------------- */

/* Inside a transaction. On failure the caller rolls back. */
PAWL_MUST_USE pawl_status step_apply(struct connection *c, const struct step *s, int64_t now_s,
                                     struct pawl_err *err);
/* The newest time in it, ms; now_s as above. */
int64_t step_newest_ms(const struct step *s, int64_t now_s);

/* ---- step_ratchet.c ------------------------------------------------------------------------- */

/* The device's version moves on, or the step fails with CONFLICT; its ratchet with it. */
PAWL_MUST_USE pawl_status put_ratchet_row(struct connection *c, const struct step *s,
                                          struct pawl_err *err);
/* Generations, segments, downlinks. */
PAWL_MUST_USE pawl_status put_message_rows(struct connection *c, const struct step *s,
                                           struct pawl_err *err);

/* ---- step_incident.c ------------------------------------------------------------------------ */

/* Incidents, proofs, evidence, entries of the audit chain. */
PAWL_MUST_USE pawl_status put_incident_rows(struct connection *c, const struct step *s,
                                            struct pawl_err *err);

/* ---- step_appraisal.c ----------------------------------------------------------------------- */

/* The group of the step, before anything comes into it. */
PAWL_MUST_USE pawl_status put_group_row(struct connection *c, const struct step *s,
                                        struct pawl_err *err);
/* The device's group, if it is another one now. */
PAWL_MUST_USE pawl_status put_device_group(struct connection *c, const struct step *s,
                                           struct pawl_err *err);
/* Boot, kept evidence, exceptions; a group that goes. */
PAWL_MUST_USE pawl_status put_appraisal_rows(struct connection *c, const struct step *s,
                                             struct pawl_err *err);

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
PAWL_MUST_USE pawl_status history_open(const char *file, struct connection *c, struct history *ret,
                                       struct pawl_err *err);
/* Inside a transaction that changes something: counts it. newest_ms: of its rows. */
PAWL_MUST_USE pawl_status history_count(struct connection *c, int64_t newest_ms,
                                        struct history *ret, struct pawl_err *err);
/* After COMMIT: the file follows. */
void history_follow(const struct history *h);

/* ---- writer.c ------------------------------------------------------------------------------- */

/* Takes over *c and *h on success. */
PAWL_MUST_USE pawl_status writer_start(struct connection *c, struct history *h, struct writer **ret,
                                       struct pawl_err *err);
void    writer_commit(struct writer *w, const struct step *s, store_done_fn *done, void *arg);
void    writer_forget(struct writer *w, struct pawl_view tenant, int64_t before_ms,
                      store_done_fn *done, void *arg);
int64_t writer_newest_ms(struct writer *w);
/* Commits what was handed over, stops the thread, closes the connection. */
void writer_stop(struct writer **w);

#endif
