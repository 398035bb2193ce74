/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a refusal's payload has one encoding, that of an independent encoder; each field is
 * refused by name; a signed refusal is told from a result by its first byte. */
#include "wire_vectors.h"

WIRE_RECODE(recode, struct pawl_refusal, pawl_refusal_parse, pawl_refusal_write)

static struct pawl_refusal sample(void)
{
    struct pawl_refusal m = {
        .code = PAWL_REFUSAL_WAIT_FOR_APPROVAL,
        .last_attempt = 66,
        .known_epoch = 8,
        .seq_floor_up = 33768,
        .seq_floor_down = 500,
        .has_retry = true,
        .retry_after_s = 30,
    };

    memcpy(m.th1, wire_bytes(32, 1).p, 32);
    return m;
}

static void is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err           err;
    uint8_t                   b[PAWL_REFUSAL_MAX];
    struct pawl_wr            w = pawl_wr_to(b, sizeof(b));
    const struct pawl_refusal m = sample();

    T_OK(pawl_refusal_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/refusal_full.cbor");
}

static void is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_refusal m;

    T_OK(pawl_refusal_parse(t_vector("wire/refusal_full.cbor"), &m, &err), &err);
    assert_memory_equal(m.th1, sample().th1, 32);
    assert_int_equal(m.code, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    assert_true(m.last_attempt == 66 && m.known_epoch == 8);
    assert_true(m.seq_floor_up == 33768 && m.seq_floor_down == 500);
    assert_true(m.has_retry && m.retry_after_s == 30);
    T_OK(pawl_refusal_parse(t_vector("wire/refusal_no_retry.cbor"), &m, &err), &err);
    assert_false(m.has_retry);
    wire_comes_back(recode, t_vector("wire/refusal_full.cbor"));
    wire_comes_back(recode, t_vector("wire/refusal_no_retry.cbor"));
    wire_comes_back(recode, t_vector("wire/refusal_most.cbor"));
}

static void is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode, "wire/refusal.refused");
    wire_ends_at(recode, PAWL_REFUSAL_MAX, "refusal.size");
}

static void no_refusal_without_a_code_is_written(void **state)
{
    (void)state;
    struct pawl_err     err;
    uint8_t             b[PAWL_REFUSAL_MAX];
    struct pawl_wr      w = pawl_wr_to(b, sizeof(b));
    struct pawl_refusal m = sample();

    for (int code = PAWL_REFUSAL_NONE; code <= PAWL_REFUSAL_COUNT; code += PAWL_REFUSAL_COUNT) {
        m.code = (enum pawl_refusal_code)code;
        T_FAILS(pawl_refusal_write(&m, &w, &err), &err, PAWL_E_RANGE);
        T_WHERE(&err, "refusal.code");
        assert_int_equal(w.n, 0);
    }
}

static void every_code_has_its_text(void **state)
{
    (void)state;
    for (int a = 0; a < PAWL_REFUSAL_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(pawl_refusal_text((enum pawl_refusal_code)a),
                                    pawl_refusal_text((enum pawl_refusal_code)b));
    assert_string_equal(pawl_refusal_text(PAWL_REFUSAL_WAIT_FOR_APPROVAL), "wait for approval");
    assert_string_equal(pawl_refusal_text(PAWL_REFUSAL_COUNT), "none");
}

static void a_result_is_no_refusal(void **state)
{
    (void)state;
    assert_true(pawl_is_refusal(t_hex("d28443a10126")));
    assert_false(pawl_is_refusal(t_vector("wire/result_full.cbor")));
    assert_false(pawl_is_refusal(t_vector("wire/refusal_full.cbor"))); /* not signed */
    assert_false(pawl_is_refusal(pawl_view(NULL, 0)));
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode, "wire/refusal_full.cbor");
}

static void every_flip_is_refused_or_another_refusal(void **state)
{
    (void)state;
    wire_holds_under_flips(recode, "wire/refusal_full.cbor");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("is written as the vector", is_written_as_the_vector),
        T_CASE("is read field by field", is_read_field_by_field),
        T_CASE("is refused by field", is_refused_by_field),
        T_CASE("no refusal without a code is written", no_refusal_without_a_code_is_written),
        T_CASE("every code has its text", every_code_has_its_text),
        T_CASE("a result is no refusal", a_result_is_no_refusal),
        T_CASE("every truncation is refused", every_truncation_is_refused),
        T_CASE("every flip is refused or another refusal",
               every_flip_is_refused_or_another_refusal),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
