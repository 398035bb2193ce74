/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: attestations of a real TPM verify by the key that signed them and by nothing else; the
 * key decides algorithm and hash; no flipped bit of quote or signature verifies (Q4 to Q8). */
#include "tpm_vector.h"

static const struct {
    const char *attest, *key;
} real[] = {
    { "quote_p256", "ak_p256" },         { "quote_two_banks", "ak_p256" },
    { "quote_all", "ak_p256" },          { "quote_rsa2048", "ak_rsa2048" },
    { "quote_rsapss", "ak_rsapss" },     { "quote_p384", "ak_p384" },
    { "certify_td", "ak_p256" },         { "time", "ak_p256" },
    { "quote_nothing", "ak_p256" },      { "quote_bank_twice", "ak_p256" },
    { "quote_one_bank", "ak_one_bank" },
};
enum { REAL_N = sizeof(real) / sizeof(real[0]) };

static struct pawl_p256_verifier *fast;

static int make_fast(void **state)
{
    struct pawl_err err;

    (void)state;
    return pawl_is_ok(pawl_p256_verifier_make(&fast, &err)) ? 0 : -1;
}

static int free_fast(void **state)
{
    (void)state;
    pawl_p256_verifier_free(&fast);
    return 0;
}

static struct pawl_tpm_signature signature_of(const char *name)
{
    struct pawl_err           err;
    struct pawl_tpm_signature sig;

    T_OK(pawl_tpm_signature_parse(tpm_vector(name, "sig"), &sig, &err), &err);
    return sig;
}

static void real_attestations_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < REAL_N; i++) {
        struct pawl_err           err;
        struct pawl_tpm_public    pub = tpm_public(real[i].key);
        struct pawl_tpm_signature sig = signature_of(real[i].attest);
        struct pawl_view          attest = tpm_vector(real[i].attest, "attest");
        T_OK(pawl_tpm_verify(NULL, &pub, attest, &sig, &err), &err);
        T_OK(pawl_tpm_verify(fast, &pub, attest, &sig, &err), &err);
    }
}

static void must_not_verify(const struct pawl_tpm_public *pub, struct pawl_view attest,
                            const struct pawl_tpm_signature *sig)
{
    struct pawl_err err;

    assert_false(pawl_is_ok(pawl_tpm_verify(NULL, pub, attest, sig, &err)));
    assert_false(pawl_is_ok(pawl_tpm_verify(fast, pub, attest, sig, &err)));
}

static void no_other_key_or_attestation_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < REAL_N; i++) {
        struct pawl_tpm_public    pub = tpm_public(real[i].key);
        struct pawl_tpm_signature sig = signature_of(real[i].attest);
        struct pawl_view          attest = tpm_vector(real[i].attest, "attest");
        for (size_t k = 0; k < REAL_N; k++) {
            struct pawl_tpm_public other = tpm_public(real[k].key);
            if (strcmp(real[k].key, real[i].key) != 0)
                must_not_verify(&other, attest, &sig);
            if (k != i)
                must_not_verify(&pub, tpm_vector(real[k].attest, "attest"), &sig);
        }
    }
}

/* Q5, Q6: hash and scheme are the key's, and a wish of the evidence changes nothing. */
static void the_key_decides_scheme_and_hash(void **state)
{
    (void)state;
    struct pawl_err           err;
    struct pawl_tpm_public    rsa = tpm_public("ak_rsa2048"), ecc = tpm_public("ak_p256");
    struct pawl_tpm_signature sig = signature_of("quote_rsa2048");
    struct pawl_view          attest = tpm_vector("quote_rsa2048", "attest");

    sig.alg = PAWL_SIG_RSAPSS;
    T_FAILS(pawl_tpm_verify(fast, &rsa, attest, &sig, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "sigAlg");
    sig.alg = PAWL_SIG_RSASSA;
    sig.hash = PAWL_SHA384;
    T_FAILS(pawl_tpm_verify(fast, &rsa, attest, &sig, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "hash");
    sig = signature_of("quote_rsa2048");
    T_FAILS(pawl_tpm_verify(fast, &ecc, attest, &sig, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "sigAlg");
    sig = signature_of("quote_p256");
    T_FAILS(pawl_tpm_verify(fast, &rsa, attest, &sig, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "sigAlg");
}

/* Q4, Q5 */
static void a_key_without_a_scheme_verifies_nothing(void **state)
{
    (void)state;
    struct pawl_err           err;
    struct pawl_tpm_public    td = tpm_public("td"), pub = tpm_public("ak_p256");
    struct pawl_tpm_signature sig = signature_of("quote_p256");
    struct pawl_view          attest = tpm_vector("quote_p256", "attest");

    T_FAILS(pawl_tpm_verify(fast, &td, attest, &sig, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "parameters.scheme.scheme");
    struct pawl_tpm_public rsa = tpm_public("ek_l1");
    T_FAILS(pawl_tpm_verify(fast, &rsa, attest, &sig, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "parameters.scheme.scheme");
    pub.scheme = PAWL_TPM_ALG_RSASSA;
    T_FAILS(pawl_tpm_verify(fast, &pub, attest, &sig, &err), &err, PAWL_E_UNSUPPORTED);
    pub = tpm_public("ak_p256");
    pub.scheme_hash = sig.hash = PAWL_SHA1;
    T_FAILS(pawl_tpm_verify(fast, &pub, attest, &sig, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "parameters.scheme.details.hashAlg");
    pub.scheme_hash = sig.hash = PAWL_HASH_NONE;
    T_FAILS(pawl_tpm_verify(fast, &pub, attest, &sig, &err), &err, PAWL_E_UNSUPPORTED);
}

static struct pawl_view ecdsa(uint16_t hash, const char *r, const char *s)
{
    uint8_t        b[PAWL_TPM_SIG_MAX];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_wr_u16(&w, PAWL_TPM_ALG_ECDSA);
    pawl_wr_u16(&w, hash);
    pawl_wr_tpm2b(&w, t_hex(r));
    pawl_wr_tpm2b(&w, t_hex(s));
    assert_false(w.full);
    return t_copy(pawl_view(b, w.n));
}

static void pads_ecdsa_halves(void **state)
{
    (void)state;
    struct pawl_err           err;
    struct pawl_tpm_signature sig;

    T_OK(pawl_tpm_signature_parse(ecdsa(PAWL_TPM_ALG_SHA256, "0102", "03"), &sig, &err), &err);
    assert_int_equal(sig.n, 64);
    assert_int_equal(sig.b[30], 1);
    assert_int_equal(sig.b[31], 2);
    assert_int_equal(sig.b[63], 3);
    for (size_t i = 0; i < 63; i++)
        assert_true(i == 30 || i == 31 || sig.b[i] == 0);

    T_OK(pawl_tpm_signature_parse(
             ecdsa(PAWL_TPM_ALG_SHA384, "01",
                   "0a0000000000000000000000000000000000000000000000000000000000000000"),
             &sig, &err),
         &err);
    assert_int_equal(sig.n, 96);
    assert_int_equal(sig.b[47], 1);
    assert_int_equal(sig.b[48 + 15], 0x0a);
}

/* Q7, Q8: r or s of zero, or written longer than the field. */
static void refuses_r_and_s_out_of_range(void **state)
{
    (void)state;
    struct pawl_err           err;
    struct pawl_tpm_public    pub = tpm_public("ak_p256");
    struct pawl_view          attest = tpm_vector("quote_p256", "attest");
    struct pawl_view          good = tpm_vector("quote_p256", "sig");
    struct pawl_tpm_signature sig;

    T_OK(pawl_tpm_signature_parse(ecdsa(PAWL_TPM_ALG_SHA256, "", ""), &sig, &err), &err);
    must_not_verify(&pub, attest, &sig);
    T_OK(pawl_tpm_signature_parse(ecdsa(PAWL_TPM_ALG_SHA256, "00", "01"), &sig, &err), &err);
    must_not_verify(&pub, attest, &sig);
    T_OK(pawl_tpm_signature_parse(tpm_splice(good, 4, 2, t_hex("0021 00")), &sig, &err), &err);
    must_not_verify(&pub, attest, &sig);
    /* A good signature at the front of a longer one is not a second spelling of it. */
    sig = signature_of("quote_p256");
    sig.n = 96;
    must_not_verify(&pub, attest, &sig);
}

static void refuse(struct pawl_view in, enum pawl_code code, const char *field)
{
    struct pawl_err           err;
    struct pawl_tpm_signature sig;

    t_poison(&sig, sizeof(sig));
    T_FAILS(pawl_tpm_signature_parse(in, &sig, &err), &err, code);
    T_WHERE(&err, field);
    t_still_poisoned(&sig, sizeof(sig));
}

static void refuses_other_algorithms_and_sizes(void **state)
{
    (void)state;
    static const uint16_t others[] = { 0x0000, 0x0005, 0x0010, 0x001a, 0x001b, 0x001c, 0x0023 };
    struct pawl_view      ecc = tpm_vector("quote_p256", "sig");
    struct pawl_view      rsa = tpm_vector("quote_rsa2048", "sig");

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        refuse(tpm_put_u16(ecc, 0, others[i]), PAWL_E_UNSUPPORTED, "sigAlg");
    refuse(t_hex("0010"), PAWL_E_UNSUPPORTED, "sigAlg");
    refuse(tpm_put_u16(ecc, 2, PAWL_TPM_ALG_SHA1), PAWL_E_UNSUPPORTED, "hash");
    refuse(tpm_put_u16(rsa, 2, PAWL_TPM_ALG_NULL), PAWL_E_UNSUPPORTED, "hash");
    refuse(tpm_put_u16(ecc, 4, 49), PAWL_E_RANGE, "signatureR");
    refuse(tpm_put_u16(ecc, 38, 49), PAWL_E_RANGE, "signatureS");
    refuse(tpm_put_u16(rsa, 4, PAWL_SIGNATURE_MAX + 1), PAWL_E_RANGE, "sig");
    refuse(tpm_splice(ecc, ecc.n, 0, t_hex("00")), PAWL_E_TRAILING, "end");
    refuse(tpm_splice(rsa, rsa.n, 0, t_hex("00")), PAWL_E_TRAILING, "end");
}

static void must_be_short(struct pawl_view cut, void *arg)
{
    struct pawl_err           err;
    struct pawl_tpm_signature sig;

    (void)arg;
    T_FAILS(pawl_tpm_signature_parse(cut, &sig, &err), &err, PAWL_E_SHORT);
}

static void no_truncation_parses(void **state)
{
    (void)state;
    t_each_truncation(tpm_vector("quote_p256", "sig"), must_be_short, NULL);
    t_each_truncation(tpm_vector("quote_p384", "sig"), must_be_short, NULL);
    t_each_truncation(tpm_vector("quote_rsapss", "sig"), must_be_short, NULL);
}

struct fixed {
    struct pawl_tpm_public    pub;
    struct pawl_view          attest;
    struct pawl_tpm_signature sig;
};

static void flipped_attest_must_not_verify(struct pawl_view flipped, void *arg)
{
    const struct fixed *f = arg;
    struct pawl_err     err;

    assert_false(pawl_is_ok(pawl_tpm_verify(fast, &f->pub, flipped, &f->sig, &err)));
}

static void flipped_signature_must_not_verify(struct pawl_view flipped, void *arg)
{
    const struct fixed       *f = arg;
    struct pawl_err           err;
    struct pawl_tpm_signature sig;

    if (pawl_is_ok(pawl_tpm_signature_parse(flipped, &sig, &err)))
        assert_false(pawl_is_ok(pawl_tpm_verify(fast, &f->pub, f->attest, &sig, &err)));
}

static void no_flipped_bit_verifies(void **state)
{
    (void)state;
    static const size_t rows[] = { 0, 3, 4, 5 }; /* one of each algorithm */

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char  *name = real[rows[i]].attest;
        struct fixed f = { .pub = tpm_public(real[rows[i]].key), .sig = signature_of(name) };
        t_each_flip(tpm_vector(name, "attest"), flipped_attest_must_not_verify, &f);
        f.attest = tpm_vector(name, "attest");
        t_each_flip(tpm_vector(name, "sig"), flipped_signature_must_not_verify, &f);
    }
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("real attestations verify", real_attestations_verify),
        T_CASE("pads ECDSA halves", pads_ecdsa_halves),
        T_CASE("no other key or attestation verifies", no_other_key_or_attestation_verifies),
        T_CASE("the key decides scheme and hash (Q5, Q6)", the_key_decides_scheme_and_hash),
        T_CASE("a key without a scheme verifies nothing (Q4, Q5)",
               a_key_without_a_scheme_verifies_nothing),
        T_CASE("refuses r and s out of range (Q7, Q8)", refuses_r_and_s_out_of_range),
        T_CASE("refuses other algorithms and sizes (Q4)", refuses_other_algorithms_and_sizes),
        T_CASE("no truncation parses", no_truncation_parses),
        T_CASE("no flipped bit verifies", no_flipped_bit_verifies),
    };
    return cmocka_run_group_tests(cases, make_fast, free_fast);
}
