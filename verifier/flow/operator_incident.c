/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask about incidents: which there are, one with its proofs, its end, and the
 * chain of everything that was ever written about them. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/held.h"
#include "flow/incident.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"

enum { PAGE = 100 };

/* ---- finding one ---------------------------------------------------------------------------- */

/* DEVICE.EPOCH: the device whole or as a prefix. */
static pawl_status find_incident(struct flow *f, const struct tenant_config *tenant, const char *id,
                                 struct device *ret_device, uint64_t *ret_epoch,
                                 struct pawl_err *err)
{
    char        device[2 * PAWL_DEVICE_ID + 1];
    const char *dot = strchr(id, '.');
    size_t      n = dot ? (size_t)(dot - id) : 0;

    if (!dot || n >= sizeof(device))
        return pawl_fail(err, PAWL_E_FORM, "incident", "is not DEVICE.EPOCH");
    memcpy(device, id, n);
    device[n] = 0;
    PAWL_TRY(pawl_u64_parse(dot + 1, "incident", INT64_MAX, ret_epoch, err));
    return operator_find_device(f, tenant, device, ret_device, err);
}

/* ---- showing -------------------------------------------------------------------------------- */

static void add_id(struct json *j, cJSON *o, const struct incident_row *i)
{
    char            device[2 * PAWL_DEVICE_ID + 1], id[sizeof(device) + 24];
    struct pawl_err ignored;

    if (!pawl_is_ok(pawl_hex_write(PAWL_VIEW_OF(i->device), device, sizeof(device), &ignored)))
        j->lost = true;
    snprintf(id, sizeof(id), "%s.%" PRIu64, device, i->epoch);
    json_text(j, o, "id", id);
    json_text(j, o, "device", device);
    json_u64(j, o, "epoch", i->epoch);
}

/* The slots whose messages are in doubt; "to" is null while it is open upwards. */
static void add_window(struct json *j, cJSON *o, const struct incident_row *i)
{
    if (!i->slot_lo) {
        json_null(j, o, "window");
        return;
    }
    cJSON *window = json_object(j, o, "window");
    json_u64(j, window, "from", i->slot_lo);
    if (i->slot_hi)
        json_u64(j, window, "to", i->slot_hi);
    else
        json_null(j, window, "to");
}

static void add_incident(struct json *j, cJSON *o, const struct incident_row *i)
{
    add_id(j, o, i);
    json_text(j, o, "kind", incident_kind_name((enum incident_kind)i->kind));
    json_text(j, o, "severity", severity_name((enum severity)i->severity));
    json_text(j, o, "state", incident_state_name((enum incident_state)i->state));
    json_i64(j, o, "opened", i->opened_ms / 1000);
    json_i64(j, o, "changed", i->changed_ms / 1000);
    cJSON *rules = json_array(j, o, "rules");
    for (unsigned r = RULE_NONE + 1; r < RULE_COUNT; r++)
        if (i->rules >> r & 1)
            json_text(j, rules, NULL, rule_name((enum rule)r));
    add_window(j, o, i);
    json_u64(j, o, "forged", i->forged);
    json_u64(j, o, "genuine", i->genuine);
    json_u64(j, o, "unattested", i->unattested);
    json_text(j, o, "detail", i->detail);
    json_text(j, o, "note", i->note);
}

struct list {
    struct json *j;
    cJSON       *list;
};

/* "MS.EPOCH.DEVICE": a list in the order of changes moves on while it is read, and whoever reads it
 * page by page sees what changes meanwhile at its beginning only. */
static pawl_status add_row(const struct incident_row *i, void *arg, struct pawl_err *err)
{
    struct list_page *p = arg;
    char              key[OPERATOR_AFTER_MAX], device[2 * PAWL_DEVICE_ID + 1];

    PAWL_TRY(pawl_hex_write(PAWL_VIEW_OF(i->device), device, sizeof(device), err));
    snprintf(key, sizeof(key), "%" PRId64 ".%" PRIu64 ".%s", i->changed_ms, i->epoch, device);
    cJSON *o = list_page_row(p, key);
    if (o)
        add_incident(p->j, o, i);
    return pawl_ok();
}

static pawl_status after_incident(const char *after, struct incident_row *ret, struct pawl_err *err)
{
    char     text[OPERATOR_AFTER_MAX], *epoch, *device;
    uint64_t ms;

    snprintf(text, sizeof(text), "%s", after);
    epoch = strchr(text, '.');
    device = epoch ? strchr(epoch + 1, '.') : NULL;
    if (!device)
        return pawl_fail(err, PAWL_E_FORM, "after", "is no \"next\" of this list");
    *epoch++ = *device++ = 0;
    PAWL_TRY(pawl_u64_parse(text, "after", INT64_MAX, &ms, err));
    ret->changed_ms = (int64_t)ms;
    PAWL_TRY(pawl_u64_parse(epoch, "after", UINT64_MAX, &ret->epoch, err));
    return pawl_hex_parse_exact(device, "after", ret->device, sizeof(ret->device), err);
}

pawl_status operator_incidents(struct flow *f, const struct tenant_config *tenant,
                               const char *device, bool open, const struct list_query *q,
                               char **ret, struct pawl_err *err)
{
    struct device       d;
    struct pawl_view    of = pawl_view(NULL, 0);
    struct incident_row after = { 0 };
    JSON                j = json_begin();
    struct list_page    p;

    PAWL_TRY(list_page_begin(&j, "incidents", q, &p, err));
    if (q->after[0])
        PAWL_TRY(after_incident(q->after, &after, err));
    if (device[0]) {
        PAWL_TRY(operator_find_device(f, tenant, device, &d, err));
        of = PAWL_VIEW_OF(d.id);
    }
    PAWL_TRY(f->store->incidents(f->store->self, tenant_view(tenant), of, open,
                                 q->after[0] ? &after : NULL, p.limit + 1, add_row, &p, err));
    list_page_end(&p);
    return json_end(&j, ret, err);
}

/* ---- one ------------------------------------------------------------------------------------ */

static pawl_status add_slots(struct json *j, cJSON *o, const struct incident_row *i,
                             struct pawl_err *err)
{
    struct incident_slot slot[INCIDENT_SLOTS_MAX];
    cJSON               *slots = json_array(j, o, "slots");
    size_t               n;

    PAWL_TRY(incident_slots_read(pawl_view(i->slots.p, i->slots.n), slot, &n, err));
    for (size_t k = 0; k < n; k++) {
        cJSON *one = json_object(j, slots, NULL);
        json_text(j, one, "rule", rule_name(slot[k].rule));
        json_u64(j, one, "epoch", slot[k].epoch);
        json_u64(j, one, "gen", slot[k].gen);
        json_u64(j, one, "seq", slot[k].seq);
    }
    return pawl_ok();
}

static pawl_status add_proof(const struct proof_row *p, void *arg, struct pawl_err *err)
{
    struct list *l = arg;
    cJSON       *o = json_object(l->j, l->list, NULL);

    (void)err;
    json_u64(l->j, o, "number", p->number);
    json_i64(l->j, o, "time", p->time_ms / 1000);
    json_b64(l->j, o, "b64", pawl_view(p->bytes.p, p->bytes.n));
    return pawl_ok();
}

pawl_status operator_incident(struct flow *f, const struct tenant_config *tenant, const char *id,
                              char **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(incident_row_done) struct incident_row row = { 0 };
    struct device                                       d;
    uint64_t                                            epoch;
    JSON                                                j = json_begin();

    PAWL_TRY(find_incident(f, tenant, id, &d, &epoch, err));
    PAWL_TRY(f->store->incident(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), epoch,
                                &row, err));
    add_incident(&j, j.root, &row);
    PAWL_TRY(add_slots(&j, j.root, &row, err));
    struct list l = { .j = &j, .list = json_array(&j, j.root, "proofs") };
    PAWL_TRY(f->store->proofs(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), epoch,
                              add_proof, &l, err));
    return json_end(&j, ret, err);
}

/* ---- its end -------------------------------------------------------------------------------- */

/* Of a device only the last incident can be anything but closed: a newer one closes the older. */
static pawl_status check_last(const struct held *h, const struct incident_row *row,
                              struct pawl_err *err)
{
    if (row->epoch != h->r.incident.epoch)
        return pawl_fail(err, PAWL_E_STATE, "incident", "is closed: the device has a newer one");
    return pawl_ok();
}

/* The row as the step leaves it. */
static const struct incident_row *row_of(const struct step *step, uint64_t epoch)
{
    for (size_t i = 0; i < step->incident_n; i++)
        if (step->incident[i].epoch == epoch)
            return &step->incident[i];
    return NULL;
}

/* {["note"]}; without a body there is none. */
static pawl_status read_note(struct pawl_view body, struct json *in, const char **ret,
                             struct pawl_err *err)
{
    static const char *const known[] = { "note", NULL };

    *ret = "";
    if (body.n == 0)
        return pawl_ok();
    PAWL_TRY(json_parse(body, known, in, err));
    PAWL_TRY(json_get_text(in, "note", false, ret, err));
    return operator_check_text(*ret, "note", OPERATOR_NOTE_MAX, err);
}

/* The note, and in front of it who says so, where that is known. */
static const char *say(const struct flow *f, const char *note, char ret[EVENT_LINE_MAX])
{
    if (!f->asker || !f->asker->name[0])
        return note;
    snprintf(ret, EVENT_LINE_MAX, "by %s%s%s", f->asker->name, note[0] ? ": " : "", note);
    return ret;
}

pawl_status operator_incident_close(struct flow *f, const struct tenant_config *tenant,
                                    const char *id, struct pawl_view body, char **ret,
                                    struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(incident_row_done) struct incident_row row = { 0 };
    PAWL_CLEANUP(held_done) struct held                 h = { 0 };
    struct device                                       d;
    uint64_t                                            epoch;
    const char                                         *note;
    char                                                said[EVENT_LINE_MAX];
    JSON                                                in = { 0 }, j = json_begin();

    PAWL_TRY(find_incident(f, tenant, id, &d, &epoch, err));
    PAWL_TRY(read_note(body, &in, &note, err));
    PAWL_TRY(f->store->incident(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), epoch,
                                &row, err));
    PAWL_TRY(held_open(f, &d, &h, err));
    PAWL_TRY(check_last(&h, &row, err));
    memcpy(step->tenant, d.tenant, sizeof(step->tenant));
    step->touches_device = true;
    step->device = d;
    PAWL_TRY(incident_close_by(&h, step, f->now_ms(f->now_arg), say(f, note, said), err));
    incident_light(&h.r, step);
    PAWL_TRY(held_plan(&h, step, err));
    const struct incident_row *closed = row_of(step, epoch);
    if (!closed)
        return pawl_fail(err, PAWL_E_BUG, "incident", "was closed without a row");
    add_incident(&j, j.root, closed);
    return json_end(&j, ret, err);
}

/* ---- the chain ------------------------------------------------------------------------------ */

struct entries {
    struct list list;
    uint64_t    last, head;
};

static pawl_status add_entry(const struct audit_row *a, void *arg, struct pawl_err *err)
{
    struct entries *e = arg;
    struct json    *j = e->list.j;

    (void)err;
    if (a->number > e->head) /* came behind the head that this page shows */
        return pawl_ok();
    cJSON *o = json_object(j, e->list.list, NULL);
    json_u64(j, o, "number", a->number);
    json_i64(j, o, "time_ms", a->time_ms);
    json_hex(j, o, "device", PAWL_VIEW_OF(a->device));
    json_text(j, o, "line", a->line);
    json_hex(j, o, "hash", PAWL_VIEW_OF(a->hash));
    e->last = a->number;
    return pawl_ok();
}

pawl_status operator_audit(struct flow *f, const struct tenant_config *tenant, uint64_t after,
                           uint64_t limit, char **ret, struct pawl_err *err)
{
    struct audit_head head;
    JSON              j = json_begin();
    struct entries    e = { .list = { &j, json_array(&j, j.root, "entries") }, .last = after };

    if (limit > OPERATOR_AUDIT_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "limit", "at most %d", OPERATOR_AUDIT_MAX);
    PAWL_TRY(f->store->audit_head(f->store->self, tenant_view(tenant), &head, err));
    e.head = head.number;
    PAWL_TRY(f->store->audit(f->store->self, tenant_view(tenant), after, limit ? limit : PAGE,
                             add_entry, &e, err));
    cJSON *o = json_object(&j, j.root, "head");
    json_u64(&j, o, "number", head.number);
    json_hex(&j, o, "hash", PAWL_VIEW_OF(head.hash));
    json_u64(&j, j.root, "next", e.last);
    return json_end(&j, ret, err);
}
