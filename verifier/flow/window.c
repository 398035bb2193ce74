/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the feed as one list of messages with the newest mark of each. */

#include "flow/window.h"

#include <stdlib.h>

void window_done(struct window *w)
{
    free(w->entry);
    *w = (struct window){ 0 };
}

/* ---- reading -------------------------------------------------------------------------------- */

static pawl_status grow(struct window *w, size_t n, struct pawl_err *err)
{
    if (n <= w->cap - w->n)
        return pawl_ok();
    size_t               cap = 2 * w->cap + n;
    struct window_entry *entry = realloc(w->entry, cap * sizeof(*entry));

    if (!entry)
        return pawl_fail(err, PAWL_E_MEMORY, "window", "out of memory");
    w->entry = entry;
    w->cap = cap;
    return pawl_ok();
}

static pawl_status add_messages(struct window *w, const struct segment_row *row,
                                struct pawl_err *err)
{
    struct inbox_segment s;

    PAWL_TRY(inbox_heads(row, &s, err));
    PAWL_TRY(grow(w, s.n, err));
    for (size_t i = 0; i < s.n; i++)
        w->entry[w->n++] = (struct window_entry){ .segment = row->number,
                                                  .at = (uint32_t)i,
                                                  .index = i + 1 < s.n ? (uint32_t)i + 1 : 0,
                                                  .head = s.message[i].head };
    return pawl_ok();
}

/* Segments by number, and in one the last message, whose index is 0, behind the others. */
static int by_place(const void *a, const void *b)
{
    const struct window_entry *x = a, *y = b;
    uint32_t                   i = x->index - 1, k = y->index - 1;

    if (x->segment != y->segment)
        return x->segment < y->segment ? -1 : 1;
    return (i > k) - (i < k);
}

/* The store lists by time, which goes with the numbers of one device's rows. A mark of what came
 * before the window is of no use here. */
static pawl_status heed_marks(struct window *w, const struct segment_row *row, struct pawl_err *err)
{
    struct inbox_mark *mark = calloc(INBOX_MARKS_MAX, sizeof(*mark));
    size_t             n = 0;

    if (!mark)
        return pawl_fail(err, PAWL_E_MEMORY, "window", "out of memory");
    pawl_status s = inbox_marks_read(row, mark, INBOX_MARKS_MAX, &n, err);
    for (size_t i = 0; i < n && w->n; i++) {
        const struct window_entry key = { .segment = mark[i].segment, .index = mark[i].index };
        struct window_entry      *e = bsearch(&key, w->entry, w->n, sizeof(key), by_place);
        if (e)
            e->head.mark = mark[i].mark;
    }
    free(mark);
    return s;
}

static pawl_status add_row(const struct segment_row *row, void *arg, struct pawl_err *err)
{
    switch (row->kind) {
    case SEGMENT_MESSAGES:
        return add_messages(arg, row, err);
    case SEGMENT_MARKS:
        return heed_marks(arg, row, err);
    case SEGMENT_NOTICE:
    default:
        return pawl_ok();
    }
}

pawl_status window_read(const struct held *h, int64_t since_ms, struct window *ret,
                        struct pawl_err *err)
{
    PAWL_CLEANUP(window_done) struct window w = { 0 };
    const struct store                     *store = h->flow->store;

    PAWL_TRY(store->segment_heads(store->self, pawl_view_str(h->tenant), PAWL_VIEW_OF(h->device_id),
                                  since_ms, add_row, &w, err));
    *ret = w;
    w = (struct window){ 0 };
    return pawl_ok();
}

/* ---- by id ---------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const struct window_entry *x = *(struct window_entry *const *)a;
    const struct window_entry *y = *(struct window_entry *const *)b;

    if (x->head.id != y->head.id)
        return x->head.id < y->head.id ? -1 : 1;
    return (x > y) - (x < y);
}

pawl_status window_by_id(struct window *w, window_group_fn *each, void *arg, struct pawl_err *err)
{
    if (!w->n)
        return pawl_ok();
    struct window_entry **all = calloc(w->n, sizeof(*all));
    if (!all)
        return pawl_fail(err, PAWL_E_MEMORY, "window", "out of memory");
    for (size_t i = 0; i < w->n; i++)
        all[i] = &w->entry[i];
    qsort(all, w->n, sizeof(*all), by_id);
    pawl_status s = pawl_ok();
    for (size_t from = 0, to; pawl_is_ok(s) && from < w->n; from = to) {
        for (to = from + 1; to < w->n && all[to]->head.id == all[from]->head.id;)
            to++;
        s = each(all + from, to - from, arg, err);
    }
    free(all);
    return s;
}
