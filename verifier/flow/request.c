/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a request is, and whether it is meant for this verifier. */

#include "flow/request.h"

pawl_status request_tenant(const struct flow *f, struct pawl_view name, const char *field,
                           const struct tenant_config **ret, struct pawl_err *err)
{
    const struct tenant_config *t = config_tenant(f->config, name);

    if (!t)
        return pawl_fail(err, PAWL_E_DENIED, field, "no such tenant here");
    *ret = t;
    return pawl_ok();
}

pawl_status request_is_for_us(const struct flow *f, struct pawl_view verifier_id, const char *field,
                              struct pawl_err *err)
{
    struct signer ours;

    if (!pawl_is_ok(keys_signer(f->keys, verifier_id, &ours, err)))
        return pawl_fail(err, PAWL_E_DENIED, field, "is another verifier's");
    return pawl_ok();
}

struct pawl_view tenant_view(const struct tenant_config *t)
{
    return pawl_view_str(t->name);
}

const struct ek_trust *tenant_trust(const struct flow *f, const struct tenant_config *t)
{
    return &f->trust[t - f->config->tenant];
}
