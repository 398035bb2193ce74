/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves what `send` promises where several threads use a spool at once, and wherever the power
 * fails: a message that a sync acknowledged is there (P-DUR-8).
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "power.h"
#include "scratch.h"
#include "spool_fixture.h"
#include "state/file.h"
#include "state/spool.h"
#include "t.h"

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
    struct spool                *s = spool_opened(dir);
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
    s = spool_opened(dir);
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
    size_t n = spool_body_of(number, ret);

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
    POWER_HOLDS(!t->grown || spool_size(dir) < 300 * 1000); /* of 380 */
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
    uint64_t next = spool_puts(s, 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("threads share a spool", threads_share_a_spool),
        CASE("what was synced is there wherever it stops",
             what_was_synced_is_there_wherever_it_stops),
        CASE("so it is when the file is written anew", so_it_is_when_the_file_is_written_anew),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
