/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a receipt has one encoding, that of an independent encoder; each field is refused by
 * name; the largest one fits into a result beside everything else that a result holds. */
#include "wire_vectors.h"

WIRE_RECODE(recode, struct pawl_receipt, pawl_receipt_parse, pawl_receipt_write)

static void is_read_field_by_field(void **state) /* P-TR-7 */
{
    (void)state;
    struct pawl_err            err;
    static struct pawl_receipt m;

    T_OK(pawl_receipt_parse(t_vector("wire/receipt_full.cbor"), &m, &err), &err);
    assert_true(pawl_view_equal(m.device_id, wire_bytes(32, 1)));
    assert_true(pawl_view_equal(m.th1, wire_bytes(32, 2)));
    assert_true(m.seq_hi == 500 && m.gen_n == 3);
    assert_true(m.gens[0].epoch == 7 && m.gens[0].gen == 0 && m.gens[0].first_seq == 437);
    assert_true(pawl_view_equal(m.gens[0].bitmap, wire_bytes(8, 3)));
    assert_true(pawl_view_equal(m.gens[0].digest, wire_bytes(32, 4)));
    assert_true(m.gens[1].gen == 1 && pawl_view_equal(m.gens[1].bitmap, t_hex("01")));
    assert_true(m.gens[2].epoch == 8 && m.gens[2].bitmap.n == 0);
    T_OK(pawl_receipt_parse(t_vector("wire/receipt_least.cbor"), &m, &err), &err);
    assert_true(m.seq_hi == 0 && m.gen_n == 0);
    T_OK(pawl_receipt_parse(t_vector("wire/receipt_most.cbor"), &m, &err), &err);
    assert_true(m.seq_hi == UINT64_MAX && m.gen_n == PAWL_RECEIPT_MAX);
    assert_true(m.gens[319].epoch == UINT64_MAX - 1 && m.gens[319].gen == UINT32_MAX);
}

static void is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err            err;
    uint8_t                    b[256];
    struct pawl_wr             w = pawl_wr_to(b, sizeof(b));
    static struct pawl_receipt m;

    m = (struct pawl_receipt){ .device_id = wire_bytes(32, 1), .th1 = wire_bytes(32, 2) };
    T_OK(pawl_receipt_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/receipt_least.cbor");
    wire_comes_back(recode, t_vector("wire/receipt_least.cbor"));
    wire_comes_back(recode, t_vector("wire/receipt_full.cbor"));
    wire_comes_back(recode, t_vector("wire/receipt_most.cbor"));
}

static void is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode, "wire/receipt.refused");
    wire_ends_at(recode, PAWL_RESULT_MAX, "receipt.size");
}

static void no_receipt_is_written_that_the_device_refuses(void **state)
{
    (void)state;
    struct pawl_err            err;
    static uint8_t             b[PAWL_RESULT_MAX];
    struct pawl_wr             w = pawl_wr_to(b, sizeof(b));
    static struct pawl_receipt m;

    T_OK(pawl_receipt_parse(t_vector("wire/receipt_most.cbor"), &m, &err), &err);
    m.gen_n = PAWL_RECEIPT_MAX + 1;
    T_FAILS(pawl_receipt_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "receipt.generations");
    m.gen_n = 1;
    m.gens[0].bitmap = wire_bytes(9, 0);
    T_FAILS(pawl_receipt_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "receipt.generation.bitmap");
    m.gens[0].bitmap = wire_bytes(8, 0);
    m.gens[0].digest = wire_bytes(31, 0);
    T_FAILS(pawl_receipt_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "receipt.generation.digest");
    m.gens[0].digest = wire_bytes(32, 0);
    m.th1 = wire_bytes(0, 0);
    T_FAILS(pawl_receipt_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "receipt.TH1");
    assert_int_equal(w.n, 0);
}

static void is_not_written_where_it_does_not_fit(void **state)
{
    (void)state;
    struct pawl_err            err;
    struct pawl_view           full = t_vector("wire/receipt_full.cbor");
    static uint8_t             b[512];
    static struct pawl_receipt m;

    assert_true(full.n < sizeof(b));
    T_OK(pawl_receipt_parse(full, &m, &err), &err);
    for (size_t cap = 0; cap < full.n; cap++) {
        struct pawl_wr w = pawl_wr_to(b, cap);
        T_FAILS(pawl_receipt_write(&m, &w, &err), &err, PAWL_E_FULL);
        assert_int_equal(w.n, 0);
    }
}

/* EAR, conf_V, want and ticket at their limits with it. */
static void the_largest_fits_into_a_result(void **state) /* P-TR-7 */
{
    (void)state;
    struct pawl_err    err;
    static uint8_t     b[PAWL_RESULT_MAX];
    static char        ear[PAWL_EAR_MAX];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_result m = { .receipt = t_vector("wire/receipt_most.cbor"),
                             .conf_v = wire_bytes(32, 1),
                             .ticket = wire_bytes(PAWL_TICKET_MAX, 2) };

    memset(ear, 'e', sizeof(ear));
    m.ear = PAWL_VIEW_OF(ear);
    m.want = (struct pawl_want){ .present = true,
                                 .log_n = PAWL_LOGS_MAX,
                                 .has_ima = true,
                                 .first_ima_entry = UINT64_MAX,
                                 .gen_n = PAWL_VERDICT_PAIRS_MAX,
                                 .rekey_now = true,
                                 .pcr_values = true };
    for (size_t i = 0; i < PAWL_LOGS_MAX; i++)
        m.want.log[i] = UINT64_MAX - PAWL_LOGS_MAX + i;
    for (size_t i = 0; i < PAWL_VERDICT_PAIRS_MAX; i++) {
        m.want.gen[i].dir = 1;
        m.want.gen[i].epoch = UINT64_MAX;
        m.want.gen[i].gen = UINT32_MAX;
    }
    T_OK(pawl_result_write(&m, &w, &err), &err);
    assert_true(w.n < PAWL_RESULT_MAX / 2);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode, "wire/receipt_full.cbor");
}

static void every_flip_is_refused_or_another_receipt(void **state)
{
    (void)state;
    wire_holds_under_flips(recode, "wire/receipt_full.cbor");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("is read field by field", is_read_field_by_field),
        T_CASE("is written as the vector", is_written_as_the_vector),
        T_CASE("is refused by field", is_refused_by_field),
        T_CASE("no receipt is written that the device refuses",
               no_receipt_is_written_that_the_device_refuses),
        T_CASE("is not written where it does not fit", is_not_written_where_it_does_not_fit),
        T_CASE("the largest fits into a result", the_largest_fits_into_a_result),
        T_CASE("every truncation is refused", every_truncation_is_refused),
        T_CASE("every flip is refused or another receipt",
               every_flip_is_refused_or_another_receipt),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
