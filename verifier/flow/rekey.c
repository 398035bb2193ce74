/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's half of a rekey, in the order of docs/protocol.md, section "Rekey". */

#include "flow/rekey.h"

#include <string.h>

#include "ratchet/plan.h"

/* H of the third extract: at an enrolment the activated secret's, else that of the imported key
 * when the suite has it; *ret_h NULL stands for 32 zero bytes. */
static pawl_status hedge(const struct grant *g, uint16_t suite, const struct ratchet *r,
                         const uint8_t th2[32], struct pawl_secret *room,
                         const struct pawl_secret **ret_h, struct pawl_err *err)
{
    const struct pawl_view parts[] = { pawl_view(th2, 32) };
    struct pawl_digest     mac;

    *ret_h = g->h;
    if (g->h || !(suite & PAWL_SUITE_HMAC_KEY))
        return pawl_ok();
    PAWL_TRY(pawl_hmac(PAWL_SHA256, &r->hedge, parts, 1, &mac, err));
    PAWL_TRY(pawl_secret_from(pawl_digest_view(&mac), "rekey.H", room, err));
    pawl_wipe(&mac, sizeof(mac));
    *ret_h = room;
    return pawl_ok();
}

/* Draws E_V, and x(ECDH(E_V, point)) of e_D and t_D. */
static pawl_status agree(struct flow *f, const struct evidence *ev, const struct device *d,
                         struct pawl_secret *z_ee, struct pawl_secret *z_se,
                         uint8_t ret_e_v[PAWL_POINT_P256], struct pawl_err *err)
{
    const struct pawl_agreement with[] = { { "A1.E_D", ev->a1.e_d.p, z_ee },
                                           { "device.td_point", d->td_point, z_se } };

    if (ev->a1.e_d.n != PAWL_POINT_P256)
        return pawl_fail(err, PAWL_E_FORM, "A1.E_D", "%zu bytes are no point", ev->a1.e_d.n);
    return pawl_p256_agree(f->p256, with, 2, ret_e_v, err);
}

static pawl_status make_root(const struct evidence *ev, const struct grant *g,
                             const struct ratchet *r, const struct pawl_secret *z_ee,
                             const struct pawl_secret *z_se, struct result *ret,
                             struct pawl_root *ret_root, struct pawl_err *err)
{
    PAWL_SECRET             room = { 0 }, root = { 0 };
    struct pawl_rekey_terms t = {
        .rk = g->rk, .z_ee = z_ee, .z_se = z_se, .epoch = ev->a1.new_epoch
    };

    PAWL_TRY(pawl_th2(ev->th1, ev->m.attest, ret->e_v,
                      pawl_jws_signing_input(pawl_view_str(ret->ear)), t.th2, err));
    PAWL_TRY(hedge(g, ev->a1.suite, r, t.th2, &room, &t.h, err));
    PAWL_TRY(pawl_root_secret(&t, &root, ret->conf_v, err));
    return pawl_root_spread(&root, t.epoch, ret_root, err);
}

pawl_status rekey_grant(struct flow *f, const struct evidence *ev, const struct device *d,
                        const struct verdict *v, const struct grant *g, struct ratchet *r,
                        struct result *ret, struct pawl_err *err)
{
    PAWL_SECRET                                   z_ee = { 0 }, z_se = { 0 };
    PAWL_CLEANUP(pawl_root_wipe) struct pawl_root root = { 0 };

    PAWL_TRY(agree(f, ev, d, &z_ee, &z_se, ret->e_v, err));
    ret->has_root = true;
    PAWL_TRY(answer_ear(f, ev, d, v, incident_is_red(&r->incident), ret, err));
    PAWL_TRY(make_root(ev, g, r, &z_ee, &z_se, ret, &root, err));
    ratchet_grant(r, &root, ev->a1.suite, ev->a1.verifier_id.p, ev->a1.attempt, ev->now_ms,
                  g->reset, g->by_auto);
    return pawl_ok();
}
