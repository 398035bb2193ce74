/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: of a message (E3, E7) the device's TPM is claimed to contradict the slot exactly when it
 * does, and never for a slot that A1 excuses.
 */
#include <pawl/cose.h>

#include "proof_fixture.h"
#include "soft_proof.h"
#include "t.h"

/* ---- E3 ------------------------------------------------------------------------------------- */

static void another_leaf_than_the_attested_one(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "Message 4: the device's TPM attests another one");

    proof_make_e3(&s);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_VERIFIER, "is not in this file");

    proof_make_e3(&s);
    s.p.found.at[0].has_received = false;
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_VERIFIER, "it does not show which");

    proof_make_e3(&s);
    proof_says(&s, PROOF_VERIFIER, "no quote is shown");
}

/* The older quote may be the one that listed what a later one does not list any more. */
static void leaves_may_be_those_of_the_older_quote(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_e3(&s);
    soft_lists(&s, 1, EPOCH, GEN + 1, 6, 9);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    soft_quote(&s, 1);
    proof_says(&s, PROOF_AK, "Message 4: the device's TPM attests another one");
}

/* One message (epoch, gen, seq) came; A1 lists slots 10 to 20 in generation 2. */
static void proof_finds_slot(struct soft_proof *s, uint64_t epoch, uint32_t gen, uint64_t seq)
{
    soft_proof_make(s, RULE_E3);
    soft_lists(s, 0, EPOCH, GEN, 10, 20);
    s->a1[0].snd.seq_hi = 40;
    soft_finds(s, RULE_E3, epoch, gen, seq, soft_leaf(seq, true), NO_LEAF);
}

static void a_slot_that_was_never_sent(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_finds_slot(&s, EPOCH, GEN + 1, 15);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "attests this number in generation 2 of epoch 3");

    proof_finds_slot(&s, EPOCH + 1, GEN, 15);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "attests this number in generation 2 of epoch 3");

    proof_finds_slot(&s, EPOCH, GEN, 21);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "attests numbers 10 to 20 of that generation");

    proof_finds_slot(&s, EPOCH, GEN, 21); /* behind the leaves that are shown */
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 10, soft_leaves(10, 11));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "attests numbers 10 to 20 of that generation");

    proof_finds_slot(&s, EPOCH, GEN + 1, 30); /* it is the newer quote that speaks of it */
    s.a1[1].snd = s.a1[0].snd;
    s.a1[0].snd.seq_hi = 20;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_AK, "never sent it");

    proof_finds_slot(&s, EPOCH, GEN + 1, 30);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "never sent it");

    proof_finds_slot(&s, EPOCH, GEN + 1, 40);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "never sent it");
}

/* P-TR-4: a receipt may have taken it off the list. */
static void a_slot_that_a_receipt_may_have_covered(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_finds_slot(&s, EPOCH, GEN + 1, 30);
    soft_denies(&s, 0, 2, EPOCH, 0, 5);
    s.a1[0].receipt.verdict = 1;
    s.a1[0].receipt.pair_n = 0;
    soft_quote(&s, 0);
    proof_says(&s, PROOF_VERIFIER, "no receipt had taken it off");

    /* The list does not reach back so far: a loss of state comes before it. */
    proof_finds_slot(&s, EPOCH, GEN - 1, 9);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_VERIFIER, "no receipt had taken it off");
}

static void a_slot_of_which_the_quote_says_nothing(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_finds_slot(&s, EPOCH, GEN + 1, 41);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_NOTHING, "lies above");

    /* The generation may grow there, up to 64 slots. */
    proof_finds_slot(&s, EPOCH, GEN, 41);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_NOTHING, "lies above");
    proof_finds_slot(&s, EPOCH, GEN, 73);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_NOTHING, "lies above");
    proof_finds_slot(&s, EPOCH, GEN, 74);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "attests numbers 10 to 20 of that generation");

    proof_finds_slot(&s, EPOCH, GEN, 21);
    s.a1[0].snd.unknown[s.a1[0].snd.unknown_n++] = (struct pawl_range){ 21, 36 };
    soft_quote(&s, 0);
    proof_says(&s, PROOF_NOTHING, "does not know whether it sent it");
    proof_finds_slot(&s, EPOCH, GEN, 36);
    s.a1[0].snd.unknown[s.a1[0].snd.unknown_n++] = (struct pawl_range){ 21, 36 };
    soft_quote(&s, 0);
    proof_says(&s, PROOF_NOTHING, "does not know whether it sent it");
    proof_finds_slot(&s, EPOCH, GEN, 37);
    s.a1[0].snd.unknown[s.a1[0].snd.unknown_n++] = (struct pawl_range){ 21, 36 };
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "attests numbers 10 to 20");
}

static void a_whole_generation_of_another_digest(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_e3(&s);
    s.p.found.n = 0;
    soft_finds(&s, RULE_E3, EPOCH, GEN, 0, NO_LEAF, NO_LEAF);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(2, 5));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "Messages 1 to 5: one of those received");

    proof_make_e3(&s);
    s.p.found.n = 0;
    soft_finds(&s, RULE_E3, EPOCH, GEN, 0, NO_LEAF, NO_LEAF);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_VERIFIER, "has another digest");

    /* Leaves that fit show nothing. */
    proof_make_e3(&s);
    s.p.found.n = 0;
    soft_finds(&s, RULE_E3, EPOCH, GEN, 0, NO_LEAF, NO_LEAF);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_VERIFIER, "has another digest");

    /* Received leaves are never taken for attested ones. */
    proof_make_e3(&s);
    soft_finds(&s, RULE_E3, EPOCH, GEN, 0, NO_LEAF, NO_LEAF);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(2, 5));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "what the device sent is not in this file");
}

/* ---- E7, E1, E2, our store ------------------------------------------------------------------ */

static void finds_down(struct soft_proof *s, uint32_t gen, uint64_t seq)
{
    soft_proof_make(s, RULE_E7);
    soft_received(s, 0, EPOCH, GEN, 100, 104);
    soft_finds(s, RULE_E7, EPOCH, gen, seq, NO_LEAF, NO_LEAF);
}

static void a_message_that_was_never_sent_to_it(void **state)
{
    (void)state;
    static struct soft_proof s;

    finds_down(&s, GEN, 104);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "Message 104 to the device: its TPM attests");

    finds_down(&s, 0, 104);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "messages up to 104 came to it");

    finds_down(&s, GEN, 105);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_NOTHING, "does not name it");

    finds_down(&s, GEN, 0);
    soft_shows(&s, PAWL_DOWN, EPOCH, GEN, 100, soft_leaves(101, 5));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "attests other messages than the verifier sent");

    finds_down(&s, GEN, 0);
    soft_shows(&s, PAWL_DOWN, EPOCH, GEN, 100, soft_leaves(100, 5));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_VERIFIER, "it does not show them");

    finds_down(&s, GEN + 1, 0);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_NOTHING, "does not name it");

    finds_down(&s, GEN, 104);
    proof_says(&s, PROOF_VERIFIER, "no quote is shown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("E3: another leaf than the attested one", another_leaf_than_the_attested_one),
        T_CASE("E3: leaves may be those of the older quote",
               leaves_may_be_those_of_the_older_quote),
        T_CASE("E3: a slot that was never sent", a_slot_that_was_never_sent),
        T_CASE("E3: a slot that a receipt may have covered",
               a_slot_that_a_receipt_may_have_covered),
        T_CASE("E3: a slot of which the quote says nothing",
               a_slot_of_which_the_quote_says_nothing),
        T_CASE("E3: a whole generation of another digest", a_whole_generation_of_another_digest),
        T_CASE("E7: a message that was never sent to it", a_message_that_was_never_sent_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
