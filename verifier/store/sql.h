/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store's files share, whichever database stands behind them: a connection with its
 * prepared statements, columns, rows, steps. Private to store/.
 *
 *   statement.c   the text of every statement
 *   query.c       one run of a statement; one value in or out, sticky like the cursors of libpawl
 *   rows.c        our structs as columns
 *   rows_appraisal.c .. those of appraisal.c
 *   reader.c      the pool of connections that read
 *   reads.c       the port: reads devices, tokens, policies, events
 *   ratchet.c     the port: reads the rows of the ratchet
 *   feed.c        the port: reads the feed
 *   incident.c    the port: reads incidents and what goes with them
 *   refusal.c     the port: reads refusals
 *   appraisal.c   the port: reads boots, groups, exceptions, kept evidence
 *   access.c      the port: reads credentials
 *   label.c       the port: reads labels, and counts devices
 *   step.c        one step inside a transaction
 *   common.c      what rows of many devices have in common, and rows as differences from it
 *   delta.c       .. bytes as their difference from others
 *   step_ratchet.c  .. its rows of the ratchet and of the feed
 *   step_feed.c   .. its consumer of the feed
 *   step_incident.c .. its incidents, proofs, entries of the audit chain
 *   step_access.c  .. its credentials
 *   step_appraisal.c .. its boot, groups, exceptions, kept evidence
 *   step_label.c  .. its labels
 *   step_refusal.c  .. its refusals
 *   step_rewrap.c  .. its rows that are wrapped anew
 *
 * An engine is a folder: sqlite/, postgres/. It opens and closes connections, knows how a
 * statement runs (struct sql_engine), migrates, commits steps, and counts its transactions.
 *
 * A statement may run later than it is handed over (PostgreSQL sends many before it reads the first
 * answer): query_run says only that it is under way. Whoever needs an answer to go on asks for one:
 * query_row, query_run_count. Whoever needs none, but may not go on without an effect, says so:
 * query_run_one. A step that failed so fails as a whole, whatever ran behind it.
 */
#ifndef VERIFIER_STORE_SQL_H
#define VERIFIER_STORE_SQL_H

#include <pthread.h>

#include "store/store.h"
#include "store/words.h"

/* ---- statement.c ---------------------------------------------------------------------------- */

enum statement {
    SQL_NONE = 0,
    SQL_DEVICE,
    SQL_DEVICE_RATCHET,
    SQL_DEVICE_PAST,
    SQL_DEVICE_BY_AK,
    SQL_DEVICES,
    SQL_DEVICES_IN_STATE,
    SQL_DEVICES_IN_GROUP,
    SQL_DEVICES_WITH_LABEL,
    SQL_DEVICE_COUNTS,
    SQL_DEVICES_OVERDUE,
    SQL_TENANT_NEXT,
    SQL_DEVICE_INSERT,
    SQL_DEVICE_UPDATE,
    SQL_DEVICE_INDEXED,
    SQL_DEVICE_REVOKE,
    SQL_LABELS,
    SQL_LABELS_FORGET,
    SQL_LABEL_INSERT,
    SQL_SNAPSHOT,
    SQL_SNAPSHOT_COMMON,
    SQL_SNAPSHOT_UPDATE,
    SQL_SNAPSHOT_PUT,
    SQL_PAPERS,
    SQL_PAPERS_PUT,
    SQL_COMMON,
    SQL_COMMON_PUT,
    SQL_COMMON_FORGET,
    SQL_TOKEN,
    SQL_TOKENS,
    SQL_TOKEN_INSERT,
    SQL_TOKEN_USED_BY,
    SQL_TOKEN_USE_INSERT,
    SQL_TOKEN_COUNT_DOWN,
    SQL_TOKEN_END,
    SQL_POLICY,
    SQL_POLICY_NEWEST,
    SQL_POLICY_VERSION,
    SQL_POLICIES,
    SQL_POLICY_INSERT,
    SQL_DEFAULT_POLICY,
    SQL_DEFAULT_POLICY_PUT,
    SQL_EVENTS,
    SQL_EVENT_INSERT,
    SQL_EVENTS_FORGET,
    SQL_EVENTS_FORGET_OLD,
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
    SQL_AUDIT_LOCK,
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
    SQL_GROUP_LOCK,
    SQL_GROUP_DELETE,
    SQL_GROUP_IN_USE,
    SQL_EXCEPTIONS,
    SQL_EXCEPTIONS_FOR,
    SQL_EXCEPTION_NUMBER,
    SQL_EXCEPTION_INSERT,
    SQL_EXCEPTION_DELETE,
    SQL_CREDENTIAL,
    SQL_CREDENTIALS,
    SQL_CREDENTIAL_INSERT,
    SQL_CREDENTIAL_DELETE,
    SQL_CONSUMER,
    SQL_CONSUMER_INSERT,
    SQL_CONSUMER_UPDATE,
    SQL_PARKED,
    SQL_PARKED_PUT,
    SQL_PARKED_DELETE,
    SQL_REFUSALS_OF,
    SQL_REFUSALS_SERIAL,
    SQL_REFUSALS_WITH,
    SQL_REFUSALS_COUNT,
    SQL_REFUSAL_PUT,
    SQL_REFUSALS_FORGET,
    SQL_REFUSALS_FORGET_OF,
    SQL_TOKEN_REWRAP,
    SQL_RATCHET_REWRAP,
    SQL_GENERATION_REWRAP,
    SQL_DOWNLINK_REWRAP,
    SQL_SEGMENT_REWRAP,
    SQL_COUNT
};

const char *statement_text(enum statement which);
const char *statement_text_postgres(enum statement which);

/* ---- connections ---------------------------------------------------------------------------- */

struct query;

/* How an engine runs a statement. Parameters count from 1, columns from 0. What fails sets
 * q->failed, and `fail` says what it was. Bytes that are bound live until the query is reset,
 * unless `copied`. */
struct sql_engine {
    void (*prepare)(struct query *q, unsigned which); /* sets q->s, or fails */
    void (*reset)(struct query *q);
    void (*bind_text)(struct query *q, int i, struct pawl_view v);
    void (*bind_bytes)(struct query *q, int i, struct pawl_view v, bool copied);
    void (*bind_int)(struct query *q, int i, int64_t v);
    void (*bind_null)(struct query *q, int i);
    /* The next row, true if there is one. */
    bool (*row)(struct query *q);
    /* Runs, or hands over to run. one: fails unless it changes exactly one row. */
    void (*run)(struct query *q, bool one);
    /* Runs, and says how many rows it changed. */
    uint64_t (*run_count)(struct query *q);
    int64_t (*column_int)(struct query *q, int i);
    /* Text too, with a 0 behind it. p NULL: the column is NULL. */
    struct pawl_view (*column_bytes)(struct query *q, int i);
    pawl_status (*fail)(const struct query *q, struct pawl_err *err);
};

/* Used by one thread at a time. The first member of each engine's own. */
struct connection {
    const struct sql_engine *engine;
    bool                     broken; /* it is closed instead of used again */
};

/* ---- query.c -------------------------------------------------------------------------------- */

/* One run of a prepared statement: parameters go in and columns come out in order. After a failure
 * everything is a no-op, and query_end says what happened. Declare it with QUERY, so that the
 * statement is free for its next use when the variable goes out of scope. */
struct query {
    struct connection *c;
    void              *s;     /* the engine's statement */
    const char        *table; /* for the report */
    int                in, out;
    bool               failed;
    int                rc;  /* the engine's result */
    const char        *bad; /* the first column that does not hold what it should */
    const char        *why; /* what it means that nothing was changed or a constraint refused it */
};

#define QUERY PAWL_CLEANUP(query_reset) struct query

/* which: an enum statement, or one of the engine's own, which begin at SQL_COUNT. */
struct query query_on(struct connection *c, unsigned which, const char *table);
void         query_reset(struct query *q);

void query_text(struct query *q, const char *s);
void query_text_n(struct query *q, struct pawl_view s);
/* What PostgreSQL takes for a text: UTF-8 without NUL. Ours are, unless one was cut within a
 * character, or is what somebody asks for. */
bool text_is_whole(struct pawl_view text);
/* Makes it one: a question mark for each byte that is not plain. */
void text_mend(uint8_t *text, size_t n);
void query_bytes(struct query *q, struct pawl_view v);
void query_bytes_copy(struct query *q, struct pawl_view v); /* v need not outlive the call */
void query_u64(struct query *q, uint64_t v);
void query_limit(struct query *q, size_t n);   /* of LIMIT: at most what is a number there */
void query_order(struct query *q, uint64_t v); /* as bytes that sort like the number */
void query_null(struct query *q);

/* True while there is a row. */
bool query_row(struct query *q);
/* Runs a statement without rows. Good only if everything was. */
PAWL_MUST_USE pawl_status query_run(struct query *q, struct pawl_err *err);
/* As query_run; the step fails with CONFLICT and this reason unless one row is changed. */
PAWL_MUST_USE pawl_status query_run_one(struct query *q, const char *why, struct pawl_err *err);
/* As query_run, and waits for how many rows it changed. */
PAWL_MUST_USE pawl_status query_run_count(struct query *q, uint64_t *ret, struct pawl_err *err);
/* After the last row: good only if everything was. */
PAWL_MUST_USE pawl_status query_end(const struct query *q, struct pawl_err *err);
/* The statement gave no row: ABSENT, unless it failed. */
PAWL_MUST_USE pawl_status row_absent(const struct query *q, struct pawl_err *err);

uint64_t get_u64(struct query *q);
uint64_t get_max(struct query *q, const char *column, uint64_t max);
uint64_t get_order(struct query *q, const char *column);
void     get_exact(struct query *q, const char *column, uint8_t *ret, size_t n);
size_t   get_bytes(struct query *q, const char *column, uint8_t *ret, size_t cap);
void     get_text(struct query *q, const char *column, char *ret, size_t cap);
/* There until the query moves on; NULL after a failure. */
const char *get_text_view(struct query *q, const char *column);
char       *get_text_copy(struct query *q, const char *column);       /* NULL after a failure */
void get_blob(struct query *q, const char *column, struct blob *ret); /* owned by the caller */
bool get_is_null(struct query *q);                                    /* looks, does not move on */
void get_skip(struct query *q);

/* ---- rows.c --------------------------------------------------------------------------------- */

/* A text of ours, shortened (words.h) into b, which is there until the query has run. */
void put_words(struct query *q, const char *text, char *b, size_t cap);
void get_words(struct query *q, const char *column, char *ret, size_t cap);

/* Those of a device's row. */
struct device_words {
    size_t why_n;
    char  *why; /* owned: mostly short, and may be long */
    char   status[WORDS_MAX(sizeof(((struct device *)0)->status))];
    char   software_status[WORDS_MAX(sizeof(((struct device *)0)->software_status))];
    char   keys_status[WORDS_MAX(sizeof(((struct device *)0)->keys_status))];
    char   coverage[WORDS_MAX(DEVICE_COVERAGE_MAX)];
};

/* *ret: device_words_done. MEMORY. */
PAWL_MUST_USE pawl_status device_words_make(const struct device *d, struct device_words *ret,
                                            struct pawl_err *err);
void                      device_words_done(struct device_words *w);
void put_device(struct query *q, const struct device *d, struct device_words *room);
void get_device(struct query *q, struct device *ret);
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

struct reader;

/* The first member of each engine's store: `self` of the port. */
struct sql_store {
    /* Opens a connection that reads; closes any and releases it. */
    pawl_status (*open)(struct sql_store *s, struct connection **ret, struct pawl_err *err);
    void (*free)(struct connection *c);
    /* Before its next use; NULL: always. */
    bool (*is_there)(struct sql_store *s, struct connection *c);
    /* Many reads of one state; NULL: each is by itself. */
    pawl_status (*begin)(struct connection *c, struct pawl_err *err);
    void (*end)(struct connection *c);
    pthread_mutex_t lock; /* of idle */
    struct reader  *idle;
};

/* A reader in use, given back when it goes out of scope. */
struct lease {
    struct sql_store  *store;
    struct reader     *reader;
    struct connection *c;
};

#define LEASE PAWL_CLEANUP(lease_end) struct lease

/* self: of the port, a struct sql_store. */
PAWL_MUST_USE pawl_status lease_reader(void *self, struct lease *ret, struct pawl_err *err);
void                      lease_end(struct lease *l);
/* Of the port. */
void sql_reads_begin(void *self);
void sql_reads_end(void *self);
/* Closes those that nobody uses. */
void readers_close(struct sql_store *s);

/* ---- reads.c and its neighbours ------------------------------------------------------------- */

/* Fills in every read of the port. */
void sql_reads(struct store *ret);
void ratchet_reads(struct store *ret);
void feed_reads(struct store *ret);
void incident_reads(struct store *ret);
void appraisal_reads(struct store *ret);
void label_reads(struct store *ret);
void access_reads(struct store *ret);
void refusal_reads(struct store *ret);
/* The one BLOB of the row that q finds; ABSENT. */
PAWL_MUST_USE pawl_status one_blob(struct query *q, struct blob *ret, struct pawl_err *err);
/* The last entry of the tenant's chain, or zero. */
PAWL_MUST_USE pawl_status audit_last(struct connection *c, struct pawl_view tenant,
                                     struct audit_head *ret, struct pawl_err *err);

/* ---- common.c ------------------------------------------------------------------------------- */

/* A device's snapshot, papers, evidence: as step.c and the reads have them, whatever stands in the
 * row. Inside a transaction; the device's row is there. */
PAWL_MUST_USE pawl_status put_snapshot_row(struct connection *c, const struct step *s,
                                           struct pawl_err *err);
PAWL_MUST_USE pawl_status put_papers_row(struct connection *c, const struct step *s,
                                         struct pawl_err *err);
PAWL_MUST_USE pawl_status put_evidence_row(struct connection *c, const struct step *s,
                                           struct pawl_err *err);
/* Of their statements' rows; *ret: owned by the caller (blob_done, free). */
void get_snapshot(struct query *q, struct snapshot *ret);
void get_papers(struct query *q, char **ret);
void get_evidence(struct query *q, struct blob *ret);

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
/* The device's group and AK Name, if they are others now. */
PAWL_MUST_USE pawl_status put_device_indexed(struct connection *c, const struct step *s,
                                             struct pawl_err *err);
/* Boot, kept evidence, exceptions; a group that goes. */
PAWL_MUST_USE pawl_status put_appraisal_rows(struct connection *c, const struct step *s,
                                             struct pawl_err *err);

/* ---- step_access.c -------------------------------------------------------------------------- */

/* A credential that comes or goes. */
PAWL_MUST_USE pawl_status put_access_rows(struct connection *c, const struct step *s,
                                          struct pawl_err *err);

/* ---- step_refusal.c ------------------------------------------------------------------------- */

PAWL_MUST_USE pawl_status put_refusal_rows(struct connection *c, const struct step *s,
                                           struct pawl_err *err);

/* ---- step_label.c --------------------------------------------------------------------------- */

/* The device's labels in place of those that it had. */
PAWL_MUST_USE pawl_status put_consumer_rows(struct connection *c, const struct step *s,
                                            struct pawl_err *err);
PAWL_MUST_USE pawl_status put_label_rows(struct connection *c, const struct step *s,
                                         struct pawl_err *err);

/* ---- step_rewrap.c -------------------------------------------------------------------------- */

PAWL_MUST_USE pawl_status put_rewrapped_rows(struct connection *c, const struct step *s,
                                             struct pawl_err *err);

#endif
