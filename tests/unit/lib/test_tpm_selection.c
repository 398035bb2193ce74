/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a TPML_PCR_SELECTION and its text have one spelling each; a bank stands in it once, with
 * three octets (Q15). */
#include "tpm_vector.h"

static struct pawl_view marshalled(const struct pawl_pcr_selection *s)
{
    struct pawl_err  err;
    uint8_t          b[PAWL_PCR_SELECT_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view v;

    pawl_pcr_selection_write(s, &w);
    T_OK(pawl_wr_end(&w, "pcrs", &v, &err), &err);
    return t_copy(v);
}

static const struct {
    const char *bytes, *text;
} good[] = {
    { "00000001 000b 03 ff0000", "sha256:0,1,2,3,4,5,6,7" },
    { "00000002 0004 03 810000 000b 03 830401", "sha1:0,7+sha256:0,1,7,10,16" },
    { "00000002 000b 03 010000 0004 03 000000", "sha256:0+sha1:none" },
    { "00000001 000d 03 000080", "sha512:23" },
    { "00000004 0004 03 ffffff 000b 03 ffffff 000c 03 ffffff 000d 03 ffffff",
      "sha1:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23+"
      "sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23+"
      "sha384:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23+"
      "sha512:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23" },
};
enum { GOOD_N = sizeof(good) / sizeof(good[0]) };

static void bytes_and_text_are_one_to_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD_N; i++) {
        struct pawl_err           err;
        struct pawl_pcr_selection a, b;
        char                      text[512];
        T_OK(pawl_pcr_selection_parse(t_hex(good[i].bytes), &a, &err), &err);
        assert_true(pawl_view_equal(marshalled(&a), t_hex(good[i].bytes)));
        T_OK(pawl_pcr_selection_to_text(&a, text, sizeof(text), &err), &err);
        assert_string_equal(text, good[i].text);
        T_OK(pawl_pcr_selection_from_text(text, &b, &err), &err);
        assert_true(pawl_pcr_selection_equal(&a, &b));
    }
}

static void an_empty_list_is_taken(void **state)
{
    (void)state;
    struct pawl_err           err;
    struct pawl_pcr_selection s;
    char                      text[8];

    T_OK(pawl_pcr_selection_parse(t_hex("00000000"), &s, &err), &err);
    assert_int_equal(s.n, 0);
    assert_int_equal(pawl_pcr_selection_count(&s), 0);
    T_OK(pawl_pcr_selection_to_text(&s, text, sizeof(text), &err), &err);
    assert_string_equal(text, "");
}

static void counts_selected_pcrs(void **state)
{
    (void)state;
    static const size_t counts[GOOD_N] = { 8, 7, 1, 1, 96 };

    for (size_t i = 0; i < GOOD_N; i++) {
        struct pawl_err           err;
        struct pawl_pcr_selection s;
        T_OK(pawl_pcr_selection_parse(t_hex(good[i].bytes), &s, &err), &err);
        assert_int_equal(pawl_pcr_selection_count(&s), counts[i]);
    }
}

static void all_drops_sha512_then_sha384_then_sha1(void **state)
{
    (void)state;
    static const enum pawl_hash banks[][4] = {
        { PAWL_SHA1, PAWL_SHA256, PAWL_SHA384, PAWL_SHA512 },
        { PAWL_SHA1, PAWL_SHA256, PAWL_SHA384, PAWL_HASH_NONE },
        { PAWL_SHA1, PAWL_SHA256, PAWL_HASH_NONE, PAWL_HASH_NONE },
        { PAWL_SHA256, PAWL_HASH_NONE, PAWL_HASH_NONE, PAWL_HASH_NONE },
    };

    for (unsigned dropped = 0; dropped < 4; dropped++) {
        struct pawl_pcr_selection s = pawl_pcr_selection_all(dropped);
        assert_int_equal(s.n, 4 - dropped);
        for (size_t i = 0; i < s.n; i++) {
            assert_int_equal(s.bank[i].hash, banks[dropped][i]);
            assert_int_equal(s.bank[i].bits, 0xffffff);
        }
    }
}

static void order_and_bits_make_a_difference(void **state)
{
    (void)state;
    struct pawl_pcr_selection a = pawl_pcr_selection_all(2), b = a;

    b.bank[0] = a.bank[1];
    b.bank[1] = a.bank[0];
    assert_false(pawl_pcr_selection_equal(&a, &b));
    b = a;
    b.bank[1].bits ^= 1;
    assert_false(pawl_pcr_selection_equal(&a, &b));
    b = pawl_pcr_selection_all(3);
    assert_false(pawl_pcr_selection_equal(&a, &b));
}

/* Q15 */
static void refuses_what_a_tpm_would_take(void **state)
{
    (void)state;
    static const struct {
        const char    *bytes;
        enum pawl_code code;
        const char    *field;
    } bad[] = {
        { "00000002 000b 03 000001 000b 03 000001", PAWL_E_FORM, "pcrSelect.hash" },
        { "00000003 000b 03 000001 0004 03 010000 000b 03 000000", PAWL_E_FORM, "pcrSelect.hash" },
        { "00000001 0012 03 010000", PAWL_E_UNSUPPORTED, "pcrSelect.hash" },
        { "00000001 0010 03 010000", PAWL_E_UNSUPPORTED, "pcrSelect.hash" },
        { "00000001 000b 04 01000000", PAWL_E_RANGE, "pcrSelect.sizeofSelect" },
        { "00000001 000b 02 0100", PAWL_E_RANGE, "pcrSelect.sizeofSelect" },
        { "00000001 000b 00", PAWL_E_RANGE, "pcrSelect.sizeofSelect" },
        { "00000005 0004 03 010000 000b 03 010000 000c 03 010000 000d 03 010000 0004 03 000000",
          PAWL_E_RANGE, "pcrSelect.count" },
        { "ffffffff", PAWL_E_RANGE, "pcrSelect.count" },
        { "00000001 000b 03 010000 00", PAWL_E_TRAILING, "end" },
        { "00000000 000b 03 010000", PAWL_E_TRAILING, "end" },
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pawl_err           err;
        struct pawl_pcr_selection s;
        t_poison(&s, sizeof(s));
        T_FAILS(pawl_pcr_selection_parse(t_hex(bad[i].bytes), &s, &err), &err, bad[i].code);
        T_WHERE(&err, bad[i].field);
        t_still_poisoned(&s, sizeof(s));
    }
}

static void must_be_short(struct pawl_view cut, void *arg)
{
    struct pawl_err           err;
    struct pawl_pcr_selection s;

    (void)arg;
    T_FAILS(pawl_pcr_selection_parse(cut, &s, &err), &err, PAWL_E_SHORT);
}

static void no_truncation_parses(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD_N; i++)
        t_each_truncation(t_hex(good[i].bytes), must_be_short, NULL);
}

static void must_differ(struct pawl_view flipped, void *arg)
{
    struct pawl_err           err;
    struct pawl_pcr_selection s;

    if (pawl_is_ok(pawl_pcr_selection_parse(flipped, &s, &err))) {
        assert_false(pawl_pcr_selection_equal(&s, arg));
        assert_true(pawl_view_equal(marshalled(&s), flipped));
    }
}

static void no_flipped_bit_means_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD_N; i++) {
        struct pawl_err           err;
        struct pawl_pcr_selection s;
        T_OK(pawl_pcr_selection_parse(t_hex(good[i].bytes), &s, &err), &err);
        t_each_flip(t_hex(good[i].bytes), must_differ, &s);
    }
}

static void refuses_second_spellings_of_a_text(void **state)
{
    (void)state;
    static const struct {
        const char    *text;
        enum pawl_code code;
    } bad[] = {
        { "", PAWL_E_FORM },
        { "sha256", PAWL_E_FORM },
        { "sha256:", PAWL_E_FORM },
        { ":0", PAWL_E_FORM },
        { "sha256:0,", PAWL_E_FORM },
        { "sha256:,0", PAWL_E_FORM },
        { "sha256:0,,1", PAWL_E_FORM },
        { "sha256:1,0", PAWL_E_FORM },
        { "sha256:0,0", PAWL_E_FORM },
        { "sha256:00", PAWL_E_FORM },
        { "sha256: 0", PAWL_E_FORM },
        { "sha256:0 ", PAWL_E_FORM },
        { "sha256:0x1", PAWL_E_FORM },
        { "sha256:-1", PAWL_E_FORM },
        { "sha256:24", PAWL_E_RANGE },
        { "sha256:999", PAWL_E_RANGE },
        { "sha256:1000", PAWL_E_FORM },
        { "SHA256:0", PAWL_E_FORM },
        { "sm3_256:0", PAWL_E_FORM },
        { "none:0", PAWL_E_FORM },
        { "sha256:0+", PAWL_E_FORM },
        { "+sha256:0", PAWL_E_FORM },
        { "sha256:0+sha256:1", PAWL_E_FORM },
        { "sha256:none,0", PAWL_E_FORM },
        { "sha1:0+sha256:0+sha384:0+sha512:0+sha1:1", PAWL_E_RANGE },
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pawl_err           err;
        struct pawl_pcr_selection s;
        t_poison(&s, sizeof(s));
        T_FAILS(pawl_pcr_selection_from_text(bad[i].text, &s, &err), &err, bad[i].code);
        T_WHERE(&err, "pcrs");
        t_still_poisoned(&s, sizeof(s));
    }
}

static void a_text_fits_or_is_not_written(void **state)
{
    (void)state;
    struct pawl_err           err;
    struct pawl_pcr_selection s;
    char                      text[16];

    T_OK(pawl_pcr_selection_from_text("sha256:0,10", &s, &err), &err);
    T_OK(pawl_pcr_selection_to_text(&s, text, sizeof("sha256:0,10"), &err), &err);
    t_poison(text, sizeof(text));
    T_FAILS(pawl_pcr_selection_to_text(&s, text, sizeof("sha256:0,10") - 1, &err), &err,
            PAWL_E_FULL);
    t_still_poisoned(text, sizeof(text));
}

static void hash_identifiers_are_the_tcgs(void **state)
{
    (void)state;
    static const uint16_t ids[] = { 0x0010, 0x0004, 0x000b, 0x000c, 0x000d };

    for (int h = 0; h < PAWL_HASH_COUNT; h++)
        assert_int_equal(pawl_tpm_hash_id((enum pawl_hash)h), ids[h]);
    assert_int_equal(pawl_tpm_hash_id(PAWL_HASH_COUNT), PAWL_TPM_ALG_NULL);
    for (unsigned id = 0; id <= UINT16_MAX; id++) {
        enum pawl_hash h = pawl_tpm_hash((uint16_t)id);
        assert_true(h == PAWL_HASH_NONE || ids[h] == id);
    }
    assert_int_equal(pawl_tpm_hash(0x000c), PAWL_SHA384);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("bytes and text are one to one", bytes_and_text_are_one_to_one),
        T_CASE("an empty list is taken", an_empty_list_is_taken),
        T_CASE("counts selected PCRs", counts_selected_pcrs),
        T_CASE("all drops sha512, then sha384, then sha1", all_drops_sha512_then_sha384_then_sha1),
        T_CASE("order and bits make a difference", order_and_bits_make_a_difference),
        T_CASE("hash identifiers are the TCG's", hash_identifiers_are_the_tcgs),
        T_CASE("refuses what a TPM would take (Q15)", refuses_what_a_tpm_would_take),
        T_CASE("refuses second spellings of a text", refuses_second_spellings_of_a_text),
        T_CASE("a text fits or is not written", a_text_fits_or_is_not_written),
        T_CASE("no truncation parses", no_truncation_parses),
        T_CASE("no flipped bit means the same", no_flipped_bit_means_the_same),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
