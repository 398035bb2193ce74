/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: who is on a signed list of this verifier is revoked in what is restored, known or not,
 * and no list of another, changed, old or half one is taken for it: then nothing is restored. */
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "appraise/jws.h"
#include "backup.h"
#include "flow/revoked.h"
#include "init.h"
#include "state.h"
#include "t.h"

/* top/v is the verifier, top/copy its backup, top/w what is restored, top/list the list. */
static char top[64], list[80];

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

/* ---- devices --------------------------------------------------------------------------------- */

/* Devices are called by one digit, 64 times. */
static void id_of(char name, uint8_t ret[PAWL_DEVICE_ID])
{
    memset(ret, (name - '0') * 0x11, PAWL_DEVICE_ID);
}

static void holds(char name, enum device_state as)
{
    PAWL_CLEANUP(state_close) struct state s = { 0 };
    PAWL_CLEANUP(step_done) struct step    step = { .tenant = "default", .has_device = true };
    struct pawl_err                        err;

    T_OK(state_open(path("v"), &s, &err), &err);
    step.device = (struct device){ .tenant = "default", .state = as };
    id_of(name, step.device.id);
    step.device.ak_name.n = 1;
    step.device.ak_name.b[0] = (uint8_t)name;
    T_OK(store_commit_wait(&s.store, &step, &err), &err);
}

static void is_in(const char *dir, char name, enum device_state as)
{
    PAWL_CLEANUP(state_close) struct state s = { 0 };
    uint8_t                                id[PAWL_DEVICE_ID];
    struct device                          d;
    struct pawl_err                        err;

    id_of(name, id);
    T_OK(state_open(path(dir), &s, &err), &err);
    T_OK(s.store.device(s.store.self, pawl_view_str("default"), PAWL_VIEW_OF(id), &d, &err), &err);
    assert_int_equal(d.state, as);
}

static int setup(void **state)
{
    struct init_options o = { .address = "v.example:443" };
    struct pawl_err     err;
    char                join[STATE_JOIN_MAX];
    bool                database;

    (void)state;
    snprintf(top, sizeof(top), "/tmp/pawl-relist-XXXXXX");
    assert_non_null(mkdtemp(top));
    snprintf(list, sizeof(list), "%s/list", top);
    o.dir = path("v");
    T_OK(init_state(&o, join, &err), &err);
    holds('1', DEVICE_ACTIVE);
    holds('2', DEVICE_REVOKED);
    holds('3', DEVICE_ACTIVE);
    T_OK(backup_make(path("v"), path("copy"), false, &database, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void writes(const char *name, const char *text)
{
    FILE *f = fopen(path(name), "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static char token[4096];

/* With the key of this directory. */
static void sign(const char *dir, const char *type, const char *claims)
{
    PAWL_CLEANUP(state_close) struct state s = { 0 };
    struct pawl_err                        err;

    T_OK(state_open(path(dir), &s, &err), &err);
    const struct keys *k = &atomic_load(&s.material.now)->keys;
    T_OK(jws_write(k->signing, k->verifier_id, type, pawl_view_str(claims), token, sizeof(token),
                   &err),
         &err);
    writes("list", token);
}

#define ID(digit)  digit digit digit digit digit digit digit digit
#define HEX(digit) "\"" ID(ID(digit)) "\""

/* Of the tenant, signed so many seconds from now. */
static void lists(const char *tenant, int64_t from_now_s, const char *ids)
{
    char claims[2048];

    snprintf(claims, sizeof(claims),
             "{\"revoked\":[%s],\"iat\":%" PRId64 ",\"exp\":1,\"aud\":\"%s\"}", ids,
             (int64_t)time(NULL) + from_now_s, tenant);
    sign("v", REVOKED_TYPE, claims);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void is_taken(void)
{
    struct relist   l = { .n = 1, .of[0].path = list };
    struct restored r;
    struct pawl_err err;

    T_OK(backup_restore(path("copy"), path("w"), &l, &r, &err), &err);
    assert_string_equal(l.of[0].tenant, "default");
    assert_int_equal(l.of[0].was[REVOKED_KNOWN], 1);
    assert_int_equal(l.of[0].was[REVOKED_BEFORE], 1);
    assert_int_equal(l.of[0].was[REVOKED_UNKNOWN], 2);
    is_in("w", '1', DEVICE_REVOKED);
    is_in("w", '2', DEVICE_REVOKED);
    is_in("w", '3', DEVICE_ACTIVE);
    is_in("w", '4', DEVICE_REVOKED);
    is_in("w", '5', DEVICE_REVOKED);
}

static const char four[] = HEX("1") "," HEX("2") "," HEX("4") "," HEX("5");

static void who_is_on_it_is_revoked(void **state)
{
    (void)state;
    lists("default", 0, four);
    is_taken();
}

static void it_may_be_as_the_operator_api_gives_it(void **state)
{
    (void)state;
    char answer[sizeof(token) + 32];

    lists("default", 0, four);
    snprintf(answer, sizeof(answer), "\n{\"revoked\": \"%s\"}\n", token);
    writes("list", answer);
    is_taken();
}

static void said_twice_is_said_once(void **state)
{
    (void)state;
    struct relist   l = { .n = 2 };
    struct restored r;
    struct pawl_err err;

    lists("default", 0, HEX("1") "," HEX("4") "," HEX("4"));
    l.of[0].path = l.of[1].path = list;
    T_OK(backup_restore(path("copy"), path("w"), &l, &r, &err), &err);
    assert_int_equal(l.of[0].was[REVOKED_UNKNOWN], 1);
    assert_int_equal(l.of[0].was[REVOKED_BEFORE], 1);
    assert_int_equal(l.of[1].was[REVOKED_BEFORE], 3);
}

/* A list of the same minute may have been signed a little before the backup. */
static void one_of_the_minute_of_the_backup_is_good(void **state)
{
    (void)state;
    lists("default", -REVOKED_SIGNED_S + 5, four);
    is_taken();
}

static void is_refused(enum pawl_code code, const char *where)
{
    struct relist   l = { .n = 1, .of[0].path = list };
    struct restored r;
    struct pawl_err err;

    t_poison(&r, sizeof(r));
    T_FAILS(backup_restore(path("copy"), path("w"), &l, &r, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&r, sizeof(r));
    assert_int_not_equal(access(path("w"), F_OK), 0);
}

static void one_from_before_the_backup_says_nothing(void **state)
{
    (void)state;
    lists("default", -REVOKED_SIGNED_S - 5, four);
    is_refused(PAWL_E_EXPIRED, "list.iat");
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where;
    } bad[] = {
        { "", "list.token" },
        { " \n", "list.token" },
        { "a.b", "list.token" },
        { "a.b.c.d", "list.token" },
        { "e30.e30.", "list.signature" },
        { "!.e30.e30", "list.header" },
        { "{", "list.body" },
        { "{}", "list.revoked" },
        { "{\"revoked\": 7}", "list.revoked" },
        { "{\"revoked\": \"\"}", "list.token" },
        { "{\"token\": \"a.b.c\"}", "list.body" },
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        writes("list", bad[i].text);
        is_refused(i == 4 ? PAWL_E_RANGE : PAWL_E_FORM, bad[i].where);
    }
    assert_int_equal(unlink(path("list")), 0);
    is_refused(PAWL_E_IO, "list.file");
}

static void one_that_was_changed_is_refused(void **state)
{
    (void)state;
    lists("default", 0, four);
    char *dot = strchr(token, '.');
    dot[20] = dot[20] == 'A' ? 'B' : 'A';
    writes("list", token);
    is_refused(PAWL_E_FORGED, "list.signature");
}

static void another_verifier_s_is_refused(void **state)
{
    (void)state;
    struct init_options o = { .address = "v.example:443", .dir = path("other") };
    struct pawl_err     err;
    char                join[STATE_JOIN_MAX];

    T_OK(init_state(&o, join, &err), &err);
    sign("other", REVOKED_TYPE, "{\"revoked\":[],\"iat\":4000000000,\"aud\":\"default\"}");
    is_refused(PAWL_E_DENIED, "list.header.kid");
}

static void another_token_of_ours_is_refused(void **state)
{
    (void)state;
    sign("v", "eat+jwt", "{\"revoked\":[],\"iat\":4000000000,\"aud\":\"default\"}");
    is_refused(PAWL_E_DENIED, "list.header.typ");
}

static void another_tenant_s_is_refused(void **state)
{
    (void)state;
    lists("acme", 0, four);
    is_refused(PAWL_E_DENIED, "list.aud");
}

static void claims_that_say_no_list_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *claims, *where;
    } bad[] = {
        { "[]", "list.body" },
        { "{\"aud\":\"default\",\"iat\":4000000000}", "list.revoked" },
        { "{\"aud\":\"default\",\"revoked\":[]}", "list.iat" },
        { "{\"aud\":\"default\",\"iat\":4000000000,\"revoked\":{}}", "list.revoked" },
        { "{\"aud\":\"default\",\"iat\":4000000000,\"revoked\":[7]}", "list.revoked[0]" },
        { "{\"iat\":4000000000,\"revoked\":[]}", "list.aud" },
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sign("v", REVOKED_TYPE, bad[i].claims);
        is_refused(PAWL_E_FORM, bad[i].where);
    }
    lists("default", 0, HEX("1") ",\"1111\"");
    is_refused(PAWL_E_RANGE, "list.revoked[1]");
}

static void one_that_is_too_large_is_refused(void **state)
{
    (void)state;
    writes("list", "");
    assert_int_equal(truncate(path("list"), RELIST_BYTES_MAX + 1), 0);
    is_refused(PAWL_E_RANGE, "list.file");
}

/* Whose it is cannot be told before they are there. */
static void without_keys_it_waits_for_them(void **state)
{
    (void)state;
    struct relist   l = { .n = 1, .of[0].path = list };
    struct relist   none = { 0 };
    struct restored r;
    struct pawl_err err;
    bool            database;

    lists("default", 0, four);
    T_OK(backup_make(path("v"), path("open"), true, &database, &err), &err);
    T_FAILS(backup_restore(path("open"), path("w"), &l, &r, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "--revoked");
    assert_int_not_equal(access(path("w"), F_OK), 0);
    T_OK(backup_restore(path("open"), path("w"), &none, &r, &err), &err);
    static const char *const keys[] = { "master.key", "signing.key", "tls.key" };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char from[128], to[128];
        snprintf(from, sizeof(from), "%s/v/%s", top, keys[i]);
        snprintf(to, sizeof(to), "%s/w/%s", top, keys[i]);
        assert_int_equal(link(from, to), 0);
    }
    T_OK(relist(path("w"), 0, &l, &err), &err);
    is_in("w", '1', DEVICE_REVOKED);
    is_in("w", '4', DEVICE_REVOKED);
}

static void a_bad_list_behind_a_good_one_revokes_nobody(void **state)
{
    (void)state;
    struct relist   l = { .n = 2 };
    struct pawl_err err;

    lists("default", 0, four);
    writes("bad", "x");
    l.of[0].path = list;
    l.of[1].path = path("bad");
    T_FAILS(relist(path("v"), 0, &l, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "bad.token");
    is_in("v", '1', DEVICE_ACTIVE);
}

#define CASE(sentence, function)                                                                   \
    {                                                                                              \
        (sentence), (function), setup, teardown, NULL                                              \
    }

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE("who is on it is revoked", who_is_on_it_is_revoked),
        CASE("it may be as the operator API gives it", it_may_be_as_the_operator_api_gives_it),
        CASE("said twice is said once", said_twice_is_said_once),
        CASE("one of the minute of the backup is good", one_of_the_minute_of_the_backup_is_good),
        CASE("without keys it waits for them", without_keys_it_waits_for_them),
        CASE("one from before the backup says nothing", one_from_before_the_backup_says_nothing),
        CASE("what is no token is refused", what_is_no_token_is_refused),
        CASE("one that was changed is refused", one_that_was_changed_is_refused),
        CASE("another verifier's is refused", another_verifier_s_is_refused),
        CASE("another token of ours is refused", another_token_of_ours_is_refused),
        CASE("another tenant's is refused", another_tenant_s_is_refused),
        CASE("claims that say no list are refused", claims_that_say_no_list_are_refused),
        CASE("one that is too large is refused", one_that_is_too_large_is_refused),
        CASE("a bad list behind a good one revokes nobody",
             a_bad_list_behind_a_good_one_revokes_nobody),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
