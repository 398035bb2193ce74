/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of the rows of the ratchet: they come back as they went in, in the order of their numbers
 * up to the last of 64 bits; tenants and devices never see each other's; a row that is damaged
 * fails by its column.
 */
#include <stdlib.h>
#include <string.h>

#include "point.h"
#include "ratchet_fixture.h"
#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };

static const struct pawl_view other = { (const uint8_t *)"other", 5 };

static const struct pawl_view all = { NULL, 0 };

static struct generation_row *one_generation(struct step *s, unsigned dir, uint64_t epoch,
                                             uint32_t gen, const char *text)
{
    struct generation_row *g = calloc(1, sizeof(*g));

    assert_non_null(g);
    *g = (struct generation_row){ .dir = dir, .epoch = epoch, .gen = gen, .gone = !text };
    if (text)
        g->bytes = store_blob(text);
    s->generation = g;
    s->generation_n = 1;
    return g;
}

/* Commits one generation; without text it goes. */
static void ratchet_put_generation(struct store_fixture *f, struct device *d, unsigned dir,
                                   uint64_t epoch, uint32_t gen, const char *text)
{
    PAWL_CLEANUP(step_done) struct step s = { .touches_device = true, .device = *d };

    memcpy(s.tenant, d->tenant, sizeof(s.tenant));
    one_generation(&s, dir, epoch, gen, text);
    store_commits(f, &s);
    d->version++;
}

/* ---- what a list said, as text --------------------------------------------------------------- */

static pawl_status say_generation(const struct generation_row *g, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%u/%llx/%x=%.*s ", g->dir, (unsigned long long)g->epoch, g->gen,
              (int)g->bytes.n, (const char *)g->bytes.p);
    return pawl_ok();
}

static pawl_status say_downlink(const struct downlink_row *d, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%llx@%llx=%.*s ", (unsigned long long)d->id, (unsigned long long)d->seq,
              (int)d->body.n, (const char *)d->body.p);
    return pawl_ok();
}

static void generations_are(struct store_fixture *f, struct pawl_view tenant,
                            const struct device *d, unsigned dir, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.generations(f->store.self, tenant, PAWL_VIEW_OF(d->id), dir, say_generation, said,
                              &err),
         &err);
    assert_string_equal(said, expected);
}

static void downlinks_are(struct store_fixture *f, struct pawl_view tenant, const struct device *d,
                          uint64_t after, size_t limit, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.downlinks(f->store.self, tenant, PAWL_VIEW_OF(d->id), after, limit, say_downlink,
                            said, &err),
         &err);
    assert_string_equal(said, expected);
}

static void queue_is(struct store_fixture *f, struct pawl_view tenant, const struct device *d,
                     uint64_t n, uint64_t last)
{
    struct pawl_err err;
    uint64_t        got_n, got_last;

    t_poison(&got_n, sizeof(got_n));
    t_poison(&got_last, sizeof(got_last));
    T_OK(f->store.downlink_queue(f->store.self, tenant, PAWL_VIEW_OF(d->id), &got_n, &got_last,
                                 &err),
         &err);
    assert_true(got_n == n);
    assert_true(got_last == last);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static pawl_status same_segment(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    const struct step *step = arg;

    (void)err;
    assert_true(s->number == 1);
    assert_memory_equal(s->device, step->device.id, sizeof(s->device));
    assert_true(s->time_ms == step->segment[0].time_ms);
    assert_true(s->n == step->segment[0].n);
    same_blob(&s->bytes, "segment 7");
    return pawl_ok();
}

static pawl_status same_downlink(const struct downlink_row *d, void *arg, struct pawl_err *err)
{
    const struct downlink_row *put = arg;

    (void)err;
    assert_memory_equal(d->device, put->device, sizeof(d->device));
    assert_true(d->id == put->id);
    assert_true(d->created_ms == put->created_ms);
    assert_true(d->seq == put->seq);
    assert_true(d->sent_ms == put->sent_ms);
    same_blob(&d->body, "body");
    return pawl_ok();
}

static void every_row_comes_back_as_it_went_in(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct blob     b;

    store_fixture_make(&f);
    struct device                       d = store_put(&f, "acme", 1);
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 7);
    s.segment[0].n = UINT32_MAX;
    store_commits(&f, &s);
    PAWL_CLEANUP(step_done)
    struct step down = with_downlink("acme", &d, UINT64_MAX, 1u << 31, "body");
    down.downlink[0].seq = UINT64_MAX;
    store_commits(&f, &down);
    store_fixture_reopen(&f);

    T_OK(f.store.ratchet(f.store.self, acme, PAWL_VIEW_OF(d.id), &b, &err), &err);
    same_blob(&b, "ratchet 7");
    blob_done(&b);
    T_OK(f.store.generation(f.store.self, acme, PAWL_VIEW_OF(d.id), 0, 1, 8, &b, &err), &err);
    same_blob(&b, "generation 7");
    blob_done(&b);
    T_OK(f.store.segments(f.store.self, acme, all, 0, 9, same_segment, &s, &err), &err);
    T_OK(f.store.downlinks(f.store.self, acme, PAWL_VIEW_OF(d.id), 0, 9, same_downlink,
                           &down.downlink[0], &err),
         &err);
    version_is(&f, &d, 2, s.device.seen_s);
}

static void a_ratchet_may_come_with_its_device(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct blob     b;
    struct device   d = store_device("acme", 1);

    store_fixture_make(&f);
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 1);
    s.touches_device = false;
    s.has_device = true;
    store_commits(&f, &s);
    T_OK(f.store.ratchet(f.store.self, acme, PAWL_VIEW_OF(d.id), &b, &err), &err);
    same_blob(&b, "ratchet 1");
    blob_done(&b);
    /* Without one in the step it stays. */
    d.version = 1;
    struct step touch = { .touches_device = true, .tenant = "acme", .device = d };
    store_commits(&f, &touch);
    T_OK(f.store.ratchet(f.store.self, acme, PAWL_VIEW_OF(d.id), &b, &err), &err);
    same_blob(&b, "ratchet 1");
    blob_done(&b);
}

static void absent_rows_are_named(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct blob     b;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    t_poison(&b, sizeof(b));
    T_FAILS(f.store.ratchet(f.store.self, acme, PAWL_VIEW_OF(d.id), &b, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "store.ratchet");
    T_FAILS(f.store.generation(f.store.self, acme, PAWL_VIEW_OF(d.id), 0, 1, 0, &b, &err), &err,
            PAWL_E_ABSENT);
    T_WHERE(&err, "store.generation");
    t_still_poisoned(&b, sizeof(b));
    generations_are(&f, acme, &d, 0, "");
    segments_are(&f, acme, all, 0, 9, "");
    downlinks_are(&f, acme, &d, 0, 9, "");
    queue_is(&f, acme, &d, 0, 0);
}

static void generations_come_by_epoch_and_number_up_to_the_last(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    ratchet_put_generation(&f, &d, 0, UINT64_MAX, 0, "f");
    ratchet_put_generation(&f, &d, 0, 1ull << 63, 0, "e");
    ratchet_put_generation(&f, &d, 0, (1ull << 63) - 1, UINT32_MAX, "d");
    ratchet_put_generation(&f, &d, 0, 256, 0, "c");
    ratchet_put_generation(&f, &d, 0, 2, UINT32_MAX, "b");
    ratchet_put_generation(&f, &d, 0, 2, 9, "a");
    ratchet_put_generation(&f, &d, 1, 3, 0, "down");
    generations_are(&f, acme, &d, 0,
                    "0/2/9=a 0/2/ffffffff=b 0/100/0=c 0/7fffffffffffffff/ffffffff=d"
                    " 0/8000000000000000/0=e 0/ffffffffffffffff/0=f ");
    generations_are(&f, acme, &d, 1, "1/3/0=down ");
}

static void a_generation_is_replaced_and_goes_alone(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    ratchet_put_generation(&f, &e, 0, 1, 1, "its");
    ratchet_put_generation(&f, &d, 0, 1, 1, "a");
    ratchet_put_generation(&f, &d, 0, 1, 2, "b");
    ratchet_put_generation(&f, &d, 1, 1, 1, "down");
    ratchet_put_generation(&f, &d, 0, 2, 1, "c");
    ratchet_put_generation(&f, &d, 0, 1, 1, "A");
    generations_are(&f, acme, &d, 0, "0/1/1=A 0/1/2=b 0/2/1=c ");
    ratchet_put_generation(&f, &d, 0, 1, 1, NULL);
    ratchet_put_generation(&f, &d, 0, 9, 9, NULL); /* that never was */
    generations_are(&f, acme, &d, 0, "0/1/2=b 0/2/1=c ");
    generations_are(&f, acme, &d, 1, "1/1/1=down ");
    generations_are(&f, acme, &e, 0, "0/1/1=its ");
}

static pawl_status stop_here(const struct generation_row *g, void *arg, struct pawl_err *err)
{
    (void)g;
    ++*(unsigned *)arg;
    return pawl_fail(err, PAWL_E_STATE, "each", "enough");
}

static void a_list_stops_where_its_reader_does(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    unsigned        calls = 0;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    ratchet_put_generation(&f, &d, 0, 1, 1, "a");
    ratchet_put_generation(&f, &d, 0, 1, 2, "b");
    T_FAILS(f.store.generations(f.store.self, acme, PAWL_VIEW_OF(d.id), 0, stop_here, &calls, &err),
            &err, PAWL_E_STATE);
    assert_int_equal(calls, 1);
}

static void segments_come_behind_a_cursor(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2),
                  x = store_put(&f, "other", 3);
    ratchet_commit_batch(&f, &d, 1);
    ratchet_commit_batch(&f, &e, 2);
    ratchet_commit_batch(&f, &x, 3);
    ratchet_commit_batch(&f, &d, 4);
    segments_are(&f, acme, all, 0, 9, "1:1:segment 1 2:2:segment 2 4:1:segment 4 ");
    segments_are(&f, acme, all, 1, 9, "2:2:segment 2 4:1:segment 4 ");
    segments_are(&f, acme, all, 0, 2, "1:1:segment 1 2:2:segment 2 ");
    segments_are(&f, acme, all, 4, 9, "");
    segments_are(&f, acme, all, UINT64_MAX, SIZE_MAX, "");
    segments_are(&f, acme, PAWL_VIEW_OF(d.id), 0, 9, "1:1:segment 1 4:1:segment 4 ");
    segments_are(&f, acme, PAWL_VIEW_OF(d.id), 1, 9, "4:1:segment 4 ");
    segments_are(&f, other, all, 0, 9, "3:3:segment 3 ");
}

static void no_number_of_a_segment_is_given_twice(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), stale = d;
    ratchet_commit_batch(&f, &d, 1);
    store_exec(&f, "DELETE FROM segment");
    store_fixture_reopen(&f);
    PAWL_CLEANUP(step_done) struct step lost = store_batch(&stale, 2);
    store_refuses(&f, &lost, PAWL_E_CONFLICT, "store.device");
    ratchet_commit_batch(&f, &d, 3);
    segments_are(&f, acme, all, 0, 9, "2:1:segment 3 ");
}

static void downlinks_come_by_id_until_they_are_delivered(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    ratchet_put_downlink(&f, &d, UINT64_MAX, 0, "last");
    ratchet_put_downlink(&f, &d, 1ull << 63, 0, "third");
    ratchet_put_downlink(&f, &d, 2, 0, "second");
    ratchet_put_downlink(&f, &d, 1, 0, "first");
    ratchet_put_downlink(&f, &e, 1, 0, "its");
    downlinks_are(&f, acme, &d, 0, 9,
                  "1@0=first 2@0=second 8000000000000000@0=third ffffffffffffffff@0=last ");
    downlinks_are(&f, acme, &d, 1, 2, "2@0=second 8000000000000000@0=third ");
    downlinks_are(&f, acme, &d, UINT64_MAX, 9, "");
    queue_is(&f, acme, &d, 4, UINT64_MAX);
    /* Into a slot, and into another one; the body stays. */
    ratchet_put_downlink(&f, &d, 2, 70, "");
    ratchet_put_downlink(&f, &d, 2, 71, "");
    downlinks_are(&f, acme, &d, 1, 1, "2@47=second ");
    assert_int_equal(store_number(&f, "SELECT sent_ms FROM downlink WHERE seq = 71"),
                     1700000000456);

    PAWL_CLEANUP(step_done)
    struct step s = { .touches_device = true, .tenant = "acme", .device = d, .delivered_n = 3 };
    s.delivered = calloc(3, sizeof(*s.delivered));
    assert_non_null(s.delivered);
    s.delivered[0] = 1;
    s.delivered[1] = UINT64_MAX;
    s.delivered[2] = 77; /* gone before */
    store_commits(&f, &s);
    downlinks_are(&f, acme, &d, 0, 9, "2@47=second 8000000000000000@0=third ");
    downlinks_are(&f, acme, &e, 0, 9, "1@0=its ");
    queue_is(&f, acme, &d, 2, 1ull << 63);
    queue_is(&f, acme, &e, 1, 1);
}

static void a_new_downlink_never_takes_the_place_of_another(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    ratchet_put_downlink(&f, &d, 5, 0, "first");
    PAWL_CLEANUP(step_done) struct step s = with_downlink("acme", &d, 5, 0, "second");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.downlink");
    ratchet_put_downlink(&f, &d, 5, 9, "");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.downlink");
}

static void a_tenant_sees_nothing_of_another(void **state) /* S2 */
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct blob     b;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), same = store_put(&f, "other", 1);
    ratchet_commit_batch(&f, &d, 1);
    ratchet_put_downlink(&f, &d, 1, 0, "mine");
    T_FAILS(f.store.ratchet(f.store.self, other, PAWL_VIEW_OF(d.id), &b, &err), &err,
            PAWL_E_ABSENT);
    T_FAILS(f.store.generation(f.store.self, other, PAWL_VIEW_OF(d.id), 0, 1, 1, &b, &err), &err,
            PAWL_E_ABSENT);
    generations_are(&f, other, &d, 0, "");
    segments_are(&f, other, all, 0, 9, "");
    segments_are(&f, other, PAWL_VIEW_OF(d.id), 0, 9, "");
    downlinks_are(&f, other, &d, 0, 9, "");
    queue_is(&f, other, &d, 0, 0);
    ratchet_put_generation(&f, &same, 0, 1, 1, NULL);
    generations_are(&f, acme, &d, 0, "0/1/1=generation 1 0/1/2=generation 1 ");
}

/* ---- damage --------------------------------------------------------------------------------- */

static void a_row_that_is_none_of_ours_fails_by_its_column(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE   f;
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    ratchet_commit_batch(&f, &d, 1);
    ratchet_put_downlink(&f, &d, 1, 0, "x");
    store_exec(&f, "UPDATE segment SET n = -1");
    T_FAILS(f.store.segments(f.store.self, acme, all, 0, 9, say_segment, said, &err), &err,
            PAWL_E_FORM);
    T_WHERE(&err, "store.segment.n");
    store_exec(&f, "UPDATE generation SET gen = 4294967296 WHERE gen = 1");
    T_FAILS(
        f.store.generations(f.store.self, acme, PAWL_VIEW_OF(d.id), 0, say_generation, said, &err),
        &err, PAWL_E_FORM);
    T_WHERE(&err, "store.generation.gen");
    store_exec(&f, "PRAGMA ignore_check_constraints = 1; UPDATE downlink SET id = x'01'");
    T_FAILS(
        f.store.downlinks(f.store.self, acme, PAWL_VIEW_OF(d.id), 0, 9, say_downlink, said, &err),
        &err, PAWL_E_FORM);
    T_WHERE(&err, "store.downlink.id");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("every row comes back as it went in", every_row_comes_back_as_it_went_in),
        T_CASE("a ratchet may come with its device", a_ratchet_may_come_with_its_device),
        T_CASE("absent rows are named", absent_rows_are_named),
        T_CASE("generations come by epoch and number up to the last",
               generations_come_by_epoch_and_number_up_to_the_last),
        T_CASE("a generation is replaced and goes alone", a_generation_is_replaced_and_goes_alone),
        T_CASE("a list stops where its reader does", a_list_stops_where_its_reader_does),
        T_CASE("segments come behind a cursor", segments_come_behind_a_cursor),
        T_CASE("no number of a segment is given twice", no_number_of_a_segment_is_given_twice),
        T_CASE("downlinks come by id until they are delivered",
               downlinks_come_by_id_until_they_are_delivered),
        T_CASE("a new downlink never takes the place of another",
               a_new_downlink_never_takes_the_place_of_another),
        T_CASE("S2 a tenant sees nothing of another", a_tenant_sees_nothing_of_another),
        T_CASE("a row that is none of ours fails by its column",
               a_row_that_is_none_of_ours_fails_by_its_column),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
