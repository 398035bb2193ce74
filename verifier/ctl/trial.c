/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawlctl policy test: what would become of devices if a policy judged them. The verifier answers
 * page by page; here the pages become one answer with a summary.
 */
#include <stdlib.h>
#include <string.h>

#include "appraise/policy.h"
#include "ctl/api.h"

/* ---- what is tried -------------------------------------------------------------------------- */

/* What is sent: a policy as it stands in its file, or which of the stored ones. */
struct tried {
    struct bytes file;
    char        *text;
};

static void tried_done(struct tried *t)
{
    bytes_done(&t->file);
    cJSON_free(t->text);
}

static struct pawl_view tried_view(const struct tried *t)
{
    return t->text ? pawl_view_str(t->text) : bytes_view(&t->file);
}

/* A file is told from a policy of the verifier by its slash or its end. */
static bool is_file(const char *operand)
{
    size_t n = strlen(operand);

    return strcmp(operand, "-") == 0 || strchr(operand, '/') ||
           (n > 5 && strcmp(operand + n - 5, ".json") == 0);
}

static pawl_status name_policy(const char *operand, struct tried *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *body = cJSON_CreateObject();
    const char                    *colon = strchr(operand, ':');
    size_t                         n = colon ? (size_t)(colon - operand) : strlen(operand);
    char                           name[PAWL_TENANT_MAX + 2];
    uint64_t                       version = 0;

    if (n >= sizeof(name))
        return pawl_fail(err, PAWL_E_RANGE, "policy", "no name of a policy");
    memcpy(name, operand, n);
    name[n] = 0;
    if (colon)
        PAWL_TRY(pawl_u64_parse(colon + 1, "version", POLICY_VERSION_MAX, &version, err));
    if (!cJSON_AddStringToObject(body, "policy", name) ||
        (colon && !json_add_u64(body, "version", version)))
        return json_no_memory(err);
    ret->text = cJSON_PrintUnformatted(body);
    return ret->text ? pawl_ok() : json_no_memory(err);
}

/* Read here as strictly as there, so that a mistake is named before anything is sent. */
static pawl_status read_tried(const char *operand, struct tried *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };

    if (!is_file(operand))
        return name_policy(operand, ret, err);
    PAWL_TRY(input_read(operand, POLICY_JSON_MAX, &ret->file, err));
    return policy_parse(bytes_view(&ret->file), &p, err);
}

/* ---- the summary ---------------------------------------------------------------------------- */

static bool is_true(const cJSON *o, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, name));
}

/* What is said of a device and makes nothing worse. */
static bool is_note(const char *code)
{
    static const char *const notes[] = { "firmware-differs", "lab-tpm", "watched", "excepted" };

    for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
        if (strcmp(code, notes[i]) == 0)
            return true;
    return false;
}

static bool is_said_before(const cJSON *reasons, const cJSON *reason, const char *code)
{
    for (const cJSON *r = reasons->child; r != reason; r = r->next)
        if (json_says(r, "code", code))
            return true;
    return false;
}

/* How many devices have each reason. */
static bool count_reasons(const cJSON *device, cJSON *counts)
{
    const cJSON *r, *reasons = cJSON_GetObjectItemCaseSensitive(device, "reasons");
    bool         good = true;

    cJSON_ArrayForEach(r, reasons)
    {
        const char *code = json_text(r, "code");
        if (!code || is_note(code) || is_said_before(reasons, r, code))
            continue;
        cJSON *count = cJSON_GetObjectItemCaseSensitive(counts, code);
        if (count)
            cJSON_SetNumberValue(count, count->valuedouble + 1);
        else
            good = good && cJSON_AddNumberToObject(counts, code, 1);
    }
    return good;
}

static bool add_summary(cJSON *answer)
{
    const cJSON *d;
    int          tested = 0, passes = 0, worse = 0, untested = 0;
    cJSON       *counts = cJSON_CreateObject();
    bool         good = counts != NULL;

    cJSON_ArrayForEach(d, cJSON_GetObjectItemCaseSensitive(answer, "devices"))
    {
        tested++;
        passes += is_true(d, "passes");
        worse += is_true(d, "worse");
        untested += !is_true(d, "runtime_tested");
        good = good && (is_true(d, "passes") || count_reasons(d, counts));
    }
    good = good && cJSON_AddNumberToObject(answer, "tested", tested) &&
           cJSON_AddNumberToObject(answer, "would_pass", passes) &&
           cJSON_AddNumberToObject(answer, "would_fail", tested - passes) &&
           cJSON_AddNumberToObject(answer, "worse", worse) &&
           cJSON_AddNumberToObject(answer, "runtime_untested", untested);
    if (good && cJSON_AddItemToObject(answer, "reasons", counts))
        return true;
    cJSON_Delete(counts);
    return false;
}

/* ---- the command ---------------------------------------------------------------------------- */

static pawl_status ask_page(const struct args *a, const struct tried *t, const char *after,
                            cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    PAWL_CLEANUP(bytes_done) struct bytes       answer = { 0 };

    PAWL_TRY(api_path(&path, err, "/policies/test?limit=200&after=%s", after));
    if (a->option[OPT_GROUP])
        PAWL_TRY(api_path(&path, err, "&group=%s", a->option[OPT_GROUP]));
    if (a->option[OPT_DEVICE])
        PAWL_TRY(api_path(&path, err, "&device=%s", a->option[OPT_DEVICE]));
    PAWL_TRY(api_text(a, path.p, tried_view(t), &answer, err));
    *ret = answer.n ? cJSON_ParseWithLength((const char *)answer.p, answer.n) : NULL;
    if (!*ret || !json_text(*ret, "policy"))
        return pawl_fail(err, PAWL_E_IO, "verifier", "does not answer as this command expects");
    return pawl_ok();
}

static pawl_status add_page(cJSON *all, cJSON *page, struct pawl_err *err)
{
    cJSON *to = cJSON_GetObjectItemCaseSensitive(all, "devices"), *d;
    cJSON *from = cJSON_GetObjectItemCaseSensitive(page, "devices");

    if (!cJSON_GetObjectItemCaseSensitive(all, "policy") &&
        !cJSON_AddStringToObject(all, "policy", json_text(page, "policy")))
        return json_no_memory(err);
    while ((d = cJSON_DetachItemFromArray(from, 0)))
        if (!cJSON_AddItemToArray(to, d))
            return json_no_memory(err);
    return pawl_ok();
}

/* A cursor that does not grow leads nowhere. */
static pawl_status next_of(const cJSON *page, char after[2 * PAWL_DEVICE_ID + 1],
                           struct pawl_err *err)
{
    const char *next = json_text(page, "next");

    if (next && (strlen(next) != 2 * PAWL_DEVICE_ID || strcmp(next, after) <= 0))
        return pawl_fail(err, PAWL_E_IO, "verifier", "a page does not say where to go on");
    memcpy(after, next ? next : "", next ? strlen(next) + 1 : 1);
    return pawl_ok();
}

pawl_status policy_try(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(tried_done) struct tried t = { 0 };
    PAWL_CLEANUP(json_free) cJSON        *answer = cJSON_CreateObject();
    char                                  after[2 * PAWL_DEVICE_ID + 1] = "";
    int of = !!a->option[OPT_DEVICE] + !!a->option[OPT_GROUP] + !!a->option[OPT_ALL];

    if (of != 1)
        return pawl_fail(err, PAWL_E_BUG, "usage", "give one of --device ID, --group NAME, --all");
    PAWL_TRY(read_tried(a->operand, &t, err));
    if (!cJSON_AddArrayToObject(answer, "devices"))
        return json_no_memory(err);
    do {
        PAWL_CLEANUP(json_free) cJSON *page = NULL;

        PAWL_TRY(ask_page(a, &t, after, &page, err));
        PAWL_TRY(add_page(answer, page, err));
        PAWL_TRY(next_of(page, after, err));
    } while (after[0]);
    if (!add_summary(answer))
        return json_no_memory(err);
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}

bool trial_is_good(const cJSON *answer)
{
    return json_number(answer, "worse", 1) == 0;
}
