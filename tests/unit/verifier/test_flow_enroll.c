/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a device enters with genuine keys that it holds, and by nobody's word but those that the
 * tenant takes; every broken link is named and changes no row; a known device changes nothing of
 * its record before its return was accepted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/cookie.h"
#include "flow/lifecycle.h"
#include "flow/operator.h"
#include "flow_fixture.h"

/* ---- tokens --------------------------------------------------------------------------------- */

struct made_token {
    uint8_t            id[PAWL_TOKEN_ID];
    struct pawl_secret secret;
};

static struct made_token make_token(struct world *w, unsigned tenant, const char *body)
{
    struct made_token t;
    struct pawl_join  join;
    char             *json;

    step_done(&w->step);
    T_OK(operator_token_make(&w->flow, &w->config.tenant[tenant], pawl_view_str(body), &json,
                             &w->step, &w->err),
         &w->err);
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    cJSON *j = cJSON_Parse(json);
    T_OK(pawl_join_parse(cJSON_GetStringValue(cJSON_GetObjectItem(j, "join")), &join, &w->err),
         &w->err);
    memcpy(t.id, join.token_id, sizeof(t.id));
    t.secret = join.token;
    cJSON_Delete(j);
    free(json);
    return t;
}

static struct pawl_enrol_req with_token(const struct soft_device *d, const struct made_token *t)
{
    struct pawl_enrol_req req = soft_enrol(d);

    soft_enrol_token(&req, PAWL_VIEW_OF(t->id), &t->secret);
    return req;
}

static void enrol_with(struct world *w, struct soft_device *d, const struct pawl_enrol_req *req,
                       struct soft_evidence *ret)
{
    struct enrolling e;

    world_enrol_request(w, d, req, &e);
    world_enrol_evidence(d, &e, ret);
    soft_evidence_sign(ret, &e.secret);
}

static void refuses_request(struct world *w, const struct pawl_enrol_req *req, enum pawl_code code,
                            const char *where)
{
    world_refuses(w, flow_enrol, soft_enrol_bytes(req), code, where);
}

static void refuses_evidence(struct world *w, const struct soft_evidence *e, enum pawl_code code,
                             const char *where)
{
    world_refuses(w, flow_evidence, soft_evidence_bytes(e), code, where);
}

/* ---- who enters ----------------------------------------------------------------------------- */

static void a_genuine_device_gets_a_record(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    struct device r = world_record(&w, &d);
    assert_int_equal(r.state, DEVICE_ACTIVE);
    assert_int_equal(r.roots, ROOTS_VENDOR);
    assert_true(pawl_name_equal(&r.ek_name, &d.ek_name));
    assert_true(pawl_name_equal(&r.ak_name, &d.ak_name));
    assert_true(pawl_name_equal(&r.td_name, &d.td_name));
    struct pawl_name q = soft_device_qualified(&d);
    assert_true(pawl_name_equal(&r.qualified_signer, &q));
    assert_true(pawl_view_equal(pawl_view(r.ak_public, r.ak_public_n), d.ak_public));
    struct pawl_public td = soft_public(d.td);
    assert_memory_equal(r.td_point, td.b, sizeof(r.td_point));
    assert_int_equal(r.suite, PAWL_SUITE_CCM);
    assert_int_equal(r.enrolments, 1);
    assert_int_equal(r.attempt, 1);
    assert_int_equal(r.clock.resets, 3);
    assert_string_equal(r.firmware_cert, "id:00490008");
    assert_int_equal(r.created_s, w.now_ms / 1000);
    assert_string_equal(r.status, "none");
    assert_int_equal(r.banks.n, 4);
    assert_int_equal(r.banks.bank[1].bits, 0xffffff);
    assert_int_equal(r.banks.bank[2].bits, 0);

    char *papers;
    T_OK(w.store.store.papers(w.store.store.self, pawl_view_str("acme"), PAWL_VIEW_OF(d.id),
                              &papers, &w.err),
         &w.err);
    assert_non_null(strstr(papers, "\"serial\":\"4711\""));
    assert_non_null(strstr(papers, "ST33HTPHAHD4"));
    free(papers);

    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "none");
    assert_int_equal(ear_claim(ear, "instance-identity"), 2);
    assert_int_equal(ear_claim(ear, "hardware"), 2);
    assert_true(ear_says(ear, "no-policy"));
}

static void k14_a_lab_device_shows_as_one(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.lab, &d);
    world_enrol(&w, &d);
    assert_int_equal(world_record(&w, &d).roots, ROOTS_LAB);
    EAR *ear = world_ear(&w);
    assert_int_equal(ear_claim(ear, "hardware"), 0);
    assert_true(ear_says(ear, "lab-tpm"));
}

static void without_a_word_for_it_a_device_waits(void **state) /* P-ENROL-9 */
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    w.config.tenant[ACME].admission = ADMISSION_APPROVE;
    world_device(&w, &w.vendor, &d);
    world_enrol(&w, &d);
    assert_int_equal(world_record(&w, &d).state, DEVICE_PENDING);
    EAR *ear = world_ear(&w);
    assert_string_equal(ear_status(ear), "none");
    assert_int_equal(ear_claim(ear, "instance-identity"), 97);
    assert_true(ear_says(ear, "awaits-approval"));
}

static void a_token_lets_in_and_counts_once_for_each_device(void **state) /* P-ENROL-2 */
{
    (void)state;
    WORLD                w;
    DEVICE               first;
    DEVICE               second;
    struct soft_evidence ev;

    world_make(&w);
    w.config.tenant[ACME].admission = ADMISSION_TOKEN;
    w.config.tenant[ACME].reenrol_auto = true;
    struct made_token t = make_token(&w, ACME, "{\"uses\":1}");
    world_device(&w, &w.vendor, &first);
    world_device(&w, &w.vendor, &second);
    for (unsigned again = 0; again < 2; again++) {
        struct pawl_enrol_req req = with_token(&first, &t);
        enrol_with(&w, &first, &req, &ev);
        world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
        assert_int_equal(world_record(&w, &first).state, DEVICE_ACTIVE);
        assert_int_equal(store_number(&w.store, "SELECT uses_left FROM token"), 0);
    }
    struct pawl_enrol_req req = with_token(&second, &t);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.token");
}

/* ---- requests that are refused -------------------------------------------------------------- */

static void bytes_that_are_no_message_are_400(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    struct pawl_enrol_req req = soft_enrol(&d);
    struct pawl_view      good = soft_enrol_bytes(&req);
    for (size_t n = 0; n < good.n; n += 37) {
        assert_false(pawl_is_ok(
            flow_enrol(&w.flow, t_copy(pawl_view(good.p, n)), &w.answer, &w.step, &w.err)));
        assert_int_equal(w.answer.http, 400);
    }
    assert_false(pawl_is_ok(flow_evidence(&w.flow, t_hex("a101"), &w.answer, &w.step, &w.err)));
    assert_int_equal(w.answer.http, 400);
    assert_false(pawl_is_ok(flow_challenge(&w.flow, t_hex("ff"), &w.answer, &w.step, &w.err)));
    assert_int_equal(w.answer.http, 400);
    assert_false(pawl_is_ok(flow_supply(&w.flow, t_hex("00"), &w.answer, &w.step, &w.err)));
    assert_int_equal(w.answer.http, 400);
    assert_false(pawl_is_ok(flow_messages(&w.flow, t_hex("80"), &w.answer, &w.step, &w.err)));
    assert_int_equal(w.answer.http, 400);
}

static void another_tenant_or_verifier_is_refused(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    struct pawl_enrol_req req = soft_enrol(&d);
    req.tenant = pawl_view_str("nobody");
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.tenant");

    d.verifier_id[0] ^= 1;
    req = soft_enrol(&d);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.verifier_id");
}

static void s2_a_request_certified_for_one_tenant_is_none_for_another(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    struct pawl_enrol_req req = soft_enrol(&d);
    req.tenant = pawl_view_str("other");
    refuses_request(&w, &req, PAWL_E_FORGED, "enrol.certify_attest.extraData");
}

static void k13_a_chain_that_nobody_trusts_is_refused(void **state)
{
    (void)state;
    WORLD          w;
    DEVICE         d;
    struct soft_ca stranger;

    world_make(&w);
    soft_ca_make(&stranger, false, w.now_ms / 1000);
    world_device(&w, &stranger, &d);
    struct pawl_enrol_req req = soft_enrol(&d);
    step_done(&w.step);
    assert_false(
        pawl_is_ok(flow_enrol(&w.flow, soft_enrol_bytes(&req), &w.answer, &w.step, &w.err)));
    assert_int_equal(strncmp(w.err.where, "enrol.ek_cert", 13), 0);
    assert_int_equal(w.answer.http, 403);
    soft_ca_done(&stranger);
}

static void k14_a_lab_ek_under_production_roots_is_refused(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.lab, &d);
    d.tenant = "other";
    struct pawl_enrol_req req = soft_enrol(&d);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.ek_cert.chain");
}

static void k1_an_unrestricted_ak_is_refused(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    d.ak_public = soft_attributes(d.ak_public, 0x00040472);
    soft_device_rename(&d);
    struct pawl_enrol_req req = soft_enrol(&d);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.ak_public.objectAttributes");
}

static void k2_an_imported_ak_is_refused(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    d.ak_public = soft_attributes(d.ak_public, 0x00050440);
    soft_device_rename(&d);
    struct pawl_enrol_req req = soft_enrol(&d);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.ak_public.objectAttributes");
}

static void k7_another_td_than_the_certified_is_refused(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;
    DEVICE thief;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    world_device(&w, &w.vendor, &thief);
    struct pawl_enrol_req req = soft_enrol(&d);
    req.td_public = thief.td_public;
    refuses_request(&w, &req, PAWL_E_FORGED, "enrol.certify_attest.name");
}

static void k8_the_ak_of_another_device_is_refused(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE first;
    DEVICE second;

    world_make(&w);
    world_device(&w, &w.vendor, &first);
    world_device(&w, &w.vendor, &second);
    world_enrol(&w, &first);
    EVP_PKEY *own = second.ak;
    second.ak = first.ak;
    second.ak_public = first.ak_public;
    soft_device_rename(&second);
    struct pawl_enrol_req req = soft_enrol(&second);
    second.ak = own;
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.ak_public");
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
    enrol_with(&w, &first, &req, &a);
    req = soft_enrol(&second);
    enrol_with(&w, &second, &req, &b);
    second.ak = own;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&a), 200);
    refuses_evidence(&w, &b, PAWL_E_DENIED, "A1.ak_name");
}

static void a_device_that_shares_no_suite_is_refused(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    struct pawl_enrol_req req = soft_enrol(&d);
    req.suites = (struct pawl_suites){ 1, { PAWL_SUITE_SIV } };
    refuses_request(&w, &req, PAWL_E_UNSUPPORTED, "enrol.suites");
}

static void tokens_that_are_not_good_are_refused(void **state) /* S1 */
{
    (void)state;
    WORLD  w;
    DEVICE d;
    DEVICE stranger;

    world_make(&w);
    w.config.tenant[ACME].admission = ADMISSION_TOKEN;
    world_device(&w, &w.vendor, &d);
    world_device(&w, &w.vendor, &stranger);

    struct pawl_enrol_req req = soft_enrol(&d);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.token");

    struct made_token t = make_token(&w, ACME, "{\"ttl_s\":60}");
    struct made_token wrong = t;
    wrong.id[0] ^= 1;
    req = with_token(&d, &wrong);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.token");
    wrong = t;
    wrong.secret.b[31] ^= 1;
    req = with_token(&d, &wrong);
    refuses_request(&w, &req, PAWL_E_FORGED, "enrol.token");

    /* The MAC covers the request: whoever changes a fact on the way is found out. */
    req = with_token(&d, &t);
    req.fact[0].value = pawl_view_str("4712");
    refuses_request(&w, &req, PAWL_E_FORGED, "enrol.token");

    struct made_token theirs = make_token(&w, OTHER, "{}");
    req = with_token(&d, &theirs);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.token");

    char body[128], id[2 * PAWL_DEVICE_ID + 1];
    T_OK(pawl_hex_write(PAWL_VIEW_OF(stranger.id), id, sizeof(id), &w.err), &w.err);
    snprintf(body, sizeof(body), "{\"device\":\"%s\"}", id);
    struct made_token bound = make_token(&w, ACME, body);
    req = with_token(&d, &bound);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.token");

    req = with_token(&d, &t);
    w.now_ms += 59000;
    world_takes(&w, flow_enrol, soft_enrol_bytes(&req), 200);
    w.now_ms += 1000;
    refuses_request(&w, &req, PAWL_E_EXPIRED, "enrol.token");
}

static void no_flip_of_a_request_enters_with_its_token(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    struct made_token     t = make_token(&w, ACME, "{}");
    struct pawl_enrol_req req = with_token(&d, &t);
    struct pawl_view      good = soft_enrol_bytes(&req);
    world_takes(&w, flow_enrol, good, 200);
    for (size_t bit = 0; bit < 8 * good.n; bit += 13) {
        struct pawl_view bad = t_copy(good);
        ((uint8_t *)bad.p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(pawl_is_ok(flow_enrol(&w.flow, bad, &w.answer, &w.step, &w.err)));
        assert_int_not_equal(w.answer.http, 200);
    }
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
    uint8_t              point[PAWL_POINT_P256] = { 0x04 };

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
    refuses_evidence(&w, &ev, PAWL_E_STATE, "A1.base_epoch");
    ev = good;
    ev.a1.e_d = PAWL_VIEW_OF(point);
    soft_evidence_sign(&ev, &e.secret);
    refuses_evidence(&w, &ev, PAWL_E_STATE, "A1.E_D");
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
    struct made_token     t = make_token(&w, ACME, "{}");
    struct pawl_enrol_req req = with_token(&first, &t);
    enrol_with(&w, &first, &req, &a);
    req = with_token(&second, &t);
    enrol_with(&w, &second, &req, &b);
    /* Both plan; the store lets one through, and the other's second plan sees why. */
    T_OK(flow_evidence(&w.flow, soft_evidence_bytes(&b), &w.answer, &planned, &w.err), &w.err);
    world_takes(&w, flow_evidence, soft_evidence_bytes(&a), 200);
    T_FAILS(store_commit_wait(&w.store.store, &planned, &w.err), &w.err, PAWL_E_CONFLICT);
    refuses_evidence(&w, &b, PAWL_E_DENIED, "enrol.token");
    step_done(&planned);
}

/* ---- who is known already ------------------------------------------------------------------- */

static void move(struct world *w, const struct soft_device *d, enum device_event on)
{
    char  id[2 * PAWL_DEVICE_ID + 1];
    char *json;

    step_done(&w->step);
    T_OK(pawl_hex_write(PAWL_VIEW_OF(d->id), id, sizeof(id), &w->err), &w->err);
    T_OK(operator_device_move(&w->flow, &w->config.tenant[ACME], id, on, &json, &w->step, &w->err),
         &w->err);
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    free(json);
}

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
    enrol_with(&w, &d, &req, &ev);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_WAIT_FOR_APPROVAL);

    /* A token for anybody is no word for this device. */
    struct made_token t = make_token(&w, ACME, "{}");
    req = with_token(&d, &t);
    enrol_with(&w, &d, &req, &ev);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_WAIT_FOR_APPROVAL);
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
    struct made_token t = make_token(&w, ACME, body);
    soft_device_clear(&d);
    struct pawl_enrol_req req = with_token(&d, &t);
    enrol_with(&w, &d, &req, &ev);
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
    enrol_with(&w, &d, &req, &ev);
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
    move(&w, &d, DEVICE_EVENT_APPROVE);
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
    move(&w, &d, DEVICE_EVENT_REVOKE);
    struct made_token     t = make_token(&w, ACME, "{}");
    struct pawl_enrol_req req = with_token(&d, &t);
    enrol_with(&w, &d, &req, &ev);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_REVOKED);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a genuine device gets a record", a_genuine_device_gets_a_record),
        T_CASE("K14 a lab device shows as one", k14_a_lab_device_shows_as_one),
        T_CASE("without a word for it a device waits", without_a_word_for_it_a_device_waits),
        T_CASE("a token lets in and counts once for each device",
               a_token_lets_in_and_counts_once_for_each_device),
        T_CASE("bytes that are no message are 400", bytes_that_are_no_message_are_400),
        T_CASE("another tenant or verifier is refused", another_tenant_or_verifier_is_refused),
        T_CASE("S2 a request certified for one tenant is none for another",
               s2_a_request_certified_for_one_tenant_is_none_for_another),
        T_CASE("K13 a chain that nobody trusts is refused",
               k13_a_chain_that_nobody_trusts_is_refused),
        T_CASE("K14 a lab EK under production roots is refused",
               k14_a_lab_ek_under_production_roots_is_refused),
        T_CASE("K1 an unrestricted AK is refused", k1_an_unrestricted_ak_is_refused),
        T_CASE("K2 an imported AK is refused", k2_an_imported_ak_is_refused),
        T_CASE("K7 another t_D than the certified is refused",
               k7_another_td_than_the_certified_is_refused),
        T_CASE("K8 the AK of another device is refused", k8_the_ak_of_another_device_is_refused),
        T_CASE("K8 of two devices with one AK the second is refused",
               k8_of_two_devices_with_one_ak_the_second_is_refused),
        T_CASE("a device that shares no suite is refused",
               a_device_that_shares_no_suite_is_refused),
        T_CASE("S1 tokens that are not good are refused", tokens_that_are_not_good_are_refused),
        T_CASE("no flip of a request enters with its token",
               no_flip_of_a_request_enters_with_its_token),
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
        T_CASE("Q17 enrolment needs all PCRs", q17_enrolment_needs_all_pcrs),
        T_CASE("each of the four selections enrols", each_of_the_four_selections_enrols),
        T_CASE("Q22 a TPM without sha256 is refused", q22_a_tpm_without_sha256_is_refused),
        T_CASE("Q18 values must come and be the quoted", q18_values_must_come_and_be_the_quoted),
        T_CASE("a quote by a software key is refused", a_quote_by_a_software_key_is_refused),
        T_CASE("a token that was used up meanwhile is refused",
               a_token_that_was_used_up_meanwhile_is_refused),
        T_CASE("the same evidence enrols once", the_same_evidence_enrols_once),
        T_CASE("an active device that enrols again waits for approval",
               an_active_device_that_enrols_again_waits_for_approval),
        T_CASE("accepted again it keeps what it must", accepted_again_it_keeps_what_it_must),
        T_CASE("a pending device that enrols again stays pending",
               a_pending_device_that_enrols_again_stays_pending),
        T_CASE("a revoked device never comes back", a_revoked_device_never_comes_back),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
