/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quote, from bytes to believed values: rows Q1..Q23 and K3, K5, Q14 of docs/appraisal.md.
 *
 * Nothing of the quote is used before its signature verified, except what the checks before it
 * need; the values of the PCRs are believed only when their digest is the signed one.
 */
#ifndef VERIFIER_APPRAISE_QUOTE_H
#define VERIFIER_APPRAISE_QUOTE_H

#include <pawl/tpm.h>

/* What the verifier knows and asked. */
struct quote_expect {
    struct pawl_view          nonce;            /* TH1 */
    struct pawl_view          ak_public;        /* TPMT_PUBLIC as stored */
    struct pawl_view          qualified_signer; /* of the AK; empty: not checked (offline, no EK) */
    struct pawl_pcr_selection asked;            /* what was to be quoted */
    bool                      may_lack_banks;   /* an asked bank may come back without bits */
    bool                      any_pcrs; /* nobody knows what was asked (proof/): not checked */
};

struct quote_values {
    bool                   present;
    struct pawl_pcr_values values;
};

struct believed {
    struct pawl_clock         clock;
    struct pawl_pcr_selection pcrs;   /* as signed */
    enum pawl_hash            hash;   /* of the digest: the AK's, not a bank's (Q19) */
    struct pawl_digest        digest; /* pcrDigest */
};

/* v as for pawl_tpm_verify. err->where: "quote.magic", "quote.pcrSelect", "ak_public.type",
 * "sigAlg", "signature.signatureR"... */
PAWL_MUST_USE pawl_status quote_check(struct pawl_p256_verifier *v, const struct quote_expect *want,
                                      struct pawl_view attest, struct pawl_view signature,
                                      struct believed *ret, struct pawl_err *err);

/* The carried values against the signed digest (Q18..Q21, Q23). */
PAWL_MUST_USE pawl_status quote_values_check(const struct believed        *b,
                                             const struct pawl_pcr_values *values,
                                             struct pawl_err              *err);

/* The clock against the last accepted one, T1..T3: true if the TPM went back. */
bool clock_went_back(const struct pawl_clock *before, const struct pawl_clock *now);

#endif
