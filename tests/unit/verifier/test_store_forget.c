/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of the feed's rows: a reader that follows their numbers misses nothing; to forget takes
 * only what is old, in pieces between which others go.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "point.h"
#include "ratchet_fixture.h"
#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };

static const struct pawl_view all = { NULL, 0 };

/* ---- the cursor ------------------------------------------------------------------------------ */

enum { WRITERS = 4, BATCHES = 120 };

struct writes {
    struct store *store;
    struct device d;
    atomic_int   *running;
};

static void *write_batches(void *arg)
{
    struct writes  *w = arg;
    struct pawl_err err;

    for (unsigned i = 0; i < BATCHES; i++) {
        struct step s = store_batch(&w->d, i);
        /* Every third one loses, after it had a number. */
        if (i % 3 == 2) {
            s.generation_n = 0;
            s.downlink = calloc(1, sizeof(*s.downlink));
            assert_non_null(s.downlink);
            s.downlink_n = 1;
            memcpy(s.downlink[0].device, w->d.id, sizeof(w->d.id));
            s.downlink[0].id = 1;
        }
        if (pawl_is_ok(store_commit_wait(w->store, &s, &err)))
            w->d.version++;
        s.generation_n = 2;
        step_done(&s);
    }
    --*w->running;
    return NULL;
}

struct cursor {
    uint64_t after;
    unsigned seen;
};

static pawl_status move_on(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    struct cursor *c = arg;

    (void)err;
    assert_true(s->number > c->after);
    c->after = s->number;
    c->seen++;
    return pawl_ok();
}

static void a_reader_that_follows_the_numbers_misses_nothing(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct writes   w[WRITERS];
    pthread_t       thread[WRITERS];
    atomic_int      running = WRITERS;
    struct cursor   c = { 0 };

    store_fixture_make(&f);
    for (unsigned i = 0; i < WRITERS; i++) {
        w[i] = (struct writes){ &f.store, store_put(&f, "acme", i + 1), &running };
        ratchet_put_downlink(&f, &w[i].d, 1, 0, "taken");
    }
    for (unsigned i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, write_batches, &w[i]), 0);
    for (bool last = false; !last;) {
        last = running == 0;
        T_OK(f.store.segments(f.store.self, acme, all, c.after, 3, move_on, &c, &err), &err);
        for (unsigned before = 0; last && before != c.seen;) {
            before = c.seen;
            T_OK(f.store.segments(f.store.self, acme, all, c.after, 3, move_on, &c, &err), &err);
        }
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(c.seen, WRITERS * (BATCHES - BATCHES / 3));
    assert_int_equal(store_number(&f, "SELECT count(*) FROM segment"), c.seen);
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static void forget(struct store_fixture *f, struct pawl_view tenant, int64_t before_ms)
{
    struct store_waiting w = STORE_WAITING;

    f->store.forget_segments(f->store.self, tenant, before_ms, store_over, &w);
    store_wait(&w);
}

/* n segments of this device, a second apart, the first at 1000 s. */
static void fill_segments(struct store_fixture *f, const struct device *d, unsigned n)
{
    char text[500];

    snprintf(text, sizeof(text),
             "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
             " INSERT INTO segment (tenant, kind, device, time_ms, n, id_lo, id_hi, heads, bytes)"
             " SELECT '%s', i %% 3, id, 1000000 + i * 1000, 1, zeroblob(8), zeroblob(8), x'00',"
             " x'00' FROM n, device"
             " WHERE tenant = '%s' AND substr(id, 1, 1) = x'%02x'",
             n - 1, d->tenant, d->tenant, d->id[0]);
    store_exec(f, text);
}

static void to_forget_takes_only_what_is_old(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), x = store_put(&f, "other", 2);
    fill_segments(&f, &d, 10);
    fill_segments(&f, &x, 10);
    forget(&f, acme, 1000000);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM segment"), 20);
    forget(&f, acme, 1003001);
    assert_int_equal(store_number(&f, "SELECT min(time_ms) FROM segment WHERE tenant = 'acme'"),
                     1004000);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM segment WHERE tenant = 'other'"), 10);
    forget(&f, pawl_view_str("nobody"), INT64_MAX);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM segment"), 16);
}

/* The writer stops behind its next transaction until it may go on. */
static atomic_bool may_go;

static atomic_uint transactions;

static void wait_to_go(const char *name)
{
    if (strcmp(name, "store.committed") != 0)
        return;
    transactions++;
    while (!may_go)
        sched_yield();
}

struct between {
    struct store_waiting w;
    atomic_uint          transactions; /* when it was done */
};

static void over_between(pawl_status status, const struct pawl_err *err, void *arg)
{
    struct between *b = arg;

    b->transactions = transactions;
    store_over(status, err, &b->w);
}

static void much_is_forgotten_in_pieces_and_others_go_between(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE        f;
    struct store_waiting all_gone = STORE_WAITING;
    struct between       mine = { .w = STORE_WAITING };

    store_fixture_make(&f);
    struct device                       d = store_put(&f, "acme", 1);
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 1);
    fill_segments(&f, &d, 5000);
    may_go = false;
    transactions = 0;
    point_reached = wait_to_go;
    f.store.forget_segments(f.store.self, acme, s.segment[0].time_ms, store_over, &all_gone);
    f.store.commit(f.store.self, &s, over_between, &mine);
    may_go = true;
    store_wait(&mine.w);
    store_wait(&all_gone);
    point_reached = NULL;
    assert_true(mine.transactions <= 3);
    assert_true(transactions >= 5000 / 200);
    segments_are(&f, acme, all, 0, 9, "5001:1:segment 1 ");
}

static void closing_does_not_wait_until_all_is_forgotten(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE        f;
    struct store_waiting w = STORE_WAITING;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    fill_segments(&f, &d, 50000);
    may_go = false;
    point_reached = wait_to_go;
    f.store.forget_segments(f.store.self, acme, INT64_MAX, store_over, &w);
    may_go = true;
    f.store.close(f.store.self);
    f.open = false;
    point_reached = NULL;
    assert_true(w.over);
    assert_int_equal(w.status.code, PAWL_OK);
    assert_true(store_number(&f, "SELECT count(*) FROM segment") > 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a reader that follows the numbers misses nothing",
               a_reader_that_follows_the_numbers_misses_nothing),
        T_CASE("to forget takes only what is old", to_forget_takes_only_what_is_old),
        T_CASE("much is forgotten in pieces and others go between",
               much_is_forgotten_in_pieces_and_others_go_between),
        T_CASE("closing does not wait until all is forgotten",
               closing_does_not_wait_until_all_is_forgotten),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
