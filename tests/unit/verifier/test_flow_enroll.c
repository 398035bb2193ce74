/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a request to enrol is answered for genuine keys that hang together, and by nobody's word
 * but those that the tenant takes; every broken link is named, and no request changes a row. What
 * the certificate of a refused device says of itself is noted, and read once. */
#include <stdlib.h>
#include <string.h>

#include "flow_fixture.h"

static void refuses_request(struct world *w, const struct pawl_enrol_req *req, enum pawl_code code,
                            const char *where)
{
    world_refuses(w, flow_enrol, soft_enrol_bytes(req), code, where);
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
    assert_string_equal(r.firmware_cert, "id:00490040");
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
    struct made_token t = world_token(&w, ACME, "{\"uses\":1}");
    world_device(&w, &w.vendor, &first);
    world_device(&w, &w.vendor, &second);
    for (unsigned again = 0; again < 2; again++) {
        struct pawl_enrol_req req = world_token_request(&first, &t);
        world_enrol_with(&w, &first, &req, &ev);
        world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
        assert_int_equal(world_record(&w, &first).state, DEVICE_ACTIVE);
        assert_int_equal(store_number(&w.store, "SELECT uses_left FROM token"), 0);
        first.known_epoch = 1;
    }
    struct pawl_enrol_req req = world_token_request(&second, &t);
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

    struct made_token t = world_token(&w, ACME, "{\"ttl_s\":60}");
    struct made_token wrong = t;
    wrong.id[0] ^= 1;
    req = world_token_request(&d, &wrong);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.token");
    wrong = t;
    wrong.secret.b[31] ^= 1;
    req = world_token_request(&d, &wrong);
    refuses_request(&w, &req, PAWL_E_FORGED, "enrol.token");

    /* The MAC covers the request: whoever changes a fact on the way is found out. */
    req = world_token_request(&d, &t);
    req.fact[0].value = pawl_view_str("4712");
    refuses_request(&w, &req, PAWL_E_FORGED, "enrol.token");

    struct made_token theirs = world_token(&w, OTHER, "{}");
    req = world_token_request(&d, &theirs);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.token");

    char body[128], id[2 * PAWL_DEVICE_ID + 1];
    T_OK(pawl_hex_write(PAWL_VIEW_OF(stranger.id), id, sizeof(id), &w.err), &w.err);
    snprintf(body, sizeof(body), "{\"device\":\"%s\"}", id);
    struct made_token bound = world_token(&w, ACME, body);
    req = world_token_request(&d, &bound);
    refuses_request(&w, &req, PAWL_E_DENIED, "enrol.token");

    req = world_token_request(&d, &t);
    w.now_ms += 59000;
    world_takes(&w, flow_enrol, soft_enrol_bytes(&req), 200);
    w.now_ms += 1000;
    refuses_request(&w, &req, PAWL_E_EXPIRED, "enrol.token");
}

/* ---- the certificate of a refused device ----------------------------------------------------- */

/* Linked with --wrap: both ways to decode a certificate. */
static unsigned decoded;

pawl_status __real_pawl_ek_read(struct pawl_view nv, struct pawl_ek **ret, struct pawl_err *err);
pawl_status __wrap_pawl_ek_read(struct pawl_view nv, struct pawl_ek **ret, struct pawl_err *err);
pawl_status __wrap_pawl_ek_read(struct pawl_view nv, struct pawl_ek **ret, struct pawl_err *err)
{
    decoded++;
    return __real_pawl_ek_read(nv, ret, err);
}

pawl_status __real_pawl_ek_cert_parse(struct pawl_view nv, struct pawl_ek_cert *ret,
                                      struct pawl_err *err);
pawl_status __wrap_pawl_ek_cert_parse(struct pawl_view nv, struct pawl_ek_cert *ret,
                                      struct pawl_err *err);
pawl_status __wrap_pawl_ek_cert_parse(struct pawl_view nv, struct pawl_ek_cert *ret,
                                      struct pawl_err *err)
{
    decoded++;
    return __real_pawl_ek_cert_parse(nv, ret, err);
}

static void notes_serial(struct world *w, const struct pawl_enrol_req *req, const char *serial)
{
    decoded = 0;
    step_done(&w->step);
    assert_false(
        pawl_is_ok(flow_enrol(&w->flow, soft_enrol_bytes(req), &w->answer, &w->step, &w->err)));
    assert_string_equal(w->answer.serial, serial);
    assert_int_equal(decoded, 1);
}

static void the_certificate_of_a_refused_device_is_read_once(void **state)
{
    (void)state;
    WORLD               w;
    DEVICE              d;
    DEVICE              unknown;
    struct soft_ca      stranger;
    struct pawl_ek_cert cert;

    world_make(&w);
    soft_ca_make(&stranger, false, w.now_ms / 1000);
    world_device(&w, &w.vendor, &d);
    world_device(&w, &stranger, &unknown);
    T_OK(pawl_ek_cert_parse(d.cert, &cert, &w.err), &w.err);
    assert_string_not_equal(cert.serial, "");

    struct pawl_enrol_req req = soft_enrol(&d);
    req.tenant = pawl_view_str("nobody"); /* before anything of it was looked at */
    notes_serial(&w, &req, cert.serial);
    req = soft_enrol(&d);
    req.ek_public = d.ak_public; /* at the EK, before the certificate */
    notes_serial(&w, &req, cert.serial);
    req = soft_enrol(&unknown); /* at the certificate */
    T_OK(pawl_ek_cert_parse(unknown.cert, &cert, &w.err), &w.err);
    notes_serial(&w, &req, cert.serial);
    req = soft_enrol(&d); /* behind it */
    req.td_public = unknown.td_public;
    T_OK(pawl_ek_cert_parse(d.cert, &cert, &w.err), &w.err);
    notes_serial(&w, &req, cert.serial);
    req = soft_enrol(&d);
    req.cert[0] = pawl_view_str("none");
    notes_serial(&w, &req, "");
    soft_ca_done(&stranger);
}

static void no_flip_of_a_request_enters_with_its_token(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_device(&w, &w.vendor, &d);
    struct made_token     t = world_token(&w, ACME, "{}");
    struct pawl_enrol_req req = world_token_request(&d, &t);
    struct pawl_view      good = soft_enrol_bytes(&req);
    world_takes(&w, flow_enrol, good, 200);
    for (size_t bit = 0; bit < 8 * good.n; bit += 13) {
        struct pawl_view bad = t_copy(good);
        ((uint8_t *)bad.p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(pawl_is_ok(flow_enrol(&w.flow, bad, &w.answer, &w.step, &w.err)));
        assert_int_not_equal(w.answer.http, 200);
    }
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
        T_CASE("a device that shares no suite is refused",
               a_device_that_shares_no_suite_is_refused),
        T_CASE("S1 tokens that are not good are refused", tokens_that_are_not_good_are_refused),
        T_CASE("the certificate of a refused device is read once",
               the_certificate_of_a_refused_device_is_read_once),
        T_CASE("no flip of a request enters with its token",
               no_flip_of_a_request_enters_with_its_token),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
