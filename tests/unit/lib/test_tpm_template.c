/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the templates are what TPMs and tpm2-tools make, and nothing but exactly that passes
 * (K1, K2, K5, K10); the report names the field that differs. */
#include "tpm_vector.h"

static const struct {
    enum pawl_template t;
    const char        *key;
    bool               is_ek;
} real[] = {
    { PAWL_EK_RSA2048, "ek_l1", true },       { PAWL_EK_P256, "ek_l2", true },
    { PAWL_EK_P384, "ek_h3", true },          { PAWL_EK_RSA2048_H, "ek_h1", true },
    { PAWL_EK_P256_H, "ek_h2", true },        { PAWL_AK_P256, "ak_p256", false },
    { PAWL_AK_RSA2048, "ak_rsa2048", false }, { PAWL_TD_P256, "td", false },
    { PAWL_SRK_P256, "srk", false },          { PAWL_APP_P256, "app", false },
};
enum { REAL_N = sizeof(real) / sizeof(real[0]) };

static void real_keys_pass_their_own_template_and_no_other(void **state)
{
    (void)state;
    assert_int_equal(REAL_N, PAWL_TEMPLATE_COUNT - 1);
    for (size_t i = 0; i < REAL_N; i++) {
        struct pawl_err        err;
        struct pawl_tpm_public pub = tpm_public(real[i].key);
        T_OK(pawl_template_check(real[i].t, &pub, &err), &err);
        assert_int_equal(pawl_template_of_ek(&pub), real[i].is_ek ? real[i].t : PAWL_TEMPLATE_NONE);
        for (size_t other = 0; other < REAL_N; other++)
            if (other != i)
                T_FAILS(pawl_template_check(real[other].t, &pub, &err), &err, PAWL_E_DENIED);
    }
}

static void other_signing_keys_pass_no_template(void **state)
{
    (void)state;
    static const char *const keys[] = { "ak_rsapss", "ak_p384" };

    for (size_t k = 0; k < 2; k++) {
        struct pawl_tpm_public pub = tpm_public(keys[k]);
        for (int t = PAWL_TEMPLATE_NONE + 1; t < PAWL_TEMPLATE_COUNT; t++) {
            struct pawl_err err;
            T_FAILS(pawl_template_check((enum pawl_template)t, &pub, &err), &err, PAWL_E_DENIED);
        }
    }
}

static void differs_at(enum pawl_template t, const char *key, const char *field)
{
    struct pawl_err        err;
    struct pawl_tpm_public pub = tpm_public(key);

    T_FAILS(pawl_template_check(t, &pub, &err), &err, PAWL_E_DENIED);
    T_WHERE(&err, field);
}

static void names_the_first_field_that_differs(void **state)
{
    (void)state;
    differs_at(PAWL_EK_P256, "ek_l1", "type");
    differs_at(PAWL_EK_P256, "ek_h3", "nameAlg");
    differs_at(PAWL_EK_P256, "ek_h2", "objectAttributes");
    differs_at(PAWL_AK_P256, "td", "objectAttributes");
    differs_at(PAWL_AK_P256, "ak_p384", "parameters.scheme.details.hashAlg");
    differs_at(PAWL_AK_RSA2048, "ak_rsapss", "parameters.scheme.scheme");
    differs_at(PAWL_TD_P256, "srk", "objectAttributes");
}

/* One field of a real key changed, and the rest as it was. */
static void changed(enum pawl_template t, const char *key, size_t at, size_t n, const char *with,
                    const char *field)
{
    struct pawl_err        err;
    struct pawl_tpm_public pub;
    struct pawl_view       in = tpm_splice(tpm_vector(key, "pub"), at, n, t_hex(with));

    T_OK(pawl_tpm_public_parse(in, &pub, &err), &err);
    T_FAILS(pawl_template_check(t, &pub, &err), &err, PAWL_E_DENIED);
    T_WHERE(&err, field);
}

static void each_changed_field_is_refused_by_name(void **state)
{
    (void)state;
    /* An AK that is not restricted (K1), can be duplicated or was imported (K2). */
    changed(PAWL_AK_P256, "ak_p256", 4, 4, "00040472", "objectAttributes");
    changed(PAWL_AK_P256, "ak_p256", 4, 4, "00050470", "objectAttributes");
    changed(PAWL_AK_P256, "ak_p256", 4, 4, "00050462", "objectAttributes");
    changed(PAWL_AK_P256, "ak_p256", 4, 4, "00050452", "objectAttributes");
    changed(PAWL_AK_P256, "ak_p256", 4, 4, "00070472", "objectAttributes");
    changed(PAWL_AK_P256, "ak_p256", 4, 4, "00050072", "objectAttributes");
    changed(PAWL_AK_P256, "ak_p256", 2, 2, "000c", "nameAlg");
    changed(PAWL_AK_P256, "ak_p256", 14, 2, "000c", "parameters.scheme.details.hashAlg");
    changed(PAWL_AK_P256, "ak_p256", 12, 4, "0010", "parameters.scheme.scheme");
    changed(PAWL_AK_P256, "ak_p256", 10, 2, "0006 0080 0043", "parameters.symmetric.algorithm");
    /* Another policy (K5), another storage cipher (K10). */
    changed(PAWL_EK_P256, "ek_l2", 8, 34, "0000", "authPolicy");
    changed(PAWL_EK_P256, "ek_l2", 10, 1, "00", "authPolicy");
    changed(PAWL_EK_P256, "ek_l2", 44, 2, "0100", "parameters.symmetric.keyBits");
    changed(PAWL_EK_P256, "ek_l2", 42, 6, "0010", "parameters.symmetric.algorithm");
    changed(PAWL_EK_RSA2048, "ek_l1", 52, 4, "00010001", "parameters.rsaDetail.exponent");
}

/* A coordinate without its leading zero octet is the same key under another Name. */
static void another_spelling_of_a_key_is_refused(void **state)
{
    (void)state;
    struct pawl_err        err;
    struct pawl_tpm_public pub;
    struct pawl_view       ak = tpm_vector("ak_p256", "pub");
    static const char y[] = "0020 bb4c85a3d8ea29efaafa24406912dd84d5b14dc32bf656ef6c6bd58a5d943f92";
    struct pawl_view  padded = tpm_splice(
         tpm_splice(ak, 20, 34,
                    t_hex("0020 005543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00a")),
         54, 34, t_hex(y));
    struct pawl_view cut = tpm_splice(padded, 20, 3, t_hex("001f"));

    T_OK(pawl_tpm_public_parse(padded, &pub, &err), &err);
    T_OK(pawl_template_check(PAWL_AK_P256, &pub, &err), &err);
    T_OK(pawl_tpm_public_parse(cut, &pub, &err), &err);
    T_FAILS(pawl_template_check(PAWL_AK_P256, &pub, &err), &err, PAWL_E_DENIED);
    T_WHERE(&err, "unique.ecc");
}

static struct pawl_view written(enum pawl_template t, const struct pawl_public *key)
{
    struct pawl_err  err;
    uint8_t          b[PAWL_PUBLIC_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view v;

    T_OK(pawl_template_write(t, key, &w, &err), &err);
    T_OK(pawl_wr_end(&w, "template", &v, &err), &err);
    return t_copy(v);
}

static void writes_real_keys_byte_for_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < REAL_N; i++) {
        struct pawl_tpm_public pub = tpm_public(real[i].key);
        assert_true(pawl_view_equal(written(real[i].t, &pub.key), pub.bytes));
    }
}

/* With no key: the same structure up to unique, and there what the profile wants. */
static void writes_the_input_of_create(void **state)
{
    (void)state;
    static const uint8_t zeros[256];

    for (size_t i = 0; i < REAL_N; i++) {
        struct pawl_tpm_public pub = tpm_public(real[i].key);
        struct pawl_view       in = written(real[i].t, NULL);
        bool                   rsa = pub.key.kind == PAWL_KEY_RSA;
        bool                   full = real[i].t == PAWL_EK_RSA2048 || real[i].t == PAWL_EK_P256;
        size_t                 unique_n = rsa ? 2 + 256 : pub.key.n - 1 + 4;
        size_t                 head = pub.bytes.n - unique_n;
        assert_memory_equal(in.p, pub.bytes.p, head);
        if (!full) {
            assert_int_equal(in.n, head + (rsa ? 2 : 4));
            assert_memory_equal(in.p + head, zeros, in.n - head);
            continue;
        }
        assert_int_equal(in.n, pub.bytes.n);
        assert_memory_equal(in.p + head, pub.bytes.p + head, 2);
        assert_memory_equal(in.p + head + 2, zeros, rsa ? 256 : 32);
    }
}

static void refuses_a_key_that_does_not_fit(void **state)
{
    (void)state;
    struct pawl_err        err;
    uint8_t                b[PAWL_PUBLIC_MAX];
    struct pawl_wr         w = pawl_wr_to(b, sizeof(b));
    struct pawl_tpm_public rsa = tpm_public("ak_rsa2048");

    T_FAILS(pawl_template_write(PAWL_AK_P256, &rsa.key, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "unique");
    T_FAILS(pawl_template_write(PAWL_TEMPLATE_NONE, NULL, &w, &err), &err, PAWL_E_BUG);
    T_FAILS(pawl_template_write(PAWL_TEMPLATE_COUNT, NULL, &w, &err), &err, PAWL_E_BUG);
    T_FAILS(pawl_template_check(PAWL_TEMPLATE_NONE, &rsa, &err), &err, PAWL_E_BUG);
    assert_int_equal(w.n, 0);
    assert_string_equal(pawl_template_name(PAWL_EK_P384), "EK P-384 (H-3)");
    assert_string_equal(pawl_template_name(PAWL_TEMPLATE_COUNT), "no template");
}

/* Only the bits of the key itself may change; those of a point off the curve do not even parse. */
static void must_not_pass(struct pawl_view flipped, void *arg)
{
    struct pawl_err        err;
    struct pawl_tpm_public pub;

    if (!pawl_is_ok(pawl_tpm_public_parse(flipped, &pub, &err)))
        return;
    T_FAILS(pawl_template_check(*(enum pawl_template *)arg, &pub, &err), &err, PAWL_E_DENIED);
}

static void no_flipped_bit_outside_the_key_passes(void **state)
{
    (void)state;
    for (size_t i = 0; i < REAL_N; i++) {
        enum pawl_template t = real[i].t;
        struct pawl_view   v = tpm_vector(real[i].key, "pub");
        bool               rsa = v.n > 200;
        size_t head = rsa ? v.n - 256 : v.n; /* other bits of a modulus are other keys */
        for (size_t bit = 0; bit < 8 * head; bit++) {
            uint8_t b[PAWL_PUBLIC_MAX];
            memcpy(b, v.p, v.n);
            b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            must_not_pass(pawl_view(b, v.n), &t);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("real keys pass their own template and no other (K10)",
               real_keys_pass_their_own_template_and_no_other),
        T_CASE("writes real keys byte for byte", writes_real_keys_byte_for_byte),
        T_CASE("writes the input of Create", writes_the_input_of_create),
        T_CASE("other signing keys pass no template", other_signing_keys_pass_no_template),
        T_CASE("names the first field that differs", names_the_first_field_that_differs),
        T_CASE("each changed field is refused by name (K1, K2, K5)",
               each_changed_field_is_refused_by_name),
        T_CASE("another spelling of a key is refused", another_spelling_of_a_key_is_refused),
        T_CASE("refuses a key that does not fit", refuses_a_key_that_does_not_fit),
        T_CASE("no flipped bit outside the key passes", no_flipped_bit_outside_the_key_passes),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
