/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a database that was put back from an older copy is recognised, once, whatever else
 * happened to it; no other is; numbers of segments go on above all that were given; the newest time
 * of the store never goes back. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };

static void shut(struct store_fixture *f)
{
    f->store.close(f->store.self);
    f->open = false;
}

static void in_dir(const struct store_fixture *f, const char *name, char ret[128])
{
    snprintf(ret, 128, "%s/%s", f->dir, name);
}

static void copy(const struct store_fixture *f, const char *from, const char *to)
{
    char a[128], b[128], command[300];

    in_dir(f, from, a);
    in_dir(f, to, b);
    snprintf(command, sizeof(command), "cp %s %s", a, b);
    assert_int_equal(system(command), 0);
}

static void write_count(const struct store_fixture *f, const char *text, size_t n)
{
    char file[128];

    in_dir(f, "pawl.count", file);
    int fd = open(file, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
}

static int64_t restored(const struct store_fixture *f)
{
    return f->store.restored_ms(f->store.self);
}

static int64_t newest(const struct store_fixture *f)
{
    return f->store.newest_ms(f->store.self);
}

static int64_t wall_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static void batch(struct store_fixture *f, struct device *d, unsigned number)
{
    PAWL_CLEANUP(step_done) struct step s = store_batch(d, number);

    store_commits(f, &s);
    d->version++;
}

/* A store whose copy.db is older than itself by one batch. */
static struct device with_a_copy(struct store_fixture *f)
{
    store_fixture_make(f);
    struct device d = store_put(f, "acme", 1);
    batch(f, &d, 1);
    shut(f);
    copy(f, "pawl.db", "copy.db");
    store_fixture_reopen(f);
    batch(f, &d, 2);
    shut(f);
    return d;
}

/* ---- older copies ---------------------------------------------------------------------------- */

static void a_store_of_its_own_was_never_put_back(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    for (unsigned i = 0; i < 4; i++) {
        batch(&f, &d, i);
        store_fixture_reopen(&f);
        assert_true(restored(&f) == 0);
    }
    /* Others that open it meanwhile, and write, see nothing either. */
    struct store    second;
    struct pawl_err err;
    T_OK(sqlite_store_open(f.dir, &second, &err), &err);
    batch(&f, &d, 9);
    struct step s = { .tenant = "acme", .event = "of another process" };
    T_OK(store_commit_wait(&second, &s, &err), &err);
    assert_true(second.restored_ms(second.self) == 0);
    second.close(second.self);
    batch(&f, &d, 10);
    store_fixture_reopen(&f);
    assert_true(restored(&f) == 0);
}

static void an_older_copy_is_recognised_once(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    struct device d = with_a_copy(&f);
    int64_t       before = wall_ms();

    copy(&f, "copy.db", "pawl.db");
    store_fixture_reopen(&f);
    int64_t at = restored(&f);
    assert_true(at >= before);
    assert_true(newest(&f) >= at);
    assert_int_equal(store_number(&f, "SELECT restored_ms FROM history"), at);
    store_fixture_reopen(&f);
    assert_true(restored(&f) == at);
    d.version--;
    batch(&f, &d, 3);
    store_fixture_reopen(&f);
    assert_true(restored(&f) == at);
    /* The same copy once more is older again. */
    shut(&f);
    copy(&f, "copy.db", "pawl.db");
    store_fixture_reopen(&f);
    assert_true(restored(&f) >= at);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM segment"), 1);
}

static void a_copy_without_the_log_is_recognised(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    shut(&f);
    store_fixture_reopen(&f);
    batch(&f, &d, 1);
    /* What stands in pawl.db-wal is missing from such a copy. */
    copy(&f, "pawl.db", "copy.db");
    shut(&f);
    copy(&f, "copy.db", "pawl.db");
    store_fixture_reopen(&f);
    assert_true(restored(&f) > 0);
}

static void a_new_database_in_the_place_of_a_lost_one_is_recognised(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    char          file[128];

    with_a_copy(&f);
    in_dir(&f, "pawl.db", file);
    assert_int_equal(unlink(file), 0);
    store_fixture_reopen(&f);
    assert_true(restored(&f) > 0);
}

static void the_newest_copy_is_none(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    with_a_copy(&f);
    copy(&f, "pawl.db", "copy.db");
    copy(&f, "copy.db", "pawl.db");
    store_fixture_reopen(&f);
    assert_true(restored(&f) == 0);
}

static void a_count_that_is_none_says_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t      n;
    } bad[] = {
        { "", 0 },
        { "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 21 },
        { "99999999999999999999\n", 21 },
        { "00000000000000000999", 20 },
        { "000000000000000009999", 21 },
        { "00000000000000000999\n\n", 22 },
        { "0000000000000000099x\n", 21 },
        { "-0000000000000000999\n", 21 },
        { "00000000000000000000\n", 21 },
    };
    STORE_FIXTURE f;

    with_a_copy(&f);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_count(&f, bad[i].text, bad[i].n);
        store_fixture_reopen(&f);
        assert_true(restored(&f) == 0);
        shut(&f);
    }
    write_count(&f, "00000000000000000999\n", 21);
    store_fixture_reopen(&f);
    assert_true(restored(&f) > 0);
    assert_int_equal(store_number(&f, "SELECT commits FROM history"), 1000);
}

static void a_count_that_is_gone_is_made_anew(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    struct device d = with_a_copy(&f);
    char          file[128];
    struct stat   st;

    in_dir(&f, "pawl.count", file);
    assert_int_equal(unlink(file), 0);
    store_fixture_reopen(&f);
    assert_true(restored(&f) == 0);
    batch(&f, &d, 5);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    shut(&f);
    copy(&f, "copy.db", "pawl.db");
    store_fixture_reopen(&f);
    assert_true(restored(&f) > 0);
}

static pawl_status last_number(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    (void)err;
    *(uint64_t *)arg = s->number;
    return pawl_ok();
}

static void numbers_go_on_above_all_that_were_given(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = with_a_copy(&f);
    uint64_t        number = 0;

    copy(&f, "copy.db", "pawl.db");
    store_fixture_reopen(&f);
    d.version--;
    batch(&f, &d, 3);
    T_OK(f.store.segments(f.store.self, acme, pawl_view(NULL, 0), 1, 9, last_number, &number, &err),
         &err);
    assert_true(number == (uint64_t)restored(&f) * 256 + 1);
}

static void an_operator_may_say_it(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = with_a_copy(&f);

    T_OK(sqlite_store_restored(f.dir, &err), &err);
    store_fixture_reopen(&f);
    int64_t at = restored(&f);
    assert_true(at > 0);
    batch(&f, &d, 3);
    store_fixture_reopen(&f);
    assert_true(restored(&f) == at);
}

static void of_a_store_that_is_not_there_nobody_can_say_it(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    char            file[128];

    with_a_copy(&f);
    in_dir(&f, "pawl.db", file);
    assert_int_equal(unlink(file), 0);
    T_FAILS(sqlite_store_restored(f.dir, &err), &err, PAWL_E_IO);
    T_WHERE(&err, "store.open");
    assert_int_not_equal(access(file, F_OK), 0);
}

static void a_count_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct store    s;
    char            file[128];

    with_a_copy(&f);
    in_dir(&f, "pawl.count", file);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(symlink("/etc/passwd", file), 0);
    T_FAILS(sqlite_store_open(f.dir, &s, &err), &err, PAWL_E_IO);
    T_WHERE(&err, "store.open");
    assert_non_null(strstr(err.why, "pawl.count"));
}

/* ---- time ------------------------------------------------------------------------------------ */

static void the_newest_time_is_that_of_any_row(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    assert_true(newest(&f) == 0);
    struct device d = store_device("acme", 1);
    d.seen_s = 1000;
    struct step s = store_step(&d);
    store_commits(&f, &s);
    assert_true(newest(&f) == 1000999);

    struct segment_row  segment = { .time_ms = 1001001 };
    struct downlink_row queued = { .id = 1, .created_ms = 1001002 };
    struct downlink_row sent = { .id = 1, .seq = 1, .sent_ms = 1001003 };
    struct incident_row opened = { .opened_ms = 1001004 };
    struct incident_row changed = { .opened_ms = 7, .changed_ms = 1001005 };
    struct proof_row    proof = { .time_ms = 1001006 };
    struct audit_row    audit = { .time_ms = 1001007 };
    struct step         steps[] = {
                { .touches_device = true, .segment_n = 1, .segment = &segment },
                { .downlink_n = 1, .downlink = &queued },
                { .downlink_n = 1, .downlink = &sent },
                { .incident_n = 1, .incident = &opened },
                { .incident_n = 1, .incident = &changed },
                { .proof_n = 1, .proof = &proof },
                { .audit_n = 1, .audit = &audit },
    };
    d.version = 1;
    memcpy(segment.device, d.id, sizeof(d.id));
    memcpy(queued.device, d.id, sizeof(d.id));
    memcpy(sent.device, d.id, sizeof(d.id));
    memcpy(opened.device, d.id, sizeof(d.id));
    memcpy(changed.device, d.id, sizeof(d.id));
    memcpy(proof.device, d.id, sizeof(d.id));
    steps[0].device = d;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        memcpy(steps[i].tenant, "acme", 5);
        store_commits(&f, &steps[i]);
        assert_true(newest(&f) == 1001001 + (int64_t)i);
        store_fixture_reopen(&f);
        assert_true(newest(&f) == 1001001 + (int64_t)i);
    }
    /* When somebody was told that it is overdue, and not when it will be. */
    d.version = 2;
    d.told_s = 1002;
    d.due_s = 2000;
    s = store_step(&d);
    store_commits(&f, &s);
    assert_true(newest(&f) == 1002000);
    /* An event is of now. */
    s = (struct step){ .tenant = "acme", .event = "x" };
    int64_t before = wall_ms();
    store_commits(&f, &s);
    assert_true(newest(&f) >= before);
}

static void time_never_goes_back(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    int64_t       future_s = (int64_t)time(NULL) + 1000000;

    store_fixture_make(&f);
    struct device d = store_device("acme", 1);
    d.seen_s = future_s;
    struct step s = store_step(&d);
    store_commits(&f, &s);
    assert_true(newest(&f) == future_s * 1000 + 999);
    /* A row of before takes nothing away, and an event is not before what the store knows. */
    s.device.version = 1;
    s.device.seen_s = 5;
    snprintf(s.event, sizeof(s.event), "late");
    store_commits(&f, &s);
    assert_true(newest(&f) == future_s * 1000 + 999);
    assert_int_equal(store_number(&f, "SELECT time_s FROM event"), future_s);
    store_fixture_reopen(&f);
    assert_true(newest(&f) == future_s * 1000 + 999);
}

static void a_copy_was_put_back_later_than_all_that_it_holds(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    int64_t       future_s = (int64_t)time(NULL) + 1000000;

    store_fixture_make(&f);
    struct device d = store_device("acme", 1);
    d.seen_s = future_s;
    struct step s = store_step(&d);
    store_commits(&f, &s);
    shut(&f);
    struct pawl_err err;
    T_OK(sqlite_store_restored(f.dir, &err), &err);
    store_fixture_reopen(&f);
    assert_true(restored(&f) == (future_s + 1) * 1000);
    assert_true(newest(&f) == restored(&f));
}

static void what_was_not_committed_has_no_time(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    int64_t       at = newest(&f);
    d.version = 7;
    d.seen_s += 100;
    struct step s = store_step(&d);
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
    assert_true(newest(&f) == at);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a store of its own was never put back", a_store_of_its_own_was_never_put_back),
        T_CASE("an older copy is recognised once", an_older_copy_is_recognised_once),
        T_CASE("a copy without the log is recognised", a_copy_without_the_log_is_recognised),
        T_CASE("a new database in the place of a lost one is recognised",
               a_new_database_in_the_place_of_a_lost_one_is_recognised),
        T_CASE("the newest copy is none", the_newest_copy_is_none),
        T_CASE("a count that is none says nothing", a_count_that_is_none_says_nothing),
        T_CASE("a count that is gone is made anew", a_count_that_is_gone_is_made_anew),
        T_CASE("numbers go on above all that were given", numbers_go_on_above_all_that_were_given),
        T_CASE("an operator may say it", an_operator_may_say_it),
        T_CASE("of a store that is not there nobody can say it",
               of_a_store_that_is_not_there_nobody_can_say_it),
        T_CASE("a count that cannot be opened is named", a_count_that_cannot_be_opened_is_named),
        T_CASE("the newest time is that of any row", the_newest_time_is_that_of_any_row),
        T_CASE("time never goes back", time_never_goes_back),
        T_CASE("a copy was put back later than all that it holds",
               a_copy_was_put_back_later_than_all_that_it_holds),
        T_CASE("what was not committed has no time", what_was_not_committed_has_no_time),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
