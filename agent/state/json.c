/* SPDX-License-Identifier: Apache-2.0 */
#include "state/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEX_BYTES_MAX = 256 };

void json_done(cJSON **j)
{
    cJSON_Delete(*j);
    *j = NULL;
}

/* The escape of a NUL; behind an escaped backslash the same letters are plain text. */
static bool holds_nul(struct pawl_view in)
{
    for (size_t i = 0; i + 6 <= in.n; i++) {
        if (in.p[i] != '\\')
            continue;
        if (!memcmp(in.p + i, "\\u0000", 6))
            return true;
        i++; /* what this backslash escapes begins nothing */
    }
    return false;
}

pawl_status json_parse(struct pawl_view in, const char *what, cJSON **ret, struct pawl_err *err)
{
    const char *text = (const char *)in.p, *end = NULL;

    if (!in.n || !pawl_is_utf8(in))
        return pawl_fail(err, PAWL_E_FORM, what, "%s", in.n ? "not UTF-8 text" : "empty");
    /* cJSON would end a string there. */
    if (holds_nul(in))
        return pawl_fail(err, PAWL_E_FORM, what, "holds a NUL character");
    PAWL_CLEANUP(json_done) cJSON *j = cJSON_ParseWithLengthOpts(text, in.n, &end, 0);
    if (!j)
        return pawl_fail(err, PAWL_E_FORM, what, "no JSON at byte %td of %zu", end ? end - text : 0,
                         in.n);
    while (end < text + in.n && strchr(" \t\r\n", *end))
        end++;
    if (end != text + in.n)
        return pawl_fail(err, PAWL_E_TRAILING, what, "%td bytes after the object",
                         text + in.n - end);
    if (!cJSON_IsObject(j))
        return pawl_fail(err, PAWL_E_FORM, what, "not a JSON object");
    *ret = j;
    j = NULL;
    return pawl_ok();
}

static bool known(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

pawl_status json_only(const cJSON *object, const char *const *names, size_t n, struct pawl_err *err)
{
    for (const cJSON *m = object->child; m; m = m->next) {
        if (!known(m->string, names, n))
            return pawl_fail(err, PAWL_E_FORM, "member", "one of %d members is not known",
                             cJSON_GetArraySize(object));
        for (const cJSON *later = m->next; later; later = later->next)
            if (!strcmp(m->string, later->string))
                return pawl_fail(err, PAWL_E_FORM, m->string, "given twice");
    }
    return pawl_ok();
}

static pawl_status member(const cJSON *object, const char                  *name,
                          cJSON_bool (*is)(const cJSON *const), const char *type, const cJSON **ret,
                          struct pawl_err *err)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!m)
        return pawl_fail(err, PAWL_E_ABSENT, name, "missing");
    if (!is(m))
        return pawl_fail(err, PAWL_E_FORM, name, "not %s", type);
    *ret = m;
    return pawl_ok();
}

pawl_status json_object(const cJSON *object, const char *name, const cJSON **ret,
                        struct pawl_err *err)
{
    return member(object, name, cJSON_IsObject, "an object", ret, err);
}

pawl_status json_array(const cJSON *object, const char *name, const cJSON **ret,
                       struct pawl_err *err)
{
    return member(object, name, cJSON_IsArray, "an array", ret, err);
}

pawl_status json_bool(const cJSON *object, const char *name, bool *ret, struct pawl_err *err)
{
    const cJSON *m;

    PAWL_TRY(member(object, name, cJSON_IsBool, "true or false", &m, err));
    *ret = cJSON_IsTrue(m);
    return pawl_ok();
}

pawl_status json_int(const cJSON *object, const char *name, int64_t lo, int64_t hi, int64_t *ret,
                     struct pawl_err *err)
{
    const cJSON *m;

    PAWL_TRY(member(object, name, cJSON_IsNumber, "a number", &m, err));
    if (!(m->valuedouble >= (double)lo && m->valuedouble <= (double)hi))
        return pawl_fail(err, PAWL_E_RANGE, name, "not between %" PRId64 " and %" PRId64, lo, hi);
    if ((double)(int64_t)m->valuedouble != m->valuedouble)
        return pawl_fail(err, PAWL_E_FORM, name, "not a whole number");
    *ret = (int64_t)m->valuedouble;
    return pawl_ok();
}

pawl_status json_text(const cJSON *object, const char *name, size_t max, const char **ret,
                      struct pawl_err *err)
{
    const cJSON *m;

    PAWL_TRY(member(object, name, cJSON_IsString, "text", &m, err));
    if (strlen(m->valuestring) > max)
        return pawl_fail(err, PAWL_E_RANGE, name, "longer than %zu characters", max);
    *ret = m->valuestring;
    return pawl_ok();
}

pawl_status json_u64(const cJSON *object, const char *name, uint64_t *ret, struct pawl_err *err)
{
    const char *text;

    PAWL_TRY(json_text(object, name, 20, &text, err));
    return pawl_u64_parse(text, name, UINT64_MAX, ret, err);
}

pawl_status json_hex(const cJSON *object, const char *name, uint8_t *ret, size_t cap, size_t *ret_n,
                     struct pawl_err *err)
{
    const char *text;

    PAWL_TRY(json_text(object, name, 2 * cap, &text, err));
    return pawl_hex_parse(text, name, ret, cap, ret_n, err);
}

pawl_status json_copy(const cJSON *object, const char *name, char *ret, size_t cap,
                      struct pawl_err *err)
{
    const char *text = "";

    if (!cJSON_GetObjectItemCaseSensitive(object, name))
        return pawl_ok();
    PAWL_TRY(json_text(object, name, cap - 1, &text, err));
    memcpy(ret, text, strlen(text) + 1);
    return pawl_ok();
}

bool json_add_hex(cJSON *object, const char *name, struct pawl_view bytes)
{
    char            text[2 * HEX_BYTES_MAX + 1];
    struct pawl_err ignored;

    return pawl_is_ok(pawl_hex_write(bytes, text, sizeof(text), &ignored)) &&
           cJSON_AddStringToObject(object, name, text);
}

bool json_add_u64(cJSON *object, const char *name, uint64_t v)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, v);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

void json_print(const cJSON *object)
{
    char *text = cJSON_Print(object);

    if (text)
        puts(text);
    cJSON_free(text);
}
