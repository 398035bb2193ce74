/* SPDX-License-Identifier: Apache-2.0 */
/* The reads of appraisal behind the port of store.h: boots with their facts, kept evidence, groups,
 * exceptions. */

#include "store/sql.h"

static void kept_row_done(struct kept_row *k)
{
    blob_done(&k->bytes);
}

static pawl_status read_boot(void *self, struct pawl_view tenant, struct pawl_view device,
                             struct boot_row *ret, struct pawl_err *err)
{
    LEASE                                       l = { 0 };
    PAWL_CLEANUP(boot_row_done) struct boot_row b = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_BOOT, "boot");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_boot(&q, &b);
    PAWL_TRY(query_end(&q, err));
    *ret = b;
    b = (struct boot_row){ 0 };
    return pawl_ok();
}

static pawl_status list_kept(void *self, struct pawl_view tenant, struct pawl_view device,
                             store_kept_fn *each, void *arg, struct pawl_err *err)
{
    LEASE                                       l = { 0 };
    PAWL_CLEANUP(kept_row_done) struct kept_row k = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_KEPT, "kept");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    while (query_row(&q)) {
        get_kept(&q, &k);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&k, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status read_group(void *self, struct pawl_view tenant, const char *name,
                              struct group_row *ret, struct pawl_err *err)
{
    LEASE            l = { 0 };
    struct group_row g;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_GROUP, "group");
    query_text_n(&q, tenant);
    query_text(&q, name);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_group(&q, &g);
    PAWL_TRY(query_end(&q, err));
    *ret = g;
    return pawl_ok();
}

static pawl_status list_groups(void *self, struct pawl_view tenant, const char *after, size_t limit,
                               store_group_fn *each, void *arg, struct pawl_err *err)
{
    LEASE            l = { 0 };
    struct group_row g;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_GROUPS, "group");
    query_text_n(&q, tenant);
    query_text(&q, after);
    query_limit(&q, limit);
    while (query_row(&q)) {
        get_group(&q, &g);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&g, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status list_exceptions(void *self, struct pawl_view tenant, struct pawl_view device,
                                   const char *group, store_exception_fn *each, void *arg,
                                   struct pawl_err *err)
{
    LEASE                l = { 0 };
    struct exception_row x;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, device.n ? SQL_EXCEPTIONS_FOR : SQL_EXCEPTIONS, "exception");
    query_text_n(&q, tenant);
    if (device.n) {
        query_bytes(&q, device);
        query_text(&q, group);
    }
    while (query_row(&q)) {
        get_exception(&q, &x);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&x, arg, err));
    }
    return query_end(&q, err);
}

void appraisal_reads(struct store *ret)
{
    ret->boot = read_boot;
    ret->kept = list_kept;
    ret->group = read_group;
    ret->groups = list_groups;
    ret->exceptions = list_exceptions;
}
