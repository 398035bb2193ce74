/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a generation's digest agrees with an independent program, over all leaves or those whose
 * bit is set; each input of a leaf counts; bitmaps travel in their shortest form and back. (Leaves
 * of whole messages are held against the same program in test_ratchet_message.c.) */
#include <string.h>

#include <pawl/ratchet.h>

#include "crypto_vector.h"

static struct pawl_view vector(const char *name)
{
    return crypto_vector("ratchet/messages.txt", name);
}

static void fill(uint8_t leaf[64][PAWL_LEAF])
{
    for (unsigned i = 0; i < 64; i++)
        memcpy(leaf[i], crypto_count(PAWL_LEAF, i).p, PAWL_LEAF);
}

static void digests_agree_with_an_independent_program(void **state) /* P-MSG-9 */
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t    bits;
    } sets[] = {
        { "digest.none", 0 },
        { "digest.one", 1 },
        { "digest.some", UINT64_C(1) << 63 | 0x29 },
        { "digest.all", UINT64_MAX },
    };
    uint8_t         leaf[64][PAWL_LEAF], d[32];
    struct pawl_err err;

    fill(leaf);
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        T_OK(pawl_leaves_digest_of(leaf, sets[i].bits, d, &err), &err);
        assert_true(pawl_view_equal(PAWL_VIEW_OF(d), vector(sets[i].name)));
    }
    T_OK(pawl_leaves_digest(leaf, 64, d, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(d), vector("digest.all")));
    T_OK(pawl_leaves_digest(leaf, 1, d, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(d), vector("digest.one")));
    T_OK(pawl_leaves_digest(NULL, 0, d, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(d), vector("digest.none")));
}

static void order_and_number_of_leaves_count(void **state)
{
    (void)state;
    uint8_t         leaf[64][PAWL_LEAF], swapped[2][PAWL_LEAF], a[32], b[32];
    struct pawl_err err;

    fill(leaf);
    memcpy(swapped[0], leaf[1], PAWL_LEAF);
    memcpy(swapped[1], leaf[0], PAWL_LEAF);
    T_OK(pawl_leaves_digest(leaf, 2, a, &err), &err);
    T_OK(pawl_leaves_digest(swapped, 2, b, &err), &err);
    assert_memory_not_equal(a, b, 32);
    T_OK(pawl_leaves_digest(leaf, 3, b, &err), &err);
    assert_memory_not_equal(a, b, 32);
    T_OK(pawl_leaves_digest_of(leaf, 5, b, &err), &err);
    assert_memory_not_equal(a, b, 32);
}

static void each_input_of_a_leaf_counts(void **state) /* P-MSG-8 */
{
    (void)state;
    struct pawl_view header = pawl_view_str("header"), text = pawl_view_str("text");
    uint8_t          leaf[PAWL_LEAF], other[PAWL_LEAF];
    struct pawl_err  err;

    T_OK(pawl_leaf(1, header, text, leaf, &err), &err);
    T_OK(pawl_leaf(1, header, text, other, &err), &err);
    assert_memory_equal(leaf, other, PAWL_LEAF);
    T_OK(pawl_leaf(2, header, text, other, &err), &err);
    assert_memory_not_equal(leaf, other, PAWL_LEAF);
    T_OK(pawl_leaf(1, text, header, other, &err), &err);
    assert_memory_not_equal(leaf, other, PAWL_LEAF);
    T_OK(pawl_leaf(1, pawl_view_str("headert"), pawl_view_str("ext"), other, &err), &err);
    assert_memory_not_equal(leaf, other, PAWL_LEAF);
    T_OK(pawl_leaf(1, header, pawl_view(NULL, 0), other, &err), &err);
    assert_memory_not_equal(leaf, other, PAWL_LEAF);
}

static void bitmaps_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        uint64_t    bits;
        const char *hex;
    } maps[] = {
        { 0, "" },
        { 1, "01" },
        { 0x80, "80" },
        { 0x100, "0001" },
        { 0x10000000000, "000000000001" },
        { UINT64_C(1) << 63, "0000000000000080" },
        { UINT64_MAX, "ffffffffffffffff" },
        { 0x0123456789abcdef, "efcdab8967452301" },
    };
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        uint8_t b[8];
        size_t  n = pawl_bits_write(maps[i].bits, b);
        assert_true(pawl_view_equal(pawl_view(b, n), t_hex(maps[i].hex)));
        assert_true(pawl_bits_read(t_copy(pawl_view(b, n))) == maps[i].bits);
    }
    assert_true(pawl_bits_read(t_hex("0100")) == 1);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("digests agree with an independent program",
               digests_agree_with_an_independent_program),
        T_CASE("order and number of leaves count", order_and_number_of_leaves_count),
        T_CASE("each input of a leaf counts", each_input_of_a_leaf_counts),
        T_CASE("bitmaps go both ways", bitmaps_go_both_ways),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
