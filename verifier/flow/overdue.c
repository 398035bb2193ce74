/* SPDX-License-Identifier: Apache-2.0 */
/* Overdue and back: the device's times, the entry of the feed, the line of its events. */

#include "flow/overdue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "flow/event.h"
#include "flow/tell.h"

/* What it is about, as the feed names it. */
#define ATTEST "overdue"
#define REKEY  "rekey-overdue"

/* {"type": "overdue" | "rekey-overdue", "device", "time", "due", "state": "overdue" | "back"} */
static pawl_status add_notice(struct step *step, const char *type, int64_t due_s, const char *state,
                              int64_t now_ms, struct pawl_err *err)
{
    const uint8_t *id = step->device.id;
    JSON           j = tell_begin(type, id, now_ms);

    json_i64(&j, j.root, "due", due_s);
    json_text(&j, j.root, "state", state);
    return tell_feed(step, &j, id, now_ms, err);
}

/* "2026-01-31T12:00:00Z" */
static void write_time(int64_t s, char ret[32])
{
    time_t    t = (time_t)s;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || !strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(ret, 32, "%" PRId64, s);
}

pawl_status overdue_back(const struct tenant_config *t, uint64_t next_s, int64_t now_ms,
                         struct step *step, struct pawl_err *err)
{
    struct device *d = &step->device;
    int64_t        was_due_s = d->told_s ? d->due_s : 0;

    d->attested_s = now_ms / 1000;
    d->due_s = next_s ? d->attested_s + (int64_t)(next_s * t->overdue_after) : 0;
    d->told_s = 0;
    if (!was_due_s)
        return pawl_ok();
    PAWL_TRY(add_notice(step, ATTEST, was_due_s, "back", now_ms, err));
    event_note(step, "back: it was overdue");
    return pawl_ok();
}

/* 0: never. */
static int64_t rekey_due_s(const struct tenant_config *t, int64_t made_ms)
{
    return t->rekey_overdue_s ? made_ms / 1000 + (int64_t)t->rekey_overdue_s : 0;
}

pawl_status overdue_rekey(const struct tenant_config *t, int64_t made_ms, int64_t now_ms,
                          struct step *step, struct pawl_err *err)
{
    struct device *d = &step->device;
    int64_t        due_s = rekey_due_s(t, made_ms), was_due_s = d->rekey_due_s;
    bool           is_over = due_s && now_ms / 1000 > due_s;
    char           due[32];

    if (is_over && !was_due_s && d->attested_s > due_s) {
        d->rekey_due_s = due_s;
        write_time(due_s, due);
        event_note(step, "rekey overdue: its keys should have been replaced by %s", due);
        return add_notice(step, REKEY, due_s, "overdue", now_ms, err);
    }
    if (is_over || !was_due_s)
        return pawl_ok();
    d->rekey_due_s = 0;
    event_note(step, "rekeyed: that was overdue");
    return add_notice(step, REKEY, was_due_s, "back", now_ms, err);
}

bool overdue_is_due(const struct device *d, int64_t up_s, int64_t now_s)
{
    int64_t period_s = d->due_s - d->attested_s;
    int64_t grace_s = period_s > OVERDUE_GRACE_S ? period_s : OVERDUE_GRACE_S;

    if (d->state != DEVICE_ACTIVE || d->due_s == 0 || d->told_s != 0)
        return false;
    return now_s > (d->attested_s < up_s ? up_s + grace_s : d->due_s);
}

/* Who attested before up_s has that long; who did since then is due later than up_s. */
int64_t overdue_from_s(int64_t up_s, int64_t now_s)
{
    return now_s > up_s + OVERDUE_GRACE_S ? 0 : up_s;
}

pawl_status overdue_tell(const struct device *d, int64_t now_ms, struct step *step,
                         struct pawl_err *err)
{
    char since[32], due[32];

    memcpy(step->tenant, d->tenant, sizeof(step->tenant));
    step->has_device = true;
    step->device = *d;
    step->device.told_s = now_ms / 1000;
    PAWL_TRY(add_notice(step, ATTEST, d->due_s, "overdue", now_ms, err));
    write_time(d->attested_s, since);
    write_time(d->due_s, due);
    event_note(step, "overdue: no attestation since %s, and by its own word due by %s", since, due);
    return pawl_ok();
}
