/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves D7 (P-DUR-7): a downlink slot that was acknowledged or handed on is in the log after any
 * crash, is taken once, and is attested until a snapshot that held it was answered.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "power.h"
#include "scratch.h"
#include "state/file.h"
#include "state/rcvlog.h"
#include "t.h"

static int open_scratch(void)
{
    int fd = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static struct rcvlog *opened(int dir)
{
    struct rcvlog  *l = NULL;
    bool            lost = true;
    struct pawl_err err;

    T_OK(rcvlog_open(dir, &l, &lost, &err), &err);
    assert_false(lost);
    return l;
}

/* What a slot held follows from its number; each is an application's message with an id. */
static struct rcvlog_slot a_slot(uint32_t gen, uint64_t start, uint64_t seq)
{
    struct rcvlog_slot s = {
        .epoch = 5, .gen = gen, .gen_start_seq = start, .seq = seq, .has_id = true, .id = seq << 10
    };

    for (unsigned i = 0; i < PAWL_LEAF; i++)
        s.leaf[i] = (uint8_t)(seq * 7 + (seq >> 8) + i);
    return s;
}

static void take(struct rcvlog *l, uint32_t gen, uint64_t start, uint64_t seq)
{
    struct rcvlog_slot s = a_slot(gen, start, seq);
    struct pawl_err    err;

    T_OK(rcvlog_add(l, &s, 1, &err), &err);
    assert_true(rcvlog_has(l, seq));
}

static const struct pawl_rcv *rcv_of(struct rcvlog *l)
{
    static struct pawl_rcv rcv;
    struct pawl_err        err;

    memset(&rcv, 0, sizeof(rcv));
    T_OK(rcvlog_rcv(l, &rcv, &err), &err);
    return &rcv;
}

static void attests(const struct pawl_rcv *r, size_t i, uint32_t gen, uint64_t first, uint64_t bits)
{
    uint8_t         leaf[PAWL_GEN_MESSAGES][PAWL_LEAF], digest[32];
    struct pawl_err err;

    assert_true(i < r->gen_n);
    assert_int_equal(r->gens[i].epoch, 5);
    assert_int_equal(r->gens[i].gen, gen);
    assert_int_equal(r->gens[i].first_seq, first);
    assert_true(pawl_bits_read(r->gens[i].bitmap) == bits);
    for (unsigned k = 0; k < PAWL_GEN_MESSAGES; k++)
        memcpy(leaf[k], a_slot(gen, first, first + k).leaf, PAWL_LEAF);
    T_OK(pawl_leaves_digest_of((const uint8_t(*)[PAWL_LEAF])leaf, bits, digest, &err), &err);
    assert_memory_equal(r->gens[i].digest.p, digest, 32);
}

static void answered(struct rcvlog *l, uint64_t seq_hi)
{
    struct pawl_err err;

    T_OK(rcvlog_answered(l, seq_hi, &err), &err);
}

/* ---- taking --------------------------------------------------------------------------------- */

static void a_slot_is_taken_once(void **state)
{
    PAWL_CLEANUP(file_close) int              dir = open_scratch();
    PAWL_CLEANUP(rcvlog_close) struct rcvlog *l = opened(dir);
    struct rcvlog_slot                        s = a_slot(0, 1, 3);
    struct pawl_err                           err;

    (void)state;
    assert_int_equal(rcvlog_seq_hi(l), 0);
    assert_true(rcvlog_has(l, 0));
    assert_false(rcvlog_has(l, 3));
    take(l, 0, 1, 3);
    assert_int_equal(rcvlog_seq_hi(l), 3);
    assert_false(rcvlog_has(l, 2));
    assert_false(rcvlog_has(l, 4));
    assert_true(rcvlog_has_id(l, 3 << 10));
    assert_false(rcvlog_has_id(l, 4 << 10));
    T_FAILS(rcvlog_add(l, &s, 1, &err), &err, PAWL_E_CONFLICT);
    take(l, 0, 1, 2); /* late */
    assert_int_equal(rcvlog_seq_hi(l), 3);
    rcvlog_close(&l);
    l = opened(dir);
    assert_true(rcvlog_has(l, 2) && rcvlog_has(l, 3) && !rcvlog_has(l, 4));
    assert_true(rcvlog_has_id(l, 2 << 10));
    attests(rcv_of(l), 0, 0, 1, 6);
}

static void a_batch_is_taken_whole_or_not_at_all(void **state)
{
    PAWL_CLEANUP(file_close) int              dir = open_scratch();
    PAWL_CLEANUP(rcvlog_close) struct rcvlog *l = opened(dir);
    struct rcvlog_slot s[3] = { a_slot(0, 1, 1), a_slot(0, 1, 2), a_slot(0, 1, 1) };
    struct pawl_err    err;

    (void)state;
    T_FAILS(rcvlog_add(l, s, 3, &err), &err, PAWL_E_CONFLICT);
    assert_false(rcvlog_has(l, 1));
    s[2] = a_slot(1, 10, 9); /* in front of its generation */
    T_FAILS(rcvlog_add(l, s, 3, &err), &err, PAWL_E_RANGE);
    s[2] = a_slot(1, 10, 74); /* behind it */
    T_FAILS(rcvlog_add(l, s, 3, &err), &err, PAWL_E_RANGE);
    s[2] = a_slot(0, 2, 3); /* its generation began elsewhere */
    T_FAILS(rcvlog_add(l, s, 3, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "rcvlog.gen_start_seq");
    assert_int_equal(rcv_of(l)->gen_n, 0);
    s[2] = a_slot(0, 1, 64);
    T_OK(rcvlog_add(l, s, 3, &err), &err);
    attests(rcv_of(l), 0, 0, 1, 3 | UINT64_C(1) << 63);
}

static void slots_behind_the_window_count_as_taken(void **state)
{
    PAWL_CLEANUP(file_close) int              dir = open_scratch();
    PAWL_CLEANUP(rcvlog_close) struct rcvlog *l = opened(dir);

    (void)state;
    take(l, 0, 1, 1);
    take(l, 1, 4097, 4097); /* 1 leaves the window now; its bit is that of 4097 */
    assert_true(rcvlog_has(l, 1));
    assert_false(rcvlog_has(l, 2));
    take(l, 1, 4097, 4098);
    assert_true(rcvlog_has(l, 2));
    assert_false(rcvlog_has(l, 3));
    take(l, 2, 1 << 20, 1 << 20);
    for (uint64_t seq = (1 << 20) - 4095; seq < 1 << 20; seq++)
        assert_false(rcvlog_has(l, seq));
    assert_true(rcvlog_has(l, (1 << 20) - 4096));
}

static void too_many_generations_are_full(void **state)
{
    PAWL_CLEANUP(file_close) int              dir = open_scratch();
    PAWL_CLEANUP(rcvlog_close) struct rcvlog *l = opened(dir);
    struct rcvlog_slot                        s = a_slot(99, 9999, 9999);
    struct pawl_err                           err;

    (void)state;
    for (uint32_t gen = 0; gen < PAWL_RCV_GENS_MAX; gen++) {
        assert_false(rcvlog_is_full(l));
        take(l, gen, 100 * (uint64_t)gen + 1, 100 * (uint64_t)gen + 1);
    }
    assert_true(rcvlog_is_full(l));
    T_FAILS(rcvlog_add(l, &s, 1, &err), &err, PAWL_E_FULL);
    assert_false(rcvlog_has(l, 9999));
    take(l, 60, 6001, 6002); /* into one that is there */
    answered(l, rcv_of(l)->seq_hi);
    assert_false(rcvlog_is_full(l));
    T_OK(rcvlog_add(l, &s, 1, &err), &err);
}

/* ---- acknowledging -------------------------------------------------------------------------- */

static bool acked(const struct rcvlog *l, uint64_t seq)
{
    uint8_t  bitmap[PAWL_ACK_BITMAP_MAX];
    uint64_t hi = 0, first = 0;
    size_t   n = 0;

    t_poison(bitmap, sizeof(bitmap));
    rcvlog_ack(l, &hi, &first, bitmap, &n);
    assert_true(n <= sizeof(bitmap) && hi == rcvlog_seq_hi(l));
    assert_true(!n || bitmap[n - 1]);
    return seq >= first && (seq - first) / 8 < n &&
           bitmap[(seq - first) / 8] >> (seq - first) % 8 & 1;
}

static void an_ack_names_what_was_taken_and_no_more(void **state)
{
    PAWL_CLEANUP(file_close) int              dir = open_scratch();
    PAWL_CLEANUP(rcvlog_close) struct rcvlog *l = opened(dir);
    static const uint64_t                     slots[] = { 2, 3, 9, 1000, 1025, 1033 };
    static const size_t                       n = sizeof(slots) / sizeof(*slots);
    struct pawl_err                           err;

    (void)state;
    assert_false(acked(l, 0) || acked(l, 1));
    for (size_t i = 0; i < n; i++)
        take(l, (uint32_t)i, slots[i], slots[i]);
    for (uint64_t seq = 0; seq < 1100; seq++) {
        bool taken = false;
        for (size_t i = 0; i < n; i++)
            taken = taken || slots[i] == seq;
        assert_true(acked(l, seq) == (taken && seq > 1033 - 1024));
    }
    T_OK(rcvlog_forget(l, 2000, &err), &err);
    assert_false(acked(l, 1999) || acked(l, 1033));
}

/* ---- attesting ------------------------------------------------------------------------------ */

static void what_came_after_the_snapshot_is_still_attested(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct rcvlog               *l = opened(dir);

    (void)state;
    take(l, 0, 1, 1);
    take(l, 0, 1, 4);
    take(l, 2, 65, 65);
    const struct pawl_rcv *r = rcv_of(l);
    assert_int_equal(r->seq_hi, 65);
    attests(r, 0, 0, 1, 9);
    attests(r, 1, 2, 65, 1);
    take(l, 2, 65, 66);
    answered(l, 64); /* another snapshot than the last */
    assert_int_equal(rcv_of(l)->gen_n, 2);
    rcvlog_close(&l);

    l = opened(dir);
    answered(l, 66); /* no snapshot was taken in this run */
    take(l, 4, 200, 201);
    take(l, 3, 190, 193); /* late */
    r = rcv_of(l);
    assert_int_equal(r->gen_n, 4);
    attests(r, 0, 0, 1, 9);
    attests(r, 1, 2, 65, 3);
    attests(r, 2, 3, 190, 8); /* in order of slots */
    attests(r, 3, 4, 200, 2);
    take(l, 4, 200, 202);
    answered(l, 201);
    rcvlog_close(&l);

    l = opened(dir);
    r = rcv_of(l);
    assert_int_equal(r->gen_n, 1);
    attests(r, 0, 4, 200, 4);
    assert_int_equal(r->seq_hi, 202);
    rcvlog_close(&l);
}

/* The verifier forgets what it sent below a snapshot: what came late there would be an E7. */
static void nothing_is_new_below_a_quote_or_a_start(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct rcvlog               *l = opened(dir);
    struct rcvlog_slot           late[2] = { a_slot(0, 1, 9), a_slot(0, 1, 3) };
    struct pawl_err              err;

    (void)state;
    take(l, 0, 1, 4);
    take(l, 0, 1, 2); /* late, and no quote was made */
    rcv_of(l);
    assert_true(rcvlog_has(l, 3) && !rcvlog_has(l, 5));
    T_FAILS(rcvlog_add(l, late, 2, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "rcvlog.seq");
    assert_false(rcvlog_has(l, 9));
    take(l, 0, 1, 7);
    take(l, 0, 1, 6);
    rcvlog_close(&l);
    l = opened(dir); /* whether one was made since is not known */
    assert_true(rcvlog_has(l, 5) && !rcvlog_has(l, 8));
    attests(rcv_of(l), 0, 0, 1, 2 | 8 | 32 | 64);
    rcvlog_close(&l);
}

static void beyond_is_measured_from_the_last_quote(void **state)
{
    static const uint64_t        reach = UINT64_C(1) << 31;
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct rcvlog               *l = opened(dir);
    struct pawl_err              err;

    (void)state;
    assert_false(rcvlog_is_beyond(l, UINT64_MAX - 1)); /* nothing came yet */
    take(l, 0, 1, 7);
    assert_false(rcvlog_is_beyond(l, 7 + reach));
    assert_true(rcvlog_is_beyond(l, 8 + reach));
    rcv_of(l);
    take(l, 1, 1000, 1000);
    assert_true(rcvlog_is_beyond(l, 8 + reach)); /* no further by many small steps */
    rcv_of(l);
    assert_false(rcvlog_is_beyond(l, 1000 + reach));
    assert_true(rcvlog_is_beyond(l, 1001 + reach));
    T_OK(rcvlog_forget(l, 5000, &err), &err);
    assert_false(rcvlog_is_beyond(l, 5000 + reach));
    assert_true(rcvlog_is_beyond(l, 5001 + reach));
    rcvlog_close(&l);
}

static void forgotten_is_empty_but_for_floor_and_ids(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct rcvlog               *l = opened(dir);
    struct pawl_err              err;

    (void)state;
    take(l, 0, 1, 7);
    T_OK(rcvlog_forget(l, 500, &err), &err);
    for (int start = 0; start < 2; start++) {
        assert_int_equal(rcv_of(l)->gen_n, 0);
        assert_int_equal(rcvlog_seq_hi(l), 0);
        assert_true(rcvlog_has(l, 499));
        assert_false(rcvlog_has(l, 500));
        assert_true(rcvlog_has_id(l, 7 << 10));
        rcvlog_close(&l);
        l = opened(dir);
    }
    take(l, 0, 500, 500);
    rcvlog_close(&l);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void a_long_life_stays_small(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct rcvlog               *l = opened(dir);
    struct rcvlog_slot           s[64];
    off_t                        largest = 0;
    struct pawl_err              err;

    (void)state;
    for (uint32_t gen = 0; gen < 200; gen++) {
        for (uint64_t i = 0; i < 64; i++)
            s[i] = a_slot(gen, 64 * (uint64_t)gen + 1, 64 * (uint64_t)gen + 1 + i);
        T_OK(rcvlog_add(l, s, 64, &err), &err);
        answered(l, rcv_of(l)->seq_hi);
        int   fd = openat(dir, RCVLOG_FILE, O_RDONLY);
        off_t size = lseek(fd, 0, SEEK_END);
        close(fd);
        largest = size > largest ? size : largest;
    }
    assert_true(largest < 300 * 1024);
    rcvlog_close(&l);
    l = opened(dir);
    assert_int_equal(rcvlog_seq_hi(l), 200 * 64);
    assert_true(rcvlog_has(l, 200 * 64 - 5));
    assert_true(rcvlog_has_id(l, (200 * 64 - 4095) << 10)); /* the last 4,096 */
    assert_false(rcvlog_has_id(l, (200 * 64 - 4096) << 10));
    rcvlog_close(&l);
}

/* What failed is not half believed by the next start: nobody handed it on. */
static void a_batch_that_failed_was_never_there(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct rcvlog               *l = opened(dir);
    struct rcvlog_slot           s[3] = { a_slot(0, 1, 2), a_slot(0, 1, 3), a_slot(0, 1, 4) };
    struct rlimit                limit, small;
    struct stat                  before, after;
    struct pawl_err              err;

    (void)state;
    take(l, 0, 1, 1);
    assert_int_equal(fstatat(dir, RCVLOG_FILE, &before, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = (rlim_t)before.st_size + 100; /* room for half of it */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    T_FAILS(rcvlog_add(l, s, 3, &err), &err, PAWL_E_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(fstatat(dir, RCVLOG_FILE, &after, 0), 0);
    assert_int_equal(after.st_size, before.st_size);
    assert_false(rcvlog_has(l, 2));
    assert_int_equal(rcvlog_seq_hi(l), 1);
    take(l, 0, 1, 4); /* a shorter one in its place */
    rcvlog_close(&l);
    l = opened(dir);
    attests(rcv_of(l), 0, 0, 1, 9);
    rcvlog_close(&l);
}

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
    struct rcvlog  *l = opened(s.dir);

    take(l, 0, 1, 1);
    answered(l, rcv_of(l)->seq_hi);
    take(l, 0, 1, 2);
    take(l, 1, 5, 6);
    rcvlog_close(&l);
    T_OK(file_read(s.dir, RCVLOG_FILE, b, sizeof(b), &n, &err), &err);
    s.good = t_copy(pawl_view(b, n));
    return s;
}

/* Either the log is lost, and says so; or it is one of those that stood on the disk before. */
static void lost_or_older(struct pawl_view v, void *arg)
{
    const struct spoilt *s = arg;
    struct rcvlog       *l = NULL;
    bool                 lost = false;
    struct pawl_err      err;
    int                  fd = openat(s->dir, RCVLOG_FILE, O_WRONLY | O_TRUNC | O_CREAT, 0600);

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
    T_OK(rcvlog_open(s->dir, &l, &lost, &err), &err);
    const struct pawl_rcv *r = rcv_of(l);
    uint64_t               hi = rcvlog_seq_hi(l);
    assert_true(!lost || (hi == 0 && r->gen_n == 0));
    if (hi == 6) {
        assert_int_equal(r->gen_n, 2);
        attests(r, 0, 0, 1, 2);
        attests(r, 1, 1, 5, 2);
    } else if (hi == 2) {
        assert_int_equal(r->gen_n, 1);
        attests(r, 0, 0, 1, 2);
    } else if (hi == 1) {
        assert_in_range(r->gen_n, 0, 1);
        if (r->gen_n)
            attests(r, 0, 0, 1, 1);
    } else {
        assert_int_equal(hi, 0);
        assert_int_equal(r->gen_n, 0);
    }
    rcvlog_close(&l);
}

static void every_truncation_is_a_loss_or_older(void **state)
{
    struct spoilt s = spoil();

    (void)state;
    t_each_truncation(s.good, lost_or_older, &s);
    close(s.dir);
}

static void no_flip_makes_another_log(void **state)
{
    struct spoilt s = spoil();

    (void)state;
    t_each_flip(s.good, lost_or_older, &s);
    close(s.dir);
}

static void a_lost_log_stays_lost_until_somebody_acts(void **state)
{
    struct spoilt   s = spoil();
    struct rcvlog  *l = NULL;
    bool            lost = false;
    struct pawl_err err;
    int             fd = openat(s.dir, RCVLOG_FILE, O_WRONLY);

    (void)state;
    assert_int_equal(pwrite(fd, "spoilt", 6, 60), 6);
    close(fd);
    for (int start = 0; start < 2; start++) {
        T_OK(rcvlog_open(s.dir, &l, &lost, &err), &err);
        assert_true(lost);
        rcvlog_close(&l);
    }
    assert_int_equal(faccessat(s.dir, RCVLOG_FILE ".bad", F_OK, 0), 0);
    T_OK(rcvlog_open(s.dir, &l, &lost, &err), &err);
    T_OK(rcvlog_forget(l, 0, &err), &err);
    rcvlog_close(&l);
    l = opened(s.dir);
    rcvlog_close(&l);
    close(s.dir);
}

/* ---- power ---------------------------------------------------------------------------------- */

enum { SLOTS = 128 };

struct told {
    bool offered[SLOTS], taken[SLOTS]; /* to rcvlog_add; and it said yes */
    bool attested[SLOTS];              /* in a snapshot that was answered */
};

static void attest(struct rcvlog *l, struct told *t)
{
    struct pawl_rcv r;
    struct pawl_err err;

    POWER_HOLDS(pawl_is_ok(rcvlog_rcv(l, &r, &err)));
    for (size_t i = 0; i < r.gen_n; i++)
        for (unsigned k = 0; k < PAWL_GEN_MESSAGES; k++)
            if (pawl_bits_read(r.gens[i].bitmap) >> k & 1)
                t->attested[r.gens[i].first_seq + k] = true;
    (void)!pawl_is_ok(rcvlog_answered(l, r.seq_hi, &err));
}

static void two_runs(void *shared)
{
    struct told    *t = shared;
    int             dir = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool            lost;
    uint64_t        seq = 1;
    struct pawl_err err;

    for (int start = 0; start < 2; start++) {
        struct rcvlog *l;
        while (!pawl_is_ok(rcvlog_open(dir, &l, &lost, &err)))
            ;
        POWER_HOLDS(!lost);
        for (int batch = 0; batch < 8; batch++, seq += 4) {
            struct rcvlog_slot s[3];
            for (uint64_t i = 0; i < 3; i++) { /* every fourth never comes */
                s[i] = a_slot((uint32_t)(seq / 16), seq / 16 * 16 + 1, seq + i);
                t->offered[seq + i] = true;
            }
            for (int again = 0; again < 6 && !t->taken[seq]; again++)
                if (pawl_is_ok(rcvlog_add(l, s, 3, &err)))
                    t->taken[seq] = t->taken[seq + 1] = t->taken[seq + 2] = true;
            POWER_HOLDS(t->taken[seq]);
            if (batch % 3 == 2)
                attest(l, t);
        }
        rcvlog_close(&l);
    }
}

static void what_was_taken_is_there(void *shared)
{
    PAWL_CLEANUP(file_close) int              dir = open_scratch();
    PAWL_CLEANUP(rcvlog_close) struct rcvlog *l = opened(dir);
    const struct told                        *t = shared;
    bool                                      here[SLOTS] = { 0 };

    const struct pawl_rcv *r = rcv_of(l);
    for (size_t i = 0; i < r->gen_n; i++) {
        uint64_t bits = pawl_bits_read(r->gens[i].bitmap);
        attests(r, i, r->gens[i].gen, r->gens[i].first_seq, bits);
        for (unsigned k = 0; k < PAWL_GEN_MESSAGES; k++)
            if (bits >> k & 1)
                here[r->gens[i].first_seq + k] = true;
    }
    for (uint64_t s = 1; s < SLOTS; s++) {
        assert_true(!t->taken[s] || (rcvlog_has(l, s) && rcvlog_has_id(l, s << 10)));
        assert_true(!t->taken[s] || here[s] || t->attested[s]);
        assert_true(!rcvlog_has_id(l, s << 10) || t->offered[s]);
    }
}

static void empty(void)
{
    assert_int_equal(scratch_empty(NULL), 0);
}

static void what_was_taken_is_there_wherever_it_stops(void **state)
{
    struct power_case c = { .shared = power_shared(sizeof(struct told)),
                            .shared_n = sizeof(struct told),
                            .child = two_runs,
                            .after = what_was_taken_is_there,
                            .before = empty };

    (void)state;
    power_everywhere(&c, POWER_KILL, 60);
    power_everywhere(&c, POWER_CUT, 60);
    power_everywhere(&c, POWER_FULL, 40);
    power_everywhere(&c, POWER_EIO, 15);
    power_everywhere(&c, POWER_EIO_CUT, 15);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), scratch_empty, NULL, NULL                                                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("a slot is taken once", a_slot_is_taken_once),
        CASE("a batch is taken whole or not at all", a_batch_is_taken_whole_or_not_at_all),
        CASE("slots behind the window count as taken", slots_behind_the_window_count_as_taken),
        CASE("too many generations are full", too_many_generations_are_full),
        CASE("an ack names what was taken and no more", an_ack_names_what_was_taken_and_no_more),
        CASE("what came after the snapshot is still attested",
             what_came_after_the_snapshot_is_still_attested),
        CASE("nothing is new below a quote or a start", nothing_is_new_below_a_quote_or_a_start),
        CASE("beyond is measured from the last quote", beyond_is_measured_from_the_last_quote),
        CASE("forgotten is empty but for floor and ids", forgotten_is_empty_but_for_floor_and_ids),
        CASE("a long life stays small", a_long_life_stays_small),
        CASE("a batch that failed was never there", a_batch_that_failed_was_never_there),
        CASE("every truncation is a loss or older", every_truncation_is_a_loss_or_older),
        CASE("no flip makes another log", no_flip_makes_another_log),
        CASE("a lost log stays lost until somebody acts",
             a_lost_log_stays_lost_until_somebody_acts),
        CASE("what was taken is there wherever it stops",
             what_was_taken_is_there_wherever_it_stops),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
