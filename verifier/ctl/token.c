/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl token: enrolment tokens, as strings that `pawl-agent join` takes. */
#include "ctl/api.h"

pawl_status token_create(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *body = cJSON_CreateObject();
    const char                    *device = a->option[OPT_DEVICE];

    PAWL_TRY(json_add_number(body, "uses", a->option[OPT_USES], INT32_MAX, err));
    PAWL_TRY(json_add_number(body, "ttl_s", a->option[OPT_TTL], INT32_MAX, err));
    if (device && !cJSON_AddStringToObject(body, "device", device))
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    cJSON *handed_over = body;
    body = NULL;
    return api_call(a, "/tokens", handed_over, ret, err);
}

pawl_status token_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return api_list(a, "/tokens?limit=1000", "tokens", 0, ret, err);
}

pawl_status token_drop(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/tokens/%s/drop", a->operand));
    return api_call(a, path.p, cJSON_CreateObject(), ret, err);
}
