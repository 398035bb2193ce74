/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: enrolment requests and answers have one encoding, that of an independent encoder; each
 * field is refused by name; facts may be given in any order; the token's MAC covers every field but
 * itself, and the certification's nonce every part. */
#include "wire_vectors.h"

WIRE_RECODE(recode_request, struct pawl_enrol_req, pawl_enrol_req_parse, pawl_enrol_req_write)
WIRE_RECODE(recode_answer, struct pawl_enrol_ans, pawl_enrol_ans_parse, pawl_enrol_ans_write)

static struct pawl_fact fact(const char *key, const char *value)
{
    return (struct pawl_fact){ pawl_view_str(key), pawl_view_str(value) };
}

static struct pawl_enrol_req sample_request(void)
{
    struct pawl_enrol_req m = {
        .tenant = pawl_view_str("factory-7"),
        .suites = { 2, { PAWL_SUITE_CCM, PAWL_SUITE_CHACHA } },
        .ek_public = wire_bytes(90, 1),
        .cert_n = 2,
        .cert = { wire_bytes(40, 7), wire_bytes(50, 8) },
        .ak_public = wire_bytes(88, 2),
        .td_public = wire_bytes(86, 3),
        .certify_attest = wire_bytes(120, 4),
        .certify_sig = wire_bytes(72, 5),
        .verifier_id = wire_bytes(32, 6),
        .token_id = wire_bytes(8, 9),
        .token_mac = wire_bytes(32, 10),
        .fact_n = 4,
    };

    /* Not in the order of their encodings. */
    m.fact[0] = fact("serial", "Nr. 4711 \xc3\xbc");
    m.fact[1] = fact("slot", "A-17");
    m.fact[2] = fact("os", "");
    m.fact[3] = fact("model", "edge 3");
    return m;
}

/* ---- request -------------------------------------------------------------------------------- */

static void a_request_is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err       err;
    uint8_t               b[PAWL_ENROL_MAX];
    struct pawl_wr        w = pawl_wr_to(b, sizeof(b));
    struct pawl_enrol_req m = sample_request();

    T_OK(pawl_enrol_req_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/enrol_req_full.cbor");
    m.cert_n = m.token_id.n = m.fact_n = 0;
    m.suites.n = 1;
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_enrol_req_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/enrol_req_least.cbor");
}

static void a_request_is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err       err;
    struct pawl_enrol_req m;

    T_OK(pawl_enrol_req_parse(t_vector("wire/enrol_req_full.cbor"), &m, &err), &err);
    assert_true(pawl_view_equal(m.tenant, pawl_view_str("factory-7")));
    assert_int_equal(m.suites.n, 2);
    assert_int_equal(m.suites.suite[1], PAWL_SUITE_CHACHA);
    assert_true(pawl_view_equal(m.ek_public, wire_bytes(90, 1)));
    assert_int_equal(m.cert_n, 2);
    assert_true(pawl_view_equal(m.cert[0], wire_bytes(40, 7)));
    assert_true(pawl_view_equal(m.cert[1], wire_bytes(50, 8)));
    assert_true(pawl_view_equal(m.ak_public, wire_bytes(88, 2)));
    assert_true(pawl_view_equal(m.td_public, wire_bytes(86, 3)));
    assert_true(pawl_view_equal(m.certify_attest, wire_bytes(120, 4)));
    assert_true(pawl_view_equal(m.certify_sig, wire_bytes(72, 5)));
    assert_true(pawl_view_equal(m.verifier_id, wire_bytes(32, 6)));
    assert_true(pawl_view_equal(m.token_id, wire_bytes(8, 9)));
    assert_true(pawl_view_equal(m.token_mac, wire_bytes(32, 10)));
    assert_int_equal(m.fact_n, 4);
    assert_true(pawl_view_equal(m.fact[3].key, pawl_view_str("serial")));
    assert_true(pawl_view_equal(m.fact[3].value, pawl_view_str("Nr. 4711 \xc3\xbc")));

    T_OK(pawl_enrol_req_parse(t_vector("wire/enrol_req_least.cbor"), &m, &err), &err);
    assert_int_equal(m.cert_n + m.token_id.n + m.token_mac.n + m.fact_n, 0);
}

static void requests_up_to_the_limits_come_back(void **state)
{
    (void)state;
    struct pawl_err       err;
    struct pawl_enrol_req m;

    wire_comes_back(recode_request, t_vector("wire/enrol_req_full.cbor"));
    wire_comes_back(recode_request, t_vector("wire/enrol_req_least.cbor"));
    wire_comes_back(recode_request, t_vector("wire/enrol_req_most.cbor"));
    T_OK(pawl_enrol_req_parse(t_vector("wire/enrol_req_most.cbor"), &m, &err), &err);
    assert_int_equal(m.cert_n, PAWL_CERTS_MAX);
    assert_int_equal(m.cert[3].n, PAWL_CERT_MAX);
    assert_int_equal(m.fact_n, PAWL_FACTS_MAX);
    assert_int_equal(m.fact[31].key.n, PAWL_FACT_MAX);
}

static void a_request_is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode_request, "wire/enrol_req.refused");
    wire_ends_at(recode_request, PAWL_ENROL_MAX, "enrol.size");
}

static void refuses_to_write(const struct pawl_enrol_req *m, const char *field)
{
    struct pawl_err err;
    uint8_t         b[2 * PAWL_ENROL_MAX];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));

    T_FAILS(pawl_enrol_req_write(m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, field);
    assert_int_equal(w.n, 0);
}

static void no_request_with_a_wrong_field_is_written(void **state)
{
    (void)state;
    struct pawl_enrol_req m = sample_request();

    m.cert_n = PAWL_CERTS_MAX + 1;
    refuses_to_write(&m, "enrol.ek_cert");
    m = sample_request();
    m.fact_n = PAWL_FACTS_MAX + 1;
    refuses_to_write(&m, "enrol.facts");
    m = sample_request();
    m.fact[0] = m.fact[1];
    refuses_to_write(&m, "enrol.facts");
    m = sample_request();
    m.token_mac.n = 31;
    refuses_to_write(&m, "enrol.token_mac");
    m = sample_request();
    m.ak_public.n = 0;
    refuses_to_write(&m, "enrol.ak_public");
}

static void every_truncation_of_a_request_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode_request, "wire/enrol_req_full.cbor");
}

static void every_flip_of_a_request_is_refused_or_another_request(void **state)
{
    (void)state;
    wire_holds_under_flips(recode_request, "wire/enrol_req_full.cbor");
}

/* ---- token and certification ---------------------------------------------------------------- */

static struct pawl_secret token_secret(void)
{
    struct pawl_err    err;
    struct pawl_secret s = { 0 };

    T_OK(pawl_secret_from(wire_bytes(32, 0x80), "token", &s, &err), &err);
    return s;
}

/* HMAC-SHA-256 of "pawl/1 token" || SHA-256(request without field 10), by make_wire.py. */
static void the_token_mac_is_that_of_the_page(void **state)
{
    (void)state;
    struct pawl_err       err;
    struct pawl_secret    secret = token_secret();
    struct pawl_enrol_req m = sample_request();
    uint8_t               mac[PAWL_TOKEN_MAC];

    T_OK(pawl_enrol_token_mac(&m, &secret, mac, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(mac), t_vector("wire/token_mac.bin")));
    /* The fields of the token itself are not read: the device asks before it has them. */
    m.token_id = m.token_mac = pawl_view(NULL, 0);
    T_OK(pawl_enrol_token_mac(&m, &secret, mac, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(mac), t_vector("wire/token_mac.bin")));
}

static void the_token_mac_covers_every_other_field(void **state)
{
    (void)state;
    struct pawl_err       err;
    struct pawl_secret    secret = token_secret();
    uint8_t               mac[PAWL_TOKEN_MAC];
    struct pawl_enrol_req changed[11];
    const size_t          n = sizeof(changed) / sizeof(changed[0]);

    for (size_t i = 0; i < n; i++)
        changed[i] = sample_request();
    changed[0].tenant = pawl_view_str("factory-8");
    changed[1].suites.n = 1;
    changed[2].ek_public.n--;
    changed[3].cert_n = 1;
    changed[4].ak_public.n--;
    changed[5].td_public.n--;
    changed[6].certify_attest.n--;
    changed[7].certify_sig.n--;
    changed[8].verifier_id = wire_bytes(32, 7);
    changed[9].fact_n = 3;
    changed[10].fact[1] = fact("slot", "A-18");
    for (size_t i = 0; i < n; i++) {
        T_OK(pawl_enrol_token_mac(&changed[i], &secret, mac, &err), &err);
        assert_false(pawl_view_equal(PAWL_VIEW_OF(mac), t_vector("wire/token_mac.bin")));
    }
    struct pawl_enrol_req m = sample_request();
    secret.b[31] ^= 1;
    T_OK(pawl_enrol_token_mac(&m, &secret, mac, &err), &err);
    assert_false(pawl_view_equal(PAWL_VIEW_OF(mac), t_vector("wire/token_mac.bin")));
}

static struct pawl_name name(uint8_t alg, size_t n, unsigned first)
{
    struct pawl_view v = wire_name(alg, n, first);
    struct pawl_name ret = { .n = v.n };

    memcpy(ret.b, v.p, v.n);
    return ret;
}

static void the_certify_nonce_is_that_of_the_page(void **state)
{
    (void)state;
    struct pawl_err        err;
    uint8_t                nonce[32];
    const struct pawl_name ek = name(0x0c, 48, 3), ak = name(0x0b, 32, 4);
    const struct pawl_view tenant = pawl_view_str("factory-7"), id = wire_bytes(32, 6);

    T_OK(pawl_certify_nonce(tenant, id, &ek, &ak, nonce, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(nonce), t_vector("wire/certify_nonce.bin")));
    T_OK(pawl_certify_nonce(tenant, id, &ak, &ek, nonce, &err), &err);
    assert_false(pawl_view_equal(PAWL_VIEW_OF(nonce), t_vector("wire/certify_nonce.bin")));
    T_FAILS(pawl_certify_nonce(wire_bytes(999, 0), id, &ek, &ak, nonce, &err), &err, PAWL_E_FULL);
}

/* ---- answer --------------------------------------------------------------------------------- */

static void an_answer_is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err             err;
    uint8_t                     b[PAWL_ENROL_MAX];
    struct pawl_wr              w = pawl_wr_to(b, sizeof(b));
    const struct pawl_enrol_ans m = {
        .nonce = wire_bytes(32, 0x10),
        .pcrs = pawl_pcr_selection_all(0),
        .suites = { 1, { PAWL_SUITE_CCM } },
        .cookie = wire_bytes(300, 0x11),
        .id_object = wire_bytes(68, 0x12),
        .enc_secret = wire_bytes(70, 0x13),
    };

    T_OK(pawl_enrol_ans_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/enrol_ans_full.cbor");
}

static void an_answer_is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err       err;
    struct pawl_enrol_ans m;

    T_OK(pawl_enrol_ans_parse(t_vector("wire/enrol_ans_most.cbor"), &m, &err), &err);
    assert_true(pawl_view_equal(m.nonce, wire_bytes(32, 0)));
    assert_int_equal(m.pcrs.n, 0);
    assert_int_equal(m.suites.suite[0], PAWL_SUITE_CHACHA);
    assert_true(pawl_view_equal(m.cookie, wire_bytes(PAWL_COOKIE_MAX, 1)));
    assert_true(pawl_view_equal(m.id_object, wire_bytes(PAWL_ID_OBJECT_MAX, 2)));
    assert_true(pawl_view_equal(m.enc_secret, wire_bytes(PAWL_ENC_SECRET_MAX, 3)));
    wire_comes_back(recode_answer, t_vector("wire/enrol_ans_full.cbor"));
    wire_comes_back(recode_answer, t_vector("wire/enrol_ans_most.cbor"));
}

static void an_answer_is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode_answer, "wire/enrol_ans.refused");
    wire_ends_at(recode_answer, PAWL_ENROL_MAX, "enrol.size");
}

static void every_truncation_of_an_answer_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode_answer, "wire/enrol_ans_full.cbor");
}

static void every_flip_of_an_answer_is_refused_or_another_answer(void **state)
{
    (void)state;
    wire_holds_under_flips(recode_answer, "wire/enrol_ans_full.cbor");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("a request is written as the vector", a_request_is_written_as_the_vector),
        T_CASE("a request is read field by field", a_request_is_read_field_by_field),
        T_CASE("requests up to the limits come back", requests_up_to_the_limits_come_back),
        T_CASE("a request is refused by field", a_request_is_refused_by_field),
        T_CASE("no request with a wrong field is written",
               no_request_with_a_wrong_field_is_written),
        T_CASE("every truncation of a request is refused",
               every_truncation_of_a_request_is_refused),
        T_CASE("every flip of a request is refused or another request",
               every_flip_of_a_request_is_refused_or_another_request),
        T_CASE("the token MAC is that of the page", the_token_mac_is_that_of_the_page),
        T_CASE("the token MAC covers every other field", the_token_mac_covers_every_other_field),
        T_CASE("the certify nonce is that of the page", the_certify_nonce_is_that_of_the_page),
        T_CASE("an answer is written as the vector", an_answer_is_written_as_the_vector),
        T_CASE("an answer is read field by field", an_answer_is_read_field_by_field),
        T_CASE("an answer is refused by field", an_answer_is_refused_by_field),
        T_CASE("every truncation of an answer is refused",
               every_truncation_of_an_answer_is_refused),
        T_CASE("every flip of an answer is refused or another answer",
               every_flip_of_an_answer_is_refused_or_another_answer),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
