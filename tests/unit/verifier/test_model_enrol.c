/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the counterexamples of tests/model/enrol.pml against the verifier's flows: the first
 * root, repeated and re-enrolment, and a copy that would rather enrol anew than be called a fork.
 */
#include <string.h>

#include "replay.h"

static struct soft_evidence enrolment(struct world *w, struct soft_device *d)
{
    struct pawl_enrol_req req = soft_enrol(d);
    struct enrolling      e;
    struct soft_evidence  ev;

    world_enrol_request(w, d, &req, &e);
    world_enrol_evidence(d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    return ev;
}

/* Accepted, and its answer lost. */
static void enrols_unheard(struct world *w, struct soft_device *d)
{
    struct soft_evidence ev = enrolment(w, d);

    world_takes(w, flow_evidence, soft_evidence_bytes(&ev), 200);
}

static struct pawl_refusal may_not_enrol(struct world *w, struct soft_device *d,
                                         enum pawl_refusal_code code)
{
    struct soft_evidence ev = enrolment(w, d);
    struct pawl_refusal  no = world_says_no(w, soft_evidence_bytes(&ev), code);

    if (d->known_epoch < no.known_epoch)
        d->known_epoch = no.known_epoch;
    if (d->attempt < no.last_attempt)
        d->attempt = no.last_attempt;
    return no;
}

/* A copy of the device's TPM and disk was called a fork. It would be welcome as a new device. */
static void a_copy_that_was_called_a_fork_does_not_enrol(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    struct soft_device copy = d;
    world_rekey(&w, &d);
    world_attest(&w, &d);
    copy.attempt = d.attempt;
    replay_refused(&w, &copy, PAWL_LABEL_ATTEST, PAWL_REFUSAL_FORKED);
    soft_device_forget(&copy);
    may_not_enrol(&w, &copy, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    d.attempt = copy.attempt;
    world_attest(&w, &d); /* nothing changed for the other one */
    assert_int_equal(world_record(&w, &d).enrolments, 1);
}

static void a_lost_first_answer_needs_nobody(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    for (unsigned i = 0; i < 3; i++) {
        enrols_unheard(&w, &d);
        may_not_enrol(&w, &d, PAWL_REFUSAL_UNKNOWN_BASE); /* tells the epoch that was granted */
    }
    world_enrol(&w, &d);
    replay_in_step(&w, &d);
}

/* Somebody allowed the device to enrol again, and the answer is lost: it goes on as before. */
static void the_old_root_holds_until_the_new_one_is_used(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    enrols_unheard(&w, &d);
    replay_in_step(&w, &d); /* on the root that it has */
    world_rekey(&w, &d);
    replay_in_step(&w, &d);
}

/* The device lost its state and enrols again. A request of its life before comes once more. */
static void no_request_is_taken_twice_around_an_enrolment(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence before;

    world_make(&w);
    world_settled(&w, &d);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &before);
    world_sends(&w, &before);
    soft_device_forget(&d);
    d.attempt = 0;
    may_not_enrol(&w, &d, PAWL_REFUSAL_ATTEMPT);
    enrols_unheard(&w, &d);
    world_says_no(&w, soft_evidence_bytes(&before), PAWL_REFUSAL_ATTEMPT);
    d.known_epoch++;
    world_enrol(&w, &d);
    replay_in_step(&w, &d);
}

/* The device holds its first root, and asks for another one; that answer is lost. So it goes on
 * with the one that it holds, which an enrolment replaced and did not bury. */
static void an_enrolment_buries_no_root(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    w.config.tenant[ACME].resync_auto = true;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    enrols_unheard(&w, &d);
    replay_refused(&w, &d, PAWL_LABEL_ATTEST, PAWL_REFUSAL_UNKNOWN_BASE);
    world_resync(&w, &d);
    replay_in_step(&w, &d);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("R_REENROL: a copy that was called a fork does not enrol",
               a_copy_that_was_called_a_fork_does_not_enrol),
        T_CASE("R_REPLACE: a lost first answer needs nobody", a_lost_first_answer_needs_nobody),
        T_CASE("R_KEEPCUR: the old root holds until the new one is used",
               the_old_root_holds_until_the_new_one_is_used),
        T_CASE("R_KEEPATT: no request is taken twice around an enrolment",
               no_request_is_taken_twice_around_an_enrolment),
        T_CASE("R_NOTOMB: an enrolment buries no root", an_enrolment_buries_no_root),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
