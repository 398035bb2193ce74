/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: what a thief does with a stolen key becomes one incident that is written down and told in
 * the step that finds it; the keys' light turns red and the software's does not; the same finding
 * is no news, a graver one is. How it ends is tested in test_flow_incident_end.c, its proofs in
 * test_flow_incident_proof.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/operator.h"
#include "incident_fixture.h"
#include "proof/proof.h"
#include "ratchet/plan.h"
#include "soft_log.h"

/* ---- c: the man in the middle with the chain key -------------------------------------------- */

static void the_same_finding_again_is_no_news(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    log_sends(&w, &d, &log, thief_forges(&log, 9)); /* ahead of the device */
    for (unsigned i = 0; i < 7; i++)
        soft_log_say(&log, "lost");
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 1);
    log_attests(&w, &d, &log);
    world_takes(&w, flow_supply, log_supply(&w, &log, 0), 200); /* the slot is the device's own */
    assert_string_equal(incident_names(&w, &d, 1), "E3 1/0/9 ");
    assert_string_equal(chain_says(&w), "opened marked ");
    assert_int_equal(store_number(&w.store, "SELECT forged FROM incident"), 1);
    for (unsigned i = 0; i < 3; i++)
        log_attests(&w, &d, &log);
    assert_string_equal(incident_names(&w, &d, 1), "E3 1/0/9 ");
    assert_string_equal(chain_says(&w), "opened marked ");
    assert_int_equal(world_ratchet(&w, &d).clean_hi, 11); /* and what follows is clean */
}

/* Whoever holds both messages repeats them without a key. */
static void a_slot_that_was_named_is_no_news(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    struct soft_epoch      thief = log.e;
    const struct pawl_view other[] = { (thief.seq = 4, soft_app(&thief, 77, "another")) };
    world_refuses(&w, flow_messages, soft_request(&d, other, 1, false), PAWL_E_DENIED,
                  "messages.COSE");
    assert_string_equal(incident_names(&w, &d, 1), "E1 1/0/4 ");
    assert_string_equal(chain_says(&w), "opened ");
    two_in_one_slot(&w, &d, &log); /* another one is */
    assert_string_equal(incident_names(&w, &d, 1), "E1 1/0/4 E1 1/0/8 ");
    assert_string_equal(chain_says(&w), "opened named ");
    assert_string_equal(feed_told(&w, &d), "high/open ");
}

static void a_graver_finding_is_told_again(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    d.boot_id[0] ^= 1;
    log_attests(&w, &d, &log);
    d.boot_id[0] ^= 1;
    log_attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    assert_string_equal(feed_told(&w, &d), "high/open critical/open ");
}

/* One snapshot may speak of two thefts. */
static void findings_of_two_epochs_are_two_incidents(void **state)
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
    log_sends(&w, &d, &thief, thief_forges(&thief, 40));
    log_rekeys(&w, &d, &log);
    world_log_says(&w, &d, &log, 1);
    thief = log;
    soft_log_open(&thief);
    log_sends(&w, &d, &thief, thief_forges(&thief, 5));
    log.e.seq = 6;
    soft_log_open(&log);
    log.e.seq = 6;
    world_log_says(&w, &d, &log, 1);
    log_attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    incident_is(&w, &d, 2, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    assert_string_equal(incident_names(&w, &d, 1), "E3 1/1/40 ");
    assert_string_equal(incident_names(&w, &d, 2), "E3 2/1/5 ");
    assert_int_equal(incident_proofs(&w, &d, 1).n, 1);
    assert_int_equal(incident_proofs(&w, &d, 2).n, 1);
}

static void a_second_one_in_the_next_epoch_is_critical(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    log_rekeys(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    incident_is(&w, &d, 2, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    assert_string_equal(feed_told(&w, &d), "high/open high/closed critical/open ");
}

/* ---- the record's lights -------------------------------------------------------------------- */

/* Nothing was wrong by the quote; its leaves tell of a slot in which something else had come. */
static void leaves_may_turn_the_light_red(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    soft_log_say(&log, "genuine");
    log_sends(&w, &d, &log, thief_forges(&log, 4));
    soft_log_say(&log, "lost"); /* not all came: the digest says nothing yet */
    log_attests(&w, &d, &log);
    lights_are(&w, "affirming", "affirming");
    assert_int_equal(world_all_incidents(&w), 0);
    world_takes(&w, flow_supply, log_supply(&w, &log, 0), 200);
    lights_are(&w, "affirming", "contraindicated");
    assert_string_equal(incident_names(&w, &d, 1), "E3 1/0/4 ");
    struct device r = world_record(&w, &d);
    assert_string_equal(r.status, "contraindicated");
    assert_string_equal(r.software_status, "affirming");
    assert_string_equal(r.keys_status, "contraindicated");
    assert_non_null(strstr(r.why, "message-forged: "));
    assert_true(world_ratchet(&w, &d).rekey_demanded);
    struct checking c = incident_proofs(&w, &d, 1);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.strength[0], PROOF_AK);
}

/* A device that leaves out the values that spoke against it is not cleared of them, whatever its
 * keys are. */
static void a_rekey_clears_no_software(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    d.pcr[7] ^= 1;
    log_attests(&w, &d, &log);
    lights_are(&w, "contraindicated", "affirming");
    two_in_one_slot(&w, &d, &log);
    d.pcr[7] ^= 2;
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    soft_log_snd(&log, &ev.a1);
    soft_evidence_sign(&ev, NULL);
    ev.m.has_pcrs = false;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    world_adopt(&w, &d, &ev, NULL);
    struct device r = world_record(&w, &d);
    assert_string_equal(r.software_status, "contraindicated");
    assert_string_equal(r.keys_status, "contraindicated");
    soft_log_turn(&d, &log);
    log_attests(&w, &d, &log);
    lights_are(&w, "contraindicated", "affirming");
}

/* What an operator sees of a device. */
static void an_operator_sees_both_lights_and_the_incident(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    char                  *text, id[80];

    world_make(&w);
    world_speaks(&w, &d, &log);
    for (unsigned red = 0; red < 2; red++) {
        if (red)
            two_in_one_slot(&w, &d, &log);
        log_attests(&w, &d, &log);
        T_OK(operator_device(&w.flow, &w.config.tenant[ACME], world_id(&d), &text, &w.err), &w.err);
        cJSON *o = cJSON_Parse(text);
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "software_status")),
                            "affirming");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "keys_status")),
                            red ? "contraindicated" : "affirming");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "status")),
                            red ? "contraindicated" : "affirming");
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(o, "due")));
        assert_true(cJSON_IsFalse(cJSON_GetObjectItem(o, "overdue")));
        snprintf(id, sizeof(id), "%s.1", world_id(&d));
        if (red)
            assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "incident")), id);
        else
            assert_true(cJSON_IsNull(cJSON_GetObjectItem(o, "incident")));
        cJSON_Delete(o);
        free(text);
    }
}

/* ---- what is clean -------------------------------------------------------------------------- */

/* A hundred in two generations: one supply names them all. */
static void every_replaced_slot_is_named(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    static uint8_t         b[64 * 1024];
    struct pawl_wr         out = pawl_wr_to(b, sizeof(b));
    struct pawl_supply     m = { .leaves_n = 2 };
    unsigned               n = 0;

    world_make(&w);
    world_speaks(&w, &d, &log);
    for (unsigned i = 0; i < 100; i++) {
        if (i == 50)
            soft_log_open(&log);
        soft_log_say(&log, "genuine"); /* it never comes */
        log_sends(&w, &d, &log, thief_forges(&log, log.e.seq - 1));
    }
    log_attests(&w, &d, &log);
    m.ticket = t_copy(world_result(&w).ticket);
    for (size_t i = 0; i < m.leaves_n; i++) {
        m.leaves[i].epoch = log.gen[i].epoch;
        m.leaves[i].gen = log.gen[i].gen;
        m.leaves[i].leaves = soft_log_leaves(&log, i);
    }
    T_OK(pawl_supply_write(&m, &out, &w.err), &w.err);
    world_takes(&w, flow_supply, t_copy(pawl_view(b, out.n)), 200);
    for (const char *at = incident_names(&w, &d, 1); (at = strstr(at, "E3 ")); at++)
        n++;
    assert_int_equal(n, 100);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("the same finding again is no news", the_same_finding_again_is_no_news),
        T_CASE("a slot that was named is no news", a_slot_that_was_named_is_no_news),
        T_CASE("a graver finding is told again", a_graver_finding_is_told_again),
        T_CASE("findings of two epochs are two incidents",
               findings_of_two_epochs_are_two_incidents),
        T_CASE("a second one in the next epoch is critical",
               a_second_one_in_the_next_epoch_is_critical),
        T_CASE("leaves may turn the light red", leaves_may_turn_the_light_red),
        T_CASE("a rekey clears no software", a_rekey_clears_no_software),
        T_CASE("an operator sees both lights and the incident",
               an_operator_sees_both_lights_and_the_incident),
        T_CASE("c) every replaced slot is named", every_replaced_slot_is_named),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
