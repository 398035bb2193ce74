/* SPDX-License-Identifier: Apache-2.0 */
/* The little that cJSON leaves to be said. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

void json_free(cJSON **j)
{
    cJSON_Delete(*j);
}

const char *json_name(const cJSON *m)
{
    return m->string ? m->string : "";
}

const char *json_text(const cJSON *o, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
}

bool json_says(const cJSON *o, const char *name, const char *want)
{
    const char *text = json_text(o, name);

    return text && strcmp(text, want) == 0;
}

int64_t json_number(const cJSON *o, const char *name, int64_t fallback)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);

    /* Beyond 2^53 a double is no integer any more. */
    return cJSON_IsNumber(n) && n->valuedouble > -9e15 && n->valuedouble < 9e15
               ? (int64_t)n->valuedouble
               : fallback;
}

static bool repeats_a_name(const cJSON *o)
{
    for (const cJSON *m = o->child; m; m = m->next) {
        for (const cJSON *later = m->next; m->string && later; later = later->next)
            if (strcmp(m->string, later->string) == 0)
                return true;
        if (repeats_a_name(m))
            return true;
    }
    return false;
}

pawl_status json_parse_object(struct pawl_view text, const char *where, cJSON **ret,
                              struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *j = NULL;
    const char                    *at, *end = (const char *)text.p + text.n;

    j = cJSON_ParseWithLengthOpts((const char *)text.p, text.n, &at, false);
    if (!cJSON_IsObject(j))
        return pawl_fail(err, PAWL_E_FORM, where, "is no JSON object");
    while (at < end && *at && strchr(" \t\r\n", *at))
        at++;
    if (at != end)
        return pawl_fail(err, PAWL_E_TRAILING, where, "goes on behind the JSON object");
    if (repeats_a_name(j))
        return pawl_fail(err, PAWL_E_FORM, where, "gives a name twice");
    *ret = j;
    j = NULL;
    return pawl_ok();
}

bool json_add_hex(cJSON *o, const char *name, struct pawl_view v)
{
    struct pawl_err ignored;
    char           *text = malloc(2 * v.n + 1);
    bool            good = text && pawl_is_ok(pawl_hex_write(v, text, 2 * v.n + 1, &ignored)) &&
                cJSON_AddStringToObject(o, name, text);

    free(text);
    return good;
}

bool json_add_u64(cJSON *o, const char *name, uint64_t v)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, v);
    return cJSON_AddRawToObject(o, name, text);
}

pawl_status json_add_number(cJSON *o, const char *name, const char *text, uint64_t max,
                            struct pawl_err *err)
{
    uint64_t v;

    if (!text)
        return pawl_ok();
    PAWL_TRY(pawl_u64_parse(text, name, max, &v, err));
    return json_add_u64(o, name, v) ? pawl_ok() : json_no_memory(err);
}

pawl_status json_no_memory(struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_MEMORY, "json", "no memory");
}
