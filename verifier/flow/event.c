/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the event log. */

#include "flow/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "appraise/verdict.h"

/* PostgreSQL takes no line that ends in half a character. */
void event_end(char line[EVENT_LINE_MAX])
{
    line[verdict_text_n(line, EVENT_LINE_MAX - 1)] = 0;
}

void event_note(struct step *step, const char *fmt, ...)
{
    const size_t cap = sizeof(step->event);
    size_t       n = strlen(step->event);
    va_list      args;

    if (n)
        n += (size_t)snprintf(step->event + n, cap - n, "; ");
    if (n >= cap)
        return;
    va_start(args, fmt);
    vsnprintf(step->event + n, cap - n, fmt, args);
    va_end(args);
    event_end(step->event);
}
