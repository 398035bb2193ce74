/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: a proof goes through its bytes unchanged, only the key that signed it opens it, and the
 * check comes to the same end as an independent program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pawl/cose.h>

#include "proof_fixture.h"
#include "soft_proof.h"
#include "t.h"

/* ---- bytes ---------------------------------------------------------------------------------- */

/* Something of everything. */
static void proof_make_full(struct soft_proof *s)
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

    proof_make_full(&s);
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

    proof_make_small(&s);
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

    proof_make_small(&s);
    proof_make_small(&other);
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

    proof_make_small(&s);
    proof_make_small(&other);
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

    proof_make_small(&s);
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
        proof_make_full(&s);                                                                       \
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

    proof_make_full(&s);
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
        T_CASE("judges as an independent program does", judges_as_an_independent_program_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
