/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as the verifier takes them: whose are taken, what counts as new, what late, what too
 * far, what is handed on once, and when an incident is written. What goes back is tested in
 * test_flow_downlink.c.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/held.h"
#include "ratchet/plan.h"
#include "soft_messages.h"

/* Sends what e sealed; it is taken. */
static void takes(struct world *w, const struct soft_device *d, const struct soft_epoch *e,
                  const struct pawl_view *cose, size_t n)
{
    struct soft_answer a;

    world_says(w, d, e, cose, n, &a);
    assert_int_equal(a.ack_n, 1);
}

static void refuses(struct world *w, const struct soft_device *d, const struct pawl_view *cose,
                    size_t n)
{
    world_refuses(w, flow_messages, soft_request(d, cose, n, true), PAWL_E_DENIED, "messages.COSE");
}

/* An incident is all that comes of it. */
static void accuses(struct world *w, const struct soft_device *d, const struct pawl_view *cose,
                    size_t n)
{
    world_takes(w, flow_messages, soft_request(d, cose, n, true), 403);
    assert_int_equal(w->answer.n, 0);
}

static size_t incidents(struct world *w)
{
    return (size_t)store_number(&w->store, "SELECT count(*) FROM incident");
}

/* ---- what is taken -------------------------------------------------------------------------- */

static void messages_are_taken_in_order(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    w.now_ms += 60000;
    const struct pawl_view cose[] = { soft_app(&e, 1, "one"), soft_app(&e, 2, "two"),
                                      soft_poll(&e) };
    world_says(&w, &d, &e, cose, 3, &a);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:one 1/0/2/2:two ");
    assert_int_equal(a.n, 1);
    assert_int_equal(a.ack_n, 1);
    assert_int_equal(a.heard[0].content.ack.seq_hi, 3);
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_true(soft_is_acked(&a, seq));
    assert_false(soft_is_acked(&a, 4));
    assert_int_equal(world_ratchet(&w, &d).received_hi, 3);
    assert_int_equal(world_ratchet(&w, &d).current.slots, 3);
    assert_int_equal(world_ratchet(&w, &d).current.epoch_start_seq, 1);
    assert_string_equal(w.answer.outcome, "taken 3");
    assert_int_equal(world_record(&w, &d).seen_s, w.now_ms / 1000);
}

static void the_order_within_the_window_does_not_matter(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    struct pawl_view  cose[6];

    world_make(&w);
    world_talks(&w, &d, &e);
    for (size_t i = 0; i < 6; i++) {
        soft_generation(&e, (uint32_t)i / 2);
        e.gen_start -= i % 2;
        cose[i] = soft_app(&e, i + 1, "x");
    }
    const struct pawl_view mixed[] = { cose[5], cose[0], cose[3], cose[2] };
    takes(&w, &d, &e, mixed, 4);
    const struct pawl_view rest[] = { cose[4], cose[1] };
    takes(&w, &d, &e, rest, 2);
    assert_string_equal(world_inbox(&w, &d),
                        "1/2/6/6:x 1/0/1/1:x 1/1/4/4:x 1/1/3/3:x 1/2/5/5:x 1/0/2/2:x ");
    assert_int_equal(incidents(&w), 0);
}

static void both_forms_are_taken_and_answered_alike(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view full = soft_app(&e, 1, "full");
    world_says(&w, &d, &e, &full, 1, &a);
    assert_int_equal(a.heard[0].m.form, PAWL_MSG_FULL);
    e.form = PAWL_MSG_COMPACT;
    struct pawl_view compact = soft_app(&e, 2, "compact");
    world_says(&w, &d, &e, &compact, 1, &a);
    assert_int_equal(a.heard[0].m.form, PAWL_MSG_COMPACT);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:full 1/0/2/2:compact ");
}

static void a_request_holds_256_messages(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    struct pawl_view  cose[PAWL_MESSAGES_N_MAX];

    world_make(&w);
    world_talks(&w, &d, &e);
    for (size_t i = 0; i < PAWL_MESSAGES_N_MAX; i++) {
        if (i % PAWL_GEN_MESSAGES == 0)
            soft_generation(&e, (uint32_t)(i / PAWL_GEN_MESSAGES));
        cose[i] = soft_app(&e, i, "0123456789abcdef");
    }
    takes(&w, &d, &e, cose, PAWL_MESSAGES_N_MAX);
    assert_int_equal(store_number(&w.store, "SELECT sum(n) FROM segment"), PAWL_MESSAGES_N_MAX);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM segment"), 1);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 0"), 4);
}

static void the_largest_body_arrives_whole(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    char             *text = malloc(PAWL_BODY_MAX + 1);

    world_make(&w);
    world_talks(&w, &d, &e);
    memset(text, 'x', PAWL_BODY_MAX);
    text[PAWL_BODY_MAX] = 0;
    struct pawl_view cose = soft_app(&e, 1, text);
    takes(&w, &d, &e, &cose, 1);
    assert_true(store_number(&w.store, "SELECT max(length(bytes)) FROM segment") > PAWL_BODY_MAX);
    free(text);
}

static void no_body_is_in_the_clear_at_rest(void **state) /* g) thief of the database */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    static const char hex[] = "6120736563726574206d657373616765"; /* of the text below */

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view cose = soft_app(&e, 1, "a secret message");
    takes(&w, &d, &e, &cose, 1);
    char *dump = store_dump(&w.store);
    for (char *s = dump; *s; s++)
        *s = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
    assert_null(strstr(dump, hex));
    assert_null(strstr(dump, "a secret message"));
    free(dump);
}

/* ---- what says nothing new ------------------------------------------------------------------ */

static void a_replay_gets_the_403_and_writes_nothing(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    const struct pawl_view cose[] = { soft_app(&e, 1, "one"), soft_poll(&e) };
    takes(&w, &d, &e, cose, 2);
    refuses(&w, &d, cose, 2);
    refuses(&w, &d, cose, 1);
    refuses(&w, &d, cose, 0);
    assert_int_equal(incidents(&w), 0);
}

static void what_came_before_is_acknowledged_again_beside_something_new(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view first = soft_app(&e, 1, "one");
    takes(&w, &d, &e, &first, 1);
    const struct pawl_view again[] = { first, soft_poll(&e) };
    world_says(&w, &d, &e, again, 2, &a);
    assert_true(soft_is_acked(&a, 1));
    assert_true(soft_is_acked(&a, 2));
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:one ");
    assert_string_equal(w.answer.outcome, "taken 1, again 1");
}

static void an_id_is_handed_on_once_even_from_another_slot(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    const uint64_t    later = UINT64_C(1) << 32 | 5; /* another incarnation of the queue */

    world_make(&w);
    world_talks(&w, &d, &e);
    const struct pawl_view cose[] = { soft_app(&e, 5, "five"), soft_app(&e, 5, "five"),
                                      soft_app(&e, later, "five") };
    takes(&w, &d, &e, cose, 3);
    const struct pawl_view more[] = { soft_app(&e, later, "five"), soft_app(&e, 4, "four") };
    takes(&w, &d, &e, more, 2);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/5:five 1/0/3/4294967301:five 1/0/5/4:four ");
    assert_int_equal(world_ratchet(&w, &d).current.slots, 5);
}

static void another_body_under_a_known_id_is_handed_on(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    const struct pawl_view cose[] = { soft_app(&e, 5, "five"), soft_app(&e, 5, "fife") };
    takes(&w, &d, &e, cose, 2);
    const struct pawl_view more[] = { soft_app(&e, 5, "fife"), soft_app(&e, 5, "five"),
                                      soft_app(&e, 5, "fiv"), soft_app(&e, 5, "") };
    takes(&w, &d, &e, more, 4);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/5:five 1/0/2/5:fife 1/0/5/5:fiv 1/0/6/5: ");
    assert_int_equal(world_ratchet(&w, &d).current.slots, 6);
    /* The earlier ones are forgotten: rather twice than never. */
    store_exec(&w.store, "DELETE FROM segment");
    struct pawl_view again = soft_app(&e, 5, "five");
    takes(&w, &d, &e, &again, 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/7/5:five ");
}

static void no_generation_from_4096_on_is_taken(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct soft_epoch ahead = e;
    struct ratchet    r = world_ratchet(&w, &d);
    while (r.current.up.gen < 4000)
        T_OK(pawl_chain_skip(&r.current.up, r.current.up.gen + 250, &w.err), &w.err);
    world_puts(&w, &d, &r);
    soft_generation(&ahead, 4095);
    struct pawl_view last = soft_app(&ahead, 1, "last");
    soft_generation(&ahead, 4096);
    struct pawl_view       over = soft_app(&ahead, 2, "over");
    const struct pawl_view cose[] = { over, last };
    refuses(&w, &d, &over, 1);
    takes(&w, &d, &ahead, cose, 2);
    assert_string_equal(world_inbox(&w, &d), "1/4095/1/1:last ");
    assert_string_equal(w.answer.outcome, "taken 1, over 1");
}

static void what_says_nothing_sensible_takes_its_slot_alone(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view demand = soft_say(
        &e, &(struct pawl_content){ .type = PAWL_CONTENT_DEMAND, .demand = PAWL_DEMAND_ATTEST });
    world_says(&w, &d, &e, &demand, 1, &a);
    assert_int_equal(a.n, 1);
    assert_string_equal(w.answer.outcome, "taken 1, senseless 1");
    assert_string_equal(world_inbox(&w, &d), "");
}

static void facts_become_an_event(void **state)
{
    (void)state;
    WORLD               w;
    DEVICE              d;
    struct soft_epoch   e;
    struct pawl_content c = { .type = PAWL_CONTENT_FACTS, .fact_n = 2 };

    world_make(&w);
    world_talks(&w, &d, &e);
    c.fact[0] = (struct pawl_fact){ pawl_view_str("model"), pawl_view_str("A\nB") };
    c.fact[1] = (struct pawl_fact){ pawl_view_str("serial"), pawl_view_str("17") };
    struct pawl_view facts = soft_say(&e, &c);
    takes(&w, &d, &e, &facts, 1);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE line = "
                                            "'facts: model=A?B, serial=17'"),
                     1);
}

/* Half a character is no text: PostgreSQL takes no line with one, and the device would come with
 * its facts for ever. */
static void facts_that_do_not_fit_end_with_a_whole_character(void **state)
{
    (void)state;
    WORLD               w;
    DEVICE              d;
    struct soft_epoch   e;
    struct pawl_content c = { .type = PAWL_CONTENT_FACTS, .fact_n = 4 };
    uint8_t             umlauts[254];

    world_make(&w);
    world_talks(&w, &d, &e);
    for (size_t i = 0; i < sizeof(umlauts); i += 2)
        memcpy(umlauts + i, "\xc3\xa4", 2);
    static const char *const key[] = { "a", "b", "c", "d" };
    for (size_t i = 1; i < c.fact_n; i++)
        c.fact[i] = (struct pawl_fact){ pawl_view_str(key[i]), PAWL_VIEW_OF(umlauts) };
    for (int odd = 0; odd < 2; odd++) { /* one of them is cut in the middle */
        c.fact[0] = (struct pawl_fact){ pawl_view_str(key[0]), pawl_view_str(odd ? "x" : "xx") };
        struct pawl_view facts = soft_say(&e, &c);
        takes(&w, &d, &e, &facts, 1);
        assert_true(pawl_is_utf8(pawl_view_str(w.step.event)));
        assert_in_range(strlen(w.step.event), EVENT_LINE_MAX - 2, EVENT_LINE_MAX - 1);
    }
}

/* ---- whose ---------------------------------------------------------------------------------- */

static void only_an_active_device_of_a_tenant_with_messages_is_heard(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view cose = soft_app(&e, 1, "one");
    struct pawl_view body = soft_request(&d, &cose, 1, false);
    w.config.tenant[ACME].messages = false;
    world_refuses(&w, flow_messages, body, PAWL_E_DENIED, "messages.tenant");
    w.config.tenant[ACME].messages = true;
    store_exec(&w.store, "UPDATE device SET state = 1");
    world_refuses(&w, flow_messages, body, PAWL_E_DENIED, "messages.device_id");
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    world_refuses(&w, flow_messages, body, PAWL_E_DENIED, "messages.device_id");
    d.id[0] ^= 1;
    world_refuses(&w, flow_messages, soft_request(&d, &cose, 1, false), PAWL_E_ABSENT,
                  "messages.store.device");
    d.tenant = "nobody";
    world_refuses(&w, flow_messages, soft_request(&d, &cose, 1, false), PAWL_E_DENIED,
                  "messages.tenant");
}

static void no_flip_of_a_message_is_taken(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    uint8_t           b[PAWL_MESSAGE_MAX];

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view cose = soft_app(&e, 1, "one");
    /* Bytes that no longer are one item are no request; the rest is a message that is dropped. */
    for (size_t i = cose.n - 60; i < cose.n * 8; i += 7) {
        struct pawl_messages_req req = { .tenant = pawl_view_str(d.tenant),
                                         .device_id = PAWL_VIEW_OF(d.id),
                                         .n = 1 };
        uint8_t                  out[PAWL_MESSAGE_MAX];
        struct pawl_wr           o = pawl_wr_to(out, sizeof(out));

        memcpy(b, cose.p, cose.n);
        b[i / 8] ^= (uint8_t)(1u << i % 8);
        req.cose[0] = pawl_view(b, cose.n);
        if (!pawl_is_ok(pawl_messages_req_write(&req, &o, &w.err)))
            continue;
        flow_memory_free(&w.flow.memory); /* a flip for each device and minute */
        T_OK(flow_memory_make(&w.flow.memory, &w.err), &w.err);
        world_refuses(&w, flow_messages, pawl_view(o.p, o.n), PAWL_E_DENIED, "messages.COSE");
    }
}

static void the_epoch_keeps_its_suite(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    e.suite = PAWL_SUITE_GCM;
    struct pawl_view other = soft_app(&e, 1, "one");
    refuses(&w, &d, &other, 1);
    assert_non_null(strstr(w.err.why, "failed 1"));
}

static void rows_that_changed_places_open_nothing(void **state) /* g) */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view late = soft_app(&e, 1, "late");
    soft_generation(&e, 1);
    struct pawl_view first = soft_app(&e, 2, "first");
    takes(&w, &d, &e, &first, 1);
    store_exec(&w.store, "UPDATE generation SET gen = 1 - gen + 10 WHERE dir = 0;"
                         "UPDATE generation SET gen = gen - 10 WHERE dir = 0");
    world_refuses(&w, flow_messages, soft_request(&d, &late, 1, false), PAWL_E_FORGED,
                  "generation");
}

static void another_devices_keys_open_nothing(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    DEVICE            other;
    struct soft_epoch e, e2;

    world_make(&w);
    world_talks(&w, &d, &e);
    world_talks(&w, &other, &e2);
    struct pawl_view cose = soft_app(&e2, 1, "one");
    refuses(&w, &d, &cose, 1);
    assert_non_null(strstr(w.err.why, "no key 1"));
    /* The same under a forged kid. */
    memcpy(e2.use.kid, e.root.kid, PAWL_KID);
    cose = soft_app(&e2, 1, "one");
    refuses(&w, &d, &cose, 1);
    assert_non_null(strstr(w.err.why, "failed 1"));
}

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
    refuses(&w, &d, &far, 1);
    assert_int_equal(world_ratchet(&w, &d).current.up.gen, 0);
    e.seq = 1;
    e.epoch_start = 0;
    soft_generation(&e, 320);
    struct pawl_view near = soft_app(&e, 2, "near");
    takes(&w, &d, &e, &near, 1);
    assert_int_equal(world_ratchet(&w, &d).current.up.gen, 321);
    /* Now 321 is the next one. */
    soft_generation(&e, 321);
    far = soft_app(&e, 3, "far");
    takes(&w, &d, &e, &far, 1);
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
    takes(&w, &d, &e, cose, 3);
    assert_string_equal(w.answer.outcome, "taken 1, no key 2");
    assert_int_equal(world_ratchet(&w, &d).current.up.gen, 301);
    takes(&w, &d, &e, cose + 1, 2);
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
    takes(&w, &d, &e, &first, 1);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 0"), 5);
    takes(&w, &d, &e, &late, 1);
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
    refuses(&w, &d, cose + 1, 1);
    takes(&w, &d, &e, cose, 2);
    assert_string_equal(world_inbox(&w, &d), "1/0/32868/1:last ");
    assert_string_equal(w.answer.outcome, "taken 1, over 1");
    assert_int_equal(incidents(&w), 0);
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
    takes(w, d, &e, &kept, 1);
    e.seq = 10000 + behind;
    soft_generation(&e, 1);
    struct pawl_view newest = soft_app(&e, 3, "new");
    takes(w, d, &e, &newest, 1);
    w->now_ms += after_ms;
    if (taken)
        takes(w, d, &e, &late, 1);
    else
        refuses(w, d, &late, 1);
    assert_int_equal(incidents(w), 0);
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
    takes(&w, &d, &e, &first, 1);
    w.now_ms += INT64_C(10) * 3600 * 1000;
    soft_generation(&e, 1);
    struct pawl_view newest = soft_app(&e, 3, "new");
    takes(&w, &d, &e, &newest, 1);
    w.now_ms += 3600 * 1000;
    takes(&w, &d, &e, &late, 1);
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
    takes(&w, &d, &e, &first, 1);
    /* The same generation, said to begin elsewhere. */
    e.seq = e.gen_start = 164;
    struct pawl_view above = soft_app(&e, 2, "above");
    e.seq = e.gen_start = 99;
    e.epoch_start = 99;
    struct pawl_view below = soft_app(&e, 3, "below");
    e.seq = e.gen_start = 163;
    struct pawl_view last = soft_app(&e, 4, "last");
    refuses(&w, &d, &above, 1);
    refuses(&w, &d, &below, 1);
    takes(&w, &d, &e, &last, 1);
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
    takes(&w, &d, &e, &first, 1);
    struct ratchet r = world_ratchet(&w, &d);
    r.received_hi = 30000;
    world_puts(&w, &d, &r);
    w.now_ms += INT64_C(48) * 3600 * 1000;
    struct pawl_view next = soft_app(&e, 2, "two");
    takes(&w, &d, &e, &next, 1);
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
    takes(&w, &d, &e, &last, 1);
    w.now_ms++;
    struct pawl_view app = soft_app(&e, 2, "past"), poll = soft_poll(&e);
    refuses(&w, &d, &app, 1);
    takes(&w, &d, &e, &poll, 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:last ");
    /* It was not acknowledged, so its id is free under the next epoch. */
    struct soft_epoch next;
    soft_epoch_make(&d, 2, e.seq, &next);
    world_grants(&w, &d, &next);
    app = soft_app(&next, 2, "past");
    takes(&w, &d, &next, &app, 1);
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
    takes(&w, &d, &e, &old, 1);
    soft_epoch_make(&d, 2, e.seq, &next);
    world_grants(&w, &d, &next);
    struct pawl_view confirm = soft_say(&next, &(struct pawl_content){ PAWL_CONTENT_CONFIRM });
    takes(&w, &d, &next, &confirm, 1); /* the answer opens under epoch 2 */
    struct ratchet r = world_ratchet(&w, &d);
    assert_int_equal(r.current.epoch, 2);
    assert_int_equal(r.current.epoch_start_seq, 3);
    assert_false(r.pending.present);
    assert_int_equal(r.old.epoch, 1);
    /* What the old epoch still had on its way comes within the window. */
    takes(&w, &d, &next, &late, 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:old 1/0/2/2:late ");
    assert_int_equal(incidents(&w), 0);
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
    refuses(&w, &d, &forged, 1);
    takes(&w, &d, &e, cose, 2); /* answered under epoch 1 */
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
    takes(&w, &d, &next, &poll, 1);
    w.now_ms += 3600 * 1000;
    takes(&w, &d, &next, &late, 1);
    w.now_ms++;
    refuses(&w, &d, &later, 1);
    assert_non_null(strstr(w.err.why, "late 1"));
}

/* ---- attacks -------------------------------------------------------------------------------- */

static void after_16_failed_opens_an_attest_is_due(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct soft_epoch thief = e;
    soft_generation(&thief, 0);
    thief.use.uk.b[0] ^= 1;
    T_OK(pawl_use_ready(&thief.use, &w.err), &w.err);
    struct pawl_view bad = soft_app(&thief, 1, "bad"), good = soft_app(&e, 1, "good");
    for (int i = 0; i < 15; i++)
        refuses(&w, &d, &bad, 1);
    assert_non_null(strstr(w.err.why, "failed 1"));
    const struct pawl_view both[] = { bad, good };
    takes(&w, &d, &e, both + 1, 1); /* 15 are allowed */
    refuses(&w, &d, &bad, 1);
    struct pawl_view next = soft_app(&e, 2, "next");
    refuses(&w, &d, &next, 1);
    assert_non_null(strstr(w.err.why, "attest"));
    w.now_ms += 120000; /* waiting is no way out */
    refuses(&w, &d, &next, 1);
    struct ratchet r = world_ratchet(&w, &d);
    r.accepted_ms = w.now_ms; /* an attest is */
    world_puts(&w, &d, &r);
    takes(&w, &d, &e, &next, 1);
}

static void failed_opens_of_different_minutes_do_not_add_up(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct soft_epoch thief = e;
    soft_generation(&thief, 0);
    thief.use.uk.b[0] ^= 1;
    T_OK(pawl_use_ready(&thief.use, &w.err), &w.err);
    struct pawl_view bad = soft_app(&thief, 1, "bad"), good = soft_app(&e, 1, "good");
    for (int i = 0; i < 40; i++) {
        refuses(&w, &d, &bad, 1);
        w.now_ms += 4001;
    }
    takes(&w, &d, &e, &good, 1);
}

static void two_messages_in_one_slot_are_an_incident(void **state) /* E1 */
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct soft_epoch thief = e;
    struct pawl_view  good = soft_app(&e, 1, "good"), bad = soft_app(&thief, 7, "bad");
    takes(&w, &d, &e, &good, 1);
    world_says(&w, &d, &e, &bad, 1, &a);
    assert_int_equal(incidents(&w), 1);
    assert_int_equal(world_incidents(&w, RULE_E1), 1);
    assert_true(world_ratchet(&w, &d).rekey_demanded);
    assert_int_equal(a.heard[1].content.type, PAWL_CONTENT_DEMAND);
    assert_int_equal(a.heard[1].content.demand, PAWL_DEMAND_REKEY);
    /* The message that raised it is handed on too: who judges it has both. */
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:good 1/0/1/7:bad ");
    /* Again it is only a repeat, and so is any other in that slot: one incident in an epoch. */
    refuses(&w, &d, &bad, 1);
    thief.seq = 1;
    struct pawl_view third = soft_app(&thief, 8, "third");
    refuses(&w, &d, &third, 1);
    assert_int_equal(incidents(&w), 1);
}

static void a_slot_that_two_messages_claim_is_not_acknowledged(void **state) /* E1 */
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view  one = soft_app(&e, 1, "one");
    struct soft_epoch thief = e, ahead = e;
    struct pawl_view  two = soft_app(&e, 2, "two");
    struct pawl_view  again = soft_app(&e, 2, "two"); /* what was not acknowledged, in slot 3 */
    /* Two of a thief in slot 2, which the device has not used yet. */
    struct pawl_view bad = soft_app(&thief, 7, "bad"), worse = soft_app(&ahead, 8, "worse");
    takes(&w, &d, &thief, &bad, 1);
    takes(&w, &d, &thief, &worse, 1);
    /* The device's own is the third: its slot is not acknowledged, so that it comes once more. */
    const struct pawl_view own[] = { one, two };
    world_says(&w, &d, &e, own, 2, &a);
    assert_true(soft_is_acked(&a, 1));
    assert_false(soft_is_acked(&a, 2));
    assert_string_equal(w.answer.outcome, "taken 1, again 1");
    world_says(&w, &d, &e, &again, 1, &a);
    assert_true(soft_is_acked(&a, 3));
    assert_string_equal(world_inbox(&w, &d), "1/0/2/7:bad 1/0/2/8:worse 1/0/1/1:one 1/0/3/2:two ");
}

static void an_old_epoch_that_goes_on_is_an_incident(void **state) /* E2: the early ratchet */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e, next;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view one = soft_app(&e, 1, "one");
    takes(&w, &d, &e, &one, 1);
    soft_epoch_make(&d, 2, 2, &next);
    world_grants(&w, &d, &next);
    struct pawl_view two = soft_app(&next, 2, "two");
    takes(&w, &d, &next, &two, 1);
    struct pawl_view early = soft_app(&e, 9, "early"); /* slot 2 of epoch 1 */
    accuses(&w, &d, &early, 1);
    assert_int_equal(world_incidents(&w, RULE_E2), 1);
    assert_int_equal(store_number(&w.store, "SELECT epoch FROM incident"), 1); /* its slot's */
    /* It is the device's in no case: it takes no slot and goes to nobody. */
    assert_string_equal(w.answer.outcome, "late 1");
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:one 2/0/2/2:two ");
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM segment WHERE kind = 0"), 2);
    refuses(&w, &d, &early, 1);
    struct pawl_view more = soft_app(&e, 10, "more");
    refuses(&w, &d, &more, 1); /* nothing that is not known already */
    assert_int_equal(incidents(&w), 1);
}

static void the_tripwire_outlives_the_window(void **state) /* E2 */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e, next;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view one = soft_app(&e, 1, "one");
    takes(&w, &d, &e, &one, 1);
    soft_epoch_make(&d, 2, 2, &next);
    world_grants(&w, &d, &next);
    struct pawl_view two = soft_app(&next, 2, "two");
    takes(&w, &d, &next, &two, 1);
    w.now_ms += 30 * 3600 * 1000;
    soft_generation(&e, 1); /* a thief of the chain opens the next generation of epoch 1 */
    struct pawl_view early = soft_app(&e, 9, "early");
    accuses(&w, &d, &early, 1);
    assert_int_equal(world_incidents(&w, RULE_E2), 1);
}

static void a_generation_that_goes_on_is_an_incident(void **state) /* E2 */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view one = soft_app(&e, 1, "one");
    takes(&w, &d, &e, &one, 1);
    struct soft_epoch thief = e;
    soft_generation(&e, 1);
    struct pawl_view two = soft_app(&e, 2, "two");
    takes(&w, &d, &e, &two, 1);
    struct pawl_view early = soft_app(&thief, 9, "early"); /* slot 2 in generation 0 */
    takes(&w, &d, &e, &early, 1);
    assert_int_equal(world_incidents(&w, RULE_E2), 1);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM device WHERE words(status) ="
                                            " 'contraindicated' AND keys_status = status"),
                     1); /* before it attests again */
}

static void a_slot_below_the_snapshot_that_nobody_attested_is_an_incident(void **state) /* E3 */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view one = soft_app(&e, 1, "one"), two = soft_app(&e, 2, "two");
    takes(&w, &d, &e, &one, 1);
    struct ratchet r = world_ratchet(&w, &d);
    r.attested_hi = 5; /* and no generation listed */
    world_puts(&w, &d, &r);
    takes(&w, &d, &e, &two, 1);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:one 1/0/2/2:two ");
}

static void what_a_snapshot_denies_of_an_old_epoch_fills_no_store(void **state) /* E3 */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e, next;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view one = soft_app(&e, 1, "one");
    takes(&w, &d, &e, &one, 1);
    soft_epoch_make(&d, 2, 6, &next);
    world_grants(&w, &d, &next);
    struct pawl_view two = soft_app(&next, 2, "two");
    takes(&w, &d, &next, &two, 1);
    struct ratchet r = world_ratchet(&w, &d);
    r.attested_hi = 5; /* and no generation listed */
    world_puts(&w, &d, &r);
    struct pawl_view late = soft_app(&e, 9, "late"); /* slot 2 of epoch 1 */
    accuses(&w, &d, &late, 1);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:one 2/0/6/2:two ");
}

/* Leaves came with an attest before the message did. */
static void attest_slot(struct world *w, const struct soft_device *d, struct pawl_view cose)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    PAWL_CLEANUP(step_done) struct step step = { .touches_device = true };
    struct held_generation             *g;
    struct pawl_msg                     m;

    step.device = world_record(w, d);
    memcpy(step.tenant, step.device.tenant, sizeof(step.tenant));
    T_OK(held_open(&w->flow, &step.device, &h, &w->err), &w->err);
    T_OK(pawl_msg_parse(cose, &m, &w->err), &w->err);
    T_OK(held_generation(&h, PAWL_UP, 1, m.gen, true, &g, &w->err), &w->err);
    T_OK(pawl_leaf(m.at.seq, m.protected_, m.ciphertext, g->g.leaf[m.at.seq - m.at.gen_start_seq],
                   &w->err),
         &w->err);
    g->g.first_seq = m.at.gen_start_seq;
    g->g.known |= UINT64_C(1) << (m.at.seq - m.at.gen_start_seq);
    g->g.attested = true;
    g->g.last_seq = m.at.seq;
    g->changed = true;
    h.r.attested_hi = m.at.seq;
    T_OK(held_plan(&h, &step, &w->err), &w->err);
    T_OK(store_commit_wait(&w->store.store, &step, &w->err), &w->err);
}

static void an_attested_slot_waits_for_its_own_message(void **state) /* E3 */
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct soft_epoch thief = e;
    struct pawl_view  good = soft_app(&e, 1, "good"), bad = soft_app(&thief, 7, "bad");
    attest_slot(&w, &d, good);
    world_says(&w, &d, &e, &bad, 1, &a);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
    assert_false(soft_is_acked(&a, 1));
    refuses(&w, &d, &bad, 1);
    world_says(&w, &d, &e, &good, 1, &a);
    assert_true(soft_is_acked(&a, 1));
    assert_int_equal(incidents(&w), 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/7:bad 1/0/1/1:good ");
}

static void a_network_without_keys_raises_no_incident(void **state) /* f) */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    uint8_t           b[PAWL_MESSAGE_MAX];

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view cose = soft_app(&e, 1, "one");
    takes(&w, &d, &e, &cose, 1);
    memcpy(b, cose.p, cose.n);
    struct pawl_msg m;
    T_OK(pawl_msg_parse(cose, &m, &w.err), &w.err);
    b[m.ciphertext.p - cose.p] ^= 1;
    const struct pawl_view bad[] = { cose, pawl_view(b, cose.n), cose };
    refuses(&w, &d, bad, 3);
    assert_int_equal(incidents(&w), 0);
}

/* ---- the store ------------------------------------------------------------------------------ */

static void a_lost_race_is_planned_again(void **state) /* V1 */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view                    one = soft_app(&e, 1, "one"), two = soft_app(&e, 2, "two");
    PAWL_CLEANUP(step_done) struct step step = { 0 };
    struct answer                       answer = { .body = w.room };
    T_OK(flow_messages(&w.flow, soft_request(&d, &one, 1, false), &answer, &step, &w.err), &w.err);
    takes(&w, &d, &e, &two, 1);
    T_FAILS(store_commit_wait(&w.store.store, &step, &w.err), &w.err, PAWL_E_CONFLICT);
    takes(&w, &d, &e, &one, 1);
    assert_string_equal(world_inbox(&w, &d), "1/0/2/2:two 1/0/1/1:one ");
}

static void a_nonce_comes_with_the_answer_when_asked_for(void **state)
{
    (void)state;
    WORLD                    w;
    DEVICE                   d;
    struct soft_epoch        e;
    struct pawl_messages_ans ans;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view one = soft_poll(&e), two = soft_poll(&e);
    world_takes(&w, flow_messages, soft_request(&d, &one, 1, false), 200);
    T_OK(pawl_messages_ans_parse(pawl_view(w.answer.body, w.answer.n), &ans, &w.err), &w.err);
    assert_int_equal(ans.nonce.n, 0);
    world_takes(&w, flow_messages, soft_request(&d, &two, 1, true), 200);
    T_OK(pawl_messages_ans_parse(pawl_view(w.answer.body, w.answer.n), &ans, &w.err), &w.err);
    assert_int_equal(ans.nonce.n, PAWL_NONCE);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("messages are taken in order", messages_are_taken_in_order),
        T_CASE("the order within the window does not matter",
               the_order_within_the_window_does_not_matter),
        T_CASE("both forms are taken and answered alike", both_forms_are_taken_and_answered_alike),
        T_CASE("a request holds 256 messages", a_request_holds_256_messages),
        T_CASE("the largest body arrives whole", the_largest_body_arrives_whole),
        T_CASE("P-VMSG-13 no body is in the clear at rest", no_body_is_in_the_clear_at_rest),
        T_CASE("P-VMSG-1 a replay gets the 403 and writes nothing",
               a_replay_gets_the_403_and_writes_nothing),
        T_CASE("P-VMSG-8 what came before is acknowledged again beside something new",
               what_came_before_is_acknowledged_again_beside_something_new),
        T_CASE("P-VMSG-4 an id is handed on once even from another slot",
               an_id_is_handed_on_once_even_from_another_slot),
        T_CASE("P-VMSG-4 another body under a known id is handed on",
               another_body_under_a_known_id_is_handed_on),
        T_CASE("P-VMSG-7 no generation from 4096 on is taken", no_generation_from_4096_on_is_taken),
        T_CASE("what says nothing sensible takes its slot alone",
               what_says_nothing_sensible_takes_its_slot_alone),
        T_CASE("facts become an event", facts_become_an_event),
        T_CASE("facts that do not fit end with a whole character",
               facts_that_do_not_fit_end_with_a_whole_character),
        T_CASE("P-VMSG-2 only an active device of a tenant with messages is heard",
               only_an_active_device_of_a_tenant_with_messages_is_heard),
        T_CASE("no flip of a message is taken", no_flip_of_a_message_is_taken),
        T_CASE("the epoch keeps its suite", the_epoch_keeps_its_suite),
        T_CASE("rows that changed places open nothing", rows_that_changed_places_open_nothing),
        T_CASE("another device's keys open nothing", another_devices_keys_open_nothing),
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
        T_CASE("P-VMSG-6 after 16 failed opens an attest is due",
               after_16_failed_opens_an_attest_is_due),
        T_CASE("P-VMSG-6 failed opens of different minutes do not add up",
               failed_opens_of_different_minutes_do_not_add_up),
        T_CASE("E1 P-VMSG-12 two messages in one slot are an incident",
               two_messages_in_one_slot_are_an_incident),
        T_CASE("E1 P-VMSG-8 a slot that two messages claim is not acknowledged",
               a_slot_that_two_messages_claim_is_not_acknowledged),
        T_CASE("E2 an old epoch that goes on is an incident",
               an_old_epoch_that_goes_on_is_an_incident),
        T_CASE("E2 the tripwire outlives the window", the_tripwire_outlives_the_window),
        T_CASE("E3 what a snapshot denies of an old epoch fills no store",
               what_a_snapshot_denies_of_an_old_epoch_fills_no_store),
        T_CASE("E2 a generation that goes on is an incident",
               a_generation_that_goes_on_is_an_incident),
        T_CASE("E3 a slot below the snapshot that nobody attested is an incident",
               a_slot_below_the_snapshot_that_nobody_attested_is_an_incident),
        T_CASE("E3 an attested slot waits for its own message",
               an_attested_slot_waits_for_its_own_message),
        T_CASE("f) a network without keys raises no incident",
               a_network_without_keys_raises_no_incident),
        T_CASE("V1 a lost race is planned again", a_lost_race_is_planned_again),
        T_CASE("a nonce comes with the answer when asked for",
               a_nonce_comes_with_the_answer_when_asked_for),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
