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

/* The device as a change would leave it. */
static pawl_status show(struct flow *f, const struct device *d, const struct ratchet *r, char **ret,
                        struct pawl_err *err)
{
    JSON j = json_begin();

    PAWL_TRY(operator_show_device(f, d, r, &j, err));
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
    PAWL_TRY(operator_show_device(f, &d, &h.r, &j, err));
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
    operator_show_summary(p->j, json_object(p->j, p->list, NULL), d);
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
        snprintf(step->event, sizeof(step->event), "may come back, by %s", asker_name(f->asker));
    else
        snprintf(step->event, sizeof(step->event), "%s by %s: %s, was %s", device_event_name(on),
                 asker_name(f->asker), device_state_name(d.state), device_state_name(before));
    return held_plan(&h, step, err);
}

static pawl_status read_group(struct flow *f, const struct tenant_config *tenant,
                              struct pawl_view body, char ret[PAWL_TENANT_MAX + 1],
                              struct pawl_err *err)
{
    static const char *const known[] = { "group", NULL };
    struct group_row         group;
    JSON                     j = { 0 };
    const char              *name;

    PAWL_TRY(json_parse(body, known, &j, err));
    PAWL_TRY(json_get_text(&j, "group", true, &name, err));
    if (name[0])
        PAWL_TRY(operator_find_group(f, tenant, name, &group, err));
    snprintf(ret, PAWL_TENANT_MAX + 1, "%s", name);
    return pawl_ok();
}

pawl_status operator_device_group(struct flow *f, const struct tenant_config *tenant,
                                  const char *id, struct pawl_view body, char **ret,
                                  struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    struct device                       d;
    char                                name[PAWL_TENANT_MAX + 1];

    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    PAWL_TRY(held_open(f, &d, &h, err));
    PAWL_TRY(read_group(f, tenant, body, name, err));
    memcpy(d.group, name, sizeof(d.group));
    PAWL_TRY(show(f, &d, &h.r, ret, err));
    plan(&d, step);
    snprintf(step->event, sizeof(step->event), "group by %s: %s", asker_name(f->asker),
             name[0] ? name : "none");
    return pawl_ok();
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
    snprintf(step->event, sizeof(step->event), "policy by %s: %s", asker_name(f->asker),
             name[0] ? name : "its group's, or the tenant's default");
    return pawl_ok();
}
