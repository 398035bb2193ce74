/* SPDX-License-Identifier: Apache-2.0 */
/* The reads of refusals behind the port of store.h. */

#include "store/sql.h"

static void get_refusal(struct query *q, struct refusal_row *r)
{
    get_text(q, "tenant", r->tenant, sizeof(r->tenant));
    get_text(q, "subject", r->subject, sizeof(r->subject));
    get_text(q, "code", r->code, sizeof(r->code));
    get_text(q, "serial", r->serial, sizeof(r->serial));
    get_text(q, "address", r->address, sizeof(r->address));
    r->first_s = (int64_t)get_max(q, "first_s", INT64_MAX);
    r->last_s = (int64_t)get_max(q, "last_s", INT64_MAX);
    r->count = get_max(q, "count", INT64_MAX);
    r->status = get_max(q, "status", INT32_MAX);
    get_text(q, "requests", r->requests, sizeof(r->requests));
    get_text(q, "detail", r->detail, sizeof(r->detail));
    r->net = get_u64(q);
}

static pawl_status list_refusals(void *self, struct pawl_view tenant,
                                 const struct refusal_query *by, size_t limit,
                                 store_refusal_fn *each, void *arg, struct pawl_err *err)
{
    LEASE              l = { 0 };
    struct refusal_row r = { 0 };
    enum statement     which = by->subject  ? SQL_REFUSALS_OF
                               : by->serial ? SQL_REFUSALS_SERIAL
                                            : SQL_REFUSALS_WITH;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, which, "refusal");
    query_text_n(&q, tenant);
    query_text(&q, by->subject ? by->subject : by->serial ? by->serial : by->request);
    query_limit(&q, limit);
    while (query_row(&q)) {
        get_refusal(&q, &r);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&r, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status count_refusals(void *self, struct pawl_view tenant, const char *code,
                                  int64_t since_s, uint64_t most, uint64_t *ret,
                                  struct pawl_err *err)
{
    LEASE    l = { 0 };
    uint64_t n = 0;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_REFUSALS_COUNT, "refusal");
    query_text_n(&q, tenant);
    query_text(&q, code);
    query_u64(&q, (uint64_t)(since_s > 0 ? since_s : 0));
    query_u64(&q, most);
    if (query_row(&q))
        n = get_max(&q, "count", INT64_MAX);
    PAWL_TRY(query_end(&q, err));
    *ret = n;
    return pawl_ok();
}

void refusal_reads(struct store *ret)
{
    ret->refusals = list_refusals;
    ret->refusals_count = count_refusals;
}
