/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl policy: what is good, and for whom. */
#include "appraise/policy.h"
#include "appraise/policy_text.h"

#include "ctl/api.h"

/* A policy that the verifier answers with, comments and all. */
static pawl_status answer_of(const struct bytes *text, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_text_done) struct policy_text t = { 0 };

    PAWL_TRY(pawl_under(err, "verifier", policy_text_read(bytes_view(text), &t, err)));
    *ret = t.root;
    t.root = NULL;
    return pawl_ok();
}

/* Read here as strictly as there, so that a mistake is named with its line before anything is sent.
 * It is sent as it stands in the file: comments are part of what is stored. */
pawl_status policy_add(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes   file = { 0 }, answer = { 0 };
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };

    PAWL_TRY(input_read(a->operand, POLICY_JSON_MAX, &file, err));
    PAWL_TRY(policy_parse(bytes_view(&file), &p, err));
    PAWL_TRY(api_text(a, "/policies", bytes_view(&file), &answer, err));
    return answer_of(&answer, ret, err);
}

pawl_status policy_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return api_list(a, "/policies?limit=1000", "policies", 0, ret, err);
}

/* For people as it was stored; as JSON without the comments. */
pawl_status policy_show(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    PAWL_CLEANUP(bytes_done) struct bytes       answer = { 0 };
    const char                                 *version = a->option[OPT_VERSION_NUMBER];

    PAWL_TRY(api_path(&path, err, "/policies/%s", a->operand));
    if (version)
        PAWL_TRY(api_path(&path, err, "?version=%s", version));
    PAWL_TRY(api_text(a, path.p, pawl_view(NULL, 0), &answer, err));
    if (a->option[OPT_JSON])
        return answer_of(&answer, ret, err);
    *ret = cJSON_CreateRaw(answer.n ? (const char *)answer.p : "");
    return *ret ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "policy", "no memory");
}

pawl_status policy_make(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *body = cJSON_CreateObject();
    const char                    *release = a->option[OPT_RELEASE];

    if (!cJSON_AddStringToObject(body, "name", a->operand) ||
        !cJSON_AddStringToObject(body, "device", a->option[OPT_DEVICE]) ||
        (release && !cJSON_AddStringToObject(body, "release", release)) ||
        (a->option[OPT_LITERAL] && !cJSON_AddTrueToObject(body, "literal")))
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    PAWL_TRY(
        json_add_number(body, "version", a->option[OPT_VERSION_NUMBER], POLICY_VERSION_MAX, err));
    PAWL_TRY(json_add_number(body, "base", a->option[OPT_BASE], POLICY_VERSION_MAX, err));
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
