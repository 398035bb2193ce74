/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what our TPM parsers take, tss2-mu reads to the same values, over every flipped bit and
 * every value of each 16-bit word of real structures. Built where tss2-mu is installed. */
#include "tpm_vector.h"
#include "tss_agrees.h"

typedef bool agrees(struct pawl_view in);

static void must_agree(struct pawl_view in, void *arg)
{
    agrees *const *check = arg;

    assert_true((*check)(in));
}

/* Sizes, counts and identifiers are 16-bit words: each place gets every one of the values that mean
 * something somewhere. */
static void agrees_around(struct pawl_view in, agrees *check)
{
    static const uint16_t words[] = { 0,      1,      2,      3,      4,      5,      0x000b,
                                      0x000c, 0x000d, 0x0010, 0x0012, 0x0014, 0x0016, 0x0018,
                                      0x0020, 0x0021, 0x0023, 0x0030, 0x0031, 0x0040, 0x0041,
                                      0x0042, 0x0043, 0x0080, 0x0100, 0x0200, 0x8017, 0xffff };

    assert_true(check(in));
    t_each_truncation(in, must_agree, &check);
    t_each_flip(in, must_agree, &check);
    for (size_t at = 0; at + 2 <= in.n; at++)
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            assert_true(check(tpm_put_u16(in, at, words[i])));
}

static void on_public_areas(void **state)
{
    (void)state;
    static const char *const keys[] = { "ek_l2", "ek_h3", "ak_p256", "ak_p384", "td" };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        agrees_around(tpm_vector(keys[i], "pub"), tss_agrees_public);
    agrees_around(pawl_view(tpm_vector("ak_rsapss", "pub").p, 24), tss_agrees_public);
    t_each_flip(tpm_vector("ek_l1", "pub"), must_agree, &(agrees *){ tss_agrees_public });
}

static void on_keyed_hash_objects(void **state)
{
    (void)state;
    static const char *const objects[] = { "sealed_policy", "sealed_password", "hmac_key" };

    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
        agrees_around(tpm_vector(objects[i], "pub"), tss_agrees_keyedhash);
}

static void on_attestations(void **state)
{
    (void)state;
    static const char *const names[] = { "quote_p256", "quote_all",     "quote_p384",
                                         "certify_td", "quote_nothing", "time" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        agrees_around(tpm_vector(names[i], "attest"), tss_agrees_attest);
}

static void on_signatures(void **state)
{
    (void)state;
    static const char *const names[] = { "quote_p256", "quote_p384", "quote_rsa2048",
                                         "quote_rsapss" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        agrees_around(tpm_vector(names[i], "sig"), tss_agrees_signature);
}

static void on_selections(void **state)
{
    (void)state;
    agrees_around(t_hex("00000001 000b 03 ff0000"), tss_agrees_selection);
    agrees_around(t_hex("00000002 0004 03 810000 000b 03 830401"), tss_agrees_selection);
    agrees_around(t_hex("00000000"), tss_agrees_selection);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("tss2-mu agrees on public areas", on_public_areas),
        T_CASE("tss2-mu agrees on keyed-hash objects", on_keyed_hash_objects),
        T_CASE("tss2-mu agrees on attestations", on_attestations),
        T_CASE("tss2-mu agrees on signatures", on_signatures),
        T_CASE("tss2-mu agrees on selections", on_selections),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
