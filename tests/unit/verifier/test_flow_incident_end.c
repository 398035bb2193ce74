/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: an incident ends with the rekey that heals it, or with a person's word where the tenant
 * wants one; a leave closes what it was given for and nothing else; what comes late joins the
 * incident that it belongs to.
 */
#include <string.h>

#include "flow/held.h"
#include "flow/incident.h"
#include "incident_fixture.h"
#include "proof/proof.h"
#include "ratchet/plan.h"
#include "soft_log.h"

/* ---- c: the man in the middle with the chain key -------------------------------------------- */

static void a_forged_message_is_an_incident_until_the_rekey(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    assert_string_equal(incident_names(&w, &d, 1), "E1 1/0/4 ");
    assert_string_equal(chain_says(&w), "opened ");
    assert_string_equal(feed_told(&w, &d), "high/open ");
    assert_int_equal(incident_proofs(&w, &d, 1).n, 1);
    assert_true(store_number(&w.store, "SELECT count(*) FROM segment WHERE kind = 1") > 0);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE line LIKE"
                                            " 'incident message-forged opened in epoch 1 (E1): %'"),
                     1);
    log_attests(&w, &d, &log);
    lights_are(&w, "affirming", "contraindicated");
    assert_true(world_result(&w).want.rekey_now);
    struct device r = world_record(&w, &d);
    assert_string_equal(r.status, "contraindicated");
    assert_string_equal(r.software_status, "affirming");
    assert_string_equal(r.keys_status, "contraindicated");
    assert_non_null(strstr(r.why, "message-forged: "));
    log_rekeys(&w, &d, &log);
    lights_are(&w, "affirming", "contraindicated"); /* the new root is not in use yet */
    log_attests(&w, &d, &log);
    lights_are(&w, "affirming", "affirming");
    assert_string_equal(world_record(&w, &d).keys_status, "affirming");
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_string_equal(feed_told(&w, &d), "high/open high/closed ");
    assert_int_equal(world_all_incidents(&w), 1);
}

static void the_first_message_under_the_new_root_heals_it_too(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    log_rekeys(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    world_log_says(&w, &d, &log, 1);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
}

static void what_is_found_late_waits_for_a_person_where_a_tenant_wants_one(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, thief;

    world_make(&w);
    world_speaks(&w, &d, &log);
    w.config.tenant[ACME].heal_by_operator = true;
    thief = log;
    soft_log_open(&thief);
    log_sends(&w, &d, &thief, thief_forges(&thief, 40));
    log_rekeys(&w, &d, &log);
    log_attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_HEALED);
    lights_are(&w, "affirming", "contraindicated");
}

/* ---- a person ------------------------------------------------------------------------------- */

static void a_person_closes(struct world *w, const struct soft_device *d)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    PAWL_CLEANUP(step_done) struct step step = { .touches_device = true };

    step.device = world_record(w, d);
    memcpy(step.tenant, step.device.tenant, sizeof(step.tenant));
    T_OK(held_open(&w->flow, &step.device, &h, &w->err), &w->err);
    T_OK(incident_close_by(&h, &step, w->now_ms, "the board was replaced", &w->err), &w->err);
    T_OK(held_plan(&h, &step, &w->err), &w->err);
    T_OK(store_commit_wait(&w->store.store, &step, &w->err), &w->err);
    T_FAILS(incident_close_by(&h, &step, w->now_ms, "", &w->err), &w->err, PAWL_E_STATE);
}

static void a_tenant_may_want_a_person_s_word(void **state) /* heal = operator */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    w.config.tenant[ACME].heal_by_operator = true;
    two_in_one_slot(&w, &d, &log);
    log_rekeys(&w, &d, &log);
    log_attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_HEALED);
    lights_are(&w, "affirming", "contraindicated");
    assert_false(world_result(&w).want.rekey_now); /* nothing is left to do for the device */
    a_person_closes(&w, &d);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_string_equal(feed_told(&w, &d), "high/open high/healed high/closed ");
    log_attests(&w, &d, &log);
    lights_are(&w, "affirming", "affirming");
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM incident WHERE note ="
                                            " 'the board was replaced'"),
                     1);
}

static void a_new_finding_opens_again_what_a_person_closed(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    log_attests(&w, &d, &log);
    world_takes(&w, flow_supply, log_supply(&w, &log, 0), 200);
    a_person_closes(&w, &d);
    log_attests(&w, &d, &log);
    lights_are(&w, "affirming", "affirming");
    two_in_one_slot(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    assert_string_equal(incident_names(&w, &d, 1), "E1 1/0/4 E3 1/0/4 E1 1/0/8 ");
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM incident WHERE note != ''"), 0);
    log_attests(&w, &d, &log);
    lights_are(&w, "affirming", "contraindicated");
}

static void a_person_s_leave_that_is_used_closes_it(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    soft_device_forget(&d);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_resync(&w, &d);
    lights_are(&w, "affirming", "contraindicated");
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    world_attest(&w, &d);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    lights_are(&w, "affirming", "affirming");
    assert_true(world_ratchet(&w, &d).incident.by_person);
    /* And none that comes under that root. */
    log.e.seq = PAWL_SLOT_CEILING + 10;
    d.boot_id[0] ^= 1;
    world_attest(&w, &d);
    d.boot_id[0] ^= 1;
    world_attest(&w, &d);
    world_attest(&w, &d);
    incident_is(&w, &d, 2, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
}

static void the_rule_s_leave_closes_nothing(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    soft_device_forget(&d);
    world_resync(&w, &d); /* by the rule: nothing speaks against it yet */
    two_in_one_slot(&w, &d, &log);
    world_attest(&w, &d);
    assert_true(world_ratchet(&w, &d).current.by_auto);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    lights_are(&w, "affirming", "contraindicated");
}

/* ---- e: two of one device ------------------------------------------------------------------- */

/* A leave that nobody used would let the copy close what it is accused of. */
static void a_leave_from_before_an_incident_is_none(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    struct soft_device copy = d;
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_rekey(&w, &d);
    world_attest(&w, &d);
    copy.attempt = d.attempt;
    copy.clock.clock_ms = d.clock.clock_ms + 1000;
    world_begin(&w, &copy, PAWL_LABEL_REKEY, &ev);
    soft_evidence_sign(&ev, NULL);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_FORKED);
    world_begin(&w, &copy, PAWL_LABEL_RESYNC, &ev);
    ev.a1.new_epoch = 3;
    soft_evidence_sign(&ev, NULL);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_FORKED);
    incident_is(&w, &d, 2, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
}

static void a_newer_incident_closes_the_row_of_the_older(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    d.boot_id[0] ^= 1;
    log_attests(&w, &d, &log);
    d.boot_id[0] ^= 1; /* a start that another one had replaced */
    log_attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    log_rekeys(&w, &d, &log);
    log_attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_HEALED);
    two_in_one_slot(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_CLOSED);
    incident_is(&w, &d, 2, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    world_log_attests(&w, &d, &log, PAWL_LABEL_REKEY, &ev);
    world_adopt(&w, &d, &ev, NULL);
    world_attest(&w, &d);
    incident_is(&w, &d, 2, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_HEALED);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a forged message is an incident until the rekey",
               a_forged_message_is_an_incident_until_the_rekey),
        T_CASE("the first message under the new root heals it too",
               the_first_message_under_the_new_root_heals_it_too),
        T_CASE("what is found late waits for a person where a tenant wants one",
               what_is_found_late_waits_for_a_person_where_a_tenant_wants_one),
        T_CASE("the rule's leave closes nothing", the_rule_s_leave_closes_nothing),
        T_CASE("a tenant may want a person's word", a_tenant_may_want_a_person_s_word),
        T_CASE("a new finding opens again what a person closed",
               a_new_finding_opens_again_what_a_person_closed),
        T_CASE("a person's leave that is used closes it", a_person_s_leave_that_is_used_closes_it),
        T_CASE("a leave from before an incident is none", a_leave_from_before_an_incident_is_none),
        T_CASE("a newer incident closes the row of the older",
               a_newer_incident_closes_the_row_of_the_older),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
