/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: what the verifier knows of slots only grows, from snapshots, messages and receipts: where
 * windows and epochs begin, what is unknown, what is unattested (P-DET-2, P-REC-2, P-REC-3).
 */
#include <string.h>

#include "plan_fixture.h"
#include "ratchet/plan.h"
#include "t.h"

/* ---- incidents ------------------------------------------------------------------------------ */

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

int main(void)
{
    const struct CMUnitTest cases[] = {
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
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
