/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves of the rows of the ratchet: a batch of messages leaves the device's wide row alone and
 * loses against everything that moved the device on; what fails takes all of its step back; a row
 * is wrapped anew only as it was read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "point.h"
#include "ratchet_fixture.h"
#include "store_fixture.h"

static const struct pawl_view acme = { (const uint8_t *)"acme", 4 };

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
    ratchet_put_downlink(&f, &d, 5, 0, "first");
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
    ratchet_commit_batch(&f, &d, 1);
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
    ratchet_commit_batch(&f, &d, 2); /* its version did not move on */
}

static void every_kind_of_row_is_wrapped_anew(void **state)
{
    (void)state;
    STORE_FIXTURE f;

    store_fixture_make(&f);
    struct device d = store_put(&f, "acme", 1);
    ratchet_commit_batch(&f, &d, 1);
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
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
