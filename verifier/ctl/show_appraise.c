/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts made again, and policies compared, for people. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ctl/show.h"

enum { WIDTH = 14, INDENT = 4 };

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *text_of(const cJSON *o, const char *name)
{
    const char *text = json_text(o, name);

    return text && *text ? text : "-";
}

/* ---- a verdict ------------------------------------------------------------------------------ */

static void show_part(const char *text, const char *before)
{
    if (!text || !*text)
        return;
    show_text("", INDENT, 0);
    fputs(before, stdout);
    show_wrapped(text, INDENT + (int)strlen(before));
}

static void show_finding(const cJSON *f)
{
    show_text(text_of(f, "reason"), 0, INT_MAX);
    fputs(": ", stdout);
    show_text(text_of(f, "sentence"), 0, INT_MAX);
    putchar('\n');
    show_part(json_text(f, "detail"), "");
    show_part(json_text(f, "next"), "Next: ");
}

static void show_coverage(const cJSON *coverage)
{
    const cJSON *c;

    cJSON_ArrayForEach(c, coverage)
    {
        const char *why = c->valuestring;
        show_line(json_name(c), WIDTH, *why ? why : "looked at");
    }
}

/* Incidents, which are of messages, are in no saved evidence. */
static void show_was(const cJSON *answer)
{
    const cJSON *was = member(answer, "was");

    if (cJSON_IsTrue(member(answer, "same"))) {
        puts("The verifier said the same.");
        return;
    }
    fputs("The verifier said ", stdout);
    show_text(text_of(was, "status"), 0, INT_MAX);
    fputs(", by policy ", stdout);
    show_text(text_of(was, "policy"), 0, INT_MAX);
    puts("; incidents of its messages are not looked at here.");
}

void show_appraised(const cJSON *answer)
{
    const cJSON *f;
    char         buffer[SHOW_TEXT_MAX];

    show_line("device", WIDTH, text_of(answer, "device"));
    show_line("tenant", WIDTH, text_of(answer, "tenant"));
    show_line("evidence of", WIDTH, show_value("seen", member(answer, "seen"), buffer));
    show_line("judged as of", WIDTH, show_value("seen", member(answer, "at"), buffer));
    show_line("verdict", WIDTH, text_of(answer, "status"));
    show_line("policy", WIDTH, text_of(answer, "policy"));
    show_line("release", WIDTH, text_of(answer, "release"));
    show_coverage(member(answer, "coverage"));
    if (cJSON_IsTrue(member(answer, "watched")))
        puts("The device's group only watches: enforced, the verdict may be worse.");
    show_was(answer);
    cJSON_ArrayForEach(f, member(answer, "findings"))
    {
        putchar('\n');
        show_finding(f);
    }
}

/* ---- two policies --------------------------------------------------------------------------- */

void show_changes(const cJSON *answer)
{
    const cJSON *line, *changes = member(answer, "changes");

    show_text(text_of(answer, "from"), 0, INT_MAX);
    fputs(" to ", stdout);
    show_text(text_of(answer, "to"), 0, INT_MAX);
    puts(cJSON_GetArraySize(changes) ? ":" : ": they judge alike");
    cJSON_ArrayForEach(line, changes)
    {
        show_text("", 2, 0);
        show_text(line->valuestring, 0, INT_MAX);
        putchar('\n');
    }
}
