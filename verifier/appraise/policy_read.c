/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of values that a policy is made of, and the memory that a parsed one lies in.
 *
 * What is not said is not allowed: an unknown member is a spelling mistake and is refused, since a
 * rule that is silently dropped would be a hole.
 */
#include "appraise/policy_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pawl_status policy_wrong(struct policy_reader *r, const cJSON *at, enum pawl_code code,
                         struct pawl_err *err, const char *fmt, ...)
{
    char    why[sizeof(err->why)];
    va_list args;

    r->at = at;
    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    return pawl_fail(err, code, "policy", "%s", why);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* A policy is made once, read often and released at once: it lies in a few large blocks. Blocks
 * never move, so that views into them stay good. */
struct policy_memory {
    struct policy_memory *before;
    size_t                size, used;
    uint64_t              b[]; /* aligned for whatever a policy has */
};

enum { BLOCK = 16 * 1024 };

pawl_status policy_memory_take(struct policy_reader *r, size_t n, size_t size, void **ret,
                               struct pawl_err *err)
{
    struct policy_memory *m = *r->memory;
    size_t                need = (n * size + 7) & ~(size_t)7;

    if (size && n > POLICY_FILES_MAX * sizeof(struct ima_known) / size)
        return pawl_fail(err, PAWL_E_BUG, "policy", "memory for %zu things", n);
    if (!m || need > m->size - m->used) {
        size_t block = need > BLOCK ? need : BLOCK;
        m = calloc(1, sizeof(*m) + block);
        if (!m)
            return pawl_fail(err, PAWL_E_MEMORY, "policy", "no memory for %zu bytes", block);
        m->size = block;
        m->before = *r->memory;
        *r->memory = m;
    }
    *ret = (uint8_t *)m->b + m->used;
    m->used += need;
    return pawl_ok();
}

void policy_memory_free(struct policy_memory **m)
{
    while (*m) {
        struct policy_memory *last = *m;
        *m = last->before;
        free(last);
    }
}

pawl_status policy_keep(struct policy_reader *r, struct pawl_view bytes, struct pawl_view *ret,
                        struct pawl_err *err)
{
    void *p = NULL;

    PAWL_TRY(policy_memory_take(r, bytes.n, 1, &p, err));
    if (bytes.n)
        memcpy(p, bytes.p, bytes.n);
    *ret = pawl_view(p, bytes.n);
    return pawl_ok();
}

/* ---- objects -------------------------------------------------------------------------------- */

static size_t number_of(const char *name, const char *const *names, size_t n)
{
    size_t i = 0;

    while (i < n && strcmp(name, names[i]) != 0)
        i++;
    return i;
}

pawl_status policy_read_members(struct policy_reader *r, const cJSON *object,
                                const char *const *names, size_t n, const cJSON **ret,
                                struct pawl_err *err)
{
    const cJSON *m;

    for (size_t i = 0; i < n; i++)
        ret[i] = NULL;
    if (!cJSON_IsObject(object) || !object->child)
        return policy_wrong(r, object, PAWL_E_FORM, err, "is not an object with members");
    cJSON_ArrayForEach(m, object)
    {
        size_t i = number_of(m->string, names, n);
        if (i == n)
            return policy_wrong(r, m, PAWL_E_FORM, err, "is no member that a policy has here");
        if (ret[i])
            return policy_wrong(r, m, PAWL_E_FORM, err, "is given twice");
        ret[i] = m;
    }
    return pawl_ok();
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static void names_free(const cJSON ***names)
{
    free(*names);
}

pawl_status policy_read_unique(struct policy_reader *r, const cJSON *object, struct pawl_err *err)
{
    size_t       n = (size_t)cJSON_GetArraySize(object), i = 0;
    const cJSON *m;

    PAWL_CLEANUP(names_free) const cJSON **names = calloc(n + 1, sizeof(names[0]));
    if (!names)
        return pawl_fail(err, PAWL_E_MEMORY, "policy", "no memory for %zu names", n);
    cJSON_ArrayForEach(m, object)
    {
        names[i++] = m;
    }
    qsort(names, n, sizeof(names[0]), by_name);
    for (i = 1; i < n; i++)
        if (strcmp(names[i - 1]->string, names[i]->string) == 0)
            return policy_wrong(r, names[i], PAWL_E_FORM, err, "is given twice");
    return pawl_ok();
}

/* ---- values --------------------------------------------------------------------------------- */

pawl_status policy_read_list(struct policy_reader *r, const cJSON *j, size_t min, size_t max,
                             size_t *ret_n, struct pawl_err *err)
{
    size_t n = cJSON_IsArray(j) ? (size_t)cJSON_GetArraySize(j) : 0;

    if (!cJSON_IsArray(j) || n < min || n > max)
        return policy_wrong(r, j, PAWL_E_RANGE, err, "is not a list of %zu to %zu", min, max);
    *ret_n = n;
    return pawl_ok();
}

pawl_status policy_read_flag(struct policy_reader *r, const cJSON *j, bool *ret,
                             struct pawl_err *err)
{
    if (j && !cJSON_IsBool(j))
        return policy_wrong(r, j, PAWL_E_FORM, err, "is neither true nor false");
    if (j)
        *ret = cJSON_IsTrue(j);
    return pawl_ok();
}

pawl_status policy_read_words(struct policy_reader *r, const cJSON *j, size_t min, size_t max,
                              const char **ret, struct pawl_err *err)
{
    if (!cJSON_IsString(j))
        return policy_wrong(r, j, PAWL_E_FORM, err, "is not a text");
    size_t n = strlen(j->valuestring);
    if (n < min || n > max)
        return policy_wrong(r, j, PAWL_E_RANGE, err, "has %zu bytes, %zu to %zu are taken", n, min,
                            max);
    *ret = j->valuestring;
    return pawl_ok();
}

static bool is_a_hash_long(size_t n)
{
    return n == 20 || n == 32 || n == 48 || n == 64;
}

static pawl_status read_digest(struct policy_reader *r, const cJSON *j, size_t len,
                               struct pawl_digest *ret, struct pawl_err *err)
{
    if (!cJSON_IsString(j))
        return policy_wrong(r, j, PAWL_E_FORM, err, "is not a text");
    size_t n = len ? len : strlen(j->valuestring) / 2;
    if (!is_a_hash_long(n))
        return policy_wrong(r, j, PAWL_E_RANGE, err, "has not as many hex digits as a digest");
    r->at = j;
    PAWL_TRY(pawl_hex_parse_exact(j->valuestring, "policy", ret->b, n, err));
    ret->n = n;
    return pawl_ok();
}

pawl_status policy_read_digests(struct policy_reader *r, const cJSON *j, size_t min, size_t len,
                                struct policy_digests *ret, struct pawl_err *err)
{
    void        *p = NULL;
    size_t       n;
    const cJSON *item;

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_list(r, j, min, POLICY_VALUES_MAX, &n, err));
    PAWL_TRY(policy_memory_take(r, n, sizeof(ret->digest[0]), &p, err));
    *ret = (struct policy_digests){ .present = true, .digest = p };
    cJSON_ArrayForEach(item, j)
    {
        PAWL_TRY(read_digest(r, item, len, &ret->digest[ret->n], err));
        ret->n++;
    }
    return pawl_ok();
}
