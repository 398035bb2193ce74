/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: the check believes an A1 only with the AK's signature over it, leaves only with the
 * digest that A1 names, and everything only about the one device, tenant and verifier, whoever
 * signed the whole.
 */
#include <string.h>

#include <pawl/cose.h>

#include "proof_fixture.h"
#include "soft_proof.h"
#include "t.h"

/* It fails at this field, and nothing is said. */
static void proof_refused(struct soft_proof *s, enum pawl_code code, const char *where)
{
    struct proof_said said;
    struct pawl_err   err;

    t_poison(&said, sizeof(said));
    T_FAILS(proof_checks(s, &said, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&said, sizeof(said));
    soft_proof_done(s);
}

/* ---- what somebody bent and had signed ------------------------------------------------------- */

static void proof_make_good(struct soft_proof *s)
{
    proof_make_e3(s);
    soft_shows(s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
}

static void an_a1_about_somebody_else(void **state)
{
    (void)state;
    static struct soft_proof s;
    static uint8_t           other[50] = { 0, 0x0b };

    proof_make_good(&s);
    s.a1[0].device_id = pawl_view(other, 32);
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "quotes[0].A1.device_id");

    proof_make_good(&s);
    s.a1[0].tenant = pawl_view_str("other");
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "quotes[0].A1.tenant");

    proof_make_good(&s);
    s.a1[0].verifier_id = pawl_view(other, 32);
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "quotes[0].A1.verifier_id");

    proof_make_good(&s);
    s.a1[0].ak_name = pawl_view(other, 34);
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "quotes[0].A1.ak_name");

    proof_make_good(&s); /* the second one is looked at as well */
    s.a1[1].tenant = pawl_view_str("other");
    proof_quotes_both(&s);
    proof_refused(&s, PAWL_E_FORGED, "quotes[1].A1.tenant");
}

static void a_quote_that_the_ak_did_not_make(void **state)
{
    (void)state;
    static struct soft_proof s;
    uint8_t                 *b;

    proof_make_good(&s); /* another A1 than the quoted one */
    soft_quote(&s, 0);
    s.a1[0].snd.gen_n = 0;
    soft_quote(&s, 0);
    s.p.quote[0].a1 = s.p.quote[1].a1;
    s.p.quote_n = 1;
    proof_refused(&s, PAWL_E_FORGED, "quotes[0].quote.extraData");

    proof_make_good(&s); /* another quote's signature */
    proof_quotes_both(&s);
    s.p.quote[0].signature = s.p.quote[1].signature;
    proof_refused(&s, PAWL_E_FORGED, "quotes[0].signature.signature");

    proof_make_good(&s); /* another key */
    s.ak = soft_key(PAWL_KEY_P256, 1);
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "quotes[0].signature.signature");

    proof_make_good(&s); /* what no TPM made */
    soft_quote(&s, 0);
    b = (uint8_t *)(uintptr_t)s.p.quote[0].attest.p;
    b[0] ^= 1;
    proof_refused(&s, PAWL_E_FORGED, "quotes[0].quote.magic");

    proof_make_good(&s); /* a key that signs anything */
    s.p.ak_public = soft_attributes(s.p.ak_public, 0x00040472);
    struct pawl_name name = soft_name(s.p.ak_public);
    s.a1[0].ak_name = t_copy(pawl_name_view(&name));
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_DENIED, "quotes[0].ak_public.objectAttributes");

    proof_make_good(&s);
    s.p.ak_public.n--;
    proof_refused(&s, PAWL_E_SHORT, "ak_public.unique.ecc.y");
}

static void leaves_that_nothing_attests(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(2, 5));
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "leaves");

    proof_make_e3(&s); /* of slots that A1 does not list so */
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 2, soft_leaves(1, 5));
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "leaves");
    proof_make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 4));
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "leaves");

    proof_make_e3(&s); /* of a list that is no run of slots, and attests nothing */
    s.a1[0].snd.gen_n = 0;
    soft_lists(&s, 0, EPOCH, GEN, 1, 4);
    s.a1[0].snd.gens[0].last_seq = 5;
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 4));
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "leaves");

    proof_make_e3(&s); /* of another generation, epoch, direction */
    soft_shows(&s, PAWL_UP, EPOCH, GEN + 1, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "leaves");
    proof_make_e3(&s);
    soft_shows(&s, PAWL_UP, EPOCH + 1, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "leaves");
    proof_make_e3(&s);
    soft_shows(&s, PAWL_DOWN, EPOCH, GEN, 1, soft_leaves(1, 5));
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "leaves");

    proof_make_e3(&s); /* of no quote */
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(1, 5));
    proof_refused(&s, PAWL_E_FORGED, "leaves");

    proof_make_e3(&s); /* that another generation's finding excuses */
    soft_finds(&s, RULE_E3, EPOCH, GEN + 1, 0, NO_LEAF, NO_LEAF);
    soft_shows(&s, PAWL_UP, EPOCH, GEN, 1, soft_leaves(2, 5));
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "leaves");
}

static void findings_that_the_leaves_contradict(void **state)
{
    (void)state;
    static struct soft_proof s;

    proof_make_good(&s); /* what came is what is attested */
    memcpy(s.p.found.at[0].received, soft_leaf(4, false).p, PAWL_LEAF);
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "finding.received");

    proof_make_good(&s);
    memcpy(s.p.found.at[0].attested, soft_leaf(5, false).p, PAWL_LEAF);
    soft_quote(&s, 0);
    proof_refused(&s, PAWL_E_FORGED, "finding.attested");

    proof_make_small(&s); /* two messages that are one */
    memcpy(s.p.found.at[0].attested, s.p.found.at[0].received, PAWL_LEAF);
    proof_refused(&s, PAWL_E_FORGED, "finding.attested");
}

static void a_receipt_of_another_device(void **state)
{
    (void)state;
    static struct soft_proof s;
    static uint8_t           other[PAWL_DEVICE_ID];
    struct pawl_view         own;

    proof_make_e4(&s, 2);
    own = s.p.device_id;
    s.p.device_id = PAWL_VIEW_OF(other);
    soft_denies(&s, 1, 2, EPOCH, GEN, 9);
    s.p.device_id = own;
    soft_quote(&s, 1);
    proof_refused(&s, PAWL_E_FORGED, "receipt.device_id");

    proof_make_e4(&s, 2);
    soft_quote(&s, 1);
    s.p.receipt.n--;
    proof_refused(&s, PAWL_E_SHORT, "receipt.generation.digest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("refuses an A1 about somebody else", an_a1_about_somebody_else),
        T_CASE("refuses a quote that the AK did not make", a_quote_that_the_ak_did_not_make),
        T_CASE("refuses leaves that nothing attests", leaves_that_nothing_attests),
        T_CASE("refuses findings that the leaves contradict", findings_that_the_leaves_contradict),
        T_CASE("refuses a receipt of another device", a_receipt_of_another_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
