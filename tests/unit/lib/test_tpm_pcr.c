/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the digest over PCR values is the one that a TPM signs, and is made only from exactly the
 * selected values, each of its bank's length (Q16, Q18 to Q21). */
#include "tpm_vector.h"

static const char *const quotes[] = { "quote_p256",    "quote_two_banks", "quote_all",
                                      "quote_rsa2048", "quote_p384",      "quote_one_bank",
                                      "quote_nothing" };
enum { QUOTES_N = sizeof(quotes) / sizeof(quotes[0]) };

static struct pawl_quote quote_of(const char *name)
{
    struct pawl_err   err;
    struct pawl_quote q;

    T_OK(pawl_quote_parse(tpm_vector(name, "attest"), &q, &err), &err);
    return q;
}

static enum pawl_hash hash_of(const char *name)
{
    return strcmp(name, "quote_p384") == 0 ? PAWL_SHA384 : PAWL_SHA256;
}

static void digests_are_those_of_real_quotes(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUOTES_N; i++) {
        struct pawl_err        err;
        struct pawl_quote      q = quote_of(quotes[i]);
        struct pawl_pcr_values v = tpm_values(quotes[i], &q.pcrs);
        struct pawl_digest     d;
        T_OK(pawl_pcr_digest(hash_of(quotes[i]), &q.pcrs, &v, &d, &err), &err);
        assert_true(pawl_view_equal(pawl_digest_view(&d), q.digest));
    }
}

/* Q22, seen on a TPM: what is not allocated comes back without bits. */
static void an_unallocated_bank_has_no_bits(void **state)
{
    (void)state;
    struct pawl_quote q = quote_of("quote_one_bank");

    assert_int_equal(q.pcrs.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(q.pcrs.bank[i].bits, q.pcrs.bank[i].hash == PAWL_SHA256 ? 0xffffff : 0);
}

static void a_value_is_found_by_bank_and_number(void **state)
{
    (void)state;
    struct pawl_quote      q = quote_of("quote_two_banks");
    struct pawl_pcr_values v = tpm_values("quote_two_banks", &q.pcrs);

    assert_int_equal(v.n, 7);
    assert_ptr_equal(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA1, 0), &v.value[0]);
    assert_ptr_equal(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA1, 7), &v.value[1]);
    assert_ptr_equal(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA256, 0), &v.value[2]);
    assert_ptr_equal(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA256, 10), &v.value[5]);
    assert_ptr_equal(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA256, 16), &v.value[6]);
}

/* Q18 */
static void what_is_not_selected_is_absent(void **state)
{
    (void)state;
    struct pawl_quote      q = quote_of("quote_two_banks");
    struct pawl_pcr_values v = tpm_values("quote_two_banks", &q.pcrs);

    assert_null(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA1, 1));
    assert_null(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA256, 23));
    assert_null(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA384, 0));
    assert_null(pawl_pcr_value(&q.pcrs, &v, PAWL_HASH_NONE, 0));
    assert_null(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA256, 24));
    assert_null(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA256, 4096));
    v.n = 6;
    assert_null(pawl_pcr_value(&q.pcrs, &v, PAWL_SHA256, 16));
}

static void refuse(const struct pawl_pcr_selection *s, const struct pawl_pcr_values *v)
{
    struct pawl_err    err;
    struct pawl_digest d;

    t_poison(&d, sizeof(d));
    T_FAILS(pawl_pcr_digest(PAWL_SHA256, s, v, &d, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "pcrValues");
    t_still_poisoned(&d, sizeof(d));
}

/* Q21: lengths that add up to the same bytes are refused all the same. */
static void refuses_missing_spare_and_misfit_values(void **state)
{
    (void)state;
    struct pawl_quote      q = quote_of("quote_two_banks");
    struct pawl_pcr_values v = tpm_values("quote_two_banks", &q.pcrs), bad = v;

    bad.n = v.n - 1;
    refuse(&q.pcrs, &bad);
    bad.n = v.n + 1;
    refuse(&q.pcrs, &bad);
    bad = v;
    bad.value[1].n = 32;
    bad.value[2].n = 20;
    refuse(&q.pcrs, &bad);
    bad = v;
    bad.value[6].n = 0;
    refuse(&q.pcrs, &bad);
}

/* Q17b, Q20: another order of banks or values is another digest. */
static void order_counts(void **state)
{
    (void)state;
    struct pawl_err        err;
    struct pawl_quote      q = quote_of("quote_two_banks");
    struct pawl_pcr_values v = tpm_values("quote_two_banks", &q.pcrs);
    struct pawl_digest     d, first = v.value[0];

    v.value[0] = v.value[1];
    v.value[1] = first;
    T_OK(pawl_pcr_digest(PAWL_SHA256, &q.pcrs, &v, &d, &err), &err);
    assert_false(pawl_view_equal(pawl_digest_view(&d), q.digest));
}

static void no_flipped_bit_of_a_value_keeps_the_digest(void **state)
{
    (void)state;
    struct pawl_quote      q = quote_of("quote_two_banks");
    struct pawl_pcr_values v = tpm_values("quote_two_banks", &q.pcrs);

    for (size_t i = 0; i < v.n; i++)
        for (size_t bit = 0; bit < 8 * v.value[i].n; bit++) {
            struct pawl_err    err;
            struct pawl_digest d;
            v.value[i].b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            T_OK(pawl_pcr_digest(PAWL_SHA256, &q.pcrs, &v, &d, &err), &err);
            assert_false(pawl_view_equal(pawl_digest_view(&d), q.digest));
            v.value[i].b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("digests are those of real quotes (Q19, Q20)", digests_are_those_of_real_quotes),
        T_CASE("an unallocated bank has no bits (Q22)", an_unallocated_bank_has_no_bits),
        T_CASE("a value is found by bank and number", a_value_is_found_by_bank_and_number),
        T_CASE("what is not selected is absent (Q18)", what_is_not_selected_is_absent),
        T_CASE("refuses missing, spare and misfit values (Q21)",
               refuses_missing_spare_and_misfit_values),
        T_CASE("order counts (Q20)", order_counts),
        T_CASE("no flipped bit of a value keeps the digest",
               no_flipped_bit_of_a_value_keeps_the_digest),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
