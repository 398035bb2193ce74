/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: many threads commit at once and each step is done exactly once; what was acknowledged
 * survives kill -9; a full, read-only or locked disk is an error by name and leaves nothing half
 * written; its log stays small, however many read. */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };

/* The papers repeat the attempt, so that half a step shows. */
static struct step step_number(unsigned device, uint64_t version, uint64_t attempt)
{
    struct step s = { .has_device = true, .tenant = "acme", .has_snapshot = true };

    s.device = store_device("acme", device);
    s.device.version = version;
    s.device.attempt = attempt;
    assert_true(asprintf(&s.papers, "%llu", (unsigned long long)attempt) > 0);
    snprintf(s.event, sizeof(s.event), "%llu", (unsigned long long)attempt);
    return s;
}

/* ---- many threads --------------------------------------------------------------------------- */

enum { THREADS = 8, STEPS = 60 };

struct pending {
    struct step s;
    atomic_int  calls, good;
};

struct crowd {
    struct store  *store;
    unsigned       number;
    struct pending pending[STEPS];
};

static void count_call(pawl_status status, const struct pawl_err *err, void *arg)
{
    struct pending *p = arg;

    (void)err;
    if (pawl_is_ok(status))
        p->good++;
    else if (status.code == PAWL_E_CONFLICT)
        p->good += 100;
    p->calls++;
}

/* Odd steps plan on a version that never was: they must fail alone. */
static void *commit_many(void *arg)
{
    struct crowd *c = arg;

    for (unsigned i = 0; i < STEPS; i++) {
        struct pending *p = &c->pending[i];
        p->s = step_number(c->number * STEPS + i + 1, i % 2 ? 77 : 0, i);
        c->store->commit(c->store->self, &p->s, count_call, p);
    }
    return NULL;
}

static void each_step_of_many_threads_is_done_once(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    pthread_t     thread[THREADS];
    struct crowd *crowd = calloc(THREADS, sizeof(*crowd));

    assert_non_null(crowd);
    store_fixture_make(&f);
    for (unsigned i = 0; i < THREADS; i++) {
        crowd[i].store = &f.store;
        crowd[i].number = i;
        assert_int_equal(pthread_create(&thread[i], NULL, commit_many, &crowd[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    /* Closing commits what was handed over. */
    f.store.close(f.store.self);
    f.open = false;
    for (unsigned i = 0; i < THREADS; i++)
        for (unsigned k = 0; k < STEPS; k++) {
            assert_int_equal(crowd[i].pending[k].calls, 1);
            assert_int_equal(crowd[i].pending[k].good, k % 2 ? 100 : 1);
            step_done(&crowd[i].pending[k].s);
        }
    assert_int_equal(store_number(&f, "SELECT count(*) FROM device"), THREADS * STEPS / 2);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM papers"), THREADS * STEPS / 2);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM event"), THREADS * STEPS / 2);
    free(crowd);
}

static void *race(void *arg)
{
    struct store   *store = arg;
    struct device   d = store_device("acme", 1);
    struct pawl_err err;
    unsigned        won = 0;

    while (won < STEPS) {
        PAWL_CLEANUP(step_done) struct step s = { .has_device = true, .tenant = "acme" };
        T_OK(store->device(store->self, acme, PAWL_VIEW_OF(d.id), &s.device, &err), &err);
        s.device.attempt++;
        pawl_status done = store_commit_wait(store, &s, &err);
        if (pawl_is_ok(done))
            won++;
        else
            assert_int_equal(done.code, PAWL_E_CONFLICT);
    }
    return NULL;
}

static void readers_and_writers_of_one_row_lose_no_update(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct step     s = step_number(1, 0, 0);
    struct device   got;
    pthread_t       thread[4];

    store_fixture_make(&f);
    T_OK(store_commit_wait(&f.store, &s, &err), &err);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, race, &f.store), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(s.device.id), &got, &err), &err);
    assert_int_equal(got.attempt, 4 * STEPS);
    assert_int_equal(got.version, 4 * STEPS + 1);
    step_done(&s);
}

/* ---- the log -------------------------------------------------------------------------------- */

/* Two who read in turn: one ends only when the other one has begun anew. */
struct relay {
    struct store   *store;
    pthread_mutex_t lock;
    pthread_cond_t  wake;
    unsigned        begun[2];
    atomic_bool     over;
};

struct runner {
    struct relay *relay;
    unsigned      me;
};

static void hand_over(struct relay *r, unsigned me)
{
    pthread_mutex_lock(&r->lock);
    unsigned other = r->begun[!me];
    r->begun[me]++;
    pthread_cond_broadcast(&r->wake);
    while (!r->over && r->begun[!me] == other)
        pthread_cond_wait(&r->wake, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

static void *read_in_turn(void *arg)
{
    const struct runner *run = arg;
    struct store        *s = run->relay->store;
    struct device        d = store_device("acme", 1);
    struct pawl_err      err;

    while (!run->relay->over) {
        s->reads_begin(s->self);
        T_OK(s->device(s->self, acme, PAWL_VIEW_OF(d.id), &d, &err), &err);
        hand_over(run->relay, run->me);
        s->reads_end(s->self);
    }
    return NULL;
}

enum { MIB = 1024 * 1024, PIECES = 80 };

static void the_log_does_not_grow_while_others_read(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct relay    relay = { .store = &f.store,
                              .lock = PTHREAD_MUTEX_INITIALIZER,
                              .wake = PTHREAD_COND_INITIALIZER };
    struct runner   runner[2] = { { &relay, 0 }, { &relay, 1 } };
    pthread_t       thread[2];
    char            log[sizeof(f.dir) + 16];
    struct stat     at_end;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_in_turn, &runner[i]), 0);
    for (d.version = 1; d.version <= PIECES; d.version++) {
        struct step step = store_batch(&d, (unsigned)d.version);
        blob_done(&step.segment[0].bytes);
        step.segment[0].bytes = (struct blob){ .n = MIB, .p = calloc(1, MIB) };
        T_OK(store_commit_wait(&f.store, &step, &err), &err);
        step_done(&step);
    }
    pthread_mutex_lock(&relay.lock);
    relay.over = true;
    pthread_cond_broadcast(&relay.wake);
    pthread_mutex_unlock(&relay.lock);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    snprintf(log, sizeof(log), "%s/pawl.db-wal", f.dir);
    assert_int_equal(stat(log, &at_end), 0);
    assert_true(at_end.st_size < PIECES / 4 * 3 * MIB);
}

/* ---- kill -9 -------------------------------------------------------------------------------- */

/* Commits until it is killed; says which attempts were acknowledged. */
static _Noreturn void commit_for_ever(const char *dir, int out)
{
    struct pawl_err err;
    struct store    store;

    if (!pawl_is_ok(sqlite_store_open(dir, &store, &err)))
        _exit(1);
    for (uint64_t i = 0;; i++) {
        struct step s = step_number(1, i, i + 1);
        if (!pawl_is_ok(store_commit_wait(&store, &s, &err)))
            _exit(2);
        step_done(&s);
        uint64_t acknowledged = i + 1;
        if (write(out, &acknowledged, sizeof(acknowledged)) != sizeof(acknowledged))
            _exit(3);
    }
}

static uint64_t kill_in_the_middle(const char *dir, unsigned after)
{
    int      pipe_fd[2], status;
    uint64_t seen = 0, last = 0;

    assert_int_equal(pipe(pipe_fd), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipe_fd[0]);
        commit_for_ever(dir, pipe_fd[1]);
    }
    close(pipe_fd[1]);
    for (unsigned i = 0; i < after; i++)
        assert_int_equal(read(pipe_fd[0], &last, sizeof(last)), sizeof(last));
    kill(child, SIGKILL);
    /* What it said between our last read and its death counts too. */
    while (read(pipe_fd[0], &seen, sizeof(seen)) == sizeof(seen))
        last = seen;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(pipe_fd[0]);
    return last;
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    (void)state;

    for (unsigned round = 0; round < 8; round++) {
        STORE_FIXTURE   f;
        struct pawl_err err;
        struct device   d = store_device("acme", 1), got;
        char           *papers, text[24];

        store_fixture_make(&f);
        f.store.close(f.store.self);
        f.open = false;
        uint64_t acknowledged = kill_in_the_middle(f.dir, 1 + 7 * round);
        store_fixture_reopen(&f);
        T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
        assert_true(got.attempt >= acknowledged);
        assert_true(got.version == got.attempt);
        T_OK(f.store.papers(f.store.self, acme, PAWL_VIEW_OF(d.id), &papers, &err), &err);
        snprintf(text, sizeof(text), "%llu", (unsigned long long)got.attempt);
        assert_string_equal(papers, text);
        free(papers);
        assert_int_equal(store_number(&f, "SELECT count(*) FROM event"),
                         got.attempt < EVENTS_KEPT ? (int64_t)got.attempt : EVENTS_KEPT);
        assert_int_equal(store_number(&f, "SELECT count(*) FROM pragma_integrity_check"
                                          " WHERE integrity_check = 'ok'"),
                         1);
    }
}

/* ---- disks ---------------------------------------------------------------------------------- */

/* Runs the body in a child of its own, because limits and identity cannot be given back. */
static void in_a_child(void (*body)(struct store_fixture *), struct store_fixture *f)
{
    int   status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        body(f);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A process may not write a file larger than this: for SQLite a full disk. */
static void fill_the_disk(struct store_fixture *f)
{
    struct pawl_err err;
    struct store    store;
    unsigned        good = 0;
    pawl_status     s = { 0 };

    signal(SIGXFSZ, SIG_IGN);
    if (!pawl_is_ok(sqlite_store_open(f->dir, &store, &err)))
        _exit(1);
    struct rlimit limit = { 400000, RLIM_INFINITY };
    if (setrlimit(RLIMIT_FSIZE, &limit))
        _exit(2);
    for (unsigned i = 1; i < 2000; i++) {
        struct step step = step_number(i, 0, i);
        free(step.papers);
        step.papers = malloc(20001);
        memset(step.papers, 'x', 20000);
        step.papers[20000] = 0;
        s = store_commit_wait(&store, &step, &err);
        step_done(&step);
        if (!pawl_is_ok(s))
            break;
        good = i;
    }
    if (s.code != PAWL_E_IO || strncmp(err.where, "store.", 6) != 0 || good == 0)
        _exit(3);
    /* Reading goes on, and every step before is whole. */
    struct device d = store_device("acme", good);
    char         *papers;
    if (!pawl_is_ok(store.papers(store.self, acme, PAWL_VIEW_OF(d.id), &papers, &err)))
        _exit(4);
    d = store_device("acme", good + 1);
    if (store.device(store.self, acme, PAWL_VIEW_OF(d.id), &d, &err).code != PAWL_E_ABSENT)
        _exit(5);
    /* And with room it writes again. */
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &limit))
        _exit(6);
    struct step again = step_number(good + 1, 0, 1);
    if (!pawl_is_ok(store_commit_wait(&store, &again, &err)))
        _exit(7);
    _exit(0);
}

static void a_full_disk_leaves_nothing_half_written(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    f.store.close(f.store.self);
    f.open = false;
    in_a_child(fill_the_disk, &f);
    store_fixture_reopen(&f);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM device"),
                     store_number(&f, "SELECT count(*) FROM papers"));
    struct pawl_err err;
    struct step     s = step_number(5000, 0, 1);
    T_OK(store_commit_wait(&f.store, &s, &err), &err);
    step_done(&s);
}

/* Batches of messages until the disk is full; what was acknowledged is what there is. */
static void fill_the_disk_with_messages(struct store_fixture *f)
{
    struct pawl_err err;
    struct store    store;
    struct device   d = store_device("acme", 1);
    pawl_status     s = pawl_ok();

    signal(SIGXFSZ, SIG_IGN);
    if (!pawl_is_ok(sqlite_store_open(f->dir, &store, &err)))
        _exit(1);
    struct rlimit limit = { 400000, 400000 };
    if (setrlimit(RLIMIT_FSIZE, &limit))
        _exit(2);
    for (d.version = 1; pawl_is_ok(s) && d.version < 2000; d.version++) {
        struct step step = store_batch(&d, (unsigned)d.version);
        blob_done(&step.segment[0].bytes);
        step.segment[0].bytes = (struct blob){ .n = 20000, .p = calloc(1, 20000) };
        s = store_commit_wait(&store, &step, &err);
        step_done(&step);
    }
    if (s.code != PAWL_E_IO || strncmp(err.where, "store.", 6) != 0)
        _exit(3);
    struct device got;
    if (!pawl_is_ok(store.device(store.self, acme, PAWL_VIEW_OF(d.id), &got, &err)))
        _exit(4);
    if (got.version != d.version - 1 || got.version < 3)
        _exit(5);
    _exit(0);
}

static void a_full_disk_takes_a_batch_of_messages_whole_or_not_at_all(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    f.store.close(f.store.self);
    f.open = false;
    in_a_child(fill_the_disk_with_messages, &f);
    store_fixture_reopen(&f);
    d.version = (uint64_t)store_number(&f, "SELECT version FROM ratchet");
    assert_int_equal(store_number(&f, "SELECT count(*) FROM segment"), d.version - 1);
    assert_int_equal(store_number(&f, "SELECT max(gen) FROM generation"), d.version);
    assert_true(f.store.restored_ms(f.store.self) == 0);
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 1);
    store_commits(&f, &s);
}

/* What fails behind the steps: they are not durable, and the next batch is not held up. */
static void a_batch_that_fails_as_a_whole_leaves_nothing_open(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct step     s = step_number(1, 0, 1);

    store_fixture_make(&f);
    store_exec(&f, "ALTER TABLE history RENAME TO gone");
    assert_false(pawl_is_ok(store_commit_wait(&f.store, &s, &err)));
    store_exec(&f, "ALTER TABLE gone RENAME TO history");
    assert_int_equal(store_number(&f, "SELECT count(*) FROM device"), 0);
    T_OK(store_commit_wait(&f.store, &s, &err), &err);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM device"), 1);
    step_done(&s);
}

static void open_what_belongs_to_another(struct store_fixture *f)
{
    struct pawl_err err;
    struct store    store;

    if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
        _exit(1);
    if (sqlite_store_open(f->dir, &store, &err).code != PAWL_E_IO)
        _exit(2);
    if (strcmp(err.where, "store.open") != 0 || !strstr(err.why, "Permission denied"))
        _exit(3);
}

static void a_file_that_may_not_be_written_is_named(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    char          file[128];

    store_fixture_make(&f);
    f.store.close(f.store.self);
    f.open = false;
    snprintf(file, sizeof(file), "%s/pawl.db", f.dir);
    assert_int_equal(chmod(file, 0444), 0);
    assert_int_equal(chmod(f.dir, 0555), 0);
    in_a_child(open_what_belongs_to_another, &f);
    assert_int_equal(chmod(f.dir, 0700), 0);
}

static void a_directory_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct pawl_err err;
    struct store    store;

    T_FAILS(sqlite_store_open("/nowhere/at/all", &store, &err), &err, PAWL_E_IO);
    T_WHERE(&err, "store.open");
    assert_string_equal(err.why, "pawl.db: No such file or directory");
}

static void a_file_that_another_process_locks_fails_and_heals(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct step     s = step_number(1, 0, 1);
    char            file[128];
    sqlite3        *theirs;

    store_fixture_make(&f);
    snprintf(file, sizeof(file), "%s/pawl.db", f.dir);
    assert_int_equal(sqlite3_open(file, &theirs), SQLITE_OK);
    assert_int_equal(sqlite3_exec(theirs, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    T_FAILS(store_commit_wait(&f.store, &s, &err), &err, PAWL_E_IO);
    T_WHERE(&err, "store.commit");
    assert_int_equal(sqlite3_exec(theirs, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(theirs);
    T_OK(store_commit_wait(&f.store, &s, &err), &err);
    step_done(&s);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("each step of many threads is done once", each_step_of_many_threads_is_done_once),
        T_CASE("readers and writers of one row lose no update",
               readers_and_writers_of_one_row_lose_no_update),
        T_CASE("the log does not grow while others read", the_log_does_not_grow_while_others_read),
        T_CASE("what was acknowledged survives kill -9", what_was_acknowledged_survives_kill_9),
        T_CASE("a full disk leaves nothing half written", a_full_disk_leaves_nothing_half_written),
        T_CASE("a full disk takes a batch of messages whole or not at all",
               a_full_disk_takes_a_batch_of_messages_whole_or_not_at_all),
        T_CASE("a batch that fails as a whole leaves nothing open",
               a_batch_that_fails_as_a_whole_leaves_nothing_open),
        T_CASE("a file that may not be written is named", a_file_that_may_not_be_written_is_named),
        T_CASE("a directory that is not there is named", a_directory_that_is_not_there_is_named),
        T_CASE("a file that another process locks fails and heals",
               a_file_that_another_process_locks_fails_and_heals),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
