/* SPDX-License-Identifier: Apache-2.0 */
/* The refusals of a step: each adds to what is known of its subject and code, and what is too much
 * goes, the oldest first. */

#include "store/sql.h"

static pawl_status put_refusal(struct connection *c, const struct step *s,
                               const struct refusal_row *r, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_REFUSAL_PUT, "refusal");

    query_text(&q, s->tenant);
    query_text(&q, r->subject);
    query_text(&q, r->code);
    query_text(&q, r->serial);
    query_text(&q, r->address);
    query_u64(&q, (uint64_t)r->first_s);
    query_u64(&q, (uint64_t)r->last_s);
    query_u64(&q, r->count);
    query_u64(&q, r->status);
    query_text(&q, r->requests);
    query_text(&q, r->detail);
    query_u64(&q, r->net);
    return query_run(&q, err);
}

static pawl_status forget_oldest(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_REFUSALS_FORGET, "refusal");

    query_text(&q, s->tenant);
    query_u64(&q, REFUSAL_ROWS_MAX);
    return query_run(&q, err);
}

/* Once for each network of the step. */
static pawl_status forget_oldest_of(struct connection *c, const struct step *s, size_t i,
                                    struct pawl_err *err)
{
    uint64_t net = s->refusal[i].net;

    for (size_t k = 0; k < i; k++)
        if (s->refusal[k].net == net)
            return pawl_ok();
    if (!net)
        return pawl_ok();
    QUERY q = query_on(c, SQL_REFUSALS_FORGET_OF, "refusal");

    query_text(&q, s->tenant);
    query_u64(&q, REFUSAL_SHARE_MAX);
    query_u64(&q, net);
    return query_run(&q, err);
}

pawl_status put_refusal_rows(struct connection *c, const struct step *s, struct pawl_err *err)
{
    for (size_t i = 0; i < s->refusal_n; i++)
        PAWL_TRY(put_refusal(c, s, &s->refusal[i], err));
    for (size_t i = 0; i < s->refusal_n; i++)
        PAWL_TRY(forget_oldest_of(c, s, i, err));
    return s->refusal_n ? forget_oldest(c, s, err) : pawl_ok();
}
