/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl policy: which PCR values are good, and for whom. */
#include "appraise/policy.h"

#include "ctl/api.h"

/* Read here as strictly as there, so that a mistake is named with its line before anything is sent.
 */
pawl_status policy_add(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes   file = { 0 };
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };

    PAWL_TRY(input_read(a->operand, POLICY_JSON_MAX, &file, err));
    PAWL_TRY(policy_parse(bytes_view(&file), &p, err));
    return api_call(a, "/policies", cJSON_ParseWithLength((const char *)file.p, file.n), ret, err);
}

pawl_status policy_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return api_call(a, "/policies", NULL, ret, err);
}

pawl_status policy_show(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    const char                                 *version = a->option[OPT_VERSION_NUMBER];

    PAWL_TRY(api_path(&path, err, "/policies/%s", a->operand));
    if (version)
        PAWL_TRY(api_path(&path, err, "?version=%s", version));
    return api_call(a, path.p, NULL, ret, err);
}

pawl_status policy_make(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *body = cJSON_CreateObject();
    const char                    *version = a->option[OPT_VERSION_NUMBER];
    uint64_t                       number = 0;

    if (version)
        PAWL_TRY(pawl_u64_parse(version, "version", POLICY_VERSION_MAX, &number, err));
    if (!cJSON_AddStringToObject(body, "name", a->operand) ||
        !cJSON_AddStringToObject(body, "device", a->option[OPT_DEVICE]) ||
        (version && !json_add_u64(body, "version", number)))
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    cJSON *handed_over = body;
    body = NULL;
    return api_call(a, "/policies/learn", handed_over, ret, err);
}

pawl_status policy_assign(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    PAWL_CLEANUP(json_free) cJSON              *body = cJSON_CreateObject();

    if (!a->option[OPT_DEVICE] == !a->option[OPT_DEFAULT])
        return pawl_fail(err, PAWL_E_BUG, "usage", "give one of --device ID and --default");
    if (!cJSON_AddStringToObject(body, "policy", a->operand))
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    if (a->option[OPT_DEVICE])
        PAWL_TRY(api_path(&path, err, "/devices/%s/policy", a->option[OPT_DEVICE]));
    else
        PAWL_TRY(api_path(&path, err, "/default-policy"));
    cJSON *handed_over = body;
    body = NULL;
    return api_call(a, path.p, handed_over, ret, err);
}
