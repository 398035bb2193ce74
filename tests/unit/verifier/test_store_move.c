/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a fleet that moves from SQLite to PostgreSQL has every row of every table, byte by byte,
 * and is served on: numbers go on above those that were given, a consumer's cursor too, and the new
 * store is not behind. A database that is not empty is refused and stays as it was, and so is a
 * file that has moved; what does not fit leaves both as they were. A table that this test has no
 * row of fails it. Run by with_postgres. */
#include <ftw.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/move.h"
#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };

/* ---- a file and a database ---------------------------------------------------------------------
 */

struct two {
    char         dir[64], conninfo[256], name[32];
    struct store store; /* whichever is open */
    bool         open;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

PAWL_PRINTF(2, 3) static void ask(const char *database, const char *fmt, ...)
{
    char    conninfo[256], sql[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sql, sizeof(sql), fmt, args);
    va_end(args);
    snprintf(conninfo, sizeof(conninfo), "%s dbname=%s", getenv("PAWL_TEST_POSTGRES"), database);
    PGconn        *pg = PQconnectdb(conninfo);
    PGresult      *r = PQexec(pg, sql);
    ExecStatusType s = PQresultStatus(r);
    if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    PQclear(r);
    PQfinish(pg);
}

static void two_make(struct two *t)
{
    static unsigned n;
    struct pawl_err err;

    *t = (struct two){ .dir = "/tmp/pawl-store-XXXXXX" };
    assert_non_null(mkdtemp(t->dir));
    snprintf(t->name, sizeof(t->name), "move_%d_%u", (int)getpid(), n++);
    ask("postgres", "CREATE DATABASE %s", t->name);
    snprintf(t->conninfo, sizeof(t->conninfo), "%s dbname=%s", getenv("PAWL_TEST_POSTGRES"),
             t->name);
    T_OK(sqlite_store_open(t->dir, &t->store, &err), &err);
    t->open = true;
}

static void two_close(struct two *t)
{
    if (t->open)
        t->store.close(t->store.self);
    t->open = false;
}

static void two_done(struct two *t)
{
    two_close(t);
    nftw(t->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    ask("postgres", "DROP DATABASE %s", t->name);
}

#define TWO PAWL_CLEANUP(two_done) struct two

static void commit(struct two *t, struct step *s)
{
    struct pawl_err err;

    T_OK(store_commit_wait(&t->store, s, &err), &err);
    step_done(s);
}

/* ---- a row at least in each table --------------------------------------------------------------
 */

static void put_operators_rows(struct two *t)
{
    struct step s = { .tenant = "acme", .has_token = true, .has_policy = true };

    s.token = (struct token){ .tenant = "acme", .uses_left = 2 };
    s.policy = (struct policy_row){ .tenant = "acme", .name = "gateway", .version = 3 };
    s.policy.json = strdup("{\"name\":\"gr\xc3\xbc\xc3\x9f\"}");
    s.has_default_policy = s.has_group = s.has_consumer = s.has_parked = s.has_credential = true;
    snprintf(s.default_policy, sizeof(s.default_policy), "gateway");
    snprintf(s.group.name, sizeof(s.group.name), "plant");
    s.consumer = (struct consumer_row){ .name = "webhook", .cursor = "7.2" };
    s.parked = (struct parked_row){ .device = { 1 }, .cursor = "6.1" };
    s.credential = (struct credential){ .name = "anna", .role = ROLE_ADMIN, .kind = 1 };
    s.refusal = calloc(1, sizeof(*s.refusal));
    s.refusal_n = 1;
    snprintf(s.refusal[0].tenant, sizeof(s.refusal[0].tenant), "acme");
    snprintf(s.refusal[0].subject, sizeof(s.refusal[0].subject), "address 192.0.2.1");
    snprintf(s.event, sizeof(s.event), "a line of the tenant");
    commit(t, &s);
}

static void put_devices_rows(struct two *t, struct device *d)
{
    struct step s = store_batch(d, 7);

    s.touches_device = false;
    s.has_device = s.has_snapshot = s.has_boot = s.has_labels = s.takes_token = true;
    s.papers = strdup("{\"ek\":{\"manufacturer\":\"id:53544D20\"}}");
    s.snapshot.select = (struct pawl_pcr_selection){ 1, { { PAWL_SHA256, 0x1 } } };
    s.snapshot.values.n = 1;
    s.snapshot.values.value[0].n = 32;
    s.evidence = store_blob("evidence");
    s.boot.has_facts = true;
    s.boot.facts = store_blob("facts");
    s.label_n = 1;
    snprintf(s.label[0].name, sizeof(s.label[0].name), "hall");
    s.downlink_n = s.incident_n = s.proof_n = s.audit_n = s.kept_n = 1;
    s.downlink = calloc(1, sizeof(*s.downlink));
    s.incident = calloc(1, sizeof(*s.incident));
    s.proof = calloc(1, sizeof(*s.proof));
    s.audit = calloc(1, sizeof(*s.audit));
    s.kept = calloc(1, sizeof(*s.kept));
    assert_true(s.downlink && s.incident && s.proof && s.audit && s.kept);
    s.downlink[0].id = UINT64_MAX;
    s.incident[0].epoch = s.proof[0].epoch = UINT64_MAX - 1;
    memcpy(s.downlink[0].device, d->id, sizeof(d->id));
    memcpy(s.incident[0].device, d->id, sizeof(d->id));
    memcpy(s.proof[0].device, d->id, sizeof(d->id));
    memcpy(s.audit[0].device, d->id, sizeof(d->id));
    snprintf(s.audit[0].line, sizeof(s.audit[0].line), "{}");
    s.kept[0] = (struct kept_row){ .kind = 1, .bytes = store_blob("kept") };
    s.has_exception = true;
    s.exception.x.reason = REASON_PCR_DIFFERS;
    snprintf(s.event, sizeof(s.event), "a line of the device");
    commit(t, &s);
    d->version = 1;
}

static void fill(struct two *t, struct device *d)
{
    *d = store_device("acme", 1);
    put_operators_rows(t);
    put_devices_rows(t, d);
    struct device bare = store_device("other", 2);
    struct step   s = store_step(&bare);
    commit(t, &s);
    two_close(t);
}

/* ---- rows as text ------------------------------------------------------------------------------
 */

#define LINES_MAX 256

struct lines {
    char  *line[LINES_MAX];
    size_t n;
};

static void lines_done(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->line[i]);
}

#define LINES PAWL_CLEANUP(lines_done) struct lines

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_sqlite(FILE *out, sqlite3_stmt *q, int i)
{
    const uint8_t *b = sqlite3_column_blob(q, i);

    if (sqlite3_column_type(q, i) != SQLITE_BLOB) {
        const char *text = (const char *)sqlite3_column_text(q, i);
        fprintf(out, "|%s", text ? text : "NULL");
        return;
    }
    fputs("|\\x", out);
    for (int k = 0; k < sqlite3_column_bytes(q, i); k++)
        fprintf(out, "%02x", b[k]);
}

/* ret_columns: their names, for the other side. */
static void rows_of_sqlite(sqlite3 *sql, const char *table, char **ret_columns, struct lines *ret)
{
    char          text[128];
    sqlite3_stmt *q;
    size_t        n;
    FILE         *columns = open_memstream(ret_columns, &n);

    snprintf(text, sizeof(text), "SELECT * FROM \"%s\"", table);
    assert_int_equal(sqlite3_prepare_v2(sql, text, -1, &q, NULL), SQLITE_OK);
    for (int i = 0; i < sqlite3_column_count(q); i++)
        fprintf(columns, "%s\"%s\"", i ? ", " : "", sqlite3_column_name(q, i));
    fclose(columns);
    while (sqlite3_step(q) == SQLITE_ROW) {
        assert_true(ret->n < LINES_MAX);
        FILE *out = open_memstream(&ret->line[ret->n], &n);
        for (int i = 0; i < sqlite3_column_count(q); i++)
            put_sqlite(out, q, i);
        fclose(out);
        ret->n++;
    }
    sqlite3_finalize(q);
}

static void rows_of_postgres(PGconn *pg, const char *table, const char *columns, struct lines *ret)
{
    char   sql[2048];
    size_t n;

    snprintf(sql, sizeof(sql), "SELECT %s FROM \"%s\"", columns, table);
    PGresult *r = PQexec(pg, sql);
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    for (int row = 0; row < PQntuples(r); row++) {
        assert_true(ret->n < LINES_MAX);
        FILE *out = open_memstream(&ret->line[ret->n], &n);
        for (int i = 0; i < PQnfields(r); i++)
            fprintf(out, "|%s", PQgetisnull(r, row, i) ? "NULL" : PQgetvalue(r, row, i));
        fclose(out);
        ret->n++;
    }
    PQclear(r);
}

static void assert_same_table(sqlite3 *sql, PGconn *pg, const char *table)
{
    LINES a = { 0 };
    LINES b = { 0 };
    char *columns;

    rows_of_sqlite(sql, table, &columns, &a);
    rows_of_postgres(pg, table, columns, &b);
    free(columns);
    if (!a.n)
        fail_msg("this test has no row of the table %s", table);
    assert_int_equal(a.n, b.n);
    qsort(a.line, a.n, sizeof(a.line[0]), by_text);
    qsort(b.line, b.n, sizeof(b.line[0]), by_text);
    for (size_t i = 0; i < a.n; i++)
        assert_string_equal(a.line[i], b.line[i]);
}

static void assert_same_rows(const struct two *t)
{
    char          file[128];
    sqlite3      *sql;
    sqlite3_stmt *q;
    PGconn       *pg = PQconnectdb(t->conninfo);

    snprintf(file, sizeof(file), "%s/" MOVED_FILE, t->dir);
    assert_int_equal(sqlite3_open_v2(file, &sql, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(sql,
                                        "SELECT name FROM sqlite_schema WHERE type = 'table'"
                                        " AND name NOT LIKE 'sqlite%' AND name <> 'history'",
                                        -1, &q, NULL),
                     SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW)
        assert_same_table(sql, pg, (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    sqlite3_close(sql);
    PQfinish(pg);
}

/* ---- cases -------------------------------------------------------------------------------------
 */

static uint64_t said_rows;

static void say(const char *table, uint64_t rows)
{
    assert_true(table[0] != 0);
    said_rows += rows;
}

static void move(const struct two *t)
{
    struct pawl_err err;

    T_OK(store_move(t->dir, t->conninfo, say, &err), &err);
}

static bool has(const struct two *t, const char *name)
{
    char file[128];

    snprintf(file, sizeof(file), "%s/%s", t->dir, name);
    return access(file, F_OK) == 0;
}

static void every_row_of_every_table_is_there(void **state)
{
    (void)state;
    TWO           t;
    struct device d;

    two_make(&t);
    fill(&t, &d);
    said_rows = 0;
    move(&t);
    assert_same_rows(&t);
    assert_true(said_rows > 25);
    assert_false(has(&t, "pawl.db"));
    assert_false(has(&t, "pawl.db-wal"));
}

static pawl_status last_number(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    (void)err;
    *(uint64_t *)arg = s->number;
    return pawl_ok();
}

static uint64_t segments_from(struct two *t, uint64_t after)
{
    struct pawl_err  err;
    uint64_t         n = 0;
    struct pawl_view all = { NULL, 0 };

    T_OK(t->store.segments(t->store.self, acme, all, after, 9, last_number, &n, &err), &err);
    return n;
}

static void it_is_served_on(void **state)
{
    (void)state;
    TWO                 t;
    struct pawl_err     err;
    struct device       d, got;
    struct consumer_row hook;

    two_make(&t);
    fill(&t, &d);
    move(&t);
    T_OK(postgres_store_open(t.dir, t.conninfo, &t.store, &err), &err);
    t.open = true;
    T_OK(t.store.device(t.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_true(got.version == d.version && got.attempt == d.attempt);
    T_OK(t.store.consumer(t.store.self, acme, "webhook", &hook, &err), &err);
    assert_string_equal(hook.cursor, "7.2");
    uint64_t    before = segments_from(&t, 0);
    struct step s = store_batch(&d, 8);
    commit(&t, &s);
    assert_true(segments_from(&t, before) > before);
    /* Numbers of devices, events and so on are new ones. */
    struct device another = store_device("acme", 3);
    struct step   more = store_step(&another);
    more.papers = strdup("{\"ek\":{}}");
    snprintf(more.event, sizeof(more.event), "another line");
    commit(&t, &more);
    assert_true(t.store.restored_ms(t.store.self) == 0);
}

static void what_is_in_the_way_is_refused(void **state)
{
    (void)state;
    TWO             t;
    struct pawl_err err;
    struct device   d;

    two_make(&t);
    fill(&t, &d);
    ask(t.name, "CREATE TABLE mine (n BIGINT)"); /* not ours, and not in our way */
    move(&t);
    /* It has moved: neither served nor moved once more. */
    T_FAILS(sqlite_store_open(t.dir, &t.store, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "store.open");
    T_FAILS(store_move(t.dir, t.conninfo, say, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "store.open");
    /* Another one does not come on top of it. */
    TWO other;
    two_make(&other);
    struct device e;
    fill(&other, &e);
    T_FAILS(store_move(other.dir, t.conninfo, say, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "store.postgres");
    assert_true(has(&other, "pawl.db"));
    assert_same_rows(&t);
}

/* Of the file, by other means than ours: nothing is held together there. */
static void change(const struct two *t, const char *statement)
{
    char     file[128];
    sqlite3 *sql;

    snprintf(file, sizeof(file), "%s/pawl.db", t->dir);
    assert_int_equal(sqlite3_open(file, &sql), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sql, statement, NULL, NULL, NULL), SQLITE_OK);
    assert_true(sqlite3_changes(sql) > 0);
    sqlite3_close(sql);
}

static void a_row_that_does_not_fit_moves_nothing(void **state)
{
    (void)state;
    TWO             t;
    struct pawl_err err;
    struct device   d;

    two_make(&t);
    fill(&t, &d);
    change(&t, "UPDATE snapshot SET common = common + 9999 WHERE common IS NOT NULL");
    T_FAILS(store_move(t.dir, t.conninfo, say, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "store.snapshot");
    assert_true(has(&t, "pawl.db"));
    change(&t, "UPDATE snapshot SET common = common - 9999 WHERE common IS NOT NULL");
    move(&t); /* nothing was left there */
    assert_same_rows(&t);
}

/* A full line ends where it ends. */
static void a_text_that_is_cut_within_a_character_moves(void **state)
{
    (void)state;
    TWO           t;
    struct device d;

    two_make(&t);
    fill(&t, &d);
    change(&t, "UPDATE refusal SET detail = CAST(x'4772c3bcc3' AS TEXT)");
    move(&t);
    ask(t.name, "DO $$ BEGIN ASSERT (SELECT count(*) FROM refusal WHERE detail LIKE 'Gr___') = 1;"
                " END $$");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("every row of every table is there", every_row_of_every_table_is_there),
        T_CASE("it is served on", it_is_served_on),
        T_CASE("what is in the way is refused", what_is_in_the_way_is_refused),
        T_CASE("a row that does not fit moves nothing", a_row_that_does_not_fit_moves_nothing),
        T_CASE("a text that is cut within a character moves",
               a_text_that_is_cut_within_a_character_moves),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
