/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the reader takes the deterministic subset of RFC 8949 Appendix A, value by value, and
 * each other encoding is refused for its own reason; nesting, counts and map keys are held to their
 * limits; the writer writes what the reader takes. */
#include <string.h>

#include <pawl/cbor.h>

#include "cbor_copy.h"
#include "t.h"

/* ---- RFC 8949 Appendix A, what is deterministic and no float -------------------------------- */

static const struct {
    const char *hex;
    uint64_t    v;
} uints[] = {
    { "00", 0 },
    { "01", 1 },
    { "0a", 10 },
    { "17", 23 },
    { "1818", 24 },
    { "1819", 25 },
    { "1864", 100 },
    { "1903e8", 1000 },
    { "1a000f4240", 1000000 },
    { "1b000000e8d4a51000", 1000000000000 },
    { "1bffffffffffffffff", UINT64_MAX },
};

static const struct {
    const char *hex;
    int64_t     v;
} ints[] = {
    { "00", 0 },
    { "1903e8", 1000 },
    { "20", -1 },
    { "29", -10 },
    { "3863", -100 },
    { "3903e7", -1000 },
    { "37", -24 },
    { "3818", -25 },
    { "38ff", -256 },
    { "390100", -257 },
    { "39ffff", -65536 },
    { "3a00010000", -65537 },
    { "3b7fffffffffffffff", INT64_MIN },
    { "1b7fffffffffffffff", INT64_MAX },
};

static const char *const texts[] = { "60",     "6161",     "6449455446", "62225c",
                                     "62c3bc", "63e6b0b4", "64f0908591" };

/* Whole items, those that the tables above do not hold. */
static const char *const items[] = {
    "3bffffffffffffffff",
    "f4",
    "f5",
    "f6",
    "40",
    "4401020304",
    "80",
    "83010203",
    "8301820203820405",
    "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
    "a0",
    "a201020304",
    "a26161016162820203",
    "826161a161626163",
    "a56161614161626142616361436164614461656145",
    "c074323031332d30332d32315432303a30343a30305a",
    "c11a514b67b0",
    "d74401020304",
    "d818456449455446",
    "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
    "d28443a10126a0f640",
};

static void takes_the_deterministic_examples_of_the_rfc(void **state)
{
    (void)state;
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        struct pawl_view    in = t_hex(items[i]);
        struct pawl_cbor_rd r = pawl_cbor_rd_from(in);
        assert_true(pawl_view_equal(pawl_cbor_rd_raw(&r, "item"), in));
        T_OK(pawl_cbor_rd_end(&r, &err), &err);
    }
}

static void reads_unsigned_numbers(void **state)
{
    (void)state;
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(uints) / sizeof(uints[0]); i++) {
        struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex(uints[i].hex));
        assert_int_equal(pawl_cbor_rd_peek(&r), PAWL_CBOR_UINT);
        assert_true(pawl_cbor_rd_uint(&r, "n", uints[i].v) == uints[i].v);
        T_OK(pawl_cbor_rd_end(&r, &err), &err);
        if (uints[i].v == 0)
            continue;
        r = pawl_cbor_rd_from(t_hex(uints[i].hex));
        assert_true(pawl_cbor_rd_uint(&r, "n", uints[i].v - 1) == 0);
        T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
        T_WHERE(&err, "n");
    }
}

static void reads_signed_numbers(void **state)
{
    (void)state;
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
        struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex(ints[i].hex));
        assert_true(pawl_cbor_rd_int(&r, "n") == ints[i].v);
        T_OK(pawl_cbor_rd_end(&r, &err), &err);
    }
    static const char *const too_wide[] = { "3b8000000000000000", "3bffffffffffffffff",
                                            "1b8000000000000000" };
    for (size_t i = 0; i < sizeof(too_wide) / sizeof(too_wide[0]); i++) {
        struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex(too_wide[i]));
        assert_true(pawl_cbor_rd_int(&r, "n") == 0);
        T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
    }
}

static void strings_are_views_into_the_input(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_view    in = t_hex("4401020304");
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);
    struct pawl_view    v = pawl_cbor_rd_bytes(&r, "b", 4, 4);

    assert_ptr_equal(v.p, in.p + 1);
    assert_int_equal(v.n, 4);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        in = t_hex(texts[i]);
        r = pawl_cbor_rd_from(in);
        v = pawl_cbor_rd_text(&r, "t", 4);
        T_OK(pawl_cbor_rd_end(&r, &err), &err);
        assert_true(pawl_view_equal(v, pawl_view(in.p + 1, in.n - 1)));
    }
}

static void copies_what_fits_and_leaves_the_rest_alone(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex("82 43 010203 62 6869"));
    uint8_t             b[3], poisoned[3];
    char                text[3], poisoned_text[3];

    pawl_cbor_rd_array_of(&r, "a", 2);
    pawl_cbor_rd_bytes_to(&r, "b", b, sizeof(b));
    pawl_cbor_rd_text_to(&r, "t", text, sizeof(text));
    pawl_cbor_rd_leave(&r, "a");
    T_OK(pawl_cbor_rd_end(&r, &err), &err);
    assert_memory_equal(b, "\1\2\3", 3);
    assert_string_equal(text, "hi");

    t_poison(poisoned, sizeof(poisoned));
    t_poison(poisoned_text, sizeof(poisoned_text));
    for (size_t n = 2; n <= 4; n += 2) { /* neither less nor more */
        r = pawl_cbor_rd_from(t_hex("43 010203"));
        pawl_cbor_rd_bytes_to(&r, "b", poisoned, n);
        T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
        T_WHERE(&err, "b");
    }
    r = pawl_cbor_rd_from(t_hex("63 616263")); /* no room for its 0 */
    pawl_cbor_rd_text_to(&r, "t", poisoned_text, sizeof(poisoned_text));
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
    t_still_poisoned(poisoned, sizeof(poisoned));
    t_still_poisoned(poisoned_text, sizeof(poisoned_text));
}

static void reads_nested_items_in_order(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex("a3 01 82 f5 f6 02 d2 40 6161 20"));

    assert_int_equal(pawl_cbor_rd_map(&r, "m", 3), 3);
    pawl_cbor_rd_need(&r, 1, "one");
    assert_int_equal(pawl_cbor_rd_peek(&r), PAWL_CBOR_ARRAY);
    pawl_cbor_rd_array_of(&r, "one", 2);
    assert_true(pawl_cbor_rd_bool(&r, "bool"));
    pawl_cbor_rd_null(&r, "null");
    assert_int_equal(pawl_cbor_rd_peek(&r), PAWL_CBOR_NONE);
    pawl_cbor_rd_leave(&r, "one");
    assert_false(pawl_cbor_rd_key(&r, 3));
    assert_true(pawl_cbor_rd_key(&r, 2));
    pawl_cbor_rd_tag(&r, "two", 18);
    assert_int_equal(pawl_cbor_rd_bytes(&r, "two", 0, 0).n, 0);
    assert_true(pawl_view_equal(pawl_cbor_rd_text(&r, "key", 1), pawl_view_str("a")));
    assert_true(pawl_cbor_rd_int(&r, "a") == -1);
    pawl_cbor_rd_leave(&r, "m");
    T_OK(pawl_cbor_rd_end(&r, &err), &err);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static const struct {
    const char    *hex;
    enum pawl_code code;
    const char    *why;
} bad[] = {
    /* Not the shortest: each width, each major type. */
    { "1817", PAWL_E_FORM, "shortest" },
    { "1900ff", PAWL_E_FORM, "shortest" },
    { "1a0000ffff", PAWL_E_FORM, "shortest" },
    { "1b00000000ffffffff", PAWL_E_FORM, "shortest" },
    { "3800", PAWL_E_FORM, "shortest" },
    { "390000", PAWL_E_FORM, "shortest" },
    { "3a00000000", PAWL_E_FORM, "shortest" },
    { "3b0000000000000000", PAWL_E_FORM, "shortest" },
    { "580100", PAWL_E_FORM, "shortest" },
    { "59000100", PAWL_E_FORM, "shortest" },
    { "5a0000000100", PAWL_E_FORM, "shortest" },
    { "5b000000000000000100", PAWL_E_FORM, "shortest" },
    { "780161", PAWL_E_FORM, "shortest" },
    { "79000161", PAWL_E_FORM, "shortest" },
    { "7b000000000000000161", PAWL_E_FORM, "shortest" },
    { "980100", PAWL_E_FORM, "shortest" },
    { "9b000000000000000100", PAWL_E_FORM, "shortest" },
    { "b8010000", PAWL_E_FORM, "shortest" },
    { "bb00000000000000010000", PAWL_E_FORM, "shortest" },
    { "d81200", PAWL_E_FORM, "shortest" },
    { "d9001200", PAWL_E_FORM, "shortest" },
    { "db000000000000001200", PAWL_E_FORM, "shortest" },
    /* Indefinite lengths, and the break alone. */
    { "5f42010243030405ff", PAWL_E_FORM, "indefinite" },
    { "7f657374726561646d696e67ff", PAWL_E_FORM, "indefinite" },
    { "9fff", PAWL_E_FORM, "indefinite" },
    { "bfff", PAWL_E_FORM, "indefinite" },
    { "ff", PAWL_E_FORM, "indefinite" },
    { "81ff", PAWL_E_FORM, "indefinite" },
    /* Floats, undefined, other simple values. */
    { "f90000", PAWL_E_FORM, "floating" },
    { "f97e00", PAWL_E_FORM, "floating" },
    { "fa47c35000", PAWL_E_FORM, "floating" },
    { "fb3ff199999999999a", PAWL_E_FORM, "floating" },
    { "f7", PAWL_E_FORM, "undefined" },
    { "e0", PAWL_E_FORM, "simple value" },
    { "f0", PAWL_E_FORM, "simple value" },
    { "f3", PAWL_E_FORM, "simple value" },
    { "f8ff", PAWL_E_FORM, "simple value" },
    { "f814", PAWL_E_FORM, "simple value" },
    { "f818", PAWL_E_FORM, "simple value" },
    /* Reserved initial bytes. */
    { "1c", PAWL_E_FORM, "reserved" },
    { "1f", PAWL_E_FORM, "reserved" },
    { "3d", PAWL_E_FORM, "reserved" },
    { "5e", PAWL_E_FORM, "reserved" },
    { "7c", PAWL_E_FORM, "reserved" },
    { "9d", PAWL_E_FORM, "reserved" },
    { "be", PAWL_E_FORM, "reserved" },
    { "dc", PAWL_E_FORM, "reserved" },
    { "df", PAWL_E_FORM, "reserved" },
    { "fc", PAWL_E_FORM, "reserved" },
    /* Map keys. */
    { "a202000100", PAWL_E_FORM, "order" },
    { "a201000100", PAWL_E_FORM, "twice" },
    { "a26162006161 00", PAWL_E_FORM, "order" },
    { "a2 6161 00 01 00", PAWL_E_FORM, "order" },
    { "a2 20 00 1818 00", PAWL_E_FORM, "order" },
    { "a2 6162 00 626161 00 ", PAWL_OK, "" },
    { "a2 626161 00 6162 00 ", PAWL_E_FORM, "order" },
    { "a18000", PAWL_E_FORM, "map key" },
    { "a1a000", PAWL_E_FORM, "map key" },
    { "a1c10000", PAWL_E_FORM, "map key" },
    { "a1f400", PAWL_E_FORM, "map key" },
    { "a1f600", PAWL_E_FORM, "map key" },
    /* Text. */
    { "61ff", PAWL_E_FORM, "UTF-8" },
    { "62c080", PAWL_E_FORM, "UTF-8" },
    { "63eda080", PAWL_E_FORM, "UTF-8" },
    { "6100", PAWL_E_FORM, "UTF-8" },
    /* Beyond the input. */
    { "", PAWL_E_SHORT, "the input ends" },
    { "18", PAWL_E_SHORT, "inside an item" },
    { "1b00000000000000", PAWL_E_SHORT, "inside an item" },
    { "41", PAWL_E_SHORT, "inside an item" },
    { "5bffffffffffffffff00", PAWL_E_SHORT, "inside an item" },
    { "7bffffffffffffffff61", PAWL_E_SHORT, "inside an item" },
    { "5b7fffffffffffffff00", PAWL_E_SHORT, "inside an item" },
    { "81", PAWL_E_SHORT, "more items" },
    { "9bffffffffffffffff", PAWL_E_SHORT, "more items" },
    { "bbffffffffffffffff", PAWL_E_SHORT, "more items" },
    { "bb8000000000000000", PAWL_E_SHORT, "more items" },
    { "a101", PAWL_E_SHORT, "more items" },
    { "82 5800", PAWL_E_FORM, "shortest" },
    { "c1", PAWL_E_SHORT, "the input ends" },
    { "d2", PAWL_E_SHORT, "the input ends" },
    { "0000", PAWL_E_TRAILING, "left over" },
    { "8000", PAWL_E_TRAILING, "left over" },
    /* Depth: eight, and one more. */
    { "818181818181818100", PAWL_OK, "" },
    { "81818181818181818100", PAWL_E_RANGE, "deep" },
    { "a100a100a100a100a100a100a100a100a10000", PAWL_E_RANGE, "deep" },
    { "c1c1c1c1c1c1c1c1c1c1c1c1c1c100", PAWL_OK, "" },
};

static void refuses_every_other_encoding_for_its_reason(void **state)
{
    (void)state;
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex(bad[i].hex));
        pawl_cbor_rd_raw(&r, "item");
        if (bad[i].code == PAWL_OK) {
            T_OK(pawl_cbor_rd_end(&r, &err), &err);
            continue;
        }
        T_FAILS(pawl_cbor_rd_end(&r, &err), &err, bad[i].code);
        if (!strstr(err.why, bad[i].why))
            fail_msg("%s: %s", bad[i].hex, err.why);
    }
}

/* One read of each kind, on an item of another type. */
static void refuses_an_item_of_another_type(void **state)
{
    (void)state;
    struct pawl_err err;

    for (int kind = 0; kind < 9; kind++) {
        struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex(kind == 7 ? "00" : "c100"));
        if (kind == 0)
            pawl_cbor_rd_uint(&r, "x", 9);
        else if (kind == 1)
            pawl_cbor_rd_int(&r, "x");
        else if (kind == 2)
            assert_false(pawl_cbor_rd_bool(&r, "x"));
        else if (kind == 3)
            pawl_cbor_rd_null(&r, "x");
        else if (kind == 4)
            pawl_cbor_rd_bytes(&r, "x", 0, 9);
        else if (kind == 5)
            pawl_cbor_rd_text(&r, "x", 9);
        else if (kind == 6)
            assert_int_equal(pawl_cbor_rd_array(&r, "x", 9), 0);
        else if (kind == 7)
            pawl_cbor_rd_tag(&r, "x", 0);
        else
            assert_int_equal(pawl_cbor_rd_map(&r, "x", 9), 0);
        T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_FORM);
        T_WHERE(&err, "x");
        assert_int_equal(r.at, 0);
    }
}

static void holds_lengths_and_counts_to_their_limits(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex("43 010203"));

    assert_int_equal(pawl_cbor_rd_bytes(&r, "b", 0, 2).n, 0);
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
    r = pawl_cbor_rd_from(t_hex("43 010203"));
    assert_int_equal(pawl_cbor_rd_bytes(&r, "b", 4, 9).n, 0);
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
    r = pawl_cbor_rd_from(t_hex("63 616263"));
    assert_int_equal(pawl_cbor_rd_text(&r, "t", 2).n, 0);
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
    r = pawl_cbor_rd_from(t_hex("83 010203"));
    assert_int_equal(pawl_cbor_rd_array(&r, "a", 2), 0);
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
    for (size_t n = 2; n <= 4; n++) {
        r = pawl_cbor_rd_from(t_hex("83 010203"));
        pawl_cbor_rd_array_of(&r, "a", n);
        assert_int_equal(r.bad == NULL, n == 3);
    }
    r = pawl_cbor_rd_from(t_hex("a2 0102 0304"));
    assert_int_equal(pawl_cbor_rd_map(&r, "m", 1), 0);
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "m");
}

static void names_the_missing_and_the_unknown_field(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex("a1 01 00"));

    /* Missing at the end, and in the middle. */
    pawl_cbor_rd_map(&r, "m", 9);
    pawl_cbor_rd_need(&r, 1, "one");
    pawl_cbor_rd_uint(&r, "one", 9);
    pawl_cbor_rd_need(&r, 2, "two");
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "two");
    assert_non_null(strstr(err.why, "missing"));

    r = pawl_cbor_rd_from(t_hex("a1 02 00"));
    pawl_cbor_rd_map(&r, "m", 9);
    pawl_cbor_rd_need(&r, 1, "one");
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "one");

    /* Unknown: a key that nobody asked for. */
    r = pawl_cbor_rd_from(t_hex("a2 01 00 03 00"));
    pawl_cbor_rd_map(&r, "m", 9);
    pawl_cbor_rd_need(&r, 1, "one");
    pawl_cbor_rd_uint(&r, "one", 9);
    assert_false(pawl_cbor_rd_key(&r, 2));
    pawl_cbor_rd_leave(&r, "m");
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_TRAILING);
    T_WHERE(&err, "m");

    /* A key twice, or out of order, is named as such where the next is due. */
    r = pawl_cbor_rd_from(t_hex("a2 01 00 01 00"));
    pawl_cbor_rd_map(&r, "m", 9);
    pawl_cbor_rd_need(&r, 1, "one");
    pawl_cbor_rd_uint(&r, "one", 9);
    pawl_cbor_rd_need(&r, 2, "two");
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_FORM);
    assert_non_null(strstr(err.why, "twice"));

    /* An array with one item too many. */
    r = pawl_cbor_rd_from(t_hex("82 00 00"));
    assert_int_equal(pawl_cbor_rd_array(&r, "a", 9), 2);
    pawl_cbor_rd_uint(&r, "item", 9);
    pawl_cbor_rd_leave(&r, "a");
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_TRAILING);
    T_WHERE(&err, "a");
}

static void an_array_ends_where_it_says(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex("82 81 00 01"));

    pawl_cbor_rd_array_of(&r, "outer", 2);
    pawl_cbor_rd_array_of(&r, "inner", 1);
    pawl_cbor_rd_uint(&r, "a", 9);
    pawl_cbor_rd_uint(&r, "b", 9);
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_SHORT);
    T_WHERE(&err, "b");
}

static void a_failed_reader_yields_nothing(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex("01 41ff f5 81 00 a1 00 00"));

    pawl_cbor_rd_fail(&r, PAWL_E_RANGE, "first");
    pawl_cbor_rd_fail(&r, PAWL_E_FORM, "second");
    assert_int_equal(pawl_cbor_rd_peek(&r), PAWL_CBOR_NONE);
    assert_true(pawl_cbor_rd_uint(&r, "x", 9) == 0);
    assert_true(pawl_cbor_rd_int(&r, "x") == 0);
    assert_int_equal(pawl_cbor_rd_bytes(&r, "x", 0, 9).n, 0);
    assert_int_equal(pawl_cbor_rd_raw(&r, "x").n, 0);
    assert_int_equal(pawl_cbor_rd_array(&r, "x", 9), 0);
    assert_int_equal(pawl_cbor_rd_map(&r, "x", 9), 0);
    assert_false(pawl_cbor_rd_key(&r, 1));
    pawl_cbor_rd_leave(&r, "x");
    assert_int_equal(r.at, 0);
    assert_int_equal(r.depth, 0);
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "first");

    r = pawl_cbor_rd_from(t_hex("80"));
    pawl_cbor_rd_array(&r, "a", 0);
    pawl_cbor_rd_fail(&r, PAWL_E_RANGE, "first");
    pawl_cbor_rd_leave(&r, "a");
    assert_int_equal(r.depth, 1);
}

static void an_open_array_is_the_parsers_fault(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_cbor_rd r = pawl_cbor_rd_from(t_hex("80"));

    pawl_cbor_rd_array(&r, "a", 1);
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_BUG);
    pawl_cbor_rd_leave(&r, "a");
    T_OK(pawl_cbor_rd_end(&r, &err), &err);
    pawl_cbor_rd_leave(&r, "a");
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_BUG);
}

/* ---- the writer ----------------------------------------------------------------------------- */

static void assert_written(const struct pawl_wr *w, const char *hex)
{
    struct pawl_err  err;
    struct pawl_view out = { 0 };

    T_OK(pawl_wr_end(w, "cbor", &out, &err), &err);
    assert_true(pawl_view_equal(out, t_hex(hex)));
}

static void writes_the_examples_of_the_rfc(void **state)
{
    (void)state;
    uint8_t b[64];

    for (size_t i = 0; i < sizeof(uints) / sizeof(uints[0]); i++) {
        struct pawl_wr w = pawl_wr_to(b, sizeof(b));
        pawl_cbor_wr_uint(&w, uints[i].v);
        assert_written(&w, uints[i].hex);
    }
    for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
        struct pawl_wr w = pawl_wr_to(b, sizeof(b));
        pawl_cbor_wr_int(&w, ints[i].v);
        assert_written(&w, ints[i].hex);
    }
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));
    pawl_cbor_wr_array(&w, 7);
    pawl_cbor_wr_map(&w, 1);
    pawl_cbor_wr_text(&w, "a");
    pawl_cbor_wr_text_n(&w, t_hex("c3bc"));
    pawl_cbor_wr_bytes(&w, t_hex("01020304"));
    pawl_cbor_wr_bool(&w, false);
    pawl_cbor_wr_bool(&w, true);
    pawl_cbor_wr_null(&w);
    pawl_cbor_wr_tag(&w, 18);
    pawl_cbor_wr_bytes(&w, pawl_view(NULL, 0));
    pawl_cbor_wr_tag(&w, 96);
    pawl_cbor_wr_int(&w, -1);
    assert_written(&w, "87 a1 6161 62c3bc 4401020304 f4 f5 f6 d240 d86020");
}

static void fills_no_byte_beyond_its_room(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_view out;
    uint8_t          b[9];

    for (size_t cap = 0; cap < 9; cap++) {
        struct pawl_wr w = pawl_wr_to(b, cap);
        t_poison(b, sizeof(b));
        pawl_cbor_wr_uint(&w, UINT64_MAX);
        T_FAILS(pawl_wr_end(&w, "n", &out, &err), &err, PAWL_E_FULL);
        t_still_poisoned(b + cap, sizeof(b) - cap);
    }
}

/* ---- mutations ------------------------------------------------------------------------------ */

static const char sample[] =
    "d2 85 a3 01 1903e8 20 d818 4401020304 6162 82 f4 f6 43 a10126 1a000f4240 63e6b0b4 a1 00 80";

static void must_be_short(struct pawl_view in, void *arg)
{
    (void)arg;
    struct pawl_err     err;
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);

    pawl_cbor_rd_raw(&r, "item");
    T_FAILS(pawl_cbor_rd_end(&r, &err), &err, PAWL_E_SHORT);
}

static void every_truncation_is_short(void **state)
{
    (void)state;
    t_each_truncation(t_hex(sample), must_be_short, NULL);
}

static void has_one_spelling(struct pawl_view in, void *arg)
{
    size_t             *taken = arg;
    struct pawl_err     err;
    uint8_t             b[128];
    struct pawl_wr      w = pawl_wr_to(b, sizeof(b));
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);

    cbor_copy(&r, &w);
    if (!pawl_is_ok(pawl_cbor_rd_end(&r, &err)))
        return;
    assert_true(pawl_view_equal(pawl_view(w.p, w.n), in));
    ++*taken;
}

static void every_flip_is_refused_or_another_value(void **state)
{
    (void)state;
    size_t taken = 0;

    t_each_flip(t_hex("85 a3 01 1903e8 20 4401020304 6162 82 f4 f6 43 a10126 1a000f4240 63e6b0b4 "
                      "a1 00 80"),
                has_one_spelling, &taken);
    assert_true(taken > 50);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("takes the deterministic examples of the RFC",
               takes_the_deterministic_examples_of_the_rfc),
        T_CASE("reads unsigned numbers", reads_unsigned_numbers),
        T_CASE("reads signed numbers", reads_signed_numbers),
        T_CASE("strings are views into the input", strings_are_views_into_the_input),
        T_CASE("copies what fits and leaves the rest alone",
               copies_what_fits_and_leaves_the_rest_alone),
        T_CASE("reads nested items in order", reads_nested_items_in_order),
        T_CASE("refuses every other encoding for its reason",
               refuses_every_other_encoding_for_its_reason),
        T_CASE("refuses an item of another type", refuses_an_item_of_another_type),
        T_CASE("holds lengths and counts to their limits",
               holds_lengths_and_counts_to_their_limits),
        T_CASE("names the missing and the unknown field", names_the_missing_and_the_unknown_field),
        T_CASE("an array ends where it says", an_array_ends_where_it_says),
        T_CASE("a failed reader yields nothing", a_failed_reader_yields_nothing),
        T_CASE("an open array is the parser's fault", an_open_array_is_the_parsers_fault),
        T_CASE("writes the examples of the RFC", writes_the_examples_of_the_rfc),
        T_CASE("fills no byte beyond its room", fills_no_byte_beyond_its_room),
        T_CASE("every truncation is short", every_truncation_is_short),
        T_CASE("every flip is refused or another value", every_flip_is_refused_or_another_value),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
