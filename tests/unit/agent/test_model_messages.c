/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the counterexamples of tests/model/slots.pml, generations.pml and downlink.pml that take
 * a rule of the device away, against the running agent and its logs: what a crash loses, what a
 * loss of state makes unknown, what comes late. Nothing of it may look like a theft.
 */
#include <string.h>
#include <unistd.h>

#include "flow/inbox.h"
#include "replay.h"
#include "scratch.h"

static struct pawl_err *const err = &agent.err;

static void flush(void)
{
    T_OK(live_flush(&agent.flow, err), err);
}

/* ---- slots -------------------------------------------------------------------------------------
 */

static void no_slot_comes_twice_behind_a_crash(void **state)
{
    uint64_t last = 0;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        for (unsigned k = 0; k < 3; k++) {
            uint64_t seq = agent_seals("x").at.seq;
            assert_true(seq > last);
            last = seq;
        }
        agent_crash(); /* with leaves that no log has */
    }
    agent_attests();
    assert_true(agent_said()->snd.seq_hi >= last);
}

/* The key of a generation together with the slot is the key of a message: a run of its own never
 * goes on in a generation of the run before. */
static void a_start_opens_a_generation_of_its_own(void **state)
{
    uint32_t next = 0;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        uint32_t gen = agent_seals("x").gen;
        assert_true(!i || gen > next);
        next = agent_seals("x").gen;
        assert_int_equal(next, gen);
        agent_crash();
    }
}

static void says_unknown(const struct pawl_range *want, size_t n)
{
    agent_attests();
    const struct pawl_snd *s = &agent_said()->snd;
    assert_int_equal(s->unknown_n, n);
    for (size_t i = 0; i < n; i++)
        assert_true(s->unknown[i].lo == want[i].lo && s->unknown[i].hi == want[i].hi);
}

/* Four messages are out, and their leaves in no log. All that may have been, and no more, is
 * unknown: the rest of the reservation counts as not sent. */
static void what_a_crash_left_unlogged_is_said_to_be_unknown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SENTLOG_BATCH + 4; i++)
        agent_seals("x");
    agent_crash();
    says_unknown(&(struct pawl_range){ SENTLOG_BATCH + 1, 2 * SENTLOG_BATCH }, 1);
    assert_int_equal(agent_said()->snd.gens[0].last_seq, SENTLOG_BATCH);
}

/* The second run logs nothing either: its slots begin at its first, not behind the last leaf. */
static void of_each_run_its_own_slots_are_unknown(void **state)
{
    const struct pawl_range both[] = {
        { 3, 2 + SENTLOG_BATCH },
        { RESERVATION_SLOTS + 1, RESERVATION_SLOTS + SENTLOG_BATCH },
    };

    (void)state;
    agent_seals("a");
    agent_seals("b");
    flush();
    agent_seals("c");
    agent_crash();
    assert_true(agent_seals("d").at.seq == RESERVATION_SLOTS + 1);
    agent_crash();
    says_unknown(both, 2);
}

/* ---- receipts ----------------------------------------------------------------------------------
 */

static const uint8_t theirs[32] = { 9 };

/* This is the receipt in the answer to the last snapshot. */
static void settles(struct pawl_receipt *r)
{
    struct pawl_a1 a1 = { .snd = { .seq_hi = r->seq_hi } };
    uint8_t        bytes[300];
    struct pawl_wr w = pawl_wr_to(bytes, sizeof(bytes));

    r->device_id = r->th1 = PAWL_VIEW_OF(theirs);
    T_OK(pawl_receipt_write(r, &w, err), err);
    T_OK(live_answered(&agent.flow, &a1, pawl_view(bytes, w.n), err), err);
}

/* What the device says to a receipt by which these three slots came, with leaves that only the
 * verifier knows. */
static unsigned verdict_on(uint64_t first_seq, uint32_t gen)
{
    uint8_t             bits = 7;
    struct pawl_receipt r = { .seq_hi = first_seq + 2, .gen_n = 1 };

    r.gens[0] = (struct pawl_rcv_gen){ 1, gen, first_seq, pawl_view(&bits, 1),
                                       PAWL_VIEW_OF(theirs) };
    settles(&r);
    agent_attests();
    return (unsigned)agent_said()->receipt.verdict;
}

static void a_receipt_over_an_unknown_range_is_not_denied(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        agent_seals("x");
    agent_crash(); /* the messages came, their leaves are gone */
    assert_int_equal(verdict_on(1, 0), 1);
    assert_int_equal(verdict_on(1, 0), 1); /* nor once a snapshot has told of it */
    uint64_t seq = agent_seals("x").at.seq;
    agent_seals("x");
    uint32_t gen = agent_seals("x").gen;
    assert_int_equal(verdict_on(seq, gen), 2); /* what is in the log is judged */
}

static void a_receipt_over_slots_before_a_loss_is_not_denied(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        agent_seals("x");
    flush();
    world.floor_up = 40000;
    T_OK(live_lose(&agent.flow, err), err);
    agent_rekeys();
    assert_int_equal(verdict_on(1, 0), 1);
}

static void a_leaf_is_kept_until_a_receipt_lists_it(void **state)
{
    (void)state;
    agent_seals("a");
    agent.now_ms += PAWL_GEN_MS;
    agent_seals("b"); /* another generation */
    agent_attests();  /* answered, without a receipt */
    settles(&(struct pawl_receipt){ .seq_hi = 2 });
    agent_rekeys(); /* .. and with one that lists nothing */
    assert_int_equal(agent_said()->snd.gen_n, 2);
    agent_crash();
    agent_attests();
    assert_int_equal(agent_said()->snd.gen_n, 2);
    world.receipts = true;
    agent_attests();
    world.receipts = false;
    agent_attests();
    assert_int_equal(agent_said()->snd.gen_n, 0);
    agent_crash();
    agent_attests();
    assert_int_equal(agent_said()->snd.gen_n, 0);
}

/* ---- floor and ceiling -------------------------------------------------------------------------
 */

static void after_a_loss_slots_go_on_at_the_floor(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        agent_seals("x");
    flush();
    flow_close(&agent.flow);
    assert_int_equal(unlink(scratch_path("state/reservation.json")), 0);
    assert_int_equal(unlink(scratch_path("state/sent.log")), 0);
    world.floor_up = 32769;
    world.floor_down = 500;
    T_OK(flow_open(&agent.config, &agent.flow, err), err);
    agent_rekeys();
    assert_true(agent_seals("x").at.seq == 32769);
    agent_crash();
    agent_attests();
    assert_true(agent_seals("x").at.seq > 32769);
}

/* The verifier would drop it; and were the state lost then, the floor would be a used slot. */
static void nothing_is_sent_above_the_ceiling(void **state)
{
    struct pawl_content c = { .type = PAWL_CONTENT_CONFIRM };
    uint8_t             bytes[PAWL_MESSAGE_MAX];
    struct pawl_wr      w = pawl_wr_to(bytes, sizeof(bytes));
    uint64_t            seq;

    (void)state;
    T_OK(reservation_floor(agent.flow.dir.fd, &agent.flow.reserved, PAWL_SLOT_CEILING, err), err);
    assert_true(agent_seals("x").at.seq == PAWL_SLOT_CEILING);
    T_FAILS(live_seal(&agent.flow, &c, &w, &seq, err), err, PAWL_E_STATE);
    agent_script(0)->answer = FAKE_AWAY; /* a snapshot that nobody answered raises nothing */
    T_FAILS(flow_attest(&agent.flow, PAWL_REASON_SCHEDULE, &agent.answer, err), err, PAWL_E_IO);
    T_FAILS(live_seal(&agent.flow, &c, &w, &seq, err), err, PAWL_E_STATE);
    agent_crash();
    T_FAILS(live_seal(&agent.flow, &c, &w, &seq, err), err, PAWL_E_STATE);
    agent_attests();
    assert_true(agent_seals("x").at.seq > PAWL_SLOT_CEILING);
}

/* ---- the downlink ------------------------------------------------------------------------------
 */

/* An answer of /messages with this one message. */
static size_t arrives(struct pawl_view cose)
{
    static uint8_t           bytes[PAWL_RESULT_MAX];
    struct pawl_wr           w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_messages_ans ans = { .n = 1 };
    struct flow_messages     done = { 0 };

    ans.cose[0] = cose;
    T_OK(pawl_messages_ans_write(&ans, &w, err), err);
    T_OK(inbox_take(&agent.flow, t_copy(pawl_view(bytes, w.n)), &done, err), err);
    return done.received;
}

/* What applications get, each once. */
static size_t handed_on(void)
{
    static uint8_t body[PAWL_BODY_MAX];
    uint64_t       id = 0;
    size_t         n, count = 0;

    while (pawl_is_ok(inbox_next(agent.flow.live.inbox, id, &id, body, sizeof(body), &n, err))) {
        assert_true(rcvlog_has_id(agent.flow.live.received, id)); /* durable by now */
        T_OK(spool_take(agent.flow.live.inbox, id, err), err);
        count++;
    }
    T_OK(spool_sync(agent.flow.live.inbox, err), err);
    return count;
}

static unsigned moments;

static void keep_moment(const char *name)
{
    (void)name;
    agent_keep(++moments);
}

/* At each moment between its arrival and the end of the exchange the device crashes; then the
 * message comes again. */
static void a_message_is_handed_on_once_wherever_it_crashes(void **state)
{
    struct pawl_view m = agent_downlink(&world.current, 0, 1, 1);

    (void)state;
    moments = 0;
    agent_keep(++moments);
    point_reached = keep_moment;
    assert_int_equal(arrives(m), 1);
    point_reached = NULL;
    assert_true(moments > 2);
    for (unsigned i = 1; i <= moments; i++) {
        agent_go_back(i);
        size_t before = handed_on();
        arrives(m);
        assert_int_equal(before + handed_on(), 1);
        agent_crash(); /* it is out: never again */
        assert_int_equal(arrives(m) + handed_on(), 0);
        agent_attests();
        assert_int_equal(agent_said()->rcv.gen_n, 1);
        world.evidence_n = 0;
    }
}

/* The quote says that slot 3 was the highest. Slot 2 comes behind it: the verifier forgets what it
 * sent there, and would take an attested leaf for a thief's. */
static void a_late_slot_below_a_quote_is_not_taken(void **state)
{
    struct pawl_view late = agent_downlink(&world.current, 0, 1, 2);

    (void)state;
    assert_int_equal(arrives(agent_downlink(&world.current, 0, 1, 3)), 1);
    assert_int_equal(arrives(agent_downlink(&world.current, 0, 1, 1)), 1); /* no quote yet */
    agent_script(0)->answer = FAKE_AWAY;
    T_FAILS(flow_attest(&agent.flow, PAWL_REASON_SCHEDULE, &agent.answer, err), err, PAWL_E_IO);
    assert_true(agent_said()->rcv.seq_hi == 3);
    assert_int_equal(arrives(late), 0);
    agent_crash(); /* of that quote nothing is left */
    assert_int_equal(arrives(late), 0);
    assert_int_equal(arrives(agent_downlink(&world.current, 0, 1, 5)), 1);
    agent_attests();
    assert_int_equal(agent_said()->rcv.gen_n, 1);
    assert_true(pawl_bits_read(agent_said()->rcv.gens[0].bitmap) == (1 | 4 | 16));
    assert_int_equal(arrives(agent_downlink(&world.current, 0, 1, 4)), 0);
    agent_attests();
    assert_int_equal(agent_said()->rcv.gen_n, 0);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), agent_make, agent_done, NULL                                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("R_D1: no slot comes twice behind a crash", no_slot_comes_twice_behind_a_crash),
        CASE("R_NEWGEN: a start opens a generation of its own",
             a_start_opens_a_generation_of_its_own),
        CASE("UNLOGGED: what a crash left unlogged is said to be unknown",
             what_a_crash_left_unlogged_is_said_to_be_unknown),
        CASE("R_UNKRUN: of each run its own slots are unknown",
             of_each_run_its_own_slots_are_unknown),
        CASE("R_E4UNK: a receipt over an unknown range is not denied",
             a_receipt_over_an_unknown_range_is_not_denied),
        CASE("R_NOLOG: a receipt over slots before a loss is not denied",
             a_receipt_over_slots_before_a_loss_is_not_denied),
        CASE("R_D6: a leaf is kept until a receipt lists it",
             a_leaf_is_kept_until_a_receipt_lists_it),
        CASE("R_FLOOR: after a loss slots go on at the floor",
             after_a_loss_slots_go_on_at_the_floor),
        CASE("R_DCEIL: nothing is sent above the ceiling", nothing_is_sent_above_the_ceiling),
        CASE("R_D7: a message is handed on once wherever it crashes",
             a_message_is_handed_on_once_wherever_it_crashes),
        CASE("R_DLATE: a late slot below a quote is not taken",
             a_late_slot_below_a_quote_is_not_taken),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
