/* SPDX-License-Identifier: Apache-2.0 */
#include "proof_fixture.h"

#include <string.h>

#include <pawl/cose.h>

#include "soft_proof.h"
#include "t.h"

pawl_status proof_checks(const struct soft_proof *s, struct proof_said *ret, struct pawl_err *err)
{
    static struct proof p;

    T_OK(proof_open(soft_proof_bytes(s), pawl_private_public(s->verifier), &p, err), err);
    return proof_check(&p, ret, err);
}

void proof_says(struct soft_proof *s, enum proof_strength strength, const char *words)
{
    struct proof_said said;
    struct pawl_err   err;
    bool              found = false;

    T_OK(proof_checks(s, &said, &err), &err);
    for (size_t i = 0; i < said.n; i++)
        found |= strstr(said.line[i], words) != NULL;
    for (size_t i = 0; !found && i < said.n; i++)
        print_message("%s\n", said.line[i]);
    assert_true(found);
    assert_int_equal(said.strength, strength);
    soft_proof_done(s);
}

void proof_quotes_both(struct soft_proof *s)
{
    soft_quote(s, 0);
    soft_quote(s, 1);
}

void proof_make_small(struct soft_proof *s)
{
    soft_proof_make(s, RULE_E1);
    soft_finds(s, RULE_E1, EPOCH, GEN, 4, soft_leaf(4, true), soft_leaf(4, false));
}

void proof_make_e3(struct soft_proof *s)
{
    soft_proof_make(s, RULE_E3);
    soft_lists(s, 0, EPOCH, GEN, 1, 5);
    soft_finds(s, RULE_E3, EPOCH, GEN, 4, soft_leaf(4, true), soft_leaf(4, false));
}

void proof_make_e4(struct soft_proof *s, uint64_t verdict)
{
    soft_proof_make(s, RULE_E4);
    soft_lists(s, 1, EPOCH, GEN, 1, 3);
    soft_denies(s, 1, verdict, EPOCH, GEN, 9);
    soft_finds(s, RULE_E4, verdict == 3 ? 0 : EPOCH, verdict == 3 ? 0 : GEN, verdict == 3 ? 9 : 0,
               NO_LEAF, NO_LEAF);
}
