/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/steps.h"

#include <stdio.h>
#include <string.h>

pawl_status device_open(const struct flow *f, bool make, struct device *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(device_close) struct device d = { 0 };
    const struct record                     *r = &f->record;
    struct tpm_keys_config                   keys = f->config->keys;

    PAWL_TRY(tpm_open(f->config->tcti, &d.tpm, err));
    PAWL_TRY(tpm_choose_ek(d.tpm, r->ek_name.n ? &r->ek_name : NULL, &d.ek, err));
    keys.make = make;
    if (!make) {
        keys.expect_ak = r->ak_name;
        keys.expect_td = r->td_name;
    }
    PAWL_TRY(tpm_keys_open(d.tpm, &d.ek, &keys, &d.keys, err));
    *ret = d;
    d.tpm = NULL;
    return pawl_ok();
}

void device_close(struct device *d)
{
    if (d->tpm)
        tpm_close(&d->tpm);
}

void device_note(const struct device *d, struct record *r)
{
    enum pawl_template ak = PAWL_TEMPLATE_NONE;
    struct pawl_err    ignored;

    for (unsigned t = PAWL_AK_P256; t <= PAWL_AK_RSA2048; t++) {
        struct pawl_tpm_public pub;
        struct pawl_view       bytes = pawl_view(d->keys.ak.bytes, d->keys.ak.n);
        if (pawl_is_ok(pawl_tpm_public_parse(bytes, &pub, &ignored)) &&
            pawl_is_ok(pawl_template_check((enum pawl_template)t, &pub, &ignored)))
            ak = (enum pawl_template)t;
    }
    r->has_device = true;
    memcpy(r->device_id, d->ek.device_id, sizeof(r->device_id));
    snprintf(r->ek, sizeof(r->ek), "%s", pawl_template_name(d->ek.template));
    snprintf(r->ak, sizeof(r->ak), "%s", pawl_template_name(ak));
    r->ek_name = d->ek.name;
    r->ak_name = d->keys.ak.name;
    r->td_name = d->keys.td.name;
}
