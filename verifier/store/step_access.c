/* SPDX-License-Identifier: Apache-2.0 */
/* What a step writes of access: a credential that comes or goes, a token that ends. */

#include "store/sql.h"

static pawl_status put_credential(struct connection *c, const struct credential *row,
                                  struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_CREDENTIAL_INSERT, "credential");

    query_text(&q, row->name);
    query_text(&q, row->tenant);
    query_u64(&q, row->role);
    query_u64(&q, row->kind);
    query_bytes(&q, PAWL_VIEW_OF(row->sha256));
    query_text(&q, row->labels);
    query_text(&q, row->author);
    query_u64(&q, (uint64_t)row->created_s);
    query_u64(&q, (uint64_t)row->expires_s);
    return query_run(&q, err);
}

static pawl_status drop_credential(struct connection *c, const char *name, struct pawl_err *err)
{
    QUERY    q = query_on(c, SQL_CREDENTIAL_DELETE, "credential");
    uint64_t n;

    query_text(&q, name);
    PAWL_TRY(query_run_count(&q, &n, err));
    return n ? pawl_ok() : row_absent(&q, err);
}

/* Its row stays: who used it is written there, and devices are under way with it. */
static pawl_status end_token(struct connection *c, const struct token *t, struct pawl_err *err)
{
    QUERY    q = query_on(c, SQL_TOKEN_END, "token");
    uint64_t n;

    query_text(&q, t->tenant);
    query_bytes(&q, PAWL_VIEW_OF(t->id));
    query_u64(&q, (uint64_t)t->expires_s);
    PAWL_TRY(query_run_count(&q, &n, err));
    return n ? pawl_ok() : row_absent(&q, err);
}

pawl_status put_access_rows(struct connection *c, const struct step *s, struct pawl_err *err)
{
    if (s->has_credential)
        PAWL_TRY(put_credential(c, &s->credential, err));
    if (s->drops_credential)
        PAWL_TRY(drop_credential(c, s->credential.name, err));
    if (s->ends_token)
        PAWL_TRY(end_token(c, &s->token, err));
    return pawl_ok();
}
