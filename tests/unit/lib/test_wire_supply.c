/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a supply has one encoding, that of an independent encoder; each field is refused by name;
 * a writer sends nothing that the parser refuses. */
#include "wire_vectors.h"

WIRE_RECODE(recode, struct pawl_supply, pawl_supply_parse, pawl_supply_write)

static struct pawl_supply sample(void)
{
    return (struct pawl_supply){
        .ticket = wire_bytes(40, 1),
        .log_n = 1,
        .log = { { 1, wire_bytes(30, 2) } },
        .ima = wire_bytes(20, 3),
        .leaves_n = 2,
        .leaves = { { 0, 7, 2, wire_bytes(48, 4) }, { 1, 8, 0, wire_bytes(16, 5) } },
    };
}

static void is_written_as_the_vector(void **state)
{
    (void)state;
    struct pawl_err    err;
    uint8_t            b[512];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_supply m = sample();

    T_OK(pawl_supply_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/supply_full.cbor");
    m.log_n = m.ima.n = m.leaves_n = 0;
    w = pawl_wr_to(b, sizeof(b));
    T_OK(pawl_supply_write(&m, &w, &err), &err);
    wire_assert_vector(&w, "wire/supply_least.cbor");
}

static void is_read_field_by_field(void **state)
{
    (void)state;
    struct pawl_err          err;
    const struct pawl_supply s = sample();
    struct pawl_supply       m;

    T_OK(pawl_supply_parse(t_vector("wire/supply_full.cbor"), &m, &err), &err);
    assert_true(pawl_view_equal(m.ticket, s.ticket));
    assert_true(m.log_n == 1 && m.log[0].type == 1 && m.ima_first == 0 && m.leaves_n == 2);
    assert_true(pawl_view_equal(m.log[0].bytes, s.log[0].bytes));
    assert_true(pawl_view_equal(m.ima, s.ima));
    assert_true(m.leaves[0].dir == 0 && m.leaves[0].epoch == 7 && m.leaves[0].gen == 2);
    assert_true(m.leaves[1].dir == 1 && m.leaves[1].epoch == 8 && m.leaves[1].gen == 0);
    assert_true(pawl_view_equal(m.leaves[0].leaves, s.leaves[0].leaves));
}

static void supplies_up_to_the_limits_come_back(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_supply m;

    wire_comes_back(recode, t_vector("wire/supply_least.cbor"));
    wire_comes_back(recode, t_vector("wire/supply_full.cbor"));
    wire_comes_back(recode, t_vector("wire/supply_most.cbor"));
    T_OK(pawl_supply_parse(t_vector("wire/supply_most.cbor"), &m, &err), &err);
    assert_int_equal(m.ticket.n, PAWL_TICKET_MAX);
    assert_int_equal(m.leaves_n, PAWL_SND_GENS_MAX);
    assert_int_equal(m.leaves[319].leaves.n, PAWL_GEN_MESSAGES * PAWL_LEAF);
}

static void is_refused_by_field(void **state)
{
    (void)state;
    wire_refuses_file(recode, "wire/supply.refused");
    wire_ends_at(recode, PAWL_EVIDENCE_MAX, "supply.size");
}

static void no_supply_with_a_wrong_field_is_written(void **state)
{
    (void)state;
    struct pawl_err    err;
    static uint8_t     b[65536];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_supply m = sample();

    m.leaves_n = PAWL_SND_GENS_MAX + 1;
    T_FAILS(pawl_supply_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "supply.leaves");
    m = sample();
    m.leaves[1].leaves.n = 15;
    T_FAILS(pawl_supply_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "supply.leaves.leaves");
    m = sample();
    m.leaves[0].dir = 2;
    T_FAILS(pawl_supply_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "supply.leaves.dir");
    m = sample();
    m.ticket.n = 0;
    T_FAILS(pawl_supply_write(&m, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "supply.ticket");
    assert_int_equal(w.n, 0);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    wire_refuses_truncations(recode, "wire/supply_full.cbor");
}

static void every_flip_is_refused_or_another_supply(void **state)
{
    (void)state;
    wire_holds_under_flips(recode, "wire/supply_full.cbor");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("is written as the vector", is_written_as_the_vector),
        T_CASE("is read field by field", is_read_field_by_field),
        T_CASE("supplies up to the limits come back", supplies_up_to_the_limits_come_back),
        T_CASE("is refused by field", is_refused_by_field),
        T_CASE("no supply with a wrong field is written", no_supply_with_a_wrong_field_is_written),
        T_CASE("every truncation is refused", every_truncation_is_refused),
        T_CASE("every flip is refused or another supply", every_flip_is_refused_or_another_supply),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
