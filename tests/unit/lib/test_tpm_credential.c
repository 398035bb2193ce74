/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: MakeCredential takes EKs of the templates only, binds secret and Name, and gives nothing
 * twice. That a TPM opens it is proven by tests/e2e/activate_credential.sh. */
#include "tpm_vector.h"

static const char *const eks[] = { "ek_l1", "ek_l2", "ek_h1", "ek_h2", "ek_h3" };
enum { EKS_N = sizeof(eks) / sizeof(eks[0]) };

static struct pawl_name ak_name(void)
{
    struct pawl_err  err;
    struct pawl_name name;

    T_OK(pawl_name_parse(tpm_vector("ak_p256", "name"), &name, &err), &err);
    return name;
}

static struct pawl_secret secret_of(size_t n)
{
    struct pawl_secret s = { .n = n };

    memset(s.b, 0x5a, n);
    return s;
}

static void takes_eks_of_every_template(void **state)
{
    (void)state;
    static const size_t enc_n[EKS_N] = { 256, 68, 256, 68, 100 };

    for (size_t i = 0; i < EKS_N; i++) {
        struct pawl_err        err;
        struct pawl_tpm_public ek = tpm_public(eks[i]);
        struct pawl_name       name = ak_name();
        size_t                 hash_n = pawl_hash_n(ek.name_alg);
        for (size_t n = 1; n <= hash_n; n++) {
            struct pawl_secret     secret = secret_of(n);
            struct pawl_credential c;
            T_OK(pawl_make_credential(&ek, &name, &secret, &c, &err), &err);
            assert_int_equal(c.enc_secret_n, enc_n[i]);
            assert_int_equal(c.id_object_n, 2 + hash_n + 2 + n);
            assert_int_equal(c.id_object[0], 0);
            assert_int_equal(c.id_object[1], hash_n);
        }
    }
}

static void no_two_credentials_are_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < EKS_N; i++) {
        struct pawl_err        err;
        struct pawl_tpm_public ek = tpm_public(eks[i]);
        struct pawl_name       name = ak_name();
        struct pawl_secret     secret = secret_of(32);
        struct pawl_credential a, b;
        T_OK(pawl_make_credential(&ek, &name, &secret, &a, &err), &err);
        T_OK(pawl_make_credential(&ek, &name, &secret, &b, &err), &err);
        assert_memory_not_equal(a.enc_secret, b.enc_secret, a.enc_secret_n);
        assert_memory_not_equal(a.id_object + 2, b.id_object + 2, 32);
        assert_memory_not_equal(a.id_object + a.id_object_n - 34, b.id_object + b.id_object_n - 34,
                                34);
    }
}

static void refuse(const char *key, const struct pawl_name *name, const struct pawl_secret *secret,
                   enum pawl_code code, const char *field)
{
    struct pawl_err        err;
    struct pawl_tpm_public ek = tpm_public(key);
    struct pawl_credential c;

    t_poison(&c, sizeof(c));
    T_FAILS(pawl_make_credential(&ek, name, secret, &c, &err), &err, code);
    T_WHERE(&err, field);
    t_still_poisoned(&c, sizeof(c));
}

/* K10 */
static void refuses_keys_that_are_no_eks(void **state)
{
    (void)state;
    struct pawl_name   name = ak_name();
    struct pawl_secret secret = secret_of(32);

    refuse("ak_p256", &name, &secret, PAWL_E_DENIED, "ek");
    refuse("ak_rsa2048", &name, &secret, PAWL_E_DENIED, "ek");
    refuse("srk", &name, &secret, PAWL_E_DENIED, "ek");
    refuse("td", &name, &secret, PAWL_E_DENIED, "ek");
}

static void refuses_names_and_secrets_out_of_form(void **state)
{
    (void)state;
    struct pawl_name   name = ak_name(), cut = name, none = { 0 };
    struct pawl_secret good = secret_of(32), empty = secret_of(0), s33 = secret_of(33),
                       s49 = secret_of(49);

    cut.n--;
    refuse("ek_l2", &cut, &good, PAWL_E_SHORT, "objectName.digest");
    refuse("ek_l2", &none, &good, PAWL_E_SHORT, "objectName.nameAlg");
    refuse("ek_l2", &name, &empty, PAWL_E_RANGE, "credential");
    refuse("ek_l2", &name, &s33, PAWL_E_RANGE, "credential");
    refuse("ek_h3", &name, &s49, PAWL_E_RANGE, "credential");
}

/* An EK whose private half the test holds, to open credentials as a TPM would. */
static struct pawl_tpm_public own_ek(enum pawl_template t, const struct pawl_private *key)
{
    struct pawl_err        err;
    uint8_t                b[PAWL_PUBLIC_MAX];
    struct pawl_wr         w = pawl_wr_to(b, sizeof(b));
    struct pawl_tpm_public pub;

    T_OK(pawl_template_write(t, pawl_private_public(key), &w, &err), &err);
    T_OK(pawl_tpm_public_parse(t_copy(pawl_view(b, w.n)), &pub, &err), &err);
    return pub;
}

/* The HMAC key of a credential for an ECC EK, by the steps of Part 1, 24.5. */
static void mac_key(const struct pawl_private *key, const struct pawl_tpm_public *ek,
                    const struct pawl_credential *c, struct pawl_secret *ret)
{
    struct pawl_err    err;
    struct pawl_rd     r = pawl_rd_from(pawl_view(c->enc_secret, c->enc_secret_n));
    struct pawl_view   x = pawl_rd_tpm2b(&r, "x", 48), y = pawl_rd_tpm2b(&r, "y", 48);
    struct pawl_public point = { .kind = ek->key.kind, .n = 1 + x.n + y.n };
    struct pawl_secret z, seed;
    size_t             bits = 8 * pawl_hash_n(ek->name_alg);

    T_OK(pawl_rd_end(&r, &err), &err);
    point.b[0] = 0x04;
    memcpy(point.b + 1, x.p, x.n);
    memcpy(point.b + 1 + x.n, y.p, y.n);
    T_OK(pawl_ecdh(key, &point, &z, &err), &err);
    T_OK(pawl_kdfe(ek->name_alg, &z, "IDENTITY", x, pawl_view(ek->key.b + 1, x.n), bits, &seed,
                   &err),
         &err);
    T_OK(pawl_kdfa(ek->name_alg, &seed, "INTEGRITY", pawl_view(NULL, 0), pawl_view(NULL, 0), bits,
                   ret, &err),
         &err);
}

static void the_mac_binds_the_name(void **state)
{
    (void)state;
    static const struct {
        enum pawl_template t;
        enum pawl_key_kind kind;
    } rows[] = { { PAWL_EK_P256, PAWL_KEY_P256 }, { PAWL_EK_P384, PAWL_KEY_P384 } };

    for (size_t i = 0; i < 2; i++) {
        struct pawl_err        err;
        struct pawl_private   *key = NULL;
        struct pawl_name       name = ak_name();
        struct pawl_secret     secret = secret_of(32), hmac;
        struct pawl_credential c;
        struct pawl_digest     d;
        T_OK(pawl_private_make(rows[i].kind, &key, &err), &err);
        struct pawl_tpm_public ek = own_ek(rows[i].t, key);
        T_OK(pawl_make_credential(&ek, &name, &secret, &c, &err), &err);
        mac_key(key, &ek, &c, &hmac);

        struct pawl_rd   r = pawl_rd_from(pawl_view(c.id_object, c.id_object_n));
        struct pawl_view mac = pawl_rd_tpm2b(&r, "integrity", 48);
        struct pawl_view parts[] = { pawl_rd_bytes(&r, "encIdentity", r.left),
                                     pawl_name_view(&name) };
        T_OK(pawl_hmac(ek.name_alg, &hmac, parts, 2, &d, &err), &err);
        assert_true(pawl_view_equal(pawl_digest_view(&d), mac));
        name.b[33] ^= 1;
        T_OK(pawl_hmac(ek.name_alg, &hmac, parts, 2, &d, &err), &err);
        assert_false(pawl_view_equal(pawl_digest_view(&d), mac));
        pawl_private_free(&key);
    }
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("takes EKs of every template", takes_eks_of_every_template),
        T_CASE("no two credentials are alike", no_two_credentials_are_alike),
        T_CASE("the MAC binds the Name", the_mac_binds_the_name),
        T_CASE("refuses keys that are no EKs (K10)", refuses_keys_that_are_no_eks),
        T_CASE("refuses names and secrets out of form", refuses_names_and_secrets_out_of_form),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
