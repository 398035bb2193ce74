/* SPDX-License-Identifier: Apache-2.0 */
/* The reads of credentials behind the port of store.h. */

#include "store/sql.h"

static void get_credential(struct query *q, struct credential *ret)
{
    *ret = (struct credential){ 0 };
    get_text(q, "name", ret->name, sizeof(ret->name));
    get_text(q, "tenant", ret->tenant, sizeof(ret->tenant));
    ret->role = (enum role)get_max(q, "role", ROLE_COUNT - 1);
    ret->kind = (enum credential_kind)get_max(q, "kind", CREDENTIAL_KIND_COUNT - 1);
    get_exact(q, "sha256", ret->sha256, sizeof(ret->sha256));
    get_text(q, "labels", ret->labels, sizeof(ret->labels));
    get_text(q, "author", ret->author, sizeof(ret->author));
    ret->created_s = (int64_t)get_u64(q);
    ret->expires_s = (int64_t)get_u64(q);
}

static pawl_status read_credential(void *self, struct pawl_view sha256, struct credential *ret,
                                   struct pawl_err *err)
{
    LEASE             l = { 0 };
    struct credential c;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_CREDENTIAL, "credential");
    query_bytes(&q, sha256);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_credential(&q, &c);
    PAWL_TRY(query_end(&q, err));
    *ret = c;
    return pawl_ok();
}

static pawl_status list_credentials(void *self, store_credential_fn *each, void *arg,
                                    struct pawl_err *err)
{
    LEASE             l = { 0 };
    struct credential c;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_CREDENTIALS, "credential");
    while (query_row(&q)) {
        get_credential(&q, &c);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&c, arg, err));
    }
    return query_end(&q, err);
}

void access_reads(struct store *ret)
{
    ret->credential = read_credential;
    ret->credentials = list_credentials;
}
