/* SPDX-License-Identifier: Apache-2.0 */
/* The reads of incidents behind the port of store.h, and of what goes with them: proofs, the last
 * evidence of a device, the audit chain. */

#include <string.h>

#include "store/sql.h"

static void proof_row_done(struct proof_row *p)
{
    blob_done(&p->bytes);
}

static pawl_status read_incident(void *self, struct pawl_view tenant, struct pawl_view device,
                                 uint64_t epoch, struct incident_row *ret, struct pawl_err *err)
{
    LEASE                                               l = { 0 };
    PAWL_CLEANUP(incident_row_done) struct incident_row i = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_INCIDENT, "incident");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    query_u64(&q, epoch);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_incident(&q, &i);
    PAWL_TRY(query_end(&q, err));
    *ret = i;
    i.slots = (struct blob){ 0 };
    return pawl_ok();
}

static pawl_status list_incidents(void *self, struct pawl_view tenant, struct pawl_view device,
                                  bool open, const struct incident_row *after, size_t limit,
                                  store_incident_fn *each, void *arg, struct pawl_err *err)
{
    static const struct incident_row the_last = { .changed_ms = INT64_MAX };
    enum statement                   of = open ? SQL_INCIDENTS_OPEN_OF : SQL_INCIDENTS_OF;
    enum statement                   of_all = open ? SQL_INCIDENTS_OPEN : SQL_INCIDENTS;
    LEASE                            l = { 0 };
    PAWL_CLEANUP(incident_row_done) struct incident_row i = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    after = after ? after : &the_last;
    QUERY q = query_on(l.c, device.n ? of : of_all, "incident");
    query_text_n(&q, tenant);
    query_u64(&q, (uint64_t)after->changed_ms);
    query_bytes(&q, PAWL_VIEW_OF(after->device));
    query_u64(&q, after->epoch);
    query_limit(&q, limit);
    if (device.n)
        query_bytes(&q, device);
    while (query_row(&q)) {
        get_incident(&q, &i);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&i, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status list_proofs(void *self, struct pawl_view tenant, struct pawl_view device,
                               uint64_t epoch, store_proof_fn *each, void *arg,
                               struct pawl_err *err)
{
    LEASE                                         l = { 0 };
    PAWL_CLEANUP(proof_row_done) struct proof_row p = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_PROOFS, "proof");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    query_u64(&q, epoch);
    while (query_row(&q)) {
        get_proof(&q, &p);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&p, arg, err));
    }
    return query_end(&q, err);
}

static pawl_status read_evidence(void *self, struct pawl_view tenant, struct pawl_view device,
                                 struct blob *ret, struct pawl_err *err)
{
    LEASE                               l = { 0 };
    PAWL_CLEANUP(blob_done) struct blob b = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_EVIDENCE, "evidence");
    query_text_n(&q, tenant);
    query_bytes(&q, device);
    if (!query_row(&q))
        return row_absent(&q, err);
    get_evidence(&q, &b);
    PAWL_TRY(query_end(&q, err));
    *ret = b;
    b = (struct blob){ 0 };
    return pawl_ok();
}

/* ---- the audit chain ------------------------------------------------------------------------ */

static pawl_status list_audit(void *self, struct pawl_view tenant, uint64_t after, size_t limit,
                              store_audit_fn *each, void *arg, struct pawl_err *err)
{
    LEASE            l = { 0 };
    struct audit_row a;

    PAWL_TRY(lease_reader(self, &l, err));
    QUERY q = query_on(l.c, SQL_AUDIT, "audit");
    query_text_n(&q, tenant);
    query_u64(&q, after < INT64_MAX ? after : INT64_MAX);
    query_limit(&q, limit);
    while (query_row(&q)) {
        get_audit(&q, &a);
        PAWL_TRY(query_end(&q, err));
        PAWL_TRY(each(&a, arg, err));
    }
    return query_end(&q, err);
}

pawl_status audit_last(struct connection *c, struct pawl_view tenant, struct audit_head *ret,
                       struct pawl_err *err)
{
    struct audit_head h = { 0 };
    QUERY             q = query_on(c, SQL_AUDIT_HEAD, "audit");

    query_text_n(&q, tenant);
    if (query_row(&q)) {
        h.number = get_max(&q, "number", INT64_MAX);
        get_exact(&q, "hash", h.hash, sizeof(h.hash));
    }
    PAWL_TRY(query_end(&q, err));
    *ret = h;
    return pawl_ok();
}

static pawl_status read_audit_head(void *self, struct pawl_view tenant, struct audit_head *ret,
                                   struct pawl_err *err)
{
    LEASE l = { 0 };

    PAWL_TRY(lease_reader(self, &l, err));
    return audit_last(l.c, tenant, ret, err);
}

void incident_reads(struct store *ret)
{
    ret->incident = read_incident;
    ret->incidents = list_incidents;
    ret->proofs = list_proofs;
    ret->evidence = read_evidence;
    ret->audit = list_audit;
    ret->audit_head = read_audit_head;
}
