/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: TPMT_PUBLIC is taken whole or refused with the field that is wrong; no weak hash, small
 * modulus, odd exponent or point off its curve comes out of it (K3, Q5, Q7, Q9). */
#include "tpm_vector.h"

/* Where fields lie in the vectors: type, nameAlg, objectAttributes and a policy of 0 or 32 bytes
 * stand before the parameters. */
enum {
    TYPE = 0,
    NAME_ALG = 2,
    POLICY = 8,
    AK_SYM = 10,
    AK_SCHEME = 12,
    AK_SCHEME_HASH = 14,
    AK_CURVE = 16,
    AK_KDF = 18,
    AK_X = 20,
    AK_Y = AK_X + 34,
    AK_RSA_BITS = 16,
    AK_RSA_EXPONENT = 18,
    AK_RSA_N = 22,
    EK_SYM = 42,
    EK_SYM_BITS = 44,
    EK_SYM_MODE = 46,
};

static void takes_keys_of_a_real_tpm(void **state)
{
    (void)state;
    struct pawl_tpm_public p = tpm_public("ek_h3");

    assert_int_equal(p.type, PAWL_TPM_ALG_ECC);
    assert_int_equal(p.name_alg, PAWL_SHA384);
    assert_int_equal(p.attributes, 0x000300f2);
    assert_int_equal(p.policy.n, 48);
    assert_int_equal(p.sym, PAWL_TPM_ALG_AES);
    assert_int_equal(p.sym_bits, 256);
    assert_int_equal(p.scheme, PAWL_TPM_ALG_NULL);
    assert_int_equal(p.key.kind, PAWL_KEY_P384);
    assert_int_equal(p.key.n, PAWL_POINT_MAX);

    p = tpm_public("ak_p256");
    assert_int_equal(p.attributes, 0x00050472);
    assert_int_equal(p.sym, PAWL_TPM_ALG_NULL);
    assert_int_equal(p.scheme, PAWL_TPM_ALG_ECDSA);
    assert_int_equal(p.scheme_hash, PAWL_SHA256);
    assert_int_equal(p.key.kind, PAWL_KEY_P256);
    assert_int_equal(p.key.b[0], 0x04);
    assert_memory_equal(p.key.b + 1, p.bytes.p + AK_X + 2, 32);
    assert_memory_equal(p.key.b + 33, p.bytes.p + AK_Y + 2, 32);

    p = tpm_public("ak_rsapss");
    assert_int_equal(p.type, PAWL_TPM_ALG_RSA);
    assert_int_equal(p.scheme, PAWL_TPM_ALG_RSAPSS);
    assert_int_equal(p.key.kind, PAWL_KEY_RSA);
    assert_int_equal(p.key.n, 256);
    assert_memory_equal(p.key.b, p.bytes.p + AK_RSA_N + 2, 256);
}

static void refuse(struct pawl_view in, enum pawl_code code, const char *field)
{
    struct pawl_err        err;
    struct pawl_tpm_public pub;

    t_poison(&pub, sizeof(pub));
    T_FAILS(pawl_tpm_public_parse(in, &pub, &err), &err, code);
    T_WHERE(&err, field);
    t_still_poisoned(&pub, sizeof(pub));
}

static void refuses_types_and_hashes_that_are_not_taken(void **state)
{
    (void)state;
    struct pawl_view ak = tpm_vector("ak_p256", "pub");

    refuse(tpm_put_u16(ak, TYPE, 0x0008), PAWL_E_UNSUPPORTED, "type");
    refuse(tpm_put_u16(ak, NAME_ALG, PAWL_TPM_ALG_SHA1), PAWL_E_UNSUPPORTED, "nameAlg");
    refuse(tpm_put_u16(ak, NAME_ALG, PAWL_TPM_ALG_NULL), PAWL_E_UNSUPPORTED, "nameAlg");
    refuse(tpm_put_u16(ak, AK_SCHEME_HASH, PAWL_TPM_ALG_SHA1), PAWL_E_UNSUPPORTED,
           "parameters.scheme.details.hashAlg");
    refuse(tpm_put_u16(ak, AK_SCHEME, 0x0019), PAWL_E_UNSUPPORTED, "parameters.scheme.scheme");
    refuse(tpm_put_u16(ak, AK_SCHEME, PAWL_TPM_ALG_RSASSA), PAWL_E_UNSUPPORTED,
           "parameters.scheme.scheme");
    refuse(tpm_put_u16(tpm_vector("ak_rsa2048", "pub"), AK_SCHEME, PAWL_TPM_ALG_ECDSA),
           PAWL_E_UNSUPPORTED, "parameters.scheme.scheme");
    refuse(tpm_put_u16(ak, AK_CURVE, 0x0005), PAWL_E_UNSUPPORTED, "parameters.eccDetail.curveID");
    refuse(tpm_put_u16(ak, AK_KDF, 0x0020), PAWL_E_UNSUPPORTED, "parameters.eccDetail.kdf.scheme");
}

static void refuses_other_symmetric_algorithms(void **state)
{
    (void)state;
    struct pawl_view ek = tpm_vector("ek_l2", "pub");

    refuse(tpm_put_u16(ek, EK_SYM, 0x0026), PAWL_E_UNSUPPORTED, "parameters.symmetric.algorithm");
    refuse(tpm_put_u16(ek, EK_SYM_BITS, 64), PAWL_E_RANGE, "parameters.symmetric.keyBits");
    refuse(tpm_put_u16(ek, EK_SYM_MODE, 0x0044), PAWL_E_UNSUPPORTED, "parameters.symmetric.mode");
}

static void refuses_a_policy_of_another_length(void **state)
{
    (void)state;
    struct pawl_view ak = tpm_vector("ak_p256", "pub");

    refuse(tpm_splice(ak, POLICY, 2, t_hex("0001 00")), PAWL_E_RANGE, "authPolicy");
    refuse(tpm_put_u16(ak, POLICY, PAWL_POLICY_MAX + 1), PAWL_E_RANGE, "authPolicy");
}

/* Q9 */
static void takes_exponent_zero_and_65537_only(void **state)
{
    (void)state;
    struct pawl_err        err;
    struct pawl_view       ak = tpm_vector("ak_rsa2048", "pub");
    struct pawl_tpm_public a, b;

    T_OK(pawl_tpm_public_parse(ak, &a, &err), &err);
    T_OK(pawl_tpm_public_parse(tpm_splice(ak, AK_RSA_EXPONENT, 4, t_hex("00010001")), &b, &err),
         &err);
    assert_true(pawl_public_equal(&a.key, &b.key));
    refuse(tpm_splice(ak, AK_RSA_EXPONENT, 4, t_hex("00000003")), PAWL_E_RANGE,
           "parameters.rsaDetail.exponent");
    refuse(tpm_splice(ak, AK_RSA_EXPONENT, 4, t_hex("00000001")), PAWL_E_RANGE,
           "parameters.rsaDetail.exponent");
    refuse(tpm_splice(ak, AK_RSA_EXPONENT, 4, t_hex("01000001")), PAWL_E_RANGE,
           "parameters.rsaDetail.exponent");
}

static void a_modulus_fills_its_key_size(void **state)
{
    (void)state;
    struct pawl_view ak = tpm_vector("ak_rsa2048", "pub");

    refuse(tpm_put_u16(ak, AK_RSA_BITS, 1024), PAWL_E_RANGE, "parameters.rsaDetail.keyBits");
    refuse(tpm_put_u16(ak, AK_RSA_BITS, 3072), PAWL_E_RANGE, "unique.rsa");
    refuse(tpm_splice(ak, AK_RSA_N, 3, t_hex("00ff")), PAWL_E_RANGE, "unique.rsa");
    refuse(tpm_splice(ak, AK_RSA_N + 2, 1, t_hex("00")), PAWL_E_RANGE, "unique.rsa");
    refuse(tpm_splice(ak, AK_RSA_N, 2, t_hex("0101 00")), PAWL_E_RANGE, "unique.rsa");
    refuse(tpm_put_u16(ak, AK_RSA_N, PAWL_RSA_MODULUS_MAX + 1), PAWL_E_RANGE, "unique.rsa");
}

/* Q7: 379 G and 444 G of P-256, whose x and y begin with a zero octet that older TPMs leave out. */
static void pads_a_short_coordinate(void **state)
{
    (void)state;
    static const char *const points[][2] = {
        { "001f 5543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00a"
          "0020 bb4c85a3d8ea29efaafa24406912dd84d5b14dc32bf656ef6c6bd58a5d943f92",
          "04 005543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00a"
          "bb4c85a3d8ea29efaafa24406912dd84d5b14dc32bf656ef6c6bd58a5d943f92" },
        { "0020 c5bf0e3bc718e638d53fd57af99150401098601e6c485a3bc6e4e2bc3f93a552"
          "001f 5e826ccabcc6187ef8d47d9e984750a74ad5458872b99c9ec0efe80f8e8b55",
          "04 c5bf0e3bc718e638d53fd57af99150401098601e6c485a3bc6e4e2bc3f93a552"
          "005e826ccabcc6187ef8d47d9e984750a74ad5458872b99c9ec0efe80f8e8b55" },
    };

    for (size_t i = 0; i < 2; i++) {
        struct pawl_err        err;
        struct pawl_tpm_public pub;
        struct pawl_view       ak = tpm_vector("ak_p256", "pub");
        T_OK(pawl_tpm_public_parse(tpm_splice(ak, AK_X, 68, t_hex(points[i][0])), &pub, &err),
             &err);
        assert_true(pawl_view_equal(pawl_view(pub.key.b, pub.key.n), t_hex(points[i][1])));
    }
}

static void refuses_long_coordinates_and_points_off_the_curve(void **state)
{
    (void)state;
    struct pawl_view ak = tpm_vector("ak_p256", "pub");
    struct pawl_view x = pawl_view(ak.p + AK_X + 2, 32);

    refuse(tpm_splice(ak, AK_X, 2, t_hex("0021 00")), PAWL_E_RANGE, "unique.ecc.x");
    refuse(tpm_splice(ak, AK_Y, 2, t_hex("0021 00")), PAWL_E_RANGE, "unique.ecc.y");

    struct pawl_err        err;
    struct pawl_tpm_public pub;
    t_poison(&pub, sizeof(pub));
    assert_false(pawl_is_ok(pawl_tpm_public_parse(tpm_splice(ak, AK_Y + 2, 32, x), &pub, &err)));
    assert_memory_equal(err.where, "unique", 6);
    assert_false(pawl_is_ok(
        pawl_tpm_public_parse(tpm_splice(ak, AK_X, 68, t_hex("0000 0000")), &pub, &err)));
    assert_memory_equal(err.where, "unique", 6);
    t_still_poisoned(&pub, sizeof(pub));
}

static void must_be_short(struct pawl_view cut, void *arg)
{
    struct pawl_err        err;
    struct pawl_tpm_public pub;

    (void)arg;
    t_poison(&pub, sizeof(pub));
    assert_false(pawl_is_ok(pawl_tpm_public_parse(cut, &pub, &err)));
    assert_true(err.code == PAWL_E_SHORT || err.code == PAWL_E_RANGE);
    t_still_poisoned(&pub, sizeof(pub));
}

static void no_truncation_parses(void **state)
{
    (void)state;
    t_each_truncation(tpm_vector("ek_l1", "pub"), must_be_short, NULL);
    t_each_truncation(tpm_vector("ek_h3", "pub"), must_be_short, NULL);
    t_each_truncation(tpm_vector("ak_rsapss", "pub"), must_be_short, NULL);
}

static void refuses_bytes_left_over(void **state)
{
    (void)state;
    struct pawl_view ak = tpm_vector("ak_p256", "pub");

    refuse(tpm_splice(ak, ak.n, 0, t_hex("00")), PAWL_E_TRAILING, "end");
}

/* A flipped bit is refused, or changes the Name: two structures never pass for one. */
static void names_itself_differently(struct pawl_view flipped, void *arg)
{
    struct pawl_err        err;
    struct pawl_tpm_public pub;
    struct pawl_name       name;

    if (!pawl_is_ok(pawl_tpm_public_parse(flipped, &pub, &err)))
        return;
    T_OK(pawl_tpm_name(&pub, &name, &err), &err);
    assert_false(pawl_name_equal(&name, arg));
}

static void no_flipped_bit_keeps_the_name(void **state)
{
    (void)state;
    static const char *const keys[] = { "ek_l2", "ak_p256", "ak_rsa2048" };

    for (size_t i = 0; i < 3; i++) {
        struct pawl_err        err;
        struct pawl_tpm_public pub = tpm_public(keys[i]);
        struct pawl_name       name;
        T_OK(pawl_tpm_name(&pub, &name, &err), &err);
        t_each_flip(pub.bytes, names_itself_differently, &name);
    }
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("takes keys of a real TPM", takes_keys_of_a_real_tpm),
        T_CASE("takes exponent 0 and 65537 only (Q9)", takes_exponent_zero_and_65537_only),
        T_CASE("pads a short coordinate (Q7)", pads_a_short_coordinate),
        T_CASE("refuses types and hashes that are not taken (Q5)",
               refuses_types_and_hashes_that_are_not_taken),
        T_CASE("refuses other symmetric algorithms", refuses_other_symmetric_algorithms),
        T_CASE("refuses a policy of another length", refuses_a_policy_of_another_length),
        T_CASE("a modulus fills its key size", a_modulus_fills_its_key_size),
        T_CASE("refuses long coordinates and points off the curve (Q7)",
               refuses_long_coordinates_and_points_off_the_curve),
        T_CASE("refuses bytes left over", refuses_bytes_left_over),
        T_CASE("no truncation parses", no_truncation_parses),
        T_CASE("no flipped bit keeps the Name", no_flipped_bit_keeps_the_name),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
