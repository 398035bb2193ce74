/* SPDX-License-Identifier: Apache-2.0 */
/* Who learns of an incident: the chain and the feed. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/incident_parts.h"
#include "flow/json.h"
#include "flow/tell.h"

/* What a line of the chain has room for beside its numbers. */
enum { DETAIL_MAX = 400, ID_TEXT = 2 * PAWL_DEVICE_ID + 24 };

static void write_id(const struct incident_row *row, char ret[ID_TEXT])
{
    struct pawl_err ignored;

    if (!pawl_is_ok(pawl_hex_write(PAWL_VIEW_OF(row->device), ret, ID_TEXT, &ignored)))
        ret[0] = 0;
    size_t n = strlen(ret);
    snprintf(ret + n, ID_TEXT - n, ".%" PRIu64, row->epoch);
}

static void add_rules(struct json *j, const struct incident_row *row)
{
    cJSON *rules = json_array(j, j->root, "rules");

    for (unsigned r = RULE_NONE + 1; r < RULE_COUNT; r++)
        if (row->rules >> r & 1)
            json_text(j, rules, NULL, rule_name((enum rule)r));
}

static void add_what(struct json *j, const struct incident_row *row)
{
    char id[ID_TEXT];

    write_id(row, id);
    json_text(j, j->root, "incident", id);
    json_text(j, j->root, "kind", incident_kind_name((enum incident_kind)row->kind));
    json_text(j, j->root, "severity", severity_name((enum severity)row->severity));
    json_text(j, j->root, "state", incident_state_name((enum incident_state)row->state));
}

/* ---- the chain ------------------------------------------------------------------------------- */

/* At most n bytes of s, and no half character at the end. */
static size_t cut_at(const char *s, size_t n)
{
    size_t at = strnlen(s, n + 1);

    if (at <= n)
        return at;
    for (at = n; at && ((unsigned char)s[at] & 0xc0) == 0x80;)
        at--;
    return at;
}

static pawl_status write_json(const struct incident_row *row, const char *what,
                              struct pawl_view detail, char **ret, struct pawl_err *err)
{
    JSON j = json_begin();

    json_text(&j, j.root, "what", what);
    add_what(&j, row);
    add_rules(&j, row);
    if (detail.n)
        json_text_n(&j, j.root, "detail", detail);
    json_u64(&j, j.root, "forged", row->forged);
    json_u64(&j, j.root, "genuine", row->genuine);
    json_u64(&j, j.root, "unattested", row->unattested);
    return json_end(&j, ret, err);
}

/* What is escaped takes more room: then less of the detail is told. */
static pawl_status write_line(const struct incident_row *row, const char *what, const char *detail,
                              char ret[AUDIT_LINE_MAX], struct pawl_err *err)
{
    for (size_t max = DETAIL_MAX;; max /= 2) {
        char *text = NULL;

        PAWL_TRY(write_json(row, what, pawl_view(detail, cut_at(detail, max)), &text, err));
        size_t n = strlen(text);
        if (n < AUDIT_LINE_MAX)
            memcpy(ret, text, n + 1);
        free(text);
        if (n < AUDIT_LINE_MAX)
            return pawl_ok();
        if (max == 0)
            return pawl_fail(err, PAWL_E_FULL, "audit", "a line of %zu bytes", n);
    }
}

pawl_status incident_audit(const struct held *h, struct step *step, int64_t now_ms,
                           const char *what, const struct incident_row *row, const char *detail,
                           struct pawl_err *err)
{
    char line[AUDIT_LINE_MAX];

    PAWL_TRY(write_line(row, what, detail, line, err));
    return tell_chain(step, line, h->device_id, now_ms, err);
}

/* ---- the feed -------------------------------------------------------------------------------- */

pawl_status incident_notice(const struct held *h, struct step *step, int64_t now_ms,
                            const struct incident_row *row, struct pawl_err *err)
{
    JSON j = tell_begin("incident", h->device_id, now_ms);

    add_what(&j, row);
    return tell_feed(step, &j, h->device_id, now_ms, err);
}
