/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a device that lost its state, or whose verifier did, comes back by the tenant's rule or
 * by a person's leave, once, with the positions that it was told; and a copy does not. */
#include <string.h>

#include "soft_messages.h"

static struct pawl_refusal says_no(struct world *w, struct soft_evidence *ev,
                                   enum pawl_refusal_code code)
{
    soft_evidence_sign(ev, NULL);
    return world_says_no(w, soft_evidence_bytes(ev), code);
}

static struct pawl_refusal refused(struct world *w, struct soft_device *d, enum pawl_label label,
                                   enum pawl_refusal_code code)
{
    struct soft_evidence ev;

    world_begin(w, d, label, &ev);
    struct pawl_refusal r = says_no(w, &ev, code);
    if (d->known_epoch < r.known_epoch)
        d->known_epoch = r.known_epoch;
    return r;
}

static void begin(struct world *w, struct soft_device *d)
{
    world_make(w);
    w->config.tenant[ACME].resync_auto = true;
    world_settled(w, d);
}

/* ---- the device lost its state -------------------------------------------------------------- */

static void state_lost_comes_back_by_the_rule(void **state) /* P-RESYNC-1, LOSS ASK */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    soft_device_forget(&d);
    d.known_epoch = 0;
    struct pawl_refusal no = refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    assert_int_equal(no.known_epoch, 1);
    assert_int_equal(no.last_attempt, 2);
    assert_int_equal(no.seq_floor_up, 32769);
    assert_int_equal(no.seq_floor_down, 1);
    world_resync(&w, &d);
    EAR         *ear = world_ear(&w);
    const cJSON *claim = cJSON_GetObjectItem(ear, "pawl");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(claim, "lbl")), "pawl/1 resync");
    assert_int_equal(cJSON_GetObjectItem(claim, "base")->valueint, 0);
    assert_int_equal(cJSON_GetObjectItem(claim, "new")->valueint, 2);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE line LIKE"
                                            " 'resync to epoch 2, by the tenant_s rule%'"),
                     1);
    struct ratchet r = world_ratchet(&w, &d);
    assert_int_equal(r.current.epoch, 1); /* until the new one is seen in use */
    assert_true(r.pending.resync && r.pending.by_auto);
    assert_int_equal(r.resync_auto_ms, 0);
    world_attest(&w, &d);
    r = world_ratchet(&w, &d);
    assert_int_equal(r.current.epoch, 2);
    assert_int_equal(r.resync_auto_ms, w.now_ms);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* P-ERR-4: the whole of what it can do is refused, and what it showed is kept. */
static void a_tpm_that_was_put_back_is_refused_and_told_of(void **state) /* E6 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    begin(&w, &d);
    soft_device_forget(&d);
    d.clock.clock_ms -= 1000;
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    soft_evidence_sign(&ev, NULL);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 409);
    assert_int_equal(world_incidents(&w, RULE_E6), 1);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM device WHERE "
                                            "words(keys_status) = 'contraindicated'"),
                     1);
}

/* Its clock is an older one as well. */
static void a_request_that_comes_late_tells_of_no_tpm(void **state) /* E6 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    begin(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    d.clock.clock_ms += 1000;
    world_attest(&w, &d);
    says_no(&w, &ev, PAWL_REFUSAL_ATTEMPT);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void a_lost_answer_to_a_resync_is_repeated_uncounted(void **state) /* F_SPENT */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    begin(&w, &d);
    soft_device_forget(&d);
    for (unsigned i = 0; i < 4; i++) {
        world_begin(&w, &d, PAWL_LABEL_RESYNC, &ev);
        world_sends(&w, &ev);
        d.known_epoch++;
    }
    w.now_ms += 10000;
    world_resync(&w, &d);
    world_attest(&w, &d);
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 6);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void a_second_loss_within_a_day_needs_a_person(void **state) /* P-RESYNC-2 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    soft_device_forget(&d);
    world_resync(&w, &d);
    world_attest(&w, &d);
    soft_device_forget(&d);
    w.now_ms += PAWL_RESYNC_AUTO_MS - 1;
    refused(&w, &d, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_resync(&w, &d);
    assert_true(world_ratchet(&w, &d).may_resync);
    world_attest(&w, &d);
    assert_false(world_ratchet(&w, &d).may_resync);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE line LIKE"
                                            " 'resync to epoch 3, by an operator_s leave%'"),
                     1);
    soft_device_forget(&d);
    refused(&w, &d, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
}

static void a_day_later_the_rule_holds_again(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    soft_device_forget(&d);
    world_resync(&w, &d);
    world_attest(&w, &d);
    soft_device_forget(&d);
    w.now_ms += PAWL_RESYNC_AUTO_MS;
    world_resync(&w, &d);
    world_attest(&w, &d);
}

static void who_is_appraised_badly_needs_a_person(void **state) /* P-RESYNC-1 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    soft_device_forget(&d);
    d.pcr[7] ^= 1;
    refused(&w, &d, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    d.pcr[7] ^= 1;
    world_resync(&w, &d);
}

static void a_tenant_may_ask_a_person_every_time(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    w.config.tenant[ACME].resync_auto = false;
    soft_device_forget(&d);
    refused(&w, &d, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    d.pcr[7] ^= 1; /* whatever its state */
    world_resync(&w, &d);
}

/* ---- the verifier lost its state ------------------------------------------------------------ */

/* The store as it was before the last rekeys. */
static void a_verifier_put_back_follows_the_device(void **state) /* P-RESYNC-1, STALE ASK, F_AUTO */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    struct ratchet old = world_ratchet(&w, &d);
    for (unsigned i = 0; i < 3; i++) {
        world_rekey(&w, &d);
        world_attest(&w, &d);
        w.now_ms += PAWL_REKEY_MIN_MS;
    }
    struct pawl_root newest = d.root;
    world_puts(&w, &d, &old);
    struct pawl_refusal no = refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    assert_int_equal(no.known_epoch, 1);
    d.pcr[7] ^= 1; /* a known device that is ahead: appraisal decides nothing here */
    world_resync(&w, &d);
    assert_int_equal(d.root.epoch, newest.epoch + 1);
    /* Told as what it is: ours, and over with the first request under the new root. */
    assert_int_equal(world_incidents(&w, RULE_BACK), 1);
    assert_int_equal(world_ratchet(&w, &d).incident.state, INCIDENT_OPEN);
    EAR *before = world_ear(&w);
    assert_string_equal(ear_private(before, "keys"), "affirming");
    world_attest(&w, &d);
    assert_int_equal(world_all_incidents(&w), 0);
    assert_int_equal(world_ratchet(&w, &d).incident.state, INCIDENT_CLOSED);
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 5);
}

static void a_base_of_the_same_epoch_and_another_root_needs_a_person(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    begin(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_RESYNC, &ev);
    ((uint8_t *)ev.a1.base_kid.p)[0] ^= 1;
    says_no(&w, &ev, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
}

/* ---- who must not --------------------------------------------------------------------------- */

static void a_known_base_is_no_reason_to_resync(void **state) /* P-RESYNC-1 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    refused(&w, &d, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    world_rekey(&w, &d);
    refused(&w, &d, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    world_attest(&w, &d);
}

static void e5_a_copy_that_came_second_is_a_fork_and_no_resync(void **state) /* P-RESYNC-2 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    struct soft_device copy = d;
    world_rekey(&w, &d);
    world_attest(&w, &d);
    copy.attempt = d.attempt;
    copy.known_epoch = 2;
    refused(&w, &copy, PAWL_LABEL_RESYNC, PAWL_REFUSAL_FORKED);
    assert_int_equal(world_incidents(&w, RULE_E5), 1);
    /* With an open incident not even an empty state passes by the rule. */
    soft_device_forget(&copy);
    refused(&w, &copy, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_resync(&w, &copy);
    world_attest(&w, &copy);
    assert_int_equal(world_ratchet(&w, &d).incident.state, INCIDENT_CLOSED);
}

static void an_old_state_directory_resyncs_by_leave(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    struct soft_device copy = d;
    world_rekey(&w, &d);
    world_attest(&w, &d);
    copy.attempt = d.attempt;
    copy.known_epoch = 2;
    copy.clock = d.clock; /* the same TPM, with an older state directory */
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_resync(&w, &copy);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void current_stays_current_until_the_new_root_is_used(void **state) /* P-RESYNC-3 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    begin(&w, &d);
    struct soft_device lost = d;
    soft_device_forget(&lost);
    world_begin(&w, &lost, PAWL_LABEL_RESYNC, &ev);
    world_sends(&w, &ev);
    d.attempt = lost.attempt;
    world_attest(&w, &d); /* the state was found again */
    struct ratchet r = world_ratchet(&w, &d);
    assert_true(r.current.epoch == 1 && !r.pending.present);
    assert_int_equal(r.resync_auto_ms, 0);
}

static void an_epoch_that_was_used_or_is_too_far_is_not_taken(void **state) /* P-RESYNC-4 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    begin(&w, &d);
    soft_device_forget(&d);
    world_begin(&w, &d, PAWL_LABEL_RESYNC, &ev);
    ev.a1.new_epoch = 1;
    assert_int_equal(says_no(&w, &ev, PAWL_REFUSAL_UNKNOWN_BASE).known_epoch, 1);
    ev.a1.new_epoch = 1 + PAWL_EPOCH_SKIP_MAX + 1;
    says_no(&w, &ev, PAWL_REFUSAL_UNKNOWN_BASE);
    ev.a1.new_epoch = 1 + PAWL_EPOCH_SKIP_MAX;
    world_sends(&w, &ev);
    world_adopt(&w, &d, &ev, NULL);
    world_attest(&w, &d);
}

static void floors_are_told_from_what_was_attested(void **state) /* P-REFUSE-1, R_FLOOR */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    begin(&w, &d);
    struct ratchet r = world_ratchet(&w, &d);
    r.down_next = 12;
    world_puts(&w, &d, &r);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    ev.a1.snd.seq_hi = 1000;
    ev.a1.rcv.seq_hi = 11;
    world_sends(&w, &ev);
    soft_device_forget(&d);
    struct pawl_refusal no = refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    assert_int_equal(no.seq_floor_up, 33769);
    assert_int_equal(no.seq_floor_down, 12);
    /* It goes on from there, and the downlink with it. */
    world_begin(&w, &d, PAWL_LABEL_RESYNC, &ev);
    ev.a1.snd.seq_hi = no.seq_floor_up;
    ev.a1.rcv.seq_hi = no.seq_floor_down;
    world_sends(&w, &ev);
    assert_int_equal(world_all_incidents(&w), 0);
    assert_int_equal(world_ratchet(&w, &d).down_next, 13);
    assert_int_equal(world_ratchet(&w, &d).unattested_hi, 33769);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("state lost comes back by the rule", state_lost_comes_back_by_the_rule),
        T_CASE("E6 a TPM that was put back is refused and told of",
               a_tpm_that_was_put_back_is_refused_and_told_of),
        T_CASE("E6 a request that comes late tells of no TPM",
               a_request_that_comes_late_tells_of_no_tpm),
        T_CASE("a lost answer to a resync is repeated uncounted",
               a_lost_answer_to_a_resync_is_repeated_uncounted),
        T_CASE("a second loss within a day needs a person",
               a_second_loss_within_a_day_needs_a_person),
        T_CASE("a day later the rule holds again", a_day_later_the_rule_holds_again),
        T_CASE("who is appraised badly needs a person", who_is_appraised_badly_needs_a_person),
        T_CASE("a tenant may ask a person every time", a_tenant_may_ask_a_person_every_time),
        T_CASE("a verifier put back follows the device", a_verifier_put_back_follows_the_device),
        T_CASE("a base of the same epoch and another root needs a person",
               a_base_of_the_same_epoch_and_another_root_needs_a_person),
        T_CASE("a known base is no reason to resync", a_known_base_is_no_reason_to_resync),
        T_CASE("E5 a copy that came second is a fork and no resync",
               e5_a_copy_that_came_second_is_a_fork_and_no_resync),
        T_CASE("an old state directory resyncs by leave", an_old_state_directory_resyncs_by_leave),
        T_CASE("current stays current until the new root is used",
               current_stays_current_until_the_new_root_is_used),
        T_CASE("an epoch that was used or is too far is not taken",
               an_epoch_that_was_used_or_is_too_far_is_not_taken),
        T_CASE("floors are told from what was attested", floors_are_told_from_what_was_attested),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
