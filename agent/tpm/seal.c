/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that open at one value of the counter and never again.
 *
 * PolicyNV is the only way to the object: userWithAuth is clear, so its empty password opens
 * nothing, and adminWithPolicy is set, so no other use of it goes without the policy. PCRs are not
 * in it on purpose: an update of the system would cost the state, and the verifier judges PCRs
 * (P-KEY-11).
 */

#include <string.h>

#include "tpm/counter.h"
#include "tpm/kept.h"

static const uint32_t attributes = PAWL_TPMA_FIXED_TPM | PAWL_TPMA_FIXED_PARENT |
                                   PAWL_TPMA_ADMIN_POLICY | PAWL_TPMA_NO_DA;

static bool is_sealed_data(const struct pawl_keyedhash *k)
{
    return k->attributes == attributes && !k->hmac;
}

/* ---- seal ----------------------------------------------------------------------------------- */

struct input {
    TPM2B_SENSITIVE_CREATE sensitive;
    TPM2B_PUBLIC public;
};

static void input_wipe(struct input *in)
{
    pawl_wipe(in, sizeof(*in));
}

static pawl_status make_input(const struct pawl_secret *secret, const uint8_t policy[32],
                              struct input *ret, struct pawl_err *err)
{
    TPM2B_SENSITIVE_DATA *data = &ret->sensitive.sensitive.data;
    TPMT_PUBLIC          *area = &ret->public.publicArea;

    if (secret->n == 0 || secret->n > sizeof(secret->b) || secret->n > sizeof(data->buffer))
        return pawl_fail(err, PAWL_E_RANGE, "sealed", "%zu bytes, 1 to %d are possible", secret->n,
                         PAWL_SECRET_MAX);
    data->size = (UINT16)secret->n;
    memcpy(data->buffer, secret->b, secret->n);
    area->type = TPM2_ALG_KEYEDHASH;
    area->nameAlg = TPM2_ALG_SHA256;
    area->objectAttributes = attributes;
    area->authPolicy.size = 32;
    memcpy(area->authPolicy.buffer, policy, 32);
    area->parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    return pawl_ok();
}

/* The answer of TPM2_Create (Part 3, 12.1): private, public, and what tells of the creation. */
static pawl_status take_answer(struct tpm *t, const uint8_t policy[32], struct tpm_sealed *ret,
                               struct pawl_err *err)
{
    struct pawl_view      response = { 0 };
    struct pawl_keyedhash pub;

    PAWL_TRY(tpm_last_response(t, &response, err));
    struct pawl_rd r = pawl_rd_from(response);
    struct pawl_view private = pawl_rd_tpm2b(&r, "outPrivate", sizeof(ret->b));
    struct pawl_view area = pawl_rd_tpm2b(&r, "outPublic", PAWL_PUBLIC_MAX);
    pawl_rd_tpm2b(&r, "creationData", sizeof(TPM2B_CREATION_DATA));
    pawl_rd_tpm2b(&r, "creationHash", PAWL_HASH_MAX);
    pawl_rd_u16(&r, "creationTicket.tag");
    pawl_rd_u32(&r, "creationTicket.hierarchy");
    pawl_rd_tpm2b(&r, "creationTicket.digest", PAWL_HASH_MAX);
    PAWL_TRY(pawl_rd_end(&r, err));
    PAWL_TRY(pawl_under(err, "outPublic", pawl_keyedhash_parse(area, &pub, err)));
    if (!is_sealed_data(&pub) || !pawl_view_equal(pub.policy, pawl_view(policy, 32)))
        return pawl_fail(err, PAWL_E_FORGED, "outPublic", "is not the object that was asked for");
    return kept_write(private, area, ret, err);
}

/* ESAPI keeps a copy of what TPM2_Create was to seal until the next one. It gets nothing to seal
 * instead, below a parent that does not exist: that fails before it reaches the TPM. */
static void forget_input(struct tpm *t)
{
    static const TPM2B_SENSITIVE_CREATE nothing;
    static const TPM2B_PUBLIC           no_public;
    static const TPM2B_DATA             no_data;
    static const TPML_PCR_SELECTION     no_pcrs;
    const ESYS_TR                       nobody = ESYS_TR_NONE - 1;

    (void)Esys_Create_Async(t->esys, nobody, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &nothing,
                            &no_public, &no_data, &no_pcrs);
}

pawl_status tpm_seal(struct tpm *t, uint32_t index, uint64_t value, const struct pawl_secret *in,
                     struct tpm_sealed *ret, struct pawl_err *err)
{
    static const TPM2B_DATA               no_data;
    static const TPML_PCR_SELECTION       no_pcrs;
    PAWL_CLEANUP(input_wipe) struct input input = { 0 };
    TPM_SESSION                           s = { 0 };
    uint8_t                               policy[32];

    PAWL_TRY(counter_policy(index, value, policy, err));
    PAWL_TRY(make_input(in, policy, &input, err));
    PAWL_TRY(session_hmac(t, SESSION_ENCRYPTS_COMMAND, &s, err));
    TSS2_RC rc = Esys_Create(t->esys, t->srk, s.tr, ESYS_TR_NONE, ESYS_TR_NONE, &input.sensitive,
                             &input.public, &no_data, &no_pcrs, NULL, NULL, NULL, NULL, NULL);
    pawl_status sealed = tpm_rc(rc, "TPM2_Create", err);
    if (pawl_is_ok(sealed))
        sealed = pawl_under(err, "TPM2_Create", take_answer(t, policy, ret, err));
    forget_input(t);
    return sealed;
}

/* ---- unseal --------------------------------------------------------------------------------- */

static pawl_status not_its_time(uint64_t value, struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_DENIED, "counter", "does not stand at %llu, as this slot wants",
                     (unsigned long long)value);
}

/* TPM2_PolicyNV: the TPM compares now, and goes on only where the counter stands at value. */
static pawl_status prove_value(struct session *of_counter, struct session *policy,
                               struct counter *c, uint64_t value, struct pawl_err *err)
{
    TPM2B_OPERAND  operand = { .size = COUNTER_N };
    struct pawl_wr w = pawl_wr_to(operand.buffer, COUNTER_N);

    pawl_wr_u64(&w, value);
    TSS2_RC rc = Esys_PolicyNV(c->t->esys, c->tr, c->tr, policy->tr, of_counter->tr, ESYS_TR_NONE,
                               ESYS_TR_NONE, &operand, 0, TPM2_EO_EQ);
    if (tpm_rc_is(rc, TPM2_RC_POLICY))
        return not_its_time(value, err);
    return counter_rc(rc, "TPM2_PolicyNV", err);
}

/* A good object of this TPM may still be sealed for another value (P-KEY-12). */
static pawl_status check_policy(const struct kept *k, uint32_t index, uint64_t value,
                                struct pawl_err *err)
{
    uint8_t policy[32];

    PAWL_TRY(counter_policy(index, value, policy, err));
    if (!pawl_view_equal(k->pub.policy, PAWL_VIEW_OF(policy)))
        return pawl_fail(err, PAWL_E_DENIED, "sealed.public.authPolicy",
                         "is not that of counter 0x%08x at %llu", index, (unsigned long long)value);
    return pawl_ok();
}

pawl_status tpm_unseal(struct tpm *t, uint32_t index, uint64_t value, const struct tpm_sealed *in,
                       struct pawl_secret *ret, struct pawl_err *err)
{
    TPM_COUNTER c = { 0 };
    TPM_SESSION plain = { 0 };
    TPM_SESSION policy = { 0 };
    TPM_LOADED  l = { 0 };
    struct kept k;

    PAWL_TRY(kept_parse(in, &k, err));
    if (!is_sealed_data(&k.pub))
        return pawl_fail(err, PAWL_E_FORGED, "sealed.public", "is not what tpm_seal makes");
    PAWL_TRY(session_hmac(t, SESSION_PLAIN, &plain, err));
    PAWL_TRY(counter_find(t, index, &c, err));
    PAWL_TRY(kept_load(&plain, &k, &l, err));
    PAWL_TRY(check_policy(&k, index, value, err));
    PAWL_TRY(session_policy(t, SESSION_ENCRYPTS_RESPONSE, &policy, err));
    PAWL_TRY(prove_value(&plain, &policy, &c, value, err));
    PAWL_TRY(tpm_rc(Esys_Unseal(t->esys, l.tr, policy.tr, ESYS_TR_NONE, ESYS_TR_NONE, NULL),
                    "TPM2_Unseal", err));
    return tpm_take_secret(t, "TPM2_Unseal.outData", ret, err);
}
