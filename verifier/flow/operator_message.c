/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as consumers and operators see them: the inbox behind a cursor, and what waits for a
 * device.
 *
 * A cursor is "N", behind all of segment N, or "N.I", behind the first I messages of it. Segments
 * come in the order in which they became durable, so a reader that goes on from its last cursor
 * misses nothing.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/downlink.h"
#include "flow/inbox.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"

enum { PAGE = 100, PAGE_BYTES = 1024 * 1024 };

/* ---- bodies --------------------------------------------------------------------------------- */

/* UTF-8 that a terminal shows and does not obey: no control characters but tab and line ends. */
static bool is_text(struct pawl_view v)
{
    if (!pawl_is_utf8(v))
        return false;
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];

        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return false;
        if (c == 0xc2 && v.p[i + 1] < 0xa0) /* C1: pawl_is_utf8 says that a byte follows */
            return false;
    }
    return true;
}

static void add_body(struct json *j, cJSON *o, struct pawl_view body)
{
    json_b64(j, o, "body_b64", body);
    if (is_text(body))
        json_text_n(j, o, "text", body);
}

/* As text: readers of JSON keep 53 bits of a number, and this one is compared. */
static void add_id(struct json *j, cJSON *o, uint64_t id)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, id);
    json_text(j, o, "id", text);
}

/* ---- the inbox ------------------------------------------------------------------------------ */

struct cursor {
    uint64_t segment;
    uint64_t n; /* messages of the segment behind it; 0: it is behind all of it */
};

static pawl_status cursor_parse(const char *text, struct cursor *ret, struct pawl_err *err)
{
    char  segment[48];
    char *dot;

    *ret = (struct cursor){ 0 };
    if (!text[0])
        return pawl_ok();
    snprintf(segment, sizeof(segment), "%s", text);
    dot = strchr(segment, '.');
    if (dot) {
        *dot++ = 0;
        PAWL_TRY(pawl_u64_parse(dot, "after", PAWL_MESSAGES_N_MAX, &ret->n, err));
    }
    PAWL_TRY(pawl_u64_parse(segment, "after", INT64_MAX, &ret->segment, err));
    if (dot && (ret->n == 0 || ret->segment == 0))
        return pawl_fail(err, PAWL_E_FORM, "after", "is no cursor");
    return pawl_ok();
}

static void cursor_write(const struct cursor *c, char ret[48])
{
    if (c->n)
        snprintf(ret, 48, "%" PRIu64 ".%" PRIu64, c->segment, c->n);
    else
        snprintf(ret, 48, "%" PRIu64, c->segment);
}

struct page {
    struct flow                *f;
    const struct tenant_config *tenant;
    struct json                *j;
    cJSON                      *list;
    struct cursor               at; /* behind what stands in the page */
    uint64_t                    n, limit, bytes;
    struct inbox_segment        segment;
};

static void add_message(struct page *p, const struct segment_row *row, size_t i)
{
    const struct inbox_message *m = &p->segment.message[i];
    cJSON                      *o = json_object(p->j, p->list, NULL);
    char                        cursor[48];

    p->at = (struct cursor){ row->number, i + 1 < p->segment.n ? i + 1 : 0 };
    cursor_write(&p->at, cursor);
    json_text(p->j, o, "cursor", cursor);
    json_hex(p->j, o, "device", PAWL_VIEW_OF(row->device));
    json_u64(p->j, o, "epoch", m->epoch);
    json_u64(p->j, o, "gen", m->gen);
    json_u64(p->j, o, "seq", m->seq);
    add_id(p->j, o, m->id);
    json_i64(p->j, o, "time", row->time_ms / 1000);
    json_text(p->j, o, "status", p->segment.status);
    add_body(p->j, o, m->body);
    p->n++;
    p->bytes += m->body.n;
}

/* FULL ends the list of the store. */
static pawl_status add_segment(const struct segment_row *row, void *arg, struct pawl_err *err)
{
    struct page *p = arg;
    size_t       first = row->number == p->at.segment ? p->at.n : 0;

    if (!pawl_is_ok(inbox_open(p->f->keys, tenant_view(p->tenant), row, &p->segment, err)))
        return pawl_fail(err, PAWL_E_CRYPTO, "inbox",
                         "segment %" PRIu64 " does not open: another master key wrote it",
                         row->number);
    for (size_t i = first; i < p->segment.n && p->n < p->limit && p->bytes < PAGE_BYTES; i++)
        add_message(p, row, i);
    inbox_segment_done(&p->segment);
    if (p->n >= p->limit || p->bytes >= PAGE_BYTES)
        return pawl_fail(err, PAWL_E_FULL, "messages", "the page is full");
    return pawl_ok();
}

static pawl_status read_page(struct page *p, struct pawl_view device, struct pawl_err *err)
{
    const struct store *store = p->f->store;
    /* A segment that was read in part comes again. */
    uint64_t    after = p->at.n ? p->at.segment - 1 : p->at.segment;
    pawl_status s = store->segments(store->self, tenant_view(p->tenant), device, after,
                                    p->limit + 1, add_segment, p, err);

    return s.code == PAWL_E_FULL ? pawl_ok() : s;
}

pawl_status operator_messages(struct flow *f, const struct tenant_config *tenant,
                              const struct message_query *q, char **ret, bool *ret_any,
                              struct pawl_err *err)
{
    JSON          j = json_begin();
    struct page   p = { .f = f, .tenant = tenant, .j = &j, .limit = q->limit ? q->limit : PAGE };
    struct device d;
    char          next[48];

    if (p.limit > OPERATOR_MESSAGES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "limit", "at most %d", OPERATOR_MESSAGES_MAX);
    PAWL_TRY(cursor_parse(q->after, &p.at, err));
    if (q->device[0])
        PAWL_TRY(operator_find_device(f, tenant, q->device, &d, err));
    p.list = json_array(&j, j.root, "messages");
    PAWL_TRY(read_page(&p, q->device[0] ? PAWL_VIEW_OF(d.id) : pawl_view(NULL, 0), err));
    cursor_write(&p.at, next);
    json_text(&j, j.root, "next", next);
    *ret_any = p.n > 0;
    return json_end(&j, ret, err);
}

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
    add_id(&j, j.root, number);
    return json_end(&j, ret, err);
}

/* ---- what waits ----------------------------------------------------------------------------- */

static pawl_status add_waiting(const struct downlink_row *row, void *arg, struct pawl_err *err)
{
    struct page *p = arg;
    cJSON       *o = json_object(p->j, p->list, NULL);
    struct blob  body = { 0 };

    add_id(p->j, o, row->id);
    json_i64(p->j, o, "created", row->created_ms / 1000);
    json_text(p->j, o, "state", row->seq ? "sent" : "queued");
    if (row->seq) {
        json_u64(p->j, o, "slot", row->seq);
        json_i64(p->j, o, "sent", row->sent_ms / 1000);
    } else {
        json_null(p->j, o, "slot");
        json_null(p->j, o, "sent");
    }
    PAWL_TRY(downlink_unwrap(p->f->keys, tenant_view(p->tenant), row, &body, err));
    add_body(p->j, o, pawl_view(body.p, body.n));
    blob_done(&body);
    return pawl_ok();
}

pawl_status operator_downlink(struct flow *f, const struct tenant_config *tenant, const char *id,
                              char **ret, struct pawl_err *err)
{
    JSON          j = json_begin();
    struct page   p = { .f = f, .tenant = tenant, .j = &j };
    struct device d;

    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    p.list = json_array(&j, j.root, "messages");
    PAWL_TRY(f->store->downlinks(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(d.id), 0,
                                 OPERATOR_MESSAGES_MAX, add_waiting, &p, err));
    return json_end(&j, ret, err);
}
