/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as the verifier takes them: how many generations may be skipped, what is late and what
 * too late, where an epoch is full, and how a pending epoch becomes the current one.
 */
#include <string.h>

#include "message_fixture.h"
#include "ratchet/plan.h"
#include "soft_messages.h"

/* ---- how far -------------------------------------------------------------------------------- */

static void at_most_320_generations_are_skipped(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    soft_generation(&e, 321);
    struct pawl_view far = soft_app(&e, 1, "far");
    messages_refused(&w, &d, &far, 1);
    assert_int_equal(world_ratchet(&w, &d).current.up.gen, 0);
    e.seq = 1;
    e.epoch_start = 0;
    soft_generation(&e, 320);
    struct pawl_view near = soft_app(&e, 2, "near");
    messages_taken(&w, &d, &e, &near, 1);
    assert_int_equal(world_ratchet(&w, &d).current.up.gen, 321);
    /* Now 321 is the next one. */
    soft_generation(&e, 321);
    far = soft_app(&e, 3, "far");
    messages_taken(&w, &d, &e, &far, 1);
}

/* A request costs as much as one message of it may. */
static void of_one_request_all_messages_together_skip_320(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    soft_generation(&e, 300);
    struct pawl_view first = soft_app(&e, 1, "first");
    soft_generation(&e, 301 + 21);
    struct pawl_view far = soft_app(&e, 2, "far");
    soft_generation(&e, 323);
    const struct pawl_view cose[] = { first, far, soft_app(&e, 3, "beside") };
    messages_taken(&w, &d, &e, cose, 3);
    assert_string_equal(w.answer.outcome, "taken 1, no key 2");
    assert_int_equal(world_ratchet(&w, &d).current.up.gen, 301);
    messages_taken(&w, &d, &e, cose + 1, 2);
    assert_int_equal(world_ratchet(&w, &d).current.up.gen, 324);
}

static void generations_that_were_skipped_still_open(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    soft_generation(&e, 1);
    struct pawl_view late = soft_app(&e, 1, "late");
    soft_generation(&e, 4);
    struct pawl_view first = soft_app(&e, 2, "first");
    messages_taken(&w, &d, &e, &first, 1);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 0"), 5);
    messages_taken(&w, &d, &e, &late, 1);
    assert_string_equal(world_inbox(&w, &d), "1/4/2/2:first 1/1/1/1:late ");
    assert_int_equal(w.step.generation_n, 2); /* its own row and the downlink's, no other */
}

static void no_slot_above_the_ceiling_is_taken(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct ratchet r = world_ratchet(&w, &d);
    r.attested_hi = 100;
    world_puts(&w, &d, &r);
    e.seq = 100 + PAWL_SLOT_CEILING;
    const struct pawl_view cose[] = { soft_app(&e, 1, "last"), soft_app(&e, 2, "above") };
    messages_refused(&w, &d, cose + 1, 1);
    messages_taken(&w, &d, &e, cose, 2);
    assert_string_equal(world_inbox(&w, &d), "1/0/32868/1:last ");
    assert_string_equal(w.answer.outcome, "taken 1, over 1");
    assert_int_equal(incident_count(&w), 0);
}

/* The slot `behind` the first one of the newest generation, from a generation that ended. */
static void say_late(struct world *w, struct soft_device *d, uint64_t behind, int64_t after_ms,
                     bool taken)
{
    struct soft_epoch e;

    world_make(w);
    world_talks(w, d, &e);
    e.seq = 10000;
    struct pawl_view late = soft_app(&e, 1, "late");
    struct pawl_view kept = soft_app(&e, 2, "kept");
    messages_taken(w, d, &e, &kept, 1);
    e.seq = 10000 + behind;
    soft_generation(&e, 1);
    struct pawl_view newest = soft_app(&e, 3, "new");
    messages_taken(w, d, &e, &newest, 1);
    w->now_ms += after_ms;
    if (taken)
        messages_taken(w, d, &e, &late, 1);
    else
        messages_refused(w, d, &late, 1);
    assert_int_equal(incident_count(w), 0);
}

static void a_late_message_is_taken_within_the_window_alone(void **state)
{
    (void)state;
    {
        WORLD  w;
        DEVICE d;
        say_late(&w, &d, PAWL_SLOT_WINDOW, 0, true);
    }
    {
        WORLD  w;
        DEVICE d;
        say_late(&w, &d, PAWL_SLOT_WINDOW + 1, 0, false);
    }
    {
        WORLD  w;
        DEVICE d;
        say_late(&w, &d, 2, 3600 * 1000, true);
    }
    {
        WORLD  w;
        DEVICE d;
        say_late(&w, &d, 2, 3600 * 1000 + 1, false);
    }
}

/* A device may be silent for hours within a generation: it is late from when it ended. */
static void the_window_begins_where_a_generation_ends(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view first = soft_app(&e, 1, "one"), late = soft_app(&e, 2, "late");
    messages_taken(&w, &d, &e, &first, 1);
    w.now_ms += INT64_C(10) * 3600 * 1000;
    soft_generation(&e, 1);
    struct pawl_view newest = soft_app(&e, 3, "new");
    messages_taken(&w, &d, &e, &newest, 1);
    w.now_ms += 3600 * 1000;
    messages_taken(&w, &d, &e, &late, 1);
}

static void no_slot_outside_of_its_generation_is_taken(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    e.seq = 100;
    struct pawl_view first = soft_app(&e, 1, "one");
    messages_taken(&w, &d, &e, &first, 1);
    /* The same generation, said to begin elsewhere. */
    e.seq = e.gen_start = 164;
    struct pawl_view above = soft_app(&e, 2, "above");
    e.seq = e.gen_start = 99;
    e.epoch_start = 99;
    struct pawl_view below = soft_app(&e, 3, "below");
    e.seq = e.gen_start = 163;
    struct pawl_view last = soft_app(&e, 4, "last");
    messages_refused(&w, &d, &above, 1);
    messages_refused(&w, &d, &below, 1);
    messages_taken(&w, &d, &e, &last, 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/100/1:one 1/0/163/4:last ");
}

/* A thief of the chain key that ran ahead must not make the device late for ever. */
static void what_is_newest_is_never_late(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view first = soft_app(&e, 1, "one");
    messages_taken(&w, &d, &e, &first, 1);
    struct ratchet r = world_ratchet(&w, &d);
    r.received_hi = 30000;
    world_puts(&w, &d, &r);
    w.now_ms += INT64_C(48) * 3600 * 1000;
    struct pawl_view next = soft_app(&e, 2, "two");
    messages_taken(&w, &d, &e, &next, 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:one 1/0/2/2:two ");
}

static void past_the_hard_limit_only_application_data_is_refused(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    w.now_ms += PAWL_EPOCH_HARD_MS;
    struct pawl_view last = soft_app(&e, 1, "last");
    messages_taken(&w, &d, &e, &last, 1);
    w.now_ms++;
    struct pawl_view app = soft_app(&e, 2, "past"), poll = soft_poll(&e);
    messages_refused(&w, &d, &app, 1);
    messages_taken(&w, &d, &e, &poll, 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:last ");
    /* It was not acknowledged, so its id is free under the next epoch. */
    struct soft_epoch next;
    soft_epoch_make(&d, 2, e.seq, &next);
    world_grants(&w, &d, &next);
    app = soft_app(&next, 2, "past");
    messages_taken(&w, &d, &next, &app, 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:last 2/0/4/2:past ");
}

static void an_epoch_holds_16384_slots_of_data(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct ratchet r = world_ratchet(&w, &d);
    r.current.slots = PAWL_EPOCH_HARD_SLOTS - 1;
    world_puts(&w, &d, &r);
    const struct pawl_view cose[] = { soft_app(&e, 1, "last"), soft_app(&e, 2, "past"),
                                      soft_poll(&e) };
    world_says(&w, &d, &e, cose, 3, &a);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:last ");
    assert_true(soft_is_acked(&a, 1));
    assert_false(soft_is_acked(&a, 2));
    assert_true(soft_is_acked(&a, 3));
    /* The device may see it otherwise: it is told. */
    assert_int_equal(a.heard[1].content.type, PAWL_CONTENT_DEMAND);
    assert_int_equal(a.heard[1].content.demand, PAWL_DEMAND_REKEY);
}

/* ---- promotion ------------------------------------------------------------------------------ */

static void the_first_message_under_a_pending_root_makes_it_current(void **state) /* V3 */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e, next;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view old = soft_app(&e, 1, "old"), late = soft_app(&e, 2, "late");
    messages_taken(&w, &d, &e, &old, 1);
    soft_epoch_make(&d, 2, e.seq, &next);
    world_grants(&w, &d, &next);
    struct pawl_view confirm = soft_say(&next, &(struct pawl_content){ PAWL_CONTENT_CONFIRM });
    messages_taken(&w, &d, &next, &confirm, 1); /* the answer opens under epoch 2 */
    struct ratchet r = world_ratchet(&w, &d);
    assert_int_equal(r.current.epoch, 2);
    assert_int_equal(r.current.epoch_start_seq, 3);
    assert_false(r.pending.present);
    assert_int_equal(r.old.epoch, 1);
    /* What the old epoch still had on its way comes within the window. */
    messages_taken(&w, &d, &next, &late, 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:old 1/0/2/2:late ");
    assert_int_equal(incident_count(&w), 0);
}

static void a_message_that_does_not_open_promotes_nothing(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e, next;

    world_make(&w);
    world_talks(&w, &d, &e);
    soft_epoch_make(&d, 2, 1, &next);
    world_grants(&w, &d, &next);
    soft_generation(&next, 0);
    next.use.uk.b[0] ^= 1;
    T_OK(pawl_use_ready(&next.use, &w.err), &w.err);
    struct pawl_view       forged = soft_app(&next, 1, "forged"), poll = soft_poll(&e);
    const struct pawl_view cose[] = { forged, poll };
    messages_refused(&w, &d, &forged, 1);
    messages_taken(&w, &d, &e, cose, 2); /* answered under epoch 1 */
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 1);
    assert_true(world_ratchet(&w, &d).pending.present);
}

static void the_old_epoch_ends_with_the_window(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e, next;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view late = soft_app(&e, 1, "late"), later = soft_app(&e, 2, "later");
    soft_epoch_make(&d, 2, e.seq, &next);
    world_grants(&w, &d, &next);
    struct pawl_view poll = soft_poll(&next);
    messages_taken(&w, &d, &next, &poll, 1);
    w.now_ms += 3600 * 1000;
    messages_taken(&w, &d, &next, &late, 1);
    w.now_ms++;
    messages_refused(&w, &d, &later, 1);
    assert_non_null(strstr(w.err.why, "late 1"));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("P-VMSG-3 at most 320 generations are skipped", at_most_320_generations_are_skipped),
        T_CASE("P-VMSG-3 of one request all messages together skip 320",
               of_one_request_all_messages_together_skip_320),
        T_CASE("P-VMSG-3 generations that were skipped still open",
               generations_that_were_skipped_still_open),
        T_CASE("P-VMSG-7 no slot above the ceiling is taken", no_slot_above_the_ceiling_is_taken),
        T_CASE("P-VMSG-5 a late message is taken within the window alone",
               a_late_message_is_taken_within_the_window_alone),
        T_CASE("P-VMSG-5 the window begins where a generation ends",
               the_window_begins_where_a_generation_ends),
        T_CASE("no slot outside of its generation is taken",
               no_slot_outside_of_its_generation_is_taken),
        T_CASE("P-VMSG-5 what is newest is never late", what_is_newest_is_never_late),
        T_CASE("P-VMSG-7 past the hard limit only application data is refused",
               past_the_hard_limit_only_application_data_is_refused),
        T_CASE("P-VMSG-7 an epoch holds 16,384 slots of data", an_epoch_holds_16384_slots_of_data),
        T_CASE("V3 the first message under a pending root makes it current",
               the_first_message_under_a_pending_root_makes_it_current),
        T_CASE("V3 a message that does not open promotes nothing",
               a_message_that_does_not_open_promotes_nothing),
        T_CASE("the old epoch ends with the window", the_old_epoch_ends_with_the_window),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
