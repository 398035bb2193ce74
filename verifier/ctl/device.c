/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl device: who is enrolled, and what the operator decides about them. */
#include "ctl/api.h"

/* Moves the devices of one page to the end of all. Says whether there were any: a page without one
 * is the last, whatever it says. */
static bool take_page(cJSON *all, cJSON *page)
{
    cJSON *from = cJSON_GetObjectItemCaseSensitive(page, "devices"), *d;
    bool   any = false;

    while ((d = cJSON_DetachItemFromArray(from, 0)))
        any = cJSON_AddItemToArray(all, d);
    return any;
}

pawl_status device_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *o = cJSON_CreateObject(), *page = NULL;
    cJSON                         *all = cJSON_AddArrayToObject(o, "devices");
    const char                    *next = "";

    while (next) {
        PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
        cJSON                                      *fresh = NULL;

        PAWL_TRY(api_path(&path, err, "/devices?limit=500&after=%s", next));
        PAWL_TRY(api_call(a, path.p, NULL, &fresh, err));
        json_free(&page);
        page = fresh; /* next points into it */
        next = take_page(all, page) ? json_text(page, "next") : NULL;
    }
    *ret = o;
    o = NULL;
    return pawl_ok();
}

pawl_status device_show(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/devices/%s", a->operand));
    return api_call(a, path.p, NULL, ret, err);
}

static pawl_status post(const struct args *a, const char *what, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/devices/%s", a->operand));
    PAWL_TRY(api_path(&path, err, "/%s", what));
    return api_call(a, path.p, cJSON_CreateObject(), ret, err);
}

pawl_status device_approve(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return post(a, "approve", ret, err);
}

pawl_status device_revoke(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return post(a, "revoke", ret, err);
}

pawl_status device_rekey(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return post(a, "rekey", ret, err);
}

pawl_status device_hedge(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return post(a, "hedge", ret, err);
}

pawl_status device_key(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    PAWL_CLEANUP(json_free) cJSON              *body = cJSON_CreateObject();

    PAWL_TRY(api_path(&path, err, "/devices/%s/key", a->operand));
    if (!cJSON_AddStringToObject(body, "label", a->second))
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    cJSON *handed_over = body;
    body = NULL;
    return api_call(a, path.p, handed_over, ret, err);
}
