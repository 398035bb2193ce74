/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/failure.h"

#include <stdarg.h>
#include <stdio.h>

static void make_printable(char *s)
{
    for (; *s; s++)
        if (*s < ' ' || *s > '~')
            *s = '?';
}

PAWL_PRINTF(6, 0)
static void add(struct failures *f, bool warning, const char *row, long entry, const char *expected,
                const char *found, va_list ap)
{
    if (f->n == FAILURES_MAX) {
        f->dropped++;
        return;
    }
    struct failure *one = &f->list[f->n++];
    *one = (struct failure){ .warning = warning, .entry = entry };
    snprintf(one->row, sizeof(one->row), "%s", row);
    snprintf(one->expected, sizeof(one->expected), "%s", expected);
    vsnprintf(one->found, sizeof(one->found), found, ap);
    make_printable(one->found);
}

void failure_add(struct failures *f, const char *row, long entry, const char *expected,
                 const char *found, ...)
{
    va_list ap;

    va_start(ap, found);
    add(f, false, row, entry, expected, found, ap);
    va_end(ap);
}

void failure_warn(struct failures *f, const char *row, long entry, const char *expected,
                  const char *found, ...)
{
    va_list ap;

    va_start(ap, found);
    add(f, true, row, entry, expected, found, ap);
    va_end(ap);
}

void failures_join(struct failures *f, const struct failures *more)
{
    for (size_t i = 0; i < more->n; i++)
        if (f->n < FAILURES_MAX)
            f->list[f->n++] = more->list[i];
        else
            f->dropped++;
    f->dropped += more->dropped;
}

void failures_keep(struct failures *f, size_t max)
{
    struct failures kept = { .dropped = f->dropped };

    for (int warning = 0; warning <= 1; warning++)
        for (size_t i = 0; i < f->n; i++) {
            if (f->list[i].warning != warning)
                continue;
            if (kept.n < max)
                kept.list[kept.n++] = f->list[i];
            else
                kept.dropped += !warning;
        }
    *f = kept;
}

bool failures_are_bad(const struct failures *f)
{
    bool bad = f->dropped > 0;

    for (size_t i = 0; i < f->n; i++)
        bad = bad || !f->list[i].warning;
    return bad;
}
