/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded store behind the port of store.h. One file, pawl.db, mode 0600, and beside it what
 * SQLite keeps while it is open (pawl.db-wal, pawl.db-shm).
 *
 * Reads go through a pool of connections: a thread takes one, and gives it back when the read is
 * over, so a callback of a list may read too. In WAL mode they never wait for the writer, and see
 * only what is durable.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite.h"

struct reader {
    struct reader    *next;
    struct connection c;
};

struct sqlite_store {
    char           *file;
    struct writer  *writer;
    pthread_mutex_t lock; /* of idle */
    struct reader  *idle;
};

/* ---- the pool ------------------------------------------------------------------------------- */

/* A reader in use, given back when it goes out of scope. */
struct lease {
    struct sqlite_store *store;
    struct reader       *reader;
};

static void lease_end(struct lease *l)
{
    if (!l->reader)
        return;
    pthread_mutex_lock(&l->store->lock);
    l->reader->next = l->store->idle;
    l->store->idle = l->reader;
    pthread_mutex_unlock(&l->store->lock);
}

#define LEASE PAWL_CLEANUP(lease_end) struct lease

static pawl_status reader_make(const char *file, struct reader **ret, struct pawl_err *err)
{
    struct reader *r = calloc(1, sizeof(*r));

    if (!r)
        return pawl_fail(err, PAWL_E_MEMORY, "store.reader", "out of memory");
    pawl_status s = connection_open(file, &r->c, err);
    if (pawl_is_ok(s))
        s = connection_exec(&r->c, "PRAGMA query_only = ON", "open", err);
    if (!pawl_is_ok(s)) {
        connection_close(&r->c);
        free(r);
        return s;
    }
    *ret = r;
    return pawl_ok();
}

static pawl_status lease_reader(void *self, struct lease *ret, struct pawl_err *err)
{
    struct sqlite_store *s = self;
    struct reader       *r;

    pthread_mutex_lock(&s->lock);
    r = s->idle;
    if (r)
        s->idle = r->next;
    pthread_mutex_unlock(&s->lock);
    if (!r)
        PAWL_TRY(reader_make(s->file, &r, err));
    *ret = (struct lease){ .store = s, .reader = r };
    return pawl_ok();
}

/* ---- reads ---------------------------------------------------------------------------------- */

static pawl_status absent(const char *table, const struct query *q, struct pawl_err *err)
{
    char where[sizeof(err->where)];

    PAWL_TRY(query_end(q, err));
    snprintf(where, sizeof(where), "store.%s", table);
    return pawl_fail(err, PAWL_E_ABSENT, where, "no such row");
}

/* The one device of a statement whose second parameter is key. */
static pawl_status one_device(void *self, enum statement which, struct pawl_view tenant,
                              struct pawl_view key, struct device *ret, struct pawl_err *err)
{
    LEASE         l = { 0 };
    struct device d;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, which, "device");
    query_text_n(&q, tenant);
    query_bytes(&q, key);
    if (!query_row(&q))
        return absent("device", &q, err);
    get_device(&q, &d);
    PAWL_TRY(query_end(&q, err));
    *ret = d;
    return pawl_ok();
}

static pawl_status read_device(void *self, struct pawl_view tenant, struct pawl_view id,
                               struct device *ret, struct pawl_err *err)
{
    return one_device(self, SQL_DEVICE, tenant, id, ret, err);
}

static pawl_status read_device_by_ak(void *self, struct pawl_view tenant,
                                     const struct pawl_name *ak, struct device *ret,
                                     struct pawl_err *err)
{
    return one_device(self, SQL_DEVICE_BY_AK, tenant, pawl_name_view(ak), ret, err);
}

static pawl_status read_snapshot(void *self, struct pawl_view tenant, struct pawl_view id,
                                 struct snapshot *ret, struct pawl_err *err)
{
    LEASE           l = { 0 };
    struct snapshot s;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, SQL_SNAPSHOT, "snapshot");
    query_text_n(&q, tenant);
    query_bytes(&q, id);
    if (!query_row(&q))
        return absent("snapshot", &q, err);
    get_snapshot(&q, &s);
    PAWL_TRY(query_end(&q, err));
    *ret = s;
    return pawl_ok();
}

static pawl_status read_papers(void *self, struct pawl_view tenant, struct pawl_view id, char **ret,
                               struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, SQL_PAPERS, "papers");
    query_text_n(&q, tenant);
    query_bytes(&q, id);
    if (!query_row(&q))
        return absent("papers", &q, err);
    char *json = get_text_copy(&q, "json");
    PAWL_TRY(query_end(&q, err));
    *ret = json;
    return pawl_ok();
}

static pawl_status read_token(void *self, struct pawl_view tenant, struct pawl_view id,
                              struct token *ret, struct pawl_err *err)
{
    LEASE        l = { 0 };
    struct token t;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, SQL_TOKEN, "token");
    query_text_n(&q, tenant);
    query_bytes(&q, id);
    if (!query_row(&q))
        return absent("token", &q, err);
    get_token(&q, &t);
    PAWL_TRY(query_end(&q, err));
    *ret = t;
    return pawl_ok();
}

static pawl_status read_token_used_by(void *self, struct pawl_view tenant, struct pawl_view id,
                                      struct pawl_view device, bool *ret, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, SQL_TOKEN_USED_BY, "token_use");
    query_text_n(&q, tenant);
    query_bytes(&q, id);
    query_bytes(&q, device);
    bool used = query_row(&q);
    PAWL_TRY(query_end(&q, err));
    *ret = used;
    return pawl_ok();
}

static pawl_status read_policy(void *self, struct pawl_view tenant, const char *name,
                               uint64_t version, struct policy_row *ret, struct pawl_err *err)
{
    LEASE                                           l = { 0 };
    PAWL_CLEANUP(policy_row_done) struct policy_row p = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, version ? SQL_POLICY : SQL_POLICY_NEWEST, "policy");
    query_text_n(&q, tenant);
    query_text(&q, name);
    if (version)
        query_u64(&q, version);
    if (!query_row(&q))
        return absent("policy", &q, err);
    get_policy(&q, &p);
    PAWL_TRY(query_end(&q, err));
    *ret = p;
    p.json = NULL;
    return pawl_ok();
}

static pawl_status read_default_policy(void *self, struct pawl_view tenant,
                                       char ret[PAWL_TENANT_MAX + 1], struct pawl_err *err)
{
    LEASE l = { 0 };
    char  name[PAWL_TENANT_MAX + 1] = "";

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, SQL_DEFAULT_POLICY, "tenant");
    query_text_n(&q, tenant);
    if (query_row(&q))
        get_text(&q, "default_policy", name, sizeof(name));
    PAWL_TRY(query_end(&q, err));
    memcpy(ret, name, sizeof(name));
    return pawl_ok();
}

/* ---- lists ---------------------------------------------------------------------------------- */

static pawl_status list_devices(void *self, struct pawl_view tenant, struct pawl_view after,
                                size_t limit, store_device_fn *each, void *arg,
                                struct pawl_err *err)
{
    LEASE         l = { 0 };
    struct device d;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, SQL_DEVICES, "device");
    query_text_n(&q, tenant);
    query_bytes(&q, after);
    query_u64(&q, limit);
    while (query_row(&q)) {
        get_device(&q, &d);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&d, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status list_policies(void *self, struct pawl_view tenant, store_policy_fn *each,
                                 void *arg, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, SQL_POLICIES, "policy");
    query_text_n(&q, tenant);
    while (query_row(&q)) {
        PAWL_CLEANUP(policy_row_done) struct policy_row p = { 0 };
        get_policy(&q, &p);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&p, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status list_tokens(void *self, struct pawl_view tenant, store_token_fn *each, void *arg,
                               struct pawl_err *err)
{
    LEASE        l = { 0 };
    struct token t;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, SQL_TOKENS, "token");
    query_text_n(&q, tenant);
    while (query_row(&q)) {
        get_token(&q, &t);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&t, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status list_events(void *self, struct pawl_view tenant, struct pawl_view device,
                               size_t limit, store_event_fn *each, void *arg, struct pawl_err *err)
{
    LEASE            l = { 0 };
    struct event_row e;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(&l.reader->c, SQL_EVENTS, "event");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    query_u64(&q, limit);
    while (query_row(&q)) {
        get_event(&q, &e);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&e, arg, err));
    }
    return query_end(&q, err);
}

/* ---- open, commit, close -------------------------------------------------------------------- */

static void commit(void *self, const struct step *s, store_done_fn *done, void *arg)
{
    struct sqlite_store *store = self;

    writer_commit(store->writer, s, done, arg);
}

static void close_all(void *self)
{
    struct sqlite_store *s = self;

    /* Readers first: the last connection to go merges the log into the file. */
    while (s->idle) {
        struct reader *r = s->idle;
        s->idle = r->next;
        connection_close(&r->c);
        free(r);
    }
    writer_stop(&s->writer);
    pthread_mutex_destroy(&s->lock);
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
    PAWL_CLEANUP(connection_close) struct connection c = { 0 };

    PAWL_TRY(make_file(s->file, err));
    PAWL_TRY(connection_open(s->file, &c, err));
    PAWL_TRY(schema_migrate(&c, err));
    return writer_start(&c, &s->writer, err);
}

pawl_status sqlite_store_open(const char *path, struct store *ret, struct pawl_err *err)
{
    struct sqlite_store *s = calloc(1, sizeof(*s));

    if (!s || asprintf(&s->file, "%s/%s", path, STORE_FILE) < 0) {
        free(s);
        return pawl_fail(err, PAWL_E_MEMORY, "store.open", "out of memory");
    }
    pthread_mutex_init(&s->lock, NULL);
    pawl_status opened = open_writer(s, err);
    if (!pawl_is_ok(opened)) {
        close_all(s);
        return opened;
    }
    *ret = (struct store){
        .self = s,
        .device = read_device,
        .device_by_ak = read_device_by_ak,
        .snapshot = read_snapshot,
        .papers = read_papers,
        .token = read_token,
        .token_used_by = read_token_used_by,
        .policy = read_policy,
        .default_policy = read_default_policy,
        .devices = list_devices,
        .policies = list_policies,
        .tokens = list_tokens,
        .events = list_events,
        .commit = commit,
        .close = close_all,
    };
    return pawl_ok();
}
