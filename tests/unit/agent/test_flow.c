/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves the agent's side of enrolment and attestation against a scripted verifier: what is sent,
 * that only an answer signed for the request under way changes anything, and what each refusal
 * leads to.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fake_world.h"
#include "flow/flow.h"
#include "flow/steps.h"
#include "scratch.h"
#include "state/file.h"
#include "t.h"

static struct config      config;
static struct flow        flow;
static struct flow_answer answer;
static struct pawl_err    err;

static void open_flow(void)
{
    T_OK(flow_open(&config, &flow, &err), &err);
}

/* As the process that starts anew. */
static void restart(void)
{
    flow_close(&flow);
    open_flow();
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
    open_flow();
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

static pawl_status enroll(void)
{
    pawl_status s = flow_enroll(&flow, PAWL_REASON_START, &answer, &err);

    flow_note(&flow, s, &answer, 1000, &err);
    return s;
}

static pawl_status attest(void)
{
    pawl_status s = flow_attest(&flow, PAWL_REASON_SCHEDULE, &answer, &err);

    flow_note(&flow, s, &answer, 2000, &err);
    return s;
}

static const struct fake_evidence *last(void)
{
    assert_true(world.evidence_n > 0);
    return world.evidence[world.evidence_n - 1];
}

/* ---- enrolment ------------------------------------------------------------------------------ */

static void enrolls(void **state) /* P-ENROL-6 */
{
    uint8_t          mac[32];
    struct pawl_view zero = pawl_view(mac, 0);
    PAWL_SECRET      secret = { .n = 32 }, k_auth = { 0 };

    (void)state;
    T_OK(enroll(), &err);
    assert_int_equal(answer.kind, FLOW_RESULT);
    assert_int_equal(answer.ear.status, EAR_AFFIRMING);
    assert_true(flow.record.enrolled);
    assert_string_equal(flow.record.result, "affirming");
    assert_memory_equal(answer.token, "ey", 2);
    assert_int_equal(flow.record.device_id[0], 0xdd);
    assert_string_equal(flow.record.ak, pawl_template_name(PAWL_AK_P256));
    assert_true(state_dir_contact_s(&flow.dir) > 0);

    const struct fake_evidence *e = last();
    assert_int_equal(e->a1.label, PAWL_LABEL_ENROL);
    assert_int_equal(e->a1.attempt, 1);
    assert_int_equal(e->a1.suite, PAWL_SUITE_GCM);
    assert_int_equal(e->a1.base_epoch + e->a1.nv_counter + e->a1.snd.seq_hi, 0);
    assert_int_equal(e->a1.new_epoch, 1);
    assert_int_equal(e->a1.e_d.n, PAWL_POINT_P256);
    assert_int_equal(e->a1.reason, PAWL_REASON_START);
    assert_true(pawl_view_equal(e->a1.verifier_id, PAWL_VIEW_OF(world.signer[0].id)));
    assert_true(pawl_view_equal(e->e.cookie, pawl_view("cookie", 7)));
    assert_int_equal(e->e.pcr_n, 96);
    assert_true(pawl_view_equal(e->quote.nonce, PAWL_VIEW_OF(e->th1)));

    T_OK(pawl_enrol_auth(&secret, &k_auth, &err), &err);
    T_OK(pawl_mac_base(&k_auth, e->th1, zero, mac, &err), &err);
    assert_true(pawl_view_equal(e->e.mac_base, PAWL_VIEW_OF(mac)));
}

static void the_request_carries_who_we_are(void **state) /* P-ENROL-3 */
{
    uint8_t          want[32];
    struct pawl_name ek = { .n = 34, .b = { 0, 0x0b } }, ak = ek;

    (void)state;
    memset(ek.b + 2, 0xee, 32);
    memset(ak.b + 2, 0xaa, 32);
    config.fact_n = 1;
    snprintf(config.fact[0].key, sizeof(config.fact[0].key), "serial");
    snprintf(config.fact[0].value, sizeof(config.fact[0].value), "S-1");
    T_OK(enroll(), &err);
    assert_int_equal(world.enrol.cert_n, 1);
    assert_int_equal(world.enrol.fact_n, 1);
    assert_int_equal(world.enrol.token_id.n, 0);
    T_OK(pawl_certify_nonce(pawl_view_str("demo"), PAWL_VIEW_OF(world.signer[0].id), &ek, &ak, want,
                            &err),
         &err);
    assert_true(pawl_view_equal(world.enrol.certify_attest, PAWL_VIEW_OF(want)));
    assert_true(world.made_keys);
}

static void a_token_signs_the_request_and_stays_here(void **state) /* P-ENROL-2 */
{
    uint8_t mac[PAWL_TOKEN_MAC];
    FILE   *f = fopen(scratch_path("token"), "w");

    (void)state;
    fputs("AAECAwQFBgc.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", f);
    fclose(f);
    chmod(scratch_path("token"), 0600);
    snprintf(config.token_file, sizeof(config.token_file), "%s", scratch_path("token"));
    T_OK(enroll(), &err);
    PAWL_SECRET secret = { .n = 32 };
    for (uint8_t i = 0; i < 32; i++)
        secret.b[i] = i;
    struct pawl_enrol_req m = world.enrol;
    T_OK(pawl_enrol_token_mac(&m, &secret, mac, &err), &err);
    assert_true(pawl_view_equal(m.token_mac, PAWL_VIEW_OF(mac)));
    assert_int_equal(m.token_id.n, PAWL_TOKEN_ID);
    assert_false(config.has_token);

    snprintf(config.token_file, sizeof(config.token_file), "%s", scratch_path("gone"));
    T_FAILS(enroll(), &err, PAWL_E_ABSENT);
}

static void who_waits_is_enrolled_and_waits(void **state) /* P-ENROL-9 */
{
    (void)state;
    world.step[0].answer = FAKE_WAITS;
    T_OK(enroll(), &err);
    assert_true(flow.record.enrolled && flow.record.waits);
    assert_string_equal(flow.record.why, "awaits-approval");
    T_OK(attest(), &err);
    assert_false(flow.record.waits);
}

static void a_refused_enrolment_leaves_us_unenrolled(void **state)
{
    (void)state;
    world.refuses_enrol = true;
    T_FAILS(enroll(), &err, PAWL_E_DENIED);
    assert_non_null(strstr(err.why, "abc123"));
    world.refuses_enrol = false;
    world.step[0] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_WAIT_FOR_APPROVAL, 0 };
    T_OK(enroll(), &err);
    assert_int_equal(answer.kind, FLOW_REFUSED);
    assert_false(flow.record.enrolled);
    assert_true(flow.record.waits && flow.record.has_device);
    T_FAILS(attest(), &err, PAWL_E_STATE);
    assert_int_equal(world.challenges, 0);
}

static void a_refused_repetition_changes_nothing(void **state) /* P-ENROL-7 */
{
    (void)state;
    T_OK(enroll(), &err);
    world.step[1] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_WAIT_FOR_APPROVAL, 1 };
    T_OK(enroll(), &err);
    assert_true(flow.record.enrolled);
    T_OK(attest(), &err);
}

/* ---- attestation ---------------------------------------------------------------------------- */

static void attests_the_tenants_pcrs(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    T_OK(attest(), &err);
    assert_int_equal(last()->a1.label, PAWL_LABEL_ATTEST);
    assert_int_equal(last()->a1.attempt, 2);
    assert_int_equal(last()->a1.base_epoch, 1);
    assert_int_equal(last()->a1.new_epoch, 1);
    assert_int_equal(last()->a1.e_d.n, 0);
    assert_int_equal(last()->e.cookie.n, 0);
    assert_int_equal(pawl_pcr_selection_count(&last()->quote.pcrs), 2);
    assert_int_equal(last()->e.pcr_n, 2);
    assert_false(world.made_keys);
    assert_int_equal(world.expect_ak.b[2], 0xaa);
    assert_int_equal(world.jwks, 1);
}

static void known_values_are_not_sent_again(void **state) /* P-ATT-5 */
{
    (void)state;
    T_OK(enroll(), &err);
    T_OK(attest(), &err);
    assert_true(last()->e.has_pcrs);
    T_OK(attest(), &err);
    assert_false(last()->e.has_pcrs);
    world.pcr = 8;
    T_OK(attest(), &err);
    assert_true(last()->e.has_pcrs);
    restart();
    T_OK(attest(), &err);
    assert_true(last()->e.has_pcrs);
}

static void wanted_values_are_sent_at_once(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    T_OK(attest(), &err);
    world.step[2].answer = FAKE_WANTS_VALUES;
    T_OK(attest(), &err);
    assert_int_equal(world.evidence_n, 4);
    assert_false(world.evidence[2]->e.has_pcrs);
    assert_true(world.evidence[3]->e.has_pcrs);
}

static void who_always_wants_values_is_not_served_for_ever(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    for (int i = 1; i < FAKE_MAX; i++)
        world.step[i].answer = FAKE_WANTS_VALUES;
    T_OK(attest(), &err);
    assert_int_equal(world.evidence_n, 1 + FLOW_TRIES_MAX);
}

static void after_a_reset_all_banks_are_quoted(void **state) /* P-ATT-3 */
{
    (void)state;
    T_OK(enroll(), &err);
    world.resets = 2;
    T_OK(attest(), &err);
    assert_int_equal(last()->e.pcr_n, 96);
    assert_int_equal(flow.record.resets, 2);
    T_OK(attest(), &err);
    assert_int_equal(pawl_pcr_selection_count(&last()->quote.pcrs), 2);
}

static void a_reset_is_not_forgotten_when_the_verifier_did_not_answer(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    world.resets = 2;
    world.step[1].answer = FAKE_AWAY;
    T_FAILS(attest(), &err, PAWL_E_IO);
    restart();
    T_OK(attest(), &err);
    assert_int_equal(last()->e.pcr_n, 96);
}

static void an_enrolment_has_sent_all_values(void **state)
{
    (void)state;
    world.step[0].answer = FAKE_WANTS_VALUES;
    T_OK(enroll(), &err);
    assert_int_equal(world.evidence_n, 1);
    assert_true(flow.record.enrolled);
}

static void full_evidence_is_given_when_wanted(void **state) /* refusal 8 */
{
    (void)state;
    T_OK(enroll(), &err);
    world.step[1] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_FULL_EVIDENCE_WANTED, 1 };
    T_OK(attest(), &err);
    assert_int_equal(answer.kind, FLOW_RESULT);
    assert_int_equal(world.evidence_n, 3);
    assert_int_equal(last()->e.pcr_n, 96);
}

static void a_missing_hash_is_dropped(void **state)
{
    (void)state;
    world.lacks_sha384 = true;
    T_OK(enroll(), &err);
    assert_int_equal(last()->e.pcr_n, 48);
    T_OK(attest(), &err); /* the tenant's set names the hash that we lack */
    assert_int_equal(last()->e.pcr_n, 48);
}

static void a_used_number_is_left_behind(void **state) /* refusal 1 */
{
    (void)state;
    T_OK(enroll(), &err);
    world.step[1] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT, 5000 };
    T_OK(attest(), &err);
    assert_int_equal(answer.kind, FLOW_RESULT);
    assert_true(world.evidence[2]->a1.attempt == 5000 + (1ull << 32));
    assert_int_equal(world.evidence[2]->a1.reason, PAWL_REASON_STATE_LOST);
    assert_int_equal(last()->a1.label, PAWL_LABEL_RESYNC); /* the state is not the last one */
    assert_true(last()->a1.attempt == 5001 + (1ull << 32));
    assert_string_equal(flow.lost[0].where, "state");

    world.step[world.evidence_n] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT,
                                                       last()->a1.attempt + 3 };
    T_OK(attest(), &err); /* numbers that we reserved ourselves */
    assert_int_equal(last()->a1.label, PAWL_LABEL_ATTEST);
    assert_true(last()->a1.attempt == 5005 + (1ull << 32));
}

static void a_verifier_that_refuses_each_number_is_not_asked_for_ever(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    for (int i = 1; i < FAKE_MAX; i++)
        world.step[i] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT,
                                            5000u + (unsigned)i };
    T_OK(attest(), &err);
    assert_int_equal(answer.kind, FLOW_REFUSED);
    assert_int_equal(world.evidence_n, 1 + FLOW_TRIES_MAX);
}

static void other_refusals_are_told_and_not_repeated(void **state)
{
    static const enum pawl_refusal_code codes[] = {
        PAWL_REFUSAL_WAIT_FOR_APPROVAL,
        PAWL_REFUSAL_REVOKED,
        PAWL_REFUSAL_SUITE,
    };
    char want[48];

    (void)state;
    T_OK(enroll(), &err);
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        world.step[1 + i] = (struct fake_step){ FAKE_REFUSES, codes[i], 1 };
        T_OK(attest(), &err);
        assert_int_equal(answer.refusal.code, codes[i]);
        assert_int_equal(world.evidence_n, 2 + i);
        snprintf(want, sizeof(want), "refused: %s", pawl_refusal_text(codes[i]));
        assert_string_equal(flow.record.result, want);
        assert_true(flow.record.enrolled);
    }
}

/* ---- what is not believed ------------------------------------------------------------------- */

static void only_what_is_signed_for_us_counts(void **state) /* P-TRUST-3 */
{
    static const struct {
        struct fake_step step;
        enum pawl_code   code;
        const char      *where;
    } bad[] = {
        { { .answer = FAKE_FOREIGN }, PAWL_E_FORGED, "ear.signature" },
        { { .answer = FAKE_OLD_TH1 }, PAWL_E_FORGED, "ear.eat_nonce" },
        { { FAKE_REFUSES_OLD, PAWL_REFUSAL_ATTEMPT, 9999 }, PAWL_E_FORGED, "refusal.th1" },
        { { FAKE_REFUSES_OLD, PAWL_REFUSAL_REVOKED, 1 }, PAWL_E_FORGED, "refusal.th1" },
        { { .answer = FAKE_403 }, PAWL_E_DENIED, "verifier" },
        { { .answer = FAKE_503 }, PAWL_E_IO, "verifier" },
        { { .answer = FAKE_AWAY }, PAWL_E_IO, "server" },
    };

    (void)state;
    T_OK(enroll(), &err);
    T_OK(attest(), &err);
    struct record before = flow.record;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        world.step[world.evidence_n] = bad[i].step;
        t_poison(&answer, sizeof(answer));
        T_FAILS(flow_attest(&flow, PAWL_REASON_SCHEDULE, &answer, &err), &err, bad[i].code);
        T_WHERE(&err, bad[i].where);
        t_still_poisoned(&answer, sizeof(answer));
        assert_memory_equal(&flow.record, &before, sizeof(before));
    }
    assert_true(flow.reserved.attempt_next < 100);
    world.step[world.evidence_n].answer = FAKE_GARBAGE;
    assert_false(pawl_is_ok(attest()));
    T_OK(attest(), &err);
    assert_string_equal(flow.record.failure, "");
}

static void an_unpinned_verifier_gets_nothing(void **state) /* P-TRUST-1 */
{
    (void)state;
    world.jwks_from = 1;
    T_FAILS(enroll(), &err, PAWL_E_DENIED);
    T_WHERE(&err, "verifier_key");
    assert_int_equal(world.enrols, 0);
    assert_int_equal(world.opened, 0);
}

static void the_next_key_is_found_after_a_failure(void **state)
{
    (void)state;
    memcpy(config.verifier[1], world.signer[1].id, PAWL_SPKI_PIN);
    config.verifier_n = 2;
    T_OK(enroll(), &err);
    assert_true(pawl_view_equal(last()->a1.verifier_id, PAWL_VIEW_OF(world.signer[0].id)));

    struct signer swap = world.signer[0]; /* the verifier signs with its next key from now on */
    world.signer[0] = world.signer[1];
    world.signer[1] = swap;
    T_FAILS(attest(), &err, PAWL_E_FORGED);
    T_OK(attest(), &err);
    assert_true(pawl_view_equal(last()->a1.verifier_id, PAWL_VIEW_OF(world.signer[0].id)));
    assert_true(flow.record.enrolled);
}

static void a_record_of_another_verifier_is_not_used(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    flow_close(&flow);
    snprintf(config.tenant, sizeof(config.tenant), "other");
    fake_world_forget();
    open_flow();
    assert_false(flow.record.enrolled);
    assert_int_equal(flow.record.ek_name.n, 34);
    T_FAILS(attest(), &err, PAWL_E_STATE);
    T_OK(enroll(), &err);
    assert_int_equal(last()->a1.attempt, 1 + RESERVATION_ATTEMPTS);
}

/* Set up anew at the same address: it knows nothing of us. */
static void a_verifier_with_an_unpinned_key_is_another(void **state)
{
    struct signer swap = world.signer[0];

    (void)state;
    T_OK(enroll(), &err);
    flow_close(&flow);
    world.signer[0] = world.signer[1];
    world.signer[1] = swap;
    memcpy(config.verifier[0], world.signer[0].id, PAWL_SPKI_PIN); /* join --force */
    open_flow();
    assert_false(flow.record.enrolled);
    assert_int_equal(flow.record.ek_name.n, 34);
    T_OK(enroll(), &err);
    T_OK(attest(), &err);
    assert_true(pawl_view_equal(last()->a1.verifier_id, PAWL_VIEW_OF(world.signer[0].id)));
}

static void a_moved_verifier_is_the_same(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    flow_close(&flow);
    snprintf(config.net.server, sizeof(config.net.server), "elsewhere:1");
    open_flow();
    T_OK(attest(), &err);
}

static void a_busy_verifier_is_left_alone_for_as_long_as_it_asks(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    world.step[1].answer = FAKE_503;
    T_FAILS(attest(), &err, PAWL_E_IO);
    assert_int_equal(flow.told_s, 17);
    T_OK(attest(), &err);
    assert_int_equal(flow.told_s, 0);
}

static void a_full_disk_uses_no_number_and_sends_nothing(void **state)
{
    struct pawl_err ignored;
    uint64_t        n;

    (void)state;
    T_OK(enroll(), &err);
    while (flow.reserved.attempt_next <= flow.reserved.attempt_reserved)
        T_OK(reservation_attempt(flow.dir.fd, &flow.reserved, &n, &ignored), &ignored);
    assert_int_equal(mkdirat(flow.dir.fd, "reservation.json.new", 0700),
                     0); /* no room for a file */
    T_FAILS(attest(), &err, PAWL_E_STATE);
    T_WHERE(&err, "state.reservation");
    assert_int_equal(world.evidence_n, 1);
}

static void spoil(const char *name, const char *text)
{
    T_OK(file_replace(flow.dir.fd, name, pawl_view_str(text), &err), &err);
}

static void spoilt_numbers_go_on_where_the_verifier_says(void **state)
{
    static const char *const bad[] = {
        "",
        "{\"version\": 1, \"attempts\": \"6",
        ("{\"version\": 1, \"attempts\": \"18446744073709551615\", \"slots\": \"0\", "
         "\"run_first\": \"0\", \"epoch\": \"0\", \"generations\": \"0\"}"),
    };

    (void)state;
    T_OK(enroll(), &err);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        uint64_t last_one = 5000 + (i << 40);
        spoil("reservation.json", bad[i]);
        restart();
        assert_int_equal(flow.lost_n, 1);
        assert_non_null(strstr(flow.lost[0].where, "reservation.json"));
        assert_int_equal(faccessat(flow.dir.fd, "reservation.json.bad", F_OK, 0), 0);
        world.step[world.evidence_n] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_ATTEMPT,
                                                           last_one };
        T_OK(attest(), &err);
        assert_int_equal(answer.kind, FLOW_RESULT);
        assert_true(last()->a1.attempt == last_one + (1ull << 32) + 1);
        assert_int_equal(last()->a1.reason, PAWL_REASON_STATE_LOST);
        assert_int_equal(last()->a1.label, PAWL_LABEL_RESYNC);
    }
    restart();
    assert_int_equal(flow.lost_n, 0);
}

static void a_spoilt_record_is_set_aside_and_enrolled_anew(void **state)
{
    static const char *const bad[] = { "", "{\"version\": 1,", "[]",
                                       "{\"version\": 1, \"enrolled\": false}" };
    uint8_t                  kept[64];
    size_t                   n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        T_OK(enroll(), &err);
        spoil("agent.json", bad[i]);
        restart();
        assert_int_equal(flow.lost_n, 1);
        assert_non_null(strstr(flow.lost[0].where, "agent.json"));
        T_OK(file_read(flow.dir.fd, "agent.json.bad", kept, sizeof(kept), &n, &err), &err);
        assert_true(pawl_view_equal(pawl_view(kept, n), pawl_view_str(bad[i])));
        T_FAILS(attest(), &err, PAWL_E_STATE);
    }
    T_OK(enroll(), &err);
    T_OK(attest(), &err);
    assert_int_equal(flow.record.device_id[0], 0xdd);
}

static void a_tpm_that_is_away_is_said(void **state)
{
    (void)state;
    T_OK(enroll(), &err);
    world.tpm_away = true;
    T_FAILS(attest(), &err, PAWL_E_IO);
    assert_string_equal(flow.record.failure, "tcti: no TPM");
    assert_int_equal(flow.record.failing_since_s, 2000);
}

static void a_repeated_failure_writes_nothing_new(void **state)
{
    struct record one;

    (void)state;
    world.refuses_enrol = true;
    T_FAILS(enroll(), &err, PAWL_E_DENIED);
    one = flow.record;
    assert_string_equal(one.failure, "verifier: refused us (403); its log has the reason");
    flow_note(&flow, (pawl_status){ PAWL_E_DENIED }, NULL, 5000, &err);
    assert_memory_equal(&one, &flow.record, sizeof(one));
}

static void each_start_has_a_boot_id_of_its_own(void **state)
{
    uint8_t one[PAWL_BOOT_ID], os[PAWL_OS_BOOT];

    (void)state;
    memcpy(one, flow.boot_id, sizeof(one));
    memcpy(os, flow.os_boot, sizeof(os));
    restart();
    assert_memory_not_equal(one, flow.boot_id, sizeof(one));
    assert_memory_equal(os, flow.os_boot, sizeof(os));
}

static void a_jwks_is_searched_for_our_pins_alone(void **state)
{
    struct verifier v;
    uint8_t         pins[2][PAWL_SPKI_PIN];

    (void)state;
    memcpy(pins[0], world.signer[1].id, PAWL_SPKI_PIN);
    memcpy(pins[1], world.signer[0].id, PAWL_SPKI_PIN);
    T_OK(verifier_pick(signer_jwks(world.signer, 2), pins, 2, &v, &err), &err);
    assert_memory_equal(v.id, world.signer[1].id, sizeof(v.id)); /* ours comes first */
    T_OK(verifier_pick(signer_jwks(world.signer, 1), pins, 2, &v, &err), &err);
    assert_memory_equal(v.id, world.signer[0].id, sizeof(v.id));

    static const char *const bad[] = {
        "{\"keys\":[]}",
        "{\"keys\":[{}]}",
        "{\"keys\":[1,[],null]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}",
    };
    t_poison(&v, sizeof(v));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        T_FAILS(verifier_pick(pawl_view_str(bad[i]), pins, 2, &v, &err), &err, PAWL_E_DENIED);
    T_FAILS(verifier_pick(pawl_view_str("{\"keys\":{}}"), pins, 2, &v, &err), &err, PAWL_E_FORM);
    T_FAILS(verifier_pick(pawl_view_str("<html>"), pins, 2, &v, &err), &err, PAWL_E_FORM);
    t_still_poisoned(&v, sizeof(v));
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), new_world, end_world, NULL                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("enrolls", enrolls),
        CASE("the request carries who we are", the_request_carries_who_we_are),
        CASE("a token signs the request and stays here", a_token_signs_the_request_and_stays_here),
        CASE("who waits is enrolled and waits", who_waits_is_enrolled_and_waits),
        CASE("a refused enrolment leaves us unenrolled", a_refused_enrolment_leaves_us_unenrolled),
        CASE("a refused repetition changes nothing", a_refused_repetition_changes_nothing),
        CASE("attests the tenant's PCRs", attests_the_tenants_pcrs),
        CASE("known values are not sent again", known_values_are_not_sent_again),
        CASE("wanted values are sent at once", wanted_values_are_sent_at_once),
        CASE("who always wants values is not served for ever",
             who_always_wants_values_is_not_served_for_ever),
        CASE("after a reset all banks are quoted", after_a_reset_all_banks_are_quoted),
        CASE("a reset is not forgotten when the verifier did not answer",
             a_reset_is_not_forgotten_when_the_verifier_did_not_answer),
        CASE("an enrolment has sent all values", an_enrolment_has_sent_all_values),
        CASE("full evidence is given when wanted", full_evidence_is_given_when_wanted),
        CASE("a missing hash is dropped", a_missing_hash_is_dropped),
        CASE("a used number is left behind", a_used_number_is_left_behind),
        CASE("a verifier that refuses each number is not asked for ever",
             a_verifier_that_refuses_each_number_is_not_asked_for_ever),
        CASE("other refusals are told and not repeated", other_refusals_are_told_and_not_repeated),
        CASE("only what is signed for us counts", only_what_is_signed_for_us_counts),
        CASE("an unpinned verifier gets nothing", an_unpinned_verifier_gets_nothing),
        CASE("the next key is found after a failure", the_next_key_is_found_after_a_failure),
        CASE("a record of another verifier is not used", a_record_of_another_verifier_is_not_used),
        CASE("a verifier with an unpinned key is another",
             a_verifier_with_an_unpinned_key_is_another),
        CASE("a moved verifier is the same", a_moved_verifier_is_the_same),
        CASE("a busy verifier is left alone for as long as it asks",
             a_busy_verifier_is_left_alone_for_as_long_as_it_asks),
        CASE("a full disk uses no number and sends nothing",
             a_full_disk_uses_no_number_and_sends_nothing),
        CASE("spoilt numbers go on where the verifier says",
             spoilt_numbers_go_on_where_the_verifier_says),
        CASE("a spoilt record is set aside and enrolled anew",
             a_spoilt_record_is_set_aside_and_enrolled_anew),
        CASE("a TPM that is away is said", a_tpm_that_is_away_is_said),
        CASE("a repeated failure writes nothing new", a_repeated_failure_writes_nothing_new),
        CASE("each start has a boot id of its own", each_start_has_a_boot_id_of_its_own),
        CASE("a JWKS is searched for our pins alone", a_jwks_is_searched_for_our_pins_alone),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
