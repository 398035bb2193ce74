/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: no quote but the one that was asked for, by this AK below this EK, over exactly this
 * request, says anything about a device; each row of docs/appraisal.md is bent on a whole request
 * whose signature is good. The rows on quotes alone stand in test_quote.c. */
#include <string.h>

#include "flow_fixture.h"

/* An enrolled device, and evidence that is good as it stands. */
struct bent {
    struct world         w;
    struct soft_device   d;
    uint8_t              nonce[PAWL_NONCE];
    struct soft_evidence ev;
};

static void bent_make(struct bent *b)
{
    world_make(&b->w);
    world_device(&b->w, &b->w.vendor, &b->d);
    world_enrol(&b->w, &b->d);
    world_attest_begin(&b->w, &b->d, b->nonce, &b->ev);
}

static void bent_done(struct bent *b)
{
    soft_device_done(&b->d);
    world_done(&b->w);
}

#define BENT PAWL_CLEANUP(bent_done) struct bent

static void is_refused(struct bent *b, enum pawl_code code, const char *where)
{
    soft_evidence_sign(&b->ev, NULL);
    world_refuses(&b->w, flow_evidence, soft_evidence_bytes(&b->ev), code, where);
}

/* Signs the bytes of attest after a test has changed them. */
static void is_refused_as_signed(struct bent *b, enum pawl_code code, const char *where)
{
    b->ev.m.signature = soft_sign(b->d.ak, PAWL_TPM_ALG_ECDSA, PAWL_SHA256, b->ev.m.attest);
    world_refuses(&b->w, flow_evidence, soft_evidence_bytes(&b->ev), code, where);
}

/* What a TPM answers to this TPML_PCR_SELECTION; the values follow from select. */
static void selects(struct bent *b, struct pawl_view select_bytes)
{
    b->ev.select_bytes = select_bytes;
}

static void as_it_stands_it_is_good(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    soft_evidence_sign(&b.ev, NULL);
    world_takes(&b.w, flow_evidence, soft_evidence_bytes(&b.ev), 200);
}

static void q1_a_quote_that_no_tpm_made(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    b.ev.attest.magic = 0xff544348;
    is_refused(&b, PAWL_E_FORGED, "quote.magic");
}

static void q2_a_certification_for_a_quote(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    b.ev.attest.type = PAWL_TPM_ST_CERTIFY;
    b.ev.attest.body = soft_certify_body(pawl_name_view(&b.d.td_name),
                                         pawl_name_view(&b.d.td_name));
    is_refused(&b, PAWL_E_FORGED, "quote.type");
}

static void q3_a_byte_too_many(void **state)
{
    (void)state;
    BENT    b;
    uint8_t longer[PAWL_ATTEST_MAX];

    bent_make(&b);
    soft_evidence_sign(&b.ev, NULL);
    memcpy(longer, b.ev.m.attest.p, b.ev.m.attest.n);
    longer[b.ev.m.attest.n] = 0;
    b.ev.m.attest = pawl_view(longer, b.ev.m.attest.n + 1);
    is_refused_as_signed(&b, PAWL_E_TRAILING, "quote.end");
}

static void q10_a_quote_of_another_request(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    soft_evidence_sign(&b.ev, NULL);
    struct pawl_evidence earlier = b.ev.m;
    b.ev.a1.reason = PAWL_REASON_DEMAND;
    soft_evidence_sign(&b.ev, NULL);
    b.ev.m.attest = earlier.attest;
    b.ev.m.signature = earlier.signature;
    world_refuses(&b.w, flow_evidence, soft_evidence_bytes(&b.ev), PAWL_E_FORGED,
                  "quote.extraData");
}

static void q13_a_quote_of_another_genuine_tpm(void **state)
{
    (void)state;
    BENT   b;
    DEVICE other;

    bent_make(&b);
    world_device(&b.w, &b.w.vendor, &other);
    world_enrol(&b.w, &other);
    struct pawl_name q = soft_device_qualified(&other);
    b.ev.attest.signer = pawl_name_view(&q);
    b.ev.signer = other.ak;
    is_refused(&b, PAWL_E_FORGED, "quote.qualifiedSigner");
}

static void q14_an_ak_in_another_hierarchy(void **state)
{
    (void)state;
    BENT             b;
    struct pawl_name q;

    bent_make(&b);
    const struct pawl_name names[] = { b.d.ek_name, b.d.ak_name };
    T_OK(pawl_tpm_qualified_name(PAWL_TPM_RH_OWNER, names, 2, &q, &b.w.err), &b.w.err);
    b.ev.attest.signer = pawl_name_view(&q);
    is_refused(&b, PAWL_E_FORGED, "quote.qualifiedSigner");
}

static void q15_the_same_bank_twice(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    selects(&b, t_hex("00000002 000b 03 ff0000 000b 03 ff0000"));
    soft_evidence_sign(&b.ev, NULL);
    step_done(&b.w.step);
    assert_false(pawl_is_ok(
        flow_evidence(&b.w.flow, soft_evidence_bytes(&b.ev), &b.w.answer, &b.w.step, &b.w.err)));
    assert_int_equal(strncmp(b.w.err.where, "quote.pcrSelect", 15), 0);
    assert_int_equal(b.w.answer.http, 403);
    assert_true(step_is_empty(&b.w.step));
}

static void q15_banks_in_another_order(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    selects(&b, t_hex("00000002 000b 03 ff0000 0004 03 ff0000"));
    is_refused(&b, PAWL_E_FORGED, "quote.pcrSelect");
}

static void q15_a_bank_less_or_more(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    struct soft_evidence good = b.ev;
    selects(&b, t_hex("00000001 000b 03 ff0000"));
    is_refused(&b, PAWL_E_FORGED, "quote.pcrSelect");
    b.ev = good;
    selects(&b, t_hex("00000003 0004 03 ff0000 000b 03 ff0000 000c 03 ff0000"));
    is_refused(&b, PAWL_E_FORGED, "quote.pcrSelect");
}

static void q16_no_pcr_at_all(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    struct soft_evidence good = b.ev;
    b.ev.values.n = 0;
    selects(&b, t_hex("00000000"));
    is_refused(&b, PAWL_E_FORGED, "quote.pcrSelect");
    b.ev = good;
    b.ev.values.n = 0;
    selects(&b, t_hex("00000002 0004 03 000000 000b 03 000000"));
    is_refused(&b, PAWL_E_FORGED, "quote.pcrSelect");
    b.ev = good;
    b.ev.values.n = 0;
    selects(&b, t_hex("00000004 0004 03 000000 000b 03 000000 000c 03 000000 000d 03 000000"));
    is_refused(&b, PAWL_E_FORGED, "quote.pcrSelect");
}

/* The resettable PCR 16, extended with what PCR 7 should hold, in its place: same values, same
 * digest, another selection. */
static void q17_another_pcr_in_its_place(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    selects(&b, t_hex("00000002 0004 03 ff0000 000b 03 7f0001"));
    is_refused(&b, PAWL_E_FORGED, "quote.pcrSelect");
}

static void q17_the_tenant_s_set_in_an_all_selection(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    selects(&b, t_hex("00000004 0004 03 ff0000 000b 03 ff0000 000c 03 000000 000d 03 000000"));
    is_refused(&b, PAWL_E_FORGED, "quote.pcrSelect");
}

/* Q17b: one bank split over several entries, so that a flat list of values lines up. */
static void q17_a_spliced_selection(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    selects(&b, t_hex("00000003 0004 03 ff0000 000b 03 7f0000 000b 03 000001"));
    soft_evidence_sign(&b.ev, NULL);
    step_done(&b.w.step);
    assert_false(pawl_is_ok(
        flow_evidence(&b.w.flow, soft_evidence_bytes(&b.ev), &b.w.answer, &b.w.step, &b.w.err)));
    assert_int_equal(strncmp(b.w.err.where, "quote.pcrSelect", 15), 0);
    assert_int_equal(b.w.answer.http, 403);
    assert_true(step_is_empty(&b.w.step));
}

static void q18_values_that_were_not_quoted(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    soft_evidence_sign(&b.ev, NULL);
    struct pawl_evidence good = b.ev.m;
    for (size_t i = 0; i < good.pcr_n; i++) {
        b.ev.m = good;
        b.ev.m.pcr[i] = t_copy(good.pcr[i]);
        ((uint8_t *)b.ev.m.pcr[i].p)[good.pcr[i].n - 1] ^= 1;
        world_refuses(&b.w, flow_evidence, soft_evidence_bytes(&b.ev), PAWL_E_FORGED,
                      "evidence.pcrs");
    }
}

static void q20_values_in_another_order(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    soft_evidence_sign(&b.ev, NULL);
    struct pawl_view first = b.ev.m.pcr[0];
    b.ev.m.pcr[0] = b.ev.m.pcr[1];
    b.ev.m.pcr[1] = first;
    world_refuses(&b.w, flow_evidence, soft_evidence_bytes(&b.ev), PAWL_E_FORGED, "evidence.pcrs");
}

static void q21_values_too_few_too_many_or_of_another_length(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    soft_evidence_sign(&b.ev, NULL);
    struct pawl_evidence good = b.ev.m;
    b.ev.m.pcr_n--;
    world_refuses(&b.w, flow_evidence, soft_evidence_bytes(&b.ev), PAWL_E_RANGE,
                  "evidence.pcrs.pcrValues");
    b.ev.m = good;
    b.ev.m.pcr[b.ev.m.pcr_n++] = good.pcr[0];
    world_refuses(&b.w, flow_evidence, soft_evidence_bytes(&b.ev), PAWL_E_RANGE,
                  "evidence.pcrs.pcrValues");
    b.ev.m = good;
    b.ev.m.pcr[0] = good.pcr[15];
    world_refuses(&b.w, flow_evidence, soft_evidence_bytes(&b.ev), PAWL_E_RANGE,
                  "evidence.pcrs.pcrValues");
}

static void a_software_key_signs_for_no_tpm(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    b.ev.signer = b.d.td;
    soft_evidence_sign(&b.ev, NULL);
    step_done(&b.w.step);
    T_FAILS(flow_evidence(&b.w.flow, soft_evidence_bytes(&b.ev), &b.w.answer, &b.w.step, &b.w.err),
            &b.w.err, PAWL_E_FORGED);
    assert_int_equal(strncmp(b.w.err.where, "signature", 9), 0);
}

static void no_flip_of_good_evidence_is_accepted(void **state)
{
    (void)state;
    BENT b;

    bent_make(&b);
    soft_evidence_sign(&b.ev, NULL);
    struct pawl_view good = soft_evidence_bytes(&b.ev);
    for (size_t bit = 0; bit < 8 * good.n; bit += 5) {
        struct pawl_view bad = t_copy(good);
        ((uint8_t *)bad.p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        step_done(&b.w.step);
        assert_false(pawl_is_ok(flow_evidence(&b.w.flow, bad, &b.w.answer, &b.w.step, &b.w.err)));
        assert_true(b.w.answer.http == 400 || b.w.answer.http == 403);
        assert_true(step_is_empty(&b.w.step));
    }
    world_takes(&b.w, flow_evidence, good, 200);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("as it stands it is good", as_it_stands_it_is_good),
        T_CASE("Q1 a quote that no TPM made", q1_a_quote_that_no_tpm_made),
        T_CASE("Q2 a certification for a quote", q2_a_certification_for_a_quote),
        T_CASE("Q3 a byte too many", q3_a_byte_too_many),
        T_CASE("Q10 a quote of another request", q10_a_quote_of_another_request),
        T_CASE("Q13 a quote of another genuine TPM", q13_a_quote_of_another_genuine_tpm),
        T_CASE("Q14 an AK in another hierarchy", q14_an_ak_in_another_hierarchy),
        T_CASE("Q15 the same bank twice", q15_the_same_bank_twice),
        T_CASE("Q15 banks in another order", q15_banks_in_another_order),
        T_CASE("Q15 a bank less or more", q15_a_bank_less_or_more),
        T_CASE("Q16 no PCR at all", q16_no_pcr_at_all),
        T_CASE("Q17 another PCR in its place", q17_another_pcr_in_its_place),
        T_CASE("Q17 the tenant's set in an all selection",
               q17_the_tenant_s_set_in_an_all_selection),
        T_CASE("Q17b a spliced selection", q17_a_spliced_selection),
        T_CASE("Q18 values that were not quoted", q18_values_that_were_not_quoted),
        T_CASE("Q20 values in another order", q20_values_in_another_order),
        T_CASE("Q21 values too few, too many or of another length",
               q21_values_too_few_too_many_or_of_another_length),
        T_CASE("a software key signs for no TPM", a_software_key_signs_for_no_tpm),
        T_CASE("no flip of good evidence is accepted", no_flip_of_good_evidence_is_accepted),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
