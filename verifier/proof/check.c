/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a proof, held against each other.
 *
 * Invariants
 *  1. Nothing of an A1 is used before the AK's signature over it verified.
 *  2. Leaves are attested ones only with the digest that a signed A1 names; others are taken only
 *     where a finding says that the digest differs, and are then never shown as the device's word.
 */
#include "appraise/quote.h"
#include "proof/facts.h"

#include <inttypes.h>

/* ---- quotes --------------------------------------------------------------------------------- */

static pawl_status check_named(const char *where, struct pawl_view named, struct pawl_view own,
                               struct pawl_err *err)
{
    if (pawl_view_equal(named, own))
        return pawl_ok();
    return pawl_fail(err, PAWL_E_FORGED, where, "is not the one that the proof is about");
}

static pawl_status check_quote(const struct proof *p, const struct pawl_name *ak, size_t i,
                               struct proof_facts *f, struct pawl_err *err)
{
    const struct proof_quote *q = &p->quote[i];
    struct believed           b;

    PAWL_TRY(pawl_sha256(q->a1, f->th1[i], err));
    const struct quote_expect want = { .nonce = PAWL_VIEW_OF(f->th1[i]),
                                       .ak_public = p->ak_public,
                                       .any_pcrs = true };
    PAWL_TRY(quote_check(NULL, &want, q->attest, q->signature, &b, err));
    PAWL_TRY(pawl_under(err, "A1", pawl_a1_parse(q->a1, &f->a1[i], err)));
    PAWL_TRY(check_named("A1.device_id", f->a1[i].device_id, p->device_id, err));
    PAWL_TRY(check_named("A1.tenant", f->a1[i].tenant, p->tenant, err));
    PAWL_TRY(check_named("A1.verifier_id", f->a1[i].verifier_id, p->verifier_id, err));
    PAWL_TRY(check_named("A1.ak_name", f->a1[i].ak_name, pawl_name_view(ak), err));
    f->clock[i] = b.clock;
    return pawl_ok();
}

static pawl_status check_quotes(const struct proof *p, struct proof_facts *f, struct pawl_err *err)
{
    static const char *const prefix[PROOF_QUOTES_MAX] = { "quotes[0]", "quotes[1]" };
    struct pawl_tpm_public   ak;
    struct pawl_name         name;

    PAWL_TRY(pawl_under(err, "ak_public", pawl_tpm_public_parse(p->ak_public, &ak, err)));
    PAWL_TRY(pawl_under(err, "ak_public", pawl_tpm_name(&ak, &name, err)));
    for (size_t i = 0; i < p->quote_n; i++)
        PAWL_TRY(pawl_under(err, prefix[i], check_quote(p, &name, i, f, err)));
    return pawl_ok();
}

/* ---- the receipt ---------------------------------------------------------------------------- */

static pawl_status check_receipt(const struct proof *p, struct proof_facts *f, struct pawl_err *err)
{
    if (p->receipt.n == 0)
        return pawl_ok();
    PAWL_TRY(pawl_receipt_parse(p->receipt, &f->receipt, err));
    PAWL_TRY(check_named("receipt.device_id", f->receipt.device_id, p->device_id, err));
    return pawl_sha256(p->receipt, f->receipt_hash, err);
}

/* ---- leaves --------------------------------------------------------------------------------- */

const struct pawl_snd_gen *proof_sent(const struct pawl_a1 *a1, uint64_t epoch, uint32_t gen)
{
    for (size_t i = 0; i < a1->snd.gen_n; i++)
        if (a1->snd.gens[i].epoch == epoch && a1->snd.gens[i].gen == gen)
            return &a1->snd.gens[i];
    return NULL;
}

const struct pawl_rcv_gen *proof_received(const struct pawl_a1 *a1, uint64_t epoch, uint32_t gen)
{
    for (size_t i = 0; i < a1->rcv.gen_n; i++)
        if (a1->rcv.gens[i].epoch == epoch && a1->rcv.gens[i].gen == gen)
            return &a1->rcv.gens[i];
    return NULL;
}

/* What one A1 says of the slots that these leaves claim to be of. */
enum listing { UNLISTED, OTHER_SLOTS, OTHER_DIGEST, ATTESTED };

static unsigned bits_in(struct pawl_view bitmap)
{
    return (unsigned)__builtin_popcountll(pawl_bits_read(bitmap));
}

static pawl_status listing_of(const struct pawl_a1 *a1, const struct proof_leaves *l,
                              enum listing *ret, struct pawl_err *err)
{
    const struct pawl_snd_gen *s = proof_sent(a1, l->epoch, l->gen);
    const struct pawl_rcv_gen *r = proof_received(a1, l->epoch, l->gen);
    struct pawl_view           attested = pawl_view(NULL, 0);
    uint64_t                   first = 0, n = 0;
    uint8_t                    digest[32];

    *ret = UNLISTED;
    if (l->dir == PAWL_UP ? !s : !r)
        return pawl_ok();
    if (l->dir == PAWL_UP) {
        attested = s->digest;
        first = s->first_seq;
        n = s->last_seq >= first && s->last_seq - first + 1 == s->count ? s->count : 0;
    } else {
        attested = r->digest;
        first = r->first_seq;
        n = bits_in(r->bitmap);
    }
    *ret = OTHER_SLOTS;
    if (l->first_seq != first || l->leaves.n / PAWL_LEAF != n)
        return pawl_ok();
    PAWL_TRY(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])l->leaves.p, n, digest, err));
    *ret = pawl_view_equal(PAWL_VIEW_OF(digest), attested) ? ATTESTED : OTHER_DIGEST;
    return pawl_ok();
}

/* A finding says that what came (was sent) of this generation has another digest. */
static bool is_said_to_differ(const struct findings *found, const struct proof_leaves *l)
{
    enum rule rule = l->dir == PAWL_UP ? RULE_E3 : RULE_E7;

    for (size_t i = 0; i < found->n; i++)
        if (found->at[i].rule == rule && found->at[i].seq == 0 && found->at[i].epoch == l->epoch &&
            found->at[i].gen == l->gen)
            return true;
    return false;
}

static pawl_status check_leaves(const struct proof *p, size_t i, struct proof_facts *f,
                                struct pawl_err *err)
{
    const struct proof_leaves *l = &p->leaves[i];
    enum listing               best = UNLISTED, one;

    for (size_t q = 0; q < p->quote_n; q++) {
        PAWL_TRY(listing_of(&f->a1[q], l, &one, err));
        best = one > best ? one : best;
    }
    f->attested[i] = best == ATTESTED;
    if (f->attested[i] || (best == OTHER_DIGEST && is_said_to_differ(&p->found, l)))
        return pawl_ok();
    if (best == OTHER_DIGEST)
        return pawl_fail(err, PAWL_E_FORGED, "leaves",
                         "of generation %" PRIu32 " do not have the digest that A1 attests",
                         l->gen);
    return pawl_fail(err, PAWL_E_FORGED, "leaves",
                     best == UNLISTED ? "no A1 lists generation %" PRIu32 " of epoch %" PRIu64
                                      : "of generation %" PRIu32 " of epoch %" PRIu64
                                        " are not those of the slots that A1 lists",
                     l->gen, l->epoch);
}

pawl_status proof_check(const struct proof *p, struct proof_said *ret, struct pawl_err *err)
{
    struct proof_facts f = { .p = p };
    struct proof_said  said = { 0 };

    PAWL_TRY(check_quotes(p, &f, err));
    PAWL_TRY(check_receipt(p, &f, err));
    for (size_t i = 0; i < p->leaves_n; i++)
        PAWL_TRY(check_leaves(p, i, &f, err));
    PAWL_TRY(proof_judge(&f, &said, err));
    *ret = said;
    return pawl_ok();
}
