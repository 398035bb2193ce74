/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates as TPM vendors give them, and as they should not: made by OpenSSL, to the letter of
 * what a test asks for.
 */
#ifndef VERIFIER_SOFT_PKI_H
#define VERIFIER_SOFT_PKI_H

#include <openssl/evp.h>

#include <pawl/base.h>

struct soft_cert {
    const char *subject; /* common name; NULL: none, as in an EK certificate */
    const char *issuer;
    EVP_PKEY   *key;
    EVP_PKEY   *by; /* the issuer's key */
    bool        is_ca;
    const char *usage;                          /* keyUsage as OpenSSL writes it; NULL: absent */
    const char *manufacturer, *model, *version; /* of the critical SAN; NULL: absent */
    int64_t     not_before_s, not_after_s;
};

/* DER, kept until the program ends. */
struct pawl_view soft_cert_make(const struct soft_cert *c);

struct pawl_view soft_cert_pem(struct pawl_view der);

#endif
