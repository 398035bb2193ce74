/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a record is made for who activated the credential and quotes with the AK that was
 * enrolled, from what the cookie says; whatever does not agree with it is named and changes no row.
 */
#include <string.h>

#include "flow/cookie.h"
#include "soft_messages.h"

static void refuses_evidence(struct world *w, const struct soft_evidence *e, enum pawl_code code,
                             const char *where)
{
    world_refuses(w, flow_evidence, soft_evidence_bytes(e), code, where);
}

/* ---- evidence that is refused --------------------------------------------------------------- */

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

static void a_cookie_that_is_none_of_ours_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    ev.m.cookie = pawl_view(NULL, 0);
    refuses_evidence(&w, &ev, PAWL_E_ABSENT, "evidence.cookie");
    for (size_t i = 0; i < e.ans.cookie.n; i += 29) {
        ev.m.cookie = t_copy(e.ans.cookie);
        ((uint8_t *)ev.m.cookie.p)[i] ^= 0x40;
        refuses_evidence(&w, &ev, PAWL_E_FORGED, "evidence.cookie");
    }
    ev.m.cookie = pawl_view(e.ans.cookie.p, e.ans.cookie.n - 1);
    refuses_evidence(&w, &ev, PAWL_E_FORGED, "evidence.cookie");
    ev.m.cookie = e.ans.cookie;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
}

static void an_attempt_cannot_use_the_numbers_up(void **state) /* P-ATT-2 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    ev.a1.attempt = PAWL_ATTEMPT_FIRST_MAX + 1;
    soft_evidence_sign(&ev, &e.secret);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_ATTEMPT);
    ev.a1.attempt = PAWL_ATTEMPT_FIRST_MAX;
    soft_evidence_sign(&ev, &e.secret);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
}

static void the_cookie_of_another_device_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    DEVICE               thief;
    struct enrolling     e, theirs;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    world_device(&w, &w.vendor, &thief);
    struct pawl_enrol_req req = soft_enrol(&thief);
    world_enrol_request(&w, &thief, &req, &theirs);
    soft_evidence_sign(&ev, &e.secret);
    ev.m.cookie = theirs.ans.cookie;
    refuses_evidence(&w, &ev, PAWL_E_DENIED, "A1.device_id");
}

static void a_cookie_of_an_earlier_enrolment_needs_its_own_nonce(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e, again;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    struct pawl_enrol_req req = soft_enrol(&d);
    world_enrol_request(&w, &d, &req, &again);
    soft_evidence_sign(&ev, &e.secret);
    ev.m.cookie = again.ans.cookie;
    refuses_evidence(&w, &ev, PAWL_E_DENIED, "A1.nonce");
}

static void s2_a_cookie_of_another_tenant_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;
    uint8_t              nonce[PAWL_NONCE];

    begin(&w, &d, &e, &ev);
    const struct nonce_scope scope = { pawl_view_str("other"), PAWL_VIEW_OF(d.id),
                                       PAWL_LABEL_ENROL };
    T_OK(nonce_make(&w.keys, &scope, w.now_ms, nonce, &w.err), &w.err);
    ev.a1.tenant = pawl_view_str("other");
    ev.a1.nonce = PAWL_VIEW_OF(nonce);
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_FORGED, "evidence.cookie");
}

static void an_enrolment_that_takes_too_long_begins_anew(void **state) /* K11 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    w.now_ms += PAWL_NONCE_TTL_MS + 1;
    refuses_evidence(&w, &ev, PAWL_E_EXPIRED, "A1.nonce");
}

static void a_cookie_lives_120_seconds(void **state) /* P-ENROL-5 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;
    struct cookie_room   room;
    struct cookie        c;

    begin(&w, &d, &e, &ev);
    int64_t last = w.now_ms + PAWL_COOKIE_TTL_MS;
    T_OK(cookie_open(&w.keys, pawl_view_str("acme"), last, e.ans.cookie, &room, &c, &w.err),
         &w.err);
    assert_true(pawl_secret_equal(&c.secret, &e.secret));
    t_poison(&c, sizeof(c));
    T_FAILS(cookie_open(&w.keys, pawl_view_str("acme"), last + 1, e.ans.cookie, &room, &c, &w.err),
            &w.err, PAWL_E_EXPIRED);
    t_still_poisoned(&c, sizeof(c));
}

static void who_did_not_activate_the_credential_is_refused(void **state) /* P-ENROL-6 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    soft_evidence_sign(&ev, NULL);
    refuses_evidence(&w, &ev, PAWL_E_FORGED, "evidence.mac_base");
    e.secret.b[0] ^= 1;
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_FORGED, "evidence.mac_base");
}

static void a1_must_agree_with_what_was_enrolled(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence good, ev;
    struct pawl_name     other;
    uint8_t              point[PAWL_POINT_P256] = { 0x04 }, kid[PAWL_KID] = { 1 };

    begin(&w, &d, &e, &good);
    other = d.ak_name;
    other.b[5] ^= 1;
    ev = good;
    ev.a1.ak_name = pawl_name_view(&other);
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_DENIED, "A1.ak_name");
    ev = good;
    ev.a1.td_name = pawl_name_view(&other);
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_DENIED, "A1.td_name");
    ev = good;
    ev.a1.suite = PAWL_SUITE_GCM;
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_DENIED, "A1.suite");
    ev = good;
    ev.a1.base_epoch = 1;
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_FORM, "A1.base_epoch");
    ev = good;
    ev.a1.base_kid = PAWL_VIEW_OF(kid);
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_FORM, "A1.base_kid");
    ev = good;
    ev.a1.new_epoch = 0;
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_FORM, "A1.new_epoch");
    ev = good;
    ev.a1.e_d = pawl_view(NULL, 0);
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_FORM, "A1.E_D");
    ev.a1.e_d = PAWL_VIEW_OF(point); /* of that form, and on no curve */
    soft_evidence_sign(&ev, &e.secret);
    T_FAILS(flow_evidence(&w.flow, soft_evidence_bytes(&ev), &w.answer, &w.step, &w.err), &w.err,
            PAWL_E_RANGE);
    assert_int_equal(w.answer.http, 403);
}

static void the_first_root_is_pending_until_it_is_used(void **state) /* P-ENROL-10 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;
    cJSON               *claim;

    begin(&w, &d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    EAR *ear = world_ear(&w);
    claim = cJSON_GetObjectItem(ear, "pawl");
    assert_int_equal(cJSON_GetObjectItem(claim, "base")->valueint, 0);
    assert_int_equal(cJSON_GetObjectItem(claim, "new")->valueint, 1);
    assert_int_equal(world_result(&w).conf_v.n, 32);
    assert_int_equal(world_result(&w).receipt.n, 0);
    assert_int_equal(world_result(&w).ticket.n, 0);
    world_adopt(&w, &d, &ev, &e.secret);
    struct ratchet r = world_ratchet(&w, &d);
    assert_false(r.current.present);
    assert_true(r.pending.present && !r.pending.resync);
    assert_memory_equal(r.pending.kid, d.root.kid, PAWL_KID);
    assert_memory_equal(&r.pending.rk, &d.root.rk, sizeof(d.root.rk));
    world_attest(&w, &d);
    r = world_ratchet(&w, &d);
    assert_int_equal(r.current.epoch, 1);
    assert_false(r.pending.present);
}

static void a_first_root_that_is_too_far_is_told_what_is_known(void **state) /* P-RESYNC-4 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    ev.a1.new_epoch = 65538;
    soft_evidence_sign(&ev, &e.secret);
    struct pawl_refusal r = world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_UNKNOWN_BASE);
    assert_int_equal(r.known_epoch, 0);
    assert_int_equal(r.last_attempt, 0);
    assert_int_equal(r.seq_floor_up, 32769);
    assert_int_equal(r.seq_floor_down, 1);
    ev.a1.new_epoch = 65537;
    soft_evidence_sign(&ev, &e.secret);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    world_adopt(&w, &d, &ev, &e.secret);
    world_attest(&w, &d);
}

static void q17_enrolment_needs_all_pcrs(void **state) /* P-ATT-3 */
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    soft_evidence_begin(&d, PAWL_LABEL_ENROL, e.ans.nonce, &w.config.tenant[ACME].pcrs, &ev);
    ev.m.cookie = e.ans.cookie;
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_FORGED, "quote.pcrSelect");
}

static void each_of_the_four_selections_enrols(void **state) /* P-ATT-3 */
{
    (void)state;
    for (unsigned dropped = 0; dropped < 4; dropped++) {
        WORLD                     w;
        DEVICE                    d;
        struct enrolling          e;
        struct soft_evidence      ev;
        struct pawl_pcr_selection all = pawl_pcr_selection_all(dropped);

        begin(&w, &d, &e, &ev);
        soft_evidence_begin(&d, PAWL_LABEL_ENROL, e.ans.nonce, &all, &ev);
        ev.m.cookie = e.ans.cookie;
        soft_evidence_sign(&ev, &e.secret);
        world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
        assert_int_equal(world_record(&w, &d).banks.n, 4 - dropped);
    }
}

static void q22_a_tpm_without_sha256_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    d.banks = 1u << PAWL_SHA1;
    world_enrol_evidence(&d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_FORGED, "quote.pcrSelect");
}

static void q18_values_must_come_and_be_the_quoted(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    ev.m.has_pcrs = false;
    refuses_evidence(&w, &ev, PAWL_E_ABSENT, "evidence.pcrs");
    ev.m.has_pcrs = true;
    ev.m.pcr[3] = t_copy(ev.m.pcr[3]);
    ((uint8_t *)ev.m.pcr[3].p)[0] ^= 1;
    refuses_evidence(&w, &ev, PAWL_E_FORGED, "evidence.pcrs");
}

static void a_quote_by_a_software_key_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct enrolling     e;
    struct soft_evidence ev;

    begin(&w, &d, &e, &ev);
    ev.signer = d.td;
    soft_evidence_sign(&ev, &e.secret);
    step_done(&w.step);
    T_FAILS(flow_evidence(&w.flow, soft_evidence_bytes(&ev), &w.answer, &w.step, &w.err), &w.err,
            PAWL_E_FORGED);
    assert_int_equal(strncmp(w.err.where, "signature", 9), 0);
}

static void a_token_that_was_used_up_meanwhile_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               first;
    DEVICE               second;
    struct soft_evidence a, b;
    struct step          planned = { 0 };

    world_make(&w);
    world_device(&w, &w.vendor, &first);
    world_device(&w, &w.vendor, &second);
    struct made_token     t = world_token(&w, ACME, "{}");
    struct pawl_enrol_req req = world_token_request(&first, &t);
    world_enrol_with(&w, &first, &req, &a);
    req = world_token_request(&second, &t);
    world_enrol_with(&w, &second, &req, &b);
    /* Both plan; the store lets one through, and the other's second plan sees why. */
    T_OK(flow_evidence(&w.flow, soft_evidence_bytes(&b), &w.answer, &planned, &w.err), &w.err);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&a), 200);
    T_FAILS(store_commit_wait(&w.store.store, &planned, &w.err), &w.err, PAWL_E_CONFLICT);
    refuses_evidence(&w, &b, PAWL_E_DENIED, "enrol.token");
    step_done(&planned);
}

static void k8_of_two_devices_with_one_ak_the_second_is_refused(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               first;
    DEVICE               second;
    struct soft_evidence a, b;

    world_make(&w);
    world_device(&w, &w.vendor, &first);
    world_device(&w, &w.vendor, &second);
    EVP_PKEY *own = second.ak;
    second.ak = first.ak;
    second.ak_public = first.ak_public;
    soft_device_rename(&second);
    struct pawl_enrol_req req = soft_enrol(&first);
    world_enrol_with(&w, &first, &req, &a);
    req = soft_enrol(&second);
    world_enrol_with(&w, &second, &req, &b);
    second.ak = own;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&a), 200);
    refuses_evidence(&w, &b, PAWL_E_DENIED, "A1.ak_name");
}

/* A firmware that makes a new EK: what was enrolled stays as it is, and does not get it. */
static void k15_a_new_ek_is_another_device(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE before;
    DEVICE after;

    world_make(&w);
    world_device(&w, &w.vendor, &before);
    world_device(&w, &w.vendor, &after);
    world_enrol(&w, &before);
    const struct device was = world_record(&w, &before);
    world_enrol(&w, &after);
    const struct device is = world_record(&w, &before), other = world_record(&w, &after);
    assert_memory_not_equal(is.id, other.id, sizeof(is.id));
    assert_int_equal(is.version, was.version);
    assert_int_equal(other.enrolments, 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("an attempt cannot use the numbers up", an_attempt_cannot_use_the_numbers_up),
        T_CASE("K8 of two devices with one AK the second is refused",
               k8_of_two_devices_with_one_ak_the_second_is_refused),
        T_CASE("K15 a new EK is another device", k15_a_new_ek_is_another_device),
        T_CASE("a cookie that is none of ours is refused",
               a_cookie_that_is_none_of_ours_is_refused),
        T_CASE("the cookie of another device is refused", the_cookie_of_another_device_is_refused),
        T_CASE("a cookie of an earlier enrolment needs its own nonce",
               a_cookie_of_an_earlier_enrolment_needs_its_own_nonce),
        T_CASE("S2 a cookie of another tenant is refused",
               s2_a_cookie_of_another_tenant_is_refused),
        T_CASE("K11 an enrolment that takes too long begins anew",
               an_enrolment_that_takes_too_long_begins_anew),
        T_CASE("a cookie lives 120 seconds", a_cookie_lives_120_seconds),
        T_CASE("who did not activate the credential is refused",
               who_did_not_activate_the_credential_is_refused),
        T_CASE("A1 must agree with what was enrolled", a1_must_agree_with_what_was_enrolled),
        T_CASE("the first root is pending until it is used",
               the_first_root_is_pending_until_it_is_used),
        T_CASE("a first root that is too far is told what is known",
               a_first_root_that_is_too_far_is_told_what_is_known),
        T_CASE("Q17 enrolment needs all PCRs", q17_enrolment_needs_all_pcrs),
        T_CASE("each of the four selections enrols", each_of_the_four_selections_enrols),
        T_CASE("Q22 a TPM without sha256 is refused", q22_a_tpm_without_sha256_is_refused),
        T_CASE("Q18 values must come and be the quoted", q18_values_must_come_and_be_the_quoted),
        T_CASE("a quote by a software key is refused", a_quote_by_a_software_key_is_refused),
        T_CASE("a token that was used up meanwhile is refused",
               a_token_that_was_used_up_meanwhile_is_refused),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
