/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: a proof goes through its bytes unchanged, and only the key that signed it opens it. The
 * check believes an A1 only with the AK's signature over it, leaves only with the digest that A1
 * names, and everything only about the one device, tenant and verifier. For each rule the device's
 * TPM is claimed to contradict exactly when it does, and never for a slot that A1 excuses.
 */
#include <stdio.h>
#include <stdlib.h>

#include <pawl/cose.h>

#include "soft_proof.h"
#include "t.h"

#define NO_LEAF pawl_view(NULL, 0)

enum { EPOCH = 3, GEN = 2 };

static pawl_status check(const struct soft_proof *s, struct proof_said *ret, struct pawl_err *err)
{
    static struct proof p;

    T_OK(proof_open(soft_proof_bytes(s), pawl_private_public(s->verifier), &p, err), err);
    return proof_check(&p, ret, err);
}

/* The proof is as strong as that, and says so with these words. */
static void says(struct soft_proof *s, enum proof_strength strength, const char *words)
{
    struct proof_said said;
    struct pawl_err   err;
    bool              found = false;

    T_OK(check(s, &said, &err), &err);
    for (size_t i = 0; i < said.n; i++)
        found |= strstr(said.line[i], words) != NULL;
    for (size_t i = 0; !found && i < said.n; i++)
        print_message("%s\n", said.line[i]);
    assert_true(found);
    assert_int_equal(said.strength, strength);
    soft_proof_done(s);
}

static void says_not(struct soft_proof *s, const char *words)
{
    struct proof_said said;
    struct pawl_err   err;

    T_OK(check(s, &said, &err), &err);
    for (size_t i = 0; i < said.n; i++)
        assert_null(strstr(said.line[i], words));
    soft_proof_done(s);
}

/* It fails at this field, and nothing is said. */
static void refused(struct soft_proof *s, enum pawl_code code, const char *where)
{
    struct proof_said said;
    struct pawl_err   err;

    t_poison(&said, sizeof(said));
    T_FAILS(check(s, &said, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&said, sizeof(said));
    soft_proof_done(s);
}

static void quote_both(struct soft_proof *s)
{
    soft_quote(s, 0);
    soft_quote(s, 1);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

/* Something of everything. */
static void make_full(struct soft_proof *s)
{
    soft_proof_make(s, RULE_E3);
    soft_lists(s, 0, EPOCH, GEN, 1, 3);
    soft_lists(s, 1, EPOCH, GEN, 1, 5);
    soft_denies(s, 1, 2, EPOCH, GEN, 5);
    soft_quote(s, 0);
    soft_quote(s, 1);
    soft_finds(s, RULE_E3, EPOCH, GEN, 4, soft_leaf(4, true), soft_leaf(4, false));
    soft_finds(s, RULE_E4, EPOCH, GEN, 0, NO_LEAF, NO_LEAF);
    soft_shows(s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
}

static void goes_through_its_bytes_unchanged(void **state)
{
    (void)state;
    static struct soft_proof s;
    static struct proof      p;
    struct pawl_err          err;

    make_full(&s);
    struct pawl_view file = soft_proof_bytes(&s);
    T_OK(proof_open(file, pawl_private_public(s.verifier), &p, &err), &err);
    assert_true(pawl_view_equal(p.verifier_id, PAWL_VIEW_OF(s.verifier_id)));
    assert_true(pawl_view_equal(p.tenant, s.p.tenant));
    assert_true(pawl_view_equal(p.device_id, s.p.device_id));
    assert_true(pawl_view_equal(p.ak_public, s.p.ak_public));
    assert_true(pawl_view_equal(p.detail, s.p.detail));
    assert_true(pawl_view_equal(p.receipt, s.p.receipt));
    assert_int_equal(p.rule, s.p.rule);
    assert_int_equal(p.kind, s.p.kind);
    assert_int_equal(p.epoch, s.p.epoch);
    assert_int_equal(p.time_ms, s.p.time_ms);
    assert_int_equal(p.found.n, 2);
    assert_memory_equal(&p.found.at[0], &s.p.found.at[0], sizeof(p.found.at[0]));
    assert_memory_equal(&p.found.at[1], &s.p.found.at[1], sizeof(p.found.at[1]));
    assert_int_equal(p.quote_n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(pawl_view_equal(p.quote[i].a1, s.p.quote[i].a1));
        assert_true(pawl_view_equal(p.quote[i].attest, s.p.quote[i].attest));
        assert_true(pawl_view_equal(p.quote[i].signature, s.p.quote[i].signature));
    }
    assert_int_equal(p.leaves_n, 1);
    assert_int_equal(p.leaves[0].dir, PAWL_UP);
    assert_int_equal(p.leaves[0].epoch, EPOCH);
    assert_int_equal(p.leaves[0].gen, GEN);
    assert_int_equal(p.leaves[0].first_seq, 1);
    assert_true(pawl_view_equal(p.leaves[0].leaves, s.p.leaves[0].leaves));
    soft_proof_done(&s);
}

/* A small one, so that each bit of it can be tried. */
static void make_small(struct soft_proof *s)
{
    soft_proof_make(s, RULE_E1);
    soft_finds(s, RULE_E1, EPOCH, GEN, 4, soft_leaf(4, true), soft_leaf(4, false));
}

static void must_not_open(struct pawl_view in, void *arg)
{
    const struct soft_proof *s = arg;
    static struct proof      p;
    struct pawl_err          err;

    assert_false(pawl_is_ok(proof_open(in, pawl_private_public(s->verifier), &p, &err)));
}

static void no_flip_and_no_truncation_opens(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_small(&s);
    t_each_truncation(soft_proof_bytes(&s), must_not_open, &s);
    t_each_flip(soft_proof_bytes(&s), must_not_open, &s);
    soft_proof_done(&s);
}

static void another_key_did_not_sign_it(void **state)
{
    (void)state;
    static struct soft_proof s, other;
    static struct proof      p;
    struct pawl_err          err;

    make_small(&s);
    make_small(&other);
    t_poison(&p, sizeof(p));
    T_FAILS(proof_open(soft_proof_bytes(&s), pawl_private_public(other.verifier), &p, &err), &err,
            PAWL_E_FORGED);
    T_WHERE(&err, "COSE_Sign1.signature.signature");
    /* Signed by its own key, and names another. */
    memcpy(s.verifier_id, other.verifier_id, sizeof(s.verifier_id));
    T_FAILS(proof_open(soft_proof_bytes(&s), pawl_private_public(s.verifier), &p, &err), &err,
            PAWL_E_FORGED);
    T_WHERE(&err, "proof.kid");
    t_still_poisoned(&p, sizeof(p));
    soft_proof_done(&s);
    soft_proof_done(&other);
}

/* A payload, signed by its verifier under this kid. */
static pawl_status opens_payload(const struct pawl_private *key, struct pawl_view kid,
                                 struct pawl_view payload, struct pawl_err *err)
{
    static struct proof p;
    static uint8_t      b[PROOF_MAX];
    struct pawl_wr      w = pawl_wr_to(b, sizeof(b));

    T_OK(pawl_cose_sign1_write(key, kid, pawl_view_str("pawl/1 proof"), payload, &w, err), err);
    return proof_open(pawl_view(b, w.n), pawl_private_public(key), &p, err);
}

static void what_is_signed_and_not_its_own_form(void **state)
{
    (void)state;
    static struct soft_proof s, other;
    struct pawl_cose_sign1   m;
    struct pawl_err          err;
    uint8_t                  bent[512];

    make_small(&s);
    make_small(&other);
    T_OK(pawl_cose_sign1_parse(soft_proof_bytes(&s), &m, &err), &err);
    T_OK(opens_payload(s.verifier, m.kid, m.payload, &err), &err);
    T_FAILS(opens_payload(s.verifier, pawl_view(m.kid.p, 31), m.payload, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "proof.kid");
    /* What another verifier said, signed again. */
    T_FAILS(opens_payload(other.verifier, PAWL_VIEW_OF(other.verifier_id), m.payload, &err), &err,
            PAWL_E_FORGED);
    T_WHERE(&err, "proof.verifier_key");
    /* A leaf of 15 bytes. */
    struct pawl_view leaf = soft_leaf(4, true);
    const uint8_t   *at = memmem(m.payload.p, m.payload.n, leaf.p, leaf.n);
    assert_non_null(at);
    size_t before = (size_t)(at - m.payload.p);
    assert_true(m.payload.n <= sizeof(bent));
    memcpy(bent, m.payload.p, before);
    bent[before - 1] = 0x4f;
    memcpy(bent + before, at + 1, m.payload.n - before - 1);
    T_FAILS(opens_payload(s.verifier, m.kid, pawl_view(bent, m.payload.n - 1), &err), &err,
            PAWL_E_RANGE);
    T_WHERE(&err, "proof.finding.received");
    T_FAILS(opens_payload(s.verifier, m.kid, pawl_view(m.payload.p, m.payload.n - 1), &err), &err,
            PAWL_E_SHORT);
    T_WHERE(&err, "proof.receipt");
    soft_proof_done(&s);
    soft_proof_done(&other);
}

static void a_signed_refusal_is_no_proof(void **state)
{
    (void)state;
    static struct soft_proof s;
    static struct proof      p;
    struct pawl_err          err;
    uint8_t                  b[PROOF_MAX];
    struct pawl_wr           w = pawl_wr_to(b, sizeof(b));
    struct pawl_cose_sign1   m;

    make_small(&s);
    T_OK(pawl_cose_sign1_parse(soft_proof_bytes(&s), &m, &err), &err);
    T_OK(pawl_cose_sign1_write(s.verifier, m.kid, pawl_view_str(PAWL_COSE_REFUSAL), m.payload, &w,
                               &err),
         &err);
    T_FAILS(proof_open(pawl_view(b, w.n), pawl_private_public(s.verifier), &p, &err), &err,
            PAWL_E_FORGED);
    soft_proof_done(&s);
}

static void writes_nothing_that_it_would_not_read(void **state)
{
    (void)state;
    static struct soft_proof s;
    static uint8_t           b[PROOF_MAX], odd[PAWL_LEAF + 1];
    struct pawl_wr           w = pawl_wr_to(b, sizeof(b));
    struct pawl_err          err;

#define WRITES_NOT(change, field)                                                                  \
    do {                                                                                           \
        make_full(&s);                                                                             \
        change;                                                                                    \
        T_FAILS(proof_write(&s.p, s.verifier, s.verifier_id, &w, &err), &err, PAWL_E_RANGE);       \
        T_WHERE(&err, field);                                                                      \
        assert_int_equal(w.n, 0);                                                                  \
        soft_proof_done(&s);                                                                       \
    } while (0)

    WRITES_NOT(s.p.tenant = pawl_view_str("Acme"), "proof.tenant");
    WRITES_NOT(s.p.device_id.n = 31, "proof.device_id");
    WRITES_NOT(s.p.ak_public.n = 0, "proof.ak_public");
    WRITES_NOT(s.p.rule = RULE_NONE, "proof.rule");
    WRITES_NOT(s.p.rule = RULE_COUNT, "proof.rule");
    WRITES_NOT(s.p.kind = INCIDENT_NONE, "proof.kind");
    WRITES_NOT(s.p.kind = INCIDENT_KIND_COUNT, "proof.kind");
    WRITES_NOT(s.p.time_ms = -1, "proof.time_ms");
    WRITES_NOT(s.p.detail = pawl_view(b, PROOF_DETAIL_MAX + 1), "proof.detail");
    WRITES_NOT(s.p.found.at[1].rule = RULE_NONE, "proof.finding.rule");
    WRITES_NOT(s.p.found.n = FINDINGS_MAX + 1, "proof.findings");
    WRITES_NOT(s.p.quote[0].a1.n = 0, "proof.A1");
    WRITES_NOT(s.p.quote_n = PROOF_QUOTES_MAX + 1, "proof.quotes");
    WRITES_NOT(s.p.leaves[0].leaves = PAWL_VIEW_OF(odd), "proof.leaves.leaves");
    WRITES_NOT(s.p.leaves[0].leaves.n = 0, "proof.leaves.leaves");
    WRITES_NOT(s.p.leaves_n = PROOF_GENS_MAX + 1, "proof.leaves");
    WRITES_NOT(s.p.receipt = pawl_view(b, PAWL_RESULT_MAX + 1), "proof.receipt");
#undef WRITES_NOT
}

/* Who finds everything at once still has a proof. */
static void the_largest_one_fits(void **state)
{
    (void)state;
    static struct soft_proof s;
    static uint8_t           text[PROOF_DETAIL_MAX], any[PAWL_A1_MAX];
    static struct proof      p;
    struct pawl_err          err;

    soft_proof_make(&s, RULE_E3);
    memset(text, 'x', sizeof(text));
    s.p.detail = PAWL_VIEW_OF(text);
    s.p.ak_public = pawl_view(any, PAWL_PUBLIC_MAX);
    for (size_t i = 0; i < FINDINGS_MAX; i++)
        soft_finds(&s, RULE_E3, UINT64_MAX, UINT32_MAX, UINT64_MAX, soft_leaf(i, true),
                   soft_leaf(i, false));
    for (size_t i = 0; i < PROOF_QUOTES_MAX; i++)
        s.p.quote[s.p.quote_n++] = (struct proof_quote){ pawl_view(any, PAWL_A1_MAX),
                                                         pawl_view(any, PAWL_ATTEST_MAX),
                                                         pawl_view(any, PAWL_TPM_SIG_MAX) };
    for (size_t i = 0; i < PROOF_GENS_MAX; i++)
        soft_shows(&s, PAWL_DOWN, UINT64_MAX, UINT32_MAX, UINT64_MAX,
                   soft_leaves(1, PAWL_GEN_MESSAGES));
    s.p.receipt = pawl_view(any, 21536); /* P-TR-7 */
    T_OK(proof_open(soft_proof_bytes(&s), pawl_private_public(s.verifier), &p, &err), &err);
    soft_proof_done(&s);
}

static void must_not_parse(struct pawl_view in, void *arg)
{
    struct proof_quote q;
    struct pawl_view   receipt;
    struct pawl_err    err;

    (void)arg;
    assert_false(pawl_is_ok(proof_evidence_parse(in, &q, &receipt, &err)));
}

static void evidence_goes_through_its_bytes(void **state)
{
    (void)state;
    static struct soft_proof s;
    static uint8_t           b[PROOF_EVIDENCE_MAX];
    struct pawl_wr           w = pawl_wr_to(b, sizeof(b)), small = pawl_wr_to(b, 100);
    struct proof_quote       q;
    struct pawl_view         receipt;
    struct pawl_err          err;

    make_full(&s);
    T_OK(proof_evidence_write(&s.p.quote[1], s.p.receipt, &w, &err), &err);
    T_OK(proof_evidence_parse(pawl_view(b, w.n), &q, &receipt, &err), &err);
    assert_true(pawl_view_equal(q.a1, s.p.quote[1].a1));
    assert_true(pawl_view_equal(q.attest, s.p.quote[1].attest));
    assert_true(pawl_view_equal(q.signature, s.p.quote[1].signature));
    assert_true(pawl_view_equal(receipt, s.p.receipt));
    t_each_truncation(pawl_view(b, w.n), must_not_parse, NULL);

    T_FAILS(proof_evidence_write(&s.p.quote[1], s.p.receipt, &small, &err), &err, PAWL_E_FULL);
    assert_int_equal(small.n, 0);
    q.a1.n = 0;
    T_FAILS(proof_evidence_write(&q, s.p.receipt, &small, &err), &err, PAWL_E_FULL);
    w = pawl_wr_to(b, sizeof(b));
    T_FAILS(proof_evidence_write(&q, s.p.receipt, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "evidence.A1");
    soft_proof_done(&s);
}

/* ---- E3 ------------------------------------------------------------------------------------- */

/* Slots 1 to 5 are listed; somebody else's message came for slot 4. */
static void make_e3(struct soft_proof *s)
{
    soft_proof_make(s, RULE_E3);
    soft_lists(s, 0, EPOCH, GEN, 1, 5);
    soft_finds(s, RULE_E3, EPOCH, GEN, 4, soft_leaf(4, true), soft_leaf(4, false));
}

static void another_leaf_than_the_attested_one(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "Message 4: the device's TPM attests another one");

    make_e3(&s);
    soft_quote(&s, 0);
    says(&s, PROOF_VERIFIER, "is not in this file");

    make_e3(&s);
    s.p.found.at[0].has_received = false;
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    says(&s, PROOF_VERIFIER, "it does not show which");

    make_e3(&s);
    says(&s, PROOF_VERIFIER, "no quote is shown");
}

/* The older quote may be the one that listed what a later one does not list any more. */
static void leaves_may_be_those_of_the_older_quote(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_e3(&s);
    soft_lists(&s, 1, EPOCH, GEN + 1, 6, 9);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    soft_quote(&s, 1);
    says(&s, PROOF_AK, "Message 4: the device's TPM attests another one");
}

/* One message (epoch, gen, seq) came; A1 lists slots 10 to 20 in generation 2. */
static void finds_slot(struct soft_proof *s, uint64_t epoch, uint32_t gen, uint64_t seq)
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

    finds_slot(&s, EPOCH, GEN + 1, 15);
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "attests this number in generation 2 of epoch 3");

    finds_slot(&s, EPOCH + 1, GEN, 15);
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "attests this number in generation 2 of epoch 3");

    finds_slot(&s, EPOCH, GEN, 21);
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "attests numbers 10 to 20 of that generation");

    finds_slot(&s, EPOCH, GEN, 21); /* behind the leaves that are shown */
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 10, soft_leaves(10, 11));
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "attests numbers 10 to 20 of that generation");

    finds_slot(&s, EPOCH, GEN + 1, 30); /* it is the newer quote that speaks of it */
    s.a1[1].snd = s.a1[0].snd;
    s.a1[0].snd.seq_hi = 20;
    quote_both(&s);
    says(&s, PROOF_AK, "never sent it");

    finds_slot(&s, EPOCH, GEN + 1, 30);
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "never sent it");

    finds_slot(&s, EPOCH, GEN + 1, 40);
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "never sent it");
}

/* P-TR-4: a receipt may have taken it off the list. */
static void a_slot_that_a_receipt_may_have_covered(void **state)
{
    (void)state;
    static struct soft_proof s;

    finds_slot(&s, EPOCH, GEN + 1, 30);
    soft_denies(&s, 0, 2, EPOCH, 0, 5);
    s.a1[0].receipt.verdict = 1;
    s.a1[0].receipt.pair_n = 0;
    soft_quote(&s, 0);
    says(&s, PROOF_VERIFIER, "no receipt had taken it off");

    /* The list does not reach back so far: a loss of state comes before it. */
    finds_slot(&s, EPOCH, GEN - 1, 9);
    soft_quote(&s, 0);
    says(&s, PROOF_VERIFIER, "no receipt had taken it off");
}

static void a_slot_of_which_the_quote_says_nothing(void **state)
{
    (void)state;
    static struct soft_proof s;

    finds_slot(&s, EPOCH, GEN + 1, 41);
    soft_quote(&s, 0);
    says(&s, PROOF_NOTHING, "lies above");

    /* The generation may grow there, up to 64 slots. */
    finds_slot(&s, EPOCH, GEN, 41);
    soft_quote(&s, 0);
    says(&s, PROOF_NOTHING, "lies above");
    finds_slot(&s, EPOCH, GEN, 73);
    soft_quote(&s, 0);
    says(&s, PROOF_NOTHING, "lies above");
    finds_slot(&s, EPOCH, GEN, 74);
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "attests numbers 10 to 20 of that generation");

    finds_slot(&s, EPOCH, GEN, 21);
    s.a1[0].snd.unknown[s.a1[0].snd.unknown_n++] = (struct pawl_range){ 21, 36 };
    soft_quote(&s, 0);
    says(&s, PROOF_NOTHING, "does not know whether it sent it");
    finds_slot(&s, EPOCH, GEN, 36);
    s.a1[0].snd.unknown[s.a1[0].snd.unknown_n++] = (struct pawl_range){ 21, 36 };
    soft_quote(&s, 0);
    says(&s, PROOF_NOTHING, "does not know whether it sent it");
    finds_slot(&s, EPOCH, GEN, 37);
    s.a1[0].snd.unknown[s.a1[0].snd.unknown_n++] = (struct pawl_range){ 21, 36 };
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "attests numbers 10 to 20");
}

static void a_whole_generation_of_another_digest(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_e3(&s);
    s.p.found.n = 0;
    soft_finds(&s, RULE_E3, EPOCH, GEN, 0, NO_LEAF, NO_LEAF);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(2, 5));
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "Messages 1 to 5: one of those received");

    make_e3(&s);
    s.p.found.n = 0;
    soft_finds(&s, RULE_E3, EPOCH, GEN, 0, NO_LEAF, NO_LEAF);
    soft_quote(&s, 0);
    says(&s, PROOF_VERIFIER, "has another digest");

    /* Leaves that fit show nothing. */
    make_e3(&s);
    s.p.found.n = 0;
    soft_finds(&s, RULE_E3, EPOCH, GEN, 0, NO_LEAF, NO_LEAF);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    says(&s, PROOF_VERIFIER, "has another digest");

    /* Received leaves are never taken for attested ones. */
    make_e3(&s);
    soft_finds(&s, RULE_E3, EPOCH, GEN, 0, NO_LEAF, NO_LEAF);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(2, 5));
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "what the device sent is not in this file");
}

/* ---- E4 ------------------------------------------------------------------------------------- */

static void make_e4(struct soft_proof *s, uint64_t verdict)
{
    soft_proof_make(s, RULE_E4);
    soft_lists(s, 1, EPOCH, GEN, 1, 3);
    soft_denies(s, 1, verdict, EPOCH, GEN, 9);
    soft_finds(s, RULE_E4, verdict == 3 ? 0 : EPOCH, verdict == 3 ? 0 : GEN, verdict == 3 ? 9 : 0,
               NO_LEAF, NO_LEAF);
}

static void a_receipt_that_the_device_denies(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_e4(&s, 2);
    soft_quote(&s, 1);
    says(&s, PROOF_AK, "Generation 2 of epoch 3: the device's TPM denies");

    make_e4(&s, 3);
    soft_quote(&s, 1);
    says(&s, PROOF_AK, "received message 9, by its receipt");

    make_e4(&s, 2); /* nothing but the position */
    s.a1[1].receipt.pair_n = 0;
    s.p.found.at[0] = (struct finding_slot){ .rule = RULE_E4 };
    soft_quote(&s, 1);
    says(&s, PROOF_AK, "received message 9, by its receipt");
}

static void a_receipt_that_it_does_not_deny(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_e4(&s, 2);
    soft_quote(&s, 1);
    s.p.receipt = pawl_view(NULL, 0);
    says(&s, PROOF_VERIFIER, "it is not in this file");

    make_e4(&s, 2); /* another receipt than the denied one */
    soft_quote(&s, 1);
    soft_denies(&s, 0, 2, EPOCH, GEN, 8);
    says(&s, PROOF_VERIFIER, "it is not in this file");

    make_e4(&s, 2);
    s.a1[1].receipt.verdict = 1;
    s.a1[1].receipt.pair_n = 0;
    soft_quote(&s, 1);
    says(&s, PROOF_NOTHING, "denies no receipt");

    make_e4(&s, 2); /* denies another generation */
    s.a1[1].receipt.pair[0].gen = GEN + 1;
    soft_quote(&s, 1);
    says(&s, PROOF_NOTHING, "does not deny it");

    make_e4(&s, 2); /* denies one that the receipt does not list */
    s.a1[1].receipt.pair[0].gen = s.p.found.at[0].gen = GEN + 1;
    soft_quote(&s, 1);
    says(&s, PROOF_NOTHING, "does not deny it");

    make_e4(&s, 3); /* ahead of another position */
    s.a1[1].receipt.ahead_seq = 8;
    soft_quote(&s, 1);
    says(&s, PROOF_NOTHING, "does not deny it");

    make_e4(&s, 2);
    says(&s, PROOF_VERIFIER, "no quote is shown");
}

/* ---- E5, E6 --------------------------------------------------------------------------------- */

static void one_attempt_twice(void **state)
{
    (void)state;
    static struct soft_proof s;

    soft_proof_make(&s, RULE_E5);
    s.a1[1].attempt = s.a1[0].attempt;
    quote_both(&s);
    says(&s, PROOF_AK, "signed two requests under one number (7)");

    soft_proof_make(&s, RULE_E5); /* attempts of one device */
    quote_both(&s);
    says(&s, PROOF_VERIFIER, "alone they do not show it");

    soft_proof_make(&s, RULE_E5); /* one request, shown twice */
    soft_quote(&s, 0);
    soft_quote(&s, 0);
    says(&s, PROOF_NOTHING, "Both quotes are of one request");

    soft_proof_make(&s, RULE_E5); /* P-V-6: without a base neither is ever E5 */
    s.a1[0].base_epoch = s.a1[1].base_epoch = 0;
    s.a1[1].attempt = s.a1[0].attempt;
    quote_both(&s);
    says(&s, PROOF_VERIFIER, "alone they do not show it");

    soft_proof_make(&s, RULE_E5);
    soft_quote(&s, 1);
    says(&s, PROOF_VERIFIER, "does not show the quotes of both");
}

static void two_bases_that_one_device_cannot_have(void **state)
{
    (void)state;
    static struct soft_proof s;
    static const uint8_t     kid[PAWL_KID] = { 1 };

    soft_proof_make(&s, RULE_E5);
    s.a1[1].base_kid = PAWL_VIEW_OF(kid);
    quote_both(&s);
    says(&s, PROOF_AK, "two different keys of one epoch (3)");

    soft_proof_make(&s, RULE_E5);
    s.a1[1].base_epoch = s.a1[1].new_epoch = 2;
    quote_both(&s);
    says(&s, PROOF_AK, "on keys of epoch 2 after one on those of epoch 3");

    /* By the TPM's clock the older base was used first: that is how a device goes on. */
    soft_proof_make(&s, RULE_E5);
    s.a1[1].base_epoch = s.a1[1].new_epoch = 2;
    s.clock[1].clock_ms = s.clock[0].clock_ms - 1;
    quote_both(&s);
    says(&s, PROOF_VERIFIER, "alone they do not show it");

    for (size_t i = 0; i < 2; i++) { /* nobody can say which came first */
        soft_proof_make(&s, RULE_E5);
        s.a1[i].base_epoch = s.a1[i].new_epoch = 2;
        s.clock[1] = s.clock[0];
        quote_both(&s);
        says(&s, PROOF_VERIFIER, "alone they do not show it");
    }

    soft_proof_make(&s, RULE_E5); /* a device that has no base any more */
    s.a1[1].base_epoch = 0;
    quote_both(&s);
    says(&s, PROOF_VERIFIER, "alone they do not show it");
}

static void a_clock_that_goes_back(void **state)
{
    (void)state;
    static struct soft_proof s;

    soft_proof_make(&s, RULE_E6);
    s.clock[1].resets = s.clock[0].resets - 1;
    quote_both(&s);
    says(&s, PROOF_AK, "went back: attempt 7 at 7 resets, 1 restarts, 5000 ms; later attempt 8");

    soft_proof_make(&s, RULE_E6);
    quote_both(&s);
    says(&s, PROOF_NOTHING, "does not go back");

    soft_proof_make(&s, RULE_E6); /* or else they might just stand in the wrong order */
    s.clock[1].clock_ms = s.clock[0].clock_ms - 1;
    s.a1[1].attempt = s.a1[0].attempt;
    quote_both(&s);
    says(&s, PROOF_VERIFIER, "came first");

    soft_proof_make(&s, RULE_E6);
    soft_quote(&s, 0);
    says(&s, PROOF_VERIFIER, "does not show both quotes");
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
        quote_both(&s);
        says(&s, after ? PROOF_VERIFIER : PROOF_AK, after ? "came first" : "went back");

        soft_proof_make(&s, RULE_E6);
        s.clock[1].clock_ms = s.clock[0].clock_ms - 1;
        s.a1[0].base_epoch = after;
        quote_both(&s);
        says(&s, after ? PROOF_AK : PROOF_VERIFIER, after ? "went back" : "came first");
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
    quote_both(&s);
    says(&s, PROOF_AK, caveat);

    soft_proof_make(&s, RULE_E6);
    s.clock[1].resets = s.clock[0].resets - 1;
    s.a1[1].base_epoch = s.a1[1].new_epoch = 4;
    quote_both(&s);
    says(&s, PROOF_AK, caveat);

    soft_proof_make(&s, RULE_E5); /* one base: it did */
    s.a1[1].attempt = s.a1[0].attempt;
    quote_both(&s);
    says_not(&s, caveat);

    soft_proof_make(&s, RULE_E6);
    s.clock[1].resets = s.clock[0].resets - 1;
    quote_both(&s);
    says_not(&s, caveat);
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
    says(&s, PROOF_AK, "Message 104 to the device: its TPM attests");

    finds_down(&s, 0, 104);
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "messages up to 104 came to it");

    finds_down(&s, GEN, 105);
    soft_quote(&s, 0);
    says(&s, PROOF_NOTHING, "does not name it");

    finds_down(&s, GEN, 0);
    soft_shows(&s, PAWL_DOWN, EPOCH, GEN, 100, soft_leaves(101, 5));
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "attests other messages than the verifier sent");

    finds_down(&s, GEN, 0);
    soft_shows(&s, PAWL_DOWN, EPOCH, GEN, 100, soft_leaves(100, 5));
    soft_quote(&s, 0);
    says(&s, PROOF_VERIFIER, "it does not show them");

    finds_down(&s, GEN + 1, 0);
    soft_quote(&s, 0);
    says(&s, PROOF_NOTHING, "does not name it");

    finds_down(&s, GEN, 104);
    says(&s, PROOF_VERIFIER, "no quote is shown");
}

static void what_only_the_verifier_saw(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_small(&s);
    says(&s, PROOF_VERIFIER, "Message 4: the verifier says that it received two");

    soft_proof_make(&s, RULE_E2);
    soft_lists(&s, 0, EPOCH, GEN, 1, 5);
    soft_quote(&s, 0);
    soft_finds(&s, RULE_E2, EPOCH, GEN, 4, soft_leaf(4, true), NO_LEAF);
    says(&s, PROOF_VERIFIER, "keys (epoch 3, generation 2) that the device had left");

    soft_proof_make(&s, RULE_BACK);
    soft_quote(&s, 0);
    says(&s, PROOF_VERIFIER, "its own store went back");

    soft_proof_make(&s, RULE_E3); /* claims a rule and names nothing */
    soft_quote(&s, 0);
    says(&s, PROOF_NOTHING, "message-forged (E3)");
}

static void the_strongest_finding_counts(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_finds(&s, RULE_E2, EPOCH, GEN, 9, soft_leaf(9, true), NO_LEAF);
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "that the device had left");
}

/* A forged message proves no clone. */
static void a_finding_of_another_kind_bears_nothing_out(void **state)
{
    (void)state;
    static const enum rule   others[] = { RULE_E5, RULE_E6, RULE_BACK };
    static struct soft_proof s;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        make_e3(&s);
        s.p.rule = others[i];
        soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
        soft_quote(&s, 0);
        says(&s, PROOF_VERIFIER, "attests another one than the verifier received");
    }
}

/* Of an incident that became graver each proof is still of what it was found by. */
static void says_the_kind_of_its_rule(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_e3(&s);
    s.p.kind = INCIDENT_DEVICE_CLONED;
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "message-forged (E3)");

    make_e3(&s);
    s.p.kind = INCIDENT_DEVICE_CLONED;
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    says(&s, PROOF_AK, "It belongs to an incident that the verifier calls device-cloned");
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
    T_OK(check(&s, &said, &err), &err);
    assert_int_equal(said.n, PROOF_SAY_MAX);
    assert_string_equal(said.line[PROOF_SAY_MAX - 1], "There are more findings.");
    soft_proof_done(&s);
}

/* ---- an independent program ------------------------------------------------------------------ */

/* tests/vectors/proof/proof.py made these files, and judged each by docs/api.md alone. */
static void judges_as_an_independent_program_does(void **state)
{
    (void)state;
    static struct proof p;
    struct pawl_public  key;
    struct proof_said   said;
    struct pawl_err     err;
    char                file[80], name[33], strength[17];
    struct pawl_view    list = t_vector("proof/strengths.txt");
    char               *text = strndup((const char *)list.p, list.n), *at = text;
    int                 n, files = 0;

    T_OK(pawl_public_from_pem(t_vector("cose/public.pem"), &key, &err), &err);
    for (; sscanf(at, "%32s %16s\n%n", name, strength, &n) == 2; at += n, files++) {
        snprintf(file, sizeof(file), "proof/%s.proof", name);
        T_OK(proof_open(t_vector(file), &key, &p, &err), &err);
        T_OK(proof_check(&p, &said, &err), &err);
        assert_string_equal(proof_strength_name(said.strength), strength);
    }
    assert_int_equal(files, 19);
    free(text);
}

/* ---- what somebody bent and had signed ------------------------------------------------------- */

static void make_good(struct soft_proof *s)
{
    make_e3(s);
    soft_shows(s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
}

static void an_a1_about_somebody_else(void **state)
{
    (void)state;
    static struct soft_proof s;
    static uint8_t           other[50] = { 0, 0x0b };

    make_good(&s);
    s.a1[0].device_id = pawl_view(other, 32);
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "quotes[0].A1.device_id");

    make_good(&s);
    s.a1[0].tenant = pawl_view_str("other");
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "quotes[0].A1.tenant");

    make_good(&s);
    s.a1[0].verifier_id = pawl_view(other, 32);
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "quotes[0].A1.verifier_id");

    make_good(&s);
    s.a1[0].ak_name = pawl_view(other, 34);
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "quotes[0].A1.ak_name");

    make_good(&s); /* the second one is looked at as well */
    s.a1[1].tenant = pawl_view_str("other");
    quote_both(&s);
    refused(&s, PAWL_E_FORGED, "quotes[1].A1.tenant");
}

static void a_quote_that_the_ak_did_not_make(void **state)
{
    (void)state;
    static struct soft_proof s;
    uint8_t                 *b;

    make_good(&s); /* another A1 than the quoted one */
    soft_quote(&s, 0);
    s.a1[0].snd.gen_n = 0;
    soft_quote(&s, 0);
    s.p.quote[0].a1 = s.p.quote[1].a1;
    s.p.quote_n = 1;
    refused(&s, PAWL_E_FORGED, "quotes[0].quote.extraData");

    make_good(&s); /* another quote's signature */
    quote_both(&s);
    s.p.quote[0].signature = s.p.quote[1].signature;
    refused(&s, PAWL_E_FORGED, "quotes[0].signature.signature");

    make_good(&s); /* another key */
    s.ak = soft_key(PAWL_KEY_P256, 1);
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "quotes[0].signature.signature");

    make_good(&s); /* what no TPM made */
    soft_quote(&s, 0);
    b = (uint8_t *)(uintptr_t)s.p.quote[0].attest.p;
    b[0] ^= 1;
    refused(&s, PAWL_E_FORGED, "quotes[0].quote.magic");

    make_good(&s); /* a key that signs anything */
    s.p.ak_public = soft_attributes(s.p.ak_public, 0x00040472);
    struct pawl_name name = soft_name(s.p.ak_public);
    s.a1[0].ak_name = t_copy(pawl_name_view(&name));
    soft_quote(&s, 0);
    refused(&s, PAWL_E_DENIED, "quotes[0].ak_public.objectAttributes");

    make_good(&s);
    s.p.ak_public.n--;
    refused(&s, PAWL_E_SHORT, "ak_public.unique.ecc.y");
}

static void leaves_that_nothing_attests(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(2, 5));
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "leaves");

    make_e3(&s); /* of slots that A1 does not list so */
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 2, soft_leaves(1, 5));
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "leaves");
    make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 4));
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "leaves");

    make_e3(&s); /* of a list that is no run of slots, and attests nothing */
    s.a1[0].snd.gen_n = 0;
    soft_lists(&s, 0, EPOCH, GEN, 1, 4);
    s.a1[0].snd.gens[0].last_seq = 5;
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 4));
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "leaves");

    make_e3(&s); /* of another generation, epoch, direction */
    soft_shows(&s, PAWL_UP, EPOCH, GEN + 1, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "leaves");
    make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH + 1, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "leaves");
    make_e3(&s);
    soft_shows(&s, PAWL_DOWN, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "leaves");

    make_e3(&s); /* of no quote */
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    refused(&s, PAWL_E_FORGED, "leaves");

    make_e3(&s); /* that another generation's finding excuses */
    soft_finds(&s, RULE_E3, EPOCH, GEN + 1, 0, NO_LEAF, NO_LEAF);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(2, 5));
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "leaves");
}

static void findings_that_the_leaves_contradict(void **state)
{
    (void)state;
    static struct soft_proof s;

    make_good(&s); /* what came is what is attested */
    memcpy(s.p.found.at[0].received, soft_leaf(4, false).p, PAWL_LEAF);
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "finding.received");

    make_good(&s);
    memcpy(s.p.found.at[0].attested, soft_leaf(5, false).p, PAWL_LEAF);
    soft_quote(&s, 0);
    refused(&s, PAWL_E_FORGED, "finding.attested");

    make_small(&s); /* two messages that are one */
    memcpy(s.p.found.at[0].attested, s.p.found.at[0].received, PAWL_LEAF);
    refused(&s, PAWL_E_FORGED, "finding.attested");
}

static void a_receipt_of_another_device(void **state)
{
    (void)state;
    static struct soft_proof s;
    static uint8_t           other[PAWL_DEVICE_ID];
    struct pawl_view         own;

    make_e4(&s, 2);
    own = s.p.device_id;
    s.p.device_id = PAWL_VIEW_OF(other);
    soft_denies(&s, 1, 2, EPOCH, GEN, 9);
    s.p.device_id = own;
    soft_quote(&s, 1);
    refused(&s, PAWL_E_FORGED, "receipt.device_id");

    make_e4(&s, 2);
    soft_quote(&s, 1);
    s.p.receipt.n--;
    refused(&s, PAWL_E_SHORT, "receipt.generation.digest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("goes through its bytes unchanged", goes_through_its_bytes_unchanged),
        T_CASE("no flip and no truncation opens", no_flip_and_no_truncation_opens),
        T_CASE("another key did not sign it", another_key_did_not_sign_it),
        T_CASE("what is signed, and not its own form", what_is_signed_and_not_its_own_form),
        T_CASE("a signed refusal is no proof", a_signed_refusal_is_no_proof),
        T_CASE("writes nothing that it would not read", writes_nothing_that_it_would_not_read),
        T_CASE("the largest one fits", the_largest_one_fits),
        T_CASE("evidence goes through its bytes", evidence_goes_through_its_bytes),
        T_CASE("E3: another leaf than the attested one", another_leaf_than_the_attested_one),
        T_CASE("E3: leaves may be those of the older quote",
               leaves_may_be_those_of_the_older_quote),
        T_CASE("E3: a slot that was never sent", a_slot_that_was_never_sent),
        T_CASE("E3: a slot that a receipt may have covered",
               a_slot_that_a_receipt_may_have_covered),
        T_CASE("E3: a slot of which the quote says nothing",
               a_slot_of_which_the_quote_says_nothing),
        T_CASE("E3: a whole generation of another digest", a_whole_generation_of_another_digest),
        T_CASE("E4: a receipt that the device denies", a_receipt_that_the_device_denies),
        T_CASE("E4: a receipt that it does not deny", a_receipt_that_it_does_not_deny),
        T_CASE("E5: one attempt twice", one_attempt_twice),
        T_CASE("E5: two bases that one device cannot have", two_bases_that_one_device_cannot_have),
        T_CASE("E6: a clock that goes back", a_clock_that_goes_back),
        T_CASE("E6: a device that lost its state is no TPM that went back",
               a_device_that_lost_its_state_is_no_tpm_that_went_back),
        T_CASE("E5, E6: what a device that began anew may do is told with that",
               what_a_device_that_began_anew_may_do_is_told_with_that),
        T_CASE("E7: a message that was never sent to it", a_message_that_was_never_sent_to_it),
        T_CASE("E1, E2, S1: what only the verifier saw", what_only_the_verifier_saw),
        T_CASE("the strongest finding counts", the_strongest_finding_counts),
        T_CASE("a finding of another kind bears nothing out",
               a_finding_of_another_kind_bears_nothing_out),
        T_CASE("says the kind of its rule", says_the_kind_of_its_rule),
        T_CASE("many findings end with a word that there are more",
               many_findings_end_with_a_word_that_there_are_more),
        T_CASE("judges as an independent program does", judges_as_an_independent_program_does),
        T_CASE("refuses an A1 about somebody else", an_a1_about_somebody_else),
        T_CASE("refuses a quote that the AK did not make", a_quote_that_the_ak_did_not_make),
        T_CASE("refuses leaves that nothing attests", leaves_that_nothing_attests),
        T_CASE("refuses findings that the leaves contradict", findings_that_the_leaves_contradict),
        T_CASE("refuses a receipt of another device", a_receipt_of_another_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
