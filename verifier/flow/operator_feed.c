/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed as consumers and operators read it: messages, what became of them, incidents, alerts
 * and revocations, behind one cursor.
 *
 * A cursor is "N", behind all of row N, or "N.I", behind the first I entries of it. Rows come in
 * the order in which they became durable, so a reader that goes on from its last cursor misses
 * nothing. Copies and held messages are in their rows and not listed; what is forged on arrival and
 * held is listed as its mark alone.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/inbox.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"

enum {
    PAGE = 100,
    PAGE_BYTES = 1024 * 1024,
    BATCH = 256,         /* rows at a time */
    SEARCH_ROWS = 16384, /* that one request looks at without finding an entry */
    ID_TEXT = 2 * PAWL_DEVICE_ID + 24,
    CURSOR = 48
};

/* ---- cursors -------------------------------------------------------------------------------- */

struct cursor {
    uint64_t row;
    uint64_t n; /* entries of the row behind it; 0: it is behind all of it */
};

static pawl_status cursor_parse(const char *text, struct cursor *ret, struct pawl_err *err)
{
    char  row[CURSOR];
    char *dot;

    *ret = (struct cursor){ 0 };
    if (!text[0])
        return pawl_ok();
    snprintf(row, sizeof(row), "%s", text);
    dot = strchr(row, '.');
    if (dot) {
        *dot++ = 0;
        PAWL_TRY(pawl_u64_parse(dot, "after", INBOX_MARKS_MAX, &ret->n, err));
    }
    PAWL_TRY(pawl_u64_parse(row, "after", INT64_MAX, &ret->row, err));
    if (dot && (ret->n == 0 || ret->row == 0))
        return pawl_fail(err, PAWL_E_FORM, "after", "is no cursor");
    return pawl_ok();
}

static void cursor_write(uint64_t row, uint64_t n, char ret[CURSOR])
{
    if (n)
        snprintf(ret, CURSOR, "%" PRIu64 ".%" PRIu64, row, n);
    else
        snprintf(ret, CURSOR, "%" PRIu64, row);
}

/* ---- one entry ------------------------------------------------------------------------------ */

enum entry_type { ALL = 0, MESSAGE, MARK, INCIDENT, OVERDUE, REKEY_OVERDUE, REVOKED, TYPES };

static const char *const type_names[TYPES] = { "",        "message",       "mark",   "incident",
                                               "overdue", "rekey-overdue", "revoked" };

struct page {
    struct flow                *f;
    const struct tenant_config *tenant;
    enum entry_type             type;
    struct json                *j;
    cJSON                      *list;
    struct cursor               at; /* behind what stands in the page */
    uint64_t                    n, limit, bytes, bytes_max;
    uint64_t                    rows; /* of the batch under way */
};

static bool is_full(const struct page *p)
{
    return p->n >= p->limit || p->bytes >= p->bytes_max;
}

static bool wants(const struct page *p, enum entry_type type)
{
    return p->type == ALL || p->type == type;
}

/* Entry i of n of its row. */
static cJSON *add_entry(struct page *p, const struct segment_row *row, size_t i, size_t n)
{
    cJSON *o = json_object(p->j, p->list, NULL);
    char   cursor[CURSOR];

    p->at = (struct cursor){ row->number, i + 1 < n ? i + 1 : 0 };
    p->n++;
    cursor_write(p->at.row, p->at.n, cursor);
    json_text(p->j, o, "cursor", cursor);
    return o;
}

static void add_place(struct json *j, cJSON *o, const struct segment_row *row, enum entry_type type,
                      uint64_t epoch, uint32_t gen, uint64_t seq, uint64_t id)
{
    json_text(j, o, "type", type_names[type]);
    json_hex(j, o, "device", PAWL_VIEW_OF(row->device));
    json_u64(j, o, "epoch", epoch);
    json_u64(j, o, "gen", gen);
    json_u64(j, o, "seq", seq);
    json_id(j, o, "id", id);
    json_i64(j, o, "time", row->time_ms / 1000);
}

static void add_message(struct page *p, const struct segment_row *row,
                        const struct inbox_segment *s, size_t i)
{
    const struct inbox_head *h = &s->message[i].head;
    cJSON                   *o = add_entry(p, row, i, s->n);

    add_place(p->j, o, row, MESSAGE, h->epoch, h->gen, h->seq, h->id);
    json_text(p->j, o, "status", s->status);
    json_text(p->j, o, "mark", mark_name(h->mark));
    json_hex(p->j, o, "leaf", PAWL_VIEW_OF(h->leaf));
    json_body(p->j, o, s->message[i].body);
    p->bytes += s->message[i].body.n;
}

/* incident: its epoch; 0: it was forged when it came, and nobody said more. */
static void add_mark(struct page *p, const struct segment_row *row, size_t i, size_t n,
                     const struct inbox_mark *m)
{
    cJSON *o = add_entry(p, row, i, n);
    char   of[CURSOR], incident[ID_TEXT] = "";

    add_place(p->j, o, row, MARK, m->epoch, m->gen, m->seq, m->id);
    cursor_write(m->segment, m->index, of);
    json_text(p->j, o, "of", of);
    json_text(p->j, o, "mark", mark_name(m->mark));
    if (!m->incident) {
        json_null(p->j, o, "incident");
        return;
    }
    struct pawl_err ignored;
    p->j->lost |= !pawl_is_ok(
        pawl_hex_write(PAWL_VIEW_OF(row->device), incident, sizeof(incident), &ignored));
    snprintf(incident + 2 * PAWL_DEVICE_ID, sizeof(incident) - 2 * PAWL_DEVICE_ID, ".%" PRIu64,
             m->incident);
    json_text(p->j, o, "incident", incident);
}

/* ---- one row -------------------------------------------------------------------------------- */

static void add_forged(struct page *p, const struct segment_row *row, size_t i, size_t n,
                       const struct inbox_head *h)
{
    const struct inbox_mark m = { .segment = row->number,
                                  .index = i + 1 < n ? (uint32_t)i + 1 : 0,
                                  .epoch = h->epoch,
                                  .gen = h->gen,
                                  .seq = h->seq,
                                  .id = h->id,
                                  .mark = h->mark };

    add_mark(p, row, i, n, &m);
}

static void add_messages(struct page *p, const struct segment_row *row,
                         const struct inbox_segment *s, size_t first)
{
    for (size_t i = first; i < s->n && !is_full(p); i++) {
        const struct inbox_head *h = &s->message[i].head;

        if (!(h->flags & (INBOX_COPY | INBOX_HELD)) && wants(p, MESSAGE))
            add_message(p, row, s, i);
        else if (h->flags & INBOX_HELD && h->mark == MARK_FORGED && wants(p, MARK))
            add_forged(p, row, i, s->n, h);
    }
}

static pawl_status take_messages(struct page *p, const struct segment_row *row, size_t first,
                                 struct pawl_err *err)
{
    PAWL_CLEANUP(inbox_segment_done) struct inbox_segment s = { 0 };

    if (p->type == MARK) {
        PAWL_TRY(inbox_heads(row, &s, err));
    } else if (wants(p, MESSAGE)) {
        if (!pawl_is_ok(inbox_open(p->f->keys, tenant_view(p->tenant), row, &s, err)))
            return pawl_fail(err, PAWL_E_CRYPTO, "inbox",
                             "segment %" PRIu64 " does not open: another master key wrote it",
                             row->number);
    }
    add_messages(p, row, &s, first);
    return pawl_ok();
}

static pawl_status take_marks(struct page *p, const struct segment_row *row, size_t first,
                              struct pawl_err *err)
{
    size_t n = 0;

    if (!wants(p, MARK))
        return pawl_ok();
    struct inbox_mark *mark = calloc(INBOX_MARKS_MAX, sizeof(*mark));
    if (!mark)
        return pawl_fail(err, PAWL_E_MEMORY, "inbox", "out of memory");
    pawl_status s = inbox_marks_read(row, mark, INBOX_MARKS_MAX, &n, err);
    for (size_t i = first; i < n && !is_full(p); i++)
        add_mark(p, row, i, n, &mark[i]);
    free(mark);
    return s;
}

static bool is_type(struct pawl_view notice, enum entry_type type)
{
    cJSON      *j = cJSON_ParseWithLength((const char *)notice.p, notice.n);
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, "type"));
    bool        is = name && strcmp(name, type_names[type]) == 0;

    cJSON_Delete(j);
    return is;
}

static pawl_status take_notice(struct page *p, const struct segment_row *row, struct pawl_err *err)
{
    const struct pawl_view text = pawl_view(row->heads.p, row->heads.n);

    if (p->type != ALL && !is_type(text, p->type))
        return pawl_ok();
    return json_members(p->j, add_entry(p, row, 0, 1), text, err);
}

static pawl_status take_entries(struct page *p, const struct segment_row *row, size_t first,
                                struct pawl_err *err)
{
    switch (row->kind) {
    case SEGMENT_MESSAGES:
        return take_messages(p, row, first, err);
    case SEGMENT_MARKS:
        return take_marks(p, row, first, err);
    case SEGMENT_NOTICE:
    default:
        return take_notice(p, row, err);
    }
}

/* FULL ends the list of the store. */
static pawl_status take_row(const struct segment_row *row, void *arg, struct pawl_err *err)
{
    struct page *p = arg;

    p->rows++;
    PAWL_TRY(take_entries(p, row, row->number == p->at.row ? p->at.n : 0, err));
    if (is_full(p))
        return pawl_fail(err, PAWL_E_FULL, "messages", "the page is full");
    p->at = (struct cursor){ .row = row->number };
    return pawl_ok();
}

/* ---- the page ------------------------------------------------------------------------------- */

/* *ret_more: it found nothing as far as it looked, and there is more. */
static pawl_status read_page(struct page *p, struct pawl_view device, bool *ret_more,
                             struct pawl_err *err)
{
    const struct store *store = p->f->store;
    uint64_t            looked_at = 0;

    do {
        /* A row that was read in part comes again. */
        uint64_t after = p->at.n ? p->at.row - 1 : p->at.row;

        p->rows = 0;
        pawl_status s = store->segments(store->self, tenant_view(p->tenant), device, after, BATCH,
                                        take_row, p, err);
        if (s.code != PAWL_E_FULL)
            PAWL_TRY(s);
        looked_at += p->rows;
        *ret_more = !p->n && p->rows == BATCH;
    } while (!is_full(p) && p->rows == BATCH && looked_at < SEARCH_ROWS);
    return pawl_ok();
}

static pawl_status type_parse(const char *name, enum entry_type *ret, struct pawl_err *err)
{
    for (unsigned i = ALL; i < TYPES; i++)
        if (strcmp(name, type_names[i]) == 0) {
            *ret = (enum entry_type)i;
            return pawl_ok();
        }
    return pawl_fail(err, PAWL_E_FORM, "type",
                     "is message, mark, incident, overdue, rekey-overdue or revoked");
}

/* The page behind q->after; p->j and p->list are set. */
static pawl_status fill(struct page *p, const struct message_query *q, bool *ret_more,
                        struct pawl_err *err)
{
    struct device d;

    p->limit = q->limit ? q->limit : PAGE;
    p->bytes_max = q->bytes ? q->bytes : PAGE_BYTES;
    if (p->limit > OPERATOR_MESSAGES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "limit", "at most %d", OPERATOR_MESSAGES_MAX);
    PAWL_TRY(type_parse(q->type, &p->type, err));
    PAWL_TRY(cursor_parse(q->after, &p->at, err));
    if (q->device[0])
        PAWL_TRY(operator_find_device(p->f, p->tenant, q->device, &d, err));
    return read_page(p, q->device[0] ? PAWL_VIEW_OF(d.id) : pawl_view(NULL, 0), ret_more, err);
}

pawl_status operator_messages(struct flow *f, const struct tenant_config *tenant,
                              const struct message_query *q, char **ret, bool *ret_any,
                              struct pawl_err *err)
{
    JSON        j = json_begin();
    struct page p = {
        .f = f, .tenant = tenant, .j = &j, .list = json_array(&j, j.root, "messages")
    };
    char next[CURSOR];
    bool more = false;

    PAWL_TRY(fill(&p, q, &more, err));
    cursor_write(p.at.row, p.at.n, next);
    json_text(&j, j.root, "next", next);
    if (more)
        json_bool(&j, j.root, "more", true);
    *ret_any = p.n > 0 || more;
    return json_end(&j, ret, err);
}

/* ---- the page as events ---------------------------------------------------------------------- */

static const char *text_of(const cJSON *o, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

    return text ? text : "";
}

/* An entry has its cursor and its type in itself too, as in a page. No text of JSON has a line end
 * in it. */
static pawl_status write_event(FILE *to, const cJSON *o, struct pawl_err *err)
{
    char *data = cJSON_PrintUnformatted(o);

    if (!data)
        return pawl_fail(err, PAWL_E_MEMORY, "stream", "out of memory");
    fprintf(to, "id: %s\nevent: %s\ndata: %s\n\n", text_of(o, "cursor"), text_of(o, "type"), data);
    cJSON_free(data);
    return pawl_ok();
}

static pawl_status write_events(const cJSON *list, char **ret, struct pawl_err *err)
{
    pawl_status  s = pawl_ok();
    size_t       n;
    const cJSON *o;
    FILE        *to = open_memstream(ret, &n);

    if (!to)
        return pawl_fail(err, PAWL_E_MEMORY, "stream", "out of memory");
    cJSON_ArrayForEach(o, list)
    {
        if (pawl_is_ok(s))
            s = write_event(to, o, err);
    }
    if (fclose(to) != 0 && pawl_is_ok(s))
        s = pawl_fail(err, PAWL_E_MEMORY, "stream", "out of memory");
    if (pawl_is_ok(s))
        return s;
    free(*ret);
    *ret = NULL;
    return s;
}

pawl_status operator_events(struct flow *f, const struct tenant_config *tenant,
                            struct message_query *q, char **ret, bool *ret_more,
                            struct pawl_err *err)
{
    JSON        j = json_begin();
    struct page p = {
        .f = f, .tenant = tenant, .j = &j, .list = json_array(&j, j.root, "messages")
    };
    bool more = false;

    PAWL_TRY(fill(&p, q, &more, err));
    if (j.lost)
        return pawl_fail(err, PAWL_E_MEMORY, "stream", "out of memory");
    PAWL_TRY(write_events(p.list, ret, err));
    cursor_write(p.at.row, p.at.n, q->after);
    *ret_more = more || is_full(&p);
    return pawl_ok();
}
