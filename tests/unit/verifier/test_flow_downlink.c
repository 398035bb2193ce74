/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes back to a device: one acknowledgement, and each message that waits in a slot of its
 * own, durable with the answer that carries it; until the device acknowledges it, again under the
 * same id. And when nothing goes back at all.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/held.h"
#include "flow/operator.h"
#include "soft_messages.h"

/* Queues a message as an operator does; returns its id. */
static uint64_t sends(struct world *w, const struct soft_device *d, const char *text)
{
    char     body[PAWL_BODY_MAX + 32], *json = NULL;
    uint64_t id;

    snprintf(body, sizeof(body), "{\"text\": \"%s\"}", text);
    step_done(&w->step);
    T_OK(operator_message_send(&w->flow, &w->config.tenant[ACME], world_id(d), pawl_view_str(body),
                               &json, &w->step, &w->err),
         &w->err);
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    assert_int_equal(sscanf(json, "{\"id\":\"%" SCNu64 "\"}", &id), 1);
    free(json);
    return id;
}

static void polls(struct world *w, const struct soft_device *d, struct soft_epoch *e,
                  struct soft_answer *ret)
{
    struct pawl_view poll = soft_poll(e);

    world_says(w, d, e, &poll, 1, ret);
}

/* An acknowledgement of one downlink slot. */
static struct pawl_view acks(struct soft_epoch *e, uint64_t seq_hi, uint64_t seq)
{
    static const uint8_t one[] = { 1 };

    return soft_say(e, &(struct pawl_content){ .type = PAWL_CONTENT_ACK,
                                               .ack = { seq_hi, seq, PAWL_VIEW_OF(one) } });
}

static int64_t waiting(struct world *w)
{
    return store_number(&w->store, "SELECT count(*) FROM downlink");
}

static bool says(const struct soft_heard *h, uint64_t id, const char *text)
{
    return h->content.type == PAWL_CONTENT_APP && h->content.id == id &&
           pawl_view_equal(h->content.body, pawl_view_str(text));
}

/* ---- slots ---------------------------------------------------------------------------------- */

static void what_waits_goes_with_the_next_answer_in_order(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    uint64_t one = sends(&w, &d, "one"), two = sends(&w, &d, "two");
    assert_true(two > one);
    polls(&w, &d, &e, &a);
    assert_int_equal(a.n, 3);
    assert_int_equal(a.ack_n, 1);
    assert_int_equal(a.ack, 0);
    assert_true(says(&a.heard[1], one, "one"));
    assert_true(says(&a.heard[2], two, "two"));
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(a.heard[i].m.at.seq, i + 1);
        assert_int_equal(a.heard[i].m.at.gen_start_seq, 1);
        assert_int_equal(a.heard[i].m.at.epoch_start_seq, 1);
    }
}

static void a_message_is_in_one_slot_at_a_time(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    uint64_t id = sends(&w, &d, "one");
    polls(&w, &d, &e, &a);
    assert_int_equal(a.n, 2);
    w.now_ms += 29999;
    polls(&w, &d, &e, &a);
    assert_int_equal(a.n, 1);
    w.now_ms += 1;
    polls(&w, &d, &e, &a); /* 30 s and no word of it: another slot, the same id */
    assert_int_equal(a.n, 2);
    assert_true(says(&a.heard[1], id, "one"));
    assert_int_equal(a.heard[1].m.at.seq, 5);
    assert_int_equal(store_number(&w.store, "SELECT seq FROM downlink"), 5);
}

static void slots_go_on_from_answer_to_answer_and_boot_ids_do_not(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a, before;

    world_make(&w);
    world_talks(&w, &d, &e);
    polls(&w, &d, &e, &before);
    for (uint64_t seq = 2; seq <= 20; seq++) {
        polls(&w, &d, &e, &a);
        assert_int_equal(a.heard[0].m.at.seq, seq);
        assert_memory_not_equal(a.heard[0].m.at.boot_id, before.heard[0].m.at.boot_id,
                                PAWL_BOOT_ID);
        before = a;
    }
}

/* Planned twice for one slot: the keystream must not be the same, and only one may leave. */
static void an_answer_that_lost_its_race_never_had_a_slot(void **state) /* V1, A5 */
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    PAWL_CLEANUP(step_done) struct step step = { 0 };
    struct answer                       answer = { .body = w.room };
    struct pawl_view                    poll = soft_poll(&e);
    T_OK(flow_messages(&w.flow, soft_request(&d, &poll, 1, true), &answer, &step, &w.err), &w.err);
    polls(&w, &d, &e, &a);
    assert_int_equal(a.heard[0].m.at.seq, 1);
    T_FAILS(store_commit_wait(&w.store.store, &step, &w.err), &w.err, PAWL_E_CONFLICT);
    world_says(&w, &d, &e, &poll, 1, &a);
    assert_int_equal(a.heard[0].m.at.seq, 2);
}

static void a_generation_ends_after_64_slots_or_15_minutes(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    for (uint64_t seq = 1; seq <= 65; seq++) {
        if (seq % 60 == 0)
            soft_generation(&e, (uint32_t)seq / 60);
        polls(&w, &d, &e, &a);
        assert_int_equal(a.heard[0].m.at.seq, seq);
        assert_int_equal(a.heard[0].m.gen, seq <= 64 ? 0 : 1);
    }
    assert_int_equal(a.heard[0].m.at.gen_start_seq, 65);
    assert_int_equal(a.heard[0].m.at.epoch_start_seq, 1);
    w.now_ms += PAWL_GEN_MS - 1;
    polls(&w, &d, &e, &a);
    assert_int_equal(a.heard[0].m.gen, 1);
    w.now_ms += 1;
    polls(&w, &d, &e, &a);
    assert_int_equal(a.heard[0].m.gen, 2);
    assert_int_equal(a.heard[0].m.at.gen_start_seq, 67);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 1"), 3);
}

static void slots_that_the_device_knows_better_are_skipped(void **state) /* A5 */
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    polls(&w, &d, &e, &a);
    struct ratchet r = world_ratchet(&w, &d);
    r.down_next = 1000; /* RCV showed 999 */
    world_puts(&w, &d, &r);
    polls(&w, &d, &e, &a);
    assert_int_equal(a.heard[0].m.at.seq, 1000);
    assert_int_equal(a.heard[0].m.at.gen_start_seq, 1000);
    assert_int_equal(a.heard[0].m.gen, 1);
}

static void every_leaf_that_was_sent_is_kept(void **state)
{
    (void)state;
    WORLD                               w;
    DEVICE                              d;
    struct soft_epoch                   e;
    struct soft_answer                  a;
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    struct held_generation             *g;

    world_make(&w);
    world_talks(&w, &d, &e);
    sends(&w, &d, "one");
    polls(&w, &d, &e, &a);
    struct device record = world_record(&w, &d);
    T_OK(held_open(&w.flow, &record, &h, &w.err), &w.err);
    T_OK(held_generation(&h, PAWL_DOWN, 1, 0, false, &g, &w.err), &w.err);
    assert_int_equal(g->g.have, 3);
    assert_int_equal(g->g.use.uk.n, 0); /* who reads the row opens nothing */
    for (size_t i = 0; i < 2; i++) {
        uint8_t leaf[PAWL_LEAF];

        T_OK(pawl_leaf(i + 1, a.heard[i].m.protected_, a.heard[i].m.ciphertext, leaf, &w.err),
             &w.err);
        assert_memory_equal(g->g.leaf[i], leaf, PAWL_LEAF);
    }
}

/* ---- acknowledgements ----------------------------------------------------------------------- */

static void what_is_acknowledged_is_gone(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    sends(&w, &d, "one");
    uint64_t two = sends(&w, &d, "two");
    polls(&w, &d, &e, &a);
    struct pawl_view ack = acks(&e, 3, 2);
    w.now_ms += 30000;
    world_says(&w, &d, &e, &ack, 1, &a);
    assert_int_equal(waiting(&w), 1);
    assert_int_equal(a.n, 2);
    assert_true(says(&a.heard[1], two, "two"));
}

static void an_acknowledgement_of_what_was_never_sent_is_ignored(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    sends(&w, &d, "one");
    struct pawl_view early = acks(&e, 1, 1);
    world_says(&w, &d, &e, &early, 1, &a); /* nothing was sent yet */
    assert_int_equal(waiting(&w), 1);
    struct pawl_view ahead = acks(&e, 3, 2);
    world_says(&w, &d, &e, &ahead, 1, &a); /* slot 2 was sent, slot 3 is this answer's */
    assert_int_equal(waiting(&w), 1);
    struct pawl_view none = soft_say(
        &e, &(struct pawl_content){ .type = PAWL_CONTENT_ACK, .ack = { .seq_hi = 2 } });
    world_says(&w, &d, &e, &none, 1, &a); /* highest slot, and no bit for it */
    assert_int_equal(waiting(&w), 1);
}

/* Whoever had the keys of the epoch before takes nothing from the device any more; nor does a
 * message that shares its slot with another. */
static void an_older_epoch_acknowledges_nothing(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e, next;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    sends(&w, &d, "one");
    polls(&w, &d, &e, &a);
    soft_epoch_make(&d, 2, e.seq + 10, &next);
    world_grants(&w, &d, &next);
    world_promotes(&w, &d);
    struct pawl_view old = acks(&e, 2, 2);
    world_says(&w, &d, &next, &old, 1, &a);
    assert_int_equal(waiting(&w), 1);
    struct soft_epoch thief = next;
    polls(&w, &d, &next, &a);
    struct pawl_view same = acks(&thief, 2, 2);
    world_says(&w, &d, &next, &same, 1, &a);
    assert_int_equal(world_incidents(&w, RULE_E1), 1);
    assert_int_equal(waiting(&w), 1);
    struct pawl_view good = acks(&next, 2, 2);
    world_says(&w, &d, &next, &good, 1, &a);
    assert_int_equal(waiting(&w), 0);
}

static void of_two_acknowledgements_the_newer_counts(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    sends(&w, &d, "one");
    polls(&w, &d, &e, &a);
    struct pawl_view       older = soft_poll(&e), newer = acks(&e, 2, 2);
    const struct pawl_view turned[] = { newer, older };
    world_says(&w, &d, &e, turned, 2, &a);
    assert_int_equal(waiting(&w), 0);
}

/* ---- how much ------------------------------------------------------------------------------- */

static void what_does_not_fit_waits_for_the_next_answer(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;
    static char        text[PAWL_BODY_MAX + 1];
    uint64_t           id[3];

    world_make(&w);
    world_talks(&w, &d, &e);
    memset(text, 'x', PAWL_BODY_MAX);
    for (size_t i = 0; i < 3; i++)
        id[i] = sends(&w, &d, text);
    for (size_t i = 0; i < 3; i++) {
        polls(&w, &d, &e, &a);
        assert_int_equal(a.n, 2);
        assert_true(says(&a.heard[1], id[i], text));
    }
    polls(&w, &d, &e, &a);
    assert_int_equal(a.n, 1);
}

static void many_small_ones_go_at_once(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    for (int i = 0; i < 100; i++)
        sends(&w, &d, "a message of some length, as they are");
    polls(&w, &d, &e, &a);
    assert_int_equal(a.n, 101);
    assert_int_equal(a.heard[100].m.at.seq, 101);
    assert_int_equal(a.heard[100].m.gen, 1);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM downlink WHERE seq = 0"), 0);
}

/* ---- silence -------------------------------------------------------------------------------- */

static void nothing_is_sent_under_a_pending_root(void **state) /* inv. 2 of the ratchet */
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e, next;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    soft_epoch_make(&d, 2, 100, &next);
    world_grants(&w, &d, &next);
    sends(&w, &d, "one");
    polls(&w, &d, &e, &a); /* opens under epoch 1, each of it */
    assert_int_equal(a.n, 2);
    w.now_ms += 30000;
    polls(&w, &d, &next, &a); /* seen in use: from now on under epoch 2 */
    assert_int_equal(a.n, 2);
    assert_int_equal(a.heard[0].m.gen, 0);
    assert_int_equal(a.heard[0].m.at.seq, 3);
    assert_int_equal(a.heard[0].m.at.epoch_start_seq, 3);
}

/* Of the store's port: when an older copy was put back. */
static int64_t put_back(void *self)
{
    (void)self;
    return 2;
}

static void a_store_that_was_put_back_sends_nothing_before_an_attest(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;

    world_make(&w);
    world_talks(&w, &d, &e);
    sends(&w, &d, "one");
    struct ratchet r = world_ratchet(&w, &d);
    r.accepted_ms = 1;
    world_puts(&w, &d, &r);
    w.store.store.restored_ms = put_back;
    struct pawl_view app = soft_app(&e, 1, "up");
    world_says(&w, &d, &e, &app, 1, &a);
    assert_int_equal(a.n, 0);
    assert_int_equal(a.nonce.n, PAWL_NONCE);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:up "); /* it listens */
    assert_int_equal(world_ratchet(&w, &d).down_next, 1);
    r = world_ratchet(&w, &d);
    r.accepted_ms = w.now_ms;
    world_puts(&w, &d, &r);
    polls(&w, &d, &e, &a);
    assert_int_equal(a.n, 2);
}

static void a_demanded_rekey_is_said_in_every_answer(void **state)
{
    (void)state;
    WORLD              w;
    DEVICE             d;
    struct soft_epoch  e;
    struct soft_answer a;
    char              *json = NULL;

    world_make(&w);
    world_talks(&w, &d, &e);
    step_done(&w.step);
    T_OK(operator_device_rekey(&w.flow, &w.config.tenant[ACME], world_id(&d), &json, &w.step,
                               &w.err),
         &w.err);
    T_OK(store_commit_wait(&w.store.store, &w.step, &w.err), &w.err);
    assert_string_equal(json, "{\"epoch\":1}");
    free(json);
    for (int i = 0; i < 2; i++) {
        polls(&w, &d, &e, &a);
        assert_int_equal(a.n, 2);
        assert_int_equal(a.heard[1].content.type, PAWL_CONTENT_DEMAND);
        assert_int_equal(a.heard[1].content.demand, PAWL_DEMAND_REKEY);
    }
}

static void bodies_that_wait_are_wrapped(void **state) /* g) thief of the database */
{
    (void)state;
    WORLD             w;
    DEVICE            d;
    struct soft_epoch e;

    world_make(&w);
    world_talks(&w, &d, &e);
    sends(&w, &d, "a secret message");
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM downlink WHERE "
                                            "instr(body, CAST('secret' AS BLOB)) > 0"),
                     0);
    /* And a row is for its device and id: moved, it does not open. */
    store_exec(&w.store, "UPDATE downlink SET id = x'0000000000000001'");
    struct pawl_view poll = soft_poll(&e);
    world_refuses(&w, flow_messages, soft_request(&d, &poll, 1, false), PAWL_E_FORGED,
                  "downlink.aead");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("what waits goes with the next answer in order",
               what_waits_goes_with_the_next_answer_in_order),
        T_CASE("P-VMSG-10 a message is in one slot at a time", a_message_is_in_one_slot_at_a_time),
        T_CASE("P-VMSG-9 slots go on from answer to answer and boot ids do not",
               slots_go_on_from_answer_to_answer_and_boot_ids_do_not),
        T_CASE("V1 an answer that lost its race never had a slot",
               an_answer_that_lost_its_race_never_had_a_slot),
        T_CASE("P-VMSG-9 a generation ends after 64 slots or 15 minutes",
               a_generation_ends_after_64_slots_or_15_minutes),
        T_CASE("slots that the device knows better are skipped",
               slots_that_the_device_knows_better_are_skipped),
        T_CASE("every leaf that was sent is kept", every_leaf_that_was_sent_is_kept),
        T_CASE("P-VMSG-10 what is acknowledged is gone", what_is_acknowledged_is_gone),
        T_CASE("P-VMSG-10 an acknowledgement of what was never sent is ignored",
               an_acknowledgement_of_what_was_never_sent_is_ignored),
        T_CASE("P-VMSG-10 of two acknowledgements the newer counts",
               of_two_acknowledgements_the_newer_counts),
        T_CASE("P-VMSG-10 an older epoch acknowledges nothing",
               an_older_epoch_acknowledges_nothing),
        T_CASE("what does not fit waits for the next answer",
               what_does_not_fit_waits_for_the_next_answer),
        T_CASE("many small ones go at once", many_small_ones_go_at_once),
        T_CASE("P-VMSG-11 nothing is sent under a pending root",
               nothing_is_sent_under_a_pending_root),
        T_CASE("P-VMSG-11 a store that was put back sends nothing before an attest",
               a_store_that_was_put_back_sends_nothing_before_an_attest),
        T_CASE("a demanded rekey is said in every answer",
               a_demanded_rekey_is_said_in_every_answer),
        T_CASE("P-VMSG-13 bodies that wait are wrapped", bodies_that_wait_are_wrapped),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
