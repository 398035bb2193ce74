/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves what `send` promises: messages come in order and byte for byte, and nobody reads them
 * without the key (P-DUR-8); a full spool and a damaged file lose nothing else. Several threads,
 * and a stop at any moment: test_spool_power.c.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "power.h"
#include "scratch.h"
#include "spool_fixture.h"
#include "state/file.h"
#include "state/journal.h"
#include "state/spool.h"
#include "t.h"

static void spool_syncs(struct spool *s)
{
    struct pawl_err err;

    T_OK(spool_sync(s, &err), &err);
}

static void spool_takes(struct spool *s, uint64_t id)
{
    struct pawl_err err;

    T_OK(spool_take(s, id, &err), &err);
}

/* The next behind `after` is this message. */
static uint64_t spool_comes(struct spool *s, uint64_t after, unsigned number)
{
    uint8_t         b[PAWL_BODY_MAX], want[PAWL_BODY_MAX];
    uint64_t        id = 0;
    size_t          n = 0;
    struct pawl_err err;

    T_OK(spool_next(s, after, &id, b, sizeof(b), &n, &err), &err);
    assert_int_equal(n, spool_body_of(number, want));
    assert_memory_equal(b, want, n);
    return id;
}

static void spool_nothing_comes(struct spool *s, uint64_t after)
{
    uint8_t         b[PAWL_BODY_MAX];
    uint64_t        id = 99;
    size_t          n = 98;
    struct pawl_err err;

    T_FAILS(spool_next(s, after, &id, b, sizeof(b), &n, &err), &err, PAWL_E_ABSENT);
    assert_int_equal(id, 99);
    assert_int_equal(n, 98);
}

/* ---- order and ids -------------------------------------------------------------------------- */

static void messages_come_in_order_once_they_are_durable(void **state)
{
    PAWL_CLEANUP(file_close) int            dir = open_scratch();
    PAWL_CLEANUP(spool_close) struct spool *s = spool_opened(dir);

    (void)state;
    spool_nothing_comes(s, 0);
    uint64_t one = spool_puts(s, 1), two = spool_puts(s, 2);
    spool_nothing_comes(s, 0);
    spool_syncs(s);
    uint64_t three = spool_puts(s, 3);
    assert_int_equal(spool_comes(s, 0, 1), one);
    assert_int_equal(spool_comes(s, one, 2), two);
    spool_nothing_comes(s, two);
    spool_syncs(s);
    assert_int_equal(spool_comes(s, two, 3), three);
    spool_takes(s, two); /* out of order */
    assert_int_equal(spool_comes(s, one, 3), three);
    assert_int_equal(spool_comes(s, two, 3), three); /* from where it was */
    spool_takes(s, one);
    spool_takes(s, one);
    assert_int_equal(spool_comes(s, 0, 3), three);
    assert_int_equal(spool_comes(s, one, 3), three);
    spool_takes(s, three);
    spool_nothing_comes(s, 0);
    assert_int_equal(spool_facts(s).n, 0);
}

static void a_start_finds_everything_again(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = spool_opened(dir);
    uint64_t                     id[6];

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        id[i] = spool_puts(s, i);
    spool_syncs(s);
    spool_takes(s, id[0]);
    spool_takes(s, id[3]);
    spool_close(&s);
    s = spool_opened(dir);
    assert_int_equal(spool_comes(s, 0, 1), id[1]);
    assert_int_equal(spool_comes(s, id[1], 2), id[2]);
    assert_int_equal(spool_comes(s, id[2], 4), id[4]);
    id[5] = spool_puts(s, 5);
    spool_syncs(s);
    assert_int_equal(spool_comes(s, id[4], 5), id[5]);
    assert_int_equal(spool_facts(s).n, 4);
    spool_close(&s);
}

static void ids_rise_and_a_new_spool_has_others(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = spool_opened(dir);

    (void)state;
    uint64_t first = spool_puts(s, 1);
    assert_int_equal((uint32_t)first, 1);
    assert_true(first >> 32);
    uint64_t last = first;
    for (int start = 0; start < 4; start++) {
        for (unsigned i = 0; i < 4; i++) {
            uint64_t id = spool_puts(s, i);
            assert_int_equal(id, last + 1);
            last = id;
        }
        spool_syncs(s);
        spool_takes(s, last); /* the highest is gone, and does not come again */
        spool_close(&s);
        s = spool_opened(dir);
    }
    spool_close(&s);
    assert_int_equal(unlinkat(dir, FILE_NAME, 0), 0);
    s = spool_opened(dir);
    assert_true(spool_puts(s, 1) >> 32 != first >> 32);
    spool_close(&s);
}

static void an_id_of_the_verifier_is_kept_and_taken_once(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = spool_opened(dir);
    static const uint8_t         a[] = "a", b[] = "b";
    uint64_t                     id = 0;
    struct pawl_err              err;

    (void)state;
    T_OK(spool_put(s, 5000, PAWL_VIEW_OF(a), &id, &err), &err);
    assert_int_equal(id, 5000);
    T_OK(spool_put(s, 4000, PAWL_VIEW_OF(b), &id, &err), &err);
    T_OK(spool_put(s, 5000, PAWL_VIEW_OF(b), &id, &err), &err); /* it came again */
    assert_int_equal(id, 5000);
    spool_syncs(s);
    assert_int_equal(spool_facts(s).n, 2);
    for (int start = 0; start < 2; start++) {
        uint8_t got[8];
        size_t  n = 0;
        T_OK(spool_next(s, 0, &id, got, sizeof(got), &n, &err), &err);
        assert_int_equal(id, 5000);
        assert_memory_equal(got, a, n);
        T_OK(spool_next(s, 5000, &id, got, sizeof(got), &n, &err), &err);
        assert_int_equal(id, 4000);
        spool_close(&s);
        s = spool_opened(dir);
    }
    spool_close(&s);
}

/* ---- limits --------------------------------------------------------------------------------- */

static void a_message_has_a_size(void **state)
{
    PAWL_CLEANUP(file_close) int            dir = open_scratch();
    PAWL_CLEANUP(spool_close) struct spool *s = spool_opened(dir);
    static uint8_t                          b[PAWL_BODY_MAX + 1], got[PAWL_BODY_MAX];
    uint64_t                                id = 7;
    size_t                                  n = 0;
    struct pawl_err                         err;

    (void)state;
    T_FAILS(spool_put(s, 0, pawl_view(b, 0), &id, &err), &err, PAWL_E_RANGE);
    T_FAILS(spool_put(s, 0, pawl_view(b, sizeof(b)), &id, &err), &err, PAWL_E_RANGE);
    assert_int_equal(id, 7);
    for (size_t i = 0; i < 20; i++) /* more than one frame holds */
        T_OK(spool_put(s, 0, pawl_view(b, PAWL_BODY_MAX), &id, &err), &err);
    spool_syncs(s);
    T_FAILS(spool_next(s, 0, &id, got, 100, &n, &err), &err, PAWL_E_FULL);
    T_OK(spool_next(s, 0, &id, got, sizeof(got), &n, &err), &err);
    assert_int_equal(n, PAWL_BODY_MAX);
}

static void a_full_spool_refuses_and_keeps(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    bool                         lost;
    struct spool                *s = spool_opened_with(dir, 3 * (64 + 10), &lost);
    static const uint8_t         b[11];
    uint64_t                     id[3], none;
    struct pawl_err              err;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        T_OK(spool_put(s, 0, pawl_view(b, 10), &id[i], &err), &err);
    T_FAILS(spool_put(s, 0, pawl_view(b, 1), &none, &err), &err, PAWL_E_FULL);
    assert_non_null(strstr(err.why, "222"));
    spool_syncs(s);
    struct spool_facts f = spool_facts(s);
    assert_int_equal(f.n, 3);
    assert_int_equal(f.body_n, 30);
    assert_int_equal(f.cap_n, 222);
    spool_takes(s, id[1]);
    T_FAILS(spool_put(s, 0, pawl_view(b, 11), &none, &err), &err, PAWL_E_FULL);
    T_OK(spool_put(s, 0, pawl_view(b, 10), &none, &err), &err);
    spool_close(&s);
    s = spool_opened_with(dir, 100, &lost); /* a smaller cap keeps what is there */
    assert_int_equal(spool_facts(s).n, 3);
    T_FAILS(spool_put(s, 0, pawl_view(b, 1), &none, &err), &err, PAWL_E_FULL);
    spool_close(&s);
}

static void the_file_shrinks_when_much_was_taken(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = spool_opened(dir);
    off_t                        largest = 0;
    uint64_t                     keep = spool_puts(s, 7), last = 0;

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        if (last)
            spool_takes(s, last);
        last = spool_puts(s, i);
        if (i % 16 == 15)
            spool_syncs(s);
        largest = spool_size(dir) > largest ? spool_size(dir) : largest;
    }
    spool_syncs(s);
    assert_true(largest < 100 * 1024);
    assert_int_equal(spool_comes(s, 0, 7), keep);
    assert_int_equal(spool_comes(s, keep, 3999), last);
    spool_close(&s);
    s = spool_opened(dir);
    assert_int_equal(spool_comes(s, 0, 7), keep);
    assert_int_equal(spool_comes(s, keep, 3999), last);
    assert_int_equal(spool_puts(s, 1), last + 1);
    spool_close(&s);
}

static void an_id_does_not_come_again_in_a_file_written_anew(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = spool_opened(dir);
    uint64_t                     keep = spool_puts(s, 7), last = 0;

    (void)state;
    for (unsigned i = 0; i < 600; i++)
        last = spool_puts(s, i);
    spool_syncs(s);
    off_t large = spool_size(dir);
    for (uint64_t id = keep + 1; id <= last; id++)
        spool_takes(s, id);
    spool_syncs(s);
    assert_true(spool_size(dir) < large / 10);
    spool_close(&s);
    s = spool_opened(dir);
    assert_int_equal(spool_comes(s, 0, 7), keep);
    assert_int_equal(spool_puts(s, 1), last + 1);
    spool_close(&s);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void nothing_of_it_stands_in_the_clear(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = spool_opened(dir);
    static const char            words[] = "valve 7 opened by the night shift";
    uint8_t                      b[4096];
    uint64_t                     id;
    size_t                       n;
    struct pawl_err              err;

    (void)state;
    for (int i = 0; i < 2; i++)
        T_OK(spool_put(s, 0, pawl_view_str(words), &id, &err), &err);
    spool_close(&s);
    T_OK(file_read(dir, FILE_NAME, b, sizeof(b), &n, &err), &err);
    assert_null(memmem(b, n, words, 8));
    /* The same message twice looks different. */
    const uint8_t *end = b + n;
    for (const uint8_t *p = b; p + 16 <= end; p++)
        assert_null(memmem(p + 16, (size_t)(end - p) - 16, p, 16));
}

static void another_key_opens_nothing(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = spool_opened(dir);
    const struct spool_config    c = { .name = SPOOL_QUEUE, .cap_n = 1000 };
    struct pawl_secret           other = key;
    bool                         lost = false;
    struct pawl_err              err;

    (void)state;
    spool_puts(s, 1);
    spool_close(&s);
    other.b[0] ^= 1; /* the half that makes the tag: with the other one a byte may come out right */
    T_OK(spool_open(dir, &c, &other, &s, &lost, &err), &err);
    assert_true(lost);
    spool_nothing_comes(s, 0);
    assert_int_equal(faccessat(dir, FILE_NAME ".bad", F_OK, 0), 0);
    spool_puts(s, 2);
    spool_close(&s);
    other.n = 32;
    T_FAILS(spool_open(dir, &c, &other, &s, &lost, &err), &err, PAWL_E_BUG);
    T_FAILS(spool_open(-1, &c, &key, &s, &lost, &err), &err, PAWL_E_IO);
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
    struct spool   *q = spool_opened(s.dir);

    uint64_t gone = spool_puts(q, 0);
    for (unsigned i = 1; i < 4; i++) {
        spool_puts(q, i);
        spool_syncs(q);
    }
    spool_takes(q, gone);
    spool_close(&q);
    T_OK(file_read(s.dir, FILE_NAME, b, sizeof(b), &n, &err), &err);
    s.good = t_copy(pawl_view(b, n));
    return s;
}

/* Each message that comes is one of ours, in order; new ones work. */
static void ours_or_nothing(struct pawl_view v, void *arg)
{
    const struct spoilt *f = arg;
    int                  fd = openat(f->dir, FILE_NAME, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    bool                 lost = false;
    uint64_t             after = 0, id;
    int                  last = -1;
    struct pawl_err      err;

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
    struct spool *s = spool_opened_with(f->dir, 1 << 20, &lost);
    for (;;) {
        uint8_t  b[PAWL_BODY_MAX], want[PAWL_BODY_MAX];
        size_t   n = 0;
        unsigned i = 0;
        if (!pawl_is_ok(spool_next(s, after, &id, b, sizeof(b), &n, &err)))
            break;
        while (i < 4 && !pawl_view_equal(pawl_view(b, n), pawl_view(want, spool_body_of(i, want))))
            i++;
        assert_true(i < 4 && (int)i > last);
        last = (int)i;
        after = id;
    }
    assert_int_equal(err.code, PAWL_E_ABSENT);
    id = spool_puts(s, 9);
    spool_syncs(s);
    assert_int_equal(spool_comes(s, after, 9), id);
    spool_close(&s);
}

static void every_truncation_leaves_ours_or_nothing(void **state)
{
    struct spoilt s = spoil();

    (void)state;
    t_each_truncation(s.good, ours_or_nothing, &s);
    close(s.dir);
}

static void no_flip_makes_another_message(void **state)
{
    struct spoilt s = spoil();

    (void)state;
    t_each_flip(s.good, ours_or_nothing, &s);
    close(s.dir);
}

static void a_spoilt_record_costs_no_other(void **state)
{
    struct spoilt s = spoil();
    uint8_t       b[8192];
    bool          lost = false;

    (void)state;
    memcpy(b, s.good.p, s.good.n);
    b[s.good.n - 200] ^= 1; /* in message 3, 111 bytes: the taken note behind it is whole */
    int fd = openat(s.dir, FILE_NAME, O_WRONLY | O_TRUNC, 0600);
    assert_int_equal(write(fd, b, s.good.n), s.good.n);
    close(fd);
    struct spool *q = spool_opened_with(s.dir, 1 << 20, &lost);
    assert_true(lost);
    uint64_t one = spool_comes(q, 0, 1);
    spool_nothing_comes(q, spool_comes(q, one, 2));
    spool_close(&q);
    q = spool_opened(s.dir); /* written anew */
    assert_int_equal(spool_facts(q).n, 2);
    spool_close(&q);
    close(s.dir);
}

static struct {
    uint8_t b[4][4096];
    size_t  n[4], count;
} frames;

static pawl_status keep_frame(void *arg, uint64_t at, struct pawl_view body, struct pawl_err *err)
{
    (void)arg, (void)at, (void)err;
    assert_true(frames.count < 4 && body.n <= sizeof(frames.b[0]));
    memcpy(frames.b[frames.count], body.p, body.n);
    frames.n[frames.count++] = body.n;
    return pawl_ok();
}

/* Whoever writes in the file puts a message in again, with a checksum that is right. */
static void a_record_that_is_repeated_comes_once(void **state)
{
    PAWL_CLEANUP(file_close) int               dir = open_scratch();
    struct spool                              *s = spool_opened(dir);
    PAWL_CLEANUP(journal_close) struct journal j = { .fd = -1 };
    bool                                       lost = false;
    struct pawl_err                            err;

    (void)state;
    for (unsigned i = 1; i <= 2; i++) {
        spool_puts(s, i);
        spool_syncs(s);
    }
    spool_close(&s);
    frames.count = 0;
    T_OK(journal_open(dir, FILE_NAME, 4096, keep_frame, NULL, &j, &err), &err);
    assert_int_equal(frames.count, 3);
    T_OK(journal_append(&j, pawl_view(frames.b[1], frames.n[1]), &err), &err);
    frames.b[1][9] = 3; /* as the third, which is still to come */
    T_OK(journal_append(&j, pawl_view(frames.b[1], frames.n[1]), &err), &err);
    s = spool_opened_with(dir, 1 << 20, &lost);
    assert_true(lost);
    assert_int_equal(spool_facts(s).n, 2);
    spool_nothing_comes(s, spool_comes(s, spool_comes(s, 0, 1), 2));
    spool_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("messages come in order once they are durable",
             messages_come_in_order_once_they_are_durable),
        CASE("a start finds everything again", a_start_finds_everything_again),
        CASE("ids rise and a new spool has others", ids_rise_and_a_new_spool_has_others),
        CASE("an id of the verifier is kept and taken once",
             an_id_of_the_verifier_is_kept_and_taken_once),
        CASE("a message has a size", a_message_has_a_size),
        CASE("a full spool refuses and keeps", a_full_spool_refuses_and_keeps),
        CASE("the file shrinks when much was taken", the_file_shrinks_when_much_was_taken),
        CASE("an id does not come again in a file written anew",
             an_id_does_not_come_again_in_a_file_written_anew),
        CASE("nothing of it stands in the clear", nothing_of_it_stands_in_the_clear),
        CASE("another key opens nothing", another_key_opens_nothing),
        CASE("every truncation leaves ours or nothing", every_truncation_leaves_ours_or_nothing),
        CASE("no flip makes another message", no_flip_makes_another_message),
        CASE("a spoilt record costs no other", a_spoilt_record_costs_no_other),
        CASE("a record that is repeated comes once", a_record_that_is_repeated_comes_once),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
