/* SPDX-License-Identifier: Apache-2.0 */
/* Proves of the rows of the ratchet: they come back as they went in, in the order of their numbers
 * up to the last of 64 bits; a batch of messages leaves the device's wide row alone and loses
 * against everything that moved the device on; a cursor misses nothing; to forget takes only what
 * is old; tenants and devices never see each other's. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

#include "point.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };
static const struct pawl_view other = { (const uint8_t *)"other", 5 };
static const struct pawl_view all = { NULL, 0 };

static void same_blob(const struct blob *b, const char *text)
{
    assert_int_equal(b->n, strlen(text));
    assert_memory_equal(b->p, text, b->n);
}

static void commit_batch(struct store_fixture *f, struct device *d, unsigned number)
{
    PAWL_CLEANUP(step_done) struct step s = store_batch(d, number);

    store_commits(f, &s);
    d->version++;
    d->seen_s = s.device.seen_s;
}

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
static void put_generation(struct store_fixture *f, struct device *d, unsigned dir, uint64_t epoch,
                           uint32_t gen, const char *text)
{
    PAWL_CLEANUP(step_done) struct step s = { .touches_device = true, .device = *d };

    memcpy(s.tenant, d->tenant, sizeof(s.tenant));
    one_generation(&s, dir, epoch, gen, text);
    store_commits(f, &s);
    d->version++;
}

static struct step with_downlink(const char *tenant, const struct device *d, uint64_t id,
                                 uint64_t seq, const char *body)
{
    struct step s = { .downlink_n = 1, .downlink = calloc(1, sizeof(*s.downlink)) };

    assert_non_null(s.downlink);
    snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
    s.downlink[0] = (struct downlink_row){
        .id = id, .created_ms = 1700000000123, .seq = seq, .sent_ms = seq ? 1700000000456 : 0
    };
    memcpy(s.downlink[0].device, d->id, sizeof(d->id));
    s.downlink[0].body = store_blob(body);
    return s;
}

static void put_downlink(struct store_fixture *f, const struct device *d, uint64_t id, uint64_t seq,
                         const char *body)
{
    PAWL_CLEANUP(step_done) struct step s = with_downlink(d->tenant, d, id, seq, body);

    store_commits(f, &s);
}

/* ---- what a list said, as text --------------------------------------------------------------- */

static pawl_status say_generation(const struct generation_row *g, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%u/%llx/%x=%.*s ", g->dir, (unsigned long long)g->epoch, g->gen,
              (int)g->bytes.n, (const char *)g->bytes.p);
    return pawl_ok();
}

static pawl_status say_segment(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%llu:%u:%.*s ", (unsigned long long)s->number, s->device[0], (int)s->bytes.n,
              (const char *)s->bytes.p);
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

static void segments_are(struct store_fixture *f, struct pawl_view tenant, struct pawl_view device,
                         uint64_t after, size_t limit, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.segments(f->store.self, tenant, device, after, limit, say_segment, said, &err),
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

static void version_is(struct store_fixture *f, const struct device *d, uint64_t version,
                       int64_t seen_s)
{
    struct pawl_err err;
    struct device   got;

    T_OK(f->store.device(f->store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), &got, &err),
         &err);
    assert_true(got.version == version);
    assert_true(got.seen_s == seen_s);
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
    put_generation(&f, &d, 0, UINT64_MAX, 0, "f");
    put_generation(&f, &d, 0, 1ull << 63, 0, "e");
    put_generation(&f, &d, 0, (1ull << 63) - 1, UINT32_MAX, "d");
    put_generation(&f, &d, 0, 256, 0, "c");
    put_generation(&f, &d, 0, 2, UINT32_MAX, "b");
    put_generation(&f, &d, 0, 2, 9, "a");
    put_generation(&f, &d, 1, 3, 0, "down");
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
    put_generation(&f, &e, 0, 1, 1, "its");
    put_generation(&f, &d, 0, 1, 1, "a");
    put_generation(&f, &d, 0, 1, 2, "b");
    put_generation(&f, &d, 1, 1, 1, "down");
    put_generation(&f, &d, 0, 2, 1, "c");
    put_generation(&f, &d, 0, 1, 1, "A");
    generations_are(&f, acme, &d, 0, "0/1/1=A 0/1/2=b 0/2/1=c ");
    put_generation(&f, &d, 0, 1, 1, NULL);
    put_generation(&f, &d, 0, 9, 9, NULL); /* that never was */
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
    put_generation(&f, &d, 0, 1, 1, "a");
    put_generation(&f, &d, 0, 1, 2, "b");
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
    commit_batch(&f, &d, 1);
    commit_batch(&f, &e, 2);
    commit_batch(&f, &x, 3);
    commit_batch(&f, &d, 4);
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
    commit_batch(&f, &d, 1);
    store_exec(&f, "DELETE FROM segment");
    store_fixture_reopen(&f);
    PAWL_CLEANUP(step_done) struct step lost = store_batch(&stale, 2);
    store_refuses(&f, &lost, PAWL_E_CONFLICT, "store.device");
    commit_batch(&f, &d, 3);
    segments_are(&f, acme, all, 0, 9, "2:1:segment 3 ");
}

static void downlinks_come_by_id_until_they_are_delivered(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    put_downlink(&f, &d, UINT64_MAX, 0, "last");
    put_downlink(&f, &d, 1ull << 63, 0, "third");
    put_downlink(&f, &d, 2, 0, "second");
    put_downlink(&f, &d, 1, 0, "first");
    put_downlink(&f, &e, 1, 0, "its");
    downlinks_are(&f, acme, &d, 0, 9,
                  "1@0=first 2@0=second 8000000000000000@0=third ffffffffffffffff@0=last ");
    downlinks_are(&f, acme, &d, 1, 2, "2@0=second 8000000000000000@0=third ");
    downlinks_are(&f, acme, &d, UINT64_MAX, 9, "");
    queue_is(&f, acme, &d, 4, UINT64_MAX);
    /* Into a slot, and into another one; the body stays. */
    put_downlink(&f, &d, 2, 70, "");
    put_downlink(&f, &d, 2, 71, "");
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
    put_downlink(&f, &d, 5, 0, "first");
    PAWL_CLEANUP(step_done) struct step s = with_downlink("acme", &d, 5, 0, "second");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.downlink");
    put_downlink(&f, &d, 5, 9, "");
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
    commit_batch(&f, &d, 1);
    put_downlink(&f, &d, 1, 0, "mine");
    T_FAILS(f.store.ratchet(f.store.self, other, PAWL_VIEW_OF(d.id), &b, &err), &err,
            PAWL_E_ABSENT);
    T_FAILS(f.store.generation(f.store.self, other, PAWL_VIEW_OF(d.id), 0, 1, 1, &b, &err), &err,
            PAWL_E_ABSENT);
    generations_are(&f, other, &d, 0, "");
    segments_are(&f, other, all, 0, 9, "");
    segments_are(&f, other, PAWL_VIEW_OF(d.id), 0, 9, "");
    downlinks_are(&f, other, &d, 0, 9, "");
    queue_is(&f, other, &d, 0, 0);
    put_generation(&f, &same, 0, 1, 1, NULL);
    generations_are(&f, acme, &d, 0, "0/1/1=generation 1 0/1/2=generation 1 ");
}

/* ---- races ---------------------------------------------------------------------------------- */

static void a_batch_leaves_the_wide_row_alone(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    store_exec(&f, "CREATE TRIGGER wide BEFORE UPDATE ON device BEGIN"
                   " SELECT RAISE(ABORT, 'the wide row is written'); END");
    store_fixture_reopen(&f);
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 1);
    s.device.attempt = 5; /* it is not looked at */
    store_commits(&f, &s);
    version_is(&f, &d, 2, d.seen_s + 1);
    /* And the trigger would have told. */
    s.has_device = true;
    s.device.version = 2;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
}

static void what_touches_a_device_and_what_writes_it_lose_against_each_other(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device                       d = store_put(&f, "acme", 1);
    struct step                         writes = store_step(&d);
    PAWL_CLEANUP(step_done) struct step touches = store_batch(&d, 1);
    store_commits(&f, &touches);
    store_refuses(&f, &writes, PAWL_E_CONFLICT, "store.device");
    store_refuses(&f, &touches, PAWL_E_CONFLICT, "store.device");
    writes.device.version = 2;
    store_commits(&f, &writes);
    touches.device.version = 2;
    store_refuses(&f, &touches, PAWL_E_CONFLICT, "store.device");
    touches.device.version = 3;
    store_commits(&f, &touches);
}

static void what_fails_last_takes_everything_back(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    put_downlink(&f, &d, 5, 0, "first");
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 1);
    PAWL_CLEANUP(step_done) struct step taken = with_downlink("acme", &d, 5, 0, "second");
    s.downlink = taken.downlink;
    s.downlink_n = 1;
    taken.downlink = NULL;
    taken.downlink_n = 0;
    snprintf(s.event, sizeof(s.event), "messages");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.downlink");
}

static void a_step_that_mixes_devices_is_refused(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device                       d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2);
    PAWL_CLEANUP(step_done) struct step s = store_batch(&d, 1);
    s.touches_device = false;
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
    s.touches_device = true;
    s.device.version = 0;
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
    s.device.version = 1;
    memcpy(s.segment[0].device, e.id, sizeof(e.id));
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
    memcpy(s.segment[0].device, d.id, sizeof(d.id));
    snprintf(s.tenant, sizeof(s.tenant), "other");
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");

    PAWL_CLEANUP(step_done) struct step nobody = with_downlink("other", &d, 1, 0, "x");
    store_refuses(&f, &nobody, PAWL_E_BUG, "store.downlink");
    PAWL_CLEANUP(step_done) struct step mixed = with_downlink("acme", &e, 1, 0, "x");
    mixed.touches_device = true;
    mixed.device = d;
    store_refuses(&f, &mixed, PAWL_E_BUG, "store.step");
}

static void each_member_alone_is_something_to_commit(void **state)
{
    (void)state;
    struct generation_row g = { .gone = true };
    struct downlink_row   d = { .id = 1 };
    struct incident_row   i = { .rules = 1 };
    struct segment_row    row = { .n = 1 };
    struct proof_row      p = { .epoch = 1 };
    struct audit_row      a = { .line = "{}" };
    uint64_t              id = 1;
    uint8_t               byte = 1;
    const struct step     some[] = {
            { .touches_device = true },
            { .ratchet = { .n = 1, .p = &byte } },
            { .generation_n = 1, .generation = &g },
            { .segment_n = 1, .segment = &row },
            { .downlink_n = 1, .downlink = &d },
            { .delivered_n = 1, .delivered = &id },
            { .incident_n = 1, .incident = &i },
            { .proof_n = 1, .proof = &p },
            { .audit_n = 1, .audit = &a },
            { .evidence = { .n = 1, .p = &byte } },
            { .has_consumer = true },
    };

    assert_true(step_is_empty(&(struct step){ .tenant = "acme" }));
    for (size_t k = 0; k < sizeof(some) / sizeof(some[0]); k++)
        assert_false(step_is_empty(&some[k]));
}

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
        put_downlink(&f, &w[i].d, 1, 0, "taken");
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
    commit_batch(&f, &d, 1);
    put_downlink(&f, &d, 1, 0, "x");
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

/* ---- wrapped anew --------------------------------------------------------------------------- */

/* A row of the first batch of a device; its segment has number 1. */
static struct rewrapped_row rewrapped(enum rewrapped what, const struct device *d, const char *was)
{
    struct rewrapped_row r = { .what = what, .epoch = 1, .gen = 1, .number = 1 };

    memcpy(r.device, d->id, sizeof(r.device));
    r.was = store_blob(was);
    r.is = store_blob("anew");
    return r;
}

static struct step with_rewrapped(const struct device *d, const char *ratchet, const char *rest)
{
    struct step s = { .rewrapped_n = 3, .rewrapped = calloc(3, sizeof(*s.rewrapped)) };

    assert_non_null(s.rewrapped);
    memcpy(s.tenant, d->tenant, sizeof(s.tenant));
    s.rewrapped[0] = rewrapped(REWRAPPED_RATCHET, d, ratchet);
    s.rewrapped[1] = rewrapped(REWRAPPED_GENERATION, d, rest);
    s.rewrapped[2] = rewrapped(REWRAPPED_SEGMENT, d, rest);
    return s;
}

static struct step with_token(const char *wrapped)
{
    struct step s = { .tenant = "acme", .has_token = true, .token = { .tenant = "acme" } };

    s.token.wrapped_n = strlen(wrapped);
    memcpy(s.token.wrapped, wrapped, s.token.wrapped_n);
    return s;
}

static struct blob ratchet_now(struct store_fixture *f, const struct device *d)
{
    struct blob     b = { 0 };
    struct pawl_err err;

    T_OK(f->store.ratchet(f->store.self, acme, PAWL_VIEW_OF(d->id), &b, &err), &err);
    return b;
}

static struct blob generation_now(struct store_fixture *f, const struct device *d)
{
    struct blob     b = { 0 };
    struct pawl_err err;

    T_OK(f->store.generation(f->store.self, acme, PAWL_VIEW_OF(d->id), 0, 1, 1, &b, &err), &err);
    return b;
}

static void a_row_is_wrapped_anew_only_as_it_was_read(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    commit_batch(&f, &d, 1);
    PAWL_CLEANUP(blob_done) struct blob was = ratchet_now(&f, &d);
    char                                text[64];
    snprintf(text, sizeof(text), "%.*s", (int)was.n, (const char *)was.p);

    PAWL_CLEANUP(step_done) struct step wrong = with_rewrapped(&d, "another", "another");
    store_refuses(&f, &wrong, PAWL_E_CONFLICT, "store.ratchet");
    PAWL_CLEANUP(step_done) struct step half = with_rewrapped(&d, text, "another");
    store_commits(&f, &half);
    PAWL_CLEANUP(blob_done) struct blob is = ratchet_now(&f, &d);
    same_blob(&is, "anew");
    PAWL_CLEANUP(blob_done) struct blob stays = generation_now(&f, &d);
    assert_int_not_equal(stays.n, 4);
    commit_batch(&f, &d, 2); /* its version did not move on */
}

static void every_kind_of_row_is_wrapped_anew(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    commit_batch(&f, &d, 1);
    PAWL_CLEANUP(step_done) struct step sent = with_downlink("acme", &d, 1, 0, "a body");
    store_commits(&f, &sent);
    PAWL_CLEANUP(blob_done) struct blob ratchet = ratchet_now(&f, &d);
    PAWL_CLEANUP(blob_done) struct blob generation = generation_now(&f, &d);
    PAWL_CLEANUP(step_done) struct step s = with_rewrapped(&d, "", "");
    PAWL_CLEANUP(step_done) struct step batch = store_batch(&d, 1); /* as it was committed */
    struct pawl_err                     err;

    for (size_t i = 0; i < s.rewrapped_n; i++)
        blob_done(&s.rewrapped[i].was);
    T_OK(blob_from(pawl_view(ratchet.p, ratchet.n), &s.rewrapped[0].was, &err), &err);
    T_OK(blob_from(pawl_view(generation.p, generation.n), &s.rewrapped[1].was, &err), &err);
    T_OK(blob_from(pawl_view(batch.segment[0].bytes.p, batch.segment[0].bytes.n),
                   &s.rewrapped[2].was, &err),
         &err);
    store_commits(&f, &s);
    PAWL_CLEANUP(step_done) struct step token = with_token("a token");
    store_commits(&f, &token);
    PAWL_CLEANUP(step_done)
    struct step rest = { .rewrapped_n = 2, .rewrapped = calloc(2, sizeof(*rest.rewrapped)) };
    assert_non_null(rest.rewrapped);
    memcpy(rest.tenant, d.tenant, sizeof(rest.tenant));
    rest.rewrapped[0] = rewrapped(REWRAPPED_DOWNLINK, &d, "a body");
    rest.rewrapped[1] = rewrapped(REWRAPPED_TOKEN, &d, "a token");
    store_commits(&f, &rest);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM token WHERE length(wrapped) = 4"), 1);

    assert_int_equal(store_number(&f, "SELECT count(*) FROM ratchet WHERE length(bytes) = 4"), 1);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM generation WHERE length(bytes) = 4"),
                     1);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM segment WHERE length(bytes) = 4"), 1);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM downlink WHERE length(body) = 4"), 1);
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
        T_CASE("a batch leaves the wide row alone", a_batch_leaves_the_wide_row_alone),
        T_CASE("what touches a device and what writes it lose against each other",
               what_touches_a_device_and_what_writes_it_lose_against_each_other),
        T_CASE("what fails last takes everything back", what_fails_last_takes_everything_back),
        T_CASE("a step that mixes devices is refused", a_step_that_mixes_devices_is_refused),
        T_CASE("each member alone is something to commit",
               each_member_alone_is_something_to_commit),
        T_CASE("a row is wrapped anew only as it was read",
               a_row_is_wrapped_anew_only_as_it_was_read),
        T_CASE("every kind of row is wrapped anew", every_kind_of_row_is_wrapped_anew),
        T_CASE("a reader that follows the numbers misses nothing",
               a_reader_that_follows_the_numbers_misses_nothing),
        T_CASE("to forget takes only what is old", to_forget_takes_only_what_is_old),
        T_CASE("much is forgotten in pieces and others go between",
               much_is_forgotten_in_pieces_and_others_go_between),
        T_CASE("closing does not wait until all is forgotten",
               closing_does_not_wait_until_all_is_forgotten),
        T_CASE("a row that is none of ours fails by its column",
               a_row_that_is_none_of_ours_fails_by_its_column),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
