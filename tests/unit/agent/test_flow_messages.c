/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves the device's side of an exchange of messages against a verifier that holds the real keys:
 * what goes out, again and anew; that each message arrives once whatever is lost; that nothing
 * leaves before its leaf is on the disk, and nothing is handed on before its slot is; what an
 * acknowledgement, a refusal and a full inbox lead to; and that the attest behind them takes the
 * nonce that came with them, once and while it is good.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_messages.h"
#include "fake_world.h"
#include "flow/flow.h"
#include "flow/inbox.h"
#include "scratch.h"
#include "t.h"

enum { HOUR_MS = 3600 * 1000 };

static struct config        config;
static struct flow          flow;
static struct flow_answer   answer;
static struct flow_messages done;
static struct pawl_err      err;
static int64_t              now_ms;

static int64_t clock_ms(void)
{
    return now_ms;
}

static int64_t clock_s(void)
{
    return now_ms / 1000;
}

static void open_flow(void)
{
    T_OK(flow_open(&config, &flow, &err), &err);
    flow.live.boot_ms = clock_ms;
    flow.live.wall_s = clock_s;
}

static void restart(void)
{
    flow_close(&flow);
    open_flow();
    T_OK(flow_live(&flow, &err), &err);
}

static void attest(void)
{
    T_OK(flow_attest(&flow, PAWL_REASON_SCHEDULE, &answer, &err), &err);
    flow_note(&flow, pawl_ok(), &answer, 1000, &err);
}

static void rekey(void)
{
    now_ms += HOUR_MS;
    T_OK(flow_rekey(&flow, PAWL_REASON_SCHEDULE, &answer, &err), &err);
    flow_note(&flow, pawl_ok(), &answer, 1000, &err);
    assert_true(answer.rekeyed);
}

static int new_world(void **state)
{
    scratch_empty(state);
    fake_world_new();
    config_default(&config);
    snprintf(config.net.server, sizeof(config.net.server), "gw:8443");
    snprintf(config.tenant, sizeof(config.tenant), "demo");
    snprintf(config.state, sizeof(config.state), "%s", scratch_path("state"));
    memcpy(config.verifier[0], world.signer[0].id, PAWL_SPKI_PIN);
    config.verifier_n = 1;
    now_ms = 5 * HOUR_MS;
    open_flow();
    T_OK(flow_enroll(&flow, PAWL_REASON_START, &answer, &err), &err);
    flow_note(&flow, pawl_ok(), &answer, 1000, &err);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    point_reached = NULL;
    assert_int_equal(world.opened, world.closed);
    flow_close(&flow);
    config_done(&config);
    fake_world_end();
    world = (struct fake_world){ 0 };
    return 0;
}

static struct fake_messages *const v = &fake_messages;

/* ---- what is done --------------------------------------------------------------------------- */

static void exchange(void)
{
    T_OK(flow_messages(&flow, false, &done, &err), &err);
}

static void exchange_lost(void)
{
    T_FAILS(flow_messages(&flow, false, &done, &err), &err, PAWL_E_IO);
}

static uint64_t queue(const char *body)
{
    uint64_t id = 0;

    T_OK(spool_put(flow.live.queue, 0, pawl_view_str(body), &id, &err), &err);
    T_OK(spool_sync(flow.live.queue, &err), &err);
    return id;
}

static uint64_t queued(void)
{
    return spool_facts(flow.live.queue).n;
}

/* What the verifier heard in its last request of this type. */
static const struct fake_heard *heard(enum pawl_content_type type)
{
    for (size_t i = v->heard_n; i-- && v->heard[i].post == v->posts;)
        if (v->heard[i].c.type == type)
            return &v->heard[i];
    return NULL;
}

static unsigned heard_n(enum pawl_content_type type)
{
    unsigned n = 0;

    for (size_t i = v->heard_n; i-- && v->heard[i].post == v->posts;)
        n += v->heard[i].c.type == type;
    return n;
}

/* The inbox, taken: bodies with a comma behind each. */
static void inbox_is(const char *want)
{
    static uint8_t body[PAWL_BODY_MAX];
    char           got[200] = "";
    uint64_t       id;
    size_t         n = 0, at = 0;

    while (pawl_is_ok(inbox_next(flow.live.inbox, 0, &id, body, sizeof(body), &n, &err))) {
        at += (size_t)snprintf(got + at, sizeof(got) - at, "%.*s,", (int)n, body);
        T_OK(spool_take(flow.live.inbox, id, &err), &err);
    }
    T_OK(spool_sync(flow.live.inbox, &err), &err);
    assert_string_equal(got, want);
}

/* ---- the uplink ----------------------------------------------------------------------------- */

static void each_request_carries_a_fresh_ack(void **state)
{
    uint64_t seq = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        exchange();
        assert_int_equal(heard_n(PAWL_CONTENT_ACK), 1);
        assert_true(heard(PAWL_CONTENT_ACK)->seq > seq);
        seq = heard(PAWL_CONTENT_ACK)->seq;
    }
    assert_false(done.more || done.refused || done.demand);
}

static void a_new_epoch_is_confirmed_until_it_is_answered(void **state)
{
    (void)state;
    v->loses = true;
    exchange_lost();
    assert_int_equal(heard_n(PAWL_CONTENT_CONFIRM), 1);
    exchange_lost();
    assert_int_equal(heard_n(PAWL_CONTENT_CONFIRM), 1);
    v->loses = false;
    exchange();
    assert_int_equal(heard_n(PAWL_CONTENT_CONFIRM), 1);
    exchange();
    assert_int_equal(heard_n(PAWL_CONTENT_CONFIRM), 0);
    rekey();
    exchange();
    assert_int_equal(heard_n(PAWL_CONTENT_CONFIRM), 1);
    assert_true(world.current.epoch == 2);
}

static void an_ack_frees_the_queue(void **state)
{
    uint64_t id = queue("one");

    (void)state;
    queue("two");
    exchange();
    assert_int_equal(heard_n(PAWL_CONTENT_APP), 2);
    assert_true(pawl_view_equal(heard(PAWL_CONTENT_APP)->c.body, pawl_view_str("two")));
    assert_true(heard(PAWL_CONTENT_APP)->c.id == id + 1);
    assert_int_equal(queued(), 0);
    assert_true(spool_facts(flow.live.queue).done_id == id + 1);
    exchange();
    assert_int_equal(heard_n(PAWL_CONTENT_APP), 0);
}

static void what_was_not_answered_goes_again_byte_for_byte(void **state)
{
    struct pawl_view first;

    (void)state;
    queue("one");
    v->loses = true;
    exchange_lost();
    first = heard(PAWL_CONTENT_APP)->cose;
    queue("two");
    exchange_lost();
    assert_int_equal(heard_n(PAWL_CONTENT_APP), 2);
    v->away = true;
    exchange_lost();
    v->away = v->loses = false;
    exchange();
    assert_int_equal(heard_n(PAWL_CONTENT_APP), 2);
    for (size_t i = 0; i < v->heard_n; i++)
        if (v->heard[i].c.type == PAWL_CONTENT_APP &&
            pawl_view_equal(v->heard[i].c.body, pawl_view_str("one")))
            assert_true(pawl_view_equal(v->heard[i].cose, first));
    assert_int_equal(queued(), 0);
    assert_false(done.refused);
}

/* The key of a slot is gone with its epoch, and with the process. */
static void in_another_epoch_or_process_it_is_a_new_slot_with_the_same_id(void **state)
{
    uint64_t id = queue("one"), seq;

    (void)state;
    v->loses = true;
    exchange_lost();
    seq = heard(PAWL_CONTENT_APP)->seq;
    rekey();
    exchange_lost();
    assert_true(heard(PAWL_CONTENT_APP)->c.id == id && heard(PAWL_CONTENT_APP)->seq > seq);
    assert_true(heard(PAWL_CONTENT_APP)->epoch == 2);
    seq = heard(PAWL_CONTENT_APP)->seq;
    restart();
    attest();
    v->loses = false;
    exchange();
    assert_true(heard(PAWL_CONTENT_APP)->c.id == id && heard(PAWL_CONTENT_APP)->seq > seq);
    assert_int_equal(queued(), 0);
}

static void what_is_dropped_asks_for_an_attest_and_goes_in_a_new_slot(void **state)
{
    uint64_t id = queue("one");

    (void)state;
    v->drops = true;
    exchange();
    assert_true(done.refused);
    assert_int_equal(queued(), 1);
    attest();
    v->drops = false;
    exchange();
    assert_false(done.refused);
    assert_true(heard(PAWL_CONTENT_APP)->c.id == id);
    assert_int_equal(queued(), 0);
}

/* Whoever keeps the answers would have the device confirm its epoch for ever. */
static void an_answer_that_is_empty_asks_for_an_attest_too(void **state)
{
    (void)state;
    assert_false(flow.live.confirmed);
    v->drops = true;
    exchange();
    assert_true(done.refused);
    attest();
    assert_true(flow.live.confirmed);
    exchange();
    assert_false(done.refused);
}

/* The log has room for 64 generations; the answer that fills it begins two. */
static void what_the_log_has_no_room_for_comes_behind_an_attest(void **state)
{
    (void)state;
    exchange();
    for (unsigned g = 2; g < PAWL_RCV_GENS_MAX; g++) {
        v->down_seq = v->down_start + (uint64_t)PAWL_GEN_MESSAGES * g - 2;
        exchange();
    }
    assert_false(rcvlog_is_full(flow.live.received));
    v->down_seq = v->down_start + (uint64_t)PAWL_GEN_MESSAGES * PAWL_RCV_GENS_MAX - 2;
    fake_send(7, pawl_view_str("two"));
    queue("one");
    exchange();
    assert_int_equal(queued(), 0); /* what there was room for counts */
    assert_true(rcvlog_is_full(flow.live.received));
    inbox_is("");
    attest();
    exchange();
    inbox_is("two,");
}

static void a_key_stolen_before_the_rekey_empties_no_queue(void **state)
{
    struct pawl_root old;

    (void)state;
    exchange();
    old = world.current;
    rekey();
    queue("one");
    v->thief = &old;
    exchange();
    assert_int_equal(heard_n(PAWL_CONTENT_APP), 1);
    assert_int_equal(queued(), 1);
    assert_true(done.refused);
    v->thief = NULL;
    exchange();
    assert_int_equal(queued(), 0);
    pawl_root_wipe(&old);
}

static void a_403_asks_for_an_attest_and_loses_nothing(void **state)
{
    struct pawl_view cose;

    (void)state;
    queue("one");
    v->loses = true;
    exchange_lost();
    cose = heard(PAWL_CONTENT_APP)->cose;
    v->refuses = true;
    exchange();
    assert_true(done.refused);
    attest();
    v->loses = v->refuses = false;
    exchange();
    assert_true(pawl_view_equal(heard(PAWL_CONTENT_APP)->cose, cose));
    assert_int_equal(queued(), 0);
}

static void many_go_in_several_requests_in_order(void **state)
{
    char     body[20];
    uint64_t last = 0;

    (void)state;
    for (int i = 0; i < 600; i++) {
        snprintf(body, sizeof(body), "%d", i);
        queue(body);
    }
    do {
        exchange();
        assert_true(done.sent <= PAWL_MESSAGES_N_MAX);
    } while (done.more);
    assert_int_equal(queued(), 0);
    assert_int_equal(v->posts, 3);
    for (size_t i = 0; i < v->heard_n; i++) {
        if (v->heard[i].c.type != PAWL_CONTENT_APP)
            continue;
        assert_true(v->heard[i].c.id > last);
        last = v->heard[i].c.id;
    }
}

static void the_longest_messages_go_too(void **state)
{
    static uint8_t body[PAWL_BODY_MAX] = { 7 };
    uint64_t       id;
    int            n = 0;

    (void)state;
    for (int i = 0; i < 20; i++)
        T_OK(spool_put(flow.live.queue, 0, PAWL_VIEW_OF(body), &id, &err), &err);
    T_OK(spool_sync(flow.live.queue, &err), &err);
    do {
        exchange();
        assert_int_equal(heard(PAWL_CONTENT_APP)->c.body.n, sizeof(body));
    } while (done.more && n++ < 20);
    assert_int_equal(queued(), 0);
}

static void the_compact_form_is_a_matter_of_configuration(void **state)
{
    (void)state;
    queue("full");
    exchange();
    assert_int_equal(heard(PAWL_CONTENT_APP)->form, PAWL_MSG_FULL);
    config.message_form = PAWL_MSG_COMPACT;
    queue("compact");
    exchange();
    assert_int_equal(heard(PAWL_CONTENT_APP)->form, PAWL_MSG_COMPACT);
    assert_int_equal(heard(PAWL_CONTENT_ACK)->form, PAWL_MSG_COMPACT);
}

/* ---- what is durable when ------------------------------------------------------------------- */

static char order[400];

static void note_point(const char *name)
{
    size_t n = strlen(order);

    if (!strcmp(name, "reservation.written"))
        return;
    snprintf(order + n, sizeof(order) - n, "%s ", name);
}

static void note_arrival(void)
{
    note_point("arrived");
}

static void leaves_before_they_leave_and_slots_before_they_are_handed_on(void **state) /* D2, D7 */
{
    (void)state;
    exchange();
    queue("up");
    fake_send(1024, pawl_view_str("down"));
    order[0] = 0;
    v->arrived = note_arrival;
    point_reached = note_point;
    exchange();
    point_reached = NULL;
    /* The inbox, then its slots, then what the ack took off the queue. */
    assert_string_equal(order, "sentlog.flushed arrived spool.taken spool.synced rcvlog.flushed "
                               "spool.synced ");
    inbox_is("down,");
}

/* A process that was killed between inbox and log: nobody saw it, and the verifier sends it
 * again. */
static void a_message_whose_slot_was_not_logged_comes_again_and_once(void **state)
{
    uint64_t id;

    (void)state;
    fake_send(1024, pawl_view_str("before"));
    exchange();
    T_OK(spool_put(flow.live.inbox, 2048, pawl_view_str("unlogged"), &id, &err), &err);
    T_OK(spool_sync(flow.live.inbox, &err), &err);
    restart();
    fake_send(2048, pawl_view_str("unlogged"));
    attest();
    exchange();
    assert_int_equal(done.received, 1);
    inbox_is("before,unlogged,");
    restart();
    inbox_is("");
}

/* ---- the downlink --------------------------------------------------------------------------- */

static void the_downlink_comes_once_and_is_acknowledged(void **state)
{
    (void)state;
    fake_send(1024, pawl_view_str("a"));
    fake_send(2048, pawl_view_str("b"));
    exchange();
    assert_int_equal(done.received, 2);
    assert_true(done.more); /* so that they are acknowledged at once */
    assert_false(v->down[0].acked);
    exchange();
    assert_true(v->down[0].acked && v->down[1].acked);
    assert_false(done.more);
    inbox_is("a,b,");
    exchange();
    inbox_is("");
}

/* The verifier did not hear our ack, and sends it again in another slot; or it was taken by the
 * application meanwhile, or in another process. */
static void the_same_id_in_another_slot_is_not_handed_on_again(void **state)
{
    (void)state;
    fake_send(1024, pawl_view_str("a"));
    exchange();
    v->refuses = true;
    exchange();
    v->refuses = false;
    v->down[0].acked = false;
    inbox_is("a,");
    exchange();
    v->down[0].acked = false;
    exchange();
    inbox_is("");
    restart();
    attest();
    v->down[0].acked = false;
    exchange();
    assert_int_equal(done.received, 0);
    inbox_is("");
}

static void under_a_new_epoch_it_goes_on(void **state)
{
    (void)state;
    fake_send(1024, pawl_view_str("a"));
    exchange();
    rekey();
    fake_send(2048, pawl_view_str("b"));
    exchange();
    inbox_is("a,b,");
}

/* What does not fit is not acknowledged, so it waits with the verifier. */
static void a_full_inbox_takes_the_rest_later(void **state)
{
    static uint8_t big[20000] = { 1 };
    uint64_t       id;
    size_t         n;

    (void)state;
    flow_close(&flow);
    config.inbox_max = 65536;
    restart();
    attest();
    for (uint64_t i = 1; i < 6; i++)
        fake_send(1024 * i, PAWL_VIEW_OF(big));
    exchange();
    assert_int_equal(done.received, 3);
    exchange();
    assert_int_equal(done.received, 0);
    assert_false(done.more); /* no tight loop */
    assert_true(v->down[2].acked && !v->down[3].acked && !v->down[4].acked);
    T_OK(inbox_next(flow.live.inbox, 0, &id, big, sizeof(big), &n, &err), &err);
    assert_true(id == 1024);
    T_OK(spool_take(flow.live.inbox, id, &err), &err);
    T_OK(spool_sync(flow.live.inbox, &err), &err);
    exchange();
    assert_int_equal(done.received, 1);
    exchange();
    assert_true(v->down[3].acked && !v->down[4].acked);
}

static void what_does_not_open_moves_nothing(void **state)
{
    (void)state;
    exchange();
    fake_send(1024, pawl_view_str("a"));
    queue("up");
    v->garbles = v->foreign = true;
    exchange();
    assert_int_equal(done.received, 0);
    assert_int_equal(queued(), 1); /* the ack did not open either */
    assert_true(done.refused);
    v->garbles = false;
    exchange();
    assert_int_equal(queued(), 0);
    inbox_is("a,");
}

static void demands_are_told(void **state)
{
    (void)state;
    v->demand = PAWL_DEMAND_ATTEST | PAWL_DEMAND_REKEY;
    exchange();
    assert_int_equal(done.demand, PAWL_DEMAND_ATTEST | PAWL_DEMAND_REKEY);
    v->demand = 0;
    exchange();
    assert_int_equal(done.demand, 0);
}

/* ---- when not ------------------------------------------------------------------------------- */

static void nothing_goes_while_it_may_not(void **state)
{
    (void)state;
    queue("one");
    flow.record.waits = true;
    T_FAILS(flow_messages(&flow, false, &done, &err), &err, PAWL_E_STATE);
    flow.record.waits = false;
    now_ms += 49 * HOUR_MS; /* past the hard limit: acks alone */
    exchange();
    assert_int_equal(heard_n(PAWL_CONTENT_APP), 0);
    assert_int_equal(heard_n(PAWL_CONTENT_ACK), 1);
    rekey();
    exchange();
    assert_int_equal(heard_n(PAWL_CONTENT_APP), 1);
    config.messages = false;
    T_FAILS(flow_messages(&flow, false, &done, &err), &err, PAWL_E_STATE);
}

/* ---- a nonce for the attest behind them ----------------------------------------------------- */

static void exchange_before_an_attest(void)
{
    T_OK(flow_messages(&flow, true, &done, &err), &err);
}

static const struct fake_evidence *evidence(void)
{
    return world.evidence[world.evidence_n - 1];
}

/* Attests, and says whether it did so by the nonce that came with messages, without a challenge. */
static bool attests_ahead(void)
{
    unsigned challenges = world.challenges;

    attest();
    assert_int_equal(answer.kind, FLOW_RESULT);
    bool ahead = pawl_view_equal(evidence()->a1.nonce, PAWL_VIEW_OF(fake_ahead));
    assert_int_equal(world.challenges - challenges, !ahead);
    return ahead;
}

static void an_attest_takes_the_nonce_of_the_messages_before_it_once(void **state) /* P-DEV-22 */
{
    (void)state;
    exchange_before_an_attest(); /* what a challenge says besides is not known yet */
    assert_int_equal(v->nonces, 0);
    assert_false(attests_ahead());
    exchange();
    assert_int_equal(v->nonces, 0);
    exchange_before_an_attest();
    assert_int_equal(v->nonces, 1);
    now_ms += 49999;
    assert_true(attests_ahead());
    assert_int_equal(pawl_pcr_selection_count(&evidence()->quote.pcrs), 2);
    assert_false(attests_ahead());
    v->mute = true;
    exchange_before_an_attest();
    assert_int_equal(v->nonces, 2);
    assert_false(attests_ahead());
    v->mute = false;
    v->unasked = true;
    exchange();
    assert_int_equal(v->nonces, 2);
    assert_false(attests_ahead());
}

static void a_nonce_too_old_or_for_another_request_is_not_taken(void **state)
{
    (void)state;
    attest();
    exchange_before_an_attest();
    now_ms += 50000;
    assert_false(attests_ahead());
    exchange_before_an_attest();
    unsigned challenges = world.challenges;
    size_t   before = world.evidence_n;
    T_OK(flow_rekey(&flow, PAWL_REASON_SCHEDULE, &answer, &err), &err); /* P-DEV-1 */
    assert_true(answer.rekeyed);
    assert_int_equal(world.challenges, challenges + 1);
    assert_int_equal(world.evidence_n, before + 1);
    assert_false(pawl_view_equal(evidence()->a1.nonce, PAWL_VIEW_OF(fake_ahead)));
    exchange_before_an_attest();
    restart();
    assert_false(attests_ahead());
    exchange_before_an_attest();
    now_ms += 40000;
    v->mute = true; /* the one of before does not become younger */
    exchange_before_an_attest();
    assert_false(attests_ahead());
}

static void where_its_nonce_is_refused_a_challenge_follows(void **state)
{
    (void)state;
    attest();
    exchange_before_an_attest();
    world.step[world.evidence_n].answer = FAKE_403;
    size_t   before = world.evidence_n;
    unsigned challenges = world.challenges;
    attest();
    assert_int_equal(answer.kind, FLOW_RESULT);
    assert_int_equal(world.evidence_n, before + 2);
    assert_int_equal(world.challenges, challenges + 1);
}

/* The tenant dropped the suite that stood in the last challenge: each attest would be refused. */
static void where_its_suite_is_refused_a_challenge_follows(void **state)
{
    (void)state;
    attest();
    exchange_before_an_attest();
    world.step[world.evidence_n] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_SUITE };
    size_t   before = world.evidence_n;
    unsigned challenges = world.challenges;
    attest();
    assert_int_equal(answer.kind, FLOW_RESULT);
    assert_int_equal(world.evidence_n, before + 2);
    assert_int_equal(world.challenges, challenges + 1);
}

static void where_its_answer_is_lost_the_nonce_is_gone(void **state)
{
    (void)state;
    attest();
    exchange_before_an_attest();
    world.step[world.evidence_n].answer = FAKE_LOSES;
    T_FAILS(flow_attest(&flow, PAWL_REASON_SCHEDULE, &answer, &err), &err, PAWL_E_IO);
    assert_false(attests_ahead());
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), new_world, end_world, NULL                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("each request carries a fresh ack", each_request_carries_a_fresh_ack),
        CASE("a new epoch is confirmed until it is answered",
             a_new_epoch_is_confirmed_until_it_is_answered),
        CASE("an ack frees the queue", an_ack_frees_the_queue),
        CASE("what was not answered goes again, byte for byte",
             what_was_not_answered_goes_again_byte_for_byte),
        CASE("in another epoch or process it is a new slot with the same id",
             in_another_epoch_or_process_it_is_a_new_slot_with_the_same_id),
        CASE("what is dropped asks for an attest, and goes in a new slot",
             what_is_dropped_asks_for_an_attest_and_goes_in_a_new_slot),
        CASE("an answer that is empty asks for an attest, too",
             an_answer_that_is_empty_asks_for_an_attest_too),
        CASE("what the log has no room for comes behind an attest",
             what_the_log_has_no_room_for_comes_behind_an_attest),
        CASE("a key stolen before the rekey empties no queue",
             a_key_stolen_before_the_rekey_empties_no_queue),
        CASE("a 403 asks for an attest and loses nothing",
             a_403_asks_for_an_attest_and_loses_nothing),
        CASE("many go in several requests, in order", many_go_in_several_requests_in_order),
        CASE("the longest messages go too", the_longest_messages_go_too),
        CASE("the compact form is a matter of configuration",
             the_compact_form_is_a_matter_of_configuration),
        CASE("leaves before they leave, and slots before they are handed on",
             leaves_before_they_leave_and_slots_before_they_are_handed_on),
        CASE("a message whose slot was not logged comes again, and once",
             a_message_whose_slot_was_not_logged_comes_again_and_once),
        CASE("the downlink comes once and is acknowledged",
             the_downlink_comes_once_and_is_acknowledged),
        CASE("the same id in another slot is not handed on again",
             the_same_id_in_another_slot_is_not_handed_on_again),
        CASE("under a new epoch it goes on", under_a_new_epoch_it_goes_on),
        CASE("a full inbox takes the rest later", a_full_inbox_takes_the_rest_later),
        CASE("what does not open moves nothing", what_does_not_open_moves_nothing),
        CASE("demands are told", demands_are_told),
        CASE("nothing goes while it may not", nothing_goes_while_it_may_not),
        CASE("an attest takes the nonce of the messages before it, once",
             an_attest_takes_the_nonce_of_the_messages_before_it_once),
        CASE("a nonce too old, or for another request, is not taken",
             a_nonce_too_old_or_for_another_request_is_not_taken),
        CASE("where its nonce is refused a challenge follows",
             where_its_nonce_is_refused_a_challenge_follows),
        CASE("where its suite is refused a challenge follows",
             where_its_suite_is_refused_a_challenge_follows),
        CASE("where its answer is lost the nonce is gone",
             where_its_answer_is_lost_the_nonce_is_gone),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
