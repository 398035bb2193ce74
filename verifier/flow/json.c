/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of the operator's side, over cJSON. */

#include "flow/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_done(struct json *j)
{
    cJSON_Delete(j->root);
    *j = (struct json){ 0 };
}

/* ---- writing -------------------------------------------------------------------------------- */

struct json json_begin(void)
{
    cJSON *root = cJSON_CreateObject();

    return (struct json){ .root = root, .lost = !root };
}

static cJSON *add(struct json *j, cJSON *to, const char *name, cJSON *item)
{
    if (item && to &&
        (name ? cJSON_AddItemToObject(to, name, item) : cJSON_AddItemToArray(to, item)))
        return item;
    cJSON_Delete(item);
    j->lost = true;
    return NULL;
}

cJSON *json_object(struct json *j, cJSON *to, const char *name)
{
    return add(j, to, name, cJSON_CreateObject());
}

cJSON *json_array(struct json *j, cJSON *to, const char *name)
{
    return add(j, to, name, cJSON_CreateArray());
}

void json_text(struct json *j, cJSON *to, const char *name, const char *s)
{
    add(j, to, name, cJSON_CreateString(s));
}

void json_text_n(struct json *j, cJSON *to, const char *name, struct pawl_view s)
{
    char *copy = strndup(s.n ? (const char *)s.p : "", s.n);

    if (copy)
        json_text(j, to, name, copy);
    else
        j->lost = true;
    free(copy);
}

void json_hex(struct json *j, cJSON *to, const char *name, struct pawl_view v)
{
    char            text[2 * PAWL_PUBLIC_MAX + 1];
    struct pawl_err ignored;

    if (pawl_is_ok(pawl_hex_write(v, text, sizeof(text), &ignored)))
        json_text(j, to, name, text);
    else
        j->lost = true;
}

void json_b64(struct json *j, cJSON *to, const char *name, struct pawl_view v)
{
    size_t          cap = pawl_b64_n(v.n) + 1;
    char           *text = malloc(cap);
    struct pawl_err ignored;

    if (text && pawl_is_ok(pawl_b64_write(v, text, cap, &ignored)))
        json_text(j, to, name, text);
    else
        j->lost = true;
    free(text);
}

void json_null(struct json *j, cJSON *to, const char *name)
{
    add(j, to, name, cJSON_CreateNull());
}

void json_bool(struct json *j, cJSON *to, const char *name, bool v)
{
    add(j, to, name, cJSON_CreateBool(v));
}

void json_u64(struct json *j, cJSON *to, const char *name, uint64_t v)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, v);
    add(j, to, name, cJSON_CreateRaw(text));
}

void json_i64(struct json *j, cJSON *to, const char *name, int64_t v)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, v);
    add(j, to, name, cJSON_CreateRaw(text));
}

void json_id(struct json *j, cJSON *to, const char *name, uint64_t v)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, v);
    json_text(j, to, name, text);
}

/* UTF-8 without control characters but tab and line ends. */
static bool is_text(struct pawl_view v)
{
    if (!pawl_is_utf8(v))
        return false;
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];

        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return false;
        if (c == 0xc2 && v.p[i + 1] < 0xa0) /* C1: pawl_is_utf8 says that a byte follows */
            return false;
    }
    return true;
}

void json_body(struct json *j, cJSON *to, struct pawl_view body)
{
    json_b64(j, to, "body_b64", body);
    if (is_text(body))
        json_text_n(j, to, "text", body);
}

pawl_status json_members(struct json *j, cJSON *to, struct pawl_view text, struct pawl_err *err)
{
    cJSON *from = cJSON_ParseWithLength((const char *)text.p, text.n);

    if (!cJSON_IsObject(from)) {
        cJSON_Delete(from);
        return pawl_fail(err, PAWL_E_FORM, "json", "what was stored is no JSON");
    }
    while (from->child) {
        cJSON *member = cJSON_DetachItemViaPointer(from, from->child);
        char  *name = member->string;

        member->string = NULL;
        add(j, to, name, member);
        cJSON_free(name);
    }
    cJSON_Delete(from);
    return pawl_ok();
}

pawl_status json_embed(struct json *j, cJSON *to, const char *name, const char *text,
                       struct pawl_err *err)
{
    cJSON *item = cJSON_Parse(text);

    if (!item)
        return pawl_fail(err, PAWL_E_FORM, name, "what was stored is no JSON");
    add(j, to, name, item);
    return pawl_ok();
}

pawl_status json_end(const struct json *j, char **ret, struct pawl_err *err)
{
    char *text = j->lost ? NULL : cJSON_PrintUnformatted(j->root);

    if (!text)
        return pawl_fail(err, PAWL_E_MEMORY, "json", "out of memory");
    *ret = text;
    return pawl_ok();
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool is_known(const char *name, const char *const *known)
{
    for (; *known; known++)
        if (strcmp(name, *known) == 0)
            return true;
    return false;
}

static pawl_status check_members(const cJSON *o, const char *const *known, struct pawl_err *err)
{
    for (const cJSON *m = o->child; m; m = m->next) {
        if (!is_known(m->string, known))
            return pawl_fail(err, PAWL_E_FORM, "body", "a member that is not known here");
        for (const cJSON *before = o->child; before != m; before = before->next)
            if (strcmp(before->string, m->string) == 0)
                return pawl_fail(err, PAWL_E_FORM, m->string, "stands there twice");
    }
    return pawl_ok();
}

static bool is_blank(const char *s, const char *end)
{
    for (; s < end; s++)
        if (*s != ' ' && *s != '\t' && *s != '\r' && *s != '\n')
            return false;
    return true;
}

/* cJSON ends a text there: "a\u0000b" would read as "a". */
static bool has_nul(struct pawl_view text)
{
    static const char nul[] = "u0000";

    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\\') {
            i++;
            if (text.n - i >= sizeof(nul) - 1 && memcmp(text.p + i, nul, sizeof(nul) - 1) == 0)
                return true;
        }
    return false;
}

pawl_status json_parse(struct pawl_view text, const char *const *known, struct json *ret,
                       struct pawl_err *err)
{
    const char *s = (const char *)text.p, *end = NULL;
    JSON        j = { .root = text.n ? cJSON_ParseWithLengthOpts(s, text.n, &end, 0) : NULL };

    if (!pawl_is_utf8(text) || has_nul(text))
        return pawl_fail(err, PAWL_E_FORM, "body", "no UTF-8 text without NUL");
    if (!j.root || !is_blank(end, s + text.n))
        return pawl_fail(err, PAWL_E_FORM, "body", "no JSON");
    if (!cJSON_IsObject(j.root))
        return pawl_fail(err, PAWL_E_FORM, "body", "no JSON object");
    PAWL_TRY(check_members(j.root, known, err));
    *ret = j;
    j.root = NULL;
    return pawl_ok();
}

pawl_status json_get_text(const struct json *j, const char *name, bool needed, const char **ret,
                          struct pawl_err *err)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(j->root, name);

    if (!m && !needed)
        return pawl_ok();
    if (!m)
        return pawl_fail(err, PAWL_E_FORM, name, "is missing");
    if (!cJSON_IsString(m))
        return pawl_fail(err, PAWL_E_FORM, name, "is no text");
    *ret = m->valuestring;
    return pawl_ok();
}

pawl_status json_get_u64(const struct json *j, const char *name, uint64_t max, uint64_t *ret,
                         struct pawl_err *err)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(j->root, name);

    if (!m)
        return pawl_ok();
    if (!cJSON_IsNumber(m))
        return pawl_fail(err, PAWL_E_FORM, name, "is no number");
    if (!(m->valuedouble >= 0 && m->valuedouble <= (double)max))
        return pawl_fail(err, PAWL_E_RANGE, name, "is not between 0 and %" PRIu64, max);
    if ((double)(uint64_t)m->valuedouble < m->valuedouble)
        return pawl_fail(err, PAWL_E_FORM, name, "is no whole number");
    *ret = (uint64_t)m->valuedouble;
    return pawl_ok();
}

pawl_status json_get_bool(const struct json *j, const char *name, bool *ret, struct pawl_err *err)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(j->root, name);

    if (!m)
        return pawl_ok();
    if (!cJSON_IsBool(m))
        return pawl_fail(err, PAWL_E_FORM, name, "is neither true nor false");
    *ret = cJSON_IsTrue(m);
    return pawl_ok();
}
