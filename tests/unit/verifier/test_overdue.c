/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a device is overdue by the interval that it attested itself, and not for time in which
 * the verifier did not run; it is told once, and once more when it is back, to the feed and to its
 * events; a device that comes in the same moment, waits for approval or is revoked is not told.
 * After a start the rows of those that have their time of grace are not read, sweep after sweep.
 * A row that is damaged holds up nobody, and is told of once, in the log.
 * One that attests with keys past rekey_overdue_s is told once, and not at its first attest after
 * it was away; and once more when it attests with new keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chores.h"
#include "flow/overdue.h"
#include "store_fixture.h"

enum { START_S = 1700000000, INTERVAL_S = 100 };

static const struct tenant_config acme = { .name = "acme",
                                           .overdue_after = 3,
                                           .message_keep_days = 3650 };

/* A device that attested then, and attests every 100 s. */
static struct device device_at(unsigned number, enum device_state state, int64_t attested_s)
{
    struct device d = store_device("acme", number);

    d.state = state;
    d.attested_s = d.seen_s = attested_s;
    d.due_s = attested_s + 3 * INTERVAL_S;
    d.told_s = 0;
    return d;
}

/* ---- the rule ------------------------------------------------------------------------------- */

static void is_due_after_so_many_of_its_own_intervals(void **state)
{
    (void)state;
    struct device d = device_at(1, DEVICE_ACTIVE, START_S + 10);

    assert_false(overdue_is_due(&d, START_S, d.due_s));
    assert_true(overdue_is_due(&d, START_S, d.due_s + 1));
    d.told_s = d.due_s + 1;
    assert_false(overdue_is_due(&d, START_S, d.due_s + 2));
    d.told_s = 0;
    d.due_s = 0; /* it named no interval */
    assert_false(overdue_is_due(&d, START_S, INT64_MAX));
}

static void only_active_devices_are_overdue(void **state)
{
    (void)state;
    for (int s = DEVICE_NONE; s < DEVICE_COUNT; s++) {
        struct device d = device_at(1, (enum device_state)s, START_S);
        assert_int_equal(overdue_is_due(&d, START_S, d.due_s + 1), s == DEVICE_ACTIVE);
    }
}

static void time_without_a_verifier_is_not_held_against_a_device(void **state)
{
    (void)state;
    struct device fast = device_at(1, DEVICE_ACTIVE, START_S - 5000);
    struct device slow = device_at(2, DEVICE_ACTIVE, START_S - 1);

    /* As if it had attested at the start, and at least until each agent has tried again. */
    assert_false(overdue_is_due(&fast, START_S, START_S + OVERDUE_GRACE_S));
    assert_true(overdue_is_due(&fast, START_S, START_S + OVERDUE_GRACE_S + 1));
    slow.due_s = slow.attested_s + 86400;
    assert_false(overdue_is_due(&slow, START_S, START_S + 86400));
    assert_true(overdue_is_due(&slow, START_S, START_S + 86401));
}

/* ---- evidence comes ------------------------------------------------------------------------- */

static void evidence_says_when_the_next_is_due(void **state)
{
    (void)state;
    PAWL_CLEANUP(step_done) struct step s = { .has_device = true };
    struct pawl_err                     err;

    T_OK(overdue_back(&acme, INTERVAL_S, START_S * INT64_C(1000) + 999, &s, &err), &err);
    assert_int_equal(s.device.attested_s, START_S);
    assert_int_equal(s.device.due_s, START_S + 3 * INTERVAL_S);
    assert_int_equal(s.segment_n, 0);
    assert_string_equal(s.event, "");
    T_OK(overdue_back(&acme, 0, START_S * INT64_C(1000) + 1000, &s, &err), &err);
    assert_int_equal(s.device.attested_s, START_S + 1);
    assert_int_equal(s.device.due_s, 0);
    T_OK(
        overdue_back(&(struct tenant_config){ .overdue_after = 100 }, PAWL_NEXT_S_MAX, 0, &s, &err),
        &err);
    assert_int_equal(s.device.due_s, 100 * INT64_C(31) * 86400);
}

static void a_device_that_was_told_is_told_to_be_back(void **state)
{
    (void)state;
    PAWL_CLEANUP(step_done) struct step s = { .has_device = true, .event = "attempt 7: affirming" };
    struct pawl_err                     err;

    s.device = device_at(1, DEVICE_ACTIVE, START_S);
    s.device.told_s = s.device.due_s + 3;
    T_OK(overdue_back(&acme, INTERVAL_S, (START_S + 5000) * INT64_C(1000), &s, &err), &err);
    assert_int_equal(s.device.told_s, 0);
    assert_int_equal(s.device.due_s, START_S + 5000 + 3 * INTERVAL_S);
    assert_string_equal(s.event, "attempt 7: affirming; back: it was overdue");
    assert_int_equal(s.segment_n, 1);
    assert_int_equal(s.segment[0].kind, SEGMENT_NOTICE);
    assert_int_equal(s.segment[0].n, 1);
    assert_int_equal(s.segment[0].time_ms, (START_S + 5000) * INT64_C(1000));
    assert_memory_equal(s.segment[0].device, s.device.id, PAWL_DEVICE_ID);
    s.event[0] = 0;
    T_OK(overdue_back(&acme, INTERVAL_S, (START_S + 5001) * INT64_C(1000), &s, &err), &err);
    assert_string_equal(s.event, ""); /* once */
    assert_int_equal(s.segment_n, 1);
}

/* ---- a rekey that is overdue ----------------------------------------------------------------- */

enum { KEYS_S = 7200 };

/* An attest of a device that attested last before_s after its keys were made, after_s after that
 * moment, and its event. */
static struct device attests(struct device d, uint64_t limit_s, int before_s, int after_s,
                             const char *event, size_t notices)
{
    PAWL_CLEANUP(step_done) struct step s = { .has_device = true };
    const struct tenant_config          t = { .name = "acme", .rekey_overdue_s = limit_s };
    struct pawl_err                     err;

    s.device = d;
    s.device.attested_s = START_S + before_s;
    T_OK(overdue_rekey(&t, START_S * INT64_C(1000) + 999, (START_S + after_s) * INT64_C(1000), &s,
                       &err),
         &err);
    assert_string_equal(s.event, event);
    assert_int_equal(s.segment_n, notices);
    if (notices)
        assert_int_equal(s.segment[0].kind, SEGMENT_NOTICE);
    return s.device;
}

static void a_rekey_is_overdue_when_a_second_attest_comes_with_old_keys(void **state)
{
    (void)state;
    static const char say[] = "rekey overdue: its keys should have been replaced by "
                              "2023-11-15T00:13:20Z";
    struct device     d = store_device("acme", 1);

    d.rekey_due_s = 0;
    assert_int_equal(attests(d, KEYS_S, KEYS_S - 2, KEYS_S - 1, "", 0).rekey_due_s, 0);
    assert_int_equal(attests(d, KEYS_S, KEYS_S - 1, KEYS_S, "", 0).rekey_due_s, 0);
    /* It was away, and comes again. */
    assert_int_equal(attests(d, KEYS_S, KEYS_S, 9 * KEYS_S, "", 0).rekey_due_s, 0);
    d = attests(d, KEYS_S, KEYS_S + 1, KEYS_S + 2, say, 1);
    assert_int_equal(d.rekey_due_s, START_S + KEYS_S);
    d = attests(d, KEYS_S, KEYS_S + 2, KEYS_S + 3, "", 0); /* once */
    assert_int_equal(d.rekey_due_s, START_S + KEYS_S);
}

static void a_device_with_new_keys_is_told_to_have_rekeyed(void **state)
{
    (void)state;
    struct device d = store_device("acme", 1);

    d.rekey_due_s = START_S - 5;
    d = attests(d, KEYS_S, -1, 1, "rekeyed: that was overdue", 1);
    assert_int_equal(d.rekey_due_s, 0);
    attests(d, KEYS_S, 1, 2, "", 0);
}

static void without_a_limit_no_rekey_is_overdue(void **state)
{
    (void)state;
    struct device d = store_device("acme", 1);

    d.rekey_due_s = 0;
    assert_int_equal(attests(d, 0, 9 * KEYS_S, 10 * KEYS_S, "", 0).rekey_due_s, 0);
    d.rekey_due_s = START_S; /* and there was one */
    assert_int_equal(attests(d, 0, 1, 2, "rekeyed: that was overdue", 1).rekey_due_s, 0);
}

/* ---- the sweep ------------------------------------------------------------------------------ */

struct service {
    struct store_fixture   f;
    struct verifier_config config;
    struct keys            keys;
    struct flow            flow;
    struct chores          chores;
    int64_t                now_ms;
};

static int64_t clock_of(void *arg)
{
    return *(int64_t *)arg;
}

static void service_make(struct service *s)
{
    *s = (struct service){ .config = { .tenant_n = 1, .tenant = { acme } },
                           .now_ms = START_S * INT64_C(1000) };
    store_fixture_make(&s->f);
    s->flow = (struct flow){ .config = &s->config,
                             .keys = &s->keys,
                             .store = &s->f.store,
                             .now_ms = clock_of,
                             .now_arg = &s->now_ms };
    chores_begin(&s->chores, &s->flow);
}

static void service_done(struct service *s)
{
    store_fixture_done(&s->f);
}

#define SERVICE PAWL_CLEANUP(service_done) struct service

static void put(struct service *s, const struct device *d)
{
    struct step step = store_step(d);

    store_commits(&s->f, &step);
}

/* Behind this, the store has answered all that was handed over before. */
static void settle(struct service *s)
{
    struct step nothing = { .tenant = "acme", .event = "x" };

    store_commits(&s->f, &nothing);
    assert_int_equal(s->chores.untold, 0);
}

/* Time passes while the verifier is there. */
static void live(struct service *s, int seconds)
{
    for (int step; seconds > 0; seconds -= step) {
        step = seconds < 60 ? seconds : 60;
        s->now_ms += step * 1000;
        chores_do(&s->chores);
        settle(s);
    }
}

static int64_t now_s(const struct service *s)
{
    return s->now_ms / 1000;
}

static struct device stored(struct service *s, const struct device *d)
{
    struct device   ret;
    struct pawl_err err;

    T_OK(s->f.store.device(s->f.store.self, pawl_view_str("acme"), PAWL_VIEW_OF(d->id), &ret, &err),
         &err);
    return ret;
}

static pawl_status say_notice(const struct segment_row *row, void *arg, struct pawl_err *err)
{
    (void)err;
    assert_int_equal(row->kind, SEGMENT_NOTICE);
    assert_int_equal(row->bytes.n, 0);
    store_say(arg, "%.*s\n", (int)row->heads.n, (const char *)row->heads.p);
    return pawl_ok();
}

static pawl_status say_event(const struct event_row *e, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%s\n", e->line);
    return pawl_ok();
}

static void told(struct service *s, const struct device *d, char feed[STORE_SAID_MAX],
                 char events[STORE_SAID_MAX])
{
    const struct store *store = &s->f.store;
    struct pawl_err     err;

    feed[0] = events[0] = 0;
    T_OK(store->segments(store->self, pawl_view_str("acme"), PAWL_VIEW_OF(d->id), 0, 10, say_notice,
                         feed, &err),
         &err);
    T_OK(store->events(store->self, pawl_view_str("acme"), PAWL_VIEW_OF(d->id), 10, say_event,
                       events, &err),
         &err);
}

static void is_told_once(void **state)
{
    (void)state;
    SERVICE         s;
    struct device   d = device_at(1, DEVICE_ACTIVE, START_S);
    struct device   late = device_at(2, DEVICE_ACTIVE, START_S + 1);
    char            feed[STORE_SAID_MAX], events[STORE_SAID_MAX], id[65], due[256];
    struct pawl_err err;

    service_make(&s);
    put(&s, &d);
    put(&s, &late);
    live(&s, 300);
    told(&s, &d, feed, events);
    assert_string_equal(feed, "");
    live(&s, 1);
    for (int i = 0; i < 3; i++) {
        chores_do(&s.chores);
        settle(&s);
    }
    T_OK(pawl_hex_write(PAWL_VIEW_OF(d.id), id, sizeof(id), &err), &err);
    snprintf(due, sizeof(due),
             "{\"type\":\"overdue\",\"device\":\"%s\",\"time\":%d,\"due\":%d,"
             "\"state\":\"overdue\"}\n",
             id, START_S + 301, START_S + 300);
    told(&s, &d, feed, events);
    assert_string_equal(feed, due);
    assert_string_equal(events,
                        "overdue: no attestation since 2023-11-14T22:13:20Z, and by its own "
                        "word due by 2023-11-14T22:18:20Z\n");
    assert_int_equal(stored(&s, &d).told_s, now_s(&s));
    assert_int_equal(stored(&s, &d).attempt, d.attempt);
    told(&s, &late, feed, events);
    assert_string_equal(feed, "");
    assert_int_equal(stored(&s, &late).told_s, 0);
}

static void who_waits_for_approval_or_is_revoked_is_not_told(void **state)
{
    (void)state;
    SERVICE       s;
    struct device pending = device_at(1, DEVICE_PENDING, START_S);
    struct device revoked = device_at(2, DEVICE_REVOKED, START_S);

    service_make(&s);
    put(&s, &pending);
    put(&s, &revoked);
    live(&s, 2000);
    assert_int_equal(store_number(&s.f, "SELECT count(*) FROM segment"), 0);
}

static void who_comes_in_the_same_moment_is_not_told(void **state)
{
    (void)state;
    SERVICE              s;
    struct device        d = device_at(1, DEVICE_ACTIVE, START_S);
    struct store_waiting w = STORE_WAITING;

    service_make(&s);
    put(&s, &d);
    live(&s, 300);
    s.now_ms += 1000;
    d = stored(&s, &d);
    d.attested_s = now_s(&s);
    d.due_s = now_s(&s) + 300;
    struct step comes = store_step(&d);
    store_hold(&s.f);
    s.f.store.commit(s.f.store.self, &comes, store_over, &w);
    chores_do(&s.chores);
    assert_int_equal(s.chores.untold, 1); /* it still saw the device as it was */
    chores_do(&s.chores);
    assert_int_equal(s.chores.untold, 1); /* and plans nothing twice */
    store_go();
    store_wait(&w);
    settle(&s);
    assert_int_equal(stored(&s, &d).told_s, 0);
    assert_int_equal(stored(&s, &d).due_s, now_s(&s) + 300);
    assert_int_equal(store_number(&s.f, "SELECT count(*) FROM segment"), 0);
}

static void a_break_of_the_verifier_is_nobodys_fault(void **state)
{
    (void)state;
    SERVICE       s;
    struct device d = device_at(1, DEVICE_ACTIVE, START_S);

    service_make(&s);
    put(&s, &d);
    live(&s, 100);
    s.now_ms += 5000 * 1000; /* it slept */
    chores_do(&s.chores);
    settle(&s);
    live(&s, OVERDUE_GRACE_S - CHORES_EVERY_S);
    assert_int_equal(stored(&s, &d).told_s, 0);
    live(&s, 1);
    assert_int_equal(stored(&s, &d).told_s, now_s(&s));
    assert_int_equal(now_s(&s), START_S + 100 + 5000 + OVERDUE_GRACE_S - CHORES_EVERY_S + 1);
}

/* The fixture's store, whose overdue counts the rows that it read. */
struct counting {
    const struct store *store;
    store_device_fn    *each;
    void               *arg;
    size_t              n;
};

static struct counting counting;

static pawl_status count(const struct device *d, void *arg, struct pawl_err *err)
{
    (void)arg;
    counting.n++;
    return counting.each(d, counting.arg, err);
}

static pawl_status count_overdue(void *self, struct pawl_view tenant, int64_t now_s,
                                 int64_t after_s, struct pawl_view after_id, size_t limit,
                                 store_device_fn *each, void *arg, struct pawl_err *err)
{
    counting.each = each;
    counting.arg = arg;
    return counting.store->overdue(self, tenant, now_s, after_s, after_id, limit, count, NULL, err);
}

static void a_fleet_in_its_time_of_grace_is_not_read(void **state)
{
    (void)state;
    enum { FLEET = 20 };
    SERVICE       s;
    struct device here = device_at(FLEET, DEVICE_ACTIVE, START_S);

    service_make(&s);
    struct store store = s.f.store;
    counting = (struct counting){ .store = &s.f.store };
    store.overdue = count_overdue;
    s.flow.store = &store;
    for (unsigned i = 0; i < FLEET; i++) {
        struct device d = device_at(i, DEVICE_ACTIVE, START_S - 5000);
        put(&s, &d);
    }
    put(&s, &here);
    live(&s, 300);
    assert_int_equal(counting.n, 0);
    live(&s, 1); /* it came since the start, and is told in time */
    assert_int_equal(counting.n, 1);
    assert_int_equal(stored(&s, &here).told_s, now_s(&s));
    live(&s, OVERDUE_GRACE_S - 301);
    assert_int_equal(counting.n, 1);
    live(&s, 1);
    assert_int_equal(counting.n, 1 + FLEET);
    assert_int_equal(store_number(&s.f, "SELECT count(*) FROM segment"), 1 + FLEET);
}

static void a_whole_fleet_is_told_in_pieces(void **state)
{
    (void)state;
    enum { FLEET = 300 };
    SERVICE s;

    service_make(&s);
    for (unsigned i = 0; i < FLEET; i++) {
        struct device d = device_at(i, DEVICE_ACTIVE, START_S);
        put(&s, &d);
    }
    live(&s, 300);
    s.now_ms += 1000;
    store_hold(&s.f);
    chores_do(&s.chores);
    assert_int_equal(s.chores.untold, 256);
    store_go();
    settle(&s);
    chores_do(&s.chores);
    settle(&s);
    assert_int_equal(store_number(&s.f, "SELECT count(*) FROM segment"), FLEET);
}

static void a_fleet_does_not_keep_another_tenants_devices_waiting(void **state)
{
    (void)state;
    enum { FLEET = 511 };
    SERVICE       s;
    struct device lone = device_at(1, DEVICE_ACTIVE, START_S);

    service_make(&s);
    s.config.tenant_n = 2;
    s.config.tenant[1] = (struct tenant_config){ .name = "other", .overdue_after = 3 };
    for (unsigned i = 0; i < FLEET; i++) {
        struct device d = device_at(i, DEVICE_ACTIVE, START_S);
        put(&s, &d);
    }
    snprintf(lone.tenant, sizeof(lone.tenant), "other");
    lone.id[0] = 0xff;
    put(&s, &lone);
    live(&s, 301);
    live(&s, 1);
    assert_int_equal(store_number(&s.f, "SELECT count(*) FROM segment WHERE tenant = 'other'"), 1);
    assert_int_equal(store_number(&s.f, "SELECT count(*) FROM segment WHERE tenant = 'acme'"),
                     FLEET);
}

static void a_damaged_row_keeps_no_other_device_waiting(void **state)
{
    (void)state;
    enum { FLEET = 3 };
    SERVICE s;

    service_make(&s);
    for (unsigned i = 0; i < FLEET; i++) {
        struct device d = device_at(i, DEVICE_ACTIVE, START_S);
        put(&s, &d);
    }
    store_exec(&s.f, "UPDATE device SET safe = 2 WHERE id = (SELECT min(id) FROM device)");
    live(&s, 400);
    assert_int_equal(store_number(&s.f, "SELECT count(*) FROM segment"), FLEET - 1);
    assert_int_equal(s.chores.damaged_n, 1); /* and told once */
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("is due after so many of its own intervals",
               is_due_after_so_many_of_its_own_intervals),
        T_CASE("only active devices are overdue", only_active_devices_are_overdue),
        T_CASE("time without a verifier is not held against a device",
               time_without_a_verifier_is_not_held_against_a_device),
        T_CASE("evidence says when the next is due", evidence_says_when_the_next_is_due),
        T_CASE("a device that was told is told to be back",
               a_device_that_was_told_is_told_to_be_back),
        T_CASE("a rekey is overdue when a second attest comes with old keys",
               a_rekey_is_overdue_when_a_second_attest_comes_with_old_keys),
        T_CASE("a device with new keys is told to have rekeyed",
               a_device_with_new_keys_is_told_to_have_rekeyed),
        T_CASE("without a limit no rekey is overdue", without_a_limit_no_rekey_is_overdue),
        T_CASE("is told once", is_told_once),
        T_CASE("who waits for approval or is revoked is not told",
               who_waits_for_approval_or_is_revoked_is_not_told),
        T_CASE("who comes in the same moment is not told",
               who_comes_in_the_same_moment_is_not_told),
        T_CASE("a break of the verifier is nobody's fault",
               a_break_of_the_verifier_is_nobodys_fault),
        T_CASE("a fleet in its time of grace is not read",
               a_fleet_in_its_time_of_grace_is_not_read),
        T_CASE("a whole fleet is told in pieces", a_whole_fleet_is_told_in_pieces),
        T_CASE("a fleet does not keep another tenant's devices waiting",
               a_fleet_does_not_keep_another_tenants_devices_waiting),
        T_CASE("a damaged row keeps no other device waiting",
               a_damaged_row_keeps_no_other_device_waiting),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
