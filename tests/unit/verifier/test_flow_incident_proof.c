/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: each rule's finding (E2 to E6) is proved with what the device's own TPM signed, in the
 * step that finds it; the proofs of one incident stay few and each checks offline.
 */
#include <stdlib.h>
#include <string.h>

#include "flow/incident.h"
#include "incident_fixture.h"
#include "proof/proof.h"
#include "ratchet/plan.h"
#include "soft_log.h"

/* ---- c: the man in the middle with the chain key -------------------------------------------- */

static void a_replaced_message_is_named_and_proved_by_its_leaves(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    soft_log_say(&log, "genuine"); /* it never comes */
    log_sends(&w, &d, &log, thief_forges(&log, 4));
    world_log_says(&w, &d, &log, 1);
    log_attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    assert_string_equal(incident_names(&w, &d, 1), ""); /* one of five: which, the leaves say */
    world_takes(&w, flow_supply, log_supply(&w, &log, 0), 200);
    assert_string_equal(incident_names(&w, &d, 1), "E3 1/0/4 ");
    lights_are(&w, "affirming", "contraindicated");
    struct checking c = incident_proofs(&w, &d, 1);
    assert_int_equal(c.n, 2);
    for (size_t i = 0; i < c.n; i++) { /* nobody has to believe the verifier */
        assert_int_equal(c.rule[i], RULE_E3);
        assert_int_equal(c.strength[i], PROOF_AK);
    }
}

static void a_generation_that_the_device_never_opened(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, thief;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    thief = log;
    soft_log_open(&thief);
    log_sends(&w, &d, &thief, thief_forges(&thief, 40)); /* far above every snapshot of the epoch */
    log_attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
    log_rekeys(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
    log_attests(&w, &d,
                &log); /* a device that holds the new root sends nothing more under the old */
    assert_string_equal(incident_names(&w, &d, 1), "E3 1/1/40 ");
    /* Its keys were dead when it was found. */
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_string_equal(feed_told(&w, &d), "high/open high/closed ");
    lights_are(&w, "affirming", "affirming");
    assert_false(world_result(&w).want.rekey_now);
}

static void the_early_ratchet_is_denied_by_the_device(void **state) /* E4 */
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
    log_sends(&w, &d, &log, thief_forges(&log, 9));
    log_rekeys(&w, &d, &log); /* and its receipt claims slot 9 */
    T_OK(pawl_sha256(world_result(&w).receipt, hash, &w.err), &w.err);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.receipt = (struct pawl_receipt_verdict){ .receipt = PAWL_VIEW_OF(hash),
                                                   .verdict = 3,
                                                   .ahead_seq = 9 };
    world_sends(&w, &ev);
    /* Both findings are about the epoch in which somebody used the slot: one theft, one incident.
     */
    assert_int_equal(world_all_incidents(&w), 1);
    incident_is(&w, &d, 1, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
    assert_int_equal(world_incidents(&w, RULE_E4), 1);
    struct checking c = incident_proofs(&w, &d, 1);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.strength[0], PROOF_AK);
}

static void a_key_of_an_epoch_that_is_over_opens_nothing_twice(void **state) /* E2 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, thief;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    thief = log;
    log_rekeys(&w, &d, &log);
    log_attests(&w, &d, &log); /* closed; the snapshot tells where the new epoch begins */
    const char *before = strdup(chain_says(&w));
    soft_log_open(&thief);
    const struct pawl_view late[] = { thief_forges(&thief, 20) };
    /* Whatever he is answered: it is written down. */
    step_done(&w.step);
    T_OK(flow_messages(&w.flow, soft_request(&d, late, 1, false), &w.answer, &w.step, &w.err),
         &w.err);
    T_OK(store_commit_wait(&w.store.store, &w.step, &w.err), &w.err);
    assert_int_equal(world_all_incidents(&w), 1);
    incident_is(&w, &d, 1, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_string_equal(chain_says(&w) + strlen(before), "joined ");
    assert_false(world_ratchet(&w, &d).rekey_demanded);
    /* Told once, however long he goes on. */
    const struct pawl_view again[] = { thief_forges(&thief, 21) };
    world_refuses(&w, flow_messages, soft_request(&d, again, 1, false), PAWL_E_DENIED,
                  "messages.COSE");
    log_attests(&w, &d, &log);
    lights_are(&w, "affirming", "affirming");
    /* Who follows the feed alone knows what it is called by now. */
    assert_string_equal(feed_told(&w, &d), "high/open high/closed high/closed ");
    free((char *)before);
}

/* ---- e: two of one device ------------------------------------------------------------------- */

/* A copy of its state, before the device's next rekey or behind it. */
static void a_copy_is_proved_by_two_quotes(void **state) /* E5 */
{
    (void)state;
    for (unsigned original_first = 0; original_first < 2; original_first++) {
        WORLD                w;
        DEVICE               d;
        struct soft_evidence ev;

        world_make(&w);
        world_settled(&w, &d);
        struct soft_device copy = d, *first = original_first ? &d : &copy,
                           *second = original_first ? &copy : &d;
        world_rekey(&w, first);
        world_attest(&w, first);
        second->attempt = first->attempt;
        second->clock.clock_ms = first->clock.clock_ms + 1000; /* one TPM each, and time goes on */
        world_begin(&w, second, PAWL_LABEL_REKEY, &ev);
        soft_evidence_sign(&ev, NULL);
        world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_FORKED);
        incident_is(&w, &d, 2, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
        struct checking c = incident_proofs(&w, &d, 2);
        assert_int_equal(c.n, 1);
        assert_int_equal(c.strength[0], PROOF_AK);
        world_begin(&w, second, PAWL_LABEL_REKEY, &ev); /* the same proof again adds nothing */
        soft_evidence_sign(&ev, NULL);
        world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_FORKED);
        assert_true(step_is_empty(&w.step));
        world_attest(&w, first);
        lights_are(&w, "affirming", "contraindicated");
        world_rekey(&w, first); /* a copy can do that too: a person must look */
        world_attest(&w, first);
        incident_is(&w, &d, 2, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_HEALED);
        lights_are(&w, "affirming", "contraindicated");
    }
}

/* ---- E6 ------------------------------------------------------------------------------------- */

static void a_tpm_that_went_back_is_told_once(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    d.clock.clock_ms -= 100;
    world_attest(&w, &d);
    incident_is(&w, &d, 1, INCIDENT_TPM_WENT_BACK, SEVERITY_HIGH, INCIDENT_OPEN);
    lights_are(&w, "contraindicated", "contraindicated"); /* the one light that it takes with it */
    struct checking c = incident_proofs(&w, &d, 1);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.strength[0], PROOF_AK);
    world_attest(&w, &d);
    world_rekey(&w, &d);
    world_attest(&w, &d);
    world_attest(&w, &d);
    assert_int_equal(world_all_incidents(&w), 1);
    incident_is(&w, &d, 1, INCIDENT_TPM_WENT_BACK, SEVERITY_HIGH, INCIDENT_HEALED);
    assert_string_equal(chain_says(&w), "opened healed ");
}

/* ---- what is clean -------------------------------------------------------------------------- */

/* Twenty replays of his are told; what the device attests is proved all the same. */
static void a_thief_does_not_use_the_proofs_up(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 20);
    for (uint64_t seq = 1; seq <= 20; seq++)
        log_sends(&w, &d, &log, thief_forges(&log, seq));
    soft_log_say(&log, "genuine"); /* it never comes */
    log_sends(&w, &d, &log, thief_forges(&log, 21));
    log_attests(&w, &d, &log);
    world_takes(&w, flow_supply, log_supply(&w, &log, 0), 200);
    struct checking c = incident_proofs(&w, &d, 1);
    assert_true(c.n > 0 && c.n <= INCIDENT_PROOFS_MAX);
    assert_int_equal(c.rule[c.n - 1], RULE_E3);
    assert_int_equal(c.strength[c.n - 1], PROOF_AK);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("E3 a replaced message is named and proved by its leaves",
               a_replaced_message_is_named_and_proved_by_its_leaves),
        T_CASE("E3 a generation that the device never opened",
               a_generation_that_the_device_never_opened),
        T_CASE("E4 the early ratchet is denied by the device",
               the_early_ratchet_is_denied_by_the_device),
        T_CASE("E2 a key of an epoch that is over opens nothing twice",
               a_key_of_an_epoch_that_is_over_opens_nothing_twice),
        T_CASE("E5 a copy is proved by two quotes", a_copy_is_proved_by_two_quotes),
        T_CASE("E6 a TPM that went back is told once", a_tpm_that_went_back_is_told_once),
        T_CASE("c) a thief does not use the proofs up", a_thief_does_not_use_the_proofs_up),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
