/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a result has one encoding, that of an independent encoder; each field is refused by name;
 * a writer sends nothing that the parser refuses. */
#include "wire_vectors.h"

WIRE_RECODE(recode, struct pawl_result, pawl_result_parse, pawl_result_write)

static struct pawl_view sample_receipt(void)
{
    static uint8_t b[256];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_cbor_wr_array(&w, 5);
    pawl_cbor_wr_text(&w, "pawl/1 receipt");
    pawl_cbor_wr_bytes(&w, wire_bytes(32, 1));
    pawl_cbor_wr_bytes(&w, wire_bytes(32, 2));
    pawl_cbor_wr_uint(&w, 500);
    pawl_cbor_wr_array(&w, 1);
    pawl_cbor_wr_array(&w, 5);
    pawl_cbor_wr_uint(&w, 7);
    pawl_cbor_wr_uint(&w, 0);
    pawl_cbor_wr_uint(&w, 437);
    pawl_cbor_wr_bytes(&w, wire_bytes(8, 3));
    pawl_cbor_wr_bytes(&w, wire_bytes(32, 4));
    return pawl_view(b, w.n);
}

static struct pawl_result sample(void)
{
    return (struct pawl_result){
        .ear = pawl_view_str("eyJhbGciOiJFUzI1NiJ9.eyJpYXQiOjF9.c2lnbmF0dXJl"),
        .conf_v = wire_bytes(32, 5),
        .receipt = sample_receipt(),
        .want = { .present = true,
                  .log_n = 2,
                  .log = { 1, 2 },
                  .has_ima = true,
                  .first_ima_entry = 77,
                  .gen_n = 2,
                  .gen = { { 0, 7, 1 }, { 1, 8, UINT32_MAX } },
                  .rekey_now = true,
                  .pcr_values = true },
        .ticket = wire_bytes(24, 6),
    };
}

static void is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err    err;
    uint8_t            b[1024];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_result m = sample();

    T_OK(pawl_result_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/result_full.cbor");
    m = (struct pawl_result){ .ear = m.ear };
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_result_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/result_least.cbor");
    m.want = (struct pawl_want){ .present = true, .pcr_values = true };
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_result_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/result_want_pcr_values.cbor");
}

static void is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err          err;
    const struct pawl_result s = sample();
    struct pawl_result       m;

    T_OK(pawl_result_parse(t_vector("wire/result_full.cbor"), &m, &err), &err);
    assert_true(pawl_view_equal(m.ear, s.ear));
    assert_true(pawl_view_equal(m.conf_v, s.conf_v));
    assert_true(pawl_view_equal(m.receipt, s.receipt));
    assert_true(pawl_view_equal(m.ticket, s.ticket));
    assert_true(m.want.present && m.want.log_n == 2 && m.want.log[1] == 2);
    assert_true(m.want.has_ima && m.want.first_ima_entry == 77);
    assert_true(m.want.gen_n == 2 && m.want.gen[0].dir == 0 && m.want.gen[1].dir == 1);
    assert_true(m.want.gen[0].epoch == 7 && m.want.gen[1].gen == UINT32_MAX);
    assert_true(m.want.rekey_now && m.want.pcr_values);

    T_OK(pawl_result_parse(t_vector("wire/result_want_pcr_values.cbor"), &m, &err), &err);
    assert_true(m.want.present && m.want.pcr_values && !m.want.rekey_now && !m.want.has_ima);
    T_OK(pawl_result_parse(t_vector("wire/result_least.cbor"), &m, &err), &err);
    assert_false(m.want.present);
    assert_int_equal(m.conf_v.n + m.receipt.n + m.ticket.n, 0);
}

static void results_up_to_the_limits_come_back(void **state)
{
    (void)state;
    wire_comes_back(recode, t_vector("wire/result_least.cbor"));
    wire_comes_back(recode, t_vector("wire/result_full.cbor"));
    wire_comes_back(recode, t_vector("wire/result_want_pcr_values.cbor"));
    wire_comes_back(recode, t_vector("wire/result_most.cbor"));
}

static void is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode, "wire/result.refused");
    wire_ends_at(recode, PAWL_RESULT_MAX, "result.size");
}

static void refuses_to_write(const struct pawl_result *m, const char *field)
{
    struct pawl_err err;
    uint8_t         b[8192];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));

    T_FAILS(pawl_result_write(m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, field);
    assert_int_equal(w.n, 0);
}

static void no_result_with_a_wrong_field_is_written(void **state)
{
    (void)state;
    struct pawl_result m = sample();

    m.ear.n = 0;
    refuses_to_write(&m, "result.EAR");
    m = sample();
    m.receipt = t_hex("00");
    refuses_to_write(&m, "result.receipt");
    m = sample();
    m.receipt = t_hex("80 05 4100"); /* would put a field of its own into the map */
    refuses_to_write(&m, "result.map");
    m = sample();
    m.want = (struct pawl_want){ .present = true };
    refuses_to_write(&m, "result.want");
    m = sample();
    m.want.log_n = PAWL_LOGS_MAX + 1;
    refuses_to_write(&m, "result.want.logs");
    m = sample();
    m.want.gen_n = PAWL_VERDICT_PAIRS_MAX + 1;
    refuses_to_write(&m, "result.want.generations");
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode, "wire/result_full.cbor");
}

static void every_flip_is_refused_or_another_result(void **state)
{
    (void)state;
    wire_holds_under_flips(recode, "wire/result_full.cbor");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("is written as the vector", is_written_as_the_vector),
        T_CASE("is read field by field", is_read_field_by_field),
        T_CASE("results up to the limits come back", results_up_to_the_limits_come_back),
        T_CASE("is refused by field", is_refused_by_field),
        T_CASE("no result with a wrong field is written", no_result_with_a_wrong_field_is_written),
        T_CASE("every truncation is refused", every_truncation_is_refused),
        T_CASE("every flip is refused or another result", every_flip_is_refused_or_another_result),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
