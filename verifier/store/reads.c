/* SPDX-License-Identifier: Apache-2.0 */
/* The reads of devices, tokens, policies and events behind the port of store.h. */

#include <string.h>

#include "store/sql.h"

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
    device_copy(ret, &d);
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

/* NULL if it has none; no bytes at all are not what was stored. */
static void get_ratchet(struct query *q, struct blob *ret)
{
    bool is_there = !get_is_null(q);

    get_blob(q, "ratchet", ret);
    if (is_there && ret->n == 0 && !q->bad)
        q->bad = "ratchet";
}

/* Behind the columns of the device: NULL where there is no such row. */
static pawl_status get_past(struct query *q, struct device_past *ret, struct boot_row *ret_boot,
                            struct pawl_err *err)
{
    enum { SNAPSHOT_COLUMNS = 3 };

    q->table = "snapshot";
    ret->has_snapshot = !get_is_null(q);
    if (ret->has_snapshot)
        get_snapshot(q, &ret->snapshot);
    for (unsigned i = 0; !ret->has_snapshot && i < SNAPSHOT_COLUMNS; i++)
        get_skip(q);
    PAWL_TRY(query_end(q, err));
    q->table = "boot";
    ret->has_boot = !get_is_null(q);
    if (ret->has_boot)
        get_boot(q, ret_boot);
    return query_end(q, err);
}

static pawl_status read_device_whole(void *self, struct pawl_view tenant, struct pawl_view id,
                                     struct device *ret, struct blob *ret_ratchet,
                                     struct device_past *ret_past, struct pawl_err *err)
{
    LEASE                                       l = { 0 };
    struct device                               d;
    PAWL_CLEANUP(blob_done) struct blob         ratchet = { 0 };
    PAWL_CLEANUP(boot_row_done) struct boot_row boot = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, ret_past ? SQL_DEVICE_PAST : SQL_DEVICE_RATCHET, "device");
    query_text_n(&q, tenant);
    query_bytes(&q, id);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_device(&q, &d);
    get_ratchet(&q, &ratchet);
    PAWL_TRY(query_end(&q, err));
    if (ret_past) {
        get_skip(&q); /* the number that the rest is found by */
        PAWL_TRY(get_past(&q, ret_past, &boot, err));
    }
    device_copy(ret, &d);
    *ret_ratchet = ratchet;
    ratchet = (struct blob){ 0 };
    if (ret_past)
        ret_past->boot = boot;
    boot = (struct boot_row){ 0 };
    return pawl_ok();
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
    char *json = NULL;
    get_papers(&q, &json);
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

static pawl_status read_next_tenant(void *self, const char *after, char ret[PAWL_TENANT_MAX + 1],
                                    struct pawl_err *err)
{
    LEASE l = { 0 };
    char  name[PAWL_TENANT_MAX + 1] = "";

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_TENANT_NEXT, "tenant");
    query_text(&q, after);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_text(&q, "tenant", name, sizeof(name));
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
        if (q->bad && strcmp(q->bad, "id") != 0) { /* it has a name to be told by */
            d.damaged = q->bad;
            q->bad = NULL;
        }
        PAWL_TRY(query_end(q, err));
        PAWL_TRY(each(&d, arg, err));
    }
    return query_end(q, err);
}

static enum statement devices_along(const struct device_filter *along)
{
    if (along->label)
        return SQL_DEVICES_WITH_LABEL;
    if (along->group)
        return SQL_DEVICES_IN_GROUP;
    return along->state == DEVICE_NONE ? SQL_DEVICES : SQL_DEVICES_IN_STATE;
}

static pawl_status list_devices(void *self, struct pawl_view tenant,
                                const struct device_filter *along, struct pawl_view after,
                                size_t limit, store_device_fn *each, void *arg,
                                struct pawl_err *err)
{
    LEASE l = { 0 };

    if (along->state == DEVICE_ACTIVE || !!along->label + !!along->group + !!along->state > 1)
        return pawl_fail(err, PAWL_E_BUG, "store.devices", "no index goes along this");
    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, devices_along(along), "device");
    query_text_n(&q, tenant);
    if (along->label) {
        query_text(&q, along->label->name);
        query_text(&q, along->label->value);
    } else if (along->group) {
        query_text(&q, along->group);
    } else if (along->state != DEVICE_NONE) {
        query_u64(&q, along->state);
    }
    query_bytes(&q, after);
    query_limit(&q, limit);
    return each_device(&q, each, arg, err);
}

static pawl_status list_overdue(void *self, struct pawl_view tenant, int64_t now_s, int64_t after_s,
                                struct pawl_view after_id, size_t limit, store_device_fn *each,
                                void *arg, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_DEVICES_OVERDUE, "device");
    query_text_n(&q, tenant);
    query_u64(&q, (uint64_t)now_s);
    query_u64(&q, (uint64_t)after_s);
    query_bytes(&q, after_id);
    query_limit(&q, limit);
    return each_device(&q, each, arg, err);
}

static pawl_status list_policies(void *self, struct pawl_view tenant, const char *after,
                                 uint64_t after_version, size_t limit, store_policy_fn *each,
                                 void *arg, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_POLICIES, "policy");
    query_text_n(&q, tenant);
    query_text(&q, after);
    query_u64(&q, after_version);
    query_limit(&q, limit);
    while (query_row(&q)) {
        PAWL_CLEANUP(policy_row_done) struct policy_row p = { 0 };
        get_policy(&q, &p);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&p, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status list_tokens(void *self, struct pawl_view tenant, struct pawl_view after,
                               size_t limit, store_token_fn *each, void *arg, struct pawl_err *err)
{
    LEASE        l = { 0 };
    struct token t;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_TOKENS, "token");
    query_text_n(&q, tenant);
    query_bytes(&q, after);
    query_limit(&q, limit);
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
    query_limit(&q, limit);
    while (query_row(&q)) {
        get_event(&q, &e);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&e, arg, err));
    }
    return query_end(&q, err);
}

/* ---- all of them ---------------------------------------------------------------------------- */

void sql_reads(struct store *ret)
{
    ret->reads_begin = sql_reads_begin;
    ret->reads_end = sql_reads_end;
    ret->device = read_device;
    ret->device_whole = read_device_whole;
    ret->device_by_ak = read_device_by_ak;
    ret->snapshot = read_snapshot;
    ret->papers = read_papers;
    ret->token = read_token;
    ret->token_used_by = read_token_used_by;
    ret->policy = read_policy;
    ret->policy_version = read_policy_version;
    ret->default_policy = read_default_policy;
    ret->devices = list_devices;
    ret->policies = list_policies;
    ret->tokens = list_tokens;
    ret->events = list_events;
    ret->overdue = list_overdue;
    ret->next_tenant = read_next_tenant;
    ratchet_reads(ret);
    feed_reads(ret);
    incident_reads(ret);
    appraisal_reads(ret);
    refusal_reads(ret);
    access_reads(ret);
    label_reads(ret);
}
