/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the feed and of the chain. */

#include "flow/tell.h"

#include <stdlib.h>
#include <string.h>

struct json tell_begin(const char *type, const uint8_t device[PAWL_DEVICE_ID], int64_t now_ms)
{
    struct json j = json_begin();

    json_text(&j, j.root, "type", type);
    json_hex(&j, j.root, "device", pawl_view(device, PAWL_DEVICE_ID));
    json_i64(&j, j.root, "time", now_ms / 1000);
    return j;
}

pawl_status tell_feed(struct step *step, const struct json *entry,
                      const uint8_t device[PAWL_DEVICE_ID], int64_t now_ms, struct pawl_err *err)
{
    struct segment_row  row = { .kind = SEGMENT_NOTICE, .time_ms = now_ms, .n = 1 };
    char               *text = NULL;
    struct segment_row *rows = realloc(step->segment, (step->segment_n + 1) * sizeof(*rows));

    if (!rows)
        return pawl_fail(err, PAWL_E_MEMORY, "feed", "out of memory");
    step->segment = rows;
    PAWL_TRY(json_end(entry, &text, err));
    memcpy(row.device, device, sizeof(row.device));
    row.heads = (struct blob){ .n = strlen(text), .p = (uint8_t *)text };
    rows[step->segment_n++] = row;
    return pawl_ok();
}

pawl_status tell_chain(struct step *step, const char *line, const uint8_t *device, int64_t now_ms,
                       struct pawl_err *err)
{
    const size_t      n = strlen(line);
    struct audit_row *rows = realloc(step->audit, (step->audit_n + 1) * sizeof(*rows));

    if (!rows)
        return pawl_fail(err, PAWL_E_MEMORY, "audit", "out of memory");
    step->audit = rows;
    if (n >= AUDIT_LINE_MAX)
        return pawl_fail(err, PAWL_E_FULL, "audit", "a line of %zu bytes", n);
    struct audit_row *next = &rows[step->audit_n++];
    *next = (struct audit_row){ .time_ms = now_ms };
    if (device)
        memcpy(next->device, device, sizeof(next->device));
    memcpy(next->line, line, n + 1);
    return pawl_ok();
}

pawl_status tell_act(const struct flow *f, struct step *step, const char *what, const char *kind,
                     struct pawl_err *err)
{
    char *line = NULL;
    JSON  j = json_begin();

    json_text(&j, j.root, "what", what);
    json_text(&j, j.root, "kind", kind);
    json_text(&j, j.root, "by", asker_name(f->asker));
    json_text(&j, j.root, "detail", step->event);
    PAWL_TRY(json_end(&j, &line, err));
    pawl_status s = tell_chain(step, line, step_names_device(step) ? step->device.id : NULL,
                               f->now_ms(f->now_arg), err);
    free(line);
    return s;
}
