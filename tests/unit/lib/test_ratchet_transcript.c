/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: TH2 agrees with an independent program and covers each of its inputs; a whole rekey of
 * that program, bytes and keys, comes out the same on the device's side and on the verifier's. */
#include <string.h>

#include <pawl/ratchet.h>

#include "crypto_vector.h"

static struct pawl_view vector(const char *name)
{
    return crypto_vector("ratchet/schedule.txt", name);
}

static bool is(const uint8_t *b, size_t n, const char *name)
{
    return pawl_view_equal(pawl_view(b, n), vector(name));
}

static bool holds(const struct pawl_secret *s, const char *name)
{
    return is(s->b, s->n, name);
}

/* ---- TH2 ------------------------------------------------------------------------------------ */

static void th2_agrees_with_the_page(void **state) /* P-TR-2 */
{
    (void)state;
    uint8_t         e_v[PAWL_POINT_P256] = { 4 }, ret[32];
    struct pawl_err err;

    memcpy(e_v + 1, crypto_count(64, 0x41).p, 64);
    T_OK(pawl_th2(crypto_count(32, 0x10).p, crypto_count(120, 0x31), e_v, pawl_view_str("e30.e30"),
                  ret, &err),
         &err);
    assert_true(is(ret, 32, "th2"));
}

static void th2_covers_each_of_its_inputs(void **state) /* P-TR-2 */
{
    (void)state;
    uint8_t         attest[40] = { 1 }, th1[32] = { 2 }, e_v[PAWL_POINT_P256] = { 4 };
    uint8_t         input[30] = { 5 }, good[32], ret[32];
    struct pawl_err err;
    const struct {
        uint8_t *p;
        size_t   n;
    } part[] = { { attest, sizeof(attest) },
                 { th1, sizeof(th1) },
                 { e_v, sizeof(e_v) },
                 { input, sizeof(input) } };

    T_OK(pawl_th2(th1, PAWL_VIEW_OF(attest), e_v, PAWL_VIEW_OF(input), good, &err), &err);
    for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++)
        for (size_t at = 0; at < part[i].n; at++) {
            part[i].p[at] ^= 0x80;
            T_OK(pawl_th2(th1, PAWL_VIEW_OF(attest), e_v, PAWL_VIEW_OF(input), ret, &err), &err);
            assert_memory_not_equal(ret, good, 32);
            part[i].p[at] ^= 0x80;
        }
}

static void the_signing_input_ends_before_the_second_dot(void **state) /* P-TR-2 */
{
    (void)state;
    static const struct {
        const char *jws, *input;
    } cases[] = { { "aGVhZA.Y2xhaW1z.c2ln", "aGVhZA.Y2xhaW1z" },
                  { "a.b.", "a.b" },
                  { "..", "." },
                  { "a.b.c.d", "a.b" },
                  { "a.b", "" },
                  { "ab", "" },
                  { ".", "" },
                  { "", "" } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_true(pawl_view_equal(pawl_jws_signing_input(t_copy(pawl_view_str(cases[i].jws))),
                                    pawl_view_str(cases[i].input)));
    assert_int_equal(pawl_jws_signing_input(pawl_view(NULL, 0)).n, 0);
}

/* ---- one whole rekey ------------------------------------------------------------------------ */

static struct pawl_private *private_of(const char *name)
{
    struct pawl_private *k;
    struct pawl_err      err;

    T_OK(pawl_private_from_pem(vector(name), &k, &err), &err);
    return k;
}

static struct pawl_public public_of(const char *name)
{
    struct pawl_public k = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };

    memcpy(k.b, vector(name).p, PAWL_POINT_P256);
    return k;
}

static void agree(const char *mine, const char *theirs, struct pawl_secret *ret)
{
    struct pawl_private *k = private_of(mine);
    struct pawl_public   peer = public_of(theirs);
    struct pawl_err      err;

    T_OK(pawl_ecdh(k, &peer, ret, &err), &err);
    pawl_private_free(&k);
}

static void the_request_is_bound_to_quote_and_base(void **state) /* P-TR-1, P-TR-3 */
{
    (void)state;
    struct pawl_secret k_auth = crypto_secret(vector("plain.k_auth"));
    struct pawl_quote  attest;
    struct pawl_a1     a1;
    uint8_t            th1[32], mac[32];
    struct pawl_err    err;

    T_OK(pawl_sha256(vector("rekey.a1"), th1, &err), &err);
    assert_true(is(th1, 32, "rekey.th1"));
    T_OK(pawl_quote_parse(vector("rekey.attest"), &attest, &err), &err);
    assert_true(is(attest.nonce.p, attest.nonce.n, "rekey.th1"));
    T_OK(pawl_mac_base(&k_auth, th1, vector("rekey.ima_field"), mac, &err), &err);
    assert_true(is(mac, 32, "rekey.mac_base"));

    T_OK(pawl_a1_parse(vector("rekey.a1"), &a1, &err), &err);
    assert_true(a1.label == PAWL_LABEL_REKEY && a1.base_epoch == 8 && a1.new_epoch == 9);
    assert_true(is(a1.e_d.p, a1.e_d.n, "rekey.e_d"));
    assert_true(is(a1.base_kid.p, a1.base_kid.n, "plain.kid"));
}

static void the_snapshot_attests_the_leaves(void **state) /* P-TR-4, P-TR-5 */
{
    (void)state;
    struct pawl_a1  a1;
    uint8_t         up[12][PAWL_LEAF], down[3][PAWL_LEAF], digest[32];
    struct pawl_err err;

    for (uint8_t i = 0; i < 12; i++)
        T_OK(pawl_leaf(833u + i, pawl_view_str("up"), pawl_view(&i, 1), up[i], &err), &err);
    for (uint8_t i = 0; i < 3; i++)
        T_OK(pawl_leaf(501u + i, pawl_view_str("down"), pawl_view(&i, 1), down[i], &err), &err);
    T_OK(pawl_a1_parse(vector("rekey.a1"), &a1, &err), &err);
    assert_int_equal(a1.snd.gens[0].count, 12);
    T_OK(pawl_leaves_digest(up, 12, digest, &err), &err);
    assert_true(pawl_view_equal(a1.snd.gens[0].digest, PAWL_VIEW_OF(digest)));
    assert_true(pawl_bits_read(a1.rcv.gens[0].bitmap) == 5);
    memcpy(down[1], down[2], PAWL_LEAF); /* the second slot did not arrive */
    T_OK(pawl_leaves_digest(down, 2, digest, &err), &err);
    assert_true(pawl_view_equal(a1.rcv.gens[0].digest, PAWL_VIEW_OF(digest)));
}

static void the_receipt_beside_the_result_is_the_one_it_names(void **state) /* P-TR-7 */
{
    (void)state;
    struct pawl_receipt r;
    uint8_t             hash[32];
    struct pawl_err     err;

    T_OK(pawl_receipt_parse(vector("rekey.receipt"), &r, &err), &err);
    assert_true(r.seq_hi == 844 && r.gen_n == 1 && r.gens[0].first_seq == 833);
    assert_true(pawl_view_equal(r.gens[0].bitmap, t_hex("ff0f")));
    assert_true(is(r.th1.p, r.th1.n, "rekey.th1"));
    T_OK(pawl_sha256(vector("rekey.receipt"), hash, &err), &err);
    assert_true(is(hash, 32, "rekey.rcpt"));
}

static void root_is_that_of_the_page(const struct pawl_secret *z_ee, const struct pawl_secret *z_se)
{
    struct pawl_secret      rk = crypto_secret(vector("plain.rk"));
    struct pawl_rekey_terms t = { .rk = &rk, .z_ee = z_ee, .z_se = z_se, .epoch = 9 };
    static const uint8_t    kid[PAWL_KID];
    struct pawl_root        r;
    struct pawl_use         up, down;
    uint8_t                 conf_v[32];
    struct pawl_err         err;

    T_OK(pawl_th2(vector("rekey.th1").p, vector("rekey.attest"), vector("rekey.e_v").p,
                  vector("rekey.signing_input"), t.th2, &err),
         &err);
    assert_true(is(t.th2, 32, "rekey.th2"));
    T_OK(pawl_root_make(&t, &r, conf_v, &err), &err);
    assert_true(is(conf_v, 32, "rekey.conf_v") && is(r.kid, PAWL_KID, "rekey.kid"));
    assert_true(holds(&r.rk, "rekey.rk") && holds(&r.k_auth, "rekey.k_auth"));
    assert_true(holds(&r.exporter, "rekey.exporter"));
    T_OK(pawl_chain_open(&r.up, PAWL_SUITE_CCM, kid, &up, &err), &err);
    T_OK(pawl_chain_open(&r.down, PAWL_SUITE_CCM, kid, &down, &err), &err);
    assert_true(holds(&up.uk, "rekey.up.0.uk") && holds(&up.prk, "rekey.up.0.prk"));
    assert_true(holds(&down.uk, "rekey.down.0.uk") && holds(&down.prk, "rekey.down.0.prk"));
}

static void device_and_verifier_make_the_same_root(void **state) /* P-KS-2 .. P-KS-7 */
{
    (void)state;
    struct pawl_secret z_ee, z_se;

    agree("rekey.e_d.pem", "rekey.e_v", &z_ee); /* the device */
    agree("rekey.t_d.pem", "rekey.e_v", &z_se);
    assert_true(holds(&z_ee, "rekey.z_ee") && holds(&z_se, "rekey.z_se"));
    root_is_that_of_the_page(&z_ee, &z_se);

    agree("rekey.e_v.pem", "rekey.e_d", &z_ee); /* the verifier */
    agree("rekey.e_v.pem", "rekey.t_d", &z_se);
    root_is_that_of_the_page(&z_ee, &z_se);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("TH2 agrees with the page", th2_agrees_with_the_page),
        T_CASE("TH2 covers each of its inputs", th2_covers_each_of_its_inputs),
        T_CASE("the signing input ends before the second dot",
               the_signing_input_ends_before_the_second_dot),
        T_CASE("the request is bound to quote and base", the_request_is_bound_to_quote_and_base),
        T_CASE("the snapshot attests the leaves", the_snapshot_attests_the_leaves),
        T_CASE("the receipt beside the result is the one it names",
               the_receipt_beside_the_result_is_the_one_it_names),
        T_CASE("device and verifier make the same root", device_and_verifier_make_the_same_root),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
