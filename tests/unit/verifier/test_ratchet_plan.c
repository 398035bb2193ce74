/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: each step of the verifier's ratchet is the rule that docs/protocol.md has by its name
 * (P-V-1..9, P-REKEY-2, P-RESYNC-1..5), and no walk of steps leaves what ratchet.h promises. */
#include <stdlib.h>
#include <string.h>

#include "ratchet/plan.h"
#include "t.h"

enum { NOW = 1000000 };

static const uint8_t VERIFIER[PAWL_VERIFIER_ID] = { 9 };

/* A root that is told apart by its number. */
static struct pawl_root root_of(uint64_t epoch, uint8_t number)
{
    struct pawl_root r = { .epoch = epoch, .root = { .n = 32, .b = { 1 } } };

    memset(r.kid, number, sizeof(r.kid));
    r.rk = r.k_auth = r.exporter = (struct pawl_secret){ .n = 32 };
    memset(r.rk.b, number, 32);
    r.up = (struct pawl_chain){ .dir = PAWL_UP, .epoch = epoch, .gk = r.rk };
    r.down = (struct pawl_chain){ .dir = PAWL_DOWN, .epoch = epoch, .gk = r.rk };
    return r;
}

static struct pawl_view kid_of(uint8_t number)
{
    uint8_t kid[PAWL_KID];

    memset(kid, number, sizeof(kid));
    return t_copy(PAWL_VIEW_OF(kid));
}

static void grant(struct ratchet *r, uint64_t epoch, uint8_t number, int64_t now_ms)
{
    struct pawl_root root = root_of(epoch, number);

    ratchet_grant(r, &root, PAWL_SUITE_CCM, VERIFIER, number, now_ms, false, false);
}

static void grant_reset(struct ratchet *r, uint64_t epoch, uint8_t number, bool by_auto)
{
    struct pawl_root root = root_of(epoch, number);

    ratchet_grant(r, &root, PAWL_SUITE_CCM, VERIFIER, number, NOW, true, by_auto);
}

/* Current: epoch 5, number 5. */
static struct ratchet settled(void)
{
    struct ratchet r = { 0 };

    grant(&r, 5, 5, 0);
    ratchet_promote(&r, 0);
    return r;
}

static struct pawl_a1 request(uint64_t base_epoch, uint8_t base, uint8_t boot)
{
    uint8_t boot_id[PAWL_BOOT_ID] = { boot };

    return (struct pawl_a1){ .label = PAWL_LABEL_ATTEST,
                             .base_epoch = base_epoch,
                             .base_kid = kid_of(base),
                             .boot_id = t_copy(PAWL_VIEW_OF(boot_id)) };
}

/* ---- bases ---------------------------------------------------------------------------------- */

static void a_base_is_what_it_is(void **state) /* P-V-2 */
{
    (void)state;
    struct ratchet r = settled();

    grant(&r, 6, 6, NOW);
    assert_int_equal(ratchet_base(&r, 5, kid_of(5)), BASE_CURRENT);
    assert_int_equal(ratchet_base(&r, 6, kid_of(6)), BASE_PENDING);
    assert_int_equal(ratchet_base(&r, 4, kid_of(4)), BASE_USED);
    assert_int_equal(ratchet_base(&r, 5, kid_of(7)), BASE_UNKNOWN);
    assert_int_equal(ratchet_base(&r, 6, kid_of(5)), BASE_UNKNOWN);
    assert_int_equal(ratchet_base(&r, 7, kid_of(7)), BASE_UNKNOWN);
    assert_ptr_equal(ratchet_root(&r, BASE_CURRENT), &r.current);
    assert_ptr_equal(ratchet_root(&r, BASE_PENDING), &r.pending);
    assert_null(ratchet_root(&r, BASE_UNKNOWN));
    assert_null(ratchet_root(&r, BASE_NONE));
    assert_null(ratchet_root(&r, BASE_USED));
    ratchet_discard_pending(&r);
    assert_int_equal(ratchet_base(&r, 6, kid_of(6)), BASE_USED);
    assert_int_equal(ratchet_base(&r, 99, kid_of(6)), BASE_USED);
}

static void no_base_is_never_a_used_one(void **state) /* P-V-2, F_NOBASE */
{
    (void)state;
    struct ratchet r = settled();

    assert_int_equal(ratchet_base(&r, 0, kid_of(0)), BASE_NONE);
    grant(&r, 6, 0, NOW);
    ratchet_discard_pending(&r);
    assert_int_equal(ratchet_base(&r, 0, kid_of(0)), BASE_NONE);
}

static void an_empty_ratchet_knows_no_base(void **state)
{
    (void)state;
    struct ratchet r = { 0 };

    assert_int_equal(ratchet_base(&r, 0, kid_of(0)), BASE_NONE);
    assert_int_equal(ratchet_base(&r, 1, kid_of(0)), BASE_UNKNOWN);
    ratchet_promote(&r, NOW);
    ratchet_discard_pending(&r);
    assert_false(r.current.present);
    assert_int_equal(r.promoted_ms, 0);
    assert_int_equal(r.tombstone_n, 0);
}

/* ---- grant, promote, discard ---------------------------------------------------------------- */

static void a_grant_takes_all_of_the_root(void **state)
{
    (void)state;
    struct ratchet   r = settled();
    struct pawl_root root = root_of(6, 6);

    root.exporter.b[0] = 0xe0;
    root.k_auth.b[0] = 0xa0;
    root.down.gk.b[0] = 0xd0;
    ratchet_grant(&r, &root, PAWL_SUITE_SIV, VERIFIER, 77, NOW, true, true);
    const struct epoch_root *p = &r.pending;
    assert_true(p->present && p->resync && p->by_auto);
    assert_int_equal(p->epoch, 6);
    assert_memory_equal(p->kid, root.kid, PAWL_KID);
    assert_int_equal(p->suite, PAWL_SUITE_SIV);
    assert_memory_equal(p->verifier_id, VERIFIER, sizeof(VERIFIER));
    assert_int_equal(p->attempt, 77);
    assert_int_equal(p->made_ms, NOW);
    assert_memory_equal(&p->rk, &root.rk, sizeof(root.rk));
    assert_memory_equal(&p->k_auth, &root.k_auth, sizeof(root.k_auth));
    assert_memory_equal(&p->exporter, &root.exporter, sizeof(root.exporter));
    assert_memory_equal(&p->up, &root.up, sizeof(root.up));
    assert_memory_equal(&p->down, &root.down, sizeof(root.down));
    assert_int_equal(p->epoch_start_seq, 0);
    assert_int_equal(r.current.epoch, 5);
    assert_int_equal(r.down_next, 1);
}

static void a_promotion_leaves_the_tripwire_and_nothing_else(void **state) /* P-V-3, R_V3 */
{
    (void)state;
    static const struct pawl_secret none;
    struct ratchet                  r = settled();

    grant(&r, 6, 6, NOW);
    r.current.up.gen = 3;
    r.current.suite = PAWL_SUITE_GCM;
    r.down_use.uk.n = 32;
    r.down_gen_start = r.down_epoch_start = r.down_gen_sent = 4;
    r.down_gen_ms = 4;
    r.rekey_demanded = true;
    ratchet_promote(&r, NOW + 1);
    assert_int_equal(r.current.epoch, 6);
    assert_false(r.pending.present);
    assert_memory_equal(&r.pending.rk, &none, sizeof(none));
    assert_memory_equal(&r.current.root, &none, sizeof(none)); /* P-KS-4 */
    assert_int_equal(r.promoted_ms, NOW + 1);
    assert_int_equal(r.old.epoch, 5);
    assert_int_equal(r.old.up.gen, 3);
    assert_int_equal(r.old.suite, PAWL_SUITE_GCM);
    assert_memory_equal(r.old.kid, kid_of(5).p, PAWL_KID);
    assert_memory_equal(r.old.verifier_id, VERIFIER, sizeof(VERIFIER));
    assert_memory_equal(&r.old.rk, &none, sizeof(none));
    assert_memory_equal(&r.old.k_auth, &none, sizeof(none));
    assert_memory_equal(&r.old.exporter, &none, sizeof(none));
    assert_memory_equal(&r.old.down.gk, &none, sizeof(none));
    assert_int_equal(r.old.up.gk.n, 32);
    assert_int_equal(r.down_use.uk.n, 0);
    assert_true(r.down_gen_start == 0 && r.down_epoch_start == 0 && r.down_gen_sent == 0 &&
                r.down_gen_ms == 0);
    assert_false(r.rekey_demanded);
    assert_int_equal(r.tombstone_n, 0);
}

static void discarded_roots_leave_the_last_eight_tombstones(void **state) /* P-V-4, R_TOMB */
{
    (void)state;
    struct ratchet r = settled();

    for (uint8_t i = 0; i < 10; i++)
        grant(&r, 6, (uint8_t)(10 + i), NOW);
    assert_int_equal(r.tombstone_n, PAWL_TOMBSTONES_MAX);
    assert_int_equal(r.tombstone[0].kid[0], 18);
    assert_int_equal(r.tombstone[0].epoch, 6);
    assert_int_equal(r.tombstone[7].kid[0], 11);
    assert_int_equal(ratchet_base(&r, 6, kid_of(18)), BASE_USED);
    assert_int_equal(ratchet_base(&r, 6, kid_of(10)), BASE_UNKNOWN);
    assert_int_equal(ratchet_base(&r, 6, kid_of(19)), BASE_PENDING);
}

static void an_enrolment_buries_no_root_that_the_device_may_hold(void **state) /* R_NOTOMB */
{
    (void)state;
    struct ratchet r = settled();

    grant(&r, 6, 10, NOW);
    ratchet_drop_pending(&r);
    assert_false(r.pending.present);
    assert_int_equal(r.tombstone_n, 0);
    assert_int_equal(ratchet_base(&r, 6, kid_of(10)), BASE_UNKNOWN);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void an_accepted_request_on_pending_promotes_it(void **state) /* P-V-5, R_PROM, R_ATTPROM */
{
    (void)state;
    struct ratchet r = settled();
    struct pawl_a1 a1 = request(6, 6, 1);
    const uint8_t  th1[32] = { 1 };

    grant(&r, 6, 6, NOW);
    ratchet_accept(&r, BASE_PENDING, &a1, th1, NOW + 5);
    assert_int_equal(r.current.epoch, 6);
    assert_int_equal(r.promoted_ms, NOW + 5);
    assert_int_equal(r.accepted_ms, NOW + 5);
    assert_memory_equal(r.last_th1, th1, 32);
    assert_int_equal(r.last_base_epoch, 6);
    assert_memory_equal(r.last_base_kid, kid_of(6).p, PAWL_KID);
    assert_int_equal(r.tombstone_n, 0);
}

static void an_accepted_request_on_current_discards_pending(void **state) /* P-V-5, F_DISC */
{
    (void)state;
    struct ratchet r = settled();
    struct pawl_a1 a1 = request(5, 5, 1);
    const uint8_t  th1[32] = { 1 };

    grant(&r, 6, 6, NOW);
    ratchet_accept(&r, BASE_CURRENT, &a1, th1, NOW);
    assert_int_equal(r.current.epoch, 5);
    assert_false(r.pending.present);
    assert_int_equal(ratchet_base(&r, 6, kid_of(6)), BASE_USED);
}

static void a_request_without_a_base_leaves_the_roots_alone(void **state)
{
    (void)state;
    struct ratchet r = settled();
    struct pawl_a1 a1 = request(0, 0, 1);
    const uint8_t  th1[32] = { 1 };

    grant(&r, 6, 6, NOW);
    ratchet_accept(&r, BASE_NONE, &a1, th1, NOW);
    assert_true(r.current.epoch == 5 && r.pending.present);
}

static void a_used_attempt_with_other_evidence_is_a_fork(void **state) /* P-V-6, R_EQATT */
{
    (void)state;
    struct ratchet r = settled();
    struct pawl_a1 a1 = request(5, 5, 1);
    const uint8_t  th1[32] = { 1 }, other[32] = { 2 };

    assert_false(ratchet_is_fork(&r, 7, 7, 5, kid_of(5), other)); /* nothing was accepted yet */
    ratchet_accept(&r, BASE_CURRENT, &a1, th1, NOW);
    assert_true(ratchet_is_fork(&r, 7, 7, 5, kid_of(5), other));
    assert_false(ratchet_is_fork(&r, 7, 7, 5, kid_of(5), th1)); /* the same, once more */
    assert_false(ratchet_is_fork(&r, 6, 7, 5, kid_of(5), other));
    assert_false(ratchet_is_fork(&r, 7, 7, 6, kid_of(5), other));
    assert_false(ratchet_is_fork(&r, 7, 7, 5, kid_of(6), other));
    a1 = request(0, 0, 1);
    ratchet_accept(&r, BASE_NONE, &a1, th1, NOW);
    assert_false(ratchet_is_fork(&r, 7, 7, 0, kid_of(0), other)); /* F_NOBASE */
}

static void a_replaced_boot_that_returns_is_seen(void **state) /* P-V-7, R_BOOT */
{
    (void)state;
    struct ratchet r = settled();
    const uint8_t  th1[32] = { 1 };

    for (uint8_t boot = 1; boot <= 6; boot++) {
        struct pawl_a1 a1 = request(5, 5, boot);
        assert_false(ratchet_boot_returns(&r, a1.boot_id));
        ratchet_accept(&r, BASE_CURRENT, &a1, th1, NOW);
        ratchet_accept(&r, BASE_CURRENT, &a1, th1, NOW);
        assert_false(ratchet_boot_returns(&r, a1.boot_id));
    }
    assert_int_equal(r.boot_id_n, PAWL_BOOT_IDS_MAX);
    assert_false(ratchet_boot_returns(&r, request(5, 5, 1).boot_id)); /* the last four only */
    for (uint8_t boot = 2; boot <= 5; boot++)
        assert_true(ratchet_boot_returns(&r, request(5, 5, boot).boot_id));
    struct pawl_a1 back = request(5, 5, 3);
    ratchet_accept(&r, BASE_CURRENT, &back, th1, NOW);
    assert_int_equal(r.boot_id[0][0], 3);
    assert_int_equal(r.boot_id_n, PAWL_BOOT_IDS_MAX);
    assert_true(ratchet_boot_returns(&r, request(5, 5, 6).boot_id));
    assert_true(ratchet_boot_returns(&r, request(5, 5, 2).boot_id));
}

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

static void a_clean_snapshot_moves_the_beginning_of_windows(void **state)
{
    (void)state;
    struct ratchet r = settled();

    r.attested_hi = 77;
    ratchet_clean(&r, 77, NOW);
    assert_int_equal(r.clean_hi, 77);
    assert_int_equal(r.clean_ms, NOW);
    r.attested_hi = 80;
    ratchet_clean(&r, 81, NOW + 5); /* what ran ahead came before: its window reaches back */
    assert_int_equal(r.clean_hi, 80);
    assert_int_equal(r.clean_ms, NOW);
}

/* E2 needs no message of the new epoch. */
static void a_snapshot_tells_where_the_epoch_begins(void **state) /* P-DET-2 */
{
    (void)state;
    static const struct {
        uint64_t epoch, start, hi, want;
    } of[] = {
        { 5, 41, 45, 41 }, { 5, 0, 45, 46 }, { 4, 41, 45, 0 }, { 5, 0, UINT64_MAX, UINT64_MAX }
    };

    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        struct ratchet r = settled();
        struct pawl_a1 a1 = { .label = PAWL_LABEL_ATTEST };
        r.current.epoch_start_seq = 0;
        a1.snd.epoch = of[i].epoch;
        a1.snd.epoch_start_seq = of[i].start;
        a1.snd.seq_hi = of[i].hi;
        ratchet_attested(&r, &a1);
        assert_int_equal(r.current.epoch_start_seq, of[i].want);
    }
}

/* A thief's message may be the first that comes, and say what it likes. */
static void what_is_attested_wins_over_what_a_message_said(void **state) /* P-DET-2 */
{
    (void)state;
    struct ratchet r = settled();
    struct pawl_a1 a1 = { .label = PAWL_LABEL_ATTEST };

    r.current.epoch_start_seq = 3; /* by a message */
    a1.snd.epoch = r.current.epoch;
    a1.snd.seq_hi = 45;
    ratchet_attested(&r, &a1); /* the device has used no slot of it yet */
    assert_int_equal(r.current.epoch_start_seq, 46);
    r.current.epoch_start_seq = 47; /* in a gap that a start left */
    ratchet_attested(&r, &a1);
    assert_int_equal(r.current.epoch_start_seq, 47);
    a1.snd.epoch_start_seq = 50;
    a1.snd.seq_hi = 51;
    ratchet_attested(&r, &a1);
    assert_int_equal(r.current.epoch_start_seq, 50);
}

/* ---- positions ------------------------------------------------------------------------------ */

static void
floors_lie_behind_what_may_have_been_used(void **state) /* P-REFUSE-1, R_CEIL, R_FLOOR */
{
    (void)state;
    struct ratchet r = { 0 };

    assert_int_equal(ratchet_ceiling(&r), 32768);
    assert_int_equal(ratchet_floor_up(&r), 32769);
    assert_int_equal(ratchet_floor_down(&r), 1);
    r.attested_hi = 100;
    r.down_next = 7;
    assert_int_equal(ratchet_ceiling(&r), 32868);
    assert_int_equal(ratchet_floor_up(&r), 32869);
    assert_int_equal(ratchet_floor_down(&r), 7);
    r.attested_hi = UINT64_MAX - 5;
    assert_true(ratchet_ceiling(&r) == UINT64_MAX);
    assert_true(ratchet_floor_up(&r) == UINT64_MAX);
}

static void positions_only_rise(void **state) /* P-REC-2 */
{
    (void)state;
    struct ratchet r = settled();
    struct pawl_a1 a1 = request(5, 5, 1);

    r.down_next = 10;
    a1.snd.seq_hi = 50;
    a1.rcv.seq_hi = 9;
    assert_false(ratchet_attested(&r, &a1));
    assert_true(r.attested_hi == 50 && r.down_attested == 9 && r.down_next == 10);
    a1.snd.seq_hi = 40;
    a1.rcv.seq_hi = 3;
    assert_false(ratchet_attested(&r, &a1));
    assert_true(r.attested_hi == 50 && r.down_attested == 9);
    a1.rcv.seq_hi = 10; /* the next slot: never sent */
    assert_true(ratchet_attested(&r, &a1));
    assert_int_equal(r.down_next, 11);
    a1.rcv.seq_hi = 500;
    assert_true(ratchet_attested(&r, &a1));
    assert_int_equal(r.down_next, 501);
    a1.snd.seq_hi = UINT64_MAX;
    a1.rcv.seq_hi = UINT64_MAX;
    assert_true(ratchet_attested(&r, &a1));
    assert_true(r.attested_hi == 50 + (UINT64_C(1) << 32));
    assert_true(r.down_next == 501 + (UINT64_C(1) << 32));
    r.attested_hi = r.down_next = UINT64_MAX - 3;
    ratchet_attested(&r, &a1);
    assert_true(r.attested_hi == UINT64_MAX && r.down_next == UINT64_MAX);
}

static void unknown_ranges_are_kept_and_end_as_unattested(void **state) /* P-REC-3, R_UNKCAP */
{
    (void)state;
    struct ratchet r = settled();
    struct pawl_a1 a1 = request(5, 5, 1);

    a1.snd.seq_hi = 4000;
    a1.snd.unknown_n = 1;
    for (uint64_t i = 0; i < 40; i++) {
        a1.snd.unknown[0] = (struct pawl_range){ 100 * i + 1, 100 * i + 16 };
        ratchet_attested(&r, &a1);
        ratchet_attested(&r, &a1);
    }
    assert_int_equal(r.unknown_n, 2 * PAWL_SND_UNKNOWN_MAX);
    assert_int_equal(r.unknown[31].lo, 3901);
    assert_int_equal(r.unknown[0].lo, 801);
    assert_int_equal(r.unattested_hi, 716);
}

static void what_no_log_speaks_of_is_unattested(void **state) /* P-REC-3, F_NOLOG */
{
    (void)state;
    struct ratchet r = settled();
    struct pawl_a1 a1 = request(0, 0, 1);

    r.attested_hi = 100;
    a1.label = PAWL_LABEL_RESYNC;
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 100);
    a1.snd.seq_hi = 32869; /* the floor that it was told */
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 32869);
    a1.snd.seq_hi = 0;

    r = settled();
    r.attested_hi = 100;
    a1.snd.gen_n = 1; /* its log is there */
    a1.snd.gens[0].first_seq = 90;
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 0);
    a1.label = PAWL_LABEL_ENROL; /* which is not held against anything */
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 100);

    r = settled(); /* the epoch that a resync made begins where it says */
    grant_reset(&r, 6, 6, true);
    ratchet_promote(&r, NOW);
    a1 = request(6, 6, 1);
    a1.snd.epoch = 6;
    a1.snd.seq_hi = 400;
    a1.snd.epoch_start_seq = 300;
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 299);
    a1.snd.epoch_start_seq = 0;
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 400);
    grant(&r, 7, 7, NOW);
    ratchet_promote(&r, NOW);
    a1.snd.epoch = 7;
    a1.snd.seq_hi = 900;
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 400);
}

static void a_receipt_of_a_lost_store_hides_what_it_covered(void **state) /* P-REC-3, F_RCPT */
{
    (void)state;
    static const uint8_t ours[32] = { 1 }, lost[32] = { 2 };
    struct ratchet       r = settled();
    struct pawl_a1       a1 = request(5, 5, 1);

    r.receipt_n = 1;
    memcpy(r.receipt[0], ours, 32);
    a1.snd.seq_hi = 200;
    a1.receipt.receipt = PAWL_VIEW_OF(ours);
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 0);
    a1.snd.gen_n = 1;
    a1.snd.gens[0].first_seq = 129;
    a1.receipt.receipt = PAWL_VIEW_OF(lost);
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 128);
    a1.snd.gen_n = 0;
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unattested_hi, 200);
}

/* Whoever once commanded the TPM does not make us blind for what comes after. */
static void a_snapshot_excuses_no_slot_to_come(void **state) /* P-REC-3 */
{
    (void)state;
    static const uint8_t lost[32] = { 2 };
    const uint64_t       hi = 50 + (UINT64_C(1) << 32);
    struct ratchet       r = settled();
    struct pawl_a1       a1 = request(5, 5, 1);

    r.attested_hi = 50;
    a1.snd.seq_hi = UINT64_MAX;
    a1.receipt.receipt = PAWL_VIEW_OF(lost);
    ratchet_attested(&r, &a1);
    assert_true(r.unattested_hi == hi);

    r = settled();
    r.attested_hi = 50;
    a1.receipt.receipt = pawl_view(NULL, 0);
    a1.snd.unknown_n = 2;
    a1.snd.unknown[0] = (struct pawl_range){ 40, UINT64_MAX };
    a1.snd.unknown[1] = (struct pawl_range){ hi + 1, UINT64_MAX };
    ratchet_attested(&r, &a1);
    assert_int_equal(r.unknown_n, 1);
    assert_true(r.unknown[0].lo == 40 && r.unknown[0].hi == hi);

    const enum pawl_label anew[] = { PAWL_LABEL_ENROL, PAWL_LABEL_RESYNC };
    for (size_t i = 0; i < 2; i++) {
        r = settled();
        r.attested_hi = 50;
        a1 = request(0, 0, 1);
        a1.label = anew[i];
        a1.snd.seq_hi = UINT64_MAX;
        ratchet_attested(&r, &a1);
        assert_true(r.unattested_hi == hi);
    }
}

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

/* The newest root that an honest device holds, and whether the verifier knows that it does. */
struct honest {
    uint64_t epoch;
    uint8_t  kid;
};

static void check_invariants(const struct ratchet *r, const struct honest *d)
{
    static const struct pawl_secret none;

    /* 1: the device's newest root is current or pending. */
    enum base_kind k = ratchet_base(r, d->epoch, kid_of(d->kid));
    assert_true(k == BASE_CURRENT || k == BASE_PENDING);
    /* 2: what is downlink belongs to current. */
    assert_true(r->down_use.uk.n == 0 || r->down_use.epoch == r->current.epoch);
    /* 3: no tombstone names a root that is in force. */
    for (size_t i = 0; i < r->tombstone_n; i++) {
        assert_memory_not_equal(r->tombstone[i].kid, r->current.kid, PAWL_KID);
        assert_true(!r->pending.present ||
                    memcmp(r->tombstone[i].kid, r->pending.kid, PAWL_KID) != 0);
    }
    assert_true(!r->pending.present || r->pending.epoch > r->current.epoch);
    assert_true(!r->old.present || r->old.epoch < r->current.epoch);
    assert_true(r->pending.present || memcmp(&r->pending.rk, &none, sizeof(none)) == 0);
    assert_true(r->tombstone_n <= PAWL_TOMBSTONES_MAX && r->boot_id_n <= PAWL_BOOT_IDS_MAX);
}

static void no_walk_leaves_the_invariants(void **state) /* claim 1 of the model sync */
{
    (void)state;
    const uint8_t th1[32] = { 0 };

    srand(3);
    for (unsigned walk = 0; walk < 200; walk++) {
        struct ratchet r = settled();
        struct honest  d = { 5, 5 };
        uint8_t        number = 5;
        for (unsigned i = 0; i < 60; i++) {
            enum base_kind base = ratchet_base(&r, d.epoch, kid_of(d.kid));
            struct pawl_a1 a1 = request(d.epoch, d.kid, (uint8_t)(rand() % 3));
            switch (rand() % 3) {
            case 0: /* an attest */
                ratchet_accept(&r, base, &a1, th1, NOW);
                break;
            case 1: /* a rekey, whose answer may be lost */
                ratchet_accept(&r, base, &a1, th1, NOW);
                number = (uint8_t)(number == 250 ? 6 : number + 1);
                grant(&r, d.epoch + 1, number, NOW);
                if (rand() % 2)
                    d = (struct honest){ d.epoch + 1, number };
                break;
            default: /* a message under the newest root */
                if (base == BASE_PENDING)
                    ratchet_promote(&r, NOW);
                r.down_use = (struct pawl_use){ .epoch = r.current.epoch, .uk = { .n = 32 } };
                break;
            }
            check_invariants(&r, &d);
        }
    }
}

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
        T_CASE("a base is what it is", a_base_is_what_it_is),
        T_CASE("no base is never a used one", no_base_is_never_a_used_one),
        T_CASE("an empty ratchet knows no base", an_empty_ratchet_knows_no_base),
        T_CASE("a grant takes all of the root", a_grant_takes_all_of_the_root),
        T_CASE("a promotion leaves the tripwire and nothing else",
               a_promotion_leaves_the_tripwire_and_nothing_else),
        T_CASE("discarded roots leave the last eight tombstones",
               discarded_roots_leave_the_last_eight_tombstones),
        T_CASE("an enrolment buries no root that the device may hold",
               an_enrolment_buries_no_root_that_the_device_may_hold),
        T_CASE("an accepted request on pending promotes it",
               an_accepted_request_on_pending_promotes_it),
        T_CASE("an accepted request on current discards pending",
               an_accepted_request_on_current_discards_pending),
        T_CASE("a request without a base leaves the roots alone",
               a_request_without_a_base_leaves_the_roots_alone),
        T_CASE("a used attempt with other evidence is a fork",
               a_used_attempt_with_other_evidence_is_a_fork),
        T_CASE("a replaced boot that returns is seen", a_replaced_boot_that_returns_is_seen),
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
        T_CASE("a clean snapshot moves the beginning of windows",
               a_clean_snapshot_moves_the_beginning_of_windows),
        T_CASE("a snapshot tells where the epoch begins", a_snapshot_tells_where_the_epoch_begins),
        T_CASE("what is attested wins over what a message said",
               what_is_attested_wins_over_what_a_message_said),
        T_CASE("floors lie behind what may have been used",
               floors_lie_behind_what_may_have_been_used),
        T_CASE("positions only rise", positions_only_rise),
        T_CASE("unknown ranges are kept and end as unattested",
               unknown_ranges_are_kept_and_end_as_unattested),
        T_CASE("what no log speaks of is unattested", what_no_log_speaks_of_is_unattested),
        T_CASE("a receipt of a lost store hides what it covered",
               a_receipt_of_a_lost_store_hides_what_it_covered),
        T_CASE("a snapshot excuses no slot to come", a_snapshot_excuses_no_slot_to_come),
        T_CASE("an id comes once", an_id_comes_once),
        T_CASE("P-MARK-8 an id that is forgotten may come again",
               an_id_that_is_forgotten_may_come_again),
        T_CASE("P-MARK-8 a queue of which nothing is left is forgotten",
               a_queue_of_which_nothing_is_left_is_forgotten),
        T_CASE("who runs ahead of the ids swallows none", who_runs_ahead_of_the_ids_swallows_none),
        T_CASE("an id is of its incarnation", an_id_is_of_its_incarnation),
        T_CASE("ids are what a plain list says", ids_are_what_a_plain_list_says),
        T_CASE("no walk leaves the invariants", no_walk_leaves_the_invariants),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
