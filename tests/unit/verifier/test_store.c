/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: every row comes back as it went in; a step is whole or not at all; what lost a race says
 * CONFLICT; tenants never see each other; a foreign, newer or damaged file is refused by name. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics.h"
#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };
static const struct pawl_view other = { (const uint8_t *)"other", 5 };

static void set(char *field, size_t cap, const char *text)
{
    snprintf(field, cap, "%s", text);
}

static struct snapshot some_snapshot(void)
{
    struct snapshot s = {
        .select = { .n = 2, .bank = { { PAWL_SHA1, 0x800001 }, { PAWL_SHA384, 0x82 } } }
    };

    s.values.n = 4;
    for (size_t i = 0; i < 4; i++) {
        s.values.value[i].n = i < 2 ? 20 : 48;
        memset(s.values.value[i].b, (int)i + 1, s.values.value[i].n);
    }
    return s;
}

static struct token some_token(uint64_t uses)
{
    struct token t = { .tenant = "acme",
                       .id = { 1, 2, 3 },
                       .wrapped_n = sizeof(t.wrapped),
                       .uses_left = uses,
                       .expires_s = 1800000000,
                       .has_device = true,
                       .device_id = { 9, 8 },
                       .created_s = 1700000000 };

    memset(t.wrapped, 0xee, sizeof(t.wrapped));
    return t;
}

#define SAME_BYTES(a, b) assert_memory_equal((a), (b), sizeof(a))

static void same_name(const struct pawl_name *a, const struct pawl_name *b)
{
    assert_true(pawl_name_equal(a, b));
}

static void same_clock(const struct pawl_clock *a, const struct pawl_clock *b)
{
    assert_true(a->clock_ms == b->clock_ms);
    assert_true(a->resets == b->resets);
    assert_true(a->restarts == b->restarts);
    assert_true(a->safe == b->safe);
    assert_true(a->firmware == b->firmware);
}

/* By field: what lies between the fields of a struct is nobody's. */
static void same_device(const struct device *a, const struct device *b)
{
    assert_string_equal(a->tenant, b->tenant);
    SAME_BYTES(a->id, b->id);
    assert_true(a->version == b->version);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->roots, b->roots);
    same_name(&a->ek_name, &b->ek_name);
    same_name(&a->ak_name, &b->ak_name);
    same_name(&a->td_name, &b->td_name);
    same_name(&a->qualified_signer, &b->qualified_signer);
    assert_int_equal(a->ak_public_n, b->ak_public_n);
    SAME_BYTES(a->ak_public, b->ak_public);
    SAME_BYTES(a->td_point, b->td_point);
    assert_int_equal(a->claims.identity, b->claims.identity);
    assert_int_equal(a->claims.configuration, b->claims.configuration);
    assert_int_equal(a->claims.executables, b->claims.executables);
    assert_int_equal(a->claims.hardware, b->claims.hardware);
    assert_int_equal(a->claims.watched, b->claims.watched);
    assert_string_equal(a->claims.policy, b->claims.policy);
    assert_int_equal(a->has_app_point, b->has_app_point);
    SAME_BYTES(a->app_point, b->app_point);
    assert_int_equal(a->suite, b->suite);
    assert_true(a->enrolments == b->enrolments);
    assert_true(a->attempt == b->attempt);
    same_clock(&a->clock, &b->clock);
    SAME_BYTES(a->boot_id, b->boot_id);
    SAME_BYTES(a->os_boot, b->os_boot);
    assert_string_equal(a->firmware_cert, b->firmware_cert);
    assert_true(pawl_pcr_selection_equal(&a->banks, &b->banks));
    assert_true(
        pawl_view_equal(pawl_digest_view(&a->pcr_digest), pawl_digest_view(&b->pcr_digest)));
    assert_string_equal(a->policy, b->policy);
    assert_string_equal(a->status, b->status);
    assert_string_equal(a->why, b->why);
    assert_true(a->created_s == b->created_s);
    assert_true(a->seen_s == b->seen_s);
    assert_string_equal(a->software_status, b->software_status);
    assert_string_equal(a->keys_status, b->keys_status);
    assert_true(a->attested_s == b->attested_s);
    assert_true(a->due_s == b->due_s);
    assert_true(a->told_s == b->told_s);
    assert_true(a->rekey_due_s == b->rekey_due_s);
    assert_string_equal(a->group, b->group);
    assert_string_equal(a->coverage, b->coverage);
    assert_string_equal(a->release, b->release);
}

static void same_token(const struct token *a, const struct token *b)
{
    assert_string_equal(a->tenant, b->tenant);
    SAME_BYTES(a->id, b->id);
    assert_int_equal(a->wrapped_n, b->wrapped_n);
    SAME_BYTES(a->wrapped, b->wrapped);
    assert_true(a->uses_left == b->uses_left);
    assert_true(a->expires_s == b->expires_s);
    assert_true(a->has_device == b->has_device);
    SAME_BYTES(a->device_id, b->device_id);
    assert_true(a->created_s == b->created_s);
}

static void same_snapshot(const struct snapshot *a, const struct snapshot *b)
{
    assert_true(pawl_pcr_selection_equal(&a->select, &b->select));
    assert_int_equal(a->values.n, b->values.n);
    for (size_t i = 0; i < a->values.n; i++)
        assert_true(pawl_view_equal(pawl_digest_view(&a->values.value[i]),
                                    pawl_digest_view(&b->values.value[i])));
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void every_row_comes_back_as_it_went_in(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = store_device("acme", 1), got;
    struct step     s = store_step(&d);
    struct snapshot snapshot;
    struct token    token;
    char           *papers;

    store_fixture_make(&f);
    s.papers = strdup("{\"ek\":\"\xc3\xa4\"}");
    s.has_snapshot = true;
    s.snapshot = some_snapshot();
    s.has_token = true;
    s.token = some_token(2);
    s.has_policy = true;
    s.policy = (struct policy_row){
        .tenant = "acme", .name = "gateway", .version = 3, .created_s = 17, .json = strdup("{}")
    };
    s.has_default_policy = true;
    set(s.default_policy, sizeof(s.default_policy), "gateway");
    set(s.event, sizeof(s.event), "enrolled");
    store_commits(&f, &s);
    store_fixture_reopen(&f);

    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    d.version = 1;
    same_device(&got, &d);
    T_OK(f.store.device_by_ak(f.store.self, acme, &d.ak_name, &got, &err), &err);
    same_device(&got, &d);
    T_OK(f.store.snapshot(f.store.self, acme, PAWL_VIEW_OF(d.id), &snapshot, &err), &err);
    same_snapshot(&snapshot, &s.snapshot);
    T_OK(f.store.papers(f.store.self, acme, PAWL_VIEW_OF(d.id), &papers, &err), &err);
    assert_string_equal(papers, s.papers);
    free(papers);
    T_OK(f.store.token(f.store.self, acme, PAWL_VIEW_OF(s.token.id), &token, &err), &err);
    same_token(&token, &s.token);

    struct policy_row policy;
    char              name[PAWL_TENANT_MAX + 1];
    T_OK(f.store.policy(f.store.self, acme, "gateway", 3, &policy, &err), &err);
    assert_string_equal(policy.json, "{}");
    assert_int_equal(policy.version, 3);
    assert_int_equal(policy.created_s, 17);
    policy_row_done(&policy);
    T_OK(f.store.default_policy(f.store.self, acme, name, &err), &err);
    assert_string_equal(name, "gateway");
    assert_int_equal(store_number(&f, "SELECT count(*) FROM event WHERE line = 'enrolled' AND"
                                      " device IS NOT NULL AND time_s > 0"),
                     1);
    step_done(&s);
}

static void what_is_empty_comes_back_empty(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = { .tenant = "acme", .state = DEVICE_ACTIVE, .id = { 5 } }, got;
    struct step     s = store_step(&d);
    char            name[PAWL_TENANT_MAX + 1];

    store_fixture_make(&f);
    store_commits(&f, &s);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    d.version = 1;
    same_device(&got, &d);
    T_OK(f.store.default_policy(f.store.self, acme, name, &err), &err);
    assert_string_equal(name, "");
}

static void absent_rows_are_named(void **state)
{
    (void)state;
    STORE_FIXTURE     f;
    struct pawl_err   err;
    uint8_t           id[32] = { 0 };
    struct device     d;
    struct snapshot   snapshot;
    struct token      token;
    struct policy_row policy;
    char             *papers;
    bool              used = true;

    store_fixture_make(&f);
    t_poison(&d, sizeof(d));
    T_FAILS(f.store.device(f.store.self, acme, PAWL_VIEW_OF(id), &d, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "store.device");
    t_still_poisoned(&d, sizeof(d));
    T_FAILS(f.store.snapshot(f.store.self, acme, PAWL_VIEW_OF(id), &snapshot, &err), &err,
            PAWL_E_ABSENT);
    T_FAILS(f.store.papers(f.store.self, acme, PAWL_VIEW_OF(id), &papers, &err), &err,
            PAWL_E_ABSENT);
    T_FAILS(f.store.token(f.store.self, acme, pawl_view(id, 8), &token, &err), &err, PAWL_E_ABSENT);
    T_FAILS(f.store.policy(f.store.self, acme, "none", 0, &policy, &err), &err, PAWL_E_ABSENT);
    T_OK(f.store.token_used_by(f.store.self, acme, pawl_view(id, 8), PAWL_VIEW_OF(id), &used, &err),
         &err);
    assert_false(used);
}

static void a_tenant_sees_nothing_of_another(void **state) /* S2 */
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   got;

    store_fixture_make(&f);
    struct device mine = store_put(&f, "acme", 1);
    T_FAILS(f.store.device(f.store.self, other, PAWL_VIEW_OF(mine.id), &got, &err), &err,
            PAWL_E_ABSENT);
    T_FAILS(f.store.device_by_ak(f.store.self, other, &mine.ak_name, &got, &err), &err,
            PAWL_E_ABSENT);
    /* The same TPM may belong to two tenants: their rows have nothing to do with each other. */
    store_put(&f, "other", 1);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM device"), 2);
}

static pawl_status count_device(const struct device *d, void *arg, struct pawl_err *err)
{
    struct device *last = arg;

    (void)err;
    assert_true(memcmp(last->id, d->id, sizeof(d->id)) < 0);
    *last = *d;
    last->attempt = 0;
    return pawl_ok();
}

static pawl_status stop_here(const struct device *d, void *arg, struct pawl_err *err)
{
    (void)d;
    ++*(unsigned *)arg;
    return pawl_fail(err, PAWL_E_STATE, "each", "enough");
}

static void lists_come_in_order_and_in_pages(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   last = { 0 };
    unsigned        calls = 0;

    const struct device_filter all = { 0 };

    store_fixture_make(&f);
    for (unsigned i = 9; i > 0; i--)
        store_put(&f, i % 3 ? "acme" : "other", i);
    T_OK(
        f.store.devices(f.store.self, acme, &all, pawl_view(NULL, 0), 4, count_device, &last, &err),
        &err);
    assert_int_equal(last.id[0], 5);
    T_OK(f.store.devices(f.store.self, acme, &all, PAWL_VIEW_OF(last.id), 4, count_device, &last,
                         &err),
         &err);
    assert_int_equal(last.id[0], 8);
    T_FAILS(
        f.store.devices(f.store.self, acme, &all, pawl_view(NULL, 0), 4, stop_here, &calls, &err),
        &err, PAWL_E_STATE);
    assert_int_equal(calls, 1);
}

enum { EVENTS_TEXT = 64 };

static pawl_status keep_event(const struct event_row *e, void *arg, struct pawl_err *err)
{
    char *lines = arg;

    (void)err;
    assert_true(e->time_s > 0);
    size_t n = strlen(lines);
    snprintf(lines + n, EVENTS_TEXT - n, "%s ", e->line);
    return pawl_ok();
}

static void events_of_a_device_come_newest_first(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    char            lines[EVENTS_TEXT] = "", none[EVENTS_TEXT] = "";

    store_fixture_make(&f);
    struct device mine = store_put(&f, "acme", 1), its = store_put(&f, "acme", 2);
    for (unsigned i = 0; i < 5; i++) {
        struct step s = store_step(i == 1 ? &its : &mine);
        if (i == 2)
            s.has_device = false; /* the tenant's own */
        snprintf(s.event, sizeof(s.event), "event-%u", i);
        store_commits(&f, &s);
        mine.version += i != 1 && i != 2;
    }
    T_OK(f.store.events(f.store.self, acme, PAWL_VIEW_OF(mine.id), 2, keep_event, lines, &err),
         &err);
    assert_string_equal(lines, "event-4 event-3 ");
    lines[0] = 0;
    T_OK(f.store.events(f.store.self, acme, PAWL_VIEW_OF(mine.id), 9, keep_event, lines, &err),
         &err);
    assert_string_equal(lines, "event-4 event-3 event-0 ");
    T_OK(f.store.events(f.store.self, other, PAWL_VIEW_OF(mine.id), 9, keep_event, none, &err),
         &err); /* S2 */
    assert_string_equal(none, "");
}

/* ---- races ---------------------------------------------------------------------------------- */

static void put_due(struct store_fixture *f, const char *tenant, unsigned number,
                    enum device_state state, int64_t due_s, int64_t told_s)
{
    struct device d = store_device(tenant, number);
    struct step   s;

    d.state = state;
    d.due_s = due_s;
    d.told_s = told_s;
    s = store_step(&d);
    store_commits(f, &s);
}

static pawl_status say_device(const struct device *d, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%u@%lld/%llu ", d->id[0], (long long)d->due_s, (unsigned long long)d->version);
    return pawl_ok();
}

static void overdue_are(struct store_fixture *f, struct pawl_view tenant, int64_t now_s,
                        size_t limit, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.overdue(f->store.self, tenant, now_s, 0, pawl_view(NULL, 0), limit, say_device,
                          said, &err),
         &err);
    assert_string_equal(said, expected);
}

/* Behind device `id`, which was due at after_s. */
static void overdue_behind(struct store_fixture *f, int64_t after_s, uint8_t id,
                           const char *expected)
{
    const struct device d = store_device("acme", id);
    struct pawl_err     err;
    char                said[STORE_SAID_MAX] = "";

    T_OK(f->store.overdue(f->store.self, acme, INT64_MAX, after_s, PAWL_VIEW_OF(d.id), 9,
                          say_device, said, &err),
         &err);
    assert_string_equal(said, expected);
}

static void devices_that_are_overdue_are_listed_until_somebody_was_told(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    unsigned        calls = 0;

    store_fixture_make(&f);
    put_due(&f, "acme", 1, DEVICE_ACTIVE, 300, 0);
    put_due(&f, "acme", 2, DEVICE_ACTIVE, 100, 0);
    put_due(&f, "acme", 3, DEVICE_ACTIVE, 200, 199); /* told before */
    put_due(&f, "acme", 4, DEVICE_PENDING, 100, 0);
    put_due(&f, "acme", 5, DEVICE_REVOKED, 100, 0);
    put_due(&f, "acme", 6, DEVICE_ACTIVE, 0, 0); /* it named no interval */
    put_due(&f, "acme", 7, DEVICE_ACTIVE, INT64_MAX, 0);
    put_due(&f, "other", 8, DEVICE_ACTIVE, 100, 0);
    overdue_are(&f, acme, 100, 9, "");
    overdue_are(&f, acme, 101, 9, "2@100/1 ");
    overdue_are(&f, acme, 300, 9, "2@100/1 ");
    overdue_are(&f, acme, 301, 9, "2@100/1 1@300/1 ");
    overdue_are(&f, acme, INT64_MAX, 1, "2@100/1 ");
    overdue_are(&f, acme, INT64_MAX, SIZE_MAX, "2@100/1 1@300/1 ");
    overdue_are(&f, other, 301, 9, "8@100/1 ");
    T_FAILS(
        f.store.overdue(f.store.self, acme, 301, 0, pawl_view(NULL, 0), 9, stop_here, &calls, &err),
        &err, PAWL_E_STATE);
    assert_int_equal(calls, 1);

    put_due(&f, "acme", 9, DEVICE_ACTIVE, 100, 0);
    overdue_behind(&f, 99, 200, "2@100/1 9@100/1 1@300/1 ");
    overdue_behind(&f, 100, 2, "9@100/1 1@300/1 ");
    overdue_behind(&f, 100, 9, "1@300/1 ");
    overdue_behind(&f, 300, 1, "");
    struct device met = store_device("acme", 9);
    met.version = 1;
    met.state = DEVICE_ACTIVE;
    struct step gone = store_step(&met);
    store_commits(&f, &gone);

    struct device d = store_device("acme", 2);
    d.version = 1;
    d.state = DEVICE_ACTIVE;
    d.due_s = 100;
    d.told_s = 301;
    struct step s = store_step(&d);
    store_commits(&f, &s);
    overdue_are(&f, acme, 400, 9, "1@300/1 ");
    /* It came back, and is late again. */
    s.device.version = 2;
    s.device.told_s = 0;
    s.device.due_s = 399;
    store_commits(&f, &s);
    overdue_are(&f, acme, 400, 9, "1@300/1 2@399/3 ");
}

static void tenants_that_hold_something_come_by_name(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   first = store_device("acme", 1), last = store_device("zeta", 2);
    struct step     token = { .tenant = "mid", .has_token = true };
    struct step     s1 = store_step(&last), s2 = store_step(&first);
    char            name[PAWL_TENANT_MAX + 1] = "";

    store_fixture_make(&f);
    T_FAILS(f.store.next_tenant(f.store.self, "", name, &err), &err, PAWL_E_ABSENT);
    snprintf(token.token.tenant, sizeof(token.token.tenant), "mid");
    store_commits(&f, &s1);
    store_commits(&f, &token);
    store_commits(&f, &s2);
    for (size_t i = 0; i < 3; i++) {
        static const char *const due[] = { "acme", "mid", "zeta" };
        T_OK(f.store.next_tenant(f.store.self, name, name, &err), &err);
        assert_string_equal(name, due[i]);
    }
    T_FAILS(f.store.next_tenant(f.store.self, name, name, &err), &err, PAWL_E_ABSENT);
    assert_string_equal(name, "zeta");
}

static void a_step_on_an_older_version_loses(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    struct step   s = store_step(&d);
    s.device.state = DEVICE_ACTIVE;
    store_commits(&f, &s);
    s.papers = strdup("{}");
    set(s.event, sizeof(s.event), "twice");
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
    s.device.version = 0;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
    s.device.version = 2;
    store_commits(&f, &s);
    step_done(&s);
}

/* Between reads_begin and reads_end, whoever writes meanwhile. */
static void one_request_reads_one_state(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   got;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    struct step   s = store_step(&d);
    s.device.version = 1;
    s.device.attempt = 77;
    for (unsigned i = 0; i < 2; i++) {
        f.store.reads_begin(f.store.self);
        if (i == 0)
            T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
        if (i == 0)
            store_commits(&f, &s);
        T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
        assert_int_equal(got.version, 1 + i);
        assert_true((got.attempt == 77) == (i == 1));
        f.store.reads_end(f.store.self);
    }
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_int_equal(got.version, 2);
}

static void a_request_within_a_request_reads_its_state(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   got;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    struct step   s = store_step(&d);
    s.device.version = 1;
    f.store.reads_begin(f.store.self);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    f.store.reads_begin(f.store.self);
    store_commits(&f, &s);
    f.store.reads_end(f.store.self);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_int_equal(got.version, 1);
    f.store.reads_end(f.store.self);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    assert_int_equal(got.version, 2);
}

/* Of a row that cannot be read as a whole no more than that can be written. */
static void a_revocation_alone_changes_nothing_but_the_state(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct device   got;
    struct pawl_err err;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    struct device beside = store_put(&f, "acme", 2), theirs = store_put(&f, "other", 1);
    struct step   s = { .touches_device = true, .revokes_device = true, .device = d };
    set(s.tenant, sizeof(s.tenant), "acme");
    s.device.version++;
    s.device.attempt = 9;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
    s.device.version--;
    store_commits(&f, &s);
    d.state = DEVICE_REVOKED;
    d.version++;
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err);
    same_device(&got, &d);
    T_OK(f.store.device(f.store.self, acme, PAWL_VIEW_OF(beside.id), &got, &err), &err);
    same_device(&got, &beside);
    T_OK(f.store.device(f.store.self, other, PAWL_VIEW_OF(theirs.id), &got, &err), &err);
    same_device(&got, &theirs);
    s.touches_device = false;
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
}

static void an_attestation_key_belongs_to_one_device(void **state) /* K8 */
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device first = store_put(&f, "acme", 1);
    struct device second = store_device("acme", 2);
    struct step   s = store_step(&second);
    s.device.ak_name = first.ak_name;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
    store_put(&f, "acme", 2);
    s.device.version = 1;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.device");
}

static void a_token_use_counts_once_for_each_device(void **state) /* P-ENROL-2 */
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct step     s = { .tenant = "acme", .has_token = true, .token = some_token(2) };
    struct token    got;
    bool            used;

    store_fixture_make(&f);
    store_commits(&f, &s);
    struct device d = store_device("acme", 1);
    s = store_step(&d);
    s.takes_token = true;
    memcpy(s.token_taken, some_token(2).id, sizeof(s.token_taken));
    for (unsigned again = 0; again < 3; again++) {
        store_commits(&f, &s);
        s.device.version++;
    }
    T_OK(f.store.token(f.store.self, acme, PAWL_VIEW_OF(s.token_taken), &got, &err), &err);
    assert_int_equal(got.uses_left, 1);
    T_OK(f.store.token_used_by(f.store.self, acme, PAWL_VIEW_OF(s.token_taken), PAWL_VIEW_OF(d.id),
                               &used, &err),
         &err);
    assert_true(used);

    struct device second = store_device("acme", 2), third = store_device("acme", 3);
    s.device = second;
    store_commits(&f, &s);
    s.device = third;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.token");
    /* Who is under way with a token that ends finds it without a use. */
    struct step end = { .tenant = "acme", .has_token = true, .token = some_token(2) };
    end.token.id[0] ^= 2;
    store_commits(&f, &end);
    end.has_token = false;
    end.ends_token = true;
    end.token.expires_s = 18;
    store_commits(&f, &end);
    T_OK(f.store.token(f.store.self, acme, PAWL_VIEW_OF(end.token.id), &got, &err), &err);
    assert_int_equal(got.uses_left, 0);
    assert_int_equal(got.expires_s, 18);
    s.token_taken[0] ^= 2;
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.token");
    s.token_taken[0] ^= 2;
    T_OK(f.store.token(f.store.self, acme, PAWL_VIEW_OF(s.token_taken), &got, &err), &err);
    assert_int_equal(got.expires_s, some_token(2).expires_s); /* another one is as it was */
    end.token.id[0] ^= 8;
    store_refuses(&f, &end, PAWL_E_ABSENT, "store.token");
    /* And a token that is not there gives nothing: the row of its use needs it. */
    s.token_taken[0] ^= 1;
    store_refuses(&f, &s, PAWL_E_BUG, "store.token_use");
}

static void a_policy_version_is_taken_once(void **state)
{
    (void)state;
    STORE_FIXTURE     f;
    struct pawl_err   err;
    struct policy_row got;
    struct step       s = { .tenant = "acme",
                            .has_policy = true,
                            .policy = { .tenant = "acme", .name = "gateway", .version = 2 } };

    store_fixture_make(&f);
    s.policy.json = strdup("{\"v\":2}");
    store_commits(&f, &s);
    store_refuses(&f, &s, PAWL_E_CONFLICT, "store.policy");
    s.policy.version = 10;
    store_commits(&f, &s);
    s.policy.version = 9;
    store_commits(&f, &s);
    T_OK(f.store.policy(f.store.self, acme, "gateway", 0, &got, &err), &err);
    assert_int_equal(got.version, 10);
    policy_row_done(&got);
    T_FAILS(f.store.policy(f.store.self, acme, "gateway", 3, &got, &err), &err, PAWL_E_ABSENT);
    step_done(&s);
}

static pawl_status say_policy(const struct policy_row *p, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%s:%d of %d=%s ", p->name, (int)p->version, (int)p->created_s, p->json);
    return pawl_ok();
}

/* They may have megabytes each, and nobody asked for them. */
static void policies_are_listed_without_their_texts(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";
    struct step     s = { .tenant = "acme",
                          .has_policy = true,
                          .policy = {
                              .tenant = "acme", .name = "gateway", .version = 2, .created_s = 7 } };

    store_fixture_make(&f);
    s.policy.json = strdup("{\"v\":2}");
    store_commits(&f, &s);
    s.policy.version = 10;
    store_commits(&f, &s);
    T_OK(f.store.policies(f.store.self, acme, "", 0, 99, say_policy, said, &err), &err);
    assert_string_equal(said, "gateway:2 of 7= gateway:10 of 7= ");
    step_done(&s);
}

static void a_default_policy_can_be_changed_and_dropped(void **state)
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct step     s = { .tenant = "acme", .has_default_policy = true, .default_policy = "one" };
    char            name[PAWL_TENANT_MAX + 1];

    store_fixture_make(&f);
    store_commits(&f, &s);
    set(s.default_policy, sizeof(s.default_policy), "two");
    store_commits(&f, &s);
    T_OK(f.store.default_policy(f.store.self, acme, name, &err), &err);
    assert_string_equal(name, "two");
    T_OK(f.store.default_policy(f.store.self, other, name, &err), &err);
    assert_string_equal(name, "");
    s.default_policy[0] = 0;
    store_commits(&f, &s);
    T_OK(f.store.default_policy(f.store.self, acme, name, &err), &err);
    assert_string_equal(name, "");
}

static void a_step_of_two_tenants_or_without_its_device_is_refused(void **state)
{
    (void)state;
    STORE_FIXTURE f;
    struct device d = store_device("acme", 1);
    struct step   s = store_step(&d);

    store_fixture_make(&f);
    set(s.tenant, sizeof(s.tenant), "other");
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
    s.tenant[0] = 0;
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
    s = (struct step){ .tenant = "acme", .has_snapshot = true };
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
    s = (struct step){ .has_default_policy = true };
    store_refuses(&f, &s, PAWL_E_BUG, "store.step");
    s = (struct step){ .tenant = "acme" };
    assert_true(step_is_empty(&s));
    store_commits(&f, &s);
}

static void text_is_never_read_as_sql(void **state) /* S3 */
{
    (void)state;
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   d = store_device("x'; DROP TABLE --", 1), got;
    struct step     s = store_step(&d);

    store_fixture_make(&f);
    set(s.device.policy, sizeof(s.device.policy), "\"'; DELETE FROM device");
    set(s.event, sizeof(s.event), "'); DROP TABLE device; --");
    store_commits(&f, &s);
    T_OK(f.store.device(f.store.self, pawl_view_str(d.tenant), PAWL_VIEW_OF(d.id), &got, &err),
         &err);
    assert_string_equal(got.policy, s.device.policy);
    assert_int_equal(store_number(&f, "SELECT count(*) FROM event"), 1);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void the_files_are_for_their_owner_alone(void **state)
{
    (void)state;
    ONLY_SQLITE();
    static const char *const suffix[] = { "", "-wal", "-shm" };
    STORE_FIXTURE            f;
    char                     file[128];
    struct stat              st;

    store_fixture_make(&f);
    store_put(&f, "acme", 1);
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof(file), "%s/pawl.db%s", f.dir, suffix[i]);
        assert_int_equal(stat(file, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

/* Closes the store, changes the file behind its back and opens it again. */
static void opens_with(struct store_fixture *f, enum pawl_code code, const char *where)
{
    struct pawl_err err;
    struct store    s;

    t_poison(&s, sizeof(s));
    T_FAILS(sqlite_store_open(f->dir, &s, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&s, sizeof(s));
}

static void shut(struct store_fixture *f)
{
    f->store.close(f->store.self);
    f->open = false;
}

static void a_newer_schema_is_refused(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;
    char          back[64];

    store_fixture_make(&f);
    store_put(&f, "acme", 1);
    shut(&f);
    snprintf(back, sizeof(back), "PRAGMA user_version = %" PRId64,
             store_number(&f, "PRAGMA user_version"));
    store_exec(&f, "PRAGMA user_version = 99");
    opens_with(&f, PAWL_E_UNSUPPORTED, "store.schema");
    assert_int_equal(store_number(&f, "PRAGMA user_version"), 99);
    store_exec(&f, back);
    store_fixture_reopen(&f);
}

static void a_foreign_database_is_refused(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;
    char          file[128];

    store_fixture_make(&f);
    shut(&f);
    snprintf(file, sizeof(file), "%s/pawl.db", f.dir);
    assert_int_equal(unlink(file), 0);
    store_exec(&f, "CREATE TABLE theirs (x)");
    opens_with(&f, PAWL_E_FORM, "store.schema");
    assert_int_equal(store_number(&f, "SELECT count(*) FROM sqlite_schema"), 1);
}

static void overwrite(const struct store_fixture *f, long at, const char *bytes)
{
    char  file[128];
    FILE *out;

    snprintf(file, sizeof(file), "%s/pawl.db", f->dir);
    out = fopen(file, "r+b");
    assert_non_null(out);
    assert_int_equal(fseek(out, at, SEEK_SET), 0);
    for (size_t i = 0; i < 4096; i++)
        fputs(bytes, out);
    fclose(out);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE f;

    store_fixture_make(&f);
    shut(&f);
    overwrite(&f, 0, "garbage");
    opens_with(&f, PAWL_E_FORM, "store.open");
}

static void a_damaged_table_fails_by_name(void **state)
{
    (void)state;
    ONLY_SQLITE();
    STORE_FIXTURE   f;
    struct pawl_err err;
    struct device   got;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    int64_t root = store_number(&f, "SELECT rootpage FROM sqlite_schema WHERE name = 'device'");
    shut(&f);
    overwrite(&f, (long)(root - 1) * 4096, "\xff\xee");
    store_fixture_reopen(&f);
    T_FAILS(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "store.device");
}

static void a_row_that_is_none_of_ours_fails_by_its_column(void **state)
{
    (void)state;
    ONLY_SQLITE();
    static const struct {
        const char *sql, *where;
    } change[] = {
        { "UPDATE device SET state = 9", "store.device.state" },
        { "UPDATE device SET safe = 2", "store.device.safe" },
        { "UPDATE device SET boot_id = x'00'", "store.device.boot_id" },
        { "UPDATE device SET ak_name = zeroblob(67)", "store.device.ak_name" },
        { "UPDATE device SET banks = x'00000001'", "store.device.banks" },
        { "UPDATE device SET status = printf('%.40c', 'x')", "store.device.status" },
        { "UPDATE device SET keys_status = printf('%.40c', 'x')", "store.device.keys_status" },
    };
    struct pawl_err err;
    struct device   got;

    for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
        STORE_FIXTURE f;
        store_fixture_make(&f);
        struct device d = store_put(&f, "acme", 1);
        store_exec(&f, change[i].sql);
        T_FAILS(f.store.device(f.store.self, acme, PAWL_VIEW_OF(d.id), &got, &err), &err,
                PAWL_E_FORM);
        T_WHERE(&err, change[i].where);
    }
}

/* ---- what is counted ------------------------------------------------------------------------- */

static void steps_of_each_commit_are_counted(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    uint64_t before = histogram_sum(HISTOGRAM_GROUP, 0);
    store_put(&f, "acme", 1);
    store_put(&f, "acme", 2);
    assert_true(histogram_sum(HISTOGRAM_GROUP, 0) == before + 2);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("every row comes back as it went in", every_row_comes_back_as_it_went_in),
        T_CASE("what is empty comes back empty", what_is_empty_comes_back_empty),
        T_CASE("absent rows are named", absent_rows_are_named),
        T_CASE("S2 a tenant sees nothing of another", a_tenant_sees_nothing_of_another),
        T_CASE("lists come in order and in pages", lists_come_in_order_and_in_pages),
        T_CASE("events of a device come newest first", events_of_a_device_come_newest_first),
        T_CASE("devices that are overdue are listed until somebody was told",
               devices_that_are_overdue_are_listed_until_somebody_was_told),
        T_CASE("tenants that hold something come by name",
               tenants_that_hold_something_come_by_name),
        T_CASE("a step on an older version loses", a_step_on_an_older_version_loses),
        T_CASE("one request reads one state", one_request_reads_one_state),
        T_CASE("a request within a request reads its state",
               a_request_within_a_request_reads_its_state),
        T_CASE("a revocation alone changes nothing but the state",
               a_revocation_alone_changes_nothing_but_the_state),
        T_CASE("K8 an attestation key belongs to one device",
               an_attestation_key_belongs_to_one_device),
        T_CASE("a token use counts once for each device", a_token_use_counts_once_for_each_device),
        T_CASE("a policy version is taken once", a_policy_version_is_taken_once),
        T_CASE("policies are listed without their texts", policies_are_listed_without_their_texts),
        T_CASE("a default policy can be changed and dropped",
               a_default_policy_can_be_changed_and_dropped),
        T_CASE("a step of two tenants or without its device is refused",
               a_step_of_two_tenants_or_without_its_device_is_refused),
        T_CASE("S3 text is never read as SQL", text_is_never_read_as_sql),
        T_CASE("the files are for their owner alone", the_files_are_for_their_owner_alone),
        T_CASE("a newer schema is refused", a_newer_schema_is_refused),
        T_CASE("a foreign database is refused", a_foreign_database_is_refused),
        T_CASE("a file that is no database is refused", a_file_that_is_no_database_is_refused),
        T_CASE("a damaged table fails by name", a_damaged_table_fails_by_name),
        T_CASE("a row that is none of ours fails by its column",
               a_row_that_is_none_of_ours_fails_by_its_column),
        T_CASE("steps of each commit are counted", steps_of_each_commit_are_counted),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
