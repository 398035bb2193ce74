/* SPDX-License-Identifier: Apache-2.0 */
/* Messages for people: a line for each, cursor first, so that `--after` can be copied. */
#include <limits.h>
#include <stdio.h>

#include "ctl/show.h"

enum { CURSOR_WIDTH = 10 };

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

static void show_one(const cJSON *m)
{
    char buffer[SHOW_TEXT_MAX];

    show_text(or_dash(json_text(m, "cursor")), CURSOR_WIDTH, INT_MAX);
    putchar(' ');
    show_text(show_value("created", cJSON_GetObjectItemCaseSensitive(m, "time"), buffer), 0,
              INT_MAX);
    putchar(' ');
    show_text(or_dash(json_text(m, "device")), 0, SHOW_ID_DIGITS);
    fputs(json_text(m, "text") ? "  " : "  base64:", stdout);
    show_text(json_text(m, "text") ? json_text(m, "text") : or_dash(json_text(m, "body_b64")), 0,
              INT_MAX);
    putchar('\n');
}

void show_messages(const cJSON *answer)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, cJSON_GetObjectItemCaseSensitive(answer, "messages")) show_one(m);
}

void show_sent(const cJSON *answer)
{
    printf("waits for the device as message ");
    show_text(or_dash(json_text(answer, "id")), 0, INT_MAX);
    putchar('\n');
}

/* Alone, for a pipe. */
void show_hedge(const cJSON *answer)
{
    show_text(or_dash(json_text(answer, "hedge")), 0, INT_MAX);
    putchar('\n');
}
