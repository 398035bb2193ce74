/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: entries of the feed are read as they were written; heads are readable without a key and
 * bound to the bodies (P-VMSG-13); and a row that was changed, of another device or of another
 * tenant is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "flow/inbox.h"
#include "flow_fixture.h"

static const uint8_t device[PAWL_DEVICE_ID] = { 0xd1 };

static struct inbox_message message_of(uint64_t n, const char *text)
{
    return (struct inbox_message){ .head = { .epoch = n,
                                             .gen = (uint32_t)n,
                                             .seq = n + 1,
                                             .id = UINT64_MAX - n,
                                             .leaf = { (uint8_t)n },
                                             .mark = MARK_UNATTESTED,
                                             .flags = INBOX_COPY | INBOX_HELD },
                                   .body = pawl_view_str(text) };
}

static void seal(struct world *w, const struct inbox_message *m, size_t n, struct segment_row *ret)
{
    *ret = (struct segment_row){ 0 };
    memcpy(ret->device, device, sizeof(device));
    T_OK(inbox_seal(&w->keys, pawl_view_str("acme"), device, "affirming", m, n, ret, &w->err),
         &w->err);
}

static void messages_come_back_as_they_were(void **state)
{
    (void)state;
    WORLD                      w;
    const struct inbox_message m[] = { message_of(UINT32_MAX, "one"), message_of(0, ""),
                                       message_of(7, "three") };
    PAWL_CLEANUP(segment_row_done) struct segment_row     row;
    PAWL_CLEANUP(inbox_segment_done) struct inbox_segment s = { 0 }, heads = { 0 };

    world_make(&w);
    seal(&w, m, 3, &row);
    assert_int_equal(row.n, 3);
    assert_true(row.id_lo == UINT64_MAX - UINT32_MAX && row.id_hi == UINT64_MAX);
    T_OK(inbox_open(&w.keys, pawl_view_str("acme"), &row, &s, &w.err), &w.err);
    T_OK(inbox_heads(&row, &heads, &w.err), &w.err);
    assert_int_equal(s.n, 3);
    assert_int_equal(heads.n, 3);
    assert_string_equal(s.status, "affirming");
    for (size_t i = 0; i < 3; i++) {
        assert_memory_equal(&s.message[i].head, &m[i].head, sizeof(m[i].head));
        assert_memory_equal(&heads.message[i].head, &m[i].head, sizeof(m[i].head));
        assert_true(pawl_view_equal(s.message[i].body, m[i].body));
        assert_int_equal(heads.message[i].body.n, 0);
    }
}

static void the_longest_heads_fit(void **state)
{
    (void)state;
    WORLD                                             w;
    struct inbox_message                              m[PAWL_MESSAGES_N_MAX];
    struct inbox_mark                                 mark[INBOX_MARKS_MAX], back[INBOX_MARKS_MAX];
    PAWL_CLEANUP(segment_row_done) struct segment_row row, marks = { 0 };
    PAWL_CLEANUP(inbox_segment_done) struct inbox_segment s = { 0 };
    size_t                                                n = 0;

    world_make(&w);
    memset(m, 0xff, sizeof(m));
    for (size_t i = 0; i < PAWL_MESSAGES_N_MAX; i++) {
        m[i].head.mark = MARK_UNATTESTED;
        m[i].head.flags = INBOX_COPY | INBOX_HELD;
        m[i].body = pawl_view(NULL, 0);
    }
    seal(&w, m, PAWL_MESSAGES_N_MAX, &row);
    T_OK(inbox_open(&w.keys, pawl_view_str("acme"), &row, &s, &w.err), &w.err);
    assert_int_equal(s.n, PAWL_MESSAGES_N_MAX);
    for (size_t i = 0; i < INBOX_MARKS_MAX; i++)
        mark[i] = (struct inbox_mark){ INT64_MAX,  PAWL_MESSAGES_N_MAX, UINT64_MAX,  UINT32_MAX,
                                       UINT64_MAX, UINT64_MAX,          MARK_FORGED, UINT64_MAX };
    T_OK(inbox_marks_write(mark, INBOX_MARKS_MAX, &marks.heads, &w.err), &w.err);
    T_OK(inbox_marks_read(&marks, back, INBOX_MARKS_MAX, &n, &w.err), &w.err);
    assert_int_equal(n, INBOX_MARKS_MAX);
    for (size_t i = 0; i < n; i++) {
        assert_true(back[i].segment == INT64_MAX && back[i].incident == UINT64_MAX);
        assert_int_equal(back[i].mark, MARK_FORGED);
    }
    T_FAILS(inbox_marks_read(&marks, back, INBOX_MARKS_MAX - 1, &n, &w.err), &w.err, PAWL_E_RANGE);
}

static void what_was_changed_does_not_open(void **state)
{
    (void)state;
    WORLD                                                 w;
    const struct inbox_message                            m[] = { message_of(1, "one") };
    PAWL_CLEANUP(segment_row_done) struct segment_row     row;
    PAWL_CLEANUP(inbox_segment_done) struct inbox_segment s = { 0 };

    world_make(&w);
    seal(&w, m, 1, &row);
    for (size_t i = 0; i < row.heads.n; i++) {
        row.heads.p[i] ^= 1;
        assert_false(pawl_is_ok(inbox_open(&w.keys, pawl_view_str("acme"), &row, &s, &w.err)));
        row.heads.p[i] ^= 1;
    }
    for (size_t i = 0; i < row.bytes.n; i++) {
        row.bytes.p[i] ^= 1;
        T_FAILS(inbox_open(&w.keys, pawl_view_str("acme"), &row, &s, &w.err), &w.err,
                PAWL_E_FORGED);
        row.bytes.p[i] ^= 1;
    }
    T_FAILS(inbox_open(&w.keys, pawl_view_str("other"), &row, &s, &w.err), &w.err, PAWL_E_FORGED);
    row.device[0] ^= 1;
    T_FAILS(inbox_open(&w.keys, pawl_view_str("acme"), &row, &s, &w.err), &w.err, PAWL_E_FORGED);
}

/* The mark of another row, the same device. */
static void heads_do_not_change_places(void **state)
{
    (void)state;
    WORLD                                                 w;
    struct inbox_message                                  one = message_of(1, "one"), two = one;
    PAWL_CLEANUP(segment_row_done) struct segment_row     row, forged;
    PAWL_CLEANUP(inbox_segment_done) struct inbox_segment s = { 0 };

    world_make(&w);
    two.head.mark = MARK_GENUINE;
    seal(&w, &one, 1, &row);
    seal(&w, &two, 1, &forged);
    struct blob heads = row.heads;
    row.heads = forged.heads;
    forged.heads = heads;
    T_FAILS(inbox_open(&w.keys, pawl_view_str("acme"), &row, &s, &w.err), &w.err, PAWL_E_FORGED);
    T_WHERE(&w.err, "inbox");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("messages come back as they were", messages_come_back_as_they_were),
        T_CASE("the longest heads fit", the_longest_heads_fit),
        T_CASE("P-VMSG-13 what was changed does not open", what_was_changed_does_not_open),
        T_CASE("P-VMSG-13 heads do not change places", heads_do_not_change_places),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
