/* SPDX-License-Identifier: Apache-2.0 */
/* The reads of the feed behind the port of store.h: its segments, where consumers stand, and
 * what waits of them. */

#include <string.h>

#include "store/sql.h"

#define SEGMENT_ROW PAWL_CLEANUP(segment_row_done) struct segment_row

/* What q finds, one row after the other. */
static pawl_status each_segment(struct query *q, store_segment_fn *each, void *arg,
                                struct pawl_err *err)
{
    SEGMENT_ROW s = { 0 };

    while (query_row(q)) {
        get_segment(q, &s);
        PAWL_TRY(query_end(q, err));
        PAWL_TRY(each(&s, arg, err));
    }
    return query_end(q, err);
}

static pawl_status list_segments(void *self, struct pawl_view tenant, struct pawl_view device,
                                 uint64_t after, size_t limit, store_segment_fn *each, void *arg,
                                 struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, device.n ? SQL_SEGMENTS_OF : SQL_SEGMENTS, "segment");
    query_text_n(&q, tenant);
    if (device.n)
        query_bytes(&q, device);
    query_u64(&q, after < INT64_MAX ? after : INT64_MAX);
    query_limit(&q, limit);
    return each_segment(&q, each, arg, err);
}

static pawl_status list_segment_heads(void *self, struct pawl_view tenant, struct pawl_view device,
                                      int64_t since_ms, store_segment_fn *each, void *arg,
                                      struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_SEGMENTS_SINCE, "segment");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    query_u64(&q, (uint64_t)since_ms);
    return each_segment(&q, each, arg, err);
}

static pawl_status list_segments_with(void *self, struct pawl_view tenant, struct pawl_view device,
                                      uint64_t id, size_t limit, store_segment_fn *each, void *arg,
                                      struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_SEGMENTS_WITH, "segment");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    query_order(&q, id);
    query_limit(&q, limit);
    return each_segment(&q, each, arg, err);
}

static pawl_status read_segment(void *self, struct pawl_view tenant, uint64_t number,
                                store_segment_fn *each, void *arg, struct pawl_err *err)
{
    LEASE       l = { 0 };
    SEGMENT_ROW s = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_SEGMENT, "segment");
    query_text_n(&q, tenant);
    query_u64(&q, number);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_segment(&q, &s);
    PAWL_TRY(query_end(&q, err));
    return each(&s, arg, err);
}

static pawl_status read_consumer(void *self, struct pawl_view tenant, const char *name,
                                 struct consumer_row *ret, struct pawl_err *err)
{
    LEASE               l = { 0 };
    struct consumer_row row = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_CONSUMER, "consumer");
    query_text_n(&q, tenant);
    query_text(&q, name);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_text(&q, "name", row.name, sizeof(row.name));
    get_text(&q, "cursor", row.cursor, sizeof(row.cursor));
    row.version = get_max(&q, "version", INT64_MAX);
    get_text(&q, "holder", row.holder, sizeof(row.holder));
    row.until_s = (int64_t)get_max(&q, "until_s", INT64_MAX);
    PAWL_TRY(query_end(&q, err));
    *ret = row;
    return pawl_ok();
}

static pawl_status list_parked(void *self, struct pawl_view tenant, const char *consumer,
                               store_parked_fn *each, void *arg, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_PARKED, "parked");
    query_text_n(&q, tenant);
    query_text(&q, consumer);
    while (query_row(&q)) {
        struct parked_row p = { 0 };
        get_exact(&q, "device", p.device, sizeof(p.device));
        get_text(&q, "cursor", p.cursor, sizeof(p.cursor));
        get_text(&q, "first", p.first, sizeof(p.first));
        p.tries = get_max(&q, "tries", INT64_MAX);
        p.next_s = (int64_t)get_max(&q, "next_s", INT64_MAX);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&p, arg, err));
    }
    return query_end(&q, err);
}

void feed_reads(struct store *ret)
{
    ret->segments = list_segments;
    ret->segment_heads = list_segment_heads;
    ret->segments_with = list_segments_with;
    ret->segment = read_segment;
    ret->consumer = read_consumer;
    ret->parked = list_parked;
}
