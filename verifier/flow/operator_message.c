/* SPDX-License-Identifier: Apache-2.0 */
/* Messages for devices, as operators send them and see them wait. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/downlink.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"

/* ---- to a device ---------------------------------------------------------------------------- */

struct waiting {
    uint64_t n, last_id;
};

static pawl_status count_one(const struct downlink_row *row, void *arg, struct pawl_err *err)
{
    struct waiting *w = arg;

    (void)err;
    w->n++;
    w->last_id = row->id;
    return pawl_ok();
}

static pawl_status may_send(struct flow *f, const struct tenant_config *tenant,
                            const struct device *d, uint64_t *ret_id, struct pawl_err *err)
{
    struct waiting w = { 0 };
    uint64_t       id = (uint64_t)f->now_ms(f->now_arg) << 10;

    if (!tenant->messages)
        return pawl_fail(err, PAWL_E_STATE, "tenant", "messages are off for this tenant");
    if (d->state != DEVICE_ACTIVE)
        return pawl_fail(err, PAWL_E_STATE, "device", "is %s", device_state_name(d->state));
    PAWL_TRY(f->store->downlinks(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d->id), 0,
                                 tenant->downlink_max, count_one, &w, err));
    if (w.n >= tenant->downlink_max)
        return pawl_fail(err, PAWL_E_STATE, "device",
                         "%" PRIu64 " messages wait for it already (downlink_max)", w.n);
    *ret_id = id > w.last_id ? id : w.last_id + 1;
    return pawl_ok();
}

/* {"text"} or {"body_b64"}: the bytes, owned by the caller. */
static pawl_status read_body(struct pawl_view in, struct blob *ret, struct pawl_err *err)
{
    static const char *const known[] = { "text", "body_b64", NULL };
    JSON                     j = { 0 };
    const char              *text = NULL, *b64 = NULL;
    uint8_t                  b[PAWL_BODY_MAX];
    size_t                   n;

    PAWL_TRY(json_parse(in, known, &j, err));
    PAWL_TRY(json_get_text(&j, "text", false, &text, err));
    PAWL_TRY(json_get_text(&j, "body_b64", false, &b64, err));
    if (!text == !b64)
        return pawl_fail(err, PAWL_E_FORM, "body", "text or body_b64 is due, and one of them");
    if (b64) {
        PAWL_TRY(pawl_b64_parse(pawl_view_str(b64), "body_b64", b, sizeof(b), &n, err));
        return blob_from(pawl_view(b, n), ret, err);
    }
    if (strlen(text) > PAWL_BODY_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "text", "%zu bytes, at most %d may be", strlen(text),
                         PAWL_BODY_MAX);
    return blob_from(pawl_view_str(text), ret, err);
}

static pawl_status plan_row(struct flow *f, const struct device *d, uint64_t id,
                            struct pawl_view body, struct step *step, struct pawl_err *err)
{
    struct downlink_row *row = calloc(1, sizeof(*row));

    if (!row)
        return pawl_fail(err, PAWL_E_MEMORY, "message", "out of memory");
    memcpy(step->tenant, d->tenant, sizeof(step->tenant));
    step->downlink = row;
    step->downlink_n = 1;
    memcpy(row->device, d->id, sizeof(row->device));
    row->id = id;
    row->created_ms = f->now_ms(f->now_arg);
    return downlink_wrap(f->keys, pawl_view_str(d->tenant), d->id, id, body, &row->body, err);
}

pawl_status operator_message_send(struct flow *f, const struct tenant_config *tenant,
                                  const char *id, struct pawl_view body, char **ret,
                                  struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob bytes = { 0 };
    JSON                                j = json_begin();
    struct device                       d;
    uint64_t                            number;

    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    PAWL_TRY(read_body(body, &bytes, err));
    PAWL_TRY(may_send(f, tenant, &d, &number, err));
    PAWL_TRY(plan_row(f, &d, number, pawl_view(bytes.p, bytes.n), step, err));
    json_id(&j, j.root, "id", number);
    return json_end(&j, ret, err);
}

/* ---- what waits ----------------------------------------------------------------------------- */

struct queue {
    struct flow                *f;
    const struct tenant_config *tenant;
    struct list_page            page;
};

static pawl_status add_waiting(const struct downlink_row *row, void *arg, struct pawl_err *err)
{
    struct queue *p = arg;
    struct json  *j = p->page.j;
    struct blob   body = { 0 };
    char          id[24];

    snprintf(id, sizeof(id), "%" PRIu64, row->id);
    cJSON *o = list_page_row(&p->page, id);
    if (!o)
        return pawl_ok();
    json_id(j, o, "id", row->id);
    json_i64(j, o, "created", row->created_ms / 1000);
    json_text(j, o, "state", row->seq ? "sent" : "queued");
    if (row->seq) {
        json_u64(j, o, "slot", row->seq);
        json_i64(j, o, "sent", row->sent_ms / 1000);
    } else {
        json_null(j, o, "slot");
        json_null(j, o, "sent");
    }
    PAWL_TRY(downlink_unwrap(p->f->keys, tenant_view(p->tenant), row, &body, err));
    json_body(j, o, pawl_view(body.p, body.n));
    blob_done(&body);
    return pawl_ok();
}

pawl_status operator_downlink(struct flow *f, const struct tenant_config *tenant, const char *id,
                              const struct list_query *q, char **ret, struct pawl_err *err)
{
    JSON          j = json_begin();
    struct queue  p = { .f = f, .tenant = tenant };
    struct device d;
    uint64_t      after = 0;

    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    PAWL_TRY(list_page_begin(&j, "messages", q, &p.page, err));
    if (q->after[0])
        PAWL_TRY(pawl_u64_parse(q->after, "after", UINT64_MAX, &after, err));
    PAWL_TRY(f->store->downlinks(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), after,
                                 p.page.limit + 1, add_waiting, &p, err));
    list_page_end(&p.page);
    return json_end(&j, ret, err);
}
