/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: hashes and HMACs agree with FIPS 180 and RFC 4231 however the input is cut into parts;
 * unknown hashes and empty keys are refused; random bytes differ. */
#include <string.h>

#include <pawl/crypto.h>

#include "crypto_vector.h"

/* FIPS 180-2, appendices: "abc". */
static const struct {
    enum pawl_hash alg;
    const char    *name, *abc;
} known[] = {
    { PAWL_SHA1, "sha1", "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { PAWL_SHA256, "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { PAWL_SHA384, "sha384",
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
      "8086072ba1e7cc2358baeca134c825a7" },
    { PAWL_SHA512, "sha512",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static void hashes_agree_with_fips_180(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_digest d;
    struct pawl_view   parts[] = { pawl_view_str("a"), pawl_view(NULL, 0), pawl_view_str("bc") };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        T_OK(pawl_hash(known[i].alg, parts, 3, &d, &err), &err);
        assert_true(pawl_view_equal(pawl_digest_view(&d), t_hex(known[i].abc)));
        assert_int_equal(pawl_hash_n(known[i].alg), d.n);
        assert_string_equal(pawl_hash_name(known[i].alg), known[i].name);
        assert_int_equal(pawl_hash_by_name(known[i].name), known[i].alg);
    }
    assert_int_equal(sizeof(known) / sizeof(known[0]), PAWL_HASH_COUNT - 1);
}

static void sha256_of_nothing_and_of_one_view(void **state)
{
    (void)state;
    struct pawl_err err;
    uint8_t         d[32];

    T_OK(pawl_sha256(pawl_view(NULL, 0), d, &err), &err);
    assert_true(
        pawl_view_equal(PAWL_VIEW_OF(d),
                        t_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")));
    T_OK(pawl_sha256(pawl_view_str("abc"), d, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(d), t_hex(known[1].abc)));
}

static void unknown_hashes_are_refused(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_digest d;
    struct pawl_secret key = crypto_secret(pawl_view_str("key"));
    const int          bad[] = { -1, PAWL_HASH_NONE, PAWL_HASH_COUNT, 1000 };

    t_poison(&d, sizeof(d));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        enum pawl_hash alg = (enum pawl_hash)bad[i];
        T_FAILS(pawl_hash(alg, NULL, 0, &d, &err), &err, PAWL_E_UNSUPPORTED);
        T_FAILS(pawl_hmac(alg, &key, NULL, 0, &d, &err), &err, PAWL_E_UNSUPPORTED);
        assert_int_equal(pawl_hash_n(alg), 0);
        assert_string_equal(pawl_hash_name(alg), "none");
    }
    t_still_poisoned(&d, sizeof(d));
    assert_int_equal(pawl_hash_by_name("none"), PAWL_HASH_NONE);
    assert_int_equal(pawl_hash_by_name("SHA256"), PAWL_HASH_NONE);
    assert_int_equal(pawl_hash_by_name(""), PAWL_HASH_NONE);
}

/* RFC 4231, sections 4.2 to 4.5 (longer keys than PAWL_SECRET_MAX cannot be asked of us). */
static const struct {
    const char *key, *data, *sha256, *sha384, *sha512;
} macs[] = {
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
      "faea9ea9076ede7f4af152e8b2fa9cb6",
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
      "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
    { "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
      "8e2240ca5e69e2c78b3239ecfab21649",
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
      "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
    { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "dddddddddddddddddddddddddddddddddddddddddddddddddd"
      "dddddddddddddddddddddddddddddddddddddddddddddddddd",
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
      "2a5ab39dc13814b94e3ab6e101a34f27",
      "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
      "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb" },
};

static void hmac_agrees_with_rfc_4231(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_digest d;

    for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
        struct pawl_secret key = crypto_secret(t_hex(macs[i].key));
        struct pawl_view   data = t_hex(macs[i].data);
        struct pawl_view   parts[] = { pawl_view(data.p, 3), pawl_view(data.p + 3, data.n - 3) };
        T_OK(pawl_hmac(PAWL_SHA256, &key, parts, 2, &d, &err), &err);
        assert_true(pawl_view_equal(pawl_digest_view(&d), t_hex(macs[i].sha256)));
        T_OK(pawl_hmac(PAWL_SHA384, &key, parts, 2, &d, &err), &err);
        assert_true(pawl_view_equal(pawl_digest_view(&d), t_hex(macs[i].sha384)));
        T_OK(pawl_hmac(PAWL_SHA512, &key, &data, 1, &d, &err), &err);
        assert_true(pawl_view_equal(pawl_digest_view(&d), t_hex(macs[i].sha512)));
    }
}

static void a_key_that_nobody_set_makes_no_mac(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct pawl_secret none = { 0 };
    struct pawl_digest d;

    t_poison(&d, sizeof(d));
    T_FAILS(pawl_hmac(PAWL_SHA256, &none, NULL, 0, &d, &err), &err, PAWL_E_BUG);
    t_still_poisoned(&d, sizeof(d));
}

static void random_bytes_differ_and_keep_their_bounds(void **state)
{
    (void)state;
    struct pawl_err    err;
    uint8_t            a[34], b[32];
    struct pawl_secret s;

    t_poison(a, sizeof(a));
    T_OK(pawl_random(a + 1, 32, &err), &err);
    T_OK(pawl_random(b, 32, &err), &err);
    t_still_poisoned(a, 1);
    t_still_poisoned(a + 33, 1);
    assert_memory_not_equal(a + 1, b, 32);

    T_OK(pawl_secret_random(PAWL_SECRET_MAX, &s, &err), &err);
    assert_int_equal(s.n, PAWL_SECRET_MAX);
    t_poison(&s, sizeof(s));
    T_FAILS(pawl_secret_random(PAWL_SECRET_MAX + 1, &s, &err), &err, PAWL_E_RANGE);
    T_FAILS(pawl_secret_random(0, &s, &err), &err, PAWL_E_RANGE);
    t_still_poisoned(&s, sizeof(s));
}

/* ---- blocks --------------------------------------------------------------------------------- */

/* "abc", as "ab" and "c"; fails instead of the block with this number. */
struct blocks {
    int n, fails_at;
};

static pawl_status next_block(void *arg, struct pawl_view *ret, struct pawl_err *err)
{
    static const char *const block[] = { "ab", "c", "" };
    struct blocks           *b = arg;

    if (b->n == b->fails_at)
        return pawl_fail(err, PAWL_E_IO, "file", "is not readable");
    *ret = pawl_view_str(block[b->n++]);
    return pawl_ok();
}

static void blocks_are_hashed_as_one(void **state)
{
    (void)state;
    struct pawl_view   abc = pawl_view_str("abc");
    struct pawl_digest whole, d;
    struct pawl_err    err;

    for (int alg = PAWL_SHA1; alg < PAWL_HASH_COUNT; alg++) {
        struct blocks b = { .fails_at = -1 };
        T_OK(pawl_hash((enum pawl_hash)alg, &abc, 1, &whole, &err), &err);
        T_OK(pawl_hash_blocks((enum pawl_hash)alg, next_block, &b, &d, &err), &err);
        assert_true(pawl_view_equal(pawl_digest_view(&d), pawl_digest_view(&whole)));
    }
}

/* Nor does the next hash begin with what was read until then. */
static void a_block_that_cannot_be_had_leaves_the_digest_alone(void **state)
{
    (void)state;
    struct pawl_view   abc = pawl_view_str("abc");
    struct pawl_digest whole, again, d = { .n = 7 };
    struct pawl_err    err;

    T_OK(pawl_hash(PAWL_SHA256, &abc, 1, &whole, &err), &err);
    for (int at = 0; at < 3; at++) {
        struct blocks b = { .fails_at = at };
        T_FAILS(pawl_hash_blocks(PAWL_SHA256, next_block, &b, &d, &err), &err, PAWL_E_IO);
        T_WHERE(&err, "file");
        assert_int_equal(d.n, 7);
        T_OK(pawl_hash(PAWL_SHA256, &abc, 1, &again, &err), &err);
        assert_true(pawl_view_equal(pawl_digest_view(&again), pawl_digest_view(&whole)));
    }
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("hashes agree with FIPS 180", hashes_agree_with_fips_180),
        T_CASE("sha256 of nothing and of one view", sha256_of_nothing_and_of_one_view),
        T_CASE("unknown hashes are refused", unknown_hashes_are_refused),
        T_CASE("blocks are hashed as one", blocks_are_hashed_as_one),
        T_CASE("a block that cannot be had leaves the digest alone",
               a_block_that_cannot_be_had_leaves_the_digest_alone),
        T_CASE("hmac agrees with RFC 4231", hmac_agrees_with_rfc_4231),
        T_CASE("a key that nobody set makes no mac", a_key_that_nobody_set_makes_no_mac),
        T_CASE("random bytes differ and keep their bounds",
               random_bytes_differ_and_keep_their_bounds),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
