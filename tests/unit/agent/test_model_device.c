/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the counterexamples of tests/model/sync.pml that take a rule of the device away, against
 * the agent's flows and its real state files: lost and late answers, crashes, a loss of state, a
 * verifier that fails over to an older store and back. At the end both hold the same root.
 */
#include <string.h>
#include <unistd.h>

#include "replay.h"
#include "scratch.h"

/* The device rekeys again before the verifier has seen its new root in use, then behind a crash. */
static void the_next_base_is_the_newest_root(void **state)
{
    (void)state;
    for (uint64_t epoch = 2; epoch < 6; epoch++) {
        agent_rekeys();
        assert_int_equal(agent_said()->label, PAWL_LABEL_REKEY); /* and no resync */
        assert_true(agent_said()->base_epoch == epoch - 1);
        agent_in_step(&world.pending, epoch);
        if (epoch % 2)
            agent_crash();
    }
    agent_attests();
    assert_int_equal(agent_said()->label, PAWL_LABEL_ATTEST);
    assert_true(agent_said()->base_epoch == 5);
    agent_in_step(&world.current, 5);
}

/* A request is out when the device crashes; the next one must not carry its number. */
static void no_attempt_comes_twice_behind_a_crash(void **state)
{
    uint64_t before = agent_said()->attempt;

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        agent_script(0)->answer = FAKE_LOSES;
        T_FAILS(flow_attest(&agent.flow, PAWL_REASON_SCHEDULE, &agent.answer, &agent.err),
                &agent.err, PAWL_E_IO);
        assert_true(agent_said()->attempt > before);
        before = agent_said()->attempt;
        agent_crash();
    }
    agent_attests();
    assert_true(agent_said()->attempt > before);
    agent_in_step(&world.current, 1);
}

/* ---- durable before use -----------------------------------------------------------------------
 */

static unsigned moments;

/* What would be left of the device if its power went now. */
static void keep_moment(const char *name)
{
    (void)name;
    agent_keep(++moments);
}

static void a_crash_in_a_rekey_leaves_a_root_that_the_verifier_knows(void **state)
{
    unsigned with_old = 0, with_new = 0;

    (void)state;
    agent_script(0)->answer = FAKE_HONEST;
    moments = 0;
    point_reached = keep_moment;
    agent_rekeys();
    point_reached = NULL;
    const struct pawl_root current = world.current, pending = world.pending;
    for (unsigned i = 1; i <= moments; i++) {
        agent_go_back(i);
        uint64_t epoch = agent.flow.live.slot.epoch;
        assert_true(agent.flow.live.open);
        agent_in_step(epoch == 1 ? &current : &pending, epoch);
        *(epoch == 1 ? &with_old : &with_new) += 1;
    }
    assert_true(with_old && with_new);
    /* The rekey had ended with the last of them, so from then on the new root may be used. */
    assert_true(agent.flow.live.slot.epoch == 2);
}

/* What could not be made durable is not used. */
static void a_root_that_is_not_durable_is_not_used(void **state)
{
    (void)state;
    world.vault.trouble = SOFT_NO_INCREMENT;
    assert_false(
        pawl_is_ok(flow_rekey(&agent.flow, PAWL_REASON_SCHEDULE, &agent.answer, &agent.err)));
    world.vault.trouble = SOFT_NONE;
    assert_true(agent.flow.live.slot.epoch == 1);
    const struct pawl_msg m = agent_seals("x");
    assert_memory_equal(m.kid, world.current.kid, PAWL_KID);
    agent_crash();
    agent_attests();
    agent_in_step(&world.current, 1);
    agent_rekeys();
    agent_in_step(&world.pending, 2);
}

/* ---- answers -----------------------------------------------------------------------------------
 */

/* The answer to the first of two rekeys comes in place of the second one's: the verifier has
 * discarded that root. */
static void an_answer_to_another_request_is_not_believed(void **state)
{
    (void)state;
    agent_script(0)->answer = FAKE_LOSES;
    agent_script(1)->answer = FAKE_REPLAYS;
    T_FAILS(flow_rekey(&agent.flow, PAWL_REASON_SCHEDULE, &agent.answer, &agent.err), &agent.err,
            PAWL_E_IO);
    T_FAILS(flow_rekey(&agent.flow, PAWL_REASON_SCHEDULE, &agent.answer, &agent.err), &agent.err,
            PAWL_E_FORGED);
    T_WHERE(&agent.err, "ear.eat_nonce");
    assert_true(agent.flow.live.slot.epoch == 1);
    agent_rekeys();
    agent_in_step(&world.pending, 2);
}

/* Refused, resync refused too; then the fresh store comes back, and finds the device on its base.
 */
static void a_refused_resync_leads_back_to_the_base(void **state)
{
    (void)state;
    agent_rekeys();
    const struct fake_world fresh = world;
    fake_world_forget();
    *agent_script(1) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_WAIT_FOR_APPROVAL, 1 };
    agent_rekeys();
    assert_int_equal(agent_said()->label, PAWL_LABEL_RESYNC);
    assert_int_equal(agent.answer.refusal.code, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    world.current = fresh.current;
    world.pending = fresh.pending;
    world.known_epoch = fresh.known_epoch;
    size_t from = world.evidence_n;
    agent_rekeys();
    assert_int_equal(world.evidence_n, from + 1);
    assert_int_equal(agent_said()->label, PAWL_LABEL_REKEY);
    assert_true(agent_said()->base_epoch == 2);
    agent_in_step(&world.pending, 3);
}

/* ---- a loss of state ----------------------------------------------------------------------------
 */

/* A request of the life before is still on its way: no number of it may be used again, and nobody
 * knows how many there were. */
static void after_a_loss_attempts_go_on_far_above(void **state)
{
    (void)state;
    uint64_t known = agent_said()->attempt;
    agent_script(0)->answer = FAKE_AWAY; /* this one is on its way */
    T_FAILS(flow_rekey(&agent.flow, PAWL_REASON_SCHEDULE, &agent.answer, &agent.err), &agent.err,
            PAWL_E_IO);
    flow_close(&agent.flow);
    assert_int_equal(unlink(scratch_path("state/reservation.json")), 0);
    assert_int_equal(unlink(scratch_path("state/slot.0")), 0);
    T_OK(flow_open(&agent.config, &agent.flow, &agent.err), &agent.err);
    *agent_script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT, known };
    agent_rekeys();
    assert_int_equal(agent_said()->label, PAWL_LABEL_RESYNC);
    assert_true(agent_said()->attempt >= known + RESERVATION_LOST);
    agent_in_step(&world.pending, 2);
    agent_crash();
    agent_attests();
    assert_true(agent_said()->attempt >= known + RESERVATION_LOST);
    agent_in_step(&world.current, 2);
}

/* ---- limits -------------------------------------------------------------------------------------
 */

/* An older state directory opens as long as no slot was written since: then it repeats attempts,
 * and the verifier calls that a fork. Behind a slot write it is refused, and comes back by resync.
 */
static void a_directory_put_back_repeats_attempts_within_an_epoch_alone(void **state)
{
    (void)state;
    agent_crash();
    agent_keep(1);
    agent_attests();
    uint64_t used = agent_said()->attempt;
    agent.config.messages = false; /* a start writes no slot */
    agent_put_back(1);
    agent_attests();
    assert_true(agent_said()->attempt == used);
    agent_rekeys();
    agent_put_back(1);
    assert_true(agent.flow.live.lost);
    agent_rekeys();
    assert_int_equal(agent_said()->reason, PAWL_REASON_STATE_LOST);
    agent_in_step(&world.pending, 3);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), agent_make, agent_done, NULL                                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("R_BASE: the next base is the newest root", the_next_base_is_the_newest_root),
        CASE("R_D3: no attempt comes twice behind a crash", no_attempt_comes_twice_behind_a_crash),
        CASE("R_D4: a crash in a rekey leaves a root that the verifier knows",
             a_crash_in_a_rekey_leaves_a_root_that_the_verifier_knows),
        CASE("R_D4: a root that is not durable is not used",
             a_root_that_is_not_durable_is_not_used),
        CASE("R_TH1: an answer to another request is not believed",
             an_answer_to_another_request_is_not_believed),
        CASE("R_BACK: a refused resync leads back to the base",
             a_refused_resync_leads_back_to_the_base),
        CASE("R_SKIP: after a loss attempts go on far above",
             after_a_loss_attempts_go_on_far_above),
        CASE("DIR: a directory put back repeats attempts within an epoch alone",
             a_directory_put_back_repeats_attempts_within_an_epoch_alone),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
