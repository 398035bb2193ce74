/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to PostgreSQL: how it is made, what is sent and what comes back.
 *
 * Invariants
 *  1. Nothing waits for longer than wait_ms: a server that says nothing is a lost one.
 *  2. In pipeline mode every statement that was sent stands in `pending` until its answer came, in
 *     that order. While we send we take what comes: neither side waits for the other's buffer.
 *  3. A connection that failed otherwise than by a statement is broken, and is closed.
 */

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/postgres/postgres.h"

struct pg_connection *pg_connection(struct connection *c)
{
    return (struct pg_connection *)(void *)c;
}

/* ---- failures -------------------------------------------------------------------------------- */

static bool has_class(const char *state, const char *class)
{
    return strncmp(state, class, 2) == 0;
}

/* Rows that devices share, and that go with the last of them; and those that refer to them. */
static bool is_shared(const char *where)
{
    return strcmp(where, "store.facts") == 0 || strcmp(where, "store.boot") == 0 ||
           strcmp(where, "store.common") == 0 || strcmp(where, "store.snapshot") == 0;
}

/* By SQLSTATE alone. Class 42 is about our own text, and quotes no value. */
static pawl_status fail_by_state(const PGresult *r, const char *where, const char *why,
                                 struct pawl_err *err)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *said = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

    state = state ? state : "";
    if (strcmp(state, "PW001") == 0 || (why && strcmp(state, "23502") == 0))
        return pawl_fail(err, PAWL_E_CONFLICT, where, "%s", why ? why : "the row has moved on");
    if (strcmp(state, "23503") == 0 && is_shared(where))
        return pawl_fail(err, PAWL_E_CONFLICT, where, "another device came to it, or went");
    if (strcmp(state, "23505") == 0)
        return pawl_fail(err, PAWL_E_CONFLICT, where, "there is one already");
    if (has_class(state, "40") || strcmp(state, "55P03") == 0)
        return pawl_fail(err, PAWL_E_CONFLICT, where, "another transaction came first");
    if (strcmp(state, "53100") == 0)
        return pawl_fail(err, PAWL_E_IO, where, "the disk of the database is full");
    if (strcmp(state, "25006") == 0)
        return pawl_fail(err, PAWL_E_IO, where, "the database takes no writes: a standby");
    if (has_class(state, "08") || has_class(state, "53") || has_class(state, "57") ||
        has_class(state, "58") || !state[0])
        return pawl_fail(err, PAWL_E_IO, where, "the database gave up (%s)", state);
    if (has_class(state, "22"))
        return pawl_fail(err, PAWL_E_FORM, where, "a value that PostgreSQL does not take (%s)",
                         state);
    if (has_class(state, "XX"))
        return pawl_fail(err, PAWL_E_IO, where, "the database is damaged (%s)", state);
    return pawl_fail(err, PAWL_E_BUG, where, "PostgreSQL: %s %s", state,
                     has_class(state, "42") && said ? said : "");
}

static pawl_status fail_result(const PGresult *r, const char *table, const char *why,
                               struct pawl_err *err)
{
    char where[sizeof(err->where)];

    snprintf(where, sizeof(where), "store.%s", table);
    return fail_by_state(r, where, why, err);
}

void pg_lost(struct pg_connection *c, const char *why)
{
    c->base.broken = true;
    (void)pawl_fail(&c->failure, PAWL_E_IO, "store.postgres", "%s", why);
}

/* What a server says that shuts down comes before the end of the stream: two looks see that. */
bool pg_is_there(struct pg_connection *c)
{
    if (!c->base.broken && (!PQconsumeInput(c->pg) || PQisBusy(c->pg) || !PQconsumeInput(c->pg)))
        pg_lost(c, "the connection was lost");
    return !c->base.broken;
}

/* ---- waiting --------------------------------------------------------------------------------- */

int64_t pg_clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until something came, or could be sent. */
static bool wait_for_socket(struct pg_connection *c, bool to_send, int64_t until_ms)
{
    struct pollfd p = { .fd = PQsocket(c->pg), .events = POLLIN };
    int64_t       left_ms = until_ms - pg_clock_ms();

    if (to_send)
        p.events |= POLLOUT;
    if (left_ms <= 0)
        return false;
    (void)poll(&p, 1, (int)left_ms); /* a signal only makes us look once more */
    return true;
}

/* The next answer; NULL at the end of one, and after the connection was lost. */
static PGresult *next_result(struct pg_connection *c)
{
    int64_t until_ms = pg_clock_ms() + c->wait_ms;

    for (;;) {
        int unsent = c->base.broken ? -1 : PQflush(c->pg);
        if (unsent < 0 || !PQconsumeInput(c->pg)) {
            if (!c->base.broken)
                pg_lost(c, "the connection was lost");
            return NULL;
        }
        if (!PQisBusy(c->pg))
            return PQgetResult(c->pg);
        if (!wait_for_socket(c, unsent > 0, until_ms)) {
            pg_lost(c, "the database does not answer");
            return NULL;
        }
    }
}

static bool is_good(const PGresult *r)
{
    ExecStatusType s = PQresultStatus(r);

    return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK || s == PGRES_PIPELINE_SYNC;
}

/* ---- one at a time --------------------------------------------------------------------------- */

PGresult *pg_answer(struct pg_connection *c, const char *table, const char *why)
{
    PGresult *last = NULL, *r;

    while ((r = next_result(c))) {
        if (last && is_good(last))
            PQclear(last);
        else if (last) { /* the first failure says why */
            PQclear(r);
            continue;
        }
        last = r;
    }
    if (!last && !c->base.broken)
        pg_lost(c, "the connection was lost");
    if (!last || c->base.broken) {
        PQclear(last);
        return NULL;
    }
    if (is_good(last))
        return last;
    (void)fail_result(last, table, why, &c->failure);
    if (PQstatus(c->pg) != CONNECTION_OK)
        c->base.broken = true;
    PQclear(last);
    return NULL;
}

static pawl_status failure(const struct pg_connection *c, struct pawl_err *err)
{
    *err = c->failure;
    return (pawl_status){ c->failure.code };
}

static pawl_status ask(struct pg_connection *c, const char *sql, const char *what, PGresult **ret,
                       struct pawl_err *err)
{
    if (!c->base.broken && !PQsendQuery(c->pg, sql))
        pg_lost(c, "the connection was lost");
    *ret = c->base.broken ? NULL : pg_answer(c, what, NULL);
    return *ret ? pawl_ok() : failure(c, err);
}

pawl_status pg_exec(struct pg_connection *c, const char *sql, const char *what,
                    struct pawl_err *err)
{
    PGresult   *r;
    pawl_status s = ask(c, sql, what, &r, err);

    PQclear(r);
    return s;
}

pawl_status pg_number(struct pg_connection *c, const char *sql, const char *what, int64_t *ret,
                      struct pawl_err *err)
{
    PGresult   *r;
    pawl_status s = ask(c, sql, what, &r, err);

    if (pawl_is_ok(s) && (PQntuples(r) != 1 || PQgetisnull(r, 0, 0)))
        s = pawl_fail(err, PAWL_E_FORM, what, "no number");
    if (pawl_is_ok(s))
        *ret = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    return s;
}

/* ---- the pipeline ---------------------------------------------------------------------------- */

pawl_status pg_pipeline(struct pg_connection *c, struct pawl_err *err)
{
    if (PQsetnonblocking(c->pg, 1) != 0 || !PQenterPipelineMode(c->pg))
        return pawl_fail(err, PAWL_E_IO, "store.postgres", "no pipeline mode");
    return pawl_ok();
}

static bool push(struct pg_connection *c, const struct pending *p)
{
    if (c->pending_n == c->pending_cap) {
        size_t          cap = c->pending_cap ? 2 * c->pending_cap : 64;
        struct pending *more = realloc(c->pending, cap * sizeof(*more));
        if (!more) {
            pg_lost(c, "out of memory");
            return false;
        }
        c->pending = more;
        c->pending_cap = cap;
    }
    c->pending[c->pending_n++] = *p;
    return true;
}

/* What the other side says meanwhile stays in our buffer, and ours goes out as it can. */
static void keep_going(struct pg_connection *c)
{
    if (!c->base.broken && (PQflush(c->pg) < 0 || !PQconsumeInput(c->pg)))
        pg_lost(c, "the connection was lost");
}

bool pg_sent(struct pg_connection *c, const char *table, const char *why)
{
    return push(c,
                &(struct pending){
                    .kind = PENDING_STATEMENT, .outcome = c->outcome, .table = table, .why = why });
}

void pg_sync(struct pg_connection *c)
{
    if (!c->base.broken && !PQpipelineSync(c->pg))
        pg_lost(c, "the connection was lost");
    if (!c->base.broken &&
        push(c,
             &(struct pending){ .kind = PENDING_SYNC, .outcome = c->outcome, .table = "commit" }))
        keep_going(c);
}

static void note_failure(struct pg_connection *c, const struct pending *p, const PGresult *r)
{
    if (p->outcome->failed)
        return; /* what was skipped behind a failure has none of its own */
    p->outcome->failed = true;
    (void)fail_result(r, p->table, p->why, &p->outcome->err);
    if (PQstatus(c->pg) != CONNECTION_OK)
        c->base.broken = true;
}

/* All answers of one statement: *ret is the first, if it was good. */
static void settle_statement(struct pg_connection *c, const struct pending *p, PGresult **ret)
{
    PGresult *r;

    while ((r = next_result(c))) {
        if (!is_good(r))
            note_failure(c, p, r);
        else if (!*ret) {
            *ret = r;
            continue;
        }
        PQclear(r);
    }
}

static void settle_sync(struct pg_connection *c, const struct pending *p)
{
    for (;;) {
        PGresult *r = next_result(c);
        bool      over = r && PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        if (!r && c->base.broken)
            return;
        if (r && !over)
            note_failure(c, p, r);
        PQclear(r);
        if (over)
            return;
    }
}

void pg_settle(struct pg_connection *c, PGresult **ret)
{
    *ret = NULL;
    while (c->pending_first < c->pending_n && !c->base.broken) {
        const struct pending p = c->pending[c->pending_first++];
        PQclear(*ret);
        *ret = NULL;
        if (p.kind == PENDING_SYNC)
            settle_sync(c, &p);
        else
            settle_statement(c, &p, ret);
    }
    c->pending_first = c->pending_n = 0;
}

/* ---- open and close -------------------------------------------------------------------------- */

/* libpq quotes what it was given, which may be a password, or half of one that has a space in it:
 * from there on its words are cut off. Its own quotes hold one character: "=". */
static void cut_given(char *why)
{
    char *p = why;

    while ((p = strchr(p, '"')) && ispunct((unsigned char)p[1]) && p[2] == '"')
        p += 3;
    if (p)
        *p = 0;
    for (size_t n = strlen(why); n && strchr(" :\n", why[n - 1]); n--)
        why[n - 1] = 0;
}

/* The name of an option that there is not is told, unless it may be the rest of a password. */
static bool names_an_option(const char *why, const char *conninfo)
{
    static const char is_name[] = "invalid connection option ";

    return strncmp(why, is_name, sizeof(is_name) - 1) == 0 && !strstr(conninfo, "password");
}

static pawl_status check_conninfo(const char *conninfo, struct pawl_err *err)
{
    char             *why = NULL;
    PQconninfoOption *o = PQconninfoParse(conninfo, &why);

    if (o) {
        PQconninfoFree(o);
        return pawl_ok();
    }
    if (why && names_an_option(why, conninfo))
        why[strcspn(why, "\n")] = 0;
    else if (why)
        cut_given(why);
    pawl_status s = pawl_fail(err, PAWL_E_FORM, "store.postgres", "no connection string: %s",
                              why ? why : "out of memory");
    PQfreemem(why);
    return s;
}

/* One line of at most its place. */
static pawl_status connect_failed(PGconn *pg, struct pawl_err *err)
{
    char why[sizeof(err->why)];

    snprintf(why, sizeof(why), "%s", pg ? PQerrorMessage(pg) : "out of memory");
    for (char *p = why; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = ' ';
    return pawl_fail(err, PAWL_E_IO, "store.postgres", "%s", why);
}

/* Ours stand in front, where the operator's win, or behind, where they do not. */
static PGconn *start(const char *conninfo)
{
    const char *const keyword[] = { "connect_timeout",  "tcp_user_timeout",
                                    "keepalives_idle",  "keepalives_interval",
                                    "keepalives_count", "application_name",
                                    "dbname",           "target_session_attrs",
                                    "client_encoding",  NULL };
    const char *const value[] = { "3",      "5000",       "5",    "2", "3", "pawl-verifier",
                                  conninfo, "read-write", "UTF8", NULL };

    return PQconnectdbParams(keyword, value, 1);
}

static pawl_status set_up(struct pg_connection *c, struct pawl_err *err)
{
    const char *encoding = PQparameterStatus(c->pg, "server_encoding");
    PGresult   *r;

    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "store.postgres",
                         "the database's encoding is not UTF8");
    if (PQserverVersion(c->pg) < 140000)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "store.postgres", "PostgreSQL 14 is the oldest");
    /* Plans that name partitions by a parameter are made once: planning costs more than they do.
     * Whoever is cut off in the middle of a transaction holds its locks until the server knows: a
     * pipeline is not idle to it, so its own limit for that does not count. */
    PAWL_TRY(pg_exec(c,
                     "SET client_min_messages = warning; SET statement_timeout = 5000;"
                     " SET idle_in_transaction_session_timeout = 15000;"
                     " SET default_transaction_isolation = 'read committed';"
                     " SET plan_cache_mode = force_generic_plan; SET tcp_keepalives_idle = 5;"
                     " SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
                     " SET tcp_user_timeout = 10000",
                     "open", err));
    PAWL_TRY(ask(c, "SHOW synchronous_commit", "open", &r, err));
    snprintf(c->durable, sizeof(c->durable), "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    if (strcmp(c->durable, "off") != 0)
        return pawl_ok();
    memcpy(c->durable, "on", 3); /* an answer says that a step is durable */
    return pg_exec(c, "SET synchronous_commit = on", "open", err);
}

/* A commit that was called off while it waited for a standby says that it is good, and warns. */
static void on_warning(void *arg, const PGresult *r)
{
    (void)r;
    pg_lost(arg, "the database has warned");
}

pawl_status pg_open(const char *conninfo, struct pg_connection **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pg_done) struct pg_connection *c = NULL;

    PAWL_TRY(check_conninfo(conninfo, err));
    c = calloc(1, sizeof(*c));
    if (!c)
        return pawl_fail(err, PAWL_E_MEMORY, "store.postgres", "out of memory");
    c->base.engine = &pg_engine;
    c->wait_ms = PG_WAIT_MS;
    c->pg = start(conninfo);
    if (!c->pg || PQstatus(c->pg) != CONNECTION_OK)
        return connect_failed(c->pg, err);
    PQsetNoticeReceiver(c->pg, on_warning, c);
    PAWL_TRY(set_up(c, err));
    *ret = c;
    c = NULL;
    return pawl_ok();
}

void pg_close(struct pg_connection **c)
{
    struct pg_connection *old = *c;

    if (!old)
        return;
    for (size_t i = 0; i < OWN_COUNT; i++)
        pg_statement_free(old->statement[i]);
    PQfinish(old->pg);
    free(old->pending);
    free(old);
    *c = NULL;
}
