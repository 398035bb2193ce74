/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are wrapped anew. Whoever else wrote them since they were read has the last word. */

#include "store/sql.h"

static const struct {
    enum statement statement;
    const char    *table;
} of[REWRAPPED_COUNT] = {
    [REWRAPPED_TOKEN] = { SQL_TOKEN_REWRAP, "token" },
    [REWRAPPED_RATCHET] = { SQL_RATCHET_REWRAP, "ratchet" },
    [REWRAPPED_GENERATION] = { SQL_GENERATION_REWRAP, "generation" },
    [REWRAPPED_DOWNLINK] = { SQL_DOWNLINK_REWRAP, "downlink" },
    [REWRAPPED_SEGMENT] = { SQL_SEGMENT_REWRAP, "segment" },
};

static void put_key(struct query *q, const struct rewrapped_row *r)
{
    if (r->what == REWRAPPED_TOKEN)
        query_bytes(q, PAWL_VIEW_OF(r->token));
    else if (r->what == REWRAPPED_SEGMENT)
        query_u64(q, r->number);
    else
        query_bytes(q, PAWL_VIEW_OF(r->device));
    if (r->what == REWRAPPED_DOWNLINK)
        query_order(q, r->number);
    if (r->what == REWRAPPED_GENERATION) {
        query_u64(q, r->dir);
        query_order(q, r->epoch);
        query_u64(q, r->gen);
    }
}

static pawl_status put_rewrapped(struct connection *c, const struct step *s,
                                 const struct rewrapped_row *r, struct pawl_err *err)
{
    QUERY q = query_on(c, of[r->what].statement, of[r->what].table);

    query_text(&q, s->tenant);
    put_key(&q, r);
    query_bytes(&q, pawl_view(r->was.p, r->was.n));
    query_bytes(&q, pawl_view(r->is.p, r->is.n));
    return r->what == REWRAPPED_RATCHET ? query_run_one(&q, "the row has moved on", err)
                                        : query_run(&q, err);
}

pawl_status put_rewrapped_rows(struct connection *c, const struct step *s, struct pawl_err *err)
{
    for (size_t i = 0; i < s->rewrapped_n; i++)
        PAWL_TRY(put_rewrapped(c, s, &s->rewrapped[i], err));
    return pawl_ok();
}
