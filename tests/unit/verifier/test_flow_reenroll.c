/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a device that is known changes nothing of its record before its return was accepted
 * (P-ENROL-7), by the word that its state asks for. */
#include <stdio.h>
#include <string.h>

#include "soft_messages.h"

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
    world_settled(&w, &d);
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
    /* Until the new root is seen in use it may ask again, uncounted. */
    assert_true(world_ratchet(&w, &d).may_resync);
    soft_device_forget(&d);
    world_enrol(&w, &d);
    world_attest_all(&w, &d);
    assert_false(world_ratchet(&w, &d).may_resync);

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
    world_settled(&w, &d);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_enrol(&w, &d);
    world_attest(&w, &d);
    assert_false(world_ratchet(&w, &d).may_resync);
    assert_int_equal(world_ratchet(&w, &d).resync_auto_ms, 0);
    world_enrol(&w, &d); /* now by the rule alone */
    world_attest(&w, &d);
    assert_int_equal(world_ratchet(&w, &d).resync_auto_ms, w.now_ms);
}

static void what_was_never_used_is_enrolled_again_without_a_word(void **state) /* P-ENROL-7 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    soft_device_forget(&d); /* the answer got lost */
    d.known_epoch = 0;
    struct pawl_enrol_req req = soft_enrol(&d);
    struct enrolling      e;
    world_enrol_request(&w, &d, &req, &e);
    world_enrol_evidence(&d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    d.known_epoch = world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_UNKNOWN_BASE)
                        .known_epoch;
    assert_int_equal(d.known_epoch, 1);
    world_enrol(&w, &d); /* with the epoch that it was told */
    world_attest(&w, &d);
    struct ratchet r = world_ratchet(&w, &d);
    assert_int_equal(r.current.epoch, 2);
    assert_int_equal(r.resync_auto_ms, 0);
    assert_int_equal(r.tombstone_n, 0); /* R_NOTOMB: it may have come after all */
}

static void the_old_root_stays_until_the_new_one_is_used(void **state) /* P-ENROL-7 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    w.config.tenant[ACME].reenrol_auto = true;
    struct pawl_root old = d.root;
    world_enrol(&w, &d);
    struct pawl_root new = d.root;
    struct ratchet r = world_ratchet(&w, &d);
    assert_int_equal(r.current.epoch, 1);
    assert_true(r.pending.epoch == 2 && r.pending.resync);
    assert_memory_equal(r.current.kid, old.kid, PAWL_KID);
    d.root = old; /* the same keys, so it may go on with the old root: the new one never arrived */
    world_attest(&w, &d);
    r = world_ratchet(&w, &d);
    assert_true(r.current.epoch == 1 && !r.pending.present);
    assert_memory_equal(r.tombstone[0].kid, new.kid, PAWL_KID);
}

static void what_was_sent_before_is_not_judged(void **state) /* P-REC-3 */
{
    (void)state;
    WORLD                 w;
    DEVICE                d;
    struct enrolling      e;
    struct soft_evidence  ev;
    struct pawl_enrol_req req;

    world_make(&w);
    world_settled(&w, &d);
    w.config.tenant[ACME].reenrol_auto = true;
    req = soft_enrol(&d);
    world_enrol_request(&w, &d, &req, &e);
    world_enrol_evidence(&d, &e, &ev);
    ev.a1.snd.seq_hi = 50;
    soft_evidence_sign(&ev, &e.secret);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    struct ratchet r = world_ratchet(&w, &d);
    assert_int_equal(r.attested_hi, 50);
    assert_int_equal(r.unattested_hi, 50);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void accepted_again_it_keeps_what_it_must(void **state) /* P-ENROL-7 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;
    char                 body[128], id[2 * PAWL_DEVICE_ID + 1];

    world_make(&w);
    world_settled(&w, &d);
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
    assert_int_equal(r.attempt, 3);
    assert_int_equal(r.created_s, created);
    assert_true(pawl_name_equal(&r.ak_name, &d.ak_name));

    w.config.tenant[ACME].reenrol_auto = true;
    d.known_epoch = 2;
    world_enrol(&w, &d);
    assert_int_equal(world_record(&w, &d).enrolments, 3);
    d.attempt = 1;
    req = soft_enrol(&d);
    world_enrol_with(&w, &d, &req, &ev);
    assert_int_equal(world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_ATTEMPT).last_attempt,
                     4);
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
        T_CASE("what was never used is enrolled again without a word",
               what_was_never_used_is_enrolled_again_without_a_word),
        T_CASE("the old root stays until the new one is used",
               the_old_root_stays_until_the_new_one_is_used),
        T_CASE("what was sent before is not judged", what_was_sent_before_is_not_judged),
        T_CASE("accepted again it keeps what it must", accepted_again_it_keeps_what_it_must),
        T_CASE("a pending device that enrols again stays pending",
               a_pending_device_that_enrols_again_stays_pending),
        T_CASE("a revoked device never comes back", a_revoked_device_never_comes_back),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
