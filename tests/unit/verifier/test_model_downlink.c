/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the counterexamples of tests/model/downlink.pml against the verifier's flows: E7 names
 * what it never sent, and nothing that a lost answer, a crash or a store that went back leads to.
 * The device's half (R_D7, R_DLATE) is in tests/unit/agent/test_model_messages.c.
 */
#include <stdlib.h>
#include <string.h>

#include "replay.h"

/* What the device took since its last snapshot that was answered: one generation. */
struct received {
    uint64_t epoch, start, seq_hi, bits;
    uint32_t gen;
    uint8_t  leaf[PAWL_GEN_MESSAGES][PAWL_LEAF], bitmap[8], digest[32];
};

static void take(struct received *r, const struct soft_epoch *e, const struct pawl_msg *m)
{
    struct pawl_err err;

    if (!r->bits || r->gen != m->gen || r->epoch != e->root.epoch)
        *r = (struct received){ .epoch = e->root.epoch,
                                .start = m->at.gen_start_seq,
                                .gen = m->gen };
    uint64_t i = m->at.seq - r->start;
    assert_true(i < PAWL_GEN_MESSAGES);
    r->bits |= UINT64_C(1) << i;
    T_OK(pawl_leaf(m->at.seq, m->protected_, m->ciphertext, r->leaf[i], &err), &err);
    if (r->seq_hi < m->at.seq)
        r->seq_hi = m->at.seq;
}

static void fill_rcv(struct received *r, struct pawl_rcv *ret)
{
    struct pawl_err err;

    *ret = (struct pawl_rcv){ .seq_hi = r->seq_hi, .gen_n = r->bits != 0 };
    if (!r->bits)
        return;
    T_OK(pawl_leaves_digest_of((const uint8_t(*)[PAWL_LEAF])r->leaf, r->bits, r->digest, &err),
         &err);
    ret->gens[0] = (struct pawl_rcv_gen){
        .epoch = r->epoch, .gen = r->gen, .first_seq = r->start, .digest = PAWL_VIEW_OF(r->digest)
    };
    ret->gens[0].bitmap = pawl_view(r->bitmap, pawl_bits_write(r->bits, r->bitmap));
}

static void attests(struct world *w, struct soft_device *d, struct soft_log *log,
                    struct received *r, enum pawl_label label)
{
    struct soft_evidence ev;

    world_begin(w, d, label, &ev);
    soft_log_snd(log, &ev.a1);
    fill_rcv(r, &ev.a1.rcv);
    world_sends(w, &ev);
    if (label == PAWL_LABEL_REKEY) {
        world_adopt(w, d, &ev, NULL);
        soft_log_turn(d, log);
    }
}

/* One message up; what comes back is taken. How many messages that were. */
static size_t asks(struct world *w, struct soft_device *d, struct soft_log *log, struct received *r)
{
    static struct soft_answer a;
    struct pawl_view          up = soft_log_say(log, "up");

    world_says(w, d, &log->e, &up, 1, &a);
    for (size_t i = 0; i < a.n; i++)
        take(r, &log->e, &a.heard[i].m);
    return a.n;
}

/* ---- an honest verifier ---------------------------------------------------------------------- */

/* It dies between the assignment of a slot and its commit; then behind it. */
static void a_slot_that_was_not_durable_never_left(void **state)
{
    (void)state;
    WORLD                     w;
    DEVICE                    d;
    static struct soft_log    log;
    struct received           r = { 0 };
    static struct soft_answer a;
    struct answer             unsent = { .body = w.room };
    struct step               step = { 0 };

    world_make(&w);
    world_speaks(&w, &d, &log);
    struct pawl_view up = soft_log_say(&log, "up");
    T_OK(flow_messages(&w.flow, soft_request(&d, &up, 1, false), &unsent, &step, &w.err), &w.err);
    step_done(&step);
    replay_restart(&w);
    world_says(&w, &d, &log.e, &up, 1, &a);
    assert_int_equal(a.heard[0].m.at.seq, 1);
    take(&r, &log.e, &a.heard[0].m);
    for (uint64_t seq = 2; seq < 5; seq++) {
        replay_restart(&w);
        assert_int_equal(asks(&w, &d, &log, &r), 1);
        assert_int_equal(r.seq_hi, seq); /* never the same slot again */
    }
    attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* The snapshot arrives and its answer does not: the device attests the same slots once more. */
static void what_was_attested_may_be_attested_again(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct received        r = { 0 };

    world_make(&w);
    world_speaks(&w, &d, &log);
    asks(&w, &d, &log, &r);
    asks(&w, &d, &log, &r);
    for (unsigned i = 0; i < 3; i++) {
        attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
        asks(&w, &d, &log, &r);
    }
    attests(&w, &d, &log, &r, PAWL_LABEL_REKEY);
    r.bits = 0; /* this one was answered */
    asks(&w, &d, &log, &r);
    attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* ---- the store went back --------------------------------------------------------------------- */

/* A device that took three slots which the store has forgotten. */
static void begin_behind(struct world *w, struct soft_device *d, struct soft_log *log,
                         struct received *r)
{
    world_make(w);
    world_speaks(w, d, log);
    world_log_says(w, d, log, 1); /* the root is in use */
    replay_keep_store(w);
    for (unsigned i = 0; i < 3; i++)
        asks(w, d, log, r);
    assert_int_equal(r->seq_hi, 4);
    replay_put_back(w);
}

static void a_restored_store_is_silent_until_it_heard(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct received        r = { 0 };

    begin_behind(&w, &d, &log, &r);
    assert_int_equal(asks(&w, &d, &log, &r), 0);
    assert_int_equal(world_ratchet(&w, &d).down_next, 2);
    attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
    assert_int_equal(asks(&w, &d, &log, &r), 1);
}

static void a_restored_store_goes_on_behind_what_the_device_took(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct received        r = { 0 };

    begin_behind(&w, &d, &log, &r);
    attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
    r.bits = 0;
    asks(&w, &d, &log, &r);
    assert_true(r.start > 4 && r.seq_hi > 4);
    attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void a_restored_store_accuses_nobody_of_what_it_forgot(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct received        r = { 0 };

    begin_behind(&w, &d, &log, &r);
    attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
    attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
    w.now_ms += PAWL_REKEY_MIN_MS;
    attests(&w, &d, &log, &r, PAWL_LABEL_REKEY);
    r.bits = 0;
    asks(&w, &d, &log, &r); /* in the new epoch it knows all again */
    attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
    assert_int_equal(world_all_incidents(&w), 0);
    r.leaf[0][0] ^= 1;
    attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
    assert_int_equal(world_incidents(&w, RULE_E7), 1);
}

/* ---- a thief --------------------------------------------------------------------------------- */

static void every_forged_slot_that_is_attested_is_found(void **state)
{
    static const struct {
        uint64_t ours, seq;
        uint32_t gen; /* the thief's own, if it is not ours */
    } forged[] = { { 0, 1, 0 }, { 2, 3, 0 }, { 2, 2, 0 }, { 3, 9, 0 }, { 3, 2, 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
        WORLD                     w;
        DEVICE                    d;
        static struct soft_log    log;
        static struct soft_answer a;
        struct received           r = { 0 };
        struct pawl_view          up;

        world_make(&w);
        world_speaks(&w, &d, &log);
        for (uint64_t n = 0; n < forged[i].ours; n++) {
            up = soft_log_say(&log, "up");
            world_says(&w, &d, &log.e, &up, 1, &a);
            if (n + 1 != forged[i].seq) /* the thief's came in its place */
                take(&r, &log.e, &a.heard[0].m);
        }
        if (!r.bits || forged[i].gen)
            r = (struct received){ .epoch = 1, .start = 1, .gen = forged[i].gen };
        uint64_t k = forged[i].seq - r.start;
        r.bits |= UINT64_C(1) << k;
        memset(r.leaf[k], 0x66, PAWL_LEAF);
        if (r.seq_hi < forged[i].seq)
            r.seq_hi = forged[i].seq;
        attests(&w, &d, &log, &r, PAWL_LABEL_ATTEST);
        assert_int_equal(world_incidents(&w, RULE_E7), 1);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("R_DV1: a slot that was not durable never left",
               a_slot_that_was_not_durable_never_left),
        T_CASE("R_DKEEP: what was attested may be attested again",
               what_was_attested_may_be_attested_again),
        T_CASE("R_DSILENT: a restored store is silent until it heard",
               a_restored_store_is_silent_until_it_heard),
        T_CASE("R_DNEXT: a restored store goes on behind what the device took",
               a_restored_store_goes_on_behind_what_the_device_took),
        T_CASE("R_DREST: a restored store accuses nobody of what it forgot",
               a_restored_store_accuses_nobody_of_what_it_forgot),
        T_CASE("R_E7: every forged slot that is attested is found",
               every_forged_slot_that_is_attested_is_found),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
