/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a messages request and its answer have one encoding, that of an independent encoder; each
 * field is refused by name, down to the encoding inside a COSE message. */
#include "wire_vectors.h"

WIRE_RECODE(recode, struct pawl_messages_req, pawl_messages_req_parse, pawl_messages_req_write)
WIRE_RECODE(recode_ans, struct pawl_messages_ans, pawl_messages_ans_parse, pawl_messages_ans_write)

static void is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err          err;
    struct pawl_messages_req m;

    T_OK(pawl_messages_req_parse(t_vector("wire/messages_req_full.cbor"), &m, &err), &err);
    assert_true(pawl_view_equal(m.tenant, pawl_view_str("factory-7")));
    assert_true(pawl_view_equal(m.device_id, wire_bytes(32, 1)));
    assert_true(m.n == 2 && m.want_nonce);
    assert_true(pawl_view_equal(m.cose[1], t_hex("d0 83 40 a0 41 78")));
    assert_true(pawl_view_equal(pawl_view(m.cose[0].p, 3), t_hex("d8 60 84")));
    T_OK(pawl_messages_req_parse(t_vector("wire/messages_req_least.cbor"), &m, &err), &err);
    assert_true(m.n == 0 && !m.want_nonce);
    T_OK(pawl_messages_req_parse(t_vector("wire/messages_req_most.cbor"), &m, &err), &err);
    assert_int_equal(m.n, PAWL_MESSAGES_N_MAX);
}

static void is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err          err;
    uint8_t                  b[256];
    struct pawl_wr           w = pawl_wr_to(b, sizeof(b));
    struct pawl_messages_req m = { .tenant = pawl_view_str("factory-7"),
                                   .device_id = wire_bytes(32, 1) };

    T_OK(pawl_messages_req_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/messages_req_least.cbor");
    wire_comes_back(recode, t_vector("wire/messages_req_least.cbor"));
    wire_comes_back(recode, t_vector("wire/messages_req_full.cbor"));
    wire_comes_back(recode, t_vector("wire/messages_req_most.cbor"));
}

static void is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode, "wire/messages_req.refused");
    wire_ends_at(recode, PAWL_MESSAGES_MAX, "messages.size");
}

static void no_request_with_a_wrong_message_is_written(void **state)
{
    (void)state;
    struct pawl_err          err;
    static uint8_t           b[PAWL_MESSAGES_MAX];
    struct pawl_wr           w = pawl_wr_to(b, sizeof(b));
    struct pawl_messages_req m = { .tenant = pawl_view_str("factory-7"),
                                   .device_id = wire_bytes(32, 1),
                                   .n = 1,
                                   .cose = { t_hex("80") } };

    T_FAILS(pawl_messages_req_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "messages.COSE");
    for (size_t i = 0; i < PAWL_MESSAGES_N_MAX; i++)
        m.cose[i] = t_hex("d080");
    m.n = PAWL_MESSAGES_N_MAX + 1;
    T_FAILS(pawl_messages_req_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "messages.COSE");
    assert_int_equal(w.n, 0);
    m.n = PAWL_MESSAGES_N_MAX;
    T_OK(pawl_messages_req_write(&m, &w, &err), &err);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode, "wire/messages_req_full.cbor");
}

static void every_flip_is_refused_or_another_request(void **state)
{
    (void)state;
    wire_holds_under_flips(recode, "wire/messages_req_full.cbor");
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void an_answer_is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err          err;
    struct pawl_messages_ans m;

    T_OK(pawl_messages_ans_parse(t_vector("wire/messages_ans_full.cbor"), &m, &err), &err);
    assert_int_equal(m.n, 2);
    assert_true(pawl_view_equal(m.cose[1], t_hex("d0 83 40 a0 41 78")));
    assert_true(pawl_view_equal(m.nonce, wire_bytes(32, 9)));
    T_OK(pawl_messages_ans_parse(t_vector("wire/messages_ans_least.cbor"), &m, &err), &err);
    assert_true(m.n == 0 && m.nonce.n == 0);
    T_OK(pawl_messages_ans_parse(t_vector("wire/messages_ans_most.cbor"), &m, &err), &err);
    assert_int_equal(m.n, PAWL_MESSAGES_N_MAX);
}

static void an_answer_is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err          err;
    uint8_t                  b[256];
    struct pawl_wr           w = pawl_wr_to(b, sizeof(b));
    struct pawl_messages_ans m = { 0 };

    T_OK(pawl_messages_ans_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/messages_ans_least.cbor");
    wire_comes_back(recode_ans, t_vector("wire/messages_ans_least.cbor"));
    wire_comes_back(recode_ans, t_vector("wire/messages_ans_full.cbor"));
    wire_comes_back(recode_ans, t_vector("wire/messages_ans_most.cbor"));
}

static void an_answer_is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode_ans, "wire/messages_ans.refused");
    wire_ends_at(recode_ans, PAWL_MESSAGES_MAX, "messages_ans.size");
}

static void no_answer_that_the_device_refuses_is_written(void **state)
{
    (void)state;
    struct pawl_err          err;
    static uint8_t           b[PAWL_MESSAGES_MAX];
    struct pawl_wr           w = pawl_wr_to(b, sizeof(b));
    struct pawl_messages_ans m = { .n = 1, .cose = { t_hex("80") } };

    T_FAILS(pawl_messages_ans_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "messages_ans.COSE");
    for (size_t i = 0; i < PAWL_MESSAGES_N_MAX; i++)
        m.cose[i] = t_hex("d080");
    m.n = PAWL_MESSAGES_N_MAX + 1;
    T_FAILS(pawl_messages_ans_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "messages_ans.COSE");
    m.n = 0;
    m.nonce = wire_bytes(31, 0);
    T_FAILS(pawl_messages_ans_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "messages_ans.nonce");
    assert_int_equal(w.n, 0);
}

static void no_truncation_of_an_answer_is_taken(void **state)
{
    (void)state;
    wire_refuses_truncations(recode_ans, "wire/messages_ans_full.cbor");
}

static void every_flip_of_an_answer_is_refused_or_another(void **state)
{
    (void)state;
    wire_holds_under_flips(recode_ans, "wire/messages_ans_full.cbor");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("is read field by field", is_read_field_by_field),
        T_CASE("is written as the vector", is_written_as_the_vector),
        T_CASE("is refused by field", is_refused_by_field),
        T_CASE("no request with a wrong message is written",
               no_request_with_a_wrong_message_is_written),
        T_CASE("every truncation is refused", every_truncation_is_refused),
        T_CASE("every flip is refused or another request",
               every_flip_is_refused_or_another_request),
        T_CASE("an answer is read field by field", an_answer_is_read_field_by_field),
        T_CASE("an answer is written as the vector", an_answer_is_written_as_the_vector),
        T_CASE("an answer is refused by field", an_answer_is_refused_by_field),
        T_CASE("no answer that the device refuses is written",
               no_answer_that_the_device_refuses_is_written),
        T_CASE("no truncation of an answer is taken", no_truncation_of_an_answer_is_taken),
        T_CASE("every flip of an answer is refused or another",
               every_flip_of_an_answer_is_refused_or_another),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
