/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a switch that ends behind any of its steps leaves a verifier that starts, with every key
 * that something may need, and is done by giving it again; the old signing key stays until its
 * results have expired, the old master key as long as a row needs it; what does not fit is refused
 * and changes nothing. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "flow/rewrap.h"
#include "init.h"
#include "rotate.h"
#include "t.h"

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    struct init_options o = { .dir = dir, .address = "v.example:443", .with_token = true };
    struct pawl_err     err;
    char                join[STATE_JOIN_MAX];

    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/pawl-rotate-XXXXXX");
    assert_non_null(mkdtemp(dir));
    T_OK(init_state(&o, join, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *path(const char *name)
{
    static char p[2][128];
    static int  i;

    i = !i;
    snprintf(p[i], sizeof(p[i]), "%s/%s", dir, name);
    return p[i];
}

static bool is_there(const char *name)
{
    return access(path(name), F_OK) == 0;
}

static void makes(enum rotated what)
{
    struct pawl_err err;
    char            pin[ROTATED_PIN_MAX];

    T_OK(rotate_new(dir, "v.example:443", what, pin, &err), &err);
    assert_int_equal(strlen(pin) > 0, what != ROTATED_MASTER);
}

static void switches(enum rotated what)
{
    struct pawl_err err;

    T_OK(rotate_switch(dir, what, &err), &err);
}

static struct keys loads(void)
{
    struct keys     k;
    struct pawl_err err;

    T_OK(keys_load(dir, &k, &err), &err);
    return k;
}

/* As serve would. */
static void starts(void)
{
    PAWL_CLEANUP(state_close) struct state s = { 0 };
    struct pawl_err                        err;

    T_OK(state_open(dir, &s, &err), &err);
}

static struct verifier_config config(void)
{
    struct verifier_config c;
    struct pawl_err        err;

    T_OK(config_load(dir, &c, &err), &err);
    return c;
}

/* ---- a switch ------------------------------------------------------------------------------- */

static void a_next_key_becomes_the_present_one(void **state)
{
    (void)state;
    struct keys was = loads();

    makes(ROTATED_SIGNING);
    makes(ROTATED_MASTER);
    struct keys announced = loads();
    assert_memory_equal(announced.verifier_id, was.verifier_id, PAWL_VERIFIER_ID);
    switches(ROTATED_SIGNING);
    switches(ROTATED_MASTER);
    struct keys is = loads();
    assert_memory_equal(is.verifier_id, announced.other_signing[KEYS_NEXT].id, PAWL_VERIFIER_ID);
    assert_memory_equal(is.other_signing[KEYS_OLD].id, was.verifier_id, PAWL_VERIFIER_ID);
    assert_null(is.other_signing[KEYS_NEXT].key);
    assert_true(pawl_secret_equal(&is.master, &announced.other_master[KEYS_NEXT].master));
    assert_true(pawl_secret_equal(&is.other_master[KEYS_OLD].master, &was.master));
    assert_int_equal(is.other_master[KEYS_NEXT].master.n, 0);
    starts();
    keys_done(&was);
    keys_done(&announced);
    keys_done(&is);
}

/* Its steps are a link and a rename: between them the present key has two names. */
static void a_switch_that_was_interrupted_is_given_again(void **state)
{
    (void)state;
    struct keys was = loads();

    makes(ROTATED_MASTER);
    makes(ROTATED_SIGNING);
    assert_int_equal(link(path("master.key"), path("master.old.key")), 0);
    assert_int_equal(link(path("signing.key"), path("signing.old.key")), 0);
    starts();
    struct keys between = loads();
    assert_true(pawl_secret_equal(&between.master, &was.master));
    assert_memory_equal(between.verifier_id, was.verifier_id, PAWL_VERIFIER_ID);
    assert_int_equal(between.other_master[KEYS_NEXT].master.n, 32);
    switches(ROTATED_MASTER);
    switches(ROTATED_SIGNING);
    struct keys is = loads();
    assert_true(pawl_secret_equal(&is.master, &between.other_master[KEYS_NEXT].master));
    assert_true(pawl_secret_equal(&is.other_master[KEYS_OLD].master, &was.master));
    assert_memory_equal(is.other_signing[KEYS_OLD].id, was.verifier_id, PAWL_VERIFIER_ID);
    starts();
    keys_done(&was);
    keys_done(&between);
    keys_done(&is);
}

static void a_tls_switch_that_was_interrupted_is_given_again(void **state)
{
    (void)state;
    struct pawl_err err;

    makes(ROTATED_TLS);
    assert_int_equal(rename(path("tls.next.key"), path("tls.key")), 0);
    switches(ROTATED_TLS);
    assert_false(is_there("tls.next.key"));
    assert_false(is_there("tls.next.crt"));
    starts();
    T_FAILS(rotate_switch(dir, ROTATED_TLS, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "tls.next.key");
}

/* Whatever its second step does: with the first one the present key is not gone. */
static void a_switch_that_fails_leaves_the_present_key(void **state)
{
    (void)state;
    struct pawl_err err;
    struct keys     was = loads();

    assert_int_equal(mkdir(path("master.next.key"), 0700), 0);
    T_FAILS(rotate_switch(dir, ROTATED_MASTER, &err), &err, PAWL_E_IO);
    assert_int_equal(rmdir(path("master.next.key")), 0);
    struct keys is = loads();
    assert_true(pawl_secret_equal(&is.master, &was.master));
    keys_done(&was);
    keys_done(&is);
}

static void a_credential_is_not_switched_here(void **state)
{
    (void)state;
    struct pawl_err err;

    makes(ROTATED_MASTER);
    assert_int_equal(unlink(path("master.key")), 0);
    T_FAILS(rotate_switch(dir, ROTATED_MASTER, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "master.key");
    assert_true(is_there("master.next.key"));
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct pawl_err        err;
    char                   pin[ROTATED_PIN_MAX];
    struct verifier_config c = config();

    assert_int_equal(rotated_from("webhook"), ROTATED_NONE);
    assert_int_equal(rotated_from("master"), ROTATED_MASTER);
    T_FAILS(rotate_switch(dir, ROTATED_MASTER, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "master.next.key");
    T_FAILS(rotate_retire(&c, ROTATED_MASTER, true, time(NULL), &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "master.old.key");
    T_FAILS(rotate_retire(&c, ROTATED_TLS, true, time(NULL), &err), &err, PAWL_E_ABSENT);
    makes(ROTATED_SIGNING);
    T_FAILS(rotate_new(dir, "v.example:443", ROTATED_SIGNING, pin, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "signing.next.key");
    switches(ROTATED_SIGNING);
    makes(ROTATED_SIGNING);
    T_FAILS(rotate_switch(dir, ROTATED_SIGNING, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "signing.old.key");
    assert_true(is_there("signing.next.key"));
    /* A certificate that a switch left, and no key beside it: the two would not fit. */
    makes(ROTATED_TLS);
    assert_int_equal(rename(path("tls.next.key"), path("tls.key")), 0);
    T_FAILS(rotate_new(dir, "v.example:443", ROTATED_TLS, pin, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "tls.next.crt");
    assert_false(is_there("tls.next.key"));
}

/* ---- the end -------------------------------------------------------------------------------- */

static void a_signing_key_goes_when_its_results_have_expired(void **state)
{
    (void)state;
    struct pawl_err        err;
    struct verifier_config c = config();

    makes(ROTATED_SIGNING);
    switches(ROTATED_SIGNING);
    int64_t now_s = time(NULL);
    T_FAILS(rotate_retire(&c, ROTATED_SIGNING, false, now_s, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "signing.old.key");
    assert_true(is_there("signing.old.key"));
    /* Of several tenants the longest time counts. */
    c.tenant[c.tenant_n] = c.tenant[0];
    c.tenant[c.tenant_n++].ear_ttl_s += 1000;
    int64_t later_s = now_s + (int64_t)c.tenant[0].ear_ttl_s + 1;
    T_FAILS(rotate_retire(&c, ROTATED_SIGNING, false, later_s, &err), &err, PAWL_E_CONFLICT);
    T_FAILS(rotate_retire(&c, ROTATED_SIGNING, false, 0, &err), &err, PAWL_E_CONFLICT);
    later_s += 1000;
    T_OK(rotate_retire(&c, ROTATED_SIGNING, false, later_s, &err), &err);
    assert_false(is_there("signing.old.key"));
    makes(ROTATED_SIGNING);
    switches(ROTATED_SIGNING);
    T_OK(rotate_retire(&c, ROTATED_SIGNING, true, now_s, &err), &err);
    starts();
}

/* The one row is the token of the start. */
static void wraps_anew(void)
{
    PAWL_CLEANUP(state_close) struct state    s = { 0 };
    PAWL_CLEANUP(state_flow_done) struct flow f = { 0 };
    struct rewrap                             r = { 0 };
    struct pawl_err                           err;

    T_OK(state_open(dir, &s, &err), &err);
    T_OK(state_flow(&s, &f, &err), &err);
    while (!r.over) {
        PAWL_CLEANUP(step_done) struct step step = { 0 };
        T_OK(rewrap_next(&r, &f, &step, &err), &err);
        T_OK(store_commit_wait(&s.store, &step, &err), &err);
    }
    assert_int_equal(r.found, 1);
}

static void a_master_key_goes_when_no_row_needs_it(void **state)
{
    (void)state;
    struct pawl_err        err;
    struct verifier_config c = config();

    makes(ROTATED_MASTER);
    switches(ROTATED_MASTER);
    T_FAILS(rotate_retire(&c, ROTATED_MASTER, true, time(NULL), &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "master.old.key");
    assert_non_null(strstr(err.why, "1 row"));
    assert_true(is_there("master.old.key"));
    wraps_anew();
    T_OK(rotate_retire(&c, ROTATED_MASTER, false, time(NULL), &err), &err);
    assert_false(is_there("master.old.key"));
    starts();
    makes(ROTATED_MASTER); /* and so another time */
    switches(ROTATED_MASTER);
    wraps_anew();
}

#define CASE(sentence, function)                                                                   \
    {                                                                                              \
        (sentence), (function), setup, teardown, NULL                                              \
    }

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE("a next key becomes the present one", a_next_key_becomes_the_present_one),
        CASE("a switch that was interrupted is given again",
             a_switch_that_was_interrupted_is_given_again),
        CASE("a TLS switch that was interrupted is given again",
             a_tls_switch_that_was_interrupted_is_given_again),
        CASE("a switch that fails leaves the present key",
             a_switch_that_fails_leaves_the_present_key),
        CASE("a credential is not switched here", a_credential_is_not_switched_here),
        CASE("what does not fit is refused", what_does_not_fit_is_refused),
        CASE("a signing key goes when its results have expired",
             a_signing_key_goes_when_its_results_have_expired),
        CASE("a master key goes when no row needs it", a_master_key_goes_when_no_row_needs_it),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
