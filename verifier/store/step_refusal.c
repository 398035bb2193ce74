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
    return query_run(&q, err);
}

static pawl_status forget_oldest(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_REFUSALS_FORGET, "refusal");

    query_text(&q, s->tenant);
    query_u64(&q, REFUSAL_ROWS_MAX);
    return query_run(&q, err);
}

pawl_status put_refusal_rows(struct connection *c, const struct step *s, struct pawl_err *err)
{
    for (size_t i = 0; i < s->refusal_n; i++)
        PAWL_TRY(put_refusal(c, s, &s->refusal[i], err));
    return s->refusal_n ? forget_oldest(c, s, err) : pawl_ok();
}
