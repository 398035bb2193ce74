/* SPDX-License-Identifier: Apache-2.0 */
/* Proves of a verifier's state directory: verifier time never goes below what its store holds, not
 * in the next run either, and does not stand still; one process holds the directory. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "init.h"
#include "store_fixture.h"

struct state_fixture {
    char         dir[64];
    struct state s;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void state_fixture_done(struct state_fixture *f)
{
    state_close(&f->s);
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define STATE_FIXTURE PAWL_CLEANUP(state_fixture_done) struct state_fixture

static void state_fixture_make(struct state_fixture *f)
{
    struct init_options o = { .dir = f->dir, .address = "v.example:443" };
    struct pawl_err     err;
    char                join[STATE_JOIN_MAX];

    *f = (struct state_fixture){ .dir = "/tmp/pawl-state-XXXXXX" };
    assert_non_null(mkdtemp(f->dir));
    T_OK(init_state(&o, join, &err), &err);
    T_OK(state_open(f->dir, &f->s, &err), &err);
}

static void state_fixture_reopen(struct state_fixture *f)
{
    struct pawl_err err;

    state_close(&f->s);
    memset(&f->s, 0, sizeof(f->s));
    T_OK(state_open(f->dir, &f->s, &err), &err);
}

static int64_t now_ms(struct state_fixture *f)
{
    PAWL_CLEANUP(state_flow_done) struct flow flow = { 0 };
    struct pawl_err                           err;

    T_OK(state_flow(&f->s, &flow, &err), &err);
    return flow.now_ms(flow.now_arg);
}

static void time_is_the_wall_clocks(void **state)
{
    (void)state;
    STATE_FIXTURE f;
    int64_t       before = (int64_t)time(NULL) * 1000;

    state_fixture_make(&f);
    int64_t now = now_ms(&f);
    assert_true(now >= before);
    assert_true(now <= ((int64_t)time(NULL) + 1) * 1000);
}

/* As after a start with a clock that was set back by eleven days. *ret_newest_ms: what a row has.
 */
static void state_fixture_ahead(struct state_fixture *f, int64_t *ret_newest_ms)
{
    struct pawl_err err;
    struct device   d = store_device("default", 1);
    struct step     s;

    state_fixture_make(f);
    d.seen_s = (int64_t)time(NULL) + 1000000;
    s = store_step(&d);
    T_OK(store_commit_wait(&f->s.store, &s, &err), &err);
    state_fixture_reopen(f);
    *ret_newest_ms = d.seen_s * 1000 + 999;
}

static void time_never_goes_below_what_the_store_holds(void **state)
{
    (void)state;
    STATE_FIXTURE f;
    int64_t       newest_ms;

    state_fixture_ahead(&f, &newest_ms);
    int64_t now = now_ms(&f);
    assert_true(now >= newest_ms && now < newest_ms + 60000);
    state_fixture_reopen(&f);
    now = now_ms(&f);
    assert_true(now >= newest_ms && now < newest_ms + 60000);
}

static int64_t boot_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void time_goes_on_while_the_wall_clock_is_behind_and_lets_it_catch_up(void **state)
{
    (void)state;
    STATE_FIXTURE f;
    int64_t       newest_ms, last, now;

    state_fixture_ahead(&f, &newest_ms);
    int64_t begun = boot_ms(), first = now_ms(&f);

    now = last = first;
    while (now < first + 200) {
        now = now_ms(&f);
        assert_true(now >= last);
        assert_true(now - first <= (boot_ms() - begun) * 7 / 8 + 2);
        assert_true(boot_ms() < begun + 60000);
        last = now;
    }
}

/* As when another verifier, whose clock is ahead of ours, wrote to it. */
static void time_follows_what_comes_into_the_store(void **state)
{
    (void)state;
    STATE_FIXTURE   f;
    struct device   d = store_device("default", 1);
    struct pawl_err err;

    state_fixture_make(&f);
    assert_true(state_clock_behind_ms(&f.s) < 1000);
    d.seen_s = (int64_t)time(NULL) + 10;
    struct step s = store_step(&d);
    T_OK(store_commit_wait(&f.s.store, &s, &err), &err);
    int64_t now = now_ms(&f), behind = state_clock_behind_ms(&f.s);
    assert_true(now >= d.seen_s * 1000 - 1 && now < d.seen_s * 1000 + 60000);
    assert_true(behind > 5000 && behind <= 10000);
}

static void one_process_holds_the_directory(void **state)
{
    (void)state;
    STATE_FIXTURE   f;
    struct pawl_err err;
    int             first = -1, second;

    state_fixture_make(&f);
    T_OK(state_lock(f.dir, &first, &err), &err);
    t_poison(&second, sizeof(second));
    T_FAILS(state_lock(f.dir, &second, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "state");
    t_still_poisoned(&second, sizeof(second));
    close(first);
    T_OK(state_lock(f.dir, &second, &err), &err);
    close(second);
    T_FAILS(state_lock("/nowhere/at/all", &second, &err), &err, PAWL_E_ABSENT);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("time is the wall clock's", time_is_the_wall_clocks),
        T_CASE("time never goes below what the store holds",
               time_never_goes_below_what_the_store_holds),
        T_CASE("time goes on while the wall clock is behind, and lets it catch up",
               time_goes_on_while_the_wall_clock_is_behind_and_lets_it_catch_up),
        T_CASE("time follows what comes into the store", time_follows_what_comes_into_the_store),
        T_CASE("one process holds the directory", one_process_holds_the_directory),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
