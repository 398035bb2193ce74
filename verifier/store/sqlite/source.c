/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the file, as PostgreSQL's COPY takes it. One write transaction is open meanwhile, so
 * all of it is of one moment, and nobody adds to what is about to lose its name. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/move.h"
#include "store/sqlite/sqlite.h"

struct move_source {
    struct sqlite_connection c;
    char                     file[PATH_MAX], moved[PATH_MAX + 16];
    uint8_t                 *row;
    size_t                   cap;
};

void move_source_free(struct move_source **s)
{
    if (!*s)
        return;
    connection_close(&(*s)->c);
    free((*s)->row);
    free(*s);
    *s = NULL;
}

pawl_status moved_check(const char *file, struct pawl_err *err)
{
    char moved[PATH_MAX + 16];

    snprintf(moved, sizeof(moved), "%s.migrated", file);
    if (access(file, F_OK) != 0 && access(moved, F_OK) == 0)
        return pawl_fail(err, PAWL_E_CONFLICT, "store.open",
                         STORE_FILE " moved to PostgreSQL: verifier.ini needs store = postgres");
    return pawl_ok();
}

/* What an older copy means is noted in the file before it is read (history.c). */
static pawl_status bring_up_to_date(struct move_source *s, struct pawl_err *err)
{
    PAWL_CLEANUP(history_close) struct history h = { .file = -1 };

    PAWL_TRY(schema_migrate(&s->c, err));
    return history_open(s->file, &s->c, &h, err);
}

pawl_status move_source_open(const char *path, struct move_source **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(move_source_free) struct move_source *s = calloc(1, sizeof(*s));

    if (!s)
        return pawl_fail(err, PAWL_E_MEMORY, "store.open", "out of memory");
    if (snprintf(s->file, sizeof(s->file), "%s/" STORE_FILE, path) >= (int)sizeof(s->file))
        return pawl_fail(err, PAWL_E_RANGE, "store.open", "the path is too long");
    snprintf(s->moved, sizeof(s->moved), "%s.migrated", s->file);
    PAWL_TRY(moved_check(s->file, err));
    if (access(s->moved, F_OK) == 0)
        return pawl_fail(err, PAWL_E_CONFLICT, "store.open", MOVED_FILE " is in the way");
    PAWL_TRY(connection_open(s->file, &s->c, err));
    PAWL_TRY(bring_up_to_date(s, err));
    PAWL_TRY(connection_exec(&s->c, "BEGIN IMMEDIATE", "open", err));
    *ret = s;
    s = NULL;
    return pawl_ok();
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* By how many others stand before each. History has a form of its own. */
static const char tables_sql[] =
    "WITH RECURSIVE own(name) AS (SELECT name FROM sqlite_schema WHERE type = 'table'"
    " AND name NOT LIKE 'sqlite%' AND name <> 'history'),"
    " below(name, n) AS (SELECT name, 0 FROM own UNION"
    " SELECT own.name, below.n + 1 FROM below, own, pragma_foreign_key_list(own.name) AS f"
    " WHERE f.\"table\" = below.name AND below.n < 16)"
    " SELECT name, (SELECT group_concat('\"' || c.name || '\"', ', ')"
    " FROM pragma_table_info(below.name) AS c) FROM below GROUP BY name ORDER BY max(n), name";

static pawl_status take_table(sqlite3_stmt *q, struct move_table *ret, struct pawl_err *err)
{
    const char *name = (const char *)sqlite3_column_text(q, 0);
    const char *columns = (const char *)sqlite3_column_text(q, 1);

    if (!name || !columns || strlen(name) >= sizeof(ret->name) ||
        strlen(columns) >= sizeof(ret->columns))
        return pawl_fail(err, PAWL_E_BUG, "store.schema", "a table's columns do not fit");
    memcpy(ret->name, name, strlen(name) + 1);
    memcpy(ret->columns, columns, strlen(columns) + 1);
    return pawl_ok();
}

static void finalize(sqlite3_stmt **q)
{
    sqlite3_finalize(*q);
}

#define STATEMENT PAWL_CLEANUP(finalize) sqlite3_stmt

static pawl_status prepare(struct move_source *s, const char *sql, const char *what,
                           sqlite3_stmt **ret, struct pawl_err *err)
{
    int rc = sqlite3_prepare_v2(s->c.sql, sql, -1, ret, NULL);

    return rc == SQLITE_OK ? pawl_ok() : connection_fail(&s->c, rc, what, err);
}

pawl_status move_source_tables(struct move_source *s, struct move_table ret[MOVE_TABLES_MAX],
                               size_t *ret_n, struct pawl_err *err)
{
    STATEMENT *q = NULL;
    size_t     n = 0;
    int        rc;

    PAWL_TRY(prepare(s, tables_sql, "schema", &q, err));
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (n == MOVE_TABLES_MAX)
            return pawl_fail(err, PAWL_E_BUG, "store.schema", "more tables than %d",
                             MOVE_TABLES_MAX);
        PAWL_TRY(take_table(q, &ret[n++], err));
    }
    if (rc != SQLITE_DONE)
        return connection_fail(&s->c, rc, "schema", err);
    *ret_n = n;
    return pawl_ok();
}

/* ---- rows ------------------------------------------------------------------------------------ */

static pawl_status make_room(struct move_source *s, size_t n, struct pawl_err *err)
{
    if (n <= s->cap)
        return pawl_ok();
    uint8_t *more = realloc(s->row, 2 * n);
    if (!more)
        return pawl_fail(err, PAWL_E_MEMORY, "store.row", "out of memory");
    s->row = more;
    s->cap = 2 * n;
    return pawl_ok();
}

/* Behind its length; NULL has none. An integer is as long here as all its field. A line that was
 * cut within a character would keep a whole fleet from moving: it goes as it would be written
 * there. */
static uint8_t *put_field(uint8_t *p, sqlite3_stmt *q, int i)
{
    int         type = sqlite3_column_type(q, i);
    uint64_t    number = htobe64((uint64_t)sqlite3_column_int64(q, i));
    const void *bytes = type == SQLITE_INTEGER ? &number : sqlite3_column_blob(q, i);
    size_t      n = type == SQLITE_INTEGER ? sizeof(number) : (size_t)sqlite3_column_bytes(q, i);
    uint32_t    length = type == SQLITE_NULL ? UINT32_MAX : htobe32((uint32_t)n);

    memcpy(p, &length, sizeof(length));
    p += sizeof(length);
    if (type == SQLITE_NULL || !n)
        return p;
    memcpy(p, bytes, n);
    if (type == SQLITE_TEXT && !text_is_whole(pawl_view(p, n)))
        text_mend(p, n);
    return p + n;
}

/* All tables are STRICT: a column's values have its type. */
static pawl_status put_row(struct move_source *s, sqlite3_stmt *q, struct pawl_view *ret,
                           struct pawl_err *err)
{
    int      fields = sqlite3_column_count(q);
    size_t   n = sizeof(uint16_t);
    uint16_t count = htobe16((uint16_t)fields);

    for (int i = 0; i < fields; i++)
        n += sizeof(uint32_t) + (sqlite3_column_type(q, i) == SQLITE_INTEGER
                                     ? sizeof(uint64_t)
                                     : (size_t)sqlite3_column_bytes(q, i));
    PAWL_TRY(make_room(s, n, err));
    memcpy(s->row, &count, sizeof(count));
    uint8_t *p = s->row + sizeof(count);
    for (int i = 0; i < fields; i++)
        p = put_field(p, q, i);
    *ret = pawl_view(s->row, (size_t)(p - s->row));
    return pawl_ok();
}

pawl_status move_source_rows(struct move_source *s, const struct move_table *t, move_row_fn *fn,
                             void *arg, struct pawl_err *err)
{
    STATEMENT       *q = NULL;
    struct pawl_view row;
    char             sql[sizeof(*t) + 32];
    int              rc;

    snprintf(sql, sizeof(sql), "SELECT %s FROM \"%s\"", t->columns, t->name);
    PAWL_TRY(prepare(s, sql, t->name, &q, err));
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        PAWL_TRY(put_row(s, q, &row, err));
        PAWL_TRY(fn(row, arg, err));
    }
    return rc == SQLITE_DONE ? pawl_ok() : connection_fail(&s->c, rc, t->name, err);
}

/* ---- the end --------------------------------------------------------------------------------- */

pawl_status move_source_history(struct move_source *s, struct move_history *ret,
                                struct pawl_err *err)
{
    struct move_history h;

    PAWL_TRY(
        connection_number(&s->c, "SELECT newest_ms FROM history", "history", &h.newest_ms, err));
    PAWL_TRY(connection_number(&s->c, "SELECT restored_ms FROM history", "history", &h.restored_ms,
                               err));
    PAWL_TRY(connection_number(&s->c,
                               "SELECT coalesce(max(seq), 0) FROM sqlite_sequence"
                               " WHERE name = 'segment'",
                               "segment", &h.last_segment, err));
    *ret = h;
    return pawl_ok();
}

static pawl_status sync_directory(const char *file, struct pawl_err *err)
{
    char        dir[PATH_MAX];
    const char *slash = strrchr(file, '/');

    snprintf(dir, sizeof(dir), "%.*s", (int)(slash - file + 1), file);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return rc == 0 ? pawl_ok()
                   : pawl_fail(err, PAWL_E_IO, "store.move", "%s: %s", dir, strerror(errno));
}

/* All of it into the one file first: what stands beside it would belong to nothing. */
pawl_status move_source_retire(struct move_source *s, struct pawl_err *err)
{
    PAWL_TRY(connection_exec(&s->c, "COMMIT", "move", err));
    PAWL_TRY(connection_exec(&s->c, "PRAGMA journal_mode = DELETE", "move", err));
    connection_close(&s->c);
    if (rename(s->file, s->moved) != 0)
        return pawl_fail(err, PAWL_E_IO, "store.move", MOVED_FILE ": %s", strerror(errno));
    return sync_directory(s->file, err);
}
