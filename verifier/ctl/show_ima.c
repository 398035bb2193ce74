/* SPDX-License-Identifier: Apache-2.0 */
/* A measurement list for people: an entry in a line, the PCR 10 that it leads to, and what of it
 * a quote covers. */
#include <limits.h>
#include <stdio.h>

#include "ctl/show.h"

enum { NUMBER = 7, PCR = 3, TEMPLATE = 10, HASH = 8, DIGEST = 16 };

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static void show_number(const cJSON *o, const char *name, int width)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)json_number(o, name, 0));
    show_text(text, width + 1, INT_MAX);
}

static void show_column(const char *text, int width)
{
    show_text(text ? text : "-", width + 1, width);
}

static void show_entry(const cJSON *e)
{
    bool violation = cJSON_IsTrue(member(e, "violation"));

    show_number(e, "number", NUMBER);
    show_number(e, "pcr", PCR);
    show_column(json_text(e, "template"), TEMPLATE);
    show_column(violation ? "VIOLATED" : json_text(e, "hash"), HASH);
    show_column(json_text(e, "file"), DIGEST);
    const char *path = json_text(e, "path"), *unreadable = json_text(e, "unreadable");
    show_text(path ? path : unreadable ? unreadable : "-", 0, INT_MAX);
    putchar('\n');
}

static void show_head(void)
{
    show_text("ENTRY", NUMBER + 1, NUMBER);
    show_text("PCR", PCR + 1, PCR);
    show_text("TEMPLATE", TEMPLATE + 1, TEMPLATE);
    show_text("HASH", HASH + 1, HASH);
    show_text("DIGEST", DIGEST + 1, DIGEST);
    puts("PATH");
}

static void show_quoted(const cJSON *quoted)
{
    if (cJSON_IsFalse(quoted)) {
        puts("no part of the list leads to that PCR 10");
        return;
    }
    printf("the first %lld entries lead to that PCR 10 of %s, %lld are past it\n",
           (long long)json_number(quoted, "entries", 0), json_text(quoted, "bank"),
           (long long)json_number(quoted, "pending", 0));
    if (json_says(quoted, "extends", "padded"))
        puts("by SHA-1 digests with zeros behind, as kernels before 5.8 extend");
}

void show_ima(const cJSON *answer)
{
    const cJSON *e, *pcrs = member(answer, "pcrs"), *padded = member(answer, "pcrs_padded");
    const cJSON *quoted = member(answer, "quoted");
    int          width = show_width("padded", padded);

    show_head();
    cJSON_ArrayForEach(e, member(answer, "entries")) show_entry(e);
    putchar('\n');
    show_member("", width, pcrs);
    show_member("padded", width, padded);
    show_member("violations", width, member(answer, "violations"));
    show_member("others", width, member(answer, "others"));
    if (json_says(answer, "list", "ascii"))
        puts("this list is text, which may be read in more than one way: it is no evidence");
    if (quoted)
        show_quoted(quoted);
}
