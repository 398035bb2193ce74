/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cJSON takes more than JSON is, and keeps no places. So the text is gone through twice: before
 * cJSON, for what it would take wrongly; and after a mistake was found, for its line.
 *
 * Invariant: cJSON's tree and the text have the same values in the same order, so the n-th value of
 * one is the n-th of the other.
 */
#include "appraise/policy_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/policy.h"

#define DEPTH_MAX 16 /* a policy has 5 */

static size_t line_of(const char *text, size_t at)
{
    size_t line = 1;

    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

static pawl_status no_json(struct pawl_err *err, const char *why, const char *text, size_t at)
{
    return pawl_fail(err, PAWL_E_FORM, "policy", "%s, in line %zu", why, line_of(text, at));
}

/* ---- before cJSON --------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What ends a number or a word. */
static bool is_mark(char c)
{
    return c == 0 || is_blank(c) || strchr("{}[],:\"/", c) != NULL;
}

/* Behind the string that begins here; 0 if it has no end, or holds what no string may. */
static size_t behind_string(const char *text, size_t i)
{
    for (i++; text[i] != '"'; i++) {
        if ((unsigned char)text[i] < ' ')
            return 0; /* the end of the text too */
        if (text[i] != '\\')
            continue;
        /* cJSON would end the string here, so that "a\u0000b" would read as "a" */
        if (strncmp(text + i + 1, "u0000", 5) == 0)
            return 0;
        i += text[i + 1] != 0;
    }
    return i + 1;
}

static size_t behind_digits(const char *text, size_t i)
{
    while (is_digit(text[i]))
        i++;
    return i;
}

/* Behind the number that begins here; it may be none. */
static size_t behind_number(const char *text, size_t i)
{
    i += text[i] == '-';
    i = text[i] == '0' ? i + 1 : behind_digits(text, i);
    if (text[i] == '.' && is_digit(text[i + 1]))
        i = behind_digits(text, i + 1);
    if (text[i] == 'e' || text[i] == 'E') {
        size_t sign = text[i + 1] == '+' || text[i + 1] == '-';
        if (is_digit(text[i + 1 + sign]))
            i = behind_digits(text, i + 1 + sign);
    }
    return i;
}

static size_t behind_word(const char *text, size_t i)
{
    while (!is_mark(text[i]))
        i++;
    return i;
}

static bool is_word_of_json(const char *text, size_t i, size_t end)
{
    static const char *const words[] = { "true", "false", "null" };

    if (text[i] == '-' || is_digit(text[i]))
        return is_digit(text[end - 1]) && behind_number(text, i) == end;
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
        if (strlen(words[k]) == end - i && strncmp(text + i, words[k], end - i) == 0)
            return true;
    return false;
}

/* Makes the comment that begins here blank but for its line feeds. 0 if it has no end. */
static size_t blank_comment(char *text, size_t i)
{
    bool   line = text[i + 1] == '/';
    size_t end = i + 2;

    if (!line && text[i + 1] != '*')
        return 0;
    while (line ? text[end] != '\n' && text[end] != 0
                : text[end] != 0 && !(text[end] == '*' && text[end + 1] == '/'))
        end++;
    if (!line && text[end] == 0)
        return 0;
    end += line ? 0 : 2;
    for (; i < end; i++)
        if (text[i] != '\n')
            text[i] = ' ';
    return end;
}

/* C0 but for what lays out a text, DEL, and C1: a policy is shown on terminals, comments and all.
 */
static bool is_control(const char *text, size_t i)
{
    unsigned char c = (unsigned char)text[i];

    if (c == 0xc2)
        return (unsigned char)text[i + 1] < 0xa0;
    return c == 0x7f || (c < ' ' && !is_blank(text[i]));
}

static pawl_status refuse_controls(const char *text, struct pawl_err *err)
{
    for (size_t i = 0; text[i]; i++)
        if (is_control(text, i))
            return no_json(err, "has a control character", text, i);
    return pawl_ok();
}

/* Tokens only; their order is cJSON's. */
static pawl_status prepare(char *text, struct pawl_err *err)
{
    size_t depth = 0, end;

    for (size_t i = 0; text[i]; i = end) {
        char c = text[i];

        end = i + 1;
        if (c == '/' && (end = blank_comment(text, i)) == 0)
            return no_json(err, "has a comment without an end", text, i);
        if (c == '"' && (end = behind_string(text, i)) == 0)
            return no_json(err, "has a string without an end, or with a control character", text,
                           i);
        if ((c == '{' || c == '[') && ++depth > DEPTH_MAX)
            return no_json(err, "is nested too deeply", text, i);
        if ((c == '}' || c == ']') && depth > 0)
            depth--;
        if (is_mark(c))
            continue;
        end = behind_word(text, i);
        if (!is_word_of_json(text, i, end))
            return no_json(err, "has a word that is not JSON's", text, i);
    }
    return pawl_ok();
}

pawl_status policy_text_read(struct pawl_view in, struct policy_text *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_text_done) struct policy_text t = { .n = in.n };
    const char                                       *end = NULL;

    if (in.n == 0 || in.n > POLICY_JSON_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "policy", "has %zu bytes, 1 to %d are taken", in.n,
                         POLICY_JSON_MAX);
    if (!pawl_is_utf8(in))
        return pawl_fail(err, PAWL_E_FORM, "policy", "is not UTF-8 text without NUL");
    t.text = strndup((const char *)in.p, in.n);
    if (!t.text)
        return pawl_fail(err, PAWL_E_MEMORY, "policy", "no memory for its %zu bytes", in.n);
    PAWL_TRY(refuse_controls(t.text, err));
    PAWL_TRY(prepare(t.text, err));
    t.root = cJSON_ParseWithLengthOpts(t.text, t.n, &end, false);
    if (!t.root)
        return no_json(err, "is no JSON", t.text, end ? (size_t)(end - t.text) : 0);
    while (is_blank(*end))
        end++;
    if (*end)
        return pawl_fail(err, PAWL_E_TRAILING, "policy", "goes on after its end, in line %zu",
                         line_of(t.text, (size_t)(end - t.text)));
    *ret = t;
    t = (struct policy_text){ 0 };
    return pawl_ok();
}

void policy_text_done(struct policy_text *t)
{
    free(t->text);
    cJSON_Delete(t->root);
    *t = (struct policy_text){ 0 };
}

/* ---- after a mistake ------------------------------------------------------------------------ */

struct search {
    const cJSON *at;
    size_t       number; /* of values before it */
    char         path[256];
};

static void append_step(char *path, size_t cap, const cJSON *m, size_t index)
{
    size_t n = strlen(path);

    if (m->string)
        snprintf(path + n, cap - n, "%s%s", n ? "." : "", m->string);
    else
        snprintf(path + n, cap - n, "[%zu]", index);
}

/* Whether it is j or below; then s says where. As deep as DEPTH_MAX at most. */
static bool is_found(struct search *s, const cJSON *j)
{
    size_t       n = strlen(s->path), index = 0;
    const cJSON *m;

    if (j == s->at)
        return true;
    s->number++;
    cJSON_ArrayForEach(m, j)
    {
        append_step(s->path, sizeof(s->path), m, index++);
        if (is_found(s, m))
            return true;
        s->path[n] = 0;
    }
    return false;
}

/* Where a value of the text begins. A string before a colon is a name, and no value. */
static size_t place_of_value(const char *text, size_t number)
{
    size_t i = 0, end;

    for (; text[i]; i = end) {
        bool value = text[i] == '{' || text[i] == '[' || text[i] == '"' || !is_mark(text[i]);

        end = i + 1;
        if (text[i] == '"')
            end = behind_string(text, i);
        else if (!is_mark(text[i]))
            end = behind_word(text, i);
        if (text[i] == '"' && text[end + strspn(text + end, " \t\r\n")] == ':')
            continue;
        if (value && number-- == 0)
            break;
    }
    return i;
}

static void make_printable(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

void policy_text_blame(const struct policy_text *t, const cJSON *at, const char *member,
                       struct pawl_err *err)
{
    struct search s = { .at = at };
    char          line[32], why[sizeof(err->why)];

    if (!is_found(&s, t->root))
        return;
    size_t n = strlen(s.path);
    if (member)
        snprintf(s.path + n, sizeof(s.path) - n, "%s%s", n ? "." : "", member);
    make_printable(s.path);
    int line_n = snprintf(line, sizeof(line), ", in line %zu",
                          line_of(t->text, place_of_value(t->text, s.number)));
    /* the line is the last that may be cut off */
    memcpy(why, err->why, sizeof(why));
    pawl_status same = pawl_fail(err, err->code, s.path[0] ? s.path : "policy", "%.*s%s",
                                 (int)sizeof(why) - 1 - line_n, why, line);
    (void)same;
}
