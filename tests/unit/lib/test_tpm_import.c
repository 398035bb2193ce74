/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a key to import is wrapped for a storage key only, hidden behind fresh random bytes, and
 * bound to its public area. That a TPM takes it is proven by tests/e2e/test_tpm_sealed.c. */
#include "tpm_vector.h"

static struct pawl_secret key_of(size_t n)
{
    struct pawl_secret s = { .n = n };

    memset(s.b, 0x5a, n);
    return s;
}

/* An SRK whose private half the test holds. */
static struct pawl_tpm_public own_srk(const struct pawl_private *key)
{
    struct pawl_err        err;
    uint8_t                b[PAWL_PUBLIC_MAX];
    struct pawl_wr         w = pawl_wr_to(b, sizeof(b));
    struct pawl_tpm_public pub;

    T_OK(pawl_template_write(PAWL_SRK_P256, pawl_private_public(key), &w, &err), &err);
    T_OK(pawl_tpm_public_parse(t_copy(pawl_view(b, w.n)), &pub, &err), &err);
    return pub;
}

/* An RSA storage key: a good modulus under our SRK's attributes. */
static struct pawl_tpm_public rsa_srk(void)
{
    const uint8_t          attributes[4] = { 0x00, 0x03, 0x04, 0x72 };
    struct pawl_view       ek = tpm_vector("ek_l1", "pub");
    struct pawl_view       bare = tpm_splice(ek, 8, 2 + 32, pawl_view("\0", 2));
    struct pawl_tpm_public pub;
    struct pawl_err        err;

    T_OK(pawl_tpm_public_parse(tpm_splice(bare, 4, 4, PAWL_VIEW_OF(attributes)), &pub, &err), &err);
    return pub;
}

static void the_object_is_an_hmac_key_and_no_more(void **state)
{
    (void)state;
    struct pawl_tpm_public srk = tpm_public("srk");
    struct pawl_secret     key = key_of(32);
    struct pawl_import     i;
    struct pawl_keyedhash  k;
    struct pawl_name       name;
    struct pawl_err        err;

    T_OK(pawl_make_import(&srk, &key, &i, &err), &err);
    T_OK(pawl_keyedhash_parse(pawl_view(i.public, i.public_n), &k, &err), &err);
    assert_int_equal(k.attributes, PAWL_TPMA_USER_AUTH | PAWL_TPMA_NO_DA | PAWL_TPMA_SIGN);
    assert_int_equal(k.policy.n, 0);
    assert_true(k.hmac);
    T_OK(pawl_name_of(PAWL_SHA256, pawl_view(i.public, i.public_n), &name, &err), &err);
    assert_true(pawl_name_equal(&name, &i.name));
    /* TPM2B(HMAC) || TPM2B(TPMT_SENSITIVE: type, authValue, seedValue, key) */
    assert_int_equal(i.duplicate_n, 2 + 32 + 2 + 2 + 2 + 34 + 34);
    assert_int_equal(i.enc_seed_n, 2 * (2 + 32));
}

static void an_rsa_parent_serves_too(void **state)
{
    (void)state;
    struct pawl_tpm_public srk = rsa_srk();
    struct pawl_secret     key = key_of(32);
    struct pawl_import     i;
    struct pawl_err        err;

    T_OK(pawl_make_import(&srk, &key, &i, &err), &err);
    assert_int_equal(i.enc_seed_n, 256);
}

static void no_two_wraps_are_alike(void **state)
{
    (void)state;
    struct pawl_tpm_public srk = tpm_public("srk");
    struct pawl_secret     key = key_of(32);
    struct pawl_import     a, b;
    struct pawl_err        err;

    T_OK(pawl_make_import(&srk, &key, &a, &err), &err);
    T_OK(pawl_make_import(&srk, &key, &b, &err), &err);
    assert_memory_not_equal(a.public + a.public_n - 32, b.public + b.public_n - 32, 32);
    assert_memory_not_equal(a.enc_seed, b.enc_seed, a.enc_seed_n);
    assert_memory_not_equal(a.duplicate + 2, b.duplicate + 2, 32);
    assert_memory_not_equal(a.duplicate + 34, b.duplicate + 34, a.duplicate_n - 34);
}

/* As the TPM finds it (Part 1, 23.3): the seed by ECDH, with the label of duplication. */
static void find_seed(const struct pawl_private *key, const struct pawl_tpm_public *srk,
                      const struct pawl_import *i, const char *label, struct pawl_secret *ret)
{
    struct pawl_rd     r = pawl_rd_from(pawl_view(i->enc_seed, i->enc_seed_n));
    struct pawl_view   x = pawl_rd_tpm2b(&r, "x", 32), y = pawl_rd_tpm2b(&r, "y", 32);
    struct pawl_public point = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256, .b = { 0x04 } };
    struct pawl_secret z;
    struct pawl_err    err;

    T_OK(pawl_rd_end(&r, &err), &err);
    memcpy(point.b + 1, x.p, 32);
    memcpy(point.b + 33, y.p, 32);
    T_OK(pawl_ecdh(key, &point, &z, &err), &err);
    T_OK(pawl_kdfe(PAWL_SHA256, &z, label, x, pawl_view(srk->key.b + 1, 32), 256, ret, &err), &err);
}

static bool mac_holds(const struct pawl_secret *seed, const struct pawl_import *i,
                      const struct pawl_name *name)
{
    struct pawl_rd         r = pawl_rd_from(pawl_view(i->duplicate, i->duplicate_n));
    struct pawl_view       mac = pawl_rd_tpm2b(&r, "integrity", 32);
    const struct pawl_view parts[] = { pawl_rd_bytes(&r, "encSensitive", r.left),
                                       pawl_name_view(name) };
    struct pawl_secret     key;
    struct pawl_digest     d;
    struct pawl_err        err;

    T_OK(pawl_kdfa(PAWL_SHA256, seed, "INTEGRITY", pawl_view(NULL, 0), pawl_view(NULL, 0), 256,
                   &key, &err),
         &err);
    T_OK(pawl_hmac(PAWL_SHA256, &key, parts, 2, &d, &err), &err);
    return pawl_view_equal(pawl_digest_view(&d), mac);
}

static void the_mac_binds_label_and_name(void **state)
{
    (void)state;
    struct pawl_private *own = NULL;
    struct pawl_secret   key = key_of(32), seed;
    struct pawl_import   i;
    struct pawl_err      err;

    T_OK(pawl_private_make(PAWL_KEY_P256, &own, &err), &err);
    struct pawl_tpm_public srk = own_srk(own);
    T_OK(pawl_make_import(&srk, &key, &i, &err), &err);
    find_seed(own, &srk, &i, "DUPLICATE", &seed);
    assert_true(mac_holds(&seed, &i, &i.name));
    struct pawl_name other = i.name;
    other.b[33] ^= 1;
    assert_false(mac_holds(&seed, &i, &other));
    find_seed(own, &srk, &i, "IDENTITY", &seed);
    assert_false(mac_holds(&seed, &i, &i.name));
    pawl_private_free(&own);
}

static void refuse(const char *parent, size_t n, enum pawl_code code, const char *field)
{
    struct pawl_tpm_public pub = tpm_public(parent);
    struct pawl_secret     key = key_of(n);
    struct pawl_import     i;
    struct pawl_err        err;

    t_poison(&i, sizeof(i));
    T_FAILS(pawl_make_import(&pub, &key, &i, &err), &err, code);
    T_WHERE(&err, field);
    t_still_poisoned(&i, sizeof(i));
}

static void refuses_what_is_no_storage_key(void **state)
{
    (void)state;
    refuse("ak_p256", 32, PAWL_E_DENIED, "parent");
    refuse("ak_rsa2048", 32, PAWL_E_DENIED, "parent");
    refuse("td", 32, PAWL_E_DENIED, "parent");
}

static void refuses_keys_of_another_length(void **state)
{
    (void)state;
    for (size_t n = 0; n <= PAWL_SECRET_MAX; n++)
        if (n != 32)
            refuse("srk", n, PAWL_E_RANGE, "key");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("the object is an HMAC key and no more", the_object_is_an_hmac_key_and_no_more),
        T_CASE("an RSA parent serves too", an_rsa_parent_serves_too),
        T_CASE("no two wraps are alike", no_two_wraps_are_alike),
        T_CASE("the MAC binds label and Name", the_mac_binds_label_and_name),
        T_CASE("refuses what is no storage key", refuses_what_is_no_storage_key),
        T_CASE("refuses keys of another length", refuses_keys_of_another_length),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
