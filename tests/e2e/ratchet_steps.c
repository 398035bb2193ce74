/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ratchet_steps.h"

struct tpm *open_keys(const struct device *d, struct tpm_keys *ret)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(d);
    struct tpm_keys        keys = opened(t, &cfg);

    if (ret)
        *ret = keys;
    return t;
}

struct tpm *after_power_cut(const struct device *d, struct tpm *t)
{
    tpm_close(&t);
    device_power_cut(d);
    return open_keys(d, NULL);
}

struct pawl_private *peer_made(void)
{
    struct pawl_private *k = NULL;
    struct pawl_err      err;

    T_OK(pawl_private_make(PAWL_KEY_P256, &k, &err), &err);
    return k;
}

void software_z(const struct pawl_private *peer, const uint8_t point[PAWL_POINT_P256],
                struct pawl_secret *ret)
{
    struct pawl_public p = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };
    struct pawl_err    err;

    memcpy(p.b, point, PAWL_POINT_P256);
    T_OK(pawl_ecdh(peer, &p, ret, &err), &err);
}

void point_of(const struct tpm_key *key, uint8_t ret[PAWL_POINT_P256])
{
    struct pawl_tpm_public pub = public_of(key);

    assert_int_equal(pub.key.n, PAWL_POINT_P256);
    memcpy(ret, pub.key.b, PAWL_POINT_P256);
}

struct tpm_ephemeral ephemeral_made(struct tpm *t)
{
    struct tpm_ephemeral e = { 0 };
    struct pawl_err      err;

    T_OK(tpm_ephemeral_make(t, &e, &err), &err);
    assert_true(e.handle != 0);
    return e;
}

void agrees(struct tpm *t, const struct tpm_keys *keys, struct tpm_ephemeral *e)
{
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *peer = peer_made();
    const uint8_t                                       *e_v = pawl_private_public(peer)->b;
    uint8_t                                              td[PAWL_POINT_P256];
    struct pawl_secret                                   expected, z = { 0 };
    struct pawl_err                                      err;

    software_z(peer, e->point, &expected);
    T_OK(tpm_ephemeral_zgen(t, e, e_v, &z, &err), &err);
    assert_int_equal(z.n, 32);
    assert_true(pawl_secret_equal(&z, &expected));
    assert_int_equal(e->handle, 0);

    point_of(&keys->td, td);
    software_z(peer, td, &expected);
    T_OK(tpm_td_zgen(t, e_v, &z, &err), &err);
    assert_int_equal(z.n, 32);
    assert_true(pawl_secret_equal(&z, &expected));
}

uint64_t counter_stands_at(struct tpm *t)
{
    uint64_t        value = 0;
    struct pawl_err err;

    T_OK(tpm_counter_open(t, TPM_NV_COUNTER, false, &value, &err), &err);
    return value;
}

uint64_t counter_is_made(struct tpm *t)
{
    uint64_t        value = 0;
    struct pawl_err err;

    T_OK(tpm_counter_open(t, TPM_NV_COUNTER, true, &value, &err), &err);
    assert_true(value > 0);
    return value;
}

uint64_t incremented(struct tpm *t)
{
    uint64_t        value = 0;
    struct pawl_err err;

    T_OK(tpm_counter_increment(t, TPM_NV_COUNTER, &value, &err), &err);
    return value;
}

struct pawl_secret secret_of(size_t n)
{
    struct pawl_secret s = { 0 };
    struct pawl_err    err;

    T_OK(pawl_secret_random(n, &s, &err), &err);
    return s;
}

struct tpm_sealed sealed(struct tpm *t, uint64_t value, const struct pawl_secret *secret)
{
    struct tpm_sealed s = { 0 };
    struct pawl_err   err;

    T_OK(tpm_seal(t, TPM_NV_COUNTER, value, secret, &s, &err), &err);
    return s;
}

void unseals(struct tpm *t, uint64_t value, const struct tpm_sealed *s,
             const struct pawl_secret *in)
{
    struct pawl_secret out = { 0 };
    struct pawl_err    err;

    T_OK(tpm_unseal(t, TPM_NV_COUNTER, value, s, &out, &err), &err);
    assert_true(pawl_secret_equal(&out, in));
}

void does_not_unseal(struct tpm *t, uint64_t value, const struct tpm_sealed *s, enum pawl_code code)
{
    struct pawl_secret out;
    struct pawl_err    err;

    t_poison(&out, sizeof(out));
    T_FAILS(tpm_unseal(t, TPM_NV_COUNTER, value, s, &out, &err), &err, code);
    t_still_poisoned(&out, sizeof(out));
}

struct tpm_sealed imported(struct tpm *t, const struct pawl_secret *key)
{
    struct tpm_sealed s = { 0 };
    struct pawl_err   err;

    T_OK(tpm_hmac_import(t, key, &s, &err), &err);
    return s;
}

void makes_the_mac(struct tpm *t, const struct tpm_sealed *key, const struct pawl_secret *plain)
{
    const struct pawl_view in[] = { PAWL_VIEW_OF(nonce) };
    struct pawl_digest     expected;
    struct pawl_secret     h = { 0 };
    struct pawl_err        err;

    T_OK(pawl_hmac(PAWL_SHA256, plain, in, 1, &expected, &err), &err);
    T_OK(tpm_hmac(t, key, nonce, &h, &err), &err);
    assert_true(pawl_view_equal(pawl_secret_view(&h), pawl_digest_view(&expected)));
}
