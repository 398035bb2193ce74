/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a private key, for the files that sign with it. */
#ifndef PAWL_CRYPTO_PRIVATE_H
#define PAWL_CRYPTO_PRIVATE_H

#include "crypto/ossl.h"

struct pawl_private {
    EVP_PKEY          *pkey;
    struct pawl_public pub;
};

#endif
