/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of devices that fit what is asked. A list goes along one index, the narrowest that there is
 * for it: a label, a state other than active, a group, or all by their ids; the rest is looked at
 * in each row. A page looks at no more than SCAN rows, however few fit, and says where to go on.
 */

#include <stdio.h>
#include <string.h>

#include "flow/operator_find.h"
#include "flow/request.h"

enum { PAGE = 100, SCAN = 2000 };

struct search {
    const struct device_query *q;
    enum device_state          state; /* NONE: any */
    bool                       has_label, has_range;
    struct label               label;
    struct id_range            range;

    struct json *j;
    cJSON       *list;
    uint64_t     n, limit;
    uint64_t     looked_at, most;
    bool         more; /* another row fits */
    bool         over; /* none behind can */
    uint8_t      last[PAWL_DEVICE_ID];
};

/* ---- what is asked -------------------------------------------------------------------------- */

static pawl_status read_state(const char *name, enum device_state *ret, struct pawl_err *err)
{
    for (unsigned i = DEVICE_PENDING; i < DEVICE_COUNT; i++)
        if (strcmp(name, device_state_name((enum device_state)i)) == 0) {
            *ret = (enum device_state)i;
            return pawl_ok();
        }
    return pawl_fail(err, PAWL_E_FORM, "state", "is none of pending, active and revoked");
}

static pawl_status check_status(const char *status, struct pawl_err *err)
{
    static const char *const known[] = { "none", "affirming", "warning", "contraindicated" };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(status, known[i]) == 0)
            return pawl_ok();
    return pawl_fail(err, PAWL_E_FORM, "status",
                     "is none of none, affirming, warning and contraindicated");
}

static pawl_status read_query(const struct device_query *q, struct search *s, struct pawl_err *err)
{
    s->q = q;
    s->limit = q->page.limit ? q->page.limit : PAGE;
    if (s->limit > OPERATOR_DEVICES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "limit", "at most %d", OPERATOR_DEVICES_MAX);
    if (q->state[0])
        PAWL_TRY(read_state(q->state, &s->state, err));
    if (q->status[0])
        PAWL_TRY(check_status(q->status, err));
    if (q->group[0] && !pawl_is_name(pawl_view_str(q->group)))
        return pawl_fail(err, PAWL_E_FORM, "group", "no name of a group");
    s->has_label = q->label[0] != 0;
    if (s->has_label)
        PAWL_TRY(operator_label_parse(q->label, "label", &s->label, err));
    s->has_range = q->begins[0] != 0;
    return s->has_range ? id_range_parse(q->begins, 1, "q", &s->range, err) : pawl_ok();
}

/* ---- what fits ------------------------------------------------------------------------------ */

static struct device_filter along(const struct search *s)
{
    if (s->has_label)
        return (struct device_filter){ .label = &s->label };
    if (s->state != DEVICE_NONE && s->state != DEVICE_ACTIVE)
        return (struct device_filter){ .state = s->state };
    return (struct device_filter){ .group = s->q->group[0] ? s->q->group : NULL };
}

/* Of a damaged row the group was not read: it is shown rather than missed. */
static bool is_of_group(const struct device *d, const char *group)
{
    return !group[0] || d->damaged || strcmp(d->group, group) == 0;
}

static bool fits(const struct search *s, const struct device *d)
{
    const struct device_query *q = s->q;

    return (s->state == DEVICE_NONE || d->state == s->state) && is_of_group(d, q->group) &&
           (!q->status[0] || strcmp(d->status, q->status) == 0) &&
           (!q->release[0] || strcmp(d->release, q->release) == 0) &&
           (!q->overdue || d->told_s != 0) && (!q->rekey_overdue || d->rekey_due_s != 0);
}

/* FULL ends the list of the store. */
static pawl_status look(const struct device *d, void *arg, struct pawl_err *err)
{
    struct search *s = arg;

    s->over = s->has_range && !id_range_has(&s->range, d->id);
    s->more = !s->over && s->n == s->limit && fits(s, d);
    if (s->over || s->more)
        return pawl_fail(err, PAWL_E_FULL, "devices", "the page is full");
    s->looked_at++;
    memcpy(s->last, d->id, sizeof(s->last));
    if (!fits(s, d))
        return pawl_ok();
    operator_show_summary(s->j, json_object(s->j, s->list, NULL), d);
    s->n++;
    return pawl_ok();
}

/* ---- the page ------------------------------------------------------------------------------- */

/* Behind the later one of `after` and the id before the range. */
static pawl_status start(const struct search *s, uint8_t room[PAWL_DEVICE_ID],
                         struct pawl_view *ret, struct pawl_err *err)
{
    struct pawl_view before = pawl_view(NULL, 0);
    uint8_t          after[PAWL_DEVICE_ID];

    if (s->has_range)
        before = id_range_before(&s->range, room);
    *ret = before;
    if (!s->q->page.after[0])
        return pawl_ok();
    PAWL_TRY(pawl_hex_parse_exact(s->q->page.after, "after", after, sizeof(after), err));
    if (before.n && memcmp(after, before.p, sizeof(after)) < 0)
        return pawl_ok();
    memcpy(room, after, sizeof(after));
    *ret = pawl_view(room, sizeof(after));
    return pawl_ok();
}

/* When the store lists nothing any more: another call on it may come in between rows nowhere. */
static pawl_status add_labels(struct flow *f, const struct tenant_config *tenant, struct search *s,
                              struct pawl_err *err)
{
    cJSON *o;

    cJSON_ArrayForEach(o, s->list)
    {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "id"));
        uint8_t     b[PAWL_DEVICE_ID];
        PAWL_TRY(pawl_hex_parse_exact(id ? id : "", "id", b, sizeof(b), err));
        PAWL_TRY(operator_show_labels(f, tenant_view(tenant), b, s->j, o, err));
    }
    return pawl_ok();
}

pawl_status operator_devices(struct flow *f, const struct tenant_config *tenant,
                             const struct device_query *q, char **ret, struct pawl_err *err)
{
    JSON             j = json_begin();
    struct search    s = { .j = &j, .list = json_array(&j, j.root, "devices"), .most = SCAN };
    uint8_t          room[PAWL_DEVICE_ID];
    struct pawl_view behind;

    PAWL_TRY(read_query(q, &s, err));
    PAWL_TRY(start(&s, room, &behind, err));
    const struct device_filter filter = along(&s);
    pawl_status listed = f->store->devices(f->store->self, tenant_view(tenant), &filter, behind,
                                           s.most, look, &s, err);
    if (listed.code != PAWL_E_FULL)
        PAWL_TRY(listed);
    PAWL_TRY(add_labels(f, tenant, &s, err));
    if (s.more || (!s.over && s.looked_at == s.most))
        json_hex(&j, j.root, "next", PAWL_VIEW_OF(s.last));
    else
        json_null(&j, j.root, "next");
    return json_end(&j, ret, err);
}
