/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: an attest is judged in the verifier's order; before the quote verified nothing tells one
 * failure from another and nothing changes; behind it comes a result, or a signed refusal that
 * changes nothing either; a request is accepted once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/nonce.h"
#include "flow/why.h"
#include "flow_fixture.h"

/* An enrolled device, and evidence that is good as it stands. */
static void begin(struct world *w, struct soft_device *d, uint8_t nonce[PAWL_NONCE],
                  struct soft_evidence *ev)
{
    world_make(w);
    world_device(w, &w->vendor, d);
    world_enrol(w, d);
    world_attest_begin(w, d, nonce, ev);
}

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

/* ---- accepted ------------------------------------------------------------------------------- */

static void a_good_device_is_affirmed(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    w.now_ms += 1000;
    world_attest(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "affirming");
    assert_int_equal(ear_claim(ear, "instance-identity"), 2);
    assert_int_equal(ear_claim(ear, "executables"), 3);
    assert_int_equal(ear_claim(ear, "configuration"), 2);
    assert_int_equal(ear_claim(ear, "hardware"), 2);
    struct device r = world_record(&w, &d);
    assert_string_equal(r.status, "affirming");
    assert_int_equal(r.attempt, 2);
    assert_int_equal(r.seen_s, w.now_ms / 1000);
    assert_int_equal(r.clock.clock_ms, d.clock.clock_ms);
    assert_int_equal(r.boot_id[0], 7);
}

static void a_changed_pcr_is_contraindicated_and_named(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    d.pcr[7] ^= 1;
    world_attest(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "contraindicated");
    assert_int_equal(ear_claim(ear, "executables"), 96);
    assert_true(ear_says(ear, "pcr-differs"));
    assert_non_null(strstr(w.answer.outcome, "pcr-differs"));
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE words(line) LIKE"
                                            " '%contraindicated%sha256:7%'"),
                     1);
    assert_string_equal(world_record(&w, &d).status, "contraindicated");
}

static int64_t events(const struct world *w)
{
    return store_number(&w->store, "SELECT count(*) FROM event WHERE words(line) LIKE"
                                   " 'attempt%' OR words(line) LIKE 'incident%; attempt%'");
}

static void the_event_log_gets_what_changed_and_no_heartbeat(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.lab, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    world_attest(&w, &d);
    assert_int_equal(events(&w), 1); /* enrolled without a policy, judged by one now */
    world_attest(&w, &d);
    assert_int_equal(events(&w), 1);
    assert_string_equal(world_record(&w, &d).why,
                        "lab-tpm: the EK's certificate ends at the lab's roots\n");
    d.pcr[7] ^= 1;
    world_attest(&w, &d);
    assert_int_equal(events(&w), 2);
    world_attest(&w, &d);
    assert_int_equal(events(&w), 2);
    /* The status and the codes are the same, the findings are not. */
    d.pcr[7] ^= 2;
    world_attest(&w, &d);
    assert_int_equal(events(&w), 3);
    d.pcr[4] ^= 1;
    world_attest(&w, &d);
    assert_int_equal(events(&w), 4);
    /* Its clock is another in each quote. */
    d.clock.clock_ms -= 100;
    world_attest(&w, &d);
    assert_int_equal(events(&w), 5);
    d.clock.clock_ms += 1;
    world_attest(&w, &d);
    assert_int_equal(events(&w), 5);
}

static void a_line_that_would_be_too_long_says_that_there_is_more(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.lab, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    for (unsigned i = 0; i < 8; i++)
        d.pcr[i] ^= 1;
    world_attest(&w, &d);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE line LIKE"
                                            " '%sha256:0%sha256:6%; ..' AND length(line) < 768"),
                     1);
    struct device r = world_record(&w, &d);
    assert_non_null(strstr(r.why, "sha256:7 is "));
    for (size_t cap = 64; cap < sizeof(w.step.event); cap++) {
        char *line = malloc(cap);
        assert_non_null(line);
        snprintf(line, cap, "attempt 2");
        why_append(r.why, line, cap);
        assert_string_equal(line + strlen(line) - 4, "; ..");
        free(line);
    }
}

static void values_may_be_left_out_while_they_are_the_same(void **state) /* P-ATT-5 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    world_learn(&w, &d);
    soft_evidence_sign(&ev, NULL);
    ev.m.has_pcrs = false;
    ev.m.pcr_n = 0;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    assert_false(world_wants_values(&w));
    EAR *same = world_ear(&w);
    assert_string_equal(ear_status(same), "affirming");

    d.pcr[7] ^= 1;
    struct device before = world_record(&w, &d);
    world_attest_begin(&w, &d, nonce, &ev);
    soft_evidence_sign(&ev, NULL);
    ev.m.has_pcrs = false;
    ev.m.pcr_n = 0;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    assert_true(world_wants_values(&w));
    EAR *changed = world_ear(&w);
    assert_string_equal(ear_status(changed), "none");
    assert_true(ear_says(changed, "pcr-missing"));
    struct device r = world_record(&w, &d);
    assert_int_equal(r.attempt, 3);
    assert_memory_equal(r.pcr_digest.b, before.pcr_digest.b, 32);
}

static void left_out_values_do_not_clear_a_device(void **state) /* P-ATT-5 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    world_learn(&w, &d);
    d.pcr[7] ^= 1;
    world_attest(&w, &d);
    struct device accused = world_record(&w, &d);
    assert_string_equal(accused.status, "contraindicated");

    d.pcr[7] ^= 3;
    world_attest_begin(&w, &d, nonce, &ev);
    soft_evidence_sign(&ev, NULL);
    ev.m.has_pcrs = false;
    ev.m.pcr_n = 0;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "none");
    struct device r = world_record(&w, &d);
    assert_string_equal(r.status, "contraindicated");
    assert_string_equal(r.why, accused.why);
}

static void a_snapshot_is_written_when_it_changed(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_attest(&w, &d);
    assert_true(w.step.has_snapshot); /* fewer PCRs than at enrolment */
    world_attest(&w, &d);
    assert_false(w.step.has_snapshot);
    d.pcr[0] ^= 1;
    world_attest(&w, &d);
    assert_true(w.step.has_snapshot);
}

static void a_pending_device_attests_and_is_not_trusted(void **state) /* P-ENROL-9 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    w.config.tenant[ACME].admission = ADMISSION_APPROVE;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    world_attest(&w, &d);
    EAR *waits = world_ear(&w);
    assert_string_equal(ear_status(waits), "none");
    assert_int_equal(ear_claim(waits, "instance-identity"), 97);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_attest(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "affirming");
}

static void s5_a_policy_that_cannot_be_read_trusts_nobody(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    world_learn(&w, &d);
    store_exec(&w.store, "UPDATE policy SET json = '{}'");
    world_attest(&w, &d);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "none");
    assert_true(ear_says(ear, "no-policy"));
    store_exec(&w.store, "DELETE FROM policy");
    world_attest(&w, &d);
    EAR *gone = world_ear(&w);
    assert_string_equal(ear_status(gone), "none");
}

/* ---- steps 1 to 3 --------------------------------------------------------------------------- */

static void an_expired_nonce_is_refused(void **state) /* P-NONCE-2 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    w.now_ms += PAWL_NONCE_TTL_MS + 1;
    refuses(&w, &ev, PAWL_E_EXPIRED, "A1.nonce");
    w.now_ms -= 1;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
}

static void a_foreign_nonce_is_refused(void **state) /* P-NONCE-2 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    DEVICE               other;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;
    static const char    field[] = "A1.nonce";

    begin(&w, &d, nonce, &ev);
    world_device(&w, &w.vendor, &other);
    world_challenge(&w, &other, PAWL_LABEL_ATTEST, nonce);
    refuses(&w, &ev, PAWL_E_FORGED, field);
    world_challenge(&w, &d, PAWL_LABEL_REKEY, nonce);
    refuses(&w, &ev, PAWL_E_FORGED, field);
    d.tenant = "other";
    world_challenge(&w, &d, PAWL_LABEL_ATTEST, nonce);
    d.tenant = "acme";
    refuses(&w, &ev, PAWL_E_FORGED, field);
    world_challenge(&w, &d, PAWL_LABEL_ATTEST, nonce);
    for (size_t i = 0; i < PAWL_NONCE; i++) {
        nonce[i] ^= 0x10;
        refuses(&w, &ev, PAWL_E_FORGED, field);
        nonce[i] ^= 0x10;
    }
}

static void an_unknown_device_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_attest_begin(&w, &d, nonce, &ev);
    refuses(&w, &ev, PAWL_E_ABSENT, "A1.device_id");
}

static void s2_a_device_of_another_tenant_is_unknown(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    d.tenant = "other";
    world_attest_begin(&w, &d, nonce, &ev);
    refuses(&w, &ev, PAWL_E_ABSENT, "A1.device_id");
    d.tenant = "nobody";
    ev.a1.tenant = pawl_view_str("nobody");
    refuses(&w, &ev, PAWL_E_DENIED, "A1.tenant");
}

static void a_challenge_says_nothing_about_a_device(void **state) /* P-NONCE-4 */
{
    (void)state;
    WORLD   w;
    DEVICE  d;
    DEVICE  unknown;
    uint8_t nonce[PAWL_NONCE];

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_device(&w, &w.vendor, &unknown);
    world_enrol(&w, &d);
    world_challenge(&w, &d, PAWL_LABEL_ATTEST, nonce);
    struct pawl_view known = t_copy(pawl_view(w.answer.body, w.answer.n));
    world_challenge(&w, &unknown, PAWL_LABEL_ATTEST, nonce);
    assert_int_equal(known.n, w.answer.n);
    size_t at = (size_t)((uint8_t *)memmem(w.answer.body, w.answer.n, nonce, PAWL_NONCE) -
                         w.answer.body);
    assert_memory_equal(known.p, w.answer.body, at);
    assert_memory_equal(known.p + at + PAWL_NONCE, w.answer.body + at + PAWL_NONCE,
                        known.n - at - PAWL_NONCE);
    unknown.tenant = "nobody";
    world_refuses(&w, flow_challenge, soft_challenge(&unknown, PAWL_LABEL_ATTEST), PAWL_E_DENIED,
                  "challenge.tenant");
}

static void other_keys_than_the_record_s_are_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    DEVICE               other;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence good, ev;

    begin(&w, &d, nonce, &good);
    world_device(&w, &w.vendor, &other);
    ev = good;
    ev.a1.ak_name = pawl_name_view(&other.ak_name);
    refuses(&w, &ev, PAWL_E_DENIED, "A1.ak_name");
    ev = good;
    ev.a1.td_name = pawl_name_view(&other.td_name);
    refuses(&w, &ev, PAWL_E_DENIED, "A1.td_name");
    ev = good;
    other.verifier_id[0] ^= 1;
    ev.a1.verifier_id = PAWL_VIEW_OF(other.verifier_id);
    refuses(&w, &ev, PAWL_E_DENIED, "A1.verifier_id");
}

static void a_label_says_what_is_made(void **state) /* P-ATT-10 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE], point[PAWL_POINT_P256] = { 0x04 };
    struct soft_evidence good, ev;

    begin(&w, &d, nonce, &good);
    ev = good;
    ev.a1.new_epoch = 2;
    refuses(&w, &ev, PAWL_E_FORM, "A1.new_epoch");
    ev = good;
    ev.a1.e_d = PAWL_VIEW_OF(point);
    refuses(&w, &ev, PAWL_E_FORM, "A1.E_D");
    ev = good;
    ev.m.cookie = pawl_view_str("cookie");
    refuses(&w, &ev, PAWL_E_FORM, "evidence.cookie");
    world_begin(&w, &d, PAWL_LABEL_REKEY, &good);
    ev = good;
    ev.a1.new_epoch = 3;
    refuses(&w, &ev, PAWL_E_FORM, "A1.new_epoch");
    ev = good;
    ev.a1.base_epoch = UINT64_MAX;
    ev.a1.new_epoch = 0;
    refuses(&w, &ev, PAWL_E_FORM, "A1.new_epoch");
    ev = good;
    ev.a1.e_d = pawl_view(NULL, 0);
    refuses(&w, &ev, PAWL_E_FORM, "A1.E_D");
}

static void a_base_is_proved_before_the_quote_is_looked_at(void **state) /* P-ATT-9 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    soft_evidence_sign(&ev, NULL);
    ((uint8_t *)ev.m.mac_base.p)[31] ^= 1;
    world_refuses(&w, flow_evidence, soft_evidence_bytes(&ev), PAWL_E_FORGED, "evidence.mac_base");
    ev.m.mac_base = pawl_view(NULL, 0);
    world_refuses(&w, flow_evidence, soft_evidence_bytes(&ev), PAWL_E_FORGED, "evidence.mac_base");
    soft_evidence_sign(&ev, NULL); /* the mac is right, the quote is not */
    ((uint8_t *)ev.m.signature.p)[ev.m.signature.n - 1] ^= 1;
    world_refuses(&w, flow_evidence, soft_evidence_bytes(&ev), PAWL_E_FORGED,
                  "signature.signature");
    ev.k_auth.b[0] ^= 1;
    soft_evidence_sign(&ev, NULL);
    world_refuses(&w, flow_evidence, soft_evidence_bytes(&ev), PAWL_E_FORGED, "evidence.mac_base");
    ev.k_auth.b[0] ^= 1;
    ev.a1.base_epoch = ev.a1.new_epoch = 0; /* no base, and yet a mac */
    ev.a1.base_kid = pawl_view(nonce, PAWL_KID);
    refuses(&w, &ev, PAWL_E_FORM, "A1.base_kid");
    static const uint8_t none[PAWL_KID];
    ev.a1.base_kid = PAWL_VIEW_OF(none);
    refuses(&w, &ev, PAWL_E_FORGED, "evidence.mac_base");
}

static void an_unknown_base_is_looked_at_eight_times_in_10_seconds(void **state) /* P-ATT-7 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    ev.a1.base_epoch = ev.a1.new_epoch = 9;
    for (unsigned i = 0; i < 8; i++) {
        struct pawl_refusal r = says_no(&w, &ev, PAWL_REFUSAL_UNKNOWN_BASE);
        assert_int_equal(r.known_epoch, 1);
        assert_int_equal(r.last_attempt, 1);
    }
    refuses(&w, &ev, PAWL_E_DENIED, "A1.base_epoch");
    w.now_ms += 9999;
    refuses(&w, &ev, PAWL_E_DENIED, "A1.base_epoch");
    w.now_ms += 1;
    says_no(&w, &ev, PAWL_REFUSAL_UNKNOWN_BASE);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static void a_request_is_accepted_once(void **state) /* P-NONCE-3, Q12 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    ev.a1.attempt = 40;
    soft_evidence_sign(&ev, NULL);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    struct pawl_refusal r = world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_ATTEMPT);
    assert_int_equal(r.last_attempt, 40);
    ev.a1.attempt = 39;
    says_no(&w, &ev, PAWL_REFUSAL_ATTEMPT);
    ev.a1.attempt = 0;
    says_no(&w, &ev, PAWL_REFUSAL_ATTEMPT);
}

static void an_attempt_cannot_use_the_numbers_up(void **state) /* P-ATT-2 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    uint64_t last = world_record(&w, &d).attempt;
    ev.a1.attempt = UINT64_MAX;
    says_no(&w, &ev, PAWL_REFUSAL_ATTEMPT);
    ev.a1.attempt = last + PAWL_ATTEMPT_SKIP_MAX + 1;
    struct pawl_refusal r = says_no(&w, &ev, PAWL_REFUSAL_ATTEMPT);
    assert_true(r.last_attempt == last);
    ev.a1.attempt = last + PAWL_ATTEMPT_SKIP_MAX;
    soft_evidence_sign(&ev, NULL);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
}

static void of_two_plans_on_one_record_one_is_stored(void **state) /* P-NONCE-3 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;
    struct step          twin = { 0 };

    begin(&w, &d, nonce, &ev);
    soft_evidence_sign(&ev, NULL);
    T_OK(flow_evidence(&w.flow, soft_evidence_bytes(&ev), &w.answer, &twin, &w.err), &w.err);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    T_FAILS(store_commit_wait(&w.store.store, &twin, &w.err), &w.err, PAWL_E_CONFLICT);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_ATTEMPT);
    step_done(&twin);
}

static void an_attest_writes_no_secret_and_has_no_root(void **state) /* P-ATT-11 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    world_attest(&w, &d);
    struct pawl_result r = world_result(&w);
    assert_int_equal(r.conf_v.n, 0);
    assert_int_equal(r.receipt.n, 0);
    EAR *ear = world_ear(&w);
    assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), "ev"));
    assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), "rcpt"));
    assert_int_equal(world_all_incidents(&w), 0);
}

static void a_suite_that_nobody_chose_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    ev.a1.suite = PAWL_SUITE_SIV;
    says_no(&w, &ev, PAWL_REFUSAL_SUITE);
}

/* A row that is empty is no row that is missing. */
static void a_damaged_row_is_told_by_its_name(void **state)
{
    static const struct {
        const char *sql, *where;
    } damage[] = {
        { "UPDATE boot SET os_boot = x'00'", "store.boot.os_boot" },
        { "UPDATE snapshot SET bytes = x'00'", "store.snapshot.bytes" },
        { "UPDATE ratchet SET bytes = x''", "store.device.ratchet" },
        { "UPDATE device SET safe = 2", "store.device.safe" },
    };
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    world_attest(&w, &d);
    for (size_t i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
        world_attest_begin(&w, &d, nonce, &ev);
        store_exec(&w.store, damage[i].sql);
        refuses(&w, &ev, PAWL_E_FORM, damage[i].where);
        assert_int_equal(refused_by(403, &w.err), REFUSED_STORE_DAMAGED);
    }
}

static void a_revoked_device_is_told_so(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    world_move(&w, &d, DEVICE_EVENT_REVOKE);
    says_no(&w, &ev, PAWL_REFUSAL_REVOKED);
    /* Without the AK not even that is said. */
    ev.signer = d.td;
    soft_evidence_sign(&ev, NULL);
    step_done(&w.step);
    T_FAILS(flow_evidence(&w.flow, soft_evidence_bytes(&ev), &w.answer, &w.step, &w.err), &w.err,
            PAWL_E_FORGED);
    assert_int_equal(w.answer.http, 403);
}

static void t1_after_a_reset_everything_is_wanted(void **state) /* P-ATT-3 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;

    begin(&w, &d, nonce, &ev);
    d.clock.resets++;
    d.os_boot[0] ^= 1;
    world_attest_begin(&w, &d, nonce, &ev);
    says_no(&w, &ev, PAWL_REFUSAL_FULL_EVIDENCE_WANTED);
    world_attest_all(&w, &d);
    assert_int_equal(world_record(&w, &d).clock.resets, 4);
    world_attest(&w, &d);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a good device is affirmed", a_good_device_is_affirmed),
        T_CASE("a changed PCR is contraindicated and named",
               a_changed_pcr_is_contraindicated_and_named),
        T_CASE("the event log gets what changed and no heartbeat",
               the_event_log_gets_what_changed_and_no_heartbeat),
        T_CASE("a line that would be too long says that there is more",
               a_line_that_would_be_too_long_says_that_there_is_more),
        T_CASE("values may be left out while they are the same",
               values_may_be_left_out_while_they_are_the_same),
        T_CASE("a snapshot is written when it changed", a_snapshot_is_written_when_it_changed),
        T_CASE("a pending device attests and is not trusted",
               a_pending_device_attests_and_is_not_trusted),
        T_CASE("S5 a policy that cannot be read trusts nobody",
               s5_a_policy_that_cannot_be_read_trusts_nobody),
        T_CASE("an expired nonce is refused", an_expired_nonce_is_refused),
        T_CASE("a foreign nonce is refused", a_foreign_nonce_is_refused),
        T_CASE("an unknown device is refused", an_unknown_device_is_refused),
        T_CASE("S2 a device of another tenant is unknown",
               s2_a_device_of_another_tenant_is_unknown),
        T_CASE("a challenge says nothing about a device", a_challenge_says_nothing_about_a_device),
        T_CASE("other keys than the record's are refused",
               other_keys_than_the_record_s_are_refused),
        T_CASE("a label says what is made", a_label_says_what_is_made),
        T_CASE("a base is proved before the quote is looked at",
               a_base_is_proved_before_the_quote_is_looked_at),
        T_CASE("an unknown base is looked at eight times in 10 seconds",
               an_unknown_base_is_looked_at_eight_times_in_10_seconds),
        T_CASE("Q12 a request is accepted once", a_request_is_accepted_once),
        T_CASE("an attempt cannot use the numbers up", an_attempt_cannot_use_the_numbers_up),
        T_CASE("left-out values do not clear a device", left_out_values_do_not_clear_a_device),
        T_CASE("of two plans on one record one is stored",
               of_two_plans_on_one_record_one_is_stored),
        T_CASE("an attest writes no secret and has no root",
               an_attest_writes_no_secret_and_has_no_root),
        T_CASE("a suite that nobody chose is refused", a_suite_that_nobody_chose_is_refused),
        T_CASE("a damaged row is told by its name", a_damaged_row_is_told_by_its_name),
        T_CASE("a revoked device is told so", a_revoked_device_is_told_so),
        T_CASE("T1 after a reset everything is wanted", t1_after_a_reset_everything_is_wanted),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
