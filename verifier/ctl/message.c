/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl message: the feed of what devices sent, page by page (who follows it gets the stream),
 * and what is sent to them. */
#include <stdlib.h>
#include <string.h>

#include "ctl/api.h"

static bool has_messages(const cJSON *page)
{
    return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(page, "messages")) > 0;
}

/* Where to go on: behind the page before, or where the operator says. */
static const char *start_of(const struct args *a, const cJSON *before)
{
    const char *next = before ? json_text(before, "next") : a->option[OPT_AFTER];

    return next ? next : "";
}

static pawl_status get_page(const struct args *a, const char *after, cJSON **ret,
                            struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/messages?limit=1000&after=%s", after));
    if (a->option[OPT_DEVICE])
        PAWL_TRY(api_path(&path, err, "&device=%s", a->option[OPT_DEVICE]));
    return api_call(a, path.p, NULL, ret, err);
}

pawl_status message_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *page = NULL;

    if (a->option[OPT_FOLLOW])
        return stream_next(a, ret, err);
    PAWL_TRY(get_page(a, start_of(a, *ret), &page, err));
    if (!json_text(page, "next"))
        return pawl_fail(err, PAWL_E_IO, "verifier", "a page does not say where to go on");
    cJSON *before = *ret;
    *ret = page;
    page = before;
    return pawl_ok();
}

/* A page without entries is the last one, unless the search goes on. */
bool message_more(const struct args *a, const cJSON *answer)
{
    return a->option[OPT_FOLLOW] || has_messages(answer) ||
           cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "more"));
}

/* ---- sending -------------------------------------------------------------------------------- */

static bool add_b64(cJSON *o, const char *name, struct pawl_view v)
{
    struct pawl_err ignored;
    size_t          cap = pawl_b64_n(v.n) + 1;
    char           *text = malloc(cap);
    bool            good = text && pawl_is_ok(pawl_b64_write(v, text, cap, &ignored)) &&
                cJSON_AddStringToObject(o, name, text);

    free(text);
    return good;
}

pawl_status message_send(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    PAWL_CLEANUP(bytes_done) struct bytes       in = { 0 };
    PAWL_CLEANUP(json_free) cJSON              *body = cJSON_CreateObject();
    struct pawl_view                            message;

    if (a->second && strcmp(a->second, "-") != 0) {
        message = pawl_view_str(a->second);
    } else {
        PAWL_TRY(input_read("-", PAWL_BODY_MAX, &in, err));
        message = bytes_view(&in);
    }
    PAWL_TRY(api_path(&path, err, "/devices/%s/messages", a->operand));
    if (!add_b64(body, "body_b64", message))
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    cJSON *handed_over = body;
    body = NULL;
    return api_call(a, path.p, handed_over, ret, err);
}

/* ---- what waits ----------------------------------------------------------------------------- */

pawl_status message_queue(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/devices/%s/messages?limit=1000", a->operand));
    return api_list(a, path.p, "messages", 0, ret, err);
}
