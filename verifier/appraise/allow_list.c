/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/allow_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/policy.h"

enum { FIRST_ROOM = 256, DIGEST_TEXT_MAX = 32 + 2 * PAWL_HASH_MAX };

void allow_list_done(struct allow_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->entry[i].path);
    free(l->entry);
    *l = (struct allow_list){ 0 };
}

static pawl_status no_memory(struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_MEMORY, "files", "no memory");
}

/* ---- adding --------------------------------------------------------------------------------- */

static pawl_status make_room(struct allow_list *l, struct pawl_err *err)
{
    if (l->n < l->cap)
        return pawl_ok();
    size_t              cap = l->cap ? 2 * l->cap : FIRST_ROOM;
    struct allow_entry *more = realloc(l->entry, cap * sizeof(*more));
    if (!more)
        return no_memory(err);
    l->entry = more;
    l->cap = cap;
    return pawl_ok();
}

/* Those that JSON does not escape: a policy is refused for them, and a terminal may obey them. */
static bool has_control(struct pawl_view utf8)
{
    for (size_t i = 0; i < utf8.n; i++)
        if (utf8.p[i] == 0x7f || (utf8.p[i] == 0xc2 && utf8.p[i + 1] < 0xa0))
            return true;
    return false;
}

static pawl_status check(const struct allow_list *l, struct pawl_view path, enum pawl_hash alg,
                         struct pawl_view digest, struct pawl_err *err)
{
    if (l->n >= POLICY_FILES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "files", "more than %d digests", POLICY_FILES_MAX);
    if (path.n == 0 || path.n > POLICY_PATH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "path", "has %zu bytes, 1 to %d are taken", path.n,
                         POLICY_PATH_MAX);
    if (!pawl_is_utf8(path))
        return pawl_fail(err, PAWL_E_FORM, "path", "is no UTF-8, which a policy cannot hold");
    if (has_control(path))
        return pawl_fail(err, PAWL_E_FORM, "path", "has a control character");
    if (alg == PAWL_HASH_NONE || digest.n != pawl_hash_n(alg))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "digest", "%s has none of %zu bytes",
                         pawl_hash_name(alg), digest.n);
    return pawl_ok();
}

pawl_status allow_list_add(struct allow_list *l, struct pawl_view path, enum pawl_hash alg,
                           bool verity, struct pawl_view digest, struct pawl_err *err)
{
    PAWL_TRY(check(l, path, alg, digest, err));
    PAWL_TRY(make_room(l, err));
    struct allow_entry *e = &l->entry[l->n];
    *e = (struct allow_entry){ .path = strndup((const char *)path.p, path.n),
                               .verity = verity,
                               .alg = alg,
                               .digest.n = digest.n };
    if (!e->path)
        return no_memory(err);
    for (char *p = e->path; *p; p++)
        if (*p == ' ')
            *p = '_';
    memcpy(e->digest.b, digest.p, digest.n);
    l->n++;
    return pawl_ok();
}

/* ---- writing -------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const struct allow_entry *x = a, *y = b;
    int                       differ = strcmp(x->path, y->path);

    if (differ)
        return differ;
    if (x->verity != y->verity)
        return x->verity ? 1 : -1;
    if (x->alg != y->alg)
        return x->alg < y->alg ? -1 : 1;
    return memcmp(x->digest.b, y->digest.b, x->digest.n);
}

static bool add_digest(cJSON *list, const struct allow_entry *e)
{
    char hex[2 * PAWL_HASH_MAX + 1], text[DIGEST_TEXT_MAX];

    for (size_t i = 0; i < e->digest.n; i++)
        snprintf(hex + 2 * i, 3, "%02x", e->digest.b[i]);
    snprintf(text, sizeof(text), "%s%s:%s", e->verity ? "verity:" : "", pawl_hash_name(e->alg),
             hex);
    return cJSON_AddItemToArray(list, cJSON_CreateString(text));
}

pawl_status allow_list_json(struct allow_list *l, cJSON **ret, struct pawl_err *err)
{
    cJSON *files = cJSON_CreateObject(), *list = NULL;
    bool   good = files != NULL;

    if (l->n)
        qsort(l->entry, l->n, sizeof(l->entry[0]), compare);
    for (size_t i = 0; i < l->n && good; i++) {
        const struct allow_entry *e = &l->entry[i];
        if (i && compare(&e[-1], e) == 0)
            continue;
        if (i == 0 || strcmp(e[-1].path, e->path) != 0)
            list = cJSON_AddArrayToObject(files, e->path);
        good = list && add_digest(list, e);
    }
    if (!good) {
        cJSON_Delete(files);
        return no_memory(err);
    }
    *ret = files;
    return pawl_ok();
}
