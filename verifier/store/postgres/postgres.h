/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL under the layer of sql.h, for several verifiers at once. Private to this folder.
 *
 *   store.c       the port: opens, commits, closes; whether the database may be used
 *   connection.c  a connection, what it sends and what comes back, failures in our words
 *   engine.c      how a statement runs on it
 *   schema.c      migrations
 *   writer.c      the threads that commit many steps at once
 *   history.c     who this verifier is, and whether this is an older copy of the store
 *   target.c      a whole fleet that comes from another store (move.h)
 *
 * Nothing that the server says about a row goes into a report: its texts quote values.
 */
#ifndef VERIFIER_STORE_POSTGRES_POSTGRES_H
#define VERIFIER_STORE_POSTGRES_POSTGRES_H

#include <stdatomic.h>

#include <libpq-fe.h>

#include "store/queue.h"

/* ---- connection.c --------------------------------------------------------------------------- */

enum {
    OWN_COMMITS = SQL_COUNT,
    OWN_COUNT_UP,
    OWN_JOIN,
    OWN_HISTORY,
    OWN_DURABLE,
    OWN_ABORT,
    OWN_SETTLE,
    OWN_COUNT
};

#define PARAMETERS_MAX 48
#define PG_WAIT_MS     10000

/* A prepared statement with the values of its next run: q->s. */
struct pg_statement {
    unsigned    which;
    bool        prepared[2]; /* [1]: as one that changes exactly one row or fails */
    int         n;
    Oid         type[PARAMETERS_MAX];
    const char *value[PARAMETERS_MAX];
    int         length[PARAMETERS_MAX], format[PARAMETERS_MAX];
    uint8_t     number[PARAMETERS_MAX][8];
    void       *copy[PARAMETERS_MAX]; /* owned */
    PGresult   *result;
    int         row; /* of result: the one after that is the next */
};

/* What was sent and not answered yet. */
struct pending {
    enum { PENDING_STATEMENT, PENDING_SYNC } kind;
    struct outcome *outcome;
    const char     *table, *why;
};

struct pg_connection {
    struct connection    base;
    PGconn              *pg;
    char                 durable[32]; /* synchronous_commit, as the server is set up */
    struct pawl_err      failure;     /* the last one, with its code */
    struct pg_statement *statement[OWN_COUNT];
    /* Pipeline mode: of the transaction that is being sent, whose first failure stays; or NULL. */
    struct outcome *outcome;
    struct pending *pending;
    size_t          pending_first, pending_n, pending_cap;
    int64_t         wait_ms; /* for an answer */
};

struct pg_connection *pg_connection(struct connection *c);

/* Monotonic. */
int64_t pg_clock_ms(void);

PAWL_MUST_USE pawl_status pg_open(const char *conninfo, struct pg_connection **ret,
                                  struct pawl_err *err);
void                      pg_close(struct pg_connection **c);
static inline void        pg_done(struct pg_connection **c)
{
    pg_close(c);
}

/* A text without parameters, outside of the pipeline: migrations and settings. */
PAWL_MUST_USE pawl_status pg_exec(struct pg_connection *c, const char *sql, const char *what,
                                  struct pawl_err *err);
PAWL_MUST_USE pawl_status pg_number(struct pg_connection *c, const char *sql, const char *what,
                                    int64_t *ret, struct pawl_err *err);

/* Outside of the pipeline: the answer to what was just sent, NULL after a failure (c->failure). */
PGresult *pg_answer(struct pg_connection *c, const char *table, const char *why);

/* Pipeline mode. Every transaction that is sent ends with pg_sync. */
PAWL_MUST_USE pawl_status pg_pipeline(struct pg_connection *c, struct pawl_err *err);
/* Notes what was just sent; false: out of memory, the connection is broken. */
bool pg_sent(struct pg_connection *c, const char *table, const char *why);
/* Reads answers until all that was sent has one; *ret: that of the last statement, or NULL. */
void pg_settle(struct pg_connection *c, PGresult **ret);
/* Ends the transaction of c->outcome: it commits, unless a statement in it failed. */
void pg_sync(struct pg_connection *c);
/* Nothing is under way: false if the other side has gone meanwhile. */
bool pg_is_there(struct pg_connection *c);
/* The connection is of no use any more. */
void pg_lost(struct pg_connection *c, const char *why);

/* ---- engine.c ------------------------------------------------------------------------------- */

extern const struct sql_engine pg_engine;

void pg_statement_free(struct pg_statement *s);

/* ---- schema.c ------------------------------------------------------------------------------- */

/* The newest schema that this program knows. */
extern const int64_t pg_schema_number;

/* Brings the database to this program's schema, once however many start at the same time. */
PAWL_MUST_USE pawl_status pg_migrate(struct pg_connection *c, struct pawl_err *err);

/* ---- history.c ------------------------------------------------------------------------------ */

#define PG_WRITERS 4

/* What this verifier knows of its own transactions. */
struct pg_history {
    char         id[33]; /* of the state directory, in hex */
    int          file;   /* postgres.count, open; -1 */
    atomic_llong commits[PG_WRITERS];
    atomic_llong newest_ms;   /* of all verifiers, at least */
    atomic_llong restored_ms; /* what the operator said last of the database */
    atomic_bool  behind;      /* the database that was seen last is an older copy */
};

PAWL_MUST_USE pawl_status pg_history_open(const char *path, struct pg_history *ret,
                                          struct pawl_err *err);
void                      pg_history_close(struct pg_history *h);
/* Before anything is read from or written to what c is connected to, and now and then: IO if it
 * lacks transactions of this verifier, or is a newer program's alone. Says in h how late it is at
 * all of them. */
PAWL_MUST_USE pawl_status pg_history_check(struct pg_history *h, struct pg_connection *c,
                                           struct pawl_err *err);
/* For a writer, outside of the pipeline: its row is there and says what h says, or more. */
PAWL_MUST_USE pawl_status pg_history_join(struct pg_history *h, struct pg_connection *c,
                                          unsigned slot, struct pawl_err *err);
/* In the pipeline, the last transaction of a group: when it is durable all before it are. *ret: the
 * count then. */
PAWL_MUST_USE pawl_status pg_history_count(struct pg_history *h, struct pg_connection *c,
                                           unsigned slot, int64_t newest_ms, int64_t *ret,
                                           struct pawl_err *err);
/* After it. */
void pg_history_follow(struct pg_history *h, unsigned slot, int64_t commits, int64_t newest_ms);

/* ---- writer.c ------------------------------------------------------------------------------- */

struct pg_writers;

/* h and conninfo stay where they are. */
PAWL_MUST_USE pawl_status pg_writers_start(const char *conninfo, struct pg_history *h,
                                           struct pg_writers **ret, struct pawl_err *err);
struct queue             *pg_writers_queue(struct pg_writers *w);
/* No thread has a connection or could make one, and why. */
bool pg_writers_away(struct pg_writers *w, struct pawl_err *err);
/* Commits what was handed over, stops the threads. */
void pg_writers_stop(struct pg_writers **w);

#endif
