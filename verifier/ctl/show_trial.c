/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, exceptions, and a policy that was tried, for people. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ctl/show.h"
#include "ctl/table.h"

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *text_or_dash(const cJSON *o, const char *name)
{
    const char *text = json_text(o, name);

    return text && *text ? text : "-";
}

static void show_cell(const char *text, int width)
{
    show_text(text, width, width);
    fputs("  ", stdout);
}

/* ---- groups --------------------------------------------------------------------------------- */

void show_groups(const cJSON *answer)
{
    static const struct column columns[] = {
        { "GROUP", "name", 32, 8, 0 },
        { "MODE", "mode", 7, 0, 1 },
        { "POLICY", "policy", 32, 8, 2 }, /* "-": the tenant's default */
        { "NOTE", "note", 0, 4, 3 },
    };

    TABLE_SHOW(answer, "groups", columns);
}

void show_group(const cJSON *answer)
{
    const char *policy = json_text(answer, "policy");

    printf("group ");
    show_text(text_or_dash(answer, "name"), 0, INT_MAX);
    printf(": mode ");
    show_text(text_or_dash(answer, "mode"), 0, INT_MAX);
    printf(", policy ");
    show_text(policy ? policy : "the tenant's default", 0, INT_MAX);
    putchar('\n');
}

void show_dropped(const cJSON *answer)
{
    printf("group ");
    show_text(text_or_dash(answer, "name"), 0, INT_MAX);
    puts(": dropped");
}

void show_grouped(const cJSON *answer)
{
    show_text(text_or_dash(answer, "id"), 0, SHOW_ID_DIGITS);
    printf(": group ");
    show_text(json_text(answer, "group") ? json_text(answer, "group") : "none", 0, INT_MAX);
    printf(", mode ");
    show_text(text_or_dash(answer, "mode"), 0, INT_MAX);
    putchar('\n');
}

/* ---- exceptions ----------------------------------------------------------------------------- */

enum { NUMBER_WIDTH = 6, CODE_WIDTH = 24, OF_WIDTH = 32 };

/* Of whom it is. */
static void show_of(const cJSON *x)
{
    const char *device = json_text(x, "device"), *group = json_text(x, "group");

    if (device)
        show_text(device, OF_WIDTH, SHOW_ID_DIGITS);
    else
        show_text(group ? group : "(all devices)", OF_WIDTH, OF_WIDTH);
    fputs("  ", stdout);
}

static void show_exception(const cJSON *x)
{
    const char *what = json_text(x, "what");
    char        buffer[SHOW_TEXT_MAX];

    show_cell(text_or_dash(x, "code"), CODE_WIDTH);
    show_of(x);
    show_text(show_value("until", member(x, "until"), buffer), 0, INT_MAX);
    puts(cJSON_IsTrue(member(x, "holds")) ? "" : "  over");
    if (what) {
        show_text("", NUMBER_WIDTH + 2, 0);
        show_wrapped(what, NUMBER_WIDTH + 2);
    }
    show_text("", NUMBER_WIDTH + 2, 0);
    show_text(text_or_dash(x, "author"), 0, INT_MAX);
    fputs(": ", stdout);
    show_wrapped(text_or_dash(x, "note"), NUMBER_WIDTH + 2);
}

void show_exceptions(const cJSON *answer)
{
    const cJSON *x;

    printf("%*s  %-*s  %-*s  UNTIL\n", NUMBER_WIDTH, "NUMBER", CODE_WIDTH, "REASON", OF_WIDTH,
           "OF");
    cJSON_ArrayForEach(x, member(answer, "exceptions"))
    {
        printf("%*lld  ", NUMBER_WIDTH, (long long)json_number(x, "number", 0));
        show_exception(x);
    }
}

void show_excepted(const cJSON *answer)
{
    char        buffer[SHOW_TEXT_MAX];
    const char *device = json_text(answer, "device"), *group = json_text(answer, "group");

    show_text(text_or_dash(answer, "code"), 0, INT_MAX);
    printf(" %s", device ? "of " : group ? "of group " : "of all devices");
    show_text(device ? device : group ? group : "", 0, device ? SHOW_ID_DIGITS : INT_MAX);
    printf(": excepted until %s\n", show_value("until", member(answer, "until"), buffer));
}

void show_exception_ended(const cJSON *answer)
{
    printf("exception %lld, ", (long long)json_number(answer, "number", 0));
    show_text(text_or_dash(answer, "code"), 0, INT_MAX);
    puts(": ended");
}

/* ---- a policy that was tried ---------------------------------------------------------------- */

enum { REASON_WIDTH = 26, INDENT = 2, DETAIL = 4 };

static void show_summary(const cJSON *answer)
{
    const cJSON *count;
    long long    untested = json_number(answer, "runtime_untested", 0);

    show_text(text_or_dash(answer, "policy"), 0, INT_MAX);
    printf(" on %lld devices: %lld would pass, %lld would not, %lld worse than now\n",
           (long long)json_number(answer, "tested", 0),
           (long long)json_number(answer, "would_pass", 0),
           (long long)json_number(answer, "would_fail", 0),
           (long long)json_number(answer, "worse", 0));
    cJSON_ArrayForEach(count, member(answer, "reasons"))
    {
        show_text("", INDENT, 0);
        show_text(json_name(count), REASON_WIDTH, INT_MAX);
        printf(" %d\n", count->valueint);
    }
    if (untested)
        printf("What files ran on %lld of them is left open: their lists are not kept "
               "(keep_evidence).\n",
               untested);
}

static void show_finding(const cJSON *r)
{
    const char *what = json_text(r, "what");

    show_text("", INDENT, 0);
    show_text(text_or_dash(r, "code"), 0, INT_MAX);
    if (what && *what) { /* an exception names it */
        putchar(' ');
        show_text(what, 0, INT_MAX);
    }
    putchar('\n');
    show_text("", DETAIL, 0);
    show_wrapped(text_or_dash(r, "text"), DETAIL);
    show_text("", DETAIL, 0);
    show_wrapped(text_or_dash(r, "detail"), DETAIL);
}

static void show_failing(const cJSON *d)
{
    const cJSON *r;

    putchar('\n');
    show_text(text_or_dash(d, "id"), 0, SHOW_ID_DIGITS);
    printf(": ");
    show_text(text_or_dash(d, "now"), 0, INT_MAX);
    printf(" now, would be ");
    show_text(text_or_dash(d, "then"), 0, INT_MAX);
    putchar('\n');
    cJSON_ArrayForEach(r, member(d, "reasons")) show_finding(r);
}

void show_trials(const cJSON *answer)
{
    const cJSON *d;

    show_summary(answer);
    cJSON_ArrayForEach(d, member(answer, "devices")) if (!cJSON_IsTrue(member(d, "passes")))
        show_failing(d);
}

/* ---- saved evidence ------------------------------------------------------------------------- */

void show_evidence(const cJSON *answer)
{
    show_text(text_or_dash(answer, "file"), 0, INT_MAX);
    printf(": %lld bytes\n", (long long)json_number(answer, "bytes", 0));
}
