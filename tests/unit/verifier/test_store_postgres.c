/* SPDX-License-Identifier: Apache-2.0 */
/* Proves of the store on PostgreSQL: its tables have the columns of the other's; verifiers that
 * share it lose nothing to each other, and one number follows the other; one that lost its
 * connection finds back, and steps that were on their way then happen once at most, and are told as
 * done only if they are; who reads one device looks at no other's rows; what other steps take away
 * fails none for good; an older copy is noticed, is not served, and is when the operator says so.
 * Run by with_postgres. */

#include <ftw.h>
#include <libpq-fe.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "point.h"
#include "store/sql.h"
#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

/* ---- another verifier ------------------------------------------------------------------------ */

struct other {
    char         dir[64];
    struct store store;
};

static void other_make(struct other *o, const struct store_fixture *f)
{
    struct pawl_err err;

    *o = (struct other){ .dir = "/tmp/pawl-store-XXXXXX" };
    assert_non_null(mkdtemp(o->dir));
    T_OK(store_open_in(f, o->dir, &o->store, &err), &err);
}

static void other_done(struct other *o)
{
    o->store.close(o->store.self);
    nftw(o->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the schema ------------------------------------------------------------------------------ */

/* TABLE COLUMN TYPE NULL, a line for each, sorted by the database. */
static const char columns_pg[] =
    "SELECT string_agg(table_name || ' ' || column_name || ' ' || (CASE data_type"
    " WHEN 'bigint' THEN 'INTEGER' WHEN 'bytea' THEN 'BLOB' ELSE upper(data_type) END) ||"
    " (CASE is_nullable WHEN 'YES' THEN ' NULL' ELSE '' END), E'\\n'"
    " ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\")"
    " FROM information_schema.columns WHERE table_schema = 'public' AND table_name !~ '_[0-9]+$'"
    " AND table_name NOT IN ('schema_version', 'device_ak', 'feed_number', 'verifier', 'history')";
static const char columns_sqlite[] =
    "SELECT group_concat(line, char(10)) FROM (SELECT t.name || ' ' || c.name || ' ' || c.type ||"
    " iif(c.\"notnull\" OR c.pk, '', ' NULL') AS line FROM sqlite_schema AS t,"
    " pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'"
    " AND t.name NOT IN ('history') ORDER BY t.name, c.name)";

static char *sqlite_columns(void)
{
    char            dir[] = "/tmp/pawl-store-XXXXXX", file[64];
    struct store    s;
    struct pawl_err err;
    sqlite3        *sql;
    sqlite3_stmt   *q;

    assert_non_null(mkdtemp(dir));
    T_OK(sqlite_store_open(dir, &s, &err), &err);
    s.close(s.self);
    snprintf(file, sizeof(file), "%s/pawl.db", dir);
    assert_int_equal(sqlite3_open(file, &sql), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(sql, columns_sqlite, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    char *ret = strdup((const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    sqlite3_close(sql);
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return ret;
}

static void both_schemas_have_the_same_columns(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    PGconn   *pg = PQconnectdb(f.conninfo);
    PGresult *r = PQexec(pg, columns_pg);
    char     *sqlite = sqlite_columns();
    assert_int_equal(PQntuples(r), 1);
    assert_string_equal(PQgetvalue(r, 0, 0), sqlite);
    free(sqlite);
    PQclear(r);
    PQfinish(pg);
}

/* A program of the version before runs on; one that the schema does not take any more does not. */
static void a_newer_schema_is_used_as_long_as_it_allows(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct store    s;
    struct pawl_err err;

    store_fixture_make(&f);
    int64_t number = store_number(&f, "SELECT number FROM schema_version");
    store_exec(&f, "UPDATE schema_version SET number = 99");
    store_fixture_reopen(&f);
    store_put(&f, "acme", 1);
    f.store.close(f.store.self);
    f.open = false;
    store_exec(&f, "UPDATE schema_version SET oldest = 99");
    T_FAILS(store_open_in(&f, f.dir, &s, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "store.schema");
    char back[80];
    snprintf(back, sizeof(back), "UPDATE schema_version SET number = %" PRId64 ", oldest = 1",
             number);
    store_exec(&f, back);
}

/* The release that takes something away came while this one still ran. */
static void a_schema_that_needs_a_newer_program_is_left_alone(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct device   got;
    struct pawl_err err;
    pawl_status     read;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    store_exec(&f, "UPDATE schema_version SET oldest = 99");
    for (unsigned i = 0; i < 3000; i++) {
        read = f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err);
        if (!pawl_is_ok(read))
            break;
        usleep(10000);
    }
    T_FAILS(read, &err, PAWL_E_IO);
    T_WHERE(&err, "store.schema");
    store_exec(&f, "UPDATE schema_version SET oldest = 1");
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
}

/* ---- several verifiers ----------------------------------------------------------------------- */

static void of_two_that_move_one_device_one_plans_again(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct other    o;
    struct device   d, got;
    struct pawl_err err;

    store_fixture_make(&f);
    other_make(&o, &f);
    d = store_put(&f, "acme", 1);
    struct step s = store_step(&d);
    T_OK(store_commit_wait(&o.store, &s, &err), &err);
    T_FAILS(store_commit_wait(&f.store, &s, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "store.device");
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_true(got.version == 2);
    s.device = got;
    store_commits(&f, &s);
    /* Their attestation keys are held against each other, too. */
    struct device e = store_device("acme", 2);
    e.ak_name = d.ak_name;
    struct step same_key = store_step(&e);
    T_FAILS(store_commit_wait(&o.store, &same_key, &err), &err, PAWL_E_CONFLICT);
    T_OK(o.store.device_by_ak(o.store.self, acme, &d.ak_name, &got, &err), &err);
    assert_memory_equal(got.id, d.id, sizeof(d.id));
    other_done(&o);
}

#define WRITERS 4
#define BATCHES 40

struct writing {
    const struct store *store;
    struct device       device;
    atomic_int         *left;
    pthread_t           thread;
};

static void *write_batches(void *arg)
{
    struct writing *w = arg;
    struct pawl_err err;

    for (unsigned i = 0; i < BATCHES; i++) {
        PAWL_CLEANUP(step_done) struct step s = store_batch(&w->device, 2 * i);
        T_OK(store_commit_wait(w->store, &s, &err), &err);
        w->device.version++;
    }
    atomic_fetch_sub(w->left, 1);
    return NULL;
}

struct following {
    uint64_t last, n;
};

static pawl_status follow(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    struct following *f = arg;

    (void)err;
    assert_true(s->number == f->last + 1); /* none was passed over, and none comes behind */
    f->last = s->number;
    f->n++;
    return pawl_ok();
}

static void a_reader_misses_no_number_of_several_verifiers(void **state)
{
    (void)state;
    STORE_FIXTURE    f;
    struct other     o;
    struct writing   w[WRITERS];
    struct following at = { 0 };
    struct pawl_err  err;
    atomic_int       left = WRITERS;

    store_fixture_make(&f);
    other_make(&o, &f);
    for (unsigned i = 0; i < WRITERS; i++) {
        w[i] = (struct writing){ .store = i % 2 ? &o.store : &f.store, .left = &left };
        w[i].device = store_put(&f, "acme", i + 1);
        assert_int_equal(pthread_create(&w[i].thread, NULL, write_batches, &w[i]), 0);
    }
    for (bool more = true; more;) {
        more = left != 0;
        T_OK(f.store.segments(f.store.self, acme, (struct pawl_view){ 0 }, at.last, 1000, follow,
                              &at, &err),
             &err);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(w[i].thread, NULL);
    assert_true(at.n == WRITERS * BATCHES);
    other_done(&o);
}

static void entries_of_several_verifiers_are_one_chain(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct other    o;
    struct pawl_err err;

    store_fixture_make(&f);
    other_make(&o, &f);
    for (unsigned i = 0; i < 8; i++) {
        PAWL_CLEANUP(step_done) struct step s = { .tenant = "acme", .audit_n = 1 };
        s.audit = calloc(1, sizeof(*s.audit));
        assert_non_null(s.audit);
        snprintf(s.audit->line, sizeof(s.audit->line), "{\"n\":%u}", i);
        T_OK(store_commit_wait(i % 2 ? &o.store : &f.store, &s, &err), &err);
    }
    assert_int_equal(store_number(&f, "SELECT max(number) FROM audit"), 8);
    other_done(&o);
}

/* Whoever's clock is behind hears of it while it reads. */
static void times_of_another_verifier_are_known_soon(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct other    o;
    struct device   got;
    struct pawl_err err;

    store_fixture_make(&f);
    other_make(&o, &f);
    struct device d = store_put(&f, "acme", 1);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err); /* connects */
    d.seen_s = 4000000000;
    struct step s = store_step(&d);
    T_OK(store_commit_wait(&o.store, &s, &err), &err);
    for (unsigned i = 0; i < 3000 && f.store.newest_ms(f.store.self) < d.seen_s * 1000; i++) {
        T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
        usleep(10000);
    }
    assert_true(f.store.newest_ms(f.store.self) == d.seen_s * 1000 + 999);
    other_done(&o);
}

/* How late the database's machine says that it is, instead of the truth. */
static void set_back(const struct store_fixture *f, const char *interval)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
             " AS $$ SELECT now() - interval '%s' $$",
             interval);
    store_exec(f, sql);
}

/* All others would follow it, for good. */
static void a_clock_that_is_days_ahead_of_everybodys_is_not_let_in(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct other    o = { .dir = "/tmp/pawl-store-XXXXXX" };
    struct pawl_err err;

    assert_non_null(mkdtemp(o.dir));
    store_fixture_make(&f);
    store_exec(&f, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public,"
                   " pg_catalog', current_database()); END $$");
    set_back(&f, "25 hours");
    T_FAILS(store_open_in(&f, o.dir, &o.store, &err), &err, PAWL_E_IO);
    T_WHERE(&err, "store.clock");
    set_back(&f, "23 hours");
    T_OK(store_open_in(&f, o.dir, &o.store, &err), &err);
    o.store.close(o.store.self);
    set_back(&f, "9 years");
    struct device d = store_put(&f, "acme", 1); /* what the others wrote is as good */
    d.seen_s = time(NULL);
    struct step s = store_step(&d);
    T_OK(store_commit_wait(&f.store, &s, &err), &err);
    T_OK(store_open_in(&f, o.dir, &o.store, &err), &err);
    other_done(&o);
    store_exec(&f, "DROP FUNCTION public.clock_timestamp;"
                   "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET search_path',"
                   " current_database()); END $$");
}

/* ---- a connection that goes ------------------------------------------------------------------ */

static void cut(const struct store_fixture *f)
{
    store_exec(f, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                  " WHERE application_name = 'pawl-verifier' AND datname = current_database()");
}

/* Until it is served again; only IO says that it is not. */
static void commits_soon(struct store_fixture *f, const struct step *s)
{
    struct pawl_err err;
    pawl_status     done;

    for (unsigned i = 0; i < 3000; i++) {
        done = store_commit_wait(&f->store, s, &err);
        if (pawl_is_ok(done))
            return;
        assert_int_equal(done.code, PAWL_E_IO);
        usleep(20000);
    }
    T_OK(done, &err);
}

static void a_lost_connection_is_made_again(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct device   got;
    struct pawl_err err;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    cut(&f);
    struct step s = { .tenant = "acme", .event = "back" };
    commits_soon(&f, &s);
    pawl_status read = f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err);
    if (!pawl_is_ok(read)) /* its reader was one of those that were cut */
        assert_int_equal(read.code, PAWL_E_IO);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_true(got.version == 1);
}

/* Nobody but those who are there already. */
static void lock_out(const struct store_fixture *f, bool is)
{
    char    sql[128];
    PGconn *pg = PQconnectdb(f->conninfo), *other;

    snprintf(sql, sizeof(sql), "%s dbname=postgres", getenv("PAWL_TEST_POSTGRES"));
    other = PQconnectdb(sql);
    snprintf(sql, sizeof(sql), "ALTER DATABASE %s ALLOW_CONNECTIONS %s",
             strrchr(f->conninfo, '=') + 1, is ? "false" : "true");
    PGresult *r = PQexec(other, sql);
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    if (is)
        PQclear(PQexec(pg, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE"
                           " application_name = 'pawl-verifier' AND datname = current_database()"));
    PQfinish(pg);
    PQfinish(other);
}

static int64_t writers(const struct store_fixture *f)
{
    return store_number(f, "SELECT count(*) FROM verifier");
}

/* A stop does not wait for a database that went at the same time, and says so. */
static void what_is_queued_when_it_stops_away_fails(void **state)
{
    (void)state;
    STORE_FIXTURE        f;
    struct store_waiting w = STORE_WAITING;
    struct step          s = { .tenant = "acme", .event = "late" };

    store_fixture_make(&f);
    while (writers(&f) < 4)
        sched_yield();
    lock_out(&f, true);
    f.store.commit(f.store.self, &s, store_over, &w);
    f.store.close(f.store.self);
    f.open = false;
    assert_true(w.over);
    assert_int_equal(w.status.code, PAWL_E_IO);
    lock_out(&f, false);
}

/* Not confirmed by a standby, which is what was asked for. */
static void a_wait_for_a_standby_that_is_called_off_fails_the_group(void **state)
{
    (void)state;
    STORE_FIXTURE        f;
    struct store_waiting w = STORE_WAITING;
    struct step          s = { .tenant = "acme", .event = "waits" };

    store_fixture_make(&f);
    while (writers(&f) < 4)
        sched_yield();
    store_exec(&f, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    store_exec(&f, "SELECT pg_reload_conf()");
    while (!store_number(&f, "SELECT count(*) FROM pg_settings WHERE setting = 'nobody'"))
        sched_yield();
    f.store.commit(f.store.self, &s, store_over, &w);
    while (!store_number(&f, "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity"
                             " WHERE wait_event = 'SyncRep'"))
        sched_yield();
    assert_int_equal(store_end(&w), PAWL_E_IO);
    store_exec(&f, "ALTER SYSTEM RESET synchronous_standby_names");
    store_exec(&f, "SELECT pg_reload_conf()");
}

/* ---- .. while a group is on its way ---------------------------------------------------------- */

enum { THREADS = 4 }; /* that write */

static atomic_uint                 held;
static atomic_bool                 may_go, was_cut;
static const struct store_fixture *to_cut;

static void hold(const char *name)
{
    if (strcmp(name, "store.committing") != 0)
        return;
    held++;
    while (!may_go)
        sched_yield();
}

/* The steps are answered, and what makes them durable was not sent yet. */
static void cut_once(const char *name)
{
    if (strcmp(name, "store.committing") == 0 && !atomic_exchange(&was_cut, true))
        store_exec(to_cut, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                           " WHERE application_name = 'pawl-verifier'"
                           " AND datname = current_database()");
}

/* Two devices that move on, each in a step of its own: one group, for one writer, as all of them
 * wait while they are handed over. */
struct pair {
    struct device        d[2];
    struct step          s[2];
    struct store_waiting w[2];
};

static void pair_make(struct pair *p, struct store_fixture *f)
{
    *p = (struct pair){ .w = { STORE_WAITING, STORE_WAITING } };
    for (unsigned i = 0; i < 2; i++) {
        p->d[i] = store_put(f, "acme", i + 1);
        p->s[i] = store_step(&p->d[i]);
        p->s[i].device.version = 1;
        snprintf(p->s[i].event, sizeof(p->s[i].event), "moves on");
    }
}

static void pair_commit(struct pair *p, struct store_fixture *f, void (*then)(const char *name))
{
    static const struct step nothing = { .tenant = "acme" };
    struct store_waiting     busy[THREADS] = { STORE_WAITING, STORE_WAITING, STORE_WAITING,
                                               STORE_WAITING };

    while (writers(f) < THREADS)
        sched_yield();
    held = 0;
    may_go = was_cut = false;
    to_cut = f;
    point_reached = hold;
    for (unsigned i = 0; i < THREADS; i++) {
        f->store.commit(f->store.self, &nothing, store_over, &busy[i]);
        while (held <= i)
            sched_yield();
    }
    for (unsigned i = 0; i < 2; i++)
        f->store.commit(f->store.self, &p->s[i], store_over, &p->w[i]);
    point_reached = then;
    may_go = true;
    for (unsigned i = 0; i < THREADS; i++)
        store_end(&busy[i]);
}

/* What a step that is planned no other way comes to once the database is there again. */
static enum pawl_code comes_to(struct store_fixture *f, const struct step *s)
{
    struct pawl_err err;
    pawl_status     done;

    for (unsigned i = 0; i < 3000; i++) {
        done = store_commit_wait(&f->store, s, &err);
        if (done.code != PAWL_E_IO)
            break;
        usleep(20000);
    }
    return done.code;
}

static int64_t moves(const struct store_fixture *f)
{
    return store_number(f, "SELECT count(*) FROM event");
}

/* Nobody was told that they are done. They are, and whoever tries again is not done twice. */
static void steps_whose_count_is_lost_fail_and_happen_once(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pair     p;
    struct device   got;
    struct pawl_err err;

    store_fixture_make(&f);
    pair_make(&p, &f);
    pair_commit(&p, &f, cut_once);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(store_end(&p.w[i]), PAWL_E_IO);
    point_reached = NULL;
    assert_true(was_cut);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(comes_to(&f, &p.s[i]), PAWL_E_CONFLICT);
        pawl_status read = f.store.device(f.store.self, acme, PAWL_VIEW_OF(p.d[i].id), &got, &err);
        if (!pawl_is_ok(read)) /* its reader was cut, too */
            T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(p.d[i].id), &got, &err), &err);
        assert_int_equal(got.version, 2);
    }
    assert_int_equal(moves(&f), 2);
    assert_false(f.store.is_behind(f.store.self));
}

/* One is done then and the other is not: both fail, and each happens once. */
static void steps_on_both_sides_of_a_break_fail_and_happen_once(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    struct pair   p;

    store_fixture_make(&f);
    pair_make(&p, &f);
    PGconn *pg = PQconnectdb(f.conninfo);
    PQclear(PQexec(pg, "BEGIN"));
    PQclear(PQexec(pg, "SELECT 1 FROM ratchet WHERE device ="
                       " (SELECT max(device) FROM ratchet) FOR UPDATE"));
    pair_commit(&p, &f, NULL);
    while (!store_number(&f, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                             " AND application_name = 'pawl-verifier'"))
        sched_yield();
    cut(&f);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(store_end(&p.w[i]), PAWL_E_IO);
    PQfinish(pg);
    assert_int_equal(moves(&f), 1);
    assert_int_equal(comes_to(&f, &p.s[0]), PAWL_E_CONFLICT);
    assert_int_equal(comes_to(&f, &p.s[1]), PAWL_OK);
    assert_int_equal(moves(&f), 2);
    assert_int_equal(comes_to(&f, &p.s[1]), PAWL_E_CONFLICT);
}

/* ---- what rows share ------------------------------------------------------------------------- */

/* It was there when the step looked for it, and is gone when the step refers to it. */
static void what_went_meanwhile_is_looked_for_again(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct device   d, e;
    struct pawl_err err;

    store_fixture_make(&f);
    d = store_put(&f, "acme", 1);
    e = store_put(&f, "acme", 2);
    struct step s = store_step(&d), t = store_step(&e);
    s.has_snapshot = t.has_snapshot = true;
    store_commits(&f, &s);
    store_exec(&f, "DELETE FROM snapshot");
    store_exec(&f, "CREATE FUNCTION go() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN"
                   " DELETE FROM common; RETURN NEW; END $$;"
                   " CREATE TRIGGER go BEFORE INSERT ON snapshot FOR EACH ROW EXECUTE FUNCTION"
                   " go()");
    T_FAILS(store_commit_wait(&f.store, &t, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "store.snapshot");
    store_exec(&f, "DROP TRIGGER go ON snapshot; DROP FUNCTION go");
    store_commits(&f, &t);
}

/* It was there already when the step left it there, and is gone when the step looks for it. */
static void what_is_not_there_any_more_is_left_again(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct device   d;
    struct pawl_err err;

    store_fixture_make(&f);
    d = store_put(&f, "acme", 1);
    PAWL_CLEANUP(step_done) struct step s = store_step(&d);
    s.has_snapshot = s.has_boot = true;
    s.boot = (struct boot_row){ .has_facts = true, .facts = store_blob("facts") };
    store_exec(
        &f, "CREATE FUNCTION gone() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END "
            "$$; CREATE TRIGGER gone BEFORE INSERT ON facts FOR EACH ROW EXECUTE FUNCTION gone()");
    T_FAILS(store_commit_wait(&f.store, &s, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "store.facts");
    store_exec(&f, "DROP TRIGGER gone ON facts");
    store_exec(&f, "CREATE TRIGGER gone BEFORE INSERT ON common FOR EACH ROW EXECUTE FUNCTION"
                   " gone()");
    T_FAILS(store_commit_wait(&f.store, &s, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "store.common");
    store_exec(&f, "DROP TRIGGER gone ON common; DROP FUNCTION gone");
    store_commits(&f, &s);
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* A line that is full ends where it ends; a path may hold any bytes. */
static void a_text_that_is_cut_within_a_character_fails_no_step(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct device   got;
    struct pawl_err err;
    struct step     s = { .tenant = "acme", .event = "gr\xc3\xb6\xc3" };

    store_fixture_make(&f);
    store_commits(&f, &s);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM event WHERE line LIKE 'gr___'"), 1);
    struct device d = store_put(&f, "acme", 1);
    T_FAILS(f.store.device(f.store.self, pawl_view("ac\0e", 4), PAWL_VIEW_OF(d.id), &got, &err),
            &err, PAWL_E_ABSENT);
}

/* ---- an older copy --------------------------------------------------------------------------- */

/* What a standby that was behind says of this verifier. */
static void fall_behind(const struct store_fixture *f)
{
    store_exec(f, "CREATE TABLE was AS SELECT * FROM verifier");
    store_exec(f, "UPDATE verifier SET commits = greatest(commits - 1, 0)");
}

static void catch_up(const struct store_fixture *f)
{
    store_exec(f, "DELETE FROM verifier");
    store_exec(f, "INSERT INTO verifier SELECT * FROM was");
    store_exec(f, "DROP TABLE was");
}

static void an_older_copy_is_not_served(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct store    again;
    struct device   got;
    struct pawl_err err;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    fall_behind(&f);
    cut(&f);
    struct step s = { .tenant = "acme", .event = "lost" };
    bool        noticed = false;
    for (unsigned i = 0; i < 3000 && !noticed; i++) { /* it connects first, and looks */
        T_FAILS(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err,
                PAWL_E_IO);
        T_FAILS(store_commit_wait(&f.store, &s, &err), &err, PAWL_E_IO);
        noticed = strstr(err.why, "older copy") != NULL;
        usleep(10000);
    }
    assert_true(noticed);
    assert_true(f.store.is_behind(f.store.self));
    /* Who starts on it sees it by the file. */
    T_FAILS(store_open_in(&f, f.dir, &again, &err), &err, PAWL_E_IO);
    assert_non_null(strstr(err.why, "older copy"));
    assert_int_equal(store_number(&f, "SELECT count(*) FROM event"), 0);
    /* Another database takes its place, which is the right one. */
    catch_up(&f);
    commits_soon(&f, &s);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_false(f.store.is_behind(f.store.self));
}

/* On the connections that it has, too: the last transaction of each group looks. */
static void a_count_that_went_back_fails_the_group(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct step     s = { .tenant = "acme", .event = "not told" };

    store_fixture_make(&f);
    store_put(&f, "acme", 1);
    fall_behind(&f);
    for (unsigned i = 0; i < 20; i++) {
        pawl_status done = store_commit_wait(&f.store, &s, &err);
        if (!pawl_is_ok(done)) /* by the writer whose count it is */
            break;
        assert_true(i < 19);
    }
    assert_int_equal(err.code, PAWL_E_IO);
    catch_up(&f);
}

static void an_operator_may_say_that_it_is_the_one(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct other    o;
    struct device   got;
    struct pawl_err err;
    struct step     s = { .tenant = "acme", .event = "anew" };

    store_fixture_make(&f);
    other_make(&o, &f);
    struct device                       d = store_put(&f, "acme", 1);
    PAWL_CLEANUP(step_done) struct step batch = store_batch(&d, 1);
    store_commits(&f, &batch);
    T_OK(store_commit_wait(&o.store, &s, &err), &err);
    assert_true(f.store.restored_ms(f.store.self) == 0);
    fall_behind(&f);
    f.store.close(f.store.self);
    f.open = false;
    T_OK(postgres_store_restored(f.dir, f.conninfo, &err), &err);
    store_fixture_reopen(&f);
    assert_true(f.store.restored_ms(f.store.self) > 1000);
    assert_true(f.store.newest_ms(f.store.self) >= f.store.restored_ms(f.store.self));
    store_commits(&f, &s);
    d.version++;
    PAWL_CLEANUP(step_done) struct step next = store_batch(&d, 5);
    store_commits(&f, &next);
    assert_true(store_number(&f, "SELECT max(number) FROM segment") >
                f.store.restored_ms(f.store.self) * 256);
    /* The word holds for the other one, which knew more as well. */
    cut(&f);
    struct store_fixture theirs = { .store = o.store };
    commits_soon(&theirs, &s);
    for (unsigned i = 0; i < 2; i++) /* the first may meet a connection that was cut */
        if (pawl_is_ok(o.store.device(o.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err)))
            break;
    assert_true(o.store.restored_ms(o.store.self) == f.store.restored_ms(f.store.self));
    store_exec(&f, "DROP TABLE was");
    other_done(&o);
}

/* ---- plans ----------------------------------------------------------------------------------- */

static size_t times(const char *text, const char *what)
{
    size_t n = 0;

    while ((text = strstr(text, what))) {
        text += strlen(what);
        n++;
    }
    return n;
}

/* The plan of this statement, made once for all parameters; the caller frees it. */
static char *plan_of(const struct store_fixture *f, enum statement which)
{
    PGconn *pg = PQconnectdb(f->conninfo);
    char   *plan = NULL;
    size_t  n;
    FILE   *out = open_memstream(&plan, &n);

    assert_non_null(out);
    PQclear(PQexec(pg, "SET plan_cache_mode = force_generic_plan"));
    PQclear(PQprepare(pg, "one", statement_text_postgres(which), 0, NULL));
    PGresult *r = PQexec(pg, "EXPLAIN EXECUTE one ('acme', '')");
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(pg));
    for (int i = 0; i < PQntuples(r); i++)
        fprintf(out, "%s\n", PQgetvalue(r, i, 0));
    PQclear(r);
    PQfinish(pg);
    assert_int_equal(fclose(out), 0);
    return plan;
}

/* Whatever the planner thinks of a fleet that is small or that it has not counted, each table of
 * one row for each device is looked at for one number. */
static void who_reads_a_device_looks_at_no_other(void **state)
{
    (void)state;
    static const struct {
        enum statement which;
        size_t         tables;
    } reads[] = { { SQL_DEVICE, 1 },
                  { SQL_DEVICE_BY_AK, 1 },
                  { SQL_DEVICE_RATCHET, 1 },
                  { SQL_DEVICE_PAST, 3 } };
    enum { PARTITIONS = 16 };
    STORE_FIXTURE f;

    store_fixture_make(&f);
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        char *plan = plan_of(&f, reads[i].which);
        if (times(plan, "Index Cond: (device = ") + times(plan, "Filter: (device = ") <
            reads[i].tables * PARTITIONS)
            fail_msg("%u: %s", reads[i].which, plan);
        free(plan);
    }
}

/* ---- what is not a database ------------------------------------------------------------------ */

static void a_bad_connection_is_told_without_its_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *conninfo, *why; /* NULL: it is one, and nobody is there */
    } bad[] = {
        { "hunter2", "no connection string: missing \"=\" after" },
        { "host=/nowhere password=hunter2", NULL },
        { "host=/nowhere hots=x", "no connection string: invalid connection option \"hots\"" },
        { "password=a hunter2=x", "no connection string: invalid connection option" },
        { "password='hunter2", "no connection string: unterminated quoted string in connection "
                               "info string" },
        { "postgresql://u:hunter2@/x?nothing=1",
          "no connection string: invalid URI query parameter" },
        { "postgresql://u:%zzhunter2@/x", "no connection string: invalid percent-encoded token" },
        { "postgresql://u:x@[::1]hunter2/x", "no connection string: unexpected character" },
    };
    STORE_FIXTURE   f;
    struct store    s;
    struct pawl_err err;

    store_fixture_make(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(postgres_store_open(f.dir, bad[i].conninfo, &s, &err), &err,
                bad[i].why ? PAWL_E_FORM : PAWL_E_IO);
        T_WHERE(&err, "store.postgres");
        assert_null(strstr(err.why, "hunter2"));
        if (bad[i].why)
            assert_string_equal(err.why, bad[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("both schemas have the same columns", both_schemas_have_the_same_columns),
        T_CASE("a newer schema is used as long as it allows",
               a_newer_schema_is_used_as_long_as_it_allows),
        T_CASE("a schema that needs a newer program is left alone",
               a_schema_that_needs_a_newer_program_is_left_alone),
        T_CASE("times of another verifier are known soon",
               times_of_another_verifier_are_known_soon),
        T_CASE("a clock that is days ahead of everybody's is not let in",
               a_clock_that_is_days_ahead_of_everybodys_is_not_let_in),
        T_CASE("of two that move one device one plans again",
               of_two_that_move_one_device_one_plans_again),
        T_CASE("a reader misses no number of several verifiers",
               a_reader_misses_no_number_of_several_verifiers),
        T_CASE("entries of several verifiers are one chain",
               entries_of_several_verifiers_are_one_chain),
        T_CASE("a lost connection is made again", a_lost_connection_is_made_again),
        T_CASE("what is queued when it stops away fails", what_is_queued_when_it_stops_away_fails),
        T_CASE("a wait for a standby that is called off fails the group",
               a_wait_for_a_standby_that_is_called_off_fails_the_group),
        T_CASE("steps whose count is lost fail and happen once",
               steps_whose_count_is_lost_fail_and_happen_once),
        T_CASE("steps on both sides of a break fail and happen once",
               steps_on_both_sides_of_a_break_fail_and_happen_once),
        T_CASE("what went meanwhile is looked for again", what_went_meanwhile_is_looked_for_again),
        T_CASE("what is not there any more is left again",
               what_is_not_there_any_more_is_left_again),
        T_CASE("a text that is cut within a character fails no step",
               a_text_that_is_cut_within_a_character_fails_no_step),
        T_CASE("who reads a device looks at no other", who_reads_a_device_looks_at_no_other),
        T_CASE("an older copy is not served", an_older_copy_is_not_served),
        T_CASE("a count that went back fails the group", a_count_that_went_back_fails_the_group),
        T_CASE("an operator may say that it is the one", an_operator_may_say_that_it_is_the_one),
        T_CASE("a bad connection is told without its secrets",
               a_bad_connection_is_told_without_its_secrets),
    };

    if (!store_is_postgres())
        return 77;
    return cmocka_run_group_tests(cases, NULL, NULL);
}
