/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a device that is known changes nothing of its record before its return was accepted
 * (P-ENROL-7), by the word that its state asks for. */
#include <stdio.h>
#include <string.h>

#include "flow_fixture.h"

/* A device in the middle of its enrolment. */
static void begin(struct world *w, struct soft_device *d, struct enrolling *e,
                  struct soft_evidence *ev)
{
    world_make(w);
    world_device(w, &w->vendor, d);
    struct pawl_enrol_req req = soft_enrol(d);
    world_enrol_request(w, d, &req, e);
    world_enrol_evidence(d, e, ev);
}

/* ---- who is known already ------------------------------------------------------------------- */

static void the_same_evidence_enrols_once(void **state) /* P-NONCE-3 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    struct pawl_refusal r = world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_ATTEMPT);
    assert_int_equal(r.last_attempt, 1);
}

static void an_active_device_that_enrols_again_waits_for_approval(void **state) /* P-ENROL-7 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    struct pawl_enrol_req req = soft_enrol(&d);
    world_enrol_with(&w, &d, &req, &ev);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_WAIT_FOR_APPROVAL);

    /* A token for anybody is no word for this device. */
    struct made_token t = world_token(&w, ACME, "{}");
    req = world_token_request(&d, &t);
    world_enrol_with(&w, &d, &req, &ev);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_WAIT_FOR_APPROVAL);
}

static void an_operator_s_leave_is_for_one_enrolment(void **state) /* P-ENROL-7 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_attest(&w, &d); /* which does not use it up */
    struct device before = world_record(&w, &d);
    soft_device_clear(&d);
    world_enrol(&w, &d);
    struct device r = world_record(&w, &d);
    assert_int_equal(r.state, DEVICE_ACTIVE);
    assert_int_equal(r.enrolments, 2);
    assert_true(r.attempt > before.attempt);
    assert_false(r.may_reenrol);

    struct pawl_enrol_req req = soft_enrol(&d);
    world_enrol_with(&w, &d, &req, &ev);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_WAIT_FOR_APPROVAL);
}

static void leave_is_used_up_by_whatever_let_it_in(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    w.config.tenant[ACME].reenrol_auto = true;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_enrol(&w, &d);
    assert_false(world_record(&w, &d).may_reenrol);
}

static void accepted_again_it_keeps_what_it_must(void **state) /* P-ENROL-7 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;
    char                 body[128], id[2 * PAWL_DEVICE_ID + 1];

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    int64_t created = world_record(&w, &d).created_s;
    w.now_ms += 5000;
    T_OK(pawl_hex_write(PAWL_VIEW_OF(d.id), id, sizeof(id), &w.err), &w.err);
    snprintf(body, sizeof(body), "{\"device\":\"%s\"}", id);
    struct made_token t = world_token(&w, ACME, body);
    soft_device_clear(&d);
    struct pawl_enrol_req req = world_token_request(&d, &t);
    world_enrol_with(&w, &d, &req, &ev);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);

    struct device r = world_record(&w, &d);
    assert_int_equal(r.state, DEVICE_ACTIVE);
    assert_int_equal(r.enrolments, 2);
    assert_int_equal(r.attempt, 2);
    assert_int_equal(r.created_s, created);
    assert_true(pawl_name_equal(&r.ak_name, &d.ak_name));

    w.config.tenant[ACME].reenrol_auto = true;
    world_enrol(&w, &d);
    assert_int_equal(world_record(&w, &d).enrolments, 3);
    d.attempt = 1;
    req = soft_enrol(&d);
    world_enrol_with(&w, &d, &req, &ev);
    assert_int_equal(world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_ATTEMPT).last_attempt,
                     3);
}

static void a_pending_device_that_enrols_again_stays_pending(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    w.config.tenant[ACME].admission = ADMISSION_APPROVE;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_enrol(&w, &d);
    struct device r = world_record(&w, &d);
    assert_int_equal(r.state, DEVICE_PENDING);
    assert_int_equal(r.enrolments, 2);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    assert_int_equal(world_record(&w, &d).state, DEVICE_ACTIVE);
}

static void a_revoked_device_never_comes_back(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    w.config.tenant[ACME].reenrol_auto = true;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    struct made_token     t = world_token(&w, ACME, "{}");
    struct pawl_enrol_req req = world_token_request(&d, &t);
    world_enrol_with(&w, &d, &req, &ev);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_REVOKED);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("the same evidence enrols once", the_same_evidence_enrols_once),
        T_CASE("an active device that enrols again waits for approval",
               an_active_device_that_enrols_again_waits_for_approval),
        T_CASE("an operator's leave is for one enrolment",
               an_operator_s_leave_is_for_one_enrolment),
        T_CASE("leave is used up by whatever let it in", leave_is_used_up_by_whatever_let_it_in),
        T_CASE("accepted again it keeps what it must", accepted_again_it_keeps_what_it_must),
        T_CASE("a pending device that enrols again stays pending",
               a_pending_device_that_enrols_again_stays_pending),
        T_CASE("a revoked device never comes back", a_revoked_device_never_comes_back),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
