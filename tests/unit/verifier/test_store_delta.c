/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what a delta was made from comes back from it and its base, whatever both hold; what the
 * base has costs next to nothing; and bytes that are no delta are refused and read past nothing. */
#include "t.h"

#include <stdlib.h>
#include <string.h>

#include "store/delta.h"

static void comes_back(struct pawl_view base, struct pawl_view in)
{
    PAWL_CLEANUP(blob_done) struct blob delta = { 0 }, out = { 0 };
    struct pawl_err                     err;

    T_OK(delta_write(base, in, &delta, &err), &err);
    T_OK(delta_read(base, pawl_view(delta.p, delta.n), in.n, &out, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out.p, out.n), in));
}

static size_t delta_n(struct pawl_view base, struct pawl_view in)
{
    PAWL_CLEANUP(blob_done) struct blob delta = { 0 };
    struct pawl_err                     err;

    T_OK(delta_write(base, in, &delta, &err), &err);
    return delta.n;
}

/* A row that repeats itself, and one that does not. */
static void fill(uint8_t *b, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245 + 12345;
        b[i] = seed >> 28 ? (uint8_t)(seed >> 16) : 0;
    }
}

static void what_went_in_comes_out(void **state)
{
    (void)state;
    uint8_t base[3 * DELTA_BASE_MAX], in[3 * DELTA_BASE_MAX];

    for (unsigned n = 0; n < 300; n++) {
        fill(base, n, 1);
        fill(in, n, 2);
        if (n > 20)
            memcpy(in + n / 3, base + n / 5, n / 4);
        comes_back(t_copy(pawl_view(base, n)), t_copy(pawl_view(in, n)));
        comes_back(t_copy(pawl_view(base, n)), t_copy(pawl_view(base, n)));
        comes_back(pawl_view(NULL, 0), t_copy(pawl_view(in, n)));
        comes_back(t_copy(pawl_view(base, n)), pawl_view(NULL, 0));
    }
    fill(base, sizeof(base), 3);
    comes_back(PAWL_VIEW_OF(base), PAWL_VIEW_OF(base));
    memset(in, 0, sizeof(in));
    comes_back(PAWL_VIEW_OF(in), PAWL_VIEW_OF(in));
}

static void what_is_in_the_base_costs_little(void **state)
{
    (void)state;
    uint8_t base[1200], in[1200];

    memset(base, 0, sizeof(base)); /* as PCRs that nobody extended */
    fill(base, 600, 4);
    memcpy(in, base, sizeof(in));
    assert_int_equal(delta_n(PAWL_VIEW_OF(base), PAWL_VIEW_OF(in)), 5);
    memset(in + 200, 0xee, 20);
    memset(in + 520, 0xdd, 32);
    /* Three copies, two runs with a head each. */
    assert_true(delta_n(PAWL_VIEW_OF(base), PAWL_VIEW_OF(in)) <= 20 + 32 + 2 + 3 * 5);
    /* And where nothing is, next to nothing is added. */
    memset(base, 0x55, sizeof(base));
    fill(in, sizeof(in), 5);
    assert_true(delta_n(PAWL_VIEW_OF(base), PAWL_VIEW_OF(in)) <= sizeof(in) + 16);
}

static void must_not_be_read(const char *hex, size_t max)
{
    struct pawl_view base = t_copy(pawl_view("0123456789", 10));
    struct blob      out;
    struct pawl_err  err;

    t_poison(&out, sizeof(out));
    T_FAILS(delta_read(base, t_hex(hex), max, &out, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "store.delta");
    t_still_poisoned(&out, sizeof(out));
}

static void what_is_no_delta_is_refused(void **state)
{
    (void)state;
    must_not_be_read("00", 99);         /* a run of one byte that is not there */
    must_not_be_read("0341", 99);       /* .. of four, and one is */
    must_not_be_read("80", 99);         /* a copy from nowhere */
    must_not_be_read("8000", 99);       /* .. from half a place */
    must_not_be_read("80000b", 99);     /* .. from behind the base */
    must_not_be_read("800006", 99);     /* .. past its end */
    must_not_be_read("ff00000b", 99);   /* .. with half a length */
    must_not_be_read("ff0000000b", 99); /* .. longer than the base */
    must_not_be_read("ff0001ffff", 99);
    must_not_be_read("800000800000", 9); /* more than there may be */
}

static void the_whole_base_can_be_copied(void **state)
{
    (void)state;
    PAWL_CLEANUP(blob_done) struct blob out = { 0 };
    struct pawl_view                    base = t_copy(pawl_view("0123456789", 10));
    struct pawl_err                     err;

    T_OK(delta_read(base, t_hex("800005 0141 42 ff0000000a"), 17, &out, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out.p, out.n), pawl_view_str("56789AB0123456789")));
}

static void what_is_filled_up_comes_out(void **state)
{
    (void)state;
    struct pawl_view base = pawl_view_str("0123456789"), in = pawl_view_str("x3456789y");
    struct pawl_err  err;
    size_t           n = delta_n(base, in);

    for (size_t least = 0; least < n + 8; least++) {
        PAWL_CLEANUP(blob_done) struct blob delta = { 0 }, out = { 0 };

        T_OK(delta_write(base, in, &delta, &err), &err);
        T_OK(delta_fill(&delta, least, &err), &err);
        assert_int_equal(delta.n, least > n ? least : n);
        T_OK(delta_read(base, pawl_view(delta.p, delta.n), in.n, &out, &err), &err);
        assert_true(pawl_view_equal(pawl_view(out.p, out.n), in));
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("what went in comes out", what_went_in_comes_out),
        T_CASE("what is in the base costs little", what_is_in_the_base_costs_little),
        T_CASE("what is no delta is refused", what_is_no_delta_is_refused),
        T_CASE("the whole base can be copied", the_whole_base_can_be_copied),
        T_CASE("what is filled up comes out", what_is_filled_up_comes_out),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
