/* SPDX-License-Identifier: Apache-2.0 */
/* An event log for people: its events in a table, what is wrong, and the PCRs that it leads to. */
#include <limits.h>
#include <stdio.h>

#include "ctl/show.h"

enum { NUMBER = 5, PCR = 3, TYPE = 33, DATA = 8, FACT = 18 };

static void show_event(const cJSON *e)
{
    int64_t pcr = json_number(e, "pcr", 0);
    char    number[24];

    snprintf(number, sizeof(number), "%d", (int)json_number(e, "number", 0));
    show_text(number, NUMBER + 1, NUMBER);
    snprintf(number, sizeof(number), "%d", (int)pcr);
    show_text(pcr < PAWL_PCRS ? number : "-", PCR + 1, PCR);
    show_text(json_text(e, "type"), TYPE + 1, TYPE);
    show_text(json_text(e, "data") ? json_text(e, "data") : "-", DATA + 1, DATA);
    if (json_text(e, "text"))
        show_text(json_text(e, "text"), 0, INT_MAX);
    else if (json_text(e, "claimed"))
        printf("(%s)", json_text(e, "claimed"));
    putchar('\n');
}

static void show_failure(const cJSON *f)
{
    const cJSON *event = cJSON_GetObjectItemCaseSensitive(f, "event");
    char         text[400];

    snprintf(text, sizeof(text), "%s %s, expected %s", json_text(f, "row"), json_text(f, "found"),
             json_text(f, "expected"));
    printf("%s ",
           cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(f, "warning")) ? "warning:" : "wrong:  ");
    show_wrapped(text, 9);
    if (event)
        printf("         by event %d\n", event->valueint);
}

/* What the table of events does not show already. */
static void show_facts(const cJSON *facts)
{
    const cJSON *o = cJSON_GetObjectItemCaseSensitive(facts, "secure_boot");
    const cJSON *m;
    char         buffer[SHOW_TEXT_MAX];

    putchar('\n');
    cJSON_ArrayForEach(m, o) if (!cJSON_IsArray(m))
        show_line(json_name(m), FACT, show_value(json_name(m), m, buffer));
    show_line("exit_boot_services", FACT, json_text(facts, "exit_boot_services"));
}

void show_eventlog(const cJSON *answer)
{
    const cJSON *m, *replays = cJSON_GetObjectItemCaseSensitive(answer, "replays");
    const cJSON *pcrs = cJSON_GetObjectItemCaseSensitive(answer, "pcrs");

    show_text("EVENT", NUMBER + 1, NUMBER);
    show_text("PCR", PCR + 1, PCR);
    show_text("TYPE", TYPE + 1, TYPE);
    show_text("DATA", DATA + 1, DATA);
    puts("WHAT WAS MEASURED (WHAT IS MERELY SAID)");
    cJSON_ArrayForEach(m, cJSON_GetObjectItemCaseSensitive(answer, "events")) show_event(m);
    putchar('\n');
    show_member("", show_width("", pcrs), pcrs);
    show_facts(cJSON_GetObjectItemCaseSensitive(answer, "facts"));
    cJSON_ArrayForEach(m, cJSON_GetObjectItemCaseSensitive(answer, "failures")) show_failure(m);
    if (replays)
        puts(cJSON_IsTrue(replays) ? "the log leads to these PCRs"
                                   : "the log does not lead to these PCRs");
}
