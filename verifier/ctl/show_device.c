/* SPDX-License-Identifier: Apache-2.0 */
/* A device for people: what it is and why, what happened to it, what is known of it. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ctl/show.h"

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *text_or_dash(const cJSON *o, const char *name)
{
    const char *text = json_text(o, name);

    return text && *text ? text : "-";
}

/* ---- why, and what happened ----------------------------------------------------------------- */

enum { CODE_WIDTH = 23, TIME_WIDTH = 20 };

static void show_next(const char *next)
{
    show_text("", 2 + CODE_WIDTH, 0);
    printf("Next: ");
    show_wrapped(next, 2 + CODE_WIDTH + 6);
}

/* One code may have many findings: its sentence stands once, and what to do behind the last. */
static void show_reasons(const cJSON *reasons)
{
    const cJSON *r;
    const char  *before = "";

    if (cJSON_GetArraySize(reasons))
        puts("\nwhy");
    cJSON_ArrayForEach(r, reasons)
    {
        const char *code = text_or_dash(r, "code");
        if (strcmp(code, before) != 0) {
            printf("  ");
            show_text(code, CODE_WIDTH - 1, INT_MAX);
            putchar(' ');
            show_wrapped(text_or_dash(r, "text"), 2 + CODE_WIDTH);
        }
        show_text("", 2 + CODE_WIDTH, 0);
        show_wrapped(text_or_dash(r, "detail"), 2 + CODE_WIDTH);
        if (json_text(r, "next") && !(r->next && json_says(r->next, "code", code)))
            show_next(json_text(r, "next"));
        before = code;
    }
}

static void show_events(const cJSON *events)
{
    const cJSON *e;
    char         buffer[SHOW_TEXT_MAX];

    if (cJSON_GetArraySize(events))
        puts("\nlast events");
    cJSON_ArrayForEach(e, events)
    {
        printf("  ");
        show_text(show_value("created", member(e, "time"), buffer), TIME_WIDTH, INT_MAX);
        printf("  ");
        show_wrapped(text_or_dash(e, "line"), 2 + TIME_WIDTH + 2);
    }
}

/* ---- PCRs ----------------------------------------------------------------------------------- */

/* All zero or all one: nobody extended it. */
static bool is_blank(const char *hex)
{
    size_t n = strlen(hex);

    return strspn(hex, "0") == n || strspn(hex, "f") == n;
}

static void show_pcrs(const cJSON *pcrs)
{
    const cJSON *bank, *pcr;
    int          blank = 0;
    char         label[32];

    if (cJSON_GetArraySize(pcrs))
        puts("\nPCRs");
    cJSON_ArrayForEach(bank, pcrs) cJSON_ArrayForEach(pcr, bank)
    {
        const char *value = cJSON_GetStringValue(pcr);
        if (!value || is_blank(value)) {
            blank++;
            continue;
        }
        snprintf(label, sizeof(label), "  %s:%s", json_name(bank), json_name(pcr));
        show_line(label, 12, value);
    }
    if (blank)
        printf("  %d others are all zero or all one; --json shows them\n", blank);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* The device itself: what is neither a group nor only of interest at times. */
static void show_head(const cJSON *device, int width)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, device)
    {
        bool is_list = cJSON_IsArray(m) || cJSON_IsObject(m);
        if (is_list || (strcmp(json_name(m), "may_reenrol") == 0 && !cJSON_IsTrue(m)))
            continue;
        if (strcmp(json_name(m), "policy") == 0 && cJSON_IsNull(m))
            show_line("policy", width, "its group's, or the tenant's default");
        else
            show_member(json_name(m), width, m);
    }
}

static void show_block(const cJSON *device, const char *name, int width)
{
    const cJSON *group = member(device, name), *m;

    if (!cJSON_GetArraySize(group))
        return;
    printf("\n%s\n", name);
    cJSON_ArrayForEach(m, group)
    {
        char label[64];
        /* For machines, and too long for a line; its Name says the same. */
        if (strcmp(json_name(m), "ak_public") == 0)
            continue;
        snprintf(label, sizeof(label), "  %s", json_name(m));
        show_member(label, width, m);
    }
}

void show_device(const cJSON *answer)
{
    static const char *const groups[] = { "ratchet", "keys", "clock", "papers" };
    int                      width = 20;

    show_head(answer, width);
    if (member(answer, "banks"))
        show_member("banks", width, member(answer, "banks"));
    if (member(answer, "coverage"))
        show_member("coverage", width, member(answer, "coverage"));
    show_reasons(member(answer, "reasons"));
    show_events(member(answer, "events"));
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        show_block(answer, groups[i], width);
    show_pcrs(member(answer, "pcrs"));
}

/* ---- what a change made of it --------------------------------------------------------------- */

void show_moved(const cJSON *answer)
{
    show_text(text_or_dash(answer, "id"), 0, SHOW_ID_DIGITS);
    printf(": ");
    show_text(text_or_dash(answer, "state"), 0, INT_MAX);
    puts(cJSON_IsTrue(member(answer, "may_reenrol")) ? ", may enrol again once" : "");
}

/* Of one device, or the tenant's default. */
void show_assigned(const cJSON *answer)
{
    const char *policy = text_or_dash(answer, "policy");
    bool        is_device = json_text(answer, "id") != NULL, is_none = strcmp(policy, "-") == 0;

    show_text(is_device ? json_text(answer, "id") : "default policy", 0,
              is_device ? SHOW_ID_DIGITS : INT_MAX);
    printf(is_device && !is_none ? ": policy " : ": ");
    show_text(!is_none    ? policy
              : is_device ? "its group's policy, or the default"
                          : "none",
              0, INT_MAX);
    putchar('\n');
}

/* ---- labels, and all devices ------------------------------------------------------------------
 */

void show_labels(const cJSON *answer)
{
    const cJSON *label;

    show_text(text_or_dash(answer, "id"), 0, SHOW_ID_DIGITS);
    putchar(':');
    cJSON_ArrayForEach(label, member(answer, "labels"))
    {
        putchar(' ');
        show_text(cJSON_IsString(label) ? label->valuestring : "-", 0, INT_MAX);
    }
    putchar('\n');
}

/* {"active": 7}, the name in a column. */
static void show_counts(const cJSON *fleet, const char *by)
{
    const cJSON *count;

    printf("\n%s\n", by);
    cJSON_ArrayForEach(count, member(fleet, by))
    {
        printf("  ");
        show_text(*json_name(count) ? json_name(count) : "(none)", 32, INT_MAX);
        printf(" %9lld\n", (long long)json_number(member(fleet, by), json_name(count), 0));
    }
}

void show_fleet(const cJSON *answer)
{
    char buffer[SHOW_TEXT_MAX];

    printf("%lld devices, as of ", (long long)json_number(answer, "devices", 0));
    show_text(show_value("created", member(answer, "as_of"), buffer), 0, INT_MAX);
    putchar('\n');
    show_counts(answer, "state");
    show_counts(answer, "status");
    show_counts(answer, "group");
}
