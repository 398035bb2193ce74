/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this database is an older copy of itself. It counts its transactions, and the file
 * pawl.count beside it follows: a file that is ahead has seen transactions that the database has
 * lost. What was promised to devices since then is forgotten, and the flows must know.
 *
 * Invariants
 *  1. The file is written after COMMIT returned, and read before the database is: it is never ahead
 *     of the database that it belongs to.
 *  2. That a copy was put back is noted once, in one transaction, before anything else is done with
 *     it.
 *  3. Numbers of segments go on above all that were ever given: consumers keep their cursors.
 *
 * The file is not synced. After a power cut it may be behind, and then says nothing about the few
 * seconds that it lacks.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/sqlite/sqlite.h"

#define COUNT_N 21 /* 20 digits and a newline: within one sector, so it is old or new */

/* More than were ever given in that time: 256 for each millisecond since 1970. */
#define NUMBERS_PER_MS 256

/* ---- the file ------------------------------------------------------------------------------- */

void history_close(struct history *h)
{
    if (h->file >= 0)
        close(h->file);
    h->file = -1;
}

/* In the directory of the database. */
static pawl_status open_count(const char *file, int *ret, struct pawl_err *err)
{
    char        path[PATH_MAX];
    const char *slash = strrchr(file, '/');
    int         n = slash ? (int)(slash - file + 1) : 0;

    if (snprintf(path, sizeof(path), "%.*s" COUNT_FILE, n, file) >= (int)sizeof(path))
        return pawl_fail(err, PAWL_E_RANGE, "store.open", "the path is too long");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return pawl_fail(err, PAWL_E_IO, "store.open", COUNT_FILE ": %s", strerror(errno));
    *ret = fd;
    return pawl_ok();
}

/* Anything but a number as we write it says nothing: 0. */
static uint64_t read_count(int fd)
{
    char            text[COUNT_N + 1] = { 0 };
    uint64_t        n = 0;
    struct pawl_err ignored;

    if (pread(fd, text, sizeof(text), 0) != COUNT_N || text[COUNT_N - 1] != '\n')
        return 0;
    size_t zeros = strspn(text, "0");
    text[COUNT_N - 1] = 0;
    if (zeros == COUNT_N - 1 ||
        !pawl_is_ok(pawl_u64_parse(text + zeros, "", INT64_MAX - 1, &n, &ignored)))
        return 0;
    return n;
}

void history_follow(const struct history *h)
{
    char text[COUNT_N + 1];

    snprintf(text, sizeof(text), "%020" PRIu64 "\n", h->commits);
    /* A file that stays behind hides nothing of the database and raises no alarm. */
    if (pwrite(h->file, text, COUNT_N, 0) != COUNT_N)
        return;
}

/* ---- the row -------------------------------------------------------------------------------- */

static pawl_status read_row(struct sqlite_connection *c, struct history *ret, struct pawl_err *err)
{
    QUERY q = query_on(&c->base, OWN_HISTORY, "history");

    if (!query_row(&q))
        return row_absent(&q, err);
    ret->commits = get_max(&q, "commits", INT64_MAX);
    ret->newest_ms = (int64_t)get_u64(&q);
    ret->restored_ms = (int64_t)get_u64(&q);
    return query_end(&q, err);
}

pawl_status history_count(struct sqlite_connection *c, int64_t newest_ms, struct history *ret,
                          struct pawl_err *err)
{
    QUERY q = query_on(&c->base, OWN_HISTORY_COUNT, "history");

    query_u64(&q, (uint64_t)newest_ms);
    if (!query_row(&q))
        return row_absent(&q, err);
    ret->commits = get_max(&q, "commits", INT64_MAX);
    ret->newest_ms = (int64_t)get_u64(&q);
    return query_end(&q, err);
}

static pawl_status set_restored(struct sqlite_connection *c, uint64_t count, int64_t now_ms,
                                struct pawl_err *err)
{
    QUERY q = query_on(&c->base, OWN_HISTORY_RESTORED, "history");

    query_u64(&q, count);
    query_u64(&q, (uint64_t)now_ms);
    return query_run(&q, err);
}

static pawl_status skip_numbers(struct sqlite_connection *c, int64_t now_ms, struct pawl_err *err)
{
    QUERY q = query_on(&c->base, OWN_SEGMENT_SKIP, "segment");

    query_u64(&q, (uint64_t)now_ms * NUMBERS_PER_MS);
    return query_run(&q, err);
}

static int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Notes that an older copy was put back, later than anything in it; what h says is read anew. */
static pawl_status note_restored(struct sqlite_connection *c, uint64_t count, struct history *h,
                                 struct pawl_err *err)
{
    int64_t     now_ms = wall_ms() > h->newest_ms ? wall_ms() : h->newest_ms + 1;
    pawl_status s;

    PAWL_TRY(connection_exec(c, "BEGIN IMMEDIATE", "history", err));
    s = set_restored(c, count, now_ms, err);
    if (pawl_is_ok(s))
        s = skip_numbers(c, now_ms, err);
    if (pawl_is_ok(s))
        s = connection_exec(c, "COMMIT", "history", err);
    if (!pawl_is_ok(s)) {
        sqlite3_exec(c->sql, "ROLLBACK", NULL, NULL, NULL);
        return s;
    }
    return read_row(c, h, err);
}

/* ---- both ----------------------------------------------------------------------------------- */

pawl_status history_open(const char *file, struct sqlite_connection *c, struct history *ret,
                         struct pawl_err *err)
{
    PAWL_CLEANUP(history_close) struct history h = { .file = -1 };

    PAWL_TRY(open_count(file, &h.file, err));
    uint64_t count = read_count(h.file); /* inv. 1: before the row */
    PAWL_TRY(read_row(c, &h, err));
    if (count > h.commits) {
        PAWL_TRY(note_restored(c, count, &h, err));
        history_follow(&h);
    }
    *ret = h;
    h.file = -1;
    return pawl_ok();
}

pawl_status sqlite_store_restored(const char *path, struct pawl_err *err)
{
    PAWL_CLEANUP(connection_close) struct sqlite_connection c = { 0 };
    PAWL_CLEANUP(history_close) struct history              h = { .file = -1 };
    char                                                    file[PATH_MAX];

    if (snprintf(file, sizeof(file), "%s/" STORE_FILE, path) >= (int)sizeof(file))
        return pawl_fail(err, PAWL_E_RANGE, "store.open", "the path is too long");
    PAWL_TRY(connection_open(file, &c, err));
    PAWL_TRY(schema_migrate(&c, err));
    PAWL_TRY(history_open(file, &c, &h, err));
    PAWL_TRY(note_restored(&c, h.commits, &h, err));
    history_follow(&h);
    return pawl_ok();
}
