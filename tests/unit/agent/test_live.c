/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves the ratchet of a running agent: the verifier opens what it seals, in slots and generations
 * that never come again whatever happens in between; limits by time and count bar what they must
 * and no more; the downlink moves on authentic messages alone; and a quote says of all that what is
 * true.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_world.h"
#include "flow/flow.h"
#include "scratch.h"
#include "state/file.h"
#include "t.h"

enum { HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

static struct config      config;
static struct flow        flow;
static struct flow_answer answer;
static struct pawl_err    err;
static int64_t            now_ms, wall;

static int64_t clock_ms(void)
{
    return now_ms;
}

static int64_t clock_s(void)
{
    return wall;
}

static void open_flow(void)
{
    T_OK(flow_open(&config, &flow, &err), &err);
    flow.live.boot_ms = clock_ms;
    flow.live.wall_s = clock_s;
}

static void attest(void)
{
    T_OK(flow_attest(&flow, PAWL_REASON_SCHEDULE, &answer, &err), &err);
    flow_note(&flow, pawl_ok(), &answer, wall, &err);
}

static void rekey(void)
{
    T_OK(flow_rekey(&flow, PAWL_REASON_SCHEDULE, &answer, &err), &err);
    flow_note(&flow, pawl_ok(), &answer, wall, &err);
    assert_true(answer.rekeyed);
}

/* As the process that starts anew; nothing is opened before the first round. */
static void restart(void)
{
    flow_close(&flow);
    open_flow();
    T_OK(flow_live(&flow, &err), &err);
}

static const struct pawl_a1 *said(void)
{
    return &world.evidence[world.evidence_n - 1]->a1;
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
    wall = 1000000;
    open_flow();
    T_OK(flow_enroll(&flow, PAWL_REASON_START, &answer, &err), &err);
    flow_note(&flow, pawl_ok(), &answer, wall, &err);
    attest();
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    flow_close(&flow);
    config_done(&config);
    fake_world_end();
    world = (struct fake_world){ 0 };
    return 0;
}

/* ---- both ends of a message ----------------------------------------------------------------- */

static struct pawl_msg_scope scope(void)
{
    return (struct pawl_msg_scope){ pawl_view_str(config.tenant),
                                    PAWL_VIEW_OF(flow.live.slot.device_id),
                                    PAWL_VIEW_OF(flow.live.slot.verifier_id) };
}

static uint8_t  sealed[PAWL_MESSAGE_MAX];
static size_t   sealed_n;
static uint64_t sealed_seq;

static pawl_status try_seal(enum pawl_content_type type, const char *body)
{
    struct pawl_wr      w = pawl_wr_to(sealed, sizeof(sealed));
    struct pawl_content c = { .type = type };

    if (type == PAWL_CONTENT_APP) {
        c.id = 7;
        c.body = pawl_view_str(body);
    }
    pawl_status s = live_seal(&flow, &c, &w, &sealed_seq, &err);
    sealed_n = w.n;
    return s;
}

static uint64_t seal(const char *body)
{
    T_OK(try_seal(PAWL_CONTENT_APP, body), &err);
    return sealed_seq;
}

/* What the verifier makes of the last one. */
static struct pawl_msg opens(const struct pawl_root *root, const char *body)
{
    static uint8_t        plain[PAWL_PLAINTEXT_MAX];
    struct pawl_msg_scope sc = scope();
    PAWL_CLEANUP(pawl_chain_wipe)
    struct pawl_chain                           chain = root->up;
    PAWL_CLEANUP(pawl_use_wipe) struct pawl_use use = { 0 };
    struct pawl_content                         c;
    struct pawl_msg                             m;
    uint8_t                                     leaf[PAWL_LEAF];
    size_t                                      n = 0;

    T_OK(pawl_msg_parse(pawl_view(sealed, sealed_n), &m, &err), &err);
    while (chain.gen < m.gen)
        T_OK(pawl_chain_skip(&chain, m.gen - chain.gen > 320 ? chain.gen + 320 : m.gen, &err),
             &err);
    T_OK(pawl_chain_open(&chain, flow.live.slot.suite, root->kid, &use, &err), &err);
    T_OK(pawl_msg_open(&use, &sc, &m, plain, sizeof(plain), &n, leaf, &err), &err);
    T_OK(pawl_content_parse(pawl_view(plain, n), &c, &err), &err);
    if (body)
        assert_true(pawl_view_equal(c.body, pawl_view_str(body)));
    assert_memory_equal(m.at.boot_id, flow.boot_id, PAWL_BOOT_ID);
    return m;
}

static uint8_t             plain[PAWL_PLAINTEXT_MAX];
static struct pawl_content got;
static struct rcvlog_slot  slot;

/* One downlink message of this root's generation; seq = gen_start. */
static struct pawl_view downlink(const struct pawl_root *root, uint32_t gen, uint64_t start,
                                 uint64_t seq)
{
    static uint8_t bytes[PAWL_MESSAGE_MAX];
    uint8_t        text[64], leaf[PAWL_LEAF];
    struct pawl_wr w = pawl_wr_to(bytes, sizeof(bytes)), p = pawl_wr_to(text, sizeof(text));
    PAWL_CLEANUP(pawl_chain_wipe) struct pawl_chain chain = root->down;
    PAWL_CLEANUP(pawl_use_wipe) struct pawl_use     use = { 0 };
    struct pawl_msg_scope                           sc = scope();
    struct pawl_msg_place at = { .seq = seq, .gen_start_seq = start, .epoch_start_seq = 1 };
    struct pawl_content   c = { .type = PAWL_CONTENT_APP, .id = seq, .body = pawl_view("d", 1) };

    T_OK(pawl_content_write(&c, &p, &err), &err);
    while (chain.gen < gen)
        T_OK(pawl_chain_skip(&chain, chain.gen + 1, &err), &err);
    T_OK(pawl_chain_open(&chain, flow.live.slot.suite, root->kid, &use, &err), &err);
    T_OK(pawl_msg_seal(&use, &sc, &at, PAWL_MSG_FULL, pawl_view(text, p.n), &w, leaf, &err), &err);
    return t_copy(pawl_view(bytes, w.n));
}

static pawl_status receive(struct pawl_view cose)
{
    return live_receive(&flow, cose, plain, sizeof(plain), &got, &slot, &err);
}

/* With a stolen key of the epoch: what it leaves behind is no deafness. */
static void a_slot_far_beyond_is_not_taken(void **state)
{
    const uint64_t far = UINT64_MAX - 1;

    (void)state;
    T_OK(receive(downlink(&world.current, 0, 1, 1)), &err);
    T_OK(rcvlog_add(flow.live.received, &slot, 1, &err), &err);
    T_FAILS(receive(downlink(&world.current, 1, far, far)), &err, PAWL_E_RANGE);
    T_OK(receive(downlink(&world.current, 0, 1, 2)), &err); /* its generation is still open */
}

/* ---- sending -------------------------------------------------------------------------------- */

static void the_verifier_opens_what_is_sealed(void **state)
{
    struct pawl_msg m;

    (void)state;
    assert_true(seal("one") == 1);
    m = opens(&world.current, "one");
    assert_int_equal(m.gen, 0);
    assert_true(m.at.seq == 1 && m.at.gen_start_seq == 1 && m.at.epoch_start_seq == 1);
    assert_true(seal("two") == 2);
    m = opens(&world.current, "two");
    assert_true(m.gen == 0 && m.at.seq == 2 && m.at.gen_start_seq == 1);
    rekey();
    assert_true(seal("three") == 3); /* slots never begin anew; generations do */
    m = opens(&world.pending, "three");
    assert_true(m.gen == 0 && m.at.gen_start_seq == 3 && m.at.epoch_start_seq == 3);
}

static void a_generation_ends_by_count_and_by_time(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 64; i++) {
        seal("x");
        assert_true(opens(&world.current, "x").gen == 0);
    }
    seal("y");
    assert_true(opens(&world.current, "y").gen == 1);
    assert_true(opens(&world.current, "y").at.gen_start_seq == 65);
    now_ms += PAWL_GEN_MS - 1;
    seal("y");
    assert_true(opens(&world.current, "y").gen == 1);
    now_ms += 1;
    seal("z");
    assert_true(opens(&world.current, "z").gen == 2);
    assert_true(opens(&world.current, "z").at.epoch_start_seq == 1);
}

static void a_start_takes_slots_and_generations_that_nobody_used(void **state) /* P-DEV-10 */
{
    uint8_t boot[PAWL_BOOT_ID];

    (void)state;
    seal("a");
    memcpy(boot, flow.boot_id, sizeof(boot));
    restart();
    seal("b");
    struct pawl_msg m = opens(&world.current, "b");
    assert_true(m.gen == RESERVATION_GENS && m.at.seq == 1 + RESERVATION_SLOTS);
    assert_memory_not_equal(boot, m.at.boot_id, sizeof(boot));
    restart(); /* one that sends nothing uses nothing up */
    restart();
    seal("c");
    m = opens(&world.current, "c");
    assert_true(m.gen == 2 * RESERVATION_GENS && m.at.seq == 1 + 2 * RESERVATION_SLOTS);
}

/* Who reads our memory gets the generations under way and those to come, and none that is over. */
static void the_slot_in_memory_keeps_no_key_of_a_message(void **state) /* P-KS-7 */
{
    const struct slot *s = &flow.live.slot;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(flow.live.open && flow.live.up.gk.n && flow.live.down.gk.n);
        assert_false(s->up.gk.n || s->down.gk.n || s->down_use.uk.n);
        assert_false(s->old_down.gk.n || s->old_down_use.uk.n);
        if (i == 0)
            rekey();
        else
            restart();
    }
}

static void starts_write_eight_slots_of_an_epoch(void **state) /* P-DEV-10 */
{
    uint64_t counter = world.vault.counter;

    (void)state;
    for (unsigned i = 1; i <= 50; i++) {
        assert_int_equal(live_wants_rekey(&flow), i > LIVE_START_WRITES);
        T_OK(try_seal(PAWL_CONTENT_CONFIRM, NULL), &err);
        restart();
        assert_true(world.vault.counter - counter ==
                    (i < LIVE_START_WRITES ? i : LIVE_START_WRITES));
    }
    T_OK(try_seal(PAWL_CONTENT_CONFIRM, NULL), &err); /* further than a chain is skipped at once */
    assert_true(opens(&world.current, NULL).gen == 50 * RESERVATION_GENS);
    assert_int_equal(live_bar(&flow), LIVE_HARD);
    rekey();
    assert_false(live_wants_rekey(&flow));
    restart();
    assert_true(world.vault.counter - counter == LIVE_START_WRITES + 2);
}

static void an_epoch_ends_with_its_eighth_start(void **state) /* P-DEV-11 */
{
    (void)state;
    for (unsigned i = 0; i < LIVE_START_WRITES; i++) {
        assert_false(live_wants_rekey(&flow));
        restart();
    }
    assert_true(live_wants_rekey(&flow));
}

static void what_a_crash_took_is_told_once(void **state)
{
    struct stat st;
    off_t       before;

    (void)state;
    seal("a");
    assert_int_equal(fstatat(flow.dir.fd, "sent.log", &st, 0), 0);
    before = st.st_size;
    attest(); /* what is attested is on the disk first */
    assert_int_equal(fstatat(flow.dir.fd, "sent.log", &st, 0), 0);
    assert_true(st.st_size > before);
    before = st.st_size;
    seal("b");
    flow_close(&flow);
    assert_int_equal(truncate(scratch_path("state/sent.log"), before), 0); /* without its leaf */
    open_flow();
    attest();
    assert_int_equal(said()->snd.unknown_n, 1);
    assert_true(said()->snd.unknown[0].lo == 2 && said()->snd.unknown[0].hi <= 17);
    attest();
    assert_int_equal(said()->snd.unknown_n, 0);
}

static void the_keys_of_what_is_over_leave_the_disk(void **state)
{
    struct slot_vault                   v = soft_vault(&world.vault);
    PAWL_CLEANUP(slot_wipe) struct slot s = { 0 };

    (void)state;
    seal("x");
    restart();
    T_OK(slot_open(flow.dir.fd, &v, flow.live.slot.device_id, &s, &err), &err);
    assert_int_equal(s.up.gen, RESERVATION_GENS);
    assert_int_equal(s.starts, 1);
}

static void a_full_disk_at_a_start_is_survived(void **state)
{
    (void)state;
    seal("x");
    assert_int_equal(mkdirat(flow.dir.fd, "slot.0.new", 0700), 0);
    assert_int_equal(mkdirat(flow.dir.fd, "slot.1.new", 0700), 0);
    restart();
    assert_true(flow.live.open);
    assert_int_equal(flow.live.slot.starts, 0);
    seal("y");
    assert_true(opens(&world.current, "y").gen == RESERVATION_GENS);
}

static void a_message_that_fails_ends_its_generation(void **state)
{
    static char long_one[PAWL_PLAINTEXT_MAX + 1];
    size_t      n;

    (void)state;
    seal("a");
    n = sealed_n;
    memset(long_one, 'x', sizeof(long_one) - 1);
    assert_false(pawl_is_ok(try_seal(PAWL_CONTENT_APP, long_one)));
    assert_int_equal(sealed_n, 0);
    assert_true(n > 0);
    seal("b");
    struct pawl_msg m = opens(&world.current, "b");
    assert_true(m.gen == 1 && m.at.seq == 3 && m.at.gen_start_seq == 3);
    attest(); /* slot 2 is in no log */
    assert_int_equal(said()->snd.gen_n, 2);
    assert_true(said()->snd.gens[0].last_seq == 1 && said()->snd.gens[1].first_seq == 3);
}

/* ---- limits --------------------------------------------------------------------------------- */

static void barred(enum live_bar why, bool others_too)
{
    assert_int_equal(live_bar(&flow), why);
    T_FAILS(try_seal(PAWL_CONTENT_APP, "x"), &err, PAWL_E_STATE);
    if (others_too)
        T_FAILS(try_seal(PAWL_CONTENT_CONFIRM, NULL), &err, PAWL_E_STATE);
    else
        T_OK(try_seal(PAWL_CONTENT_CONFIRM, NULL), &err);
}

static void an_epoch_ends_softly_and_then_hard(void **state) /* P-DEV-11 */
{
    (void)state;
    now_ms += 6 * HOUR_MS - 1;
    assert_false(live_wants_rekey(&flow));
    now_ms += 1;
    assert_true(live_wants_rekey(&flow));
    seal("x");
    now_ms += 42 * HOUR_MS - 1;
    seal("y");
    now_ms += 1;
    barred(LIVE_HARD, false);
    rekey();
    seal("z");
    assert_false(live_wants_rekey(&flow));
}

static void an_epoch_ends_by_count(void **state) /* P-DEV-11 */
{
    (void)state;
    flow.live.epoch_slots = PAWL_EPOCH_SOFT_SLOTS - 1;
    assert_false(live_wants_rekey(&flow));
    seal("x");
    assert_true(live_wants_rekey(&flow));
    flow.live.epoch_slots = PAWL_EPOCH_HARD_SLOTS - 1;
    seal("x");
    barred(LIVE_HARD, false);
    restart(); /* the slots of all reserved generations count as used */
    assert_true(flow.live.epoch_slots >= 64 * RESERVATION_GENS);
    config.rekey_messages = 64 * RESERVATION_GENS;
    assert_true(live_wants_rekey(&flow));
}

static void an_epoch_ages_across_starts(void **state) /* P-DEV-10 */
{
    (void)state;
    wall += 2 * 3600;
    restart();
    assert_true(live_age_ms(&flow.live) == 2 * HOUR_MS);
    now_ms += HOUR_MS;
    assert_true(live_age_ms(&flow.live) == 3 * HOUR_MS);
    wall -= 5 * 3600; /* a clock that was set back */
    restart();
    assert_true(live_age_ms(&flow.live) == 2 * HOUR_MS); /* as the slot has it */
    wall += 1000000000;
    restart();
    assert_true(live_age_ms(&flow.live) == PAWL_EPOCH_HARD_MS);
    rekey();
    assert_true(live_age_ms(&flow.live) == 0);
    restart();
    assert_true(live_age_ms(&flow.live) == 0);
}

static void nothing_goes_above_the_ceiling(void **state) /* P-DEV-11 */
{
    (void)state;
    seal("x");
    T_OK(reservation_floor(flow.dir.fd, &flow.reserved, PAWL_SLOT_CEILING, &err), &err);
    now_ms += PAWL_GEN_MS; /* a generation has no gaps */
    assert_true(seal("last") == PAWL_SLOT_CEILING);
    barred(LIVE_CEILING, true);
    attest();
    assert_true(said()->snd.seq_hi == PAWL_SLOT_CEILING);
    assert_true(seal("next") == PAWL_SLOT_CEILING + 1);
}

static void who_may_not_send_does_not(void **state)
{
    (void)state;
    flow.record.waits = true;
    barred(LIVE_WAITS, false);
    flow.record.waits = false;
    T_OK(live_lose(&flow, &err), &err);
    barred(LIVE_NO_EPOCH, true);
    config.messages = false;
    barred(LIVE_OFF, true);
}

/* ---- what a quote says ---------------------------------------------------------------------- */

static void a_quote_says_what_was_sent(void **state)
{
    (void)state;
    seal("a");
    seal("b");
    attest();
    const struct pawl_snd *s = &said()->snd;
    assert_true(s->seq_hi == 2 && s->epoch == 1 && s->gen == 0 && s->gen_start_seq == 1);
    assert_true(s->epoch_start_seq == 1 && s->reserved_hi == RESERVATION_SLOTS);
    assert_int_equal(s->gen_n, 1);
    assert_true(s->gens[0].first_seq == 1 && s->gens[0].last_seq == 2 && s->gens[0].count == 2);
    rekey();
    assert_true(said()->snd.seq_hi == 2);
    attest();
    assert_true(said()->snd.epoch == 2 && said()->snd.gen_start_seq == 0); /* nothing there yet */
    seal("c");
    restart();
    attest();
    s = &said()->snd;
    assert_true(s->seq_hi == RESERVATION_SLOTS); /* the rest counts as not sent */
    assert_true(s->epoch == 2 && s->gen == RESERVATION_GENS && s->gen_start_seq == 0);
}

static void a_receipt_settles_what_it_covers(void **state)
{
    (void)state;
    seal("a");
    now_ms += PAWL_GEN_MS;
    seal("b");
    world.receipts = true;
    attest();
    assert_int_equal(said()->receipt.verdict, 0);
    attest();
    assert_int_equal(said()->receipt.verdict, 1);
    assert_int_equal(said()->receipt.receipt.n, 32);
    assert_int_equal(said()->snd.gen_n, 1); /* the one under way stays */
    assert_int_equal(said()->snd.gens[0].gen, 1);

    uint8_t hash[32];
    memcpy(hash, said()->receipt.receipt.p, sizeof(hash));
    world.receipts = false;
    restart(); /* the next quote leaves the same out, and says by whose word */
    attest();
    assert_int_equal(said()->receipt.verdict, 1);
    assert_memory_equal(said()->receipt.receipt.p, hash, sizeof(hash));
}

static void a_receipt_for_what_was_never_sent_is_told(void **state)
{
    struct pawl_a1      a1 = { .snd = { .seq_hi = 1 } };
    uint8_t             bit = 1, wrong[32] = { 9 }, bytes[300];
    struct pawl_wr      w = pawl_wr_to(bytes, sizeof(bytes));
    struct pawl_receipt r = { .device_id = PAWL_VIEW_OF(wrong),
                              .th1 = PAWL_VIEW_OF(wrong),
                              .seq_hi = 1,
                              .gen_n = 1,
                              .gens = { { 1, 0, 1, pawl_view(&bit, 1), PAWL_VIEW_OF(wrong) } } };

    (void)state;
    seal("a");
    T_OK(pawl_receipt_write(&r, &w, &err), &err);
    T_OK(live_answered(&flow, &a1, pawl_view(bytes, w.n), &err), &err);
    attest();
    assert_int_equal(said()->receipt.verdict, 2);
    assert_int_equal(said()->receipt.pair_n, 1);
    assert_true(said()->receipt.pair[0].epoch == 1);
}

static void wanted_leaves_are_supplied(void **state) /* P-DEV-13 */
{
    uint8_t digest[32], leaf[2][PAWL_LEAF];

    (void)state;
    seal("a");
    seal("b");
    world.step[world.evidence_n].answer = FAKE_WANTS_LEAVES;
    attest();
    assert_int_equal(world.supplies, 1);
    assert_int_equal(world.supply.leaves_n, 1); /* not the one that we never had */
    assert_int_equal(world.supply.leaves[0].leaves.n, sizeof(leaf));
    memcpy(leaf, world.supply.leaves[0].leaves.p, sizeof(leaf));
    T_OK(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])leaf, 2, digest, &err), &err);
    assert_memory_equal(said()->snd.gens[0].digest.p, digest, 32);
    assert_int_equal(answer.ear.status, EAR_WARNING); /* what the verifier made of them */

    world.supply_away = true;
    world.step[world.evidence_n].answer = FAKE_WANTS_LEAVES;
    rekey();
    assert_int_equal(world.supplies, 2);
    assert_int_equal(answer.ear.status, EAR_AFFIRMING);
}

/* ---- the downlink --------------------------------------------------------------------------- */

static void what_the_verifier_sends_is_opened(void **state)
{
    (void)state;
    T_OK(receive(downlink(&world.current, 0, 1, 1)), &err);
    assert_true(got.id == 1 && slot.seq == 1 && slot.gen == 0 && slot.epoch == 1 && slot.has_id);
    T_OK(rcvlog_add(flow.live.received, &slot, 1, &err), &err);
    T_FAILS(receive(downlink(&world.current, 0, 1, 1)), &err, PAWL_E_CONFLICT);
    T_OK(receive(downlink(&world.current, 0, 1, 2)), &err);
    T_OK(receive(downlink(&world.current, 5, 66, 66)), &err);
    assert_int_equal(slot.gen, 5);
    T_FAILS(receive(downlink(&world.current, 4, 60, 60)), &err, PAWL_E_DENIED);
    T_FAILS(receive(downlink(&world.current, 5 + PAWL_GEN_SKIP_MAX + 2, 99, 99)), &err,
            PAWL_E_RANGE);
    T_OK(receive(downlink(&world.current, 5, 66, 67)), &err);
    attest();
    assert_int_equal(said()->rcv.gen_n, 1);
    assert_true(said()->rcv.seq_hi == 1);
    attest();
    assert_int_equal(said()->rcv.gen_n, 0);
    assert_true(said()->rcv.seq_hi == 1);
}

static void a_forged_message_moves_nothing(void **state)
{
    struct pawl_view good = downlink(&world.current, 3, 10, 10);
    struct live      before;

    (void)state;
    T_OK(receive(downlink(&world.current, 0, 1, 1)), &err);
    before = flow.live;
    for (size_t i = 0; i < good.n; i++) {
        uint8_t *bad = (uint8_t *)t_copy(good).p;
        bad[i] ^= 1;
        assert_false(pawl_is_ok(receive(pawl_view(bad, good.n))));
        assert_memory_equal(&before, &flow.live, sizeof(before));
    }
    T_OK(receive(downlink(&world.current, 0, 1, 2)), &err); /* its key is still here */
    T_OK(receive(good), &err);
}

static void the_old_downlink_ends_with_the_first_answer(void **state) /* P-DEV-12 */
{
    struct pawl_root old = world.current;

    (void)state;
    T_OK(receive(downlink(&old, 0, 1, 1)), &err);
    rekey();
    T_OK(receive(downlink(&old, 0, 1, 2)), &err);
    T_OK(receive(downlink(&old, 1, 3, 3)), &err);
    assert_int_equal(slot.epoch, 1);
    restart();
    T_OK(receive(downlink(&old, 0, 1, 2)), &err); /* it is in the slot, too */
    T_OK(receive(downlink(&old, 1, 3, 4)), &err);
    assert_true(flow.live.old_down.gk.n);
    attest();
    assert_false(flow.live.old_down.gk.n || flow.live.old_down_use.uk.n);
    T_FAILS(receive(downlink(&old, 1, 3, 5)), &err, PAWL_E_DENIED);
    T_OK(receive(downlink(&world.current, 0, 6, 6)), &err);

    old = world.current;
    rekey();
    T_OK(receive(downlink(&world.pending, 0, 7, 7)), &err); /* so the verifier has seen us there */
    assert_true(flow.live.confirmed);
    T_FAILS(receive(downlink(&old, 0, 8, 8)), &err, PAWL_E_DENIED);
    pawl_root_wipe(&old);
}

static void a_resync_ends_the_old_downlink_at_once(void **state)
{
    struct pawl_root old = world.current;

    (void)state;
    fake_world_forget();
    rekey();
    T_FAILS(receive(downlink(&old, 0, 1, 1)), &err, PAWL_E_DENIED);
    T_OK(receive(downlink(&world.pending, 0, 1, 1)), &err);
    pawl_root_wipe(&old);
}

static void every_suite_works_both_ways(void **state)
{
    static const uint16_t suites[] = { PAWL_SUITE_CCM, PAWL_SUITE_CHACHA, PAWL_SUITE_GCM,
                                       PAWL_SUITE_SIV };

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        world.suites = (struct pawl_suites){ 1, { suites[i] } };
        rekey();
        assert_int_equal(flow.live.slot.suite, suites[i]);
        seal("x");
        opens(&world.pending, "x");
        T_OK(receive(downlink(&world.pending, 0, i + 1, i + 1)), &err);
    }
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), new_world, end_world, NULL                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("the verifier opens what is sealed", the_verifier_opens_what_is_sealed),
        CASE("a generation ends by count and by time", a_generation_ends_by_count_and_by_time),
        CASE("a start takes slots and generations that nobody used",
             a_start_takes_slots_and_generations_that_nobody_used),
        CASE("the slot in memory keeps no key of a message",
             the_slot_in_memory_keeps_no_key_of_a_message),
        CASE("starts write eight slots of an epoch", starts_write_eight_slots_of_an_epoch),
        CASE("an epoch ends with its eighth start", an_epoch_ends_with_its_eighth_start),
        CASE("what a crash took is told once", what_a_crash_took_is_told_once),
        CASE("the keys of what is over leave the disk", the_keys_of_what_is_over_leave_the_disk),
        CASE("a full disk at a start is survived", a_full_disk_at_a_start_is_survived),
        CASE("a message that fails ends its generation", a_message_that_fails_ends_its_generation),
        CASE("an epoch ends softly and then hard", an_epoch_ends_softly_and_then_hard),
        CASE("an epoch ends by count", an_epoch_ends_by_count),
        CASE("an epoch ages across starts", an_epoch_ages_across_starts),
        CASE("nothing goes above the ceiling", nothing_goes_above_the_ceiling),
        CASE("who may not send does not", who_may_not_send_does_not),
        CASE("a quote says what was sent", a_quote_says_what_was_sent),
        CASE("a receipt settles what it covers", a_receipt_settles_what_it_covers),
        CASE("a receipt for what was never sent is told",
             a_receipt_for_what_was_never_sent_is_told),
        CASE("wanted leaves are supplied", wanted_leaves_are_supplied),
        CASE("what the verifier sends is opened", what_the_verifier_sends_is_opened),
        CASE("a forged message moves nothing", a_forged_message_moves_nothing),
        CASE("a slot far beyond is not taken", a_slot_far_beyond_is_not_taken),
        CASE("the old downlink ends with the first answer",
             the_old_downlink_ends_with_the_first_answer),
        CASE("a resync ends the old downlink at once", a_resync_ends_the_old_downlink_at_once),
        CASE("every suite works both ways", every_suite_works_both_ways),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
