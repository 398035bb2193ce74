/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the counterexamples of tests/model/generations.pml against the verifier's flows: keys of
 * the uplink in any order, bytes that do not open, a thief that runs ahead. What a start of the
 * device does (R_NEWGEN) is in tests/unit/agent/test_model_messages.c.
 */
#include <string.h>

#include "replay.h"

/* An attacker on the network knows kid and form of a message, and has no key. */
static struct pawl_view junk(const struct soft_epoch *e, uint32_t gen)
{
    struct soft_epoch claimed = *e;
    struct pawl_msg   m;
    struct pawl_err   err;

    soft_generation(&claimed, gen);
    struct pawl_view v = soft_app(&claimed, 99, "junk");
    T_OK(pawl_msg_parse(v, &m, &err), &err);
    ((uint8_t *)m.ciphertext.p)[0] ^= 1;
    return v;
}

static void bytes_that_do_not_open_move_no_chain(void **state)
{
    (void)state;
    WORLD                     w;
    DEVICE                    d;
    struct soft_epoch         e;
    static struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view       first = soft_app(&e, 1, "one");
    const struct pawl_view mixed[] = { junk(&e, 5), first };
    world_says(&w, &d, &e, mixed, 2, &a);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:one ");
    assert_int_equal(world_ratchet(&w, &d).current.up.gen, 1);
    soft_generation(&e, 1);
    struct pawl_view       second = soft_app(&e, 2, "two");
    const struct pawl_view more[] = { junk(&e, 200), second };
    world_says(&w, &d, &e, more, 2, &a);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:one 1/1/2/2:two ");
    assert_int_equal(world_all_incidents(&w), 0);
}

static void a_message_of_a_passed_generation_is_taken(void **state)
{
    (void)state;
    WORLD                     w;
    DEVICE                    d;
    struct soft_epoch         e;
    static struct soft_answer a;
    struct pawl_view          cose[3];

    world_make(&w);
    world_talks(&w, &d, &e);
    for (uint32_t i = 0; i < 3; i++) {
        soft_generation(&e, i);
        cose[i] = soft_app(&e, i + 1, "x");
    }
    for (size_t i = 3; i-- > 0;) { /* the newest first */
        world_says(&w, &d, &e, &cose[i], 1, &a);
        replay_restart(&w);
    }
    assert_string_equal(world_inbox(&w, &d), "1/2/3/3:x 1/1/2/2:x 1/0/1/1:x ");
    assert_int_equal(world_all_incidents(&w), 0);
}

/* The thief opens the next generation at a slot that the device has not reached. */
static void a_thief_that_runs_ahead_is_met_by_the_next_honest_message(void **state)
{
    (void)state;
    WORLD                     w;
    DEVICE                    d;
    struct soft_epoch         e;
    static struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view one = soft_app(&e, 1, "one");
    world_says(&w, &d, &e, &one, 1, &a);
    struct soft_epoch thief = e;
    soft_generation(&thief, 1);
    struct pawl_view forged = soft_app(&thief, 2, "forged");
    world_says(&w, &d, &e, &forged, 1, &a);
    assert_int_equal(world_all_incidents(&w), 0);
    struct pawl_view two = soft_app(&e, 3, "two");
    world_says(&w, &d, &e, &two, 1, &a);
    assert_int_equal(world_incidents(&w, RULE_E2), 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("R_SCRATCH: bytes that do not open move no chain",
               bytes_that_do_not_open_move_no_chain),
        T_CASE("R_KEEP: a message of a passed generation is taken",
               a_message_of_a_passed_generation_is_taken),
        T_CASE("R_E2: a thief that runs ahead is met by the next honest message",
               a_thief_that_runs_ahead_is_met_by_the_next_honest_message),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
