/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves what `send` promises: a message that a sync acknowledged is there after any crash, comes
 * in order and byte for byte, and nobody reads it without the key (P-DUR-8); a full disk and a full
 * spool lose nothing; several threads use it at once.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "power.h"
#include "scratch.h"
#include "state/file.h"
#include "state/journal.h"
#include "state/spool.h"
#include "t.h"

#define FILE_NAME SPOOL_QUEUE ".spool"

static const struct pawl_secret key = { .n = 64, .b = { 0x6b, 1, 2, 3 } };

static int open_scratch(void)
{
    int fd = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static struct spool *opened_with(int dir, uint64_t cap_n, bool *ret_lost)
{
    const struct spool_config c = { .name = SPOOL_QUEUE, .cap_n = cap_n };
    struct spool             *s = NULL;
    struct pawl_err           err;

    T_OK(spool_open(dir, &c, &key, &s, ret_lost, &err), &err);
    return s;
}

static struct spool *opened(int dir)
{
    bool          lost = true;
    struct spool *s = opened_with(dir, 1 << 20, &lost);

    assert_false(lost);
    return s;
}

/* A message is its number again and again. */
static size_t body_of(unsigned number, uint8_t ret[PAWL_BODY_MAX])
{
    size_t n = 1 + number * 37 % 300;

    for (size_t i = 0; i < n; i++)
        ret[i] = (uint8_t)(number + i);
    return n;
}

static uint64_t put(struct spool *s, unsigned number)
{
    uint8_t         b[PAWL_BODY_MAX];
    uint64_t        id = 0;
    struct pawl_err err;

    T_OK(spool_put(s, 0, pawl_view(b, body_of(number, b)), &id, &err), &err);
    return id;
}

static void sync_all(struct spool *s)
{
    struct pawl_err err;

    T_OK(spool_sync(s, &err), &err);
}

static void take(struct spool *s, uint64_t id)
{
    struct pawl_err err;

    T_OK(spool_take(s, id, &err), &err);
}

/* The next behind `after` is this message. */
static uint64_t comes(struct spool *s, uint64_t after, unsigned number)
{
    uint8_t         b[PAWL_BODY_MAX], want[PAWL_BODY_MAX];
    uint64_t        id = 0;
    size_t          n = 0;
    struct pawl_err err;

    T_OK(spool_next(s, after, &id, b, sizeof(b), &n, &err), &err);
    assert_int_equal(n, body_of(number, want));
    assert_memory_equal(b, want, n);
    return id;
}

static void nothing_comes(struct spool *s, uint64_t after)
{
    uint8_t         b[PAWL_BODY_MAX];
    uint64_t        id = 99;
    size_t          n = 98;
    struct pawl_err err;

    T_FAILS(spool_next(s, after, &id, b, sizeof(b), &n, &err), &err, PAWL_E_ABSENT);
    assert_int_equal(id, 99);
    assert_int_equal(n, 98);
}

static off_t size_of(int dir)
{
    struct stat st;

    assert_int_equal(fstatat(dir, FILE_NAME, &st, 0), 0);
    return st.st_size;
}

/* ---- order and ids -------------------------------------------------------------------------- */

static void messages_come_in_order_once_they_are_durable(void **state)
{
    PAWL_CLEANUP(file_close) int            dir = open_scratch();
    PAWL_CLEANUP(spool_close) struct spool *s = opened(dir);

    (void)state;
    nothing_comes(s, 0);
    uint64_t one = put(s, 1), two = put(s, 2);
    nothing_comes(s, 0);
    sync_all(s);
    uint64_t three = put(s, 3);
    assert_int_equal(comes(s, 0, 1), one);
    assert_int_equal(comes(s, one, 2), two);
    nothing_comes(s, two);
    sync_all(s);
    assert_int_equal(comes(s, two, 3), three);
    take(s, two); /* out of order */
    assert_int_equal(comes(s, one, 3), three);
    assert_int_equal(comes(s, two, 3), three); /* from where it was */
    take(s, one);
    take(s, one);
    assert_int_equal(comes(s, 0, 3), three);
    assert_int_equal(comes(s, one, 3), three);
    take(s, three);
    nothing_comes(s, 0);
    assert_int_equal(spool_facts(s).n, 0);
}

static void a_start_finds_everything_again(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = opened(dir);
    uint64_t                     id[6];

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        id[i] = put(s, i);
    sync_all(s);
    take(s, id[0]);
    take(s, id[3]);
    spool_close(&s);
    s = opened(dir);
    assert_int_equal(comes(s, 0, 1), id[1]);
    assert_int_equal(comes(s, id[1], 2), id[2]);
    assert_int_equal(comes(s, id[2], 4), id[4]);
    id[5] = put(s, 5);
    sync_all(s);
    assert_int_equal(comes(s, id[4], 5), id[5]);
    assert_int_equal(spool_facts(s).n, 4);
    spool_close(&s);
}

static void ids_rise_and_a_new_spool_has_others(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = opened(dir);

    (void)state;
    uint64_t first = put(s, 1);
    assert_int_equal((uint32_t)first, 1);
    assert_true(first >> 32);
    uint64_t last = first;
    for (int start = 0; start < 4; start++) {
        for (unsigned i = 0; i < 4; i++) {
            uint64_t id = put(s, i);
            assert_int_equal(id, last + 1);
            last = id;
        }
        sync_all(s);
        take(s, last); /* the highest is gone, and does not come again */
        spool_close(&s);
        s = opened(dir);
    }
    spool_close(&s);
    assert_int_equal(unlinkat(dir, FILE_NAME, 0), 0);
    s = opened(dir);
    assert_true(put(s, 1) >> 32 != first >> 32);
    spool_close(&s);
}

static void an_id_of_the_verifier_is_kept_and_taken_once(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = opened(dir);
    static const uint8_t         a[] = "a", b[] = "b";
    uint64_t                     id = 0;
    struct pawl_err              err;

    (void)state;
    T_OK(spool_put(s, 5000, PAWL_VIEW_OF(a), &id, &err), &err);
    assert_int_equal(id, 5000);
    T_OK(spool_put(s, 4000, PAWL_VIEW_OF(b), &id, &err), &err);
    T_OK(spool_put(s, 5000, PAWL_VIEW_OF(b), &id, &err), &err); /* it came again */
    assert_int_equal(id, 5000);
    sync_all(s);
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
        s = opened(dir);
    }
    spool_close(&s);
}

/* ---- limits --------------------------------------------------------------------------------- */

static void a_message_has_a_size(void **state)
{
    PAWL_CLEANUP(file_close) int            dir = open_scratch();
    PAWL_CLEANUP(spool_close) struct spool *s = opened(dir);
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
    sync_all(s);
    T_FAILS(spool_next(s, 0, &id, got, 100, &n, &err), &err, PAWL_E_FULL);
    T_OK(spool_next(s, 0, &id, got, sizeof(got), &n, &err), &err);
    assert_int_equal(n, PAWL_BODY_MAX);
}

static void a_full_spool_refuses_and_keeps(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    bool                         lost;
    struct spool                *s = opened_with(dir, 3 * (64 + 10), &lost);
    static const uint8_t         b[11];
    uint64_t                     id[3], none;
    struct pawl_err              err;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        T_OK(spool_put(s, 0, pawl_view(b, 10), &id[i], &err), &err);
    T_FAILS(spool_put(s, 0, pawl_view(b, 1), &none, &err), &err, PAWL_E_FULL);
    assert_non_null(strstr(err.why, "222"));
    sync_all(s);
    struct spool_facts f = spool_facts(s);
    assert_int_equal(f.n, 3);
    assert_int_equal(f.body_n, 30);
    assert_int_equal(f.cap_n, 222);
    take(s, id[1]);
    T_FAILS(spool_put(s, 0, pawl_view(b, 11), &none, &err), &err, PAWL_E_FULL);
    T_OK(spool_put(s, 0, pawl_view(b, 10), &none, &err), &err);
    spool_close(&s);
    s = opened_with(dir, 100, &lost); /* a smaller cap keeps what is there */
    assert_int_equal(spool_facts(s).n, 3);
    T_FAILS(spool_put(s, 0, pawl_view(b, 1), &none, &err), &err, PAWL_E_FULL);
    spool_close(&s);
}

static void the_file_shrinks_when_much_was_taken(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = opened(dir);
    off_t                        largest = 0;
    uint64_t                     keep = put(s, 7), last = 0;

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        if (last)
            take(s, last);
        last = put(s, i);
        if (i % 16 == 15)
            sync_all(s);
        largest = size_of(dir) > largest ? size_of(dir) : largest;
    }
    sync_all(s);
    assert_true(largest < 100 * 1024);
    assert_int_equal(comes(s, 0, 7), keep);
    assert_int_equal(comes(s, keep, 3999), last);
    spool_close(&s);
    s = opened(dir);
    assert_int_equal(comes(s, 0, 7), keep);
    assert_int_equal(comes(s, keep, 3999), last);
    assert_int_equal(put(s, 1), last + 1);
    spool_close(&s);
}

static void an_id_does_not_come_again_in_a_file_written_anew(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = opened(dir);
    uint64_t                     keep = put(s, 7), last = 0;

    (void)state;
    for (unsigned i = 0; i < 600; i++)
        last = put(s, i);
    sync_all(s);
    off_t large = size_of(dir);
    for (uint64_t id = keep + 1; id <= last; id++)
        take(s, id);
    sync_all(s);
    assert_true(size_of(dir) < large / 10);
    spool_close(&s);
    s = opened(dir);
    assert_int_equal(comes(s, 0, 7), keep);
    assert_int_equal(put(s, 1), last + 1);
    spool_close(&s);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void nothing_of_it_stands_in_the_clear(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = opened(dir);
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
    struct spool                *s = opened(dir);
    const struct spool_config    c = { .name = SPOOL_QUEUE, .cap_n = 1000 };
    struct pawl_secret           other = key;
    bool                         lost = false;
    struct pawl_err              err;

    (void)state;
    put(s, 1);
    spool_close(&s);
    other.b[0] ^= 1; /* the half that makes the tag: with the other one a byte may come out right */
    T_OK(spool_open(dir, &c, &other, &s, &lost, &err), &err);
    assert_true(lost);
    nothing_comes(s, 0);
    assert_int_equal(faccessat(dir, FILE_NAME ".bad", F_OK, 0), 0);
    put(s, 2);
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
    struct spool   *q = opened(s.dir);

    uint64_t gone = put(q, 0);
    for (unsigned i = 1; i < 4; i++) {
        put(q, i);
        sync_all(q);
    }
    take(q, gone);
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
    struct spool *s = opened_with(f->dir, 1 << 20, &lost);
    for (;;) {
        uint8_t  b[PAWL_BODY_MAX], want[PAWL_BODY_MAX];
        size_t   n = 0;
        unsigned i = 0;
        if (!pawl_is_ok(spool_next(s, after, &id, b, sizeof(b), &n, &err)))
            break;
        while (i < 4 && !pawl_view_equal(pawl_view(b, n), pawl_view(want, body_of(i, want))))
            i++;
        assert_true(i < 4 && (int)i > last);
        last = (int)i;
        after = id;
    }
    assert_int_equal(err.code, PAWL_E_ABSENT);
    id = put(s, 9);
    sync_all(s);
    assert_int_equal(comes(s, after, 9), id);
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
    struct spool *q = opened_with(s.dir, 1 << 20, &lost);
    assert_true(lost);
    uint64_t one = comes(q, 0, 1);
    nothing_comes(q, comes(q, one, 2));
    spool_close(&q);
    q = opened(s.dir); /* written anew */
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
    struct spool                              *s = opened(dir);
    PAWL_CLEANUP(journal_close) struct journal j = { .fd = -1 };
    bool                                       lost = false;
    struct pawl_err                            err;

    (void)state;
    for (unsigned i = 1; i <= 2; i++) {
        put(s, i);
        sync_all(s);
    }
    spool_close(&s);
    frames.count = 0;
    T_OK(journal_open(dir, FILE_NAME, 4096, keep_frame, NULL, &j, &err), &err);
    assert_int_equal(frames.count, 3);
    T_OK(journal_append(&j, pawl_view(frames.b[1], frames.n[1]), &err), &err);
    frames.b[1][9] = 3; /* as the third, which is still to come */
    T_OK(journal_append(&j, pawl_view(frames.b[1], frames.n[1]), &err), &err);
    s = opened_with(dir, 1 << 20, &lost);
    assert_true(lost);
    assert_int_equal(spool_facts(s).n, 2);
    nothing_comes(s, comes(s, comes(s, 0, 1), 2));
    spool_close(&s);
}

/* ---- threads -------------------------------------------------------------------------------- */

enum { THREADS = 6, EACH = 40 };

static void *sender(void *arg)
{
    struct spool   *s = arg;
    static uint8_t  b[8];
    uint64_t        id, last = 0;
    struct pawl_err err;

    for (int i = 0; i < EACH; i++) {
        if (!pawl_is_ok(spool_put(s, 0, PAWL_VIEW_OF(b), &id, &err)) || id <= last)
            return "put";
        last = id;
        if (!pawl_is_ok(spool_sync(s, &err)))
            return "sync";
    }
    return NULL;
}

static void *reader(void *arg)
{
    struct spool   *s = arg;
    uint8_t         b[PAWL_BODY_MAX];
    uint64_t        id, last = 0;
    size_t          n, got = 0;
    struct pawl_err err;

    while (got < THREADS * EACH) {
        if (!pawl_is_ok(spool_next(s, last, &id, b, sizeof(b), &n, &err)))
            continue; /* waits for the senders */
        if (id <= last)
            return "order";
        last = id;
        if (got++ % 2 && !pawl_is_ok(spool_take(s, id, &err)))
            return "take";
    }
    return NULL;
}

static void threads_share_a_spool(void **state)
{
    PAWL_CLEANUP(file_close) int dir = open_scratch();
    struct spool                *s = opened(dir);
    pthread_t                    t[THREADS + 1];
    void                        *wrong;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, sender, s), 0);
    assert_int_equal(pthread_create(&t[THREADS], NULL, reader, s), 0);
    for (int i = 0; i <= THREADS; i++) {
        assert_int_equal(pthread_join(t[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(spool_facts(s).n, THREADS * EACH / 2);
    spool_close(&s);
    s = opened(dir);
    assert_int_equal(spool_facts(s).n, THREADS * EACH / 2);
    spool_close(&s);
}

/* ---- power ---------------------------------------------------------------------------------- */

enum { MESSAGES = 300, SHORT_RUN = 32, LONG_RUN = 60 };

struct told {
    uint64_t id[MESSAGES];
    unsigned put_n;          /* were offered */
    int      put[MESSAGES];  /* by this run .. */
    bool     kept[MESSAGES]; /* .. and a sync of it came behind */
    int      taken[MESSAGES];
    bool     off[MESSAGES];
    bool     grown; /* messages are long, so that the file is written anew */
};

/* What a run put and took before its sync is settled; a close promises nothing. */
static void keep_in_mind(struct told *t, int run)
{
    for (unsigned i = 0; i < t->put_n; i++) {
        t->kept[i] = t->kept[i] || t->put[i] == run;
        t->off[i] = t->off[i] || t->taken[i] == run;
    }
}

static size_t message(const struct told *t, unsigned number, uint8_t ret[PAWL_BODY_MAX])
{
    size_t n = body_of(number, ret);

    if (!t->grown)
        return n;
    memset(ret + n, (int)number, 3000);
    return n + 3000;
}

static void two_runs(void *shared)
{
    const struct spool_config c = { .name = SPOOL_QUEUE, .cap_n = 1 << 24 };
    struct told              *t = shared;
    int                       dir = open(scratch(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    uint8_t                   b[PAWL_BODY_MAX];
    bool                      lost;
    struct pawl_err           err;

    for (int run = 1; run <= 2; run++) {
        struct spool *s;
        while (!pawl_is_ok(spool_open(dir, &c, &key, &s, &lost, &err)))
            ;
        POWER_HOLDS(!lost);
        for (unsigned i = 0; i < (t->grown ? LONG_RUN : SHORT_RUN); i++) {
            size_t   n = message(t, t->put_n, b);
            uint64_t id;
            while (!pawl_is_ok(spool_put(s, 0, pawl_view(b, n), &id, &err)))
                ;
            t->put[t->put_n] = run;
            t->id[t->put_n++] = id;
            if (i % 4 == 3 && pawl_is_ok(spool_sync(s, &err)))
                keep_in_mind(t, run);
            unsigned old = t->put_n - t->put_n / 5; /* some, not the oldest first */
            bool     known = t->put_n > 8 && (t->kept[old - 7] || t->put[old - 7] == run);
            if (i % 3 && known && !t->taken[old - 7]) {
                t->taken[old - 7] = run;
                while (!pawl_is_ok(spool_take(s, t->id[old - 7], &err)))
                    ;
            }
        }
        spool_close(&s);
    }
    POWER_HOLDS(!t->grown || size_of(dir) < 300 * 1000); /* of 380 */
}

static void two_long_runs(void *shared)
{
    ((struct told *)shared)->grown = true;
    two_runs(shared);
}

static void what_was_synced_is_there(void *shared)
{
    PAWL_CLEANUP(file_close) int            dir = open_scratch();
    PAWL_CLEANUP(spool_close) struct spool *s = NULL;
    const struct spool_config               c = { .name = SPOOL_QUEUE, .cap_n = 1 << 24 };
    const struct told                      *t = shared;
    bool                                    here[MESSAGES] = { 0 }, lost = true;
    uint64_t                                after = 0, id;
    unsigned                                last = 0;
    struct pawl_err                         err;

    T_OK(spool_open(dir, &c, &key, &s, &lost, &err), &err);
    assert_false(lost);
    for (;;) {
        uint8_t  b[PAWL_BODY_MAX], want[PAWL_BODY_MAX];
        size_t   n;
        unsigned i = last;
        if (!pawl_is_ok(spool_next(s, after, &id, b, sizeof(b), &n, &err)))
            break;
        /* One that a close could not keep has an id that came again. */
        while (i < t->put_n &&
               (t->id[i] != id ||
                !pawl_view_equal(pawl_view(b, n), pawl_view(want, message(t, i, want)))))
            i++;
        /* The last may have come to the disk before its id was told. */
        assert_true(i < t->put_n ||
                    pawl_view_equal(pawl_view(b, n), pawl_view(want, message(t, i, want))));
        if (i < MESSAGES)
            here[i] = true;
        last = i + 1;
        after = id;
    }
    assert_int_equal(err.code, PAWL_E_ABSENT);
    /* Ids that were sent never come again for another message. */
    uint64_t next = put(s, 1);
    for (unsigned i = 0; i < t->put_n; i++) {
        assert_true(!t->kept[i] || here[i] || t->taken[i]);
        assert_false(here[i] && t->off[i]);
        assert_true(!t->kept[i] || next > t->id[i]);
    }
}

static void empty(void)
{
    assert_int_equal(scratch_empty(NULL), 0);
}

static void what_was_synced_is_there_wherever_it_stops(void **state)
{
    struct power_case c = { .shared = power_shared(sizeof(struct told)),
                            .shared_n = sizeof(struct told),
                            .child = two_runs,
                            .after = what_was_synced_is_there,
                            .before = empty };

    (void)state;
    power_everywhere(&c, POWER_KILL, 90);
    power_everywhere(&c, POWER_CUT, 90);
    power_everywhere(&c, POWER_FULL, 50);
    power_everywhere(&c, POWER_EIO, 15);
    power_everywhere(&c, POWER_EIO_CUT, 15);
}

static void so_it_is_when_the_file_is_written_anew(void **state)
{
    struct power_case c = { .shared = power_shared(sizeof(struct told)),
                            .shared_n = sizeof(struct told),
                            .child = two_long_runs,
                            .after = what_was_synced_is_there,
                            .before = empty,
                            .stride = 7 };

    (void)state;
    power_everywhere(&c, POWER_KILL, 200);
    power_everywhere(&c, POWER_CUT, 200);
    power_everywhere(&c, POWER_FULL, 100);
    power_everywhere(&c, POWER_EIO, 20);
    power_everywhere(&c, POWER_EIO_CUT, 20);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), scratch_empty, NULL, NULL                                                 \
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
        CASE("threads share a spool", threads_share_a_spool),
        CASE("what was synced is there wherever it stops",
             what_was_synced_is_there_wherever_it_stops),
        CASE("so it is when the file is written anew", so_it_is_when_the_file_is_written_anew),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
