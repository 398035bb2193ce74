/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl device: who is enrolled, and what the operator decides about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/api.h"
#include "ctl/options.h"

static const struct {
    enum ctl_option option;
    const char     *query;
} filters[] = {
    { OPT_STATE, "state" },   { OPT_GROUP, "group" },     { OPT_LABEL, "label" },
    { OPT_STATUS, "status" }, { OPT_RELEASE, "release" }, { OPT_BEGINS, "q" },
};

enum { FILTERS = sizeof(filters) / sizeof(filters[0]) };

/* What was given of the filters. */
static pawl_status add_filters(const struct args *a, struct api_path *path, struct pawl_err *err)
{
    for (size_t i = 0; i < FILTERS; i++)
        if (a->option[filters[i].option])
            PAWL_TRY(api_path(path, err, "&%s=%s", filters[i].query, a->option[filters[i].option]));
    if (a->option[OPT_OVERDUE])
        PAWL_TRY(api_path(path, err, "&overdue=1"));
    return a->option[OPT_REKEY_OVERDUE] ? api_path(path, err, "&rekey_overdue=1") : pawl_ok();
}

/* The verifier names what it was asked with: who typed an option knows that. */
static void name_option(struct pawl_err *err)
{
    for (size_t i = 0; i < FILTERS; i++)
        if (strcmp(err->where, filters[i].query) == 0) {
            snprintf(err->where, sizeof(err->where), "%s", option_name(filters[i].option));
            return;
        }
}

pawl_status device_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    uint64_t                                    limit = 0;

    if (a->option[OPT_LIMIT])
        PAWL_TRY(pawl_u64_parse(a->option[OPT_LIMIT], "limit", INT32_MAX, &limit, err));
    PAWL_TRY(api_path(&path, err, "/devices?limit=500"));
    PAWL_TRY(add_filters(a, &path, err));
    pawl_status s = api_list(a, path.p, "devices", limit, ret, err);
    if (!pawl_is_ok(s))
        name_option(err);
    return s;
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

/* ---- results for others ---------------------------------------------------------------------- */

pawl_status device_ear(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/devices/%s/ear", a->operand));
    return api_call(a, path.p, NULL, ret, err);
}

pawl_status device_revoked(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/revoked"));
    return api_call(a, path.p, NULL, ret, err);
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

/* ---- labels --------------------------------------------------------------------------------- */

/* {"add": [..]} or {"remove": [..]} of the operands behind the device. */
static cJSON *label_body(const struct args *a)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(o, a->option[OPT_REMOVE] ? "remove" : "add");

    for (int i = 1; i < a->operand_n; i++)
        if (!cJSON_AddItemToArray(list, cJSON_CreateString(a->operands[i]))) {
            cJSON_Delete(o);
            return NULL;
        }
    return o;
}

pawl_status device_label(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    if (a->operand_n == 1 && a->option[OPT_REMOVE])
        return pawl_fail(err, PAWL_E_BUG, "usage", "--remove which label?");
    if (a->operand_n == 1)
        return device_show(a, ret, err);
    cJSON *body = label_body(a);
    if (!body)
        return json_no_memory(err);
    pawl_status s = api_path(&path, err, "/devices/%s/labels", a->operand);
    if (!pawl_is_ok(s)) {
        cJSON_Delete(body);
        return s;
    }
    return api_call(a, path.p, body, ret, err);
}

/* ---- all of them ---------------------------------------------------------------------------- */

pawl_status fleet_show(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return api_call(a, "/fleet", NULL, ret, err);
}
