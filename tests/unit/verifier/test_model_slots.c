/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the counterexamples of tests/model/slots.pml against the verifier's flows: E1 to E4 name
 * what a thief of the chain key did, and nothing that an honest device, a crash, a loss of state or
 * a store that went back does. The device's half is in tests/unit/agent/test_model_messages.c.
 */
#include <string.h>

#include "ratchet/plan.h"
#include "replay.h"

static void send(struct world *w, const struct soft_device *d, const struct soft_log *log,
                 struct pawl_view cose)
{
    static struct soft_answer a;

    world_says(w, d, &log->e, &cose, 1, &a);
}

/* A message of a thief of log's chain: another text in this slot. */
static struct pawl_view forge(const struct soft_log *log, uint64_t seq)
{
    struct soft_epoch thief = log->e;

    thief.seq = seq;
    return soft_app(&thief, UINT64_C(9) << 32 | seq, "forged");
}

static struct pawl_receipt receipt_of(struct world *w, uint8_t ret_hash[32])
{
    struct pawl_receipt r;
    struct pawl_view    bytes = t_copy(world_result(w).receipt);

    T_OK(pawl_receipt_parse(bytes, &r, &w->err), &w->err);
    T_OK(pawl_sha256(bytes, ret_hash, &w->err), &w->err);
    return r;
}

/* The device heeds the receipt of the last result: what it lists leaves the log (D6). */
static void prunes(struct world *w, struct soft_log *log)
{
    uint8_t             hash[32];
    struct pawl_receipt r = receipt_of(w, hash);
    size_t              n = 0;

    while (n < log->gen_n && n < r.gen_n && r.gens[n].gen == log->gen[n].gen &&
           r.gens[n].epoch == log->gen[n].epoch)
        n++;
    soft_log_prune(log, n);
}

/* The leaves that the last result asks for: those of the first generation of the log. */
static void supplies(struct world *w, const struct soft_log *log)
{
    static uint8_t     b[64 * 1024];
    struct pawl_wr     out = pawl_wr_to(b, sizeof(b));
    struct pawl_supply m = { .ticket = t_copy(world_result(w).ticket), .leaves_n = 1 };

    m.leaves[0].epoch = log->gen[0].epoch;
    m.leaves[0].gen = log->gen[0].gen;
    m.leaves[0].leaves = soft_log_leaves(log, 0);
    T_OK(pawl_supply_write(&m, &out, &w->err), &w->err);
    world_takes(w, flow_supply, t_copy(pawl_view(out.p, out.n)), 200);
}

static void attests(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct soft_evidence ev;

    world_log_attests(w, d, log, PAWL_LABEL_ATTEST, &ev);
}

/* ---- an honest device ------------------------------------------------------------------------ */

/* Between the quote of a rekey and its answer the device goes on in the old epoch. Then the new
 * epoch's first message overtakes that one. */
static void what_was_sent_behind_the_quote_is_not_stolen(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    soft_log_snd(&log, &ev.a1);
    struct pawl_view late = soft_log_say(&log, "late"); /* slot 4, epoch 1 */
    world_sends(&w, &ev);
    world_adopt(&w, &d, &ev, NULL);
    soft_log_turn(&d, &log);
    world_log_says(&w, &d, &log, 1); /* slot 5, epoch 2 */
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 2);
    send(&w, &d, &log, late);
    attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* A receipt that lists a generation of which a message is still on its way lets the device forget
 * its leaf: then nobody could say whose the message is that comes at last. */
static void a_receipt_waits_for_what_is_late(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 1);
    struct pawl_view late = soft_log_say(&log, "late");
    world_log_says(&w, &d, &log, 1);
    attests(&w, &d, &log);
    prunes(&w, &log);
    assert_int_equal(log.gen_n, 1);
    supplies(&w, &log); /* now the verifier holds the attested leaf */
    attests(&w, &d, &log);
    prunes(&w, &log);
    assert_int_equal(log.gen_n, 0);
    send(&w, &d, &log, late);
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 1);
    attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* A crash took leaves that were not in the log yet; their messages came, or come later. */
static void slots_that_a_crash_left_unknown_are_not_judged(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, disk;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 2);
    disk = log;
    world_log_says(&w, &d, &log, 1);
    struct pawl_view late = soft_log_say(&log, "late");
    log = disk;
    log.e.seq = 257;
    soft_log_open(&log);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.snd.unknown_n = 1;
    ev.a1.snd.unknown[0] = (struct pawl_range){ 3, 18 };
    world_sends(&w, &ev);
    send(&w, &d, &log, late);
    world_log_says(&w, &d, &log, 1);
    attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* ---- a loss of state ------------------------------------------------------------------------- */

static void attests_without_a_log(struct world *w, struct soft_device *d, enum pawl_label label,
                                  uint64_t seq_hi)
{
    struct soft_evidence ev;

    world_begin(w, d, label, &ev);
    ev.a1.snd = (struct pawl_snd){ .seq_hi = seq_hi, .reserved_hi = seq_hi };
    ev.a1.snd.epoch = label == PAWL_LABEL_ATTEST ? d->root.epoch : 0;
    world_sends(w, &ev);
    if (label == PAWL_LABEL_RESYNC)
        world_adopt(w, d, &ev, NULL);
}

static void what_was_sent_before_a_loss_is_not_judged(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    struct pawl_view late = soft_log_say(&log, "late");
    soft_device_forget(&d);
    struct pawl_refusal no = replay_refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    attests_without_a_log(&w, &d, PAWL_LABEL_RESYNC, no.seq_floor_up - 1);
    send(&w, &d, &log, late);
    attests_without_a_log(&w, &d, PAWL_LABEL_ATTEST, no.seq_floor_up - 1);
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 2);
    attests_without_a_log(&w, &d, PAWL_LABEL_ATTEST, no.seq_floor_up - 1);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* The floor that a device is told after a loss is above every slot that was ever taken. */
static void no_slot_is_taken_at_or_above_the_floor(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_epoch      e;

    world_make(&w);
    world_speaks(&w, &d, &log);
    e = log.e;
    e.seq = PAWL_SLOT_CEILING + 1;
    soft_generation(&e, 1);
    struct pawl_view above = soft_app(&e, 1, "above");
    world_refuses(&w, flow_messages, soft_request(&d, &above, 1, false), PAWL_E_DENIED,
                  "messages.COSE");
    e.seq = PAWL_SLOT_CEILING;
    soft_generation(&e, 1);
    struct pawl_view highest = soft_app(&e, 1, "highest");
    send(&w, &d, &log, highest);
    soft_device_forget(&d);
    struct pawl_refusal no = replay_refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    assert_true(no.seq_floor_up == PAWL_SLOT_CEILING + 1);
    attests_without_a_log(&w, &d, PAWL_LABEL_RESYNC, no.seq_floor_up - 1);
    attests_without_a_log(&w, &d, PAWL_LABEL_ATTEST, no.seq_floor_up - 1);
    soft_log_turn(&d, &log);
    e = log.e;
    e.seq = no.seq_floor_up;
    soft_generation(&e, 0);
    struct pawl_view next = soft_app(&e, 2, "next");
    send(&w, &d, &log, next);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* ---- the store went back --------------------------------------------------------------------- */

static void a_receipt_of_the_lost_store_excuses_what_it_let_go(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;
    uint8_t                hash[32];

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    replay_keep_store(&w);
    attests(&w, &d, &log);
    receipt_of(&w, hash);
    prunes(&w, &log);
    assert_int_equal(log.gen_n, 0);
    replay_put_back(&w); /* received three slots, and no log speaks of them any more */
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 1);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.receipt = (struct pawl_receipt_verdict){ .receipt = PAWL_VIEW_OF(hash), .verdict = 1 };
    world_sends(&w, &ev);
    attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* ---- a thief --------------------------------------------------------------------------------- */

static void two_messages_in_one_slot_are_found_at_once(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    send(&w, &d, &log, forge(&log, 1));
    struct pawl_view mine = soft_log_say(&log, "mine");
    struct pawl_view body = soft_request(&d, &mine, 1, false);
    world_takes(&w, flow_messages, body, 200);
    assert_int_equal(world_incidents(&w, RULE_E1), 1);
}

static void a_thief_of_the_old_epoch_is_found_behind_its_end(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, thief;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 2);
    thief = log;
    world_rekey(&w, &d);
    soft_log_turn(&d, &log);
    world_log_says(&w, &d, &log, 1);
    const struct pawl_view late = forge(&thief, 4);
    step_done(&w.step); /* written down, whatever he is answered */
    T_OK(flow_messages(&w.flow, soft_request(&d, &late, 1, false), &w.answer, &w.step, &w.err),
         &w.err);
    T_OK(store_commit_wait(&w.store.store, &w.step, &w.err), &w.err);
    assert_int_equal(world_incidents(&w, RULE_E2), 1);
}

/* In a slot that the device never used, and below its next snapshot. */
static void a_message_that_no_log_has_is_found(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 2);
    send(&w, &d, &log, forge(&log, 3));
    log.e.seq = 5;
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 1);
    attests(&w, &d, &log);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
}

/* In a slot that the device used: presence alone would say that all is well. */
static void a_message_in_the_place_of_another_is_found(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 2);
    soft_log_say(&log, "caught on its way");
    send(&w, &d, &log, forge(&log, 3));
    attests(&w, &d, &log);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
}

/* The verifier's receipt claims a slot that the device has not reached: it says so, signed. */
static void a_receipt_that_claims_too_much_is_denied_by_the_device(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;
    uint8_t                hash[32];

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 2);
    send(&w, &d, &log, forge(&log, 9));
    attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
    assert_int_equal(receipt_of(&w, hash).seq_hi, 9);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.receipt = (struct pawl_receipt_verdict){ .receipt = PAWL_VIEW_OF(hash),
                                                   .verdict = 3,
                                                   .ahead_seq = 9 };
    world_sends(&w, &ev);
    assert_int_equal(world_incidents(&w, RULE_E4), 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("R_ESTART: what was sent behind the quote is not stolen",
               what_was_sent_behind_the_quote_is_not_stolen),
        T_CASE("R_COVER: a receipt waits for what is late", a_receipt_waits_for_what_is_late),
        T_CASE("UNLOGGED: slots that a crash left unknown are not judged",
               slots_that_a_crash_left_unknown_are_not_judged),
        T_CASE("R_NOLOG: what was sent before a loss is not judged",
               what_was_sent_before_a_loss_is_not_judged),
        T_CASE("R_CEIL: no slot is taken at or above the floor",
               no_slot_is_taken_at_or_above_the_floor),
        T_CASE("R_RCPT: a receipt of the lost store excuses what it let go",
               a_receipt_of_the_lost_store_excuses_what_it_let_go),
        T_CASE("R_E1: two messages in one slot are found at once",
               two_messages_in_one_slot_are_found_at_once),
        T_CASE("R_E2: a thief of the old epoch is found behind its end",
               a_thief_of_the_old_epoch_is_found_behind_its_end),
        T_CASE("R_E3: a message that no log has is found", a_message_that_no_log_has_is_found),
        T_CASE("R_E3: a message in the place of another is found",
               a_message_in_the_place_of_another_is_found),
        T_CASE("R_E4: a receipt that claims too much is denied by the device",
               a_receipt_that_claims_too_much_is_denied_by_the_device),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
