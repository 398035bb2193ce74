/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as the verifier takes them: what a thief of keys, a copy or a network without keys makes
 * of them, when an incident is written and when none is; and a lost race for the store.
 */
#include <string.h>

#include "flow/held.h"
#include "message_fixture.h"
#include "ratchet/plan.h"
#include "soft_messages.h"

/* An incident is all that comes of it. */
static void messages_accuse(struct world *w, const struct soft_device *d,
                            const struct pawl_view *cose, size_t n)
{
    world_takes(w, flow_messages, soft_request(d, cose, n, true), 403);
    assert_int_equal(w->answer.n, 0);
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
        messages_refused(&w, &d, &bad, 1);
    assert_non_null(strstr(w.err.why, "failed 1"));
    const struct pawl_view both[] = { bad, good };
    messages_taken(&w, &d, &e, both + 1, 1); /* 15 are allowed */
    messages_refused(&w, &d, &bad, 1);
    struct pawl_view next = soft_app(&e, 2, "next");
    messages_refused(&w, &d, &next, 1);
    assert_non_null(strstr(w.err.why, "attest"));
    w.now_ms += 120000; /* waiting is no way out */
    messages_refused(&w, &d, &next, 1);
    struct ratchet r = world_ratchet(&w, &d);
    r.accepted_ms = w.now_ms; /* an attest is */
    world_puts(&w, &d, &r);
    messages_taken(&w, &d, &e, &next, 1);
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
        messages_refused(&w, &d, &bad, 1);
        w.now_ms += 4001;
    }
    messages_taken(&w, &d, &e, &good, 1);
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
    messages_taken(&w, &d, &e, &good, 1);
    world_says(&w, &d, &e, &bad, 1, &a);
    assert_int_equal(incident_count(&w), 1);
    assert_int_equal(world_incidents(&w, RULE_E1), 1);
    assert_true(world_ratchet(&w, &d).rekey_demanded);
    assert_int_equal(a.heard[1].content.type, PAWL_CONTENT_DEMAND);
    assert_int_equal(a.heard[1].content.demand, PAWL_DEMAND_REKEY);
    /* The message that raised it is handed on too: who judges it has both. */
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:good 1/0/1/7:bad ");
    /* Again it is only a repeat, and so is any other in that slot: one incident in an epoch. */
    messages_refused(&w, &d, &bad, 1);
    thief.seq = 1;
    struct pawl_view third = soft_app(&thief, 8, "third");
    messages_refused(&w, &d, &third, 1);
    assert_int_equal(incident_count(&w), 1);
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
    messages_taken(&w, &d, &thief, &bad, 1);
    messages_taken(&w, &d, &thief, &worse, 1);
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
    messages_taken(&w, &d, &e, &one, 1);
    soft_epoch_make(&d, 2, 2, &next);
    world_grants(&w, &d, &next);
    struct pawl_view two = soft_app(&next, 2, "two");
    messages_taken(&w, &d, &next, &two, 1);
    struct pawl_view early = soft_app(&e, 9, "early"); /* slot 2 of epoch 1 */
    messages_accuse(&w, &d, &early, 1);
    assert_int_equal(world_incidents(&w, RULE_E2), 1);
    assert_int_equal(store_number(&w.store, "SELECT epoch FROM incident"), 1); /* its slot's */
    /* It is the device's in no case: it takes no slot and goes to nobody. */
    assert_string_equal(w.answer.outcome, "late 1");
    assert_string_equal(world_inbox(&w, &d), "1/0/1/1:one 2/0/2/2:two ");
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM segment WHERE kind = 0"), 2);
    messages_refused(&w, &d, &early, 1);
    struct pawl_view more = soft_app(&e, 10, "more");
    messages_refused(&w, &d, &more, 1); /* nothing that is not known already */
    assert_int_equal(incident_count(&w), 1);
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
    messages_taken(&w, &d, &e, &one, 1);
    soft_epoch_make(&d, 2, 2, &next);
    world_grants(&w, &d, &next);
    struct pawl_view two = soft_app(&next, 2, "two");
    messages_taken(&w, &d, &next, &two, 1);
    w.now_ms += 30 * 3600 * 1000;
    soft_generation(&e, 1); /* a thief of the chain opens the next generation of epoch 1 */
    struct pawl_view early = soft_app(&e, 9, "early");
    messages_accuse(&w, &d, &early, 1);
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
    messages_taken(&w, &d, &e, &one, 1);
    struct soft_epoch thief = e;
    soft_generation(&e, 1);
    struct pawl_view two = soft_app(&e, 2, "two");
    messages_taken(&w, &d, &e, &two, 1);
    struct pawl_view early = soft_app(&thief, 9, "early"); /* slot 2 in generation 0 */
    messages_taken(&w, &d, &e, &early, 1);
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
    messages_taken(&w, &d, &e, &one, 1);
    struct ratchet r = world_ratchet(&w, &d);
    r.attested_hi = 5; /* and no generation listed */
    world_puts(&w, &d, &r);
    messages_taken(&w, &d, &e, &two, 1);
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
    messages_taken(&w, &d, &e, &one, 1);
    soft_epoch_make(&d, 2, 6, &next);
    world_grants(&w, &d, &next);
    struct pawl_view two = soft_app(&next, 2, "two");
    messages_taken(&w, &d, &next, &two, 1);
    struct ratchet r = world_ratchet(&w, &d);
    r.attested_hi = 5; /* and no generation listed */
    world_puts(&w, &d, &r);
    struct pawl_view late = soft_app(&e, 9, "late"); /* slot 2 of epoch 1 */
    messages_accuse(&w, &d, &late, 1);
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
    messages_refused(&w, &d, &bad, 1);
    world_says(&w, &d, &e, &good, 1, &a);
    assert_true(soft_is_acked(&a, 1));
    assert_int_equal(incident_count(&w), 1);
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
    messages_taken(&w, &d, &e, &cose, 1);
    memcpy(b, cose.p, cose.n);
    struct pawl_msg m;
    T_OK(pawl_msg_parse(cose, &m, &w.err), &w.err);
    b[m.ciphertext.p - cose.p] ^= 1;
    const struct pawl_view bad[] = { cose, pawl_view(b, cose.n), cose };
    messages_refused(&w, &d, bad, 3);
    assert_int_equal(incident_count(&w), 0);
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
    messages_taken(&w, &d, &e, &two, 1);
    T_FAILS(store_commit_wait(&w.store.store, &step, &w.err), &w.err, PAWL_E_CONFLICT);
    messages_taken(&w, &d, &e, &one, 1);
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
