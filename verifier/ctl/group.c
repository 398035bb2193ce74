/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl group and exception: who is judged how strictly, and what is taken until when. */
#include "ctl/api.h"

/* An option that was given becomes a member. */
static bool add_option(cJSON *body, const char *name, const char *value)
{
    return !value || cJSON_AddStringToObject(body, name, value);
}

static pawl_status post(const struct args *a, const char *path, cJSON **body, cJSON **ret,
                        struct pawl_err *err)
{
    cJSON *handed_over = *body;

    *body = NULL;
    return api_call(a, path, handed_over, ret, err);
}

/* ---- groups --------------------------------------------------------------------------------- */

pawl_status group_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return api_list(a, "/groups?limit=1000", "groups", 0, ret, err);
}

pawl_status group_show(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/groups/%s", a->operand));
    return api_call(a, path.p, NULL, ret, err);
}

pawl_status group_set(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *body = cJSON_CreateObject();

    if (!cJSON_AddStringToObject(body, "name", a->operand) ||
        !add_option(body, "policy", a->option[OPT_POLICY]) ||
        !add_option(body, "mode", a->option[OPT_MODE]) ||
        !add_option(body, "note", a->option[OPT_NOTE]))
        return json_no_memory(err);
    return post(a, "/groups", &body, ret, err);
}

pawl_status group_drop(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/groups/%s/delete", a->operand));
    return api_call(a, path.p, cJSON_CreateObject(), ret, err);
}

pawl_status device_group(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    PAWL_CLEANUP(json_free) cJSON              *body = cJSON_CreateObject();

    PAWL_TRY(api_path(&path, err, "/devices/%s/group", a->operand));
    if (!cJSON_AddStringToObject(body, "group", a->second))
        return json_no_memory(err);
    return post(a, path.p, &body, ret, err);
}

/* ---- exceptions ----------------------------------------------------------------------------- */

pawl_status exception_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return api_list(a, "/exceptions?limit=1000", "exceptions", 0, ret, err);
}

pawl_status exception_add(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *body = cJSON_CreateObject();
    int of = !!a->option[OPT_DEVICE] + !!a->option[OPT_GROUP] + !!a->option[OPT_ALL];

    if (of != 1)
        return pawl_fail(err, PAWL_E_BUG, "usage", "give one of --device ID, --group NAME, --all");
    if (!cJSON_AddStringToObject(body, "code", a->operand) ||
        !add_option(body, "what", a->option[OPT_WHAT]) ||
        !add_option(body, "device", a->option[OPT_DEVICE]) ||
        !add_option(body, "group", a->option[OPT_GROUP]) ||
        !add_option(body, "author", a->option[OPT_AUTHOR]) ||
        !add_option(body, "note", a->option[OPT_NOTE]) ||
        !add_option(body, "until", a->option[OPT_UNTIL]))
        return json_no_memory(err);
    return post(a, "/exceptions", &body, ret, err);
}

pawl_status exception_end(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/exceptions/%s/end", a->operand));
    return api_call(a, path.p, cJSON_CreateObject(), ret, err);
}
