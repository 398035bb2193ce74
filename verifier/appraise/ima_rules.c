/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries held against rules, one after the other. Whatever no rule takes is wrong: each way out of
 * judge_file but the last one is a rule.
 */
#include "appraise/ima_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- paths and tables ----------------------------------------------------------------------- */

/* Shorter ones first among those that begin alike. */
static int compare_paths(struct pawl_view a, struct pawl_view b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int    differ = n ? memcmp(a.p, b.p, n) : 0;

    return differ ? differ : (a.n > b.n) - (a.n < b.n);
}

int ima_known_compare(const void *a, const void *b)
{
    return compare_paths(((const struct ima_known *)a)->path, ((const struct ima_known *)b)->path);
}

/* The number of the first row of a path, and how many there are. */
static size_t find(const struct ima_known *table, size_t n, struct pawl_view path, size_t *ret_n)
{
    size_t below = 0, above = n;

    while (below < above) {
        size_t middle = below + (above - below) / 2;
        if (compare_paths(table[middle].path, path) < 0)
            below = middle + 1;
        else
            above = middle;
    }
    for (*ret_n = 0; below + *ret_n < n; (*ret_n)++)
        if (!pawl_view_equal(table[below + *ret_n].path, path))
            break;
    return below;
}

/* "/a/b": absolute, each part a name. A folder's own path has a slash behind. */
static bool is_normal(struct pawl_view path)
{
    size_t part = 0;

    if (path.n == 0 || path.p[0] != '/')
        return false;
    for (size_t i = 1; i <= path.n; i++) {
        if (i < path.n && path.p[i] != '/') {
            part++;
            continue;
        }
        const uint8_t *begin = path.p + i - part;
        bool           dots = (part == 1 || part == 2) && begin[0] == '.' && begin[part - 1] == '.';
        if (dots || (part == 0 && i < path.n))
            return false;
        part = 0;
    }
    return true;
}

static bool is_below(struct pawl_view path, struct pawl_view excluded)
{
    if (excluded.p[excluded.n - 1] != '/')
        return pawl_view_equal(path, excluded);
    return path.n > excluded.n && memcmp(path.p, excluded.p, excluded.n) == 0;
}

static bool is_excluded(const struct ima_rules *r, struct pawl_view path)
{
    for (size_t i = 0; i < r->excluded_n && is_normal(path); i++)
        if (is_below(path, r->excluded[i]))
            return true;
    return false;
}

static bool is_of(const struct ima_known *k, const struct ima_digest *d)
{
    return k->alg == d->alg && k->verity == d->verity && pawl_view_equal(k->digest, d->bytes);
}

/* Whether the table has the path at all, and with this digest. */
static bool knows(const struct ima_known *table, size_t n, const struct ima_fields *f,
                  bool *ret_path)
{
    size_t rows, first = find(table, n, f->path, &rows);

    if (ret_path)
        *ret_path = rows > 0;
    for (size_t i = 0; i < rows; i++)
        if (is_of(&table[first + i], &f->file))
            return true;
    return false;
}

/* ---- rules ---------------------------------------------------------------------------------- */

static pawl_status check_table(const struct ima_known *table, size_t n, const char *field,
                               struct pawl_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (i && ima_known_compare(&table[i - 1], &table[i]) > 0)
            return pawl_fail(err, PAWL_E_BUG, field, "row %zu is out of order", i);
        if (table[i].digest.n == 0 || table[i].digest.n != pawl_hash_n(table[i].alg))
            return pawl_fail(err, PAWL_E_RANGE, field, "row %zu: %s has no digest of %zu bytes", i,
                             pawl_hash_name(table[i].alg), table[i].digest.n);
    }
    return pawl_ok();
}

pawl_status ima_rules_check(const struct ima_rules *r, struct pawl_err *err)
{
    PAWL_TRY(check_table(r->files, r->files_n, "files", err));
    PAWL_TRY(check_table(r->buffers, r->buffers_n, "buffers", err));
    PAWL_TRY(check_table(r->policies, r->policies_n, "policies", err));
    for (size_t i = 0; i < r->excluded_n; i++)
        if (!is_normal(r->excluded[i]) || r->excluded[i].n == 1)
            return pawl_fail(err, PAWL_E_FORM, "excluded", "rule %zu is no whole path", i);
    return pawl_ok();
}

/* ---- one entry ------------------------------------------------------------------------------ */

/* Everything is changed here and given back at the end. */
struct judging {
    const struct ima_rules    *r;
    const struct ima_evidence *e;
    struct ima_judged          j;
    struct failures            f;
    uint64_t                   number; /* of the entry */
};

static int shown(struct pawl_view path)
{
    return path.n < IMA_PATH_SHOWN ? (int)path.n : IMA_PATH_SHOWN - 1;
}

static void wrong(struct judging *x, const char *row, const char *expected, struct pawl_view path,
                  const char *found)
{
    failure_add(&x->f, row, (long)x->number, expected, "%.*s: %s", shown(path),
                path.n ? (const char *)path.p : "", found);
    x->j.bad++;
}

static void wrong_digest(struct judging *x, const char *row, const char *expected,
                         const struct ima_fields *f)
{
    char hex[2 * PAWL_HASH_MAX + 1], text[64];

    for (size_t i = 0; i < f->file.bytes.n; i++)
        snprintf(hex + 2 * i, 3, "%02x", f->file.bytes.p[i]);
    hex[2 * f->file.bytes.n] = 0;
    snprintf(text, sizeof(text), "%s:%.40s", pawl_hash_name(f->file.alg), hex);
    wrong(x, row, expected, f->path, text);
}

/* What it tells of a file was not measured: neither path nor digest can be believed. (I1) */
static void judge_violation(struct judging *x, const struct ima_entry *e)
{
    struct ima_fields f = { 0 };
    struct pawl_err   ignored;

    if (x->r->may_violate)
        return;
    if (!pawl_is_ok(ima_fields_parse(e, &f, &ignored)))
        f.path = pawl_view(NULL, 0);
    wrong(x, "I1", "no file is changed while it is measured", f.path, "a violation");
}

/* I6, and I11: a list that a kexec carried over has one for each kernel. A file outside of all
 * mounts has no path but its name, and may have this one too: only what is over quoted PCRs tells
 * the two apart. */
static pawl_status judge_boot(struct judging *x, const struct ima_fields *f, struct pawl_err *err)
{
    static const char tied[] = "boot_aggregate is over the quoted PCRs";
    enum ima_boot     boot;

    if (++x->j.boots > 1 && !x->r->may_kexec)
        wrong(x, "I11", "one kernel since the reset", f->path, "another kernel began by kexec");
    PAWL_TRY(ima_boot_check(&f->file, x->e->select, x->e->values, &boot, err));
    if (boot == IMA_BOOT_UNQUOTED && x->j.boots == 1)
        failure_warn(&x->f, "I6", (long)x->number, tied, "they were not quoted");
    else if (boot == IMA_BOOT_NO_TPM)
        wrong(x, "I6", tied, f->path, "the kernel's IMA began without a TPM");
    else if (boot != IMA_BOOT_SAME)
        wrong_digest(x, "I6", tied, f);
    return pawl_ok();
}

/* The buffer stands in the entry: who reads it must know that it is what was measured. */
static pawl_status judge_buffer(struct judging *x, const struct ima_fields *f, struct pawl_err *err)
{
    struct pawl_digest d = { 0 };

    x->j.buffers++;
    if (f->file.alg != PAWL_HASH_NONE)
        PAWL_TRY(pawl_hash(f->file.alg, &f->field[IMA_BUF], 1, &d, err));
    if (d.n == 0 || !pawl_view_equal(pawl_digest_view(&d), f->file.bytes))
        wrong_digest(x, "I2", "the digest of a buffer is the buffer's", f);
    else if (!knows(x->r->buffers, x->r->buffers_n, f, NULL))
        wrong_digest(x, "I10", "a key or setting that a rule knows", f);
    return pawl_ok();
}

static void exclude(struct judging *x, struct pawl_view path)
{
    if (x->j.excluded < IMA_EXCLUDED_SHOWN) {
        char *text = x->j.excluded_path[x->j.excluded];
        snprintf(text, IMA_PATH_SHOWN, "%.*s", shown(path), (const char *)path.p);
        for (; *text; text++)
            if (*text < ' ' || *text > '~')
                *text = '?';
    }
    x->j.excluded++;
}

static void judge_signature(struct judging *x, const struct ima_fields *f)
{
    struct pawl_err why;
    char            text[sizeof(why.where) + sizeof(why.why) + 2];

    if (pawl_is_ok(
            ima_signature_check(f->field[IMA_SIG], &f->file, x->r->keys, x->r->keys_n, &why))) {
        x->j.signed_n++;
        return;
    }
    snprintf(text, sizeof(text), "%s %s", why.where, why.why);
    wrong(x, "I10", "a signature by a key that a rule knows", f->path, text);
}

/* A policy is looked for before anything could exclude it. */
static void judge_file(struct judging *x, const struct ima_fields *f)
{
    bool is_policy;

    if (knows(x->r->policies, x->r->policies_n, f, &is_policy))
        x->j.policy = true;
    else if (is_policy)
        wrong_digest(x, "I9", "an IMA policy that a rule knows", f);
    else if (is_excluded(x->r, f->path))
        exclude(x, f->path);
    else if (f->file.alg == PAWL_SHA1 && !x->r->may_be_sha1)
        wrong_digest(x, "I3", "digests of SHA-256 or longer", f);
    else if (knows(x->r->files, x->r->files_n, f, NULL))
        x->j.known++;
    else if (f->field[IMA_SIG].n && x->r->keys_n)
        judge_signature(x, f);
    else
        wrong_digest(x, "I0", "a file and digest that a rule knows", f);
}

static pawl_status judge_entry(struct judging *x, const struct ima_entry *e, struct pawl_err *err)
{
    struct ima_fields f;
    struct pawl_err   why;

    if (e->pcr != x->e->covered->at.pcr)
        return pawl_ok(); /* I5: no quote covers it, and the place counts it */
    if (e->violation) {
        judge_violation(x, e);
        return pawl_ok();
    }
    if (!pawl_is_ok(ima_fields_parse(e, &f, &why))) {
        wrong(x, "I2", "the fields of a template that the kernel has", pawl_view_str(why.where),
              why.why);
        return pawl_ok();
    }
    if (ima_is_boot_aggregate(&f))
        return judge_boot(x, &f, err);
    if (x->j.boots == 0)
        wrong(x, "I6", "a list begins with boot_aggregate", f.path, "stands before it");
    if (f.has & 1u << IMA_BUF)
        return judge_buffer(x, &f, err);
    judge_file(x, &f);
    return pawl_ok();
}

/* ---- the list ------------------------------------------------------------------------------- */

static void judge_whole(struct judging *x, uint64_t bad_before)
{
    const struct ima_place *at = &x->e->covered->at;

    if (bad_before)
        failure_add(&x->f, "I7", FAILURE_WHOLE, "nothing was wrong earlier in this boot",
                    "%" PRIu64 " entries were", bad_before);
    if (at->others)
        failure_warn(&x->f, "I5", FAILURE_WHOLE, "entries of the quoted PCR",
                     "%" PRIu64 " are for others, and attested by nothing", at->others);
    if (at->extends == IMA_EXTENDS_PADDED && !x->r->may_be_sha1)
        failure_add(&x->f, "I4", FAILURE_WHOLE, "a bank with digests of its own",
                    "SHA-1 with zeros behind, as kernels before 5.8 extend");
    if (!x->r->policies_n)
        failure_warn(&x->f, "I9", FAILURE_WHOLE, "an IMA policy that a rule knows",
                     "no rule names one, and what is not measured stays unseen");
    else if (!x->j.policy)
        failure_add(&x->f, "I9", FAILURE_WHOLE, "an IMA policy that a rule knows",
                    "none was measured in this boot");
}

pawl_status ima_judge(const struct ima_rules *r, const struct ima_evidence *e, struct ima_judged *j,
                      struct failures *f, struct pawl_err *err)
{
    struct judging   x = { .r = r, .e = e, .j = *j, .f = *f };
    struct ima_list  l = ima_list_from(e->covered->bytes, e->first);
    struct ima_entry entry;

    while (ima_more(&l)) {
        x.number = l.index;
        PAWL_TRY(ima_next(&l, &entry, err));
        PAWL_TRY(judge_entry(&x, &entry, err));
    }
    judge_whole(&x, j->bad);
    *j = x.j;
    *f = x.f;
    return pawl_ok();
}
