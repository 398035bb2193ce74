/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read certificates share. */
#ifndef PAWL_CRYPTO_X509_H
#define PAWL_CRYPTO_X509_H

#include "crypto/ossl.h"

struct pawl_certs {
    STACK_OF(X509) * list;
};

struct pawl_ek {
    X509               *cert;
    struct pawl_ek_cert says;
};

/* Reads der as one certificate and nothing behind it. FORM if it is none; where names it. */
PAWL_MUST_USE pawl_status crypto_x509_from_der(struct pawl_view der, const char *where, X509 **ret,
                                               struct pawl_err *err);

/* The certified key. UNSUPPORTED for keys that we do not take. */
PAWL_MUST_USE pawl_status crypto_x509_key(const X509 *cert, struct pawl_public *ret,
                                          struct pawl_err *err);

/* What the extended key usage says: it may be left out, or name the EK's. */
enum crypto_ek_usage { CRYPTO_EK_USAGE_ABSENT, CRYPTO_EK_USAGE_EK, CRYPTO_EK_USAGE_OTHER };

enum crypto_ek_usage crypto_x509_ek_usage(const X509 *cert);

#endif
