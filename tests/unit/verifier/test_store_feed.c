/* SPDX-License-Identifier: Apache-2.0 */
/* Proves of the feed: segments of every kind come back as they went in, in one numbering; a window
 * is read by its time, without bodies; a message id is found in the segments that may hold it, and
 * looked for in the newest so many and no more; a consumer's cursor stays where it was put. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };
static const struct pawl_view other = { (const uint8_t *)"other", 5 };
static const struct pawl_view all = { NULL, 0 };

static struct segment_row row(enum segment_kind kind, int64_t time_ms, uint64_t id_lo,
                              uint64_t id_hi, const char *heads)
{
    struct segment_row s = {
        .kind = kind, .time_ms = time_ms, .n = 1, .id_lo = id_lo, .id_hi = id_hi
    };

    s.heads = store_blob(heads);
    if (kind == SEGMENT_MESSAGES)
        s.bytes = store_blob("bodies");
    return s;
}

/* Commits them in one step of this device; their blobs are gone then. */
static void put(struct store_fixture *f, struct device *d, const struct segment_row *rows, size_t n)
{
    PAWL_CLEANUP(step_done)
    struct step s = { .touches_device = true, .device = *d, .segment_n = n };

    memcpy(s.tenant, d->tenant, sizeof(s.tenant));
    s.segment = calloc(n, sizeof(*s.segment));
    assert_non_null(s.segment);
    for (size_t i = 0; i < n; i++) {
        s.segment[i] = rows[i];
        memcpy(s.segment[i].device, d->id, sizeof(d->id));
    }
    store_commits(f, &s);
    d->version++;
}

static void put_one(struct store_fixture *f, struct device *d, struct segment_row s)
{
    put(f, d, &s, 1);
}

/* ---- what a list said, as text --------------------------------------------------------------- */

static pawl_status say(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%llu:%u:%.*s:%.*s ", (unsigned long long)s->number, s->kind, (int)s->heads.n,
              (const char *)s->heads.p, (int)s->bytes.n, (const char *)s->bytes.p);
    return pawl_ok();
}

static void feed_is(struct store_fixture *f, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.segments(f->store.self, acme, all, 0, 99, say, said, &err), &err);
    assert_string_equal(said, expected);
}

static void window_is(struct store_fixture *f, struct pawl_view tenant, const struct device *d,
                      int64_t since_ms, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.segment_heads(f->store.self, tenant, PAWL_VIEW_OF(d->id), since_ms, say, said,
                                &err),
         &err);
    assert_string_equal(said, expected);
}

static void with_id_are(struct store_fixture *f, struct pawl_view tenant, const struct device *d,
                        uint64_t id, size_t limit, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.segments_with(f->store.self, tenant, PAWL_VIEW_OF(d->id), id, limit, say, said,
                                &err),
         &err);
    assert_string_equal(said, expected);
}

/* ---- segments -------------------------------------------------------------------------------- */

struct expected {
    const struct segment_row *row;
    const struct device      *d;
    unsigned                  calls;
};

static pawl_status is_same(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    struct expected          *e = arg;
    const struct segment_row *r = &e->row[e->calls++];

    (void)err;
    assert_true(s->number == e->calls);
    assert_int_equal(s->kind, r->kind);
    assert_memory_equal(s->device, e->d->id, sizeof(s->device));
    assert_true(s->time_ms == r->time_ms);
    assert_true(s->n == r->n);
    assert_true(s->id_lo == r->id_lo);
    assert_true(s->id_hi == r->id_hi);
    assert_int_equal(s->heads.n, strlen("heads 1"));
    assert_memory_equal(s->heads.p, "heads ", 6);
    assert_int_equal(s->heads.p[6], '0' + e->calls);
    assert_int_equal(s->bytes.n, r->kind == SEGMENT_MESSAGES ? strlen("bodies") : 0);
    assert_int_equal(s->bytes.n && memcmp(s->bytes.p, "bodies", 6), 0);
    return pawl_ok();
}

static void every_kind_comes_back_as_it_went_in(void **state)
{
    (void)state;
    STORE_FIXTURE      f;
    struct pawl_err    err;
    struct segment_row rows[] = {
        row(SEGMENT_MESSAGES, 1700000000001, 1ull << 63, UINT64_MAX, "heads 1"),
        row(SEGMENT_MARKS, 1700000000002, 0, 0, "heads 2"),
        row(SEGMENT_NOTICE, 1700000000003, 0, 0, "heads 3"),
    };

    rows[0].n = UINT32_MAX;
    store_fixture_make(&f);
    struct device   d = store_put(&f, "acme", 1);
    struct expected e = { rows, &d, 0 };
    put(&f, &d, rows, 3);
    store_fixture_reopen(&f);
    T_OK(f.store.segments(f.store.self, acme, all, 0, 9, is_same, &e, &err), &err);
    assert_int_equal(e.calls, 3);
    for (e.calls = 0; e.calls < 3;)
        T_OK(f.store.segment(f.store.self, acme, e.calls + 1, is_same, &e, &err), &err);
}

static void one_segment_is_read_by_its_number(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    put_one(&f, &d, row(SEGMENT_MARKS, 1, 0, 0, "mine"));
    T_OK(f.store.segment(f.store.self, acme, 1, say, said, &err), &err);
    assert_string_equal(said, "1:1:mine: ");
    const uint64_t none[] = { 0, 2, INT64_MAX, UINT64_MAX };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        T_FAILS(f.store.segment(f.store.self, acme, none[i], say, said, &err), &err, PAWL_E_ABSENT);
        T_WHERE(&err, "store.segment");
    }
    T_FAILS(f.store.segment(f.store.self, other, 1, say, said, &err), &err, PAWL_E_ABSENT);
    assert_string_equal(said, "1:1:mine: ");
}

static void a_window_is_read_by_its_time_without_bodies(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2),
                  x = store_put(&f, "other", 1);
    put_one(&f, &d, row(SEGMENT_MESSAGES, 1000, 1, 1, "a"));
    put_one(&f, &d, row(SEGMENT_MESSAGES, 1002, 2, 2, "b"));
    put_one(&f, &d, row(SEGMENT_MARKS, 1001, 0, 0, "c")); /* planned before it, committed after */
    put_one(&f, &e, row(SEGMENT_MESSAGES, 1001, 1, 1, "its"));
    put_one(&f, &x, row(SEGMENT_MESSAGES, 1001, 1, 1, "theirs"));
    put_one(&f, &d, row(SEGMENT_NOTICE, 1002, 0, 0, "d"));
    window_is(&f, acme, &d, 0, "1:0:a: 2:0:b: 3:1:c: 6:2:d: ");
    window_is(&f, acme, &d, 1001, "2:0:b: 3:1:c: 6:2:d: ");
    window_is(&f, acme, &d, 1002, "2:0:b: 6:2:d: ");
    window_is(&f, acme, &d, 1003, "");
    window_is(&f, acme, &d, INT64_MIN, "1:0:a: 2:0:b: 3:1:c: 6:2:d: ");
    window_is(&f, acme, &d, INT64_MAX, "");
    window_is(&f, other, &d, 0, "5:0:theirs: ");
    feed_is(&f, "1:0:a:bodies 2:0:b:bodies 3:1:c: 4:0:its:bodies 6:2:d: ");
}

static void a_message_is_found_by_its_id(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1), e = store_put(&f, "acme", 2),
                  x = store_put(&f, "other", 1);
    put_one(&f, &d, row(SEGMENT_MESSAGES, 1, 1, 3, "a"));
    put_one(&f, &d, row(SEGMENT_MESSAGES, 2, 4, 1ull << 63, "b"));
    put_one(&f, &d, row(SEGMENT_MESSAGES, 3, UINT64_MAX, UINT64_MAX, "c"));
    put_one(&f, &d, row(SEGMENT_MARKS, 4, 0, UINT64_MAX, "no message"));
    put_one(&f, &d, row(SEGMENT_MESSAGES, 5, 2, 2, "d"));
    put_one(&f, &e, row(SEGMENT_MESSAGES, 6, 0, UINT64_MAX, "its"));
    put_one(&f, &x, row(SEGMENT_MESSAGES, 7, 0, UINT64_MAX, "theirs"));
    with_id_are(&f, acme, &d, 0, 9, "");
    with_id_are(&f, acme, &d, 1, 9, "1:0:a:bodies ");
    with_id_are(&f, acme, &d, 2, 9, "5:0:d:bodies 1:0:a:bodies ");
    with_id_are(&f, acme, &d, 2, 1, "5:0:d:bodies ");
    with_id_are(&f, acme, &d, 3, 9, "1:0:a:bodies ");
    with_id_are(&f, acme, &d, 4, 9, "2:0:b:bodies ");
    with_id_are(&f, acme, &d, 1ull << 63, 9, "2:0:b:bodies ");
    with_id_are(&f, acme, &d, (1ull << 63) + 1, 9, "");
    with_id_are(&f, acme, &d, UINT64_MAX, SIZE_MAX, "3:0:c:bodies ");
    with_id_are(&f, other, &d, 2, 9, "7:0:theirs:bodies ");
}

static void an_id_is_looked_for_in_the_newest_so_many_and_no_more(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    put_one(&f, &d, row(SEGMENT_MESSAGES, 1, 7, 9, "a"));
    store_exec(&f,
               "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4095)"
               " INSERT INTO segment (tenant, kind, device, time_ms, n, id_lo, id_hi, heads, bytes)"
               " SELECT 'acme', 0, id, 1, 1, x'0000000000000008', x'0000000000000008', x'', x''"
               " FROM n, device");
    with_id_are(&f, acme, &d, 7, 9, "1:0:a:bodies ");
    put_one(&f, &d, row(SEGMENT_MESSAGES, 1, 9, 9, "one too many"));
    with_id_are(&f, acme, &d, 7, 9, "");
    with_id_are(&f, acme, &d, 9, 9, "4097:0:one too many:bodies ");
}

static pawl_status stop_here(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    (void)s;
    ++*(unsigned *)arg;
    return pawl_fail(err, PAWL_E_STATE, "each", "enough");
}

static void every_list_stops_where_its_reader_does(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    unsigned        calls = 0;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    put_one(&f, &d, row(SEGMENT_MESSAGES, 1, 1, 9, "a"));
    put_one(&f, &d, row(SEGMENT_MESSAGES, 2, 1, 9, "b"));
    T_FAILS(
        f.store.segment_heads(f.store.self, acme, PAWL_VIEW_OF(d.id), 0, stop_here, &calls, &err),
        &err, PAWL_E_STATE);
    T_FAILS(f.store.segments_with(f.store.self, acme, PAWL_VIEW_OF(d.id), 5, 9, stop_here, &calls,
                                  &err),
            &err, PAWL_E_STATE);
    T_FAILS(f.store.segment(f.store.self, acme, 1, stop_here, &calls, &err), &err, PAWL_E_STATE);
    assert_int_equal(calls, 3);
}

/* ---- cursors --------------------------------------------------------------------------------- */

static struct step stands_at(const char *tenant, const char *consumer, uint64_t version,
                             const char *cursor)
{
    struct step s = { .has_consumer = true, .consumer = { .version = version } };

    snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
    snprintf(s.consumer.name, sizeof(s.consumer.name), "%s", consumer);
    snprintf(s.consumer.cursor, sizeof(s.consumer.cursor), "%s", cursor);
    snprintf(s.consumer.holder, sizeof(s.consumer.holder), "verifier %s", cursor);
    s.consumer.until_s = 1000 + (int64_t)version;
    return s;
}

static void stands(struct store_fixture *f, struct pawl_view tenant, const char *consumer,
                   uint64_t version, const char *cursor)
{
    struct pawl_err     err;
    struct consumer_row got;
    char                holder[STORE_INSTANCE_MAX];

    T_OK(f->store.consumer(f->store.self, tenant, consumer, &got, &err), &err);
    assert_string_equal(got.name, consumer);
    assert_string_equal(got.cursor, cursor);
    assert_int_equal(got.version, version);
    snprintf(holder, sizeof(holder), "verifier %s", cursor);
    assert_string_equal(got.holder, holder);
    assert_int_equal(got.until_s, 1000 + version - 1);
}

static void a_cursor_stays_where_it_was_put(void **state)
{
    (void)state;
    STORE_FIXTURE       f;
    struct pawl_err     err;
    struct consumer_row got;
    struct step         s;

    store_fixture_make(&f);
    s = stands_at("acme", "webhook", 0, "7.2");
    store_commits(&f, &s);
    s = stands_at("acme", "mail", 0, "1");
    store_commits(&f, &s);
    s = stands_at("acme", "webhook", 1, "8");
    store_commits(&f, &s);
    store_fixture_reopen(&f);
    stands(&f, acme, "webhook", 2, "8");
    stands(&f, acme, "mail", 1, "1");
    t_poison(&got, sizeof(got));
    T_FAILS(f.store.consumer(f.store.self, other, "webhook", &got, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "store.consumer");
    T_FAILS(f.store.consumer(f.store.self, acme, "web", &got, &err), &err, PAWL_E_ABSENT);
    store_exec(&f,
               "UPDATE consumer SET cursor = '123456789012345678901234567890123456789012345678'");
    T_FAILS(f.store.consumer(f.store.self, acme, "mail", &got, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "store.consumer.cursor");
    t_still_poisoned(&got, sizeof(got));
}

static void of_two_that_move_a_cursor_one_does(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    struct step   s;

    store_fixture_make(&f);
    s = stands_at("acme", "webhook", 1, "7"); /* there is none yet */
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.consumer");
    s = stands_at("acme", "webhook", 0, "7");
    store_commits(&f, &s);
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.consumer");
    s = stands_at("acme", "webhook", 1, "8");
    s.has_parked = true;
    store_commits(&f, &s);
    s.parked.tries = 9; /* what comes with the one that lost is not written either */
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.consumer");
    s = stands_at("acme", "webhook", 9, "9");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.consumer");
    stands(&f, acme, "webhook", 2, "8");
    s = (struct step){ .tenant = "acme", .has_parked = true };
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
}

/* ---- what waits ------------------------------------------------------------------------------ */

static pawl_status say_parked(const struct parked_row *p, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%u %s %s %u %lld; ", p->device[0], p->cursor, p->first, (unsigned)p->tries,
              (long long)p->next_s);
    return pawl_ok();
}

static void parked_is(struct store_fixture *f, const char *consumer, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.parked(f->store.self, acme, consumer, say_parked, said, &err), &err);
    assert_string_equal(said, expected);
}

static void what_waits_goes_with_its_consumer(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    for (uint64_t i = 0; i < 3; i++) {
        struct step s = stands_at("acme", "webhook", i, "7");
        s.has_parked = true;
        s.parked = (struct parked_row){
            .device = { (uint8_t)(9 - i) }, .cursor = "1.2", .first = "1.3", .next_s = 77
        };
        store_commits(&f, &s);
    }
    store_fixture_reopen(&f);
    parked_is(&f, "webhook", "7 1.2 1.3 0 77; 8 1.2 1.3 0 77; 9 1.2 1.3 0 77; ");
    parked_is(&f, "mail", "");
    struct step s = stands_at("acme", "webhook", 3, "7");
    s.has_parked = true;
    s.parked = (struct parked_row){ .device = { 8 }, .cursor = "2", .tries = 4, .next_s = 78 };
    store_commits(&f, &s);
    s = stands_at("acme", "webhook", 4, "7");
    s.has_parked = true;
    s.parked = (struct parked_row){ .device = { 7 }, .gone = true };
    store_commits(&f, &s);
    parked_is(&f, "webhook", "8 2  4 78; 9 1.2 1.3 0 77; ");
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void a_segment_that_is_none_of_ours_fails_by_its_column(void **state)
{
    (void)state;
    ONLY_SQLITE();
    static const struct {
        const char *sql, *where;
    } change[] = {
        { "UPDATE segment SET kind = 3", "store.segment.kind" },
        { "UPDATE segment SET kind = -1", "store.segment.kind" },
        { "UPDATE segment SET device = x'01'", "store.segment.device" },
        { "UPDATE segment SET n = 4294967296", "store.segment.n" },
        { "UPDATE segment SET id_lo = x'01'", "store.segment.id_lo" },
        { "UPDATE segment SET id_hi = zeroblob(9)", "store.segment.id_hi" },
    };
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "", sql[120];

    for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
        STORE_FIXTURE f;
        store_fixture_make(&f);
        struct device d = store_put(&f, "acme", 1);
        put_one(&f, &d, row(SEGMENT_MESSAGES, 1, 1, 1, "a"));
        snprintf(sql, sizeof(sql), "PRAGMA ignore_check_constraints = 1; %s", change[i].sql);
        store_exec(&f, sql);
        T_FAILS(f.store.segments(f.store.self, acme, all, 0, 9, say, said, &err), &err,
                PAWL_E_FORM);
        T_WHERE(&err, change[i].where);
        T_FAILS(f.store.segment(f.store.self, acme, 1, say, said, &err), &err, PAWL_E_FORM);
        T_WHERE(&err, change[i].where);
    }
    assert_string_equal(said, "");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("every kind comes back as it went in", every_kind_comes_back_as_it_went_in),
        T_CASE("one segment is read by its number", one_segment_is_read_by_its_number),
        T_CASE("a window is read by its time, without bodies",
               a_window_is_read_by_its_time_without_bodies),
        T_CASE("a message is found by its id", a_message_is_found_by_its_id),
        T_CASE("an id is looked for in the newest so many and no more",
               an_id_is_looked_for_in_the_newest_so_many_and_no_more),
        T_CASE("every list stops where its reader does", every_list_stops_where_its_reader_does),
        T_CASE("a cursor stays where it was put", a_cursor_stays_where_it_was_put),
        T_CASE("of two that move a cursor one does", of_two_that_move_a_cursor_one_does),
        T_CASE("what waits goes with its consumer", what_waits_goes_with_its_consumer),
        T_CASE("a segment that is none of ours fails by its column",
               a_segment_that_is_none_of_ours_fails_by_its_column),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
