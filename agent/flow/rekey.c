/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new epoch out of a believed result: both shared secrets from the TPM, the key schedule, the
 * verifier's confirmation, and the state that makes it ours. The same for rekey, resync and
 * enrolment, which differ in RK and H alone. Spec: docs/protocol.md, section "Key schedule".
 */
#include "flow/steps.h"

pawl_status rekey_begin(struct device *d, struct rekey *ret, struct pawl_err *err)
{
    PAWL_TRY(tpm_ephemeral_make(d->tpm, &ret->e_d, err));
    ret->tpm = d->tpm;
    return pawl_ok();
}

void rekey_end(struct rekey *r)
{
    if (r->tpm)
        tpm_ephemeral_drop(r->tpm, &r->e_d);
    r->tpm = NULL;
}

struct pawl_view rekey_point(const struct rekey *r)
{
    return pawl_view(r->e_d.point, r->tpm ? sizeof(r->e_d.point) : 0);
}

/* Of our base; of an enrolment; or bound to this TH1. */
static pawl_status base_key(const struct live *l, const struct quoted *q, struct pawl_secret *ret,
                            struct pawl_err *err)
{
    if (q->a1.label == PAWL_LABEL_ENROL)
        return pawl_rk_enrol(ret, err);
    if (q->a1.label == PAWL_LABEL_RESYNC)
        return pawl_rk_resync(q->th1, ret, err);
    if (!l->open)
        return pawl_fail(err, PAWL_E_FORGED, "result", "a root for a base that we do not have");
    *ret = l->slot.rk;
    return pawl_ok();
}

/* H: the enrolment's term, the imported key's, or nothing. */
static pawl_status hardware_term(const struct flow *f, const struct device *d,
                                 const struct quoted *q, const struct pawl_secret *enrol_term,
                                 const uint8_t th2[32], struct pawl_secret *room,
                                 const struct pawl_secret **ret, struct pawl_err *err)
{
    *ret = enrol_term;
    if (enrol_term || !(q->a1.suite & PAWL_SUITE_HMAC_KEY))
        return pawl_ok();
    *ret = room;
    return hedge_term(f, d, th2, room, err);
}

static pawl_status make(const struct rekey_context *c, struct rekey *r, const struct quoted *q,
                        const struct judged *j, struct pawl_root *ret, uint8_t ret_conf[32],
                        struct pawl_err *err)
{
    const uint8_t          *e_v = j->shown.ear.e_v;
    struct pawl_view        attest = pawl_view(q->quote.sign.attest, q->quote.sign.attest_n);
    PAWL_SECRET             rk = { 0 }, z_ee = { 0 }, z_se = { 0 }, h = { 0 };
    struct pawl_rekey_terms t = {
        .rk = &rk, .z_ee = &z_ee, .z_se = &z_se, .epoch = q->a1.new_epoch
    };

    PAWL_TRY(base_key(&c->flow->live, q, &rk, err));
    PAWL_TRY(tpm_ephemeral_zgen(r->tpm, &r->e_d, e_v, &z_ee, err)); /* e_D is gone with it */
    PAWL_TRY(tpm_td_zgen(c->device->tpm, e_v, &z_se, err));
    PAWL_TRY(pawl_th2(q->th1, attest, e_v, pawl_jws_signing_input(j->ear), t.th2, err));
    PAWL_TRY(hardware_term(c->flow, c->device, q, c->enrol_term, t.th2, &h, &t.h, err));
    return pawl_root_make(&t, ret, ret_conf, err);
}

pawl_status rekey_take(const struct rekey_context *c, struct rekey *r, const struct quoted *q,
                       const struct judged *j, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_root_wipe) struct pawl_root root = { 0 };
    uint8_t                                       conf[32];
    bool                                          base = q->a1.label == PAWL_LABEL_REKEY;

    PAWL_TRY(make(c, r, q, j, &root, conf, err));
    if (!pawl_mac_equal(PAWL_VIEW_OF(conf), j->conf_v)) /* P-DEV-3 */
        return pawl_fail(err, PAWL_E_FORGED, "result.conf_V", "the verifier has another root%s",
                         q->a1.suite & PAWL_SUITE_HMAC_KEY ? "; or another hedge key" : "");
    PAWL_TRY(live_adopt(c->flow, c->device, &root, q->a1.suite, c->verifier->id, base, err));
    return live_answered(c->flow, &q->a1, j->receipt, err);
}
