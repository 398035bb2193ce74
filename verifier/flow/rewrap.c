/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/rewrap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/downlink.h"
#include "flow/inbox.h"
#include "flow/token.h"
#include "ratchet/row.h"

enum { TOKENS = 64, SEGMENTS = 8 }; /* of one piece */

/* One piece that is planned. */
struct piece {
    struct rewrap     *at;
    const struct flow *flow;
    struct pawl_view   tenant;
    uint8_t            device[PAWL_DEVICE_ID];
    struct step       *step;
    size_t             n; /* rows that were looked at */
};

/* ---- one row -------------------------------------------------------------------------------- */

/* key: the row, without its bytes. */
static pawl_status plan(struct piece *p, const struct rewrapped_row *key, struct pawl_view was,
                        struct pawl_view is, struct pawl_err *err)
{
    struct step          *s = p->step;
    struct rewrapped_row *rows = realloc(s->rewrapped, (s->rewrapped_n + 1) * sizeof(*rows));

    if (!rows)
        return pawl_fail(err, PAWL_E_MEMORY, "rewrap", "out of memory");
    s->rewrapped = rows;
    rows[s->rewrapped_n] = *key;
    struct rewrapped_row *row = &rows[s->rewrapped_n++];
    row->was = row->is = (struct blob){ 0 };
    PAWL_TRY(blob_from(was, &row->was, err));
    return blob_from(is, &row->is, err);
}

/* made: what came of wrapping it anew; is: empty if that is not needed. A row that does not open is
 * told where it is used, and is no reason to keep a key. Only who could look says so: on this word
 * a key is thrown away. */
static pawl_status take(struct piece *p, pawl_status made, const struct rewrapped_row *key,
                        struct pawl_view was, struct pawl_view is, struct pawl_err *err)
{
    if (row_is_damaged(made)) {
        p->at->unreadable++;
        return pawl_ok();
    }
    PAWL_TRY(made);
    if (!is.n)
        return pawl_ok();
    p->at->found++;
    return plan(p, key, was, is, err);
}

static pawl_status take_token(const struct token *t, void *arg, struct pawl_err *err)
{
    struct piece        *p = arg;
    struct rewrapped_row key = { .what = REWRAPPED_TOKEN };
    struct pawl_view     was = pawl_view(t->wrapped, t->wrapped_n);
    uint8_t              b[sizeof(t->wrapped)];
    size_t               n = 0;

    memcpy(key.token, t->id, sizeof(key.token));
    pawl_status s = keys_rewrap(p->flow->keys, p->tenant, PAWL_VIEW_OF(t->id), TOKEN_FIELD, 0, was,
                                b, sizeof(b), &n, err);
    PAWL_TRY(take(p, s, &key, was, pawl_view(b, n), err));
    memcpy(p->at->after, t->id, sizeof(t->id));
    p->at->after_n = sizeof(t->id);
    p->n++;
    return pawl_ok();
}

static pawl_status take_generation(const struct generation_row *row, void *arg,
                                   struct pawl_err *err)
{
    struct piece        *p = arg;
    struct rewrapped_row key = {
        .what = REWRAPPED_GENERATION, .dir = row->dir, .epoch = row->epoch, .gen = row->gen
    };
    struct pawl_view was = pawl_view(row->bytes.p, row->bytes.n);
    uint8_t          b[GENERATION_ROW_MAX];
    size_t           n = 0;

    memcpy(key.device, p->device, sizeof(key.device));
    pawl_status s = generation_rewrap(p->flow->keys, p->tenant, p->device, was, b, sizeof(b), &n,
                                      err);
    return take(p, s, &key, was, pawl_view(b, n), err);
}

static pawl_status take_downlink(const struct downlink_row *row, void *arg, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob is = { 0 };
    struct piece                       *p = arg;
    struct rewrapped_row                key = { .what = REWRAPPED_DOWNLINK, .number = row->id };

    memcpy(key.device, row->device, sizeof(key.device));
    pawl_status s = downlink_rewrap(p->flow->keys, p->tenant, row, &is, err);
    return take(p, s, &key, pawl_view(row->body.p, row->body.n), pawl_view(is.p, is.n), err);
}

static pawl_status take_segment(const struct segment_row *row, void *arg, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob is = { 0 };
    struct piece                       *p = arg;
    struct rewrapped_row                key = { .what = REWRAPPED_SEGMENT, .number = row->number };

    if (row->kind == SEGMENT_MESSAGES) {
        pawl_status s = inbox_rewrap(p->flow->keys, p->tenant, row, &is, err);
        PAWL_TRY(
            take(p, s, &key, pawl_view(row->bytes.p, row->bytes.n), pawl_view(is.p, is.n), err));
    }
    p->at->number = row->number;
    p->n++;
    return pawl_ok();
}

/* ---- a device ------------------------------------------------------------------------------- */

static pawl_status take_id(const struct device *d, void *arg, struct pawl_err *err)
{
    struct piece *p = arg;

    (void)err;
    memcpy(p->device, d->id, sizeof(p->device));
    p->n++;
    return pawl_ok();
}

/* In the step even where the old key is not needed for it: see store.h. */
static pawl_status take_ratchet(struct piece *p, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob row = { 0 };
    const struct store                 *store = p->flow->store;
    struct rewrapped_row                key = { .what = REWRAPPED_RATCHET };
    uint8_t                             b[RATCHET_ROW_MAX];
    size_t                              n = 0;

    pawl_status s = store->ratchet(store->self, p->tenant, PAWL_VIEW_OF(p->device), &row, err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(s);
    memcpy(key.device, p->device, sizeof(key.device));
    struct pawl_view was = pawl_view(row.p, row.n);
    s = ratchet_rewrap(p->flow->keys, p->tenant, p->device, was, b, sizeof(b), &n, err);
    if (pawl_is_ok(s) && !n)
        return plan(p, &key, was, was, err);
    return take(p, s, &key, was, pawl_view(b, n), err);
}

static pawl_status take_device(struct piece *p, struct pawl_err *err)
{
    const struct store *store = p->flow->store;
    struct pawl_view    id = PAWL_VIEW_OF(p->device);
    uint64_t            found = p->at->found;

    PAWL_TRY(take_ratchet(p, err));
    PAWL_TRY(store->generations(store->self, p->tenant, id, PAWL_UP, take_generation, p, err));
    PAWL_TRY(store->generations(store->self, p->tenant, id, PAWL_DOWN, take_generation, p, err));
    PAWL_TRY(store->downlinks(store->self, p->tenant, id, 0, SIZE_MAX, take_downlink, p, err));
    if (p->at->found == found)
        step_done(p->step);
    memcpy(p->at->after, p->device, sizeof(p->device));
    p->at->after_n = sizeof(p->device);
    return pawl_ok();
}

/* ---- the walk ------------------------------------------------------------------------------- */

static void next_part(struct rewrap *r)
{
    r->after_n = 0;
    r->number = 0;
    if (++r->part == REWRAP_PARTS) {
        r->part = REWRAP_TOKENS;
        r->in_tenant = false;
    }
}

static pawl_status next_tenant(struct rewrap *r, const struct store *store, struct pawl_err *err)
{
    pawl_status s = store->next_tenant(store->self, r->tenant, r->tenant, err);

    r->in_tenant = pawl_is_ok(s);
    r->over = s.code == PAWL_E_ABSENT;
    return r->over ? pawl_ok() : s;
}

static pawl_status plan_piece(struct piece *p, bool *ret_last, struct pawl_err *err)
{
    const struct device_filter all = { 0 };
    const struct store        *store = p->flow->store;
    struct rewrap             *r = p->at;
    struct pawl_view           after = pawl_view(r->after, r->after_n);

    switch (r->part) {
    case REWRAP_TOKENS:
        PAWL_TRY(store->tokens(store->self, p->tenant, after, TOKENS, take_token, p, err));
        *ret_last = p->n < TOKENS;
        return pawl_ok();
    case REWRAP_DEVICES:
        PAWL_TRY(store->devices(store->self, p->tenant, &all, after, 1, take_id, p, err));
        *ret_last = p->n == 0;
        return *ret_last ? pawl_ok() : take_device(p, err);
    case REWRAP_SEGMENTS:
        PAWL_TRY(store->segments(store->self, p->tenant, pawl_view(NULL, 0), r->number, SEGMENTS,
                                 take_segment, p, err));
        *ret_last = p->n < SEGMENTS;
        return pawl_ok();
    case REWRAP_PARTS:
        break;
    }
    return pawl_fail(err, PAWL_E_BUG, "rewrap", "part %d", (int)r->part);
}

/* Of a row that could not be read its operator knows no more than the column: whose it is, or what
 * stands before it, goes in front. */
static pawl_status say_where(const struct piece *p, pawl_status s, struct pawl_err *err)
{
    static const char *const behind[REWRAP_PARTS] = { "tokens behind", "devices behind",
                                                      "messages behind" };
    const struct rewrap     *r = p->at;
    struct pawl_err          was = *err, ignored;
    bool                     in_device = r->part == REWRAP_DEVICES && p->n;
    char                     id[2 * 8 + 1] = "0";

    if (!row_is_damaged(s))
        return s;
    if (r->part == REWRAP_SEGMENTS)
        snprintf(id, sizeof(id), "%" PRIu64, r->number);
    else if (in_device || r->after_n)
        (void)pawl_is_ok(pawl_hex_write(pawl_view(in_device ? p->device : r->after, sizeof(id) / 2),
                                        id, sizeof(id), &ignored));
    return pawl_fail(err, s.code, was.where, "%.*s, %s %s: %s", (int)p->tenant.n,
                     (const char *)p->tenant.p, in_device ? "device" : behind[r->part], id,
                     was.why);
}

pawl_status rewrap_next(struct rewrap *r, const struct flow *f, struct step *step,
                        struct pawl_err *err)
{
    PAWL_CLEANUP(step_done) struct step planned = { 0 };
    struct rewrap                       next = *r;
    struct piece                        p = { .at = &next, .flow = f, .step = &planned };
    bool                                last = false;

    if (!next.in_tenant && !next.over)
        PAWL_TRY(next_tenant(&next, f->store, err));
    if (!next.over) {
        memcpy(planned.tenant, next.tenant, sizeof(planned.tenant));
        p.tenant = pawl_view_str(planned.tenant);
        pawl_status s = plan_piece(&p, &last, err);
        if (!pawl_is_ok(s))
            return say_where(&p, s, err);
    }
    if (last)
        next_part(&next);
    *r = next;
    *step = planned;
    planned = (struct step){ 0 };
    return pawl_ok();
}

pawl_status rewrap_count(const struct flow *f, uint64_t *ret, struct pawl_err *err)
{
    struct rewrap r = { 0 };

    while (!r.over) {
        PAWL_CLEANUP(step_done) struct step step = { 0 };
        PAWL_TRY(rewrap_next(&r, f, &step, err));
    }
    *ret = r.found;
    return pawl_ok();
}
