/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 4 of evidence: which question its quote answers, whether it answers it, and which PCR values
 * may be believed with it.
 *
 * Invariant: nothing of a quote is used before its signature verified, and no PCR value before its
 * digest was the signed one.
 */

#include "flow/evidence.h"

#include <string.h>

#define ALL_PCRS ((1u << PAWL_PCRS) - 1)

static uint32_t bits_of(const struct pawl_pcr_selection *s, enum pawl_hash hash)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->bank[i].hash == hash)
            return s->bank[i].bits;
    return 0;
}

/* The banks of `all`, each whole or, where the TPM has none, without a bit. */
static bool is_all(const struct pawl_pcr_selection *got, const struct pawl_pcr_selection *all)
{
    if (got->n != all->n)
        return false;
    for (size_t i = 0; i < got->n; i++)
        if (got->bank[i].hash != all->bank[i].hash ||
            (got->bank[i].bits != 0 && got->bank[i].bits != ALL_PCRS))
            return false;
    return true;
}

/* Which of the selections that may be this quote means to be. Where it is none of them, the check
 * against the tenant's set, or against the widest, says so. */
static struct pawl_pcr_selection meant_selection(const struct evidence           *ev,
                                                 const struct pawl_pcr_selection *got,
                                                 bool tenant_set, bool *all)
{
    for (unsigned dropped = 0; dropped < PAWL_PCR_BANKS_MAX; dropped++) {
        struct pawl_pcr_selection s = pawl_pcr_selection_all(dropped);
        *all = is_all(got, &s);
        if (*all)
            return s;
    }
    return tenant_set ? ev->tenant->pcrs : pawl_pcr_selection_all(0);
}

static pawl_status copy_values(const struct pawl_evidence *m, struct pawl_pcr_values *ret,
                               struct pawl_err *err)
{
    if (m->pcr_n > PAWL_PCR_VALUES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "evidence.pcrs", "%zu values", m->pcr_n);
    ret->n = m->pcr_n;
    for (size_t i = 0; i < m->pcr_n; i++) {
        ret->value[i].n = m->pcr[i].n;
        memcpy(ret->value[i].b, m->pcr[i].p, m->pcr[i].n);
    }
    return pawl_ok();
}

/* The values of these PCRs as they were known; false if one of them was not. */
static bool known_values(const struct snapshot *known, const struct pawl_pcr_selection *select,
                         struct pawl_pcr_values *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < select->n; i++)
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            if (!(select->bank[i].bits >> pcr & 1))
                continue;
            const struct pawl_digest *d = pawl_pcr_value(&known->select, &known->values,
                                                         select->bank[i].hash, pcr);
            if (!d)
                return false;
            ret->value[ret->n++] = *d;
        }
    return true;
}

static pawl_status believe_values(const struct evidence *ev, const struct snapshot *known,
                                  struct given_quote *q, struct pawl_err *err)
{
    struct pawl_err ignored;

    if (ev->m.has_pcrs) {
        PAWL_TRY(copy_values(&ev->m, &q->values, err));
        PAWL_TRY(pawl_under(err, "evidence", quote_values_check(&q->b, &q->values, err)));
        q->has_values = true;
        return pawl_ok();
    }
    q->has_values = known && known_values(known, &q->b.pcrs, &q->values) &&
                    pawl_is_ok(quote_values_check(&q->b, &q->values, &ignored));
    return pawl_ok();
}

pawl_status evidence_quote(struct flow *f, const struct evidence *ev, struct pawl_view ak_public,
                           const struct pawl_name *qualified_signer, bool tenant_set,
                           const struct snapshot *known, struct given_quote *ret,
                           struct pawl_err *err)
{
    struct pawl_quote  peeked;
    struct given_quote q = { .os_boot = ev->a1.os_boot,
                             .took_ms = appraise_took_ms(ev->a1.nonce, ev->now_ms) };

    /* The signed selection says by its form which question it answers; it is held against that
     * question, and the signature, before anything else is read from it. */
    PAWL_TRY(pawl_under(err, "quote", pawl_quote_parse(ev->m.attest, &peeked, err)));
    const struct quote_expect want = {
        .nonce = PAWL_VIEW_OF(ev->th1),
        .ak_public = ak_public,
        .qualified_signer = pawl_name_view(qualified_signer),
        .asked = meant_selection(ev, &peeked.pcrs, tenant_set, &q.all),
        .may_lack_banks = true, /* appraise_device holds them against the pinned allocation */
    };
    PAWL_TRY(quote_check(f->p256, &want, ev->m.attest, ev->m.signature, &q.b, err));
    if (q.all && bits_of(&q.b.pcrs, PAWL_SHA256) != ALL_PCRS)
        return pawl_fail(err, PAWL_E_FORGED, "quote.pcrSelect", "sha256 is missing");
    PAWL_TRY(believe_values(ev, known, &q, err));
    *ret = q;
    return pawl_ok();
}
