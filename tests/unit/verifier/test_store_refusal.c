/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: refusals are joined by subject and code, begin anew after a day without, are found by
 * subject, serial number and request, counted within bounds, and bounded in number, of all and of
 * one network; tenants do not see each other's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

#define STEP_ROWS 512

static struct refusal_row row(unsigned subject, unsigned request, int64_t at_s)
{
    struct refusal_row r = { .count = 2, .first_s = at_s, .last_s = at_s, .status = 403 };

    snprintf(r.subject, sizeof(r.subject), "device %u", subject);
    snprintf(r.code, sizeof(r.code), "forked");
    snprintf(r.serial, sizeof(r.serial), "aa%u", subject);
    snprintf(r.address, sizeof(r.address), "192.0.2.1");
    snprintf(r.requests, sizeof(r.requests), "%016x", request);
    snprintf(r.detail, sizeof(r.detail), "detail %u", request);
    return r;
}

/* As many at once as the service gathers: a step of all would keep the database waiting, which
 * gives up after some seconds, while a busy machine comes to read its answers. */
static void put(struct store_fixture *f, const char *tenant, const struct refusal_row *r, size_t n)
{
    for (size_t at = 0; at < n; at += STEP_ROWS) {
        size_t      rows = n - at < STEP_ROWS ? n - at : STEP_ROWS;
        struct step s = { .refusal = calloc(rows, sizeof(*r)), .refusal_n = rows };

        assert_non_null(s.refusal);
        memcpy(s.refusal, r + at, rows * sizeof(*r));
        snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
        store_commits(f, &s);
        step_done(&s);
    }
}

struct said {
    unsigned           n;
    struct refusal_row first;
};

static pawl_status say(const struct refusal_row *r, void *arg, struct pawl_err *err)
{
    struct said *s = arg;

    (void)err;
    if (s->n++ == 0)
        s->first = *r;
    return pawl_ok();
}

static struct said find(struct store_fixture *f, const char *tenant, struct refusal_query q)
{
    struct said     s = { 0 };
    struct pawl_err err;

    T_OK(f->store.refusals(f->store.self, pawl_view_str(tenant), &q, 10, say, &s, &err), &err);
    return s;
}

static void one_subject_is_one_row(void **state)
{
    (void)state;
    STORE_FIXTURE      f;
    struct refusal_row two[] = { row(1, 1, 1000), row(2, 2, 1000) }, more = row(1, 3, 2000);

    store_fixture_make(&f);
    put(&f, "acme", two, 2);
    more.serial[0] = more.address[0] = 0;
    put(&f, "acme", &more, 1);
    put(&f, "other", &two[0], 1);

    struct said s = find(&f, "acme", (struct refusal_query){ .subject = "device 1" });
    assert_int_equal(s.n, 1);
    assert_string_equal(s.first.code, "forked");
    assert_string_equal(s.first.serial, "aa1");
    assert_string_equal(s.first.address, "192.0.2.1");
    assert_string_equal(s.first.requests, "0000000000000003 0000000000000001");
    assert_string_equal(s.first.detail, "detail 3");
    assert_int_equal(s.first.first_s, 1000);
    assert_int_equal(s.first.last_s, 2000);
    assert_int_equal(s.first.count, 4);
    assert_int_equal(s.first.status, 403);
    assert_int_equal(find(&f, "acme", (struct refusal_query){ .serial = "aa2" }).n, 1);
    assert_int_equal(find(&f, "acme", (struct refusal_query){ .request = "0000000000000001" }).n,
                     1);
    assert_int_equal(find(&f, "acme", (struct refusal_query){ .request = "0000000000000009" }).n,
                     0);
    assert_int_equal(find(&f, "other", (struct refusal_query){ .serial = "aa2" }).n, 0);
    assert_int_equal(find(&f, "other", (struct refusal_query){ .subject = "device 1" }).n, 1);
}

static void what_was_over_begins_anew(void **state)
{
    (void)state;
    STORE_FIXTURE      f;
    struct refusal_row r = row(1, 1, 1000);

    store_fixture_make(&f);
    put(&f, "acme", &r, 1);
    r = row(1, 2, 1000 + 86400);
    put(&f, "acme", &r, 1);
    struct said s = find(&f, "acme", (struct refusal_query){ .subject = "device 1" });
    assert_int_equal(s.first.first_s, 1000);
    r = row(1, 3, 1001 + 2 * 86400);
    put(&f, "acme", &r, 1);
    s = find(&f, "acme", (struct refusal_query){ .subject = "device 1" });
    assert_int_equal(s.first.first_s, 1001 + 2 * 86400);
    assert_int_equal(s.first.count, 2);
    for (unsigned i = 4; i < 9; i++) {
        r = row(1, i, 1001 + 2 * 86400);
        put(&f, "acme", &r, 1);
    }
    s = find(&f, "acme", (struct refusal_query){ .subject = "device 1" });
    assert_string_equal(s.first.requests, "0000000000000008 0000000000000007 0000000000000006 "
                                          "0000000000000005");
}

static uint64_t counted(struct store_fixture *f, const char *code, int64_t since_s, uint64_t most)
{
    struct pawl_err err;
    uint64_t        n = 0;

    T_OK(f->store.refusals_count(f->store.self, pawl_view_str("acme"), code, since_s, most, &n,
                                 &err),
         &err);
    return n;
}

static void they_are_counted_and_bounded(void **state)
{
    (void)state;
    STORE_FIXTURE       f;
    const size_t        n = REFUSAL_ROWS_MAX + 10;
    struct refusal_row *all = calloc(n, sizeof(*all));

    store_fixture_make(&f);
    assert_non_null(all);
    for (unsigned i = 0; i < n; i++)
        all[i] = row(i, i, 1000 + i);
    put(&f, "other", all, 10);
    put(&f, "acme", all, n);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM refusal WHERE tenant = 'acme'"),
                     REFUSAL_ROWS_MAX);
    assert_int_equal(store_number(&f, "SELECT min(last_s) FROM refusal WHERE tenant = 'acme'"),
                     1010);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM refusal WHERE tenant = 'other'"), 10);
    assert_int_equal(counted(&f, "forked", 0, 100), 100);
    assert_int_equal(counted(&f, "forked", 1000 + (int64_t)n - 5, 100), 5);
    assert_int_equal(counted(&f, "revoked", 0, 100), 0);
    free(all);
}

/* Ever new devices, from one network: they push out each other, and nobody else's. */
static void a_network_pushes_out_its_own(void **state)
{
    (void)state;
    STORE_FIXTURE       f;
    const size_t        n = REFUSAL_SHARE_MAX + 10;
    struct refusal_row *all = calloc(n, sizeof(*all));
    struct refusal_row  victim = row(1000000, 1, 1);

    store_fixture_make(&f);
    assert_non_null(all);
    victim.net = 8;
    put(&f, "acme", &victim, 1);
    for (unsigned i = 0; i < n; i++) {
        all[i] = row(i, i, 1000 + i);
        all[i].net = UINT64_MAX - 7;
    }
    put(&f, "acme", all, n);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM refusal"), REFUSAL_SHARE_MAX + 1);
    assert_int_equal(store_number(&f, "SELECT min(last_s) FROM refusal WHERE net <> 8"), 1010);
    struct said s = find(&f, "acme", (struct refusal_query){ .subject = "device 1000000" });
    assert_int_equal(s.n, 1);
    assert_true(s.first.net == 8);
    /* Nor does it make them its own by naming the same device. */
    victim = row(1000000, 2, 2);
    victim.net = UINT64_MAX - 7;
    put(&f, "acme", &victim, 1);
    s = find(&f, "acme", (struct refusal_query){ .subject = "device 1000000" });
    assert_int_equal(s.first.count, 4);
    assert_true(s.first.net == 8);
    free(all);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("one subject is one row", one_subject_is_one_row),
        T_CASE("what was over begins anew", what_was_over_begins_anew),
        T_CASE("they are counted and bounded", they_are_counted_and_bounded),
        T_CASE("a network pushes out its own", a_network_pushes_out_its_own),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
