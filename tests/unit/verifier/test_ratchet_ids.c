/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: an id of the device's queue comes once, is of its incarnation, and may come again only
 * when it is forgotten (P-VMSG ids, P-MARK-8).
 */
#include <stdlib.h>
#include <string.h>

#include "plan_fixture.h"
#include "ratchet/plan.h"
#include "t.h"

/* ---- the device's queue --------------------------------------------------------------------- */

static void an_id_comes_once(void **state) /* P-VMSG ids */
{
    (void)state;
    struct ratchet r = { 0 };

    assert_false(ratchet_id_seen(&r, 0));
    assert_true(ratchet_id_seen(&r, 0));
    assert_false(ratchet_id_seen(&r, 1));
    assert_false(ratchet_id_seen(&r, 5));
    assert_true(ratchet_id_seen(&r, 1));
    assert_true(ratchet_id_seen(&r, 0));
    for (uint64_t id = 2; id < 5; id++) {
        assert_false(ratchet_id_seen(&r, id));
        assert_true(ratchet_id_seen(&r, id));
    }
    assert_false(ratchet_id_seen(&r, 1025 + 5));
    assert_true(ratchet_id_seen(&r, 1025 + 5));
    assert_false(ratchet_id_seen(&r, 5)); /* too far behind: begun anew from there */
    assert_true(ratchet_id_seen(&r, 5));
    assert_false(ratchet_id_seen(&r, 6));
    assert_true(ratchet_id_seen(&r, 6));
    assert_false(ratchet_id_seen(&r, 6 + 2 * 1024));
    assert_false(ratchet_id_seen(&r, 5 + 2 * 1024));
    assert_false(ratchet_id_seen(&r, UINT32_MAX));
    assert_true(ratchet_id_seen(&r, UINT32_MAX));
}

/* One forged message does not swallow those of the device. */
static void who_runs_ahead_of_the_ids_swallows_none(void **state)
{
    (void)state;
    struct ratchet r = { 0 };

    assert_false(ratchet_id_seen(&r, 7));
    assert_false(ratchet_id_seen(&r, UINT32_MAX));
    for (uint64_t id = 8; id < 3000; id++) {
        assert_false(ratchet_id_seen(&r, id));
        assert_true(ratchet_id_seen(&r, id));
    }
    assert_int_equal(r.queue_n, 1);
}

static void an_id_is_of_its_incarnation(void **state)
{
    (void)state;
    struct ratchet r = { 0 };

    for (uint64_t i = 1; i <= RATCHET_QUEUES; i++)
        assert_false(ratchet_id_seen(&r, i << 32 | 7));
    for (uint64_t i = 1; i <= RATCHET_QUEUES; i++)
        assert_true(ratchet_id_seen(&r, i << 32 | 7));
    assert_false(ratchet_id_seen(&r, UINT64_C(9) << 32 | 7));
    assert_true(ratchet_id_seen(&r, UINT64_C(9) << 32 | 7));
    assert_true(ratchet_id_seen(&r, UINT64_C(4) << 32 | 7));
    assert_int_equal(r.queue_n, RATCHET_QUEUES);
}

static void ids_are_what_a_plain_list_says(void **state)
{
    (void)state;
    static bool    came[4096];
    struct ratchet r = { 0 };
    uint32_t       hi = 0;

    srand(7);
    memset(came, 0, sizeof(came));
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t id = (uint32_t)rand() % 4096;
        if (id > hi + 150)
            id = hi + 150 < 4096 ? hi + (uint32_t)rand() % 150 : id;
        bool known = i > 0 && came[id];
        if (hi > RATCHET_IDS && id < hi - RATCHET_IDS) { /* begun anew */
            memset(came, 0, sizeof(came));
            known = false;
            hi = id;
        }
        assert_int_equal(ratchet_id_seen(&r, id), known);
        came[id] = true;
        hi = id > hi ? id : hi;
    }
}

/* ---- any walk ------------------------------------------------------------------------------- */

static void an_id_that_is_forgotten_may_come_again(void **state)
{
    (void)state;
    struct ratchet r = { 0 };

    for (uint64_t id = 3; id <= 9; id += 2)
        assert_false(ratchet_id_seen(&r, id));
    ratchet_id_forget(&r, 5);
    ratchet_id_forget(&r, 9);    /* the highest: 7 is, now */
    ratchet_id_forget(&r, 4);    /* never came */
    ratchet_id_forget(&r, 1000); /* never will */
    ratchet_id_forget(&r, UINT64_C(1) << 32);
    assert_true(ratchet_id_seen(&r, 3));
    assert_true(ratchet_id_seen(&r, 7));
    assert_false(ratchet_id_seen(&r, 9));
    assert_false(ratchet_id_seen(&r, 5));
    for (uint64_t id = 3; id <= 9; id++)
        assert_int_equal(ratchet_id_seen(&r, id), id % 2);
    assert_int_equal(r.queue_n, 1);
}

static void a_queue_of_which_nothing_is_left_is_forgotten(void **state)
{
    (void)state;
    struct ratchet r = { 0 };

    for (uint64_t queue = 1; queue <= RATCHET_QUEUES; queue++)
        assert_false(ratchet_id_seen(&r, queue << 32 | UINT32_MAX));
    ratchet_id_forget(&r, UINT64_C(2) << 32 | UINT32_MAX);
    assert_int_equal(r.queue_n, RATCHET_QUEUES - 1);
    assert_false(ratchet_id_seen(&r, UINT64_C(2) << 32)); /* and not what a wrap would say */
    for (uint64_t queue = 1; queue <= RATCHET_QUEUES; queue++)
        assert_int_equal(ratchet_id_seen(&r, queue << 32 | UINT32_MAX), queue != 2);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("an id comes once", an_id_comes_once),
        T_CASE("P-MARK-8 an id that is forgotten may come again",
               an_id_that_is_forgotten_may_come_again),
        T_CASE("P-MARK-8 a queue of which nothing is left is forgotten",
               a_queue_of_which_nothing_is_left_is_forgotten),
        T_CASE("who runs ahead of the ids swallows none", who_runs_ahead_of_the_ids_swallows_none),
        T_CASE("an id is of its incarnation", an_id_is_of_its_incarnation),
        T_CASE("ids are what a plain list says", ids_are_what_a_plain_list_says),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
