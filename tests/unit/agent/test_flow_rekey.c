/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves the device's rules of rekey and resync (P-DEV) against a verifier that keeps the other
 * half with the real key schedule: the roots agree, no answer that must not be believed moves
 * anything, a failure at any step keeps the old epoch, and every refusal leads to a next step that
 * works, once.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_world.h"
#include "flow/steps.h"
#include "scratch.h"
#include "state/file.h"
#include "t.h"

static struct config      config;
static struct flow        flow;
static struct flow_answer answer;
static struct pawl_err    err;
static int64_t            now_ms;

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
}

static pawl_status noted(pawl_status s)
{
    flow_note(&flow, s, &answer, now_ms / 1000, &err);
    return s;
}

static pawl_status enroll(void)
{
    return noted(flow_enroll(&flow, PAWL_REASON_START, &answer, &err));
}

static pawl_status attest(void)
{
    return noted(flow_attest(&flow, PAWL_REASON_SCHEDULE, &answer, &err));
}

static pawl_status rekey(void)
{
    return noted(flow_rekey(&flow, PAWL_REASON_SCHEDULE, &answer, &err));
}

static const struct fake_evidence *last(void)
{
    return world.evidence[world.evidence_n - 1];
}

/* What the verifier answers to the n-th evidence from here. */
static struct fake_step *script(size_t n)
{
    return &world.step[world.evidence_n + n];
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
    now_ms = 1000000;
    open_flow();
    return 0;
}

static int enrolled_world(void **state)
{
    new_world(state);
    T_OK(enroll(), &err);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    assert_int_equal(world.opened, world.closed);
    flow_close(&flow);
    config_done(&config);
    fake_world_end();
    world = (struct fake_world){ 0 };
    return 0;
}

/* The device's newest root is one that the verifier knows, bit by bit. */
static void same_root(const struct pawl_root *r, uint64_t epoch)
{
    const struct slot *s = &flow.live.slot;

    assert_true(flow.live.open);
    assert_true(r->epoch == epoch && s->epoch == epoch);
    assert_memory_equal(r->kid, s->kid, sizeof(s->kid));
    assert_true(pawl_secret_equal(&r->rk, &s->rk));
    assert_true(pawl_secret_equal(&r->k_auth, &s->k_auth));
    assert_true(pawl_secret_equal(&r->exporter, &s->exporter));
    assert_true(pawl_secret_equal(&r->down.gk, &flow.live.down.gk)); /* what turns is there alone */
}

/* ---- roots ---------------------------------------------------------------------------------- */

static void enrolment_makes_the_first_root(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    assert_true(answer.rekeyed);
    same_root(&world.pending, 1);
    assert_int_equal(flow.record.epoch, 1);
    assert_int_equal(flow.record.rekeyed_s, now_ms / 1000);
    assert_int_equal(last()->a1.base_epoch, 0);
    assert_int_equal(last()->a1.nv_counter, 0);
    T_OK(attest(), &err);
    same_root(&world.current, 1);
    assert_true(last()->a1.nv_counter == flow.live.slot.counter);
    assert_true(flow.live.confirmed);
}

static void a_rekey_goes_on_from_the_newest_root(void **state) /* P-DEV-2 */
{
    (void)state;
    for (uint64_t e = 2; e < 5; e++) {
        T_OK(rekey(), &err);
        assert_true(answer.rekeyed);
        same_root(&world.pending, e);
        assert_int_equal(last()->a1.label, PAWL_LABEL_REKEY);
        assert_true(last()->a1.base_epoch == e - 1 && last()->a1.new_epoch == e);
        assert_false(flow.live.confirmed);
        assert_true(flow.live.slot.has_old);
    }
    restart();
    T_OK(attest(), &err);
    same_root(&world.current, 4);
    T_OK(rekey(), &err);
    same_root(&world.pending, 5);
}

static void each_rekey_has_an_e_d_of_its_own_made_before_the_nonce(void **state) /* P-DEV-1 */
{
    uint8_t  before[PAWL_POINT_P256];
    unsigned challenges = world.challenges;

    (void)state;
    T_OK(rekey(), &err);
    assert_int_equal(world.challenges_before, challenges);
    memcpy(before, last()->a1.e_d.p, sizeof(before));
    T_OK(rekey(), &err);
    assert_memory_not_equal(before, last()->a1.e_d.p, sizeof(before));
    assert_int_equal(world.ephemerals, 3);
    T_OK(attest(), &err);
    assert_int_equal(world.ephemerals, 3);
}

static void the_epoch_keeps_the_verifier_that_made_it(void **state)
{
    struct signer swap = world.signer[0];

    (void)state;
    memcpy(config.verifier[1], world.signer[1].id, PAWL_SPKI_PIN);
    config.verifier_n = 2;
    world.signer[0] = world.signer[1];
    world.signer[1] = swap;
    T_FAILS(attest(), &err, PAWL_E_FORGED);
    T_OK(attest(), &err);
    assert_memory_equal(last()->a1.verifier_id.p, world.signer[0].id, PAWL_VERIFIER_ID);
    assert_memory_equal(flow.live.slot.verifier_id, world.signer[1].id, PAWL_VERIFIER_ID);
    T_OK(rekey(), &err);
    assert_memory_equal(flow.live.slot.verifier_id, world.signer[0].id, PAWL_VERIFIER_ID);
}

static void without_messages_nothing_is_logged(void **state)
{
    (void)state;
    config.messages = false;
    T_OK(enroll(), &err);
    T_OK(rekey(), &err);
    restart();
    T_OK(attest(), &err);
    assert_int_equal(last()->a1.snd.reserved_hi + last()->a1.rcv.seq_hi, 0);
    assert_int_not_equal(faccessat(flow.dir.fd, "sent.log", F_OK, 0), 0);
    assert_int_equal(live_bar(&flow), LIVE_OFF);
}

/* ---- what is not believed ------------------------------------------------------------------- */

static void no_answer_but_the_right_one_moves_anything(void **state) /* P-DEV-3 */
{
    static const struct {
        enum fake_answer how;
        enum pawl_code   code;
        const char      *where;
    } bad[] = {
        { FAKE_REPLAYS, PAWL_E_FORGED, "ear.eat_nonce" }, /* of the attest before */
        { FAKE_OLD_TH1, PAWL_E_FORGED, "ear.eat_nonce" },
        { FAKE_FOREIGN, PAWL_E_FORGED, "ear.signature" },
        { FAKE_WRONG_LBL, PAWL_E_FORGED, "ear.lbl" },
        { FAKE_WRONG_ATT, PAWL_E_FORGED, "ear.att" },
        { FAKE_WRONG_BASE, PAWL_E_FORGED, "ear.base" },
        { FAKE_WRONG_NEW, PAWL_E_FORGED, "ear.new" },
        { FAKE_NO_EV, PAWL_E_FORGED, "ear.ev" },
        { FAKE_OTHER_EV, PAWL_E_FORGED, "result.conf_V" },
        { FAKE_OFF_CURVE, PAWL_E_RANGE, NULL },
        { FAKE_NO_CONF, PAWL_E_FORGED, "result.conf_V" },
        { FAKE_OTHER_CONF, PAWL_E_FORGED, "result.conf_V" },
        { FAKE_RECEIPT_LESS, PAWL_E_FORGED, "result.receipt" },
        { FAKE_RECEIPT_OTHER, PAWL_E_FORGED, "result.receipt" },
        { FAKE_RECEIPT_OLD, PAWL_E_FORGED, "result.receipt" },
        { FAKE_RECEIPT_FOREIGN, PAWL_E_FORGED, "result.receipt" },
        { FAKE_RECEIPT_UNSIGNED, PAWL_E_FORGED, "result.receipt" },
        { FAKE_GARBAGE, PAWL_E_SHORT, "result.map" },
        { FAKE_403, PAWL_E_DENIED, "verifier" },
        { FAKE_AWAY, PAWL_E_IO, "server" },
        { FAKE_LOSES, PAWL_E_IO, "server" },
        { FAKE_REPLAYS, PAWL_E_FORGED, "ear.eat_nonce" }, /* of the attempt before: R_TH1 */
    };

    (void)state;
    T_OK(attest(), &err); /* the verifier knows that we hold epoch 1 */
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct slot before = flow.live.slot;
        script(0)->answer = bad[i].how;
        T_FAILS(flow_rekey(&flow, PAWL_REASON_SCHEDULE, &answer, &err), &err, bad[i].code);
        if (bad[i].where)
            T_WHERE(&err, bad[i].where);
        assert_memory_equal(&before, &flow.live.slot, sizeof(before));
        assert_int_equal(world.vault.counter, before.counter);
        if (world.evidence_n > FAKE_MAX - 12) { /* room for the next ones */
            world.evidence_n = 0;
            memset(world.step, 0, sizeof(world.step));
        }
    }
    T_OK(rekey(), &err);
    same_root(&world.pending, 2);
    restart();
    T_OK(attest(), &err);
    same_root(&world.current, 2);
}

static void an_attestation_takes_no_root(void **state) /* P-DEV-3 */
{
    (void)state;
    script(0)->answer = FAKE_NO_EV; /* for an attest: one that nobody asked for */
    T_FAILS(attest(), &err, PAWL_E_FORGED);
    T_WHERE(&err, "ear.ev");
    script(0)->answer = FAKE_NO_CONF;
    T_FAILS(attest(), &err, PAWL_E_FORGED);
    T_WHERE(&err, "result.conf_V");
}

static void an_enrolment_with_a_wrong_root_is_none(void **state)
{
    (void)state;
    script(0)->answer = FAKE_OTHER_CONF;
    T_FAILS(enroll(), &err, PAWL_E_FORGED);
    assert_false(flow.record.enrolled || flow.live.open);
    T_OK(enroll(), &err); /* the verifier knows of an epoch 1, so this one is 2 */
    same_root(&world.pending, 2);
    restart();
    T_OK(attest(), &err);
    same_root(&world.current, 2);
}

/* ---- D4 ------------------------------------------------------------------------------------- */

static void a_failure_before_the_commit_keeps_the_old_epoch(void **state) /* P-DEV-4 */
{
    static const struct {
        enum soft_trouble trouble;
        bool              no_ephemeral, no_zgen, full;
    } bad[] = {
        { .no_ephemeral = true },   { .no_zgen = true }, { .trouble = SOFT_NO_INCREMENT },
        { .trouble = SOFT_SILENT }, { .full = true },
    };
    const char *new_slot[2] = { "slot.0.new", "slot.1.new" };

    (void)state;
    T_OK(attest(), &err);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        uint64_t epoch = flow.live.slot.epoch;
        world.vault.trouble = bad[i].trouble;
        world.no_ephemeral = bad[i].no_ephemeral;
        world.no_zgen = bad[i].no_zgen;
        for (int k = 0; bad[i].full && k < 2; k++)
            assert_int_equal(mkdirat(flow.dir.fd, new_slot[k], 0700), 0);
        assert_false(pawl_is_ok(rekey()));
        assert_true(flow.live.open && flow.live.slot.epoch == epoch);
        world.vault.trouble = SOFT_NONE;
        world.no_ephemeral = world.no_zgen = false;
        for (int k = 0; bad[i].full && k < 2; k++)
            assert_int_equal(unlinkat(flow.dir.fd, new_slot[k], AT_REMOVEDIR), 0);
        if (i % 2)
            restart();
        T_OK(rekey(), &err);
        same_root(&world.pending, epoch + 1);
    }
}

static void a_commit_whose_answer_is_lost_is_found_out(void **state) /* P-DEV-4 */
{
    (void)state;
    T_OK(attest(), &err);
    world.vault.trouble = SOFT_GONE;
    T_FAILS(rekey(), &err, PAWL_E_CONFLICT);
    assert_false(flow.live.open || flow.live.lost);
    world.vault.trouble = SOFT_NONE;
    T_OK(attest(), &err); /* it was done: the new epoch is ours */
    same_root(&world.current, 2);
}

static void a_counter_that_somebody_else_turns_is_a_loss(void **state)
{
    (void)state;
    T_OK(attest(), &err);
    world.vault.trouble = SOFT_TWICE;
    T_FAILS(rekey(), &err, PAWL_E_STATE);
    assert_true(flow.live.lost);
    world.vault.trouble = SOFT_NONE;
    T_OK(rekey(), &err);
    assert_int_equal(last()->a1.label, PAWL_LABEL_RESYNC);
    assert_int_equal(last()->a1.reason, PAWL_REASON_STATE_LOST);
    same_root(&world.pending, 3);
}

static void a_lost_answer_is_another_attempt_on_the_same_base(void **state)
{
    uint64_t attempt;

    (void)state;
    T_OK(attest(), &err);
    attempt = last()->a1.attempt;
    script(0)->answer = FAKE_LOSES;
    T_FAILS(rekey(), &err, PAWL_E_IO);
    T_OK(rekey(), &err);
    assert_true(last()->a1.base_epoch == 1 && last()->a1.new_epoch == 2);
    assert_true(last()->a1.attempt == attempt + 2);
    same_root(&world.pending, 2);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static const enum pawl_label labels_of_resync[] = { PAWL_LABEL_REKEY, PAWL_LABEL_RESYNC };

static void went_through(size_t from, const enum pawl_label *labels, size_t n)
{
    assert_int_equal(world.evidence_n, from + n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(world.evidence[from + i]->a1.label, labels[i]);
}

static void an_unknown_base_is_resynced_once(void **state) /* P-DEV-6 */
{
    size_t from;

    (void)state;
    T_OK(rekey(), &err);
    fake_world_forget(); /* an older copy of the store: epoch 0 */
    from = world.evidence_n;
    T_OK(rekey(), &err);
    went_through(from, labels_of_resync, 2);
    assert_int_equal(last()->a1.reason, PAWL_REASON_VERIFIER_BEHIND);
    assert_int_equal(last()->a1.base_epoch, 2); /* it says what we have */
    assert_int_equal(last()->e.mac_base.n, 32);
    same_root(&world.pending, 3);
    assert_false(flow.live.slot.has_old);
}

static void an_attest_resyncs_too(void **state)
{
    static const enum pawl_label labels[] = { PAWL_LABEL_ATTEST, PAWL_LABEL_RESYNC };
    size_t                       from = world.evidence_n;

    (void)state;
    fake_world_forget();
    T_OK(attest(), &err);
    went_through(from, labels, 2);
    assert_true(answer.rekeyed);
    same_root(&world.pending, 2);
}

static void the_epoch_is_above_all_that_either_side_knows(void **state) /* P-DEV-2 */
{
    (void)state;
    fake_world_forget();
    world.known_epoch = 4000;
    T_OK(rekey(), &err);
    same_root(&world.pending, 4001);
}

static void each_refusal_permits_one_resync(void **state) /* P-DEV-6 */
{
    static const enum pawl_refusal_code outcome[] = { PAWL_REFUSAL_WAIT_FOR_APPROVAL,
                                                      PAWL_REFUSAL_REVOKED, PAWL_REFUSAL_FORKED,
                                                      PAWL_REFUSAL_UNKNOWN_BASE };

    (void)state;
    for (size_t i = 0; i < sizeof(outcome) / sizeof(*outcome); i++) {
        size_t   from = world.evidence_n;
        uint64_t before = last()->a1.attempt;
        *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_FORKED, before };
        *script(1) = (struct fake_step){ FAKE_REFUSES, outcome[i], before };
        T_OK(rekey(), &err);
        went_through(from, labels_of_resync, 2);
        assert_int_equal(answer.refusal.code, outcome[i]);
        assert_int_equal(flow.live.slot.epoch, 1);
    }
    size_t from = world.evidence_n;
    T_OK(rekey(), &err); /* and then again as ever, on the base that is ours */
    went_through(from, labels_of_resync, 1);
    same_root(&world.pending, 2);
}

static void news_of_the_epoch_are_worth_one_more(void **state) /* P-DEV-6 */
{
    static const enum pawl_label labels[] = { PAWL_LABEL_REKEY, PAWL_LABEL_RESYNC,
                                              PAWL_LABEL_RESYNC };
    size_t                       from = world.evidence_n;

    (void)state;
    world.known_epoch = 1;
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_UNKNOWN_BASE, 1 };
    *script(1) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_UNKNOWN_BASE, 1 };
    world.known_epoch = 9;
    fake_world_forget();
    world.known_epoch = 9;
    T_OK(rekey(), &err);
    went_through(from, labels, 2); /* the second refusal knows no newer epoch */
    T_OK(rekey(), &err);
    same_root(&world.pending, 10);
}

static void a_resync_that_needs_another_number_starts_over(void **state) /* P-DEV-6 */
{
    static const enum pawl_label labels[] = { PAWL_LABEL_REKEY, PAWL_LABEL_RESYNC, PAWL_LABEL_REKEY,
                                              PAWL_LABEL_RESYNC };
    size_t                       from = world.evidence_n;

    (void)state;
    fake_world_forget();
    *script(1) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT, last()->a1.attempt };
    T_OK(rekey(), &err);
    went_through(from, labels, 4);
    same_root(&world.pending, 2);
}

static void a_verifier_that_never_agrees_is_left_alone(void **state) /* P-DEV-9 */
{
    static const enum pawl_refusal_code any[] = {
        PAWL_REFUSAL_ATTEMPT, PAWL_REFUSAL_UNKNOWN_BASE, PAWL_REFUSAL_FULL_EVIDENCE_WANTED,
        PAWL_REFUSAL_ATTEMPT, PAWL_REFUSAL_FORKED,       PAWL_REFUSAL_ATTEMPT,
        PAWL_REFUSAL_FORKED,
    };
    size_t from = world.evidence_n;

    (void)state;
    for (size_t i = 0; i < sizeof(any) / sizeof(*any); i++)
        *script(i) = (struct fake_step){ FAKE_REFUSES, any[i], 1 };
    T_OK(rekey(), &err);
    assert_int_equal(world.evidence_n, from + FLOW_TRIES_MAX);
    assert_int_equal(answer.kind, FLOW_REFUSED);
}

static void full_evidence_is_given_once(void **state)
{
    size_t from = world.evidence_n;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        *script(i) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_FULL_EVIDENCE_WANTED, 1 };
    T_OK(rekey(), &err);
    assert_int_equal(world.evidence_n, from + 2);
    assert_int_equal(last()->e.pcr_n, 96);
}

/* And says nothing about the device: what it was judged to be stays, for who looks at it. */
static void too_soon_is_told(void **state)
{
    (void)state;
    T_OK(attest(), &err);
    const struct record before = flow.record;
    size_t              from = world.evidence_n;
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_REKEY_TOO_SOON, 1 };
    T_OK(rekey(), &err);
    went_through(from, labels_of_resync, 1);
    assert_false(answer.rekeyed);
    assert_int_equal(answer.refusal.code, PAWL_REFUSAL_REKEY_TOO_SOON);
    assert_true(before.result[0] && before.software[0] && before.keys[0]);
    assert_string_equal(flow.record.result, before.result);
    assert_string_equal(flow.record.software, before.software);
    assert_string_equal(flow.record.keys, before.keys);
    assert_string_equal(flow.record.coverage, before.coverage);
}

static void too_soon_ends_a_failure_and_no_refusal(void **state)
{
    (void)state;
    snprintf(flow.record.failure, sizeof(flow.record.failure), "net: no route");
    flow.record.failing_since_s = 1;
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_REKEY_TOO_SOON, 1 };
    T_OK(rekey(), &err);
    assert_string_equal(flow.record.failure, "");
    assert_int_equal(flow.record.failing_since_s, 0);
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_REVOKED, 1 };
    T_OK(rekey(), &err);
    assert_string_equal(flow.record.result, "refused: revoked");
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_REKEY_TOO_SOON, 1 };
    T_OK(rekey(), &err);
    assert_string_equal(flow.record.result, "refused: rekey too soon");
}

static void an_enrolment_goes_above_the_epochs_that_are_known(void **state)
{
    (void)state;
    world.known_epoch = 7;
    T_OK(enroll(), &err);
    assert_int_equal(world.evidence_n, 2);
    same_root(&world.pending, 8);
}

static void values_wanted_after_a_rekey_come_with_an_attest(void **state)
{
    static const enum pawl_label labels[] = { PAWL_LABEL_REKEY, PAWL_LABEL_ATTEST };
    size_t                       from = world.evidence_n;

    (void)state;
    script(0)->answer = FAKE_WANTS_VALUES;
    T_OK(rekey(), &err);
    went_through(from, labels, 2);
    assert_true(answer.rekeyed);
    assert_true(last()->e.has_pcrs);
    same_root(&world.current, 2);
}

static void a_demand_is_told_to_the_caller(void **state)
{
    (void)state;
    script(0)->answer = FAKE_WANTS_REKEY;
    T_OK(attest(), &err);
    assert_true(answer.want.rekey_now);
}

/* ---- a loss of state ------------------------------------------------------------------------ */

static void drop(const char *name)
{
    assert_int_equal(unlinkat(flow.dir.fd, name, 0), 0);
}

static void spoil(const char *name)
{
    T_OK(file_replace(flow.dir.fd, name, pawl_view_str("not this"), &err), &err);
}

/* A resync follows, and nothing of it is taken for a fork: base 0, reason 5, other numbers. */
static void comes_back(void)
{
    uint64_t epoch = world.known_epoch, attempt = last()->a1.attempt;
    size_t   from = world.evidence_n;

    restart();
    world.floor_up += 40000;
    world.floor_down += 500;
    T_OK(rekey(), &err);
    went_through(from, labels_of_resync, 2);
    for (size_t i = from; i < world.evidence_n; i++) {
        const struct fake_evidence *e = world.evidence[i];
        assert_int_equal(e->a1.reason, PAWL_REASON_STATE_LOST);
        assert_int_equal(e->a1.base_epoch + e->a1.snd.gen_n + e->a1.rcv.gen_n, 0);
        assert_int_equal(e->e.mac_base.n, 0);
    }
    assert_true(last()->a1.attempt > attempt + RESERVATION_LOST - 2);
    assert_true(last()->a1.snd.seq_hi == world.floor_up - 1);
    same_root(&world.pending, epoch + 1);
    assert_int_equal(live_bar(&flow), LIVE_FREE);
    assert_true(rcvlog_has(flow.live.received, world.floor_down - 1));
    assert_false(rcvlog_has(flow.live.received, world.floor_down));
    restart();
    T_OK(attest(), &err);
    same_root(&world.current, epoch + 1);
    assert_true(last()->a1.snd.seq_hi >= world.floor_up - 1);
}

static void a_lost_slot_is_resynced(void **state) /* P-DEV-7, P-DEV-8 */
{
    (void)state;
    drop("slot.0");
    comes_back();
    T_OK(rekey(), &err);
    T_OK(rekey(), &err);
    spoil("slot.0");
    spoil("slot.1");
    comes_back();
}

static void an_older_slot_is_resynced(void **state)
{
    (void)state;
    T_OK(attest(), &err);
    world.vault.counter++; /* as after a slot that this directory does not have */
    comes_back();
}

static void a_lost_reservation_is_resynced(void **state)
{
    (void)state;
    T_OK(attest(), &err);
    drop("reservation.json");
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT, last()->a1.attempt };
    restart();
    T_OK(rekey(), &err);
    assert_int_equal(last()->a1.label, PAWL_LABEL_RESYNC);
    same_root(&world.pending, 2);
}

static void a_lost_log_is_resynced(void **state) /* P-DEV-8 */
{
    (void)state;
    T_OK(attest(), &err);
    spoil("sent.log");
    comes_back();
    spoil("received.log");
    comes_back();
}

static void a_loss_is_not_forgotten_by_a_restart(void **state)
{
    (void)state;
    T_OK(attest(), &err);
    spoil("sent.log");
    restart();
    script(0)->answer = FAKE_AWAY;
    T_FAILS(rekey(), &err, PAWL_E_IO);
    comes_back();
}

static void a_state_that_is_not_the_last_one_is_given_up(void **state) /* P-DEV-5 */
{
    static const enum pawl_label labels[] = { PAWL_LABEL_REKEY, PAWL_LABEL_REKEY,
                                              PAWL_LABEL_RESYNC };
    size_t                       from;

    (void)state;
    T_OK(attest(), &err);
    from = world.evidence_n;
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT, 100000 };
    T_OK(rekey(), &err);
    went_through(from, labels, 3);
    assert_int_equal(world.evidence[from]->a1.base_epoch, 1);
    assert_int_equal(world.evidence[from + 1]->a1.base_epoch, 0);
    assert_true(world.evidence[from + 1]->a1.attempt == 100000 + RESERVATION_LOST);
    assert_int_equal(last()->a1.reason, PAWL_REASON_STATE_LOST);
    same_root(&world.pending, 2);
}

static void what_was_given_up_does_not_come_back(void **state) /* P-DEV-5 */
{
    (void)state;
    T_OK(attest(), &err);
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT, 100000 };
    script(1)->answer = FAKE_AWAY;
    T_FAILS(rekey(), &err, PAWL_E_IO);
    restart();
    T_OK(rekey(), &err);
    assert_int_equal(last()->a1.reason, PAWL_REASON_STATE_LOST);
    assert_int_equal(last()->a1.base_epoch, 0);
    same_root(&world.pending, 2);
}

static void numbers_leap_once_for_each_loss(void **state) /* P-DEV-7 */
{
    (void)state;
    drop("slot.0");
    restart();
    *script(1) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_WAIT_FOR_APPROVAL, 1 };
    T_OK(rekey(), &err);
    uint64_t attempt = last()->a1.attempt;
    T_OK(rekey(), &err);
    assert_true(last()->a1.attempt == attempt + 2);
}

static void without_a_loss_our_own_positions_hold(void **state)
{
    uint64_t seq = flow.reserved.seq_next;

    (void)state;
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT, last()->a1.attempt };
    T_OK(attest(), &err);
    assert_true(flow.reserved.seq_next == seq);
}

static void all_files_lost_is_a_new_enrolment(void **state)
{
    (void)state;
    T_OK(rekey(), &err);
    flow_close(&flow);
    assert_int_equal(scratch_empty(state), 0);
    open_flow();
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT, 130 };
    T_OK(enroll(), &err);
    assert_true(world.evidence[world.evidence_n - 2]->a1.attempt == 130 + RESERVATION_LOST);
    assert_true(last()->a1.snd.seq_hi == world.floor_up - 1);
    same_root(&world.pending, 3);
}

static void another_verifier_gets_nothing_of_the_old_epoch(void **state) /* P-DEV-15 */
{
    (void)state;
    T_OK(rekey(), &err);
    flow_close(&flow);
    fake_world_forget();
    snprintf(config.tenant, sizeof(config.tenant), "other");
    open_flow();
    T_OK(enroll(), &err);
    assert_int_equal(last()->a1.new_epoch, 1);
    same_root(&world.pending, 1);
    restart();
    T_OK(attest(), &err);
    same_root(&world.current, 1);
}

static void a_verifier_that_has_shown_its_key_is_another(void **state) /* P-DEV-15 */
{
    (void)state;
    T_OK(rekey(), &err);
    flow_close(&flow);
    fake_world_forget();
    snprintf(config.tenant, sizeof(config.tenant), "other");
    open_flow();
    world.refuses_enrol = true;
    T_FAILS(enroll(), &err, PAWL_E_DENIED);
    world.refuses_enrol = false;
    restart(); /* its record is on the disk now, and nothing of the old one */
    T_OK(enroll(), &err);
    assert_int_equal(last()->a1.new_epoch, 1);
    world.vault.trouble = SOFT_GONE;
    T_FAILS(rekey(), &err, PAWL_E_CONFLICT);
    world.vault.trouble = SOFT_NONE;
    T_OK(attest(), &err);
    same_root(&world.current, 2);
}

static void an_epoch_with_another_verifier_survives_a_lost_commit(void **state)
{
    (void)state;
    flow_close(&flow);
    fake_world_forget();
    snprintf(config.tenant, sizeof(config.tenant), "other");
    open_flow();
    T_OK(enroll(), &err);
    world.vault.trouble = SOFT_GONE;
    T_FAILS(rekey(), &err, PAWL_E_CONFLICT);
    world.vault.trouble = SOFT_NONE;
    T_OK(attest(), &err);
    same_root(&world.current, 2);
}

static void a_mistyped_verifier_costs_no_epoch(void **state) /* P-DEV-15 */
{
    (void)state;
    T_OK(rekey(), &err);
    flow_close(&flow);
    config.verifier[0][0] ^= 1;
    open_flow();
    assert_false(pawl_is_ok(enroll()));
    flow_close(&flow);
    config.verifier[0][0] ^= 1;
    open_flow();
    T_OK(attest(), &err);
    same_root(&world.current, 2);
}

/* ---- the imported key ----------------------------------------------------------------------- */

static void give_hedge(void)
{
    T_OK(pawl_secret_random(32, &world.hedge, &err), &err);
    T_OK(flow_hedge(&flow, &world.hedge, &err), &err);
    world.suites = (struct pawl_suites){
        3, { PAWL_SUITE_CCM, PAWL_SUITE_GCM | PAWL_SUITE_HMAC_KEY, PAWL_SUITE_GCM }
    };
}

static void the_imported_key_is_in_every_new_root(void **state) /* P-DEV-14 */
{
    (void)state;
    give_hedge();
    T_OK(rekey(), &err);
    assert_int_equal(last()->a1.suite, PAWL_SUITE_GCM | PAWL_SUITE_HMAC_KEY);
    same_root(&world.pending, 2);
    restart();
    T_OK(rekey(), &err);
    same_root(&world.pending, 3);
    world.hedge.b[0] ^= 1;
    T_FAILS(rekey(), &err, PAWL_E_FORGED);
    T_WHERE(&err, "result.conf_V");
    world.hedge.b[0] ^= 1;
    T_OK(enroll(), &err);
    assert_int_equal(last()->a1.suite, PAWL_SUITE_CCM);
    assert_true(pawl_secret_equal(&world.pending.rk, &flow.live.slot.rk));
}

static void a_list_without_the_key_does_not_take_it_away(void **state) /* P-DEV-14 */
{
    (void)state;
    give_hedge();
    world.suites = (struct pawl_suites){ 1, { PAWL_SUITE_GCM } };
    T_OK(rekey(), &err);
    assert_int_equal(last()->a1.suite, PAWL_SUITE_GCM | PAWL_SUITE_HMAC_KEY);
    same_root(&world.pending, 2);
    T_OK(attest(), &err);
    assert_int_equal(last()->a1.suite, PAWL_SUITE_GCM);
}

static void a_verifier_without_the_key_says_so_and_is_served(void **state) /* P-DEV-14 */
{
    (void)state;
    give_hedge();
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_SUITE, 1 };
    T_OK(rekey(), &err);
    assert_int_equal(last()->a1.suite, PAWL_SUITE_CCM);
    same_root(&world.pending, 2);
    *script(0) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_SUITE, 1 };
    *script(1) = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_SUITE, 1 };
    size_t from = world.evidence_n;
    T_OK(rekey(), &err);
    assert_int_equal(world.evidence_n, from + 2);
}

static void a_key_is_for_the_enrolled(void **state)
{
    PAWL_SECRET key = { .n = 32 };

    (void)state;
    T_FAILS(flow_hedge(&flow, &key, &err), &err, PAWL_E_STATE);
    assert_int_equal(world.opened, 0);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), enrolled_world, end_world, NULL                                           \
    }
#define FRESH(sentence, f)                                                                         \
    {                                                                                              \
        (sentence), (f), new_world, end_world, NULL                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH("enrolment makes the first root", enrolment_makes_the_first_root),
        CASE("a rekey goes on from the newest root", a_rekey_goes_on_from_the_newest_root),
        CASE("each rekey has an e_D of its own, made before the nonce",
             each_rekey_has_an_e_d_of_its_own_made_before_the_nonce),
        CASE("the epoch keeps the verifier that made it",
             the_epoch_keeps_the_verifier_that_made_it),
        FRESH("without messages nothing is logged", without_messages_nothing_is_logged),
        CASE("no answer but the right one moves anything",
             no_answer_but_the_right_one_moves_anything),
        CASE("an attestation takes no root", an_attestation_takes_no_root),
        FRESH("an enrolment with a wrong root is none", an_enrolment_with_a_wrong_root_is_none),
        CASE("a failure before the commit keeps the old epoch",
             a_failure_before_the_commit_keeps_the_old_epoch),
        CASE("a commit whose answer is lost is found out",
             a_commit_whose_answer_is_lost_is_found_out),
        CASE("a counter that somebody else turns is a loss",
             a_counter_that_somebody_else_turns_is_a_loss),
        CASE("a lost answer is another attempt on the same base",
             a_lost_answer_is_another_attempt_on_the_same_base),
        CASE("an unknown base is resynced once", an_unknown_base_is_resynced_once),
        CASE("an attest resyncs too", an_attest_resyncs_too),
        CASE("the epoch is above all that either side knows",
             the_epoch_is_above_all_that_either_side_knows),
        CASE("each refusal permits one resync", each_refusal_permits_one_resync),
        CASE("news of the epoch are worth one more", news_of_the_epoch_are_worth_one_more),
        CASE("a resync that needs another number starts over",
             a_resync_that_needs_another_number_starts_over),
        CASE("a verifier that never agrees is left alone",
             a_verifier_that_never_agrees_is_left_alone),
        CASE("full evidence is given once", full_evidence_is_given_once),
        CASE("too soon is told", too_soon_is_told),
        CASE("too soon ends a failure, and no refusal", too_soon_ends_a_failure_and_no_refusal),
        FRESH("an enrolment goes above the epochs that are known",
              an_enrolment_goes_above_the_epochs_that_are_known),
        CASE("values wanted after a rekey come with an attest",
             values_wanted_after_a_rekey_come_with_an_attest),
        CASE("a demand is told to the caller", a_demand_is_told_to_the_caller),
        CASE("a lost slot is resynced", a_lost_slot_is_resynced),
        CASE("an older slot is resynced", an_older_slot_is_resynced),
        CASE("a lost reservation is resynced", a_lost_reservation_is_resynced),
        CASE("a lost log is resynced", a_lost_log_is_resynced),
        CASE("a loss is not forgotten by a restart", a_loss_is_not_forgotten_by_a_restart),
        CASE("a state that is not the last one is given up",
             a_state_that_is_not_the_last_one_is_given_up),
        CASE("what was given up does not come back", what_was_given_up_does_not_come_back),
        CASE("numbers leap once for each loss", numbers_leap_once_for_each_loss),
        CASE("without a loss our own positions hold", without_a_loss_our_own_positions_hold),
        CASE("all files lost is a new enrolment", all_files_lost_is_a_new_enrolment),
        CASE("another verifier gets nothing of the old epoch",
             another_verifier_gets_nothing_of_the_old_epoch),
        CASE("a verifier that has shown its key is another",
             a_verifier_that_has_shown_its_key_is_another),
        CASE("an epoch with another verifier survives a lost commit",
             an_epoch_with_another_verifier_survives_a_lost_commit),
        CASE("a mistyped verifier costs no epoch", a_mistyped_verifier_costs_no_epoch),
        CASE("the imported key is in every new root", the_imported_key_is_in_every_new_root),
        CASE("a list without the key does not take it away",
             a_list_without_the_key_does_not_take_it_away),
        CASE("a verifier without the key says so and is served",
             a_verifier_without_the_key_says_so_and_is_served),
        FRESH("a key is for the enrolled", a_key_is_for_the_enrolled),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
