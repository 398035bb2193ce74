/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers for people: members line by line, lists as tables that fit 100 columns.
 *
 * An answer may hold what a device said about itself: control characters never reach the terminal.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"

enum { NAME_WIDTH = 22, TEXT_MAX = 32 };

/* At most `most` bytes, then spaces up to `least`. */
static void put(const char *text, int least, int most)
{
    int n = 0;

    for (; text[n] && n < most; n++)
        putchar((unsigned char)text[n] < 0x20 || text[n] == 0x7f ? '?' : text[n]);
    for (; n < least; n++)
        putchar(' ');
}

static void print_time(double unix_s, char ret[TEXT_MAX])
{
    struct tm tm;
    time_t    t = (time_t)unix_s;

    if (!(unix_s > 0 && unix_s < 253402300800.0) || !gmtime_r(&t, &tm) ||
        !strftime(ret, TEXT_MAX, "%Y-%m-%d %H:%M:%SZ", &tm))
        memcpy(ret, "-", 2);
}

static bool is_time(const char *member)
{
    static const char *const times[] = { "created", "seen",       "expires",  "iat",
                                         "exp",     "not_before", "not_after" };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (strcmp(member, times[i]) == 0)
            return true;
    return false;
}

/* A member's value as text. Numbers that were sent raw stand as they were. */
static const char *text_of(const char *member, const cJSON *v, char buffer[TEXT_MAX])
{
    if (cJSON_IsString(v) || cJSON_IsRaw(v))
        return v->valuestring;
    if (!cJSON_IsNumber(v))
        return cJSON_IsTrue(v) ? "yes" : cJSON_IsFalse(v) ? "no" : "-";
    if (is_time(member))
        print_time(v->valuedouble, buffer);
    else
        snprintf(buffer, TEXT_MAX, "%.15g", v->valuedouble);
    return buffer;
}

/* ---- members -------------------------------------------------------------------------------- */

static void show_member(const char *name, const cJSON *v)
{
    const cJSON *m;
    char         nested[128], buffer[TEXT_MAX];

    if (!cJSON_IsObject(v) && !cJSON_IsArray(v)) {
        put(name, NAME_WIDTH, INT_MAX);
        putchar(' ');
        put(text_of(v->string ? v->string : "", v, buffer), 0, INT_MAX);
        putchar('\n');
        return;
    }
    cJSON_ArrayForEach(m, v)
    {
        snprintf(nested, sizeof(nested), "%s%s%s", name, *name && m->string ? " " : "",
                 m->string ? m->string : "");
        show_member(nested, m);
    }
}

void show_members(const cJSON *answer)
{
    show_member("", answer);
}

/* The status first: it is what was asked. */
void show_ear(const cJSON *answer)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, cJSON_GetObjectItemCaseSensitive(answer, "submods"))
    {
        const char *status = json_text(m, "ear.status");
        put(m->string ? m->string : "", NAME_WIDTH, INT_MAX);
        putchar(' ');
        put(status ? status : "-", 0, INT_MAX);
        putchar('\n');
    }
    show_members(answer);
}

/* ---- tables --------------------------------------------------------------------------------- */

struct column {
    const char *title, *member;
    int         width;
};

static void show_row(const cJSON *row, const struct column *columns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char  *member = columns[i].member;
        const cJSON *v = row ? cJSON_GetObjectItemCaseSensitive(row, member) : NULL;
        char         buffer[TEXT_MAX];
        const char  *text = row ? text_of(member, v, buffer) : columns[i].title;

        put(*text ? text : "-", i + 1 < n ? columns[i].width : 0, columns[i].width);
        fputs(i + 1 < n ? "  " : "\n", stdout);
    }
}

static void show_table(const cJSON *answer, const char *list, const struct column *columns,
                       size_t n)
{
    const cJSON *row;

    show_row(NULL, columns, n);
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, list))
        show_row(row, columns, n);
}

/* 16 digits of the id: every command takes them for the whole. */
static const struct column device_columns[] = {
    { "DEVICE", "id", 16 },  { "STATE", "state", 8 },    { "STATUS", "status", 15 },
    { "ROOTS", "roots", 6 }, { "POLICY", "policy", 16 }, { "SEEN", "seen", 20 },
};

enum { DEVICE_COLUMNS = sizeof(device_columns) / sizeof(device_columns[0]) };

void show_devices(const cJSON *answer)
{
    show_table(answer, "devices", device_columns, DEVICE_COLUMNS);
}

/* What a change made of a device: its row. */
void show_changed(const cJSON *answer)
{
    if (!json_text(answer, "id")) {
        show_members(answer);
        return;
    }
    show_row(NULL, device_columns, DEVICE_COLUMNS);
    show_row(answer, device_columns, DEVICE_COLUMNS);
}

void show_policies(const cJSON *answer)
{
    static const struct column columns[] = {
        { "POLICY", "name", 32 },
        { "VERSION", "version", 9 },
        { "CREATED", "created", 20 },
    };

    show_table(answer, "policies", columns, sizeof(columns) / sizeof(columns[0]));
}

void show_tokens(const cJSON *answer)
{
    static const struct column columns[] = {
        { "TOKEN", "id", 16 },
        { "USES LEFT", "uses_left", 9 },
        { "EXPIRES", "expires", 20 },
        { "DEVICE", "device", 16 },
    };

    show_table(answer, "tokens", columns, sizeof(columns) / sizeof(columns[0]));
}

/* ---- single things -------------------------------------------------------------------------- */

/* As it can be edited and added again. */
void show_policy(const cJSON *answer)
{
    char *text = cJSON_Print(answer);

    puts(text ? text : "{}");
    cJSON_free(text);
}

/* The string alone on standard output, for scripts that keep it. */
void show_join(const cJSON *answer)
{
    const char *join = json_text(answer, "join"), *id = json_text(answer, "id");

    puts(join ? join : "-");
    fprintf(stderr, "token %s: this string is shown once and holds a secret\n", id ? id : "-");
}
