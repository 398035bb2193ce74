/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator sees of devices, and may do with them. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/held.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"
#include "flow/why.h"

enum { PAGE = 100, EVENTS = 10 };

/* ---- finding one ---------------------------------------------------------------------------- */

/* The first bytes of an id that begins with these hex digits: the digits, then zeros. */
static pawl_status first_id(const char *prefix, uint8_t ret[PAWL_DEVICE_ID], struct pawl_err *err)
{
    char   padded[2 * PAWL_DEVICE_ID + 1];
    size_t n = strlen(prefix);

    if (n < OPERATOR_ID_PREFIX || n > 2 * PAWL_DEVICE_ID)
        return pawl_fail(err, PAWL_E_RANGE, "device", "%zu hex digits: %d to %d are due", n,
                         OPERATOR_ID_PREFIX, 2 * PAWL_DEVICE_ID);
    memset(padded, '0', sizeof(padded) - 1);
    padded[sizeof(padded) - 1] = 0;
    memcpy(padded, prefix, n);
    return pawl_hex_parse_exact(padded, "device", ret, PAWL_DEVICE_ID, err);
}

static bool begins_with(const uint8_t id[PAWL_DEVICE_ID], const uint8_t first[PAWL_DEVICE_ID],
                        size_t digits)
{
    if (memcmp(id, first, digits / 2) != 0)
        return false;
    return digits % 2 == 0 || id[digits / 2] >> 4 == first[digits / 2] >> 4;
}

struct candidates {
    const uint8_t *first;
    size_t         digits;
    size_t         n;
    struct device  d;
};

static pawl_status keep_candidate(const struct device *d, void *arg, struct pawl_err *err)
{
    struct candidates *c = arg;

    (void)err;
    if (!begins_with(d->id, c->first, c->digits))
        return pawl_ok();
    if (c->n++ == 0)
        c->d = *d;
    return pawl_ok();
}

/* The id before this one, so that a list begins with it; none before zero. */
static struct pawl_view just_before(const uint8_t id[PAWL_DEVICE_ID], uint8_t room[PAWL_DEVICE_ID])
{
    memcpy(room, id, PAWL_DEVICE_ID);
    for (size_t i = PAWL_DEVICE_ID; i-- > 0;)
        if (room[i]-- != 0)
            return pawl_view(room, PAWL_DEVICE_ID);
    return pawl_view(NULL, 0);
}

pawl_status operator_find_device(struct flow *f, const struct tenant_config *tenant, const char *id,
                                 struct device *ret, struct pawl_err *err)
{
    uint8_t           first[PAWL_DEVICE_ID], room[PAWL_DEVICE_ID];
    struct candidates c = { .first = first, .digits = strlen(id) };

    PAWL_TRY(first_id(id, first, err));
    PAWL_TRY(f->store->devices(f->store->self, tenant_view(tenant), just_before(first, room), 2,
                               keep_candidate, &c, err));
    if (c.n == 0)
        return pawl_fail(err, PAWL_E_ABSENT, "device", "no such device");
    if (c.n > 1)
        return pawl_fail(err, PAWL_E_RANGE, "device", "more than one begins with these digits");
    *ret = c.d;
    return pawl_ok();
}

/* ---- showing -------------------------------------------------------------------------------- */

/* The codes of the last verdict's findings, each once. */
static void add_why(struct json *j, cJSON *o, const struct device *d)
{
    cJSON          *why = json_array(j, o, "why");
    bool            said[REASON_COUNT] = { false };
    struct why_line line;

    for (const char *at = d->why; why_next(&at, &line);) {
        if (!said[line.reason])
            json_text(j, why, NULL, reason_code(line.reason));
        said[line.reason] = true;
    }
}

/* The same in whole: code, sentence, and what was seen. */
static void add_reasons(struct json *j, cJSON *o, const struct device *d)
{
    cJSON          *reasons = json_array(j, o, "reasons");
    struct why_line line;

    for (const char *at = d->why; why_next(&at, &line);) {
        cJSON *r = json_object(j, reasons, NULL);
        json_text(j, r, "code", reason_code(line.reason));
        json_text(j, r, "text", reason_text(line.reason));
        json_text_n(j, r, "detail", line.detail);
    }
}

/* Two lights, and the worse of them. */
static void add_lights(struct json *j, cJSON *o, const struct device *d)
{
    json_text(j, o, "status", d->status);
    json_text(j, o, "software_status", d->software_status);
    json_text(j, o, "keys_status", d->keys_status);
}

/* When it is overdue, by its own word. */
static void add_due(struct json *j, cJSON *o, const struct device *d)
{
    if (d->due_s)
        json_i64(j, o, "due", d->due_s);
    else
        json_null(j, o, "due");
    json_bool(j, o, "overdue", d->told_s != 0);
}

static void add_summary(struct json *j, cJSON *o, const struct device *d)
{
    json_hex(j, o, "id", PAWL_VIEW_OF(d->id));
    json_text(j, o, "state", device_state_name(d->state));
    add_lights(j, o, d);
    add_why(j, o, d);
    json_text(j, o, "roots", roots_name(d->roots));
    if (d->policy[0])
        json_text(j, o, "policy", d->policy);
    else
        json_null(j, o, "policy");
    json_i64(j, o, "created", d->created_s);
    json_i64(j, o, "seen", d->seen_s);
    add_due(j, o, d);
    json_u64(j, o, "attempt", d->attempt);
    json_u64(j, o, "enrolments", d->enrolments);
}

/* Epochs by their numbers: the one in use, and the one that waits to be seen. */
static void add_ratchet(struct json *j, cJSON *o, const struct ratchet *r)
{
    cJSON *ratchet = json_object(j, o, "ratchet");

    json_bool(j, o, "may_reenrol", r->may_resync);
    if (r->current.present)
        json_u64(j, ratchet, "epoch", r->current.epoch);
    else
        json_null(j, ratchet, "epoch");
    if (r->pending.present)
        json_u64(j, ratchet, "pending", r->pending.epoch);
    else
        json_null(j, ratchet, "pending");
    json_i64(j, ratchet, "promoted", r->promoted_ms / 1000);
    json_u64(j, ratchet, "attested_slot", r->attested_hi);
    json_u64(j, ratchet, "received_slot", r->received_hi);
    json_bool(j, ratchet, "hedged", r->hedge.n > 0);
}

/* The one that is not closed. */
static void add_incident(struct json *j, cJSON *o, const struct device *d, const struct ratchet *r)
{
    char            id[2 * PAWL_DEVICE_ID + 24];
    struct pawl_err ignored;

    if (!incident_is_open(&r->incident) ||
        !pawl_is_ok(pawl_hex_write(PAWL_VIEW_OF(d->id), id, sizeof(id), &ignored))) {
        json_null(j, o, "incident");
        return;
    }
    size_t n = strlen(id);
    snprintf(id + n, sizeof(id) - n, ".%" PRIu64, r->incident.epoch);
    json_text(j, o, "incident", id);
}

static pawl_status count_one(const struct downlink_row *row, void *arg, struct pawl_err *err)
{
    (void)row;
    (void)err;
    ++*(uint64_t *)arg;
    return pawl_ok();
}

/* Messages that it has not acknowledged. */
static pawl_status add_downlink(struct flow *f, const struct device *d, struct json *j, cJSON *o,
                                struct pawl_err *err)
{
    uint64_t n = 0;

    PAWL_TRY(f->store->downlinks(f->store->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), 0,
                                 OPERATOR_MESSAGES_MAX, count_one, &n, err));
    json_u64(j, o, "downlink", n);
    return pawl_ok();
}

static void add_keys(struct json *j, cJSON *o, const struct device *d)
{
    cJSON *keys = json_object(j, o, "keys");

    json_hex(j, keys, "ek_name", pawl_name_view(&d->ek_name));
    json_hex(j, keys, "ak_name", pawl_name_view(&d->ak_name));
    json_hex(j, keys, "td_name", pawl_name_view(&d->td_name));
    json_hex(j, keys, "ak_public", pawl_view(d->ak_public, d->ak_public_n));
}

static void add_clock(struct json *j, cJSON *o, const struct device *d)
{
    char   firmware[20];
    cJSON *clock = json_object(j, o, "clock");

    snprintf(firmware, sizeof(firmware), "%016" PRIx64, d->clock.firmware);
    json_u64(j, clock, "ms", d->clock.clock_ms);
    json_u64(j, clock, "resets", d->clock.resets);
    json_u64(j, clock, "restarts", d->clock.restarts);
    json_bool(j, clock, "safe", d->clock.safe);
    json_text(j, clock, "firmware", firmware);
    json_hex(j, o, "boot_id", PAWL_VIEW_OF(d->boot_id));
    json_hex(j, o, "os_boot", PAWL_VIEW_OF(d->os_boot));
}

static void add_banks(struct json *j, cJSON *o, const struct device *d)
{
    cJSON *banks = json_array(j, o, "banks");

    for (size_t i = 0; i < d->banks.n; i++)
        if (d->banks.bank[i].bits)
            json_text(j, banks, NULL, pawl_hash_name(d->banks.bank[i].hash));
}

static pawl_status add_papers(struct flow *f, const struct device *d, struct json *j, cJSON *o,
                              struct pawl_err *err)
{
    char       *papers = NULL;
    pawl_status s = f->store->papers(f->store->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                                     &papers, err);

    if (s.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(s);
    s = json_embed(j, o, "papers", papers, err);
    free(papers);
    return s;
}

/* {"sha256": {"0": hex, ..}, ..}: the form that a policy names them in. */
static pawl_status add_pcrs(struct flow *f, const struct device *d, struct json *j, cJSON *o,
                            struct pawl_err *err)
{
    struct snapshot s;
    pawl_status     read = f->store->snapshot(f->store->self, pawl_view_str(d->tenant),
                                              PAWL_VIEW_OF(d->id), &s, err);

    if (read.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(read);
    cJSON *pcrs = json_object(j, o, "pcrs");
    for (size_t i = 0; i < s.select.n; i++) {
        if (!s.select.bank[i].bits)
            continue;
        cJSON *bank = json_object(j, pcrs, pawl_hash_name(s.select.bank[i].hash));
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            char                      name[4];
            const struct pawl_digest *v = pawl_pcr_value(&s.select, &s.values,
                                                         s.select.bank[i].hash, pcr);
            snprintf(name, sizeof(name), "%u", pcr);
            if (v)
                json_hex(j, bank, name, pawl_digest_view(v));
        }
    }
    return pawl_ok();
}

static pawl_status add_device(struct flow *f, const struct device *d, const struct ratchet *r,
                              struct json *j, struct pawl_err *err)
{
    add_summary(j, j->root, d);
    add_incident(j, j->root, d, r);
    add_ratchet(j, j->root, r);
    PAWL_TRY(add_downlink(f, d, j, j->root, err));
    add_reasons(j, j->root, d);
    add_keys(j, j->root, d);
    add_clock(j, j->root, d);
    json_text(j, j->root, "firmware_cert", d->firmware_cert);
    json_u64(j, j->root, "suite", d->suite);
    add_banks(j, j->root, d);
    PAWL_TRY(add_papers(f, d, j, j->root, err));
    return add_pcrs(f, d, j, j->root, err);
}

/* The device as a change would leave it. */
static pawl_status show(struct flow *f, const struct device *d, const struct ratchet *r, char **ret,
                        struct pawl_err *err)
{
    JSON j = json_begin();

    PAWL_TRY(add_device(f, d, r, &j, err));
    return json_end(&j, ret, err);
}

struct list {
    struct json *j;
    cJSON       *list;
};

static pawl_status add_event(const struct event_row *e, void *arg, struct pawl_err *err)
{
    struct list *l = arg;
    cJSON       *o = json_object(l->j, l->list, NULL);

    (void)err;
    json_i64(l->j, o, "time", e->time_s);
    json_text(l->j, o, "line", e->line);
    return pawl_ok();
}

pawl_status operator_device(struct flow *f, const struct tenant_config *tenant, const char *id,
                            char **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    struct device                       d;
    JSON                                j = json_begin();

    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    PAWL_TRY(held_open(f, &d, &h, err));
    PAWL_TRY(add_device(f, &d, &h.r, &j, err));
    struct list l = { .j = &j, .list = json_array(&j, j.root, "events") };
    PAWL_TRY(f->store->events(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), EVENTS,
                              add_event, &l, err));
    return json_end(&j, ret, err);
}

struct page {
    struct json *j;
    cJSON       *list;
    uint64_t     n, limit;
    uint8_t      last[PAWL_DEVICE_ID];
};

/* One more than the limit is read, to know whether there is a next page. */
static pawl_status add_to_page(const struct device *d, void *arg, struct pawl_err *err)
{
    struct page *p = arg;

    (void)err;
    if (p->n++ == p->limit)
        return pawl_ok();
    add_summary(p->j, json_object(p->j, p->list, NULL), d);
    memcpy(p->last, d->id, sizeof(p->last));
    return pawl_ok();
}

pawl_status operator_devices(struct flow *f, const struct tenant_config *tenant, const char *after,
                             uint64_t limit, char **ret, struct pawl_err *err)
{
    uint8_t          id[PAWL_DEVICE_ID];
    struct pawl_view behind = pawl_view(NULL, 0);
    JSON             j = json_begin();
    struct page      p = { .j = &j, .list = json_array(&j, j.root, "devices"), .limit = limit };

    if (!limit)
        p.limit = PAGE;
    if (p.limit > OPERATOR_DEVICES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "limit", "at most %d", OPERATOR_DEVICES_MAX);
    if (after[0]) {
        PAWL_TRY(pawl_hex_parse_exact(after, "after", id, sizeof(id), err));
        behind = PAWL_VIEW_OF(id);
    }
    PAWL_TRY(f->store->devices(f->store->self, tenant_view(tenant), behind, p.limit + 1,
                               add_to_page, &p, err));
    if (p.n > p.limit)
        json_hex(&j, j.root, "next", PAWL_VIEW_OF(p.last));
    else
        json_null(&j, j.root, "next");
    return json_end(&j, ret, err);
}

/* ---- changing ------------------------------------------------------------------------------- */

static void plan(const struct device *d, struct step *step)
{
    memcpy(step->tenant, d->tenant, sizeof(step->tenant));
    step->has_device = true;
    step->device = *d;
}

pawl_status operator_device_move(struct flow *f, const struct tenant_config *tenant, const char *id,
                                 enum device_event on, char **ret, struct step *step,
                                 struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    struct device                       d;

    if (on != DEVICE_EVENT_APPROVE && on != DEVICE_EVENT_REVOKE)
        return pawl_fail(err, PAWL_E_BUG, "device", "%s is no operator's event",
                         device_event_name(on));
    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    PAWL_TRY(held_open(f, &d, &h, err));
    enum device_state before = d.state;
    bool              had_leave = h.r.may_resync;
    PAWL_TRY(device_next(d.state, on, &d.state, err));
    /* Approving what is active already is leave to come back, once: by a resync (P-RESYNC-2) or by
     * another enrolment (P-ENROL-7). */
    h.r.may_resync = on == DEVICE_EVENT_APPROVE && before == DEVICE_ACTIVE;
    PAWL_TRY(show(f, &d, &h.r, ret, err));
    /* What is so already needs no step. */
    if (d.state == before && h.r.may_resync == had_leave)
        return pawl_ok();
    plan(&d, step);
    if (h.r.may_resync)
        snprintf(step->event, sizeof(step->event), "may come back, by an operator");
    else
        snprintf(step->event, sizeof(step->event), "%s by an operator: %s, was %s",
                 device_event_name(on), device_state_name(d.state), device_state_name(before));
    return held_plan(&h, step, err);
}

pawl_status operator_device_policy(struct flow *f, const struct tenant_config *tenant,
                                   const char *id, struct pawl_view body, char **ret,
                                   struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    struct device                       d;
    char                                name[PAWL_TENANT_MAX + 1];

    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    PAWL_TRY(held_open(f, &d, &h, err));
    PAWL_TRY(operator_read_policy_name(f, tenant, body, name, err));
    memcpy(d.policy, name, sizeof(d.policy));
    PAWL_TRY(show(f, &d, &h.r, ret, err));
    plan(&d, step);
    snprintf(step->event, sizeof(step->event), "policy by an operator: %s",
             name[0] ? name : "the tenant's default");
    return pawl_ok();
}
