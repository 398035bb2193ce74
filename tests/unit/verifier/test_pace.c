/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a rate is kept to the number, earned back by time, each one's own, and forgotten rather
 * than wrongly remembered. */
#include "t.h"

#include "pace.h"

static struct pace *pace(uint64_t n, uint64_t period_s, uint64_t burst)
{
    struct pace    *p = NULL;
    struct pawl_err err;

    T_OK(pace_make(n, period_s, burst, &p, &err), &err);
    return p;
}

static unsigned served(struct pace *p, uint64_t who, int64_t now_ms, unsigned times)
{
    unsigned n = 0;

    for (unsigned i = 0; i < times; i++)
        n += pace_wait(p, who, now_ms) == 0;
    return n;
}

static void serves_a_burst_and_then_by_the_rate(void **state)
{
    struct pace *p = pace(2, 1, 5);

    (void)state;
    assert_int_equal(served(p, 7, 1000, 20), 5);
    assert_int_equal(served(p, 7, 1499, 20), 0);
    assert_int_equal(served(p, 7, 1500, 20), 1);
    assert_int_equal(served(p, 7, 3000, 20), 3);
    assert_int_equal(served(p, 7, 1000000, 20), 5);
    pace_free(&p);
}

static void tells_when_it_may_come_again_and_holds_that(void **state)
{
    struct pace *p = pace(1, 60, 1);

    (void)state;
    assert_int_equal(pace_wait(p, 1, 0), 0);
    assert_int_equal(pace_wait(p, 1, 1), 60);
    assert_int_equal(pace_wait(p, 1, 59001), 1);
    assert_int_equal(pace_wait(p, 1, 59999), 1);
    assert_int_equal(pace_wait(p, 1, 60000), 0);
    pace_free(&p);
}

static void everybody_has_a_rate_of_its_own(void **state)
{
    struct pace *p = pace(1, 1, 3);

    (void)state;
    for (uint64_t who = 0; who < 1000; who++)
        assert_int_equal(served(p, who << 32, 5000, 4), 3);
    pace_free(&p);
}

static void no_limit_serves_everybody(void **state)
{
    struct pace *p = pace(0, 1, 1);

    (void)state;
    assert_null(p);
    assert_int_equal(served(p, 1, 0, 1000), 1000);
    pace_free(&p);
}

/* A table's worth of others, many times over: the greedy one may begin anew, and an honest one is
 * served whatever happens. */
static void a_crowd_pushes_out_and_locks_nobody_out(void **state)
{
    struct pace *p = pace(1, 1, 2);

    (void)state;
    for (uint64_t who = 1; who < 200000; who++)
        assert_int_equal(pace_wait(p, who * 0x9e3779b97f4a7c15u, 1000), 0);
    assert_int_equal(pace_wait(p, 42, 1000), 0);
    pace_free(&p);
}

static void who_uses_little_is_pushed_out_before_who_uses_much(void **state)
{
    struct pace *p = pace(1, 1, 100);

    (void)state;
    assert_int_equal(served(p, 99, 1000, 200), 100);
    for (uint64_t who = 1000; who < 100000; who++) /* once each */
        assert_int_equal(pace_wait(p, who, 1000), 0);
    assert_int_equal(served(p, 99, 1000, 10), 0);
    pace_free(&p);
}

static void a_clock_that_went_back_locks_nobody_out(void **state)
{
    struct pace *p = pace(1, 1, 2);

    (void)state;
    assert_int_equal(served(p, 1, 1000000000, 3), 2);
    assert_int_equal(served(p, 1, 1000, 3), 2);
    pace_free(&p);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("serves a burst and then by the rate", serves_a_burst_and_then_by_the_rate),
        T_CASE("tells when it may come again and holds that",
               tells_when_it_may_come_again_and_holds_that),
        T_CASE("everybody has a rate of its own", everybody_has_a_rate_of_its_own),
        T_CASE("no limit serves everybody", no_limit_serves_everybody),
        T_CASE("a crowd pushes out and locks nobody out", a_crowd_pushes_out_and_locks_nobody_out),
        T_CASE("who uses little is pushed out before who uses much",
               who_uses_little_is_pushed_out_before_who_uses_much),
        T_CASE("a clock that went back locks nobody out", a_clock_that_went_back_locks_nobody_out),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
