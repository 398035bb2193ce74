/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sse_done(struct sse *s)
{
    free(s->p);
    *s = (struct sse){ 0 };
}

static pawl_status keep(struct sse *s, struct pawl_view bytes, struct pawl_err *err)
{
    if (bytes.n > SSE_EVENT_MAX - s->n)
        return pawl_fail(err, PAWL_E_RANGE, "stream", "an event has more than %d bytes",
                         SSE_EVENT_MAX);
    if (s->n + bytes.n + 1 > s->cap) {
        size_t cap = 2 * (s->n + bytes.n + 1);
        char  *p = realloc(s->p, cap);
        if (!p)
            return pawl_fail(err, PAWL_E_MEMORY, "stream", "no memory");
        s->p = p;
        s->cap = cap;
    }
    memcpy(s->p + s->n, bytes.p, bytes.n);
    s->n += bytes.n;
    s->p[s->n] = 0;
    return pawl_ok();
}

/* What stands behind "NAME: " in this line; NULL in another. */
static char *value_of(char *line, const char *name)
{
    size_t n = strlen(name);

    if (strncmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    return line + n + 1 + (line[n + 1] == ' ');
}

/* One event, whose lines end with a line end each. Our data is one line. */
static pawl_status take_event(char *text, sse_fn *each, void *arg, struct pawl_err *err)
{
    const char *id = "", *data = NULL, *value;

    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        if ((value = value_of(line, "id")))
            id = value;
        else if ((value = value_of(line, "data")))
            data = value;
    }
    if (strlen(id) >= SSE_ID_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "stream", "an id has %zu bytes", strlen(id));
    return data ? each(id, data, arg, err) : pawl_ok();
}

pawl_status sse_take(struct sse *s, struct pawl_view bytes, sse_fn *each, void *arg,
                     struct pawl_err *err)
{
    size_t at = 0;

    PAWL_TRY(keep(s, bytes, err));
    for (char *end; (end = strstr(s->p + at, "\n\n")); at = (size_t)(end - s->p) + 2) {
        end[1] = 0;
        PAWL_TRY(take_event(s->p + at, each, arg, err));
    }
    s->n -= at;
    memmove(s->p, s->p + at, s->n + 1);
    return pawl_ok();
}
