/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves D2 and D6 and the device's half of E4 (P-DUR-2, P-DUR-6, P-DUR-10): a slot that went out
 * has its leaf in the log, or lies in one of at most 16 unknown slots after it, wherever the agent
 * is stopped; only a receipt of the verifier prunes; and a receipt that claims what we never sent
 * is found, while one about slots that nobody can judge raises no alarm.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "power.h"
#include "scratch.h"
#include "state/file.h"
#include "state/reservation.h"
#include "state/sentlog.h"
#include "state/sentlog_book.h"
#include "t.h"

enum { FITS = 1, MISMATCH, AHEAD };

static int open_scratch(void)
{
    int fd = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static struct sentlog *opened(int dir, uint64_t before_first, uint64_t before_hi)
{
    struct sentlog *l = NULL;
    bool            lost = true;
    struct pawl_err err;

    T_OK(sentlog_open(dir, before_first, before_hi, &l, &lost, &err), &err);
    assert_false(lost);
    return l;
}

/* The process is gone, without a word to the log. */
static void crash(struct sentlog **l)
{
    journal_close(&(*l)->file);
    free(*l);
    *l = NULL;
}

/* What a slot held follows from its number. */
static void leaf_of(uint64_t seq, uint8_t ret[PAWL_LEAF])
{
    for (unsigned i = 0; i < PAWL_LEAF; i++)
        ret[i] = (uint8_t)(seq * 7 + (seq >> 8) + i);
}

static void add(struct sentlog *l, uint32_t gen, uint64_t from, uint64_t to)
{
    uint8_t         leaf[PAWL_LEAF];
    struct pawl_err err;

    for (uint64_t seq = from; seq <= to; seq++) {
        leaf_of(seq, leaf);
        T_OK(sentlog_add(l, 5, gen, seq, leaf, &err), &err);
    }
}

static void flush(struct sentlog *l)
{
    struct pawl_err err;

    T_OK(sentlog_flush(l, &err), &err);
}

static const struct pawl_snd *snd_of(struct sentlog *l)
{
    static struct pawl_snd snd;
    struct pawl_err        err;

    memset(&snd, 0, sizeof(snd));
    T_OK(sentlog_snd(l, &snd, &err), &err);
    return &snd;
}

static void lists(struct sentlog *l, size_t i, uint32_t gen, uint64_t first, uint64_t last)
{
    const struct pawl_snd *s = snd_of(l);
    uint8_t                leaf[PAWL_GEN_MESSAGES][PAWL_LEAF], digest[32];
    struct pawl_err        err;

    assert_true(i < s->gen_n);
    assert_int_equal(s->gens[i].epoch, 5);
    assert_int_equal(s->gens[i].gen, gen);
    assert_int_equal(s->gens[i].first_seq, first);
    assert_int_equal(s->gens[i].last_seq, last);
    assert_int_equal(s->gens[i].count, last - first + 1);
    for (uint64_t seq = first; seq <= last; seq++)
        leaf_of(seq, leaf[seq - first]);
    T_OK(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])leaf, last - first + 1, digest, &err),
         &err);
    assert_memory_equal(s->gens[i].digest.p, digest, 32);
}

static void unknown_is(struct sentlog *l, size_t n, size_t i, uint64_t lo, uint64_t hi)
{
    const struct pawl_snd *s = snd_of(l);

    assert_int_equal(s->unknown_n, n);
    if (n) {
        assert_int_equal(s->unknown[i].lo, lo);
        assert_int_equal(s->unknown[i].hi, hi);
    }
}

/* ---- leaves --------------------------------------------------------------------------------- */

static void generations_are_listed_in_order(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = opened(dir, 0, 0);

    (void)state;
    assert_int_equal(snd_of(l)->gen_n, 0);
    add(l, 0, 1, PAWL_GEN_MESSAGES);
    add(l, 1, 65, 70);
    add(l, 4, 71, 71);
    assert_int_equal(snd_of(l)->gen_n, 3);
    lists(l, 0, 0, 1, 64);
    lists(l, 1, 1, 65, 70);
    lists(l, 2, 4, 71, 71);
    add(l, 4, 72, 73); /* the digest follows */
    lists(l, 2, 4, 71, 73);
}

static void what_is_attested_is_on_the_disk(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);

    (void)state;
    add(l, 0, 1, 3);
    snd_of(l);
    crash(&l);
    l = opened(dir, 1, 256);
    lists(l, 0, 0, 1, 3);
    crash(&l);
}

static void leaves_are_given_for_supply(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = opened(dir, 0, 0);
    struct pawl_view                            v;
    uint8_t                                     leaf[PAWL_LEAF];
    struct pawl_err                             err;

    (void)state;
    add(l, 2, 10, 12);
    T_OK(sentlog_leaves(l, 5, 2, &v, &err), &err);
    assert_int_equal(v.n, 3 * PAWL_LEAF);
    leaf_of(12, leaf);
    assert_memory_equal(v.p + 2 * PAWL_LEAF, leaf, PAWL_LEAF);
    T_FAILS(sentlog_leaves(l, 5, 3, &v, &err), &err, PAWL_E_ABSENT);
    T_FAILS(sentlog_leaves(l, 4, 2, &v, &err), &err, PAWL_E_ABSENT);
}

static void a_log_that_was_closed_knows_all(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);

    (void)state;
    add(l, 0, 1, 40);
    sentlog_close(&l);
    for (int start = 0; start < 3; start++) { /* runs without a slot */
        l = opened(dir, 1, 256);
        lists(l, 0, 0, 1, 40);
        unknown_is(l, 0, 0, 0, 0);
        sentlog_close(&l);
    }
    l = opened(dir, 1, 256);
    add(l, 8, 257, 258);
    sentlog_close(&l);
    l = opened(dir, 257, 512);
    lists(l, 1, 8, 257, 258);
    unknown_is(l, 0, 0, 0, 0);
    crash(&l); /* nothing was reserved, so nothing was sent */
    l = opened(dir, 257, 512);
    unknown_is(l, 0, 0, 0, 0);
    crash(&l);
    l = opened(dir, 513, 768); /* this one had reserved and logged nothing */
    unknown_is(l, 1, 0, 513, 528);
    crash(&l);
}

static void wrong_slots_are_refused(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = opened(dir, 0, 0);
    static const uint8_t                        leaf[PAWL_LEAF];
    struct pawl_err                             err;

    (void)state;
    add(l, 0, 1, 3);
    T_FAILS(sentlog_add(l, 5, 0, 3, leaf, &err), &err, PAWL_E_BUG); /* again */
    T_FAILS(sentlog_add(l, 5, 0, 5, leaf, &err), &err, PAWL_E_BUG); /* a gap */
    T_FAILS(sentlog_add(l, 5, 1, 2, leaf, &err), &err, PAWL_E_BUG); /* back */
    add(l, 1, 5, 5);
    T_FAILS(sentlog_add(l, 5, 0, 6, leaf, &err), &err, PAWL_E_BUG); /* it had ended */
    T_WHERE(&err, "sentlog.gen");
    lists(l, 0, 0, 1, 3);
    lists(l, 1, 1, 5, 5);
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
        struct sentlog              *l = opened(dir, 0, 0);
        uint32_t                     gen = 0;
        uint64_t                     to;
        for (uint64_t from = 1; from <= cases[i].sent; from = to + 1) {
            to = from + 63 < cases[i].sent ? from + 63 : cases[i].sent;
            add(l, gen++, from, to);
        }
        if (cases[i].logged)
            flush(l);
        crash(&l);
        l = opened(dir, 1, cases[i].hi);
        unknown_is(l, cases[i].lo != 0, 0, cases[i].lo, cases[i].to);
        crash(&l);
        l = opened(dir, 1, cases[i].hi); /* told once */
        unknown_is(l, cases[i].lo != 0, 0, cases[i].lo, cases[i].to);
        crash(&l);
    }
}

static void a_log_that_was_closed_too_early_is_no_proof(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);

    (void)state;
    add(l, 0, 1, 3);
    sentlog_close(&l);
    l = opened(dir, 0, 0); /* the same run goes on */
    add(l, 1, 4, 6);
    crash(&l); /* 4 to 6 may have gone out */
    l = opened(dir, 1, 256);
    unknown_is(l, 1, 0, 4, 19);
    crash(&l);
}

static void an_answered_snapshot_ends_its_unknown_ranges(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);
    struct pawl_snd              told = { 0 };
    struct pawl_err              err;

    (void)state;
    crash(&l);
    l = opened(dir, 1, 256);
    T_OK(sentlog_known(l, &told, &err), &err); /* it listed none */
    unknown_is(l, 1, 0, 1, 16);
    told = *snd_of(l);
    T_OK(sentlog_known(l, &told, &err), &err);
    unknown_is(l, 0, 0, 0, 0);
    crash(&l);
    l = opened(dir, 1, 256);
    unknown_is(l, 0, 0, 0, 0);
    crash(&l);
}

static void sixteen_unknown_ranges_stop_everything(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);
    static const uint8_t         leaf[PAWL_LEAF];
    struct pawl_snd              told;
    struct pawl_err              err;

    (void)state;
    for (uint64_t run = 0; run < PAWL_SND_UNKNOWN_MAX; run++) {
        assert_false(sentlog_is_full(l));
        crash(&l);
        l = opened(dir, 256 * run + 1, 256 * run + 256);
        unknown_is(l, run + 1, run, 256 * run + 1, 256 * run + 16);
    }
    assert_true(sentlog_is_full(l));
    T_FAILS(sentlog_add(l, 5, 0, 9999, leaf, &err), &err, PAWL_E_FULL);
    crash(&l); /* so this run used none, though it reserved some */
    l = opened(dir, 256 * 16 + 1, 256 * 17);
    unknown_is(l, 16, 15, 256 * 15 + 1, 256 * 15 + 16);
    told = *snd_of(l);
    T_OK(sentlog_known(l, &told, &err), &err);
    assert_false(sentlog_is_full(l));
    add(l, 0, 9999, 9999);
    sentlog_close(&l);
}

static void too_many_generations_are_full(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = opened(dir, 0, 0);
    static const uint8_t                        leaf[PAWL_LEAF];
    uint64_t                                    seq = 1;
    struct pawl_err                             err;

    (void)state;
    while (!sentlog_is_full(l)) {
        add(l, (uint32_t)seq, seq, seq);
        seq++;
    }
    assert_int_equal(snd_of(l)->gen_n, PAWL_SND_GENS_MAX - 8);
    for (; seq <= PAWL_SND_GENS_MAX; seq++) /* what goes around an attest still does */
        add(l, (uint32_t)seq, seq, seq);
    T_FAILS(sentlog_add(l, 5, 999, 999, leaf, &err), &err, PAWL_E_FULL);
    assert_int_equal(snd_of(l)->gen_n, PAWL_SND_GENS_MAX);
}

/* ---- receipts ------------------------------------------------------------------------------- */

static struct {
    struct pawl_receipt r;
    uint8_t             bitmap[PAWL_RECEIPT_MAX][8], digest[PAWL_RECEIPT_MAX][32];
} given;

/* One generation more in the receipt: these of 64 slots arrived, with the leaves that we sent. */
static void receive(uint32_t gen, uint64_t first, uint64_t bits)
{
    size_t          i = given.r.gen_n++;
    uint8_t         leaf[PAWL_GEN_MESSAGES][PAWL_LEAF];
    struct pawl_err err;

    for (unsigned k = 0; k < PAWL_GEN_MESSAGES; k++) {
        leaf_of(first + k, leaf[k]);
        if (bits >> k & 1 && first + k > given.r.seq_hi)
            given.r.seq_hi = first + k;
    }
    T_OK(pawl_leaves_digest_of((const uint8_t(*)[PAWL_LEAF])leaf, bits, given.digest[i], &err),
         &err);
    given.r.gens[i] = (struct pawl_rcv_gen){
        .epoch = 5,
        .gen = gen,
        .first_seq = first,
        .bitmap = pawl_view(given.bitmap[i], pawl_bits_write(bits, given.bitmap[i])),
        .digest = PAWL_VIEW_OF(given.digest[i]),
    };
}

static uint64_t bits_of(unsigned n)
{
    return n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

static const struct pawl_receipt_verdict *judged(struct sentlog *l, uint64_t sent_hi,
                                                 uint64_t nolog)
{
    static struct pawl_receipt_verdict v;
    static const uint8_t               hash[32] = { 0x77 };
    struct pawl_err                    err;

    T_OK(sentlog_receipt(l, &given.r, hash, sent_hi, nolog, &v, &err), &err);
    assert_int_equal(v.receipt.n, 32);
    assert_int_equal(v.receipt.p[0], 0x77);
    return &v;
}

static void begin_receipt(void)
{
    memset(&given, 0, sizeof(given));
}

static void a_receipt_prunes_what_it_lists(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);

    (void)state;
    add(l, 0, 1, 64);
    add(l, 1, 65, 70);
    add(l, 2, 71, 80);
    add(l, 3, 81, 85);
    snd_of(l);
    begin_receipt();
    receive(0, 1, bits_of(64));
    receive(1, 65, 0x15); /* of the others it holds the attested leaves */
    receive(3, 81, bits_of(5));
    assert_int_equal(judged(l, 85, 0)->verdict, FITS);
    assert_int_equal(snd_of(l)->gen_n, 2); /* 3 is under way */
    lists(l, 0, 2, 71, 80);
    lists(l, 1, 3, 81, 85);
    crash(&l);
    l = opened(dir, 1, 256);
    assert_int_equal(snd_of(l)->gen_n, 2);
    unknown_is(l, 1, 0, 86, 101);
    /* It came again, or a later one lists what is gone here: no mismatch. */
    assert_int_equal(judged(l, 256, 0)->verdict, FITS);
    assert_int_equal(snd_of(l)->gen_n, 1); /* no more can be added to 3 now */
    crash(&l);
}

static void what_grew_since_the_snapshot_stays(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);

    (void)state;
    add(l, 0, 1, 5);
    snd_of(l);
    add(l, 0, 6, 8); /* attested by nobody */
    add(l, 1, 9, 9);
    begin_receipt();
    receive(0, 1, bits_of(5));
    assert_int_equal(judged(l, 9, 0)->verdict, FITS);
    assert_int_equal(snd_of(l)->gen_n, 2);
    assert_int_equal(judged(l, 9, 0)->verdict, FITS); /* and now they are */
    assert_int_equal(snd_of(l)->gen_n, 1);
    crash(&l);
}

static void a_forged_message_is_a_mismatch(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);

    (void)state;
    add(l, 0, 1, 10);
    add(l, 1, 11, 12);
    snd_of(l);
    begin_receipt();
    receive(0, 1, bits_of(10));
    receive(1, 11, bits_of(2));
    given.digest[0][31] ^= 1; /* another leaf in one of its slots */
    const struct pawl_receipt_verdict *v = judged(l, 12, 0);
    assert_int_equal(v->verdict, MISMATCH);
    assert_int_equal(v->pair_n, 1);
    assert_int_equal(v->pair[0].epoch, 5);
    assert_int_equal(v->pair[0].gen, 0);
    assert_int_equal(v->ahead_seq, 0);
    assert_int_equal(snd_of(l)->gen_n, 2); /* nothing is pruned */
    crash(&l);
}

static void a_slot_that_was_never_sent_is_a_mismatch(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);

    (void)state;
    add(l, 0, 1, 10);
    sentlog_close(&l);
    l = opened(dir, 1, 256);
    add(l, 1, 257, 260);
    snd_of(l);
    begin_receipt();
    receive(0, 1, bits_of(11)); /* 11 was skipped */
    assert_int_equal(judged(l, 260, 0)->verdict, MISMATCH);
    begin_receipt();
    receive(7, 100, 1); /* a whole generation that was none */
    assert_int_equal(judged(l, 260, 0)->verdict, MISMATCH);
    begin_receipt();
    receive(1, 1, 1); /* our slot, and not of that generation */
    assert_int_equal(judged(l, 260, 0)->verdict, MISMATCH);
    begin_receipt();
    given.r.seq_hi = 50; /* the highest slot it has is none of ours */
    const struct pawl_receipt_verdict *v = judged(l, 260, 0);
    assert_int_equal(v->verdict, MISMATCH);
    assert_true(v->pair_n == 0 && v->ahead_seq == 50); /* by which its epoch is found */
    begin_receipt();
    receive(0, 1, bits_of(10));
    assert_int_equal(judged(l, 260, 0)->verdict, FITS);
    crash(&l);
}

static void a_position_ahead_of_ours_is_told(void **state)
{
    PAWL_CLEANUP(file_close) int                dir = open_scratch();
    PAWL_CLEANUP(sentlog_close) struct sentlog *l = opened(dir, 0, 0);

    (void)state;
    add(l, 0, 1, 10);
    snd_of(l);
    begin_receipt();
    receive(0, 1, bits_of(10));
    given.r.seq_hi = 11;
    assert_int_equal(judged(l, 20, 0)->verdict, MISMATCH); /* we used up to 20 */
    const struct pawl_receipt_verdict *v = judged(l, 10, 0);
    assert_int_equal(v->verdict, AHEAD);
    assert_int_equal(v->ahead_seq, 11);
    assert_int_equal(v->pair_n, 0);
    receive(1, UINT64_MAX, 3);
    given.r.seq_hi = UINT64_MAX;
    v = judged(l, 10, 0);
    assert_int_equal(v->verdict, AHEAD);
    assert_int_equal(v->pair_n, 1);
}

/* The page's counterexample F_E4UNK: the verifier got what our log lost. */
static void unknown_slots_are_not_judged(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);
    struct pawl_err              err;

    (void)state;
    add(l, 0, 1, 10);
    flush(l);
    add(l, 0, 11, 14);
    crash(&l);
    l = opened(dir, 1, 256);
    lists(l, 0, 0, 1, 10);
    begin_receipt();
    receive(0, 1, bits_of(14));
    given.digest[0][0] ^= 1; /* with slots that we cannot know the rest cannot be checked */
    assert_int_equal(judged(l, 10, 0)->verdict, FITS);
    assert_int_equal(snd_of(l)->gen_n, 0); /* the verifier has it whole: D6 */

    const struct pawl_snd told = *snd_of(l);
    T_OK(sentlog_known(l, &told, &err), &err);
    assert_int_equal(judged(l, 10, 0)->verdict, FITS); /* neither are they afterwards */
    crash(&l);
    l = opened(dir, 1, 256);
    assert_int_equal(judged(l, 10, 0)->verdict, FITS);
    begin_receipt();
    receive(0, 1, bits_of(27)); /* one past the 16 */
    assert_int_equal(judged(l, 10, 0)->verdict, AHEAD);
    crash(&l);
}

static void slots_before_a_loss_are_not_judged(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);
    struct pawl_err              err;

    (void)state;
    begin_receipt();
    receive(0, 1000, bits_of(20));
    assert_int_equal(judged(l, 0, 1019)->verdict, FITS);
    assert_int_equal(judged(l, 0, 1018)->verdict, AHEAD);
    T_OK(sentlog_forget(l, 1019, &err), &err);
    assert_int_equal(judged(l, 0, 0)->verdict, FITS);
    crash(&l);
    l = opened(dir, 2000, 2255); /* nor after another start */
    assert_int_equal(judged(l, 0, 0)->verdict, FITS);
    unknown_is(l, 1, 0, 2000, 2015);
    crash(&l);
}

static void forgotten_begins_empty(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);
    struct pawl_err              err;

    (void)state;
    crash(&l);
    l = opened(dir, 1, 256);
    add(l, 0, 257, 300);
    T_OK(sentlog_forget(l, 512, &err), &err);
    assert_int_equal(snd_of(l)->gen_n, 0);
    assert_int_equal(snd_of(l)->unknown_n, 0);
    add(l, 0, 600, 601);
    lists(l, 0, 0, 600, 601);
    sentlog_close(&l);
    l = opened(dir, 600, 855);
    lists(l, 0, 0, 600, 601);
    crash(&l);
}

/* More restarts than the log remembers one by one: the lowest slots are judged no more. */
static void many_runs_are_remembered_in_little(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct sentlog              *l = opened(dir, 0, 0);
    uint64_t                     runs = 3 * RANGES_MAX;

    (void)state;
    for (uint64_t run = 1; run <= runs; run++) {
        add(l, (uint32_t)run, 256 * run, 256 * run);
        snd_of(l);
        sentlog_close(&l);
        l = opened(dir, 256 * run, 256 * run + 255);
        snd_of(l);
        begin_receipt();
        receive((uint32_t)run, 256 * run, 1);
        assert_int_equal(judged(l, 256 * run, 0)->verdict, FITS);
        assert_int_equal(snd_of(l)->gen_n, 0);
    }
    for (uint64_t run = 1; run <= runs; run++) { /* old receipts */
        begin_receipt();
        receive((uint32_t)run, 256 * run, 1);
        assert_int_equal(judged(l, 256 * runs, 0)->verdict, FITS);
    }
    begin_receipt();
    receive(1000, 256 * runs - 1, 1);
    assert_int_equal(judged(l, 256 * runs, 0)->verdict, MISMATCH);
    crash(&l);
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
    struct sentlog *l = opened(s.dir, 0, 0);

    crash(&l);
    l = opened(s.dir, 1, 256);
    add(l, 0, 257, 280);
    flush(l);
    add(l, 1, 281, 285);
    flush(l);
    crash(&l);
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
    const struct pawl_snd *snd = snd_of(l);
    if (lost) {
        assert_int_equal(snd->gen_n + snd->unknown_n, 0);
    } else {
        assert_in_range(snd->unknown_n, 1, 2);
        assert_int_equal(snd->unknown[0].lo, 1);
        uint64_t top = snd->gen_n ? snd->gens[snd->gen_n - 1].last_seq : 256;
        assert_int_equal(snd->unknown[1].lo, top + 1);
        if (snd->gen_n > 0)
            lists(l, 0, 0, 257, snd->gens[0].last_seq);
        if (snd->gen_n > 1)
            lists(l, 1, 1, 281, 285);
    }
    crash(&l);
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
        begin_receipt();
        receive(0, 257, bits_of(24));
        assert_int_equal(judged(l, 512, 0)->verdict, FITS); /* not judged */
        crash(&l);
    }
    assert_int_equal(faccessat(s.dir, SENTLOG_FILE ".bad", F_OK, 0), 0);
    T_OK(sentlog_open(s.dir, 257, 512, &l, &lost, &err), &err);
    T_OK(sentlog_forget(l, 512, &err), &err);
    crash(&l);
    l = opened(s.dir, 257, 512);
    crash(&l);
    /* Gone altogether, though slots were used. */
    assert_int_equal(unlinkat(s.dir, SENTLOG_FILE, 0), 0);
    T_OK(sentlog_open(s.dir, 257, 512, &l, &lost, &err), &err);
    assert_true(lost);
    crash(&l);
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

/* ---- power ---------------------------------------------------------------------------------- */

enum { SLOTS = 4096 };

struct told {
    bool     sent[SLOTS]; /* went out */
    bool     held[SLOTS]; /* the verifier has it, or its attested leaf */
    uint32_t gen;
    bool     ahead; /* D2: sends before the flush, as far as it allows */
};

/* The verifier has everything that was sent, and every leaf that was attested. */
static void attest(struct sentlog *l, struct told *t, uint64_t sent_hi)
{
    static struct pawl_snd      snd;
    struct pawl_receipt_verdict v;
    struct pawl_err             err;
    static const uint8_t        hash[32];

    if (!pawl_is_ok(sentlog_snd(l, &snd, &err)))
        return;
    begin_receipt();
    for (size_t i = 0; i < snd.gen_n && i < 40; i++) {
        uint64_t bits = 0;
        for (uint64_t s = snd.gens[i].first_seq; s <= snd.gens[i].last_seq; s++) {
            if (t->sent[s])
                bits |= UINT64_C(1) << (s - snd.gens[i].first_seq);
            t->held[s] = true;
        }
        receive(snd.gens[i].gen, snd.gens[i].first_seq, bits);
    }
    POWER_HOLDS(pawl_is_ok(sentlog_receipt(l, &given.r, hash, sent_hi, 0, &v, &err)));
    POWER_HOLDS(v.verdict == FITS);
    (void)!pawl_is_ok(sentlog_known(l, &snd, &err));
}

static void run(int dir, struct told *t, int n)
{
    struct reservation r;
    struct sentlog    *l;
    bool               lost, waits = false;
    uint64_t           seq = 0, first = 0;
    struct pawl_err    err;

    POWER_HOLDS(pawl_is_ok(reservation_open(dir, &r, &err)));
    while (!pawl_is_ok(sentlog_open(dir, r.before_first, r.before_hi, &l, &lost, &err)))
        ;
    POWER_HOLDS(!lost);
    for (int i = 0; i < n; i++) {
        uint8_t leaf[PAWL_LEAF];
        if (i % 21 == 0)
            t->gen++;
        if (i % 50 == 49)
            attest(l, t, seq);
        if (!pawl_is_ok(reservation_seq(dir, &r, &seq, &err)))
            continue;
        leaf_of(seq, leaf);
        waits = true;
        if (!first)
            first = seq;
        if (!pawl_is_ok(sentlog_add(l, 5, t->gen, seq, leaf, &err)) ||
            (!t->ahead && i % 3 == 2 && !pawl_is_ok(sentlog_flush(l, &err))))
            t->gen++; /* not sent; the next one goes in another generation */
        else if (t->ahead)
            t->sent[seq] = true;
        else if (i % 3 == 2)
            waits = false;
        for (uint64_t s = first; !waits && s <= seq; s++)
            t->sent[s] = true;
        if (!waits)
            first = 0;
    }
    sentlog_close(&l);
}

static void two_runs(void *shared)
{
    int dir = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    run(dir, shared, 100);
    run(dir, shared, 20);
}

static void two_runs_ahead(void *shared)
{
    ((struct told *)shared)->ahead = true;
    two_runs(shared);
}

/* Slots that went out and are neither in the log, nor unknown, nor held by the verifier would be
 * called forged (E3). */
static void nothing_is_missing(void *shared)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    const struct told           *t = shared;
    struct reservation           r;
    struct sentlog              *l = NULL;
    bool                         lost = true;
    uint64_t                     missing = 0;
    struct pawl_err              err;

    T_OK(reservation_open(dir, &r, &err), &err);
    T_OK(sentlog_open(dir, r.before_first, r.before_hi, &l, &lost, &err), &err);
    assert_false(lost);
    const struct pawl_snd *snd = snd_of(l);
    for (uint64_t s = 1; s < SLOTS; s++) {
        bool listed = false, unknown = false;
        for (size_t i = 0; i < snd->gen_n; i++)
            listed = listed || (s >= snd->gens[i].first_seq && s <= snd->gens[i].last_seq);
        for (size_t i = 0; i < snd->unknown_n; i++)
            unknown = unknown || (s >= snd->unknown[i].lo && s <= snd->unknown[i].hi);
        missing += t->sent[s] && !listed && !t->held[s];
        if (t->sent[s] && !listed && !unknown && !t->held[s])
            fail_msg("slot %u went out and is missing", (unsigned)s);
    }
    assert_true(missing <= (t->ahead ? SENTLOG_BATCH : 0));
    for (size_t i = 0; i < snd->gen_n; i++)
        lists(l, i, snd->gens[i].gen, snd->gens[i].first_seq, snd->gens[i].last_seq);
    for (size_t i = 0; i < snd_of(l)->unknown_n; i++)
        assert_true(snd_of(l)->unknown[i].hi - snd_of(l)->unknown[i].lo < SENTLOG_BATCH);
    crash(&l);
}

static void empty(void)
{
    assert_int_equal(scratch_empty(NULL), 0);
}

static void nothing_is_missing_wherever_it_stops(void **state)
{
    struct power_case c = { .shared = power_shared(sizeof(struct told)),
                            .shared_n = sizeof(struct told),
                            .child = two_runs,
                            .after = nothing_is_missing,
                            .before = empty };

    (void)state;
    power_everywhere(&c, POWER_KILL, 150);
    power_everywhere(&c, POWER_CUT, 150);
    power_everywhere(&c, POWER_FULL, 80);
    power_everywhere(&c, POWER_EIO, 40);
    power_everywhere(&c, POWER_EIO_CUT, 40);
}

static void sixteen_at_most_are_unknown_wherever_it_stops(void **state)
{
    struct power_case c = { .shared = power_shared(sizeof(struct told)),
                            .shared_n = sizeof(struct told),
                            .child = two_runs_ahead,
                            .after = nothing_is_missing,
                            .before = empty };

    (void)state;
    power_everywhere(&c, POWER_KILL, 50);
    power_everywhere(&c, POWER_CUT, 50);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), scratch_empty, NULL, NULL                                                 \
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
        CASE("every truncation is a loss or a crash", every_truncation_is_a_loss_or_a_crash),
        CASE("no flip makes another leaf", no_flip_makes_another_leaf),
        CASE("a lost log stays lost until somebody acts",
             a_lost_log_stays_lost_until_somebody_acts),
        CASE("a disk that cannot be read is no loss", a_disk_that_cannot_be_read_is_no_loss),
        CASE("nothing is missing wherever it stops", nothing_is_missing_wherever_it_stops),
        CASE("sixteen at most are unknown wherever it stops",
             sixteen_at_most_are_unknown_wherever_it_stops),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
