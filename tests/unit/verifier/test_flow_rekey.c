/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a rekey turns the epoch on both sides, whatever is lost, repeated, late or overtaken on
 * the way; and whoever shows a root, an attempt or a start of the agent that only a copy can hold
 * is caught, in a row that is durable before the refusal leaves. Cases that replay a counterexample
 * of tests/model name its switch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soft_messages.h"

static void refuses(struct world *w, struct soft_evidence *ev, enum pawl_code code,
                    const char *where)
{
    soft_evidence_sign(ev, NULL);
    world_refuses(w, flow_evidence, soft_evidence_bytes(ev), code, where);
}

static struct pawl_refusal says_no(struct world *w, struct soft_evidence *ev,
                                   enum pawl_refusal_code code)
{
    soft_evidence_sign(ev, NULL);
    return world_says_no(w, soft_evidence_bytes(ev), code);
}

static struct pawl_refusal base_says_no(struct world *w, struct soft_device *d,
                                        const struct pawl_root *base, enum pawl_label label,
                                        enum pawl_refusal_code code)
{
    struct soft_device   copy = *d;
    struct soft_evidence ev;

    copy.root = *base;
    world_begin(w, &copy, label, &ev);
    d->attempt = copy.attempt;
    return says_no(w, &ev, code);
}

/* ---- the epoch turns ------------------------------------------------------------------------ */

static void a_rekey_makes_the_next_epoch_on_both_sides(void **state) /* P-REKEY-1 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    for (uint64_t epoch = 2; epoch < 5; epoch++) {
        w.now_ms += PAWL_REKEY_MIN_MS;
        world_rekey(&w, &d); /* compares conf_V */
        EAR         *ear = world_ear(&w);
        const cJSON *claim = cJSON_GetObjectItem(ear, "pawl");
        assert_string_equal(ear_status(ear), "affirming");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(claim, "lbl")),
                            "pawl/1 rekey");
        assert_int_equal(cJSON_GetObjectItem(claim, "base")->valueint, epoch - 1);
        assert_int_equal(cJSON_GetObjectItem(claim, "new")->valueint, epoch);
        assert_int_equal(d.root.epoch, epoch);
        struct ratchet r = world_ratchet(&w, &d);
        assert_int_equal(r.current.epoch, epoch - 1);
        assert_int_equal(r.pending.epoch, epoch);
        assert_memory_equal(&r.pending.rk, &d.root.rk, sizeof(d.root.rk));
        assert_memory_equal(&r.pending.k_auth, &d.root.k_auth, sizeof(d.root.k_auth));
        assert_memory_equal(&r.pending.up.gk, &d.root.up.gk, sizeof(d.root.up.gk));
        assert_memory_equal(&r.pending.down.gk, &d.root.down.gk, sizeof(d.root.down.gk));
        assert_memory_equal(&r.pending.exporter, &d.root.exporter, sizeof(d.root.exporter));
        assert_memory_equal(r.pending.verifier_id, w.keys.verifier_id, PAWL_VERIFIER_ID);
        assert_int_equal(r.pending.attempt, d.attempt);
        assert_int_equal(r.pending.made_ms, w.now_ms);
        assert_false(r.pending.resync);
    }
    assert_int_equal(world_all_incidents(&w), 0);
}

static struct pawl_view e_v_of(struct world *w)
{
    EAR        *ear = world_ear(w);
    const char *text = cJSON_GetStringValue(
        cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), "ev"));

    assert_non_null(text);
    return t_copy(pawl_view_str(text));
}

static void e_v_is_another_for_each_request(void **state) /* P-REKEY-3 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    world_sends(&w, &ev);
    struct pawl_view first = e_v_of(&w);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    world_sends(&w, &ev);
    assert_false(pawl_view_equal(first, e_v_of(&w)));
}

static void what_fails_appraisal_rekeys_all_the_same(void **state) /* P-REKEY-5: that heals */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    d.pcr[7] ^= 1;
    world_rekey(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "contraindicated");
    world_attest(&w, &d);
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 2);
}

static void a_device_that_awaits_approval_rekeys(void **state) /* P-ENROL-9 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    w.config.tenant[ACME].admission = ADMISSION_APPROVE;
    world_settled(&w, &d);
    world_rekey(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "none");
    world_attest(&w, &d);
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 2);
    assert_int_equal(world_record(&w, &d).state, DEVICE_PENDING);
}

/* Its attests come and its rekeys do not: somebody may keep them from us. */
static void who_attests_without_a_rekey_is_told_until_it_rekeys(void **state)
{
    (void)state;
    const int64_t limit_s = 36 * 3600;
    WORLD         w;
    DEVICE        d;

    world_make(&w);
    w.config.tenant[ACME].rekey_overdue_s = (uint64_t)limit_s;
    world_settled(&w, &d);
    int64_t due_s = world_ratchet(&w, &d).current.made_ms / 1000 + limit_s;
    w.now_ms = due_s * 1000 + 1000;
    world_attest(&w, &d); /* it was away until now */
    assert_true(world_record(&w, &d).rekey_due_s == 0);
    assert_false(w.answer.rekey_overdue);
    w.now_ms += 60000;
    world_attest(&w, &d);
    assert_true(world_record(&w, &d).rekey_due_s == due_s);
    assert_true(w.answer.rekey_overdue);
    w.now_ms += 60000;
    world_attest(&w, &d);
    assert_false(w.answer.rekey_overdue); /* once */
    world_rekey(&w, &d);
    assert_true(world_record(&w, &d).rekey_due_s == due_s); /* not seen in use */
    world_attest(&w, &d);
    assert_true(world_record(&w, &d).rekey_due_s == 0);
}

/* ---- the network ---------------------------------------------------------------------------- */

static void a_lost_answer_is_another_attempt_on_the_same_base(void **state) /* P-REKEY-2, R_BASE */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    for (unsigned i = 0; i < 5; i++) {
        world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
        world_sends(&w, &ev);
    }
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    struct pawl_refusal no = says_no(&w, &ev, PAWL_REFUSAL_REKEY_TOO_SOON);
    assert_true(no.has_retry);
    assert_int_equal(no.retry_after_s, 60);
    w.now_ms += 59001;
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    assert_int_equal(says_no(&w, &ev, PAWL_REFUSAL_REKEY_TOO_SOON).retry_after_s, 1);
    w.now_ms += 999;
    world_rekey(&w, &d);
    world_attest(&w, &d);
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 2);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void a_rekey_too_soon_says_when(void **state) /* P-REKEY-2 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    world_rekey(&w, &d);
    w.now_ms += 10500;
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    struct pawl_refusal no = says_no(&w, &ev, PAWL_REFUSAL_REKEY_TOO_SOON);
    assert_int_equal(no.retry_after_s, 50);
    assert_int_equal(no.known_epoch, 2);
    assert_int_equal(no.last_attempt, d.attempt - 1);
    struct ratchet r = world_ratchet(&w, &d);
    r.rekey_demanded = true;
    world_puts(&w, &d, &r);
    world_rekey(&w, &d);
}

static void a_repeated_request_is_refused(void **state) /* R_ATT */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    world_sends(&w, &ev);
    world_adopt(&w, &d, &ev, NULL);
    struct pawl_refusal no = world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_ATTEMPT);
    assert_int_equal(no.last_attempt, d.attempt);
    world_attest(&w, &d);
    assert_int_equal(world_all_incidents(&w), 0);
    /* Now its base is an older one as well: still only a repetition. */
    base_says_no(&w, &d, &d.root, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_ATTEMPT);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void a_delayed_request_comes_too_late(void **state) /* NHOLD */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence late, ev;

    world_make(&w);
    world_settled(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &late);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    world_sends(&w, &ev);
    world_adopt(&w, &d, &ev, NULL);
    says_no(&w, &late, PAWL_REFUSAL_ATTEMPT);
    world_attest(&w, &d); /* the root that the device holds is still the pending one */
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 2);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void of_two_requests_in_flight_the_later_answer_holds(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence first, second;

    world_make(&w);
    world_settled(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &first);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &second);
    world_sends(&w, &first); /* its answer overtaken */
    struct ratchet before = world_ratchet(&w, &d);
    world_sends(&w, &second);
    world_adopt(&w, &d, &second, NULL);
    struct ratchet r = world_ratchet(&w, &d);
    assert_memory_equal(r.tombstone[0].kid, before.pending.kid, PAWL_KID);
    assert_memory_equal(r.pending.kid, d.root.kid, PAWL_KID);
    world_attest(&w, &d);
    assert_int_equal(world_all_incidents(&w), 0);
}

static void of_two_plans_one_is_stored(void **state) /* P-V-1, R_V1 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;
    struct step          twin = { 0 };

    world_make(&w);
    world_settled(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    soft_evidence_sign(&ev, NULL);
    T_OK(flow_evidence(&w.flow, soft_evidence_bytes(&ev), &w.answer, &twin, &w.err), &w.err);
    world_sends(&w, &ev);
    world_adopt(&w, &d, &ev, NULL);
    T_FAILS(store_commit_wait(&w.store.store, &twin, &w.err), &w.err, PAWL_E_CONFLICT);
    step_done(&twin);
    assert_memory_equal(world_ratchet(&w, &d).pending.kid, d.root.kid, PAWL_KID);
}

static void an_attest_on_current_ends_the_pending_root(void **state) /* P-V-5, F_DISC */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    world_sends(&w, &ev);
    world_attest(&w, &d); /* the answer got lost: the device cannot hold that root */
    struct ratchet r = world_ratchet(&w, &d);
    assert_false(r.pending.present);
    assert_int_equal(r.tombstone_n, 1);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* ---- copies --------------------------------------------------------------------------------- */

static void e5_a_discarded_root_that_is_shown(void **state) /* R_TOMB */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    struct soft_device copy = d;
    world_begin(&w, &copy, PAWL_LABEL_REKEY, &ev);
    world_sends(&w, &ev);
    world_adopt(&w, &copy, &ev, NULL); /* the copy got this one */
    d.attempt = copy.attempt;
    world_attest(&w, &d); /* the other goes on with the root that both held */
    copy.attempt = d.attempt;
    world_begin(&w, &copy, PAWL_LABEL_ATTEST, &ev);
    says_no(&w, &ev, PAWL_REFUSAL_FORKED);
    assert_int_equal(world_incidents(&w, RULE_E5), 1);
}

static void e5_an_older_epoch_s_root_that_is_shown(void **state) /* R_EPLOW */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    struct pawl_root old = d.root;
    world_rekey(&w, &d);
    world_attest(&w, &d);
    struct pawl_refusal no = base_says_no(&w, &d, &old, PAWL_LABEL_REKEY, PAWL_REFUSAL_FORKED);
    assert_int_equal(no.known_epoch, 2);
    assert_non_null(strstr(w.answer.outcome, "the base of epoch 1 was given up"));
    assert_int_equal(world_incidents(&w, RULE_E5), 1);
    assert_int_equal(store_number(&w.store, "SELECT epoch FROM incident"), 2);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE line LIKE"
                                            " 'incident device-cloned opened in epoch 2 (E5): %'"),
                     1);
    /* The same proof again adds no row; the honest device goes on, and is asked to rekey. */
    base_says_no(&w, &d, &old, PAWL_LABEL_ATTEST, PAWL_REFUSAL_FORKED);
    assert_true(step_is_empty(&w.step));
    assert_int_equal(world_all_incidents(&w), 1);
    world_attest(&w, &d);
    assert_true(world_result(&w).want.rekey_now);
    EAR *ear = world_ear(&w);
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), "inc")->valueint, 1);
    world_rekey(&w, &d); /* at once: it was demanded */
    world_attest(&w, &d);
    assert_false(world_result(&w).want.rekey_now);
    /* A second one in an epoch that began behind the first gets its own row. */
    base_says_no(&w, &d, &old, PAWL_LABEL_ATTEST, PAWL_REFUSAL_FORKED);
    assert_int_equal(world_incidents(&w, RULE_E5), 2);
}

static void e5_a_used_attempt_with_other_evidence(void **state) /* R_EQATT */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    struct soft_device copy = d;
    world_attest(&w, &d);
    world_begin(&w, &copy, PAWL_LABEL_ATTEST, &ev);
    assert_int_equal(copy.attempt, d.attempt);
    struct pawl_refusal no = says_no(&w, &ev, PAWL_REFUSAL_FORKED);
    assert_int_equal(no.last_attempt, d.attempt);
    assert_non_null(strstr(w.answer.outcome, "was used for another request"));
    assert_int_equal(world_incidents(&w, RULE_E5), 1);
}

static void e5_a_start_that_was_replaced_comes_back(void **state) /* R_BOOT */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    d.boot_id[0] = 8;
    world_attest(&w, &d);
    d.boot_id[0] = 9;
    world_attest(&w, &d);
    assert_int_equal(world_all_incidents(&w), 0);
    d.boot_id[0] = 8;
    world_attest(&w, &d); /* accepted, and written down */
    assert_int_equal(world_incidents(&w, RULE_E5), 1);
    assert_true(world_result(&w).want.rekey_now);
    d.boot_id[0] = 9;
    world_attest(&w, &d);
    assert_int_equal(world_all_incidents(&w), 1); /* one for each epoch */
}

static void no_base_is_unknown_and_never_a_fork(void **state) /* F_NOBASE */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    world_rekey(&w, &d);
    world_attest(&w, &d);
    struct soft_device lost = d;
    soft_device_forget(&lost);
    for (unsigned i = 0; i < 2; i++) {
        world_begin(&w, &lost, i ? PAWL_LABEL_REKEY : PAWL_LABEL_ATTEST, &ev);
        assert_int_equal(says_no(&w, &ev, PAWL_REFUSAL_UNKNOWN_BASE).known_epoch, 2);
        ev.a1.attempt = d.attempt; /* the last one that was accepted */
        says_no(&w, &ev, PAWL_REFUSAL_ATTEMPT);
    }
    assert_int_equal(world_all_incidents(&w), 0);
}

static void
e5_is_for_whoever_has_the_ak_alone(void **state) /* P-V-6: the AK-signed A1 is the proof */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    struct soft_device copy = d;
    world_rekey(&w, &d);
    world_attest(&w, &d);
    copy.attempt = d.attempt;
    world_begin(&w, &copy, PAWL_LABEL_REKEY, &ev);
    ev.signer = d.td;
    refuses(&w, &ev, PAWL_E_FORGED, "signature.signature");
    assert_int_equal(world_all_incidents(&w), 0);
}

static void e6_a_tpm_that_went_back_is_an_incident(void **state) /* T1..T3 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    d.clock.clock_ms -= 1000;
    world_attest(&w, &d);
    world_attest(&w, &d);
    assert_int_equal(world_incidents(&w, RULE_E6), 1);
    EAR *ear = world_ear(&w);
    assert_true(ear_says(ear, "tpm-went-back"));
}

/* ---- suites --------------------------------------------------------------------------------- */

static void an_epoch_has_the_suite_of_its_rekey(void **state) /* P-SUITE-2 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    ev.a1.suite = PAWL_SUITE_SIV; /* the tenant does not allow it */
    says_no(&w, &ev, PAWL_REFUSAL_SUITE);
    ev.a1.suite = PAWL_SUITE_GCM;
    world_sends(&w, &ev);
    world_adopt(&w, &d, &ev, NULL);
    assert_int_equal(world_ratchet(&w, &d).pending.suite, PAWL_SUITE_GCM);
    assert_int_equal(world_record(&w, &d).suite, PAWL_SUITE_CCM);
    world_attest(&w, &d);
    assert_int_equal(world_record(&w, &d).suite, PAWL_SUITE_GCM);
}

static void the_imported_key_is_mixed_where_the_suite_says_so(void **state) /* P-SUITE-3 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    ev.a1.suite |= PAWL_SUITE_HMAC_KEY;
    says_no(&w, &ev, PAWL_REFUSAL_SUITE); /* there is none */
    struct ratchet r = world_ratchet(&w, &d);
    T_OK(pawl_secret_random(32, &d.hedge, &w.err), &w.err);
    r.hedge = d.hedge;
    world_puts(&w, &d, &r);
    world_sends(&w, &ev);
    world_adopt(&w, &d, &ev, NULL);
    world_attest(&w, &d);
    assert_int_equal(world_ratchet(&w, &d).current.suite, PAWL_SUITE_CCM | PAWL_SUITE_HMAC_KEY);
    r = world_ratchet(&w, &d);
    assert_true(pawl_secret_equal(&r.hedge, &d.hedge));
}

static void a_challenge_offers_the_imported_key_first(void **state) /* P-SUITE-1 */
{
    (void)state;
    WORLD                     w;
    DEVICE                    d;
    struct pawl_challenge_ans ans;
    static const uint16_t     want[] = { 0x101, 0x103, 1, 3 };

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    for (int label = PAWL_LABEL_ATTEST; label <= PAWL_LABEL_RESYNC; label++) {
        bool attest = label == PAWL_LABEL_ATTEST;
        world_takes(&w, flow_challenge, soft_challenge(&d, (enum pawl_label)label), 200);
        T_OK(pawl_challenge_ans_parse(pawl_view(w.answer.body, w.answer.n), &ans, &w.err), &w.err);
        assert_int_equal(ans.suites.n, attest ? 2 : 4);
        assert_memory_equal(ans.suites.suite, want + (attest ? 2 : 0),
                            ans.suites.n * sizeof(want[0]));
    }
}

/* ---- what a thief of the database has ------------------------------------------------------- */

static void g_the_database_holds_no_key_in_the_clear(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    world_rekey(&w, &d);
    char                     *dump = store_dump(&w.store);
    const struct pawl_secret *keys[] = { &d.root.rk, &d.root.k_auth, &d.root.exporter,
                                         &d.root.up.gk, &d.root.down.gk };
    char                      kid[2 * PAWL_KID + 1], hex[65];
    T_OK(pawl_hex_write(PAWL_VIEW_OF(d.root.kid), kid, sizeof(kid), &w.err), &w.err);
    assert_non_null(strcasestr(dump, kid)); /* so it would be seen */
    for (size_t i = 0; i < 5; i++) {
        T_OK(pawl_hex_write(pawl_secret_view(keys[i]), hex, sizeof(hex), &w.err), &w.err);
        assert_null(strcasestr(dump, hex));
    }
    free(dump);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a rekey makes the next epoch on both sides",
               a_rekey_makes_the_next_epoch_on_both_sides),
        T_CASE("E_V is another for each request", e_v_is_another_for_each_request),
        T_CASE("what fails appraisal rekeys all the same",
               what_fails_appraisal_rekeys_all_the_same),
        T_CASE("a device that awaits approval rekeys", a_device_that_awaits_approval_rekeys),
        T_CASE("who attests without a rekey is told until it rekeys",
               who_attests_without_a_rekey_is_told_until_it_rekeys),
        T_CASE("a lost answer is another attempt on the same base",
               a_lost_answer_is_another_attempt_on_the_same_base),
        T_CASE("a rekey too soon says when", a_rekey_too_soon_says_when),
        T_CASE("a repeated request is refused", a_repeated_request_is_refused),
        T_CASE("S9 a delayed request comes too late", a_delayed_request_comes_too_late),
        T_CASE("of two requests in flight the later answer holds",
               of_two_requests_in_flight_the_later_answer_holds),
        T_CASE("of two plans one is stored", of_two_plans_one_is_stored),
        T_CASE("an attest on current ends the pending root",
               an_attest_on_current_ends_the_pending_root),
        T_CASE("E5 a discarded root that is shown", e5_a_discarded_root_that_is_shown),
        T_CASE("E5 an older epoch's root that is shown", e5_an_older_epoch_s_root_that_is_shown),
        T_CASE("E5 a used attempt with other evidence", e5_a_used_attempt_with_other_evidence),
        T_CASE("E5 a start that was replaced comes back", e5_a_start_that_was_replaced_comes_back),
        T_CASE("no base is unknown and never a fork", no_base_is_unknown_and_never_a_fork),
        T_CASE("E5 is for whoever has the AK alone", e5_is_for_whoever_has_the_ak_alone),
        T_CASE("E6 a TPM that went back is an incident", e6_a_tpm_that_went_back_is_an_incident),
        T_CASE("an epoch has the suite of its rekey", an_epoch_has_the_suite_of_its_rekey),
        T_CASE("the imported key is mixed where the suite says so",
               the_imported_key_is_mixed_where_the_suite_says_so),
        T_CASE("a challenge offers the imported key first",
               a_challenge_offers_the_imported_key_first),
        T_CASE("g the database holds no key in the clear",
               g_the_database_holds_no_key_in_the_clear),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
