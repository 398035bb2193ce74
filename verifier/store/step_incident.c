/* SPDX-License-Identifier: Apache-2.0 */
/* What a step writes of incidents: their rows, proofs, entries of the audit chain, and the evidence
 * that later proofs begin with.
 *
 * Numbers and hashes of the chain are given here, inside of the transaction, behind what stands in
 * the table at that moment: the steps of one group commit follow each other, and one that is rolled
 * back leaves no gap. */

#include <string.h>

#include "audit.h"
#include "store/sql.h"

static pawl_status put_incident_row(struct connection *c, const struct step *s,
                                    const struct incident_row *i, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_INCIDENT_PUT, "incident");

    query_text(&q, s->tenant);
    put_incident(&q, i);
    return query_run(&q, err);
}

static pawl_status put_proof(struct connection *c, const struct step *s, const struct proof_row *p,
                             struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_PROOF_INSERT, "proof");

    query_text(&q, s->tenant);
    query_bytes(&q, PAWL_VIEW_OF(p->device));
    query_u64(&q, p->epoch);
    query_u64(&q, (uint64_t)p->time_ms);
    query_bytes(&q, pawl_view(p->bytes.p, p->bytes.n));
    return query_run(&q, err);
}

/* Until the transaction ends nobody else appends. */
static pawl_status lock_audit(struct connection *c, const struct step *s, struct pawl_err *err)
{
    QUERY q = query_on(c, SQL_AUDIT_LOCK, "audit");

    query_text(&q, s->tenant);
    return query_run(&q, err);
}

static pawl_status put_audit(struct connection *c, const struct step *s,
                             const struct audit_row *entry, struct pawl_err *err)
{
    struct audit_row  a = *entry;
    struct audit_head before, after;

    PAWL_TRY(lock_audit(c, s, err));
    PAWL_TRY(audit_last(c, pawl_view_str(s->tenant), &before, err));
    a.number = before.number + 1;
    PAWL_TRY(audit_next(&before, &a, &after, err));

    QUERY q = query_on(c, SQL_AUDIT_INSERT, "audit");
    query_text(&q, s->tenant);
    query_u64(&q, after.number);
    query_u64(&q, (uint64_t)a.time_ms);
    query_bytes(&q, PAWL_VIEW_OF(a.device));
    query_text(&q, a.line);
    query_bytes(&q, PAWL_VIEW_OF(after.hash));
    return query_run(&q, err);
}

pawl_status put_incident_rows(struct connection *c, const struct step *s, struct pawl_err *err)
{
    for (size_t i = 0; i < s->incident_n; i++)
        PAWL_TRY(put_incident_row(c, s, &s->incident[i], err));
    for (size_t i = 0; i < s->proof_n; i++)
        PAWL_TRY(put_proof(c, s, &s->proof[i], err));
    for (size_t i = 0; i < s->audit_n; i++)
        PAWL_TRY(put_audit(c, s, &s->audit[i], err));
    if (s->evidence.n)
        PAWL_TRY(put_evidence_row(c, s, err));
    return pawl_ok();
}
