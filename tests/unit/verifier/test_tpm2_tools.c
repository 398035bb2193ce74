/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: files of tpm2-tools are read in each of their formats, byte for byte or not at all. What
 * a real tpm2_quote writes is proven end to end. */
#include "ctl/tpm2_tools.h"

#include <stdio.h>
#include <string.h>

#include "soft_tpm.h"
#include "t.h"

static const struct pawl_pcr_selection quoted = {
    .n = 3, .bank = { { PAWL_SHA1, 0x10 }, { PAWL_SHA384, 0 }, { PAWL_SHA256, 0x8001ff } }
};
enum { VALUES = 11 };

static uint8_t byte_of(size_t value)
{
    return (uint8_t)(0x30 + value);
}

static void put_le(uint8_t *p, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* The C structs of tss2, little-endian: 132 bytes of selection, a count, lists of 532 bytes. */
static struct pawl_view serialized(const struct pawl_pcr_selection *s)
{
    static uint8_t b[136 + 2 * 532];
    size_t         at = 0;

    memset(b, 0, sizeof(b));
    put_le(b, (uint32_t)s->n, 4);
    for (size_t i = 0; i < s->n; i++) {
        put_le(b + 4 + 8 * i, pawl_tpm_hash_id(s->bank[i].hash), 2);
        b[4 + 8 * i + 2] = 3;
        put_le(b + 4 + 8 * i + 3, s->bank[i].bits, 3);
    }
    put_le(b + 132, 2, 4);
    for (size_t i = 0; i < s->n; i++)
        for (uint32_t left = s->bank[i].bits; left; left &= left - 1, at++) {
            uint8_t *list = b + 136 + 532 * (at / 8), *digest = list + 4 + 66 * (at % 8);
            put_le(list, (uint32_t)(at % 8) + 1, 4);
            put_le(digest, (uint32_t)pawl_hash_n(s->bank[i].hash), 2);
            memset(digest + 2, byte_of(at), pawl_hash_n(s->bank[i].hash));
        }
    return t_copy(PAWL_VIEW_OF(b));
}

static void all_values_are_there(const struct pawl_pcr_values *v)
{
    assert_int_equal(v->n, VALUES);
    for (size_t i = 0; i < VALUES; i++) {
        assert_int_equal(v->value[i].n, i == 0 ? 20 : 32);
        assert_int_equal(v->value[i].b[0], byte_of(i));
        assert_int_equal(v->value[i].b[v->value[i].n - 1], byte_of(i));
    }
}

static void reads_serialized_pcrs(void **state)
{
    (void)state;
    struct pawl_pcr_values v;
    struct pawl_err        err;

    T_OK(tpm2_pcrs_read(serialized(&quoted), &quoted, &v, &err), &err);
    all_values_are_there(&v);
}

static struct pawl_view plain_values(void)
{
    uint8_t        b[20 + 10 * 32];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    for (size_t i = 0; i < VALUES; i++)
        for (size_t n = i == 0 ? 20 : 32; n; n--)
            pawl_wr_u8(&w, byte_of(i));
    return t_copy(PAWL_VIEW_OF(b));
}

static void reads_plain_values(void **state)
{
    (void)state;
    struct pawl_pcr_values v;
    struct pawl_err        err;

    T_OK(tpm2_pcrs_read(plain_values(), &quoted, &v, &err), &err);
    all_values_are_there(&v);
}

static void pcrs_refused(struct pawl_view file, enum pawl_code code, const char *where)
{
    struct pawl_pcr_values v;
    struct pawl_err        err;

    t_poison(&v, sizeof(v));
    T_FAILS(tpm2_pcrs_read(file, &quoted, &v, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&v, sizeof(v));
}

static void refuses_other_pcrs_than_quoted(void **state)
{
    (void)state;
    struct pawl_pcr_selection other = quoted;

    other.bank[2].bits ^= 0x100;
    pcrs_refused(serialized(&other), PAWL_E_FORGED, "pcrSelect");
}

static void refuses_counts_and_sizes_beyond_their_arrays(void **state)
{
    (void)state;
    struct pawl_view file = serialized(&quoted);

    put_le((uint8_t *)file.p + 136, 9, 4);
    pcrs_refused(file, PAWL_E_RANGE, "digests.count");
    file = serialized(&quoted);
    put_le((uint8_t *)file.p + 140, 65, 2);
    pcrs_refused(file, PAWL_E_RANGE, "digests.size");
    file = serialized(&quoted);
    put_le((uint8_t *)file.p, 5, 4); /* one bank more than there are hashes */
    pcrs_refused(file, PAWL_E_FULL, "pcrSelect");
}

static void prefix_is_refused(struct pawl_view file, void *arg)
{
    (void)arg;
    struct pawl_pcr_values v;
    struct pawl_err        err;

    assert_false(pawl_is_ok(tpm2_pcrs_read(file, &quoted, &v, &err)));
}

/* ---- the text of tpm2_pcrread --------------------------------------------------------------- */

#define ZEROS20 "0000000000000000000000000000000000000000"
#define ONES32  "1111111111111111111111111111111111111111111111111111111111111111"

static void reads_the_text_of_pcrs(void **state)
{
    (void)state;
    static const char text[] = "pcrs:\n  sha1:\n    0 : 0x" ZEROS20 "\n    17: 0x" ZEROS20 "\r\n"
                               "  sm3_256:\n    1 : 0xzz\n  sha384:\n\n"
                               "  sha256:\n    23: 0x" ONES32;
    const struct pawl_pcr_selection want = {
        .n = 3, .bank = { { PAWL_SHA1, 0x020001 }, { PAWL_SHA384, 0 }, { PAWL_SHA256, 0x800000 } }
    };
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
    struct pawl_err           err;

    T_OK(tpm2_pcrs_text_read(t_copy(pawl_view_str(text)), &select, &values, &err), &err);
    assert_true(pawl_pcr_selection_equal(&select, &want));
    assert_int_equal(values.n, 3);
    assert_true(pawl_view_equal(pawl_digest_view(&values.value[1]), t_hex(ZEROS20)));
    assert_true(pawl_view_equal(pawl_digest_view(&values.value[2]), t_hex(ONES32)));
}

static void refuses_other_texts_naming_the_line(void **state)
{
    (void)state;
    static const struct {
        const char    *text, *where;
        enum pawl_code code;
    } bad[] = {
        { "0 : 0x" ZEROS20, "line 1.bank", PAWL_E_FORM },
        { "sha1:\n0 : " ZEROS20, "line 2.value", PAWL_E_FORM },
        { "sha1:\n0 : 0x" ONES32, "line 2.value", PAWL_E_RANGE },
        { "sha256:\n0 : 0x" ZEROS20, "line 2.value", PAWL_E_RANGE },
        { "sha1:\n24 : 0x" ZEROS20, "line 2.pcr", PAWL_E_RANGE },
        { "sha1:\n1 : 0x" ZEROS20 "\n1 : 0x" ZEROS20, "line 3.pcr", PAWL_E_FORM },
        { "sha1:\n2 : 0x" ZEROS20 "\n1 : 0x" ZEROS20, "line 3.pcr", PAWL_E_FORM },
        { "sha1:\nsha256:\nsha1:", "line 3.bank", PAWL_E_FORM },
        { "sha1:\nwhat is this", "line 2.bank", PAWL_E_FORM },
    };
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
    struct pawl_err           err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        t_poison(&select, sizeof(select));
        t_poison(&values, sizeof(values));
        T_FAILS(tpm2_pcrs_text_read(t_copy(pawl_view_str(bad[i].text)), &select, &values, &err),
                &err, bad[i].code);
        T_WHERE(&err, bad[i].where);
        t_still_poisoned(&select, sizeof(select));
        t_still_poisoned(&values, sizeof(values));
    }
    T_FAILS(tpm2_pcrs_text_read(pawl_view("sha1:\0", 6), &select, &values, &err), &err,
            PAWL_E_FORM);
    T_WHERE(&err, "line 1");
}

static void no_prefix_is_a_pcr_file(void **state)
{
    (void)state;
    t_each_truncation(plain_values(), prefix_is_refused, NULL);
    pcrs_refused(pawl_view(serialized(&quoted).p, 136 + 532), PAWL_E_TRAILING, "end");
}

static void flip_stays_in_bounds(struct pawl_view file, void *arg)
{
    (void)arg;
    struct pawl_pcr_values v = { 0 };
    struct pawl_err        err;

    if (!pawl_is_ok(tpm2_pcrs_read(file, &quoted, &v, &err)))
        return;
    assert_true(v.n <= PAWL_PCR_VALUES_MAX);
    for (size_t i = 0; i < v.n; i++)
        assert_true(v.value[i].n <= PAWL_HASH_MAX);
}

static void a_flip_stays_in_bounds(void **state)
{
    (void)state;
    t_each_flip(serialized(&quoted), flip_stays_in_bounds, NULL);
}

/* ---- keys, quotes, signatures --------------------------------------------------------------- */

static struct pawl_view sized(struct pawl_view v)
{
    uint8_t        b[1024];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_wr_tpm2b(&w, v);
    return t_copy(pawl_view(b, w.n));
}

static void takes_a_public_area_with_and_without_size(void **state)
{
    (void)state;
    struct pawl_view ak = soft_template(PAWL_AK_P256, soft_key(PAWL_KEY_P256, 0));
    struct tpm_bytes got;
    bool             is_pem = true;
    struct pawl_err  err;

    T_OK(tpm2_public_read(ak, &got, &is_pem, &err), &err);
    assert_true(pawl_view_equal(tpm_bytes_view(&got), ak));
    assert_false(is_pem);
    T_OK(tpm2_public_read(sized(ak), &got, &is_pem, &err), &err);
    assert_true(pawl_view_equal(tpm_bytes_view(&got), ak));
    assert_true(pawl_view_equal(tpm2_attest_read(sized(ak)), ak));
    assert_true(pawl_view_equal(tpm2_attest_read(ak), ak));
}

static void refuses_a_public_area_that_does_not_fit(void **state)
{
    (void)state;
    static const uint8_t big[PAWL_PUBLIC_MAX + 1] = { 1 };
    struct tpm_bytes     got;
    bool                 is_pem;
    struct pawl_err      err;

    T_FAILS(tpm2_public_read(PAWL_VIEW_OF(big), &got, &is_pem, &err), &err, PAWL_E_RANGE);
    T_FAILS(tpm2_public_read(pawl_view_str("-----BEGIN PUBLIC KEY-----"), &got, &is_pem, &err),
            &err, PAWL_E_FORM);
}

static void a_plain_signature_gets_the_scheme_of_the_key(void **state)
{
    (void)state;
    struct pawl_view ak = soft_template(PAWL_AK_P256, soft_key(PAWL_KEY_P256, 0));
    struct tpm_bytes got;
    struct pawl_err  err;
    char             want[200];

    T_OK(tpm2_signature_read(t_hex("3006 020101 020102"), ak, &got, &err), &err);
    snprintf(want, sizeof(want), "0018 000b 0020 %064d 0020 %064d", 1, 2);
    assert_true(pawl_view_equal(tpm_bytes_view(&got), t_hex(want)));
    T_FAILS(tpm2_signature_read(t_hex("3006 0201"), ak, &got, &err), &err, PAWL_E_FORM);
    T_FAILS(tpm2_signature_read(pawl_view(NULL, 0), ak, &got, &err), &err, PAWL_E_RANGE);
}

/* A number that begins like an algorithm identifier is still a number. */
static void a_plain_rsa_signature_is_known_by_its_length(void **state)
{
    (void)state;
    struct pawl_view ak = soft_template(PAWL_AK_RSA2048, soft_key(PAWL_KEY_RSA, 0));
    uint8_t          plain[256] = { 0x00, 0x14, 0x00, 0x0b };
    struct tpm_bytes got;
    struct pawl_err  err;

    T_OK(tpm2_signature_read(PAWL_VIEW_OF(plain), ak, &got, &err), &err);
    assert_int_equal(got.n, 6 + 256);
    assert_true(pawl_view_equal(pawl_view(got.b, 6), t_hex("0014 000b 0100")));
    assert_memory_equal(got.b + 6, plain, 256);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads serialized PCRs", reads_serialized_pcrs),
        T_CASE("reads plain values", reads_plain_values),
        T_CASE("refuses other PCRs than were quoted", refuses_other_pcrs_than_quoted),
        T_CASE("refuses counts and sizes beyond their arrays",
               refuses_counts_and_sizes_beyond_their_arrays),
        T_CASE("reads the text of PCRs", reads_the_text_of_pcrs),
        T_CASE("refuses other texts, naming the line", refuses_other_texts_naming_the_line),
        T_CASE("no prefix is a PCR file", no_prefix_is_a_pcr_file),
        T_CASE("a flip stays in bounds", a_flip_stays_in_bounds),
        T_CASE("takes a public area with and without size",
               takes_a_public_area_with_and_without_size),
        T_CASE("refuses a public area that does not fit", refuses_a_public_area_that_does_not_fit),
        T_CASE("a plain signature gets the scheme of the key",
               a_plain_signature_gets_the_scheme_of_the_key),
        T_CASE("a plain RSA signature is known by its length",
               a_plain_rsa_signature_is_known_by_its_length),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
