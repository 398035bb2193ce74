/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: when a device may rekey, when it may begin a new ratchet, whose leave that takes, and
 * which incident demands what, by the rules that docs/protocol.md has by name (P-V-8, P-REKEY-2,
 * P-RESYNC-1..5).
 */
#include "plan_fixture.h"
#include "ratchet/plan.h"
#include "t.h"

/* ---- epochs and pace ------------------------------------------------------------------------ */

static void an_epoch_is_new_and_not_too_far(void **state) /* P-RESYNC-4 */
{
    (void)state;
    struct ratchet r = { 0 };

    assert_int_equal(ratchet_known_epoch(&r), 0);
    assert_false(ratchet_takes_epoch(&r, 0));
    assert_true(ratchet_takes_epoch(&r, 1));
    assert_true(ratchet_takes_epoch(&r, 65537));
    assert_false(ratchet_takes_epoch(&r, 65538));
    assert_false(ratchet_takes_epoch(&r, UINT64_MAX));
    r = settled();
    grant(&r, 9, 9, NOW);
    assert_int_equal(ratchet_known_epoch(&r), 9);
    assert_false(ratchet_takes_epoch(&r, 9));
    assert_true(ratchet_takes_epoch(&r, 10));
    assert_true(ratchet_takes_epoch(&r, 9 + PAWL_EPOCH_SKIP_MAX));
    assert_false(ratchet_takes_epoch(&r, 10 + PAWL_EPOCH_SKIP_MAX));
}

static void one_rekey_in_a_minute(void **state) /* P-REKEY-2 */
{
    (void)state;
    struct ratchet r = settled(); /* made at 0 */

    assert_int_equal(ratchet_rekey_wait(&r, BASE_CURRENT, 1000), PAWL_REKEY_MIN_MS - 1000);
    assert_int_equal(ratchet_rekey_wait(&r, BASE_CURRENT, PAWL_REKEY_MIN_MS - 1), 1);
    assert_int_equal(ratchet_rekey_wait(&r, BASE_CURRENT, PAWL_REKEY_MIN_MS), 0);
    assert_int_equal(ratchet_rekey_wait(&r, BASE_UNKNOWN, 0), 0);
    r.rekey_demanded = true;
    assert_int_equal(ratchet_rekey_wait(&r, BASE_CURRENT, 1000), 0);
    r.rekey_demanded = false;
    grant(&r, 6, 6, NOW);
    assert_int_equal(ratchet_rekey_wait(&r, BASE_PENDING, NOW), PAWL_REKEY_MIN_MS);
    assert_int_equal(ratchet_rekey_wait(&r, BASE_PENDING, NOW + PAWL_REKEY_MIN_MS), 0);
}

static void a_lost_answer_is_repeated_at_once_four_times(void **state) /* P-REKEY-2 */
{
    (void)state;
    struct ratchet r = settled();

    for (uint8_t i = 0; i < 5; i++) {
        assert_int_equal(ratchet_rekey_wait(&r, BASE_CURRENT, NOW), 0);
        grant(&r, 6, (uint8_t)(10 + i), NOW);
    }
    assert_int_equal(ratchet_rekey_wait(&r, BASE_CURRENT, NOW), PAWL_REKEY_MIN_MS);
    r.rekey_demanded = true;
    assert_int_equal(ratchet_rekey_wait(&r, BASE_CURRENT, NOW), PAWL_REKEY_MIN_MS);
    assert_int_equal(ratchet_rekey_wait(&r, BASE_CURRENT, NOW + PAWL_REKEY_MIN_MS), 0);
    ratchet_promote(&r, NOW);
    grant(&r, 7, 20, NOW);
    assert_int_equal(ratchet_rekey_wait(&r, BASE_CURRENT, NOW), 0); /* counted for each base */
}

/* ---- resync --------------------------------------------------------------------------------- */

static enum resync_leave ask(const struct ratchet *r, enum base_kind base, uint64_t epoch)
{
    return ratchet_resync(r, base, epoch, true, true, NOW);
}

static void the_rule_lets_a_resync_pass_in_two_cases(void **state) /* P-RESYNC-1, F_AUTO */
{
    (void)state;
    struct ratchet r = settled();

    assert_int_equal(ask(&r, BASE_NONE, 0), RESYNC_BY_RULE);
    assert_int_equal(ask(&r, BASE_UNKNOWN, 6), RESYNC_BY_RULE);
    grant(&r, 9, 9, NOW); /* above current is enough: pending may be a stranger's */
    assert_int_equal(ask(&r, BASE_UNKNOWN, 6), RESYNC_BY_RULE);
    assert_int_equal(ask(&r, BASE_UNKNOWN, 5), RESYNC_DENIED);
    assert_int_equal(ratchet_resync(&r, BASE_NONE, 0, false, true, NOW), RESYNC_DENIED);
    assert_int_equal(ratchet_resync(&r, BASE_UNKNOWN, 6, false, true, NOW), RESYNC_BY_RULE);
    assert_int_equal(ratchet_resync(&r, BASE_NONE, 0, true, false, NOW), RESYNC_DENIED);
    assert_int_equal(ratchet_resync(&r, BASE_UNKNOWN, 6, true, false, NOW), RESYNC_DENIED);
}

static void a_known_base_has_no_resync(void **state) /* P-RESYNC-1 */
{
    (void)state;
    struct ratchet r = settled();

    r.may_resync = true;
    assert_int_equal(ask(&r, BASE_CURRENT, 5), RESYNC_DENIED);
    assert_int_equal(ask(&r, BASE_PENDING, 6), RESYNC_DENIED);
}

static void a_fork_or_an_open_incident_needs_a_person(void **state) /* P-RESYNC-2 */
{
    (void)state;
    struct ratchet r = settled();

    assert_int_equal(ask(&r, BASE_USED, 4), RESYNC_DENIED);
    assert_int_equal(ask(&r, BASE_USED, 6), RESYNC_DENIED); /* a discarded root */
    assert_true(ratchet_incident(&r, RULE_BACK, 0, NOW));   /* our own fault asks for nobody */
    assert_int_equal(ask(&r, BASE_NONE, 0), RESYNC_BY_RULE);
    assert_true(ratchet_incident(&r, RULE_E1, 0, NOW));
    assert_int_equal(ask(&r, BASE_NONE, 0), RESYNC_DENIED);
    assert_int_equal(ask(&r, BASE_UNKNOWN, 6), RESYNC_DENIED);
    r.may_resync = true;
    assert_int_equal(ask(&r, BASE_NONE, 0), RESYNC_BY_OPERATOR);
    assert_int_equal(ask(&r, BASE_UNKNOWN, 6), RESYNC_BY_OPERATOR);
    assert_int_equal(ask(&r, BASE_USED, 4), RESYNC_BY_OPERATOR);
    assert_int_equal(ratchet_resync(&r, BASE_NONE, 0, false, false, NOW), RESYNC_BY_OPERATOR);
    r.may_resync = false;
    r.incident.state = INCIDENT_HEALED;
    assert_int_equal(ask(&r, BASE_NONE, 0), RESYNC_DENIED);
    assert_true(incident_close(&r.incident));
    assert_int_equal(ask(&r, BASE_NONE, 0), RESYNC_BY_RULE);
}

static void the_rule_s_leave_is_for_once_in_24_hours(void **state) /* P-RESYNC-3, F_SPENT */
{
    (void)state;
    struct ratchet r = settled();

    grant_reset(&r, 6, 6, true);
    assert_int_equal(ask(&r, BASE_NONE, 0), RESYNC_BY_RULE); /* spent when it is seen in use */
    ratchet_promote(&r, NOW);
    assert_int_equal(r.resync_auto_ms, NOW);
    assert_int_equal(ratchet_resync(&r, BASE_NONE, 0, true, true, NOW + PAWL_RESYNC_AUTO_MS - 1),
                     RESYNC_DENIED);
    assert_int_equal(ratchet_resync(&r, BASE_NONE, 0, true, true, NOW + PAWL_RESYNC_AUTO_MS),
                     RESYNC_BY_RULE);
    grant(&r, 7, 7, NOW + 5);
    ratchet_promote(&r, NOW + 5); /* a rekey spends nothing */
    assert_int_equal(r.resync_auto_ms, NOW);
}

static void a_person_s_leave_ends_with_the_promotion(void **state) /* P-RESYNC-3 */
{
    (void)state;
    struct ratchet r = settled();

    r.may_resync = true;
    grant_reset(&r, 6, 6, false);
    grant_reset(&r, 7, 7, false);
    assert_true(r.may_resync);
    ratchet_promote(&r, NOW);
    assert_false(r.may_resync);
    assert_int_equal(r.resync_auto_ms, 0);
}

static void the_rule_s_leave_spends_no_person_s(void **state)
{
    (void)state;
    struct ratchet r = settled();

    r.may_resync = true;
    grant_reset(&r, 6, 6, true);
    ratchet_promote(&r, NOW);
    assert_true(r.may_resync);
}

/* ---- incidents ------------------------------------------------------------------------------ */

static void a_finding_belongs_to_its_epoch_or_to_the_one_under_way(void **state)
{
    (void)state;
    struct ratchet r = settled();

    grant(&r, 6, 6, NOW);
    assert_int_equal(ratchet_epoch_of(&r, 0), 5);
    assert_int_equal(ratchet_epoch_of(&r, 4), 4);
    assert_int_equal(ratchet_epoch_of(&r, 6), 6); /* granted, and its first message is a finding */
    assert_int_equal(ratchet_epoch_of(&r, 7), 5); /* nobody's: a claim of whoever has the TPM */
    assert_int_equal(ratchet_epoch_of(&r, UINT64_MAX), 5);
    r.current.present = false;
    r.current.epoch = 0;
    assert_int_equal(ratchet_epoch_of(&r, 0), 6);
}

static void an_incident_demands_a_rekey_while_its_epoch_is_in_use(void **state) /* P-V-8 */
{
    (void)state;
    struct ratchet r = settled();

    r.clean_hi = 30;
    r.clean_ms = NOW - 5;
    assert_true(ratchet_opens(&r, RULE_E1, 0));
    assert_int_equal(r.incident.state, INCIDENT_ABSENT);
    assert_true(ratchet_incident(&r, RULE_E1, 0, NOW));
    assert_int_equal(r.incident.epoch, 5);
    assert_int_equal(r.incident.taint_lo, 31);
    assert_int_equal(r.incident.taint_ms, NOW - 5);
    assert_true(r.rekey_demanded);
    assert_false(ratchet_opens(&r, RULE_E1, 0));
    assert_false(ratchet_incident(&r, RULE_E1, 0, NOW));
    grant(&r, 6, 6, NOW);
    ratchet_promote(&r, NOW);
    assert_false(r.rekey_demanded);
    assert_false(ratchet_incident(&r, RULE_E3, 5, NOW)); /* joins: its keys are dead */
    assert_false(r.rekey_demanded);
    assert_true(ratchet_opens(&r, RULE_E3, 6));
    assert_true(ratchet_incident(&r, RULE_E3, 6, NOW));
    assert_true(r.rekey_demanded);
}

/* The first message under a pending root is a finding already: what makes it current does not
 * take the demand away. */
static void the_demand_of_a_pending_epoch_stays(void **state)
{
    (void)state;
    struct ratchet r = settled();

    grant(&r, 6, 6, NOW);
    assert_true(ratchet_incident(&r, RULE_E1, 6, NOW));
    ratchet_promote(&r, NOW);
    assert_true(r.rekey_demanded);
    assert_int_equal(r.incident.epoch, 6);
}

static void what_our_own_store_lost_demands_nothing(void **state)
{
    (void)state;
    struct ratchet r = settled();

    assert_true(ratchet_incident(&r, RULE_BACK, 0, NOW));
    assert_false(r.rekey_demanded);
    assert_false(incident_is_red(&r.incident));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("an epoch is new and not too far", an_epoch_is_new_and_not_too_far),
        T_CASE("one rekey in a minute", one_rekey_in_a_minute),
        T_CASE("a lost answer is repeated at once, four times",
               a_lost_answer_is_repeated_at_once_four_times),
        T_CASE("the rule lets a resync pass in two cases",
               the_rule_lets_a_resync_pass_in_two_cases),
        T_CASE("a known base has no resync", a_known_base_has_no_resync),
        T_CASE("a fork or an open incident needs a person",
               a_fork_or_an_open_incident_needs_a_person),
        T_CASE("the rule's leave is for once in 24 hours",
               the_rule_s_leave_is_for_once_in_24_hours),
        T_CASE("a person's leave ends with the promotion",
               a_person_s_leave_ends_with_the_promotion),
        T_CASE("the rule's leave spends no person's", the_rule_s_leave_spends_no_person_s),
        T_CASE("a finding belongs to its epoch or to the one under way",
               a_finding_belongs_to_its_epoch_or_to_the_one_under_way),
        T_CASE("an incident demands a rekey while its epoch is in use",
               an_incident_demands_a_rekey_while_its_epoch_is_in_use),
        T_CASE("the demand of a pending epoch stays", the_demand_of_a_pending_epoch_stays),
        T_CASE("what our own store lost demands nothing", what_our_own_store_lost_demands_nothing),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
