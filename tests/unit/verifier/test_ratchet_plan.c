/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: which roots the verifier holds after each grant, promotion, refusal and request is the
 * rule that docs/protocol.md has by its name (P-V-2..7), and no walk of steps leaves what ratchet.h
 * promises.
 */
#include <stdlib.h>
#include <string.h>

#include "plan_fixture.h"
#include "ratchet/plan.h"
#include "t.h"

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
        T_CASE("no walk leaves the invariants", no_walk_leaves_the_invariants),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
