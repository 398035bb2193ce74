/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: an AK of our template below the EK, and a t_D that this AK certified for this enrolment,
 * are needed; every broken link is named. One test for each row of docs/appraisal.md.
 */
#include "enroll/ek.h"
#include "identity_fixture.h"
#include "soft_tpm.h"
#include "t.h"

/* ---- the AK --------------------------------------------------------------------------------- */

static void ak_refused(uint32_t attributes)
{
    struct enrolment e = enrolment_good();

    e.req.ak_public = soft_attributes(e.req.ak_public, attributes);
    enrolment_certify(&e);
    enrolment_refused(&e, PAWL_E_DENIED, "ak_public.objectAttributes");
}

static void k1_unrestricted(void **state)
{
    (void)state;
    ak_refused(0x00040472);
    ak_refused(0x00070472);
    ak_refused(0x00030472);
}

static void k2_software(void **state)
{
    (void)state;
    ak_refused(0x00050472 & ~PAWL_TPMA_FIXED_TPM);
    ak_refused(0x00050472 & ~PAWL_TPMA_FIXED_PARENT);
    ak_refused(0x00050472 & ~PAWL_TPMA_ORIGIN);
    ak_refused(0x00050472 | 0x00000800); /* encryptedDuplication */
}

static void k5_template(void **state)
{
    (void)state;
    ak_refused(0x00050472 | PAWL_TPMA_ADMIN_POLICY);
    ak_refused(0x00050472 & ~PAWL_TPMA_NO_DA);
    struct enrolment e = enrolment_good();
    e.req.ak_public = soft_template(PAWL_TD_P256, e.ak);
    enrolment_certify(&e);
    enrolment_refused(&e, PAWL_E_DENIED, "ak_public.objectAttributes");
    e = enrolment_of(PAWL_EK_P256, soft_key(PAWL_KEY_P256, 0), soft_key(PAWL_KEY_P256, 1));
    e.req.ak_public = t_hex("0008");
    enrolment_refused(&e, PAWL_E_UNSUPPORTED, "ak_public.type");
}

static void k16_stclear(void **state)
{
    (void)state;
    ak_refused(0x00050472 | PAWL_TPMA_ST_CLEAR);
}

/* ---- t_D and its certification -------------------------------------------------------------- */

static void td_refused(uint32_t attributes)
{
    struct enrolment e = enrolment_good();

    e.req.td_public = soft_attributes(e.req.td_public, attributes);
    enrolment_certify(&e);
    enrolment_refused(&e, PAWL_E_DENIED, "td_public.objectAttributes");
}

static void td_template(void **state)
{
    (void)state;
    td_refused(0x00020472 | PAWL_TPMA_SIGN);
    td_refused(0x00020472 | PAWL_TPMA_RESTRICTED);
    td_refused(0x00020472 & ~PAWL_TPMA_DECRYPT);
    td_refused(0x00020472 & ~PAWL_TPMA_FIXED_TPM);
    td_refused(0x00020472 & ~PAWL_TPMA_ORIGIN);
    td_refused(0x00020472 | PAWL_TPMA_ST_CLEAR);
}

static void q1_q2_k6_no_certification(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    e.certify.magic = 0;
    enrolment_refused(&e, PAWL_E_FORGED, "certify_attest.magic");
    e = enrolment_good();
    e.certify.type = 0x801a; /* a creation says what was made, not what is loaded */
    enrolment_refused(&e, PAWL_E_FORGED, "certify_attest.type");
    e = enrolment_good();
    e.certify.type = PAWL_TPM_ST_QUOTE;
    enrolment_refused(&e, PAWL_E_FORGED, "certify_attest.type");
}

static void k4_q14_other_hierarchy(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    e.certify.signer = name_bytes(qualified(PAWL_TPM_RH_OWNER, &e.req));
    enrolment_refused(&e, PAWL_E_FORGED, "certify_attest.qualifiedSigner");
    e = enrolment_good();
    e.certify.signer = name_bytes(soft_name(e.req.ak_public));
    enrolment_refused(&e, PAWL_E_FORGED, "certify_attest.qualifiedSigner");
}

static void k7_certifies_another_key(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    e.certified = name_bytes(soft_name(e.req.ak_public));
    enrolment_refused(&e, PAWL_E_FORGED, "certify_attest.name");
}

static void k7_certified_by_another_key(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    e.signer = soft_key(PAWL_KEY_P256, 5);
    enrolment_refused(&e, PAWL_E_FORGED, "certify_sig.signature");
}

static void k7_certified_for_another_enrolment(void **state)
{
    (void)state;
    static const uint8_t  other[32] = { 0x56 };
    struct enrolment      e = enrolment_good();
    struct pawl_enrol_req req = e.req;

    req.tenant = pawl_view_str("other");
    e.certify.nonce = certify_nonce(&req);
    enrolment_refused(&e, PAWL_E_FORGED, "certify_attest.extraData");
    e = enrolment_good();
    req = e.req;
    req.verifier_id = PAWL_VIEW_OF(other);
    e.certify.nonce = certify_nonce(&req);
    enrolment_refused(&e, PAWL_E_FORGED, "certify_attest.extraData");
    e = enrolment_good();
    e.certify.nonce = pawl_view(NULL, 0);
    enrolment_refused(&e, PAWL_E_FORGED, "certify_attest.extraData");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("K1: an AK that is not restricted is refused", k1_unrestricted),
        T_CASE("K2: a software AK is refused", k2_software),
        T_CASE("K5: an AK of another template is refused", k5_template),
        T_CASE("K16: an AK that dies with each reset is refused", k16_stclear),
        T_CASE("K7: a t_D of another template is refused", td_template),
        T_CASE("K6: what is no certification is refused", q1_q2_k6_no_certification),
        T_CASE("K4: an AK in another hierarchy is refused", k4_q14_other_hierarchy),
        T_CASE("K7: a certification of another key is refused", k7_certifies_another_key),
        T_CASE("K7: a certification by another key is refused", k7_certified_by_another_key),
        T_CASE("K7: a certification for another enrolment is refused",
               k7_certified_for_another_enrolment),
    };
    return cmocka_run_group_tests(cases, make_authorities, NULL);
}
