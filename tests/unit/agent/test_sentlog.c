/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves D2 and D6 (P-DUR-2, P-DUR-6): a slot that went out has its leaf in the log, or lies in one
 * of at most 16 unknown slots after it; and what a damaged file loses is found. Wherever the agent
 * is stopped: test_sentlog_power.c. Receipts: test_sentlog_receipt.c.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "power.h"
#include "scratch.h"
#include "sentlog_fixture.h"
#include "state/file.h"
#include "state/sentlog.h"
#include "state/sentlog_book.h"
#include "t.h"

/* ---- leaves --------------------------------------------------------------------------------- */

static void generations_are_listed_in_order(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = sentlog_opened(dir, 0, 0);

    (void)state;
    assert_int_equal(sentlog_snd_of(l)->gen_n, 0);
    sentlog_adds(l, 0, 1, PAWL_GEN_MESSAGES);
    sentlog_adds(l, 1, 65, 70);
    sentlog_adds(l, 4, 71, 71);
    assert_int_equal(sentlog_snd_of(l)->gen_n, 3);
    sentlog_lists(l, 0, 0, 1, 64);
    sentlog_lists(l, 1, 1, 65, 70);
    sentlog_lists(l, 2, 4, 71, 71);
    sentlog_adds(l, 4, 72, 73); /* the digest follows */
    sentlog_lists(l, 2, 4, 71, 73);
}

static void what_is_attested_is_on_the_disk(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);

    (void)state;
    sentlog_adds(l, 0, 1, 3);
    sentlog_snd_of(l);
    sentlog_crash(&l);
    l = sentlog_opened(dir, 1, 256);
    sentlog_lists(l, 0, 0, 1, 3);
    sentlog_crash(&l);
}

static void leaves_are_given_for_supply(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = sentlog_opened(dir, 0, 0);
    struct pawl_view                            v;
    uint8_t                                     leaf[PAWL_LEAF];
    struct pawl_err                             err;

    (void)state;
    sentlog_adds(l, 2, 10, 12);
    T_OK(sentlog_leaves(l, 5, 2, &v, &err), &err);
    assert_int_equal(v.n, 3 * PAWL_LEAF);
    sentlog_leaf_of(12, leaf);
    assert_memory_equal(v.p + 2 * PAWL_LEAF, leaf, PAWL_LEAF);
    T_FAILS(sentlog_leaves(l, 5, 3, &v, &err), &err, PAWL_E_ABSENT);
    T_FAILS(sentlog_leaves(l, 4, 2, &v, &err), &err, PAWL_E_ABSENT);
}

static void a_log_that_was_closed_knows_all(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);

    (void)state;
    sentlog_adds(l, 0, 1, 40);
    sentlog_close(&l);
    for (int start = 0; start < 3; start++) { /* runs without a slot */
        l = sentlog_opened(dir, 1, 256);
        sentlog_lists(l, 0, 0, 1, 40);
        sentlog_unknown_is(l, 0, 0, 0, 0);
        sentlog_close(&l);
    }
    l = sentlog_opened(dir, 1, 256);
    sentlog_adds(l, 8, 257, 258);
    sentlog_close(&l);
    l = sentlog_opened(dir, 257, 512);
    sentlog_lists(l, 1, 8, 257, 258);
    sentlog_unknown_is(l, 0, 0, 0, 0);
    sentlog_crash(&l); /* nothing was reserved, so nothing was sent */
    l = sentlog_opened(dir, 257, 512);
    sentlog_unknown_is(l, 0, 0, 0, 0);
    sentlog_crash(&l);
    l = sentlog_opened(dir, 513, 768); /* this one had reserved and logged nothing */
    sentlog_unknown_is(l, 1, 0, 513, 528);
    sentlog_crash(&l);
}

static void wrong_slots_are_refused(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = sentlog_opened(dir, 0, 0);
    static const uint8_t                        leaf[PAWL_LEAF];
    struct pawl_err                             err;

    (void)state;
    sentlog_adds(l, 0, 1, 3);
    T_FAILS(sentlog_add(l, 5, 0, 3, leaf, &err), &err, PAWL_E_BUG); /* again */
    T_FAILS(sentlog_add(l, 5, 0, 5, leaf, &err), &err, PAWL_E_BUG); /* a gap */
    T_FAILS(sentlog_add(l, 5, 1, 2, leaf, &err), &err, PAWL_E_BUG); /* back */
    sentlog_adds(l, 1, 5, 5);
    T_FAILS(sentlog_add(l, 5, 0, 6, leaf, &err), &err, PAWL_E_BUG); /* it had ended */
    T_WHERE(&err, "sentlog.gen");
    sentlog_lists(l, 0, 0, 1, 3);
    sentlog_lists(l, 1, 1, 5, 5);
}

/* ---- unknown ranges ------------------------------------------------------------------------- */

static void a_crash_leaves_at_most_16_unknown(void **state)
{
    static const struct {
        uint64_t sent, logged; /* the log is flushed at this one, if at all */
        uint64_t hi;           /* reserved */
        uint64_t lo, to;       /* unknown */
    } cases[] = {
        { 0, 0, 256, 1, 16 },   { 15, 0, 256, 1, 16 },       { 3, 3, 256, 4, 19 },
        { 16, 0, 256, 17, 32 }, { 250, 250, 256, 251, 256 }, { 255, 255, 256, 256, 256 },
        { 20, 20, 10, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        scratch_empty(NULL);
        PAWL_CLEANUP(file_close) int dir = open_scratch();
        struct sentlog              *l = sentlog_opened(dir, 0, 0);
        uint32_t                     gen = 0;
        uint64_t                     to;
        for (uint64_t from = 1; from <= cases[i].sent; from = to + 1) {
            to = from + 63 < cases[i].sent ? from + 63 : cases[i].sent;
            sentlog_adds(l, gen++, from, to);
        }
        if (cases[i].logged)
            sentlog_flushes(l);
        sentlog_crash(&l);
        l = sentlog_opened(dir, 1, cases[i].hi);
        sentlog_unknown_is(l, cases[i].lo != 0, 0, cases[i].lo, cases[i].to);
        sentlog_crash(&l);
        l = sentlog_opened(dir, 1, cases[i].hi); /* told once */
        sentlog_unknown_is(l, cases[i].lo != 0, 0, cases[i].lo, cases[i].to);
        sentlog_crash(&l);
    }
}

static void a_log_that_was_closed_too_early_is_no_proof(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);

    (void)state;
    sentlog_adds(l, 0, 1, 3);
    sentlog_close(&l);
    l = sentlog_opened(dir, 0, 0); /* the same run goes on */
    sentlog_adds(l, 1, 4, 6);
    sentlog_crash(&l); /* 4 to 6 may have gone out */
    l = sentlog_opened(dir, 1, 256);
    sentlog_unknown_is(l, 1, 0, 4, 19);
    sentlog_crash(&l);
}

static void an_answered_snapshot_ends_its_unknown_ranges(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);
    struct pawl_snd              told = { 0 };
    struct pawl_err              err;

    (void)state;
    sentlog_crash(&l);
    l = sentlog_opened(dir, 1, 256);
    T_OK(sentlog_known(l, &told, &err), &err); /* it listed none */
    sentlog_unknown_is(l, 1, 0, 1, 16);
    told = *sentlog_snd_of(l);
    T_OK(sentlog_known(l, &told, &err), &err);
    sentlog_unknown_is(l, 0, 0, 0, 0);
    sentlog_crash(&l);
    l = sentlog_opened(dir, 1, 256);
    sentlog_unknown_is(l, 0, 0, 0, 0);
    sentlog_crash(&l);
}

static void sixteen_unknown_ranges_stop_everything(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = sentlog_opened(dir, 0, 0);
    static const uint8_t         leaf[PAWL_LEAF];
    struct pawl_snd              told;
    struct pawl_err              err;

    (void)state;
    for (uint64_t run = 0; run < PAWL_SND_UNKNOWN_MAX; run++) {
        assert_false(sentlog_is_full(l));
        sentlog_crash(&l);
        l = sentlog_opened(dir, 256 * run + 1, 256 * run + 256);
        sentlog_unknown_is(l, run + 1, run, 256 * run + 1, 256 * run + 16);
    }
    assert_true(sentlog_is_full(l));
    T_FAILS(sentlog_add(l, 5, 0, 9999, leaf, &err), &err, PAWL_E_FULL);
    sentlog_crash(&l); /* so this run used none, though it reserved some */
    l = sentlog_opened(dir, 256 * 16 + 1, 256 * 17);
    sentlog_unknown_is(l, 16, 15, 256 * 15 + 1, 256 * 15 + 16);
    told = *sentlog_snd_of(l);
    T_OK(sentlog_known(l, &told, &err), &err);
    assert_false(sentlog_is_full(l));
    sentlog_adds(l, 0, 9999, 9999);
    sentlog_close(&l);
}

static void too_many_generations_are_full(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = sentlog_opened(dir, 0, 0);
    static const uint8_t                        leaf[PAWL_LEAF];
    uint64_t                                    seq = 1;
    struct pawl_err                             err;

    (void)state;
    while (!sentlog_is_full(l)) {
        sentlog_adds(l, (uint32_t)seq, seq, seq);
        seq++;
    }
    assert_int_equal(sentlog_snd_of(l)->gen_n, PAWL_SND_GENS_MAX - 8);
    for (; seq <= PAWL_SND_GENS_MAX; seq++) /* what goes around an attest still does */
        sentlog_adds(l, (uint32_t)seq, seq, seq);
    T_FAILS(sentlog_add(l, 5, 999, 999, leaf, &err), &err, PAWL_E_FULL);
    assert_int_equal(sentlog_snd_of(l)->gen_n, PAWL_SND_GENS_MAX);
}

/* ---- the file ------------------------------------------------------------------------------- */

struct spoilt {
    int              dir;
    struct pawl_view good;
};

static struct spoilt spoil(void)
{
    struct spoilt   s = { .dir = open_scratch() };
    static uint8_t  b[8192];
    size_t          n;
    struct pawl_err err;
    struct sentlog *l = sentlog_opened(s.dir, 0, 0);

    sentlog_crash(&l);
    l = sentlog_opened(s.dir, 1, 256);
    sentlog_adds(l, 0, 257, 280);
    sentlog_flushes(l);
    sentlog_adds(l, 1, 281, 285);
    sentlog_flushes(l);
    sentlog_crash(&l);
    T_OK(file_read(s.dir, SENTLOG_FILE, b, sizeof(b), &n, &err), &err);
    s.good = t_copy(pawl_view(b, n));
    return s;
}

static void overwrite(int dir, struct pawl_view v)
{
    int fd = openat(dir, SENTLOG_FILE, O_WRONLY | O_TRUNC | O_CREAT, 0600);

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
}

/* Either the log is lost, and says so; or it is one that a crash could have left. */
static void lost_or_cut(struct pawl_view v, void *arg)
{
    const struct spoilt *s = arg;
    struct sentlog      *l = NULL;
    bool                 lost = false;
    struct pawl_err      err;

    overwrite(s->dir, v);
    T_OK(sentlog_open(s->dir, 257, 512, &l, &lost, &err), &err);
    const struct pawl_snd *snd = sentlog_snd_of(l);
    if (lost) {
        assert_int_equal(snd->gen_n + snd->unknown_n, 0);
    } else {
        assert_in_range(snd->unknown_n, 1, 2);
        assert_int_equal(snd->unknown[0].lo, 1);
        uint64_t top = snd->gen_n ? snd->gens[snd->gen_n - 1].last_seq : 256;
        assert_int_equal(snd->unknown[1].lo, top + 1);
        if (snd->gen_n > 0)
            sentlog_lists(l, 0, 0, 257, snd->gens[0].last_seq);
        if (snd->gen_n > 1)
            sentlog_lists(l, 1, 1, 281, 285);
    }
    sentlog_crash(&l);
}

static void every_truncation_is_a_loss_or_a_crash(void **state)
{
    struct spoilt s = spoil();

    (void)state;
    t_each_truncation(s.good, lost_or_cut, &s);
    close(s.dir);
}

static void no_flip_makes_another_leaf(void **state)
{
    struct spoilt s = spoil();

    (void)state;
    t_each_flip(s.good, lost_or_cut, &s);
    close(s.dir);
}

static void a_lost_log_stays_lost_until_somebody_acts(void **state)
{
    struct spoilt   s = spoil();
    struct sentlog *l = NULL;
    uint8_t         bad[8192];
    bool            lost = false;
    struct pawl_err err;

    (void)state;
    memcpy(bad, s.good.p, s.good.n);
    bad[50] ^= 1; /* in its beginning, with whole frames behind it */
    overwrite(s.dir, pawl_view(bad, s.good.n));
    for (int start = 0; start < 2; start++) {
        T_OK(sentlog_open(s.dir, 257, 512, &l, &lost, &err), &err);
        assert_true(lost);
        receipt_begin();
        receipt_takes(0, 257, receipt_bits(24));
        assert_int_equal(receipt_judged(l, 512, 0)->verdict, FITS); /* not judged */
        sentlog_crash(&l);
    }
    assert_int_equal(faccessat(s.dir, SENTLOG_FILE ".bad", F_OK, 0), 0);
    T_OK(sentlog_open(s.dir, 257, 512, &l, &lost, &err), &err);
    T_OK(sentlog_forget(l, 512, &err), &err);
    sentlog_crash(&l);
    l = sentlog_opened(s.dir, 257, 512);
    sentlog_crash(&l);
    /* Gone altogether, though slots were used. */
    assert_int_equal(unlinkat(s.dir, SENTLOG_FILE, 0), 0);
    T_OK(sentlog_open(s.dir, 257, 512, &l, &lost, &err), &err);
    assert_true(lost);
    sentlog_crash(&l);
    close(s.dir);
}

static void a_disk_that_cannot_be_read_is_no_loss(void **state)
{
    struct sentlog *l = NULL;
    bool            lost;
    struct pawl_err err;

    (void)state;
    T_FAILS(sentlog_open(-1, 0, 0, &l, &lost, &err), &err, PAWL_E_IO);
    assert_null(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("generations are listed in order", generations_are_listed_in_order),
        CASE("what is attested is on the disk", what_is_attested_is_on_the_disk),
        CASE("leaves are given for supply", leaves_are_given_for_supply),
        CASE("a log that was closed knows all", a_log_that_was_closed_knows_all),
        CASE("wrong slots are refused", wrong_slots_are_refused),
        CASE("a crash leaves at most 16 unknown", a_crash_leaves_at_most_16_unknown),
        CASE("a log that was closed too early is no proof",
             a_log_that_was_closed_too_early_is_no_proof),
        CASE("an answered snapshot ends its unknown ranges",
             an_answered_snapshot_ends_its_unknown_ranges),
        CASE("sixteen unknown ranges stop everything", sixteen_unknown_ranges_stop_everything),
        CASE("too many generations are full", too_many_generations_are_full),
        CASE("every truncation is a loss or a crash", every_truncation_is_a_loss_or_a_crash),
        CASE("no flip makes another leaf", no_flip_makes_another_leaf),
        CASE("a lost log stays lost until somebody acts",
             a_lost_log_stays_lost_until_somebody_acts),
        CASE("a disk that cannot be read is no loss", a_disk_that_cannot_be_read_is_no_loss),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
