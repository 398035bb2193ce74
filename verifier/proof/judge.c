/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a proof proves, rule by rule, said to people.
 *
 * The question is always the same: does the device's own TPM contradict what the verifier says that
 * it received (sent), or itself? Then nobody but the holder of that TPM can have made the
 * contradiction, and the strength is PROOF_AK. Whatever else is told is the verifier's word. Who
 * reads a proof thus has to believe of the verifier no more than its sentences name.
 *
 * Every quote, every leaf and the receipt were checked before (check.c).
 */
#include "proof/facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "appraise/quote.h"

const char *proof_strength_name(enum proof_strength s)
{
    static const char *const names[] = { "nothing", "verifier", "device-tpm" };

    return names[(unsigned)s <= PROOF_AK ? s : PROOF_NOTHING];
}

/* The last place is kept for saying that there are more. */
void proof_say(struct proof_said *s, enum proof_strength strength, const char *fmt, ...)
{
    va_list ap;

    if (strength > s->strength)
        s->strength = strength;
    if (s->n >= PROOF_SAY_MAX - 1) {
        snprintf(s->line[PROOF_SAY_MAX - 1], sizeof(s->line[0]), "There are more findings.");
        s->n = PROOF_SAY_MAX;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(s->line[s->n++], sizeof(s->line[0]), fmt, ap);
    va_end(ap);
}

/* ---- E4: the device denies our receipt ------------------------------------------------------- */

static bool is_denied(const struct pawl_receipt_verdict *v, const struct finding_slot *s)
{
    for (size_t i = 0; i < v->pair_n; i++)
        if (v->pair[i].epoch == s->epoch && v->pair[i].gen == s->gen)
            return true;
    return false;
}

static bool is_claimed(const struct pawl_receipt *r, const struct finding_slot *s)
{
    for (size_t i = 0; i < r->gen_n; i++)
        if (r->gens[i].epoch == s->epoch && r->gens[i].gen == s->gen)
            return true;
    return false;
}

static void judge_e4(const struct proof_facts *f, const struct finding_slot *s,
                     struct proof_said *ret)
{
    const struct pawl_a1              *a1 = f->p->quote_n ? &f->a1[f->p->quote_n - 1] : NULL;
    const struct pawl_receipt_verdict *v = a1 ? &a1->receipt : NULL;

    if (!v || v->verdict < 2)
        proof_say(ret, v ? PROOF_NOTHING : PROOF_VERIFIER, "%s",
                  v ? "The device denies no receipt in this quote."
                    : "The verifier says that the device denied its receipt; no quote is shown.");
    else if (f->p->receipt.n == 0 || !pawl_view_equal(v->receipt, PAWL_VIEW_OF(f->receipt_hash)))
        proof_say(
            ret, PROOF_VERIFIER,
            "The device's TPM denies a receipt of the verifier's. Which one is the verifier's "
            "word: "
            "it is not in this file.");
    else if (v->verdict == 3 && s->seq && f->receipt.seq_hi == v->ahead_seq)
        proof_say(ret, PROOF_AK,
                  "The verifier received message %" PRIu64
                  ", by its receipt; the device's TPM attests "
                  "that the device had not come that far.",
                  f->receipt.seq_hi);
    else if (is_denied(v, s) && is_claimed(&f->receipt, s))
        proof_say(ret, PROOF_AK,
                  "Generation %" PRIu32 " of epoch %" PRIu64
                  ": the device's TPM denies what the verifier "
                  "received, by its receipt. Somebody else sent some of it.",
                  s->gen, s->epoch);
    else if (v->pair_n == 0 && v->verdict == 2)
        proof_say(ret, PROOF_AK,
                  "The verifier received message %" PRIu64
                  ", by its receipt; the device's TPM denies "
                  "that the device sent it.",
                  f->receipt.seq_hi);
    else
        proof_say(ret, PROOF_NOTHING,
                  "Generation %" PRIu32 " of epoch %" PRIu64 ": the device does not deny it.",
                  s->gen, s->epoch);
}

/* ---- E7: the device received what we did not send -------------------------------------------- */

static bool names_slot(const struct pawl_rcv_gen *g, uint64_t seq)
{
    return g && seq >= g->first_seq && seq - g->first_seq < PAWL_GEN_MESSAGES &&
           (pawl_bits_read(g->bitmap) >> (seq - g->first_seq) & 1);
}

static bool differs_down(const struct proof_facts *f, const struct finding_slot *s)
{
    for (size_t i = 0; i < f->p->leaves_n; i++) {
        const struct proof_leaves *l = &f->p->leaves[i];
        if (!f->attested[i] && l->dir == PAWL_DOWN && l->epoch == s->epoch && l->gen == s->gen)
            return true;
    }
    return false;
}

static void judge_e7(const struct proof_facts *f, const struct finding_slot *s,
                     struct proof_said *ret)
{
    const struct pawl_a1 *a1 = f->p->quote_n ? &f->a1[f->p->quote_n - 1] : NULL;

    if (!a1)
        proof_say(
            ret, PROOF_VERIFIER,
            "The verifier says that the device received what it did not send; no quote is shown.");
    else if (s->seq && names_slot(proof_received(a1, s->epoch, s->gen), s->seq))
        proof_say(ret, PROOF_AK,
                  "Message %" PRIu64
                  " to the device: its TPM attests that it received one; the verifier "
                  "says that it sent none.",
                  s->seq);
    else if (s->seq && s->seq <= a1->rcv.seq_hi)
        proof_say(ret, PROOF_AK,
                  "The device's TPM attests that messages up to %" PRIu64
                  " came to it; the verifier "
                  "says that it had not sent that many.",
                  a1->rcv.seq_hi);
    else if (!s->seq && differs_down(f, s))
        proof_say(ret, PROOF_AK,
                  "Generation %" PRIu32 " of epoch %" PRIu64
                  " to the device: its TPM attests other "
                  "messages than the verifier sent.",
                  s->gen, s->epoch);
    else if (!s->seq && proof_received(a1, s->epoch, s->gen))
        proof_say(ret, PROOF_VERIFIER,
                  "Generation %" PRIu32 " of epoch %" PRIu64
                  " to the device: the verifier says that it "
                  "sent other messages; it does not show them.",
                  s->gen, s->epoch);
    else
        proof_say(ret, PROOF_NOTHING,
                  "Message %" PRIu64 " to the device: the quote does not name it.", s->seq);
}

/* ---- E1, E2: what only the verifier saw ------------------------------------------------------ */

static pawl_status judge_e1(const struct finding_slot *s, struct proof_said *ret,
                            struct pawl_err *err)
{
    if (s->has_received && s->has_attested && memcmp(s->received, s->attested, PAWL_LEAF) == 0)
        return pawl_fail(err, PAWL_E_FORGED, "finding.attested",
                         "of slot %" PRIu64 " is what was received", s->seq);
    proof_say(ret, PROOF_VERIFIER,
              "Message %" PRIu64
              ": the verifier says that it received two of this number, both under "
              "the device's keys.",
              s->seq);
    return pawl_ok();
}

static void judge_e2(const struct finding_slot *s, struct proof_said *ret)
{
    proof_say(ret, PROOF_VERIFIER,
              "Message %" PRIu64 ": the verifier says that it came under keys (epoch %" PRIu64
              ", generation %" PRIu32 ") that the device had left by then.",
              s->seq, s->epoch, s->gen);
}

/* ---- E5, E6: two quotes of one device -------------------------------------------------------- */

/* Epochs and attempts rise for as long as a device keeps its state: one base shows that it did. A
 * verifier that lies may have let it begin anew, which no quote tells. */
static void say_unless_anew(struct proof_said *ret)
{
    proof_say(ret, PROOF_NOTHING,
              "That the device was not enrolled anew between them is the verifier's word.");
}

static bool same_base(const struct pawl_a1 *a, const struct pawl_a1 *b)
{
    return a->base_epoch && a->base_epoch == b->base_epoch &&
           pawl_view_equal(a->base_kid, b->base_kid);
}

/* By the TPM's own clock, never by who came first. */
static bool is_older_base_later(const struct proof_facts *f)
{
    bool   second_is_later = clock_went_back(&f->clock[1], &f->clock[0]);
    bool   first_is_later = clock_went_back(&f->clock[0], &f->clock[1]);
    size_t late = second_is_later ? 1 : 0;

    return (second_is_later || first_is_later) && f->a1[late].base_epoch &&
           f->a1[late].base_epoch < f->a1[1 - late].base_epoch;
}

static void judge_e5(const struct proof_facts *f, struct proof_said *ret)
{
    const struct pawl_a1 *a = &f->a1[0], *b = &f->a1[1];

    if (f->p->quote_n < 2)
        proof_say(
            ret, PROOF_VERIFIER,
            "The verifier says that two copies of this device are in use; it does not show the "
            "quotes of both.");
    else if (pawl_view_equal(PAWL_VIEW_OF(f->th1[0]), PAWL_VIEW_OF(f->th1[1])))
        proof_say(ret, PROOF_NOTHING, "Both quotes are of one request: that is no second copy.");
    else if (same_base(a, b) && a->attempt == b->attempt)
        proof_say(ret, PROOF_AK,
                  "The device's TPM signed two requests under one number (%" PRIu64
                  "), on the same keys "
                  "(epoch %" PRIu64 "): its state exists twice.",
                  a->attempt, a->base_epoch);
    else if (a->base_epoch && a->base_epoch == b->base_epoch && !same_base(a, b)) {
        proof_say(ret, PROOF_AK,
                  "The device's TPM signed requests on two different keys of one epoch (%" PRIu64
                  "): its state exists twice.",
                  a->base_epoch);
        say_unless_anew(ret);
    } else if (is_older_base_later(f)) {
        proof_say(ret, PROOF_AK,
                  "The device's TPM signed a request on keys of epoch %" PRIu64
                  " after one on those of "
                  "epoch %" PRIu64 ": an old copy of its state is in use.",
                  a->base_epoch < b->base_epoch ? a->base_epoch : b->base_epoch,
                  a->base_epoch < b->base_epoch ? b->base_epoch : a->base_epoch);
        say_unless_anew(ret);
    } else
        proof_say(ret, PROOF_VERIFIER,
                  "The verifier says that two copies of this device take turns. The quotes are of "
                  "attempts %" PRIu64 " and %" PRIu64 "; alone they do not show it.",
                  a->attempt, b->attempt);
}

static void say_clock(const struct pawl_clock *c, char ret[96])
{
    snprintf(ret, 96, "%" PRIu32 " resets, %" PRIu32 " restarts, %" PRIu64 " ms", c->resets,
             c->restarts, c->clock_ms);
}

/* By attempts, which only rise; without that the two quotes might just stand in the wrong order. A
 * device that lost its state begins again with small ones, on no base at first (P-DEV-7). */
static bool is_in_order(const struct pawl_a1 *a, const struct pawl_a1 *b)
{
    return b->attempt > a->attempt && a->base_epoch &&
           (!b->base_epoch || b->base_epoch >= a->base_epoch);
}

static void judge_e6(const struct proof_facts *f, struct proof_said *ret)
{
    char before[96], after[96];

    if (f->p->quote_n < 2) {
        proof_say(
            ret, PROOF_VERIFIER,
            "The verifier says that the device's TPM went back; it does not show both quotes.");
        return;
    }
    if (!clock_went_back(&f->clock[0], &f->clock[1])) {
        proof_say(ret, PROOF_NOTHING,
                  "The TPM's clock does not go back from one quote to the other.");
        return;
    }
    say_clock(&f->clock[0], before);
    say_clock(&f->clock[1], after);
    if (!is_in_order(&f->a1[0], &f->a1[1])) {
        proof_say(ret, PROOF_VERIFIER,
                  "The verifier says that the quote at %s came first, and that at %s later.",
                  before, after);
        return;
    }
    proof_say(ret, PROOF_AK,
              "The device's TPM went back: attempt %" PRIu64 " at %s; later attempt %" PRIu64
              " at %s.",
              f->a1[0].attempt, before, f->a1[1].attempt, after);
    if (!same_base(&f->a1[0], &f->a1[1]))
        say_unless_anew(ret);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void introduce(const struct proof_facts *f, struct proof_said *ret)
{
    const enum incident_kind kind = incident_kind_of(f->p->rule);
    char                     device[2 * 8 + 1];
    struct pawl_err          ignored;

    if (!pawl_is_ok(
            pawl_hex_write(pawl_view(f->p->device_id.p, 8), device, sizeof(device), &ignored)))
        device[0] = 0;
    proof_say(ret, PROOF_NOTHING, "Device %s, epoch %" PRIu64 ": %s (%s).", device, f->p->epoch,
              incident_kind_name(kind), rule_name(f->p->rule));
    if (f->p->kind != kind)
        proof_say(
            ret, PROOF_NOTHING,
            "It belongs to an incident that the verifier calls %s; this file is not about that.",
            incident_kind_name(f->p->kind));
    for (size_t i = 0; i < f->p->quote_n; i++)
        proof_say(ret, PROOF_NOTHING,
                  "Quote %zu is signed by the device's TPM: attempt %" PRIu64 ", epoch %" PRIu64
                  ".",
                  i + 1, f->a1[i].attempt, f->a1[i].base_epoch);
}

static pawl_status judge_finding(const struct proof_facts *f, const struct finding_slot *s,
                                 struct proof_said *ret, struct pawl_err *err)
{
    switch (s->rule) {
    case RULE_E1:
        return judge_e1(s, ret, err);
    case RULE_E2:
        judge_e2(s, ret);
        break;
    case RULE_E3:
        return proof_judge_sent(f, s, ret, err);
    case RULE_E4:
        judge_e4(f, s, ret);
        break;
    case RULE_E7:
        judge_e7(f, s, ret);
        break;
    default: /* of no message: by the proof's rule, once */
        break;
    }
    return pawl_ok();
}

/* A message that somebody else sent shows that he has the keys, whichever rule tells so first, and
 * shows no copy and nothing of a clock. */
static bool is_of_keys(enum rule r)
{
    return r != RULE_E5 && r != RULE_E6 && r != RULE_BACK;
}

pawl_status proof_judge(const struct proof_facts *f, struct proof_said *ret, struct pawl_err *err)
{
    introduce(f, ret);
    if (f->p->rule == RULE_E5)
        judge_e5(f, ret);
    else if (f->p->rule == RULE_E6)
        judge_e6(f, ret);
    else if (f->p->rule == RULE_BACK)
        proof_say(
            ret, PROOF_VERIFIER,
            "The verifier says that its own store went back: the device knows more than it does. "
            "That is no fault of the device.");
    const enum proof_strength by_rule = ret->strength;
    for (size_t i = 0; i < f->p->found.n; i++)
        PAWL_TRY(judge_finding(f, &f->p->found.at[i], ret, err));
    if (!is_of_keys(f->p->rule))
        ret->strength = by_rule;
    return pawl_ok();
}
