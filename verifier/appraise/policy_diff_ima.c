/* SPDX-License-Identifier: Apache-2.0 */
/* What two policies judge otherwise in IMA's list: allow lists by path, of which a line names the
 * first few. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/policy_diff_parts.h"

enum { NAMED = 5, NAMES_MAX = 768 };

/* ---- tables --------------------------------------------------------------------------------- */

/* A copy in one order, whatever the order among equal paths was, and each row once. */
struct table {
    size_t            n;
    struct ima_known *row; /* owned */
};

static void table_done(struct table *t)
{
    free(t->row);
}

static int compare_rows(const void *a, const void *b)
{
    const struct ima_known *x = a, *y = b;
    int                     differ = ima_known_compare(a, b);

    if (differ)
        return differ;
    if (x->verity != y->verity)
        return x->verity ? 1 : -1;
    if (x->alg != y->alg)
        return x->alg < y->alg ? -1 : 1;
    return memcmp(x->digest.p, y->digest.p, x->digest.n);
}

static pawl_status table_of(const struct ima_known *rows, size_t n, struct table *ret,
                            struct pawl_err *err)
{
    ret->row = calloc(n + 1, sizeof(rows[0]));
    if (!ret->row)
        return pawl_fail(err, PAWL_E_MEMORY, "ima", "no memory for %zu digests", n);
    for (size_t i = 0; i < n; i++)
        ret->row[i] = rows[i];
    qsort(ret->row, n, sizeof(rows[0]), compare_rows);
    for (size_t i = 0; i < n; i++)
        if (ret->n == 0 || compare_rows(&ret->row[ret->n - 1], &ret->row[i]) != 0)
            ret->row[ret->n++] = ret->row[i];
    return pawl_ok();
}

/* Where the rows of one path end. */
static size_t path_end(const struct table *t, size_t at)
{
    size_t end = at;

    while (end < t->n && ima_known_compare(&t->row[at], &t->row[end]) == 0)
        end++;
    return end;
}

static bool same_rows(const struct table *a, size_t from_a, size_t end_a, const struct table *b,
                      size_t from_b, size_t end_b)
{
    bool same = end_a - from_a == end_b - from_b;

    for (size_t i = 0; same && i < end_a - from_a; i++)
        same = compare_rows(&a->row[from_a + i], &b->row[from_b + i]) == 0;
    return same;
}

/* ---- paths of one kind of difference -------------------------------------------------------- */

struct paths {
    size_t n;
    char   names[NAMES_MAX];
};

static void take(struct paths *p, struct pawl_view path)
{
    size_t used = strlen(p->names);

    if (p->n++ < NAMED)
        snprintf(p->names + used, sizeof(p->names) - used, "%s%.*s", used ? ", " : "", (int)path.n,
                 (const char *)path.p);
}

static pawl_status say(const struct changes *c, const struct paths *p, const char *unit,
                       const char *what, struct pawl_err *err)
{
    char more[32] = "";

    if (p->n > NAMED)
        snprintf(more, sizeof(more), " and %zu more", p->n - NAMED);
    return p->n ? change(c, err, "%zu %s%s %s: %s%s", p->n, unit, p->n == 1 ? "" : "s", what,
                         p->names, more)
                : pawl_ok();
}

static pawl_status change_tables(const struct changes *c, const char *unit,
                                 const struct table *from, const struct table *to,
                                 struct pawl_err *err)
{
    struct paths more = { 0 }, less = { 0 }, other = { 0 };
    size_t       f = 0, t = 0;

    while (f < from->n || t < to->n) {
        int    side = f == from->n ? 1
                      : t == to->n ? -1
                                   : ima_known_compare(&from->row[f], &to->row[t]);
        size_t f_end = side > 0 ? f : path_end(from, f), t_end = side < 0 ? t : path_end(to, t);
        if (side > 0)
            take(&more, to->row[t].path);
        else if (side < 0)
            take(&less, from->row[f].path);
        else if (!same_rows(from, f, f_end, to, t, t_end))
            take(&other, to->row[t].path);
        f = f_end;
        t = t_end;
    }
    PAWL_TRY(say(c, &more, unit, "allowed more", err));
    PAWL_TRY(say(c, &less, unit, "allowed no more", err));
    return say(c, &other, unit, "allowed with other digests", err);
}

static pawl_status change_known(const struct changes *c, const char *unit,
                                const struct ima_known *from, size_t from_n,
                                const struct ima_known *to, size_t to_n, struct pawl_err *err)
{
    PAWL_CLEANUP(table_done) struct table f = { 0 }, t = { 0 };

    PAWL_TRY(table_of(from, from_n, &f, err));
    PAWL_TRY(table_of(to, to_n, &t, err));
    return change_tables(c, unit, &f, &t, err);
}

/* ---- excludes and keys ---------------------------------------------------------------------- */

static bool has_view(const struct pawl_view *list, size_t n, struct pawl_view v)
{
    for (size_t i = 0; i < n; i++)
        if (pawl_view_equal(list[i], v))
            return true;
    return false;
}

static pawl_status change_excluded(const struct changes *c, const struct ima_rules *from,
                                   const struct ima_rules *to, struct pawl_err *err)
{
    struct paths more = { 0 }, less = { 0 };

    for (size_t i = 0; i < to->excluded_n; i++)
        if (!has_view(from->excluded, from->excluded_n, to->excluded[i]))
            take(&more, to->excluded[i]);
    for (size_t i = 0; i < from->excluded_n; i++)
        if (!has_view(to->excluded, to->excluded_n, from->excluded[i]))
            take(&less, from->excluded[i]);
    PAWL_TRY(say(c, &more, "path", "not looked at", err));
    return say(c, &less, "path", "looked at again", err);
}

static size_t lacks_keys(const struct ima_rules *other, const struct ima_rules *of)
{
    size_t missing = 0;

    for (size_t i = 0; i < of->keys_n; i++) {
        const struct pawl_public *key = &of->keys[i].key;
        bool                      found = false;
        for (size_t k = 0; k < other->keys_n && !found; k++)
            found = pawl_public_equal(&other->keys[k].key, key);
        missing += !found;
    }
    return missing;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static pawl_status change_flags(const struct changes *c, const struct ima_rules *from,
                                const struct ima_rules *to, struct pawl_err *err)
{
    PAWL_TRY(change_flag(c, from->may_violate, to->may_violate, "violations are accepted",
                         "violations are accepted no more", err));
    PAWL_TRY(change_flag(c, from->may_be_sha1, to->may_be_sha1, "SHA-1 is accepted in IMA's list",
                         "SHA-1 is accepted in IMA's list no more", err));
    return change_flag(c, from->may_kexec, to->may_kexec, "a kernel may start another by kexec",
                       "no kernel may start another by kexec", err);
}

pawl_status change_ima(const struct changes *c, const struct policy_ima *from,
                       const struct policy_ima *to, struct pawl_err *err)
{
    const struct ima_rules *f = &from->rules, *t = &to->rules;

    PAWL_TRY(change_flag(c, from->present, to->present, "IMA's list is asked for and judged",
                         "IMA's list is asked for no more", err));
    PAWL_TRY(change_known(c, "file", f->files, f->files_n, t->files, t->files_n, err));
    PAWL_TRY(change_known(c, "buffer", f->buffers, f->buffers_n, t->buffers, t->buffers_n, err));
    PAWL_TRY(change_known(c, "IMA policy file", f->policies, f->policies_n, t->policies,
                          t->policies_n, err));
    PAWL_TRY(change_excluded(c, f, t, err));
    PAWL_TRY(
        change_count(c, "keys that sign files", "key", lacks_keys(f, t), lacks_keys(t, f), err));
    return change_flags(c, f, t, err);
}
