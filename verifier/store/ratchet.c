/* SPDX-License-Identifier: Apache-2.0 */
/* The reads of the ratchet's rows behind the port of store.h. */

#include <stdlib.h>

#include "store/sql.h"

static void generation_row_done(struct generation_row *g)
{
    blob_done(&g->bytes);
}

static void downlink_row_done(struct downlink_row *d)
{
    blob_done(&d->body);
}

pawl_status one_blob(struct query *q, struct blob *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(blob_done) struct blob b = { 0 };

    if (!query_row(q))
        return row_absent(q, err);
    get_blob(q, "bytes", &b);
    PAWL_TRY(query_end(q, err));
    *ret = b;
    b = (struct blob){ 0 };
    return pawl_ok();
}

static pawl_status read_ratchet(void *self, struct pawl_view tenant, struct pawl_view device,
                                struct blob *ret, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_RATCHET, "ratchet");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    return one_blob(&q, ret, err);
}

static pawl_status read_generation(void *self, struct pawl_view tenant, struct pawl_view device,
                                   unsigned dir, uint64_t epoch, uint32_t gen, struct blob *ret,
                                   struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_GENERATION, "generation");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    query_u64(&q, dir);
    query_order(&q, epoch);
    query_u64(&q, gen);
    return one_blob(&q, ret, err);
}

static pawl_status list_generations(void *self, struct pawl_view tenant, struct pawl_view device,
                                    unsigned dir, store_generation_fn *each, void *arg,
                                    struct pawl_err *err)
{
    LEASE                                                   l = { 0 };
    PAWL_CLEANUP(generation_row_done) struct generation_row g = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_GENERATIONS, "generation");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    query_u64(&q, dir);
    while (query_row(&q)) {
        get_generation(&q, &g);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&g, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status list_downlinks(void *self, struct pawl_view tenant, struct pawl_view device,
                                  uint64_t after_id, size_t limit, store_downlink_fn *each,
                                  void *arg, struct pawl_err *err)
{
    LEASE                                               l = { 0 };
    PAWL_CLEANUP(downlink_row_done) struct downlink_row d = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_DOWNLINKS, "downlink");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    query_order(&q, after_id);
    query_limit(&q, limit);
    while (query_row(&q)) {
        get_downlink(&q, &d);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&d, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status read_downlink_queue(void *self, struct pawl_view tenant, struct pawl_view device,
                                       uint64_t *ret_n, uint64_t *ret_last, struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_DOWNLINK_QUEUE, "downlink");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    if (!query_row(&q))
        return row_absent(&q, err);
    uint64_t n = get_u64(&q);
    uint64_t last = n ? get_order(&q, "id") : 0;
    PAWL_TRY(query_end(&q, err));
    *ret_n = n;
    *ret_last = last;
    return pawl_ok();
}

void ratchet_reads(struct store *ret)
{
    ret->ratchet = read_ratchet;
    ret->generation = read_generation;
    ret->generations = list_generations;
    ret->downlinks = list_downlinks;
    ret->downlink_queue = read_downlink_queue;
}
