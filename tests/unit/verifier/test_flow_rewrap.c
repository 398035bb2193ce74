/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: what the old master key wrapped is wrapped anew, all of it, and nothing else of a row
 * changes; afterwards devices, messages both ways and tokens need the present key alone. A walk
 * that is cut off anywhere is begun anew and comes to its end; a device that comes meanwhile wins;
 * what opens under no key keeps no key, and what cannot be read keeps it and is named.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/operator.h"
#include "flow/rewrap.h"
#include "soft_messages.h"

/* The world's master key becomes the old one. */
static void switches(struct world *w)
{
    w->keys.other_master[KEYS_OLD].master = w->keys.master;
    T_OK(pawl_secret_random(32, &w->keys.master, &w->err), &w->err);
}

static void retires(struct world *w)
{
    pawl_wipe(&w->keys.other_master[KEYS_OLD], sizeof(w->keys.other_master[KEYS_OLD]));
}

static uint64_t left(struct world *w)
{
    uint64_t n;

    T_OK(rewrap_count(&w->flow, &n, &w->err), &w->err);
    return n;
}

/* To the next piece that has something in it; false at the end. */
static bool plans(struct world *w, struct rewrap *r, struct step *ret)
{
    while (!r->over) {
        T_OK(rewrap_next(r, &w->flow, ret, &w->err), &w->err);
        if (!step_is_empty(ret))
            return true;
        step_done(ret);
    }
    return false;
}

static uint64_t walks(struct world *w)
{
    struct rewrap r = { 0 };
    struct step   s = { 0 };

    while (plans(w, &r, &s)) {
        T_OK(store_commit_wait(&w->store.store, &s, &w->err), &w->err);
        step_done(&s);
    }
    return r.found;
}

static void sends(struct world *w, const struct soft_device *d, const char *json)
{
    char *answer = NULL;

    step_done(&w->step);
    T_OK(operator_message_send(&w->flow, &w->config.tenant[ACME], world_id(d), pawl_view_str(json),
                               &answer, &w->step, &w->err),
         &w->err);
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    free(answer);
}

/* A device with messages both ways, and a token that nobody used. */
static struct made_token lives(struct world *w, struct soft_device *d, struct soft_epoch *e)
{
    struct soft_answer a;

    world_make(w);
    world_talks(w, d, e);
    struct pawl_view said[] = { soft_app(e, 1, "one"), soft_app(e, 2, "two") };
    world_says(w, d, e, said, 2, &a);
    sends(w, d, "{\"text\": \"down\"}");
    return world_token(w, ACME, "{}");
}

static void nothing_needs_the_old_key_any_more(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    DEVICE             another;
    struct soft_epoch  e;
    struct soft_answer a;
    struct enrolling   joined;
    char               inbox[256];

    struct made_token t = lives(&w, &d, &e);
    snprintf(inbox, sizeof(inbox), "%s", world_inbox(&w, &d));
    assert_non_null(strstr(inbox, ":two"));
    assert_int_equal(left(&w), 0);
    switches(&w);
    uint64_t due = left(&w);
    assert_true(due >= 5); /* a token, a ratchet, a generation, a downlink, a segment */
    assert_int_equal(walks(&w), due);
    assert_int_equal(left(&w), 0);
    assert_int_equal(walks(&w), 0);
    retires(&w);

    assert_string_equal(world_inbox(&w, &d), inbox);
    struct pawl_view said = soft_app(&e, 3, "three");
    world_says(&w, &d, &e, &said, 1, &a);
    assert_int_equal(a.n, 2);
    assert_true(pawl_view_equal(a.heard[1].content.body, pawl_view_str("down")));
    world_device(&w, &w.lab, &another);
    struct pawl_enrol_req req = world_token_request(&another, &t);
    world_enrol_request(&w, &another, &req, &joined);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* More than one piece takes of tokens, and of messages. */
static void nothing_is_left_out_of_many(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;
    enum { TOKENS = 65, SEGMENTS = 9 };

    lives(&w, &d, &e);
    switches(&w);
    uint64_t some = left(&w);
    w.keys.master = w.keys.other_master[KEYS_OLD].master;
    retires(&w);
    for (int i = 0; i < TOKENS; i++)
        (void)world_token(&w, ACME, "{}");
    for (unsigned i = 0; i < SEGMENTS; i++) {
        struct pawl_view said = soft_app(&e, 3 + i, "more");
        world_says(&w, &d, &e, &said, 1, &a);
    }
    switches(&w);
    uint64_t all = left(&w);
    assert_true(all >= some + TOKENS + SEGMENTS);
    assert_int_equal(walks(&w), all);
    assert_int_equal(left(&w), 0);
}

/* It may come back, with all its devices. */
static void a_tenant_that_is_not_configured_keeps_its_rows(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    (void)lives(&w, &d, &e);
    switches(&w);
    uint64_t due = left(&w);
    size_t   n = w.config.tenant_n;
    w.config.tenant_n = 0;
    assert_int_equal(left(&w), due);
    assert_int_equal(walks(&w), due);
    assert_int_equal(left(&w), 0);
    w.config.tenant_n = n;
    retires(&w);
    assert_non_null(strstr(world_inbox(&w, &d), ":two"));
}

/* Without the walk the same is lost: so the case above can fail. */
static void a_key_that_is_taken_away_early_is_missed(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    (void)lives(&w, &d, &e);
    switches(&w);
    retires(&w);
    struct pawl_view said = soft_app(&e, 3, "three");
    struct pawl_view body = soft_request(&d, &said, 1, false);
    world_refuses(&w, flow_messages, body, PAWL_E_FORGED, "ratchet.aead");
}

static void versions_times_and_numbers_stay(void **state)
{
    (void)state;
    static const char *const sum[] = {
        "SELECT sum(version) FROM ratchet",       "SELECT sum(seen_s) FROM ratchet",
        "SELECT sum(number) FROM segment",        "SELECT sum(time_ms) FROM segment",
        "SELECT sum(length(bytes)) FROM segment", "SELECT sum(length(bytes)) FROM ratchet",
        "SELECT sum(created_ms) FROM downlink",   "SELECT count(*) FROM event",
    };
    enum { N = sizeof(sum) / sizeof(sum[0]) };
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    int64_t           was[N];

    (void)lives(&w, &d, &e);
    for (size_t i = 0; i < N; i++)
        was[i] = store_number(&w.store, sum[i]);
    switches(&w);
    assert_true(walks(&w) > 0);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(store_number(&w.store, sum[i]), was[i]);
}

/* One piece of each walk is committed, as if the verifier were killed behind it. */
static void a_walk_that_is_cut_off_goes_on(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    uint64_t          before;

    (void)lives(&w, &d, &e);
    switches(&w);
    while ((before = left(&w)) > 0) {
        struct rewrap r = { 0 };
        struct step   s = { 0 };
        assert_true(plans(&w, &r, &s));
        T_OK(store_commit_wait(&w.store.store, &s, &w.err), &w.err);
        step_done(&s);
        assert_true(left(&w) < before);
    }
    retires(&w);
    assert_non_null(strstr(world_inbox(&w, &d), ":two"));
}

static void a_device_that_comes_meanwhile_wins(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;
    struct rewrap      r = { .part = REWRAP_DEVICES };
    struct step        s = { 0 };

    (void)lives(&w, &d, &e);
    switches(&w);
    assert_true(plans(&w, &r, &s));
    assert_int_equal(s.rewrapped[0].what, REWRAPPED_RATCHET);
    struct pawl_view said = soft_app(&e, 3, "three");
    world_says(&w, &d, &e, &said, 1, &a);
    store_refuses(&w.store, &s, PAWL_E_CONFLICT, "store.ratchet");
    step_done(&s);
    walks(&w);
    assert_int_equal(left(&w), 0);
    retires(&w);
    said = soft_app(&e, 4, "four");
    world_says(&w, &d, &e, &said, 1, &a);
}

static void what_opens_under_no_key_keeps_none(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    struct rewrap     r = { 0 };
    struct step       s = { 0 };

    (void)lives(&w, &d, &e);
    switches(&w);
    switches(&w); /* the first one is nowhere any more */
    assert_false(plans(&w, &r, &s));
    assert_int_equal(r.found, 0);
    assert_true(r.unreadable >= 5);
}

/* To the row that sql damaged, from each beginning anew. */
static void stops_at(const char *sql, const char *where, bool is_devices, const char *what)
{
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    struct rewrap     r = { 0 };
    struct step       s = { 0 };
    char              why[sizeof(w.err.why)];
    uint64_t          n;
    pawl_status       walked = pawl_ok();

    (void)lives(&w, &d, &e);
    switches(&w);
    store_exec(&w.store, sql);
    snprintf(why, sizeof(why), "acme, %s %.16s: ", what, is_devices ? world_id(&d) : "0");
    T_FAILS(rewrap_count(&w.flow, &n, &w.err), &w.err, PAWL_E_FORM);
    T_WHERE(&w.err, where);
    assert_memory_equal(w.err.why, why, strlen(why));
    while (pawl_is_ok(walked)) {
        walked = rewrap_next(&r, &w.flow, &s, &w.err);
        step_done(&s);
    }
    assert_memory_equal(w.err.why, why, strlen(why));
    assert_false(r.over);
}

static void a_row_that_cannot_be_read_stops_the_walk_and_is_named(void **state)
{
    (void)state;
    stops_at("UPDATE token SET wrapped = zeroblob(500)", "store.token.wrapped", false,
             "tokens behind");
    stops_at("UPDATE generation SET gen = 1099511627776", "store.generation.gen", true, "device");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("nothing needs the old key any more", nothing_needs_the_old_key_any_more),
        T_CASE("nothing is left out of many", nothing_is_left_out_of_many),
        T_CASE("a tenant that is not configured keeps its rows",
               a_tenant_that_is_not_configured_keeps_its_rows),
        T_CASE("a key that is taken away early is missed",
               a_key_that_is_taken_away_early_is_missed),
        T_CASE("versions, times and numbers stay", versions_times_and_numbers_stay),
        T_CASE("a walk that is cut off goes on", a_walk_that_is_cut_off_goes_on),
        T_CASE("a device that comes meanwhile wins", a_device_that_comes_meanwhile_wins),
        T_CASE("what opens under no key keeps none", what_opens_under_no_key_keeps_none),
        T_CASE("a row that cannot be read stops the walk and is named",
               a_row_that_cannot_be_read_stops_the_walk_and_is_named),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
