/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: for the rules that are not about a message's slot (E4, E5, E6, what only the verifier
 * saw) the device's TPM is claimed to contradict exactly when it does; of many findings the
 * strongest counts, and each says the kind of its rule.
 */
#include <string.h>

#include <pawl/cose.h>

#include "proof_fixture.h"
#include "soft_proof.h"
#include "t.h"

static void proof_says_not(struct soft_proof *s, const char *words)
{
    struct proof_said said;
    struct pawl_err   err;

    T_OK(proof_checks(s, &said, &err), &err);
    for (size_t i = 0; i < said.n; i++)
        assert_null(strstr(said.line[i], words));
    soft_proof_done(s);
}

/* ---- E4 ------------------------------------------------------------------------------------- */

static void a_receipt_that_the_device_denies(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_e4(&s, 2);
    soft_quote(&s, 1);
    proof_says(&s, PROOF_AK, "Generation 2 of epoch 3: the device's TPM denies");

    proof_make_e4(&s, 3);
    soft_quote(&s, 1);
    proof_says(&s, PROOF_AK, "received message 9, by its receipt");

    proof_make_e4(&s, 2); /* nothing but the position */
    s.a1[1].receipt.pair_n = 0;
    s.p.found.at[0] = (struct finding_slot){ .rule = RULE_E4 };
    soft_quote(&s, 1);
    proof_says(&s, PROOF_AK, "received message 9, by its receipt");
}

static void a_receipt_that_it_does_not_deny(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_e4(&s, 2);
    soft_quote(&s, 1);
    s.p.receipt = pawl_view(NULL, 0);
    proof_says(&s, PROOF_VERIFIER, "it is not in this file");

    proof_make_e4(&s, 2); /* another receipt than the denied one */
    soft_quote(&s, 1);
    soft_denies(&s, 0, 2, EPOCH, GEN, 8);
    proof_says(&s, PROOF_VERIFIER, "it is not in this file");

    proof_make_e4(&s, 2);
    s.a1[1].receipt.verdict = 1;
    s.a1[1].receipt.pair_n = 0;
    soft_quote(&s, 1);
    proof_says(&s, PROOF_NOTHING, "denies no receipt");

    proof_make_e4(&s, 2); /* denies another generation */
    s.a1[1].receipt.pair[0].gen = GEN + 1;
    soft_quote(&s, 1);
    proof_says(&s, PROOF_NOTHING, "does not deny it");

    proof_make_e4(&s, 2); /* denies one that the receipt does not list */
    s.a1[1].receipt.pair[0].gen = s.p.found.at[0].gen = GEN + 1;
    soft_quote(&s, 1);
    proof_says(&s, PROOF_NOTHING, "does not deny it");

    proof_make_e4(&s, 3); /* ahead of another position */
    s.a1[1].receipt.ahead_seq = 8;
    soft_quote(&s, 1);
    proof_says(&s, PROOF_NOTHING, "does not deny it");

    proof_make_e4(&s, 2);
    proof_says(&s, PROOF_VERIFIER, "no quote is shown");
}

/* ---- E5, E6 --------------------------------------------------------------------------------- */

static void one_attempt_twice(void **state)
{
    (void)state;
    static struct soft_proof s;

    soft_proof_make(&s, RULE_E5);
    s.a1[1].attempt = s.a1[0].attempt;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_AK, "signed two requests under one number (7)");

    soft_proof_make(&s, RULE_E5); /* attempts of one device */
    proof_quotes_both(&s);
    proof_says(&s, PROOF_VERIFIER, "alone they do not show it");

    soft_proof_make(&s, RULE_E5); /* one request, shown twice */
    soft_quote(&s, 0);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_NOTHING, "Both quotes are of one request");

    soft_proof_make(&s, RULE_E5); /* P-V-6: without a base neither is ever E5 */
    s.a1[0].base_epoch = s.a1[1].base_epoch = 0;
    s.a1[1].attempt = s.a1[0].attempt;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_VERIFIER, "alone they do not show it");

    soft_proof_make(&s, RULE_E5);
    soft_quote(&s, 1);
    proof_says(&s, PROOF_VERIFIER, "does not show the quotes of both");
}

static void two_bases_that_one_device_cannot_have(void **state)
{
    (void)state;
    static struct soft_proof s;
    static const uint8_t     kid[PAWL_KID] = { 1 };

    soft_proof_make(&s, RULE_E5);
    s.a1[1].base_kid = PAWL_VIEW_OF(kid);
    proof_quotes_both(&s);
    proof_says(&s, PROOF_AK, "two different keys of one epoch (3)");

    soft_proof_make(&s, RULE_E5);
    s.a1[1].base_epoch = s.a1[1].new_epoch = 2;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_AK, "on keys of epoch 2 after one on those of epoch 3");

    /* By the TPM's clock the older base was used first: that is how a device goes on. */
    soft_proof_make(&s, RULE_E5);
    s.a1[1].base_epoch = s.a1[1].new_epoch = 2;
    s.clock[1].clock_ms = s.clock[0].clock_ms - 1;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_VERIFIER, "alone they do not show it");

    for (size_t i = 0; i < 2; i++) { /* nobody can say which came first */
        soft_proof_make(&s, RULE_E5);
        s.a1[i].base_epoch = s.a1[i].new_epoch = 2;
        s.clock[1] = s.clock[0];
        proof_quotes_both(&s);
        proof_says(&s, PROOF_VERIFIER, "alone they do not show it");
    }

    soft_proof_make(&s, RULE_E5); /* a device that has no base any more */
    s.a1[1].base_epoch = 0;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_VERIFIER, "alone they do not show it");
}

static void a_clock_that_goes_back(void **state)
{
    (void)state;
    static struct soft_proof s;

    soft_proof_make(&s, RULE_E6);
    s.clock[1].resets = s.clock[0].resets - 1;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_AK,
               "went back: attempt 7 at 7 resets, 1 restarts, 5000 ms; later attempt 8");

    soft_proof_make(&s, RULE_E6);
    proof_quotes_both(&s);
    proof_says(&s, PROOF_NOTHING, "does not go back");

    soft_proof_make(&s, RULE_E6); /* or else they might just stand in the wrong order */
    s.clock[1].clock_ms = s.clock[0].clock_ms - 1;
    s.a1[1].attempt = s.a1[0].attempt;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_VERIFIER, "came first");

    soft_proof_make(&s, RULE_E6);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_VERIFIER, "does not show both quotes");
}

/* Who lost its state begins its attempts anew, without a base (P-DEV-7), and signs that. */
static void a_device_that_lost_its_state_is_no_tpm_that_went_back(void **state)
{
    (void)state;
    static struct soft_proof s;

    for (uint64_t after = 0; after < 3; after++) { /* what it lost had epoch 3 */
        soft_proof_make(&s, RULE_E6);
        s.clock[1].clock_ms = s.clock[0].clock_ms - 1;
        s.a1[1].base_epoch = after;
        proof_quotes_both(&s);
        proof_says(&s, after ? PROOF_VERIFIER : PROOF_AK, after ? "came first" : "went back");

        soft_proof_make(&s, RULE_E6);
        s.clock[1].clock_ms = s.clock[0].clock_ms - 1;
        s.a1[0].base_epoch = after;
        proof_quotes_both(&s);
        proof_says(&s, after ? PROOF_AK : PROOF_VERIFIER, after ? "went back" : "came first");
    }
}

/* Epochs and attempts rise for as long as a device keeps its state; only a base shows that it did.
 */
static void what_a_device_that_began_anew_may_do_is_told_with_that(void **state)
{
    (void)state;
    static const char        caveat[] = "was not enrolled anew between them is the verifier's word";
    static struct soft_proof s;

    soft_proof_make(&s, RULE_E5);
    s.a1[1].base_epoch = s.a1[1].new_epoch = 2;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_AK, caveat);

    soft_proof_make(&s, RULE_E6);
    s.clock[1].resets = s.clock[0].resets - 1;
    s.a1[1].base_epoch = s.a1[1].new_epoch = 4;
    proof_quotes_both(&s);
    proof_says(&s, PROOF_AK, caveat);

    soft_proof_make(&s, RULE_E5); /* one base: it did */
    s.a1[1].attempt = s.a1[0].attempt;
    proof_quotes_both(&s);
    proof_says_not(&s, caveat);

    soft_proof_make(&s, RULE_E6);
    s.clock[1].resets = s.clock[0].resets - 1;
    proof_quotes_both(&s);
    proof_says_not(&s, caveat);
}

/* ---- E7, E1, E2, our store ------------------------------------------------------------------ */

static void what_only_the_verifier_saw(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_small(&s);
    proof_says(&s, PROOF_VERIFIER, "Message 4: the verifier says that it received two");

    soft_proof_make(&s, RULE_E2);
    soft_lists(&s, 0, EPOCH, GEN, 1, 5);
    soft_quote(&s, 0);
    soft_finds(&s, RULE_E2, EPOCH, GEN, 4, soft_leaf(4, true), NO_LEAF);
    proof_says(&s, PROOF_VERIFIER, "keys (epoch 3, generation 2) that the device had left");

    soft_proof_make(&s, RULE_BACK);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_VERIFIER, "its own store went back");

    soft_proof_make(&s, RULE_E3); /* claims a rule and names nothing */
    soft_quote(&s, 0);
    proof_says(&s, PROOF_NOTHING, "message-forged (E3)");
}

static void the_strongest_finding_counts(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_finds(&s, RULE_E2, EPOCH, GEN, 9, soft_leaf(9, true), NO_LEAF);
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "that the device had left");
}

/* A forged message proves no clone. */
static void a_finding_of_another_kind_bears_nothing_out(void **state)
{
    (void)state;
    static const enum rule   others[] = { RULE_E5, RULE_E6, RULE_BACK };
    static struct soft_proof s;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        proof_make_e3(&s);
        s.p.rule = others[i];
        soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
        soft_quote(&s, 0);
        proof_says(&s, PROOF_VERIFIER, "attests another one than the verifier received");
    }
}

/* Of an incident that became graver each proof is still of what it was found by. */
static void says_the_kind_of_its_rule(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_e3(&s);
    s.p.kind = INCIDENT_DEVICE_CLONED;
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "message-forged (E3)");

    proof_make_e3(&s);
    s.p.kind = INCIDENT_DEVICE_CLONED;
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    proof_says(&s, PROOF_AK, "It belongs to an incident that the verifier calls device-cloned");
}

static void many_findings_end_with_a_word_that_there_are_more(void **state)
{
    (void)state;
    static struct soft_proof s;
    struct proof_said        said;
    struct pawl_err          err;

    soft_proof_make(&s, RULE_E1);
    for (uint64_t i = 0; i < FINDINGS_MAX; i++)
        soft_finds(&s, RULE_E1, EPOCH, GEN, i + 1, NO_LEAF, NO_LEAF);
    T_OK(proof_checks(&s, &said, &err), &err);
    assert_int_equal(said.n, PROOF_SAY_MAX);
    assert_string_equal(said.line[PROOF_SAY_MAX - 1], "There are more findings.");
    soft_proof_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("E4: a receipt that the device denies", a_receipt_that_the_device_denies),
        T_CASE("E4: a receipt that it does not deny", a_receipt_that_it_does_not_deny),
        T_CASE("E5: one attempt twice", one_attempt_twice),
        T_CASE("E5: two bases that one device cannot have", two_bases_that_one_device_cannot_have),
        T_CASE("E6: a clock that goes back", a_clock_that_goes_back),
        T_CASE("E6: a device that lost its state is no TPM that went back",
               a_device_that_lost_its_state_is_no_tpm_that_went_back),
        T_CASE("E5, E6: what a device that began anew may do is told with that",
               what_a_device_that_began_anew_may_do_is_told_with_that),
        T_CASE("E1, E2, S1: what only the verifier saw", what_only_the_verifier_saw),
        T_CASE("the strongest finding counts", the_strongest_finding_counts),
        T_CASE("a finding of another kind bears nothing out",
               a_finding_of_another_kind_bears_nothing_out),
        T_CASE("says the kind of its rule", says_the_kind_of_its_rule),
        T_CASE("many findings end with a word that there are more",
               many_findings_end_with_a_word_that_there_are_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
