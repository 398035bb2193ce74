/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/table.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/show.h"

int table_room(void)
{
    struct winsize w;

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0)
        return 0;
    return w.ws_col ? w.ws_col : 80;
}

/* ---- widths --------------------------------------------------------------------------------- */

static int title_width(const struct column *c)
{
    return (int)strlen(c->title);
}

static int least_width(const struct column *c)
{
    return c->least ? c->least : title_width(c);
}

static int row_width(const int *widths, size_t n)
{
    int all = 0;

    for (size_t i = 0; i < n; i++)
        if (widths[i])
            all += widths[i] + (all ? TABLE_GAP : 0);
    return all;
}

/* The least important column that can still give way: cut (by more than nothing), or left out. */
static size_t next_to_give(const struct column *columns, size_t n, const int *widths, bool out)
{
    size_t found = n;

    for (size_t i = 0; i < n; i++) {
        bool can = out ? widths[i] && columns[i].rank : widths[i] > least_width(&columns[i]);
        if (can && (found == n || columns[i].rank > columns[found].rank))
            found = i;
    }
    return found;
}

/* One in which no row has more than "-". */
static size_t least_important_empty(const struct column *columns, size_t n, const int *wanted,
                                    const int *widths)
{
    size_t found = n;

    for (size_t i = 0; i < n; i++)
        if (widths[i] && wanted[i] <= 1 && columns[i].rank &&
            (found == n || columns[i].rank > columns[found].rank))
            found = i;
    return found;
}

void table_fit(const struct column *columns, size_t n, const int *wanted, int room, int *ret)
{
    size_t at;

    for (size_t i = 0; i < n; i++) {
        int most = columns[i].width ? columns[i].width : INT_MAX / TABLE_COLUMNS_MAX / 2;
        ret[i] = wanted[i] < most ? wanted[i] : most;
        if (ret[i] < title_width(&columns[i]))
            ret[i] = title_width(&columns[i]);
    }
    while (row_width(ret, n) > room && (at = least_important_empty(columns, n, wanted, ret)) < n)
        ret[at] = 0;
    for (int over; (over = row_width(ret, n) - room) > 0;) {
        size_t i = next_to_give(columns, n, ret, false);
        if (i == n)
            break;
        int least = least_width(&columns[i]);
        ret[i] = ret[i] - over > least ? ret[i] - over : least;
    }
    while (row_width(ret, n) > room) {
        size_t i = next_to_give(columns, n, ret, true);
        if (i == n)
            return;
        ret[i] = 0;
    }
}

/* ---- rows ----------------------------------------------------------------------------------- */

enum { CELL_MAX = 1280 }; /* labels of a device */

/* A value, or a list of values with commas. */
static const char *cell(const cJSON *row, const char *member, char buffer[CELL_MAX])
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(row, member), *m;
    const char  *text = show_value(member, v, buffer);
    size_t       n = 0;

    if (!cJSON_IsArray(v) || !v->child)
        return *text ? text : "-";
    cJSON_ArrayForEach(m, v)
    {
        char one[SHOW_TEXT_MAX];
        n += (size_t)snprintf(buffer + n, CELL_MAX - n, "%s%s", n ? "," : "",
                              show_value("", m, one));
        if (n >= CELL_MAX)
            break;
    }
    return buffer;
}

static int widest(const cJSON *rows, const char *member)
{
    const cJSON *row;
    char         buffer[CELL_MAX];
    size_t       most = 0;

    cJSON_ArrayForEach(row, rows)
    {
        size_t n = strlen(cell(row, member, buffer));
        most = n > most ? n : most;
    }
    return most < INT_MAX / TABLE_COLUMNS_MAX / 2 ? (int)most : INT_MAX / TABLE_COLUMNS_MAX / 2;
}

/* row NULL: the titles. Behind the last column there are no spaces. */
static void show_row(const cJSON *row, const struct column *columns, size_t n, const int *widths)
{
    size_t last = n;
    char   buffer[CELL_MAX];

    while (last > 0 && !widths[last - 1])
        last--;
    for (size_t i = 0; i < last; i++) {
        if (!widths[i])
            continue;
        show_text(row ? cell(row, columns[i].member, buffer) : columns[i].title,
                  i + 1 < last ? widths[i] : 0, widths[i]);
        show_text("", i + 1 < last ? TABLE_GAP : 0, 0);
    }
    putchar('\n');
}

void table_show(const cJSON *answer, const char *list, const struct column *columns, size_t n)
{
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(answer, list), *row;
    int          room = table_room(), wanted[TABLE_COLUMNS_MAX], widths[TABLE_COLUMNS_MAX];

    for (size_t i = 0; i < n; i++)
        wanted[i] = widest(rows, columns[i].member);
    table_fit(columns, n, wanted, room ? room : TABLE_ROOM, widths);
    show_row(NULL, columns, n, widths);
    cJSON_ArrayForEach(row, rows) show_row(row, columns, n, widths);
}
