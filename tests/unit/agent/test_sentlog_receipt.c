/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves D6 and the device's half of E4 (P-DUR-6, P-DUR-10): only a receipt of the verifier prunes;
 * one that claims what we never sent is found, while one about slots that nobody can judge raises
 * no alarm.
 */
#include "power.h"
#include "scratch.h"
#include "sentlog_fixture.h"
#include "state/file.h"
#include "state/sentlog.h"
#include "state/sentlog_book.h"
#include "t.h"

/* ---- receipts ------------------------------------------------------------------------------- */

static void a_receipt_prunes_what_it_lists(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);

    (void)state;
    sentlog_adds(l, 0, 1, 64);
    sentlog_adds(l, 1, 65, 70);
    sentlog_adds(l, 2, 71, 80);
    sentlog_adds(l, 3, 81, 85);
    sentlog_snd_of(l);
    receipt_begin();
    receipt_takes(0, 1, receipt_bits(64));
    receipt_takes(1, 65, 0x15); /* of the others it holds the attested leaves */
    receipt_takes(3, 81, receipt_bits(5));
    assert_int_equal(receipt_judged(l, 85, 0)->verdict, FITS);
    assert_int_equal(sentlog_snd_of(l)->gen_n, 2); /* 3 is under way */
    sentlog_lists(l, 0, 2, 71, 80);
    sentlog_lists(l, 1, 3, 81, 85);
    sentlog_crash(&l);
    l = sentlog_opened(dir, 1, 256);
    assert_int_equal(sentlog_snd_of(l)->gen_n, 2);
    sentlog_unknown_is(l, 1, 0, 86, 101);
    /* It came again, or a later one lists what is gone here: no mismatch. */
    assert_int_equal(receipt_judged(l, 256, 0)->verdict, FITS);
    assert_int_equal(sentlog_snd_of(l)->gen_n, 1); /* no more can be added to 3 now */
    sentlog_crash(&l);
}

static void what_grew_since_the_snapshot_stays(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);

    (void)state;
    sentlog_adds(l, 0, 1, 5);
    sentlog_snd_of(l);
    sentlog_adds(l, 0, 6, 8); /* attested by nobody */
    sentlog_adds(l, 1, 9, 9);
    receipt_begin();
    receipt_takes(0, 1, receipt_bits(5));
    assert_int_equal(receipt_judged(l, 9, 0)->verdict, FITS);
    assert_int_equal(sentlog_snd_of(l)->gen_n, 2);
    assert_int_equal(receipt_judged(l, 9, 0)->verdict, FITS); /* and now they are */
    assert_int_equal(sentlog_snd_of(l)->gen_n, 1);
    sentlog_crash(&l);
}

static void a_forged_message_is_a_mismatch(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);

    (void)state;
    sentlog_adds(l, 0, 1, 10);
    sentlog_adds(l, 1, 11, 12);
    sentlog_snd_of(l);
    receipt_begin();
    receipt_takes(0, 1, receipt_bits(10));
    receipt_takes(1, 11, receipt_bits(2));
    given.digest[0][31] ^= 1; /* another leaf in one of its slots */
    const struct pawl_receipt_verdict *v = receipt_judged(l, 12, 0);
    assert_int_equal(v->verdict, MISMATCH);
    assert_int_equal(v->pair_n, 1);
    assert_int_equal(v->pair[0].epoch, 5);
    assert_int_equal(v->pair[0].gen, 0);
    assert_int_equal(v->ahead_seq, 0);
    assert_int_equal(sentlog_snd_of(l)->gen_n, 2); /* nothing is pruned */
    sentlog_crash(&l);
}

static void a_slot_that_was_never_sent_is_a_mismatch(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);

    (void)state;
    sentlog_adds(l, 0, 1, 10);
    sentlog_close(&l);
    l = sentlog_opened(dir, 1, 256);
    sentlog_adds(l, 1, 257, 260);
    sentlog_snd_of(l);
    receipt_begin();
    receipt_takes(0, 1, receipt_bits(11)); /* 11 was skipped */
    assert_int_equal(receipt_judged(l, 260, 0)->verdict, MISMATCH);
    receipt_begin();
    receipt_takes(7, 100, 1); /* a whole generation that was none */
    assert_int_equal(receipt_judged(l, 260, 0)->verdict, MISMATCH);
    receipt_begin();
    receipt_takes(1, 1, 1); /* our slot, and not of that generation */
    assert_int_equal(receipt_judged(l, 260, 0)->verdict, MISMATCH);
    receipt_begin();
    given.r.seq_hi = 50; /* the highest slot it has is none of ours */
    const struct pawl_receipt_verdict *v = receipt_judged(l, 260, 0);
    assert_int_equal(v->verdict, MISMATCH);
    assert_true(v->pair_n == 0 && v->ahead_seq == 50); /* by which its epoch is found */
    receipt_begin();
    receipt_takes(0, 1, receipt_bits(10));
    assert_int_equal(receipt_judged(l, 260, 0)->verdict, FITS);
    sentlog_crash(&l);
}

static void a_position_ahead_of_ours_is_told(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = sentlog_opened(dir, 0, 0);

    (void)state;
    sentlog_adds(l, 0, 1, 10);
    sentlog_snd_of(l);
    receipt_begin();
    receipt_takes(0, 1, receipt_bits(10));
    given.r.seq_hi = 11;
    assert_int_equal(receipt_judged(l, 20, 0)->verdict, MISMATCH); /* we used up to 20 */
    const struct pawl_receipt_verdict *v = receipt_judged(l, 10, 0);
    assert_int_equal(v->verdict, AHEAD);
    assert_int_equal(v->ahead_seq, 11);
    assert_int_equal(v->pair_n, 0);
    receipt_takes(1, UINT64_MAX, 3);
    given.r.seq_hi = UINT64_MAX;
    v = receipt_judged(l, 10, 0);
    assert_int_equal(v->verdict, AHEAD);
    assert_int_equal(v->pair_n, 1);
}

/* The page's counterexample F_E4UNK: the verifier got what our log lost. */
static void unknown_slots_are_not_judged(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);
    struct pawl_err              err;

    (void)state;
    sentlog_adds(l, 0, 1, 10);
    sentlog_flushes(l);
    sentlog_adds(l, 0, 11, 14);
    sentlog_crash(&l);
    l = sentlog_opened(dir, 1, 256);
    sentlog_lists(l, 0, 0, 1, 10);
    receipt_begin();
    receipt_takes(0, 1, receipt_bits(14));
    given.digest[0][0] ^= 1; /* with slots that we cannot know the rest cannot be checked */
    assert_int_equal(receipt_judged(l, 10, 0)->verdict, FITS);
    assert_int_equal(sentlog_snd_of(l)->gen_n, 0); /* the verifier has it whole: D6 */

    const struct pawl_snd told = *sentlog_snd_of(l);
    T_OK(sentlog_known(l, &told, &err), &err);
    assert_int_equal(receipt_judged(l, 10, 0)->verdict, FITS); /* neither are they afterwards */
    sentlog_crash(&l);
    l = sentlog_opened(dir, 1, 256);
    assert_int_equal(receipt_judged(l, 10, 0)->verdict, FITS);
    receipt_begin();
    receipt_takes(0, 1, receipt_bits(27)); /* one past the 16 */
    assert_int_equal(receipt_judged(l, 10, 0)->verdict, AHEAD);
    sentlog_crash(&l);
}

static void slots_before_a_loss_are_not_judged(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);
    struct pawl_err              err;

    (void)state;
    receipt_begin();
    receipt_takes(0, 1000, receipt_bits(20));
    assert_int_equal(receipt_judged(l, 0, 1019)->verdict, FITS);
    assert_int_equal(receipt_judged(l, 0, 1018)->verdict, AHEAD);
    T_OK(sentlog_forget(l, 1019, &err), &err);
    assert_int_equal(receipt_judged(l, 0, 0)->verdict, FITS);
    sentlog_crash(&l);
    l = sentlog_opened(dir, 2000, 2255); /* nor after another start */
    assert_int_equal(receipt_judged(l, 0, 0)->verdict, FITS);
    sentlog_unknown_is(l, 1, 0, 2000, 2015);
    sentlog_crash(&l);
}

static void forgotten_begins_empty(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);
    struct pawl_err              err;

    (void)state;
    sentlog_crash(&l);
    l = sentlog_opened(dir, 1, 256);
    sentlog_adds(l, 0, 257, 300);
    T_OK(sentlog_forget(l, 512, &err), &err);
    assert_int_equal(sentlog_snd_of(l)->gen_n, 0);
    assert_int_equal(sentlog_snd_of(l)->unknown_n, 0);
    sentlog_adds(l, 0, 600, 601);
    sentlog_lists(l, 0, 0, 600, 601);
    sentlog_close(&l);
    l = sentlog_opened(dir, 600, 855);
    sentlog_lists(l, 0, 0, 600, 601);
    sentlog_crash(&l);
}

/* More restarts than the log remembers one by one: the lowest slots are judged no more. */
static void many_runs_are_remembered_in_little(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);
    uint64_t                     runs = 3 * RANGES_MAX;

    (void)state;
    for (uint64_t run = 1; run <= runs; run++) {
        sentlog_adds(l, (uint32_t)run, 256 * run, 256 * run);
        sentlog_snd_of(l);
        sentlog_close(&l);
        l = sentlog_opened(dir, 256 * run, 256 * run + 255);
        sentlog_snd_of(l);
        receipt_begin();
        receipt_takes((uint32_t)run, 256 * run, 1);
        assert_int_equal(receipt_judged(l, 256 * run, 0)->verdict, FITS);
        assert_int_equal(sentlog_snd_of(l)->gen_n, 0);
    }
    for (uint64_t run = 1; run <= runs; run++) { /* old receipts */
        receipt_begin();
        receipt_takes((uint32_t)run, 256 * run, 1);
        assert_int_equal(receipt_judged(l, 256 * runs, 0)->verdict, FITS);
    }
    receipt_begin();
    receipt_takes(1000, 256 * runs - 1, 1);
    assert_int_equal(receipt_judged(l, 256 * runs, 0)->verdict, MISMATCH);
    sentlog_crash(&l);
}

static void ranges_touch_or_are_apart(void **state)
{
    struct ranges r = { 0 };

    (void)state;
    ranges_add(&r, 10, 12);
    ranges_add(&r, 14, 14); /* 13 is between them */
    assert_int_equal(r.n, 2);
    assert_false(ranges_have(&r, 13));
    ranges_add(&r, 5, 9);
    assert_int_equal(r.n, 2);
    assert_true(r.at[0].lo == 5 && r.at[0].hi == 12);
    ranges_add(&r, 13, 13);
    assert_int_equal(r.n, 1);
    ranges_add(&r, 1, 1);
    ranges_add(&r, 20, UINT64_MAX);
    ranges_add(&r, 6, 7); /* inside */
    assert_int_equal(r.n, 3);
    ranges_add(&r, 2, 30); /* over all of them */
    assert_int_equal(r.n, 1);
    assert_true(r.at[0].lo == 1 && r.at[0].hi == UINT64_MAX);
    r.n = 0;
    for (uint64_t i = 0; i < RANGES_MAX; i++)
        ranges_add(&r, 100 * i + 50, 100 * i + 60);
    assert_int_equal(r.n, RANGES_MAX);
    ranges_add(&r, 1, 1);
    assert_int_equal(r.n, RANGES_MAX);
    assert_true(r.at[0].lo == 1 && r.at[0].hi == 60 && r.at[1].lo == 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("a receipt prunes what it lists", a_receipt_prunes_what_it_lists),
        CASE("what grew since the snapshot stays", what_grew_since_the_snapshot_stays),
        CASE("a forged message is a mismatch", a_forged_message_is_a_mismatch),
        CASE("a slot that was never sent is a mismatch", a_slot_that_was_never_sent_is_a_mismatch),
        CASE("a position ahead of ours is told", a_position_ahead_of_ours_is_told),
        CASE("unknown slots are not judged", unknown_slots_are_not_judged),
        CASE("slots before a loss are not judged", slots_before_a_loss_are_not_judged),
        CASE("forgotten begins empty", forgotten_begins_empty),
        CASE("many runs are remembered in little", many_runs_are_remembered_in_little),
        CASE("ranges touch or are apart", ranges_touch_or_are_apart),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
