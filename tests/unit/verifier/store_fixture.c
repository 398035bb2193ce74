/* SPDX-License-Identifier: Apache-2.0 */
#include <ftw.h>
#include <sched.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "point.h"
#include "store/words.h"
#include "store_fixture.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

/* ---- PostgreSQL, where with_postgres started one --------------------------------------------- */

/* The server's connection string; NULL: SQLite. */
static const char *server(void)
{
    return getenv("PAWL_TEST_POSTGRES");
}

/* Its own database, which is always there. */
static const char *server_db(void)
{
    static char conninfo[256];

    snprintf(conninfo, sizeof(conninfo), "%s dbname=postgres", server());
    return conninfo;
}

bool store_is_postgres(void)
{
    return server() != NULL;
}

static PGconn *connect_pg(const char *conninfo)
{
    PGconn *pg = PQconnectdb(conninfo);

    if (PQstatus(pg) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(pg));
    return pg;
}

static PGresult *ask_pg(PGconn *pg, const char *sql)
{
    PGresult      *r = PQexec(pg, sql);
    ExecStatusType s = PQresultStatus(r);

    if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    return r;
}

static void PAWL_PRINTF(2, 3) run_pg(const char *conninfo, const char *fmt, ...)
{
    char    sql[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sql, sizeof(sql), fmt, args);
    va_end(args);
    PGconn *pg = connect_pg(conninfo);
    PQclear(ask_pg(pg, sql));
    PQfinish(pg);
}

/* Databases of this process: to empty one is much faster than to make one. */
static struct database {
    char conninfo[256];
    bool made, taken;
} databases[4];

static void make_database(struct database *d, unsigned number)
{
    char            dir[] = "/tmp/pawl-store-XXXXXX";
    struct store    s;
    struct pawl_err err;

    snprintf(d->conninfo, sizeof(d->conninfo), "%s dbname=pawl_%d_%u", server(), (int)getpid(),
             number);
    run_pg(server_db(), "CREATE DATABASE pawl_%d_%u", (int)getpid(), number);
    assert_non_null(mkdtemp(dir));
    T_OK(postgres_store_open(dir, d->conninfo, &s, &err), &err);
    s.close(s.self);
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    d->made = true;
}

/* But what the schema wrote itself. */
static const char empty_all[] =
    "SET session_replication_role = replica;"
    " DO $$ DECLARE t TEXT; BEGIN FOR t IN SELECT relname FROM pg_class WHERE relnamespace ="
    " 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    " AND relname NOT IN ('schema_version', 'history') LOOP EXECUTE 'DELETE FROM ' || t;"
    " END LOOP; END $$; UPDATE history SET newest_ms = 0, restored_ms = 0, feed_base = 0";

static void take_database(struct store_fixture *f)
{
    for (unsigned i = 0; i < 4; i++) {
        struct database *d = &databases[i];
        if (d->taken)
            continue;
        if (!d->made)
            make_database(d, i);
        d->taken = true;
        f->database = i + 1;
        run_pg(d->conninfo, "%s", empty_all);
        snprintf(f->conninfo, sizeof(f->conninfo), "%s", d->conninfo);
        return;
    }
    fail_msg("more stores at once than there are databases");
}

static void put_value(FILE *out, const PGresult *r, int row, int column)
{
    const char *v = PQgetvalue(r, row, column);

    fprintf(out, " %s=", PQfname(r, column));
    if (strncmp(v, "\\x", 2) == 0)
        fputs(v + 2, out);
    else
        for (; *v; v++)
            fprintf(out, "%02x", (uint8_t)*v);
}

static void dump_pg(PGconn *pg, const char *table, FILE *out)
{
    char text[128];

    snprintf(text, sizeof(text), "SELECT * FROM %s ORDER BY 1, 2", table);
    PGresult *r = ask_pg(pg, text);
    for (int i = 0; i < PQntuples(r); i++) {
        fprintf(out, "%s:", table);
        for (int k = 0; k < PQnfields(r); k++)
            put_value(out, r, i, k);
        fprintf(out, "\n");
    }
    PQclear(r);
}

/* ---- a store --------------------------------------------------------------------------------- */

void store_fixture_make(struct store_fixture *f)
{
    *f = (struct store_fixture){ .dir = "/tmp/pawl-store-XXXXXX" };
    assert_non_null(mkdtemp(f->dir));
    if (store_is_postgres())
        take_database(f);
    store_fixture_reopen(f);
}

pawl_status store_open_in(const struct store_fixture *f, const char *dir, struct store *ret,
                          struct pawl_err *err)
{
    return store_is_postgres() ? postgres_store_open(dir, f->conninfo, ret, err)
                               : sqlite_store_open(dir, ret, err);
}

void store_fixture_reopen(struct store_fixture *f)
{
    struct pawl_err err;

    if (f->open)
        f->store.close(f->store.self);
    f->open = false;
    T_OK(store_open_in(f, f->dir, &f->store, &err), &err);
    f->open = true;
}

void store_fixture_done(struct store_fixture *f)
{
    if (f->open)
        f->store.close(f->store.self);
    f->open = false;
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    if (f->database)
        databases[f->database - 1].taken = false;
}

/* words(x): a column of our own words, as they are read. */
static void words_of(sqlite3_context *c, int n, sqlite3_value **in)
{
    const char *stored = (const char *)sqlite3_value_text(in[0]);
    char        b[EVENT_LINE_MAX];

    assert_int_equal(n, 1);
    assert_true(words_read(stored ? stored : "", b, sizeof(b)));
    sqlite3_result_text(c, b, -1, SQLITE_TRANSIENT);
}

static sqlite3 *connect_to(const struct store_fixture *f)
{
    char     file[128];
    sqlite3 *sql;

    snprintf(file, sizeof(file), "%s/pawl.db", f->dir);
    assert_int_equal(sqlite3_open(file, &sql), SQLITE_OK);
    assert_int_equal(
        sqlite3_create_function(sql, "words", 1, SQLITE_UTF8, NULL, words_of, NULL, NULL),
        SQLITE_OK);
    return sql;
}

static void dump_table(sqlite3 *sql, const char *table, FILE *out)
{
    char          text[128];
    sqlite3_stmt *s;

    snprintf(text, sizeof(text), "SELECT * FROM %s", table);
    assert_int_equal(sqlite3_prepare_v2(sql, text, -1, &s, NULL), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        fprintf(out, "%s:", table);
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            const uint8_t *b = sqlite3_column_blob(s, i);
            fprintf(out, " %s=", sqlite3_column_name(s, i));
            for (int k = 0; k < sqlite3_column_bytes(s, i); k++)
                fprintf(out, "%02x", b[k]);
        }
        fprintf(out, "\n");
    }
    sqlite3_finalize(s);
}

char *store_dump(const struct store_fixture *f)
{
    static const char *const table[] = {
        "device",   "snapshot", "papers",    "token",        "token_use", "policy",
        "tenant",   "event",    "ratchet",   "generation",   "segment",   "consumer",
        "downlink", "incident", "proof",     "evidence",     "audit",     "boot",
        "facts",    "kept",     "exception", "device_group", "common",    "parked",
    };
    char    *ret;
    size_t   n;
    FILE    *out = open_memstream(&ret, &n);
    sqlite3 *sql = store_is_postgres() ? NULL : connect_to(f);
    PGconn  *pg = store_is_postgres() ? connect_pg(f->conninfo) : NULL;

    assert_non_null(out);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (pg)
            dump_pg(pg, table[i], out);
        else
            dump_table(sql, table[i], out);
    }
    fclose(out);
    sqlite3_close(sql);
    PQfinish(pg);
    return ret;
}

static int64_t number_pg(const struct store_fixture *f, const char *query)
{
    PGconn   *pg = connect_pg(f->conninfo);
    PGresult *r = ask_pg(pg, query);

    assert_int_equal(PQntuples(r), 1);
    int64_t n = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    PQfinish(pg);
    return n;
}

int64_t store_number(const struct store_fixture *f, const char *query)
{
    if (store_is_postgres())
        return number_pg(f, query);

    sqlite3      *sql = connect_to(f);
    sqlite3_stmt *s;
    int64_t       n;

    assert_int_equal(sqlite3_prepare_v2(sql, query, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(sql);
    return n;
}

void store_exec(const struct store_fixture *f, const char *query)
{
    if (store_is_postgres()) {
        run_pg(f->conninfo, "%s", query);
        return;
    }

    sqlite3 *sql = connect_to(f);

    assert_int_equal(sqlite3_exec(sql, query, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sql);
}

static void fill(uint8_t *p, size_t n, unsigned number, uint8_t what)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(what + i);
    memcpy(p, &number, sizeof(number) < n ? sizeof(number) : n);
}

static struct pawl_name name(size_t n, unsigned number, uint8_t what)
{
    struct pawl_name ret = { .n = n };

    fill(ret.b, n, number, what);
    return ret;
}

struct device store_device(const char *tenant, unsigned number)
{
    struct device d = {
        .state = DEVICE_PENDING,
        .roots = ROOTS_LAB,
        .ek_name = name(50, number, 0x10),
        .ak_name = name(34, number, 0x20),
        .td_name = name(34, number, 0x30),
        .qualified_signer = name(34, number, 0x40),
        .ak_public_n = 88,
        .suite = 3,
        .enrolments = 2,
        .attempt = UINT64_MAX - number,
        .clock = { .clock_ms = 1ull << 63,
                   .resets = UINT32_MAX,
                   .restarts = 7,
                   .safe = true,
                   .firmware = UINT64_MAX },
        .manufacturer = "id:53544D20",
        .firmware_cert = "id:00490008",
        .banks = pawl_pcr_selection_all(1),
        .pcr_digest = { .n = 32 },
        .policy = "gateway",
        .status = "affirming",
        .software_status = "warning",
        .why = "lab-tpm: a root of the lab\n",
        .keys_status = "contraindicated",
        .created_s = 1700000000,
        .seen_s = 1700000001,
        .due_s = 1700003601,
        .told_s = 17,
        .rekey_due_s = 1699990000,
        .attested_s = 1699999999,
        .coverage = "identity,boot-log=no-event-log",
        .release = "6.1.0-55",
    };

    snprintf(d.tenant, sizeof(d.tenant), "%s", tenant);
    fill(d.id, sizeof(d.id), number, 0x01);
    fill(d.ak_public, d.ak_public_n, number, 0x50);
    fill(d.td_point, sizeof(d.td_point), number, 0x60);
    d.claims = (struct device_claims){ 2, 96, 33, -1, true, "gateway:7" };
    d.has_app_point = number % 2;
    if (d.has_app_point)
        fill(d.app_point, sizeof(d.app_point), number, 0x68);
    fill(d.boot_id, sizeof(d.boot_id), number, 0x70);
    fill(d.os_boot, sizeof(d.os_boot), number, 0x80);
    fill(d.pcr_digest.b, d.pcr_digest.n, number, 0x90);
    return d;
}

struct step store_step(const struct device *d)
{
    struct step s = { .has_device = true, .device = *d };

    memcpy(s.tenant, d->tenant, sizeof(s.tenant));
    return s;
}

void store_commits(struct store_fixture *f, const struct step *s)
{
    struct pawl_err err;

    T_OK(store_commit_wait(&f->store, s, &err), &err);
}

void store_refuses(struct store_fixture *f, const struct step *s, enum pawl_code code,
                   const char *where)
{
    struct pawl_err err;
    char           *before = store_dump(f);

    T_FAILS(store_commit_wait(&f->store, s, &err), &err, code);
    T_WHERE(&err, where);
    char *after = store_dump(f);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

struct device store_put(struct store_fixture *f, const char *tenant, unsigned number)
{
    struct device d = store_device(tenant, number);
    struct step   s = store_step(&d);

    store_commits(f, &s);
    d.version = 1;
    return d;
}

struct blob store_blob(const char *text)
{
    struct blob     b;
    struct pawl_err err;

    T_OK(blob_from(pawl_view_str(text), &b, &err), &err);
    return b;
}

static struct blob numbered(const char *what, unsigned number)
{
    char text[64];

    snprintf(text, sizeof(text), "%s %u", what, number);
    return store_blob(text);
}

struct step store_batch(const struct device *d, unsigned number)
{
    struct step s = { .touches_device = true, .device = *d, .generation_n = 2 };

    memcpy(s.tenant, d->tenant, sizeof(s.tenant));
    s.device.seen_s += number;
    s.ratchet = numbered("ratchet", number);
    s.generation = calloc(2, sizeof(*s.generation));
    assert_non_null(s.generation);
    for (unsigned i = 0; i < 2; i++) {
        s.generation[i] = (struct generation_row){ .epoch = 1, .gen = number + i };
        s.generation[i].bytes = numbered("generation", number);
    }
    s.segment = calloc(1, sizeof(*s.segment));
    assert_non_null(s.segment);
    s.segment_n = 1;
    s.segment[0] = (struct segment_row){
        .time_ms = s.device.seen_s * 1000, .n = 2, .id_lo = number, .id_hi = number + 1
    };
    memcpy(s.segment[0].device, d->id, sizeof(d->id));
    s.segment[0].heads = numbered("heads", number);
    s.segment[0].bytes = numbered("segment", number);
    return s;
}

void store_over(pawl_status status, const struct pawl_err *err, void *arg)
{
    struct store_waiting *w = arg;

    (void)err;
    pthread_mutex_lock(&w->lock);
    assert_false(w->over);
    w->status = status;
    w->over = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

enum pawl_code store_end(struct store_waiting *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->over)
        pthread_cond_wait(&w->wake, &w->lock);
    pthread_mutex_unlock(&w->lock);
    return w->status.code;
}

void store_wait(struct store_waiting *w)
{
    assert_int_equal(store_end(w), PAWL_OK);
}

/* The writer stands behind a transaction of its own until it may go on. */
static atomic_bool held, may_go;

static void hold(const char *name)
{
    if (strcmp(name, "store.committed") != 0)
        return;
    held = true;
    while (!may_go)
        sched_yield();
}

static void ignore(pawl_status status, const struct pawl_err *err, void *arg)
{
    (void)status, (void)err, (void)arg;
}

void store_hold(struct store_fixture *f)
{
    static const struct step nothing = { .tenant = "acme" };

    held = false;
    may_go = false;
    point_reached = hold;
    f->store.commit(f->store.self, &nothing, ignore, NULL);
    while (!held)
        sched_yield();
}

void store_go(void)
{
    may_go = true;
}

void store_say(char said[STORE_SAID_MAX], const char *fmt, ...)
{
    size_t  n = strlen(said);
    va_list args;

    va_start(args, fmt);
    vsnprintf(said + n, STORE_SAID_MAX - n, fmt, args);
    va_end(args);
}
