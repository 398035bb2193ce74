/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/why.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CODE_MAX   32
#define CODE_SHOWN (CODE_MAX - 4)

static_assert(DEVICE_COVERAGE_MAX >= COVER_COUNT * (CODE_SHOWN + sizeof("boot-log=,")),
              "each part and its reason");
static_assert(DEVICE_WHY_MAX >=
                  VERDICT_REASONS_MAX * (CODE_MAX + sizeof(((struct finding *)NULL)->detail)),
              "the findings of a verdict fit into a record");

/* A detail is our own text, but a line must stay a line whatever it quotes. */
static void put_line(char *ret, size_t cap, const struct finding *f)
{
    snprintf(ret, cap, "%.*s: %s", CODE_SHOWN, reason_code(f->reason), f->detail);
    for (; *ret; ret++)
        if (*ret < ' ' || *ret > '~')
            *ret = '?';
    memcpy(ret, "\n", 2);
}

/* Rules that fail for one and the same thing are told of once. */
static bool is_told(const struct verdict *v, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (v->finding[k].reason == v->finding[i].reason &&
            strcmp(v->finding[k].detail, v->finding[i].detail) == 0)
            return true;
    return false;
}

void why_write(const struct verdict *v, char ret[DEVICE_WHY_MAX])
{
    char *end = ret;

    *end = 0;
    for (size_t i = 0; i < v->finding_n; i++) {
        if (is_told(v, i))
            continue;
        put_line(end, DEVICE_WHY_MAX - (size_t)(end - ret) - 1, &v->finding[i]);
        end += strlen(end);
    }
}

void why_coverage(const struct verdict *v, char ret[DEVICE_COVERAGE_MAX])
{
    size_t n = 0;

    for (int c = 0; c < COVER_COUNT; c++) {
        const struct covered *is = &v->cover[c];
        n += (size_t)snprintf(ret + n, DEVICE_COVERAGE_MAX - n, "%s%s%s%.*s", c ? "," : "",
                              cover_name((enum cover)c), is->is ? "" : "=", CODE_SHOWN,
                              is->is ? "" : reason_code(is->why));
    }
}

bool why_next(const char **at, struct why_line *ret)
{
    const char *line = *at;
    size_t      n = strcspn(line, "\n"), code_n = strcspn(line, ":\n");
    size_t      skip = code_n + strspn(line + code_n, ": ");

    if (!*line)
        return false;
    ret->reason = reason_of_code(pawl_view(line, code_n));
    ret->detail = pawl_view(line + skip, n - skip);
    *at = line + n + (line[n] == '\n');
    return true;
}

void why_coverage_read(const char *coverage, struct verdict *v)
{
    for (const char *at = coverage; *at;) {
        size_t n = strcspn(at, ","), name_n = strcspn(at, "=,");

        for (int c = 0; c < COVER_COUNT; c++) {
            const char *name = cover_name((enum cover)c);
            if (strlen(name) != name_n || strncmp(at, name, name_n) != 0)
                continue;
            v->cover[c].is = name_n == n;
            if (name_n < n)
                v->cover[c].why = reason_of_code(pawl_view(at + name_n + 1, n - name_n - 1));
        }
        at += n + (at[n] == ',');
    }
}

void why_add(const struct finding *f, char why[DEVICE_WHY_MAX])
{
    size_t          n = strlen(why);
    struct why_line line;

    for (const char *at = why; why_next(&at, &line);)
        if (line.reason == f->reason)
            return;
    if (DEVICE_WHY_MAX - n > CODE_MAX + sizeof(f->detail))
        put_line(why + n, DEVICE_WHY_MAX - n - 1, f);
}

/* A TPM that went back has another clock in each quote, and a machine one more excluded file: that
 * is no news. */
static bool is_always_new(enum reason r)
{
    return r == REASON_TPM_WENT_BACK || r == REASON_FILES_EXCLUDED;
}

static bool is_same_line(const struct why_line *a, const struct why_line *b)
{
    return a->reason == b->reason &&
           (is_always_new(a->reason) || pawl_view_equal(a->detail, b->detail));
}

bool why_is_same(const char *a, const char *b)
{
    struct why_line x, y;
    bool            more = true;

    while (more) {
        more = why_next(&a, &x);
        if (why_next(&b, &y) != more || (more && !is_same_line(&x, &y)))
            return false;
    }
    return true;
}

void why_append(const char *why, char *line, size_t cap)
{
    static const char more[] = "; ..";
    size_t            at = strlen(line);

    while (*why) {
        size_t n = strcspn(why, "\n");
        /* Room for what says that there is more is kept until the end. */
        if (n + 2 + sizeof(more) > cap - at) {
            snprintf(line + at, cap - at, "%s", more);
            return;
        }
        at += (size_t)snprintf(line + at, cap - at, "; %.*s", (int)n, why);
        why += n + (why[n] == '\n');
    }
}
