/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a quote and a certification are read field for field, and no other attestation, foreign
 * blob, truncation or selection trick passes for one (Q1, Q2, Q3, Q15). */
#include "tpm_vector.h"

/* Where fields lie in quote_p256: a Name of 34 bytes, 32 bytes of extraData, one bank. */
enum {
    MAGIC = 0,
    TYPE = 4,
    SIGNER = 6,
    EXTRA = 42,
    CLOCK = 76,
    SAFE = 92,
    FIRMWARE = 93,
    COUNT = 101,
    HASH = 105,
    SELECT_N = 107,
    SELECT = 108,
    DIGEST = 111,
};

static void reads_a_real_quote(void **state)
{
    (void)state;
    struct pawl_err   err;
    struct pawl_view  in = tpm_vector("quote_p256", "attest");
    struct pawl_quote q;

    T_OK(pawl_quote_parse(in, &q, &err), &err);
    assert_true(pawl_view_equal(q.signer, tpm_vector("ak_p256", "qname")));
    assert_true(pawl_view_equal(
        q.nonce, t_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")));
    struct pawl_rd r = pawl_rd_from(pawl_view(in.p + CLOCK, in.n - CLOCK));
    assert_true(q.clock.clock_ms == pawl_rd_u64(&r, "clock"));
    assert_true(q.clock.clock_ms > 0);
    assert_int_equal(q.clock.resets, pawl_rd_u32(&r, "resetCount"));
    assert_int_equal(q.clock.restarts, pawl_rd_u32(&r, "restartCount"));
    assert_int_equal(q.clock.safe, pawl_rd_bool(&r, "safe"));
    assert_true(q.clock.firmware == pawl_rd_u64(&r, "firmwareVersion"));
    assert_true(q.clock.firmware != 0);
    assert_int_equal(q.pcrs.n, 1);
    assert_int_equal(q.pcrs.bank[0].hash, PAWL_SHA256);
    assert_int_equal(q.pcrs.bank[0].bits, 0xff);
    assert_int_equal(q.digest.n, 32);
    assert_ptr_equal(q.digest.p, in.p + DIGEST + 2);
}

static void reads_a_real_certification(void **state)
{
    (void)state;
    struct pawl_err     err;
    struct pawl_certify c;

    T_OK(pawl_certify_parse(tpm_vector("certify_td", "attest"), &c, &err), &err);
    assert_true(pawl_view_equal(c.signer, tpm_vector("ak_p256", "qname")));
    assert_true(pawl_view_equal(c.name, tpm_vector("td", "name")));
    assert_true(pawl_view_equal(c.qualified_name, tpm_vector("td", "qname")));
}

static void refuse_quote(struct pawl_view in, enum pawl_code code, const char *field)
{
    struct pawl_err   err;
    struct pawl_quote q;

    t_poison(&q, sizeof(q));
    T_FAILS(pawl_quote_parse(in, &q, &err), &err, code);
    T_WHERE(&err, field);
    t_still_poisoned(&q, sizeof(q));
}

static void refuse_certify(struct pawl_view in, enum pawl_code code, const char *field)
{
    struct pawl_err     err;
    struct pawl_certify c;

    t_poison(&c, sizeof(c));
    T_FAILS(pawl_certify_parse(in, &c, &err), &err, code);
    T_WHERE(&err, field);
    t_still_poisoned(&c, sizeof(c));
}

/* Q1: what a key signs for others never begins with this word. */
static void refuses_another_magic(void **state)
{
    (void)state;
    struct pawl_view q = tpm_vector("quote_p256", "attest");

    refuse_quote(tpm_splice(q, MAGIC, 4, t_hex("ff544346")), PAWL_E_FORGED, "magic");
    refuse_quote(tpm_splice(q, MAGIC, 4, t_hex("00000000")), PAWL_E_FORGED, "magic");
    refuse_quote(t_hex("00000000 8018"), PAWL_E_FORGED, "magic");
    refuse_certify(tpm_splice(tpm_vector("certify_td", "attest"), MAGIC, 4, t_hex("7fff4347")),
                   PAWL_E_FORGED, "magic");
}

/* Q2: real attestations of other types, and a quote that only says another one. */
static void refuses_another_type(void **state)
{
    (void)state;
    static const uint16_t others[] = { 0x8014, 0x8015, 0x8016, 0x8017, 0x8019, 0x801a, 0x801c, 0 };

    refuse_quote(tpm_vector("certify_td", "attest"), PAWL_E_FORGED, "type");
    refuse_quote(tpm_vector("time", "attest"), PAWL_E_FORGED, "type");
    refuse_certify(tpm_vector("quote_p256", "attest"), PAWL_E_FORGED, "type");
    refuse_certify(tpm_vector("time", "attest"), PAWL_E_FORGED, "type");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        refuse_quote(tpm_put_u16(tpm_vector("quote_p256", "attest"), TYPE, others[i]),
                     PAWL_E_FORGED, "type");
}

static void refuses_sizes_and_values_out_of_range(void **state)
{
    (void)state;
    struct pawl_view q = tpm_vector("quote_p256", "attest");

    refuse_quote(tpm_put_u16(q, SIGNER, PAWL_NAME_MAX + 1), PAWL_E_RANGE, "qualifiedSigner");
    refuse_quote(tpm_put_u16(q, EXTRA, PAWL_EXTRA_DATA_MAX + 1), PAWL_E_RANGE, "extraData");
    refuse_quote(tpm_splice(q, SAFE, 1, t_hex("02")), PAWL_E_RANGE, "clockInfo.safe");
    refuse_quote(tpm_put_u16(q, DIGEST, PAWL_HASH_MAX + 1), PAWL_E_RANGE, "pcrDigest");
    refuse_quote(tpm_put_u16(q, DIGEST, 33), PAWL_E_SHORT, "pcrDigest");
    refuse_quote(tpm_put_u16(q, DIGEST, 31), PAWL_E_TRAILING, "end");
    refuse_quote(tpm_splice(q, q.n, 0, t_hex("00")), PAWL_E_TRAILING, "end");

    struct pawl_view c = tpm_vector("certify_td", "attest");
    refuse_certify(tpm_splice(c, c.n, 0, t_hex("00")), PAWL_E_TRAILING, "end");
    refuse_certify(tpm_put_u16(c, c.n - 36, PAWL_NAME_MAX + 1), PAWL_E_RANGE, "qualifiedName");
}

/* Q15: among them a quote that a real TPM signed. */
static void refuses_selections_that_a_tpm_would_sign(void **state)
{
    (void)state;
    struct pawl_view q = tpm_vector("quote_p256", "attest");

    refuse_quote(tpm_vector("quote_bank_twice", "attest"), PAWL_E_FORM, "pcrSelect.hash");
    refuse_quote(tpm_put_u16(q, HASH, 0x0012), PAWL_E_UNSUPPORTED, "pcrSelect.hash");
    refuse_quote(tpm_splice(q, SELECT_N, 1, t_hex("04")), PAWL_E_RANGE, "pcrSelect.sizeofSelect");
    refuse_quote(tpm_splice(q, SELECT_N, 4, t_hex("04 ff000000")), PAWL_E_RANGE,
                 "pcrSelect.sizeofSelect");
    refuse_quote(tpm_splice(q, COUNT, 4, t_hex("00000005")), PAWL_E_RANGE, "pcrSelect.count");
    refuse_quote(tpm_splice(q, COUNT, 4, t_hex("ffffffff")), PAWL_E_RANGE, "pcrSelect.count");
}

static void an_empty_selection_is_visible(void **state)
{
    (void)state;
    struct pawl_err   err;
    struct pawl_quote q;

    T_OK(pawl_quote_parse(tpm_vector("quote_nothing", "attest"), &q, &err), &err);
    assert_int_equal(pawl_pcr_selection_count(&q.pcrs), 0);
    assert_true(pawl_view_equal(
        q.digest, t_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")));
}

static void names_the_field_where_input_ends(void **state)
{
    (void)state;
    static const struct {
        size_t      n;
        const char *field;
    } ends[] = { { 0, "magic" },
                 { 3, "magic" },
                 { TYPE + 1, "type" },
                 { SIGNER + 1, "qualifiedSigner" },
                 { EXTRA + 33, "extraData" },
                 { CLOCK + 7, "clockInfo.clock" },
                 { CLOCK + 11, "clockInfo.resetCount" },
                 { CLOCK + 15, "clockInfo.restartCount" },
                 { SAFE, "clockInfo.safe" },
                 { FIRMWARE + 7, "firmwareVersion" },
                 { COUNT + 3, "pcrSelect.count" },
                 { HASH + 1, "pcrSelect.hash" },
                 { SELECT_N, "pcrSelect.sizeofSelect" },
                 { SELECT + 2, "pcrSelect.pcrSelect" },
                 { DIGEST + 33, "pcrDigest" } };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct pawl_view q = tpm_vector("quote_p256", "attest");
        refuse_quote(t_copy(pawl_view(q.p, ends[i].n)), PAWL_E_SHORT, ends[i].field);
    }
}

static void quote_must_be_short(struct pawl_view cut, void *arg)
{
    struct pawl_err   err;
    struct pawl_quote q;

    (void)arg;
    T_FAILS(pawl_quote_parse(cut, &q, &err), &err, PAWL_E_SHORT);
}

static void certify_must_be_short(struct pawl_view cut, void *arg)
{
    struct pawl_err     err;
    struct pawl_certify c;

    (void)arg;
    T_FAILS(pawl_certify_parse(cut, &c, &err), &err, PAWL_E_SHORT);
}

static void no_truncation_parses(void **state)
{
    (void)state;
    t_each_truncation(tpm_vector("quote_all", "attest"), quote_must_be_short, NULL);
    t_each_truncation(tpm_vector("quote_p384", "attest"), quote_must_be_short, NULL);
    t_each_truncation(tpm_vector("certify_td", "attest"), certify_must_be_short, NULL);
}

/* Each bit of a quote is read into something: no byte is skipped. */
static void must_read_differently(struct pawl_view flipped, void *arg)
{
    const struct pawl_quote *good = arg;
    struct pawl_err          err;
    struct pawl_quote        q;

    if (!pawl_is_ok(pawl_quote_parse(flipped, &q, &err)))
        return;
    assert_false(pawl_view_equal(q.signer, good->signer) && pawl_view_equal(q.nonce, good->nonce) &&
                 q.clock.clock_ms == good->clock.clock_ms && q.clock.resets == good->clock.resets &&
                 q.clock.restarts == good->clock.restarts && q.clock.safe == good->clock.safe &&
                 q.clock.firmware == good->clock.firmware &&
                 pawl_pcr_selection_equal(&q.pcrs, &good->pcrs) &&
                 pawl_view_equal(q.digest, good->digest));
}

static void every_bit_is_read(void **state)
{
    (void)state;
    struct pawl_err   err;
    struct pawl_view  in = tpm_vector("quote_two_banks", "attest");
    struct pawl_quote q;

    T_OK(pawl_quote_parse(in, &q, &err), &err);
    t_each_flip(in, must_read_differently, &q);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads a real quote", reads_a_real_quote),
        T_CASE("reads a real certification", reads_a_real_certification),
        T_CASE("an empty selection is visible (Q16)", an_empty_selection_is_visible),
        T_CASE("refuses another magic (Q1)", refuses_another_magic),
        T_CASE("refuses another type (Q2)", refuses_another_type),
        T_CASE("refuses sizes and values out of range (Q3)", refuses_sizes_and_values_out_of_range),
        T_CASE("refuses selections that a TPM would sign (Q15)",
               refuses_selections_that_a_tpm_would_sign),
        T_CASE("names the field where input ends", names_the_field_where_input_ends),
        T_CASE("no truncation parses", no_truncation_parses),
        T_CASE("every bit is read", every_bit_is_read),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
