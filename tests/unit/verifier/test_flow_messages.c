/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as the verifier takes them: whose are taken, what counts as new, and what is handed on
 * once. How far they may be ahead or late is tested in test_flow_messages_reach.c, what a thief
 * sends in test_flow_messages_attack.c, what goes back in test_flow_downlink.c.
 */
#include <stdlib.h>
#include <string.h>

#include "message_fixture.h"
#include "ratchet/plan.h"
#include "soft_messages.h"

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
    messages_taken(&w, &d, &e, mixed, 4);
    const struct pawl_view rest[] = { cose[4], cose[1] };
    messages_taken(&w, &d, &e, rest, 2);
    assert_string_equal(world_inbox(&w, &d),
                        "1/2/6/6:x 1/0/1/1:x 1/1/4/4:x 1/1/3/3:x 1/2/5/5:x 1/0/2/2:x ");
    assert_int_equal(incident_count(&w), 0);
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
    messages_taken(&w, &d, &e, cose, PAWL_MESSAGES_N_MAX);
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
    messages_taken(&w, &d, &e, &cose, 1);
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
    messages_taken(&w, &d, &e, &cose, 1);
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
    messages_taken(&w, &d, &e, cose, 2);
    messages_refused(&w, &d, cose, 2);
    messages_refused(&w, &d, cose, 1);
    messages_refused(&w, &d, cose, 0);
    assert_int_equal(incident_count(&w), 0);
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
    messages_taken(&w, &d, &e, &first, 1);
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
    messages_taken(&w, &d, &e, cose, 3);
    const struct pawl_view more[] = { soft_app(&e, later, "five"), soft_app(&e, 4, "four") };
    messages_taken(&w, &d, &e, more, 2);
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
    messages_taken(&w, &d, &e, cose, 2);
    const struct pawl_view more[] = { soft_app(&e, 5, "fife"), soft_app(&e, 5, "five"),
                                      soft_app(&e, 5, "fiv"), soft_app(&e, 5, "") };
    messages_taken(&w, &d, &e, more, 4);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/5:five 1/0/2/5:fife 1/0/5/5:fiv 1/0/6/5: ");
    assert_int_equal(world_ratchet(&w, &d).current.slots, 6);
    /* The earlier ones are forgotten: rather twice than never. */
    store_exec(&w.store, "DELETE FROM segment");
    struct pawl_view again = soft_app(&e, 5, "five");
    messages_taken(&w, &d, &e, &again, 1);
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
    messages_refused(&w, &d, &over, 1);
    messages_taken(&w, &d, &ahead, cose, 2);
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

/* Keys in the order of their encodings. */
static struct pawl_view say_facts(struct soft_epoch *e, const struct pawl_fact *fact, size_t n)
{
    uint8_t             b[1024];
    struct pawl_wr      w = pawl_wr_to(b, sizeof(b));
    struct pawl_content c = { .type = PAWL_CONTENT_FACTS };

    pawl_cbor_wr_map(&w, n);
    for (size_t i = 0; i < n; i++) {
        pawl_cbor_wr_text_n(&w, fact[i].key);
        pawl_cbor_wr_text_n(&w, fact[i].value);
    }
    assert_false(w.full);
    c.facts = pawl_view(b, w.n);
    return soft_say(e, &c);
}

static void facts_become_an_event(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    struct soft_epoch      e;
    const struct pawl_fact said[] = { { pawl_view_str("model"), pawl_view_str("A\nB") },
                                      { pawl_view_str("serial"), pawl_view_str("17") } };

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view facts = say_facts(&e, said, 2);
    messages_taken(&w, &d, &e, &facts, 1);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE line = "
                                            "'facts: model=A?B, serial=17'"),
                     1);
}

/* Half a character is no text: PostgreSQL takes no line with one, and the device would come with
 * its facts for ever. */
static void facts_that_do_not_fit_end_with_a_whole_character(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;
    struct pawl_fact  said[4];
    uint8_t           umlauts[254];

    world_make(&w);
    world_talks(&w, &d, &e);
    for (size_t i = 0; i < sizeof(umlauts); i += 2)
        memcpy(umlauts + i, "\xc3\xa4", 2);
    static const char *const key[] = { "a", "b", "c", "d" };
    for (size_t i = 1; i < 4; i++)
        said[i] = (struct pawl_fact){ pawl_view_str(key[i]), PAWL_VIEW_OF(umlauts) };
    for (int odd = 0; odd < 2; odd++) { /* one of them is cut in the middle */
        said[0] = (struct pawl_fact){ pawl_view_str(key[0]), pawl_view_str(odd ? "x" : "xx") };
        struct pawl_view facts = say_facts(&e, said, 4);
        messages_taken(&w, &d, &e, &facts, 1);
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

static void a_damaged_row_is_told_as_such(void **state)
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    struct pawl_view cose = soft_app(&e, 1, "one");
    struct pawl_view body = soft_request(&d, &cose, 1, false);
    store_exec(&w.store, "UPDATE device SET safe = 2");
    world_refuses(&w, flow_messages, body, PAWL_E_FORM, "messages.store.device.safe");
    assert_int_equal(refused_by(403, &w.err), REFUSED_STORE_DAMAGED);
    store_exec(&w.store, "UPDATE device SET safe = 1; UPDATE ratchet SET bytes = x''");
    world_refuses(&w, flow_messages, body, PAWL_E_FORM, "messages.store.device.ratchet");
    assert_int_equal(refused_by(403, &w.err), REFUSED_STORE_DAMAGED);
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
    messages_refused(&w, &d, &other, 1);
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
    messages_taken(&w, &d, &e, &first, 1);
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
    messages_refused(&w, &d, &cose, 1);
    assert_non_null(strstr(w.err.why, "no key 1"));
    /* The same under a forged kid. */
    memcpy(e2.use.kid, e.root.kid, PAWL_KID);
    cose = soft_app(&e2, 1, "one");
    messages_refused(&w, &d, &cose, 1);
    assert_non_null(strstr(w.err.why, "failed 1"));
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
        T_CASE("a damaged row is told as such", a_damaged_row_is_told_as_such),
        T_CASE("no flip of a message is taken", no_flip_of_a_message_is_taken),
        T_CASE("the epoch keeps its suite", the_epoch_keeps_its_suite),
        T_CASE("rows that changed places open nothing", rows_that_changed_places_open_nothing),
        T_CASE("another device's keys open nothing", another_devices_keys_open_nothing),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
