/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed for people: a line for each entry, cursor first, so that `--after` can be copied.
 *
 * A message stands with the newest mark that its page holds. What was marked in an earlier page is
 * not shown again: the mark has a line of its own where it was told.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ctl/show.h"
#include "ctl/table.h"

enum { CURSOR_WIDTH = 10, MARK_WIDTH = 10, ID_DIGITS = 8 };

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

static const char *text_of(const cJSON *o, const char *member)
{
    return or_dash(json_text(o, member));
}

static bool is_type(const cJSON *o, const char *type)
{
    const char *is = json_text(o, "type");

    return strcmp(is ? is : "message", type) == 0;
}

static const char *value_of(const cJSON *o, const char *member, const char *as,
                            char buffer[SHOW_TEXT_MAX])
{
    return show_value(as, cJSON_GetObjectItemCaseSensitive(o, member), buffer);
}

/* "d1abb4ea" of a device, "d1abb4ea.7" of an incident. */
static void show_id(const char *id)
{
    const char *epoch = strchr(id, '.');

    show_text(id, 0, ID_DIGITS);
    if (epoch)
        show_text(epoch, 0, INT_MAX);
}

/* ---- messages ------------------------------------------------------------------------------- */

static const char *newest_mark(const cJSON *entries, const cJSON *message)
{
    const char  *mark = text_of(message, "mark");
    const cJSON *o;

    cJSON_ArrayForEach(o, entries)
    {
        if (is_type(o, "mark") && json_says(o, "of", text_of(message, "cursor")))
            mark = text_of(o, "mark");
    }
    return mark;
}

static void show_message(const cJSON *entries, const cJSON *m)
{
    const char *text = json_text(m, "text");

    show_text(text_of(m, "device"), 0, SHOW_ID_DIGITS);
    putchar(' ');
    show_text(newest_mark(entries, m), MARK_WIDTH, INT_MAX);
    fputs(text ? "  " : "  base64:", stdout);
    show_text(text ? text : text_of(m, "body_b64"), 0, INT_MAX);
}

/* ---- what became of them, and alerts -------------------------------------------------------- */

static void show_mark(const cJSON *m)
{
    char        buffer[SHOW_TEXT_MAX];
    const char *incident = json_text(m, "incident");

    printf("slot ");
    show_text(value_of(m, "seq", "seq", buffer), 0, INT_MAX);
    printf(" of ");
    show_id(text_of(m, "device"));
    printf(": ");
    show_text(text_of(m, "mark"), 0, INT_MAX);
    if (!incident)
        return;
    printf(" (incident ");
    show_id(incident);
    putchar(')');
}

static void show_found(const cJSON *i)
{
    printf("incident ");
    show_id(text_of(i, "incident"));
    printf(": ");
    show_text(text_of(i, "kind"), 0, INT_MAX);
    printf(", ");
    show_text(text_of(i, "severity"), 0, INT_MAX);
    printf(", ");
    show_text(text_of(i, "state"), 0, INT_MAX);
}

static void show_overdue(const cJSON *o)
{
    char buffer[SHOW_TEXT_MAX];
    bool is_back = strcmp(text_of(o, "state"), "back") == 0;

    printf("device ");
    show_id(text_of(o, "device"));
    if (is_type(o, "rekey-overdue"))
        printf(is_back ? ": rekeyed, was due " : ": rekey overdue since ");
    else
        printf(is_back ? ": back, was due " : ": overdue since ");
    show_text(value_of(o, "due", "created", buffer), 0, INT_MAX);
}

static void show_revoked(const cJSON *o)
{
    printf("device ");
    show_id(text_of(o, "device"));
    printf(": revoked by ");
    show_text(text_of(o, "by"), 0, INT_MAX);
}

/* ---- the list ------------------------------------------------------------------------------- */

static void show_entry(const cJSON *entries, const cJSON *o)
{
    char buffer[SHOW_TEXT_MAX];

    show_text(text_of(o, "cursor"), CURSOR_WIDTH, INT_MAX);
    putchar(' ');
    show_text(value_of(o, "time", "created", buffer), 0, INT_MAX);
    putchar(' ');
    if (is_type(o, "mark"))
        show_mark(o);
    else if (is_type(o, "incident"))
        show_found(o);
    else if (is_type(o, "overdue") || is_type(o, "rekey-overdue"))
        show_overdue(o);
    else if (is_type(o, "revoked"))
        show_revoked(o);
    else
        show_message(entries, o);
    putchar('\n');
}

void show_messages(const cJSON *answer)
{
    const cJSON *entries = cJSON_GetObjectItemCaseSensitive(answer, "messages"), *o;

    cJSON_ArrayForEach(o, entries) show_entry(entries, o);
}

void show_sent(const cJSON *answer)
{
    printf("waits for the device as message ");
    show_text(or_dash(json_text(answer, "id")), 0, INT_MAX);
    putchar('\n');
}

/* ---- what waits for a device ------------------------------------------------------------------
 */

static const struct column queued[] = {
    { "MESSAGE", "id", 20, 0, 0 },
    { "STATE", "state", 6, 0, 1 },
    { "CREATED", "created", 20, 10, 3 },
    { "TEXT", "text", 0, 0, 2 }, /* "-": bytes */
};

void show_queue(const cJSON *answer)
{
    TABLE_SHOW(answer, "messages", queued);
}

/* Alone, for a pipe. */
void show_hedge(const cJSON *answer)
{
    show_text(or_dash(json_text(answer, "hedge")), 0, INT_MAX);
    putchar('\n');
}
