/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a private key, for the files that work with it. */
#ifndef PAWL_CRYPTO_PRIVATE_H
#define PAWL_CRYPTO_PRIVATE_H

#include "crypto/ossl.h"

struct pawl_private {
    EVP_PKEY          *pkey;
    struct pawl_public pub;
    EVP_PKEY_CTX      *sign; /* set up, to be copied: of a key that signs often; or NULL */
};

/* What own agrees through, with one point after the other; it keeps own. */
PAWL_MUST_USE pawl_status crypto_agreeing(EVP_PKEY *own, EVP_PKEY_CTX **ret, struct pawl_err *err);
/* ECDH with a point that was imported, on the curve c of both. */
PAWL_MUST_USE pawl_status crypto_agree(EVP_PKEY_CTX *own, EVP_PKEY *peer,
                                       const struct crypto_curve *c, struct pawl_secret *ret,
                                       struct pawl_err *err);

#endif
