/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what a device attests is held against what came and what was sent; the receipt says so in
 * words that the EAR names; leaves are asked for where messages are missing, and tell which slot
 * was forged; and nothing of it accuses an honest device, whatever is lost, late or put back. */
#include <string.h>

#include "flow/held.h"
#include "soft_log.h"

static struct pawl_receipt receipt_of(struct world *w)
{
    static struct pawl_receipt r;
    struct pawl_result         result = world_result(w);
    uint8_t                    hash[32];
    char                       text[48];

    assert_true(result.receipt.n > 0);
    T_OK(pawl_receipt_parse(t_copy(result.receipt), &r, &w->err), &w->err);
    T_OK(pawl_sha256(result.receipt, hash, &w->err), &w->err);
    T_OK(pawl_b64url_write(PAWL_VIEW_OF(hash), text, sizeof(text), &w->err), &w->err);
    EAR *ear = world_ear(w);
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), "rcpt")), text);
    return r;
}

static void receipt_has(struct world *w, const struct soft_log *log, size_t i, uint64_t bits)
{
    struct pawl_receipt r = receipt_of(w);
    uint8_t             leaf[PAWL_GEN_MESSAGES][PAWL_LEAF], digest[32];

    for (size_t k = 0; k < r.gen_n; k++) {
        if (r.gens[k].epoch != log->gen[i].epoch || r.gens[k].gen != log->gen[i].gen)
            continue;
        assert_int_equal(r.gens[k].first_seq, log->gen[i].first);
        assert_true(pawl_bits_read(r.gens[k].bitmap) == bits);
        memcpy(leaf, soft_log_leaves(log, i).p, soft_log_leaves(log, i).n);
        T_OK(pawl_leaves_digest_of((const uint8_t(*)[PAWL_LEAF])leaf, bits, digest, &w->err),
             &w->err);
        assert_memory_equal(r.gens[k].digest.p, digest, 32);
        return;
    }
    fail_msg("the receipt does not list generation %u", (unsigned)log->gen[i].gen);
}

/* A message of the thief: the same keys, another text, in the slot that e is at. */
static struct pawl_view forge(const struct soft_log *log, uint64_t seq)
{
    struct soft_epoch thief = log->e;

    thief.seq = seq;
    return soft_app(&thief, UINT64_C(9) << 32 | seq, "forged");
}

static void send(struct world *w, const struct soft_device *d, const struct soft_log *log,
                 struct pawl_view cose)
{
    static struct soft_answer a;

    world_says(w, d, &log->e, &cose, 1, &a);
}

/* The supply that the last result asked for: leaves of these generations of the log. */
static struct pawl_view supply(struct world *w, const struct soft_log *log, size_t first, size_t n)
{
    static uint8_t     b[64 * 1024];
    struct pawl_wr     out = pawl_wr_to(b, sizeof(b));
    struct pawl_supply m = { .ticket = t_copy(world_result(w).ticket), .leaves_n = n };

    for (size_t i = 0; i < n; i++) {
        m.leaves[i].epoch = log->gen[first + i].epoch;
        m.leaves[i].gen = log->gen[first + i].gen;
        m.leaves[i].leaves = soft_log_leaves(log, first + i);
    }
    T_OK(pawl_supply_write(&m, &out, &w->err), &w->err);
    return t_copy(pawl_view(b, out.n));
}

/* ---- honest --------------------------------------------------------------------------------- */

static void an_honest_device_gets_a_receipt(void **state) /* P-REC-4 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 5);
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 3);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    struct pawl_receipt r = receipt_of(&w);
    assert_int_equal(r.gen_n, 2);
    assert_int_equal(r.seq_hi, 8);
    assert_true(pawl_view_equal(r.device_id, PAWL_VIEW_OF(d.id)));
    assert_true(pawl_view_equal(r.th1, ev.attest.nonce));
    receipt_has(&w, &log, 0, 0x1f);
    receipt_has(&w, &log, 1, 0x07);
    assert_false(world_result(&w).want.present);
    assert_int_equal(world_result(&w).ticket.n, 0);
    assert_int_equal(world_ratchet(&w, &d).attested_hi, 8);

    /* The receipt lets it forget: what is not listed any more accuses nobody. */
    soft_log_prune(&log, 2);
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 2);
    world_log_attests(&w, &d, &log, PAWL_LABEL_REKEY, &ev);
    receipt_has(&w, &log, 0, 0x03);
    world_adopt(&w, &d, &ev, NULL);
    soft_log_turn(&d, &log);
    world_log_says(&w, &d, &log, 2);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    receipt_has(&w, &log, 1, 0x03);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void late_and_lost_messages_accuse_nobody(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 2);
    struct pawl_view late = soft_log_say(&log, "late");
    soft_log_say(&log, "lost");
    world_log_says(&w, &d, &log, 1);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    struct pawl_result r = world_result(&w);
    assert_int_equal(r.want.gen_n, 1);
    assert_int_equal(r.want.gen[0].gen, 0);
    assert_int_equal(receipt_of(&w).gen_n, 0); /* it must keep the leaves that we do not have */
    send(&w, &d, &log, late);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(receipt_of(&w).gen_n, 0);
    world_takes(&w, flow_supply, supply(&w, &log, 0, 1), 200);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    receipt_has(&w, &log, 0, 0x17); /* covered: the leaf of the fourth is with us */
    assert_false(world_result(&w).want.present);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void slots_that_a_crash_left_unknown_accuse_nobody(void **state) /* UNK */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 2);
    struct soft_log logged = log; /* what was on the disk when it crashed */
    world_log_says(&w, &d, &log, 2);
    log.gen[0].last = logged.gen[0].last;
    log.e.seq = 21;
    soft_log_open(&log);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.snd.unknown_n = 1;
    ev.a1.snd.unknown[0] = (struct pawl_range){ 3, 18 };
    world_sends(&w, &ev);
    assert_int_equal(world_all_incidents(&w), 0);
    world_log_says(&w, &d, &log, 1);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void a_device_without_messages_gets_no_receipt(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    world_attest(&w, &d);
    assert_int_equal(world_result(&w).receipt.n, 0);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation"), 0);
}

static void what_is_covered_leaves_the_store_when_it_is_old(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    soft_log_prune(&log, 1);
    world_attest(&w, &d);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 0"), 1);
    w.now_ms += PAWL_LATE_MS + 1;
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 0"), 0);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* ---- c: the man in the middle with the chain key -------------------------------------------- */

static void e3_a_replaced_message_is_named_by_its_leaves(void **state) /* THIEF, R_E3 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    struct pawl_view mine = soft_log_say(&log, "genuine");
    send(&w, &d, &log, forge(&log, 4)); /* on the way, in place of the device's own */
    world_log_says(&w, &d, &log, 1);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
    struct pawl_result r = world_result(&w);
    assert_true(r.want.rekey_now);
    assert_int_equal(r.want.gen_n, 1);
    assert_true(r.ticket.n > 0);
    /* The device sees it in the receipt: the slots are said to have come, and the digest is
     * another. */
    struct pawl_receipt receipt = receipt_of(&w);
    uint8_t             digest[32];
    assert_int_equal(receipt.gen_n, 1);
    T_OK(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])log.leaf, 5, digest, &w.err), &w.err);
    assert_memory_not_equal(receipt.gens[0].digest.p, digest, 32);

    world_takes(&w, flow_supply, supply(&w, &log, 0, 1), 200);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_private(ear, "sw"), "affirming");
    assert_string_equal(ear_private(ear, "keys"), "contraindicated");
    assert_int_equal(world_result(&w).conf_v.n, 0);
    assert_int_equal(world_all_incidents(&w), 1); /* one for each epoch */
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    receipt_has(&w, &log, 0, 0x17);
    send(&w, &d, &log, mine); /* it may still come */
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    receipt_has(&w, &log, 0, 0x1f);
}

static void e3_a_message_in_a_slot_that_the_device_never_used(void **state) /* THIEF, R_E3 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    send(&w, &d, &log, forge(&log, 4));
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(world_all_incidents(&w), 0); /* above the snapshot */
    log.e.seq = 6;
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 1);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
}

static void e3_a_generation_that_the_device_never_opened(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    static struct soft_log thief;
    thief = log;
    soft_log_open(&thief);
    send(&w, &d, &thief, forge(&thief, 4));
    log.e.seq = 5;
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
}

static void e4_the_device_denies_the_receipt(void **state) /* R_E4 */
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
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    T_OK(pawl_sha256(world_result(&w).receipt, hash, &w.err), &w.err);
    for (unsigned verdict = 1; verdict <= 3; verdict++) {
        world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
        soft_log_snd(&log, &ev.a1);
        ev.a1.receipt = (struct pawl_receipt_verdict){ .receipt = PAWL_VIEW_OF(hash),
                                                       .verdict = verdict,
                                                       .ahead_seq = verdict == 3 ? 9 : 0 };
        world_sends(&w, &ev);
        assert_int_equal(world_incidents(&w, RULE_E4), verdict >= 2);
    }
}

static void e4_what_was_denied_is_not_claimed_again(void **state)
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
    send(&w, &d, &log, forge(&log, 9));
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(receipt_of(&w).seq_hi, 9);
    T_OK(pawl_sha256(world_result(&w).receipt, hash, &w.err), &w.err);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.receipt = (struct pawl_receipt_verdict){ .receipt = PAWL_VIEW_OF(hash),
                                                   .verdict = 3,
                                                   .ahead_seq = 9 };
    world_sends(&w, &ev);
    assert_int_equal(world_incidents(&w, RULE_E4), 1);
    assert_int_equal(receipt_of(&w).seq_hi, 3);
    world_log_says(&w, &d, &log, 1); /* and no acknowledgement speaks of it either */
}

/* The device died and went on behind the forged slot: its seq_hi is one that it never used, and a
 * receipt that named it would be denied again, in the next epoch too. */
static void e4_nor_is_a_slot_that_a_restart_skipped(void **state)
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
    send(&w, &d, &log, forge(&log, 9));
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    T_OK(pawl_sha256(world_result(&w).receipt, hash, &w.err), &w.err);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.snd.seq_hi = 256;
    ev.a1.receipt = (struct pawl_receipt_verdict){ .receipt = PAWL_VIEW_OF(hash),
                                                   .verdict = 2,
                                                   .ahead_seq = 9 };
    world_sends(&w, &ev);
    assert_int_equal(world_incidents(&w, RULE_E4), 1);
    assert_int_equal(receipt_of(&w).seq_hi, 3);
}

/* The thief goes on while his first slot is denied. Nobody has denied the second one yet, and when
 * that is denied too, a clean snapshot does not begin the window behind it. */
static void e4_what_came_above_the_denied_slot_is_still_claimed(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;
    uint8_t                hash[32];
    static const uint64_t  denied[] = { 9, 12 }, claimed[] = { 12, 3 };

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    send(&w, &d, &log, forge(&log, 9));
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    T_OK(pawl_sha256(world_result(&w).receipt, hash, &w.err), &w.err);
    send(&w, &d, &log, forge(&log, 12));
    int64_t clean_ms = world_ratchet(&w, &d).clean_ms;
    for (size_t i = 0; i < 2; i++) {
        world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
        soft_log_snd(&log, &ev.a1);
        ev.a1.receipt = (struct pawl_receipt_verdict){ .receipt = PAWL_VIEW_OF(hash),
                                                       .verdict = 3,
                                                       .ahead_seq = denied[i] };
        world_sends(&w, &ev);
        assert_int_equal(receipt_of(&w).seq_hi, claimed[i]);
        T_OK(pawl_sha256(world_result(&w).receipt, hash, &w.err), &w.err);
    }
    w.now_ms += 1000;
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(world_ratchet(&w, &d).clean_hi, 3);
    assert_int_equal(world_ratchet(&w, &d).clean_ms, clean_ms);
}

/* The thief speaks in a generation that the device closed an hour ago, above the snapshot: the row
 * stays until a snapshot was above it. */
static void e3_a_forged_message_in_an_old_generation_is_kept_until_it_is_judged(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    w.now_ms += PAWL_LATE_MS + 60000;
    send(&w, &d, &log, forge(&log, 4));
    soft_log_prune(&log, 1);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(world_all_incidents(&w), 0);
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 3);
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
}

/* ---- the store went back -------------------------------------------------------------------- */

static void a_receipt_of_a_lost_store_accuses_nobody(void **state) /* F_RCPT, STALE */
{
    (void)state;
    static const uint8_t   lost[32] = { 1, 2, 3 };
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3); /* received, and not attested in this store */
    soft_log_prune(&log, 1);         /* under a receipt that only the lost store knew */
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 1);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.receipt = (struct pawl_receipt_verdict){ .receipt = PAWL_VIEW_OF(lost), .verdict = 1 };
    world_sends(&w, &ev);
    assert_int_equal(world_all_incidents(&w), 0);
    assert_int_equal(world_ratchet(&w, &d).unattested_hi, 3);
}

/* Our downlink as a row has it: slots 1 to 4 of generation 0. */
static void we_sent(struct world *w, const struct soft_device *d)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    PAWL_CLEANUP(step_done) struct step step = { .touches_device = true };
    struct held_generation             *one;

    step.device = world_record(w, d);
    memcpy(step.tenant, step.device.tenant, sizeof(step.tenant));
    T_OK(held_open(&w->flow, &step.device, &h, &w->err), &w->err);
    T_OK(held_generation(&h, PAWL_DOWN, h.r.current.epoch, 0, true, &one, &w->err), &w->err);
    one->g.first_seq = 1;
    one->g.have = 0xf;
    for (unsigned i = 0; i < 4; i++)
        memset(one->g.leaf[i], 0x44, PAWL_LEAF);
    one->changed = true;
    h.r.down_next = 5;
    T_OK(held_plan(&h, &step, &w->err), &w->err);
    T_OK(store_commit_wait(&w->store.store, &step, &w->err), &w->err);
}

/* A device that got n of them, each with this byte. */
static void it_got(struct soft_evidence *ev, uint8_t n, uint8_t byte, const struct soft_device *d)
{
    static uint8_t  leaf[8][PAWL_LEAF], digest[32], bits;
    struct pawl_err err;

    memset(leaf, byte, sizeof(leaf));
    bits = (uint8_t)((1u << n) - 1);
    T_OK(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])leaf, n, digest, &err), &err);
    ev->a1.rcv = (struct pawl_rcv){ .seq_hi = n, .gen_n = 1 };
    ev->a1.rcv.gens[0] = (struct pawl_rcv_gen){ .epoch = d->root.epoch,
                                                .first_seq = 1,
                                                .bitmap = pawl_view(&bits, 1),
                                                .digest = PAWL_VIEW_OF(digest) };
}

static void e7_a_downlink_message_that_we_never_sent(void **state)
{
    (void)state;
    static const struct {
        uint8_t n, byte;
        int64_t incidents;
    } got[] = { { 4, 0x44, 0 }, { 3, 0x44, 0 }, { 4, 0x45, 1 }, { 5, 0x44, 1 } };

    for (size_t i = 0; i < 4; i++) {
        WORLD                w;
        DEVICE               d;
        struct soft_evidence ev;
        world_make(&w);
        world_settled(&w, &d);
        we_sent(&w, &d);
        world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
        it_got(&ev, got[i].n, got[i].byte, &d);
        world_sends(&w, &ev);
        assert_int_equal(world_incidents(&w, RULE_E7), got[i].incidents);
        assert_int_equal(world_ratchet(&w, &d).down_next, got[i].n == 5 ? 6 : 5);
        assert_int_equal(world_ratchet(&w, &d).down_attested, got[i].n);
    }
}

static int64_t restored_at;

static int64_t restored_ms(void *self)
{
    (void)self;
    return restored_at;
}

static void a_store_that_was_put_back_follows_the_downlink(void **state) /* P-REC-6 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    we_sent(&w, &d);
    w.store.store.restored_ms = restored_ms;
    restored_at = w.now_ms;
    for (unsigned i = 0; i < 2; i++) { /* and once more, for a lost answer */
        world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
        it_got(&ev, 7, 0x99, &d);
        world_sends(&w, &ev);
        assert_int_equal(world_all_incidents(&w), 0);
        assert_int_equal(world_incidents(&w, RULE_BACK), 1); /* told, and of us */
        /* Once: late answers of the other store share no slot with ours. */
        assert_int_equal(world_ratchet(&w, &d).down_next, 8 + PAWL_SLOT_WINDOW);
    }
    w.now_ms += PAWL_REKEY_MIN_MS;
    world_rekey(&w, &d); /* the epoch behind it is judged again */
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    it_got(&ev, 7, 0x99, &d);
    world_sends(&w, &ev);
    assert_int_equal(world_incidents(&w, RULE_E7), 1);
    restored_at = 0;
}

static void sent_leaves_are_kept_until_the_list_begins_behind_them(void **state) /* P-REC-5 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    we_sent(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    it_got(&ev, 4, 0x44, &d);
    world_sends(&w, &ev);
    world_attest(&w, &d);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 1"), 1);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    it_got(&ev, 4, 0x44, &d);
    ev.a1.rcv.gens[0].gen = 1;
    ev.a1.rcv.gens[0].bitmap.n = 0;
    world_sends(&w, &ev);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE dir = 1"), 0);
}

/* ---- supply --------------------------------------------------------------------------------- */

/* A device whose second of three messages is missing, and the supply that was asked for. */
static struct pawl_view begin_supply(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct soft_evidence ev;

    world_make(w);
    world_speaks(w, d, log);
    world_log_says(w, d, log, 1);
    soft_log_say(log, "lost");
    world_log_says(w, d, log, 1);
    world_log_attests(w, d, log, PAWL_LABEL_ATTEST, &ev);
    return supply(w, log, 0, 1);
}

static void a_supply_is_answered_by_the_same_verdict(void **state) /* P-SUPPLY-3 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    struct pawl_view body = begin_supply(&w, &d, &log);
    EAR             *before = world_ear(&w);
    w.now_ms += 5000;
    for (unsigned i = 0; i < 2; i++) { /* it may be repeated */
        world_takes(&w, flow_supply, body, 200);
        EAR *after = world_ear(&w);
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(after, "eat_nonce")),
                            cJSON_GetStringValue(cJSON_GetObjectItem(before, "eat_nonce")));
        assert_string_equal(ear_status(after), ear_status(before));
        assert_true(cJSON_Compare(cJSON_GetObjectItem(after, "submods"),
                                  cJSON_GetObjectItem(before, "submods"), true));
        assert_int_equal(cJSON_GetObjectItem(after, "iat")->valueint,
                         cJSON_GetObjectItem(before, "iat")->valueint + 5);
        assert_false(world_result(&w).want.present);
        assert_int_equal(world_result(&w).receipt.n, 0);
    }
    assert_int_equal(world_record(&w, &d).seen_s, w.now_ms / 1000);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void a_ticket_is_for_its_request_alone(void **state) /* P-SUPPLY-1, P-SUPPLY-2 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;
    struct pawl_supply     m;
    uint8_t                b[4096];

    struct pawl_view body = begin_supply(&w, &d, &log);
    T_OK(pawl_supply_parse(body, &m, &w.err), &w.err);
    for (size_t i = 0; i < m.ticket.n; i += 5) {
        struct pawl_view bad = t_copy(body);
        ((uint8_t *)bad.p)[(size_t)(m.ticket.p - body.p) + i] ^= 0x20;
        world_refuses(&w, flow_supply, bad, PAWL_E_FORGED, "supply.ticket");
    }
    w.now_ms += PAWL_TICKET_TTL_MS + 1;
    world_refuses(&w, flow_supply, body, PAWL_E_EXPIRED, "supply.ticket");
    w.now_ms -= 1;
    m.leaves[0].dir = 1;
    struct pawl_wr out = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_supply_write(&m, &out, &w.err), &w.err);
    world_refuses(&w, flow_supply, pawl_view(b, out.n), PAWL_E_DENIED, "supply.leaves.dir");
    world_log_attests(&w, &d, &log, PAWL_LABEL_ATTEST, &ev);
    world_refuses(&w, flow_supply, body, PAWL_E_EXPIRED, "supply.ticket");
}

static void leaves_that_were_not_attested_are_refused(void **state) /* P-SUPPLY-2 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    struct pawl_view body = begin_supply(&w, &d, &log);
    log.leaf[1][0] ^= 1;
    struct pawl_supply m;
    T_OK(pawl_supply_parse(body, &m, &w.err), &w.err);
    ((uint8_t *)m.leaves[0].leaves.p)[20] ^= 1;
    world_refuses(&w, flow_supply, body, PAWL_E_FORGED, "supply.leaves");
    ((uint8_t *)m.leaves[0].leaves.p)[20] ^= 1;
    world_takes(&w, flow_supply, body, 200);
}

static void a_revoked_device_supplies_nothing(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    struct pawl_view body = begin_supply(&w, &d, &log);
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    world_refuses(&w, flow_supply, body, PAWL_E_DENIED, "supply.ticket");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("an honest device gets a receipt", an_honest_device_gets_a_receipt),
        T_CASE("late and lost messages accuse nobody", late_and_lost_messages_accuse_nobody),
        T_CASE("slots that a crash left unknown accuse nobody",
               slots_that_a_crash_left_unknown_accuse_nobody),
        T_CASE("a device without messages gets no receipt",
               a_device_without_messages_gets_no_receipt),
        T_CASE("what is covered leaves the store when it is old",
               what_is_covered_leaves_the_store_when_it_is_old),
        T_CASE("E3 a replaced message is named by its leaves",
               e3_a_replaced_message_is_named_by_its_leaves),
        T_CASE("E3 a message in a slot that the device never used",
               e3_a_message_in_a_slot_that_the_device_never_used),
        T_CASE("E3 a generation that the device never opened",
               e3_a_generation_that_the_device_never_opened),
        T_CASE("E3 a forged message in an old generation is kept until it is judged",
               e3_a_forged_message_in_an_old_generation_is_kept_until_it_is_judged),
        T_CASE("E4 the device denies the receipt", e4_the_device_denies_the_receipt),
        T_CASE("E4 what was denied is not claimed again", e4_what_was_denied_is_not_claimed_again),
        T_CASE("E4: nor is a slot that a restart skipped", e4_nor_is_a_slot_that_a_restart_skipped),
        T_CASE("E4: what came above the denied slot is still claimed",
               e4_what_came_above_the_denied_slot_is_still_claimed),
        T_CASE("a receipt of a lost store accuses nobody",
               a_receipt_of_a_lost_store_accuses_nobody),
        T_CASE("E7 a downlink message that we never sent",
               e7_a_downlink_message_that_we_never_sent),
        T_CASE("a store that was put back follows the downlink",
               a_store_that_was_put_back_follows_the_downlink),
        T_CASE("sent leaves are kept until the list begins behind them",
               sent_leaves_are_kept_until_the_list_begins_behind_them),
        T_CASE("a supply is answered by the same verdict",
               a_supply_is_answered_by_the_same_verdict),
        T_CASE("a ticket is for its request alone", a_ticket_is_for_its_request_alone),
        T_CASE("leaves that were not attested are refused",
               leaves_that_were_not_attested_are_refused),
        T_CASE("a revoked device supplies nothing", a_revoked_device_supplies_nothing),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
