/* SPDX-License-Identifier: Apache-2.0 */
/* The store on PostgreSQL behind the port of store.h: opens, commits, closes. What a reader sees
 * may be a moment ahead of what is durable: see reads_ahead. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/postgres/postgres.h"

/* More segments than were ever written in that time: 256 for each millisecond since 1970. */
#define NUMBERS_PER_MS "256"

/* How often whoever reads looks at what the other verifiers said. */
#define LOOK_MS 500

struct pg_store {
    struct sql_store   base;
    char              *conninfo;
    struct pg_history  history;
    struct pg_writers *writers;
    atomic_llong       look_ms; /* by pg_clock_ms */
};

/* ---- readers --------------------------------------------------------------------------------- */

static void reader_free(struct connection *c)
{
    struct pg_connection *pg = pg_connection(c);

    pg_close(&pg);
}

/* Whether it still is our database, and how late it is: one reader in LOOK_MS asks for all. */
static bool look(struct pg_store *s, struct pg_connection *c)
{
    struct pawl_err ignored; /* who opens the next one hears of it */
    long long       due_ms = atomic_load(&s->look_ms), now_ms = pg_clock_ms();

    if (now_ms < due_ms || !atomic_compare_exchange_strong(&s->look_ms, &due_ms, now_ms + LOOK_MS))
        return true;
    return pawl_is_ok(pg_history_check(&s->history, c, &ignored));
}

static bool reader_is_there(struct sql_store *s, struct connection *c)
{
    return pg_is_there(pg_connection(c)) && look((struct pg_store *)(void *)s, pg_connection(c));
}

/* Nobody waits for a database of which the writers know that it is away. */
static pawl_status reader_open(struct sql_store *s, struct connection **ret, struct pawl_err *err)
{
    struct pg_store                            *store = (struct pg_store *)(void *)s;
    PAWL_CLEANUP(pg_done) struct pg_connection *c = NULL;

    if (pg_writers_away(store->writers, err))
        return (pawl_status){ err->code };
    PAWL_TRY(pg_open(store->conninfo, &c, err));
    PAWL_TRY(pg_history_check(&store->history, c, err));
    *ret = &c->base;
    c = NULL;
    return pawl_ok();
}

/* ---- the port -------------------------------------------------------------------------------- */

static void commit(void *self, const struct step *s, store_done_fn *done, void *arg)
{
    struct pg_store *store = self;

    queue_commit(pg_writers_queue(store->writers), s, done, arg);
}

static void forget_segments(void *self, struct pawl_view tenant, int64_t before_ms,
                            store_done_fn *done, void *arg)
{
    struct pg_store *store = self;

    queue_forget(pg_writers_queue(store->writers), tenant, before_ms, done, arg);
}

static const char *instance(void *self)
{
    struct pg_store *store = self;

    return store->history.id;
}

static int64_t newest_ms(void *self)
{
    struct pg_store *store = self;

    return atomic_load(&store->history.newest_ms);
}

static bool is_behind(void *self)
{
    struct pg_store *store = self;

    return atomic_load(&store->history.behind);
}

static int64_t restored_ms(void *self)
{
    struct pg_store *store = self;

    return atomic_load(&store->history.restored_ms);
}

static void close_all(void *self)
{
    struct pg_store *s = self;

    pg_writers_stop(&s->writers);
    readers_close(&s->base);
    pg_history_close(&s->history);
    pthread_mutex_destroy(&s->base.lock);
    if (s->conninfo)
        pawl_wipe(s->conninfo, strlen(s->conninfo));
    free(s->conninfo);
    free(s);
}

pawl_status postgres_store_open(const char *path, const char *conninfo, struct store *ret,
                                struct pawl_err *err)
{
    struct pg_store *s = calloc(1, sizeof(*s));

    if (s)
        s->conninfo = strdup(conninfo);
    if (!s || !s->conninfo) {
        free(s);
        return pawl_fail(err, PAWL_E_MEMORY, "store.open", "out of memory");
    }
    s->base.open = reader_open;
    s->base.free = reader_free;
    s->base.is_there = reader_is_there;
    pthread_mutex_init(&s->base.lock, NULL);
    pawl_status opened = pg_history_open(path, &s->history, err);
    if (pawl_is_ok(opened))
        opened = pg_writers_start(s->conninfo, &s->history, &s->writers, err);
    if (!pawl_is_ok(opened)) {
        close_all(s);
        return opened;
    }
    *ret = (struct store){
        .self = s,
        .reads_ahead = true,
        .restored_ms = restored_ms,
        .is_behind = is_behind,
        .newest_ms = newest_ms,
        .instance = instance,
        .forget_segments = forget_segments,
        .commit = commit,
        .close = close_all,
    };
    sql_reads(ret);
    return pawl_ok();
}

/* ---- the operator's word --------------------------------------------------------------------- */

static int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Later than anything in it and in what this verifier knows; numbers of segments go on above all
 * that were ever given, and consumers keep their cursors. */
static pawl_status note_restored(struct pg_connection *c, int64_t after_ms, struct pawl_err *err)
{
    int64_t now_ms = wall_ms() > after_ms ? wall_ms() : after_ms + 1;
    char    sql[1024];

    snprintf(sql, sizeof(sql),
             "BEGIN; UPDATE history SET newest_ms = greatest(%lld, newest_ms + 1,"
             " (SELECT coalesce(max(newest_ms), 0) + 1 FROM verifier));"
             " UPDATE history SET restored_ms = newest_ms, feed_base = newest_ms * " NUMBERS_PER_MS
             "; UPDATE feed_number SET number = greatest(number, (SELECT feed_base FROM history));"
             " COMMIT",
             (long long)now_ms);
    return pg_exec(c, sql, "history", err);
}

pawl_status postgres_store_restored(const char *path, const char *conninfo, struct pawl_err *err)
{
    PAWL_CLEANUP(pg_history_close) struct pg_history h = { .file = -1 };
    PAWL_CLEANUP(pg_done) struct pg_connection      *c = NULL;

    PAWL_TRY(pg_history_open(path, &h, err));
    PAWL_TRY(pg_open(conninfo, &c, err));
    PAWL_TRY(pg_migrate(c, err));
    PAWL_TRY(note_restored(c, atomic_load(&h.restored_ms), err));
    return pg_history_check(&h, c, err);
}
