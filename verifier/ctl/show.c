/* SPDX-License-Identifier: Apache-2.0 */
/* Answers for people: members line by line, lists as tables (table.h). */
#include "ctl/show.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/table.h"

enum { COLUMNS_MAX = 100, COLUMNS_MIN = 40, LABEL_MAX = 128 };

/* ---- text ----------------------------------------------------------------------------------- */

/* U+0080 to U+009F too, which some terminals obey: both bytes of it. */
static bool is_control(const char *text, int n)
{
    const unsigned char *c = (const unsigned char *)text + n;

    return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) ||
           (n && c[-1] == 0xc2 && c[0] >= 0x80 && c[0] <= 0x9f);
}

void show_text_on(FILE *f, const char *text, int least, int most)
{
    int n = 0;

    for (; text[n] && n < most; n++)
        putc(is_control(text, n) ? '?' : text[n], f);
    for (; n < least; n++)
        putc(' ', f);
}

void show_text(const char *text, int least, int most)
{
    show_text_on(stdout, text, least, most);
}

void show_line(const char *label, int width, const char *value)
{
    show_text(label, width, INT_MAX);
    putchar(' ');
    show_text(value, 0, INT_MAX);
    putchar('\n');
}

/* No text is easy to read in longer lines, nor in very short ones. */
static int line_width(void)
{
    int room = table_room();

    if (!room || room > COLUMNS_MAX)
        return COLUMNS_MAX;
    return room < COLUMNS_MIN ? COLUMNS_MIN : room;
}

void show_wrapped(const char *text, int indent)
{
    int at = indent, most = line_width();

    while (*text) {
        int word = (int)strcspn(text, " ");
        if (at > indent && at + 1 + word > most) {
            putchar('\n');
            show_text("", indent, 0);
            at = indent;
        } else if (at > indent) {
            putchar(' ');
            at++;
        }
        show_text(text, 0, word);
        at += word;
        text += word + (text[word] == ' ');
    }
    putchar('\n');
}

static void print_time(double unix_s, char ret[SHOW_TEXT_MAX])
{
    struct tm tm;
    time_t    t = (time_t)unix_s;

    if (!(unix_s > 0 && unix_s < 253402300800.0) || !gmtime_r(&t, &tm) ||
        !strftime(ret, SHOW_TEXT_MAX, "%Y-%m-%d %H:%M:%SZ", &tm))
        memcpy(ret, "-", 2);
}

static bool is_time(const char *member)
{
    static const char *const times[] = { "created", "seen",       "expires",   "iat",
                                         "exp",     "not_before", "not_after", "promoted",
                                         "due",     "until",      "changed" };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (strcmp(member, times[i]) == 0)
            return true;
    return false;
}

const char *show_value(const char *member, const cJSON *v, char buffer[SHOW_TEXT_MAX])
{
    if (cJSON_IsString(v) || cJSON_IsRaw(v))
        return v->valuestring;
    if (!cJSON_IsNumber(v))
        return cJSON_IsTrue(v) ? "yes" : cJSON_IsFalse(v) ? "no" : "-";
    if (is_time(member))
        print_time(v->valuedouble, buffer);
    else
        snprintf(buffer, SHOW_TEXT_MAX, "%.15g", v->valuedouble);
    return buffer;
}

/* ---- members -------------------------------------------------------------------------------- */

static bool is_nested(const cJSON *v)
{
    return cJSON_IsObject(v) || cJSON_IsArray(v);
}

/* A list of values that are none themselves goes into one line. */
static bool is_plain_list(const cJSON *v)
{
    const cJSON *m;

    if (!cJSON_IsArray(v))
        return false;
    cJSON_ArrayForEach(m, v) if (is_nested(m)) return false;
    return true;
}

static void label_of(const char *label, const cJSON *m, char ret[LABEL_MAX])
{
    const char *name = json_name(m);

    snprintf(ret, LABEL_MAX, "%s%s%s", label, *label && *name ? " " : "", name);
}

int show_width(const char *label, const cJSON *v)
{
    const cJSON *m;
    char         nested[LABEL_MAX];
    int          width = 0;

    if (!is_nested(v) || is_plain_list(v))
        return (int)strlen(label);
    cJSON_ArrayForEach(m, v)
    {
        label_of(label, m, nested);
        int w = show_width(nested, m);
        width = w > width ? w : width;
    }
    return width;
}

static void show_list(const char *label, int width, const cJSON *v)
{
    const cJSON *m;
    char         buffer[SHOW_TEXT_MAX];

    show_text(label, width + 1, INT_MAX);
    cJSON_ArrayForEach(m, v)
    {
        show_text(show_value("", m, buffer), 0, INT_MAX);
        fputs(m->next ? ", " : "", stdout);
    }
    puts(v->child ? "" : "-");
}

void show_member(const char *label, int width, const cJSON *v)
{
    const cJSON *m;
    char         nested[LABEL_MAX], buffer[SHOW_TEXT_MAX];

    if (is_plain_list(v)) {
        show_list(label, width, v);
        return;
    }
    if (!is_nested(v)) {
        show_line(label, width, show_value(json_name(v), v, buffer));
        return;
    }
    cJSON_ArrayForEach(m, v)
    {
        label_of(label, m, nested);
        show_member(nested, width, m);
    }
}

void show_members(const cJSON *answer)
{
    show_member("", show_width("", answer), answer);
}

/* ---- lists ---------------------------------------------------------------------------------- */

void show_devices(const cJSON *answer)
{
    static const struct column columns[] = {
        { "DEVICE", "id", SHOW_ID_DIGITS, 8, 0 },
        { "STATE", "state", 8, 4, 2 },
        { "STATUS", "status", 15, 6, 1 }, /* the worse of two lights: */
        { "SOFTWARE", "software_status", 15, 4, 5 },
        { "KEYS", "keys_status", 15, 4, 6 },
        { "SEEN", "seen", 20, 16, 4 },
        { "GROUP", "group", 16, 5, 7 },
        { "LABELS", "labels", 0, 6, 8 },
    };

    TABLE_SHOW(answer, "devices", columns);
}

void show_policies(const cJSON *answer)
{
    static const struct column columns[] = {
        { "POLICY", "name", 32, 8, 0 },
        { "VERSION", "version", 9, 0, 1 },
        { "CREATED", "created", 20, 10, 2 },
    };

    TABLE_SHOW(answer, "policies", columns);
}

void show_tokens(const cJSON *answer)
{
    static const struct column columns[] = {
        { "TOKEN", "id", 16, 8, 0 },
        { "USES LEFT", "uses_left", 9, 0, 1 },
        { "EXPIRES", "expires", 20, 10, 2 },
        { "DEVICE", "device", SHOW_ID_DIGITS, 8, 3 },
    };

    TABLE_SHOW(answer, "tokens", columns);
}

/* ---- single things -------------------------------------------------------------------------- */

/* As it can be edited and added again. No policy has control characters. */
void show_policy(const cJSON *answer)
{
    puts(answer->valuestring);
}

/* What was stored, in one line. */
void show_stored(const cJSON *answer)
{
    const cJSON *bank;
    const char  *name = json_text(answer, "name");
    long long    version = json_number(answer, "version", 0);
    int          rules = 0;

    cJSON_ArrayForEach(bank, cJSON_GetObjectItemCaseSensitive(answer, "pcrs"))
        rules += cJSON_GetArraySize(bank);
    printf("policy ");
    show_text(name ? name : "-", 0, INT_MAX);
    printf(" version %lld stored", version);
    if (rules)
        printf(", with rules for %d PCRs", rules);
    puts("");
}

void show_token_dropped(const cJSON *answer)
{
    printf("token ");
    show_text(json_text(answer, "id"), 0, INT_MAX);
    puts(" dropped");
}

/* The string alone on standard output, for scripts that keep it. */
void show_join(const cJSON *answer)
{
    const char *join = json_text(answer, "join"), *id = json_text(answer, "id");

    show_text(join ? join : "-", 0, INT_MAX);
    putchar('\n');
    fputs("token ", stderr);
    show_text_on(stderr, id ? id : "-", 0, INT_MAX);
    fputs(": this string is shown once and holds a secret\n", stderr);
}
