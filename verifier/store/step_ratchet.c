/* SPDX-License-Identifier: Apache-2.0 */
/* What a step changes in the rows of the ratchet and in the feed. A batch of messages is one row of
 * ratchet, one or two of generation and one of segment. */

#include "store/sql.h"

pawl_status put_ratchet_row(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, s->device.version ? SQL_RATCHET_UPDATE : SQL_RATCHET_INSERT, "device");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_u64(&q, s->device.version);
    query_u64(&q, (uint64_t)s->device.seen_s);
    if (s->ratchet.n)
        query_bytes(&q, pawl_view(s->ratchet.p, s->ratchet.n));
    else
        query_null(&q);
    return query_run_one(&q, "the row has moved on", err);
}

static pawl_status put_generation(struct connection *c, const struct step *s,
                                  const struct generation_row *g, struct pawl_err *err)
{
    QUERY q = query_on(c, g->gone ? SQL_GENERATION_DELETE : SQL_GENERATION_PUT, "generation");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_u64(&q, g->dir);
    query_order(&q, g->epoch);
    query_u64(&q, g->gen);
    if (!g->gone)
        query_bytes(&q, pawl_view(g->bytes.p, g->bytes.n));
    return query_run(&q, err);
}

static pawl_status put_segment_row(struct connection *c, const struct step *s,
                                   const struct segment_row *row, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_SEGMENT_INSERT, "segment");

    query_text(&q, s->tenant);
    put_segment(&q, row);
    return query_run(&q, err);
}

/* Two that were queued at once may have chosen the same id: the second one chooses again. */
static pawl_status put_downlink(struct connection *c, const struct step *s,
                                const struct downlink_row *d, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_DOWNLINK_PUT, "downlink");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(d->device));
    query_order(&q, d->id);
    query_u64(&q, (uint64_t)d->created_ms);
    query_u64(&q, d->seq);
    query_u64(&q, (uint64_t)d->sent_ms);
    query_bytes(&q, pawl_view(d->body.p, d->body.n));
    return query_run_one(&q, "the id is taken", err);
}

static pawl_status delete_downlink(struct connection *c, const struct step *s, uint64_t id,
                                   struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_DOWNLINK_DELETE, "downlink");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(s->device.id));
    query_order(&q, id);
    return query_run(&q, err);
}

pawl_status put_message_rows(struct connection *c, const struct step *s, struct pawl_err *err)
{
    for (size_t i = 0; i < s->generation_n; i++)
        PAWL_TRY(put_generation(c, s, &s->generation[i], err));
    for (size_t i = 0; i < s->segment_n; i++)
        PAWL_TRY(put_segment_row(c, s, &s->segment[i], err));
    for (size_t i = 0; i < s->delivered_n; i++)
        PAWL_TRY(delete_downlink(c, s, s->delivered[i], err));
    for (size_t i = 0; i < s->downlink_n; i++)
        PAWL_TRY(put_downlink(c, s, &s->downlink[i], err));
    return pawl_ok();
}
