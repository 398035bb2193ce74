/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of the device's applications: its certification goes along with evidence until a signed
 * result names the key (P-APP-3).
 */
#include "flow/steps.h"

#include <string.h>

static pawl_status point_of(const struct tpm_key *k, struct pawl_view *ret,
                            struct pawl_tpm_public *room, struct pawl_err *err)
{
    PAWL_TRY(
        pawl_under(err, "app_key", pawl_tpm_public_parse(pawl_view(k->bytes, k->n), room, err)));
    *ret = pawl_view(room->key.b, room->key.n);
    return pawl_ok();
}

pawl_status app_key_add(const struct evidence *e, struct quoted *q, struct pawl_evidence *m,
                        struct pawl_err *err)
{
    const struct tpm_key *key = &e->device->keys.app;
    uint8_t               nonce[32];

    if (e->device->keys.app_problem.code)
        flow_note_missing(e->flow, &e->device->keys.app_problem);
    if (!key->n || e->flow->app_named)
        return pawl_ok();
    PAWL_TRY(pawl_app_key_nonce(q->a1.tenant, q->a1.verifier_id, q->a1.device_id, nonce, err));
    PAWL_TRY(tpm_certify_app(e->device->tpm, PAWL_VIEW_OF(nonce), &q->app, err));
    m->app_public = pawl_view(key->bytes, key->n);
    m->app_attest = pawl_view(q->app.attest, q->app.attest_n);
    m->app_signature = pawl_view(q->app.sig, q->app.sig_n);
    return pawl_ok();
}

void app_key_note(const struct evidence *e, const struct ear *ear)
{
    const struct tpm_key  *key = &e->device->keys.app;
    struct pawl_tpm_public room;
    struct pawl_view       point;
    struct pawl_err        ignored;

    e->flow->app_named = key->n && ear->has_app_point &&
                         pawl_is_ok(point_of(key, &point, &room, &ignored)) &&
                         pawl_view_equal(point, PAWL_VIEW_OF(ear->app_point));
}
