/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded store behind the port of store.h. One file, pawl.db, mode 0600, and beside it what
 * SQLite keeps while it is open (pawl.db-wal, pawl.db-shm).
 * pawl.count stands beside it too; see history.c. Reads go through the pool of reader.c.
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

/* ---- reads ---------------------------------------------------------------------------------- */

/* The one device of a statement whose second parameter is key. */
static pawl_status one_device(void *self, enum statement which, struct pawl_view tenant,
                              struct pawl_view key, struct device *ret, struct pawl_err *err)
{
    LEASE         l = { 0 };
    struct device d;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, which, "device");
    query_text_n(&q, tenant);
    query_bytes(&q, key);
    if (!query_row(&q))
        return row_absent(&q, err);
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
    QUERY q = query_on(l.c, SQL_SNAPSHOT, "snapshot");
    query_text_n(&q, tenant);
    query_bytes(&q, id);
    if (!query_row(&q))
        return row_absent(&q, err);
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
    QUERY q = query_on(l.c, SQL_PAPERS, "papers");
    query_text_n(&q, tenant);
    query_bytes(&q, id);
    if (!query_row(&q))
        return row_absent(&q, err);
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
    QUERY q = query_on(l.c, SQL_TOKEN, "token");
    query_text_n(&q, tenant);
    query_bytes(&q, id);
    if (!query_row(&q))
        return row_absent(&q, err);
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
    QUERY q = query_on(l.c, SQL_TOKEN_USED_BY, "token_use");
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
    QUERY q = query_on(l.c, version ? SQL_POLICY : SQL_POLICY_NEWEST, "policy");
    query_text_n(&q, tenant);
    query_text(&q, name);
    if (version)
        query_u64(&q, version);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_policy(&q, &p);
    PAWL_TRY(query_end(&q, err));
    *ret = p;
    p.json = NULL;
    return pawl_ok();
}

static pawl_status read_policy_version(void *self, struct pawl_view tenant, const char *name,
                                       uint64_t *ret, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_POLICY_VERSION, "policy");
    query_text_n(&q, tenant);
    query_text(&q, name);
    if (!query_row(&q))
        return row_absent(&q, err);
    uint64_t version = get_max(&q, "version", INT64_MAX);
    PAWL_TRY(query_end(&q, err));
    *ret = version;
    return pawl_ok();
}

static pawl_status read_default_policy(void *self, struct pawl_view tenant,
                                       char ret[PAWL_TENANT_MAX + 1], struct pawl_err *err)
{
    LEASE l = { 0 };
    char  name[PAWL_TENANT_MAX + 1] = "";

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_DEFAULT_POLICY, "tenant");
    query_text_n(&q, tenant);
    if (query_row(&q))
        get_text(&q, "default_policy", name, sizeof(name));
    PAWL_TRY(query_end(&q, err));
    memcpy(ret, name, sizeof(name));
    return pawl_ok();
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* What q finds, one row after the other. */
static pawl_status each_device(struct query *q, store_device_fn *each, void *arg,
                               struct pawl_err *err)
{
    struct device d;

    while (query_row(q)) {
        get_device(q, &d);
        PAWL_TRY(query_end(q, err));
        PAWL_TRY(each(&d, arg, err));
    }
    return query_end(q, err);
}

static pawl_status list_devices(void *self, struct pawl_view tenant, struct pawl_view after,
                                size_t limit, store_device_fn *each, void *arg,
                                struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_DEVICES, "device");
    query_text_n(&q, tenant);
    query_bytes(&q, after);
    query_u64(&q, limit);
    return each_device(&q, each, arg, err);
}

static pawl_status list_overdue(void *self, struct pawl_view tenant, int64_t now_s, size_t limit,
                                store_device_fn *each, void *arg, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_DEVICES_OVERDUE, "device");
    query_text_n(&q, tenant);
    query_u64(&q, (uint64_t)now_s);
    query_u64(&q, limit);
    return each_device(&q, each, arg, err);
}

static pawl_status list_policies(void *self, struct pawl_view tenant, store_policy_fn *each,
                                 void *arg, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_POLICIES, "policy");
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
    QUERY q = query_on(l.c, SQL_TOKENS, "token");
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
    QUERY q = query_on(l.c, SQL_EVENTS, "event");
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

static void forget_segments(void *self, struct pawl_view tenant, int64_t before_ms,
                            store_done_fn *done, void *arg)
{
    struct sqlite_store *store = self;

    writer_forget(store->writer, tenant, before_ms, done, arg);
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

static void close_all(void *self)
{
    struct sqlite_store *s = self;

    /* Readers first: the last connection to go merges the log into the file. */
    readers_close(s);
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
    PAWL_CLEANUP(history_close) struct history       h = { .file = -1 };

    PAWL_TRY(make_file(s->file, err));
    PAWL_TRY(connection_open(s->file, &c, err));
    PAWL_TRY(schema_migrate(&c, err));
    PAWL_TRY(history_open(s->file, &c, &h, err));
    s->restored_ms = h.restored_ms;
    return writer_start(&c, &h, &s->writer, err);
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
        .policy_version = read_policy_version,
        .default_policy = read_default_policy,
        .devices = list_devices,
        .policies = list_policies,
        .tokens = list_tokens,
        .events = list_events,
        .overdue = list_overdue,
        .restored_ms = restored_ms,
        .newest_ms = newest_ms,
        .forget_segments = forget_segments,
        .commit = commit,
        .close = close_all,
    };
    ratchet_reads(ret);
    feed_reads(ret);
    incident_reads(ret);
    appraisal_reads(ret);
    return pawl_ok();
}
