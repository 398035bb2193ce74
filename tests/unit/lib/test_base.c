/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: cursors never read or write past their bounds and stay failed; texts decode to one value
 * or not at all; secrets are wiped. */
#include <string.h>

#include "t.h"

static void reads_big_endian(void **state)
{
    (void)state;
    struct pawl_err err;
    struct pawl_rd  r = pawl_rd_from(t_hex("01 0203 04050607 08090a0b0c0d0e0f 01 0002 aabb cc"));

    assert_int_equal(pawl_rd_u8(&r, "a"), 0x01);
    assert_int_equal(pawl_rd_u16(&r, "b"), 0x0203);
    assert_int_equal(pawl_rd_u32(&r, "c"), 0x04050607);
    assert_true(pawl_rd_u64(&r, "d") == 0x08090a0b0c0d0e0full);
    assert_true(pawl_rd_bool(&r, "e"));
    assert_true(pawl_view_equal(pawl_rd_tpm2b(&r, "f", 2), t_hex("aabb")));
    assert_true(pawl_view_equal(pawl_rd_bytes(&r, "g", 1), t_hex("cc")));
    T_OK(pawl_rd_end(&r, &err), &err);
}

static void reads_little_endian(void **state)
{
    (void)state;
    struct pawl_err err;
    struct pawl_rd  r = pawl_rd_from(t_hex("0302 07060504 0f0e0d0c0b0a0908 0000"));

    assert_int_equal(pawl_rd_u16_le(&r, "a"), 0x0203);
    assert_int_equal(pawl_rd_u32_le(&r, "b"), 0x04050607);
    assert_true(pawl_rd_u64_le(&r, "c") == 0x08090a0b0c0d0e0full);
    assert_int_equal(pawl_rd_u32_le(&r, "d"), 0);
    assert_int_equal(pawl_rd_u16_le(&r, "e"), 0);
    T_FAILS(pawl_rd_end(&r, &err), &err, PAWL_E_SHORT);
    T_WHERE(&err, "d");
}

static void names_the_first_field_that_failed(void **state)
{
    (void)state;
    struct pawl_err err;
    struct pawl_rd  r = pawl_rd_from(t_hex("0102"));

    pawl_rd_u16(&r, "first");
    assert_int_equal(pawl_rd_u32(&r, "second"), 0);
    assert_int_equal(pawl_rd_u8(&r, "third"), 0);
    T_FAILS(pawl_rd_end(&r, &err), &err, PAWL_E_SHORT);
    T_WHERE(&err, "second");
}

static void a_failed_reader_yields_nothing(void **state)
{
    (void)state;
    struct pawl_rd r = pawl_rd_from(t_hex("ff ff ff ff ff"));

    pawl_rd_fail(&r, PAWL_E_RANGE, "x");
    pawl_rd_fail(&r, PAWL_E_FORM, "y");
    assert_string_equal(r.bad, "x");
    assert_int_equal(pawl_rd_u8(&r, "u8"), 0);
    assert_int_equal(pawl_rd_count(&r, "count", 9), 0);
    assert_int_equal(pawl_rd_bytes(&r, "bytes", 1).n, 0);
    assert_int_equal(r.left, 5);
}

static void refuses_bytes_left_over(void **state)
{
    (void)state;
    struct pawl_err err;
    struct pawl_rd  r = pawl_rd_from(t_hex("0102"));

    pawl_rd_u8(&r, "a");
    T_FAILS(pawl_rd_end(&r, &err), &err, PAWL_E_TRAILING);
}

static void refuses_counts_sizes_and_bools_out_of_range(void **state)
{
    (void)state;
    struct pawl_err err;
    struct pawl_rd  r = pawl_rd_from(t_hex("00000005"));

    assert_int_equal(pawl_rd_count(&r, "count", 4), 0);
    T_FAILS(pawl_rd_end(&r, &err), &err, PAWL_E_RANGE);

    r = pawl_rd_from(t_hex("0003 aabbcc"));
    assert_int_equal(pawl_rd_tpm2b(&r, "size", 2).n, 0);
    T_FAILS(pawl_rd_end(&r, &err), &err, PAWL_E_RANGE);

    r = pawl_rd_from(t_hex("02"));
    assert_false(pawl_rd_bool(&r, "safe"));
    T_FAILS(pawl_rd_end(&r, &err), &err, PAWL_E_RANGE);
}

static void an_empty_input_is_fully_read(void **state)
{
    (void)state;
    struct pawl_err err;
    struct pawl_rd  r = pawl_rd_from(pawl_view(NULL, 0));

    T_OK(pawl_rd_end(&r, &err), &err);
    assert_int_equal(pawl_rd_bytes(&r, "none", 0).n, 0);
    T_OK(pawl_rd_end(&r, &err), &err);
}

static void writer_mirrors_reader(void **state)
{
    (void)state;
    struct pawl_err  err;
    uint8_t          b[17];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view out;

    pawl_wr_u8(&w, 1);
    pawl_wr_u16(&w, 0x0203);
    pawl_wr_u32(&w, 0x04050607);
    pawl_wr_u64(&w, 0x08090a0b0c0d0e0full);
    pawl_wr_tpm2b(&w, pawl_view(NULL, 0));
    T_OK(pawl_wr_end(&w, "all", &out, &err), &err);
    assert_true(pawl_view_equal(out, t_hex("01 0203 04050607 08090a0b0c0d0e0f 0000")));
}

static void a_full_writer_writes_nothing_more(void **state)
{
    (void)state;
    struct pawl_err  err;
    uint8_t          b[4];
    struct pawl_wr   w = pawl_wr_to(b, 2);
    struct pawl_view out;

    t_poison(b, sizeof(b));
    pawl_wr_u32(&w, 0);
    pawl_wr_u8(&w, 0);
    T_FAILS(pawl_wr_end(&w, "two", &out, &err), &err, PAWL_E_FULL);
    T_WHERE(&err, "two");
    t_still_poisoned(b, sizeof(b));
}

static void a_zero_status_is_no_success(void **state)
{
    (void)state;
    assert_false(pawl_is_ok((pawl_status){ 0 }));
    for (int c = 0; c < PAWL_CODE_COUNT; c++)
        assert_non_null(pawl_code_name((enum pawl_code)c));
    assert_string_equal(pawl_code_name((enum pawl_code)PAWL_CODE_COUNT), "unknown");
}

static void an_error_path_grows_at_the_front(void **state)
{
    (void)state;
    struct pawl_err err;

    T_FAILS(pawl_under(&err, "evidence", pawl_fail(&err, PAWL_E_SHORT, "quote", "%d left", 3)),
            &err, PAWL_E_SHORT);
    T_WHERE(&err, "evidence.quote");
    assert_string_equal(err.why, "3 left");

    const char *deep = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    T_FAILS(pawl_under(&err, deep, pawl_fail(&err, PAWL_E_SHORT, deep, "x")), &err, PAWL_E_SHORT);
    assert_int_equal(strlen(err.where), sizeof(err.where) - 1);
}

static void an_error_is_one_line_for_any_terminal(void **state)
{
    (void)state;
    struct pawl_err err;

    T_FAILS(pawl_fail(&err, PAWL_E_FORGED, "tls\n.ca",
                      "CN=a\nb\r\t\x1b[2J\x7f \xc2\x9b \xc3\xa4 %s", "\x01"),
            &err, PAWL_E_FORGED);
    T_WHERE(&err, "tls?.ca");
    assert_string_equal(err.why, "CN=a?b???[2J? ?? \xc3\xa4 ?");
    T_FAILS(pawl_fail(&err, PAWL_E_FORM, "f", "\xc2"), &err, PAWL_E_FORM); /* cut there */
    assert_string_equal(err.why, "\xc2");
    for (int pad = 0; pad < 4; pad++) { /* what does not fit ends with a whole character */
        T_FAILS(
            pawl_fail(
                &err, PAWL_E_FORM, "f", "%*s%080d%s%s%s", pad, "", 0,
                "\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91",
                "\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91",
                "\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91\xf0\x9f\x94\x91"),
            &err, PAWL_E_FORM);
        assert_true(pawl_is_utf8(pawl_view_str(err.why)));
        assert_true(strlen(err.why) >= sizeof(err.why) - 4);
    }
    for (int c = 1; c < 256; c++) {
        T_FAILS(pawl_fail(&err, PAWL_E_FORM, "f", "%c", c), &err, PAWL_E_FORM);
        assert_int_equal((unsigned char)err.why[0], c < 32 || c == 127 ? '?' : c);
    }
}

static void hex_is_strict(void **state)
{
    (void)state;
    struct pawl_err err;
    uint8_t         b[3];
    size_t          n = 99;
    char            text[7];

    T_OK(pawl_hex_parse("00fFa5", "f", b, 3, &n, &err), &err);
    assert_int_equal(n, 3);
    T_OK(pawl_hex_write(pawl_view(b, 3), text, sizeof(text), &err), &err);
    assert_string_equal(text, "00ffa5");
    T_FAILS(pawl_hex_write(pawl_view(b, 3), text, 6, &err), &err, PAWL_E_FULL);
    T_FAILS(pawl_hex_parse("0", "f", b, 3, &n, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_hex_parse("0x00", "f", b, 3, &n, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_hex_parse("00 0", "f", b, 3, &n, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_hex_parse("00000000", "f", b, 3, &n, &err), &err, PAWL_E_FULL);
    T_FAILS(pawl_hex_parse_exact("0000", "f", b, 3, &err), &err, PAWL_E_RANGE);
    T_OK(pawl_hex_parse("", "f", b, 0, &n, &err), &err);
    assert_int_equal(n, 0);
}

/* RFC 4648, section 10, without padding. */
static const struct {
    const char *bytes, *text;
} b64[] = {
    { "", "" },           { "f", "Zg" },          { "fo", "Zm8" },         { "foo", "Zm9v" },
    { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }
};

static void base64url_follows_rfc_4648(void **state)
{
    (void)state;
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(b64) / sizeof(b64[0]); i++) {
        char    text[16];
        uint8_t b[16];
        size_t  n = 99;
        T_OK(pawl_b64url_write(pawl_view_str(b64[i].bytes), text, sizeof(text), &err), &err);
        assert_string_equal(text, b64[i].text);
        assert_int_equal(pawl_b64url_n(strlen(b64[i].bytes)), strlen(text));
        T_OK(pawl_b64url_parse(pawl_view_str(text), "f", b, sizeof(b), &n, &err), &err);
        assert_true(pawl_view_equal(pawl_view(b, n), pawl_view_str(b64[i].bytes)));
    }
}

static void base64url_refuses_second_spellings(void **state)
{
    (void)state;
    struct pawl_err          err;
    uint8_t                  b[16];
    size_t                   n;
    static const char *const bad[] = {
        "Zg==", "Zh", "Zm9", "Z", "Zm9v\n", "Zm+v", "Zm/v", "Zm9vY"
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        T_FAILS(pawl_b64url_parse(pawl_view_str(bad[i]), "f", b, sizeof(b), &n, &err), &err,
                PAWL_E_FORM);
    T_FAILS(pawl_b64url_parse(pawl_view_str("Zm9vYmFy"), "f", b, 5, &n, &err), &err, PAWL_E_FULL);
}

static void base64_follows_rfc_4648(void **state)
{
    (void)state;
    struct pawl_err          err;
    static const char *const text[] = { "",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
    static const uint8_t     last_digits[] = { 0xfb, 0xef, 0xff };
    const struct pawl_view   high = PAWL_VIEW_OF(last_digits);
    char                     out[16];
    uint8_t                  b[16];
    size_t                   n;

    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        struct pawl_view bytes = pawl_view_str(b64[i].bytes);

        T_OK(pawl_b64_write(bytes, out, sizeof(out), &err), &err);
        assert_string_equal(out, text[i]);
        assert_int_equal(pawl_b64_n(bytes.n), strlen(out));
        T_OK(pawl_b64_parse(pawl_view_str(out), "f", b, sizeof(b), &n, &err), &err);
        assert_true(pawl_view_equal(pawl_view(b, n), bytes));
    }
    T_OK(pawl_b64_write(high, out, 5, &err), &err);
    assert_string_equal(out, "++//");
    T_OK(pawl_b64_parse(pawl_view_str("++//"), "f", b, sizeof(b), &n, &err), &err);
    assert_true(pawl_view_equal(pawl_view(b, n), high));
    T_FAILS(pawl_b64_write(high, out, 4, &err), &err, PAWL_E_FULL);
}

static void base64_refuses_second_spellings(void **state)
{
    (void)state;
    struct pawl_err          err;
    uint8_t                  b[16];
    size_t                   n;
    static const char *const bad[] = {
        "Zg",   "Zg=",  "Zh==",     "Zm9=",   "Z===",           "====", "Zm9v\n",
        "Zm-v", "Zm_v", "Zg==Zg==", "Zg==\n", "Zm9vYg==\n\n\n", "=Zg="
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        T_FAILS(pawl_b64_parse(pawl_view_str(bad[i]), "f", b, sizeof(b), &n, &err), &err,
                PAWL_E_FORM);
    T_FAILS(pawl_b64_parse(pawl_view_str("Zm9vYg=="), "f", b, 3, &n, &err), &err, PAWL_E_FULL);
}

static void numbers_are_plain_decimal_and_bounded(void **state)
{
    (void)state;
    struct pawl_err err;
    uint64_t        v = 7;

    T_OK(pawl_u64_parse("0", "f", 10, &v, &err), &err);
    assert_true(v == 0);
    T_OK(pawl_u64_parse("18446744073709551615", "f", UINT64_MAX, &v, &err), &err);
    assert_true(v == UINT64_MAX);
    T_FAILS(pawl_u64_parse("18446744073709551616", "f", UINT64_MAX, &v, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_u64_parse("11", "f", 10, &v, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_u64_parse("9", "f", 5, &v, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_u64_parse("01", "f", 10, &v, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_u64_parse("", "f", 10, &v, &err), &err, PAWL_E_FORM);
    T_FAILS(pawl_u64_parse("-1", "f", 10, &v, &err), &err, PAWL_E_FORM);
    assert_true(v == UINT64_MAX);
}

static void utf8_is_shortest_and_without_surrogates(void **state)
{
    (void)state;
    assert_true(pawl_is_utf8(t_hex("61 c3a9 e282ac f09f9880")));
    assert_false(pawl_is_utf8(t_hex("00")));
    assert_false(pawl_is_utf8(t_hex("c080")));
    assert_false(pawl_is_utf8(t_hex("eda080")));
    assert_false(pawl_is_utf8(t_hex("f4908080")));
    assert_false(pawl_is_utf8(t_hex("e282")));
    assert_false(pawl_is_utf8(t_hex("80")));
}

static void names_keep_to_their_grammar(void **state)
{
    (void)state;
    assert_true(pawl_is_name(pawl_view_str("default")));
    assert_true(pawl_is_name(pawl_view_str("9-a_b.c")));
    assert_false(pawl_is_name(pawl_view_str("")));
    assert_false(pawl_is_name(pawl_view_str("../x")));
    assert_false(pawl_is_name(pawl_view_str("A")));
    assert_false(pawl_is_name(pawl_view_str("a/b")));
    assert_false(pawl_is_name(pawl_view_str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}

static void secrets_are_wiped_and_compared_whole(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret a = { 0 }, b = { 0 }, none = { 0 };

    T_OK(pawl_secret_from(pawl_view_str("0123456789"), "a", &a, &err), &err);
    T_OK(pawl_secret_from(pawl_view_str("0123456789"), "b", &b, &err), &err);
    assert_true(pawl_secret_equal(&a, &b));
    b.b[9] ^= 1;
    assert_false(pawl_secret_equal(&a, &b));
    b.b[9] ^= 1;
    b.n = 9;
    assert_false(pawl_secret_equal(&a, &b));
    assert_false(pawl_secret_equal(&none, &none));
    pawl_secret_wipe(&a);
    assert_memory_equal(&a, &none, sizeof(a));
    uint8_t big[PAWL_SECRET_MAX + 1] = { 0 };
    T_FAILS(pawl_secret_from(PAWL_VIEW_OF(big), "key", &a, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "key");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads big-endian", reads_big_endian),
        T_CASE("reads little-endian", reads_little_endian),
        T_CASE("names the first field that failed", names_the_first_field_that_failed),
        T_CASE("a failed reader yields nothing", a_failed_reader_yields_nothing),
        T_CASE("refuses bytes left over", refuses_bytes_left_over),
        T_CASE("refuses counts, sizes and bools out of range",
               refuses_counts_sizes_and_bools_out_of_range),
        T_CASE("an empty input is fully read", an_empty_input_is_fully_read),
        T_CASE("writer mirrors reader", writer_mirrors_reader),
        T_CASE("a full writer writes nothing more", a_full_writer_writes_nothing_more),
        T_CASE("a zero status is no success", a_zero_status_is_no_success),
        T_CASE("an error path grows at the front", an_error_path_grows_at_the_front),
        T_CASE("an error is one line for any terminal", an_error_is_one_line_for_any_terminal),
        T_CASE("hex is strict", hex_is_strict),
        T_CASE("base64url follows RFC 4648", base64url_follows_rfc_4648),
        T_CASE("base64url refuses second spellings", base64url_refuses_second_spellings),
        T_CASE("base64 follows RFC 4648", base64_follows_rfc_4648),
        T_CASE("base64 refuses second spellings", base64_refuses_second_spellings),
        T_CASE("numbers are plain decimal and bounded", numbers_are_plain_decimal_and_bounded),
        T_CASE("utf-8 is shortest and without surrogates", utf8_is_shortest_and_without_surrogates),
        T_CASE("names keep to their grammar", names_keep_to_their_grammar),
        T_CASE("secrets are wiped and compared whole", secrets_are_wiped_and_compared_whole),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
