/* SPDX-License-Identifier: Apache-2.0 */
/* One step inside a transaction: everything in it, or the first reason why not. */

#include <string.h>

#include "store/sql.h"

static pawl_status put_device_row(struct connection *c, const struct step *s, struct pawl_err *err)
{
    PAWL_CLEANUP(device_words_done) struct device_words room = { 0 };
    bool                                                is_new = s->device.version == 0;

    PAWL_TRY(device_words_make(&s->device, &room, err));
    QUERY q = query_on(c, is_new ? SQL_DEVICE_INSERT : SQL_DEVICE_UPDATE, "device");
    put_device(&q, &s->device, &room);
    if (is_new)
        query_bytes(&q, pawl_name_view(&s->device.ak_name));
    return query_run(&q, err);
}

static pawl_status revoke_device_row(struct connection *c, const struct step *s,
                                     struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_DEVICE_REVOKE, "device");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_u64(&q, DEVICE_REVOKED);
    return query_run(&q, err);
}

/* A device that comes again with the same token uses nothing up. */
static pawl_status take_token(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY    use = query_on(c, SQL_TOKEN_USE_INSERT, "token_use");
    uint64_t n;

    query_text(&use, s->tenant);
    query_bytes(&use, PAWL_VIEW_OF(s->token_taken));
    query_bytes(&use, PAWL_VIEW_OF(s->device.id));
    PAWL_TRY(query_run_count(&use, &n, err));
    if (n == 0)
        return pawl_ok();

    QUERY count = query_on(c, SQL_TOKEN_COUNT_DOWN, "token");

    query_text(&count, s->tenant);
    query_bytes(&count, PAWL_VIEW_OF(s->token_taken));
    return query_run_one(&count, "no use of it is left", err);
}

static pawl_status put_token_row(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_TOKEN_INSERT, "token");

    put_token(&q, &s->token);
    return query_run(&q, err);
}

static pawl_status put_policy_row(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_POLICY_INSERT, "policy");

    put_policy(&q, &s->policy);
    return query_run(&q, err);
}

static pawl_status put_default_policy(struct connection *c, const struct step *s,
                                      struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_DEFAULT_POLICY_PUT, "tenant");

    query_text(&q, s->tenant);
    query_text(&q, s->default_policy);
    return query_run(&q, err);
}

static pawl_status insert_event(struct connection *c, const struct step *s, int64_t now_s,
                                struct pawl_err *err)
{
    char  line[WORDS_MAX(EVENT_LINE_MAX)];
    QUERY q = query_on(c, SQL_EVENT_INSERT, "event");

    query_text(&q, s->tenant);
    if (step_names_device(s))
        query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    else
        query_null(&q);
    query_u64(&q, (uint64_t)now_s);
    put_words(&q, s->event, line, sizeof(line));
    return query_run(&q, err);
}

/* What is older is not asked for: of a device the last ones, of a tenant the last time. */
static pawl_status forget_events(struct connection *c, const struct step *s, int64_t now_s,
                                 struct pawl_err *err)
{
    bool  of_device = step_names_device(s);
    QUERY q = query_on(c, of_device ? SQL_EVENTS_FORGET : SQL_EVENTS_FORGET_OLD, "event");

    query_text(&q, s->tenant);
    if (of_device)
        query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_u64(&q, of_device ? EVENTS_KEPT : (uint64_t)(now_s - EVENTS_KEPT_S));
    return query_run(&q, err);
}

static pawl_status put_event(struct connection *c, const struct step *s, int64_t now_s,
                             struct pawl_err *err)
{
    PAWL_TRY(insert_event(c, s, now_s, err));
    return forget_events(c, s, now_s, err);
}

/* Every row that names a device names this one. */
static bool of_one_device(const struct step *s)
{
    const uint8_t *id = s->device.id;
    bool           ok = true;

    for (size_t i = 0; i < s->segment_n; i++)
        ok &= memcmp(s->segment[i].device, id, PAWL_DEVICE_ID) == 0;
    for (size_t i = 0; i < s->downlink_n; i++)
        ok &= memcmp(s->downlink[i].device, id, PAWL_DEVICE_ID) == 0;
    for (size_t i = 0; i < s->incident_n; i++)
        ok &= memcmp(s->incident[i].device, id, PAWL_DEVICE_ID) == 0;
    for (size_t i = 0; i < s->proof_n; i++)
        ok &= memcmp(s->proof[i].device, id, PAWL_DEVICE_ID) == 0;
    for (size_t i = 0; i < s->audit_n; i++)
        ok &= memcmp(s->audit[i].device, id, PAWL_DEVICE_ID) == 0;
    return ok;
}

/* What belongs to a device cannot come without it, and nothing belongs to two tenants. */
static pawl_status check(const struct step *s, struct pawl_err *err)
{
    if (!s->has_device && (s->papers || s->has_snapshot || s->takes_token))
        return pawl_fail(err, PAWL_E_BUG, "store.step", "papers, snapshot or token use, no device");
    if (!step_names_device(s) &&
        (s->ratchet.n || s->generation_n || s->segment_n || s->delivered_n || s->evidence.n ||
         s->has_boot || s->forgets_kept || s->kept_n || s->has_labels))
        return pawl_fail(err, PAWL_E_BUG, "store.step", "rows of a device, no device");
    if (s->has_parked && !s->has_consumer)
        return pawl_fail(err, PAWL_E_BUG, "store.step", "what waits, without its consumer");
    if (s->revokes_device && (!s->touches_device || s->has_device))
        return pawl_fail(err, PAWL_E_BUG, "store.step", "revokes a device that it does not touch");
    if (s->touches_device && !s->has_device && s->device.version == 0)
        return pawl_fail(err, PAWL_E_BUG, "store.step", "touches a device that is not stored");
    if (step_names_device(s) && !of_one_device(s))
        return pawl_fail(err, PAWL_E_BUG, "store.step", "rows of another device");
    if (!s->tenant[0] || (step_names_device(s) && strcmp(s->tenant, s->device.tenant) != 0) ||
        ((s->has_token || s->ends_token) && strcmp(s->tenant, s->token.tenant) != 0) ||
        (s->has_policy && strcmp(s->tenant, s->policy.tenant) != 0))
        return pawl_fail(err, PAWL_E_BUG, "store.step", "rows of another tenant, or none named");
    return pawl_ok();
}

pawl_status step_apply(struct connection *c, const struct step *s, int64_t now_s,
                       struct pawl_err *err)
{
    if (step_is_empty(s))
        return pawl_ok();
    PAWL_TRY(check(s, err));
    if (s->has_group)
        PAWL_TRY(put_group_row(c, s, err));
    /* The version first: a step that lost writes nothing else. A new device is there before what
     * refers to it. */
    if (s->has_device && s->device.version == 0)
        PAWL_TRY(put_device_row(c, s, err));
    if (step_names_device(s))
        PAWL_TRY(put_ratchet_row(c, s, err));
    if (s->has_device && s->device.version != 0)
        PAWL_TRY(put_device_row(c, s, err));
    if (s->has_device)
        PAWL_TRY(put_device_indexed(c, s, err));
    if (s->revokes_device)
        PAWL_TRY(revoke_device_row(c, s, err));
    PAWL_TRY(put_message_rows(c, s, err));
    PAWL_TRY(put_incident_rows(c, s, err));
    PAWL_TRY(put_appraisal_rows(c, s, err));
    PAWL_TRY(put_access_rows(c, s, err));
    if (s->has_labels)
        PAWL_TRY(put_label_rows(c, s, err));
    if (s->papers)
        PAWL_TRY(put_papers_row(c, s, err));
    if (s->has_snapshot)
        PAWL_TRY(put_snapshot_row(c, s, err));
    if (s->takes_token)
        PAWL_TRY(take_token(c, s, err));
    if (s->has_token)
        PAWL_TRY(put_token_row(c, s, err));
    if (s->has_policy)
        PAWL_TRY(put_policy_row(c, s, err));
    if (s->has_default_policy)
        PAWL_TRY(put_default_policy(c, s, err));
    PAWL_TRY(put_consumer_rows(c, s, err));
    PAWL_TRY(put_refusal_rows(c, s, err));
    PAWL_TRY(put_rewrapped_rows(c, s, err));
    if (s->event[0])
        PAWL_TRY(put_event(c, s, now_s, err));
    return pawl_ok();
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t step_newest_ms(const struct step *s, int64_t now_s)
{
    /* To the end of that second: bytes that only the flows read hold milliseconds of it. */
    int64_t newest = step_names_device(s) ? s->device.seen_s * 1000 + 999 : 0;

    if (s->event[0])
        newest = later(newest, now_s * 1000);
    if (s->has_device)
        newest = later(newest, s->device.told_s * 1000);
    if (s->has_group)
        newest = later(newest, later(s->group.created_s, s->group.changed_s) * 1000);
    if (s->has_credential)
        newest = later(newest, s->credential.created_s * 1000);
    if (s->has_exception)
        newest = later(newest, s->exception.created_s * 1000);
    for (size_t i = 0; i < s->segment_n; i++)
        newest = later(newest, s->segment[i].time_ms);
    for (size_t i = 0; i < s->downlink_n; i++)
        newest = later(newest, later(s->downlink[i].created_ms, s->downlink[i].sent_ms));
    for (size_t i = 0; i < s->incident_n; i++)
        newest = later(newest, later(s->incident[i].opened_ms, s->incident[i].changed_ms));
    for (size_t i = 0; i < s->proof_n; i++)
        newest = later(newest, s->proof[i].time_ms);
    for (size_t i = 0; i < s->audit_n; i++)
        newest = later(newest, s->audit[i].time_ms);
    return newest;
}
