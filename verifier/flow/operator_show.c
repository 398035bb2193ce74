/* SPDX-License-Identifier: Apache-2.0 */
/* A device as JSON: in a list, and all that is known of it. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/operator_find.h"
#include "flow/why.h"
#include "refusal/code.h"

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

/* Code, sentence, what was seen, and what to do. */
static void add_reason(struct json *j, cJSON *reasons, const struct reason_entry *e,
                       struct pawl_view detail)
{
    cJSON *r = json_object(j, reasons, NULL);

    json_text(j, r, "code", e->code);
    json_text(j, r, "text", e->sentence);
    json_text_n(j, r, "detail", detail);
    json_text(j, r, "next", e->next);
}

/* The same findings in whole. */
static void add_reasons(struct json *j, cJSON *o, const struct device *d)
{
    cJSON          *reasons = json_array(j, o, "reasons");
    struct why_line line;

    for (const char *at = d->why; why_next(&at, &line);)
        add_reason(j, reasons, reason_entry(line.reason), line.detail);
}

/* Two lights, and the worse of them. */
static void add_lights(struct json *j, cJSON *o, const struct device *d)
{
    json_text(j, o, "status", d->status);
    json_text(j, o, "software_status", d->software_status);
    json_text(j, o, "keys_status", d->keys_status);
}

static void add_text_or_null(struct json *j, cJSON *o, const char *name, const char *text)
{
    if (text[0])
        json_text(j, o, name, text);
    else
        json_null(j, o, name);
}

/* "identity,boot-log=no-event-log" as the record has it: {"identity": "covered", "boot-log":
 * "no-event-log"}. */
static void add_coverage(struct json *j, cJSON *o, const struct device *d)
{
    cJSON *coverage = json_object(j, o, "coverage");

    for (const char *at = d->coverage; *at;) {
        size_t n = strcspn(at, ","), name_n = strcspn(at, "=,");
        char   name[DEVICE_COVERAGE_MAX];
        snprintf(name, sizeof(name), "%.*s", (int)name_n, at);
        if (name_n < n)
            json_text_n(j, coverage, name, pawl_view(at + name_n + 1, n - name_n - 1));
        else
            json_text(j, coverage, name, "covered");
        at += n + (at[n] == ',');
    }
}

/* What its group is for; in no group a device is judged in earnest. */
static pawl_status add_mode(struct flow *f, const struct device *d, struct json *j, cJSON *o,
                            struct pawl_err *err)
{
    struct group_row g = { .enforce = true };

    if (d->group[0]) {
        pawl_status s = f->store->group(f->store->self, pawl_view_str(d->tenant), d->group, &g,
                                        err);
        if (s.code != PAWL_E_ABSENT)
            PAWL_TRY(s);
    }
    json_text(j, o, "mode", operator_mode_name(g.enforce));
    return pawl_ok();
}

/* When it is overdue, by its own word. */
static void add_due(struct json *j, cJSON *o, const struct device *d)
{
    if (d->due_s)
        json_i64(j, o, "due", d->due_s);
    else
        json_null(j, o, "due");
    json_bool(j, o, "overdue", d->told_s != 0);
    json_bool(j, o, "rekey_overdue", d->rekey_due_s != 0);
}

void operator_show_summary(struct json *j, cJSON *o, const struct device *d)
{
    json_hex(j, o, "id", PAWL_VIEW_OF(d->id));
    json_text(j, o, "state", device_state_name(d->state));
    add_lights(j, o, d);
    add_why(j, o, d);
    json_text(j, o, "roots", roots_name(d->roots));
    add_text_or_null(j, o, "policy", d->policy);
    add_text_or_null(j, o, "group", d->group);
    add_text_or_null(j, o, "release", d->release);
    add_coverage(j, o, d);
    json_i64(j, o, "created", d->created_s);
    json_i64(j, o, "seen", d->seen_s);
    add_due(j, o, d);
    json_u64(j, o, "attempt", d->attempt);
    json_u64(j, o, "enrolments", d->enrolments);
    if (d->damaged)
        json_text(j, o, "damaged", d->damaged);
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

pawl_status operator_show_device(struct flow *f, const struct device *d, const struct ratchet *r,
                                 struct json *j, struct pawl_err *err)
{
    operator_show_summary(j, j->root, d);
    PAWL_TRY(operator_show_labels(f, pawl_view_str(d->tenant), d->id, j, j->root, err));
    PAWL_TRY(add_mode(f, d, j, j->root, err));
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

void operator_damage(const struct device *d, char ret[OPERATOR_DAMAGE_MAX])
{
    snprintf(ret, OPERATOR_DAMAGE_MAX, "%s holds something else than was stored", d->damaged);
}

pawl_status operator_show_damaged(struct flow *f, const struct device *d, struct json *j,
                                  struct pawl_err *err)
{
    char damage[OPERATOR_DAMAGE_MAX];

    operator_show_summary(j, j->root, d);
    PAWL_TRY(operator_show_labels(f, pawl_view_str(d->tenant), d->id, j, j->root, err));
    operator_damage(d, damage);
    add_reason(j, json_array(j, j->root, "reasons"), refused_entry(REFUSED_STORE_DAMAGED),
               pawl_view_str(damage));
    return pawl_ok();
}
