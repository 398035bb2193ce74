/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: one credential gets its share of the answers that are held open and no more, the others
 * get theirs meanwhile; all together get what there is; a place that is left is free again. */
#include <stdio.h>
#include <string.h>

#include "api/waits.h"
#include "t.h"

static struct credential named(const char *name)
{
    struct credential c = { .role = ROLE_READ };

    snprintf(c.name, sizeof(c.name), "%s", name);
    memset(c.sha256, *name, *name ? sizeof(c.sha256) : 0);
    return c;
}

static struct wait wait[WAITS_MAX + 1];

static unsigned holds(const char *name, unsigned from, unsigned to)
{
    const struct credential who = named(name);
    struct pawl_err         err;
    unsigned                n = 0;

    for (unsigned i = from; i < to; i++)
        n += pawl_is_ok(wait_hold(&wait[i], &who, &err));
    return n;
}

static void leave_all(void)
{
    for (unsigned i = 0; i < WAITS_MAX + 1; i++)
        wait_leave(&wait[i]);
}

static void one_credential_gets_its_share(void **state)
{
    (void)state;
    const struct credential greedy = named("greedy");
    struct pawl_err         err;

    assert_int_equal(holds("greedy", 0, WAITS_SHARE), WAITS_SHARE);
    T_FAILS(wait_hold(&wait[WAITS_SHARE], &greedy, &err), &err, PAWL_E_FULL);
    T_WHERE(&err, "share");
    assert_true(wait_is_over_share((pawl_status){ PAWL_E_FULL }, &err));
    assert_false(wait[WAITS_SHARE].held);
    T_OK(wait_hold(&wait[0], &greedy, &err), &err); /* the place that it has */
    assert_int_equal(holds("other", WAITS_SHARE, 2 * WAITS_SHARE), WAITS_SHARE);
    leave_all();
}

static void all_together_get_what_there_is(void **state)
{
    (void)state;
    const struct credential late = named("late");
    struct pawl_err         err;

    assert_int_equal(holds("", 0, WAITS_MAX), WAITS_MAX); /* the socket has no share */
    T_FAILS(wait_hold(&wait[WAITS_MAX], &late, &err), &err, PAWL_E_MEMORY);
    T_WHERE(&err, "stream");
    assert_false(wait_is_over_share((pawl_status){ PAWL_E_MEMORY }, &err));
    wait_leave(&wait[7]);
    T_OK(wait_hold(&wait[WAITS_MAX], &late, &err), &err);
    leave_all();
}

static void a_place_that_is_left_is_free(void **state)
{
    (void)state;
    assert_int_equal(holds("greedy", 0, WAITS_SHARE), WAITS_SHARE);
    wait_leave(&wait[3]);
    wait_leave(&wait[3]); /* none is left twice */
    assert_int_equal(holds("greedy", WAITS_SHARE, WAITS_SHARE + 2), 1);
    leave_all();
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("one credential gets its share", one_credential_gets_its_share),
        T_CASE("all together get what there is", all_together_get_what_there_is),
        T_CASE("a place that is left is free", a_place_that_is_left_is_free),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
