/* SPDX-License-Identifier: Apache-2.0 */
#include "hook/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/* "N.I" is behind I entries of row N, "N" behind all of it. */
static void cursor_read(const char *text, uint64_t *ret_row, uint64_t *ret_n)
{
    char *end;

    *ret_row = strtoull(text, &end, 10);
    *ret_n = *end == '.' ? strtoull(end + 1, NULL, 10) : UINT64_MAX;
}

int cursor_compare(const char *a, const char *b)
{
    uint64_t a_row, a_n, b_row, b_n;

    cursor_read(a, &a_row, &a_n);
    cursor_read(b, &b_row, &b_n);
    if (a_row != b_row)
        return a_row < b_row ? -1 : 1;
    return a_n < b_n ? -1 : a_n > b_n;
}

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

static bool read_cursor(const cJSON *o, const char *name, char ret[FEED_CURSOR_MAX])
{
    const char *text = cJSON_GetStringValue(member(o, name));

    return text && (size_t)snprintf(ret, FEED_CURSOR_MAX, "%s", text) < FEED_CURSOR_MAX;
}

static bool read_device(const cJSON *entry, uint8_t ret[PAWL_DEVICE_ID])
{
    const char     *text = cJSON_GetStringValue(member(entry, "device"));
    struct pawl_err ignored;

    return text && pawl_is_ok(pawl_hex_parse_exact(text, "device", ret, PAWL_DEVICE_ID, &ignored));
}

static bool goes_now(const cJSON *entry, const struct page_filter *f)
{
    char    cursor[FEED_CURSOR_MAX];
    uint8_t device[PAWL_DEVICE_ID];

    if (f->until && read_cursor(entry, "cursor", cursor) && cursor_compare(cursor, f->until) > 0)
        return false;
    return !f->waits || !read_device(entry, device) || !f->waits(device, f->arg);
}

/* *ret_cut: an entry left. */
static void drop_what_waits(cJSON *list, const struct page_filter *f, bool *ret_cut)
{
    cJSON *next;

    for (cJSON *o = list ? list->child : NULL; o; o = next) {
        next = o->next;
        if (goes_now(o, f))
            continue;
        cJSON_Delete(cJSON_DetachItemViaPointer(list, o));
        *ret_cut = true;
    }
}

static void look_at_first(const cJSON *first, struct page *p)
{
    if (!read_cursor(first, "cursor", p->first))
        p->first[0] = 0;
    if (cJSON_IsNumber(member(first, "time")))
        p->first_s = (int64_t)cJSON_GetNumberValue(member(first, "time"));
    p->has_device = read_device(first, p->device);
}

static pawl_status print(cJSON *j, struct page *p, struct pawl_err *err)
{
    char *text = cJSON_PrintUnformatted(j);

    if (!text)
        return pawl_fail(err, PAWL_E_MEMORY, "webhook", "out of memory");
    free(p->text);
    p->text = text;
    return pawl_ok();
}

/* Where it ends before `next`, that is where it goes on. */
static pawl_status set_next(cJSON *j, const char *until, struct page *p, struct pawl_err *err)
{
    snprintf(p->next, sizeof(p->next), "%s", until);
    if (!cJSON_ReplaceItemInObjectCaseSensitive(j, "next", cJSON_CreateString(until)))
        return pawl_fail(err, PAWL_E_MEMORY, "webhook", "out of memory");
    return pawl_ok();
}

static pawl_status filter_page(cJSON *j, const struct page_filter *f, struct page *p,
                               struct pawl_err *err)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(j, "messages");
    bool   cut = false;

    if (!cJSON_IsArray(list) || !read_cursor(j, "next", p->next))
        return pawl_fail(err, PAWL_E_BUG, "messages.next", "is no cursor");
    p->listed = (size_t)cJSON_GetArraySize(list);
    drop_what_waits(list, f, &cut);
    p->n = (size_t)cJSON_GetArraySize(list);
    if (p->n)
        look_at_first(list->child, p);
    if (f->until && cursor_compare(p->next, f->until) > 0) {
        cut = true;
        PAWL_TRY(set_next(j, f->until, p, err));
    }
    return cut && p->n ? print(j, p, err) : pawl_ok();
}

pawl_status page_open(char *text, const struct page_filter *filter, struct page *ret,
                      struct pawl_err *err)
{
    struct page p = { .text = text };
    cJSON      *j = cJSON_Parse(text);
    pawl_status s = filter_page(j, filter, &p, err);

    cJSON_Delete(j);
    if (!pawl_is_ok(s)) {
        page_done(&p);
        return s;
    }
    *ret = p;
    return s;
}

void page_done(struct page *p)
{
    free(p->text);
    *p = (struct page){ 0 };
}
