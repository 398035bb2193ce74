/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that no attempt, no slot and no generation is used twice (P-ATT-2, P-DUR-1, P-DUR-3),
 * wherever the agent is stopped and whatever the disk does; and that the file always says where
 * the run that ended may have begun to use slots.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "power.h"
#include "scratch.h"
#include "state/file.h"
#include "state/reservation.h"
#include "t.h"

static int open_scratch(void)
{
    int fd = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static void put(int dir, const char *text)
{
    struct pawl_err err;

    T_OK(file_replace(dir, RESERVATION_FILE, pawl_view_str(text), &err), &err);
}

static struct reservation opened(int dir)
{
    struct reservation r;
    struct pawl_err    err;

    T_OK(reservation_open(dir, &r, &err), &err);
    return r;
}

static uint64_t attempt(int dir, struct reservation *r)
{
    uint64_t        n = 0;
    struct pawl_err err;

    T_OK(reservation_attempt(dir, r, &n, &err), &err);
    return n;
}

static uint64_t slot(int dir, struct reservation *r)
{
    uint64_t        n = 0;
    struct pawl_err err;

    T_OK(reservation_seq(dir, r, &n, &err), &err);
    return n;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static void attempts_and_slots_begin_at_1_and_rise(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct reservation           r = opened(dir);

    (void)state;
    assert_int_equal(r.before_first, 0);
    assert_int_equal(r.before_hi, 0);
    for (uint64_t i = 1; i <= 3 * RESERVATION_SLOTS; i++) {
        assert_true(slot(dir, &r) == i);
        assert_true(attempt(dir, &r) == i);
    }
    assert_int_equal(r.run_first, 1);
}

static void a_start_continues_past_the_reservation(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct reservation           r = opened(dir);

    (void)state;
    assert_true(slot(dir, &r) == 1);
    assert_true(attempt(dir, &r) == 1);
    r = opened(dir);
    assert_int_equal(r.before_first, 1);
    assert_int_equal(r.before_hi, RESERVATION_SLOTS);
    assert_int_equal(r.run_first, RESERVATION_SLOTS + 1);
    assert_true(attempt(dir, &r) == RESERVATION_ATTEMPTS + 1);
    /* A run that used no slot leaves the run before it where it was. */
    r = opened(dir);
    assert_int_equal(r.before_first, 1);
    assert_int_equal(r.before_hi, RESERVATION_SLOTS);
    assert_true(slot(dir, &r) == RESERVATION_SLOTS + 1);
    r = opened(dir);
    assert_int_equal(r.before_first, RESERVATION_SLOTS + 1);
    assert_int_equal(r.before_hi, 2 * RESERVATION_SLOTS);
}

static void generations_are_counted_for_each_epoch(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct reservation           r = opened(dir);
    struct pawl_err              err;

    (void)state;
    assert_int_equal(reservation_gen_first(&r, 4), 0);
    T_OK(reservation_gen(dir, &r, 4, 0, &err), &err);
    T_OK(reservation_gen(dir, &r, 4, RESERVATION_GENS, &err), &err);
    r = opened(dir);
    assert_int_equal(reservation_gen_first(&r, 4), 2 * RESERVATION_GENS);
    assert_int_equal(reservation_gen_first(&r, 5), 0);
    T_OK(reservation_gen(dir, &r, 5, 0, &err), &err);
    r = opened(dir);
    assert_int_equal(reservation_gen_first(&r, 5), RESERVATION_GENS);
    T_OK(reservation_gen(dir, &r, 5, 700, &err), &err);
    T_OK(reservation_gen(dir, &r, 5, 0, &err), &err); /* another root, the same number */
    r = opened(dir);
    assert_int_equal(reservation_gen_first(&r, 5), RESERVATION_GENS);
    T_FAILS(reservation_gen(dir, &r, 5, UINT32_MAX, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "generation");
}

static void one_inside_the_reservation_writes_nothing(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct reservation           r = opened(dir);
    struct pawl_err              err;

    (void)state;
    slot(dir, &r);
    attempt(dir, &r);
    T_OK(reservation_gen(dir, &r, 1, 0, &err), &err);
    assert_int_equal(unlinkat(dir, RESERVATION_FILE, 0), 0);
    slot(dir, &r);
    attempt(dir, &r);
    T_OK(reservation_gen(dir, &r, 1, RESERVATION_GENS - 1, &err), &err);
    assert_int_equal(faccessat(dir, RESERVATION_FILE, F_OK, 0), -1);
}

static void nothing_is_used_when_the_reservation_fails(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct reservation           r = opened(dir), before = r;
    struct pawl_err              err;
    uint64_t                     n = 99;

    (void)state;
    T_FAILS(reservation_attempt(-1, &r, &n, &err), &err, PAWL_E_IO);
    T_FAILS(reservation_seq(-1, &r, &n, &err), &err, PAWL_E_IO);
    T_FAILS(reservation_gen(-1, &r, 1, 0, &err), &err, PAWL_E_IO);
    T_FAILS(reservation_floor(-1, &r, 10, &err), &err, PAWL_E_IO);
    assert_int_equal(n, 99);
    assert_memory_equal(&r, &before, sizeof(r));
    assert_true(attempt(dir, &r) == 1);
}

static void attempts_continue_above_what_the_verifier_saw(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct reservation           r = opened(dir);
    struct pawl_err              err;
    bool                         lost = true;

    (void)state;
    attempt(dir, &r);
    T_OK(reservation_above(&r, 40, &lost, &err), &err);
    assert_false(lost);
    assert_true(attempt(dir, &r) == 41);
    T_OK(reservation_above(&r, 1ull << 60, &lost, &err), &err);
    assert_true(lost);
    uint64_t n = attempt(dir, &r);
    assert_true(n == (1ull << 60) + RESERVATION_LOST); /* clear of what the lost state sent */
    T_OK(reservation_above(&r, n, &lost, &err), &err);
    assert_false(lost);
    assert_true(attempt(dir, &r) == n + 1);
    T_OK(reservation_above(&r, 5, &lost, &err), &err); /* never downwards */
    assert_true(attempt(dir, &r) == n + 2);
    r = opened(dir);
    assert_true(attempt(dir, &r) > n + 2);
    T_FAILS(reservation_above(&r, UINT64_MAX, &lost, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "last_attempt");
}

static void slots_continue_at_a_floor(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct reservation           r = opened(dir);
    struct pawl_err              err;

    (void)state;
    slot(dir, &r);
    T_OK(reservation_floor(dir, &r, 2, &err), &err); /* no further than we are */
    assert_int_equal(r.run_first, 1);
    T_OK(reservation_floor(dir, &r, 100, &err), &err);
    struct reservation after = opened(dir);
    assert_int_equal(after.before_first, 100);
    assert_true(after.seq_next > 100);
    assert_true(slot(dir, &r) == 100);
    T_OK(reservation_floor(dir, &r, 1ull << 50, &err), &err);
    assert_true(slot(dir, &r) == 1ull << 50);
    after = opened(dir);
    assert_true(after.before_first == 1ull << 50);
    assert_true(after.seq_next == (1ull << 50) + RESERVATION_SLOTS);
    T_FAILS(reservation_floor(dir, &r, UINT64_MAX, &err), &err, PAWL_E_RANGE);
}

static void the_end_of_the_numbers_is_an_error(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct pawl_err              err;
    uint64_t                     n;

    (void)state;
    put(dir, "{\"version\": 1, \"attempts\": \"18446744073709551614\", \"slots\": "
             "\"18446744073709551614\", \"run_first\": \"1\", \"epoch\": \"1\", "
             "\"generations\": \"0\"}");
    struct reservation r = opened(dir);
    T_FAILS(reservation_attempt(dir, &r, &n, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "attempt");
    T_FAILS(reservation_seq(dir, &r, &n, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "seq");
}

/* ---- the file ------------------------------------------------------------------------------- */

#define FILE_OF(attempts, slots, first, gens)                                                      \
    "{\"version\": 1, \"attempts\": " attempts ", \"slots\": " slots ", \"run_first\": " first     \
    ", \"epoch\": \"1\", \"generations\": " gens "}"

static void a_bad_file_is_refused_by_name(void **state)
{
    static const struct {
        const char    *text;
        enum pawl_code code;
        const char    *where;
    } bad[] = {
        { "", PAWL_E_FORM, "reservation.json" },
        { "{\"version\": 1, \"attempts\": \"6", PAWL_E_FORM, "reservation.json" },
        { "{\"version\": 1}", PAWL_E_ABSENT, "reservation.json.attempts" },
        { "{\"version\": 2}", PAWL_E_RANGE, "reservation.json.version" },
        { "{\"version\": 1, \"reserved\": \"6\"}", PAWL_E_FORM, "reservation.json.member" },
        { FILE_OF("64", "\"0\"", "\"0\"", "\"0\""), PAWL_E_FORM, "reservation.json.attempts" },
        { FILE_OF("\"-1\"", "\"0\"", "\"0\"", "\"0\""), PAWL_E_FORM, "reservation.json.attempts" },
        { FILE_OF("\"18446744073709551615\"", "\"0\"", "\"0\"", "\"0\""), PAWL_E_RANGE,
          "reservation.json.attempts" },
        { FILE_OF("\"1\"", "\"18446744073709551615\"", "\"1\"", "\"0\""), PAWL_E_RANGE,
          "reservation.json.slots" },
        { FILE_OF("\"1\"", "\"18446744073709551616\"", "\"1\"", "\"0\""), PAWL_E_RANGE,
          "reservation.json.slots" },
        { FILE_OF("\"1\"", "\"5\"", "\"6\"", "\"0\""), PAWL_E_RANGE, "reservation.json.run_first" },
        { FILE_OF("\"1\"", "\"5\"", "\"0\"", "\"0\""), PAWL_E_RANGE, "reservation.json.run_first" },
        { FILE_OF("\"1\"", "\"5\"", "\"1\"", "\"4294967296\""), PAWL_E_RANGE,
          "reservation.json.generations" },
        { FILE_OF("\"1\"", "\"5\"", "\"1\"", "\"0\", \"slots\": \"7\""), PAWL_E_FORM,
          "reservation.json.slots" },
        { FILE_OF("\"1\"", "\"5\"", "\"1\"", "\"0\"") " x", PAWL_E_TRAILING, "reservation.json" },
    };
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct reservation           r;
    struct pawl_err              err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        put(dir, bad[i].text);
        t_poison(&r, sizeof(r));
        T_FAILS(reservation_open(dir, &r, &err), &err, bad[i].code);
        T_WHERE(&err, bad[i].where);
        t_still_poisoned(&r, sizeof(r));
    }
}

static void must_not_read(struct pawl_view v, void *arg)
{
    const int         *dir = arg;
    struct reservation r;
    struct pawl_err    err;
    int                fd = openat(*dir, RESERVATION_FILE, O_WRONLY | O_TRUNC | O_CREAT, 0600);

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
    assert_false(pawl_is_ok(reservation_open(*dir, &r, &err)));
}

static void every_torn_file_is_refused(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct reservation           r = opened(dir);
    uint8_t                      text[512];
    size_t                       n = 0;
    struct pawl_err              err;

    (void)state;
    slot(dir, &r);
    T_OK(file_read(dir, RESERVATION_FILE, text, sizeof(text), &n, &err), &err);
    t_each_truncation(pawl_view(text, n - 1), must_not_read, &dir); /* the line's end is optional */
}

/* ---- power ---------------------------------------------------------------------------------- */

struct told {
    uint64_t attempt, slot; /* highest that was used */
    uint64_t run_first;     /* first slot that the present run used; UINT64_MAX: none yet */
    uint32_t gen[4];        /* one more than the highest generation used, for each epoch */
};

static void use_numbers(int dir, struct told *t, uint64_t epoch)
{
    struct reservation r;
    struct pawl_err    err;
    uint64_t           n, first = UINT64_MAX;
    uint32_t           gen;

    POWER_HOLDS(pawl_is_ok(reservation_open(dir, &r, &err)));
    POWER_HOLDS(r.before_hi >= t->slot && (!t->slot || r.before_first <= t->run_first));
    t->run_first = UINT64_MAX;
    gen = reservation_gen_first(&r, epoch);
    for (int i = 0; i < 600; i++) {
        if (i == 300) {
            t->run_first = UINT64_MAX;
            if (pawl_is_ok(reservation_floor(dir, &r, t->slot + 1000, &err)))
                first = UINT64_MAX;
            t->run_first = first;
        }
        if (i % 5 == 0 && pawl_is_ok(reservation_attempt(dir, &r, &n, &err))) {
            POWER_HOLDS(n > t->attempt);
            t->attempt = n;
        }
        if (i % 60 == 0 && pawl_is_ok(reservation_gen(dir, &r, epoch, gen, &err))) {
            POWER_HOLDS(gen >= t->gen[epoch]);
            t->gen[epoch] = ++gen;
        }
        if (!pawl_is_ok(reservation_seq(dir, &r, &n, &err)))
            continue;
        POWER_HOLDS(n > t->slot);
        t->slot = n;
        if (first == UINT64_MAX)
            t->run_first = first = n;
    }
}

static void three_runs(void *shared)
{
    int dir = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (uint64_t epoch = 1; epoch <= 3; epoch++)
        use_numbers(dir, shared, epoch);
}

static void none_comes_again(void *shared)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    const struct told           *t = shared;
    struct reservation           r = opened(dir);

    for (uint64_t epoch = 1; epoch <= 3; epoch++)
        if (r.epoch == epoch)
            assert_true(reservation_gen_first(&r, epoch) >= t->gen[epoch]);
        else if (r.epoch < epoch)
            assert_int_equal(t->gen[epoch], 0);
    assert_true(r.before_hi >= t->slot && (!t->slot || r.before_first <= t->run_first));
    assert_true(attempt(dir, &r) > t->attempt);
    assert_true(slot(dir, &r) > t->slot);
}

static void empty(void)
{
    assert_int_equal(scratch_empty(NULL), 0);
}

static void no_number_comes_twice_wherever_it_stops(void **state)
{
    struct power_case c = { .shared = power_shared(sizeof(struct told)),
                            .shared_n = sizeof(struct told),
                            .child = three_runs,
                            .after = none_comes_again,
                            .before = empty };

    (void)state;
    power_everywhere(&c, POWER_KILL, 60);
    power_everywhere(&c, POWER_CUT, 60);
    power_everywhere(&c, POWER_FULL, 15);
    power_everywhere(&c, POWER_EIO, 30);
    power_everywhere(&c, POWER_EIO_CUT, 30);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), scratch_empty, NULL, NULL                                                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("attempts and slots begin at 1 and rise", attempts_and_slots_begin_at_1_and_rise),
        CASE("a start continues past the reservation", a_start_continues_past_the_reservation),
        CASE("generations are counted for each epoch", generations_are_counted_for_each_epoch),
        CASE("one inside the reservation writes nothing",
             one_inside_the_reservation_writes_nothing),
        CASE("nothing is used when the reservation fails",
             nothing_is_used_when_the_reservation_fails),
        CASE("attempts continue above what the verifier saw",
             attempts_continue_above_what_the_verifier_saw),
        CASE("slots continue at a floor", slots_continue_at_a_floor),
        CASE("the end of the numbers is an error", the_end_of_the_numbers_is_an_error),
        CASE("a bad file is refused by name", a_bad_file_is_refused_by_name),
        CASE("every torn file is refused", every_torn_file_is_refused),
        CASE("no number comes twice wherever it stops", no_number_comes_twice_wherever_it_stops),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
