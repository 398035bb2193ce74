/* SPDX-License-Identifier: Apache-2.0 */
/* E3: what came in the device's name, against what the device attests that it sent. */
#include "proof/facts.h"

#include <inttypes.h>

/* Attested leaves of the generation that hold this slot; NULL. */
static const struct proof_leaves *leaves_with(const struct proof_facts  *f,
                                              const struct finding_slot *s)
{
    for (size_t i = 0; i < f->p->leaves_n; i++) {
        const struct proof_leaves *l = &f->p->leaves[i];
        if (f->attested[i] && l->dir == PAWL_UP && l->epoch == s->epoch && l->gen == s->gen &&
            s->seq >= l->first_seq && s->seq - l->first_seq < l->leaves.n / PAWL_LEAF)
            return l;
    }
    return NULL;
}

static pawl_status judge_leaf(const struct proof_leaves *l, const struct finding_slot *s,
                              struct proof_said *ret, struct pawl_err *err)
{
    const uint8_t *leaf = l->leaves.p + (size_t)(s->seq - l->first_seq) * PAWL_LEAF;

    if (s->has_attested && memcmp(s->attested, leaf, PAWL_LEAF) != 0)
        return pawl_fail(err, PAWL_E_FORGED, "finding.attested",
                         "of slot %" PRIu64 " is not in the attested leaves", s->seq);
    if (!s->has_received) {
        proof_say(ret, PROOF_VERIFIER,
                  "Message %" PRIu64
                  ": the verifier says that it received another one than the device "
                  "attests; it does not show which.",
                  s->seq);
        return pawl_ok();
    }
    if (memcmp(s->received, leaf, PAWL_LEAF) == 0)
        return pawl_fail(err, PAWL_E_FORGED, "finding.received",
                         "of slot %" PRIu64 " is what the device attests", s->seq);
    proof_say(ret, PROOF_AK,
              "Message %" PRIu64
              ": the device's TPM attests another one than the verifier received. The "
              "device did not send what came.",
              s->seq);
    return pawl_ok();
}

static bool is_in(const struct pawl_snd_gen *g, uint64_t seq)
{
    return seq >= g->first_seq && seq <= g->last_seq;
}

static const struct pawl_snd_gen *listed_with(const struct pawl_snd *snd, uint64_t seq)
{
    for (size_t i = 0; i < snd->gen_n; i++)
        if (is_in(&snd->gens[i], seq))
            return &snd->gens[i];
    return NULL;
}

static bool is_unknown(const struct pawl_snd *snd, uint64_t seq)
{
    for (size_t i = 0; i < snd->unknown_n; i++)
        if (seq >= snd->unknown[i].lo && seq <= snd->unknown[i].hi)
            return true;
    return false;
}

/* P-TR-4: a slot below seq_hi that is in no listed generation, in no unknown range and in none that
 * a receipt covered was never sent. No receipt covered one while A1 names none and the log reaches
 * back to the slot. */
static bool may_be_covered(const struct pawl_a1 *a1, uint64_t seq)
{
    if (a1->receipt.receipt.n)
        return true;
    for (size_t i = 0; i < a1->snd.gen_n; i++)
        if (a1->snd.gens[i].first_seq <= seq)
            return false;
    return true;
}

/* An unknown range is listed until a quote that named it was answered; one A1 alone cannot show
 * that there was none before. */
#define UNLESS " (unless an earlier quote called it unknown)"

/* A generation is 64 consecutive slots at most .. */
static bool is_beyond(const struct pawl_snd_gen *own, uint64_t seq)
{
    return seq < own->first_seq || seq - own->first_seq >= PAWL_GEN_MESSAGES;
}

/* .. and grows at its end only, where the device is. */
static bool may_still_be(const struct pawl_a1 *a1, const struct pawl_snd_gen *own, uint64_t seq)
{
    return seq > a1->snd.seq_hi && (!own || !is_beyond(own, seq));
}

/* A slot that A1 lists. */
static void judge_listed(const struct pawl_snd_gen *any, const struct finding_slot *s,
                         struct proof_said *ret)
{
    if (any->epoch == s->epoch && any->gen == s->gen)
        proof_say(ret, PROOF_VERIFIER,
                  "Message %" PRIu64
                  ": the verifier says that it received another one than the device "
                  "attests; what the device sent is not in this file.",
                  s->seq);
    else
        proof_say(ret, PROOF_AK,
                  "Message %" PRIu64 ": what came claims generation %" PRIu32 " of epoch %" PRIu64
                  "; the device's TPM attests this number in generation %" PRIu32
                  " of epoch %" PRIu64 ".",
                  s->seq, s->gen, s->epoch, any->gen, any->epoch);
}

/* One that it does not list. */
static void judge_unlisted(const struct pawl_a1 *a1, const struct finding_slot *s,
                           struct proof_said *ret)
{
    const struct pawl_snd_gen *own = proof_sent(a1, s->epoch, s->gen);

    if (may_still_be(a1, own, s->seq))
        proof_say(ret, PROOF_NOTHING,
                  "Message %" PRIu64
                  ": lies above what the device attests; the quote says nothing.",
                  s->seq);
    else if (is_unknown(&a1->snd, s->seq))
        proof_say(ret, PROOF_NOTHING,
                  "Message %" PRIu64
                  ": the device does not know whether it sent it; the quote says "
                  "nothing.",
                  s->seq);
    else if (own)
        proof_say(ret, PROOF_AK,
                  "Message %" PRIu64 ": the device's TPM attests numbers %" PRIu64 " to %" PRIu64
                  " of that generation, and not this one%s.",
                  s->seq, own->first_seq, own->last_seq, is_beyond(own, s->seq) ? "" : UNLESS);
    else if (may_be_covered(a1, s->seq))
        proof_say(ret, PROOF_VERIFIER,
                  "Message %" PRIu64
                  ": the device's list does not have it. Only the verifier can say "
                  "that no receipt had taken it off the list.",
                  s->seq);
    else
        proof_say(ret, PROOF_AK,
                  "Message %" PRIu64 ": the device's TPM attests that the device never sent it%s.",
                  s->seq, UNLESS);
}

static void judge_slot(const struct pawl_a1 *a1, const struct finding_slot *s,
                       struct proof_said *ret)
{
    const struct pawl_snd_gen *any = listed_with(&a1->snd, s->seq);

    if (any)
        judge_listed(any, s, ret);
    else
        judge_unlisted(a1, s, ret);
}

/* What came of a generation, whole, has another digest: which message it is nobody says yet. */
static void judge_digest(const struct proof_facts *f, const struct finding_slot *s,
                         struct proof_said *ret)
{
    for (size_t i = 0; i < f->p->leaves_n; i++) {
        const struct proof_leaves *l = &f->p->leaves[i];
        if (f->attested[i] || l->dir != PAWL_UP || l->epoch != s->epoch || l->gen != s->gen)
            continue;
        proof_say(ret, PROOF_AK,
                  "Messages %" PRIu64 " to %" PRIu64
                  ": one of those received or more is not what the "
                  "device's TPM attests.",
                  l->first_seq, l->first_seq + l->leaves.n / PAWL_LEAF - 1);
        return;
    }
    proof_say(ret, PROOF_VERIFIER,
              "Generation %" PRIu32 " of epoch %" PRIu64
              ": the verifier says that what it received has "
              "another digest than the device attests.",
              s->gen, s->epoch);
}

pawl_status proof_judge_sent(const struct proof_facts *f, const struct finding_slot *s,
                             struct proof_said *ret, struct pawl_err *err)
{
    const struct proof_leaves *l = leaves_with(f, s);

    if (s->seq == 0)
        judge_digest(f, s, ret);
    else if (l)
        return judge_leaf(l, s, ret, err);
    else if (f->p->quote_n)
        judge_slot(&f->a1[f->p->quote_n - 1], s, ret);
    else
        proof_say(ret, PROOF_VERIFIER,
                  "Message %" PRIu64
                  ": the verifier says that the device did not send it; no quote is "
                  "shown.",
                  s->seq);
    return pawl_ok();
}
