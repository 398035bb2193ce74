/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: challenge requests and answers have one encoding, that of an independent encoder; each
 * field is refused by name; a writer sends nothing that the parser refuses. */
#include "wire_vectors.h"

/* ---- request -------------------------------------------------------------------------------- */

WIRE_RECODE(recode, struct pawl_challenge_req, pawl_challenge_req_parse, pawl_challenge_req_write)

static struct pawl_challenge_req sample_request(void)
{
    return (struct pawl_challenge_req){ .tenant = pawl_view_str("factory-7"),
                                        .device_id = wire_bytes(32, 0x20),
                                        .label = PAWL_LABEL_ATTEST };
}

static void a_request_is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err                 err;
    uint8_t                         b[PAWL_CHALLENGE_MAX];
    struct pawl_wr                  w = pawl_wr_to(b, sizeof(b));
    const struct pawl_challenge_req m = sample_request();

    T_OK(pawl_challenge_req_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/challenge_req_full.cbor");
}

static void a_request_is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err           err;
    struct pawl_challenge_req m;

    T_OK(pawl_challenge_req_parse(t_vector("wire/challenge_req_full.cbor"), &m, &err), &err);
    assert_true(pawl_view_equal(m.tenant, pawl_view_str("factory-7")));
    assert_true(pawl_view_equal(m.device_id, wire_bytes(32, 0x20)));
    assert_int_equal(m.label, PAWL_LABEL_ATTEST);
    T_OK(pawl_challenge_req_parse(t_vector("wire/challenge_req_rekey.cbor"), &m, &err), &err);
    assert_int_equal(m.label, PAWL_LABEL_REKEY);
    T_OK(pawl_challenge_req_parse(t_vector("wire/challenge_req_resync.cbor"), &m, &err), &err);
    assert_int_equal(m.label, PAWL_LABEL_RESYNC);
    wire_comes_back(recode, t_vector("wire/challenge_req_full.cbor"));
    wire_comes_back(recode, t_vector("wire/challenge_req_rekey.cbor"));
    wire_comes_back(recode, t_vector("wire/challenge_req_resync.cbor"));
}

static void a_request_is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode, "wire/challenge_req.refused");
    wire_ends_at(recode, PAWL_CHALLENGE_MAX, "challenge.size");
}

static void no_request_with_a_wrong_field_is_written(void **state)
{
    (void)state;
    struct pawl_err           err;
    uint8_t                   b[PAWL_CHALLENGE_MAX];
    struct pawl_wr            w = pawl_wr_to(b, sizeof(b));
    struct pawl_challenge_req m = sample_request();

    m.label = PAWL_LABEL_ENROL;
    T_FAILS(pawl_challenge_req_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "challenge.label");
    m.label = PAWL_LABEL_NONE;
    T_FAILS(pawl_challenge_req_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "challenge.label");
    m = sample_request();
    m.device_id.n = 31;
    T_FAILS(pawl_challenge_req_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "challenge.device_id");
    m = sample_request();
    m.tenant = pawl_view_str("Factory");
    T_FAILS(pawl_challenge_req_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "challenge.tenant");
    assert_int_equal(w.n, 0);
    assert_false(w.full);
}

static void a_writer_without_room_writes_nothing(void **state)
{
    (void)state;
    struct pawl_err                 err;
    const struct pawl_challenge_req m = sample_request();
    const size_t                    n = t_vector("wire/challenge_req_full.cbor").n;
    uint8_t                         b[PAWL_CHALLENGE_MAX];

    for (size_t cap = 0; cap < n; cap++) {
        struct pawl_wr w = pawl_wr_to(b, cap);
        T_FAILS(pawl_challenge_req_write(&m, &w, &err), &err, PAWL_E_FULL);
        assert_int_equal(w.n, 0);
    }
    /* Behind what stands there already. */
    struct pawl_wr w = pawl_wr_to(b, 3 + n);
    pawl_wr_bytes(&w, pawl_view_str("abc"));
    T_OK(pawl_challenge_req_write(&m, &w, &err), &err);
    assert_int_equal(w.n, 3 + n);
    assert_true(pawl_view_equal(pawl_view(b + 3, n), t_vector("wire/challenge_req_full.cbor")));
}

static void every_truncation_of_a_request_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode, "wire/challenge_req_full.cbor");
}

static void every_flip_of_a_request_is_refused_or_another_request(void **state)
{
    (void)state;
    wire_holds_under_flips(recode, "wire/challenge_req_full.cbor");
}

/* ---- answer --------------------------------------------------------------------------------- */

WIRE_RECODE(recode_answer, struct pawl_challenge_ans, pawl_challenge_ans_parse,
            pawl_challenge_ans_write)

static void an_answer_is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err                 err;
    uint8_t                         b[PAWL_CHALLENGE_MAX];
    struct pawl_wr                  w = pawl_wr_to(b, sizeof(b));
    const struct pawl_challenge_ans m = {
        .nonce = wire_bytes(32, 0x40),
        .pcrs = { 2, { { PAWL_SHA256, 0x0000ff }, { PAWL_SHA1, 1 } } },
        .suites = { 2, { PAWL_SUITE_CCM, PAWL_SUITE_GCM | PAWL_SUITE_HMAC_KEY } },
    };

    T_OK(pawl_challenge_ans_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/challenge_ans_full.cbor");
}

static void an_answer_is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err           err;
    struct pawl_challenge_ans m;
    struct pawl_pcr_selection all = pawl_pcr_selection_all(0);

    T_OK(pawl_challenge_ans_parse(t_vector("wire/challenge_ans_most.cbor"), &m, &err), &err);
    assert_true(pawl_view_equal(m.nonce, wire_bytes(32, 0xff)));
    assert_true(pawl_pcr_selection_equal(&m.pcrs, &all));
    assert_int_equal(m.suites.n, PAWL_SUITES_MAX);
    assert_int_equal(m.suites.suite[0], 65535);
    assert_int_equal(m.suites.suite[15], 65520);
    wire_comes_back(recode_answer, t_vector("wire/challenge_ans_full.cbor"));
    wire_comes_back(recode_answer, t_vector("wire/challenge_ans_most.cbor"));
}

static void an_answer_is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode_answer, "wire/challenge_ans.refused");
    wire_ends_at(recode_answer, PAWL_CHALLENGE_MAX, "challenge.size");
}

static void no_answer_with_too_many_banks_or_suites_is_written(void **state)
{
    (void)state;
    struct pawl_err           err;
    uint8_t                   b[PAWL_CHALLENGE_MAX];
    struct pawl_wr            w = pawl_wr_to(b, sizeof(b));
    struct pawl_challenge_ans m;

    T_OK(pawl_challenge_ans_parse(t_vector("wire/challenge_ans_full.cbor"), &m, &err), &err);
    m.pcrs.n = PAWL_PCR_BANKS_MAX + 1;
    T_FAILS(pawl_challenge_ans_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "challenge.pcrs");
    m.pcrs.n = 1;
    m.suites.n = PAWL_SUITES_MAX + 1;
    T_FAILS(pawl_challenge_ans_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "challenge.suites");
    m.suites.n = 0;
    T_FAILS(pawl_challenge_ans_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "challenge.suites");
}

static void every_truncation_of_an_answer_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode_answer, "wire/challenge_ans_full.cbor");
}

static void every_flip_of_an_answer_is_refused_or_another_answer(void **state)
{
    (void)state;
    wire_holds_under_flips(recode_answer, "wire/challenge_ans_full.cbor");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("a request is written as the vector", a_request_is_written_as_the_vector),
        T_CASE("a request is read field by field", a_request_is_read_field_by_field),
        T_CASE("a request is refused by field", a_request_is_refused_by_field),
        T_CASE("no request with a wrong field is written",
               no_request_with_a_wrong_field_is_written),
        T_CASE("a writer without room writes nothing", a_writer_without_room_writes_nothing),
        T_CASE("every truncation of a request is refused",
               every_truncation_of_a_request_is_refused),
        T_CASE("every flip of a request is refused or another request",
               every_flip_of_a_request_is_refused_or_another_request),
        T_CASE("an answer is written as the vector", an_answer_is_written_as_the_vector),
        T_CASE("an answer is read field by field", an_answer_is_read_field_by_field),
        T_CASE("an answer is refused by field", an_answer_is_refused_by_field),
        T_CASE("no answer with too many banks or suites is written",
               no_answer_with_too_many_banks_or_suites_is_written),
        T_CASE("every truncation of an answer is refused",
               every_truncation_of_an_answer_is_refused),
        T_CASE("every flip of an answer is refused or another answer",
               every_flip_of_an_answer_is_refused_or_another_answer),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
