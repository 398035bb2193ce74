/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents as rows of a step. */

#include "flow/incident.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ratchet/plan.h"

static pawl_status add_row(struct step *step, const struct incident_row *row, struct pawl_err *err)
{
    struct incident_row *rows = realloc(step->incident, (step->incident_n + 1) * sizeof(*rows));

    if (!rows)
        return pawl_fail(err, PAWL_E_MEMORY, "incident", "out of memory");
    rows[step->incident_n++] = *row;
    step->incident = rows;
    return pawl_ok();
}

static pawl_status open_row(struct held *h, struct step *step, int64_t now_ms, enum rule rule,
                            const char *detail, struct pawl_err *err)
{
    struct incident_row row = { .time_ms = now_ms, .rule = rule };

    if (!ratchet_incident(&h->r))
        return pawl_ok();
    row.epoch = h->r.current.present ? h->r.current.epoch : h->r.pending.epoch;
    memcpy(row.device, h->device_id, sizeof(row.device));
    snprintf(row.detail, sizeof(row.detail), "%s", detail);
    if (!step->event[0])
        snprintf(step->event, sizeof(step->event), "incident %s in epoch %" PRIu64 ": %.600s",
                 rule_name(rule), row.epoch, detail);
    return add_row(step, &row, err);
}

pawl_status incident_open(struct held *h, struct step *step, int64_t now_ms, struct pawl_err *err,
                          enum rule rule, const char *fmt, ...)
{
    char    detail[EVENT_LINE_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(detail, sizeof(detail), fmt, args);
    va_end(args);
    return open_row(h, step, now_ms, rule, detail, err);
}

/* What each rule of detection means; the others have sentences of their own. */
static const char *meaning(enum rule rule)
{
    switch (rule) {
    case RULE_E1:
        return "one slot holds two authentic messages";
    case RULE_E2:
        return "an authentic message lies behind the end of its epoch or generation";
    case RULE_E3:
        return "a received message is not in the attested log, or is another one there";
    case RULE_E4:
        return "the device denies what our receipt says that it sent";
    case RULE_E7:
        return "the device attests a message that we never sent";
    default:
        return rule_name(rule);
    }
}

pawl_status incident_of(struct held *h, struct step *step, int64_t now_ms,
                        const struct findings *found, struct pawl_err *err)
{
    if (found->n == 0)
        return pawl_ok();
    const struct finding_slot *first = &found->at[0];
    return incident_open(h, step, now_ms, err, first->rule,
                         "%s: epoch %" PRIu64 ", generation %" PRIu32 ", slot %" PRIu64
                         " (%zu findings)",
                         meaning(first->rule), first->epoch, first->gen, first->seq, found->n);
}
