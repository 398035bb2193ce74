/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: only what backup.json calls a whole backup, of a version that this program knows, is
 * restored, and nothing is left of what is refused; what is restored has the keys that were backed
 * up, or none. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backup.h"
#include "init.h"
#include "t.h"

/* top/v is the verifier, top/copy its backup. */
static char top[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static const char *path(const char *name)
{
    static char p[4][128];
    static int  i;

    i = (i + 1) % 4;
    snprintf(p[i], sizeof(p[i]), "%s/%s", top, name);
    return p[i];
}

static int setup(void **state)
{
    struct init_options o = { .address = "v.example:443", .with_token = true };
    struct pawl_err     err;
    char                join[STATE_JOIN_MAX];

    (void)state;
    snprintf(top, sizeof(top), "/tmp/pawl-backup-XXXXXX");
    assert_non_null(mkdtemp(top));
    o.dir = path("v");
    T_OK(init_state(&o, join, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void backs_up(bool without_keys)
{
    struct pawl_err err;
    bool            database = false;

    T_OK(backup_make(path("v"), path("copy"), without_keys, &database, &err), &err);
    assert_true(database);
}

static void writes(const char *name, const char *text)
{
    FILE *f = fopen(path(name), "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* The manifest with this instead of that. */
static void changes(const char *that, const char *this)
{
    char  text[4096], to[4096];
    FILE *f = fopen(path("copy/backup.json"), "r");

    assert_non_null(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = 0;
    fclose(f);
    char *at = strstr(text, that);
    assert_non_null(at);
    snprintf(to, sizeof(to), "%.*s%s%s", (int)(at - text), text, this, at + strlen(that));
    writes("copy/backup.json", to);
}

static void is_refused(enum pawl_code code, const char *where)
{
    struct relist   none = { 0 };
    struct restored r;
    struct pawl_err err;

    t_poison(&r, sizeof(r));
    T_FAILS(backup_restore(path("copy"), path("w"), &none, &r, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&r, sizeof(r));
    assert_int_not_equal(access(path("w"), F_OK), 0);
}

static void what_was_backed_up_is_restored(void **state)
{
    (void)state;
    PAWL_CLEANUP(state_close) struct state s = { 0 };
    struct pawl_err                        err;
    struct relist                          none = { 0 };
    struct restored                        r = { 0 };
    int64_t                                before_s = time(NULL);

    backs_up(false);
    T_OK(backup_restore(path("copy"), path("w"), &none, &r, &err), &err);
    assert_true(r.keys && r.database);
    assert_in_range(r.made_s, before_s, time(NULL));
    assert_int_not_equal(access(path("w/backup.json"), F_OK), 0);
    T_OK(state_open(path("w"), &s, &err), &err);
    assert_true(s.store.restored_ms(s.store.self) > 0);
}

static void keys_that_were_left_out_are_missed(void **state)
{
    (void)state;
    PAWL_CLEANUP(state_close) struct state s = { 0 };
    struct pawl_err                        err;
    struct relist                          none = { 0 };
    struct restored                        r = { .keys = true };

    backs_up(true);
    assert_int_not_equal(access(path("copy/master.key"), F_OK), 0);
    T_OK(backup_restore(path("copy"), path("w"), &none, &r, &err), &err);
    assert_false(r.keys);
    T_FAILS(state_open(path("w"), &s, &err), &err, PAWL_E_ABSENT);
}

static void half_of_a_backup_is_none(void **state)
{
    (void)state;
    backs_up(false);
    assert_int_equal(unlink(path("copy/backup.json")), 0);
    is_refused(PAWL_E_FORM, "backup.json");
}

static void what_is_no_manifest_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"form\": 1}",
        "{\"sha256\": \"00\"}",
        "{\"form\": \"1\", \"sha256\": \"00\"}",
        "{\"form\": 1, \"sha256\": 7}",
    };
    char long_one[5000];

    backs_up(false);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        writes("copy/backup.json", bad[i]);
        is_refused(PAWL_E_FORM, "backup.json");
    }
    memset(long_one, ' ', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = 0;
    writes("copy/backup.json", long_one);
    is_refused(PAWL_E_FORM, "backup.json");
}

/* A verifier with the name and the counts of another one would be held for it. */
static void what_is_this_verifiers_alone_is_left_out(void **state)
{
    (void)state;
    static const char *const own[] = { "pawl.verifier", "pawl.count", "postgres.count" };
    char                     in[64], out[64];

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        snprintf(in, sizeof(in), "v/%s", own[i]);
        if (access(path(in), F_OK) != 0)
            writes(in, "7\n");
    }
    backs_up(false);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        snprintf(out, sizeof(out), "copy/%s", own[i]);
        assert_int_not_equal(access(path(out), F_OK), 0);
    }
}

static void keys_that_do_not_load_are_not_restored(void **state)
{
    (void)state;
    backs_up(false);
    writes("copy/master.key", "c0ffee");
    is_refused(PAWL_E_RANGE, "master.key");
}

static void directories_without_end_are_refused(void **state)
{
    (void)state;
    struct pawl_err err;
    const char      deep[] = "v/d/d/d/d/d";
    char            some[sizeof(deep)];
    bool            any;

    for (size_t n = sizeof("v/d"); n <= sizeof(deep); n += 2) {
        snprintf(some, n, "%s", deep);
        assert_int_equal(mkdir(path(some), 0700), 0);
    }
    T_FAILS(backup_make(path("v"), path("copy"), false, &any, &err), &err, PAWL_E_RANGE);
    assert_int_not_equal(access(path("copy"), F_OK), 0);
    assert_int_equal(rmdir(path(deep)), 0);
    backs_up(false);
    assert_int_equal(access(path("copy/d/d/d/d"), F_OK), 0);
}

static void a_newer_programs_backup_is_not_guessed_at(void **state)
{
    (void)state;
    backs_up(false);
    changes("\"form\":\t1", "\"form\":\t2");
    is_refused(PAWL_E_UNSUPPORTED, "backup.json");
}

static void a_database_of_another_hash_is_refused(void **state)
{
    (void)state;
    backs_up(false);
    changes("\"sha256\":\t\"", "\"sha256\":\t\"00");
    is_refused(PAWL_E_FORM, "pawl.db");
}

static void a_place_that_holds_something_stays(void **state)
{
    (void)state;
    struct pawl_err err;
    struct relist   none = { 0 };
    struct restored r;
    bool            any;

    backs_up(false);
    T_FAILS(backup_make(path("v"), path("copy"), false, &any, &err), &err, PAWL_E_CONFLICT);
    T_FAILS(backup_restore(path("copy"), path("v"), &none, &r, &err), &err, PAWL_E_CONFLICT);
    T_FAILS(backup_make(path("v"), path("v/inside"), false, &any, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "backup");
}

#define CASE(sentence, function)                                                                   \
    {                                                                                              \
        (sentence), (function), setup, teardown, NULL                                              \
    }

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE("what was backed up is restored", what_was_backed_up_is_restored),
        CASE("keys that were left out are missed", keys_that_were_left_out_are_missed),
        CASE("half of a backup is none", half_of_a_backup_is_none),
        CASE("what is no manifest is refused", what_is_no_manifest_is_refused),
        CASE("a newer program's backup is not guessed at",
             a_newer_programs_backup_is_not_guessed_at),
        CASE("what is this verifier's alone is left out", what_is_this_verifiers_alone_is_left_out),
        CASE("keys that do not load are not restored", keys_that_do_not_load_are_not_restored),
        CASE("directories without end are refused", directories_without_end_are_refused),
        CASE("a database of another hash is refused", a_database_of_another_hash_is_refused),
        CASE("a place that holds something stays", a_place_that_holds_something_stays),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
