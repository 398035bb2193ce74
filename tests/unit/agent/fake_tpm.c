/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fake_world.h"
#include "t.h"
#include "tpm/tpm.h"
#include "tpm/vault.h"

static struct pawl_name a_name(uint8_t fill)
{
    struct pawl_name n = { .n = 34, .b = { 0x00, 0x0b } };

    memset(n.b + 2, fill, 32);
    return n;
}

pawl_status tpm_open(const char *tcti, struct tpm **ret, struct pawl_err *err)
{
    (void)tcti;
    if (world.tpm_away)
        return pawl_fail(err, PAWL_E_IO, "tcti", "no TPM");
    world.opened++;
    *ret = (struct tpm *)&world;
    return pawl_ok();
}

void tpm_close(struct tpm **t)
{
    assert_null(world.ed); /* it occupies a slot of a small chip */
    world.closed += *t != NULL;
    *t = NULL;
}

pawl_status tpm_choose_ek(struct tpm *t, const struct pawl_name *keep, struct tpm_ek *ret,
                          struct pawl_err *err)
{
    (void)t;
    *ret = (struct tpm_ek){ .state = TPM_EK_MATCHES,
                            .template = PAWL_EK_P256,
                            .cert_n = 100,
                            .public_n = 80,
                            .name = a_name(0xee) };
    memset(ret->device_id, 0xdd, sizeof(ret->device_id));
    if (keep && !pawl_name_equal(keep, &ret->name))
        return pawl_fail(err, PAWL_E_ABSENT, "ek", "not this one");
    return pawl_ok();
}

struct tpm_keys_config tpm_keys_config_default(void)
{
    return (struct tpm_keys_config){ .ak = PAWL_AK_P256 };
}

static struct tpm_key a_key(enum pawl_template template, uint8_t fill)
{
    struct tpm_key  k = { .name = a_name(fill) };
    struct pawl_wr  w = pawl_wr_to(k.bytes, sizeof(k.bytes));
    struct pawl_err err;

    T_OK(pawl_template_write(template, pawl_private_public(world.td), &w, &err), &err);
    k.n = w.n;
    return k;
}

pawl_status tpm_keys_open(struct tpm *t, const struct tpm_ek *ek, const struct tpm_keys_config *cfg,
                          struct tpm_keys *ret, struct pawl_err *err)
{
    (void)t, (void)ek, (void)err;
    world.made_keys = cfg->make;
    world.expect_ak = cfg->expect_ak;
    *ret = (struct tpm_keys){ .ak = a_key(PAWL_AK_P256, 0xaa), .td = a_key(PAWL_TD_P256, 0x7d) };
    return pawl_ok();
}

pawl_status tpm_certify_td(struct tpm *t, struct pawl_view nonce, struct tpm_signed *ret,
                           struct pawl_err *err)
{
    (void)t, (void)err;
    *ret = (struct tpm_signed){ .attest_n = nonce.n, .sig_n = 64 };
    memcpy(ret->attest, nonce.p, nonce.n);
    return pawl_ok();
}

/* These devices have no key of applications. */
pawl_status tpm_certify_app(struct tpm *t, struct pawl_view nonce, struct tpm_signed *ret,
                            struct pawl_err *err)
{
    (void)t, (void)nonce, (void)ret;
    return pawl_fail(err, PAWL_E_STATE, "app_key", "there is none");
}

/* "Opens" a credential by repeating it. */
pawl_status tpm_activate(struct tpm *t, struct pawl_view id_object, struct pawl_view enc_secret,
                         struct pawl_secret *ret, struct pawl_err *err)
{
    (void)t, (void)enc_secret;
    return pawl_secret_from(pawl_view(id_object.p, 32), "secret", ret, err);
}

/* ---- quotes --------------------------------------------------------------------------------- */

static void fill_values(const struct pawl_pcr_selection *s, struct pawl_pcr_values *v)
{
    v->n = 0;
    for (size_t b = 0; b < s->n; b++)
        for (unsigned i = 0; i < PAWL_PCRS; i++)
            if (s->bank[b].bits >> i & 1) {
                struct pawl_digest *d = &v->value[v->n++];
                d->n = pawl_hash_n(s->bank[b].hash);
                memset(d->b, world.pcr, d->n);
            }
}

pawl_status tpm_quote(struct tpm *t, const struct pawl_pcr_selection *pcrs, const uint8_t nonce[32],
                      struct tpm_quote *ret, struct pawl_err *err)
{
    struct pawl_digest digest;

    (void)t;
    world.quotes++;
    if (world.quoting)
        world.quoting();
    for (size_t b = 0; world.lacks_sha384 && b < pcrs->n; b++)
        if (pcrs->bank[b].hash == PAWL_SHA384)
            return pawl_fail(err, PAWL_E_UNSUPPORTED, "TPM2_Quote.PCRselect", "0x3c3");
    *ret = (struct tpm_quote){ .pcrs = *pcrs };
    fill_values(pcrs, &ret->values);
    PAWL_TRY(pawl_pcr_digest(PAWL_SHA256, pcrs, &ret->values, &digest, err));

    struct pawl_wr   w = pawl_wr_to(ret->sign.attest, sizeof(ret->sign.attest));
    struct pawl_name signer = a_name(0xaa);
    pawl_wr_u32(&w, PAWL_TPM_GENERATED);
    pawl_wr_u16(&w, PAWL_TPM_ST_QUOTE);
    pawl_wr_tpm2b(&w, pawl_name_view(&signer));
    pawl_wr_tpm2b(&w, pawl_view(nonce, 32));
    pawl_wr_u64(&w, 1000);
    pawl_wr_u32(&w, world.resets);
    pawl_wr_u32(&w, 0);
    pawl_wr_u8(&w, 1);
    pawl_wr_u64(&w, 1);
    pawl_pcr_selection_write(pcrs, &w);
    pawl_wr_tpm2b(&w, pawl_digest_view(&digest));
    assert_false(w.full);
    ret->sign.attest_n = w.n;
    ret->sign.sig_n = 72;
    return pawl_ok();
}

pawl_status tpm_quote_all(struct tpm *t, const uint8_t nonce[32], struct tpm_quote *ret,
                          struct pawl_err *err)
{
    struct pawl_pcr_selection all = pawl_pcr_selection_all(world.lacks_sha384 ? 2 : 0);

    return tpm_quote(t, &all, nonce, ret, err);
}

/* ---- the ratchet's part --------------------------------------------------------------------- */

pawl_status tpm_ephemeral_make(struct tpm *t, struct tpm_ephemeral *ret, struct pawl_err *err)
{
    (void)t;
    assert_null(world.ed);
    if (world.no_ephemeral)
        return pawl_fail(err, PAWL_E_TPM, "TPM2_CreatePrimary", "0x902");
    PAWL_TRY(pawl_private_make(PAWL_KEY_P256, &world.ed, err));
    world.ephemerals++;
    world.challenges_before = world.challenges;
    ret->handle = 0x80000000;
    memcpy(ret->point, pawl_private_public(world.ed)->b, sizeof(ret->point));
    return pawl_ok();
}

void tpm_ephemeral_drop(struct tpm *t, struct tpm_ephemeral *e)
{
    (void)t;
    pawl_private_free(&world.ed);
    e->handle = 0;
}

static pawl_status zgen(const struct pawl_private *k, const uint8_t peer[PAWL_POINT_P256],
                        struct pawl_secret *ret, struct pawl_err *err)
{
    struct pawl_public p = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };

    if (world.no_zgen)
        return pawl_fail(err, PAWL_E_TPM, "TPM2_ECDH_ZGen", "0x101");
    memcpy(p.b, peer, PAWL_POINT_P256);
    return pawl_ecdh(k, &p, ret, err);
}

pawl_status tpm_ephemeral_zgen(struct tpm *t, struct tpm_ephemeral *e,
                               const uint8_t peer[PAWL_POINT_P256], struct pawl_secret *ret,
                               struct pawl_err *err)
{
    pawl_status s = zgen(world.ed, peer, ret, err);

    tpm_ephemeral_drop(t, e);
    return s;
}

pawl_status tpm_td_zgen(struct tpm *t, const uint8_t peer[PAWL_POINT_P256], struct pawl_secret *ret,
                        struct pawl_err *err)
{
    (void)t;
    return zgen(world.td, peer, ret, err);
}

void tpm_vault(struct tpm *t, uint32_t index, struct slot_vault *ret)
{
    (void)t;
    assert_int_equal(index, TPM_NV_COUNTER);
    *ret = soft_vault(&world.vault);
}

/* "Wraps" a key by turning its bits over. */
pawl_status tpm_hmac_import(struct tpm *t, const struct pawl_secret *key, struct tpm_sealed *ret,
                            struct pawl_err *err)
{
    (void)t, (void)err;
    ret->n = key->n;
    for (size_t i = 0; i < key->n; i++)
        ret->b[i] = (uint8_t)~key->b[i];
    return pawl_ok();
}

pawl_status tpm_hmac(struct tpm *t, const struct tpm_sealed *key, const uint8_t in[32],
                     struct pawl_secret *ret, struct pawl_err *err)
{
    struct pawl_view   part = pawl_view(in, 32);
    PAWL_SECRET        k = { .n = key->n };
    struct pawl_digest d;

    (void)t;
    for (size_t i = 0; i < key->n; i++)
        k.b[i] = (uint8_t)~key->b[i];
    PAWL_TRY(pawl_hmac(PAWL_SHA256, &k, &part, 1, &d, err));
    return pawl_secret_from(pawl_digest_view(&d), "H", ret, err);
}
