/* SPDX-License-Identifier: Apache-2.0 */
/* A step's consumer of the feed, and what waits of it. */

#include "store/sql.h"

/* Whoever read another version lost: what comes with it is not written either. */
static const char moved_on[] = "the consumer has moved on";

static pawl_status insert_consumer(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_CONSUMER_INSERT, "consumer");

    query_text(&q, s->tenant);
    query_text(&q, s->consumer.name);
    query_text(&q, s->consumer.cursor);
    query_text(&q, s->consumer.holder);
    query_u64(&q, (uint64_t)s->consumer.until_s);
    return query_run_one(&q, moved_on, err);
}

static pawl_status update_consumer(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_CONSUMER_UPDATE, "consumer");

    query_text(&q, s->tenant);
    query_text(&q, s->consumer.name);
    query_u64(&q, s->consumer.version);
    query_text(&q, s->consumer.cursor);
    query_text(&q, s->consumer.holder);
    query_u64(&q, (uint64_t)s->consumer.until_s);
    return query_run_one(&q, moved_on, err);
}

static pawl_status put_parked(struct connection *c, const struct step *s, struct pawl_err *err)
{
    const struct parked_row *p = &s->parked;
    QUERY                    q = query_on(c, SQL_PARKED_PUT, "parked");

    query_text(&q, s->tenant);
    query_text(&q, s->consumer.name);
    query_bytes(&q, PAWL_VIEW_OF(p->device));
    query_text(&q, p->cursor);
    query_text(&q, p->first);
    query_u64(&q, p->tries);
    query_u64(&q, (uint64_t)p->next_s);
    return query_run(&q, err);
}

static pawl_status delete_parked(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_PARKED_DELETE, "parked");

    query_text(&q, s->tenant);
    query_text(&q, s->consumer.name);
    query_bytes(&q, PAWL_VIEW_OF(s->parked.device));
    return query_run(&q, err);
}

pawl_status put_consumer_rows(struct connection *c, const struct step *s, struct pawl_err *err)
{
    if (!s->has_consumer)
        return pawl_ok();
    PAWL_TRY(s->consumer.version ? update_consumer(c, s, err) : insert_consumer(c, s, err));
    if (!s->has_parked)
        return pawl_ok();
    return s->parked.gone ? delete_parked(c, s, err) : put_parked(c, s, err);
}
