/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl device: who is enrolled, and what the operator decides about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/api.h"

/* Moves the devices of one page, or those of a group, to the end of all. Says whether there were
 * any: a page without one is the last, whatever it says. */
static bool take_page(cJSON *all, cJSON *page, const char *group)
{
    cJSON *from = cJSON_GetObjectItemCaseSensitive(page, "devices"), *d;
    bool   any = false;

    while ((d = cJSON_DetachItemFromArray(from, 0))) {
        any = true;
        if ((group && !json_says(d, "group", group)) || !cJSON_AddItemToArray(all, d))
            cJSON_Delete(d);
    }
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
        next = take_page(all, page, a->option[OPT_GROUP]) ? json_text(page, "next") : NULL;
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

/* ---- what a verdict was made of ------------------------------------------------------------- */

static pawl_status decode(const cJSON *answer, struct bytes *ret, struct pawl_err *err)
{
    const char *text = json_text(answer, "bundle");

    if (!text)
        return pawl_fail(err, PAWL_E_IO, "verifier", "does not answer with evidence");
    size_t cap = strlen(text);
    ret->p = malloc(cap + 1);
    if (!ret->p)
        return pawl_fail(err, PAWL_E_MEMORY, "evidence", "no memory");
    return pawl_b64_parse(pawl_view_str(text), "evidence", ret->p, cap, &ret->n, err);
}

pawl_status device_evidence(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    PAWL_CLEANUP(bytes_done) struct bytes       file = { 0 };
    PAWL_CLEANUP(json_free) cJSON              *answer = NULL, *o = cJSON_CreateObject();

    PAWL_TRY(api_path(&path, err, "/devices/%s/evidence", a->operand));
    PAWL_TRY(api_call(a, path.p, NULL, &answer, err));
    PAWL_TRY(decode(answer, &file, err));
    PAWL_TRY(output_new(a->option[OPT_OUT], bytes_view(&file), err));
    if (!cJSON_AddStringToObject(o, "file", a->option[OPT_OUT]) ||
        !cJSON_AddNumberToObject(o, "bytes", (double)file.n))
        return pawl_fail(err, PAWL_E_MEMORY, "evidence", "no memory");
    *ret = o;
    o = NULL;
    return pawl_ok();
}
