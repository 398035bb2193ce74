/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What IMA's list was found to hold, as findings. The list was judged entry by entry before
 * (ima_rules.h); here rows become reasons.
 */
#include "appraise/policy_judge_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum reason reason_of_row(const char *row)
{
    static const struct {
        const char *row;
        enum reason reason;
    } rows[] = {
        { "I0", REASON_FILE_UNKNOWN },
        { "I1", REASON_IMA_VIOLATION },
        { "I9", REASON_IMA_POLICY_UNKNOWN },
        { "I10", REASON_IMA_KEY_UNKNOWN },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(row, rows[i].row) == 0)
            return rows[i].reason;
    return REASON_IMA_LIST_BROKEN;
}

/* The path in "PATH: found", for an exception to name. The last colon ends it, so that a file
 * cannot be called as another one is, and a path that was cut is no name at all. */
static void write_path(const struct failure *f, char ret[IMA_PATH_SHOWN])
{
    const char *end = NULL;

    for (const char *at = f->found; (at = strstr(at, ": ")); at++)
        end = at;
    size_t n = end ? (size_t)(end - f->found) : 0;
    ret[0] = 0;
    if (f->entry == FAILURE_WHOLE || n == 0 || n >= IMA_PATH_SHOWN - 1)
        return;
    memcpy(ret, f->found, n);
    ret[n] = 0;
}

static void look_at_failure(struct look *x, const struct failure *f)
{
    enum reason r = reason_of_row(f->row);
    char        path[IMA_PATH_SHOWN];

    write_path(f, path);
    if (f->warning)
        judging_note(x->j, r, path, "%s: expected %s, found %s", f->row, f->expected, f->found);
    else
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, r, path,
                   "%s: expected %s, found %s", f->row, f->expected, f->found);
}

/* Nobody knows of which rows the untold ones are: they have a reason of their own, so that no
 * exception for a file, or for a list of an unusual form, takes them. */
static void look_at_failures(struct look *x, const struct failures *f)
{
    for (size_t i = 0; i < f->n; i++)
        look_at_failure(x, &f->list[i]);
    if (f->dropped)
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_IMA_MORE_WRONG, "ima",
                   "%zu more are wrong, and not told one by one", f->dropped);
}

/* What nobody looked at is said, or a wide exclude would look like a clean device (I12). */
static void tell_excluded(struct look *x, const struct ima_judged *j)
{
    if (j->excluded)
        judging_note(x->j, REASON_FILES_EXCLUDED, "", "%" PRIu64 " by %s, the first is %s",
                     j->excluded, x->who, j->excluded_path[0]);
}

/* Who holds his list back is not cleared of what stood in it (I7). */
void look_at_ima(struct look *x)
{
    const struct ima_state *s = x->s->ima;
    struct covered         *cover = &x->j->v->cover[COVER_RUNTIME];
    enum reason             why = x->s->no_ima ? x->s->no_ima : REASON_NO_IMA_LIST;

    *cover = (struct covered){ .is = x->p->ima.present && s,
                               .why = x->p->ima.present && s ? REASON_NONE : why };
    if (!x->p->ima.present)
        return;
    x->asked++;
    if (!s) {
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, why, "ima",
                   "%s wants the measurement list of this boot", x->who);
        s = x->s->ima_before;
    }
    if (s) {
        look_at_failures(x, &s->failures);
        tell_excluded(x, &s->judged);
    }
}
