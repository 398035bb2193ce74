/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: evidence has one encoding, that of an independent encoder; each field is refused by name;
 * mac_base covers TH1 and the IMA field as it was sent. */
#include "wire_vectors.h"

WIRE_RECODE(recode, struct pawl_evidence, pawl_evidence_parse, pawl_evidence_write)

static struct pawl_evidence sample(void)
{
    return (struct pawl_evidence){
        .a1 = wire_bytes(100, 1),
        .attest = wire_bytes(90, 2),
        .signature = wire_bytes(70, 3),
        .mac_base = wire_bytes(32, 4),
        .has_pcrs = true,
        .pcr_n = 4,
        .pcr = { wire_bytes(20, 5), wire_bytes(32, 6), wire_bytes(48, 7), wire_bytes(64, 8) },
        .log_n = 2,
        .log = { { 1, wire_bytes(60, 9) }, { 2, wire_bytes(0, 0) } },
        .ima_first = 300,
        .ima = wire_bytes(50, 10),
        .cookie = wire_bytes(80, 11),
        .app_public = wire_bytes(88, 12),
        .app_attest = wire_bytes(90, 13),
        .app_signature = wire_bytes(70, 14),
    };
}

static void is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err      err;
    uint8_t              b[2048];
    struct pawl_wr       w = pawl_wr_to(b, sizeof(b));
    struct pawl_evidence m = sample();

    T_OK(pawl_evidence_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/evidence_full.cbor");
    m.mac_base.n = m.pcr_n = m.log_n = m.ima.n = m.cookie.n = m.app_public.n = 0;
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_evidence_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/evidence_no_values.cbor");
    m.has_pcrs = false;
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_evidence_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/evidence_least.cbor");
}

static void is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err            err;
    const struct pawl_evidence s = sample();
    struct pawl_evidence       m;

    T_OK(pawl_evidence_parse(t_vector("wire/evidence_full.cbor"), &m, &err), &err);
    assert_true(pawl_view_equal(m.a1, s.a1));
    assert_true(pawl_view_equal(m.attest, s.attest));
    assert_true(pawl_view_equal(m.signature, s.signature));
    assert_true(pawl_view_equal(m.mac_base, s.mac_base));
    assert_true(m.has_pcrs && m.pcr_n == 4 && m.log_n == 2);
    for (size_t i = 0; i < 4; i++)
        assert_true(pawl_view_equal(m.pcr[i], s.pcr[i]));
    assert_true(m.log[0].type == 1 && m.log[1].type == 2 && m.log[1].bytes.n == 0);
    assert_true(pawl_view_equal(m.log[0].bytes, s.log[0].bytes));
    assert_true(m.ima_first == 300);
    assert_true(pawl_view_equal(m.ima, s.ima));
    assert_true(pawl_view_equal(m.cookie, s.cookie));
    assert_true(pawl_view_equal(m.app_public, s.app_public));
    assert_true(pawl_view_equal(m.app_attest, s.app_attest));
    assert_true(pawl_view_equal(m.app_signature, s.app_signature));

    T_OK(pawl_evidence_parse(t_vector("wire/evidence_least.cbor"), &m, &err), &err);
    assert_false(m.has_pcrs);
    assert_int_equal(m.mac_base.n + m.pcr_n + m.log_n + m.ima.n + m.ima_field.n + m.cookie.n +
                         m.app_public.n,
                     0);
    T_OK(pawl_evidence_parse(t_vector("wire/evidence_no_values.cbor"), &m, &err), &err);
    assert_true(m.has_pcrs && m.pcr_n == 0);
}

static void the_ima_field_is_kept_as_sent(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_evidence m;

    T_OK(pawl_evidence_parse(t_vector("wire/evidence_full.cbor"), &m, &err), &err);
    assert_int_equal(m.ima_field.n, 1 + 3 + 2 + 50);
    assert_true(pawl_view_equal(pawl_view(m.ima_field.p, 6), t_hex("82 19012c 5832")));
    assert_ptr_equal(m.ima_field.p + 6, m.ima.p);
}

static void evidence_up_to_the_limits_comes_back(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_evidence m;

    wire_comes_back(recode, t_vector("wire/evidence_least.cbor"));
    wire_comes_back(recode, t_vector("wire/evidence_no_values.cbor"));
    wire_comes_back(recode, t_vector("wire/evidence_full.cbor"));
    wire_comes_back(recode, t_vector("wire/evidence_most.cbor"));
    T_OK(pawl_evidence_parse(t_vector("wire/evidence_most.cbor"), &m, &err), &err);
    assert_int_equal(m.a1.n, PAWL_A1_MAX);
    assert_int_equal(m.pcr_n, PAWL_PCR_VALUES_MAX);
    assert_int_equal(m.log_n, PAWL_LOGS_MAX);
    assert_int_equal(m.cookie.n, PAWL_COOKIE_MAX);
}

/* Field 6 grows until the body has exactly PAWL_EVIDENCE_MAX bytes, and one more. */
static void a_body_ends_at_256_kib(void **state)
{
    (void)state;
    struct pawl_err      err;
    static uint8_t       b[PAWL_EVIDENCE_MAX + 16];
    struct pawl_wr       w = pawl_wr_to(b, sizeof(b));
    struct pawl_evidence m = sample();

    m.log[0].bytes = wire_bytes(PAWL_EVIDENCE_MAX - 1000, 0);
    T_OK(pawl_evidence_write(&m, &w, &err), &err);
    m.log[0].bytes = wire_bytes(m.log[0].bytes.n + PAWL_EVIDENCE_MAX - w.n, 0);
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_evidence_write(&m, &w, &err), &err);
    assert_int_equal(w.n, PAWL_EVIDENCE_MAX);
    wire_comes_back(recode, pawl_view(b, w.n));
    m.log[0].bytes = wire_bytes(m.log[0].bytes.n + 1, 0);
    w = pawl_wr_to(b, sizeof(b));
    T_FAILS(pawl_evidence_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "evidence.size");
}

static void is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode, "wire/evidence.refused");
    wire_ends_at(recode, PAWL_EVIDENCE_MAX, "evidence.size");
}

static void refuses_to_write(const struct pawl_evidence *m, const char *field)
{
    struct pawl_err err;
    uint8_t         b[8192];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));

    T_FAILS(pawl_evidence_write(m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, field);
    assert_int_equal(w.n, 0);
}

static void no_evidence_with_a_wrong_field_is_written(void **state)
{
    (void)state;
    struct pawl_evidence m = sample();

    m.pcr_n = PAWL_PCR_VALUES_MAX + 1;
    refuses_to_write(&m, "evidence.pcr_values");
    m = sample();
    m.pcr[2].n = 47;
    refuses_to_write(&m, "evidence.pcr_values");
    m = sample();
    m.log_n = PAWL_LOGS_MAX + 1;
    refuses_to_write(&m, "evidence.logs");
    m = sample();
    m.log[1].type = 1;
    refuses_to_write(&m, "evidence.logs");
    m = sample();
    m.mac_base.n = 16;
    refuses_to_write(&m, "evidence.mac_base");
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode, "wire/evidence_full.cbor");
}

static void every_flip_is_refused_or_other_evidence(void **state)
{
    (void)state;
    wire_holds_under_flips(recode, "wire/evidence_full.cbor");
}

static void mac_base_is_that_of_the_page(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_secret   k_auth = { 0 };
    struct pawl_evidence m;
    uint8_t              mac[32];
    struct pawl_view     th1 = wire_bytes(32, 0x30);

    T_OK(pawl_secret_from(wire_bytes(32, 0x90), "K_auth", &k_auth, &err), &err);
    T_OK(pawl_evidence_parse(t_vector("wire/evidence_full.cbor"), &m, &err), &err);
    T_OK(pawl_mac_base(&k_auth, th1.p, m.ima_field, mac, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(mac), t_vector("wire/mac_base_ima.bin")));
    T_OK(pawl_mac_base(&k_auth, th1.p, pawl_view(NULL, 0), mac, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(mac), t_vector("wire/mac_base_no_ima.bin")));
}

static void the_app_key_nonce_is_that_of_the_page(void **state)
{
    (void)state;
    struct pawl_err        err;
    uint8_t                nonce[32];
    const struct pawl_view tenant = pawl_view_str("factory-7");

    T_OK(pawl_app_key_nonce(tenant, wire_bytes(32, 6), wire_bytes(32, 7), nonce, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(nonce), t_vector("wire/app_key_nonce.bin")));
    T_OK(pawl_app_key_nonce(tenant, wire_bytes(32, 7), wire_bytes(32, 6), nonce, &err), &err);
    assert_false(pawl_view_equal(PAWL_VIEW_OF(nonce), t_vector("wire/app_key_nonce.bin")));
    T_FAILS(
        pawl_app_key_nonce(wire_bytes(999, 0), wire_bytes(32, 6), wire_bytes(32, 7), nonce, &err),
        &err, PAWL_E_FULL);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("is written as the vector", is_written_as_the_vector),
        T_CASE("is read field by field", is_read_field_by_field),
        T_CASE("the IMA field is kept as sent", the_ima_field_is_kept_as_sent),
        T_CASE("evidence up to the limits comes back", evidence_up_to_the_limits_comes_back),
        T_CASE("a body ends at 256 KiB", a_body_ends_at_256_kib),
        T_CASE("is refused by field", is_refused_by_field),
        T_CASE("no evidence with a wrong field is written",
               no_evidence_with_a_wrong_field_is_written),
        T_CASE("every truncation is refused", every_truncation_is_refused),
        T_CASE("every flip is refused or other evidence", every_flip_is_refused_or_other_evidence),
        T_CASE("mac_base is that of the page", mac_base_is_that_of_the_page),
        T_CASE("the app key nonce is that of the page", the_app_key_nonce_is_that_of_the_page),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
