/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a device's applications (P-APP): its AK certifies that it lies in the same TPM, made
 * there and never to leave it. Whoever shows a result and signs with this key is that device.
 *
 * The certification need not be fresh: the key is a property of the device, and evidence that is
 * comes with it. But it is made for this tenant, verifier and device alone.
 */
#include "flow/app_key.h"

#include <string.h>

static pawl_status same(struct pawl_view got, struct pawl_view want, const char *where,
                        const char *why, struct pawl_err *err)
{
    return pawl_view_equal(got, want) ? pawl_ok() : pawl_fail(err, PAWL_E_FORGED, where, "%s", why);
}

static pawl_status read_key(struct pawl_view bytes, struct pawl_tpm_public *ret,
                            struct pawl_name *ret_name, struct pawl_err *err)
{
    PAWL_TRY(pawl_tpm_public_parse(bytes, ret, err));
    PAWL_TRY(pawl_template_check(PAWL_APP_P256, ret, err));
    return pawl_name_of(PAWL_SHA256, bytes, ret_name, err);
}

/* What was certified, for whom, and by whom. */
static pawl_status check_attest(const struct evidence *ev, const struct device *d,
                                const struct pawl_name *key, struct pawl_err *err)
{
    struct pawl_certify c;
    uint8_t             nonce[32];

    PAWL_TRY(pawl_under(err, "app_key", pawl_certify_parse(ev->m.app_attest, &c, err)));
    PAWL_TRY(pawl_app_key_nonce(ev->a1.tenant, ev->a1.verifier_id, ev->a1.device_id, nonce, err));
    PAWL_TRY(same(c.nonce, PAWL_VIEW_OF(nonce), "app_key.extraData",
                  "is not made for this tenant, verifier and device", err));
    PAWL_TRY(same(c.name, pawl_name_view(key), "app_key.name", "certifies another key", err));
    return same(c.signer, pawl_name_view(&d->qualified_signer), "app_key.qualifiedSigner",
                "is not that of this device's AK", err);
}

static pawl_status check_signature(struct flow *f, const struct evidence *ev,
                                   const struct device *d, struct pawl_err *err)
{
    struct pawl_tpm_signature sig;
    struct pawl_tpm_public    ak;

    PAWL_TRY(pawl_tpm_public_parse(pawl_view(d->ak_public, d->ak_public_n), &ak, err));
    PAWL_TRY(pawl_tpm_signature_parse(ev->m.app_signature, &sig, err));
    return pawl_tpm_verify(f->p256, &ak, ev->m.app_attest, &sig, err);
}

pawl_status app_key_take(struct flow *f, const struct evidence *ev, struct device *d,
                         struct pawl_err *err)
{
    struct pawl_tpm_public key;
    struct pawl_name       name;

    if (!ev->m.app_public.n)
        return pawl_ok();
    PAWL_TRY(pawl_under(err, "app_key", read_key(ev->m.app_public, &key, &name, err)));
    PAWL_TRY(check_attest(ev, d, &name, err));
    PAWL_TRY(pawl_under(err, "app_key", check_signature(f, ev, d, err)));
    d->has_app_point = true;
    memcpy(d->app_point, key.key.b, sizeof(d->app_point));
    return pawl_ok();
}
