/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the operator API, page by page: each says where the next one begins. */
#include <stdio.h>
#include <string.h>

#include "ctl/api.h"

#define NEXT_MAX 160

static cJSON *rows_of(const cJSON *page, const char *list)
{
    return cJSON_GetObjectItemCaseSensitive(page, list);
}

static pawl_status get_page(const struct args *a, const char *path, const char *after, cJSON **ret,
                            struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path url = { 0 };

    /* path is made of escaped parts already. */
    PAWL_TRY(api_join(&url, path, err));
    if (*after)
        PAWL_TRY(api_path(&url, err, "&after=%s", after));
    return api_call(a, url.p, NULL, ret, err);
}

/* *all takes over the rows of the page, up to limit of them in all. */
static pawl_status take_page(cJSON **all, cJSON **page, const char *list, uint64_t limit,
                             struct pawl_err *err)
{
    cJSON *row, *from = rows_of(*page, list);

    if (!*all) {
        *all = *page;
        *page = NULL;
    } else {
        while (cJSON_IsArray(from) && (row = cJSON_DetachItemFromArray(from, 0)))
            if (!cJSON_AddItemToArray(rows_of(*all, list), row)) {
                cJSON_Delete(row);
                return json_no_memory(err);
            }
    }
    while (limit && (uint64_t)cJSON_GetArraySize(rows_of(*all, list)) > limit)
        cJSON_DeleteItemFromArray(rows_of(*all, list), cJSON_GetArraySize(rows_of(*all, list)) - 1);
    return pawl_ok();
}

/* A page without rows may be followed by others while it looks for what fits; then it goes on
 * behind where it was. Otherwise a verifier could send us round for ever. */
static bool goes_on(const cJSON *page, const char *list, const char *after, char next[NEXT_MAX])
{
    const char *text = json_text(page, "next");

    if (!text || !*text || strlen(text) >= NEXT_MAX)
        return false;
    if (!cJSON_GetArraySize(rows_of(page, list)) && strcmp(text, after) <= 0)
        return false;
    snprintf(next, NEXT_MAX, "%s", text);
    return true;
}

pawl_status api_list(const struct args *a, const char *path, const char *list, uint64_t limit,
                     cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *all = NULL;
    char                           after[NEXT_MAX] = "";

    for (bool more = true; more;) {
        PAWL_CLEANUP(json_free) cJSON *page = NULL;

        PAWL_TRY(get_page(a, path, after, &page, err));
        more = goes_on(page, list, after, after);
        PAWL_TRY(take_page(&all, &page, list, limit, err));
        if (limit && (uint64_t)cJSON_GetArraySize(rows_of(all, list)) >= limit)
            break;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(all, "next");
    *ret = all;
    all = NULL;
    return pawl_ok();
}
