/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the counterexamples of tests/model/clone.pml against the verifier's flows: two copies of
 * one device, each of them the honest agent. With the rule that a case names the second one is
 * called a fork, and never an unknown base; the last two show what no rule finds before a rekey.
 */
#include <string.h>

#include "replay.h"

static void begin(struct world *w, struct soft_device *a, struct soft_device *copy)
{
    world_make(w);
    w->config.tenant[ACME].resync_auto = true;
    world_settled(w, a);
    *copy = *a;
}

static void is_a_fork(struct world *w, struct soft_device *d, enum pawl_label label)
{
    replay_refused(w, d, label, PAWL_REFUSAL_FORKED);
    assert_int_equal(world_incidents(w, RULE_E5), 1);
}

/* ---- copies of a running process --------------------------------------------------------------
 */

/* Both only attest, nothing is lost: the second one to use an attempt shows another request. */
static void a_used_attempt_on_the_same_base_is_a_fork(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             a;
    struct soft_device copy;

    begin(&w, &a, &copy);
    world_attest(&w, &a);
    is_a_fork(&w, &copy, PAWL_LABEL_ATTEST);
}

/* One rekeys, the other attests with the root that both had: from then on the new root is proof. */
static void an_attest_on_the_old_root_makes_the_new_one_a_fork(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             a;
    struct soft_device copy;

    begin(&w, &a, &copy);
    world_rekey(&w, &a);
    copy.attempt = a.attempt;
    world_attest(&w, &copy);
    a.attempt = copy.attempt;
    is_a_fork(&w, &a, PAWL_LABEL_ATTEST);
}

/* ---- cold copies ------------------------------------------------------------------------------
 */

static void the_first_start_that_comes_back_is_a_fork(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             a;
    struct soft_device copy;

    begin(&w, &a, &copy);
    a.boot_id[0] = 1;
    copy.boot_id[0] = 2;
    world_attest(&w, &a);
    copy.attempt = a.attempt;
    world_attest(&w, &copy);
    assert_int_equal(world_all_incidents(&w), 0);
    a.attempt = copy.attempt;
    world_attest(&w, &a); /* the second alternation */
    assert_int_equal(world_incidents(&w, RULE_E5), 1);
}

/* Both rekey on the root that they had in common. The first root was granted and never used. */
static void a_root_that_was_discarded_is_a_fork_and_not_unknown(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             a;
    struct soft_device copy;

    begin(&w, &a, &copy);
    world_rekey(&w, &a);
    copy.attempt = a.attempt;
    world_rekey(&w, &copy);
    a.attempt = copy.attempt;
    is_a_fork(&w, &a, PAWL_LABEL_REKEY);
}

static void a_root_of_an_older_epoch_is_a_fork_and_not_unknown(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             a;
    struct soft_device copy;

    begin(&w, &a, &copy);
    world_rekey(&w, &a);
    world_attest(&w, &a);
    copy.attempt = a.attempt;
    is_a_fork(&w, &copy, PAWL_LABEL_ATTEST);
    replay_refused(&w, &copy, PAWL_LABEL_RESYNC, PAWL_REFUSAL_FORKED); /* and no way in */
}

/* ---- limits -----------------------------------------------------------------------------------
 */

/* The first rekey of either: behind it the other one's root is proof. */
static void a_rekey_finds_the_other(struct world *w, struct soft_device *a, struct soft_device *b)
{
    assert_int_equal(world_all_incidents(w), 0);
    if (a->attempt < b->attempt)
        a->attempt = b->attempt;
    w->now_ms += PAWL_REKEY_MIN_MS;
    world_rekey(w, a);
    world_attest(w, a);
    b->attempt = a->attempt;
    is_a_fork(w, b, PAWL_LABEL_ATTEST);
}

/* Requests that get lost make the attempts differ: they alternate as one device would. */
static void running_copies_that_only_attest_alternate_until_a_rekey(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             a;
    struct soft_device copy;

    begin(&w, &a, &copy);
    for (unsigned i = 0; i < 4; i++) {
        struct soft_device *one = i % 2 ? &copy : &a, *other = i % 2 ? &a : &copy;
        world_attest(&w, one);
        other->attempt++; /* the request that it made meanwhile is lost */
    }
    a_rekey_finds_the_other(&w, &a, &copy);
}

static void copies_that_restart_before_each_request_alternate_until_a_rekey(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             a;
    struct soft_device copy;

    begin(&w, &a, &copy);
    for (uint8_t i = 0; i < 8; i++) {
        struct soft_device *one = i % 2 ? &copy : &a;
        one->boot_id[0] = (uint8_t)(100 + i);
        one->attempt += 64u * (i + 1u); /* the next block, above the other's */
        world_attest(&w, one);
    }
    a.boot_id[0] = 200;
    copy.boot_id[0] = 201;
    a_rekey_finds_the_other(&w, &a, &copy);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("R_EQATT: a used attempt on the same base is a fork",
               a_used_attempt_on_the_same_base_is_a_fork),
        T_CASE("R_DISC: an attest on the old root makes the new one a fork",
               an_attest_on_the_old_root_makes_the_new_one_a_fork),
        T_CASE("R_BOOT: the first start that comes back is a fork",
               the_first_start_that_comes_back_is_a_fork),
        T_CASE("R_TOMB: a root that was discarded is a fork and not unknown",
               a_root_that_was_discarded_is_a_fork_and_not_unknown),
        T_CASE("R_EPLOW: a root of an older epoch is a fork and not unknown",
               a_root_of_an_older_epoch_is_a_fork_and_not_unknown),
        T_CASE("LIVE: running copies that only attest alternate until a rekey",
               running_copies_that_only_attest_alternate_until_a_rekey),
        T_CASE("RESTART: copies that restart before each request alternate until a rekey",
               copies_that_restart_before_each_request_alternate_until_a_rekey),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
