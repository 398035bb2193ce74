/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's structures from software keys, so that tests can also make what no TPM would: quotes of
 * unrestricted keys, of other types, over other selections. OpenSSL signs, independently of
 * libpawl.
 *
 * Everything is kept until the program ends.
 */
#ifndef VERIFIER_SOFT_TPM_H
#define VERIFIER_SOFT_TPM_H

#include <openssl/evp.h>

#include <pawl/tpm.h>

/* A key pair of this kind, the same one for the same kind and number within a run. */
EVP_PKEY          *soft_key(enum pawl_key_kind kind, unsigned number);
struct pawl_public soft_public(EVP_PKEY *key);

/* The TPMT_PUBLIC of a template around a key. */
struct pawl_view soft_template(enum pawl_template t, EVP_PKEY *key);

/* The same bytes with other objectAttributes. */
struct pawl_view soft_attributes(struct pawl_view tpmt_public, uint32_t attributes);

struct pawl_name soft_name(struct pawl_view tpmt_public);

/* What a TPMS_ATTEST says; body is the marshalled union. */
struct soft_attest {
    uint32_t          magic;
    uint16_t          type;
    struct pawl_view  signer, nonce;
    struct pawl_clock clock;
    struct pawl_view  body;
};

struct pawl_view soft_attest(const struct soft_attest *a);

/* TPMS_QUOTE_INFO and TPMS_CERTIFY_INFO. select: TPML_PCR_SELECTION as marshalled. */
struct pawl_view soft_quote_body(struct pawl_view select, struct pawl_view digest);
struct pawl_view soft_certify_body(struct pawl_view name, struct pawl_view qualified_name);
struct pawl_view soft_selection(const struct pawl_pcr_selection *s);

/* A TPMT_SIGNATURE over in. scheme: PAWL_TPM_ALG_ECDSA, RSASSA or RSAPSS. */
struct pawl_view soft_sign(EVP_PKEY *key, uint16_t scheme, enum pawl_hash hash,
                           struct pawl_view in);

#endif
