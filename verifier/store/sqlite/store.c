/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store behind the port of store.h: opens, commits, closes. In WAL mode readers never
 * wait for the writer, and see only what is durable. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/queue.h"
#include "store/sqlite/sqlite.h"

struct sqlite_store {
    struct sql_store base;
    char            *file;
    struct writer   *writer;
    int64_t          restored_ms;
};

/* ---- readers --------------------------------------------------------------------------------- */

static void reader_free(struct connection *c)
{
    connection_close(sqlite_connection(c));
    free(c);
}

static pawl_status reader_open(struct sql_store *s, struct connection **ret, struct pawl_err *err)
{
    struct sqlite_store      *store = (struct sqlite_store *)(void *)s;
    struct sqlite_connection *c = calloc(1, sizeof(*c));

    if (!c)
        return pawl_fail(err, PAWL_E_MEMORY, "store.reader", "out of memory");
    pawl_status opened = connection_open(store->file, c, err);
    if (pawl_is_ok(opened))
        opened = connection_exec(c, "PRAGMA query_only = ON", "open", err);
    if (!pawl_is_ok(opened)) {
        reader_free(&c->base);
        return opened;
    }
    *ret = &c->base;
    return pawl_ok();
}

static pawl_status reads_begin(struct connection *c, struct pawl_err *err)
{
    QUERY q = query_on(c, OWN_BEGIN_READS, "reads");

    return query_run(&q, err);
}

static void reads_end(struct connection *c)
{
    QUERY           q = query_on(c, OWN_COMMIT, "reads");
    struct pawl_err ignored;

    c->broken = !pawl_is_ok(query_run(&q, &ignored));
}

/* ---- open, commit, close --------------------------------------------------------------------- */

static void commit(void *self, const struct step *s, store_done_fn *done, void *arg)
{
    struct sqlite_store *store = self;

    queue_commit(writer_queue(store->writer), s, done, arg);
}

static void forget_segments(void *self, struct pawl_view tenant, int64_t before_ms,
                            store_done_fn *done, void *arg)
{
    struct sqlite_store *store = self;

    queue_forget(writer_queue(store->writer), tenant, before_ms, done, arg);
}

static int64_t newest_ms(void *self)
{
    struct sqlite_store *store = self;

    return writer_newest_ms(store->writer);
}

static int64_t restored_ms(void *self)
{
    struct sqlite_store *store = self;

    return store->restored_ms;
}

/* Nobody else is on it. */
static const char *instance(void *self)
{
    (void)self;
    return "sqlite";
}

static void close_all(void *self)
{
    struct sqlite_store *s = self;

    /* Readers first: the last connection to go merges the log into the file. */
    readers_close(&s->base);
    writer_stop(&s->writer);
    pthread_mutex_destroy(&s->base.lock);
    free(s->file);
    free(s);
}

/* SQLite gives its other files the mode of this one. */
static pawl_status make_file(const char *file, struct pawl_err *err)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return pawl_fail(err, PAWL_E_IO, "store.open", STORE_FILE ": %s", strerror(errno));
    int rc = fchmod(fd, 0600);
    close(fd);
    if (rc)
        return pawl_fail(err, PAWL_E_IO, "store.open", STORE_FILE ": mode 0600: %s",
                         strerror(errno));
    return pawl_ok();
}

static pawl_status open_writer(struct sqlite_store *s, struct pawl_err *err)
{
    PAWL_CLEANUP(connection_close) struct sqlite_connection c = { 0 };
    PAWL_CLEANUP(history_close) struct history              h = { .file = -1 };

    PAWL_TRY(moved_check(s->file, err));
    PAWL_TRY(make_file(s->file, err));
    PAWL_TRY(connection_open(s->file, &c, err));
    PAWL_TRY(schema_migrate(&c, err));
    PAWL_TRY(history_open(s->file, &c, &h, err));
    s->restored_ms = h.restored_ms;
    return writer_start(s->file, &c, &h, &s->writer, err);
}

pawl_status sqlite_store_open(const char *path, struct store *ret, struct pawl_err *err)
{
    struct sqlite_store *s = calloc(1, sizeof(*s));

    if (!s || asprintf(&s->file, "%s/%s", path, STORE_FILE) < 0) {
        free(s);
        return pawl_fail(err, PAWL_E_MEMORY, "store.open", "out of memory");
    }
    s->base.open = reader_open;
    s->base.free = reader_free;
    s->base.begin = reads_begin;
    s->base.end = reads_end;
    pthread_mutex_init(&s->base.lock, NULL);
    pawl_status opened = open_writer(s, err);
    if (!pawl_is_ok(opened)) {
        close_all(s);
        return opened;
    }
    *ret = (struct store){
        .self = s,
        .restored_ms = restored_ms,
        .newest_ms = newest_ms,
        .instance = instance,
        .forget_segments = forget_segments,
        .commit = commit,
        .close = close_all,
    };
    sql_reads(ret);
    return pawl_ok();
}
