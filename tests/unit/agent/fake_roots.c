/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's half of the key schedule, and which roots it knows. */
#include <string.h>

#include "fake_world.h"
#include "t.h"

static struct pawl_private *e_v;

static bool is_base(const struct pawl_root *r, const struct pawl_a1 *a1)
{
    return r->epoch && r->epoch == a1->base_epoch &&
           pawl_view_equal(a1->base_kid, PAWL_VIEW_OF(r->kid));
}

const struct pawl_root *fake_base(const struct fake_evidence *e)
{
    uint8_t         mac[32];
    struct pawl_err err;

    if (is_base(&world.pending, &e->a1)) {
        world.current = world.pending;
        world.pending = (struct pawl_root){ 0 };
    }
    if (!is_base(&world.current, &e->a1))
        return NULL;
    T_OK(pawl_mac_base(&world.current.k_auth, e->th1, e->e.ima_field, mac, &err), &err);
    assert_true(pawl_view_equal(e->e.mac_base, PAWL_VIEW_OF(mac)));
    world.pending = (struct pawl_root){ 0 }; /* the device cannot hold it */
    return &world.current;
}

void fake_point(struct fake_grant *ret)
{
    struct pawl_err err;

    pawl_private_free(&e_v);
    T_OK(pawl_private_make(PAWL_KEY_P256, &e_v, &err), &err);
    memcpy(ret->e_v, pawl_private_public(e_v)->b, sizeof(ret->e_v));
}

/* RK and H, by label and suite. */
static void terms(const struct fake_evidence *e, const struct pawl_root *base,
                  const uint8_t th2[32], struct pawl_secret *rk, struct pawl_secret *h)
{
    PAWL_SECRET        secret = { .n = 32 }; /* of the credential */
    struct pawl_view   part = pawl_view(th2, 32);
    struct pawl_digest d;
    struct pawl_err    err;

    h->n = 32;
    if (e->a1.label == PAWL_LABEL_ENROL) {
        T_OK(pawl_rk_enrol(rk, &err), &err);
        T_OK(pawl_enrol_term(&secret, h, &err), &err);
        return;
    }
    if (e->a1.label == PAWL_LABEL_RESYNC)
        T_OK(pawl_rk_resync(e->th1, rk, &err), &err);
    else
        *rk = base->rk;
    if (e->a1.suite & PAWL_SUITE_HMAC_KEY) {
        T_OK(pawl_hmac(PAWL_SHA256, &world.hedge, &part, 1, &d, &err), &err);
        memcpy(h->b, d.b, 32);
    }
}

void fake_grant(const struct fake_evidence *e, const struct pawl_root *base,
                struct pawl_view signing_input, struct fake_grant *g)
{
    PAWL_SECRET             z_ee = { 0 }, z_se = { 0 }, rk = { 0 }, h = { 0 };
    struct pawl_rekey_terms t = {
        .rk = &rk, .z_ee = &z_ee, .z_se = &z_se, .h = &h, .epoch = e->a1.new_epoch
    };
    struct pawl_public e_d = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };
    struct pawl_err    err;

    assert_int_equal(e->a1.e_d.n, PAWL_POINT_P256);
    memcpy(e_d.b, e->a1.e_d.p, PAWL_POINT_P256);
    T_OK(pawl_ecdh(e_v, &e_d, &z_ee, &err), &err);
    T_OK(pawl_ecdh(e_v, pawl_private_public(world.td), &z_se, &err), &err);
    T_OK(pawl_th2(e->th1, e->e.attest, pawl_private_public(e_v)->b, signing_input, t.th2, &err),
         &err);
    terms(e, base, t.th2, &rk, &h);
    T_OK(pawl_root_make(&t, &world.pending, g->conf_v, &err), &err);
    if (world.known_epoch < e->a1.new_epoch)
        world.known_epoch = e->a1.new_epoch;
    pawl_private_free(&e_v);
}
