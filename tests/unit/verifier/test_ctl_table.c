/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables fit whatever terminal there is: nothing is cut before it must, the least important first,
 * and the first column is there to the end. Server-sent events come whole out of pieces of any
 * size.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/sse.h"
#include "ctl/table.h"
#include "t.h"

static const struct column columns[] = {
    { "DEVICE", "id", 16, 8, 0 },
    { "STATE", "state", 8, 5, 1 },
    { "SEEN", "seen", 20, 10, 2 },
    { "NOTE", "note", 0, 4, 3 },
};

enum { COLUMNS_N = 4 };

static int width_of(const int *widths)
{
    int all = 0;

    for (size_t i = 0; i < COLUMNS_N; i++)
        all += widths[i] ? widths[i] + (all ? TABLE_GAP : 0) : 0;
    return all;
}

static void a_table_is_as_wide_as_what_is_in_it(void **state)
{
    (void)state;
    const int wanted[COLUMNS_N] = { 64, 6, 20, 7 }, empty[COLUMNS_N] = { 0 };
    int       ret[COLUMNS_N];

    table_fit(columns, COLUMNS_N, wanted, 200, ret);
    const int want[COLUMNS_N] = { 16, 6, 20, 7 };
    assert_memory_equal(ret, want, sizeof(want));
    table_fit(columns, COLUMNS_N, empty, 200, ret);
    const int titles[COLUMNS_N] = { 6, 5, 4, 4 };
    assert_memory_equal(ret, titles, sizeof(titles));
}

static void the_least_important_gives_way_first(void **state)
{
    (void)state;
    const int wanted[COLUMNS_N] = { 16, 8, 20, 30 };
    int       ret[COLUMNS_N];
    const struct {
        int room, want[COLUMNS_N];
    } rows[] = {
        { 80, { 16, 8, 20, 30 } }, { 79, { 16, 8, 20, 29 } }, { 54, { 16, 8, 20, 4 } },
        { 53, { 16, 8, 19, 4 } },  { 44, { 16, 8, 10, 4 } },  { 42, { 16, 6, 10, 4 } },
        { 40, { 15, 5, 10, 4 } },  { 33, { 8, 5, 10, 4 } },   { 32, { 8, 5, 10, 0 } },
        { 26, { 8, 5, 0, 0 } },    { 14, { 8, 0, 0, 0 } },    { 1, { 8, 0, 0, 0 } },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        table_fit(columns, COLUMNS_N, wanted, rows[i].room, ret);
        assert_memory_equal(ret, rows[i].want, sizeof(ret));
    }
}

static void no_row_is_wider_than_the_terminal(void **state)
{
    (void)state;
    int ret[COLUMNS_N];

    for (int room = 8; room < 120; room++)
        for (int n = 0; n < 60; n += 7) {
            const int wanted[COLUMNS_N] = { n, n / 2, n, 3 * n };
            table_fit(columns, COLUMNS_N, wanted, room, ret);
            assert_true(width_of(ret) <= room);
            assert_true(ret[0] > 0);
        }
}

/* ---- events --------------------------------------------------------------------------------- */

static pawl_status note(const char *id, const char *data, void *arg, struct pawl_err *err)
{
    char *to = arg;

    (void)err;
    snprintf(to + strlen(to), 128 - strlen(to), "[%s %s]", id, data);
    return pawl_ok();
}

static void events_come_whole_out_of_pieces(void **state)
{
    (void)state;
    static const char text[] = ":\n\nid: 1.1\nevent: message\ndata: {\"a\":1}\n\nid:2\n\n"
                               ": alive\n\ndata:x\nid:3\nretry: 5\n\nid: 4\ndata: half";
    struct pawl_err   err;

    for (size_t n = 1; n <= sizeof(text); n++) {
        struct sse s = { 0 };
        char       said[128] = "";
        for (size_t at = 0; at < sizeof(text) - 1; at += n) {
            size_t left = sizeof(text) - 1 - at;
            T_OK(sse_take(&s, pawl_view(text + at, left < n ? left : n), note, said, &err), &err);
        }
        assert_string_equal(said, "[1.1 {\"a\":1}][3 x]");
        sse_done(&s);
    }
}

static void an_event_without_end_is_refused(void **state)
{
    (void)state;
    static char     much[64 * 1024];
    struct sse      s = { 0 };
    struct pawl_err err;
    char            said[128] = "";
    pawl_status     st = pawl_ok();

    memset(much, 'x', sizeof(much));
    for (unsigned i = 0; i < 64 && pawl_is_ok(st); i++)
        st = sse_take(&s, pawl_view(much, sizeof(much)), note, said, &err);
    T_FAILS(st, &err, PAWL_E_RANGE);
    T_WHERE(&err, "stream");
    sse_done(&s);
    static const char id[] = "id: 123456789012345678901234567890123456789012345678\ndata: x\n\n";
    T_FAILS(sse_take(&s, pawl_view_str(id), note, said, &err), &err, PAWL_E_RANGE);
    assert_string_equal(said, "");
    sse_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("a table is as wide as what is in it", a_table_is_as_wide_as_what_is_in_it),
        T_CASE("the least important gives way first", the_least_important_gives_way_first),
        T_CASE("no row is wider than the terminal", no_row_is_wider_than_the_terminal),
        T_CASE("events come whole out of pieces", events_come_whole_out_of_pieces),
        T_CASE("an event without end is refused", an_event_without_end_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
