/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict under way.
 *
 * Invariants
 *  1. A claim gets worse here or not at all.
 *  2. An exception never hides: what it takes stays in the verdict as a note with its author.
 *  3. A group that watches sees every finding that an enforcing one sees.
 */
#include "appraise/judging.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 24 * 60 * 60 };

/* ---- exceptions ----------------------------------------------------------------------------- */

static bool is_about(const struct exception *e, enum reason r, const char *what)
{
    return e->reason == r && (!e->what[0] || strcmp(e->what, what) == 0);
}

const struct exception *judging_exception(const struct judging *j, enum reason r, const char *what)
{
    for (size_t i = 0; i < j->exception_n; i++)
        if (j->now_s < j->exception[i].until_s && is_about(&j->exception[i], r, what))
            return &j->exception[i];
    return NULL;
}

/* ---- findings ------------------------------------------------------------------------------- */

PAWL_PRINTF(4, 0)
static void note(struct judging *j, enum reason r, const char *what, const char *fmt, va_list ap)
{
    char detail[VERDICT_DETAIL_MAX];

    vsnprintf(detail, sizeof(detail), fmt, ap);
    verdict_find_what(j->v, r, what, detail);
}

void judging_note(struct judging *j, enum reason r, const char *what, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    note(j, r, what, fmt, ap);
    va_end(ap);
}

static void write_time(int64_t s, char ret[32])
{
    time_t    t = (time_t)s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || !strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(ret, 32, "%" PRId64, s);
}

/* What was found stands behind the words about the exception: those are not to be cut off. */
PAWL_PRINTF(5, 0)
static void note_excepted(struct judging *j, const struct exception *e, enum reason r,
                          const char *what, const char *fmt, va_list ap)
{
    enum { NOTE_CUT = 80 };
    char detail[VERDICT_DETAIL_MAX], until[32];

    vsnprintf(detail, sizeof(detail), fmt, ap);
    write_time(e->until_s, until);
    judging_note(j, REASON_EXCEPTED, what, "%s, by %s until %s (%.*s): %s", reason_code(r),
                 e->author, until, (int)verdict_text_n(e->note, NOTE_CUT), e->note, detail);
}

static void note_watched(struct judging *j)
{
    for (size_t i = 0; i < j->v->finding_n; i++)
        if (j->v->finding[i].reason == REASON_WATCHED)
            return;
    judging_note(j, REASON_WATCHED, "", "what is found here is not enforced in this group");
}

/* What a watching group makes of a claim; AR4SI has 33 for executables only. */
static enum ar4si at_most(struct judging *j, const int8_t *claim, enum ar4si value)
{
    if (!j->watch || value < AR4SI_CONTRAINDICATED)
        return value;
    note_watched(j);
    return claim == &j->v->executables ? AR4SI_UNRECOGNISED : AR4SI_UNSAFE;
}

bool judging_fault(struct judging *j, int8_t *claim, enum ar4si value, enum reason r,
                   const char *what, const char *fmt, ...)
{
    const struct exception *e = judging_exception(j, r, what);
    va_list                 ap;

    if (!e)
        verdict_worsen(claim, at_most(j, claim, value));
    va_start(ap, fmt);
    if (e)
        note_excepted(j, e, r, what, fmt, ap);
    else
        note(j, r, what, fmt, ap);
    va_end(ap);
    return e != NULL;
}

/* ---- ends ----------------------------------------------------------------------------------- */

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Of a day that there is. timegm is short on devices of 32 bits. */
static int64_t seconds_of(int year, int month, int day)
{
    int64_t days = day - 1;

    for (int y = 1970; y < year; y++)
        days += 365 + is_leap(y);
    for (int m = 1; m < month; m++)
        days += days_of(year, m);
    return days * DAY_S;
}

/* Whether text is like shape, in which 0 stands for any digit. */
static bool has_shape(const char *text, const char *shape)
{
    for (; *text && *shape; text++, shape++)
        if (*shape == '0' ? *text < '0' || *text > '9' : *text != *shape)
            return false;
    return *text == *shape;
}

/* The number in the digits of text from `from` on, which are digits. */
static int number(const char *text, size_t from, size_t digits)
{
    int n = 0;

    for (size_t i = from; i < from + digits; i++)
        n = 10 * n + (text[i] - '0');
    return n;
}

pawl_status judging_until(struct pawl_view text, int64_t *ret, struct pawl_err *err)
{
    char s[24] = "";

    if (text.n && text.n < sizeof(s))
        memcpy(s, text.p, text.n);
    bool is_day = has_shape(s, "0000-00-00");
    if (strlen(s) != text.n || (!is_day && !has_shape(s, "0000-00-00T00:00:00Z")))
        return pawl_fail(err, PAWL_E_FORM, "until",
                         "is not of the form 2026-12-31 or 2026-12-31T00:00:00Z");

    int year = number(s, 0, 4), month = number(s, 5, 2), day = number(s, 8, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_of(year, month))
        return pawl_fail(err, PAWL_E_RANGE, "until", "there is no such day");
    if (is_day) {
        *ret = seconds_of(year, month, day) + DAY_S;
        return pawl_ok();
    }
    int hour = number(s, 11, 2), minute = number(s, 14, 2), second = number(s, 17, 2);
    if (hour > 23 || minute > 59 || second > 59)
        return pawl_fail(err, PAWL_E_RANGE, "until", "there is no such time of day");
    *ret = seconds_of(year, month, day) + (int64_t)hour * 3600 + minute * 60 + second;
    return pawl_ok();
}
