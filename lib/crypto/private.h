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

/* Takes pkey over, on failure too. UNSUPPORTED for other curves than ours. */
PAWL_MUST_USE pawl_status crypto_private(EVP_PKEY *pkey, struct pawl_private **ret,
                                         struct pawl_err *err);

/* ECDH with a point that was imported, on the same curve. */
PAWL_MUST_USE pawl_status crypto_derive(const struct pawl_private *k, EVP_PKEY *peer,
                                        struct pawl_secret *ret, struct pawl_err *err);

#endif
