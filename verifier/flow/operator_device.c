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
#include "flow/tell.h"
#include "ratchet/row.h"

enum { EVENTS = 10 };

/* ---- finding one ---------------------------------------------------------------------------- */

pawl_status id_range_parse(const char *digits, size_t least, const char *where,
                           struct id_range *ret, struct pawl_err *err)
{
    char   padded[2 * PAWL_DEVICE_ID + 1];
    size_t n = strlen(digits);

    if (n < least || n > 2 * PAWL_DEVICE_ID)
        return pawl_fail(err, PAWL_E_RANGE, where, "%zu hex digits: %zu to %d are due", n, least,
                         2 * PAWL_DEVICE_ID);
    memset(padded, '0', sizeof(padded) - 1);
    padded[sizeof(padded) - 1] = 0;
    memcpy(padded, digits, n);
    ret->digits = n;
    return pawl_hex_parse_exact(padded, where, ret->first, PAWL_DEVICE_ID, err);
}

bool id_range_has(const struct id_range *r, const uint8_t id[PAWL_DEVICE_ID])
{
    size_t whole = r->digits / 2;

    if (memcmp(id, r->first, whole) != 0)
        return false;
    return r->digits % 2 == 0 || id[whole] >> 4 == r->first[whole] >> 4;
}

struct pawl_view id_range_before(const struct id_range *r, uint8_t room[PAWL_DEVICE_ID])
{
    memcpy(room, r->first, PAWL_DEVICE_ID);
    for (size_t i = PAWL_DEVICE_ID; i-- > 0;)
        if (room[i]-- != 0)
            return pawl_view(room, PAWL_DEVICE_ID);
    return pawl_view(NULL, 0);
}

struct candidates {
    struct id_range range;
    size_t          n;
    struct device   d;
};

static pawl_status keep_candidate(const struct device *d, void *arg, struct pawl_err *err)
{
    struct candidates *c = arg;

    (void)err;
    if (!id_range_has(&c->range, d->id))
        return pawl_ok();
    if (c->n++ == 0)
        c->d = *d;
    return pawl_ok();
}

/* One whose row may be damaged. */
static pawl_status find_row(struct flow *f, const struct tenant_config *tenant, const char *id,
                            struct device *ret, struct pawl_err *err)
{
    const struct device_filter all = { 0 };
    uint8_t                    room[PAWL_DEVICE_ID];
    struct candidates          c = { 0 };

    PAWL_TRY(id_range_parse(id, OPERATOR_ID_PREFIX, "device", &c.range, err));
    PAWL_TRY(f->store->devices(f->store->self, tenant_view(tenant), &all,
                               id_range_before(&c.range, room), 2, keep_candidate, &c, err));
    if (c.n == 0)
        return pawl_fail(err, PAWL_E_ABSENT, "device", "no such device");
    if (c.n > 1)
        return pawl_fail(err, PAWL_E_RANGE, "device", "more than one begins with these digits");
    *ret = c.d;
    return pawl_ok();
}

static pawl_status check_row(const struct device *d, struct pawl_err *err)
{
    char damage[OPERATOR_DAMAGE_MAX];

    if (!d->damaged)
        return pawl_ok();
    operator_damage(d, damage);
    return pawl_fail(err, PAWL_E_FORM, "store.device", "%s", damage);
}

pawl_status operator_find_device(struct flow *f, const struct tenant_config *tenant, const char *id,
                                 struct device *ret, struct pawl_err *err)
{
    struct device d;

    PAWL_TRY(find_row(f, tenant, id, &d, err));
    PAWL_TRY(check_row(&d, err));
    *ret = d;
    return pawl_ok();
}

pawl_status operator_find_any_device(struct flow *f, const struct tenant_config *tenant,
                                     const char *id, struct device *ret, struct held *ret_held,
                                     struct pawl_err *err)
{
    struct device d;

    PAWL_TRY(find_row(f, tenant, id, &d, err));
    pawl_status held = held_open(f, &d, ret_held, err);
    if (!d.damaged && row_is_damaged(held))
        d.damaged = "ratchet";
    if (!d.damaged)
        PAWL_TRY(held);
    *ret = d;
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

    PAWL_TRY(operator_find_any_device(f, tenant, id, &d, &h, err));
    if (d.damaged)
        PAWL_TRY(operator_show_damaged(f, &d, &j, err));
    else
        PAWL_TRY(operator_show_device(f, &d, &h.r, &j, err));
    struct list l = { .j = &j, .list = json_array(&j, j.root, "events") };
    PAWL_TRY(f->store->events(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), EVENTS,
                              add_event, &l, err));
    return json_end(&j, ret, err);
}

/* ---- changing ------------------------------------------------------------------------------- */

static void plan(const struct device *d, struct step *step)
{
    memcpy(step->tenant, d->tenant, sizeof(step->tenant));
    step->has_device = true;
    step->device = *d;
}

/* Everybody but the device: it learns by the refusal of what it asks next. The step has its event.
 */
static pawl_status tell_revoked(const struct flow *f, struct step *step, struct pawl_err *err)
{
    const uint8_t *id = step->device.id;
    const int64_t  now_ms = f->now_ms(f->now_arg);
    JSON           j = tell_begin("revoked", id, now_ms);

    json_text(&j, j.root, "by", asker_name(f->asker));
    PAWL_TRY(tell_feed(step, &j, id, now_ms, err));
    return tell_act(f, step, "revoked", "device", err);
}

/* The device is refused whatever it asks. But who keeps a token of it goes by the list of those
 * that are revoked, and for that its id is enough. */
static pawl_status revoke_damaged(struct flow *f, struct device *d, char **ret, struct step *step,
                                  struct pawl_err *err)
{
    bool is_revoked = d->state == DEVICE_REVOKED;
    JSON j = json_begin();

    d->state = DEVICE_REVOKED;
    PAWL_TRY(operator_show_damaged(f, d, &j, err));
    PAWL_TRY(json_end(&j, ret, err));
    if (is_revoked)
        return pawl_ok();
    memcpy(step->tenant, d->tenant, sizeof(step->tenant));
    step->touches_device = step->revokes_device = true;
    step->device = *d;
    snprintf(step->event, sizeof(step->event), "revoke by %s: revoked; its row is damaged: %s",
             asker_name(f->asker), d->damaged);
    return tell_revoked(f, step, err);
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
    PAWL_TRY(operator_find_any_device(f, tenant, id, &d, &h, err));
    if (on == DEVICE_EVENT_REVOKE && d.damaged)
        return revoke_damaged(f, &d, ret, step, err);
    PAWL_TRY(check_row(&d, err));
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
    PAWL_TRY(on == DEVICE_EVENT_REVOKE ? tell_revoked(f, step, err)
                                       : tell_act(f, step, "approved", "device", err));
    return held_plan(&h, step, err);
}

static void free_text(char **s)
{
    free(*s);
}

/* Whoever enrols with its EK has its id, and is refused. No AK has such a Name, and no two devices
 * of a tenant have the same. */
static pawl_status plan_unknown(const struct flow *f, const struct tenant_config *tenant,
                                const uint8_t id[PAWL_DEVICE_ID], struct step *step,
                                struct pawl_err *err)
{
    static const char no_result[] = "none";
    struct device     d = { .state = DEVICE_REVOKED, .created_s = f->now_ms(f->now_arg) / 1000 };

    d.seen_s = d.created_s;
    memcpy(d.tenant, tenant->name, sizeof(d.tenant));
    memcpy(d.id, id, sizeof(d.id));
    memcpy(d.ak_name.b, id, PAWL_DEVICE_ID);
    d.ak_name.n = PAWL_DEVICE_ID;
    memcpy(d.status, no_result, sizeof(no_result));
    memcpy(d.software_status, no_result, sizeof(no_result));
    memcpy(d.keys_status, no_result, sizeof(no_result));
    plan(&d, step);
    snprintf(step->event, sizeof(step->event), "revoke by %s: revoked, was unknown",
             asker_name(f->asker));
    return tell_revoked(f, step, err);
}

pawl_status operator_revoke_again(struct flow *f, const struct tenant_config *tenant,
                                  const uint8_t id[PAWL_DEVICE_ID], enum revoked_again *ret,
                                  struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(free_text) char *json = NULL;
    char                          hex[2 * PAWL_DEVICE_ID + 1];
    struct device                 d = { .state = DEVICE_NONE };

    PAWL_TRY(pawl_hex_write(pawl_view(id, PAWL_DEVICE_ID), hex, sizeof(hex), err));
    pawl_status s = find_row(f, tenant, hex, &d, err);
    if (s.code == PAWL_E_ABSENT) {
        PAWL_TRY(plan_unknown(f, tenant, id, step, err));
        *ret = REVOKED_UNKNOWN;
        return pawl_ok();
    }
    PAWL_TRY(s);
    if (d.state != DEVICE_REVOKED)
        PAWL_TRY(operator_device_move(f, tenant, hex, DEVICE_EVENT_REVOKE, &json, step, err));
    *ret = d.state == DEVICE_REVOKED ? REVOKED_BEFORE : REVOKED_KNOWN;
    return pawl_ok();
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
