/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: Names and Qualified Names are those that a TPM computes (K3, Q14), and a Name that
 * arrives has exactly one form. */
#include "tpm_vector.h"

static const char *const keys[] = { "ek_l1",   "ek_l2",   "ek_h1",      "ek_h2",
                                    "ek_h3",   "ak_p256", "ak_rsa2048", "ak_rsapss",
                                    "ak_p384", "srk",     "td" };
enum { KEYS_N = sizeof(keys) / sizeof(keys[0]) };

static struct pawl_name name_of(const char *key)
{
    struct pawl_err        err;
    struct pawl_tpm_public pub = tpm_public(key);
    struct pawl_name       name;

    T_OK(pawl_tpm_name(&pub, &name, &err), &err);
    return name;
}

static void names_are_the_tpms_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS_N; i++) {
        struct pawl_name name = name_of(keys[i]);
        assert_true(pawl_view_equal(pawl_name_view(&name), tpm_vector(keys[i], "name")));
    }
}

static void qualified_names_are_the_tpms_own(void **state)
{
    (void)state;
    static const struct {
        uint32_t    hierarchy;
        const char *parent, *key;
    } rows[] = {
        { PAWL_TPM_RH_ENDORSEMENT, NULL, "ek_l1" },
        { PAWL_TPM_RH_ENDORSEMENT, NULL, "ek_l2" },
        { PAWL_TPM_RH_ENDORSEMENT, NULL, "ek_h3" },
        { PAWL_TPM_RH_ENDORSEMENT, "ek_l2", "ak_p256" },
        { PAWL_TPM_RH_ENDORSEMENT, "ek_l2", "ak_p384" },
        { PAWL_TPM_RH_OWNER, NULL, "srk" },
        { PAWL_TPM_RH_OWNER, "srk", "td" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pawl_err  err;
        struct pawl_name chain[2], q;
        size_t           n = 0;
        if (rows[i].parent)
            chain[n++] = name_of(rows[i].parent);
        chain[n++] = name_of(rows[i].key);
        T_OK(pawl_tpm_qualified_name(rows[i].hierarchy, chain, n, &q, &err), &err);
        assert_true(pawl_view_equal(pawl_name_view(&q), tpm_vector(rows[i].key, "qname")));
    }
}

/* Q14: another hierarchy or another parent gives another Qualified Name. */
static void a_qualified_name_tells_hierarchy_and_parent(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_name q, good[] = { name_of("ek_l2"), name_of("ak_p256") };
    struct pawl_name other[] = { name_of("ek_l1"), name_of("ak_p256") };
    struct pawl_view want = tpm_vector("ak_p256", "qname");

    T_OK(pawl_tpm_qualified_name(PAWL_TPM_RH_OWNER, good, 2, &q, &err), &err);
    assert_false(pawl_view_equal(pawl_name_view(&q), want));
    T_OK(pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, other, 2, &q, &err), &err);
    assert_false(pawl_view_equal(pawl_name_view(&q), want));
    T_OK(pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, good + 1, 1, &q, &err), &err);
    assert_false(pawl_view_equal(pawl_name_view(&q), want));
}

static void a_chain_of_anything_else_is_refused(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_name q, chain[] = { name_of("ek_l2"), name_of("ak_p256") };

    t_poison(&q, sizeof(q));
    T_FAILS(pawl_tpm_qualified_name(PAWL_TPM_RH_OWNER, chain, 0, &q, &err), &err, PAWL_E_BUG);
    chain[1].n--;
    T_FAILS(pawl_tpm_qualified_name(PAWL_TPM_RH_OWNER, chain, 2, &q, &err), &err, PAWL_E_SHORT);
    T_WHERE(&err, "chain.digest");
    chain[1].n = 0;
    T_FAILS(pawl_tpm_qualified_name(PAWL_TPM_RH_OWNER, chain, 2, &q, &err), &err, PAWL_E_SHORT);
    T_WHERE(&err, "chain.nameAlg");
    t_still_poisoned(&q, sizeof(q));
}

static void an_arriving_name_has_one_form(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_view good = tpm_vector("ek_h3", "name");
    struct pawl_name name, own = name_of("ek_h3");

    T_OK(pawl_name_parse(good, &name, &err), &err);
    assert_true(pawl_name_equal(&name, &own));
    name.b[49] ^= 1;
    assert_false(pawl_name_equal(&name, &own));

    t_poison(&name, sizeof(name));
    T_FAILS(pawl_name_parse(t_hex("0004 0000000000000000000000000000000000000000"), &name, &err),
            &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "nameAlg");
    T_FAILS(pawl_name_parse(t_hex("8100 0001"), &name, &err), &err, PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_name_parse(tpm_put_u16(good, 0, PAWL_TPM_ALG_SHA256), &name, &err), &err,
            PAWL_E_TRAILING);
    T_FAILS(pawl_name_parse(tpm_put_u16(good, 0, PAWL_TPM_ALG_SHA512), &name, &err), &err,
            PAWL_E_SHORT);
    t_still_poisoned(&name, sizeof(name));
}

static void must_not_parse(struct pawl_view cut, void *arg)
{
    struct pawl_err  err;
    struct pawl_name name;

    (void)arg;
    T_FAILS(pawl_name_parse(cut, &name, &err), &err, PAWL_E_SHORT);
}

static void no_truncated_name_parses(void **state)
{
    (void)state;
    t_each_truncation(tpm_vector("ek_h3", "name"), must_not_parse, NULL);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("Names are the TPM's own (K3)", names_are_the_tpms_own),
        T_CASE("Qualified Names are the TPM's own", qualified_names_are_the_tpms_own),
        T_CASE("a Qualified Name tells hierarchy and parent (Q14)",
               a_qualified_name_tells_hierarchy_and_parent),
        T_CASE("a chain of anything else is refused", a_chain_of_anything_else_is_refused),
        T_CASE("an arriving Name has one form", an_arriving_name_has_one_form),
        T_CASE("no truncated Name parses", no_truncated_name_parses),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
